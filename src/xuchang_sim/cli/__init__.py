"""The command line: arguments in, calls out; a file for each family of commands."""

from __future__ import annotations

import errno
import gc
import os
import sys
import warnings
from typing import Any

from xuchang_sim import limits, output
from xuchang_sim.cli import likelihood, packs, policy, reports, series, sweeps, trust, usage  # noqa: F401
from xuchang_sim.cli.command import (
    DONE,
    NEW_OBJECTS,
    OUR_FAULT,
    SOME_FAILED,
    WRONG_INPUT,
    app,
    plain,
)
from xuchang_sim.text import reason, say

__all__ = ["DONE", "OUR_FAULT", "SOME_FAILED", "WRONG_INPUT", "app", "main", "plain"]

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO}
TOO_MANY = {errno.EMFILE, errno.ENFILE}


def main() -> None:
    """Run the command line and leave with its exit code."""
    # Modules and packs are made of many objects that stay: looking at them again and again for
    # cycles was 6% of the way to the first result.
    gc.set_threshold(NEW_OBJECTS)
    warnings.showwarning = _warn  # a line of plain words, without the place in the code
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else DONE)
    except Exception as error:
        limits.release()
        problems = getattr(error, "problems", None) or _of_the_machine(error)
        if usage.is_usage(error):
            problems = usage.lines(error)
        if not problems:
            raise
        for problem in problems:
            output.message(str(problem))
        sys.exit(WRONG_INPUT)
    finally:
        # Python looks for cycles among all that is left before it ends: a tenth of a second for what
        # the system takes back at once.
        gc.freeze()


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    output.message(str(message))


def _of_the_machine(error: Exception) -> list[str]:
    """Lines for a fault of the machine (memory, disk, rights, no compiler); none for the program's."""
    if (no_compiler := getattr(error, "no_compiler", None)) is not None:
        if no_compiler:
            return [say("machine.no_compiler", output.language())]
        return [say("machine.not_compiled", output.language(), why=error)]
    number = getattr(error, "errno", None)
    text = str(error).lower()
    starved = isinstance(error, MemoryError) or number == errno.ENOMEM
    starved |= isinstance(error, RuntimeError) and "start new thread" in text
    starved |= isinstance(error, ImportError) and ("map segment" in text or "allocate" in text)
    starved |= isinstance(error, ImportError) and limits.limited()  # of what was half loaded
    if starved:
        return [say("machine.memory", output.language())]
    if number in FULL | REFUSED | TOO_MANY:
        where, why = getattr(error, "filename", None), reason(OSError(number, os.strerror(number)))
        return [": ".join(str(part) for part in (where, why) if part)]
    return []
