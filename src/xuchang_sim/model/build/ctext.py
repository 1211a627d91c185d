"""Pieces of C text: names, numbers, parameters, and the places of columns in a record."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from xuchang_sim.model.build.kinds import C_TYPE, ITEM, TABLES, Array, Number, Record, Type
from xuchang_sim.model.layout import Layout, Place, layout, numbers
from xuchang_sim.model.world import Sizes

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


def size_numbers() -> list[str]:
    """Return what depends on sizes: constants for the usual ones, else entries of the layout."""
    usual = numbers(Sizes())
    lines = ["#ifdef FIXED"]
    lines += [f"#define {name} {value}LL" for name, value in usual.items()]
    lines += ["#else"]
    lines += [f"#define {name} ((i64)L[{n}])" for n, name in enumerate(usual)]
    return [*lines, "#endif"]


def c_literal(value: float, kind: str) -> str:
    """Return a number in C, to the last bit."""
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


def whole_number(text: str) -> int | None:
    """Return the number that a text is, or None."""
    literal = re.fullmatch(r"\(?(-?\d+)LL\)?", text)
    return int(literal[1]) if literal else None


def bare(text: str) -> str:
    """Return a text without the parentheses that hold all of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for n, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and n < len(text) - 1:
            return text
    return text[1:-1]


def c_name(name: str) -> str:
    """Return what a variable is called in C, where some names are taken."""
    return f"{name}_" if name in RESERVED else name


def c_item(item: str) -> str:
    """Return the C type of what an array holds."""
    return C_TYPE[ITEM[item]] if item in ITEM else item


def c_parameters(takes: dict[str, Type], *, restrict: bool) -> str:
    """Return the parameters after the layout, in C."""
    text = ""
    for name, given in takes.items():
        plain = c_name(name)
        if isinstance(given, Number):
            text += f", {C_TYPE[given.name]} {plain}"
        elif isinstance(given, Record):
            text += f", {given.table} *{'restrict ' if restrict else ''}{plain}"
        elif isinstance(given, Array):
            lengths = "".join(f", i64 {plain}_n{n}" for n in range(given.dimensions))
            text += f", {c_item(given.item)} *{plain}{lengths}"
    return text


@cache
def laid_out(table: str) -> Layout:
    """Return the layout of a table by its name."""
    return layout(TABLES[table], Sizes())  # type: ignore[arg-type] # a class is hashable


def offset_of(table: str, name: str) -> str:
    """Return where a column or a part begins, in words: a number, or what the sizes decide."""
    laid = laid_out(table)
    place: Any = laid.places.get(name) or laid.parts[name]
    if isinstance(place, Place) and not place.fixed and place.unit:
        return f"({place.offset // getattr(Sizes(), place.unit)}LL * N_{place.unit})"
    return f"{place.offset}LL" if place.fixed else f"O_{table}_{name}"


def lengths_of(place: Place) -> tuple[str, ...]:
    """Return the lengths of a column: numbers, or what the sizes decide."""
    known = numbers(Sizes())
    return tuple(
        f"N_{name}" if f"N_{name}" in known else f"{length}LL"
        for name, length in zip(place.names, place.shape, strict=True)
    )
