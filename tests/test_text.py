"""Phrases by language: the same keys and placeholders everywhere, and none that is asked for is missing."""

from __future__ import annotations

import ast
import io
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from xuchang_sim import text
from xuchang_sim.answers.stylised import MEASURED
from xuchang_sim.pack.load import load_pack
from xuchang_sim.report import tables
from xuchang_sim.text import LANGUAGES, one_language, phrases, say

SOURCES = Path(__file__).parents[1] / "src" / "xuchang_sim"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_the_same_keys(lang: str) -> None:
    assert list(phrases(lang)) == list(phrases(LANGUAGES[0]))


@pytest.mark.parametrize("key", phrases(LANGUAGES[0]))
def test_all_languages_say_the_same(key: str) -> None:
    texts = {lang: phrases(lang)[key] for lang in LANGUAGES}
    assert all(text.strip() for text in texts.values())
    assert all(placeholders(text) == placeholders(texts["en"]) for text in texts.values())
    assert not re.search(r"[\u4e00-\u9fff]", re.sub("[亿万亩元年月日期是否]", "", texts["en"])), (
        texts["en"]
    )


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('a:\n  b: "one"\n  b: "two"\n', "zh.yaml:3: a.b stands twice"),
        ('a:\n  b: "one"\nc:\n  b: "one"\na:\n  d: "two"\n', "zh.yaml:5: a stands twice"),
        ('a: "one"\na:\n  b: "two"\n', "zh.yaml:2: a stands twice"),
        ('a: "one"\na: "two"\n', "zh.yaml:2: a stands twice"),
        ('a:\n  b: "one"\na.b: "two"\n', "zh.yaml:3: a.b stands twice"),
        ('a.b: "one"\na:\n  b: "two"\n', "zh.yaml:3: a.b stands twice"),
    ],
)
def test_a_key_that_stands_twice_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: str, fault: str
) -> None:
    """Phrases and groups: two groups of one name would be merged, or one lost in another reader."""
    (tmp_path / "zh.yaml").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(text, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=re.escape(fault)):
        text.phrases.__wrapped__("zh")


@pytest.mark.parametrize(
    "path", sorted(SOURCES.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_no_file_of_the_package_has_a_key_twice(path: Path) -> None:
    """By another reader than the ones that the package reads its files with."""
    stack, twice = [yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)], []
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            twice += [key for key in keys if keys.count(key) > 1]
            stack += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value
    assert twice == []


def test_a_third_language_is_one_more_file(tmp_path: Path) -> None:
    copy = tmp_path / "text"
    shutil.copytree(Path(text.__file__).parent, copy)
    spanish = (copy / "en.yaml").read_text(encoding="utf-8").replace('year: "year"', 'year: "año"')
    (copy / "es.yaml").write_text(spanish, encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import text as t;"
        "print(t.LANGUAGES, ascii(t.say('compare.year', 'es')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('zh', 'en', 'es') 'a\\xf1o'"


def asked() -> dict[str, str]:
    """Keys that the sources and templates ask for literally, with where."""
    found = {}
    for path in [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.html")]:
        for key in re.findall(
            r"""\b(?:say|phrase)\(\s*["']([\w.]+)["']""", path.read_text(encoding="utf-8")
        ):
            found[key] = path.name
    return found


@pytest.mark.parametrize(("key", "where"), asked().items())
def test_no_key_is_missing(key: str, where: str) -> None:
    """A key that ends in a dot begins a family whose members are asked for by name."""
    members = (
        [k for k in phrases(LANGUAGES[0]) if k.startswith(key)] if key.endswith(".") else [key]
    )
    assert members, where
    assert set(members) <= set(phrases(LANGUAGES[0])), where


def test_every_number_of_a_fact_with_several_has_a_name() -> None:
    several = {n for one in MEASURED.values() if len(one.numbers) > 1 for n in one.numbers}
    named = {
        key.removeprefix("number.") for key in phrases(LANGUAGES[0]) if key.startswith("number.")
    }
    assert several == named


def test_a_text_in_both_languages_is_told_in_one() -> None:
    assert one_language("无数量 · no number", "zh") == "无数量"
    assert one_language("无数量 · no number · at all", "en") == "no number · at all"
    assert one_language("no number", "zh") == "no number"


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


def _written() -> list[tuple[str, int, str, set[str]]]:
    """Return every message of the sources: file, line, key, and the names of its values."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "phrase"
                and isinstance(node.args[0], ast.Constant)
                and all(keyword.arg for keyword in node.keywords)
            ):
                names = {str(keyword.arg) for keyword in node.keywords}
                found.append((path.name, node.lineno, str(node.args[0].value), names))
    return found


def test_every_message_fills_the_placeholders_of_its_phrase_and_no_others() -> None:
    known = phrases("en")
    wrong = [
        (file, line, key)
        for file, line, key, names in _written()
        if {name for _, name, _, _ in string.Formatter().parse(known[key]) if name} != names
    ]
    assert wrong == []
