"""Cases: plans of other places and years as rows of a table, each row with its day of publication.

A case is a base year, a plan and, later, an outcome. A row counts only if it was published by the
case's information date; a case with a row that came later is refused, and the others go on.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from xuchang_sim.units import UnitError, convert
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean, read_text

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
MAX_BYTES = 32 << 20
GROWTH = "_growth"


class Quantity(NamedTuple):
    """What a column of published figures is in the model.

    ``measure`` is the total of the base year whose growth it shares, ``unit`` the unit of levels,
    ``reason`` why it has none.
    """

    measure: str
    unit: str
    reason: str = ""


_SERVICES = "services and construction, which the model does not have, are part of it"
_BUDGET = "revenue of a budget, which the model does not have"
_COUNT = "a count whose base and threshold the row does not give"

#: What the published quantities are in the model; a growth rate has ``_growth`` after its name.
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


def quantity(name: str) -> Quantity:
    """What a published quantity is in the model; growth rates are what their level is."""
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
        found = _SIGNED.search(row.note) if row else None
        return float(found[1].replace("\u2212", "-")) / 100.0 if found else None


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


def _bound(value: str, note: str) -> tuple[Bound, str]:
    """Read whether a figure is a bound, and the number itself."""
    text = value.strip()
    if text[:1] in {">", "≥"}:
        return "at_least", text.lstrip(">≥= ")
    if text[:1] in {"<", "≤"}:
        return "at_most", text.lstrip("<≤= ")
    if _AT_LEAST.search(note):
        return "at_least", text
    return ("at_most" if _AT_MOST.search(note) else ""), text


class _Line(NamedTuple):
    """A line of a table by column name."""

    cells: Mapping[str, str]
    file: str
    number: int

    def problem(self, message: str) -> Problem:
        """Return a fault of this line, under the name of its case, on one line."""
        return Problem(self.file, " ".join(self.cells["case"].split()), self.number, message)


def _lines(path: Path, needed: Iterable[str]) -> list[_Line]:
    """Lines of one table.

    Raises
    ------
    InputError
        If the file cannot be read, or a column is missing.
    """
    problems: list[Problem] = []
    text = read_text(path, problems, MAX_BYTES)
    if text is None:
        raise InputError(problems)
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    found = []
    try:
        header = [name.strip() for name in next(rows, [])]
        if lacking := [name for name in needed if name not in header]:
            message = f"has no column {', '.join(lacking)}; allowed: all of {', '.join(needed)}"
            raise InputError([Problem(str(path), "", 1, message)])
        for row in rows:
            if any(cell.strip() for cell in row):
                cells = dict(zip(header, [cell.strip() for cell in row], strict=False))
                cells |= {name: "" for name in header if name not in cells}
                found.append(_Line(cells, str(path), rows.line_num))
    except csv.Error as error:
        raise InputError([Problem(str(path), "", rows.line_num, f"is not CSV ({error})")]) from None
    return found


def _tables(path: Path) -> list[Path]:
    """Tables that a path stands for.

    Raises
    ------
    InputError
        If there is no such file, or no table in the folder.
    """
    if path.is_dir():
        if found := sorted(path.glob("*.csv")):
            return found
        message = (
            "holds neither tables of cases nor packs; allowed: *.csv, or folders with pack.yaml"
        )
        raise InputError([Problem(str(path), "", 0, message)])
    return [path]


def read_cases(path: Path) -> tuple[list[Case], list[Refusal]]:
    """Read cases from a table, or from all tables of a folder.

    Parameters
    ----------
    path : Path
        ``*.csv`` with at least the columns :data:`NEEDED`; further columns ``place``, ``level``,
        ``source``, ``note`` are read, others are left alone.

    Returns
    -------
    list of Case
        Cases whose rows were all published by their information date, in order of appearance.
    list of Refusal
        One for each other case that has any row; the first thing that stands against it.

    Raises
    ------
    InputError
        If a file cannot be read at all, or has not the columns.
    """
    groups: dict[str, list[_Line]] = {}
    for table in _tables(path):
        for line in _lines(table, NEEDED):
            groups.setdefault(line.cells["case"], []).append(line)
    cases, refused = [], []
    for name, lines in groups.items():
        try:
            cases.append(_case(name, lines))
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
    found = [case for case in cases if name in {None, case.id}]
    if len(found) != 1:
        names = [case.id for case in cases]
        said = f"--case-id {name}: no such case{did_you_mean(name, names)}" if name else "--case-id"
        text = f"{said}; allowed: {', '.join(names) or 'none: all are refused'}"
        raise InputError([Problem(str(path), "", 0, text)])
    return found[0]


class _RefusedError(ValueError):
    """A case cannot be run."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _case(name: str, lines: list[_Line]) -> Case:
    """Read one case.

    Raises
    ------
    _RefusedError
        At the first row that is wrong or too late, or if something is missing.
    """
    first = lines[0]
    if not name:
        raise _RefusedError(
            first.problem("has no name of its case; allowed: a name in the column case")
        )
    days = {line.cells["information_date"] for line in lines}
    if days == {""}:
        raise _RefusedError(first.problem("no information date, so nothing says what was known"))
    for key in ("information_date", "year"):
        other = next((x for x in lines if x.cells[key] != first.cells[key]), None)
        if other:
            said = f"{key} {other.cells[key]!r}, but {first.cells[key]!r} on line {first.number}"
            raise _RefusedError(other.problem(f"{said}; allowed: one for the whole case"))
    known = _day(first, "information_date")
    if not re.fullmatch(r"(19|20)\d\d", first.cells["year"]):
        raise _RefusedError(first.problem(f"year {first.cells['year']!r}; allowed: a year, YYYY"))
    year = int(first.cells["year"])
    held: dict[str, dict[str, CaseRow]] = {"base": {}, "target": {}}
    for line in lines:
        if line.cells["kind"] == "outcome":
            continue  # nothing of an outcome is looked at: not even whether it can be read
        row = _row(line)
        if row.published > known:
            message = f"{row.kind} {row.quantity} was published on {row.published}, after the"
            raise _RefusedError(line.problem(f"{message} information date {known}"))
        if row.quantity in held[row.kind]:
            raise _RefusedError(line.problem(f"{row.kind} {row.quantity} is given twice"))
        held[row.kind][row.quantity] = row
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
    )
    if message := _lacking(case):
        raise _RefusedError(first.problem(message))
    return case


def _lacking(case: Case) -> str:
    """Say what a case lacks to be run; nothing if it can be."""
    if not case.target and not case.base:
        return "no base and no target rows: outcomes only"
    if not any(case.base_of(name) for name in ("revenue",)):
        return "no base level of revenue, output or industrial value added"
    if case.information_date.year > case.year or (
        case.information_date.year == case.year and case.information_date.month == 12
    ):
        return f"information date {case.information_date} leaves nothing of {case.year} to forecast"
    if case.information_date.year < case.year - 1:
        return f"information date {case.information_date} is before the base year {case.year - 1}"
    return ""


def _day(line: _Line, key: str) -> date:
    text = line.cells[key]
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _RefusedError(line.problem(f"{key} {text!r} is not a day; allowed: YYYY-MM-DD"))


def _row(line: _Line) -> CaseRow:
    """Read one figure, in the model's unit."""
    cells = line.cells
    kind, name = cells["kind"], cells["quantity"]
    if kind not in get_args(Kind):
        raise _RefusedError(line.problem(f"kind {kind!r}; allowed: {', '.join(get_args(Kind))}"))
    if not name:
        raise _RefusedError(line.problem("has no quantity"))
    bound, text = _bound(cells["value"], cells.get("note", ""))
    plain = text.replace(",", "")
    try:
        number = float(plain) if re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?", plain) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _RefusedError(line.problem(f"value {cells['value']!r} is not a number"))
    growth = name.endswith(GROWTH)
    unit = "比例" if growth else quantity(name).unit
    try:
        value = convert(number, cells["unit"], unit) if unit else number
    except UnitError as error:
        raise _RefusedError(line.problem(f"unit of {name}: {error}")) from None
    if kind == "base" and unit and not growth and value <= 0.0:
        raise _RefusedError(line.problem(f"base {name} is {number:g}; allowed: above zero"))
    return CaseRow(
        cells["case"],
        name,
        kind,  # type: ignore[arg-type]
        value,
        unit or cells["unit"],
        _day(line, "published"),
        cells.get("source", ""),
        cells.get("note", ""),
        bound if kind == "outcome" else "",
        line.file,
        line.number,
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
    rows, problems = [], []
    for table in _tables(path):
        for line in _lines(table, ("case", "quantity", "value", "unit")):
            cells = {"kind": "outcome", "published": "1900-01-01"} | {
                key: cell for key, cell in line.cells.items() if cell
            }
            if cells["kind"] != "outcome":
                continue
            try:
                rows.append(_row(_Line({"note": "", **cells}, line.file, line.number)))
            except _RefusedError as error:
                problems.append(error.problem)
    return rows, problems
