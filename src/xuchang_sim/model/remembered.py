"""Hashes that take long to find, remembered in the user's cache under a hash of what they follow from."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 8  # pairs in the file: those of a few states of a checkout


def cache_root() -> Path:
    """Return the user's cache: ``XUCHANG_SIM_CACHE``, or the program's folder where the system has caches."""
    root = os.environ.get("XUCHANG_SIM_CACHE")
    if root:
        return Path(root)
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return Path(home).expanduser() / "xuchang-sim"


def remembered(key: str, find: Callable[[], str]) -> str:
    """Return the hash that is remembered for a key, else find it.

    Parameters
    ----------
    key : str
        Hexadecimal hash of all that the answer follows from, the code that finds it included.
    find : callable
        Returns a hexadecimal hash.

    Returns
    -------
    str
        What ``find`` returned, now or before. Nothing depends on whether the cache can be read or written.
    """
    path = cache_root() / "hashes"
    lines: list[str] = []
    with suppress(OSError, UnicodeDecodeError):
        lines = path.read_text("ascii").splitlines()
    for line in lines:
        pair = re.fullmatch(r"([0-9a-f]+) ([0-9a-f]+)", line)
        if pair and pair[1] == key:
            return pair[2]
    value = find()
    beside = path.with_name(f"hashes.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text("\n".join([*lines[1 - KEPT :], f"{key} {value}", ""]), "ascii")
        beside.replace(path)
    return value
