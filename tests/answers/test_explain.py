"""Explanation: shares sum and agree with brute force, waterfalls close, duals are derivatives."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from xuchang_sim.answers.attribution import FAMILIES, attribute, relaxed, shapley
from xuchang_sim.answers.explain import Explanation
from xuchang_sim.answers.relaxation import Relaxation, relaxation
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.study import explain

PACK = load_pack()


@pytest.fixture(scope="module")
def found() -> Explanation:
    return explain("plan", replicates=12, pack=PACK, parameters="sampled")


def brute(values: np.ndarray) -> np.ndarray:
    """Average marginal contribution over all orders in which players come."""
    players = len(values).bit_length() - 1
    total = np.zeros((players, *values.shape[1:]))
    for order in itertools.permutations(range(players)):
        coalition = 0
        for player in order:
            total[player] += values[coalition | 1 << player] - values[coalition]
            coalition |= 1 << player
    return total / math.factorial(players)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 6), st.integers(0, 1000))
def test_shapley_values_agree_with_brute_force(players: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(1 << players, 3))
    each = shapley(values)
    assert np.allclose(each, brute(values), atol=1e-12)
    assert np.allclose(each.sum(axis=0), values[-1] - values[0])


def test_shapley_of_a_sum_is_its_terms_and_a_dummy_gets_nothing() -> None:
    worth = np.array([0.3, 0.0, -1.2, 5.0])
    values = np.array([sum(w for k, w in enumerate(worth) if c >> k & 1) for c in range(16)])
    assert np.allclose(shapley(values), worth)
    with pytest.raises(ValueError, match="power of two"):
        shapley(np.zeros(12))


def test_shares_sum_to_what_lifting_everything_brings(found: Explanation) -> None:
    assert [a.outcome for a in found.attributions] == [
        "revenue_growth",
        "P(revenue_growth)",
        "fai_growth",
        "P(fai_growth)",
    ]
    for a in found.attributions:
        assert list(a.shares) == list(FAMILIES)
        assert sum(s.value for s in a.shares.values()) == pytest.approx(a.total, abs=1e-12)
        if a.total:
            assert sum(s.of_total for s in a.shares.values()) == pytest.approx(1.0)
        assert all(s.se >= 0.0 for s in a.shares.values())
    for row in found.to_dict()["attribution"]:
        for share in row["shares"].values():
            if row["gap"] > 0:
                assert share["of_gap"] * row["gap"] == pytest.approx(share["value"])
            else:  # the mean lies above the target: there is nothing to close
                assert "of_gap" not in share


def test_attribution_is_that_of_the_64_runs(found: Explanation) -> None:
    """Two of the runs, made on their own, give the ends of the scale and a single relaxation."""
    setup = prepare(PACK, 12, 2012, None, "sampled")
    plan = load_scenario("plan", PACK)
    names = list(FAMILIES)
    variants = [relaxed(plan, chosen, PACK) for chosen in ([], names, ["land"])]
    none, every, land = (r.outcome("fai_growth") for r in run(setup, variants, full=False))
    a = found.attributions[2]
    assert a.base == pytest.approx(none.mean(), abs=1e-12)
    assert a.total == pytest.approx((every - none).mean(), abs=1e-12)
    assert a.alone["land"] == pytest.approx((land - none).mean(), abs=1e-12)


def test_a_family_that_is_already_lifted_gets_nothing() -> None:
    """Where attraction stands at the ends of its ranges there is nothing left to lift."""
    from xuchang_sim.pack.scenario import adjust

    full = adjust(load_scenario("plan", PACK), {"attraction": 2.0}, PACK)[0]
    for a in attribute(prepare(PACK, 4, 2012, None, "sampled"), full, ["fai_growth"]):
        assert a.shares["attraction"].value == 0.0


def test_waterfalls_close(found: Explanation) -> None:
    revenue, fai = found.waterfalls
    for w, total in ((revenue, "reported"), (fai, "fai")):
        end = w.base + sum(b.value for b in w.gains) - sum(b.value for b in w.losses)
        assert end == pytest.approx(w.outcome.value, rel=1e-9), total
    assert revenue.outcome.value == pytest.approx(found.results.outcome("revenue").mean())
    assert fai.outcome.value == pytest.approx(found.results.outcome("fai").mean())
    before = found.results.outcome("fai", PACK.base_year)  # of two readings, the replicate's
    assert fai.base == pytest.approx(before.mean())
    assert all(b.value > -1e-9 for b in revenue.losses)


def test_prices_have_two_ways_and_costs_where_they_exist(found: Explanation) -> None:
    assert {price.resource for price in found.prices} == {"land", "finance", "labour", "process"}
    for price in found.prices:
        assert (
            set(price.effect) == set(price.dual) == {"revenue", "revenue_next", "fai", "fai_next"}
        )
        assert all(np.isfinite([*pair]).all() for pair in price.effect.values())
        assert all(value >= -1e-9 for value in price.dual.values())
        assert math.isnan(price.cost) == (price.resource == "process")
    costs = {price.lever: price.cost for price in found.prices}
    assert costs["municipal_reserve"] == pytest.approx(100 * 15 * 1e-4)  # 100亩 at 15万元
    assert costs["training_places"] == pytest.approx(0.01)


def test_duals_are_the_derivatives_of_the_programme(found: Explanation) -> None:
    programme = relaxation(found.results, PACK)
    duals = programme.duals()
    months, first = len(programme.supply), programme.calendar[1]
    even = np.where(np.arange(months) < first, 1.0 / first, 1.0 / (months - first))
    moved: dict[str, tuple[str, np.ndarray]] = {
        "land": ("land_supply", 100.0 * even),
        "finance": ("credit", even),
        "labour": ("labour", 1000.0 * even),
    }
    for resource, (name, unit) in moved.items():
        for outcome, dual in duals[resource].items():
            small = 1e-4
            values = [
                replace(programme, **{name: getattr(programme, name) + s * unit}).solve(outcome)[0]
                for s in (-small, small)
            ]
            here = programme.solve(outcome)[0]
            # Of nothing there can be no less: then the programme has no left side.
            least = float(np.min(getattr(programme, name)))
            left, right = (here - values[0]) / small, (values[1] - here) / small
            if np.isnan(left):
                assert least <= small * float(np.max(unit)), (resource, outcome)
                left = np.inf
            assert min(left, right) - 1e-4 <= dual <= max(left, right) + 1e-4, (resource, outcome)


def test_a_slack_resource_has_no_price_and_a_scarce_one_has() -> None:
    def programme(land: float) -> Relaxation:
        months = 12
        return Relaxation(
            supply=np.full(months, 10.0),
            land_supply=np.full(months, land),
            credit=np.full(months, 100.0),
            labour=np.full(months, 1e6),
            planned=np.minimum(1.0, np.arange(months + 1) / 6.0),
            built=(np.arange(months + 1) >= 6).astype(float),
            bank=0.2,
            land=10.0,
            workers=80.0,
            sales=1.0,
            calendar=(4, 8),
        )

    assert programme(1e4).duals()["land"]["fai"] == 0.0
    scarce = programme(50.0)
    # Half of what is ready has land: 100亩 more, spread over 8 months, carry 10亿.
    assert scarce.duals()["land"]["fai"] > 0.0
    assert scarce.duals()["process"]["fai"] == pytest.approx(0.0, abs=1e-9)
    assert scarce.solve("fai")[0] < programme(1e4).solve("fai")[0]


def test_the_same_seed_says_the_same(found: Explanation) -> None:
    again = explain("plan", replicates=12, pack=PACK, parameters="sampled")
    one, two = found.to_dict(), again.to_dict()
    assert one["attribution"] == two["attribution"]
    assert repr(one["prices"]) == repr(two["prices"])
