"""State of one world: the city, zones, firm rows, project rows. Names are those of the engine's columns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.oracle.philox import Draws

INDUSTRIAL, INFRASTRUCTURE, LOGISTICS = 0, 1, 2
APPROVAL, LAND, CLOSING, BUILDING, DONE, DROPPED, ABANDONED = 1, 2, 3, 4, 5, 6, 7
INITIAL, WARM, LATER, TENANT = 0, 1, 2, 3
PIPELINE, FIRMS, OPEN = 0, 1, 2
YUAN = 1e-8  # 亿元
WAN = 1e-4  # 亿元
MU = 10_000.0 / 15.0  # m²
MU_PER_KM2 = 1500.0
LASTING = 0.3, 6  # use below which, and months after which, a firm closes
FACTORIES, HOUSING, VILLAGES, SEWAGE = 0, 1, 2, 3

FLOWS = [
    "revenue",
    "reported",
    "revenue_incumbents",
    "revenue_warm",
    "revenue_new",
    "profit_tax",
    "profit",
    "intermediate",
    "wages",
    "depreciation",
    "interest",
    "surcharges",
    "wished",
    "lost_capacity",
    "lost_labour",
    "lost_finance",
    "fai",
    "fai_industrial",
    "fai_infrastructure",
    "fai_small",
    "fai_extra",
    "fai_carried",
    "fai_new",
    "outside_capital",
    "loans_drawn",
    "arrivals",
    "arrivals_large",
    "starts",
    "starts_value",
    "starts_land",
    "group_starts",
    "starts_large",
    "starts_logistics",
    "completions",
    "topups",
    "handovers",
    "abandoned_gap",
    "dropouts",
    "plants",
    "dragons_new",
    "wait_approval",
    "wait_land",
    "wait_group",
    "wait_own",
    "short_bank",
    "short_land",
    "short_stall",
    "land_posted",
    "land_serviced",
    "land_used",
    "land_returned",
    "reserve_drawn",
    "floor_begun",
    "floor_completed",
    "floor_leased",
    "floor_released",
    "villages_begun",
    "housing_begun",
    "housing_completed",
    "platform_financing",
    "platform_borrowed",
    "platform_injected",
    "platform_spent",
    "platform_interest",
    "platform_repaid",
    "platform_receipts",
    "platform_assets_in",
    "hires",
    "separations",
    "unfilled_skilled",
    "unfilled_unskilled",
    "enrolled",
    "graduated",
    "migrated",
    "gave_up",
    "posts",
    "seeking",
    "research_city",
    "research_province",
    "centres_new",
    "exits",
]
STOCKS = [
    "building",
    "building_large",
    "large_year",
    "major_year",
    "workers",
    "workers_wanted",
    "seekers",
    "capital",
    "firms",
    "land_idle",
    "land_unmet",
    "floor_vacant",
    "infrastructure",
    "platform_cash",
    "platform_debt",
    "platform_equity",
    "dragon_heads",
    "sewage_ready",
    "sewage_begun",
    "rank",
    "default_odds",
]
MEASURES = FLOWS + STOCKS


@dataclass
class Zone:
    """One zone; what a month adds up is in ``m``, by the names of the measures."""

    row: int
    code: int
    share: float = 0.0
    weight: float = 0.0
    sales_share: list[float] = field(default_factory=list)
    invest_share: list[float] = field(default_factory=list)
    m: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MEASURES, 0.0))
    # land
    quota: float = 0.0
    land: float = 0.0
    land_opening: float = 0.0
    supply: float = 0.0
    granted: float = 0.0
    factory_land: float = 0.0
    held_opening: float = 0.0
    premium: float = 1.0
    unmet_year: float = 0.0
    used_year: float = 0.0
    posted_year: float = 0.0
    annexed: float = 0.0
    # standard floor and other public works
    vacant: float = 0.0
    tenants: float = 0.0
    tenant_count: int = 0
    has_programme: int = 0
    joins: float = 0.0
    factories_due: dict[int, float] = field(default_factory=dict)
    housing_due: dict[int, float] = field(default_factory=dict)
    villages_due: dict[int, float] = field(default_factory=dict)
    graduates_due: dict[int, float] = field(default_factory=dict)
    factory_building: float = 0.0
    housing_building: float = 0.0
    housing_units: float = 0.0
    sewage_month: int = 0
    centres: float = 0.0
    # people
    in_training: float = 0.0
    unskilled: float = 0.0
    skilled: float = 0.0
    outside: float = 0.0
    tightness: float = 1.0
    pay: float = 1.0
    jobs_share: float = 0.0
    graduates_year: float = 0.0
    vacancies_s: float = 0.0
    vacancies_u: float = 0.0
    # platform
    cash: float = 0.0
    debt: float = 0.0
    equity: float = 0.0
    works: float = 0.0
    index: float = 0.0
    base_spent: float = 0.0
    # evaluation
    effort: float = 1.0
    score: float = 0.0
    score_base: float = 0.0
    award: int = 0
    # orders
    spill: float = 0.0
    lost_rate: float = 0.0
    new_bill: float = 0.0  # equipment of this month's tenants


@dataclass
class Firm:
    """One firm row."""

    row: int
    id: int
    zone: int
    sector: int
    group: int
    born: int
    owner: int
    project: int = -1
    alive: int = 1
    ramping: int = 0
    in_scope: int = 1
    idle_months: int = 0
    stream: int = 0
    a: float = 0.0
    b: float = 0.0
    smooth: float = 0.0
    kappa: float = 0.0
    K: float = 0.0
    other: float = 0.0
    gain: float = 1.0
    over: float = 0.0
    worn: float = 0.0
    added: float = 0.0
    use: float = 0.0
    alpha: float = 0.0
    skilled: float = 0.0
    unskilled: float = 0.0
    short_s: float = 0.0
    short_u: float = 0.0
    sales: float = 0.0
    sales_year: float = 0.0
    sales_last: float = 0.0
    cash: float = 0.0
    debt: float = 0.0
    equity: float = 0.0
    rate: float = 0.0
    floor: float = 0.0
    research: int = 0
    orders_sum: float = 0.0
    orders_count: int = 0
    wanted: float = 0.0

    @property
    def workers(self) -> float:
        """Workers of both skills."""
        return self.skilled + self.unskilled


@dataclass
class Project:
    """One project row."""

    row: int
    id: int
    zone: int
    sector: int
    kind: int
    large: int
    arrived: int
    incumbent: int = 0
    state: int = APPROVAL
    queued: int = 0
    ready: int = 0
    started: int = 0
    ended: int = 0
    group: int = 0
    in_group: int = 0
    moved: int = 0
    express: int = 0
    fails: int = 0
    stalled: int = 0
    stalls: int = 0
    gap: int = 0
    plant: int = -1
    raw: float = 0.0
    budget: float = 0.0
    work: float = 0.0
    duration: float = 0.0
    tau: float = 0.0
    tau_free: float = 0.0
    fail_at: float = 0.0
    drop_clock: float = 0.0
    drop_at: float = 0.0
    stall_clock: float = 0.0
    stall_at: float = 0.0
    spent: float = 0.0
    spent_year: float = 0.0
    loan: float = 0.0
    grant: float = 0.0
    own: float = 0.0
    bank: float = 0.0
    outside: float = 0.0
    intensity: float = 0.0
    need: float = 0.0
    land: float = 0.0
    floor: float = 0.0
    plot: float = 0.0
    jobs: float = 0.0
    rho: float = 0.0
    realised: float = 0.0
    # plans of the month
    stretch: float = 0.0  # pace of the month
    reach: float = 0.0
    capped: bool = False
    wish: float = 0.0
    draw: float = 0.0


@dataclass
class World:
    """The city and everything in it."""

    p: Any  # inputs by attribute: numbers, lists, levers
    draws: Draws
    now: Any = None  # levers in force
    t: int = 0
    phase: int = PIPELINE
    policy: int = 0
    z: list[Zone] = field(default_factory=list)
    f: list[Firm] = field(default_factory=list)
    j: list[Project] = field(default_factory=list)
    finished: list[Project] = field(default_factory=list)
    commissioned: int = 0
    growth: list[list[float]] = field(default_factory=list)  # γ by sector and month
    gap: list[list[float]] = field(default_factory=list)  # h by sector and month
    sales: list[list[float]] = field(default_factory=list)  # of the year, by zone and sector
    sales_last: list[list[float]] = field(default_factory=list)
    execution: list[float] = field(default_factory=list)
    # conditioning
    scale: float = 0.0
    expected_fai: float = 0.0
    expected_plants: float = 0.0
    expected_land: float = 0.0
    expected_starts: float = 0.0
    expected_entrants: float = 0.0
    large_fai: float = 0.0
    accepted_fai: float = 0.0
    firm_scale: float = 1.0
    labour_scale: float = 1.0
    intermediate: float = 0.0
    gross_margin: float = 0.0
    lump_base: float = 0.0
    outside_base: float = 0.0
    draws_base: float = 0.0
    employed_growth: float = 0.0
    # what the rules do not explain
    market: float = 0.0
    market_step: float = 0.0
    pace: float = 1.0
    yield_common: float = 1.0
    yield_now: float = 1.0
    capital_opening: float = 0.0
    # money
    limit: float = 0.0
    unused: float = 0.0
    drawn_year: float = 0.0
    limit_year: float = 0.0
    loans: float = 0.0
    loans_drawn: float = 0.0
    loans_repaid: float = 0.0
    loans_lost: float = 0.0
    platform_excess: float = 0.0
    grant_left: float = 0.0
    lump_private: float = 0.0
    tenant_bill: float = 0.0
    cip: float = 0.0
    capitalised: float = 0.0
    written_off: float = 0.0
    capital_added: float = 0.0
    capital_lost: float = 0.0
    # land, people
    reserve: float = 0.0
    reserve_posted: float = 0.0
    reserve_used: float = 0.0
    largest: float = 0.0
    labour_entered: float = 0.0
    entries: float = 0.0
    base_record: dict[int, dict[str, list[float]]] = field(default_factory=dict)
    training_spent: float = 0.0
    training_budget: float = 0.0

    @property
    def year(self) -> int:
        """Calendar year."""
        return self.t // 12

    @property
    def month(self) -> int:
        """Calendar month, 0 for January."""
        return self.t % 12

    @property
    def attempt(self) -> int:
        """Number of rejected pipelines."""
        return self.draws.attempt


def inputs(plain: dict[str, Any]) -> Any:
    """Turn the plain inputs into a record with attributes."""
    levers = {part: SimpleNamespace(**plain[part]) for part in ("absent", "level")}
    return SimpleNamespace(**{**plain, **levers})


def whole(value: float) -> int:
    """Round half up."""
    return math.floor(value + 0.5)


def ramp(p: Any, age: float) -> float:
    """Share of capacity and orders that a plant has reached at an age in months."""
    return min(1.0, float(p.ramp_start + (1.0 - p.ramp_start) * age / p.ramp_months))


def years_since(p: Any, t: int) -> float:
    """Years from the middle of the base year to the middle of month ``t``."""
    return (t + 0.5 - float(12 * p.base_year + 6)) / 12.0


def plan_months(p: Any) -> int:
    """Months of the plan's first year from the policy month to December."""
    return 12 - int(p.policy_month) % 12
