"""Read tables of public figures: periods, numbers, encodings, headers and notes, in one place.

Statistical offices, databases and spreadsheets write ``2012年3月份``, ``1Q 2012`` or ``201203``, ``"1,234.5"``,
``40%`` or ``…``, in UTF-8, UTF-16 or GB18030, with titles above and sources below. All readers of this
package take the forms of this module and no others. What may be read in two ways is refused with both.
"""

import calendar
import csv
import io
import math
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from xuchang_sim.yamlfile import Problem, did_you_mean, shown

__all__ = [
    "Figure",
    "FormError",
    "Number",
    "Period",
    "Table",
    "number",
    "period",
    "read",
    "text_of",
]

MAX_BYTES = 8 << 20
PERIODS = "2012, 2012Q1, 2012年1季度, 2012-03, 2012年3月, 201203, 2012M03, Mar 2012, 2012-03-31"
NUMBERS = "12.3, -4, 1e3, 1,234.5, 40%, or empty for missing"
#: What stands for a value that was not published.
MISSING = frozenset(
    [
        "",
        "-",
        "--",
        "---",
        "—",
        "——",
        "–",
        "−",
        ".",
        "..",
        "...",
        "/",
        "na",
        "n/a",
        "#n/a",
        "n.a.",
        "nan",
        "null",
        "none",
        "缺",
        "无",
        "不详",
        "未公布",
        "缺失",
    ]
)
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
#: Beginnings of lines that are notes, not data.
_NOTE = re.compile(
    r"(?i)\s*(#|//|注|说明|备注|附注|数据来源|资料来源|来源|数据库|单位|时间[:：]|指标[:：]|source|note|unit|database|downloaded)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
         "october", "november", "december")  # fmt: skip
_HAN = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
        "十一": 11, "十二": 12}  # fmt: skip
#: Marks of footnotes behind a value: circled digits and asterisks. Normalising would make ① a digit.
_MARKS = re.compile(r"[\u2460-\u2473\u24ea\u2776-\u277f†‡]+$|(?<=[0-9])\*+$")


class FormError(ValueError):
    """A cell is not in a form that has one reading; the message says which readings it has."""


class PeriodFault(Problem):
    """A cell is no period, or may be several."""


class NumberFault(Problem):
    """A cell is no number, or may be several."""


class Period(NamedTuple):
    """A year, quarter, month or day.

    Attributes
    ----------
    kind : str
        ``year``, ``quarter``, ``month`` or ``day``.
    year : int
    part : int
        Quarter 1-4, month 1-12; 0 for a year.
    day : int
        0 but for a day.
    to_date : bool
        Written as the span from January (``2012年1-3月``): a sum to date.
    """

    kind: str
    year: int
    part: int = 0
    day: int = 0
    to_date: bool = False

    def __str__(self) -> str:
        """Return it as ``2012``, ``2012Q1``, ``2012-03`` or ``2012-03-31``."""
        if self.kind == "year":
            return f"{self.year:04d}"
        if self.kind == "quarter":
            return f"{self.year:04d}Q{self.part}"
        text = f"{self.year:04d}-{self.part:02d}"
        return f"{text}-{self.day:02d}" if self.kind == "day" else text


class Number(NamedTuple):
    """A number as written: its value (NaN if missing), and the unit behind it (``%``, ``亿元`` or none)."""

    value: float
    unit: str = ""


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


# ------------------------------------------------------------------------------- cells


def number(cell: object) -> Number:
    """Read a number.

    Parameters
    ----------
    cell : object
        A number, or text with thousands, a percent sign, a unit, full-width digits, a typographic
        minus, or nothing.

    Raises
    ------
    FormError
        If it is none, or may be two numbers.

    Examples
    --------
    >>> number("1,234.5").value, number("−5").value, number("40%")
    (1234.5, -5.0, Number(value=40.0, unit='%'))
    """
    if isinstance(cell, bool | date):
        message = f"{shown(cell)} is not a number; allowed: {NUMBERS}"
        raise FormError(message)
    if cell is None:
        return Number(math.nan)
    if isinstance(cell, int | float):
        if not math.isfinite(cell) and not math.isnan(cell):
            message = f"{cell} is not a number; allowed: {NUMBERS}"
            raise FormError(message)
        return Number(float(cell))
    text = tidy(str(cell))
    if text.casefold() in MISSING:
        return Number(math.nan)
    found = _NUMBER.fullmatch(text)
    if not found:
        comma = re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text)
        slip = f": a decimal comma? write {text.replace(',', '.')}" if comma else ""
        message = f"{shown(str(cell))} is not a number{slip}; allowed: {NUMBERS}"
        raise FormError(message)
    value = float(found[1].replace(",", ""))
    if not math.isfinite(value):
        message = f"{shown(str(cell))} is not a number; allowed: {NUMBERS}"
        raise FormError(message)
    return Number(value, (found[2] or "").strip())


def tidy(text: str) -> str:
    """Text of a number with plain digits and signs, without marks of footnotes.

    >>> tidy("−1，234.5①"), tidy("(5.0)"), tidy("1 234")
    ('-1,234.5', '-5.0', '1,234')
    """
    text = re.sub(r"(?<=[0-9])[⁰¹²³⁴-⁹]", "^", _MARKS.sub("", text.strip()))  # a power, or a note?
    text = plain(text)
    text = re.sub(r"^[−–—‒](?=\s*[0-9.])", "-", text)
    text = re.sub(r"^\(([0-9].*)\)$", r"-\1", text)
    return re.sub(r"(?<=[0-9])[ '’](?=[0-9]{3}(?![0-9]))", ",", text)


_NUMBER = re.compile(
    r"([-+]?\s*(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:(?<=[0-9])\.[0-9]*|\.[0-9]+)?"
    r"(?<=[0-9.])(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?)"
    r"\s*(%|‰|[^\x00-\x7f][^0-9,]{0,11})?"
)


def period(cell: object) -> Period:
    """Read a period.

    Parameters
    ----------
    cell : object
        Text, a date, or a whole number such as 2012 or 201203.

    Raises
    ------
    FormError
        If it is none, or may be two.

    Examples
    --------
    >>> [str(period(x)) for x in ("2012年03月份", "1Q 2012", 201203, "2012年1-3月", "2012-03-31 00:00:00")]
    ['2012-03', '2012Q1', '2012-03', '2012-03', '2012-03-31']
    """
    if isinstance(cell, datetime | date):
        return Period("day", cell.year, cell.month, cell.day)
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = re.sub(r"\s+", " ", plain(str(cell))).strip()
    for pattern, kind in _PERIODS:
        found = pattern.fullmatch(text)
        if found:
            return _period(kind, found.groupdict(), str(cell).strip())
    for pattern, message in _REFUSED:
        if pattern.fullmatch(text):
            text = f"{shown(str(cell))} {message}"
            raise FormError(text)
    message = f"{shown(str(cell))} is not a date; allowed: {PERIODS}"
    raise FormError(message)


_Y, _M, _D = r"(?P<y>[12][0-9]{3})", r"(?P<m>[0-9]{1,2})", r"(?P<d>[0-9]{1,2})"
_NAME = r"(?P<n>(?:" + "|".join(_FULL) + "|" + "|".join(_MONTHS) + r"|sept)\.?)"
_HANZI = r"(?P<m>[0-9]{1,2}|十[一二]?|[一二三四五六七八九])"
_DASH = r"[-–—−~～至到]"
_PERIODS = tuple(
    (re.compile(text, re.IGNORECASE), kind)
    for text, kind in (
        (rf"{_Y}(?: ?年(?:度|全年)?)?", "year"),
        (rf"{_Y} \[YR[0-9]{{4}}\]|YR{_Y.replace('<y>', '<y2>')}", "year"),
        (rf"{_Y}[-/. ]?Q(?P<q>[1-4])", "quarter"),
        (rf"{_Y}[-/. ]?(?P<q>[1-4])Q", "quarter"),
        (rf"Q(?P<q>[1-4])[-/,. ]{{0,2}}{_Y}", "quarter"),
        (rf"(?P<q>[1-4])Q[-/. ]?{_Y}", "quarter"),
        (rf"{_Y} ?年 ?(?:第)?(?P<q>[1-4一二三四]) ?季度?", "quarter"),
        (rf"{_Y} ?年 ?Q(?P<q>[1-4])", "quarter"),
        (rf"{_Y} (?:第)?(?P<q>[1-4一二三四])季度", "quarter"),
        (rf"{_Y} ?[-/] ?{_M}", "month"),
        (rf"{_Y}\.(?P<m>[01][0-9])", "month"),
        (rf"{_Y}\.(?P<m>[2-9])", "month"),
        (rf"(?P<m>[0-9]{{1,2}})/{_Y}", "month"),
        (rf"{_Y}(?P<m>[01][0-9])", "month"),
        (rf"{_Y}[-. ]?M{_M}", "month"),
        (rf"{_Y} ?年 ?{_HANZI} ?月(?:份|末|底)?", "month"),
        (rf"{_Y} ?年 ?(?:0?1|一) ?月? ?{_DASH} ?{_HANZI} ?月(?:份)?(?:累计)?", "to date"),
        (rf"{_Y}[-/. ]?{_NAME}", "month"),
        (rf"{_NAME}[-/,. ]{{0,2}}{_Y}", "month"),
        (rf"{_NAME}[-' ]'?(?P<yy>[0-9]{{2}})", "month"),
        (rf"{_Y}[-/.]{_M}[-/.]{_D}(?:[T ]00?:00(?::00(?:\.0+)?)?(?:Z|[-+][0-9:]{{4,5}})?)?", "day"),
        (rf"{_Y}(?P<m>[01][0-9])(?P<d>[0-3][0-9])", "day"),
        (rf"{_Y} ?年 ?{_M} ?月 ?{_D} ?日", "day"),
        (
            rf"{_D} {_NAME},? {_Y}|{_NAME.replace('<n>', '<n2>')} {_D.replace('<d>', '<d2>')}, {_Y.replace('<y>', '<y2>')}",
            "day",
        ),
    )
)
_REFUSED = tuple(
    (re.compile(text, re.IGNORECASE), message)
    for text, message in (
        (r"[12][0-9]{3}\.1", "may be January or October; write 2012-01 or 2012-10"),
        (r"[12][0-9]{3} ?[-/–—] ?[12][0-9]{3}", "is a span of years; write the year that is meant"),
        (r"FY.*|.*财年.*", "is a fiscal year; write the calendar period that is meant"),
        (r"[12][0-9]{3}.*(?:H[12]|半年)", "is half a year; allowed: years, quarters or months"),
        (
            r"[12][0-9]{3}-?W[0-9]+.*|.*周",
            "is a week: weekly data are not read; sum or average them to months",
        ),
        (
            r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}",
            "may be day and month or month and day; write 2012-03-31",
        ),
        (
            r"[0-9]{1,2}-[A-Za-z]{3,9}",
            "may be a day of a month or a month of a year; write 2012-03",
        ),
        (
            r"'?[0-9]{2}[-/.年][0-9]{1,2}月?|'?[0-9]{2}年?",
            "has a year of two digits; write all four",
        ),
        (r"[34][0-9]{4}", "may be a day counted by a spreadsheet; format the column as dates"),
        (
            r".*[12][0-9]{3}.* [0-9]{1,2}:[0-9]{2}.*",
            "has a time of day: such data are not read; average them to months",
        ),
    )
)


def _period(kind: str, found: dict[str, str | None], cell: str) -> Period:
    year = int(found.get("y") or found.get("y2") or 0)
    if found.get("yy"):
        short = int(found["yy"] or 0)
        year = short + (2000 if short < 70 else 1900)
    if kind == "year":
        return Period("year", year)
    if kind == "quarter":
        quarter = found["q"] or ""
        return Period("quarter", year, _HAN.get(quarter) or int(quarter))
    name = (found.get("n") or found.get("n2") or "").casefold()[:3]
    month = found.get("m") or ""
    part = _MONTHS.index(name) + 1 if name else _HAN.get(month) or int(month)
    day = int(found.get("d") or found.get("d2") or 0) if kind == "day" else 0
    if not 1 <= part <= 12 or (day and day > calendar.monthrange(year, part)[1]):
        message = f"{shown(cell)} is not a date; allowed: {PERIODS}"
        raise FormError(message)
    if kind == "day":
        if not day:
            message = f"{shown(cell)} is not a date; allowed: {PERIODS}"
            raise FormError(message)
        return Period("day", year, part, day)
    return Period("month", year, part, to_date=kind == "to date")


def plain(text: str) -> str:
    """Return text with full-width and other compatible characters made plain, stripped."""
    return unicodedata.normalize("NFKC", text).replace("\u200b", "").strip().strip("'‘’").strip()


def ambiguous(periods: Sequence[Period]) -> str:
    """What else a column of periods may be; empty if nothing."""
    fiscal = [p.kind == "month" and p.part == (p.year + 1) % 100 for p in periods]
    if len(periods) > 1 and all(fiscal):
        first = periods[0]
        return (
            f"{first} may be a month or the fiscal year {first.year}/{first.year + 1}, as all dates of"
            " the column; write 2010 for the year, or a month as 2010年11月"
        )
    return ""


# ------------------------------------------------------------------------------- files


def text_of(path: Path, problems: list[Problem], limit: int = MAX_BYTES) -> str | None:
    """Text of a file in UTF-8 (with or without mark), UTF-16 or GB18030; line ends are line feeds.

    Returns None after a fault, which is appended to `problems`.
    """
    raw = _raw(path, problems, limit)
    return None if raw is None else _decoded(path, raw, problems)


def _raw(path: Path, problems: list[Problem], limit: int) -> bytes | None:
    try:
        if not path.is_file():
            what = "is not a regular file" if path.exists() else "no such file"
            problems.append(Problem(str(path), "", 0, what))
            return None
        with path.open("rb") as stream:
            raw = stream.read(limit + 1)
    except OSError as error:
        problems.append(Problem(str(path), "", 0, f"cannot be read: {error.strerror}"))
        return None
    if len(raw) > limit:
        problems.append(Problem(str(path), "", 0, f"is too big; allowed: at most {limit:,} bytes"))
        return None
    return raw


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
    message = "is not a text; allowed: UTF-8, UTF-16 or GB18030 (GBK)"
    problems.append(Problem(str(path), "", 1, message))
    return None


def cells_of(path: Path, problems: list[Problem]) -> list[tuple[int, list[Any]]] | None:
    """Rows of a file with their lines: CSV with any usual delimiter, or the sheet of a workbook."""
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        return _sheet(path, problems)
    text = text_of(path, problems)
    if text is None:
        return None
    rows: list[tuple[int, list[Any]]] = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        rows += [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        problems.append(Problem(str(path), "", len(rows) + 1, f"is not a table ({error})"))
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
    import openpyxl  # noqa: PLC0415

    def fault(message: str, line: int = 0) -> None:
        problems.append(Problem(str(path), "", line, message))

    if _raw(path, problems, MAX_BYTES) is None:
        return None
    try:
        book = openpyxl.load_workbook(path, data_only=True)
        formulas = openpyxl.load_workbook(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        fault(f"is not a workbook that can be read ({type(error).__name__})")
        return None
    sheets = [sheet for sheet in book.worksheets if sheet.max_row > 1 and sheet.max_column > 1]
    if len(sheets) != 1:
        fault(f"has {len(sheets)} sheets with data; allowed: one")
        return None
    sheet = sheets[0]
    hidden = [n for n, held in sheet.row_dimensions.items() if held.hidden and n <= sheet.max_row]
    if sheet.sheet_state != "visible" or hidden:
        fault("has hidden rows or is hidden; show or delete them", hidden[0] if hidden else 0)
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
                fault("is a formula without a value; open the workbook, save it", line)
                return None
            if isinstance(value, int | float) and "%" in str(cell.number_format):
                value = f"{100 * float(value):.12g}%"
            row.append(filled.get((line, column), "") if value is None else value)
        rows.append((line, row))
    return rows


# ------------------------------------------------------------------------------- tables


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
        reader.fault(1, "is empty; allowed: the columns date,value")
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
            found = period(when)
        except FormError as error:
            self.fault(line, str(error), PeriodFault)
            return None
        try:
            return found, number(what)
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
            if _NOTE.match(first) and (alone or not any(_is_period(cell) for cell in row)):
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
        chosen = self.choice(names, column, line, "row")
        if chosen is None:
            return None
        at, row = named[chosen]
        figures, units = [], set()
        for place in places:
            found = self.cell(at, head[place], row[place] if place < len(row) else "")
            if found is None:
                continue
            units |= {found[1].unit} if math.isfinite(found[1].value) else set()
            figures.append(Figure(found[0], found[1].value, at))
        return self.table(names[chosen], figures, units, at)

    def choice(self, names: list[str], column: str, line: int, what: str) -> int | None:
        """Which of several series is meant; None after a fault."""
        if column:
            found = [i for i, name in enumerate(names) if _head(name) == _head(column)]
            if len(found) == 1:
                return found[0]
            close = did_you_mean(column, names)
            self.fault(line, f"has no one {what} {column!r}{close}; allowed: {', '.join(names)}")
            return None
        if len(names) == 1:
            return 0
        listed = ", ".join(names)[:300] or "none"
        self.fault(line, f"has {len(names)} {what}s of values; choose one with --column: {listed}")
        return None

    def long(self, rows: list[tuple[int, list[Any]]], column: str) -> Table | None:
        """Return the series whose periods stand in a column."""
        line, head = rows[0]
        headed = not any(_is_period(cell) for cell in head if str(cell).strip())
        heads = [_head(cell) for cell in head] if headed else [""] * len(head)
        body = rows[1:] if headed else rows
        if "今值" in heads:
            message = "日期 is the day of publication here, not the period; give the periods"
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
        names = [str(head[i]).strip() if headed else f"column {i + 1}" for i in places]
        if not places:
            self.fault(line, "has no column of values; allowed: date,value")
            return None
        chosen = self.choice(names, column, line, "column")
        if chosen is None:
            return None
        return self.column(body, where, places[chosen], names[chosen] if headed else "", len(head))

    def date_column(
        self, heads: list[str], body: list[tuple[int, list[Any]]], line: int
    ) -> int | None:
        """Place of the periods: by name, else the only column of them."""
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
            listed = ", ".join(heads[i] or f"column {i + 1}" for i in named)
            self.fault(line, f"has {len(named)} columns of dates ({listed}); allowed: one")
        else:
            self.fault(line, "the first line must name the columns; allowed: date,value")
        return None

    def value_columns(
        self, heads: list[str], body: list[tuple[int, list[Any]]], where: int
    ) -> list[int]:
        """Places of columns with values; a running number of the lines is none."""
        named = [i for i, head in enumerate(heads) if head in VALUES and i != where]
        if named:
            return named
        found = []
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
                found.append(i)
        return found

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
                        f"{shown(str(row[_filled(row)[0]]))} is not a date; allowed: {PERIODS}",
                    )
                else:
                    self.fault(line, f"{len(row)} cells; a date and a value are needed")
                continue
            if len(row) > width and any(str(cell).strip() for cell in row[width:]):
                message = f"{len(row)} cells where the header has {width}; a decimal comma, or thousands without quotes?"
                self.fault(line, message)
                continue
            if not str(row[where]).strip() and not str(row[what]).strip():
                continue
            found = self.cell(line, row[where], row[what])
            if found is None:
                continue
            units |= {found[1].unit} if math.isfinite(found[1].value) else set()
            figures.append(Figure(found[0], found[1].value, line))
        short = [
            str(row[where])
            for _, row in body
            if re.search(r"[A-Za-z][-' ]'?[0-9]{2}$", str(row[where] if where < len(row) else ""))
        ]
        if short:
            notes.append(
                f"years of two digits are taken for four ({short[0]} is {period(short[0])})"
            )
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
                    f"{doubtful[0]!r} may be a thousand or a decimal comma; write it without a comma",
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
            self.fault(line, f"values have several units ({listed}); allowed: one, or none")
            return None
        unit = next(iter(units), "")
        if not unit and (found := re.search(r"[(（\[]\s*([^()（）\[\]]{1,12})[)）\]]\s*$", name)):
            unit = found[1].strip()
        return Table(name, tuple(figures), unit, notes)
