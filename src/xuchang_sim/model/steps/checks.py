"""Identities: what must hold at the end of every month, in any replicate.

The numbers are those of the list of invariants in ``docs/odd.md``. A failed check sets the error
code CODES * number + zone; nothing is mended.
"""

from __future__ import annotations

from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.steps.firms import commissioning_delay
from xuchang_sim.model.world import (
    ABANDONED,
    APPROVAL,
    BUILDING,
    CITY,
    CODES,
    DONE,
    DROPPED,
    OPEN,
    Inputs,
    World,
)

TOLERANCE = 1e-9
# Faults of the whole city: of its ledgers, of what they balance with, of its capital or its limit.
BALANCE, CAPITAL = CITY + 1, CITY + 2


@inlined
def differs(x: float, y: float, scale: float) -> bool:
    """Tell whether two numbers differ by more than the tolerance of their magnitude."""
    size = abs(x) if abs(x) > abs(y) else abs(y)
    size = scale if scale > size else size
    # Written so that a NaN on either side counts as a difference.
    return not abs(x - y) <= TOLERANCE * size


@inlined
def fault(w: World, number: int, z: int) -> None:
    """Record the first fault of the month."""
    if w.city.code == 0:
        w.city.code = CODES * number + z


@step
def remember(w: World) -> None:
    """Keep the stocks against which the next month's flows are checked."""
    c, zone = w.city, w.zone
    c.loans_before = c.loans
    c.cip_before = c.cip
    c.capital_before = 0.0
    for i in range(c.firms):
        c.capital_before += w.firm.K[i]
    c.labour_force = people(w)
    for z in range(c.zones):
        zone.land_before[z] = zone.land[z]
        zone.vacant_before[z] = zone.vacant[z]
        zone.cash_before[z] = zone.cash[z]


@step
def people(w: World) -> float:
    """All persons of the model: employed, seeking, in training, reachable outside."""
    total = 0.0
    for i in range(w.city.firms):
        total += w.firm.skilled[i] + w.firm.unskilled[i]
    for z in range(w.city.zones):
        total += w.zone.skilled[z] + w.zone.unskilled[z]
        total += w.zone.in_training[z] + w.zone.outside[z]
    return total


@step
def check(w: World, p: Inputs) -> None:
    """Test all identities of the month."""
    check_land(w)
    check_projects(w, p)
    check_money(w, p)
    check_people(w, p)
    check_sales(w, p)
    remember(w)


@step
def inspect(w: World, p: Inputs) -> None:
    """Check the month if the run is one that is checked and the ledgers are open."""
    if p.check == 1 and w.city.code == 0 and w.city.phase == OPEN:
        check(w, p)


@step
def check_land(w: World) -> None:
    """Check identities 1 (land ledgers), 2 (land of dropped projects) and 3 (floor)."""
    c, zone, project = w.city, w.zone, w.project
    # The remainder of a ledger carries the rounding of everything that went through it.
    posted = c.reserve_posted if c.reserve_posted > 1.0 else 1.0
    if differs(c.reserve, c.reserve_posted - c.reserve_used, posted):
        fault(w, 1, CITY)
    if c.reserve < -TOLERANCE * posted:
        fault(w, 1, CITY)
    for z in range(c.zones):
        zone.checked_land[z] = zone.factory_land[z]
    # A row of no zone is in no sum, and is missed there.
    for j in range(c.projects):
        z = project.zone[j]
        if 0 <= z < c.zones:
            zone.checked_land[z] += project.land[j]
    for z in range(c.zones):
        held = zone.checked_land[z]
        flow = zone.land_serviced[z] + zone.reserve_drawn[z]
        flow += zone.land_returned[z] - zone.land_used[z]
        if differs(zone.land[z], zone.land_before[z] + flow, 1.0) or zone.land[z] < -1e-6:
            fault(w, 1, z)
        supply = zone.land_opening[z] + zone.held_opening[z] + zone.supply[z]
        if differs(zone.land[z] + held, supply, 1.0):
            fault(w, 1, z)
        floor = zone.vacant_before[z] + zone.floor_completed[z] + zone.floor_released[z]
        if differs(zone.vacant[z], floor - zone.floor_leased[z], 1.0) or zone.vacant[z] < -1e-6:
            fault(w, 3, z)
    for j in range(c.projects):
        ended = project.state[j] == DROPPED or project.state[j] == ABANDONED
        if ended and (project.land[j] != 0.0 or project.floor[j] != 0.0):
            fault(w, 2, project.zone[j])


@step
def check_projects(w: World, p: Inputs) -> None:
    """Check identities 4 (conservation, order, dates), 5 (money), 10 (equity), 17 (spending), 22 (gaps)."""
    c, project = w.city, w.project
    # An owner who adds equity does so until nothing is left to be lent.
    patience = max(p.gap_drop, p.gap_wait + 1.0 / p.own_money_raise) + 1.0
    delay = commissioning_delay(p.absent.commissioning_gain)
    counted = 0
    live = 0
    for j in range(c.projects):
        state, z = project.state[j], project.zone[j]
        if APPROVAL <= state <= ABANDONED:
            counted += 1
        if state < DONE:
            live += 1
        began = state == BUILDING or state == DONE or state == ABANDONED
        if began and not (project.arrived[j] <= project.ready[j] <= project.started[j] <= c.t):
            fault(w, 4, z)
        if not began and project.spent[j] != 0.0:
            fault(w, 4, z)
        if state >= DONE and not (project.arrived[j] <= project.ended[j] <= c.t):
            fault(w, 4, z)
        budget = project.budget[j]
        bank = project.loan[j] + project.grant[j]
        # Loans of what was complete before the firms began are part of the initial firms' debt.
        if state == BUILDING or (state == DONE and project.ended[j] + delay >= p.firms_start):
            own = project.spent[j] - bank
            if own > (1.0 - project.bank[j]) * budget * (1.0 + 1e-9) + 1e-9:
                fault(w, 5, z)
            if bank > project.bank[j] * budget * (1.0 + 1e-9) + 1e-12:
                fault(w, 5, z)
            s = project.sector[j]
            if s >= 0 and project.own[j] < p.sector_own[s] - 1e-12:
                fault(w, 10, z)
        if not project.spent[j] <= budget * (1.0 + 1e-12):
            fault(w, 5, z)
        if state == DONE and differs(project.spent[j], budget, 0.0):
            fault(w, 5, z)
        if state == BUILDING and project.tau[j] > project.duration[j]:
            fault(w, 17, z)
        if state == BUILDING and project.gap[j] > patience:
            fault(w, 22, z)
    if counted != c.arrivals_total or c.projects != c.arrivals_total or live != c.live:
        fault(w, 4, CITY)


@step
def check_money(w: World, p: Inputs) -> None:
    """Check identities 6 (investment), 7 (capital), 8 (bank), 9 (LGFVs), 15 (balance sheets)."""
    c, zone, firm, project = w.city, w.zone, w.firm, w.project
    total = 0.0
    for z in range(c.zones):
        classes = zone.fai_industrial[z] + zone.fai_infrastructure[z]
        if differs(classes, zone.fai_carried[z] + zone.fai_new[z], 1e-3):
            fault(w, 6, z)
        total += classes
        classes += zone.fai_small[z] + zone.fai_extra[z]
        if differs(zone.fai[z], classes, 1e-3):
            fault(w, 6, z)
        cash = zone.cash_before[z] + zone.platform_injected[z] + zone.platform_borrowed[z]
        cash += zone.platform_receipts[z] - zone.platform_spent[z]
        cash -= zone.platform_interest[z] + zone.platform_repaid[z]
        if differs(zone.cash[z], cash, 1.0) or zone.cash[z] < -TOLERANCE:
            fault(w, 9, z)
        if zone.platform_borrowed[z] > 0.0:
            before = zone.equity[z] + zone.platform_interest[z]
            if zone.debt[z] > p.platform_leverage_cap * before * (1.0 + 1e-9) + 1e-9:
                fault(w, 9, z)
        if differs(zone.cash[z] + zone.works[z], zone.debt[z] + zone.equity[z], 1.0):
            fault(w, 15, z)
    if differs(c.cip, c.cip_before + total - c.capitalised - c.written_off, 1.0):
        fault(w, 7, CITY)
    building = 0.0
    owed = 0.0
    for j in range(c.projects):
        if project.state[j] == BUILDING:
            building += project.spent[j]
            owed += project.loan[j]
        elif project.state[j] == DONE and project.plant[j] < 0:
            owed += project.loan[j]
    if differs(c.cip, building, 1.0):
        fault(w, 7, BALANCE)
    capital = 0.0
    for i in range(c.firms):
        capital += firm.K[i]
        owed += firm.debt[i]
        if firm.alive[i] == 1:
            balance = firm.K[i] + firm.other[i] + firm.cash[i]
            if differs(balance, firm.debt[i] + firm.equity[i], 1.0):
                fault(w, 15, firm.zone[i])
    if differs(capital, c.capital_before + c.capital_added - c.capital_lost, 1.0):
        fault(w, 7, CAPITAL)
    if differs(c.loans, owed, 1.0):
        fault(w, 8, BALANCE)
    moved = c.loans_before + c.loans_drawn - c.loans_repaid - c.loans_lost
    if differs(c.loans, moved, 1.0):
        fault(w, 8, CITY)
    if p.free_credit == 0 and c.drawn_year > c.limit_year * (1.0 + 1e-9) + 1e-9:
        fault(w, 8, CAPITAL)


@step
def check_people(w: World, p: Inputs) -> None:
    """Check identities 11 (persons) and 12 (training)."""
    c, zone = w.city, w.zone
    if differs(people(w), c.labour_force + c.labour_entered, 1.0):
        fault(w, 11, CITY)
    for z in range(c.zones):
        if not (zone.skilled[z] >= -1e-6 and zone.unskilled[z] >= -1e-6):
            fault(w, 11, z)
        if not (zone.outside[z] >= -1e-6 and zone.in_training[z] >= -1e-6):
            fault(w, 11, z)
    if not c.training_spent <= c.training_budget * (1.0 + 1e-9) + 1e-12:
        fault(w, 12, CITY)


@step
def check_sales(w: World, p: Inputs) -> None:
    """Check identities 13 (limits of output), 14 (income), 16 (sums) and 20 (magnitudes)."""
    c, zone, firm = w.city, w.zone, w.firm
    season = p.revenue_season[c.calendar_month] / 12.0
    for z in range(c.zones):
        zone.checked_sales[z] = 0.0
        zone.checked_workers[z] = 0.0
    for i in range(c.firms):
        z = firm.zone[i]
        if firm.alive[i] == 1 and 0 <= z < c.zones:
            zone.checked_sales[z] += firm.sales[i]
            zone.checked_workers[z] += firm.skilled[i] + firm.unskilled[i]
    for z in range(c.zones):
        sold, hands = zone.checked_sales[z], zone.checked_workers[z]
        if differs(zone.revenue[z], sold, 1e-3) or differs(zone.workers[z], hands, 1.0):
            fault(w, 16, z)
        parts = zone.revenue_incumbents[z] + zone.revenue_warm[z] + zone.revenue_new[z]
        if differs(zone.revenue[z], parts, 1e-3):
            fault(w, 16, z)
        spent = zone.intermediate[z] + zone.wages[z] + zone.depreciation[z]
        spent += zone.interest[z] + zone.surcharges[z] + zone.profit[z]
        if differs(zone.revenue[z], spent, 1e-3):
            fault(w, 14, z)
        taxed = zone.profit[z] + zone.surcharges[z] + p.vat_rate * zone.revenue[z]
        if differs(zone.profit_tax[z], taxed, 1e-3):
            fault(w, 14, z)
        if not (zone.revenue[z] < 1e4 and zone.fai[z] < 1e4 and zone.workers[z] < 1e8):
            fault(w, 20, z)
        if not (zone.land[z] < 1e7 and zone.vacant[z] < 1e9 and zone.cash[z] < 1e4):
            fault(w, 20, z)
    for i in range(c.firms):
        if firm.alive[i] == 0:
            continue
        full = firm.kappa[i] * firm.K[i] * season
        workers = firm.skilled[i] + firm.unskilled[i]
        able = p.effort_cap * (12.0 * season) * firm.alpha[i] * 1e-4 * workers
        slack = 1e-9 * (1.0 + full)
        within = firm.sales[i] <= full + slack and firm.sales[i] <= firm.b[i] * season + slack
        if not (within and (firm.sales[i] <= able * (1.0 + 1e-9) + slack)):
            fault(w, 13, firm.zone[i])
