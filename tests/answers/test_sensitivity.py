"""Sensitivity: analytic values, agreement with SALib on the same samples, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xuchang_sim.answers.sensitivity import (
    Effect,
    Index,
    Outcome,
    Plan,
    morris,
    morris_plan,
    sobol,
    sobol_plan,
)
from xuchang_sim.pack.load import Pack
from xuchang_sim.study import sensitivity
from xuchang_sim.yamlfile import InputError

NAMES = ("a", "b", "c")
# Ishigami with a = 7, b = 0.1: first order and total, by hand.
FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)
WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])


def ishigami(unit: np.ndarray) -> np.ndarray:
    x = math.pi * (2.0 * unit - 1.0)
    return np.asarray(
        np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    )


def g_function(unit: np.ndarray) -> np.ndarray:
    return np.asarray(np.prod((np.abs(4.0 * unit - 2.0) + WEIGHTS) / (1.0 + WEIGHTS), axis=1))


def g_indices() -> tuple[np.ndarray, np.ndarray]:
    part = 1.0 / 3.0 / (1.0 + WEIGHTS) ** 2
    whole = np.prod(1.0 + part) - 1.0
    return part / whole, part * np.prod(1.0 + part) / (1.0 + part) / whole


def outcome(plan: Plan, values: np.ndarray) -> Outcome:
    return Outcome(plan.id, values)


def test_sobol_finds_the_analytic_values_of_ishigami() -> None:
    plan = sobol_plan(NAMES, 8192, 1)
    rows = sobol(plan, outcome(plan, ishigami(plan.points))).rows
    assert [row.factor for row in rows] == list(NAMES)
    for row, first, total in zip(rows, FIRST, TOTAL, strict=True):
        assert isinstance(row, Index)
        assert row.first == pytest.approx(first, abs=0.02)
        assert row.total == pytest.approx(total, abs=0.01)
        assert row.first_low <= row.first <= row.first_high
        assert row.total_low <= row.total <= row.total_high


def test_sobol_finds_the_analytic_values_of_the_g_function() -> None:
    names = tuple(f"x{k}" for k in range(8))
    plan = sobol_plan(names, 8192, 2)
    rows = sobol(plan, outcome(plan, g_function(plan.points))).rows
    first, total = g_indices()
    for k, row in enumerate(rows):
        assert isinstance(row, Index)
        assert row.first == pytest.approx(first[k], abs=0.015)
        assert row.total == pytest.approx(total[k], abs=0.015)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(40):
        dice = np.random.default_rng(seed)
        a, b = dice.random((2, 512, 3))
        crossed = [np.where(np.arange(3) == k, b, a) for k in range(3)]
        plan = Plan("sobol", NAMES, np.concatenate([a, b, *crossed]), 512)
        row = sobol(plan, outcome(plan, ishigami(plan.points))).rows[1]
        assert isinstance(row, Index)
        inside += row.total_low <= TOTAL[1] <= row.total_high
    assert inside >= 34


def test_sobol_agrees_with_salib_on_the_same_samples() -> None:
    from SALib.analyze.sobol import analyze

    plan = sobol_plan(NAMES, 512, 3)
    y = ishigami(plan.points)
    a, b, crossed = y[:512], y[512:1024], y[1024:].reshape(3, 512)
    # SALib wants row by row: A, A with each column of B, B.
    ordered = np.stack([a, *crossed, b]).T.ravel()
    problem = {"num_vars": 3, "names": list(NAMES), "bounds": [[0.0, 1.0]] * 3}
    theirs = analyze(problem, ordered, calc_second_order=False, seed=1)
    mine = sobol(plan, outcome(plan, y)).rows
    assert np.allclose([row.first for row in mine], theirs["S1"], atol=1e-3)  # type: ignore[union-attr]
    assert np.allclose([row.total for row in mine], theirs["ST"], atol=1e-3)  # type: ignore[union-attr]
    half = [(row.total_high - row.total_low) / 2 for row in mine]  # type: ignore[union-attr]
    assert np.allclose(half, theirs["ST_conf"], rtol=0.25)


def test_morris_agrees_with_salib_on_the_same_samples() -> None:
    from SALib.analyze.morris import analyze

    names = tuple(f"x{k}" for k in range(8))
    plan = morris_plan(names, 40, 4)
    y = g_function(plan.points)
    problem = {"num_vars": 8, "names": list(names), "bounds": [[0.0, 1.0]] * 8}
    theirs = analyze(problem, plan.points, y, num_levels=4, seed=1)
    mine = morris(plan, outcome(plan, y)).rows
    for field, key in (("mu", "mu"), ("mu_star", "mu_star"), ("sigma", "sigma")):
        assert np.allclose([getattr(row, field) for row in mine], theirs[key], rtol=1e-9)
    half = [(row.high - row.low) / 2 for row in mine]  # type: ignore[union-attr]
    assert np.allclose(half, theirs["mu_star_conf"], rtol=0.3)


def test_morris_of_a_line_is_its_slope() -> None:
    slopes = np.array([3.0, -1.0, 0.0])
    plan = morris_plan(NAMES, 12, 5)
    assert plan.points.shape == (12 * 4, 3)
    assert ((plan.points >= 0.0) & (plan.points <= 1.0)).all()
    for row, slope in zip(
        morris(plan, outcome(plan, plan.points @ slopes)).rows, slopes, strict=True
    ):
        assert isinstance(row, Effect)
        assert row.mu == pytest.approx(slope)
        assert row.mu_star == pytest.approx(abs(slope))
        assert row.sigma == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_what_is_not_finite_is_refused_and_what_is_constant_is_flagged(method: str) -> None:
    plan = morris_plan(NAMES, 8, 1) if method == "morris" else sobol_plan(NAMES, 8, 1)
    analyse = morris if method == "morris" else sobol
    y = ishigami(plan.points)
    for bad in (math.nan, math.inf):
        broken = y.copy()
        broken[5] = bad
        with pytest.raises(ValueError, match="points 5"):
            analyse(plan, outcome(plan, broken))
    flat = analyse(plan, outcome(plan, np.full(len(y), 0.1)))
    assert flat.constant
    assert all(math.isnan(value) for row in flat.rows for value in row[1:])
    assert not analyse(plan, outcome(plan, y)).constant


def test_an_outcome_of_another_design_is_refused() -> None:
    one, two = sobol_plan(NAMES, 64, 1), sobol_plan(NAMES, 64, 2)
    assert one.id != two.id
    with pytest.raises(ValueError, match="another design"):
        sobol(one, outcome(two, ishigami(two.points)))
    with pytest.raises(ValueError, match="another design"):
        sobol(one, Outcome(one.id, np.zeros(3)))


def test_the_model_is_screened(pack: Pack) -> None:
    found = sensitivity(
        factors=("process", "demand_shift", "realised_yield"),
        size=3,
        replicates=4,
        pack=pack,
        parameters="sampled",
    )
    revenue, fai = found.analyses
    assert revenue.plan_id == found.plan.id
    by = {row.factor: row for row in revenue.rows}
    assert by["demand_shift"].mu > 0.0  # type: ignore[union-attr]
    assert by["realised_yield"].mu_star > 0.0  # type: ignore[union-attr]
    investment = {row.factor: row for row in fai.rows}
    assert investment["process"].mu > 0.0  # type: ignore[union-attr]
    assert found.to_dict()["design"] == found.plan.id


def test_wrong_questions_are_refused(pack: Pack) -> None:
    with pytest.raises(InputError, match="no factor"):
        sensitivity(factors=("lnd",), pack=pack)
    with pytest.raises(InputError, match="power of two"):
        sensitivity(method="sobol", factors=("land",), size=60, pack=pack)
    with pytest.raises(InputError, match="no measure"):
        sensitivity(factors=("land",), outcomes=("revenu",), pack=pack)
