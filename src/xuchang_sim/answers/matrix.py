"""Matrix: outcomes of every combination of levels of the levers, on common replicates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict, cast

import numpy as np
import numpy.typing as npt

from xuchang_sim.answer import NAN, Extra, MaybeNan, MaybeProbability, Unit
from xuchang_sim.answers.paired import correlation
from xuchang_sim.answers.rated import not_modelled_row
from xuchang_sim.answers.records import NotModelled, OfRuns
from xuchang_sim.answers.requirements import require
from xuchang_sim.pack.scenario import load_matrix
from xuchang_sim.simulation.arguments import MOST_REPLICATES, whole_number
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.results import Results, together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import (
    JOINT,
    NO_GOAL,
    NO_SUCH_TARGET,
    Reason,
    city_targets,
    goal_target,
    goals,
    unmodelled,
)
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import Matrix
    from xuchang_sim.simulation.settings import Settings

Array = npt.NDArray[np.float64]
MaybeMoney = Annotated[float, Unit("亿元"), NAN]

YEAR_EARLIER = 12
#: Replicates of a matrix that are run through the year after the plan's.
EXTENDED = 64
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
class MatrixResult(OfRuns):
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
        correlation(one, two),
        _largest_difference(cells),
        tuple(key for key in measured if len({row[key] for row in rows}) == 1),
        other,
        max(int((~r.good).sum()) for r in cells),
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
