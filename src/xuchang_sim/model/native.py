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

if TYPE_CHECKING:
    from collections.abc import Callable

    from xuchang_sim.model.world import Sizes

#: What an object may ask of its surroundings: the C library, as far as its results are exact.
EXTERNALS = frozenset(["memcpy", "memmove", "memset", "sqrt"])

_loaded: dict[tuple[str, Sizes, bool], Callable[..., None]] = {}
_engines: list[Any] = []  # machine code lives as long as its engine
_lock = threading.Lock()


class Code(NamedTuple):
    """A kernel as machine code: the name of its function in an object file."""

    symbol: str
    content: bytes


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
                    _loaded[other, sizes, checked] = load(made)
            else:
                _loaded[key] = load(code)
        return _loaded[key]


def kept_at(name: str, sizes: Sizes, *, checked: bool) -> Path | None:
    """Return the file in which a kernel is kept, or None where nothing can be written."""
    room = "-".join(str(n) for n in (*sizes, int(checked)))
    return CACHE / f"{name}-{room}.code" if CACHE else None


def read(path: Path | None) -> Code | None:
    """Return what a file keeps, or None if there is no such file or it is not what was written."""
    if path is None:
        return None
    try:
        head, _, content = path.read_bytes().partition(b"\n")
        said = json.loads(head)
    except (OSError, ValueError):
        return None
    if not isinstance(said, dict) or said.get("sha256") != hashlib.sha256(content).hexdigest():
        return None
    return Code(str(said["symbol"]), content)


def keep(path: Path | None, code: Code) -> None:
    """Write a kernel, whole or not at all; where that fails the next process compiles again."""
    if path is None:
        return
    head = {"symbol": code.symbol, "sha256": hashlib.sha256(code.content).hexdigest()}
    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(head).encode() + b"\n" + code.content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def load(code: Code) -> Callable[..., None]:
    """Link machine code into this process and return it as a function of arrays and integers."""
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
        words = [word for argument in arguments for word in flattened(argument)]
        types = [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_ssize_t] * len(words)]
        function = ctypes.CFUNCTYPE(ctypes.c_int32, *types)(address)
        nothing, raised = ctypes.c_void_p(), ctypes.c_void_p()
        status = function(ctypes.addressof(nothing), ctypes.addressof(raised), *words)
        if status != 0:
            message = f"a rule ended with status {status} in {code.symbol}"
            raise RuntimeError(message)

    return call


def flattened(argument: Any) -> list[int]:
    """Return an argument as Numba's functions take it.

    An array is its owner and parent (none), number and size of items, address, lengths, strides;
    a tuple its members; a whole number itself.

    Raises
    ------
    TypeError
        If the argument is of another type, or an array is not contiguous.
    """
    if isinstance(argument, np.ndarray):
        if not argument.flags.c_contiguous:
            message = "kernels take contiguous arrays"
            raise TypeError(message)
        head = [0, 0, argument.size, argument.itemsize, argument.ctypes.data]
        return [*head, *argument.shape, *argument.strides]
    if isinstance(argument, tuple):
        return [word for member in argument for word in flattened(member)]
    if isinstance(argument, int):
        return [argument]
    message = f"kernels take arrays, tuples and whole numbers, not {type(argument).__name__}"
    raise TypeError(message)
