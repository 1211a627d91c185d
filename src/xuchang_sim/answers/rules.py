"""Hash of all that decides a forecast, so that a measured skill knows which rules it belongs to."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from xuchang_sim import definitions
from xuchang_sim.cache import remembered
from xuchang_sim.model import digest

DEFINITIONS = Path(definitions.__file__).parent
#: Entries of a definition that a reader reads, and no rule.
PROSE = frozenset(("label", "does", "source", "note", "reason"))


@lru_cache(maxsize=1)
def rules_digest() -> str:
    """Hash the rules and the definitions, their prose aside: a skill was measured with these."""
    files = sorted(path for path in DEFINITIONS.iterdir() if path.suffix in {".py", ".yaml"})
    files += sorted(DEFINITIONS.parent.glob("*.py"))  # with which they are read
    key = digest.bytes_digest([*files, Path(__file__)]) + digest.rules_digest()
    return remembered(key, _rules_digest)


def _rules_digest() -> str:
    state = hashlib.sha256(digest.rules_digest().encode())
    for path in sorted(DEFINITIONS.iterdir()):
        if path.suffix == ".py":
            state.update(path.name.encode() + b"\0" + digest.meaning(path.read_bytes()) + b"\0")
        elif path.suffix == ".yaml":
            entries = values(definitions.entries(path.stem))
            state.update(path.name.encode() + b"\0" + json.dumps(entries).encode() + b"\0")
    return state.hexdigest()


def values(entries: Any) -> Any:
    """Return a file of definitions without labels, sources and explanations.

    Examples
    --------
    >>> values({"revenue": {"unit": "亿元", "label": {"zh": "收入", "en": "revenue"}}})
    {'revenue': {'unit': '亿元'}}
    """
    if isinstance(entries, dict):
        return {key: values(value) for key, value in entries.items() if key not in PROSE}
    if isinstance(entries, list):
        return [values(value) for value in entries]
    return entries
