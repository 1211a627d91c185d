"""Names of levers and parameters, with units: written by `make definitions`, not by hand."""

#: Levers in the order of the record: unit and meaning.
LEVERS: dict[str, tuple[str, str]] = {
    "quota_per_zone": ("亩/区/年", "new land quota of a zone"),
    "quota_tilt": ("比例", "county quotas tilted to the zones"),
    "municipal_reserve": ("亩/年", "municipal reserve quota"),
    "reused_land": ("亩/年", "approved but unrequisitioned land moved in"),
    "release_by_june": ("比例", "share of the year's quota released by June"),
    "release_by_september": ("比例", "share of the year's quota released by September"),
    "linkage_land": ("亩/年", "land-linkage quota"),
    "boundary_area": ("km²/区", "area added to each expanding zone"),
    "platform_financing": ("亿元/区/年", "yearly financing of a zone's LGFV"),
    "guarantee_pool": ("亿元", "guarantee pool"),
    "crowd_out_shift": ("比例", "shift of the crowding-out share"),
    "platform_asset_injection": ("亿元/区", "assets injected into a zone's LGFV"),
    "fiscal_injection": ("亿元/年", "awards and rebates turned into LGFV capital"),
    "grant_pool": ("亿元/年", "national and provincial special funds"),
    "bank_limit_bonus": ("比例", "rise of the bank limit through partnerships"),
    "spread_cut": ("百分点", "fall of loan rates"),
    "training_places": ("人/年", "training places"),
    "training_completion_bonus": ("比例", "rise of the completion share of training"),
    "wage_gap": ("比例", "local wage over outside wage, less one"),
    "housing_units": ("套/年", "public rental units begun"),
    "housing_advance": ("月", "months by which housing is ready earlier"),
    "worker_retention": ("/年", "fall of the yearly separation rate"),
    "commuting_bonus": ("比例", "rise of the share of seekers who commute"),
    "approval_cut": ("比例", "cut of approval time by embedded staff"),
    "tier_bonus": ("倍", "strength of the bonus of key projects in approval"),
    "overrun_speedup": ("比例", "speed-up of approvals that run over time"),
    "stall_cut_service": ("比例", "fall of the stall hazard through service groups"),
    "stall_cut_major": ("比例", "further fall of the stall hazard from 1bn yuan"),
    "dropout_cut_major": ("比例", "fall of the dropout hazard from 500m yuan"),
    "commissioning_gain": ("月", "months by which commissioning is earlier"),
    "fee_cut": ("比例", "fees saved, of a project's budget"),
    "large_arrivals": ("倍", "arrivals of projects of 2bn yuan and more"),
    "ordinary_arrivals": ("倍", "arrivals of ordinary projects"),
    "express_share": ("比例", "share of signed projects of 2bn yuan given express approval"),
    "effort": ("比例", "effort through evaluation, bulletins and rewards"),
    "site_attraction": ("比例", "extra arrivals at named sites"),
    "outside_share_gain": ("比例", "rise of outside capital's share of new starts"),
    "factory_area": ("m²/年", "multi-storey standard factories begun"),
    "villages": ("个/年", "village relocations begun"),
    "rd_support": ("倍", "strength of support for research centres"),
    "service_support": ("倍", "strength of support for service centres"),
    "incubator_support": ("倍", "share of the incubator programme carried out"),
    "sewage_plants": ("座", "sewage plants begun"),
    "heating": ("座", "central heating"),
    "transit_coverage": ("比例", "zones reached by bus and post"),
    "postdoc_station": ("个", "postdoctoral station"),
    "postdoc_bases": ("个", "postdoctoral research bases"),
}

#: Parameters in the order of the record: unit and meaning.
PARAMETERS: dict[str, tuple[str, str]] = {
    "intensity_ordinary": ("万元/亩", "investment per mu, ordinary projects (median)"),
    "intensity_ordinary_sigma": ("比例", "spread of investment per mu, ordinary projects (log sd)"),
    "intensity_large": ("万元/亩", "investment per mu, projects of 2bn yuan (median)"),
    "intensity_large_sigma": ("比例", "spread of investment per mu, projects of 2bn yuan (log sd)"),
    "intensity_min": ("万元/亩", "smallest investment per mu admitted"),
    "own_site_share": ("比例", "share of projects of 100m yuan that need no new land"),
    "opening_land_months": ("月", "serviced land on 1 January 2012, in months of use"),
    "mature_output_intensity": ("万元/亩/年", "output per mu of a mature zone"),
    "factory_cost": ("元/m²", "cost of standard factories"),
    "factory_land": ("亩/1000m²", "land of standard factories"),
    "factory_build_months": ("月", "time to build standard factories"),
    "factory_begun_share": ("比例", "standard factories begun before May"),
    "small_firm_floor": ("m²/家", "floor leased by a small firm"),
    "land_preparation_cost": ("万元/亩", "requisition and development of land"),
    "linkage_land_per_village": ("亩/个", "land-linkage area of a relocated village, net"),
    "linkage_lag_months": ("月", "lag of land-linkage area"),
    "start_land_share": ("比例", "share of land needed for a start"),
    "size_ordinary_alpha": ("指数", "Pareto exponent of ordinary project sizes"),
    "size_ordinary_min": ("亿元", "smallest ordinary project"),
    "size_ordinary_max": ("亿元", "largest ordinary project"),
    "size_large_alpha": ("指数", "Pareto exponent of large project sizes"),
    "size_large_min": ("亿元", "smallest large project"),
    "size_large_max": ("亿元", "largest large project"),
    "starts_ordinary": ("个/年", "ordinary starts of 2011 (reference rate)"),
    "starts_large": ("个/年", "starts of large projects, 2011"),
    "group_start_share": ("比例", "share of starts in joint ground-breakings"),
    "invest_realised": ("比例", "realised over announced investment"),
    "arrival_dispersion": ("指数", "dispersion of ordinary arrivals (negative binomial k)"),
    "incumbent_project_share": ("比例", "share of arrivals owned by incumbents"),
    "infrastructure_share": ("比例", "share of infrastructure and logistics projects"),
    "small_lump_growth": ("/年", "growth of investment below 100m yuan"),
    "large_share_fai": ("比例", "share of investment from projects of 100m yuan"),
    "leading_share_investment": ("比例", "leading sectors' share of investment"),
    "leading_share_revenue": ("比例", "leading sectors' share of revenue"),
    "starts_growth": ("/年", "growth of starts without the plan"),
    "climate_elasticity": (
        "弹性",
        "response of arrivals and of small investment to the nation's investment",
    ),
    "investment_normal": (
        "/年",
        "growth of the nation's investment in the times that the growth of starts was read in",
    ),
    "approval_months": ("月", "approval time (mean)"),
    "approval_shape": ("指数", "gamma shape of approval time"),
    "tier_bonus_1": ("比例", "bonus in approval from 100m yuan"),
    "tier_bonus_5": ("比例", "bonus in approval from 500m yuan"),
    "tier_bonus_20": ("比例", "bonus in approval from 2bn yuan"),
    "approval_cut_cap": ("比例", "cap of all cuts of approval time"),
    "duration_base": ("月", "planned time to build a project of 100m yuan"),
    "duration_elasticity": ("弹性", "elasticity of duration to size"),
    "duration_sigma": ("比例", "spread of duration (log sd)"),
    "duration_min": ("月", "shortest duration"),
    "dropout_rate": ("/月", "dropout before the start"),
    "abandonment_share": ("比例", "abandoned after the start"),
    "stall_hazard": ("/月", "stall hazard"),
    "stall_months": ("月", "length of a stall"),
    "stall_pace": ("比例", "pace during a stall"),
    "scurve_c": ("指数", "S-curve, skew C"),
    "scurve_k": ("指数", "S-curve, steepness K"),
    "acceptance_tolerance": ("比例", "tolerance of conditioning"),
    "acceptance_max": ("比例", "largest share of large projects in base-year investment"),
    "announced_yield": ("/年", "announced revenue per investment (median)"),
    "announced_yield_sigma": ("比例", "spread of announced revenue per investment (log sd)"),
    "realised_yield": ("比例", "realised over announced revenue (mean)"),
    "realised_yield_precision": ("指数", "precision of a project's realised share"),
    "demand_pass_through": ("弹性", "pass-through of demand to new plants' sales"),
    "revenue_per_capital": ("/年", "revenue over capital at normal use"),
    "ramp_start": ("比例", "capacity at commissioning"),
    "ramp_months": ("月", "ramp after commissioning"),
    "utilisation_normal": ("比例", "normal utilisation of capacity"),
    "depreciation": ("/年", "depreciation"),
    "margin_drift": ("比例", "drift of the gross margin in 2012 (relative)"),
    "vat_rate": ("比例", "VAT over revenue (outside revenue)"),
    "surcharge_rate": ("比例", "surcharges over revenue"),
    "productivity_growth": ("/年", "growth of incumbents' revenue per worker (nominal)"),
    "agglomeration_elasticity": ("弹性", "agglomeration elasticity"),
    "agglomeration_months": ("月", "time constant of agglomeration"),
    "effort_cap": ("倍", "cap of effort"),
    "expansion_threshold": ("比例", "utilisation from which firms expand"),
    "lost_order_recapture": ("比例", "lost orders taken by slack firms of the sector"),
    "firms_count": ("家", "firms above designated size"),
    "firm_tail": ("指数", "tail exponent of firm sizes"),
    "growth_dispersion": ("比例", "dispersion of firms' yearly growth (Laplace scale)"),
    "size_variance_exponent": ("指数", "size-variance exponent"),
    "scope_threshold": ("万元/年", "threshold of firms above designated size"),
    "scope_ratio": ("比例", "revenue above designated size over main-business revenue"),
    "scope_inflow": ("/年", "new firms above designated size, share of revenue"),
    "own_money_mean": ("比例", "equity ratio of a project (mean)"),
    "own_money_sd": ("比例", "equity ratio of a project (sd)"),
    "own_money_low": ("比例", "equity ratio of a project (smallest)"),
    "own_money_high": ("比例", "equity ratio of a project (largest)"),
    "bank_share_rest": ("比例", "bank loans' share of the rest"),
    "outside_share": ("比例", "outside-city capital in private investment (2011 and carried over)"),
    "credit_growth": ("/年", "growth of the bank limit"),
    "credit_elasticity": ("弹性", "response of the bank limit to money growth"),
    "guarantee_multiplier": ("倍", "guarantee multiplier"),
    "land_price": ("万元/亩", "land price"),
    "base_rate": ("%/年", "one-year base rate"),
    "rate_medium": ("%/年", "rate for 3-5 years"),
    "rate_long": ("%/年", "rate beyond 5 years"),
    "small_firm_spread": ("倍", "small firms' rate over the base rate"),
    "loan_to_value": ("比例", "loan to value"),
    "collateral_haircut": ("比例", "haircut on construction in progress"),
    "repayment_quarter": ("比例", "repayment per quarter"),
    "platform_bank_share": ("比例", "bank part of LGFV borrowing"),
    "platform_leverage_cap": ("倍", "cap of LGFV leverage"),
    "award": ("亿元", "provincial award of a zone"),
    "infrastructure_spend_cap": ("亿元/年", "largest infrastructure spending of a zone"),
    "crowd_out": ("比例", "crowding-out of private credit by LGFVs"),
    "investment_per_job": ("万元/人", "investment per job of new projects (median)"),
    "investment_per_job_sigma": ("比例", "spread of investment per job (log sd)"),
    "wage": ("元/月", "monthly wage, 2011"),
    "wage_growth": ("/年", "growth of wages"),
    "labour_cost_factor": ("倍", "total labour cost over wages"),
    "training_cost": ("元/人", "cost of training a person"),
    "training_months": ("月", "length of training"),
    "training_completion": ("比例", "completion of training"),
    "skilled_share_jobs": ("比例", "skilled share of jobs"),
    "skilled_share_seekers": ("比例", "skilled share of seekers"),
    "unskilled_output": ("比例", "output of an unskilled hire on a skilled job"),
    "trained_premium": ("比例", "productivity premium of the trained"),
    "return_elasticity": ("弹性", "return migration's elasticity to relative wages"),
    "matching_level": ("/月", "level of matching"),
    "matching_elasticity": ("弹性", "elasticity of matching to seekers"),
    "separation": ("/月", "monthly separation"),
    "workers_per_unit": ("人/套", "workers per rental unit"),
    "housing_unit_area": ("m²/套", "area of a rental unit"),
    "housing_unit_cost": ("元/m²", "cost of rental units"),
    "demand_wedge": ("/年", "revenue growth over value added and prices"),
    "premium": ("/年", "Xuchang over the nation"),
    "forecast_sd": ("比例", "forecast error of the annual mean of 2012 (sd)"),
    "logistics_share": ("比例", "logistics among infrastructure and logistics projects"),
    "own_money_raise": ("/月", "equity raised a month by a project that lacks it"),
    "floor_absorption": ("/月", "vacant floor leased a month"),
    "small_firm_revenue": ("亿元/年", "revenue of a small firm in a standard factory"),
    "payout_share": ("比例", "share of profit paid out"),
    "opening_debt_ratio": ("比例", "opening debt over capital of existing firms"),
    "platform_opening_equity": ("亿元/区", "opening equity of an LGFV"),
    "platform_opening_debt": ("亿元/区", "opening debt of an LGFV"),
    "infrastructure_opening": ("比例", "opening infrastructure index of provincial zones"),
    "infrastructure_cost": ("亿元/区", "cost of taking a zone's index from 0 to 1"),
    "infrastructure_min": ("比例", "index below which land cannot be used"),
    "commuting_leak": ("比例", "share of seekers who look in other zones"),
    "boundary_developed_share": ("比例", "developed share of an added area"),
    "housing_build_months": ("月", "time to build rental units"),
    "housing_pull": ("倍", "pull of housing on return migration"),
    "dragon_head_revenue": ("亿元/年", "revenue of a leading enterprise"),
    "rd_backbone_revenue": ("亿元/年", "revenue of a backbone firm"),
    "rd_rate": ("/年", "rate of municipal research centres per backbone firm"),
    "rd_rate_provincial": ("/年", "rate of provincial research centres per backbone firm"),
    "rd_gain": ("比例", "gain in productivity from a research centre"),
    "service_centre_rate": ("/年/区", "rate of service centres per zone"),
    "service_centre_attraction": ("比例", "service centre's effect on arrivals"),
    "incubator_begun_share": ("比例", "zones whose factories were begun before May"),
    "sewage_build_months": ("月", "time to build a sewage plant"),
    "execution_sd": ("比例", "spread of how far public programmes are executed (log sd)"),
    "large_threshold": ("亿元", "size of a large project"),
    "coordination_threshold": ("亿元", "size of a project with coordination meetings"),
    "major_threshold": ("亿元", "size of a major project with one-to-one service"),
    "gap_wait": ("月", "months for which unpaid work is borne"),
    "gap_drop": ("月", "months of a gap after which a project is given up or taken over"),
    "topup_share": ("比例", "share of owners who fill a gap with equity"),
    "handover_share": (
        "比例",
        "share of projects with a lasting gap that a stronger owner takes over",
    ),
    "incumbent_real": ("比例", "part of real growth that falls to incumbents"),
    "fai_reading": ("比例", "which reading of the base year's investment holds"),
    "reachable_pool": ("人", "migrants who may come home"),
    "normal_tightness": ("比例", "posts per seeker in a normal market"),
    "supply_factor": ("倍", "supply of labour over what the base year needed"),
    "stay_share": ("比例", "share of leavers who seek a job here"),
    "give_up": ("/月", "share of seekers who give up a month"),
    "entry_tightness": ("弹性", "response of entries to posts per seeker"),
    "training_additional": (
        "比例",
        "part of training places that reach people who would not have come",
    ),
    "wage_curve": ("弹性", "response of pay to posts per seeker"),
    "usual_land": ("倍", "usual land over the model's own use of the base year"),
    "usual_land_growth": ("/年", "growth of usual land"),
    "land_additional": ("比例", "part of a lever's new quota that is additional"),
    "yield_cycle": ("弹性", "elasticity of new capacity's yield to the nation's real growth"),
    "growth_normal": ("/年", "the nation's real industrial growth in normal times"),
    "crowding_elasticity": ("弹性", "fall of new capacity's yield with the city's capital"),
    "yield_sd": ("比例", "error of the yield of all new capacity in common"),
    "market_sd": ("比例", "sd of the city's own course of orders, mean of the first year"),
    "pace_sd": ("比例", "sd of the yearly own course of investment"),
    "expansion_share": ("比例", "part of orders lost to capacity for which firms add capacity"),
    "starts_growth_later": ("/年", "growth of starts in the long run"),
    "growth_fading": ("/年", "speed at which the growth of starts returns to the long run's"),
    "drift_fading": ("/年", "fading of what revenue grows above value added and prices"),
}


class LeverNames:
    """A level of every lever, as the rules see it."""

    quota_per_zone: float
    quota_tilt: float
    municipal_reserve: float
    reused_land: float
    release_by_june: float
    release_by_september: float
    linkage_land: float
    boundary_area: float
    platform_financing: float
    guarantee_pool: float
    crowd_out_shift: float
    platform_asset_injection: float
    fiscal_injection: float
    grant_pool: float
    bank_limit_bonus: float
    spread_cut: float
    training_places: float
    training_completion_bonus: float
    wage_gap: float
    housing_units: float
    housing_advance: float
    worker_retention: float
    commuting_bonus: float
    approval_cut: float
    tier_bonus: float
    overrun_speedup: float
    stall_cut_service: float
    stall_cut_major: float
    dropout_cut_major: float
    commissioning_gain: float
    fee_cut: float
    large_arrivals: float
    ordinary_arrivals: float
    express_share: float
    effort: float
    site_attraction: float
    outside_share_gain: float
    factory_area: float
    villages: float
    rd_support: float
    service_support: float
    incubator_support: float
    sewage_plants: float
    heating: float
    transit_coverage: float
    postdoc_station: float
    postdoc_bases: float


class ParameterNames:
    """A value of every parameter, as the rules see it."""

    intensity_ordinary: float
    intensity_ordinary_sigma: float
    intensity_large: float
    intensity_large_sigma: float
    intensity_min: float
    own_site_share: float
    opening_land_months: float
    mature_output_intensity: float
    factory_cost: float
    factory_land: float
    factory_build_months: float
    factory_begun_share: float
    small_firm_floor: float
    land_preparation_cost: float
    linkage_land_per_village: float
    linkage_lag_months: float
    start_land_share: float
    size_ordinary_alpha: float
    size_ordinary_min: float
    size_ordinary_max: float
    size_large_alpha: float
    size_large_min: float
    size_large_max: float
    starts_ordinary: float
    starts_large: float
    group_start_share: float
    invest_realised: float
    arrival_dispersion: float
    incumbent_project_share: float
    infrastructure_share: float
    small_lump_growth: float
    large_share_fai: float
    leading_share_investment: float
    leading_share_revenue: float
    starts_growth: float
    climate_elasticity: float
    investment_normal: float
    approval_months: float
    approval_shape: float
    tier_bonus_1: float
    tier_bonus_5: float
    tier_bonus_20: float
    approval_cut_cap: float
    duration_base: float
    duration_elasticity: float
    duration_sigma: float
    duration_min: float
    dropout_rate: float
    abandonment_share: float
    stall_hazard: float
    stall_months: float
    stall_pace: float
    scurve_c: float
    scurve_k: float
    acceptance_tolerance: float
    acceptance_max: float
    announced_yield: float
    announced_yield_sigma: float
    realised_yield: float
    realised_yield_precision: float
    demand_pass_through: float
    revenue_per_capital: float
    ramp_start: float
    ramp_months: float
    utilisation_normal: float
    depreciation: float
    margin_drift: float
    vat_rate: float
    surcharge_rate: float
    productivity_growth: float
    agglomeration_elasticity: float
    agglomeration_months: float
    effort_cap: float
    expansion_threshold: float
    lost_order_recapture: float
    firms_count: float
    firm_tail: float
    growth_dispersion: float
    size_variance_exponent: float
    scope_threshold: float
    scope_ratio: float
    scope_inflow: float
    own_money_mean: float
    own_money_sd: float
    own_money_low: float
    own_money_high: float
    bank_share_rest: float
    outside_share: float
    credit_growth: float
    credit_elasticity: float
    guarantee_multiplier: float
    land_price: float
    base_rate: float
    rate_medium: float
    rate_long: float
    small_firm_spread: float
    loan_to_value: float
    collateral_haircut: float
    repayment_quarter: float
    platform_bank_share: float
    platform_leverage_cap: float
    award: float
    infrastructure_spend_cap: float
    crowd_out: float
    investment_per_job: float
    investment_per_job_sigma: float
    wage: float
    wage_growth: float
    labour_cost_factor: float
    training_cost: float
    training_months: float
    training_completion: float
    skilled_share_jobs: float
    skilled_share_seekers: float
    unskilled_output: float
    trained_premium: float
    return_elasticity: float
    matching_level: float
    matching_elasticity: float
    separation: float
    workers_per_unit: float
    housing_unit_area: float
    housing_unit_cost: float
    demand_wedge: float
    premium: float
    forecast_sd: float
    logistics_share: float
    own_money_raise: float
    floor_absorption: float
    small_firm_revenue: float
    payout_share: float
    opening_debt_ratio: float
    platform_opening_equity: float
    platform_opening_debt: float
    infrastructure_opening: float
    infrastructure_cost: float
    infrastructure_min: float
    commuting_leak: float
    boundary_developed_share: float
    housing_build_months: float
    housing_pull: float
    dragon_head_revenue: float
    rd_backbone_revenue: float
    rd_rate: float
    rd_rate_provincial: float
    rd_gain: float
    service_centre_rate: float
    service_centre_attraction: float
    incubator_begun_share: float
    sewage_build_months: float
    execution_sd: float
    large_threshold: float
    coordination_threshold: float
    major_threshold: float
    gap_wait: float
    gap_drop: float
    topup_share: float
    handover_share: float
    incumbent_real: float
    fai_reading: float
    reachable_pool: float
    normal_tightness: float
    supply_factor: float
    stay_share: float
    give_up: float
    entry_tightness: float
    training_additional: float
    wage_curve: float
    usual_land: float
    usual_land_growth: float
    land_additional: float
    yield_cycle: float
    growth_normal: float
    crowding_elasticity: float
    yield_sd: float
    market_sd: float
    pace_sd: float
    expansion_share: float
    starts_growth_later: float
    growth_fading: float
    drift_fading: float
