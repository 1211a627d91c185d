"""Conditions of a scenario: the user's own months, or nothing, in place of a driver's forecast.

A driver is a national growth rate over the same month of the year before, as a fraction. It may be
held at given months (the other drivers follow by their correlation) or switched off (it stays on
its central path).
"""

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from xuchang_sim.pack import tables
from xuchang_sim.text import phrase
from xuchang_sim.units import month_index, month_label
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean, shown

if TYPE_CHECKING:
    from xuchang_sim.pack.pack import Pack

__all__ = ["DRIVERS", "SETTING", "Condition", "Wish", "check", "growth_fault", "resolve", "wish"]

#: The drivers: value added of industry, producer prices, fixed-asset investment, M2.
DRIVERS = ("value_added_yoy", "ppi_yoy", "fai_yoy", "m2_yoy")
#: Series of a pack that decide which months are data: both must be known.
SETTING = ("industrial_value_added_yoy", "ppi_yoy")

Condition = Mapping[str, float] | Literal["off"]
"""Months ``YYYY-MM`` with their growth (fractions), or off."""

Fault = Callable[[list[str | int], str], Problem]
"""Makes a fault of a place and a message."""

LEAST, MOST = -0.9, 1.0
UNITS = {"fraction": 1.0, "%": 0.01}


class Wish(NamedTuple):
    """A driver's entry in a file: off, or months, or a file of months; and the unit's factor."""

    off: bool
    months: dict[str, float]
    file: str | None
    factor: float


def growth_fault(value: float) -> str:
    """Say what is wrong with a growth over a year; empty if nothing is."""
    if not math.isfinite(value):
        return phrase("driver_entry.infinite")
    if not LEAST <= value <= MOST:
        return phrase("driver_entry.range", value=value, least=LEAST, most=MOST)
    return ""


def wish(value: Any) -> Wish:
    """Read an entry: ``off``, months, or ``{file}``, the latter two with a unit if wanted.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if value == "off":
        return Wish(True, {}, None, 1.0)
    if not isinstance(value, Mapping) or not value.keys() - {"unit"}:
        close = did_you_mean(value, ("off",)) if isinstance(value, str) else ""
        message = phrase(
            "driver_entry.entry",
            value=shown(value),
            close=close,
            allowed=phrase("driver_entry.allowed"),
        )
        raise ValueError(message)
    unit = value.get("unit", "fraction")
    if not isinstance(unit, str) or unit not in UNITS:
        message = phrase("driver_entry.unit", unit=shown(unit), units=", ".join(UNITS))
        raise ValueError(message)
    rest = {key: entry for key, entry in value.items() if key != "unit"}
    if "file" in rest:
        name = rest["file"]
        if len(rest) > 1 or not isinstance(name, str) or Path(name).is_absolute():
            message = phrase("driver_entry.file_alone", allowed=phrase("driver_entry.allowed"))
            raise ValueError(message)
        return Wish(False, {}, name, UNITS[unit])
    months = {}
    for month, number in rest.items():
        month_index(month)
        if isinstance(number, bool) or not isinstance(number, int | float):
            message = phrase(
                "driver_entry.number",
                month=month,
                number=shown(number),
                allowed=phrase("driver_entry.allowed"),
            )
            raise ValueError(message)  # noqa: TRY004 - a fault of the file, as the schema takes it
        months[str(month)] = float(number)
    return Wish(False, months, None, UNITS[unit])


def resolve(
    wishes: Mapping[str, Wish], pack: "Pack", folder: Path, fault: Fault, problems: list[Problem]
) -> dict[str, Condition]:
    """Turn entries into conditions.

    Parameters
    ----------
    wishes : mapping of str to Wish
        Entries by driver.
    pack : Pack
        Decides which months are data.
    folder : Path
        Where files are looked for.
    fault : callable
        Makes a fault of a place below the entries and a message.
    problems : list of Problem
        Gets the faults; those inside a file of months name its line.
    """
    conditions: dict[str, Condition] = {}
    first = _first_open(pack)
    for name, entry in wishes.items():
        if name not in DRIVERS:
            text = phrase(
                "driver_entry.unknown", hint=did_you_mean(name, DRIVERS), drivers=", ".join(DRIVERS)
            )
            problems.append(fault(["drivers", name], text))
        elif entry.off:
            conditions[name] = "off"
        elif entry.file is not None:
            path = folder / entry.file
            rows, typed = _read(path, problems)
            factor = UNITS["%"] if typed == "%" else entry.factor  # 13.2% says so itself
            for month, (line, value) in rows.items():
                if text := _complaint(month, value * factor, first):
                    problems.append(Problem(str(path), month, line, text))
            conditions[name] = {month: value * factor for month, (_, value) in rows.items()}
        else:
            conditions[name] = {
                month: value * entry.factor for month, value in entry.months.items()
            }
            for month, value in entry.months.items():
                if text := _complaint(month, value * entry.factor, first):
                    problems.append(fault(["drivers", name, month], text))
        if isinstance(held := conditions.get(name), Mapping) and (text := _doubt(name, held, pack)):
            warnings.warn(text, stacklevel=2)
    return conditions


def check(drivers: Mapping[str, Any], pack: "Pack") -> dict[str, Condition]:
    """Check conditions given in code.

    Raises
    ------
    InputError
        If a driver is unknown, or a month or its growth is not allowed.
    """
    problems: list[Problem] = []
    entries: dict[str, Wish] = {}
    for name, value in drivers.items():
        try:
            entries[name] = wish(value)
        except ValueError as error:
            problems.append(Problem("drivers", name, 0, str(error)))
    conditions = resolve(entries, pack, Path(), _in_code, problems)
    if problems:
        raise InputError(problems)
    return conditions


def _in_code(place: list[str | int], message: str) -> Problem:
    return Problem("drivers", ".".join(str(part) for part in place[1:]), 0, message)


def _complaint(month: str, growth: float, first: int) -> str:
    """Say what is wrong with a month's growth; empty if nothing is."""
    if month_index(month) < first:
        return phrase("driver_entry.data", month_label=month_label(first))
    return growth_fault(growth)


#: Series of a pack with the driver's own growth, in percent.
_SEEN = {"value_added_yoy": SETTING[0], "ppi_yoy": SETTING[1], "m2_yoy": "m2_yoy"}
#: A value this many times below the smallest, or above the largest, ever published is doubted.
_FAR = 20.0


def _doubt(name: str, months: Mapping[str, float], pack: "Pack") -> str:
    """Say that held growth is of another size than all that was published; empty if it is not."""
    series = pack.history.get(_SEEN.get(name, ""))
    if series is None or not len(series) or not months:
        return ""
    seen = sorted(abs(value) * UNITS["%"] for _, value in series)
    held = sorted(abs(value) for value in months.values())
    if held[-1] * _FAR >= seen[0] and held[0] <= seen[-1] * _FAR:
        return ""
    near = min(UNITS.values()) if held[-1] < seen[0] else 1.0 / min(UNITS.values())
    share = phrase("driver_entry.hundredth") if near < 1 else phrase("driver_entry.hundred")
    return phrase(
        "driver_entry.size",
        name=name,
        held=held[-1],
        share=share,
        seen=seen[0],
        seen2=seen[-1],
        series=len(series),
    )


def _first_open(pack: "Pack") -> int:
    """First month that is not data; 0 if the pack has no such history."""
    last = []
    for name in SETTING:
        series = pack.history.get(name)
        known = series.known(pack.information_date) if series else ()
        if not known:
            return 0
        last.append(month_index(known[-1][0]))
    return min(last) + 1


def _read(path: Path, problems: list[Problem]) -> tuple[dict[str, tuple[int, float]], str]:
    """Months of a file of dates and values, each with its line; and the unit its cells have."""
    table = tables.read(path, problems)
    if table is None:
        return {}, ""
    values: dict[str, tuple[int, float]] = {}
    for when, value, line in table.figures:
        month = str(when)[:7]
        if when.kind not in {"month", "day"}:
            message = phrase("driver_entry.kind", when=when, kind=when.kind)
            problems.append(Problem(str(path), "", line, message))
        elif month in values:
            problems.append(Problem(str(path), month, line, phrase("driver_entry.twice")))
        elif math.isfinite(value):
            values[month] = (line, value)
    if not values and not problems:
        problems.append(Problem(str(path), "", 1, phrase("driver_entry.no_value")))
    return values, table.unit
