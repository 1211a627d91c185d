"""Every number of a pack in every unit of its kind is the same pack; any other unit is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from xuchang_sim import definitions, units
from xuchang_sim.definitions import LEVELS, Number
from xuchang_sim.definitions.amounts import exact, quantity
from xuchang_sim.pack import levers, parameters
from xuchang_sim.pack.forms import BASE, SIZE
from xuchang_sim.pack.levers import Lever
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.parameters import Parameter
from xuchang_sim.pack.workbook.sheets import FIRST
from xuchang_sim.pack.workbook.write import write_workbook
from xuchang_sim.pack.yaml_text import flow
from xuchang_sim.study import Study
from xuchang_sim.yamlfile import Place, Problem, Source, read_yaml

PACK = load_pack()
TOTALS = {name: getattr(PACK.base, name).exact for name in BASE}
ZONES = len(PACK.region.zones)
KNOWN: dict[str, Number] = {**definitions.levers(), **definitions.parameters()}


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
        for spelling in {unit, units.english(unit)}:
            found, problems = read(name, written(name, spelling))
            assert not problems, (spelling, problems)
            assert numbers(found) == numbers(held), spelling


@pytest.mark.parametrize("name", KNOWN)
def test_the_same_number_in_a_far_unit_is_refused(name: str) -> None:
    """A slip by a factor of a hundred or more has to be seen, with its line, and what is possible."""
    what = KNOWN[name]
    own = units.parse(what.unit).factor
    held = written(name, what.unit)
    for unit in what.kindred():
        factor = units.parse(unit).factor / own
        if Fraction(1, 100) < factor < 100:
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


Edit = tuple[int, str, str]
"""A line of a file, words that stand there once, and what is to stand there."""


@dataclass(frozen=True)
class Figure:
    """A base total, a target or a threshold: where a file of the pack states it, and its definition."""

    name: str
    file: str
    lines: tuple[tuple[int, str, str, Fraction], ...]  # line, words, their pattern, number
    what: Number
    unit: tuple[int, str] | None = None  # line and words of a unit that stands beside the numbers

    def kindred(self, turn: int) -> str:
        """Unit of its kind, by turns."""
        kindred = self.what.kindred()
        return kindred[turn % len(kindred)]

    def at(self, unit: str, *, convert: bool = True) -> list[Edit]:
        """Edits that state it in a unit; the number itself is not converted if not asked."""
        beside = "" if self.unit else f" {unit}"
        edits = [(self.unit[0], self.unit[1], f"unit: {unit}")] if self.unit else []
        for line, words, pattern, value in self.lines:
            number = units.convert_exact(value, self.what.unit, unit) if convert else value
            edits.append((line, words, pattern.format(f"{spelt(number)}{beside}")))
        return edits


def figures() -> list[Figure]:
    """Every base total, target and threshold of the shipped pack."""
    problems: list[Problem] = []
    sources = [read_yaml(PACK.folder / f"{n}.yaml", problems) for n in ("pack", "plan", "region")]
    head, plan, region = (source for source in sources if source)
    known = definitions.measures()
    found = [base(name, head, known[name]) for name in BASE]
    for i, row in enumerate(content(plan)["rows"]):
        for name, target in row.get("targets", {}).items():
            what = definitions.measure(name)
            assert what
            line = int(plan.line(["rows", i, "targets", name]))
            short = not isinstance(target, dict)
            raw = target if short else target["value"]
            words = name if short else "value"
            value = what.convert(quantity(raw))
            number = (line, f"{words}: {raw}", f"{words}: {{}}", value)
            found.append(Figure(name, "plan.yaml", (number,), what))
            if not short and "threshold" in target:
                size, raw = what.sizes or SIZE.possible, target["threshold"]
                found.append(threshold(f"{name}.threshold", "plan.yaml", line, raw, size))
    for name, cluster in content(region)["clusters"].items():
        line = int(region.line(["clusters", name]))
        size, raw = SIZE.possible, cluster["threshold"]
        found.append(threshold(f"clusters.{name}", "region.yaml", line, raw, size))
    return found


def content(source: Source) -> Any:
    """Mappings of a file, which a test may index."""
    return source.data


def base(name: str, head: Source, what: Number) -> Figure:
    """Total of the base year, with its other reading in the same unit."""
    total = content(head)["base"][name]
    assert total["unit"] == what.unit
    numbers_ = []
    for path in (["base", name, "value"], ["base", name, "alternative", "value"]):
        entry = total if len(path) == 3 else total.get("alternative")
        if entry:
            raw = entry["value"]
            numbers_.append((int(head.line(path)), f"value: {raw}", "value: {}", exact(raw)))
    unit = (int(head.line(["base", name, "unit"])), f"unit: {what.unit}")
    return Figure(f"base.{name}", "pack.yaml", tuple(numbers_), what, unit)


def threshold(
    name: str, file: str, line: int, raw: str, possible: tuple[Fraction, Fraction] | None
) -> Figure:
    what = replace(SIZE, possible=possible)
    value = what.convert(quantity(raw))
    return Figure(name, file, ((line, f"threshold: {raw}", "threshold: {}", value),), what)


FIGURES = figures()
#: Every unit of a kind is used by the time the longest list of units has been gone through once.
TURNS = max(len(what.kindred()) for what in [*KNOWN.values(), *(f.what for f in FIGURES)])


def test_the_figures_are_all_of_them() -> None:
    names = {figure.name for figure in FIGURES}
    targets = PACK.plan.targets()
    assert names == {
        *(f"base.{name}" for name in BASE),
        *(target.id for target in targets),
        *(f"{target.id}.threshold" for target in targets if target.threshold),
        *(f"clusters.{cluster.id}" for cluster in PACK.region.clusters),
    }
    assert len(names) == len(FIGURES) > 65


def edited(folder: Path, figures: Iterable[tuple[str, Iterable[Edit]]]) -> Path:
    """Write files of the shipped pack with other words in some lines."""
    texts: dict[str, list[str]] = {}
    for file, edits in figures:
        if file not in texts:
            text = (PACK.folder / file).read_text(encoding="utf-8")
            texts[file] = text.splitlines(keepends=True)
        for number, words, new in edits:
            line = texts[file][number - 1]
            assert line.count(words) == 1, line
            texts[file][number - 1] = line.replace(words, new)
    for file, lines in texts.items():
        (folder / file).write_text("".join(lines), encoding="utf-8")
    return folder


def restated(folder: Path, turn: int | None) -> Path:
    """Write a pack that states every number, by turns in other units of its kind."""
    table: dict[str, Any]
    for file, names in (("levers", PACK.levers), ("parameters", PACK.parameters)):
        table = {}
        for name in names:
            kindred = KNOWN[name].kindred()
            table[name] = written(
                name, kindred[0 if turn is None else (turn + len(name)) % len(kindred)]
            )
            if file == "parameters":
                parameter = PACK.parameters[name]
                table[name] |= {"mark": parameter.mark, "source": parameter.source}
                if parameter.kind == "normal":
                    unit = table[name]["unit"]
                    sd = units.convert_exact(exact(parameter.spread), parameter.unit, unit)
                    table[name]["prior"] = {"kind": "normal", "sd": spelt(sd)}
            elif PACK.levers[name].stated:
                lever = PACK.levers[name]
                table[name] |= {
                    "note": lever.note,
                    "label": {"zh": lever.label_zh, "en": lever.label_en},
                }
        lines = [f"  {name}: {flow(entry)}\n" for name, entry in table.items()]
        (folder / f"{file}.yaml").write_text(f"{file}:\n" + "".join(lines), encoding="utf-8")
    turns = ((f, 0 if turn is None else turn + i) for i, f in enumerate(FIGURES))
    return edited(folder, ((f.file, f.at(f.kindred(k))) for f, k in turns))


def same(found: Pack) -> None:
    """Same numbers to the last bit: whatever is computed of them is the same too."""
    for name, held in KNOWN.items():
        one, two = (
            (found.levers[name], PACK.levers[name])
            if isinstance(held, definitions.Lever)
            else (found.parameters[name], PACK.parameters[name])
        )
        assert numbers(one) == numbers(two), name
    for name in BASE:
        assert getattr(found.base, name).exact == getattr(PACK.base, name).exact
    assert [replace_stated(t) for t in found.plan.targets()] == [
        replace_stated(t) for t in PACK.plan.targets()
    ]
    assert found.region == PACK.region
    assert found.base == PACK.base
    assert found.posterior is not None
    assert found.warm_up_sha256 == PACK.warm_up_sha256
    assert found.sha256 == PACK.sha256


@pytest.mark.parametrize("turn", range(1, TURNS + 1))
def test_a_pack_restated_throughout_is_the_same_pack(turn: int, tmp_path: Path) -> None:
    """Same content, same posterior: the answers are those of the same numbers."""
    folder = restated(Path(shutil.copytree(PACK.folder, tmp_path / "pack")), turn)
    found = load_pack(folder)
    same(found)
    if turn % 5 == 1 or os.environ.get("XUCHANG_SIM_LONG"):
        book = folder / "pack.xlsx"
        write_workbook(folder, book)
        same(load_pack(book))
        assert answer(load_pack(book)) == answer(found) == answer(PACK)


def answer(pack: Pack) -> str:
    """``assess plan --replicates 16 --json`` less how it was run and how the plan spells its numbers."""
    told = Study(pack, replicates=16, seed=2012).assess("plan").to_dict()
    del told["manifest"]
    for target in told["targets"]:
        del target["stated"]
    return json.dumps(told, sort_keys=True)


def replace_stated(target: Any) -> Any:
    return target.model_copy(update={"stated": ""})


def far(what: Number) -> list[str]:
    """Units of its kind that differ by a factor of a hundred or more."""
    own = units.parse(what.unit).factor
    factors = {unit: units.parse(unit).factor / own for unit in what.kindred()}
    return [unit for unit, factor in factors.items() if not Fraction(1, 100) < factor < 100]


#: Kinds of units; those of the figure itself are left out.
OTHERS = (
    "亿元",
    "人",
    "亩/年",
    "座/月",
    "万元/亩",
    "比例",
    "百分点",
    "/年",
    "区",
    "个",
    "m²",
    "furlong",
    "",
)


def groups() -> dict[str, list[Figure]]:
    """Figures that stand on lines of their own and do not bound one another."""
    sizes = [f for f in FIGURES if f.what.id == SIZE.id]
    totals = {f.name: [f] for f in FIGURES if f.file == "pack.yaml"}
    targets = [f for f in FIGURES if f.file == "plan.yaml" and f not in sizes]
    return {"targets": targets, "thresholds": sizes, **totals}


def refused(tmp_path: Path, figures: list[tuple[Figure, list[Edit]]]) -> None:
    """Each of the figures is told of, with file and line, what is wrong and what is possible."""
    folder = tmp_path / "pack"
    if not folder.exists():
        shutil.copytree(PACK.folder, folder)
    problems = problems_of(edited(folder, ((f.file, edits) for f, edits in figures)))
    for figure, edits in figures:
        told = at(problems, figure, edits)
        if not told:  # a fault of its row hides that its number is not in the quote
            told = at(problems_of(edited(folder, [(figure.file, edits)])), figure, edits)
        assert told, (figure.name, edits)
        assert any(s in p.message for p in told for s in ("possible: ", "allowed: ")), told
    allowed = {(f.file, line) for f, edits in figures for line, *_ in edits}
    assert {(Path(p.file).name, p.line) for p in problems} <= allowed, problems


def at(problems: list[Problem], figure: Figure, edits: list[Edit]) -> list[Problem]:
    """Faults of the lines of a figure."""
    lines = {line for line, *_ in edits}
    return [p for p in problems if Path(p.file).name == figure.file and p.line in lines]


@pytest.mark.parametrize("group", groups())
def test_a_figure_in_a_far_unit_is_refused(group: str, tmp_path: Path) -> None:
    """Every base total, target and threshold, with the number as it is under each far unit."""
    members = [f for f in groups()[group] if any(v for *_, v in f.lines)]
    for turn in range(max(len(far(f.what)) for f in members)):
        changes = [
            (f, f.at(far(f.what)[turn], convert=False)) for f in members if turn < len(far(f.what))
        ]
        refused(tmp_path, changes)


@pytest.mark.parametrize("group", groups())
def test_a_figure_in_a_unit_of_another_kind_is_refused(group: str, tmp_path: Path) -> None:
    for unit in OTHERS:
        members = [f for f in groups()[group] if not of_kind(unit, f.what)]
        if members:
            refused(tmp_path, [(f, f.at(unit, convert=False)) for f in members])


def of_kind(unit: str, what: Number) -> bool:
    """Whether a number may stand in a unit; no unit at all stands for a pure number's."""
    try:
        return units.parse(unit or "比例").dimensions == units.parse(what.unit).dimensions
    except units.UnitError:
        return False


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workbook in which every number is stated."""
    folder = tmp_path_factory.mktemp("stated") / "pack"
    restated(Path(shutil.copytree(PACK.folder, folder)), None)
    write_workbook(folder, folder / "pack.xlsx")
    return folder / "pack.xlsx"


Rows = list[tuple[str, int, int, int, Number]]
"""Sheet, row, columns of a number and of its unit (the same if one cell has both), definition."""


def rows_of(sheets: Any) -> Rows:
    """Cells of every lever, parameter, base total, target and threshold of a workbook."""
    found: Rows = []

    def add(sheet: str, name: Callable[[int], str], number: str, unit: str, known: Any) -> None:
        ws = sheets[sheet]
        heads = {ws.cell(1, c).value: c for c in range(1, ws.max_column + 1)}
        for row in range(FIRST, ws.max_row + 1):
            what = known(name(row)) if ws.cell(row, heads[number]).value is not None else None
            if what:
                found.append((sheet, row, heads[number], heads[unit], what))

    def text(sheet: str, column: int) -> Callable[[int], str]:
        return lambda row: str(sheets[sheet].cell(row, column).value)

    sizes = {figure.name: figure.what for figure in FIGURES if figure.what.id == SIZE.id}
    targets = {figure.name: figure.what for figure in FIGURES if figure.file == "plan.yaml"}
    add("levers", text("levers", 1), "plan", "unit", KNOWN.get)
    add("parameters", text("parameters", 1), "default", "unit", KNOWN.get)
    add("targets", text("targets", 2), "value", "unit", targets.get)
    add("targets", text("targets", 2), "threshold", "threshold", lambda n: sizes.get(f"{n}.threshold"))  # fmt: skip
    add("clusters", text("clusters", 1), "threshold", "threshold", lambda n: sizes.get(f"clusters.{n}"))  # fmt: skip
    ws = sheets["pack"]
    keys = {ws.cell(row, 1).value: row for row in range(1, ws.max_row + 1)}
    for name in BASE:
        what = definitions.measures()[name]
        found.append(("pack", keys[f"base.{name}.unit"], 2, 2, what))
    return found


@pytest.mark.parametrize("unit", ["亿元", "人", "万元/亩", "百分点", "/年", "亩/区/年", "furlong"])
def test_a_unit_of_another_kind_is_refused_by_its_cell(
    unit: str, book: Path, tmp_path: Path
) -> None:
    sheets = openpyxl.load_workbook(book)
    changed = set()
    rows = rows_of(sheets)
    assert {row[0] for row in rows} == {"levers", "parameters", "targets", "clusters", "pack"}
    for sheet, row, number, cell, what in rows:
        if not of_kind(unit, what):
            ws = sheets[sheet]
            alone = sheet == "pack" or cell != number
            ws.cell(row, cell).value = unit if alone else f"100 {unit}"
            changed.add((sheet, row))
    sheets.save(tmp_path / "pack.xlsx")
    problems = problems_of(tmp_path / "pack.xlsx")
    told = {place_of(p) for p in problems if "allowed: " in p.message}
    assert changed <= told, changed - told


def place_of(problem: Problem) -> tuple[str, int]:
    """Sheet and row of a fault of a workbook."""
    found = re.match(r"(\w+)!?([A-Z]+)([0-9]+)", problem.path)
    assert found, problem
    return found[1], int(found[3])


#: Far units are taken in turn until each entry has had all of its own; four turns in the usual tests.
FAR_TURNS = max(len(far(what)) for what in [*KNOWN.values(), *(f.what for f in FIGURES)])


@pytest.mark.parametrize(
    "turn",
    [pytest.param(t, marks=pytest.mark.long if t >= 4 else ()) for t in range(FAR_TURNS)],
)
def test_the_same_number_in_a_far_unit_is_refused_by_its_cell(
    turn: int, book: Path, tmp_path: Path
) -> None:
    """Levers, parameters, targets and thresholds; totals are told by their ratios, each alone, below."""
    sheets = openpyxl.load_workbook(book)
    changed = set()
    for sheet, row, number, cell, what in rows_of(sheets):
        ws = sheets[sheet]
        beyond = far(what)
        value = str(ws.cell(row, number).value)
        if sheet == "pack" or not beyond or exact(value.split(" ", maxsplit=1)[0]) == 0:
            continue
        if ws.cell(row, 2).value == "outside_capital_growth":
            continue  # its row's other target hides what the quote says: alone, below
        unit = beyond[turn % len(beyond)]
        ws.cell(row, cell).value = (
            unit if cell != number else f"{value.split(' ', maxsplit=1)[0]} {unit}"
        )
        changed.add((sheet, row))
    assert len(changed) > 150
    sheets.save(tmp_path / "pack.xlsx")
    told = {place_of(p) for p in problems_of(tmp_path / "pack.xlsx")}
    assert changed <= told, changed - told


@pytest.mark.parametrize("name", [*BASE, "outside_capital_growth"])
def test_a_total_in_a_far_unit_is_refused_by_its_cell(
    name: str, book: Path, tmp_path: Path
) -> None:
    """One at a time: what tells a total is its ratio to the others."""
    sheets = openpyxl.load_workbook(book)
    for sheet, row, number, cell, what in rows_of(sheets):
        ws = sheets[sheet]
        total = sheet == "pack" and ws.cell(row, 1).value == f"base.{name}.unit"
        if not (total or (sheet == "targets" and ws.cell(row, 2).value == name)):
            continue
        held = ws.cell(row, cell).value
        value = str(ws.cell(row, number).value).split(" ", maxsplit=1)[0]
        for unit in far(what):
            alone = total or cell != number
            ws.cell(row, cell).value = unit if alone else f"{value} {unit}"
            sheets.save(tmp_path / "pack.xlsx")
            problems = problems_of(tmp_path / "pack.xlsx")
            assert problems, (name, unit)
            assert {place_of(p)[0] for p in problems} <= {sheet, "pack"}, (name, unit, problems)
        ws.cell(row, cell).value = held


SAMPLE = {
    "a lever": ("levers.yaml", "training_places: {unit: 人/年", "training_places: {unit: 万人/年"),
    "a parameter": ("parameters.yaml", "unit: 亿元/区, default: 1.7", "unit: 亿元, default: 1.7"),
    "a total": ("pack.yaml", "unit: 人", "unit: 万人"),
    "a target": ("plan.yaml", "fai: {value: 600 亿元", "fai: {value: 600 万元"),
    "a threshold": ("plan.yaml", "threshold: 500 亿元", "threshold: 500 万元"),
    "a cluster": ("region.yaml", "threshold: 50 亿元", "threshold: 50 元"),
}


@pytest.mark.parametrize("kind", SAMPLE)
def test_the_command_ends_with_2_and_names_file_and_line(kind: str, tmp_path: Path) -> None:
    file, before, after = SAMPLE[kind]
    folder = Path(shutil.copytree(PACK.folder, tmp_path / "pack"))
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    line = text[: text.index(before)].count("\n") + 1
    (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    command = ["assess", "plan", "--replicates", "16", "--pack", str(folder), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "xuchang_sim", *command], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert not done.stdout
    near = {line, line - 1} if kind == "a total" else {line}  # number and unit have a line each
    assert any(f"{folder / file}:{n}: " in done.stderr for n in near), done.stderr
    assert "Traceback" not in done.stderr


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


@pytest.mark.parametrize("number", [".inf", "0o156", "1:50", "110/0", "~"])
def test_a_number_that_cannot_be_read_is_one_fault(number: str, tmp_path: Path) -> None:
    """What the definition holds is not checked in its place."""
    folder = Path(shutil.copytree(PACK.folder, tmp_path / "pack"))
    path = folder / "parameters.yaml"
    text = path.read_text(encoding="utf-8")
    assert "default: 420" in text
    path.write_text(text.replace("default: 420", f"default: {number}"), encoding="utf-8")
    (problem,) = problems_of(folder)
    assert problem.path == "parameters.firms_count.default"
    assert "allowed: " in problem.message


def test_a_unit_in_traditional_characters_is_recognised(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PACK.folder, tmp_path / "pack"))
    path = folder / "levers.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("unit: 亿元/区,", "unit: 億元/區,", 1), encoding="utf-8")
    assert any("did you mean '亿元/区'?" in problem.message for problem in problems_of(folder))


def problems_of(folder: Path) -> list[Problem]:
    from xuchang_sim.pack.load import validate_path

    return validate_path(folder)
