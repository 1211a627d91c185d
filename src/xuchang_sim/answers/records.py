"""Shared parts of answers: records, and the properties of every answer from runs."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from xuchang_sim.answer import Answer, Extra, MaybeProbability, Probability, Unit
from xuchang_sim.pack.scenario import ResolvedScenario
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.setup import Setup
from xuchang_sim.units import month_label

__all__ = [
    "Goal",
    "NotModelled",
    "OfRuns",
    "OfScenario",
    "OfSources",
    "OutsideView",
    "Summary",
]

Growth = Annotated[float, Unit("比例", "growth over the year before")]


class Goal(TypedDict):
    """Targets that are met together, with the 95% interval of their probability."""

    ids: list[str]
    p: MaybeProbability
    p_low: MaybeProbability
    p_high: MaybeProbability


class NotModelled(TypedDict):
    """Why a number is not there: the model does not measure it."""

    modelled: Literal[False]
    reason: str
    reason_zh: str


class View(TypedDict):
    """One reference-class forecast: its median growth, and the probability of the plan's."""

    median: Growth
    p: NotRequired[Probability]


class FigureRecord(TypedDict):
    """A figure of the reference class."""

    period: str
    value: Growth
    source: str


class OutsideView(TypedDict):
    """Growth by history and reference class alone; no goal and no chance if the plan has none.

    ``quantiles`` by level; ``views`` and ``missing`` by the name of the view.
    """

    goal: NotRequired[Growth]
    p: NotRequired[Probability]
    quantiles: dict[str, Growth]
    views: dict[str, View]
    evidence: NotRequired[list[FigureRecord]]
    missing: dict[str, str]


class SummaryRecord(TypedDict):
    """Mean and range over the replicates."""

    mean: float
    min: float
    median: float
    max: float


Summary = Annotated[SummaryRecord, Extra(float)]


class OfRuns(Answer):
    """Answer from runs of one ``setup``, a field of the subclass; what each such answer says alike."""

    setup: Setup

    @property
    def replicates(self) -> int:
        """Simulated futures."""
        return self.setup.replicates

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.setup.seed

    @property
    def through(self) -> str:
        """Last month, YYYY-MM."""
        return month_label(self.setup.through)

    @property
    def parameters(self) -> str:
        """Where parameters come from: posterior, sampled or central."""
        return self.setup.draws


class OfScenario(OfRuns):
    """Answer about one scenario, whose record the field ``results`` holds."""

    results: Results

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.results.scenario

    @property
    def failed(self) -> int:
        """Replicates that failed."""
        return self.results.failures

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [self.results.variant.scenario])


class OfSources(OfRuns):
    """Answer from runs of several scenarios, which the field ``sources`` holds."""

    sources: tuple[ResolvedScenario, ...]

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, self.sources)
