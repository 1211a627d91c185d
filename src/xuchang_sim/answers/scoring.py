"""Scores of hindcasts: how far forecasts were from outcomes, beside simple forecasts of the same rows.

All scores are of growth over the base in percentage points, so that rows of any size count alike.
Rows of one case and year are one cluster: their errors are not independent.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim import __version__
from xuchang_sim.answers.hindcast import Hindcast, unscorable
from xuchang_sim.answers.predictive import LEVELS, Forecast
from xuchang_sim.answers.rules import rules_digest
from xuchang_sim.answers.simple import SIMPLE, Normal, simple_forecasts
from xuchang_sim.deferred import deferred

with deferred():
    from scipy import special

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.cases import Bound, CaseRow

    Floats = npt.NDArray[np.float64]

BINS = 5
STEP = 1.0 / (len(LEVELS) + 1)  # between levels
#: Least and largest probability that counts in a log score: nobody is that sure of a case.
LEAST_P = 0.005
COVERAGES = {0.5: (4, 14), 0.8: (1, 17), 0.9: (0, 18)}  # positions in LEVELS
CONFIDENCE = 0.95


class Score(NamedTuple):
    """One row: outcome, and scores of the forecast, the model and the simple forecasts, in points.

    PIT, intervals, chance and quantiles are those of the forecast as written.

    Parameters
    ----------
    pit : tuple of two floats
        Probability integral transform; from and to differ for a bound.
    met : bool or None
        Whether the target was reached; None if there is none, or a bound leaves it open.
    crps, log : dict of str to float
        By name: ``pool`` (the forecast as written), ``model`` (alone) and the simple forecasts that could
        be made.
    """

    case: str
    place: str
    year: int
    quantity: str
    outcome: float
    bound: Bound
    pit: tuple[float, float]
    inside: dict[float, bool | None]
    met: bool | None
    p_target: float | None
    crps: dict[str, float]
    log: dict[str, float]
    quantiles: tuple[float, ...]


class Difference(NamedTuple):
    """Model less a simple forecast, mean over clusters, with its 95% interval (Student's t).

    ``counts`` is the smallest difference that would count: the half-width of the interval.
    Without two clusters there is no interval: NaN.
    """

    name: str
    difference: float
    low: float
    high: float
    counts: float
    model: float
    simple: float
    rows: int
    clusters: int


@dataclass(frozen=True)
class Scores:
    """Scores by row and pooled.

    Parameters
    ----------
    crps, log : dict of str to float
        Mean over clusters, of the model and of each simple forecast on the rows it has.
    differences : dict of str to Difference
        CRPS of the model alone less that of each simple forecast, paired.
    pooled : dict of str to Difference
        The same of the forecasts as written: half model and half simple where a panel allows.
    coverage : dict of float to float
        Share of outcomes inside the central interval of each level; bounds are left out.
    histogram : tuple of float
        Share of PIT values in each of :data:`BINS` equal bins; a bound is spread over its range.
    unscored : tuple of str
        Outcome rows without a forecast, with the reason.
    """

    rows: tuple[Score, ...]
    crps: dict[str, float]
    log: dict[str, float]
    differences: dict[str, Difference]
    pooled: dict[str, Difference]
    coverage: dict[float, float]
    histogram: tuple[float, ...]
    unscored: tuple[str, ...]

    @property
    def clusters(self) -> int:
        """Case-years with a scored row."""
        return len({(row.place, row.year) for row in self.rows})

    @property
    def years(self) -> int:
        """Years with a scored row: the errors of one year have a part in common."""
        return len({row.year for row in self.rows})

    @property
    def better(self) -> str | None:
        """The simple forecast against which the model alone does worst; None if nothing was scored."""
        return _best(self.differences)

    @property
    def verdict(self) -> str:
        """``worse``, ``better`` than the best simple forecast, ``unproven``, or ``unscored``: the model."""
        return _verdict(self.differences)

    @property
    def is_pooled(self) -> bool:
        """Whether any forecast as written is another than the model's."""
        return any(row.crps["pool"] != row.crps["model"] for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        data = asdict(self)
        data["rows"] = [row._asdict() for row in self.rows]
        for row in data["rows"]:
            row["inside"] = {f"{level:g}": x for level, x in row["inside"].items()}
        for key in ("differences", "pooled"):
            data[key] = {name: d._asdict() for name, d in getattr(self, key).items()}
        data["coverage"] = {f"{level:g}": x for level, x in self.coverage.items()}
        data |= {"clusters": self.clusters, "years": self.years}
        best = _best(self.pooled)
        data["as_written"] = {
            "better": best,
            "verdict": _verdict(self.pooled),
            "difference": data["pooled"].get(best),
        }
        data |= {"is_pooled": self.is_pooled}
        return data | {"better": self.better, "verdict": self.verdict}


def quantile_crps(quantiles: Floats, actual: float, bound: Bound = "") -> float:
    """CRPS from quantiles at :data:`LEVELS`: twice the integral of the pinball loss over levels.

    By the trapezoidal rule; at the levels 0 and 1 the loss is zero. In the unit of the values.

    An outcome known as a bound is censored there, and so is the forecast: both count as the bound
    beyond it.

    Parameters
    ----------
    quantiles : ndarray, shape (19,)
    actual : float
    bound : str
        ``at_least`` if the outcome is `actual` or more, ``at_most`` if it is `actual` or less.
    """
    q = np.asarray(quantiles, dtype=float)
    if bound == "at_least":
        q = np.minimum(q, actual)
    elif bound == "at_most":
        q = np.maximum(q, actual)
    levels, gap = np.asarray(LEVELS), actual - q
    return float(2.0 * STEP * np.maximum(levels * gap, (levels - 1.0) * gap).sum())


def transform(quantiles: Floats, actual: float) -> float:
    """Probability integral transform of an outcome from quantiles at :data:`LEVELS`.

    Between quantiles, and beyond the first and the last, the law is normal: linear in the normal
    quantile of the level.
    """
    z, q = special.ndtri(np.asarray(LEVELS)), np.asarray(quantiles, dtype=float)
    place = int(np.clip(np.searchsorted(q, actual), 1, len(q) - 1))
    width = q[place] - q[place - 1]
    if width <= 0.0:
        return float(special.ndtr(z[place]))
    step = (actual - q[place - 1]) / width
    return float(special.ndtr(z[place - 1] + step * (z[place] - z[place - 1])))


def log_score(p: float, met: bool) -> float:
    """Minus the log of the probability given to what happened; smaller is better."""
    sure = min(max(p, LEAST_P), 1.0 - LEAST_P)
    return -math.log(sure if met else 1.0 - sure)


def _met(outcome: float, bound: Bound, target: float | None) -> bool | None:
    """Whether a target was reached, as far as a bound tells."""
    if target is None:
        return None
    if outcome >= target:
        return None if bound == "at_most" and outcome > target else True
    return None if bound == "at_least" else False


def score_row(forecast: Forecast, value: float, bound: Bound = "") -> Score:
    """Score one forecast and the simple ones of the same row.

    Parameters
    ----------
    forecast : Forecast
    value : float
        Outcome, in the unit of the forecast.
    bound : str
    """
    actual = forecast.points(value)
    quantiles = np.array([forecast.points(q) for q in forecast.quantiles])
    last, aimed = forecast.last_growth, forecast.target
    simple = simple_forecasts(
        forecast.measure,
        forecast.information_date,
        None if last is None else 100.0 * last,
        None if aimed is None else forecast.points(aimed),
    )
    alone = np.array([forecast.points(q) for q in forecast.alone])
    crps = {"pool": quantile_crps(quantiles, actual, bound)}
    crps["model"] = quantile_crps(alone, actual, bound)
    z = special.ndtri(np.asarray(LEVELS))
    crps |= {
        name: quantile_crps(law.mean + law.sd * z, actual, bound) for name, law in simple.items()
    }
    met = _met(value, bound, forecast.target)
    log: dict[str, float] = {}
    if met is not None and forecast.p_target is not None and forecast.target is not None:
        aim = forecast.points(forecast.target)
        log["pool"] = log_score(forecast.p_target, met)
        log["model"] = log_score(forecast.p_alone or 0.0, met)
        for name, law in simple.items():
            log[name] = log_score(float(special.ndtr((law.mean - aim) / law.sd)), met)
    here = transform(quantiles, actual)
    pit = {"": (here, here), "at_least": (here, 1.0), "at_most": (0.0, here)}[bound]
    inside: dict[float, bool | None] = {
        level: None if bound else bool(quantiles[low] <= actual <= quantiles[high])
        for level, (low, high) in COVERAGES.items()
    }
    return Score(
        forecast.case,
        forecast.place,
        forecast.year,
        forecast.quantity,
        actual,
        bound,
        pit,
        inside,
        met,
        forecast.p_target,
        crps,
        log,
        tuple(quantiles.tolist()),
    )


def score(forecasts: Hindcast, outcomes: Iterable[CaseRow]) -> Scores:
    """Score forecasts against outcomes.

    Parameters
    ----------
    forecasts : Hindcast
    outcomes : iterable of CaseRow
        Rows of kind ``outcome``, in the units of the model.

    Returns
    -------
    Scores
    """
    known = {(f.case, f.quantity): f for f in forecasts.forecasts}
    rows, unscored = [], []
    for outcome in outcomes:
        forecast = known.get((outcome.case, outcome.quantity))
        place = f"{outcome.file}:{outcome.line}: {outcome.case}: {outcome.quantity}"
        if unscorable(outcome):
            unscored.append(f"{place} is arithmetic on the plan, not an observation")
        elif forecast is None:
            reason = (
                "no forecast of it" if outcome.case in forecasts.cases else "the case was not run"
            )
            unscored.append(f"{place}: {reason}")
        else:
            rows.append(score_row(forecast, outcome.value, outcome.bound))
    return pooled(rows, unscored)


def pooled(rows: Sequence[Score], unscored: Sequence[str] = ()) -> Scores:
    """Pool scores of rows over clusters of one case and year."""
    names = ("pool", "model", *SIMPLE)
    return Scores(
        tuple(rows),
        {name: _pool([(r, r.crps[name]) for r in rows if name in r.crps]) for name in names},
        {name: _pool([(r, r.log[name]) for r in rows if name in r.log]) for name in names},
        {name: difference for name in SIMPLE if (difference := _difference("model", name, rows))},
        {name: difference for name in SIMPLE if (difference := _difference("pool", name, rows))},
        {level: _share([r.inside[level] for r in rows]) for level in COVERAGES},
        histogram([r.pit for r in rows]),
        tuple(unscored),
    )


def _best(differences: Mapping[str, Difference]) -> str | None:
    """Simple forecast that is best beside a forecast; None if nothing was scored.

    Only those count that can be made for as many rows as any: a forecast that speaks on few is no rival
    on all.
    """
    known = differences.values()
    return max(known, key=lambda d: (d.rows, d.difference)).name if known else None


def _verdict(differences: Mapping[str, Difference]) -> str:
    """Whether a forecast is worse or better than the best simple one by more than chance."""
    best = _best(differences)
    if best is None:
        return "unscored"
    if differences[best].low > 0.0:
        return "worse"
    return "better" if differences[best].high < 0.0 else "unproven"


def _clusters(pairs: Sequence[tuple[Score, float]]) -> Floats:
    """Means by case-year."""
    groups: dict[tuple[str, int], list[float]] = {}
    for row, value in pairs:
        groups.setdefault((row.place, row.year), []).append(value)
    return np.array([math.fsum(values) / len(values) for values in groups.values()])


def _pool(pairs: Sequence[tuple[Score, float]]) -> float:
    means = _clusters(pairs)
    return float(means.mean()) if len(means) else math.nan


def _share(inside: Sequence[bool | None]) -> float:
    known = [x for x in inside if x is not None]
    return sum(known) / len(known) if known else math.nan


def _difference(ours: str, name: str, rows: Sequence[Score]) -> Difference | None:
    """One of ours less a simple forecast on the rows that both have; None if there are none."""
    both = [row for row in rows if name in row.crps and ours in row.crps]
    if not both:
        return None
    gaps = _clusters([(row, row.crps[ours] - row.crps[name]) for row in both])
    mean, counts = float(gaps.mean()), math.nan
    if len(gaps) > 1:
        error = float(gaps.std(ddof=1)) / math.sqrt(len(gaps))
        counts = float(special.stdtrit(len(gaps) - 1, 0.5 + CONFIDENCE / 2.0)) * error
    return Difference(
        name,
        mean,
        mean - counts,
        mean + counts,
        counts,
        _pool([(row, row.crps[ours]) for row in both]),
        _pool([(row, row.crps[name]) for row in both]),
        len(both),
        len(gaps),
    )


def histogram(pits: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """Shares of PIT values by bin; an interval is spread over the bins it covers."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    total = np.zeros(BINS)
    for low, high in pits:
        if high > low:
            covered = np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1])
            total += np.maximum(covered, 0.0) / (high - low)
        else:
            total[min(int(low * BINS), BINS - 1)] += 1.0
    return tuple((total / max(len(pits), 1)).tolist())


def seal_of(forecasts: Hindcast, scores: Scores) -> dict[str, Any]:
    """Return what is to be kept of scores, for :mod:`xuchang_sim.answers.skill`.

    Parameters
    ----------
    forecasts : Hindcast
    scores : Scores

    Returns
    -------
    dict
        ``crps`` of the model and of each simple forecast in points of growth, ``whole_packs`` (cases
        with an outcome), ``case_years``, ``years``, ``rows``, ``better`` (the simple forecast that
        does best), the ``difference`` to it with its interval, ``coverage``, ``verdict``, and the
        hashes of rules and forecasts.
    """
    better = scores.better
    data = scores.to_dict()
    return {
        "version": __version__,
        "rules": rules_digest(),
        "forecasts_sha256": forecasts.sha256,
        "whole_packs": len({row.case for row in scores.rows}),
        "packs_forecast": len(forecasts.cases),
        "case_years": scores.clusters,
        "years": scores.years,
        "rows": len(scores.rows),
        "crps": data["crps"],
        "is_pooled": scores.is_pooled,
        "log_score": data["log"],
        "better": better,
        "difference": data["differences"].get(better),
        "as_written": data["as_written"],
        "coverage": data["coverage"],
        "verdict": scores.verdict,
    }


__all__ = [
    "Difference",
    "Normal",
    "Score",
    "Scores",
    "pooled",
    "quantile_crps",
    "score",
    "seal_of",
    "transform",
]
