"""Build libraries of the rules: for this machine when they have changed, or for every target."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from xuchang_sim.model.build.compile import (
    TARGETS,
    Compiler,
    CompilerError,
    NoCompilerError,
    compile_text,
    compilers,
    locked,
)
from xuchang_sim.model.build.kinds import RefusedError
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.chunk import ENTRIES
from xuchang_sim.model.digest import library_digest
from xuchang_sim.model.machine import (
    ANY,
    NO_COMPILER,
    ROOMS,
    USUAL,
    find,
    folders,
    library_name,
    targets,
)
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Compiler flags of each room: lengths of columns as constants, or read when the library runs.
FLAGS = {USUAL: ("-DFIXED",), ANY: ()}
KEPT = 3  # digests of which libraries are kept in a folder


def build(rooms: Sequence[str] = ROOMS, *, everywhere: bool = False) -> list[Path]:
    """Compile the rules for this machine, where they are not compiled yet.

    Parameters
    ----------
    rooms : sequence of str
        Of ``machine.ROOMS``.
    everywhere : bool
        Also for every other processor that this system runs on.

    Returns
    -------
    list of Path
        The libraries.

    Raises
    ------
    CompilerError
        If there is no compiler, or no folder to write to.
    RefusedError
        If a rule is outside the translator's subset.
    """
    folder = _writable()
    with locked(folder):
        names = targets()
        wanted = [names[0], names[-1]] if everywhere else names[:1]
        libraries = {
            folder / library_name(name, room): (name, room)
            for name in dict.fromkeys(wanted)
            for room in rooms
        }
        missing = {
            path: which
            for path, which in libraries.items()
            if not path.is_file() and (everywhere or find(which[1]) is None)
        }
        if missing:
            _compile(missing)
            _forget(folder)
    if everywhere:
        return list(libraries)
    return [path for path in map(find, rooms) if path]


def _writable() -> Path:
    for folder in folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    message = phrase("rules.no_folder", folders=", ".join(map(str, folders())))
    raise CompilerError(message)


def _compile(libraries: Mapping[Path, tuple[str, str]]) -> None:
    available = compilers()
    if not available:
        raise NoCompilerError
    begun = time.perf_counter()
    text = translate(ENTRIES)

    def one(path: Path) -> None:
        target, room = libraries[path]
        compile_text(text, path, library_digest(), available[0], TARGETS.get(target), FLAGS[room])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, libraries))
    seconds = time.perf_counter() - begun
    tell(phrase("rules.compiled", seconds=seconds, compiler=available[0].name))


def build_all(folder: Path) -> list[Path]:
    """Cross-compile for every target with zig; what is there already is left as it is."""
    zig = next((each for each in compilers() if each.name == "zig"), None)
    if zig is None:
        message = phrase("rules.zig")
        raise CompilerError(message)
    text = translate(ENTRIES)

    def one(name: str, room: str, compiler: Compiler) -> Path:
        target = TARGETS[name]
        path = folder / library_name(name, room, target.ending)
        if not path.is_file():
            compile_text(text, path, library_digest(), compiler, target, FLAGS[room])
            tell(f"{path.name}: {path.stat().st_size:,} bytes")
        return path

    with locked(folder), ThreadPoolExecutor(os.cpu_count()) as pool:
        wanted = [pool.submit(one, name, room, zig) for name in TARGETS for room in ROOMS]
        return [each.result() for each in wanted]


def _forget(folder: Path) -> None:
    """Delete libraries of old rules, but for the latest few."""
    ages: dict[str, float] = {}
    files = list(folder.glob("rules-*-*"))
    for path in files:
        digest = path.name.split("-")[1]
        ages[digest] = max(ages.get(digest, 0.0), path.stat().st_mtime)
    old = sorted(ages, key=lambda digest: -ages[digest])[KEPT:]
    for path in files:
        if path.name.split("-")[1] in old:
            path.unlink(missing_ok=True)


def tell(text: str) -> None:
    """Say on standard error what takes the time."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def main(words: Sequence[str]) -> int:
    """Build what the command line asks for; return the exit code."""
    try:
        build([word for word in words if word in ROOMS] or ROOMS)
    except (CompilerError, RefusedError) as error:
        tell(str(error))
        return NO_COMPILER if isinstance(error, NoCompilerError) else 1
    return 0
