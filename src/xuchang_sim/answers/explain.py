"""Explanation: what holds a target back, what growth is made of, what one more unit would bring.

Causal shares are exact Shapley values over families of constraints, each lifted or not, under
common random numbers. Shadow prices are measured twice: by paired central differences of the
model, and as the duals of a monthly linear relaxation of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict

import numpy as np

from xuchang_sim import definitions
from xuchang_sim.answer import NAN, Answer, MaybeNan, Unit
from xuchang_sim.answers.assess import goals, manifest
from xuchang_sim.answers.records import Manifest
from xuchang_sim.answers.requirements import require
from xuchang_sim.forecast.calendar import fai_season
from xuchang_sim.model.world import MEASURE_ROW, SUMMARY
from xuchang_sim.pack.scenario import ResolvedScenario, adjust
from xuchang_sim.simulation.measures import meets
from xuchang_sim.simulation.results import Results, WhyYear, together
from xuchang_sim.simulation.run import Setup, Variant, run
from xuchang_sim.units import month_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]

#: Families of constraints, and the gate of the model that each lifts (None: moved, see `relaxed`).
FAMILIES: dict[str, str | None] = {
    "land": "land",
    "finance": "credit",
    "labour": "labour",
    "process": "approval",
    "demand": None,
    "attraction": None,
}
DEMAND_SHIFT = 2.0  # standard deviations by which demand is lifted: the edge of what is plausible
WORKING_DAYS = 21.75  # a month
DAYS = 10


class Share(NamedTuple):
    """Causal share of one family: mean over replicates with its standard error.

    ``of_total`` is the share of what lifting everything brings.
    """

    value: float
    se: MaybeNan
    of_total: MaybeNan


@dataclass(frozen=True)
class Attribution:
    """Exact Shapley values of one outcome.

    Attributes
    ----------
    outcome : str
        Measure of the plan's year, or ``P(...)`` of it.
    base, target : float
        Mean under the scenario; value asked for.
    total : float
        What lifting every family brings; the shares sum to it, replicate by replicate.
    total_se : float
    shares : dict of str to Share
    alone : dict of str to float
        What lifting a family alone brings; the difference to its share is interaction.
    """

    outcome: str
    base: float
    target: float
    total: float
    total_se: float
    shares: dict[str, Share]
    alone: dict[str, float]

    @property
    def gap(self) -> float:
        """What is missing on average; negative if the mean lies above the target."""
        return self.target - self.base


class Bar(NamedTuple):
    """One bar of a waterfall: its place, mean and standard error, 亿元."""

    name: str
    value: Annotated[float, Unit("亿元")]
    se: Annotated[float, Unit("亿元"), NAN]


@dataclass(frozen=True)
class Waterfall:
    """From the base year's total to the plan year's.

    ``base`` and ``gains`` less ``losses`` give ``outcome``, replicate by replicate.
    """

    measure: str
    base: Bar
    gains: tuple[Bar, ...]
    losses: tuple[Bar, ...]
    outcome: Bar


class Price(NamedTuple):
    """What one unit more of a lever brings.

    Parameters
    ----------
    resource : str
        ``land``, ``finance``, ``labour`` or ``process``.
    lever : str
        Lever that is moved.
    unit : str
        What is called one unit, e.g. 100亩.
    cost : float
        Cost of a unit, 亿元; NaN where none is known.
    effect : dict of str to (float, float)
        Paired difference of each outcome a unit, with its standard error.
    dual : dict of str to float
        The same by the linear relaxation; NaN where it has no such row.
    one_sided : bool
        Whether the lever stands at an end of its range, so that the difference has one side.
    """

    resource: str
    lever: str
    unit: str
    cost: float
    effect: dict[str, tuple[float, float]]
    dual: dict[str, float]
    one_sided: bool


class ShareOfGap(TypedDict):
    """Causal share of one family of levers, also as a share of the total and of the gap."""

    value: float
    se: MaybeNan
    of_total: MaybeNan
    of_gap: MaybeNan


class AttributionRecord(TypedDict):
    """Exact Shapley values of one outcome; the shares sum to ``total``.

    ``of_gap`` is null where the mean lies above the target: there is no gap.
    """

    outcome: str
    base: MaybeNan
    target: float
    gap: MaybeNan
    total: MaybeNan
    total_se: MaybeNan
    shares: dict[str, ShareOfGap]
    alone: dict[str, MaybeNan]


class WaterfallRecord(TypedDict):
    """From the base year's total to the plan year's, 亿元."""

    measure: str
    base: Annotated[float, Unit("亿元"), NAN]
    gains: list[Bar]
    losses: list[Bar]
    outcome: Bar


class Effect(TypedDict):
    """Paired difference that one unit brings, with its standard error."""

    value: MaybeNan
    se: MaybeNan


class PriceRecord(TypedDict):
    """What one unit more of a lever brings, and what it costs (null where it has no price).

    ``dual`` is the same by the linear relaxation, null where it has no such row.
    """

    resource: str
    lever: str
    unit: str
    cost: Annotated[float, Unit("亿元"), NAN]
    effect: dict[str, Effect]
    dual: dict[str, MaybeNan]
    one_sided: bool


@dataclass(frozen=True, eq=False)
class Explanation(Answer):
    """What holds the targets back.

    Attributes
    ----------
    results : Results
        The scenario itself.
    attributions : tuple of Attribution
    waterfalls : tuple of Waterfall
    prices : tuple of Price
    """

    results: Results
    setup: Setup
    attributions: tuple[Attribution, ...]
    waterfalls: tuple[Waterfall, ...]
    prices: tuple[Price, ...]

    KEYS = (
        *("scenario", "replicates", "failed", "seed", "through", "families", "demand_shift"),
        *("attribution", "waterfall", "prices", "why", "manifest"),
    )
    ALIASES = MappingProxyType({"prices": "price_rows"})
    ROWS = "prices"
    COLUMNS = ("resource", "lever", "unit", "cost", "effect.revenue.value", "effect.fai.value")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.scenario}: what one more unit brings, {self.replicates} replicates"

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.results.setting.scenario.name

    @property
    def replicates(self) -> int:
        """Simulated futures."""
        return self.results.setting.replicates

    @property
    def failed(self) -> int:
        """Replicates that failed."""
        return int((~self.results.good).sum())

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.results.setting.seed

    @property
    def through(self) -> str:
        """Last month, YYYY-MM."""
        return month_label(self.results.setting.through)

    @property
    def families(self) -> list[str]:
        """Families among which the gap is split."""
        return list(FAMILIES)

    @property
    def demand_shift(self) -> float:
        """Standard deviations by which demand is lifted."""
        return DEMAND_SHIFT

    @property
    def attribution(self) -> list[AttributionRecord]:
        """Gap of each outcome, split among the families."""
        return [
            {
                "outcome": a.outcome,
                "base": a.base,
                "target": a.target,
                "gap": a.gap,
                "total": a.total,
                "total_se": a.total_se,
                "shares": {
                    name: {
                        "value": share.value,
                        "se": share.se,
                        "of_total": share.of_total,
                        "of_gap": share.value / a.gap if a.gap > 0 else math.nan,
                    }
                    for name, share in a.shares.items()
                },
                "alone": a.alone,
            }
            for a in self.attributions
        ]

    @property
    def waterfall(self) -> list[WaterfallRecord]:
        """What the growth of each total is made of."""
        return [
            {
                "measure": w.measure,
                "base": w.base.value,
                "gains": list(w.gains),
                "losses": list(w.losses),
                "outcome": w.outcome,
            }
            for w in self.waterfalls
        ]

    @property
    def price_rows(self) -> list[PriceRecord]:
        """What one more unit of each lever brings."""
        return [
            {
                "resource": price.resource,
                "lever": price.lever,
                "unit": price.unit,
                "cost": price.cost,
                "effect": {k: {"value": v, "se": s} for k, (v, s) in price.effect.items()},
                "dual": price.dual,
                "one_sided": price.one_sided,
            }
            for price in self.prices
        ]

    @property
    def why(self) -> WhyYear:
        """What bound in the plan's year."""
        return self.results.why().year(self.results.setting.pack.plan_year)

    @property
    def manifest(self) -> Manifest:
        """What identifies the result."""
        return manifest(self.setup, [self.results.setting.scenario])


# ------------------------------------------------------------------------------------- shares


def shapley(values: Array) -> Array:
    """Exact Shapley values of a game.

    Parameters
    ----------
    values : ndarray, shape (2**players, ...)
        Worth of every coalition; bit k of the index says whether player k is in it.

    Returns
    -------
    ndarray, shape (players, ...)
        They sum to the worth of all less that of none.

    Raises
    ------
    ValueError
        If the number of coalitions is no power of two.
    """
    count = len(values)
    players = count.bit_length() - 1
    if count != 1 << players:
        message = f"{count} coalitions are no power of two"
        raise ValueError(message)
    found = np.zeros((players, *values.shape[1:]))
    for coalition in range(count):
        size = coalition.bit_count()
        for player in range(players):
            if not coalition >> player & 1:
                weight = math.factorial(size) * math.factorial(players - size - 1)
                gain = values[coalition | 1 << player] - values[coalition]
                found[player] += weight / math.factorial(players) * gain
    return found


def relaxed(scenario: ResolvedScenario, families: Sequence[str], pack: Pack) -> Variant:
    """Return a scenario with some families of constraints lifted.

    Land, finance, labour and process lose their gate; demand is lifted by two standard deviations;
    attraction goes to the ends of its levers' ranges.
    """
    moved = scenario
    if "attraction" in families:
        moved = adjust(moved, {"attraction": 2.0}, pack)[0]
    if "demand" in families:
        moved = replace(moved, demand_shift=min(4.0, moved.demand_shift + DEMAND_SHIFT))
    gates = frozenset(gate for name in families if (gate := FAMILIES[name]) is not None)
    return Variant(replace(moved, name="+".join([scenario.name, *families])), relaxed=gates)


def attribute(
    setup: Setup,
    scenario: ResolvedScenario,
    outcomes: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Attribution, ...]:
    """Attribute what lifting constraints brings: every combination of families is run.

    Parameters
    ----------
    setup : Setup
        Pack, replicates, seed.
    scenario : ResolvedScenario
        Where the constraints hold.
    outcomes : sequence of str, optional
        Targets of the plan, by default its goals; each is attributed in its own unit and as a probability.
    progress : callable, optional
        Called with (replicates done, replicates in all).

    Returns
    -------
    tuple of Attribution
        Two for each outcome.
    """
    names = tuple(FAMILIES)
    pack = setup.pack
    outcomes = goals(pack) if outcomes is None else outcomes
    variants = [
        relaxed(scenario, [name for k, name in enumerate(names) if c >> k & 1], pack)
        for c in range(1 << len(names))
    ]
    short = replace(setup, through=12 * pack.plan_year + 11)
    results = run(short, variants, full=False, keep=outcomes, progress=progress)
    good = together(results)
    year = results[0].setting.years.index(pack.plan_year)
    found = []
    for name in outcomes:
        target = pack.plan.target(name)
        values = np.stack([r.outcomes[name][good, year] for r in results])
        found.append(_attribution(name, values, target.value, names))
        met = np.stack([meets(row, target) for row in values]).astype(float)
        found.append(_attribution(f"P({name})", met, 1.0, names))
    return tuple(found)


def _attribution(outcome: str, values: Array, target: float, names: Sequence[str]) -> Attribution:
    """Means and standard errors of the shares; a share is linear in the replicates."""
    each = shapley(values)
    total = values[-1] - values[0]
    whole = float(total.mean())
    shares = {
        name: Share(float(row.mean()), _se(row), float(row.mean()) / whole if whole else math.nan)
        for name, row in zip(names, each, strict=True)
    }
    alone = {name: float((values[1 << k] - values[0]).mean()) for k, name in enumerate(names)}
    return Attribution(outcome, float(values[0].mean()), target, whole, _se(total), shares, alone)


def _se(values: Array) -> float:
    n = len(values)
    return float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan


# ------------------------------------------------------------------------------------- waterfall


def waterfalls(results: Results) -> tuple[Waterfall, ...]:
    """Say what growth of revenue and of investment is made of, gross, and what was lost.

    Revenue lost to full capacity and to missing workers is counted with existing firms, revenue of
    plants late for want of bank money with new projects; scope is reported less real revenue.

    Raises
    ------
    ValueError
        If the run kept targets only.
    """
    if results.zone_years is None:
        message = "this run kept targets only; run it with its months"
        raise ValueError(message)
    good = results.zone_years[results.good].sum(axis=3)
    year = results.setting.years.index(results.setting.pack.plan_year)

    def level(name: str, y: int) -> Array:
        return np.asarray(good[:, y, MEASURE_ROW[name]])

    def change(*names: str) -> Array:
        return np.asarray(sum(level(n, year) - level(n, 0) for n in names))

    def lost(name: str) -> Array:
        return level(name, year) - level(name, 0)

    def bar(name: str, values: Array) -> Bar:
        return Bar(name, float(values.mean()), _se(values))

    shop, hands, money = (lost(f"lost_{name}") for name in ("capacity", "labour", "finance"))
    revenue = Waterfall(
        "revenue",
        bar("base", level("reported", 0)),
        (
            bar("existing", change("revenue_incumbents") + shop + hands),
            bar("projects", change("revenue_warm", "revenue_new") + money),
            bar("scope", change("reported") - change("revenue")),
        ),
        (bar("capacity", shop), bar("labour", hands), bar("finance", money)),
        bar("outcome", level("reported", year)),
    )
    bank, land, stall = (lost(f"short_{name}") for name in ("bank", "land", "stall"))
    fai = Waterfall(
        "fai",
        bar("base", level("fai", 0)),
        (
            bar("carried", change("fai_carried")),
            bar("started", change("fai_new") + bank + land + stall),
            bar("small", change("fai_small")),
            bar("extras", change("fai_extra")),
        ),
        (bar("bank", bank), bar("land", land), bar("stall", stall)),
        bar("outcome", level("fai", year)),
    )
    return revenue, fai


# ------------------------------------------------------------------------------------- prices


class Lever(NamedTuple):
    """How a shadow price is measured: lever, its size of one unit, and what the unit is called."""

    resource: str
    lever: str
    size: float
    unit: str
    cost: float


def priced(pack: Pack) -> tuple[Lever, ...]:
    """Levers whose shadow price is measured, in units of 100亩, 1亿, 1,000 workers, 10 days."""
    zones = len(pack.region.zones)
    values = {name: parameter.default for name, parameter in pack.parameters.items()}

    def price(name: str, size: Fraction) -> float:
        unit = definitions.price(name, values, zones)
        return math.nan if unit is None else float(unit * size)

    days = DAYS / (WORKING_DAYS * values["approval_months"])
    sizes = (
        ("land", "municipal_reserve", Fraction(100), "100亩"),
        ("land", "reused_land", Fraction(100), "100亩"),
        ("finance", "platform_financing", Fraction(1, zones), "1亿"),
        ("finance", "guarantee_pool", Fraction(1), "1亿"),
        ("finance", "grant_pool", Fraction(1), "1亿"),
        ("labour", "training_places", Fraction(1000), "1000人"),
    )
    return (
        *(
            Lever(resource, name, float(size), unit, price(name, size))
            for resource, name, size, unit in sizes
        ),
        Lever("process", "approval_cut", days, "10个工作日", math.nan),
    )


PRICED = ("revenue", "fai")
STEP = 5.0  # units by which a lever is moved each way, where its range allows


def prices(
    setup: Setup,
    scenario: ResolvedScenario,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[Price, ...], Results]:
    """Measure what one more unit of each lever brings, in the plan's year and the next.

    Parameters
    ----------
    setup : Setup
    scenario : ResolvedScenario
    progress : callable, optional
        Called with (replicates done, replicates in all).

    Returns
    -------
    prices : tuple of Price
    results : Results
        The scenario itself, with its months.
    """
    pack = setup.pack
    levers = priced(pack)
    steps = []
    variants = [Variant(scenario)]
    for entry in levers:
        lever, at = pack.levers[entry.lever], scenario.levels[entry.lever]
        room_down = (at - lever.minimum) / entry.size
        room_up = (lever.maximum - at) / entry.size
        reach = min(STEP, room_down, room_up)
        down, up = (reach, reach) if reach > 0.25 else (min(STEP, room_down), min(STEP, room_up))
        steps.append((down, up, reach <= 0.25))
        for sign in (-down, up):
            levels = {**scenario.levels, entry.lever: at + sign * entry.size}
            variants.append(Variant(replace(scenario, levels=levels)))
    first = run(setup, variants[:1])[0]
    moved = run(setup, variants[1:], full=False, keep=PRICED, progress=progress)
    good = together([first, *moved])
    years = first.setting.years
    year = years.index(pack.plan_year)
    duals = relaxation(first, pack).duals()
    found = []
    for k, (entry, (down, up, one_sided)) in enumerate(zip(levers, steps, strict=True)):
        less, more = moved[2 * k], moved[2 * k + 1]
        effect: dict[str, tuple[float, float]] = {}
        for name in PRICED:
            for y in range(year, min(year + 2, len(years))):
                gap = (more.outcomes[name][good, y] - less.outcomes[name][good, y]) / (down + up)
                key = name if y == year else f"{name}_next"
                effect[key] = (float(gap.mean()), _se(gap))
        dual = duals.get(entry.resource, dict.fromkeys(effect, math.nan))
        found.append(
            Price(entry.resource, entry.lever, entry.unit, entry.cost, effect, dual, one_sided)
        )
    return tuple(found), first


@dataclass(frozen=True)
class Relaxation:
    """A monthly linear relaxation of the pipeline from the policy month, for the whole city.

    Projects are divisible. Four decisions a month: budgets started, money spent, loans drawn,
    budgets completed (亿元). Started is what is ready and has land; spending follows the S-curve
    and, beyond own money's share, the loans; completion follows the building times, needs its
    loans in full and workers for the plants.

    Attributes
    ----------
    supply, land_supply, credit, labour : ndarray, shape (months,)
        Of each month: budgets that become ready (亿元), land (亩), bank limit left by projects
        under construction (亿元), workers to be had for new plants.
    planned, built : ndarray, shape (months + 1,)
        Share of a budget spent, and of projects completed, so many months after the start.
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
        from scipy.optimize import linprog  # noqa: PLC0415 - slow to import

        a, b, _ = self.rows()
        scale = np.abs(a).max(axis=1)
        solved = linprog(
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
        # What is had evenly over the months of each calendar year, cumulated as the rows are.
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
        found: dict[str, dict[str, float]] = {name: {} for name in moves}
        for outcome in ("revenue", "revenue_next", "fai", "fai_next"):
            marginal = self.solve(outcome)[1]
            for name, move in moves.items():
                part = parts["supply" if name == "process" else name]
                found[name][outcome] = float((marginal[part] * move).sum())
        return found


def relaxation(results: Results, pack: Pack) -> Relaxation:
    """Read the linear relaxation off the means of a run.

    Raises
    ------
    ValueError
        If the run kept targets only.
    """
    if results.city is None:
        message = "this run kept targets only; run it with its months"
        raise ValueError(message)
    means = results.city[results.good].mean(axis=0)
    policy = results.setting.policy_month - 12 * pack.base_year
    end = 12 * (pack.plan_year - pack.base_year + 1)
    rows = slice(policy, len(means))

    def column(name: str) -> Array:
        return np.asarray(means[rows, MEASURE_ROW[name]])

    def central(name: str) -> float:
        return float(pack.parameters[name].default or 0.0)

    started = np.maximum(column("starts_value"), 1e-9)
    # What waits on the eve and what is approved later becomes ready, whether it starts or not.
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
        1e4 / central("investment_per_job"),  # 万元 in one 亿元
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
    """What banks may lend each month, 亿元: the rule of the model, at its means."""
    levels = results.setting.scenario.levels
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
    policy = results.setting.policy_month - 12 * pack.base_year
    active = np.where(months // 12 == policy // 12, 12 - policy % 12, 12)
    backed = levels["guarantee_pool"] * mean("guarantee_multiplier") / active
    limit = limit + np.where(months >= policy, backed, 0.0)
    zones = len(pack.region.zones)
    excess = borrowed - zones * pack.levers["platform_financing"].absent / 12.0
    crowding = min(1.0, max(0.0, mean("crowd_out") + levels["crowd_out_shift"]))
    return np.asarray(limit - crowding * mean("platform_bank_share") * excess)


def _durations(pack: Pack) -> Array:
    """Building times of ordinary projects, months: equally likely values of their spread."""
    from scipy.special import ndtri  # noqa: PLC0415

    def central(name: str) -> float:
        return float(pack.parameters[name].default or 0.0)

    middle = central("duration_base") * central_size(pack) ** central("duration_elasticity")
    scores = ndtri((np.arange(20) + 0.5) / 20)
    spread = np.array([math.exp(central("duration_sigma") * score) for score in scores.tolist()])
    return np.asarray(np.maximum(central("duration_min"), middle * spread))


def _planned(durations: Array, months: int, pack: Pack) -> Array:
    """Share of a budget that is spent so many months after the start."""
    c = float(pack.parameters["scurve_c"].default or 0.0)
    k = float(pack.parameters["scurve_k"].default or 4.0)
    x = np.clip(np.arange(months + 1) / durations[:, None], 0.0, 1.0)
    spent = x + c * (x * x - x) - (6.0 * x * x * x - 9.0 * x * x + 3.0 * x) / k
    return np.asarray(spent.mean(axis=0))


def explain(study: Settings, scenario: ScenarioLike = "plan") -> Explanation:
    """Say what holds the targets back, what growth is made of, and what one more unit brings.

    Parameters
    ----------
    study : Settings
    scenario : str, Path or ResolvedScenario

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        If an input is wrong.
    """
    resolved, progress = study.scenario(scenario), study.progress
    require(study.pack, "explain", scenario=resolved, through=study.through)
    setup = study.setup()
    weight = 3  # the second pass has a third of the variants

    def first(done: int, whole: int) -> None:
        if progress:
            progress(weight * done, (weight + 1) * whole)

    def second(done: int, whole: int) -> None:
        if progress:
            progress(weight * whole + done, (weight + 1) * whole)

    shares = attribute(setup, resolved, progress=first)
    found, results = prices(setup, resolved, progress=second)
    return Explanation(results, setup, shares, waterfalls(results), found)


def best_unit(prices: Sequence[Price], outcome: str) -> Mapping[str, tuple[float, float]]:
    """Largest effect of a unit by resource: value and standard error."""
    found: dict[str, tuple[float, float]] = {}
    for price in prices:
        value = price.effect[outcome]
        if price.resource not in found or value[0] > found[price.resource][0]:
            found[price.resource] = value
    return found
