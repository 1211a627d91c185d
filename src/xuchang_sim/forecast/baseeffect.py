"""Forecast growth over a year from the level behind it: the base of the next twelve months is known.

Growth over a year is the level's twelve-month difference, ``g[t] = x[t] - x[t-12]`` in logarithms. A
slump in the base year is therefore a boom to come, not momentum. The level is a trend with shocks that
stay, shocks that fade, shocks of a single month and a rate of growth that changes slowly; its best
linear unbiased prediction (Goldberger 1962) needs their relative sizes only, and those come from other
panels (`benchmarks/base_effects.py`). A month far off its neighbours (a lockdown, a strike) is an additive
outlier (Chen and Liu 1993): it counts once in its own month and once, reversed, in the base a year later.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

YEAR = 12
#: Variances relative to a lasting shock of one month: of a level's fading part and of its single months,
#: of a month's change in the rate of growth, and of an error in the growth that is published.
FADING, SINGLE, RATE, PUBLISHED = 1.0, 0.5, 0.03, 1.0
#: Shares that are left a month later of the fading part and of a change in the rate of growth.
FADES, LASTS = 0.8, 0.95
#: Robust standard deviations from which a month is an outlier; the last months look like a
#: change that stays.
OUTLIER, OPEN = 5.0, 3
#: Least spread of a month's news, a fraction: growth is published to a tenth of a percent.
_LEAST = 1e-3
#: Share of a candidate that the mean and other outliers must leave unexplained to be tested.
_SEEN = 0.1


def covariance(months: int) -> Floats:
    """Autocovariances of growth over a year, lags 0 to ``months`` - 1.

    With ``V(k)`` the variance of the level's change over k months, that of twelve-month differences
    k months apart is ``(V(k + 12) + V(k - 12)) / 2 - V(k)``.

    Parameters
    ----------
    months : int

    Returns
    -------
    (months,) array
        In units of the variance of a lasting shock.

    Examples
    --------
    >>> [round(float(lag), 1) for lag in covariance(13)[[0, 6, 12]]]
    [19.4, 9.4, 1.0]
    """
    lag = np.arange(months)
    out = (_changes(lag + YEAR) + _changes(np.abs(lag - YEAR))) / 2.0 - _changes(lag)
    out[0] += PUBLISHED
    return np.asarray(out)


def _changes(lag: npt.NDArray[np.int_]) -> Floats:
    """Variance of the level's change over a number of months."""
    fading = 2.0 * FADING * (1.0 - FADES**lag)
    single = 2.0 * SINGLE * (lag > 0)
    rate = (
        lag * (1.0 + LASTS) / (1.0 - LASTS) - 2.0 * LASTS * (1.0 - LASTS**lag) / (1.0 - LASTS) ** 2
    )
    return np.asarray(lag + fading + single + RATE * rate)


def path(growth: Floats, horizon: int, slower: float = 0.0) -> Floats:
    """Growth over a year in the months after those known.

    Parameters
    ----------
    growth : (T,) array
        Growth over a year, fractions above -1, every month known; at least twelve.
    horizon : int
        Months.
    slower : float
        Fraction a year by which the level grows more slowly from now on than it did so far.

    Returns
    -------
    (horizon,) array

    Examples
    --------
    A level grows by 6% a year but for one month that was 10% low; its base effect is foreseen.

    >>> level = 1.06 ** (np.arange(60) / 12)
    >>> level[54] *= 0.9
    >>> [round(float(g), 2) for g in path(level[12:] / level[:-12] - 1, 12)]
    [0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.18, 0.06, 0.06, 0.06, 0.06, 0.06]
    """
    logs = np.log1p(growth)
    inverse, ahead, shapes = _filters(len(growth), horizon)
    white, candidates = inverse @ logs, inverse @ shapes[: len(growth)]
    chosen: list[int] = []
    while True:
        columns = np.concatenate(
            [inverse.sum(axis=1)[:, np.newaxis], candidates[:, chosen]], axis=1
        )
        basis = np.linalg.qr(columns)[0]
        left = white - basis @ (basis.T @ white)
        worst = _outlier(left, candidates - basis @ (basis.T @ candidates), chosen)
        if worst is None or len(chosen) >= len(growth) // YEAR:
            break
        chosen.append(worst)
    sizes = np.linalg.lstsq(columns, white, rcond=None)[0]
    mean = sizes[0] + shapes[len(growth) :, chosen] @ sizes[1:]
    less = slower * np.minimum(np.arange(1, horizon + 1), YEAR) / YEAR
    return np.asarray(np.expm1(mean + ahead @ left) - less)


def _outlier(left: Floats, candidates: Floats, chosen: list[int]) -> int | None:
    """Column of the worst month off its neighbours, if one is far enough off."""
    size = np.sqrt((candidates**2).sum(axis=0))
    seen = size > _SEEN
    seen[len(left) + YEAR - OPEN :] = False
    seen[chosen] = False
    spread = float(np.median(np.abs(left))) / 0.6745  # of a normal distribution
    scores = np.where(seen, np.abs(left @ candidates) / np.where(seen, size, 1.0), 0.0)
    worst = int(np.argmax(scores))
    return worst if scores[worst] > OUTLIER * max(spread, _LEAST) else None


@lru_cache(maxsize=256)
def _filters(known: int, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Inverse root of the covariance, regression of later months on it, and shapes of single months.

    Shapes, (known + horizon, known + 12): a month of the level enters growth once, and a year later
    reversed.
    """
    lags = covariance(known + horizon)
    index = np.arange(known + horizon)
    whole = lags[np.abs(index[:, np.newaxis] - index[:known])]
    inverse = np.linalg.inv(np.linalg.cholesky(whole[:known]))
    month = np.arange(-YEAR, known)
    shapes = (index[:, np.newaxis] == month).astype(float) - (index[:, np.newaxis] == month + YEAR)
    return inverse, whole[known:] @ inverse.T, shapes
