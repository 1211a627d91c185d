"""Forecast one series or the joint panel, and say in plain numbers how good that has been."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.forecast.series import (
    Regular,
    SeriesError,
    changes_of_coverage,
    history,
    read_series,
    regular,
)
from xuchang_sim.forecast.spread import LEAST_ORIGINS
from xuchang_sim.forecast.tolerance import binomial_band
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from xuchang_sim.forecast.profile import Assume

    Floats = npt.NDArray[np.float64]

#: Quantiles that are printed.
QUANTILES = tuple(round(0.05 * i, 2) for i in range(1, 20))
#: Endings of files that a folder of series may hold.
FILES = (".csv", ".tsv", ".txt", ".xlsx")
MAX_HORIZON = {1: 10, 4: 16, 12: 36}


def series_outlook(
    path: str | Path,
    horizon: int,
    as_of: str | None = None,
    assume: Assume | None = None,
    column: str = "",
) -> dict[str, Any]:
    """Forecast any annual, quarterly or monthly series in a file.

    Parameters
    ----------
    path : path
        CSV file or workbook in any form that `xuchang_sim.pack.tables` reads: dates like 2011, 2011Q4,
        2012-03, 2012年3月 or ISO days.
    horizon : int
        Number of steps. A period of the year that the series never has (a missing January)
        is no step.
    as_of : str, optional
        ``YYYY-MM-DD``; periods that end later are not seen.
    assume : Assume, optional
        What the user says the series is: sum to date, level or rate, seasonal or not.
    column : str
        Header of the values where several columns have them.

    Returns
    -------
    dict
        ``quantiles`` {"0.05": [one value a step] … "0.95"}, ``weights`` {family of models: w}, ``coverage``
        [{nominal, measured, origins, values, low, high}] (measured is None from fewer than twelve
        origins), ``verdict`` {what, factor, text}, ``dates`` of the steps, ``series`` (what it was found
        to be), ``assumed`` (each with its reason) and ``notes``.

    Raises
    ------
    SeriesError
        Named by its subclass, with file and line.
    """
    day = None if as_of is None else date.fromisoformat(as_of)
    series = read_series(Path(path), day, column=column)
    try:
        return forecast(series, horizon, assume)
    except SeriesError as fault:
        if fault.problems[0].file:
            raise
        raise type(fault)(fault.problems[0].message, str(path)) from None


def forecast(series: Regular, horizon: int, assume: Assume | None = None) -> dict[str, Any]:
    """Forecast a regular series; see `series_outlook`."""
    limit = MAX_HORIZON[series.frequency]
    if not 1 <= horizon <= limit:
        msg = f"horizon {horizon}; allowed: 1 to {limit}"
        raise SeriesError(msg)
    from xuchang_sim.forecast.forecaster import forecaster  # noqa: PLC0415

    told = forecaster(series, horizon, assume)
    found = told.found
    quantiles = told.quantiles(QUANTILES)
    coverage = []
    for nominal, share, origins, values in told.measured:
        low, high = binomial_band(nominal, origins)
        coverage.append(
            {
                "nominal": nominal,
                "measured": share if origins >= LEAST_ORIGINS else None,
                "origins": origins,
                "values": values,
                "low": low,
                "high": high,
            }
        )
    return {
        "quantiles": _by_level(quantiles),
        "weights": told.weights,
        "coverage": coverage,
        "verdict": verdict(told.factor, told.measured),
        "dates": _steps(series, found.slots, horizon),
        "series": {
            "name": series.name,
            "frequency": series.frequency,
            "first": series.text(series.first),
            "last": series.text(series.last),
            "kind": found.kind,
            "cycle": found.cycle,
            "to_date": found.to_date,
            "level_chance": found.level,
            "support": found.support,
            "scale": found.scale.kind,
            "unit": series.unit,
            "periods": [m + 1 for m in found.slots],
            "breaks": list(found.breaks),
        },
        "assumed": dict(found.assumed),
        "notes": list(found.notes),
    }


def verdict(factor: float, measured: Sequence[tuple[float, float, int, int]]) -> dict[str, Any]:
    """Say in words how 80% intervals held on the past, and what was done about it.

    Returns
    -------
    dict
        ``what``: ``held``, ``too narrow``, ``too wide`` or ``cannot be told``; ``factor``, what intervals
        were widened by; ``measured`` share of past values within the 80% interval (None from too few).
    """
    share, origins = next(((m[1], m[2]) for m in measured if m[0] == 0.8), (float("nan"), 0))
    if origins < LEAST_ORIGINS:
        what = "cannot be told"
    elif factor > 1.0:
        what = "too narrow"
    else:
        what = "too wide" if factor < 1.0 else "held"
    told = None if origins < LEAST_ORIGINS else share
    return {"what": what, "factor": factor, "measured": told, "origins": origins}


def series_outlooks(
    folder: Path,
    horizon: int,
    as_of: str | None = None,
    assume: Assume | None = None,
    column: str = "",
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, dict[str, Any]]:
    """Forecast every series file of a folder, in parallel.

    Parameters
    ----------
    folder : Path
        Its ``.csv``, ``.tsv``, ``.txt`` and ``.xlsx`` files are read, in the order of their names.
    horizon, as_of, assume, column
        As for `series_outlook`.
    jobs : int, optional
        Processes; as many as there are processors unless given, one for fewer than sixteen files.
    progress : callable, optional
        Called with (files done, files in all).

    Returns
    -------
    dict
        By file name the forecast, or ``{"error": [one line a fault]}`` where a file was refused.

    Raises
    ------
    InputError
        If the folder has no such file.
    """
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in FILES and p.is_file())
    if not paths:
        msg = f"has no series; allowed: files {', '.join(FILES)}"
        raise InputError([Problem(str(folder), "", 0, msg)])
    work = partial(_one, horizon=horizon, as_of=as_of, assume=assume, column=column)
    workers = min(jobs or os.cpu_count() or 1, (len(paths) + 7) // 8)
    out: dict[str, dict[str, Any]] = {}
    with contextlib.ExitStack() as stack:
        each: Iterable[dict[str, Any]] = map(work, paths)
        if workers > 1:
            pool = stack.enter_context(ProcessPoolExecutor(workers, get_context("spawn")))
            each = pool.map(work, paths, chunksize=8)
        for done, (path, told) in enumerate(zip(paths, each, strict=True), 1):
            out[path.name] = told
            if progress:
                progress(done, len(paths))
    return out


def _one(path: Path, **how: Any) -> dict[str, Any]:
    """Forecast of one file, or why it was refused."""
    try:
        return series_outlook(path, **how)
    except InputError as fault:
        return {"error": str(fault).splitlines()}


def _steps(series: Regular, slots: tuple[int, ...], horizon: int) -> list[str]:
    out: list[str] = []
    number = series.last
    while len(out) < horizon:
        number += 1
        if number % series.frequency in slots:
            out.append(series.text(number))
    return out


def _by_level(quantiles: Floats) -> dict[str, list[float]]:
    return {
        f"{q:.2f}": [float(x) for x in row] for q, row in zip(QUANTILES, quantiles, strict=True)
    }


#: Series of the pack that are forecast and backtested one by one.
PACK_SERIES = (
    "industrial_value_added_yoy",
    "ppi_yoy",
    "fai_ytd",
    "new_rmb_loans",
    "m2_yoy",
    "pmi_manufacturing",
    "cpi_yoy",
    "retail_sales_ytd",
)
PATH_QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
#: Realised errors needed before an interval of the drivers is checked.
CHECK_AFTER = 8


def outlook_report(
    pack: Any,
    *,
    backtest: bool = False,
    replicates: int = 1000,
    seed: int = 2012,
    through: str | None = None,
    as_of: str | None = None,
    shift_sd: float = 0.0,
    replace: Mapping[str, Mapping[str, float] | str] | None = None,
    outside: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Tell the outlook of a pack as plain numbers.

    Parameters
    ----------
    pack
        A loaded pack.
    backtest : bool
        Add the rolling-origin backtest of the pack's series (tens of seconds when not cached).
    replicates, seed, through, as_of, shift_sd, replace
        As for `xuchang_sim.forecast.drivers.drivers`; through December of the plan year unless
        given.
    outside : bool
        Add the outside view.
    progress : callable, optional
        Called by the backtest with (series done, series in all).

    Returns
    -------
    dict
        ``drivers`` {name: {unit, known_to, months, central, quantiles}}, ``demand`` (the first
        unknown year's mean of value added + PPI: quantiles, measured sd, measured coverage),
        ``weights`` of the joint models, ``outside_view`` and, if asked for, ``backtest``.
    """
    from xuchang_sim.forecast.drivers import NAMES, drivers  # noqa: PLC0415

    end = through or f"{pack.plan_year}-12"
    paths = drivers(pack, replicates, seed, end, shift_sd, as_of, replace)
    ahead = slice(paths.known, None)
    told = {
        name: {
            "unit": "fraction a year",
            "known_to": paths.months[paths.known - 1],
            "months": list(paths.months[ahead]),
            "central": [float(x) for x in paths.central[name][ahead]],
            "quantiles": _levels(paths.path(name)[:, ahead]),
        }
        for name in NAMES
    }
    year = slice(paths.known, paths.known + 12)
    demand = (paths.value_added_yoy + paths.ppi_yoy)[:, year].mean(axis=1)
    out: dict[str, Any] = {
        "drivers": told,
        "demand": {
            "unit": "fraction a year",
            "months": [paths.months[year][0], paths.months[year][-1]],
            "quantiles": _levels(demand),
            "sd_measured": paths.annual_sd,
            "origins": paths.origins,
            "coverage": measured_coverage(paths.errors),
        },
        "weights": dict(paths.weights),
    }
    if outside:
        from xuchang_sim.forecast.outside import outside_view  # noqa: PLC0415

        out["outside_view"] = outside_view(pack, seed, as_of)
    if backtest:
        out["backtest"] = pack_backtest(pack, as_of=as_of, progress=progress)
    return out


def pack_backtest(
    pack: Any,
    names: Sequence[str] = PACK_SERIES,
    horizon: int = 9,
    origins: int = 24,
    as_of: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Backtest the pack's series one by one and all together.

    ``progress`` is called with (series done, series in all).

    Returns
    -------
    dict
        ``summary``: a line a series and model (see `xuchang_sim.forecast.backtest.summary`);
        ``comparison``: the combined forecast against single candidates, by series and over all
        (see `xuchang_sim.forecast.backtest.compare`); ``coverage80`` of the combined forecast over
        all origins with the shares that chance allows; ``forecasts`` {series: {dates, quantiles,
        verdict}} of the next steps; ``skipped`` series with the reason.
    """
    from xuchang_sim.forecast import backtest as test  # noqa: PLC0415

    rows: list[dict[str, Any]] = []
    forecasts: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    for done, name in enumerate(names, 1):
        series = regular(name, history(pack, name, as_of), changes_of_coverage(pack, name))
        try:
            tested = test.backtest(series, horizon, origins, whole=False)
        except SeriesError as fault:
            skipped[name] = str(fault)
        else:
            rows += tested
            told = forecast(series, horizon)
            forecasts[name] = {key: told[key] for key in ("dates", "quantiles", "verdict")}
        if progress:
            progress(done, len(names))
    if not rows:
        raise SeriesError("; ".join(f"{name}: {why}" for name, why in skipped.items()))
    comparison = test.compare(rows)
    together = comparison["all"]
    low, high = binomial_band(0.8, together["origins"])
    return {
        "horizon": horizon,
        "summary": test.summary(rows),
        "comparison": comparison,
        "coverage80": {
            "nominal": 0.8,
            "measured": together["cover80"],
            "origins": together["origins"],
            "low": low,
            "high": high,
        },
        "forecasts": forecasts,
        "skipped": skipped,
    }


def measured_coverage(errors: Floats, months: int = 12) -> list[dict[str, Any]]:
    """Coverage of the drivers' intervals, their sd the error so far, over rolling origins.

    Intervals are those of a Student-t distribution with five degrees of freedom and that sd.

    Parameters
    ----------
    errors : (R,) array
        Errors of a twelve-month mean by origin, one month apart: at origin r those up to
        r - ``months`` have been realised.
    months : int
        Months until a forecast has come true.
    """
    ready = [r for r in range(len(errors)) if r - months + 1 >= CHECK_AFTER]
    scales = [float(np.sqrt(np.mean(errors[: r - months + 1] ** 2))) for r in ready]
    out = []
    for nominal, z in ((0.5, 0.563), (0.8, 1.143), (0.9, 1.561)):
        hits = [abs(errors[r]) <= z * scale for r, scale in zip(ready, scales, strict=True)]
        out.append(
            {
                "nominal": nominal,
                "measured": float(np.mean(hits)) if hits else None,
                "origins": len(hits),
            }
        )
    return out


def _levels(paths: Floats) -> dict[str, Any]:
    rows = np.quantile(paths, PATH_QUANTILES, axis=0)
    return {f"{q:.2f}": row.tolist() for q, row in zip(PATH_QUANTILES, rows, strict=True)}
