"""Search: the minimal bundles that clear every hurdle, with few evaluations.

A grid of bundles, each a tuple of positions on the axes. More of an axis never hurts, so what one bundle
shows holds for those above or below it; the search runs the bundle that would tell most, in stages that
double the trials, and never judges on fewer successes than a one-sided bound allows.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]

Bundle = tuple[int, ...]
Z90 = 1.2815515655446004  # one-sided 90%
FIRST = 25  # trials of the first stage; each stage doubles them
TOGETHER = 24  # bundles run together: the years before the plan are shared
MOST_BUNDLES = 100_000


class Evaluate(Protocol):
    """Tell for each bundle which trials succeed."""

    def __call__(self, bundles: Sequence[Bundle], first: int, count: int) -> Bools:
        """Run trials ``first`` to ``first + count``: shape (bundles, count)."""
        ...


class Hurdle(NamedTuple):
    """A test that a bundle passes if the lower 90% bound of its successes' share reaches ``p``."""

    evaluate: Evaluate
    p: float
    trials: int

    @property
    def needed(self) -> int:
        """Fewest successes that pass."""
        return fewest_successes(self.trials, self.p)


def lower_bound(successes: int, trials: int, z: float = Z90) -> float:
    """Wilson's lower bound of a probability, one-sided 90% by default."""
    p = successes / trials
    centre = p + z * z / (2 * trials)
    spread = z * math.sqrt(p * (1 - p) / trials + (z / (2 * trials)) ** 2)
    return (centre - spread) / (1 + z * z / trials)


def fewest_successes(trials: int, p: float) -> int:
    """Return the fewest successes whose lower bound reaches ``p``; ``trials + 1`` if none do."""
    low, high = 0, trials + 1
    while low < high:
        middle = (low + high) // 2
        if middle <= trials and lower_bound(middle, trials) < p:
            low = middle + 1
        else:
            high = middle
    return low


@dataclass(frozen=True)
class Search:
    """Outcome of a search on a grid.

    Attributes
    ----------
    minimal : tuple of Bundle
        Accepted bundles below which nothing is accepted; all of them.
    tried : dict of Bundle to tuple of (int, int)
        Successes and trials spent on every bundle that was run, by hurdle.
    bundles : int
        Size of the grid.
    violations : tuple of (Bundle, Bundle)
        Pairs (less, more) where less was accepted and more was not; with any, what was inferred
        rather than run is not proven.
    """

    minimal: tuple[Bundle, ...]
    tried: dict[Bundle, tuple[tuple[int, int], ...]]
    bundles: int
    violations: tuple[tuple[Bundle, Bundle], ...]


def search(
    sizes: Sequence[int],
    hurdles: Sequence[Hurdle],
    *,
    exhaustive: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Search:
    """Find all minimal accepted bundles of a grid.

    A bundle is accepted if it clears every hurdle, and is put to the next only after the last.
    Trials come in stages that double; a bundle leaves as soon as those that remain cannot change
    its answer. More is never worse, so that one answer settles whole regions; each minimal
    bundle's lower neighbours are run, not inferred.

    Parameters
    ----------
    sizes : sequence of int
        Number of levels of each lever, level 0 the least.
    hurdles : sequence of Hurdle
        What an accepted bundle clears.
    exhaustive : bool
        Run every bundle, and infer nothing.
    progress : callable, optional
        Called with (bundles decided, bundles in all).

    Raises
    ------
    ValueError
        If the grid is empty or too large.
    """
    count = math.prod(sizes)
    if not 1 <= count <= MOST_BUNDLES:
        message = phrase("ask.grid", count=count, most_bundles=MOST_BUNDLES)
        raise ValueError(message)
    tried: dict[Bundle, tuple[tuple[int, int], ...]] = {}
    answers: dict[Bundle, bool] = {}
    state = np.zeros(tuple(sizes), np.int8)  # 0 open, 1 accepted, -1 rejected

    def ask(bundles: Sequence[Bundle]) -> None:
        new = [b for b in dict.fromkeys(bundles) if b not in answers]
        for k in range(0, len(new), TOGETHER):
            waiting = new[k : k + TOGETHER]
            for hurdle in hurdles:
                waiting = cleared(waiting, hurdle, tried)
            answers.update({b: b in waiting for b in new[k : k + TOGETHER]})

    def infer(bundle: Bundle) -> None:
        above = tuple(slice(level, None) for level in bundle)
        below = tuple(slice(None, level + 1) for level in bundle)
        region = state[above if answers[bundle] else below]
        region[region == 0] = 1 if answers[bundle] else -1

    if exhaustive:
        everything = list(itertools.product(*(range(size) for size in sizes)))
        for k in range(0, count, TOGETHER):
            ask(everything[k : k + TOGETHER])
            if progress:
                progress(min(k + TOGETHER, count), count)
        for bundle in everything:
            state[bundle] = 1 if answers[bundle] else -1
    else:
        while (state == 0).any():
            # The best that can be had comes first: often nothing on the grid is enough.
            top = tuple(size - 1 for size in sizes)
            chosen = _most_telling(state) if top in answers else [top]
            ask(chosen)
            for bundle in chosen:
                infer(bundle)
            if progress:
                progress(int((state != 0).sum()), count)
    minimal = _minimal(state)
    # Bundles one step below a minimal bundle must have been run, not inferred.
    while not exhaustive:
        unsure = [b for m in minimal for b in _below(m) if b not in answers]
        unsure += [m for m in minimal if m not in answers]
        if not unsure:
            break
        ask(unsure)
        for bundle in unsure:
            state[bundle] = 1 if answers[bundle] else -1
        minimal = _minimal(state)
    worse = [bundle for bundle, good in answers.items() if not good]
    rejected = np.array(worse).reshape(-1, len(sizes))
    violations = tuple(
        (less, worse[k])
        for less, good in answers.items()
        if good
        for k in np.flatnonzero((rejected >= less).all(axis=1))
    )
    return Search(minimal, tried, count, violations)


def cleared(
    bundles: Sequence[Bundle], hurdle: Hurdle, tried: dict[Bundle, tuple[tuple[int, int], ...]]
) -> list[Bundle]:
    """Run bundles in doubling stages until every answer is certain; return those that clear."""
    met = dict.fromkeys(bundles, 0)
    spent = dict.fromkeys(bundles, 0)
    needed, waiting, done = hurdle.needed, list(bundles), 0
    while waiting:
        count = min(FIRST if done == 0 else done, hurdle.trials - done)
        hits = hurdle.evaluate(waiting, done, count)
        done += count
        for bundle, row in zip(waiting, hits, strict=True):
            met[bundle] += int(row.sum())
            spent[bundle] = done
        open_ = range(needed - hurdle.trials + done, needed)
        waiting = [bundle for bundle in waiting if met[bundle] in open_]
    for bundle in bundles:
        tried[bundle] = (*tried.get(bundle, ()), (met[bundle], spent[bundle]))
    return [bundle for bundle in bundles if met[bundle] >= needed]


def _most_telling(state: npt.NDArray[np.int8]) -> list[Bundle]:
    """Open bundles whose answers decide most others; none is comparable with another."""
    still = state == 0
    up, down = still.astype(np.int64), still.astype(np.int64)
    for axis in range(state.ndim):
        up = np.flip(np.cumsum(np.flip(up, axis), axis=axis), axis)
        down = np.cumsum(down, axis=axis)
    worth = np.where(still, np.minimum(up, down), 0)
    chosen: list[Bundle] = []
    while len(chosen) < TOGETHER and worth.any():
        best = tuple(int(x) for x in np.unravel_index(int(worth.argmax()), worth.shape))
        chosen.append(best)
        worth[tuple(slice(level, None) for level in best)] = 0
        worth[tuple(slice(None, level + 1) for level in best)] = 0
    return chosen


def _below(bundle: Bundle) -> list[Bundle]:
    """Bundles one step below."""
    return [
        (*bundle[:k], level - 1, *bundle[k + 1 :]) for k, level in enumerate(bundle) if level > 0
    ]


def _minimal(state: npt.NDArray[np.int8]) -> tuple[Bundle, ...]:
    """Accepted bundles with no other accepted bundle below them."""
    accepted = state == 1
    beneath = accepted.astype(np.int64)
    for axis in range(state.ndim):
        beneath = np.cumsum(beneath, axis=axis)
    return tuple(tuple(int(x) for x in index) for index in np.argwhere(accepted & (beneath == 1)))
