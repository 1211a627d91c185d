"""Panels: growth of many cities or provinces by year, and what simple forecasts would have made of them.

A panel has no licence and is not shipped. A forecast of the next year needs, by last year known:
mean of that year, a pooled AR(1), and the spread of the errors each simple forecast has made.
"""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.files import write
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

with deferred():
    from scipy import special

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Tables of a panel's folder: class of growth, column of the unit, column of the value (%).
TABLES = {
    "city_secondary_growth_to_2011.csv": ("industry", "city", "sec_growth"),
    "city_secondary_growth_2015_2021_development.csv": ("industry", "city", "sec_growth"),
    "province_fai_yoy_to_2011.csv": ("fai", "province", "fai_yoy"),
    "province_fai_yoy_2015_2022.csv": ("fai", "province", "fai_yoy"),
}
#: Description of the tables, for readers of numbers derived from them.
SOURCES = {
    "industry": (
        "growth of nominal secondary product of prefecture cities, city_secondary_growth panels to"
        " 2011 and 2015-2021 (no licence: not shipped)"
    ),
    "fai": (
        "NBS provincial growth of fixed-asset investment, github:common2016/CapitalStock, 1992-2011"
        " and 2015-2022"
    ),
}
#: First year used: earlier ones have other price regimes and few units.
FIRST_YEAR = {"industry": 1999, "fai": 2003}
LEAST_PAIRS = 30
NAMES = ("persistence", "ar1", "panel_mean")


class Panel(NamedTuple):
    """Growth by unit and year, percentage points: (units, years), NaN where missing."""

    kind: str
    years: tuple[int, ...]
    units: tuple[str, ...]
    growth: Floats


class Null(NamedTuple):
    """Inputs of simple forecasts of the year after ``last_year``; percentage points.

    Parameters
    ----------
    kind : str
        ``industry`` (nominal growth of secondary product, cities) or ``fai`` (provinces).
    mean : float
        Mean of the last year known.
    intercept, slope, ar1_sd : float
        Pooled AR(1), least squares over all pairs of years known, and its residual sd.
    persistence_sd, panel_mean_sd : float
        Root mean square of the errors that persistence and last year's panel mean have made.
    n, years : int
        Pairs of years and years behind them.
    """

    kind: str
    last_year: int
    mean: float
    intercept: float
    slope: float
    ar1_sd: float
    persistence_sd: float
    panel_mean_sd: float
    n: int
    years: int

    def forecast(self, name: str, last: float | None) -> tuple[float, float] | None:
        """Mean and sd of one simple forecast, points; None if it needs the last growth and has none."""
        if name == "panel_mean":
            return self.mean, self.panel_mean_sd
        if name == "ar1":
            return self.intercept + self.slope * (self.mean if last is None else last), self.ar1_sd
        return None if last is None else (last, self.persistence_sd)


def read_panel(path: Path, kind: str, unit: str, value: str) -> Panel:
    """Read a growth table in long form.

    Raises
    ------
    InputError
        If the file cannot be read, or a row has no year.
    """
    cells: dict[tuple[str, int], float] = {}
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                number += 1
                text = (row.get(value) or "").strip()
                if text and int(row["year"]) >= FIRST_YEAR[kind]:
                    cells[row[unit], int(row["year"])] = float(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            [Problem(str(path), "", 0, phrase("file.unread_why", error=error))]
        ) from None
    except (ValueError, KeyError, TypeError):
        message = phrase("panel.columns", unit=unit, value=value)
        raise InputError([Problem(str(path), "", number, message)]) from None
    if not cells:
        raise InputError([Problem(str(path), "", 0, phrase("panel.no_growth", value=value))])
    units = tuple(sorted({name for name, _ in cells}))
    named = sorted({year for _, year in cells})
    years = tuple(range(named[0], named[-1] + 1))
    growth = np.full((len(units), len(years)), np.nan)
    rows = {name: i for i, name in enumerate(units)}
    for (name, year), x in cells.items():
        growth[rows[name], year - years[0]] = x
    return Panel(kind, years, units, growth)


def read_panels(folder: Path) -> list[Panel]:
    """Read the growth tables that a folder holds.

    Raises
    ------
    InputError
        If it holds none of :data:`TABLES`, or one cannot be read.
    """
    panels = [
        read_panel(folder / name, *columns)
        for name, columns in TABLES.items()
        if (folder / name).is_file()
    ]
    if not panels:
        message = phrase("panel.none", tables=", ".join(TABLES))
        raise InputError([Problem(str(folder), "", 0, message)])
    return panels


def nulls(panel: Panel) -> list[Null]:
    """Simple forecasts by last year known, each from that year and earlier ones only.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    list of Null
        One for each year by which three years are known.
    """
    out = []
    for last in range(2, len(panel.years)):
        before, after = panel.growth[:, :last], panel.growth[:, 1 : last + 1]
        means = _column_means(panel.growth[:, :last])
        both = np.isfinite(before) & np.isfinite(after)
        x, y = before[both], after[both]
        if len(x) < LEAST_PAIRS:
            continue
        slope = float(np.cov(x, y, ddof=1)[0, 1] / x.var(ddof=1))
        intercept = float(y.mean() - slope * x.mean())
        known = np.isfinite(after) & np.isfinite(means)[None, :]
        errors = (after - means[None, :])[known]
        here = panel.growth[:, last]
        out.append(
            Null(
                panel.kind,
                panel.years[last],
                float(here[np.isfinite(here)].mean()),
                intercept,
                slope,
                float(np.sqrt(((y - intercept - slope * x) ** 2).mean())),
                float(np.sqrt(((y - x) ** 2).mean())),
                float(np.sqrt((errors**2).mean())),
                len(x),
                last,
            )
        )
    return out


def _column_means(table: Floats) -> Floats:
    """Means over units by year, NaN where a year has none."""
    there = np.isfinite(table)
    count = there.sum(axis=0)
    total = np.where(there, table, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def normal_crps(mean: Floats, sd: Floats, actual: Floats) -> Floats:
    """CRPS of normal forecasts (Gneiting and Raftery 2007, equation 21)."""
    z = (actual - mean) / sd
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return np.asarray(
        sd * (z * (2.0 * special.ndtr(z) - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi))
    )


def null_scores(panel: Panel, years: Iterable[int]) -> dict[str, Floats]:
    """Mean CRPS of the simple forecasts by year forecast, points.

    Returns
    -------
    mapping of str to ndarray, shape (years,)
        By name of the forecast; NaN where it cannot be made.
    """
    by_year = {null.last_year + 1: null for null in nulls(panel)}
    wanted = list(years)
    out = {name: np.full(len(wanted), np.nan) for name in NAMES}
    for i, year in enumerate(wanted):
        null = by_year.get(year)
        if null is None or year not in panel.years:
            continue
        column = panel.years.index(year)
        last, actual = panel.growth[:, column - 1], panel.growth[:, column]
        both = np.isfinite(last) & np.isfinite(actual)
        x, y = last[both], actual[both]
        ahead = {
            "persistence": (x, null.persistence_sd),
            "ar1": (null.intercept + null.slope * x, null.ar1_sd),
            "panel_mean": (np.full_like(x, null.mean), null.panel_mean_sd),
        }
        for name, (mean, sd) in ahead.items():
            out[name][i] = normal_crps(mean, np.full_like(mean, sd), y).mean()
    return out


def write_nulls(nulls: Iterable[Null], path: Path, sources: Mapping[str, str]) -> None:
    """Write simple forecasts as a table: numbers with their derivation, never the panel itself."""
    derivation = "computed by answers.panels.nulls from that year and earlier ones"
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow([*Null._fields, "source", "derivation"])
    for null in nulls:
        cells = [f"{x:.4f}" if isinstance(x, float) else x for x in null]
        out.writerow([*cells, sources.get(null.kind, ""), derivation])
    write(path, text.getvalue())


def read_nulls(path: Path) -> list[Null]:
    """Read what :func:`write_nulls` wrote."""
    nulls = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values: dict[str, Any] = {name: float(row[name]) for name in Null._fields[2:8]}
            values |= {name: int(row[name]) for name in ("last_year", "n", "years")}
            nulls.append(Null(kind=row["kind"], **values))
    return nulls
