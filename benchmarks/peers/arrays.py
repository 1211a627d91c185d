"""The engine's hottest steps in vectorised numpy, on the engine's own memory.

Draws, orders, small investment, employment, production, incomes and construction as docs/odd.md 7
describes them, from the opening on: whole columns at a time, sums by ``bincount``, sites gathered and scattered.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.agents import QUITS, TIGHTNESS
from benchmarks.peers.draws import MARKET, STALL, TRAIT, Draws, normals
from xuchang_sim.model.world import ABANDONED, BUILDING, DONE, INDUSTRIAL, LEVERS

Array = npt.NDArray[np.float64]
WAN = 1e-4
UNIT = 2.0**-32
HIRES_AHEAD = 2  # months


class Columns:
    """One world with open ledgers, its columns as arrays of the rows in use.

    Parameters
    ----------
    world, inputs : void
        Records of the engine; the arrays share the world's memory.
    """

    def __init__(self, world: np.void, inputs: np.void) -> None:
        self.city: Any = world["city"]
        zones, sectors, firms = (int(self.city[n]) for n in ("zones", "sectors", "firms"))
        self.zones, self.sectors = zones, sectors
        self.p = {name: inputs[name] for name in inputs.dtype.names or ()}
        self.now = {name: float(world["now"][name]) for name in LEVERS}
        self.firm: Any = {
            name: world["firm"][name][:firms]
            for name in world["firm"].dtype.names
            if name != "rows"
        }
        self.zone: Any = {
            name: world["zone"][name][:zones]
            for name in world["zone"].dtype.names
            if name not in {"block", "measures"}
        }
        self.project: Any = world["project"]
        self.sales = world["tally"]["sales"][:zones, :sectors]
        self.growth, self.gap = (world["sector"][n][:sectors] for n in ("growth", "gap"))
        self.draws = Draws(int(self.city["seed"]), int(self.city["replicate"]))
        self.salt = int(self.city["salt"])
        self.t, self.month = int(self.city["t"]), int(self.city["calendar_month"])

    def by_zone(self, where: npt.NDArray[np.int64], values: Array | None = None) -> Array:
        """Sum values by zone; count without values."""
        found: Array = np.bincount(where, values, self.zones)[: self.zones].astype(np.float64)
        return found

    def by_sector(self, where: npt.NDArray[np.int64], values: Array) -> Array:
        """Sum values by sector."""
        found: Array = np.bincount(where, values, self.sectors)[: self.sectors].astype(np.float64)
        return found


def draws(w: Columns) -> tuple[Array, Array]:
    """Return two uniforms for every firm row."""
    firm = w.firm
    last = (firm["stream"] + w.salt).astype(np.uint64)
    first, second, _, _ = w.draws.words(last, firm["id"].astype(np.uint64), np.uint64(w.t))
    return (first.astype(np.float64) + 0.5) * UNIT, (second.astype(np.float64) + 0.5) * UNIT


def ramp_of(w: Columns, age: Array) -> Array:
    """Share of full operation by age in months."""
    start = w.p["ramp_start"]
    found: Array = np.minimum(1.0, start + (1.0 - start) * age / w.p["ramp_months"])
    return found


def move_market(w: Columns) -> None:
    """Move the level of all orders by what the drivers do not explain."""
    step = 0.0
    if not w.p["errorless"]:
        last, entity = np.full(1, MARKET + w.salt, np.uint64), np.zeros(1, np.uint64)
        words = w.draws.words(last, entity, np.uint64(w.t))
        first, second, _, _ = (float((word[0] + 0.5) * UNIT) for word in words)
        step = float(w.p["market_sd"]) / math.sqrt(650.0 / 144.0) * normals(first, second)[0]
    w.city["market_step"] = step
    w.city["market"] += step


def orders(w: Columns) -> None:
    """Shocks, demand, orders lost and recaptured, smoothing."""
    p, firm, k = w.p, w.firm, w.month + 1
    m = w.t - int(p["demand_start"])
    b, sector, a = firm["b"], firm["sector"], firm["a"]
    jumps, sizes = draws(w)
    grown = firm["ramping"] == 0
    before = w.by_sector(sector, np.where(grown, b, 0.0))
    moved = np.flatnonzero(grown & (jumps * k < 1.0))
    v = sizes[moved]
    low = v < 0.5
    x = np.where(low, 1.0, -1.0) * np.log(2.0 * np.where(low, v, 1.0 - v))
    factor = np.ones_like(b)
    factor[moved] = np.exp(a[moved] * np.sqrt(k / 12.0) * x)
    if p["size_variance_exponent"] > 0.0:
        mean = (1.0 - a * a * (k - 1) / 12.0) / (1.0 - a * a * k / 12.0)
        factor = np.where(grown, factor / mean, 1.0)
    shocked = b * factor
    after = before + w.by_sector(sector, shocked - b)
    some = after > 0.0
    move_market(w)
    grows = np.exp(w.growth[:, m] + w.city["market_step"])
    drift = np.where(some, grows * before / np.where(some, after, 1.0), 0.0)
    full = firm["kappa"] * firm["K"]
    asked = shocked * drift[sector]
    over = np.where(grown, np.maximum(asked - full, 0.0), 0.0)
    room = np.where(grown, np.maximum(full - asked, 0.0), 0.0)
    year = slice(m - 11, m + 1)
    nation = (p["value_added_central"][year] + p["prices_central"][year]).sum() / 12.0
    times = p["yield_cycle"] * (nation - p["growth_normal"]) + w.city["market"]
    pull = np.exp(p["demand_pass_through"] * w.gap[:, m] + times)
    use = np.minimum(1.0, p["utilisation_normal"] * pull)
    age = w.t - firm["born"]
    young = use[sector] * full * ramp_of(w, age)
    ahead = use[sector] * full * ramp_of(w, age + HIRES_AHEAD)
    firm["over"][:] = over
    b[:] = np.where(grown, np.minimum(asked, full), young)
    w.zone["spill"][:] = w.by_zone(firm["zone"], over)
    above, slack = w.by_sector(sector, over), w.by_sector(sector, room)
    met = np.minimum(p["lost_order_recapture"] * above, slack)
    if above.sum() > 0.0:
        b += np.where(slack > 0.0, met / np.where(slack > 0.0, slack, 1.0), 0.0)[sector] * room
        w.zone["lost_rate"] += (above - met).sum() / above.sum() * w.zone["spill"]
    firm["smooth"][:] = np.where(grown, firm["smooth"] + (b - firm["smooth"]) / 3.0, ahead)
    firm["ramping"][age >= p["ramp_months"]] = 0


def matches(w: Columns, vacancies: Any, seekers: Any) -> Any:
    """Cobb–Douglas matching, never more than either side has."""
    e, some = w.p["matching_elasticity"], (vacancies > 0.0) & (seekers > 0.0)
    logs = [np.log(np.where(some, side, 1.0)) for side in (seekers, vacancies)]
    met = w.p["matching_level"] * np.exp(e * logs[0] + (1.0 - e) * logs[1])
    return np.where(some, np.minimum(met, np.minimum(vacancies, seekers)), 0.0)


def part_of(share: Any, whole: Any) -> Any:
    """Quotient, nought of nothing."""
    return np.where(whole > 0.0, share / np.where(whole > 0.0, whole, 1.0), 0.0)


def meet(w: Columns) -> None:
    """Match within zones, across them, across skills; leave the shares of vacancies filled."""
    zone, p = w.zone, w.p
    vs, vu = zone["vacancies_s"], zone["vacancies_u"]
    zone["posts"][:], zone["seeking"][:] = vs + vu, zone["skilled"] + zone["unskilled"]
    if p["free_labour"] == 1 and w.city["policy"] == 1:
        w.city["labour_entered"] += (vs + vu).sum()
        zone["fill_s"][:], zone["fill_u"][:], zone["fill_x"][:], zone["fill_y"][:] = 1, 1, 0, 0
        zone["pay"][:] = 1.0
        return
    leak = min(1.0, p["commuting_leak"] + w.now["commuting_bonus"])
    skilled, others = zone["skilled"], zone["unskilled"]
    fs = matches(w, vs, skilled)
    skilled -= fs
    vacant, pool = (vs - fs).sum(), (leak * skilled).sum()
    met = float(matches(w, vacant, pool))
    if met > 0.0:
        fs += met * (vs - fs) / vacant
        skilled -= met * leak * skilled / pool
    here = others + skilled
    hired = matches(w, vu, here)
    fu = hired * part_of(others, here)
    fy = hired - fu
    others -= fu
    skilled -= fy
    vacant, pool = (vu - hired).sum(), (leak * (others + skilled)).sum()
    met, share = float(matches(w, vacant, pool)), float(part_of((leak * others).sum(), pool))
    if met > 0.0:
        more = met * (vu - fu - fy) / vacant
        fu += more * share
        fy += more * (1.0 - share)
        others -= met * leak * others / pool
        skilled -= met * leak * skilled / pool
    rest = vs - fs
    makeshift = matches(w, rest, others)
    others -= makeshift
    zone["fill_x"][:] = part_of(makeshift, rest)
    zone["fill_s"][:] = np.where(vs > 0.0, part_of(fs, vs), fs)
    zone["fill_u"][:] = np.where(vu > 0.0, part_of(fu, vu), fu)
    zone["fill_y"][:] = np.where(vu > 0.0, part_of(fy, vu), fy)


def employ(w: Columns) -> None:
    """Quits, layoffs, vacancies, matching, hires, pay."""
    p, firm, zone = w.p, w.firm, w.zone
    at = firm["zone"]
    quits = max(0.0, p["separation"] - w.now["worker_retention"] / 12.0)
    quits = min(1.0, quits * QUITS[w.month])
    wanted = firm["smooth"] / 12.0 / (firm["alpha"] * WAN)
    skilled, others = firm["skilled"], firm["unskilled"]
    out_s, out_u = skilled * quits, others * quits
    over = skilled - out_s + others - out_u - wanted
    cut = np.where(over > 0.0, np.minimum(others - out_u, over), 0.0)
    out_u += cut
    out_s += np.where(over > 0.0, over - cut, 0.0)
    skilled -= out_s
    others -= out_u
    total = np.maximum(wanted - skilled - others, 0.0)
    short_s = np.minimum(np.maximum(wanted * p["skilled_share_jobs"] - skilled, 0.0), total)
    short_u = total - short_s
    firm["short_s"][:], firm["short_u"][:] = short_s, short_u
    zone["workers_wanted"][:] = w.by_zone(at, wanted)
    left_s, left_u = w.by_zone(at, out_s), w.by_zone(at, out_u)
    zone["left_s"][:], zone["left_u"][:] = left_s, left_u
    stay = p["stay_share"]
    zone["skilled"] += stay * left_s
    zone["unskilled"] += stay * left_u
    zone["outside"] += (1.0 - stay) * (left_s + left_u)
    zone["separations"] += left_s + left_u
    zone["vacancies_s"][:], zone["vacancies_u"][:] = w.by_zone(at, short_s), w.by_zone(at, short_u)
    meet(w)
    hired_s = short_s * zone["fill_s"][at]
    makeshift = (short_s - hired_s) * zone["fill_x"][at]
    hired_u, below = short_u * zone["fill_u"][at], short_u * zone["fill_y"][at]
    skilled += hired_s + below
    others += hired_u + makeshift
    posts_s, posts_u = zone["vacancies_s"], zone["vacancies_u"]
    filled_s = posts_s * zone["fill_s"]
    filled_s += (posts_s - filled_s) * zone["fill_x"]
    filled_u = posts_u * zone["fill_u"] + posts_u * zone["fill_y"]
    zone["hires"][:] = filled_s + filled_u
    zone["unfilled_skilled"][:] = np.maximum(posts_s - filled_s, 0.0)
    zone["unfilled_unskilled"][:] = np.maximum(posts_u - filled_u, 0.0)
    drift = (1.0 + p["productivity_growth"]) ** (1.0 / 12.0)
    firm["alpha"] *= np.where((firm["alive"] == 1) & (firm["ramping"] == 0), drift, 1.0)
    if p["free_labour"] == 1 and w.city["policy"] == 1:
        return
    normal, some = p["normal_tightness"], zone["seeking"] > 0.0
    least, most = (bound * normal for bound in TIGHTNESS)
    ratio = np.where(some, zone["posts"] / np.where(some, zone["seeking"], 1.0), most)
    zone["tightness"] += (np.clip(ratio, least, most) - zone["tightness"]) / 3.0
    zone["pay"][:] = np.clip((zone["tightness"] / normal) ** p["wage_curve"], 0.85, 1.3)


def small_lump(w: Columns) -> None:
    """Spend small investment: worn capital first, then firms short of capacity."""
    p, firm, zone, city = w.p, w.firm, w.zone, w.city
    decay = p["depreciation"] / 12.0
    lump = city["lump_base"] * (1.0 + p["small_lump_growth"]) ** (city["year"] - p["base_year"])
    public = p["absent"]["platform_financing"] / 12.0 * w.zones
    private = max(0.0, lump * p["fai_season"][w.month] / 12.0 - public)
    equipment = min(private, city["tenant_bill"])
    city["lump_private"] = private
    city["tenant_bill"] -= equipment
    short = (firm["ramping"] == 0) & (firm["use"] > p["expansion_threshold"])
    before = firm["K"].copy()
    capital, eager = before.sum(), before[short].sum()
    worn = capital * decay
    replaced = min(private - equipment, worn)
    rest = private - equipment - replaced
    idle = equipment if eager > 0.0 else equipment + rest
    if capital <= 0.0:
        idle = private
        zone["fai_small"] += private / w.zones
    add = float(part_of(replaced, capital)) * before
    add += np.where(short, float(part_of(rest, eager)) * before, 0.0)
    wished = p["expansion_share"] / p["revenue_per_capital"] * firm["over"]
    own = np.maximum(0.0, np.minimum(wished, firm["cash"]))
    add += own
    firm["added"][:], firm["worn"][:] = add, decay * before
    firm["K"][:] = before + add - decay * before
    invested = add + float(part_of(idle, capital)) * before
    zone["fai_small"] += w.by_zone(firm["zone"], invested)
    city["capital_added"] += private - idle + own.sum()
    city["capital_lost"] += worn
    zone["outside_capital"] += p["outside_share"] * zone["fai_small"]
    zone["fai_small"] += zone["base_spent"]
    zone["fai"] += zone["fai_small"] + zone["fai_extra"]


def account(w: Columns) -> None:
    """Incomes, loan service, balance sheets."""
    p, firm, zone, city = w.p, w.firm, w.zone, w.city
    at = firm["zone"]
    years = (w.t + 0.5 - (12 * int(p["base_year"]) + 6)) / 12.0
    pay = p["wage"] * (1.0 + p["wage_growth"]) ** years * p["labour_cost_factor"]
    workers = firm["skilled"] + firm["unskilled"]
    wages = workers * pay * zone["pay"][at] / 1e8
    inputs = 1.0 - city["gross_margin"]
    interest = firm["debt"] * (firm["rate"] - w.now["spread_cut"]) / 1200.0
    sold = firm["sales"] * (1.0 - inputs - p["surcharge_rate"])
    profit = sold - wages - firm["worn"] - interest
    out = np.where(profit > 0.0, p["payout_share"] * profit, 0.0)
    repaid = firm["debt"] * (p["repayment_quarter"] / 3.0)
    firm["cash"] += profit + firm["worn"] - out - repaid - firm["added"]
    firm["debt"] -= repaid
    firm["equity"] += profit - out
    city["loans_repaid"] = repaid.sum()
    city["loans"] -= city["loans_repaid"]
    zone["workers"][:], zone["capital"][:] = w.by_zone(at, workers), w.by_zone(at, firm["K"])
    zone["depreciation"] += w.by_zone(at, firm["worn"])
    zone["interest"] += w.by_zone(at, interest)
    zone["wages"][:] = zone["workers"] * pay / 1e8 * zone["pay"]
    costs = zone["wages"] + zone["depreciation"] + zone["interest"]
    zone["profit"][:] = zone["revenue"] * (1.0 - inputs - p["surcharge_rate"]) - costs
    zone["intermediate"][:] = inputs * zone["revenue"]
    zone["surcharges"][:] = p["surcharge_rate"] * zone["revenue"]
    tax = p["vat_rate"] * zone["revenue"]
    zone["profit_tax"][:] = zone["profit"] + zone["surcharges"] + tax


def produce(w: Columns) -> None:
    """Sales are the least of orders, capacity and effort."""
    p, firm, zone = w.p, w.firm, w.zone
    season = p["revenue_season"][w.month]
    month = season / 12.0
    where, sector, made_year = firm["zone"], firm["sector"], firm["sales_year"]
    ordered = firm["b"] * month
    ramp = np.where(firm["ramping"] == 1, ramp_of(w, w.t - firm["born"]), 1.0)
    running = firm["kappa"] * firm["K"] / 12.0 * ramp
    workers = firm["skilled"] + firm["unskilled"]
    makeshift = np.maximum(0.0, workers * p["skilled_share_jobs"] - firm["skilled"])
    hands = workers - makeshift * (1.0 - p["unskilled_output"])
    effort = p["effort_cap"] * season * firm["alpha"] * WAN * hands
    within = np.minimum(ordered, running)
    made = np.minimum(within, effort)
    full = season * running
    runs = full > 0.0
    use = made / np.where(runs, full, 1.0) - firm["use"]
    firm["use"] += np.where(runs, 0.25 * use, 0.0)
    firm["sales"][:] = np.where(firm["alive"] == 1, made, firm["sales"])
    made_year += made
    lost = zone["lost_rate"] * month
    zone["lost_capacity"] += w.by_zone(where, ordered - within) + lost
    zone["lost_labour"] += w.by_zone(where, within - made)
    cells = w.zones * w.sectors
    sold = np.bincount(where * w.sectors + sector, made, cells).reshape(w.zones, w.sectors)
    w.sales += sold
    zone["revenue"] += sold.sum(axis=1)
    group = np.minimum(firm["group"], 2)
    parts = np.bincount(group * w.zones + where, made, 3 * w.zones).reshape(3, w.zones)
    for name, part in zip(("incumbents", "warm", "new"), parts, strict=True):
        zone[f"revenue_{name}"] += part
    zone["wished"][:] = zone["revenue"] + zone["lost_capacity"] + zone["lost_labour"]
    late_plants(w, month)


def late_plants(w: Columns, month: float) -> None:
    """Sales of plants that would already run had the bank never been short."""
    j = w.project
    rows = j["late"][: int(w.city["late"])]
    ramp = ramp_of(w, np.floor(j["tau_free"][rows] - j["duration"][rows]))
    sold = j["rho"][rows] * j["realised"][rows] * j["budget"][rows] * w.city["yield_now"]
    sold *= ramp * month
    w.zone["lost_finance"] += w.by_zone(j["zone"][rows], sold)


def curve(w: Columns, x: Array) -> Array:
    """Share of a budget spent at progress x."""
    cubic = 6.0 * x * x * x - 9.0 * x * x + 3.0 * x
    found: Array = x + w.p["scurve_c"] * (x * x - x) - cubic / w.p["scurve_k"]
    return found


def progress_at(w: Columns, share: Array, guess: Array) -> Array:
    """Progress at which shares are spent: Newton's method in brackets, all at once."""
    c, k = w.p["scurve_c"], w.p["scurve_k"]
    low, high, x = np.zeros_like(share), np.ones_like(share), guess
    for _ in range(60):
        miss = curve(w, x) - share
        low, high = np.where(miss < 0.0, x, low), np.where(miss < 0.0, high, x)
        step = miss / (1.0 + c * (2.0 * x - 1.0) - (18.0 * x * x - 18.0 * x + 3.0) / k)
        near = np.abs(step) <= 1e-8
        x = np.where(near | ((low < x - step) & (x - step < high)), x - step, 0.5 * (low + high))
        if near.all():
            break
    return x


def bear_gaps(w: Columns, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """A month of unpaid work of these projects; tell which are given up."""
    p, j, zone = w.p, w.project, w.zone
    j["gap"][rows] += 1
    last = np.full(len(rows), TRAIT + w.salt + (5 << 20))
    address = (array.astype(np.uint64) for array in (last, j["id"][rows], j["arrived"][rows]))
    u, v = ((word + 0.5) * UNIT for word in w.draws.words(*address)[:2])
    late, lasts = j["gap"][rows] > p["gap_wait"], j["gap"][rows] > p["gap_drop"]
    budget, bank = j["budget"][rows], j["bank"][rows]
    lent = (j["loan"][rows] + j["grant"][rows]) / budget
    added = late & (u < p["topup_share"])
    ends = late & ~added & lasts
    taken, lost = ends & (v < p["handover_share"]), ends & (v >= p["handover_share"])
    less = np.maximum(lent, bank - p["own_money_raise"])
    where = j["zone"][rows]
    zone["topups"] += w.by_zone(where, np.where(added, (bank - less) * budget, 0.0))
    zone["handovers"] += w.by_zone(where[taken])
    zone["abandoned_gap"] += w.by_zone(where[lost])
    j["bank"][rows] = np.where(added, less, np.where(taken, lent, bank))
    j["gap"][rows[taken]] = 0
    found: npt.NDArray[np.bool_] = lost
    return found


def construct(w: Columns) -> None:
    """Plan, lend, spend, advance, complete and fail: every building project at once."""
    city, p, j, zone = w.city, w.p, w.project, w.zone
    live = j["live"][: int(city["live"])]
    rows = live[j["state"][live] == BUILDING]
    where, raw, budget, duration = (j[n][rows] for n in ("zone", "raw", "budget", "duration"))
    before, tau, land, need = (j[n][rows] for n in ("spent", "tau", "land", "need"))
    # plan
    pace = float(city["pace"] * p["fai_season"][w.month])
    hazard = p["stall_hazard"] * (1.0 - w.now["stall_cut_service"])
    coordinated = raw >= p["coordination_threshold"]
    cut = np.where(coordinated, 1.0 - w.now["stall_cut_major"], 1.0)
    stalled, clock = j["stalled"][rows], j["stall_clock"][rows]
    clock = np.where(stalled > 0, clock, clock - np.log(1.0 - hazard * cut))
    begins = (stalled == 0) & (clock > j["stall_at"][rows])
    new = rows[begins]
    j["stalls"][new] += 1
    last = STALL + w.salt + (j["stalls"][new] << 20)
    address = (array.astype(np.uint64) for array in (last, j["id"][new], j["arrived"][new]))
    j["stall_at"][new] = -np.log((w.draws.words(*address)[0] + 0.5) * UNIT)
    j["stall_clock"][rows] = np.where(begins, 0.0, clock)
    stalled = np.where(begins, int(p["stall_months"] + 0.5), stalled)
    slow = stalled > 0
    j["stalled"][rows] = stalled - slow
    ahead = np.where(slow, pace * p["stall_pace"], pace)
    reach = np.minimum(duration, tau + ahead)
    wish = np.maximum(0.0, budget * curve(w, reach / duration) - before)
    full = budget * curve(w, np.minimum(duration, tau + pace) / duration)
    zone["short_stall"] += w.by_zone(
        where, np.where(slow, np.maximum(0.0, full - before - wish), 0.0)
    )
    short = land < need
    cap = np.maximum(0.0, budget * land / np.where(short, need, 1.0) - before)
    capped = short & (cap < wish)
    zone["short_land"] += w.by_zone(where, np.where(capped, wish - cap, 0.0))
    wish = np.where(capped, cap, wish)
    j["wish"][rows], j["ahead"][rows] = wish, ahead
    j["reach"][rows] = np.where(capped, -1.0, reach)
    paid = before + wish
    loan, grant, bank = (j[n][rows] for n in ("loan", "grant", "bank"))
    own_site = np.where(j["floor"][rows] > 0.0, 0.0, j["plot"][rows])
    site = np.where(need > 0.0, land, own_site)
    value = p["land_price"] * site * WAN + p["collateral_haircut"] * paid
    room = p["loan_to_value"] * value - loan
    draw = np.maximum(0.0, np.minimum(bank * paid - (loan + grant), room))
    # lend
    leads = j["leads"][rows] == 1
    asked, wanted = draw[leads].sum(), draw.sum()
    if city["grant_left"] > 0.0 and asked > 0.0:
        part = min(1.0, float(city["grant_left"] / asked))
        given = np.where(leads, part * draw, 0.0)
        grant, draw = grant + given, draw - given
        j["grant"][rows] = grant
        city["grant_left"] -= part * asked
        wanted -= part * asked
    available = float(city["limit"] + city["unused"])
    if wanted > available and not (p["free_credit"] == 1 and city["policy"] == 1):
        behind = ((1.0 - tau / duration) * 1048575.0).astype(np.int64)
        order = np.lexsort((rows, j["started"][rows], behind))
        sums = np.cumsum(draw[order])
        draw[order] = np.clip(available - (sums - draw[order]), 0.0, draw[order])
        wanted = available
    j["draw"][rows] = draw
    city["unused"] = max(0.0, available - wanted)
    for name in ("drawn_year", "loans", "loans_drawn"):
        city[name] += wanted
    # spend
    loan = loan + draw
    zone["loans_drawn"] += w.by_zone(where, draw)
    most = (1.0 - bank) * budget + loan + grant - before
    spend = np.where(wish <= most + 1e-12 * budget, wish, np.maximum(0.0, most))
    whole = (spend >= wish) & ~capped
    behind_plan = np.flatnonzero(~whole)
    after = np.where(whole, reach, tau)
    some = behind_plan[spend[behind_plan] > 0.0]
    share = np.minimum(1.0, (before[some] + spend[some]) / budget[some])
    after[some] = duration[some] * progress_at(w, share, tau[some] / duration[some])
    zone["short_bank"] += w.by_zone(where[behind_plan], (wish - spend)[behind_plan])
    j["tau_free"][rows] += np.where(capped, after - tau, ahead)
    progress = after / duration
    spent = np.where(progress >= 1.0, budget, before + spend)
    year = j["spent_year"][rows] + spend
    j["tau"][rows], j["spent"][rows] = after, spent
    j["spent_year"][rows], j["loan"][rows] = year, loan
    city["largest"] = max(city["largest"], year.max(initial=0.0))
    city["cip"] += spend.sum()
    for names, second in (
        (("fai_industrial", "fai_infrastructure"), j["kind"][rows] != INDUSTRIAL),
        (("fai_carried", "fai_new"), j["started"][rows] >= 12 * city["year"]),
    ):
        cells = np.bincount(second * w.zones + where, spend, 2 * w.zones).reshape(2, w.zones)
        for name, spending in zip(names, cells, strict=True):
            zone[name] += spending
    zone["fai"] += zone["fai_industrial"] + zone["fai_infrastructure"]
    zone["outside_capital"] += w.by_zone(where, spend * j["outside"][rows])
    large = raw >= p["large_threshold"]
    zone["large_year"][where[large]] = 1.0
    zone["major_year"][where[coordinated]] = 1.0
    # end
    failed = (j["fails"][rows] == 1) & (progress >= j["fail_at"][rows])
    done = ~failed & (progress >= 1.0)
    unpaid = spend < wish - 1e-9 * budget
    paid_up = ~failed & ~done & ~unpaid & (j["reach"][rows] >= 0.0)
    j["gap"][rows[paid_up]] = 0
    short_of_money = np.flatnonzero(~failed & ~done & unpaid)
    failed[short_of_money] = bear_gaps(w, rows[short_of_money])
    going = ~failed & ~done
    zone["building"][:] = w.by_zone(where[going])
    zone["building_large"][:] = w.by_zone(where[going & large])
    late = rows[
        going & (j["tau_free"][rows] >= j["duration"][rows]) & (j["kind"][rows] == INDUSTRIAL)
    ]
    city["late"], j["late"][: len(late)] = len(late), late
    zone["completions"] += w.by_zone(where[done])
    j["state"][rows[failed]], j["state"][rows[done]] = ABANDONED, DONE
    j["ended"][rows[failed | done]] = w.t
    count = int(city["finished"])
    j["finished"][count : count + int(done.sum())] = rows[done]
    city["finished"] += int(done.sum())
    city["capitalised"] += spent[done].sum()
    city["written_off"] += spent[failed].sum()
    city["cip"] -= spent[done | failed].sum()
    city["loans"] -= loan[failed].sum()
    city["loans_lost"] += loan[failed].sum()
    lost, gone = rows[failed], where[failed]
    back, area = w.by_zone(gone, j["land"][lost]), w.by_zone(gone, j["floor"][lost])
    zone["land"] += back
    zone["granted"] -= back
    zone["land_returned"] += back
    zone["vacant"] += area
    zone["floor_released"] += area
    for name in ("loan", "land", "need", "floor"):
        j[name][lost] = 0.0
