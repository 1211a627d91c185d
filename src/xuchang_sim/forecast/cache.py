"""Keep fitted results between runs: small array files addressed by a hash of data and code."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim import kept
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Arrays = dict[str, np.ndarray]


def folder() -> Path:
    """Folder of kept results: ``$XUCHANG_SIM_CACHE``, else the user's cache directory."""
    named = os.environ.get("XUCHANG_SIM_CACHE")
    if named:
        return Path(named) / "outlook"
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or "~/.cache").expanduser() / "xuchang-sim" / "outlook"


def digest(*parts: object) -> str:
    """Hash of arrays, numbers, texts and lists or mappings of them, and of the code (hex)."""
    state = hashlib.sha256(_code().encode())
    for part in parts:
        if isinstance(part, np.ndarray):
            state.update(str((part.dtype.str, part.shape)).encode())
            state.update(np.ascontiguousarray(part).tobytes())
        else:
            state.update(json.dumps(part, sort_keys=True, default=str).encode())
        state.update(b"\0")
    return state.hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """Hash of what computes the results: this room's source and the libraries' versions."""
    state = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        state.update(path.name.encode() + path.read_bytes())
    for library in ("numpy", "scipy", "statsmodels"):
        state.update(version(library).encode())
    return state.hexdigest()


def load(kind: str, key: str) -> Arrays | None:
    """Return kept arrays, or None where there are none or the file is not what was written."""
    try:
        arrays, note = kept.read(_path(kind, key))
    except (OSError, RuntimeError, kept.DamagedError):
        return None
    return arrays if note == key else None


def save(kind: str, key: str, arrays: Mapping[str, np.ndarray]) -> bool:
    """Keep arrays, whole or not at all; False where nothing can be written."""
    path = _path(kind, key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept.keep(path, arrays, key, sync=False)
    except (OSError, RuntimeError, InputError):
        return False
    return True


def remembered(kind: str, key: str, compute: Callable[[], Arrays]) -> Arrays:
    """Kept arrays, or freshly computed ones, kept if there is a writable place."""
    arrays = load(kind, key)
    if arrays is None:
        arrays = compute()
        save(kind, key, arrays)
    return arrays


def _path(kind: str, key: str) -> Path:
    return folder() / f"{kind}-{key[:32]}.kept"
