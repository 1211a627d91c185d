"""Agent-steps per second: the engine on one thread against the plain Mesa form.

An agent-step is one month of one zone, living firm or live project. Both sides run the same
replicates, from the first month of the pipeline (rejected attempts included) to the horizon, or
the open months alone. What is solved by formula before the first month is in the engine's time,
not in that of the Mesa form.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.city import City, given
from benchmarks.peers.equivalence import Agreement, compare
from benchmarks.peers.timing import Replicates, Row, cpu_seconds, row
from xuchang_sim.model.engine import as_rules, begin_world, tick
from xuchang_sim.model.kernel import entry
from xuchang_sim.model.schedule import month
from xuchang_sim.model.world import OPEN, World, blank

if TYPE_CHECKING:
    from collections.abc import Sequence

UNIT = "agent-steps/s"


@entry
def months(memory: Any, inputs: Any, until: int) -> None:
    """Run open months of one world until a month, as the engine does."""
    w = memory[0]
    p = inputs[0]
    while w.city.t < until:
        month(w, p)


class Opened:
    """A replicate's world at the opening of its ledgers."""

    def __init__(self, replicates: Replicates, number: int) -> None:
        self.until = replicates.through
        self.inputs = replicates.inputs(number)
        self.memory = blank(World, replicates.sizes)
        self._rules = as_rules(self.memory), as_rules(self.inputs)
        begin_world(*self._rules)
        while self.memory[0]["city"]["phase"] != OPEN:
            tick(*self._rules)
        self._kept = self.memory.copy()

    def seconds(self) -> float:
        """Processor seconds of the open months."""
        np.copyto(self.memory, self._kept)
        return cpu_seconds(lambda: months(*self._rules, self.until))


def check(replicates: Replicates, numbers: Sequence[int]) -> list[Agreement]:
    """Compare engine and Mesa form on every month of some replicates; raise if they differ."""
    found = []
    for number in numbers:
        agreement = compare(replicates.inputs(number), replicates.sizes, replicates.through)
        if agreement.different:
            message = f"replicate {number} differs: {'; '.join(agreement.different[:5])}"
            raise AssertionError(message)
        found.append(agreement)
    return found


def mesa_rows(replicates: Replicates) -> list[Row]:
    """Time both forms on each replicate in turn; :func:`check` comes first."""
    known = [given(replicates.inputs(n), replicates.sizes) for n in range(replicates.count)]
    opened = [Opened(replicates, n) for n in range(replicates.count)]
    replicates.run_engine()
    whole: list[tuple[float, float]] = []  # seconds of the Mesa form and of the engine
    later: list[tuple[float, float]] = []
    steps: list[tuple[int, int]] = []
    for number, before in enumerate(known):
        gc.collect()
        fast = [replicates.run_engine()]
        fast_later = [opened[number].seconds() for _ in range(5)]
        begun = time.thread_time()
        city = City(before)
        while city.phase != OPEN:
            city.step()
        middle, warm = time.thread_time(), city.steps_of_agents
        while city.t < replicates.through:
            city.step()
        ended = time.thread_time()
        fast.append(replicates.run_engine())
        fast_later += [opened[number].seconds() for _ in range(5)]
        whole.append((ended - begun, sum(fast) / 2.0))
        later.append((ended - middle, sorted(fast_later)[4]))
        steps.append((city.steps_of_agents, city.steps_of_agents - warm))
        city.remove_all_agents()
    total = sum(all_months for all_months, _ in steps)
    slow_all = [n / slow for (n, _), (slow, _) in zip(steps, whole, strict=True)]
    fast_all = [total / fast for _, fast in whole]
    slow_open = [n / slow for (_, n), (slow, _) in zip(steps, later, strict=True)]
    fast_open = [n / fast for (_, n), (_, fast) in zip(steps, later, strict=True)]
    return [
        row("engine, one thread, warm-up and open months", UNIT, fast_all),
        row(
            "plain Mesa form, the same months",
            UNIT,
            slow_all,
            [a / b for a, b in zip(fast_all, slow_all, strict=True)],
        ),
        row("engine, one thread, open months", UNIT, fast_open),
        row(
            "plain Mesa form, open months",
            UNIT,
            slow_open,
            [a / b for a, b in zip(fast_open, slow_open, strict=True)],
        ),
    ]
