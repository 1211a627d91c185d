"""Rolling-origin backtest of the forecaster and of every family of its bank, as tidy records."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.forecast import cache, scores
from xuchang_sim.forecast.forecaster import banks_of, forecaster
from xuchang_sim.forecast.profile import slots_of
from xuchang_sim.forecast.series import Regular, SeriesError
from xuchang_sim.forecast.tolerance import (
    TooFewResidualsError,
    binomial_band,
    conformal_radius,
)
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]

COMBINED = "combined"
BENCHMARK = "benchmark"
INTERVALS = (0.5, 0.8, 0.95)
#: Levels of the quantiles that stand for a forecast.
GRID = (np.arange(400) + 0.5) / 400
COLUMNS = (
    "series", "model", "origin", "step", "actual", "median", "crps", "scaled_crps", "pinball",
    "winkler80", "error", "mase", "inside50", "inside80", "inside95", "pit",
)  # fmt: skip

Row = dict[str, Any]


def backtest(
    series: Regular,
    horizon: int = 9,
    origins: int = 24,
    step: int = 1,
    *,
    whole: bool = True,
) -> list[Row]:
    """Forecast from past origins with only what came before, and score every model.

    A period without a value is no origin: nothing new is known. A forecast from before a change
    of coverage is scored up to it: what it forecasts is not published any more.

    Parameters
    ----------
    series : Regular
    horizon : int
        Steps ahead that are scored.
    origins, step : int
        Number of origins, the latest being the last that all steps can be checked from, and the
        periods between them.
    whole : bool
        Only origins from which all steps can be checked. Otherwise the latest origin leaves one
        step, and what has come true of every forecast is scored.

    Returns
    -------
    list of dict
        One row a model, origin and step, with the keys of `COLUMNS`. ``combined`` is the
        forecaster; the families of its bank stand alone; ``benchmark`` is the random walk with
        drift (seasonal on seasonal series) and Student-t predictive.

    Raises
    ------
    SeriesError
        If not even one origin leaves enough values.
    """
    key = cache.digest(
        "backtest",
        series.values,
        series.frequency,
        series.first,
        series.breaks,
        horizon,
        origins,
        step,
        whole,
    )
    rows = cache.load("backtest", key)
    if rows is None:
        rows = _arrays(_rows(series, horizon, origins, step, whole=whole))
        cache.save("backtest", key, rows)
    return _records(series, rows)


def _rows(series: Regular, horizon: int, origins: int, step: int, *, whole: bool) -> list[Row]:
    known = np.flatnonzero(np.isfinite(series.values))
    ends = known[_least(series) - 1 :] + 1
    ends = ends[ends <= len(series.values) - (horizon if whole else 1)]
    cuts = [int(origin) for origin in ends[::-1] if (ends[-1] - origin) % step == 0]
    if not cuts:
        msg = phrase("series.look_back", values=len(series.values), horizon=horizon)
        raise SeriesError(msg)
    return [
        row for origin in sorted(cuts[:origins]) for row in _origin_rows(series, origin, horizon)
    ]


def _least(series: Regular) -> int:
    """Fewest values to forecast from: two cycles and a few values are needed to detect a season."""
    return 8 if series.frequency == 1 else 2 * series.frequency + 4


def _origin_rows(series: Regular, origin: int, horizon: int) -> list[Row]:
    """Score all models from the first ``origin`` values."""
    changes = [number - series.first for number in series.breaks]
    end = min([len(series.values), *(change for change in changes if change >= origin)])
    known = series.until(series.first + origin - 1)
    slots = slots_of(known)
    ahead = (i for i in range(origin, end) if (series.first + i) % series.frequency in slots)
    places = list(islice(ahead, horizon))
    if not places:
        return []
    result = forecaster(known, len(places))
    said = {COMBINED: result.quantiles(GRID)}
    families = dict.fromkeys(
        member.name for part in banks_of(result.profile) for member in part.members
    )
    for name in families:
        alone = forecaster(known, len(places), family=name).quantiles(GRID)
        if np.isfinite(alone).all():
            said[name] = alone
    said[BENCHMARK] = result.walk(GRID)
    scale = scores.naive_scale(result.profile.values, result.profile.cycle)
    rng = np.random.default_rng(origin)
    rows: list[Row] = []
    for model, restored in said.items():
        for j, place in enumerate(places):
            actual = float(series.values[place])
            if np.isnan(actual):
                continue
            rows.append(
                {"model": model, "origin": series.first + origin - 1, "step": j + 1}
                | _scored(restored[:, j], actual, scale, rng)
            )
    return rows


def _scored(draws: Floats, actual: float, scale: float, rng: np.random.Generator) -> Row:
    tails = [q for level in INTERVALS for q in (0.5 - level / 2, 0.5 + level / 2)]
    bounds = np.quantile(draws, tails)
    median = float(np.median(draws))
    score = float(scores.crps(draws, np.asarray(actual), np.ones(len(draws))))
    levels = np.arange(1, 20) / 20
    loss = np.mean(
        [
            float(scores.pinball(q, float(level), np.asarray(actual)))
            for q, level in zip(np.quantile(draws, levels), levels, strict=True)
        ]
    )
    inside = [
        float(low <= actual <= high) for low, high in zip(bounds[::2], bounds[1::2], strict=True)
    ]
    return {
        "actual": actual,
        "median": median,
        "crps": score,
        "scaled_crps": score / scale,
        "pinball": float(loss),
        "winkler80": float(scores.winkler(bounds[2], bounds[3], np.asarray(actual), 0.8)),
        "error": actual - median,
        "mase": abs(actual - median) / scale,
        "inside50": inside[0],
        "inside80": inside[1],
        "inside95": inside[2],
        "pit": scores.pit(draws, actual, rng),
    }


def _arrays(rows: Sequence[Row]) -> cache.Arrays:
    return {name: np.array([row[name] for row in rows]) for name in COLUMNS[1:]}


def _records(series: Regular, arrays: cache.Arrays) -> list[Row]:
    count = len(arrays["model"])
    rows = []
    for i in range(count):
        row: Row = {"series": series.name, "model": str(arrays["model"][i])}
        row["origin"] = series.text(int(arrays["origin"][i]))
        row["step"] = int(arrays["step"][i])
        row |= {name: float(arrays[name][i]) for name in COLUMNS[4:]}
        rows.append(row)
    return rows


def summary(rows: Sequence[Row]) -> list[Row]:
    """One line a series and model: scores, coverage with tolerance, skill, tests.

    Columns: ``crps``, ``scaled_crps``, ``pinball``, ``mase``, ``winkler80``, ``cover50``,
    ``cover80``, ``cover95``, ``low80`` and ``high80`` (shares chance allows around 80% for that
    many origins), ``origins``, ``pit_p``, ``conformal90`` (half-width around the median that
    covers the next value with 90%, None where the origins are too few for that level), ``skill`` (1 - CRPS over the benchmark's), ``dm`` and
    ``dm_p`` (Diebold-Mariano against the benchmark).
    """
    out: list[Row] = []
    for name in dict.fromkeys(row["series"] for row in rows):
        here = [row for row in rows if row["series"] == name]
        losses = {
            model: _by_origin([row for row in here if row["model"] == model])
            for model in dict.fromkeys(row["model"] for row in here)
        }
        base = losses[BENCHMARK]
        for model, by_origin in losses.items():
            mine = [row for row in here if row["model"] == model]
            shared = sorted(set(by_origin) & set(base))
            steps = max(row["step"] for row in mine)
            own = np.array([by_origin[o] for o in shared])
            other = np.array([base[o] for o in shared])
            statistic, p = scores.diebold_mariano(own, other, steps - 1)
            low, high = binomial_band(0.8, len(by_origin))
            out.append(
                {"series": name, "model": model, "origins": len(by_origin)}
                | {key: _mean(mine, key) for key in ("crps", "scaled_crps", "pinball", "mase")}
                | {"winkler80": _mean(mine, "winkler80")}
                | {f"cover{c}": _mean(mine, f"inside{c}") for c in (50, 80, 95)}
                | {"low80": low, "high80": high}
                | {"pit_p": scores.uniformity(np.array([r["pit"] for r in mine if r["step"] == 1]))}
                | {"conformal90": _radius([row["error"] for row in mine if row["step"] == 1])}
                | {"skill": 1.0 - float(own.mean() / other.mean()), "dm": statistic, "dm_p": p}
            )
    return out


def _by_origin(rows: Sequence[Row]) -> dict[str, float]:
    out: dict[str, list[float]] = {}
    for row in rows:
        out.setdefault(row["origin"], []).append(row["crps"])
    return {origin: float(np.mean(values)) for origin, values in out.items()}


def _radius(errors: Sequence[float]) -> float | None:
    try:
        return conformal_radius(np.array(errors), 0.9)
    except TooFewResidualsError:
        return None


def _mean(rows: Sequence[Row], key: str) -> float:
    return float(np.mean([row[key] for row in rows]))


def plot(rows: Sequence[Row], ax: Axes) -> Axes:
    """Draw measured coverage of the combined forecast against nominal, one line a series."""
    nominal = [50, 80, 95]
    lines = [line for line in summary(rows) if line["model"] == COMBINED]
    ax.plot([40, 100], [40, 100], color="0.6", linewidth=1)
    for number, line in enumerate(lines):
        measured = [100 * line[f"cover{c}"] for c in nominal]
        ax.plot(nominal, measured, marker="osD^vPX*"[number % 8], label=line["series"])
    ax.set_xlabel("nominal coverage (%)")
    ax.set_ylabel("measured coverage (%)")
    origins = min((line["origins"] for line in lines), default=0)
    ax.set_title(f"Intervals of the combined forecast, at least {origins} origins a series")
    if lines:
        ax.legend(frameon=False, fontsize="small")
    return ax


def compare(rows: Sequence[Row]) -> dict[str, Any]:
    """Hold the combined forecast against single candidates, at the same origins and steps.

    Returns
    -------
    dict
        ``series``: {name: {origins, values, crps, skill, cover50, cover80, cover95, best, ratio}},
        ``best`` the single candidate that did best there (picked with hindsight among those that
        competed at half of the origins or more) and ``ratio`` the combined CRPS over its. ``all``: the same over
        all series, CRPS in units of each series' mean step, every series against its own best.
        ``kept``: {candidate: {series, ratio}}, the combined over one candidate kept for all series
        where it competes.
    """
    scored: dict[str, dict[str, dict[tuple[str, int], float]]] = {}
    for row in rows:
        here = scored.setdefault(row["series"], {}).setdefault(row["model"], {})
        here[row["origin"], row["step"]] = row["scaled_crps"]
    entries: dict[str, Any] = {}
    total = {COMBINED: 0.0, BENCHMARK: 0.0, "best": 0.0}
    kept: dict[str, list[Floats]] = {}
    for name, models in scored.items():
        combined = models[COMBINED]
        sums = {model: sum(values.values()) for model, values in models.items()}
        ratios = {
            model: sum(combined[place] for place in values) / sums[model]
            for model, values in models.items()
            if model not in {COMBINED, BENCHMARK} and 2 * len(values) >= len(combined)
        } or {BENCHMARK: sums[COMBINED] / sums[BENCHMARK]}
        best = max(ratios, key=ratios.__getitem__)
        mine = [row for row in rows if row["series"] == name and row["model"] == COMBINED]
        entries[name] = {
            "origins": len({row["origin"] for row in mine}),
            "values": len(mine),
            "crps": _mean(mine, "crps"),
            "skill": 1.0 - sums[COMBINED] / sums[BENCHMARK],
            "best": best,
            "ratio": ratios[best],
        } | {f"cover{c}": _mean(mine, f"inside{c}") for c in (50, 80, 95)}
        total[COMBINED] += sums[COMBINED]
        total[BENCHMARK] += sums[BENCHMARK]
        total["best"] += sums[COMBINED] / ratios[best]
        for model, values in models.items():
            if model not in {COMBINED, BENCHMARK}:
                pair = [sum(combined[place] for place in values), sums[model]]
                kept.setdefault(model, []).append(np.array(pair))
    every = [row for row in rows if row["model"] == COMBINED]
    together = {
        "origins": sum(line["origins"] for line in entries.values()),
        "values": len(every),
        "skill": 1.0 - total[COMBINED] / total[BENCHMARK],
        "ratio": total[COMBINED] / total["best"],
    } | {f"cover{c}": _mean(every, f"inside{c}") for c in (50, 80, 95)}
    return {
        "series": entries,
        "all": together,
        "kept": {
            model: {"series": len(pairs), "ratio": float(np.divide(*np.sum(pairs, axis=0)))}
            for model, pairs in kept.items()
        },
    }
