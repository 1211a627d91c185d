"""Entries of a workbook's tables: cells as tolerantly as people type, values as strictly as a pack's."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from xuchang_sim.definitions.amounts import exact
from xuchang_sim.pack.cells import FormError, period, tidy
from xuchang_sim.pack.history import COLUMNS, MORE
from xuchang_sim.pack.workbook.file import MAX_FAULTS, Cell
from xuchang_sim.pack.workbook.labels import help_of
from xuchang_sim.pack.workbook.sheets import FIRST, HISTORY, HISTORY_COLUMNS, Column, Sheet
from xuchang_sim.text import phrase
from xuchang_sim.units import UnitError, convert, parse
from xuchang_sim.yamlfile import Problem, did_you_mean, shown, vanishes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Entry", "EntryReader", "top_row"]


def _inside(name: str) -> bool:
    """Whether a name is a path below the pack's folder; else its schema complains."""
    return bool(re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", name))


@dataclass
class Entry:
    """One row of a sheet: its values by key, each with its cell, and the cell it begins at."""

    place: str
    values: dict[str, tuple[Any, str]]


class EntryReader:
    """Turns cells into values, tolerant of how people type, and tells what it cannot."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems

    def fault(self, where: str, message: str) -> None:
        """Record a fault."""
        if len(self.problems) < MAX_FAULTS:
            self.problems.append(Problem(self.file, where, 0, message))

    # -- sheets

    def table(self, sheet: Sheet, cells: list[Cell]) -> list[Entry]:
        """Entries of a sheet, in order; blank rows are no entries."""
        columns = {column.key: column for column in sheet.columns}
        if not sheet.table and not sheet.parent[0]:
            return [self.values(sheet, columns, cells)]
        heads, first = self.heads(sheet.name, columns, cells)
        rows: dict[int, dict[str, Cell]] = {}
        for cell in cells:
            letters, row = _split(cell.place)
            if row >= first and letters in heads and not _blank(cell.value):
                rows.setdefault(row, {})[heads[letters]] = cell
            elif row >= first and letters not in heads and not _blank(cell.value):
                self.fault(str(cell), phrase("sheet_fault.no_key"))
        return [
            self.entry(f"{sheet.name}!A{row}", columns, result)
            for row, result in sorted(rows.items())
        ]

    def values(self, sheet: Sheet, columns: dict[str, Column], cells: list[Cell]) -> Entry:
        """Single values: keys in the first column, values in the second."""
        keys: dict[int, Cell] = {}
        given: dict[int, Cell] = {}
        top = top_row(cells, {"key", "value", "allowed", "meaning"})
        for cell in cells:
            letters, row = _split(cell.place)
            if row > top and letters in {"A", "B"} and not _blank(cell.value):
                (keys if letters == "A" else given)[row] = cell
        result: dict[str, Cell] = {}
        for row, cell in keys.items():
            key = str(cell.value).strip()
            if key not in columns:
                message = phrase(
                    "sheet_fault.unknown_key", name=shown(key), hint=did_you_mean(key, columns)
                )
                self.fault(str(cell), phrase("sheet_fault.template_keys", message=message))
            elif key in result:
                self.fault(str(cell), phrase("sheet_fault.key_twice", name=key))
            elif row in given:
                result[key] = given[row]
        for row, cell in given.items():
            if row not in keys:
                self.fault(str(cell), phrase("sheet_fault.beside"))
        return self.entry(f"{sheet.name}!A1", columns, result)

    def heads(
        self, name: str, columns: Mapping[str, Column], cells: list[Cell]
    ) -> tuple[dict[str, str], int]:
        """Keys by the letters of their columns, and the row in which data begin.

        Keys stand in row 1, or below titles. The two rows of words and units below them may have been
        deleted: then data begin where the template had these.
        """
        heads: dict[str, str] = {}
        top = top_row(cells, columns)
        for cell in cells:
            letters, row = _split(cell.place)
            if row != top:
                continue
            key = str(cell.value).strip()
            if key not in columns:
                message = phrase(
                    "sheet_fault.unknown_key", name=shown(key), hint=did_you_mean(key, columns)
                )
                self.fault(
                    str(cell),
                    phrase("sheet_fault.columns", message=message, columns=", ".join(columns)),
                )
            elif key in heads.values():
                self.fault(str(cell), phrase("sheet_fault.key_twice", name=key))
            else:
                heads[letters] = key
        if not heads:
            self.fault(f"{name}!A1", phrase("sheet_fault.no_keys", columns=", ".join(columns)))
            return heads, top + FIRST - 1
        helps = [
            row
            for cell in cells
            for letters, row in (_split(cell.place),)
            if top < row < top + FIRST - 1
            and letters in heads
            and str(cell.value).strip() in help_of(columns[heads[letters]])
        ]
        return heads, max(helps, default=top) + 1

    def entry(self, place: str, columns: Mapping[str, Column], cells: dict[str, Cell]) -> Entry:
        """Read the cells of one row by the kinds of their columns."""
        values: dict[str, tuple[Any, str]] = {}
        for key, column in columns.items():
            if key not in cells:
                if column.required:
                    empty: Any = [] if column.kind in {"list", "wholes", "numbers"} else None
                    values[key] = (empty, place)
                continue
            cell = cells[key]
            unit = column.unit or self.unit(key, cells)
            values[key] = (self.read(column, cell, unit), str(cell))
        return Entry(place, values)

    def unit(self, key: str, cells: Mapping[str, Cell]) -> str:
        """Unit in the row for a number: beside it, or one level up."""
        parts = key.split(".")
        for depth in range(len(parts) - 1, -1, -1):
            other = ".".join([*parts[:depth], "unit"])
            if other in cells:
                return str(cells[other].value).strip()
        return ""

    def document(self, cells: list[Cell]) -> tuple[list[str], bool]:
        """Lines of the document, a cell may hold several, and whether the last one is ended."""
        lines: dict[int, str] = {}
        ended = True
        for cell in cells:
            letters, row = _split(cell.place)
            if cell.place == "B2":
                ended = self.flag(cell) is not False
            elif letters != "A" and cell.place != "B1":
                self.fault(str(cell), phrase("sheet_fault.beside_text"))
            elif row > 1:
                lines[row] = str(cell.value).replace("\r\n", "\n").replace("_x000D_", "")
        return [lines.get(row, "") for row in range(2, max(lines, default=1) + 1)], ended

    def history(self, cells: list[Cell]) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Text of every table, and the cells of its lines."""
        texts: dict[str, list[str]] = {}
        places: dict[str, list[str]] = {}
        columns = {column.key: column for column in HISTORY_COLUMNS}
        heads, first = self.heads(HISTORY, columns, cells)
        rows: dict[int, dict[str, Cell]] = {}
        for cell in cells:
            letters, row = _split(cell.place)
            if row >= first and letters in heads and not _blank(cell.value):
                rows.setdefault(row, {})[heads[letters]] = cell
        for row, result in sorted(rows.items()):
            entry = self.entry(f"{HISTORY}!A{row}", columns, result)
            name = str(entry.values.get("file", ("", ""))[0])
            if not _inside(name):
                self.fault(f"{HISTORY}!A{row}", phrase("sheet_fault.not_a_file", name=shown(name)))
                continue
            fields = [_field(entry.values.get(key, ("", ""))[0]) for key in COLUMNS + MORE]
            texts.setdefault(name, [",".join(COLUMNS + MORE)]).append(",".join(fields))
            odd = "period" in result and not _is_period(result["period"].value)
            place = str(result["period"]) if odd else entry.place
            places.setdefault(name, [f"{HISTORY}!A1"]).append(place)
        return {name: ("\n".join(text) + "\n", tuple(places[name])) for name, text in texts.items()}

    # -- cells

    def read(self, column: Column, cell: Cell, unit: str) -> Any:
        """Value of a cell by the kind of its column; a value that does not fit is reported and kept."""
        value = cell.value
        if column.kind in {"number", "whole"}:
            return self.number(column, cell, unit)
        if column.kind == "amount":
            return self.amount(cell, unit)
        if column.kind == "flag":
            return self.flag(cell)
        if column.kind in {"day", "month", "period"}:
            return self.time(column.kind, cell)
        if column.kind in {"list", "wholes", "numbers"}:
            return self.several(column, cell)
        if isinstance(value, bool):
            self.fault(str(cell), phrase("sheet_fault.text", value=value))
            return str(value)
        if isinstance(value, datetime | date):
            self.fault(str(cell), phrase("sheet_fault.date"))
            return ""
        text = _number_text(value) if isinstance(value, int | float) else str(value)
        if column.kind in {"id", "choice", "unit"}:
            text = unicodedata.normalize("NFKC", text).strip()
            if column.kind == "unit":
                text = text.replace("m2", "m²")
            return text.lower() if column.kind == "id" and text.lower() != text else text
        return text.rstrip() if column.kind == "line" else text.strip()

    def is_other(self, cell: Cell) -> bool:
        """Whether a cell that asks for a number holds a truth value or a date, which is a fault."""
        value = cell.value
        if not isinstance(value, (bool, datetime | date)):
            return False
        what = str(value).upper() if isinstance(value, bool) else phrase("sheet_fault.a_date")
        self.fault(str(cell), phrase("sheet_fault.number", what=what))
        return True

    def number(self, column: Column, cell: Cell, unit: str) -> Any:
        """Read a number, typed with separators, full-width digits or a unit if need be."""
        value = cell.value
        if self.is_other(cell):
            return None
        if isinstance(value, int | float):
            if cell.percent and unit and unit != "比例":
                return self.converted(Fraction(repr(value)), "比例", unit, cell)
            if column.kind == "whole" and float(value).is_integer():
                return int(value)
            return value
        text = tidy(str(value))
        if re.fullmatch(r"[-+]?[0-9.]+ ?/ ?[0-9.]+ ?%?", text) and unit == "比例":
            return text
        match = _TYPED.fullmatch(text)
        if not match:
            message = _not_a_number(text)
            self.fault(str(cell), phrase("sheet_fault.numbers", message=message))
            return None
        digits, typed = match[1].replace(",", ""), (match[2] or "").strip()
        if typed:
            if not unit:
                self.fault(str(cell), phrase("sheet_fault.unit", typed=shown(typed)))
                return None
            return self.converted(Fraction(digits), typed, unit, cell)
        return self.plain(digits, cell)

    def amount(self, cell: Cell, unit: str) -> Any:
        """Read a number, a quotient, or either with its unit; the loader converts it exactly."""
        value = cell.value
        if self.is_other(cell):
            return None
        if isinstance(value, int | float):
            if cell.percent and unit and unit != "比例" and not unit.startswith("/"):
                shown_as = format(Decimal(repr(value)) * 100, "f")
                return float(shown_as) if unit.startswith("%") else f"{shown_as} %"
            return value
        text = tidy(str(value))
        match = _AMOUNT.fullmatch(text)
        if not match:
            message = _not_a_number(text)
            self.fault(str(cell), phrase("sheet_fault.quotients", message=message))
            return None
        digits, below, typed = match[1].replace(",", ""), match[2], (match[3] or "").strip()
        if typed in {"亿", "万"}:  # 2000亿: the 元 may be left out
            typed += "元"
        number = f"{digits}/{below}" if below else digits
        if typed:
            return f"{number} {typed.replace('m2', 'm²')}"
        if below:
            return number
        return self.plain(digits, cell)

    def plain(self, digits: str, cell: Cell) -> Any:
        """Return a typed number that has no unit of its own."""
        if re.fullmatch(r"[-+]?[0-9]+", digits):
            return int(digits)
        value = float(digits)
        if math.isinf(value) or vanishes(digits, value):
            self.fault(str(cell), phrase("sheet_fault.size", digits=digits))
            return None
        return value

    def converted(self, value: Fraction, typed: str, unit: str, cell: Cell) -> Any:
        """Convert a typed number to the unit of its row, exactly."""
        try:
            number = convert(value, _unit(typed), _unit(unit))
        except UnitError as error:
            self.fault(str(cell), phrase("scenario.same_kind", error=error, unit=unit))
            return None
        return int(number) if number.is_integer() else number

    def flag(self, cell: Cell) -> Any:
        """Read true or false as people write it."""
        value = cell.value
        if isinstance(value, bool):
            return value
        text = unicodedata.normalize("NFKC", str(value)).strip().casefold()
        if text in {"true", "yes", "是", "√", "1"}:
            return True
        if text in {"false", "no", "否", "×", "0"}:
            return False
        self.fault(str(cell), phrase("sheet_fault.truth", text=shown(text)))
        return None

    def time(self, kind: str, cell: Cell) -> Any:
        """Read a day, month or period, also where Excel made a date of it."""
        value = cell.value
        if isinstance(value, datetime | date):
            day = value.date() if isinstance(value, datetime) else value
            if kind == "day":
                return day.isoformat()
            if day.day == 1:
                return f"{day.year:04d}-{day.month:02d}"
            self.fault(str(cell), phrase("sheet_fault.day", day=day))
            return None
        try:
            return str(period(value))
        except FormError:  # a span a/b, or what the check of the file tells
            return unicodedata.normalize("NFKC", _number_text(value)).strip()

    def several(self, column: Column, cell: Cell) -> Any:
        """Read a list, parted by semicolons, commas or blanks."""
        value = cell.value
        text = unicodedata.normalize("NFKC", _number_text(value)).strip()
        parts = [part for part in re.split(r"[;,、\s]+", text) if part]
        if column.kind == "list":
            return parts
        numbers: list[Any] = []
        what = phrase("sheet_fault.wholes") if column.kind == "wholes" else "numbers"
        for part in parts:
            try:
                number = exact(part)
            except ValueError:
                number = None
            if number is None or (column.kind == "wholes" and number.denominator != 1):
                self.fault(str(cell), phrase("sheet_fault.parted", part=shown(part), what=what))
                return None
            numbers.append(int(number) if number.denominator == 1 else float(number))
        return numbers


#: A number with proper thousands, and what stands behind it.
_TYPED = re.compile(
    r"([-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})?(?:(?<=[0-9])\.[0-9]{0,30}|\.[0-9]{1,30})?"
    r"(?<=[0-9.])(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?)"
    r"\s*([^0-9.,\s-][^,]{0,20})?"
)
_AMOUNT = re.compile(
    r"([-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})?(?:(?<=[0-9])\.[0-9]{0,30}|\.[0-9]{1,30})?"
    r"(?<=[0-9.])(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?)"
    r"(?:\s*/\s*([0-9]{1,30}(?:\.[0-9]{1,30})?))?"
    r"\s*((?:[^\W\d_]|[/%])[^,]{0,40})?"
)


def _unit(text: str) -> str:
    """Unit as typed; in a number such as 2000亿 the 元 may be left out."""
    text = unicodedata.normalize("NFKC", text).strip().replace("m2", "m²")
    try:
        return parse(text).name
    except UnitError:
        return parse(f"{text}元").name if text in {"亿", "万"} else parse(text).name


def _number_text(value: Any) -> str:
    """Text of a number as a person would write it: 2012, not 2012.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _is_period(value: Any) -> bool:
    """Whether a cell is a period, or a span a/b of two."""
    if isinstance(value, datetime | date):
        return True
    try:
        period(value)
    except FormError:
        return isinstance(value, str) and "/" in value
    return True


def top_row(cells: list[Cell], keys: Collection[str]) -> int:
    """Row of the keys: the first of the uppermost rows with two or more of them below titles, else row 1.

    A title is a row with a single cell.
    """
    rows: dict[int, list[str]] = {}
    for cell in cells:
        row = _split(cell.place)[1]
        if row <= FIRST and not _blank(cell.value):
            rows.setdefault(row, []).append(str(cell.value).strip())
    for row, texts in sorted(rows.items()):
        if sum(text in keys for text in texts) >= min(2, len(keys)):
            return row
        if len(texts) > 1:
            break
    return 1


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _split(place: str) -> tuple[str, int]:
    letters = place.rstrip("0123456789")
    return letters, int(place[len(letters) :])


def _field(value: Any) -> str:
    """A field of a CSV line, on one line."""
    text = repr(value) if isinstance(value, float) else "" if value is None else str(value)
    text = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",]', text) else text


def _not_a_number(text: str) -> str:
    """Say that a text is no number, and what was probably meant."""
    is_slip = re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text)
    slip = phrase("sheet_fault.decimal_comma") if is_slip else ""
    return phrase("sheet_fault.not_a_number", text=shown(text), slip=slip)
