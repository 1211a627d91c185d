"""Projects of at least 1亿: they arrive, are approved, start, are built and are commissioned.

One module because a project passes its stages in one row of one table.
"""

from __future__ import annotations

from xuchang_sim.model.elementary import exp, log
from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.steps.calendar import arrival_index, clip, power
from xuchang_sim.model.steps.finance import grants, ration
from xuchang_sim.model.steps.land import YI_PER_WAN, return_land
from xuchang_sim.model.streams import (
    ARRIVAL,
    BLOCK,
    DISPERSION,
    LATENT,
    REALISED,
    STALL,
    TRAIT,
    YIELD,
    erlang,
    gamma,
    gamma_trial,
    normals,
    uniforms,
    uniforms_at,
)
from xuchang_sim.model.world import (
    ABANDONED,
    APPROVAL,
    BATCH,
    BUILDING,
    CLOSING,
    CODES,
    DONE,
    DROPPED,
    FAI_BY_AGE,
    FAI_BY_KIND,
    INDUSTRIAL,
    INFRASTRUCTURE,
    KEEPS,
    LAND,
    LISTED,
    LOGISTICS,
    OPEN,
    REPEATS,
    UNLISTED,
    VECTOR,
    Inputs,
    World,
)

TOO_MANY_PROJECTS = 101 * CODES
ENVELOPE = 102 * CODES
PREMIUM_EXPONENT = 0.3  # response of intensity to the land premium
SPARE = 1.5  # how far above its own acceptance the first variant lists candidates for later ones
OTHER_OWN_MINIMUM = 0.20  # "other industries", State Council notice 27 of 2009


@inlined
def s_curve(p: Inputs, x: float) -> float:
    """Share of the budget spent at progress x (the DHSS cubic, model of health-building costs)."""
    return x + p.scurve_c * (x * x - x) - (6.0 * x * x * x - 9.0 * x * x + 3.0 * x) / p.scurve_k


@step
def s_inverse(p: Inputs, share: float, guess: float) -> float:
    """Progress at which a share of the budget is spent: Newton steps, held inside a bracket."""
    low, high, x = 0.0, 1.0, guess
    for _ in range(60):
        miss = s_curve(p, x) - share
        if miss < 0.0:
            low = x
        else:
            high = x
        slope = 1.0 + p.scurve_c * (2.0 * x - 1.0) - (18.0 * x * x - 18.0 * x + 3.0) / p.scurve_k
        ahead = miss / slope
        # The error after a Newton step is of the order of the step squared; halving leaves more.
        if abs(ahead) <= 1e-8:
            return x - ahead
        x -= ahead
        if not low < x < high:
            x = 0.5 * (low + high)
    return x


@inlined
def sector_of(w: World, p: Inputs, z: int, u: float) -> int:
    """Sector drawn from the zone's investment shares; the last one if their sum is below ``u``."""
    total = 0.0
    sector = 0
    last = 0
    for s in range(w.city.sectors):
        share = w.zone.invest_share[z, s]
        total += share
        sector += 1 if u >= total else 0
        last = s if share > 0.0 else last
    return sector if sector < w.city.sectors else last


@inlined
def zone_of(w: World, u: float) -> int:
    """Home zone drawn from the weights of arrivals (square root of zone revenue)."""
    low, high = 0, w.city.zones - 1
    while low < high:
        middle = (low + high) // 2
        below = u < w.zone.weight_sum[middle]
        high = middle if below else high
        low = low if below else middle + 1
    return low


@inlined
def pull(w: World, p: Inputs, z: int) -> float:
    """Multiplier of arrivals at a zone: effort, named sites, service centres."""
    return (
        (1.0 + w.now.effort * w.zone.effort[z])
        * (1.0 + w.now.site_attraction * p.zone_site[z])
        * (1.0 + p.service_centre_attraction * w.zone.centres[z])
    )


@step
def arrivals(w: World, p: Inputs) -> None:
    """Thin the fixed envelope of candidates to this month's projects.

    Kind 0 are ordinary projects (negative binomial by a common gamma factor of whole shape k and
    mean 1), kind 1 those of 20亿 and more (Poisson). Candidates, their order and their traits
    never depend on rates: variants of a replicate draw each of them once.
    """
    c, replay, thinning = w.city, w.replay, w.thinning
    t = c.t
    growth = arrival_index(p, t)
    thinning.highest = 1.0
    for z in range(c.zones):
        w.zone.pull[z] = pull(w, p, z)
        thinning.highest = max(thinning.highest, w.zone.pull[z])
    for kind in range(2):
        rate = c.scale * growth / 12.0
        if kind == 0:
            rate *= w.now.ordinary_arrivals
        else:
            rate *= p.starts_large / p.starts_ordinary * w.now.large_arrivals
        acceptance = rate / p.envelope[t - p.pipeline_start, kind]
        if acceptance * thinning.highest > 1.0:
            c.code = ENVELOPE
            return
        # A climate better than the envelope has room for fills it.
        climate = c.pace * power(p.climate[t - p.pipeline_start], p.climate_elasticity)
        thinning.acceptance[kind] = min(acceptance * climate, 1.0 / thinning.highest)
    if c.phase == OPEN:
        respond(w)
    since = t - replay.begin - 1
    before = (
        replay.ends[since - 1] if c.replay_mode > 0 and 0 < since <= replay.ends.shape[0] else 0
    )
    if candidates_known(w):
        admit(w, p, before, replay.ends[since])
        return
    keeps = c.replay_mode == KEEPS and t == replay.listed + 1 and since < replay.ends.shape[0]
    thinning.begin = before if keeps else LISTED
    thinning.end = thinning.begin
    thinning.room = LISTED if keeps else LISTED + UNLISTED
    for kind in range(2):
        # Skip candidates above every acceptance threshold of the cached months.
        thinning.least[kind] = (
            thinning.acceptance[kind] * thinning.highest * (SPARE if keeps else 1.0)
        )
    shape = int(p.arrival_dispersion + 0.5)
    crowd = erlang(w, DISPERSION, 0, t, 0, shape) / shape
    thin(w, p, 0, p.envelope[t - p.pipeline_start, 0] * crowd)
    thin(w, p, 1, p.envelope[t - p.pipeline_start, 1])
    draw_traits(w, p, thinning.begin, thinning.end)
    admit(w, p, thinning.begin, thinning.end)
    if keeps and thinning.room == LISTED:
        replay.listed = t
        replay.ends[since] = thinning.end
        replay.least[since, 0] = thinning.least[0]
        replay.least[since, 1] = thinning.least[1]


@inlined
def candidates_known(w: World) -> bool:
    """Whether an earlier variant has listed all candidates that this one may need this month."""
    replay, thinning = w.replay, w.thinning
    if w.city.replay_mode != REPEATS or w.city.t > replay.listed:
        return False
    since = w.city.t - replay.begin - 1
    reaches = thinning.acceptance[0] * thinning.highest <= replay.least[since, 0]
    return reaches & (thinning.acceptance[1] * thinning.highest <= replay.least[since, 1])


@step
def respond(w: World) -> None:
    """How the land a project takes answers to its zone's land premium: a factor on intensity."""
    for z in range(w.city.zones):
        w.zone.response[z] = power(w.zone.premium[z], PREMIUM_EXPONENT)


@inlined
def whole_vectors(count: int) -> int:
    """Least multiple of a vector's length that holds ``count``."""
    return (count + VECTOR - 1) // VECTOR * VECTOR


@step
def thin(w: World, p: Inputs, kind: int, limit: float) -> None:
    """List the candidates of one kind that may be accepted, up to the envelope's limit."""
    c, thinning, candidate = w.city, w.thinning, w.candidate
    t, replicate, low, high = c.t, c.replicate, c.seed, c.seed >> 32
    stream, least = ARRIVAL + c.salt, thinning.least[kind]
    clock = 0.0
    number = 0
    while clock <= limit:
        # About as many as are to come; the next batch sees to the rest.
        count = min(BATCH, whole_vectors(int(limit - clock) + 4))
        if thinning.end + count > thinning.room:
            # No room for all of a month: those on the list go first. Rows kept for later variants stay.
            draw_traits(w, p, thinning.begin, thinning.end)
            admit(w, p, thinning.begin, thinning.end)
            thinning.begin = LISTED
            thinning.end = LISTED
            thinning.room = LISTED + UNLISTED
        for n in range(count):
            entity = (kind << 20) | (number + n)
            u_gap, u_height, _, _ = uniforms_at(entity, t, replicate, stream, low, high)
            thinning.gap[n] = -log(u_gap)
            thinning.height[n] = u_height
        arrived = (kind << 31) | ((t - p.pipeline_start) << 24)
        row = thinning.end
        for n in range(count):
            clock += thinning.gap[n]
            candidate.id[row] = arrived | (number + n)
            candidate.arrived[row] = t
            candidate.height[row] = thinning.height[n]
            row += 1 if (clock <= limit) & (thinning.height[n] < least) else 0
        thinning.end = row
        number += count


@step
def admit(w: World, p: Inputs, begin: int, end: int) -> None:
    """Accept the candidates whose height is below their zone's pull; then they are projects."""
    thinning, candidate = w.thinning, w.candidate
    for k in range(begin, end):
        acceptance = thinning.acceptance[candidate.id[k] >> 31]
        if candidate.height[k] < acceptance * thinning.highest:
            z = candidate.zone[k]
            if candidate.height[k] / acceptance < w.zone.pull[z]:
                settle(w, p, k, z)


@step
def draw_traits(w: World, p: Inputs, begin: int, end: int) -> None:
    """Draw the traits of listed candidates: while the pipeline runs alone those of the first day."""
    early_traits(w, p, begin, end)
    if w.city.phase == OPEN:
        late_traits(w, p, begin, end)


@step
def early_traits(w: World, p: Inputs, begin: int, end: int) -> None:
    """Draw what a project needs from the first day, for listed candidates.

    Loops without branches, of which compilers make vectors; what the last one draws beyond ``end``
    nobody reads.
    """
    c, candidate = w.city, w.candidate
    replicate, low, high = c.replicate, c.seed, c.seed >> 32
    trait, stall = TRAIT + c.salt, STALL + c.salt
    alpha_0, least_0 = p.size_ordinary_alpha, p.size_ordinary_min
    alpha_1, least_1 = p.size_large_alpha, p.size_large_min
    span_0 = pareto_span(alpha_0, least_0, p.size_ordinary_max)
    span_1 = pareto_span(alpha_1, least_1, p.size_large_max)
    beyond = begin + whole_vectors(end - begin)
    for k in range(begin, beyond):
        name, t = candidate.id[k], candidate.arrived[k]
        large = name >> 31 == 1
        u_size, u_zone, u_sector, u_kind = uniforms_at(name, t, replicate, trait, low, high)
        span, alpha = span_1 if large else span_0, alpha_1 if large else alpha_0
        candidate.raw[k] = pareto(u_size, span, alpha, least_1 if large else least_0)
        candidate.u_zone[k] = u_zone
        candidate.u_sector[k] = u_sector
        candidate.u_kind[k] = u_kind
    for k in range(begin, beyond):
        name, t = candidate.id[k], candidate.arrived[k]
        stream = trait + BLOCK
        u_group, u_owner, u_drop, u_fail = uniforms_at(name, t, replicate, stream, low, high)
        u_stall, _, _, _ = uniforms_at(name, t, replicate, stall, low, high)
        owned = (name >> 31 == 0) & (u_owner < p.incumbent_project_share)
        candidate.group[k] = 1 if u_group < p.group_start_share else 0
        candidate.incumbent[k] = 1 if owned else 0
        candidate.fails[k] = 1 if u_fail < p.abandonment_share else 0
        candidate.drop_at[k] = -log(u_drop)
        candidate.stall_at[k] = -log(u_stall)
    for k in range(begin, beyond):
        name, t = candidate.id[k], candidate.arrived[k]
        stream = trait + 2 * BLOCK
        u, v, u_fail_at, u_logistics = uniforms_at(name, t, replicate, stream, low, high)
        n_duration, n_own = normals(u, v)
        spread = exp(p.duration_elasticity * log(candidate.raw[k]) + p.duration_sigma * n_duration)
        length, own = p.duration_base * spread, p.own_money_mean + p.own_money_sd * n_own
        candidate.duration[k] = p.duration_min if length < p.duration_min else length
        candidate.own[k] = clip(own, p.own_money_low, p.own_money_high)
        candidate.fail_at[k] = u_fail_at
        candidate.kind[k] = LOGISTICS if u_logistics < p.logistics_share else INFRASTRUCTURE
        candidate.work[k] = 1.0
    # Approval work: Erlang, minus the log of a product of uniforms.
    shape = int(p.approval_shape + 0.5)
    for block in range((shape + 3) // 4):
        left, stream = shape - 4 * block, trait + (8 + block) * BLOCK
        for k in range(begin, beyond):
            name, t = candidate.id[k], candidate.arrived[k]
            u_1, u_2, u_3, u_4 = uniforms_at(name, t, replicate, stream, low, high)
            product = candidate.work[k] * u_1
            product *= u_2 if left > 1 else 1.0
            product *= u_3 if left > 2 else 1.0
            product *= u_4 if left > 3 else 1.0
            candidate.work[k] = product
    work = p.approval_months / shape
    for k in range(begin, beyond):
        candidate.work[k] = -log(candidate.work[k]) * work
    for k in range(begin, end):
        z = zone_of(w, candidate.u_zone[k])
        candidate.zone[k] = z
        candidate.sector[k] = -1
        if candidate.u_kind[k] >= p.infrastructure_share:
            candidate.kind[k] = INDUSTRIAL
            candidate.sector[k] = sector_of(w, p, z, candidate.u_sector[k])


@step
def settle(w: World, p: Inputs, k: int, z: int) -> None:
    """Make candidate k a project of zone z. The next project row is all zero."""
    c, candidate, project = w.city, w.candidate, w.project
    j = c.projects
    if j >= project.id.shape[0]:
        c.code = TOO_MANY_PROJECTS
        return
    c.projects += 1
    c.arrivals_total += 1
    project.live[c.live] = j
    c.live += 1
    s, raw = candidate.sector[k], candidate.raw[k]
    budget = p.invest_realised * raw
    project.id[j] = candidate.id[k]
    project.zone[j] = z
    project.large[j] = candidate.id[k] >> 31
    project.arrived[j] = c.t
    project.queued[j] = c.t
    project.state[j] = APPROVAL
    project.plant[j] = -1
    project.sector[j] = s
    project.leads[j] = p.zone_leading[z, s] if s >= 0 else 0
    project.raw[j] = raw
    project.kind[j] = candidate.kind[k]
    project.budget[j] = budget
    project.group[j] = candidate.group[k]
    project.incumbent[j] = candidate.incumbent[k]
    project.work[j] = candidate.work[k]
    project.drop_at[j] = candidate.drop_at[k]
    project.stall_at[j] = candidate.stall_at[k]
    project.fails[j] = candidate.fails[k]
    project.fail_at[j] = candidate.fail_at[k]
    project.duration[j] = candidate.duration[k]
    project.own[j] = candidate.own[k]
    project.bank[j] = p.bank_share_rest * (1.0 - candidate.own[k])
    project.outside[j] = p.outside_share
    w.zone.arrivals[z] += 1.0
    w.zone.arrivals_large[z] += 1.0 if raw >= p.large_threshold else 0.0
    if c.phase == OPEN:
        take_plot(w, p, j, candidate.intensity[k], candidate.own_site[k])
        if project.kind[j] == INDUSTRIAL:
            project.jobs[j] = budget / YI_PER_WAN / candidate.per_job[k]
            project.rho[j] = candidate.rho[k]
            project.realised[j] = candidate.realised[k]


@inlined
def take_plot(w: World, p: Inputs, j: int, intensity: float, own_site: int) -> None:
    """Land a project takes: its intensity answers to the premium of its zone.

    Admission: a project below the minimum intensity is redesigned to it, none is lost.
    """
    project = w.project
    dense = intensity * w.zone.response[project.zone[j]]
    dense = p.intensity_min if dense < p.intensity_min else dense
    project.intensity[j] = dense
    project.plot[j] = project.budget[j] / YI_PER_WAN / dense
    project.need[j] = 0.0 if own_site == 1 else project.plot[j]


@inlined
def pareto_span(alpha: float, low: float, high: float) -> float:
    """Probability that a Pareto variate from ``low`` on stays below ``high``."""
    return 1.0 - exp(-alpha * log(high / low))


@inlined
def pareto(u: float, span: float, alpha: float, low: float) -> float:
    """Pareto variate from ``low`` on, truncated to its share ``span``, by inversion."""
    return low * exp(-log(1.0 - u * span) / alpha)


@step
def late_traits(w: World, p: Inputs, begin: int, end: int) -> None:
    """Draw what the pipeline alone does not need: site, intensity without premium, jobs, yields."""
    c, candidate = w.city, w.candidate
    replicate, low, high = c.replicate, c.seed, c.seed >> 32
    trait, yields, realised = TRAIT + c.salt + 3 * BLOCK, YIELD + c.salt, REALISED + c.salt
    precision = p.realised_yield_precision
    good_shape, bad_shape = precision * p.realised_yield, precision * (1.0 - p.realised_yield)
    median_0, sigma_0 = p.intensity_ordinary, p.intensity_ordinary_sigma
    median_1, sigma_1 = p.intensity_large, p.intensity_large_sigma
    for k in range(begin, begin + whole_vectors(end - begin)):
        name, t = candidate.id[k], candidate.arrived[k]
        u_site, _, u, v = uniforms_at(name, t, replicate, trait, low, high)
        n_intensity, n_jobs = normals(u, v)
        big = candidate.raw[k] >= p.large_threshold
        median, sigma = median_1 if big else median_0, sigma_1 if big else sigma_0
        candidate.own_site[k] = 1 if u_site < p.own_site_share else 0
        candidate.intensity[k] = median * exp(sigma * n_intensity)
        candidate.per_job[k] = p.investment_per_job * exp(p.investment_per_job_sigma * n_jobs)
    for k in range(begin, begin + whole_vectors(end - begin)):
        name, t = candidate.id[k], candidate.arrived[k]
        u, v, _, _ = uniforms_at(name, t, replicate, yields, low, high)
        n_yield, _ = normals(u, v)
        candidate.rho[k] = p.announced_yield * exp(p.announced_yield_sigma * n_yield)
    for k in range(begin, begin + whole_vectors(end - begin)):
        name, t = candidate.id[k], candidate.arrived[k]
        u, v, accept, _ = uniforms_at(name, t, replicate, realised, low, high)
        candidate.good[k] = gamma_trial(good_shape, u, v, accept)
        u, v, accept, _ = uniforms_at(name, t, replicate, realised + 64 * BLOCK, low, high)
        candidate.bad[k] = gamma_trial(bad_shape, u, v, accept)
    for k in range(begin, end):
        name, t = candidate.id[k], candidate.arrived[k]
        good, bad = candidate.good[k], candidate.bad[k]
        if good < 0.0:
            good = gamma(w, REALISED, good_shape, name, t, 1)
        if bad < 0.0:
            bad = gamma(w, REALISED, bad_shape, name, t, 65)
        candidate.realised[k] = good / (good + bad)


@inlined
def stall_threshold(w: World, j: int, count: int) -> float:
    """Cumulated hazard at which the next stall comes: exponential, one draw per stall."""
    u, _, _, _ = uniforms(w, STALL, w.project.id[j], w.project.arrived[j], count)
    return -log(u)


@inlined
def approval_pace(w: World, p: Inputs, bonus: float) -> float:
    """Approval work done in a month, with the bonus of a tier of announced size.

    Without the plan it is 1.
    """
    if w.city.policy == 0:
        return 1.0
    ramp = clip((w.city.t - p.policy_month + 1) / 3.0, 0.0, 1.0)
    saving = min(p.approval_cut_cap, w.now.approval_cut * ramp + w.now.tier_bonus * bonus)
    return 1.0 / (1.0 - saving)


@step
def choose_express(w: World, p: Inputs) -> None:
    """In the plan's first month: signed large projects still in approval go express or not."""
    project = w.project
    for k in range(w.city.live):
        j = project.live[k]
        if project.state[j] == APPROVAL and project.raw[j] >= p.large_threshold:
            _, u, _, _ = uniforms(w, TRAIT, project.id[j], project.arrived[j], 3)
            project.express[j] = 1 if u < w.now.express_share else 2


@inlined
def dropout_hazards(w: World, p: Inputs) -> tuple[float, float]:
    """Monthly advance of the dropout clock, for ordinary and for major projects."""
    major = p.dropout_rate * (1.0 - w.now.dropout_cut_major)
    return -log(1.0 - p.dropout_rate), -log(1.0 - major)


@step
def approve(w: World, p: Inputs) -> None:
    """Dropouts leave, approvals progress, approved projects queue for land.

    A project's dropout clock runs at ``-ln(1 - hazard)`` a month until it passes the exponential
    threshold drawn at arrival: the same law as a monthly chance, and levers only slow the clock.
    The loop over those who wait has no branches; what happens to a few of them comes after it.
    """
    c, project, zone = w.city, w.project, w.zone
    if c.policy == 1 and c.t == p.policy_month:
        choose_express(w, p)
    ordinary, major = dropout_hazards(w, p)
    pace_1 = approval_pace(w, p, p.tier_bonus_1)
    pace_5 = approval_pace(w, p, p.tier_bonus_5)
    pace_20 = approval_pace(w, p, p.tier_bonus_20)
    overrun, instantly = 1.0 + w.now.overrun_speedup, p.free_approval == 1 and c.policy == 1
    major_from, large_from = p.major_threshold, p.large_threshold
    rows = w.temp.site
    waiting = 0
    for k in range(c.live):
        j = project.live[k]
        rows[waiting] = j
        waiting += 1 if project.state[j] < BUILDING else 0
    ready = 0
    for n in range(waiting):
        j = rows[n]
        raw, work, budget = project.raw[j], project.work[j], project.budget[j]
        clock = project.drop_clock[j] + (major if raw >= major_from else ordinary)
        project.drop_clock[j] = clock
        leaves = clock > project.drop_at[j]
        pace = pace_5 if raw >= major_from else pace_1
        pace = pace_20 if (raw >= large_from) & (project.express[j] != 2) else pace
        late = c.t - project.arrived[j] >= p.approval_months
        left = work - pace * (overrun if late else 1.0)
        proceeds = (project.state[j] == APPROVAL) & (not leaves)
        project.work[j] = left if proceeds else work
        approved = proceeds & ((left <= 0.0) | instantly)
        zone.wait_approval[project.zone[j]] += budget if proceeds & (not approved) else 0.0
        rows[ready] = j
        ready += 1 if leaves | approved else 0
    for n in range(ready):
        j = rows[n]
        if project.drop_clock[j] > project.drop_at[j]:
            project.state[j] = DROPPED
            project.ended[j] = c.t
            zone.dropouts[project.zone[j]] += 1.0
            return_land(w, j)
        else:
            project.queued[j] = c.t
            short = project.land[j] < project.need[j]
            project.state[j] = LAND if short else CLOSING
            project.ready[j] = project.ready[j] if short else c.t


@step
def close(w: World, p: Inputs) -> None:
    """Start what has land, equity and, if it waits for one, a ground-breaking month."""
    c, project = w.city, w.project
    rows = w.temp.site
    waiting = 0
    for k in range(c.live):
        j = project.live[k]
        state = project.state[j]
        rows[waiting] = j
        waiting += 1 if (state == LAND) | (state == CLOSING) else 0
    for n in range(waiting):
        j = rows[n]
        if project.state[j] == LAND:
            w.zone.wait_land[project.zone[j]] += project.budget[j]
        else:
            close_month(w, p, j)


@step
def close_month(w: World, p: Inputs, j: int) -> None:
    """Start one project, or let it wait for equity or for the ground-breaking month."""
    c, project, zone = w.city, w.project, w.zone
    group = p.group_month[c.calendar_month] == 1
    z = project.zone[j]
    s = project.sector[j]
    least = p.sector_own[s] if s >= 0 else OTHER_OWN_MINIMUM
    if project.own[j] < least:
        # The promoter raises its own share a little every month until the minimum is met.
        project.own[j] = min(least, project.own[j] + p.own_money_raise)
        project.bank[j] = p.bank_share_rest * (1.0 - project.own[j])
        zone.wait_own[z] += project.budget[j]
        return
    most = p.loan_to_value * (p.collateral_haircut + planned_site(w, p, j) / project.budget[j])
    if project.bank[j] > most:
        # No bank lends more than the finished project secures: the promoter raises the difference.
        project.bank[j] = max(most, project.bank[j] - p.own_money_raise)
        zone.wait_own[z] += project.budget[j]
        return
    if (project.group[j] == 1 and not group) or (p.shut > 0 and c.t >= p.shut):
        zone.wait_group[z] += project.budget[j]
        return
    project.state[j] = BUILDING
    project.started[j] = c.t
    if c.policy == 1:
        project.outside[j] = p.outside_share + w.now.outside_share_gain
        project.budget[j] *= 1.0 - w.now.fee_cut
    under_way(w, p, j)
    zone.starts[z] += 1.0
    zone.starts_value[z] += project.budget[j]
    zone.starts_land[z] += project.plot[j]
    if group:
        project.in_group[j] = 1
        zone.group_starts[z] += 1.0
    if project.raw[j] >= p.large_threshold:
        zone.starts_large[z] += 1.0
    if project.kind[j] == LOGISTICS:
        zone.starts_logistics[z] += 1.0


@inlined
def planned_site(w: World, p: Inputs, j: int) -> float:
    """Value of a project's site once it has all its land, 亿元; of leased floor none.

    While the pipeline runs alone no plot is drawn yet: the site is one of ordinary intensity.
    """
    if w.city.phase != OPEN:
        return p.land_price * w.project.budget[j] / p.intensity_ordinary
    return 0.0 if w.project.floor[j] > 0.0 else p.land_price * w.project.plot[j] * YI_PER_WAN


@inlined
def site_value(w: World, p: Inputs, j: int) -> float:
    """Value of the site that a project has now, 亿元: its own one, or the land given so far."""
    if w.project.need[j] > 0.0:
        return p.land_price * w.project.land[j] * YI_PER_WAN
    return planned_site(w, p, j)


@inlined
def under_way(w: World, p: Inputs, j: int) -> None:
    """Note that a large or a major project is under way in its zone this year."""
    zone, z, raw = w.zone, w.project.zone[j], w.project.raw[j]
    zone.large_year[z] = 1.0 if raw >= p.large_threshold else zone.large_year[z]
    zone.major_year[z] = 1.0 if raw >= p.coordination_threshold else zone.major_year[z]


@inlined
def stall_hazards(w: World, p: Inputs) -> tuple[float, float]:
    """Monthly advance of the stall clock, for ordinary and for coordinated projects."""
    hazard = p.stall_hazard * (1.0 - w.now.stall_cut_service)
    return -log(1.0 - hazard), -log(1.0 - hazard * (1.0 - w.now.stall_cut_major))


@step
def construct(w: World, p: Inputs) -> None:
    """Plan the month's spending, draw on the bank, spend, advance.

    Effective time passes at the season's pace, slower in a stall. Own and other money may run
    ahead of a late loan but not beyond their share; if money or land is short, the project
    advances only as far as its spending reaches. While the pipeline runs alone banks pay what is
    wanted.
    """
    c, project, zone, site = w.city, w.project, w.zone, w.temp.site
    for z in range(c.zones):
        zone.building[z] = 0.0
        zone.building_large[z] = 0.0
    sites = 0
    for k in range(c.live):
        j = project.live[k]
        site[sites] = j
        sites += 1 if project.state[j] == BUILDING else 0
    if c.calendar_month == 0:
        for n in range(sites):
            under_way(w, p, site[n])
    plan_month(w, p, sites)
    if c.phase == OPEN:
        wanted = 0.0
        leading = 0.0
        for n in range(sites):
            j = site[n]
            wanted += project.draw[j]
            leading += project.draw[j] if project.leads[j] == 1 else 0.0
        if c.grant_left > 0.0 and leading > 0.0:
            wanted -= grants(w, sites, leading)
        granted = ration(w, p, sites, wanted)
        c.loans += granted
        c.loans_drawn += granted
    spend_month(w, p, sites)
    for z in range(c.zones):
        zone.fai[z] += zone.fai_industrial[z] + zone.fai_infrastructure[z]


@step
def plan_month(w: World, p: Inputs, sites: int) -> None:
    """Stalls, planned spending and the draw wanted by every building project.

    Only rare events are branches: a mispredicted branch costs more than the arithmetic it spares.
    """
    c, project, zone, site = w.city, w.project, w.zone, w.temp.site
    pace = c.pace * p.fai_season[c.calendar_month]
    slow_pace = pace * p.stall_pace
    smooth, coordinated = stall_hazards(w, p)
    threshold = p.coordination_threshold
    haircut, loan_to_value = p.collateral_haircut, p.loan_to_value
    for n in range(sites):
        j = site[n]
        budget, duration, before = project.budget[j], project.duration[j], project.spent[j]
        ticks = coordinated if project.raw[j] >= threshold else smooth
        # The clock stands still in a stall: it was set to zero when the stall began.
        clock = project.stall_clock[j] + (0.0 if project.stalled[j] > 0 else ticks)
        project.stall_clock[j] = clock
        if clock > project.stall_at[j]:
            begin_stall(w, p, j)
        slow = project.stalled[j] > 0
        project.stalled[j] -= 1 if slow else 0
        speed = slow_pace if slow else pace
        reach = project.tau[j] + speed
        reach = duration if duration < reach else reach
        wish = budget * s_curve(p, reach / duration) - before
        wish = 0.0 if wish < 0.0 else wish
        if slow:
            full = min(duration, project.tau[j] + pace)
            lost = budget * s_curve(p, full / duration) - before - wish
            zone.short_stall[project.zone[j]] += lost if lost > 0.0 else 0.0
        if project.land[j] < project.need[j]:
            cap = budget * project.land[j] / project.need[j] - before
            cap = 0.0 if cap < 0.0 else cap
            if cap < wish:
                zone.short_land[project.zone[j]] += wish - cap
                wish = cap
                reach = -1.0
        project.wish[j] = wish
        project.reach[j] = reach
        project.ahead[j] = speed
        paid = before + wish
        entitled = project.bank[j] * paid - (project.loan[j] + project.grant[j])
        secured = site_value(w, p, j) + haircut * paid
        room = loan_to_value * secured - project.loan[j]
        entitled = room if room < entitled else entitled
        project.draw[j] = entitled if entitled > 0.0 else 0.0


@step
def begin_stall(w: World, p: Inputs, j: int) -> None:
    """A stall begins this month; when the next one comes is drawn."""
    project = w.project
    project.stalls[j] += 1
    project.stalled[j] = int(p.stall_months + 0.5)
    project.stall_clock[j] = 0.0
    project.stall_at[j] = stall_threshold(w, j, project.stalls[j])


@step
def spend_month(w: World, p: Inputs, sites: int) -> None:
    """Spend what equity and the granted draws allow; advance, complete or fail."""
    c, project, zone, site = w.city, w.project, w.zone, w.temp.site
    january, large_from = 12 * c.year, p.large_threshold
    built, largest, late = 0.0, c.largest, 0
    for n in range(sites):
        j = site[n]
        z, budget, wish = project.zone[j], project.budget[j], project.wish[j]
        before, draw = project.spent[j], project.draw[j]
        loan = project.loan[j] + draw
        project.loan[j] = loan
        zone.loans_drawn[z] += draw
        # Own and other money never exceed their share of the budget.
        spend = (1.0 - project.bank[j]) * budget + loan + project.grant[j] - before
        spend = wish if wish <= spend + 1e-12 * budget else spend
        spend = 0.0 if spend < 0.0 else spend
        spent = before + spend
        tau = project.reach[j]
        if spend >= wish and tau >= 0.0:
            project.tau_free[j] += project.ahead[j]
        else:
            zone.short_bank[z] += wish - spend
            old = project.tau[j]
            tau = old
            if spend > 0.0:
                duration = project.duration[j]
                tau = duration * s_inverse(p, min(1.0, spent / budget), old / duration)
            # Had the bank paid, a month capped by land would not have gone further than this.
            project.tau_free[j] += project.ahead[j] if project.reach[j] >= 0.0 else tau - old
        project.tau[j] = tau
        progress = tau / project.duration[j]
        spent = budget if progress >= 1.0 else spent
        project.spent[j] = spent
        year = project.spent_year[j] + spend
        project.spent_year[j] = year
        largest = year if year > largest else largest
        built += spend
        zone.measures[FAI_BY_KIND + (0 if project.kind[j] == INDUSTRIAL else 1), z] += spend
        zone.measures[FAI_BY_AGE + (0 if project.started[j] < january else 1), z] += spend
        zone.outside_capital[z] += spend * project.outside[j]
        if (project.fails[j] == 1) & (progress >= project.fail_at[j]):
            abandon(w, j)
        elif progress >= 1.0:
            complete(w, j)
        else:
            if spend < wish - 1e-9 * budget:
                bear_gap(w, p, j)
            elif project.reach[j] >= 0.0:
                project.gap[j] = 0
            goes_on = project.state[j] == BUILDING
            zone.building[z] += 1.0 if goes_on else 0.0
            zone.building_large[z] += 1.0 if goes_on & (project.raw[j] >= large_from) else 0.0
            # Plants that would already run had the bank never been short.
            project.late[late] = j
            due = goes_on & (project.tau_free[j] >= project.duration[j])
            late += 1 if due & (project.kind[j] == INDUSTRIAL) else 0
    c.cip += built
    c.largest = largest
    c.late = late


@step
def bear_gap(w: World, p: Inputs, j: int) -> None:
    """Count a month whose work could not be paid, and do what follows from it.

    After some months the owner adds equity, if it has any; else, after many, a stronger owner
    takes the project over, or it is abandoned.
    """
    project, zone = w.project, w.zone
    project.gap[j] += 1
    if project.gap[j] <= p.gap_wait:
        return
    z, budget = project.zone[j], project.budget[j]
    u, v, _, _ = uniforms(w, TRAIT, project.id[j], project.arrived[j], 5)
    lent = (project.loan[j] + project.grant[j]) / budget
    if u < p.topup_share:
        share = max(lent, project.bank[j] - p.own_money_raise)
        zone.topups[z] += (project.bank[j] - share) * budget
        project.bank[j] = share
    elif project.gap[j] > p.gap_drop:
        if v >= p.handover_share:
            zone.abandoned_gap[z] += 1.0
            abandon(w, j)
            return
        zone.handovers[z] += 1.0
        project.bank[j] = lent
        project.gap[j] = 0


@step
def abandon(w: World, j: int) -> None:
    """A project fails on the way: what was spent and owed is lost, the land comes back."""
    c, project = w.city, w.project
    project.state[j] = ABANDONED
    project.ended[j] = c.t
    c.cip -= project.spent[j]
    c.written_off += project.spent[j]
    c.loans -= project.loan[j]
    c.loans_lost += project.loan[j]
    project.loan[j] = 0.0
    return_land(w, j)


@step
def complete(w: World, j: int) -> None:
    """A project is finished."""
    c, project = w.city, w.project
    project.state[j] = DONE
    project.ended[j] = c.t
    c.cip -= project.spent[j]
    c.capitalised += project.spent[j]
    project.finished[c.finished] = j
    c.finished += 1
    w.zone.completions[project.zone[j]] += 1.0


@step
def compact(w: World, p: Inputs) -> None:
    """Drop ended projects from the list of those followed; the order of arrival is kept."""
    c, project = w.city, w.project
    kept = 0
    for k in range(c.live):
        j = project.live[k]
        if project.state[j] < DONE:
            project.live[kept] = j
            kept += 1
    c.live = kept


@step
def redraw_latent(w: World, p: Inputs) -> None:
    """Draw again, memorylessly, the clocks of dropout and stall of every live project.

    Exponential clocks have no memory, so what is left of each is again exponential: this turns
    the state of a month into another future of the same law.
    """
    c, project = w.city, w.project
    for k in range(c.live):
        j = project.live[k]
        u, v, _, _ = uniforms(w, LATENT, project.id[j], c.t, 0)
        project.drop_at[j] = project.drop_clock[j] - log(u)
        project.stall_at[j] = project.stall_clock[j] - log(v)
