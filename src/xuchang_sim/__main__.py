"""Where the program starts: streams and signals are made ready before anything else is loaded."""

from __future__ import annotations

import os
import sys

from xuchang_sim import limits, output, stopping
from xuchang_sim.deferred import deferred
from xuchang_sim.text import VARIABLE, say

with deferred():
    from xuchang_sim import cli

WRONG_INPUT = 2  # exit code: the machine, as it is, does not let the program run


def main() -> None:
    """Run the command line; a signal ends it with one line, whenever it comes."""
    output.prepare()
    # For every message, here and in processes begun from here.
    os.environ[VARIABLE] = output.language()
    stopping.install()
    if limits.limited():
        starved = say("machine.memory", output.language())  # read now: later there may be no memory
        try:
            enough = not limits.too_small()
            if enough:
                limits.hold()
        except (MemoryError, ImportError):
            enough = False
        if not enough:
            output.message(starved)
            sys.exit(WRONG_INPUT)
    try:
        cli.main()
    except stopping.Stopped as asked:
        output.message(str(asked))
        sys.exit(asked.code)


if __name__ == "__main__":
    main()
