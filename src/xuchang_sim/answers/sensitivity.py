"""Sensitivity: which factors an outcome depends on. Morris screening and Sobol indices.

A result belongs to the design it was computed from, by id. Outcomes that are not finite are
refused, and an outcome that never varies is reported as constant: neither is read as "no
influence".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, TypedDict, cast

import numpy as np

from xuchang_sim.answer import Answer, Extra, MaybeNan
from xuchang_sim.answers.designs import Design, factor_names, make_design, quantile
from xuchang_sim.answers.sweep import collect
from xuchang_sim.deferred import deferred
from xuchang_sim.pack.levers import AXES
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.settings import listed
from xuchang_sim.simulation.setup import Setup
from xuchang_sim.simulation.targets import NO_GOAL, goals
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean

with deferred():
    from scipy.stats import qmc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    import numpy.typing as npt

    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]

Method = Literal["morris", "sobol"]
LEVELS = 4  # of the Morris grid
RESAMPLES = 1000
CONFIDENCE = 0.95
#: Factors screened by default: levers, demand, and the least certain parameters.
FACTORS = (
    *("land", "finance", "labour", "process", "attraction", "demand_shift"),
    *("realised_yield", "starts_growth", "incumbent_real", "approval_months"),
    *("opening_land_months", "own_money_mean", "credit_growth", "growth_dispersion"),
)


@dataclass(frozen=True)
class Plan:
    """Points of the unit cube for one method.

    Attributes
    ----------
    method : {"morris", "sobol"}
    names : tuple of str
        Factors.
    points : ndarray, shape (points, factors)
        Morris: trajectories one after the other, ``factors + 1`` points each. Sobol: the matrices
        A, B, then A with column k from B for every k.
    size : int
        Trajectories, or rows of A.
    """

    method: Method
    names: tuple[str, ...]
    points: Array
    size: int

    @property
    def id(self) -> str:
        """Hash of method, names and points."""
        head = f"{self.method} {','.join(self.names)} {self.points.shape} ".encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.points).tobytes()).hexdigest()[:20]


def morris_plan(names: Sequence[str], size: int, seed: int) -> Plan:
    """Lay out Morris trajectories: random starts on a grid of four levels, one factor a step.

    Parameters
    ----------
    names : sequence of str
    size : int
        Number of trajectories.
    seed : int
    """
    dice = np.random.default_rng(seed)
    d = len(names)
    step = LEVELS / (2.0 * (LEVELS - 1))
    blocks = []
    for _ in range(size):
        low = dice.integers(0, LEVELS // 2, d) / (LEVELS - 1)  # a start from which a step fits
        sign = dice.integers(0, 2, d).astype(bool)
        at = np.where(sign, low + step, low)
        block = [at]
        for k in dice.permutation(d):
            at = at.copy()
            at[k] = low[k] if sign[k] else low[k] + step
            block.append(at)
        blocks.append(np.stack(block))
    return Plan("morris", tuple(names), np.concatenate(blocks), size)


def sobol_plan(names: Sequence[str], size: int, seed: int) -> Plan:
    """Lay out the matrices of Saltelli's design on scrambled Sobol points.

    Parameters
    ----------
    names : sequence of str
    size : int
        Rows of A; a power of two.
    seed : int

    Raises
    ------
    InputError
        If ``size`` is no power of two.
    """
    if size < 2 or size & (size - 1):
        message = phrase("ask.power", size=size)
        raise InputError([Problem("--size", "", 0, message)])
    d = len(names)
    both = qmc.Sobol(2 * d, rng=np.random.default_rng(seed)).random(size)
    a, b = both[:, :d], both[:, d:]
    crossed = []
    for k in range(d):
        one = a.copy()
        one[:, k] = b[:, k]
        crossed.append(one)
    return Plan("sobol", tuple(names), np.concatenate([a, b, *crossed]), size)


@dataclass(frozen=True)
class Outcome:
    """One number for every point of a plan, with the id of the plan."""

    plan_id: str
    values: Array


class Effect(NamedTuple):
    """Morris: mean elementary effect, mean of its size with interval, spread."""

    factor: str
    mu: MaybeNan
    mu_star: MaybeNan
    low: MaybeNan
    high: MaybeNan
    sigma: MaybeNan


class Index(NamedTuple):
    """Sobol: first-order and total index, each with its bootstrap interval."""

    factor: str
    first: MaybeNan
    first_low: MaybeNan
    first_high: MaybeNan
    total: MaybeNan
    total_low: MaybeNan
    total_high: MaybeNan


class Analysis(NamedTuple):
    """Result of one outcome; with ``constant`` every number is NaN."""

    outcome: str
    plan_id: str
    constant: bool
    rows: tuple[Effect, ...] | tuple[Index, ...]


def _values(plan: Plan, outcome: Outcome) -> tuple[Array, bool]:
    """Values of an outcome, checked, and whether they are all the same.

    Raises
    ------
    ValueError
        If the outcome belongs to another plan, or has values that are not finite.
    """
    y = np.asarray(outcome.values, dtype=float)
    if outcome.plan_id != plan.id or y.shape != (len(plan.points),):
        message = phrase("ask.design", plan_id=outcome.plan_id, id=plan.id)
        raise ValueError(message)
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad):
        shown = ", ".join(str(k) for k in bad[:10])
        message = phrase("ask.not_finite", bad=len(bad), shown=shown)
        raise ValueError(message)
    spread = float(np.ptp(y))
    return y, spread <= 1e-12 * max(1.0, float(np.abs(y).max()))


def morris(plan: Plan, outcome: Outcome, name: str = "outcome", seed: int = 0) -> Analysis:
    """Screen the factors by their elementary effects (Morris 1991, Campolongo 2007).

    Effects are per unit of the cube: what moving a factor over its whole range would do at that
    rate. The interval of mu* is a bootstrap over trajectories.

    Raises
    ------
    ValueError
        If the outcome is of another plan or not finite.
    """
    y, constant = _values(plan, outcome)
    d = len(plan.names)
    if constant:
        nan = float("nan")
        return Analysis(name, plan.id, True, tuple(Effect(f, *(5 * (nan,))) for f in plan.names))
    x = plan.points.reshape(plan.size, d + 1, d)
    moved = np.diff(x, axis=1)
    which = np.abs(moved).argmax(axis=2)
    change = np.take_along_axis(moved, which[:, :, None], axis=2)[:, :, 0]
    rate = np.diff(y.reshape(plan.size, d + 1), axis=1) / change
    effects = np.zeros((plan.size, d))
    np.put_along_axis(effects, which, rate, axis=1)
    picks = np.random.default_rng(seed).integers(0, plan.size, (RESAMPLES, plan.size))
    resampled = np.abs(effects)[picks].mean(axis=1)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(resampled, [tail, 1.0 - tail], axis=0)
    spread = effects.std(axis=0, ddof=1) if plan.size > 1 else np.full(d, np.nan)
    rows = zip(
        plan.names,
        effects.mean(axis=0),
        np.abs(effects).mean(axis=0),
        low,
        high,
        spread,
        strict=True,
    )
    return Analysis(
        name, plan.id, False, tuple(Effect(f, *(float(v) for v in rest)) for f, *rest in rows)
    )


def sobol(plan: Plan, outcome: Outcome, name: str = "outcome", seed: int = 0) -> Analysis:
    """Estimate Sobol indices: first order by Saltelli et al. 2010, total by Jansen 1999.

    The intervals are a bootstrap over the rows of the design.

    Raises
    ------
    ValueError
        If the outcome is of another plan or not finite.
    """
    y, constant = _values(plan, outcome)
    d, n = len(plan.names), plan.size
    if constant:
        nan = float("nan")
        return Analysis(name, plan.id, True, tuple(Index(f, *(6 * (nan,))) for f in plan.names))
    y = (y - y.mean()) / y.std()
    a, b, crossed = y[:n], y[n : 2 * n], y[2 * n :].reshape(d, n)

    def indices(rows: npt.NDArray[np.int64]) -> tuple[Array, Array]:
        """Indices of resampled rows, shape (resamples, rows): shape (2, resamples, d)."""
        one, two, cross = a[rows], b[rows], crossed[:, rows]
        whole = np.concatenate([one, two], axis=-1).var(axis=-1)
        first = (two * (cross - one)).mean(axis=-1) / whole
        total = 0.5 * ((one - cross) ** 2).mean(axis=-1) / whole
        return first, total

    first, total = indices(np.arange(n))
    dice = np.random.default_rng(seed)
    drawn = [indices(dice.integers(0, n, (100, n))) for _ in range(RESAMPLES // 100)]
    tail = (1.0 - CONFIDENCE) / 2.0
    limits = [
        np.quantile(np.concatenate([part[k] for part in drawn], axis=-1), [tail, 1 - tail], axis=-1)
        for k in range(2)
    ]
    (first_low, first_high), (total_low, total_high) = limits
    table = np.stack([first, first_low, first_high, total, total_low, total_high]).T.tolist()
    rows = tuple(Index(factor, *row) for factor, row in zip(plan.names, table, strict=True))
    return Analysis(name, plan.id, False, rows)


ANALYSE: dict[str, Callable[..., Analysis]] = {"morris": morris, "sobol": sobol}


# ------------------------------------------------------------------------------------- the model


class OutcomeRecord(TypedDict):
    """Effects (Morris) or indices (Sobol) of the factors; null where the outcome is constant."""

    outcome: str
    constant: bool
    rows: list[Effect | Index]


class Row(TypedDict):
    """One factor's effect on one outcome; the keys of the method follow."""

    outcome: str
    factor: str


@dataclass(frozen=True, eq=False)
class Sensitivity(Answer):
    """Sensitivity of the plan year's outcomes.

    Attributes
    ----------
    plan : Plan
    design : Design
        The points in the units of the factors.
    analyses : tuple of Analysis
        One an outcome.
    """

    scenario: str
    plan: Plan
    design: Design
    analyses: tuple[Analysis, ...]

    KEYS = (
        *("scenario", "method", "design", "size", "points", "replicates", "seed", "factors"),
        *("independent", "outcomes", "manifest"),
    )
    ALIASES = MappingProxyType({"design": "design_id"})
    ROWS = "rows"

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.scenario}: {self.method}, {self.points} points"

    @property
    def method(self) -> Method:
        """How effects are measured: morris or sobol."""
        return self.plan.method

    @property
    def design_id(self) -> str:
        """Id of the design that all outcomes belong to."""
        return self.plan.id

    @property
    def size(self) -> int:
        """Trajectories, or rows of the design."""
        return self.plan.size

    @property
    def points(self) -> int:
        """Points that were run."""
        return len(self.plan.points)

    @property
    def replicates(self) -> int:
        """Simulated futures of a point."""
        return self.design.replicates

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.design.seed

    @property
    def factors(self) -> list[str]:
        """Families, levers, parameters that were moved."""
        return list(self.plan.names)

    @property
    def independent(self) -> bool:
        """Whether the factors are taken to be independent."""
        return True

    @property
    def outcomes(self) -> list[OutcomeRecord]:
        """Sensitivity of each outcome."""
        return [
            {"outcome": one.outcome, "constant": one.constant, "rows": list(one.rows)}
            for one in self.analyses
        ]

    @property
    def rows(self) -> list[Annotated[Row, Extra(MaybeNan)]]:
        """One record an outcome and factor."""
        return [
            cast("Row", {"outcome": one.outcome, **row._asdict()})
            for one in self.analyses
            for row in one.rows
        ]

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        setup = Setup(self.design.pack, self.design.replicates, self.design.seed)
        return manifest(setup, list(self.design.scenarios))


def sensitivity(
    study: Settings,
    scenario: ScenarioLike = "plan",
    *,
    method: Method = "morris",
    factors: str | Sequence[str] | None = None,
    size: int | None = None,
    outcomes: str | Sequence[str] | None = None,
    replicates: int = 10,
    executor: Executor | None = None,
) -> Sensitivity:
    """Say which factors the outcomes of the plan's year depend on.

    Every point is run with the same replicates and averaged; parameters move over their priors,
    levers and demand over their ranges, families from absent to the ends. All are taken to be
    independent.

    Parameters
    ----------
    study : Settings
        Its number of replicates is not used.
    scenario : str, Path or ResolvedScenario
        What the factors do not touch.
    method : {"morris", "sobol"}
    factors : sequence of str, optional
        Families, levers, ``demand_shift``, parameters; by default :data:`FACTORS`.
    size : int, optional
        Trajectories (10) or rows of the design (64, a power of two).
    outcomes : sequence of str, optional
        Measures or targets; by default the plan's goals.
    replicates : int
        Simulated futures of a point; the points differ far more than the futures.
    executor : concurrent.futures.Executor, optional
        Who computes the points.

    Raises
    ------
    InputError
        If a factor or an outcome does not exist.
    """
    loaded, resolved, seed = study.pack, study.scenario(scenario), study.seed
    factors = FACTORS if factors is None else listed(factors)
    outcomes = goals(loaded) if outcomes is None else listed(outcomes)
    if not outcomes:
        raise InputError([Problem("outcomes", "", 0, str(NO_GOAL))])
    known = factor_names(loaded)
    problems = [
        Problem(
            "--factors",
            "",
            0,
            phrase(
                "ask.no_factor", name=name, hint=did_you_mean(name, known), known=", ".join(known)
            ),
        )
        for name in factors
        if name not in known
    ]
    if len(set(factors)) < len(factors) or not factors:
        problems.append(Problem("--factors", "", 0, phrase("ask.each_once")))
    if method not in ANALYSE:
        problems.append(Problem("--method", "", 0, phrase("ask.method", method=method)))
    if size is not None and not 2 <= size <= 100_000:
        problems.append(Problem("--size", "", 0, phrase("ask.size", size=size)))
    if problems:
        raise InputError(problems)
    plan = (
        morris_plan(factors, size or 10, seed)
        if method == "morris"
        else sobol_plan(factors, size or 64, seed)
    )
    points = {}
    for k, name in enumerate(factors):
        own = name in loaded.parameters and name not in loaded.levers and name not in AXES
        points[name] = quantile(name, "prior" if own else "range", loaded)(plan.points[:, k])
    design = make_design(
        study.with_(replicates=replicates, through=f"{loaded.plan_year}-12"),
        points,
        name=f"{method}-{plan.id}",
        scenarios=(resolved,),
        measures=outcomes,
    )
    frame = collect(design, executor=executor, threads=study.threads, progress=study.progress)
    result = []
    for name in outcomes:
        column = f"{name}_outcome" if name in factors else name
        means = frame[column].to_numpy().reshape(len(plan.points), replicates).mean(axis=1)
        result.append(ANALYSE[method](plan, Outcome(plan.id, means), name, seed))
    return Sensitivity(resolved.name, plan, design, tuple(result))
