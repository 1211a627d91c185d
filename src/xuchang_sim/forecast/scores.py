"""Scores of sampled forecasts: CRPS, pinball, Winkler, MASE, coverage, PIT, Diebold-Mariano."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred

with deferred():
    from scipy import special

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


def pinball(quantile: Floats, level: float, actual: Floats) -> Floats:
    """Pinball loss of a quantile, unit of the values."""
    gap = actual - quantile
    return np.asarray(np.maximum(level * gap, (level - 1.0) * gap))


def winkler(low: Floats, high: Floats, actual: Floats, level: float) -> Floats:
    """Winkler score of an interval: width, plus 2/(1 - level) times what lies outside."""
    outside = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
    return np.asarray(high - low + 2.0 / (1.0 - level) * outside)


def naive_scale(values: Floats, cycle: int = 1) -> float:
    """Mean absolute (seasonal) step of a series, the unit of MASE and of scaled CRPS."""
    steps = np.abs(values[cycle:] - values[:-cycle])
    steps = steps[np.isfinite(steps)]
    scale = float(steps.mean()) if len(steps) else 0.0
    return scale if scale > 0 else 1.0


def pit(sample: Floats, actual: float, rng: np.random.Generator) -> float:
    """Probability integral transform, randomised where draws tie with the outcome."""
    below, equal = float(np.mean(sample < actual)), float(np.mean(sample == actual))
    return below + equal * float(rng.uniform())


def uniformity(values: Floats, bins: int = 5) -> float:
    """P value of a chi-square test that PIT values are uniform (1 with fewer than 25)."""
    if len(values) < 5 * bins:
        return 1.0
    counts, _ = np.histogram(values, bins=bins, range=(0.0, 1.0))
    expected = len(values) / bins
    return float(special.chdtrc(bins - 1, float(np.sum((counts - expected) ** 2) / expected)))


def diebold_mariano(loss: Floats, other: Floats, overlap: int) -> tuple[float, float]:
    """Test that two forecasts lose equally, with Newey-West variance.

    Parameters
    ----------
    loss, other : (R,) arrays
        Losses in order of origins.
    overlap : int
        Lags of the variance: the number of origins a forecast overlaps.

    Returns
    -------
    (statistic, p)
        Negative when the first is better; p two-sided, Student-t with R - 1 degrees after the
        small-sample factor of Harvey, Leybourne and Newbold. (0, 1) when they never differ or
        there are fewer than four origins.
    """
    gap = np.asarray(loss, dtype=float) - np.asarray(other, dtype=float)
    count = len(gap)
    if count < 4 or np.allclose(gap, 0.0):
        return 0.0, 1.0
    centred = gap - gap.mean()
    lags = min(overlap, count - 2)
    variance = float(centred @ centred) / count
    for lag in range(1, lags + 1):
        weight = 1.0 - lag / (lags + 1.0)
        variance += 2.0 * weight * float(centred[lag:] @ centred[:-lag]) / count
    if variance <= 0.0:
        return 0.0, 1.0
    steps = lags + 1
    correction = (count + 1 - 2 * steps + steps * (steps - 1) / count) / count
    statistic = float(gap.mean() / np.sqrt(variance / count)) * float(np.sqrt(max(correction, 0.1)))
    return statistic, float(2.0 * special.stdtr(count - 1, -abs(statistic)))
