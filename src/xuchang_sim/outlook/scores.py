"""Scores of sampled forecasts: CRPS, pinball, Winkler, MASE, coverage, PIT, Diebold-Mariano."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def crps(sample: Floats, actual: Floats, weights: Floats | None = None) -> Floats:
    """Continuous ranked probability score of samples, unit of the values, smaller is better.

    Parameters
    ----------
    sample : (n, ...) array
    actual : (...) array
    weights : (n,) array, optional
        Weights of the draws; equal by default, when the fair correction n/(n-1) of the
        spread term is made.
    """
    n = len(sample)
    order = np.argsort(sample, axis=0)
    x = np.take_along_axis(sample, order, axis=0)
    if weights is None:
        near = np.abs(x - actual).mean(axis=0)
        rank = (2 * np.arange(1, n + 1) - n - 1).reshape(-1, *[1] * (x.ndim - 1))
        spread = 2.0 * np.sum(rank * x, axis=0) / (n * (n - 1))
        return np.asarray(near - spread / 2.0)
    w = weights / weights.sum()
    w_sorted = w[order]
    below = np.cumsum(w_sorted, axis=0) - w_sorted
    near = np.sum(w_sorted * np.abs(x - actual), axis=0)
    spread = 2.0 * np.sum(w_sorted * x * (2.0 * below + w_sorted - 1.0), axis=0)
    return np.asarray(near - spread / 2.0)
