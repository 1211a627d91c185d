"""Calibration: parameter draws weighed by what was known of the region when the plan was published.

Approximate Bayesian computation with an explicit error of measurement (Wilkinson 2013): every draw
of a scrambled Sobol sequence over the priors runs one warm-up with its own chance, and is weighed by
the normal density of the moments' distance to what was observed. The base year's totals are exact
in every draw and weigh nothing.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from xuchang_sim import __version__
from xuchang_sim.answer import Probability, Share, Unit
from xuchang_sim.answers.factsfile import load_facts
from xuchang_sim.deferred import deferred
from xuchang_sim.model.digest import rules_digest
from xuchang_sim.model.engine import threads
from xuchang_sim.pack.posterior import Posterior
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.manifest import PackName
from xuchang_sim.simulation.setup import Setup
from xuchang_sim.simulation.worlds import FailedWorldError, Worlds
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

with deferred():
    from scipy import special, stats
    from scipy.stats import qmc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xuchang_sim.answers.factsfile import Moment
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.settings import Settings

Array = npt.NDArray[np.float64]

SIMULATIONS = 2**15
BLOCK = 2048
DRAWS = 2048  # equally likely draws that are kept
PREDICTED = 1024  # fresh worlds that check what the posterior predicts
TRUTHS = 256  # synthetic truths of the recovery test
LEAST_ESS = 400.0  # effective draws below which a calibration is refused
SIGNIFICANT = 4.0  # rank correlations beyond this many standard errors count
DIGITS = 7  # significant digits kept: what lies beyond differs between machines
MIDDLE = (0.1, 0.9)  # ends of the 80% interval


class Attempts(TypedDict):
    """Mean number of tries of a warm-up."""

    prior: float
    posterior: float


class Known(TypedDict):
    """Mean, standard deviation and 80% interval."""

    mean: float
    sd: float
    q10: float
    q90: float


class Predicted(TypedDict):
    """Mean and 80% interval of fresh worlds as they would be observed."""

    mean: float
    q10: float
    q90: float


class MomentRecord(TypedDict):
    """A moment: what was observed, under the priors, weighed, and predicted."""

    id: str
    label_zh: str
    label_en: str
    observed: float
    sd: float
    known: str
    weighs: bool
    prior: Known
    weighed: Known
    predicted: Predicted
    covered: bool
    pit: NotRequired[Probability]
    pit_prior: NotRequired[Probability]


class ParameterRecord(TypedDict):
    """A parameter about which the data say something, in ``unit``."""

    id: str
    label_zh: str
    label_en: str
    unit: str
    mark: str
    prior: Known
    posterior: Known
    share: Share
    narrowed: Share
    correlation: float


class Recovery(TypedDict):
    """Test with synthetic truths: their ranks must be uniform."""

    truths: int
    least_effective: float
    median_effective: float
    p: dict[str, Probability]
    least_p_holm: Probability
    coverage_80: Share


class CalibrationReport(TypedDict):
    """How a posterior was made and what it says."""

    belongs_to: str
    package: str
    rules: str
    pack: PackName
    seed: int
    simulations: int
    incompatible: int
    effective: Annotated[float, Unit("个", "effective draws")]
    attempts: Attempts
    moments: list[MomentRecord]
    parameters: list[ParameterRecord]
    silent: list[str]
    recovery: Recovery
    sha256: NotRequired[str]


@dataclass(frozen=True)
class Reference:
    """The table of simulations on which a calibration rests.

    Attributes
    ----------
    shares : ndarray, shape (simulations, parameters)
        Where each draw lies in its prior: probabilities, one column per free parameter.
    values : dict of str to ndarray, shape (simulations,)
        The draws themselves.
    moments : dict of str to ndarray, shape (simulations,)
        Moments of the warm-up; NaN where no pipeline fits the base year.
    """

    shares: Array
    values: dict[str, Array]
    moments: dict[str, Array]


def reference(
    pack: Pack,
    simulations: int = SIMULATIONS,
    seed: int = 2012,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Reference:
    """Run one warm-up for every draw of a scrambled Sobol sequence over the priors that it reads.

    Parameters
    ----------
    pack : Pack
        Priors, base year, history.
    simulations : int
        Number of draws; a power of two keeps the sequence balanced.
    seed : int
        Seed of the scrambling and of every world's chance.
    progress : callable, optional
        Called with (simulations done, simulations in all).
    """
    free = [
        name
        for name, parameter in pack.parameters.items()
        if parameter.acts == "warm_up"
        and parameter.prior.low < parameter.prior.high
        and parameter.prior.kind != "fixed"
    ]
    sequence = qmc.Sobol(len(free), scramble=True, rng=np.random.default_rng(seed))
    shares = np.clip(sequence.random(simulations), 1e-9, 1.0 - 1e-9)
    values = {
        name: np.asarray(pack.parameters[name].prior.quantile(shares[:, k]))
        for k, name in enumerate(free)
    }
    numbers: list[dict[str, float]] = []
    for first in range(0, simulations, BLOCK):
        count = min(BLOCK, simulations - first)
        rows = slice(first, first + count)
        block = {name: column[rows] for name, column in values.items()}
        numbers += warm_ups(pack, first, count, seed, block)
        if progress:
            progress(len(numbers), simulations)
    names = next(row for row in numbers if row)
    moments = {name: np.array([row.get(name, np.nan) for row in numbers]) for name in names}
    return Reference(shares, values, moments)


def warm_ups(
    pack: Pack, first: int, count: int, seed: int, values: Mapping[str, Array]
) -> list[dict[str, float]]:
    """Moments of worlds ``first`` to ``first + count - 1``, in order; empty where conditioning fails."""
    last = 12 * pack.plan_year + 11
    setup = Setup(pack, count, seed, last, first=first)
    worlds = Worlds(setup, load_scenario("no_plan", pack), values)

    def one(number: int) -> dict[str, float]:
        try:
            return worlds.warm_up(number)
        except FailedWorldError:
            return {}

    with ThreadPoolExecutor(threads(), thread_name_prefix="worlds") as pool:
        return list(pool.map(one, range(count)))


# ------------------------------------------------------------------------------------- inference


def weigh(simulated: Array, observed: Array, sd: Array) -> Array:
    """Weights of simulations, summing to one: normal density of the error of measurement.

    Parameters
    ----------
    simulated : ndarray, shape (simulations, moments)
        NaN rows weigh nothing.
    observed, sd : ndarray, shape (moments,)
        What is known, and how sure one is of it.
    """
    with np.errstate(invalid="ignore"):
        distance = 0.5 * (((simulated - observed) / sd) ** 2).sum(axis=1)
    distance = np.where(np.isnan(distance), np.inf, distance)
    weights = np.exp(np.nanmin(distance) - distance)
    return np.asarray(weights / weights.sum())


def effective(weights: Array) -> float:
    """Effective sample size of weights that sum to one."""
    return 1.0 / float((weights**2).sum())


def resample(weights: Array, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows drawn in proportion to their weights, systematically: one uniform for all."""
    at = (np.arange(count) + rng.random()) / count
    return np.searchsorted(np.cumsum(weights) / weights.sum(), at).astype(np.int64)


def informed(shares: Array, simulated: Array) -> Array:
    """Largest rank correlation of each parameter with any moment: shape (parameters,).

    A parameter that no moment depends on keeps its prior, whatever the data.
    """
    good = np.isfinite(simulated).all(axis=1)
    ranked = _ranks(shares[good])
    moments = _ranks(simulated[good])
    return np.asarray(np.abs(ranked.T @ moments / len(ranked)).max(axis=1))


def _ranks(table: Array) -> Array:
    """Ranks of each column, standardised; ties by their order."""
    ranks = table.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable").astype(float)
    return np.asarray((ranks - ranks.mean(axis=0)) / ranks.std(axis=0))


def recover(
    shares: Array, simulated: Array, sd: Array, truths: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Recovery test: where known truths lie in the posteriors found from their own moments.

    Each truth is a row of the table, observed with error; its posterior rests on all other rows.
    Were the inference wrong, the ranks would not be uniform (simulation-based calibration).

    Returns
    -------
    ranks : ndarray, shape (truths, parameters)
        Posterior probability below the truth.
    ess : ndarray, shape (truths,)
        Effective draws of each posterior.
    """
    good = np.flatnonzero(np.isfinite(simulated).all(axis=1))
    chosen = rng.choice(good, size=min(truths, len(good)), replace=False)
    ranks, ess = np.empty((len(chosen), shares.shape[1])), np.empty(len(chosen))
    for row, truth in enumerate(chosen):
        observed = simulated[truth] + rng.normal(0.0, sd)
        weights = weigh(simulated, observed, sd)
        weights[truth] = 0.0
        weights /= weights.sum()
        below = (shares < shares[truth]) + 0.5 * (shares == shares[truth])
        ranks[row], ess[row] = weights @ below, effective(weights)
    return ranks, ess


# ----------------------------------------------------------------------------------- calibration


def calibrate(study: Settings, simulations: int = SIMULATIONS) -> Posterior:
    """Find the posterior of a pack's parameters; the same seed gives the same bytes.

    Parameters
    ----------
    study : Settings
        Pack, seed and progress (worlds done, worlds in all); its replicates are not used.
    simulations : int
        Draws of the priors.

    Returns
    -------
    Posterior
        With its report: prior and posterior of every parameter and moment, effective sample size,
        recovery test. :func:`xuchang_sim.pack.posterior.save_posterior` writes it.

    Raises
    ------
    InputError
        If an argument or ``facts.yaml`` is wrong, or too few draws agree with the moments.
    """
    loaded, seed, progress = study.pack, study.seed, study.progress
    file = load_facts(loaded)
    weighed = [moment for moment in file.moments if moment.weigh]
    problems = []
    if simulations < LEAST_SIMULATIONS:
        text = phrase(
            "ask.simulations", simulations=simulations, least_simulations=LEAST_SIMULATIONS
        )
        problems.append(Problem("--simulations", "", 0, text))
    if not weighed:
        text = phrase("ask.no_moment")
        problems.append(Problem(str(loaded.folder / "facts.yaml"), "moments", 0, text))
    if problems:
        raise InputError(problems)
    whole = simulations + PREDICTED

    def update(done: int, _: int) -> None:
        if progress:
            progress(done, whole)

    table = reference(loaded, simulations, seed, progress=update)
    names = tuple(table.values)
    simulated = np.stack([table.moments[moment.measure] for moment in weighed], axis=1)
    observed = np.array([moment.observed for moment in weighed])
    sd = np.array([moment.sd for moment in weighed])
    weights = weigh(simulated, observed, sd)
    ess = effective(weights)
    if ess < LEAST_ESS:
        text = phrase("ask.effective", ess=ess, simulations=simulations, least_ess=LEAST_ESS)
        raise InputError([Problem(str(loaded.folder / "facts.yaml"), "moments", 0, text)])
    # Prediction of each figure from the others: a figure must not judge itself.
    left_out = {
        moment.id: weigh(*(np.delete(x, k, -1) for x in (simulated, observed, sd)))
        for k, moment in enumerate(weighed)
        if len(weighed) > 1
    }
    rng = np.random.default_rng([seed, 1])
    strength = informed(table.shares, simulated)
    good = np.isfinite(simulated).all(axis=1)
    kept = [int(k) for k in np.flatnonzero(strength > SIGNIFICANT / math.sqrt(good.sum()))]
    rows = resample(weights, DRAWS, rng)
    draws = np.stack([rounded(table.values[names[k]][rows]) for k in kept], axis=1)
    ranks, each = recover(table.shares[:, kept], simulated, sd, TRUTHS, rng)
    columns = tuple(names[k] for k in kept)
    units = tuple(loaded.parameters[name].unit for name in columns)
    posterior = Posterior(columns, units, draws, {})
    predicted = predict(loaded, posterior, simulations, seed)
    update(whole, whole)
    report = {
        "belongs_to": loaded.warm_up_sha256,
        "package": __version__,
        "rules": rules_digest(),
        "pack": {"name": loaded.name, "sha256": loaded.sha256},
        "seed": seed,
        "simulations": simulations,
        "incompatible": int((~good).sum()),
        "effective": ess,
        "attempts": {
            "prior": float(table.moments["attempts"][good].mean()),
            "posterior": float(weights[good] @ table.moments["attempts"][good]),
        },
        "moments": [
            _moment_row(moment, table.moments[moment.measure], weights, predicted, rng)
            | places(moment, table.moments[moment.measure], left_out.get(moment.id, weights))
            for moment in file.moments
        ],
        "parameters": [
            _parameter_row(loaded, names[k], table, k, weights, strength[k]) for k in kept
        ],
        "silent": sorted(set(names) - {names[k] for k in kept}),
        "recovery": _recovery(ranks, each, [names[k] for k in kept]),
    }
    return replace(posterior, report=_short(report))


LEAST_SIMULATIONS = 1024


def predict(pack: Pack, posterior: Posterior, first: int, seed: int) -> dict[str, Array]:
    """Moments of fresh worlds whose parameters are drawn from the posterior."""
    rng = np.random.default_rng([seed, 2])
    values = posterior.pick(rng.random(PREDICTED))
    rows = warm_ups(pack, first, PREDICTED, seed, values)
    names = next(row for row in rows if row)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def rounded(values: Array) -> Array:
    """Values to :data:`DIGITS` significant digits."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values])


def _moment_row(
    moment: Moment,
    prior: Array,
    weights: Array,
    predicted: Mapping[str, Array],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Prior, data and posterior prediction of a moment; predictions as they would be observed."""
    good = np.isfinite(prior)
    seen = predicted[moment.measure]
    seen = seen[np.isfinite(seen)]
    noisy = seen + rng.normal(0.0, moment.sd, len(seen))
    low, high = np.quantile(noisy, MIDDLE).tolist()
    return {
        "id": moment.id,
        "label_zh": moment.label_zh,
        "label_en": moment.label_en,
        "observed": moment.observed,
        "sd": moment.sd,
        "known": moment.known.isoformat(),
        "weighs": moment.weigh,
        "prior": _spread(prior[good], np.full(int(good.sum()), 1.0 / good.sum())),
        "weighed": _spread(prior[good], weights[good]),
        "predicted": {"mean": float(seen.mean()), "q10": low, "q90": high},
        "covered": bool(low <= moment.observed <= high),
    }


def places(moment: Moment, simulated: Array, weights: Array) -> dict[str, float]:
    """Where a figure lies in what is predicted of it: probability below, error of measurement included.

    Parameters
    ----------
    moment : Moment
    simulated : ndarray, shape (simulations,)
        The moment in every draw of the priors.
    weights : ndarray, shape (simulations,)
        Weights of the draws by all other figures.

    Returns
    -------
    dict of str to float
        ``pit_prior`` before anything is weighed, ``pit`` by the other figures.
    """
    good = np.isfinite(simulated)
    below = special.ndtr((moment.observed - simulated[good]) / moment.sd)
    return {"pit_prior": float(below.mean()), "pit": float(weights[good] @ below)}


def _spread(values: Array, weights: Array) -> dict[str, float]:
    """Mean, sd and 80% interval of weighted values."""
    mean = float(weights @ values)
    order = np.argsort(values, kind="stable")
    low, high = np.interp(MIDDLE, np.cumsum(weights[order]), values[order]).tolist()
    sd = math.sqrt(float(weights @ (values - mean) ** 2))
    return {"mean": mean, "sd": sd, "q10": low, "q90": high}


def _parameter_row(
    pack: Pack, name: str, table: Reference, k: int, weights: Array, strength: float
) -> dict[str, Any]:
    """Prior and posterior of a parameter, and how much narrower the data make it."""
    parameter = pack.parameters[name]
    flat = np.full(len(weights), 1.0 / len(weights))
    before = _spread(table.shares[:, k], flat)["sd"]
    after = _spread(table.shares[:, k], weights)
    return {
        "id": name,
        "label_zh": parameter.label_zh,
        "label_en": parameter.label_en,
        "unit": parameter.unit,
        "mark": parameter.mark,
        "prior": _spread(table.values[name], flat),
        "posterior": _spread(table.values[name], weights),
        "share": after["mean"],
        "narrowed": 1.0 - after["sd"] / before,
        "correlation": strength,
    }


def _recovery(ranks: Array, ess: Array, names: Sequence[str]) -> dict[str, Any]:
    """Uniformity of ranks: Kolmogorov tests, and the smallest p after Holm's correction."""
    p = {
        name: float(stats.kstest(ranks[:, k], stats.uniform.cdf).pvalue)
        for k, name in enumerate(names)
    }
    return {
        "truths": len(ranks),
        "least_effective": float(ess.min()),
        "median_effective": float(np.median(ess)),
        "p": p,
        "least_p_holm": min(1.0, len(p) * min(p.values())),
        "coverage_80": float(((ranks > MIDDLE[0]) & (ranks < MIDDLE[1])).mean()),
    }


def _short(value: Any) -> Any:
    """Plain data with numbers to six significant digits: the report is no more exact."""
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
