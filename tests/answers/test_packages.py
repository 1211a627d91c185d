"""The smallest bundle: what the search accepts is what running everything would accept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings, strategies as st
from statsmodels.stats.proportion import proportion_confint

from xuchang_sim.answers.frontier import reach
from xuchang_sim.answers.packages import cost, parse_goal, reached, strengthened
from xuchang_sim.answers.search import Bundle, Hurdle, fewest_successes, lower_bound, search
from xuchang_sim.pack.load import Pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.draws import draw_parameters
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.targets import meets
from xuchang_sim.study import frontier, smallest_bundle
from xuchang_sim.yamlfile import InputError

Bools = npt.NDArray[np.bool_]
#: A small second hurdle: eight draws, all of which must hold.
QUICK: dict[str, Any] = {"draws": 8, "worlds": 4}


class Synthetic:
    """Trial r succeeds if the bundle's worth exceeds a threshold of its own."""

    def __init__(self, sizes: Sequence[int], seed: int, trials: int) -> None:
        dice = np.random.default_rng(seed)
        self.thresholds = dice.uniform(0.0, 1.0, trials)
        steps = [np.cumsum(dice.exponential(1.0, size)) for size in sizes]
        grid = np.zeros(tuple(sizes))
        for k, step in enumerate(steps):
            grid = grid + step.reshape([-1 if j == k else 1 for j in range(len(sizes))])
        worth = grid.max() * dice.uniform(0.5, 1.5) * np.sqrt(grid / grid.max())
        self.worth = worth / max(worth.max(), 1e-9) * dice.uniform(0.5, 1.4)
        self.runs = 0

    def __call__(self, bundles: Sequence[Bundle], first: int, count: int) -> Bools:
        self.runs += len(bundles) * count
        part = self.thresholds[first : first + count]
        return np.stack([self.worth[b] >= part for b in bundles])

    def accepted(self, p: float) -> Bools:
        """All trials of all bundles of the grid at once."""
        n = len(self.thresholds)
        enough = np.array([lower_bound(k, n) >= p for k in range(n + 1)])
        met = np.searchsorted(np.sort(self.thresholds), self.worth, side="right")
        return np.asarray(enough[met])


def smallest(accepted: Bools) -> set[Bundle]:
    """Accepted bundles none of whose lower neighbours or theirs is accepted, one by one."""
    good = [tuple(int(x) for x in b) for b in np.argwhere(accepted)]
    return {b for b in good if accepted[tuple(slice(None, x + 1) for x in b)].sum() == 1}


def shapes(bits: int, most: int) -> list[tuple[int, ...]]:
    """All grids of 2**bits bundles whose levers have powers of two of levels, the most first."""
    if bits == 0:
        return [()]
    return [(2**k, *rest) for k in range(min(bits, most), 0, -1) for rest in shapes(bits - k, k)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
    st.integers(0, 10_000),
    st.sampled_from([0.3, 0.5, 0.8, 0.9]),
    st.sampled_from([0.2, 0.75, 0.9]),
)
def test_search_agrees_with_brute_force(sizes: list[int], seed: int, p: float, q: float) -> None:
    likely, robust = Synthetic(sizes, seed, 120), Synthetic(sizes, seed + 1, 50)
    found = search(sizes, [Hurdle(likely, p, 120), Hurdle(robust, q, 50)])
    assert set(found.minimal) == smallest(likely.accepted(p) & robust.accepted(q))
    assert found.violations == ()
    for spent in found.tried.values():
        assert spent[0][1] <= 120
        assert len(spent) == 1 or (spent[1][1] <= 50 and spent[0][0] >= fewest_successes(120, p))
    assert robust.runs == sum(spent[1][1] for spent in found.tried.values() if len(spent) == 2)


@pytest.mark.parametrize("bits", range(1, 13))
def test_search_agrees_with_brute_force_on_every_grid_of_powers_of_two(bits: int) -> None:
    reachable = 0
    for number, sizes in enumerate(shapes(bits, bits)):
        likely, robust = Synthetic(sizes, number, 200), Synthetic(sizes, 1000 + number, 50)
        assert likely.worth.size == 2**bits
        expected = smallest(likely.accepted(0.8) & robust.accepted(0.75))
        found = search(sizes, [Hurdle(likely, 0.8, 200), Hurdle(robust, 0.75, 50)])
        assert set(found.minimal) == expected, sizes
        assert bits < 12 or likely.runs < 0.5 * 200 * 2**12
        reachable += bool(expected)
    assert bits < 4 or 0 < reachable < len(shapes(bits, bits))


def test_trying_all_4096_bundles_gives_the_same() -> None:
    likely, robust = Synthetic((2,) * 12, 8, 60), Synthetic((2,) * 12, 6, 50)
    hurdles = [Hurdle(likely, 0.8, 60), Hurdle(robust, 0.75, 50)]
    found = search((2,) * 12, hurdles)
    spent = likely.runs
    every = search((2,) * 12, hurdles, exhaustive=True)
    assert len(every.tried) == 4096 > 3 * len(found.tried)
    assert likely.runs - spent > 2 * spent
    assert (
        set(found.minimal)
        == set(every.minimal)
        == smallest(likely.accepted(0.8) & robust.accepted(0.75))
    )
    # Both hurdles matter: neither alone gives these bundles.
    assert len(found.minimal) > len(smallest(likely.accepted(0.8))) > 1
    assert set(found.minimal) != smallest(robust.accepted(0.75))


def test_pruning_and_stages_spend_a_fraction() -> None:
    game = Synthetic((5, 5, 5, 5), 3, 400)
    found = search((5, 5, 5, 5), [Hurdle(game, 0.8, 400)])
    assert set(found.minimal) == smallest(game.accepted(0.8))
    assert game.runs < 0.3 * 400 * 625


def test_a_game_that_is_not_monotone_is_told() -> None:
    def odd(bundles: Sequence[Bundle], first: int, count: int) -> Bools:
        # Everything from the middle up succeeds, but the corner does not.
        assert 0 <= first < first + count <= 50
        return np.array([[2 <= sum(b) < 8] * count for b in bundles])

    whole = search((5, 5), [Hurdle(odd, 0.5, 50)], exhaustive=True)
    assert {sum(b) for b in whole.minimal} == {2}
    assert len(whole.minimal) == 3
    assert whole.violations
    assert all(more == (4, 4) for _, more in whole.violations)


def test_bounds_are_those_of_statsmodels() -> None:
    for met, n in ((80, 100), (331, 400), (0, 30), (30, 30)):
        low = proportion_confint(met, n, alpha=0.2, method="wilson")[0]
        assert lower_bound(met, n) == pytest.approx(low, abs=1e-12)
    for n in (20, 100, 400):
        k = fewest_successes(n, 0.8)
        assert lower_bound(k - 1, n) < 0.8
        assert k > n or lower_bound(k, n) >= 0.8
    assert fewest_successes(5, 0.99) == 6


def test_reached_is_the_largest_value_with_that_probability() -> None:
    values = np.arange(1.0, 101.0)
    assert reached(values, 0.8) == 21.0
    assert (values >= reached(values, 0.8)).mean() == 0.8
    assert reached(values, 0.8, low=True) == 80.0
    failed = np.append(values, np.full(25, np.nan))
    assert reached(failed, 0.8) == 1.0
    assert reached(failed, 0.8, low=True) == 100.0
    found = reach(values, 0.8)
    assert found.low < found.value == 21.0 < found.high
    dice = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        one = reach(dice.standard_normal(200), 0.8)
        inside += one.low <= -0.8416212335729143 <= one.high
    assert inside / 400 > 0.93


def test_model_bundles_hold_when_run_again(pack: Pack) -> None:
    found = smallest_bundle(
        "fai_growth",
        0.8,
        factors=("land", "process"),
        replicates=60,
        pack=pack,
        grid=(0, 1, 2),
        parameters="sampled",
        **QUICK,
    )
    again = smallest_bundle(
        "fai_growth",
        0.8,
        factors=("land", "process"),
        replicates=60,
        pack=pack,
        grid=(0, 1, 2),
        parameters="sampled",
        **QUICK,
        exhaustive=True,
    )
    if not again.search.violations:
        assert found.search.minimal == again.search.minimal
        assert found.bundles == again.bundles
    assert found.reachable
    for choice in found.bundles:
        assert choice.p_bound == lower_bound(round(choice.p * 60), 60) >= 0.8
        assert choice.quartile >= choice.quartile_bound >= 0.6
    costs = [choice.cost for choice in found.bundles]
    assert costs == sorted(costs)


def test_the_quartile_is_that_of_draws_run_one_by_one(pack: Pack) -> None:
    # A seed whose eight draws all reach the goal in some world, the fewest in one of four.
    words: dict[str, Any] = {"base": "plan", "replicates": 60, "pack": pack, "p": 0.3, "seed": 4}
    words |= {"factors": ("process",), "grid": (1,), "parameters": "sampled", **QUICK}
    found = smallest_bundle("fai_growth", robust=0.01, **words)
    (choice,) = found.bundles
    # The same by hand: every draw a scenario of its own, in the worlds that are its own.
    setup = prepare(pack, 8, 4, f"{pack.plan_year}-12", "sampled")
    drawn = draw_parameters(setup)
    chances = []
    for d in range(8):
        own = {name: float(values[d]) for name, values in drawn.items()}
        scenario = replace(load_scenario("plan", pack), parameters=own)
        part = replace(setup, first=4 * d, replicates=4)
        (result,) = run(part, [Variant(scenario)], full=False, keep=("fai_growth",))
        chances.append(
            float(meets(result.outcome("fai_growth"), pack.plan.target("fai_growth")).mean())
        )
    rising = sorted(chances)
    assert choice.quartile == rising[2]  # six of eight draws reach it
    assert choice.quartile_bound == rising[0]  # so few draws prove only what all reach
    assert rising[0] < rising[-1]
    # Just above what the draws prove, the bundle fails though it is as likely as before.
    stricter = smallest_bundle("fai_growth", robust=rising[0] + 0.01, **words)
    assert not stricter.reachable
    assert (stricter.best.p, stricter.best.quartile) == (choice.p, choice.quartile)
    without = smallest_bundle("fai_growth", robust=0, **words)
    assert without.reachable
    assert math.isnan(without.best.quartile)
    assert without.to_dict()["draws"] == 0


def test_what_is_not_reachable_is_said_with_what_is(pack: Pack) -> None:
    found = smallest_bundle(
        "revenue_growth",
        0.8,
        factors=("land", "process"),
        grid=(0, 2),
        replicates=60,
        pack=pack,
        parameters="sampled",
        **QUICK,
    )
    assert not found.reachable
    assert found.bundles == ()
    assert 0.0 <= found.best.p < 0.8
    assert 0.0 < found.highest["revenue_growth"] < 0.4
    assert found.to_dict()["targets"][0]["highest"] == found.highest["revenue_growth"]


def test_costs_add_up(pack: Pack) -> None:
    base = load_scenario("no_plan", pack)
    assert cost(base, base, pack) == 0.0
    more = strengthened(base, {"municipal_reserve": 1.0}, pack)
    land = pack.parameters["land_preparation_cost"].default
    assert land is not None
    gap = more.levels["municipal_reserve"] - base.levels["municipal_reserve"]
    assert cost(more, base, pack) == pytest.approx(gap * land * 1e-4)
    money = strengthened(base, {"guarantee_pool": 1.0}, pack)
    assert cost(money, base, pack) == pytest.approx(money.levels["guarantee_pool"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"goal": "revenu"}, "no target"),
        ({"p": 1.0}, "above 0 and below 1"),
        ({"grid": (1, 0)}, "rising"),
        ({"factors": ("lnd",)}, "no family or lever"),
        ({"replicates": 3}, "cannot prove"),
        ({"robust": 1.2}, "0 to 1"),
        ({"draws": 4}, "cannot prove a quartile"),
        ({"draws": 0}, "cannot prove a quartile"),
        ({"worlds": 0}, "1 or more"),
    ],
)
def test_wrong_questions_are_refused(pack: Pack, words: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        smallest_bundle(pack=pack, **words)  # type: ignore[arg-type]


def test_goals_are_read(pack: Pack) -> None:
    assert parse_goal("joint", pack).ids == ("revenue_growth", "fai_growth")
    assert parse_goal("revenue+workers", pack).ids == ("revenue", "workers")


def test_frontier_rises_with_certainty_given_up(pack: Pack) -> None:
    settings_ = {
        "scenarios": ("no_plan", "plan"),
        "maps": (("land", "finance"),),
        "grid": (0, 2),
        "parameters": "sampled",
    }
    sure = frontier(0.9, replicates=40, pack=pack, **settings_)
    half = frontier(0.5, replicates=40, pack=pack, **settings_)
    for name in sure.outcomes:
        for scenario in ("no_plan", "plan"):
            assert sure.scenarios[scenario][name].value <= half.scenarios[scenario][name].value
        assert sure.maps["land", "finance"][name].shape == (2, 2)
    assert (
        sure.scenarios["plan"]["fai_growth"].value > sure.scenarios["no_plan"]["fai_growth"].value
    )
