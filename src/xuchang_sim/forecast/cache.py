"""Keep fitted results between runs: small array files addressed by a hash of data and code."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import zipfile
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Arrays = dict[str, np.ndarray]

_CORRUPT = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


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
    """Kept arrays, or None when there are none or the file cannot be trusted."""
    try:
        with _path(kind, key).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except _CORRUPT:
        return None
    return arrays if str(arrays.pop("key", "")) == key else None


def save(kind: str, key: str, arrays: Mapping[str, np.ndarray]) -> bool:
    """Keep arrays (atomic: a reader sees the old file or the new one); False if impossible."""
    path = _path(kind, key)
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, key=np.array(key), **dict(arrays))
        Path(temporary).replace(path)
    except (OSError, RuntimeError):
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
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
    return folder() / f"{kind}-{key[:32]}.npz"
