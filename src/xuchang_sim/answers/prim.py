"""The patient rule induction method (PRIM): boxes of a space in which cases of interest are dense.

Source: J. H. Friedman and N. I. Fisher, "Bump hunting in high-dimensional data", Statistics and Computing 9 (1999).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.text import phrase

with deferred():
    from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

PEEL, PASTE, LEAST_MASS = 0.05, 0.05, 0.05
DENSITY = (
    0.8  # a box is reported from the first step at which this many of its cases are of interest
)
MOST_BOXES = 3
SIGNIFICANT = 0.05  # quasi-p above which a limit is dropped


class Step(NamedTuple):
    """A box on the way: limits (low, high) of the factors, cases in it, of interest, shares."""

    limits: tuple[tuple[float, float], ...]
    cases: int
    hits: int
    coverage: float
    density: float
    mass: float


@dataclass(frozen=True)
class Box:
    """A box found by PRIM.

    Attributes
    ----------
    names : tuple of str
        Factors.
    steps : tuple of Step
        From the whole space to the smallest box.
    chosen : int
        The step that is reported.
    quasi_p : dict of str to (float, float)
        For each restricted factor, how likely the density is without the lower and the upper
        limit; NaN where there is no limit.
    """

    names: tuple[str, ...]
    steps: tuple[Step, ...]
    chosen: int
    quasi_p: dict[str, tuple[float, float]]

    @property
    def step(self) -> Step:
        """The reported step."""
        return self.steps[self.chosen]

    @property
    def restricted(self) -> tuple[str, ...]:
        """Factors with a limit, in their order."""
        return tuple(self.quasi_p)


def prim(
    x: Array,
    interest: Bools,
    names: Sequence[str],
    *,
    peel: float = PEEL,
    paste: float = PASTE,
    least_mass: float = LEAST_MASS,
    density: float | None = None,
) -> Box:
    """Peel and paste a box towards the cases of interest.

    A peel cuts the share ``peel`` off one end of one factor; the cut with the largest gain of
    density for each case given up is taken (of equals, the one that restricts fewest factors).

    Parameters
    ----------
    x : ndarray, shape (cases, factors)
    interest : ndarray of bool, shape (cases,)
    names : sequence of str
    peel, paste : float
        Share of the box's cases that a step removes or gives back.
    least_mass : float
        Smallest share of all cases that a box may hold.
    density : float, optional
        Report the first box that is so dense; by default the last.

    Raises
    ------
    ValueError
        If there are no cases, or a value is not finite.
    """
    if len(x) == 0 or not np.isfinite(x).all():
        message = phrase("ask.prim")
        raise ValueError(message)
    steps, last = _peeled(x, interest, np.ones(len(x), dtype=bool), peel, least_mass, paste)
    chosen = last
    if density is not None:
        dense = [k for k, step in enumerate(steps) if step.density >= density]
        chosen = dense[0] if dense else last
    quasi = _quasi_p(x, interest, names, steps[0], steps[chosen])
    return Box(tuple(names), tuple(steps), chosen, quasi)


def _peeled(
    x: Array, interest: Bools, inside: Bools, peel: float, least_mass: float, paste: float
) -> tuple[list[Step], int]:
    """Trajectory of boxes; the last is the best that pasting found."""
    n = len(x)
    start = np.stack([x.min(axis=0), x.max(axis=0)])
    limits = start.copy()
    result = [_step(limits, inside, interest)]
    while True:
        best: tuple[tuple[float, int], Array, Bools] | None = None
        for k in range(x.shape[1]):
            for side, share in ((1, 1.0 - peel), (0, peel)):
                value = _cut(x[inside, k], share)
                kept = inside & (x[:, k] <= value if side else x[:, k] >= value)
                candidate = limits.copy()
                candidate[side, k] = value
                best = _better(best, interest, inside, kept, candidate, start)
        if best is None or best[0][0] <= 0 or best[2].sum() / n < least_mass:
            break
        limits, inside = best[1], best[2]
        result.append(_step(limits, inside, interest))
    while True:
        best = None
        for k in [int(i) for i in np.flatnonzero((limits != start).any(axis=0))]:
            for side in (0, 1):
                candidate = _widened(x, limits, start, k, side, paste)
                kept = ((x >= candidate[0]) & (x <= candidate[1])).all(axis=1)
                best = _better(best, interest, inside, kept, candidate, start)
        denser = best is not None and interest[best[2]].mean() > interest[inside].mean()
        if best is None or best[0][0] <= 0 or not denser or best[2].sum() <= inside.sum():
            break
        limits, inside = best[1], best[2]
        result.append(_step(limits, inside, interest))
    return result, len(result) - 1


def _step(limits: Array, inside: Bools, interest: Bools) -> Step:
    """Count a box."""
    cases, met, hits = int(inside.sum()), int(interest[inside].sum()), int(interest.sum())
    return Step(
        tuple((float(a), float(b)) for a, b in limits.T),
        cases,
        met,
        met / hits if hits else math.nan,
        met / cases if cases else math.nan,
        cases / len(inside),
    )


def _cut(values: Array, share: float) -> float:
    """Midway between the order statistics around a quantile, ties skipped towards the middle."""
    ordered = np.sort(values)
    at = (len(ordered) - 1) * share
    low, high = math.floor(at), math.ceil(at)
    if share > 0.5:
        while ordered[low] == ordered[high] and low > 0:
            low -= 1
    else:
        while ordered[low] == ordered[high] and high < len(ordered) - 1:
            high += 1
    return float((ordered[low] + ordered[high]) / 2.0)


def _better(
    best: tuple[tuple[float, int], Array, Bools] | None,
    interest: Bools,
    inside: Bools,
    kept: Bools,
    limits: Array,
    start: Array,
) -> tuple[tuple[float, int], Array, Bools] | None:
    """Return the better of two moves: gain of density for each case, then fewer limits."""
    change = abs(int(kept.sum()) - int(inside.sum()))
    if change == 0 or not kept.any():
        return best
    gain = float(interest[kept].mean() - interest[inside].mean()) / change
    free = int((limits == start).all(axis=0).sum())
    if best is None or (gain, free) > best[0]:
        return (gain, free), limits, kept
    return best


def _widened(x: Array, limits: Array, start: Array, k: int, side: int, paste: float) -> Array:
    """Give back a share of the cases beyond one limit, inside all others."""
    beyond = limits.copy()
    beyond[:, k] = (limits[1, k], start[1, k]) if side else (start[0, k], limits[0, k])
    data = x[((x >= beyond[0]) & (x <= beyond[1])).all(axis=1), k]
    wider = limits.copy()
    wider[side, k] = _cut(data, paste if side else 1.0 - paste) if len(data) else start[side, k]
    return wider


def _quasi_p(
    x: Array, interest: Bools, names: Sequence[str], first: Step, at: Step
) -> dict[str, tuple[float, float]]:
    """How likely as many hits are by chance if one limit is dropped (one-sided binomial)."""
    limits, start = np.array(at.limits).T, np.array(first.limits).T
    entries = {}
    for k, name in enumerate(names):
        if (limits[:, k] == start[:, k]).all():
            continue
        values = []
        for side in (0, 1):
            if limits[side, k] == start[side, k]:
                values.append(math.nan)
                continue
            wider = limits.copy()
            wider[side, k] = start[side, k]
            kept = ((x >= wider[0]) & (x <= wider[1])).all(axis=1)
            share = float(interest[kept].mean())
            values.append(float(stats.binom.sf(at.hits - 1, at.cases, share)))
        entries[name] = (values[0], values[1])
    return entries


def simplified(x: Array, interest: Bools, box: Box, level: float = SIGNIFICANT) -> Box:
    """Drop, one by one, the limits that chance alone explains (quasi-p above ``level``).

    Parameters
    ----------
    x, interest
        As given to :func:`prim`.
    box : Box
    level : float

    Returns
    -------
    Box
        Its last step is the box with the limits that remain.
    """
    first = box.steps[0]
    limits, start = np.array(box.step.limits).T, np.array(first.limits).T
    while True:
        inside = ((x >= limits[0]) & (x <= limits[1])).all(axis=1)
        step = _step(limits, inside, interest)
        quasi = _quasi_p(x, interest, box.names, first, step)
        worst = max(
            ((p, name, side) for name, pair in quasi.items() for side, p in enumerate(pair)),
            key=lambda entry: -1.0 if math.isnan(entry[0]) else entry[0],
            default=(0.0, "", 0),
        )
        if not worst[0] > level:
            return Box(box.names, (*box.steps, step), len(box.steps), quasi)
        k = box.names.index(worst[1])
        limits[worst[2], k] = start[worst[2], k]
