"""Statistics: what is reported, how zones are ranked, and what is updated once a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xuchang_sim.model.kernel import step
from xuchang_sim.model.steps.calendar import power
from xuchang_sim.model.steps.firms import odds_of_default
from xuchang_sim.model.steps.land import MU_PER_KM2, YI_PER_WAN, update_premium
from xuchang_sim.model.streams import MASK, RESEARCH, uniforms
from xuchang_sim.model.world import TILE

if TYPE_CHECKING:
    from xuchang_sim.model.world import Inputs, World


@step
def report(w: World, p: Inputs) -> None:
    """Reported revenue: sales in scope + scope inflow + boundary enlargement; copies of stocks.

    Which firms are in scope is settled every January by last year's sales; plants of large
    projects are in scope from birth. The inflow of new firms above designated size and the firms of annexed
    land exist in the statistics only.
    """
    c, firm, zone, temp = w.city, w.firm, w.zone, w.temp
    threshold = p.scope_threshold * YI_PER_WAN
    # The list of firms of the base year gives the base year's total; it changes in January.
    if c.calendar_month == 0:
        for i in range(c.firms):
            if firm.born[i] < c.t - 11 or firm.project[i] < 0:
                firm.in_scope[i] = 1 if firm.sales_last[i] >= threshold else 0
    for z in range(c.zones):
        zone.firms[z] = 0.0
        zone.seekers[z] = zone.skilled[z] + zone.unskilled[z]
        zone.land_idle[z] = zone.land[z]
        zone.floor_vacant[z] = zone.vacant[z]
        zone.infrastructure[z] = zone.index[z]
        zone.platform_cash[z] = zone.cash[z]
        zone.platform_debt[z] = zone.debt[z]
        zone.platform_equity[z] = zone.equity[z]
    for begin in range(0, c.firms, TILE):
        end = min(begin + TILE, c.firms)
        for i in range(begin, end):
            counts = (firm.alive[i] == 1) & (firm.in_scope[i] == 1)
            temp.reported[i - begin] = firm.sales[i] if counts else 0.0
            temp.independent[i - begin] = 1.0 if counts & (firm.owner[i] == i) else 0.0
        for i in range(begin, end):
            z = firm.zone[i]
            zone.reported[z] += temp.reported[i - begin]
            zone.firms[z] += temp.independent[i - begin]
    inflow = p.scope_inflow * (c.year - p.base_year)
    season = p.revenue_season[c.calendar_month] / 12.0
    for z in range(c.zones):
        zone.reported[z] += inflow * zone.revenue[z]
        developed = zone.annexed[z] * MU_PER_KM2 * p.boundary_developed_share
        zone.reported[z] += developed * p.mature_output_intensity * YI_PER_WAN * season


@step
def evaluate(w: World, p: Inputs) -> None:
    """Every quarter rank the zones by growth of revenue and investment; effort follows rank.

    Zones that rank low try harder, the mean effort stays the lever's. In December the best three
    that had a project of 20亿 and more win an award, paid into their platforms next June.
    """
    c, zone = w.city, w.zone
    for z in range(c.zones):
        zone.score[z] += zone.revenue[z] + zone.fai[z]
    if (c.calendar_month + 1) % 3 != 0:
        return
    for z in range(c.zones):
        ahead = 0
        for y in range(c.zones):
            mine = zone.score[z] * zone.score_base[y]
            other = zone.score[y] * zone.score_base[z]
            if other > mine or (other == mine and zone.code[y] < zone.code[z]):
                ahead += 1
        zone.rank[z] = ahead + 1.0
    for z in range(c.zones):
        zone.score_base[z] = zone.score[z]
        zone.score[z] = 0.0
        if c.policy == 1 and c.zones > 1:
            zone.effort[z] = 2.0 * (zone.rank[z] - 1.0) / (c.zones - 1)
    if c.policy == 1 and c.calendar_month == 11:
        given = 0
        for place in range(1, c.zones + 1):
            for z in range(c.zones):
                if zone.rank[z] == place and zone.large_year[z] == 1.0 and given < 3:
                    zone.award[z] = 1
                    given += 1


@step
def close_year(w: World, p: Inputs) -> None:
    """December: gains of productivity for the year to come, land premium, dragon heads.

    Clusters, training and research act at the turn of the year and are small by design.
    """
    c, firm, zone = w.city, w.firm, w.zone
    if c.calendar_month != 11:
        return
    update_premium(w)
    elasticity = p.agglomeration_elasticity * (12.0 / p.agglomeration_months)
    tally = w.tally
    for z in range(c.zones):
        for s in range(c.sectors):
            now, before = tally.sales[z, s], tally.sales_last[z, s]
            grown = now > 0.0 and before > 0.0
            tally.cluster[z, s] = power(now / before, elasticity) if grown else 1.0
    for i in range(c.firms):
        if firm.alive[i] == 0:
            continue
        z = firm.zone[i]
        gain = tally.cluster[z, firm.sector[i]]
        gain *= 1.0 + p.trained_premium * zone.graduates_year[z] / (1.0 + zone.workers[z])
        founded = research(w, p, i)
        gain *= 1.0 + p.rd_gain * founded
        firm.gain[i] = gain
    for z in range(c.zones):
        zone.dragon_heads[z] = 0.0
        zone.default_odds[z] = 0.0
    dragons(w, p)


@step
def research(w: World, p: Inputs, i: int) -> float:
    """Return 1 if the firm founds a research centre this December (backbone firms only)."""
    firm, zone = w.firm, w.zone
    if firm.research[i] > 0 or firm.sales_year[i] < p.rd_backbone_revenue or w.city.policy == 0:
        return 0.0
    block = firm.group[i] | ((firm.id[i] >> 32) << 2)
    u, _, _, _ = uniforms(w, RESEARCH, firm.id[i] & MASK, w.city.t, block)
    support = 0.4 + 0.6 * w.now.rd_support
    if u < p.rd_rate_provincial * support:
        firm.research[i] = 2
        zone.research_province[firm.zone[i]] += 1.0
        zone.research_city[firm.zone[i]] += 1.0
        return 1.0
    if u < p.rd_rate * support:
        firm.research[i] = 1
        zone.research_city[firm.zone[i]] += 1.0
        return 1.0
    return 0.0


@step
def dragons(w: World, p: Inputs) -> None:
    """Count firms of leading-enterprise size, plants added to their owners; mean default odds."""
    c, firm, zone, temp = w.city, w.firm, w.zone, w.temp
    for i in range(c.firms):
        temp.group_sales[i] = 0.0
    for i in range(c.firms):
        if firm.alive[i] == 1:
            owner = firm.owner[i]
            if firm.alive[owner] == 0:
                owner = i
            temp.group_sales[owner] += firm.sales_year[i]
    for i in range(c.firms):
        assets = firm.K[i] + firm.other[i] + (firm.cash[i] if firm.cash[i] > 0.0 else 0.0)
        owed = assets - firm.equity[i]
        # Closed rows own nothing; they are left out below.
        temp.odds[i] = odds_of_default(owed / (assets if assets > 0.0 else 1.0))
    for i in range(c.firms):
        z = firm.zone[i]
        if temp.group_sales[i] >= p.dragon_head_revenue:
            zone.dragon_heads[z] += 1.0
        if firm.alive[i] == 1 and zone.capital[z] > 0.0:
            zone.default_odds[z] += firm.K[i] / zone.capital[z] * temp.odds[i]
