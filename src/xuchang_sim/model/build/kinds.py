"""Parts of a rule: types, expressions in C with their types, and the place of a rule in its file.

Types are never guessed: a rule's annotations give those of its parameters and results.
"""

from __future__ import annotations

import ast
import inspect
import re
import types
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from xuchang_sim.model.kernel import MARK
from xuchang_sim.model.layout import tables
from xuchang_sim.model.world import Inputs, Table, World

Rule = types.FunctionType
TABLES: dict[str, type[Table]] = tables(World) | tables(Inputs)
WIDTH = ("bool", "int", "float")
C_TYPE = {"bool": "_Bool", "int": "i64", "float": "double", "none": "void"}
ITEM = {"f8": "float", "i8": "int"}


class RefusedError(Exception):
    """A rule outside the subset; the message begins with file and line."""


class Number(NamedTuple):
    """A bool, an int (64 bits, wraps) or a float; "none" is the result of a rule without one."""

    name: str


class Record(NamedTuple):
    """A table."""

    table: str


class Column(NamedTuple):
    """A column of a table: kind of its items, lengths as C text."""

    item: str
    lengths: tuple[str, ...]


class Array(NamedTuple):
    """An array of numbers or records that Python gives: kind of its items, dimensions.

    The lengths of an array that a variable names stand in variables of their own.
    """

    item: str
    dimensions: int


class Several(NamedTuple):
    """A tuple of numbers: what a rule returns."""

    items: tuple[Number, ...]


class Constants(NamedTuple):
    """A module's tuple of numbers or of rules."""

    item: str
    length: int


class Shape(NamedTuple):
    """Lengths of a column or an array, as C text."""

    lengths: tuple[str, ...]


Type = Number | Record | Column | Array | Several | Constants | Shape
FLOAT, INT, BOOL, NONE = Number("float"), Number("int"), Number("bool"), Number("none")


class Term(NamedTuple):
    """An expression in C, its type, and the variables of Python whose record it is a part of."""

    text: str
    type: Type
    roots: frozenset[str] = frozenset()


class Source(NamedTuple):
    """A rule's syntax tree and where it stands."""

    node: ast.FunctionDef
    path: str

    def at(self, node: ast.AST) -> str:
        """Return file and line of a node."""
        return f"{self.path}:{getattr(node, 'lineno', self.node.lineno)}"

    def refuse(self, node: ast.AST, why: str) -> RefusedError:
        """Return the refusal of a node."""
        return RefusedError(f"{self.at(node)}: {why}")


@cache
def _module(path: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """Return the functions of a file by name and first line, decorators included."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return {
        (node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)])): node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def source(rule: Rule) -> Source:
    """Return the syntax tree of a rule."""
    code = rule.__code__
    node = _module(code.co_filename)[rule.__name__, code.co_firstlineno]
    path = Path(code.co_filename).as_posix()
    _, inside, short = path.rpartition("/model/")
    return Source(node, short if inside else Path(path).name)


def signature(rule: Rule) -> tuple[dict[str, Type], Type]:
    """Return the types of a rule's parameters and of its result, from their annotations.

    Raises
    ------
    RefusedError
        If one is missing or unknown.
    """
    result = source(rule)
    node = result.node
    given = node.args
    if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults:
        raise result.refuse(node, f"{node.name}: parameters by position only, no defaults")
    return {a.arg: _annotated(result, a, a.annotation) for a in given.args}, _annotated(
        result, node, node.returns
    )


def _annotated(result: Source, where: ast.AST, given: ast.expr | None) -> Type:
    match given:
        case ast.Name(id="float" | "int" | "bool" as name):
            return Number(name)
        case ast.Name(id=name) if name in TABLES:
            return Record(name)
        case ast.Name(id=name) if fit := re.fullmatch(r"(Floats|Ints|Worlds|Inputs)([1-9])", name):
            items = {"Floats": "f8", "Ints": "i8", "Worlds": "World", "Inputs": "Inputs"}
            return Array(items[fit[1]], int(fit[2]))
        case ast.Constant(value=None):
            return NONE
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=items)):
            several = [_annotated(result, where, item) for item in items]
            if all(isinstance(item, Number) for item in several):
                return Several(tuple(item for item in several if isinstance(item, Number)))
    text = ast.unparse(given) if given else "nothing"
    raise result.refuse(where, f"{text!r} is no type of a rule")


def unmarked(called: Any) -> Any:
    """Return the function of an entry, others as they are."""
    return inspect.unwrap(called) if getattr(called, MARK, "") == "entry" else called


def wider(one: Type, other: Type) -> Type | None:
    """Return the type that holds both, or None if none does."""
    if isinstance(one, Number) and isinstance(other, Number) and NONE not in {one, other}:
        return Number(WIDTH[max(WIDTH.index(one.name), WIDTH.index(other.name))])
    return one if one == other else None


def in_words(kind: Type) -> str:
    """Return a type in words."""
    match kind:
        case Number(name):
            return name
        case Record(table):
            return table
        case Several(items):
            return f"tuple of {', '.join(item.name for item in items)}"
        case Column() | Array():
            return "an array"
        case Constants():
            return "a tuple"
    return "a shape"
