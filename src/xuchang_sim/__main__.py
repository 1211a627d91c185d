"""Where the program starts: streams and signals are made ready before anything else is loaded."""

from __future__ import annotations

import os
import sys

from xuchang_sim import output, stopping
from xuchang_sim.text import VARIABLE


def main() -> None:
    """Run the command line; a signal ends it with one line, whenever it comes."""
    output.prepare()
    # For every message, here and in processes begun from here.
    os.environ[VARIABLE] = output.language()
    stopping.install()
    try:
        from xuchang_sim.cli import main as run  # noqa: PLC0415 - that is the point

        run()
    except stopping.Stopped as asked:
        output.message(str(asked))
        sys.exit(asked.code)


if __name__ == "__main__":
    main()
