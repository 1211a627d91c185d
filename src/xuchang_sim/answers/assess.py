"""Assessment: how likely the plan's targets are, what was settled when it came, what it moved.

One assessment runs four continuations of the same replicates from the eve of the plan: the
scenario; the scenario with everything later drawn again (what of the outcome's variance was
settled); the scenario with no project started from then on (what of its level was settled); and the
scenario with every lever at its absent level (what the levers moved).
"""

from __future__ import annotations

import math
import os
import platform
import subprocess
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xuchang_sim import __version__
from xuchang_sim.answers.requirements import require
from xuchang_sim.answers.skill import skill
from xuchang_sim.forecast.outside import outside_view
from xuchang_sim.model.digest import rules_digest
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.scenario import ResolvedScenario, load_matrix, load_scenario
from xuchang_sim.simulation.measures import (
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
from xuchang_sim.simulation.results import Results, together, wilson
from xuchang_sim.simulation.run import MOST_REPLICATES, Draws, Setup, Variant, prepare, run
from xuchang_sim.units import month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xuchang_sim.pack.scenario import Matrix

Array = npt.NDArray[np.float64]
Progress = "Callable[[int, int], None] | None"

#: Outcomes for which settled and moved parts are reported.
SETTLED = ("revenue", "fai")
#: Outcomes whose change by the levers is told: of revenue reported and real, side by side.
MOVED = ("revenue", "revenue_real", "fai")
YEAR_EARLIER = 12
#: Replicates of which everything later is drawn again, and such as are run without later starts and
#: without levers: paired differences are sharper than a correlation.
COMPANIONS, PAIRED = 128, 64
#: Replicates of the model alone, without its measured error.
MODEL_ALONE = 256
#: Replicates of a matrix that are run through the year after the plan's.
FOLLOWED = 64


class Moved(NamedTuple):
    """What the levers changed against their absent levels, means over paired replicates.

    What of it was only brought forward is told by project: :mod:`xuchang_sim.answers.forward`.
    """

    this_year: float
    this_year_se: float
    next_year: float
    next_year_se: float


class Settled(NamedTuple):
    """What was settled on the eve of the plan.

    ``variance`` is the share of the outcome's variance fixed by the state, with its standard
    error; parameters belong to the state. ``level`` is the mean outcome without any later start
    over the mean outcome.
    """

    variance: float
    variance_se: float
    level: float


@dataclass(frozen=True)
class Assessment:
    """Results of a scenario with what surrounds them.

    Attributes
    ----------
    results : Results
        The scenario itself.
    absent : Results
        The same replicates, or the first of them, with every lever absent.
    settled : dict of str to dict of int to Settled
        By outcome and calendar year.
    moved : dict of str to Moved
        By outcome.
    outside : dict
        The outside view of growth, from history and reference class alone; see
        :func:`xuchang_sim.forecast.outside.outside_view`.
    companions : int
        Replicates of which everything later was drawn again.
    model : Results
        The first replicates of the scenario without what the model is known not to know: its answer
        before its measured error is added.
    """

    results: Results
    absent: Results
    settled: dict[str, dict[int, Settled]]
    moved: dict[str, Moved]
    outside: dict[str, Any]
    setup: Setup
    companions: int
    model: Results

    def to_dict(self) -> dict[str, Any]:
        """Return plain data in the shape of the command line's contract."""
        return self.answer() | {"manifest": manifest(self.setup, [self.results.setting.scenario])}

    def answer(self) -> dict[str, Any]:
        """Return the same without the manifest, which asks the checkout for its state."""
        r = self.results
        plan_year = r.setting.pack.plan_year
        ids = goals(r.setting.pack)
        asked = goal(r.setting.pack, "fai")
        together: dict[str, Any] = {}
        if ids:
            p, low, high = r.joint(ids)
            together["joint"] = {"ids": list(ids), "p": p, "p_low": low, "p_high": high}
        if asked is not None:
            without = r.outcome("fai_without_largest") >= asked
            together["p_fai_without_largest_project"] = float(np.mean(without))
        return {
            "scenario": r.setting.scenario.name,
            "replicates": r.setting.replicates,
            "companions": self.companions,
            "paired": self.absent.setting.replicates,
            "followed": r.setting.followed,
            "failed": int((~r.good).sum()),
            "seed": r.setting.seed,
            "through": month_label(r.setting.through),
            "parameters": r.setting.draws,
            "model_replicates": self.model.setting.replicates,
            "targets": target_rows(r, self.model),
            **together,
            "real_and_reported": {
                name: _spread(r.outcome(name)) | _chance(r, name)
                for name in ("revenue_growth", "revenue_real_growth")
            },
            "fai_extra": _spread(r.outcome("fai_extra")),
            "attainment": {
                name: {"months": list(months), "p_by": p_by.tolist()}
                for name in r.first
                for months, p_by in [r.attainment(name)]
            },
            "settled": {name: years[plan_year].variance for name, years in self.settled.items()},
            "settled_detail": {
                name: {str(year): found._asdict() for year, found in years.items()}
                for name, years in self.settled.items()
            },
            "moved": {name: found._asdict() for name, found in self.moved.items()},
            "skill": skill(r),
            "outside_view": {
                name: {
                    key: view[key]
                    for key in ("goal", "p", "quantiles", "views", "missing")
                    if key in view
                }
                for name, view in self.outside.items()
            },
            "why": r.why().year(plan_year),
            "conditioning": conditioning(r),
        }


def target_rows(results: Results, model: Results | None = None) -> list[dict[str, Any]]:
    """Return every target of the plan: its numbers, or in words why it is not modelled.

    Parameters
    ----------
    results : Results
        Futures with the model's measured error: what is told of a target.
    model : Results, optional
        Futures without it, told beside as ``model_p``, ``model_median``, ``model_q05``,
        ``model_q95``.
    """
    rated = {row.target.id: row for row in results.targets()}
    plain = {row.target.id: row for row in model.targets()} if model else {}
    reasons = results.not_modelled()
    rows = []
    for target in results.setting.pack.plan.targets():
        found: dict[str, Any] = {
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
        if target.zone is not None:
            found |= {"zone": target.zone, "synthetic": True}
        if target.id in reasons:
            rows.append(found | not_modelled_row(reasons[target.id]))
            continue
        row = rated[target.id]
        names = ("p", "p_low", "p_high", "median", "q05", "q95", "shortfall")
        told = {name: getattr(row, name) for name in names}
        if target.id in plain:
            alone = plain[target.id]
            told |= {f"model_{n}": getattr(alone, n) for n in ("p", "median", "q05", "q95")}
        rows.append(found | told)
    return rows


def not_modelled_row(reason: Reason) -> dict[str, Any]:
    """Return what stands in the place of the numbers of a target that is not modelled."""
    return {"modelled": False, "reason": reason.en, "reason_zh": reason.zh}


def _chance(results: Results, name: str) -> dict[str, float]:
    """Probability that a growth of revenue, reported or real, reaches what the plan asks of it."""
    target = city_targets(results.setting.pack).get("revenue_growth")
    if target is None:
        return {}
    return {"p": float(np.mean(meets(results.outcome(name), target)))}


def _spread(values: Array) -> dict[str, float]:
    q05, median, q95 = np.quantile(values, [0.05, 0.5, 0.95]).tolist()
    return {"mean": float(values.mean()), "median": median, "q05": q05, "q95": q95}


def absent(scenario: ResolvedScenario, pack: Pack) -> ResolvedScenario:
    """Return the scenario with every lever at its absent level; demand and parameters stay."""
    levels = {name: lever.absent for name, lever in pack.levers.items()}
    return replace(scenario, name=f"{scenario.name} (absent)", levels=levels)


def assess(
    scenario: str | Path | ResolvedScenario = "plan",
    *,
    replicates: int = 1000,
    seed: int = 2012,
    through: str | None = None,
    pack: Pack | str | Path | None = None,
    parameters: Draws | None = None,
    companions: int = COMPANIONS,
    paired: int = PAIRED,
    followed: int = 0,
    full: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Assessment:
    """Say how likely every target is, and what stands around the answer.

    Parameters
    ----------
    scenario : str, Path or ResolvedScenario
    replicates, seed, through, pack, parameters, progress
        As in :func:`xuchang_sim.simulation.run.simulate`.
    companions : int
        Replicates, the first ones, of which everything later is drawn again: so many say what of the
        variance was settled. The standard errors beside the figures are of as many.
    paired : int
        Replicates, the first of the companions, run without later starts and without levers: so many
        say what of the level was settled and what the levers moved.
    followed : int
        Replicates, the first ones and no fewer than companions, that run beyond the plan's year;
        0 all. What the others first reach in later years is told by the followed
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
    """
    loaded = pack if isinstance(pack, Pack) else load_pack(pack)
    resolved = (
        scenario if isinstance(scenario, ResolvedScenario) else load_scenario(scenario, loaded)
    )
    require(loaded, "assess", scenario=resolved, through=through)
    setup = prepare(loaded, replicates, seed, through, parameters)
    eve = setup.policy_month - 1
    problems = [
        Problem(name, "", 0, f"{count}: allowed: a whole number from 1 on")
        for name, count in (("companions", companions), ("paired", paired))
        if count < 1
    ]
    if problems:
        raise InputError(problems)
    most = min(replicates, companions)
    setup = replace(setup, branch=eve, followed=max(followed, most) if followed else 0)
    settled = frozenset(SETTLED)
    variants = [
        Variant(resolved, bounds=True),
        Variant(resolved, redraw=1, only=settled, most=most),
        Variant(resolved, shut=eve + 1, only=settled, most=min(most, paired)),
        Variant(absent(resolved, loaded), most=min(most, paired)),
    ]
    base, again, shut, without = run(setup, variants, full=full, progress=progress)
    together([base, again, shut, without])
    plain = replace(setup, replicates=min(replicates, MODEL_ALONE), branch=0, followed=0)
    plain = replace(plain, through=min(plain.through, 12 * loaded.plan_year + 11))
    (model,) = run(plain, [Variant(resolved, errorless=True)], full=False)
    return Assessment(
        base,
        without,
        {name: settle(base, again, shut, name) for name in SETTLED},
        {name: compare_years(base, without, name) for name in MOVED},
        outside_view(loaded, seed),
        setup,
        most,
        model,
    )


def settle(base: Results, again: Results, shut: Results, name: str) -> dict[int, Settled]:
    """Measure how much of an outcome was settled at the branch, by year.

    Two continuations of the same state are independent given the state, so that the covariance
    of their outcomes is the variance of the conditional mean.
    """
    n, m = len(again.good), len(shut.good)
    twice, closed = base.good[:n] & again.good, base.good[:m] & shut.good
    found = {}
    for y, year in enumerate(base.setting.years):
        if year < base.setting.pack.plan_year:
            continue
        mine = base.outcomes[name][:, y]
        one, two = mine[:n][twice], again.outcomes[name][twice, y]
        share = _correlation(one, two)
        error = (1.0 - share**2) / math.sqrt(max(1, len(one) - 1))
        level = shut.outcomes[name][closed, y].mean() / mine[:m][closed].mean()
        found[year] = Settled(share, error, float(level))
    return found


def compare_years(base: Results, without: Results, name: str) -> Moved:
    """Gain of the plan's year and of the next, over the replicates of both runs."""
    n = min(len(base.good), len(without.good))
    both = base.good[:n] & without.good[:n]
    years = base.setting.years
    this = years.index(base.setting.pack.plan_year)
    gain = (base.outcomes[name][:n] - without.outcomes[name][:n])[both]
    count = max(1, len(gain))

    def mean_and_error(values: Array) -> tuple[float, float]:
        spread = values.std(ddof=1) / math.sqrt(count) if count > 1 else math.nan
        return float(values.mean()), float(spread)

    first, first_se = mean_and_error(gain[:, this])
    if this + 1 >= len(years):
        return Moved(first, first_se, math.nan, math.nan)
    return Moved(first, first_se, *mean_and_error(gain[:, this + 1]))


def conditioning(results: Results) -> dict[str, dict[str, float]]:
    """Spread of the scalars that make every replicate reproduce the base year."""
    from xuchang_sim.model.world import SCALARS, SUMMARY  # noqa: PLC0415

    rows = results.summary[results.good]
    out = {}
    for k, name in enumerate(SUMMARY[:SCALARS]):
        low, median, high = np.quantile(rows[:, k], [0.0, 0.5, 1.0]).tolist()
        out[name] = {"mean": float(rows[:, k].mean()), "min": low, "median": median, "max": high}
    outside = (rows[:, 3] < 0.7) | (rows[:, 3] > 1.4)
    out["firm_scale"]["outside_0.7_1.4"] = float(outside.mean())
    return out


def manifest(setup: Setup, scenarios: Sequence[ResolvedScenario]) -> dict[str, Any]:
    """Return what identifies a result: versions, hashes, seed, and the state of the checkout."""
    return {
        "package": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        **{name: version(name) for name in ("scipy", "statsmodels")},
        "rules": rules_digest(),
        "pack": {"name": setup.pack.name, "sha256": setup.pack.sha256},
        "information_date": setup.pack.information_date.isoformat(),
        "scenarios": {s.name: s.sha256 for s in scenarios},
        "seed": setup.seed,
        "parameters": setup.draws,
        "posterior": _posterior(setup),
        "git": git_state(),
    }


def _posterior(setup: Setup) -> dict[str, Any] | None:
    """Which posterior was drawn from, and whether it was made with the very rules that ran."""
    found = setup.pack.posterior if setup.draws == "posterior" else None
    if found is None:
        return None
    same = found.report.get("rules") == rules_digest()
    return {"sha256": found.sha256, "made_with_these_rules": same}


def git_state() -> str | None:
    """Commit of the checkout the package runs from, ``+`` if it was changed; None if there is none."""
    folder = Path(__file__).parent
    if not any((parent / ".git").exists() for parent in folder.parents):
        return None
    words = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12"]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            words, capture_output=True, text=True, timeout=5, check=True, env=quiet
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


@dataclass(frozen=True)
class MatrixResult:
    """Outcomes of a matrix of scenarios on common replicates.

    Attributes
    ----------
    matrix : Matrix
        Axes, levels and cells.
    cells : list of dict
        One per cell: its levels, probabilities and means.
    settled : float
        Share of the variance of revenue settled on the eve of the plan, in the parent scenario.
    largest : tuple of float
        Largest difference of mean revenue between two cells, 亿元, with its standard error.
    earlier : list of dict or None
        The same cells with the plan begun a year earlier.
    """

    matrix: Matrix
    setup: Setup
    cells: list[dict[str, Any]]
    settled: float
    largest: tuple[float, float]
    constant: tuple[str, ...]
    earlier: list[dict[str, Any]] | None
    failed: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data in the shape of the command line's contract."""
        found: dict[str, Any] = {
            "matrix": self.matrix.name,
            "replicates": self.setup.replicates,
            "followed": self.setup.followed,
            "failed": self.failed,
            "seed": self.setup.seed,
            "cells": self.cells,
            **self._without_target(),
            "settled": self.settled,
            "largest_difference": {"revenue": self.largest[0], "se": self.largest[1]},
            "constant": list(self.constant),
            "manifest": manifest(self.setup, [cell.scenario for cell in self.matrix.cells]),
        }
        if self.earlier is not None:
            found["earlier"] = self.earlier
        return found

    @property
    def left_out(self) -> dict[str, Reason]:
        """Why a column of probabilities is left out: the plan has no such target to be modelled."""
        return matrix_goals(self.setup.pack)[1]

    def _without_target(self) -> dict[str, Any]:
        """Return the columns that are left out, with the reason; nothing if there are all."""
        rows = {key: not_modelled_row(reason) for key, reason in self.left_out.items()}
        return {"not_modelled": rows} if rows else {}


def matrix(
    name: str | Path = "matrix",
    *,
    replicates: int = 400,
    seed: int = 2012,
    pack: Pack | str | Path | None = None,
    parameters: Draws | None = None,
    earlier: bool = False,
    followed: int = FOLLOWED,
    progress: Callable[[int, int], None] | None = None,
) -> MatrixResult:
    """Cross axes of levers on common replicates.

    A matrix asks about the plan's year. The year after it, half of the work, is run for some of the
    replicates; its mean is their mean, moved by what all of them say of the plan's year
    (:func:`following_mean`).

    Parameters
    ----------
    name : str or Path
        A shipped matrix or a file.
    replicates, seed, pack, parameters, progress
        As in :func:`xuchang_sim.simulation.run.simulate`; progress counts replicates of the passes.
    earlier : bool
        Also begin the plan a year earlier: only differences between those cells are to be read.
    followed : int
        Replicates, the first ones, that are run through the year after the plan's.

    Returns
    -------
    MatrixResult
    """
    loaded = pack if isinstance(pack, Pack) else load_pack(pack)
    grid = load_matrix(name, loaded)
    require(loaded, "matrix")
    setup = prepare(loaded, replicates, seed, None, parameters)
    if not 1 <= followed <= MOST_REPLICATES:
        text = f"{followed}: allowed: a whole number from 1 to {MOST_REPLICATES}"
        raise InputError([Problem("followed", "", 0, text)])
    setup = replace(setup, followed=min(followed, replicates))
    eve = setup.policy_month - 1
    whole = replicates * (2 if earlier else 1)
    shift = 0

    def told(done: int, _: int) -> None:
        if progress:
            progress(shift + done, whole)

    keep = {*goals(loaded), "workers", *(measure for _, measure, _ in SHOWN)}
    variants = [Variant(cell.scenario) for cell in grid.cells]
    # The parent is a cell, too, if the levels crossed hold its own.
    alike = [n for n, cell in enumerate(grid.cells) if cell.scenario.levels == grid.parent.levels]
    again = Variant(grid.parent, redraw=1, only=frozenset({"revenue"}))
    everything = [*variants, *([] if alike else [Variant(grid.parent)]), again]
    shared: dict[str, Any] = {"full": False, "keep": keep, "progress": told}
    found = run(replace(setup, branch=eve), everything, **shared)
    cells, second = found[: len(variants)], found[-1]
    first = cells[alike[0]] if alike else found[-2]
    together(found)
    both = first.good & second.good
    year = setup.pack.plan_year
    y = first.setting.years.index(year)
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
    found: dict[str, tuple[str, ...]] = {
        key: (target.id,) for key, (target, _) in wanted.items() if target is not None
    }
    if together := goals(pack):
        found["p_joint"] = together
    order = [key for key in ("p_revenue", "p_fai", "p_joint", "p_workers") if key in found]
    reasons = unmodelled(pack)
    known = {target.measure: target for target in pack.plan.targets() if target.zone is None}
    left_out = {}
    for key, (target, names) in wanted.items():
        if target is None:
            held = [known[name].id for name in names if name in known]
            left_out[key] = reasons[held[0]] if held else NO_SUCH_TARGET
    if not together:
        left_out["p_joint"] = NO_GOAL
    return {key: found[key] for key in order}, left_out


def _cell(at: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Probabilities and means of one cell."""
    year = results.setting.pack.plan_year
    n = int(results.good.sum())
    rows: dict[str, Any] = dict(at)
    for key, ids in matrix_goals(results.setting.pack)[0].items():
        p, low, high = results.joint(ids)
        rows |= {key: p, f"{key}_low": low, f"{key}_high": high}
    for key, measure, after in SHOWN:
        if year + after not in results.setting.years:
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
    """Mean of what is known of some replicates, by what is known of all.

    The regression estimator of double sampling (Cochran 1977, chapter 12): the mean of those that
    were followed, moved along their own regression by what their first year's mean is short of
    all's. With everyone followed it is the mean.

    Parameters
    ----------
    now : ndarray, shape (replicates,)
        An outcome of the first year.
    later : ndarray, shape (replicates,)
        Of a later year, NaN where it was not followed.
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
    found = float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))
    return min(max(found, -1.0), 1.0)


def _largest_difference(cells: Sequence[Results]) -> tuple[float, float]:
    """Largest difference of mean plan-year revenue between cells, paired, with standard error."""
    good = together(cells)
    y = cells[0].setting.years.index(cells[0].setting.pack.plan_year)
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
    "Settled",
    "absent",
    "assess",
    "conditioning",
    "goals",
    "manifest",
    "matrix",
    "settle",
    "wilson",
]
