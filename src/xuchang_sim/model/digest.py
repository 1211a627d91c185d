"""Hashes of the rules: two programs with the same hash give the same bits."""

from __future__ import annotations

import ast
import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xuchang_sim.cache import remembered

if TYPE_CHECKING:
    from collections.abc import Iterable

MODEL = Path(__file__).parent
#: Files that run the rules and decide nothing of what the compiled rules are.
DRIVERS = frozenset(("economy.py", "engine.py", "library.py", "memory.py"))
#: Files that decide how rules are compiled, and no bit of a result.
HOW_COMPILED = frozenset(("digest.py", "kernel.py", "layout.py", "library.py", "memory.py"))


#: Functions that declare a column of the record, with the position of its description.
DESCRIBED = {"real": 1, "whole": 1, "flow": 1, "stock": 1, "_column": 2}


@cache
def rules_digest() -> str:
    """Hash what decides the bits of a result: the rules, the engine and the declarations.

    Comments, docstrings, layout and descriptions of columns do not count; see :func:`meaning`. To read
    the syntax of all of them takes fifty times as long as to read their bytes.
    """
    return remembered(bytes_digest(_sources()), _rules_digest)


def bytes_digest(paths: Iterable[Path]) -> str:
    """Hash files of the package as they stand, for what is remembered of them; this file, which reads them, included."""
    state = hashlib.sha256()
    for path in (*paths, Path(__file__)):
        place = path.relative_to(MODEL.parent).as_posix()
        state.update(place.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()


def _rules_digest() -> str:
    state = hashlib.sha256()
    for path in _sources():
        if path.parent.name != "build" and path.name not in HOW_COMPILED:
            state.update(path.relative_to(MODEL).as_posix().encode() + b"\0")
            state.update(meaning(path.read_bytes()) + b"\0")
    return state.hexdigest()[:20]


@cache
def library_digest() -> str:
    """Hash the text that decides the compiled rules: rules, declarations, translator and flags."""
    state = hashlib.sha256()
    for path in _sources():
        if path.name not in DRIVERS:
            state.update(path.relative_to(MODEL).as_posix().encode() + b"\0")
            state.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return state.hexdigest()[:20]


def meaning(source: bytes | str) -> bytes:
    """Return the syntax tree of a module without its prose, the same in every version of Python.

    Two sources that differ in comments, docstrings, blank lines, quotes or the description of a
    column have the same meaning; a changed operator, number, name or order has another.

    Examples
    --------
    >>> meaning("x = 1  # one") == meaning("x = (1)")
    True
    >>> meaning("x = a + b") == meaning("x = a - b")
    False
    """
    parts: list[str] = []
    _spell(ast.parse(source), parts)
    return "\n".join(parts).encode()


def _spell(node: Any, parts: list[str]) -> None:
    """Append the spelling of a node, empty fields and prose aside."""
    if isinstance(node, list):
        parts.append("[")
        for each in node:
            if not _is_prose(each):
                _spell(each, parts)
        parts.append("]")
    elif isinstance(node, ast.AST):
        parts.append(type(node).__name__)
        aside = _description(node)
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or value == [] or name == "ctx":
                continue
            parts.append(name)
            if aside is not None and name == "args":
                value = [each for each in value if each is not aside]
            _spell(value, parts)
        parts.append(";")
    else:
        parts.append(repr(node))


def _is_prose(node: Any) -> bool:
    """Whether a statement is nothing but a text: a docstring, or what stands below an attribute."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _description(node: ast.AST) -> ast.expr | None:
    """Return the argument of a declared column that describes it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    at = DESCRIBED.get(node.func.id)
    return node.args[at] if at is not None and at < len(node.args) else None


def _sources() -> list[Path]:
    """Return the sources; nobody looks into ``compiled``, where a build may add and remove files."""
    result = []
    for folder, inside, files in os.walk(MODEL):
        inside[:] = [name for name in inside if name not in {"compiled", "__pycache__"}]
        result += [Path(folder, name) for name in files if name.endswith((".py", ".c"))]
    return sorted(result)
