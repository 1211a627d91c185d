"""Assessment: how likely the plan's targets are, what was predetermined, what it moved.

One module because a matrix is rated by the same rows, goals and manifest as an assessment.

One assessment runs four continuations of the same replicates from the eve of the plan: the
scenario; the scenario with everything later drawn again (the predetermined part of the variance);
the scenario with no project started from then on (the predetermined part of the level); and the
scenario with every lever at its absent level (the part that the levers moved).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NotRequired, TypedDict, cast

import numpy as np
import numpy.typing as npt

from xuchang_sim.answer import (
    NAN,
    Answer,
    Extra,
    MaybeNan,
    MaybeProbability,
    Probability,
    Spread,
    Unit,
)
from xuchang_sim.answers.classes import TargetClass, read_classes
from xuchang_sim.answers.records import Goal, Growth, NotModelled, OutsideView, Summary
from xuchang_sim.answers.requirements import require
from xuchang_sim.answers.skill import skill
from xuchang_sim.forecast.outside import outside_view
from xuchang_sim.model.world import SCALARS, SUMMARY
from xuchang_sim.pack.scenario import ResolvedScenario, load_matrix
from xuchang_sim.simulation.arguments import MOST_REPLICATES, whole_number
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.results import Results, together, wilson
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import (
    JOINT,
    NO_GOAL,
    NO_SUCH_TARGET,
    Reason,
    city_targets,
    goal,
    goal_target,
    goals,
    meets,
    unmodelled,
)
from xuchang_sim.simulation.why import WhyYear
from xuchang_sim.text import phrase
from xuchang_sim.units import month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import Matrix
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

Array = npt.NDArray[np.float64]
MaybeMoney = Annotated[float, Unit("亿元"), NAN]

#: Outcomes whose predetermined and moved parts are reported.
PREDETERMINED = ("revenue", "fai")
#: Outcomes whose change by the levers is reported: revenue as reported and real, side by side.
MOVED = ("revenue", "revenue_real", "fai")
YEAR_EARLIER = 12
#: Replicates of which everything later is drawn again, and such as are run without later starts and
#: without levers: paired differences are sharper than a correlation.
REDRAWS, PAIRED = 128, 64
#: Replicates of the model alone, without its measured error.
MODEL_ALONE = 256
#: Replicates of a matrix that are run through the year after the plan's.
EXTENDED = 64


class Moved(NamedTuple):
    """Effect of the levers against their absent levels, means over paired replicates.

    The part that was only brought forward is classified by project:
    :mod:`xuchang_sim.answers.forward`.
    """

    this_year: MaybeNan
    this_year_se: MaybeNan
    next_year: MaybeNan
    next_year_se: MaybeNan


class Predetermined(NamedTuple):
    """Predetermined share of an outcome on the eve of the plan.

    ``variance`` is the share of the outcome's variance fixed by the state, with its standard
    error; parameters belong to the state. ``level`` is the mean outcome without any later start
    over the mean outcome.
    """

    variance: MaybeNan
    variance_se: MaybeNan
    level: MaybeNan


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


class ClassesRecord(TypedDict):
    """Whether classes of targets were measured, and whether with other rules than these."""

    measured: bool
    stale: bool


class Growing(TypedDict):
    """A growth of revenue, and the probability that it reaches what the plan asks of it."""

    mean: float
    median: float
    q05: float
    q95: float
    p: NotRequired[Probability]


class OpenTarget(Target, NotModelled):
    """A target that the model does not measure, with the reason."""


TargetRow = RatedTarget | OpenTarget


class SkillInterval(TypedDict):
    """Central 80% of a growth rate by the better simple forecast and by the model."""

    name: str
    simple: list[Growth]
    model: list[Growth]


class SkillRecord(TypedDict):
    """Measured skill; further keys are those of the seal."""

    measured: bool
    stale: bool
    whole_packs: int
    intervals: dict[str, SkillInterval]


Skill = Annotated[SkillRecord, Extra(object)]


class Attainment(TypedDict):
    """Probability that a headline level was reached by the end of each month."""

    months: list[str]
    p_by: list[Probability]


@dataclass(frozen=True, eq=False)
class Assessment(Answer):
    """How likely every target is under a scenario, and what surrounds the answer.

    Attributes
    ----------
    results : Results
        The scenario itself.
    absent : Results
        The same replicates, or the first of them, with every lever absent.
    predetermined : dict of str to dict of int to Predetermined
        By outcome and calendar year.
    moved : dict of str to Moved
        By outcome.
    outside : dict
        The reference-class forecast of growth, from history and reference class alone; see
        :func:`xuchang_sim.forecast.outside.outside_view`.
    redraws : int
        Replicates whose later draws were drawn again.
    model : Results
        The first replicates of the scenario without what the model is known not to know: its answer
        before its measured error is added.
    """

    results: Results
    absent: Results
    predetermined: dict[str, dict[int, Predetermined]]
    moved: dict[str, Moved]
    outside: dict[str, Any]
    setup: Setup
    redraws: int
    model: Results

    KEYS = (
        *("scenario", "replicates", "companions", "paired", "followed", "failed", "seed"),
        *(
            "through",
            "parameters",
            "model_replicates",
            "targets",
            "classes",
            "joint",
            "real_and_reported",
            "fai_extra",
        ),
        *("p_fai_without_largest_project", "attainment", "settled", "settled_detail", "moved"),
        *("skill", "outside_view", "why", "conditioning", "manifest"),
    )
    ALIASES = MappingProxyType(
        {
            "settled": "predetermined_shares",
            "settled_detail": "predetermined",
            "companions": "redraws",
            "followed": "extended",
        }
    )
    OPTIONAL = frozenset({"joint", "p_fai_without_largest_project"})
    ROWS = "targets"
    COLUMNS = ("label_zh", "label_en", "value", "unit", "p", "median", "shortfall")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.scenario}: {self.replicates} replicates, through {self.through}"

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.results.variant.scenario.name

    @property
    def replicates(self) -> int:
        """Simulated futures."""
        return self.results.replicates

    @property
    def paired(self) -> int:
        """Replicates run without later starts and without levers."""
        return self.absent.replicates

    @property
    def extended(self) -> int:
        """Replicates, the first ones, that ran beyond the plan's year."""
        return self.results.extended

    @property
    def failed(self) -> int:
        """Replicates that failed."""
        return int((~self.results.good).sum())

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.results.setup.seed

    @property
    def through(self) -> str:
        """Last month, YYYY-MM."""
        return month_label(self.results.setup.through)

    @property
    def parameters(self) -> str:
        """Where parameters come from: posterior, sampled or central."""
        return self.results.setup.draws

    @cached_property
    def targets(self) -> list[TargetRow]:
        """Every target of the plan: its numbers, or why it is not modelled."""
        rows = target_rows(self.results, self.model)
        classes, _ = self._classes
        for row in rows:
            if row["id"] in classes:
                measured = classes[row["id"]]
                row |= {"target_class": measured["kind"], "echoes": measured["echoes"]}
        return [cast("TargetRow", row) for row in rows]

    @cached_property
    def _classes(self) -> tuple[dict[str, TargetClass], bool]:
        return read_classes(self.setup.pack, self.setup.draws)

    @property
    def classes(self) -> ClassesRecord:
        """Whether what moves each target was measured, and with these rules."""
        measured, stale = self._classes
        return {"measured": bool(measured), "stale": stale}

    @property
    def model_replicates(self) -> int:
        """Futures of the model alone, without its measured error."""
        return self.model.replicates

    @property
    def joint(self) -> Goal | None:
        """Probability that the plan's goals are met together; left out without a goal."""
        ids = goals(self.results.setup.pack)
        if not ids:
            return None
        p, low, high = self.results.joint(ids)
        return {"ids": list(ids), "p": p, "p_low": low, "p_high": high}

    @property
    def real_and_reported(self) -> dict[str, Growing]:
        """Growth of revenue as reported, and of the same firms and new capacity."""
        names = ("revenue_growth", "revenue_real_growth")
        return {name: _chance(self.results, name) for name in names}

    @property
    def fai_extra(self) -> Spread:
        """Investment of the plan that buys no output, 亿元."""
        return _spread(self.results.outcome("fai_extra"))

    @property
    def p_fai_without_largest_project(self) -> Probability | None:
        """Probability of the level of investment without the year's largest project.

        Left out if the plan asks for no investment.
        """
        asked = goal(self.results.setup.pack, "fai")
        if asked is None:
            return None
        return float(np.mean(self.results.outcome("fai_without_largest") >= asked))

    @property
    def attainment(self) -> dict[str, Attainment]:
        """When the headline levels are first reached."""
        return {
            name: {"months": list(months), "p_by": p_by.tolist()}
            for name in self.results.first
            for months, p_by in [self.results.attainment(name)]
        }

    @property
    def predetermined_shares(self) -> dict[str, MaybeNan]:
        """Share of the plan year's variance that was predetermined on the eve of the plan."""
        year = self.results.setup.pack.plan_year
        return {name: years[year].variance for name, years in self.predetermined.items()}

    @property
    def skill(self) -> Skill:
        """Skill that was measured on past plans, and what the better simple forecast says."""
        return cast("Skill", skill(self.results))

    @property
    def outside_view(self) -> dict[str, OutsideView]:
        """The reference-class forecast of growth: history and like regions, no plan."""
        keys = ("goal", "p", "quantiles", "views", "missing")
        return {
            name: cast("OutsideView", {key: view[key] for key in keys if key in view})
            for name, view in self.outside.items()
        }

    @property
    def why(self) -> WhyYear:
        """Binding constraints of the plan's year."""
        return self.results.why().year(self.results.setup.pack.plan_year)

    @property
    def conditioning(self) -> dict[str, Summary]:
        """Spread of the scalars that make every replicate reproduce the base year."""
        return conditioning(self.results)

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [self.results.variant.scenario])


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


def _chance(results: Results, name: str) -> Growing:
    """Spread of a growth of revenue, reported or real, and how likely it reaches what is asked of it."""
    spread = _spread(results.outcome(name))
    chance: Growing = {
        "mean": spread["mean"],
        "median": spread["median"],
        "q05": spread["q05"],
        "q95": spread["q95"],
    }
    target = city_targets(results.setup.pack).get("revenue_growth")
    if target is not None:
        chance["p"] = float(np.mean(meets(results.outcome(name), target)))
    return chance


def _spread(values: Array) -> Spread:
    q05, median, q95 = np.quantile(values, [0.05, 0.5, 0.95]).tolist()
    return {"mean": float(values.mean()), "median": median, "q05": q05, "q95": q95}


def absent(scenario: ResolvedScenario, pack: Pack) -> ResolvedScenario:
    """Return the scenario with every lever at its absent level; demand and parameters stay."""
    levels = {name: lever.absent for name, lever in pack.levers.items()}
    return replace(scenario, name=f"{scenario.name} (absent)", levels=levels)


def assess(
    study: Settings,
    scenario: ScenarioLike = "plan",
    *,
    redraws: int = REDRAWS,
    paired: int = PAIRED,
    extended: int = 0,
    full: bool = True,
) -> Assessment:
    """Say how likely every target is, and what stands around the answer.

    Parameters
    ----------
    study : Settings
    scenario : str, Path or ResolvedScenario
    redraws : int
        Replicates, the first ones, of which everything later is drawn again: they measure the
        predetermined share of the variance. The standard errors beside the figures are of as many.
    paired : int
        Replicates, the first of the redraws, run without later starts and without levers: they
        measure the predetermined share of the level and the effect of the levers.
    extended : int
        Replicates, the first ones and no fewer than redraws, that run beyond the plan's year;
        0 all. First passages of the others in later years are estimated from the extended ones
        (:meth:`xuchang_sim.simulation.results.Results.attainment`).
    full : bool
        Keep every replicate's months, by city and by zone; without them an answer has all that
        :meth:`Assessment.to_dict` says; 1,000 replicates then take some 60 MB less.

    Returns
    -------
    Assessment

    Raises
    ------
    InputError
        If an input is wrong.

    Examples
    --------
    >>> from xuchang_sim import Study
    >>> assess(Study(replicates=4), "land_high").scenario
    'land_high'
    """
    resolved = study.scenario(scenario)
    require(study.pack, "assess", scenario=resolved, through=study.through)
    setup = study.setup()
    eve = setup.policy_month - 1
    problems = [
        Problem(name, "", 0, phrase("ask.whole", count=count))
        for name, count in (("redraws", redraws), ("paired", paired))
        if count < 1
    ]
    if problems:
        raise InputError(problems)
    most = min(study.replicates, redraws)
    setup = replace(setup, branch=eve, extended=max(extended, most) if extended else 0)
    predetermined = frozenset(PREDETERMINED)
    variants = [
        Variant(resolved, bounds=True),
        Variant(resolved, redraw=1, only=predetermined, most=most),
        Variant(resolved, shut=eve + 1, only=predetermined, most=min(most, paired)),
        Variant(absent(resolved, study.pack), most=min(most, paired)),
    ]
    base, again, shut, without = run(setup, variants, full=full, progress=study.progress)
    together([base, again, shut, without])
    plain = replace(setup, replicates=min(setup.replicates, MODEL_ALONE), branch=0, extended=0)
    plain = replace(plain, through=min(plain.through, 12 * study.pack.plan_year + 11))
    (model,) = run(plain, [Variant(resolved, errorless=True)], full=False)
    return Assessment(
        base,
        without,
        {name: predetermined_by_year(base, again, shut, name) for name in PREDETERMINED},
        {name: compare_years(base, without, name) for name in MOVED},
        outside_view(study.pack, study.seed),
        setup,
        most,
        model,
    )


def predetermined_by_year(
    base: Results, again: Results, shut: Results, name: str
) -> dict[int, Predetermined]:
    """Measure how much of an outcome was predetermined at the branch, by year.

    Two continuations of the same state are independent given the state, so that the covariance
    of their outcomes is the variance of the conditional mean.
    """
    n, m = len(again.good), len(shut.good)
    twice, closed = base.good[:n] & again.good, base.good[:m] & shut.good
    shares = {}
    for y, year in enumerate(base.setup.years):
        if year < base.setup.pack.plan_year:
            continue
        mine = base.outcomes[name][:, y]
        one, two = mine[:n][twice], again.outcomes[name][twice, y]
        share = _correlation(one, two)
        error = (1.0 - share**2) / math.sqrt(max(1, len(one) - 1))
        level = shut.outcomes[name][closed, y].mean() / mine[:m][closed].mean()
        shares[year] = Predetermined(share, error, float(level))
    return shares


def compare_years(base: Results, without: Results, name: str) -> Moved:
    """Gain of the plan's year and of the next, over the replicates of both runs."""
    n = min(len(base.good), len(without.good))
    both = base.good[:n] & without.good[:n]
    years = base.setup.years
    this = years.index(base.setup.pack.plan_year)
    gain = (base.outcomes[name][:n] - without.outcomes[name][:n])[both]
    count = max(1, len(gain))

    def mean_and_error(values: Array) -> tuple[float, float]:
        spread = values.std(ddof=1) / math.sqrt(count) if count > 1 else math.nan
        return float(values.mean()), float(spread)

    first, first_se = mean_and_error(gain[:, this])
    if this + 1 >= len(years):
        return Moved(first, first_se, math.nan, math.nan)
    return Moved(first, first_se, *mean_and_error(gain[:, this + 1]))


def conditioning(results: Results) -> dict[str, Summary]:
    """Spread of the scalars that make every replicate reproduce the base year."""
    rows = results.summary[results.good]
    out: dict[str, Any] = {}
    for k, name in enumerate(SUMMARY[:SCALARS]):
        low, median, high = np.quantile(rows[:, k], [0.0, 0.5, 1.0]).tolist()
        out[name] = {"mean": float(rows[:, k].mean()), "min": low, "median": median, "max": high}
    outside = (rows[:, 3] < 0.7) | (rows[:, 3] > 1.4)
    out["firm_scale"]["outside_0.7_1.4"] = float(outside.mean())
    return out


class CellRecord(TypedDict):
    """One cell: the level of each axis crossed, probabilities with 95% intervals, means.

    An outcome without a target has no probability.

    Money in 亿元, workers in persons; ``_next`` is the year after the plan's, ``run_rate``
    December's revenue at a yearly rate.
    """

    p_revenue: NotRequired[MaybeProbability]
    p_revenue_low: NotRequired[MaybeProbability]
    p_revenue_high: NotRequired[MaybeProbability]
    p_fai: NotRequired[MaybeProbability]
    p_fai_low: NotRequired[MaybeProbability]
    p_fai_high: NotRequired[MaybeProbability]
    p_joint: NotRequired[MaybeProbability]
    p_joint_low: NotRequired[MaybeProbability]
    p_joint_high: NotRequired[MaybeProbability]
    p_workers: NotRequired[MaybeProbability]
    p_workers_low: NotRequired[MaybeProbability]
    p_workers_high: NotRequired[MaybeProbability]
    fai: MaybeMoney
    starts_1e8: Annotated[float, Unit("个"), NAN]
    workers: Annotated[float, Unit("人"), NAN]
    revenue: MaybeMoney
    revenue_real: MaybeMoney
    revenue_next: NotRequired[MaybeMoney]
    run_rate: MaybeMoney


Cell = Annotated[CellRecord, Extra(str)]


class Difference(TypedDict):
    """Largest difference of mean revenue between two cells, with its standard error, 亿元."""

    revenue: MaybeMoney
    se: MaybeMoney


@dataclass(frozen=True, eq=False)
class MatrixResult(Answer):
    """Outcomes of a matrix of scenarios on common replicates.

    Attributes
    ----------
    matrix : Matrix
        Axes, levels and cells.
    cells : list of dict
        One per cell: its levels, probabilities and means.
    predetermined : float
        Share of the variance of revenue predetermined on the eve of the plan, in the parent scenario.
    largest : tuple of float
        Largest difference of mean revenue between two cells, 亿元, with its standard error.
    constant : tuple of str
        Keys whose value is the same in every cell.
    earlier : list of dict or None
        The same cells with the plan begun a year earlier.
    """

    matrix: Matrix
    setup: Setup
    cells: list[dict[str, Any]]
    predetermined: MaybeNan
    largest: tuple[float, float]
    constant: tuple[str, ...]
    earlier: list[dict[str, Any]] | None
    failed: int

    KEYS = (
        *("matrix", "replicates", "followed", "failed", "seed", "cells", "not_modelled", "settled"),
        *("largest_difference", "constant", "manifest", "earlier"),
    )
    ALIASES = MappingProxyType(
        {
            "matrix": "name",
            "cells": "cell_rows",
            "earlier": "earlier_rows",
            "followed": "extended",
            "settled": "predetermined",
        }
    )
    OPTIONAL = frozenset({"earlier", "not_modelled"})
    ROWS = "cells"
    COLUMNS = ("land", "finance", "labour", "p_revenue", "p_fai", "p_joint", "revenue")

    @property
    def name(self) -> str:
        """Name of the matrix."""
        return self.matrix.name

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.name}: {len(self.cells)} cells, {self.replicates} replicates"

    @property
    def replicates(self) -> int:
        """Simulated futures of each cell."""
        return self.setup.replicates

    @property
    def extended(self) -> int:
        """Replicates, the first ones, that ran through the year after the plan's."""
        return self.setup.extended

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.setup.seed

    @property
    def cell_rows(self) -> list[Cell]:
        """Levels, probabilities and means of every cell."""
        return [cast("Cell", cell) for cell in self.cells]

    @property
    def left_out(self) -> dict[str, Reason]:
        """Why a column of probabilities is left out: the plan has no such target to be modelled."""
        return matrix_goals(self.setup.pack)[1]

    @property
    def not_modelled(self) -> dict[str, NotModelled] | None:
        """Columns of probabilities that are left out, with the reason."""
        rows = {key: not_modelled_row(reason) for key, reason in self.left_out.items()}
        return cast("dict[str, NotModelled]", rows) if rows else None

    @property
    def earlier_rows(self) -> list[Cell] | None:
        """The same cells with the plan begun a year earlier; only differences are to be read."""
        return None if self.earlier is None else [cast("Cell", cell) for cell in self.earlier]

    @property
    def largest_difference(self) -> Difference:
        """Largest difference of mean revenue between two cells."""
        return {"revenue": self.largest[0], "se": self.largest[1]}

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [cell.scenario for cell in self.matrix.cells])


def matrix(
    study: Settings,
    name: str | Path = "matrix",
    *,
    earlier: bool = False,
    extended: int = EXTENDED,
) -> MatrixResult:
    """Cross axes of levers on common replicates.

    A matrix asks about the plan's year. The year after it, half of the work, is run for some of the
    replicates; its mean is their mean, moved by what all of them say of the plan's year
    (:func:`following_mean`).

    Parameters
    ----------
    study : Settings
        Its progress counts replicates of the passes.
    name : str or Path
        A shipped matrix or a file.
    earlier : bool
        Also begin the plan a year earlier: only differences between those cells are to be read.
    extended : int
        Replicates, the first ones, that are run through the year after the plan's.

    Returns
    -------
    MatrixResult

    Examples
    --------
    >>> from xuchang_sim import Study
    >>> len(matrix(Study(replicates=1)).cells)
    27
    """
    grid, replicates = load_matrix(name, study.pack), study.replicates
    require(study.pack, "matrix", through=study.through)
    setup = study.setup()
    if fault := whole_number(extended, 1, MOST_REPLICATES):
        raise InputError([Problem("extended", "", 0, fault)])
    setup = replace(setup, extended=min(extended, replicates))
    eve = setup.policy_month - 1
    whole = replicates * (2 if earlier else 1)
    shift = 0

    def report(done: int, _: int) -> None:
        if study.progress:
            study.progress(shift + done, whole)

    keep = {*goals(study.pack), "workers", *(measure for _, measure, _ in SHOWN)}
    variants = [Variant(cell.scenario) for cell in grid.cells]
    # The parent is a cell, too, if the levels crossed hold its own.
    alike = [n for n, cell in enumerate(grid.cells) if cell.scenario.levels == grid.parent.levels]
    again = Variant(grid.parent, redraw=1, only=frozenset({"revenue"}))
    everything = [*variants, *([] if alike else [Variant(grid.parent)]), again]
    shared: dict[str, Any] = {"full": False, "keep": keep, "progress": report}
    runs = run(replace(setup, branch=eve), everything, **shared)
    cells, second = runs[: len(variants)], runs[-1]
    first = cells[alike[0]] if alike else runs[-2]
    together(runs)
    both = first.good & second.good
    year = setup.pack.plan_year
    y = first.setup.years.index(year)
    one, two = first.outcomes["revenue"][both, y], second.outcomes["revenue"][both, y]
    rows = [
        _cell({str(k): str(v) for k, v in c.at.items()}, r)
        for c, r in zip(grid.cells, cells, strict=True)
    ]
    other = None
    if earlier:
        shift = replicates
        before = replace(setup, earlier=YEAR_EARLIER, branch=eve - YEAR_EARLIER)
        moved = run(before, variants, **shared)
        other = [
            _cell({str(k): str(v) for k, v in c.at.items()}, r)
            for c, r in zip(grid.cells, moved, strict=True)
        ]
    measured = [key for key in rows[0] if key not in grid.axes and not key.endswith(LIMITS)]
    return MatrixResult(
        grid,
        setup,
        rows,
        _correlation(one, two),
        _largest_difference(cells),
        tuple(key for key in measured if len({row[key] for row in rows}) == 1),
        other,
        max(int((~r.good).sum()) for r in cells),
    )


LIMITS = ("_low", "_high")
#: Means of a cell: key, measure, years after the plan's.
SHOWN = (
    ("fai", "fai", 0),
    ("starts_1e8", "starts_1e8", 0),
    ("workers", "workers", 0),
    ("revenue", "revenue", 0),
    ("revenue_real", "revenue_real", 0),
    ("revenue_next", "revenue", 1),
    ("run_rate", "run_rate", 0),
)


def matrix_goals(pack: Pack) -> tuple[dict[str, tuple[str, ...]], dict[str, Reason]]:
    """Return the targets of each column of probabilities, and why a column is left out."""
    workers = city_targets(pack).get("workers")
    wanted = {
        "p_revenue": (goal_target(pack, JOINT[0]), ("revenue_growth", "revenue")),
        "p_fai": (goal_target(pack, JOINT[1]), ("fai_growth", "fai")),
        "p_workers": (workers, ("workers",)),
    }
    chosen: dict[str, tuple[str, ...]] = {
        key: (target.id,) for key, (target, _) in wanted.items() if target is not None
    }
    if together := goals(pack):
        chosen["p_joint"] = together
    order = [key for key in ("p_revenue", "p_fai", "p_joint", "p_workers") if key in chosen]
    reasons = unmodelled(pack)
    known = {target.measure: target for target in pack.plan.targets() if target.zone is None}
    left_out = {}
    for key, (target, names) in wanted.items():
        if target is None:
            held = [known[name].id for name in names if name in known]
            left_out[key] = reasons[held[0]] if held else NO_SUCH_TARGET
    if not together:
        left_out["p_joint"] = NO_GOAL
    return {key: chosen[key] for key in order}, left_out


def _cell(at: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Probabilities and means of one cell."""
    year = results.setup.pack.plan_year
    n = int(results.good.sum())
    rows: dict[str, Any] = dict(at)
    for key, ids in matrix_goals(results.setup.pack)[0].items():
        p, low, high = results.joint(ids)
        rows |= {key: p, f"{key}_low": low, f"{key}_high": high}
    for key, measure, after in SHOWN:
        if year + after not in results.setup.years:
            continue  # the run ends before
        if not n:
            rows[key] = math.nan
        elif not after:
            rows[key] = float(results.outcome(measure, year).mean())
        else:
            now, later = results.outcome(measure, year), results.outcome(measure, year + after)
            rows[key] = following_mean(now, later)
    return rows


def following_mean(now: Array, later: Array) -> float:
    """Regression estimate of the full-sample mean from the extended subsample.

    The regression estimator of double sampling (Cochran 1977, chapter 12): the mean of the
    extended replicates, corrected along their regression on the first year by the difference
    between the first-year mean of all replicates and theirs. With all replicates extended it is the
    mean.

    Parameters
    ----------
    now : ndarray, shape (replicates,)
        An outcome of the first year.
    later : ndarray, shape (replicates,)
        Of a later year, NaN where it was not extended.
    """
    seen = ~np.isnan(later)
    if not seen.any():
        return math.nan
    here = now[seen] - now[seen].mean()
    spread = float((here * here).sum())
    slope = float((here * later[seen]).sum()) / spread if spread > 0.0 else 0.0
    return float(later[seen].mean() + slope * (now.mean() - now[seen].mean()))


def _correlation(one: Array, two: Array) -> float:
    """Correlation of two passes; of fewer than three replicates, or of constants, there is none."""
    if len(one) < 3 or np.ptp(one) == 0.0 or np.ptp(two) == 0.0:
        return math.nan
    a, b = one - one.mean(), two - two.mean()
    correlation = float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))
    return min(max(correlation, -1.0), 1.0)


def _largest_difference(cells: Sequence[Results]) -> tuple[float, float]:
    """Largest difference of mean plan-year revenue between cells, paired, with standard error."""
    good = together(cells)
    y = cells[0].setup.years.index(cells[0].setup.pack.plan_year)
    values = np.stack([r.outcomes["revenue"][good, y] for r in cells])
    if values.shape[1] < 2:
        return math.nan, math.nan
    means = values.mean(axis=1)
    gap = values[means.argmax()] - values[means.argmin()]
    return float(gap.mean()), float(gap.std(ddof=1) / math.sqrt(len(gap)))


__all__ = [
    "Assessment",
    "MatrixResult",
    "Moved",
    "Predetermined",
    "absent",
    "assess",
    "conditioning",
    "goals",
    "manifest",
    "matrix",
    "predetermined_by_year",
    "wilson",
]
