"""Paired runs: what was predetermined on the eve of the plan, and what the levers moved.

Both compare the same replicates run twice, which is sharper than comparing two samples.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xuchang_sim.answer import MaybeNan
from xuchang_sim.simulation.results import Results

Array = npt.NDArray[np.float64]

#: Outcomes whose predetermined and moved parts are reported.
PREDETERMINED = ("revenue", "fai")
#: Outcomes whose change by the levers is reported: revenue as reported and real, side by side.
MOVED = ("revenue", "revenue_real", "fai")


class Moved(NamedTuple):
    """Effect of the levers against their absent levels, means over paired replicates.

    The part that was only brought forward is classified by project:
    :mod:`xuchang_sim.answers.forward`.
    """

    this_year: MaybeNan
    this_year_se: MaybeNan
    next_year: MaybeNan
    next_year_se: MaybeNan


class Predetermined(NamedTuple):
    """Predetermined share of an outcome on the eve of the plan.

    ``variance`` is the share of the outcome's variance fixed by the state, with its standard
    error; parameters belong to the state. ``level`` is the mean outcome without any later start
    over the mean outcome.
    """

    variance: MaybeNan
    variance_se: MaybeNan
    level: MaybeNan


def predetermined_by_year(
    base: Results, again: Results, shut: Results, name: str
) -> dict[int, Predetermined]:
    """Measure how much of an outcome was predetermined at the branch, by year.

    Two continuations of the same state are independent given the state, so that the covariance
    of their outcomes is the variance of the conditional mean.
    """
    n, m = len(again.good), len(shut.good)
    twice, closed = base.good[:n] & again.good, base.good[:m] & shut.good
    shares = {}
    for y, year in enumerate(base.setup.years):
        if year < base.setup.pack.plan_year:
            continue
        mine = base.outcomes[name][:, y]
        one, two = mine[:n][twice], again.outcomes[name][twice, y]
        share = correlation(one, two)
        error = (1.0 - share**2) / math.sqrt(max(1, len(one) - 1))
        level = shut.outcomes[name][closed, y].mean() / mine[:m][closed].mean()
        shares[year] = Predetermined(share, error, float(level))
    return shares


def compare_years(base: Results, without: Results, name: str) -> Moved:
    """Gain of the plan's year and of the next, over the replicates of both runs."""
    n = min(len(base.good), len(without.good))
    both = base.good[:n] & without.good[:n]
    years = base.setup.years
    this = years.index(base.setup.pack.plan_year)
    gain = (base.outcomes[name][:n] - without.outcomes[name][:n])[both]
    count = max(1, len(gain))

    def mean_and_error(values: Array) -> tuple[float, float]:
        spread = values.std(ddof=1) / math.sqrt(count) if count > 1 else math.nan
        return float(values.mean()), float(spread)

    first, first_se = mean_and_error(gain[:, this])
    if this + 1 >= len(years):
        return Moved(first, first_se, math.nan, math.nan)
    return Moved(first, first_se, *mean_and_error(gain[:, this + 1]))


def correlation(one: Array, two: Array) -> float:
    """Correlation of two passes; of fewer than three replicates, or of constants, there is none."""
    if len(one) < 3 or np.ptp(one) == 0.0 or np.ptp(two) == 0.0:
        return math.nan
    a, b = one - one.mean(), two - two.mean()
    correlation = float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))
    return min(max(correlation, -1.0), 1.0)
