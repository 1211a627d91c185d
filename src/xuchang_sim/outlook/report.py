"""Forecast one series or the joint panel, and say in plain numbers how good that has been."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.outlook import cache
from xuchang_sim.outlook.series import Regular, SeriesError, read_series
from xuchang_sim.outlook.tolerance import binomial_band

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Quantiles that are printed.
QUANTILES = tuple(round(0.05 * i, 2) for i in range(1, 20))
NOMINAL = (0.5, 0.8, 0.9)
MAX_HORIZON = {1: 10, 4: 16, 12: 36}


def series_outlook(path: str | Path, horizon: int, as_of: str | None = None) -> dict[str, Any]:
    """Forecast any annual, quarterly or monthly series in a file with columns ``date,value``.

    Parameters
    ----------
    path : path
        CSV file; dates like 2011, 2011Q4, 2012-03 or ISO days.
    horizon : int
        Number of steps. A period of the year that the series never has (a missing January)
        is no step.
    as_of : str, optional
        ``YYYY-MM-DD``; periods that end later are not seen.

    Returns
    -------
    dict
        ``quantiles`` {"0.05": [one value a step] … "0.95"}, ``weights`` {model: w}, ``coverage``
        [{nominal, measured, origins, values, low, high}], ``dates`` of the steps, ``series``
        (what it was found to be), ``fits`` and ``notes``.

    Raises
    ------
    SeriesError
        Named by its subclass, with file and line.
    """
    day = None if as_of is None else date.fromisoformat(as_of)
    series = read_series(Path(path), day)
    try:
        return forecast(series, horizon)
    except SeriesError as fault:
        if fault.problems[0].file:
            raise
        raise type(fault)(fault.problems[0].message, str(path)) from None


def forecast(series: Regular, horizon: int) -> dict[str, Any]:
    """Forecast a regular series; see `series_outlook`."""
    limit = MAX_HORIZON[series.frequency]
    if not 1 <= horizon <= limit:
        msg = f"horizon {horizon}; allowed: 1 to {limit}"
        raise SeriesError(msg)
    key = cache.digest("series", series.frequency, series.first, series.values, horizon)
    kept = cache.load("series", key)
    if kept is None:
        kept = _compute(series, horizon)
        cache.save("series", key, kept)
    return _printed(series, kept)


def _compute(series: Regular, horizon: int) -> cache.Arrays:
    from xuchang_sim.outlook.forecaster import gather  # noqa: PLC0415
    from xuchang_sim.outlook.pool import combine, rules_for  # noqa: PLC0415
    from xuchang_sim.outlook.profile import profile  # noqa: PLC0415

    found = profile(series.values, series.frequency, series.first % series.frequency)
    material = gather(found, horizon)
    pooled = combine(material, rules_for(found))
    quantiles = np.quantile(found.restore(pooled.sample), QUANTILES, axis=0)
    inside = np.array(
        [
            [
                float(np.sum((actual >= low) & (actual <= high)))
                for nominal in NOMINAL
                for low, high in [np.quantile(said, [0.5 - nominal / 2, 0.5 + nominal / 2], axis=0)]
            ]
            for said, actual in pooled.checks
        ]
    ).reshape(-1, len(NOMINAL))
    values = sum(len(actual) for _, actual in pooled.checks)
    return {
        "quantiles": quantiles,
        "names": np.array(pooled.names),
        "weights": pooled.weights,
        "spread": np.array([pooled.factor, pooled.learnt]),
        "inside": inside.sum(axis=0),
        "counts": np.array([len(pooled.checks), values]),
        "steps": np.array(_steps(series, found.slots, horizon)),
        "kind": np.array([found.kind, str(found.to_date), f"{found.level:.3f}"]),
        "cycle": np.array(found.cycle),
        "notes": np.array(found.notes or ("",)),
        "fits": np.array(
            [
                [r.name, str(r.converged), f"{r.seconds:.3f}", r.error, "; ".join(r.warnings)]
                for r in material.records
            ]
        ),
    }


def _steps(series: Regular, slots: tuple[int, ...], horizon: int) -> list[str]:
    out: list[str] = []
    number = series.last
    while len(out) < horizon:
        number += 1
        if number % series.frequency in slots:
            out.append(series.text(number))
    return out


def _printed(series: Regular, kept: cache.Arrays) -> dict[str, Any]:
    origins, values = (int(x) for x in kept["counts"])
    coverage = []
    for nominal, inside in zip(NOMINAL, kept["inside"], strict=True):
        low, high = binomial_band(nominal, origins)
        coverage.append(
            {
                "nominal": nominal,
                "measured": float(inside) / values if values else None,
                "origins": origins,
                "values": values,
                "low": low,
                "high": high,
            }
        )
    kind, to_date, level = (str(x) for x in kept["kind"])
    return {
        "quantiles": {
            f"{q:.2f}": [float(x) for x in row]
            for q, row in zip(QUANTILES, kept["quantiles"], strict=True)
        },
        "weights": {str(n): float(w) for n, w in zip(kept["names"], kept["weights"], strict=True)},
        "coverage": coverage,
        "dates": [str(x) for x in kept["steps"]],
        "series": {
            "name": series.name,
            "frequency": series.frequency,
            "first": series.text(series.first),
            "last": series.text(series.last),
            "kind": kind,
            "cycle": int(kept["cycle"]),
            "to_date": to_date == "True",
            "level_chance": float(level),
            "spread": float(kept["spread"][0]),
            "spread_learnt": float(kept["spread"][1]),
        },
        "fits": [
            {
                "model": str(n),
                "converged": c == "True",
                "seconds": float(s),
                "error": str(e),
                "warnings": str(w),
            }
            for n, c, s, e, w in kept["fits"]
        ],
        "notes": [str(x) for x in kept["notes"] if str(x)],
    }
