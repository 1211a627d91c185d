"""Write the real output of commands into the marked blocks of the README.

A block begins with ``<!-- output: COMMAND | lines A-B -->`` and ends with ``<!-- end -->``. Run
``python docs/refresh.py`` after a change of results; the tests say when it is needed.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(
    r"(<!-- output: (?P<command>.+?) \| lines (?P<first>\d+)-(?P<last>\d*) -->\n).*?(<!-- end -->)",
    re.DOTALL,
)


@lru_cache
def output(command: str) -> tuple[str, ...]:
    """Lines that a command prints."""
    program, *words = shlex.split(command)
    if program != "xuchang-sim":
        raise ValueError(command)
    call = [sys.executable, "-m", "xuchang_sim.cli", *words]
    done = subprocess.run(call, capture_output=True, text=True, check=True)  # noqa: S603
    return tuple(line.rstrip() for line in done.stdout.splitlines())


def refreshed(text: str) -> str:
    """Return a page with every block as the commands print it now."""

    def block(found: re.Match[str]) -> str:
        lines = output(found["command"])[int(found["first"]) - 1 : int(found["last"] or 10**6)]
        body = "\n".join(lines).strip("\n")
        return f"{found[1]}\n```text\n{body}\n```\n\n{found[5]}"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
