"""Land: quotas posted month by month, serviced land given out by priority, land given back."""

from __future__ import annotations

from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.sorting import sort_keys
from xuchang_sim.model.steps.calendar import clip, power
from xuchang_sim.model.world import (
    BUILDING,
    CLOSING,
    INDUSTRIAL,
    LAND,
    RING,
    Inputs,
    World,
)

MU_PER_KM2 = 1500.0
M2_PER_MU = 10000.0 / 15.0
YI_PER_WAN = 1e-4  # 万元 to 亿元


@inlined
def released(w: World) -> float:
    """Share of the year's quota that this month releases (levers; nothing before June)."""
    m = w.city.calendar_month
    june, september = w.now.release_by_june, w.now.release_by_september
    if m == 5:
        return june
    if 6 <= m <= 8:
        return (september - june) / 3.0
    if m == 9 or m == 10:
        return (1.0 - september) / 2.0
    return 0.0


@step
def post_quota(w: World, p: Inputs) -> None:
    """Post the month's usual land, and what the plan adds to it.

    Without the plan the base year's own regime goes on: what the land levers are without it is a part
    of that. The plan posts what it adds to them, and of this only a part is additional: the rest is
    usual land under a new name. Enlarged boundaries move statistics, not land.
    """
    c, zone, now = w.city, w.zone, w.now
    usual = p.usual_land * c.expected_land
    usual *= power(1.0 + p.usual_land_growth, 1.0 * (c.year - p.base_year)) / 12.0
    added = p.land_additional * released(w)
    quota = now.quota_per_zone * (1.0 + now.quota_tilt)
    quota -= p.absent.quota_per_zone * (1.0 + p.absent.quota_tilt)
    extra = now.reused_land - p.absent.reused_land + now.linkage_land - p.absent.linkage_land
    reserve = added * (now.municipal_reserve - p.absent.municipal_reserve)
    reserve = 0.0 if reserve < 0.0 else reserve
    c.reserve += reserve
    c.reserve_posted += reserve
    slot = c.t - RING * (c.t // RING)
    for z in range(c.zones):
        posted = usual * zone.weight[z] + added * (quota + extra / c.zones)
        villages = zone.village_ring[z, slot] * p.linkage_land_per_village
        posted += p.land_additional * villages
        posted = 0.0 if posted < 0.0 else posted
        zone.village_ring[z, slot] = 0.0
        if p.zone_expands[z] == 1 and c.policy == 1 and c.t == p.policy_month + 1:
            zone.annexed[z] += now.boundary_area
        zone.quota[z] += posted
        zone.land_posted[z] += posted


@inlined
def priority(w: World, p: Inputs, j: int) -> int:
    """Class of a project in the land queue, 0 the first: 20亿, 5亿, leading industry, rest."""
    project = w.project
    if project.raw[j] >= p.large_threshold:
        return 0
    if project.raw[j] >= p.major_threshold:
        return 1
    return 2 if project.leads[j] == 1 else 3


@inlined
def give_land(w: World, p: Inputs, j: int, own: float, reserve: float) -> None:
    """Hand a project land of its zone and of the municipal reserve; the platform is paid."""
    z = w.project.zone[j]
    got = own + reserve
    w.zone.land[z] -= own
    w.city.reserve -= reserve
    w.city.reserve_used += reserve
    w.zone.supply[z] += reserve
    w.zone.granted[z] += got
    w.project.land[j] += got
    w.zone.land_used[z] += got
    w.zone.reserve_drawn[z] += reserve
    w.zone.used_year[z] += got
    paid = got * p.land_price * YI_PER_WAN
    w.zone.cash[z] += paid
    w.zone.equity[z] += paid
    w.zone.platform_receipts[z] += paid


@inlined
def return_land(w: World, j: int) -> None:
    """Take back the land and the floor of a project that dropped out, failed or closed."""
    z = w.project.zone[j]
    back = w.project.land[j]
    w.project.land[j] = 0.0
    w.project.need[j] = 0.0
    w.zone.land[z] += back
    w.zone.granted[z] -= back
    w.zone.land_returned[z] += back
    area = w.project.floor[j]
    w.project.floor[j] = 0.0
    w.zone.vacant[z] += area
    w.zone.floor_released[z] += area


@step
def allocate(w: World, p: Inputs) -> None:
    """Give waiting projects land or floor by class and date; move once who waits too long.

    A queue skips what it cannot serve. A start is possible from ``start_land_share`` of the need;
    the project then stays in the queue for the rest.
    """
    c, zone, project = w.city, w.zone, w.project
    rows = w.temp.site
    waiting = 0
    for z in range(c.zones):
        zone.land_unmet[z] = 0.0
    for k in range(c.live):
        j = project.live[k]
        state = project.state[j]
        rows[waiting] = j
        queues = (state >= LAND) & (state <= BUILDING) & (project.land[j] < project.need[j])
        waiting += 1 if queues else 0
    for n in range(waiting):
        j = rows[n]
        project.key[n] = (priority(w, p, j) << 52) | (project.queued[j] << 32) | j
        zone.land_unmet[project.zone[j]] += project.need[j] - project.land[j]
    sort_keys(w, waiting)
    for k in range(waiting):
        j = project.key[k] & 0xFFFFFFFF
        first = project.key[k] >> 52 == 0
        z = project.zone[j]
        usable = zone.land[z] if zone.index[z] >= p.infrastructure_min else 0.0
        rest = project.need[j] - project.land[j]
        if p.free_land == 1 and c.policy == 1 and usable < rest:
            conjured = rest - usable
            zone.land[z] += conjured
            zone.supply[z] += conjured
            zone.land_serviced[z] += conjured
            usable = rest
        if first:
            reserve = rest if rest < c.reserve else c.reserve
            own = rest - reserve if rest - reserve < usable else usable
        else:
            own = rest if rest < usable else usable
            reserve = rest - own if rest - own < c.reserve else c.reserve
        enough = project.land[j] + own + reserve >= p.start_land_share * project.need[j]
        if project.state[j] != LAND:
            give_land(w, p, j, own, reserve)
        elif enough:
            give_land(w, p, j, own, reserve)
            project.state[j] = CLOSING
            project.ready[j] = c.t
        else:
            take_floor(w, p, j)
    for k in range(waiting):
        j = project.key[k] & 0xFFFFFFFF
        if project.state[j] == LAND and project.moved[j] == 0 and c.t - project.queued[j] >= 3:
            move(w, p, j)
    lease_floor(w, p)
    for z in range(c.zones):
        zone.land_unmet[z] = 0.0
    for k in range(waiting):
        j = project.key[k] & 0xFFFFFFFF
        zone.land_unmet[project.zone[j]] += project.need[j] - project.land[j]
    for z in range(c.zones):
        zone.unmet_year[z] += zone.land_unmet[z]


@step
def take_floor(w: World, p: Inputs, j: int) -> None:
    """A light-industry project below 5亿 leases standard floor in place of the land it lacks."""
    project, zone = w.project, w.zone
    s = project.sector[j]
    if (
        project.kind[j] != INDUSTRIAL
        or project.raw[j] >= p.major_threshold
        or p.sector_floor[s] == 0
    ):
        return
    z = project.zone[j]
    area = project.need[j] * M2_PER_MU * p.sector_plot[s]
    if area <= zone.vacant[z]:
        zone.vacant[z] -= area
        zone.floor_leased[z] += area
        project.floor[j] = area
        project.need[j] = 0.0
        project.state[j] = CLOSING
        project.ready[j] = w.city.t


@step
def move(w: World, p: Inputs, j: int) -> None:
    """Move a project once to the zone with the most free land per land wanted there."""
    zone, project = w.zone, w.project
    best, most = project.zone[j], 0.0
    for z in range(w.city.zones):
        if zone.index[z] >= p.infrastructure_min:
            free = zone.land[z] / (1.0 + zone.land_unmet[z] + project.need[j])
            if free > most:
                best, most = z, free
    if best != project.zone[j]:
        project.zone[j] = best
        project.moved[j] = 1
        s = project.sector[j]
        project.leads[j] = p.zone_leading[best, s] if s >= 0 else 0


@step
def lease_floor(w: World, p: Inputs) -> None:
    """Small firms lease a share of the vacant floor; whole firms are born in the firms' step."""
    for z in range(w.city.zones):
        area = p.floor_absorption * w.zone.vacant[z]
        w.zone.vacant[z] -= area
        w.zone.tenants[z] += area
        w.zone.floor_leased[z] += area


@step
def update_premium(w: World) -> None:
    """December: the shadow premium on land follows demand over supply of the year, clipped."""
    zone = w.zone
    for z in range(w.city.zones):
        wanted = zone.used_year[z] + zone.unmet_year[z] / 12.0
        supply = zone.posted_year[z] + zone.land[z]
        if wanted > 0.0 and supply > 0.0:
            zone.premium[z] = clip(zone.premium[z] * wanted / supply, 0.75, 1.25)
        elif wanted > 0.0:
            zone.premium[z] = 1.25
