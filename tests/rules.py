"""Rules of the tests' own: compiled, with the rules that they call, by this machine's compiler."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import inspect
import sys
from typing import TYPE_CHECKING, ParamSpec

import pytest

from xuchang_sim.cache import cache_root
from xuchang_sim.model import kernel, library
from xuchang_sim.model.build.build import FLAGS
from xuchang_sim.model.build.compile import compile_text, compilers, locked
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.machine import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

P = ParamSpec("P")


def entry(function: Callable[P, None]) -> Callable[P, None]:
    """Mark a rule of a test that Python calls; it is compiled at its first call."""

    @functools.cache
    def load(room: str) -> ctypes.CDLL:
        return ctypes.CDLL(str(compiled(function, room)))

    @functools.wraps(function)
    def call(*arguments: P.args, **_: P.kwargs) -> None:
        if library.COMPILED:
            library.call(function, arguments, load)
        else:
            library.run(function, arguments)

    return call


def compiled(function: Callable[..., None], room: str, *flags: str) -> Path:
    """Return the library of a rule and of all that it calls; skip where there is no compiler."""
    found = compilers()
    if not found:
        pytest.skip("no C compiler on this machine")
    text = translate([kernel.entry(inspect.unwrap(function))])
    name = hashlib.sha256(f"{text}{found[0].name}{room}{flags}".encode()).hexdigest()[:20]
    folder = cache_root() / "tests"
    path = folder / f"{function.__name__}-{name}{ENDINGS.get(sys.platform, '.so')}"
    with locked(folder):
        if not path.is_file():
            compile_text(text, path, name, found[0], None, (*FLAGS[room], *flags))
    return path
