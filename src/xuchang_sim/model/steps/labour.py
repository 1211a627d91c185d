"""Labour: training, people who come home, vacancies, matching, layoffs."""

from __future__ import annotations

from xuchang_sim.model.elementary import exp, log
from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.steps.calendar import clip, power
from xuchang_sim.model.world import OPEN, RING, TILE, Inputs, World

# Seasons of a year, mean 1: most quit around the spring festival, most come after it.
QUITS = (2.2, 2.0, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78)
ENTRIES = (0.8, 1.4, 1.3, 1.05, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.8)
SLACKEST, TIGHTEST = 0.05, 20.0  # bounds of tightness over the normal one
LEAST_PAY, MOST_PAY = 0.85, 1.3


@step
def training(w: World, p: Inputs) -> None:
    """Seekers give up, the trained graduate, the next enrol, people come from outside.

    Training moves people and creates none: a part of the places reaches people outside who would
    not have come, the others local unskilled seekers (at most half of them). Trainees who do not
    complete seek unskilled posts. People come as posts are open and as pay and housing draw them.
    """
    c, zone, now = w.city, w.zone, w.now
    season = ENTRIES[c.calendar_month]
    slot = c.t - RING * (c.t // RING)
    months = int(p.training_months + 0.5)
    ahead = c.t + months - RING * ((c.t + months) // RING)
    complete = min(1.0, p.training_completion + now.training_completion_bonus)
    unit = p.training_cost / 1e8
    for z in range(c.zones):
        gone = p.give_up * (zone.skilled[z] + zone.unskilled[z])
        zone.skilled[z] -= p.give_up * zone.skilled[z]
        zone.unskilled[z] -= p.give_up * zone.unskilled[z]
        zone.outside[z] += gone
        zone.gave_up[z] += gone
        out = zone.training_ring[z, slot]
        zone.training_ring[z, slot] = 0.0
        zone.in_training[z] -= out
        zone.skilled[z] += out * complete
        zone.unskilled[z] += out * (1.0 - complete)
        zone.graduated[z] += out * complete
        zone.graduates_year[z] += out * complete
        places = now.training_places / 12.0 * zone.jobs_share[z]
        c.training_budget += places * unit
        far = min(p.training_additional * places, zone.outside[z])
        near = min((1.0 - p.training_additional) * places, 0.5 * zone.unskilled[z])
        zone.outside[z] -= far
        zone.unskilled[z] -= near
        zone.training_ring[z, ahead] += far + near
        zone.in_training[z] += far + near
        zone.enrolled[z] += far + near
        c.training_spent += (far + near) * unit
        wage = (1.0 + now.wage_gap) / (1.0 + p.absent.wage_gap) * zone.pay[z]
        pressure = clip(zone.tightness[z] / p.normal_tightness, SLACKEST, TIGHTEST)
        housed = p.workers_per_unit * zone.housing_units[z]
        house = 1.0 + p.housing_pull * housed / (1.0 + zone.workers[z])
        home = c.entries * zone.jobs_share[z] * season * house
        home *= power(pressure, p.entry_tightness) * power(wage, p.return_elasticity)
        home = min(home, zone.outside[z])
        zone.outside[z] -= home
        skilled = home * p.skilled_share_seekers
        zone.skilled[z] += skilled
        zone.unskilled[z] += home - skilled
        zone.migrated[z] += home


@inlined
def workers_wanted(orders: float, alpha: float) -> float:
    """Workers a firm wants for its smoothed orders (亿元/年), in persons (real numbers)."""
    return orders / (alpha * (12.0 * 1e-4))


@inlined
def matches(p: Inputs, vacancies: float, seekers: float) -> float:
    """Cobb–Douglas matching, never more than either side has."""
    if vacancies <= 0.0 or seekers <= 0.0:
        return 0.0
    e = p.matching_elasticity
    met = p.matching_level * exp(e * log(seekers) + (1.0 - e) * log(vacancies))
    return min(met, min(vacancies, seekers))


@step
def employ(w: World, p: Inputs) -> None:
    """Quits and layoffs, then matching: by zone and skill, across zones, across skills."""
    c, firm, zone = w.city, w.firm, w.zone
    drift = power(1.0 + p.productivity_growth, 1.0 / 12.0)
    for z in range(c.zones):
        zone.vacancies_s[z] = 0.0
        zone.vacancies_u[z] = 0.0
        zone.workers_wanted[z] = 0.0
        zone.left_s[z] = 0.0
        zone.left_u[z] = 0.0
    if c.phase != OPEN:
        share = p.skilled_share_jobs
        for i in range(c.firms):
            wanted = workers_wanted(firm.smooth[i], firm.alpha[i])
            skilled = wanted * share
            firm.skilled[i] = skilled
            firm.unskilled[i] = wanted - skilled
            firm.alpha[i] *= drift if firm.ramping[i] == 0 else 1.0
        return
    for begin in range(0, c.firms, TILE):
        part(w, p, begin, min(begin + TILE, c.firms))
    for z in range(c.zones):
        release(w, p, z, zone.left_s[z], zone.left_u[z])
    meet(w, p)
    for i in range(c.firms):
        z = firm.zone[i]
        hired_s = firm.short_s[i] * zone.fill_s[z]
        makeshift = (firm.short_s[i] - hired_s) * zone.fill_x[z]
        hired_u = firm.short_u[i] * zone.fill_u[z]
        below = firm.short_u[i] * zone.fill_y[z]
        firm.skilled[i] += hired_s + below
        firm.unskilled[i] += hired_u + makeshift
    for i in range(c.firms):
        firm.alpha[i] *= drift if (firm.alive[i] == 1) & (firm.ramping[i] == 0) else 1.0
    for z in range(c.zones):
        # All firms of a zone fill the same shares of their vacancies: so does the zone.
        hired_s = zone.vacancies_s[z] * zone.fill_s[z]
        makeshift = (zone.vacancies_s[z] - hired_s) * zone.fill_x[z]
        hired_u = zone.vacancies_u[z] * zone.fill_u[z]
        below = zone.vacancies_u[z] * zone.fill_y[z]
        zone.hires[z] = hired_s + makeshift + hired_u + below
        zone.unfilled_skilled[z] = max(0.0, zone.vacancies_s[z] - hired_s - makeshift)
        zone.unfilled_unskilled[z] = max(0.0, zone.vacancies_u[z] - hired_u - below)
        if p.free_labour == 0 or c.policy == 0:
            follow(w, p, z)


@inlined
def release(w: World, p: Inputs, z: int, skilled: float, unskilled: float) -> None:
    """Workers lose or leave their jobs: a part seeks here, the others leave for the outside pool."""
    zone = w.zone
    stay = p.stay_share
    zone.skilled[z] += stay * skilled
    zone.unskilled[z] += stay * unskilled
    zone.outside[z] += (1.0 - stay) * (skilled + unskilled)
    zone.separations[z] += skilled + unskilled


@inlined
def follow(w: World, p: Inputs, z: int) -> None:
    """Tightness follows posts per seeker over about three months, pay follows tightness."""
    zone, normal = w.zone, p.normal_tightness
    ratio = zone.posts[z] / zone.seeking[z] if zone.seeking[z] > 0.0 else TIGHTEST * normal
    ratio = clip(ratio, SLACKEST * normal, TIGHTEST * normal)
    zone.tightness[z] += (ratio - zone.tightness[z]) * (1.0 / 3.0)
    pressure = zone.tightness[z] / normal
    zone.pay[z] = clip(power(pressure, p.wage_curve), LEAST_PAY, MOST_PAY)


@step
def part(w: World, p: Inputs, begin: int, end: int) -> None:
    """Quits, layoffs beyond what a firm wants, and vacancies by skill, of a tile of firms.

    Closed rows want and have nobody. The first loop has no branches: several firms at a time.
    """
    firm, zone, temp = w.firm, w.zone, w.temp
    quits = p.separation - w.now.worker_retention / 12.0
    quits = 0.0 if quits < 0.0 else quits * QUITS[w.city.calendar_month]
    quits = 1.0 if quits > 1.0 else quits
    share = p.skilled_share_jobs
    for i in range(begin, end):
        wanted = workers_wanted(firm.smooth[i], firm.alpha[i])
        skilled, unskilled = firm.skilled[i], firm.unskilled[i]
        gone_s = skilled * quits
        gone_u = unskilled * quits
        over = skilled - gone_s + unskilled - gone_u - wanted
        others = unskilled - gone_u
        layoffs = others if others < over else over
        layoffs = layoffs if over > 0.0 else 0.0
        gone_u += layoffs
        gone_s += over - layoffs if over > 0.0 else 0.0
        skilled -= gone_s
        unskilled -= gone_u
        total = wanted - skilled - unskilled
        total = 0.0 if total < 0.0 else total
        short_s = wanted * share - skilled
        short_s = 0.0 if short_s < 0.0 else short_s
        short_s = total if total < short_s else short_s
        firm.skilled[i] = skilled
        firm.unskilled[i] = unskilled
        firm.short_s[i] = short_s
        firm.short_u[i] = total - short_s
        temp.wanted[i - begin] = wanted
        temp.gone_s[i - begin] = gone_s
        temp.gone_u[i - begin] = gone_u
    for i in range(begin, end):
        z = firm.zone[i]
        zone.workers_wanted[z] += temp.wanted[i - begin]
        zone.left_s[z] += temp.gone_s[i - begin]
        zone.left_u[z] += temp.gone_u[i - begin]
        zone.vacancies_s[z] += firm.short_s[i]
        zone.vacancies_u[z] += firm.short_u[i]


@step
def meet(w: World, p: Inputs) -> None:
    """Match vacancies and seekers: skilled posts first, then other posts, within and across zones.

    Other posts are open to the skilled who are left as well as to the unskilled. Skilled
    vacancies that remain may be filled by unskilled seekers.
    """
    c, zone = w.city, w.zone
    for z in range(c.zones):
        zone.posts[z] = zone.vacancies_s[z] + zone.vacancies_u[z]
        zone.seeking[z] = zone.skilled[z] + zone.unskilled[z]
    if p.free_labour == 1 and c.policy == 1:
        for z in range(c.zones):
            zone.pay[z] = 1.0
            c.labour_entered += zone.vacancies_s[z] + zone.vacancies_u[z]
            zone.fill_s[z] = 1.0
            zone.fill_u[z] = 1.0
            zone.fill_x[z] = 0.0
            zone.fill_y[z] = 0.0
        return
    leak = min(1.0, p.commuting_leak + w.now.commuting_bonus)
    # Persons hired so far: skilled on skilled posts, unskilled and skilled on other posts.
    open_s = 0.0
    pool_s = 0.0
    for z in range(c.zones):
        zone.fill_s[z] = matches(p, zone.vacancies_s[z], zone.skilled[z])
        zone.skilled[z] -= zone.fill_s[z]
        open_s += zone.vacancies_s[z] - zone.fill_s[z]
        pool_s += leak * zone.skilled[z]
    met = matches(p, open_s, pool_s)
    for z in range(c.zones):
        if met > 0.0:
            zone.fill_s[z] += met * (zone.vacancies_s[z] - zone.fill_s[z]) / open_s
            zone.skilled[z] -= met * leak * zone.skilled[z] / pool_s
    open_u = 0.0
    pool_u = 0.0
    for z in range(c.zones):
        pool = zone.unskilled[z] + zone.skilled[z]
        hired = matches(p, zone.vacancies_u[z], pool)
        share = zone.unskilled[z] / pool if pool > 0.0 else 0.0
        zone.fill_u[z] = hired * share
        zone.fill_y[z] = hired - zone.fill_u[z]
        zone.unskilled[z] -= zone.fill_u[z]
        zone.skilled[z] -= zone.fill_y[z]
        open_u += zone.vacancies_u[z] - hired
        pool_u += leak * (zone.unskilled[z] + zone.skilled[z])
    met = matches(p, open_u, pool_u)
    unskilled = 0.0
    for z in range(c.zones):
        unskilled += leak * zone.unskilled[z]
    share = unskilled / pool_u if pool_u > 0.0 else 0.0
    for z in range(c.zones):
        if met > 0.0:
            more = met * (zone.vacancies_u[z] - zone.fill_u[z] - zone.fill_y[z]) / open_u
            zone.fill_u[z] += more * share
            zone.fill_y[z] += more * (1.0 - share)
            zone.unskilled[z] -= met * leak * zone.unskilled[z] / pool_u
            zone.skilled[z] -= met * leak * zone.skilled[z] / pool_u
        rest = zone.vacancies_s[z] - zone.fill_s[z]
        makeshift = matches(p, rest, zone.unskilled[z])
        zone.unskilled[z] -= makeshift
        zone.fill_x[z] = makeshift / rest if rest > 0.0 else 0.0
        if zone.vacancies_s[z] > 0.0:
            zone.fill_s[z] /= zone.vacancies_s[z]
        if zone.vacancies_u[z] > 0.0:
            zone.fill_u[z] /= zone.vacancies_u[z]
            zone.fill_y[z] /= zone.vacancies_u[z]
