"""Results: intervals, targets, attainment, what bound, frames."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from statsmodels.stats.proportion import proportion_confint

from xuchang_sim.model.world import MEASURES
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.report import sentences, style, tables
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.results import (
    STRATUM,
    VERDICTS,
    Results,
    rate,
    short,
    stand_for,
    verdict,
    wilson,
)
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.study import simulate
from xuchang_sim.text import LANGUAGES, say

PACK = load_pack()


@pytest.fixture(scope="module")
def results() -> Results:
    return simulate("plan", replicates=40, seed=2, pack=PACK)


@pytest.mark.parametrize(("met", "n"), [(0, 400), (1, 3), (37, 100), (400, 400)])
def test_wilson_is_statsmodels_wilson(met: int, n: int) -> None:
    assert wilson(met, n) == pytest.approx(proportion_confint(met, n, method="wilson"), abs=1e-12)


def test_numbers_for_a_small_table() -> None:
    said = [
        short(v, u)
        for v, u in ((179_412.3, "人"), (0.319, "比例"), (6.93, "亿元"), (1885.4, "亿元"))
    ]
    assert said == ["179,412", "32%", "6.93", "1,885"]


def test_nothing_observed_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert math.isnan(rate(PACK.plan.target("fai"), np.array([])).p)


def test_a_verdict_has_one_scale_with_words_and_colours_everywhere() -> None:
    """A limit belongs to the word above it; tables, sentences, figures and texts know the same words."""
    limits, words = zip(*VERDICTS, strict=True)
    assert list(limits) == sorted(limits)
    assert [verdict(p) for p in (0.0, *limits[:-1])] == list(words)
    assert [verdict(math.nextafter(p, 0.0)) for p in limits[:-1]] == list(words[:-1])
    assert verdict(1.0) == words[-1]
    assert set(tables.STYLE) == set(words)
    assert set(style.VERDICT) == {*words, "none"}
    for lang in LANGUAGES:
        each = [say(f"verdict.{word}", lang) for word in words]
        assert len(set(each)) == len(words)
        assert [sentences.chance(p, lang) for p in (0.0, *limits[:-1])] == each


def test_every_quantified_target_is_rated(results: Results) -> None:
    rows = {row.target.id: row for row in results.targets()}
    assert set(rows) == {target.id for target in PACK.plan.targets()}
    for row in rows.values():
        assert 0.0 <= row.p_low <= row.p <= row.p_high <= 1.0
        assert row.q05 <= row.median <= row.q95
        assert row.shortfall >= 0.0
        assert np.isfinite([row.median, row.q05, row.q95, row.shortfall]).all()


def test_a_level_and_its_growth_say_the_same(results: Results) -> None:
    rows = {row.target.id: row.p for row in results.targets()}
    assert rows["revenue"] == rows["revenue_growth"]
    # Investment of the base year has two readings, 461.5 and 482: 30% more than the second is above 600.
    assert rows["fai_growth"] <= rows["fai"]
    assert rows["workers"] == rows["new_workers"]


def test_joint_probability_is_at_most_each(results: Results) -> None:
    p, low, high = results.joint(["revenue_growth", "fai_growth"])
    each = {row.target.id: row.p for row in results.targets()}
    assert p <= min(each["revenue_growth"], each["fai_growth"])
    assert low <= p <= high


def test_attainment_by_december_is_the_probability_of_the_year(results: Results) -> None:
    rows = {row.target.id: row.p for row in results.targets()}
    for name in ("revenue", "fai", "profit_tax", "outside_capital"):
        months, p_by = results.attainment(name)
        assert months[0] == "2012-01"
        assert (np.diff(p_by) >= 0).all()
        # Reached at some time up to December is at least as likely as in December itself.
        assert p_by[months.index("2012-12")] >= rows[name] - 1e-12
    _, p_by = results.attainment("revenue")
    assert p_by[11] == pytest.approx(rows["revenue"], abs=0.06)


@given(st.data())
def test_some_stand_for_everyone(data: st.DataObject) -> None:
    level = st.sampled_from([0.0, 0.2, 1.0, 7.0]) | st.floats(-50.0, 50.0)
    everyone = np.array(data.draw(st.lists(level, min_size=1, max_size=200)))
    some = everyone[: data.draw(st.integers(0, len(everyone)))]
    weights = stand_for(some, everyone)
    assert weights.shape == some.shape
    assert (weights >= 0.0).all()
    if len(some):
        assert weights.sum() == pytest.approx(len(everyone))
    assert np.array_equal(stand_for(everyone, everyone), np.ones(len(everyone)))


def test_everyone_is_stood_for_when_values_are_tied() -> None:
    tied = np.concatenate([np.zeros(2 * STRATUM), np.ones(STRATUM)])
    for beside in (0.2, -3.0, 9.0):
        everyone = np.concatenate([tied, np.full(40, beside)])
        assert stand_for(tied, everyone).sum() == pytest.approx(len(everyone))
    same = np.full(3 * STRATUM, 5.0)
    assert stand_for(same, np.concatenate([same, [9.0, 1.0]])).sum() == pytest.approx(38.0)


def test_each_stands_for_those_that_are_near() -> None:
    low, high = np.arange(STRATUM) / STRATUM, 10.0 + np.arange(STRATUM) / STRATUM
    everyone = np.concatenate([low, high, np.full(3 * STRATUM, 10.5)])
    weights = stand_for(np.concatenate([low, high]), everyone)
    assert np.allclose(weights, [1.0] * STRATUM + [4.0] * STRATUM)


def test_those_that_ran_on_say_when_the_others_reach_a_level() -> None:
    setup = prepare(PACK, 300, 2)
    variant = Variant(load_scenario("plan", PACK))
    whole = run(setup, [variant], full=False)[0]
    some = run(replace(setup, extended=120), [variant], full=False)[0]
    assert (some.extended, whole.extended) == (120, 300)
    for name in whole.first:
        months, p_by = some.attainment(name)
        _, exact = whole.attainment(name)
        assert len(months) == len(p_by) == 24
        assert np.array_equal(p_by[:12], exact[:12])
        assert (np.diff(p_by) >= -1e-12).all()
        assert p_by[-1] <= 1.0 + 1e-12
        # Four standard errors of as many as ran on; most levels are far nearer.
        assert np.abs(p_by - exact).max() < 4.0 * 0.5 / math.sqrt(120)


def test_standing_for_what_is_near_nearly_halves_the_squared_error() -> None:
    """Of random subsets of futures that all ran on, with and without strata; by seed 0.44 to 0.57 of it."""
    plain, near = [], []
    for seed in (1, 2):
        whole = run(prepare(PACK, 300, seed), [Variant(load_scenario("plan", PACK))], full=False)[0]
        rng = np.random.default_rng(1)
        first = whole.first["revenue"]
        late = (first < 0) | (first >= 24)
        ends, first = whole.outcomes["revenue"][late, 1], first[late]
        reached = (first[:, None] >= 0) & (first[:, None] <= np.arange(24, 36))
        for _ in range(60):
            some = rng.permutation(len(ends))[:80]
            plain.append(reached[some].mean(axis=0) - reached.mean(axis=0))
            weights = stand_for(ends[some], ends) / len(ends)
            near.append(weights @ reached[some] - reached.mean(axis=0))
    assert np.square(near).mean() < 0.6 * np.square(plain).mean()
    assert np.abs(np.mean(near, axis=0)).max() < 0.02


def test_causes_of_the_shortfall_sum_to_it(results: Results) -> None:
    why = results.why()
    causes = sum(why.output[name] for name in ("demand", "capacity", "labour", "finance"))
    assert np.allclose(causes, why.output["shortfall"])
    waits = sum(why.waiting[n] for n in ("approval", "land", "group_month", "own_money", "bank"))
    assert np.allclose(waits, why.waiting["total"])
    assert results.city is not None
    base = results.city[:, :12, list(MEASURES).index("reported")].sum(axis=1).mean()
    reported = results.outcome("revenue").mean()
    total = why.year(2012)["output"]["shortfall"]
    assert total == pytest.approx(2000 / (2000 / 1.4) * base - reported)
    frame = why.to_frame()
    assert set(frame["kind"]) == {"output", "waiting"}
    assert len(why.binding()) == len(why.months)


def test_annual_figures_and_frame(results: Results) -> None:
    annual = results.annual()
    mean, q05, q50, q95 = annual["revenue"][2012]
    assert q05 <= q50 <= q95
    assert q05 <= mean <= q95
    frame = results.to_frame("city")
    assert len(frame) == 40 * 36
    one = frame[(frame.replicate == 3) & (frame.month < "2012")]
    assert one["fai"].sum() == pytest.approx(600 / 1.3)
    assert frame.attrs["units"]["fai"] == "亿元"
    assert len(results.to_frame()) == 40 * 3


def test_unknown_measures_and_years_are_refused(results: Results) -> None:
    with pytest.raises(KeyError):
        results.outcome("happiness")
    with pytest.raises(KeyError):
        results.outcome("fai", 2031)


def test_notebook_table_is_escaped(results: Results) -> None:
    assert "<table>" in results._repr_html_()
    assert "P(fai)" in repr(results)


def test_the_notebook_table_does_not_trust_names() -> None:
    from dataclasses import replace

    from xuchang_sim.pack.scenario import load_scenario

    odd = replace(load_scenario("plan", PACK), name="<script>alert(1)</script>")
    results = simulate(odd, replicates=2, pack=PACK)
    assert "<script>" not in results._repr_html_()
