"""Every number of a pack in every unit of its kind is the same pack; any other unit is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from xuchang_sim import definitions, units
from xuchang_sim.definitions import LEVELS, Number
from xuchang_sim.definitions.amounts import exact
from xuchang_sim.pack import levers, parameters
from xuchang_sim.pack.forms import BASE
from xuchang_sim.pack.levers import Lever
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.parameters import Parameter
from xuchang_sim.pack.workbook.sheets import FIRST
from xuchang_sim.pack.workbook.write import write_workbook
from xuchang_sim.pack.yaml_text import flow
from xuchang_sim.yamlfile import Place, Problem, Source

PACK = load_pack()
TOTALS = {name: getattr(PACK.base, name).exact for name in BASE}
ZONES = len(PACK.region.zones)
KNOWN: dict[str, Number] = {**definitions.levers(), **definitions.parameters()}
#: Entries that may be a hundred times as large or small in another unit, and why.
WIDE: dict[str, str] = {}


def spelt(value: Fraction) -> Any:
    """Number as a decimal if it ends within 15 digits, else as a quotient."""
    number = float(value)
    return number if Fraction(repr(number)) == value else f"{value.numerator}/{value.denominator}"


def written(name: str, unit: str, *, convert: bool = True) -> dict[str, Any]:
    """Entry of a pack that states a number in a unit; the number itself is not converted if not asked."""
    what = KNOWN[name]

    def in_unit(value: float) -> Any:
        number = exact(value)
        return spelt(units.convert_exact(number, what.unit, unit) if convert else number)

    if name in PACK.levers:
        lever = PACK.levers[name]
        entry: dict[str, Any] = {level: in_unit(lever.at(level)) for level in LEVELS}
        return {"unit": unit, **entry, "range": [in_unit(x) for x in lever.range]}
    parameter = PACK.parameters[name]
    entry = {"unit": unit, "default": in_unit(parameter.default), "mark": "J", "source": "test"}
    if parameter.range:
        entry["range"] = [in_unit(x) for x in parameter.range]
    return entry


def read(name: str, entry: dict[str, Any]) -> tuple[Lever | Parameter, list[Problem]]:
    """Read one entry as its file would hold it; faults of other entries are left out."""
    table = "levers" if name in PACK.levers else "parameters"
    places = Place(2, dict.fromkeys(entry, 2))
    root = Place(1, {table: Place(1, {name: places})})
    source = Source(f"{table}.yaml", {table: {name: entry}}, root)
    problems: list[Problem] = []
    found: dict[str, Any] = (
        levers.read(source, {}, TOTALS, ZONES, problems)
        if table == "levers"
        else parameters.read(source, TOTALS, ZONES, problems)
    )
    mine = [problem for problem in problems if problem.path.startswith(f"{table}.{name}")]
    return found[name], mine


def numbers(entry: Lever | Parameter) -> tuple[object, ...]:
    if isinstance(entry, Lever):
        return (*(entry.at(level) for level in LEVELS), entry.range)
    return entry.default, entry.range, entry.kind, entry.spread


@pytest.mark.parametrize("name", KNOWN)
def test_every_unit_of_the_kind_gives_the_same_number(name: str) -> None:
    held = PACK.levers.get(name) or PACK.parameters[name]
    for unit in KNOWN[name].kindred():
        found, problems = read(name, written(name, unit))
        assert not problems, (unit, problems)
        assert numbers(found) == numbers(held), unit


@pytest.mark.parametrize("name", KNOWN)
def test_the_same_number_in_a_far_unit_is_refused(name: str) -> None:
    """A slip by a factor of a hundred or more has to be seen, with its line, and what is possible."""
    what = KNOWN[name]
    own = units.parse(what.unit).factor
    held = written(name, what.unit)
    for unit in what.kindred():
        factor = units.parse(unit).factor / own
        if Fraction(1, 100) < factor < 100 or name in WIDE:
            continue
        entry = written(name, unit, convert=False)
        if not any(
            x for x in [*entry.values(), *entry.get("range", [])] if x and isinstance(x, float)
        ):
            continue  # zero is zero in any unit
        _, problems = read(name, entry)
        assert problems, (name, unit, held)
        assert problems[0].line == 2
        assert "possible: " in problems[0].message or "out of range" in problems[0].message


@pytest.mark.parametrize("name", KNOWN)
def test_a_unit_of_another_kind_is_refused(name: str) -> None:
    what = KNOWN[name]
    for unit in ("亿元", "人", "亩/年", "座/月", "万元/亩", "比例", "百分点", "/年"):
        if units.parse(unit).dimensions == units.parse(what.unit).dimensions:
            continue
        _, problems = read(name, written(name, unit, convert=False))
        assert problems
        assert "allowed: " in problems[0].message
        assert problems[0].line == 2
    _, problems = read(name, {k: v for k, v in written(name, what.unit).items() if k != "unit"})
    assert bool(problems) != what.pure  # a number without a unit, where there is a dimension


def entries(text: str) -> Iterator[tuple[int, str]]:
    """Lines of a pack's file that hold an entry of their own."""
    for number, line in enumerate(text.splitlines()):
        if line.startswith("  ") and line.strip()[:1].isalpha() and ": " in line:
            yield number, line


def restated(folder: Path) -> Path:
    """Write a pack with every number in another unit of its kind."""
    table: dict[str, Any]
    for file, names in (("levers", PACK.levers), ("parameters", PACK.parameters)):
        table = {}
        for name, held in names.items():
            if not held.stated:
                continue
            kindred = KNOWN[name].kindred()
            table[name] = written(name, kindred[len(name) % len(kindred)])
            if file == "parameters":
                table[name] |= {
                    "mark": PACK.parameters[name].mark,
                    "source": PACK.parameters[name].source,
                }
            elif name == "express_share":
                table[name]["note"] = PACK.levers[name].note
            elif name == "heating":
                table[name]["label"] = {
                    "zh": PACK.levers[name].label_zh,
                    "en": PACK.levers[name].label_en,
                }
        lines = [f"  {name}: {flow(entry)}\n" for name, entry in table.items()]
        (folder / f"{file}.yaml").write_text(f"{file}:\n" + "".join(lines), encoding="utf-8")
    plan = (folder / "plan.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("600 亿元", "6000000 万元"), ("30 %", "3/10 比例"), ("2000 亿元", "200000000000 元"),
        ("180000 人", "18 万人"), ("1500000 m²", "150 公顷"), ("300 亩", "20 公顷"),
        ("threshold: 100 亿元", "threshold: 1000000 万元"),
    ):  # fmt: skip
        assert f": {old}" in plan or old.startswith("threshold"), old
        plan = (
            plan.replace(f": {old}", f": {new}")
            if not old.startswith("thr")
            else plan.replace(old, new)
        )
    (folder / "plan.yaml").write_text(plan, encoding="utf-8")
    head = (folder / "pack.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("value: 150000 #", "value: 15 #"),
        ("unit: 人", "unit: 万人"),
        ("2000/1.4", "20000000/1.4"),
    ):
        assert old in head
        head = head.replace(old, new, 1)
    head = head.replace("20000000/1.4\n    unit: 亿元", "20000000/1.4\n    unit: 万元").replace(
        "1225/0.85152", "12250000/0.85152"
    )
    (folder / "pack.yaml").write_text(head, encoding="utf-8")
    return folder


def test_a_pack_restated_throughout_is_the_same_pack(tmp_path: Path) -> None:
    """Same content, same posterior: the answers are those of the same numbers."""
    folder = restated(Path(shutil.copytree(PACK.folder, tmp_path / "pack")))
    found = load_pack(folder)
    assert found.levers == PACK.levers
    assert found.parameters == PACK.parameters
    assert [replace_stated(t) for t in found.plan.targets()] == [
        replace_stated(t) for t in PACK.plan.targets()
    ]
    assert found.sha256 == PACK.sha256
    assert found.posterior is not None
    book = tmp_path / "pack.xlsx"
    write_workbook(folder, book)
    assert load_pack(book).sha256 == PACK.sha256


def replace_stated(target: Any) -> Any:
    return target.model_copy(update={"stated": ""})


def test_a_workbook_offers_the_units_of_a_kind(tmp_path: Path) -> None:
    book = tmp_path / "pack.xlsx"
    write_workbook(PACK.folder, book)
    sheet = openpyxl.load_workbook(book)["levers"]
    heads = {sheet.cell(1, c).value: c for c in range(1, sheet.max_column + 1)}
    assert sheet.cell(FIRST, heads["unit"]).value == "亩/区/年"
    offered = [rule.formula1 for rule in sheet.data_validations.dataValidation]
    assert any("公顷/区/年" in str(formula) for formula in offered)


@pytest.mark.parametrize("file", ["levers.yaml", "parameters.yaml"])
def test_an_entry_removed_renamed_or_misspelt_is_told(file: str, tmp_path: Path) -> None:
    """Never a traceback, never silence; a lever that no row of the plan names may be left out."""
    folder = Path(shutil.copytree(PACK.folder, tmp_path / "pack"))
    path = folder / file
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for number, line in entries(text):
        name = line.split(":")[0].strip()
        lever = PACK.levers.get(name)
        for kind, new in (
            ("removed", ""),
            ("renamed", line.replace(name, f"other_{name}", 1) + "\n"),
            ("misspelt", line.replace(name, name[:-1] + "q", 1) + "\n"),
        ):
            path.write_text("".join([*lines[:number], new, *lines[number + 1 :]]), encoding="utf-8")
            problems = problems_of(folder)
            free = lever is not None and (not lever.rows or not definitions.levers()[name].local)
            assert problems or (kind == "removed" and free), (name, kind)
            assert all("allowed: " in p.message for p in problems), problems
    path.write_text(text, encoding="utf-8")
    assert problems_of(folder) == []


def problems_of(folder: Path) -> list[Problem]:
    from xuchang_sim.pack.load import validate_path

    return validate_path(folder)
