"""Binomial tolerance of measured coverage, and conformal order statistics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.text import phrase

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


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
        msg = phrase("series.finite")
        raise ValueError(msg)
    if not 0.0 < level < 1.0:
        msg = phrase("series.level", level=level)
        raise ValueError(msg)
    rank = math.ceil(round((len(sizes) + 1) * level, 9))
    if rank > len(sizes):
        needed = math.ceil(round(level / (1.0 - level), 9))
        msg = phrase("series.residuals", level=level, needed=needed, sizes=len(sizes))
        raise TooFewResidualsError(msg)
    return float(sizes[rank - 1])
