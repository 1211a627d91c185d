"""Where the uncertainty of an answer is: parameters against chance, and which parameters.

All numbers come from paired runs on common random numbers, under one scenario, for the growth of
revenue and of investment in the plan year.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from xuchang_sim.deferred import deferred
from xuchang_sim.simulation.draws import demand_paths, draw_parameters
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.simulation.targets import growth_asked
from xuchang_sim.simulation.worlds import run_given

with deferred():
    from scipy import stats

from xuchang_sim.answers.records import OfRuns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

Array = npt.NDArray[np.float64]

#: Outcomes whose uncertainty is asked about: growth in the plan year, fractions.
OUTCOMES = ("revenue_growth", "fai_growth")
DRAWS, SEEDS = 256, 16  # parameter draws, and worlds of each
SCREENED, POINTS = 64, 1024  # worlds of the screening, of the indices
FACTORS = 12  # parameters that get indices
CURVE, STEPS = 400, 7  # worlds and points of an answer as a function of one number
CHANCE = "chance"
#: Values along a curve: the range of a parameter or of a lever.
CURVES = ("realised_yield", "opening_land_months", "approval_cut", "growth_dispersion")
#: Mechanisms that the design calls decoration: parameters set to zero, levers absent.
DECORATION_PARAMETERS = {
    "agglomeration_elasticity": 0.0,
    "trained_premium": 0.0,
    "service_centre_attraction": 0.0,
    "rd_gain": 0.0,
}
DECORATION_LEVERS = ("effort", "site_attraction", "villages", "rd_support", "service_support")


class Share(NamedTuple):
    """Shares of the variance of an outcome, which sum to one.

    ``parameters`` is that of the conditional mean over worlds of one parameter draw; of the rest,
    ``demand`` is what goes with the nation's demand of the year, ``chance`` what remains.
    """

    mean: float
    sd: float
    parameters: float
    demand: float
    chance: float


class Index(NamedTuple):
    """First-order and total share of an outcome's variance that a factor decides."""

    first: float
    total: float


class Screened(TypedDict):
    """Root mean square effect of drawing a parameter anew."""

    id: str
    effect: float


@dataclass(frozen=True, eq=False)
class Uncertainty(OfRuns):
    """Where the uncertainty is.

    Attributes
    ----------
    shares : dict of str to Share
        By outcome.
    screened : dict of str to list of (str, float)
        By outcome: all parameters by the root mean square effect of drawing them anew.
    indices : dict of str to dict of str to Index
        By outcome and factor; ``chance`` is all that is not a parameter.
    curves : dict of str to list of dict
        By parameter or lever: its value, mean and sd of each outcome, probability of its target.
    decoration : dict of str to dict
        By part, and all together: relative change of revenue and investment without it.
    """

    setup: Setup
    scenario: ResolvedScenario
    shares: dict[str, Share]
    screened: dict[str, list[tuple[str, float]]]
    indices: dict[str, dict[str, Index]]
    curves: dict[str, list[dict[str, float]]]
    decoration: dict[str, dict[str, float]]

    KEYS = (
        *("scenario", "parameters", "shares", "screened", "indices", "curves", "decoration"),
        "manifest",
    )
    ALIASES = MappingProxyType({"scenario": "name", "screened": "screened_rows"})

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    @property
    def screened_rows(self) -> dict[str, list[Screened]]:
        """All parameters by their effect, the largest first, by outcome."""
        return {
            name: [{"id": key, "effect": effect} for key, effect in rows]
            for name, rows in self.screened.items()
        }

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [self.scenario])


def uncertainty(study: Settings, scenario: ScenarioLike = "plan") -> Uncertainty:
    """Say where the uncertainty of revenue and investment is; a few minutes.

    Parameters
    ----------
    study : Settings
        Its number of replicates is not used; progress is called with (parts done, parts in all).
    scenario : str, Path or ResolvedScenario
    """
    loaded, chosen, progress = study.pack, study.scenario(scenario), study.progress
    setup = study.setup(replicates=POINTS, through=12 * loaded.plan_year + 11)
    done = 0

    def update() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, 5)

    shares = variance_shares(setup, chosen)
    update()
    screened = screen(setup, chosen)
    update()
    best = dict.fromkeys(name for rows in screened.values() for name, _ in rows[:FACTORS])
    result = indices(setup, chosen, tuple(best))
    update()
    curves = {name: curve(setup, chosen, name) for name in CURVES if _known(loaded, name)}
    update()
    ornaments = decoration(setup, chosen)
    update()
    return Uncertainty(setup, chosen, shares, screened, result, curves, ornaments)


def _known(pack: Pack, name: str) -> bool:
    return name in pack.levers or name in pack.parameters


def _run(setup: Setup, scenario: ResolvedScenario, values: Mapping[str, Any]) -> dict[str, Array]:
    """Outcomes of the plan year: shape (replicates,); NaN for failed ones."""
    result = run_given(setup, scenario, {**values, **scenario.parameters}, OUTCOMES)
    year = result.setup.years.index(setup.pack.plan_year)
    return {name: result.outcomes[name][:, year] for name in OUTCOMES}


# ------------------------------------------------------------------------- parameters and chance


def variance_shares(
    setup: Setup, scenario: ResolvedScenario, draws: int = DRAWS, seeds: int = SEEDS
) -> dict[str, Share]:
    """Split the variance of each outcome by a nested design (law of total variance).

    Every parameter draw runs in a fixed number of worlds of its own. The variance of the draws'
    means, less what chance adds to it, is that of parameters; inside a draw, a regression on the
    year's demand tells the nation's demand from all other chance.
    """
    first = replace(setup, replicates=draws)
    values = {name: np.repeat(v, seeds) for name, v in draw_parameters(first).items()}
    nested = replace(setup, replicates=draws * seeds)
    outcomes = _run(nested, scenario, values)
    demand = _demand(nested, scenario, values).reshape(draws, seeds)
    shares = {}
    for name, flat in outcomes.items():
        y = flat.reshape(draws, seeds)
        good = np.isfinite(y).all(axis=1)
        y, x = y[good], demand[good]
        within = y.var(axis=1, ddof=1).mean()
        between = max(0.0, y.mean(axis=1).var(ddof=1) - within / seeds)
        own_y, own_x = y - y.mean(axis=1, keepdims=True), x - x.mean(axis=1, keepdims=True)
        explained = float((own_x * own_y).sum() ** 2 / (own_x**2).sum() / (own_y**2).sum())
        whole = between + within
        shares[name] = Share(
            float(y.mean()),
            float(np.sqrt(whole)),
            float(between / whole),
            float(within / whole) * explained,
            float(within / whole) * (1.0 - explained),
        )
    return shares


def _demand(setup: Setup, scenario: ResolvedScenario, values: Mapping[str, Any]) -> Array:
    """Mean growth of value added and producer prices in the plan year, shape (replicates,)."""
    paths = demand_paths(setup, scenario, values["forecast_sd"])
    first = paths.months.index(f"{setup.pack.plan_year}-01")
    both = paths.value_added_yoy + paths.ppi_yoy
    return np.asarray(both[:, first : first + 12].mean(axis=1))


# ------------------------------------------------------------------------------ which parameters


def free(setup: Setup, scenario: ResolvedScenario) -> list[str]:
    """Names of the parameters that vary between draws."""
    two = draw_parameters(replace(setup, replicates=64))
    return [name for name, v in two.items() if np.ptp(v) > 0.0 and name not in scenario.parameters]


def screen(
    setup: Setup, scenario: ResolvedScenario, points: int = SCREENED
) -> dict[str, list[tuple[str, float]]]:
    """Rank all parameters by what drawing one of them anew does, all else and all chance equal.

    The design is radial: a Morris screening whose steps are whole draws, so that the mean square
    of an effect is, too, twice Jansen's estimate of the variance that the parameter decides.
    """
    one = replace(setup, replicates=points)
    other = replace(one, first=setup.first + points)
    base, fresh = draw_parameters(one), draw_parameters(other)
    start = _run(one, scenario, base)
    rows: dict[str, list[tuple[str, float]]] = {name: [] for name in OUTCOMES}
    for name in free(setup, scenario):
        moved = _run(one, scenario, {**base, name: fresh[name]})
        for outcome in OUTCOMES:
            effect = moved[outcome] - start[outcome]
            rows[outcome].append((name, float(np.sqrt(np.nanmean(effect**2)))))
    return {outcome: sorted(result, key=lambda row: -row[1]) for outcome, result in rows.items()}


def indices(
    setup: Setup, scenario: ResolvedScenario, names: Sequence[str], points: int = POINTS
) -> dict[str, dict[str, Index]]:
    """Sobol indices of some parameters and of chance, all others varying, too.

    Chance is a factor like the others: the worlds' numbers. Parameters are taken as independent:
    drawing one of them anew breaks its tie to the others in the posterior. ``points`` is a power
    of two.
    """
    one = replace(setup, replicates=points)
    other = replace(one, first=setup.first + points)
    a, b = draw_parameters(one), draw_parameters(other)
    runs = [_run(one, scenario, a), _run(other, scenario, b)]
    runs += [_run(one, scenario, {**a, name: b[name]}) for name in names]
    runs.append(_run(other, scenario, a))
    table = np.array([[run_[outcome] for outcome in OUTCOMES] for run_ in runs])
    # A world that failed somewhere counts as the mean everywhere: it adds no variance.
    bad = ~np.isfinite(table).all(axis=(0, 1))
    table -= np.nanmean(table[0], axis=1)[None, :, None]
    table[:, :, bad] = 0.0
    result = stats.sobol_indices(
        func={"f_A": table[0], "f_B": table[1], "f_AB": table[2:]}, n=points
    )
    return {
        outcome: {
            key: Index(float(result.first_order[s, k]), float(result.total_order[s, k]))
            for k, key in enumerate((*names, CHANCE))
        }
        for s, outcome in enumerate(OUTCOMES)
    }


# ----------------------------------------------------------------------------- one number at a time


def curve(
    setup: Setup, scenario: ResolvedScenario, name: str, replicates: int = CURVE
) -> list[dict[str, float]]:
    """Tell the answer as a function of one parameter or lever, over its range, all else drawn."""
    pack = setup.pack
    lever = name in pack.levers
    low, high = (
        (pack.levers[name].minimum, pack.levers[name].maximum)
        if lever
        else (pack.parameters[name].low, pack.parameters[name].high)
    )
    one = replace(setup, replicates=replicates)
    asked = {outcome: growth_asked(pack, outcome) for outcome in OUTCOMES}
    rows = []
    first: dict[str, Array] = {}
    for value in np.linspace(low, high, STEPS):
        levels = {**scenario.levels, name: float(value)} if lever else scenario.levels
        result = _run(one, replace(scenario, levels=levels), {} if lever else {name: float(value)})
        first = first or result
        row = {"value": float(value)}
        for outcome, y in result.items():
            good = np.isfinite(y) & np.isfinite(first[outcome])
            gap = y[good] - first[outcome][good]
            row |= {
                outcome: float(y[good].mean()),
                f"{outcome}_sd": float(y[good].std()),
            }
            if (target := asked[outcome]) is not None:  # else the plan sets no goal for it
                row[f"{outcome}_p"] = float((y[good] >= target - 1e-9).mean())
            row |= {
                f"{outcome}_moved": float(gap.mean()),
                f"{outcome}_moved_se": float(gap.std(ddof=1) / np.sqrt(len(gap))),
            }
        rows.append(row)
    return rows


def decoration(
    setup: Setup, scenario: ResolvedScenario, replicates: int = CURVE
) -> dict[str, dict[str, float]]:
    """Relative change of revenue and investment without what the design calls decoration."""
    pack = setup.pack
    parts: dict[str, tuple[dict[str, float], dict[str, float]]] = {
        name: ({name: value}, {})
        for name, value in DECORATION_PARAMETERS.items()
        if name in pack.parameters
    }
    parts |= {
        name: ({}, {name: pack.levers[name].absent})
        for name in DECORATION_LEVERS
        if name in pack.levers
    }
    everything: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for parameters, levels in parts.values():
        everything[0].update(parameters)
        everything[1].update(levels)
    parts["all"] = everything
    one = replace(setup, replicates=replicates, through=12 * pack.plan_year + 23)
    years = {"": pack.plan_year, "_next": pack.plan_year + 1}
    base = run(one, [Variant(scenario)], full=False, keep=("revenue", "fai"))[0]
    numbers = {}
    for name, (parameters, levels) in parts.items():
        changed = replace(
            scenario,
            parameters={**scenario.parameters, **parameters},
            levels={**scenario.levels, **levels},
        )
        without = run(one, [Variant(changed)], full=False, keep=("revenue", "fai"))[0]
        both = base.good & without.good
        row = {}
        for suffix, year in years.items():
            y = base.setup.years.index(year)
            for outcome in ("revenue", "fai"):
                before, after = base.outcomes[outcome][both, y], without.outcomes[outcome][both, y]
                row[f"{outcome}{suffix}"] = float(after.mean() / before.mean() - 1.0)
        numbers[name] = row
    return numbers
