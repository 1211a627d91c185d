"""Compile all rules before the first run, on two processors, and say so while it takes time.

What is compiled is kept in the cache folder of these very rules (see ``cache``). Without a writable
folder every process compiles for itself.
"""

from __future__ import annotations

import operator
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numba
from numba.core import types
from numba.core.codegen import CPUCodeLibrary

from xuchang_sim.model.cache import CACHE
from xuchang_sim.model.chunk import begin_world, expectations, run_chunk, tick
from xuchang_sim.model.native import EXTERNALS, Argument, Code, signature
from xuchang_sim.model.population import clear, watch_firms, watch_pipeline
from xuchang_sim.model.schedule import STEPS, perform
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
OUTERMOST: dict[str, Any] = {"run_chunk": run_chunk, "expectations": expectations}
PATIENCE = 600.0  # seconds
OPERATORS = frozenset(f for n, f in vars(operator).items() if n[0] != "_" and callable(f))


def kernels(sizes: Sizes, *, checked: bool) -> dict[str, Code]:
    """Compile every rule and the outermost kernels for a size of world.

    Parameters
    ----------
    sizes : Sizes
        Lengths of the columns: each has its own machine code.
    checked : bool
        Whether the identities are to run every month.

    Returns
    -------
    dict of str to Code
        The outermost kernels by name.
    """
    begun = time.perf_counter()
    made = _compile_all(sizes, checked=checked)
    kept = "kept for later runs" if CACHE else "not kept: no cache folder can be written"
    _tell(f"rules compiled in {time.perf_counter() - begun:.1f} s, {kept}")
    return made


def _compile_all(sizes: Sizes, *, checked: bool) -> dict[str, Code]:
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
        made = _outermost(sizes, checked=checked)
        count()
    return made


def _outermost(sizes: Sizes, *, checked: bool) -> dict[str, Code]:
    kernels = {"run_chunk": run_chunk} if checked else OUTERMOST
    return {
        name: _code(kernel, tuple(_type(a) for a in signature(name, sizes, checked=checked)))
        for name, kernel in kernels.items()
    }


def _type(argument: Argument) -> Any:
    """Return what Numba calls the type of an argument."""
    kinds: Any = types
    if argument.dtype is None:
        number = argument.number
        return kinds.UniTuple(types.int64, number) if number else kinds.Tuple(())
    item = numba.from_dtype(argument.dtype)
    return types.Array(item, argument.number, "C") if argument.number else item


def _records(sizes: Sizes) -> tuple[Any, Any]:
    return numba.from_dtype(dtype_of(World, sizes)), numba.from_dtype(dtype_of(Inputs, sizes))


def _code(kernel: Any, signature: tuple[Any, ...]) -> Code:
    """Compile a kernel and take its object file out of Numba's hands.

    Raises
    ------
    RuntimeError
        If it needs something of Python or of Numba at run time: it could not run by itself.
    """
    kernel.compile(signature)
    compiled = kernel.overloads[signature]
    library = compiled.library
    needed = {
        function.name
        for function in library._final_module.functions
        if function.is_declaration and not function.name.startswith("llvm.")
    }
    if not needed <= EXTERNALS:
        message = f"{kernel.__name__} needs {sorted(needed - EXTERNALS)}"
        raise RuntimeError(message)
    return Code(compiled.fndesc.llvm_func_name, library._get_compiled_object())


def compile_entries(sizes: Sizes) -> None:
    """Compile what Python calls month by month: see ``chunk`` and ``schedule``."""
    world, given = (types.Array(record, 1, "C") for record in _records(sizes))
    for function, more in ((begin_world, ()), (tick, ()), (perform, (types.int64,))):
        called: Any = function
        called.compile((world, given, *more))


def compile_rule(name: str, sizes: Sizes) -> None:
    """Compile one rule for the two records it is given."""
    RULES[name].compile(_records(sizes))


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
        if self.name not in OUTERMOST:
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
