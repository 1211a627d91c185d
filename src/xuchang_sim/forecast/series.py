"""Series with vintages and files of dates and values: what was public by a day, and no more."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.pack import cells as forms, tables
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

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
#: Names of what is a growth already, in units and headers.
_GROWTH = ("%", "‰", "yoy", "同比", "增长", "增速", "growth", "rate of change")
_TO_DATE = ("累计", "ytd", "to date", "to_date")


class SeriesError(InputError):
    """A series cannot be used; the message says where and why."""

    def __init__(self, message: str, file: str = "", line: int = 0) -> None:
        super().__init__([Problem(file, "", line, message)])


class DateError(SeriesError):
    """A date cannot be read, or the dates have no common frequency."""


class FrequencyError(DateError):
    """The data are daily, weekly or of another frequency that is not forecast."""


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


class BreakError(SeriesError):
    """The last value is far off all before it: a slip, another unit, or a new level."""


class UnstableError(SeriesError):
    """The level of the series varies so much that forecast intervals would be useless."""


@dataclass(frozen=True, slots=True, eq=False)
class Regular:
    """A series on a regular calendar, from its first known value to its last.

    Empty periods before and after are left out when it is made, so that steps ahead are counted
    from the last known value, whatever rows a file had.

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
    label : str
        Header of its column; empty if it has none.
    unit : str
        Unit of the values as written; empty if none was.
    to_date : bool
        Every period was written as a span from January (``2012年1-3月``).
    notes : tuple of str
        What was read in a way worth telling.
    """

    name: str
    frequency: int
    first: int
    values: Floats
    breaks: tuple[int, ...] = ()
    label: str = ""
    unit: str = ""
    to_date: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Leave out empty periods at both ends."""
        values = np.asarray(self.values, dtype=float)
        known = np.flatnonzero(np.isfinite(values))
        first, end = (int(known[0]), int(known[-1]) + 1) if len(known) else (0, 0)
        object.__setattr__(self, "values", values[first:end])
        object.__setattr__(self, "first", self.first + first)

    @property
    def is_growth(self) -> bool:
        """Whether unit, header or name say that it is a growth already."""
        said = f"{self.unit} {self.label} {self.name}".casefold()
        return any(word in said for word in _GROWTH)

    @property
    def named_to_date(self) -> bool:
        """Whether spans or the header say that values are sums to date."""
        said = f"{self.label} {self.name}".casefold()
        return self.to_date or (not self.is_growth and any(word in said for word in _TO_DATE))

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
    cells = [(forms.period(period), 0, value) for period, value in values.items()]
    series = _regular(name, cells)
    return replace(series, breaks=tuple(series.frequency * year for year in breaks))


def changes_of_coverage(pack: Any, name: str) -> tuple[int, ...]:
    """Years from which a series of the pack counts other things; none for a plain mapping."""
    return () if isinstance(pack, Mapping) else tuple(pack.history[name].entry.breaks)


def read_series(
    path: Path, as_of: date | None = None, today: date | None = None, column: str = ""
) -> Regular:
    """Read a series from a file, in any form that `xuchang_sim.pack.tables` reads.

    Parameters
    ----------
    path : Path
        Dates like 2011, 2011Q4, 2012-03 or ISO days; an empty value is missing.
    as_of : date, optional
        Periods that end later are not seen.
    today : date, optional
        The day after which a date is a fault; default the machine's.
    column : str
        Header of the values where several columns have them.

    Raises
    ------
    SeriesError
        A subclass names the fault, the message the file and line.
    """
    file = str(path)
    problems: list[Problem] = []
    table = tables.read(path, problems, column)
    if problems or table is None:
        raise _named(problems)
    cells = [(figure.period, figure.line, figure.value) for figure in table.figures]
    series = _regular(path.stem, cells, file)
    spans = bool(cells) and all(figure.period.to_date for figure in table.figures)
    label = "" if table.name.casefold() in tables.VALUES else table.name
    series = replace(series, label=label, unit=table.unit, to_date=spans, notes=table.notes)
    limit = today or date.today()  # noqa: DTZ011 - a calendar day, not an instant
    if as_of is not None:
        kept = [
            n for n in range(series.first, series.last + 1) if _end(n, series.frequency) <= as_of
        ]
        series = series.until(max(kept, default=series.first - 1))
    if len(series.values) and _begin(series.last, series.frequency) > limit:
        msg = phrase("series.future", text=series.text(series.last))
        raise FutureDateError(msg, file)
    return series


def _named(problems: list[Problem]) -> InputError:
    """Error for the faults of a file: named by its first one."""
    kinds = {forms.PeriodFault: DateError, forms.NumberFault: ValueFormatError}
    if not problems or not problems[0].file or problems[0].line == 0:
        return InputError(problems)
    first = problems[0]
    error = kinds.get(type(first), SeriesError)(first.message, first.file, first.line)
    error.problems = tuple(problems)
    return error


def _regular(name: str, cells: list[tuple[forms.Period, int, float]], file: str = "") -> Regular:
    if not cells:
        msg = phrase("series.none")
        raise TooShortError(msg, file)
    frequency, months = _months([(when, line) for when, line, _ in cells], file)
    numbers: dict[int, float] = {}
    for (year, month), (when, line, value) in zip(months, cells, strict=True):
        number = frequency * year + (month - 1) * frequency // 12
        if number in numbers:
            msg = phrase("series.date_twice", when=when)
            raise DuplicateDateError(msg, file, line)
        numbers[number] = value
    first, last = min(numbers), max(numbers)
    if last - first > 5000:
        msg = phrase("series.span", last=(last - first) // frequency)
        raise DateError(msg, file)
    values = np.full(last - first + 1, np.nan)
    for number, value in numbers.items():
        values[number - first] = value
    return Regular(name, frequency, first, values)


def _months(cells: list[tuple[forms.Period, int]], file: str) -> tuple[int, list[tuple[int, int]]]:
    """Frequency, and every date as year and first month."""
    periods = [when for when, _ in cells]
    forms = ["month" if when.kind == "day" else when.kind for when in periods]
    if len(set(forms)) > 1:
        odd = next(i for i, form in enumerate(forms) if form != forms[0])
        msg = phrase("series.mixed", periods=periods[0], periods2=periods[odd])
        raise DateError(msg, file, cells[odd][1])
    if forms[0] == "year":
        return 1, [(when.year, 1) for when in periods]
    if forms[0] == "quarter":
        return 4, [(when.year, 3 * when.part - 2) for when in periods]
    _refuse_days([when for when in periods if when.kind == "day"], file)
    parts = [(when.year, when.part) for when in periods]
    months = [when.part for when in periods]
    if len(set(months)) == 1 and len(parts) > 1:
        return 1, parts
    if len({m % 3 for m in months}) == 1 and len(set(months)) <= 4 and len(parts) > 4:
        return 4, parts
    return 12, parts


def _refuse_days(days: list[forms.Period], file: str) -> None:
    """Refuse data of more than one day a month, by name."""
    seen = sorted({date(when.year, when.part, when.day) for when in days})
    if len(seen) < 2 or len({(day.year, day.month) for day in seen}) == len(seen):
        return
    gaps = np.diff([day.toordinal() for day in seen])
    gap = float(np.median(gaps))
    named = next((name for most, name in _DAYS if gap <= most), "irregular")
    msg = phrase("series.not_read", named=phrase(f"frequency.{named}"), seen=seen[0], seen2=seen[1])
    raise FrequencyError(msg, file)


#: Longest step in days, by what data of such steps are called.
_DAYS = ((4.0, "daily"), (8.0, "weekly"), (11.0, "ten_days"), (17.0, "half_months"))


def _begin(number: int, frequency: int) -> date:
    year, period = divmod(number, frequency)
    return date(year, period * 12 // frequency + 1, 1)


def _end(number: int, frequency: int) -> date:
    year, period = divmod(number, frequency)
    month = (period + 1) * 12 // frequency
    return date(year, month, calendar.monthrange(year, month)[1])
