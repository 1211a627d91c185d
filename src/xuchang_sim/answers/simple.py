"""Simple forecasts from the same information: persistence, AR(1), last year's mean, target times attainment.

They are what a model has to beat. Each is a normal law of growth, in percentage points.
"""

from __future__ import annotations

import csv
import math
import statistics
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from xuchang_sim.answers.panels import Null, read_nulls

__all__ = ["PANELLED", "SIMPLE", "Normal", "best_simple", "known_null", "simple_forecasts"]

#: Simple forecasts, in the order in which they are shown.
SIMPLE = ("persistence", "ar1", "panel_mean", "attainment")
#: Totals of the model whose growth a panel is of (profit, tax and workers have none), and how much further a
#: zone lies from a forecast than a unit of the panel, standard deviation in points: zones are held to be
#: 1.2 times as wide as cities (source of `market_sd`; 7.1 beside 10.7); in investment they were 12.7 points
#: off their province in early 2012, and a zone's year is one or two large projects (judgement).
PANELLED = {"revenue": 7.1, "fai": 12.7}
#: Standard deviations of a year's change beyond which last year's growth is taken at that distance from the
#: panel's mean: the panel holds next to no unit there, and an AR(1) of it says nothing.
FARTHEST = 2.0
#: Standard deviation of what a published figure differs from the same scope, points.
SCOPE_POINTS = 5.0
#: Share of the target reached and its sd where no plan with an outcome was published (judgement).
ATTAINED, ATTAINED_SD = 1.0, 0.15
LEAST_ATTAINED_SD = 0.10
#: A year's figures of cities and provinces are out by this day of the next year.
ANNUAL_RELEASE = (2, 28)


class Normal(NamedTuple):
    """A normal law of growth over the base, percentage points."""

    mean: float
    sd: float

    def with_scope(self) -> Normal:
        """Return the law of the published figure: with the error of its scope."""
        return Normal(self.mean, math.hypot(self.sd, SCOPE_POINTS))


@lru_cache(maxsize=1)
def _nulls() -> tuple[Null, ...]:
    return tuple(read_nulls(Path(__file__).with_name("nulls.csv")))


def known_null(kind: str, day: date) -> Null | None:
    """Simple forecasts of the latest panel published by a day.

    Parameters
    ----------
    kind : str
        ``industry`` or ``fai``.
    day : date
        Information date.

    Returns
    -------
    Null or None
        None if no panel of three years was out.
    """
    last = day.year - (1 if (day.month, day.day) >= ANNUAL_RELEASE else 2)
    nulls = [null for null in _nulls() if null.kind == kind and null.last_year <= last]
    return max(nulls, key=lambda null: null.last_year, default=None)


@lru_cache(maxsize=256)
def attainment(family: str, day: date) -> Normal:
    """Share of their targets that plans have reached, as published by a day: mean and sd."""
    with Path(__file__).with_name("attainment.csv").open(encoding="utf-8", newline="") as file:
        ratios = [
            float(row["ratio"])
            for row in csv.DictReader(file)
            if row["family"] == family and date.fromisoformat(row["published"]) <= day
        ]
    if not ratios:
        return Normal(ATTAINED, ATTAINED_SD)
    sd = statistics.stdev(ratios) if len(ratios) > 1 else ATTAINED_SD
    return Normal(statistics.fmean(ratios), max(sd, LEAST_ATTAINED_SD))


def simple_forecasts(
    measure: str, day: date, last: float | None, target: float | None
) -> dict[str, Normal]:
    """Simple forecasts of what a growth or level will be published as.

    Parameters
    ----------
    measure : str
        Total of the model: ``fai``, or another, which counts as output.
    day : date
        Information date.
    last : float or None
        Growth of the base year, points, if it was published.
    target : float or None
        What the plan asks for, as growth over the base, points.

    Returns
    -------
    mapping of str to Normal
        By name of :data:`SIMPLE`; those for which too little is known are left out.

    Examples
    --------
    >>> laws = simple_forecasts("revenue", date(2012, 4, 25), 20.0, None)
    >>> {name: f"{law.mean:.1f}" for name, law in laws.items()}
    {'persistence': '20.0', 'ar1': '19.4', 'panel_mean': '25.4'}
    """
    forecasts: dict[str, Normal] = {}
    investment = measure == "fai"
    null = known_null("fai" if investment else "industry", day)
    if null:
        for name in ("persistence", "ar1", "panel_mean"):
            if law := null.forecast(name, last):
                forecasts[name] = Normal(*law).with_scope()
    if target is not None:
        share = attainment("fai" if investment else "output", day)
        level = 1.0 + target / 100.0
        mean, sd = 100.0 * (share.mean * level - 1.0), 100.0 * share.sd * level
        forecasts["attainment"] = Normal(mean, sd).with_scope()
    return forecasts


def best_simple(measure: str, day: date, last: float | None) -> tuple[str, Normal] | None:
    """Simple forecast whose errors had been smallest on the panel that was out by a day, for a zone.

    Parameters
    ----------
    measure, day, last
        As in :func:`simple_forecasts`.

    Returns
    -------
    tuple of str and Normal, or None
        Wider than that of a unit of the panel, and no further from its mean than the panel reaches. None
        if no panel is of this growth, or none was out.

    Examples
    --------
    >>> name, law = best_simple("fai", date(2012, 4, 25), 115.0)
    >>> name, f"{law.mean:.0f} ± {law.sd:.0f}"
    ('ar1', '37 ± 16')
    """
    null = known_null("fai" if measure == "fai" else "industry", day)
    if measure not in PANELLED or null is None:
        return None
    if last is not None:
        reach = FARTHEST * null.persistence_sd
        last = min(max(last, null.mean - reach), null.mean + reach)
    laws = simple_forecasts(measure, day, last, None)
    name = min(laws, key=lambda known: laws[known].sd)
    law = laws[name]
    return name, Normal(law.mean, math.hypot(law.sd, PANELLED[measure]))
