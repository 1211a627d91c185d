"""A library that checks every index and every undefined operation: nothing leaves its column."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.rules import compiled, entry
from xuchang_sim.model import machine
from xuchang_sim.model.memory import Floats1, Ints1

if TYPE_CHECKING:
    from pathlib import Path

UNDEFINED = ("-fsanitize=undefined,float-cast-overflow", "-fno-sanitize=signed-integer-overflow")


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


RUNS = """
import ctypes, sys
from xuchang_sim.model import chunk, library
paths = dict(zip(("usual", "any"), sys.argv[1:]))
lib = {room: ctypes.CDLL(path) for room, path in paths.items()}
library.load = lambda room: lib[room]
from dataclasses import replace
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.run import Variant, prepare, run, sizes_for
import hashlib
pack = load_pack()
variants = [Variant(load_scenario(name, pack)) for name in ("plan", "no_plan", "all_high")]
for check in (False, True):
    setup = prepare(pack, 6, 5, check=check)
    small = sizes_for(setup)._replace(zones=11, sectors=10)
    for room in (None, small):
        found = run(replace(setup, room=room), variants)
        print(hashlib.sha256(b"".join(f.city.tobytes() for f in found)).hexdigest())
"""


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_index_and_operation_of_runs_is_sound(tmp_path: Path) -> None:
    """With gcc or clang; the bits are those of the usual libraries."""
    from xuchang_sim.model.build.build import FLAGS
    from xuchang_sim.model.build.compile import compile_text, compilers
    from xuchang_sim.model.build.translate import translate
    from xuchang_sim.model.chunk import ENTRIES
    from xuchang_sim.model.digest import library_digest

    found = [each for each in compilers() if each.name in {"gcc", "cc", "clang"}]
    if not found:
        pytest.skip("undefined operations are checked with gcc or clang")
    text = translate(ENTRIES)
    paths = []
    for room in machine.ROOMS:
        path = tmp_path / f"{room}.so"
        flags = (*FLAGS[room], "-DCHECKED", *UNDEFINED, "-O1")
        compile_text(text, path, library_digest(), found[0], None, flags)
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-c", RUNS, *paths],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "runtime error" not in done.stderr, done.stderr[:3000]
    plain = subprocess.run(
        [sys.executable, "-c", RUNS.replace("library.load = lambda room: lib[room]", ""), *paths],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == plain.stdout
    assert len(set(np.array(done.stdout.split()))) == 1
