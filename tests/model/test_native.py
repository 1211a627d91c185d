"""Machine code of the kernels: kept whole or not at all, and run without Numba."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from xuchang_sim import simulate
from xuchang_sim.model.native import Code, flattened, keep, read

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
    for place in (0, head, head + 100, len(sound) - 1):
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
    array = np.zeros((2, 3))
    place = array.ctypes.data
    assert flattened(array) == [0, 0, 6, 8, place, 2, 3, 24, 8]
    assert flattened((4, (5,))) == [4, 5]
    assert flattened(()) == []
    with pytest.raises(TypeError, match="contiguous"):
        flattened(array[:, :2])
    with pytest.raises(TypeError, match="not str"):
        flattened("text")
