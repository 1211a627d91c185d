"""Targets of a plan: which a pack can measure, their outcomes, and when they are met."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from xuchang_sim import definitions, extensions
from xuchang_sim.pack.plan import NO_MEASURE
from xuchang_sim.simulation.measures import (
    ATTAINABLE,
    CITY_ONLY,
    REGISTRY,
    THRESHOLD,
    THRESHOLD_UNIT,
    Array,
    RunRecord,
)
from xuchang_sim.text import language, phrase
from xuchang_sim.yamlfile import did_you_mean

if TYPE_CHECKING:
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.plan import Target


class Reason(NamedTuple):
    """Why something is not modelled, in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        """Return the reason in the language of messages."""
        return self.zh if language() == "zh" else self.en


NO_SUCH_TARGET = Reason("计划没有提出这项目标", "the plan sets no such target")
NO_GOAL = Reason(
    "计划没有提出模型能够计量的收入或投资目标",
    "the plan sets no target for revenue or investment that the model measures",
)


def family(target: Target) -> str:
    """Return the measure of a target, without its threshold: ``zones`` of ``zones_100``."""
    if target.measure in REGISTRY or target.measure == NO_MEASURE:
        return target.measure
    name = target.measure.rpartition("_")[0]
    if name in THRESHOLD:
        return name if target.threshold is not None else ""
    return target.measure if extensions.measure(target.measure) else ""


def lacking(pack: Pack, measure: str) -> Reason | None:
    """Say what a measure needs that a pack does not have; None if it can be computed.

    Parameters
    ----------
    pack : Pack
    measure : str
        Name in :data:`REGISTRY` or :data:`THRESHOLD`.
    """
    defined = definitions.measures().get(measure)
    if defined is None:  # of another package: it must know itself what it needs
        return None
    for name in defined.parameters:
        if name not in pack.parameters:
            return Reason(f"没有参数 {name}", f"there is no parameter {name}")
    for need in defined.needs:
        where, _, total = need.partition(".")
        if where == "base" and not getattr(pack.base, total).value > 0:
            return Reason(
                f"基年总量 {total} 为零，无从比较",
                f"the total of the base year for {total} is zero: nothing to compare with",
            )
        if need == "clusters" and not pack.region.clusters:
            return Reason("地区没有列出集群", "the region names no cluster")
    return None


def not_modelled(pack: Pack, target: Target) -> Reason | None:
    """Say why a target of a plan is not modelled; None if it is.

    A measure that does not exist is no reason but a fault: see :func:`complaint`.
    """
    name = family(target)
    if name == NO_MEASURE:
        zh, _, en = target.reason.partition(" · ")
        return Reason(zh, en or zh)
    if target.zone is not None and name in CITY_ONLY:
        return Reason(f"{name} 没有分区的数值", f"{name} has no value for a single zone")
    if name == "clusters" and target.threshold is not None:
        size = target.threshold.value
        if not any(
            cluster.threshold == size and target.zone in {None, cluster.zone}
            for cluster in pack.region.clusters
        ):
            return Reason(
                f"没有列出 {size:g} 亿元的集群",
                f"the region names no cluster of {size / 10:g}bn yuan",
            )
    return lacking(pack, name)


def modelled(pack: Pack) -> tuple[Target, ...]:
    """Return the targets of a plan that a run measures, in the plan's order."""
    return tuple(target for target in pack.plan.targets() if not_modelled(pack, target) is None)


def unmodelled(pack: Pack) -> dict[str, Reason]:
    """Return why each other target is not modelled, by its id, in the plan's order."""
    reasons = {target.id: not_modelled(pack, target) for target in pack.plan.targets()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def city_targets(pack: Pack) -> dict[str, Target]:
    """Return the targets of all zones together that a run measures, by their measure."""
    return {target.measure: target for target in modelled(pack) if target.zone is None}


def goal(pack: Pack, name: str) -> float | None:
    """Yearly total that a plan asks for, by its level or its growth over the base year.

    Parameters
    ----------
    pack : Pack
        Plan and totals of the base year.
    name : {"revenue", "fai", "profit_tax"}
        Total of the base year.

    Returns
    -------
    float or None
        In 亿元; None if the plan asks for neither.
    """
    targets = city_targets(pack)
    if name in targets:
        return targets[name].value
    growth = targets.get(f"{name}_growth")
    base: float = getattr(pack.base, name).value
    return None if growth is None else base * (1.0 + growth.value)


def growth_asked(pack: Pack, name: str) -> float | None:
    """Growth over the base year that a plan asks for, by itself or by a level; a fraction.

    Parameters
    ----------
    pack : Pack
    name : {"revenue_growth", "fai_growth", "profit_tax_growth"}

    Returns
    -------
    float or None
        None if the plan asks for neither.
    """
    targets = city_targets(pack)
    if name in targets:
        return targets[name].value
    total = name.removesuffix("_growth")
    level = goal(pack, total)
    base: float = getattr(pack.base, total).value
    return None if level is None else level / base - 1.0


#: Targets whose joint probability is reported: growth of revenue and of investment.
JOINT = ("revenue_growth", "fai_growth")


def goals(pack: Pack) -> tuple[str, ...]:
    """Return the targets whose joint probability is reported: one for revenue, one for investment.

    Each is the growth the plan asks for, else the level. A plan that asks for neither is judged
    by its headline targets, or by all. Targets that are not modelled do not count: there is none if
    no target is.
    """
    result = [target.id for name in JOINT if (target := goal_target(pack, name)) is not None]
    every = modelled(pack)
    heads = [target.id for target in every if target.headline]
    return tuple(result) or tuple(heads) or tuple(target.id for target in every)


def goal_target(pack: Pack, growth: str) -> Target | None:
    """Return the city's target for a growth of :data:`JOINT`, else for its level; None without."""
    named = city_targets(pack)
    return named.get(growth) or named.get(growth.removesuffix("_growth"))


def complaint(target: Target) -> tuple[str, str]:
    """Return the key and the fault of a target that no run can measure; empty if one can."""
    name = family(target)
    if not name:
        stem = target.measure.rpartition("_")[0]
        if stem in THRESHOLD:
            return "threshold", phrase("target.size", stem=stem)
        close = did_you_mean(target.measure, REGISTRY)
        allowed = phrase("target.measures", registry=", ".join([*REGISTRY, NO_MEASURE]))
        return "measure", phrase(
            "target.no_measure", measure=target.measure, close=close, allowed=allowed
        )
    if name == NO_MEASURE:
        return "", ""
    defined = definitions.measure(name)
    unit = defined.unit if defined else target.unit
    if target.unit != unit:
        message = phrase("target.unit", unit=target.unit, name=name, unit2=unit)
        return "unit", message
    if target.threshold and target.threshold.unit != THRESHOLD_UNIT:
        message = phrase(
            "target.threshold", unit=target.threshold.unit, threshold_unit=THRESHOLD_UNIT
        )
        return "threshold", message
    if target.id in REGISTRY and (target.id, None) != (target.measure, target.zone):
        message = phrase("target.other_name", id=target.id)
        return "id", message
    return "", ""


def evaluate(record: RunRecord, target: Target) -> Array:
    """Return what a target counts: shape (replicates, years), in the target's unit.

    Raises
    ------
    KeyError
        If the plan names a measure that does not exist.
    """
    name = family(target)
    here = record if target.zone is None else record.within(target.zone)
    if name in REGISTRY:
        return REGISTRY[name](here)
    if name in THRESHOLD and target.threshold is not None:
        return THRESHOLD[name](here, target.threshold.value)
    # Sought last: it looks through every distribution that is installed.
    other = extensions.measure(name) if name else None
    if other is None:
        raise KeyError(target.measure)
    values: Array = np.asarray(other.function(here), dtype=float)
    return values


def meets(values: Array, target: Target) -> npt.NDArray[np.bool_]:
    """Tell where values meet a target, by its direction."""
    compare = {
        "at_least": np.greater_equal,
        "above": np.greater,
        "at_most": np.less_equal,
        "below": np.less,
    }[target.direction]
    # A total that is the target up to rounding meets it: sums of months are not exact.
    slack = 1e-9 * max(1.0, abs(target.value))
    near = target.value + (-slack if target.direction == "at_least" else slack)
    limit = near if target.direction in {"at_least", "at_most"} else target.value
    met: npt.NDArray[np.bool_] = compare(values, limit)
    return met


def first_month(record: RunRecord, name: str, level: float) -> npt.NDArray[np.int64]:
    """First month on record in which a level is reached, counted from 0; -1 if never.

    Parameters
    ----------
    record : RunRecord
    name : str
        One of :data:`ATTAINABLE`.
    level : float
        In the unit of the measure.
    """
    reached = ATTAINABLE[name](record) >= level
    return np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
