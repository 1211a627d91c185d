"""Attribution: how much of a target's gap each family of constraints accounts for.

The shares are exact Shapley values: every set of families is lifted in turn, under common random numbers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xuchang_sim.answer import MaybeNan
from xuchang_sim.pack.scenario import ResolvedScenario, adjust
from xuchang_sim.simulation.results import together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import goals, meets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.load import Pack

    Array = npt.NDArray[np.float64]

#: Families of constraints, and the gate of the model that each lifts (None: moved, see `relaxed`).
FAMILIES: dict[str, str | None] = {
    "land": "land",
    "finance": "credit",
    "labour": "labour",
    "process": "approval",
    "demand": None,
    "attraction": None,
}
DEMAND_SHIFT = 2.0  # standard deviations by which demand is lifted: the edge of what is plausible


class Share(NamedTuple):
    """Causal share of one family: mean over replicates with its standard error.

    ``of_total`` is the share of what lifting everything brings, ``of_gap`` that of the gap; null
    where there is none.
    """

    value: float
    se: MaybeNan
    of_total: MaybeNan
    of_gap: MaybeNan


class Attribution(NamedTuple):
    """Exact Shapley values of one outcome; the shares sum to ``total``.

    Parameters
    ----------
    outcome : str
        Measure of the plan's year, or ``P(...)`` of it.
    base, target : float
        Mean under the scenario; value asked for.
    gap : float
        Mean shortfall; negative if the mean lies above the target.
    total : float
        What lifting every family brings; the shares sum to it, replicate by replicate.
    total_se : float
    shares : dict of str to Share
    alone : dict of str to float
        What lifting a family alone brings; the difference to its share is interaction.
    """

    outcome: str
    base: MaybeNan
    target: float
    gap: MaybeNan
    total: MaybeNan
    total_se: MaybeNan
    shares: dict[str, Share]
    alone: dict[str, MaybeNan]


def shapley(values: Array) -> Array:
    """Exact Shapley values of a game.

    Parameters
    ----------
    values : ndarray, shape (2**players, ...)
        Worth of every coalition; bit k of the index says whether player k is in it.

    Returns
    -------
    ndarray, shape (players, ...)
        They sum to the worth of all less that of none.

    Raises
    ------
    ValueError
        If the number of coalitions is no power of two.
    """
    count = len(values)
    players = count.bit_length() - 1
    if count != 1 << players:
        message = f"{count} coalitions are no power of two"
        raise ValueError(message)
    array = np.zeros((players, *values.shape[1:]))
    for coalition in range(count):
        size = coalition.bit_count()
        for player in range(players):
            if not coalition >> player & 1:
                weight = math.factorial(size) * math.factorial(players - size - 1)
                gain = values[coalition | 1 << player] - values[coalition]
                array[player] += weight / math.factorial(players) * gain
    return array


def relaxed(scenario: ResolvedScenario, families: Sequence[str], pack: Pack) -> Variant:
    """Return a scenario with some families of constraints lifted.

    Land, finance, labour and process lose their gate; demand is lifted by two standard deviations;
    attraction goes to the ends of its levers' ranges.
    """
    moved = scenario
    if "attraction" in families:
        moved = adjust(moved, {"attraction": 2.0}, pack)[0]
    if "demand" in families:
        moved = replace(moved, demand_shift=min(4.0, moved.demand_shift + DEMAND_SHIFT))
    gates = frozenset(gate for name in families if (gate := FAMILIES[name]) is not None)
    return Variant(replace(moved, name="+".join([scenario.name, *families])), relaxed=gates)


def attribute(
    setup: Setup,
    scenario: ResolvedScenario,
    outcomes: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Attribution, ...]:
    """Attribute what lifting constraints brings: every combination of families is run.

    Parameters
    ----------
    setup : Setup
        Pack, replicates, seed.
    scenario : ResolvedScenario
        Where the constraints hold.
    outcomes : sequence of str, optional
        Targets of the plan, by default its goals; each is attributed in its own unit and as a probability.
    progress : callable, optional
        Called with (replicates done, replicates in all).

    Returns
    -------
    tuple of Attribution
        Two for each outcome.
    """
    names = tuple(FAMILIES)
    pack = setup.pack
    outcomes = goals(pack) if outcomes is None else outcomes
    variants = [
        relaxed(scenario, [name for k, name in enumerate(names) if c >> k & 1], pack)
        for c in range(1 << len(names))
    ]
    short = replace(setup, through=12 * pack.plan_year + 11)
    results = run(short, variants, full=False, keep=outcomes, progress=progress)
    good = together(results)
    year = results[0].setup.years.index(pack.plan_year)
    result = []
    for name in outcomes:
        target = pack.plan.target(name)
        values = np.stack([r.outcomes[name][good, year] for r in results])
        result.append(_attribution(name, values, target.value, names))
        met = np.stack([meets(row, target) for row in values]).astype(float)
        result.append(_attribution(f"P({name})", met, 1.0, names))
    return tuple(result)


def _attribution(outcome: str, values: Array, target: float, names: Sequence[str]) -> Attribution:
    """Means and standard errors of the shares; a share is linear in the replicates."""
    each = shapley(values)
    total = values[-1] - values[0]
    whole, base = float(total.mean()), float(values[0].mean())
    gap = target - base
    shares = {}
    for name, row in zip(names, each, strict=True):
        mean = float(row.mean())
        of_total, of_gap = mean / whole if whole else math.nan, mean / gap if gap > 0 else math.nan
        shares[name] = Share(mean, standard_error(row), of_total, of_gap)
    alone = {name: float((values[1 << k] - values[0]).mean()) for k, name in enumerate(names)}
    return Attribution(outcome, base, target, gap, whole, standard_error(total), shares, alone)


def standard_error(values: Array) -> float:
    """Standard error of the mean over replicates; undefined values are left out."""
    n = len(values)
    return float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
