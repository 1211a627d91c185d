"""The reference-class forecast: growth of the zones in the plan year from history and reference class alone.

No plan, no project, no agent enters. Three views of each growth rate are pooled with equal
weights, because none of them has a record long enough to earn another:

* *own region*: the automatic forecast of the city's (province's) series, plus what zones have
  grown above it;
* *nation*: the sampled national path, plus the same kind of excess;
* *class*: growth that zones of this kind have reported, as a Student-t predictive.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.forecast import cache
from xuchang_sim.forecast.drivers import drivers
from xuchang_sim.forecast.series import SeriesError, history, regular
from xuchang_sim.forecast.single import forecast
from xuchang_sim.pack.history import EVIDENCE
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RATES = ("revenue_growth", "fai_growth")
DRAWS = 3000
#: Nominal revenue over value added + producer prices, and city over nation (fractions a year,
#: mean and sd: national revenue 2009-2011, city secondary product 2005-2011).
WEDGE = (0.04, 0.015)
PREMIUM = (0.03, 0.02)
#: Least sd of what zones grow above their region when one or two figures are known.
EXCESS_SD = 0.08
#: Decimals of the reported growth rates: a class of three figures knows no more, and the optimum
#: behind a region's forecast is found to seven.
DIGITS = 3


class LackingError(ValueError):
    """The pack has no data for a view."""


class Figure(NamedTuple):
    """A figure of the evidence: period, value (fraction or level) and where it was read."""

    period: str
    value: float
    source: str


def outside_view(pack: Any, seed: int = 2012, as_of: str | None = None) -> dict[str, Any]:
    """Growth of zone revenue and FAI in the plan year, from history and reference class.

    Parameters
    ----------
    pack
        A loaded pack.
    seed : int
        Seed of the draws.
    as_of : str, optional
        ``YYYY-MM-DD``; history published later is not seen.

    Returns
    -------
    dict
        By growth rate (``revenue_growth``, ``fai_growth``): ``goal`` (the growth the plan asks
        for; left out, as every chance, if it asks for none), ``p`` (chance of reaching it),
        ``quantiles``, ``views``
        (median and chance by view), ``missing`` (views for which the pack has no data, with the
        reason) and ``evidence`` (the figures used, fractions, with their source). A growth rate
        without any view is left out.
    """
    goals = {t.measure: float(t.value) for t in pack.plan.targets() if t.zone is None}
    asked = [goals.get(name) for name in RATES]
    key = cache.digest("outside", pack.sha256, seed, as_of, asked)
    kept = cache.remembered(
        "outside",
        key,
        lambda: _packed(_compute(pack, seed, as_of, dict(zip(RATES, asked, strict=True)))),
    )
    entries: dict[str, Any] = json.loads(kept["json"].tobytes(), object_hook=_known)
    return entries


def _known(of: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a view: without a goal there is no chance of reaching it."""
    return {name: value for name, value in of.items() if value is not None}


def _packed(entries: dict[str, Any]) -> cache.Arrays:
    return {"json": np.frombuffer(json.dumps(entries).encode(), np.uint8)}


def _compute(
    pack: Any, seed: int, as_of: str | None, goals: dict[str, float | None]
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    national = _national(pack, seed, as_of, int(pack.plan_year))
    output = _by_entity(pack, "industrial_output_value")
    zones = [
        *_figures(pack, "industrial_output_value_yoy"),
        *[step for values in output.values() for step in _steps(values)],
    ]
    grown = [
        *_figures(pack, "fixed_asset_investment_yoy_min"),
        *_figures(pack, "fixed_asset_investment_ytd_yoy"),
        *[f for f in _figures(pack, "fixed_asset_investment_yoy") if "zone" in f.source.lower()],
    ]

    def above(region: dict[str, float], figures: Sequence[Figure]) -> list[float]:
        return [f.value - region[f.period] for f in figures if f.period in region]

    def revenue_here() -> Floats:
        city, past = _next_growth(pack, "gdp_secondary", as_of)
        return city + predictive(above(past, zones), len(city), rng, EXCESS_SD)

    def revenue_nation() -> Floats:
        _, past = _next_growth(pack, "gdp_secondary", as_of)
        steady = rng.normal(*WEDGE, DRAWS) + rng.normal(*PREMIUM, DRAWS)
        return (
            national["demand"] + steady + predictive(above(past, zones), DRAWS, rng, EXCESS_SD) / 2
        )

    def fai_region() -> tuple[Floats, dict[str, float]]:
        province, past = _next_rate(pack, "fixed_asset_investment_yoy", as_of)
        industry = {f.period: f.value for f in _figures(pack, "industrial_investment_ytd_yoy")}
        return province, past | industry

    def fai_here() -> Floats:
        province, past = fai_region()
        return province + predictive(above(past, grown), len(province), rng, EXCESS_SD)

    def fai_nation() -> Floats:
        return national["fai"] + predictive(above(fai_region()[1], grown), DRAWS, rng, EXCESS_SD)

    def among(figures: Sequence[Figure]) -> Floats:
        return predictive([f.value for f in figures], DRAWS, rng, EXCESS_SD)

    views: dict[str, tuple[Sequence[Figure], dict[str, Callable[[], Floats]]]] = {
        "revenue_growth": (
            zones,
            {"own region": revenue_here, "nation": revenue_nation, "class": lambda: among(zones)},
        ),
        "fai_growth": (
            grown,
            {"own region": fai_here, "nation": fai_nation, "class": lambda: among(grown)},
        ),
    }
    entries: dict[str, Any] = {}
    for rate, (evidence, draws) in views.items():
        arrays: dict[str, Floats] = {}
        missing: dict[str, str] = {}
        for name, draw in draws.items():
            try:
                arrays[name] = draw()
            except LackingError as error:
                missing[name] = str(error)
        if arrays:
            entries[rate] = _told(arrays, evidence, goals[rate]) | {"missing": missing}
    return entries


def predictive(
    values: Sequence[float], n: int, rng: np.random.Generator, least_sd: float
) -> Floats:
    """Student-t predictive of one more value of a class, sd not below ``least_sd``.

    The prior sd counts as three observations, so that two or three figures give neither a
    needle nor an infinite variance.
    """
    m = len(values)
    if m == 0:
        msg = phrase("outside_fault.no_figure")
        raise LackingError(msg)
    mean = float(np.mean(values))
    df = m - 1 + 3
    squares = float(np.sum((np.asarray(values) - mean) ** 2)) + 3 * least_sd**2
    sd = max(float(np.sqrt(squares / df)), least_sd)
    return np.asarray(mean + sd * np.sqrt(1 + 1 / m) * rng.standard_t(df, n))


def _national(pack: Any, seed: int, as_of: str | None, year: int) -> dict[str, Floats]:
    """Year means of national demand (value added + PPI) and FAI growth, one a replicate."""
    paths = drivers(pack, DRAWS, seed, f"{year}-12", as_of=as_of)
    here = [i for i, month in enumerate(paths.months) if month.startswith(str(year))]
    both = paths.value_added_yoy[:, here] + paths.ppi_yoy[:, here]
    return {"demand": both.mean(axis=1), "fai": paths.path("fai_yoy")[:, here].mean(axis=1)}


def _next_growth(pack: Any, series: str, as_of: str | None) -> tuple[Floats, dict[str, float]]:
    """Draws of next year's growth of an annual level, and its past growth by year."""
    values = _annual(pack, series, as_of)
    past = {
        period: value / values[str(int(period) - 1)] - 1.0
        for period, value in values.items()
        if str(int(period) - 1) in values
    }
    return _samples(series, values) / values[max(values)] - 1.0, past


def _next_rate(pack: Any, series: str, as_of: str | None) -> tuple[Floats, dict[str, float]]:
    """Draws of next year's value of an annual percentage, and its past (fractions)."""
    values = {period: value / 100.0 for period, value in _annual(pack, series, as_of).items()}
    return _samples(series, values), values


def _annual(pack: Any, series: str, as_of: str | None) -> dict[str, float]:
    for name, entry in pack.history.items():
        if entry.entry.series == series and entry.entry.frequency == "year":
            return history(pack, name, as_of)
    msg = phrase("outside_fault.no_series", series=series)
    raise LackingError(msg)


def _samples(name: str, values: dict[str, float]) -> Floats:
    """Draws of the next year by the automatic forecaster (quantile function, evenly spaced)."""
    try:
        result = forecast(regular(name, values), 1)["quantiles"]
    except SeriesError as fault:
        raise LackingError(str(fault)) from None
    levels = np.array([float(q) for q in result])
    points = np.array([row[0] for row in result.values()])
    even = (np.arange(DRAWS) + 0.5) / DRAWS
    inner = np.interp(even, levels, points)
    low, high = points[0] - points[1], points[-1] - points[-2]
    inner[even < levels[0]] += low * np.log(levels[0] / even[even < levels[0]]) * 2
    inner[even > levels[-1]] += high * np.log((1 - levels[-1]) / (1 - even[even > levels[-1]])) * 2
    return np.asarray(np.random.default_rng(len(values)).permutation(inner))


def _figures(pack: Any, series: str) -> list[Figure]:
    """All measured percentages of that name in the evidence tables, as fractions.

    Aims and announcements are no figures of a reference class.
    """
    return [
        Figure(r.period, r.value / 100.0, f"{r.entity} {r.period}: {r.source}")
        for table in pack.evidence.values()
        for r in table
        if r.series == series and r.type in EVIDENCE
    ]


def _by_entity(pack: Any, series: str) -> dict[str, list[Figure]]:
    """All measured levels of that name in the evidence tables, by entity."""
    out: dict[str, list[Figure]] = {}
    for table in pack.evidence.values():
        for r in table:
            if r.series == series and r.type in EVIDENCE:
                out.setdefault(r.entity, []).append(
                    Figure(r.period, r.value, f"{r.entity} {r.period}: {r.source}")
                )
    return out


def _steps(values: Sequence[Figure]) -> list[Figure]:
    """Growth between consecutive years."""
    levels = {f.period: f.value for f in values}
    return [
        Figure(f.period, f.value / levels[before] - 1.0, f.source)
        for f in values
        if (before := str(int(f.period) - 1)) in levels
    ]


def _told(
    views: dict[str, Floats], evidence: Sequence[Figure], goal: float | None
) -> dict[str, Any]:
    pooled = np.concatenate(list(views.values()))
    levels = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

    def chance(draws: Floats) -> float | None:
        return None if goal is None else float(np.mean(draws >= goal))

    return {
        "goal": goal,
        "p": chance(pooled),
        "quantiles": {f"{q:.2f}": round(float(np.quantile(pooled, q)), DIGITS) for q in levels},
        "views": {
            name: {"median": round(float(np.median(draws)), DIGITS), "p": chance(draws)}
            for name, draws in views.items()
        },
        "evidence": [{"period": f.period, "value": f.value, "source": f.source} for f in evidence],
    }
