"""Write a pack as a workbook: every sheet one table, with drop-downs, units and the definitions' values.

Keys stand in row 1, words in row 2, units and choices in row 3, data below.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from xuchang_sim import definitions
from xuchang_sim.definitions.amounts import quantity
from xuchang_sim.files import write as write_file
from xuchang_sim.pack import forms
from xuchang_sim.pack.cited import read_table
from xuchang_sim.pack.history import CONFIDENCE
from xuchang_sim.pack.read import read_folder
from xuchang_sim.pack.workbook.file import MAX_TEXT
from xuchang_sim.pack.workbook.labels import hint, label_of
from xuchang_sim.pack.workbook.sheets import (
    BY_NAME,
    DOCUMENT,
    FIRST,
    HISTORY,
    HISTORY_COLUMNS,
    LINE_END,
    REFERENCES,
    SHEETS,
    Column,
    Sheet,
)
from xuchang_sim.pack.workbook.style import lay_out, put_aside, put_heading, put_note, put_value
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, Source, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from xuchang_sim.pack.pack import Pack

__all__ = ["write_workbook"]


def write_workbook(folder: Path, path: Path) -> None:
    """Write the pack in a folder as a workbook.

    Parameters
    ----------
    folder : Path
        A pack that loads.
    path : Path
        File to write; replaced as a whole.

    Raises
    ------
    InputError
        If the pack does not load, or holds what a cell cannot.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from xuchang_sim.pack.load import shipped
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "pack.xlsx"
    ...     write_workbook(shipped()[0], path)
    ...     path.exists()
    True
    """
    pack = read_folder(folder)
    problems: list[Problem] = []
    data = {
        name: _SPELT.get(name, _same)(source).data
        for name in sorted({sheet.file for sheet in SHEETS if sheet.file})
        if (source := read_yaml(folder / name, problems))
    }
    book = Workbook()
    _guide(book.active, pack)
    for sheet in SHEETS:
        _write_sheet(book.create_sheet(sheet.name), sheet, _entries(sheet, data))
    _write_document(book.create_sheet(DOCUMENT), pack.document, folder, problems)
    _write_history(book.create_sheet(HISTORY), pack)
    _refer(book)
    too_long = [
        Problem(str(path), f"{ws.title}!{cell.coordinate}", 0, phrase("sheet_fault.long_cell"))
        for ws in book.worksheets
        for row in ws.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and len(cell.value) > MAX_TEXT
    ]
    if problems or too_long:
        raise InputError([*problems, *too_long])
    stream = io.BytesIO()
    book.save(stream)
    write_file(path, stream.getvalue())


def _same(source: Source) -> Source:
    return source


_SPELT = {
    "pack.yaml": forms.spell_out_pack,
    "region.yaml": forms.spell_out_region,
    "plan.yaml": forms.spell_out_plan,
}


def _entries(sheet: Sheet, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Entries of a sheet as plain mappings; those of a child carry their parent's key."""
    if sheet.parent[0]:
        above, key, inner = sheet.parent
        mine = sheet.columns[0].key
        return [
            {mine: entry[key], **item}
            for entry in _entries(BY_NAME[above], data)
            for item in entry.get(inner) or ()
        ]
    content = data[sheet.file]
    if sheet.by_id:
        return list(_defined_rows(sheet, content.get(sheet.table) or {}))
    return [content] if not sheet.table else list(content.get(sheet.table) or ())


def _defined_rows(sheet: Sheet, stated: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for everything that is defined, with what the pack states of it."""
    known: Mapping[str, Any] = (
        definitions.levers() if sheet.table == "levers" else definitions.parameters()
    )
    for name, what in known.items():
        row = {"id": name, "name": str(what.label), "unit": what.unit}
        if isinstance(what, definitions.Lever):
            row["does"] = str(what.does)
            levels = "各级为 · all at" if what.local else "定义 · defined:"
            numbers = [what.neutral] if what.local else what.levels
        else:
            levels = "须填 · to be filled in" if what.local else "定义 · defined:"
            numbers = [] if what.local else [what.default]
        row["defined"] = " ".join([levels, *(f"{x:g}" for x in numbers)])
        yield {**row, **stated.get(name, {})}


def _at(entry: Any, path: Sequence[str | int]) -> Any:
    """Value at a path, or None."""
    for part in path:
        if isinstance(entry, str) and part == "kind":
            return entry  # "prior: triangular" is short for a mapping with a kind
        try:
            entry = entry[part]
        except (LookupError, TypeError):
            return None
    return entry if not isinstance(entry, dict) else None


def _parted(entry: dict[str, Any], sheet: Sheet) -> dict[str, Any]:
    """Entry whose value stands apart from its unit, where there is a column for it."""
    value = entry.get("value")
    if not isinstance(value, str) or "unit" in entry or "unit" not in _keys_of(sheet):
        return entry
    try:
        read = quantity(value)
    except ValueError:
        return entry
    if read.unit is None:
        return entry
    number = value.strip().removesuffix(read.unit).strip()
    plain = re.fullmatch(r"[-+]?[0-9]+", number)
    decimal = re.fullmatch(r"[-+]?[0-9]*\.[0-9]+", number)
    shown_as: Any = int(number) if plain else float(number) if decimal else number
    return {**entry, "value": shown_as, "unit": read.unit}


def _keys_of(sheet: Sheet) -> set[str]:
    return {column.key for column in sheet.columns}


def _place_of(sheet: Sheet, key: str) -> int:
    """Number of a column, from 1."""
    return [column.key for column in sheet.columns].index(key) + 1


def _offer(ws: Any, choices: Sequence[str], where: str) -> None:
    """Offer the units of a kind, as many as a drop-down holds."""
    held: list[str] = []
    for choice in choices:
        if len(",".join([*held, choice])) > LONGEST_LIST:
            break
        held.append(choice)
    _validate(ws, '"' + ",".join(held) + '"', where, strict=False)


LONGEST_LIST = 250  # characters of a list of choices, by Excel's rule


def _write_sheet(ws: Any, sheet: Sheet, entries: list[dict[str, Any]]) -> None:
    if not sheet.table and not sheet.parent[0]:
        _write_values(ws, sheet, entries[0])
        return
    _heads(ws, sheet.columns, sheet.title)
    for r, entry in enumerate(entries, FIRST):
        for c, column in enumerate(sheet.columns, 1):
            value = _at(_parted(entry, sheet), column.path)
            if column.kind == "aside":
                put_aside(ws.cell(r, c), str(value or ""))
            else:
                put_value(ws.cell(r, c), value)
                if column.kind == "amount":
                    ws.cell(r, c).number_format = "@" if isinstance(value, str) else "General"
        if sheet.by_id:
            kindred = definitions.levers() if sheet.table == "levers" else definitions.parameters()
            letter = get_column_letter(_place_of(sheet, "unit"))
            _offer(ws, kindred[entry["id"]].kindred(), f"{letter}{r}")
    _restrict(ws, sheet, FIRST, max(len(entries) + FIRST + 200, 300))
    lay_out(ws)


def _write_values(ws: Any, sheet: Sheet, entry: dict[str, Any]) -> None:
    """Write single values one a line: key, value, unit or choices, meaning."""
    heads = ("key", 34), ("value", 60), ("allowed", 30), ("meaning", 52)
    for c, (text, width) in enumerate(heads, 1):
        put_heading(ws.cell(1, c), text)
        ws.column_dimensions["ABCD"[c - 1]].width = width
    put_note(ws.cell(1, 1), sheet.title)
    for r, column in enumerate(sheet.columns, 2):
        put_heading(ws.cell(r, 1), column.key)
        put_value(ws.cell(r, 2), _at(entry, column.path))
        put_aside(ws.cell(r, 3), hint(column))
        put_aside(ws.cell(r, 4), label_of(column))
        _choose(ws, column, f"B{r}")
    ws.freeze_panes = "B2"
    lay_out(ws)


def _heads(ws: Any, columns: Sequence[Column], title: str) -> None:
    for c, column in enumerate(columns, 1):
        put_heading(ws.cell(1, c), column.key)
        put_aside(ws.cell(2, c), label_of(column))
        put_aside(ws.cell(3, c), hint(column))
        wide = column.kind in {"text", "line"} and not column.key.startswith("mark")
        ws.column_dimensions[get_column_letter(c)].width = 30 if wide else 14
    put_note(ws.cell(1, 1), title)
    ws.freeze_panes = ws.cell(FIRST, 2)


def _restrict(ws: Any, sheet: Sheet, first: int, last: int) -> None:
    """Give columns of choices their drop-downs."""
    for c, column in enumerate(sheet.columns, 1):
        letter = get_column_letter(c)
        where = f"{letter}{first}:{letter}{last}"
        other = REFERENCES.get((sheet.name, column.key))
        if other:
            _validate(ws, f"={other}_id", where)
        else:
            _choose(ws, column, where)


def _choose(ws: Any, column: Column, where: str) -> None:
    choices = column.choices if column.kind == "choice" else ()
    if column.kind == "flag":
        choices = ("TRUE", "FALSE")
    if choices:
        _validate(ws, '"' + ",".join(choices) + '"', where)


def _validate(ws: Any, formula: str, where: str, *, strict: bool = True) -> None:
    rule = DataValidation(type="list", formula1=formula, allow_blank=True, showDropDown=False)
    rule.error = "请从下拉列表中选择 · choose from the list"
    rule.showErrorMessage = strict
    ws.add_data_validation(rule)
    rule.add(where)


def _refer(book: Any) -> None:
    """Name the columns of ids, for drop-downs and for formulas beside the tables."""
    for sheet in SHEETS:
        if not sheet.table:
            continue
        ws = book[sheet.name]
        for c, column in enumerate(sheet.columns, 1):
            letter = get_column_letter(c)
            name = f"{sheet.name}_{column.key.replace('.', '_')}"
            place = f"{sheet.name}!${letter}${FIRST}:${letter}${max(ws.max_row, FIRST)}"
            book.defined_names[name] = DefinedName(name, attr_text=place)


def _guide(ws: Any, pack: Pack) -> None:
    """Write the first sheet: how the workbook is meant, and what stands on each sheet."""
    ws.title = "guide"
    lines = [
        f"{pack.title_zh} · {pack.title_en}",
        "每张表第 1 行是键，不要改；第 2 行是名称，第 3 行是单位或可选值，第 4 行起是数据。",
        "Row 1 of a sheet holds keys and must stay; row 2 names, row 3 units or choices; data from row 4.",
        "数字可写 2,000、2000 亿元、40%；单位换算后必须与该行单位一致。公式须有已存数值；隐藏的行列会被拒绝。",
        "Numbers may be typed as 2,000 or 2000亿元 or 40%; formulas need stored values; nothing may be hidden.",
        "检查 · check:  xuchang-sim validate 本文件.xlsx",
        "运行 · run:    xuchang-sim assess --pack 本文件.xlsx",
        "",
        *(f"{sheet.name}: {sheet.title}" for sheet in SHEETS),
        "document: 文件全文，一行一格 · text of the document, one line a cell",
        "history: 历史数据，一行一个数 · figures of all tables, one a row",
    ]
    put_heading(ws.cell(1, 1), lines[0])
    for r, line in enumerate(lines[1:], 2):
        put_value(ws.cell(r, 1), line)
    ws.column_dimensions["A"].width = 110
    lay_out(ws)


def _write_document(ws: Any, text: str, folder: Path, problems: list[Problem]) -> None:
    if ILLEGAL_CHARACTERS_RE.search(text):
        message = phrase("sheet_fault.control")
        problems.append(Problem(str(folder), DOCUMENT, 0, message))
        return
    put_heading(ws.cell(1, 1), "text")
    put_heading(ws.cell(1, 2), LINE_END)
    put_note(ws.cell(1, 2), "最后一行是否以换行结束 · whether the last line ends in a line end")
    ws.cell(2, 2).value = text.endswith("\n")
    for r, line in enumerate(text.removesuffix("\n").split("\n"), 2):
        put_value(ws.cell(r, 1), line or None)
    ws.column_dimensions["A"].width = 120


def _write_history(ws: Any, pack: Pack) -> None:
    _heads(ws, HISTORY_COLUMNS, "历史数据 · figures")
    files = [entry.entry.file for entry in pack.history.values()]
    tables = read_files_of(pack, files)
    r = FIRST
    for name, records in tables.items():
        for record in records:
            for c, value in enumerate((name, *record[:-1]), 1):
                put_value(ws.cell(r, c), value)
            r += 1
    choices = [
        c._replace(choices=CONFIDENCE) if c.key == "confidence" else c for c in HISTORY_COLUMNS
    ]
    sheet = Sheet(HISTORY, "", "", tuple(choices), "")
    _restrict(ws, sheet, FIRST, r + 200)


def read_files_of(pack: Pack, files: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """All tables of a pack by file name, those of its series and those kept as evidence."""
    source = read_yaml(pack.folder / "pack.yaml", [])
    content: Any = forms.spell_out_pack(source).data if source else {}
    names = [*files, *(entry["file"] for entry in content.get("evidence") or ())]
    return {name: read_table(pack.folder / name, []) for name in dict.fromkeys(names)}
