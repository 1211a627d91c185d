"""Series with vintages and files of dates and values: what was public by a day, and no more."""

from __future__ import annotations

import calendar
import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.yamlfile import InputError, Problem, read_text

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Day of the following month on which a monthly figure is published, by the series' stem.
RELEASE_DAY = {
    "pmi": 1,
    "ppi": 11,
    "cpi": 11,
    "m1": 15,
    "m2": 15,
    "new_rmb": 15,
    "industrial_profit": 27,
}
RELEASE_DAY_DEFAULT = 13
MAX_BYTES = 4 << 20

_DATE = re.compile(r"(\d{4})(?:-?[Qq]([1-4])|[-/](\d{1,2})(?:[-/](\d{1,2}))?|年(?:(\d{1,2})月)?)?")
_FREQUENCY_NAMES = {1: "annual", 4: "quarterly", 12: "monthly"}


class SeriesError(InputError):
    """A series cannot be used; the message says where and why."""

    def __init__(self, message: str, file: str = "", line: int = 0) -> None:
        super().__init__([Problem(file, "", line, message)])


class DateError(SeriesError):
    """A date cannot be read, or the dates have no common frequency."""


class DuplicateDateError(SeriesError):
    """A date occurs twice."""


class FutureDateError(SeriesError):
    """A date lies after today."""


class ValueFormatError(SeriesError):
    """A value is not a finite number."""


class TooShortError(SeriesError):
    """Fewer values than a spread can be learnt from."""


class ConstantSeriesError(SeriesError):
    """All values are equal: no spread can be learnt."""


class GapsError(SeriesError):
    """Too many values are missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Regular:
    """A series on a regular calendar.

    Attributes
    ----------
    name : str
    frequency : int
        1, 4 or 12 periods a year.
    first : int
        Period number ``frequency * year + period`` (period from 0) of the first value.
    values : (T,) array
        NaN where missing.
    breaks : tuple of int
        Period numbers from which values count other things than before (changes of coverage).
    """

    name: str
    frequency: int
    first: int
    values: Floats
    breaks: tuple[int, ...] = ()

    @property
    def last(self) -> int:
        """Period number of the last value."""
        return self.first + len(self.values) - 1

    def text(self, number: int) -> str:
        """Return a period number as a date such as ``2011``, ``2011Q4`` or ``2012-03``."""
        year, period = divmod(number, self.frequency)
        if self.frequency == 1:
            return f"{year:04d}"
        return f"{year:04d}Q{period + 1}" if self.frequency == 4 else f"{year:04d}-{period + 1:02d}"

    def until(self, number: int) -> Regular:
        """Return the part up to a period number."""
        return replace(self, values=self.values[: max(number - self.first + 1, 0)])


def history(pack: Any, name: str, as_of: str | None = None) -> dict[str, float]:
    """Values of a series by period, as published by a day.

    Parameters
    ----------
    pack
        A loaded pack, or a mapping of series name to mapping of period to value.
    name : str
        Series name.
    as_of : str, optional
        ``YYYY-MM-DD``. Default: the pack's information date; a plain mapping gives everything.

    Raises
    ------
    KeyError
        If the pack has no such series.
    """
    if isinstance(pack, Mapping):
        values: dict[str, float] = dict(pack[name])
        if as_of is None:
            return values
        seen = date.fromisoformat(as_of)
        return {period: value for period, value in values.items() if released(name, period) <= seen}
    day = pack.information_date
    seen = day if as_of is None else min(day, date.fromisoformat(as_of))
    return dict(pack.history[name].known(seen))


def released(name: str, period: str) -> date:
    """Day on which a figure became public, by the national calendar of releases.

    A month ``YYYY-MM`` is published in the next month, a year ``YYYY`` in the next February.
    """
    if len(period) == 4:
        return date(int(period) + 1, 2, 28)
    day = next((d for stem, d in RELEASE_DAY.items() if name.startswith(stem)), RELEASE_DAY_DEFAULT)
    year, number = int(period[:4]), int(period[5:7])
    return date(year + number // 12, number % 12 + 1, day)


def regular(name: str, values: Mapping[str, float], breaks: Sequence[int] = ()) -> Regular:
    """Put a mapping of periods (all years or all months) on a regular calendar.

    ``breaks`` are the years from which the values count other things than before.
    """
    series = _regular(name, [(period, 0, value) for period, value in values.items()])
    return replace(series, breaks=tuple(series.frequency * year for year in breaks))


def changes_of_coverage(pack: Any, name: str) -> tuple[int, ...]:
    """Years from which a series of the pack counts other things; none for a plain mapping."""
    return () if isinstance(pack, Mapping) else tuple(pack.history[name].entry.breaks)


def read_series(path: Path, as_of: date | None = None, today: date | None = None) -> Regular:
    """Read a file with the columns ``date,value``.

    Parameters
    ----------
    path : Path
        Dates like 2011, 2011Q4, 2012-03 or ISO days; an empty value is missing.
    as_of : date, optional
        Periods that end later are not seen.
    today : date, optional
        The day after which a date is a fault; default the machine's.

    Raises
    ------
    SeriesError
        A subclass names the fault, the message the file and line.
    """
    file = str(path)
    problems: list[Problem] = []
    text = read_text(path, problems, MAX_BYTES)
    if text is None:
        raise InputError(problems)
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "date" not in header or "value" not in header:
        msg = "the first line must name the columns; allowed: date,value"
        raise SeriesError(msg, file, 1)
    where, what = header.index("date"), header.index("value")
    cells = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(where, what):
            msg = f"{len(row)} cells; a date and a value are needed"
            raise SeriesError(msg, file, line)
        cells.append((row[where].strip(), line, _number(row[what].strip(), file, line)))
    series = _regular(path.stem, cells, file)
    limit = today or date.today()  # noqa: DTZ011 - a calendar day, not an instant
    if as_of is not None:
        kept = [
            n for n in range(series.first, series.last + 1) if _end(n, series.frequency) <= as_of
        ]
        series = series.until(max(kept, default=series.first - 1))
    if len(series.values) and _begin(series.last, series.frequency) > limit:
        msg = f"the last date, {series.text(series.last)}, lies in the future"
        raise FutureDateError(msg, file)
    return series


def _number(cell: str, file: str, line: int) -> float:
    if cell.lower() in {"", "na", "nan", "null", ".", ".."}:
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        msg = f"{cell!r} is not a number; allowed: 12.3, -4, 1e3, or empty for missing"
        raise ValueFormatError(msg, file, line)
    return value


def _regular(name: str, cells: list[tuple[str, int, float]], file: str = "") -> Regular:
    if not cells:
        msg = "no value at all"
        raise TooShortError(msg, file)
    frequency, months = _months([_parts(text, file, line) for text, line, _ in cells], file)
    numbers: dict[int, float] = {}
    for (year, month), (_, line, value) in zip(months, cells, strict=True):
        number = frequency * year + (month - 1) * frequency // 12
        if number in numbers:
            msg = f"the {_FREQUENCY_NAMES[frequency]} date of this line occurs twice"
            raise DuplicateDateError(msg, file, line)
        numbers[number] = value
    first, last = min(numbers), max(numbers)
    if last - first > 5000:
        msg = f"dates span {(last - first) // frequency} years"
        raise DateError(msg, file)
    values = np.full(last - first + 1, np.nan)
    for number, value in numbers.items():
        values[number - first] = value
    return Regular(name, frequency, first, values)


def _parts(text: str, file: str, line: int) -> tuple[int, int]:
    """Year and month; months 101 to 104 stand for quarters, 0 for a whole year."""
    found = _DATE.fullmatch(text)
    if found:
        year, quarter, month, day, chinese = found.groups()
        number = int(month or chinese or 0)
        if quarter:
            return int(year), 100 + int(quarter)
        if number <= 12 and (not day or _is_day(int(year), number, int(day))):
            return int(year), number
    msg = f"{text!r} is not a date; allowed: 2011, 2011Q4, 2012-03, 2012-03-31"
    raise DateError(msg, file, line)


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def _months(parts: list[tuple[int, int]], file: str) -> tuple[int, list[tuple[int, int]]]:
    """Frequency, and every date as year and first month."""
    months = [month for _, month in parts]
    forms = {"quarter" if m > 100 else "year" if m == 0 else "month" for m in months}
    if len(forms) > 1:
        msg = "years, quarters and months are mixed"
        raise DateError(msg, file)
    form = forms.pop()
    if form == "year":
        return 1, [(year, 1) for year, _ in parts]
    if form == "quarter":
        return 4, [(year, 3 * (quarter - 100) - 2) for year, quarter in parts]
    if len(set(months)) == 1 and len(parts) > 1:
        return 1, parts
    if len({m % 3 for m in months}) == 1 and len(set(months)) <= 4 and len(parts) > 4:
        return 4, parts
    return 12, parts


def _begin(number: int, frequency: int) -> date:
    year, period = divmod(number, frequency)
    return date(year, period * 12 // frequency + 1, 1)


def _end(number: int, frequency: int) -> date:
    year, period = divmod(number, frequency)
    month = (period + 1) * 12 // frequency
    return date(year, month, calendar.monthrange(year, month)[1])
