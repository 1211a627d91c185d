"""Records: how large a world must be, and one filled with all that does not depend on the variant.

The bytes of a record are the engine's memory of one replicate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xuchang_sim.forecast.calendar import fai_season
from xuchang_sim.forecast.drivers import Drivers, drivers as outlook_drivers
from xuchang_sim.model import engine
from xuchang_sim.model.memory import blank
from xuchang_sim.model.world import (
    LEVERS,
    PARAMETERS,
    Firms,
    Inputs,
    Projects,
    Sizes,
    Temp,
    columns,
)
from xuchang_sim.simulation import needs
from xuchang_sim.simulation.draws import same_outlook
from xuchang_sim.simulation.needs import starts_a_year
from xuchang_sim.text import phrase
from xuchang_sim.units import month_index, month_label
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.setup import Array, Setup, Variant

Records = npt.NDArray[np.void]
# Room for arrivals: the envelope holds every rate up to these multiples of the central one.
ENVELOPE_ORDINARY, ENVELOPE_LARGE = 3.2, 10.0


def sizes_for(setup: Setup) -> Sizes:
    """Room for the pack's zones, sectors, firms and projects through the horizon.

    Room comes in few classes: the usual one has compiled rules of its own, a twelfth quicker than
    those for any size. Rows that are not used cost nothing, and one too few would fail the replicate,
    never pass.

    Raises
    ------
    InputError
        If the pack has more firms and projects than a world can hold.
    """
    pack, small = setup.pack, Sizes()
    years = setup.through // 12 - pack.base_year
    starts = starts_a_year(pack) * (1 if years <= MANY_YEARS else 2)
    cells = len(pack.region.zones) * len(pack.region.sectors)
    least = LEAST if years <= MANY_YEARS else LEAST_LONG
    projects = _room(PROJECTS_PER_START * starts, least)
    most_firms = pack.parameters["firms_count"].high
    firms = _room(FIRMS_PER_START * starts + most_firms + cells, least)
    rows = {"firms": firms, "projects": projects}
    tables = (*columns(Firms).values(), *columns(Projects).values(), *columns(Temp).values())
    held = 8 * sum(rows.get(column.shape[0], 0) for column in tables)
    if held > MOST_BYTES:
        text = phrase(
            "run.rows",
            firms=firms,
            projects=projects,
            held=held / 2**30,
            most_bytes=MOST_BYTES / 2**30,
        )
        raise InputError([pack.problem("pack.yaml", ["base", "fai"], text)])
    zones = small.zones
    while zones < len(pack.region.zones):
        zones *= 4
    return small._replace(
        zones=zones,
        sectors=max(small.sectors, 8 * -(-len(pack.region.sectors) // 8)),
        firms=firms,
        projects=projects,
    )


def _room(wanted: float, least: int) -> int:
    """Rows of the next class: the least, powers of four, then multiples of :data:`STRIDE`."""
    if wanted <= least:
        return least
    room = 4 * FIRST_CLASS
    while room + SPREAD < wanted:
        room = 4 * room if room < STRIDE else room + STRIDE
    return room + SPREAD


MANY_YEARS = 3
LEAST, LEAST_LONG = Sizes().firms, 10128  # rows of any pack, by the length of the run
FIRST_CLASS, STRIDE = 2**12, 2**16
SPREAD = 280  # rows above a multiple of 512, so that columns spread over the cache
MOST_BYTES = 2**35 - 2**31  # of both tables: rules count the words of a world in 32 bits
# Rows for each start a year that is expected in the base year, warm-up and spread of draws included:
# about twice what the mean replicate of the embedded pack uses by the end of its third year.
PROJECTS_PER_START, FIRMS_PER_START = 20.0, 10.0


def branch_month(setup: Setup, variants: Sequence[Variant]) -> int:
    """Last month in which nothing can differ: levers, and the forecast if it is shifted."""
    last = setup.policy_month - 1
    first, *others = (variant.scenario for variant in variants)
    if any(not same_outlook(first, other) for other in others):
        last = min(last, _known(setup.pack))
    return max(last, setup.opening - 1)


def _known(pack: Pack) -> int:
    """Last month for which value added and prices are data."""
    one = outlook_drivers(pack, 1, 0, month_label(pack.last_month))
    return month_index(one.months[0]) + one.known - 1


def template_of(setup: Setup, path: Drivers, sizes: Sizes) -> np.void:
    """Fill in what is the same in every replicate and variant of a group."""
    pack = setup.pack
    record: np.void = blank(Inputs, sizes)[0]
    if problems := list(needs.spans(pack, setup.through)):
        raise InputError(problems)
    record["seed"] = setup.seed
    record["check"] = setup.check
    record["pipeline_start"] = pack.pipeline_start
    record["firms_start"] = pack.firms_start
    record["base_year"] = pack.base_year
    record["plan_year"] = setup.policy_month // 12
    record["opening"] = setup.opening
    record["policy_month"] = setup.policy_month
    record["demand_start"] = month_index(path.months[0])
    record["demand_months"] = len(path.months)
    record["value_added_central"][: len(path.months)] = path.value_added_central
    record["prices_central"][: len(path.months)] = path.ppi_central
    for name in ("revenue", "fai", "profit_tax", "workers"):
        record[f"base_{name}"] = getattr(pack.base, name).value
    record["factory_reference"] = pack.levers["factory_area"].plan
    record["absent"]["values"] = [pack.levers[name].absent for name in LEVERS]
    record["nation"] = _nation(path, pack.base_year, pack.pipeline_start, sizes.span)
    _fill_region(record, setup)
    season = pack.calendar.fai_season
    series = pack.history[season.estimate_from]
    years = (season.years[0], season.years[-1])
    record["fai_season"] = fai_season(dict(series.known(pack.information_date)), years)
    record["revenue_season"] = pack.calendar.revenue_season
    for month in pack.calendar.group_months:
        record["group_month"][month - 1] = 1
    record["envelope"] = _envelope(setup, record, sizes)
    return record


def _nation(path: Drivers, base: int, begin: int, span: int) -> Array:
    """Log growth of national investment from the middle of the base year to that of each month.

    Central path: the same for all replicates and scenarios. Each month adds a twelfth of the growth
    over a year before; months outside of the path grow like its first and its last.
    """
    start = month_index(path.months[0])
    known = [math.log1p(g) / 12.0 for g in path.central["fai_yoy"].tolist()]
    middle = 12 * base + 6
    first, last = min(begin, middle), max(begin + span - 1, middle)
    here = [known[min(max(m - start, 0), len(known) - 1)] for m in range(first, last + 1)]
    passed, total = [], 0.0
    for step in here:
        passed.append(total + 0.5 * step)
        total += step
    origin = math.fsum(here[: middle - first])
    return np.array(passed[begin - first : begin - first + span]) - origin


def _fill_region(record: np.void, setup: Setup) -> None:
    """Zones and sectors of the pack, row by row."""
    region = setup.pack.region
    record["zones"], record["sectors"] = len(region.zones), len(region.sectors)
    record["share_concentration"] = 0.0 if setup.draws == "central" else region.share_concentration
    rows = {sector.id: s for s, sector in enumerate(region.sectors)}
    plants = 0
    for z, zone in enumerate(region.zones):
        record["zone_code"][z] = zone.code
        record["zone_provincial"][z] = zone.level == "province"
        record["zone_share"][z] = zone.revenue_share
        record["zone_site"][z] = zone.site_bonus
        record["zone_expands"][z] = zone.expands
        plants += zone.sewage_plant
        record["zone_sewage"][z] = plants if zone.sewage_plant else 0
        for lead in zone.leading:
            record["zone_lead"][z, rows[lead.sector]] = lead.weight
            record["zone_leading"][z, rows[lead.sector]] = 1
    least = min(s.initial_share for s in region.sectors if s.initial_share > 0)
    for s, sector in enumerate(region.sectors):
        record["sector_code"][s] = sector.code
        record["sector_beta"][s] = sector.ppi_beta
        record["sector_own"][s] = sector.own_money_min
        record["sector_plot"][s] = sector.plot_ratio_min
        record["sector_floor"][s] = sector.floor_suited
        record["sector_alpha"][s] = sector.productivity
        record["sector_rest"][s] = sector.initial_share
        # A sector without firms of its own may still attract projects.
        record["sector_new"][s] = sector.initial_share or least


def _envelope(setup: Setup, record: np.void, sizes: Sizes) -> Array:
    """Most candidates a month can have, by month and kind; a function of the pack alone."""
    pack = setup.pack
    central = record.copy()
    for name in PARAMETERS:
        central[name] = pack.parameters[name].default or 0.0
    scale = engine.expectations(np.array([central]), sizes)[0, 0]
    growth, elasticity = pack.parameters["starts_growth"], pack.parameters["climate_elasticity"]
    normal = math.log1p(pack.parameters["investment_normal"].default or 0.0)
    months = pack.pipeline_start + np.arange(sizes.span)
    years = ((months + 0.5 - (12 * pack.base_year + 6)) / 12.0).tolist()
    # Python's power, not numpy's: that one's last digit goes by the length of a processor's vectors.
    index = np.array(
        [
            max((1.0 + g) ** t for g in (growth.low, growth.high))
            * max(math.exp(e * (nation - normal * t)) for e in (elasticity.low, elasticity.high))
            for t, nation in zip(years, record["nation"].tolist(), strict=True)
        ]
    )
    ratio = (pack.parameters["starts_large"].default or 0.0) / (
        pack.parameters["starts_ordinary"].default or 1.0
    )
    ordinary = ENVELOPE_ORDINARY * scale / 12.0 * index
    return np.stack([ordinary, ENVELOPE_LARGE / ENVELOPE_ORDINARY * ratio * ordinary], axis=1)
