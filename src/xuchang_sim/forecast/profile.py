"""Find out what a series is: cumulated or not, seasonal or not, level or rate, its support and breaks.

One module because every decision reads what the ones before it found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.forecast.series import (
    BreakError,
    ConstantSeriesError,
    GapsError,
    SeriesError,
    TooShortError,
)
from xuchang_sim.text import phrase

with deferred():
    from scipy import special

if TYPE_CHECKING:
    import numpy.typing as npt

    from xuchang_sim.forecast.series import Regular

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int_]

#: Longest memory used, in observations (annual, quarterly, monthly).
MEMORY = {1: 40, 4: 80, 12: 132}
#: A period of the year missing throughout these years is not part of the year.
RECENT_YEARS = 3
#: P value below which a season is seen, and above which one seen before is given up.
SEASON_P, SEASON_KEPT = 0.01, 0.1
#: Bounds within which a chance is a doubt: members of both kinds forecast the series.
_NO, _YES = 0.02, 0.98
#: Parts that chances, and standardised steps before they are ranked, are rounded to.
_GRID = 2.0**20
BREAK_DISTANCE = 6.0
MIN_VALUES = 5
GAP_SHARE = 0.25
#: Cuts, a year apart, whose verdicts on level and season are pooled: what a series is called must not flip.
VERDICTS = 5
#: A first value of the year below this share of the last of the year before is a reset.
RESET = 0.45
#: Share of steps within the year that rise, at least; sums to date fall in few months only.
RISING = 0.8
#: Share of other neighbours that are alike, from which January and February are no joint figure.
_OFTEN = 0.1
#: Share of zeros from which a series is not forecast in logarithms.
_OFTEN_ZERO = 0.1
#: A last step beyond this factor, and this many times as large as any before it, is no datum to forecast from.
_SLIP, _ALONE = np.log(5.0), 3.0
#: A change of unit: beyond a factor of fifty, near a power of ten of at least a hundred.
_REUNIT, _NEAR = np.log(50.0), 0.35
# Odds that a positive series is a level: constant, directness of its way, log size of its steps,
# memory, log number of typical steps in its way, roughness of its growth.
_LEVEL_ODDS = (-2.86, 1.0, -1.26, 0.84, 0.67, -1.54)


@dataclass(frozen=True, slots=True)
class Assume:
    """Properties of a series stated by the user; None where it is to be found out.

    ``year_begins`` is the month, 1 to 12, from which sums to date run: 4 for a fiscal year from April.
    """

    to_date: bool | None = None
    level: bool | None = None
    seasonal: bool | None = None
    year_begins: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """A scale on which errors add, and the way back.

    Attributes
    ----------
    kind : str
        ``raw``; ``log``; ``soft``, raw far from zero and logarithmic near it; ``asinh``, raw near
        zero and logarithmic far from it.
    unit : float
        Size at which ``soft`` and ``asinh`` bend.
    shift : float
        Added before (half of the smallest positive value where zeros occur).
    low, high : float
        Bounds of the values.
    """

    kind: str = "raw"
    unit: float = 1.0
    shift: float = 0.0
    low: float = -np.inf
    high: float = np.inf

    def inward(self, values: Floats) -> Floats:
        """Transform values to the scale on which they are forecast (see ``kind``)."""
        y = values + self.shift
        if self.kind == "log":
            return np.asarray(np.log(y))
        if self.kind == "soft":
            ratio = y / self.unit
            small = np.minimum(ratio, 30.0)
            return np.asarray(self.unit * np.where(ratio < 30.0, np.log(np.expm1(small)), ratio))
        return np.asarray(np.arcsinh(y / self.unit)) if self.kind == "asinh" else y

    def outward(self, z: Floats) -> Floats:
        """Transform forecasts back from the scale, within the bounds of the values."""
        with np.errstate(over="ignore"):
            if self.kind == "log":
                y = np.exp(z)
            elif self.kind == "soft":
                y = self.unit * np.logaddexp(0.0, z / self.unit)
            else:
                y = self.unit * np.sinh(z) if self.kind == "asinh" else z
        return np.clip(y - self.shift, self.low, self.high)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Detected properties of a series, and the array that models see.

    Attributes
    ----------
    frequency : int
        1, 4 or 12 periods a year.
    cycle : int
        Periods of a season that the series has (11 when it never has a January), 1 if none.
    to_date : bool
        Values are sums from the beginning of the year; models see the flows.
    level : float
        Chance that it is a level (grows in proportion) rather than a rate.
    season : float
        Chance that it has a season, 0 or 1 beyond doubt. ``cycle`` says what it is called, which must not flip; the chance
        says how members with and without a season are weighed.
    values : (T,) array
        What models see: flows instead of sums to date, gaps filled, breaks spliced.
    position : (T,) array
        Index in `slots` of every value.
    slots : tuple of int
        Periods of the calendar year (0-based) that occur, from the one in which sums to date begin.
    scale : Scale
        Where errors add.
    support : str
        ``positive``, ``bounded`` or ``real``.
    breaks : tuple of int
        Positions in the values where a level break was spliced.
    assumed : dict of str to str
        What was assumed (``to_date``, ``kind``, ``season``, ``support``), each with its reason.
    notes : tuple of str
        Recorded fallbacks in words.
    """

    frequency: int
    cycle: int
    to_date: bool
    level: float
    season: float
    values: Floats
    position: Ints
    slots: tuple[int, ...]
    scale: Scale
    support: str
    breaks: tuple[int, ...]
    assumed: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``season``, ``level`` or ``rate``."""
        if self.cycle > 1:
            return "season"
        return "level" if self.level > 0.5 else "rate"

    def begins(self, place: int) -> bool:
        """Whether a value, known or to come, is the first of its year."""
        last = len(self.values) - 1
        now = int(self.position[min(place, last)]) + max(place - last, 0)
        return now % len(self.slots) == 0

    def carried(self, place: int) -> float:
        """Sum to date at a known value (0 unless `to_date`)."""
        if not self.to_date:
            return 0.0
        begin = max(place - int(self.position[place]), 0)
        return float(self.values[begin : place + 1].sum())


def profile(series: Regular, assume: Assume | None = None) -> Profile:
    """Find out what a regular series is.

    Parameters
    ----------
    series : Regular
    assume : Assume, optional
        What the user says.

    Raises
    ------
    SeriesError
        Too short, constant, or with too many gaps.
    """
    said = assume or Assume()
    values, slot, slots, notes = _periods(series, said.year_begins)
    frequency = series.frequency
    position = np.array([slots.index(m) for m in slot])
    cycle = len(slots) if frequency > 1 else 1
    assumed: dict[str, str] = {}
    to_date = _decide_to_date(series, said, values, position, cycle, assumed)
    if to_date:
        values, position = _flows(values, position)
        notes.append(phrase("reason.as_flows"))
    memory = MEMORY[frequency]
    values, position = values[-memory:], position[-memory:]
    if to_date and position[0]:  # sums need whole years
        begin = int(np.argmax(position == 0))
        values, position = values[begin:], position[begin:]
    gaps = int(np.isnan(values).sum())
    if gaps:
        values = _fill(values, position, cycle)
        notes.append(phrase("reason.gaps", count=gaps))
    _refuse_few(values)
    seasonal, season = _decide_season(
        series, said, values, position, cycle, assumed, to_date=to_date
    )
    _refuse_slip(series, values, cycle if seasonal else 1)
    values, breaks = _reunited(values, cycle if seasonal else 1)
    if breaks:
        notes.append(phrase("reason.unit_spliced", count=len(values) - breaks[0]))
    called = season if seasonal else 0.0
    level = _decide_level(series, said, values, frequency, assumed, season=called)
    if not breaks:
        values, breaks = _spliced(values, cycle if seasonal else 1, level)
        if breaks:
            notes.append(phrase("reason.break_spliced", count=len(breaks)))
    values, position, first = _ordinary(values, position, cycle if seasonal else 1)
    if first:
        notes.append(phrase("reason.hyperinflation", count=first))
    _refuse_few(values)
    growth = 1 if seasonal else (2 if level > 0.5 else 0)
    scale, support = _scale(series, values, growth, assumed)
    return Profile(
        frequency=frequency,
        cycle=cycle if seasonal else 1,
        to_date=to_date,
        level=level,
        season=season,
        values=values,
        position=position,
        slots=slots,
        scale=scale,
        support=support,
        breaks=breaks,
        assumed=assumed,
        notes=(*series.notes, *notes),
    )


def rounded_chance(chance: float) -> float:
    """Return a chance, or 0 or 1 where it is beyond doubt."""
    return chance if _NO < chance < _YES else float(chance > 0.5)


def slots_of(series: Regular) -> tuple[int, ...]:
    """Periods of the year (0-based) that a series has."""
    return _periods(series)[2]


def _periods(
    series: Regular, year_begins: int = 1
) -> tuple[Floats, Ints, tuple[int, ...], list[str]]:
    """Values without the periods of the year that never occur, and these periods from the year's first."""
    values, frequency = series.values, series.frequency
    notes: list[str] = []
    if not len(values):
        msg = phrase("series.none")
        raise TooShortError(msg)
    slot = (series.first + np.arange(len(values))) % frequency
    recent = slice(-RECENT_YEARS * frequency, None)
    if frequency == 12 and _joint(values, slot):
        values = np.where(slot == 0, np.nan, values)
        notes.append(phrase("reason.joint"))
    begin, off = divmod((year_begins - 1) * frequency, 12)
    if off or not 1 <= year_begins <= 12:
        msg = phrase("series.year_begins", month=year_begins, frequency=frequency)
        raise SeriesError(msg)
    slots = tuple(
        m
        for m in np.roll(np.arange(frequency), -begin).tolist()
        if m not in slot[recent] or np.isfinite(values[recent][slot[recent] == m]).any()
    )
    kept = np.isin(slot, slots)
    values, slot = values[kept], slot[kept]
    if len(slots) < frequency:
        notes.append(phrase("series.never", frequency=frequency - len(slots), frequency2=frequency))
    known = np.isfinite(values)
    if known.sum() < MIN_VALUES:
        msg = phrase("series.few", sum=int(known.sum()), min_values=MIN_VALUES)
        raise TooShortError(msg)
    if np.ptp(values[known]) == 0:
        msg = phrase("series.equal")
        raise ConstantSeriesError(msg)
    if known.mean() < 1 - GAP_SHARE:
        msg = phrase("series.missing", sum=int((~known).sum()), values=len(values))
        raise GapsError(msg)
    return values, slot, slots, notes


def _joint(values: Floats, slot: Ints) -> bool:
    """Whether January and February carry one joint figure: the same value in every year, at least two.

    Not so where other neighbours are often alike, too, as of a rate that is set and stays.
    """
    alike = values[1:] == values[:-1]
    known = np.isfinite(values[1:]) & np.isfinite(values[:-1])
    pair = (slot[1:] == 1) & known
    others = known & ~pair
    both = pair.sum() >= 2 and alike[pair].all()
    return bool(both and others.any() and alike[others].mean() < _OFTEN)


def _refuse_few(values: Floats) -> None:
    if len(values) < MIN_VALUES:
        msg = phrase("series.too_few", values=len(values), min_values=MIN_VALUES)
        raise TooShortError(msg)
    if np.ptp(values) == 0 or np.ptp(values[-(len(values) // 2 + 1) :]) == 0:
        msg = phrase("series.equal")
        raise ConstantSeriesError(msg)


def _refuse_slip(series: Regular, values: Floats, cycle: int) -> None:
    """Refuse a last value that nothing before it resembles.

    One value cannot tell a slip of the pen from another unit, another scope, or a shock that no history can
    size, and forecasts of them have nothing in common.
    """
    if values.min() <= 0 or len(values) < max(cycle + 4, 6):
        return
    z = np.log(values)
    steps = np.diff(z) if cycle == 1 else _adjusted_steps(z, cycle)
    sizes = np.abs(steps - np.median(steps))
    if sizes[-1] > max(_SLIP, _ALONE * float(sizes[:-1].max())):
        factor = float(np.exp(steps[-1] - np.median(steps)))
        msg = phrase("series.slip", period=series.text(series.last), factor=f"{factor:.3g}")
        raise BreakError(msg)


# ------------------------------------------------------------------------- sums to date


def _decide_to_date(
    series: Regular,
    said: Assume,
    values: Floats,
    position: Ints,
    cycle: int,
    assumed: dict[str, str],
) -> bool:
    if cycle == 1:
        assumed["to_date"] = phrase("reason.no_annual")
        return False
    if said.to_date is not None:
        assumed["to_date"] = phrase("reason.yes_said" if said.to_date else "reason.no_said")
        return said.to_date
    if said.level:
        assumed["to_date"] = phrase("reason.no_said_level")
        return False
    if series.to_date:
        assumed["to_date"] = phrase("reason.yes_spans")
        return True
    gain, drop, rising, turns = resets(values, position)
    to_date = turns > 0 and gain > 0 and drop < RESET and rising >= RISING
    if turns == 0:
        assumed["to_date"] = phrase("reason.no_turn")
    else:
        key = "reason.yes_resets" if to_date else "reason.no_resets"
        assumed["to_date"] = phrase(key, drop=f"{drop:.0%}", rising=f"{rising:.0%}")
    return to_date


def resets(values: Floats, position: Ints) -> tuple[float, float, float, int]:
    """Evidence for sums to date: gain of a line through zero, drop, rising share, and turns seen.

    The gain of a year is how much better a line through zero fits it than a constant (in shares of
    the variance about zero); the drop is the first value of a year over the last of the year before,
    which must lie in the year's first quarter and its last two periods.
    """
    cycle = int(position.max()) + 1
    values = values / np.nanmax(np.abs(values))
    year = np.cumsum(np.r_[False, position[1:] <= position[:-1]])
    gains, drops = [], []
    ends: dict[int, float] = {}
    starts: dict[int, float] = {}
    for one in range(int(year[-1]) + 1):
        here = (year == one) & np.isfinite(values)
        y, x = values[here], position[here] + 1.0
        if len(y) >= 3:
            line = float(((y - x * (x @ y) / (x @ x)) ** 2).sum())
            flat = float(((y - y.mean()) ** 2).sum())
            whole = float((y**2).sum())
            if whole > 0:
                gains.append((flat - line) / whole)
        if len(y) and x[0] <= max(cycle // 4, 1):
            starts[one] = float(y[0])
        if len(y) and x[-1] > cycle - 2:
            ends[one] = float(y[-1])
    for one, first in starts.items():
        if one - 1 in ends and ends[one - 1] != 0:
            drops.append(first / ends[one - 1])
    if not drops or not gains:
        return 0.0, 1.0, 0.0, 0
    steps = np.diff(values)
    inside = (position[1:] > position[:-1]) & np.isfinite(steps)
    rising = float(np.mean(steps[inside] > 0)) if inside.any() else 0.0
    return float(np.median(gains)), float(np.median(drops)), rising, len(drops)


def _flows(values: Floats, position: Ints) -> tuple[Floats, Ints]:
    flows = np.r_[np.nan, np.diff(values)]
    begins = position == 0
    flows[begins] = values[begins]
    start = int(np.argmax(begins)) if np.isnan(flows[0]) else 0
    return flows[start:], position[start:]


# --------------------------------------------------------------------------- level, season


def _decide_season(
    series: Regular,
    said: Assume,
    values: Floats,
    position: Ints,
    cycle: int,
    assumed: dict[str, str],
    *,
    to_date: bool,
) -> tuple[bool, float]:
    """Whether a series is called seasonal, and the chance that it is."""
    enough = cycle > 1 and len(values) >= 2 * cycle + 4
    if cycle == 1:
        assumed["season"] = phrase("reason.no_annual")
        return False, 0.0
    if not enough:
        assumed["season"] = phrase("reason.no_few", count=len(values))
        return False, 0.0
    if said.seasonal is not None:
        assumed["season"] = phrase("reason.yes_said" if said.seasonal else "reason.no_said")
        return said.seasonal, float(said.seasonal)
    if to_date:
        assumed["season"] = phrase("reason.yes_flows")
        return True, 1.0
    if series.is_growth:
        assumed["season"] = phrase("reason.no_growth")
        return False, 0.0
    seasonal, p = False, 1.0
    for back in reversed(range(VERDICTS)):
        end = len(values) - back * cycle // 2
        if end >= 2 * cycle + 4:
            p = season_p(values[:end], position[:end], cycle)
            seasonal = p < (SEASON_KEPT if seasonal else SEASON_P)
    season = rounded_chance(season_chance(p))
    assumed["season"] = phrase(
        "reason.yes_season" if seasonal else "reason.no_season",
        p=f"{p:.2g}",
        begun=SEASON_P,
        kept=SEASON_KEPT,
        share=f"{season:.0%}",
    )
    return seasonal, season


def season_chance(p: float) -> float:
    """Return the chance of a season after a test with this p value.

    Without a season p values are uniform; with one they have densities like ``a * p ** (a - 1)``, ``a`` below 1,
    the highest of which is -1 / (e p ln p) (Sellke, Bayarri and Berger 2001, The American Statistician 55:
    62-71). The highest stands for the unknown density of all series: the chance that there is no season is
    then the reciprocal at most, and 1 where p is 1/e or more. (Their own posterior at even odds would leave
    a half where p says nothing.)

    Examples
    --------
    >>> [round(season_chance(p), 2) for p in (0.001, 0.01, 0.03, 0.1, 0.3, 0.5)]
    [0.98, 0.87, 0.71, 0.37, 0.02, 0.0]
    """
    if not 0.0 < p < np.exp(-1.0):
        return float(p <= 0.0)
    return float(np.rint((1.0 + np.e * p * np.log(p)) * _GRID) / _GRID)


def season_p(values: Floats, position: Ints, cycle: int) -> float:
    """P value of equal steps in all periods of the year (F test on prewhitened ranks)."""
    z = np.log(values) if values.min() > 0 else values
    moves = np.diff(z)
    # In parts of their mean: last bits, which depend on units, must not break ties.
    moves = np.rint(moves / (float(np.abs(moves).mean()) or 1.0) * _GRID)
    order = np.argsort(np.argsort(moves, kind="stable"), kind="stable")
    steps = np.asarray(special.ndtri((order + 0.5) / len(order)))
    dummies = np.eye(cycle)[position[1:]]
    rest = steps - dummies @ np.linalg.lstsq(dummies, steps, rcond=None)[0]
    scale = float(rest @ rest)
    if scale <= 1e-12 * float(steps @ steps):
        return 0.0 if steps @ steps > 0 else 1.0
    rho = float(rest[1:] @ rest[:-1]) / scale
    white, design = steps[1:] - rho * steps[:-1], dummies[1:] - rho * dummies[:-1]
    without = white - white.mean()
    left = white - design @ np.linalg.lstsq(design, white, rcond=None)[0]
    free = len(white) - cycle
    ratio = (without @ without - left @ left) / (cycle - 1) / ((left @ left) / free)
    return float(special.fdtrc(cycle - 1, free, max(float(ratio), 0.0)))


def _decide_level(
    series: Regular,
    said: Assume,
    values: Floats,
    frequency: int,
    assumed: dict[str, str],
    *,
    season: float,
) -> float:
    """Chance of a level; ``season`` is the chance of a season of a series that is called seasonal, 0 of others."""
    if said.level is not None:
        words = phrase("reason.level_said" if said.level else "reason.rate_said")
        assumed["kind"] = words if season < 1.0 else phrase("reason.kind_unused", said=words)
        return float(said.level)
    if season:
        assumed["kind"] = phrase("reason.seasonal")
    if season == 1.0:
        return 1.0 if values.min() > 0 else 0.0
    if values.min() < 0:
        assumed.setdefault("kind", phrase("reason.rate_negative"))
        return 0.0
    if series.is_growth:
        assumed["kind"] = phrase("reason.rate_growth")
        return 0.0
    chances = [
        _level_chance(values[: len(values) - back * frequency], frequency)
        for back in range(VERDICTS)
        if len(values) - back * frequency >= max(3 * frequency, 8)
    ]
    chance = float(np.median(chances)) if chances else _level_chance(values, frequency)
    why = phrase(
        "reason.level_chance" if chance > 0.5 else "reason.rate_chance",
        chance=f"{chance:.2f}",
        dates=max(len(chances), 1),
    )
    assumed.setdefault("kind", why)
    return chance


def _level_chance(values: Floats, frequency: int) -> float:
    """Chance that a series without season is a level rather than a rate."""
    if values.min() <= 0:
        return 0.0
    z = np.log(values)
    if frequency > 1:
        if len(z) < 3 * frequency:
            return 0.0
        z = z[len(z) % frequency :].reshape(-1, frequency).mean(axis=1)
    steps = np.diff(z)
    total = float(np.abs(steps).sum())
    size = float(np.median(np.abs(steps)))
    if total == 0 or size == 0 or len(steps) < 2:
        return 0.5
    direct = abs(float(steps.sum())) / total
    memory = float(np.corrcoef(z[1:], z[:-1])[0, 1]) if len(z) > 3 else 0.9
    length = np.log(total / float(np.abs(steps).max()))
    rough = float(np.abs(np.diff(steps)).mean() / np.abs(steps).mean())
    odds = float(np.dot(_LEVEL_ODDS, (1.0, direct, np.log(size), memory, length, rough)))
    if frequency > 1 and direct < 0.9:
        return 0.0
    return float(1.0 / (1.0 + np.exp(-odds)))


# ------------------------------------------------------------------------ support, breaks


def _scale(
    series: Regular, values: Floats, growth: int, assumed: dict[str, str]
) -> tuple[Scale, str]:
    """Scale and support; ``growth``: 2 of a level, 1 of a seasonal series, 0 of a rate."""
    low = float(values.min())
    if low < 0 or (series.is_growth and growth == 0 and low <= 0):
        assumed["support"] = phrase("reason.real_negative")
        width = float(np.median(np.abs(values[-36:])))
        wild = width > 0 and _wild(values)
        return (Scale("asinh", width) if wild else Scale()), "real"
    if series.is_growth and growth == 0 and series.unit not in {"%", "‰"}:
        assumed["support"] = phrase("reason.real_growth")
        return Scale(), "real"
    positive = values[values > 0]
    shift = 0.5 * float(positive.min()) if low == 0 else 0.0
    high = np.inf
    support, reason = "positive", phrase("reason.positive")
    for top in (100.0, 1.0):
        at_top = int(np.isclose(values, top, rtol=1e-6).sum())
        if float(values.max()) <= top and at_top >= 3:
            high, support, reason = top, "bounded", phrase("reason.bounded", top=f"{top:g}")
            break
    assumed["support"] = reason
    if (values == 0).mean() >= _OFTEN_ZERO:  # what stands for zero would rule in logarithms
        return Scale(low=0.0, high=high), support
    if growth or _multiplicative(values + shift):
        return Scale("log", shift=shift, low=0.0, high=high), support
    unit = float(np.abs(np.diff(values)).mean())
    return Scale("soft", unit, shift, 0.0, high), support


def _multiplicative(values: Floats) -> bool:
    """Whether steps grow with the level: whether logarithms make them more alike."""
    middle = (values[1:] + values[:-1]) / 2.0
    high = middle > np.median(middle)
    if high.all() or not high.any():
        return False

    def unlike(steps: Floats) -> float:
        ratio = np.abs(steps[high]).mean() / max(np.abs(steps[~high]).mean(), 1e-300)
        return float(abs(np.log(max(ratio, 1e-300))))

    return unlike(np.diff(np.log(values))) < unlike(np.diff(values))


def _wild(values: Floats) -> bool:
    """Whether the range exceeds thirty interquartile ranges of the last third."""
    low, high = np.quantile(values[-max(len(values) // 3, 8) :], [0.25, 0.75])
    return bool(np.ptp(values) > 30.0 * (high - low) and high > low)


def _ordinary(values: Floats, position: Ints, cycle: int) -> tuple[Floats, Ints, int]:
    """Leave out what lies before the last time a real series was ten local scales large."""
    if values.min() >= 0 or not _wild(values):
        return values, position, 0
    local = float(np.median(np.abs(values[-max(len(values) // 3, 8) :])))
    large = np.flatnonzero(np.abs(values) > 10.0 * local)
    first = int(large[-1]) + 1 if len(large) else 0
    if not first or len(values) - first < max(12, 2 * cycle + 4):
        return values, position, 0
    return values[first:], position[first:], first


def _reunited(values: Floats, cycle: int) -> tuple[Floats, tuple[int, ...]]:
    """Splice changes of unit: one step near a power of ten, far outside all others."""
    if values.min() <= 0 or len(values) < cycle + 8:
        return values, ()
    z = np.log(values)
    steps = np.diff(z)
    middle = float(np.median(steps))
    spread = float(np.median(np.abs(steps - middle))) * 1.4826 + 1e-3
    out, breaks = z.copy(), []
    for i in np.flatnonzero(np.abs(steps) > max(_REUNIT, 20.0 * spread)):
        power = round(abs(steps[i]) / np.log(10.0))
        off = abs(abs(steps[i]) - power * np.log(10.0))
        around = [steps[j] for j in (i - 1, i + 1) if 0 <= j < len(steps)]
        ordinary = all(abs(step - middle) <= max(20.0 * spread, 0.7) for step in around)
        if power >= 2 and off <= np.log(1.0 + _NEAR) and ordinary:
            out[: i + 1] += np.sign(steps[i]) * power * np.log(10.0)
            breaks.append(int(i) + 1)
    return (np.exp(out), tuple(breaks)) if breaks else (values, ())


def _spliced(values: Floats, cycle: int, level: float) -> tuple[Floats, tuple[int, ...]]:
    """Remove single lasting jumps far outside the other steps (threshold breaks)."""
    if level < 0.5 or values.min() <= 0 or len(values) < 2 * cycle + 10:
        return values, ()
    z = np.log(values)
    steps = z[cycle:] - z[:-cycle] if cycle == 1 else _adjusted_steps(z, cycle)
    middle = float(np.median(steps))
    spread = float(np.median(np.abs(steps - middle))) * 1.4826 + 0.01
    out = z.copy()
    breaks = []
    for i in np.flatnonzero(np.abs(steps - middle) > BREAK_DISTANCE * spread):
        jump = steps[i] - middle
        after = steps[i + 1 : i + 3] - middle
        lasting = len(after) == 2 and float(np.sum(after) / jump) > -0.5
        if lasting and i + 3 < len(steps):
            out[: i + 1] += jump
            breaks.append(int(i + 1))
    return (np.exp(out), tuple(breaks)) if len(breaks) == 1 else (values, ())


def _adjusted_steps(z: Floats, cycle: int) -> Floats:
    steps = np.diff(z)
    place = np.arange(1, len(z)) % cycle
    for m in range(cycle):
        steps[place == m] -= np.median(steps[place == m])
    return steps


def _fill(values: Floats, position: Ints, cycle: int) -> Floats:
    """Interpolate between neighbours after taking out a rough season."""
    known = np.isfinite(values)
    season = np.zeros(len(values))
    if cycle > 1:
        middle = np.median(values[known])
        for m in range(cycle):
            here = known & (position == m)
            if here.any():
                season[position == m] = np.median(values[here]) - middle
    index = np.arange(len(values))
    flat = np.interp(index, index[known], (values - season)[known])
    out = np.where(known, values, flat + season)
    low = float(values[known].min())
    return np.maximum(out, 0.5 * low) if low > 0 else out
