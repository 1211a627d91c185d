"""Money: the zones' platforms and the one bank limit that all projects share."""

from __future__ import annotations

from xuchang_sim.model.kernel import step
from xuchang_sim.model.sorting import sort_keys
from xuchang_sim.model.steps.calendar import clip, power
from xuchang_sim.model.steps.land import YI_PER_WAN
from xuchang_sim.model.world import CLASSES, Inputs, World

CLOSENESS = 1048575.0  # steps of progress that rationing of bank money distinguishes: 20 bits
CLASS_BITS = 14  # projects of one class of progress agree in all but the last bits


@step
def platforms(w: World, p: Inputs) -> None:
    """Each platform raises money, pays its debt, services land and builds works.

    Order of uses: interest, repayment, land preparation, works. Spending up to the absent level's
    twelfth is old public spending inside the small lump; what goes beyond is a plan extra.
    """
    c, zone, now = w.city, w.zone, w.now
    cost = p.land_preparation_cost * YI_PER_WAN
    base = p.absent.platform_financing / 12.0
    first = 1.0 if c.policy == 1 and c.t == p.policy_month else 0.0
    for z in range(c.zones):
        injected = 0.0
        if c.calendar_month == 5:
            injected = now.fiscal_injection / c.zones + p.award * zone.award[z]
            zone.award[z] = 0
        assets = now.platform_asset_injection * first
        interest = zone.debt[z] * (p.rate_medium - now.spread_cut) / 1200.0
        repaid = zone.debt[z] * p.repayment_quarter / 3.0
        gap = (1.0 - zone.index[z]) * p.infrastructure_cost
        works = p.infrastructure_spend_cap / 12.0
        works = gap if gap < works else works
        works = base if works < base else works
        need = cost * zone.quota[z] + works + interest + repaid - zone.cash[z] - injected
        room = p.platform_leverage_cap * (zone.equity[z] + injected + assets) - zone.debt[z]
        borrowed = now.platform_financing / 12.0
        borrowed = need if need < borrowed else borrowed
        borrowed = room if room < borrowed else borrowed
        borrowed = 0.0 if borrowed < 0.0 else borrowed
        cash = zone.cash[z] + injected + borrowed
        interest = cash if cash < interest else interest
        cash -= interest
        repaid = cash if cash < repaid else repaid
        cash -= repaid
        serviced = zone.quota[z]
        serviced = cash / cost if cash < cost * serviced else serviced
        cash -= cost * serviced
        cash = 0.0 if cash < 0.0 else cash
        works = cash if cash < works else works
        cash -= works
        spent = cost * serviced + works
        zone.cash[z] = cash
        zone.debt[z] += borrowed - repaid
        zone.equity[z] += injected + assets - interest
        zone.works[z] += spent + assets
        zone.quota[z] -= serviced
        zone.land[z] += serviced
        zone.supply[z] += serviced
        zone.land_serviced[z] += serviced
        zone.posted_year[z] += serviced
        zone.index[z] = clip(zone.index[z] + works / p.infrastructure_cost, 0.0, 1.0)
        zone.base_spent[z] = spent if spent < base else base
        zone.fai_extra[z] += spent - zone.base_spent[z]
        zone.platform_financing[z] += borrowed + injected
        zone.platform_borrowed[z] += borrowed
        zone.platform_injected[z] += injected
        zone.platform_assets_in[z] += assets
        zone.platform_interest[z] += interest
        zone.platform_repaid[z] += repaid
        zone.platform_spent[z] += spent
        c.platform_excess += p.platform_bank_share * (borrowed - base)


@step
def bank_limit(w: World, p: Inputs) -> None:
    """Set what banks may lend to projects this month, and the grants of the month.

    limit = draws before opening * (1 + g)^years * credit^elasticity * season / 12 * (1 + bonus)
    + guarantees - crowding out; an unused limit carries over within the year, a negative limit counts as zero.
    """
    c, now = w.city, w.now
    season = p.fai_season[c.calendar_month] / 12.0
    years = c.year - (p.opening // 12 - 1)
    grown = c.draws_base * power(1.0 + p.credit_growth, 1.0 * years)
    grown *= power(p.credit[c.t - p.pipeline_start], p.credit_elasticity)
    limit = grown * season * (1.0 + now.bank_limit_bonus)
    if c.policy == 1:
        months = 12 - (p.policy_month - 12 * (p.policy_month // 12))
        if c.year > p.policy_month // 12:
            months = 12
        limit += now.guarantee_pool * p.guarantee_multiplier / months
        c.grant_left = now.grant_pool / months
    share = clip(p.crowd_out + now.crowd_out_shift, 0.0, 1.0)
    limit -= share * c.platform_excess
    c.limit = limit if limit > 0.0 else 0.0
    c.limit_year += c.limit


@step
def grants(w: World, sites: int, leading: float) -> float:
    """Grant money replaces wanted draws of leading-industry projects, pro rata; return its sum.

    ``leading`` is the sum of their wanted draws, 亿元; ``temp.site`` lists the building projects.
    """
    c, project = w.city, w.project
    part = c.grant_left / leading
    part = 1.0 if part > 1.0 else part
    for n in range(sites):
        j = w.temp.site[n]
        given = part * project.draw[j] if project.leads[j] == 1 else 0.0
        project.grant[j] += given
        project.draw[j] -= given
    c.grant_left -= part * leading
    return part * leading


@step
def ration(w: World, p: Inputs, sites: int, wanted: float) -> float:
    """Hold the draws of building projects to the bank's limit; return what is granted.

    If the limit does not suffice, projects closest to completion are served first, ties by date
    (Fernandes and Rigato: in a credit crunch completions go on, starts wait).
    """
    c = w.city
    available = c.limit + c.unused
    granted = wanted
    if wanted > available and not (p.free_credit == 1 and c.policy == 1):
        left = serve(w, sites, available)
        granted = available - left
    c.unused = available - granted if available > granted else 0.0
    c.drawn_year += granted
    return granted


@step
def serve(w: World, sites: int, available: float) -> float:
    """Serve wanted draws by closeness to completion while money lasts; return what is left.

    Classes of progress are served whole; only the class in which the money ends is put in order.
    """
    project, site, drawn = w.project, w.temp.site, w.temp.drawn
    for k in range(CLASSES):
        drawn[k] = 0.0
    for n in range(sites):
        j = site[n]
        behind = int((1.0 - project.tau[j] / project.duration[j]) * CLOSENESS)
        project.key[n] = (behind << 43) | (project.started[j] << 27) | j
        drawn[behind >> CLASS_BITS] += project.draw[j]
    left = available
    last = 0
    while last < CLASSES and drawn[last] <= left:
        left -= drawn[last]
        last += 1
    count = 0
    for n in range(sites):
        j = site[n]
        at = project.key[n] >> (43 + CLASS_BITS)
        project.draw[j] = 0.0 if at > last else project.draw[j]
        project.key[count] = project.key[n]
        count += 1 if at == last else 0
    sort_keys(w, count)
    for k in range(count):
        j = project.key[k] & 0x7FFFFFF
        project.draw[j] = left if project.draw[j] > left else project.draw[j]
        left -= project.draw[j]
    return left
