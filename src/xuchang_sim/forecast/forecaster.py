"""The automatic forecaster: what a series is, what the bank says of it, and how wide that is.

Nothing is chosen by hand for a series. One pass of the bank gives forecasts from every origin; weights,
spread and coverage come from those that have come true.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.forecast import bank
from xuchang_sim.forecast.profile import Assume, Profile, profile, rounded_chance
from xuchang_sim.forecast.series import UnstableError
from xuchang_sim.forecast.spread import RULES, Combined, Rules, combine, scaled_shape, widening
from xuchang_sim.text import phrase

with deferred():
    from scipy import special

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from xuchang_sim.forecast.bank import Forecasts
    from xuchang_sim.forecast.series import Regular

    Floats = npt.NDArray[np.float64]

#: Draws of sums to date, and levels at which their steps are known.
DRAWS = 2000
_FINE: Floats = np.asarray((np.arange(199) + 1.0) / 200.0)
#: Share of the variance of a step of a sum to date that all steps have in common.
_COMMON = 0.2
#: Parts of a mean step that standardised values are rounded to.
_GRID = 2.0**20
#: Origins whose forecasts are replayed to measure coverage.
REPLAYED = 40
#: Yearly spreads beyond which a forecast is refused.
_SANE = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Forecaster:
    """A series with all its forecasts.

    Attributes
    ----------
    profile : Profile
        Profile of the series: kind, cycle, scale, resets.
    horizon : int
    bank : Forecasts
        What every member said at every origin, in standardised steps.
    pool : Combined
    rules : Rules
    centre, size : float
        Value and step that were standardised by.
    factor : float
        What intervals are widened by, as past coverage asks for.
    measured : tuple of (nominal, share held, origins, values)
        Past coverage before widening.
    """

    profile: Profile
    horizon: int
    bank: Forecasts
    pool: Combined
    rules: Rules
    centre: float
    size: float
    factor: float = 1.0
    measured: tuple[tuple[float, float, int, int], ...] = ()

    @property
    def count(self) -> int:
        """Number of values the models see."""
        return len(self.profile.values)

    def quantiles(self, levels: Sequence[float] | Floats, until: int | None = None) -> Floats:
        """(levels, H) quantiles of the steps after value ``until`` (default: all known values)."""
        at = self.count - 1 if until is None else until
        wanted = np.asarray(levels, dtype=float)
        fine: Floats = _FINE if self.profile.to_date else wanted
        shape = scaled_shape(self.pool, self.rules, at, fine, self.horizon)
        inner = self.pool.said[at] + self.factor * self.pool.sigma[at] * shape
        return self._outward(inner, wanted, at)

    def walk(self, levels: Sequence[float] | Floats) -> Floats:
        """(levels, H) quantiles of the benchmark: a (seasonal) random walk with drift, Student-t."""
        wanted = np.asarray(levels, dtype=float)
        fine: Floats = _FINE if self.profile.to_date else wanted
        z = (self.profile.scale.inward(self.profile.values) - self.centre) / self.size
        cycle, ahead = self.profile.cycle, np.arange(self.horizon)
        steps = z[cycle:] - z[:-cycle]
        drift, free = float(steps.mean()), max(len(steps) - 1, 1)
        sd = float(np.sqrt(((steps - drift) ** 2).sum() / free))
        turns = ahead // cycle + 1
        base = z[len(z) - cycle + ahead % cycle] + turns * drift
        wide = sd * np.sqrt(turns + turns**2 / len(steps))
        inner = base + special.stdtrit(free, fine)[:, np.newaxis] * wide
        return self._outward(inner, wanted, self.count - 1)

    def _outward(self, inner: Floats, levels: Floats, at: int) -> Floats:
        """Bring quantiles of standardised flows to the series' own form."""
        values = self.profile.scale.outward(self.centre + self.size * inner)
        return self._summed(values, levels, at) if self.profile.to_date else values

    def _summed(self, flows: Floats, levels: Floats, at: int) -> Floats:
        """Quantiles of sums to date from those of flows, with one factor common to all steps."""
        ranks = _ranks(self.horizon, self.profile.cycle > 1)
        out, total = np.empty((len(levels), self.horizon)), self.profile.carried(at)
        running = np.full(DRAWS, total)
        for step in range(self.horizon):
            if self.profile.begins(at + step + 1):
                running = np.zeros(DRAWS)
            running = running + np.interp(ranks[:, step], _FINE, flows[:, step])
            out[:, step] = np.quantile(running, levels)
        return out

    def paths(self) -> Floats:
        """(draws, H) futures with these quantiles; errors of a rate go on, those of flows do less."""
        result = self.quantiles(_FINE)
        ranks = _ranks(self.horizon, self.profile.cycle > 1)
        steps = [np.interp(ranks[:, h], _FINE, result[:, h]) for h in range(self.horizon)]
        return np.stack(steps, axis=1)

    def truth(self, until: int) -> Floats:
        """(H,) what came after value ``until``, in the series' own form; NaN where unknown."""
        out = np.full(self.horizon, np.nan)
        total = self.profile.carried(until)
        for step in range(min(self.horizon, self.count - 1 - until)):
            place = until + step + 1
            value = float(self.profile.values[place])
            if self.profile.to_date:
                total = value if self.profile.begins(place) else total + value
                value = total
            out[step] = value
        return out

    @property
    def weights(self) -> dict[str, float]:
        """Weight of every family of members at the end of the series; they sum to 1."""
        out: dict[str, float] = {}
        for name, weight in zip(self.bank.names, self.pool.weights[:, -1], strict=True):
            out[name] = out.get(name, 0.0) + float(weight)
        return out


@lru_cache(maxsize=8)
def _ranks(horizon: int, seasonal: bool) -> Floats:
    """(draws, H) uniform ranks, the same for every series.

    Of a seasonal flow with one factor common to all steps, of any other series those of a random walk.
    """
    rng = np.random.default_rng((DRAWS, horizon))
    half = rng.standard_normal((DRAWS // 2, horizon + 1))
    both = np.concatenate([half, -half])
    if seasonal:
        mixed = np.sqrt(_COMMON) * both[:, :1] + np.sqrt(1.0 - _COMMON) * both[:, 1:]
    else:
        mixed = np.cumsum(both[:, 1:], axis=1) / np.sqrt(np.arange(1, horizon + 1))
    return np.asarray(special.ndtr(mixed))


def forecaster(
    series: Regular, horizon: int, assume: Assume | None = None, family: str = ""
) -> Forecaster:
    """Forecast a series from every origin.

    Parameters
    ----------
    series : Regular
    horizon : int
        Steps ahead.
    assume : Assume, optional
        What the user says it is; found out unless given.
    family : str
        Only members of this family.

    Raises
    ------
    SeriesError
        If it is too short, constant, has too many gaps, or is too unstable.
    """
    result = profile(series, assume)
    z, centre, size = standardised(result.scale.inward(result.values), result.cycle)
    parts = [part.only(family) for part in banks_of(result)]
    parts = [part for part in parts if part.members]
    rules = rules_of(result)
    said = bank.joined(
        [bank.run(z, part.members, horizon, part.cycle, part.year) for part in parts],
        [part.share for part in parts],
    )
    cycle = max(part.cycle for part in parts)
    first = 2 * cycle if cycle > 1 else max(2, min(16, len(z) // 3))
    pool = combine(said, z, rules, first)
    plain = Forecaster(result, horizon, said, pool, rules, centre, size)
    return plain if family else _judged(plain)


@dataclass(frozen=True, slots=True)
class Part:
    """Members that see a series with a season, or without one.

    Attributes
    ----------
    share : float
        Their share of the prior weight.
    cycle, year : int
        Periods of the season (1 if none) and of the base effect.
    members : tuple
    """

    share: float
    cycle: int
    year: int
    members: tuple[bank.Member, ...]

    def only(self, family: str) -> Part:
        """Members of one family; of all families if it is empty."""
        kept = tuple(one for one in self.members if not family or one.name == family)
        return replace(self, members=kept)


def banks_of(result: Profile) -> list[Part]:
    """Members for a series, by its profile; in doubt those with a season and those without one.

    A test of few years misses many seasons, and a pool that is in doubt weighs both by what they
    missed by so far, as it weighs levels and rates.
    """
    cycle, frequency, season = len(result.slots), result.frequency, result.season
    level = rounded_chance(result.level)
    plain = tuple(
        replace(member, prior=share * member.prior) if 0.0 < level < 1.0 else member
        for kind, share in (("level", level), ("rate", 1.0 - level))
        if share
        for member in bank.members(kind, frequency)
    )
    both = [
        Part(season, cycle, cycle, bank.members("season", frequency)),
        Part(1.0 - season, 1, frequency, plain),
    ]
    return [part for part in both if part.share]


def rules_of(result: Profile) -> Rules:
    """Return the forecast rules for the detected properties of a series; in doubt between both kinds.

    A short annual series is often called a level with a chance of 0.3 or 0.6; its interval must not jump
    between that of a rate, which widens no more after a year, and that of a level, which nearly doubles.
    """
    annual = "annual " if result.frequency == 1 else ""
    plain = _between(RULES[f"{annual}level"], RULES[f"{annual}rate"], rounded_chance(result.level))
    return _between(RULES["season"], plain, result.season)


def _between(one: Rules, other: Rules, share: float) -> Rules:
    """Rules with a share of the first and the rest of the second."""
    if one == other or share in {0.0, 1.0}:
        return one if share else other
    rest = 1.0 - share
    return replace(
        other,
        belief=share * one.belief + rest * other.belief,
        width=float(one.width**share * other.width**rest),
        power=share * one.power + rest * other.power,
        revised=share * one.revised + rest * other.revised,
    )


def _judged(plain: Forecaster) -> Forecaster:
    """Measure past coverage, and widen or narrow where it is bad beyond chance."""
    levels = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
    last = plain.count - 2
    origins = range(max(plain.pool.first + 4, last - REPLAYED + 1), last + 1)
    inside, ratios, weights = [], [], []
    for origin in origins:
        if not np.isfinite(plain.pool.said[origin]).all():
            continue
        result, true = plain.quantiles(levels, origin), plain.truth(origin)
        known = np.isfinite(true)
        inside.append([((result[i] <= true) & (true <= result[-1 - i]))[known] for i in (2, 1, 0)])
        with np.errstate(divide="ignore", invalid="ignore"):
            over = np.where(true >= result[3], (true - result[3]) / (result[5] - result[3]),
                            (result[3] - true) / (result[3] - result[1]))  # fmt: skip
        ratios += over[known & np.isfinite(over)].tolist()
        weights += [1.0] * int((known & np.isfinite(over)).sum())
    held = [np.concatenate([row[i] for row in inside]) if inside else np.empty(0) for i in range(3)]
    measured = tuple(
        (nominal, float(hits.mean()) if len(hits) else float("nan"), len(inside), len(hits))
        for nominal, hits in zip((0.5, 0.8, 0.9), held, strict=True)
    )
    factor = widening(np.array(ratios), measured[1][1], len(inside), plain.horizon)
    done = replace(plain, factor=factor, measured=measured)
    _sane(done)
    return done


def _sane(result: Forecaster) -> None:
    """Refuse what is too unstable to forecast.

    Raises
    ------
    UnstableError
        If the outer quantiles lie more than twenty local yearly spreads from the last value.
    """
    year = max(result.profile.cycle, result.profile.frequency)
    z = (result.profile.scale.inward(result.profile.values) - result.centre) / result.size
    steps = np.abs(z[year:] - z[:-year])[-3 * year :] if len(z) > year else np.abs(np.diff(z))
    spread = max(float(steps.mean()), float(result.pool.sigma[-1]) * np.sqrt(year))
    shape = scaled_shape(
        result.pool, result.rules, result.count - 1, np.array([0.05, 0.95]), result.horizon
    )
    outer = result.pool.said[-1] + result.factor * result.pool.sigma[-1] * shape
    values = result.profile.scale.outward(result.centre + result.size * outer)
    if not np.isfinite(values).all() or float(np.abs(outer - z[-1]).max()) > _SANE * spread:
        msg = phrase("series.unstable")
        raise UnstableError(msg)


def standardised(z: Floats, cycle: int) -> tuple[Floats, float, float]:
    """Deviations from the last value in mean absolute (seasonal) steps, with that value and step.

    They are kept to 2**-20 of a step, about a millionth. The last bits of a difference depend on the
    units of the data; rounded, they cannot, so forecasts keep scale, and shift where logarithms are
    not taken, by construction.
    """
    steps = np.abs(z[cycle:] - z[:-cycle])
    size = (float(steps.mean()) if len(steps) else 0.0) or 1.0
    centre = float(z[-1])
    return np.rint((z - centre) / size * _GRID) / _GRID, centre, size
