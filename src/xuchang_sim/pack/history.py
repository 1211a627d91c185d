"""History of a pack: cited tables, and the series in them with what was public when.

Tables keep the columns ``series,entity,period,value,unit,source,confidence`` whole, and if they
have them ``type,published``, one figure a line with its citation. They hold values, not release dates; a rule per series says when the figure
of a period came out. A figure that came out after the information date is a fault of the pack.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field

from xuchang_sim.pack.schema import Id, Label, Many, Strict
from xuchang_sim.text import phrase

__all__ = ["FileName", "Record", "Series", "SeriesEntry", "TableEntry", "last_day"]

COLUMNS = ("series", "entity", "period", "value", "unit", "source", "confidence")
#: Two more columns, which a table has both of or neither: what kind of statement, and when it came out.
MORE = ("type", "published")
#: ``actual`` was measured, ``derived`` is arithmetic on what was measured; ``target`` and
#: ``announced`` say what somebody wants or intends: they are no evidence of anything but that.
TYPES = ("actual", "derived", "target", "announced")
EVIDENCE = frozenset(("actual", "derived"))
#: Series named so state aims, or follow from aims alone.
AIMS = ("target_", "threshold_", "implied_")
CONFIDENCE = ("read-high", "read-medium", "read-low", "derived-plan", "derived-source")


def _inside(name: str) -> str:
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", name):
        message = phrase("history.file", name=name)
        raise ValueError(message)
    return name


FileName = Annotated[str, AfterValidator(_inside)]


class Release(Strict):
    """Release of a figure: the number of months after its period's last month, and the day."""

    months: Annotated[int, Field(ge=0, le=24)]
    day: Annotated[int, Field(ge=1, le=28)]


class SeriesEntry(Strict):
    """One series of the pack: where it stands and when it is released.

    ``breaks`` are years that count other things than the year before: growth in them says nothing.
    """

    id: Id
    label_zh: Label
    label_en: Label
    file: FileName
    series: Label
    entity: Label
    unit: Label
    frequency: Literal["month", "year"]
    release: Release
    breaks: Many[Annotated[int, Field(ge=1900, le=2099)]] = ()


class TableEntry(Strict):
    """A table kept whole as evidence."""

    id: Id
    label_zh: Label
    label_en: Label
    file: FileName


class Record(NamedTuple):
    """One figure of a table with its citation, what kind of statement it is, and its line.

    ``published`` is a day, month or year; empty where the release rule of its series, or its
    period, tells when it came out.
    """

    series: str
    entity: str
    period: str
    value: float
    unit: str
    source: str
    confidence: str
    type: str
    published: str
    line: int


@dataclass(frozen=True)
class Series:
    """A series in time order; iterating gives pairs of period and value.

    Parameters
    ----------
    entry : SeriesEntry
        Its declaration, with unit, frequency and release rule.
    records : tuple of Record
        Its figures in time order, each with its citation.
    """

    entry: SeriesEntry
    records: tuple[Record, ...]

    def __iter__(self) -> Iterator[tuple[str, float]]:
        """Pairs of period (``YYYY-MM`` or ``YYYY``) and value, in time order."""
        return ((record.period, record.value) for record in self.records)

    def __len__(self) -> int:
        """Return the number of figures."""
        return len(self.records)

    @property
    def unit(self) -> str:
        """Unit of the values, as the table writes it."""
        return self.entry.unit

    @cached_property
    def source(self) -> str:
        """Citations of all its figures, each once."""
        return "; ".join(dict.fromkeys(record.source for record in self.records))

    def released(self, period: str) -> date:
        """Day on which the figure of a period came out, by the release rule.

        Raises
        ------
        ValueError
            If the period is neither a year, quarter, month or day nor a span of them.
        """
        end = last_day(period)
        years, month = divmod(end.month - 1 + self.entry.release.months, 12)
        return date(end.year + years, month + 1, self.entry.release.day)

    def known(self, day: date) -> tuple[tuple[str, float], ...]:
        """Pairs of period and value that had come out by a day."""
        return tuple(pair for pair in self if self.released(pair[0]) <= day)


_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?|Q([1-4]))?")


@lru_cache(maxsize=4096)
def last_day(period: str) -> date:
    """Last day of a period such as ``2011``, ``2011Q1``, ``2012-03``, ``2010-08-17`` or ``a/b``.

    Raises
    ------
    ValueError
        If the text is not a period.
    """
    match = _PERIOD.fullmatch(period.rpartition("/")[2])
    try:
        if match:
            year, month, day, quarter = (int(part) if part else 0 for part in match.groups())
            if day:
                return date(year, month, day)
            month = month or 3 * quarter or 12
            return date(year, month, calendar.monthrange(year, month)[1])
    except ValueError:
        pass
    message = phrase("history.period", period=period)
    raise ValueError(message)
