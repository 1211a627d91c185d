"""The plain Mesa form against the engine, month by month: every recorded column of every zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.peers.city import City, given
from xuchang_sim.model.chunk import begin_world, tick
from xuchang_sim.model.memory import blank
from xuchang_sim.model.world import FIRMS, MEASURES, OPEN, Sizes, World

if TYPE_CHECKING:
    import numpy.typing as npt

    Records = npt.NDArray[np.void]

RELATIVE = 1e-9
#: Below this a number is what rounding left of a difference of larger ones.
FLOOR = 1e-10
SMALL = 1e-4  # 亿元, 亩, persons ...: numbers that mean something
NAMES = tuple(MEASURES)
#: Numbers of the city that conditioning leaves to the open months.
SCALARS = ("firm_scale", "labour_scale", "intermediate", "lump_base", "draws_base")


class Agreement(NamedTuple):
    """How far the two forms agree."""

    months: int  # compared, warm-up and rejected attempts included
    open_months: int
    numbers: int  # compared
    greatest: float  # relative difference of any number above SMALL
    different: list[str]  # what differs by more than RELATIVE, first month in which any does


def compare(inputs: Records, sizes: Sizes, through: int) -> Agreement:
    """Run engine and Mesa form through month ``through`` and compare after each month.

    Parameters
    ----------
    inputs : ndarray of Inputs, shape (1,)
        One replicate.
    sizes : Sizes
        Room of the engine's world.
    through : int
        Last month, 12 * year + month - 1.

    Returns
    -------
    Agreement
        Counts and the greatest relative difference; comparison ends at the first that is too large.
    """
    memory = blank(World, sizes)
    rules = memory, inputs
    begin_world(*rules)
    city = City(given(inputs, sizes))
    engine, zones = memory[0]["city"], len(city.zone_list)
    months = open_months = numbers = 0
    greatest = 0.0
    while not (city.phase == OPEN and city.t >= through):
        phase = city.phase
        tick(*rules)
        city.step()
        when = f"{city.year}-{city.month + 1:02d}"
        clock = {"t": city.t, "phase": city.phase, "attempt": city.draws.attempt, "code": 0}
        wrong = [f"{name} in {when}" for name, value in clock.items() if engine[name] != value]
        if phase == FIRMS and city.phase == OPEN:
            # The engine now shows December as the base year's record has it: compare the scalars.
            labels: Any = [(name, 0) for name in SCALARS]
            theirs = np.array([getattr(city, name) for name in SCALARS])
            ours = np.array([float(engine[name]) for name in SCALARS])
        else:
            labels = [(name, z) for name in NAMES for z in range(zones)]
            theirs = np.array([[getattr(z, n) for z in city.zone_list] for n in NAMES]).ravel()
            ours = memory[0]["zone"]["measures"][:, :zones].ravel()
        size = np.maximum(np.abs(ours), np.abs(theirs))
        apart = np.abs(ours - theirs)
        bad = ~(apart <= RELATIVE * size + FLOOR)
        wrong += [
            f"{labels[n][0]} of zone {labels[n][1]} in {when}: {ours[n]!r}, {theirs[n]!r}"
            for n in np.flatnonzero(bad)
        ]
        months += 1
        open_months += phase == OPEN
        numbers += len(ours)
        seen = size > SMALL
        if seen.any():
            greatest = max(greatest, float((apart[seen] / size[seen]).max()))
        if wrong:
            return Agreement(months, open_months, numbers, greatest, wrong)
    return Agreement(months, open_months, numbers, greatest, [])
