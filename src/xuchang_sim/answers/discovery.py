"""Scenario discovery and robustness: where in the uncertain space a target is missed.

PRIM (Friedman and Fisher 1999; Bryant and Lempert 2010) peels a box towards the cases of interest;
each limit is judged by a quasi-p value. Robustness asks the reverse: over how much of the space, and
how far from the central values, a scenario still does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np

from xuchang_sim.answer import Answer, MaybeNan, Probability
from xuchang_sim.answers.assess import manifest
from xuchang_sim.answers.designs import make_design
from xuchang_sim.answers.packages import Goal, parse_goal
from xuchang_sim.answers.records import Manifest
from xuchang_sim.answers.sweep import collect
from xuchang_sim.forecast.drivers import drivers
from xuchang_sim.simulation.measures import meets
from xuchang_sim.simulation.results import together
from xuchang_sim.simulation.run import Setup, Variant, run
from xuchang_sim.units import month_index, month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

PEEL, PASTE, LEAST_MASS = 0.05, 0.05, 0.05
DENSITY = 0.8  # a box is reported from the first step at which so many of its cases are of interest
MOST_BOXES = 3
SIGNIFICANT = 0.05  # quasi-p above which a limit is dropped
DEMAND = "demand_growth"


class Step(NamedTuple):
    """A box on the way: limits (low, high) of the factors, cases in it, of interest, shares."""

    limits: tuple[tuple[float, float], ...]
    cases: int
    hits: int
    coverage: float
    density: float
    mass: float


@dataclass(frozen=True)
class Box:
    """A box found by PRIM.

    Attributes
    ----------
    names : tuple of str
        Factors.
    steps : tuple of Step
        From the whole space to the smallest box.
    chosen : int
        The step that is reported.
    quasi_p : dict of str to (float, float)
        For each restricted factor, how likely the density is without the lower and the upper
        limit; NaN where there is no limit.
    """

    names: tuple[str, ...]
    steps: tuple[Step, ...]
    chosen: int
    quasi_p: dict[str, tuple[float, float]]

    @property
    def step(self) -> Step:
        """The reported step."""
        return self.steps[self.chosen]

    @property
    def restricted(self) -> tuple[str, ...]:
        """Factors with a limit, in their order."""
        return tuple(self.quasi_p)


def prim(
    x: Array,
    interest: Bools,
    names: Sequence[str],
    *,
    peel: float = PEEL,
    paste: float = PASTE,
    least_mass: float = LEAST_MASS,
    density: float | None = None,
) -> Box:
    """Peel and paste a box towards the cases of interest.

    A peel cuts the share ``peel`` off one end of one factor; the cut with the largest gain of
    density for each case given up is taken (of equals, the one that restricts fewest factors).

    Parameters
    ----------
    x : ndarray, shape (cases, factors)
    interest : ndarray of bool, shape (cases,)
    names : sequence of str
    peel, paste : float
        Share of the box's cases that a step removes or gives back.
    least_mass : float
        Smallest share of all cases that a box may hold.
    density : float, optional
        Report the first box that is so dense; by default the last.

    Raises
    ------
    ValueError
        If there are no cases, or a value is not finite.
    """
    if len(x) == 0 or not np.isfinite(x).all():
        message = "PRIM needs cases, and finite values in all of them"
        raise ValueError(message)
    steps, last = _peeled(x, interest, np.ones(len(x), dtype=bool), peel, least_mass, paste)
    chosen = last
    if density is not None:
        dense = [k for k, step in enumerate(steps) if step.density >= density]
        chosen = dense[0] if dense else last
    quasi = _quasi_p(x, interest, names, steps[0], steps[chosen])
    return Box(tuple(names), tuple(steps), chosen, quasi)


def _peeled(
    x: Array, interest: Bools, inside: Bools, peel: float, least_mass: float, paste: float
) -> tuple[list[Step], int]:
    """Trajectory of boxes; the last is the best that pasting found."""
    n = len(x)
    start = np.stack([x.min(axis=0), x.max(axis=0)])
    limits = start.copy()
    found = [_step(limits, inside, interest)]
    while True:
        best: tuple[tuple[float, int], Array, Bools] | None = None
        for k in range(x.shape[1]):
            for side, share in ((1, 1.0 - peel), (0, peel)):
                value = _cut(x[inside, k], share)
                kept = inside & (x[:, k] <= value if side else x[:, k] >= value)
                candidate = limits.copy()
                candidate[side, k] = value
                best = _better(best, interest, inside, kept, candidate, start)
        if best is None or best[0][0] <= 0 or best[2].sum() / n < least_mass:
            break
        limits, inside = best[1], best[2]
        found.append(_step(limits, inside, interest))
    while True:
        best = None
        for k in [int(i) for i in np.flatnonzero((limits != start).any(axis=0))]:
            for side in (0, 1):
                candidate = _widened(x, limits, start, k, side, paste)
                kept = ((x >= candidate[0]) & (x <= candidate[1])).all(axis=1)
                best = _better(best, interest, inside, kept, candidate, start)
        denser = best is not None and interest[best[2]].mean() > interest[inside].mean()
        if best is None or best[0][0] <= 0 or not denser or best[2].sum() <= inside.sum():
            break
        limits, inside = best[1], best[2]
        found.append(_step(limits, inside, interest))
    return found, len(found) - 1


def _step(limits: Array, inside: Bools, interest: Bools) -> Step:
    """Count a box."""
    cases, met, hits = int(inside.sum()), int(interest[inside].sum()), int(interest.sum())
    return Step(
        tuple((float(a), float(b)) for a, b in limits.T),
        cases,
        met,
        met / hits if hits else math.nan,
        met / cases if cases else math.nan,
        cases / len(inside),
    )


def _cut(values: Array, share: float) -> float:
    """Midway between the order statistics around a quantile, ties skipped towards the middle."""
    ordered = np.sort(values)
    at = (len(ordered) - 1) * share
    low, high = math.floor(at), math.ceil(at)
    if share > 0.5:
        while ordered[low] == ordered[high] and low > 0:
            low -= 1
    else:
        while ordered[low] == ordered[high] and high < len(ordered) - 1:
            high += 1
    return float((ordered[low] + ordered[high]) / 2.0)


def _better(
    best: tuple[tuple[float, int], Array, Bools] | None,
    interest: Bools,
    inside: Bools,
    kept: Bools,
    limits: Array,
    start: Array,
) -> tuple[tuple[float, int], Array, Bools] | None:
    """Return the better of two moves: gain of density for each case, then fewer limits."""
    change = abs(int(kept.sum()) - int(inside.sum()))
    if change == 0 or not kept.any():
        return best
    gain = float(interest[kept].mean() - interest[inside].mean()) / change
    free = int((limits == start).all(axis=0).sum())
    if best is None or (gain, free) > best[0]:
        return (gain, free), limits, kept
    return best


def _widened(x: Array, limits: Array, start: Array, k: int, side: int, paste: float) -> Array:
    """Give back a share of the cases beyond one limit, inside all others."""
    beyond = limits.copy()
    beyond[:, k] = (limits[1, k], start[1, k]) if side else (start[0, k], limits[0, k])
    data = x[((x >= beyond[0]) & (x <= beyond[1])).all(axis=1), k]
    wider = limits.copy()
    wider[side, k] = _cut(data, paste if side else 1.0 - paste) if len(data) else start[side, k]
    return wider


def _quasi_p(
    x: Array, interest: Bools, names: Sequence[str], first: Step, at: Step
) -> dict[str, tuple[float, float]]:
    """How likely as many hits are by chance if one limit is dropped (one-sided binomial)."""
    from scipy.stats import binom  # noqa: PLC0415 - slow to import

    limits, start = np.array(at.limits).T, np.array(first.limits).T
    found = {}
    for k, name in enumerate(names):
        if (limits[:, k] == start[:, k]).all():
            continue
        values = []
        for side in (0, 1):
            if limits[side, k] == start[side, k]:
                values.append(math.nan)
                continue
            wider = limits.copy()
            wider[side, k] = start[side, k]
            kept = ((x >= wider[0]) & (x <= wider[1])).all(axis=1)
            share = float(interest[kept].mean())
            values.append(float(binom.sf(at.hits - 1, at.cases, share)))
        found[name] = (values[0], values[1])
    return found


def simplified(x: Array, interest: Bools, box: Box, level: float = SIGNIFICANT) -> Box:
    """Drop, one by one, the limits that chance alone explains (quasi-p above ``level``).

    Parameters
    ----------
    x, interest
        As given to :func:`prim`.
    box : Box
    level : float

    Returns
    -------
    Box
        Its last step is the box with the limits that remain.
    """
    first = box.steps[0]
    limits, start = np.array(box.step.limits).T, np.array(first.limits).T
    while True:
        inside = ((x >= limits[0]) & (x <= limits[1])).all(axis=1)
        step = _step(limits, inside, interest)
        quasi = _quasi_p(x, interest, box.names, first, step)
        worst = max(
            ((p, name, side) for name, pair in quasi.items() for side, p in enumerate(pair)),
            key=lambda entry: -1.0 if math.isnan(entry[0]) else entry[0],
            default=(0.0, "", 0),
        )
        if not worst[0] > level:
            return Box(box.names, (*box.steps, step), len(box.steps), quasi)
        k = box.names.index(worst[1])
        limits[worst[2], k] = start[worst[2], k]


# ------------------------------------------------------------------------------------- the model


class Limit(TypedDict):
    """Limits of a factor, null where there is none, each with its quasi-p value."""

    factor: str
    unit: str
    low: float | None
    high: float | None
    p_low: MaybeNan
    p_high: MaybeNan


class Point(TypedDict):
    """A step of the peeling: coverage, density and mass, shares."""

    coverage: MaybeNan
    density: MaybeNan
    mass: MaybeNan


class BoxRecord(Point):
    """A box in which the goal is missed: the share of all misses in it, and how dense they are."""

    cases: int
    limits: list[Limit]
    trajectory: list[Point]


@dataclass(frozen=True, eq=False)
class Discovery(Answer):
    """Boxes in which a goal is missed despite a scenario.

    Attributes
    ----------
    share : float
        Share of all replicates that miss it.
    boxes : tuple of Box
        One after the other, each on what the earlier ones left over.
    robustness : Robustness or None
        How robust this and other scenarios are, if that was asked for.
    """

    goal: Goal
    scenario: str
    names: tuple[str, ...]
    share: float
    boxes: tuple[Box, ...]
    setup: Setup
    units: Mapping[str, str]
    robustness: Robustness | None = None

    KEYS = (
        *("goal", "scenario", "replicates", "seed", "missed", "boxes", "manifest"),
        "robustness",
    )
    ALIASES = MappingProxyType({"goal": "goal_ids", "missed": "share", "boxes": "box_rows"})
    OPTIONAL = frozenset({"robustness"})
    ROWS = "boxes"
    COLUMNS = ("coverage", "density", "mass", "cases")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.scenario}: where {' + '.join(self.goal.ids)} is missed ({self.share:.0%})"

    @property
    def goal_ids(self) -> list[str]:
        """Ids of the targets that make up the goal."""
        return list(self.goal.ids)

    @property
    def replicates(self) -> int:
        """Simulated futures."""
        return self.setup.replicates

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.setup.seed

    @property
    def box_rows(self) -> list[BoxRecord]:
        """Boxes, one after the other, each on what the earlier ones left over."""
        return [
            {
                "coverage": box.step.coverage,
                "density": box.step.density,
                "mass": box.step.mass,
                "cases": box.step.cases,
                "limits": [
                    {
                        "factor": name,
                        "unit": self.units.get(name, "比例"),
                        "low": None if math.isnan(box.quasi_p[name][0]) else low,
                        "high": None if math.isnan(box.quasi_p[name][1]) else high,
                        "p_low": box.quasi_p[name][0],
                        "p_high": box.quasi_p[name][1],
                    }
                    for name, (low, high) in zip(box.names, box.step.limits, strict=True)
                    if name in box.quasi_p
                ],
                "trajectory": [
                    {"coverage": s.coverage, "density": s.density, "mass": s.mass}
                    for s in box.steps
                ],
            }
            for box in self.boxes
        ]

    @property
    def manifest(self) -> Manifest:
        """What identifies the result."""
        return manifest(self.setup, [])


def uncertain(results: Results) -> dict[str, Array]:
    """What differs between the replicates of a run: parameters, and growth of demand.

    Demand growth is the mean over the plan's year of value added and producer prices, a fraction.
    """
    setting = results.setting
    good = results.good
    found = {
        name: values[good] for name, values in results.parameters.items() if np.ptp(values) > 0.0
    }
    path = drivers(
        setting.pack,
        setting.replicates,
        setting.seed,
        month_label(setting.through),
        shift_sd=setting.scenario.demand_shift,
        replace=setting.scenario.drivers,
        forecast_sd=results.parameters["forecast_sd"],
    )
    first = 12 * setting.pack.plan_year - month_index(path.months[0])
    year = slice(first, first + 12)
    growth = (path.value_added_yoy + path.ppi_yoy)[:, year].mean(axis=1)
    return {DEMAND: growth[good], **found}


def discover(
    study: Settings,
    scenario: ScenarioLike = "plan",
    goal: str = "revenue_growth",
    *,
    density: float = DENSITY,
    boxes: int = MOST_BOXES,
) -> Discovery:
    """Find where a goal is missed despite a scenario: boxes of parameters and demand.

    Limits that chance explains are dropped; if none remains, no region stands out.

    Parameters
    ----------
    study : Settings
    scenario : str, Path or ResolvedScenario
    goal : str
        Target ids joined by ``+``, or ``joint``.
    density : float
        Share of misses from which a box is reported; at least halfway from the share of all
        replicates to one.
    boxes : int
        Most boxes; the search ends when nothing dense is left.

    Raises
    ------
    InputError
        If an argument is wrong.
    """
    loaded, resolved = study.pack, study.scenario(scenario)
    wanted = parse_goal(goal, loaded)
    if not 0.0 < density <= 1.0 or boxes < 1:
        raise InputError([Problem("--density", "", 0, "allowed: above 0, at most 1")])
    setup = study.setup(through=12 * loaded.plan_year + 11)
    results = run(setup, [Variant(resolved)], full=False, keep=wanted.ids, progress=study.progress)[
        0
    ]
    together([results])
    met = np.logical_and.reduce(
        [meets(results.outcome(name), loaded.plan.target(name)) for name in wanted.ids]
    )
    table = uncertain(results)
    names = tuple(table)
    x, interest = np.stack(list(table.values()), axis=1), ~met
    # Where most replicates miss it anyway, a box must say more than that.
    density = max(density, (1.0 + float(interest.mean())) / 2.0)
    found: list[Box] = []
    left = np.ones(len(x), dtype=bool)
    while len(found) < boxes and 0 < interest[left].sum() < left.sum():
        box = prim(x[left], interest[left], names, density=density)
        box = simplified(x[left], interest[left], box)
        if not box.restricted:
            break
        limits = np.array(box.step.limits).T
        found.append(box)
        left &= ~((x >= limits[0]) & (x <= limits[1])).all(axis=1)
    units = {name: p.unit for name, p in loaded.parameters.items()}
    return Discovery(
        wanted, resolved.name, names, float(interest.mean()), tuple(found), setup, units
    )


# ------------------------------------------------------------------------------------- robustness


class Robust(NamedTuple):
    """How a scenario fares over the parameter space.

    ``domain`` is the share of parameter draws with P(goal) of at least a half; ``regret_max`` and
    ``regret_mean`` the largest and mean shortfall of the expected outcome behind the best of the
    scenarios compared, draw by draw, in the outcome's unit.
    """

    scenario: str
    domain: Probability
    regret_max: MaybeNan
    regret_mean: MaybeNan


class InfoGap(NamedTuple):
    """How far the key numbers may go wrong together.

    ``alpha`` is the largest deviation, as a share of the way from the central value to the end of
    the range, at which the worst corner still meets the goal with probability one half; -1 if not
    even the central values do, 1 if all of the range does. ``worst`` says which way is worse.
    """

    scenario: str
    alpha: float
    worst: dict[str, float]
    p: dict[float, float]


class GapRecord(TypedDict):
    """See :class:`InfoGap`; ``p`` by the deviation, written as text."""

    scenario: str
    alpha: float
    worst: dict[str, float]
    p: dict[str, Probability]


@dataclass(frozen=True, eq=False)
class Robustness(Answer):
    """Robustness of scenarios against parameters and demand."""

    goal: Goal
    rows: tuple[Robust, ...]
    gaps: tuple[InfoGap, ...]
    draws: int
    setup: Setup

    KEYS = ("goal", "draws", "replicates", "rows", "info_gap")
    ALIASES = MappingProxyType({"goal": "goal_ids"})
    ROWS = "rows"

    @property
    def goal_ids(self) -> list[str]:
        """Ids of the targets that make up the goal."""
        return list(self.goal.ids)

    @property
    def replicates(self) -> int:
        """Worlds behind each number of the info-gap question."""
        return self.setup.replicates

    @property
    def info_gap(self) -> list[GapRecord]:
        """How far the key numbers may go wrong together."""
        return [
            {
                "scenario": gap.scenario,
                "alpha": gap.alpha,
                "worst": gap.worst,
                "p": {str(k): v for k, v in gap.p.items()},
            }
            for gap in self.gaps
        ]


#: What may go wrong in the info-gap question: parameters and demand.
KEY = ("realised_yield", "opening_land_months", "crowd_out", "approval_months", "demand_shift")
ALPHAS = tuple(k / 10 for k in range(11))


def robustness(
    study: Settings,
    scenarios: Sequence[ScenarioLike] = ("no_plan", "plan", "all_high"),
    goal: str = "fai_growth",
    *,
    draws: int = 64,
    replicates: int = 16,
    key: Sequence[str] = KEY,
) -> Robustness:
    """Say over how much of the space, and how far from the centre, scenarios meet a goal.

    Parameters
    ----------
    study : Settings
        Its number of replicates is not used.
    scenarios : sequence
        Scenarios compared; regret is behind the best of them.
    goal : str
        A target id.
    draws : int
        Parameter draws.
    replicates : int
        Replicates of each draw; the same for all draws and scenarios.
    key : sequence of str
        Parameters and ``demand_shift`` that may go wrong together.
    """
    loaded, through = study.pack, f"{study.pack.plan_year}-12"
    wanted = parse_goal(goal, loaded)
    found = [study.scenario(s) for s in scenarios]
    design = make_design(
        study.with_(replicates=replicates, through=through),
        {},
        name="robustness",
        scenarios=found,
        draws=draws,
        measures=wanted.ids,
    )
    frame = collect(design, threads=study.threads, progress=study.progress)
    shape = (draws, len(found), replicates)
    values = [frame[name].to_numpy().reshape(shape) for name in wanted.ids]
    targets = [loaded.plan.target(name) for name in wanted.ids]
    each = [meets(v, target) for v, target in zip(values, targets, strict=True)]
    chance = np.logical_and.reduce(each).mean(axis=2)
    sign = -1.0 if targets[0].direction in {"at_most", "below"} else 1.0
    means = sign * np.nanmean(values[0], axis=2)
    regret = means.max(axis=1, keepdims=True) - means
    rows = tuple(
        Robust(
            s.name,
            float((chance[:, k] >= 0.5).mean()),
            float(regret[:, k].max()),
            float(regret[:, k].mean()),
        )
        for k, s in enumerate(found)
    )
    last = 12 * loaded.plan_year + 11
    setup = study.setup(replicates=4 * replicates, through=last, draws="central")
    gaps = tuple(info_gap(setup, s, wanted, key) for s in found)
    return Robustness(wanted, rows, gaps, draws, setup)


def info_gap(
    setup: Setup, scenario: ResolvedScenario, goal: Goal, key: Sequence[str] = KEY
) -> InfoGap:
    """Find how far key numbers may go wrong together before the goal is more likely missed.

    The worse way of each is found one at a time at half the deviation; the worst corner goes all
    the worse ways at once.
    """
    pack = setup.pack

    def at(deviations: Mapping[str, float]) -> ResolvedScenario:
        moved, fixed = scenario, dict(scenario.parameters)
        for name, x in deviations.items():
            if name == "demand_shift":
                shift = min(4.0, max(-4.0, scenario.demand_shift + 2.0 * x))
                moved = replace(moved, demand_shift=shift)
            else:
                parameter = pack.parameters[name]
                centre = float(parameter.default or 0.0)
                end = parameter.high if x > 0 else parameter.low
                fixed[name] = centre + abs(x) * (end - centre)
        return replace(moved, parameters=fixed)

    def outcome(deviations: Mapping[str, float]) -> tuple[float, float]:
        """Probability of the goal, and the mean of its first outcome, the better the larger."""
        result = run(setup, [Variant(at(deviations))], full=False, keep=goal.ids)[0]
        targets = [pack.plan.target(name) for name in goal.ids]
        met = np.logical_and.reduce([meets(result.outcome(t.id), t) for t in targets])
        sign = -1.0 if targets[0].direction in {"at_most", "below"} else 1.0
        return float(met.mean()), sign * float(result.outcome(goal.ids[0]).mean())

    worst = {}
    for name in key:
        down, up = outcome({name: -0.5})[1], outcome({name: 0.5})[1]
        worst[name] = -1.0 if down <= up else 1.0
    chance: dict[float, float] = {}

    def holds(alpha: float) -> bool:
        chance[alpha] = outcome({name: alpha * way for name, way in worst.items()})[0]
        return chance[alpha] >= 0.5

    if not holds(0.0):
        return InfoGap(scenario.name, -1.0, worst, chance)
    low, high = 0, len(ALPHAS) - 1
    if holds(ALPHAS[high]):
        return InfoGap(scenario.name, 1.0, worst, chance)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(ALPHAS[middle]) else (low, middle)
    return InfoGap(scenario.name, ALPHAS[low], worst, dict(sorted(chance.items())))
