"""Discrepancy: how far the units of a class lie off the nation, learned from the years before.

Growth of a unit in a year is the nation's, plus what the class has in common that year, plus the unit's
own part. The own parts of a year follow Student's law; how wide they are moves from year to year. All of
it starts from the shared priors and is learned from earlier years only (empirical Bayes).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xuchang_sim.deferred import deferred

with deferred():
    from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Discrepancy", "Start", "learn", "sample", "student"]

#: Degrees of freedom among which the tails are chosen; below 3 there is no variance to speak of.
TAILS = (3.0, 4.0, 6.0, 10.0, 30.0)
#: Log standard deviation of the width between years, and how many years that belief is worth (judgement).
SCATTER, SCATTER_YEARS = 0.25, 3.0
#: Standard deviation of what a class has in common off the nation in a year, points, and how many years
#: that belief is worth (judgement: secondary product holds construction and small firms, the nation's
#: monthly series does not).
COMMON, COMMON_YEARS = 2.0, 2.0
LEAST_UNITS = 5
STEPS = 50


class Start(NamedTuple):
    """Shared priors before any year of a class is known; percentage points.

    Parameters
    ----------
    scale, doubt : float
        Width of the units' own parts, and its log standard deviation.
    offset, offset_sd : float
        What the class grows by beyond the nation.
    """

    scale: float
    doubt: float
    offset: float
    offset_sd: float


class Discrepancy(NamedTuple):
    """Posterior of a class at the end of a year; percentage points.

    Parameters
    ----------
    scale : float
        Width of the units' own parts in a middling year: scale of Student's law.
    scatter : float
        Log standard deviation of the width of the next year: between years, and of not knowing `scale`.
    tails : float
        Degrees of freedom of Student's law; 30 is next to normal.
    offset : float
        What the class grows by beyond the nation.
    common : float
        Standard deviation of what the class has in common next year, of not knowing `offset` included.
    years, paired : int
        Years behind the width, and those of them whose national growth is known.
    """

    scale: float
    scatter: float
    tails: float
    offset: float
    common: float
    years: int
    paired: int


def student(values: Floats, tails: float) -> tuple[float, float, float]:
    """Fit Student's law of given degrees of freedom by maximum likelihood (EM).

    Parameters
    ----------
    values : ndarray, shape (n,)
    tails : float
        Degrees of freedom.

    Returns
    -------
    tuple of float
        Centre, scale, and log likelihood.

    References
    ----------
    Liu and Rubin 1995, ML estimation of the t distribution using EM, Statistica Sinica 5, section 2.
    """
    centre = float(np.median(values))
    scale = max(1.4826 * float(np.median(np.abs(values - centre))), 1e-6)
    for _ in range(STEPS):
        weight = (tails + 1.0) / (tails + ((values - centre) / scale) ** 2)
        centre = float((weight * values).sum() / weight.sum())
        scale = max(math.sqrt(float((weight * (values - centre) ** 2).mean())), 1e-6)
    z = (values - centre) / scale
    density = (
        math.lgamma(0.5 * (tails + 1.0))
        - math.lgamma(0.5 * tails)
        - 0.5 * math.log(math.pi * tails)
        - math.log(scale)
    )
    whole = len(values) * density - 0.5 * (tails + 1.0) * float(np.log1p(z * z / tails).sum())
    return centre, scale, whole


def learn(growth: Mapping[int, Floats], nation: Mapping[int, float], start: Start) -> Discrepancy:
    """Learn the discrepancy of a class from its years.

    Widths of years are lognormal around one that starts at the prior's; the offsets of years are normal
    around one that starts at the prior's. How much either moves is estimated with the stated beliefs.

    Parameters
    ----------
    growth : mapping of int to ndarray
        Growth of the units by year, points, nothing missing. Years with fewer than five are left out.
    nation : mapping of int to float
        National growth of years that are complete, points.
    start : Start

    Returns
    -------
    Discrepancy
        From no years, the prior's.
    """
    years = {year: values for year, values in growth.items() if len(values) >= LEAST_UNITS}
    fits = {tails: [student(values, tails) for values in years.values()] for tails in TAILS}
    tails = max(TAILS, key=lambda df: (math.fsum(item[2] for item in fits[df]), df))
    logs = np.log([item[1] for item in fits[tails]])
    apart = float(((logs - logs.mean()) ** 2).sum()) if years else 0.0
    freedom = SCATTER_YEARS + max(len(logs) - 1, 0)
    between = math.sqrt((SCATTER_YEARS * SCATTER**2 + apart) / freedom)
    sure = 1.0 / start.doubt**2 + len(logs) / between**2
    centre = (math.log(start.scale) / start.doubt**2 + float(logs.sum()) / between**2) / sure
    middles = dict(zip(years, (item[0] for item in fits[tails]), strict=True))
    gaps = np.array([middles[year] - nation[year] for year in years if year in nation])
    offset, variance = start.offset, COMMON**2
    for _ in range(STEPS):  # offset and variance of a year's own depend on one another
        known = 1.0 / start.offset_sd**2 + len(gaps) / variance
        offset = (start.offset / start.offset_sd**2 + float(gaps.sum()) / variance) / known
        squares = COMMON_YEARS * COMMON**2 + float(((gaps - offset) ** 2).sum())
        variance = squares / (COMMON_YEARS + len(gaps))
    doubt = 1.0 / (1.0 / start.offset_sd**2 + len(gaps) / variance)
    return Discrepancy(
        math.exp(centre),
        math.sqrt(between**2 + 1.0 / sure),
        tails,
        offset,
        math.sqrt(variance + doubt),
        len(logs),
        len(gaps),
    )


def sample(discrepancy: Discrepancy, uniform: Floats) -> Floats:
    """Growth beyond the nation's of units of the class next year, percentage points.

    Parameters
    ----------
    discrepancy : Discrepancy
    uniform : ndarray, shape (n, 3)
        Levels between 0 and 1, independent by column: of the width, the common part, a unit's own.

    Returns
    -------
    ndarray, shape (n,)
    """
    scale = discrepancy.scale * np.exp(discrepancy.scatter * special.ndtri(uniform[:, 0]))
    common = discrepancy.offset + discrepancy.common * special.ndtri(uniform[:, 1])
    return np.asarray(common + scale * special.stdtrit(discrepancy.tails, uniform[:, 2]))
