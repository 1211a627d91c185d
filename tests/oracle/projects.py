"""The pipeline of projects: sections 7.10 to 7.15 of the model page."""

from __future__ import annotations

import math

from tests.oracle.expectations import arrival_index, curve
from tests.oracle.philox import ARRIVAL, DISPERSION, REALISED, STALL, TRAIT, YIELD, normals, pareto
from tests.oracle.state import (
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
    MU,
    OPEN,
    PIPELINE,
    WAN,
    Project,
    World,
    Zone,
    plan_months,
    whole,
)


def first_above(weights: list[float], u: float) -> int:
    """Return the first whose cumulated weight exceeds ``u``, the last positive one if none does."""
    total = 0.0
    for n, weight in enumerate(weights):
        total += weight
        if total > u:
            return n
    return max(n for n, weight in enumerate(weights) if weight > 0.0)


# ------------------------------------------------------------------------------ 7.10 arrivals


def arrive(w: World) -> None:
    """Projects arrive: first the ordinary, then the large ones."""
    p, now, draws = w.p, w.now, w.draws
    pulls = [
        (1.0 + now.effort * zone.effort)
        * (1.0 + now.site_attraction * p.zone_site[zone.row])
        * (1.0 + p.service_centre_attraction * zone.centres)
        for zone in w.z
    ]
    weights = [zone.weight for zone in w.z]
    ordinary = w.scale * arrival_index(p, w.t) / 12.0
    rates = (
        ordinary * now.ordinary_arrivals,
        ordinary * p.starts_large / p.starts_ordinary * now.large_arrivals,
    )
    for large, rate in enumerate(rates):
        envelope = p.envelope[w.t - p.pipeline_start][large]
        chance = rate / envelope
        if chance * max(1.0, *pulls) > 1.0:
            msg = "more arrivals than the envelope holds"
            raise ArithmeticError(msg)
        climate = w.pace * p.climate[w.t - p.pipeline_start] ** p.climate_elasticity
        chance = min(chance * climate, 1.0 / max(1.0, *pulls))
        crowd = 1.0
        if not large:
            k = whole(p.arrival_dispersion)
            crowd = draws.whole_gamma(k, DISPERSION, 0, w.t, 0) / k
        passed, number = 0.0, 0
        while True:
            gap, height, _, _ = draws.uniforms(ARRIVAL, (large << 20) + number, w.t)
            passed += -math.log(gap)
            if passed > envelope * crowd:
                break
            name = (large << 31) + ((w.t - p.pipeline_start) << 24) + number
            zone = first_above(weights, draws.uniforms(TRAIT, name, w.t)[1])
            if height < chance * pulls[zone]:
                project = _project(w, name, zone, large)
                w.j.append(project)
                if w.phase == OPEN:
                    late_traits(w, project)
            number += 1


def _project(w: World, name: int, z: int, large: int) -> Project:
    """Draw the traits that a project has from the start."""
    p, draws = w.p, w.draws
    u_size, _, u_sector, u_kind = draws.uniforms(TRAIT, name, w.t, 0)
    u_group, u_owner, u_drop, u_fail = draws.uniforms(TRAIT, name, w.t, 1)
    n1, n2, fail_at, u_logistics = draws.uniforms(TRAIT, name, w.t, 2)
    kind = INDUSTRIAL
    if u_kind < p.infrastructure_share:
        kind = LOGISTICS if u_logistics < p.logistics_share else INFRASTRUCTURE
    sector = first_above(w.z[z].invest_share, u_sector) if kind == INDUSTRIAL else -1
    law = (
        (p.size_large_alpha, p.size_large_min, p.size_large_max)
        if large
        else (p.size_ordinary_alpha, p.size_ordinary_min, p.size_ordinary_max)
    )
    j = Project(len(w.j), name, z, sector, kind, large, w.t, queued=w.t)
    j.raw = pareto(u_size, *law)
    j.budget = p.invest_realised * j.raw
    j.group = int(u_group < p.group_start_share)
    j.incumbent = int(not large and u_owner < p.incumbent_project_share)
    j.drop_at = -math.log(u_drop)
    j.fails = int(u_fail < p.abandonment_share)
    j.fail_at = fail_at
    shape = whole(p.approval_shape)
    j.work = draws.whole_gamma(shape, TRAIT, name, w.t, 8) * p.approval_months / p.approval_shape
    long, rich = normals(n1, n2)
    j.duration = max(
        p.duration_min,
        p.duration_base * j.raw**p.duration_elasticity * math.exp(p.duration_sigma * long),
    )
    own = p.own_money_mean + p.own_money_sd * rich
    j.own = min(max(own, p.own_money_low), p.own_money_high)
    j.bank = p.bank_share_rest * (1.0 - j.own)
    j.outside = p.outside_share
    j.stall_at = -math.log(draws.uniforms(STALL, name, w.t, 0)[0])
    zone = w.z[z]
    zone.m["arrivals"] += 1
    zone.m["arrivals_large"] += j.raw >= p.large_threshold
    return j


def late_traits(w: World, j: Project) -> None:
    """Draw what matters only once the ledgers are open: site, jobs, revenue."""
    p, draws = w.p, w.draws
    u_site, _, n1, n2 = draws.uniforms(TRAIT, j.id, j.arrived, 3)
    dense, manned = normals(n1, n2)
    median, sigma = p.intensity_ordinary, p.intensity_ordinary_sigma
    if j.raw >= p.large_threshold:
        median, sigma = p.intensity_large, p.intensity_large_sigma
    premium = w.z[j.zone].premium
    j.intensity = max(p.intensity_min, median * math.exp(sigma * dense) * premium**0.3)
    j.plot = j.budget / WAN / j.intensity
    j.need = 0.0 if u_site < p.own_site_share else j.plot
    if j.kind != INDUSTRIAL:
        return
    j.jobs = j.budget / WAN / (p.investment_per_job * math.exp(p.investment_per_job_sigma * manned))
    yields = draws.uniforms(YIELD, j.id, j.arrived)
    j.rho = p.announced_yield * math.exp(p.announced_yield_sigma * normals(*yields[:2])[0])
    good = p.realised_yield_precision * p.realised_yield
    bad = p.realised_yield_precision * (1.0 - p.realised_yield)
    x = draws.gamma(good, REALISED, j.id, j.arrived, 0)
    y = draws.gamma(bad, REALISED, j.id, j.arrived, 64)
    j.realised = x / (x + y)


# ------------------------------------------------------------------------------ 7.11 approval


def approve(w: World) -> None:
    """Projects before their start may drop out; those in approval progress."""
    p, now = w.p, w.now
    for j in w.j:
        if j.state not in {APPROVAL, LAND, CLOSING}:
            continue
        if (
            w.t == p.policy_month
            and w.policy
            and j.state == APPROVAL
            and j.raw >= p.large_threshold
        ):
            u = w.draws.uniforms(TRAIT, j.id, j.arrived, 3)[1]
            j.express = 1 if u < now.express_share else 2
        cut = now.dropout_cut_major if j.raw >= p.major_threshold else 0.0
        j.drop_clock -= math.log(1.0 - p.dropout_rate * (1.0 - cut))
        zone = w.z[j.zone]
        if j.drop_clock > j.drop_at:
            j.state, j.ended = DROPPED, w.t
            zone.m["dropouts"] += 1
            give_back(zone, j)
            continue
        if j.state != APPROVAL:
            continue
        j.work -= _approval_pace(w, j)
        if j.work > 0.0 and not (w.policy and p.free_approval):
            zone.m["wait_approval"] += j.budget
            continue
        j.queued = w.t
        j.state = LAND
        if w.phase == OPEN and j.need == 0.0:
            j.state, j.ready = CLOSING, w.t


def _approval_pace(w: World, j: Project) -> float:
    """Months of approval work done in a month."""
    p, now = w.p, w.now
    cut = 0.0
    if w.policy:
        bonus = p.tier_bonus_1
        if j.raw >= p.large_threshold and j.express != 2:
            bonus = p.tier_bonus_20
        elif j.raw >= p.major_threshold:
            bonus = p.tier_bonus_5
        phased = now.approval_cut * min(1.0, (w.t - p.policy_month + 1) / 3.0)
        cut = min(p.approval_cut_cap, phased + now.tier_bonus * bonus)
    late = now.overrun_speedup if w.t - j.arrived >= p.approval_months else 0.0
    return float((1.0 + late) / (1.0 - cut))


def give_back(zone: Zone, j: Project) -> None:
    """A project's land and floor come back to its zone."""
    zone.land += j.land
    zone.granted -= j.land
    zone.m["land_returned"] += j.land
    zone.vacant += j.floor
    zone.m["floor_released"] += j.floor
    j.land = j.floor = j.need = 0.0


# ------------------------------------------------------------------------------ 7.12 land


def allocate(w: World) -> None:
    """Land and floor are given out in order of class, queueing and arrival."""
    p = w.p
    if w.phase != OPEN:
        for j in w.j:
            if j.state == LAND:
                j.state, j.ready = CLOSING, w.t
        return
    queue = [j for j in w.j if j.state in {LAND, CLOSING, BUILDING} and j.land < j.need]
    queue.sort(key=lambda j: (_class(w, j), j.queued, j.row))
    wanted = [0.0] * len(w.z)
    for j in queue:
        wanted[j.zone] += j.need - j.land
    for j in queue:
        _serve(w, j)
    for j in queue:
        if j.state == LAND and w.t - j.queued >= 3 and not j.moved:
            best, most = -1, 0.0
            for zone in w.z:
                if zone.index < p.infrastructure_min:
                    continue
                value = zone.land / (1.0 + wanted[zone.row] + j.need)
                if value > most:
                    best, most = zone.row, value
            if best not in {-1, j.zone}:
                j.zone, j.moved = best, 1
    for j in queue:
        w.z[j.zone].m["land_unmet"] += j.need - j.land
        if j.state == LAND:
            w.z[j.zone].m["wait_land"] += j.budget
    for zone in w.z:
        let = p.floor_absorption * zone.vacant
        zone.vacant -= let
        zone.tenants += let
        zone.m["floor_leased"] += let


def _class(w: World, j: Project) -> int:
    if j.raw >= w.p.large_threshold:
        return 0
    if j.raw >= w.p.major_threshold:
        return 1
    return 2 if j.sector >= 0 and w.p.zone_leading[j.zone][j.sector] else 3


def _serve(w: World, j: Project) -> None:
    """Give one project land or floor."""
    p = w.p
    zone = w.z[j.zone]
    missing = j.need - j.land
    if w.policy and p.free_land:
        usable = zone.land if zone.index >= p.infrastructure_min else 0.0
        extra = max(0.0, missing - usable)
        zone.land += extra
        zone.supply += extra
        zone.m["land_serviced"] += extra
    own = zone.land if zone.index >= p.infrastructure_min else 0.0
    if w.policy and p.free_land:
        own = max(own, missing)
    if j.state == LAND and own + w.reserve < p.start_land_share * j.need:
        floor = j.need * MU * (p.sector_plot[j.sector] if j.sector >= 0 else 0.0)
        if (
            j.kind == INDUSTRIAL
            and j.raw < p.major_threshold
            and p.sector_floor[j.sector]
            and zone.vacant >= floor
        ):
            zone.vacant -= floor
            zone.m["floor_leased"] += floor
            j.floor, j.need = floor, 0.0
            j.state, j.ready = CLOSING, w.t
        return
    if j.raw >= p.large_threshold:
        reserved = min(missing, w.reserve)
        local = min(missing - reserved, own)
    else:
        local = min(missing, own)
        reserved = min(missing - local, w.reserve)
    zone.land -= local
    w.reserve -= reserved
    w.reserve_used += reserved
    zone.supply += reserved
    zone.m["reserve_drawn"] += reserved
    zone.granted += local + reserved
    zone.m["land_used"] += local + reserved
    zone.used_year += local + reserved
    j.land += local + reserved
    if local + reserved == missing:
        j.land = j.need
    paid = (local + reserved) * p.land_price * WAN
    zone.cash += paid
    zone.equity += paid
    zone.m["platform_receipts"] += paid
    if j.state == LAND:
        j.state, j.ready = CLOSING, w.t


# ------------------------------------------------------------------------------ 7.13 start


def close(w: World) -> None:
    """Projects with land start once their equity and the month allow."""
    p, now = w.p, w.now
    for j in w.j:
        if j.state != CLOSING:
            continue
        zone = w.z[j.zone]
        least = p.sector_own[j.sector] if j.sector >= 0 else 0.0
        if j.own < least:
            j.own = min(least, j.own + p.own_money_raise)
            j.bank = p.bank_share_rest * (1.0 - j.own)
            zone.m["wait_own"] += j.budget
            continue
        most = p.loan_to_value * (p.collateral_haircut + _site(w, j, j.plot) / j.budget)
        if j.bank > most:
            j.bank = max(most, j.bank - p.own_money_raise)
            zone.m["wait_own"] += j.budget
            continue
        if (p.shut and w.t >= p.shut) or (j.group and not p.group_month[w.month]):
            zone.m["wait_group"] += j.budget
            continue
        j.state, j.started = BUILDING, w.t
        j.in_group = int(p.group_month[w.month])
        if w.policy:
            j.outside = p.outside_share + now.outside_share_gain
            j.budget *= 1.0 - now.fee_cut
        zone.m["starts"] += 1
        zone.m["starts_value"] += j.budget
        zone.m["starts_land"] += j.plot
        zone.m["group_starts"] += j.in_group
        zone.m["starts_large"] += j.raw >= p.large_threshold
        zone.m["starts_logistics"] += j.kind == LOGISTICS


def _site(w: World, j: Project, plot: float) -> float:
    """Value of a project's site (7.13): plots are not drawn while the pipeline runs alone."""
    p = w.p
    if w.phase == PIPELINE:
        plot = j.budget / (WAN * p.intensity_ordinary)
    elif j.floor > 0.0:
        plot = 0.0
    return float(p.land_price * plot * WAN)


# ------------------------------------------------------------------------------ 7.14 bank


def bank(w: World) -> None:
    """Bank limit and grants of the month."""
    p, now = w.p, w.now
    y0 = p.opening // 12 - 1
    months = plan_months(p) if w.year == p.policy_month // 12 else 12
    limit = w.draws_base * (1.0 + p.credit_growth) ** (w.year - y0)
    limit *= p.credit[w.t - p.pipeline_start] ** p.credit_elasticity
    limit *= p.fai_season[w.month] / 12.0 * (1.0 + now.bank_limit_bonus)
    if w.policy:
        limit += now.guarantee_pool * p.guarantee_multiplier / months
    limit -= min(1.0, max(0.0, p.crowd_out + now.crowd_out_shift)) * w.platform_excess
    w.limit = max(0.0, limit)
    w.grant_left = now.grant_pool / months if w.policy else 0.0


# ------------------------------------------------------------------------------ 7.15 construction


SLACK = 1e-12  # of the budget: less than this is rounding, not a shortage


def construct(w: World) -> None:
    """Plan, finance and carry out the month's construction."""
    active = [j for j in w.j if j.state == BUILDING]
    for j in active:
        _plan(w, j)
    if w.phase == OPEN:
        _grants(w, active)
        _ration(w, active)
    for j in active:
        _build(w, j)
    for zone in w.z:
        zone.m["fai"] += zone.m["fai_industrial"] + zone.m["fai_infrastructure"]
    w.unused += w.limit if w.phase == OPEN else 0.0
    drawn = sum(j.draw for j in active)
    w.loans_drawn += drawn
    if w.phase == OPEN:
        w.unused = max(0.0, w.unused - drawn)
        w.drawn_year += drawn
        w.limit_year += w.limit


def _plan(w: World, j: Project) -> None:
    """Pace, planned spending and the draw that it needs."""
    p, now = w.p, w.now
    normal = w.pace * p.fai_season[w.month]
    j.stretch = normal
    if j.stalled == 0:
        hazard = p.stall_hazard * (1.0 - now.stall_cut_service)
        if j.raw >= p.coordination_threshold:
            hazard *= 1.0 - now.stall_cut_major
        j.stall_clock -= math.log(1.0 - hazard)
        if j.stall_clock > j.stall_at:
            j.stalls += 1
            j.stalled = whole(p.stall_months)
            j.stall_clock = 0.0
            j.stall_at = -math.log(w.draws.uniforms(STALL, j.id, j.arrived, j.stalls)[0])
    if j.stalled > 0:
        j.stretch *= p.stall_pace
        j.stalled -= 1
    zone = w.z[j.zone]
    best = j.budget * curve(p, min(j.duration, j.tau + normal) / j.duration) - j.spent
    j.reach = min(j.duration, j.tau + j.stretch)
    j.wish = max(0.0, j.budget * curve(p, j.reach / j.duration) - j.spent)
    zone.m["short_stall"] += max(0.0, best) - j.wish
    j.capped = False
    if j.land < j.need and w.phase == OPEN:
        most = max(0.0, j.budget * j.land / j.need - j.spent)
        if most < j.wish:
            zone.m["short_land"] += j.wish - most
            j.wish, j.reach, j.capped = most, -1.0, True
    draw = j.bank * (j.spent + j.wish) - j.loan - j.grant
    value = _site(w, j, j.land if j.need > 0.0 else j.plot)
    value += p.collateral_haircut * (j.spent + j.wish)
    draw = min(draw, p.loan_to_value * value - j.loan)
    j.draw = max(0.0, draw)


def _grants(w: World, active: list[Project]) -> None:
    """Grants replace wanted draws of leading sectors pro rata."""
    fit = [j for j in active if j.sector >= 0 and w.p.zone_leading[j.zone][j.sector]]
    total = sum(j.draw for j in fit)
    share = min(1.0, w.grant_left / total) if total > 0.0 else 0.0
    for j in fit:
        given = share * j.draw
        j.grant += given
        j.draw -= given
        w.grant_left -= given


def _ration(w: World, active: list[Project]) -> None:
    """Bank money goes first to those nearest to completion."""
    left = w.limit + w.unused
    if sum(j.draw for j in active) <= left or (w.policy and w.p.free_credit):
        return
    order = sorted(
        active,
        key=lambda j: (math.floor((1.0 - j.tau / j.duration) * 1048575), j.started, j.row),
    )
    for j in order:
        j.draw = min(j.draw, left)
        left -= j.draw


def _build(w: World, j: Project) -> None:
    """Spend, advance, complete or abandon."""
    zone = w.z[j.zone]
    j.loan += j.draw
    zone.m["loans_drawn"] += j.draw
    spend = max(0.0, min(j.wish, (1.0 - j.bank) * j.budget + j.loan + j.grant - j.spent))
    zone.m["short_bank"] += j.wish - spend
    paid = spend >= j.wish - SLACK * j.budget
    before = j.tau
    j.spent += spend
    if paid and not j.capped:
        j.tau = j.reach
    else:
        j.tau = j.duration * _inverse_curve(w, j.spent / j.budget)
    j.tau_free += j.tau - before if j.capped else j.stretch
    j.spent_year += spend
    zone.m["fai_industrial" if j.kind == INDUSTRIAL else "fai_infrastructure"] += spend
    zone.m["fai_new" if j.started // 12 == w.year else "fai_carried"] += spend
    zone.m["outside_capital"] += j.outside * spend
    w.largest = max(w.largest, j.spent_year)
    w.cip += spend
    if j.fails and j.tau / j.duration >= j.fail_at:
        _abandon(w, zone, j)
    elif j.tau >= j.duration:
        j.state, j.ended = DONE, w.t
        w.capitalised += j.budget
        w.cip -= j.spent
        j.spent = j.budget
        zone.m["completions"] += 1
        w.finished.append(j)
    elif spend < j.wish - 1e-9 * j.budget:
        _gap(w, zone, j)
    elif not j.capped:
        j.gap = 0


def _gap(w: World, zone: Zone, j: Project) -> None:
    """A month of unpaid work: equity, another owner, or the end."""
    p = w.p
    j.gap += 1
    u, v, _, _ = w.draws.uniforms(TRAIT, j.id, j.arrived, 5)
    drawn = (j.loan + j.grant) / j.budget
    if j.gap > p.gap_wait and u < p.topup_share:
        less = max(drawn, j.bank - p.own_money_raise)
        zone.m["topups"] += (j.bank - less) * j.budget
        j.bank = less
    elif j.gap > p.gap_wait and j.gap > p.gap_drop:
        if v < p.handover_share:
            j.bank, j.gap = drawn, 0
            zone.m["handovers"] += 1
        else:
            zone.m["abandoned_gap"] += 1
            _abandon(w, zone, j)


def _abandon(w: World, zone: Zone, j: Project) -> None:
    """Construction and loan are written off; land and floor come back."""
    j.state, j.ended = ABANDONED, w.t
    w.written_off += j.spent
    w.cip -= j.spent
    w.loans_lost += j.loan
    j.loan = 0.0
    give_back(zone, j)


def _inverse_curve(w: World, share: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if curve(w.p, middle) < share:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
