"""Find out what a series is: cumulated or not, seasonal or not, level or rate, broken or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.forecast.series import ConstantSeriesError, GapsError, TooShortError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int_]

#: Longest memory used, in observations (annual, quarterly, monthly).
MEMORY = {1: 40, 4: 80, 12: 132}
#: A period of the year missing throughout these years is not part of the year.
RECENT_YEARS = 3
SEASON_P = 0.02
BREAK_DISTANCE = 6.0
MIN_VALUES = 5
GAP_SHARE = 0.25
# Odds that a positive series is a level: constant, directness of its way, log size of its steps,
# memory, log number of typical steps in its way, roughness of its growth.
_LEVEL_ODDS = (-2.86, 1.0, -1.26, 0.84, 0.67, -1.54)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What a series was found to be, and the array that models see.

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
    values : (T,) array
        What models see: flows instead of sums to date, gaps filled, breaks spliced.
    slots : tuple of int
        Periods of the year (0-based) that occur.
    phase : int
        Index in `slots` of the first future value.
    carried : float
        Sum to date at the last value (0 unless `to_date`).
    breaks : tuple of int
        Positions in the series where a level break was spliced.
    notes : tuple of str
        Recorded fallbacks in words.
    """

    frequency: int
    cycle: int
    to_date: bool
    level: float
    values: Floats
    slots: tuple[int, ...]
    phase: int
    carried: float
    breaks: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``season``, ``level`` or ``rate``."""
        if self.cycle > 1:
            return "season"
        return "level" if self.level > 0.5 else "rate"

    @property
    def positive(self) -> bool:
        """Whether logarithms exist."""
        return bool(self.values.min() > 0)

    def restore(self, paths: Floats) -> Floats:
        """Bring (n, H) future flows back to the series' own form (sums to date)."""
        if not self.to_date:
            return paths
        out = np.empty_like(paths)
        total = np.full(len(paths), self.carried)
        for j in range(paths.shape[1]):
            if (self.phase + j) % len(self.slots) == 0:
                total = np.zeros(len(paths))
            total = total + paths[:, j]
            out[:, j] = total
        return out


def profile(values: Floats, frequency: int = 1, first: int = 0) -> Profile:
    """Find out what a regular series is.

    Parameters
    ----------
    values : (T,) array
        One value a period, NaN where missing.
    frequency : {1, 4, 12}
        Periods a year.
    first : int
        Period of the year of the first value (0 = January or first quarter).

    Raises
    ------
    SeriesError
        Too short, constant, or with too many gaps.
    """
    values, first = _trimmed(np.asarray(values, dtype=float), first)
    notes: list[str] = []
    slot = (first + np.arange(len(values))) % frequency
    recent = slice(-RECENT_YEARS * frequency, None)
    slots = tuple(
        m
        for m in range(frequency)
        if m not in slot[recent] or np.isfinite(values[recent][slot[recent] == m]).any()
    )
    kept = np.isin(slot, slots)
    values, slot = values[kept], slot[kept]
    position = np.array([slots.index(m) for m in slot])
    if len(slots) < frequency:
        notes.append(f"{frequency - len(slots)} of {frequency} periods of the year never occur")
    known = np.isfinite(values)
    if known.sum() < MIN_VALUES:
        msg = f"{int(known.sum())} values; at least {MIN_VALUES} are needed"
        raise TooShortError(msg)
    if np.ptp(values[known]) == 0:
        msg = "all values are equal: no spread can be learnt"
        raise ConstantSeriesError(msg)
    if known.mean() < 1 - GAP_SHARE:
        msg = f"{int((~known).sum())} of {len(values)} values are missing"
        raise GapsError(msg)
    cycle = len(slots) if frequency > 1 else 1
    to_date = cycle > 1 and _is_to_date(values, position)
    carried = 0.0
    if to_date:
        carried = float(values[-1]) if position[-1] < cycle - 1 else 0.0
        values, position = _flows(values, position)
        notes.append("sums to date, modelled as flows")
    memory = MEMORY[frequency]
    values, position = values[-memory:], position[-memory:]
    gaps = int(np.isnan(values).sum())
    if gaps:
        values = _fill(values, position, cycle)
        notes.append(f"{gaps} missing values interpolated")
    if np.ptp(values) == 0:
        msg = "all values are equal: no spread can be learnt"
        raise ConstantSeriesError(msg)
    seasonal = cycle > 1 and (to_date or is_seasonal(values, position, cycle))
    if not seasonal and len(slots) < frequency:
        notes.append("periods that never occur are skipped")
    level = 1.0 if seasonal and values.min() > 0 else _level_chance(values, frequency)
    values, breaks = _spliced(values, cycle if seasonal else 1, level)
    if breaks:
        notes.append(f"{len(breaks)} level break spliced")
    return Profile(
        frequency=frequency,
        cycle=cycle if seasonal else 1,
        to_date=to_date,
        level=level,
        values=values,
        slots=slots,
        phase=int(position[-1] + 1) % len(slots),
        carried=carried,
        breaks=breaks,
        notes=tuple(notes),
    )


def is_seasonal(values: Floats, position: Ints, cycle: int) -> bool:
    """Whether steps differ by period of the year (F test on prewhitened ranks, p < 0.02)."""
    from scipy.special import fdtrc, ndtri  # noqa: PLC0415

    if len(values) < 2 * cycle + 4:
        return False
    z = np.log(values) if values.min() > 0 else values
    order = np.argsort(np.argsort(np.diff(z), kind="stable"), kind="stable")
    steps = np.asarray(ndtri((order + 0.5) / len(order)))
    dummies = np.eye(cycle)[position[1:]]
    rest = steps - dummies @ np.linalg.lstsq(dummies, steps, rcond=None)[0]
    scale = float(rest @ rest)
    if scale <= 1e-12 * float(steps @ steps):
        return bool(steps @ steps > 0)
    rho = float(rest[1:] @ rest[:-1]) / scale
    white, design = steps[1:] - rho * steps[:-1], dummies[1:] - rho * dummies[:-1]
    without = white - white.mean()
    left = white - design @ np.linalg.lstsq(design, white, rcond=None)[0]
    free = len(white) - cycle
    ratio = (without @ without - left @ left) / (cycle - 1) / ((left @ left) / free)
    return bool(fdtrc(cycle - 1, free, max(float(ratio), 0.0)) < SEASON_P)


def _trimmed(values: Floats, first: int) -> tuple[Floats, int]:
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        msg = "no value at all"
        raise TooShortError(msg)
    return values[known[0] : known[-1] + 1], first + int(known[0])


def _is_to_date(values: Floats, position: Ints) -> bool:
    """Rising within every year and starting again lower at every turn of the year."""
    steps = np.diff(values)
    known = np.isfinite(steps)
    turn = (position[1:] <= position[:-1]) & known
    inside = ~turn & known
    if turn.sum() < 2 or inside.sum() < 6 or np.nanmin(values) < 0:
        return False
    fallen = values[1:][turn] < 0.6 * values[:-1][turn]
    return bool(np.all(fallen) and np.mean(steps[inside] > 0) > 0.98)


def _flows(values: Floats, position: Ints) -> tuple[Floats, Ints]:
    flows = np.r_[np.nan, np.diff(values)]
    begins = position == 0
    flows[begins] = values[begins]
    start = int(np.argmax(begins)) if np.isnan(flows[0]) else 0
    return flows[start:], position[start:]


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


def _spliced(values: Floats, cycle: int, level: float) -> tuple[Floats, tuple[int, ...]]:
    """Remove single lasting jumps far outside the other steps (threshold breaks)."""
    if level < 0.5 or values.min() <= 0 or len(values) < 2 * cycle + 10:
        return values, ()
    z = np.log(values)
    steps = z[cycle:] - z[:-cycle] if cycle == 1 else _adjusted_steps(z, cycle)
    middle = float(np.median(steps))
    spread = float(np.median(np.abs(steps - middle))) * 1.4826 + 0.01
    out = z.copy()
    found = []
    for i in np.flatnonzero(np.abs(steps - middle) > BREAK_DISTANCE * spread):
        jump = steps[i] - middle
        after = steps[i + 1 : i + 3] - middle
        lasting = len(after) == 2 and float(np.sum(after) / jump) > -0.5
        if lasting and i + 3 < len(steps):
            out[: i + 1] += jump
            found.append(int(i + 1))
    return (np.exp(out), tuple(found)) if len(found) == 1 else (values, ())


def _adjusted_steps(z: Floats, cycle: int) -> Floats:
    steps = np.diff(z)
    place = np.arange(1, len(z)) % cycle
    for m in range(cycle):
        steps[place == m] -= np.median(steps[place == m])
    return steps
