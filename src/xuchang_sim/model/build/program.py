"""The rules that some entries need: their order and names, and what they have in common in C."""

from __future__ import annotations

import ast
import builtins
import types
from typing import TYPE_CHECKING, Any

from xuchang_sim.model.build.ctext import c_literal, c_name, c_parameters
from xuchang_sim.model.build.kinds import (
    C_TYPE,
    NONE,
    Constants,
    Number,
    Rule,
    Several,
    Term,
    Type,
    signature,
    source,
)
from xuchang_sim.model.kernel import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Program:
    """The rules that some entries need, in an order in which the called come first."""

    def __init__(self, entries: Sequence[Rule]) -> None:
        self.entries = entries
        self.constants: dict[str, str] = {}
        self.results: dict[str, Several] = {}
        self.dispatchers: dict[str, str] = {}
        self.order: list[Rule] = []
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
        self.order.append(rule)

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
        items = ", ".join(c_literal(each, kind) for each in values)
        self.constants[known] = f"static const {C_TYPE[kind]} {known}[{len(values)}] = {{{items}}};"
        return Term(known, Constants(kind, len(values)))

    def dispatcher(self, module: str, name: str, rules: tuple[Rule, ...]) -> tuple[str, Rule]:
        """Return a function that calls one of a module's tuple of rules by number."""
        known = f"{module}_{name}"
        takes, _ = signature(rules[0])
        if any(signature(each) != (takes, NONE) for each in rules):
            result = source(rules[0])
            raise result.refuse(result.node, f"rules of {name} take or return different things")
        given = c_parameters(takes, restrict=False)
        names = ", ".join(["L", *(c_name(each) for each in takes)])
        cases = "".join(
            f"    case {n}: {self.name(each)}({names}); break;\n" for n, each in enumerate(rules)
        )
        self.dispatchers[known] = (
            f"static void {known}(const u32 *L, i64 number{given})\n"
            f"{{\n    switch (number) {{\n{cases}    default: break;\n    }}\n}}\n"
        )
        return known, rules[0]


def _called(rule: Rule) -> Iterator[Rule]:
    """Yield the rules that a rule calls; whether it may is seen when it is translated."""
    for node in ast.walk(source(rule).node):
        if isinstance(node, ast.Call):
            target = node.func.value if isinstance(node.func, ast.Subscript) else node.func
            result = global_of(rule, target)
            for each in result if isinstance(result, tuple) else (result,):
                if isinstance(each, Rule) and getattr(each, MARK, "") in {"step", "inlined"}:
                    yield each


def global_of(rule: Rule, node: ast.expr) -> Any:
    """Return what a name of the module, or of a module that it imports, stands for; else None."""
    if isinstance(node, ast.Name):
        return rule.__globals__.get(node.id, getattr(builtins, node.id, None))
    if isinstance(node, ast.Attribute):
        owner = global_of(rule, node.value)
        return getattr(owner, node.attr, None) if isinstance(owner, types.ModuleType) else None
    return None
