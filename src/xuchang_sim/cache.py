"""The user's cache: where it lies, and hashes that take long to find, under a hash of what they follow from.

A file that is lost there costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 8  # pairs in the file: those of a few states of a checkout


def cache_root() -> Path:
    """Return the folder of all that is kept between runs; it need not exist, nor be writable.

    It is ``XUCHANG_SIM_CACHE``, or the program's folder where the system has its caches. A user without a home,
    as in a container that gives each run a number of its own, has no cache: nothing can be kept there.
    """
    root = os.environ.get("XUCHANG_SIM_CACHE")
    if root:
        return Path(root)
    if sys.platform == "win32":
        place = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        place = "~/Library/Caches"
    else:
        place = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(place or "~/.cache").expanduser() / "xuchang-sim"
    except RuntimeError:
        # No home, and a folder that all may write to is none for code that will be run.
        return Path(os.devnull) / "xuchang-sim"


def remembered(key: str, find: Callable[[], str]) -> str:
    """Return the hash that is kept under a key, else find it.

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
        known, _, value = line.partition(" ")
        if known == key and line == _line(key, value.partition(" ")[0]):
            return value.partition(" ")[0]
    value = find()
    # Not by `files`: the package is built, and hashes its rules, where no other library is at hand.
    beside = path.with_name(f"hashes.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_text("\n".join([*lines[1 - KEPT :], _line(key, value), ""]), "ascii")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    return value


def _line(key: str, value: str) -> str:
    """Return a pair as it is kept: with a sum by which a line that was cut or changed is not believed."""
    return f"{key} {value} {hashlib.sha256(f'{key} {value}'.encode()).hexdigest()[:16]}"
