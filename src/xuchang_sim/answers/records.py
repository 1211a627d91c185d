"""Records that several answers share: a target, what bound, the reference-class forecast."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from xuchang_sim.answer import Extra, MaybeProbability, Probability, Unit

__all__ = [
    "Goal",
    "NotModelled",
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
