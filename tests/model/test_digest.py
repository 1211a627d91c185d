"""Hash of the rules: prose does not change it; an operator, a number, a name or an order does."""

from __future__ import annotations

import ast
import copy
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xuchang_sim import cache as user_cache, definitions
from xuchang_sim.answers import rules
from xuchang_sim.model import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = sorted(path.stem for path in Path(definitions.__file__).parent.glob("*.yaml"))
LAND = digest.MODEL / "steps" / "land.py"
WORLD = digest.MODEL / "world.py"


def test_prose_of_every_rule_is_no_part_of_its_meaning() -> None:
    for path in sorted(digest.MODEL.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        prose = re.sub(r'(?m)^( *)"""[A-Z]', r'\1"""Another word. A', source)
        prose = "# a comment\n" + re.sub(r"(?m)^( *)#.*$", r"\1# another comment", prose)
        assert prose != source
        assert digest.meaning(prose) == digest.meaning(source), path.name


def test_the_description_of_a_column_is_prose_and_its_unit_is_not() -> None:
    source = WORLD.read_text(encoding="utf-8")
    kind = 'scale: float = real("个/年", "ordinary arrivals a year'
    row = 'code: Ints = _column("i8", "", "stable number of the zone"'
    assert kind in source
    assert row in source
    plain = digest.meaning(source)
    assert digest.meaning(source.replace(kind, kind.replace("ordinary", "usual"))) == plain
    assert digest.meaning(source.replace(row, row.replace("stable", "fixed"))) == plain
    assert digest.meaning(source.replace(kind, kind.replace("个/年", "个/月"))) != plain


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = a + b", "x = a - b"),
        ("x = 0.5 * a", "x = 0.6 * a"),
        ("x = draw(1)\ny = draw(2)", "y = draw(2)\nx = draw(1)"),
        ("x = a < b", "x = a <= b"),
        ("x = a", "x = b"),
        ("if a:\n    x = 1", "if a:\n    x = 1\nelse:\n    x = 0"),
        ("x = 1", "x = 1.0"),
        ("x = None", "x = ''"),
        ("f(a, b)", "f(a)"),
        ("x: int = real('亩', 'land')", "x: float = real('亩', 'land')"),
        ("@cache\ndef f(): pass", "def f(): pass"),
    ],
)
def test_every_change_of_a_rule_changes_its_meaning(before: str, after: str) -> None:
    assert digest.meaning(before) != digest.meaning(after)


def test_every_number_of_the_land_rule_counts() -> None:
    source = LAND.read_text(encoding="utf-8")
    plain = digest.meaning(source)
    numbers = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    ]
    assert len(numbers) > 20
    lines = source.splitlines(keepends=True)
    for node in numbers:
        line = lines[node.lineno - 1]
        other = f"{line[: node.col_offset]}7.25{line[node.end_col_offset :]}"
        changed = [*lines[: node.lineno - 1], other, *lines[node.lineno :]]
        assert digest.meaning("".join(changed)) != plain, line


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to the single values of a tree."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        if isinstance(item, dict | list):
            yield from leaves(item, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_definition_counts_and_its_prose_does_not(name: str) -> None:
    entries = copy.deepcopy(definitions.entries(name))
    plain = rules.values(entries)
    kinds = set()
    for *path, key in leaves(entries):
        place: Any = entries
        for step in path:
            place = place[step]
        before, place[key] = place[key], "another"
        prose = not rules.PROSE.isdisjoint([*path, key])
        assert (rules.values(entries) == plain) is prose, (path, key)
        place[key] = before
        kinds.add(prose)
    assert kinds == {True, False}


def test_a_hash_is_remembered_and_only_a_whole_line_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(cache))
    asked: list[int] = []

    def find() -> str:
        asked.append(1)
        return "ab12"

    assert [user_cache.remembered("00ff", find) for _ in range(3)] == 3 * ["ab12"]
    assert len(asked) == 1
    whole = (cache / "hashes").read_bytes()
    cut = [whole[:end] for end in range(len(whole) - 1)]
    changed = [whole.replace(b"ab12", other) for other in (b"ab1", b"ab13", b"ab12ab12", b"")]
    for damaged in (*cut, *changed, b"00ff ab12\n", b"00fe" + whole[4:], b"\xff" + whole):
        (cache / "hashes").write_bytes(damaged)
        asked.clear()
        assert user_cache.remembered("00ff", find) == "ab12"
        assert asked == [1], damaged
    for number in range(3 * user_cache.KEPT):
        user_cache.remembered(f"{number:04x}", find)
    assert len((cache / "hashes").read_text().splitlines()) == user_cache.KEPT
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(cache / "hashes" / "below a file"))
    assert user_cache.remembered("00ff", find) == "ab12"
    (tmp_path / "hashes").mkdir()  # where a file is written and cannot be put in its place
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(tmp_path))
    assert user_cache.remembered("00ff", find) == "ab12"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "hashes"]


def test_what_is_remembered_of_the_rules_is_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    said = digest.rules_digest(), rules.rules_digest()
    for module in (digest, rules):
        monkeypatch.setattr(module, "remembered", lambda _, find: find())
        module.rules_digest.cache_clear()
    assert (digest.rules_digest(), rules.rules_digest()) == said
