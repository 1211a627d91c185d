"""Rows of the plan's targets: how likely each is, or why the model does not measure it."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from xuchang_sim.answer import MaybeNan, MaybeProbability
from xuchang_sim.answers.records import NotModelled
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.targets import Reason


class Target(TypedDict):
    """A target of the plan; of one ``zone``, whose figures are synthetic, or of all together.

    ``stated`` are number and unit as the plan gives them, ``value`` and ``unit`` those of the measure.
    """

    id: str
    row: int
    label_zh: str
    label_en: str
    paragraph: str
    value: float
    unit: str
    stated: NotRequired[str]
    direction: str
    basis: str
    headline: bool
    zone: NotRequired[str]
    synthetic: NotRequired[bool]


class RatedTarget(Target):
    """A target that the model measures.

    ``p`` is the share of replicates that meet it, with its 95% Wilson interval; ``median``, ``q05``
    and ``q95`` are of the simulated outcomes and, as ``value`` and the mean ``shortfall``, in
    ``unit``; ``model_`` the same of the model alone, without its measured error. ``target_class``
    says what moves it and ``echoes`` which input it repeats, where that was measured
    (:mod:`xuchang_sim.answers.classes`).
    """

    p: MaybeProbability
    p_low: MaybeProbability
    p_high: MaybeProbability
    median: MaybeNan
    q05: MaybeNan
    q95: MaybeNan
    shortfall: MaybeNan
    model_p: NotRequired[MaybeProbability]
    model_median: NotRequired[MaybeNan]
    model_q05: NotRequired[MaybeNan]
    model_q95: NotRequired[MaybeNan]
    target_class: NotRequired[str]
    echoes: NotRequired[str]


class OpenTarget(Target, NotModelled):
    """A target that the model does not measure, with the reason."""


TargetRow = RatedTarget | OpenTarget


def target_rows(results: Results, model: Results | None = None) -> list[dict[str, Any]]:
    """Return every target of the plan: its numbers, or in words why it is not modelled.

    Parameters
    ----------
    results : Results
        Futures with the model's measured error: the reported answer.
    model : Results, optional
        Futures without it, reported beside it as ``model_p``, ``model_median``, ``model_q05``,
        ``model_q95``.
    """
    rated = {row.target.id: row for row in results.targets()}
    plain = {row.target.id: row for row in model.targets()} if model else {}
    reasons = results.not_modelled()
    rows = []
    for target in results.setup.pack.plan.targets():
        entry: dict[str, Any] = {
            "id": target.id,
            "row": target.row,
            "label_zh": target.label_zh,
            "label_en": target.label_en,
            "paragraph": target.paragraph,
            "value": target.value,
            "unit": target.unit,
            "direction": target.direction,
            "basis": target.basis,
            "headline": target.headline,
        }
        if target.stated:
            entry["stated"] = target.stated
        if target.zone is not None:
            entry |= {"zone": target.zone, "synthetic": True}
        if target.id in reasons:
            rows.append(entry | not_modelled_row(reasons[target.id]))
            continue
        row = rated[target.id]
        names = ("p", "p_low", "p_high", "median", "q05", "q95", "shortfall")
        numbers = {name: getattr(row, name) for name in names}
        if target.id in plain:
            alone = plain[target.id]
            numbers |= {f"model_{n}": getattr(alone, n) for n in ("p", "median", "q05", "q95")}
        rows.append(entry | numbers)
    return rows


def not_modelled_row(reason: Reason) -> dict[str, Any]:
    """Return what stands in the place of the numbers of a target that is not modelled."""
    return {"modelled": False, "reason": reason.en, "reason_zh": reason.zh}
