"""The compiled rules: find the library of these very rules, load it, call it with checked arguments.

A wheel carries libraries for every kind of machine (``compiled/``). In a checkout the library is
compiled when the rules have changed (``build``), in a process of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.model.digest import library_digest
from xuchang_sim.model.layout import numbers
from xuchang_sim.model.machine import ANY, FOLDER, NO_COMPILER, USUAL, find
from xuchang_sim.model.memory import Grid, Long, dtype_of, sizes_of
from xuchang_sim.model.world import Inputs, Sizes, World
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Whether rules run compiled; ``XUCHANG_SIM_UNCOMPILED=1`` runs them as plain Python.
COMPILED: bool = os.environ.get("XUCHANG_SIM_UNCOMPILED", "") in {"", "0"}
ITEMS = {"Floats": np.dtype(np.float64), "Ints": np.dtype(np.int64)}
RECORDS = {"Worlds": World, "Inputs": Inputs}
_lock = threading.Lock()


class RulesError(RuntimeError):
    """The rules could not be compiled or loaded; the message says how to mend it.

    ``no_compiler`` tells whether it is for want of a compiler.
    """

    no_compiler = False


def run(rule: Callable[..., None], arguments: Sequence[Any]) -> None:
    """Run an entry: its compiled form on the arrays, or, uncompiled, itself on views of them.

    Parameters
    ----------
    rule : callable
        A rule marked :func:`xuchang_sim.model.kernel.entry`.
    arguments : sequence
        Arrays and numbers, as the annotations of the rule declare them.

    Raises
    ------
    TypeError
        If an argument is not what is declared, to the layout of a record, or not contiguous:
        compiled rules would read and write elsewhere.
    ValueError
        If two arguments are the same records.
    """
    if COMPILED:
        call(rule, arguments, load)
    else:
        rule(*(_views(each) for each in arguments))


def call(
    rule: Callable[..., None],
    arguments: Sequence[Any],
    library: Callable[[str], ctypes.CDLL],
) -> None:
    """Call the compiled form of a rule in the library for a room of ``machine.ROOMS``."""
    takes = _takes(rule)
    if len(arguments) != len(takes):
        message = f"{rule.__name__} takes {len(takes)} arguments, got {len(arguments)}"
        raise TypeError(message)
    pairs = list(zip(arguments, takes, strict=True))
    worlds = next((a for a, (kind, _) in pairs if kind == "Worlds"), None)
    sizes = Sizes() if worlds is None else _sizes(worlds)
    words: list[int] = []
    records: set[int] = set()
    for argument, (kind, dimensions) in pairs:
        if not dimensions:
            words.append(_word(argument, kind))
            continue
        address, shape = _held(argument, kind, dimensions, sizes)
        if kind in RECORDS and address in records:
            message = f"{rule.__name__}: two arguments are the same records"
            raise ValueError(message)
        records |= {address} if kind in RECORDS else set()
        words += (address, *shape)
    usual = sizes == Sizes()
    function = getattr(library(USUAL if usual else ANY), f"xs_{rule.__name__}")
    function.restype = None
    given = (ctypes.c_int64 * len(words))(*words)
    function(None if usual else _numbers(sizes).ctypes.data_as(ctypes.c_void_p), given)


@cache
def _takes(rule: Callable[..., None]) -> tuple[tuple[str, int], ...]:
    """Return what an entry takes: kind of the items and dimensions, none of a number."""
    result = []
    for name, said in rule.__annotations__.items():
        fit = re.fullmatch(r"(Floats|Ints|Worlds|Inputs)([1-9])", str(said))
        if name != "return":
            result.append((fit[1], int(fit[2])) if fit else (str(said), 0))
    return tuple(result)


def _word(argument: Any, kind: str) -> int:
    if kind == "int" and isinstance(argument, int | np.integer):
        return int(argument)
    if kind == "float" and isinstance(argument, int | float):
        return int(np.float64(argument).view(np.int64))
    message = f"wanted {'a whole number' if kind == 'int' else 'a number'}, got {argument!r}"
    raise TypeError(message)


def _sizes(worlds: Any) -> Sizes:
    """Return the sizes of an array of worlds."""
    return worlds.sizes if isinstance(worlds, Long) else sizes_of(_array(worlds, 1).dtype)


def _held(argument: Any, kind: str, dimensions: int, sizes: Sizes) -> tuple[int, tuple[int, ...]]:
    """Return address and shape of records or numbers that are laid out as a rule takes them."""
    if isinstance(argument, Long):
        if (argument.table, argument.sizes, dimensions) != (RECORDS.get(kind), sizes, 1):
            message = f"wanted {kind}, got long records of {argument.table.__name__}"
            raise TypeError(message)
        return argument.words.ctypes.data, argument.shape
    array = _array(argument, dimensions)
    wanted = dtype_of(RECORDS[kind], sizes) if kind in RECORDS else ITEMS[kind]
    if array.dtype is not wanted and array.dtype != wanted:
        message = f"wanted items of {wanted.itemsize} bytes laid out as declared, got others"
        raise TypeError(message)
    return array.ctypes.data, array.shape


def _array(argument: Any, dimensions: int) -> np.ndarray[Any, Any]:
    if not isinstance(argument, np.ndarray):
        message = f"wanted an array, got {type(argument).__name__}"
        raise TypeError(message)
    if argument.ndim != dimensions or not argument.flags.c_contiguous:
        message = f"wanted a contiguous array of {dimensions} dimensions, got {argument.strides}"
        raise TypeError(message)
    return argument


@cache
def _numbers(sizes: Sizes) -> np.ndarray[Any, np.dtype[np.uint32]]:
    return np.array(list(numbers(sizes).values()), np.uint32)


_grids: dict[tuple[int, tuple[int, ...]], Grid] = {}


def _views(argument: Any) -> Any:
    """Return records as the uncompiled rules take them; the views of the latest are kept."""
    if isinstance(argument, Long):
        message = "uncompiled rules run on worlds of at most 2 GiB"
        raise TypeError(message)
    if not isinstance(argument, np.ndarray) or not argument.dtype.names:
        return argument
    key = argument.ctypes.data, argument.shape
    grid = _grids.pop(key, None)
    if grid is None or grid.dtype != argument.dtype:
        grid = Grid(argument)
    _grids[key] = grid  # its arrays stay alive: no other has their address
    while len(_grids) > 8:
        del _grids[next(iter(_grids))]
    return grid


@cache
def _loaded(room: str) -> ctypes.CDLL:
    library = _open(room)
    if library is None:
        _build(room)
        library = _open(room)
    if library is None:
        message = phrase("rules.lost")
        raise RulesError(message)
    return library


def _open(room: str) -> ctypes.CDLL | None:
    """Return the library of these rules, or None if there is none, or no longer."""
    path = find(room)
    if path is None:
        return None
    if path.parent != FOLDER and not _own(path):
        message = phrase("rules.foreign", path=path)
        raise RulesError(message)
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        if path.is_file():
            raise
        return None  # another process with other rules has cleared it away
    if about(library)["digest"] != library_digest():
        message = phrase("rules.path", path=path)
        raise RulesError(message)
    return library


def _own(path: Path) -> bool:
    """Whether a library in a cache is this user's, or root's, and nobody else may write it: it is code."""
    if os.name == "nt":
        return True
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError:
        return True  # gone since: loading says so
    known = {0, os.getuid()}
    return {file.st_uid, folder.st_uid} <= known and not file.st_mode & 0o002


def about(library: ctypes.CDLL) -> dict[str, Any]:
    """Return what a library says of itself: digest, compiler, flags."""
    library.xs_about.restype = ctypes.c_char_p
    entries: dict[str, Any] = json.loads(library.xs_about())
    return entries


def load(room: str) -> ctypes.CDLL:
    """Return the library for a room of ``machine.ROOMS``; compile it if there is none."""
    with _lock:
        return _loaded(room)


def prepare(sizes: Sizes) -> None:
    """Load the library for these sizes, so that no run waits for it later."""
    if COMPILED:
        load(USUAL if sizes == Sizes() else ANY)


def _build(room: str) -> None:
    """Compile in a process of its own: the translator is no part of a running program."""
    package = Path(__file__).parents[2]
    known = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join([str(package), *([known] if known else [])])
    command = [sys.executable, "-m", "xuchang_sim.model.build", room]
    done = subprocess.run(  # noqa: S603 - this very program
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = done.stderr.strip().splitlines()
    if done.returncode:
        error = RulesError(lines[-1] if lines else phrase("rules.failed"))
        error.no_compiler = done.returncode == NO_COMPILER
        raise error
    print(*lines, sep="\n", file=sys.stderr)  # noqa: T201 - what took the time
