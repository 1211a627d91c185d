"""Which constraint would have to be relaxed first for projects to be built in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.forecast.calendar import fai_season
from xuchang_sim.model.world import MEASURE_ROW, SUMMARY
from xuchang_sim.simulation.arrays import kept_months
from xuchang_sim.simulation.results import Results
from xuchang_sim.units import factor

with deferred():
    from scipy import optimize, special

if TYPE_CHECKING:
    import numpy.typing as npt

    from xuchang_sim.pack.load import Pack

    Array = npt.NDArray[np.float64]

WORKING_DAYS = 21.75  # a month
DAYS = 10


@dataclass(frozen=True)
class Relaxation:
    """A monthly linear relaxation of the pipeline from the policy month, for the whole city.

    Projects are divisible. Four decisions a month: budgets started, money spent, loans drawn,
    budgets completed (亿元). Started is what is ready and has land; spending follows the S-curve
    and, beyond equity's share, the loans; completion follows the building times, needs its
    loans in full and workers for the plants.

    Attributes
    ----------
    supply, land_supply, credit, labour : ndarray, shape (months,)
        Of each month: budgets that become ready (亿元), land (亩), bank limit left by projects
        under construction (亿元), workers to be had for new plants.
    planned, built : ndarray, shape (months + 1,)
        Share of a budget spent, and of projects completed, by months after the start.
    bank, land, workers, sales : float
        Share of loans in a budget; 亩, persons and yearly sales (亿元) a 亿 of budget.
    calendar : tuple of int
        Calendar month of the first row (from 0), and months up to the end of the plan's year.
    """

    supply: Array
    land_supply: Array
    credit: Array
    labour: Array
    planned: Array
    built: Array
    bank: float
    land: float
    workers: float
    sales: float
    calendar: tuple[int, int]

    def objective(self, name: str) -> Array:
        """Worth of each decision, in 亿元 of an outcome: shape (4 * months,).

        Started, spent, drawn and completed budgets, month by month.
        """
        months = len(self.supply)
        month = np.arange(months)
        first = self.calendar[1]
        worth = np.zeros((4, months))
        if name == "fai":
            worth[1] = month < first
        elif name == "fai_next":
            worth[1] = month >= first
        else:
            start, end = (0, first) if name == "revenue" else (first, months)
            worth[3] = self.sales / 12.0 * np.clip(end - np.maximum(start, month + 1), 0, None)
        return worth.ravel()

    def rows(self) -> tuple[Array, Array, dict[str, slice]]:
        """Inequalities ``A x <= b``, every resource cumulated, with the rows of each."""
        months = len(self.supply)
        lower = np.tril(np.ones((months, months)))
        none = np.zeros((months, months))
        age = np.arange(months)[:, None] - np.arange(months)[None, :]
        # A month's start is spent on and built from the next month's end on.
        planned = np.where(age >= 0, self.planned[np.clip(age + 1, 0, months)], 0.0)
        own = np.minimum(planned, 1.0 - self.bank)
        built = np.where(age >= 0, self.built[np.clip(age, 0, months)], 0.0)
        # A limit that is not drawn carries over within the year only.
        year = (self.calendar[0] + np.arange(months)) // 12
        within = lower * (year[:, None] == year[None, :])
        zero = np.zeros(months)
        blocks = {
            "supply": ([lower, none, none, none], np.cumsum(self.supply)),
            "land": ([self.land * lower, none, none, none], np.cumsum(self.land_supply)),
            "finance": ([none, none, within, none], (within * self.credit).sum(axis=1)),
            "labour": ([none, none, none, self.workers * lower], np.cumsum(self.labour)),
            "plan": ([-planned, lower, none, none], zero),
            "own": ([-own, lower, -lower, none], zero),
            "built": ([-built, none, none, lower], zero),
            "paid": ([none, none, -lower, self.bank * lower], zero),
        }
        a = np.concatenate([np.concatenate(row, axis=1) for row, _ in blocks.values()])
        b = np.concatenate([limit for _, limit in blocks.values()])
        parts = {name: slice(k * months, (k + 1) * months) for k, name in enumerate(blocks)}
        return a, b, parts

    def solve(self, outcome: str) -> tuple[float, Array]:
        """Return the best value of an outcome and the marginal worth of every row's limit.

        NaN where the solver finds no solution: the measured prices stand without their dual.
        """
        a, b, _ = self.rows()
        scale = np.abs(a).max(axis=1)
        solved = optimize.linprog(
            -self.objective(outcome), A_ub=a / scale[:, None], b_ub=b / scale, method="highs"
        )
        if solved.status != 0:
            return math.nan, np.full(len(b), math.nan)
        return -float(solved.fun or 0.0), -np.asarray(solved.ineqlin.marginals) / scale

    def duals(self) -> dict[str, dict[str, float]]:
        """Return what one more unit of each resource a year is worth, spread over its months.

        A unit is 100亩, 1亿 of bank limit, 1,000 workers; for process, projects becoming ready 10
        working days earlier.
        """
        months = len(self.supply)
        parts = self.rows()[2]
        first = self.calendar[1]
        # Resources that arrive evenly over the months of each calendar year, cumulated as the rows
        # are.
        even = np.where(np.arange(months) < first, 1.0 / first, 1.0 / max(1, months - first))
        year = np.arange(months) >= first
        within = np.where(year, np.cumsum(even * year), np.cumsum(even))
        units = {
            "land": 100.0 * np.cumsum(even),
            "finance": within,
            "labour": 1000.0 * np.cumsum(even),
        }
        # Ready d months earlier: the cumulated supply rises by d months' inflow.
        inflow = np.append(self.supply[1:], self.supply[-1])
        moves = {**units, "process": inflow * DAYS / WORKING_DAYS}
        numbers: dict[str, dict[str, float]] = {name: {} for name in moves}
        for outcome in ("revenue", "revenue_next", "fai", "fai_next"):
            marginal = self.solve(outcome)[1]
            for name, move in moves.items():
                part = parts["supply" if name == "process" else name]
                numbers[name][outcome] = float((marginal[part] * move).sum())
        return numbers


def relaxation(results: Results, pack: Pack) -> Relaxation:
    """Read the linear relaxation off the means of a run.

    Raises
    ------
    ValueError
        If the run kept targets only.
    """
    means = kept_months(results.city)[results.good].mean(axis=0)
    policy = results.setup.policy_month - 12 * pack.base_year
    end = 12 * (pack.plan_year - pack.base_year + 1)
    rows = slice(policy, len(means))

    def column(name: str) -> Array:
        return np.asarray(means[rows, MEASURE_ROW[name]])

    def central(name: str) -> float:
        return float(pack.parameters[name].default or 0.0)

    started = np.maximum(column("starts_value"), 1e-9)
    # Projects that wait on the eve and those approved later become ready, whether they start or
    # not.
    waiting = column("wait_land") + column("wait_group") + column("wait_own")
    supply = np.maximum(started + np.diff(np.append(0.0, waiting)), 0.0)
    durations = _durations(pack)
    planned = _planned(durations, len(started), pack)
    age = np.arange(len(started) + 1)
    built = (durations[:, None] <= age[None, :]).mean(axis=0)
    spending = np.maximum(column("fai_new") + column("fai_carried"), 1e-9)
    drawn = column("loans_drawn")
    # Projects carried over draw first; the rest of the limit is for those still to be started.
    new = np.clip(np.convolve(started, np.diff(planned))[: len(started)] / spending, 0.0, 1.0)
    land = column("land_serviced") + column("reserve_drawn") + column("land_returned")
    land[0] += means[policy - 1, MEASURE_ROW["land_idle"]]
    room = column("hires") - column("separations")
    room += np.diff(column("seekers"), prepend=means[policy - 1, MEASURE_ROW["seekers"]])
    credit = _limit(results, pack, rows, column("platform_borrowed")) - drawn * (1.0 - new)
    before = slice(policy - policy % 12, policy)
    early = means[before, MEASURE_ROW["platform_borrowed"]]
    unused = _limit(results, pack, before, early) - means[before, MEASURE_ROW["loans_drawn"]]
    credit[0] += max(0.0, float(unused.sum()))
    return Relaxation(
        supply,
        land,
        np.maximum(credit, 0.0),
        np.maximum(room, 0.0),
        planned,
        built,
        (1.0 - central("own_money_mean")) * central("bank_share_rest"),
        float(column("land_used").sum() / started.sum()),
        factor("亿元", "万元") / central("investment_per_job"),
        central("announced_yield") * central("realised_yield"),
        (policy % 12, end - policy),
    )


def central_size(pack: Pack) -> float:
    """Mean budget of an ordinary project, 亿元: a power law between two ends."""
    alpha, low, high = (
        float(pack.parameters[f"size_ordinary_{name}"].default or 1.0)
        for name in ("alpha", "min", "max")
    )
    top = (high ** (1.0 - alpha) - low ** (1.0 - alpha)) / (1.0 - alpha)
    bottom = (high**-alpha - low**-alpha) / -alpha
    return float(top / bottom)


def _limit(results: Results, pack: Pack, rows: slice, borrowed: Array) -> Array:
    """Bank limit of each month, 亿元: the rule of the model, at its means."""
    levels = results.variant.scenario.levels
    good = results.good
    season = pack.calendar.fai_season
    known = dict(pack.history[season.estimate_from].known(pack.information_date))
    monthly = np.array(fai_season(known, (season.years[0], season.years[-1]))) / 12.0
    base = float(results.summary[good][:, SUMMARY.index("draws_base")].mean())

    def mean(name: str) -> float:
        return float(np.asarray(results.parameters[name])[good].mean())

    months = np.arange(rows.start, rows.stop)
    growth = 1.0 + mean("credit_growth")
    grown = base * np.array([growth**year for year in (months // 12).tolist()])
    limit = grown * monthly[months % 12] * (1.0 + levels["bank_limit_bonus"])
    policy = results.setup.policy_month - 12 * pack.base_year
    active = np.where(months // 12 == policy // 12, 12 - policy % 12, 12)
    backed = levels["guarantee_pool"] * mean("guarantee_multiplier") / active
    limit = limit + np.where(months >= policy, backed, 0.0)
    zones = len(pack.region.zones)
    excess = borrowed - zones * pack.levers["platform_financing"].absent / 12.0
    crowding = min(1.0, max(0.0, mean("crowd_out") + levels["crowd_out_shift"]))
    return np.asarray(limit - crowding * mean("platform_bank_share") * excess)


def _durations(pack: Pack) -> Array:
    """Building times of ordinary projects, months: equally likely values of their spread."""

    def central(name: str) -> float:
        return float(pack.parameters[name].default or 0.0)

    middle = central("duration_base") * central_size(pack) ** central("duration_elasticity")
    scores = special.ndtri((np.arange(20) + 0.5) / 20)
    spread = np.array([math.exp(central("duration_sigma") * score) for score in scores.tolist()])
    return np.asarray(np.maximum(central("duration_min"), middle * spread))


def _planned(durations: Array, months: int, pack: Pack) -> Array:
    """Share of a budget that is spent by each month after the start."""
    c = float(pack.parameters["scurve_c"].default or 0.0)
    k = float(pack.parameters["scurve_k"].default or 4.0)
    x = np.clip(np.arange(months + 1) / durations[:, None], 0.0, 1.0)
    spent = x + c * (x * x - x) - (6.0 * x * x * x - 9.0 * x * x + 3.0 * x) / k
    return np.asarray(spent.mean(axis=0))
