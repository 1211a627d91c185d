"""The outside view: growth of the zones in 2012 from history and reference class alone.

No plan, no project, no agent enters. Three views of each growth rate are pooled with equal
weights, because none of them has a record long enough to earn another:

* *own region*: the automatic forecast of the city's (province's) series, plus what zones have
  grown above it;
* *nation*: the sampled national path, plus the same kind of excess;
* *class*: growth that zones of this kind have reported, as a Student-t predictive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.outlook.drivers import drivers
from xuchang_sim.outlook.series import history, regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

DRAWS = 3000
#: Nominal revenue over value added + producer prices, and city over nation (fractions a year,
#: mean and sd: national revenue 2009-2011, city secondary product 2005-2011).
WEDGE = (0.04, 0.015)
PREMIUM = (0.03, 0.02)
#: Least sd of what zones grow above their region when one or two figures are known.
EXCESS_SD = 0.08


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
        ``revenue_growth`` and ``fai_growth``, each with ``quantiles``, ``p_30``, ``p_40`` (chance
        of growth of at least 30% and 40%), ``views`` (median and the same chances by view) and
        ``evidence`` (the figures used, fractions, with their source).
    """
    rng = np.random.default_rng(seed)
    national = _national(pack, seed, as_of, int(pack.plan_year))
    output = _by_entity(pack, "industrial_output_value")
    zones = [
        *_figures(pack, "industrial_output_value_yoy"),
        *[step for values in output.values() for step in _steps(values)],
        *_figures(pack, "target_operating_income_growth_min"),
    ]
    city, past_city = _next_growth(pack, "gdp_secondary", as_of)
    excess = [f.value - past_city[f.period] for f in zones if f.period in past_city]
    n = len(city)
    revenue = {
        "own region": city + predictive(excess, n, rng, EXCESS_SD),
        "nation": national["demand"]
        + rng.normal(*WEDGE, n)
        + rng.normal(*PREMIUM, n)
        + predictive(excess, n, rng, EXCESS_SD) / 2,
        "class": predictive([f.value for f in zones], n, rng, EXCESS_SD),
    }
    province, past_province = _next_rate(pack, "fixed_asset_investment_yoy", as_of)
    industry = {f.period: f.value for f in _figures(pack, "industrial_investment_ytd_yoy")}
    grown = [
        *_figures(pack, "fixed_asset_investment_yoy_min"),
        *_figures(pack, "fixed_asset_investment_ytd_yoy"),
        *[f for f in _figures(pack, "fixed_asset_investment_yoy") if "zone" in f.source.lower()],
    ]
    compared = past_province | industry
    above = [f.value - compared[f.period] for f in grown if f.period in compared]
    investment = {
        "own region": province + predictive(above, n, rng, EXCESS_SD),
        "nation": national["fai"] + predictive(above, n, rng, EXCESS_SD),
        "class": predictive([f.value for f in grown], n, rng, EXCESS_SD),
    }
    return {"revenue_growth": _told(revenue, zones), "fai_growth": _told(investment, grown)}


def predictive(
    values: Sequence[float], n: int, rng: np.random.Generator, least_sd: float
) -> Floats:
    """Student-t predictive of one more value of a class, sd not below ``least_sd``.

    The prior sd counts as three observations, so that two or three figures give neither a
    needle nor an infinite variance.
    """
    m = len(values)
    if m == 0:
        msg = "a reference class needs at least one value"
        raise ValueError(msg)
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
    msg = f"the pack has no annual series {series!r}"
    raise KeyError(msg)


def _samples(name: str, values: dict[str, float]) -> Floats:
    """Draws of the next year by the automatic forecaster (quantile function, evenly spaced)."""
    from xuchang_sim.outlook.report import forecast  # noqa: PLC0415

    told = forecast(regular(name, values), 1)["quantiles"]
    levels = np.array([float(q) for q in told])
    points = np.array([row[0] for row in told.values()])
    even = (np.arange(DRAWS) + 0.5) / DRAWS
    inner = np.interp(even, levels, points)
    low, high = points[0] - points[1], points[-1] - points[-2]
    inner[even < levels[0]] += low * np.log(levels[0] / even[even < levels[0]]) * 2
    inner[even > levels[-1]] += high * np.log((1 - levels[-1]) / (1 - even[even > levels[-1]])) * 2
    return np.asarray(np.random.default_rng(len(values)).permutation(inner))


def _figures(pack: Any, series: str) -> list[Figure]:
    """All percentages of that name in the evidence tables, as fractions."""
    return [
        Figure(r.period, r.value / 100.0, f"{r.entity} {r.period}: {r.source}")
        for table in pack.evidence.values()
        for r in table
        if r.series == series
    ]


def _by_entity(pack: Any, series: str) -> dict[str, list[Figure]]:
    """All levels of that name in the evidence tables, by entity."""
    out: dict[str, list[Figure]] = {}
    for table in pack.evidence.values():
        for r in table:
            if r.series == series:
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


def _told(views: dict[str, Floats], evidence: Sequence[Figure]) -> dict[str, Any]:
    pooled = np.concatenate(list(views.values()))
    levels = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    return {
        "quantiles": {f"{q:.2f}": float(np.quantile(pooled, q)) for q in levels},
        "p_30": float(np.mean(pooled >= 0.30)),
        "p_40": float(np.mean(pooled >= 0.40)),
        "views": {
            name: {
                "median": float(np.median(draws)),
                "p_30": float(np.mean(draws >= 0.30)),
                "p_40": float(np.mean(draws >= 0.40)),
            }
            for name, draws in views.items()
        },
        "evidence": [{"period": f.period, "value": f.value, "source": f.source} for f in evidence],
    }
