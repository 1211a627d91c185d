"""Translate rules from their subset of Python to one C text.

One module because each kind of statement and expression is one case of one walk over the syntax.

Only the standard library is used, and types are never guessed: those of parameters and results are
their annotations, those of columns their declarations in ``world``, and a local variable has the
widest type (bool, int, float) that is assigned to it. The translator refuses anything that is not
listed here, with file and line:

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

from typing import TYPE_CHECKING

from xuchang_sim.model.build.ctext import PRELUDE, c_item, size_numbers
from xuchang_sim.model.build.kinds import (
    C_TYPE,
    FLOAT,
    INT,
    NONE,
    TABLES,
    Array,
    Rule,
    signature,
    source,
    unmarked,
)
from xuchang_sim.model.build.program import Program
from xuchang_sim.model.build.statements import Body

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def translate(
    entries: Sequence[Callable[..., None]], body: Callable[[Program, Rule], Body] = Body
) -> str:
    """Return one C text that exports the entries, with all rules that they call.

    Parameters
    ----------
    entries : sequence of callable
        Rules marked :func:`xuchang_sim.model.kernel.entry`.
    body : callable
        What translates a rule of the program.

    Raises
    ------
    RefusedError
        If a rule is outside the subset; the message names file and line.
    """
    program = Program([unmarked(each) for each in entries])
    bodies: list[str] = []
    for rule in program.order:
        one = body(program, rule)
        written = one.text()
        program.written[rule] = frozenset(one.written & one.takes.keys())
        bodies += [*program.dispatchers.values(), written]
        program.dispatchers.clear()
    exported = [_export(program, rule) for rule in program.entries]
    prelude = PRELUDE.read_text(encoding="utf-8")
    results = [
        f"typedef struct {{ {''.join(f'{C_TYPE[t.name]} e{n}; ' for n, t in enumerate(r.items))}}} {name};"
        for name, r in program.results.items()
        if f"}} {name};" not in prelude  # what its functions return, it declares
    ]
    records = [f"typedef struct {name} {name};" for name in TABLES]
    parts = [
        prelude,
        *size_numbers(),
        "",
        *records,
        *results,
        *program.constants.values(),
        "",
        *bodies,
        *exported,
    ]
    return "\n".join(parts)


def _export(program: Program, rule: Rule) -> str:
    """Return a function that takes the entry's arguments as words: addresses, lengths, bits."""
    takes, gives = signature(rule)
    if gives != NONE:
        raise source(rule).refuse(source(rule).node, "an entry returns nothing")
    words: list[str] = []
    at = 0
    for given in takes.values():
        if isinstance(given, Array):
            words.append(f"({c_item(given.item)} *)(intptr_t)a[{at}]")
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
    name = program.name(rule)
    return (
        f"EXPORT void xs_{rule.__name__}(const u32 *L, const i64 *a)\n"
        f"{{\n    CONTROL before = usual_control();\n    {name}({called});\n"
        f"    set_control(before);\n}}\n"
    )
