"""Call the outermost kernels as machine code, without importing Numba where it is kept already.

Importing Numba and asking its cache takes half of the time from start to first result; the machine
code itself loads in a few milliseconds. A kernel is kept as one checked file in the cache of the
rules: a line that says its symbol and checksum, then the object as LLVM made it.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import tempfile
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np

from xuchang_sim.model.cache import CACHE, JIT
from xuchang_sim.model.world import Inputs, Sizes, World, dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable


#: What an object may ask of its surroundings: the C library, as far as its results are exact.
EXTERNALS = frozenset(["memcpy", "memmove", "memset", "sqrt"])

_loaded: dict[tuple[str, Sizes, bool], Callable[..., None]] = {}
_engines: list[Any] = []  # machine code lives as long as its engine
_lock = threading.Lock()


class Argument(NamedTuple):
    """What a kernel takes at one place: an array of so many dimensions (nought: a whole number).

    Without a type it is a tuple of so many whole numbers.
    """

    dtype: np.dtype[Any] | None
    number: int


class Code(NamedTuple):
    """A kernel as machine code: the name of its function in an object file."""

    symbol: str
    content: bytes


def signature(name: str, sizes: Sizes, *, checked: bool = False) -> tuple[Argument, ...]:
    """Return what a kernel takes: the one declaration for those who compile and who call it."""
    number, value = np.dtype(np.int64), np.dtype(np.float64)
    world, inputs = dtype_of(World, sizes), dtype_of(Inputs, sizes)
    takes = {
        "run_chunk": (
            *(Argument(world, 1), Argument(world, 1), Argument(inputs, 2)),
            *(Argument(number, 0), Argument(number, 0)),
            *(Argument(value, 4), Argument(value, 5), Argument(number, 1)),
            *(Argument(value, n) for n in (5, 5, 3, 2)),
            *(Argument(number, 3), Argument(None, int(checked))),
        ),
        "expectations": (Argument(world, 1), Argument(inputs, 1), Argument(value, 2)),
    }
    return takes[name]


def kernel(name: str, sizes: Sizes, *, checked: bool = False) -> Callable[..., None]:
    """Return a kernel for a size of world; compile it, and all rules, if it is not kept.

    Parameters
    ----------
    name : str
        A function of ``chunk`` marked outermost.
    sizes : Sizes
        Lengths of the columns: each has its own machine code.
    checked : bool
        Whether the identities run every month.
    """
    if not JIT:
        found: Callable[..., None] = getattr(import_module("xuchang_sim.model.chunk"), name)
        return found
    key = name, sizes, checked
    with _lock:
        if key not in _loaded:
            code = read(kept_at(name, sizes, checked=checked))
            if code is None:
                compiling: Any = import_module("xuchang_sim.model.compiling")
                for other, made in compiling.kernels(sizes, checked=checked).items():
                    keep(kept_at(other, sizes, checked=checked), made)
                    takes = signature(other, sizes, checked=checked)
                    _loaded[other, sizes, checked] = load(made, takes)
            else:
                _loaded[key] = load(code, signature(name, sizes, checked=checked))
        return _loaded[key]


def kept_at(name: str, sizes: Sizes, *, checked: bool) -> Path | None:
    """Return the file in which a kernel is kept, or None where nothing can be written."""
    room = "-".join(str(n) for n in (*sizes, int(checked)))
    return CACHE / f"{name}-{room}.code" if CACHE else None


def checksum(code: Code) -> str:
    """Return the sum of symbol and object: a wrong symbol would be called at no address."""
    return hashlib.sha256(code.symbol.encode() + b"\0" + code.content).hexdigest()


def read(path: Path | None) -> Code | None:
    """Return what a file keeps, or None if there is no such file or it is not what was written."""
    if path is None:
        return None
    try:
        head, _, content = path.read_bytes().partition(b"\n")
        said = json.loads(head)
    except (OSError, ValueError):
        return None
    if not isinstance(said, dict):
        return None
    code = Code(str(said.get("symbol")), content)
    return code if said.get("sha256") == checksum(code) else None


def keep(path: Path | None, code: Code) -> None:
    """Write a kernel, whole or not at all; where that fails the next process compiles again."""
    if path is None:
        return
    head = {"symbol": code.symbol, "sha256": checksum(code)}
    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(head).encode() + b"\n" + code.content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def load(code: Code, takes: tuple[Argument, ...]) -> Callable[..., None]:
    """Link machine code into this process and return it as a function that checks what it gets."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        codemodel="jitdefault", jit=True
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.content))
    engine.finalize_object()
    _engines.append(engine)
    address = engine.get_function_address(code.symbol)

    def call(*arguments: Any) -> None:
        pairs = zip(arguments, takes, strict=True)
        words = [word for argument, wanted in pairs for word in flattened(argument, wanted)]
        types = [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_ssize_t] * len(words)]
        function = ctypes.CFUNCTYPE(ctypes.c_int32, *types)(address)
        nothing, raised = ctypes.c_void_p(), ctypes.c_void_p()
        status = function(ctypes.addressof(nothing), ctypes.addressof(raised), *words)
        if status != 0:
            message = f"a rule ended with status {status} in {code.symbol}"
            raise RuntimeError(message)

    return call


def flattened(argument: Any, wanted: Argument) -> list[int]:
    """Return an argument as Numba's functions take it.

    An array is its owner and parent (none), number and size of items, address, lengths, strides;
    a tuple its members; a whole number itself.

    Raises
    ------
    TypeError
        If the argument is not what is wanted, to the layout of a record, or is not contiguous:
        machine code would read and write elsewhere.
    """
    dtype, number = wanted
    if dtype is None or number == 0:
        members = argument if dtype is None else (argument,)
        if isinstance(members, tuple) and all(isinstance(member, int) for member in members):
            if len(members) == (number if dtype is None else 1):
                return list(members)
        message = f"wanted whole numbers, got {argument!r}"
        raise TypeError(message)
    if not isinstance(argument, np.ndarray):
        message = f"wanted an array, got {type(argument).__name__}"
        raise TypeError(message)
    if argument.ndim != number or not argument.flags.c_contiguous:
        message = f"wanted a contiguous array of {number} dimensions, got {argument.strides}"
        raise TypeError(message)
    if argument.dtype is not dtype and argument.dtype != dtype:
        message = f"wanted items of {dtype.itemsize} bytes laid out as declared, got others"
        raise TypeError(message)
    head = [0, 0, argument.size, argument.itemsize, argument.ctypes.data]
    return [*head, *argument.shape, *argument.strides]
