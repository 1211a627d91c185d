"""Rules: the hash of what a forecast is made by, so that a measured skill knows what it is of."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from xuchang_sim.model import digest

DEFINITIONS = Path(__file__).parents[1] / "definitions"


@lru_cache(maxsize=1)
def rules_digest() -> str:
    """Hash of the rules and definitions: what a skill was measured of."""
    state = hashlib.sha256(digest.rules_digest().encode())
    for path in sorted(DEFINITIONS.iterdir()):
        if path.suffix in {".py", ".yaml"}:
            state.update(path.name.encode() + b"\0")
            state.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return state.hexdigest()
