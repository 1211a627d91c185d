"""Levers: the instruments of a plan, as numbers that can be moved.

A lever has four named levels: ``absent`` (what the practice of the base year would give),
``low``, ``plan`` and ``high``; beyond them any value of its range may be set.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field

from xuchang_sim.pack.schema import Id, Label, Many, Strict, UnitName
from xuchang_sim.yamlfile import Problem, Source, did_you_mean

__all__ = ["AXES", "LEVELS", "Axis", "Level", "Lever", "LeverFile", "check"]

Axis = Literal["land", "finance", "labour", "process", "attraction", "works"]
Level = Literal["absent", "low", "plan", "high"]
AXES: tuple[Axis, ...] = get_args(Axis)
LEVELS: tuple[Level, ...] = get_args(Level)

Fault = tuple[list[str | int], str]


class Lever(Strict):
    """An instrument of the plan, as a number that can be moved.

    Parameters
    ----------
    axis : str
        Family of levers.
    kind : str
        ``annual_total`` (per year), ``level``, ``count`` (a whole number) or ``switch`` (0 or 1).
    unit : str
        Unit of all its numbers.
    absent, low, plan, high : float
        Its named levels.
    range : tuple of two floats
        Smallest and largest value allowed.
    rows : tuple of int
        Rows of the plan from which it comes; empty for an assumption that only frames an axis.
    not_below : str or None
        Another lever that this one may not fall below.
    note : str
        What it moves, and where it is honestly zero.
    """

    id: Id
    axis: Axis
    kind: Literal["annual_total", "level", "count", "switch"]
    unit: UnitName
    absent: float
    low: float
    plan: float
    high: float
    range: Annotated[Many[float], Field(min_length=2, max_length=2)]
    rows: Many[int]
    not_below: Id | None = None
    label_zh: Label
    label_en: Label
    note: Label

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
        """What is wrong with a value of this lever; nothing if it is allowed."""
        allowed = f"allowed: {self.minimum:g} to {self.maximum:g} {self.unit}"
        if not self.minimum <= value <= self.maximum:
            slip = ""
            if self.unit == "比例" and self.minimum <= value / 100 <= self.maximum:
                slip = f" (a percentage? write {value / 100:g}, or {value:g} with unit %)"
            return f"{value:g} is out of range{slip}; {allowed}"
        if self.kind == "switch" and value not in {0, 1}:
            return f"{value:g} is neither on nor off; allowed: 0 or 1"
        if self.kind == "count" and not float(value).is_integer():
            return f"{value:g} is not whole; {allowed}, whole numbers"
        return ""


class LeverFile(Strict):
    """All levers of a pack."""

    levers: Annotated[Many[Lever], Field(min_length=1)]


def check(source: Source, levers: Sequence[Lever]) -> list[Problem]:
    """Faults of levers that the schema does not see: levels and ids.

    Parameters
    ----------
    source : Source
        File of the levers.
    levers : sequence of Lever
        Its entries, in order.

    Returns
    -------
    list of Problem
        One for each fault.
    """
    found: list[Fault] = []
    seen: set[str] = set()
    for i, lever in enumerate(levers):
        where: list[str | int] = ["levers", i]
        if lever.id in seen:
            found.append(([*where, "id"], f"id {lever.id!r} is used twice; allowed: once"))
        seen.add(lever.id)
        if lever.minimum > lever.maximum:
            message = f"starts at {lever.minimum:g} and ends at {lever.maximum:g}"
            found.append(([*where, "range"], f"{message}; allowed: low <= high"))
        found += [
            ([*where, level], message)
            for level in LEVELS
            if (message := lever.complaint(lever.at(level)))
        ]
    table = {lever.id: lever for lever in levers}
    for i, lever in enumerate(levers):
        other = lever.not_below
        if other is None or other in source.missing("levers"):
            continue
        if other not in table:
            message = f"{other!r} is not a lever{did_you_mean(other, table)}; allowed: a lever id"
            found.append((["levers", i, "not_below"], message))
        else:
            found += [
                (["levers", i, level], f"is below {other}; allowed: at least as much")
                for level in LEVELS
                if lever.at(level) < table[other].at(level)
            ]
    return [source.problem(path, message) for path, message in found]
