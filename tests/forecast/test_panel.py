"""The drivers' factor and regressions beside `statsmodels`, the independent judge."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from statsmodels.multivariate.pca import PCA
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQ

from xuchang_sim.forecast import panel


def gappy(seed: int) -> np.ndarray:
    """(70, 5) standardised series with a common factor, a late start, holes and ragged ends."""
    rng = np.random.default_rng(seed)
    factor = np.zeros(70)
    for t in range(1, 70):
        factor[t] = 0.9 * factor[t - 1] + rng.normal(scale=0.4)
    z = np.outer(factor, [0.8, 0.9, -0.5, 0.6, 0.7]) + 0.5 * rng.standard_normal((70, 5))
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    z[:30, 3] = np.nan
    z[5:60:6, 2] = np.nan
    z[-1, 4] = z[-3:, 2] = np.nan
    return np.asarray(z)


@pytest.mark.parametrize("seed", range(6))
def test_the_filter_is_that_of_statsmodels(seed: int) -> None:
    z = gappy(seed)
    loadings, left, variance = panel.two_steps(z)
    design = np.concatenate([loadings[:, None], np.eye(5)], axis=1)
    said = panel.filtered(z, design, left, variance)
    model = DynamicFactorMQ(
        z, factors=1, factor_orders=1, idiosyncratic_ar1=True, standardize=False
    )
    parameters = np.concatenate([loadings, left[:1], np.sqrt(variance[:1]), left[1:], variance[1:]])
    kept = model.smooth(parameters).filter_results
    assert_allclose(said[0], kept.predicted_state[:, -1], atol=1e-10)
    assert_allclose(said[1], kept.predicted_state_cov[:, :, -1], atol=1e-10)


@pytest.mark.parametrize("seed", range(6))
def test_the_component_is_that_of_statsmodels(seed: int) -> None:
    z = gappy(seed)[:, :3]
    plain = {"standardize": False, "demean": False, "normalize": False}
    judge = PCA(z, 1, missing="fill-em", tol_em=1e-12, max_em_iter=2000, **plain)
    scores, direction = panel._component(z)
    sign = np.sign(direction @ judge.loadings[:, 0])
    assert_allclose(scores, sign * judge.factors[:, 0], atol=1e-8)
    assert_allclose(direction, sign * judge.loadings[:, 0], atol=1e-8)


def test_a_shrunk_regression_is_least_squares_with_the_belief_as_rows() -> None:
    rng = np.random.default_rng(3)
    x, prior = rng.standard_normal((40, 2)), np.array([0.9, 0.0])
    y = x @ [0.7, 0.2] + rng.standard_normal(40)
    mean, _, left, _ = panel._shrunk(y, x, prior, centred=False)
    belief = np.sqrt(panel.STRENGTH * (x**2).mean(axis=0))
    judge = OLS(np.concatenate([y, belief * prior]), np.concatenate([x, np.diag(belief)])).fit()
    assert_allclose(mean, judge.params, atol=1e-12)
    assert_allclose(left, y - x @ judge.params, atol=1e-12)
