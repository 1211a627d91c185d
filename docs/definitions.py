"""Write what follows from the definitions: names of the model's record and the reference pages.

Run ``make definitions`` after editing ``src/xuchang_sim/definitions``; the tests say when it is needed.
"""

from __future__ import annotations

from pathlib import Path

from xuchang_sim import definitions
from xuchang_sim.definitions import tables

ROOT = Path(__file__).parent.parent
NAMES = ROOT / "src" / "xuchang_sim" / "model" / "names.py"
PAGES = ROOT / "docs" / "reference"


def names() -> str:
    """Return the module that declares levers and parameters to the model."""
    levers = definitions.levers()
    parameters = {n: p for n, p in definitions.parameters().items() if p.used_by == "model"}
    parts = [
        '"""Names of levers and parameters: written by `make definitions`, not by hand."""',
        "",
        "from __future__ import annotations",
        "",
        "",
        "class LeverNames:",
        '    """A level of every lever, as the rules see it."""',
        "",
        *(f"    {name}: float" for name in levers),
        "",
        "",
        "class ParameterNames:",
        '    """A value of every parameter, as the rules see it."""',
        "",
        *(f"    {name}: float" for name in parameters),
    ]
    return "\n".join(parts) + "\n"


def files() -> dict[Path, str]:
    """Return every generated file and its text."""
    pages = {PAGES / f"{name}.md": tables.page(name) for name in tables.INTRODUCTIONS}
    return {NAMES: names(), **pages}


def main() -> None:
    """Write the files."""
    PAGES.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
