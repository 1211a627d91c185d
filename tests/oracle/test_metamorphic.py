"""What must change, and what must not, when a world is told differently.

Random numbers are addressed by the stable numbers of zones, sectors and projects, so a relation is
exact where those numbers travel with their bearers. The one draw that reads an order is the choice
of a project's zone and sector from cumulated weights: with projects, permuting holds in
distribution only, and is tested exactly in worlds without them.
"""

import itertools
import random
from typing import Any

import numpy as np
import pytest

from tests.model.worlds import SMALL, Records, Trace, random_inputs
from tests.oracle.quiet import quiet
from tests.oracle.test_oracle import world
from xuchang_sim.definitions import levers, parameters
from xuchang_sim.model.world import (
    BUILDING,
    MEASURES,
    Firms,
    Inputs,
    Levers,
    Projects,
    Table,
    Zones,
    columns,
)
from xuchang_sim.pack.load import load_pack
from xuchang_sim.simulation.results import rate
from xuchang_sim.study import simulate

PACK = load_pack()
NEAR = 1e-9
SEEDS = (1, 2, 3, 5)
MONTHS = 24


MANY = 1e8


def run(
    inputs: Records, months: int = MONTHS, seekers: float | None = None
) -> tuple[np.ndarray, Trace]:
    """Open months of a world: measures by month, measure and zone; and the trace at the end.

    ``seekers``, if given, seek in every zone on the first day, half of them skilled.
    """
    trace = Trace(inputs)
    assert trace.open() == 0
    if seekers is not None:
        zone, zones = trace.memory[0]["zone"], int(inputs[0]["zones"])
        zone["skilled"][:zones] = zone["unskilled"][:zones] = 0.5 * seekers
    rows = []
    for _ in range(months):
        assert trace.tick() == 0
        rows.append(trace.memory[0]["zone"]["measures"][:, : int(inputs[0]["zones"])].copy())
    return np.array(rows), trace


def column(months: np.ndarray, name: str) -> np.ndarray:
    """One measure by month and zone."""
    return months[:, list(MEASURES).index(name)]


def same(one: Any, two: Any) -> bool:
    """Equal but for the order of sums."""
    return bool(np.allclose(one, two, rtol=NEAR, atol=NEAR))


def without_projects(seed: int) -> Records:
    """A random small world in which no project ever arrives."""
    record = random_inputs(seed, PACK)
    p = record[0]
    p["large_share_fai"], p["acceptance_tolerance"], p["acceptance_max"] = 0.0, 1.0, 1.0
    return record


# ------------------------------------------------------------------ order and names


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_zones_and_sectors(seed: int) -> None:
    """Zones and sectors, and with them the firms, told in another order."""
    one = without_projects(seed)
    two = one.copy()
    p, q = one[0], two[0]
    zones = list(range(p["zones"]))[::-1]
    sectors = [*range(1, p["sectors"]), 0]
    for name, c in columns(Inputs).items():
        if c.shape[:1] == ("zones",):
            q[name][: len(zones)] = p[name][zones]
        if c.shape[:1] == ("sectors",):
            q[name][: len(sectors)] = p[name][sectors]
        if c.shape == ("zones", "sectors"):
            q[name][: len(zones), : len(sectors)] = p[name][zones][:, sectors]
    first, second = run(one)[0], run(two)[0]
    assert len(zones) * len(sectors) > 1
    assert same(first[:, :, zones], second)
    assert column(first, "revenue").sum() > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_names_of_zones_and_sectors(seed: int) -> None:
    """Other numbers give other draws of the same law; without noise they give the same."""
    one = without_projects(seed)
    p = one[0]
    p["growth_dispersion"] = p["share_concentration"] = 0.0
    p["incubator_begun_share"] = p["service_centre_rate"] = p["rd_rate"] = 0.0
    p["rd_rate_provincial"] = p["level"]["sewage_plants"] = 0.0
    p["absent"]["incubator_support"] = p["level"]["incubator_support"] = 0.0
    p["firms_count"] = p["zones"] * p["sectors"]
    p["small_firm_revenue"] = 0.01  # whoever it is, no tenant reaches the list
    two = one.copy()
    q = two[0]
    q["zone_code"][: q["zones"]] = (
        900 + np.arange(q["zones"])[np.argsort(np.argsort(p["zone_code"][: q["zones"]]))]
    )
    q["sector_code"][: q["sectors"]] = 1 + np.arange(q["sectors"])
    unlike = {"dragon_heads", "firms", "default_odds", "reported"}  # depend on sizes of firms
    first, second = run(one)[0], run(two)[0]
    keep = [n for n, name in enumerate(MEASURES) if name not in unlike]
    assert same(first[:, keep].sum(axis=2), second[:, keep].sum(axis=2))
    noisy, other = without_projects(seed), without_projects(seed)
    other[0]["zone_code"][: q["zones"]] = q["zone_code"][: q["zones"]]
    assert not same(column(run(noisy)[0], "revenue"), column(run(other)[0], "revenue"))


# ------------------------------------------------------------------ units


#: Units of levers and parameters, which have one home: the definitions.
UNITS = {
    name: what.unit
    for known in (levers(), parameters())
    for name, what in known.items()
    if what.unit
}


def in_money(unit: str) -> bool:
    """Whether a unit contains money once (万元/亩 and the like included)."""
    return "元" in unit


@pytest.mark.parametrize("factor", [2.0, 0.125])
@pytest.mark.parametrize("seed", SEEDS)
def test_unit_of_money(seed: int, factor: float) -> None:
    """Every input in money multiplied: money multiplied, land, persons and counts as before."""
    one = world(seed)
    p = one[0]
    p["size_variance_exponent"] = 0.0  # a firm's size enters its dispersion as a pure number
    two = one.copy()
    q = two[0]
    for table, record in ((Inputs, q), (Levers, q["absent"]), (Levers, q["level"])):
        for name, c in columns(table).items():
            if in_money(UNITS.get(name, c.unit)):
                record[name] *= factor
    # months for a project of one unit of money
    q["duration_base"] *= factor ** -p["duration_elasticity"]
    first, one_trace = run(one)
    second, two_trace = run(two)
    scale = np.array([factor if in_money(c.unit) else 1.0 for c in MEASURES.values()])
    wrong = ~np.isclose(first * scale[None, :, None], second, rtol=NEAR, atol=NEAR)
    names = [list(MEASURES)[n] for n in sorted(set(np.argwhere(wrong)[:, 1].tolist()))]
    assert names == []
    parts: dict[str, type[Table]] = {"zone": Zones, "firm": Firms, "project": Projects}
    for part, held in parts.items():
        mine, theirs = one_trace.table(part), two_trace.table(part)
        for name, c in columns(held).items():
            if name in mine and not c.text.startswith("scratch"):
                money = in_money(c.unit) or name == "score"  # revenue and investment, no unit given
                times = factor if money else 1.0
                assert same(np.array(mine[name]) * times, theirs[name]), (part, name)


# ------------------------------------------------------------------ zones split and added


@pytest.mark.parametrize("seed", SEEDS)
def test_a_zone_split_into_two_halves(seed: int) -> None:
    """Two zones of half the size, half the quota and half the platform: together the one."""
    one = quiet(
        seed,
        firms_count=8,
        housing_pull=0.0,
        incubator_begun_share=1.0,
        small_firm_floor=1e12,
        effort_cap=1.0,
    )
    p, rng = one[0], random.Random(seed)
    whole = ["quota_per_zone", "platform_financing", "platform_asset_injection", "boundary_area"]
    for name in [*whole, "housing_units", "villages", "training_places", "factory_area"]:
        p["level"][name] = PACK.levers[name].maximum * 0.1
    for name in ("reused_land", "linkage_land", "fiscal_injection", "municipal_reserve"):
        p["level"][name] = PACK.levers[name].maximum * 0.1
    p["level"]["release_by_june"], p["level"]["release_by_september"] = 0.3, 0.8
    p["give_up"] = rng.uniform(0.1, 0.9)
    two = one.copy()
    q = two[0]
    q["zones"] = 2
    q["zone_code"][:2] = 7, 8
    q["zone_provincial"][1] = q["zone_provincial"][0]
    q["zone_expands"][1] = 1
    q["zone_share"][:2] = 0.5
    q["zone_lead"][1, 0] = q["zone_leading"][1, 0] = 1
    for name in whole:
        for part in ("absent", "level"):
            q[part][name] /= 2.0
    for name in (
        *("platform_opening_equity", "platform_opening_debt", "infrastructure_cost"),
        *("infrastructure_spend_cap", "award"),
    ):
        q[name] /= 2.0
    first, second = run(one)[0], run(two)[0]
    mean = {"infrastructure"}  # of the zone, not of its size
    # Counts and lists of firms, whose sizes are drawn anew; what concerns a zone as such.
    skip = {"firms", "dragon_heads", "reported", "default_odds"}
    skip |= {"rank", "large_year", "major_year", "sewage_ready", "sewage_begun"}
    for name in MEASURES:
        a, b = column(first, name)[:, 0], column(second, name)
        if name not in skip:
            assert same(a, b.mean(axis=1) if name in mean else b.sum(axis=1)), name
    for name in ("land_serviced", "floor_begun", "enrolled", "platform_borrowed", "housing_begun"):
        assert column(first, name).sum() > 0, name


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unused_zone(seed: int) -> None:
    """A zone without share at the end of the table moves nothing elsewhere."""
    one = random_inputs(seed, PACK)
    p = one[0]
    n = int(p["zones"])
    p["share_concentration"] = p["crowd_out"] = 0.0
    p["infrastructure_min"] = 0.0
    p["incubator_begun_share"] = 1.0  # or the added zone might be the only one with a programme
    for part in ("absent", "level"):
        for name in (
            "reused_land",
            "linkage_land",
            "fiscal_injection",
            "effort",
            "crowd_out_shift",
        ):
            p[part][name] = 0.0
        p[part]["quota_per_zone"] = 0.0  # or projects would move there for land
        p[part]["boundary_area"] = 0.0
    p["absent"]["platform_financing"] = 0.0
    two = one.copy()
    q = two[0]
    q["zones"] = n + 1
    q["zone_code"][n] = 999
    q["zone_lead"][n, 0] = q["zone_leading"][n, 0] = 1
    first, second = run(one)[0], run(two)[0]
    keep = [k for k, name in enumerate(MEASURES) if name != "rank"]
    assert same(first[:, keep], second[:, keep, :n])
    for name in ("revenue", "arrivals", "starts", "workers", "land_used"):
        assert not column(second, name)[:, n].any(), name


# ------------------------------------------------------------------ constraints


def rich(seed: int) -> Records:
    """A world in which nothing is short but demand."""
    record = random_inputs(seed, PACK, check=False)  # of magnitudes no city has
    p = record[0]
    p["opening_land_months"] = 1e5
    p["matching_level"] = 1e3
    p["platform_leverage_cap"] = 1e6
    p["infrastructure_min"] = p["crowd_out"] = 0.0
    p["approval_cut_cap"] = 0.97
    for part in ("absent", "level"):
        p[part]["bank_limit_bonus"] = 1e4
        p[part]["crowd_out_shift"] = 0.0
    return record


SLACK = {
    "bank": ("bank_limit_bonus", 2.0, set[str]()),
    "land": ("opening_land_months", 2.0, {"land_idle"}),
    "leverage": ("platform_leverage_cap", 2.0, set[str]()),
    "approval": ("approval_cut_cap", 1.02, set[str]()),
}


@pytest.mark.parametrize("name", SLACK)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_constraint_that_does_not_bind(seed: int, name: str) -> None:
    """Tighter by half, still slack: the same bits, but for what is left over."""
    column_of, factor, left = SLACK[name]
    wide, tight = rich(seed), rich(seed)
    p = tight[0]
    if column_of in columns(Inputs):
        p[column_of] /= factor
    else:
        for part in ("absent", "level"):
            p[part][column_of] /= factor
    first, second = run(wide, seekers=MANY)[0], run(tight, seekers=MANY)[0]
    keep = [n for n, measure in enumerate(MEASURES) if measure not in left]
    assert (first[:, keep] == second[:, keep]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_more_seekers_than_posts_change_nothing_but_pay(seed: int) -> None:
    """Half of them are still more than enough: the same but for who seeks, and how tight it is."""
    told = ("seekers", "seeking", "gave_up")
    record = rich(seed)
    record[0]["wage_curve"] = record[0]["entry_tightness"] = 0.0
    first, second = run(record, seekers=MANY)[0], run(record, seekers=MANY / 2.0)[0]
    keep = [n for n, measure in enumerate(MEASURES) if measure not in told]
    assert same(first[:, keep], second[:, keep])


BINDING = {
    "bank": "fai_industrial",
    "land": "land_used",
    "people": "workers",
    "approval": "starts",
    "leverage": "platform_borrowed",
}


def poor(seed: int, name: str) -> tuple[Records, Records]:
    """The same world with a constraint that binds, and with that constraint loosened."""
    tight, loose = rich(seed), rich(seed)
    p, q = tight[0], loose[0]
    if name == "bank":
        p["absent"]["bank_limit_bonus"] = p["level"]["bank_limit_bonus"] = -0.95
        p["level"]["guarantee_pool"] = 0.0
    elif name == "land":
        p["opening_land_months"] = 0.0
        for part in ("absent", "level"):
            for lever in ("quota_per_zone", "reused_land", "linkage_land", "municipal_reserve"):
                p[part][lever] = 0.0
    elif name == "people":
        p["reachable_pool"] = p["stay_share"] = 0.0
    elif name == "approval":
        p["level"]["approval_cut"] = p["level"]["tier_bonus"] = 0.0
        q["level"]["approval_cut"] = 0.9
    else:
        p["platform_leverage_cap"] = 0.0
    return tight, loose


@pytest.mark.parametrize("name", BINDING)
def test_a_constraint_that_binds(name: str) -> None:
    """Loosened, it lets more through: in sum over a dozen worlds, and never less by much."""
    measure = BINDING[name]
    gains = []
    for seed in range(12):
        tight, loose = poor(seed, name)
        few = 0.0 if name == "people" else MANY
        more, less = run(loose, seekers=MANY)[0], run(tight, seekers=few)[0]
        gains.append(column(more, measure).sum() - column(less, measure).sum())
    assert sum(gain > 0.0 for gain in gains) >= 9
    assert sum(gains) > 0.0


CORNERS = {
    "low": lambda prior: prior.low,
    "high": lambda prior: prior.high,
    "drawn": None,
}
#: Where, before loans were sized at closing, nearly no project could be finished.
STRAITENED = {"bank_share_rest": 0.8, "loan_to_value": 0.5, "own_money_mean": 0.57}


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_to_finance_where_no_gate_is_shut(seed: int, corner: str) -> None:
    """Every gate open from the first month: loans fit their security, nothing waits for money."""
    record = random_inputs(seed, PACK)
    p = record[0]
    find = CORNERS[corner]
    for name in ("bank_share_rest", "loan_to_value", "own_money_mean", "land_price", "gap_drop"):
        p[name] = find(PACK.parameters[name].prior) if find else STRAITENED.get(name, p[name])
    for gate in ("land", "credit", "labour", "approval"):
        p[f"free_{gate}"] = 1
    p["policy_month"] = p["opening"]
    months, trace = run(record)
    assert column(months, "lost_finance").max() == 0.0
    assert column(months, "completions").sum() > 0.0
    project = trace.table("project")
    assert not any(
        gap
        for gap, state in zip(project["gap"], project["state"], strict=True)
        if state == BUILDING
    )


# ------------------------------------------------------------------ targets


def test_targets_at_nothing_and_at_eleven_times() -> None:
    """A level of 0 is always reached, 1000% more never, whatever the plan's own number.

    What is a difference (posts of one year over the last) may be below 0: then its least is reached.
    """
    results = simulate("plan", replicates=24, pack=PACK, parameters="sampled")
    reached, missed = [], []
    for target in PACK.plan.targets():
        if target.direction != "at_least" or target.value <= 0.0:
            continue
        values = results.outcome(target.id)
        growth = target.id.endswith("_growth")
        least, most = (
            (-1.0, 10.0)
            if growth
            else (
                min(0.0, np.nanmin(values)),
                11.0 * max(target.value, np.nanmax(values)),
            )
        )
        reached.append(rate(target.model_copy(update={"value": least}), values).p)
        missed.append(rate(target.model_copy(update={"value": most}), values).p)
        chain = [
            rate(target.model_copy(update={"value": float(x)}), values).p
            for x in np.linspace(least, most, 50)
        ]
        assert all(a >= b for a, b in itertools.pairwise(chain)), target.id
    assert len(reached) > 10
    assert set(reached) == {1.0}
    assert set(missed) == {0.0}


def test_sizes_hold_these_worlds() -> None:
    """No world above runs into the room of its tables, which would hide what it tests."""
    for seed in SEEDS:
        city = run(world(seed))[1].city
        assert int(city["projects"]) < SMALL.projects
        assert int(city["firms"]) < SMALL.firms
