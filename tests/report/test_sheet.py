"""Tables for the terminal: whatever its width, no entry is cut."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len
from rich.console import Console

from xuchang_sim.answers.assess import Assessment
from xuchang_sim.answers.matrix import MatrixResult
from xuchang_sim.pack.load import load_pack
from xuchang_sim.report import tables
from xuchang_sim.report.sheet import GAP, NARROWEST, SHORTEST, Sheet
from xuchang_sim.study import assess, matrix
from xuchang_sim.text import Language

PACK = load_pack()
ENTRY = st.text("abc0189±–.亿元区", min_size=1, max_size=14)


def shown(what: object, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(what)
    out = console.file
    assert isinstance(out, io.StringIO)
    return out.getvalue().splitlines()


@given(
    st.lists(st.lists(ENTRY, min_size=5, max_size=5), min_size=1, max_size=4),
    st.lists(st.text("ab 区", min_size=1, max_size=20), min_size=5, max_size=5),
    st.integers(60, 160),  # room for two of the widest columns
)
def test_every_entry_stands_whole_in_a_line(
    rows: list[list[str]], heads: list[str], width: int
) -> None:
    sheet = Sheet("title")
    sheet.values(heads[0], justify="left")
    sheet.values(*heads[1:])
    for row in rows:
        sheet.add_row(*row)
    lines = shown(sheet, width)
    assert max(map(cell_len, lines)) <= width
    assert not any("…" in line for line in lines)
    words = [word for line in lines for word in line.split()]
    for row in rows:
        assert all(words.count(entry) >= 1 for entry in row)
    parts = sheet.parts(width)
    assert all(list(part.columns[0].cells) == [row[0] for row in rows] for part in parts)
    assert sum(len(part.columns) for part in parts) == 5 + len(parts) - 1


def test_what_fits_is_left_as_it_is() -> None:
    sheet = Sheet("title")
    sheet.words("a name of a row")
    sheet.values("mean shortfall")
    sheet.add_row("one", "1.00")
    assert shown(sheet, 60)[1].split("  ")[:2] == ["a name of a row", "mean shortfall"]


def test_headers_and_words_are_broken_before_a_column_is_moved_below() -> None:
    sheet = Sheet()
    sheet.words("target")
    sheet.values("mean shortfall", "value")
    sheet.add_row("growth of main-business revenue", "123,456", "≥ 2,000 100m yuan")
    wide = NARROWEST + len("shortfall") + len("≥ 2,000 100m yuan") + 2 * GAP
    assert len(sheet.parts(wide)) == 1
    assert len(sheet.parts(wide - 1)) == 2
    lines = shown(sheet, wide)
    assert [line.split() for line in lines[:2]] == [["mean"], ["target", "shortfall", "value"]]
    assert lines[2].startswith("growth of ")


def test_a_chinese_header_is_cut_into_lines() -> None:
    sheet = Sheet()
    sheet.values("变量", justify="left")
    sheet.values("线性松弛的对偶值")
    sheet.add_row("land", "1")
    assert max(map(cell_len, shown(sheet, 20))) <= 20
    assert "".join(shown(sheet, 4 + GAP + SHORTEST)).replace(" ", "").count("线性松弛的对") == 1


def test_an_entry_wider_than_the_terminal_goes_on_in_the_next_line() -> None:
    sheet = Sheet()
    sheet.values("x", justify="left")
    sheet.add_row("0123456789" * 3)
    assert "".join(shown(sheet, 12)[1:]).replace(" ", "") == "0123456789" * 3


@pytest.fixture(scope="module")
def found() -> Assessment:
    return assess("plan", replicates=4, pack=PACK, full=False)


@pytest.fixture(scope="module")
def grid() -> MatrixResult:
    return matrix(replicates=2, pack=PACK)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_answer_is_whole_in_any_terminal(
    found: Assessment, grid: MatrixResult, width: int, lang: Language
) -> None:
    text = " ".join(shown(tables.assessment(found, lang), width))
    assert "…" not in text
    for row in found.to_dict()["targets"]:
        assert f"{row['p']:.2f} [{row['p_low']:.2f}–{row['p_high']:.2f}]" in text
        short = row["shortfall"]
        unit = row["unit"] == "比例"
        assert (tables.percent(short) if unit else tables.number(short)) in text.split()
    lines = shown(tables.matrix(grid, lang), width)
    assert "…" not in " ".join(lines)
    assert max(map(cell_len, lines)) <= width
