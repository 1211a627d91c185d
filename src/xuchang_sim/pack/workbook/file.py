"""Cells of a file that may come from anywhere.

Hostile contents (formulas without values, links, bombs) are refused by name before a cell is read.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import openpyxl

from xuchang_sim.pack.parcel import parcel_fault
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Problem, read_bytes, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["MAX_FAULTS", "MAX_TEXT", "Cell", "read_sheets"]

MAX_FILE = 16 << 20
"""Bytes of the file."""
MAX_ROWS, MAX_COLUMNS = 20_000, 120
MAX_TEXT = 32_000
"""Characters of a cell; Excel holds 32,767."""
MAX_FAULTS = 100


class Cell(NamedTuple):
    """A cell that holds something: its place, value, and how it is shown."""

    sheet: str
    place: str
    value: Any
    percent: bool

    def __str__(self) -> str:
        """Sheet and cell, as Excel writes them."""
        return f"{self.sheet}!{self.place}"


def _parcel(path: Path, problems: list[Problem]) -> bytes | None:
    """Bytes of a file that is a workbook and nothing worse."""
    too_big = phrase("sheet_fault.big", max_file=MAX_FILE)
    raw = read_bytes(path, problems, MAX_FILE, too_big)
    if raw is None:
        return None

    def fault(message: str) -> None:
        problems.append(Problem(str(path), "", 0, message))

    if raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        fault(phrase("sheet_fault.old"))
    elif raw[:2] != b"PK":
        fault(phrase("sheet_fault.not_workbook"))
    elif message := parcel_fault(raw):
        fault(message)
    else:
        return raw
    return None


def read_sheets(path: Path, problems: list[Problem]) -> dict[str, list[Cell]] | None:
    """Cells of every sheet, by row and column; formulas are replaced by their stored values."""
    raw = _parcel(path, problems)
    if raw is None:
        return None

    def fault(where: str, message: str) -> None:
        if len(problems) < MAX_FAULTS:
            problems.append(Problem(str(path), where, 0, message))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are not read
            book = openpyxl.load_workbook(io.BytesIO(raw), keep_links=False)
            stored = book
            if any(c.data_type == "f" for ws in book for c in _held(ws)):
                stored = openpyxl.load_workbook(io.BytesIO(raw), data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - a hostile file may break the reader anywhere
        text = " ".join(str(error).split())[:120]
        fault("", phrase("sheet_fault.unreadable", name=type(error).__name__, text=text))
        return None
    result: dict[str, list[Cell]] = {}
    for ws in book.worksheets:
        name = ws.title.strip()
        if ws.max_row > MAX_ROWS or ws.max_column > MAX_COLUMNS:
            message = phrase("sheet_fault.reaches", max_row=ws.max_row, max_column=ws.max_column)
            fault(
                name,
                phrase(
                    "sheet_fault.at_most",
                    message=message,
                    max_rows=MAX_ROWS,
                    max_columns=MAX_COLUMNS,
                ),
            )
            continue
        cells = list(_held(ws))
        if ws.sheet_state != "visible" and cells:
            fault(name, phrase("sheet_fault.hidden_sheet"))
        _complain_of_hidden(ws, cells, name, fault)
        values = stored[ws.title]
        result[name] = [
            Cell(name, cell.coordinate, value, "%" in (cell.number_format or ""))
            for cell in cells
            for value in [_stored(cell, values, name, fault)]
            if value is not None
        ]
    return result


def _held(ws: Any) -> Iterator[Any]:
    """Cells of a sheet that hold something; none of a sheet that is out of bounds."""
    if ws.max_row > MAX_ROWS or ws.max_column > MAX_COLUMNS:
        return
    for row in ws.iter_rows():
        yield from (cell for cell in row if cell.value is not None)


def _complain_of_hidden(ws: Any, cells: Sequence[Any], name: str, fault: Any) -> None:
    rows = {n for n, d in ws.row_dimensions.items() if d.hidden or d.height == 0}
    columns: set[int] = set()
    for dimension in ws.column_dimensions.values():
        if dimension.hidden or dimension.width == 0:
            columns |= set(range(dimension.min or 0, min(dimension.max or 0, MAX_COLUMNS) + 1))
    for n in sorted(rows & {cell.row for cell in cells}):
        fault(f"{name}!{n}:{n}", phrase("sheet_fault.hidden_row"))
    for cell in {cell.column: cell for cell in reversed(cells)}.values():
        if cell.column in columns:
            letter = cell.column_letter
            message = phrase("sheet_fault.hidden_column")
            fault(f"{name}!{letter}:{letter}", message)


def _stored(cell: Any, values: Any, name: str, fault: Any) -> Any:
    """Value of a cell; of a formula the stored one, if it depends on this workbook alone."""
    where = f"{name}!{cell.coordinate}"
    if cell.data_type == "e":
        fault(where, phrase("sheet_fault.error", value=cell.value))
        return None
    if cell.data_type != "f":
        return cell.value
    text = getattr(cell.value, "text", None) or str(cell.value)
    if re.search(
        r"\[|\b(WEBSERVICE|HYPERLINK|IMPORTDATA|RTD|DDE|CALL|EXEC|FILTERXML)\b|\|",
        text,
        re.IGNORECASE,
    ):
        fault(where, phrase("sheet_fault.formula_outside", text=shown(text)))
        return None
    value = values[cell.coordinate].value
    if value is None:
        message = phrase("sheet_fault.formula", text=shown(text))
        fault(where, phrase("sheet_fault.store", message=message))
    elif values[cell.coordinate].data_type == "e":
        fault(where, phrase("sheet_fault.formula_error", value=value))
        return None
    return value
