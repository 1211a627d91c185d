"""Workbooks: the same pack to the last bit, tolerant of how people type, hard on what is hostile."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

from xuchang_sim.pack.load import Pack, load_pack, shipped, validate_path
from xuchang_sim.pack.parcel import MAX_PLAIN
from xuchang_sim.pack.posterior import FILE
from xuchang_sim.pack.starter import new_pack, slug
from xuchang_sim.pack.workbook.sheets import FIRST, HISTORY, SHEETS
from xuchang_sim.pack.workbook.write import write_workbook
from xuchang_sim.pack.yaml_text import scalar
from xuchang_sim.yamlfile import InputError, read_yaml

HOME = shipped()[0]
EXAMPLE = shipped()[-1]
Edit = Callable[[Any], None]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "pack.xlsx"
    write_workbook(HOME, path)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "pack.xlsx"
    write_workbook(EXAMPLE, path)
    return path


def cell(ws: Any, key: str, row: str = "") -> Any:
    """Cell of a key, in a sheet of single values or in the row with this id."""
    if ws["A1"].value == "key":
        return next(ws.cell(r, 2) for r in range(2, ws.max_row + 1) if ws.cell(r, 1).value == key)
    heads = {ws.cell(1, c).value: c for c in range(1, ws.max_column + 1)}
    column = heads["id"]
    at = next(r for r in range(FIRST, ws.max_row + 1) if ws.cell(r, column).value == row)
    return ws.cell(at, heads[key])


def edited(path: Path, tmp_path: Path, edit: Edit) -> Path:
    wb = openpyxl.load_workbook(path)
    edit(wb)
    copy = tmp_path / "edited.xlsx"
    wb.save(copy)
    return copy


def same(one: Pack, two: Pack) -> None:
    for name in ("plan", "region", "parameters", "levers", "base", "calendar", "document"):
        assert getattr(one, name) == getattr(two, name), name
    for name in one.history:
        assert list(one.history[name]) == list(two.history[name])
    assert one.sha256 == two.sha256


def test_every_key_is_named_and_every_text_has_room(book: Path) -> None:
    wb = openpyxl.load_workbook(book)
    for sheet in SHEETS:
        ws = wb[sheet.name]
        single = ws["A1"].value == "key"
        for k in range(len(sheet.columns)):
            name = ws.cell(k + 2, 4).value if single else ws.cell(2, k + 1).value
            # In both languages, but for a column that is itself in one of them.
            assert name in {"中文名", "English name", "中文题名", "English title"} or " · " in name
        for row in ws.iter_rows(min_row=2):
            for cell_ in row:
                if not isinstance(cell_.value, str):
                    continue
                width = ws.column_dimensions[cell_.column_letter].width
                lines = min(8, len(cell_.value) // width)
                assert ws.row_dimensions[cell_.row].height >= 15.0 * lines
                assert cell_.alignment.wrap_text
        assert ws.page_setup.fitToHeight == 0


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: str(folder.name))
def test_round_trip_is_exact(folder: Path, tmp_path: Path) -> None:
    """Files to workbook to files to workbook: always the same pack."""
    book = tmp_path / "book.xlsx"
    write_workbook(folder, book)
    original = load_pack(folder)
    same(original, load_pack(book))
    made = new_pack(tmp_path / folder.name, book)
    same(original, load_pack(made))
    again = tmp_path / "again.xlsx"
    write_workbook(made, again)
    same(original, load_pack(again))


def test_assess_is_the_same_bit_for_bit(book: Path) -> None:
    """What a workbook does not hold stands beside it: calibrated draws and what they belong to."""
    for name in (FILE, "facts.yaml"):
        if (HOME / name).is_file():
            shutil.copyfile(HOME / name, book.parent / name)
    found = [
        subprocess.run(
            [sys.executable, "-m", "xuchang_sim", "assess", "-n", "20",
             "--json", "--pack", str(pack)],
            check=True, capture_output=True,
        ).stdout
        for pack in (HOME, book)
    ]  # fmt: skip
    assert found[0] == found[1]
    assert json.loads(found[0])["replicates"] == 20


def test_template_helps(book: Path) -> None:
    """Drop-downs, a row of units, names, notes."""
    wb = openpyxl.load_workbook(book)
    ws = wb["zones"]
    rules = {rule.formula1 for rule in ws.data_validations.dataValidation}
    assert '"R,D,S,U,J"' in rules
    assert "=sectors_id" in {r.formula1 for r in wb["leading"].data_validations.dataValidation}
    assert "zones_id" in wb.defined_names
    assert ws["A1"].comment is not None
    units = {ws.cell(1, c).value: ws.cell(3, c).value for c in range(1, ws.max_column + 1)}
    assert units["revenue_share"] == "比例"


def shortened(wb: Any, first: int, count: int) -> None:
    """Delete rows of help from every sheet that has them."""
    for ws in wb:
        if ws.title in HELPED:
            ws.delete_rows(first, count)


def titled(wb: Any) -> None:
    """Put a merged title above the keys of every sheet, with an empty row below it."""
    for ws in wb:
        if ws.title in HELPED or ws["A1"].value == "key":
            ws.insert_rows(1, 2)
            ws["A1"] = f"示例市：{ws.title}"
            ws.merge_cells("A1:D1")


#: Sheets with keys in row 1, words in row 2 and units in row 3.
HELPED = {sheet.name for sheet in SHEETS if sheet.table or sheet.parent[0]} | {HISTORY}

TYPED: dict[str, Edit] = {
    "separators": lambda wb: cell(wb["targets"], "value", "revenue").__setattr__("value", " 400.0"),
    "full width": lambda wb: cell(wb["targets"], "value", "revenue").__setattr__("value", "４００"),
    "with its unit": lambda wb: cell(wb["targets"], "value", "revenue").__setattr__(
        "value", " 400 亿元 "
    ),
    "another unit": lambda wb: cell(wb["targets"], "value", "revenue").__setattr__(
        "value", "4,000,000万元"
    ),
    "unit cut short": lambda wb: cell(wb["targets"], "value", "revenue").__setattr__(
        "value", "400亿"
    ),
    "ten thousands of persons": lambda wb: cell(wb["targets"], "value", "workers").__setattr__(
        "value", "4.8 万人"
    ),
    "hectares": lambda wb: cell(wb["levers"], "high", "linkage_land").__setattr__(
        "value", "20 公顷/年"
    ),
    "per cent": lambda wb: cell(wb["targets"], "value", "revenue_growth").__setattr__(
        "value", "25％"
    ),
    "per cent of a share": lambda wb: cell(wb["zones"], "revenue_share", "east").__setattr__(
        "value", "40 %"
    ),
    "trailing blanks": lambda wb: cell(wb["zones"], "name_zh", "east").__setattr__(
        "value", "东区产业集聚区 \u3000"
    ),
    "yes": lambda wb: cell(wb["zones"], "expands", "east").__setattr__("value", "是"),
    "a date": lambda wb: cell(wb["pack"], "information_date").__setattr__(
        "value", dt.date(2011, 4, 20)
    ),
    "a month as a date": lambda wb: cell(wb["pack"], "policy_month").__setattr__(
        "value", dt.date(2011, 5, 1)
    ),
    "a month in Chinese": lambda wb: cell(wb["pack"], "policy_month").__setattr__(
        "value", "2011年5月"
    ),
    "a list": lambda wb: cell(wb["pack"], "calendar.group_months").__setattr__(
        "value", "3、6，9; 11"
    ),
    "thousands": lambda wb: cell(wb["targets"], "value", "workers").__setattr__("value", "48,000"),
    "a quotient": lambda wb: cell(wb["pack"], "base.revenue.value").__setattr__(
        "value", "４００/1.25"
    ),
    "a year as text": lambda wb: cell(wb["pack"], "base_year").__setattr__("value", "2010 "),
    "capitals": lambda wb: cell(wb["zones"], "id", "east").__setattr__("value", "East "),
    "no hash": lambda wb: cell(wb["pack"], "document.sha256").__setattr__("value", None),
    "blank rows": lambda wb: wb["zones"].insert_rows(6, 2),
    "words and units deleted": lambda wb: shortened(wb, 2, 2),
    "words deleted": lambda wb: shortened(wb, 2, 1),
    "units deleted": lambda wb: shortened(wb, 3, 1),
    "a title above": titled,
}


@pytest.mark.parametrize("name", TYPED)
def test_typing_is_forgiven(name: str, small: Path, tmp_path: Path) -> None:
    assert load_pack(edited(small, tmp_path, TYPED[name])).sha256 == load_pack(EXAMPLE).sha256


def test_a_cell_shown_as_per_cent_counts_as_shown(small: Path, tmp_path: Path) -> None:
    def edit(wb: Any) -> None:
        share = cell(wb["targets"], "value", "revenue_growth")
        share.value, share.number_format = 0.25, "0%"
        rate = cell(wb["parameters"], "default", "base_rate")
        rate.value, rate.number_format = 0.0656, "0.00%"

    assert load_pack(edited(small, tmp_path, edit)).sha256 == load_pack(EXAMPLE).sha256


MEANING: dict[str, tuple[Edit, str, str]] = {
    "another kind of unit": (
        lambda wb: cell(wb["targets"], "value", "revenue").__setattr__("value", "2000 亩"),
        "targets!", "亩 is area, not money",
    ),
    "a unit where there is none": (
        lambda wb: cell(wb["zones"], "code", "east").__setattr__("value", "3 个"),
        "zones!", "has the unit 个; allowed: a number alone",
    ),
    "a decimal comma": (
        lambda wb: cell(wb["targets"], "value", "fai").__setattr__("value", "600,5"),
        "targets!", "a decimal comma?",
    ),
    "a word": (
        lambda wb: cell(wb["targets"], "value", "fai").__setattr__("value", "about 600"),
        "targets!", "must be a number",
    ),
    "a date for a number": (
        lambda wb: cell(wb["targets"], "value", "fai").__setattr__(
            "value", dt.date(2012, 6, 1)
        ),
        "targets!", "must be a number, not a date",
    ),
    "a percentage of money": (
        lambda wb: cell(wb["targets"], "value", "fai").__setattr__("value", "60%"),
        "targets!", "% is a pure number, not money",
    ),
    "maybe": (
        lambda wb: cell(wb["zones"], "expands", "east").__setattr__("value", "maybe"),
        "zones!", "must be TRUE or FALSE",
    ),
    "a choice": (
        lambda wb: cell(wb["zones"], "level", "east").__setattr__("value", "provinc"),
        "zones!", "did you mean 'province'?",
    ),
    "shares": (
        lambda wb: cell(wb["zones"], "revenue_share", "east").__setattr__("value", 0.5),
        "zones!", "adds up to 1.1",
    ),
    "an unknown sector": (
        lambda wb: wb["leading"].cell(FIRST, 2).__setattr__("value", "foodss"),
        "leading!", "did you mean 'food'?",
    ),
    "an unknown zone": (
        lambda wb: wb["leading"].cell(FIRST, 1).__setattr__("value", "eastt"),
        "leading!A4", "is not on the sheet zones",
    ),
    "a quotation": (
        lambda wb: cell(wb["rows"], "quote", "workers").__setattr__("value", "从业人员达到5万人"),
        "rows!", "is not in the document",
    ),
    "a key": (
        lambda wb: wb["zones"].cell(1, 5).__setattr__("value", "levell"),
        "zones!E1", "did you mean 'level'?",
    ),
    "a period": (
        lambda wb: wb["history"].cell(FIRST + 3, 4).__setattr__("value", "2012-13"),
        "history!D7", "is not a period",
    ),
    "a cell beside the table": (
        lambda wb: wb["zones"].cell(6, 40).__setattr__("value", "note to self"),
        "zones!AN6", "stands in a column without a key",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANING)
def test_meaning_is_strict(name: str, small: Path, tmp_path: Path) -> None:
    edit, place, message = MEANING[name]
    problems = validate_path(edited(small, tmp_path, edit))
    told = [str(problem) for problem in problems]
    assert any(place in text and message in text for text in told), told


def test_a_bare_number_as_a_period_is_one_fault_with_its_cell(book: Path, tmp_path: Path) -> None:
    """2008.1 may be January or October; that October is missing then is no second fault."""

    def edit(wb: Any) -> None:
        periods = next(wb["history"].iter_cols(4, 4, FIRST))
        next(cell for cell in periods if cell.value == "2008-10").value = 2008.1

    (fault,) = validate_path(edited(book, tmp_path, edit))
    assert fault.path.startswith("history!D")
    assert "January or October" in fault.message


def test_all_faults_come_at_once(small: Path, tmp_path: Path) -> None:
    def edit(wb: Any) -> None:
        for change, _, _ in (MEANING[n] for n in ("a word", "maybe", "a choice", "a quotation")):
            change(wb)

    told = "\n".join(map(str, validate_path(edited(small, tmp_path, edit))))
    for _, place, message in (MEANING[n] for n in ("a word", "maybe", "a choice", "a quotation")):
        assert place in told
        assert message in told


# ------------------------------------------------------------------------------- hostile


def parcel(book: Path, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """Take a workbook apart, change its parts, and put it together again."""
    with zipfile.ZipFile(book) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    change(parts)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return stream.getvalue()


def bomb(parts: dict[str, bytes]) -> None:
    parts["xl/media/image1.png"] = bytes(MAX_PLAIN + 1)


def infect(parts: dict[str, bytes], doctype: str, entity: str) -> None:
    """Put a document type before a sheet and its entity into the first text."""
    name = "xl/workbook.xml"
    plain = (
        parts[name].decode().partition("?>")[2]
        if parts[name][:2] == b"<?"
        else parts[name].decode()
    )
    text = plain.replace('name="zones"', f'name="{entity}"', 1)
    assert text != plain
    parts[name] = (doctype + text).encode()


def laughs(parts: dict[str, bytes]) -> None:
    entities = "".join(
        f'<!ENTITY l{i} "{"&l" + str(i - 1) + ";" if i else "ha"}{(f"&l{i - 1};" if i else "ha") * 9}">'
        for i in range(12)
    )
    infect(parts, f'<?xml version="1.0"?><!DOCTYPE x [{entities}]>', "&l11;")


def outside(parts: dict[str, bytes]) -> None:
    doctype = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    infect(parts, doctype, "&e;")


def spread(parts: dict[str, bytes], tag: str) -> None:
    """Merge, or link, all cells of a sheet: a reader that makes an object of each never ends."""
    name = "xl/worksheets/sheet1.xml"
    text = f'<{tag}s><{tag} ref="A1:XFD1048576"/></{tag}s>'.encode()
    assert b"</sheetData>" in parts[name]
    parts[name] = parts[name].replace(b"</sheetData>", b"</sheetData>" + text)


def far_cell(wb: Any) -> None:
    wb["zones"]["XFD1048576"] = 1


def formula(text: str) -> Edit:
    return lambda wb: cell(wb["zones"], "revenue_share", "east").__setattr__("value", text)


def hide_row(wb: Any) -> None:
    wb["zones"].row_dimensions[FIRST].hidden = True


def hide_column(wb: Any) -> None:
    wb["zones"].column_dimensions["F"].hidden = True


def hide_sheet(wb: Any) -> None:
    wb["levers"].sheet_state = "veryHidden"


def drop_sheet(wb: Any) -> None:
    del wb["levers"]


def escape(wb: Any) -> None:
    wb["history"].cell(FIRST, 1).value = "../../evil.csv"


def error(wb: Any) -> None:
    target = cell(wb["zones"], "revenue_share", "east")
    target.value, target.data_type = "#REF!", "e"


HOSTILE: dict[str, tuple[str | Edit | Callable[[Path], bytes], str]] = {
    "zip bomb": (lambda b: parcel(b, bomb), "unpacks to"),
    "billion laughs": (lambda b: parcel(b, laughs), "cannot be read as a workbook"),
    "external entity": (lambda b: parcel(b, outside), "cannot be read as a workbook"),
    "external link": (
        lambda b: parcel(b, lambda p: p.__setitem__("xl/externalLinks/externalLink1.xml", b"<x/>")),
        "links to other workbooks",
    ),
    "macros": (lambda b: parcel(b, lambda p: p.__setitem__("xl/vbaProject.bin", b"x")), "macros"),
    "old format": (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old or encrypted"),
    "cut off": (lambda b: b.read_bytes()[:20_000], "is damaged"),
    "text": (lambda _: "地区,份额\n".encode("gb18030"), "is not a workbook"),
    "another zip": (lambda _: parcel_of({"a.txt": b"a"}), "is a zip file but not a workbook"),
    "broken part": (
        lambda b: parcel(b, lambda p: p.__setitem__("xl/styles.xml", b"<styleSheet")),
        "cannot be read as a workbook",
    ),
    "far cell": (far_cell, "zones: reaches to row 1,048,576"),
    "merged cells": (lambda b: parcel(b, lambda p: spread(p, "mergeCell")), "merges or links 17,"),
    "linked cells": (lambda b: parcel(b, lambda p: spread(p, "hyperlink")), "merges or links 17,"),
    "formula without a value": (formula("=0.2+0.2"), "zones!F4: holds the formula"),
    "formula that reaches outside": (
        formula('=WEBSERVICE("http://localhost/x")'), "which reaches outside",
    ),
    "formula to another book": (formula("=[1]Sheet1!$A$1"), "which reaches outside"),
    "hidden row": (hide_row, "zones!4:4: is a hidden row"),
    "hidden column": (hide_column, "zones!F:F: is a hidden column"),
    "hidden sheet": (hide_sheet, "levers: is a hidden sheet"),
    "missing sheet": (drop_sheet, "levers: sheet is missing"),
    "path out of the pack": (escape, "history!A4: "),
    "error value": (error, "zones!F4: holds the error #REF!"),
}  # fmt: skip


def parcel_of(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return stream.getvalue()


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workbooks_get_a_message_with_the_place(
    name: str, small: Path, tmp_path: Path
) -> None:
    """Exit code 2, one line a fault, no traceback, within two gigabytes of address space."""
    make, message = HOSTILE[name]
    path = tmp_path / "hostile.xlsx"
    if make in {far_cell, hide_row, hide_column, hide_sheet, drop_sheet, escape, error} or (
        name.startswith("formula")
    ):
        path = edited(small, tmp_path, make)  # type: ignore[arg-type]
    else:
        path.write_bytes(make(small))  # type: ignore[arg-type, operator]
    done = subprocess.run(
        [sys.executable, "-m", "xuchang_sim", "validate", str(path)],
        check=False, capture_output=True, text=True, preexec_fn=limited,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert message in done.stderr, done.stderr[-2000:]
    assert str(path) in done.stderr
    assert "root" not in done.stdout


def test_a_formula_with_a_stored_value_counts(small: Path, tmp_path: Path) -> None:
    """As Excel saves it; openpyxl stores no values, so the part is written by hand."""

    def change(parts: dict[str, bytes]) -> None:
        for name, content in parts.items():
            if name.startswith("xl/worksheets/sheet") and b'r="F4"' in content:
                text = content.decode()
                start = text.index('r="F4"')
                value = text.index("<v>", start)
                if text[value : value + 10].startswith("<v>0.4</v>"):
                    parts[name] = (text[:value] + "<f>0.2+0.2</f>" + text[value:]).encode()

    path = tmp_path / "stored.xlsx"
    path.write_bytes(parcel(small, change))
    assert b"0.2+0.2" in b"".join(
        zipfile.ZipFile(path).read(n) for n in zipfile.ZipFile(path).namelist()
    )
    assert load_pack(path).sha256 == load_pack(EXAMPLE).sha256


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_a_text_is_never_a_formula(text: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "pack"))
    path = folder / "region.yaml"
    name = json.dumps(text)
    path.write_text(path.read_text(encoding="utf-8").replace("name_en: East", f"name_en: {name}"))
    book = tmp_path / "book.xlsx"
    write_workbook(folder, book)
    wb = openpyxl.load_workbook(book)
    assert not [c for ws in wb for row in ws.iter_rows() for c in row if c.data_type == "f"]
    assert load_pack(book).region.zone("east").name_en == text.strip()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=150, deadline=None)
def test_a_value_survives_as_yaml(text: str) -> None:
    """Whatever a cell may hold is one line of YAML that reads as the same."""
    import tempfile

    line = scalar(text)
    assert len(line.splitlines()) == 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_text(f"a: {line}\nb: 1\n", encoding="utf-8", newline="")
        problems: list[Any] = []
        source = read_yaml(path, problems)
    assert not problems
    assert source is not None
    assert source.data == {"a": text, "b": 1}
    assert source.line(["b"]) == 2


# ----------------------------------------------------------------------------------- new


def test_new_packs_run_as_they_are(tmp_path: Path) -> None:
    folder = new_pack(tmp_path / "我的城市 2016")
    book = new_pack(tmp_path / "My City", excel=True)
    assert load_pack(folder).name == "pack_2016"
    assert load_pack(book).name == "my_city"
    assert load_pack(book.parent).sha256 == load_pack(book).sha256
    assert slug("--") == "pack"


def test_new_leaves_what_is_there_alone(tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is in use"):
        new_pack(tmp_path / "used")
    assert [p.name for p in (tmp_path / "used").iterdir()] == ["mine.txt"]
    with pytest.raises(InputError, match="is not a pack"):
        new_pack(tmp_path / "other", "nowhere")
    assert not (tmp_path / "other").exists()
    with pytest.raises(
        InputError, match="a name for a workbook; allowed: a folder for it, such as b"
    ):
        new_pack(tmp_path / "b.xlsx", excel=True)
    assert not (tmp_path / "b.xlsx").exists()


def test_example_is_plainly_invented() -> None:
    pack = load_pack(EXAMPLE)
    assert "虚构" in pack.title_zh
    assert "invented" in pack.title_en
