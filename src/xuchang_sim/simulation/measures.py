"""Measures: what the plan counts, computed from the record of a run, one function a measure.

Every function takes a :class:`RunRecord` and returns one number per replicate and calendar
year. Rates and counts are defined once, here, for assessment, sweeps and reports alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xuchang_sim.model.world import MEASURE_ROW, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xuchang_sim.pack.load import Pack

Array = npt.NDArray[np.float64]
WAN = 1e4  # 万元 in one 亿元
NO_MORE = 0.9995  # an index counts as complete from here: it approaches one by small steps


@dataclass(frozen=True)
class RunRecord:
    """A part of a run's record, with what is needed to read it.

    Parameters
    ----------
    pack : Pack
        Plan, region, base totals.
    months : ndarray, shape (replicates, months, measures)
        Recorded columns from January of the base year, summed over zones.
    annual : ndarray, shape (replicates, years, measures, zones)
        The same by zone and complete year: sums of flows, December of stocks.
    sectors : ndarray, shape (replicates, years, zones, sectors)
        Sales by zone and sector, 亿元.
    largest : ndarray, shape (replicates, years)
        Largest spending of one project in the year, 亿元.
    summary : ndarray, shape (replicates, len(SUMMARY))
        Scalars of the conditioning, execution of programmes.
    parameters : mapping of str to ndarray, shape (replicates,)
        Parameter draws.
    levels : mapping of str to float
        Lever levels of the scenario.
    demand : ndarray, shape (replicates, years)
        Mean yearly growth of nominal demand, a fraction.
    only : str
        The one zone that `annual` and `sectors` hold; empty for all.
    """

    pack: Pack
    months: Array
    annual: Array
    sectors: Array
    largest: Array
    summary: Array
    parameters: Mapping[str, Array]
    levels: Mapping[str, float]
    demand: Array
    only: str = ""
    _city: dict[str, Array] = field(default_factory=dict)

    def within(self, zone: str) -> RunRecord:
        """Return the record of one zone, for measures that are not :data:`CITY_ONLY`."""
        row = [self.zones.index(zone)]
        annual, sectors = self.annual[:, :, :, row], self.sectors[:, :, row]
        return replace(self, annual=annual, sectors=sectors, only=zone, _city={})

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones on record, in the order of their axis."""
        return (self.only,) if self.only else tuple(zone.id for zone in self.pack.region.zones)

    def base(self, name: str, column: str) -> Array | float:
        """Total of the base year, 亿元: the pack's, which every replicate reproduces, or a zone's.

        Of investment there are two readings: the replicate's.

        Parameters
        ----------
        name : str
            Total of the pack.
        column : str
            Recorded column that has it for a single zone.
        """
        if self.only or name == "fai":
            return self.city(column)[:, :1]
        total: float = getattr(self.pack.base, name).value
        return total

    @property
    def years(self) -> int:
        """Complete calendar years on record, the base year first."""
        return int(self.months.shape[1]) // 12

    def month(self, name: str) -> Array:
        """One recorded column, summed over zones: shape (replicates, months)."""
        return self.months[:, :, MEASURE_ROW[name]]

    def zone(self, name: str) -> Array:
        """Yearly sum of a flow, December of a stock: shape (replicates, years, zones)."""
        return self.annual[:, :, MEASURE_ROW[name]]

    def city(self, name: str) -> Array:
        """Sum of :meth:`zone` over zones: shape (replicates, years)."""
        if name not in self._city:
            self._city[name] = self.zone(name).sum(axis=2)
        return self._city[name]

    def scalar(self, name: str) -> Array:
        """One number of the summary as a column: shape (replicates, 1)."""
        return self.summary[:, SUMMARY.index(name)][:, None]

    def parameter(self, name: str) -> Array:
        """One parameter as a column: shape (replicates, 1)."""
        return self.parameters[name][:, None]

    def executed(self, programme: str, lever: str) -> Array:
        """Whole units of a public programme carried out: the plan times a random execution rate, rounded."""
        planned = self.levels[lever] * self.scalar(f"execution_{programme}")
        return np.floor(planned + 0.5) * self.ones

    @property
    def ones(self) -> Array:
        """Ones of shape (replicates, years), to widen what is the same every year."""
        return np.ones((self.months.shape[0], self.years))


def _before(values: Array) -> Array:
    """Return the value of the year before; the base year stands for the year before itself."""
    return np.concatenate([values[:, :1], values[:, :-1]], axis=1)


def _growth(values: Array) -> Array:
    """Growth over the year before, a fraction; zero in the base year, NaN if the year before is zero."""
    before = _before(values)
    ratio = np.full(values.shape, np.nan)
    np.divide(values, before, out=ratio, where=before > 0.0)
    return ratio - 1.0


def _share(values: Array, rest: Array) -> Array:
    return values / (values + rest)


def revenue(c: RunRecord) -> Array:
    """Reported main-business revenue of the zones, 亿元."""
    return c.city("reported")


def revenue_real(c: RunRecord) -> Array:
    """Revenue of the same firms and new capacity, without changes of scope, 亿元."""
    return c.city("revenue")


def profit_tax(c: RunRecord) -> Array:
    """Profit and tax on the scope of reported revenue, 亿元."""
    return c.city("profit_tax") * c.city("reported") / c.city("revenue")


def fai_without_largest(c: RunRecord) -> Array:
    """Investment less the year's largest single project, 亿元."""
    return c.city("fai") - c.largest[:, : c.years]


def revenue_share(c: RunRecord) -> Array:
    """Zones' share of the city's revenue; the rest of the city grows with demand."""
    base = c.pack.base.revenue.value
    rest = base / c.parameter("city_revenue_share_base") - base
    growth = np.cumprod(1.0 + np.where(np.arange(c.years) > 0, c.demand[:, : c.years], 0.0), axis=1)
    return _share(revenue(c), rest * growth)


def fai_share(c: RunRecord) -> Array:
    """Zones' share of the city's investment; the rest of the city grows at its own rate."""
    base = c.city("fai")[:, :1]  # of two readings, the replicate's
    rest = base / c.parameter("city_fai_share_base") - base
    growth = np.where(np.arange(c.years) > 0, c.parameter("city_rest_fai_growth"), 0.0)
    return _share(c.city("fai"), rest * np.cumprod(1.0 + growth, axis=1))


def projects(c: RunRecord) -> Array:
    """Projects of 1亿 and more under way in the year: carried over and started."""
    return _before(c.city("building")) + c.city("starts")


def zones_above(c: RunRecord, threshold: float) -> Array:
    """Zones whose above-scale industrial revenue reaches a threshold, 亿元."""
    above = c.parameter("scope_ratio")[:, :, None] * c.zone("reported")
    values: Array = (above >= threshold).sum(axis=2).astype(float)
    return values


def clusters_above(c: RunRecord, threshold: float) -> Array:
    """Named clusters of this threshold whose revenue above designated size reaches it."""
    zones = c.zones
    sectors = [sector.id for sector in c.pack.region.sectors]
    count = np.zeros((c.months.shape[0], c.years))
    for cluster in c.pack.region.clusters:
        if cluster.threshold == threshold and cluster.zone in zones:
            z, s = zones.index(cluster.zone), sectors.index(cluster.sector)
            sold = c.sectors[:, : c.years, z, s] * cluster.share * c.parameter("scope_ratio")
            count += sold >= threshold
    return count


def zone_clusters(c: RunRecord) -> Array:
    """Zones whose leading sectors together sell enough to be called a cluster."""
    count = np.zeros((c.months.shape[0], c.years))
    sectors = [sector.id for sector in c.pack.region.sectors]
    for z, zone in enumerate(map(c.pack.region.zone, c.zones)):
        rows = [sectors.index(lead.sector) for lead in zone.leading]
        best = c.sectors[:, : c.years, z][:, :, rows].max(axis=2)
        count += best >= c.parameter("cluster_threshold")
    return count


def investment_intensity_growth(c: RunRecord) -> Array:
    """Growth of investment per 亩 of the projects started in the year."""
    return _growth(c.city("starts_value") / np.maximum(c.city("starts_land"), 1e-9))


def output_intensity_growth(c: RunRecord) -> Array:
    """Growth of revenue per 亩 of developed land; the base area follows from mature intensity."""
    area = c.base("revenue", "reported") * WAN / c.parameter("mature_output_intensity")
    return _growth(revenue_real(c) / (area + np.cumsum(c.city("land_used"), axis=1)))


def sewage_rate(c: RunRecord) -> Array:
    """Treatment rate: sewers, which grow with infrastructure, and new plants, over the flow.

    The flow grows with workers; infrastructure is that of the opening in the base year.
    """
    opening = c.parameter("infrastructure_opening")
    built = c.zone("infrastructure").mean(axis=2)
    built = np.where(np.arange(c.years) > 0, built, opening)
    capacity = c.parameter("sewage_rate_base") * built / opening
    capacity = capacity + c.parameter("sewage_plant_gain") * c.city("sewage_ready")
    flow = c.city("workers") / c.city("workers")[:, :1]
    return np.minimum(1.0, capacity / flow)


def energy_decline(c: RunRecord) -> Array:
    """Fall of energy per output: autonomous, and through the share of new plants in output."""
    new = c.city("revenue_new") / c.city("revenue")
    added = np.maximum(new - _before(new), 0.0)
    saved = (1.0 - c.parameter("energy_autonomous")) * (
        1.0 - c.parameter("energy_new_capital") * added
    )
    return np.where(np.arange(c.years) > 0, 1.0 - saved, 0.0)


def group_events(c: RunRecord) -> Array:
    """Months in which a joint ground-breaking was held with at least one project."""
    held = c.month("group_starts")[:, : 12 * c.years] > 0
    values: Array = held.reshape(held.shape[0], c.years, 12).sum(axis=2).astype(float)
    return values


def incubators(c: RunRecord) -> Array:
    """Zones with standard floor completed in the year and let."""
    both = (c.zone("floor_completed") > 0) & (c.zone("floor_leased") > 0)
    values: Array = both.sum(axis=2).astype(float)
    return values


def trunk_roads(c: RunRecord) -> Array:
    """Share of zones whose infrastructure is complete."""
    values: Array = (c.zone("infrastructure") >= NO_MORE).mean(axis=2)
    return values


def run_rate(c: RunRecord) -> Array:
    """December's reported revenue at a yearly rate, without season, 亿元."""
    december = c.month("reported")[:, 11 : 12 * c.years : 12]
    values: Array = 12.0 * december / c.pack.calendar.revenue_season[11]
    return values


def _city(name: str) -> Callable[[RunRecord], Array]:
    return lambda c: c.city(name)


def _zones_with(*names: str) -> Callable[[RunRecord], Array]:
    """Zones in which any of the columns is above zero in the year."""

    def count(c: RunRecord) -> Array:
        held = np.zeros((*c.annual.shape[:2], c.annual.shape[3]), dtype=bool)
        for name in names:
            held |= c.zone(name) > 0
        values: Array = held.sum(axis=2).astype(float)
        return values

    return count


#: Every measure by its id.
REGISTRY: dict[str, Callable[[RunRecord], Array]] = {
    "revenue": revenue,
    "revenue_growth": lambda c: revenue(c) / c.base("revenue", "reported") - 1.0,
    "revenue_real": revenue_real,
    "revenue_real_growth": lambda c: revenue_real(c) / c.base("revenue", "reported") - 1.0,
    "fai": _city("fai"),
    "fai_growth": lambda c: c.city("fai") / c.base("fai", "fai") - 1.0,
    "fai_extra": _city("fai_extra"),
    "fai_without_largest": fai_without_largest,
    "profit_tax": profit_tax,
    "profit_tax_growth": lambda c: profit_tax(c) / c.base("profit_tax", "profit_tax") - 1.0,
    "revenue_share": revenue_share,
    "fai_share": fai_share,
    "outside_capital": _city("outside_capital"),
    "outside_capital_growth": lambda c: c.city("outside_capital") / c.scalar("outside_base") - 1.0,
    "workers": _city("workers"),
    "new_workers": lambda c: c.city("workers") - _before(c.city("workers")),
    "projects_1e8": projects,
    "starts_1e8": _city("starts"),
    "completions": _city("completions"),
    "zone_clusters": zone_clusters,
    "investment_intensity_growth": investment_intensity_growth,
    "output_intensity_growth": output_intensity_growth,
    "sewage_rate": sewage_rate,
    "energy_decline": energy_decline,
    "dragon_heads": _zones_with("dragon_heads"),
    "zones_with_20": _zones_with("large_year"),
    "zones_with_major": _zones_with("major_year"),
    "zones_new_20": _zones_with("arrivals_large", "dragons_new"),
    "group_starts": _city("group_starts"),
    "group_events": group_events,
    "sewage_plants": _city("sewage_begun"),
    "heating": lambda c: c.executed("heating", "heating"),
    "rd_municipal": _city("research_city"),
    "rd_provincial": _city("research_province"),
    "logistics": _city("starts_logistics"),
    "service_centres": _city("centres_new"),
    "trunk_roads": trunk_roads,
    "villages": _city("villages_begun"),
    "transit": lambda c: np.minimum(
        1.0, c.levels["transit_coverage"] * c.scalar("execution_transit") * c.ones
    ),
    "housing": _city("housing_begun"),
    "quota_min_zone": lambda c: c.zone("land_posted").min(axis=2),
    "incubators": incubators,
    "factory_area": _city("floor_begun"),
    "platform_financing_min": lambda c: c.zone("platform_financing").min(axis=2),
    "trained": _city("enrolled"),
    "postdoc_station": lambda c: c.executed("station", "postdoc_station"),
    "postdoc_bases": lambda c: c.executed("bases", "postdoc_bases"),
    "run_rate": run_rate,
    "land_used": _city("land_used"),
    "land_unmet": _city("land_unmet"),
}
THRESHOLD_UNIT = "亿元"
#: Measures that need a target's threshold; the plan names them with it, e.g. zones above 100亿.
THRESHOLD: dict[str, Callable[[RunRecord, float], Array]] = {
    "zones": zones_above,
    "clusters": clusters_above,
    "platforms": lambda c, threshold: (
        (c.zone("platform_debt") + c.zone("platform_equity") >= threshold).sum(axis=2).astype(float)
    ),
}
#: Measures that have no value for a single zone: they rest on the city's months or on totals of it.
CITY_ONLY = frozenset(
    {
        "fai_without_largest", "revenue_share", "fai_share", "outside_capital_growth",
        "sewage_rate", "group_events", "heating", "transit", "postdoc_station", "postdoc_bases",
        "run_rate",
    }
)  # fmt: skip
#: Monthly columns whose trailing twelve months, or whose stock, tell when a level is reached.
ATTAINABLE: dict[str, Callable[[RunRecord], Array]] = {
    "revenue": lambda c: _trailing(c.month("reported")),
    "fai": lambda c: _trailing(c.month("fai")),
    "profit_tax": lambda c: _trailing(
        c.month("profit_tax") * c.month("reported") / c.month("revenue")
    ),
    "outside_capital": lambda c: _trailing(c.month("outside_capital")),
    "workers": lambda c: c.month("workers"),
}


def _trailing(monthly: Array) -> Array:
    """Sum of the last twelve months; minus infinity where fewer are on record."""
    total = np.cumsum(monthly, axis=1)
    out = np.full(monthly.shape, -np.inf)
    out[:, 11] = total[:, 11]
    out[:, 12:] = total[:, 12:] - total[:, :-12]
    return out
