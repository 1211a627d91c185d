"""Single worlds, month by month: for looking at what the record of a run does not keep."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xuchang_sim.model import engine
from xuchang_sim.model.chunk import begin_world, tick
from xuchang_sim.model.library import prepare
from xuchang_sim.model.steps.firms import INITIAL
from xuchang_sim.model.world import (
    ABANDONED,
    BUILDING,
    CODES,
    DONE,
    FIRMS,
    MEASURE_ROW,
    OPEN,
    PIPELINE,
)
from xuchang_sim.simulation.run import Batch
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.results import Results

Array = npt.NDArray[np.float64]

SIGNED_MONTHS = 10  # months after its signing by which a project is looked at again
GROUPS_FROM = 3  # joint ground-breakings are counted from April of the year before the base year
FAI_ROW, REPORTED_ROW = MEASURE_ROW["fai"], MEASURE_ROW["reported"]
#: Moments of a warm-up that may be compared with data.
MOMENTS = (
    "group_spend",
    "group_starts",
    "mean_project",
    "start_year_spend",
    "same_year_completion",
    "carried_over",
    "signed_started",
    "group_begun_q1",
    "starts_growth",
    "revenue_growth",
    "fai_growth",
    "fai_first_quarter",
    "fai_to_november",
    "revenue_to_november",
    "attempts",
)


_TURN = threading.local()


class FailedWorldError(RuntimeError):
    """A replicate that cannot be conditioned, or that broke an identity."""


class Worlds:
    """The replicates of a run, one by one, each month after the other.

    Parameters
    ----------
    setup : Setup
        Pack, replicates, seed, horizon.
    scenario : ResolvedScenario
        Levers.
    fixed : mapping of str to float or ndarray, optional
        Parameters that are not drawn: one number, or one per replicate.
    """

    def __init__(
        self, setup: Setup, scenario: ResolvedScenario, fixed: Mapping[str, Any] | None = None
    ) -> None:
        self.setup = setup
        self._group = Batch(setup, [Variant(scenario)], fixed or scenario.parameters, full=False)
        prepare(self._group.sizes)

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Parameter draws by name, shape (replicates,)."""
        return self._group.draws

    def prices(self) -> Array:
        """Mean growth of producer prices by calendar year from the base year: (replicates, years)."""
        path = self._group.paths[0]
        first = path.months.index(f"{self.setup.pack.base_year}-01")
        monthly = path.ppi_yoy[:, first:]
        years = monthly.shape[1] // 12
        yearly: Array = monthly[:, : 12 * years].reshape(-1, years, 12).mean(axis=2)
        return yearly

    def tide(self, years: int) -> Array:
        """Factor of the nation on investment that began some years before mid base year: (replicates,).

        Its central growth over normal growth, to the power of ``climate_elasticity``.
        """
        pack = self.setup.pack
        row = 12 * (pack.base_year - years) + 6 - pack.pipeline_start
        # The middle of the year is the border between two months.
        nation = self._group.template["nation"]
        excess = nation[row - 1 : row + 1].mean() + years * np.log1p(
            self.parameters["investment_normal"]
        )
        factor: Array = np.exp(self.parameters["climate_elasticity"] * excess)
        return factor

    def months(self, number: int) -> Iterator[View]:
        """Yield every month of a replicate as it has just been run.

        The pipeline's months come first, again from the start after a rejected attempt; then the
        firms' months, then those with open ledgers. The world is this thread's own memory: the
        next month writes over it.

        Raises
        ------
        FailedWorldError
            If conditioning fails or a month goes wrong.
        RuntimeError
            If another world was begun in this thread meanwhile.
        """
        turn = _TURN.turn = object()
        memory = engine._memory(self._group.sizes)[0]
        given = self._group.inputs(number, 1)[0]
        begin_world(memory, given)
        world = memory[0]
        city = world["city"]
        while True:
            phase, month, attempt = int(city["phase"]), int(city["t"]) + 1, int(city["attempt"])
            tick(memory, given)
            if city["code"]:
                message = phrase("run.check", number=number, code=int(city["code"]) // CODES)
                raise FailedWorldError(message)
            if int(city["attempt"]) == attempt:
                yield View(phase, month, world)
                if _TURN.turn is not turn:
                    message = phrase("run.other_world", number=number)
                    raise RuntimeError(message)
            if phase == OPEN and month >= self.setup.through:
                return

    def warm_up(self, number: int) -> dict[str, float]:
        """Return the moments of one replicate's warm-up; see :class:`WarmUp`."""
        seen = WarmUp(self.setup.pack, lambda name: float(self.parameters[name][number]))
        for view in self.months(number):
            seen.month(view)
            if seen.moments:
                break
        return seen.moments


def run_given(
    setup: Setup,
    scenario: ResolvedScenario,
    values: Mapping[str, Any],
    keep: Collection[str] | None = None,
) -> Results:
    """Run a scenario with parameters given for each replicate.

    Parameters
    ----------
    setup : Setup
        Pack, replicates, seed, horizon.
    scenario : ResolvedScenario
        Levers.
    values : mapping of str to float or ndarray, shape (replicates,)
        Parameters that are not drawn.
    keep : collection of str, optional
        Measures to evaluate; by default all.
    """
    group = Batch(setup, [Variant(scenario)], values, full=False, keep=keep)
    group.results[0].seconds = engine.run(group)
    return group.results[0]


class View(NamedTuple):
    """A world after a month: the phase and the month that were run (12 * year + month - 1)."""

    phase: int
    month: int
    world: np.void


class WarmUp:
    """Statistics of a warm-up at the base year's end.

    Call :meth:`month` after every month of a world; at the warm-up's end :attr:`moments`, empty
    before, holds its numbers by name; ``x_of`` is what the share ``x`` is a share of.

    Parameters
    ----------
    pack : Pack
        Base year and its totals.
    parameter : callable
        Value of a parameter in this replicate.
    """

    def __init__(self, pack: Pack, parameter: Callable[[str], float]) -> None:
        self._pack = pack
        self._parameter = parameter
        self._fai: dict[int, float] = {}
        self._carried = 0.0
        self._cohorts: dict[int, Array] = {}
        self._found: dict[str, float] = {}
        self.moments: dict[str, float] = {}

    def month(self, view: View) -> None:
        """Take in a month."""
        base, world = self._pack.base_year, view.world
        year, calendar = divmod(view.month, 12)
        if view.phase == PIPELINE and year >= base - 2:
            if (year, calendar) == (base - 2, 0):
                self._fai = {base - 2: 0.0, base - 1: 0.0, base: 0.0}
                self._carried = 0.0
            self._fai[year] += float(world["zone"]["fai"].sum())
            if year == base:
                self._carried += float(world["zone"]["fai_carried"].sum())
            if calendar == 11:
                self._cohorts[year] = _cohort(world, year)
                if year == base:
                    self._found = self._projects(world)
        elif view.phase == FIRMS and (year, calendar) == (base - 1, 11):
            self._sales = _sales(world)
        elif view.phase == FIRMS and (year, calendar) == (base, 11):
            self.moments = self._found | self._output(world)

    def _projects(self, world: np.void) -> dict[str, float]:
        """Moments of the pipeline at the end of the base year."""
        base = self._pack.base_year
        project = columns(world, "project")
        state, started, arrived = project["state"], project["started"], project["arrived"]
        begun = np.isin(state, (BUILDING, DONE, ABANDONED))
        group = begun & (project["in_group"] == 1)
        counted = group & (started >= 12 * (base - 1) + GROUPS_FROM)
        announced = float(project["raw"][counted].sum())
        signed = (arrived >= 12 * (base - 1)) & (arrived <= 12 * base + 11 - SIGNED_MONTHS)
        soon = signed & begun & (started - arrived <= SIGNED_MONTHS)
        listed = group & (arrived < 12 * base) & (started // 12 == base)
        spent, budget, number, done = self._cohorts[base - 1] + self._cohorts[base]
        before_april = listed & (started < 12 * base + 3)
        shares = {
            "group_spend": (project["spent"][counted].sum(), announced),
            "mean_project": (announced, counted.sum()),
            "start_year_spend": (spent, budget),
            "same_year_completion": (done, number),
            "carried_over": (self._carried, self._fai[base]),
            "signed_started": (soon.sum(), signed.sum()),
            "group_begun_q1": (before_april.sum(), listed.sum()),
        }
        ratios = {name: ratio(part, whole) for name, (part, whole) in shares.items()}
        ratios |= {f"{name}_of": float(whole) for name, (_, whole) in shares.items()}
        return ratios | {
            "group_starts": float(counted.sum()),
            "starts_growth": ratio(self._cohorts[base][2], self._cohorts[base - 1][2]) - 1.0,
            "attempts": float(world["city"]["attempt"]) + 1.0,
            "large_fai_2": self._fai[base - 2],
            "large_fai_1": self._fai[base - 1],
            "large_fai_0": self._fai[base],
        }

    def _output(self, world: np.void) -> dict[str, float]:
        """Moments of revenue and investment, once the firms' scale is solved."""
        base, year = self._pack.base, self._pack.base_year
        initial, plants = self._sales
        before = float(world["city"]["firm_scale"]) * initial + plants
        invested_now = world["past"]["measures"][:, FAI_ROW].sum(axis=1)
        fai = float(invested_now.sum())  # of two readings, the replicate's
        sold = float(world["past"]["measures"][:11, REPORTED_ROW].sum())
        # Before the base year the small lump runs at its expected path.
        lump = (1.0 - self._parameter("large_share_fai")) * fai
        lump /= 1.0 + self._parameter("small_lump_growth")
        invested = self._fai[year - 1] + lump
        return {
            "revenue_growth": base.revenue.value / before - 1.0,
            "fai_growth": fai / invested - 1.0,
            "fai_first_quarter": float(invested_now[:3].sum()) / fai,
            "fai_to_november": float(invested_now[:11].sum()),
            "revenue_to_november": self._parameter("scope_ratio") * sold,
        }


def columns(world: np.void, table: str) -> dict[str, npt.NDArray[Any]]:
    """Return the rows in use of a table of firms or projects, column by column: views."""
    rows = slice(0, int(world["city"][f"{table}s"]))
    record = world[table]
    names = record.dtype.names
    return {name: record[name][rows] for name in names if record[name].ndim == 1}


def ratio(part: float, whole: float) -> float:
    """Return a share, NaN of nothing."""
    return float(part) / float(whole) if whole else math.nan


def _sales(world: np.void) -> tuple[float, float]:
    """Sales of the year to date, 亿元: initial firms, warm-up plants."""
    firm = columns(world, "firm")
    initial = firm["group"] == INITIAL
    sales = firm["sales_year"]
    return float(sales[initial].sum()), float(sales[~initial].sum())


def _cohort(world: np.void, year: int) -> Array:
    """Starts of a calendar year at its end: spent, budgets (亿元), number, completed."""
    project = columns(world, "project")
    state = project["state"]
    mine = (project["started"] // 12 == year) & np.isin(state, (BUILDING, DONE, ABANDONED))
    sums = project["spent"][mine].sum(), project["budget"][mine].sum()
    return np.array([*sums, mine.sum(), (state[mine] == DONE).sum()], dtype=float)
