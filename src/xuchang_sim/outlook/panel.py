"""Fit the joint monthly panel: an ensemble of linear models with a measured annual error."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from xuchang_sim.outlook.cache import Arrays

    Floats = npt.NDArray[np.float64]

HORIZON = 12
DRAWS = 200
FIRST_ORIGIN = 24
ROOT_LIMIT = 0.995


def fit(panel: Floats) -> Arrays:
    """Ensemble of first-order autoregressions of the panel and the error it has had.

    Parameters
    ----------
    panel : (T, k) array
        Fractions, NaN where unknown. The first two columns, value added and PPI, form a vector
        autoregression; each further column follows itself and these two.

    Returns
    -------
    dict of arrays
        ``transition`` (m, k, k), ``intercept`` (m, k) and ``shock`` (k, k), one row of
        parameters per draw; ``last`` (k,) the state to continue from; ``annual_sd`` the
        root mean square of rolling-origin errors of the mean of value added + PPI over the next
        twelve months (fraction) and ``origins`` their number.
    """
    k = panel.shape[1]
    state = np.array([column[np.isfinite(column)][-1] for column in panel.T])
    rng = np.random.default_rng(DRAWS)
    slopes = np.zeros((DRAWS, k, k))
    intercepts = np.zeros((DRAWS, k))
    residuals = np.full((len(panel), k), np.nan)
    for j in range(k):
        regressors = [0, 1] if j < 2 else [0, 1, j]
        known = np.isfinite(panel[1:, j]) & np.isfinite(panel[:-1, regressors]).all(axis=1)
        mean, covariance, error = _regress(panel[1:, j][known], panel[:-1, regressors][known])
        residuals[1:, j][known] = error
        draw = rng.multivariate_normal(mean, covariance, DRAWS, method="cholesky")
        intercepts[:, j] = draw[:, 0]
        slopes[:, j, regressors] = draw[:, 1:]
    stable = np.abs(np.linalg.eigvals(slopes)).max(axis=1) < ROOT_LIMIT
    joint = residuals[np.isfinite(residuals).all(axis=1)]
    errors = annual_errors(panel[:, :2])
    return {
        "transition": slopes[stable],
        "intercept": intercepts[stable],
        "shock": np.linalg.cholesky(np.cov(joint, rowvar=False)),
        "last": state,
        "annual_sd": np.array(np.sqrt(np.mean(errors**2))),
        "origins": np.array(len(errors)),
    }


def annual_errors(pair: Floats) -> Floats:
    """Errors of the mean of value added + PPI over the next twelve months, rolling origins.

    Parameters
    ----------
    pair : (T, 2) array
        Fractions, gap-free where both are known.
    """
    from statsmodels.tsa.api import VAR  # noqa: PLC0415

    pair = pair[np.isfinite(pair).all(axis=1)]
    errors = []
    for origin in range(FIRST_ORIGIN, len(pair) - HORIZON + 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = VAR(pair[:origin]).fit(1, trend="c")
        ahead = result.forecast(pair[origin - 1 : origin], HORIZON)
        errors.append((pair[origin : origin + HORIZON] - ahead).sum(axis=1).mean())
    return np.array(errors)


def _regress(y: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415
    from statsmodels.tools import add_constant  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = OLS(y, add_constant(x, has_constant="add")).fit()
    return np.asarray(result.params), np.asarray(result.cov_params()), np.asarray(result.resid)
