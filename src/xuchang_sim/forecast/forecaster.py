"""The automatic forecaster: many candidates, pooled linearly, with spread calibrated on the past.

Nothing is chosen by hand for a series. Weights start from robust priors by kind of series and
move only a little with the past CRPS of its own rolling origins; so does the spread.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.forecast.candidates import (
    Autoregression,
    Candidate,
    CandidateError,
    Drift,
    FitRecord,
    Fitted,
    Smoothing,
    StateSpace,
    Theta,
    fit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from xuchang_sim.forecast.profile import Profile

    Floats = npt.NDArray[np.float64]


DRAWS = 2000
PAST_DRAWS = 200
#: Rolling origins used to learn weights and spread (fewer where a fit is dear).
ORIGINS = {"annual": 8, "rate": 5, "level": 5, "season": 4}
#: Parts of a mean step that standardised values are rounded to.
_GRID = 2.0**20
LEVELS = tuple(round(0.05 * i, 2) for i in range(1, 20))


@dataclass(frozen=True, slots=True, eq=False)
class Memo:
    """Fits and draws shared between calls on the same series cut at several dates."""

    fits: dict[tuple[Any, ...], Fitted] = field(default_factory=dict)
    draws: dict[tuple[Any, ...], tuple[Floats | None, FitRecord]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """A candidate with its prior weight, on logarithms or not."""

    candidate: Candidate
    prior: float
    logs: bool


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What members said: final samples and samples at past origins, in the series' own units."""

    names: tuple[str, ...]
    priors: Floats
    final: list[Floats]
    past: list[list[Floats]]
    actual: list[Floats]
    medians: list[Floats]
    logs: tuple[bool, ...]
    volatility: dict[float, float]
    records: tuple[FitRecord, ...]


def members(found: Profile) -> tuple[Member, ...]:
    """Return the pool for a series, by what it was found to be."""
    if found.cycle > 1:
        return _seasonal(found.positive)
    pool: list[Member] = []
    annual = found.frequency == 1
    if found.level > 0.02:
        pool += [Member(c, found.level * w, True) for c, w in (_LEVEL if annual else _INDEX)]
    if found.level < 0.98:
        rates = _GROWTH if annual else _rates(found.frequency)
        pool += [Member(c, (1 - found.level) * w, False) for c, w in rates]
    return tuple(pool)


_LEVEL: tuple[tuple[Candidate, float], ...] = (
    (Autoregression("growth_ar", centre=0.64, prior=0.5, strength=6, doubt=0.2), 3),
    (Autoregression("growth_ar_full", centre=0.8, prior=0.4, strength=4, doubt=0.2), 2),
    (Drift("half_drift", 0.5), 1),
    (Drift("drift", 1.0), 1),
    (Smoothing("ets_damped", trend=True), 1),
    (Theta("theta"), 1),
    (StateSpace("local_trend", "uc", ("lltrend", False)), 1),
)
_GROWTH: tuple[tuple[Candidate, float], ...] = (
    (Autoregression("ar1", order=0, prior=0.4, strength=4), 3),
    (Autoregression("ar2", (1, 2), order=0, prior=0.4, strength=4), 0.5),
    (StateSpace("arima011", "sarimax", ((0, 1, 1), (0, 0, 0))), 2),
    (Smoothing("smoothing", alpha=0.3), 2),
    (StateSpace("local_level", "uc", ("llevel", False)), 1),
    (Drift("naive", 0.0), 0.3),
)
_INDEX: tuple[tuple[Candidate, float], ...] = (
    (Autoregression("growth_ar", (1, 2, 3), centre=0.7, prior=0.3, strength=6), 2),
    (StateSpace("arima210_ma12", "sarimax", ((2, 1, 0), (0, 0, 1)), 12), 1),
    (Smoothing("ets_damped", trend=True), 1),
    (Theta("theta"), 1),
    (Drift("half_drift", 0.5), 1),
)


def _rates(year: int) -> tuple[tuple[Candidate, float], ...]:
    """Pool for rates with ``year`` periods a year.

    A rate over a year drops an old period for each new one, hence the moving average.
    """
    return (
        (StateSpace(f"arima210_ma{year}", "sarimax", ((2, 1, 0), (0, 0, 1)), year), 4),
        (StateSpace(f"arma20_ma{year}", "sarimax", ((2, 0, 0), (0, 0, 1)), year, "c"), 2),
        (StateSpace("arima210", "sarimax", ((2, 1, 0), (0, 0, 0))), 0.3),
        (Autoregression("steps_ar", (1, 2, 3), centre=0.0, prior=0.3, strength=10), 0.5),
        (Autoregression("ar3", (1, 2, 3), order=0, prior=0.98, strength=20), 0.2),
        (Smoothing("ets_damped", trend=True), 0.2),
        (Drift("naive", 0.0), 0.2),
    )


def _seasonal(logs: bool) -> tuple[Member, ...]:
    pool: tuple[tuple[Candidate, float], ...] = (
        (StateSpace("airline", "sarimax", ((0, 1, 1), (0, 1, 1))), 4),
        (StateSpace("seasonal_arma", "sarimax", ((1, 0, 1), (0, 1, 1))), 2),
        (StateSpace("seasonal_walk", "uc", ("rwdrift", True)), 1.5),
        (Smoothing("ets_seasonal", trend=True, seasonal=True), 0.7),
        (Theta("theta"), 0.7),
        (Autoregression("seasonal_ar", (1, 2, 3), 0, 1, 0.5, 0.4, 6), 0.7),
        (Drift("seasonal_half_drift", 0.5), 0.5),
        # The benchmark itself: where nothing beats it, the weights must be able to say so.
        (Drift("seasonal_drift", 1.0), 1),
    )
    return tuple(Member(c, w, logs) for c, w in pool)


def gather(
    found: Profile,
    horizon: int,
    origins: int | None = None,
    pool: Sequence[Member] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    memo: Memo | None = None,
) -> Material:
    """Fit every member on the whole series and at past origins; keep what they said.

    Parameters
    ----------
    found : Profile
    horizon : int
        Steps ahead.
    origins : int, optional
        Past origins; by kind of series unless given.
    pool : sequence of Member, optional
        Members; by what the series was found to be unless given.
    draws : int
        Draws of every member at the end of the series.
    seed : int
        Draws are a function of it, the number of values and the member's place.
    memo : Memo, optional
        Fits shared between calls on the same series cut at several dates.

    Raises
    ------
    CandidateError
        If no candidate can be fitted.
    """
    memo = Memo() if memo is None else memo
    pool = members(found) if pool is None else pool
    y = found.values
    total = sum(m.prior for m in pool)
    keep, final, records, medians = [], [], [], []
    for number, member in enumerate(pool):
        paths, record = _say(member, found, len(y), horizon, draws, (seed, number), memo)
        records.append(record)
        if paths is not None:
            keep.append(number)
            final.append(paths)
            medians.append(np.median(paths, axis=0))
    if not final:
        msg = "no candidate could be fitted"
        raise CandidateError(msg)
    past: list[list[Floats]] = []
    actual: list[Floats] = []
    wanted = (
        ORIGINS[found.kind if found.frequency > 1 else "annual"] if origins is None else origins
    )
    for origin in _origins(len(y), found, horizon, wanted):
        steps = min(horizon, len(y) - origin)
        said = [
            _say(pool[number], found, origin, horizon, PAST_DRAWS, (seed, number), memo)[0]
            for number in keep
        ]
        if any(s is None for s in said):
            continue
        past.append([s[:, :steps] for s in said if s is not None])
        actual.append(y[origin : origin + steps])
    return Material(
        names=tuple(pool[i].candidate.name for i in keep),
        priors=np.array([pool[i].prior / total for i in keep]),
        final=final,
        past=past,
        actual=actual,
        medians=medians,
        logs=tuple(pool[i].logs for i in keep),
        volatility={h: _recent(found, h) for h in (3.0, 6.0, 12.0, 24.0)},
        records=tuple(records),
    )


def _say(
    member: Member,
    found: Profile,
    until: int,
    horizon: int,
    draws: int,
    address: tuple[int, ...],
    memo: Memo,
) -> tuple[Floats | None, FitRecord]:
    """Sample one member from the first ``until`` values, in the units of the values."""
    y = found.values[:until]
    key = (member.candidate.name, member.logs, found.cycle, horizon, draws, address, y.tobytes())
    if key not in memo.draws:
        fits = memo.fits
        memo.draws[key] = _sampled(member, y, found.cycle, horizon, draws, (*address, until), fits)
    return memo.draws[key]


def _sampled(
    member: Member,
    y: Floats,
    cycle: int,
    horizon: int,
    draws: int,
    address: tuple[int, ...],
    fits: dict[tuple[Any, ...], Fitted],
) -> tuple[Floats | None, FitRecord]:
    z = np.log(y) if member.logs else y
    z, centre, size = standardised(z, cycle)
    key = (member.candidate, member.logs, cycle, y.tobytes())
    if key not in fits:
        fits[key] = fit(member.candidate, z, cycle)
    fitted = fits[key]
    record = fitted.record
    if not record.usable:
        return None, record
    try:
        paths = centre + size * fitted.sample(draws, horizon, np.random.default_rng(address))
    except (CandidateError, ValueError, np.linalg.LinAlgError) as problem:
        return None, replace(record, error=str(problem))
    return np.exp(np.clip(paths, centre - 30.0, centre + 30.0)) if member.logs else paths, record


def standardised(z: Floats, cycle: int) -> tuple[Floats, float, float]:
    """Deviations from the last value in mean absolute (seasonal) steps, with that value and step.

    They are kept to 2**-20 of a step, about a millionth. The last bits of a difference depend on the
    units of the data, and an iterative fit may end elsewhere for another last bit; of the rounded
    array it cannot: forecasts keep scale, and shift where logarithms are not taken, by construction.
    """
    steps = np.abs(z[cycle:] - z[:-cycle])
    size = (float(steps.mean()) if len(steps) else 0.0) or 1.0
    centre = float(z[-1])
    return np.rint((z - centre) / size * _GRID) / _GRID, centre, size


def _origins(count: int, found: Profile, horizon: int, wanted: int) -> list[int]:
    """Past origins, the latest first, at most ``wanted``, each with enough to fit on."""
    least = 8 if found.frequency == 1 else 2 * found.frequency + 4
    last = count - 1
    stride = 1 if found.frequency == 1 else max(1, horizon // 2)
    return list(range(last, least - 1, -stride))[:wanted]


def _recent(found: Profile, half_life: float) -> float:
    """Recent over whole root mean square of steps."""
    z = np.log(found.values) if found.kind != "rate" and found.positive else found.values
    steps = z[found.cycle :] - z[: -found.cycle]
    if found.kind != "rate" or found.frequency == 1:
        steps = steps - steps.mean()
    weights = 0.5 ** (np.arange(len(steps))[::-1] / half_life)
    whole = float(np.mean(steps**2))
    recent = float(np.sum(weights * steps**2) / weights.sum())
    return float(np.clip(np.sqrt(recent / whole), 0.2, 3.0)) if whole > 0 else 1.0
