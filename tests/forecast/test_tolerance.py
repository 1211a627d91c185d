"""Finite-sample conformal order statistics, binomial bands, and scores against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from xuchang_sim.forecast import scores
from xuchang_sim.forecast.tolerance import (
    TooFewResidualsError,
    binomial_band,
    conformal_radius,
)


@pytest.mark.parametrize(
    ("m", "level", "rank"),
    [(9, 0.9, 9), (19, 0.9, 18), (19, 0.95, 19), (4, 0.8, 4), (1, 0.5, 1), (99, 0.8, 80)],
)
def test_the_exact_order_statistic(m: int, level: float, rank: int) -> None:
    assert conformal_radius(-np.arange(1.0, m + 1), level) == rank


@pytest.mark.parametrize(("m", "level"), [(8, 0.9), (18, 0.95), (3, 0.8), (0, 0.5)])
def test_levels_that_cannot_be_had_are_refused(m: int, level: float) -> None:
    with pytest.raises(TooFewResidualsError, match="needs at least"):
        conformal_radius(np.ones(m), level)


def test_conformal_coverage_is_exact_on_average(rng: np.random.Generator) -> None:
    draws = rng.standard_t(3, (20_000, 10))
    radius = np.sort(np.abs(draws[:, :9]), axis=1)[:, -1]
    mine = np.array([conformal_radius(row, 0.9) for row in draws[:500, :9]])
    assert np.array_equal(mine, radius[:500])
    assert np.mean(np.abs(draws[:, 9]) <= radius) == pytest.approx(0.9, abs=0.007)


@given(st.floats(0.05, 0.95), st.integers(1, 200))
def test_the_band_holds_its_share(p: float, n: int) -> None:
    low, high = binomial_band(p, n)
    assert 0 <= low <= p + 1 / n
    assert p - 1 / n <= high <= 1


def test_crps_is_the_integral_of_squared_distance(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=400), 0.3
    grid = np.linspace(-6, 6, 60_001)
    cdf = np.searchsorted(np.sort(x), grid, side="right") / len(x)
    brute = np.sum((cdf - (grid >= y)) ** 2) * (grid[1] - grid[0])
    weights = np.full(400, 1 / 400)
    assert float(scores.crps(x, np.array(y), weights)) == pytest.approx(brute, abs=1e-3)
    pairs = np.abs(x[:, None] - x[None]).sum() / (400 * 399)
    fair = np.abs(x - y).mean() - pairs / 2
    assert float(scores.crps(x, np.array(y))) == pytest.approx(fair)


@settings(max_examples=30)
@given(st.floats(0.1, 50.0), st.floats(-1e3, 1e3))
def test_crps_is_equivariant(scale: float, shift: float) -> None:
    x = np.random.default_rng(1).normal(size=(50, 3))
    y = np.array([0.0, 1.0, -2.0])
    moved = scores.crps(x * scale + shift, y * scale + shift)
    assert np.allclose(moved, scale * scores.crps(x, y), rtol=1e-6, atol=1e-6)


def test_crps_prefers_the_truth(rng: np.random.Generator) -> None:
    y = rng.normal(size=2000)
    right = scores.crps(np.tile(rng.normal(size=(500, 1)), 2000), y).mean()
    for other in (rng.normal(0, 0.5, (500, 1)), rng.normal(0, 2, (500, 1))):
        assert scores.crps(np.tile(other, 2000), y).mean() > right


def test_pinball_winkler_and_pit(rng: np.random.Generator) -> None:
    assert scores.pinball(np.array(1.0), 0.9, np.array(3.0)) == pytest.approx(1.8)
    assert scores.pinball(np.array(3.0), 0.9, np.array(1.0)) == pytest.approx(0.2)
    one = scores.winkler(np.array(0.0), np.array(1.0), np.array(2.0), 0.8)
    assert float(one) == pytest.approx(1 + 10)
    draws = rng.normal(size=(300, 400))
    values = np.array(
        [scores.pit(d, float(a), rng) for d, a in zip(draws, rng.normal(size=300), strict=True)]
    )
    assert scores.uniformity(values) > 0.01
    assert scores.uniformity(values**3) < 0.01
    assert scores.uniformity(values[:10]) == 1.0


def test_diebold_mariano_knows_who_is_better(rng: np.random.Generator) -> None:
    loss = rng.gamma(2, 1, 200)
    statistic, p = scores.diebold_mariano(loss, loss + rng.normal(0.5, 0.2, 200), 3)
    assert statistic < -2
    assert p < 0.01
    assert scores.diebold_mariano(loss, loss, 3) == (0.0, 1.0)
    rejected = [
        scores.diebold_mariano(rng.normal(size=60), rng.normal(size=60), 0)[1] < 0.05
        for _ in range(400)
    ]
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.03)
