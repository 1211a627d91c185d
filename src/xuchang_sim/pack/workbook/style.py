"""Style of a sheet: values as text or numbers, headings, row heights, a page that prints."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

__all__ = ["lay_out", "put_aside", "put_heading", "put_note", "put_value"]

LINE_HEIGHT, MOST_LINES = 15.0, 8  # points; lines of a row before it is cut


def lay_out(ws: Any) -> None:
    """Wrap texts in rows high enough for them, and print across one A4 page.

    Not every program finds the height of wrapped text by itself. Columns have their widths before.
    """
    for row in ws.iter_rows():
        lines = 1
        for cell in row:
            if cell.value is None:
                continue
            cell.alignment = Alignment(wrap_text=isinstance(cell.value, str), vertical="top")
            if not isinstance(cell.value, str):
                continue
            width = ws.column_dimensions[get_column_letter(cell.column)].width
            taken = [_cells(line) / width for line in cell.value.split("\n")]
            lines = max(lines, sum(math.ceil(max(part, 0.1)) for part in taken))
        ws.row_dimensions[row[0].row].height = LINE_HEIGHT * min(lines, MOST_LINES)
    ws.page_setup.paperSize = ws.PAPERSIZE_A4
    ws.page_setup.orientation = "landscape"
    ws.page_setup.fitToHeight = 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True


def _cells(text: str) -> int:
    """Width of a text in digits; a Chinese character is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def put_aside(cell: Any, text: str) -> None:
    """Write a remark that is no data."""
    put_value(cell, text)
    cell.font = Font(italic=True, color="5A5A5A")


def put_heading(cell: Any, text: str) -> None:
    """Write a heading in bold."""
    put_value(cell, text)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="DDE8F0")


def put_note(cell: Any, text: str) -> None:
    """Write a note in grey."""
    cell.comment = Comment(text, "xuchang-sim", width=360, height=90)


def put_value(cell: Any, value: Any) -> None:
    """Set a cell to a number, a truth or a text; a text is never a formula."""
    if isinstance(value, list | tuple):
        value = "; ".join(_spelt(item) for item in value)
    if value is None:
        return
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"


def _spelt(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
