"""The engine: replicates in parallel threads over one block of memory each.

A chunk of replicates is conditioned once; at the branch month its world is copied and every
variant of levers continues from the copy. Results are a dense array; nothing is allocated inside a
month; bits do not depend on the number of threads or on the size of a chunk.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from xuchang_sim.model import population
from xuchang_sim.model.compiling import prepare
from xuchang_sim.model.kernel import JIT, entry, step
from xuchang_sim.model.population import clear, watch_firms, watch_pipeline
from xuchang_sim.model.schedule import month, perform
from xuchang_sim.model.steps.calendar import demand
from xuchang_sim.model.steps.checks import check, inspect
from xuchang_sim.model.steps.projects import redraw_latent
from xuchang_sim.model.world import (
    FIRMS,
    MEASURES,
    OPEN,
    PIPELINE,
    PROGRAMMES,
    Inputs,
    Projects,
    Sizes,
    World,
    blank,
    columns,
    dtype_of,
    view,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float64]
Records = npt.NDArray[np.void]

CHUNK = 8
#: Numbers of a replicate that are not monthly: scalars of the conditioning first.
SUMMARY = (
    "scale",
    "attempts",
    "large_share",
    "firm_scale",
    "labour_scale",
    "intermediate",
    "lump_base",
    "outside_base",
    "draws_base",
    "expected_land",
    "expected_starts",
    "expected_fai",
    *(f"execution_{name}" for name in PROGRAMMES),
)
SCALARS = 12
#: Columns of projects, 1 for lists of rows and for what may change after a project's end: its plant
#: is born, or closes and gives land and floor back.
LASTING = {"plant", "land", "need", "floor", "live", "finished", "key"}
CHANGES = tuple(1 if name in LASTING else 0 for name in columns(Projects))


@step
def copy_world(into: World, source: World) -> None:
    """Copy a world, rows in use only; the conditioning's scratch is left out.

    Projects before the first one that is still followed are past change but for a few columns: one
    world may be copied onto another only if both went the same way up to ``source``'s month.
    """
    for k in range(source.firm.rows.shape[0]):
        for i in range(source.city.firms):
            into.firm.rows[k, i] = source.firm.rows[k, i]
        for i in range(source.city.firms, into.city.firms):
            into.firm.rows[k, i] = 0
    begin = source.project.live[0] if source.city.live > 0 else source.city.projects
    for k in range(source.project.rows.shape[0]):
        for j in range(0 if CHANGES[k] == 1 else begin, source.city.projects):
            into.project.rows[k, j] = source.project.rows[k, j]
        for j in range(source.city.projects, into.city.projects):
            into.project.rows[k, j] = 0
    for k in range(source.city.block.shape[0]):
        into.city.block[k] = source.city.block[k]
    for k in range(source.now.values.shape[0]):
        into.now.values[k] = source.now.values[k]
    for k in range(source.zone.block.shape[0]):
        into.zone.block[k] = source.zone.block[k]
    for k in range(source.sector.block.shape[0]):
        into.sector.block[k] = source.sector.block[k]
    for k in range(source.tally.block.shape[0]):
        into.tally.block[k] = source.tally.block[k]


@step
def record(w: World, p: Inputs, months: Array, years: Array, largest: Array) -> None:
    """Copy the month's recorded columns, in December also the year's table by sector."""
    c = w.city
    row = c.t - 12 * p.base_year
    for k in range(months.shape[1]):
        for z in range(months.shape[2]):
            months[row, k, z] = w.zone.measures[k, z]
    if c.calendar_month == 11:
        y = c.year - p.base_year
        largest[y] = c.largest
        for z in range(years.shape[1]):
            for s in range(years.shape[2]):
                years[y, z, s] = w.tally.sales[z, s]


@step
def record_base(w: World, p: Inputs, months: Array, years: Array, summary: Array) -> None:
    """Record the base year and the scalars of the conditioning, when the ledgers open."""
    c = w.city
    summary[0] = c.scale
    summary[1] = c.attempt + 1.0
    summary[2] = c.accepted_fai / p.base_fai
    summary[3] = c.firm_scale
    summary[4] = c.labour_scale
    summary[5] = c.intermediate
    summary[6] = c.lump_base
    summary[7] = c.outside_base
    summary[8] = c.draws_base
    summary[9] = c.expected_land
    summary[10] = c.expected_starts
    summary[11] = c.expected_fai
    for k in range(w.tally.execution.shape[0]):
        summary[SCALARS + k] = w.tally.execution[k]
    for m in range(12):
        for k in range(months.shape[1]):
            for z in range(months.shape[2]):
                months[m, k, z] = w.past.measures[m, k, z]
    for z in range(years.shape[1]):
        for s in range(years.shape[2]):
            years[0, z, s] = w.tally.sales[z, s]


@step
def start_variant(w: World, p: Inputs) -> None:
    """Leave the branch under a variant's own levers, demand path and later draws."""
    w.city.salt = (w.city.attempt << 8) | (p.redraw << 16)
    demand(w, p)
    if p.redraw > 0:
        redraw_latent(w, p)


@entry
def run_chunk(
    memory: Records,
    saved: Records,
    inputs: Records,
    branch: int,
    until: int,
    months: Array,
    years: Array,
    largest: Array,
    summary: Array,
    failed: npt.NDArray[np.int64],
    checked: tuple[int, ...],
) -> None:
    """Run a chunk of replicates: condition, run to the branch, then every variant from there.

    Parameters
    ----------
    memory, saved : ndarray of World, shape (1,)
        Working memory of this thread.
    inputs : ndarray of Inputs, shape (variants, replicates)
        What each run is given; variants of a replicate agree in all that acts before ``branch``.
    branch, until : int
        Last month that all variants share (not before the ledgers open); last month of the run.
    months : ndarray, shape (variants, replicates, months, measures, zones)
    years : ndarray, shape (variants, replicates, years, zones, sectors)
    largest : ndarray, shape (variants, replicates, years)
    summary : ndarray, shape (replicates, len(SUMMARY))
    failed : ndarray of int, shape (variants, replicates, 2)
        Error code and month of a failed run, else nought; its results are NaN.
    checked : tuple of int
        Empty, or (1,) to test the identities every month.
    """
    w = memory[0]
    keep = saved[0]
    c = w.city
    for r in range(inputs.shape[1]):
        v = 0
        p = inputs[0, r]
        clear(w, p)
        while True:
            month(w, p)
            inspect(w, p, checked)
            if c.code == 0 and c.phase != OPEN:
                if c.phase == PIPELINE:
                    watch_pipeline(w, p)
                else:
                    watch_firms(w, p)
                if c.phase == OPEN:
                    record_base(w, p, months[0, r], years[0, r], summary[r])
            elif c.code == 0:
                record(w, p, months[v, r], years[v, r], largest[v, r])
            if c.code != 0:
                last = v + 1 if c.phase == OPEN and c.t > branch else inputs.shape[0]
                for f in range(v, last):
                    fail(months[f, r], years[f, r], largest[f, r], failed[f, r], c.code, c.t)
                v = last
            elif c.phase == OPEN and c.t == branch and v == 0:
                copy_world(keep, w)
                for f in range(1, inputs.shape[0]):
                    share_history(months, years, largest, branch - 12 * p.base_year + 1, f, r)
                start_variant(w, p)
                if c.t < until:
                    continue
                v = inputs.shape[0]
            elif c.phase == OPEN and c.t >= until:
                v += 1
            else:
                continue
            if v >= inputs.shape[0]:
                break
            copy_world(w, keep)
            p = inputs[v, r]
            start_variant(w, p)


@step
def share_history(months: Array, years: Array, largest: Array, shared: int, v: int, r: int) -> None:
    """Copy what happened before the branch into a variant's own record."""
    for m in range(shared):
        for k in range(months.shape[3]):
            for z in range(months.shape[4]):
                months[v, r, m, k, z] = months[0, r, m, k, z]
    for y in range(shared // 12):
        largest[v, r, y] = largest[0, r, y]
        for z in range(years.shape[3]):
            for s in range(years.shape[4]):
                years[v, r, y, z, s] = years[0, r, y, z, s]


@step
def fail(
    months: Array,
    years: Array,
    largest: Array,
    failed: npt.NDArray[np.int64],
    code: int,
    t: int,
) -> None:
    """Mark a run as failed: code and month, NaN in every result."""
    failed[0] = code
    failed[1] = t
    months[:] = np.nan
    years[:] = np.nan
    largest[:] = np.nan


@entry
def begin_world(memory: Records, inputs: Records) -> None:
    """Clear the world of one replicate; :func:`tick` then conditions it month by month."""
    clear(memory[0], inputs[0])


@entry
def tick(memory: Records, inputs: Records) -> None:
    """Run one month of one world, the warm-up's conditioning included."""
    w = memory[0]
    p = inputs[0]
    month(w, p)
    if p.check == 1 and w.city.phase == OPEN and w.city.code == 0:
        check(w, p)
    if w.city.code == 0 and w.city.phase == PIPELINE:
        watch_pipeline(w, p)
    elif w.city.code == 0 and w.city.phase == FIRMS:
        watch_firms(w, p)


class Block(NamedTuple):
    """Results of a chunk of replicates; shapes as in :func:`run_chunk`."""

    months: Array
    years: Array
    largest: Array
    summary: Array
    failed: npt.NDArray[np.int64]


class Plan(NamedTuple):
    """What the engine is asked to do.

    ``inputs(first, count)`` returns the records of ``count`` replicates from number ``first``,
    shape (variants, count). From replicate ``few`` on, if there is such, it returns fewer variants:
    those that the later replicates are run for.
    """

    sizes: Sizes
    zones: int
    sectors: int
    variants: int
    replicates: int
    base_year: int
    branch: int
    until: int
    checked: bool
    inputs: Callable[[int, int], Records]
    few: int = 0

    @property
    def months(self) -> int:
        """Months on record, from January of the base year."""
        return self.until - 12 * self.base_year + 1

    def block(self, variants: int, count: int) -> Block:
        """Return empty results for ``count`` replicates."""
        span = self.months
        years = (span + 11) // 12
        return Block(
            np.zeros((variants, count, span, len(MEASURES), self.zones)),
            np.zeros((variants, count, years, self.zones, self.sectors)),
            np.zeros((variants, count, years)),
            np.zeros((count, len(SUMMARY))),
            np.zeros((variants, count, 2), np.int64),
        )


def threads() -> int:
    """Number of threads: ``NUMBA_NUM_THREADS`` if set, else the processors at hand."""
    chosen = os.environ.get("NUMBA_NUM_THREADS", "")
    if chosen.isdigit() and int(chosen) > 0:
        return int(chosen)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


_LOCAL = threading.local()


def _memory(sizes: Sizes) -> tuple[Records, Records]:
    """Return this thread's own two worlds."""
    key = getattr(_LOCAL, "sizes", None)
    if key != sizes:
        _LOCAL.sizes = sizes
        # One large allocation: the system then backs it with large pages.
        both = blank(World, sizes, 4)
        _LOCAL.pair = (both[:1], both[1:2])
    pair: tuple[Records, Records] = _LOCAL.pair
    return pair


class Grid:
    """Records as the uncompiled rules see them: views by index."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.shape = records.shape

        self._views: dict[Any, Any] = {}

    def __getitem__(self, index: Any) -> Any:
        """View one record."""
        if index not in self._views:
            one = self._records[index if isinstance(index, tuple) else (index,)]
            self._views[index] = view(np.asarray(one).reshape(1))
        return self._views[index]


def as_rules(records: Records) -> Any:
    """Return records as the rules take them: as they are if compiled, else views."""
    return records if JIT else Grid(records)


def _run(plan: Plan, first: int, count: int) -> Block:
    """Run one chunk in the calling thread."""
    given = plan.inputs(first, count)
    block = plan.block(len(given), count)
    memory, saved = (as_rules(one) for one in _memory(plan.sizes))
    inputs = as_rules(given)
    run_chunk(
        memory,
        saved,
        inputs,
        plan.branch,
        plan.until,
        block.months,
        block.years,
        block.largest,
        block.summary,
        block.failed,
        (1,) if plan.checked else (),
    )
    return block


def expectations(inputs: Records, sizes: Sizes) -> Array:
    """Solve the base year's expectations without running anything.

    Returns
    -------
    ndarray, shape (records, 5)
        Arrival scale (个/年), investment of large projects and revenue of warm-up plants (亿元),
        land use (亩), starts (个) of the base year.
    """
    prepare(sizes, _first_run, checked=False)
    out = np.zeros((len(inputs), 5))
    population.expectations(as_rules(_memory(sizes)[0]), as_rules(inputs), out)
    return out


def run(
    plan: Plan,
    consume: Callable[[int, Block], None],
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    chunk: int = CHUNK,
) -> float:
    """Run all replicates of a plan and hand each finished chunk to ``consume``.

    Parameters
    ----------
    plan : Plan
        Variants, replicates, horizon and inputs.
    consume : callable
        Called in the main thread with (number of the first replicate, results), in the order in
        which chunks end.
    progress : callable, optional
        Called with (replicates done, replicates in all).
    workers : int, optional
        Threads; by default :func:`threads`.
    chunk : int
        Replicates a chunk; no influence on any bit.

    Returns
    -------
    float
        Seconds of wall time in the engine, compilation left out.
    """
    prepare(plan.sizes, _first_run, checked=plan.checked)
    started = time.perf_counter()
    few = min(plan.few, plan.replicates)
    parts = [(r, min(chunk, few - r)) for r in range(0, few, chunk)]
    parts += [(r, min(chunk, plan.replicates - r)) for r in range(few, plan.replicates, chunk)]
    done = 0
    if not JIT or (workers or threads()) == 1:
        for first, count in parts:
            consume(first, _run(plan, first, count))
            done += count
            if progress:
                progress(done, plan.replicates)
        return time.perf_counter() - started
    with ThreadPoolExecutor(workers or threads(), thread_name_prefix="engine") as pool:
        waiting = iter(parts)
        running: dict[Future[Block], tuple[int, int]] = {}
        try:
            while True:
                while len(running) < 2 * (workers or threads()):
                    first, count = next(waiting, (-1, 0))
                    if first < 0:
                        break
                    running[pool.submit(_run, plan, first, count)] = (first, count)
                if not running:
                    break
                ready, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    first, count = running.pop(future)
                    consume(first, future.result())
                    done += count
                    if progress:
                        progress(done, plan.replicates)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return time.perf_counter() - started


def _first_run(sizes: Sizes, *, checked: bool) -> None:
    """Compile the outermost kernel for the argument types of a real call."""
    empty = np.zeros((1, 0), dtype_of(Inputs, sizes))
    _run(Plan(sizes, 1, 1, 1, 0, 0, 0, 12, checked, lambda _first, _count: empty), 0, 0)


def warm(sizes: Sizes | None = None) -> None:
    """Compile everything that can be compiled for a size: engine, checks, single steps."""
    chosen = sizes or Sizes()
    if not JIT:
        return
    for checked in (False, True):
        prepare(chosen, _first_run, checked=checked)
    world, given = (
        numba.typeof(blank(table, chosen))  # type: ignore[no-untyped-call]
        for table in (World, Inputs)
    )
    begin_world.compile((world, given))  # type: ignore[attr-defined]
    tick.compile((world, given))  # type: ignore[attr-defined]
    perform.compile((world, given, numba.int64))  # type: ignore[attr-defined]
