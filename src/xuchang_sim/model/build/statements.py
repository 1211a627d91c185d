"""A rule in C: its statements in order, what they assign, and the function around them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from xuchang_sim.model.build.ctext import bare, c_item, c_name, c_parameters, whole_number
from xuchang_sim.model.build.expressions import Expressions
from xuchang_sim.model.build.kinds import (
    C_TYPE,
    FLOAT,
    ITEM,
    NONE,
    Array,
    Column,
    Constants,
    Number,
    Record,
    Rule,
    Several,
    Term,
    Type,
    in_words,
)
from xuchang_sim.model.kernel import MARK

if TYPE_CHECKING:
    from xuchang_sim.model.build.program import Program


class Body(Expressions):
    """One rule in C."""

    def __init__(self, program: Program, rule: Rule) -> None:
        super().__init__(program, rule)
        self.lines: list[str] = []
        self.depth = 1
        self.temporaries = 0

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
            f"(const u32 *restrict L{c_parameters(self.takes, restrict=True)})"
        )
        return "\n".join([head, "{", *declared, *self.lines, "}", ""])

    def _declared(self, name: str, kind: Type) -> str:
        plain = c_name(name)
        if isinstance(kind, Number):
            return f"{C_TYPE[kind.name]} {plain} = 0;"
        if isinstance(kind, Record):
            return f"{kind.table} *{plain} = 0;"
        if isinstance(kind, Column):
            return f"{c_item(kind.item)} *{plain} = 0;"
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
                self._inside(f"while ({bare(self._truth(test))})", body)
            case ast.If(test=test, body=body, orelse=other):
                self._inside(f"if ({bare(self._truth(test))})", body)
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

    def _kept(self, node: ast.expr, term: Term) -> Term:
        """Return the result of a call in a temporary: it is made before the target is looked up."""
        if isinstance(node, ast.Call) and isinstance(term.type, Number) and term.type != NONE:
            name = self._temporary()
            self._emit(f"{C_TYPE[term.type.name]} {name} = {term.text};")
            return Term(name, term.type)
        return term

    def _store(self, node: ast.AST, target: ast.expr, term: Term) -> None:
        if isinstance(target, ast.Name):
            if target.id != "_":
                text = self.cast(node, term, self.types[target.id])
                self._emit(f"{c_name(target.id)} = {text};")
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
        self._emit(f"{place.text} = {self.cast(node, term, place.type)};")

    def _unpack(self, node: ast.Assign, target: ast.Tuple, value: ast.expr) -> None:
        """Assign several at once: all values are made before the first is stored."""
        if isinstance(value, ast.Tuple):
            if len(value.elts) != len(target.elts):
                raise self.refuse(node, "as many values as names")
            made = []
            for one, other in zip(target.elts, value.elts, strict=True):
                result = self.value(other)
                if isinstance(result.type, Number) and isinstance(one, ast.Name):
                    result = Term(self.cast(node, result, self.types[one.id]), self.types[one.id])
                name = self._temporary()
                self._emit(f"{self._typed(node, result.type)}{name} = {result.text};")
                made.append(Term(name, result.type, result.roots))
        else:
            self.alone = value
            result = self.value(value)
            if not isinstance(result.type, Several) or len(result.type.items) != len(target.elts):
                raise self.refuse(node, "as many values as names")
            name = self._temporary()
            self._emit(f"{self.program.result(result.type)} {name} = {result.text};")
            made = [Term(f"{name}.e{n}", item) for n, item in enumerate(result.type.items)]
        for one, term in zip(target.elts, made, strict=True):
            self._store(node, one, term)

    def _typed(self, node: ast.AST, kind: Type) -> str:
        if isinstance(kind, Number) and kind != NONE:
            return f"{C_TYPE[kind.name]} "
        if isinstance(kind, Record):
            return f"{kind.table} *"
        if isinstance(kind, Column):
            return f"{c_item(kind.item)} *"
        raise self.refuse(node, f"{in_words(kind)} cannot be assigned")

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
                result = self.value(node.iter)
                if not isinstance(result.type, Constants) or result.type.item == "rule":
                    raise self.refuse(node, "a loop goes over range or a tuple of numbers")
                self._emit(f"for (i64 {k} = 0; {k} < {result.type.length}; {k}++) {{")
                item = f"{result.text}[{k}]"
        self.depth += 1
        if name != "_":
            kind = self.types[name]
            self._emit(
                f"{c_name(name)} = {item};"
                if kind != FLOAT
                else f"{c_name(name)} = (double){item};"
            )
        self._block(node.body)
        self.depth -= 1
        self._emit("}")

    def _stride(self, node: ast.For, given: ast.expr) -> int:
        result = self.value(given)
        number = whole_number(result.text)
        if not number:
            raise self.refuse(node, "the step of a range is a constant")
        return number

    def _return(self, node: ast.Return, value: ast.expr | None) -> None:
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            if self.gives != NONE:
                raise self.refuse(node, f"{in_words(self.gives)} is returned")
            self._emit("return;")
            return
        if isinstance(value, ast.Tuple):
            if not isinstance(self.gives, Several) or len(value.elts) != len(self.gives.items):
                raise self.refuse(node, f"{in_words(self.gives)} is returned")
            items = [
                self.cast(each, self.value(each), wanted)
                for each, wanted in zip(value.elts, self.gives.items, strict=True)
            ]
            self._emit(f"return ({self.program.result(self.gives)}){{{', '.join(items)}}};")
            return
        self.alone = value
        self._emit(f"return {self.cast(node, self.value(value), self.gives)};")
