"""Firms: their orders and shocks, the small lump, births of plants and tenants, exit.

One module because firms share one table of rows: who enters, grows and leaves moves the same columns.
"""

from __future__ import annotations

import math

from xuchang_sim.model.elementary import exp, log
from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.steps.calendar import clip, power, tide, years_since_base
from xuchang_sim.model.steps.labour import release
from xuchang_sim.model.steps.land import YI_PER_WAN, return_land
from xuchang_sim.model.streams import (
    MARKET,
    MASK,
    OWNER,
    SHOCK_PLANT,
    SHOCK_TENANT,
    normals,
    philox,
    uniforms,
    unit,
)
from xuchang_sim.model.world import CODES, INDUSTRIAL, KEEPS, OPEN, REPEATS, TILE, Inputs, World

TOO_MANY_FIRMS = 103 * CODES
INITIAL, WARM, NEW, TENANT = 0, 1, 2, 3  # groups of firm rows
OWNERS_FROM = 2  # a list of owners saves work from one birth in every second zone and sector on
FIRST_YEAR = math.sqrt(650.0 / 144.0)  # sd of the first year's mean of a walk, in steps
HIRES_AHEAD = 2  # months by which a plant's hands come before its orders
USE_LOW, IDLE_LIMIT = 0.3, 6  # a firm whose use stays below this share for 6 months closes
SLOWEST = 0.02  # real growth of the nation, at least, where new capacity shares it


@inlined
def ramp(p: Inputs, age: int) -> float:
    """Share of full operation a plant has reached, by months since birth."""
    return min(1.0, p.ramp_start + (1.0 - p.ramp_start) * age / p.ramp_months)


@step
def shocks(w: World, begin: int, end: int) -> None:
    """Draw two random words for each firm row of a tile: one loop that can be vectorised."""
    c, firm, temp = w.city, w.firm, w.temp
    low, high = c.seed & MASK, (c.seed >> 32) & MASK
    month, replicate, salt = c.t & MASK, c.replicate & MASK, c.salt
    # With every word masked the compiler can multiply them four at a time.
    for i in range(begin, end):
        stream = (firm.stream[i] + salt) & MASK
        a, b, _, _ = philox(firm.id[i] & MASK, month, replicate, stream, low, high)
        temp.word_0[i - begin] = a
        temp.word_1[i - begin] = b


@inlined
def jump(u: float, size: float) -> float:
    """Factor on a firm's orders of a Laplace jump of scale ``size``, from a uniform."""
    below = u < 0.5
    depth = size * log(2.0 * (u if below else 1.0 - u))
    return exp(depth if below else -depth)


@inlined
def correction(a: float, before: float, after: float) -> float:
    """One over the mean of the factor in a month that begins and ends at these parts of a year."""
    return (1.0 - a * a * after) / (1.0 - a * a * before)


@step
def orders(w: World, p: Inputs) -> None:
    """Incumbents' orders grow with demand, shocks move shares, full firms lose orders.

    Shocks are centred by sector: the sum of orders grows by exactly the sector's demand. Before
    the ledgers open, initial firms and warm-up plants are centred apart, so that the revenue of
    the former is exactly linear in their scale. Closed rows have neither orders nor capital.
    """
    c, firm, sector = w.city, w.firm, w.sector
    m = c.t - p.demand_start
    drift(w, p)
    # New capacity sells what the nation's real growth leaves to it.
    grows = 0.0
    for k in range(m - 11, m + 1):
        grows += p.value_added_central[k] / 12.0
    times = p.yield_cycle * log(max(SLOWEST, grows) / p.growth_normal) + c.market
    for s in range(c.sectors):
        for g in range(2):
            sector.before[s, g] = 0.0
            sector.after[s, g] = 0.0
        sector.over[s] = 0.0
        sector.slack[s] = 0.0
        sector.pull[s] = exp(p.demand_pass_through * sector.gap[s, m] + times)
    for z in range(c.zones):
        w.zone.spill[z] = 0.0
    move_shares(w, p)
    for s in range(c.sectors):
        for g in range(2):
            total = sector.before[s, g] + sector.after[s, g]
            if total > 0.0:
                grown = exp(sector.growth[s, m] + c.market_step)
                sector.after[s, g] = grown * sector.before[s, g] / total
    for begin in range(0, c.firms, TILE):
        grow(w, p, begin, min(begin + TILE, c.firms))
    if c.phase == OPEN:
        recapture(w, p)
    now, months = c.t, p.ramp_months
    for i in range(c.firms):
        # The personnel office sees orders smoothed over about three months.
        smooth = firm.smooth[i] + (firm.b[i] - firm.smooth[i]) * (1.0 / 3.0)
        firm.smooth[i] = smooth if firm.ramping[i] == 0 else firm.smooth[i]
        firm.ramping[i] = 0 if now - firm.born[i] >= months else firm.ramping[i]


@step
def drift(w: World, p: Inputs) -> None:
    """Move the level of the city's orders by what the drivers do not explain, once ledgers are open.

    The year mean of a walk of twelve steps of sd s has the sd 2.124 s in its first year.
    """
    c = w.city
    c.market_step = 0.0
    if c.phase == OPEN and p.errorless == 0:
        u, v, _, _ = uniforms(w, MARKET, 0, c.t, 0)
        x, _ = normals(u, v)
        c.market_step = p.market_sd / FIRST_YEAR * x
    c.market += c.market_step


@inlined
def jumps_known(w: World) -> int:
    """Firm rows, from the first on, of which an earlier variant has drawn this month's jump."""
    if w.city.replay_mode == REPEATS and w.city.t <= w.replay.end:
        return w.replay.firms
    return 0


@step
def grow(w: World, p: Inputs, begin: int, end: int) -> None:
    """Let the orders of a tile grow with demand; book orders above capacity and free capacity."""
    c, firm, sector, temp = w.city, w.firm, w.sector, w.temp
    early = c.phase != OPEN
    ramping = 0
    for i in range(begin, end):
        grown = sector.after[firm.sector[i], 1 if early & (firm.group[i] != INITIAL) else 0]
        firm.b[i] *= grown if firm.ramping[i] == 0 else 1.0
        temp.listed[ramping] = i
        ramping += firm.ramping[i]
    for n in range(ramping):
        young(w, p, temp.listed[n])
    if c.phase != OPEN:
        return
    # A plant in its ramp takes no part in this month's market for orders.
    for i in range(begin, end):
        asked = firm.b[i]
        full = firm.kappa[i] * firm.K[i]
        over = asked - full
        over = 0.0 if (over < 0.0) | (firm.ramping[i] == 1) else over
        room = full - asked
        room = 0.0 if (room < 0.0) | (firm.ramping[i] == 1) else room
        firm.over[i] = over
        temp.room[i] = room
        firm.b[i] = full if over > 0.0 else asked
    for i in range(begin, end):
        s = firm.sector[i]
        sector.over[s] += firm.over[i]
        sector.slack[s] += temp.room[i]
        w.zone.spill[firm.zone[i]] += firm.over[i]


@step
def move_shares(w: World, p: Inputs) -> None:
    """Apply growth shocks to incumbents; keep the sum of orders before, and its change."""
    c = w.city
    known = jumps_known(w)
    begin = 0
    while begin < c.firms:
        end = min(begin + TILE, known if begin < known else c.firms)
        if begin < known:
            for i in range(begin, end):
                w.temp.factor[i - begin] = w.replay.factor[c.t - w.replay.begin - 1, i]
        else:
            draw_jumps(w, p, begin, end)
        apply_jumps(w, begin, end)
        begin = end


@step
def draw_jumps(w: World, p: Inputs, begin: int, end: int) -> None:
    """Draw the factors on orders of a tile of firms.

    The ladder: in calendar month k = 1..12, with probability 1/k, a Laplace jump of scale
    a sqrt(k / 12), else zero; every year-to-date sum is then exactly Laplace(0, a sqrt(k / 12)).
    """
    c, firm, temp, replay = w.city, w.firm, w.temp, w.replay
    k = c.calendar_month + 1
    shocks(w, begin, end)
    moved = 0
    for i in range(begin, end):
        n = i - begin
        temp.listed[moved] = n
        moved += 1 if (firm.ramping[i] == 0) & (unit(temp.word_0[n]) * k < 1.0) else 0
    for m in range(moved):
        n = temp.listed[m]
        temp.scale[m] = firm.a[begin + n]
        temp.draw[m] = unit(temp.word_1[n])
    root = math.sqrt(k / 12.0)
    for m in range(moved):
        temp.draw[m] = jump(temp.draw[m], temp.scale[m] * root)
    for n in range(end - begin):
        temp.factor[n] = 1.0
    for m in range(moved):
        temp.factor[temp.listed[m]] = temp.draw[m]
    # With one common scale of shocks the correction cancels in the centring.
    if p.size_variance_exponent > 0.0:
        before, after = (k - 1) / 12.0, k / 12.0
        for i in range(begin, end):
            temp.factor[i - begin] *= correction(firm.a[i], before, after)
    since = c.t - replay.begin - 1
    if c.replay_mode == KEEPS and since < replay.factor.shape[0]:
        replay.end = c.t
        for i in range(begin, min(end, replay.firms)):
            replay.factor[since, i] = temp.factor[i - begin]


@step
def apply_jumps(w: World, begin: int, end: int) -> None:
    """Apply the factors of a tile to its incumbents; add to the sums by sector and group."""
    firm, sector, temp = w.firm, w.sector, w.temp
    early = w.city.phase != OPEN
    for i in range(begin, end):
        n = i - begin
        old = firm.b[i]
        grown = firm.ramping[i] == 0
        new = old * temp.factor[n]
        new = new if grown else old
        firm.b[i] = new
        temp.before[n] = old if grown else 0.0
        temp.change[n] = new - old
    for i in range(begin, end):
        side = 1 if early & (firm.group[i] != INITIAL) else 0
        sector.before[firm.sector[i], side] += temp.before[i - begin]
        sector.after[firm.sector[i], side] += temp.change[i - begin]


@step
def young(w: World, p: Inputs, i: int) -> None:
    """Orders of a plant in its ramp: normal use of what runs, moved by the common demand gap."""
    firm = w.firm
    age = w.city.t - firm.born[i]
    full = firm.kappa[i] * firm.K[i]
    asked = p.utilisation_normal * w.sector.pull[firm.sector[i]]
    asked = min(asked, 1.0) * full
    firm.b[i] = asked * ramp(p, age)
    # Young plants hire ahead of their ramp.
    firm.smooth[i] = asked * ramp(p, age + HIRES_AHEAD)


@step
def recapture(w: World, p: Inputs) -> None:
    """Half of the orders that full firms cannot serve go to slack firms of the sector."""
    c, firm, sector, zone = w.city, w.firm, w.sector, w.zone
    over = 0.0
    lost = 0.0
    for s in range(c.sectors):
        moved = min(p.lost_order_recapture * sector.over[s], sector.slack[s])
        sector.taken[s] = moved / sector.slack[s] if sector.slack[s] > 0.0 else 0.0
        over += sector.over[s]
        lost += sector.over[s] - moved
    if over <= 0.0:
        return
    for i in range(c.firms):
        firm.b[i] += sector.taken[firm.sector[i]] * w.temp.room[i]
    for z in range(c.zones):
        zone.lost_rate[z] += lost / over * zone.spill[z]


@step
def small_lump(w: World, p: Inputs) -> None:
    """Spend the lump of small investment: worn capital first, then firms short of capacity.

    Beyond the lump, firms that lose orders for want of capacity invest of their own cash.

    The lump holds the platforms' old public spending and falls by what they fail to spend; the
    equipment of last month's floor tenants is bought from it. If no firm is above the threshold,
    what is left is investment without capacity, booked as such.
    """
    c, firm, zone = w.city, w.firm, w.zone
    years = c.year - p.base_year
    lump = c.lump_base * power(1.0 + p.small_lump_growth, 1.0 * years)
    lump *= tide(p, c.t) * p.fai_season[c.calendar_month] / 12.0
    public = p.absent.platform_financing / 12.0 * c.zones
    private = lump - public
    private = 0.0 if private < 0.0 else private
    c.lump_private = private
    equipment = min(private, c.tenant_bill)
    c.tenant_bill -= equipment
    capital = 0.0
    eager = 0.0
    decay = p.depreciation / 12.0
    threshold = p.expansion_threshold
    for i in range(c.firms):
        # Closed rows have no capital.
        capital += firm.K[i]
        eager += firm.K[i] if (firm.ramping[i] == 0) & (firm.use[i] > threshold) else 0.0
    worn = capital * decay
    replaced = min(private - equipment, worn)
    rest = private - equipment - replaced
    idle = equipment if eager > 0.0 else equipment + rest
    if capital <= 0.0:
        idle = private
        for z in range(c.zones):
            zone.fai_small[z] += private / c.zones
    replacing = replaced / capital if capital > 0.0 else 0.0
    growing = rest / eager if eager > 0.0 else 0.0
    booked = idle / capital if capital > 0.0 else 0.0
    own = 0.0
    per_capital = p.expansion_share / p.revenue_per_capital
    for begin in range(0, c.firms, TILE):
        end = min(begin + TILE, c.firms)
        for i in range(begin, end):
            K = firm.K[i]
            add = replacing * K
            add += growing * K if (firm.ramping[i] == 0) & (firm.use[i] > threshold) else 0.0
            # A firm that loses orders for want of capacity adds capacity, as far as its cash reaches.
            extra = per_capital * firm.over[i]
            extra = firm.cash[i] if firm.cash[i] < extra else extra
            extra = 0.0 if extra < 0.0 else extra
            own += extra
            add += extra
            firm.added[i] = add
            firm.worn[i] = decay * K
            firm.K[i] = K + add - decay * K
            w.temp.invested[i - begin] = add + booked * K
        for i in range(begin, end):
            zone.fai_small[firm.zone[i]] += w.temp.invested[i - begin]
    c.capital_added += private - idle + own
    c.capital_lost += worn
    for z in range(c.zones):
        zone.outside_capital[z] += p.outside_share * zone.fai_small[z]
        zone.fai_small[z] += zone.base_spent[z]
        zone.fai[z] += zone.fai_small[z] + zone.fai_extra[z]


@inlined
def commissioning_delay(gain: float) -> int:
    """Months from a project's last month of building to the birth of its plant."""
    return 1 - int(gain + 0.5)


@step
def commission(w: World, p: Inputs) -> None:
    """Completed industrial projects become plants after the commissioning delay."""
    c, project = w.city, w.project
    delay = commissioning_delay(w.now.commissioning_gain)
    yield_of_month(w, p)
    due = c.commissioned
    while due < c.finished and project.ended[project.finished[due]] + delay <= c.t:
        due += 1
    # Few births look for owners along a list; for many of them the owners are put in order first.
    listed = 0
    if OWNERS_FROM * (due - c.commissioned) > c.zones * c.sectors:
        list_owners(w)
        listed = c.firms
    while c.commissioned < due:
        j = project.finished[c.commissioned]
        c.commissioned += 1
        if project.kind[j] == INDUSTRIAL and project.ended[j] + delay >= p.firms_start:
            plant(w, p, j, listed)


@step
def yield_of_month(w: World, p: Inputs) -> None:
    """Set the factor on normal sales of plants born now: 1 before the ledgers open.

    One draw for the whole class, and decreasing returns to the city's capital.
    """
    c = w.city
    c.yield_now = 1.0
    if c.phase == OPEN:
        capital = 0.0
        for i in range(c.firms):
            capital += w.firm.K[i]
        crowd = capital / c.capital_opening if capital > 0.0 else 1.0
        common = 1.0 if p.errorless == 1 else c.yield_common
        c.yield_now = common * power(crowd, -p.crowding_elasticity)


@inlined
def new_row(w: World) -> int:
    """Return the next firm row, all zero, or -1 and an error code if the block is full."""
    c, firm = w.city, w.firm
    i = c.firms
    if i >= firm.id.shape[0]:
        c.code = TOO_MANY_FIRMS
        return -1
    c.firms += 1
    firm.alive[i] = 1
    firm.gain[i] = 1.0
    firm.owner[i] = i
    firm.project[i] = -1
    firm.born[i] = c.t
    firm.in_scope[i] = 1
    return i


@inlined
def enlist(w: World, i: int) -> None:
    """Append an independent firm to the list of its zone and sector: owners are sought there."""
    zone = w.zone
    z, s = w.firm.zone[i], w.firm.sector[i]
    if zone.first[z, s] == 0:
        zone.first[z, s] = i + 1
    else:
        w.firm.after[zone.last[z, s] - 1] = i + 1
    zone.last[z, s] = i + 1


@inlined
def dispersion_of(p: Inputs, sales: float) -> float:
    """Scale of a firm's growth shock; larger firms vary less if the exponent is positive."""
    a = p.growth_dispersion
    if p.size_variance_exponent > 0.0:
        a *= power(max(sales, 0.01), -p.size_variance_exponent)
    return min(a, 0.9)


@step
def plant(w: World, p: Inputs, j: int, listed: int) -> None:
    """Give birth to the plant of project j: rated capacity, jobs, loan, owner.

    ``listed`` firm rows are in the list of owners, zero if it was not made this month.
    """
    c, firm, project = w.city, w.firm, w.project
    i = new_row(w)
    if i < 0:
        return
    z, s = project.zone[j], project.sector[j]
    project.plant[j] = i
    firm.zone[i] = z
    firm.sector[i] = s
    firm.id[i] = project.id[j]
    firm.project[i] = j
    firm.group[i] = NEW if c.phase == OPEN and c.year >= p.plan_year else WARM
    firm.ramping[i] = 1
    normal = project.rho[j] * project.realised[j] * project.budget[j] * c.yield_now
    rated = normal / p.utilisation_normal
    # Productive capital at the region's ratio; the rest of the money bought site and buildings.
    firm.K[i] = min(project.budget[j], normal / p.revenue_per_capital)
    firm.other[i] = project.budget[j] - firm.K[i]
    firm.kappa[i] = rated / firm.K[i]
    firm.use[i] = p.utilisation_normal
    jobs = project.jobs[j] * (c.labour_scale if c.phase == OPEN else 1.0)
    firm.alpha[i] = normal / 12.0 / YI_PER_WAN / jobs
    firm.a[i] = dispersion_of(p, normal)
    firm.debt[i] = project.loan[j]
    firm.equity[i] = project.budget[j] - firm.debt[i]
    firm.rate[i] = p.rate_medium
    c.capital_added += firm.K[i]
    firm.stream[i] = SHOCK_PLANT
    young(w, p, i)
    if project.incumbent[j] == 1:
        firm.owner[i] = owner_of(w, j, i, z, s, listed)
    elif normal >= p.dragon_head_revenue:
        w.zone.dragons_new[z] += 1.0
    if firm.owner[i] == i:
        enlist(w, i)
    w.zone.plants[z] += 1.0


@step
def list_owners(w: World) -> None:
    """Put living independent firms in order of zone, sector and row, with their running orders."""
    c, firm, zone, temp = w.city, w.firm, w.zone, w.temp
    for z in range(c.zones):
        for s in range(c.sectors):
            zone.owners[z, s] = 0
    for i in range(c.firms):
        if firm.owner[i] == i and firm.alive[i] == 1:
            zone.owners[firm.zone[i], firm.sector[i]] += 1
    before = 0
    for z in range(c.zones):
        for s in range(c.sectors):
            here = zone.owners[z, s]
            zone.owners[z, s] = before
            before += here
    for i in range(c.firms):
        if firm.owner[i] == i and firm.alive[i] == 1:
            z, s = firm.zone[i], firm.sector[i]
            n = zone.owners[z, s]
            zone.owners[z, s] = n + 1
            temp.rows[n] = i
            temp.reach[n] = firm.b[i]
    n = 0
    for z in range(c.zones):
        for s in range(c.sectors):
            total = 0.0
            while n < zone.owners[z, s]:
                total += temp.reach[n]
                temp.reach[n] = total
                n += 1


@step
def listed_owner(w: World, i: int, z: int, s: int, u: float, listed: int) -> int:
    """Owner by halves of the list, then along those born since it was made; the same as without."""
    firm, rows, sums = w.firm, w.temp.rows, w.temp.reach
    end = w.zone.owners[z, s]
    low = 0
    if s > 0:
        low = w.zone.owners[z, s - 1]
    elif z > 0:
        low = w.zone.owners[z - 1, w.city.sectors - 1]
    total = sums[end - 1] if end > low else 0.0
    young = w.zone.first[z, s] - 1
    if end > low:
        young = firm.after[rows[end - 1]] - 1
    while 0 <= young < listed:
        young = firm.after[young] - 1
    reach = total
    k = young
    while k >= 0:
        total += firm.b[k]
        k = firm.after[k] - 1
    if end > low and reach > u * total:
        high = end - 1
        while low < high:
            middle = (low + high) // 2
            if sums[middle] > u * total:
                high = middle
            else:
                low = middle + 1
        return rows[low]
    k = young
    while k >= 0:
        reach += firm.b[k]
        if reach > u * total:
            return k
        k = firm.after[k] - 1
    return i


@step
def owner_of(w: World, j: int, i: int, z: int, s: int, listed: int) -> int:
    """Owner of an incumbent's project: a firm of its zone and sector, drawn by orders."""
    firm, project, rows = w.firm, w.project, w.temp.rows
    u, _, _, _ = uniforms(w, OWNER, project.id[j], project.arrived[j], 0)
    if listed > 0:
        return listed_owner(w, i, z, s, u, listed)
    total = 0.0
    owners = 0
    k = w.zone.first[z, s] - 1
    while k >= 0:
        if firm.alive[k] == 1:
            rows[owners] = k
            owners += 1
            total += firm.b[k]
        k = firm.after[k] - 1
    reach = 0.0
    for n in range(owners):
        reach += firm.b[rows[n]]
        if reach > u * total:
            return rows[n]
    return i


@step
def tenants(w: World, p: Inputs) -> None:
    """Found one small firm for every ``small_firm_floor`` square metres of floor let to small firms."""
    c, firm, zone = w.city, w.firm, w.zone
    per_worker = p.base_revenue / p.base_workers / YI_PER_WAN / 12.0
    per_worker *= power(1.0 + p.productivity_growth, years_since_base(p, c.t))
    dispersion = dispersion_of(p, p.small_firm_revenue)
    for z in range(c.zones):
        while zone.tenants[z] >= p.small_firm_floor:
            zone.tenants[z] -= p.small_firm_floor
            i = new_row(w)
            if i < 0:
                return
            s = leading_sector(w, p, z)
            firm.zone[i] = z
            firm.sector[i] = s
            enlist(w, i)
            firm.id[i] = (zone.code[z] << 16) | zone.tenant_count[z]
            zone.tenant_count[z] += 1
            firm.group[i] = TENANT
            firm.ramping[i] = 1
            firm.in_scope[i] = 0
            firm.kappa[i] = p.revenue_per_capital / p.utilisation_normal
            firm.K[i] = p.small_firm_revenue / p.revenue_per_capital
            firm.use[i] = p.utilisation_normal
            firm.alpha[i] = per_worker * p.sector_alpha[s]
            firm.a[i] = dispersion
            firm.equity[i] = firm.K[i]
            firm.rate[i] = p.base_rate * p.small_firm_spread
            firm.floor[i] = p.small_firm_floor
            c.capital_added += firm.K[i]
            c.tenant_bill += firm.K[i]
            firm.stream[i] = SHOCK_TENANT
            young(w, p, i)


@inlined
def leading_sector(w: World, p: Inputs, z: int) -> int:
    """Sector with the largest share of the zone's initial sales."""
    best = 0
    for s in range(w.city.sectors):
        if w.zone.sales_share[z, s] > w.zone.sales_share[z, best]:
            best = s
    return best


@step
def leave(w: World, p: Inputs) -> None:
    """Close firms without equity, or hardly used for six months."""
    c, firm, leaving = w.city, w.firm, w.temp.rows
    # Few leave in a month, in most months none: the loop over all has no branches.
    row = 0
    for i in range(c.firms):
        running = (firm.alive[i] == 1) & (firm.ramping[i] == 0)
        idle = firm.idle_months[i] + 1 if firm.use[i] < USE_LOW else 0
        idle = idle if running else firm.idle_months[i]
        firm.idle_months[i] = idle
        leaves = running & ((firm.equity[i] < 0.0) | (idle >= IDLE_LIMIT))
        leaving[i] = 1 if leaves else 0
        row += 1 if leaves else 0
    if row > 0:
        for i in range(c.firms):
            if leaving[i] == 1:
                shut_down(w, p, i)


@step
def shut_down(w: World, p: Inputs, i: int) -> None:
    """Close one firm: its workers seek work, its land and floor come back, its debt is lost."""
    c, firm, zone = w.city, w.firm, w.zone
    z = firm.zone[i]
    firm.alive[i] = 0
    c.capital_lost += firm.K[i]
    c.loans -= firm.debt[i]
    c.loans_lost += firm.debt[i]
    release(w, p, z, firm.skilled[i], firm.unskilled[i])
    zone.vacant[z] += firm.floor[i]
    zone.floor_released[z] += firm.floor[i]
    firm.floor[i] = 0.0
    firm.skilled[i] = 0.0
    firm.unskilled[i] = 0.0
    firm.K[i] = 0.0
    firm.other[i] = 0.0
    firm.b[i] = 0.0
    firm.smooth[i] = 0.0
    firm.sales[i] = 0.0
    firm.worn[i] = 0.0
    firm.added[i] = 0.0
    firm.debt[i] = 0.0
    firm.cash[i] = 0.0
    firm.equity[i] = 0.0
    if firm.project[i] >= 0:
        return_land(w, firm.project[i])
    zone.exits[z] += 1.0


@inlined
def odds_of_default(lever: float) -> float:
    """Default odds by leverage, logistic with (-15, 13) after Assenza et al. 2015; reported only."""
    return 1.0 / (1.0 + exp(15.0 - 13.0 * clip(lever, -5.0, 5.0)))
