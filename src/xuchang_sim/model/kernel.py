"""Compile a rule with Numba, for the cache of these very rules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

from numba import config, njit, types

from xuchang_sim.model.cache import CACHE, JIT

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def _compiled(function: F, *, cached: bool = CACHE is not None, **options: Any) -> F:
    before = getattr(config, "CACHE_DIR", "")
    try:
        setattr(config, "CACHE_DIR", str(CACHE) if CACHE else before)
        compiled = njit(nogil=True, error_model="numpy", cache=cached, **options)(function)
    finally:
        setattr(config, "CACHE_DIR", before)
    if JIT:
        _plain_constants(compiled)
    return compiled  # type: ignore[no-any-return]


def _plain_constants(compiled: Any) -> None:
    """Type a constant argument as its plain type.

    Numba would compile a callee again for every literal number it is called with.
    """
    ask = compiled.get_call_template

    def get_call_template(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        plain = tuple(types.unliteral(a) for a in args)  # type: ignore[no-untyped-call]
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


#: For what rules alone call: nothing for Python to call, and no reference counts, since all memory
#: belongs to the caller (a sixth less to compile).
INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}


def step(function: F) -> F:
    """Compile one rule: no GIL, no division checks, cached on disk; called by rules only."""
    return _compiled(function, **INNER)


def entry(function: F) -> F:
    """Compile a rule that Python calls."""
    return _compiled(function)


def outermost(function: F) -> F:
    """Compile a kernel that is called as machine code (see ``native``): nothing of Python."""
    return _compiled(function, cached=False, **INNER)


def inlined(function: F) -> F:
    """Compile a small helper that every caller takes into its own loop."""
    return _compiled(function, forceinline=True, **INNER)


def spliced(function: F) -> F:
    """Take a rule into its one caller before compilation; it is never compiled by itself."""
    return _compiled(function, inline="always")
