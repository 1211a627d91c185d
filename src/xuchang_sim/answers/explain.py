"""Explanation: what holds a target back, what growth is made of, what one more unit would bring.

The answer puts together :mod:`~xuchang_sim.answers.attribution` (Shapley values),
:mod:`~xuchang_sim.answers.waterfall` and :mod:`~xuchang_sim.answers.prices` (marginal effects).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, TypedDict

from xuchang_sim.answer import NAN, MaybeNan, Unit
from xuchang_sim.answers.attribution import DEMAND_SHIFT, FAMILIES, Attribution, attribute
from xuchang_sim.answers.prices import Price, prices
from xuchang_sim.answers.records import OfRuns
from xuchang_sim.answers.requirements import require
from xuchang_sim.answers.waterfall import Bar, Waterfall, waterfalls
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.setup import Setup
from xuchang_sim.simulation.why import WhyYear

if TYPE_CHECKING:
    from xuchang_sim.simulation.settings import ScenarioLike, Settings


class ShareOfGap(TypedDict):
    """Causal share of one family of levers, also as a share of the total and of the gap."""

    value: float
    se: MaybeNan
    of_total: MaybeNan
    of_gap: MaybeNan


class AttributionRecord(TypedDict):
    """Exact Shapley values of one outcome; the shares sum to ``total``.

    ``of_gap`` is null where the mean lies above the target: there is no gap.
    """

    outcome: str
    base: MaybeNan
    target: float
    gap: MaybeNan
    total: MaybeNan
    total_se: MaybeNan
    shares: dict[str, ShareOfGap]
    alone: dict[str, MaybeNan]


class WaterfallRecord(TypedDict):
    """From the base year's total to the plan year's, 亿元."""

    measure: str
    base: Annotated[float, Unit("亿元"), NAN]
    gains: list[Bar]
    losses: list[Bar]
    outcome: Bar


class Effect(TypedDict):
    """Paired difference that one unit brings, with its standard error."""

    value: MaybeNan
    se: MaybeNan


class PriceRecord(TypedDict):
    """Effect of one more unit of a lever, and its cost (null where it has no price).

    ``dual`` is the same by the linear relaxation, null where it has no such row.
    """

    resource: str
    lever: str
    unit: str
    cost: Annotated[float, Unit("亿元"), NAN]
    effect: dict[str, Effect]
    dual: dict[str, MaybeNan]
    one_sided: bool


@dataclass(frozen=True, eq=False)
class Explanation(OfRuns):
    """Constraints that hold the targets back.

    Attributes
    ----------
    results : Results
        The scenario itself.
    attributions : tuple of Attribution
    waterfalls : tuple of Waterfall
    prices : tuple of Price
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
    ALIASES = MappingProxyType({"prices": "price_rows"})
    ROWS = "prices"
    COLUMNS = ("resource", "lever", "unit", "cost", "effect.revenue.value", "effect.fai.value")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.scenario}: what one more unit brings, {self.replicates} replicates"

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.results.variant.scenario.name

    @property
    def failed(self) -> int:
        """Replicates that failed."""
        return int((~self.results.good).sum())

    @property
    def families(self) -> list[str]:
        """Families among which the gap is split."""
        return list(FAMILIES)

    @property
    def demand_shift(self) -> float:
        """Standard deviations by which demand is lifted."""
        return DEMAND_SHIFT

    @property
    def attribution(self) -> list[AttributionRecord]:
        """Gap of each outcome, split among the families."""
        return [
            {
                "outcome": a.outcome,
                "base": a.base,
                "target": a.target,
                "gap": a.gap,
                "total": a.total,
                "total_se": a.total_se,
                "shares": {
                    name: {
                        "value": share.value,
                        "se": share.se,
                        "of_total": share.of_total,
                        "of_gap": share.value / a.gap if a.gap > 0 else math.nan,
                    }
                    for name, share in a.shares.items()
                },
                "alone": a.alone,
            }
            for a in self.attributions
        ]

    @property
    def waterfall(self) -> list[WaterfallRecord]:
        """Composition of the growth of each total."""
        return [
            {
                "measure": w.measure,
                "base": w.base.value,
                "gains": list(w.gains),
                "losses": list(w.losses),
                "outcome": w.outcome,
            }
            for w in self.waterfalls
        ]

    @property
    def price_rows(self) -> list[PriceRecord]:
        """Effect of one more unit of each lever."""
        return [
            {
                "resource": price.resource,
                "lever": price.lever,
                "unit": price.unit,
                "cost": price.cost,
                "effect": {k: {"value": v, "se": s} for k, (v, s) in price.effect.items()},
                "dual": price.dual,
                "one_sided": price.one_sided,
            }
            for price in self.prices
        ]

    @property
    def why(self) -> WhyYear:
        """Binding constraints of the plan's year."""
        return self.results.why().year(self.results.setup.pack.plan_year)

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [self.results.variant.scenario])


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
