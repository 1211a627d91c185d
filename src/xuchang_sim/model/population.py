"""The initial world: a pipeline and firms that reproduce the base year exactly, then ledgers.

One module because its steps are conditioned on each other in a fixed order.

Order of conditioning: the arrival scale from its expectation; a pipeline accepted if its base-year
investment fits; the small lump as the remainder; the firms' scale, the labour scalar and the
intermediate share from the base-year totals; only then the ledgers open. No project is rescaled.
"""

from __future__ import annotations

import math

from xuchang_sim.model.elementary import exp, log
from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.steps.calendar import arrival_index, clip, demand, power
from xuchang_sim.model.steps.checks import remember
from xuchang_sim.model.steps.firms import (
    INITIAL,
    commissioning_delay,
    dispersion_of,
    enlist,
    new_row,
    ramp,
)
from xuchang_sim.model.steps.labour import matches
from xuchang_sim.model.steps.land import YI_PER_WAN
from xuchang_sim.model.steps.projects import (
    late_traits,
    pareto,
    pareto_span,
    respond,
    s_curve,
    take_plot,
)
from xuchang_sim.model.steps.public_works import PROGRAMME_DRAW, slot_of
from xuchang_sim.model.streams import (
    COMMON_YIELD,
    FIRM,
    PROGRAMME,
    SHARE,
    SHOCK,
    ZONE,
    gamma,
    normals,
    uniforms,
)
from xuchang_sim.model.world import (
    ABANDONED,
    APPROVAL,
    BUILDING,
    CODES,
    DONE,
    DROPPED,
    FIRMS,
    INDUSTRIAL,
    LISTED,
    OPEN,
    PIPELINE,
    STARTS_LAND,
    UNLISTED,
    Inputs,
    World,
)

ATTEMPTS = 200
LARGEST_FIRM = 1000.0  # largest initial firm over the smallest, before the sum is made exact
INCOMPATIBLE = 104 * CODES  # no pipeline fits the base year
NEGATIVE_SCALE = 105 * CODES  # warm-up plants sell more than the whole base year
DURATION_NODES = 9
# Gauss–Legendre on [-1, 1], 8 nodes, and Gauss–Hermite for a standard normal, 9 nodes.
X8 = (
    -0.9602898564975363,
    -0.7966664774136267,
    -0.5255324099163290,
    -0.1834346424956498,
    0.1834346424956498,
    0.5255324099163290,
    0.7966664774136267,
    0.9602898564975363,
)
W8 = (
    0.1012285362903763,
    0.2223810344533745,
    0.3137066458778873,
    0.3626837833783620,
    0.3626837833783620,
    0.3137066458778873,
    0.2223810344533745,
    0.1012285362903763,
)
X9 = (
    -4.512745863399783,
    -3.2054290028564703,
    -2.0768479786778302,
    -1.0232556637891326,
    0.0,
    1.0232556637891326,
    2.0768479786778302,
    3.2054290028564703,
    4.512745863399783,
)
W9 = (
    2.2345844007746563e-05,
    0.0027891413212317675,
    0.04991640676521780,
    0.2440975028949394,
    0.4063492063492063,
    0.2440975028949394,
    0.04991640676521780,
    0.0027891413212317675,
    2.2345844007746563e-05,
)


@step
def clear(w: World, p: Inputs) -> None:
    """Set the whole state to zero, write the address of the replicate, solve expectations."""
    clear_projects(w)
    clear_firms(w)
    for k in range(w.city.block.shape[0]):
        w.city.block[k] = 0
    for k in range(w.zone.block.shape[0]):
        w.zone.block[k] = 0
    for k in range(w.sector.block.shape[0]):
        w.sector.block[k] = 0
    for k in range(w.past.block.shape[0]):
        w.past.block[k] = 0
    for k in range(w.tally.block.shape[0]):
        w.tally.block[k] = 0
    c = w.city
    c.seed = p.seed
    c.replicate = p.replicate
    c.zones = p.zones
    c.sectors = p.sectors
    for z in range(p.zones):
        w.zone.code[z] = p.zone_code[z]
        w.zone.premium[z] = 1.0
        w.zone.tightness[z] = 1.0
        w.zone.pay[z] = 1.0
        w.zone.effort[z] = 1.0
    for k in range(w.now.values.shape[0]):
        w.now.values[k] = p.absent.values[k]
    share_zones(w, p)
    demand(w, p)
    expect(w, p)
    for k in range(w.tally.execution.shape[0]):
        u, v, _, _ = uniforms(w, PROGRAMME, k, 0, 0)
        x, _ = normals(u, v)
        w.tally.execution[k] = exp(p.execution_sd * x)
    c.pace = 1.0
    c.yield_now = 1.0
    u, v, _, _ = uniforms(w, COMMON_YIELD, 0, 0, 0)
    x, _ = normals(u, v)
    c.yield_common = exp(p.yield_sd * x)
    begin_pipeline(w, p, p.attempt, 12 * p.base_year + 11)


@step
def share_zones(w: World, p: Inputs) -> None:
    """Draw the zones' shares (Dirichlet around the central ones) and set their sectors' shares."""
    c, zone = w.city, w.zone
    total = 0.0
    for z in range(c.zones):
        zone.share[z] = p.zone_share[z]
        if p.share_concentration > 0.0:
            # A gamma variate of shape below one, too: that of shape + 1 times u ** (1 / shape).
            shape = p.share_concentration * p.zone_share[z]
            u, _, _, _ = uniforms(w, SHARE, zone.code[z], 0, 0)
            large = gamma(w, SHARE, shape + 1.0, zone.code[z], 0, 1)
            zone.share[z] = large * power(u, 1.0 / shape)
        total += zone.share[z]
    roots = 0.0
    for z in range(c.zones):
        zone.share[z] /= total
        roots += math.sqrt(zone.share[z])
    reach = 0.0
    for z in range(c.zones):
        zone.weight[z] = math.sqrt(zone.share[z]) / roots
        reach += zone.weight[z]
        zone.weight_sum[z] = reach
        old = 0.0
        new = 0.0
        for s in range(c.sectors):
            if p.zone_leading[z, s] == 0:
                old += p.sector_rest[s]
                new += p.sector_new[s]
        led_sales = p.leading_share_revenue if old > 0.0 else 1.0
        led_invest = p.leading_share_investment if new > 0.0 else 1.0
        for s in range(c.sectors):
            if p.zone_leading[z, s] == 1:
                zone.sales_share[z, s] = led_sales * p.zone_lead[z, s]
                zone.invest_share[z, s] = led_invest * p.zone_lead[z, s]
            else:
                if old > 0.0:
                    zone.sales_share[z, s] = (1.0 - led_sales) * p.sector_rest[s] / old
                if new > 0.0:
                    zone.invest_share[z, s] = (1.0 - led_invest) * p.sector_new[s] / new


@step
def clear_projects(w: World) -> None:
    """Set every project row in use to zero."""
    for k in range(w.project.rows.shape[0]):
        for j in range(w.city.projects):
            w.project.rows[k, j] = 0
    w.city.projects = 0


@step
def clear_firms(w: World) -> None:
    """Set every firm row in use to zero."""
    for k in range(w.firm.rows.shape[0]):
        for i in range(w.city.firms):
            w.firm.rows[k, i] = 0
    w.city.firms = 0
    for z in range(w.city.zones):
        for s in range(w.city.sectors):
            w.zone.first[z, s] = 0
            w.zone.last[z, s] = 0


@step
def begin_pipeline(w: World, p: Inputs, attempt: int, until: int) -> None:
    """Forget every project: the pipeline begins again before its first month."""
    c = w.city
    clear_projects(w)
    c.phase = PIPELINE
    c.t = p.pipeline_start - 1
    c.until = until
    c.attempt = attempt
    c.salt = attempt << 8
    c.live = 0
    c.finished = 0
    c.commissioned = 0
    c.arrivals_total = 0
    c.loans = 0.0
    c.cip = 0.0
    c.large_fai = 0.0
    c.largest = 0.0
    for z in range(c.zones):
        w.zone.large_year[z] = 0.0
        w.zone.major_year[z] = 0.0
    w.past.draws[0] = 0.0
    w.past.draws[1] = 0.0


@inlined
def s_area(p: Inputs, x: float) -> float:
    """Integral of the spending curve from 0 to x."""
    cubic = 1.5 * x * x * x * x - 3.0 * x * x * x + 1.5 * x * x
    return 0.5 * x * x + p.scurve_c * (x * x * x / 3.0 - 0.5 * x * x) - cubic / p.scurve_k


@inlined
def survived(p: Inputs, x: float) -> float:
    """Expected share spent at progress x when a project may be abandoned on the way.

    A share q fails at a uniform progress: E = S(x) (1 - q x) + q * integral of S up to x.
    """
    q = p.abandonment_share
    return s_curve(p, x) * (1.0 - q * x) + q * s_area(p, x)


@step
def expected_pace(w: World, p: Inputs, months: int) -> None:
    """Mean pace in the n-th month of building: one less the chance of being in a stall.

    The chance of a stall beginning in a month is the hazard times the chance of running.
    """
    length = int(p.stall_months + 0.5)
    for n in range(months):
        running = 1.0
        for k in range(1, length):
            if n - k >= 0:
                running -= w.past.started[n - k]
        begins = p.stall_hazard * running
        w.past.started[n] = begins
        stalled = begins + (1.0 - running)
        w.past.pace[n] = 1.0 - (1.0 - p.stall_pace) * stalled


@step
def expected_starts(w: World, p: Inputs, months: int) -> None:
    """Expected starts by month at scale 1: arrivals, survival, approval time, ground-breaking month."""
    past = w.past
    shape = int(p.approval_shape + 0.5)
    for a in range(months):
        past.started[a] = 0.0
        past.arrived[a] = arrival_index(p, p.pipeline_start + a) / 12.0
    before = 0.0
    for n in range(1, 61):
        by_now = approved_by(p, shape, n)
        chance = (by_now - before) * power(1.0 - p.dropout_rate, 1.0 * n)
        before = by_now
        for a in range(months - n + 1):
            past.started[a + n - 1] += past.arrived[a] * chance
    # Projects that wait for a ground-breaking month lose their dropouts; later months come before earlier ones.
    for v in range(months - 1, -1, -1):
        wait = 0
        while p.group_month[(p.pipeline_start + v + wait) % 12] == 0 and wait < 12:
            wait += 1
        grouped = past.started[v] * p.group_start_share
        past.started[v] -= grouped
        if v + wait < months:
            past.started[v + wait] += grouped * power(1.0 - p.dropout_rate, 1.0 * wait)


@inlined
def approved_by(p: Inputs, shape: int, months: int) -> float:
    """Distribution function of the approval work: gamma of whole shape."""
    x = shape * months / p.approval_months
    term = 1.0
    total = 1.0
    for i in range(1, shape):
        term *= x / i
        total += term
    return 1.0 - exp(-x) * total


@step
def expect(w: World, p: Inputs) -> None:
    """Solve the arrival scale: expected base-year investment of large projects = share * total.

    The ungated pipeline is linear in the scale, so one expectation suffices. It is a sum over
    months of start, sizes and durations; stalls enter through their mean pace.
    """
    c = w.city
    first = 12 * p.base_year - p.pipeline_start
    months = first + 12
    expected_pace(w, p, months)
    expected_starts(w, p, months)
    yields = p.announced_yield * exp(0.5 * p.announced_yield_sigma * p.announced_yield_sigma)
    yields *= p.realised_yield * (1.0 - p.infrastructure_share) * (1.0 - p.abandonment_share)
    for b in range(months):
        w.past.season[b] = p.fai_season[(p.pipeline_start + b) % 12]
        sold = 0.0
        if b + p.pipeline_start >= p.firms_start:
            for m in range(12):
                if first + m >= b:
                    sold += ramp(p, first + m - b) * p.revenue_season[m] / 12.0
        w.past.ramped[b] = sold
    c.expected_fai = 0.0
    c.expected_plants = 0.0
    c.expected_starts = 0.0
    c.expected_entrants = 0.0
    for kind in range(2):
        place_nodes(w, p, kind)
    for s in range(months):
        rate = w.past.started[s]
        if s >= first:
            c.expected_starts += rate * (1.0 + p.starts_large / p.starts_ordinary)
        if rate > 0.0:
            passed = 0.0
            for e in range(s, months):
                passed += w.past.pace[e - s] * w.past.season[e]
                w.past.tau[e] = passed
            expect_cohort(w, p, s, first, rate, yields)
    # Investment per start and the land it wants: sizes and intensities are independent.
    c.scale = p.large_share_fai * p.base_fai / c.expected_fai
    c.expected_fai *= c.scale
    c.expected_plants *= c.scale
    c.expected_entrants *= c.scale
    ordinary = mean_size(p.size_ordinary_alpha, p.size_ordinary_min, p.size_ordinary_max)
    large = mean_size(p.size_large_alpha, p.size_large_min, p.size_large_max)
    per_ordinary = inverse_intensity(p, p.intensity_ordinary, p.intensity_ordinary_sigma)
    per_large = inverse_intensity(p, p.intensity_large, p.intensity_large_sigma)
    large *= p.starts_large / p.starts_ordinary
    land = (ordinary * per_ordinary + large * per_large) * p.invest_realised / YI_PER_WAN
    starts = c.expected_starts / (1.0 + p.starts_large / p.starts_ordinary) * c.scale
    c.expected_land = starts * land * (1.0 - p.own_site_share)
    c.expected_starts *= c.scale


@inlined
def mean_size(alpha: float, low: float, high: float) -> float:
    """Mean of the truncated Pareto law (alpha other than 1)."""
    tail = exp(-alpha * log(high / low))
    factor = alpha / (alpha - 1.0) / (1.0 - tail)
    return factor * (low - high * tail)


@inlined
def inverse_intensity(p: Inputs, median: float, sigma: float) -> float:
    """Mean of 1 / max(minimum, lognormal), 亩 per 万元, by Gauss–Hermite."""
    total = 0.0
    for k in range(DURATION_NODES):
        total += W9[k] / max(p.intensity_min, median * exp(sigma * X9[k]))
    return total


@step
def place_nodes(w: World, p: Inputs, kind: int) -> None:
    """Nodes of size and duration: construction time, money and probability of each."""
    past = w.past
    if kind == 0:
        alpha, low, high, rate = (
            p.size_ordinary_alpha,
            p.size_ordinary_min,
            p.size_ordinary_max,
            1.0,
        )
    else:
        alpha, low, high = p.size_large_alpha, p.size_large_min, p.size_large_max
        rate = p.starts_large / p.starts_ordinary
    past.longest[kind] = 0.0
    half = 0.5 * log(high / low)
    norm = rate * alpha / (1.0 - exp(-alpha * 2.0 * half))
    for i in range(8):
        log_size = half * (1.0 + X8[i])
        raw = low * exp(log_size)
        chance = norm * W8[i] * half * exp(-alpha * log_size)
        base = p.duration_base * power(raw, p.duration_elasticity)
        for k in range(DURATION_NODES):
            n = DURATION_NODES * i + k
            past.length[kind, n] = max(p.duration_min, base * exp(p.duration_sigma * X9[k]))
            past.longest[kind] = max(past.longest[kind], past.length[kind, n])
            past.count[kind, n] = chance * W9[k]
            past.weight[kind, n] = chance * W9[k] * p.invest_realised * raw


@step
def expect_cohort(w: World, p: Inputs, s: int, first: int, rate: float, yields: float) -> None:
    """Add to the expectations the projects that start in month s."""
    c, past = w.city, w.past
    last = first + 11
    before = past.tau[first - 1] if s < first else 0.0
    after = past.tau[last]
    # Plants finished before the first month of firms belong to the initial firms.
    earliest = p.firms_start - p.pipeline_start - 1
    begin = max(s, earliest)
    known = past.tau[earliest - 1] if s < earliest else 0.0
    own = 1.0 - p.incumbent_project_share
    stays = (1.0 - p.infrastructure_share) * (1.0 - p.abandonment_share)
    for kind in range(2):
        if before < past.longest[kind]:
            for n in range(past.length.shape[1]):
                length = past.length[kind, n]
                had, has = before / length, after / length
                had = 1.0 if had > 1.0 else had
                has = 1.0 if has > 1.0 else has
                reached = survived(p, has) - survived(p, had)
                past.reached[n] = rate * past.weight[kind, n] * reached
            for n in range(past.length.shape[1]):
                c.expected_fai += past.reached[n]
        if known < past.longest[kind]:
            independent = own if kind == 0 else 1.0
            for n in range(past.length.shape[1]):
                length = past.length[kind, n]
                if known >= length or after < length:
                    continue
                # Progress never falls: the months that lie before the end are counted, not sought.
                end = begin
                for e in range(begin, last):
                    end += 1 if past.tau[e] < length else 0
                if end < last:
                    sold = past.ramped[end + 1]
                    c.expected_plants += rate * past.weight[kind, n] * yields * sold
                    c.expected_entrants += rate * past.count[kind, n] * stays * independent


@step
def watch_pipeline(w: World, p: Inputs) -> None:
    """Keep what conditioning needs of a pipeline month; at its end accept it or try again."""
    c, zone, past = w.city, w.zone, w.past
    if c.year >= p.base_year - 1:
        row = 0 if c.year == p.base_year else 1
        for z in range(c.zones):
            past.draws[row] += zone.loans_drawn[z]
    if c.year == p.base_year:
        m = c.calendar_month
        for z in range(c.zones):
            c.large_fai += zone.fai[z]
        if c.rewinding == 0:
            for k in range(zone.measures.shape[0]):
                for z in range(c.zones):
                    past.measures[m, k, z] = zone.measures[k, z]
    if c.t < c.until:
        return
    if c.rewinding == 0:
        share = c.large_fai / p.base_fai
        fits = abs(share - p.large_share_fai) <= p.acceptance_tolerance
        if not fits or share > p.acceptance_max:
            if c.attempt + 1 < ATTEMPTS:
                begin_pipeline(w, p, c.attempt + 1, c.until)
            else:
                c.code = INCOMPATIBLE
            return
        c.accepted_fai = c.large_fai
    finish_traits(w, p)
    found_firms(w, p)


@step
def finish_traits(w: World, p: Inputs) -> None:
    """Draw the remaining traits of every project that was not lost before its start."""
    project, candidate, rows = w.project, w.candidate, w.temp.site
    respond(w)
    waiting = 0
    for j in range(w.city.projects):
        rows[waiting] = j
        lost = (project.state[j] == DROPPED) | (project.state[j] == ABANDONED)
        waiting += 0 if lost else 1
    for begin in range(0, waiting, UNLISTED):
        count = min(UNLISTED, waiting - begin)
        for n in range(count):
            j, k = rows[begin + n], LISTED + n
            candidate.id[k] = project.id[j]
            candidate.arrived[k] = project.arrived[j]
            candidate.raw[k] = project.raw[j]
        late_traits(w, p, LISTED, LISTED + count)
        for n in range(count):
            finish_project(w, p, rows[begin + n], LISTED + n)


@step
def finish_project(w: World, p: Inputs, j: int, k: int) -> None:
    """Give project j the remaining traits, which were drawn as those of candidate k."""
    project, candidate = w.project, w.candidate
    take_plot(w, p, j, candidate.intensity[k], candidate.own_site[k])
    if project.state[j] == BUILDING:
        # The loan was sized on an ordinary site; the bank knew the plot that is drawn only now.
        secured = p.land_price * project.plot[j] * YI_PER_WAN / project.budget[j]
        most = p.loan_to_value * (p.collateral_haircut + secured)
        lent = project.loan[j] / project.budget[j]
        project.bank[j] = max(lent, min(project.bank[j], most))
    if project.kind[j] == INDUSTRIAL:
        project.jobs[j] = project.budget[j] / YI_PER_WAN / candidate.per_job[k]
        project.rho[j] = candidate.rho[k]
        project.realised[j] = candidate.realised[k]
    if project.state[j] != APPROVAL:
        project.land[j] = project.need[j]
    if w.city.rewinding == 0 and project.started[j] // 12 == p.base_year:
        m = project.started[j] - 12 * p.base_year
        w.past.measures[m, STARTS_LAND, project.zone[j]] += project.plot[j]


@step
def found_firms(w: World, p: Inputs) -> None:
    """Initial firms by zone and sector: Pareto sizes whose sum is exact, scale 1."""
    c, firm, past = w.city, w.firm, w.past
    clear_firms(w)
    c.phase = FIRMS
    c.commissioned = 0
    c.t = p.firms_start
    for z in range(c.zones):
        for m in range(12):
            past.firm_sales[m, z] = 0.0
            past.plant_sales[m, z] = 0.0
            past.firm_workers[m, z] = 0.0
            past.plant_workers[m, z] = 0.0
    # The table's number of firms is that of the base year: expected entrants come on top.
    there = max(0.2, 1.0 - c.expected_entrants / p.firms_count)
    left = max(0.1 * p.base_revenue, p.base_revenue - c.expected_plants)
    # Revenue per worker of the base year's end, carried back; before the labour scalar.
    back = (p.firms_start - (12 * p.base_year + 11)) / 12.0
    per_worker = p.base_revenue / p.base_workers / YI_PER_WAN / 12.0
    per_worker *= power(1.0 + p.productivity_growth, back)
    span = pareto_span(p.firm_tail, 1.0, LARGEST_FIRM)
    most = 0
    for s in range(c.sectors):
        past.growth[s] = growth_to_base(w, p, s)
        for z in range(c.zones):
            part = w.zone.share[z] * w.zone.sales_share[z, s]
            count = max(1, int(p.firms_count * there * part + 0.5)) if part > 0.0 else 0
            past.cell_firms[z, s] = count
            past.cell_size[z, s] = 0.0
            most = max(most, count)
    # Firm k of every zone and sector, along diagonals, then the next: neighbours in the table
    # differ in both, so that sums by either do not wait for each other.
    for k in range(most):
        for a in range(c.zones):
            for s in range(c.sectors):
                z = (a + s) % c.zones
                if k < past.cell_firms[z, s]:
                    i = new_row(w)
                    if i < 0:
                        return
                    # An address has room for 1,024 firms of a zone and sector; further ones
                    # have a block of their own, above the word.
                    block = k >> 10
                    entity = (p.zone_code[z] << 16) | (p.sector_code[s] << 10) | (k & 1023)
                    firm.id[i] = (block << 32) | entity
                    firm.stream[i] = SHOCK + (block << 20)
                    u, _, _, _ = uniforms(w, FIRM, entity, 0, block)
                    firm.b[i] = pareto(u, span, p.firm_tail, 1.0)
                    firm.zone[i] = z
                    firm.sector[i] = s
                    past.cell_size[z, s] += firm.b[i]
    for i in range(c.firms):
        z, s = firm.zone[i], firm.sector[i]
        target = w.zone.share[z] * w.zone.sales_share[z, s] * left / past.growth[s]
        firm.group[i] = INITIAL
        enlist(w, i)
        firm.b[i] *= target / past.cell_size[z, s]
        firm.smooth[i] = firm.b[i]
        firm.a[i] = dispersion_of(p, firm.b[i])
        firm.kappa[i] = p.revenue_per_capital / p.utilisation_normal
        firm.use[i] = p.utilisation_normal
        firm.alpha[i] = per_worker * p.sector_alpha[s]
    c.t = p.firms_start - 1


@step
def growth_to_base(w: World, p: Inputs, s: int) -> float:
    """Growth of a sector's orders from before the firms' first month to the base year's mean."""
    total = 0.0
    log_index = 0.0
    for t in range(p.firms_start, 12 * p.base_year + 12):
        log_index += w.sector.growth[s, t - p.demand_start]
        if t >= 12 * p.base_year:
            total += exp(log_index) * p.revenue_season[t % 12] / 12.0
    return total


@step
def watch_firms(w: World, p: Inputs) -> None:
    """Keep what conditioning needs of a warm-up month; at its end solve and open the ledgers."""
    c, firm = w.city, w.firm
    if c.t > c.until - 12:
        for i in range(c.firms):
            if firm.ramping[i] == 0:
                firm.orders_sum[i] += firm.b[i]
                firm.orders_count[i] += 1
    if c.year == p.base_year:
        tally_base(w, c.calendar_month)
    repay = p.repayment_quarter / 3.0
    for i in range(c.firms):
        firm.debt[i] -= firm.debt[i] * repay
    if c.t < c.until:
        return
    if c.rewinding == 0:
        solve_scalars(w, p)
        if c.code != 0:
            return
    scale_firms(w, p)
    if c.rewinding == 0:
        settle_income(w, p)
        complete_history(w, p)
        if p.opening <= 12 * p.base_year + 11:
            c.rewinding = 1
            begin_pipeline(w, p, c.attempt, p.opening - 1)
            return
    open_ledgers(w, p)


@step
def tally_base(w: World, m: int) -> None:
    """Keep a base-year month by zone, initial firms and warm-up plants apart."""
    firm, past = w.firm, w.past
    for i in range(w.city.firms):
        z = firm.zone[i]
        workers = firm.skilled[i] + firm.unskilled[i]
        if firm.group[i] == INITIAL:
            past.firm_sales[m, z] += firm.sales[i]
            past.firm_workers[m, z] += workers
        else:
            past.plant_sales[m, z] += firm.sales[i]
            past.plant_workers[m, z] += workers


@step
def solve_scalars(w: World, p: Inputs) -> None:
    """Firm scale, labour scalar, small lump and outside capital from the base-year totals."""
    c, past = w.city, w.past
    plants = 0.0
    firms = 0.0
    for m in range(12):
        for z in range(c.zones):
            plants += past.plant_sales[m, z]
            firms += past.firm_sales[m, z]
    c.firm_scale = (p.base_revenue - plants) / firms
    if not c.firm_scale > 0.0:
        c.code = NEGATIVE_SCALE
        return
    workers = 0.0
    january = 0.0
    for z in range(c.zones):
        workers += c.firm_scale * past.firm_workers[11, z] + past.plant_workers[11, z]
        january += c.firm_scale * past.firm_workers[0, z] + past.plant_workers[0, z]
    c.labour_scale = p.base_workers / workers
    c.employed_growth = power(workers / january, 12.0 / 11.0) - 1.0
    c.lump_base = p.base_fai - c.accepted_fai
    public = p.absent.platform_financing * c.zones
    private = p.base_fai - (public if public < c.lump_base else c.lump_base)
    c.outside_base = p.outside_share * private


@step
def scale_firms(w: World, p: Inputs) -> None:
    """Apply the scalars; capacity is set so that the last year's mean orders are normal use."""
    c, firm = w.city, w.firm
    f, labour = c.firm_scale, c.labour_scale
    for i in range(c.firms):
        size = f if firm.group[i] == INITIAL else 1.0
        firm.b[i] *= size
        firm.smooth[i] *= size
        firm.sales[i] *= size
        firm.sales_year[i] *= size
        firm.sales_last[i] *= size
        firm.skilled[i] *= size * labour
        firm.unskilled[i] *= size * labour
        firm.alpha[i] /= labour
        if firm.orders_count[i] > 0:
            mean = size * firm.orders_sum[i] / firm.orders_count[i]
            if firm.group[i] == INITIAL:
                firm.K[i] = mean / p.utilisation_normal / firm.kappa[i]
            else:
                firm.kappa[i] = mean / p.utilisation_normal / firm.K[i]
        if firm.group[i] == INITIAL:
            firm.debt[i] = p.opening_debt_ratio * firm.K[i]
            firm.cash[i] = firm.b[i] / 12.0
            firm.rate[i] = p.base_rate
        firm.equity[i] = firm.K[i] + firm.other[i] + firm.cash[i] - firm.debt[i]


@step
def settle_income(w: World, p: Inputs) -> None:
    """Intermediate share so that base-year profit and tax is exact, with opening capital and debt.

    profit + tax = R (1 + vat) - intermediate - wages - depreciation - interest.
    """
    c, firm, past = w.city, w.firm, w.past
    wages = 0.0
    sales = 0.0
    for m in range(12):
        monthly = base_wage(p, m)
        for z in range(c.zones):
            sales += c.firm_scale * past.firm_sales[m, z] + past.plant_sales[m, z]
            hands = c.firm_scale * past.firm_workers[m, z] + past.plant_workers[m, z]
            wages += hands * c.labour_scale * monthly
    capital = 0.0
    interest = 0.0
    for i in range(c.firms):
        capital += firm.K[i]
        interest += firm.debt[i] * firm.rate[i] / 100.0
    rest = sales * (1.0 + p.vat_rate) - wages - p.depreciation * capital - interest
    c.intermediate = (rest - p.base_profit_tax) / sales
    c.gross_margin = 1.0 - c.intermediate


@inlined
def base_wage(p: Inputs, m: int) -> float:
    """Labour cost per worker in month m of the base year, 亿元."""
    years = (m + 0.5 - 6.0) / 12.0
    return p.wage * power(1.0 + p.wage_growth, years) * p.labour_cost_factor / 1e8


@step
def complete_history(w: World, p: Inputs) -> None:
    """Write the base year's months into the record: the firms' side and the small lump."""
    c, firm, past, zone = w.city, w.firm, w.past, w.zone
    capital = 0.0
    for z in range(c.zones):
        zone.capital[z] = 0.0
        zone.interest[z] = 0.0
        zone.firms[z] = 0.0
    for i in range(c.firms):
        zone.capital[firm.zone[i]] += firm.K[i]
        zone.interest[firm.zone[i]] += firm.debt[i] * firm.rate[i] / 1200.0
        capital += firm.K[i]
        if firm.owner[i] == i:
            zone.firms[firm.zone[i]] += 1.0
    public = min(c.lump_base, p.absent.platform_financing * c.zones)
    for m in range(12):
        # The named columns are the record's rows: load the month, fill it in, store it.
        for z in range(c.zones):
            worth, owed, listed = zone.capital[z], zone.interest[z], zone.firms[z]
            for k in range(zone.measures.shape[0]):
                zone.measures[k, z] = past.measures[m, k, z]
            fill_month(w, p, m, z, worth / capital, worth, owed, listed, public)
            for k in range(zone.measures.shape[0]):
                past.measures[m, k, z] = zone.measures[k, z]
            zone.capital[z], zone.interest[z], zone.firms[z] = worth, owed, listed


@step
def fill_month(
    w: World,
    p: Inputs,
    m: int,
    z: int,
    share: float,
    worth: float,
    owed: float,
    listed: float,
    public: float,
) -> None:
    """Fill the recorded columns of one base-year month of one zone."""
    c, past, zone = w.city, w.past, w.zone
    old = c.firm_scale * past.firm_sales[m, z]
    young = past.plant_sales[m, z]
    sales = old + young
    hands = c.firm_scale * past.firm_workers[m, z] + past.plant_workers[m, z]
    hands *= c.labour_scale
    wages = hands * base_wage(p, m)
    lump = c.lump_base * p.fai_season[m] / 12.0
    private = (c.lump_base - public) * p.fai_season[m] / 12.0 * share
    zone.revenue[z] = sales
    zone.reported[z] = sales
    zone.wished[z] = sales
    zone.revenue_incumbents[z] = old
    zone.revenue_warm[z] = young
    zone.intermediate[z] = c.intermediate * sales
    zone.wages[z] = wages
    zone.depreciation[z] = p.depreciation * worth / 12.0
    zone.interest[z] = owed
    zone.surcharges[z] = p.surcharge_rate * sales
    zone.profit[z] = sales - zone.intermediate[z] - wages - zone.depreciation[z] - owed
    zone.profit[z] -= zone.surcharges[z]
    zone.profit_tax[z] = zone.profit[z] + zone.surcharges[z] + p.vat_rate * sales
    zone.fai_small[z] = private + (lump - (c.lump_base - public) * p.fai_season[m] / 12.0) / c.zones
    zone.fai[z] += zone.fai_small[z]
    zone.outside_capital[z] += p.outside_share * private
    zone.workers[z] = hands
    zone.workers_wanted[z] = hands
    zone.capital[z] = worth
    zone.firms[z] = listed


@step
def open_ledgers(w: World, p: Inputs) -> None:
    """Open land, bank, platform and labour ledgers on the opening month's first day."""
    c, firm, zone, project = w.city, w.firm, w.zone, w.project
    c.phase = OPEN
    year = p.opening // 12 - 1
    years = 1.0 * (year - p.base_year)
    use = c.expected_land * power(1.0 + p.starts_growth, years)
    c.draws_base = w.past.draws[0] if year == p.base_year else w.past.draws[1]
    workers = 0.0
    c.capital_opening = 0.0
    for i in range(c.firms):
        workers += firm.skilled[i] + firm.unskilled[i]
        c.capital_opening += firm.K[i]
    for z in range(c.zones):
        zone.land[z] = p.opening_land_months / 12.0 * use * w.zone.weight[z]
        zone.land_opening[z] = zone.land[z]
        zone.debt[z] = p.platform_opening_debt
        zone.equity[z] = p.platform_opening_equity
        zone.cash[z] = p.absent.platform_financing / 12.0
        zone.works[z] = zone.debt[z] + zone.equity[z] - zone.cash[z]
        zone.index[z] = p.infrastructure_opening - (0.0 if p.zone_provincial[z] == 1 else 0.2)
        zone.jobs_share[z] = 0.0
        zone.granted[z] = 0.0
        zone.vacant[z] = 0.0
    for i in range(c.firms):
        z = firm.zone[i]
        zone.jobs_share[z] += (firm.skilled[i] + firm.unskilled[i]) / workers
        zone.workers[z] = zone.jobs_share[z] * workers
    for j in range(c.projects):
        zone.held_opening[project.zone[j]] += project.land[j]
    open_market(w, p, workers)
    for z in range(c.zones):
        for s in range(c.sectors):
            w.tally.sales[z, s] = 0.0
            w.tally.sales_last[z, s] = 0.0
    for i in range(c.firms):
        z, s = firm.zone[i], firm.sector[i]
        w.tally.sales[z, s] += firm.sales_year[i]
        w.tally.sales_last[z, s] += firm.sales_last[i]
    begin_programmes(w, p)
    # Loans: what projects under way owe, and what firms owe.
    c.loans = 0.0
    delay = commissioning_delay(p.absent.commissioning_gain)
    for j in range(c.projects):
        if project.state[j] == DONE and project.ended[j] + delay < p.firms_start:
            project.loan[j] = 0.0  # part of the initial firms' debt
        if project.plant[j] < 0:
            c.loans += project.loan[j]
    for i in range(c.firms):
        c.loans += firm.debt[i]
    remember(w)


@step
def open_market(w: World, p: Inputs, workers: float) -> None:
    """Open the labour market at normal tightness, with the flows that the base year needed.

    The warm-up's own growth of employment tells how many are hired in a month of a normal market;
    matching at normal tightness tells how many seek and how many posts are open for that. Revenue per
    worker is set so that these posts are wanted on the first day.
    """
    c, firm, zone = w.city, w.firm, w.zone
    growth = p.supply_factor * clip(c.employed_growth, 0.0, 0.6)
    hires = workers * (p.separation + growth / 12.0)
    # Of one seeker: matched within the zone, then across zones among those who are left.
    near = matches(p, p.normal_tightness, 1.0)
    leak = min(1.0, p.commuting_leak + p.absent.commuting_bonus)
    seek = hires / (near + matches(p, p.normal_tightness - near, leak * (1.0 - near)))
    left = seek - hires
    # Seekers of a month lost a job and stayed, came from outside, completed training, or still seek.
    known = p.stay_share * p.separation * workers
    known += p.training_additional * p.absent.training_places / 12.0 - p.give_up * left
    c.entries = max(0.1 * hires, hires - known)
    vacant = (p.normal_tightness * seek - hires) / workers
    for i in range(c.firms):
        firm.alpha[i] /= 1.0 + vacant
    for z in range(c.zones):
        zone.tightness[z] = p.normal_tightness
        zone.skilled[z] = p.skilled_share_seekers * left * zone.jobs_share[z]
        zone.unskilled[z] = (1.0 - p.skilled_share_seekers) * left * zone.jobs_share[z]
        zone.outside[z] = p.reachable_pool * zone.jobs_share[z]


@step
def begin_programmes(w: World, p: Inputs) -> None:
    """Which zones began standard factories before the plan, and what of it is already under way."""
    c, zone = w.city, w.zone
    begun = 0
    for z in range(c.zones):
        u, v, _, _ = uniforms(w, ZONE, zone.code[z], p.policy_month, PROGRAMME_DRAW)
        zone.has_programme[z] = 1 if u < p.incubator_begun_share else 0
        zone.joins[z] = v
        begun += zone.has_programme[z]
    weight = 0.0
    for z in range(c.zones):
        if begun == 0:
            zone.has_programme[z] = 1
        weight += w.zone.weight[z] * zone.has_programme[z]
    months = int(p.factory_build_months + 0.5)
    first = 12 * (p.policy_month // 12)
    for t in range(first, p.opening):
        if t + months < p.opening or p.policy_month == first:
            continue
        area = p.factory_begun_share * p.factory_reference / (p.policy_month - first)
        for z in range(c.zones):
            start = area * w.zone.weight[z] * zone.has_programme[z] / weight
            zone.factory_ring[z, slot_of(t + months)] += start
            zone.factory_building[z] += start
