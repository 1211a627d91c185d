"""Compile a rule once per machine and never run a stale one.

Numba's own cache looks at the file of the compiled function only: a changed callee or an imported
constant would be served stale. Here the cache folder is named by a hash of every rule file, of the
versions of Python, numpy and numba and of the processor, so that any change starts a new folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import llvmlite
import numba
import numpy as np
from numba import config, njit, types
from numba.core.codegen import get_host_cpu_features
from numba.core.runtime.nrt import rtsys

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

JIT: bool = not getattr(config, "DISABLE_JIT", 0)
KEPT_FOLDERS = 2
HOW_COMPILED = ("compiling.py", "kernel.py")  # files that decide no bit of a result


def rules_digest(*, machine: bool = True) -> str:
    """Hash the rules; with ``machine`` also how and where they are compiled, as the cache needs."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        if not machine and path.name in HOW_COMPILED:
            continue
        digest.update(path.relative_to(here).as_posix().encode())
        digest.update(path.read_bytes())
    if machine:
        versions = (
            platform.python_version(),
            np.__version__,
            numba.__version__,
            llvmlite.__version__,
        )
        features = get_host_cpu_features()  # type: ignore[no-untyped-call]
        cpu = platform.machine(), llvmlite.binding.get_host_cpu_name(), features
        names = ("BOUNDSCHECK", "CPU_NAME", "CPU_FEATURES")
        switches = tuple(str(getattr(config, name, "")) for name in names)
        digest.update(repr((versions, cpu, switches)).encode())
    return digest.hexdigest()[:20]


def _cache_root() -> Path:
    chosen = os.environ.get("XUCHANG_SIM_CACHE")
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "xuchang-sim"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):
        return False
    return True


def _cache_folder() -> Path | None:
    """Return the cache folder of these very rules, or None where nothing can be written."""
    if not JIT:
        return None
    try:
        root = _cache_root() / "rules"
        folder = root / rules_digest()
    except (OSError, RuntimeError):
        return None
    if not _writable(folder):
        return None
    try:
        os.utime(folder)
        others = sorted(
            (f for f in root.iterdir() if f.is_dir() and f != folder),
            key=lambda f: f.stat().st_mtime,
            reverse=True,
        )
        for old in others[KEPT_FOLDERS - 1 :]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:
        return folder
    return folder


CACHE = _cache_folder()


def _compiled(function: F, **options: Any) -> F:
    before = getattr(config, "CACHE_DIR", "")
    try:
        setattr(config, "CACHE_DIR", str(CACHE) if CACHE else before)
        compiled = njit(nogil=True, error_model="numpy", cache=CACHE is not None, **options)(
            function
        )
    finally:
        setattr(config, "CACHE_DIR", before)
    if JIT:
        _plain_constants(compiled)
        if CACHE is not None:
            _light_loading(compiled)
    return compiled  # type: ignore[no-any-return]


def _light_loading(compiled: Any) -> None:
    """Load kept machine code without importing what only a compilation needs.

    Numba imports its whole library of lowerings (and scipy's linear algebra with it) before it
    looks into the cache: a fifth of the time from start to first result.
    """
    kept = compiled._cache
    load = kept.load_overload

    def load_overload(sig: Any, context: Any) -> Any:
        context.load_additional_registries = lambda: rtsys.initialize(context)
        try:
            return load(sig, context)
        finally:
            del context.load_additional_registries

    kept.load_overload = load_overload


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


def step(function: F) -> F:
    """Compile one rule: no GIL, no division checks, cached on disk; called by rules only."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def entry(function: F) -> F:
    """Compile a rule that Python calls."""
    return _compiled(function)


def inlined(function: F) -> F:
    """Compile a small helper that every caller takes into its own loop."""
    return _compiled(function, forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def spliced(function: F) -> F:
    """Take a rule into its one caller before compilation; it is never compiled by itself."""
    return _compiled(function, inline="always")
