"""Measures: what the plan counts, computed from the record of a run, one function a measure.

Every function takes a :class:`Cut` of the record and returns one number per replicate and calendar
year. Rates and counts are defined once, here, for assessment, sweeps and reports alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from xuchang_sim import definitions, extensions
from xuchang_sim.model.world import MEASURE_ROW, SUMMARY
from xuchang_sim.pack.plan import NO_MEASURE
from xuchang_sim.yamlfile import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.plan import Target

Array = npt.NDArray[np.float64]
WAN = 1e4  # 万元 in one 亿元
NO_MORE = 0.9995  # an index counts as complete from here: it approaches one by small steps


@dataclass(frozen=True)
class Cut:
    """A part of a run's record, with what is needed to read it.

    Parameters
    ----------
    pack : Pack
        Plan, region, base totals.
    months : ndarray, shape (replicates, months, measures)
        Recorded columns from January of the base year, summed over zones.
    annual : ndarray, shape (replicates, years, measures, zones)
        The same by zone and complete year: sums of flows, December of stocks.
    sectors : ndarray, shape (replicates, years, zones, sectors)
        Sales by zone and sector, 亿元.
    largest : ndarray, shape (replicates, years)
        Largest spending of one project in the year, 亿元.
    summary : ndarray, shape (replicates, len(SUMMARY))
        Scalars of the conditioning, execution of programmes.
    parameters : mapping of str to ndarray, shape (replicates,)
        Parameter draws.
    levels : mapping of str to float
        Lever levels of the scenario.
    demand : ndarray, shape (replicates, years)
        Mean yearly growth of nominal demand, a fraction.
    only : str
        The one zone that `annual` and `sectors` hold; empty for all.
    """

    pack: Pack
    months: Array
    annual: Array
    sectors: Array
    largest: Array
    summary: Array
    parameters: Mapping[str, Array]
    levels: Mapping[str, float]
    demand: Array
    only: str = ""
    _city: dict[str, Array] = field(default_factory=dict)

    def within(self, zone: str) -> Cut:
        """Return the record of one zone, for measures that are not :data:`CITY_ONLY`."""
        row = [self.zones.index(zone)]
        annual, sectors = self.annual[:, :, :, row], self.sectors[:, :, row]
        return replace(self, annual=annual, sectors=sectors, only=zone, _city={})

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones on record, in the order of their axis."""
        return (self.only,) if self.only else tuple(zone.id for zone in self.pack.region.zones)

    def base(self, name: str, column: str) -> Array | float:
        """Total of the base year, 亿元: the pack's, which every replicate reproduces, or a zone's.

        Of investment there are two readings: the replicate's.

        Parameters
        ----------
        name : str
            Total of the pack.
        column : str
            Recorded column that has it for a single zone.
        """
        if self.only or name == "fai":
            return self.city(column)[:, :1]
        total: float = getattr(self.pack.base, name).value
        return total

    @property
    def years(self) -> int:
        """Complete calendar years on record, the base year first."""
        return int(self.months.shape[1]) // 12

    def month(self, name: str) -> Array:
        """One recorded column, summed over zones: shape (replicates, months)."""
        return self.months[:, :, MEASURE_ROW[name]]

    def zone(self, name: str) -> Array:
        """Yearly sum of a flow, December of a stock: shape (replicates, years, zones)."""
        return self.annual[:, :, MEASURE_ROW[name]]

    def city(self, name: str) -> Array:
        """Sum of :meth:`zone` over zones: shape (replicates, years)."""
        if name not in self._city:
            self._city[name] = self.zone(name).sum(axis=2)
        return self._city[name]

    def scalar(self, name: str) -> Array:
        """One number of the summary as a column: shape (replicates, 1)."""
        return self.summary[:, SUMMARY.index(name)][:, None]

    def parameter(self, name: str) -> Array:
        """One parameter as a column: shape (replicates, 1)."""
        return self.parameters[name][:, None]

    def executed(self, programme: str, lever: str) -> Array:
        """Whole units of a public programme carried out: planned times luck, rounded."""
        planned = self.levels[lever] * self.scalar(f"execution_{programme}")
        return np.floor(planned + 0.5) * self.ones

    @property
    def ones(self) -> Array:
        """Ones of shape (replicates, years), to widen what is the same every year."""
        return np.ones((self.months.shape[0], self.years))


def _before(values: Array) -> Array:
    """Return the value of the year before; the base year stands for the year before itself."""
    return np.concatenate([values[:, :1], values[:, :-1]], axis=1)


def _growth(values: Array) -> Array:
    """Growth over the year before, a fraction; nought in the base year, NaN over nothing."""
    before = _before(values)
    ratio = np.full(values.shape, np.nan)
    np.divide(values, before, out=ratio, where=before > 0.0)
    return ratio - 1.0


def _share(values: Array, rest: Array) -> Array:
    return values / (values + rest)


def revenue(c: Cut) -> Array:
    """Reported main-business revenue of the zones, 亿元."""
    return c.city("reported")


def revenue_real(c: Cut) -> Array:
    """Revenue of the same firms and new capacity, without changes of scope, 亿元."""
    return c.city("revenue")


def profit_tax(c: Cut) -> Array:
    """Profit and tax on the scope of reported revenue, 亿元."""
    return c.city("profit_tax") * c.city("reported") / c.city("revenue")


def fai_without_largest(c: Cut) -> Array:
    """Investment less the year's largest single project, 亿元."""
    return c.city("fai") - c.largest[:, : c.years]


def revenue_share(c: Cut) -> Array:
    """Zones' share of the city's revenue; the rest of the city grows with demand."""
    base = c.pack.base.revenue.value
    rest = base / c.parameter("city_revenue_share_base") - base
    growth = np.cumprod(1.0 + np.where(np.arange(c.years) > 0, c.demand[:, : c.years], 0.0), axis=1)
    return _share(revenue(c), rest * growth)


def fai_share(c: Cut) -> Array:
    """Zones' share of the city's investment; the rest of the city grows at its own rate."""
    base = c.city("fai")[:, :1]  # of two readings, the replicate's
    rest = base / c.parameter("city_fai_share_base") - base
    growth = np.where(np.arange(c.years) > 0, c.parameter("city_rest_fai_growth"), 0.0)
    return _share(c.city("fai"), rest * np.cumprod(1.0 + growth, axis=1))


def projects(c: Cut) -> Array:
    """Projects of 1亿 and more under way in the year: carried over and started."""
    return _before(c.city("building")) + c.city("starts")


def zones_above(c: Cut, threshold: float) -> Array:
    """Zones whose above-scale industrial revenue reaches a threshold, 亿元."""
    above = c.parameter("scope_ratio")[:, :, None] * c.zone("reported")
    found: Array = (above >= threshold).sum(axis=2).astype(float)
    return found


def clusters_above(c: Cut, threshold: float) -> Array:
    """Named clusters of this threshold whose above-scale revenue reaches it."""
    zones = c.zones
    sectors = [sector.id for sector in c.pack.region.sectors]
    count = np.zeros((c.months.shape[0], c.years))
    for cluster in c.pack.region.clusters:
        if cluster.threshold == threshold and cluster.zone in zones:
            z, s = zones.index(cluster.zone), sectors.index(cluster.sector)
            sold = c.sectors[:, : c.years, z, s] * cluster.share * c.parameter("scope_ratio")
            count += sold >= threshold
    return count


def zone_clusters(c: Cut) -> Array:
    """Zones whose leading sectors together sell enough to be called a cluster."""
    count = np.zeros((c.months.shape[0], c.years))
    sectors = [sector.id for sector in c.pack.region.sectors]
    for z, zone in enumerate(map(c.pack.region.zone, c.zones)):
        rows = [sectors.index(lead.sector) for lead in zone.leading]
        best = c.sectors[:, : c.years, z][:, :, rows].max(axis=2)
        count += best >= c.parameter("cluster_threshold")
    return count


def investment_intensity_growth(c: Cut) -> Array:
    """Growth of investment per 亩 of the projects started in the year."""
    return _growth(c.city("starts_value") / np.maximum(c.city("starts_land"), 1e-9))


def output_intensity_growth(c: Cut) -> Array:
    """Growth of revenue per 亩 of developed land; the base area follows from mature intensity."""
    area = c.base("revenue", "reported") * WAN / c.parameter("mature_output_intensity")
    return _growth(revenue_real(c) / (area + np.cumsum(c.city("land_used"), axis=1)))


def sewage_rate(c: Cut) -> Array:
    """Treatment rate: sewers, which grow with infrastructure, and new plants, over the flow.

    The flow grows with workers; infrastructure is that of the opening in the base year.
    """
    opening = c.parameter("infrastructure_opening")
    built = c.zone("infrastructure").mean(axis=2)
    built = np.where(np.arange(c.years) > 0, built, opening)
    capacity = c.parameter("sewage_rate_base") * built / opening
    capacity = capacity + c.parameter("sewage_plant_gain") * c.city("sewage_ready")
    flow = c.city("workers") / c.city("workers")[:, :1]
    return np.minimum(1.0, capacity / flow)


def energy_decline(c: Cut) -> Array:
    """Fall of energy per output: autonomous, and through the share of new plants in output."""
    new = c.city("revenue_new") / c.city("revenue")
    added = np.maximum(new - _before(new), 0.0)
    saved = (1.0 - c.parameter("energy_autonomous")) * (
        1.0 - c.parameter("energy_new_capital") * added
    )
    return np.where(np.arange(c.years) > 0, 1.0 - saved, 0.0)


def group_events(c: Cut) -> Array:
    """Months in which a group start was held with at least one project."""
    held = c.month("group_starts")[:, : 12 * c.years] > 0
    found: Array = held.reshape(held.shape[0], c.years, 12).sum(axis=2).astype(float)
    return found


def incubators(c: Cut) -> Array:
    """Zones with standard floor completed in the year and let."""
    both = (c.zone("floor_completed") > 0) & (c.zone("floor_leased") > 0)
    found: Array = both.sum(axis=2).astype(float)
    return found


def trunk_roads(c: Cut) -> Array:
    """Share of zones whose infrastructure is complete."""
    found: Array = (c.zone("infrastructure") >= NO_MORE).mean(axis=2)
    return found


def run_rate(c: Cut) -> Array:
    """December's reported revenue at a yearly rate, without season, 亿元."""
    december = c.month("reported")[:, 11 : 12 * c.years : 12]
    found: Array = 12.0 * december / c.pack.calendar.revenue_season[11]
    return found


def _city(name: str) -> Callable[[Cut], Array]:
    return lambda c: c.city(name)


def _zones_with(*names: str) -> Callable[[Cut], Array]:
    """Zones in which any of the columns is above nought in the year."""

    def count(c: Cut) -> Array:
        held = np.zeros((*c.annual.shape[:2], c.annual.shape[3]), dtype=bool)
        for name in names:
            held |= c.zone(name) > 0
        found: Array = held.sum(axis=2).astype(float)
        return found

    return count


#: Every measure by its id.
REGISTRY: dict[str, Callable[[Cut], Array]] = {
    "revenue": revenue,
    "revenue_growth": lambda c: revenue(c) / c.base("revenue", "reported") - 1.0,
    "revenue_real": revenue_real,
    "revenue_real_growth": lambda c: revenue_real(c) / c.base("revenue", "reported") - 1.0,
    "fai": _city("fai"),
    "fai_growth": lambda c: c.city("fai") / c.base("fai", "fai") - 1.0,
    "fai_extra": _city("fai_extra"),
    "fai_without_largest": fai_without_largest,
    "profit_tax": profit_tax,
    "profit_tax_growth": lambda c: profit_tax(c) / c.base("profit_tax", "profit_tax") - 1.0,
    "revenue_share": revenue_share,
    "fai_share": fai_share,
    "outside_capital": _city("outside_capital"),
    "outside_capital_growth": lambda c: c.city("outside_capital") / c.scalar("outside_base") - 1.0,
    "workers": _city("workers"),
    "new_workers": lambda c: c.city("workers") - _before(c.city("workers")),
    "projects_1e8": projects,
    "starts_1e8": _city("starts"),
    "completions": _city("completions"),
    "zone_clusters": zone_clusters,
    "investment_intensity_growth": investment_intensity_growth,
    "output_intensity_growth": output_intensity_growth,
    "sewage_rate": sewage_rate,
    "energy_decline": energy_decline,
    "dragon_heads": _zones_with("dragon_heads"),
    "zones_with_20": _zones_with("large_year"),
    "zones_with_major": _zones_with("major_year"),
    "zones_new_20": _zones_with("arrivals_large", "dragons_new"),
    "group_starts": _city("group_starts"),
    "group_events": group_events,
    "sewage_plants": _city("sewage_begun"),
    "heating": lambda c: c.executed("heating", "heating"),
    "rd_municipal": _city("research_city"),
    "rd_provincial": _city("research_province"),
    "logistics": _city("starts_logistics"),
    "service_centres": _city("centres_new"),
    "trunk_roads": trunk_roads,
    "villages": _city("villages_begun"),
    "transit": lambda c: np.minimum(
        1.0, c.levels["transit_coverage"] * c.scalar("execution_transit") * c.ones
    ),
    "housing": _city("housing_begun"),
    "quota_min_zone": lambda c: c.zone("land_posted").min(axis=2),
    "incubators": incubators,
    "factory_area": _city("floor_begun"),
    "platform_financing_min": lambda c: c.zone("platform_financing").min(axis=2),
    "trained": _city("enrolled"),
    "postdoc_station": lambda c: c.executed("station", "postdoc_station"),
    "postdoc_bases": lambda c: c.executed("bases", "postdoc_bases"),
    "run_rate": run_rate,
    "land_used": _city("land_used"),
    "land_unmet": _city("land_unmet"),
}

#: Units of the measures that are not counts of things: a target must be given in the same.
UNITS: dict[str, str] = {
    **dict.fromkeys(
        (
            "revenue", "revenue_real", "fai", "fai_extra", "fai_without_largest", "profit_tax",
            "outside_capital", "platform_financing_min", "run_rate",
        ),
        "亿元",
    ),
    **dict.fromkeys(("workers", "new_workers", "trained"), "人"),
    **dict.fromkeys(
        (
            "revenue_share", "fai_share", "sewage_rate", "energy_decline", "trunk_roads", "transit",
            *(name for name in REGISTRY if name.endswith("_growth")),
        ),
        "比例",
    ),
    **dict.fromkeys(("quota_min_zone", "land_used", "land_unmet"), "亩"),
    "factory_area": "m²",
    "housing": "套",
}  # fmt: skip
THRESHOLD_UNIT = "亿元"

#: Measures that need a target's threshold; the plan names them with it, e.g. zones above 100亿.
THRESHOLD: dict[str, Callable[[Cut, float], Array]] = {
    "zones": zones_above,
    "clusters": clusters_above,
    "platforms": lambda c, threshold: (
        (c.zone("platform_debt") + c.zone("platform_equity") >= threshold).sum(axis=2).astype(float)
    ),
}

#: Measures that have no value for a single zone: they rest on the city's months or on totals of it.
CITY_ONLY = frozenset(
    {
        "fai_without_largest", "revenue_share", "fai_share", "outside_capital_growth",
        "sewage_rate", "group_events", "heating", "transit", "postdoc_station", "postdoc_bases",
        "run_rate",
    }
)  # fmt: skip


class Reason(NamedTuple):
    """Why something is not modelled, in both languages."""

    zh: str
    en: str


NO_SUCH_TARGET = Reason("计划没有提出这项目标", "the plan sets no such target")
NO_GOAL = Reason(
    "计划没有提出模型能够计量的收入或投资目标",
    "the plan sets no target for revenue or investment that the model measures",
)


def family(target: Target) -> str:
    """Return the measure of a target, without its threshold: ``zones`` of ``zones_100``."""
    if target.measure in REGISTRY or target.measure == NO_MEASURE:
        return target.measure
    name = target.measure.rpartition("_")[0]
    if name in THRESHOLD:
        return name if target.threshold is not None else ""
    return target.measure if extensions.measure(target.measure) else ""


def lacking(pack: Pack, measure: str) -> Reason | None:
    """Say what a measure needs that a pack does not have; None if it can be computed.

    Parameters
    ----------
    pack : Pack
    measure : str
        Name in :data:`REGISTRY` or :data:`THRESHOLD`.
    """
    defined = definitions.measures().get(measure)
    if defined is None:  # of another package: it must know itself what it needs
        return None
    for name in defined.parameters:
        if name not in pack.parameters:
            return Reason(f"没有参数 {name}", f"there is no parameter {name}")
    for need in defined.needs:
        where, _, total = need.partition(".")
        if where == "base" and not getattr(pack.base, total).value > 0:
            return Reason(
                f"基年总量 {total} 为零，无从比较",
                f"the total of the base year for {total} is zero: nothing to compare with",
            )
        if need == "clusters" and not pack.region.clusters:
            return Reason("地区没有列出集群", "the region names no cluster")
    return None


def not_modelled(pack: Pack, target: Target) -> Reason | None:
    """Say why a target of a plan is not modelled; None if it is.

    A measure that does not exist is no reason but a fault: see :func:`complaint`.
    """
    name = family(target)
    if name == NO_MEASURE:
        zh, _, en = target.reason.partition(" · ")
        return Reason(zh, en or zh)
    if target.zone is not None and name in CITY_ONLY:
        return Reason(f"{name} 没有分区的数值", f"{name} has no value for a single zone")
    if name == "clusters" and target.threshold is not None:
        size = target.threshold.value
        if not any(
            cluster.threshold == size and target.zone in {None, cluster.zone}
            for cluster in pack.region.clusters
        ):
            return Reason(
                f"没有列出 {size:g} 亿元的集群",
                f"the region names no cluster of {size / 10:g}bn yuan",
            )
    return lacking(pack, name)


def modelled(pack: Pack) -> tuple[Target, ...]:
    """Return the targets of a plan that a run measures, in the plan's order."""
    return tuple(target for target in pack.plan.targets() if not_modelled(pack, target) is None)


def unmodelled(pack: Pack) -> dict[str, Reason]:
    """Return why each other target is not modelled, by its id, in the plan's order."""
    reasons = {target.id: not_modelled(pack, target) for target in pack.plan.targets()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def city_targets(pack: Pack) -> dict[str, Target]:
    """Return the targets of all zones together that a run measures, by their measure."""
    return {target.measure: target for target in modelled(pack) if target.zone is None}


#: Monthly columns whose trailing twelve months, or whose stock, tell when a level is reached.
ATTAINABLE: dict[str, Callable[[Cut], Array]] = {
    "revenue": lambda c: _trailing(c.month("reported")),
    "fai": lambda c: _trailing(c.month("fai")),
    "profit_tax": lambda c: _trailing(
        c.month("profit_tax") * c.month("reported") / c.month("revenue")
    ),
    "outside_capital": lambda c: _trailing(c.month("outside_capital")),
    "workers": lambda c: c.month("workers"),
}


def _trailing(monthly: Array) -> Array:
    """Sum of the last twelve months; minus infinity where fewer are on record."""
    total = np.cumsum(monthly, axis=1)
    out = np.full(monthly.shape, -np.inf)
    out[:, 11] = total[:, 11]
    out[:, 12:] = total[:, 12:] - total[:, :-12]
    return out


def goal(pack: Pack, name: str) -> float | None:
    """Yearly total that a plan asks for, by its level or its growth over the base year.

    Parameters
    ----------
    pack : Pack
        Plan and totals of the base year.
    name : {"revenue", "fai", "profit_tax"}
        Total of the base year.

    Returns
    -------
    float or None
        In 亿元; None if the plan asks for neither.
    """
    targets = city_targets(pack)
    if name in targets:
        return targets[name].value
    growth = targets.get(f"{name}_growth")
    base: float = getattr(pack.base, name).value
    return None if growth is None else base * (1.0 + growth.value)


def growth_asked(pack: Pack, name: str) -> float | None:
    """Growth over the base year that a plan asks for, by itself or by a level; a fraction.

    Parameters
    ----------
    pack : Pack
    name : {"revenue_growth", "fai_growth", "profit_tax_growth"}

    Returns
    -------
    float or None
        None if the plan asks for neither.
    """
    targets = city_targets(pack)
    if name in targets:
        return targets[name].value
    total = name.removesuffix("_growth")
    level = goal(pack, total)
    base: float = getattr(pack.base, total).value
    return None if level is None else level / base - 1.0


#: Targets whose joint probability is reported: growth of revenue and of investment.
JOINT = ("revenue_growth", "fai_growth")


def goals(pack: Pack) -> tuple[str, ...]:
    """Return the targets whose joint probability is reported: one for revenue, one for investment.

    Each is the growth the plan asks for, else the level. A plan that asks for neither is judged
    by its headline targets, or by all. Targets that are not modelled do not count: there is none if
    no target is.
    """
    found = [target.id for name in JOINT if (target := goal_target(pack, name)) is not None]
    every = modelled(pack)
    heads = [target.id for target in every if target.headline]
    return tuple(found) or tuple(heads) or tuple(target.id for target in every)


def goal_target(pack: Pack, growth: str) -> Target | None:
    """Return the city's target for a growth of :data:`JOINT`, else for its level; None without."""
    named = city_targets(pack)
    return named.get(growth) or named.get(growth.removesuffix("_growth"))


def complaint(target: Target) -> tuple[str, str]:
    """Return the key and the fault of a target that no run can measure; empty if one can."""
    name = family(target)
    if not name:
        stem = target.measure.rpartition("_")[0]
        if stem in THRESHOLD:
            return "threshold", f"is missing; {stem} are counted from a size on; allowed: a size"
        close = did_you_mean(target.measure, REGISTRY)
        allowed = f"allowed: {', '.join([*REGISTRY, NO_MEASURE])}"
        return "measure", f"no such measure: {target.measure}{close}; {allowed}"
    if name == NO_MEASURE:
        return "", ""
    unit = UNITS.get(name, target.unit)
    if target.unit != unit:
        message = f"is in {target.unit}, but {name} is counted in {unit}; allowed: {unit}"
        return "unit", message
    if target.threshold and target.threshold.unit != THRESHOLD_UNIT:
        message = f"has a threshold in {target.threshold.unit}; allowed: {THRESHOLD_UNIT}"
        return "threshold", message
    if target.id in REGISTRY and (target.id, None) != (target.measure, target.zone):
        message = f"{target.id!r} is the name of another measure; allowed: a name of its own"
        return "id", message
    return "", ""


def evaluate(cut: Cut, target: Target) -> Array:
    """Return what a target counts: shape (replicates, years), in the target's unit.

    Raises
    ------
    KeyError
        If the plan names a measure that does not exist.
    """
    name = family(target)
    here = cut if target.zone is None else cut.within(target.zone)
    if name in REGISTRY:
        return REGISTRY[name](here)
    if name and (other := extensions.measure(name)):
        found: Array = np.asarray(other.function(here), dtype=float)
        return found
    if target.threshold is None or name not in THRESHOLD:
        raise KeyError(target.measure)
    return THRESHOLD[name](here, target.threshold.value)


def meets(values: Array, target: Target) -> npt.NDArray[np.bool_]:
    """Tell where values meet a target, by its direction."""
    compare = {
        "at_least": np.greater_equal,
        "above": np.greater,
        "at_most": np.less_equal,
        "below": np.less,
    }[target.direction]
    # A total that is the target up to rounding meets it: sums of months are not exact.
    slack = 1e-9 * max(1.0, abs(target.value))
    near = target.value + (-slack if target.direction == "at_least" else slack)
    limit = near if target.direction in {"at_least", "at_most"} else target.value
    met: npt.NDArray[np.bool_] = compare(values, limit)
    return met


def first_month(cut: Cut, name: str, level: float) -> npt.NDArray[np.int64]:
    """First month on record in which a level is reached, counted from 0; -1 if never.

    Parameters
    ----------
    cut : Cut
    name : str
        One of :data:`ATTAINABLE`.
    level : float
        In the unit of the measure.
    """
    reached = ATTAINABLE[name](cut) >= level
    return np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
