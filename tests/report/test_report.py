"""The report: one file, offline, escaped, the same numbers in both languages."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from jsonschema import Draft202012Validator

from xuchang_sim.answers.dossier import Dossier, gather
from xuchang_sim.cli import OUR_FAULT, WRONG_INPUT
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.report import document, page as report_page
from xuchang_sim.report.page import page
from xuchang_sim.report.sentences import answer, chance
from xuchang_sim.simulation.results import VERDICTS, Results
from xuchang_sim.study import Study
from xuchang_sim.text import Language, say
from xuchang_sim.yamlfile import InputError

EXAMPLE = shipped()[-1].name
REPLICATES = 24
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dossier() -> Dossier:
    pack = load_pack(EXAMPLE)
    return gather(Study(pack, replicates=REPLICATES), ["plan", "no_plan"], goal="workers")


@pytest.fixture(scope="module")
def pages(dossier: Dossier) -> dict[Language, str]:
    return {"zh": page(dossier, ["zh"]), "en": page(dossier, ["en"])}


class Reader(HTMLParser):
    """Texts of the cells of class n, all tags, all addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.inside = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append(tag)
        self.addresses += [held[k] or "" for k in ("src", "href", "action") if k in held]
        if tag == "td" and held.get("class") == "n":
            self.cells.append("")
            self.inside = 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self.inside = 0

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += data
        self.text.append(data)


def test_needs_nothing_from_outside(pages: dict[Language, str]) -> None:
    for text in pages.values():
        seen = Reader(text)
        assert all(a.startswith(("data:image/svg+xml;base64,", "#")) for a in seen.addresses)
        assert len(seen.addresses) > 10
        assert not {"script", "iframe", "object", "embed", "link", "form"} & set(seen.tags)
        assert "@import" not in text
        assert "default-src 'none'" in text


def test_numbers_are_the_same_in_both_languages(pages: dict[Language, str]) -> None:
    numbers = {
        lang: [re.findall(r"[-+]?[\d,]*\.?\d+%?", cell) for cell in Reader(text).cells]
        for lang, text in pages.items()
    }
    # Units hold numbers in English only: 100m yuan, 10k persons.
    plain = {
        lang: [[n for n in cell if not re.fullmatch(r"100|10", n)] for cell in cells]
        for lang, cells in numbers.items()
    }
    assert len(numbers["zh"]) > 60
    assert plain["zh"] == plain["en"]


def test_is_the_same_bytes_twice(dossier: Dossier, pages: dict[Language, str]) -> None:
    assert page(dossier, ["en"]) == pages["en"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_says_what_a_reader_needs(
    lang: Language, dossier: Dossier, pages: dict[Language, str]
) -> None:
    text = "".join(Reader(pages[lang]).text)
    three = answer(dossier.assessment, lang)
    assert len(three) == 3
    data = dossier.assessment.to_dict()
    assert f"{data['joint']['p']:.2f}" in three[0]
    for part in (*three, dossier.pack.document_number, dossier.pack.sha256):
        assert part in text
    for target in dossier.pack.plan.targets():
        assert getattr(target, f"label_{lang}") in text
        assert target.quote in text
    for scenario in (run.variant.scenario for run in dossier.runs[:-1]):
        assert getattr(scenario, f"title_{lang}") in text


def test_both_languages_stand_in_one_file(dossier: Dossier) -> None:
    text = page(dossier, ["zh", "en"])
    assert text.count("<article") == 2
    assert '<a href="#en">English</a>' in text


def test_the_shipped_plan_stands_beside_the_first_edition_and_no_other_does(
    pages: dict[Language, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers are those of both READMEs; an unknown pack has no first answer to differ from."""
    found = gather(Study(replicates=8), ["plan"], deep=False)
    first = found.first_edition
    assert first is not None
    targets = first["targets"]
    growth = [f"{100 * targets['revenue_growth'][name]:.0f}" for name in ("q05", "median", "q95")]
    p = {name: f"{row['p']:.2f}" for name, row in targets.items()}
    monkeypatch.setattr(report_page, "pictures", lambda *_: defaultdict(list))  # not looked at
    readmes: dict[Language, str] = {"zh": "README.zh.md", "en": "README.md"}
    for lang, name in readmes.items():
        heading = say("report.section.changed", lang)
        assert heading not in pages[lang]
        text = page(found, [lang])
        section = text[text.index(heading) : text.index(say("report.section.synthetic", lang))]
        cells = Reader(section).cells
        rows = [cells[start : start + 7] for start in range(0, len(cells), 7)]
        by_id = {row["id"]: row for row in found.assessment.to_dict()["targets"]}
        order = [identity for identity in by_id if identity in targets]
        assert [row[1] for row in rows] == [p[identity] for identity in order]
        assert [row[4] for row in rows] == [f"{by_id[one]['p']:.2f}" for one in order]
        readme = (ROOT / name).read_text(encoding="utf-8")
        table = readme[readme.index(f"## {heading}") :]
        assert f"| {' – '.join(growth)}% |" in table
        assert f"| {p['revenue_growth']} |" in table
        assert re.search(rf"\| {p['fai']}[,，] ?{p['fai_growth']} \|", table)
        assert f"| {p['workers']} |" in table
    assert gather(Study(replicates=8), ["no_plan"], deep=False).first_edition is None


HOSTILE = '<script>alert("x")</script>&amp;{{ 7*7 }}\'"><img src=x onerror=y>'


def test_names_are_escaped(dossier: Dossier) -> None:
    """A name is text wherever it comes from: pack, scenario, zone, target."""

    def poisoned(run: Results) -> Results:
        setup, variant = run.setup, run.variant
        scenario = replace(variant.scenario, title_zh=HOSTILE, title_en=HOSTILE)
        region = setup.pack.region
        zones = tuple(
            z.model_copy(update={"name_zh": HOSTILE, "name_en": HOSTILE}) for z in region.zones
        )
        pack = replace(
            setup.pack,
            title_zh=HOSTILE,
            document_number=HOSTILE,
            region=region.model_copy(update={"zones": zones}),
        )
        copy = Results.__new__(Results)
        copy.__dict__ = {
            **run.__dict__,
            "setup": replace(setup, pack=pack),
            "variant": replace(variant, scenario=scenario),
        }
        return copy

    bad = replace(
        dossier,
        assessment=replace(dossier.assessment, results=poisoned(dossier.assessment.results)),
        runs=tuple(map(poisoned, dossier.runs)),
    )
    text = page(bad, ["zh"])
    seen = Reader(text)
    assert "script" not in seen.tags
    assert all(a.startswith(("data:image/svg+xml", "#")) for a in seen.addresses)
    assert HOSTILE in "".join(seen.text)
    assert "49" not in re.findall(r"&amp;\{\{ (.*?) \}\}", text)


@pytest.mark.parametrize(("limit", "word"), VERDICTS)
def test_words_of_chance_follow_the_probability(limit: float, word: str) -> None:
    below = min(limit, 1.0) - 1e-9
    assert chance(below, "en") == say(f"verdict.{word}", "en")
    assert chance(1.0, "en") == "virtually certain"
    assert chance(0.0, "en") == "virtually impossible"


# ---------------------------------------------------------------------------------- files


def test_data_are_the_answers_that_the_page_shows(dossier: Dossier, tmp_path: Path) -> None:
    """Of the form that the schema declares, the same whatever the language."""
    path = tmp_path / "report.json"
    document.write(dossier, "en", path)
    data = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator(Dossier.schema()).validate(data)
    assert data["assessment"]["targets"] == dossier.assessment.to_dict()["targets"]
    assert [run["scenario"] for run in data["runs"]][:2] == ["plan", "no_plan"]
    assert dossier.bundle is not None
    assert data["bundle"] == dossier.bundle.to_dict()
    assert set(data["manifest"]["scenarios"]) == {run["scenario"] for run in data["runs"]}
    assert "first_edition" not in data
    again = tmp_path / "again.json"
    document.write(dossier, "zh", again)
    assert again.read_bytes() == path.read_bytes()


def test_workbook_holds_the_tables_and_no_formula(dossier: Dossier, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    document.write(dossier, "both", path)
    book = openpyxl.load_workbook(path)
    assert "目标 zh" in book.sheetnames
    rows = list(book["目标 zh"].iter_rows(min_row=2, values_only=True))
    targets = dossier.assessment.results.targets()
    assert [row[2] for row in rows] == [t.target.id for t in targets]
    assert [row[7] for row in rows] == [t.p for t in targets]
    english = [row[7] for row in book["targets en"].iter_rows(min_row=2, values_only=True)]
    assert english == [t.p for t in targets]
    assert not [c for ws in book for row in ws.iter_rows() for c in row if c.data_type == "f"]


def test_workbook_shows_numbers_in_their_unit_and_texts_whole(
    dossier: Dossier, tmp_path: Path
) -> None:
    path = tmp_path / "report.xlsx"
    document.write(dossier, "zh", path)
    book = openpyxl.load_workbook(path)
    sheet = book["目标"]
    for row in sheet.iter_rows(min_row=2):
        unit = row[6].value
        wanted = {"比例": "0.0%", "亿元": "#,##0.0", "人": "#,##0"}.get(unit)
        assert {cell.number_format for cell in row[7:10]} == {"0.00"}
        assert wanted is None or {cell.number_format for cell in row[11:14]} == {wanted}
    assert sheet.auto_filter.ref == sheet.dimensions
    binds = book["卡点"]
    months = [cell.value for cell in binds[1]][3:]
    why = dossier.assessment.results.why()
    assert tuple(months) == why.months
    waits = [row[3:] for row in binds.iter_rows(min_row=2, values_only=True) if "亿元·月" in row[0]]
    assert np.allclose(np.sum(waits, axis=0), why.waiting["total"].sum(axis=1))
    answer = book["结论"]
    width = answer.column_dimensions["A"].width
    for (cell,) in answer.iter_rows():
        assert cell.alignment.wrap_text
        needed = 2 * len(re.findall(r"[\u3000-\uffef]", cell.value)) / width
        assert answer.row_dimensions[cell.row].height >= 15.0 * math.ceil(needed)


def test_workbook_defuses_formulas(dossier: Dossier, tmp_path: Path) -> None:
    pack = replace(dossier.pack, title_zh="=cmd|' /C calc'!A0")
    run = dossier.assessment.results
    copy: Any = Results.__new__(Results)
    copy.__dict__ = {**run.__dict__, "setup": replace(run.setup, pack=pack)}
    bad = replace(dossier, assessment=replace(dossier.assessment, results=copy))
    document.write(bad, "zh", tmp_path / "r.xlsx")
    first = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[0]["A1"]
    assert first.value.startswith("=cmd")
    assert first.data_type == "s"


def test_what_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    for path in (tmp_path / "r.pdf", tmp_path / "no" / "r.html", tmp_path / "r"):
        with pytest.raises(InputError, match="allowed"):
            document.check(path)
    (tmp_path / "d.html").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        document.check(tmp_path / "d.html")


def test_a_failed_write_leaves_the_old_report(
    dossier: Dossier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def no_room(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(InputError, match="space"):
        document.write(dossier, "en", path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_command_writes_a_report(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    words = ["report", "plan", "-n", "12", "--pack", EXAMPLE, "--lang", "en", "-o", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "xuchang_sim", *words],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert OUR_FAULT != WRONG_INPUT


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: chromium)")
def test_prints_on_a4(pages: dict[Language, str], tmp_path: Path) -> None:
    """Chromium prints it: A4 pages, no more than a report has."""
    html, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
    html.write_text(pages["zh"], encoding="utf-8")
    assert CHROMIUM is not None
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
         f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}", html.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    raw = pdf.read_bytes()
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", raw))
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
    assert 4 <= len(re.findall(rb"/Type /Page\b", raw)) <= 20
