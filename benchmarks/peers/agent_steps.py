"""Agent-steps per second: the engine on one thread against the plain Mesa form.

An agent-step is one month of one zone, living firm or live project. Both sides run the same
replicates, from the first month of the pipeline (rejected attempts included) to the horizon, or
the open months alone. Everything solved by formula before the first month is in the engine's time,
not in that of the Mesa form.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.city import City, Given, given
from benchmarks.peers.draws import Draws, PlainDraws
from benchmarks.peers.equivalence import Agreement, compare
from benchmarks.peers.timing import Replicates, Row, cpu_seconds, row
from tests.rules import entry
from xuchang_sim.model.chunk import begin_world, tick
from xuchang_sim.model.memory import blank
from xuchang_sim.model.schedule import month
from xuchang_sim.model.world import OPEN, World

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
        self._rules = self.memory, self.inputs
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


def run_mesa(before: Given, draws: type[Draws], until: int) -> tuple[float, float, int, int]:
    """Run a replicate: processor seconds in all and of the open months, agent-steps likewise."""
    gc.collect()
    begun = time.thread_time()
    city = City(before, draws)
    while city.phase != OPEN:
        city.step()
    middle, warm = time.thread_time(), city.steps_of_agents
    while city.t < until:
        city.step()
    ended = time.thread_time()
    # A model of Mesa 3.3 is never collected: its class keeps it. Its agents need not stay.
    city.remove_all_agents()
    return ended - begun, ended - middle, city.steps_of_agents, city.steps_of_agents - warm


def mesa_rows(replicates: Replicates) -> list[Row]:
    """Time both forms on each replicate in turn, the engine before and after; :func:`check` first.

    The Mesa form is timed twice: with every draw made by itself in plain Python, like all else in it,
    and with draws made by the month in numpy, as far as its agents need them together.
    """
    count, until = replicates.count, replicates.through
    known = [given(replicates.inputs(n), replicates.sizes) for n in range(count)]
    opened = [Opened(replicates, n) for n in range(count)]
    forms = {"plain Mesa form": PlainDraws, "the same, draws in numpy": Draws}
    fast: list[float] = []
    fast_open: list[float] = []
    rates: dict[tuple[str, bool], list[float]] = {(f, o): [] for f in forms for o in (False, True)}
    ratios: dict[tuple[str, bool], list[float]] = {key: [] for key in rates}
    in_all = sum(run_mesa(before, Draws, until)[2] for before in known)  # warms up, too
    replicates.run_engine()
    for number, before in enumerate(known):
        for form, draws in forms.items():
            engine = [replicates.run_engine()]
            engine_open = [opened[number].seconds() for _ in range(5)]
            seconds, seconds_open, steps, steps_open = run_mesa(before, draws, until)
            engine.append(replicates.run_engine())
            engine_open += [opened[number].seconds() for _ in range(5)]
            fast.append(2.0 * in_all / sum(engine))
            fast_open.append(steps_open / statistics.median(engine_open))
            rates[form, False].append(steps / seconds)
            rates[form, True].append(steps_open / seconds_open)
            ratios[form, False].append(fast[-1] / rates[form, False][-1])
            ratios[form, True].append(fast_open[-1] / rates[form, True][-1])
    rows = []
    for only_open, values in ((False, fast), (True, fast_open)):
        months = "open months" if only_open else "warm-up and open months"
        rows.append(row(f"engine, one thread, {months}", UNIT, values))
        rows += [
            row(f"{form}, {months}", UNIT, rates[form, only_open], ratios[form, only_open])
            for form in forms
        ]
    return rows
