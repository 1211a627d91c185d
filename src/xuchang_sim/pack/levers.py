"""Levers: the instruments of a plan, as numbers that can be moved.

A lever has four named levels: ``absent`` (what the practice of the base year would give),
``low``, ``plan`` and ``high``; beyond them any value of its range may be set. The definitions hold
every lever; a pack states only its own values.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, get_args

from xuchang_sim import definitions
from xuchang_sim.pack.amounts import Entry, entries
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Path_, Problem, Source

__all__ = ["AXES", "LEVELS", "Axis", "Level", "Lever", "read"]

Axis = Literal["land", "finance", "labour", "process", "attraction", "works"]
Level = Literal["absent", "low", "plan", "high"]
AXES: tuple[Axis, ...] = get_args(Axis)
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class Lever:
    """An instrument of the plan, as a number that can be moved.

    Parameters
    ----------
    axis : str
        Family of levers.
    kind : str
        ``annual_total`` (per year), ``once``, ``level``, ``count`` (a whole number) or ``switch``
        (0 or 1).
    unit : str
        Unit of all its numbers.
    absent, low, plan, high : float
        Its named levels.
    range : tuple of two floats
        Smallest and largest value allowed.
    rows : tuple of int
        Rows of the plan that name it; empty for an assumption that only frames an axis.
    not_below : str or None
        Another lever that this one may not fall below.
    note : str
        What it moves, and where it is honestly zero.
    stated : bool
        Whether the pack says anything of it.
    """

    id: str
    axis: Axis
    kind: str
    unit: str
    absent: float
    low: float
    plan: float
    high: float
    range: tuple[float, float]
    rows: tuple[int, ...]
    not_below: str | None
    label_zh: str
    label_en: str
    note: str
    stated: bool = False

    @property
    def minimum(self) -> float:
        """Smallest value allowed."""
        return self.range[0]

    @property
    def maximum(self) -> float:
        """Largest value allowed."""
        return self.range[1]

    def at(self, level: Level) -> float:
        """Value of a named level, in the unit of the lever."""
        return float(getattr(self, level))

    @property
    def best(self) -> float:
        """End of the range towards which more is done: where ``high`` lies, seen from ``low``."""
        towards = self.high - self.low or self.plan - self.absent
        return self.maximum if towards > 0 else self.minimum if towards < 0 else self.plan

    def strength(self, x: float) -> float:
        """Value at a strength: 0 absent, 1 plan, 2 the end of the range; linear in between.

        Parameters
        ----------
        x : float
            From 0 to 2.

        Returns
        -------
        float
            In the unit of the lever; whole where the lever is.
        """
        start, end = (self.absent, self.plan) if x <= 1.0 else (self.plan, self.best)
        value = start + (x if x <= 1.0 else x - 1.0) * (end - start)
        return float(round(value)) if self.kind in {"count", "switch"} else value

    def complaint(self, value: float) -> str:
        """Return the fault of a value of this lever; empty if it is allowed."""
        if not self.minimum <= value <= self.maximum:
            slip = ""
            if self.unit == "比例" and self.minimum <= value / 100 <= self.maximum:
                slip = phrase("lever.percentage", value=value / 100, value2=value)
            return phrase("lever.range", value=value, slip=slip, allowed=self._allowed())
        if self.kind == "switch" and value not in {0, 1}:
            return phrase("lever.switch", value=value)
        if self.kind == "count" and not float(value).is_integer():
            return phrase("lever.whole", value=value, allowed=self._allowed())
        return ""

    def _allowed(self) -> str:
        return phrase("lever.allowed", minimum=self.minimum, maximum=self.maximum, unit=self.unit)


KEYS = ("unit", *LEVELS, "range", "label", "note")


def read(
    source: Source,
    rows: Mapping[str, tuple[int, ...]],
    totals: Mapping[str, Fraction],
    zones: int,
    problems: list[Problem],
) -> dict[str, Lever]:
    """Levers of a pack: what its file says of them, the definitions for the rest.

    Parameters
    ----------
    source : Source
        File of the levers.
    rows : mapping of str to tuple of int
        Rows of the plan that name each lever.
    totals : mapping of str to Fraction
        Totals of the base year, against which numbers must be possible.
    zones : int
        Number of zones, for hints.
    problems : list of Problem
        Faults are appended here.

    Returns
    -------
    dict of str to Lever
        All levers, in the order of the definitions.
    """
    known = definitions.levers()
    levers: dict[str, Lever] = {}
    given = {
        entry.id: entry
        for entry in entries(source, "levers", known, definitions.parameters(), KEYS, problems)
    }
    for name, what in known.items():
        lever = _default(what, rows.get(name, ()))
        if name in given:
            lever = _stated(lever, what, given[name], totals, zones)
        levers[name] = lever
    for name, what in known.items():
        if what.local and rows.get(name) and name not in given and not _named(source, name):
            numbers = ", ".join(map(str, rows[name]))
            message = phrase(
                "lever.missing",
                name=name,
                numbers=numbers,
                levels=", ".join(LEVELS),
                unit=what.unit,
            )
            problems.append(source.problem(["levers"], message))
    for path, message in _orders(levers, given):
        problems.append(source.problem(path, message))
    return levers


def _named(source: Source, name: str) -> bool:
    """Whether a pack has an entry under a name, or the file cannot be read."""
    data = source.data
    if not isinstance(data, dict) or "levers" not in data:
        return True
    table = data["levers"] or {}
    return not isinstance(table, dict) or name in table


def _default(what: definitions.Lever, rows: tuple[int, ...]) -> Lever:
    absent, low, plan, high = what.levels
    return Lever(
        id=what.id,
        axis=what.axis,  # type: ignore[arg-type] # a test of the definitions
        kind=what.kind,
        unit=what.unit,
        absent=absent,
        low=low,
        plan=plan,
        high=high,
        range=what.range,
        rows=rows,
        not_below=what.not_below,
        label_zh=what.label_zh,
        label_en=what.label_en,
        note=str(what.does),
    )


def _stated(
    lever: Lever,
    what: definitions.Lever,
    entry: Entry,
    totals: Mapping[str, Fraction],
    zones: int,
) -> Lever:
    """Replace what a pack says of a lever."""
    bounded = what.within(totals)
    numbers = entry.numbers(bounded, LEVELS, zones)
    support = entry.pair(bounded, "range", zones)
    texts: dict[str, Any] = entry.texts()
    levels = [level for level in LEVELS if level in entry.data]
    if what.local and levels and len(levels) < len(LEVELS):
        message = phrase("lever.levels", levels=", ".join(levels), levels2=", ".join(LEVELS))
        entry.fault([], message)
    changed: dict[str, Any] = {name: float(value) for name, value in numbers.items()}
    if support:
        changed["range"] = (float(support[0]), float(support[1]))
    new = replace(lever, **changed, **texts, stated=True)
    for level in numbers:
        if message := new.complaint(new.at(level)):  # type: ignore[arg-type]
            entry.fault([level], entry.restated(level, what, message))
    return new


def _orders(levers: Mapping[str, Lever], given: Collection[str]) -> Iterator[tuple[Path_, str]]:
    """Levels below those of a lever that they may not fall below."""
    for name, lever in levers.items():
        other = lever.not_below
        if other is None or not {name, other} & set(given):
            continue
        for level in LEVELS:
            if lever.at(level) < levers[other].at(level):
                place = name if name in given else other
                yield ["levers", place, level], phrase("lever.below", other=other)
