"""Pool what members said: weights and spread from past origins, strongly shrunk to priors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.forecast.scores import crps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from xuchang_sim.forecast.forecaster import Material
    from xuchang_sim.forecast.profile import Profile

    Floats = npt.NDArray[np.float64]

SPREAD_GRID = np.exp(np.linspace(-0.6, 0.6, 9))
THIN = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """How a pool is weighted and how wide it is, for one kind of series.

    Attributes
    ----------
    spread
        Factor on every deviation from a member's median.
    recency, half_life
        Power of the ratio of recent to whole spread of steps; half-life (steps) of "recent".
    trust
        How much a member's relative CRPS moves the logarithm of its weight, per origin.
    patience
        Resistance to learning the spread: the penalty on its squared logarithm.
    """

    spread: float = 1.0
    recency: float = 0.3
    half_life: float = 6.0
    trust: float = 0.3
    patience: float = 4.0


#: Measured on a bed of foreign series (docs/outlook.md), never on the series at hand.
RULES = {
    "annual level": Rules(spread=1.0, recency=0.3, half_life=6.0, trust=0.35, patience=10.0),
    "annual rate": Rules(spread=1.0, recency=0.3, half_life=6.0, trust=0.2, patience=10.0),
    "rate": Rules(spread=0.98, recency=0.8, half_life=12.0, trust=0.8, patience=10.0),
    "level": Rules(spread=1.05, recency=0.3, half_life=12.0, trust=0.2, patience=10.0),
    "season": Rules(spread=0.88, recency=0.3, half_life=12.0, trust=0.5, patience=10.0),
}


def rules_for(found: Profile) -> Rules:
    """Return the rules for what a series was found to be."""
    annual = found.frequency == 1 and found.kind != "season"
    return RULES[f"annual {found.kind}" if annual else found.kind]


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """A pooled forecast.

    Attributes
    ----------
    names, weights
        Members and their weights (sum 1).
    sample : (n, H) array
        Draws of the linear pool, in the units of the values.
    factor, learnt : float
        Spread factor in use, and the part of it learnt from this series.
    checks : tuple of (sample, actual)
        What would have been forecast at each past origin with what was known there.
    """

    names: tuple[str, ...]
    weights: Floats
    sample: Floats
    factor: float
    learnt: float
    checks: tuple[tuple[Floats, Floats], ...]


def combine(material: Material, rules: Rules, seed: int = 0) -> Pooled:
    """Weigh, widen and pool (a mixture of the members' distributions)."""
    base = rules.spread * material.volatility[rules.half_life] ** rules.recency
    relative = _relative_scores(material, base)
    losses = _spread_losses(material, base)
    checks = []
    for number in range(len(material.past)):
        weights = _weights(material.priors, relative[number + 1 :], rules.trust)
        learnt = _learnt_spread(losses[number + 1 :], rules.patience)
        said = _widened(material, material.past[number], base * learnt)
        checks.append((_mixture(said, weights, seed), material.actual[number]))
    weights = _weights(material.priors, relative, rules.trust)
    learnt = _learnt_spread(losses, rules.patience)
    sample = _mixture(_widened(material, material.final, base * learnt), weights, seed)
    return Pooled(material.names, weights, sample, base * learnt, learnt, tuple(checks))


def _relative_scores(material: Material, factor: float) -> Floats:
    """(R, k) CRPS of each member at each past origin over the mean of members."""
    rows = []
    for said, actual in zip(material.past, material.actual, strict=True):
        row = np.array([crps(s, actual).mean() for s in _widened(material, said, factor)])
        rows.append(row / max(float(row.mean()), 1e-300))
    return np.array(rows).reshape(len(rows), len(material.names))


def _weights(priors: Floats, relative: Floats, trust: float) -> Floats:
    logs = np.log(priors) - trust * np.clip(relative - 1.0, -1.0, 3.0).sum(axis=0)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _spread_losses(material: Material, base: float) -> Floats:
    """(R, grid) relative CRPS of the prior pool at each past origin, by factor on its spread."""
    rows = []
    for said, truth in zip(material.past, material.actual, strict=True):
        thin = [s[: min(len(s), THIN)] for s in said]
        each = np.repeat(material.priors / [len(s) for s in thin], [len(s) for s in thin])
        row = np.array(
            [
                crps(np.concatenate(_widened(material, thin, base * factor)), truth, each).mean()
                for factor in SPREAD_GRID
            ]
        )
        rows.append(row / max(float(row.min()), 1e-300))
    return np.array(rows).reshape(len(rows), len(SPREAD_GRID))


def _learnt_spread(losses: Floats, patience: float) -> float:
    """Return the factor on the spread that did best at past origins, held near 1."""
    total = losses.sum(axis=0) + patience * np.log(SPREAD_GRID) ** 2
    return float(SPREAD_GRID[int(np.argmin(total))])


def _widened(material: Material, said: Sequence[Floats], factor: float) -> list[Floats]:
    """Deviations from each member's median times a factor (on its own scale)."""
    out = []
    for paths, logs in zip(said, material.logs, strict=True):
        z = np.log(paths) if logs else paths
        middle = np.median(z, axis=0)
        z = middle + factor * (z - middle)
        out.append(np.exp(z) if logs else z)
    return out


def _mixture(said: Sequence[Floats], weights: Floats, seed: int) -> Floats:
    """Draw members' paths in proportion to weights (largest remainders, so nearly exact)."""
    n = min(len(s) for s in said)
    exact = weights * n
    counts = np.floor(exact).astype(int)
    short = n - int(counts.sum())
    counts[np.argsort(counts - exact)[:short]] += 1
    rng = np.random.default_rng((seed, n))
    return np.concatenate(
        [s[rng.choice(len(s), c, replace=False)] for s, c in zip(said, counts, strict=True)]
    )
