"""Zone shares, demand and the scale of arrivals: sections 5.1, 5.2 and 7.3 of the model page."""

from __future__ import annotations

import math
from typing import Any

from tests.oracle.philox import SHARE
from tests.oracle.quadrature import hermite_normal, legendre
from tests.oracle.state import World, Zone, ramp, whole, years_since


def zone_shares(w: World) -> None:
    """Draw the shares of the zones and set those of their sectors."""
    p = w.p
    shares = [float(p.zone_share[z]) for z in range(p.zones)]
    if p.share_concentration > 0.0:
        weights = []
        for z in range(p.zones):
            shape = p.share_concentration * shares[z]
            u = w.draws.uniforms(SHARE, p.zone_code[z], 0, 0)[0]
            gamma = w.draws.gamma(shape + 1.0, SHARE, p.zone_code[z], 0, 1)
            weights.append(gamma * u ** (1.0 / shape))
        shares = [g / math.fsum(weights) for g in weights]
    roots = [math.sqrt(share) for share in shares]
    for z in range(p.zones):
        zone = Zone(z, p.zone_code[z], shares[z], roots[z] / math.fsum(roots))
        zone.sales_share = _sector_shares(p, z, p.sector_rest, p.leading_share_revenue)
        zone.invest_share = _sector_shares(p, z, p.sector_new, p.leading_share_investment)
        w.z.append(zone)


def _sector_shares(p: Any, z: int, rest: list[float], leading: float) -> list[float]:
    """Leading sectors share ``leading`` by their weights, the others the rest."""
    leads = [p.zone_lead[z][s] if p.zone_leading[z][s] else 0.0 for s in range(p.sectors)]
    others = [0.0 if p.zone_leading[z][s] else rest[s] for s in range(p.sectors)]
    if sum(others) == 0.0:
        leading = 1.0
    return [
        leading * leads[s] / sum(leads)
        + ((1.0 - leading) * others[s] / sum(others) if others[s] else 0.0)
        for s in range(p.sectors)
    ]


def demand(w: World) -> None:
    """Monthly log growth of incumbents' orders and the gap that new plants see (7.3)."""
    p = w.p
    for s in range(p.sectors):
        level: list[float] = []
        gap: list[float] = []
        even = 0.0, 0.0
        for m in range(p.demand_months):
            years = max(0, (p.demand_start + m) // 12 - p.plan_year)
            drift = (p.demand_wedge + p.premium) * math.exp(-p.drift_fading * years)
            g = float(p.value_added[m] + p.sector_beta[s] * p.prices[m] + drift)
            central = float(
                p.value_added_central[m] + p.sector_beta[s] * p.prices_central[m] + drift
            )
            real = p.value_added[m] + drift
            step = _log(p.sector_beta[s] * p.prices[m] + p.incumbent_real * real)
            apart = _log(g) - _log(central)
            # A year before the path both had grown evenly, at the rates of its first month.
            if m == 0:
                even = step, apart
            part = (11 - m) / 12.0
            level.append((level[m - 12] if m >= 12 else -part * even[0]) + step)
            gap.append((gap[m - 12] if m >= 12 else -part * even[1]) + apart)
        w.growth.append([level[m] - (level[m - 1] if m else 0.0) for m in range(len(level))])
        w.gap.append(gap)


def _log(g: float) -> float:
    return math.log(1.0 + min(max(g, -0.9), 9.0))


def curve(p: Any, x: float) -> float:
    """Share of the budget spent at progress ``x``: the S-curve of 7.15."""
    skew = p.scurve_c * (x * x - x)
    return float(x + skew - (6.0 * x**3 - 9.0 * x * x + 3.0 * x) / p.scurve_k)


def _expected_curve(p: Any, x: float) -> float:
    """Share spent at progress ``x`` when some fail at a uniform progress."""
    q = p.abandonment_share
    integral = (
        0.5 * x * x
        + p.scurve_c * (x**3 / 3.0 - 0.5 * x * x)
        - (1.5 * x**4 - 3.0 * x**3 + 1.5 * x * x) / p.scurve_k
    )
    return float(curve(p, x) * (1.0 - q * x) + q * integral)


def tide(p: Any, t: int) -> float:
    """Factor of the nation's investment on what begins in a month (5.2)."""
    grown = math.exp(p.nation[t - p.pipeline_start])
    normal = (1.0 + p.investment_normal) ** years_since(p, t)
    return float((grown / normal) ** p.climate_elasticity)


def arrival_index(p: Any, t: int) -> float:
    """Growth index of arrivals, 1 in the middle of the base year; the rate fades after its end."""
    y = years_since(p, t) - 0.5
    if y <= 0.0:
        return float((1.0 + p.starts_growth) ** (y + 0.5)) * tide(p, t)
    g, later, k = math.log1p(p.starts_growth), math.log1p(p.starts_growth_later), p.growth_fading
    own = math.exp(0.5 * g + later * y + (g - later) * (1.0 - math.exp(-k * y)) / k)
    return own * tide(p, t)


def pareto_mean(alpha: float, low: float, high: float) -> float:
    """Mean of a truncated Pareto law."""
    norm: float = alpha * low**alpha / (1.0 - (low / high) ** alpha)
    if alpha == 1.0:
        return norm * math.log(high / low)
    return norm * float(low ** (1.0 - alpha) - high ** (1.0 - alpha)) / (alpha - 1.0)


def expectations(w: World) -> None:
    """Solve the scale of arrivals and the expectations of the base year (5.2)."""
    p = w.p
    start = p.pipeline_start
    first, last = 12 * p.base_year - start, 12 * p.base_year + 11 - start
    starts = _expected_starts(p, last)
    pace = _expected_pace(p, last + 1)
    ratio = p.starts_large / p.starts_ordinary
    q_alive = (1.0 - p.infrastructure_share) * (1.0 - p.abandonment_share)
    nominal = p.announced_yield * math.exp(p.announced_yield_sigma**2 / 2.0) * p.realised_yield
    nodes = [
        (*node, 1.0, 1.0 - p.incumbent_project_share)
        for node in _nodes(p, p.size_ordinary_alpha, p.size_ordinary_min, p.size_ordinary_max)
    ] + [
        (*node, ratio, 1.0)
        for node in _nodes(p, p.size_large_alpha, p.size_large_min, p.size_large_max)
    ]
    # Revenue of a plant born e months after the pipeline's start, per unit of normal sales.
    ramped = {
        birth: sum(
            ramp(p, first + m - birth) * p.revenue_season[m] / 12.0
            for m in range(12)
            if first + m >= birth
        )
        for birth in range(last + 1)
    }
    fai = plants = entrants = 0.0
    for s, rate in enumerate(starts):
        tau = []
        passed = 0.0
        for e in range(s, last + 1):
            passed += pace[e - s] * p.fai_season[(start + e) % 12]
            tau.append(passed)
        before = tau[first - 1 - s] if s <= first - 1 else 0.0
        for weight, size, duration, factor, independent in nodes:
            money = rate * weight * factor * p.invest_realised * size
            x1, x0 = min(1.0, tau[-1] / duration), min(1.0, before / duration)
            fai += money * (_expected_curve(p, x1) - _expected_curve(p, x0))
            if tau[-1] >= duration:
                birth = s + next(n for n, value in enumerate(tau) if value >= duration) + 1
                if birth <= last and start + birth >= p.firms_start:
                    plants += money * nominal * q_alive * ramped[birth]
                    entrants += rate * weight * factor * q_alive * independent
    ordinary = sum(starts[first:])
    land = ordinary * (
        pareto_mean(p.size_ordinary_alpha, p.size_ordinary_min, p.size_ordinary_max)
        * _inverse_intensity(p, p.intensity_ordinary, p.intensity_ordinary_sigma)
        + ratio
        * pareto_mean(p.size_large_alpha, p.size_large_min, p.size_large_max)
        * _inverse_intensity(p, p.intensity_large, p.intensity_large_sigma)
    )
    land *= p.invest_realised * 1e4 * (1.0 - p.own_site_share)
    w.scale = p.large_share_fai * p.base_fai / fai
    w.expected_fai = w.scale * fai
    w.expected_plants = w.scale * plants
    w.expected_entrants = w.scale * entrants
    w.expected_starts = w.scale * ordinary * (1.0 + ratio)
    w.expected_land = w.scale * land


def _expected_starts(p: Any, last: int) -> list[float]:
    """Ordinary starts by month of the pipeline, at scale 1."""
    shape = whole(p.approval_shape)
    law = [_erlang(shape, n * shape / p.approval_months) for n in range(61)]
    starts = [0.0] * (last + 1)
    stay = 1.0 - p.dropout_rate
    for a in range(last + 1):
        rate = arrival_index(p, p.pipeline_start + a) / 12.0
        for n in range(1, 61):
            here = rate * (law[n] - law[n - 1]) * stay**n
            e = a + n - 1
            if e > last:
                break
            starts[e] += here * (1.0 - p.group_start_share)
            waited = 0
            while e <= last and not p.group_month[(p.pipeline_start + e) % 12]:
                e, waited = e + 1, waited + 1
            if e <= last:
                starts[e] += here * p.group_start_share * stay**waited
    return starts


def _erlang(shape: int, x: float) -> float:
    """Gamma law of a whole shape and scale 1, by its tail or by its series where it is small."""
    if x < shape:
        term = math.exp(-x + shape * math.log(x) - math.lgamma(shape + 1)) if x > 0.0 else 0.0
        total, k = 0.0, shape
        while term > total * 1e-17:
            total += term
            k += 1
            term *= x / k
        return total
    return 1.0 - math.exp(-x) * sum(x**k / math.factorial(k) for k in range(shape))


def _expected_pace(p: Any, months: int) -> list[float]:
    """Expected pace in the months after a start."""
    begun: list[float] = []
    pace = []
    for n in range(months):
        stalled = sum(begun[n - k] for k in range(1, whole(p.stall_months)) if n >= k)
        running = 1.0 - stalled
        begun.append(p.stall_hazard * running)
        pace.append(1.0 - (1.0 - p.stall_pace) * (begun[n] + 1.0 - running))
    return pace


def _nodes(p: Any, alpha: float, low: float, high: float) -> list[tuple[float, float, float]]:
    """Weight, size and duration of the nodes of one kind of project."""
    half = 0.5 * math.log(high / low)
    tail = 1.0 - (low / high) ** alpha
    found = []
    for x, weight in legendre(8):
        size = low * math.exp(half * (1.0 + x))
        mass = weight * half * alpha * (low / size) ** alpha / tail
        for y, other in hermite_normal(9):
            factor = math.exp(p.duration_sigma * y)
            base = p.duration_base * size**p.duration_elasticity * factor
            found.append((mass * other, size, max(p.duration_min, base)))
    return found


def _inverse_intensity(p: Any, median: float, sigma: float) -> float:
    """Mean of 亩 per 万元."""
    return math.fsum(
        weight / max(p.intensity_min, median * math.exp(sigma * x))
        for x, weight in hermite_normal(9)
    )
