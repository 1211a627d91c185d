"""Columns of records: the lean machine code does what Numba's own does, and rules stay within it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numba
import numpy as np
import pytest

from xuchang_sim.model.cache import JIT
from xuchang_sim.model.kernel import INNER

TABLE = np.dtype(
    [
        ("count", "i8"),
        ("x", "f8", (5,)),
        ("n", "i8", (5,)),
        ("small", "i4", (4,)),
        ("grid", "f8", (3, 4)),
    ]
)
WATCHED = """
import builtins
from xuchang_sim import simulate
from xuchang_sim.model import world

seen = 0

class Watched:
    __slots__ = ("column", "shape")

    def __init__(self, column):
        self.column = builtins.memoryview(column)
        self.shape = self.column.shape

    def __getitem__(self, index):
        watch(index)
        return self.column[index]

    def __setitem__(self, index, value):
        watch(index)
        self.column[index] = value

    def __len__(self):
        return len(self.column)

def watch(index):
    global seen
    seen += 1
    least = min(index) if isinstance(index, tuple) else index
    assert least >= 0, index

world.memoryview = Watched
for scenario in ("plan", "all_low"):
    simulate(scenario, replicates=1, seed=5, check=True)
print(seen)
"""


def test_no_rule_counts_an_index_from_the_end() -> None:
    """Compiled, a negative index would reach into the column before."""
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 1_000_000


def _work(record: Any) -> float:
    total = 0.0
    for i in range(record.count):
        record.x[i] = record.x[i] * 2.0 + record.n[i]
        record.n[i] += 3
        total += record.x[i] * record.small[i % 4]
        for j in range(record.grid.shape[0]):
            record.grid[j, i % 4] += record.x[i] + j
            total -= record.grid[j, i % 4]
    return total


@pytest.mark.skipif(not JIT, reason="compiled only")
def test_a_rule_reads_and_writes_what_numba_would() -> None:
    made = np.random.default_rng(3)
    before = np.zeros(1, TABLE)
    before["count"] = 5
    for name in ("x", "grid"):
        before[name] = made.normal(size=before[name].shape)
    for name in ("n", "small"):
        before[name] = made.integers(-9, 9, size=before[name].shape)
    compiler: Any = numba.njit
    rule, plain = compiler(**INNER)(_work), compiler(_work)

    @numba.njit
    def by_rule(records: Any) -> Any:
        return rule(records[0])

    @numba.njit
    def by_numba(records: Any) -> Any:
        return plain(records[0])

    here, there = before.copy(), before.copy()
    assert by_rule(here) == by_numba(there)
    assert here.tobytes() == there.tobytes() != before.tobytes()


@pytest.mark.skipif(not JIT, reason="compiled only")
def test_functions_that_are_no_rules_are_compiled_as_ever() -> None:
    @numba.njit
    def last(records: Any) -> tuple[float, float]:
        return records[0].x[-1], records[0].grid[-1, -2]

    record = np.zeros(1, TABLE)
    record["x"][0, 4] = 7.0
    record["grid"][0, 2, 2] = 8.0
    assert last(record) == (7.0, 8.0)
