"""Read a pack from a workbook, through the loader that also reads a folder: a fault names sheet and cell.

Scenarios and calibrated draws, which a workbook does not hold, may lie beside it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xuchang_sim.pack.cited import parse_table
from xuchang_sim.pack.read import read_pack
from xuchang_sim.pack.workbook.entries import Entry, EntryReader
from xuchang_sim.pack.workbook.file import read_sheets
from xuchang_sim.pack.workbook.sheets import BY_NAME, DOCUMENT, HISTORY, SHEETS
from xuchang_sim.pack.workbook.trees import trees_of
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, Source, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xuchang_sim.pack.history import Record
    from xuchang_sim.pack.pack import Pack
    from xuchang_sim.pack.workbook.file import Cell

__all__ = ["Book", "book_of", "load_workbook", "read_book"]


@dataclass(frozen=True)
class Book:
    """A pack as a workbook: its trees, its document, its tables, each with its cells.

    Parameters
    ----------
    path : Path
        The workbook.
    trees : mapping of str to Source
        Tree of each file of a pack.
    document : str
        Text of the document.
    tables : mapping of str to (str, tuple of str)
        Text of each table and the cell of each of its lines.
    """

    path: Path
    trees: Mapping[str, Source]
    document: str
    tables: Mapping[str, tuple[str, tuple[str, ...]]]

    @property
    def folder(self) -> Path:
        """Folder in which the workbook stands."""
        return self.path.parent

    def tree(self, file: str, problems: list[Problem]) -> Source | None:  # noqa: ARG002
        """Tree of a file of the pack."""
        return self.trees.get(file)

    def text(self, file: str, problems: list[Problem]) -> str | None:  # noqa: ARG002
        """Text of the document, whatever its file is called."""
        return self.document

    def table(self, file: str, problems: list[Problem]) -> tuple[Record, ...]:
        """Figures of a table."""
        if file not in self.tables:
            message = phrase(
                "sheet_fault.no_figures", file=file, tables=", ".join(self.tables) or "some"
            )
            problems.append(Problem(str(self.path), HISTORY, 0, message))
            return ()
        result: list[Problem] = []
        records = parse_table(self.tables[file][0], file, result)
        problems += [self.problem(file, p.path, p.line, p.message) for p in result]
        return records

    def problem(self, file: str, path: str, line: int, message: str) -> Problem:
        """Return a fault of a line of a table, by its cell."""
        cells = self.tables[file][1]
        cell = cells[min(line, len(cells)) - 1] if line else HISTORY
        return Problem(str(self.path), f"{cell}: {path}" if path else cell, 0, message)


def load_workbook(path: Path) -> Pack:
    """Load a pack from a workbook.

    Parameters
    ----------
    path : Path
        Workbook in the layout that :func:`write_workbook` gives.

    Returns
    -------
    Pack
        The same, to its hash, as from files with the same content. Its folder is the one in which
        the workbook stands.

    Raises
    ------
    InputError
        If the file is no workbook, is dangerous, or anything in it is wrong; all faults at once,
        each with sheet and cell.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from xuchang_sim.pack.starter import new_pack
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_workbook(new_pack(Path(folder) / "mine", excel=True)).base_year
    2010
    """
    problems: list[Problem] = []
    book = read_book(path, problems)
    if book is None:
        raise InputError(problems)
    result: list[Problem] = []
    pack = read_pack(book, result)
    answer = {problem.path for problem in problems}
    problems += [problem for problem in result if problem.path.split(": ")[0] not in answer]
    if problems or pack is None:
        raise InputError(problems)
    return pack


def read_book(path: Path, problems: list[Problem]) -> Book | None:
    """Read the cells of a workbook into the trees of a pack.

    Parameters
    ----------
    path : Path
        Workbook.
    problems : list of Problem
        Faults are appended here.

    Returns
    -------
    Book or None
        None if there is nothing to go on with.
    """
    sheets = read_sheets(path, problems)
    if sheets is None:
        return None
    if first := _first_edition(sheets):
        keys = ", ".join(column.key for column in BY_NAME[first.split("!")[0]].columns)
        message = phrase("sheet_fault.first_edition", keys=keys)
        problems.append(Problem(str(path), first, 0, message))
        return None
    return book_of(path, sheets, problems)


def _first_edition(sheets: Mapping[str, list[Cell]]) -> str:
    """Cell by which a workbook is one of the first edition; empty if it is not."""
    old = {("levers", "axis"), ("parameters", "role")}
    return next(
        (
            str(cell)
            for name, key in sorted(old)
            for cell in sheets.get(name, ())
            if cell.value == key and cell.place.rstrip("1").isalpha()
        ),
        "",
    )


def book_of(path: Path, sheets: Mapping[str, list[Cell]], problems: list[Problem]) -> Book | None:
    """Trees of a pack from the cells of its sheets; faults are appended to `problems`."""
    reader = EntryReader(str(path), problems)
    missing = [s for s in (*BY_NAME, DOCUMENT, HISTORY) if s not in sheets]
    lost = phrase("sheet_fault.missing_sheet")
    problems += [Problem(str(path), name, 0, lost) for name in missing]
    unknown = [s for s in sheets if s not in {*BY_NAME, DOCUMENT, HISTORY, "guide"}]
    for name in unknown:
        close = did_you_mean(name, [*BY_NAME, DOCUMENT, HISTORY])
        message = phrase(
            "sheet_fault.unknown_sheet",
            close=close,
            by_name=", ".join(BY_NAME),
            document=DOCUMENT,
            history=HISTORY,
        )
        problems.append(Problem(str(path), shown(name), 0, message))
    if missing:
        return None
    tables = {sheet.name: reader.table(sheet, sheets[sheet.name]) for sheet in SHEETS}
    lines, ended = reader.document(sheets[DOCUMENT])
    document = "\n".join(lines) + ("\n" if ended else "")
    _hash_document(tables["pack"], document)
    trees = trees_of(str(path), tables, reader)
    return Book(path, trees, document, reader.history(sheets[HISTORY]))


def _hash_document(entries: list[Entry], text: str) -> None:
    """Fill in the document's hash where it was left empty: the sheet is the document."""
    for entry in entries:
        if "document.sha256" not in entry.values:
            result = hashlib.sha256(text.encode()).hexdigest()
            entry.values["document.sha256"] = (result, entry.place)
