"""The engine: replicates in parallel threads over one block of memory each.

A chunk of replicates is conditioned once; at the branch month its world is copied and every
variant of levers continues from the copy. Results are a dense array; nothing is allocated inside a
month; bits do not depend on the number of threads or on the size of a chunk.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xuchang_sim.model import chunk as rules
from xuchang_sim.model.library import COMPILED, prepare
from xuchang_sim.model.memory import room
from xuchang_sim.model.world import CITY, CODES, MEASURES, SUMMARY, Sizes, World
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

CHUNK = 8
MOST_THREADS = 1024


class ThreadsError(ValueError):
    """The number of threads that is asked for is none."""

    @property
    def problems(self) -> list[str]:
        """Lines of the message on the command line."""
        return [str(self)]


class Block(NamedTuple):
    """Results of a chunk: arrays whose first axes are variants and replicates.

    :func:`xuchang_sim.model.chunk.run_chunk` gives the shape and meaning of each. ``kept`` and ``summary``
    have no axis of variants: all variants share the columns, and the warm-up that is summed up.
    """

    months: Array
    years: Array
    kept: Rows
    detail: Array
    sales: Array
    largest: Array
    summary: Array
    failed: Rows


class Runs(ABC):
    """Runs for the engine: a subclass gives the inputs and takes in the results.

    The engine reads these attributes and calls the two methods; it knows nothing else of a subclass.
    Months count from year 0: 12 * year + month - 1.

    Attributes
    ----------
    sizes : Sizes
        Most zones, sectors, firms, projects and months that a world has room for.
    zones, sectors : int
        How many of them the results have.
    counts : sequence of int
        How many replicates each variant runs: replicate 0 and those that follow it. The largest
        comes first.
    base_year : int
        Year with whose January the results begin.
    branch, until : int
        Last month that all variants share; last month of the runs.
    extended, short : int
        If ``extended`` is not zero, replicates from this number on end with month ``short``; their
        later months are NaN.
    kept : tuple of int
        Measures, by row, of which the results hold every month by zone.
    """

    sizes: Sizes
    zones: int
    sectors: int
    counts: Sequence[int]
    base_year: int
    branch: int
    until: int
    extended: int = 0
    short: int = 0
    kept: tuple[int, ...] = ()

    @abstractmethod
    def inputs(self, first: int, count: int) -> Records:
        """Return the inputs of ``count`` replicates from number ``first``: (variants, count).

        A variant that runs none of them is left out. None runs only some: chunks end where a
        variant's replicates do.
        """

    @abstractmethod
    def take(self, first: int, block: Block) -> None:
        """Take in the results of a chunk whose first replicate has the number ``first``.

        Chunks come in the order in which they end. The engine uses the block's memory again: copy
        what is to be kept.
        """

    @property
    def replicates(self) -> int:
        """Replicates in all."""
        return self.counts[0]

    @property
    def months(self) -> int:
        """Months on record, from January of the base year."""
        return self.until - 12 * self.base_year + 1

    def block(self, variants: int, count: int) -> Block:
        """Return results of zeros for some variants and ``count`` replicates."""
        span, runs = self.months, (variants, count)
        years = (span + 11) // 12
        return Block(
            np.zeros((*runs, span, len(MEASURES))),
            np.zeros((*runs, years, len(MEASURES), self.zones)),
            np.array(self.kept, np.int64),
            np.zeros((*runs, span, len(self.kept), self.zones)),
            np.zeros((*runs, years, self.zones, self.sectors)),
            np.zeros((*runs, years)),
            np.zeros((count, len(SUMMARY))),
            np.zeros((*runs, 2), np.int64),
        )

    @property
    def bytes(self) -> int:
        """Bytes of the results of one replicate."""
        one = sum(math.prod(part.shape[2:]) for part in self.block(0, 1) if part.ndim > 2)
        return len(self.counts) * 8 * one


def place_of(code: int) -> str:
    """Name where a code says that a check failed: a zone by its number, or the city."""
    zone = code % CODES
    return phrase("run.place_city") if zone >= CITY else phrase("run.place_zone", zone=zone)


def threads() -> int:
    """Number of threads: ``XUCHANG_SIM_THREADS`` if set, else the processors at hand.

    Raises
    ------
    ThreadsError
        If the variable is no whole number from 1 to :data:`MOST_THREADS`.
    """
    chosen = os.environ.get("XUCHANG_SIM_THREADS", "")
    if chosen:
        if not re.fullmatch("[0-9]{1,4}", chosen) or not 1 <= int(chosen) <= MOST_THREADS:
            message = phrase("machine.threads", said=chosen[:40], most=MOST_THREADS)
            raise ThreadsError(message)
        return int(chosen)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


_LOCAL = threading.local()


def _memory(sizes: Sizes) -> tuple[Any, Any]:
    """Return this thread's own two worlds."""
    key = getattr(_LOCAL, "sizes", None)
    if key != sizes:
        # One large allocation: the system then backs it with large pages.
        both = room(World, sizes, 4)
        _LOCAL.pair = (both[:1], both[1:2])
        _LOCAL.sizes = sizes  # last: an allocation may have been refused
    pair: tuple[Any, Any] = _LOCAL.pair
    return pair


class Blocks:
    """Results of chunks, used again: memory touched for the first time is dear."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._spare: dict[tuple[int, int], list[Block]] = {}

    def take(self, variants: int, count: int) -> Block:
        """Return empty results for ``count`` replicates."""
        spare = self._spare.setdefault((variants, count), [])
        try:
            block = spare.pop()
        except IndexError:
            return self._runs.block(variants, count)
        for part in block:
            if part is not block.kept:
                part[...] = 0
        return block

    def give_back(self, block: Block) -> None:
        """Offer results that nobody reads any more."""
        self._spare[block.failed.shape[:2]].append(block)


def _run(runs: Runs, first: int, count: int, blocks: Blocks) -> Block:
    """Run one chunk in the calling thread."""
    given = runs.inputs(first, count)
    block = blocks.take(len(given), count)
    memory, saved = _memory(runs.sizes)
    brief = 0 < runs.extended <= first
    until = runs.short if brief else runs.until
    rules.run_chunk(memory, saved, given, runs.branch, until, *block)
    if brief:
        seen = runs.short - 12 * runs.base_year + 1
        for part in (block.months, block.detail):
            part[:, :, seen:] = np.nan
        for part in (block.years, block.sales, block.largest):
            part[:, :, seen // 12 :] = np.nan
    return block


def expectations(inputs: Records, sizes: Sizes) -> Array:
    """Solve the base year's expectations without running anything.

    Returns
    -------
    ndarray, shape (records, 5)
        Arrival scale (个/年), investment of large projects and revenue of warm-up plants (亿元),
        land use (亩), starts (个) of the base year.
    """
    out = np.zeros((len(inputs), 5))
    rules.expectations(_memory(sizes)[0], inputs, out)
    return out


def parts(cuts: Sequence[int], chunk: int, workers: int) -> list[tuple[int, int]]:
    """Cut replicates into chunks: the number of the first, how many.

    No chunk lies on both sides of a cut; the first cut is the first replicate, the last the number
    of all. Towards the end chunks shrink with what is left, so that no thread waits long for another.
    """
    chunks = []
    for first, last in pairwise(cuts):
        begin = first
        while begin < last:
            left = cuts[-1] - begin
            count = min(last - begin, chunk, max(left // (2 * workers), chunk // 8, 1))
            chunks.append((begin, count))
            begin += count
    return chunks


def run(
    runs: Runs,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    chunk: int = CHUNK,
) -> float:
    """Run all replicates; each finished chunk is taken in by the main thread, as chunks end.

    Parameters
    ----------
    runs : Runs
        Variants, replicates, horizon and inputs.
    progress : callable, optional
        Called with (replicates done, replicates in all).
    workers : int, optional
        Threads; by default :func:`threads`.
    chunk : int
        Replicates a chunk at most; no influence on any bit.

    Returns
    -------
    float
        Seconds of wall time in the engine, compilation left out.
    """
    prepare(runs.sizes)
    started = time.perf_counter()
    hands = workers or threads()
    cuts = sorted(min(n, runs.replicates) for n in {0, *runs.counts, runs.extended})
    chunks = parts(cuts, chunk, hands)
    done = 0
    blocks = Blocks(runs)
    if not COMPILED or hands == 1:
        for first, count in chunks:
            block = _run(runs, first, count, blocks)
            runs.take(first, block)
            blocks.give_back(block)
            done += count
            if progress:
                progress(done, runs.replicates)
        return time.perf_counter() - started
    with ThreadPoolExecutor(hands, thread_name_prefix="engine") as pool:
        waiting = iter(chunks)
        running: dict[Future[Block], tuple[int, int]] = {}
        try:
            while True:
                while len(running) < 2 * hands:
                    first, count = next(waiting, (-1, 0))
                    if first < 0:
                        break
                    running[pool.submit(_run, runs, first, count, blocks)] = (first, count)
                if not running:
                    break
                ready, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    first, count = running.pop(future)
                    block = future.result()
                    runs.take(first, block)
                    blocks.give_back(block)
                    done += count
                    if progress:
                        progress(done, runs.replicates)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return time.perf_counter() - started
