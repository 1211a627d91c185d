"""The clock: what month it is, which levers are on, and the demand of that month."""

from __future__ import annotations

from xuchang_sim.model.elementary import exp, log
from xuchang_sim.model.kernel import inlined, step
from xuchang_sim.model.streams import PACE, normals, uniforms
from xuchang_sim.model.world import FIRMS, FLOWS, OPEN, PIPELINE, Inputs, World


@inlined
def clip(x: float, low: float, high: float) -> float:
    """Hold a number between two bounds."""
    return low if x < low else high if x > high else x


@inlined
def power(x: float, exponent: float) -> float:
    """Raise x > 0 to a power through exp and log: the same bits compiled and uncompiled."""
    return exp(exponent * log(x))


@inlined
def years_since_base(p: Inputs, month: int) -> float:
    """Years from the middle of the base year to the middle of a month."""
    return (month + 0.5 - (12 * p.base_year + 6)) / 12.0


@inlined
def tide(p: Inputs, month: int) -> float:
    """Factor on investment that begins in a month, 1 in the middle of the base year.

    The factor is the growth of the nation's investment since then, on its central path, over its
    growth in normal times, to the power of ``climate_elasticity``.
    """
    normal = log(1.0 + p.investment_normal) * years_since_base(p, month)
    return exp(p.climate_elasticity * (p.nation[month - p.pipeline_start] - normal))


@inlined
def arrival_index(p: Inputs, month: int) -> float:
    """Growth index of arrivals, 1 in the middle of the base year: their own growth times the tide.

    Through the base year their own growth is that of those years; afterwards it falls towards the
    long run's, the excess by ``growth_fading`` a year.
    """
    fast, slow = log(1.0 + p.starts_growth), log(1.0 + p.starts_growth_later)
    years = years_since_base(p, month)
    later = years - 0.5
    if later <= 0.0:
        return exp(fast * years) * tide(p, month)
    fading = (1.0 - exp(-p.growth_fading * later)) / p.growth_fading
    return exp(0.5 * fast + slow * later + (fast - slow) * fading) * tide(p, month)


@inlined
def annual_share(level: float, absent: float, p: Inputs, w: World) -> float:
    """Yearly rate of a lever that the plan promises as a total of its first calendar year.

    Before the plan's first month the absent level runs; from then to December the rest of the
    total (if any is left) is spread evenly, in later years the level itself.
    """
    if w.city.policy == 0:
        return absent
    before = p.policy_month - 12 * (p.policy_month // 12)
    if w.city.year > p.policy_month // 12 or before == 0:
        return level
    left = level - absent * before / 12.0
    return left * 12.0 / (12 - before) if left > 0.0 else 0.0


@step
def calendar(w: World, p: Inputs) -> None:
    """Turn the month: clear the flows, close the year in January, set the levers in force."""
    c = w.city
    c.t += 1
    c.year = c.t // 12
    c.calendar_month = c.t - 12 * c.year
    c.policy = 1 if c.phase == OPEN and c.t >= p.policy_month else 0
    for k in range(FLOWS):
        for z in range(c.zones):
            w.zone.measures[k, z] = 0.0
    if c.phase == OPEN and (c.calendar_month == 0 or c.t == p.opening):
        spread = 0.0 if p.errorless == 1 else p.pace_sd
        u, v, _, _ = uniforms(w, PACE, 0, 12 * c.year, 0)
        x, _ = normals(u, v)
        c.pace *= exp(spread * x)
    c.limit = 0.0
    c.loans_drawn = 0.0
    c.loans_repaid = 0.0
    c.loans_lost = 0.0
    c.platform_excess = 0.0
    c.capitalised = 0.0
    c.written_off = 0.0
    c.capital_added = 0.0
    c.capital_lost = 0.0
    c.labour_entered = 0.0
    c.grant_left = 0.0
    if c.calendar_month == 0:
        c.unused = 0.0
        c.drawn_year = 0.0
        c.limit_year = 0.0
    # While the firms run alone, the pipeline stands still where it ended.
    if c.calendar_month == 0 and c.phase != FIRMS:
        c.largest = 0.0
        for z in range(c.zones):
            w.zone.large_year[z] = 0.0
            w.zone.major_year[z] = 0.0
        for k in range(c.live):
            w.project.spent_year[w.project.live[k]] = 0.0
    if c.phase != PIPELINE:
        new_year(w)
        drift = 1.0 + p.margin_drift if c.year > p.base_year else 1.0
        c.gross_margin = (1.0 - c.intermediate) * drift
    for k in range(w.now.values.shape[0]):
        w.now.values[k] = p.level.values[k] if c.policy == 1 else p.absent.values[k]
    w.now.platform_financing = annual_share(
        w.now.platform_financing, p.absent.platform_financing, p, w
    )
    w.now.villages = annual_share(w.now.villages, p.absent.villages, p, w)
    w.now.training_places = annual_share(w.now.training_places, p.absent.training_places, p, w)


@step
def new_year(w: World) -> None:
    """In January: last year's sales are remembered, the year's sums begin anew."""
    c, firm, zone = w.city, w.firm, w.zone
    if c.calendar_month != 0:
        return
    for i in range(c.firms):
        firm.sales_last[i] = firm.sales_year[i]
        firm.sales_year[i] = 0.0
        firm.alpha[i] *= firm.gain[i]
        firm.gain[i] = 1.0
    for z in range(c.zones):
        zone.unmet_year[z] = 0.0
        zone.used_year[z] = 0.0
        zone.posted_year[z] = 0.0
        zone.graduates_year[z] = 0.0
        for s in range(c.sectors):
            w.tally.sales_last[z, s] = w.tally.sales[z, s]
            w.tally.sales[z, s] = 0.0


@step
def demand(w: World, p: Inputs) -> None:
    """Turn the yearly growth of value added and prices into monthly log growth by sector.

    The index obeys D(t) = D(t - 12) (1 + g(t)) with g = value added + beta * prices + wedge +
    premium, the last two of which fade after the plan's year. Incumbents' orders follow the same recursion; prices pass to them whole, of real growth
    (value added, wedge, premium) only the share ``incumbent_real``: the rest is new capacity's.
    Before the path growth is taken as even, at the rate of its first month: what changes within its
    first year then bends the level in the month in which it happens, and not every year anew.
    """
    for s in range(w.city.sectors):
        beta = p.sector_beta[s]
        first, last, apart = 0.0, 0.0, 0.0
        for m in range(p.demand_months):
            ahead = (p.demand_start + m) // 12 - p.plan_year
            lasts = exp(-p.drift_fading * ahead) if ahead > 0 else 1.0
            drift = (p.demand_wedge + p.premium) * lasts
            g = p.value_added[m] + beta * p.prices[m] + drift
            central = p.value_added_central[m] + beta * p.prices_central[m] + drift
            real = p.value_added[m] + drift
            own = log(1.0 + clip(beta * p.prices[m] + p.incumbent_real * real, -0.9, 9.0))
            full = log(1.0 + clip(g, -0.9, 9.0))
            middle = log(1.0 + clip(central, -0.9, 9.0))
            if m == 0:
                first, apart = own, full - middle
            if m < 12:
                w.sector.growth[s, m] = own - last + first / 12.0 if m > 0 else own / 12.0
                w.sector.gap[s, m] = full - middle - apart * (11.0 - m) / 12.0
                last = own
            else:
                past = 0.0
                for k in range(m - 11, m):
                    past += w.sector.growth[s, k]
                w.sector.growth[s, m] = own - past
                w.sector.gap[s, m] = w.sector.gap[s, m - 12] + full - middle
