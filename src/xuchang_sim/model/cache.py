"""Where machine code of the rules is kept: a folder named by all that decides it.

The name is a hash of every rule file, of the versions of Python, numpy and Numba and of the
processor, so that any change starts a new folder and no stale rule can run. (Numba's own cache
looks at the file of the compiled function only: a changed callee would be served stale.)
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm
import numpy as np

#: Whether rules are compiled; ``NUMBA_DISABLE_JIT=1`` runs them as plain Python.
JIT: bool = os.environ.get("NUMBA_DISABLE_JIT", "") in {"", "0"}
KEPT_FOLDERS = 2
HOW_COMPILED = (
    "cache.py",
    "columns.py",
    "compiling.py",
    "kernel.py",
    "native.py",
)  # files that decide no bit of a result


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
            version("numba"),
            llvmlite.__version__,
        )
        features = llvm.get_host_cpu_features().flatten()
        cpu = platform.machine(), llvm.get_host_cpu_name(), features
        names = ("BOUNDSCHECK", "CPU_NAME", "CPU_FEATURES", "ENABLE_AVX", "OPT")
        switches = tuple(os.environ.get(f"NUMBA_{name}", "") for name in names)
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
