"""The glossary is the home of terms: labels and phrases translate a Chinese term by its English one."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import xuchang_sim
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


REFERENCE = PAGE.parent / "reference.md"
#: Words of public names that say in plain English what they say.
PLAIN = frozenset(
    re.findall(
        r"\w+",
        """
        a absent accept after ahead and annual answer as assume axis best binding bounds bundle
        bundles by calendar calls causes cell central changes check city column compare
        comparison constant content deep default definition demand detail difference document
        drawn draws earlier economy error evidence exhaustive explain explanation extended
        extension extra failed failures families file firms first folder frame full function
        goal good grid half heat highest history indent input keep key kind known label largest
        last left line load make map message method month most moved name nanoseconds new not
        number of optional or out outcome output outside over overhead parent part path per
        phase points price probabilities problem profile progress reachable ready real record
        region replace report reported result rows run say search seconds series settings setup
        several shift simulate simulations smallest source spent start step take through time
        title to topic total uncertainty undefined unit unrated up validate value variant vary
        view violations waiting warm watch weights why width with without words workbook worlds
        write
        """,
    )
)
#: Abbreviations and words of Python, its libraries and statistics.
TECHNICAL = frozenset(
    re.findall(
        r"\w+",
        """
    256 agents aliases ax b dict en excel executor fai hooks ids json lang n namespace p panels
    schema sd sha threads url x xarray y zh
        """,
    )
)


@cache
def public_names() -> frozenset[str]:
    """Names of the documented interface: functions, classes, their public members and parameters."""
    entries = re.findall(r"auto(class|function|module):: (\S+)", REFERENCE.read_text("utf-8"))
    public = {name: getattr(xuchang_sim, name) for name in xuchang_sim.__all__ if name[0] != "_"}
    for kind, path in entries:
        home, _, name = path.rpartition(".")
        if kind == "module":
            room = importlib.import_module(path)
            public |= {each: getattr(room, each) for each in room.__all__}
        else:
            public[name] = getattr(importlib.import_module(home), name)
    names = set(public)
    for value in public.values():
        members = vars(value) if inspect.isclass(value) else {}
        own = {name: member for name, member in members.items() if not name.startswith("_")}
        functions = [value, *filter(inspect.isfunction, own.values())]
        names |= own.keys()
        names |= {each for function in functions for each in inspect.signature(function).parameters}
    return frozenset(names - {"self"})


def words_of(name: str) -> set[str]:
    """Words of a name in either spelling."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)}


def explained(word: str) -> bool:
    """Whether the glossary has the word, or one of its family."""
    heads = {part for names in glossary().values() for name in names for part in words_of(name)}
    stem = word.removesuffix("s").removesuffix("e")
    return any(
        head.removesuffix("s").removesuffix("e") == stem
        or (min(len(head), len(stem)) > 4 and (head.startswith(stem) or stem.startswith(head)))
        for head in heads
    )


def test_words_of_public_names_are_plain_or_in_the_glossary() -> None:
    assert words_of("MatrixResult") | words_of("p_by_2") == {"matrix", "result", "p", "by", "2"}
    assert not explained("lot")
    assert not explained("echoes")
    assert not explained("ski")
    assert explained("levers")
    assert explained("calibrate")
    names = public_names()
    assert len(names) > 250
    used = {word: name for name in sorted(names) for word in words_of(name)}
    assert {
        word: name
        for word, name in used.items()
        if not {word, word.removesuffix("s")} & (PLAIN | TECHNICAL) and not explained(word)
    } == {}
    assert used.keys() & (RETIRED - {"settled"}) == set()


def test_no_word_is_called_plain_that_no_public_name_has() -> None:
    used = {word for name in public_names() for word in words_of(name)}
    used |= {word.removesuffix("s") for word in used}
    assert (PLAIN | TECHNICAL) - used == set()
