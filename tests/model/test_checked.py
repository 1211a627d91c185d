"""A library that checks every index and every undefined operation: nothing leaves its column."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rules import compiled, entry
from xuchang_sim.model import machine
from xuchang_sim.model.memory import Floats1, Ints1

if TYPE_CHECKING:
    pass


@entry
def reach(x: Floats1, at: Ints1) -> None:
    x[at[0]] = 1.0


PROGRAM = """
import ctypes, sys
import numpy as np
from tests.model.test_checked import reach
from xuchang_sim.model import library
lib = ctypes.CDLL(sys.argv[1])
x = np.zeros(4)
library.call(reach.__wrapped__, (x, np.array([int(sys.argv[2])])), lambda room: lib)
print(x.tolist())
"""


@pytest.mark.parametrize("room", machine.ROOMS)
def test_an_index_outside_its_column_is_named_with_its_line(room: str) -> None:
    path = compiled(reach, room, "-DCHECKED")
    for index, sound in ((0, True), (3, True), (4, False), (-1, False)):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path), str(index)],
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == sound
        if not sound:
            assert re.search(rf"test_checked\.py:\d+: index {index} outside 0 to 3", done.stderr)
