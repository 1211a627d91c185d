"""Kept files: arrays in one container, of which nothing is believed before its hash was checked.

A container is a line of name and version, a line with the SHA-256 of all that follows, a line of JSON
that says names, types and shapes, and the bytes of the arrays. Sizes come from the file's own length and
are compared with what the line says before any array is made; nothing is unpickled or unpacked, so that
a file never takes more memory than it has bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xuchang_sim.files import write
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Arrays = dict[str, np.ndarray]

MAGIC: Final = b"xuchang-sim kept 1\n"
KINDS: Final = frozenset("fiubU")  # numbers, truth values, texts of a fixed length
MOST_BYTES: Final = 2**28
MOST_HEAD: Final = 2**16
MOST_AXES: Final = 16


class DamagedError(ValueError):
    """A kept file is not what was written: shortened, altered, or something else."""


def pack(arrays: Mapping[str, np.ndarray], note: str = "") -> bytes:
    """Return a container with arrays and a note; the same contents give the same bytes.

    Raises
    ------
    ValueError
        If an array is of no plain type.

    Examples
    --------
    >>> arrays, note = unpack(pack({"x": np.arange(3.0)}, "key"))
    >>> arrays["x"].tolist(), note
    ([0.0, 1.0, 2.0], 'key')
    """
    rows, parts = [], []
    for name, array in arrays.items():
        values = np.ascontiguousarray(array).reshape(np.shape(array))
        values = values.astype(values.dtype.newbyteorder("<"), copy=False)
        if values.dtype.kind not in KINDS:
            message = phrase("kept.type", name=name, dtype=values.dtype)
            raise ValueError(message)
        rows.append([name, values.dtype.str, list(values.shape)])
        parts.append(values.tobytes())
    head = json.dumps({"note": note, "arrays": rows}, ensure_ascii=True).encode() + b"\n"
    body = b"".join([head, *parts])
    return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unpack(data: bytes) -> tuple[Arrays, str]:
    """Return the arrays of a container and its note.

    Raises
    ------
    DamagedError
        If the hash does not fit the contents, or these are not what the format allows.
    """
    start = len(MAGIC) + 65
    body = data[start:]
    said = data[len(MAGIC) : start]
    if not data.startswith(MAGIC) or hashlib.sha256(body).hexdigest().encode() + b"\n" != said:
        message = phrase("kept.hash")
        raise DamagedError(message)
    line, newline, rest = body.partition(b"\n")
    try:
        if not newline or len(line) > MOST_HEAD:
            message = phrase("kept.head")
            raise ValueError(message)  # noqa: TRY301 - said below like the rest
        head = json.loads(line)
        result = _arrays(head["arrays"], rest)
        return result, str(head["note"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        message = phrase("kept.version", error=error)
        raise DamagedError(message) from None


def _arrays(rows: list[Any], data: bytes) -> Arrays:
    """Arrays of a body whose head has been read: their sizes must add up to its length."""
    arrays: Arrays = {}
    offset = 0
    for name, kind, shape in rows:
        dtype = np.dtype(str(kind))
        plain = isinstance(name, str) and name not in arrays and isinstance(shape, list)
        plain &= len(shape) <= MOST_AXES and all(type(n) is int and n >= 0 for n in shape)
        if dtype.kind not in KINDS or not plain:
            message = f"{name!r}: {kind!r}, {shape!r}"
            raise ValueError(message)
        count = math.prod(shape)
        if offset + count * dtype.itemsize > len(data):
            message = phrase("kept.short", name=name)
            raise ValueError(message)
        values = np.frombuffer(data, dtype, count, offset) if count else np.zeros(0, dtype)
        arrays[name] = values.reshape(shape).copy()
        offset += count * dtype.itemsize
    if offset != len(data):
        message = phrase("kept.long", data=len(data) - offset)
        raise ValueError(message)
    return arrays


def read(path: Path) -> tuple[Arrays, str]:
    """Read a kept file.

    Raises
    ------
    OSError
        If it is not there or may not be read.
    DamagedError
        If it is not what was written.
    """
    if path.stat().st_size > MOST_BYTES:
        message = phrase("kept.big", most_bytes=MOST_BYTES >> 20)
        raise DamagedError(message)
    return unpack(path.read_bytes())


def keep(
    path: Path, arrays: Mapping[str, np.ndarray], note: str = "", *, sync: bool = True
) -> None:
    """Write a kept file, whole or not at all.

    Raises
    ------
    InputError
        If the system refuses.
    """
    write(path, pack(arrays, note), sync=sync)
