"""Rows of the table: medians with extremes, ratios taken within one interleaved run."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xuchang_sim import load_pack, load_scenario
from xuchang_sim.model import engine
from xuchang_sim.model.chunk import run_chunk
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import Batch
from xuchang_sim.simulation.setup import Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xuchang_sim.model.world import Sizes

Records = np.ndarray[tuple[int, ...], np.dtype[np.void]]


class Row(NamedTuple):
    """One line of the table.

    ``ratio`` is what the engine does in the time of the peer (above 1: the engine is faster); a
    row without a peer, or of another model, has none.
    """

    name: str
    unit: str
    median: float
    low: float
    high: float
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None


def row(
    name: str, unit: str, values: Sequence[float], ratios: Sequence[float] | None = None
) -> Row:
    """Return a row of values, and of ratios of pairs measured next to each other."""
    three = statistics.median(values), min(values), max(values)
    if ratios is None:
        return Row(name, unit, *three)
    return Row(name, unit, *three, statistics.median(ratios), min(ratios), max(ratios))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor seconds of a piece of work in this one thread: others on the machine count less."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def yardstick() -> float:
    """Processor seconds of a fixed piece of numpy work and of a fixed piece of plain Python."""
    values = np.linspace(0.0, 1.0, 500_000)

    def work() -> float:
        total = sum(float(np.exp(values).sum()) for _ in range(8))
        for k in range(500_000):
            total += k & 7
        return total

    return cpu_seconds(work)


class Replicates:
    """The default scenario's first replicates: what each is given, and the engine on all of them."""

    def __init__(self, count: int, seed: int = 2012) -> None:
        pack = load_pack()
        scenario = load_scenario("plan", pack)
        setup = prepare(pack, count, seed)
        self.count = count
        self.through = setup.through
        self.opening = setup.opening
        self._group = Batch(setup, [Variant(scenario)], scenario.parameters, full=False)
        self.sizes: Sizes = self._group.sizes
        self._given = self._group.inputs(0, count)
        self._block = self._group.block(1, count)

    def inputs(self, number: int) -> Records:
        """Return what one replicate is given, shape (1,)."""
        found: Records = self._group.inputs(number, 1)[0]
        return found

    def run_engine(self) -> float:
        """Run the engine in one thread on all replicates, warm-up to horizon; processor seconds.

        As for its peers, what the replicates are given and the room for results stand ready.
        """
        runs, block = self._group, self._block
        memory, saved = engine._memory(self.sizes)
        given = self._given
        return cpu_seconds(lambda: run_chunk(memory, saved, given, runs.branch, runs.until, *block))


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text."""
    lines = [f"{'':52s} {'median':>10s} {'low':>9s} {'high':>9s}  {'engine/peer':>11s}"]
    for one in rows:
        line = f"{one.name:52s} {one.median:10.4g} {one.low:9.4g} {one.high:9.4g}"
        if one.ratio is not None:
            line += f"  {one.ratio:11.3g} ({one.ratio_low:.3g} to {one.ratio_high:.3g})"
        lines.append(f"{line}  {one.unit}")
    return "\n".join(lines)
