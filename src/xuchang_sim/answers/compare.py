"""Comparison of two scenarios replicate by replicate: how much, how sure, when, and what was moved."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

import numpy as np

from xuchang_sim import definitions
from xuchang_sim.answer import MaybeNan
from xuchang_sim.answers.forward import Forward, ForwardRecord, forward
from xuchang_sim.answers.paired import (
    MOVED,
    PREDETERMINED,
    Moved,
    Predetermined,
    compare_years,
    predetermined_by_year,
)
from xuchang_sim.answers.rated import not_modelled_row
from xuchang_sim.answers.records import NotModelled, OfRuns
from xuchang_sim.deferred import deferred
from xuchang_sim.simulation.draws import same_outlook
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.measures import REGISTRY
from xuchang_sim.simulation.results import together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.settings import listed
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import lacking, meets, modelled, unmodelled
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean

with deferred():
    from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

    Array = npt.NDArray[np.float64]

#: Measures compared by default.
MEASURES = (
    *(
        "revenue",
        "revenue_growth",
        "revenue_real",
        "revenue_real_growth",
        "fai",
        "fai_growth",
        "profit_tax",
        "workers",
    ),
    *("starts_1e8", "run_rate", "land_used"),
)
FINE = 0.1  # default half-width of an interval, as a share of the difference


class Paired(NamedTuple):
    """Mean of a paired difference with its 95% interval (Student's t), and what pairing is worth.

    ``variance_reduction`` is the variance of the difference of independent runs over that of the
    paired one; ``replicates_needed`` gives the requested half-width.
    """

    a: float
    b: float
    difference: float
    se: float
    low: float
    high: float
    variance_reduction: float
    half_width: float
    replicates_needed: float


def paired(a: Array, b: Array, half_width: float | None = None) -> Paired:
    """Compare two outcomes of the same replicates: b less a.

    Parameters
    ----------
    a, b : ndarray, shape (replicates,)
        Outcomes on common random numbers.
    half_width : float, optional
        Requested half-width of the 95% interval; by default a tenth of the difference.

    Returns
    -------
    Paired
        NaN where fewer than two replicates say nothing.
    """
    gap = b - a
    n = len(gap)
    if n < 2:
        nan = math.nan
        one, two = (float(x[0]) if n else nan for x in (a, b))
        return Paired(one, two, two - one, nan, nan, nan, nan, nan, nan)
    mean, spread = float(gap.mean()), float(gap.std(ddof=1))
    se = spread / math.sqrt(n)
    reach = float(special.stdtrit(n - 1, 0.975)) * se
    requested = FINE * abs(mean) if half_width is None else half_width
    apart = float(a.var(ddof=1) + b.var(ddof=1))
    reduction = apart / spread**2 if spread > 0 else math.nan
    if spread == 0:
        needed = 1.0
    else:
        needed = (
            math.ceil((1.959963984540054 * spread / requested) ** 2) if requested > 0 else math.nan
        )
    return Paired(
        float(a.mean()),
        float(b.mean()),
        mean,
        se,
        mean - reach,
        mean + reach,
        reduction,
        requested,
        float(max(needed, 1.0)) if needed == needed else math.nan,  # noqa: PLR0124
    )


def _unit(measure: str) -> str:
    return definitions.measures()[measure].unit


class Shift(NamedTuple):
    """How much earlier or later a level is reached, months, over replicates that reach it in both.

    ``only_a`` and ``only_b`` are the shares of replicates that reach it in one scenario alone
    before the horizon, ``neither`` in none.
    """

    months: MaybeNan
    low: MaybeNan
    high: MaybeNan
    q05: MaybeNan
    median: MaybeNan
    q95: MaybeNan
    both: MaybeNan
    only_a: MaybeNan
    only_b: MaybeNan
    neither: MaybeNan


def shift(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> Shift:
    """Pair the months of attainment of two scenarios; negative: earlier in b.

    Parameters
    ----------
    a, b : ndarray, shape (replicates,)
        First month, -1 if it is not reached by the horizon.
    """
    in_a, in_b = a >= 0, b >= 0
    both = in_a & in_b
    shares = [both, in_a & ~in_b, in_b & ~in_a, ~in_a & ~in_b]
    parts = [float(x.mean()) if len(a) else math.nan for x in shares]
    if not both.any():
        return Shift(*(6 * (math.nan,)), *parts)
    difference = paired(a[both].astype(float), b[both].astype(float))
    q05, median, q95 = np.quantile(b[both] - a[both], [0.05, 0.5, 0.95]).tolist()
    return Shift(difference.difference, difference.low, difference.high, q05, median, q95, *parts)


class PairedRecord(TypedDict):
    """Mean of a paired difference with its 95% interval; see :class:`Paired`."""

    a: MaybeNan
    b: MaybeNan
    difference: MaybeNan
    se: MaybeNan
    low: MaybeNan
    high: MaybeNan
    variance_reduction: MaybeNan
    half_width: MaybeNan
    replicates_needed: MaybeNan


class MeasureRecord(PairedRecord):
    """A measure in a calendar year."""

    measure: str
    year: int
    unit: str


class TargetName(TypedDict):
    """A target of the plan."""

    id: str
    label_zh: str
    label_en: str


class TargetRecord(TargetName, PairedRecord):
    """The probability of a target."""


class OpenTargetRecord(TargetName, NotModelled):
    """A target that the model does not measure, with the reason."""


@dataclass(frozen=True, eq=False)
class Comparison(OfRuns):
    """Two scenarios on the same replicates; every difference is b less a.

    Attributes
    ----------
    a, b : Results
    measures : dict of str to dict of int to Paired
        By measure and calendar year.
    targets : dict of str to Paired
        Probability of every target of the plan.
    attainment : dict of str to Shift
        By headline level.
    moved : dict of str to Moved
        The gain of the plan's year and of the next.
    forward : Forward or None
        Starts and money of the plan's year by what the same projects do in the other scenario; None
        if the scenarios differ in more than levers.
    predetermined : dict of str to dict of int to Predetermined
        Part of scenario a that was predetermined on the eve of the plan, by outcome and year.
    """

    a: Results
    b: Results
    measures: dict[str, dict[int, Paired]]
    targets: dict[str, Paired]
    attainment: dict[str, Shift]
    moved: dict[str, Moved]
    predetermined: dict[str, dict[int, Predetermined]]
    setup: Setup
    forward: Forward | None = None

    KEYS = (
        *("a", "b", "replicates", "failed", "seed", "through", "base_year", "measures", "targets"),
        *("attainment", "moved", "forward", "settled", "manifest"),
    )
    OPTIONAL = frozenset({"forward"})
    ALIASES = MappingProxyType(
        {
            "a": "name_a",
            "b": "name_b",
            "measures": "measure_rows",
            "targets": "target_rows",
            "forward": "forward_record",
            "settled": "predetermined",
        }
    )
    ROWS = "targets"
    COLUMNS = ("label_zh", "label_en", "a", "b", "difference", "low", "high")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.name_b} − {self.name_a}: probabilities, {self.replicates} replicates"

    @property
    def name_a(self) -> str:
        """Name of the first scenario."""
        return self.a.variant.scenario.name

    @property
    def name_b(self) -> str:
        """Name of the second scenario; every difference is b less a."""
        return self.b.variant.scenario.name

    @property
    def replicates(self) -> int:
        """Simulated futures of each."""
        return self.setup.replicates

    @property
    def failed(self) -> int:
        """Replicates that failed in either."""
        return int((~(self.a.good & self.b.good)).sum())

    @property
    def base_year(self) -> int:
        """Year over which growth is counted."""
        return self.setup.pack.base_year

    @property
    def measure_rows(self) -> list[MeasureRecord]:
        """Paired differences of every measure, by calendar year."""
        return [
            cast(
                "MeasureRecord",
                {"measure": name, "year": year, **shift._asdict(), "unit": _unit(name)},
            )
            for name, years in self.measures.items()
            for year, shift in years.items()
        ]

    @property
    def target_rows(self) -> list[TargetRecord | OpenTargetRecord]:
        """Paired differences of the probability of every target."""
        said: dict[str, Mapping[str, object]] = {k: v._asdict() for k, v in self.targets.items()}
        reasons = unmodelled(self.setup.pack)
        said |= {name: not_modelled_row(reason) for name, reason in reasons.items()}
        plan = self.setup.pack.plan
        rows = [
            {
                "id": name,
                "label_zh": plan.target(name).label_zh,
                "label_en": plan.target(name).label_en,
                **shift,
            }
            for name, shift in said.items()
        ]
        return cast("list[TargetRecord | OpenTargetRecord]", rows)

    @property
    def forward_record(self) -> ForwardRecord | None:
        """Starts and money by class; left out if the scenarios differ in more than levers."""
        return self.forward.record() if self.forward else None

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [self.a.variant.scenario, self.b.variant.scenario])


def compare(
    study: Settings,
    a: ScenarioLike,
    b: ScenarioLike,
    *,
    measures: str | Sequence[str] | None = None,
    half_width: float | None = None,
) -> Comparison:
    """Compare two scenarios on common random numbers.

    Parameters
    ----------
    study : Settings
    a, b : str, Path or ResolvedScenario
        Every difference is b less a.
    measures : sequence of str, optional
        Measures compared, in every year from the plan's; by default :data:`MEASURES`.
    half_width : float, optional
        Requested half-width of the intervals, in the unit of each measure; by default a tenth of the
        difference.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If an input is wrong.

    Examples
    --------
    >>> from xuchang_sim import Study
    >>> comparison = compare(Study(replicates=4), "plan", "land_high")
    >>> comparison.name_a, comparison.name_b
    ('plan', 'land_high')
    """
    loaded, progress = study.pack, study.progress
    measures = MEASURES if measures is None else listed(measures)
    problems = [
        Problem(
            f"measures: {name}", "", 0, phrase("ask.no_measure", hint=did_you_mean(name, REGISTRY))
        )
        for name in measures
        if name not in REGISTRY
    ]
    problems += [
        Problem(f"measures: {name}", "", 0, phrase("ask.not_modelled", reason=reason))
        for name in measures
        if name in REGISTRY and (reason := lacking(loaded, name)) is not None
    ]
    if half_width is not None and not half_width > 0:
        problems.append(
            Problem("--half-width", "", 0, phrase("ask.half_width", half_width=half_width))
        )
    if problems:
        raise InputError(problems)
    one, two, setup = study.scenario(a), study.scenario(b), study.setup()
    eve = replace(setup, branch=setup.policy_month - 1)
    around = [Variant(one, redraw=1), Variant(one, shut=setup.policy_month)]
    if same_outlook(one, two):
        first, second, again, shut = run(
            eve, [Variant(one), Variant(two), *around], full=False, progress=progress
        )
    else:  # demand parts before the plan does, so that less can be shared
        first, second = run(setup, [Variant(one), Variant(two)], full=False, progress=progress)
        again, shut = run(eve, around, full=False)
    together([first, second, again, shut])
    both = first.good & second.good
    years = [year for year in first.setup.years if year >= loaded.plan_year]

    def pair(name: str, year: int) -> Paired:
        y = first.setup.years.index(year)
        return paired(first.outcomes[name][both, y], second.outcomes[name][both, y], half_width)

    year = first.setup.years.index(loaded.plan_year)
    targets = {}
    for target in modelled(loaded):
        met = [
            meets(r.outcomes[target.id][both, year], target).astype(float) for r in (first, second)
        ]
        targets[target.id] = paired(met[0], met[1])
    return Comparison(
        first,
        second,
        {name: {y: pair(name, y) for y in years} for name in measures},
        targets,
        {name: shift(first.first[name][both], second.first[name][both]) for name in first.first},
        {name: compare_years(second, first, name) for name in MOVED if name in first.outcomes},
        {name: predetermined_by_year(first, again, shut, name) for name in PREDETERMINED},
        setup,
        forward(setup, one, two) if alike(one, two) else None,
    )


def alike(one: ResolvedScenario, two: ResolvedScenario) -> bool:
    """Whether two scenarios differ in levers only, so that projects are the same in both."""
    return same_outlook(one, two) and one.parameters == two.parameters
