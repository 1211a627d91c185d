"""Names of the rules by what they say: two programs with the same name give the same bits."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MODEL = Path(__file__).parent
#: Files that run the rules and decide nothing of what the compiled rules are.
DRIVERS = frozenset(("economy.py", "engine.py", "library.py", "memory.py"))
#: Files that decide how rules are compiled, and no bit of a result.
HOW_COMPILED = frozenset(("digest.py", "kernel.py", "layout.py", "library.py", "memory.py"))


@cache
def rules_digest() -> str:
    """Hash what decides the bits of a result: the rules, the engine and the declarations."""
    return _digest(
        path for path in _sources() if path.parent.name != "build" and path.name not in HOW_COMPILED
    )


@cache
def library_digest() -> str:
    """Hash what decides the compiled rules: rules, declarations, translator and flags."""
    return _digest(path for path in _sources() if path.name not in DRIVERS)


def _sources() -> list[Path]:
    """Return the sources; nobody looks into ``compiled``, where a build may add and remove files."""
    result = []
    for folder, inside, files in os.walk(MODEL):
        inside[:] = [name for name in inside if name not in {"compiled", "__pycache__"}]
        result += [Path(folder, name) for name in files if name.endswith((".py", ".c"))]
    return sorted(result)


def _digest(paths: Iterable[Path]) -> str:
    state = hashlib.sha256()
    for path in paths:
        state.update(path.relative_to(MODEL).as_posix().encode() + b"\0")
        state.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return state.hexdigest()[:20]
