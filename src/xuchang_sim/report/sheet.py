"""Tables for a terminal of any width: no number is ever cut off.

A table wider than its terminal is usually cropped, and a number without its end is worse than none.
A sheet first breaks its headers into lines, then its columns of words, and what still finds no room
stands below, beside the names of the rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

GAP = 2  # spaces between columns
NARROWEST = 16  # cells of a line to which a column of words is narrowed
SHORTEST = 12  # cells of a line into which a header is broken, if its column is narrower


class Sheet(Table):
    """A table without lines, in as many parts as the width asks for.

    Parameters
    ----------
    title : str
        Line above it.
    names : sequence of int
        Numbers of the columns that name a row: they are repeated in every part.
    """

    def __init__(self, title: str = "", names: Sequence[int] = (0,)) -> None:
        super().__init__(title=title or None, box=None, pad_edge=False)
        self.names = tuple(names)

    def words(self, header: str, **how: Any) -> None:
        """Add a column of words, which may be broken into lines."""
        self.add_column(header, overflow="fold", **how)

    def values(self, *headers: str, justify: Any = "right", **how: Any) -> None:
        """Add columns of which no entry is broken."""
        for header in headers:
            self.add_column(header, justify=justify, no_wrap=True, **how)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the title, which may be wider than the columns, and the parts, a line apart."""
        if self.title:
            yield Text.from_markup(str(self.title), style="table.title")
        for number, part in enumerate(self.parts(options.max_width)):
            if number:
                yield Text()
            yield part

    def parts(self, width: int) -> list[Table]:
        """Return the columns in parts of at most ``width`` cells."""
        if _total(map(_widest, self.columns)) <= width:
            return [self._part(self.columns)]
        columns = [replace(column, header=_broken(column)) for column in self.columns]
        needs = [_need(column) for column in columns]
        parts: list[list[int]] = [[]]
        for k in range(len(columns)):
            if parts[-1] and _total(needs[n] for n in (*parts[-1], k)) > width:
                parts.append([n for n in self.names if n < k])
            parts[-1].append(k)
        tables = []
        for part in parts:
            if _total(needs[n] for n in part) <= width:
                taken = [columns[n] for n in part]
            else:  # one column is wider than the terminal: its entries go on in the next line
                taken = [replace(columns[n], no_wrap=False, overflow="fold") for n in part]
            tables.append(self._part(taken))
        return tables

    def _part(self, columns: Sequence[Column]) -> Table:
        part = Table(box=None, pad_edge=False)
        part.columns = [replace(column, _index=k) for k, column in enumerate(columns)]
        part.rows = self.rows
        return part


def _total(widths: Iterable[int]) -> int:
    """Cells of a row of columns."""
    result = list(widths)
    return sum(result) + GAP * (len(result) - 1)


def _lines(entry: Any) -> list[str]:
    text = entry if isinstance(entry, Text) else Text.from_markup(str(entry))
    return text.plain.split("\n")


def _longest(entries: Iterable[Any], *, words: bool) -> int:
    """Cells of the longest line, or of the longest word; Chinese may be broken at any place."""
    lines = [line for entry in entries for line in _lines(entry)]
    if words:
        lines = [word for line in lines for word in line.split() if cell_len(word) == len(word)]
    return max(map(cell_len, lines), default=0)


def _widest(column: Column) -> int:
    """Cells that a column takes if it may have all it wants."""
    wanted = _longest((column.header, *column.cells), words=False)
    return min(wanted, column.max_width or wanted)


def _need(column: Column) -> int:
    """Cells below which a column would lose something, or its words be hard to read."""
    head = _longest([column.header], words=False)
    if column.no_wrap:
        return max(head, _longest(column.cells, words=False))
    least = max(head, _longest(column.cells, words=True), NARROWEST)
    return min(least, _widest(column))


def _broken(column: Column) -> Text:
    """Break a header into lines that are no wider than its column, if its words allow it."""
    room = max(_longest(column.cells, words=False), SHORTEST)
    lines: list[str] = []
    header = " ".join(_lines(column.header)).split()
    for word in (piece for whole in header for piece in _pieces(whole, room)):
        if lines and cell_len(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return Text("\n".join(lines))


def _pieces(word: str, room: int) -> list[str]:
    """Cut a word of Chinese into pieces of at most ``room`` cells; others are not cut."""
    if cell_len(word) == len(word):
        return [word]
    pieces = [""]
    for character in word:
        if cell_len(pieces[-1] + character) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces
