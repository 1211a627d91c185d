"""The conditioned warm-up: sections 5.3 to 5.6 of the model page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from tests.oracle import expectations, firms, projects, works
from tests.oracle.philox import COMMON_YIELD, FIRM, PACE, PROGRAMME, SHOCK, ZONE, normals, pareto
from tests.oracle.state import (
    ABANDONED,
    APPROVAL,
    BUILDING,
    DONE,
    DROPPED,
    FIRMS,
    FLOWS,
    INITIAL,
    MEASURES,
    OPEN,
    PIPELINE,
    WAN,
    Firm,
    World,
    plan_months,
    whole,
)

ATTEMPTS = 200
Record = dict[int, dict[str, list[float]]]  # by month and measure, over zones


class IncompatibleError(Exception):
    """No pipeline or firms agree with the base year."""


# ------------------------------------------------------------------------------ 7.2 calendar


def calendar(w: World, t: int) -> None:
    """Turn the month; in January close the year."""
    p = w.p
    w.t = t
    w.policy = int(w.phase == OPEN and t >= p.policy_month)
    w.now = levers(p, t, w.policy)
    for zone in w.z:
        for name in FLOW_NAMES:
            zone.m[name] = 0.0
        zone.m["land_unmet"] = 0.0
    if w.phase == OPEN and (w.month == 0 or t == p.opening):
        x = normals(*w.draws.uniforms(PACE, 0, 12 * w.year)[:2])[0]
        w.pace *= 1.0 if p.errorless else math.exp(p.pace_sd * x)
    w.loans_drawn = w.loans_repaid = w.loans_lost = 0.0
    w.capitalised = w.written_off = w.capital_added = w.capital_lost = 0.0
    w.labour_entered = 0.0
    w.gross_margin = 1.0 - w.intermediate
    if w.year > p.base_year:
        w.gross_margin *= 1.0 + p.margin_drift
    if w.month == 0:
        _new_year(w)


FLOW_NAMES = FLOWS


def _new_year(w: World) -> None:
    if w.phase != FIRMS:
        w.largest = 0.0
        for j in w.j:
            if j.state < DONE:
                j.spent_year = 0.0
        for zone in w.z:
            zone.m["large_year"] = zone.m["major_year"] = 0.0
    if w.phase == PIPELINE:
        return
    for f in w.f:
        f.sales_last, f.sales_year = f.sales_year, 0.0
        f.alpha *= f.gain
        f.gain = 1.0
    w.sales_last = w.sales
    w.sales = [[0.0] * w.p.sectors for _ in w.z]
    w.unused = w.drawn_year = w.limit_year = 0.0
    for zone in w.z:
        zone.unmet_year = zone.used_year = zone.posted_year = zone.graduates_year = 0.0


def levers(p: Any, t: int, policy: int) -> Any:
    """Levers in force (7.2)."""
    if not policy:
        return p.absent
    now = SimpleNamespace(**vars(p.level))
    if t // 12 == p.policy_month // 12:
        for name in ("platform_financing", "villages", "training_places"):
            done = getattr(p.absent, name) * (12 - plan_months(p)) / 12.0
            rate = max(0.0, getattr(p.level, name) - done) * 12.0 / plan_months(p)
            setattr(now, name, rate)
    return now


# ------------------------------------------------------------------------------ 5.3 pipeline


def _pipeline(w: World, through: int) -> Iterator[None]:
    """Run the pipeline alone."""
    w.phase = PIPELINE
    w.j, w.finished, w.commissioned = [], [], 0
    w.largest = w.cip = w.loans = 0.0
    for zone in w.z:
        zone.m = dict.fromkeys(MEASURES, 0.0)
    for t in range(w.p.pipeline_start, through + 1):
        calendar(w, t)
        projects.arrive(w)
        projects.approve(w)
        projects.allocate(w)
        projects.close(w)
        projects.construct(w)
        works.count_projects(w)
        w.loans += w.loans_drawn - w.loans_lost
        yield


def _late(w: World) -> None:
    """Late traits of every project that is still wanted; those past approval hold their land."""
    for j in w.j:
        if j.state not in {DROPPED, ABANDONED}:
            projects.late_traits(w, j)
            if j.state == BUILDING:
                site = w.p.land_price * j.plot * WAN / j.budget
                most = w.p.loan_to_value * (w.p.collateral_haircut + site)
                j.bank = max(j.loan / j.budget, min(j.bank, most))
            if j.state != APPROVAL:
                j.land = j.need


# ------------------------------------------------------------------------------ 5.4 firms


def _initial(w: World) -> None:
    """Firms that exist when the firms' warm-up begins."""
    p = w.p
    w.f = []
    there = max(0.2, 1.0 - w.expected_entrants / p.firms_count)
    left = max(0.1 * p.base_revenue, p.base_revenue - w.expected_plants)
    first = 12 * p.base_year
    founded: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for s in range(p.sectors):
        growth = 0.0
        for m in range(12):
            paths = w.growth[s][p.firms_start - p.demand_start : first + m + 1 - p.demand_start]
            growth += p.revenue_season[m] / 12.0 * math.exp(math.fsum(paths))
        for zone in w.z:
            share = zone.share * zone.sales_share[s]
            if share <= 0.0:
                continue
            names = [
                (zone.code << 16) | (p.sector_code[s] << 10) | k
                for k in range(max(1, whole(p.firms_count * there * share)))
            ]
            sizes = [
                pareto(w.draws.uniforms(FIRM, name, 0)[0], p.firm_tail, 1.0, 1000.0)
                for name in names
            ]
            factor = share * left / growth / math.fsum(sizes)
            founded[zone.row, s] = [(n, x * factor) for n, x in zip(names, sizes, strict=True)]
    for k in range(max(map(len, founded.values()))):
        for a in range(len(w.z)):
            for s in range(p.sectors):
                z = (a + s) % len(w.z)
                if k >= len(founded.get((z, s), ())):
                    continue
                name, size = founded[z, s][k]
                f = Firm(len(w.f), name, z, s, INITIAL, p.firms_start, len(w.f))
                f.stream = SHOCK
                f.b = f.smooth = size
                f.a = firms.shock_scale(w, f.b)
                f.kappa = p.revenue_per_capital / p.utilisation_normal
                f.use = p.utilisation_normal
                years = (p.firms_start - (12 * p.base_year + 11)) / 12.0
                f.alpha = firms.base_alpha(w, s) * (1.0 + p.productivity_growth) ** years
                w.f.append(f)


def _firms(w: World, through: int) -> Iterator[None]:
    """Run the firms on the finished pipeline."""
    w.phase = FIRMS
    w.commissioned = 0
    w.t = w.p.firms_start - 1
    w.sales, w.sales_last = ([[0.0] * w.p.sectors for _ in w.z] for _ in range(2))
    _initial(w)
    yield
    for t in range(w.p.firms_start, through + 1):
        calendar(w, t)
        firms.orders(w)
        firms.commission(w)
        firms.employ(w)
        firms.produce(w)
        firms.repay_warm(w)
        if t > through - 12:
            for f in w.f:
                if not f.ramping:
                    f.orders_sum += f.b
                    f.orders_count += 1
        yield


# ------------------------------------------------------------------------------ 5.5 scalars


def _apply(w: World) -> None:
    """Multiply by the scalars and set capacity, debt, cash and equity."""
    p = w.p
    for f in w.f:
        c = w.labour_scale
        scale = w.firm_scale if f.group == INITIAL else 1.0
        f.b *= scale
        f.smooth *= scale
        f.sales *= scale
        f.sales_year *= scale
        f.sales_last *= scale
        f.skilled *= scale * c
        f.unskilled *= scale * c
        f.wanted *= scale * c
        f.alpha /= c
        if f.orders_count:
            mean = scale * f.orders_sum / f.orders_count
            if f.group == INITIAL:
                f.K = mean / (p.utilisation_normal * f.kappa)
            else:
                f.kappa = mean / (p.utilisation_normal * f.K)
        if f.group == INITIAL:
            f.debt = p.opening_debt_ratio * f.K
            f.cash = f.b / 12.0
            f.rate = p.base_rate
        f.equity = f.K + f.other + f.cash - f.debt


def prepare(w: World) -> Iterator[None]:
    """Everything before the first month with open ledgers; yields after every month."""
    p = w.p
    base = range(12 * p.base_year, 12 * p.base_year + 12)
    expectations.zone_shares(w)
    expectations.demand(w)
    expectations.expectations(w)
    for k in range(8):
        four = w.draws.uniforms(PROGRAMME, k, 0)
        w.execution.append(math.exp(p.execution_sd * normals(*four[:2])[0]))
    x = normals(*w.draws.uniforms(COMMON_YIELD, 0, 0)[:2])[0]
    w.yield_common = math.exp(p.yield_sd * x)
    record: Record = {}
    drawn: dict[int, float] = {}
    for attempt in range(ATTEMPTS):
        w.draws.attempt = attempt
        w.large_fai = 0.0
        drawn = {}
        for _ in _pipeline(w, base[-1]):
            drawn[w.year] = drawn.get(w.year, 0.0) + w.loans_drawn
            if w.t in base:
                w.large_fai += sum(zone.m["fai"] for zone in w.z)
                record[w.t] = {name: [zone.m[name] for zone in w.z] for name in MEASURES}
            if w.t < base[-1]:
                yield
        part = w.large_fai / p.base_fai
        if abs(part - p.large_share_fai) <= p.acceptance_tolerance and part <= p.acceptance_max:
            break
        w.t, w.draws.attempt = p.pipeline_start - 1, attempt + 1
        yield
    else:
        raise IncompatibleError
    w.accepted_fai = w.large_fai
    _late(w)
    old, new = {}, {}  # sales of initial firms and of plants, by zone and month
    hands: dict[int, list[tuple[float, float]]] = {}
    for _ in _firms(w, base[-1]):
        if w.t in base:
            m = w.t
            old[m] = [zone.m["revenue_incumbents"] for zone in w.z]
            new[m] = [zone.m["revenue_warm"] for zone in w.z]
            hands[m] = [
                (
                    sum(f.workers for f in w.f if f.zone == z.row and f.group == INITIAL),
                    sum(f.workers for f in w.f if f.zone == z.row and f.group != INITIAL),
                )
                for z in w.z
            ]
        if w.t < base[-1]:
            yield
    a, b = (math.fsum(map(math.fsum, part.values())) for part in (old, new))
    if p.base_revenue <= b:
        raise IncompatibleError
    w.firm_scale = (p.base_revenue - b) / a
    december = hands[base[-1]]
    first, last = (sum(w.firm_scale * x + y for x, y in hands[m]) for m in (base[0], base[-1]))
    w.employed_growth = (last / first) ** (12.0 / 11.0) - 1.0
    w.labour_scale = p.base_workers / (
        w.firm_scale * sum(n for n, _ in december) + sum(n for _, n in december)
    )
    _apply(w)
    w.lump_base = p.base_fai - w.accepted_fai
    workers = {m: [w.labour_scale * (w.firm_scale * x + y) for x, y in hands[m]] for m in base}
    wages = math.fsum(firms.pay(w, m, 1.0) * math.fsum(workers[m]) for m in base)
    capital = sum(f.K for f in w.f)
    interest = sum(f.debt * f.rate / 100.0 for f in w.f)
    w.intermediate = (
        p.base_revenue * (1.0 + p.vat_rate)
        - wages
        - p.depreciation * capital
        - interest
        - p.base_profit_tax
    ) / p.base_revenue
    w.gross_margin = 1.0 - w.intermediate
    public = p.absent.platform_financing * p.zones
    w.outside_base = p.outside_share * (p.base_fai - min(w.lump_base, public))
    _base_record(w, record, old, new, workers)
    w.base_record = record
    if p.opening <= base[-1]:
        drawn = {}
        w.phase, w.t = PIPELINE, p.pipeline_start - 1
        yield
        for _ in _pipeline(w, p.opening - 1):
            drawn[w.year] = drawn.get(w.year, 0.0) + w.loans_drawn
            if w.t < p.opening - 1:
                yield
        _late(w)
        for _ in _firms(w, p.opening - 1):
            if w.t < p.opening - 1:
                yield
        _apply(w)
    _open(w, drawn)


def table(w: World, name: str) -> list[list[float]]:
    """Sum of a column of the firms by zone and sector."""
    found = [[0.0] * w.p.sectors for _ in w.z]
    for f in w.f:
        found[f.zone][f.sector] += getattr(f, name)
    return found


def _base_record(
    w: World,
    record: Record,
    old: dict[int, list[float]],
    new: dict[int, list[float]],
    workers: dict[int, list[float]],
) -> None:
    """Complete the base year's months: the pipeline's are there, the firms' are added."""
    p = w.p
    margin = 1.0 - w.intermediate
    capital = [sum(f.K for f in w.f if f.zone == z.row) for z in w.z]
    interest = [sum(f.debt * f.rate for f in w.f if f.zone == z.row) / 1200.0 for z in w.z]
    for t, m in record.items():
        season = p.fai_season[t % 12] / 12.0
        public = season * min(w.lump_base, p.absent.platform_financing * p.zones)
        for z in range(p.zones):
            sales = w.firm_scale * old[t][z] + new[t][z]
            wages = workers[t][z] * firms.pay(w, t, 1.0)
            worn = p.depreciation / 12.0 * capital[z]
            surcharges = p.surcharge_rate * sales
            profit = sales * margin - surcharges - wages - worn - interest[z]
            private = (season * w.lump_base - public) * capital[z] / sum(capital)
            values = {
                "revenue": sales,
                "reported": sales,
                "wished": sales,
                "revenue_incumbents": w.firm_scale * old[t][z],
                "revenue_warm": new[t][z],
                "wages": wages,
                "depreciation": worn,
                "interest": interest[z],
                "surcharges": surcharges,
                "intermediate": sales * w.intermediate,
                "profit": profit,
                "profit_tax": profit + surcharges + p.vat_rate * sales,
                "fai_small": private + public / p.zones,
                "workers": workers[t][z],
                "workers_wanted": workers[t][z],
                "capital": capital[z],
                "firms": float(sum(f.zone == z and f.owner == f.row for f in w.f)),
                "starts_land": sum(j.plot for j in w.j if j.zone == z and j.started == t),
            }
            for name, value in values.items():
                m[name][z] = value
            m["fai"][z] += values["fai_small"]
            m["outside_capital"][z] += p.outside_share * private


# ------------------------------------------------------------------------------ 5.6 opening


def _open(w: World, drawn: dict[int, float]) -> None:
    """Open the ledgers at the end of the month before the first open one."""
    p = w.p
    y0 = p.opening // 12 - 1
    w.draws_base = drawn.get(y0, 0.0)
    land = (
        p.opening_land_months
        / 12.0
        * w.expected_land
        * (1.0 + p.starts_growth) ** (y0 - p.base_year)
    )
    everybody = sum(f.workers for f in w.f)
    w.capital_opening = sum(f.K for f in w.f)
    for zone in w.z:
        zone.land = zone.land_opening = land * zone.weight
        zone.held_opening = sum(j.land for j in w.j if j.zone == zone.row)
        zone.debt, zone.equity = p.platform_opening_debt, p.platform_opening_equity
        zone.cash = p.absent.platform_financing / 12.0
        zone.works = zone.debt + zone.equity - zone.cash
        zone.index = p.infrastructure_opening - (0.0 if p.zone_provincial[zone.row] else 0.2)
        workers = sum(f.workers for f in w.f if f.zone == zone.row)
        if p.opening - 1 == max(w.base_record):
            for name, values in w.base_record[p.opening - 1].items():
                zone.m[name] = values[zone.row]
        zone.m["workers"] = workers
        zone.jobs_share = workers / everybody
        u, zone.joins = w.draws.uniforms(ZONE, zone.code, p.policy_month, 0)[:2]
        zone.has_programme = int(u < p.incubator_begun_share)
    _open_market(w, everybody)
    if not any(zone.has_programme for zone in w.z):
        for zone in w.z:
            zone.has_programme = 1
    plants = {f.project for f in w.f}
    for j in w.j:
        if j.state == DONE and j.ended + firms.commissioning_lag(w) < p.firms_start:
            j.loan = 0.0
    w.loans = sum(f.debt for f in w.f) + sum(
        j.loan for j in w.j if j.row not in plants and j.state not in {DROPPED, ABANDONED}
    )
    w.cip = sum(j.spent for j in w.j if j.state == BUILDING)
    w.sales_last = table(w, "sales_last")
    w.sales = table(w, "sales_year")
    _begun(w)
    w.phase = OPEN


def _open_market(w: World, workers: float) -> None:
    """Seekers, outsiders, normal entries and open posts of the first day."""
    p = w.p
    theta = p.normal_tightness
    growth = p.supply_factor * min(max(w.employed_growth, 0.0), 0.6)
    hired = workers * (p.separation + growth / 12.0)
    here = firms.matches(w, theta, 1.0)
    leak = min(1.0, p.commuting_leak + p.absent.commuting_bonus)
    seekers = hired / (here + firms.matches(w, theta - here, leak * (1.0 - here)))
    after = seekers - hired
    entries = hired - p.stay_share * p.separation * workers + p.give_up * after
    entries -= p.training_additional * p.absent.training_places / 12.0
    w.entries = max(0.1 * hired, entries)
    for f in w.f:
        f.alpha /= 1.0 + (theta * seekers - hired) / workers
    for zone in w.z:
        zone.tightness = theta
        zone.skilled = p.skilled_share_seekers * after * zone.jobs_share
        zone.unskilled = (1.0 - p.skilled_share_seekers) * after * zone.jobs_share
        zone.outside = p.reachable_pool * zone.jobs_share


def _begun(w: World) -> None:
    """Factories begun in the plan year before a later opening are under construction."""
    p = w.p
    before = p.policy_month % 12
    taking = [zone for zone in w.z if zone.has_programme]
    weight = sum(zone.weight for zone in taking)
    for t in range(12 * (p.policy_month // 12), p.opening):
        area = p.factory_begun_share * p.factory_reference / before
        due = t + whole(p.factory_build_months)
        for zone in taking:
            if due >= p.opening:
                zone.factory_building += area * zone.weight / weight
                works.add(zone.factories_due, due, area * zone.weight / weight)
