"""Packs of the first edition: folder and workbook become the same pack in the present form."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from xuchang_sim.pack.convert import convert_pack
from xuchang_sim.pack.load import load_pack, shipped, validate_path
from xuchang_sim.pack.workbook.write import write_workbook
from xuchang_sim.pack.yaml_text import flow
from xuchang_sim.yamlfile import InputError

PACK = load_pack(shipped()[-1])
#: Units that the first edition wrote for another kind than is meant.
OLD_UNITS = {
    **dict.fromkeys(("base_rate", "rate_medium", "rate_long"), "%"),
    **dict.fromkeys(("announced_yield", "revenue_per_capital"), "倍"),
}


def levers() -> list[dict[str, Any]]:
    """Every lever of the pack as the first edition declared it."""
    return [
        {"id": name, "axis": "land", "kind": "level", "unit": lever.unit, "absent": lever.absent,
         "low": lever.low, "plan": lever.plan, "high": lever.high, "range": list(lever.range),
         "label_zh": lever.label_zh, "label_en": lever.label_en, "note": lever.note}
        for name, lever in PACK.levers.items()
    ]  # fmt: skip


def parameters() -> list[dict[str, Any]]:
    """Every parameter of the pack as the first edition declared it, and one that only readers used."""
    found: list[dict[str, Any]] = []
    for name, parameter in PACK.parameters.items():
        entry = {
            "id": name, "row": "B1.1", "default": parameter.default,
            "unit": OLD_UNITS.get(name, parameter.unit), "role": "model",
            "mark": parameter.mark, "source": parameter.source,
        }  # fmt: skip
        if parameter.range:
            entry["range"] = list(parameter.range)
        if parameter.kind != "fixed":
            spread = {"normal": "sd", "lognormal": "sigma"}.get(parameter.kind)
            prior: Any = {"kind": parameter.kind, spread: parameter.spread} if spread else None
            entry["prior"] = prior or parameter.kind
        found.append(entry)
    extra = {"id": "number_of_zones", "row": "B1.1", "default": 9, "unit": "区", "role": "base",
             "mark": "R", "source": "judgement"}  # fmt: skip
    return [*found, extra]


def old_folder(place: Path) -> Path:
    folder = Path(shutil.copytree(PACK.folder, place / "old"))
    for table, entries in (("levers", levers()), ("parameters", parameters())):
        lines = [f"  - {flow(entry)}\n" for entry in entries]
        (folder / f"{table}.yaml").write_text(f"{table}:\n" + "".join(lines), encoding="utf-8")
    region = folder / "region.yaml"
    text = region.read_text(encoding="utf-8")
    plain = re.sub(r"(threshold: [0-9.]+) 亿元", r"\1", text)
    region.write_text(plain, encoding="utf-8")
    return folder


def old_book(place: Path) -> Path:
    """Write the workbook of the first edition, with its keys in row 1 and data from row 4 on."""
    write_workbook(PACK.folder, place / "old.xlsx")
    book = openpyxl.load_workbook(place / "old.xlsx")
    for name, entries in (("levers", levers()), ("parameters", parameters())):
        at = book.sheetnames.index(name)
        del book[name]
        ws = book.create_sheet(name, at)
        flat = [_flat(entry, pair=name == "levers") for entry in entries]
        keys = list(dict.fromkeys(key for entry in flat for key in entry))
        for c, key in enumerate(keys, 1):
            ws.cell(1, c).value = key
            for r, entry in enumerate(flat, 4):
                ws.cell(r, c).value = entry.get(key)
    _split_thresholds(book["targets"])
    ws = book["clusters"]
    column = next(c for c in range(1, ws.max_column + 1) if ws.cell(1, c).value == "threshold")
    for row in range(4, ws.max_row + 1):
        if ws.cell(row, column).value is not None:
            ws.cell(row, column).value = float(str(ws.cell(row, column).value).split()[0])
    book.save(place / "old.xlsx")
    return place / "old.xlsx"


def _flat(entry: dict[str, Any], *, pair: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if key == "range" and pair:
            found |= {"range.0": value[0], "range.1": value[1]}
        elif key == "range":
            found["range"] = "; ".join(map(repr, value))
        elif key == "prior":
            prior = value if isinstance(value, dict) else {"kind": value}
            found |= {f"prior.{k}": v for k, v in prior.items()}
        else:
            found[key] = value
    return found


def _split_thresholds(ws: Any) -> None:
    column = next(c for c in range(1, ws.max_column + 1) if ws.cell(1, c).value == "threshold")
    ws.cell(1, column).value = "threshold.value"
    last = ws.max_column + 1
    ws.cell(1, last).value = "threshold.unit"
    for row in range(4, ws.max_row + 1):
        if ws.cell(row, column).value is not None:
            number, unit = str(ws.cell(row, column).value).split()
            ws.cell(row, column).value, ws.cell(row, last).value = float(number), unit


@pytest.mark.parametrize("form", ["folder", "workbook", "workbook with titles"])
def test_the_converted_pack_is_the_same_pack(form: str, tmp_path: Path) -> None:
    old = old_folder(tmp_path) if form == "folder" else old_book(tmp_path)
    if form == "workbook with titles":
        book = openpyxl.load_workbook(old)
        for name in ("targets", "clusters", "zones"):
            book[name].insert_rows(1)
            book[name]["A1"] = f"示例市：{name}"
        book.save(old)
    left_out = convert_pack(old, tmp_path / "new")
    assert [line for line in left_out if "number_of_zones" in line]
    found = load_pack(tmp_path / "new")
    assert found.parameters == PACK.parameters
    for (
        name,
        lever,
    ) in found.levers.items():  # notes on levels that are the definition's are left out
        held = PACK.levers[name]
        assert replace(lever, note=held.note, stated=held.stated) == held
        assert lever.note == held.note or [line for line in left_out if name in line]
    assert found.plan == PACK.plan
    assert found.region == PACK.region
    assert found.base == PACK.base
    assert found.warm_up_sha256 == PACK.warm_up_sha256
    assert (tmp_path / "new" / "pack.xlsx").is_file() == (form != "folder")
    if form == "folder":  # only what differs from the definitions
        lines = (tmp_path / "new" / "parameters.yaml").read_text(encoding="utf-8").splitlines()
        assert len(lines) < 20 < len(parameters())


@pytest.mark.parametrize("form", ["folder", "workbook"])
def test_a_pack_of_the_first_edition_is_told_the_way(form: str, tmp_path: Path) -> None:
    old = old_folder(tmp_path) if form == "folder" else old_book(tmp_path)
    told = [str(problem) for problem in validate_path(old) if "xuchang-sim convert" in str(problem)]
    assert told
    assert all("allowed: " in line for line in told)
    if form == "workbook":
        assert len(validate_path(old)) == 1


@pytest.mark.parametrize("form", ["folder", "workbook"])
def test_what_cannot_be_converted_is_told_where_it_stands(form: str, tmp_path: Path) -> None:
    """An impossible number of the old pack: by the line or the row of its entry there."""
    old = old_folder(tmp_path) if form == "folder" else old_book(tmp_path)
    number = next(i for i, e in enumerate(parameters()) if e["id"] == "land_preparation_cost")
    if form == "folder":
        path = old / "parameters.yaml"
        text = path.read_text(encoding="utf-8")
        line = text[: text.index("land_preparation_cost")].count("\n") + 1
        before = re.search(r"land_preparation_cost.*?default: [0-9]+", text)
        assert before
        path.write_text(text.replace(before[0], before[0] + "000", 1), encoding="utf-8")
        where = f"parameters.yaml:{line}: "
    else:
        book = openpyxl.load_workbook(old)
        ws = book["parameters"]
        column = next(c for c in range(1, ws.max_column + 1) if ws.cell(1, c).value == "default")
        ws.cell(4 + number, column).value = 15000
        book.save(old)
        where = f"parameters!A{4 + number}: "
    with pytest.raises(InputError) as told:
        convert_pack(old, tmp_path / "new")
    assert where in str(told.value)
    assert "possible: " in str(told.value)
    assert not (tmp_path / "new").exists()


def test_what_is_no_pack_of_the_first_edition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pack of the first edition"):
        convert_pack(PACK.folder, tmp_path / "new")
    write_workbook(PACK.folder, tmp_path / "now.xlsx")
    with pytest.raises(InputError, match="levers!"):
        convert_pack(tmp_path / "now.xlsx", tmp_path / "new")
    with pytest.raises(InputError, match="no such file"):
        convert_pack(tmp_path / "nothing", tmp_path / "new")
