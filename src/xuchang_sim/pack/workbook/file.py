"""Cells of a file that may come from anywhere.

What the file itself could do to its reader (formulas without values, links, bombs) is refused by name
before a cell is read.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from xuchang_sim.yamlfile import Problem, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["MAX_FAULTS", "MAX_TEXT", "Cell", "read_bytes", "read_cells"]

MAX_FILE = 16 << 20
"""Bytes of the file."""
MAX_PLAIN = 48 << 20
"""Bytes of all its parts, unpacked."""
MAX_PARTS = 500
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


def read_bytes(path: Path, problems: list[Problem]) -> bytes | None:
    """Bytes of a file that is a workbook and nothing worse."""

    def fault(message: str) -> None:
        problems.append(Problem(str(path), "", 0, message))

    try:
        if not path.is_file():
            fault("is not a regular file" if path.exists() else "no such file")
            return None
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE + 1)
    except OSError as error:
        fault(f"cannot be read: {error.strerror}")
        return None
    if len(raw) > MAX_FILE:
        fault(f"is too big; allowed: at most {MAX_FILE:,} bytes")
    elif raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        fault("is an old or encrypted workbook; allowed: .xlsx without a password")
    elif raw[:2] != b"PK":
        fault("is not a workbook; allowed: .xlsx (in Excel: Save As, Excel Workbook)")
    elif message := _parcel_fault(raw):
        fault(message)
    else:
        return raw
    return None


def _parcel_fault(raw: bytes) -> str:
    """What is wrong with the parts of a workbook, told from their list alone."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parcel:
            parts = parcel.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        return f"is damaged ({error}); allowed: a whole .xlsx"
    names = [part.filename for part in parts]
    total = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or total > MAX_PLAIN:
        size = f"{len(parts):,} parts of {total:,} bytes unpacked"
        return f"unpacks to {size}; allowed: {MAX_PARTS} parts and {MAX_PLAIN:,} bytes"
    if len(set(names)) < len(names):
        return "names a part twice; allowed: each part once"
    if any(part.flag_bits & 1 for part in parts):
        return "is encrypted; allowed: .xlsx without a password"
    if "xl/workbook.xml" not in names:
        return "is a zip file but not a workbook; allowed: .xlsx"
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return "holds macros; allowed: .xlsx without them"
    if links := [name for name in names if name.startswith("xl/externalLinks/")]:
        return (
            f"links to other workbooks ({links[0]}); allowed: values only (Data, Edit Links, Break)"
        )
    if odd := [name for name in names if name.startswith(("xl/connections", "xl/queryTables"))]:
        return f"fetches data from outside ({odd[0]}); allowed: values only"
    return ""


def read_cells(path: Path, raw: bytes, problems: list[Problem]) -> dict[str, list[Cell]] | None:
    """Cells of every sheet, by row and column; formulas are replaced by their stored values."""
    import openpyxl  # noqa: PLC0415 - heavy

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
        fault("", f"cannot be read as a workbook ({type(error).__name__}: {text})")
        return None
    found: dict[str, list[Cell]] = {}
    for ws in book.worksheets:
        name = ws.title.strip()
        if ws.max_row > MAX_ROWS or ws.max_column > MAX_COLUMNS:
            message = f"reaches to row {ws.max_row:,}, column {ws.max_column:,}"
            fault(name, f"{message}; allowed: {MAX_ROWS:,} rows and {MAX_COLUMNS} columns")
            continue
        cells = list(_held(ws))
        if ws.sheet_state != "visible" and cells:
            fault(name, "is a hidden sheet; allowed: visible ones (unhide or delete it)")
        _complain_of_hidden(ws, cells, name, fault)
        found[name] = [
            Cell(name, cell.coordinate, value, "%" in (cell.number_format or ""))
            for cell in cells
            for value in [_stored(cell, stored[ws.title], name, fault)]
            if value is not None
        ]
    return found


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
        fault(
            f"{name}!{n}:{n}", "is a hidden row with data; allowed: visible rows (unhide or delete)"
        )
    for cell in {cell.column: cell for cell in reversed(cells)}.values():
        if cell.column in columns:
            letter = cell.column_letter
            message = "is a hidden column with data; allowed: visible columns (unhide or delete)"
            fault(f"{name}!{letter}:{letter}", message)


def _stored(cell: Any, values: Any, name: str, fault: Any) -> Any:
    """Value of a cell; of a formula the stored one, if it depends on this workbook alone."""
    where = f"{name}!{cell.coordinate}"
    if cell.data_type == "e":
        fault(where, f"holds the error {cell.value}; allowed: a value")
        return None
    if cell.data_type != "f":
        return cell.value
    text = getattr(cell.value, "text", None) or str(cell.value)
    if re.search(
        r"\[|\b(WEBSERVICE|HYPERLINK|IMPORTDATA|RTD|DDE|CALL|EXEC|FILTERXML)\b|\|",
        text,
        re.IGNORECASE,
    ):
        fault(where, f"holds the formula {shown(text)}, which reaches outside; allowed: a value")
        return None
    value = values[cell.coordinate].value
    if value is None:
        message = f"holds the formula {shown(text)} without a stored value"
        fault(where, f"{message}; allowed: a value (open and save it in Excel, or paste values)")
    elif values[cell.coordinate].data_type == "e":
        fault(where, f"holds a formula with the error {value}; allowed: a value")
        return None
    return value
