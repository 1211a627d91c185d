"""Levers under common random numbers: the right direction, hard caps, and honest zeros."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xuchang_sim import definitions
from xuchang_sim.model.world import LEVERS, MEASURES
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import ResolvedScenario, load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant

PACK = load_pack()
PLAN = load_scenario("plan", PACK)
AXES = ("land", "finance", "labour", "process", "attraction")
CREDIT = frozenset({"credit"})


def with_levels(**levels: float) -> ResolvedScenario:
    return replace(PLAN, levels={**PLAN.levels, **levels})


def gain(high: Results, low: Results, name: str, years: slice = slice(1, None)) -> Any:
    """Paired gains of a measure, summed over years from the plan year on."""
    both = high.good & low.good
    return (high.outcomes[name] - low.outcomes[name])[both, years].sum(axis=1)


def not_below_nought(values: Any) -> bool:
    """Tell whether a mean is not below nought beyond its own Monte Carlo error."""
    return bool(values.mean() >= -3 * values.std(ddof=1) / np.sqrt(len(values)) - 1e-9)


@pytest.fixture(scope="module")
def free() -> dict[tuple[str, str], Results]:
    """All axes at low and high with the bank limit removed, and the plan itself."""
    cells = [(axis, level) for axis in AXES for level in ("low", "high")]
    variants = [
        Variant(load_scenario(f"{axis}_{level}", PACK), relaxed=CREDIT) for axis, level in cells
    ]
    found = run(prepare(PACK, 200, 4), [Variant(PLAN, relaxed=CREDIT), *variants], full=False)
    return dict(zip([("plan", "plan"), *cells], found, strict=True))


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("measure", ["revenue", "revenue_real", "fai"])
def test_more_never_lowers_revenue_or_investment(free: Any, axis: str, measure: str) -> None:
    plan = free["plan", "plan"]
    assert not_below_nought(gain(free[axis, "high"], plan, measure))
    assert not_below_nought(gain(plan, free[axis, "low"], measure))


def test_with_a_bank_limit_congestion_is_the_only_exception() -> None:
    variants = [Variant(PLAN), *(Variant(load_scenario(f"{axis}_high", PACK)) for axis in AXES)]
    plan, *others = run(prepare(PACK, 200, 4), variants, full=False)
    for axis, high in zip(AXES, others, strict=True):
        for measure in ("revenue", "fai"):
            values = gain(high, plan, measure)
            # Congestion may cost something, but less than a thousandth of the total.
            assert values.mean() > -1e-3 * plan.outcome(measure).mean(), (axis, measure)


#: One lever at a time, from its absent to its high level: what it must move.
MOVES = {name: what.moves for name, what in definitions.levers().items() if what.moves}
BY_JUNE = frozenset({"release_by_june"})  # what they move is the time within the year


def test_every_lever_moves_what_it_says() -> None:
    names = list(MOVES)
    variants = []
    for name in names:
        lever = PACK.levers[name]
        low, high = lever.absent, max(lever.high, lever.plan)
        variants += [Variant(with_levels(**{name: value})) for value in (low, high)]
    found = run(prepare(PACK, 60, 4), variants)
    rows = list(MEASURES)
    for k, name in enumerate(names):
        year = slice(12, 18 if name in BY_JUNE else 24)
        least, most = found[2 * k], found[2 * k + 1]
        sign = -1.0 if MOVES[name].startswith("-") else 1.0
        column = rows.index(MOVES[name].lstrip("-"))
        assert least.city is not None
        assert most.city is not None
        moved = sign * (most.city - least.city)[:, year, column].sum(axis=1).mean()
        assert moved > 0, (name, MOVES[name], moved)


def test_every_lever_is_accounted_for() -> None:
    """A lever moves a recorded column, or its definition says where else it acts."""
    known = definitions.levers()
    assert set(LEVERS) == set(PACK.levers) == set(known)
    assert {name.lstrip("-") for name in MOVES.values()} <= set(MEASURES)
    assert all(what.moves or what.does.en for what in known.values())
    assert len(MOVES) >= 34


def test_money_levers_raise_the_limit_or_replace_draws() -> None:
    names = ["guarantee_pool", "bank_limit_bonus", "grant_pool"]
    scarce = {"credit_growth": 0.08, "bank_share_rest": 0.8, "own_money_mean": 0.55}
    poor = replace(PLAN, parameters=scarce)
    levels = {name: PACK.levers[name].absent for name in names}
    base = replace(poor, levels={**poor.levels, **levels})
    variants = [Variant(base)]
    for name in names:
        more = {**base.levels, name: PACK.levers[name].maximum}
        variants.append(Variant(replace(base, levels=more)))
    low, *found = run(prepare(PACK, 40, 4), variants)
    row = list(MEASURES).index("short_bank")
    assert low.city is not None
    for name, high in zip(names, found, strict=True):
        assert high.city is not None
        assert high.city[:, 16:24, row].sum() < low.city[:, 16:24, row].sum(), name


def test_without_land_no_project_that_needs_land_starts() -> None:
    """Quota, usual land, opening stock and floor nought: only own sites, and land that closed firms return."""
    none = dict.fromkeys(
        (
            "quota_per_zone",
            "quota_tilt",
            "municipal_reserve",
            "reused_land",
            "linkage_land",
            "boundary_area",
            "factory_area",
            "villages",
        ),
        0.0,
    )
    bare = replace(
        PACK,
        levers={
            name: replace(lever, absent=0.0, plan=0.0) if name in none else lever
            for name, lever in PACK.levers.items()
        },
    )
    scenario = replace(
        with_levels(**none),
        parameters={
            "opening_land_months": 0.0,
            "usual_land": 0.0,
            "factory_begun_share": 0.0,
            "dropout_rate": 0.0,
            "abandonment_share": 0.0,
        },
    )
    result = run(prepare(bare, 10, 4, None, "sampled"), [Variant(scenario)])[0]
    assert result.city is not None
    rows = list(MEASURES)
    used = result.city[:, 12:, rows.index("land_used")].sum(axis=1)
    back = result.city[:, 12:, rows.index("land_returned")].sum(axis=1)
    assert (used <= back + 1e-9).all()
    assert (used[back == 0.0] == 0.0).all()
    assert (back == 0.0).any()
    assert result.city[:, 12:, rows.index("starts")].sum() > 0


def test_without_bank_money_no_loan_is_drawn() -> None:
    scenario = replace(PLAN, parameters={"bank_share_rest": 0.0})
    result = run(prepare(PACK, 6, 4), [Variant(scenario)])[0]
    assert result.city is not None
    assert result.city[:, :, list(MEASURES).index("loans_drawn")].sum() == 0.0


def test_unlimited_land_labour_and_approval_leave_nobody_waiting() -> None:
    relaxed = frozenset({"land", "labour", "approval"})
    result = run(prepare(PACK, 6, 4), [Variant(PLAN, relaxed=relaxed)])[0]
    assert result.city is not None
    rows = list(MEASURES)
    later = slice(18, None)
    for name in ("wait_land", "wait_approval", "unfilled_skilled", "unfilled_unskilled"):
        assert result.city[:, later, rows.index(name)].max() == 0.0, name
