"""Brought forward or added: what the same projects do in two runs of the same replicates.

Arrivals, heights and traits have addresses of their own, so that a project is the same in both runs:
every start and every yuan of a window has a class by what its project does in the other run. The
classes add up to the difference between the runs exactly.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from xuchang_sim.model.engine import threads
from xuchang_sim.model.world import DROPPED, FAI_BY_KIND, OPEN
from xuchang_sim.simulation.worlds import FailedWorldError, Worlds, columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.setup import Setup

Array = npt.NDArray[np.float64]

#: Class of a project in the difference between two runs, b less a, in a window.
CLASSES = (
    "carried",  # started before the window in both runs
    "same",  # starts in the window in both runs
    "forward",  # starts in b in the window, in a later
    "survivor",  # starts in b in the window; arrives in a, and is dropped there
    "waiting",  # the same, but in a it still waits at the end
    "drawn",  # starts in b in the window, never arrives in a
    "back",  # starts in a in the window, in b later
    "crowded_out",  # starts in a in the window, never in b
    "later",  # starts in neither run in the window
)
#: Years that both runs go on after the window, if the pack allows it.
AFTER = 2
FEW = 48  # pairs of runs


class Seen(NamedTuple):
    """Projects of one run by id: months of start (0 never), drops, money in the window.

    ``other`` is the window's investment that no project spends, 亿元.
    """

    started: dict[int, int]
    dropped: frozenset[int]
    spent: dict[int, float]
    other: float


class Class(TypedDict):
    """Projects or 亿元 of a class in both runs, means, and the difference b less a."""

    a: float
    b: float
    difference: float


class ForwardRecord(TypedDict):
    """Starts and money of a calendar year by class, means over pairs of runs."""

    year: int
    pairs: int
    starts: dict[str, Class]
    money: dict[str, Class]


@dataclass(frozen=True)
class Forward:
    """Starts and money of a window by class, means over pairs of runs.

    Attributes
    ----------
    year : int
        The window, a calendar year.
    through : int
        Last month of both runs (12 * year + month - 1): what starts later is not seen.
    starts, money : dict of str to tuple of float
        By class: in a, in b; projects and 亿元. Money of no project has the class ``other``.
    pairs : int
        Pairs of runs.
    """

    year: int
    through: int
    starts: Mapping[str, tuple[float, float]]
    money: Mapping[str, tuple[float, float]]
    pairs: int

    def record(self) -> ForwardRecord:
        """Return plain data in the shape of the command line's contract."""

        def rows(table: Mapping[str, tuple[float, float]]) -> dict[str, Class]:
            return {k: {"a": a, "b": b, "difference": b - a} for k, (a, b) in table.items()}

        return {
            "year": self.year,
            "pairs": self.pairs,
            "starts": rows(self.starts),
            "money": rows(self.money),
        }


def classify(name: int, a: Seen, b: Seen, window: range) -> str:
    """Return the class of a project by its id; see :data:`CLASSES`."""
    one, two = a.started.get(name, 0), b.started.get(name, 0)
    if two in window:
        if one in window:
            return "same"
        if one:
            return "forward"
        if name in a.started:
            return "survivor" if name in a.dropped else "waiting"
        return "drawn"
    if one in window:
        return "back" if two else "crowded_out"
    if 0 < one < window.start and 0 < two < window.start:
        return "carried"
    return "later"


def forward(setup: Setup, a: ResolvedScenario, b: ResolvedScenario, pairs: int = FEW) -> Forward:
    """Classify the starts and the money of the plan's year, b against a.

    Parameters
    ----------
    setup : Setup
        Pack, seed and draws; the horizon is two years after the plan's, or the pack's last month.
    a, b : ResolvedScenario
        Scenarios that differ in levers.
    pairs : int
        Replicates, the first ones.
    """
    pack = setup.pack
    year = pack.plan_year
    last = min(12 * (year + AFTER) + 11, pack.last_month)
    few = replace(setup, replicates=min(pairs, setup.replicates), through=last, extended=0)
    window = range(12 * year, 12 * year + 12)
    runs = [Worlds(few, scenario) for scenario in (a, b)]

    def one(number: int) -> tuple[Seen, Seen] | None:
        try:
            first, second = (watch(worlds, number, window) for worlds in runs)
        except FailedWorldError:
            return None
        return first, second

    with ThreadPoolExecutor(threads(), thread_name_prefix="worlds") as pool:
        result = [pair for pair in pool.map(one, range(few.replicates)) if pair is not None]
    starts = {name: np.zeros(2) for name in CLASSES if name not in {"carried", "later"}}
    money = {name: np.zeros(2) for name in (*CLASSES, "other")}
    for first, second in result:
        for name in first.started.keys() | second.started.keys():
            kind = classify(name, first, second, window)
            for side, seen in enumerate((first, second)):
                money[kind][side] += seen.spent.get(name, 0.0)
                if kind in starts:
                    starts[kind][side] += seen.started.get(name, 0) in window
        money["other"] += np.array([first.other, second.other])
    count = max(1, len(result))

    def means(table: Mapping[str, Array]) -> dict[str, tuple[float, float]]:
        return {name: (float(x[0]) / count, float(x[1]) / count) for name, x in table.items()}

    return Forward(year, last, means(starts), means(money), len(result))


def watch(worlds: Worlds, number: int, window: range) -> Seen:
    """Run a replicate to its end and keep what its projects did."""
    before: dict[int, float] = {}
    after: dict[int, float] = {}
    other = 0.0
    for view in worlds.months(number):
        if view.phase == OPEN and view.month in window:
            zone = view.world["zone"]["measures"]
            total = float(view.world["zone"]["fai"].sum())
            other += total - float(zone[FAI_BY_KIND : FAI_BY_KIND + 2].sum())
        if view.month in (window.start - 1, window.stop - 1):
            project = columns(view.world, "project")
            held = dict(zip(project["id"].tolist(), project["spent"].tolist(), strict=True))
            before, after = (held, after) if view.month < window.start else (before, held)
    project = columns(view.world, "project")
    ids = project["id"].tolist()
    return Seen(
        dict(zip(ids, project["started"].tolist(), strict=True)),
        frozenset(project["id"][project["state"] == DROPPED].tolist()),
        {name: spent - before.get(name, 0.0) for name, spent in after.items()},
        other,
    )
