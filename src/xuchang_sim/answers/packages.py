"""Policy packages: the smallest bundles of levers that make a target likely.

Bundles are points of a grid over families of levers; :mod:`xuchang_sim.answers.search` finds the
smallest, and the model says of each how often every target is met.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict

import numpy as np

from xuchang_sim import definitions
from xuchang_sim.answer import MaybeNan, Probability, Unit
from xuchang_sim.answers.records import OfSources
from xuchang_sim.answers.search import (
    MOST_BUNDLES,
    TOGETHER,
    Bundle,
    Hurdle,
    Search,
    cleared,
    fewest_successes,
    lower_bound,
    search,
)
from xuchang_sim.pack.levers import AXES
from xuchang_sim.pack.scenario import ResolvedScenario, adjust
from xuchang_sim.simulation.results import together, wilson
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.settings import listed
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import NO_GOAL, goals, meets, modelled, unmodelled
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: Strengths of the grid: absent, halfway, plan, halfway to the end of the range, the end.
GRID = (0.0, 0.5, 1.0, 1.5, 2.0)
#: Families of levers that a bundle is made of; works act on neither target.
FAMILIES = ("land", "finance", "labour", "process", "attraction")
#: Second hurdle: at the lower quartile of parameter draws, P must reach this share of the
#: requested P.
ROBUST = 0.75
QUARTILE = 0.25
DRAWS, WORLDS = (8, 50), (4, 20)  # fewest, most parameter draws of the second hurdle, and worlds


class Goal(NamedTuple):
    """Goal: targets of the plan, all of them together."""

    ids: tuple[str, ...]


class OfGoal(OfSources):
    """Answer about a goal, a field of the subclass."""

    goal: Goal

    @property
    def goal_ids(self) -> list[str]:
        """Ids of the targets that make up the goal."""
        return list(self.goal.ids)


def parse_goal(text: str, pack: Pack) -> Goal:
    """Read a goal: target ids joined by ``+``, or ``joint``.

    Raises
    ------
    InputError
        If a target does not exist.
    """
    ids = goals(pack) if text == "joint" else tuple(text.split("+"))
    known = [target.id for target in modelled(pack)]
    reasons = unmodelled(pack)
    problems = [
        Problem(
            "goal",
            "",
            0,
            phrase(
                "ask.not_modelled_known",
                name=name,
                reason=reasons[name],
                known=", ".join(known),
            )
            if name in reasons
            else phrase(
                "ask.no_target", name=name, hint=did_you_mean(name, known), known=", ".join(known)
            ),
        )
        for name in ids
        if name not in known
    ]
    if not ids:
        problems.append(Problem("goal", "", 0, str(NO_GOAL)))
    if problems:
        raise InputError(problems)
    return Goal(ids)


class Choice(NamedTuple):
    """A bundle as a planner reads it.

    ``strengths`` by family or lever (0 absent, 1 plan, 2 the end of its range); ``levels`` of the
    levers that differ from the base; ``cost`` beyond the base, 亿元 a year, of what has a price.
    ``p`` over all futures, with its 95% interval and its lower 90% bound. ``quartile`` is what
    three parameter draws in four reach at least, each with a P of its own, ``quartile_bound`` its
    lower 90% bound; NaN where the parameters are not drawn. A bundle is accepted on both bounds.
    """

    strengths: dict[str, float]
    levels: dict[str, float]
    cost: Annotated[float, Unit("亿元/年")]
    p: Probability
    p_low: Probability
    p_high: Probability
    p_bound: Probability
    quartile: MaybeNan
    quartile_bound: MaybeNan
    replicates: int


class GoalTarget(TypedDict):
    """A target of the goal, and the largest value of it that is reached with probability ``p``."""

    id: str
    label_zh: str
    label_en: str
    value: float
    unit: str
    highest: MaybeNan


@dataclass(frozen=True, eq=False)
class BundleResult(OfGoal):
    """The smallest bundles, or what is reachable instead.

    Attributes
    ----------
    goal : Goal
    p : float
        That the lower 90% bound of P must reach.
    robust : float
        That the lower 90% bound of the quartile of P over parameter draws must reach; 0 for none.
    draws, worlds : int
        Parameter draws behind the quartile, and worlds of each.
    reachable : bool
    bundles : tuple of Choice
        All minimal bundles, the cheapest first; empty if there is none.
    best : Choice
        The bundle with the highest probability among those run to the end.
    highest : dict of str to float
        Largest value of each target that is reached with probability ``p``, by any of those.
    search : Search
    """

    goal: Goal
    p: float
    robust: float
    draws: int
    worlds: int
    base: str
    factors: tuple[str, ...]
    grid: tuple[float, ...]
    reachable: bool
    bundles: tuple[Choice, ...]
    best: Choice
    highest: dict[str, float]
    search: Search
    setup: Setup
    spent: int
    failed: int
    sources: tuple[ResolvedScenario, ...]

    KEYS = (
        *("goal", "targets", "p", "robust", "draws", "worlds", "base", "factors", "grid"),
        *("reachable", "bundles", "best", "replicates", "failed", "seed", "grid_size"),
        *("bundles_run", "runs", "violations", "manifest"),
    )
    ALIASES = MappingProxyType({"goal": "goal_ids", "runs": "spent"})
    ROWS = "bundles"
    COLUMNS = ("cost", "p", "p_low", "p_high", "p_bound", "quartile")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        words = "smallest bundles" if self.reachable else "not reachable; see best"
        return f"{' + '.join(self.goal.ids)} with P ≥ {self.p:g}: {words}"

    @property
    def targets(self) -> list[GoalTarget]:
        """Every target of the goal."""
        plan = self.setup.pack.plan
        return [
            {
                "id": name,
                "label_zh": plan.target(name).label_zh,
                "label_en": plan.target(name).label_en,
                "value": plan.target(name).value,
                "unit": plan.target(name).unit,
                "highest": self.highest[name],
            }
            for name in self.goal.ids
        ]

    @property
    def replicates(self) -> int:
        """Simulated futures of a bundle."""
        return self.setup.replicates

    @property
    def grid_size(self) -> int:
        """Bundles of the grid."""
        return self.search.bundles

    @property
    def bundles_run(self) -> int:
        """Bundles that were run at all."""
        return len(self.search.tried)

    @property
    def violations(self) -> int:
        """Pairs of bundles in which more is worse."""
        return len(self.search.violations)


def cost(scenario: ResolvedScenario, base: ResolvedScenario, pack: Pack) -> float:
    """Cost of a scenario beyond another, 亿元 a year, of the levers that have a price.

    Prices are those of the definitions, exactly, at the central values of the pack's parameters;
    administrative levers have none.
    """
    values = {name: parameter.default for name, parameter in pack.parameters.items()}
    total = 0.0
    for name, lever in definitions.levers().items():
        if lever.price.per is None or name not in scenario.levels:
            continue
        unit = definitions.price(name, values, len(pack.region.zones))
        total += float(unit or 0) * (scenario.levels[name] - base.levels[name])
    return total


def strengthened(
    base: ResolvedScenario, strengths: dict[str, float], pack: Pack
) -> ResolvedScenario:
    """Return a scenario with families or single levers at a strength.

    Raises
    ------
    InputError
        If a name or a strength is not allowed.
    """
    changes: dict[str, float | str] = {}
    problems = []
    for name, x in strengths.items():
        if name in AXES:
            changes[name] = x
        elif name in pack.levers:
            changes[name] = pack.levers[name].strength(x)
        else:
            known = [*AXES, *pack.levers]
            text = phrase("ask.no_family", name=name, hint=did_you_mean(name, known))
            problems.append(
                Problem("factors", "", 0, phrase("ask.allowed", text=text, known=", ".join(known)))
            )
    result, faults = adjust(base, changes, pack)
    problems += [Problem("factors", name, 0, text) for name, text in faults]
    if problems:
        raise InputError(problems)
    name = ",".join(f"{k}={x:g}" for k, x in strengths.items())
    return replace(result, name=name or base.name)


def smallest_bundle(
    study: Settings,
    goal: str = "fai_growth",
    p: float = 0.8,
    *,
    factors: str | Sequence[str] | None = None,
    grid: Sequence[float] = GRID,
    base: ScenarioLike = "no_plan",
    robust: float | None = None,
    draws: int | None = None,
    worlds: int | None = None,
    exhaustive: bool = False,
) -> BundleResult:
    """Find the smallest bundles of levers with which a goal is met with probability ``p``.

    A bundle is accepted if two lower 90% bounds hold: of P over all futures, and of the lower
    quartile of P over parameter draws, each draw run in the same worlds under every bundle.

    Parameters
    ----------
    study : Settings
        Its progress is called with (bundles decided, bundles in all).
    goal : str
        Target ids joined by ``+``, or ``joint``.
    p : float
        Probability that the lower 90% bound must reach.
    factors : sequence of str, optional
        Families of levers or single levers that make up a bundle; by default :data:`FAMILIES`.
    grid : sequence of float
        Strengths, rising: 0 absent, 1 plan, 2 the end of the range.
    base : str, Path or ResolvedScenario
        What everything else stays at.
    robust : float, optional
        Probability that the bound of the quartile must reach; by default three quarters of ``p``,
        0 to leave it out. It is left out with central parameters.
    draws, worlds : int, optional
        Parameter draws behind the quartile, and worlds (replicates) in which each of them is run;
        by default a quarter (8 to 50) and a tenth (4 to 20) of ``replicates``.
    exhaustive : bool
        Run the whole grid.

    Returns
    -------
    BundleResult

    Raises
    ------
    InputError
        If an argument is wrong.

    Examples
    --------
    >>> from xuchang_sim import Study
    >>> smallest_bundle(Study(replicates=20), "fai_growth", 0.5, factors=["land"], grid=[0, 1, 2]).grid
    (0, 1, 2)
    """
    loaded, setup, replicates = study.pack, study.setup(), study.replicates
    factors = FAMILIES if factors is None else listed(factors)
    start = study.scenario(base)
    wanted = parse_goal(goal, loaded)
    problems = []
    if not 0.0 < p < 1.0:
        problems.append(Problem("--p", "", 0, phrase("ask.p", p=p)))
    if robust is not None and not 0.0 <= robust <= 1.0:
        problems.append(Problem("--robust", "", 0, phrase("ask.robust", robust=robust)))
    rising = all(a < b for a, b in itertools.pairwise(grid))
    if not grid or not rising or min(grid) < 0 or max(grid) > 2:
        problems.append(Problem("--grid", "", 0, phrase("ask.strengths")))
    if not factors or len(set(factors)) < len(factors):
        problems.append(Problem("--factors", "", 0, phrase("ask.each_once")))
    if len(grid) ** len(factors) > MOST_BUNDLES:
        text = phrase(
            "ask.bundles", grid=len(grid), factors=len(factors), most_bundles=MOST_BUNDLES
        )
        problems.append(Problem("--factors", "", 0, text))
    if not problems and fewest_successes(replicates, p) > replicates:
        text = phrase("ask.prove", replicates=replicates, p=p)
        problems.append(Problem("--replicates", "", 0, text))
    draws = min(DRAWS[1], max(DRAWS[0], replicates // 4)) if draws is None else draws
    worlds = min(WORLDS[1], max(WORLDS[0], replicates // 10)) if worlds is None else worlds
    if draws < 1 or fewest_successes(draws, 1.0 - QUARTILE) > draws:
        text = phrase("ask.prove_draws", draws=draws)
        problems.append(Problem("draws", "", 0, text))
    if worlds < 1:
        problems.append(Problem("worlds", "", 0, phrase("ask.worlds", worlds=worlds)))
    if problems:
        raise InputError(problems)
    strengthened(start, dict.fromkeys(factors, max(grid)), loaded)
    least = ROBUST * p if robust is None else robust
    least = 0.0 if setup.draws == "central" else least
    model = _Model(setup, start, tuple(factors), tuple(grid), wanted, (least, draws, worlds))
    hurdles = [Hurdle(model, p, replicates)]
    if least:
        hurdles.append(Hurdle(model.holds, 1.0 - QUARTILE, draws))
    sizes = [len(grid)] * len(factors)
    match = search(sizes, hurdles, exhaustive=exhaustive, progress=study.progress)
    # Best reachable alternatives: the corners of the grid, run to the end.
    if not match.minimal:
        full = list(itertools.product((0, len(grid) - 1), repeat=len(factors)))
        values = model.values(full)
        likely = model.met(values).sum(axis=1) >= hurdles[0].needed
        accepted = [bundle for bundle, good in zip(full, likely, strict=True) if good]
        for hurdle in hurdles[1:]:
            accepted = cleared(accepted, hurdle, {})
        if accepted:  # More is worse somewhere: nothing may be inferred.
            match = search(sizes, hurdles, exhaustive=True, progress=study.progress)
    if match.minimal:
        full = [*match.minimal]
        values = model.values(full)
        described = full
    else:
        described = [full[int(model.met(values).sum(axis=1).argmax())]]
    quartiles = model.quartiles(described)
    choices = [
        model.choice(bundle, values[:, full.index(bundle)], quartiles[k])
        for k, bundle in enumerate(described)
    ]
    best = max(choices, key=lambda choice: choice.p)
    highest = {
        name: max(reached(row, p, low=lower_is_better(loaded, name)) for row in values[k])
        for k, name in enumerate(wanted.ids)
    }
    bundles = sorted(choices, key=lambda c: (c.cost, tuple(c.strengths.values())))
    return BundleResult(
        wanted,
        p,
        least,
        draws if least else 0,
        worlds if least else 0,
        start.name,
        tuple(factors),
        tuple(grid),
        bool(match.minimal),
        tuple(bundles) if match.minimal else (),
        best,
        highest,
        match,
        setup,
        model.spent,
        model.failed,
        (start,),
    )


def lower_is_better(pack: Pack, name: str) -> bool:
    """Whether a goal is reached from above: a fall, a ceiling."""
    return pack.plan.target(name).direction in {"at_most", "below"}


def reached(values: Array, p: float, *, low: bool = False) -> float:
    """Return the largest value reached with probability ``p`` (the smallest, if ``low``).

    Parameters
    ----------
    values : ndarray, shape (replicates,)
    p : float
        Share of replicates that must be at least as good.
    low : bool
        Whether less is better; a run that failed, NaN, is the worst either way.
    """
    n = len(values)
    ordered = np.sort(values) if low else -np.sort(-values)
    return float(ordered[max(0, math.ceil(p * n - 1e-9) - 1)])


class _Model:
    """The simulation as the search sees it."""

    def __init__(
        self,
        setup: Setup,
        base: ResolvedScenario,
        factors: tuple[str, ...],
        grid: tuple[float, ...],
        goal: Goal,
        quartile: tuple[float, int, int],
    ) -> None:
        self.setup = replace(setup, through=12 * setup.pack.plan_year + 11)
        self.base = base
        self.factors = factors
        self.grid = grid
        self.goal = goal
        self.robust, self.draws, self.worlds = quartile
        self.spent = 0
        self.failed = 0

    def scenario(self, bundle: Bundle) -> ResolvedScenario:
        return strengthened(self.base, self.strengths(bundle), self.setup.pack)

    def strengths(self, bundle: Bundle) -> dict[str, float]:
        return {name: self.grid[k] for name, k in zip(self.factors, bundle, strict=True)}

    def outcomes(
        self,
        bundles: Sequence[Bundle],
        first: int,
        count: int,
        worlds: int = 1,
        *,
        answer: bool = False,
    ) -> Array:
        """Outcomes of the goal's targets: shape (targets, bundles, count); NaN if a run failed.

        Replicates ``first`` to ``first + count``; ``worlds`` of them share a parameter draw. An
        answer needs at least one replicate that ran through.
        """
        part = replace(self.setup, first=first, replicates=count, worlds=worlds)
        variants = [Variant(self.scenario(bundle)) for bundle in bundles]
        results = run(part, variants, full=False, keep=self.goal.ids)
        for result in results if answer else ():
            together([result])
        self.spent += count * len(bundles)
        self.failed += sum(int((~r.good).sum()) for r in results)
        year = results[0].setup.years.index(self.setup.pack.plan_year)
        return np.stack([[r.outcomes[name][:, year] for r in results] for name in self.goal.ids])

    def __call__(self, bundles: Sequence[Bundle], first: int, count: int) -> Bools:
        return self.met(self.outcomes(bundles, first, count))

    def chances(self, bundles: Sequence[Bundle], first: int, count: int) -> Array:
        """P(goal) of parameter draws ``first`` to ``first + count``: shape (bundles, count)."""
        worlds = self.worlds
        runs = self.outcomes(bundles, first * worlds, count * worlds, worlds)
        return np.asarray(self.met(runs).reshape(len(bundles), count, worlds).mean(axis=2))

    def holds(self, bundles: Sequence[Bundle], first: int, count: int) -> Bools:
        """Tell in which parameter draws P(goal) is high enough: shape (bundles, count)."""
        return np.asarray(self.chances(bundles, first, count) >= self.robust - 1e-9)

    def quartiles(self, bundles: Sequence[Bundle]) -> list[tuple[float, float]]:
        """Lower quartile of P(goal) over parameter draws, and its lower 90% bound, by bundle.

        The bound reaches a value if and only if enough draws reach it for :meth:`holds` to pass.
        """
        if not self.robust:
            return [(math.nan, math.nan)] * len(bundles)
        result = []
        for k in range(0, len(bundles), TOGETHER):
            for row in self.chances(bundles[k : k + TOGETHER], 0, self.draws):
                falling = np.sort(row)[::-1]
                middle = math.ceil((1.0 - QUARTILE) * self.draws) - 1
                bound = fewest_successes(self.draws, 1.0 - QUARTILE) - 1
                result.append((float(falling[middle]), float(falling[bound])))
        return result

    def met(self, values: Array) -> Bools:
        """Where all targets are met; a run that failed met none."""
        plan = self.setup.pack.plan
        each = [meets(v, plan.target(name)) for name, v in zip(self.goal.ids, values, strict=True)]
        return np.asarray(np.logical_and.reduce(each))

    def values(self, bundles: Sequence[Bundle]) -> Array:
        """Outcomes over all replicates: shape (targets, bundles, replicates)."""
        parts = [
            self.outcomes(bundles[k : k + TOGETHER], 0, self.setup.replicates, answer=True)
            for k in range(0, len(bundles), TOGETHER)
        ]
        return np.concatenate(parts, axis=1)

    def choice(self, bundle: Bundle, values: Array, quartile: tuple[float, float]) -> Choice:
        """Describe a bundle; values of shape (targets, replicates)."""
        scenario = self.scenario(bundle)
        met = self.met(values)
        low, high = wilson(float(met.sum()), len(met))
        moved = {k: v for k, v in scenario.levels.items() if v != self.base.levels[k]}
        price = cost(scenario, self.base, self.setup.pack)
        p = float(met.mean())
        bound = lower_bound(int(met.sum()), len(met))
        strengths = self.strengths(bundle)
        return Choice(strengths, moved, price, p, low, high, bound, *quartile, len(met))
