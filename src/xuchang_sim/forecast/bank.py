"""A bank of exponential filters: one pass gives the forecasts of every member from every origin.

No member is fitted and none is fitted again: parameters are fixed, so a forecast from an origin knows
nothing of what came later, and no optimiser can stop elsewhere by a last bit. Smoothing, damped trends,
reversion to a slow mean and drift are covered by one recursion with a *base effect*: growth over a
year drops an old period for each new one, so the error of that period is expected back with opposite
sign (a seasonal moving average). On logarithms differenced over a year the same bank holds the airline
model of Box and Jenkins (1976, chapter 9) on a grid of its two parameters; filters of level, trend and
season after Winters (1960) stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Filter:
    """One member.

    Attributes
    ----------
    name : str
    alpha : float
        Share of news that enters the level.
    beta, phi : float
        Share of that which enters the trend, and what is left of the trend a step later.
    theta : float
        Base effect: share of the error of a year ago that is expected back.
    rho : float
        Share of the distance to the slow mean that is left a step later; 1 without a mean.
    half_life : float
        Of the slow mean, steps; infinite for the mean so far.
    drift : float
        Share of the mean step so far that goes on.
    gamma : float
        Share of news that enters the season (filters of Winters); negative for all others.
    prior : float
        Weight before anything is learnt.
    """

    name: str
    alpha: float
    beta: float = 0.0
    phi: float = 0.0
    theta: float = 0.0
    rho: float = 1.0
    half_life: float = np.inf
    drift: float = 0.0
    gamma: float = -1.0
    prior: float = field(default=1.0, compare=False)


@dataclass(frozen=True, slots=True)
class Regression:
    """An autoregression, estimated anew at every origin by sums that run along.

    Attributes
    ----------
    name : str
    lags : int
    order : int
        1 for one of steps, 0 for one of values.
    theta : float
        Base effect: coefficient of a moving average a year ago, with opposite sign.
    start : float
        First coefficient believed in beforehand; the others are 0.
    strength : float
        Observations' worth of that belief.
    centre : float
        Share of the mean so far that is returned to.
    prior : float
        Weight before anything is learnt.
    """

    name: str
    lags: int = 2
    order: int = 1
    theta: float = 0.0
    start: float = 0.3
    strength: float = 8.0
    centre: float = 0.0
    prior: float = field(default=1.0, compare=False)


@dataclass(frozen=True, slots=True)
class Season:
    """A level smoothed free of the mean season so far, with a share of the mean growth so far.

    Attributes
    ----------
    name : str
    alpha : float
        Share of news that enters the level.
    drift : float
        Share of the mean step so far that goes on.
    half_life : float
        Of the mean season, in years.
    prior : float
        Weight before anything is learnt.
    """

    name: str
    alpha: float
    drift: float
    half_life: float
    prior: float = field(default=1.0, compare=False)


Member = Filter | Regression | Season


def _shared(total: float, group: Sequence[Any]) -> list[Any]:
    """Give a group of members a total prior weight, in proportion to theirs."""
    whole = sum(one.prior for one in group)
    return [replace(one, prior=total * one.prior / whole) for one in group]


def _plain() -> list[Filter]:
    out = [Filter("smoothing", a) for a in (0.3, 0.6, 1.0)]
    shapes = ((0.3, 0.6), (0.3, 0.8), (0.6, 0.8), (0.6, 0.9))
    return out + [Filter("damped trend", a, b, p) for a in (0.6, 1.0) for b, p in shapes]


def _based() -> list[Filter]:
    shapes = ((1, 0, 0), (0.6, 0, 0), (1, 0.3, 0.8), (1, 0.6, 0.8), (1, 0.6, 0.9), (0.6, 0.3, 0.8))
    return [Filter("base effect", a, b, p, theta=t) for t, (a, b, p) in product((0.4, 0.8), shapes)]


def _reverting() -> list[Filter]:
    return [
        Filter("reversion", 0.8, rho=r, half_life=h)
        for r, h in product((0.8, 0.9, 0.95, 0.98), (24.0, np.inf))
    ]


def _drifting() -> list[Filter]:
    return [Filter("drift", a, drift=d) for d, a in product((0.5, 1.0), (0.6, 1.0))]


def _yearly() -> list[Filter]:
    """The airline model and its relations, on differences over a year."""
    out = [
        Filter("airline", a, theta=t) for a, t in product((0.2, 0.4, 0.7), (0.0, 0.4, 0.6, 0.85))
    ]
    out += [Filter("airline", 0.6, 0.3, p, theta=t) for t, p in product((0.4, 0.8), (0.6, 0.9))]
    return out + [
        Filter("yearly reversion", 0.5, rho=r, theta=t)
        for r, t in product((0.0, 0.7, 0.9), (0.0, 0.5))
    ]


def _winters() -> list[Filter]:
    trends = ((0.0, 0.0), (0.2, 0.95))
    return [
        Filter("level, trend and season", a, b, p, gamma=g)
        for a, (b, p), g in product((0.15, 0.4, 0.7), trends, (0.05, 0.25))
    ]


def _means() -> list[Season]:
    """Mean seasons whose growth stops, goes on by half or in full: full trends overshoot (Gardner and McKenzie 1985)."""
    return [
        Season("mean season", a, d, h)
        for a, d, h in product((0.3, 0.6, 1.0), (0.0, 0.5, 1.0), (4.0, np.inf))
    ]


#: Moving averages a year ago that autoregressions of a rate over a year are tried with.
_THETAS = (0.0, 0.3, 0.5, 0.7, 0.85, 0.95)


@lru_cache
def members(kind: str, frequency: int) -> tuple[Member, ...]:
    """Return the bank for a kind of series: ``rate``, ``level`` or ``season``.

    Priors were chosen on the development half of the bed (docs/outlook.md).
    """
    if kind == "season":
        steps = [
            Regression("autoregression", 3, 1, t, 0.0, 6.0) for t in (0.0, 0.3, 0.5, 0.7, 0.85)
        ]
        return (
            *_shared(0.15, steps),
            *_shared(0.35, _yearly()),
            *_shared(0.2, _winters()),
            *_shared(0.3, _means()),
        )
    if kind == "level" and frequency == 1:
        growth = [
            Regression("growth", 1, 1, 0.0, 0.5, 6.0, 0.64, prior=3.0),
            Regression("growth", 1, 1, 0.0, 0.7, 6.0, 0.8, prior=3.0),
            Regression("growth", 1, 1, 0.0, 0.5, 6.0, 1.0, prior=1.0),
        ]
        return (*_shared(0.85, growth), *_shared(0.1, _drifting()), *_shared(0.05, _plain()))
    if kind == "level":
        growth = [Regression("growth", k, 1, 0.0, 0.3, 6.0, c) for k in (2, 3) for c in (0.0, 0.7)]
        return (*_shared(0.6, growth), *_shared(0.15, _drifting()), *_shared(0.25, _plain()))
    if frequency == 1:
        return (
            *_shared(
                0.55,
                [
                    Regression("autoregression", 1, 0, 0.0, 0.4, 4.0, 1.0, prior=2.0),
                    Regression("autoregression", 1, 0, 0.0, 0.2, 20.0, 1.0, prior=1.0),
                    Regression("autoregression", 2, 0, 0.0, 0.4, 4.0, 1.0, prior=0.3),
                ],
            ),
            *_shared(0.35, [Filter("smoothing", a) for a in (0.15, 0.3)]),
            *_shared(0.1, [*_plain(), *_reverting()]),
        )
    steps = [Regression("autoregression of steps", 2, 1, t, 0.3, 6.0) for t in _THETAS]
    values = [Regression("autoregression", 2, 0, t, 0.9, 8.0, 1.0) for t in (0.0, 0.5, 0.85)]
    return (
        *_shared(0.7, steps),
        *_shared(0.1, values),
        *_shared(0.2, [*_plain(), *_based(), *_reverting()]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Output of the bank of candidates.

    Attributes
    ----------
    names : tuple of str
    priors : (K,) array
    said : (K, T, H) array
        Forecast of value t + h + 1 made when t is the last one known; NaN where there is none.
    errors : (K, T, H) array
        Value minus forecast; NaN where either is not known.
    """

    names: tuple[str, ...]
    priors: Floats
    said: Floats
    errors: Floats


def run(z: Floats, bank: tuple[Member, ...], horizon: int, cycle: int, year: int) -> Forecasts:
    """Run every member over a series and forecast from every origin.

    Parameters
    ----------
    z : (T,) array
        Values on a scale where errors add.
    bank : tuple of Filter
    horizon : int
        Steps ahead.
    cycle : int
        Periods of a season, 1 if none: then members without ``gamma`` see differences over it.
    year : int
        Periods of the base effect.
    """
    filters = [one for one in bank if isinstance(one, Filter)]
    flat = tuple(one for one in filters if one.gamma < 0)
    seasonal = tuple(one for one in filters if one.gamma >= 0)
    fitted = tuple(one for one in bank if isinstance(one, Regression))
    means = tuple(one for one in bank if isinstance(one, Season)) if cycle > 1 else ()
    seasonal = seasonal if cycle > 1 else ()
    x = z[cycle:] - z[:-cycle] if cycle > 1 else z
    plain = [_filtered(x, flat, horizon, year)] if flat else []
    plain += [_regressed(x, one, horizon, year)[np.newaxis] for one in fitted]
    if cycle > 1:
        plain = [_undone(z, said, cycle) for said in plain]
        plain += [_winters_said(z, seasonal, horizon, cycle)] if seasonal else []
        plain += [_means_said(z, means, horizon, cycle)] if means else []
    every = np.concatenate(plain)
    errors = np.full_like(every, np.nan)
    for step in range(min(horizon, len(z) - 1)):
        errors[:, : len(z) - step - 1, step] = z[step + 1 :] - every[:, : len(z) - step - 1, step]
    order: tuple[Member, ...] = (*flat, *fitted, *seasonal, *means)
    priors = np.array([one.prior for one in order])
    return Forecasts(tuple(one.name for one in order), priors / priors.sum(), every, errors)


def joined(parts: Sequence[Forecasts], shares: Sequence[float]) -> Forecasts:
    """Put banks of the same series side by side, each with a share of the prior weight."""
    if len(parts) == 1:
        return parts[0]
    priors = [share / sum(shares) * part.priors for part, share in zip(parts, shares, strict=True)]
    return Forecasts(
        tuple(name for part in parts for name in part.names),
        np.concatenate(priors),
        np.concatenate([part.said for part in parts]),
        np.concatenate([part.errors for part in parts]),
    )


def _filtered(z: Floats, bank: tuple[Filter, ...], horizon: int, year: int) -> Floats:
    """(K, T, H) forecasts of the filters without season."""
    count, size = len(z), len(bank)
    alpha, beta, phi, theta, rho, drift = (
        np.array([getattr(one, name) for one in bank])
        for name in ("alpha", "beta", "phi", "theta", "rho", "drift")
    )
    means = {one.half_life: _running_mean(z, one.half_life) for one in bank}
    slow = np.array([means[one.half_life] for one in bank])
    steps = np.diff(z, prepend=z[0])
    mean_step = np.cumsum(steps) / np.maximum(np.arange(count), 1)
    level, trend = np.full(size, z[0]), np.zeros(size)
    levels, trends = np.empty((size, count)), np.empty((size, count))
    news = np.zeros((size, count))
    levels[:, 0], trends[:, 0] = level, trend
    for t in range(1, count):
        mean = slow[:, t - 1]
        back = -theta * news[:, t - year] if t > year else 0.0
        base = mean + rho * (level - mean) + phi * trend + drift * mean_step[t - 1]
        news[:, t] = z[t] - base - back
        move = alpha * (news[:, t] + back)
        level, trend = base + move, phi * trend + beta * move
        levels[:, t], trends[:, t] = level, trend
    out = np.empty((size, count, horizon))
    column = (slice(None), np.newaxis)
    at, going = levels, trends
    for step in range(horizon):
        back = np.zeros((size, count))
        ago = step + 1 - year
        if ago <= 0:  # the error of a year before that step is known
            back[:, -ago:] = -theta[column] * news[:, : max(count + ago, 0)]
        at = slow + rho[column] * (at - slow) + phi[column] * going + drift[column] * mean_step
        out[:, :, step] = at + back
        at = at + alpha[column] * back
        going = phi[column] * going + (alpha * beta)[column] * back
    return out


def _regressed(z: Floats, one: Regression, horizon: int, year: int) -> Floats:
    """(T, H) forecasts of one autoregression."""
    w = np.diff(z, prepend=z[0]) if one.order else z
    count, lags, begin = len(w), one.lags, one.order
    seen = np.maximum(np.arange(count) + 1 - begin, 1)
    sofar = np.cumsum(np.where(np.arange(count) >= begin, w, 0.0)) / seen
    v, centres = w.copy(), one.centre * sofar
    if one.theta:
        for t in range(year + begin, count):
            v[t] += one.theta * v[t - year]
        # The filter multiplies a constant by 1 / (1 - theta), once a year has passed.
        centres = one.centre * np.cumsum(np.where(np.arange(count) >= begin, v, 0.0)) / seen
    lagged = np.stack([np.concatenate([np.zeros(k), v[: count - k]]) for k in range(1, lags + 1)])
    usable = np.arange(count) >= lags + begin
    gram = np.cumsum(lagged[:, None] * lagged[None] * usable, axis=2)
    cross = np.cumsum(lagged * v * usable, axis=1)
    sums, total = np.cumsum(lagged * usable, axis=1), np.cumsum(v * usable)
    size = np.maximum(np.cumsum(usable), 1)
    # Moments about the centre: products of deviations from it.
    gram = gram - centres * (sums[:, None] + sums[None]) + size * centres**2
    cross = cross - centres * (sums + total) + size * centres**2
    power = np.maximum(np.mean(gram[np.arange(lags), np.arange(lags)], axis=0) / size, 1e-12)
    belief = one.strength * power
    prior = np.zeros(lags)
    prior[0] = one.start
    left = np.moveaxis(gram, 2, 0) + belief[:, None, None] * np.eye(lags)
    right = cross.T + belief[:, None] * prior
    slopes = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    size_ = np.abs(slopes).sum(axis=1)
    slopes = slopes * np.minimum(1.0, 0.98 / np.maximum(size_, 1e-12))[:, None]
    out = np.empty((count, horizon))
    path = [np.concatenate([np.zeros(k), v[: count - k]]) - centres for k in range(lags)]
    at = z.copy()
    ahead: list[Floats] = []
    for step in range(horizon):
        new = sum(slopes[:, k] * path[k] for k in range(lags))
        path = [new, *path[:-1]]
        full = new + centres
        ago = step + 1 - year
        before = np.zeros(count)
        if one.theta:
            if ago <= 0:
                before[-ago:] = v[: max(count + ago, 0)]
                before[: year + begin] = 0.0
            else:
                before = ahead[ago - 1]
        ahead.append(full)
        at = (at if one.order else 0.0) + full - one.theta * before
        out[:, step] = at
    return out


def _running_mean(z: Floats, half_life: float) -> Floats:
    """(T,) discounted mean of the values so far."""
    keep = 0.5 ** (1.0 / half_life)
    total, weight, out = 0.0, 0.0, np.empty(len(z))
    for t, value in enumerate(z):
        total, weight = keep * total + value, keep * weight + 1.0
        out[t] = total / weight
    return out


def _undone(z: Floats, said: Floats, cycle: int) -> Floats:
    """(K, T, H) forecasts of values from those of differences over a season."""
    size, _, horizon = said.shape
    count = len(z)
    out = np.full((size, count, horizon), np.nan)
    for step in range(horizon):
        ahead = np.arange(cycle, count) + step + 1 - cycle
        if step < cycle:
            before = np.broadcast_to(z[np.minimum(ahead, count - 1)], (size, count - cycle))
        else:
            before = out[:, cycle:, step - cycle]
        out[:, cycle:, step] = said[:, :, step] + before
    return out


def _winters_said(z: Floats, bank: tuple[Filter, ...], horizon: int, cycle: int) -> Floats:
    """(K, T, H) forecasts of the filters of level, trend and season, from the end of year two."""
    count, size = len(z), len(bank)
    alpha, beta, phi, gamma = (
        np.array([getattr(one, name) for one in bank]) for name in ("alpha", "beta", "phi", "gamma")
    )
    start = 2 * cycle
    first, second = z[:cycle], z[cycle:start]
    rise = (second.mean() - first.mean()) / cycle
    line = rise * (np.arange(cycle) - (cycle - 1) / 2)
    shape = ((first - first.mean() - line) + (second - second.mean() - line)) / 2
    season = np.tile(shape, (size, 1))
    level = np.full(size, second.mean() + rise * (cycle - 1) / 2)
    trend = np.where(phi > 0, rise, 0.0)
    out = np.full((size, count, horizon), np.nan)
    for t in range(start, count + 1):
        if t > start or t == count:
            slot = (t - 1) % cycle
            if t > start:
                news = z[t - 1] - level - phi * trend - season[:, slot]
                level = level + phi * trend + alpha * news
                trend = phi * trend + alpha * beta * news
                season = season.copy()
                season[:, slot] += gamma * (1.0 - alpha) * news
        at, going = level, trend
        for step in range(horizon):
            going = phi * going
            at = at + going
            out[:, t - 1, step] = at + season[:, (t + step) % cycle]
    return out


def _means_said(z: Floats, bank: tuple[Season, ...], horizon: int, cycle: int) -> Floats:
    """(K, T, H) forecasts from the mean season so far, once every period has been seen."""
    count, size = len(z), len(bank)
    alpha, drift = (np.array([getattr(one, name) for one in bank]) for name in ("alpha", "drift"))
    keep = np.array([0.5 ** (1.0 / one.half_life) for one in bank])
    steps = np.diff(z, prepend=z[0])
    total, weight = np.zeros((size, cycle)), np.zeros((size, cycle))
    smooth = np.full(size, z[0])
    shares = np.zeros((size, cycle))
    shares[:, 0] = 1.0
    out = np.full((size, count, horizon), np.nan)
    ahead = np.arange(1, horizon + 1)
    for t in range(1, count):
        slot = t % cycle
        total[:, slot] = keep * total[:, slot] + steps[t]
        weight[:, slot] = keep * weight[:, slot] + 1.0
        smooth = (1.0 - alpha) * smooth + alpha * z[t]
        shares *= (1.0 - alpha)[:, np.newaxis]
        shares[:, slot] += alpha
        if t < cycle:
            continue
        mean = total / weight
        growth = mean.sum(axis=1, keepdims=True) / cycle
        season = np.cumsum(mean - growth, axis=1)
        season -= season.sum(axis=1, keepdims=True) / cycle
        lag = ((1.0 - alpha) / alpha)[:, np.newaxis] * growth
        level = smooth[:, np.newaxis] - (shares * season).sum(axis=1, keepdims=True) + lag
        going = ahead * drift[:, np.newaxis] * growth
        out[:, t] = level + season[:, (t + ahead) % cycle] + going
    return out
