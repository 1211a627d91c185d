"""Scenarios made in memory: another scenario with some axes, levers and parameters set anew."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from xuchang_sim import definitions
from xuchang_sim.definitions import amounts
from xuchang_sim.pack.conditions import check as check_conditions
from xuchang_sim.pack.levers import AXES, LEVELS
from xuchang_sim.pack.scenario import LEVELS_TEXT, ResolvedScenario, adjust
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xuchang_sim.pack.conditions import Condition
    from xuchang_sim.pack.pack import Pack

__all__ = ["vary"]

TOTALS = ("revenue", "fai", "profit_tax", "workers")  # of the base year: bounds are parts of them
LONGEST = 60  # characters of a name that nobody chose


def vary(
    parent: ResolvedScenario,
    settings: Mapping[str, Any],
    pack: Pack,
    name: str | None = None,
    title: str | None = None,
    demand_shift: float | None = None,
    drivers: Mapping[str, Condition] | None = None,
) -> ResolvedScenario:
    """Return a scenario that differs from another one in what is set.

    Axes are set first, then levers and parameters; drivers replace those of the same name.

    Parameters
    ----------
    parent : ResolvedScenario
        What stays where nothing is set.
    settings : mapping of str to number or str
        By id: for an axis a named level or a strength from 0 to 2, for a lever or a parameter a
        number in its unit or a text with number and unit, for a lever also a named level.
    pack : Pack
    name, title : str, optional
        By default the parent's name with what was set.
    demand_shift : float, optional
        In standard deviations.
    drivers : mapping, optional
        As in :func:`xuchang_sim.pack.conditions.check`.

    Raises
    ------
    InputError
        One line for each setting that is wrong.

    Examples
    --------
    >>> from xuchang_sim import load_pack, load_scenario
    >>> pack = load_pack()
    >>> vary(load_scenario("plan", pack), {"land": "high"}, pack).lineage
    ('plan', 'plan+land=high')
    """
    problems: list[Problem] = []
    changes: dict[str, float | str] = {}
    for key, value in settings.items():
        result, fault = _setting(key, value, pack)
        changes[key] = result
        if fault:
            problems.append(Problem("scenario", key, 0, fault))
    if demand_shift is not None:
        result, fault = _number(demand_shift)
        changes["demand_shift"] = result
        if fault:
            problems.append(Problem("scenario", "demand_shift", 0, fault))
    conditions: dict[str, Condition] = {}
    if drivers:
        try:
            conditions = check_conditions(drivers, pack)
        except InputError as error:
            problems += error.problems
    good = {key: changes[key] for key in changes if key not in {p.path for p in problems}}
    moved, faults = adjust(parent, good, pack)
    problems += [Problem("scenario", key, 0, text) for key, text in faults]
    if problems:
        raise InputError(problems)
    stated = {**settings, **({} if demand_shift is None else {"demand_shift": demand_shift})}
    made = replace(
        moved,
        levels={key: float(value) for key, value in moved.levels.items()},
        parameters={key: float(value) for key, value in moved.parameters.items()},
        demand_shift=float(moved.demand_shift),
        drivers={**parent.drivers, **conditions},
        note="",
        changes={**parent.changes, **{key: _plain(value) for key, value in stated.items()}},
    )
    called = name or _name(parent, stated, conditions, made.sha256)
    said = title or called
    lineage = (*parent.lineage, called)
    return replace(made, name=called, title_zh=said, title_en=said, lineage=lineage)


def _setting(key: str, value: Any, pack: Pack) -> tuple[float | str, str]:
    """Value of a setting in the unit of its definition, and what is wrong with it."""
    definition = definitions.levers().get(key) or definitions.parameters().get(key)
    known = key in pack.levers or key in pack.parameters
    if key not in AXES and (definition is None or not known):
        close = did_you_mean(key, [*AXES, *pack.levers, *pack.parameters])
        return 0.0, phrase("variation.neither", close=close)
    if not isinstance(value, str):
        return _number(value)
    if value in LEVELS:
        return value, ""
    try:
        amount = amounts.quantity(value)
        if definition is None:
            number, unit = amount
            if unit is None:
                return float(number), ""
            return 0.0, phrase("variation.strength", value=shown(value), levels_text=LEVELS_TEXT)
        exact = definition.convert(amount, len(pack.region.zones))
    except ValueError as error:
        close = did_you_mean(value, LEVELS)
        return 0.0, phrase(
            "variation.or_level", error=error, levels_text=LEVELS_TEXT, close=close
        ) if close else f"{shown(value)}: {error}"
    totals = {name: getattr(pack.base, name).exact for name in TOTALS}
    return float(exact), definition.within(totals).complaint(exact, amount)


def _number(value: Any) -> tuple[float, str]:
    """Return a number of Python or numpy as a float, and what is wrong with it."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        return 0.0, phrase("variation.not_a_number", value=value)
    result = float(value)
    return (
        (result, "")
        if abs(result) < float("inf")
        else (0.0, phrase("variation.not_finite", found=result))
    )


def _plain(value: Any) -> float | str:
    return value if isinstance(value, str) else _number(value)[0]


def _name(
    parent: ResolvedScenario, stated: Mapping[str, Any], drivers: Mapping[str, Any], digest: str
) -> str:
    """Name of a scenario that was given none: the parent's, and what was set, in order of ids."""
    parts = [parent.name, *(f"{key}={stated[key]}" for key in sorted(stated)), *sorted(drivers)]
    name = "+".join(str(part) for part in parts)
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 8]}…#{digest[:6]}"
