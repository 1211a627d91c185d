"""Machine code of the kernels: kept whole or not at all, and run without Numba."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pytest

from xuchang_sim import simulate
from xuchang_sim.model.cache import JIT
from xuchang_sim.model.compiling import quicker
from xuchang_sim.model.native import Argument, Code, flattened, keep, kernel, read
from xuchang_sim.model.world import Inputs, Sizes, World, blank

if TYPE_CHECKING:
    from pathlib import Path

CODE = Code("_ZN4rule", bytes(range(256)) * 3)
PROGRAM = """
import json, sys
from xuchang_sim import simulate
found = simulate("plan", replicates=3, seed=11).outcomes["revenue"].tolist()
print(json.dumps([found, sorted({"numba", "scipy", "pandas"} & set(sys.modules))]))
"""


def test_a_warm_start_gives_the_same_bits_and_imports_no_compiler() -> None:
    here = simulate("plan", replicates=3, seed=11).outcomes["revenue"].tolist()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ, capture_output=True, text=True, check=True
    )
    there, imported = json.loads(done.stdout)
    assert there == here
    assert imported == []


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "kernel.code"
    keep(path, CODE)
    assert read(path) == CODE
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_code_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "kernel.code"
    keep(path, CODE)
    sound = path.read_bytes()
    head = sound.index(b"\n") + 1
    for place in (*range(head), head + 100, len(sound) - 1):
        flipped = bytearray(sound)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        assert read(path) is None
    for length in (0, 5, head, head + 7, len(sound) - 1):
        path.write_bytes(sound[:length])
        assert read(path) is None
    path.write_bytes(b"[1]\n" + sound[head:])
    assert read(path) is None
    assert read(tmp_path / "none.code") is None
    assert read(None) is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    keep(tmp_path / "no" / "folder" / "kernel.code", CODE)
    keep(None, CODE)
    assert list(tmp_path.iterdir()) == []


def test_arguments_as_the_kernels_take_them() -> None:
    array, value = np.zeros((2, 3)), np.dtype(np.float64)
    wanted = Argument(value, 2)
    assert flattened(array, wanted) == [0, 0, 6, 8, array.ctypes.data, 2, 3, 24, 8]
    assert flattened((4, 5), Argument(None, 2)) == [4, 5]
    assert flattened((), Argument(None, 0)) == []
    assert flattened(7, Argument(np.dtype(np.int64), 0)) == [7]
    wrong = (array[:, :2], array[0], array.astype(np.float32), array.astype(np.int64), None, 3)
    for argument in wrong:
        with pytest.raises(TypeError, match="wanted"):
            flattened(argument, wanted)
    for argument, number in ((4, 1), ((4,), 2), ((4.0,), 1)):
        with pytest.raises(TypeError, match="whole numbers"):
            flattened(argument, Argument(None, number))


def test_records_of_another_layout_are_refused_before_they_are_read() -> None:
    room = Sizes()
    other = np.zeros(1, longer(blank(Inputs, room).dtype))
    out = np.zeros((1, 5))
    solve = kernel("expectations", room)
    with pytest.raises(TypeError, match="laid out"):
        solve(blank(World, room), other, out)
    with pytest.raises(ValueError, match="zip"):
        solve(blank(World, room), blank(Inputs, room))
    assert not out.any()


def longer(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the same columns, one item longer: a layout of another version, say."""
    fields = [(name, dtype[name]) for name in dtype.names or ()]
    return np.dtype([*fields, ("later", np.int64)])


@pytest.mark.skipif(not JIT, reason="compiled only")
def test_what_others_compile_meanwhile_is_whole() -> None:
    """Rules get no machine code of their own; a function of another thread must not miss its."""
    compiler: Any = numba.njit
    found: list[int] = []
    with quicker():
        other = threading.Thread(target=lambda: found.append(compiler(lambda x: x + 1)(2)))
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join()
    assert found == [3]
