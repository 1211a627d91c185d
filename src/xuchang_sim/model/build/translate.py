"""Translate rules from their subset of Python to one C text.

One module because each kind of statement and expression is one case of one walk over the syntax.

Only the standard library is used, and types are never guessed: those of parameters and results are
their annotations, those of columns their declarations in ``world``, and a local variable has the
widest type (bool, int, float) that is assigned to it. What is not listed here is refused, with file
and line:

- statements: assignment, also of several names at once and augmented; ``for`` over ``range`` or over
  a module's tuple of numbers; ``while``, ``if``, ``break``, ``continue``, ``return``, ``pass``; a call;
  ``array[:] = number``;
- expressions: numbers, names, ``+ - * / // % & | ^ << >>``, ``not``, ``and``, ``or``, comparisons,
  ``a if c else b``, columns by index, ``.shape[k]``, calls of rules by position;
- library functions: ``abs``, ``min``, ``max``, ``int``, ``float``, ``len`` of a module's tuple,
  ``math.sqrt``, ``math.floor``.

Three rules keep the order of evaluation out of C's hands: a call that writes to a record stands alone
on the right side of an assignment; a rule is never given two parts of one record of which it writes
one; tuples are assigned through temporaries.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import re
import types
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xuchang_sim.model.kernel import MARK
from xuchang_sim.model.layout import Layout, Place, layout, numbers, tables
from xuchang_sim.model.world import Inputs, Sizes, Table, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Rule = types.FunctionType
TABLES: dict[str, type[Table]] = tables(World) | tables(Inputs)
WIDTH = ("bool", "int", "float")
C_TYPE = {"bool": "_Bool", "int": "i64", "float": "double", "none": "void"}
ITEM = {"f8": "float", "i8": "int"}
PRELUDE = Path(__file__).with_name("prelude.c")
#: Words of C, and names of this text, that a variable must not bear.
WORDS = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "asm",
        "typeof",
        "L",
        "i64",
        "u32",
        "u64",
        "memcpy",
        "memset",
        "memmove",
    ]
)
RESERVED = WORDS | set(
    re.findall(r"(?:#define |\b)([A-Za-z_]\w*)\(", PRELUDE.read_text(encoding="utf-8"))
)
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


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
    found = source(rule)
    node = found.node
    given = node.args
    if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults:
        raise found.refuse(node, f"{node.name}: parameters by position only, no defaults")
    return {a.arg: _annotated(found, a, a.annotation) for a in given.args}, _annotated(
        found, node, node.returns
    )


def _annotated(found: Source, where: ast.AST, given: ast.expr | None) -> Type:
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
            several = [_annotated(found, where, item) for item in items]
            if all(isinstance(item, Number) for item in several):
                return Several(tuple(item for item in several if isinstance(item, Number)))
    text = ast.unparse(given) if given else "nothing"
    raise found.refuse(where, f"{text!r} is no type of a rule")


def unmarked(called: Any) -> Any:
    """Return the function of an entry, others as they are."""
    return inspect.unwrap(called) if getattr(called, MARK, "") == "entry" else called


def translate(entries: Sequence[Callable[..., None]]) -> str:
    """Return one C text that exports the entries, with all rules that they call.

    Parameters
    ----------
    entries : sequence of callable
        Rules marked :func:`xuchang_sim.model.kernel.entry`.

    Raises
    ------
    RefusedError
        If a rule is outside the subset; the message names file and line.
    """
    return Program([unmarked(each) for each in entries]).text()


class Program:
    """The rules that some entries need, in an order in which the called come first."""

    def __init__(self, entries: Sequence[Rule]) -> None:
        self.entries = entries
        self.constants: dict[str, str] = {}
        self.results: dict[str, Several] = {}
        self.dispatchers: dict[str, str] = {}
        self._order: list[Rule] = []
        #: Parameters through which a translated rule, or one that it calls, writes.
        self.written: dict[Rule, frozenset[str]] = {}
        self._seen: set[Rule] = set()
        self._open: list[Rule] = []
        for each in entries:
            self._visit(each)

    def _visit(self, rule: Rule) -> None:
        if rule in self._seen:
            return
        if rule in self._open:
            raise source(rule).refuse(source(rule).node, f"{rule.__name__} calls itself")
        self._open.append(rule)
        for each in _called(rule):
            self._visit(each)
        self._open.pop()
        self._seen.add(rule)
        self._order.append(rule)

    def body(self, rule: Rule) -> Body:
        """Return what translates a rule."""
        return Body(self, rule)

    def name(self, rule: Rule) -> str:
        """Return the name of a rule in C."""
        return f"{rule.__module__.rpartition('.')[2]}_{rule.__name__}"

    def result(self, result: Type) -> str:
        """Return what C calls the result of a rule."""
        if isinstance(result, Number):
            return C_TYPE[result.name]
        if not isinstance(result, Several):
            raise TypeError(result)
        name = "R_" + "".join(item.name[0] for item in result.items)
        self.results[name] = result
        return name

    def tuple_of(self, module: str, name: str, values: tuple[Any, ...]) -> Term | None:
        """Return a module's tuple: numbers become an array of constants."""
        if values and all(getattr(each, MARK, "") for each in values):
            return Term(name, Constants("rule", len(values)))
        if not values or not all(isinstance(each, int | float) for each in values):
            return None
        known = f"{module}_{name}"
        kind = "float" if any(isinstance(each, float) for each in values) else "int"
        items = ", ".join(_literal(each, kind) for each in values)
        self.constants[known] = f"static const {C_TYPE[kind]} {known}[{len(values)}] = {{{items}}};"
        return Term(known, Constants(kind, len(values)))

    def dispatcher(self, module: str, name: str, rules: tuple[Rule, ...]) -> tuple[str, Rule]:
        """Return a function that calls one of a module's tuple of rules by number."""
        known = f"{module}_{name}"
        takes, _ = signature(rules[0])
        if any(signature(each) != (takes, NONE) for each in rules):
            found = source(rules[0])
            raise found.refuse(found.node, f"rules of {name} take or return different things")
        given = _parameters(takes, restrict=False)
        names = ", ".join(["L", *(_plain(each) for each in takes)])
        cases = "".join(
            f"    case {n}: {self.name(each)}({names}); break;\n" for n, each in enumerate(rules)
        )
        self.dispatchers[known] = (
            f"static void {known}(const u32 *L, i64 number{given})\n"
            f"{{\n    switch (number) {{\n{cases}    default: break;\n    }}\n}}\n"
        )
        return known, rules[0]

    def text(self) -> str:
        """Return the C text."""
        bodies: list[str] = []
        for rule in self._order:
            body = self.body(rule)
            written = body.text()
            self.written[rule] = frozenset(body.written & body.takes.keys())
            bodies += [*self.dispatchers.values(), written]
            self.dispatchers.clear()
        exported = [self._export(rule) for rule in self.entries]
        results = [
            f"typedef struct {{ {''.join(f'{C_TYPE[t.name]} e{n}; ' for n, t in enumerate(r.items))}}} {name};"
            for name, r in self.results.items()
        ]
        records = [f"typedef struct {name} {name};" for name in TABLES]
        parts = [
            PRELUDE.read_text(encoding="utf-8"),
            *_numbers(),
            "",
            *records,
            *results,
            *self.constants.values(),
            "",
            *bodies,
            *exported,
        ]
        return "\n".join(parts)

    def _export(self, rule: Rule) -> str:
        """Return a function that takes the entry's arguments as words: addresses, lengths, bits."""
        takes, gives = signature(rule)
        if gives != NONE:
            raise source(rule).refuse(source(rule).node, "an entry returns nothing")
        words: list[str] = []
        at = 0
        for given in takes.values():
            if isinstance(given, Array):
                words.append(f"({_item(given.item)} *)(intptr_t)a[{at}]")
                words += [f"a[{at + 1 + n}]" for n in range(given.dimensions)]
                at += 1 + given.dimensions
            elif given == INT:
                words.append(f"a[{at}]")
                at += 1
            elif given == FLOAT:
                words.append(f"kernel_float_of(a[{at}])")
                at += 1
            else:
                raise source(rule).refuse(source(rule).node, "an entry takes arrays and numbers")
        called = ", ".join(["L", *words])
        name = self.name(rule)
        return (
            f"EXPORT void xs_{rule.__name__}(const u32 *L, const i64 *a)\n"
            f"{{\n    CONTROL before = usual_control();\n    {name}({called});\n"
            f"    set_control(before);\n}}\n"
        )


def _called(rule: Rule) -> Iterator[Rule]:
    """Yield the rules that a rule calls; whether it may is seen when it is translated."""
    for node in ast.walk(source(rule).node):
        if isinstance(node, ast.Call):
            target = node.func.value if isinstance(node.func, ast.Subscript) else node.func
            found = _global(rule, target)
            for each in found if isinstance(found, tuple) else (found,):
                if isinstance(each, Rule) and getattr(each, MARK, "") in {"step", "inlined"}:
                    yield each


def _global(rule: Rule, node: ast.expr) -> Any:
    """Return what a name of the module, or of a module that it imports, stands for; else None."""
    if isinstance(node, ast.Name):
        return rule.__globals__.get(node.id, getattr(builtins, node.id, None))
    if isinstance(node, ast.Attribute):
        owner = _global(rule, node.value)
        return getattr(owner, node.attr, None) if isinstance(owner, types.ModuleType) else None
    return None


def _numbers() -> list[str]:
    """Return what depends on sizes: constants for the usual ones, else entries of the layout."""
    usual = numbers(Sizes())
    lines = ["#ifdef FIXED"]
    lines += [f"#define {name} {value}LL" for name, value in usual.items()]
    lines += ["#else"]
    lines += [f"#define {name} ((i64)L[{n}])" for n, name in enumerate(usual)]
    return [*lines, "#endif"]


def _literal(value: float, kind: str) -> str:
    if kind == "bool":
        return str(int(value))
    if kind == "int":
        if not -(2**63) < value < 2**63:
            raise OverflowError(value)
        return f"{value}LL" if value >= 0 else f"({value}LL)"
    number = float(value)
    if math.isnan(number):
        return '__builtin_nan("")'
    if math.isinf(number):
        return "__builtin_inf()" if number > 0 else "(-__builtin_inf())"
    text = number.hex()
    return f"({text})" if text.startswith("-") else text


def _whole(text: str) -> int | None:
    """Return the number that a text is, or None."""
    literal = re.fullmatch(r"\(?(-?\d+)LL\)?", text)
    return int(literal[1]) if literal else None


def _bare(text: str) -> str:
    """Return a text without the parentheses that hold all of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for n, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and n < len(text) - 1:
            return text
    return text[1:-1]


def _plain(name: str) -> str:
    return f"{name}_" if name in RESERVED else name


def _item(item: str) -> str:
    return C_TYPE[ITEM[item]] if item in ITEM else item


def _parameters(takes: dict[str, Type], *, restrict: bool) -> str:
    """Return the parameters after the layout, in C."""
    found = ""
    for name, given in takes.items():
        plain = _plain(name)
        if isinstance(given, Number):
            found += f", {C_TYPE[given.name]} {plain}"
        elif isinstance(given, Record):
            found += f", {given.table} *{'restrict ' if restrict else ''}{plain}"
        elif isinstance(given, Array):
            lengths = "".join(f", i64 {plain}_n{n}" for n in range(given.dimensions))
            found += f", {_item(given.item)} *{plain}{lengths}"
    return found


def _wider(one: Type, other: Type) -> Type | None:
    if isinstance(one, Number) and isinstance(other, Number) and NONE not in {one, other}:
        return Number(WIDTH[max(WIDTH.index(one.name), WIDTH.index(other.name))])
    return one if one == other else None


class Body:
    """One rule in C."""

    def __init__(self, program: Program, rule: Rule) -> None:
        self.program = program
        self.rule = rule
        self.source = source(rule)
        self.takes, self.gives = signature(rule)
        self.module = rule.__module__.rpartition(".")[2]
        self.types: dict[str, Type] = dict(self.takes)
        self.roots: dict[str, frozenset[str]] = {name: frozenset([name]) for name in self.takes}
        self.lines: list[str] = []
        self.depth = 1
        self.temporaries = 0
        self.written: set[str] = set()
        self.alone: ast.expr | None = None  # the one call that may write in this statement

    # ------------------------------------------------------------------ types of variables

    def refuse(self, node: ast.AST, why: str) -> RefusedError:
        """Return the refusal of a node."""
        text = ast.unparse(node).partition("\n")[0]
        return self.source.refuse(node, f"{why}: {text}")

    def _settle(self) -> None:
        """Find the type of every variable: the widest that is assigned to it."""
        before: dict[str, Type] | None = None
        while before != self.types:
            before = dict(self.types)
            for node in self._statements(self.source.node.body):
                for name, given in self._assigned(node):
                    self._join(node, name, given)

    def _statements(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            yield node
            for name in ("body", "orelse"):
                yield from self._statements(getattr(node, name, []))

    def _assigned(self, node: ast.stmt) -> Iterator[tuple[str, Term]]:
        """Yield the variables that a statement assigns, with what is known of the value."""
        match node:
            case ast.Assign(targets=[target], value=value):
                yield from self._pairs(target, value)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                if name in self.types and (given := self._known(value)):
                    have = Term(name, self.types[name])
                    yield name, self._binary(node, type(op), have, given)
            case ast.For(target=ast.Name(id=name), iter=iterated):
                if isinstance(iterated, ast.Call):
                    yield name, Term("", INT)
                elif given := self._known(iterated):
                    kind = given.type.item if isinstance(given.type, Constants) else ""
                    if kind not in {"int", "float"}:
                        raise self.refuse(node, "a loop goes over range or a tuple of numbers")
                    yield name, Term("", Number(kind))

    def _pairs(self, target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Term]]:
        if isinstance(target, ast.Tuple):
            if isinstance(value, ast.Tuple):
                for one, other in zip(target.elts, value.elts, strict=False):
                    yield from self._pairs(one, other)
            elif (given := self._known(value)) and isinstance(given.type, Several):
                for one, item in zip(target.elts, given.type.items, strict=False):
                    if isinstance(one, ast.Name):
                        yield one.id, Term("", item)
        elif isinstance(target, ast.Name) and (given := self._known(value)):
            yield target.id, given

    def _known(self, value: ast.expr) -> Term | None:
        """Return a value, or None as long as the type of a variable in it is not known."""
        for node in ast.walk(value):
            local = isinstance(node, ast.Name) and node.id in self._locals()
            if local and isinstance(node, ast.Name) and node.id not in self.types:
                return None
        self.alone = value
        return self.value(value)

    @cache  # noqa: B019 - one per rule
    def _locals(self) -> frozenset[str]:
        stored = (
            node.id
            for node in ast.walk(self.source.node)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
        return frozenset([*self.takes, *stored])

    def _join(self, node: ast.stmt, name: str, given: Term) -> None:
        if name == "_":
            return
        have = self.types.get(name)
        joined = given.type if have is None else _wider(have, given.type)
        if joined is None or joined == NONE or isinstance(given.type, Constants | Shape | Several):
            raise self.refuse(node, f"{name} has no single type")
        if name in self.takes and joined != self.takes[name]:
            raise self.refuse(node, f"the parameter {name} is declared {_said(self.takes[name])}")
        self.types[name] = joined
        self.roots[name] = self.roots.get(name, frozenset()) | given.roots

    # ------------------------------------------------------------------ expressions

    def value(self, node: ast.expr) -> Term:
        """Translate an expression."""
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return self._number(node, number)
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._item(node)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(node, type(op), self.value(left), self.value(right))
            case ast.UnaryOp(op=op, operand=operand):
                return self._unary(node, op, operand)
            case ast.BoolOp(op=op, values=values):
                sign = " && " if isinstance(op, ast.And) else " || "
                return Term(f"({sign.join(self._truth(each) for each in values)})", BOOL)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compare(node, [left, *others], ops)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self._choice(node, self._truth(test), self.value(body), self.value(other))
            case ast.Call():
                return self._call(node)
        raise self.refuse(node, "not in the subset of rules")

    def _number(self, node: ast.AST, number: float) -> Term:
        kind = Number(type(number).__name__)
        try:
            return Term(_literal(number, kind.name), kind)
        except OverflowError:
            raise self.refuse(node, "more than 64 bits") from None

    def _name(self, node: ast.Name) -> Term:
        if node.id in self._locals():
            if node.id not in self.types:
                raise self.refuse(node, "nothing is assigned to it")
            return Term(_plain(node.id), self.types[node.id], self.roots.get(node.id, frozenset()))
        return self._constant(node, node.id, _global(self.rule, node))

    def _constant(self, node: ast.expr, name: str, found: Any) -> Term:
        if isinstance(found, bool | int | float):
            return self._number(node, found)
        if isinstance(found, tuple):
            owner = next((m for m in self._homes(name, found)), self.module)
            term = self.program.tuple_of(owner, name, found)
            if term is not None:
                return term
        raise self.refuse(node, "neither a variable nor a constant of numbers")

    def _homes(self, name: str, found: Any) -> Iterator[str]:
        """Yield the module from which a constant is imported, so that it stands once."""
        for each in self.rule.__globals__.values():
            module = getattr(each, "__module__", "")
            if isinstance(each, Rule) and each.__globals__.get(name) is found:
                yield module.rpartition(".")[2]

    def _attribute(self, node: ast.Attribute) -> Term:
        constant = None if self._is_local(node.value) else _global(self.rule, node)
        if constant is not None:
            return self._constant(node, node.attr, constant)
        owner = self.value(node.value)
        if node.attr == "shape":
            return Term("", Shape(self._lengths(node, owner)))
        if not isinstance(owner.type, Record):
            raise self.refuse(node, f"{_said(owner.type)} has no parts")
        laid = _laid(owner.type.table)
        if node.attr in laid.places:
            place = laid.places[node.attr]
            text = f"{place.kind.upper()}({owner.text}, {_offset(owner.type.table, node.attr)})"
            if place.shape:
                return Term(text, Column(place.kind, _lengths(place)), owner.roots)
            return Term(f"(*{text})", Number(ITEM[place.kind]), owner.roots)
        if node.attr in laid.parts:
            table = laid.parts[node.attr].table.__name__
            text = f"PART({table}, {owner.text}, {_offset(owner.type.table, node.attr)})"
            return Term(text, Record(table), owner.roots)
        raise self.refuse(node, f"{owner.type.table} has no column {node.attr}")

    def _lengths(self, node: ast.AST, owner: Term) -> tuple[str, ...]:
        if isinstance(owner.type, Column):
            return owner.type.lengths
        if isinstance(owner.type, Array) and owner.text.isidentifier():
            return tuple(f"{owner.text}_n{n}" for n in range(owner.type.dimensions))
        raise self.refuse(node, "only columns and arrays have a shape")

    def _item(self, node: ast.Subscript) -> Term:
        owner = self.value(node.value)
        given = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if isinstance(owner.type, Shape):
            match given:
                case [ast.Constant(value=int() as k)] if 0 <= k < len(owner.type.lengths):
                    return Term(owner.type.lengths[k], INT)
            raise self.refuse(node, "a shape has a constant index")
        places = [self.whole(each) for each in given]
        if isinstance(owner.type, Constants) and owner.type.item != "rule" and len(places) == 1:
            at = f"AT1({places[0]}, {owner.type.length}, {self._where(node)})"
            return Term(f"{owner.text}[{at}]", Number(owner.type.item))
        if isinstance(owner.type, Column) and len(places) == len(owner.type.lengths) <= 3:
            at = self._place(node, places, owner.type.lengths)
            return Term(f"{owner.text}[{at}]", Number(ITEM[owner.type.item]), owner.roots)
        if isinstance(owner.type, Array):
            return self._of_array(node, owner, places)
        raise self.refuse(node, f"{_said(owner.type)} is not indexed so")

    def _place(self, node: ast.AST, places: list[str], lengths: tuple[str, ...]) -> str:
        return f"AT{len(places)}({', '.join([*places, *lengths, self._where(node)])})"

    def _of_array(self, node: ast.Subscript, owner: Term, places: list[str]) -> Term:
        """Translate an item or a part of an array; the parts of a part are not indexed again."""
        if not isinstance(owner.type, Array) or len(places) > owner.type.dimensions:
            raise self.refuse(node, "too many indices")
        lengths = self._lengths(node, owner)
        at = self._place(node, places, lengths[: len(places)])
        left = lengths[len(places) :]
        if owner.type.item in TABLES:
            if left:
                raise self.refuse(node, "records are taken one by one")
            table = owner.type.item
            words = f"W_{table}" if not _laid(table).fixed else f"{_laid(table).words}LL"
            return Term(f"PART({table}, {owner.text}, {at} * {words})", Record(table), owner.roots)
        if not left:
            return Term(f"{owner.text}[{at}]", Number(ITEM[owner.type.item]), owner.roots)
        text = f"({owner.text} + {' * '.join([at, *left])})"
        return Term(text, Array(owner.type.item, len(left)), owner.roots)

    def _where(self, node: ast.AST) -> str:
        return f'"{self.source.at(node)}"'

    def whole(self, node: ast.expr) -> str:
        """Translate an expression that must be a whole number."""
        found = self.value(node)
        if found.type not in {INT, BOOL}:
            raise self.refuse(node, f"{_said(found.type)} is no whole number")
        return self.cast(node, found, INT)

    def cast(self, node: ast.AST, found: Term, wanted: Type) -> str:
        """Return an expression as a type that is at least as wide."""
        have = found.type
        if have == wanted:
            return found.text
        if (
            isinstance(have, Number)
            and isinstance(wanted, Number)
            and _wider(have, wanted) == wanted
        ):
            number = _whole(found.text)
            if number is not None and wanted == FLOAT:
                return _literal(float(number), "float")
            return f"({C_TYPE[wanted.name]})({found.text})"
        raise self.refuse(node, f"{_said(have)} where {_said(wanted)} is wanted")

    def _truth(self, node: ast.expr) -> str:
        found = self.value(node)
        if found.type != BOOL:
            raise self.refuse(node, f"{_said(found.type)} where a truth value is wanted")
        return found.text

    def _binary(self, node: ast.AST, op: type[ast.operator], left: Term, right: Term) -> Term:
        sign = OPERATORS.get(op)
        kind = _wider(left.type, right.type)
        if sign is None or not isinstance(kind, Number):
            raise self.refuse(node, "no such operator between these")
        if sign in {"+", "-", "*", "/"}:
            kind = FLOAT if FLOAT in {left.type, right.type} or sign == "/" else INT
        elif kind == FLOAT:
            raise self.refuse(node, f"{sign} is for whole numbers")
        elif not (sign in {"&", "|", "^"} and kind == BOOL):
            kind = INT
        one, other = self.cast(node, left, kind), self.cast(node, right, kind)
        if sign in {"<<", ">>"} and (number := _whole(other)) is not None and not 0 <= number < 64:
            raise self.refuse(node, "a shift goes over 0 to 63 bits")
        calls = {"//": "floor_div", "%": "floor_mod", "<<": "shift_left"}
        if sign in calls:
            return Term(f"{calls[sign]}({one}, {other})", kind)
        return Term(f"({one} {sign} {other})", kind)

    def _unary(self, node: ast.UnaryOp, op: ast.unaryop, operand: ast.expr) -> Term:
        if isinstance(op, ast.Not):
            return Term(f"(!{self._truth(operand)})", BOOL)
        if isinstance(op, ast.USub) and isinstance(operand, ast.Constant):
            if isinstance(operand.value, int | float) and not isinstance(operand.value, bool):
                return self._number(node, -operand.value)
        found = self.value(operand)
        if isinstance(found.type, Number) and isinstance(op, ast.USub | ast.UAdd):
            kind = INT if found.type == BOOL else found.type
            sign = "-" if isinstance(op, ast.USub) else ""
            return Term(f"({sign}{self.cast(node, found, kind)})", kind)
        raise self.refuse(node, "not in the subset of rules")

    def _compare(self, node: ast.Compare, terms: list[ast.expr], ops: list[ast.cmpop]) -> Term:
        found = [self.value(each) for each in terms]
        parts = []
        for k, op in enumerate(ops):
            sign, kind = COMPARISONS.get(type(op)), _wider(found[k].type, found[k + 1].type)
            if sign is None or not isinstance(kind, Number):
                raise self.refuse(node, "no such comparison between these")
            one, other = self.cast(node, found[k], kind), self.cast(node, found[k + 1], kind)
            parts.append(f"({one} {sign} {other})")
        return Term(parts[0] if len(parts) == 1 else f"({' && '.join(parts)})", BOOL)

    def _choice(self, node: ast.AST, test: str, one: Term, other: Term) -> Term:
        kind = _wider(one.type, other.type)
        if not isinstance(kind, Number):
            raise self.refuse(node, "a choice between numbers only")
        return Term(
            f"({test} ? {self.cast(node, one, kind)} : {self.cast(node, other, kind)})", kind
        )

    # ------------------------------------------------------------------ calls

    def _call(self, node: ast.Call) -> Term:
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.refuse(node, "arguments by position only")
        if isinstance(node.func, ast.Subscript):
            return self._dispatch(node, node.func)
        called = None if self._is_local(node.func) else _global(self.rule, node.func)
        if getattr(called, MARK, "") in {"step", "inlined", "intrinsic"} and isinstance(
            called, Rule
        ):
            written = self.program.written.get(called, frozenset())
            return self._rule(node, called, self.program.name(called), "L", written)
        library = {abs: self._abs, int: self._int, float: self._float, len: self._len}
        library |= {math.sqrt: self._sqrt, math.floor: self._floor}
        if called is min or called is max:
            return self._extreme(node, called.__name__)
        if called in library and len(node.args) == 1:
            return library[called](node)
        if isinstance(called, Rule):
            raise self.refuse(node, "no rule: mark it with @step or @inlined")
        raise self.refuse(node, "not in the subset of rules")

    def _is_local(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._locals()

    def _dispatch(self, node: ast.Call, func: ast.Subscript) -> Term:
        rules = _global(self.rule, func.value)
        if not isinstance(rules, tuple) or not isinstance(func.value, ast.Name):
            raise self.refuse(node, "not in the subset of rules")
        if not all(isinstance(r, Rule) and getattr(r, MARK, "") for r in rules):
            raise self.refuse(node, "not in the subset of rules")
        number = self.whole(func.slice)
        name, like = self.program.dispatcher(self.module, func.value.id, rules)
        written = frozenset().union(*(self.program.written[each] for each in rules))
        return self._rule(node, like, name, f"L, {number}", written)

    def _rule(
        self, node: ast.Call, called: Rule, name: str, first: str, written: frozenset[str]
    ) -> Term:
        intrinsic = getattr(called, MARK, "") == "intrinsic"
        takes, gives = signature(called)
        if len(takes) != len(node.args):
            raise self.refuse(node, f"{called.__name__} takes {len(takes)} arguments")
        given = [self.value(each) for each in node.args]
        if written and node is not self.alone:
            raise self.refuse(node, "a call that writes stands alone on the right side")
        self._apart(node, dict(zip(takes, given, strict=True)), written)
        words = [] if intrinsic else [first]
        for found, wanted, each in zip(given, takes.values(), node.args, strict=True):
            if isinstance(wanted, Record | Array):
                if found.type != wanted:
                    raise self.refuse(each, f"{_said(found.type)} where {_said(wanted)} is wanted")
                words.append(found.text)
                if isinstance(wanted, Array):
                    words += self._argument_lengths(each, found)
            else:
                words.append(self.cast(each, found, wanted))
        if isinstance(gives, Several):
            self.program.result(gives)
        return Term(f"{name}({', '.join(words)})", gives)

    def _apart(self, node: ast.Call, given: dict[str, Term], written: frozenset[str]) -> None:
        """Refuse two parts of one record of which the called rule writes one; note what is written."""
        for name in written:
            self.written |= given[name].roots
            for other, term in given.items():
                same = isinstance(given[name].type, Record) and isinstance(term.type, Record)
                if other != name and same and given[name].roots & term.roots:
                    raise self.refuse(node, f"two parts of one record, and {name} is written")

    def _argument_lengths(self, node: ast.expr, found: Term) -> list[str]:
        if found.text.isidentifier():
            return list(self._lengths(node, found))
        if isinstance(node, ast.Subscript) and isinstance(found.type, Array):
            owner = self.value(node.value)
            whole = self._lengths(node, owner)
            return list(whole[len(whole) - found.type.dimensions :])
        raise self.refuse(node, "an array by name, or a part of one")

    def _extreme(self, node: ast.Call, name: str) -> Term:
        found = [self.value(each) for each in node.args]
        if len(found) < 2:
            raise self.refuse(node, f"{name} of two numbers or more")
        whole = found[0]
        for other in found[1:]:
            kind = _wider(whole.type, other.type)
            if not isinstance(kind, Number):
                raise self.refuse(node, f"{name} of numbers only")
            kind = INT if kind == BOOL else kind
            one, two = self.cast(node, whole, kind), self.cast(node, other, kind)
            whole = Term(f"{kind.name}_{name}({one}, {two})", kind)
        return whole

    def _numeric(self, node: ast.Call) -> Term:
        found = self.value(node.args[0])
        if not isinstance(found.type, Number):
            raise self.refuse(node, "of a number only")
        return found

    def _abs(self, node: ast.Call) -> Term:
        found = self._numeric(node)
        if found.type == FLOAT:
            return Term(f"__builtin_fabs({found.text})", FLOAT)
        return Term(f"int_abs({self.cast(node, found, INT)})", INT)

    def _int(self, node: ast.Call) -> Term:
        found = self._numeric(node)
        return Term(f"(i64)({found.text})", INT)

    def _float(self, node: ast.Call) -> Term:
        return Term(self.cast(node, self._numeric(node), FLOAT), FLOAT)

    def _len(self, node: ast.Call) -> Term:
        found = self.value(node.args[0])
        if not isinstance(found.type, Constants):
            raise self.refuse(node, "len of a module's tuple only")
        return Term(f"{found.type.length}LL", INT)

    def _sqrt(self, node: ast.Call) -> Term:
        return Term(f"__builtin_sqrt({self.cast(node, self._numeric(node), FLOAT)})", FLOAT)

    def _floor(self, node: ast.Call) -> Term:
        return Term(f"float_floor({self.cast(node, self._numeric(node), FLOAT)})", INT)

    # ------------------------------------------------------------------ statements

    def text(self) -> str:
        """Return the rule as a C function."""
        self._settle()
        body = self.source.node.body
        first = body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            body = body[1:]
        self._block(body)
        declared = [
            f"    {self._declared(name, self.types[name])}"
            for name in self.types
            if name not in self.takes
        ]
        kind = {"inlined": "static INLINED"}.get(getattr(self.rule, MARK, ""), "static")
        head = (
            f"/* {self.source.at(self.source.node)} */\n"
            f"{kind} {self.program.result(self.gives)} {self.program.name(self.rule)}"
            f"(const u32 *restrict L{_parameters(self.takes, restrict=True)})"
        )
        return "\n".join([head, "{", *declared, *self.lines, "}", ""])

    def _declared(self, name: str, kind: Type) -> str:
        plain = _plain(name)
        if isinstance(kind, Number):
            return f"{C_TYPE[kind.name]} {plain} = 0;"
        if isinstance(kind, Record):
            return f"{kind.table} *{plain} = 0;"
        if isinstance(kind, Column):
            return f"{_item(kind.item)} *{plain} = 0;"
        raise self.refuse(self.source.node, f"{name} cannot be a variable")

    def _emit(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def _block(self, body: list[ast.stmt]) -> None:
        for node in body:
            self.alone = None
            self._statement(node)

    def _inside(self, head: str, body: list[ast.stmt]) -> None:
        self._emit(head + " {")
        self.depth += 1
        self._block(body)
        self.depth -= 1
        self._emit("}")

    def _temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}_"

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self._assign(node, target, value)
            case ast.AugAssign():
                self._augmented(node)
            case ast.For():
                self._for(node)
            case ast.While(test=test, body=body, orelse=[]):
                self._inside(f"while ({_bare(self._truth(test))})", body)
            case ast.If(test=test, body=body, orelse=other):
                self._inside(f"if ({_bare(self._truth(test))})", body)
                if other:
                    self._inside("else", other)
            case ast.Return(value=value):
                self._return(node, value)
            case ast.Break():
                self._emit("break;")
            case ast.Continue():
                self._emit("continue;")
            case ast.Pass():
                pass
            case ast.Expr(value=ast.Call() as call):
                self.alone = call
                self._emit(f"{self.value(call).text};")
            case _:
                raise self.refuse(node, "not in the subset of rules")

    def _assign(self, node: ast.Assign, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple):
            self._unpack(node, target, value)
        elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
            self._fill(node, target, value)
        else:
            self.alone = value
            self._store(node, target, self._kept(value, self.value(value)))

    def _kept(self, node: ast.expr, found: Term) -> Term:
        """Return the result of a call in a temporary: it is made before the target is looked up."""
        if isinstance(node, ast.Call) and isinstance(found.type, Number) and found.type != NONE:
            name = self._temporary()
            self._emit(f"{C_TYPE[found.type.name]} {name} = {found.text};")
            return Term(name, found.type)
        return found

    def _store(self, node: ast.AST, target: ast.expr, found: Term) -> None:
        if isinstance(target, ast.Name):
            if target.id != "_":
                text = self.cast(node, found, self.types[target.id])
                self._emit(f"{_plain(target.id)} = {text};")
            return
        self.alone = None
        place = self.value(target)
        if not isinstance(place.type, Number) or not isinstance(
            target, ast.Subscript | ast.Attribute
        ):
            raise self.refuse(node, "nothing can be assigned to it")
        if not place.roots:
            raise self.refuse(node, "a constant cannot be assigned to")
        self.written |= place.roots
        self._emit(f"{place.text} = {self.cast(node, found, place.type)};")

    def _unpack(self, node: ast.Assign, target: ast.Tuple, value: ast.expr) -> None:
        """Assign several at once: all values are made before the first is stored."""
        if isinstance(value, ast.Tuple):
            if len(value.elts) != len(target.elts):
                raise self.refuse(node, "as many values as names")
            made = []
            for one, other in zip(target.elts, value.elts, strict=True):
                found = self.value(other)
                if isinstance(found.type, Number) and isinstance(one, ast.Name):
                    found = Term(self.cast(node, found, self.types[one.id]), self.types[one.id])
                name = self._temporary()
                self._emit(f"{self._typed(node, found.type)}{name} = {found.text};")
                made.append(Term(name, found.type, found.roots))
        else:
            self.alone = value
            found = self.value(value)
            if not isinstance(found.type, Several) or len(found.type.items) != len(target.elts):
                raise self.refuse(node, "as many values as names")
            name = self._temporary()
            self._emit(f"{self.program.result(found.type)} {name} = {found.text};")
            made = [Term(f"{name}.e{n}", item) for n, item in enumerate(found.type.items)]
        for one, term in zip(target.elts, made, strict=True):
            self._store(node, one, term)

    def _typed(self, node: ast.AST, kind: Type) -> str:
        if isinstance(kind, Number) and kind != NONE:
            return f"{C_TYPE[kind.name]} "
        if isinstance(kind, Record):
            return f"{kind.table} *"
        if isinstance(kind, Column):
            return f"{_item(kind.item)} *"
        raise self.refuse(node, f"{_said(kind)} cannot be assigned")

    def _fill(self, node: ast.Assign, target: ast.Subscript, value: ast.expr) -> None:
        whole = target.slice
        owner = self.value(target.value)
        plain = isinstance(whole, ast.Slice) and not (whole.lower or whole.upper or whole.step)
        if not plain or not isinstance(owner.type, Array) or owner.type.item not in ITEM:
            raise self.refuse(node, "only a whole array of numbers is filled")
        self.written |= owner.roots
        filled = self.cast(node, self.value(value), Number(ITEM[owner.type.item]))
        length, k = " * ".join(self._lengths(node, owner)), self._temporary()
        self._emit(f"for (i64 {k} = 0; {k} < {length}; {k}++) {owner.text}[{k}] = {filled};")

    def _augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.alone = node.value
        given = self.value(node.value)
        self.alone = None
        have = self.value(node.target)
        if not have.roots and not isinstance(node.target, ast.Name):
            raise self.refuse(node, "a constant cannot be assigned to")
        if not isinstance(node.target, ast.Name):
            self.written |= have.roots
        made = self._binary(node, type(node.op), have, given)
        if not isinstance(have.type, Number):
            raise self.refuse(node, "nothing can be assigned to it")
        self._emit(f"{have.text} = {self.cast(node, made, have.type)};")

    def _for(self, node: ast.For) -> None:
        if not isinstance(node.target, ast.Name) or node.orelse:
            raise self.refuse(node, "one loop variable, no else")
        name, k = node.target.id, self._temporary()
        match node.iter:
            case ast.Call(func=ast.Name(id="range"), args=args, keywords=[]) if 1 <= len(args) <= 3:
                bounds = [self.whole(each) for each in args[:2]]
                first, last = bounds if len(bounds) == 2 else ("0LL", bounds[0])
                stride = self._stride(node, args[2]) if len(args) == 3 else 1
                sign = "<" if stride > 0 else ">"
                self._emit(
                    f"for (i64 {k} = {first}, {k}e = {last}; {k} {sign} {k}e; {k} += {stride}) {{"
                )
                item = k
            case _:
                found = self.value(node.iter)
                if not isinstance(found.type, Constants) or found.type.item == "rule":
                    raise self.refuse(node, "a loop goes over range or a tuple of numbers")
                self._emit(f"for (i64 {k} = 0; {k} < {found.type.length}; {k}++) {{")
                item = f"{found.text}[{k}]"
        self.depth += 1
        if name != "_":
            kind = self.types[name]
            self._emit(
                f"{_plain(name)} = {item};"
                if kind != FLOAT
                else f"{_plain(name)} = (double){item};"
            )
        self._block(node.body)
        self.depth -= 1
        self._emit("}")

    def _stride(self, node: ast.For, given: ast.expr) -> int:
        found = self.value(given)
        number = _whole(found.text)
        if not number:
            raise self.refuse(node, "the step of a range is a constant")
        return number

    def _return(self, node: ast.Return, value: ast.expr | None) -> None:
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            if self.gives != NONE:
                raise self.refuse(node, f"{_said(self.gives)} is returned")
            self._emit("return;")
            return
        if isinstance(value, ast.Tuple):
            if not isinstance(self.gives, Several) or len(value.elts) != len(self.gives.items):
                raise self.refuse(node, f"{_said(self.gives)} is returned")
            items = [
                self.cast(each, self.value(each), wanted)
                for each, wanted in zip(value.elts, self.gives.items, strict=True)
            ]
            self._emit(f"return ({self.program.result(self.gives)}){{{', '.join(items)}}};")
            return
        self.alone = value
        self._emit(f"return {self.cast(node, self.value(value), self.gives)};")


@cache
def _laid(table: str) -> Layout:
    return layout(TABLES[table], Sizes())  # type: ignore[arg-type] # a class is hashable


def _offset(table: str, name: str) -> str:
    """Return where a column or a part begins, in words: a number, or what the sizes decide."""
    laid = _laid(table)
    place: Any = laid.places.get(name) or laid.parts[name]
    if isinstance(place, Place) and not place.fixed and place.unit:
        return f"({place.offset // getattr(Sizes(), place.unit)}LL * N_{place.unit})"
    return f"{place.offset}LL" if place.fixed else f"O_{table}_{name}"


def _lengths(place: Place) -> tuple[str, ...]:
    """Return the lengths of a column: numbers, or what the sizes decide."""
    known = numbers(Sizes())
    return tuple(
        f"N_{name}" if f"N_{name}" in known else f"{length}LL"
        for name, length in zip(place.names, place.shape, strict=True)
    )


def _said(kind: Type) -> str:
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
