"""Chinese calendar conventions, handled once: no January, year-to-date sums, seasons, indices.

Months are counted as ``12 * year + month - 1`` ("month number"); missing values are NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FLOW_MIN_YEARS = 2


def month_number(text: str) -> int:
    """Month number of ``YYYY-MM``.

    Raises
    ------
    ValueError
        If the text is not a month.
    """
    year, dash, month = text.partition("-")
    if not (dash and len(year) == 4 and len(month) == 2 and (year + month).isdecimal()):
        msg = phrase("series.not_a_month", text=text)
        raise ValueError(msg)
    if not 1 <= int(month) <= 12:
        msg = phrase("series.month_number", text=text)
        raise ValueError(msg)
    return 12 * int(year) + int(month) - 1


def month_text(number: int) -> str:
    """``YYYY-MM`` of a month number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def dense(values: Mapping[str, float]) -> tuple[int, Floats]:
    """First month number and gap-free array (NaN where a month is missing)."""
    numbers = {month_number(month): float(value) for month, value in values.items()}
    first, last = min(numbers), max(numbers)
    out = np.full(last - first + 1, np.nan)
    for number, value in numbers.items():
        out[number - first] = value
    return first, out


def fill_january(first: int, values: Floats) -> Floats:
    """Give a missing January the February figure (published as January-February)."""
    out = values.copy()
    for i in range(len(out) - 1):
        if (first + i) % 12 == 0 and np.isnan(out[i]):
            out[i] = out[i + 1]
    return out


def from_year_to_date(first: int, values: Floats) -> Floats:
    """Monthly flows of year-to-date sums; without January, the sum January-February is halved.

    A month whose predecessor is missing is NaN (except as said); the sum over known months of
    a gap-free year equals the year's last sum.
    """
    out = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        month = (first + i) % 12
        before = values[i - 1] if i else np.nan
        if month == 0:
            out[i] = value
        elif month == 1 and np.isnan(before):
            out[i] = value / 2
            if i:
                out[i - 1] = value / 2
        else:
            out[i] = value - before
    return out


def year_on_year(values: Floats) -> Floats:
    """Growth over the same month of the year before, as a fraction (NaN in the first year)."""
    out = np.full(len(values), np.nan)
    out[12:] = values[12:] / values[:-12] - 1.0
    return out


def seasonal_factors(first: int, values: Floats) -> Floats:
    """Twelve multiplicative factors, January first, detrended, mean exactly 1.

    Every month is divided by a local trend, the centred 12-month geometric mean or, where it
    does not reach (half a year at either end), the log-linear trend of the whole. A month's
    factor is the median of these ratios over the years.

    Raises
    ------
    ValueError
        If less than two years are given, or a value is not positive, or a month never occurs.
    """
    logs = np.log(_positive(values))
    known = np.isfinite(logs)
    if known.sum() < 12 * FLOW_MIN_YEARS:
        msg = phrase("series.season_years")
        raise ValueError(msg)
    time = np.arange(len(logs), dtype=float)
    month = (first + np.arange(len(logs))) % 12
    trend = _trend(time, logs, month, known)
    factors = np.array([_median((logs - trend)[known & (month == m)]) for m in range(12)])
    if not np.isfinite(factors).all():
        msg = phrase("series.season_months")
        raise ValueError(msg)
    return _mean_one(np.exp(factors))


def fai_season(values: Mapping[str, float], years: tuple[int, int] | None = None) -> list[float]:
    """Seasonal factors of a year-to-date investment series.

    Parameters
    ----------
    values : mapping of ``YYYY-MM`` to the year's sum to date
        Any money unit; there is no January figure, January and February share one factor.
    years : (int, int), optional
        First and last year to use; default all complete years.

    Returns
    -------
    list of 12 floats
        January first; their mean is exactly 1, January equals February.
    """
    first, totals = dense(values)
    start = first - first % 12
    totals = np.concatenate([np.full(first - start, np.nan), totals])
    flows = from_year_to_date(start, totals)
    year = (start + np.arange(len(flows))) // 12
    years_on = range(start // 12, (start + len(flows) - 1) // 12 + 1)
    complete = [y for y in years_on if np.isfinite(flows[year == y]).sum() == 12]
    low, high = years or (complete[0], complete[-1]) if complete else (0, 0)
    keep = np.isin(year, [y for y in complete if low <= y <= high])
    if not keep.any():
        msg = phrase("series.no_year")
        raise ValueError(msg)
    factors = seasonal_factors(
        start + int(np.flatnonzero(keep)[0]), flows[keep.argmax() : len(keep) - keep[::-1].argmax()]
    )
    factors[:2] = factors[:2].mean()
    return [float(x) for x in _mean_one(factors)]


def index_from_growth(growth: Floats, beta: float | Sequence[float] = 1.0) -> Floats:
    """Index (first month's predecessor = 1) of year-on-year growth spread evenly over months.

    A month moves by ``log(1 + beta * growth) / 12``. ``growth`` may be (..., T); several betas
    add a last axis.
    """
    betas = np.asarray(beta, dtype=float)
    scaled = growth[..., np.newaxis] * betas if betas.ndim else growth * betas
    axis = -2 if betas.ndim else -1
    return np.asarray(np.exp(np.cumsum(np.log1p(scaled) / 12.0, axis=axis)))


def _median(values: Floats) -> float:
    """Median, NaN of nothing; numpy's loads its masked arrays, which nothing else here needs."""
    ranked = np.sort(values)
    n = len(ranked)
    return float(ranked[(n - 1) // 2] + ranked[n // 2]) / 2.0 if n else math.nan


def _positive(values: Floats) -> Floats:
    if np.any(values <= 0):
        msg = phrase("series.positive_season")
        raise ValueError(msg)
    return values


def _trend(
    time: Floats, logs: Floats, month: npt.NDArray[np.int_], known: npt.NDArray[np.bool_]
) -> Floats:
    dummies = (month[:, np.newaxis] == np.arange(12)).astype(float)
    design = np.column_stack([time, dummies])
    solution, *_ = np.linalg.lstsq(design[known], logs[known], rcond=None)
    level = float(np.mean(solution[1:]))
    trend = level + solution[0] * time
    weights = np.r_[0.5, np.ones(11), 0.5] / 12.0
    for i in range(6, len(logs) - 6):
        window = logs[i - 6 : i + 7]
        if np.isfinite(window).all():
            trend[i] = float(weights @ window)
    return np.asarray(trend)


def _mean_one(factors: Floats) -> Floats:
    """Scale to mean 1, exactly: on a grid of 2**-30 sums are free of rounding.

    Factors that differ in their last digits, as by another processor's logarithm, come out the same.
    """
    grid = 2.0**30
    out = np.round(factors / factors.mean() * grid) / grid
    out[int(out.argmax())] += len(out) - out.sum()
    return np.asarray(out)
