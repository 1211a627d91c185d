"""Limits in which the model's answer can be written down: one zone, one firm, no noise."""

import math
from typing import Any

import numpy as np
import pytest

from tests.model.worlds import Trace
from tests.oracle.expectations import curve
from tests.oracle.quiet import FAI, OPENING, REVENUE, WORKERS, quiet

EXACT = 1e-12
SEEDS = (1, 2, 3)


def run(trace: Trace, months: int = 24) -> list[dict[str, float]]:
    """Measures of the one zone in every open month."""
    assert trace.open() == 0
    rows = []
    for _ in range(months):
        assert trace.tick() == 0
        zone = trace.memory[0]["zone"]
        rows.append(
            {
                n: float(zone[n][0])
                for n in zone.dtype.names
                if zone[n].dtype.kind != "V" and zone[n].shape == (8,)
            }
        )
    return rows


def column(rows: list[dict[str, float]], name: str) -> np.ndarray:
    """One measure over the months."""
    return np.array([row[name] for row in rows])


def close(found: Any, wanted: Any) -> bool:
    """Equal to 1e-12 relative."""
    return bool(np.allclose(found, wanted, rtol=EXACT, atol=1e-14))


@pytest.mark.parametrize("seed", SEEDS)
def test_unlimited_sales_grow_as_demand_over_a_year_before(seed: int) -> None:
    """Unlimited labour, capacity not reached: each month is that of a year before times 1 + g."""
    inputs = quiet(seed, free_labour=1, effort_cap=9.0, utilisation_normal=0.5)
    p = inputs[0]
    trace = Trace(inputs)
    revenue = column(run(trace), "revenue")
    base = trace.memory[0]["past"]["measures"][:, 0, 0]
    assert close(base.sum(), REVENUE)
    growth = p["value_added"][36:60]
    assert close(revenue[:12], base * (1.0 + growth[:12]))
    assert close(revenue[12:], revenue[:12] * (1.0 + growth[12:]))


@pytest.mark.parametrize("seed", SEEDS)
def test_capacity_holds_sales(seed: int) -> None:
    """Orders that double every year meet capacity; what is cut is lost, and stays lost."""
    inputs = quiet(seed, free_labour=1, effort_cap=9.0, utilisation_normal=0.7)
    p = inputs[0]
    p["value_added"] = p["value_added_central"] = 1.0
    rows = run(Trace(inputs))
    season = np.array([*p["revenue_season"], *p["revenue_season"]])
    step = 2.0 ** (1.0 / 12.0)
    powers = step ** np.arange(12)
    first = REVENUE / (powers * p["revenue_season"] / 12.0).sum()
    room = first * powers.mean() / 0.7
    orders, lost, wanted = first * powers[-1], 0.0, []
    held = []
    for _ in range(24):
        orders *= step
        lost += max(0.0, orders - room)
        orders = min(orders, room)
        held.append(orders)
        wanted.append(orders + lost)
    revenue = np.array(held) * season / 12.0
    assert held[-1] == room
    assert close(column(rows, "revenue"), revenue)
    assert close(column(rows, "wished"), np.array(wanted) * season / 12.0)
    assert close(column(rows, "lost_capacity"), np.array(wanted) * season / 12.0 - revenue)
    assert close(column(rows, "capital"), rows[0]["capital"])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plant_full_in_the_years_mean_sells_its_year_again(seed: int) -> None:
    """Whatever the season: no month loses orders to capacity that the base year's month filled."""
    inputs = quiet(seed, free_labour=1, effort_cap=9.0, utilisation_normal=1.0)
    inputs[0]["value_added"] = inputs[0]["value_added_central"] = 0.0
    trace = Trace(inputs)
    rows = run(trace)
    base = trace.memory[0]["past"]["measures"][:, 0, 0]
    assert base.max() / base.mean() > 1.1
    assert close(column(rows, "revenue"), [*base, *base])
    assert np.abs(column(rows, "lost_capacity")).max() < EXACT
    assert close(trace.memory[0]["firm"]["use"][0], 1.0)


@pytest.mark.parametrize(
    "limit", [{"free_labour": 1, "effort_cap": 9.0, "utilisation_normal": 0.7}, {"effort_cap": 1.0}]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_season_moves_months_and_no_year(limit: dict[str, Any], seed: int) -> None:
    """Sales and losses over the season are those of a city without one, where capacity or labour binds."""
    told = []
    for flat in (False, True):
        inputs = quiet(seed, **limit)
        p = inputs[0]
        p["value_added"][:36] = p["value_added_central"][:36] = 0.0
        p["value_added"][36:] = p["value_added_central"][36:] = 0.8
        if flat:
            p["revenue_season"] = 1.0
        rows = run(Trace(inputs))
        season = np.array([*p["revenue_season"], *p["revenue_season"]])
        told.append([column(rows, n) / season for n in ("revenue", "lost_capacity", "lost_labour")])
    seasonal, even = np.array(told)
    assert even[1 if "free_labour" in limit else 2].max() > 0.1
    assert np.allclose(seasonal, even, rtol=EXACT, atol=EXACT)


def found(p: Any, theta: float) -> float:
    """Share of seekers who find a post where there are so many posts a seeker (5.6)."""
    level, e = p["matching_level"], p["matching_elasticity"]
    near = min(1.0, theta, level * theta ** (1.0 - e))
    people, posts = p["commuting_leak"] * (1.0 - near), theta - near
    return float(near + min(people, posts, level * people**e * posts ** (1.0 - e)))


@pytest.mark.parametrize("seed", SEEDS)
def test_workers_who_quit_and_are_not_replaced(seed: int) -> None:
    """Without matching, hands and sales shrink by the separation rate of the season."""
    rate = 0.02
    inputs = quiet(seed, separation=rate, effort_cap=1.0, skilled_share_jobs=0)
    p = inputs[0]
    p["value_added"] = p["value_added_central"] = 0.0
    p["revenue_season"] = 1.0
    trace = Trace(inputs)
    assert trace.open() == 0
    seekers = float(trace.memory[0]["zone"]["skilled"][0] + trace.memory[0]["zone"]["unskilled"][0])
    # A city that does not grow hires those who quit; so many seek, and so many posts are open.
    theta, hired = float(p["normal_tightness"]), WORKERS * rate
    seek = hired / found(p, theta)
    assert close(seekers, seek - hired)
    per_worker = REVENUE / 12.0 / (WORKERS + theta * seek - hired)
    p["matching_level"] = 0.0
    rows = run(trace)
    quits = rate * np.array([2.2, 2.0, *[0.78] * 10] * 2)
    left = WORKERS * np.cumprod(1.0 - quits)
    assert close(column(rows, "workers"), left)
    assert close(column(rows, "revenue"), per_worker * left)
    assert close(column(rows, "lost_labour"), REVENUE / 12.0 - per_worker * left)
    gone = np.diff(left, prepend=WORKERS)
    for month in range(24):
        seekers += column(rows, "migrated")[month] - column(rows, "gave_up")[month]
        seekers -= p["stay_share"] * gone[month]
        assert close(column(rows, "seekers")[month], seekers)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_market_of_the_base_year_goes_on(seed: int) -> None:
    """At normal tightness, without housing, so many come as the base year needed, by the season."""
    inputs = quiet(seed, free_labour=1)
    trace = Trace(inputs)
    assert trace.open() == 0
    p, city = inputs[0], trace.memory[0]["city"]
    growth = p["supply_factor"] * min(max(float(city["employed_growth"]), 0.0), 0.6)
    hired = WORKERS * (p["separation"] + growth / 12.0)
    left = hired / found(p, float(p["normal_tightness"])) - hired
    needed = hired - p["stay_share"] * p["separation"] * WORKERS + p["give_up"] * left
    assert close(float(city["entries"]), max(0.1 * hired, needed))
    season = np.array([0.8, 1.4, 1.3, 1.05, *[0.95] * 7, 0.8] * 2)
    assert close(column(run(trace), "migrated"), float(city["entries"]) * season)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_projects_investment_is_the_small_lump(seed: int) -> None:
    inputs = quiet(seed)
    p = inputs[0]
    rows = run(Trace(inputs))
    grown = (1.0 + p["small_lump_growth"]) ** np.repeat([1, 2], 12)
    season = np.array([*p["fai_season"], *p["fai_season"]])
    assert close(column(rows, "fai"), FAI * grown * season / 12.0)
    for name in ("arrivals", "starts", "plants", "loans_drawn", "land_used"):
        assert not column(rows, name).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_small_investment_moves_with_the_nations(seed: int) -> None:
    """Where the nation grows by 5% and 22% is normal, so much less begins, to the elasticity."""
    inputs = quiet(seed, climate_elasticity=1.5, investment_normal=0.22)
    p = inputs[0]
    months = int(p["pipeline_start"]) + np.arange(len(p["nation"]))
    years = (months + 0.5 - (12 * int(p["base_year"]) + 6)) / 12.0
    p["nation"] = np.log(1.05) * years
    trace = Trace(inputs)
    rows = run(trace)
    plan = months >= int(p["opening"])
    tide = ((1.05 / 1.22) ** (1.5 * years[plan]))[: len(rows)]
    grown = (1.0 + p["small_lump_growth"]) ** np.repeat([1, 2], 12)
    season = np.array([*p["fai_season"], *p["fai_season"]])
    assert close(column(rows, "fai"), FAI * grown * tide * season / 12.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_platform_debt_is_a_geometric_series(seed: int) -> None:
    """A platform that wants more than it may raise borrows the same sum every month."""
    raised = 6.0
    inputs = quiet(
        seed, infrastructure_cost=1e4, infrastructure_spend_cap=1e3, platform_leverage_cap=1e3
    )
    p = inputs[0]
    p["absent"]["platform_financing"] = p["level"]["platform_financing"] = raised
    rows = run(Trace(inputs))
    keep = 1.0 - p["repayment_quarter"] / 3.0
    months = np.arange(1, 25)
    fixed = raised / 12.0 / (1.0 - keep)
    debt = fixed + (p["platform_opening_debt"] - fixed) * keep**months
    before = np.array([p["platform_opening_debt"], *debt[:-1]])
    interest = before * p["rate_medium"] / 1200.0
    assert close(column(rows, "platform_debt"), debt)
    assert close(column(rows, "platform_interest"), interest)
    equity = p["platform_opening_equity"] - np.cumsum(interest)
    assert close(column(rows, "platform_equity"), equity)


@pytest.mark.parametrize("seed", SEEDS)
def test_unlimited_projects_follow_the_curve(seed: int) -> None:
    """Land, credit and approval unlimited: spending is the S-curve of the seasons passed."""
    inputs = quiet(
        seed,
        projects=True,
        free_land=1,
        free_credit=1,
        free_approval=1,
        free_labour=1,
        loan_to_value=1.0,
        collateral_haircut=1.0,
        demand_pass_through=0.0,
        effort_cap=9.0,
        large_share_fai=0.6,
    )
    p = inputs[0]
    plain = type("P", (), {n: float(p[n]) for n in ("scurve_c", "scurve_k")})
    trace = Trace(inputs)
    assert trace.open() == 0
    followed = ended = plants = 0
    for t in range(OPENING, OPENING + 24):
        assert trace.tick() == 0
        held = trace.table("project")
        for j, started in enumerate(held["started"]):
            if started < OPENING:
                continue
            season = [p["fai_season"][m % 12] for m in range(started, t + 1)]
            sums = np.cumsum(season)
            length, budget = held["duration"][j], held["budget"][j]
            over = next((n for n, passed in enumerate(sums) if passed >= length), None)
            progress = min(1.0, sums[-1] / length)
            assert close(held["spent"][j], budget * curve(plain, progress))
            assert close(held["loan"][j], held["bank"][j] * held["spent"][j])
            assert (held["state"][j] == 5) == (over is not None)
            assert over is None or held["ended"][j] == started + over
            followed += 1
            ended += over is not None
        firms = trace.table("firm")
        for i, j in enumerate(firms["project"]):
            if j < 0 or held["started"][j] < OPENING:
                continue
            age = t - firms["born"][i]
            assert firms["born"][i] == held["ended"][j] + 1
            normal = held["rho"][j] * held["realised"][j] * held["budget"][j]
            if age <= p["ramp_months"]:
                ramp = p["ramp_start"] + (1.0 - p["ramp_start"]) * age / p["ramp_months"]
                sales = normal * ramp * p["revenue_season"][t % 12] / 12.0
                assert close(firms["sales"][i], sales)
                plants += 1
    assert min(followed, ended, plants) > 10


def test_constant_returns() -> None:
    """Twice the city with as many firms of twice the size: twice of everything."""
    extensive = [
        *("base_revenue", "base_fai", "base_profit_tax", "base_workers", "scope_threshold"),
        *("reachable_pool", "dragon_head_revenue", "rd_backbone_revenue"),
    ]
    small = quiet(4, firms_count=7, growth_dispersion=0.2, effort_cap=1.0)
    large = small.copy()
    for name in extensive:
        large[name] *= 2.0
    one, two = run(Trace(small)), run(Trace(large))
    for name in (
        "revenue",
        "fai",
        "profit",
        "profit_tax",
        "wages",
        "capital",
        "workers",
        "hires",
        "lost_labour",
        "lost_capacity",
        "migrated",
        "seekers",
    ):
        assert close(2.0 * column(one, name), column(two, name)), name
    assert math.fsum(column(one, "lost_labour")) > 0.0
