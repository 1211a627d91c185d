"""Compile a rule with Numba, for the cache of these very rules."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from numba import config, njit, types
from numba.core import typed_passes, untyped_passes
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager

from xuchang_sim.model import columns  # noqa: F401 - how columns are lowered
from xuchang_sim.model.cache import CACHE, JIT

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def keep(compiled: Any) -> None:
    """Keep a function's machine code in the cache folder of these rules, and look for it there."""
    if CACHE is None:
        return
    before = getattr(config, "CACHE_DIR", "")
    try:
        setattr(config, "CACHE_DIR", str(CACHE))
        compiled.enable_caching()
    finally:
        setattr(config, "CACHE_DIR", before)


def _compiled(function: F, **options: Any) -> F:
    compiled = njit(nogil=True, error_model="numpy", **options)(function)
    if JIT:
        _plain_constants(compiled)
    return compiled  # type: ignore[no-any-return]


def _plain_constants(compiled: Any) -> None:
    """Type a constant argument as its plain type.

    Numba would compile a callee again for every literal number it is called with.
    """
    ask = compiled.get_call_template

    def get_call_template(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        plain = tuple(types.unliteral(a) for a in args)
        return ask(plain, kws)

    compiled.get_call_template = get_call_template


def _mangling_args(self: Any) -> tuple[str, tuple[int]]:
    """Name a record type in machine code by what it is.

    Numba names it by a number that it happens to get in the process that compiles it: machine
    code of two record types, cached by two processes, may then bear one name, and a process that
    loads both would run the wrong one.
    """
    return "Record", (int(hashlib.sha256(self.name.encode()).hexdigest()[:15], 16),)


if JIT:
    setattr(types.Record, "mangling_args", property(_mangling_args))


class Rules(CompilerBase):
    """Numba's passes without those that look for what rules do not hold.

    Those are: closures, branches on None, array expressions, overloads to splice in, loops over
    literals, objects.
    """

    def define_pipelines(self) -> list[Any]:
        """Return the one list of passes: read, splice rules in, infer types, lower."""
        passes = PassManager("rules")
        for each in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.InlineInlinables,
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.IRLegalization,
            typed_passes.AnnotateTypes,
            typed_passes.NativeLowering,
            typed_passes.NoPythonBackend,
        ):
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


#: For what rules alone call: nothing for Python to call, no reference counts, since all memory
#: belongs to the caller. A quarter less to compile, with the passes.
INNER = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
    "pipeline_class": Rules,
}


def step(function: F) -> F:
    """Compile one rule: no GIL, no division checks; called by rules only."""
    return _compiled(function, **INNER)


def entry(function: F) -> F:
    """Compile a rule that Python calls, at its first call; kept on disk."""
    compiled: Any = _compiled(function)
    if JIT:
        keep(compiled)
        compiler = compiled._compiler
        whole = compiler.compile

        def compile_quickly(arguments: Any, returned: Any) -> Any:
            compiling: Any = import_module("xuchang_sim.model.compiling")
            compiling.tell(f"compiling {function.__name__}, once on this machine")
            with compiling.quicker(function.__qualname__):
                return whole(arguments, returned)

        compiler.compile = compile_quickly
    return compiled  # type: ignore[no-any-return]


def outermost(function: F) -> F:
    """Compile a kernel that is called as machine code (see ``native``): nothing of Python."""
    return _compiled(function, **INNER)


def inlined(function: F) -> F:
    """Compile a small helper that every caller takes into its own loop."""
    return _compiled(function, forceinline=True, **INNER)


def spliced(function: F) -> F:
    """Take a rule into its one caller before compilation; it is never compiled by itself."""
    return _compiled(function, inline="always")
