"""Keep fitted results between runs: small array files addressed by a hash of data and code.

Fits for the shipped plan come with the package (`SHIPPED`): its first answer waits for none, and its fits are
the same whatever the processor and the libraries. A hash that has changed finds nothing there.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim import kept
from xuchang_sim.cache import cache_root
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Arrays = dict[str, np.ndarray]

#: Results for the shipped plan; ``python docs/refresh.py`` fits them.
SHIPPED = Path(__file__).parent / "fitted"


def folder() -> Path:
    """Folder of kept results, in the user's cache."""
    return cache_root() / "outlook"


def digest(*parts: object) -> str:
    """Hash of arrays, numbers, texts and lists or mappings of them, and of this room's code (hex)."""
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
    """Hash of what computes the results: this room's source."""
    state = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        state.update(path.name.encode() + path.read_bytes())
    return state.hexdigest()


def load(kind: str, key: str) -> Arrays | None:
    """Return kept arrays, or None where there are none or the file is not what was written."""
    for path in (shipped(kind, key), _path(kind, key)):
        try:
            arrays, note = kept.read(path)
        except (OSError, RuntimeError, kept.DamagedError):
            continue
        if note == key:
            return arrays
    return None


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


def shipped(kind: str, key: str) -> Path:
    """File of a result that comes with the package, if one does."""
    return SHIPPED / f"{kind}-{key[:32]}.kept"


def _path(kind: str, key: str) -> Path:
    """Where the user's own is: other libraries may have given other last digits."""
    made = hashlib.sha256(key.encode())
    for library in ("numpy", "scipy", "statsmodels"):
        made.update(version(library).encode())
    return folder() / f"{kind}-{made.hexdigest()[:32]}.kept"
