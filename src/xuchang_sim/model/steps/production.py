"""Production: what firms make and sell, what they earn, and why they could not sell more."""

from __future__ import annotations

from xuchang_sim.model.kernel import step
from xuchang_sim.model.steps.calendar import power, years_since_base
from xuchang_sim.model.steps.firms import INITIAL, WARM, ramp
from xuchang_sim.model.world import BUILDING, INDUSTRIAL, OPEN, Inputs, World


@step
def produce(w: World, p: Inputs) -> None:
    """Sales are the least of orders, capacity and workers' effort; there are no inventories.

    Before the ledgers open capacity follows demand and sales are orders.
    """
    c, firm, zone = w.city, w.firm, w.zone
    season = p.revenue_season[c.calendar_month]
    month = season / 12.0
    for i in range(c.firms):
        if firm.alive[i] == 0:
            continue
        z = firm.zone[i]
        ordered = firm.b[i] * month
        made = ordered
        if c.phase == OPEN:
            running = firm.kappa[i] * firm.K[i] / 12.0
            if firm.ramping[i] == 1:
                running *= ramp(p, c.t - firm.born[i])
            workers = firm.skilled[i] + firm.unskilled[i]
            makeshift = workers * p.skilled_share_jobs - firm.skilled[i]
            makeshift = 0.0 if makeshift < 0.0 else makeshift
            hands = workers - makeshift * (1.0 - p.unskilled_output)
            effort = p.effort_cap * firm.alpha[i] * 1e-4 * hands
            made = running if running < made else made
            zone.lost_capacity[z] += ordered - made
            zone.wished[z] += ordered
            if effort < made:
                zone.lost_labour[z] += made - effort
                made = effort
            if running > 0.0:
                firm.use[i] += 0.25 * (made / (season * running) - firm.use[i])
        firm.sales[i] = made
        firm.sales_year[i] += made
        zone.revenue[z] += made
        w.tally.sales[z, firm.sector[i]] += made
        if firm.group[i] == INITIAL:
            zone.revenue_incumbents[z] += made
        elif firm.group[i] == WARM:
            zone.revenue_warm[z] += made
        else:
            zone.revenue_new[z] += made
    if c.phase != OPEN:
        return
    for z in range(c.zones):
        lost = zone.lost_rate[z] * month
        zone.lost_capacity[z] += lost
        zone.wished[z] += lost
        zone.revenue_year[z] += zone.revenue[z]
    late_plants(w, p, month)


@step
def late_plants(w: World, p: Inputs, month: float) -> None:
    """Sales of plants that would already run had the bank never been short."""
    project = w.project
    for k in range(w.city.live):
        j = project.live[k]
        if project.state[j] != BUILDING or project.kind[j] != INDUSTRIAL:
            continue
        ahead = project.tau_free[j] - project.duration[j]
        if ahead >= 0.0 and project.tau[j] < project.duration[j]:
            age = int(ahead)
            sold = project.rho[j] * project.realised[j] * project.budget[j]
            w.zone.lost_finance[project.zone[j]] += sold * ramp(p, age) * month


@step
def account(w: World, p: Inputs) -> None:
    """Book incomes and balance sheets.

    Sales = inputs + wages + depreciation + interest + surcharges + profit; a part of a positive
    profit is paid out, loans are repaid, the rest is kept as cash.
    """
    c, firm, zone = w.city, w.firm, w.zone
    pay = p.wage * power(1.0 + p.wage_growth, years_since_base(p, c.t)) * p.labour_cost_factor
    repay = p.repayment_quarter / 3.0
    inputs = 1.0 - c.gross_margin
    for z in range(c.zones):
        zone.workers[z] = 0.0
        zone.capital[z] = 0.0
    for i in range(c.firms):
        if firm.alive[i] == 0:
            continue
        z = firm.zone[i]
        sales = firm.sales[i]
        workers = firm.skilled[i] + firm.unskilled[i]
        wages = workers * pay * zone.tightness[z] / 1e8
        interest = firm.debt[i] * (firm.rate[i] - w.now.spread_cut) / 1200.0
        profit = sales * (1.0 - inputs - p.surcharge_rate) - wages - firm.worn[i] - interest
        paid_out = p.payout_share * profit if profit > 0.0 else 0.0
        repaid = firm.debt[i] * repay
        firm.cash[i] += profit + firm.worn[i] - paid_out - repaid - firm.added[i]
        firm.debt[i] -= repaid
        firm.equity[i] += profit - paid_out
        c.loans_repaid += repaid
        zone.wages[z] += wages
        zone.depreciation[z] += firm.worn[i]
        zone.interest[z] += interest
        zone.profit[z] += profit
        zone.workers[z] += workers
        zone.capital[z] += firm.K[i]
    c.loans -= c.loans_repaid
    for z in range(c.zones):
        zone.intermediate[z] = inputs * zone.revenue[z]
        zone.surcharges[z] = p.surcharge_rate * zone.revenue[z]
        zone.profit_tax[z] = zone.profit[z] + zone.surcharges[z] + p.vat_rate * zone.revenue[z]
