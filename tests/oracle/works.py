"""Quotas, platforms, public works, training and the evaluation: 7.4 to 7.7, 7.21 and 7.22."""

from __future__ import annotations

import math
from typing import Any

from tests.oracle.firms import living
from tests.oracle.philox import RESEARCH, ZONE
from tests.oracle.state import (
    APPROVAL,
    BUILDING,
    FACTORIES,
    HOUSING,
    INITIAL,
    MU_PER_KM2,
    SEWAGE,
    TENANT,
    VILLAGES,
    WAN,
    YUAN,
    Firm,
    World,
    Zone,
    plan_months,
    whole,
)


def released(w: World) -> float:
    """Share of the year's quota that is released this month."""
    june, september = w.now.release_by_june, w.now.release_by_september
    if w.month == 5:
        return float(june)
    if w.month in {6, 7, 8}:
        return float((september - june) / 3.0)
    if w.month in {9, 10}:
        return float((1.0 - september) / 2.0)
    return 0.0


def post_quota(w: World) -> None:
    """Land quotas of the month (7.4)."""
    p, now = w.p, w.now
    usual = p.usual_land * w.expected_land
    usual *= (1.0 + p.usual_land_growth) ** (w.year - p.base_year)
    kappa, share = p.land_additional, released(w)
    for zone in w.z:
        more = _each(now) - _each(p.absent)
        more += (_together(now) - _together(p.absent)) / p.zones
        posted = usual / 12.0 * zone.weight + kappa * share * more
        posted += kappa * zone.villages_due.pop(w.t, 0.0) * p.linkage_land_per_village
        posted = max(0.0, posted)
        if w.t == p.policy_month + 1 and p.zone_expands[zone.row]:
            zone.annexed += now.boundary_area
        zone.quota += posted
        zone.m["land_posted"] += posted
    more = max(0.0, kappa * share * (now.municipal_reserve - p.absent.municipal_reserve))
    w.reserve += more
    w.reserve_posted += more


def _each(levers: Any) -> float:
    """Yearly quota of a zone under some levers."""
    return float(levers.quota_per_zone * (1.0 + levers.quota_tilt))


def _together(levers: Any) -> float:
    """Yearly re-used and linkage land of the city under some levers."""
    return float(levers.reused_land + levers.linkage_land)


def platforms(w: World) -> None:
    """Money raised, debt served, land serviced (7.5)."""
    p, now = w.p, w.now
    base = p.absent.platform_financing / 12.0
    w.platform_excess = 0.0
    for zone in w.z:
        injection = 0.0
        if w.month == 5:
            injection = now.fiscal_injection / p.zones
            if zone.award:
                injection += p.award
                zone.award = 0
        assets = now.platform_asset_injection if w.t == p.policy_month else 0.0
        interest = zone.debt * (p.rate_medium - now.spread_cut) / 1200.0
        repayment = zone.debt * p.repayment_quarter / 3.0
        wanted = max(
            base,
            min(p.infrastructure_spend_cap / 12.0, (1.0 - zone.index) * p.infrastructure_cost),
        )
        price = p.land_preparation_cost * WAN
        need = price * zone.quota + wanted + interest + repayment - zone.cash - injection
        room = p.platform_leverage_cap * (zone.equity + injection + assets) - zone.debt
        borrowed = max(0.0, min(now.platform_financing / 12.0, need, room))
        cash = zone.cash + injection + borrowed
        interest = min(interest, max(0.0, cash))
        cash -= interest
        repayment = min(repayment, max(0.0, cash))
        cash -= repayment
        serviced = min(zone.quota, max(0.0, cash) / price)
        preparation = price * serviced
        cash -= preparation
        works = min(wanted, max(0.0, cash))
        cash -= works
        zone.cash = cash
        zone.debt += borrowed - repayment
        zone.equity += injection + assets - interest
        zone.works += preparation + works + assets
        zone.index = min(1.0, zone.index + works / p.infrastructure_cost)
        zone.quota -= serviced
        zone.land += serviced
        zone.supply += serviced
        zone.posted_year += serviced
        zone.base_spent = min(base, preparation + works)
        extra = preparation + works - zone.base_spent
        w.platform_excess += p.platform_bank_share * (borrowed - base)
        zone.m["fai_extra"] += extra
        zone.m["fai"] += extra
        zone.m["land_serviced"] += serviced
        zone.m["platform_financing"] += borrowed + injection
        zone.m["platform_borrowed"] += borrowed
        zone.m["platform_injected"] += injection
        zone.m["platform_spent"] += preparation + works
        zone.m["platform_interest"] += interest
        zone.m["platform_repaid"] += repayment
        zone.m["platform_assets_in"] += assets


def monthly(w: World, yearly: float) -> float:
    """Month's part of a programme of the plan (7.6)."""
    if w.t < w.p.policy_month:
        return 0.0
    return yearly / (plan_months(w.p) if w.year == w.p.policy_month // 12 else 12)


def begun_area(w: World) -> float:
    """Standard factories begun in the city this month."""
    p = w.p
    before = p.policy_month % 12
    begun = p.factory_begun_share * p.factory_reference if before else 0.0
    if w.policy:
        first = begun if w.year == p.policy_month // 12 else 0.0
        return monthly(w, max(0.0, w.now.factory_area * w.execution[FACTORIES] - first))
    if w.year == p.policy_month // 12:
        return float(begun / before)
    return float(p.absent.factory_area / 12.0)


def public_works(w: World) -> None:
    """Factories, housing, villages, sewage plants, service centres (7.6)."""
    p, now = w.p, w.now
    _factories(w)
    build = max(3, whole(p.housing_build_months - now.housing_advance))
    units = monthly(w, now.housing_units * w.execution[HOUSING])
    villages = now.villages / 12.0 * (w.execution[VILLAGES] if w.policy else 1.0)
    for zone in w.z:
        ready = zone.housing_due.pop(w.t, 0.0)
        zone.housing_units += ready
        zone.housing_building += units * zone.weight - ready
        add(zone.housing_due, w.t + build, units * zone.weight)
        zone.m["housing_completed"] += ready
        zone.m["housing_begun"] += units * zone.weight
        extra = zone.housing_building * p.housing_unit_area * p.housing_unit_cost * YUAN / build
        zone.m["fai_extra"] += extra
        zone.m["fai"] += extra
        beyond = villages - p.absent.villages / 12.0
        add(zone.villages_due, w.t + whole(p.linkage_lag_months), beyond * zone.weight)
        zone.m["villages_begun"] += villages * zone.weight
        _sewage(w, zone)
        if w.month == 9:
            u = w.draws.uniforms(ZONE, zone.code, w.t, 2)[0]
            if u < p.service_centre_rate * (0.4 + 0.6 * now.service_support):
                zone.centres += 1
                zone.m["centres_new"] += 1


def add(due: dict[int, float], month: int, amount: float) -> None:
    """Add to what falls due in a month."""
    due[month] = due.get(month, 0.0) + amount


def _factories(w: World) -> None:
    p = w.p
    build = whole(p.factory_build_months)
    support = w.now.incubator_support
    taking = [z for z in w.z if z.has_programme or (w.policy and z.joins < support)]
    weight = sum(zone.weight for zone in taking)
    area = begun_area(w)
    for zone in w.z:
        ready = zone.factories_due.pop(w.t, 0.0)
        zone.vacant += ready
        zone.factory_building -= ready
        zone.m["floor_completed"] += ready
        if zone in taking and weight > 0.0:
            own = area * zone.weight / weight
            land = own / 1000.0 * p.factory_land
            if land > max(0.0, zone.land):
                land = max(0.0, zone.land)
                own = land / p.factory_land * 1000.0
            zone.land -= land
            zone.granted += land
            zone.factory_land += land
            zone.used_year += land
            zone.m["land_used"] += land
            zone.factory_building += own
            zone.m["floor_begun"] += own
            add(zone.factories_due, w.t + build, own)
        extra = zone.factory_building * p.factory_cost * YUAN / build
        zone.m["fai_extra"] += extra
        zone.m["fai"] += extra


def _sewage(w: World, zone: Zone) -> None:
    p = w.p
    order = p.zone_sewage[zone.row]
    if not w.policy or not order or zone.sewage_month:
        return
    _, _, u, v = (
        *w.draws.uniforms(ZONE, zone.code, p.policy_month, 0)[:2],
        *w.draws.uniforms(ZONE, zone.code, p.policy_month, 1)[:2],
    )
    if w.t >= p.policy_month + math.floor(6.0 * u) and (
        order <= w.now.sewage_plants * w.execution[SEWAGE] + 0.5
    ):
        zone.sewage_month = w.t + math.floor(p.sewage_build_months * (0.75 + 0.5 * v) + 0.5)
        zone.m["sewage_begun"] = 1.0


ENTRY_SEASON = {0: 0.8, 1: 1.4, 2: 1.3, 3: 1.05, 11: 0.8} | dict.fromkeys(range(4, 11), 0.95)


def training(w: World) -> None:
    """Graduates, trainees, and people who come home (7.7)."""
    p, now = w.p, w.now
    for zone in w.z:
        gone = p.give_up * (zone.skilled + zone.unskilled)
        zone.skilled *= 1.0 - p.give_up
        zone.unskilled *= 1.0 - p.give_up
        zone.outside += gone
        zone.m["gave_up"] += gone
        ready = zone.graduates_due.pop(w.t, 0.0)
        good = min(1.0, p.training_completion + now.training_completion_bonus) * ready
        zone.in_training -= ready
        zone.skilled += good
        zone.unskilled += ready - good
        zone.graduates_year += good
        zone.m["graduated"] += good
        places = now.training_places / 12.0 * zone.jobs_share
        away = min(places * p.training_additional, zone.outside)
        here = min(places * (1.0 - p.training_additional), 0.5 * zone.unskilled)
        zone.outside -= away
        zone.unskilled -= here
        zone.in_training += away + here
        zone.m["enrolled"] += away + here
        add(zone.graduates_due, w.t + whole(p.training_months), away + here)
        w.training_spent += p.training_cost * (away + here) * YUAN
        w.training_budget += p.training_cost * places * YUAN
        wage = (1.0 + now.wage_gap) / (1.0 + p.absent.wage_gap) * zone.pay
        tight = min(max(zone.tightness / p.normal_tightness, 0.05), 20.0) ** p.entry_tightness
        house = 1.0 + p.housing_pull * p.workers_per_unit * zone.housing_units / (
            1.0 + zone.m["workers"]
        )
        home = w.entries * zone.jobs_share * ENTRY_SEASON[w.month] * tight
        home = min(zone.outside, home * wage**p.return_elasticity * house)
        zone.outside -= home
        zone.skilled += p.skilled_share_seekers * home
        zone.unskilled += (1.0 - p.skilled_share_seekers) * home
        zone.m["migrated"] += home


def list_scope(w: World) -> None:
    """January's list of the rows in scope (7.21)."""
    if w.month == 0:
        for f in w.f:
            if w.t - f.born > 11 or f.group in {INITIAL, TENANT}:
                f.in_scope = int(f.sales_last >= w.p.scope_threshold * WAN)


def default_odds(f: Firm) -> float:
    """Odds of default by leverage; reported only."""
    assets = f.K + f.other + max(0.0, f.cash)
    leverage = min(max((assets - f.equity) / assets, -5.0), 5.0)
    return 1.0 / (1.0 + math.exp(15.0 - 13.0 * leverage))


def report(w: World) -> None:
    """Scope and statistics (7.21)."""
    p = w.p
    list_scope(w)
    rows = living(w)
    sales = [0.0] * len(w.f)  # of the year, of an owner and its plants
    for f in rows:
        sales[f.owner if w.f[f.owner].alive else f.row] += f.sales_year
    for zone in w.z:
        m = zone.m
        own = [f for f in rows if f.zone == zone.row]
        m["reported"] = sum(f.sales for f in own if f.in_scope)
        m["reported"] += p.scope_inflow * (w.year - p.base_year) * m["revenue"]
        developed = zone.annexed * MU_PER_KM2 * p.boundary_developed_share
        m["reported"] += (
            developed * p.mature_output_intensity * WAN * p.revenue_season[w.month] / 12.0
        )
        m["workers"] = sum(f.workers for f in own)
        m["workers_wanted"] = sum(f.wanted for f in own)
        m["seekers"] = zone.skilled + zone.unskilled
        m["capital"] = sum(f.K for f in own)
        m["firms"] = float(sum(f.in_scope and f.owner == f.row for f in own))
        m["land_idle"] = zone.land
        m["floor_vacant"] = zone.vacant
        m["infrastructure"] = zone.index
        m["platform_cash"] = zone.cash
        m["platform_debt"] = zone.debt
        m["platform_equity"] = zone.equity
        m["sewage_ready"] = float(0 < zone.sewage_month <= w.t)
        if w.month == 11:
            m["dragon_heads"] = float(sum(sales[f.row] >= p.dragon_head_revenue for f in own))
            m["default_odds"] = sum(f.K / m["capital"] * default_odds(f) for f in own)
        zone.unmet_year += m["land_unmet"]
    count_projects(w)


def count_projects(w: World) -> None:
    """Projects under construction, and the marks of the year."""
    for zone in w.z:
        zone.m["building"] = zone.m["building_large"] = 0.0
    for j in w.j:
        m = w.z[j.zone].m
        under_way = j.started and (j.state == BUILDING or j.ended == w.t)
        if j.state == BUILDING:
            m["building"] += 1
            m["building_large"] += j.raw >= w.p.large_threshold
        if under_way and j.state >= APPROVAL:
            if j.raw >= w.p.large_threshold:
                m["large_year"] = 1.0
            if j.raw >= w.p.coordination_threshold:
                m["major_year"] = 1.0


def evaluate(w: World) -> None:
    """Quarterly ranks, effort, awards (7.22)."""
    p = w.p
    for zone in w.z:
        zone.score += zone.m["revenue"] + zone.m["fai"]
    if w.month % 3 != 2:
        return
    order: list[Zone] = []
    for zone in w.z:
        ahead = 0
        for other in w.z:
            mine, theirs = zone.score * other.score_base, other.score * zone.score_base
            if theirs > mine or (theirs == mine and other.code < zone.code):
                ahead += 1
        zone.m["rank"] = ahead + 1.0
        if w.policy and p.zones > 1:
            zone.effort = 2.0 * ahead / (p.zones - 1.0)
    for zone in w.z:
        zone.score_base, zone.score = zone.score, 0.0
    if w.month == 11 and w.policy:
        order = sorted(w.z, key=lambda zone: zone.m["rank"])
        for zone in [zone for zone in order if zone.m["large_year"]][:3]:
            zone.award = 1


def close_year(w: World) -> None:
    """December's yearly updates (7.22)."""
    p = w.p
    if w.month != 11:
        return
    for zone in w.z:
        wanted, supply = zone.used_year + zone.unmet_year / 12.0, zone.posted_year + zone.land
        if wanted > 0.0:
            ratio = zone.premium * wanted / supply if supply > 0.0 else 1.25
            zone.premium = min(max(ratio, 0.75), 1.25)
    power = p.agglomeration_elasticity * 12.0 / p.agglomeration_months
    support = 0.4 + 0.6 * w.now.rd_support
    for f in living(w):
        zone = w.z[f.zone]
        now, last = w.sales[f.zone][f.sector], w.sales_last[f.zone][f.sector]
        f.gain = (now / last) ** power if last > 0.0 else 1.0
        f.gain *= 1.0 + p.trained_premium * zone.graduates_year / (1.0 + zone.m["workers"])
        if w.policy and not f.research and f.sales_year >= p.rd_backbone_revenue:
            u = w.draws.uniforms(RESEARCH, f.id, w.t, f.group)[0]
            if u < p.rd_rate_provincial * support:
                f.research = 2
                zone.m["research_province"] += 1
                zone.m["research_city"] += 1
            elif u < p.rd_rate * support:
                f.research = 1
                zone.m["research_city"] += 1
            if f.research:
                f.gain *= 1.0 + p.rd_gain
