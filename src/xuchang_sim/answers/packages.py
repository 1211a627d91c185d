"""The smallest bundle of levers that makes a target likely, and what is reachable with a probability.

The search knows nothing of the model: it asks whether bundles of a grid clear every hurdle, prunes
by monotonicity, and spends trials only where the answer is still open. What it accepts is what
running every bundle with every trial would accept.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple, Protocol, TypedDict, cast

import numpy as np

from xuchang_sim import definitions
from xuchang_sim.answer import Answer, Extra, MaybeNan, Probability, Unit
from xuchang_sim.answers.assess import goals, manifest
from xuchang_sim.answers.records import Manifest
from xuchang_sim.pack.levers import AXES
from xuchang_sim.pack.scenario import ResolvedScenario, adjust, list_scenarios
from xuchang_sim.simulation.measures import NO_GOAL, meets, modelled, unmodelled
from xuchang_sim.simulation.results import together, wilson
from xuchang_sim.simulation.run import Setup, Variant, run
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

Bundle = tuple[int, ...]
#: Strengths of the grid: absent, halfway, plan, halfway to the end of the range, the end.
GRID = (0.0, 0.5, 1.0, 1.5, 2.0)
#: Families of levers that a bundle is made of; works act on neither target.
FAMILIES = ("land", "finance", "labour", "process", "attraction")
Z90 = 1.2815515655446004  # one-sided 90%
FIRST = 25  # trials of the first stage; each stage doubles them
#: Second hurdle: at the lower quartile of parameter draws, P must reach this share of the wished P.
ROBUST = 0.75
QUARTILE = 0.25
DRAWS, WORLDS = (8, 50), (4, 20)  # fewest, most parameter draws of the second hurdle, and worlds
TOGETHER = 24  # bundles run together: the years before the plan are shared
MOST_BUNDLES = 100_000


class Evaluate(Protocol):
    """Tell for each bundle which trials succeed."""

    def __call__(self, bundles: Sequence[Bundle], first: int, count: int) -> Bools:
        """Run trials ``first`` to ``first + count``: shape (bundles, count)."""
        ...


class Hurdle(NamedTuple):
    """A test that a bundle passes if the lower 90% bound of its successes' share reaches ``p``."""

    evaluate: Evaluate
    p: float
    trials: int

    @property
    def needed(self) -> int:
        """Fewest successes that pass."""
        return fewest_successes(self.trials, self.p)


def lower_bound(successes: int, trials: int, z: float = Z90) -> float:
    """Wilson's lower bound of a probability, one-sided 90% by default."""
    p = successes / trials
    centre = p + z * z / (2 * trials)
    spread = z * math.sqrt(p * (1 - p) / trials + (z / (2 * trials)) ** 2)
    return (centre - spread) / (1 + z * z / trials)


def fewest_successes(trials: int, p: float) -> int:
    """Return the fewest successes whose lower bound reaches ``p``; ``trials + 1`` if none do."""
    low, high = 0, trials + 1
    while low < high:
        middle = (low + high) // 2
        if middle <= trials and lower_bound(middle, trials) < p:
            low = middle + 1
        else:
            high = middle
    return low


@dataclass(frozen=True)
class Search:
    """Outcome of a search on a grid.

    Attributes
    ----------
    minimal : tuple of Bundle
        Accepted bundles below which nothing is accepted; all of them.
    tried : dict of Bundle to tuple of (int, int)
        Successes and trials spent on every bundle that was run, by hurdle.
    bundles : int
        Size of the grid.
    violations : tuple of (Bundle, Bundle)
        Pairs (less, more) where less was accepted and more was not; with any, what was inferred
        rather than run is not proven.
    """

    minimal: tuple[Bundle, ...]
    tried: dict[Bundle, tuple[tuple[int, int], ...]]
    bundles: int
    violations: tuple[tuple[Bundle, Bundle], ...]


def search(
    sizes: Sequence[int],
    hurdles: Sequence[Hurdle],
    *,
    exhaustive: bool = False,
    told: Callable[[int, int], None] | None = None,
) -> Search:
    """Find all minimal accepted bundles of a grid.

    A bundle is accepted if it clears every hurdle, and is put to the next only after the last.
    Trials come in stages that double; a bundle leaves as soon as those that remain cannot change
    its answer. More is never worse, so that one answer settles whole regions; each minimal
    bundle's lower neighbours are run, not inferred.

    Parameters
    ----------
    sizes : sequence of int
        Number of levels of each lever, level 0 the least.
    hurdles : sequence of Hurdle
        What an accepted bundle clears.
    exhaustive : bool
        Run every bundle, and infer nothing.
    told : callable, optional
        Called with (bundles settled, bundles in all).

    Raises
    ------
    ValueError
        If the grid is empty or too large.
    """
    count = math.prod(sizes)
    if not 1 <= count <= MOST_BUNDLES:
        message = f"a grid of {count} bundles; allowed: 1 to {MOST_BUNDLES}"
        raise ValueError(message)
    tried: dict[Bundle, tuple[tuple[int, int], ...]] = {}
    answers: dict[Bundle, bool] = {}
    state = np.zeros(tuple(sizes), np.int8)  # 0 open, 1 accepted, -1 rejected

    def ask(bundles: Sequence[Bundle]) -> None:
        new = [b for b in dict.fromkeys(bundles) if b not in answers]
        for k in range(0, len(new), TOGETHER):
            waiting = new[k : k + TOGETHER]
            for hurdle in hurdles:
                waiting = _cleared(waiting, hurdle, tried)
            answers.update({b: b in waiting for b in new[k : k + TOGETHER]})

    def infer(bundle: Bundle) -> None:
        above = tuple(slice(level, None) for level in bundle)
        below = tuple(slice(None, level + 1) for level in bundle)
        region = state[above if answers[bundle] else below]
        region[region == 0] = 1 if answers[bundle] else -1

    if exhaustive:
        everything = list(itertools.product(*(range(size) for size in sizes)))
        for k in range(0, count, TOGETHER):
            ask(everything[k : k + TOGETHER])
            if told:
                told(min(k + TOGETHER, count), count)
        for bundle in everything:
            state[bundle] = 1 if answers[bundle] else -1
    else:
        while (state == 0).any():
            # The best that can be had comes first: often nothing on the grid is enough.
            top = tuple(size - 1 for size in sizes)
            chosen = _most_telling(state) if top in answers else [top]
            ask(chosen)
            for bundle in chosen:
                infer(bundle)
            if told:
                told(int((state != 0).sum()), count)
    minimal = _minimal(state)
    # What lies one step below a minimal bundle must have been run, not inferred.
    while not exhaustive:
        unsure = [b for m in minimal for b in _below(m) if b not in answers]
        unsure += [m for m in minimal if m not in answers]
        if not unsure:
            break
        ask(unsure)
        for bundle in unsure:
            state[bundle] = 1 if answers[bundle] else -1
        minimal = _minimal(state)
    worse = [bundle for bundle, good in answers.items() if not good]
    rejected = np.array(worse).reshape(-1, len(sizes))
    violations = tuple(
        (less, worse[k])
        for less, good in answers.items()
        if good
        for k in np.flatnonzero((rejected >= less).all(axis=1))
    )
    return Search(minimal, tried, count, violations)


def _cleared(
    bundles: Sequence[Bundle], hurdle: Hurdle, tried: dict[Bundle, tuple[tuple[int, int], ...]]
) -> list[Bundle]:
    """Run bundles in doubling stages until every answer is certain; return those that clear."""
    met = dict.fromkeys(bundles, 0)
    spent = dict.fromkeys(bundles, 0)
    needed, waiting, done = hurdle.needed, list(bundles), 0
    while waiting:
        count = min(FIRST if done == 0 else done, hurdle.trials - done)
        hits = hurdle.evaluate(waiting, done, count)
        done += count
        for bundle, row in zip(waiting, hits, strict=True):
            met[bundle] += int(row.sum())
            spent[bundle] = done
        open_ = range(needed - hurdle.trials + done, needed)
        waiting = [bundle for bundle in waiting if met[bundle] in open_]
    for bundle in bundles:
        tried[bundle] = (*tried.get(bundle, ()), (met[bundle], spent[bundle]))
    return [bundle for bundle in bundles if met[bundle] >= needed]


def _most_telling(state: npt.NDArray[np.int8]) -> list[Bundle]:
    """Open bundles whose answers settle most, either way; none is comparable with another."""
    still = state == 0
    up, down = still.astype(np.int64), still.astype(np.int64)
    for axis in range(state.ndim):
        up = np.flip(np.cumsum(np.flip(up, axis), axis=axis), axis)
        down = np.cumsum(down, axis=axis)
    worth = np.where(still, np.minimum(up, down), 0)
    chosen: list[Bundle] = []
    while len(chosen) < TOGETHER and worth.any():
        best = tuple(int(x) for x in np.unravel_index(int(worth.argmax()), worth.shape))
        chosen.append(best)
        worth[tuple(slice(level, None) for level in best)] = 0
        worth[tuple(slice(None, level + 1) for level in best)] = 0
    return chosen


def _below(bundle: Bundle) -> list[Bundle]:
    """Bundles one step below."""
    return [
        (*bundle[:k], level - 1, *bundle[k + 1 :]) for k, level in enumerate(bundle) if level > 0
    ]


def _minimal(state: npt.NDArray[np.int8]) -> tuple[Bundle, ...]:
    """Accepted bundles with no other accepted bundle below them."""
    accepted = state == 1
    beneath = accepted.astype(np.int64)
    for axis in range(state.ndim):
        beneath = np.cumsum(beneath, axis=axis)
    return tuple(tuple(int(x) for x in index) for index in np.argwhere(accepted & (beneath == 1)))


# ------------------------------------------------------------------------------------- the model


class Goal(NamedTuple):
    """What is to be reached: targets of the plan, all of them together."""

    ids: tuple[str, ...]


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
            f"{name!r} is not modelled: {reasons[name].en}; allowed: {', '.join(known)}"
            if name in reasons
            else f"{name!r} is no target{did_you_mean(name, known)}; allowed: joint, {', '.join(known)}",
        )
        for name in ids
        if name not in known
    ]
    if not ids:
        problems.append(Problem("goal", "", 0, NO_GOAL.en))
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
class BundleResult(Answer):
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
    def goal_ids(self) -> list[str]:
        """Ids of the targets that make up the goal."""
        return list(self.goal.ids)

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
    def seed(self) -> int:
        """Seed of every draw."""
        return self.setup.seed

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

    @property
    def manifest(self) -> Manifest:
        """What identifies the result."""
        return manifest(self.setup, [])


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
            text = f"{name!r} is no family or lever{did_you_mean(name, known)}"
            problems.append(Problem("factors", "", 0, f"{text}; allowed: {', '.join(known)}"))
    found, faults = adjust(base, changes, pack)
    problems += [Problem("factors", name, 0, text) for name, text in faults]
    if problems:
        raise InputError(problems)
    name = ",".join(f"{k}={x:g}" for k, x in strengths.items())
    return replace(found, name=name or base.name)


def smallest_bundle(
    study: Settings,
    goal: str = "fai_growth",
    p: float = 0.8,
    *,
    factors: Sequence[str] | None = None,
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
        Its progress is called with (bundles settled, bundles in all).
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
    """
    loaded, setup, replicates = study.pack, study.setup(), study.replicates
    factors = FAMILIES if factors is None else factors
    start = study.scenario(base)
    wanted = parse_goal(goal, loaded)
    problems = []
    if not 0.0 < p < 1.0:
        problems.append(Problem("--p", "", 0, f"{p}: allowed: above 0 and below 1"))
    if robust is not None and not 0.0 <= robust <= 1.0:
        problems.append(Problem("--robust", "", 0, f"{robust}: allowed: 0 to 1"))
    rising = all(a < b for a, b in itertools.pairwise(grid))
    if not grid or not rising or min(grid) < 0 or max(grid) > 2:
        problems.append(Problem("--grid", "", 0, "allowed: rising strengths from 0 to 2"))
    if not factors or len(set(factors)) < len(factors):
        problems.append(Problem("--factors", "", 0, "allowed: one or more, each once"))
    if len(grid) ** len(factors) > MOST_BUNDLES:
        text = f"{len(grid)}^{len(factors)} bundles; allowed: at most {MOST_BUNDLES:,}"
        problems.append(Problem("--factors", "", 0, text))
    if not problems and fewest_successes(replicates, p) > replicates:
        text = f"{replicates} cannot prove {p:g} even if all succeed; allowed: more"
        problems.append(Problem("--replicates", "", 0, text))
    draws = min(DRAWS[1], max(DRAWS[0], replicates // 4)) if draws is None else draws
    worlds = min(WORLDS[1], max(WORLDS[0], replicates // 10)) if worlds is None else worlds
    if draws < 1 or fewest_successes(draws, 1.0 - QUARTILE) > draws:
        text = f"{draws} draws cannot prove a quartile even if all succeed; allowed: more"
        problems.append(Problem("draws", "", 0, text))
    if worlds < 1:
        problems.append(Problem("worlds", "", 0, f"{worlds}: allowed: 1 or more"))
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
    found = search(sizes, hurdles, exhaustive=exhaustive, told=study.progress)
    # What is reachable instead: the corners of the grid, run to the end.
    if not found.minimal:
        full = list(itertools.product((0, len(grid) - 1), repeat=len(factors)))
        values = model.values(full)
        likely = model.met(values).sum(axis=1) >= hurdles[0].needed
        accepted = [bundle for bundle, good in zip(full, likely, strict=True) if good]
        for hurdle in hurdles[1:]:
            accepted = _cleared(accepted, hurdle, {})
        if accepted:  # More is worse somewhere: nothing may be inferred.
            found = search(sizes, hurdles, exhaustive=True, told=study.progress)
    if found.minimal:
        full = [*found.minimal]
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
        name: max(reached(row, p, low=_low(loaded, name)) for row in values[k])
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
        bool(found.minimal),
        tuple(bundles) if found.minimal else (),
        best,
        highest,
        found,
        setup,
        model.spent,
        model.failed,
    )


def _low(pack: Pack, name: str) -> bool:
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

    def outcomes(self, bundles: Sequence[Bundle], first: int, count: int, worlds: int = 1) -> Array:
        """Outcomes of the goal's targets: shape (targets, bundles, count); NaN if a run failed.

        Replicates ``first`` to ``first + count``; ``worlds`` of them share a parameter draw.
        """
        part = replace(self.setup, first=first, replicates=count, worlds=worlds)
        variants = [Variant(self.scenario(bundle)) for bundle in bundles]
        results = run(part, variants, full=False, keep=self.goal.ids)
        self.spent += count * len(bundles)
        self.failed += sum(int((~r.good).sum()) for r in results)
        year = results[0].setting.years.index(self.setup.pack.plan_year)
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

        The bound reaches a value just if so many draws reach it that :meth:`holds` passes.
        """
        if not self.robust:
            return [(math.nan, math.nan)] * len(bundles)
        found = []
        for k in range(0, len(bundles), TOGETHER):
            for row in self.chances(bundles[k : k + TOGETHER], 0, self.draws):
                falling = np.sort(row)[::-1]
                middle = math.ceil((1.0 - QUARTILE) * self.draws) - 1
                bound = fewest_successes(self.draws, 1.0 - QUARTILE) - 1
                found.append((float(falling[middle]), float(falling[bound])))
        return found

    def met(self, values: Array) -> Bools:
        """Where all targets are met; a run that failed met none."""
        plan = self.setup.pack.plan
        each = [meets(v, plan.target(name)) for name, v in zip(self.goal.ids, values, strict=True)]
        return np.asarray(np.logical_and.reduce(each))

    def values(self, bundles: Sequence[Bundle]) -> Array:
        """Outcomes over all replicates: shape (targets, bundles, replicates)."""
        parts = [
            self.outcomes(bundles[k : k + TOGETHER], 0, self.setup.replicates)
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


# ------------------------------------------------------------------------------------- frontier


class Reach(NamedTuple):
    """Largest growth reached with a probability, with its 95% interval (order statistics).

    A limit is NaN where there are too few replicates to have one.
    """

    value: MaybeNan
    low: MaybeNan
    high: MaybeNan


def reach(values: Array, p: float) -> Reach:
    """Return the largest value that a share ``p`` of outcomes reaches, with its 95% interval."""
    from scipy.stats import binom  # noqa: PLC0415 - slow to import

    n = len(values)
    ordered = np.sort(values)[::-1]
    k = max(0, math.ceil(p * n - 1e-9) - 1)
    early = int(binom.ppf(0.025, n, p)) - 1
    late = int(binom.ppf(0.975, n, p))
    low = ordered[late] if late < n else math.nan
    high = ordered[early] if early >= 0 else math.nan
    return Reach(float(ordered[k]), float(low), float(high))


class ScenarioName(TypedDict):
    """A scenario; further keys are the outcomes."""

    scenario: str


class MapAxes(TypedDict):
    """Families whose strengths are the rows and the columns; further keys are the outcomes."""

    rows: str
    columns: str


ScenarioRow = Annotated[ScenarioName, Extra(Reach)]
Map = Annotated[MapAxes, Extra(list[list[MaybeNan]])]


@dataclass(frozen=True, eq=False)
class Frontier(Answer):
    """Largest growth that is reached with probability ``p``.

    Attributes
    ----------
    scenarios : dict of str to dict of str to Reach
        By scenario and outcome.
    maps : dict of (str, str) to dict of str to ndarray, shape (strengths, strengths)
        By pair of families and outcome; rows are strengths of the first.
    """

    p: float
    outcomes: tuple[str, ...]
    grid: tuple[float, ...]
    base: str
    scenarios: dict[str, dict[str, Reach]]
    maps: dict[tuple[str, str], dict[str, Array]]
    setup: Setup
    failed: int

    KEYS = (
        *("p", "failed", "outcomes", "targets", "grid", "base", "replicates", "seed"),
        *("scenarios", "maps", "manifest"),
    )
    ALIASES = MappingProxyType({"scenarios": "scenario_rows", "maps": "map_rows"})
    ROWS = "scenarios"

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"growth reached with P = {self.p:g}, {self.replicates} replicates"

    @property
    def targets(self) -> dict[str, float]:
        """What the plan asks for, by outcome."""
        return {name: self.setup.pack.plan.target(name).value for name in self.outcomes}

    @property
    def replicates(self) -> int:
        """Simulated futures of a scenario."""
        return self.setup.replicates

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.setup.seed

    @property
    def scenario_rows(self) -> list[ScenarioRow]:
        """Largest value of each outcome that is reached, by scenario."""
        return [cast("ScenarioRow", {"scenario": k, **row}) for k, row in self.scenarios.items()]

    @property
    def map_rows(self) -> list[Map]:
        """The same over two families of levers at the strengths of the grid."""
        return [
            cast("Map", {"rows": rows, "columns": columns, **table})
            for (rows, columns), table in self.maps.items()
        ]

    @property
    def manifest(self) -> Manifest:
        """What identifies the result."""
        return manifest(self.setup, [])


def frontier(
    study: Settings,
    p: float = 0.8,
    *,
    outcomes: Sequence[str] | None = None,
    scenarios: Sequence[ScenarioLike] | None = None,
    maps: Sequence[tuple[str, str]] = (("land", "finance"), ("land", "labour")),
    grid: Sequence[float] = GRID,
    base: ScenarioLike = "plan",
) -> Frontier:
    """Say which growth is reached with probability ``p``, by scenario and over two families.

    Parameters
    ----------
    study : Settings
    p : float
    outcomes : sequence of str, optional
        Targets whose outcome is looked at, by default the plan's goals; more is better.
    scenarios : sequence, optional
        By default all that can be called by name.
    maps : sequence of pairs of str
        Families crossed at the strengths of ``grid``, the rest as in ``base``.
    grid : sequence of float
    base : str, Path or ResolvedScenario

    Raises
    ------
    InputError
        If an argument is wrong.
    """
    loaded = study.pack
    if not 0.0 < p < 1.0:
        raise InputError([Problem("--p", "", 0, f"{p}: allowed: above 0 and below 1")])
    outcomes = parse_goal("joint", loaded).ids if outcomes is None else outcomes
    for name in outcomes:
        parse_goal(name, loaded)
    chosen = [s.name for s in list_scenarios(loaded)] if scenarios is None else scenarios
    found, start = [study.scenario(s) for s in chosen], study.scenario(base)
    cells = [
        strengthened(start, {rows: x, columns: y}, loaded)
        for rows, columns in maps
        for x in grid
        for y in grid
    ]
    setup = study.setup()
    short = replace(setup, through=12 * loaded.plan_year + 11)
    variants = [Variant(s) for s in (*found, *cells)]
    results = run(short, variants, full=False, keep=outcomes, progress=study.progress)
    good = together(results)
    year = results[0].setting.years.index(loaded.plan_year)
    table = {name: [reach(r.outcomes[name][good, year], p) for r in results] for name in outcomes}
    side = len(grid)
    drawn = {}
    for k, pair in enumerate(maps):
        first = len(found) + k * side * side
        drawn[pair] = {
            name: np.array([r.value for r in table[name][first : first + side * side]]).reshape(
                side, side
            )
            for name in outcomes
        }
    return Frontier(
        p,
        tuple(outcomes),
        tuple(grid),
        start.name,
        {s.name: {name: table[name][k] for name in outcomes} for k, s in enumerate(found)},
        drawn,
        setup,
        int((~good).sum()),
    )
