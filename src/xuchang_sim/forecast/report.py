"""Forecast one series or the joint panel, and say in plain numbers how good that has been."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.forecast import cache
from xuchang_sim.forecast.series import (
    Regular,
    SeriesError,
    changes_of_coverage,
    history,
    read_series,
    regular,
)
from xuchang_sim.forecast.tolerance import binomial_band

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
    from xuchang_sim.forecast.forecaster import gather  # noqa: PLC0415
    from xuchang_sim.forecast.pool import combine, rules_for  # noqa: PLC0415
    from xuchang_sim.forecast.profile import profile  # noqa: PLC0415

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
        "quantiles": _by_level(kept["quantiles"]),
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
        all origins with the shares that chance allows; ``forecasts`` {series: {dates, quantiles}} of
        the next steps, calibrated by all that; ``skipped`` series with the reason.
    """
    from xuchang_sim.forecast import backtest as test  # noqa: PLC0415
    from xuchang_sim.forecast.profile import profile  # noqa: PLC0415

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
            quantiles = test.ahead(series, tested, horizon, QUANTILES)
            slots = profile(series.values, series.frequency, series.first % series.frequency).slots
            forecasts[name] = {
                "dates": _steps(series, slots, horizon),
                "quantiles": _by_level(quantiles),
            }
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


def measured_coverage(errors: Floats) -> list[dict[str, Any]]:
    """Coverage of normal intervals whose sd is the error so far, over rolling origins.

    Parameters
    ----------
    errors : (R,) array
        Errors of a twelve-month mean by origin, one month apart: at origin r those up to
        r - 12 have been realised.
    """
    ready = [r for r in range(len(errors)) if r - 11 >= CHECK_AFTER]
    scales = [float(np.sqrt(np.mean(errors[: r - 11] ** 2))) for r in ready]
    out = []
    for nominal, z in ((0.5, 0.674), (0.8, 1.282), (0.9, 1.645)):
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
