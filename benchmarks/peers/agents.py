"""Zones, firms and projects as plain Mesa agents: each holds its own state and its own rules.

Names are those of docs/odd.md and of the engine's columns, so that both can be read side by side.
Money in 亿元, land in 亩, time in months, people in persons, as there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import mesa

from benchmarks.peers.draws import (
    OWNER,
    REALISED,
    RESEARCH,
    SHOCK_PLANT,
    SHOCK_TENANT,
    STALL,
    TRAIT,
    YIELD,
    ZONE,
    normals,
    pareto,
)
from xuchang_sim.model.world import (
    ABANDONED,
    APPROVAL,
    BUILDING,
    CLOSING,
    DONE,
    DROPPED,
    INDUSTRIAL,
    INFRASTRUCTURE,
    LAND,
    LOGISTICS,
    MEASURES,
    OPEN,
)

if TYPE_CHECKING:
    from benchmarks.peers.city import City, Market

INITIAL, WARM, NEW, TENANT = 0, 1, 2, 3
WAN = 1e-4  # 万元 in 亿元
MU = 10_000.0 / 15.0  # 亩 in m²
MU_PER_KM2 = 1500.0
QUITS = (2.2, 2.0, *[0.78] * 10)
ENTRIES = (0.8, 1.4, 1.3, 1.05, *[0.95] * 7, 0.8)
TIGHTNESS = 0.05, 20.0  # bounds, over the normal one
FLOWS = {name: 0.0 for name, column in MEASURES.items() if column.role == "flow"}
STOCKS = {name: 0.0 for name, column in MEASURES.items() if column.role == "stock"}


def clip(x: float, low: float, high: float) -> float:
    """Hold a number between two bounds."""
    return min(max(x, low), high)


class Zone(mesa.Agent):
    """An industrial zone with its land, floor, platform, people and statistics."""

    model: City

    def __init__(
        self,
        model: City,
        row: int,
        share: float,
        weight: float,
        sales_share: list[float],
        invest_share: list[float],
    ) -> None:
        super().__init__(model)
        p = model.p
        self.row = row
        self.code = p.zone_code[row]
        self.share, self.weight = share, weight
        self.sales_share, self.invest_share = sales_share, invest_share
        self.leading = p.zone_leading[row]
        self.site = p.zone_site[row]
        self.__dict__.update(FLOWS)
        self.__dict__.update(STOCKS)
        # land and floor
        self.quota = self.land = self.annexed = 0.0
        self.premium = 1.0
        self.used_year = self.posted_year = self.unmet_year = 0.0
        self.vacant = self.tenants = 0.0
        self.tenant_count = 0
        # public works
        self.has_programme = False
        self.joins = 0.0
        self.factories_due: defaultdict[int, float] = defaultdict(float)
        self.housing_due: defaultdict[int, float] = defaultdict(float)
        self.villages_due: defaultdict[int, float] = defaultdict(float)
        self.graduates_due: defaultdict[int, float] = defaultdict(float)
        self.factory_building = self.housing_building = self.housing_units = 0.0
        self.sewage_month = 0
        self.centres = 0
        # people
        self.skilled = self.unskilled = self.outside = 0.0
        self.graduates_year = self.jobs_share = 0.0
        self.tightness = self.pay = 1.0
        self.vacancies_s = self.vacancies_u = 0.0
        self.fill_s = self.fill_u = self.fill_x = self.fill_y = 0.0
        # platform
        self.cash = self.debt = self.equity = self.index = self.base_spent = 0.0
        # orders, evaluation
        self.spill = self.lost_rate = 0.0
        self.effort = 1.0
        self.score = self.score_base = 0.0
        self.award = False
        self.sales = [0.0] * p.sectors
        self.sales_last = [0.0] * p.sectors

    def begin_month(self) -> None:
        """Set the month's flows to zero."""
        self.__dict__.update(FLOWS)

    def begin_project_year(self) -> None:
        """Forget last year's large projects."""
        self.large_year = self.major_year = 0.0

    def begin_year(self) -> None:
        """Begin the year's sums anew."""
        self.unmet_year = self.used_year = self.posted_year = self.graduates_year = 0.0
        self.sales_last = self.sales
        self.sales = [0.0] * len(self.sales)

    def pull(self) -> float:
        """Multiplier of arrivals: effort, named sites, service centres."""
        p, now = self.model.p, self.model.now
        return float(
            (1.0 + now.effort * self.effort)
            * (1.0 + now.site_attraction * self.site)
            * (1.0 + p.service_centre_attraction * self.centres)
        )

    def sector_of(self, u: float) -> int:
        """Sector of an industrial project that arrives here."""
        total = 0.0
        for s, share in enumerate(self.invest_share):
            total += share
            if u < total:
                return s
        return max(s for s, share in enumerate(self.invest_share) if share > 0.0)

    # ------------------------------------------------------------------ land and platform

    def post_quota(self, usual: float, added: float) -> None:
        """Post the zone's part of the city's usual land and what levers add to its own (7.4)."""
        model = self.model
        p, now, t = model.p, model.now, model.t
        villages = self.villages_due.pop(t, 0.0) * p.linkage_land_per_village
        posted = max(0.0, usual * self.weight + added + p.land_additional * villages)
        if p.zone_expands[self.row] and model.policy and t == p.policy_month + 1:
            self.annexed += now.boundary_area
        self.quota += posted
        self.land_posted += posted

    def run_platform(self) -> None:
        """Raise money, pay debt, service land, build works (7.5)."""
        model = self.model
        p, now = model.p, model.now
        cost = p.land_preparation_cost * WAN
        base = p.absent.platform_financing / 12.0
        injected = 0.0
        if model.month == 5:
            injected = now.fiscal_injection / p.zones + p.award * self.award
            self.award = False
        assets = now.platform_asset_injection if model.policy and model.t == p.policy_month else 0.0
        interest = self.debt * (p.rate_medium - now.spread_cut) / 1200.0
        repaid = self.debt * p.repayment_quarter / 3.0
        gap = (1.0 - self.index) * p.infrastructure_cost
        works = max(base, min(p.infrastructure_spend_cap / 12.0, gap))
        need = cost * self.quota + works + interest + repaid - self.cash - injected
        room = p.platform_leverage_cap * (self.equity + injected + assets) - self.debt
        borrowed = max(0.0, min(now.platform_financing / 12.0, need, room))
        cash = self.cash + injected + borrowed
        interest = min(interest, cash)
        cash -= interest
        repaid = min(repaid, cash)
        cash -= repaid
        serviced = min(self.quota, cash / cost)
        cash = max(0.0, cash - cost * serviced)
        works = min(works, cash)
        self.cash = cash - works
        spent = cost * serviced + works
        self.debt += borrowed - repaid
        self.equity += injected + assets - interest
        self.quota -= serviced
        self.land += serviced
        self.land_serviced += serviced
        self.posted_year += serviced
        self.index = clip(self.index + works / p.infrastructure_cost, 0.0, 1.0)
        self.base_spent = min(spent, base)
        self.fai_extra += spent - self.base_spent
        self.platform_financing += borrowed + injected
        self.platform_borrowed += borrowed
        self.platform_injected += injected
        self.platform_assets_in += assets
        self.platform_interest += interest
        self.platform_repaid += repaid
        self.platform_spent += spent
        model.platform_excess += p.platform_bank_share * (borrowed - base)

    # ------------------------------------------------------------------ public works

    def takes_part(self) -> bool:
        """Tell whether the zone builds standard factories."""
        model = self.model
        return self.has_programme or (model.policy and self.joins < model.now.incubator_support)

    def build_factories(self, area: float, weight: float, months: int) -> None:
        """Begin, pay for and complete standard factories; ``area`` is the city's, m²."""
        p, t = self.model.p, self.model.t
        done = self.factories_due.pop(t, 0.0)
        self.vacant += done
        self.floor_completed += done
        start = area * self.weight / weight if self.takes_part() and weight > 0.0 else 0.0
        need = start / 1000.0 * p.factory_land
        room = max(0.0, self.land)
        if need > room:
            start *= room / need
            need = room
        self.land -= need
        self.land_used += need
        self.used_year += need
        self.factories_due[t + months] += start
        self.factory_building += start - done
        self.floor_begun += start
        self.fai_extra += self.factory_building * p.factory_cost / 1e8 / months

    def build_housing(self, units: float, months: int) -> None:
        """Begin, pay for and complete rental units; ``units`` are the city's."""
        p, t = self.model.p, self.model.t
        done = self.housing_due.pop(t, 0.0)
        self.housing_units += done
        self.housing_completed += done
        start = units * self.weight
        self.housing_due[t + months] += start
        self.housing_building += start - done
        self.housing_begun += start
        cost = p.housing_unit_area * p.housing_unit_cost / 1e8
        self.fai_extra += self.housing_building * cost / months

    def move_villages(self, number: float, later: int) -> None:
        """Begin village relocations, whose land comes in month ``later``."""
        start = number * self.weight
        self.villages_due[later] += start - self.model.p.absent.villages / 12.0 * self.weight
        self.villages_begun += start

    def build_sewage(self, most: float) -> None:
        """Begin and complete the sewage plant of a named zone."""
        model = self.model
        p, order = model.p, model.p.zone_sewage[self.row]
        if order == 0:
            return
        if model.policy and self.sewage_month == 0 and order <= most:
            u, v, _, _ = model.draws.uniforms(ZONE, self.code, p.policy_month, 1)
            if model.t >= p.policy_month + int(6.0 * u):
                length = int(p.sewage_build_months * (0.75 + 0.5 * v) + 0.5)
                self.sewage_month = model.t + length
                self.sewage_begun = 1.0
        if 0 < self.sewage_month <= model.t:
            self.sewage_ready = 1.0

    def open_centre(self, odds: float) -> None:
        """Open a service centre, perhaps."""
        if self.model.draws.uniforms(ZONE, self.code, self.model.t, 2)[0] < odds:
            self.centres += 1
            self.centres_new += 1.0

    # ------------------------------------------------------------------ people

    def train(self) -> None:
        """Seekers give up; graduate, enrol, let people come home (7.7)."""
        model = self.model
        p, now, t = model.p, model.now, model.t
        gone = p.give_up * (self.skilled + self.unskilled)
        self.skilled -= p.give_up * self.skilled
        self.unskilled -= p.give_up * self.unskilled
        self.outside += gone
        self.gave_up += gone
        out = self.graduates_due.pop(t, 0.0)
        done = out * min(1.0, p.training_completion + now.training_completion_bonus)
        self.skilled += done
        self.unskilled += out - done
        self.graduated += done
        self.graduates_year += done
        places = now.training_places / 12.0 * self.jobs_share
        far = min(p.training_additional * places, self.outside)
        near = min((1.0 - p.training_additional) * places, 0.5 * self.unskilled)
        self.outside -= far
        self.unskilled -= near
        self.graduates_due[t + int(p.training_months + 0.5)] += far + near
        self.enrolled += far + near
        wage = (1.0 + now.wage_gap) / (1.0 + p.absent.wage_gap) * self.pay
        tight = clip(self.tightness / p.normal_tightness, *TIGHTNESS) ** p.entry_tightness
        house = 1.0 + p.housing_pull * p.workers_per_unit * self.housing_units / (
            1.0 + self.workers
        )
        came = model.entries * self.jobs_share * ENTRIES[model.month] * house * tight
        home = min(self.outside, came * wage**p.return_elasticity)
        self.outside -= home
        self.skilled += home * p.skilled_share_seekers
        self.unskilled += home * (1.0 - p.skilled_share_seekers)
        self.migrated += home

    def begin_hiring(self) -> None:
        """Count the vacancies anew."""
        self.vacancies_s = self.vacancies_u = self.workers_wanted = 0.0

    def open_posts(self) -> None:
        """Count posts and seekers before they meet."""
        self.posts = self.vacancies_s + self.vacancies_u
        self.seeking = self.skilled + self.unskilled

    def price_shortage(self) -> None:
        """Let tightness follow posts per seeker, and pay tightness."""
        p = self.model.p
        if p.free_labour and self.model.policy:
            self.pay = 1.0
            return
        least, most = (bound * p.normal_tightness for bound in TIGHTNESS)
        ratio = clip(self.posts / self.seeking, least, most) if self.seeking > 0.0 else most
        self.tightness += (ratio - self.tightness) / 3.0
        self.pay = clip((self.tightness / p.normal_tightness) ** p.wage_curve, 0.85, 1.3)

    def release(self, skilled: float, unskilled: float) -> None:
        """Take in who left a job here: a part seeks another one, the others go outside."""
        stay = self.model.p.stay_share
        self.skilled += stay * skilled
        self.unskilled += stay * unskilled
        self.outside += (1.0 - stay) * (skilled + unskilled)
        self.separations += skilled + unskilled

    # ------------------------------------------------------------------ investment and statistics

    def book_lump(self) -> None:
        """Book the month's small investment (7.9)."""
        self.outside_capital += self.model.p.outside_share * self.fai_small
        self.fai_small += self.base_spent
        self.fai += self.fai_small + self.fai_extra

    def begin_site(self) -> None:
        """Count the sites anew."""
        self.building = self.building_large = 0.0

    def end_site(self) -> None:
        """Add the month's spending of large projects to investment."""
        self.fai += self.fai_industrial + self.fai_infrastructure

    def lease_floor(self) -> None:
        """Let a share of the vacant floor to small firms."""
        area = self.model.p.floor_absorption * self.vacant
        self.vacant -= area
        self.tenants += area
        self.floor_leased += area

    def house_tenants(self) -> None:
        """Give birth to the small firms on the floor that was let (7.16)."""
        while self.tenants >= self.model.p.small_firm_floor:
            self.tenants -= self.model.p.small_firm_floor
            Firm.tenant_of(self)

    def begin_books(self) -> None:
        """Count workers, capital and firms anew."""
        self.workers = self.capital = self.firms = 0.0

    def report(self, inflow: float, season: float) -> None:
        """Close the month's books and statistics (7.19 to 7.21)."""
        model = self.model
        p = model.p
        lost = self.lost_rate * season
        self.lost_capacity += lost
        self.wished += lost
        self.intermediate = (1.0 - model.gross_margin) * self.revenue
        self.surcharges = p.surcharge_rate * self.revenue
        self.profit_tax = self.profit + self.surcharges + p.vat_rate * self.revenue
        self.reported += inflow * self.revenue
        developed = self.annexed * MU_PER_KM2 * p.boundary_developed_share
        self.reported += developed * p.mature_output_intensity * WAN * season
        self.seekers = self.skilled + self.unskilled
        self.land_idle = self.land
        self.floor_vacant = self.vacant
        self.infrastructure = self.index
        self.platform_cash = self.cash
        self.platform_debt = self.debt
        self.platform_equity = self.equity
        self.score += self.revenue + self.fai

    def price_land(self) -> None:
        """December: the land premium follows demand over supply (7.22)."""
        wanted = self.used_year + self.unmet_year / 12.0
        supply = self.posted_year + self.land
        if wanted > 0.0:
            self.premium = (
                clip(self.premium * wanted / supply, 0.75, 1.25) if supply > 0.0 else 1.25
            )


class Firm(mesa.Agent):
    """A firm or plant."""

    model: City

    def __init__(
        self,
        model: City,
        name: int,
        zone: Zone,
        sector: int,
        group: int,
        stream: int,
        *,
        capital: float = 0.0,
        kappa: float = 0.0,
        alpha: float = 0.0,
        size: float = 0.0,
        b: float = 0.0,
        other: float = 0.0,
        debt: float = 0.0,
        rate: float = 0.0,
        floor: float = 0.0,
        project: Project | None = None,
    ) -> None:
        super().__init__(model)
        self.name, self.zone, self.sector = name, zone, sector
        self.market: Market = model.markets[sector]
        self.group, self.stream = group, stream
        self.project = project
        self.owner: Firm | None = None  # of a plant that an incumbent built
        self.born = model.t
        self.alive = True
        self.ramping = group != INITIAL
        self.in_scope = group != TENANT
        self.a = model.shock_scale(size)
        self.K, self.kappa, self.alpha, self.other = capital, kappa, alpha, other
        self.use = model.p.utilisation_normal
        self.idle_months = 0
        self.b = self.smooth = b
        if group != INITIAL:
            self.follow_ramp()
        self.gain = 1.0
        self.over = 0.0
        self.worn = self.added = 0.0
        self.skilled = self.unskilled = self.short_s = self.short_u = 0.0
        self.sales = self.sales_year = self.sales_last = self.group_sales = 0.0
        self.cash, self.debt, self.rate, self.floor = 0.0, debt, rate, floor
        self.equity = capital + other - debt
        self.research = False
        self.orders_sum, self.orders_count = 0.0, 0

    @classmethod
    def plant_of(cls, project: Project) -> Firm:
        """Give birth to the plant of a completed project (7.16)."""
        model, zone = project.model, project.zone
        p = model.p
        normal = project.rho * project.realised * project.budget * model.yield_now
        capital = min(project.budget, normal / p.revenue_per_capital)
        is_open = model.phase == OPEN
        jobs = project.jobs * (model.labour_scale if is_open else 1.0)
        plant = cls(
            model,
            project.name,
            zone,
            project.sector,
            NEW if is_open and model.year >= p.plan_year else WARM,
            SHOCK_PLANT,
            capital=capital,
            kappa=normal / p.utilisation_normal / capital,
            alpha=normal / 12.0 / WAN / jobs,
            size=normal,
            other=project.budget - capital,
            debt=project.loan,
            rate=p.rate_medium,
            project=project,
        )
        project.has_plant = True
        if project.incumbent:
            plant.owner = plant.find_owner(project.arrived)
        elif normal >= p.dragon_head_revenue:
            zone.dragons_new += 1.0
        zone.plants += 1.0
        return plant

    @classmethod
    def tenant_of(cls, zone: Zone) -> Firm:
        """Give birth to a small firm on standard floor (7.16)."""
        model = zone.model
        p = model.p
        sector = zone.sales_share.index(max(zone.sales_share))
        name = (zone.code << 16) | zone.tenant_count
        zone.tenant_count += 1
        drift = (1.0 + p.productivity_growth) ** model.years_since_base()
        tenant = cls(
            model,
            name,
            zone,
            sector,
            TENANT,
            SHOCK_TENANT,
            capital=p.small_firm_revenue / p.revenue_per_capital,
            kappa=p.revenue_per_capital / p.utilisation_normal,
            alpha=model.base_alpha(sector) * drift,
            size=p.small_firm_revenue,
            rate=p.base_rate * p.small_firm_spread,
            floor=p.small_firm_floor,
        )
        model.tenant_bill += tenant.K
        return tenant

    def find_owner(self, arrived: int) -> Firm | None:
        """Draw the incumbent whose project, arrived in a month, this plant was, by orders."""
        hosts: list[Firm] = [
            firm
            for firm in self.model.firms
            if firm.zone is self.zone
            and firm.sector == self.sector
            and firm.owner is None
            and firm is not self
        ]
        u = self.model.draws.uniforms(OWNER, self.name, arrived)[0]
        bar = u * sum(host.b for host in hosts)
        reach = 0.0
        for host in hosts:
            reach += host.b
            if reach > bar:
                return host
        return None

    def begin_year(self) -> None:
        """January: last year's sales are remembered, December's gain acts."""
        self.sales_last, self.sales_year = self.sales_year, 0.0
        self.alpha *= self.gain
        self.gain = 1.0

    def ramp(self, ahead: int = 0) -> float:
        """Share of full operation reached by age, or a number of months later."""
        p = self.model.p
        age = self.model.t - self.born + ahead
        return float(min(1.0, p.ramp_start + (1.0 - p.ramp_start) * age / p.ramp_months))

    # ------------------------------------------------------------------ orders (7.8)

    def follow_ramp(self) -> None:
        """Set orders of a plant in its ramp; it hires for those of two months later."""
        full = self.market.young_use * self.kappa * self.K
        self.b, self.smooth = full * self.ramp(), full * self.ramp(2)

    def side(self) -> int:
        """Return 1 for warm-up plants before the opening: they are centred apart."""
        return 1 if self.model.phase != OPEN and self.group != INITIAL else 0

    def draw_orders(self, jump: float, size: float, k: int) -> None:
        """Move an incumbent's orders by its growth shock; the market keeps both sums."""
        if self.ramping:
            return
        market, side, b = self.market, self.side(), self.b
        market.before[side] += b
        if jump * k < 1.0:
            scale = self.a * math.sqrt(k / 12.0)
            x = math.log(2.0 * size) if size < 0.5 else -math.log(2.0 * (1.0 - size))
            b *= math.exp(scale * x)
        if self.model.uneven:
            square = self.a * self.a / 12.0
            b *= (1.0 - square * k) / (1.0 - square * (k - 1))
        market.after[side] += b
        self.b = b

    def take_orders(self) -> None:
        """Take the market's growth; orders above capacity are cut from the opening on."""
        self.over = 0.0
        if self.ramping:
            self.follow_ramp()
            return
        market = self.market
        b = self.b * market.factor[self.side()]
        if self.model.phase == OPEN:
            full = self.kappa * self.K
            if b > full:
                self.over = b - full
                market.over += b - full
                self.zone.spill += b - full
                b = full
            else:
                market.slack += full - b
        self.b = b

    def settle_orders(self) -> None:
        """Take a part of what full firms lost; smooth; end the ramp."""
        if not self.ramping and self.market.taken > 0.0:
            self.b += self.market.taken * (self.kappa * self.K - self.b)
        if not self.ramping:
            self.smooth += (self.b - self.smooth) / 3.0
        elif self.model.t - self.born >= self.model.p.ramp_months:
            self.ramping = False

    # ------------------------------------------------------------------ investment, exit

    def eager(self) -> bool:
        """Tell whether the firm is short of capacity."""
        return not self.ramping and self.use > self.model.p.expansion_threshold

    def invest(self, replaced: float, expanded: float, booked: float, decay: float) -> None:
        """Replace and expand capital by so much of it; book idle investment (7.9)."""
        capital, p = self.K, self.model.p
        self.added = capital * (replaced + expanded if self.eager() else replaced)
        wished = p.expansion_share * self.over / p.revenue_per_capital
        self.added += max(0.0, min(wished, self.cash))
        self.worn = decay * capital
        self.K = capital + self.added - self.worn
        self.zone.fai_small += self.added + booked * capital

    def consider_exit(self) -> None:
        """Close without equity, or after six months of hardly any use (7.17)."""
        if self.ramping:
            return
        self.idle_months = self.idle_months + 1 if self.use < 0.3 else 0
        if self.equity >= 0.0 and self.idle_months < 6:
            return
        zone = self.zone
        self.alive = False
        zone.release(self.skilled, self.unskilled)
        zone.vacant += self.floor
        zone.floor_released += self.floor
        zone.exits += 1.0
        if self.project is not None:
            self.project.give_back()
        self.remove()

    # ------------------------------------------------------------------ employment (7.18)

    def hire_freely(self) -> None:
        """Before the opening: workers are as wanted."""
        p = self.model.p
        wanted = self.smooth / 12.0 / (self.alpha * WAN)
        self.skilled = wanted * p.skilled_share_jobs
        self.unskilled = wanted - self.skilled
        if not self.ramping:
            self.alpha *= self.model.productivity_drift

    def part(self, quits: float) -> None:
        """Quits, layoffs and vacancies."""
        zone = self.zone
        wanted = self.smooth / 12.0 / (self.alpha * WAN)
        zone.workers_wanted += wanted
        gone_s, gone_u = self.skilled * quits, self.unskilled * quits
        over = self.skilled - gone_s + self.unskilled - gone_u - wanted
        if over > 0.0:
            cut = min(over, self.unskilled - gone_u)
            gone_u += cut
            gone_s += over - cut
        self.skilled -= gone_s
        self.unskilled -= gone_u
        zone.release(gone_s, gone_u)
        total = max(0.0, wanted - self.skilled - self.unskilled)
        want_s = max(0.0, wanted * self.model.p.skilled_share_jobs - self.skilled)
        self.short_s = min(total, want_s)
        self.short_u = total - self.short_s
        zone.vacancies_s += self.short_s
        zone.vacancies_u += self.short_u

    def hire(self) -> None:
        """Take the zone's part of hires on every kind of post."""
        zone = self.zone
        hired_s = self.short_s * zone.fill_s
        makeshift = (self.short_s - hired_s) * zone.fill_x
        hired_u = self.short_u * zone.fill_u
        below = self.short_u * zone.fill_y
        self.skilled += hired_s + below
        self.unskilled += hired_u + makeshift
        zone.hires += hired_s + makeshift + hired_u + below
        zone.unfilled_skilled += self.short_s - hired_s - makeshift
        zone.unfilled_unskilled += self.short_u - hired_u - below
        if not self.ramping:
            self.alpha *= self.model.productivity_drift

    # ------------------------------------------------------------------ output and income

    def sell(self, season: float) -> None:
        """Sell the least of orders, capacity and what workers can make (7.19)."""
        zone = self.zone
        made = self.b * season / 12.0
        if self.model.phase == OPEN:
            p = self.model.p
            full = self.kappa * self.K * season / 12.0
            if self.ramping:
                full *= self.ramp()
            workers = self.skilled + self.unskilled
            makeshift = max(0.0, workers * p.skilled_share_jobs - self.skilled)
            hands = workers - makeshift * (1.0 - p.unskilled_output)
            effort = p.effort_cap * season * self.alpha * WAN * hands
            zone.wished += made
            if full < made:
                zone.lost_capacity += made - full
                made = full
            if effort < made:
                zone.lost_labour += made - effort
                made = effort
            if full > 0.0:
                self.use += 0.25 * (made / full - self.use)
        self.sales = made
        self.sales_year += made
        zone.revenue += made
        zone.sales[self.sector] += made
        if self.group == INITIAL:
            zone.revenue_incumbents += made
        elif self.group == WARM:
            zone.revenue_warm += made
        else:
            zone.revenue_new += made

    def book(self, pay: float, margin: float) -> None:
        """Book income, loan service and statistics (7.20, 7.21)."""
        p, zone = self.model.p, self.zone
        workers = self.skilled + self.unskilled
        wages = workers * pay * zone.pay / 1e8
        interest = self.debt * (self.rate - self.model.now.spread_cut) / 1200.0
        profit = self.sales * margin - wages - self.worn - interest
        paid_out = p.payout_share * profit if profit > 0.0 else 0.0
        repaid = self.debt * p.repayment_quarter / 3.0
        self.cash += profit + self.worn - paid_out - repaid - self.added
        self.debt -= repaid
        self.equity += profit - paid_out
        zone.wages += wages
        zone.depreciation += self.worn
        zone.interest += interest
        zone.profit += profit
        zone.workers += workers
        zone.capital += self.K
        if self.in_scope:
            zone.reported += self.sales
            if self.owner is None:
                zone.firms += 1.0

    def enter_scope(self, threshold: float) -> None:
        """January's list of firms in scope."""
        if self.born < self.model.t - 11 or self.project is None:
            self.in_scope = self.sales_last >= threshold

    # ------------------------------------------------------------------ December (7.22)

    def learn(self, cluster: float, support: float) -> None:
        """Gain of productivity for the year to come: cluster, training, research."""
        p, zone, s = self.model.p, self.zone, self.sector
        gain = 1.0
        if zone.sales_last[s] > 0.0 and zone.sales[s] > 0.0:
            gain = (zone.sales[s] / zone.sales_last[s]) ** cluster
        gain *= 1.0 + p.trained_premium * zone.graduates_year / (1.0 + zone.workers)
        if self.model.policy and not self.research and self.sales_year >= p.rd_backbone_revenue:
            u = self.model.draws.uniforms(RESEARCH, self.name, self.model.t, self.group)[0]
            provincial = u < p.rd_rate_provincial * support
            if provincial or u < p.rd_rate * support:
                self.research = True
                zone.research_city += 1.0
                zone.research_province += 1.0 if provincial else 0.0
                gain *= 1.0 + p.rd_gain
        self.gain = gain
        self.group_sales = 0.0

    def add_group_sales(self) -> None:
        """Add the year's sales to the owner's, if it lives."""
        owner = self.owner if self.owner is not None and self.owner.alive else self
        owner.group_sales += self.sales_year

    def rate_credit(self) -> None:
        """Count dragon heads; mean default odds, reported only (7.21)."""
        zone = self.zone
        if self.group_sales >= self.model.p.dragon_head_revenue:
            zone.dragon_heads += 1.0
        if zone.capital > 0.0:
            assets = self.K + self.other + max(0.0, self.cash)
            leverage = clip((assets - self.equity) / assets, -5.0, 5.0)
            zone.default_odds += self.K / zone.capital / (1.0 + math.exp(15.0 - 13.0 * leverage))


class Project(mesa.Agent):
    """A project of at least 1亿, from its arrival to its end."""

    model: City

    def __init__(
        self,
        model: City,
        name: int,
        zone: Zone,
        large: bool,
        first: list[float],
        later: list[float],
    ) -> None:
        """Make a project of what was drawn for its first day (7.10).

        ``first`` are the uniforms of block 0 of its traits; ``later`` those of blocks 1 and 2, of
        its first stall and of its approval.
        """
        super().__init__(model)
        p, t = model.p, model.t
        u_size, _, u_sector, u_kind = first
        u_group, u_owner, u_drop, u_fail, u, v, fail_at, u_logistics, u_stall = later[:9]
        long, rich = normals(u, v)
        if large:
            raw = pareto(u_size, p.size_large_alpha, p.size_large_min, p.size_large_max)
        else:
            raw = pareto(u_size, p.size_ordinary_alpha, p.size_ordinary_min, p.size_ordinary_max)
        self.name, self.zone = name, zone
        self.arrived = self.queued = t
        self.started = self.ended = 0
        self.state = APPROVAL
        self.sector, self.kind, self.leads = -1, INDUSTRIAL, False
        if u_kind >= p.infrastructure_share:
            self.sector = zone.sector_of(u_sector)
            self.leads = bool(zone.leading[self.sector])
        else:
            self.kind = LOGISTICS if u_logistics < p.logistics_share else INFRASTRUCTURE
        self.raw = raw
        self.is_large = raw >= p.large_threshold
        self.is_major = raw >= p.major_threshold
        self.is_coordinated = raw >= p.coordination_threshold
        self.budget = p.invest_realised * raw
        self.waits_for_group = u_group < p.group_start_share
        self.incumbent = not large and u_owner < p.incumbent_project_share
        self.moved = self.has_plant = self.second_class = False
        self.drop_clock, self.drop_at = 0.0, -math.log(u_drop)
        self.fails, self.fail_at = u_fail < p.abandonment_share, fail_at
        shape = int(p.approval_shape + 0.5)
        work = -math.log(math.prod(later[12 : 12 + shape]))
        self.work = work * p.approval_months / shape
        spread = raw**p.duration_elasticity * math.exp(p.duration_sigma * long)
        self.duration = max(p.duration_min, p.duration_base * spread)
        self.own = clip(p.own_money_mean + p.own_money_sd * rich, p.own_money_low, p.own_money_high)
        self.bank = p.bank_share_rest * (1.0 - self.own)
        self.outside = p.outside_share
        self.stalled = self.stalls = self.gap = 0
        self.stall_clock, self.stall_at = 0.0, -math.log(u_stall)
        self.tau = self.tau_free = self.spent = self.spent_year = self.loan = self.grant = 0.0
        self.need = self.land = self.floor = self.plot = 0.0
        self.jobs = self.rho = self.realised = 0.0
        self.reach = self.ahead = self.wish = self.draw = 0.0
        self.land_capped = False
        zone.arrivals += 1.0
        if self.is_large:
            zone.arrivals_large += 1.0
        if model.phase == OPEN:
            self.draw_late_traits()

    def draw_late_traits(self) -> None:
        """Draw site, jobs and yield."""
        p, draws, name, t = self.model.p, self.model.draws, self.name, self.arrived
        u_site, _, u, v = draws.uniforms(TRAIT, name, t, 3)
        dense, manned = normals(u, v)
        if self.is_large:
            intensity = p.intensity_large * math.exp(p.intensity_large_sigma * dense)
        else:
            intensity = p.intensity_ordinary * math.exp(p.intensity_ordinary_sigma * dense)
        intensity = max(p.intensity_min, intensity * self.zone.premium**0.3)
        self.plot = self.budget / WAN / intensity
        self.need = 0.0 if u_site < p.own_site_share else self.plot
        if self.kind != INDUSTRIAL:
            return
        per_job = p.investment_per_job * math.exp(p.investment_per_job_sigma * manned)
        self.jobs = self.budget / WAN / per_job
        u, v, _, _ = draws.uniforms(YIELD, name, t)
        self.rho = p.announced_yield * math.exp(p.announced_yield_sigma * normals(u, v)[0])
        precision, mean = p.realised_yield_precision, p.realised_yield
        x = draws.gamma(precision * mean, REALISED, name, t, 0)
        y = draws.gamma(precision * (1.0 - mean), REALISED, name, t, 64)
        self.realised = x / (x + y)

    def planned_site(self) -> float:
        """Value of the site once all land is there, 亿元; none of leased floor (7.13)."""
        p = self.model.p
        if self.model.phase != OPEN:
            return float(p.land_price * self.budget / p.intensity_ordinary)
        return 0.0 if self.floor > 0.0 else float(p.land_price * self.plot * WAN)

    def most_lent(self, site: float) -> float:
        """Bank share that the finished project secures, with a site of this value."""
        p = self.model.p
        return float(p.loan_to_value * (p.collateral_haircut + site / self.budget))

    def resize_loan(self) -> None:
        """The plot is drawn only now: size the loan of a project under way on it (5.3)."""
        if self.state == BUILDING:
            most = self.most_lent(self.model.p.land_price * self.plot * WAN)
            self.bank = max(self.loan / self.budget, min(self.bank, most))

    def begin_year(self) -> None:
        """January: the year's spending begins at zero."""
        self.spent_year = 0.0

    def give_back(self) -> None:
        """Return land and floor to the zone."""
        zone = self.zone
        zone.land += self.land
        zone.land_returned += self.land
        zone.vacant += self.floor
        zone.floor_released += self.floor
        self.land = self.need = self.floor = 0.0

    def end(self, state: int) -> None:
        """Reach a final state and leave the model."""
        self.state, self.ended = state, self.model.t
        self.remove()

    # ------------------------------------------------------------------ before the start

    def choose_express(self) -> None:
        """In the plan's first month: signed large projects are express or second class."""
        if self.state == APPROVAL and self.is_large:
            u = self.model.draws.uniforms(TRAIT, self.name, self.arrived, 3)[1]
            self.second_class = u >= self.model.now.express_share

    def approval_pace(self) -> float:
        """Months of approval work done in this month (7.11)."""
        model = self.model
        p, now = model.p, model.now
        pace = 1.0
        if model.policy:
            bonus = p.tier_bonus_1
            if self.is_large and not self.second_class:
                bonus = p.tier_bonus_20
            elif self.is_major:
                bonus = p.tier_bonus_5
            cut = now.approval_cut * model.approval_ramp + now.tier_bonus * bonus
            pace = 1.0 / (1.0 - min(p.approval_cut_cap, cut))
        if model.t - self.arrived >= p.approval_months:
            pace *= 1.0 + now.overrun_speedup
        return pace

    def wait(self) -> None:
        """Drop out, or progress in approval."""
        if self.state >= BUILDING:
            return
        model, zone = self.model, self.zone
        self.drop_clock += model.major_dropout if self.is_major else model.dropout
        if self.drop_clock > self.drop_at:
            zone.dropouts += 1.0
            self.give_back()
            self.end(DROPPED)
            return
        if self.state != APPROVAL:
            return
        self.work -= self.approval_pace()
        if self.work <= 0.0 or (model.policy and model.p.free_approval):
            self.queued = model.t
            self.state = LAND if self.land < self.need else CLOSING
        else:
            zone.wait_approval += self.budget

    def priority(self) -> tuple[int, int]:
        """Class and date in the land queue."""
        if self.is_large:
            return 0, self.queued
        if self.is_major:
            return 1, self.queued
        return 2 if self.leads else 3, self.queued

    def ask_for_land(self) -> None:
        """Take what land there is, or standard floor (7.12)."""
        model, zone = self.model, self.zone
        p = model.p
        usable = zone.land if zone.index >= p.infrastructure_min else 0.0
        rest = self.need - self.land
        if p.free_land and model.policy and usable < rest:
            zone.land += rest - usable
            zone.land_serviced += rest - usable
            usable = rest
        if self.is_large:
            reserve = min(rest, model.reserve)
            own = min(rest - reserve, usable)
        else:
            own = min(rest, usable)
            reserve = min(rest - own, model.reserve)
        got = own + reserve
        if self.state == LAND and self.land + got < p.start_land_share * self.need:
            self.take_floor()
            return
        zone.land -= own
        model.reserve -= reserve
        self.land = self.need if got == rest else self.land + got
        zone.land_used += got
        zone.reserve_drawn += reserve
        zone.used_year += got
        paid = got * p.land_price * WAN
        zone.cash += paid
        zone.equity += paid
        zone.platform_receipts += paid
        if self.state == LAND:
            self.state = CLOSING

    def take_floor(self) -> None:
        """Lease standard floor in place of land."""
        p, zone = self.model.p, self.zone
        if self.kind != INDUSTRIAL or self.is_major or not p.sector_floor[self.sector]:
            return
        area = self.need * MU * p.sector_plot[self.sector]
        if area <= zone.vacant:
            zone.vacant -= area
            zone.floor_leased += area
            self.floor, self.need = area, 0.0
            self.state = CLOSING

    def move(self) -> None:
        """Move once to the zone with the most land per land wanted there."""
        model = self.model
        if self.state != LAND or self.moved or model.t - self.queued < 3:
            return
        best, most = self.zone, 0.0
        for zone in model.zone_list:
            if zone.index >= model.p.infrastructure_min:
                free = zone.land / (1.0 + zone.land_unmet + self.need)
                if free > most:
                    best, most = zone, free
        if best is not self.zone:
            self.zone, self.moved = best, True
            self.leads = self.sector >= 0 and bool(best.leading[self.sector])

    def start(self) -> None:
        """Start, or wait for land, own money or the group month (7.13)."""
        model, zone = self.model, self.zone
        p = model.p
        if self.state == LAND:
            zone.wait_land += self.budget
        if self.state != CLOSING:
            return
        least = p.sector_own[self.sector] if self.sector >= 0 else 0.2
        if self.own < least:
            self.own = min(least, self.own + p.own_money_raise)
            self.bank = p.bank_share_rest * (1.0 - self.own)
            zone.wait_own += self.budget
            return
        most = self.most_lent(self.planned_site())
        if self.bank > most:
            self.bank = max(most, self.bank - p.own_money_raise)
            zone.wait_own += self.budget
            return
        group_month = p.group_month[model.month]
        if (self.waits_for_group and not group_month) or 0 < p.shut <= model.t:
            zone.wait_group += self.budget
            return
        self.state, self.started = BUILDING, model.t
        if model.policy:
            self.outside = p.outside_share + model.now.outside_share_gain
            self.budget *= 1.0 - model.now.fee_cut
        zone.starts += 1.0
        zone.starts_value += self.budget
        zone.starts_land += self.plot
        if group_month:
            zone.group_starts += 1.0
        if self.is_large:
            zone.starts_large += 1.0
        if self.kind == LOGISTICS:
            zone.starts_logistics += 1.0

    # ------------------------------------------------------------------ construction (7.15)

    def plan(self) -> None:
        """Stalls, planned spending, the draw wanted."""
        if self.state != BUILDING:
            return
        model, zone = self.model, self.zone
        p, budget, duration, before = model.p, self.budget, self.duration, self.spent
        pace = speed = model.pace
        if self.stalled > 0:
            self.stalled -= 1
            speed = pace * p.stall_pace
        else:
            self.stall_clock += model.major_stall if self.is_coordinated else model.stall
            if self.stall_clock > self.stall_at:
                self.stalls += 1
                self.stalled = int(p.stall_months + 0.5) - 1
                self.stall_clock = 0.0
                u = model.draws.uniforms(STALL, self.name, self.arrived, self.stalls)[0]
                self.stall_at = -math.log(u)
                speed = pace * p.stall_pace
        reach = min(duration, self.tau + speed)
        wish = max(0.0, budget * model.curve(reach / duration) - before)
        if speed < pace:
            full = min(duration, self.tau + pace)
            zone.short_stall += max(0.0, budget * model.curve(full / duration) - before - wish)
        self.land_capped = False
        if self.land < self.need:
            cap = max(0.0, budget * self.land / self.need - before)
            if cap < wish:
                zone.short_land += wish - cap
                wish = cap
                self.land_capped = True
        self.wish, self.reach, self.ahead = wish, reach, speed
        paid = before + wish
        wanted = self.bank * paid - self.loan - self.grant
        site = p.land_price * self.land * WAN if self.need > 0.0 else self.planned_site()
        pledged = site + p.collateral_haircut * paid
        self.draw = max(0.0, min(wanted, p.loan_to_value * pledged - self.loan))

    def closeness(self) -> tuple[int, int]:
        """Order in which the bank serves when money is short."""
        return int((1.0 - self.tau / self.duration) * 1048575.0), self.started

    def build(self) -> None:
        """Spend, advance, complete or fail."""
        if self.state != BUILDING:
            return
        model, zone, budget, wish = self.model, self.zone, self.budget, self.wish
        self.loan += self.draw
        zone.loans_drawn += self.draw
        spend = (1.0 - self.bank) * budget + self.loan + self.grant - self.spent
        spend = wish if wish <= spend + 1e-12 * budget else max(0.0, spend)
        if spend >= wish and not self.land_capped:
            self.tau_free += self.ahead
            self.tau = self.reach
        else:
            zone.short_bank += wish - spend
            old = self.tau
            if spend > 0.0:
                reached = min(1.0, (self.spent + spend) / budget)
                self.tau = self.duration * model.progress_at(reached)
            self.tau_free += self.tau - old if self.land_capped else self.ahead
        progress = self.tau / self.duration
        self.spent = budget if progress >= 1.0 else self.spent + spend
        self.spent_year += spend
        if self.kind == INDUSTRIAL:
            zone.fai_industrial += spend
        else:
            zone.fai_infrastructure += spend
        if self.started < 12 * model.year:
            zone.fai_carried += spend
        else:
            zone.fai_new += spend
        zone.outside_capital += spend * self.outside
        if self.is_large:
            zone.large_year = 1.0
        if self.is_coordinated:
            zone.major_year = 1.0
        if self.fails and progress >= self.fail_at:
            self.give_back()
            self.end(ABANDONED)
        elif progress >= 1.0:
            model.finished.append(self)
            zone.completions += 1.0
            self.end(DONE)
        else:
            if spend < wish - 1e-9 * budget:
                self.bear_gap()
            elif not self.land_capped:
                self.gap = 0
            if self.state == BUILDING:
                zone.building += 1.0
                if self.is_large:
                    zone.building_large += 1.0

    def bear_gap(self) -> None:
        """A month of unpaid work: own money, another owner, or the end (7.15)."""
        model, zone = self.model, self.zone
        p = model.p
        self.gap += 1
        if self.gap <= p.gap_wait:
            return
        u, v, _, _ = model.draws.uniforms(TRAIT, self.name, self.arrived, 5)
        lent = (self.loan + self.grant) / self.budget
        if u < p.topup_share:
            share = max(lent, self.bank - p.own_money_raise)
            zone.topups += (self.bank - share) * self.budget
            self.bank = share
        elif self.gap > p.gap_drop and v < p.handover_share:
            zone.handovers += 1.0
            self.bank, self.gap = lent, 0
        elif self.gap > p.gap_drop:
            zone.abandoned_gap += 1.0
            self.give_back()
            self.end(ABANDONED)

    def count_lateness(self, season: float) -> None:
        """Sales of a plant that would already run had the bank never been short (7.19)."""
        if self.state != BUILDING or self.kind != INDUSTRIAL:
            return
        late = self.tau_free - self.duration
        if late >= 0.0 and self.tau < self.duration:
            p = self.model.p
            ramp = min(1.0, p.ramp_start + (1.0 - p.ramp_start) * int(late) / p.ramp_months)
            sold = self.rho * self.realised * self.budget * self.model.yield_now
            self.zone.lost_finance += sold * ramp * season

    def advance_alone(self) -> None:
        """A month of the pipeline alone: no gates, banks pay what is wanted."""
        self.wait()
        self.start()
        self.plan()
        self.build()
