"""Robustness: over how much of the parameters' space scenarios meet a goal, and how far they may move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xuchang_sim.answer import MaybeNan, Probability
from xuchang_sim.answers.designs import make_design
from xuchang_sim.answers.packages import Goal, OfGoal, parse_goal
from xuchang_sim.answers.sweep import collect
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.settings import listed
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import meets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.settings import ScenarioLike, Settings


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
    p: dict[float, Probability]


@dataclass(frozen=True, eq=False)
class Robustness(OfGoal):
    """Robustness of scenarios against parameters and demand."""

    goal: Goal
    rows: tuple[Robust, ...]
    gaps: tuple[InfoGap, ...]
    draws: int
    setup: Setup
    sources: tuple[ResolvedScenario, ...]

    KEYS = ("goal", "draws", "replicates", "seed", "rows", "info_gap", "manifest")
    ALIASES = MappingProxyType({"goal": "goal_ids", "info_gap": "gaps"})
    ROWS = "rows"

    @property
    def replicates(self) -> int:
        """Worlds behind each number of the info-gap question."""
        return self.setup.replicates


#: Uncertain inputs of the info-gap question: parameters and demand.
KEY = ("realised_yield", "opening_land_months", "crowd_out", "approval_months", "demand_shift")
ALPHAS = tuple(k / 10 for k in range(11))


def robustness(
    study: Settings,
    scenarios: ScenarioLike | Sequence[ScenarioLike] = ("no_plan", "plan", "all_high"),
    goal: str = "fai_growth",
    *,
    draws: int = 64,
    replicates: int = 16,
    key: str | Sequence[str] = KEY,
) -> Robustness:
    """Measure the part of the parameter space, and its radius, in which scenarios meet a goal.

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
    result = study.scenarios(scenarios)
    design = make_design(
        study.with_(replicates=replicates, through=through),
        {},
        name="robustness",
        scenarios=result,
        draws=draws,
        measures=wanted.ids,
    )
    frame = collect(design, threads=study.threads, progress=study.progress)
    shape = (draws, len(result), replicates)
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
        for k, s in enumerate(result)
    )
    last = 12 * loaded.plan_year + 11
    setup = study.setup(replicates=4 * replicates, through=last, draws="central")
    gaps = tuple(info_gap(setup, s, wanted, listed(key)) for s in result)
    return Robustness(wanted, rows, gaps, draws, setup, tuple(result))


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
