"""Trees of a workbook: its entries nested as a folder's files nest theirs, with cells for lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xuchang_sim import definitions
from xuchang_sim.pack.workbook.sheets import SHEETS, Column, Sheet
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Place, Source, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xuchang_sim.pack.workbook.entries import Entry, EntryReader

__all__ = ["nested", "trees_of"]


def trees_of(file: str, tables: dict[str, list[Entry]], reader: EntryReader) -> dict[str, Source]:
    """Trees of the files of a pack, with cells for places."""
    below: dict[str, dict[Any, list[tuple[str, list[Any], Place]]]] = {}
    for sheet in SHEETS:
        above, key, inner = sheet.parent
        if not above:
            continue
        known = {e.values[key][0] for e in tables[above] if key in e.values}
        groups: dict[Any, list[Entry]] = {}
        for entry in tables[sheet.name]:
            mine, cell = entry.values.pop(sheet.columns[0].key, (None, entry.place))
            if mine is not None and mine in known:
                groups.setdefault(mine, []).append(entry)
            else:
                names = ", ".join(sorted(map(str, known)))[:200]
                reader.fault(
                    cell, phrase("sheet_fault.not_on", mine=shown(mine), above=above, names=names)
                )
        for name, entries in groups.items():
            items = [nested(entry, sheet.columns) for entry in entries]
            places = Place(entries[0].place, dict(enumerate(place for _, place in items)))
            held = (inner, [data for data, _ in items], places)
            below.setdefault(above, {}).setdefault(name, []).append(held)
    data: dict[str, dict[str, Any]] = {}
    roots: dict[str, Place] = {}
    for sheet in SHEETS:
        if sheet.parent[0]:
            continue
        root = roots.setdefault(sheet.file, Place(f"{sheet.name}!A1"))
        tree = data.setdefault(sheet.file, {})
        entries = tables[sheet.name]
        if not sheet.table:
            for entry in entries:
                content, place = nested(entry, sheet.columns)
                tree.update(content)
                root.parts.update(place.parts)
            continue
        if sheet.by_id:
            tree[sheet.table], root.parts[sheet.table] = _by_id(sheet, entries, reader)
            continue
        key = next((s.parent[1] for s in SHEETS if s.parent[0] == sheet.name), "")
        listed: list[Any] = []
        where = Place(f"{sheet.name}!A1")
        for entry in entries:
            content, place = nested(entry, sheet.columns)
            mine = entry.values.get(key, (None, ""))[0]
            for inner, items, inside in below.get(sheet.name, {}).get(mine, ()):
                content[inner], place.parts[inner] = items, inside
            where.parts[len(listed)] = place
            listed.append(content)
        tree[sheet.table], root.parts[sheet.table] = listed, where
    return {name: Source(file, tree, roots[name]) for name, tree in data.items()}


def _by_id(
    sheet: Sheet, entries: Iterable[Entry], reader: EntryReader
) -> tuple[dict[str, Any], Place]:
    """Rows of a sheet of definitions that state anything, by id."""
    result: dict[str, Any] = {}
    where = Place(f"{sheet.name}!A1")
    aside = {column.key for column in sheet.columns if column.kind == "aside"}
    for entry in entries:
        name, place = entry.values.pop("id", ("", entry.place))
        for key in aside:
            entry.values.pop(key, None)
        if not name:
            reader.fault(place, phrase("sheet_fault.id"))
        elif name in result:
            reader.fault(place, phrase("word.twice", id=name))
        elif entry.values.keys() - {"unit"} or not _is_defined(sheet, name):
            result[name], where.parts[name] = nested(entry, sheet.columns)
    return result, where


def _is_defined(sheet: Sheet, name: str) -> bool:
    known = definitions.levers() if sheet.table == "levers" else definitions.parameters()
    return name in known


def nested(entry: Entry, columns: Sequence[Column]) -> tuple[dict[str, Any], Place]:
    """Values of an entry as nested mappings, with the cell of each."""
    data: dict[Any, Any] = {}
    where = Place(entry.place)
    for column in columns:
        if column.key not in entry.values:
            continue
        value, cell = entry.values[column.key]
        inner, at = data, where
        for part in column.path[:-1]:
            inner = inner.setdefault(part, {})
            below = at.parts.setdefault(part, Place(cell))
            at = below if isinstance(below, Place) else Place(cell)
        inner[column.path[-1]] = value
        at.parts[column.path[-1]] = cell
    for key, held in data.items():  # a pair in two columns
        _paired(data, key, held)
    return data, where


def _paired(data: dict[Any, Any], key: Any, held: Any) -> None:
    """Turn mappings by position into lists, at any depth."""
    if not isinstance(held, dict):
        return
    for name, inner in list(held.items()):
        _paired(held, name, inner)
    if held and all(isinstance(part, int) for part in held):
        data[key] = [held[part] for part in sorted(held)]
