"""The catalogue: every key in both languages, with the same placeholders, and no key too many."""

from __future__ import annotations

import ast
import io
import re
import string
from pathlib import Path

import pytest
from rich.console import Console

from xuchang_sim.answers.facts import MEASURED
from xuchang_sim.pack.load import load_pack
from xuchang_sim.report import tables
from xuchang_sim.report.words import CATALOGUE, say, told

SOURCES = Path(__file__).parents[2] / "src" / "xuchang_sim"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", CATALOGUE)
def test_both_languages_say_the_same(key: str) -> None:
    zh, en = CATALOGUE[key]
    assert zh.strip()
    assert en.strip()
    assert placeholders(zh) == placeholders(en)
    assert not re.search(r"[\u4e00-\u9fff]", re.sub("[亿万亩]", "", en)), en


def test_no_key_stands_twice() -> None:
    tree = ast.parse((SOURCES / "report" / "words.py").read_text(encoding="utf-8"))
    keys = [
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]
    assert len(keys) == len(set(keys)), {k for k in keys if keys.count(k) > 1}


def asked() -> dict[str, str]:
    """Keys that the sources and templates ask for literally, with where."""
    found = {}
    for path in [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.html")]:
        for key in re.findall(r"""\bsay\(\s*["']([\w.]+)["']""", path.read_text(encoding="utf-8")):
            found[key] = path.name
    return found


@pytest.mark.parametrize(("key", "where"), asked().items())
def test_no_key_is_missing(key: str, where: str) -> None:
    """A key that ends in a dot begins a family whose members are asked for by name."""
    members = [k for k in CATALOGUE if k.startswith(key)] if key.endswith(".") else [key]
    assert members, where
    assert set(members) <= set(CATALOGUE), where


def test_every_number_of_a_fact_with_several_has_a_name() -> None:
    several = {n for one in MEASURED.values() if len(one.numbers) > 1 for n in one.numbers}
    named = {key.removeprefix("number.") for key in CATALOGUE if key.startswith("number.")}
    assert several == named


def test_a_text_in_both_languages_is_told_in_one() -> None:
    assert told("无数量 · no number", "zh") == "无数量"
    assert told("无数量 · no number · at all", "en") == "no number · at all"
    assert told("no number", "zh") == "no number"


@pytest.mark.parametrize("pack", ["xuchang_2623", "yangli_2011"])
def test_an_english_reader_of_a_plan_meets_no_chinese_but_in_paragraphs(pack: str) -> None:
    loaded = load_pack(pack)
    console = Console(width=160, file=io.StringIO(), highlight=False)
    console.print(tables.plan(loaded, "en"))
    assert isinstance(console.file, io.StringIO)
    _, *rows = console.file.getvalue().splitlines()
    text = [re.sub("[一二三四五六七八九十]", "", row) for row in rows]  # numbers of paragraphs
    assert not [row for row in text if re.search("[\u4e00-\u9fff]", row)]


def test_a_missing_key_or_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("no.such.key", "zh")
    with pytest.raises(KeyError):
        say("validate.good", "en")
