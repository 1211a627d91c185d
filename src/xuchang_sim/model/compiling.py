"""Compile all rules before the first run, on two processors, and say so while it takes time.

What is compiled is kept in the cache folder of these very rules (see ``kernel``); a mark in it tells
that nothing is missing. Without a writable folder every process compiles for itself.
"""

from __future__ import annotations

import operator
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

import numba
from numba.core import types
from numba.core.codegen import CPUCodeLibrary

from xuchang_sim.model.kernel import CACHE, JIT
from xuchang_sim.model.population import clear, watch_firms, watch_pipeline
from xuchang_sim.model.schedule import STEPS
from xuchang_sim.model.world import Inputs, Sizes, World, dtype_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES: dict[str, Any] = {
    rule.__name__: rule
    for rule in (*STEPS, clear, watch_pipeline, watch_firms)
    if rule.__name__ != "check"
}
#: Rules left to the second process: about half of the work.
SECOND = frozenset(
    [
        "arrivals",
        "watch_pipeline",
        "approve",
        "allocate",
        "close",
        "construct",
        "compact",
        "employ",
        "leave",
    ]
)
OUTERMOST = "run_chunk"
PATIENCE = 600.0  # seconds
OPERATORS = frozenset(f for n, f in vars(operator).items() if n[0] != "_" and callable(f))

_prepared: set[tuple[Sizes, bool]] = set()


class Finish(Protocol):
    """Compile what the engine itself adds."""

    def __call__(self, sizes: Sizes, *, checked: bool) -> None:
        """Compile for a size of world, with or without the checks."""


def prepare(sizes: Sizes, finish: Finish, *, checked: bool) -> None:
    """Make sure that every rule is compiled for a size of world.

    Parameters
    ----------
    sizes : Sizes
        Lengths of the columns: each has its own machine code.
    finish : callable
        Compiles what the engine itself adds.
    checked : bool
        Whether the identities are wanted, too.
    """
    if (sizes, checked) in _prepared or not JIT:
        return
    name = "-".join(str(n) for n in (*sizes, int(checked)))
    mark = CACHE / f"complete-{name}" if CACHE else None
    if mark is None or not mark.exists():
        begun = time.perf_counter()
        _compile_all(sizes, finish, checked=checked)
        _tell(f"rules compiled in {time.perf_counter() - begun:.1f} s, kept for later runs")
        if mark:
            with suppress(OSError):
                mark.touch()
    _prepared.add((sizes, checked))


def _compile_all(sizes: Sizes, finish: Finish, *, checked: bool) -> None:
    whole = len(RULES) + 1
    done = 0
    helper = _start_helper(sizes)

    def count() -> None:
        nonlocal done
        done += 1
        if done == 1 or sys.stderr is None or sys.stderr.isatty():
            _tell(f"compiling the rules, once on this machine: {done}/{whole}", stay=done < whole)

    first = [name for name in RULES if helper is None or name not in SECOND]
    with _quicker():
        for name in first:
            compile_rule(name, sizes)
            count()
        if helper is not None:
            with suppress(subprocess.TimeoutExpired):
                helper.wait(PATIENCE)
            # Loaded from the cache if the helper compiled them, else compiled here.
            for name in RULES:
                if name in SECOND:
                    compile_rule(name, sizes)
                    count()
        finish(sizes, checked=checked)
        count()


def compile_rule(name: str, sizes: Sizes) -> None:
    """Compile one rule for the two records it is given."""
    world = numba.from_dtype(dtype_of(World, sizes))
    given = numba.from_dtype(dtype_of(Inputs, sizes))
    RULES[name].compile((world, given))


def compile_second(sizes: Sizes) -> None:
    """Compile the second half; run in a process of its own."""
    with _quicker():
        for name in RULES:
            if name in SECOND:
                compile_rule(name, sizes)


def _start_helper(sizes: Sizes) -> subprocess.Popen[bytes] | None:
    if CACHE is None or (os.cpu_count() or 1) < 2:
        return None
    program = (
        "from xuchang_sim.model.compiling import compile_second;"
        "from xuchang_sim.model.world import Sizes;"
        f"compile_second(Sizes{tuple(sizes)})"
    )
    try:
        return subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


@contextmanager
def _quicker() -> Iterator[None]:
    """Spare Numba three habits while it compiles; together they take a third of the time.

    It formats every type at every pass, and a record of a hundred columns prints at length; it
    tries every template anew each time the same operator meets the same types; and it optimises
    once more, with the outermost kernel, all the rules that were optimised one by one.
    """
    record: Any = types.Record
    function: Any = types.functions.BaseFunction
    library: Any = CPUCodeLibrary
    shown, asked = record.__repr__, function.get_call_type
    optimise = library._optimize_final_module
    found: dict[tuple[Any, Any], Any] = {}

    def get_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
        if kws or self.typing_key not in OPERATORS:
            return asked(self, context, args, kws)
        key = (self, args)
        if key not in found:
            found[key] = asked(self, context, args, kws)
        return found[key]

    def optimise_once(self: Any) -> None:
        if self.name != OUTERMOST:
            optimise(self)

    try:
        library._optimize_final_module = optimise_once
        record.__repr__ = types.Type.__repr__
        function.get_call_type = get_call_type
        yield
    finally:
        library._optimize_final_module = optimise
        record.__repr__ = shown
        function.get_call_type = asked


def _tell(text: str, *, stay: bool = False) -> None:
    """Say it on standard error; on a terminal a line may stay to be written over."""
    if sys.stderr is not None:
        over = sys.stderr.isatty()
        sys.stderr.write(f"\r{text}  " if over else text)
        sys.stderr.write("" if stay and over else "\n")
        sys.stderr.flush()
