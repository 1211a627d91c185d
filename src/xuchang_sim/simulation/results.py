"""Results: the labelled record of a run and what is asked of it first."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

import numpy as np
import numpy.typing as npt

from xuchang_sim.answer import Answer, MaybeNan
from xuchang_sim.htmltable import html_table
from xuchang_sim.model.world import CODES, MEASURES, SUMMARY
from xuchang_sim.simulation.arrays import HELD, dataset, frame, kept_months
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.measures import ATTAINABLE, REGISTRY, RunRecord
from xuchang_sim.simulation.targets import (
    Reason,
    city_targets,
    evaluate,
    first_month,
    lacking,
    meets,
    modelled,
    unmodelled,
)
from xuchang_sim.simulation.why import Why
from xuchang_sim.text import phrase
from xuchang_sim.units import month_label
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    import xarray as xr

    from xuchang_sim.pack.plan import Target
    from xuchang_sim.simulation.setup import Setup, Variant

Array = npt.NDArray[np.float64]

Z95 = 1.959963984540054
#: Words for a probability, each up to a limit; the limits are those of the IPCC (Mastrandrea et al. 2010).
#: The words themselves stand in the text catalogue under ``verdict``.
VERDICTS = (
    (0.01, "never"),
    (0.10, "hardly"),
    (0.33, "unlikely"),
    (0.66, "even"),
    (0.90, "likely"),
    (0.99, "very"),
    (math.inf, "sure"),
)
QUANTILES = (0.05, 0.5, 0.95)
STRATUM = 12  # replicates a stratum holds at least


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """95% interval of a probability estimated by Monte Carlo (Wilson 1927).

    Parameters
    ----------
    successes : float
        Number of replicates in which the event happened.
    trials : int
        Number of replicates; with none the interval is (0, 1).
    """
    if trials == 0:
        return 0.0, 1.0
    p = successes / trials
    spread = Z95 * math.sqrt(p * (1.0 - p) / trials + (Z95 / (2.0 * trials)) ** 2)
    scale = 1.0 + Z95**2 / trials
    centre = p + Z95**2 / (2.0 * trials)
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def verdict(p: float) -> str:
    """Return the verdict on a probability: the one scale of tables, pages, figures and sentences.

    Examples
    --------
    >>> verdict(0.08), verdict(0.33), verdict(0.9)
    ('hardly', 'even', 'very')
    """
    return next(word for limit, word in VERDICTS if p < limit)


class TargetResult(NamedTuple):
    """How likely one target is.

    ``p`` with its 95% Wilson interval is Monte Carlo; median and 5-95% range are of the simulated
    outcomes, parameters included; ``shortfall`` is the mean of max(0, target - outcome).
    """

    target: Target
    p: float
    p_low: float
    p_high: float
    median: float
    q05: float
    q95: float
    shortfall: float

    @property
    def verdict(self) -> str:
        """Word of :data:`VERDICTS` for the probability."""
        return verdict(self.p)


class MeasureYear(TypedDict):
    """A measure in a calendar year: mean and 5, 50, 95% quantiles over the replicates."""

    measure: str
    year: int
    mean: MaybeNan
    q05: MaybeNan
    median: MaybeNan
    q95: MaybeNan


class Results(Answer):
    """The record of one scenario.

    Attributes
    ----------
    setup : Setup
        Pack, replicates, seed, horizon: what all variants of the run share.
    variant : Variant
        Scenario, and how it continues from the branch.
    outcomes : dict of str to ndarray, shape (replicates, years)
        Every measure of :data:`xuchang_sim.simulation.measures.REGISTRY` and of the plan's targets.
    first : dict of str to ndarray of int, shape (replicates,)
        Month (from 0) in which a headline level is first reached, -1 if never.
    city : ndarray, shape (replicates, months, measures), or None
        Recorded columns summed over zones (None if only targets were kept).
    zone_years : ndarray, shape (replicates, years, measures, zones), or None
        Yearly sums of flows, December of stocks.
    held : ndarray, shape (replicates, months, len(HELD), zones), or None
        Columns that say what bound, by zone and month.
    sectors : ndarray, shape (replicates, years, zones, sectors), or None
        Sales, 亿元.
    summary : ndarray, shape (replicates, len(SUMMARY))
        Scalars of the conditioning.
    failed : ndarray of int, shape (replicates, 2)
        Error code and month of failed replicates, else zero.
    seconds : float
        Wall time in the engine, shared by all variants of the run.

    Examples
    --------
    >>> from xuchang_sim import simulate
    >>> results = simulate("plan", replicates=2)
    >>> results.outcome("fai").shape
    (2,)
    >>> [row.target.id for row in results.targets()][:2]
    ['projects_1e8', 'fai']
    """

    KEYS = (
        *("scenario", "replicates", "followed", "failed", "seed", "through", "parameters"),
        *("measures", "manifest"),
    )
    ALIASES = MappingProxyType(
        {"failed": "failures", "parameters": "drawn", "followed": "extended"}
    )

    def __init__(
        self,
        setup: Setup,
        variant: Variant,
        parameters: Mapping[str, Array],
        *,
        full: bool,
        keep: Collection[str] | None = None,
        bounds: bool = False,
    ) -> None:
        self.setup, self.variant = setup, variant
        n, years = self.replicates, len(setup.years)
        self.keep = keep
        self.parameters = parameters
        self.seconds = math.nan
        self.outcomes: dict[str, Array] = {}
        self.first: dict[str, npt.NDArray[np.int64]] = {}
        self.summary = np.full((n, len(SUMMARY)), np.nan)
        self.failed = np.zeros((n, 2), np.int64)
        zones, sectors = len(setup.pack.region.zones), len(setup.pack.region.sectors)
        span = len(setup.months)
        self.city: Array | None = None
        self.zone_years: Array | None = None
        self.sectors: Array | None = None
        self.held: Array | None = None
        if full:
            # Every row is taken in, failed ones as NaN, before anyone reads.
            self.city = np.empty((n, span, len(MEASURES)))
            self.zone_years = np.empty((n, years, len(MEASURES), zones))
            self.sectors = np.empty((n, years, zones, sectors))
        if full or bounds:
            self.held = np.empty((n, span, len(HELD), zones))

    def take(
        self, first: int, record: RunRecord, detail: Array, failed: npt.NDArray[np.int64]
    ) -> None:
        """Take in a finished chunk of replicates, from number ``first`` on.

        ``detail`` holds the months of :data:`HELD` by zone, or no column.
        """
        rows = slice(first, first + len(record.months))
        for name, values in _outcomes(record, self.keep).items():
            if name not in self.outcomes:
                self.outcomes[name] = np.full((self.replicates, record.years), np.nan)
            self.outcomes[name][rows] = values
        for name, level in self.levels().items():
            if name not in self.first:
                self.first[name] = np.full(self.replicates, -1, np.int64)
            self.first[name][rows] = first_month(record, name, level)
        self.summary[rows] = record.summary
        self.failed[rows] = failed
        if self.held is not None:
            self.held[rows] = detail
        if self.city is None or self.zone_years is None or self.sectors is None:
            return
        self.city[rows] = record.months
        self.zone_years[rows] = record.annual
        self.sectors[rows] = record.sectors[:, : record.years]

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.variant.scenario.name

    @property
    def replicates(self) -> int:
        """Simulated futures."""
        return self.variant.most or self.setup.replicates

    @property
    def extended(self) -> int:
        """Replicates, the first ones, that ran to the last month."""
        return min(self.setup.extended or self.setup.replicates, self.replicates)

    @property
    def failures(self) -> int:
        """Replicates that failed."""
        return int((~self.good).sum())

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.setup.seed

    @property
    def through(self) -> str:
        """Last month, YYYY-MM."""
        return month_label(self.setup.through)

    @property
    def drawn(self) -> str:
        """Where parameters come from: posterior, sampled or central."""
        return self.setup.draws

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [self.variant.scenario])

    @property
    def measures(self) -> list[MeasureYear]:
        """Every measure by calendar year."""
        keys = ("mean", "q05", "median", "q95")
        return [
            cast(
                "MeasureYear", {"measure": name, "year": year, **dict(zip(keys, row, strict=True))}
            )
            for name, years in self.annual().items()
            for year, row in years.items()
        ]

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """Which replicates ran through."""
        return np.asarray(self.failed[:, 0] == 0)

    def levels(self) -> dict[str, float]:
        """Headline levels whose month of attainment is kept, with their values."""
        targets = city_targets(self.setup.pack)
        wanted = ATTAINABLE if self.keep is None else self.keep
        named = [name for name in ATTAINABLE if name in targets and name in wanted]
        return {name: targets[name].value for name in named}

    def outcome(self, name: str, year: int | None = None) -> Array:
        """One measure of one year over the replicates that ran: shape (good replicates,).

        Parameters
        ----------
        name : str
            Id of a measure or of a target.
        year : int, optional
            Calendar year; by default the plan's.

        Raises
        ------
        KeyError
            If the measure or the year is not on record.
        """
        wanted = self.setup.pack.plan_year if year is None else year
        if name not in self.outcomes or wanted not in self.setup.years:
            raise KeyError((name, wanted))
        values: Array = self.outcomes[name][self.good, self.setup.years.index(wanted)]
        return values

    def targets(self) -> list[TargetResult]:
        """Return every target that is modelled with its probability, range and shortfall."""
        return [rate(target, self.outcome(target.id)) for target in modelled(self.setup.pack)]

    def not_modelled(self) -> dict[str, Reason]:
        """Return why each other target of the plan is not modelled, by its id."""
        return unmodelled(self.setup.pack)

    def joint(self, ids: Sequence[str]) -> tuple[float, float, float]:
        """Probability that several targets are met together, with its Wilson interval.

        Raises
        ------
        ValueError
            If no target is named: the probability of nothing is no answer.
        """
        if not ids:
            message = phrase("run.no_target")
            raise ValueError(message)
        together = np.ones(int(self.good.sum()), dtype=bool)
        for name in ids:
            target = self.setup.pack.plan.target(name)
            together &= meets(self.outcome(name), target)
        p = float(together.mean()) if len(together) else math.nan
        return p, *wilson(float(together.sum()), len(together))

    def attainment(self, name: str) -> tuple[tuple[str, ...], Array]:
        """Distribution of the first month in which a headline level is reached.

        Where only some replicates ran beyond the plan's year, all of them say whether the level was
        reached within that year, and of those that did not, the ones that ran on say when they
        reached it: each stands for what ended the year as near to the level
        (:func:`stand_for`).

        Returns
        -------
        months : tuple of str
            From January of the plan year to the horizon.
        p_by : ndarray, shape (months,)
            Probability that the level was reached by the end of the month.
        """
        start = 12 * (self.setup.pack.plan_year - self.setup.pack.base_year)
        months = self.setup.months[start:]
        first = self.first[name]
        rows = start + np.arange(len(months))
        reached = (first[:, None] >= 0) & (first[:, None] <= rows[None, :])
        p_by = reached[self.good].mean(axis=0)
        if self.extended < self.replicates:
            late = self.good & ~reached[:, 11]
            ran_on = late & (np.arange(len(first)) < self.extended)
            year = self.setup.years.index(self.setup.pack.plan_year)
            ends = self.outcomes[name][:, year]
            weight = stand_for(ends[ran_on], ends[late]) / self.good.sum()
            p_by[12:] = p_by[11] + (weight[:, None] * reached[ran_on, 12:]).sum(axis=0)
        return months, p_by

    def annual(self) -> dict[str, dict[int, tuple[float, ...]]]:
        """Mean and 5, 50, 95% quantiles of every measure by year."""
        out: dict[str, dict[int, tuple[float, ...]]] = {}
        for name, values in self.outcomes.items():
            rows = values[self.good]
            out[name] = {
                year: (float(rows[:, y].mean()), *np.quantile(rows[:, y], QUANTILES).tolist())
                for y, year in enumerate(self.setup.years)
            }
        return out

    def why(self) -> Why:
        """Return what bound, by zone and month, as means over replicates.

        Raises
        ------
        ValueError
            If the run kept targets only.
        """
        held = kept_months(self.held)
        # A copy of all that is held would cost more than the means.
        held = held if self.good.all() else held[self.good]
        return Why.of(self.setup, held.mean(axis=0))

    def to_frame(self, topic: str = "outcomes") -> pd.DataFrame:
        """Return the record as a data frame, one column a variable, units in ``attrs["units"]``.

        Parameters
        ----------
        topic : {"outcomes", "city", "zones", "held", "draws"}
            ``outcomes``: one row a replicate and year, a column a measure; ``city``: one row a
            replicate and month, a column a recorded column; ``zones`` and ``held`` the same by
            zone, by year and by month; ``draws``: one row a replicate, its parameters.

        Raises
        ------
        ValueError
            If the topic is unknown, or the run kept targets only.
        """
        return frame(self, topic)

    def to_xarray(self, topic: str = "outcomes") -> xr.Dataset:
        """Return the record as arrays with named dimensions; every variable says its unit.

        Parameters
        ----------
        topic : {"outcomes", "city", "zones", "held", "draws"}
            Dimensions as :data:`xuchang_sim.simulation.arrays.TOPICS`: ``city`` has (scenario,
            replicate, month). Replicates that failed are NaN, and ``failed`` says which.

        Raises
        ------
        ValueError
            If the topic is unknown, or the run kept targets only.
        ImportError
            If xarray (extra ``xarray``) is not installed.
        """
        return dataset(self, topic)

    def __repr__(self) -> str:
        """Return scenario, size and the headline probabilities."""
        heads = ", ".join(
            f"P({row.target.id}) = {row.p:.2f}" for row in self.targets() if row.target.headline
        )
        return f"<Results {self.scenario}: {self.replicates} replicates, seed {self.seed}; {heads}>"

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        return html_table(
            self.variant.scenario.name,
            ("target", "value", "P", "median (5–95%)"),
            (
                (
                    f"{r.target.label_zh} · {r.target.label_en}",
                    with_unit(r.target.value, r.target.unit),
                    f"{r.p:.2f}",
                    "{} ({} – {})".format(
                        *(short(x, r.target.unit) for x in (r.median, r.q05, r.q95))
                    ),
                )
                for r in self.targets()
                if r.target.headline
            ),
        )


def together(results: Sequence[Results]) -> npt.NDArray[np.bool_]:
    """Tell which replicates ran through in all of some results, as far as the shortest goes.

    Raises
    ------
    InputError
        If none did: of nothing there is no answer.
    """
    count = min(len(r.good) for r in results)
    good: npt.NDArray[np.bool_] = np.logical_and.reduce([r.good[:count] for r in results])
    if good.any():
        return good
    code, month = next(r.failed[~r.good][0].tolist() for r in results if not r.good.all())
    message = phrase("run.none", count=count, code=code // CODES, month_label=month_label(month))
    raise InputError([results[0].setup.pack.problem("pack.yaml", ["base"], message)])


def short(value: float, unit: str) -> str:
    """Write a number in the fewest digits that say it: fractions as percentages, no exponent."""
    if unit == "比例":
        return f"{value:.0%}"
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.3g}"


def with_unit(value: float, unit: str) -> str:
    """Write a number with its unit, which a percentage has already."""
    return short(value, unit) if unit == "比例" else f"{short(value, unit)} {unit}"


def stand_for(some: Array, everyone: Array) -> Array:
    """Post-stratification weights: how many replicates each extended replicate represents.

    Strata (Cochran 1977, section 5A.9) hold equally many of the extended replicates, and at least
    :data:`STRATUM`, so that no weight rests on a few. Each ends with an extended replicate, so that
    none is empty.

    Parameters
    ----------
    some, everyone : ndarray, shape (some,), (everyone,)
        The known value; some are among everyone.

    Returns
    -------
    ndarray, shape (some,)
        Weights; they sum to the number of everyone, if there are some.
    """
    if not len(some):
        return np.empty(0)
    strata = max(1, len(some) // STRATUM)
    ends = np.quantile(some, np.arange(1, strata) / strata, method="inverted_cdf")
    edges = ends[ends < some.max()]
    here, there = np.searchsorted(edges, some), np.searchsorted(edges, everyone)
    mine, all_of_them = (np.bincount(rows, minlength=strata) for rows in (here, there))
    weights: Array = all_of_them[here] / mine[here]
    return weights


def rate(target: Target, values: Array) -> TargetResult:
    """Rate one target from its simulated outcomes, shape (replicates,).

    Replicates in which it is not defined, such as a growth over nothing, do not count.
    """
    values = values[np.isfinite(values)]
    n = len(values)
    if n == 0:
        return TargetResult(target, math.nan, 0.0, 1.0, *(4 * (math.nan,)))
    met = meets(values, target)
    low, high = wilson(float(met.sum()), n)
    q05, median, q95 = np.quantile(values, QUANTILES).tolist()
    side = -1.0 if target.direction in {"at_most", "below"} else 1.0
    short = float(np.maximum(0.0, side * (target.value - values)).mean())
    return TargetResult(target, float(met.mean()), low, high, median, q05, q95, short)


def _outcomes(record: RunRecord, keep: Collection[str] | None) -> dict[str, Array]:
    """Every measure that is kept, and every such target under its own id."""
    values = {
        name: f(record)
        for name, f in REGISTRY.items()
        if (keep is None or name in keep) and lacking(record.pack, name) is None
    }
    for target in modelled(record.pack):
        if target.id not in values and (keep is None or target.id in keep):
            values[target.id] = evaluate(record, target)
    return values
