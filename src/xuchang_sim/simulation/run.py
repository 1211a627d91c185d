"""A simulation: pack, scenarios, parameter draws and demand paths, bound to the engine.

Scenarios that are run together share every draw: parameters, demand, arrivals, shocks. The months
they share up to their branch are computed once.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.model import engine
from xuchang_sim.model.engine import Block, Runs
from xuchang_sim.model.library import COMPILED
from xuchang_sim.model.world import LEVERS, MEASURE_ROW, PARAMETERS, SUMMARY
from xuchang_sim.pack.scenario import check as check_scenario
from xuchang_sim.simulation import needs
from xuchang_sim.simulation.arguments import MOST_REPLICATES, whole_number
from xuchang_sim.simulation.arrays import HELD
from xuchang_sim.simulation.attempts import WORTH, Attempts, keys, remembered
from xuchang_sim.simulation.draws import base_fai, demand_paths, draw_parameters, outlook_key
from xuchang_sim.simulation.measures import RunRecord
from xuchang_sim.simulation.records import Records, branch_month, sizes_for, template_of
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.setup import RELAXATIONS, Array, Setup, Variant
from xuchang_sim.text import phrase
from xuchang_sim.units import month_index, month_label
from xuchang_sim.yamlfile import InputError, Problem

with deferred():
    from xuchang_sim.model import economy as mesa_form

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from xuchang_sim.forecast.drivers import Drivers
    from xuchang_sim.pack.scenario import ResolvedScenario

BLOCK_BYTES = 2**27  # most of one chunk's record; a few chunks are held at a time
LIKED_BYTES = 2**25  # larger blocks cost more in fresh pages than they save in Python
LIKED_REPLICATES = 48  # more a chunk save nothing more
CHECKED = 8  # replicates of every run whose identities are tested each month: the first of all


def run(
    setup: Setup,
    variants: Sequence[Variant],
    *,
    full: bool = True,
    keep: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    chunk: int | None = None,
    remember: bool = True,
) -> list[Results]:
    """Run variants on common draws; what they share until the branch is computed once.

    Parameters
    ----------
    setup : Setup
        What all variants share.
    variants : sequence of Variant
        Variants whose parameter overrides agree share their warm-up; others run in a second pass.
    full : bool
        Keep the months; otherwise only measures and attainment.
    keep : collection of str, optional
        Measures and targets to evaluate; by default all.
    progress : callable, optional
        Called with (runs done, runs in all).
    workers, chunk : int, optional
        Threads, and replicates a chunk; neither changes a bit.
    remember : bool
        Begin warm-ups with the attempts that fitted before, which changes no bit either.

    Returns
    -------
    list of Results
        In the order of ``variants``.
    """
    groups: dict[tuple[tuple[str, float], ...], list[int]] = {}
    for number, variant in enumerate(variants):
        key = tuple(sorted(variant.scenario.parameters.items()))
        groups.setdefault(key, []).append(number)
    problems = [x for key in groups for x in needs.parameters(setup.pack, dict(key)) if key]
    if problems:
        raise InputError(problems)
    results: dict[int, Results] = {}
    whole, before = setup.replicates * len(groups), 0
    for key, numbers in groups.items():
        numbers.sort(key=lambda n: -(variants[n].most or setup.replicates))  # as a batch needs them
        group = Batch(setup, [variants[n] for n in numbers], dict(key), full=full, keep=keep)
        if remember and COMPILED and setup.replicates >= WORTH:
            group.attempts = remembered()

        def update(done: int, _: int, start: int = before) -> None:
            if progress:
                progress(start + done, whole)

        seconds = engine.run(group, update, workers or setup.threads, chunk or chunk_of(group))
        if group.attempts:
            group.attempts.save()
        before += setup.replicates
        for n, result in zip(numbers, group.results, strict=True):
            result.seconds = seconds
            results[n] = result
    return [results[n] for n in range(len(variants))]


def chunk_of(runs: Runs) -> int:
    """Replicates per chunk: the fastest number whose monthly records fit into :data:`BLOCK_BYTES`."""
    liked = min(LIKED_REPLICATES, max(2, LIKED_BYTES // runs.bytes))
    return max(1, min(liked, BLOCK_BYTES // runs.bytes))


def economy(
    setup: Setup,
    scenario: ResolvedScenario,
    replicate: int = 0,
    hooks: Mapping[str, Sequence[Callable[[mesa_form.Economy], None]]] | None = None,
) -> mesa_form.Economy:
    """Return one replicate as a Mesa model, the same to the last bit as in the engine.

    It ends with the setup's last month, as the engine does: later months have no demand.

    Parameters
    ----------
    setup : Setup
    scenario : ResolvedScenario
    replicate : int
        Which replicate, from 0; it need not be one of the setup's.
    hooks : mapping of str to sequence of callables, optional
        ``hook(economy)`` to run after the named step of every month: a shock is any callable.

    Raises
    ------
    InputError
        If there can be no such replicate.
    """
    if fault := whole_number(replicate, 0, MOST_REPLICATES - 1):
        raise InputError([Problem("replicate", "", 0, fault)])
    alone = replace(setup, first=replicate, replicates=1)
    group = Batch(alone, [Variant(scenario)], scenario.parameters, full=False)
    given = group.inputs(0, 1)[0]
    given["check"] = setup.check  # a shock may break an identity, and be meant to
    return mesa_form.Economy(given, group.sizes, hooks, setup.through)


class Batch(Runs):
    """Variants that share parameters: the engine's inputs and the place of its results.

    Results do not refer to their batch: no circle keeps large arrays in memory.
    """

    def __init__(
        self,
        setup: Setup,
        variants: Sequence[Variant],
        fixed: Mapping[str, float],
        *,
        full: bool,
        keep: Collection[str] | None = None,
    ) -> None:
        self.counts = [variant.most or setup.replicates for variant in variants]
        if self.counts != sorted(self.counts, reverse=True):
            message = phrase("run.variants", counts=self.counts)
            raise ValueError(message)
        for scenario in {id(v.scenario): v.scenario for v in variants}.values():
            check_scenario(scenario, setup.pack)
        self.setup = setup
        self.variants = variants
        self.attempts: Attempts | None = None
        self._keys: dict[int, list[int]] = {}  # of chunks under way
        self.draws = draw_parameters(setup, fixed)
        self.sizes = setup.room or sizes_for(setup)
        self.zones, self.sectors = len(setup.pack.region.zones), len(setup.pack.region.sectors)
        self.base_year = setup.pack.base_year
        self.branch = setup.branch or branch_month(setup, variants)
        self.until, self.extended = setup.through, setup.extended
        self.short = min(12 * setup.pack.plan_year + 11, setup.through)
        # Variants with the same demand share one path.
        kinds = [(outlook_key(variant.scenario), variant.redraw) for variant in variants]
        first = dict(zip(kinds, variants, strict=True))
        most = dict.fromkeys(kinds, 0)
        for kind, count in zip(kinds, self.counts, strict=True):
            most[kind] = max(most[kind], count)
        result = {kind: self._path(v.scenario, v.redraw, most[kind]) for kind, v in first.items()}
        yearly = {
            kind: (path.value_added_yoy, path.ppi_yoy, path.climate, path.credit)
            for kind, path in result.items()
        }
        demand = {
            kind: self._growth(path.months[0], *yearly[kind][:2]) for kind, path in result.items()
        }
        self.paths = [result[kind] for kind in kinds]
        self.yearly = [yearly[kind] for kind in kinds]
        self.demand = [demand[kind] for kind in kinds]
        self.template = template_of(setup, self.paths[0], self.sizes)
        brief = replace(setup, through=self.short, extended=0)
        self.results = [
            Results(
                brief if variant.brief else setup,
                variant,
                {k: v[: variant.most or None] for k, v in self.draws.items()},
                full=full and not variant.only and not variant.brief,
                keep=variant.only or keep,
                bounds=variant.bounds,
            )
            for variant in variants
        ]
        if any(result.held is not None for result in self.results):
            self.kept = tuple(MEASURE_ROW[name] for name in HELD)

    def _path(self, scenario: ResolvedScenario, redraw: int, count: int) -> Drivers:
        """Demand path of a variant: known months, then one path for each of ``count`` replicates."""
        return demand_paths(
            replace(self.setup, replicates=count),
            scenario,
            self.draws["forecast_sd"][:count],
            redraw=redraw,
            redraw_after=month_label(self.branch) if redraw else None,
        )

    def _growth(self, start: str, value_added: Array, prices: Array) -> Array:
        """Mean yearly growth of nominal demand by calendar year, shape (replicates, years)."""
        first = 12 * self.setup.pack.base_year - month_index(start)
        monthly = value_added[:, first:] + prices[:, first:]
        years = monthly.shape[1] // 12
        mean = monthly[:, : 12 * years].reshape(len(monthly), years, 12).mean(axis=2)
        drift = (self.draws["demand_wedge"] + self.draws["premium"])[: len(mean), None]
        plan = self.setup.policy_month // 12 - self.setup.pack.base_year
        ahead = np.maximum(np.arange(years) - plan, 0).tolist()
        fading = self.draws["drift_fading"][: len(mean)].tolist()
        lasts = np.array([[math.exp(-f * a) for a in ahead] for f in fading])
        return np.asarray(mean + drift * lasts)

    def inputs(self, first: int, count: int) -> Records:
        """Fill the records of a chunk: shape (variants, count)."""
        rows = slice(first, first + count)
        here = [v for v, most in zip(self.variants, self.counts, strict=True) if first < most]
        records = np.empty((len(here), count), self.template.dtype)
        records[:] = self.template
        for name in PARAMETERS:
            records[name] = self.draws[name][rows]
        records["base_fai"] = base_fai(self.setup.pack, self.draws["fai_reading"][rows])
        records["replicate"] = self.setup.first + np.arange(first, first + count)
        records["check"] |= records["replicate"] < CHECKED
        start = month_index(self.paths[0].months[0]) - self.setup.pack.pipeline_start
        records["climate"] = records["credit"] = 1.0  # before the paths begin all is data
        for v, (variant, yearly) in enumerate(zip(here, self.yearly, strict=False)):
            value_added, prices, climate, credit = yearly
            span = value_added.shape[1]
            records["value_added"][v, :, :span] = value_added[rows]
            records["prices"][v, :, :span] = prices[rows]
            outside = slice(max(start, 0), start + span)
            records["climate"][v, :, outside] = climate[rows, max(-start, 0) :]
            records["credit"][v, :, outside] = credit[rows, max(-start, 0) :]
            records["redraw"][v] = variant.redraw
            records["shut"][v] = variant.shut
            records["errorless"][v] = variant.errorless
            records["last"][v] = self.short if variant.brief else 0
            for gate in RELAXATIONS:
                records[f"free_{gate}"][v] = gate in variant.relaxed
            level = [variant.scenario.levels[name] for name in LEVERS]
            records["level"]["values"][v] = level
        if self.attempts:
            self._keys[first] = keys(records[0])
            records["attempt"] = self.attempts.look_up(self._keys[first])
        return records

    def take(self, first: int, block: Block) -> None:
        """Hand a finished chunk to the results of each variant."""
        rows = slice(first, first + len(block.summary))
        parameters = {name: values[rows] for name, values in self.draws.items()}
        for v, result in enumerate(self.results[: len(block.failed)]):
            months, years = len(result.setup.months), len(result.setup.years)
            record = RunRecord(
                self.setup.pack,
                block.months[v, :, :months],
                block.years[v, :, :years],
                block.sales[v, :, :years],
                block.largest[v, :, :years],
                block.summary,
                parameters,
                self.variants[v].scenario.levels,
                self.demand[v][rows, :years],
            )
            result.take(first, record, block.detail[v], block.failed[v])
        if self.attempts:
            counts = block.summary[:, SUMMARY.index("attempts")].astype(int).tolist()
            entries = dict(zip(self._keys.pop(first), counts, strict=True))
            self.attempts.learn({key: count - 1 for key, count in entries.items() if count > 0})
