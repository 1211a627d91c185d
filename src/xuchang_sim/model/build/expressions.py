"""Expressions of a rule in C: their types, the order of evaluation, and calls of other rules."""

from __future__ import annotations

import ast
import math
from functools import cache
from typing import TYPE_CHECKING, Any

from xuchang_sim.model.build.ctext import (
    c_literal,
    c_name,
    laid_out,
    lengths_of,
    offset_of,
    whole_number,
)
from xuchang_sim.model.build.kinds import (
    BOOL,
    C_TYPE,
    FLOAT,
    INT,
    ITEM,
    NONE,
    TABLES,
    Array,
    Column,
    Constants,
    Number,
    Record,
    RefusedError,
    Rule,
    Several,
    Shape,
    Term,
    Type,
    in_words,
    signature,
    source,
    wider,
)
from xuchang_sim.model.build.program import global_of
from xuchang_sim.model.kernel import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xuchang_sim.model.build.program import Program


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


class Expressions:
    """The expressions of one rule, and the types of its variables."""

    def __init__(self, program: Program, rule: Rule) -> None:
        self.program = program
        self.rule = rule
        self.source = source(rule)
        self.takes, self.gives = signature(rule)
        self.module = rule.__module__.rpartition(".")[2]
        self.types: dict[str, Type] = dict(self.takes)
        self.roots: dict[str, frozenset[str]] = {name: frozenset([name]) for name in self.takes}
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
        joined = given.type if have is None else wider(have, given.type)
        if joined is None or joined == NONE or isinstance(given.type, Constants | Shape | Several):
            raise self.refuse(node, f"{name} has no single type")
        if name in self.takes and joined != self.takes[name]:
            raise self.refuse(
                node, f"the parameter {name} is declared {in_words(self.takes[name])}"
            )
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
                return self._indexed(node)
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
            return Term(c_literal(number, kind.name), kind)
        except OverflowError:
            raise self.refuse(node, "more than 64 bits") from None

    def _name(self, node: ast.Name) -> Term:
        if node.id in self._locals():
            if node.id not in self.types:
                raise self.refuse(node, "nothing is assigned to it")
            return Term(c_name(node.id), self.types[node.id], self.roots.get(node.id, frozenset()))
        return self._constant(node, node.id, global_of(self.rule, node))

    def _constant(self, node: ast.expr, name: str, result: Any) -> Term:
        if isinstance(result, bool | int | float):
            return self._number(node, result)
        if isinstance(result, tuple):
            owner = next((m for m in self._homes(name, result)), self.module)
            term = self.program.tuple_of(owner, name, result)
            if term is not None:
                return term
        raise self.refuse(node, "neither a variable nor a constant of numbers")

    def _homes(self, name: str, result: Any) -> Iterator[str]:
        """Yield the module from which a constant is imported, so that it stands once."""
        for each in self.rule.__globals__.values():
            module = getattr(each, "__module__", "")
            if isinstance(each, Rule) and each.__globals__.get(name) is result:
                yield module.rpartition(".")[2]

    def _attribute(self, node: ast.Attribute) -> Term:
        constant = None if self._is_local(node.value) else global_of(self.rule, node)
        if constant is not None:
            return self._constant(node, node.attr, constant)
        owner = self.value(node.value)
        if node.attr == "shape":
            return Term("", Shape(self._lengths(node, owner)))
        if not isinstance(owner.type, Record):
            raise self.refuse(node, f"{in_words(owner.type)} has no parts")
        laid = laid_out(owner.type.table)
        if node.attr in laid.places:
            place = laid.places[node.attr]
            text = f"{place.kind.upper()}({owner.text}, {offset_of(owner.type.table, node.attr)})"
            if place.shape:
                return Term(text, Column(place.kind, lengths_of(place)), owner.roots)
            return Term(f"(*{text})", Number(ITEM[place.kind]), owner.roots)
        if node.attr in laid.parts:
            table = laid.parts[node.attr].table.__name__
            text = f"PART({table}, {owner.text}, {offset_of(owner.type.table, node.attr)})"
            return Term(text, Record(table), owner.roots)
        raise self.refuse(node, f"{owner.type.table} has no column {node.attr}")

    def _lengths(self, node: ast.AST, owner: Term) -> tuple[str, ...]:
        if isinstance(owner.type, Column):
            return owner.type.lengths
        if isinstance(owner.type, Array) and owner.text.isidentifier():
            return tuple(f"{owner.text}_n{n}" for n in range(owner.type.dimensions))
        raise self.refuse(node, "only columns and arrays have a shape")

    def _indexed(self, node: ast.Subscript) -> Term:
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
        raise self.refuse(node, f"{in_words(owner.type)} is not indexed so")

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
            words = f"W_{table}" if not laid_out(table).fixed else f"{laid_out(table).words}LL"
            return Term(f"PART({table}, {owner.text}, {at} * {words})", Record(table), owner.roots)
        if not left:
            return Term(f"{owner.text}[{at}]", Number(ITEM[owner.type.item]), owner.roots)
        text = f"({owner.text} + {' * '.join([at, *left])})"
        return Term(text, Array(owner.type.item, len(left)), owner.roots)

    def _where(self, node: ast.AST) -> str:
        return f'"{self.source.at(node)}"'

    def whole(self, node: ast.expr) -> str:
        """Translate an expression that must be a whole number."""
        result = self.value(node)
        if result.type not in {INT, BOOL}:
            raise self.refuse(node, f"{in_words(result.type)} is no whole number")
        return self.cast(node, result, INT)

    def cast(self, node: ast.AST, term: Term, wanted: Type) -> str:
        """Return an expression as a type that is at least as wide."""
        have = term.type
        if have == wanted:
            return term.text
        if (
            isinstance(have, Number)
            and isinstance(wanted, Number)
            and wider(have, wanted) == wanted
        ):
            number = whole_number(term.text)
            if number is not None and wanted == FLOAT:
                return c_literal(float(number), "float")
            return f"({C_TYPE[wanted.name]})({term.text})"
        raise self.refuse(node, f"{in_words(have)} where {in_words(wanted)} is wanted")

    def _truth(self, node: ast.expr) -> str:
        result = self.value(node)
        if result.type != BOOL:
            raise self.refuse(node, f"{in_words(result.type)} where a truth value is wanted")
        return result.text

    def _binary(self, node: ast.AST, op: type[ast.operator], left: Term, right: Term) -> Term:
        sign = OPERATORS.get(op)
        kind = wider(left.type, right.type)
        if sign is None or not isinstance(kind, Number):
            raise self.refuse(node, "no such operator between these")
        if sign in {"+", "-", "*", "/"}:
            kind = FLOAT if FLOAT in {left.type, right.type} or sign == "/" else INT
        elif kind == FLOAT:
            raise self.refuse(node, f"{sign} is for whole numbers")
        elif not (sign in {"&", "|", "^"} and kind == BOOL):
            kind = INT
        one, other = self.cast(node, left, kind), self.cast(node, right, kind)
        if (
            sign in {"<<", ">>"}
            and (number := whole_number(other)) is not None
            and not 0 <= number < 64
        ):
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
        result = self.value(operand)
        if isinstance(result.type, Number) and isinstance(op, ast.USub | ast.UAdd):
            kind = INT if result.type == BOOL else result.type
            sign = "-" if isinstance(op, ast.USub) else ""
            return Term(f"({sign}{self.cast(node, result, kind)})", kind)
        raise self.refuse(node, "not in the subset of rules")

    def _compare(self, node: ast.Compare, terms: list[ast.expr], ops: list[ast.cmpop]) -> Term:
        result = [self.value(each) for each in terms]
        parts = []
        for k, op in enumerate(ops):
            sign, kind = COMPARISONS.get(type(op)), wider(result[k].type, result[k + 1].type)
            if sign is None or not isinstance(kind, Number):
                raise self.refuse(node, "no such comparison between these")
            one, other = self.cast(node, result[k], kind), self.cast(node, result[k + 1], kind)
            parts.append(f"({one} {sign} {other})")
        return Term(parts[0] if len(parts) == 1 else f"({' && '.join(parts)})", BOOL)

    def _choice(self, node: ast.AST, test: str, one: Term, other: Term) -> Term:
        kind = wider(one.type, other.type)
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
        called = None if self._is_local(node.func) else global_of(self.rule, node.func)
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
        rules = global_of(self.rule, func.value)
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
        for result, wanted, each in zip(given, takes.values(), node.args, strict=True):
            if isinstance(wanted, Record | Array):
                if result.type != wanted:
                    raise self.refuse(
                        each, f"{in_words(result.type)} where {in_words(wanted)} is wanted"
                    )
                words.append(result.text)
                if isinstance(wanted, Array):
                    words += self._argument_lengths(each, result)
            else:
                words.append(self.cast(each, result, wanted))
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

    def _argument_lengths(self, node: ast.expr, term: Term) -> list[str]:
        if term.text.isidentifier():
            return list(self._lengths(node, term))
        if isinstance(node, ast.Subscript) and isinstance(term.type, Array):
            owner = self.value(node.value)
            whole = self._lengths(node, owner)
            return list(whole[len(whole) - term.type.dimensions :])
        raise self.refuse(node, "an array by name, or a part of one")

    def _extreme(self, node: ast.Call, name: str) -> Term:
        result = [self.value(each) for each in node.args]
        if len(result) < 2:
            raise self.refuse(node, f"{name} of two numbers or more")
        whole = result[0]
        for other in result[1:]:
            kind = wider(whole.type, other.type)
            if not isinstance(kind, Number):
                raise self.refuse(node, f"{name} of numbers only")
            kind = INT if kind == BOOL else kind
            one, two = self.cast(node, whole, kind), self.cast(node, other, kind)
            whole = Term(f"{kind.name}_{name}({one}, {two})", kind)
        return whole

    def _numeric(self, node: ast.Call) -> Term:
        term = self.value(node.args[0])
        if not isinstance(term.type, Number):
            raise self.refuse(node, "of a number only")
        return term

    def _abs(self, node: ast.Call) -> Term:
        result = self._numeric(node)
        if result.type == FLOAT:
            return Term(f"__builtin_fabs({result.text})", FLOAT)
        return Term(f"int_abs({self.cast(node, result, INT)})", INT)

    def _int(self, node: ast.Call) -> Term:
        result = self._numeric(node)
        return Term(f"(i64)({result.text})", INT)

    def _float(self, node: ast.Call) -> Term:
        return Term(self.cast(node, self._numeric(node), FLOAT), FLOAT)

    def _len(self, node: ast.Call) -> Term:
        result = self.value(node.args[0])
        if not isinstance(result.type, Constants):
            raise self.refuse(node, "len of a module's tuple only")
        return Term(f"{result.type.length}LL", INT)

    def _sqrt(self, node: ast.Call) -> Term:
        return Term(f"__builtin_sqrt({self.cast(node, self._numeric(node), FLOAT)})", FLOAT)

    def _floor(self, node: ast.Call) -> Term:
        return Term(f"float_floor({self.cast(node, self._numeric(node), FLOAT)})", INT)
