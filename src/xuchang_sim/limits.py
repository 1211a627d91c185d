"""Limits: too little memory to start is reported at once, from a reserve kept for the report.

A process whose address space is limited (``ulimit -v``) may be refused memory anywhere, also while it
answers for it. A library that is being loaded is then left half loaded; OpenBLAS, which numpy and scipy
carry, ends the process, or asks for its 32 MB for ever. Under a limit it is loaded before all else.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

if sys.platform != "win32":
    import resource

LEAST: Final = 2**29  # bytes of address space that the libraries take before anything is computed
RESERVE: Final = 2**24  # bytes held back under a limit

_reserve: list[bytearray] = []


def limited() -> bool:
    """Whether the system limits the address space of this process."""
    return _limit() is not None


def too_small() -> bool:
    """Whether the limit is below what the program needs to start."""
    limit = _limit()
    return limit is not None and limit < LEAST


def hold() -> None:
    """Hold memory back, and load what must not be refused any, if there is a limit.

    Raises
    ------
    MemoryError, ImportError
        If there is not enough for that.
    """
    if limited() and not _reserve:
        import_module("numpy")  # with its own OpenBLAS
        import_module("scipy.linalg")  # with another
        _reserve.append(bytearray(RESERVE))


def release() -> None:
    """Release the reserve: there is a message to write."""
    _reserve.clear()


def _limit() -> int | None:
    if sys.platform == "win32":
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit
