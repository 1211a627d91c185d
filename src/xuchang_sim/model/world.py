"""The world as one block of memory: what a zone, a firm, a project and the city remember.

One module because it is one declaration: every column of every table, in the order of the memory.

Every column is declared once, with its unit and its meaning. The declaration gives three things:
the layout of the block that compiled rules read (``layout``), the types by which the rules are
checked, and the views through which the same rules run uncompiled on the same memory (``memory``).

All columns hold 8-byte numbers: money in 亿元 (1e8 CNY), land in 亩 (10,000/15 m²), people in
persons, time in months, growth and shares as fractions, unless the unit says otherwise.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from xuchang_sim.model import names

# States of a project, in the order in which it may pass them; the last three are final.
APPROVAL, LAND, CLOSING, BUILDING, DONE, DROPPED, ABANDONED = 1, 2, 3, 4, 5, 6, 7
# Types of a project.
INDUSTRIAL, INFRASTRUCTURE, LOGISTICS = 0, 1, 2
# Phases of a run: the pipeline alone, the firms driven by it, everything with open ledgers.
PIPELINE, FIRMS, OPEN = 0, 1, 2
# Modes of a variant after the branch: keep its firms' jumps, or repeat those kept.
KEEPS, REPEATS = 1, 2
# Public programmes whose execution is an assumption, not a mechanism.
PROGRAMMES = (
    "factories",
    "housing",
    "villages",
    "sewage",
    "heating",
    "transit",
    "station",
    "bases",
)
FACTORIES, HOUSING, VILLAGES, SEWAGE, HEATING, TRANSIT, STATION, BASES = range(8)

#: Numbers of a replicate that are not monthly: scalars of the conditioning first.
SUMMARY = (
    "scale",
    "attempts",
    "large_share",
    "firm_scale",
    "labour_scale",
    "intermediate",
    "lump_base",
    "outside_base",
    "draws_base",
    "expected_land",
    "expected_starts",
    "expected_fai",
    *(f"execution_{name}" for name in PROGRAMMES),
)
SCALARS = 12

LINE = 64  # bytes of a line of the cache
CODES = 10_000  # what goes wrong has the code CODES * check + zone
CITY = CODES - 3  # from here on no zone is meant: the city
CLASSES = 64  # classes of progress when bank money is short
BATCH = 32  # candidates drawn at once
VECTOR = 8  # numbers in the longest vectors that compilers make; rows drawn beyond the last
TILE = 256  # firm rows worked on at a time
REPLAY_MONTHS, REPLAY_FIRMS = (
    24,
    1024,
)  # months and firm rows that the variants of a replicate share
LISTED, UNLISTED = 3072, 264  # candidates that they share, and room for those of a month beyond
RING = 40  # months a ring buffer holds; longer than any lag or building time
NODES = 72  # sizes times durations in the expectation of the pipeline
HISTORY = 12  # months of the year before the ledgers open


class Floats(Protocol):
    """A column of floats, as the rules see it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the column."""
        ...

    def __getitem__(self, key: Any, /) -> float: ...
    def __setitem__(self, key: Any, value: float, /) -> None: ...


class Ints(Protocol):
    """A column of integers, as the rules see it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the column."""
        ...

    def __getitem__(self, key: Any, /) -> int: ...
    def __setitem__(self, key: Any, value: int, /) -> None: ...


class Column(NamedTuple):
    """Declaration of one column: kind, shape in named sizes, unit, meaning, role in the record."""

    kind: str
    shape: tuple[str, ...]
    unit: str
    text: str
    role: str  # "flow": set to zero each month and recorded; "stock": recorded; "": internal


def _column(kind: str, unit: str, text: str, shape: tuple[str, ...], role: str = "") -> Any:
    return Column(kind, shape, unit, text, role)


def real(unit: str, text: str) -> Any:
    """Declare one number of a table."""
    return _column("f8", unit, text, ())


def whole(unit: str, text: str) -> Any:
    """Declare one integer of a table."""
    return _column("i8", unit, text, ())


def flow(unit: str, text: str) -> Any:
    """Declare a zone's monthly flow: zero at the month's start, recorded at its end."""
    return _column("f8", unit, text, ("zones",), "flow")


def stock(unit: str, text: str) -> Any:
    """Declare a zone's recorded stock at the month's end."""
    return _column("f8", unit, text, ("zones",), "stock")


class Table:
    """Base of the tables; see :func:`columns`."""


def _declare(table: type[Table], names_of: type) -> None:
    """Declare a number for every name, in order; the definitions have its unit and meaning."""
    for name in names_of.__annotations__:
        setattr(table, name, real("", ""))


class Levers(Table, names.LeverNames):
    """Instruments of the plan: one number for every lever of the definitions (`names`)."""

    values: Floats  # overlay: all levers in order


_declare(Levers, names.LeverNames)


class City(Table):
    """The clock, the address of the replicate, and what belongs to the city as a whole."""

    block: Ints  # overlay: the whole table
    seed: int = whole("", "seed of the run (64 bits)")
    replicate: int = whole("", "number of the replicate")
    salt: int = whole("", "attempt and redraw, as they stand in every address")
    attempt: int = whole("", "conditioning attempt that was accepted")
    t: int = whole("月", "month: 12 * year + month - 1")
    calendar_month: int = whole("月", "0 for January to 11 for December")
    year: int = whole("年", "calendar year")
    phase: int = whole("", "pipeline, firms, or everything")
    policy: int = whole("", "1 once the plan's levers are on")
    code: int = whole("", "0, or what went wrong: CODES * check + zone")
    zones: int = whole("个", "zones in use")
    sectors: int = whole("个", "sectors in use")
    firms: int = whole("个", "firm rows in use")
    projects: int = whole("个", "project rows in use")
    live: int = whole("个", "projects still followed month by month")
    finished: int = whole("个", "completed projects, in order of completion")
    replay_mode: int = whole("", "1: keeps its firms' jumps for later variants, 2: repeats them")
    late: int = whole("个", "plants that would already run had the bank never been short")
    commissioned: int = whole("个", "of these, how many were considered for commissioning")
    # conditioning on the base year
    scale: float = real("个/年", "ordinary arrivals a year at the base year's growth index")
    expected_fai: float = real("亿元", "expected base-year investment of large projects, scale 1")
    expected_plants: float = real("亿元", "expected base-year revenue of warm-up plants")
    expected_land: float = real("亩", "expected base-year use of new land")
    expected_starts: float = real("个", "expected base-year starts, scale 1")
    expected_entrants: float = real("个", "expected independent plants at the base year's end")
    until: int = whole("月", "last month of this phase")
    rewinding: int = whole("", "1 while going back to an earlier opening")
    large_fai: float = real("亿元", "base-year investment of large projects of this pipeline")
    accepted_fai: float = real("亿元", "the same of the accepted pipeline")
    firm_scale: float = real("1", "scalar f of initial firms' orders")
    labour_scale: float = real("1", "scalar of all labour requirements")
    intermediate: float = real("1", "intermediate inputs over revenue")
    gross_margin: float = real("1", "1 less intermediate share, this year")
    lump_base: float = real("亿元/年", "small lump of the base year: the remainder")
    outside_base: float = real("亿元", "outside-city capital of the base year")
    # money
    draws_base: float = real("亿元/年", "bank draws of the year before the ledgers open")
    limit: float = real("亿元", "bank limit of this month")
    unused: float = real("亿元", "limit carried over within the year")
    drawn_year: float = real("亿元", "bank draws of the year to date")
    limit_year: float = real("亿元", "bank limits of the year to date")
    loans: float = real("亿元", "loans outstanding")
    loans_before: float = real("亿元", "loans outstanding a month ago")
    loans_drawn: float = real("亿元", "loans drawn this month")
    loans_repaid: float = real("亿元", "loans repaid this month")
    loans_lost: float = real("亿元", "loans written off this month")
    platform_excess: float = real(
        "亿元", "platforms' bank borrowing beyond the absent level, month"
    )
    grant_left: float = real("亿元", "grant money of this month not yet used")
    lump_private: float = real("亿元", "small lump of this month without public money")
    tenant_bill: float = real("亿元", "equipment of floor tenants still to be taken from the lump")
    # land
    reserve: float = real("亩", "municipal reserve quota left")
    reserve_posted: float = real("亩", "municipal reserve quota posted so far")
    reserve_used: float = real("亩", "municipal reserve quota used so far")
    # construction in progress
    cip: float = real("亿元", "construction in progress")
    market: float = real("1", "log level of the city's orders over what the drivers explain")
    market_step: float = real("1", "its step in this month")
    pace: float = real("1", "pace of investment over what the rules explain")
    yield_common: float = real("1", "yield that plants born since the opening have in common")
    yield_now: float = real("1", "factor on the normal sales of the plants born in this month")
    capital_opening: float = real("亿元", "firms' capital when the ledgers opened")
    cip_before: float = real("亿元", "construction in progress a month ago")
    capitalised: float = real("亿元", "capitalised this month")
    written_off: float = real("亿元", "construction written off this month")
    capital_before: float = real("亿元", "firms' capital a month ago")
    capital_added: float = real("亿元", "capital added by plants and the small lump, month")
    capital_lost: float = real("亿元", "capital worn out or closed, month")
    arrivals_total: int = whole("个", "projects that ever arrived")
    largest: float = real("亿元", "largest spending of one project in the year")
    employed_growth: float = real("1", "growth of employment over the base year, yearly rate")
    entries: float = real("人/月", "entries from outside at normal tightness, city")
    labour_force: float = real("人", "employed, seeking, training and outside pool, a month ago")
    labour_entered: float = real("人", "persons added to the outside pool this month")
    training_spent: float = real("亿元", "training cost so far")
    training_budget: float = real("亿元", "training budget so far")


class Zones(Table):
    """A zone. The recorded columns come first, flows before stocks, and in one piece."""

    block: Ints  # overlay: the whole table
    measures: Floats  # overlay: the recorded columns
    # flows: output
    revenue: Floats = flow("亿元", "real main-business revenue (same firms + new capacity)")
    reported: Floats = flow("亿元", "reported revenue: in scope + scope inflow + boundary")
    revenue_incumbents: Floats = flow("亿元", "revenue of firms that existed initially")
    revenue_warm: Floats = flow("亿元", "revenue of plants born before the plan year")
    revenue_new: Floats = flow("亿元", "revenue of plants born since the plan year")
    profit_tax: Floats = flow("亿元", "profit and tax: profit, surcharges, VAT")
    profit: Floats = flow("亿元", "profit before income tax")
    intermediate: Floats = flow("亿元", "intermediate inputs")
    wages: Floats = flow("亿元", "labour cost")
    depreciation: Floats = flow("亿元", "depreciation")
    interest: Floats = flow("亿元", "interest")
    surcharges: Floats = flow("亿元", "sales surcharges")
    wished: Floats = flow("亿元", "sales customers wanted, before any limit")
    lost_capacity: Floats = flow("亿元", "sales lost to full capacity")
    lost_labour: Floats = flow("亿元", "sales lost to missing workers")
    lost_finance: Floats = flow("亿元", "sales of plants late for want of bank money")
    # flows: investment
    fai: Floats = flow("亿元", "fixed-asset investment")
    fai_industrial: Floats = flow("亿元", "of industrial projects of 1亿 and more")
    fai_infrastructure: Floats = flow("亿元", "of infrastructure and logistics projects")
    fai_small: Floats = flow("亿元", "small lump, existing public spending included")
    fai_extra: Floats = flow("亿元", "plan extras: factories, housing, LGFV beyond 2011")
    fai_carried: Floats = flow("亿元", "of projects of 1亿 and more begun in earlier years")
    fai_new: Floats = flow("亿元", "of projects of 1亿 and more begun this year")
    outside_capital: Floats = flow("亿元", "outside-city capital paid in")
    loans_drawn: Floats = flow("亿元", "bank loans drawn by projects")
    arrivals: Floats = flow("个", "projects that arrived")
    arrivals_large: Floats = flow("个", "projects of 20亿 and more that arrived")
    starts: Floats = flow("个", "projects of 1亿 and more started")
    starts_value: Floats = flow("亿元", "budget of projects started")
    starts_land: Floats = flow("亩", "land need of projects started, own sites included")
    group_starts: Floats = flow("个", "of these, in a joint ground-breaking")
    starts_large: Floats = flow("个", "started projects of 20亿 and more")
    starts_logistics: Floats = flow("个", "started logistics projects")
    completions: Floats = flow("个", "projects completed")
    topups: Floats = flow("亿元", "equity added to projects whose plan of finance had a gap")
    handovers: Floats = flow("个", "projects handed over to a stronger owner")
    abandoned_gap: Floats = flow("个", "projects given up because a gap of money lasted")
    dropouts: Floats = flow("个", "projects lost before start")
    plants: Floats = flow("个", "plants commissioned")
    dragons_new: Floats = flow("个", "new outside plants of leading-enterprise size")
    # flows: who waits for what, money times months
    wait_approval: Floats = flow("亿元·月", "waiting for approval")
    wait_land: Floats = flow("亿元·月", "waiting for land")
    wait_group: Floats = flow("亿元·月", "waiting for a joint ground-breaking")
    wait_own: Floats = flow("亿元·月", "waiting for equity")
    short_bank: Floats = flow("亿元", "planned spending lost to missing bank money")
    short_land: Floats = flow("亿元", "planned spending lost to undelivered land")
    short_stall: Floats = flow("亿元", "planned spending lost to stalls")
    # flows: land, floor, public works
    land_posted: Floats = flow("亩", "quota posted to the zone")
    land_serviced: Floats = flow("亩", "quota made available by land preparation")
    land_used: Floats = flow("亩", "land given to projects and factories")
    land_returned: Floats = flow("亩", "land given back")
    reserve_drawn: Floats = flow("亩", "land given from the municipal reserve")
    floor_begun: Floats = flow("m²", "standard factories begun")
    floor_completed: Floats = flow("m²", "standard factories completed")
    floor_leased: Floats = flow("m²", "floor of standard factories leased")
    floor_released: Floats = flow("m²", "floor of standard factories given back")
    villages_begun: Floats = flow("个", "village relocations begun")
    housing_begun: Floats = flow("套", "rental units begun")
    housing_completed: Floats = flow("套", "rental units completed")
    platform_financing: Floats = flow("亿元", "money raised by the LGFV")
    platform_borrowed: Floats = flow("亿元", "of this, borrowed")
    platform_injected: Floats = flow("亿元", "of this, injected by the treasury")
    platform_spent: Floats = flow("亿元", "land preparation and works")
    platform_interest: Floats = flow("亿元", "interest paid by the LGFV")
    platform_repaid: Floats = flow("亿元", "debt repaid by the LGFV")
    platform_receipts: Floats = flow("亿元", "land receipts of the LGFV")
    platform_assets_in: Floats = flow("亿元", "assets injected")
    # flows: labour
    hires: Floats = flow("人", "hires")
    separations: Floats = flow("人", "separations and layoffs")
    unfilled_skilled: Floats = flow("人", "skilled posts unfilled")
    unfilled_unskilled: Floats = flow("人", "other posts unfilled")
    enrolled: Floats = flow("人", "persons who began training")
    graduated: Floats = flow("人", "persons who completed training")
    migrated: Floats = flow("人", "persons who came from the outside pool")
    gave_up: Floats = flow("人", "seekers who left for the outside pool")
    posts: Floats = flow("人", "posts open before the month's matching")
    seeking: Floats = flow("人", "seekers before the month's matching")
    research_city: Floats = flow("个", "municipal research centres founded")
    research_province: Floats = flow("个", "provincial research centres founded")
    centres_new: Floats = flow("个", "service centres opened")
    exits: Floats = flow("个", "firms closed")
    # stocks
    building: Floats = stock("个", "projects of 1亿 and more under construction")
    building_large: Floats = stock("个", "of these, of 20亿 and more")
    large_year: Floats = stock("", "1 if a project of 20亿 and more was under way this year")
    major_year: Floats = stock("", "1 if a project of 10亿 and more was under way this year")
    workers: Floats = stock("人", "workers")
    workers_wanted: Floats = stock("人", "workers wanted")
    seekers: Floats = stock("人", "job seekers, both skills")
    capital: Floats = stock("亿元", "firms' capital")
    firms: Floats = stock("个", "firms above designated size in scope")
    land_idle: Floats = stock("亩", "serviced land on hand")
    land_unmet: Floats = stock("亩", "land wanted by waiting projects")
    floor_vacant: Floats = stock("m²", "vacant floor of standard factories")
    infrastructure: Floats = stock("1", "infrastructure index, 0 to 1")
    platform_cash: Floats = stock("亿元", "LGFV cash")
    platform_debt: Floats = stock("亿元", "LGFV debt")
    platform_equity: Floats = stock("亿元", "LGFV equity")
    dragon_heads: Floats = stock("个", "firms of leading-enterprise size (December)")
    sewage_ready: Floats = stock("个", "new sewage plant in operation")
    sewage_begun: Floats = stock("个", "new sewage plant begun")
    rank: Floats = stock("", "rank in the last quarterly evaluation, 1 the best")
    default_odds: Floats = stock("1", "mean default odds of firms (December), reported only")
    # internal
    code: Ints = _column("i8", "", "stable number of the zone", ("zones",))
    quota: Floats = _column("f8", "亩", "posted quota not yet serviced", ("zones",))
    land: Floats = _column("f8", "亩", "serviced land, running balance", ("zones",))
    land_before: Floats = _column("f8", "亩", "serviced land a month ago", ("zones",))
    land_opening: Floats = _column("f8", "亩", "serviced land when the ledgers opened", ("zones",))
    supply: Floats = _column("f8", "亩", "cumulative supply since then", ("zones",))
    granted: Floats = _column("f8", "亩", "land given, net of returns, since then", ("zones",))
    factory_land: Floats = _column("f8", "亩", "land under standard factories", ("zones",))
    held_opening: Floats = _column("f8", "亩", "land held by projects at opening", ("zones",))
    premium: Floats = _column("f8", "1", "land premium of the year", ("zones",))
    unmet_year: Floats = _column("f8", "亩", "mean unmet need of the year, summed", ("zones",))
    used_year: Floats = _column("f8", "亩", "land used in the year", ("zones",))
    posted_year: Floats = _column("f8", "亩", "land serviced in the year", ("zones",))
    vacant_before: Floats = _column("f8", "m²", "vacant floor a month ago", ("zones",))
    vacant: Floats = _column("f8", "m²", "vacant floor, running balance", ("zones",))
    tenants: Floats = _column(
        "f8", "m²", "floor let to small firms, not yet a whole firm", ("zones",)
    )
    tenant_count: Ints = _column("i8", "个", "small firms housed so far", ("zones",))
    has_programme: Ints = _column("i8", "", "1 if factories were begun before the plan", ("zones",))
    joins: Floats = _column("f8", "1", "support above which it joins the programme", ("zones",))
    factory_ring: Floats = _column("f8", "m²", "floor by month of completion", ("zones", "ring"))
    housing_ring: Floats = _column("f8", "套", "units by month of completion", ("zones", "ring"))
    village_ring: Floats = _column("f8", "个", "villages by month of their land", ("zones", "ring"))
    training_ring: Floats = _column(
        "f8", "人", "trainees by month of graduation", ("zones", "ring")
    )
    factory_building: Floats = _column("f8", "m²", "floor under construction", ("zones",))
    housing_building: Floats = _column("f8", "套", "units under construction", ("zones",))
    housing_units: Floats = _column("f8", "套", "units completed", ("zones",))
    in_training: Floats = _column("f8", "人", "persons in training", ("zones",))
    unskilled: Floats = _column("f8", "人", "unskilled seekers", ("zones",))
    skilled: Floats = _column("f8", "人", "skilled seekers", ("zones",))
    outside: Floats = _column("f8", "人", "reachable persons outside", ("zones",))
    tightness: Floats = _column("f8", "1", "posts per seeker, smoothed over months", ("zones",))
    pay: Floats = _column("f8", "1", "wage relative to that at normal tightness", ("zones",))
    jobs_share: Floats = _column("f8", "1", "share of the city's workers at opening", ("zones",))
    cash: Floats = _column("f8", "亿元", "platform cash, running balance", ("zones",))
    cash_before: Floats = _column("f8", "亿元", "platform cash a month ago", ("zones",))
    debt: Floats = _column("f8", "亿元", "platform debt, running balance", ("zones",))
    equity: Floats = _column("f8", "亿元", "platform equity, running balance", ("zones",))
    works: Floats = _column("f8", "亿元", "platform works at cost", ("zones",))
    index: Floats = _column("f8", "1", "infrastructure index, running", ("zones",))
    base_spent: Floats = _column(
        "f8", "亿元", "platform spending inside the small lump", ("zones",)
    )
    centres: Floats = _column("f8", "个", "service centres", ("zones",))
    sewage_month: Ints = _column(
        "i8", "月", "month in which the plant is ready, 0 none", ("zones",)
    )
    effort: Floats = _column("f8", "1", "effort of the zone relative to the mean", ("zones",))
    score: Floats = _column("f8", "", "evaluation score of the quarter", ("zones",))
    score_base: Floats = _column("f8", "亿元", "revenue and investment of the quarter", ("zones",))
    award: Ints = _column("i8", "", "1 if an award is paid next June", ("zones",))
    graduates_year: Floats = _column("f8", "人", "graduates of the year", ("zones",))
    annexed: Floats = _column("f8", "km²", "area added to the zone", ("zones",))
    share: Floats = _column("f8", "1", "share of base-year revenue of this replicate", ("zones",))
    weight: Floats = _column("f8", "1", "weight of arrivals: root of the share, sum 1", ("zones",))
    weight_sum: Floats = _column("f8", "1", "sum of the weights up to this zone", ("zones",))
    first: Ints = _column(
        "i8", "", "1 + row of a sector's first independent firm, 0 none", ("zones", "sectors")
    )
    last: Ints = _column(
        "i8", "", "1 + row of a sector's last independent firm, 0 none", ("zones", "sectors")
    )
    sales_share: Floats = _column(
        "f8", "1", "sectors' shares of initial sales", ("zones", "sectors")
    )
    invest_share: Floats = _column(
        "f8", "1", "sectors' shares of industrial arrivals", ("zones", "sectors")
    )
    # scratch of one step
    left_s: Floats = _column("f8", "人", "skilled workers who quit or were laid off", ("zones",))
    left_u: Floats = _column("f8", "人", "other workers who quit or were laid off", ("zones",))
    vacancies_s: Floats = _column("f8", "人", "skilled vacancies", ("zones",))
    vacancies_u: Floats = _column("f8", "人", "other vacancies", ("zones",))
    fill_s: Floats = _column("f8", "1", "skilled vacancies filled by the skilled", ("zones",))
    fill_u: Floats = _column("f8", "1", "other vacancies filled by the unskilled", ("zones",))
    fill_x: Floats = _column(
        "f8", "1", "rest of skilled vacancies filled by the unskilled", ("zones",)
    )
    fill_y: Floats = _column("f8", "1", "other vacancies filled by the skilled", ("zones",))
    owners: Ints = _column(
        "i8", "", "end of a sector's part in the list of owners", ("zones", "sectors")
    )
    spill: Floats = _column("f8", "亿元/年", "orders above capacity", ("zones",))
    checked_land: Floats = _column("f8", "亩", "land held, as a check sums it", ("zones",))
    checked_sales: Floats = _column("f8", "亿元", "sales, as a check sums them", ("zones",))
    checked_workers: Floats = _column("f8", "人", "workers, as a check sums them", ("zones",))
    pull: Floats = _column("f8", "1", "multiplier of arrivals", ("zones",))
    response: Floats = _column("f8", "1", "response of intensity to the premium", ("zones",))
    lost_rate: Floats = _column(
        "f8", "亿元/年", "yearly orders lost to capacity so far", ("zones",)
    )


class Sectors(Table):
    """A sector: its demand path and the sums by which shocks are centred."""

    block: Ints  # overlay: the whole table
    growth: Floats = _column(
        "f8", "1", "log growth of incumbents' orders by month", ("sectors", "months")
    )
    gap: Floats = _column(
        "f8", "1", "log demand over its central path by month", ("sectors", "months")
    )
    before: Floats = _column("f8", "亿元/年", "orders before shocks, by group", ("sectors", "two"))
    after: Floats = _column("f8", "亿元/年", "orders after shocks, by group", ("sectors", "two"))
    pull: Floats = _column(
        "f8", "1", "response of young plants' orders to the demand gap", ("sectors",)
    )
    over: Floats = _column("f8", "亿元/年", "orders above capacity", ("sectors",))
    slack: Floats = _column("f8", "亿元/年", "free capacity", ("sectors",))
    taken: Floats = _column("f8", "1", "share of slack filled by others' lost orders", ("sectors",))


class Firms(Table):
    """A firm or plant: one row per initial firm, per commissioned project, per floor tenant."""

    rows: Ints  # overlay: all columns as one block
    zone: Ints = _column("i8", "", "zone row", ("firms",))
    sector: Ints = _column("i8", "", "sector row", ("firms",))
    id: Ints = _column("i8", "", "stable number", ("firms",))
    owner: Ints = _column("i8", "", "row of the owner; itself if independent", ("firms",))
    after: Ints = _column(
        "i8", "", "1 + row of the next independent firm of its zone and sector", ("firms",)
    )
    project: Ints = _column("i8", "", "row of the project it came from, -1 none", ("firms",))
    group: Ints = _column("i8", "", "0 initial firm, 1 plant of the warm-up, 2 later", ("firms",))
    born: Ints = _column("i8", "月", "month of birth", ("firms",))
    alive: Ints = _column("i8", "", "1 until it exits", ("firms",))
    ramping: Ints = _column("i8", "", "1 until the ramp is over", ("firms",))
    in_scope: Ints = _column("i8", "", "1 if its sales are reported", ("firms",))
    idle_months: Ints = _column("i8", "月", "months of very low use in a row", ("firms",))
    a: Floats = _column("f8", "1", "scale of its yearly growth shock", ("firms",))
    b: Floats = _column("f8", "亿元/年", "orders, deseasonalised", ("firms",))
    smooth: Floats = _column("f8", "亿元/年", "orders smoothed over three months", ("firms",))
    kappa: Floats = _column("f8", "1/年", "sales at full use per unit of capital", ("firms",))
    K: Floats = _column("f8", "亿元", "productive capital", ("firms",))
    other: Floats = _column("f8", "亿元", "site and buildings that carry no capacity", ("firms",))
    gain: Floats = _column("f8", "1", "factor on productivity at the turn of the year", ("firms",))
    over: Floats = _column("f8", "亿元/年", "orders of the month above capacity", ("firms",))
    worn: Floats = _column("f8", "亿元", "depreciation of the month", ("firms",))
    added: Floats = _column("f8", "亿元", "investment of the month", ("firms",))
    use: Floats = _column("f8", "1", "memory of utilisation", ("firms",))
    alpha: Floats = _column("f8", "万元/人/月", "sales per worker and month", ("firms",))
    skilled: Floats = _column("f8", "人", "skilled workers", ("firms",))
    unskilled: Floats = _column("f8", "人", "other workers", ("firms",))
    short_s: Floats = _column("f8", "人", "skilled vacancies of the month", ("firms",))
    short_u: Floats = _column("f8", "人", "other vacancies of the month", ("firms",))
    sales: Floats = _column("f8", "亿元", "sales of the month", ("firms",))
    sales_year: Floats = _column("f8", "亿元", "sales of the year to date", ("firms",))
    sales_last: Floats = _column("f8", "亿元", "sales of the last calendar year", ("firms",))
    cash: Floats = _column("f8", "亿元", "cash; negative is an overdraft", ("firms",))
    debt: Floats = _column("f8", "亿元", "loans", ("firms",))
    equity: Floats = _column("f8", "亿元", "equity", ("firms",))
    rate: Floats = _column("f8", "1/年", "loan rate before cuts", ("firms",))
    floor: Floats = _column("f8", "m²", "standard floor it lets", ("firms",))
    research: Ints = _column("i8", "", "1 municipal, 2 provincial research centre", ("firms",))
    stream: Ints = _column("i8", "", "purpose of its shocks in the address", ("firms",))
    orders_sum: Floats = _column(
        "f8", "亿元/年", "orders of the year before opening, summed", ("firms",)
    )
    orders_count: Ints = _column("i8", "月", "months in that sum", ("firms",))


class Projects(Table):
    """A project of at least 1亿, in order of arrival."""

    rows: Ints  # overlay: all columns as one block
    id: Ints = _column("i8", "", "stable number", ("projects",))
    zone: Ints = _column("i8", "", "zone row", ("projects",))
    sector: Ints = _column(
        "i8", "", "sector row, -1 for infrastructure and logistics", ("projects",)
    )
    kind: Ints = _column("i8", "", "industrial, infrastructure or logistics", ("projects",))
    large: Ints = _column("i8", "", "1 if from the process of 20亿 and more", ("projects",))
    incumbent: Ints = _column("i8", "", "1 if owned by an incumbent firm", ("projects",))
    leads: Ints = _column("i8", "", "1 if its sector leads in its zone", ("projects",))
    state: Ints = _column("i8", "", "where it stands", ("projects",))
    arrived: Ints = _column("i8", "月", "month of arrival", ("projects",))
    queued: Ints = _column("i8", "月", "month since which it waits for land", ("projects",))
    ready: Ints = _column("i8", "月", "month in which land was given", ("projects",))
    started: Ints = _column("i8", "月", "month of start", ("projects",))
    ended: Ints = _column("i8", "月", "month of the final state", ("projects",))
    group: Ints = _column("i8", "", "1 if it waits for joint ground-breakings", ("projects",))
    in_group: Ints = _column("i8", "", "1 if it started in a joint ground-breaking", ("projects",))
    moved: Ints = _column("i8", "", "1 if it moved to another zone for land", ("projects",))
    express: Ints = _column(
        "i8", "", "1 full bonus, 2 second bonus (signed before the plan)", ("projects",)
    )
    fails: Ints = _column("i8", "", "1 if it will be abandoned", ("projects",))
    stalled: Ints = _column("i8", "月", "months of stall left", ("projects",))
    stalls: Ints = _column("i8", "", "stalls so far", ("projects",))
    gap: Ints = _column(
        "i8", "月", "months in a row with work that could not be paid", ("projects",)
    )
    plant: Ints = _column("i8", "", "row of its plant, -1 none", ("projects",))
    raw: Floats = _column("f8", "亿元", "announced investment", ("projects",))
    budget: Floats = _column("f8", "亿元", "money it will spend", ("projects",))
    work: Floats = _column("f8", "月", "approval work left", ("projects",))
    duration: Floats = _column("f8", "月", "construction time at normal pace", ("projects",))
    tau: Floats = _column("f8", "月", "effective construction time passed", ("projects",))
    tau_free: Floats = _column(
        "f8", "月", "the same had bank money never been short", ("projects",)
    )
    fail_at: Floats = _column("f8", "1", "progress at which it is abandoned", ("projects",))
    drop_clock: Floats = _column("f8", "1", "cumulated dropout hazard", ("projects",))
    drop_at: Floats = _column("f8", "1", "hazard at which it drops out", ("projects",))
    stall_clock: Floats = _column(
        "f8", "1", "cumulated stall hazard since the last stall", ("projects",)
    )
    stall_at: Floats = _column("f8", "1", "hazard at which it stalls next", ("projects",))
    spent: Floats = _column("f8", "亿元", "money spent", ("projects",))
    spent_year: Floats = _column("f8", "亿元", "money spent this year", ("projects",))
    loan: Floats = _column("f8", "亿元", "bank loan drawn", ("projects",))
    grant: Floats = _column("f8", "亿元", "grants received", ("projects",))
    own: Floats = _column("f8", "1", "own share of the budget", ("projects",))
    bank: Floats = _column("f8", "1", "bank share of the budget", ("projects",))
    outside: Floats = _column("f8", "1", "outside-city share of spending", ("projects",))
    intensity: Floats = _column(
        "f8", "万元/亩", "investment per land, before the premium", ("projects",)
    )
    need: Floats = _column("f8", "亩", "new land wanted", ("projects",))
    land: Floats = _column("f8", "亩", "new land held", ("projects",))
    floor: Floats = _column("f8", "m²", "standard floor leased instead of land", ("projects",))
    plot: Floats = _column("f8", "亩", "size of its site, own sites included", ("projects",))
    jobs: Floats = _column(
        "f8", "人", "posts at full operation, before the labour scalar", ("projects",)
    )
    rho: Floats = _column("f8", "1/年", "announced revenue per investment", ("projects",))
    realised: Floats = _column("f8", "1", "realised part of the announced revenue", ("projects",))
    # scratch of one step
    reach: Floats = _column(
        "f8", "月", "construction time reached if all is paid, -1 if land caps it", ("projects",)
    )
    ahead: Floats = _column("f8", "月", "pace of the month, stalls included", ("projects",))
    wish: Floats = _column("f8", "亿元", "spending planned this month", ("projects",))
    draw: Floats = _column("f8", "亿元", "bank draw wanted, then granted", ("projects",))
    live: Ints = _column("i8", "", "rows still followed, in order of arrival", ("projects",))
    finished: Ints = _column("i8", "", "rows in order of completion", ("projects",))
    late: Ints = _column("i8", "", "rows late for want of bank money, of this month", ("projects",))
    key: Ints = _column("i8", "", "sort keys", ("projects",))


class Past(Table):
    """Output of the warm-up for the conditioning, and the scratch of its expectation."""

    block: Ints  # overlay: the whole table
    measures: Floats = _column(
        "f8", "", "recorded columns of the base year", ("history", "measures", "zones")
    )
    firm_sales: Floats = _column(
        "f8", "亿元", "base-year sales of initial firms at scale 1", ("history", "zones")
    )
    plant_sales: Floats = _column(
        "f8", "亿元", "base-year sales of warm-up plants", ("history", "zones")
    )
    firm_workers: Floats = _column(
        "f8", "人", "workers of initial firms at scales 1", ("history", "zones")
    )
    plant_workers: Floats = _column(
        "f8", "人", "workers of warm-up plants at scale 1", ("history", "zones")
    )
    draws: Floats = _column(
        "f8", "亿元", "bank draws of the base year and the year before", ("two",)
    )
    growth: Floats = _column("f8", "1", "scratch: growth of orders to the base year", ("sectors",))
    cell_firms: Ints = _column("i8", "个", "scratch: initial firms", ("zones", "sectors"))
    cell_size: Floats = _column("f8", "1", "scratch: sum of their sizes", ("zones", "sectors"))
    tau: Floats = _column("f8", "月", "scratch: construction time passed by month", ("span",))
    pace: Floats = _column("f8", "1", "scratch: mean pace in the n-th month of building", ("span",))
    season: Floats = _column("f8", "1", "scratch: season of investment by month", ("span",))
    reached: Floats = _column("f8", "亿元", "scratch: expected spending by node", ("nodes",))
    longest: Floats = _column("f8", "月", "scratch: longest construction time, by kind", ("two",))
    arrived: Floats = _column(
        "f8", "个", "scratch: expected arrivals by month at scale 1", ("span",)
    )
    started: Floats = _column("f8", "个", "scratch: expected starts by month at scale 1", ("span",))
    ramped: Floats = _column(
        "f8", "1", "scratch: base-year sales of a plant born in a month", ("span",)
    )
    length: Floats = _column(
        "f8", "月", "scratch: construction times at the nodes", ("two", "nodes")
    )
    weight: Floats = _column(
        "f8", "亿元", "scratch: budget times probability at the nodes", ("two", "nodes")
    )
    count: Floats = _column("f8", "1", "scratch: probability at the nodes", ("two", "nodes"))


class Tally(Table):
    """Yearly tables by zone and sector, and the luck of the public programmes."""

    block: Ints  # overlay: the whole table
    sales: Floats = _column("f8", "亿元", "sales of the year to date", ("zones", "sectors"))
    sales_last: Floats = _column("f8", "亿元", "sales of the year before", ("zones", "sectors"))
    cluster: Floats = _column("f8", "1", "December's gain of clusters", ("zones", "sectors"))
    execution: Floats = _column("f8", "1", "execution of the public programmes", ("programmes",))


class Candidates(Table):
    """Candidates for arrival: those below the acceptance share become projects.

    The draws of a candidate are the same in every variant of a replicate, so they are kept: the
    first ``LISTED`` rows hold the months after the branch, the rest hold one month.
    """

    id: Ints = _column("i8", "", "stable number: kind, month, number in it", ("candidates",))
    height: Floats = _column("f8", "1", "height under the envelope", ("candidates",))
    arrived: Ints = _column("i8", "月", "month of arrival", ("candidates",))
    u_zone: Floats = _column("f8", "1", "uniform of its zone", ("candidates",))
    u_sector: Floats = _column("f8", "1", "uniform of its sector", ("candidates",))
    u_kind: Floats = _column("f8", "1", "uniform of industry or infrastructure", ("candidates",))
    zone: Ints = _column("i8", "", "zone row", ("candidates",))
    sector: Ints = _column("i8", "", "sector row, -1 none", ("candidates",))
    kind: Ints = _column("i8", "", "type of project", ("candidates",))
    group: Ints = _column("i8", "", "1 if it waits for a ground-breaking month", ("candidates",))
    incumbent: Ints = _column("i8", "", "1 if an existing firm's project", ("candidates",))
    fails: Ints = _column("i8", "", "1 if it will be abandoned", ("candidates",))
    own_site: Ints = _column("i8", "", "1 if it needs no new land", ("candidates",))
    raw: Floats = _column("f8", "亿元", "announced investment", ("candidates",))
    work: Floats = _column("f8", "月", "approval work", ("candidates",))
    drop_at: Floats = _column("f8", "1", "cumulated hazard of its dropout", ("candidates",))
    stall_at: Floats = _column("f8", "1", "cumulated hazard of its first stall", ("candidates",))
    fail_at: Floats = _column("f8", "1", "progress at which it would fail", ("candidates",))
    duration: Floats = _column("f8", "月", "construction time", ("candidates",))
    own: Floats = _column("f8", "1", "own share of the budget", ("candidates",))
    intensity: Floats = _column("f8", "万元/亩", "intensity without land premium", ("candidates",))
    per_job: Floats = _column("f8", "万元/人", "investment per job", ("candidates",))
    rho: Floats = _column("f8", "1/年", "announced yield", ("candidates",))
    good: Floats = _column("f8", "1", "gamma variate of the realised yield", ("candidates",))
    bad: Floats = _column("f8", "1", "gamma variate of the yield that is not", ("candidates",))
    realised: Floats = _column("f8", "1", "share of it that is realised", ("candidates",))


class Thinning(Table):
    """Scratch of the month's thinning: acceptance shares, rows in use, and the next candidates."""

    begin: int = whole("", "first candidate row of the month that is still to be admitted")
    end: int = whole("", "the row after the last")
    room: int = whole("", "the row after the last that may be used")
    highest: float = real("1", "largest pull of a zone")
    acceptance: Floats = _column("f8", "1", "share of the envelope that arrives, by kind", ("two",))
    least: Floats = _column("f8", "1", "height from which none is listed, by kind", ("two",))
    gap: Floats = _column("f8", "1", "distances under the envelope", ("batch",))
    height: Floats = _column("f8", "1", "heights under the envelope", ("batch",))


class Temp(Table):
    """Scratch: nothing in it outlives the step that writes it.

    Most of it holds one tile of firms at a time, so that the next loop finds it in the nearest
    cache, however many firms there are.
    """

    rows: Ints = _column("i8", "", "a list of rows", ("firms",))
    room: Floats = _column("f8", "亿元/年", "free capacity", ("firms",))
    reach: Floats = _column("f8", "亿元/年", "orders of owners so far on the list", ("firms",))
    group_sales: Floats = _column("f8", "亿元", "sales with the plants owned", ("firms",))
    odds: Floats = _column("f8", "1", "default odds", ("firms",))
    listed: Ints = _column("i8", "", "a list of rows of a tile", ("tile",))
    word_0: Ints = _column("i8", "", "first random word of the month", ("tile",))
    word_1: Ints = _column("i8", "", "second random word of the month", ("tile",))
    scale: Floats = _column("f8", "1", "scale of the jump of a row on the list", ("tile",))
    draw: Floats = _column("f8", "1", "uniform of its jump, then its factor", ("tile",))
    factor: Floats = _column("f8", "1", "factor of the month's jump", ("tile",))
    before: Floats = _column("f8", "亿元/年", "orders of incumbents before shocks", ("tile",))
    change: Floats = _column("f8", "亿元/年", "change of orders by shocks", ("tile",))
    over: Floats = _column("f8", "亿元/年", "orders above capacity", ("tile",))
    invested: Floats = _column("f8", "亿元", "small investment of the month", ("tile",))
    wanted: Floats = _column("f8", "人", "workers wanted", ("tile",))
    gone_s: Floats = _column("f8", "人", "skilled workers who leave", ("tile",))
    gone_u: Floats = _column("f8", "人", "other workers who leave", ("tile",))
    missed: Floats = _column("f8", "亿元", "sales lost to full capacity", ("tile",))
    unmanned: Floats = _column("f8", "亿元", "sales lost to missing workers", ("tile",))
    pay: Floats = _column("f8", "亿元", "labour cost of a worker in the firm's zone", ("tile",))
    interest: Floats = _column("f8", "亿元", "interest of the month", ("tile",))
    debt: Floats = _column("f8", "亿元", "loans before this month's payment", ("tile",))
    reported: Floats = _column("f8", "亿元", "sales if in scope", ("tile",))
    independent: Floats = _column("f8", "个", "1 if in scope and independent", ("tile",))
    site: Ints = _column("i8", "", "a list of rows of projects", ("projects",))
    placed: Ints = _column("i8", "", "sort keys in order", ("projects",))
    drawn: Floats = _column("f8", "亿元", "draws wanted by class of progress", ("classes",))


class Replay(Table):
    """Draws of a replicate's first variant after the branch; later variants replay them.

    Rows and months beyond its room are drawn by each. Candidates for arrival have a table of
    their own.
    """

    begin: int = whole("月", "the branch")
    end: int = whole("月", "last month kept")
    firms: int = whole("个", "firm rows kept")
    listed: int = whole("月", "last month of which all candidates are kept")
    ends: Ints = _column("i8", "", "the row after a month's last candidate", ("replay_months",))
    least: Floats = _column(
        "f8", "1", "height from which candidates are not listed, by kind", ("replay_months", "two")
    )
    factor: Floats = _column(
        "f8", "1", "factor on orders of the month's jump", ("replay_months", "replay_firms")
    )


class World(Table):
    """Everything that changes in a replicate."""

    city: City
    now: Levers
    zone: Zones
    sector: Sectors
    firm: Firms
    project: Projects
    past: Past
    tally: Tally
    candidate: Candidates
    thinning: Thinning
    temp: Temp
    replay: Replay


class Inputs(Table, names.ParameterNames):
    """Everything a replicate is given and never changes: parameters, levers, region, demand."""

    # run
    seed: int = whole("", "seed")
    replicate: int = whole("", "number of the replicate")
    redraw: int = whole("", "0, or the number of a second drawing of what comes after the branch")
    pipeline_start: int = whole("月", "first month of the pipeline")
    firms_start: int = whole("月", "first month of the firms")
    base_year: int = whole("年", "year whose totals are reproduced")
    opening: int = whole("月", "first month with open ledgers")
    policy_month: int = whole("月", "first month under the plan's levers")
    plan_year: int = whole("年", "first calendar year under the plan")
    shut: int = whole("月", "no project starts from this month on; 0 never")
    check: int = whole("", "1 to test the identities every month")
    free_land: int = whole("", "1: land is never short under the plan's levers")
    free_credit: int = whole("", "1: bank money is never short under the plan's levers")
    free_labour: int = whole("", "1: workers are never short under the plan's levers")
    free_approval: int = whole("", "1: approval takes no time under the plan's levers")
    errorless: int = whole("", "1: nothing happens that the rules do not explain")
    last: int = whole("月", "last month of the run; 0: as long as the others run")
    demand_start: int = whole("月", "month of the first entry of the demand paths")
    demand_months: int = whole("月", "entries in use of the demand paths")
    base_revenue: float = real("亿元/年", "base-year revenue")
    base_fai: float = real("亿元/年", "base-year investment")
    base_profit_tax: float = real("亿元/年", "base-year profit and tax")
    base_workers: float = real("人", "workers in the base year's December")
    factory_reference: float = real("m²/年", "factory programme that was begun before the plan")
    # region
    zones: int = whole("个", "zones")
    sectors: int = whole("个", "sectors")
    zone_code: Ints = _column("i8", "", "stable number of a zone", ("zones",))
    zone_provincial: Ints = _column("i8", "", "1 at provincial level", ("zones",))
    zone_share: Floats = _column(
        "f8", "1", "central share of base-year revenue (synthetic)", ("zones",)
    )
    zone_site: Floats = _column("f8", "1", "weight of the site lever", ("zones",))
    zone_expands: Ints = _column("i8", "", "1 if its boundary may be enlarged", ("zones",))
    zone_sewage: Ints = _column("i8", "", "order of its sewage plant, 0 none", ("zones",))
    zone_lead: Floats = _column(
        "f8", "1", "weight of a leading sector in its zone", ("zones", "sectors")
    )
    zone_leading: Ints = _column(
        "i8", "", "1 if the sector leads in the zone", ("zones", "sectors")
    )
    sector_rest: Floats = _column("f8", "1", "weight in sales where it does not lead", ("sectors",))
    sector_new: Floats = _column(
        "f8", "1", "weight in arrivals where it does not lead", ("sectors",)
    )
    share_concentration: float = real(
        "", "Dirichlet weight of the zone shares, 0 for the central ones"
    )
    sector_code: Ints = _column("i8", "", "stable number of a sector", ("sectors",))
    sector_beta: Floats = _column("f8", "1", "response to producer prices", ("sectors",))
    sector_own: Floats = _column("f8", "1", "minimum own share of a project", ("sectors",))
    sector_plot: Floats = _column("f8", "1", "plot ratio of ordinary sites", ("sectors",))
    sector_floor: Ints = _column("i8", "", "1 if standard floor suits it", ("sectors",))
    sector_alpha: Floats = _column("f8", "1", "relative revenue per worker", ("sectors",))
    revenue_season: Floats = _column("f8", "1", "seasonal factors of revenue", ("twelve",))
    fai_season: Floats = _column("f8", "1", "seasonal factors of investment", ("twelve",))
    group_month: Ints = _column("i8", "", "1 if joint ground-breakings are held", ("twelve",))
    envelope: Floats = _column(
        "f8", "个/月", "envelope of arrivals by month and kind", ("span", "two")
    )
    value_added: Floats = _column("f8", "1", "growth of value added on a year before", ("months",))
    prices: Floats = _column("f8", "1", "growth of producer prices on a year before", ("months",))
    value_added_central: Floats = _column("f8", "1", "central path of the same", ("months",))
    prices_central: Floats = _column("f8", "1", "central path of the same", ("months",))
    nation: Floats = _column(
        "f8", "1", "log growth of national FAI since mid base year, central path", ("span",)
    )
    climate: Floats = _column(
        "f8", "1", "investment climate: growth factor of FAI over its central path", ("span",)
    )
    credit: Floats = _column(
        "f8", "1", "credit conditions: growth factor of M2 over its central path", ("span",)
    )
    absent: Levers
    level: Levers
    # conditioning
    attempt: int = whole("", "first conditioning attempt: earlier ones are known not to fit")


_declare(Inputs, names.ParameterNames)


class Sizes(NamedTuple):
    """Room in the block; rows beyond those in use are never touched.

    The length of long columns (483 lines of a cache) spreads them evenly over the cache's sets:
    columns a power of two apart would fall on the same ones, and a rule that reads thirty of them
    would thrash.
    """

    zones: int = 16
    sectors: int = 16
    firms: int = 3864
    projects: int = 3864
    months: int = 96
    span: int = 128

    def named(self) -> dict[str, int]:
        """Return every size that a column may name."""
        return self._asdict() | {
            "ring": RING,
            "batch": BATCH,
            "candidates": LISTED + UNLISTED + VECTOR,
            "tile": TILE,
            "classes": CLASSES,
            "replay_months": REPLAY_MONTHS,
            "replay_firms": REPLAY_FIRMS,
            "history": HISTORY,
            "twelve": 12,
            "two": 2,
            "nodes": NODES,
            "programmes": len(PROGRAMMES),
            "measures": len(MEASURES),
        }


def columns(table: type[Table]) -> dict[str, Column]:
    """Return a table's own columns in the order of their declaration."""
    return {name: value for name, value in vars(table).items() if isinstance(value, Column)}


def parts(table: type[Table]) -> dict[str, type[Table]]:
    """Return the tables nested in a table."""
    known: dict[str, type[Table]] = {"city": City, "now": Levers, "zone": Zones, "sector": Sectors}
    known |= {
        "firm": Firms,
        "project": Projects,
        "past": Past,
        "tally": Tally,
        "thinning": Thinning,
    }
    known |= {"temp": Temp, "replay": Replay, "candidate": Candidates}
    known |= {"absent": Levers, "level": Levers}
    own = columns(table)
    return {n: known[n] for n in table.__annotations__ if n in known and n not in own}


MEASURES: dict[str, Column] = {n: c for n, c in columns(Zones).items() if c.role}
MEASURE_ROW: dict[str, int] = {name: row for row, name in enumerate(MEASURES)}
STARTS_LAND: int = MEASURE_ROW["starts_land"]
# Rows of revenue of initial firms, warm-up plants and later ones follow each other.
REVENUE_OF_GROUP: int = MEASURE_ROW["revenue_incumbents"]
# So do investment of industrial and other projects, and of earlier and this year's starts.
FAI_BY_KIND: int = MEASURE_ROW["fai_industrial"]
FAI_BY_AGE: int = MEASURE_ROW["fai_carried"]
FLOWS: int = sum(1 for c in MEASURES.values() if c.role == "flow")
LEVERS: tuple[str, ...] = tuple(names.LeverNames.__annotations__)
#: Parameters of the model, in the order of the record.
PARAMETERS: tuple[str, ...] = tuple(names.ParameterNames.__annotations__)
