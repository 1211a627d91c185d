"""Production: what firms make and sell, what they earn, and why they could not sell more."""

from __future__ import annotations

from xuchang_sim.model.kernel import step
from xuchang_sim.model.steps.calendar import power, years_since_base
from xuchang_sim.model.steps.firms import NEW, ramp
from xuchang_sim.model.world import (
    OPEN,
    REVENUE_OF_GROUP,
    TILE,
    Inputs,
    World,
)


@step
def produce(w: World, p: Inputs) -> None:
    """Sales are the least of orders, capacity and workers' effort; there are no inventories.

    Before the ledgers open capacity follows demand and sales are orders.
    """
    c, firm, zone = w.city, w.firm, w.zone
    season = p.revenue_season[c.calendar_month]
    month = season / 12.0
    for begin in range(0, c.firms, TILE):
        end = min(begin + TILE, c.firms)
        if c.phase == OPEN:
            make(w, p, season, begin, end)
        else:
            for i in range(begin, end):
                firm.sales[i] = firm.b[i] * month
        for i in range(begin, end):
            z, made = firm.zone[i], firm.sales[i]
            firm.sales_year[i] += made
            w.tally.sales[z, firm.sector[i]] += made
            group = firm.group[i]
            zone.measures[REVENUE_OF_GROUP + (NEW if group > NEW else group), z] += made
    for z in range(c.zones):
        zone.revenue[z] = zone.revenue_incumbents[z] + zone.revenue_warm[z] + zone.revenue_new[z]
    if c.phase != OPEN:
        return
    for z in range(c.zones):
        zone.lost_capacity[z] += zone.lost_rate[z] * month
        # Orders are sold, or lost for one of two reasons.
        zone.wished[z] = zone.revenue[z] + zone.lost_capacity[z] + zone.lost_labour[z]
    late_plants(w, p, month)


@step
def make(w: World, p: Inputs, season: float, begin: int, end: int) -> None:
    """Output of each firm of a tile; orders it cannot fill are booked by reason.

    Closed rows have neither orders nor capital nor workers. The first loop has no branches, so
    that the compiler can work on several firms at a time.
    """
    c, firm, zone, temp = w.city, w.firm, w.zone, w.temp
    month = season / 12.0
    skilled_share, lack = p.skilled_share_jobs, 1.0 - p.unskilled_output
    # Capacity is that of a year and follows the season, as the same plants sold their base year.
    # Normal hours do, too; beyond them there is so much overtime.
    cap = p.effort_cap * season
    now, start, rise = c.t, p.ramp_start, (1.0 - p.ramp_start) / p.ramp_months
    for i in range(begin, end):
        ordered = firm.b[i] * month
        reached = start + rise * (now - firm.born[i])
        reached = 1.0 if reached > 1.0 or firm.ramping[i] == 0 else reached
        full = firm.kappa[i] * firm.K[i] * reached * month
        skilled = firm.skilled[i]
        workers = skilled + firm.unskilled[i]
        makeshift = workers * skilled_share - skilled
        makeshift = 0.0 if makeshift < 0.0 else makeshift
        effort = cap * firm.alpha[i] * 1e-4 * (workers - makeshift * lack)
        made = full if full < ordered else ordered
        temp.missed[i - begin] = ordered - made
        short = made - effort
        temp.unmanned[i - begin] = 0.0 if short < 0.0 else short
        made = effort if effort < made else made
        use = made / (full if full > 0.0 else 1.0) - firm.use[i]
        firm.use[i] += 0.25 * use if full > 0.0 else 0.0
        firm.sales[i] = made
    for i in range(begin, end):
        z = firm.zone[i]
        zone.lost_capacity[z] += temp.missed[i - begin]
        zone.lost_labour[z] += temp.unmanned[i - begin]


@step
def late_plants(w: World, p: Inputs, month: float) -> None:
    """Sales of plants that would already run had the bank never been short."""
    project = w.project
    for k in range(w.city.late):
        j = project.late[k]
        age = int(project.tau_free[j] - project.duration[j])
        sold = project.rho[j] * project.realised[j] * project.budget[j] * w.city.yield_now
        w.zone.lost_finance[project.zone[j]] += sold * ramp(p, age) * month


@step
def account(w: World, p: Inputs) -> None:
    """Book incomes and balance sheets.

    Sales = inputs + wages + depreciation + interest + surcharges + profit; a part of a positive
    profit is paid out, loans are repaid, the rest is kept as cash.
    """
    c, firm, zone, temp = w.city, w.firm, w.zone, w.temp
    pay = p.wage * power(1.0 + p.wage_growth, years_since_base(p, c.t)) * p.labour_cost_factor
    repay = p.repayment_quarter / 3.0
    inputs = 1.0 - c.gross_margin
    kept = 1.0 - inputs - p.surcharge_rate
    owed = 0.0
    fall, payout = w.now.spread_cut, p.payout_share
    for z in range(c.zones):
        zone.workers[z] = 0.0
        zone.capital[z] = 0.0
    for begin in range(0, c.firms, TILE):
        end = min(begin + TILE, c.firms)
        for i in range(begin, end):
            temp.pay[i - begin] = pay / 1e8 * zone.pay[firm.zone[i]]
        # Closed rows sell, own and owe nothing. No branches: several firms at a time.
        for i in range(begin, end):
            worn, debt = firm.worn[i], firm.debt[i]
            wages = (firm.skilled[i] + firm.unskilled[i]) * temp.pay[i - begin]
            interest = debt * (firm.rate[i] - fall) * (1.0 / 1200.0)
            profit = firm.sales[i] * kept - wages - worn - interest
            paid_out = payout * profit if profit > 0.0 else 0.0
            repaid = debt * repay
            firm.cash[i] += profit + worn - paid_out - repaid - firm.added[i]
            firm.debt[i] = debt - repaid
            firm.equity[i] += profit - paid_out
            temp.debt[i - begin] = debt
            temp.interest[i - begin] = interest
        for i in range(begin, end):
            z = firm.zone[i]
            owed += temp.debt[i - begin]
            zone.depreciation[z] += firm.worn[i]
            zone.interest[z] += temp.interest[i - begin]
            zone.workers[z] += firm.skilled[i] + firm.unskilled[i]
            zone.capital[z] += firm.K[i]
    c.loans_repaid = repay * owed
    c.loans -= c.loans_repaid
    for z in range(c.zones):
        zone.intermediate[z] = inputs * zone.revenue[z]
        zone.surcharges[z] = p.surcharge_rate * zone.revenue[z]
        zone.wages[z] = zone.workers[z] * pay / 1e8 * zone.pay[z]
        costs = zone.wages[z] + zone.depreciation[z] + zone.interest[z]
        zone.profit[z] = kept * zone.revenue[z] - costs
        zone.profit_tax[z] = zone.profit[z] + zone.surcharges[z] + p.vat_rate * zone.revenue[z]
