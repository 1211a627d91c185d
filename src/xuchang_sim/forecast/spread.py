"""Weights of the members, and a spread that is local in time and robust, from past errors alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.forecast.tolerance import binomial_band

with deferred():
    from scipy import special

if TYPE_CHECKING:
    import numpy.typing as npt

    from xuchang_sim.forecast.bank import Forecasts

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a kind of series is weighted and how wide it is.

    Attributes
    ----------
    trust : float
        How much the logarithm of a member's relative error moves that of its weight, an origin.
    memory : float
        Half-life of errors that weigh members, in origins.
    share : float
        Share of the weight that always follows the prior.
    recall : float
        Half-life of scaled errors, in origins.
    belief : float
        Origins' worth of the prior shape.
    width, power : float
        Prior shape: Student-t with six degrees of freedom times ``width * h ** power``, fitted to
        the scaled misses of the development half of the bed.
    revised : float
        How far the prior shape widens with the horizon as the series' own revisions say, 0 to 1; at 1
        ``h ** power`` counts ``belief`` origins.
    """

    trust: float = 0.25
    memory: float = 72.0
    share: float = 0.1
    recall: float = 40.0
    belief: float = 6.0
    width: float = 1.15
    power: float = 0.5
    revised: float = 0.0


#: Chosen on the development half of the bed (docs/outlook.md), never on the series at hand.
RULES = {
    "rate": Rules(),
    "level": Rules(),
    "season": Rules(width=1.0, power=0.4, revised=1.0),
    "annual level": Rules(width=1.1, power=0.9, belief=8.0),
    "annual rate": Rules(width=1.25, power=0.0),
}
#: Least number of origins for a measured coverage; bounds of the correction of a bad one.
LEAST_ORIGINS = 12
BOUNDS = (0.7, 2.5)
#: Degrees of freedom of the prior shape, and its quantiles at the middles of 200 equal parts.
DEGREES = 6
_SHORT, _LONG = 12.0, 60.0
_CAP = 5.0
_LEAST_LOSS = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """The combined forecast at every origin.

    Attributes
    ----------
    weights : (K, T) array
        Weight of every member when t is the last known value.
    said, errors : (T, H) arrays
        Combined forecasts and their errors.
    sigma : (T,) array
        Local mean absolute one-step error.
    worth : (T,) array
        Errors that the faster half of ``sigma`` is a mean of.
    first : int
        First origin whose forecast is judged.
    growth : (T, H) array
        Width of the prior shape by horizon, in that of one step.
    """

    weights: Floats
    said: Floats
    errors: Floats
    sigma: Floats
    worth: Floats
    first: int
    growth: Floats


def combine(forecasts: Forecasts, z: Floats, rules: Rules, first: int) -> Combined:
    """Weigh the members at every date by what had come true of their forecasts by then."""
    weights = _weights(forecasts, z, rules, first)
    said = np.einsum("kt,kth->th", weights, np.nan_to_num(forecasts.said))
    said[np.isnan(forecasts.said).any(axis=(0, 2))] = np.nan
    errors = np.full_like(said, np.nan)
    count, horizon = said.shape
    for step in range(min(horizon, count - 1)):
        errors[: count - step - 1, step] = z[step + 1 :] - said[: count - step - 1, step]
    sigma, worth = _local(errors[:, 0], z)
    return Combined(weights, said, errors, sigma, worth, first, _growth(said, errors, rules))


def _growth(said: Floats, errors: Floats, rules: Rules) -> Floats:
    """(T, H) width of the prior shape by horizon, in that of one step.

    The error of an efficient forecast is the sum of the later revisions of it, which are uncorrelated
    (Nordhaus 1987), so its variance is the sum of theirs. How much news moves the forecasts of later
    steps shows at every origin, long before errors of those steps have come true: next to nothing
    where a season is steady, as much as the news itself in a random walk.
    """
    count, horizon = said.shape
    fixed = np.array([(step + 1.0) ** rules.power for step in range(horizon)])
    out = np.tile(fixed, (count, 1))
    if not rules.revised:
        return out
    keep = 0.5 ** (1.0 / rules.recall)
    total, weight = np.zeros(horizon), 0.0
    for t in range(1, count):
        news = np.append(errors[t - 1, 0], said[t, :-1] - said[t - 1, 1:])
        if np.isfinite(news).all():
            total, weight = keep * total + np.abs(news), keep * weight + 1.0
        if total[0] > 0:
            own = np.sqrt(np.cumsum((total / total[0]) ** 2))
            share = rules.revised * weight / (weight + rules.belief)
            out[t] = own**share * fixed ** (1.0 - share)
    return out


def _weights(forecasts: Forecasts, z: Floats, rules: Rules, first: int) -> Floats:
    """(K, T) weights; those of members without a forecast are shared out."""
    size, count, horizon = forecasts.said.shape
    sizes = np.abs(forecasts.errors)
    naive = np.array([np.abs(z[h:] - z[:-h]).mean() for h in range(1, min(horizon, count - 1) + 1)])
    naive = np.maximum(naive, 1e-12)
    keep = 0.5 ** (1.0 / rules.memory)
    loss, weight, seen = np.zeros(size), 0.0, 0.0
    out = np.empty((size, count))
    for t in range(count):
        loss, weight, seen = keep * loss, keep * weight, keep * seen
        for step in range(min(len(naive), t)):
            origin = t - step - 1
            if origin < first:
                break
            row = sizes[:, origin, step] / naive[step]
            if np.isfinite(row).all():
                loss, weight = loss + row, weight + 1.0
                seen += step == 0
        logs = np.log(forecasts.priors)
        if weight > 0:
            relative = np.log(np.maximum(loss / weight, _LEAST_LOSS))
            logs = logs - rules.trust * seen * (relative - relative.min())
        share = np.exp(logs - logs.max())
        out[:, t] = (1.0 - rules.share) * share / share.sum() + rules.share * forecasts.priors
    return out


def _local(errors: Floats, z: Floats) -> tuple[Floats, Floats]:
    """(T,) local mean absolute one-step error, and the errors that it is a mean of.

    A fast and a slow mean; single errors are capped.
    """
    count = len(z)
    early = np.diff(z[:17])
    news = np.abs(early - early.mean()).sum() / max(len(early) - 1, 1)
    start = float(news) or float(np.abs(np.diff(z)).mean()) or 1.0
    keep = [0.5 ** (1.0 / _SHORT), 0.5 ** (1.0 / _LONG)]
    total, weight = [4.0 * start, 4.0 * start], [4.0, 4.0]
    out, worth = np.empty(count), np.empty(count)
    for t in range(count):
        if t and np.isfinite(errors[t - 1]):
            size = min(abs(float(errors[t - 1])), _CAP * total[1] / weight[1])
            for i in range(2):
                total[i] = keep[i] * total[i] + size
                weight[i] = keep[i] * weight[i] + 1.0
        short, long = (total[i] / weight[i] for i in range(2))
        floor = 1e-9 * start
        out[t] = np.exp(0.6 * np.log(max(short, floor)) + 0.4 * np.log(max(long, floor)))
        worth[t] = weight[0]
    return out, worth


def apart(origins: float, step: int) -> float:
    """Return what overlapping forecasts are worth in forecasts that do not overlap.

    Misses ``step`` steps ahead of a random walk, an origin apart, have ``step - 1`` of their steps in
    common with the next one's: the variance of the mean of their squares is (2 step + 1 / step) / 3
    times that of independent ones (the sum of squared autocorrelations 1 - k / step).

    Examples
    --------
    >>> apart(30, 1), round(apart(57, 9), 1)
    (30.0, 9.4)
    """
    return origins / ((2.0 * step + 1.0 / step) / 3.0)


def scaled_shape(
    combined: Combined, rules: Rules, until: int, levels: Floats, horizon: int
) -> Floats:
    """(levels, H) quantiles of scaled errors, from the forecasts that had come true by ``until``.

    They are symmetric about zero, not about the median of past errors: a bias that a handful of overlapping
    forecasts had is part of what a forecast misses by, and taking it off narrowed intervals. Past errors
    widen by what a new one differs from a sample of ``n``, 1 + 1/n in variance; the prior shape by what
    the local spread, a mean of ``m`` absolute errors about an estimated centre, is uncertain by,
    1 + pi / (2 m) for normal errors.
    """
    parts = 200
    prior = special.stdtrit(DEGREES, (np.arange(parts) + 0.5) / parts)
    vague = np.sqrt(1.0 + np.pi / (2.0 * combined.worth[until]))
    out = np.empty((len(levels), horizon))
    for step in range(horizon):
        origins = np.arange(combined.first, max(until - step, combined.first))
        scaled = (
            combined.errors[origins, step] / combined.sigma[origins]
            if len(origins)
            else np.empty(0)
        )
        known = np.isfinite(scaled)
        scaled, origins = scaled[known], origins[known]
        weights = 0.5 ** ((until - origins) / rules.recall)
        worth = apart(float(weights.sum()), step + 1)
        shape = prior * vague * rules.width * combined.growth[until, step]
        if not len(scaled):
            out[:, step] = np.interp(levels, (np.arange(parts) + 0.5) / parts, shape)
            continue
        wide = scaled * np.sqrt(1.0 + 1.0 / worth)
        both = np.concatenate([wide, -wide, shape])
        shares = np.concatenate(
            [
                np.tile(weights / weights.sum(), 2) * worth / 2.0,
                np.full(parts, rules.belief / parts),
            ]
        )
        out[:, step] = _quantiles(both, shares, levels)
    return out


def _quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Quantiles of weighted values, straight lines between their middles."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    middles = (total - 0.5 * weights[order]) / total[-1]
    return np.asarray(np.interp(levels, middles, values[order]))


def widening(ratios: Floats, held: float, origins: int, horizon: int) -> float:
    """Return the factor on the spread that past coverage asks for, 1 where chance explains it.

    Parameters
    ----------
    ratios : (N,) array
        Distances of past values from the median, in halves of the 80% interval on their side.
    held : float
        Share of them within the 80% interval.
    origins : int
        Origins they come from.
    horizon : int
        Steps of each: forecasts of neighbouring origins overlap.
    """
    if origins < LEAST_ORIGINS or not len(ratios):
        return 1.0
    single = max(int(apart(origins, horizon)), 4)
    low, high = binomial_band(0.8, single)
    if low <= held <= high:
        return 1.0
    learnt = np.log(max(float(np.quantile(ratios, 0.8)), 1e-6)) * single / (single + 4.0)
    return float(np.clip(np.exp(learnt), *BOUNDS))
