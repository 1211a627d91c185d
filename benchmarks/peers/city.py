"""The city as a plain Mesa model: the clock, the shared ledgers and the order of the month.

It begins where the engine begins, before the first month of the pipeline, with what is solved by
formula before the run (arrival scale, zone shares, demand path: :class:`Given`), and reads the
same parameters. From there on every month of every zone, firm and project is done by agents.
"""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import mesa
import numpy as np
from mesa.agent import AgentSet

from benchmarks.peers.agents import INITIAL, QUITS, WAN, Firm, Project, Zone, clip
from benchmarks.peers.draws import (
    ARRIVAL,
    DISPERSION,
    FIRM,
    MARKET,
    PACE,
    SHOCK,
    STALL,
    TRAIT,
    ZONE,
    Draws,
    normals,
    pareto,
)
from xuchang_sim import definitions
from xuchang_sim.model.chunk import begin_world
from xuchang_sim.model.memory import blank
from xuchang_sim.model.world import (
    APPROVAL,
    BUILDING,
    CLOSING,
    FIRMS,
    LAND,
    LEVERS,
    OPEN,
    PIPELINE,
    Sizes,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Records = npt.NDArray[np.void]

FACTORIES, HOUSING, VILLAGES, SEWAGE = 0, 1, 2, 3
ATTEMPTS = 200


class IncompatibleError(RuntimeError):
    """No pipeline, or no firms, fit the base year."""


class Given(NamedTuple):
    """Quantities solved before the first month, by formula and not by agents."""

    inputs: dict[str, Any]
    scale: float
    expected_plants: float
    expected_entrants: float
    expected_land: float
    share: list[float]
    weight: list[float]
    sales_share: list[list[float]]
    invest_share: list[list[float]]
    growth: list[list[float]]
    gap: list[list[float]]
    execution: list[float]
    yield_common: float


@cache
def lacking() -> dict[str, float]:
    """Levers for which this form has no rule, with the level at which each changes nothing.

    The form is timed on the plan, so a lever that came later needs no rule here until a plan uses it.
    A lever that is only counted, and moves no column, needs none at all.
    """
    rules = "".join(
        (Path(__file__).parent / name).read_text(encoding="utf-8")
        for name in ("agents.py", "city.py")
    )
    return {
        name: lever.neutral
        for name, lever in definitions.levers().items()
        if lever.moves and not re.search(rf"\b{name}\b", rules)
    }


def at_neutral(inputs: Records) -> Records:
    """Return what a replicate is given with the levers of :func:`lacking` at their neutral level."""
    found = inputs.copy()
    for name in found.dtype.names or ():
        if found[0][name].dtype.names:
            for lever, neutral in lacking().items():
                found[0][name][lever] = neutral
    return found


def given(inputs: Records, sizes: Sizes) -> Given:
    """Read what a replicate is given; ``inputs`` is one record, shape (1,).

    Raises
    ------
    ValueError
        If a lever acts for which this form has no rule.
    """
    plain: dict[str, Any] = {}
    for name in inputs.dtype.names or ():
        value = inputs[0][name]
        if value.dtype.names:
            for lever, neutral in lacking().items():
                if value[lever] != neutral:
                    message = f"the Mesa form has no rule for {lever}; allowed: {neutral:g}"
                    raise ValueError(message)
            plain[name] = SimpleNamespace(**{lever: float(value[lever]) for lever in LEVERS})
        else:
            plain[name] = value.tolist()
    memory = blank(World, sizes)
    begin_world(memory, inputs)
    city, zone, sector = (memory[0][part] for part in ("city", "zone", "sector"))
    zones, sectors, months = (plain[name] for name in ("zones", "sectors", "demand_months"))
    return Given(
        plain,
        float(city["scale"]),
        float(city["expected_plants"]),
        float(city["expected_entrants"]),
        float(city["expected_land"]),
        zone["share"][:zones].tolist(),
        zone["weight"][:zones].tolist(),
        zone["sales_share"][:zones, :sectors].tolist(),
        zone["invest_share"][:zones, :sectors].tolist(),
        sector["growth"][:sectors, :months].tolist(),
        sector["gap"][:sectors, :months].tolist(),
        memory[0]["tally"]["execution"].tolist(),
        float(city["yield_common"]),
    )


class Market:
    """Orders of one sector: the sums by which shocks are centred and lost orders are shared."""

    def __init__(self, city: City, sector: int) -> None:
        self.city, self.growth, self.gap = city, city.given.growth[sector], city.given.gap[sector]
        self.before, self.after, self.factor = [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]
        self.over = self.slack = self.taken = 0.0
        self.young_use = 1.0

    def begin_month(self) -> None:
        """Begin the sums anew; young plants follow the demand gap."""
        p, m = self.city.p, self.city.t - self.city.p.demand_start
        self.before, self.after = [0.0, 0.0], [0.0, 0.0]
        self.over = self.slack = self.taken = 0.0
        pull = p.demand_pass_through * self.gap[m] + self.city.times
        self.young_use = min(1.0, p.utilisation_normal * math.exp(pull))

    def centre(self) -> None:
        """Make the sum of orders grow by exactly the sector's demand."""
        m = self.city.t - self.city.p.demand_start
        growth = math.exp(self.growth[m] + self.city.market_step)
        for side in (0, 1):
            if self.after[side] > 0.0:
                self.factor[side] = growth * self.before[side] / self.after[side]

    def share_lost(self) -> float:
        """Return what is lost of the orders that full firms cut; slack firms take the rest."""
        moved = min(self.city.p.lost_order_recapture * self.over, self.slack)
        self.taken = moved / self.slack if self.slack > 0.0 else 0.0
        return float(self.over - moved)


class City(mesa.Model):
    """One replicate; ``step()`` is one month, the warm-up's and its rejected attempts included.

    Parameters
    ----------
    before : Given
        What is known before the first month.
    draws : type of Draws
        How random numbers are drawn; no influence on any of them.
    """

    def __init__(self, before: Given, draws: type[Draws] = Draws) -> None:
        super().__init__(rng=0)  # its own generators are never used: draws have addresses
        self.given = before
        self.p = p = SimpleNamespace(**before.inputs)
        if p.opening <= 12 * p.base_year + 11:
            message = "the plain form opens its ledgers after the base year only"
            raise ValueError(message)
        if p.redraw:
            message = "the plain form knows no second drawing"
            raise ValueError(message)
        self.draws = draws(p.seed, p.replicate)
        self.now = p.absent
        self.phase, self.t, self.policy = PIPELINE, p.pipeline_start - 1, False
        self.markets: list[Market] = []
        self.zone_list = [
            Zone(self, z, *row)
            for z, row in enumerate(
                zip(
                    before.share,
                    before.weight,
                    before.sales_share,
                    before.invest_share,
                    strict=True,
                )
            )
        ]
        self.finished: list[Project] = []
        self.commissioned = 0
        self.uneven = p.size_variance_exponent > 0.0
        self.pulls = [1.0] * p.zones
        self.intermediate = self.gross_margin = 0.0
        self.firm_scale = self.labour_scale = 1.0
        self.lump_base = self.draws_base = 0.0
        self.unused = self.limit = self.grant_left = self.platform_excess = 0.0
        self.tenant_bill = self.reserve = self.entries = 0.0
        # what the rules do not explain
        self.market = self.market_step = self.times = self.capital_opening = 0.0
        self.own_pace = self.yield_now = 1.0
        # of the month
        self.pace = self.dropout = self.major_dropout = self.stall = self.major_stall = 0.0
        self.approval_ramp = 0.0
        self.productivity_drift = (1.0 + p.productivity_growth) ** (1.0 / 12.0)
        # of the base year
        self.large_fai = 0.0
        self.drawn = [0.0, 0.0]
        self.base_sales = [[0.0, 0.0] for _ in range(12)]
        self.base_workers = [0.0, 0.0]
        self.january_workers = [0.0, 0.0]
        self.base_pay = [0.0, 0.0]
        self.steps_of_agents = 0

    # ------------------------------------------------------------------ who and when

    @property
    def zones(self) -> Any:
        """Zones in the order of the region."""
        return self.agents_by_type[Zone]

    @property
    def firms(self) -> Any:
        """Living firms in the order of their birth."""
        return self._of(Firm)

    @property
    def projects(self) -> Any:
        """Projects that have not ended, in the order of their arrival."""
        return self._of(Project)

    def _of(self, kind: type[mesa.Agent]) -> Any:
        found = self.agents_by_type.get(kind)
        return AgentSet([], random=self.random) if found is None else found

    @property
    def year(self) -> int:
        """Calendar year."""
        return int(self.t // 12)

    @property
    def month(self) -> int:
        """Calendar month, 0 for January."""
        return int(self.t % 12)

    def years_since_base(self) -> float:
        """Years from the middle of the base year to the middle of the month."""
        return float(self.t + 0.5 - (12 * self.p.base_year + 6)) / 12.0

    def tide(self) -> float:
        """Factor of the nation's investment on what begins in the month (5.2)."""
        p = self.p
        normal = math.log(1.0 + p.investment_normal) * self.years_since_base()
        return math.exp(p.climate_elasticity * (p.nation[self.t - p.pipeline_start] - normal))

    def arrival_index(self) -> float:
        """Growth index of arrivals: its own rate fades after the base year (5.2)."""
        p, later = self.p, self.years_since_base() - 0.5
        fast, slow = math.log(1.0 + p.starts_growth), math.log(1.0 + p.starts_growth_later)
        if later <= 0.0:
            return math.exp(fast * (later + 0.5)) * self.tide()
        fading = (1.0 - math.exp(-p.growth_fading * later)) / p.growth_fading
        own = math.exp(0.5 * fast + slow * later + (fast - slow) * fading)
        return own * self.tide()

    def shock_scale(self, size: float) -> float:
        """Scale of the yearly growth shock of a firm of a size."""
        p = self.p
        a = p.growth_dispersion
        if self.uneven:
            a *= max(size, 0.01) ** -p.size_variance_exponent
        return float(min(a, 0.9))

    def base_alpha(self, sector: int) -> float:
        """Sales per worker and month of the base year, 万元."""
        p = self.p
        return float(p.base_revenue / p.base_workers / WAN / 12.0 * p.sector_alpha[sector])

    def zone_of(self, u: float) -> Zone:
        """Zone drawn from the weights of arrivals."""
        total = 0.0
        for zone in self.zone_list:
            total += zone.weight
            if u < total:
                return zone
        return self.zone_list[-1]

    def curve(self, x: float) -> float:
        """Share of a budget spent at progress x."""
        p = self.p
        cubic = (6.0 * x - 9.0) * x * x + 3.0 * x
        return float(x + p.scurve_c * (x * x - x) - cubic / p.scurve_k)

    def progress_at(self, share: float) -> float:
        """Progress at which a share of a budget is spent: Newton's method in a bracket."""
        p = self.p
        low, high, x = 0.0, 1.0, share
        for _ in range(60):
            miss = self.curve(x) - share
            if miss < 0.0:
                low = x
            else:
                high = x
            slope = (
                1.0 + p.scurve_c * (2.0 * x - 1.0) - (18.0 * x * x - 18.0 * x + 3.0) / p.scurve_k
            )
            better = x - miss / slope
            if not low < better < high:
                better = 0.5 * (low + high)
            if abs(better - x) <= 1e-15:
                return float(better)
            x = better
        return float(x)

    # ------------------------------------------------------------------ the month

    def step(self) -> None:
        """Run one month."""
        self.turn_month()
        if self.phase == OPEN:
            self.post_land()
            self.zones.do("run_platform")
            self.build_works()
            self.zones.do("train")
        if self.phase != PIPELINE:
            self.move_orders()
        if self.phase == OPEN:
            self.spend_lump()
        if self.phase != FIRMS:
            self.receive_projects()
            self.zones.do("begin_site")
        if self.phase == PIPELINE:
            self.projects.do("advance_alone")
            self.zones.do("end_site")
        if self.phase == OPEN:
            if self.policy and self.t == self.p.policy_month:
                self.projects.do("choose_express")
            self.projects.do("wait")
            self.allocate_land()
            self.projects.do("start")
            self.construct()
            self.zones.do("end_site")
        if self.phase != PIPELINE:
            self.commission()
        if self.phase == OPEN:
            self.zones.do("house_tenants")
            self.firms.do("consider_exit")
        self.steps_of_agents += len(self.agents)
        if self.phase != PIPELINE:
            self.employ()
            self.firms.do("sell", self.p.revenue_season[self.month])
        if self.phase == OPEN:
            self.keep_books()
            self.evaluate()
            self.close_year()
        elif self.phase == FIRMS:
            self.watch_firms()
        else:
            self.watch_pipeline()

    def turn_month(self) -> None:
        """Turn the clock, begin the month's flows, set levers in force and the month's hazards."""
        self.t += 1
        p, phase = self.p, self.phase
        self.policy = phase == OPEN and self.t >= p.policy_month
        self.now = now = self.levers()
        if phase == OPEN and (self.month == 0 or self.t == p.opening) and not p.errorless:
            x = normals(*self.draws.uniforms(PACE, 0, 12 * self.year)[:2])[0]
            self.own_pace *= math.exp(p.pace_sd * x)
        self.platform_excess = self.limit = self.grant_left = 0.0
        self.zones.do("begin_month")
        if self.month == 0:
            self.unused = 0.0
            if phase != FIRMS:
                self.zones.do("begin_project_year")
                self.projects.do("begin_year")
            if phase != PIPELINE:
                self.zones.do("begin_year")
                self.firms.do("begin_year")
        drift = 1.0 + p.margin_drift if self.year > p.base_year else 1.0
        self.gross_margin = (1.0 - self.intermediate) * drift
        self.pace = self.own_pace * p.fai_season[self.month]
        self.dropout = -math.log(1.0 - p.dropout_rate)
        self.major_dropout = -math.log(1.0 - p.dropout_rate * (1.0 - now.dropout_cut_major))
        hazard = p.stall_hazard * (1.0 - now.stall_cut_service)
        self.stall = -math.log(1.0 - hazard)
        self.major_stall = -math.log(1.0 - hazard * (1.0 - now.stall_cut_major))
        self.approval_ramp = clip((self.t - p.policy_month + 1) / 3.0, 0.0, 1.0)
        if phase != PIPELINE:
            self.move_market()
            for market in self.markets:
                market.begin_month()

    def move_market(self) -> None:
        """Move the level of all orders by what drivers do not explain; what the times do to yields."""
        p, m = self.p, self.t - self.p.demand_start
        self.market_step = 0.0
        if self.phase == OPEN and not p.errorless:
            x = normals(*self.draws.uniforms(MARKET, 0, self.t)[:2])[0]
            self.market_step = p.market_sd * x / math.sqrt(650.0 / 144.0)
        self.market += self.market_step
        year = slice(m - 11, m + 1)
        nation = max(0.02, sum(p.value_added_central[year]) / 12.0)
        self.times = p.yield_cycle * math.log(nation / p.growth_normal) + self.market

    def levers(self) -> Any:
        """Levers in force (7.2)."""
        p = self.p
        if not self.policy:
            return p.absent
        before = p.policy_month % 12
        if self.year > p.policy_month // 12 or before == 0:
            return p.level
        now = SimpleNamespace(**vars(p.level))
        for name in ("platform_financing", "villages", "training_places"):
            left = getattr(p.level, name) - getattr(p.absent, name) * before / 12.0
            setattr(now, name, max(0.0, left) * 12.0 / (12 - before))
        return now

    def months_of_plan(self) -> int:
        """Months of this year under the plan, if it is on."""
        first = self.p.policy_month
        return 12 if self.year > first // 12 else 12 - first % 12

    def post_land(self) -> None:
        """Post usual land and what levers add to it; the reserve gets its part (7.4)."""
        p, now, absent = self.p, self.now, self.p.absent
        june, september = self.now.release_by_june, self.now.release_by_september
        shares = {5: june} | dict.fromkeys((6, 7, 8), (september - june) / 3.0)
        share = (shares | dict.fromkeys((9, 10), (1.0 - september) / 2.0)).get(self.month, 0.0)
        share *= p.land_additional
        self.reserve += max(0.0, share * (now.municipal_reserve - absent.municipal_reserve))
        usual = p.usual_land * self.given.expected_land / 12.0
        usual *= (1.0 + p.usual_land_growth) ** (self.year - p.base_year)
        quota = now.quota_per_zone * (1.0 + now.quota_tilt)
        quota -= absent.quota_per_zone * (1.0 + absent.quota_tilt)
        extra = now.reused_land + now.linkage_land - absent.reused_land - absent.linkage_land
        self.zones.do("post_quota", usual, share * (quota + extra / p.zones))

    def build_works(self) -> None:
        """Public works of the month (7.6)."""
        p, now, execution, zones = self.p, self.now, self.given.execution, self.zones
        first = self.year == p.policy_month // 12
        share = 1.0 / self.months_of_plan() if self.policy else 0.0
        begun = p.factory_begun_share * p.factory_reference
        if self.policy:
            level = now.factory_area * execution[FACTORIES]
            area = max(0.0, level - begun if first else level) * share
        elif first and p.policy_month % 12 > 0:
            area = begun / (p.policy_month % 12)
        else:
            area = p.absent.factory_area / 12.0
        weight = sum(zone.weight for zone in zones if zone.takes_part())
        zones.do("build_factories", area, weight, int(p.factory_build_months + 0.5))
        units = now.housing_units * execution[HOUSING] * share
        months = max(3, int(p.housing_build_months - now.housing_advance + 0.5))
        zones.do("build_housing", units, months)
        moved = now.villages / 12.0 * (execution[VILLAGES] if self.policy else 1.0)
        zones.do("move_villages", moved, self.t + int(p.linkage_lag_months + 0.5))
        zones.do("build_sewage", now.sewage_plants * execution[SEWAGE] + 0.5)
        if self.month == 9:
            odds = p.service_centre_rate * (0.4 + 0.6 * now.service_support)
            zones.do("open_centre", odds)

    def move_orders(self) -> None:
        """Orders: shocks, demand, and what full firms lose (7.8)."""
        firms, k = self.firms, self.month + 1
        last = np.array(firms.get("stream"), np.uint64) + np.uint64(self.draws.last_word(0))
        words = self.draws.rows(last[None, :], np.array(firms.get("name"), np.uint64), self.t)
        for firm, (jump, size, _, _) in zip(firms, words, strict=True):
            firm.draw_orders(jump, size, k)
        for market in self.markets:
            market.centre()
        for zone in self.zone_list:
            zone.spill = 0.0
        firms.do("take_orders")
        if self.phase == OPEN:
            over = sum(market.over for market in self.markets)
            lost = sum(market.share_lost() for market in self.markets)
            if over > 0.0:
                for zone in self.zone_list:
                    zone.lost_rate += lost / over * zone.spill
        firms.do("settle_orders")

    def spend_lump(self) -> None:
        """Small investment: replacement first, then firms short of capacity (7.9)."""
        p, firms = self.p, self.firms
        lump = self.lump_base * (1.0 + p.small_lump_growth) ** (self.year - p.base_year)
        lump *= self.tide() * p.fai_season[self.month] / 12.0
        private = max(0.0, lump - p.absent.platform_financing / 12.0 * p.zones)
        equipment = min(private, self.tenant_bill)
        self.tenant_bill -= equipment
        decay = p.depreciation / 12.0
        capital = sum(firms.get("K"))
        eager = sum(firm.K for firm in firms if firm.eager())
        if capital > 0.0:
            replaced = min(private - equipment, capital * decay)
            rest = private - equipment - replaced
            expanded = rest / eager if eager > 0.0 else 0.0
            idle = equipment if eager > 0.0 else equipment + rest
            firms.do("invest", replaced / capital, expanded, idle / capital, decay)
        else:
            for zone in self.zone_list:
                zone.fai_small += private / p.zones
        self.zones.do("book_lump")

    def receive_projects(self) -> None:
        """Projects arrive, ordinary ones first (7.10)."""
        p, now, t = self.p, self.now, self.t
        self.pulls = [zone.pull() for zone in self.zone_list]
        highest = max(1.0, *self.pulls)
        rate = self.given.scale * self.arrival_index() / 12.0
        rates = (
            rate * now.ordinary_arrivals,
            rate * p.starts_large / p.starts_ordinary * now.large_arrivals,
        )
        names, odds = [], []
        for large in (False, True):
            envelope = p.envelope[t - p.pipeline_start][large]
            bar = rates[large] / envelope
            if bar * highest > 1.0:
                message = "more arrivals than the envelope holds"
                raise ArithmeticError(message)
            climate = self.own_pace * p.climate[t - p.pipeline_start] ** p.climate_elasticity
            bar = min(bar * climate, 1.0 / highest)
            crowd = 1.0
            if not large:
                shape = int(p.arrival_dispersion + 0.5)
                crowd = self.draws.whole_gamma(shape, DISPERSION, 0, t, 0) / shape
            kind = (large << 31) | ((t - p.pipeline_start) << 24)
            for number, height in enumerate(self.candidates(large, envelope * crowd)):
                if height < bar * highest:
                    names.append(kind | number)
                    odds.append(height / bar)
        self.admit(names, odds)

    def candidates(self, large: bool, span: float) -> Iterator[float]:
        """Yield the heights of the month's candidates; their gaps add up to ``span``."""
        batch = int(span + 3.0 * math.sqrt(span)) + 4
        first, clock, block = large << 20, 0.0, self.draws.blocks((ARRIVAL, 0))
        while True:
            numbers = np.arange(first, first + batch, dtype=np.uint64)
            for gap, height, _, _ in self.draws.rows(block, numbers, self.t):
                clock -= math.log(gap)
                if clock > span:
                    return
                yield height
            first += batch

    def admit(self, names: list[int], odds: list[float]) -> None:
        """Make projects of the candidates whose zone pulls them."""
        t, draws = self.t, self.draws
        array = np.array(names, np.uint64)
        wanted = []
        for name, odd, first in zip(
            names, odds, draws.rows(draws.blocks((TRAIT, 0)), array, t), strict=True
        ):
            zone = self.zone_of(first[1])
            if odd < self.pulls[zone.row]:
                wanted.append((name, zone, name >> 31 == 1, first))
        approval = range(8, 8 + (int(self.p.approval_shape + 0.5) + 3) // 4)
        blocks = draws.blocks(
            (TRAIT, 1), (TRAIT, 2), (STALL, 0), *((TRAIT, block) for block in approval)
        )
        array = np.array([one[0] for one in wanted], np.uint64)
        for (name, zone, large, first), later in zip(
            wanted, draws.rows(blocks, array, t), strict=True
        ):
            Project(self, name, zone, large, first, later)

    def allocate_land(self) -> None:
        """Land and floor by class and date (7.12)."""
        queue = [
            project
            for project in self.projects
            if project.land < project.need and project.state in {LAND, CLOSING, BUILDING}
        ]
        for zone in self.zone_list:
            zone.land_unmet = 0.0
        for project in queue:
            project.zone.land_unmet += project.need - project.land
        queue.sort(key=Project.priority)
        for project in queue:
            project.ask_for_land()
        for project in queue:
            project.move()
        for zone in self.zone_list:
            zone.lease_floor()
            zone.land_unmet = 0.0
        for project in queue:
            project.zone.land_unmet += project.need - project.land
        for zone in self.zone_list:
            zone.unmet_year += zone.land_unmet

    def construct(self) -> None:
        """Bank limit, grants, rationing, spending (7.14, 7.15)."""
        p, now, projects = self.p, self.now, self.projects
        limit = self.draws_base * (1.0 + p.credit_growth) ** (self.year - (p.opening // 12 - 1))
        limit *= p.credit[self.t - p.pipeline_start] ** p.credit_elasticity
        limit *= p.fai_season[self.month] / 12.0 * (1.0 + now.bank_limit_bonus)
        if self.policy:
            limit += now.guarantee_pool * p.guarantee_multiplier / self.months_of_plan()
            self.grant_left = now.grant_pool / self.months_of_plan()
        limit -= clip(p.crowd_out + now.crowd_out_shift, 0.0, 1.0) * self.platform_excess
        self.limit = max(0.0, limit)
        projects.do("plan")
        building = [project for project in projects if project.state == BUILDING]
        leading = [project for project in building if project.leads]
        asked = sum(project.draw for project in leading)
        if self.grant_left > 0.0 and asked > 0.0:
            part = min(1.0, self.grant_left / asked)
            for project in leading:
                project.grant += part * project.draw
                project.draw -= part * project.draw
        available = self.limit + self.unused
        wanted = sum(project.draw for project in building)
        if wanted > available and not (p.free_credit and self.policy):
            left = available
            for project in sorted(building, key=Project.closeness):
                project.draw = min(project.draw, left)
                left -= project.draw
            wanted = available - left
        self.unused = max(0.0, available - wanted)
        projects.do("build")

    def commission(self) -> None:
        """Completed industrial projects become plants, in the order of completion (7.16)."""
        p = self.p
        self.yield_now = 1.0
        if self.phase == OPEN:
            capital = sum(self.firms.get("K"))
            crowd = capital / self.capital_opening if capital > 0.0 else 1.0
            self.yield_now = crowd**-p.crowding_elasticity
            if not p.errorless:
                self.yield_now *= self.given.yield_common
        delay = 1 - int(self.now.commissioning_gain + 0.5)
        while self.commissioned < len(self.finished):
            project = self.finished[self.commissioned]
            if project.ended + delay > self.t:
                return
            self.commissioned += 1
            if project.sector >= 0 and project.ended + delay >= p.firms_start:
                Firm.plant_of(project)

    def employ(self) -> None:
        """Quits, layoffs, matching, hiring (7.18)."""
        if self.phase != OPEN:
            self.zones.do("begin_hiring")
            self.firms.do("hire_freely")
            return
        self.zones.do("begin_hiring")
        quits = max(0.0, self.p.separation - self.now.worker_retention / 12.0)
        self.firms.do("part", min(1.0, quits * QUITS[self.month]))
        self.zones.do("open_posts")
        if self.p.free_labour and self.policy:
            for zone in self.zone_list:
                zone.fill_s, zone.fill_u, zone.fill_x, zone.fill_y = 1.0, 1.0, 0.0, 0.0
        else:
            self.match()
        self.firms.do("hire")
        self.zones.do("price_shortage")

    def matches(self, posts: float, people: float) -> float:
        """Cobb–Douglas matching, never more than either side has."""
        if posts <= 0.0 or people <= 0.0:
            return 0.0
        e = self.p.matching_elasticity
        return float(min(posts, people, self.p.matching_level * people**e * posts ** (1.0 - e)))

    def match(self) -> None:
        """Match posts and people by zone and skill, across zones, across skills."""
        zones = self.zone_list
        leak = min(1.0, self.p.commuting_leak + self.now.commuting_bonus)
        for zone in zones:
            zone.fill_s = self.matches(zone.vacancies_s, zone.skilled)
            zone.skilled -= zone.fill_s
        open_s = sum(zone.vacancies_s - zone.fill_s for zone in zones)
        pool = leak * sum(zone.skilled for zone in zones)
        met = self.matches(open_s, pool)
        for zone in zones:
            if met > 0.0:
                zone.fill_s += met * (zone.vacancies_s - zone.fill_s) / open_s
                zone.skilled -= met * leak * zone.skilled / pool
        open_u = 0.0
        for zone in zones:
            people = zone.unskilled + zone.skilled
            hired = self.matches(zone.vacancies_u, people)
            zone.fill_u = hired * zone.unskilled / people if people > 0.0 else 0.0
            zone.fill_y = hired - zone.fill_u
            zone.unskilled -= zone.fill_u
            zone.skilled -= zone.fill_y
            open_u += zone.vacancies_u - hired
        pool = leak * sum(zone.unskilled + zone.skilled for zone in zones)
        met = self.matches(open_u, pool)
        share = leak * sum(zone.unskilled for zone in zones) / pool if pool > 0.0 else 0.0
        for zone in zones:
            if met > 0.0:
                more = met * (zone.vacancies_u - zone.fill_u - zone.fill_y) / open_u
                zone.fill_u += more * share
                zone.fill_y += more * (1.0 - share)
                zone.unskilled -= met * leak * zone.unskilled / pool
                zone.skilled -= met * leak * zone.skilled / pool
            rest = zone.vacancies_s - zone.fill_s
            makeshift = self.matches(rest, zone.unskilled)
            zone.unskilled -= makeshift
            # From persons to shares of the vacancies.
            zone.fill_x = makeshift / rest if rest > 0.0 else 0.0
            if zone.vacancies_s > 0.0:
                zone.fill_s /= zone.vacancies_s
            if zone.vacancies_u > 0.0:
                zone.fill_u /= zone.vacancies_u
                zone.fill_y /= zone.vacancies_u

    def keep_books(self) -> None:
        """Incomes, loan service, statistics (7.19 to 7.21)."""
        p = self.p
        season = p.revenue_season[self.month] / 12.0
        self.projects.do("count_lateness", season)
        if self.month == 0:
            self.firms.do("enter_scope", p.scope_threshold * WAN)
        self.zones.do("begin_books")
        self.firms.do(
            "book", self.pay(self.years_since_base()), self.gross_margin - p.surcharge_rate
        )
        self.zones.do("report", p.scope_inflow * (self.year - p.base_year), season)

    def pay(self, years: float) -> float:
        """Labour cost of a worker and month a number of years after the middle of the base year, 元."""
        p = self.p
        return float(p.wage * (1.0 + p.wage_growth) ** years * p.labour_cost_factor)

    def evaluate(self) -> None:
        """Every quarter rank the zones; in December the best win an award (7.22)."""
        if self.month % 3 != 2:
            return
        zones = self.zone_list
        for zone in zones:
            zone.rank = 1.0
            for other in zones:
                mine, theirs = zone.score * other.score_base, other.score * zone.score_base
                if theirs > mine or (theirs == mine and other.code < zone.code):
                    zone.rank += 1.0
        for zone in zones:
            zone.score_base, zone.score = zone.score, 0.0
            if self.policy and len(zones) > 1:
                zone.effort = 2.0 * (zone.rank - 1.0) / (len(zones) - 1)
        if self.policy and self.month == 11:
            ranked = sorted(zones, key=lambda zone: zone.rank)
            for zone in [zone for zone in ranked if zone.large_year == 1.0][:3]:
                zone.award = True

    def close_year(self) -> None:
        """December's updates (7.22)."""
        if self.month != 11:
            return
        p, firms = self.p, self.firms
        self.zones.do("price_land")
        cluster = p.agglomeration_elasticity * 12.0 / p.agglomeration_months
        firms.do("learn", cluster, 0.4 + 0.6 * self.now.rd_support)
        for zone in self.zone_list:
            zone.dragon_heads = zone.default_odds = 0.0
        firms.do("add_group_sales")
        firms.do("rate_credit")

    # ------------------------------------------------------------------ the warm-up (5.3 to 5.6)

    def watch_pipeline(self) -> None:
        """At the end of the base year accept the pipeline or begin another."""
        p = self.p
        if self.year >= p.base_year - 1:
            self.drawn[self.year == p.base_year] += sum(self.zones.get("loans_drawn"))
        if self.year == p.base_year:
            self.large_fai += sum(self.zones.get("fai"))
        if self.t < 12 * p.base_year + 11:
            return
        share = self.large_fai / p.base_fai
        if abs(share - p.large_share_fai) <= p.acceptance_tolerance and share <= p.acceptance_max:
            self.found_firms()
            return
        self.draws.attempt += 1
        if self.draws.attempt >= ATTEMPTS:
            message = "no pipeline fits the base year"
            raise IncompatibleError(message)
        self.projects.do("remove")
        self.zones.do("begin_project_year")
        self.finished = []
        self.large_fai, self.drawn = 0.0, [0.0, 0.0]
        self.t = p.pipeline_start - 1

    def found_firms(self) -> None:
        """Draw late traits of the accepted pipeline; found the initial firms."""
        p = self.p
        for project in [*self.finished, *self.projects]:
            project.draw_late_traits()
            project.resize_loan()
            if project.state != APPROVAL:
                project.land = project.need
        self.phase, self.t = FIRMS, p.firms_start
        self.markets = [Market(self, s) for s in range(p.sectors)]
        there = max(0.2, 1.0 - self.given.expected_entrants / p.firms_count)
        left = max(0.1 * p.base_revenue, p.base_revenue - self.given.expected_plants)
        back = (p.firms_start - (12 * p.base_year + 11)) / 12.0
        for s, market in enumerate(self.markets):
            alpha = self.base_alpha(s) * (1.0 + p.productivity_growth) ** back
            growth, index = 0.0, 0.0
            for t in range(p.firms_start, 12 * p.base_year + 12):
                index += market.growth[t - p.demand_start]
                if t >= 12 * p.base_year:
                    growth += math.exp(index) * p.revenue_season[t % 12] / 12.0
            for zone in self.zone_list:
                part = zone.share * zone.sales_share[s]
                if part <= 0.0:
                    continue
                count = max(1, int(p.firms_count * there * part + 0.5))
                names = [(zone.code << 16) | (p.sector_code[s] << 10) | k for k in range(count)]
                sizes = [
                    pareto(self.draws.uniforms(FIRM, name, 0)[0], p.firm_tail, 1.0, 1000.0)
                    for name in names
                ]
                unit = part * left / growth / sum(sizes)
                kappa = p.revenue_per_capital / p.utilisation_normal
                for name, size in zip(names, sizes, strict=True):
                    b = size * unit
                    Firm(self, name, zone, s, INITIAL, SHOCK, kappa=kappa, alpha=alpha, size=b, b=b)
        self.t = p.firms_start - 1

    def watch_firms(self) -> None:
        """At the end of the base year solve the scalars and open the ledgers."""
        p, last = self.p, 12 * self.p.base_year + 11
        if self.t > last - 12:
            for firm in self.firms:
                if not firm.ramping:
                    firm.orders_sum += firm.b
                    firm.orders_count += 1
        if self.year == p.base_year:
            self.base_workers = [0.0, 0.0]
            for firm in self.firms:
                self.base_workers[firm.group != INITIAL] += firm.skilled + firm.unskilled
                self.base_sales[self.month][firm.group != INITIAL] += firm.sales
            if self.month == 0:
                self.january_workers = self.base_workers
            pay = self.pay(self.years_since_base()) / 1e8
            self.base_pay = [
                paid + pay * workers
                for paid, workers in zip(self.base_pay, self.base_workers, strict=True)
            ]
        for firm in self.firms:
            firm.debt -= firm.debt * p.repayment_quarter / 3.0
        if self.t == last:
            self.solve_scalars()
            self.open_ledgers()

    def solve_scalars(self) -> None:
        """Make the base year's totals exact (5.5)."""
        p, firms = self.p, self.firms
        old, new = (sum(month[side] for month in self.base_sales) for side in (0, 1))
        self.firm_scale = f = (p.base_revenue - new) / old
        if f <= 0.0:
            message = "warm-up plants sell more than the whole base year"
            raise IncompatibleError(message)
        self.labour_scale = p.base_workers / (f * self.base_workers[0] + self.base_workers[1])
        self.lump_base = p.base_fai - self.large_fai
        self.draws_base = self.drawn[p.opening // 12 - 1 == p.base_year]
        for firm in firms:
            size = f if firm.group == INITIAL else 1.0
            firm.b *= size
            firm.smooth *= size
            firm.sales_year *= size
            firm.sales_last *= size
            firm.skilled *= size * self.labour_scale
            firm.unskilled *= size * self.labour_scale
            firm.alpha /= self.labour_scale
            if firm.orders_count > 0:
                mean = size * firm.orders_sum / firm.orders_count / p.utilisation_normal
                if firm.group == INITIAL:
                    firm.K = mean / firm.kappa
                else:
                    firm.kappa = mean / firm.K
            if firm.group == INITIAL:
                firm.debt, firm.cash = p.opening_debt_ratio * firm.K, firm.b / 12.0
                firm.rate = p.base_rate
            firm.equity = firm.K + firm.other + firm.cash - firm.debt
        wages = self.labour_scale * (f * self.base_pay[0] + self.base_pay[1])
        capital = sum(firms.get("K"))
        interest = sum(firm.debt * firm.rate / 100.0 for firm in firms)
        rest = p.base_revenue * (1.0 + p.vat_rate) - wages - p.depreciation * capital - interest
        self.intermediate = (rest - p.base_profit_tax) / p.base_revenue

    def open_market(self, workers: float) -> None:
        """Open the labour market at normal tightness, with the flows that the base year needed."""
        p, f = self.p, self.firm_scale
        first, last = (f * side[0] + side[1] for side in (self.january_workers, self.base_workers))
        growth = p.supply_factor * clip((last / first) ** (12.0 / 11.0) - 1.0, 0.0, 0.6)
        hired = workers * (p.separation + growth / 12.0)
        near = self.matches(p.normal_tightness, 1.0)
        leak = min(1.0, p.commuting_leak + p.absent.commuting_bonus)
        seek = hired / (near + self.matches(p.normal_tightness - near, leak * (1.0 - near)))
        left = seek - hired
        known = p.stay_share * p.separation * workers - p.give_up * left
        known += p.training_additional * p.absent.training_places / 12.0
        self.entries = max(0.1 * hired, hired - known)
        for firm in self.firms:
            firm.alpha /= 1.0 + (p.normal_tightness * seek - hired) / workers
        for zone in self.zone_list:
            zone.tightness = p.normal_tightness
            zone.skilled = p.skilled_share_seekers * left * zone.jobs_share
            zone.unskilled = (1.0 - p.skilled_share_seekers) * left * zone.jobs_share
            zone.outside = p.reachable_pool * zone.jobs_share

    def open_ledgers(self) -> None:
        """Open land, bank, platform and labour ledgers (5.6)."""
        p = self.p
        self.phase = OPEN
        workers = sum(firm.skilled + firm.unskilled for firm in self.firms)
        years = p.opening // 12 - 1 - p.base_year
        land = p.opening_land_months / 12.0 * self.given.expected_land
        land *= (1.0 + p.starts_growth) ** years
        for zone in self.zone_list:
            zone.land = land * zone.weight
            zone.debt, zone.equity = p.platform_opening_debt, p.platform_opening_equity
            zone.cash = p.absent.platform_financing / 12.0
            zone.index = p.infrastructure_opening - (0.0 if p.zone_provincial[zone.row] else 0.2)
            zone.workers = 0.0
            zone.sales = [0.0] * p.sectors
            zone.sales_last = [0.0] * p.sectors
            u, zone.joins, _, _ = self.draws.uniforms(ZONE, zone.code, p.policy_month)
            zone.has_programme = u < p.incubator_begun_share
        for firm in self.firms:
            zone = firm.zone
            zone.workers += firm.skilled + firm.unskilled
            zone.sales[firm.sector] += firm.sales_year
            zone.sales_last[firm.sector] += firm.sales_last
        for zone in self.zone_list:
            zone.jobs_share = zone.workers / workers
        self.capital_opening = sum(self.firms.get("K"))
        self.open_market(workers)
        if not any(zone.has_programme for zone in self.zone_list):
            for zone in self.zone_list:
                zone.has_programme = True
        delay = 1 - int(p.absent.commissioning_gain + 0.5)
        for project in self.finished:
            if project.ended + delay < p.firms_start:
                project.loan = 0.0
