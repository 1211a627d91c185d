"""Forecast of one series, annual, quarterly or monthly, as plain numbers with its measured coverage."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xuchang_sim.deferred import deferred
from xuchang_sim.forecast.series import Regular, SeriesError, read_series
from xuchang_sim.forecast.spread import LEAST_ORIGINS
from xuchang_sim.forecast.tolerance import binomial_band
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

with deferred():
    from xuchang_sim.forecast import forecaster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
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

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "growth.csv"
    ...     values = {year: 9 + year % 3 for year in range(1990, 2012)}
    ...     pd.Series(values, name="value").to_csv(path, index_label="date")
    ...     sorted(series_outlook(path, 2)["quantiles"])[:1]
    ['0.05']
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
        msg = phrase("series.horizon", horizon=horizon, limit=limit)
        raise SeriesError(msg)
    answer = forecaster.forecaster(series, horizon, assume)
    result = answer.profile
    quantiles = answer.quantiles(QUANTILES)
    coverage = []
    for nominal, share, origins, values in answer.measured:
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
        "weights": answer.weights,
        "coverage": coverage,
        "verdict": verdict(answer.factor, answer.measured),
        "dates": _steps(series, result.slots, horizon),
        "series": {
            "name": series.name,
            "frequency": series.frequency,
            "first": series.text(series.first),
            "last": series.text(series.last),
            "kind": result.kind,
            "cycle": result.cycle,
            "to_date": result.to_date,
            "level_chance": result.level,
            "support": result.support,
            "scale": result.scale.kind,
            "unit": series.unit,
            "periods": [m + 1 for m in result.slots],
            "breaks": list(result.breaks),
        },
        "assumed": dict(result.assumed),
        "notes": list(result.notes),
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
    result = None if origins < LEAST_ORIGINS else share
    return {"what": what, "factor": factor, "measured": result, "origins": origins}


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
        msg = phrase("series.no_files", files=", ".join(FILES))
        raise InputError([Problem(str(folder), "", 0, msg)])
    work = partial(_one, horizon=horizon, as_of=as_of, assume=assume, column=column)
    workers = min(jobs or os.cpu_count() or 1, (len(paths) + 7) // 8)
    out: dict[str, dict[str, Any]] = {}
    with contextlib.ExitStack() as stack:
        each: Iterable[dict[str, Any]] = map(work, paths)
        if workers > 1:
            pool = stack.enter_context(ProcessPoolExecutor(workers, get_context("spawn")))
            each = pool.map(work, paths, chunksize=8)
        for done, (path, result) in enumerate(zip(paths, each, strict=True), 1):
            out[path.name] = result
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
