"""Assessment: how likely the plan's targets are, what was predetermined, what it moved.

One assessment runs four continuations of the same replicates from the eve of the plan: the
scenario; the scenario with everything later drawn again (the predetermined part of the variance);
the scenario with no project started from then on (the predetermined part of the level); and the
scenario with every lever at its absent level (the part that the levers moved).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict, cast

import numpy as np
import numpy.typing as npt

from xuchang_sim.answer import Extra, MaybeNan, Probability, Spread
from xuchang_sim.answers.classes import TargetClass, read_classes
from xuchang_sim.answers.paired import (
    MOVED,
    PREDETERMINED,
    Moved,
    Predetermined,
    compare_years,
    predetermined_by_year,
)
from xuchang_sim.answers.rated import TargetRow, target_rows
from xuchang_sim.answers.records import Goal, Growth, OfScenario, OutsideView, Summary
from xuchang_sim.answers.requirements import require
from xuchang_sim.answers.skill import skill
from xuchang_sim.forecast.outside import outside_view
from xuchang_sim.model.world import SCALARS, SUMMARY
from xuchang_sim.pack.scenario import ResolvedScenario
from xuchang_sim.simulation.results import Results, together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import city_targets, goal, goals, meets
from xuchang_sim.simulation.why import WhyYear
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

Array = npt.NDArray[np.float64]

#: Replicates of which everything later is drawn again, and such as are run without later starts and
#: without levers: paired differences are sharper than a correlation.
REDRAWS, PAIRED = 128, 64
#: Replicates of the model alone, without its measured error.
MODEL_ALONE = 256


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
class Assessment(OfScenario):
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
    def paired(self) -> int:
        """Replicates run without later starts and without levers."""
        return self.absent.replicates

    @property
    def extended(self) -> int:
        """Replicates, the first ones, that ran beyond the plan's year."""
        return self.results.extended

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
        Variant(resolved, errorless=True, brief=True, most=min(study.replicates, MODEL_ALONE)),
        Variant(resolved, redraw=1, only=predetermined, most=most),
        Variant(resolved, shut=eve + 1, only=predetermined, most=min(most, paired)),
        Variant(absent(resolved, study.pack), most=min(most, paired)),
    ]
    base, model, again, shut, without = run(setup, variants, full=full, progress=study.progress)
    together([base, again, shut, without])
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
