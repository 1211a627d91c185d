"""Workbooks: a damaged cell or row is refused with its cell, or makes another pack."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest

from tests.faults import damage, judge
from tests.faults.test_faults_packs import meant, stated
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.pack import Pack
from xuchang_sim.pack.read import read_pack
from xuchang_sim.pack.workbook.read import Book, read_book
from xuchang_sim.pack.workbook.sheets import FIRST
from xuchang_sim.pack.workbook.write import write_workbook
from xuchang_sim.yamlfile import InputError, Problem

SMALL = shipped()[-1]
RICH = re.compile(r't="inlineStr"><is><t[^>]*>(.*?)</t></is></c>', re.DOTALL)
ROW = re.compile(r'<row r="(\d+)"[^>]*>.*?</row>', re.DOTALL)


@dataclass(frozen=True)
class Parts:
    """A workbook taken apart: its parts, and the cells that state something, by sheet."""

    parts: dict[str, str | bytes]
    cells: dict[str, dict[str, str]]
    sheets: dict[str, str]  # part of each sheet

    def changed(self, name: str, text: str) -> bytes:
        """Return the workbook with another sheet."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as out:
            for part, content in self.parts.items():
                out.writestr(part, text if part == self.sheets[name] else content)
        return stream.getvalue()


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    path = tmp_path_factory.mktemp("book") / "pack.xlsx"
    write_workbook(SMALL, path)
    book = openpyxl.load_workbook(path)
    with zipfile.ZipFile(path) as parcel:
        parts: dict[str, str | bytes] = {name: parcel.read(name) for name in parcel.namelist()}
    sheets = {ws.title: f"xl/worksheets/sheet{n}.xml" for n, ws in enumerate(book.worksheets, 1)}
    for part in sheets.values():
        content = parts[part]
        assert isinstance(content, bytes)
        # Texts as plain values: read in half the time of rich ones, to the same content.
        parts[part] = RICH.sub(r't="str"><v>\1</v></c>', content.decode())
    first = {ws.title: 2 if ws["A4"].value and ws.title == "pack" else FIRST for ws in book}
    cells = {
        ws.title: {
            cell.coordinate: str(cell.value)
            for row in ws.iter_rows(min_row=first[ws.title])
            for cell in row
            if cell.value is not None and (ws.title != "pack" or cell.column == 2)
        }
        for ws in book
        if ws.title not in {"guide", "document"}
    }
    return Parts(parts, {name: held for name, held in cells.items() if held}, sheets)


def mutated(kind: str, rng: Random, taken: Parts) -> tuple[str, str, str, str]:
    """Return the sheet, what was there, what is there now, and the text of the sheet."""
    if kind in {"drop", "double"}:
        name = rng.choice(list(taken.cells))
        text = str(taken.parts[taken.sheets[name]])
        rows = {int(match[1]): match for match in ROW.finditer(text)}
        number = rng.choice(sorted({int(re.sub("[A-Z]", "", at)) for at in taken.cells[name]}))
        match = rows[number]
        if kind == "drop":
            return name, f"row {number}", "", text.replace(match[0], "")
        below = max(rows) + 1
        again = match[0].replace(f'<row r="{number}"', f'<row r="{below}"')
        again = re.sub(rf'(<c r="[A-Z]+){number}"', rf'\g<1>{below}"', again)
        return (
            name,
            f"row {number}",
            f"row {below}",
            text.replace("</sheetData>", again + "</sheetData>"),
        )
    able = [
        (name, at, text)
        for name, held in taken.cells.items()
        for at, text in held.items()
        if damage.can(kind, f" {text} ")
    ]
    name, at, text = rng.choice(able)
    new = damage.mutated(kind, rng, f" {text} ").text.strip()
    if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", new):
        cell = f"<v>{new}</v></c>"
        begin = f'<c r="{at}">'
    else:
        begin = f'<c r="{at}" t="inlineStr">'
        cell = f"<is><t>{escape(new)}</t></is></c>"
    whole = str(taken.parts[taken.sheets[name]])
    there = re.search(rf'<c r="{at}"[^>]*>.*?</c>', whole)
    assert there
    return name, f"{at} {text}", new, whole.replace(there[0], begin + cell)


def content(book: Book) -> Any:
    """What the reader of workbooks sees in one."""
    trees = {name: stated(source.data) for name, source in book.trees.items()}
    return trees, book.document, {name: text for name, (text, _) in book.tables.items()}


def loaded(path: Path) -> tuple[Book, Pack]:
    """Content and pack of a workbook, read once; refused as :func:`load_pack` refuses it."""
    problems: list[Problem] = []
    book = read_book(path, problems)
    pack = read_pack(book, problems) if book else None
    if problems or book is None or pack is None:
        raise InputError(problems)
    return book, pack


def test_damaged_cells_are_refused_or_change_the_hash(
    taken: Parts, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = tmp_path / "pack.xlsx"
    write_workbook(SMALL, path)
    for extra in SMALL.glob("facts.yaml"):
        shutil.copyfile(extra, tmp_path / extra.name)
    whole = loaded(path)[0]
    usual, there = load_pack(path).sha256, content(whole)
    path.write_bytes(taken.changed("rows", str(taken.parts[taken.sheets["rows"]])))
    assert content(loaded(path)[0]) == there
    tally = damage.Tally("workbooks", "tests/faults/test_faults_workbooks.py", record_property)
    for n in tally.numbers(8):
        kind, rng = damage.kind_of(n), damage.source(n)
        name, old, new, text = mutated(kind, rng, taken)
        path.write_bytes(taken.changed(name, text))
        with tally.trying(n, kind, (name, old, new)):
            try:
                book, pack = loaded(path)
            except InputError as error:
                tally.refuse(kind, error, path.name)
                continue
            meant(pack)
            for file in ("plan.yaml", "pack.yaml"):
                changed = judge.faults(
                    file, whole.trees[file].data, book.trees[file].data, book.document
                )
                assert not changed, changed
            assert (pack.sha256 == usual) is (content(book) == there)
    tally.close()
