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
    """Sixty futures to the end of 2015, every identity in every month.

    Of the strait corner, whose other parameters are drawn, one draw in sixty has no pipeline: it is replaced.
    """
    setup = prepare(PACK, 62, 2012, "2015-12", "sampled", check=True)
    results = run_given(setup, PLAN, CORNERS[corner], keep=["revenue", "fai"])
    codes = {int(code) for code in results.failed[:, 0][~results.good]}
    assert codes <= REFUSED, codes
    assert results.good.sum() >= 60


@pytest.mark.parametrize("corner", CORNERS)
def test_no_project_is_immortal_in_any_corner(corner: str) -> None:
    """Older than four times its time to build, or that and a gap and two years: none with its land."""
    setup = prepare(PACK, 20, 2012, "2015-12", "sampled")
    worlds = Worlds(setup, PLAN, CORNERS[corner])
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


@pytest.mark.parametrize("corner", [None, *CORNERS])
def test_nothing_is_lost_to_finance_with_every_gate_open(corner: str | None) -> None:
    """With land, credit, labour and approval free from the plan's first month on nobody is late for money."""
    setup = prepare(PACK, 60, 2012, "2013-12", "sampled")
    scenario = replace(PLAN, parameters=CORNERS[corner] if corner else {})
    free = run(setup, [Variant(scenario, relaxed=frozenset(RELAXATIONS))])[0]
    assert free.city is not None
    months = free.city[free.good][:, 12:]
    assert len(months) > 50
    late = months[:, :4, MEASURE_ROW["short_bank"]].sum(axis=1) > 0.0  # before the gates open
    lost = months[:, :, MEASURE_ROW["lost_finance"]].sum(axis=1)
    assert lost[~late].max(initial=0.0) == 0.0
    assert (~late).all() if corner else (~late).mean() > 0.9


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


#: Posts per seeker of the slackest of the published surveys of cities, in the third quarter of 2009.
SLACK = 0.94
#: Markets forced to be slack, each slacker than the one before: fewer posts per seeker in the base year's own
#: market, and more hands than it needed.
FORCED = (
    {"normal_tightness": 0.7, "supply_factor": 1.6},
    {"normal_tightness": 0.5, "supply_factor": 1.6},
    {"normal_tightness": 0.35, "supply_factor": 1.6},
)
#: More supply and entries that respond more: a part of the futures is slack then, not the market as a whole.
LOOSER = {"supply_factor": 1.6, "entry_tightness": 0.8}
MOVED = (("workers", 2012), ("revenue_real", 2012), ("revenue_real", 2013))


@pytest.fixture(scope="module")
def labour() -> list[tuple[Results, Results]]:
    """Labour levers low and high on 300 pairs: as it is, then in markets that are forced to be slack."""
    setup = prepare(PACK, 300, 2012, "2013-12", "sampled")
    scenarios = [load_scenario(f"labour_{level}", PACK) for level in ("low", "high")]
    pairs = []
    for forced in ({}, *FORCED, LOOSER):
        low, high = run(setup, [Variant(replace(s, parameters=forced)) for s in scenarios])
        pairs.append((low, high))
    return pairs


def tightness(low: Results, both: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
    """Posts per seeker of the plan's year, future by future."""
    assert low.city is not None
    months = low.city[both][:, 12:24]
    return months[:, :, MEASURE_ROW["posts"]].sum(1) / months[:, :, MEASURE_ROW["seeking"]].sum(1)


def gains(pair: tuple[Results, Results], name: str, year: int) -> tuple[list[float], float]:
    """Mean of high less low by terciles of posts per seeker, the slackest first, and over all."""
    low, high = pair
    both = low.good & high.good
    gain = (high.outcomes[name] - low.outcomes[name])[both, low.setup.years.index(year)]
    terciles = np.array_split(np.argsort(tightness(low, both)), 3)
    return [float(gain[rows].mean()) for rows in terciles], float(gain.mean())


def test_labour_levers_work_where_hands_are_short(labour: list[tuple[Results, Results]]) -> None:
    """High minus low grows over terciles of posts per seeker, and falls from one slack market to the next."""
    for name, year in MOVED:
        means, _ = gains(labour[0], name, year)
        assert 0.0 < means[0] < means[1] < means[2], (name, means)
        whole = [gains(pair, name, year)[1] for pair in labour[:4]]
        assert whole[0] > whole[1] > whole[2] > whole[3] > 0.0, (name, whole)


def test_labour_levers_do_little_in_a_slack_market(labour: list[tuple[Results, Results]]) -> None:
    """Where nearly every future has fewer posts per seeker than any survey, a fifth is left at most, over all of them."""
    for pair in labour[2:4]:
        both = pair[0].good & pair[1].good
        assert np.quantile(tightness(pair[0], both), 0.95) < SLACK
        for name, year in MOVED:
            tightest = gains(labour[0], name, year)[0][2]
            assert gains(pair, name, year)[1] <= 0.2 * tightest, (name, year)


def test_labour_levers_do_little_in_the_futures_that_are_slack(
    labour: list[tuple[Results, Results]],
) -> None:
    """Supply pushed up, and of what comes of it the futures with fewer posts per seeker than any survey: a fifth at most."""
    low, high = labour[4]
    both = low.good & high.good
    slack = tightness(low, both) < SLACK
    assert slack.mean() > 0.5
    for name, year in MOVED:
        gain = (high.outcomes[name] - low.outcomes[name])[both, low.setup.years.index(year)]
        assert gain[slack].mean() <= 0.2 * gains(labour[0], name, year)[0][2], (name, year)
