"""Which library of compiled rules this machine runs, and where libraries lie."""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path

from xuchang_sim.cache import cache_root
from xuchang_sim.model.digest import library_digest

#: Lengths of columns that a library is for: the usual ones as constants, or any, read when it runs.
USUAL, ANY = ROOMS = ("usual", "any")
#: Exit code of a build that found no compiler.
NO_COMPILER = 4
FOLDER = Path(__file__).parent / "compiled"
ENDINGS = {"darwin": ".dylib", "win32": ".dll"}
NAMES = {"amd64": "x86_64", "arm64": "aarch64"}
SYSTEMS = {"darwin": "macos", "win32": "windows"}
#: Processor flags of each level of x86-64, as Linux spells them, the highest level first.
LEVEL_3 = frozenset(("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"))
LEVELS = {
    "v4": LEVEL_3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "v3": LEVEL_3,
}


def targets() -> tuple[str, ...]:
    """Return the targets that this machine can run, the best first.

    ``XUCHANG_SIM_PROCESSOR=baseline`` leaves out those that only newer processors have.
    """
    kind = platform.machine().lower()
    plain = f"{SYSTEMS.get(sys.platform, sys.platform)}-{NAMES.get(kind, kind)}"
    chosen = os.environ.get("XUCHANG_SIM_PROCESSOR", "")
    if plain != "linux-x86_64" or chosen == "baseline":
        return (plain,)
    able = _features()
    return (*(f"{plain}-{level}" for level, needed in LEVELS.items() if needed <= able), plain)


def _features() -> frozenset[str]:
    """Return what Linux says the processor, and the system on it, can do."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    flags = re.search(r"^flags\s*:\s*(.*)$", text, re.MULTILINE)
    return frozenset(flags[1].split() if flags else ())


def folders() -> tuple[Path, ...]:
    """Return where libraries may lie: with the package, and in the user's cache."""
    return FOLDER, cache_root() / "rules"


def library_name(target: str, room: str, ending: str = "") -> str:
    """Return the file name of the library compiled from the present rules."""
    ending = ending or ENDINGS.get(sys.platform, ".so")
    return f"rules-{library_digest()}-{target}-{room}{ending}"


def find(room: str) -> Path | None:
    """Return the best library of these rules for a room, or None."""
    for target in targets():
        for folder in folders():
            path = folder / library_name(target, room)
            if path.is_file():
                return path
    return None
