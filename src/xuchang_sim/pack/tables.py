"""Read tables of public figures: encodings, headers, notes and what is left, in one place.

Statistical offices, databases and spreadsheets write ``2012年3月份``, ``1Q 2012`` or ``201203``, ``"1,234.5"``,
``40%`` or ``…``, in UTF-8, UTF-16 or GB18030, with titles above and sources below. All readers of this
package take the forms of this module and no others. An ambiguous entry is refused, with both
readings.
"""

from __future__ import annotations

import csv
import io
import math
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from xuchang_sim.deferred import deferred
from xuchang_sim.pack.cells import (
    LONGEST,
    NOTE,
    PERIODS,
    FormError,
    Number,
    NumberFault,
    Period,
    PeriodFault,
    ambiguous,
    number,
    period,
    plain,
    too_long,
)
from xuchang_sim.pack.parcel import parcel_fault
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Problem, did_you_mean, read_bytes, shown

with deferred():
    import openpyxl

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Figure", "Table", "read", "text_of"]

MAX_BYTES = 8 << 20
MAX_CELLS = 1_000_000
#: Names of a column of periods, and of values, in the languages of public tables.
DATES = frozenset(
    [
        "date",
        "dates",
        "period",
        "periods",
        "time",
        "time_period",
        "month",
        "quarter",
        "year",
        "日期",
        "时间",
        "月份",
        "年份",
        "年度",
        "季度",
        "期间",
        "时期",
        "月度",
        "年月",
        "年",
        "月",
        "date_code",
    ]
)
VALUES = frozenset(["value", "values", "obs_value", "数值", "值", "数据", "指标值", "data"])
_INDEX = frozenset(["", "unnamed: 0", "rownames", "index", "序号", "no", "no."])


class Figure(NamedTuple):
    """One figure of a table and the line (from 1) on which it stands."""

    period: Period
    value: float
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A series of a table.

    Parameters
    ----------
    name : str
        Header of its column or row; empty if it has none.
    figures : tuple of Figure
        In the order of the file; NaN where not published.
    unit : str
        Unit that all cells or the header carry; empty if none.
    notes : tuple of str
        What was read in a way worth telling.
    """

    name: str
    figures: tuple[Figure, ...]
    unit: str = ""
    notes: tuple[str, ...] = ()


def text_of(path: Path, problems: list[Problem], limit: int = MAX_BYTES) -> str | None:
    """Text of a file in UTF-8 (with or without mark), UTF-16 or GB18030; line ends are line feeds.

    Returns None after a fault, which is appended to `problems`.
    """
    raw = read_bytes(path, problems, limit)
    return None if raw is None else _decoded(path, raw, problems)


def _decoded(path: Path, raw: bytes, problems: list[Problem]) -> str | None:
    names = ["utf-8-sig", "gb18030"]
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        names = ["utf-16"]
    elif raw[:64].count(b"\0") >= max(len(raw[:64]) // 4, 1):
        names = ["utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"]
    for name in names:
        try:
            text = raw.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and "\ufffd" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    message = phrase("table.encoding")
    problems.append(Problem(str(path), "", 1, message))
    return None


def cells_of(path: Path, problems: list[Problem]) -> list[tuple[int, list[Any]]] | None:
    """Rows of a file with their lines: CSV with any usual delimiter, or the sheet of a workbook."""
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        return _sheet(path, problems)
    text = text_of(path, problems)
    if text is None:
        return None
    if number := too_long(text):
        problems.append(Problem(str(path), "", number, phrase("table.long", most=LONGEST)))
        return None
    reader: Any = None
    rows: list[tuple[int, list[Any]]] = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        rows += [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        line = reader.line_num if reader else 0
        problems.append(Problem(str(path), "", line, phrase("table.none", error=error)))
        return None
    return rows


def _delimiter(text: str) -> str:
    """Delimiter that parts most lines, and into equally many cells."""
    lines = [line for line in text.split("\n") if line.strip()][:200]
    best, most = ",", 0
    for mark in (",", "\t", ";", "|", "，"):
        counts = [len(row) for row in csv.reader(lines, delimiter=mark)]
        parted = [count for count in counts if count > 1]
        same = max((parted.count(count) for count in set(parted)), default=0)
        if same > most:
            best, most = mark, same
    return best


def _sheet(path: Path, problems: list[Problem]) -> list[tuple[int, list[Any]]] | None:
    """Rows of the only sheet with data; merged cells carry their value, hidden ones are refused."""

    def fault(message: str, line: int = 0) -> None:
        problems.append(Problem(str(path), "", line, message))

    raw = read_bytes(path, problems, MAX_BYTES)
    if raw is None:
        return None
    if message := parcel_fault(raw):
        fault(message)
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are not read
            book = openpyxl.load_workbook(io.BytesIO(raw), data_only=True, keep_links=False)
            formulas = openpyxl.load_workbook(io.BytesIO(raw), keep_links=False)
    except Exception as error:  # noqa: BLE001 - a hostile file may break the reader anywhere
        fault(phrase("table.workbook", name=type(error).__name__))
        return None
    if any(sheet.max_row * sheet.max_column > MAX_CELLS for sheet in book.worksheets):
        fault(phrase("table.far", most=MAX_CELLS))
        return None
    sheets = [sheet for sheet in book.worksheets if sheet.max_row > 1 and sheet.max_column > 1]
    if len(sheets) != 1:
        fault(phrase("table.sheets", sheets=len(sheets)))
        return None
    sheet = sheets[0]
    hidden = [n for n, held in sheet.row_dimensions.items() if held.hidden and n <= sheet.max_row]
    if sheet.sheet_state != "visible" or hidden:
        fault(phrase("table.hidden"), hidden[0] if hidden else 0)
        return None
    filled = {
        (row, column): sheet.cell(area.min_row, area.min_col).value
        for area in sheet.merged_cells.ranges
        if area.min_row == area.max_row or area.min_col == area.max_col
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    rows = []
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        row: list[Any] = []
        for column, cell in enumerate(cells, start=1):
            value = cell.value
            if value is None and formulas[sheet.title].cell(line, column).value is not None:
                fault(phrase("table.formula"), line)
                return None
            if isinstance(value, int | float) and "%" in str(cell.number_format):
                value = f"{100 * float(value):.12g}%"
            row.append(filled.get((line, column), "") if value is None else value)
        rows.append((line, row))
    return rows


def read(path: Path, problems: list[Problem], column: str = "") -> Table | None:
    """Read a series from a file.

    Parameters
    ----------
    path : Path
        CSV (comma, semicolon, tab or bar) or a workbook: a column of periods and one of values, or
        periods in a row. Titles, units and sources above and below are notes.
    problems : list of Problem
        Faults are appended, with their line.
    column : str
        Header of the values where several columns (or rows) have them.

    Returns
    -------
    Table or None
        None after a fault of the whole file. Faults of single lines leave them out.
    """
    rows = cells_of(path, problems)
    if rows is None:
        return None
    reader = _Reader(str(path), problems)
    rows = reader.without_notes(rows)
    if not any(_filled(row) for _, row in rows):
        reader.fault(1, phrase("table.empty"))
        return None
    table = reader.wide(rows, column) or reader.long(rows, column)
    if table is None:
        return None
    if doubt := ambiguous([figure.period for figure in table.figures]):
        reader.fault(table.figures[0].line, doubt, PeriodFault)
        return None
    return table


def _filled(row: Iterable[Any]) -> list[int]:
    return [i for i, cell in enumerate(row) if str(cell).strip()]


def _is_period(cell: object) -> bool:
    if isinstance(cell, int | float) and not 1800 <= cell <= 21001231:
        return False
    try:
        period(cell)
    except FormError:
        return False
    return True


def _is_number(cell: object) -> bool:
    try:
        number(cell)
    except FormError:
        return False
    return True


def _head(cell: object) -> str:
    return plain(str(cell)).casefold()


@dataclass
class _Reader:
    """Turns rows of one file into a series; faults go to its list."""

    file: str
    problems: list[Problem]

    def fault(self, line: int, message: str, kind: type[Problem] = Problem) -> None:
        self.problems.append(kind(self.file, "", line, message))

    def cell(self, line: int, when: object, what: object) -> tuple[Period, Number] | None:
        """Period and number of two cells; None after a fault."""
        try:
            result = period(when)
        except FormError as error:
            self.fault(line, str(error), PeriodFault)
            return None
        try:
            return result, number(what)
        except FormError as error:
            self.fault(line, str(error), NumberFault)
            return None

    def without_notes(self, rows: list[tuple[int, list[Any]]]) -> list[tuple[int, list[Any]]]:
        """Rows that are neither empty nor a title, unit or source."""
        kept = [(line, row) for line, row in rows if _filled(row)]
        wide = any(len(_filled(row)) > 1 for _, row in kept)
        out: list[tuple[int, list[Any]]] = []
        for line, row in kept:
            first = str(row[_filled(row)[0]])
            alone = len(_filled(row)) == 1 and wide
            if NOTE.match(first) and (alone or not any(_is_period(cell) for cell in row)):
                if len({str(c) for c in row if str(c).strip()}) == 1 or first.startswith("#"):
                    continue
                if alone or not any(_head(c) in DATES | VALUES for c in row):
                    continue
            if alone and not out and not _is_period(row[_filled(row)[0]]):
                continue  # a title above the table
            out.append((line, row))
        return out

    def wide(self, rows: list[tuple[int, list[Any]]], column: str) -> Table | None:
        """Return the series whose periods stand in a row; None if there is no such row."""
        line, head = rows[0]
        places = [i for i in range(1, len(head)) if str(head[i]).strip() and _is_period(head[i])]
        if len(places) < 3 or len(places) < 0.6 * len(_filled(head[1:])) or _is_period(head[0]):
            return None
        named = [(at, row) for at, row in rows[1:] if str(row[0]).strip()]
        names = [str(row[0]).strip() for _, row in named]
        chosen = self.choice(names, column, line, phrase("table.a_row"))
        if chosen is None:
            return None
        at, row = named[chosen]
        figures, units = [], set()
        for place in places:
            result = self.cell(at, head[place], row[place] if place < len(row) else "")
            if result is None:
                continue
            units |= {result[1].unit} if math.isfinite(result[1].value) else set()
            figures.append(Figure(result[0], result[1].value, at))
        return self.table(names[chosen], figures, units, at)

    def choice(self, names: list[str], column: str, line: int, what: str) -> int | None:
        """Which of several series is meant; None after a fault."""
        if column:
            result = [i for i, name in enumerate(names) if _head(name) == _head(column)]
            if len(result) == 1:
                return result[0]
            close = did_you_mean(column, names)
            self.fault(
                line,
                phrase(
                    "table.no_one", what=what, column=column, close=close, names=", ".join(names)
                ),
            )
            return None
        if len(names) == 1:
            return 0
        listed = ", ".join(names)[:300] or "none"
        self.fault(line, phrase("table.choose", names=len(names), what=what, listed=listed))
        return None

    def long(self, rows: list[tuple[int, list[Any]]], column: str) -> Table | None:
        """Return the series whose periods stand in a column."""
        line, head = rows[0]
        headed = not any(_is_period(cell) for cell in head if str(cell).strip())
        heads = [_head(cell) for cell in head] if headed else [""] * len(head)
        body = rows[1:] if headed else rows
        if "今值" in heads:
            message = phrase("table.published")
            self.fault(line, message)
            return None
        where = self.date_column(heads, body, line)
        if where is None:
            return None
        places = self.value_columns(heads, body, where)
        if column:
            places = [i for i in range(len(head)) if i != where]
        elif any(heads[i] in VALUES for i in places):
            places = [i for i in places if heads[i] in VALUES]
        names = [
            str(head[i]).strip() if headed else phrase("table.column", i=i + 1) for i in places
        ]
        if not places:
            self.fault(line, phrase("table.no_column"))
            return None
        chosen = self.choice(names, column, line, phrase("table.a_column"))
        if chosen is None:
            return None
        return self.column(body, where, places[chosen], names[chosen] if headed else "", len(head))

    def date_column(
        self, heads: list[str], body: list[tuple[int, list[Any]]], line: int
    ) -> int | None:
        """Index of the column of periods: the column of that name, else the only one with dates."""
        named = [i for i, head in enumerate(heads) if head in DATES]
        if not named:
            named = [
                i
                for i in range(len(heads))
                if heads[i] not in VALUES | _INDEX - {""}
                and any(i < len(row) and str(row[i]).strip() for _, row in body)
                and sum(i < len(row) and _is_period(row[i]) for _, row in body) > 0.6 * len(body)
            ]
            if len(named) > 1:  # four-digit values look like years: whole numbers come second
                texts = [
                    i for i in named if not all(_is_number(r[i]) for _, r in body if i < len(r))
                ]
                named = texts or named[:1]
        if len(named) == 1:
            return named[0]
        if named:
            listed = ", ".join(heads[i] or phrase("table.column", i=i + 1) for i in named)
            self.fault(line, phrase("table.date_columns", named=len(named), listed=listed))
        else:
            self.fault(line, phrase("table.header"))
        return None

    def value_columns(
        self, heads: list[str], body: list[tuple[int, list[Any]]], where: int
    ) -> list[int]:
        """Places of columns with values; a running number of the lines is none."""
        named = [i for i, head in enumerate(heads) if head in VALUES and i != where]
        if named:
            return named
        numbers = []
        for i in range(max((len(row) for _, row in body), default=len(heads))):
            cells = [row[i] for _, row in body if i < len(row) and str(row[i]).strip()]
            if i == where or not cells or i >= len(heads):
                continue
            if (
                heads[i] in _INDEX
                and i < where
                and [_head(c) for c in cells[:3]]
                in (
                    ["0", "1", "2"],
                    ["1", "2", "3"],
                )
            ):
                continue
            if sum(_is_number(c) for c in cells) > 0.5 * len(cells):
                numbers.append(i)
        return numbers

    def column(
        self, body: list[tuple[int, list[Any]]], where: int, what: int, name: str, width: int
    ) -> Table | None:
        figures: list[Figure] = []
        units: set[str] = set()
        notes: list[str] = []
        for line, row in body:
            if len(row) <= max(where, what):
                if len(_filled(row)) < 2 and not _is_period(row[_filled(row)[0]]):
                    self.fault(
                        line,
                        phrase(
                            "table.first_date",
                            row=shown(str(row[_filled(row)[0]])),
                            periods=PERIODS,
                        ),
                    )
                else:
                    self.fault(line, phrase("table.cells", row=len(row)))
                continue
            if len(row) > width and any(str(cell).strip() for cell in row[width:]):
                message = phrase("table.width", row=len(row), width=width)
                self.fault(line, message)
                continue
            if not str(row[where]).strip() and not str(row[what]).strip():
                continue
            result = self.cell(line, row[where], row[what])
            if result is None:
                continue
            units |= {result[1].unit} if math.isfinite(result[1].value) else set()
            figures.append(Figure(result[0], result[1].value, line))
        short = [
            str(row[where])
            for _, row in body
            if re.search(r"[A-Za-z][-' ]'?[0-9]{2}$", str(row[where] if where < len(row) else ""))
        ]
        if short:
            notes.append(phrase("table.digits", short=short[0], period=period(short[0])))
        doubtful = [
            c
            for _, row in body
            if what < len(row)
            for c in [str(row[what])]
            if re.search(r"[0-9],[0-9]", c)
        ]
        if doubtful and all(re.fullmatch(r"[-+]?[0-9],[0-9]{3}", plain(c)) for c in doubtful):
            others = [str(row[what]) for _, row in body if what < len(row)]
            small = [c for c in others if re.fullmatch(r"[-+]?[0-9](\.[0-9]*)?", plain(c))]
            if len(small) > 0.5 * len(others):
                line = next(line for line, row in body if str(row[what]) == doubtful[0])
                self.fault(
                    line,
                    phrase("table.thousand", doubtful=doubtful[0]),
                )
                return None
        return self.table(name, figures, units, body[0][0] if body else 1, tuple(notes))

    def table(
        self,
        name: str,
        figures: list[Figure],
        units: set[str],
        line: int,
        notes: tuple[str, ...] = (),
    ) -> Table | None:
        if len(units) > 1:
            listed = ", ".join(sorted(unit or "none" for unit in units))
            self.fault(line, phrase("table.units", listed=listed))
            return None
        unit = next(iter(units), "")
        if not unit and (match := re.search(r"[(（\[]\s*([^()（）\[\]]{1,12})[)）\]]\s*$", name)):
            unit = match[1].strip()
        return Table(name, tuple(figures), unit, notes)
