"""The glossary is the home of terms: labels and phrases translate a Chinese term by its English one."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from xuchang_sim import definitions, units
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.text import phrases

SOURCE = Path(__file__).parents[1] / "src" / "xuchang_sim"
PAGE = Path(__file__).parents[1] / "docs" / "glossary.md"
#: Chinese terms with one English name; a label that has the one has the other.
HELD = (
    *(
        "规模以上",
        "融资平台",
        "集中开工",
        "龙头企业",
        "增减挂钩",
        "自有资金",
        "标准厂房",
        "公共租赁住房",
    ),
    *("产业集群", "利税", "典型事实"),
)
#: What a term was called before it had its entry.
OLD = (
    "dragon-head",
    "above-scale",
    "group start",
    "own money",
    "outside view",
    "financing platform",
)


@cache
def glossary() -> dict[str, tuple[str, ...]]:
    """English names of every Chinese term."""
    heads = re.findall(r"^(\S.*?) · (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        term.strip("“”"): tuple(
            re.sub(r"\s*\(.*?\)", "", name).strip() for name in english.split(",")
        )
        for terms, english in heads
        for term in terms.split("、")
    }


@cache
def pairs() -> dict[str, tuple[str, str]]:
    """Chinese and English text of every label of the definitions and packs, and of every phrase."""
    found = {
        f"{kind}.{name}": (entry.label.zh, entry.label.en)
        for kind, entries in (
            ("lever", definitions.levers()),
            ("parameter", definitions.parameters()),
            ("measure", definitions.measures()),
            ("column", definitions.columns()),
        )
        for name, entry in entries.items()
    }
    for place in shipped():
        pack = load_pack(place.name)
        found |= {f"{pack.name}.{row.id}": (row.label_zh, row.label_en) for row in pack.plan.rows}
        found |= {f"{pack.name}.{t.id}": (t.label_zh, t.label_en) for t in pack.plan.targets()}
    chinese, english = phrases("zh"), phrases("en")
    return found | {f"text.{key}": (chinese[key], english[key]) for key in chinese}


@pytest.mark.parametrize("term", HELD)
def test_a_term_has_one_english_name(term: str) -> None:
    names = glossary()[term]
    stems = [re.sub(r"(y|ies|s)$", "", name.lower()) for name in names]
    wrong = {
        key: (chinese, english)
        for key, (chinese, english) in pairs().items()
        if term in chinese and not any(stem in english.lower() for stem in stems)
    }
    assert wrong == {}


def test_old_names_are_gone() -> None:
    texts = {
        **{key: english for key, (_, english) in pairs().items()},
        "glossary": PAGE.read_text("utf-8"),
    }
    assert {key: old for key, text in texts.items() for old in OLD if old in text.lower()} == {}


def test_units_of_money_and_land_are_explained() -> None:
    known = glossary()
    for unit in ("亿元", "万元", "亩", "公顷"):
        assert unit in known
        assert units.english(unit).split()[-1] in " ".join(known[unit])


#: Names of the first edition that said nothing to a reader; what a thing is stands in their place.
RETIRED = frozenset(
    ("companions", "cut", "echo", "followed", "found", "lot", "settled", "strip", "told", "wished")
)


def defined(source: str) -> set[str]:
    """Names that a module gives: functions, classes, parameters, variables and fields."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_names_in_the_code_are_not_the_retired_ones() -> None:
    assert defined("def f(lot):\n    found: int = 1") == {"f", "lot", "found"}
    kept = {"model/world.py": {"wished"}}  # a recorded column, whose name results carry
    wrong = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if bad := (defined(path.read_text("utf-8")) & RETIRED) - kept.get(name, set()):
            wrong[name] = bad
    assert wrong == {}
