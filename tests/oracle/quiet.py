"""Worlds without noise, small enough for their future to be written down."""

from __future__ import annotations

from tests.model.worlds import Records, random_inputs
from xuchang_sim.model.world import LEVERS, PARAMETERS
from xuchang_sim.pack.load import load_pack

PACK = load_pack()
REVENUE, FAI, PROFIT_TAX, WORKERS = 96.0, 24.0, 14.0, 12000.0
OPENING = 12 * 2012


def quiet(seed: int, *, projects: bool = False, **changes: float) -> Records:
    """Return a world of one zone, one sector and one firm, with no lever moved and no noise.

    Parameters are the pack's, seasons and the demand path random; the plan begins with the
    ledgers. Without ``projects`` none ever arrives. ``changes`` name parameters and inputs.
    """
    record = random_inputs(seed, PACK)
    p = record[0]
    for name in PARAMETERS:
        p[name] = PACK.parameters[name].default or 0.0
    p["pipeline_start"], p["firms_start"], p["demand_start"] = 12 * 2007, 12 * 2010, 12 * 2009
    p["opening"] = p["policy_month"] = OPENING
    p["demand_months"] = 12 * 2014 - p["demand_start"]
    p["zones"] = p["sectors"] = 1
    p["zone_share"][0] = p["zone_lead"][0, 0] = p["sector_alpha"][0] = 1.0
    p["zone_leading"][0, 0] = p["zone_expands"][0] = 1
    p["zone_sewage"] = 0
    p["sector_beta"][0] = p["sector_own"][0] = 0.0
    p["base_revenue"], p["base_fai"] = REVENUE, FAI
    p["base_profit_tax"], p["base_workers"] = PROFIT_TAX, WORKERS
    p["acceptance_tolerance"] = p["acceptance_max"] = 2.0
    p["firms_count"] = 1
    for part in ("absent", "level"):
        for name in LEVERS:
            p[part][name] = 0.0
        p[part]["ordinary_arrivals"] = p[part]["large_arrivals"] = 1.0
    for name in [
        "share_concentration",
        "growth_dispersion",
        "market_sd",
        "yield_sd",
        "pace_sd",
        "yield_cycle",
        "crowding_elasticity",
        "expansion_share",
        "size_variance_exponent",
        "execution_sd",
        "climate_elasticity",
        "demand_wedge",
        "premium",
        "dropout_rate",
        "abandonment_share",
        "stall_hazard",
        "service_centre_rate",
        "depreciation",
        "productivity_growth",
        "agglomeration_elasticity",
        "trained_premium",
        "rd_rate",
        "rd_rate_provincial",
    ]:
        p[name] = 0.0
    p["climate"] = p["credit"] = 1.0
    p["incumbent_real"] = 1.0
    p["expansion_threshold"] = 9.0  # nobody expands: capital stays
    if not projects:
        p["large_share_fai"] = 0.0
    else:
        p["envelope"][:] = 1e3  # far above any rate of so small a city
        p["envelope"] /= 10.0
    for name, value in changes.items():
        p[name] = value
    return record


def closing() -> Records:
    """Return a city whose only firm closes for want of custom; its second zone is empty."""
    record = quiet(1, utilisation_normal=0.2, free_labour=1, effort_cap=9.0)
    p = record[0]
    p["zones"] = 2
    p["zone_code"][1] = p["zone_code"][0] + 1
    p["zone_share"][1] = 0.0
    p["zone_lead"][1, 0], p["zone_leading"][1, 0] = 1.0, 1
    return record


def crowded() -> Records:
    """Return a city of one zone and one sector in which many plants of existing firms are born at once."""
    record = random_inputs(84, PACK)
    p = record[0]
    for name in ("base_fai", "base_revenue", "base_profit_tax", "base_workers", "envelope"):
        p[name] = 3.0 * p[name]
    p["incumbent_project_share"], p["infrastructure_share"] = 0.9, 0.05
    p["group_start_share"], p["group_month"] = 1.0, 0
    p["group_month"][4] = 1
    return record
