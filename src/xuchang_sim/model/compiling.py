"""Compile all rules before the first run, on two processors, and say so while it takes time.

What is compiled is kept in the cache folder of these very rules (see ``cache``). Without a writable
folder every process compiles for itself.
"""

from __future__ import annotations

import gc
import operator
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numba
from numba.core import ir, types
from numba.core.codegen import CPUCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.cpu import CPUContext

from xuchang_sim.model.cache import CACHE
from xuchang_sim.model.chunk import (
    begin_world,
    copy_world,
    expectations,
    fail,
    record,
    record_base,
    run_chunk,
    share_history,
    start_variant,
    tick,
)
from xuchang_sim.model.kernel import keep
from xuchang_sim.model.native import EXTERNALS, Argument, Code, signature
from xuchang_sim.model.population import clear, watch_firms, watch_pipeline
from xuchang_sim.model.schedule import STEPS, perform
from xuchang_sim.model.steps.checks import check
from xuchang_sim.model.world import Inputs, Sizes, World, dtype_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES: dict[str, Any] = {
    rule.__name__: rule
    for rule in (
        *(*STEPS, clear, watch_pipeline, watch_firms),
        *(copy_world, start_variant, record, record_base, share_history, fail),
    )
    if rule is not check
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
        "copy_world",
        "start_variant",
    ]
)
OUTERMOST: dict[str, Any] = {"run_chunk": run_chunk, "expectations": expectations}
for kept in (*RULES.values(), check):
    keep(kept)  # by their caches the two processes hand over what they made

PLAIN = frozenset([str, int, float, bool, type(None), ir.Loc])  # what no variable stands in
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
    tell(f"rules compiled in {time.perf_counter() - begun:.1f} s, {kept}")
    return made


def _compile_all(sizes: Sizes, *, checked: bool) -> dict[str, Code]:
    whole = len(RULES) + 1
    done = 0
    helper = _start_helper(sizes)

    def count() -> None:
        nonlocal done
        done += 1
        if done == 1 or sys.stderr is None or sys.stderr.isatty():
            tell(f"compiling the rules, once on this machine: {done}/{whole}", stay=done < whole)

    first = [name for name in RULES if helper is None or name not in SECOND]
    with quicker():
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


@lru_cache
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
    """Compile one rule for what the outermost kernels give it, or load it if it is kept."""
    world, given = _records(sizes)
    line, table, block, runs, all_runs = (types.Array(types.float64, n, "C") for n in range(1, 6))
    kept = types.Array(types.int64, 1, "C")
    takes = {
        "copy_world": (world, world),
        "start_variant": (world, given, given, types.int64),
        "record": (world, given, table, block, kept, block, block, line),
        "record_base": (world, given, table, block, kept, block, block, line),
        "share_history": (runs, *[all_runs] * 3, block, *[types.int64] * 3),
        "fail": (table, *[block] * 3, line),
    }
    RULES[name].compile(takes.get(name, (world, given)))


def compile_second(sizes: Sizes) -> None:
    """Compile the second half; run in a process of its own."""
    with quicker():
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
def quicker(*entries: str) -> Iterator[None]:
    """Spare Numba what rules do not need while it compiles; together it takes half of the time.

    It formats every type at every pass, and a record of a hundred columns prints at length; it
    looks for variables in names and line numbers; it tries every template anew each time the same
    operator meets the same types; it makes machine code of every rule, though only kernels and
    entries are called from outside, and they hold the rules; and it optimises once more, with a
    kernel, all the rules that were optimised one by one. Other threads wait with what they compile.

    Parameters
    ----------
    *entries : str
        Qualified names of functions that Python is to call, besides the outermost kernels.
    """
    called = frozenset([*OUTERMOST, *entries])
    found: dict[tuple[Any, Any], Any] = {}
    kinds: Any = types
    library: Any = CPUCodeLibrary
    context: Any = CPUContext
    codegen: Any = JITCPUCodegen
    statement: Any = ir.Inst
    make_function: Any = import_module("numba._dynfunc").make_function
    finalize, executable = library._finalize_final_module, context.get_executable
    asked, optimise = kinds.functions.BaseFunction.get_call_type, library._optimize_final_module
    functions = library._optimize_functions
    serialize, environment = library.serialize_using_object_code, codegen.set_env

    def variables(self: Any, value: Any) -> list[Any]:
        if isinstance(value, ir.Var):
            return [value]
        if isinstance(value, statement):
            found_in: list[Any] = value.list_vars()
            return found_in
        if isinstance(value, dict):
            value = value.values()
        elif not isinstance(value, list | tuple):
            return []
        return [v for part in value if type(part) not in PLAIN for v in variables(self, part)]

    def get_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
        if kws or self.typing_key not in OPERATORS:
            return asked(self, context, args, kws)
        key = (self, args)
        if key not in found:
            found[key] = asked(self, context, args, kws)
        return found[key]

    def optimise_functions(self: Any, module: Any) -> None:
        if self.name in called:
            functions(self, module)
        else:
            module.data_layout = self._codegen._data_layout

    def optimise_once(self: Any) -> None:
        if self.name not in called:
            passes, builder = self._codegen._module_pass_manager(opt=2, slp_vectorize=False)
            passes.run(self._final_module, builder)
        elif self.name not in OUTERMOST:
            optimise(self)

    def finalize_called(self: Any) -> None:
        if self.name in called:
            finalize(self)
        else:
            self._finalize_dynamic_globals()
            self._finalized = True

    def executable_called(self: Any, made: Any, function: Any, env: Any) -> Any:
        if made.name in called:
            return executable(self, made, function, env)
        return make_function(function.lookup_module(), function.qualname, "", 0, env, (made,))

    def set_environment(self: Any, name: str, env: Any) -> None:
        if self._engine.get_global_value_address(name):
            environment(self, name, env)

    def serialize_called(self: Any) -> Any:
        return serialize(self) if self.name in called else self.serialize_using_bitcode()

    instead = (
        (kinds.Record, "__repr__", kinds.Type.__repr__),
        (statement, "_rec_list_vars", variables),
        (kinds.functions.BaseFunction, "get_call_type", get_call_type),
        (library, "_optimize_functions", optimise_functions),
        (library, "_optimize_final_module", optimise_once),
        (library, "_finalize_final_module", finalize_called),
        (library, "serialize_using_object_code", serialize_called),
        (context, "get_executable", executable_called),
        (codegen, "set_env", set_environment),
    )
    before = [getattr(owner, name) for owner, name, _ in instead]
    collecting = gc.isenabled()
    with global_compiler_lock:
        try:
            gc.disable()  # what a compilation makes lives until its end
            for owner, name, function in instead:
                setattr(owner, name, function)
            yield
        finally:
            for (owner, name, _), function in zip(instead, before, strict=True):
                setattr(owner, name, function)
            if collecting:
                gc.enable()


def tell(text: str, *, stay: bool = False) -> None:
    """Say it on standard error; on a terminal a line may stay to be written over."""
    if sys.stderr is not None:
        over = sys.stderr.isatty()
        sys.stderr.write(f"\r{text}  " if over else text)
        sys.stderr.write("" if stay and over else "\n")
        sys.stderr.flush()
