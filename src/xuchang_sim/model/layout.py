"""Where every column lies in a record: offsets in 8-byte words, in plain Python.

The declarations of ``world`` and the lengths of :class:`Sizes` decide it. Numpy's record types
(``memory``), the views of the uncompiled rules and the compiled rules all follow this one layout.
Scalars and columns of fixed length come first in a table, so that their offsets hold for every size.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from xuchang_sim.model.world import (
    LINE,
    MEASURES,
    Firms,
    Inputs,
    Levers,
    Projects,
    Sizes,
    Table,
    World,
    Zones,
    columns,
    parts,
)

WORD = 8  # bytes of every number
#: Tables that are also seen as one block of integers, and tables of which all columns are rows.
WHOLE = ("City", "Zones", "Sectors", "Past", "Tally")
ROWS = (Firms, Projects)


class Place(NamedTuple):
    """A column: kind, where it begins, its named and its actual lengths; whether sizes move it.

    ``unit`` is the size of which the offset is a multiple for all sizes, if there is one.
    """

    kind: str
    offset: int
    names: tuple[str, ...]
    shape: tuple[int, ...]
    fixed: bool
    unit: str = ""


class Part(NamedTuple):
    """A table inside a table: where it begins, and whether sizes move it."""

    table: type[Table]
    offset: int
    fixed: bool


class Layout(NamedTuple):
    """A table: its columns and overlays, the tables inside it, its length in words."""

    places: dict[str, Place]
    parts: dict[str, Part]
    words: int
    fixed: bool


def _sized(names: tuple[str, ...]) -> bool:
    return any(name in Sizes._fields for name in names)


@cache
def layout(table: type[Table], sizes: Sizes) -> Layout:
    """Lay out a table: fixed columns, sized columns, tables inside it; overlays share their memory.

    Parameters
    ----------
    table : type of Table
        A table of ``world``.
    sizes : Sizes
        Lengths of the columns.
    """
    named = sizes.named()
    own = columns(table)
    places: dict[str, Place] = {}
    end, fixed = 0, True
    units: set[str] = set()
    for name in sorted(own, key=lambda name: _sized(own[name].shape)):
        column = own[name]
        shape = tuple(named[length] for length in column.shape)
        (unit,) = units if len(units) == 1 else ("",)
        places[name] = Place(column.kind, end, column.shape, shape, fixed, unit)
        sized = [length for length in column.shape if length in Sizes._fields]
        units.add(sized[0] if len(sized) == 1 else "")  # "": no multiple of a size from here on
        fixed = fixed and not _sized(column.shape)
        end += math.prod(shape)
    places |= _overlays(table, places, end, fixed=fixed)
    inside: dict[str, Part] = {}
    for name, part in parts(table).items():
        end = _next_line(end)
        inside[name] = Part(part, end, fixed)
        inner = layout(part, sizes)  # type: ignore[arg-type] # a class is hashable
        fixed = fixed and inner.fixed
        end += inner.words
    return Layout(places, inside, _next_line(end) if inside else end, fixed)


def _overlays(
    table: type[Table], places: dict[str, Place], end: int, *, fixed: bool
) -> dict[str, Place]:
    """Other views of the same memory: to copy, clear or record it whole."""
    result: dict[str, Place] = {}
    if table.__name__ in WHOLE:
        length = "" if fixed else f"{table.__name__}_block"
        result["block"] = Place("i8", 0, (length or str(end),), (end,), fixed=True)
    if table is Zones:
        names = str(len(MEASURES)), "zones"
        zones = next(iter(places.values())).shape[0]
        result["measures"] = Place("f8", 0, names, (len(MEASURES), zones), fixed=True)
    if table is Levers:
        result["values"] = Place("f8", 0, (str(end),), (end,), fixed=True)
    if table in ROWS:
        first = next(iter(places.values()))
        names = str(len(places)), first.names[0]
        result["rows"] = Place("i8", 0, names, (len(places), first.shape[0]), fixed=True)
    return result


def _next_line(words: int) -> int:
    """Round up to whole lines of the cache.

    Columns that begin with a line are read by vectors that lie in one; else every second one
    would lie in two.
    """
    line = LINE // WORD
    return -(-words // line) * line


def tables(root: type[Table]) -> dict[str, type[Table]]:
    """Return a table and all tables inside it by name."""
    entries = {root.__name__: root}
    for part in parts(root).values():
        entries |= tables(part)
    return entries


@cache
def numbers(sizes: Sizes) -> dict[str, int]:
    """Return what depends on the sizes, by the name it bears in the compiled rules, in order.

    ``N_`` lengths of columns, ``O_`` offsets and ``W_`` lengths of records in words.
    """
    result = {f"N_{name}": length for name, length in sizes._asdict().items()}
    for name, table in (tables(World) | tables(Inputs)).items():
        laid = layout(table, sizes)  # type: ignore[arg-type] # a class is hashable
        result |= {
            f"O_{name}_{k}": p.offset for k, p in laid.places.items() if not p.fixed and not p.unit
        }
        result |= {f"O_{name}_{k}": p.offset for k, p in laid.parts.items() if not p.fixed}
        result |= {
            f"N_{length}": p.shape[n]
            for p in laid.places.values()
            for n, length in enumerate(p.names)
            if length.startswith(f"{name}_")
        }
        if not laid.fixed:
            result[f"W_{name}"] = laid.words
    return result
