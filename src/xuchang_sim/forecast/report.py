"""Outlook of a pack: its drivers, its series one by one, and how good such forecasts have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.forecast import backtest as test
from xuchang_sim.forecast.drivers import NAMES, drivers
from xuchang_sim.forecast.outside import outside_view
from xuchang_sim.forecast.series import SeriesError, changes_of_coverage, history, regular
from xuchang_sim.forecast.single import forecast
from xuchang_sim.forecast.tolerance import binomial_band

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

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
    """Return the outlook of a pack as plain numbers.

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
        Add the reference-class forecast.
    progress : callable, optional
        Called by the backtest with (series done, series in all).

    Returns
    -------
    dict
        ``drivers`` {name: {unit, known_to, months, central, quantiles}}, ``demand`` (the first
        unknown year's mean of value added + PPI: quantiles, measured sd, measured coverage),
        ``weights`` of the joint models, ``outside_view`` and, if asked for, ``backtest``.

    Examples
    --------
    >>> from xuchang_sim import load_pack
    >>> outlook_report(load_pack(), replicates=20, outside=False).keys()
    dict_keys(['drivers', 'demand', 'weights'])
    """
    end = through or f"{pack.plan_year}-12"
    paths = drivers(pack, replicates, seed, end, shift_sd, as_of, replace)
    ahead = slice(paths.known, None)
    result = {
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
        "drivers": result,
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
            result = forecast(series, horizon)
            forecasts[name] = {key: result[key] for key in ("dates", "quantiles", "verdict")}
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
