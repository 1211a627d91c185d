"""Workbooks of the first edition: their levers and parameters as lists, the other sheets in the present form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xuchang_sim.pack.workbook.entries import EntryReader, top_row
from xuchang_sim.pack.workbook.file import Cell, read_sheets
from xuchang_sim.pack.workbook.read import book_of
from xuchang_sim.pack.workbook.sheets import BY_NAME, FIRST, Column, Sheet
from xuchang_sim.pack.workbook.trees import nested
from xuchang_sim.yamlfile import Place, Problem, Source

if TYPE_CHECKING:
    from pathlib import Path

    from xuchang_sim.pack.workbook.read import Book

__all__ = ["read_first_edition"]


def _sheet(name: str, **kinds: str) -> Sheet:
    """Sheet of the first edition from the keys of its columns, by their kinds."""
    columns = [
        Column(tuple(int(part) if part.isdigit() else part for part in key.split(".")), kind)  # type: ignore[arg-type]
        for kind, keys in kinds.items()
        for key in keys.split()
    ]
    return Sheet(name, f"{name}.yaml", name, tuple(columns), "")


OLD = (
    _sheet(
        "levers",
        id="id",
        unit="unit",
        amount="absent low plan high range.0 range.1",
        text="axis kind rows not_below label_zh label_en note",
    ),
    _sheet(
        "parameters",
        id="id",
        unit="unit",
        amount="default prior.sd prior.sigma",
        numbers="range",
        text="row label_zh label_en prior.kind role mark source note lever held_by",
        flag="later_source",
    ),
)


def read_first_edition(
    path: Path, problems: list[Problem]
) -> tuple[Source | None, Source | None, Book | None]:
    """Read a workbook of the first edition.

    Parameters
    ----------
    path : Path
        Workbook.
    problems : list of Problem
        Faults are appended here.

    Returns
    -------
    tuple
        Levers and parameters as lists of entries with their cells, and the other sheets as a pack
        of the present form that states no lever and no parameter; None where nothing can be read.
    """
    sheets = read_sheets(path, problems)
    if sheets is None:
        return None, None, None
    reader = EntryReader(str(path), problems)
    lists = [_entries(sheet, reader, sheets.get(sheet.name, [])) for sheet in OLD]
    return lists[0], lists[1], book_of(path, _present(sheets), problems)


def _entries(sheet: Sheet, reader: EntryReader, cells: list[Cell]) -> Source:
    """Table of the first edition: a list of entries, each with its cells."""
    items = [nested(entry, sheet.columns) for entry in reader.table(sheet, cells)]
    inside = Place(f"{sheet.name}!A1", dict(enumerate(place for _, place in items)))
    root = Place(f"{sheet.name}!A1", {sheet.table: inside})
    return Source(reader.file, {sheet.table: [data for data, _ in items]}, root)


def _present(sheets: dict[str, list[Cell]]) -> dict[str, list[Cell]]:
    """Sheets whose columns are the present ones: thresholds with their unit, definitions left out."""
    cells_by_sheet = dict(sheets)
    for name in ("levers", "parameters"):
        if name in cells_by_sheet:
            cells_by_sheet[name] = [Cell(name, "A1", "id", percent=False)]
    if "targets" in cells_by_sheet:
        cells_by_sheet["targets"] = _one_threshold(cells_by_sheet["targets"])
    if "clusters" in cells_by_sheet:
        column = next(
            (_letters(c) for c in cells_by_sheet["clusters"] if c.value == "threshold"), ""
        )
        cells_by_sheet["clusters"] = [
            c._replace(value=f"{c.value:g} 亿元")
            if _letters(c) == column and isinstance(c.value, int | float)
            else c
            for c in cells_by_sheet["clusters"]
        ]
    return cells_by_sheet


def _one_threshold(cells: list[Cell]) -> list[Cell]:
    """Cells of the targets, number and unit of a threshold in one cell."""
    top = top_row(cells, {column.key for column in BY_NAME["targets"].columns})
    keys = {
        cell.value: _letters(cell) for cell in cells if re.fullmatch(f"[A-Z]+{top}", cell.place)
    }
    number, unit = keys.get("threshold.value"), keys.get("threshold.unit")
    units = {cell.place.removeprefix(str(unit)): cell for cell in cells if _letters(cell) == unit}
    merged = []
    for cell in cells:
        row = cell.place.removeprefix(_letters(cell))
        if _letters(cell) == unit:
            continue
        if _letters(cell) == number:
            beside = f" {units[row].value}" if row in units else ""
            below = f"{cell.value}{beside}" if int(row) >= top + FIRST - 1 else ""
            merged.append(cell._replace(value="threshold" if int(row) == top else below))
        else:
            merged.append(cell)
    return merged


def _letters(cell: Cell) -> str:
    return cell.place.rstrip("0123456789")
