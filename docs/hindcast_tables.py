"""Compute the tables and pictures of hindcast.md anew, and write them between their marks.

Run from anywhere: ``python docs/hindcast_tables.py``. The growth panels have no licence and are not
shipped: with ``XUCHANG_SIM_PANELS=FOLDER`` their part is made, too, else it is left as it stands.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "hindcast.md"
CASES = "tests/hindcast/cases_development.csv"
ROLLING = "tests/hindcast/rolling_xuchang.csv"


def output(*words: str) -> str:
    """Return what a command prints on standard output, without trailing blanks."""
    call = [sys.executable, "-m", "xuchang_sim", "hindcast", *words, "--lang", "en"]
    done = subprocess.run(call, capture_output=True, text=True, check=True, cwd=DOCS.parent)  # noqa: S603
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n")


def main() -> None:
    """Rewrite the blocks of the page and draw its pictures."""
    spare = DOCS / "_rolling_skill.json"
    found = {
        "cases": output(CASES, "--score", CASES, "--picture", "docs/hindcast_cases.png"),
        "rolling": output(ROLLING, "--score", ROLLING, "--seal", str(spare)),
        "eras": output("--eras", "--replicates", "400", "--picture", "docs/hindcast_eras.png"),
    }
    spare.unlink()
    panels = os.environ.get("XUCHANG_SIM_PANELS")
    if panels:
        found["panels"] = output("--panels", panels, "--picture", "docs/hindcast_panels.png")
    text = PAGE.read_text(encoding="utf-8")
    for name, table in found.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        text, count = pattern.subn(lambda m, t=table: f"{m[1]}\n```text\n{t}\n```\n\n{m[2]}", text)
        if count != 1:
            sys.exit(f"{PAGE.name} has {count} blocks named {name}; wanted: one")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
