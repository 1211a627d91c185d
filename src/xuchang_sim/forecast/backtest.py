"""Rolling-origin backtest of the forecaster and of every single candidate, as tidy records."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.forecast import cache, scores
from xuchang_sim.forecast.candidates import Drift
from xuchang_sim.forecast.forecaster import Member, Memo, gather, members
from xuchang_sim.forecast.pool import combine, rules_for
from xuchang_sim.forecast.profile import Profile, profile
from xuchang_sim.forecast.series import Regular, SeriesError
from xuchang_sim.forecast.tolerance import (
    TooFewResidualsError,
    binomial_band,
    calibrate,
    conformal_radius,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]

COMBINED = "combined"
BENCHMARK = "benchmark"
INTERVALS = (0.5, 0.8, 0.95)
DRAWS = 400
COLUMNS = (
    "series", "model", "origin", "step", "actual", "median", "crps", "scaled_crps", "pinball",
    "winkler80", "error", "mase", "inside50", "inside80", "inside95", "pit", "pool_pit",
)  # fmt: skip

Row = dict[str, Any]


def backtest(
    series: Regular,
    horizon: int = 9,
    origins: int = 24,
    step: int = 1,
    refit: int = 1,
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
    refit : int
        Models are fitted anew at every refit-th origin; at those between, the later steps of
        the last forecast are scored as they stand.
    whole : bool
        Only origins from which all steps can be checked. Otherwise the latest origin leaves one
        step, and what has come true of every forecast is scored.

    Returns
    -------
    list of dict
        One row a model, origin and step, with the keys of `COLUMNS`. ``combined`` is the
        forecaster, calibrated by what had come true of its earlier forecasts (``pool_pit`` is the
        transform before that, NaN for others); ``benchmark`` the random walk with drift (seasonal
        on seasonal series) and Student-t predictive.

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
        refit,
        whole,
    )
    rows = cache.load("backtest", key)
    if rows is None:
        rows = _arrays(_rows(series, horizon, origins, step, refit, whole=whole))
        cache.save("backtest", key, rows)
    return _records(series, rows)


def _rows(
    series: Regular, horizon: int, origins: int, step: int, refit: int, *, whole: bool
) -> list[Row]:
    out: list[Row] = []
    past: list[Past] = []
    memo = Memo()
    known = np.flatnonzero(np.isfinite(series.values))
    ends = known[_least(series) - 1 :] + 1
    ends = ends[ends <= len(series.values) - (horizon if whole else 1)]
    cuts = [int(cut) for cut in ends[::-1] if (ends[-1] - cut) % step == 0]
    if not cuts:
        msg = f"{len(series.values)} values are too few to look back {horizon} steps"
        raise SeriesError(msg)
    chosen = sorted(cuts[:origins])
    for fitted in chosen[::refit]:
        later = [cut for cut in chosen if fitted <= cut < fitted + step * refit]
        rows = _origin_rows(series, fitted, horizon + later[-1] - fitted, memo, past)
        for cut in later:
            moved = cut - fitted
            out += [
                row | {"origin": row["origin"] + moved, "step": row["step"] - moved}
                for row in rows
                if moved < row["step"] <= moved + horizon
            ]
    return out


def _least(series: Regular) -> int:
    """Fewest values to forecast from: a season is told from two cycles and a few values."""
    return 8 if series.frequency == 1 else 2 * series.frequency + 4


class Past(NamedTuple):
    """Where a value fell in a forecast: number of values known, place of the value, its PIT."""

    cut: int
    place: int
    pit: float


def calibrated(paths: Floats, past: Sequence[Past], cut: int) -> Floats:
    """Calibrate a forecast from ``cut`` values by what had come true of the earlier ones."""
    true = [one for one in past if one.place < cut]
    pits = np.array([one.pit for one in true])
    return calibrate(paths, pits, len({one.cut for one in true}))


def _origin_rows(
    series: Regular, cut: int, horizon: int, memo: Memo, past: list[Past]
) -> list[Row]:
    """Score all models from the first ``cut`` values; add what came of the pool to ``past``."""
    changes = [number - series.first for number in series.breaks]
    end = min([len(series.values), *(change for change in changes if change >= cut)])
    found = profile(series.values[:cut], series.frequency, series.first % series.frequency)
    pool = (*members(found), Member(Drift(BENCHMARK, 1.0), 1e-12, _logs(found)))
    ahead = (i for i in range(cut, end) if (series.first + i) % series.frequency in found.slots)
    slots = list(islice(ahead, horizon))
    if not slots:
        return []
    material = gather(found, len(slots), pool=pool, draws=DRAWS, memo=memo)
    pooled = combine(material, rules_for(found))
    said = {
        name: found.restore(paths)
        for name, paths in zip(material.names, material.final, strict=True)
    }
    raw = found.restore(pooled.sample)
    said = {COMBINED: calibrated(raw, past, cut)} | said
    scale = scores.naive_scale(found.values, found.cycle)
    rng = np.random.default_rng(cut)
    fell = {
        place: scores.pit(raw[:, j], float(series.values[place]), rng)
        for j, place in enumerate(slots)
        if np.isfinite(series.values[place])
    }
    past += [Past(cut, place, pit) for place, pit in fell.items()]
    rows: list[Row] = []
    for model, restored in said.items():
        for j, place in enumerate(slots):
            actual = float(series.values[place])
            if np.isnan(actual):
                continue
            rows.append(
                {"model": model, "origin": series.first + cut - 1, "step": j + 1}
                | _scored(restored[:, j], actual, scale, rng)
                | {"pool_pit": fell[place] if model == COMBINED else np.nan}
            )
    return rows


def _logs(found: Profile) -> bool:
    return found.kind != "rate" and found.positive


def _scored(draws: Floats, actual: float, scale: float, rng: np.random.Generator) -> Row:
    tails = [q for level in INTERVALS for q in (0.5 - level / 2, 0.5 + level / 2)]
    bounds = np.quantile(draws, tails)
    median = float(np.median(draws))
    score = float(scores.crps(draws, np.asarray(actual)))
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


def ahead(series: Regular, rows: Sequence[Row], horizon: int, levels: Sequence[float]) -> Floats:
    """Forecast what comes after a series, calibrated by all its backtest has seen come true.

    Parameters
    ----------
    series : Regular
    rows : sequence of dict
        Its backtest.
    horizon : int
        Steps ahead; a period of the year that the series never has is no step.
    levels : sequence of float
        Wanted quantiles, in (0, 1).

    Returns
    -------
    (levels, horizon) array
    """
    mine = [row for row in rows if row["model"] == COMBINED and row["series"] == series.name]
    origins = list(dict.fromkeys(row["origin"] for row in mine))
    # Only which values share an origin matters, not their places: all of them are known by now.
    past = [Past(origins.index(row["origin"]), 0, row["pool_pit"]) for row in mine]
    found = profile(series.values, series.frequency, series.first % series.frequency)
    pits = [[one.cut, one.pit] for one in past]
    data = series.values, series.frequency, series.first
    key = cache.digest("ahead", *data, pits, horizon, list(levels))

    def compute() -> cache.Arrays:
        pooled = combine(gather(found, horizon), rules_for(found))
        paths = calibrated(found.restore(pooled.sample), past, len(series.values))
        return {"quantiles": np.quantile(paths, levels, axis=0)}

    return np.asarray(cache.remembered("ahead", key, compute)["quantiles"])


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
    found: dict[str, Any] = {}
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
        found[name] = {
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
        "origins": sum(line["origins"] for line in found.values()),
        "values": len(every),
        "skill": 1.0 - total[COMBINED] / total[BENCHMARK],
        "ratio": total[COMBINED] / total["best"],
    } | {f"cover{c}": _mean(every, f"inside{c}") for c in (50, 80, 95)}
    return {
        "series": found,
        "all": together,
        "kept": {
            model: {"series": len(pairs), "ratio": float(np.divide(*np.sum(pairs, axis=0)))}
            for model, pairs in kept.items()
        },
    }
