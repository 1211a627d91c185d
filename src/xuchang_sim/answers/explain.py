"""Explanation: what holds a target back, what growth is made of, what one more unit would bring.

The answer puts together :mod:`~xuchang_sim.answers.attribution` (Shapley values),
:mod:`~xuchang_sim.answers.waterfall` and :mod:`~xuchang_sim.answers.prices` (marginal effects).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from xuchang_sim.answers.attribution import DEMAND_SHIFT, FAMILIES, Attribution, attribute
from xuchang_sim.answers.prices import Price, prices
from xuchang_sim.answers.records import OfScenario
from xuchang_sim.answers.requirements import require
from xuchang_sim.answers.waterfall import Waterfall, waterfalls
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.setup import Setup
from xuchang_sim.simulation.why import WhyYear

if TYPE_CHECKING:
    from xuchang_sim.simulation.settings import ScenarioLike, Settings


@dataclass(frozen=True, eq=False)
class Explanation(OfScenario):
    """Constraints that hold the targets back.

    Attributes
    ----------
    results : Results
        The scenario itself.
    attributions : tuple of Attribution
        Gap of each outcome, split among the families.
    waterfalls : tuple of Waterfall
        Composition of the growth of each total.
    prices : tuple of Price
        Effect of one more unit of each lever.
    """

    results: Results
    setup: Setup
    attributions: tuple[Attribution, ...]
    waterfalls: tuple[Waterfall, ...]
    prices: tuple[Price, ...]

    KEYS = (
        *("scenario", "replicates", "failed", "seed", "through", "families", "demand_shift"),
        *("attribution", "waterfall", "prices", "why", "manifest"),
    )
    ALIASES = MappingProxyType({"attribution": "attributions", "waterfall": "waterfalls"})
    ROWS = "prices"
    COLUMNS = ("resource", "lever", "unit", "cost", "effect.revenue.value", "effect.fai.value")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.scenario}: what one more unit brings, {self.replicates} replicates"

    @property
    def families(self) -> list[str]:
        """Families among which the gap is split."""
        return list(FAMILIES)

    @property
    def demand_shift(self) -> float:
        """Standard deviations by which demand is lifted."""
        return DEMAND_SHIFT

    @property
    def why(self) -> WhyYear:
        """Binding constraints of the plan's year."""
        return self.results.why().year(self.results.setup.pack.plan_year)


def explain(study: Settings, scenario: ScenarioLike = "plan") -> Explanation:
    """Say what holds the targets back, what growth is made of, and what one more unit brings.

    Parameters
    ----------
    study : Settings
    scenario : str, Path or ResolvedScenario

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        If an input is wrong.

    Examples
    --------
    >>> from xuchang_sim import Study
    >>> explain(Study(replicates=2)).to_dict()["replicates"]
    2
    """
    resolved, progress = study.scenario(scenario), study.progress
    require(study.pack, "explain", scenario=resolved, through=study.through)
    setup = study.setup()
    weight = 3  # the second pass has a third of the variants

    def first(done: int, whole: int) -> None:
        if progress:
            progress(weight * done, (weight + 1) * whole)

    def second(done: int, whole: int) -> None:
        if progress:
            progress(weight * whole + done, (weight + 1) * whole)

    shares = attribute(setup, resolved, progress=first)
    result, results = prices(setup, resolved, progress=second)
    return Explanation(results, setup, shares, waterfalls(results), result)
