"""Binomial tolerance of measured coverage, conformal order statistics, and calibration by them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


#: Origins from which a forecast is calibrated: the fewest that support an 80% interval.
LEAST_ORIGINS = 4


class TooFewResidualsError(ValueError):
    """A level cannot be had with this number of calibration residuals."""


def binomial_band(p: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Shares between which k of n hits fall by chance alone if the true share is ``p``."""
    if n == 0:
        return 0.0, 1.0
    tail = (1.0 - confidence) / 2.0
    cumulative = np.cumsum(
        [
            math.exp(
                math.lgamma(n + 1)
                - math.lgamma(k + 1)
                - math.lgamma(n - k + 1)
                + k * math.log(p)
                + (n - k) * math.log1p(-p)
            )
            for k in range(n + 1)
        ]
    )
    low = int(np.searchsorted(cumulative, tail, side="right"))
    high = int(np.searchsorted(cumulative, 1.0 - tail, side="left"))
    return low / n, min(high, n) / n


def conformal_radius(residuals: Floats, level: float) -> float:
    """Half-width that covers a new exchangeable residual with at least ``level``.

    It is the ``ceil((m + 1) * level)``-th smallest of m absolute residuals, exactly.

    Raises
    ------
    TooFewResidualsError
        If that order statistic does not exist: ``m >= level / (1 - level)`` is needed.
    """
    sizes = np.sort(np.abs(np.asarray(residuals, dtype=float)))
    if not np.isfinite(sizes).all():
        msg = "residuals must be finite"
        raise ValueError(msg)
    if not 0.0 < level < 1.0:
        msg = f"level {level}; allowed: above 0, below 1"
        raise ValueError(msg)
    rank = math.ceil(round((len(sizes) + 1) * level, 9))
    if rank > len(sizes):
        needed = math.ceil(round(level / (1.0 - level), 9))
        msg = f"{level:.0%} needs at least {needed} residuals, {len(sizes)} given"
        raise TooFewResidualsError(msg)
    return float(sizes[rank - 1])


def calibrate(sample: Floats, pits: Floats, origins: int) -> Floats:
    """Stretch a forecast until its central intervals hold what they held at past origins.

    A past value with probability integral transform u lies inside the central interval of level
    2 |u - 1/2|, and outside all smaller ones. The interval of level k / (m + 1) that is told is the
    one which held the k-th of m past values, counted from the middle: distributional conformal
    prediction (Chernozhukov, Wüthrich and Zhu 2021), exact if past and future values are
    exchangeable; between these levels lines are drawn. Values of one origin hang together, so it is
    the number of origins that says which levels can be had: up to origins / (origins + 1). Beyond
    them the forecast's own levels stay, never inside a calibrated one.

    Parameters
    ----------
    sample : (n, H) array
        Draws of the next H steps. Their ranks at every step, and so their paths, are kept.
    pits : (m,) array
        Probability integral transforms of past values, in (0, 1).
    origins : int
        Number of origins they come from; with fewer than :data:`LEAST_ORIGINS` the sample stays.
    """
    if origins < LEAST_ORIGINS:
        return sample
    count = len(sample)
    places = (np.arange(count) + 0.5) / count
    levels = np.abs(2.0 * places - 1.0)
    held = np.sort(2.0 * np.abs(pits - 0.5))
    told = np.interp(levels, np.arange(len(held) + 1) / (len(held) + 1), [0.0, *held])
    told = np.where(levels <= origins / (origins + 1), told, levels)
    outward = np.argsort(levels, kind="stable")
    told[outward] = np.maximum.accumulate(told[outward])
    edge = 0.5 / count
    wanted = np.clip(0.5 + 0.5 * np.sign(places - 0.5) * told, edge, 1.0 - edge)
    out = np.empty_like(sample)
    order = np.argsort(sample, axis=0, kind="stable")
    np.put_along_axis(out, order, np.quantile(sample, wanted, axis=0), axis=0)
    return out
