"""What the second edition of the economics must show: corners, continuation, labour that binds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xuchang_sim.model.population import INCOMPATIBLE, NEGATIVE_SCALE
from xuchang_sim.model.world import BUILDING, MEASURE_ROW, SUMMARY
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import RELAXATIONS, Variant
from xuchang_sim.simulation.worlds import FailedWorldError, Worlds, columns, run_given

PACK = load_pack()
PLAN = load_scenario("plan", PACK)
REFUSED = {INCOMPATIBLE, NEGATIVE_SCALE}  # draws that no world can be conditioned on
DRAWN = {
    name: parameter.prior
    for name, parameter in PACK.parameters.items()
    if parameter.prior.kind != "fixed"
}
#: Where nearly no project could be finished before loans were sized at closing.
STRAITENED = {"bank_share_rest": 0.8, "loan_to_value": 0.5, "own_money_mean": 0.57}
CORNERS: dict[str, dict[str, float]] = {
    "low": {name: prior.low for name, prior in DRAWN.items()},
    "high": {name: prior.high for name, prior in DRAWN.items()},
    "straitened": STRAITENED,
}


@pytest.mark.parametrize("corner", CORNERS)
def test_identities_hold_in_every_corner_of_the_priors(corner: str) -> None:
    """Sixty futures to the pack's last month; nobody is refused but whom no pipeline fits."""
    setup = prepare(PACK, 60, 2012, "2015-12", "sampled", check=True)
    results = run_given(setup, PLAN, CORNERS[corner], keep=["revenue", "fai"])
    codes = {int(code) for code in results.failed[:, 0][~results.good]}
    assert codes <= REFUSED, codes
    assert results.good.mean() > (0.9 if corner == "straitened" else 0.0)


def test_no_project_is_immortal_where_finance_is_strait() -> None:
    """Older than four times its time to build, or that and a gap and two years: none with its land."""
    setup = prepare(PACK, 12, 2012, "2015-12", "sampled")
    worlds = Worlds(setup, PLAN, STRAITENED)
    seen = ended = 0
    for number in range(setup.replicates):
        last = None
        try:
            for view in worlds.months(number):
                last = view
        except FailedWorldError:
            continue
        assert last is not None
        project = columns(last.world, "project")
        age, length = last.month - project["started"], project["duration"]
        patience = float(worlds.parameters["gap_drop"][number]) + 24.0
        bound = np.maximum(4.0 * length, length + patience)
        served = project["land"] >= project["need"]
        assert not ((project["state"] == BUILDING) & served & (age > bound)).any()
        seen += int((project["started"] > 0).sum())
        ended += int((project["ended"] > 12 * PACK.plan_year).sum())
    assert ended > 0.2 * seen > 0


def test_nothing_is_lost_to_finance_with_every_gate_open() -> None:
    """From the plan's first month on nobody waits for money; what was late before stays late."""
    setup = prepare(PACK, 60, 2012, "2013-12", "sampled")
    opened = Variant(PLAN, relaxed=frozenset(RELAXATIONS))
    for fixed in ({}, STRAITENED):
        scenario = replace(PLAN, parameters=fixed)
        free = run(setup, [replace(opened, scenario=scenario)])[0]
        assert free.city is not None
        lost = free.city[free.good][:, 12:, MEASURE_ROW["lost_finance"]].sum(axis=1)
        before = free.city[free.good][:, 12:16, MEASURE_ROW["short_bank"]].sum(axis=1)
        assert lost[before == 0.0].max(initial=0.0) == 0.0
        assert (before == 0.0).mean() > 0.5


def test_without_the_plan_the_base_year_goes_on() -> None:
    """Investment, starts and land used of the plan's year: the base year's, × 0.85 to 1.35."""
    no_plan = load_scenario("no_plan", PACK)
    found = run(prepare(PACK, 200, 2012, "2013-12", "sampled"), [Variant(no_plan)], full=False)[0]
    year = PACK.plan_year
    expected = found.summary[found.good][:, SUMMARY.index("expected_land")]
    ratios = {
        "fai": found.outcome("fai", year) / found.outcome("fai", year - 1),
        "starts": found.outcome("starts_1e8", year) / found.outcome("starts_1e8", year - 1),
        "land": found.outcome("land_used", year) / expected,
    }
    for name, values in ratios.items():
        assert 0.85 <= np.median(values) <= 1.35, name
    later = found.outcome("land_used", year + 1) / expected
    assert np.median(later) >= 0.85


@pytest.fixture(scope="module")
def labour() -> dict[str, Any]:
    """Labour levers high and low on 300 pairs, and in a market that is forced to be slack."""
    setup = prepare(PACK, 300, 2012, "2013-12", "sampled")
    cells = [Variant(load_scenario(f"labour_{level}", PACK)) for level in ("low", "high")]
    # More hands than posts, and at once more where posts stay open.
    forced = {
        "supply_factor": 1.2,
        "give_up": 0.1,
        "normal_tightness": 0.95,
        "entry_tightness": 1.0,
    }
    slack = [replace(v, scenario=replace(v.scenario, parameters=forced)) for v in cells]
    low, high = run(setup, cells)
    low_slack, high_slack = run(setup, slack)
    return {"low": low, "high": high, "low_slack": low_slack, "high_slack": high_slack}


def gains(low: Results, high: Results, name: str, year: int) -> list[float]:
    """Mean of high less low by terciles of posts per seeker, the slackest first."""
    both = low.good & high.good
    assert low.city is not None
    months = low.city[both][:, 12:24]
    tight = months[:, :, MEASURE_ROW["posts"]].sum(1) / months[:, :, MEASURE_ROW["seeking"]].sum(1)
    gain = (high.outcomes[name] - low.outcomes[name])[both, low.setup.years.index(year)]
    return [float(gain[rows].mean()) for rows in np.array_split(np.argsort(tight), 3)]


@pytest.mark.long
def test_labour_levers_work_where_hands_are_short(labour: dict[str, Any]) -> None:
    """High minus low grows over terciles of posts per seeker; where the market is slack there is little of it."""
    for name, year in (("workers", 2012), ("revenue_real", 2012), ("revenue_real", 2013)):
        means = gains(labour["low"], labour["high"], name, year)
        assert 0.0 < means[0] < means[1] < means[2], (name, means)
        slack = gains(labour["low_slack"], labour["high_slack"], name, year)
        assert slack[0] <= 0.2 * means[2], (name, slack, means)
