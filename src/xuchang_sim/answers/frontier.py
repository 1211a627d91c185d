"""Frontier: the growth that is reached with a probability, by scenario and over two families of levers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict, cast

import numpy as np

from xuchang_sim.answer import Extra, MaybeNan
from xuchang_sim.answers.packages import GRID, parse_goal, strengthened
from xuchang_sim.deferred import deferred
from xuchang_sim.pack.scenario import list_scenarios
from xuchang_sim.simulation.results import together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.settings import listed
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

with deferred():
    from scipy import stats

from xuchang_sim.answers.records import OfSources

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]


class Reach(NamedTuple):
    """Largest growth reached with a probability, with its 95% interval (order statistics).

    A limit is NaN where there are too few replicates to have one.
    """

    value: MaybeNan
    low: MaybeNan
    high: MaybeNan


def reach(values: Array, p: float) -> Reach:
    """Return the largest value that a share ``p`` of outcomes reaches, with its 95% interval."""
    n = len(values)
    ordered = np.sort(values)[::-1]
    k = max(0, math.ceil(p * n - 1e-9) - 1)
    early = int(stats.binom.ppf(0.025, n, p)) - 1
    late = int(stats.binom.ppf(0.975, n, p))
    low = ordered[late] if late < n else math.nan
    high = ordered[early] if early >= 0 else math.nan
    return Reach(float(ordered[k]), float(low), float(high))


class ScenarioName(TypedDict):
    """A scenario; further keys are the outcomes."""

    scenario: str


class MapAxes(TypedDict):
    """Families whose strengths are the rows and the columns; further keys are the outcomes."""

    rows: str
    columns: str


ScenarioRow = Annotated[ScenarioName, Extra(Reach)]
Map = Annotated[MapAxes, Extra(list[list[MaybeNan]])]


@dataclass(frozen=True, eq=False)
class Frontier(OfSources):
    """Largest growth that is reached with probability ``p``.

    Attributes
    ----------
    scenarios : dict of str to dict of str to Reach
        By scenario and outcome.
    maps : dict of (str, str) to dict of str to ndarray, shape (strengths, strengths)
        By pair of families and outcome; rows are strengths of the first.
    """

    p: float
    outcomes: tuple[str, ...]
    grid: tuple[float, ...]
    base: str
    scenarios: dict[str, dict[str, Reach]]
    maps: dict[tuple[str, str], dict[str, Array]]
    setup: Setup
    failed: int
    sources: tuple[ResolvedScenario, ...]

    KEYS = (
        *("p", "failed", "outcomes", "targets", "grid", "base", "replicates", "seed"),
        *("scenarios", "maps", "manifest"),
    )
    ALIASES = MappingProxyType({"scenarios": "scenario_rows", "maps": "map_rows"})
    ROWS = "scenarios"

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"growth reached with P = {self.p:g}, {self.replicates} replicates"

    @property
    def targets(self) -> dict[str, float]:
        """Goals of the plan, by outcome."""
        return {name: self.setup.pack.plan.target(name).value for name in self.outcomes}

    @property
    def replicates(self) -> int:
        """Simulated futures of a scenario."""
        return self.setup.replicates

    @property
    def scenario_rows(self) -> list[ScenarioRow]:
        """Largest value of each outcome that is reached, by scenario."""
        return [cast("ScenarioRow", {"scenario": k, **row}) for k, row in self.scenarios.items()]

    @property
    def map_rows(self) -> list[Map]:
        """The same over two families of levers at the strengths of the grid."""
        return [
            cast("Map", {"rows": rows, "columns": columns, **table})
            for (rows, columns), table in self.maps.items()
        ]


#: Families of levers that are crossed unless others are asked for.
MAPS = (("land", "finance"), ("land", "labour"))


def frontier(
    study: Settings,
    p: float = 0.8,
    *,
    outcomes: str | Sequence[str] | None = None,
    scenarios: ScenarioLike | Sequence[ScenarioLike] | None = None,
    maps: Sequence[tuple[str, str]] = MAPS,
    grid: Sequence[float] = GRID,
    base: ScenarioLike = "plan",
) -> Frontier:
    """Say which growth is reached with probability ``p``, by scenario and over two families.

    Parameters
    ----------
    study : Settings
    p : float
    outcomes : sequence of str, optional
        Targets whose outcome is looked at, by default the plan's goals; more is better.
    scenarios : sequence, optional
        By default all that can be called by name.
    maps : sequence of pairs of str
        Families crossed at the strengths of ``grid``, the rest as in ``base``.
    grid : sequence of float
    base : str, Path or ResolvedScenario

    Raises
    ------
    InputError
        If an argument is wrong.

    Examples
    --------
    >>> from xuchang_sim import Study
    >>> frontier(Study(replicates=4), 0.5).p
    0.5
    """
    loaded = study.pack
    if not 0.0 < p < 1.0:
        raise InputError([Problem("--p", "", 0, phrase("ask.p", p=p))])
    outcomes = parse_goal("joint", loaded).ids if outcomes is None else listed(outcomes)
    for name in outcomes:
        parse_goal(name, loaded)
    chosen = [s.name for s in list_scenarios(loaded)] if scenarios is None else scenarios
    result, start = study.scenarios(chosen) if chosen else [], study.scenario(base)
    cells = [
        strengthened(start, {rows: x, columns: y}, loaded)
        for rows, columns in maps
        for x in grid
        for y in grid
    ]
    setup = study.setup()
    short = replace(setup, through=12 * loaded.plan_year + 11)
    variants = [Variant(s) for s in (*result, *cells)]
    results = run(short, variants, full=False, keep=outcomes, progress=study.progress)
    good = together(results)
    year = results[0].setup.years.index(loaded.plan_year)
    table = {name: [reach(r.outcomes[name][good, year], p) for r in results] for name in outcomes}
    side = len(grid)
    drawn = {}
    for k, pair in enumerate(maps):
        first = len(result) + k * side * side
        drawn[pair] = {
            name: np.array([r.value for r in table[name][first : first + side * side]]).reshape(
                side, side
            )
            for name in outcomes
        }
    return Frontier(
        p,
        tuple(outcomes),
        tuple(grid),
        start.name,
        {s.name: {name: table[name][k] for name in outcomes} for k, s in enumerate(result)},
        drawn,
        setup,
        int((~good).sum()),
        (start, *result),
    )
