"""Setup of a run: the part that all its variants share, and the variants that continue from its branch."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from xuchang_sim.text import phrase
from xuchang_sim.units import month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from xuchang_sim.model.world import Sizes
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import ResolvedScenario

Array = npt.NDArray[np.float64]
Draws = Literal["sampled", "central", "posterior"]
RELAXATIONS = ("land", "credit", "labour", "approval")


@dataclass(frozen=True)
class Variant:
    """One way to continue from the branch.

    Parameters
    ----------
    scenario : ResolvedScenario
        Levers, demand shift, parameter overrides.
    redraw : int
        0, or the number of another drawing of everything that comes after the branch.
    shut : int
        Month (12 * year + month - 1) from which no project starts; 0 never.
    relaxed : frozenset of str
        Gates without limit under the plan's levers: of :data:`RELAXATIONS`.
    only : frozenset of str
        If any, all that is kept of this variant: these measures, and no months.
    most : int
        Replicates of it to run, the first ones; 0 for all.
    bounds : bool
        Keep by zone and month what bound, though the run keeps no months.
    errorless : bool
        Nothing happens from the opening on that the rules do not explain: no market of the city's
        own, no pace of investment, no common yield. Beside others it leaves them at the opening.
    brief : bool
        It ends with the plan's first year, and none of its months are kept.
    """

    scenario: ResolvedScenario
    redraw: int = 0
    shut: int = 0
    relaxed: frozenset[str] = field(default_factory=frozenset)
    only: frozenset[str] = field(default_factory=frozenset)
    most: int = 0
    bounds: bool = False
    errorless: bool = False
    brief: bool = False


@dataclass(frozen=True)
class Setup:
    """Setup shared by all variants of a run.

    Parameters
    ----------
    pack : Pack
        Plan, region, parameters, levers, history.
    replicates : int
        Number of replicates; replicate r is the same whatever their number.
    seed : int
        Seed of every draw.
    through : int
        Last month, 12 * year + month - 1.
    draws : {"sampled", "posterior", "central"}
        One parameter draw per replicate from the priors or from the pack's posterior, or the
        central values.
    earlier : int
        Months by which the plan and the opening of the ledgers are moved forward.
    branch : int
        Last month that the variants share; 0 the month before the policy or the forecast begins.
    check : bool
        Test the identities every month in all replicates, not in the first eight alone.
    first : int
        Number of the first replicate: a part of a longer run has the same bits as in the whole.
    worlds : int
        Replicates in a row that share one parameter draw: replicate r has draw number r // worlds.
    room : Sizes, optional
        Room for rows, by default :func:`sizes_for`; more room than needed changes no bit.
    extended : int
        Replicates, the first ones, that run to the last month; the others end with the plan's first
        year: their outcomes of later ones are NaN, and a level they reached later counts as not
        reached. 0: all run to the last month.
    threads : int, optional
        Threads of the engine, all if left out; no bit depends on it.
    """

    pack: Pack
    replicates: int = 1000
    seed: int = 2012
    through: int = 0
    draws: Draws = "sampled"
    earlier: int = 0
    branch: int = 0
    check: bool = False
    first: int = 0
    worlds: int = 1
    room: Sizes | None = None
    extended: int = 0
    threads: int | None = None

    @cached_property
    def months(self) -> tuple[str, ...]:
        """Months on record, ``YYYY-MM``, from January of the base year."""
        first = 12 * self.pack.base_year
        return tuple(month_label(first + m) for m in range(self.through - first + 1))

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Complete calendar years on record."""
        base = self.pack.base_year
        return tuple(range(base, base + len(self.months) // 12))

    @property
    def replicate_numbers(self) -> range:
        """Numbers of the replicates, from ``first``."""
        return range(self.first, self.first + self.replicates)

    @property
    def policy_month(self) -> int:
        """First month under the plan's levers."""
        return self.pack.policy_month - self.earlier

    @property
    def opening(self) -> int:
        """First month with open ledgers: the plan year's January, or the policy month if earlier."""
        plan = 12 * self.pack.plan_year
        return self.policy_month if self.earlier else plan


def choose_draws(pack: Pack, parameters: Draws | None) -> Draws:
    """Return where parameters come from: left open, the posterior, if the pack has its own.

    A stale posterior raises a warning and is ignored.

    Raises
    ------
    InputError
        If the name is unknown, or the posterior is wanted and there is none or another pack's.
    """
    if parameters is None:
        try:
            return "posterior" if pack.posterior else "sampled"
        except InputError as error:
            warnings.warn(phrase("run.priors", error=error), stacklevel=2)
            return "sampled"
    if parameters not in get_args(Draws):
        text = phrase("run.parameters", parameters=parameters, get_args=", ".join(get_args(Draws)))
        raise InputError([Problem("parameters", "", 0, text)])
    if parameters == "posterior" and pack.posterior is None:
        text = phrase("run.no_posterior", folder=pack.folder)
        raise InputError([Problem("parameters", "", 0, text)])
    return parameters
