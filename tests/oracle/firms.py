"""Firm rows: sections 7.8, 7.9 and 7.16 to 7.20 of the model page."""

from __future__ import annotations

import math

from tests.oracle.expectations import tide
from tests.oracle.philox import MARKET, OWNER, SHOCK_PLANT, SHOCK_TENANT, normals
from tests.oracle.projects import first_above, give_back
from tests.oracle.state import (
    DONE,
    FIRMS,
    INDUSTRIAL,
    INITIAL,
    LASTING,
    LATER,
    OPEN,
    TENANT,
    WAN,
    WARM,
    YUAN,
    Firm,
    Project,
    World,
    Zone,
    ramp,
    whole,
    years_since,
)


def shock_scale(w: World, size: float) -> float:
    """Scale of the yearly growth shock of a firm of a size (7.8)."""
    p = w.p
    return float(min(0.9, p.growth_dispersion * max(size, 0.01) ** (-p.size_variance_exponent)))


def ramp_now(w: World, f: Firm) -> float:
    """Share of its capacity that a row has this month."""
    return ramp(w.p, w.t - f.born) if f.group != INITIAL else 1.0


def capacity(w: World, f: Firm) -> float:
    """Yearly sales at full use this month."""
    return f.kappa * f.K * ramp_now(w, f)


def living(w: World) -> list[Firm]:
    """Rows that have not closed."""
    return [f for f in w.f if f.alive]


# ------------------------------------------------------------------------------ 7.8 orders


def open_plant(w: World, f: Firm) -> None:
    """Orders of a row in its ramp, and the orders for which it hires: those of two months later."""
    p = w.p
    gap = w.gap[f.sector][w.t - p.demand_start]
    past = slice(w.t - p.demand_start - 11, w.t - p.demand_start + 1)
    nation = max(0.02, math.fsum(p.value_added_central[past]) / 12.0)
    pull = p.demand_pass_through * gap + p.yield_cycle * math.log(nation / p.growth_normal)
    use = min(1.0, p.utilisation_normal * math.exp(pull + w.market))
    f.b = use * capacity(w, f)
    f.smooth = use * f.kappa * f.K * ramp(p, w.t - f.born + 2)


def orders(w: World) -> None:
    """Demand, shocks, and orders lost by full firms."""
    p = w.p
    k = w.month + 1
    w.market_step = 0.0
    if w.phase == OPEN and not p.errorless:
        x = normals(*w.draws.uniforms(MARKET, 0, w.t)[:2])[0]
        w.market_step = p.market_sd * x / math.sqrt(sum(n * n for n in range(1, 13)) / 144.0)
    w.market += w.market_step
    before: dict[tuple[int, int], float] = {}
    after: dict[tuple[int, int], float] = {}
    old = []
    for f in living(w):
        if f.ramping:
            open_plant(w, f)
            if w.t - f.born >= p.ramp_months:
                f.ramping = 0
            continue
        kind = (f.sector, int(w.phase != OPEN and f.group != INITIAL))
        before[kind] = before.get(kind, 0.0) + f.b
        f.b *= _shock(w, f, k)
        after[kind] = after.get(kind, 0.0) + f.b
        old.append((f, kind))
    for f, kind in old:
        growth = math.exp(w.growth[f.sector][w.t - p.demand_start] + w.market_step)
        f.b *= growth * before[kind] / after[kind]
    if w.phase == OPEN:
        _cut(w, [f for f, _ in old])
    for f, _ in old:
        f.smooth += (f.b - f.smooth) / 3.0


def _shock(w: World, f: Firm, k: int) -> float:
    u1, u2, _, _ = w.draws.uniforms(f.stream, f.id, w.t)
    e = 1.0
    if k * u1 < 1.0:
        scale = f.a * math.sqrt(k / 12.0)
        x = scale * math.log(2.0 * u2) if u2 < 0.5 else -scale * math.log(2.0 * (1.0 - u2))
        e = math.exp(x)
    if w.p.size_variance_exponent > 0.0:
        square = f.a * f.a / 12.0
        e /= (1.0 - square * (k - 1)) / (1.0 - square * k)
    return e


def _cut(w: World, old: list[Firm]) -> None:
    """Orders above capacity go to slack rows of the sector or are lost."""
    for zone in w.z:
        zone.spill = 0.0
    for f in w.f:
        f.over = 0.0
    lost = cuts = 0.0
    for s in range(w.p.sectors):
        rows = [f for f in old if f.sector == s]
        over = 0.0
        for f in rows:
            most = f.kappa * f.K
            if f.b > most:
                w.z[f.zone].spill += f.b - most
                over += f.b - most
                f.over = f.b - most
                f.b = most
        slack = sum(f.kappa * f.K - f.b for f in rows)
        taken = min(w.p.lost_order_recapture * over, slack)
        if taken > 0.0:
            for f in rows:
                f.b += taken * (f.kappa * f.K - f.b) / slack
        cuts += over
        lost += over - taken
    if cuts > 0.0:
        for zone in w.z:
            zone.lost_rate += zone.spill / cuts * lost


# ------------------------------------------------------------------------------ 7.9 small lump


def lump(w: World) -> None:
    """Replacement and expansion by the small lump of investment."""
    p = w.p
    month = w.lump_base * (1.0 + p.small_lump_growth) ** (w.year - p.base_year)
    month *= tide(p, w.t) * p.fai_season[w.month] / 12.0
    private = max(0.0, month - p.absent.platform_financing / 12.0 * p.zones)
    w.lump_private = private
    rows = living(w)
    booked = [0.0] * p.zones
    capital = sum(f.K for f in rows)
    bill = min(private, w.tenant_bill)
    w.tenant_bill -= bill
    left = private - bill
    for f in w.f:
        f.worn = f.K * p.depreciation / 12.0
        f.added = 0.0
    worn = sum(f.worn for f in rows)
    replaced = min(left, worn)
    left -= replaced
    full = [f for f in rows if not f.ramping and f.use > p.expansion_threshold]
    wide = sum(f.K for f in full)
    for f in rows:
        f.added = replaced * f.K / capital
    for f in full:
        f.added += left * f.K / wide
    for f in rows:
        wished = p.expansion_share * f.over / p.revenue_per_capital
        f.added += max(0.0, min(wished, f.cash))
    for f in rows:
        booked[f.zone] += f.added + bill * f.K / capital
        if not full:
            booked[f.zone] += left * f.K / capital
    if capital == 0.0:
        booked = [private / p.zones] * p.zones
    for f in rows:
        w.capital_added += f.added
        w.capital_lost += f.worn
        f.K += f.added - f.worn
    for zone in w.z:
        zone.m["fai_small"] += booked[zone.row] + zone.base_spent
        zone.m["fai"] += booked[zone.row] + zone.base_spent
        zone.m["outside_capital"] += p.outside_share * booked[zone.row]


# ------------------------------------------------------------------------------ 7.16 births


def commissioning_lag(w: World) -> int:
    """Months from completion to commissioning."""
    return whole(1.0 - w.now.commissioning_gain)


def commission(w: World) -> None:
    """Completed projects become plants, in order of completion."""
    p = w.p
    lag = commissioning_lag(w)
    w.yield_now = 1.0
    if w.phase == OPEN:
        capital = sum(f.K for f in w.f)
        crowd = capital / w.capital_opening if capital else 1.0
        w.yield_now = (1.0 if p.errorless else w.yield_common) * crowd**-p.crowding_elasticity
    while w.commissioned < len(w.finished):
        j = w.finished[w.commissioned]
        if j.ended + lag > w.t:
            break
        w.commissioned += 1
        if j.kind == INDUSTRIAL and (w.phase == OPEN or j.ended + lag >= p.firms_start):
            _plant(w, j)


def _plant(w: World, j: Project) -> None:
    p = w.p
    zone = w.z[j.zone]
    normal = j.rho * j.realised * j.budget * w.yield_now
    group = LATER if w.phase == OPEN else WARM
    f = Firm(len(w.f), j.id, j.zone, j.sector, group, w.t, len(w.f), j.row)
    f.stream = SHOCK_PLANT
    f.ramping = 1
    f.a = shock_scale(w, normal)
    f.use = p.utilisation_normal
    f.K = min(j.budget, normal / p.revenue_per_capital)
    f.other = j.budget - f.K
    f.kappa = normal / (p.utilisation_normal * f.K)
    scale = w.labour_scale if w.phase == OPEN else 1.0
    f.alpha = normal / WAN / 12.0 / (j.jobs * scale)
    f.debt = j.loan
    f.equity = j.budget - f.debt
    f.rate = p.rate_medium
    open_plant(w, f)
    if j.incumbent:
        hosts = [
            g
            for g in w.f
            if g.alive and g.owner == g.row and g.zone == f.zone and g.sector == f.sector
        ]
        if hosts:
            u = w.draws.uniforms(OWNER, j.id, j.arrived)[0]
            total = sum(g.b for g in hosts)
            f.owner = hosts[first_above([g.b for g in hosts], u * total)].row
    w.f.append(f)
    j.plant = f.row
    zone.m["plants"] += 1
    if not j.incumbent and normal >= p.dragon_head_revenue:
        zone.m["dragons_new"] += 1
    w.capital_added += f.K


def tenants(w: World) -> None:
    """Floor let to small firms houses new firm rows."""
    p = w.p
    for zone in w.z:
        zone.new_bill = 0.0
        while zone.tenants >= p.small_firm_floor:
            zone.tenants -= p.small_firm_floor
            sector = zone.sales_share.index(max(zone.sales_share))
            name = (zone.code << 16) + zone.tenant_count
            f = Firm(len(w.f), name, zone.row, sector, TENANT, w.t, len(w.f))
            zone.tenant_count += 1
            f.stream = SHOCK_TENANT
            f.ramping = 1
            f.in_scope = 0
            f.K = p.small_firm_revenue / p.revenue_per_capital
            f.kappa = p.revenue_per_capital / p.utilisation_normal
            f.a = shock_scale(w, p.small_firm_revenue)
            f.use = p.utilisation_normal
            f.alpha = base_alpha(w, sector) * (1.0 + p.productivity_growth) ** years_since(p, w.t)
            f.equity = f.K
            f.rate = p.base_rate * p.small_firm_spread
            f.floor = p.small_firm_floor
            open_plant(w, f)
            w.f.append(f)
            zone.new_bill += f.K
            w.tenant_bill += f.K
            w.capital_added += f.K


def base_alpha(w: World, sector: int) -> float:
    """Sales per worker and month of the base year, 万元."""
    p = w.p
    return float(p.base_revenue / WAN / p.base_workers / 12.0 * p.sector_alpha[sector])


# ------------------------------------------------------------------------------ 7.17 exit


def leave(w: World) -> None:
    """Rows without equity or custom close."""
    least, months = LASTING
    for f in living(w):
        if f.ramping:
            continue
        f.idle_months = f.idle_months + 1 if f.use < least else 0
        if f.equity >= 0.0 and f.idle_months < months:
            continue
        zone = w.z[f.zone]
        f.alive = 0
        zone.m["exits"] += 1
        _leave_work(w, zone, f.skilled, f.unskilled)
        w.loans_lost += f.debt
        w.capital_lost += f.K
        zone.vacant += f.floor
        zone.m["floor_released"] += f.floor
        if f.project >= 0:
            give_back(zone, w.j[f.project])
        f.skilled = f.unskilled = f.b = f.smooth = f.K = f.other = 0.0
        f.cash = f.debt = f.equity = f.floor = 0.0
        f.sales = f.worn = f.added = f.short_s = f.short_u = 0.0


# ------------------------------------------------------------------------------ 7.18 employment


def employ(w: World) -> None:
    """Quits, layoffs, matching."""
    p = w.p
    rows = living(w)
    for f in rows:
        f.wanted = f.smooth / WAN / 12.0 / f.alpha
    if w.phase != OPEN:
        for f in rows:
            f.skilled = p.skilled_share_jobs * f.wanted
            f.unskilled = f.wanted - f.skilled
    else:
        _part(w, rows)
        _match(w, rows)
    for f in rows:
        if not f.ramping:
            f.alpha *= (1.0 + p.productivity_growth) ** (1.0 / 12.0)


def _leave_work(w: World, zone: Zone, skilled: float, unskilled: float) -> None:
    """Persons leave a job: a part seeks another one here."""
    stay = w.p.stay_share
    zone.skilled += stay * skilled
    zone.unskilled += stay * unskilled
    zone.outside += (1.0 - stay) * (skilled + unskilled)
    zone.m["separations"] += skilled + unskilled


def _part(w: World, rows: list[Firm]) -> None:
    """Quits and layoffs; then every row's vacancies."""
    p = w.p
    quits = max(0.0, p.separation - w.now.worker_retention / 12.0)
    quits = min(1.0, quits * {0: 2.2, 1: 2.0}.get(w.month, 0.78))
    for f in rows:
        zone = w.z[f.zone]
        s, u = quits * f.skilled, quits * f.unskilled
        extra = max(0.0, f.workers - s - u - f.wanted)
        out = min(extra, f.unskilled - u)
        s, u = s + extra - out, u + out
        f.skilled -= s
        f.unskilled -= u
        _leave_work(w, zone, s, u)
        open_posts = max(0.0, f.wanted - f.workers)
        f.short_s = min(open_posts, max(0.0, p.skilled_share_jobs * f.wanted - f.skilled))
        f.short_u = open_posts - f.short_s


def matches(w: World, posts: float, people: float) -> float:
    """Posts filled of so many open ones, with so many seekers."""
    if posts <= 0.0 or people <= 0.0:
        return 0.0
    e = w.p.matching_elasticity
    return float(min(posts, people, w.p.matching_level * people**e * posts ** (1.0 - e)))


def _match(w: World, rows: list[Firm]) -> None:
    """Match posts and people, zone by zone and then across the city."""
    p = w.p
    zones = w.z
    leak = min(1.0, p.commuting_leak + w.now.commuting_bonus)
    for zone in zones:
        zone.vacancies_s = sum(f.short_s for f in rows if f.zone == zone.row)
        zone.vacancies_u = sum(f.short_u for f in rows if f.zone == zone.row)
        zone.m["posts"] = zone.vacancies_s + zone.vacancies_u
        zone.m["seeking"] = zone.skilled + zone.unskilled
    if w.policy and p.free_labour:
        for f in rows:
            f.skilled += f.short_s
            f.unskilled += f.short_u
            w.labour_entered += f.short_s + f.short_u
            zones[f.zone].m["hires"] += f.short_s + f.short_u
        for zone in zones:
            zone.pay = 1.0
        return
    # Posts still open, and posts filled: skilled by skilled, others by unskilled, skilled posts
    # by unskilled, others by skilled.
    open_s = [zone.vacancies_s for zone in zones]
    open_u = [zone.vacancies_u for zone in zones]
    by_s, by_u, by_x, by_y = ([0.0] * len(zones) for _ in range(4))
    for n, zone in enumerate(zones):
        hired = matches(w, open_s[n], zone.skilled)
        by_s[n] += hired
        open_s[n] -= hired
        zone.skilled -= hired
    commuters = [leak * zone.skilled for zone in zones]
    hired = matches(w, sum(open_s), sum(commuters))
    if hired > 0.0:
        share, taken = hired / sum(open_s), hired / sum(commuters)
        for n, zone in enumerate(zones):
            by_s[n] += share * open_s[n]
            open_s[n] -= share * open_s[n]
            zone.skilled -= taken * commuters[n]
    for n, zone in enumerate(zones):
        people = zone.skilled + zone.unskilled
        hired = matches(w, open_u[n], people)
        if hired > 0.0:
            part = hired / people
            by_y[n] += part * zone.skilled
            by_u[n] += part * zone.unskilled
            open_u[n] -= hired
            zone.skilled -= part * zone.skilled
            zone.unskilled -= part * zone.unskilled
    from_s = [leak * zone.skilled for zone in zones]
    from_u = [leak * zone.unskilled for zone in zones]
    people = sum(from_s) + sum(from_u)
    hired = matches(w, sum(open_u), people)
    if hired > 0.0:
        share, part, skilled = hired / sum(open_u), hired / people, sum(from_s) / people
        for n, zone in enumerate(zones):
            by_y[n] += share * open_u[n] * skilled
            by_u[n] += share * open_u[n] * (1.0 - skilled)
            open_u[n] -= share * open_u[n]
            zone.skilled -= part * from_s[n]
            zone.unskilled -= part * from_u[n]
    for n, zone in enumerate(zones):
        hired = matches(w, open_s[n], zone.unskilled)
        by_x[n] += hired
        open_s[n] -= hired
        zone.unskilled -= hired
    for f in rows:
        n = f.zone
        zone = zones[n]
        s = f.short_s / zone.vacancies_s if zone.vacancies_s > 0.0 else 0.0
        u = f.short_u / zone.vacancies_u if zone.vacancies_u > 0.0 else 0.0
        f.skilled += s * by_s[n] + u * by_y[n]
        f.unskilled += s * by_x[n] + u * by_u[n]
    for n, zone in enumerate(zones):
        zone.m["hires"] += by_s[n] + by_u[n] + by_x[n] + by_y[n]
        zone.m["unfilled_skilled"] += open_s[n]
        zone.m["unfilled_unskilled"] += open_u[n]
        theta = p.normal_tightness
        ratio = zone.m["posts"] / zone.m["seeking"] if zone.m["seeking"] > 0.0 else math.inf
        zone.tightness += (min(max(ratio, 0.05 * theta), 20.0 * theta) - zone.tightness) / 3.0
        zone.pay = min(max((zone.tightness / theta) ** p.wage_curve, 0.85), 1.3)


# ------------------------------------------------------------------------------ 7.19 production


def produce(w: World) -> None:
    """Sales: the least of orders, capacity and labour."""
    p = w.p
    season = p.revenue_season[w.month]
    for f in living(w):
        zone = w.z[f.zone]
        ordered = f.b * season / 12.0
        room = capacity(w, f) * season / 12.0
        f.sales = ordered
        if w.phase == OPEN:
            lacking = max(0.0, p.skilled_share_jobs * f.workers - f.skilled)
            hands = f.workers - (1.0 - p.unskilled_output) * lacking
            labour = p.effort_cap * season * f.alpha * hands * WAN
            able = min(ordered, room)
            f.sales = min(able, labour)
            zone.m["lost_capacity"] += ordered - able
            zone.m["lost_labour"] += able - f.sales
            f.use += 0.25 * (f.sales / room - f.use)
        zone.m["wished"] += ordered if w.phase == OPEN else 0.0
        f.sales_year += f.sales
        zone.m["revenue"] += f.sales
        kind = "incumbents" if f.group == INITIAL else "warm" if f.group == WARM else "new"
        zone.m[f"revenue_{kind}"] += f.sales
        w.sales[f.zone][f.sector] += f.sales
    if w.phase != OPEN:
        return
    for zone in w.z:
        lost = zone.lost_rate * season / 12.0
        zone.m["lost_capacity"] += lost
        zone.m["wished"] += lost
    for j in w.j:
        if j.kind == INDUSTRIAL and j.tau_free >= j.duration > j.tau and j.state < DONE:
            share = ramp(p, math.floor(j.tau_free - j.duration))
            normal = j.rho * j.realised * j.budget * w.yield_now
            w.z[j.zone].m["lost_finance"] += normal * share * season / 12.0


# ------------------------------------------------------------------------------ 7.20 income


def pay(w: World, t: int, premium: float) -> float:
    """Labour cost of a worker and month, 亿元."""
    p = w.p
    level = p.wage * (1.0 + p.wage_growth) ** years_since(p, t)
    return float(level * p.labour_cost_factor * premium * YUAN)


def account(w: World) -> None:
    """Incomes, loan service, balance sheets."""
    p = w.p
    for f in living(w):
        zone = w.z[f.zone]
        wages = f.workers * pay(w, w.t, zone.pay)
        interest = f.debt * (f.rate - w.now.spread_cut) / 1200.0
        surcharges = p.surcharge_rate * f.sales
        profit = f.sales * w.gross_margin - surcharges - wages - f.worn - interest
        paid_out = p.payout_share * max(0.0, profit)
        repaid = f.debt * p.repayment_quarter / 3.0
        f.cash += profit + f.worn - paid_out - repaid - f.added
        f.debt -= repaid
        f.equity += profit - paid_out
        w.loans_repaid += repaid
        book(zone, "wages", wages)
        book(zone, "interest", interest)
        book(zone, "surcharges", surcharges)
        book(zone, "depreciation", f.worn)
        book(zone, "intermediate", f.sales * (1.0 - w.gross_margin))
        book(zone, "profit", profit)
        book(zone, "profit_tax", profit + surcharges + p.vat_rate * f.sales)


def book(zone: Zone, name: str, value: float) -> None:
    """Add to a flow of the month."""
    zone.m[name] += value


def repay_warm(w: World) -> None:
    """Loan service of plants before the ledgers open."""
    if w.phase == FIRMS:
        for f in w.f:
            f.debt -= f.debt * w.p.repayment_quarter / 3.0
