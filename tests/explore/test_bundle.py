"""The smallest bundle: what the search accepts is what running everything would accept."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings, strategies as st
from statsmodels.stats.proportion import proportion_confint

from xuchang_sim.explore.bundle import (
    Bundle,
    cost,
    fewest_successes,
    frontier,
    lower_bound,
    parse_goal,
    reach,
    reached,
    search,
    smallest_bundle,
    strengthened,
)
from xuchang_sim.pack import Pack
from xuchang_sim.scenario import load_scenario
from xuchang_sim.yamlfile import InputError


class Synthetic:
    """Replicate r meets the goal if the bundle's worth exceeds a threshold of its own."""

    def __init__(self, sizes: Sequence[int], seed: int, replicates: int) -> None:
        dice = np.random.default_rng(seed)
        self.thresholds = dice.uniform(0.0, 1.0, replicates)
        steps = [np.cumsum(dice.exponential(1.0, size)) for size in sizes]
        grid = np.zeros(tuple(sizes))
        for k, step in enumerate(steps):
            grid = grid + step.reshape([-1 if j == k else 1 for j in range(len(sizes))])
        worth = grid.max() * dice.uniform(0.5, 1.5) * np.sqrt(grid / grid.max())
        self.worth = worth / max(worth.max(), 1e-9) * dice.uniform(0.5, 1.4)
        self.runs = 0

    def __call__(self, bundles: Sequence[Bundle], first: int, count: int) -> npt.NDArray[np.bool_]:
        self.runs += len(bundles) * count
        part = self.thresholds[first : first + count]
        return np.stack([self.worth[b] >= part for b in bundles])

    def brute(self, p: float) -> set[Bundle]:
        n = len(self.thresholds)
        good = {
            b
            for b in itertools.product(*(range(s) for s in self.worth.shape))
            if lower_bound(int((self.worth[b] >= self.thresholds).sum()), n) >= p
        }
        return {
            b
            for b in good
            if not any(o != b and all(x <= y for x, y in zip(o, b, strict=True)) for o in good)
        }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
    st.integers(0, 10_000),
    st.sampled_from([0.3, 0.5, 0.8, 0.9]),
)
def test_search_agrees_with_brute_force(sizes: list[int], seed: int, p: float) -> None:
    game = Synthetic(sizes, seed, 120)
    found = search(sizes, game, p, 120)
    assert set(found.minimal) == game.brute(p)
    assert found.violations == ()
    assert all(n <= 120 for _, n in found.tried.values())


@pytest.mark.parametrize(
    "sizes", [(2,) * 12, (4,) * 6, (8, 8, 8, 8), (16, 16, 16), (64, 64), (4096,)]
)
def test_search_agrees_with_brute_force_on_grids_of_4096(sizes: tuple[int, ...]) -> None:
    assert math.prod(sizes) == 2**12
    for seed in range(3):
        game = Synthetic(sizes, seed, 200)
        expected = game.brute(0.8)
        game.runs = 0
        found = search(sizes, game, 0.8, 200)
        assert set(found.minimal) == expected
        assert game.runs < 0.5 * 200 * 2**12


def test_pruning_and_stages_spend_a_fraction() -> None:
    game = Synthetic((5, 5, 5, 5), 3, 400)
    found = search((5, 5, 5, 5), game, 0.8, 400)
    assert set(found.minimal) == game.brute(0.8)
    assert game.runs < 0.3 * 400 * 625


def test_a_game_that_is_not_monotone_is_told() -> None:
    def odd(bundles: Sequence[Bundle], first: int, count: int) -> npt.NDArray[np.bool_]:
        # Everything from the middle up succeeds, but the corner does not.
        assert 0 <= first < first + count <= 50
        return np.array([[2 <= sum(b) < 8] * count for b in bundles])

    whole = search((5, 5), odd, 0.5, 50, exhaustive=True)
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
    )
    again = smallest_bundle(
        "fai_growth",
        0.8,
        factors=("land", "process"),
        replicates=60,
        pack=pack,
        grid=(0, 1, 2),
        parameters="sampled",
        exhaustive=True,
    )
    if not again.search.violations:
        assert found.search.minimal == again.search.minimal
        assert found.bundles == again.bundles
    assert found.reachable
    for choice in found.bundles:
        assert lower_bound(round(choice.p * 60), 60) >= 0.8
    costs = [choice.cost for choice in found.bundles]
    assert costs == sorted(costs)


def test_what_is_not_reachable_is_said_with_what_is(pack: Pack) -> None:
    found = smallest_bundle(
        "revenue_growth",
        0.8,
        factors=("land", "process"),
        grid=(0, 2),
        replicates=60,
        pack=pack,
        parameters="sampled",
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
    sure = frontier(0.9, replicates=40, pack=pack, **settings_)  # type: ignore[arg-type]
    half = frontier(0.5, replicates=40, pack=pack, **settings_)  # type: ignore[arg-type]
    for name in sure.outcomes:
        for scenario in ("no_plan", "plan"):
            assert sure.scenarios[scenario][name].value <= half.scenarios[scenario][name].value
        assert sure.maps["land", "finance"][name].shape == (2, 2)
    assert (
        sure.scenarios["plan"]["fai_growth"].value > sure.scenarios["no_plan"]["fai_growth"].value
    )
