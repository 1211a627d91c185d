"""Public works: standard factories, rental housing, village relocations, plants, centres."""

from __future__ import annotations

from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.streams import ZONE, uniforms
from xuchang_sim.model.world import (
    FACTORIES,
    HOUSING,
    RING,
    SEWAGE,
    VILLAGES,
    Inputs,
    World,
)

# Blocks of a zone's address: which of its one-off events is drawn.
PROGRAMME_DRAW, SEWAGE_DRAW, CENTRE_DRAW = 0, 1, 2


@inlined
def monthly(w: World, p: Inputs, level: float) -> float:
    """Part of a yearly programme, begun with the plan, that falls on the month.

    In the plan's first calendar year all of it falls between the plan's first month and December,
    in later years a twelfth a month; nothing before.
    """
    if w.city.policy == 0:
        return 0.0
    if w.city.year > p.policy_month // 12:
        return level / 12.0
    return level / (12 - (p.policy_month - 12 * (p.policy_month // 12)))


@inlined
def slot_of(month: int) -> int:
    """Place of a month in a ring buffer."""
    return month - RING * (month // RING)


@step
def build(w: World, p: Inputs) -> None:
    """Begin, pay for and complete the public works of the month."""
    factories(w, p)
    housing(w, p)
    villages(w, p)
    sewage(w, p)
    centres(w, p)


@inlined
def takes_part(w: World, z: int) -> bool:
    """Tell whether a zone builds factories: begun before the plan, or drawn in by its support."""
    return w.zone.has_programme[z] == 1 or (
        w.city.policy == 1 and w.zone.joins[z] < w.now.incubator_support
    )


@step
def factories(w: World, p: Inputs) -> None:
    """Standard factories: a part was begun before the plan, the rest spreads to December.

    Each 1,000 m² takes its land from the zone first; what finds no land is not begun.
    """
    c, zone, now = w.city, w.zone, w.now
    months = int(p.factory_build_months + 0.5)
    policy_month = p.policy_month - 12 * (p.policy_month // 12)
    begun = p.factory_begun_share * p.factory_reference
    if c.policy == 1:
        level = now.factory_area * w.tally.execution[FACTORIES]
        if c.year == p.policy_month // 12:
            level -= begun
        area = monthly(w, p, level if level > 0.0 else 0.0)
    elif c.year == p.policy_month // 12 and policy_month > 0:
        area = begun / policy_month
    else:
        area = p.absent.factory_area / 12.0
    weight = 0.0
    for z in range(c.zones):
        if takes_part(w, z):
            weight += w.zone.weight[z]
    now_slot = slot_of(c.t)
    ready = slot_of(c.t + months)
    for z in range(c.zones):
        done = zone.factory_ring[z, now_slot]
        zone.factory_ring[z, now_slot] = 0.0
        zone.factory_building[z] -= done
        zone.vacant[z] += done
        zone.floor_completed[z] += done
        start = area * w.zone.weight[z] / weight if takes_part(w, z) and weight > 0.0 else 0.0
        need = start / 1000.0 * p.factory_land
        room = zone.land[z] if zone.land[z] > 0.0 else 0.0
        if need > room:
            start *= room / need
            need = room
        zone.land[z] -= need
        zone.granted[z] += need
        zone.factory_land[z] += need
        zone.land_used[z] += need
        zone.used_year[z] += need
        zone.factory_ring[z, ready] += start
        zone.factory_building[z] += start
        zone.floor_begun[z] += start
        zone.fai_extra[z] += zone.factory_building[z] * p.factory_cost / 1e8 / months


@step
def housing(w: World, p: Inputs) -> None:
    """Rental units: begun evenly, ready after the building time less the advance."""
    c, zone = w.city, w.zone
    months = int(p.housing_build_months - w.now.housing_advance + 0.5)
    months = 3 if months < 3 else months
    units = monthly(w, p, w.now.housing_units * w.tally.execution[HOUSING])
    ready = slot_of(c.t + months)
    now_slot = slot_of(c.t)
    cost = p.housing_unit_area * p.housing_unit_cost / 1e8
    for z in range(c.zones):
        done = zone.housing_ring[z, now_slot]
        zone.housing_ring[z, now_slot] = 0.0
        zone.housing_building[z] -= done
        zone.housing_units[z] += done
        zone.housing_completed[z] += done
        start = units * w.zone.weight[z]
        zone.housing_ring[z, ready] += start
        zone.housing_building[z] += start
        zone.housing_begun[z] += start
        zone.fai_extra[z] += zone.housing_building[z] * cost / months


@step
def villages(w: World, p: Inputs) -> None:
    """Village relocations: their linkage land comes after the lag; they are rehoused outside.

    That of as many villages as without the plan is a part of the usual land.
    """
    c, zone = w.city, w.zone
    moved = w.now.villages / 12.0 * (w.tally.execution[VILLAGES] if c.policy == 1 else 1.0)
    later = slot_of(c.t + int(p.linkage_lag_months + 0.5))
    for z in range(c.zones):
        start = moved * w.zone.weight[z]
        zone.village_ring[z, later] += start - p.absent.villages / 12.0 * w.zone.weight[z]
        zone.villages_begun[z] += start


@step
def sewage(w: World, p: Inputs) -> None:
    """Sewage plants of the named zones: begun in the plan's first months, ready when built."""
    c, zone = w.city, w.zone
    for z in range(c.zones):
        order = p.zone_sewage[z]
        if order == 0:
            continue
        if c.policy == 1 and zone.sewage_month[z] == 0:
            if order <= w.now.sewage_plants * w.tally.execution[SEWAGE] + 0.5:
                u, v, _, _ = uniforms(w, ZONE, zone.code[z], p.policy_month, SEWAGE_DRAW)
                begun = p.policy_month + int(6.0 * u)
                if c.t >= begun:
                    length = int(p.sewage_build_months * (0.75 + 0.5 * v) + 0.5)
                    zone.sewage_month[z] = c.t + length
                    zone.sewage_begun[z] = 1.0
        if zone.sewage_month[z] > 0 and c.t >= zone.sewage_month[z]:
            zone.sewage_ready[z] = 1.0


@step
def centres(w: World, p: Inputs) -> None:
    """Service centres: once a year each zone may open one, more likely with support."""
    c, zone = w.city, w.zone
    if c.calendar_month != 9:
        return
    odds = p.service_centre_rate * (0.4 + 0.6 * w.now.service_support)
    for z in range(c.zones):
        u, _, _, _ = uniforms(w, ZONE, zone.code[z], c.t, CENTRE_DRAW)
        if u < odds:
            zone.centres[z] += 1.0
            zone.centres_new[z] += 1.0
