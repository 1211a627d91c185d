"""Cells as people type them: periods, numbers, marks of missing values, in Chinese or English."""

from __future__ import annotations

import calendar
import math
import re
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Problem, shown, vanishes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "NOTE",
    "PERIODS",
    "FormError",
    "Number",
    "NumberFault",
    "Period",
    "PeriodFault",
    "ambiguous",
    "number",
    "period",
    "plain",
]

PERIODS = "2012, 2012Q1, 2012年1季度, 2012-03, 2012年3月, 201203, 2012M03, Mar 2012, 2012-03-31"
#: Marks of a value that was not published.
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
#: Beginnings of lines that are notes, not data.
NOTE = re.compile(
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


#: No statistic is larger, and squares of larger numbers have no sum.
LARGEST: Final = 1e100
#: Characters of a line of a table: more are damage, and the reader of cells stops at them.
LONGEST: Final = 131_072


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
        message = phrase("table.not_a_number", cell=shown(cell), numbers=phrase("table.numbers"))
        raise FormError(message)
    if cell is None:
        return Number(math.nan)
    if isinstance(cell, int | float):
        if abs(cell) > LARGEST:
            raise FormError(phrase("table.large", cell=shown(str(cell)), most=LARGEST))
        return Number(float(cell))
    text = tidy(str(cell))
    if text.casefold() in MISSING:
        return Number(math.nan)
    match = _NUMBER.fullmatch(text)
    if not match:
        comma = re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text)
        slip = phrase("table.comma", replace=text.replace(",", ".")) if comma else ""
        message = phrase(
            "table.not_a_number_slip",
            cell=shown(str(cell)),
            slip=slip,
            numbers=phrase("table.numbers"),
        )
        raise FormError(message)
    value = float(match[1].replace(",", ""))
    if not math.isfinite(value) or vanishes(match[1], value):
        message = phrase(
            "table.not_a_number", cell=shown(str(cell)), numbers=phrase("table.numbers")
        )
        raise FormError(message)
    if abs(value) > LARGEST:
        raise FormError(phrase("table.large", cell=shown(str(cell)), most=LARGEST))
    return Number(value, (match[2] or "").strip())


def too_long(text: str) -> int:
    """Line of a table that is longer than a cell may be; 0 if there is none."""
    lines = enumerate(text.split("\n"), 1)
    return next((number for number, line in lines if len(line) > LONGEST), 0)


def tidy(text: str) -> str:
    """Text of a number with plain digits and signs, without marks of footnotes.

    >>> tidy("−1，234.5①"), tidy("(5.0)"), tidy("1 234")
    ('-1,234.5', '-5.0', '1,234')
    """
    if _DIGITS.fullmatch(text):  # as nearly every number is written
        return text
    text = re.sub(r"(?<=[0-9])[⁰¹²³⁴-⁹]", "^", _MARKS.sub("", text.strip()))  # a power, or a note?
    text = plain(text)
    text = re.sub(r"^[−–—‒](?=\s*[0-9.])", "-", text)
    text = re.sub(r"^\(([0-9].*)\)$", r"-\1", text)
    return re.sub(r"(?<=[0-9])[ '’](?=[0-9]{3}(?![0-9]))", ",", text)


_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
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
        match = pattern.fullmatch(text)
        if match:
            return _period(kind, match.groupdict(), str(cell).strip())
    for pattern, why in _REFUSED:
        if pattern.fullmatch(text):
            raise FormError(phrase(f"table.{why}", cell=shown(str(cell)), year=text[:4]))
    message = phrase("table.not_a_date", cell=shown(str(cell)), periods=PERIODS)
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
    (re.compile(text, re.IGNORECASE), why)
    for text, why in (
        (r"[12][0-9]{3}\.1", "january"),
        (r"[12][0-9]{3} ?[-/–—] ?[12][0-9]{3}", "span"),
        (r"FY.*|.*财年.*", "fiscal"),
        (r"[12][0-9]{3}.*(?:H[12]|半年)", "half"),
        (
            r"[12][0-9]{3}-?W[0-9]+.*|.*周",
            "week",
        ),
        (
            r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}",
            "day_or_month",
        ),
        (
            r"[0-9]{1,2}-[A-Za-z]{3,9}",
            "day_or_year",
        ),
        (
            r"'?[0-9]{2}[-/.年][0-9]{1,2}月?|'?[0-9]{2}年?",
            "two_digits",
        ),
        (r"[34][0-9]{4}", "serial"),
        (
            r".*[12][0-9]{3}.* [0-9]{1,2}:[0-9]{2}.*",
            "time_of_day",
        ),
    )
)


def _period(kind: str, texts: dict[str, str | None], cell: str) -> Period:
    year = int(texts.get("y") or texts.get("y2") or 0)
    if texts.get("yy"):
        short = int(texts["yy"] or 0)
        year = short + (2000 if short < 70 else 1900)
    if kind == "year":
        return Period("year", year)
    if kind == "quarter":
        quarter = texts["q"] or ""
        return Period("quarter", year, _HAN.get(quarter) or int(quarter))
    name = (texts.get("n") or texts.get("n2") or "").casefold()[:3]
    month = texts.get("m") or ""
    part = _MONTHS.index(name) + 1 if name else _HAN.get(month) or int(month)
    day = int(texts.get("d") or texts.get("d2") or 0) if kind == "day" else 0
    if not 1 <= part <= 12 or (day and day > calendar.monthrange(year, part)[1]):
        message = phrase("table.not_a_date", cell=shown(cell), periods=PERIODS)
        raise FormError(message)
    if kind == "day":
        if not day:
            message = phrase("table.not_a_date", cell=shown(cell), periods=PERIODS)
            raise FormError(message)
        return Period("day", year, part, day)
    return Period("month", year, part, to_date=kind == "to date")


def plain(text: str) -> str:
    """Return text with full-width and other compatible characters made plain, stripped."""
    return unicodedata.normalize("NFKC", text).replace("\u200b", "").strip().strip("'‘’").strip()


def ambiguous(periods: Sequence[Period]) -> str:
    """Second reading of a column of periods; empty if there is none."""
    fiscal = [p.kind == "month" and p.part == (p.year + 1) % 100 for p in periods]
    if len(periods) > 1 and all(fiscal):
        first = periods[0]
        return phrase("table.month_or_year", first=first, year=first.year, year2=first.year + 1)
    return ""
