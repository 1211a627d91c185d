"""Memory: what is no longer used is given back at once, without the garbage collector."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from xuchang_sim import assess, compare, simulate
from xuchang_sim.pack.load import load_pack

PACK = load_pack()


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(
    "run",
    [
        lambda: simulate("plan", replicates=4, pack=PACK),
        lambda: assess("plan", replicates=4, pack=PACK).results,
        lambda: compare("plan", "no_plan", replicates=4, pack=PACK),
    ],
    ids=["simulate", "assess", "compare"],
)
def test_results_are_in_no_reference_cycle(run: Callable[[], Any]) -> None:
    results = run()
    alive = weakref.ref(results)
    del results
    assert alive() is None


FIFTY = """
import resource
from xuchang_sim import simulate
for seed in range(50):
    simulate("plan", replicates=1000, seed=seed)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts kilobytes as Linux does")
@pytest.mark.long
def test_fifty_runs_take_the_memory_of_one() -> None:
    """Peak memory of a program that runs 50 times 1,000 replicates: 300 MB."""
    done = subprocess.run(
        [sys.executable, "-c", FIFTY], capture_output=True, text=True, timeout=3000, check=True
    )
    assert int(done.stdout) / 1024 < 300.0
