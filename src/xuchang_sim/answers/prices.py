"""Marginal effects: what one more unit of a lever brings, per unit and per 亿元 spent.

They are measured twice: by paired central differences of the model, and as the duals of a monthly
linear relaxation of it (:mod:`xuchang_sim.answers.relaxation`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, NamedTuple

from xuchang_sim import definitions
from xuchang_sim.answer import NAN, MaybeNan, Unit
from xuchang_sim.answers.attribution import standard_error
from xuchang_sim.answers.relaxation import DAYS, WORKING_DAYS, relaxation
from xuchang_sim.pack.scenario import ResolvedScenario
from xuchang_sim.simulation.results import Results, together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Setup, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from xuchang_sim.pack.load import Pack


class Effect(NamedTuple):
    """Paired difference that one unit brings, with its standard error."""

    value: MaybeNan
    se: MaybeNan


class Price(NamedTuple):
    """Effect of one more unit of a lever.

    Parameters
    ----------
    resource : str
        ``land``, ``finance``, ``labour`` or ``process``.
    lever : str
        Lever that is moved.
    unit : str
        What is called one unit, e.g. 100亩.
    cost : float
        Cost of a unit, 亿元; NaN where none is known.
    effect : dict of str to Effect
        By outcome of this and the next year.
    dual : dict of str to float
        The same by the linear relaxation; NaN where it has no such row.
    one_sided : bool
        Whether the lever stands at an end of its range, so that the difference has one side.
    """

    resource: str
    lever: str
    unit: str
    cost: Annotated[float, Unit("亿元"), NAN]
    effect: dict[str, Effect]
    dual: dict[str, MaybeNan]
    one_sided: bool


class Lever(NamedTuple):
    """How a shadow price is measured: lever, its size of one unit, and what the unit is called."""

    resource: str
    lever: str
    size: float
    unit: str
    cost: float


def priced(pack: Pack) -> tuple[Lever, ...]:
    """Levers whose shadow price is measured, in units of 100亩, 1亿, 1,000 workers, 10 days."""
    zones = len(pack.region.zones)
    values = {name: parameter.default for name, parameter in pack.parameters.items()}

    def price(name: str, size: Fraction) -> float:
        unit = definitions.price(name, values, zones)
        return math.nan if unit is None else float(unit * size)

    days = DAYS / (WORKING_DAYS * values["approval_months"])
    sizes = (
        ("land", "municipal_reserve", Fraction(100), "100亩"),
        ("land", "reused_land", Fraction(100), "100亩"),
        ("finance", "platform_financing", Fraction(1, zones), "1亿"),
        ("finance", "guarantee_pool", Fraction(1), "1亿"),
        ("finance", "grant_pool", Fraction(1), "1亿"),
        ("labour", "training_places", Fraction(1000), "1000人"),
    )
    return (
        *(
            Lever(resource, name, float(size), unit, price(name, size))
            for resource, name, size, unit in sizes
        ),
        Lever("process", "approval_cut", days, "10个工作日", math.nan),
    )


PRICED = ("revenue", "fai")
STEP = 5.0  # units by which a lever is moved each way, where its range allows


def prices(
    setup: Setup,
    scenario: ResolvedScenario,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[Price, ...], Results]:
    """Measure what one more unit of each lever brings, in the plan's year and the next.

    Parameters
    ----------
    setup : Setup
    scenario : ResolvedScenario
    progress : callable, optional
        Called with (replicates done, replicates in all).

    Returns
    -------
    prices : tuple of Price
    results : Results
        The scenario itself, with its months.
    """
    pack = setup.pack
    levers = priced(pack)
    steps = []
    variants = [Variant(scenario)]
    for entry in levers:
        lever, at = pack.levers[entry.lever], scenario.levels[entry.lever]
        room_down = (at - lever.minimum) / entry.size
        room_up = (lever.maximum - at) / entry.size
        reach = min(STEP, room_down, room_up)
        down, up = (reach, reach) if reach > 0.25 else (min(STEP, room_down), min(STEP, room_up))
        steps.append((down, up, reach <= 0.25))
        for sign in (-down, up):
            levels = {**scenario.levels, entry.lever: at + sign * entry.size}
            variants.append(Variant(replace(scenario, levels=levels)))
    first = run(setup, variants[:1])[0]
    moved = run(setup, variants[1:], full=False, keep=PRICED, progress=progress)
    good = together([first, *moved])
    years = first.setup.years
    year = years.index(pack.plan_year)
    duals = relaxation(first, pack).duals()
    result = []
    for k, (entry, (down, up, one_sided)) in enumerate(zip(levers, steps, strict=True)):
        less, more = moved[2 * k], moved[2 * k + 1]
        effect: dict[str, Effect] = {}
        for name in PRICED:
            for y in range(year, min(year + 2, len(years))):
                gap = (more.outcomes[name][good, y] - less.outcomes[name][good, y]) / (down + up)
                key = name if y == year else f"{name}_next"
                effect[key] = Effect(float(gap.mean()), standard_error(gap))
        dual = duals.get(entry.resource, dict.fromkeys(effect, math.nan))
        result.append(
            Price(entry.resource, entry.lever, entry.unit, entry.cost, effect, dual, one_sided)
        )
    return tuple(result), first
