"""Rules: the hash of what a forecast is made by, so that a measured skill knows what it is of."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

RULES = {".py", ".yaml", ".c", ".h"}


@lru_cache(maxsize=1)
def rules_digest() -> str:
    """Hash of the rules and definitions: what a skill was measured of."""
    home = Path(__file__).parents[1]
    state = hashlib.sha256()
    for room in ("definitions", "model"):
        for path in sorted((home / room).rglob("*")):
            if path.suffix in RULES:
                state.update(path.relative_to(home).as_posix().encode() + b"\0")
                state.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return state.hexdigest()
