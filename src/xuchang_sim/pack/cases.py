"""Cases: plans of other places and years as rows of a table, each row with its day of publication.

A case is a base year, a plan and, later, an outcome. A row counts only if it was published by the
case's information date; a case with a row that came later is refused, and the others go on.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from xuchang_sim.pack.casetables import GROWTH, Line, all_lines, quantity_word, word
from xuchang_sim.pack.cells import LARGEST
from xuchang_sim.pack.doubts import slip_of
from xuchang_sim.text import phrase
from xuchang_sim.units import UnitError, convert
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean, vanishes

__all__ = [
    "QUANTITIES",
    "Case",
    "CaseRow",
    "Quantity",
    "Refusal",
    "find_case",
    "read_cases",
    "read_outcomes",
]

Kind = Literal["base", "target", "outcome"]
Bound = Literal["", "at_least", "at_most"]
NEEDED = ("case", "year", "information_date", "quantity", "kind", "value", "unit", "published")


class Quantity(NamedTuple):
    """Model measure of a column of published figures.

    ``measure`` is the total of the base year whose growth it shares, ``unit`` the unit of levels,
    ``reason`` why it has none.
    """

    measure: str
    unit: str
    reason: str = ""


_SERVICES = "services and construction, which the model does not have, are part of it"
_BUDGET = "revenue of a budget, which the model does not have"
_COUNT = "a count whose base and threshold the row does not give"

#: Model measures of the published quantities; a growth rate has ``_growth`` after its name.
QUANTITIES: Mapping[str, Quantity] = {
    "revenue": Quantity("revenue", "亿元"),
    "main_business_revenue": Quantity("revenue", "亿元"),
    "operating_revenue": Quantity("revenue", "亿元"),
    "sales": Quantity("revenue", "亿元"),
    "output": Quantity("revenue", "亿元"),
    "industrial_output": Quantity("revenue", "亿元"),
    "iva": Quantity("revenue", "亿元"),  # a constant share of revenue
    "industrial_value_added": Quantity("revenue", "亿元"),
    "value_added": Quantity("revenue", "亿元"),
    "fai": Quantity("fai", "亿元"),
    "fixed_asset_investment": Quantity("fai", "亿元"),
    "profit_tax": Quantity("profit_tax", "亿元"),
    "profit": Quantity("profit_tax", "亿元"),
    "tax": Quantity("profit_tax", "亿元"),
    "workers": Quantity("workers", "人"),
    "employment": Quantity("workers", "人"),
    "gdp": Quantity("", "亿元", _SERVICES),
    "fiscal": Quantity("", "亿元", _BUDGET),
}

#: Further quantities that plans and reports state, of which the model has nothing: a slip of any of
#: them, or of those above, is refused; what is like none of them is somebody's own.
OTHERS = ("firms", "projects", "projects_1e7", "projects_1e8", "projects_started",
          "agreed_investment", "fdi", "exports", "imports", "retail_sales", "floor_space")  # fmt: skip
#: What a name may say besides: growth, a part of the year, another year, derived by arithmetic.
_PARTS = ("growth", "implied", "q1", "q2", "q3", "q4", *(f"{n}m" for n in range(1, 13)))
_PART = re.compile(rf"_(?:{'|'.join(_PARTS)}|(?:19|20)\d\d)")


def quantity(name: str) -> Quantity:
    """Model measure of a published quantity; a growth rate has the measure of its level."""
    stem = name.removesuffix(GROWTH)
    return QUANTITIES.get(stem, Quantity("", "", _COUNT))


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One published figure of a case.

    Parameters
    ----------
    value : float
        In 亿元, persons, or as a fraction for growth; other quantities in their own unit.
    unit : str
        Unit of `value`.
    bound : str
        ``at_least`` or ``at_most`` if the figure was published as "over" or "nearly", else empty.
    """

    case: str
    quantity: str
    kind: Kind
    value: float
    unit: str
    published: date
    source: str
    note: str
    bound: Bound
    file: str
    line: int

    @property
    def is_growth(self) -> bool:
        """Whether it is growth over the year before, a fraction."""
        return self.quantity.endswith(GROWTH)


@dataclass(frozen=True, slots=True)
class Case:
    """A plan with the base it starts from, as known on its information date.

    Parameters
    ----------
    year : int
        Year of the plan; the base year is the one before.
    base, target : mapping of str to CaseRow
        Rows by quantity.
    left_out : tuple of str
        Rows that could not be used, with line and reason.
    """

    id: str
    place: str
    level: str
    year: int
    information_date: date
    base: Mapping[str, CaseRow]
    target: Mapping[str, CaseRow]
    file: str
    line: int
    left_out: tuple[str, ...] = ()

    def base_of(self, measure: str) -> CaseRow | None:
        """First base level that is this total of the model, in the order of `QUANTITIES`."""
        names = [name for name, q in QUANTITIES.items() if q.measure == measure]
        return next((self.base[name] for name in names if name in self.base), None)

    def last_growth(self, name: str) -> float | None:
        """Growth of the base year over the year before it, a fraction, if a base row tells it.

        Either a row ``<quantity>_growth`` or a signed percentage in the note of the level
        ("2012, +20 %").
        """
        stem = name.removesuffix(GROWTH)
        if row := self.base.get(stem + GROWTH):
            return row.value
        row = self.base.get(stem)
        result = _SIGNED.search(row.note) if row else None
        return float(result[1].replace("\u2212", "-")) / 100.0 if result else None


class Refusal(NamedTuple):
    """A case that cannot be run: which, where and why, on one line."""

    case: str
    problem: Problem

    def __str__(self) -> str:
        """Return place, case and reason."""
        return str(self.problem)


_SIGNED = re.compile(r"(?<![\d.])([+\-\u2212]\d+(?:\.\d+)?) ?[%％]")
_AT_LEAST = re.compile(
    r"(?:^|[;,，；\"“] ?)(?:over|more than|at least|above)(?= |$|\"|”)|超过|以上|逾"
)
_AT_MOST = re.compile(
    r"(?:^|[;,，；\"“] ?)(?:nearly|almost|less than|close to)(?= |$|\"|”)|不足|接近|近\d"
)


_ABOUT = re.compile(
    r"^(?:about|around|approx\.?|some|约|大约|左右)\s*|^[~≈]\s*|左右$", re.IGNORECASE
)
_OVER = re.compile(
    r"^(?:over|more than|at least|above|超过|超|逾|不低于)\s*|以上$|\+$", re.IGNORECASE
)
_UNDER = re.compile(
    r"^(?:nearly|almost|less than|close to|under|不足|接近|近|不超过)\s*|以下$", re.IGNORECASE
)
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")


def _bound(value: str, note: str) -> tuple[Bound, str]:
    """Read whether a figure is a bound, and the number itself."""
    text = unicodedata.normalize("NFKC", value).strip()
    if text[:1] in {">", "≥"}:
        return "at_least", text.lstrip(">≥= ")
    if text[:1] in {"<", "≤"}:
        return "at_most", text.lstrip("<≤= ")
    if _OVER.search(text):
        return "at_least", _OVER.sub("", text).strip()
    if _UNDER.search(text):
        return "at_most", _UNDER.sub("", text).strip()
    text = _ABOUT.sub("", text).strip()
    if _AT_LEAST.search(note):
        return "at_least", text
    return ("at_most" if _AT_MOST.search(note) else ""), text


def read_cases(path: Path) -> tuple[list[Case], list[Refusal]]:
    """Read cases from a table, or from all tables of a folder.

    Parameters
    ----------
    path : Path
        ``*.csv`` with at least the columns :data:`NEEDED`; further columns ``place``, ``level``,
        ``source``, ``note`` are read, others are left alone. Words may be those of :data:`WORDS`.

    Returns
    -------
    list of Case
        Cases whose rows were all published by their information date, in order of appearance.
    list of Refusal
        One for each other case that has any row, the first thing that stands against it, and one
        for each table of a folder that is none of cases.

    Raises
    ------
    InputError
        If no table can be read, or none has the columns.
    """
    lines, problems = all_lines(path, NEEDED)
    refused = [Refusal(Path(problem.file).name, problem) for problem in problems]
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.cells["case"], []).append(line)
    cases = []
    for name, rows in groups.items():
        try:
            cases.append(_case(name, rows))
        except _RefusedError as error:
            refused.append(Refusal(name, error.problem))
    return cases, refused


def find_case(path: Path, name: str | None) -> Case:
    """Return one case of a table.

    Parameters
    ----------
    path : Path
        Table or folder of tables.
    name : str or None
        Its id; None if there is only one.

    Raises
    ------
    InputError
        If it is not there, or is refused: with the reason.
    """
    cases, refused = read_cases(path)
    for refusal in refused:
        if refusal.case == name or (name is None and not cases and len(refused) == 1):
            raise InputError([refusal.problem])
    result = [case for case in cases if name in {None, case.id}]
    if len(result) != 1:
        names = [case.id for case in cases]
        said = (
            phrase("case.none", name=name, hint=did_you_mean(name, names)) if name else "--case-id"
        )
        text = phrase("case.names", said=said, names=", ".join(names) or phrase("case.all_refused"))
        raise InputError([Problem(str(path), "", 0, text)])
    return result[0]


class _RefusedError(ValueError):
    """A case cannot be run."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _case(name: str, lines: list[Line]) -> Case:
    """Read one case. A row that cannot be read is left out, and said; one that came too late refuses it.

    Raises
    ------
    _RefusedError
        At the first row that is too late, or if something is missing.
    """
    first = lines[0]
    if not name:
        raise _RefusedError(first.problem(phrase("case.no_name")))
    # Nothing of an outcome is looked at: not even whether it can be read.
    lines = [line for line in lines if word("kind", line.cells["kind"]) != "outcome"]
    if not lines:
        raise _RefusedError(first.problem(phrase("case.outcomes_only")))
    first = lines[0]
    known = _information_date(lines)
    year = _plan_year(lines, known)
    held: dict[str, dict[str, CaseRow]] = {"base": {}, "target": {}}
    left_out: list[Problem] = []
    for line in lines:
        try:
            _of_year(line, year)
            row = _row(line)
        except _RefusedError as error:
            left_out.append(error.problem)
            continue
        if row.published > known:
            message = phrase(
                "case.published",
                kind=row.kind,
                quantity=row.quantity,
                published=row.published,
                known=known,
            )
            raise _RefusedError(line.problem(message))
        before = held[row.kind].get(row.quantity)
        if before is None or row.published > before.published:
            held[row.kind][row.quantity] = row
        if before is not None and before.value != row.value:
            counts = held[row.kind][row.quantity].line
            said = phrase(
                "case.two_values",
                kind=row.kind,
                quantity=row.quantity,
                value=row.value,
                other=before.value,
                line=before.line,
                counts=counts,
            )
            left_out.append(line.problem(said))
    case = Case(
        name,
        first.cells.get("place", "") or name,
        first.cells.get("level", ""),
        year,
        known,
        held["base"],
        held["target"],
        first.file,
        first.number,
        tuple(f"line {problem.line}: {problem.message}" for problem in left_out),
    )
    if message := _lacking(case):
        # If the missing row is one that could not be read, that is the reason.
        raise _RefusedError(left_out[0] if left_out else first.problem(message))
    return case


def _information_date(lines: list[Line]) -> date:
    """Information date of a case: that of its rows, which have to agree; empty cells say nothing."""
    result = [line for line in lines if line.cells["information_date"]]
    if not result:
        raise _RefusedError(lines[0].problem(phrase("case.no_date")))
    first = _day(result[0], "information_date", _first_day)
    for line in result:
        if _day(line, "information_date", _first_day) != first:
            cells = line.cells["information_date"], result[0].cells["information_date"]
            said = phrase(
                "case.information_date", cells=cells[0], cells2=cells[1], number=result[0].number
            )
            raise _RefusedError(line.problem(phrase("case.one", said=said)))
    return first


def _year(line: Line) -> int | None:
    """Year of a row; None if it is none."""
    text = unicodedata.normalize("NFKC", line.cells["year"])
    match = re.fullmatch(r"((?:19|20)\d\d)(?:\.0*|年)?", text)
    return int(match[1]) if match else None


def _is_target(line: Line) -> bool:
    return word("kind", line.cells["kind"]) == "target"


def _plan_year(lines: list[Line], known: date) -> int:
    """Year of the plan: the first of its targets' years that was not over; else that of its base rows."""
    result = sorted({y for line in lines if _is_target(line) and (y := _year(line)) is not None})
    if result:
        return next((year for year in result if year >= known.year), result[-1])
    others = [year for line in lines if (year := _year(line)) is not None]
    if not others:
        said = phrase("case.year", year=lines[0].cells["year"])
        raise _RefusedError(lines[0].problem(said))
    return max(others)


def _of_year(line: Line, plan: int) -> None:
    """Hold that a row belongs to the plan's year or, for the base, to the year before.

    Raises
    ------
    _RefusedError
        If it does not.
    """
    year = _year(line)
    if year is None:
        raise _RefusedError(line.problem(phrase("case.year", year=line.cells["year"])))
    if _is_target(line) and year != plan:
        said = phrase("case.other_target", year=year, plan=plan)
        raise _RefusedError(line.problem(said))
    if year not in {plan, plan - 1}:
        raise _RefusedError(
            line.problem(phrase("case.other_base", year=year, plan=plan, plan2=plan - 1))
        )


def _lacking(case: Case) -> str:
    """Say what a case lacks to be run; nothing if it can be.

    Without a base level of revenue its growth is forecast if the plan asks for growth, or if the
    investment of the base year tells the size.
    """
    if not case.target and not case.base:
        return phrase("case.no_rows")
    asked = any(
        row.is_growth and quantity(name).measure
        for rows in (case.base, case.target)
        for name, row in rows.items()
    )
    if not (case.base_of("revenue") or case.base_of("fai") or asked):
        return phrase("case.no_base")
    if case.information_date.year > case.year or (
        case.information_date.year == case.year and case.information_date.month == 12
    ):
        return phrase("case.too_late", information_date=case.information_date, year=case.year)
    if case.information_date.year < case.year - 1:
        return phrase(
            "case.several_years", information_date=case.information_date, year=case.year - 1
        )
    return ""


def _first_day(year: int, month: int) -> date:
    return date(year, month, 1)


def _last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


_DAY = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?)(?:[T ]\d\d:\d\d(?::\d\d)?)?"
)


def _day(line: Line, key: str, month_end: Callable[[int, int], date]) -> date:
    """Read a day; a month alone is its first or last day, whichever promises less."""
    text = unicodedata.normalize("NFKC", line.cells[key])
    try:
        if re.fullmatch(r"\d{8}", text):
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        if match := _DAY.fullmatch(text):
            year, month = int(match[1]), int(match[2])
            return date(year, month, int(match[3])) if match[3] else month_end(year, month)
    except ValueError:
        pass
    raise _RefusedError(line.problem(phrase("case.day", name=key, text=text)))


def _row(line: Line) -> CaseRow:
    """Read one figure, in the model's unit."""
    cells = line.cells
    kind, name = word("kind", cells["kind"]), quantity_word(cells["quantity"])
    if line.fault:
        raise _RefusedError(line.problem(line.fault))
    if kind not in get_args(Kind):
        said = phrase("case.kind", kind=cells["kind"], get_args=", ".join(get_args(Kind)))
        raise _RefusedError(line.problem(said))
    if not name:
        raise _RefusedError(line.problem(phrase("case.no_quantity")))
    if meant := _slip(name):
        raise _RefusedError(line.problem(phrase("case.slip", name=name, meant=meant)))
    bound, text = _bound(cells["value"], cells.get("note", ""))
    match = _NUMBER.fullmatch(re.sub(r"(?<=\d)[, ](?=\d{3})", "", text))
    number = float(match[1]) if match else math.nan
    written = word("unit", match[2]) if match else ""
    if match is None or not abs(number) <= LARGEST or vanishes(match[1], number):
        raise _RefusedError(line.problem(phrase("case.not_a_number", value=cells["value"])))
    growth = name.endswith(GROWTH)
    unit = "比例" if growth else quantity(name).unit
    given = word("unit", cells["unit"]) or written
    try:
        if written and written != given:
            convert(1.0, written, given)  # of one kind; what stands beside the number is meant
            given = written
        value = convert(number, given, unit) if unit else number
    except UnitError as error:
        raise _RefusedError(line.problem(phrase("case.unit", name=name, error=error))) from None
    if kind == "base" and unit and not growth and value <= 0.0:
        raise _RefusedError(line.problem(phrase("case.above_zero", name=name, number=number)))
    if growth and value <= -1.0:
        raise _RefusedError(line.problem(phrase("case.fall", name=name, number=number)))
    return CaseRow(
        cells["case"],
        name,
        kind,  # type: ignore[arg-type]
        value,
        unit or cells["unit"],
        _day(line, "published", _last_day),
        cells.get("source", ""),
        cells.get("note", ""),
        bound if kind == "outcome" else "",
        line.file,
        line.number,
    )


@lru_cache(maxsize=1024)
def _slip(name: str) -> str:
    """Known quantity of which a name is most likely a slip; empty if it is known or like none."""
    stems = (*QUANTITIES, *OTHERS)
    whole = _PART.sub("", name)
    stem = whole.rstrip("0123456789")  # numbered ones are somebody's own
    if whole in stems or stem in {known.rstrip("0123456789") for known in stems}:
        return ""
    return slip_of(stem, stems) or slip_of(
        name, [*stems, *(f"{stem}_{part}" for stem in stems for part in _PARTS)]
    )


def read_outcomes(path: Path) -> tuple[list[CaseRow], list[Problem]]:
    """Read the rows of kind ``outcome`` from a table, or from all tables of a folder.

    Returns
    -------
    list of CaseRow
        In order; bounds are marked.
    list of Problem
        Rows that cannot be read.

    Raises
    ------
    InputError
        If a file cannot be read at all, or has not the columns.
    """
    rows = []
    lines, problems = all_lines(path, ("case", "quantity", "value", "unit"))
    for line in lines:
        cells = {"note": "", **line.cells}
        cells["kind"] = cells.get("kind") or "outcome"
        cells["published"] = cells.get("published") or "1900-01-01"
        if word("kind", cells["kind"]) != "outcome":
            continue
        try:
            rows.append(_row(line._replace(cells=cells)))
        except _RefusedError as error:
            problems.append(error.problem)
    return rows, problems
