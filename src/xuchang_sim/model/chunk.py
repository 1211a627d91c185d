"""Entry points of the compiled rules: a chunk of replicates, or one month of one world.

A chunk is conditioned once; at the branch month its world is copied and every variant of levers
continues from the copy. A variant without what the rules do not explain leaves when the ledgers open.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xuchang_sim.model.kernel import entry, inlined, step
from xuchang_sim.model.population import clear, expect, watch_firms, watch_pipeline
from xuchang_sim.model.schedule import STEPS, month
from xuchang_sim.model.steps.calendar import demand
from xuchang_sim.model.steps.checks import inspect
from xuchang_sim.model.steps.projects import redraw_latent
from xuchang_sim.model.world import (
    FIRMS,
    FLOWS,
    KEEPS,
    OPEN,
    PIPELINE,
    REPEATS,
    SCALARS,
    Firms,
    Inputs,
    Projects,
    World,
    columns,
)

if TYPE_CHECKING:
    from xuchang_sim.model.memory import (
        Floats1,
        Floats2,
        Floats3,
        Floats4,
        Floats5,
        Inputs1,
        Inputs2,
        Ints1,
        Ints3,
        Worlds1,
    )

#: Columns of which a world needs no copy: settled at birth or before the ledgers open, or rewritten
#: in every month before they are read.
UNCHANGED = {
    *("id", "sector", "kind", "large", "incumbent", "arrived", "group", "fails", "raw"),
    *("duration", "fail_at", "intensity", "plot", "jobs", "rho", "realised"),
    *("reach", "ahead", "wish", "draw", "late", "key"),
}
UNCHANGED_FIRM = {
    *("zone", "sector", "id", "owner", "project", "group", "born", "a", "kappa", "rate"),
    *("stream", "orders_sum", "orders_count"),
}
#: Columns of projects that may change after a project's end, and lists of rows: its plant is born,
#: or closes and gives land and floor back.
LASTING = {"plant", "land", "need", "floor", "live", "finished"}
NONE, LIVE, ALL = 0, 1, 2
COPIED = tuple(
    NONE if name in UNCHANGED else ALL if name in LASTING else LIVE for name in columns(Projects)
)
COPIED_FIRM = tuple(NONE if name in UNCHANGED_FIRM else ALL for name in columns(Firms))


@step
def copy_world(into: World, source: World) -> None:
    """Copy a world with open ledgers onto another that went the same way up to its month.

    Only what may differ since is copied: rows in use, of projects that are still live but for
    a few columns, and no column that is settled before; the conditioning's scratch is left out.
    """
    for k in range(source.firm.rows.shape[0]):
        if COPIED_FIRM[k] == ALL:
            for i in range(source.city.firms):
                into.firm.rows[k, i] = source.firm.rows[k, i]
        for i in range(source.city.firms, into.city.firms):
            into.firm.rows[k, i] = 0
    oldest = source.project.live[0] if source.city.live > 0 else source.city.projects
    for k in range(source.project.rows.shape[0]):
        if COPIED[k] != NONE:
            for j in range(0 if COPIED[k] == ALL else oldest, source.city.projects):
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
def record(
    w: World,
    p: Inputs,
    months: Floats2,
    years: Floats3,
    kept: Ints1,
    detail: Floats3,
    sales: Floats3,
    largest: Floats1,
) -> None:
    """Record the month: sums over zones, the year so far by zone, the kept columns as they are.

    Flows are summed over the year's months, of stocks the last month stands. December also keeps
    the year's table by sector.
    """
    c, zone = w.city, w.zone
    row, y = c.t - 12 * p.base_year, c.year - p.base_year
    for k in range(years.shape[1]):
        total = 0.0
        for z in range(years.shape[2]):
            total += zone.measures[k, z]
        months[row, k] = total
    begun = 0 if c.calendar_month == 0 else FLOWS
    for k in range(begun):
        for z in range(years.shape[2]):
            years[y, k, z] += zone.measures[k, z]
    for k in range(begun, years.shape[1]):
        for z in range(years.shape[2]):
            years[y, k, z] = zone.measures[k, z]
    for k in range(kept.shape[0]):
        for z in range(years.shape[2]):
            detail[row, k, z] = zone.measures[kept[k], z]
    if c.calendar_month == 11:
        largest[y] = c.largest
        for z in range(sales.shape[1]):
            for s in range(sales.shape[2]):
                sales[y, z, s] = w.tally.sales[z, s]


@step
def record_base(
    w: World,
    p: Inputs,
    months: Floats2,
    years: Floats3,
    kept: Ints1,
    detail: Floats3,
    sales: Floats3,
    summary: Floats1,
) -> None:
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
    # Months of the base year after the opening are left to :func:`record`.
    for m in range(min(12, p.opening - 12 * p.base_year)):
        for k in range(years.shape[1]):
            total = 0.0
            for z in range(years.shape[2]):
                value = w.past.measures[m, k, z]
                total += value
                years[0, k, z] = value + (years[0, k, z] if m > 0 and k < FLOWS else 0.0)
            months[m, k] = total
        for k in range(kept.shape[0]):
            for z in range(years.shape[2]):
                detail[m, k, z] = w.past.measures[m, kept[k], z]
    for z in range(sales.shape[1]):
        for s in range(sales.shape[2]):
            sales[0, z, s] = w.tally.sales[z, s]


@step
def start_variant(w: World, p: Inputs, first: Inputs, replay_mode: int) -> None:
    """Leave the branch under a variant's own levers, demand path and later draws.

    The copied world holds the demand of the first variant. That keeps the jumps of the firms that
    are there already, if others follow; those with the same later draws repeat them.
    """
    c, replay = w.city, w.replay
    c.salt = (c.attempt << 8) | (p.redraw << 16)
    c.replay_mode = replay_mode if p.redraw == first.redraw else 0
    if replay_mode == KEEPS:
        replay.begin = c.t
        replay.end = c.t
        replay.firms = min(c.firms, replay.factor.shape[1])
        replay.listed = c.t
    same = True
    for m in range(p.demand_months):
        same &= (p.value_added[m] == first.value_added[m]) & (p.prices[m] == first.prices[m])
    if not same:
        demand(w, p)
    if p.redraw > 0:
        redraw_latent(w, p)


@entry
def run_chunk(
    memory: Worlds1,
    saved: Worlds1,
    inputs: Inputs2,
    branch: int,
    until: int,
    months: Floats4,
    years: Floats5,
    kept: Ints1,
    detail: Floats5,
    sales: Floats5,
    largest: Floats3,
    summary: Floats2,
    failed: Ints3,
) -> None:
    """Run a chunk of replicates: condition, run to the branch, then every variant from there.

    Parameters
    ----------
    memory, saved : ndarray of World, shape (1,)
        Working memory of this thread.
    inputs : ndarray of Inputs, shape (variants, replicates)
        Inputs of each run; variants of a replicate agree in all that acts before ``branch``. Those that
        differ from the first in ``errorless`` leave it earlier, when the ledgers open.
    branch, until : int
        Last month that all others share (not before the ledgers open); last month of the run.
    months : ndarray, shape (variants, replicates, months, measures)
        Recorded columns, summed over zones.
    years : ndarray, shape (variants, replicates, years, measures, zones)
        The same by zone: flows summed over the year, of stocks the last month.
    kept : ndarray of int, shape (columns,)
        Rows of the measures of which every month is kept by zone, too.
    detail : ndarray, shape (variants, replicates, months, columns, zones)
        These.
    sales : ndarray, shape (variants, replicates, years, zones, sectors)
    largest : ndarray, shape (variants, replicates, years)
    summary : ndarray, shape (replicates, len(SUMMARY))
    failed : ndarray of int, shape (variants, replicates, 2)
        Error code and month of a failed run, else zero; its results are NaN.
    """
    w = memory[0]
    keep = saved[0]
    c = w.city
    for r in range(inputs.shape[1]):
        first = inputs[0, r]
        clear(w, first)
        while c.code == 0 and c.phase != OPEN:
            month(w, first)
            if c.code == 0:
                watch(w, first)
        if c.code == 0:
            record_base(
                w, first, months[0, r], years[0, r], kept, detail[0, r], sales[0, r], summary[r]
            )
        # Those that leave when the ledgers open run first: then one saved world serves all.
        others = 0
        for v in range(1, inputs.shape[0]):
            p = inputs[v, r]
            if leaves_early(p, first):
                copy_world(keep, w)
                past = first.opening - 12 * first.base_year
                share_history(months, years, detail, sales, largest, past, v, r)
                start_variant(w, p, first, 0)
                follow(w, p, until, months, years, kept, detail, sales, largest, failed, v, r)
                copy_world(w, keep)
            else:
                others += 1
        follow(w, first, branch, months, years, kept, detail, sales, largest, failed, 0, r)
        if others > 0:
            copy_world(keep, w)
        shared = branch - 12 * first.base_year + 1
        for v in range(1, inputs.shape[0]):
            if not leaves_early(inputs[v, r], first):
                share_history(months, years, detail, sales, largest, shared, v, r)
        for v in range(inputs.shape[0]):
            p = inputs[v, r]
            if not leaves_early(p, first):
                if v > 0:
                    copy_world(w, keep)
                start_variant(w, p, first, REPEATS if v > 0 else KEEPS if others > 0 else 0)
                follow(w, p, until, months, years, kept, detail, sales, largest, failed, v, r)


@inlined
def leaves_early(p: Inputs, first: Inputs) -> bool:
    """Whether a variant is another than the first from the opening of the ledgers on."""
    return p.errorless != first.errorless


@step
def follow(
    w: World,
    p: Inputs,
    until: int,
    months: Floats4,
    years: Floats5,
    kept: Ints1,
    detail: Floats5,
    sales: Floats5,
    largest: Floats3,
    failed: Ints3,
    v: int,
    r: int,
) -> None:
    """Run a variant with open ledgers to a month, or to its own last one, and record every month."""
    c = w.city
    last = p.last if 0 < p.last < until else until
    while c.code == 0 and c.t < last:
        month(w, p)
        inspect(w, p)
        if c.code == 0:
            record(w, p, months[v, r], years[v, r], kept, detail[v, r], sales[v, r], largest[v, r])
    if c.code != 0:
        fail(months[v, r], years[v, r], detail[v, r], sales[v, r], largest[v, r])
        failed[v, r, 0] = c.code
        failed[v, r, 1] = c.t


@step
def share_history(
    months: Floats4,
    years: Floats5,
    detail: Floats5,
    sales: Floats5,
    largest: Floats3,
    shared: int,
    v: int,
    r: int,
) -> None:
    """Copy what happened before the branch into a variant's own record."""
    for m in range(shared):
        for k in range(months.shape[3]):
            months[v, r, m, k] = months[0, r, m, k]
        for k in range(detail.shape[3]):
            for z in range(detail.shape[4]):
                detail[v, r, m, k, z] = detail[0, r, m, k, z]
    for y in range((shared + 11) // 12):
        for k in range(years.shape[3]):
            for z in range(years.shape[4]):
                years[v, r, y, k, z] = years[0, r, y, k, z]
    for y in range(shared // 12):
        largest[v, r, y] = largest[0, r, y]
        for z in range(sales.shape[3]):
            for s in range(sales.shape[4]):
                sales[v, r, y, z, s] = sales[0, r, y, z, s]


@step
def fail(
    months: Floats2, years: Floats3, detail: Floats3, sales: Floats3, largest: Floats1
) -> None:
    """Write NaN into every result of a run."""
    months[:] = math.nan
    years[:] = math.nan
    detail[:] = math.nan
    sales[:] = math.nan
    largest[:] = math.nan


@entry
def expectations(memory: Worlds1, inputs: Inputs1, out: Floats2) -> None:
    """Fill ``out`` (records, 5) with what the pipeline expects: scale, investment, plants' revenue, land, starts."""
    w = memory[0]
    for r in range(inputs.shape[0]):
        expect(w, inputs[r])
        out[r, 0] = w.city.scale
        out[r, 1] = w.city.expected_fai
        out[r, 2] = w.city.expected_plants
        out[r, 3] = w.city.expected_land
        out[r, 4] = w.city.expected_starts


@entry
def begin_world(memory: Worlds1, inputs: Inputs1) -> None:
    """Clear the world of one replicate; :func:`tick` then conditions it month by month."""
    clear(memory[0], inputs[0])


@entry
def tick(memory: Worlds1, inputs: Inputs1) -> None:
    """Run one month of one world, the warm-up's conditioning included."""
    w = memory[0]
    p = inputs[0]
    month(w, p)
    inspect(w, p)
    if w.city.code == 0:
        watch(w, p)


@step
def watch(w: World, p: Inputs) -> None:
    """Keep what the conditioning needs of a month of the warm-up."""
    if w.city.phase == PIPELINE:
        watch_pipeline(w, p)
    elif w.city.phase == FIRMS:
        watch_firms(w, p)


@entry
def watch_warm_up(memory: Worlds1, inputs: Inputs1) -> None:
    """Do what :func:`tick` does after a month of the warm-up."""
    watch(memory[0], inputs[0])


@entry
def perform(memory: Worlds1, inputs: Inputs1, number: int) -> None:
    """Perform one numbered step of :data:`xuchang_sim.model.schedule.STEPS` on the first record.

    A number that is no step's does nothing.
    """
    w = memory[0]
    p = inputs[0]
    if 0 <= number < len(STEPS):
        STEPS[number](w, p)


#: Functions that Python calls; the rules are compiled from here.
ENTRIES = (run_chunk, expectations, begin_world, tick, watch_warm_up, perform)
