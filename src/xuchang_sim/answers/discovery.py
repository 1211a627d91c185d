"""Scenario discovery: where in the uncertain space a target is missed despite a scenario.

Source: B. P. Bryant and R. J. Lempert, "Thinking inside the box", Technological Forecasting and Social
Change 77 (2010). The boxes are found by :mod:`xuchang_sim.answers.prim`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from xuchang_sim.answer import MaybeNan
from xuchang_sim.answers.packages import Goal, OfGoal, parse_goal
from xuchang_sim.answers.prim import DENSITY, MOST_BOXES, Box, prim, simplified
from xuchang_sim.answers.robustness import Robustness
from xuchang_sim.forecast.drivers import drivers
from xuchang_sim.simulation.results import together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import meets
from xuchang_sim.text import phrase
from xuchang_sim.units import month_index, month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]

DEMAND = "demand_growth"


class Limit(TypedDict):
    """Limits of a factor, null where there is none, each with its quasi-p value."""

    factor: str
    unit: str
    low: float | None
    high: float | None
    p_low: MaybeNan
    p_high: MaybeNan


class Point(TypedDict):
    """A step of the peeling: coverage, density and mass, shares."""

    coverage: MaybeNan
    density: MaybeNan
    mass: MaybeNan


class BoxRecord(Point):
    """A box in which the goal is missed: the share of all misses in it, and how dense they are."""

    cases: int
    limits: list[Limit]
    trajectory: list[Point]


@dataclass(frozen=True, eq=False)
class Discovery(OfGoal):
    """Boxes in which a goal is missed despite a scenario.

    Attributes
    ----------
    share : float
        Share of all replicates that miss it.
    boxes : tuple of Box
        One after the other, each on what the earlier ones left over.
    robustness : Robustness or None
        How robust this and other scenarios are, if that was asked for.
    """

    goal: Goal
    scenario: str
    names: tuple[str, ...]
    share: float
    boxes: tuple[Box, ...]
    setup: Setup
    units: Mapping[str, str]
    sources: tuple[ResolvedScenario, ...]
    robustness: Robustness | None = None

    KEYS = (
        *("goal", "scenario", "replicates", "seed", "missed", "boxes", "manifest"),
        "robustness",
    )
    ALIASES = MappingProxyType({"goal": "goal_ids", "missed": "share", "boxes": "box_rows"})
    OPTIONAL = frozenset({"robustness"})
    ROWS = "boxes"
    COLUMNS = ("coverage", "density", "mass", "cases")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.scenario}: where {' + '.join(self.goal.ids)} is missed ({self.share:.0%})"

    @property
    def box_rows(self) -> list[BoxRecord]:
        """Boxes, one after the other, each on what the earlier ones left over."""
        return [
            {
                "coverage": box.step.coverage,
                "density": box.step.density,
                "mass": box.step.mass,
                "cases": box.step.cases,
                "limits": [
                    {
                        "factor": name,
                        "unit": self.units.get(name, "比例"),
                        "low": None if math.isnan(box.quasi_p[name][0]) else low,
                        "high": None if math.isnan(box.quasi_p[name][1]) else high,
                        "p_low": box.quasi_p[name][0],
                        "p_high": box.quasi_p[name][1],
                    }
                    for name, (low, high) in zip(box.names, box.step.limits, strict=True)
                    if name in box.quasi_p
                ],
                "trajectory": [
                    {"coverage": s.coverage, "density": s.density, "mass": s.mass}
                    for s in box.steps
                ],
            }
            for box in self.boxes
        ]


def uncertain(results: Results) -> dict[str, Array]:
    """Inputs that differ between the replicates of a run: parameters, and growth of demand.

    Demand growth is the mean over the plan's year of value added and producer prices, a fraction.
    """
    setup, scenario = results.setup, results.variant.scenario
    good = results.good
    result = {
        name: values[good] for name, values in results.parameters.items() if np.ptp(values) > 0.0
    }
    path = drivers(
        setup.pack,
        results.replicates,
        setup.seed,
        month_label(setup.through),
        shift_sd=scenario.demand_shift,
        replace=scenario.drivers,
        forecast_sd=results.parameters["forecast_sd"],
    )
    first = 12 * setup.pack.plan_year - month_index(path.months[0])
    year = slice(first, first + 12)
    growth = (path.value_added_yoy + path.ppi_yoy)[:, year].mean(axis=1)
    return {DEMAND: growth[good], **result}


def discover(
    study: Settings,
    scenario: ScenarioLike = "plan",
    goal: str = "revenue_growth",
    *,
    density: float = DENSITY,
    boxes: int = MOST_BOXES,
) -> Discovery:
    """Find where a goal is missed despite a scenario: boxes of parameters and demand.

    Limits that chance explains are dropped; if none remains, no region stands out.

    Parameters
    ----------
    study : Settings
    scenario : str, Path or ResolvedScenario
    goal : str
        Target ids joined by ``+``, or ``joint``.
    density : float
        Share of misses from which a box is reported; at least halfway from the share of all
        replicates to one.
    boxes : int
        Most boxes; the search ends when nothing dense is left.

    Raises
    ------
    InputError
        If an argument is wrong.
    """
    loaded, resolved = study.pack, study.scenario(scenario)
    wanted = parse_goal(goal, loaded)
    if not 0.0 < density <= 1.0 or boxes < 1:
        raise InputError([Problem("--density", "", 0, phrase("ask.density"))])
    setup = study.setup(through=12 * loaded.plan_year + 11)
    results = run(setup, [Variant(resolved)], full=False, keep=wanted.ids, progress=study.progress)[
        0
    ]
    together([results])
    met = np.logical_and.reduce(
        [meets(results.outcome(name), loaded.plan.target(name)) for name in wanted.ids]
    )
    table = uncertain(results)
    names = tuple(table)
    x, interest = np.stack(list(table.values()), axis=1), ~met
    # Where most replicates miss it anyway, a box must say more than that.
    density = max(density, (1.0 + float(interest.mean())) / 2.0)
    result: list[Box] = []
    left = np.ones(len(x), dtype=bool)
    while len(result) < boxes and 0 < interest[left].sum() < left.sum():
        box = prim(x[left], interest[left], names, density=density)
        box = simplified(x[left], interest[left], box)
        if not box.restricted:
            break
        limits = np.array(box.step.limits).T
        result.append(box)
        left &= ~((x >= limits[0]) & (x <= limits[1])).all(axis=1)
    units = {name: p.unit for name, p in loaded.parameters.items()}
    return Discovery(
        wanted,
        resolved.name,
        names,
        float(interest.mean()),
        tuple(result),
        setup,
        units,
        (resolved,),
    )
