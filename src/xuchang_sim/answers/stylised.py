"""Stylised facts: each a function of pooled simulations, with its source in its docstring.

Distributions of firms and projects, rhythms of the year, links of flows, lags from start to output.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xuchang_sim.deferred import deferred
from xuchang_sim.forecast import cache
from xuchang_sim.forecast.calendar import dense, fill_january
from xuchang_sim.forecast.forecaster import forecaster
from xuchang_sim.forecast.series import Regular, history
from xuchang_sim.model.engine import threads
from xuchang_sim.model.steps.firms import IDLE_LIMIT, INITIAL
from xuchang_sim.model.world import BUILDING, DONE, FIRMS, MEASURE_ROW, PIPELINE, SUMMARY
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.worlds import FailedWorldError, View, WarmUp, Worlds, columns
from xuchang_sim.text import phrase

with deferred():
    from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.setup import Setup

Array = npt.NDArray[np.float64]
STEPS = 10  # steps of the spending profile
LONGEST_LEAD = 24  # months
LOW, HIGH = 0.05, 0.95


class Look:
    """Firms and projects of one world.

    Attributes
    ----------
    number : int
        Which replicate.
    moments : dict of str to float
        See :class:`xuchang_sim.simulation.worlds.WarmUp`.
    shocks : ndarray
        Growth of initial firms in the calendar year before the base year, before centring, over
        its scale.
    sizes, growth : ndarray
        Yearly orders of firms at the end of the plan year, and their log growth in the next.
    tail : float
        Exponent of the firms' sizes.
    profile : ndarray, shape (STEPS,)
        Summed shares of completed projects' budgets by step of their building time.
    raw : ndarray
        Announced investment, 亿元.
    building : tuple of ndarray
        Log months of building and log announced investment of completed projects.
    immortal : int
        Projects under way at the end that have all their land and are older than they may be: four
        times their time to build, or that and the months of a gap and two years more.
    best_year, months_without : float
        Of firms with projects over five years: mean share of the best year; of months without.
    """

    def __init__(self, worlds: Worlds, number: int) -> None:
        pack = worlds.setup.pack
        self.number = number
        self._patience = float(worlds.parameters["gap_drop"][number]) + 24.0
        self._base, self._plan = pack.base_year, pack.plan_year
        warm_up = WarmUp(pack, lambda name: float(worlds.parameters[name][number]))
        spent: dict[int, Array] = {}
        orders: dict[int, Array] = {}
        moved = np.zeros(1)
        december = 12 * (self._base - 1) - 1
        for phase, month, world in worlds.months(number):
            warm_up.month(View(phase, month, world))
            if phase != FIRMS:
                spent[month] = columns(world, "project")["spent"].copy()
            if phase != PIPELINE and month % 12 == 11:
                orders[month] = columns(world, "firm")["b"].copy()
            if phase == FIRMS and december < month <= december + 12:
                # The factor by which a sector's orders were centred this month.
                factor = world["sector"]["after"][:, 0]
                moved = moved + np.log(np.where(factor > 0.0, factor, 1.0))
            if month == december + 12 and phase == FIRMS:
                self.shocks = _shocks(world, orders[december], orders[december + 12], moved)
            if month == 12 * self._plan + 11:
                self.tail = _tail(world)
        self.moments = warm_up.moments
        self._firms(world, orders)
        self._projects(world, spent)

    def _firms(self, world: np.void, orders: Mapping[int, Array]) -> None:
        """Sizes and growth of the firms that lived and were past their ramp in both Decembers."""
        firm = columns(world, "firm")
        first = orders[12 * self._plan + 11]
        second = orders[12 * self._plan + 23][: len(first)]
        grown = firm["born"][: len(first)] < 12 * self._base
        kept = grown & (first > 0.0) & (second > 0.0)
        self.sizes = first[kept]
        self.growth = np.log(second[kept] / first[kept])

    def _projects(self, world: np.void, spent: Mapping[int, Array]) -> None:
        project = columns(world, "project")
        months = sorted(spent)
        table = np.zeros((len(months) + 1, len(project["raw"])))
        for row, month in enumerate(months):
            table[row + 1, : len(spent[month])] = spent[month]
        origin = months[0]
        self.raw = project["raw"].copy()
        done = project["state"] == DONE
        length = project["ended"] - project["started"] + 1
        enough = done & (project["started"] < months[-1] - 36)
        self.building = np.log(length[enough]), np.log(project["raw"][enough])
        self.profile = np.zeros(STEPS)
        for j in np.flatnonzero(enough & (length >= STEPS)):
            path = table[project["started"][j] - origin : project["ended"][j] - origin + 2, j]
            at = np.linspace(0.0, length[j], STEPS + 1)
            self.profile += np.diff(np.interp(at, np.arange(len(path)), path / path[-1]))
        self._lumps(world, np.diff(table, axis=0), origin)
        age = months[-1] - project["started"]
        length, patience = project["duration"], self._patience
        bound = np.maximum(4.0 * length, length + patience)
        served = project["land"] >= project["need"]
        self.immortal = int(((project["state"] == BUILDING) & served & (age > bound)).sum())

    def _lumps(self, world: np.void, monthly: Array, origin: int) -> None:
        """How bunched the investment of firms is, over five years around the base year."""
        plant, owner = columns(world, "project")["plant"], columns(world, "firm")["owner"]
        has = np.flatnonzero(plant >= 0)
        begin = 12 * (self._base - 2) - origin
        window = monthly[begin : begin + 60, has]
        firms, rows = np.unique(owner[plant[has]], return_inverse=True)
        money = np.zeros((60, len(firms)))
        np.add.at(money.T, rows, window.T)
        money = money[:, money.sum(axis=0) > 0.0]
        yearly = money.reshape(5, 12, -1).sum(axis=1)
        self.best_year = float((yearly.max(axis=0) / yearly.sum(axis=0)).mean())
        self.months_without = float((money <= 0.0).mean())


def _shocks(world: np.void, before: Array, after: Array, moved: Array) -> Array:
    """Take a year's growth of initial firms back to the shocks drawn, over their scale."""
    firm = columns(world, "firm")
    n = len(before)
    rows = np.flatnonzero(firm["group"][:n] == INITIAL)
    a = firm["a"][rows]
    shock = np.log(after[rows] / before[rows]) - moved[firm["sector"][rows]]
    # Uneven scales: each month was divided by its mean, over a year by 1 / (1 - a^2).
    uneven = float(np.ptp(a)) > 0.0
    return np.asarray((shock - (np.log1p(-(a**2)) if uneven else 0.0)) / a)


def _tail(world: np.void) -> float:
    """Exponent of the size distribution: rank - 1/2 on size, top tenth (Gabaix, Ibragimov).

    A firm is what one owner sells, its plants included.
    """
    firm = columns(world, "firm")
    sales = np.bincount(firm["owner"], firm["sales_year"])
    top = np.sort(sales[sales > 0.0])[::-1]
    top = top[: max(10, len(top) // 10)]
    rank = np.log(np.arange(1, len(top) + 1) - 0.5)
    return float(-np.polyfit(np.log(top), rank, 1)[0])


@dataclass(frozen=True)
class Evidence:
    """Data on which the facts are measured.

    Attributes
    ----------
    setup : Setup
    results : Results
        Record of all replicates, no plan.
    looks : list of Look
        Worlds that were looked at.
    prices : ndarray, shape (replicates, years - 1)
        Mean growth of producer prices by calendar year after the base year.
    tides : list of ndarray, shape (replicates,)
        Factor of the nation on investment in the base year and the two before.
    """

    setup: Setup
    results: Results
    looks: list[Look]
    prices: Array
    tides: list[Array]

    def city(self, name: str) -> Array:
        """One recorded column of the city: shape (good replicates, months)."""
        if self.results.city is None:
            message = phrase("fact.months")
            raise ValueError(message)
        months: Array = self.results.city[self.results.good][:, :, MEASURE_ROW[name]]
        return months

    def moment(self, name: str) -> Array:
        """One moment of the warm-up: shape (looks,)."""
        return np.array([look.moments[name] for look in self.looks])

    def parameter(self, name: str) -> Array:
        """One parameter of the worlds that were looked at: shape (looks,)."""
        return self.results.parameters[name][[look.number for look in self.looks]]


Numbers = dict[str, float]


def _pooled(name: str) -> Measure:
    """Share over all worlds together."""

    def of(e: Evidence) -> Numbers:
        share, whole = e.moment(name), e.moment(f"{name}_of")
        return {"share": float(np.nansum(share * whole) / whole.sum())}

    return Measure(("share",), of)


def firm_size_tail(e: Evidence) -> Numbers:
    """Mean exponent of the runs."""
    return {"exponent": float(np.mean([look.tail for look in e.looks]))}


def growth_law(e: Evidence) -> Numbers:
    """Kolmogorov tests of the year's shocks."""
    shocks = np.concatenate([look.shocks for look in e.looks])
    return {
        "p_laplace": float(stats.kstest(shocks, stats.laplace.cdf).pvalue),
        "p_normal": float(stats.kstest(shocks / shocks.std(), stats.norm.cdf).pvalue),
    }


def dispersion_neutral(e: Evidence) -> Numbers:
    """Paired difference of revenue between two dispersions, without caps.

    Without a cap on capacity every firm is little used, and after half a year such firms close:
    revenue is that of the months before.
    """
    base = e.results.variant.scenario
    pair = []
    for a in DISPERSIONS:
        fixed = {"growth_dispersion": a, "size_variance_exponent": 0.0} | NO_CAPS
        scenario = replace(base, parameters={**base.parameters, **fixed})
        run_without = run(
            replace(e.setup, through=12 * e.setup.pack.plan_year + 11), [Variant(scenario)]
        )
        pair.append(replace(e, results=run_without[0]).city("revenue")[:, 12 : 12 + IDLE_LIMIT - 1])
    gap = (pair[1] - pair[0]).sum(axis=1)
    error = float(gap.std(ddof=1)) / np.sqrt(len(gap))
    exact = float(np.abs(gap).max()) < 1e-9 * float(pair[0].sum(axis=1).mean())
    return {"z": 0.0 if exact else float(gap.mean()) / error}


DISPERSIONS = 0.10, 0.30
#: Twenty times the capacity that is used stands ready, and workers could do anything.
NO_CAPS = {"utilisation_normal": 0.05, "effort_cap": 1000.0}


def warm_up_complete(e: Evidence) -> Numbers:
    """Growth of mean investment of large projects less that of starts."""
    fai = [float(e.moment(f"large_fai_{k}").mean()) for k in (0, 1, 2)]
    seen = [look.number for look in e.looks]
    growth = 1.0 + e.parameter("starts_growth")
    starts = [float(np.mean(growth**-k * e.tides[k][seen])) for k in (0, 1, 2)]
    return {
        "base_year": fai[0] / fai[1] - starts[0] / starts[1],
        "year_before": fai[1] / fai[2] - starts[1] / starts[2],
    }


def size_variance(e: Evidence) -> Numbers:
    """Slope of log sd of growth on log size, by tenths of size within each run."""
    tenths: list[list[Array]] = [[] for _ in range(10)]
    sizes: list[list[float]] = [[] for _ in range(10)]
    for look in e.looks:
        order = np.array_split(np.argsort(look.sizes), 10)
        for k, rows in enumerate(order):
            tenths[k].append(look.growth[rows] - np.median(look.growth))
            sizes[k].append(float(np.log(look.sizes[rows]).mean()))
    spread = [float(np.concatenate(parts).std()) for parts in tenths]
    middle = [float(np.mean(parts)) for parts in sizes]
    return {"slope": float(np.polyfit(middle, np.log(spread), 1)[0])}


def project_sizes(e: Evidence) -> Numbers:
    """Hill estimate over all projects."""
    raw = np.concatenate([look.raw for look in e.looks])
    least = e.parameter("size_ordinary_min")[0]
    return {"exponent": 1.0 / float(np.log(raw / least).mean())}


def _year_shares(e: Evidence, name: str) -> Array:
    """Mean month's share of the year over all complete years: shape (12,)."""
    months = e.city(name).mean(axis=0)
    years = months[: len(months) // 12 * 12].reshape(-1, 12)
    shares: Array = (years / years.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def fai_season(e: Evidence) -> Numbers:
    """Shares of the year, and the place of June."""
    share = _year_shares(e, "fai")
    return {
        "jan_feb": float(share[:2].sum()),
        "first_quarter": float(share[:3].sum()),
        "first_half": float(share[:6].sum()),
        "rank_of_june": 1.0 + float((share > share[5]).sum()),
    }


def revenue_season(e: Evidence) -> Numbers:
    """Shares of the year."""
    share = _year_shares(e, "revenue")
    return {
        "jan_feb": float(share[:2].sum()),
        "first_quarter": float(share[:3].sum()),
        "jan_may": float(share[:5].sum()),
    }


def s_curve(e: Evidence) -> Numbers:
    """Shape of the mean profile of spending."""
    steps = np.sum([look.profile for look in e.looks], axis=0)
    bend = np.sign(np.diff(steps))
    bend = bend[bend != 0.0]
    return {
        "changes": float((np.diff(bend) != 0.0).sum()),
        "convex_first": float(bend[0] > 0.0),
        "peak": (float(steps.argmax()) + 0.5) / STEPS,
    }


def duration_elasticity(e: Evidence) -> Numbers:
    """Slope of log months of building on log size."""
    months = np.concatenate([look.building[0] for look in e.looks])
    size = np.concatenate([look.building[1] for look in e.looks])
    return {"slope": float(np.polyfit(size, months, 1)[0])}


def lumpiness(e: Evidence) -> Numbers:
    """How bunched firms invest."""
    return {
        "best_year": float(np.mean([look.best_year for look in e.looks])),
        "months_without": float(np.mean([look.months_without for look in e.looks])),
    }


def fai_leads(e: Evidence) -> Numbers:
    """Lag at which the cross-correlation of investment and the change of revenue peaks."""
    lags, coefficients = cross_correlation(e)
    return {"months": float(lags[coefficients.argmax()])}


def cross_correlation(e: Evidence) -> tuple[Array, Array]:
    """Correlation of a quarter's investment with the change of revenue `k` months later.

    Sums of three months, the change against the three months before; revenue without season. The
    component common to all runs and each run's own mean are subtracted.
    """
    season = np.array(e.setup.pack.calendar.revenue_season)
    sold, spent = e.city("revenue"), e.city("fai")
    sold = sold / season[np.arange(sold.shape[1]) % 12]

    def quarters(values: Array) -> Array:
        total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
        return np.asarray(total[:, 3:] - total[:, :-3])

    def own(values: Array) -> Array:
        values = values - values.mean(axis=0)
        return np.asarray(values - values.mean(axis=1, keepdims=True))

    x = own(quarters(spent))[:, 3:]
    y = own(quarters(sold)[:, 3:] - quarters(sold)[:, :-3])
    lags = np.arange(min(LONGEST_LEAD, x.shape[1] - 2) + 1)
    coefficients = [
        np.corrcoef(x[:, : x.shape[1] - k].ravel(), y[:, k:].ravel())[0, 1] for k in lags
    ]
    return lags, np.array(coefficients, dtype=float)


def okun(e: Evidence) -> Numbers:
    """Slope of growth of workers on growth of output in constant prices, city and year."""
    good = e.results.good
    sold = np.diff(np.log(e.results.outcomes["revenue_real"][good]), axis=1)
    hands = np.diff(np.log(e.results.outcomes["workers"][good]), axis=1)
    return {"slope": float(np.polyfit((sold - e.prices[good]).ravel(), hands.ravel(), 1)[0])}


def productivity(e: Evidence) -> Numbers:
    """Growth of revenue per worker."""
    r = e.results
    year = r.setup.pack.plan_year
    per = [r.outcome("revenue_real", y) / r.outcome("workers", y) for y in (year - 1, year)]
    return {"growth": float((per[1] / per[0] - 1.0).mean())}


def downside(e: Evidence) -> Numbers:
    """Years whose national growth lay inside the interval forecast the year before."""
    pack = e.setup.pack
    sold = history(pack, NATION, pack.information_date.isoformat())
    inside = 0
    for year in range(pack.base_year - 2, pack.base_year + 1):
        grown = sold[str(year)] / sold[str(year - 1)] - 1.0
        low, high = forecast_interval(pack, year, e.results.parameters["demand_wedge"])
        inside += low <= grown <= high
    return {"years_inside": float(inside)}


NATION = "china_industrial_revenue"
DEMAND = "industrial_value_added_yoy", "ppi_yoy"


def forecast_interval(pack: Pack, year: int, wedge: Array) -> tuple[float, float]:
    """5-95% interval of the nation's growth of revenue, as forecast at the end of the year before.

    Value added plus producer prices as one monthly series, by the forecaster for any series (the
    joint model of the drivers wants four years of data), and the wedge of revenue over both.
    """
    parts = [dense(history(pack, name, f"{year}-02-01")) for name in DEMAND]
    first = max(begin for begin, _ in parts)
    columns = [fill_january(begin, values)[first - begin :] / 100.0 for begin, values in parts]
    length = min(len(column) for column in columns)
    monthly = np.sum([column[:length] for column in columns], axis=0)

    def paths() -> dict[str, Array]:
        series = Regular("value added and producer prices", 12, first, monthly, unit="% growth")
        return {"means": forecaster(series, 12).paths().mean(axis=1)}

    means = cache.remembered("facts", cache.digest("national", monthly, first), paths)["means"]
    count = min(len(means), len(wedge))
    low, high = np.quantile(means[:count] + wedge[:count], [LOW, HIGH]).tolist()
    return low, high


def net_entry(e: Evidence) -> Numbers:
    """Share of growth that comes from plants and new firms."""
    base = 12 * (e.setup.pack.plan_year - 1 - e.setup.pack.base_year)

    def gain(name: str) -> float:
        months = e.city(name).mean(axis=0)
        return float(months[base + 12 : base + 24].sum() - months[base : base + 12].sum())

    return {"share": (gain("revenue_warm") + gain("revenue_new")) / gain("revenue")}


def _plan_year(e: Evidence, name: str) -> Array:
    """Months of the plan's year of one recorded column of the city: shape (good replicates, 12)."""
    first = 12 * (e.setup.pack.plan_year - e.setup.pack.base_year)
    months: Array = e.city(name)[:, first : first + 12]
    return months


def labour_tightness(e: Evidence) -> Numbers:
    """Posts per seeker in the plan's year and its quarters, unfilled posts over workers: medians."""
    posts, seeking = _plan_year(e, "posts"), _plan_year(e, "seeking")
    short = _plan_year(e, "unfilled_skilled") + _plan_year(e, "unfilled_unskilled")
    tightness = {"year": posts.sum(axis=1) / seeking.sum(axis=1)}
    for k in range(4):
        months = slice(3 * k, 3 * k + 3)
        tightness[f"quarter_{k + 1}"] = posts[:, months].sum(axis=1) / seeking[:, months].sum(
            axis=1
        )
    tightness["unfilled"] = short.sum(axis=1) / _plan_year(e, "workers").sum(axis=1)
    return {name: float(np.median(values)) for name, values in tightness.items()}


def no_immortal_project(e: Evidence) -> Numbers:
    """Projects under way at the end that have all their land and are older than their bound."""
    return {"projects": float(sum(look.immortal for look in e.looks))}


def continuation(e: Evidence) -> Numbers:
    """Plan's year without the plan over the base year: investment, starts, land used; medians."""
    r = e.results
    year = r.setup.pack.plan_year
    land = r.outcome("land_used", year) / r.summary[r.good][:, SUMMARY.index("expected_land")]
    ratios = {
        name: r.outcome(measure, year) / r.outcome(measure, year - 1)
        for name, measure in (("fai", "fai"), ("starts", "starts_1e8"))
    }
    return {name: float(np.median(x)) for name, x in (ratios | {"land": land}).items()}


def two_years(e: Evidence) -> Numbers:
    """Growth of reported revenue over two years, a year's mean: median and ends of its 90%."""
    r = e.results
    year = r.setup.pack.plan_year
    grown = r.outcome("revenue", year + 1) / r.outcome("revenue", year - 1)
    low, middle, high = np.quantile(np.sqrt(grown) - 1.0, [LOW, 0.5, HIGH]).tolist()
    return {"low": low, "median": middle, "high": high}


def real_and_reported(e: Evidence) -> Numbers:
    """Reported less real growth in the plan's year: mean."""
    r = e.results
    gap = r.outcome("revenue_growth") - r.outcome("revenue_real_growth")
    return {"gap": float(gap.mean())}


def rest_of_the_city(e: Evidence) -> Numbers:
    """Growth of the city without the zones that the zones' own growth of the base year leaves.

    The city grew as its secondary product; the zones had their share of it in the base year.
    """
    pack = e.setup.pack
    year = pack.base_year
    name = next((n for n, s in pack.history.items() if s.entry.series == "gdp_secondary"), None)
    if name is None:
        return {"growth": float("nan")}
    city = history(pack, name, pack.information_date.isoformat())
    share = e.parameter("city_revenue_share_base")
    before = city[str(year - 1)] / city[str(year)] - share / (1.0 + e.moment("revenue_growth"))
    return {"growth": float(np.median((1.0 - share) / before - 1.0))}


@dataclass(frozen=True)
class Measure:
    """How a fact is measured, and the names of its numbers."""

    numbers: tuple[str, ...]
    of: Callable[[Evidence], Numbers]


#: Every fact by its id.
MEASURED: dict[str, Measure] = {
    "firm_size_tail": Measure(("exponent",), firm_size_tail),
    "growth_law": Measure(("p_laplace", "p_normal"), growth_law),
    "dispersion_neutral": Measure(("z",), dispersion_neutral),
    "warm_up_complete": Measure(("base_year", "year_before"), warm_up_complete),
    "size_variance": Measure(("slope",), size_variance),
    "project_sizes": Measure(("exponent",), project_sizes),
    "fai_season": Measure(("jan_feb", "first_quarter", "first_half", "rank_of_june"), fai_season),
    "revenue_season": Measure(("jan_feb", "first_quarter", "jan_may"), revenue_season),
    "s_curve": Measure(("changes", "convex_first", "peak"), s_curve),
    "start_year_spend": _pooled("start_year_spend"),
    "group_spend": _pooled("group_spend"),
    "group_begun_q1": _pooled("group_begun_q1"),
    "same_year_completion": _pooled("same_year_completion"),
    "carried_over": _pooled("carried_over"),
    "signed_started": _pooled("signed_started"),
    "duration_elasticity": Measure(("slope",), duration_elasticity),
    "lumpiness": Measure(("best_year", "months_without"), lumpiness),
    "fai_leads": Measure(("months",), fai_leads),
    "okun": Measure(("slope",), okun),
    "productivity": Measure(("growth",), productivity),
    "downside": Measure(("years_inside",), downside),
    "net_entry": Measure(("share",), net_entry),
    "labour_tightness": Measure(
        ("year", "quarter_1", "quarter_2", "quarter_3", "quarter_4", "unfilled"), labour_tightness
    ),
    "no_immortal_project": Measure(("projects",), no_immortal_project),
    "continuation": Measure(("fai", "starts", "land"), continuation),
    "two_years": Measure(("low", "median", "high"), two_years),
    "real_and_reported": Measure(("gap",), real_and_reported),
    "rest_of_the_city": Measure(("growth",), rest_of_the_city),
}


def look(worlds: Worlds, progress: Callable[[int, int], None] | None = None) -> list[Look]:
    """Look at every replicate of a run that goes through, in parallel threads."""

    def one(number: int) -> Look | None:
        try:
            return Look(worlds, number)
        except FailedWorldError:
            return None

    whole = worlds.setup.replicates
    looks = []
    with ThreadPoolExecutor(threads(), thread_name_prefix="worlds") as pool:
        for done, seen in enumerate(pool.map(one, range(whole)), 1):
            if seen is not None:
                looks.append(seen)
            if progress:
                progress(done, whole)
    return looks
