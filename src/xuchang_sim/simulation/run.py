"""A simulation: pack, scenarios, parameter draws and demand paths, bound to the engine.

Scenarios that are run together share every draw: parameters, demand, arrivals, shocks. What they
have in common until their branch month is computed once.
"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from xuchang_sim.forecast.calendar import fai_season
from xuchang_sim.forecast.drivers import Drivers, drivers as outlook_drivers
from xuchang_sim.model import engine
from xuchang_sim.model.engine import Block, Plan
from xuchang_sim.model.library import COMPILED
from xuchang_sim.model.memory import blank
from xuchang_sim.model.world import (
    LEVERS,
    MEASURE_ROW,
    PARAMETERS,
    SUMMARY,
    Firms,
    Inputs,
    Projects,
    Sizes,
    Temp,
    columns,
)
from xuchang_sim.pack.scenario import check as check_scenario
from xuchang_sim.simulation import needs
from xuchang_sim.simulation.arrays import HELD
from xuchang_sim.simulation.attempts import WORTH, Attempts, keys, remembered
from xuchang_sim.simulation.needs import starts_a_year
from xuchang_sim.simulation.results import Results, Setting, cut_block
from xuchang_sim.units import month_index, month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from xuchang_sim.model.economy import Economy
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import ResolvedScenario

Array = npt.NDArray[np.float64]
Records = npt.NDArray[np.void]
Draws = Literal["sampled", "central", "posterior"]

MOST_REPLICATES, MOST_THREADS = 10_000_000, 1024
BLOCK_BYTES = 2**27  # most of one chunk's record; a few chunks are held at a time
LIKED_BYTES = 2**25  # larger blocks cost more in fresh pages than they save in Python
LIKED_REPLICATES = 48  # more a chunk save nothing more
RELAXATIONS = ("land", "credit", "labour", "approval")
# Room for arrivals: the envelope holds every rate up to these multiples of the central one.
ENVELOPE_ORDINARY, ENVELOPE_LARGE = 3.2, 10.0
JOINT_DRAW = "posterior"  # stream of the one number that picks a joint draw
PARAMETER = 0x70617261  # purpose of parameter draws, apart from those of the rules


@dataclass(frozen=True)
class Variant:
    """One way to continue from the branch.

    Parameters
    ----------
    scenario : ResolvedScenario
        Levers, demand shift, parameter overrides.
    redraw : int
        0, or the number of another drawing of everything that comes after the branch.
    shut : int
        Month (12 * year + month - 1) from which no project starts; 0 never.
    relaxed : frozenset of str
        Gates without limit under the plan's levers: of :data:`RELAXATIONS`.
    only : frozenset of str
        If any, all that is kept of this variant: these measures, and no months.
    most : int
        Replicates of it to run, the first ones; 0 for all. Variants stand in the order of their
        numbers of replicates, the most first.
    bounds : bool
        Keep by zone and month what bound, though the run keeps no months.
    errorless : bool
        Nothing happens from the opening on that the rules do not explain: no market of the city's
        own, no pace of investment, no common yield.
    """

    scenario: ResolvedScenario
    redraw: int = 0
    shut: int = 0
    relaxed: frozenset[str] = field(default_factory=frozenset)
    only: frozenset[str] = field(default_factory=frozenset)
    most: int = 0
    bounds: bool = False
    errorless: bool = False


@dataclass(frozen=True)
class Setup:
    """What all variants of a run have in common.

    Parameters
    ----------
    pack : Pack
        Plan, region, parameters, levers, history.
    replicates : int
        Number of replicates; replicate r is the same whatever their number.
    seed : int
        Seed of every draw.
    through : int
        Last month, 12 * year + month - 1.
    draws : {"sampled", "posterior", "central"}
        One parameter draw per replicate from the priors or from the pack's posterior, or the
        central values.
    earlier : int
        Months by which the plan and the opening of the ledgers are moved forward.
    branch : int
        Last month that the variants share; 0 the month before the policy or the forecast begins.
    check : bool
        Test the identities every month.
    first : int
        Number of the first replicate: a part of a longer run has the same bits as in the whole.
    worlds : int
        Replicates in a row that share one parameter draw: replicate r has draw number r // worlds.
    room : Sizes, optional
        Room for rows, by default :func:`sizes_for`; more room than needed changes no bit.
    followed : int
        Replicates, the first ones, that run to the last month; the others end with the plan's first
        year: their outcomes of later ones are NaN, and a level they reached later counts as not
        reached. 0: all run to the last month.
    threads : int, optional
        Threads of the engine, all if left out; no bit depends on it.
    """

    pack: Pack
    replicates: int = 1000
    seed: int = 2012
    through: int = 0
    draws: Draws = "sampled"
    earlier: int = 0
    branch: int = 0
    check: bool = False
    first: int = 0
    worlds: int = 1
    room: Sizes | None = None
    followed: int = 0
    threads: int | None = None

    @property
    def replicate_numbers(self) -> range:
        """Numbers of the replicates, from ``first``."""
        return range(self.first, self.first + self.replicates)

    @property
    def policy_month(self) -> int:
        """First month under the plan's levers."""
        return self.pack.policy_month - self.earlier

    @property
    def opening(self) -> int:
        """First month with open ledgers: the plan year's January, or the policy month if earlier."""
        plan = 12 * self.pack.plan_year
        return self.policy_month if self.earlier else plan


def prepare(
    pack: Pack,
    replicates: int,
    seed: int,
    through: str | None = None,
    parameters: Draws | None = None,
    *,
    check: bool = False,
    earlier: int = 0,
    branch: int = 0,
) -> Setup:
    """Check the arguments of a run and the pack, and fill in the pack's defaults.

    Raises
    ------
    InputError
        If an argument is out of its range, or no run of the pack could start.
    """
    problems: list[Problem] = []
    setup = Setup(pack)
    try:
        setup = arguments(pack, replicates, seed, through, parameters)
    except InputError as error:
        problems += error.problems
    if not problems:
        problems += faults(pack, setup.through, "default_through" if through is None else "")
    if problems:
        raise InputError(problems)
    return replace(setup, check=check, earlier=earlier, branch=branch)


def arguments(
    pack: Pack,
    replicates: int,
    seed: int,
    through: str | None = None,
    parameters: Draws | None = None,
    threads: int | None = None,
) -> Setup:
    """Check the arguments of a run alone, whatever the pack can answer.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    problems: list[Problem] = []
    last = pack.default_through
    if through is not None:
        try:
            last = month_index(through)
        except ValueError as error:
            problems.append(Problem("--through", "", 0, str(error)))
        else:
            problems += [p for p in needs.months(pack, last) if p.file == "--through"]
    for name, value, low, high in (
        ("--replicates", replicates, 1, MOST_REPLICATES),
        ("--seed", seed, 0, 2**63 - 1),
        ("--threads", 1 if threads is None else threads, 1, MOST_THREADS),
    ):
        if fault := whole_number(value, low, high):
            problems.append(Problem(name, "", 0, fault))
    draws: Draws = "sampled"
    try:
        draws = choose_draws(pack, parameters)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    # Plain integers, whatever was given: numpy's are allowed, too.
    return Setup(pack, int(replicates), int(seed), last, draws, threads=threads)


def whole_number(value: object, low: int, high: int) -> str:
    """Say why a value is not a whole number from ``low`` to ``high``; nothing if it is."""
    if isinstance(value, np.integer):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return ""
    return f"{value!r}: allowed: a whole number from {low} to {high}"


def replicates_fault(replicates: int) -> list[Problem]:
    """Return the fault of a number of replicates; empty if it is allowed."""
    fault = whole_number(replicates, 1, MOST_REPLICATES)
    return [Problem("--replicates", "", 0, fault)] if fault else []


def faults(
    pack: Pack, last: int, key: str = "", fixed: Mapping[str, float] | None = None
) -> list[Problem]:
    """Return everything for which no run of this pack to this month could start.

    Parameters
    ----------
    pack, last, key, fixed
        As in :func:`xuchang_sim.simulation.needs.faults`.
    """
    found = needs.faults(pack, last, key, fixed)
    if not found:
        try:
            sizes_for(Setup(pack, through=last))
        except InputError as error:
            found += error.problems
    return found


def choose_draws(pack: Pack, parameters: Draws | None) -> Draws:
    """Return where parameters come from: left open, the posterior, if the pack has its own.

    A posterior that belongs to another state of the pack is told of and not used.

    Raises
    ------
    InputError
        If the name is unknown, or the posterior is wanted and there is none or another pack's.
    """
    if parameters is None:
        try:
            return "posterior" if pack.posterior else "sampled"
        except InputError as error:
            warnings.warn(f"priors are used: {error}", stacklevel=2)
            return "sampled"
    if parameters not in get_args(Draws):
        text = f"{parameters!r}: allowed: {', '.join(get_args(Draws))}"
        raise InputError([Problem("parameters", "", 0, text)])
    if parameters == "posterior" and pack.posterior is None:
        text = f"{pack.folder} has no posterior; make one with xuchang-sim calibrate, or: sampled"
        raise InputError([Problem("parameters", "", 0, text)])
    return parameters


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
    found: dict[int, Results] = {}
    whole, before = setup.replicates * len(groups), 0
    for key, numbers in groups.items():
        group = _Group(setup, [variants[n] for n in numbers], dict(key), full=full, keep=keep)
        if remember and COMPILED and setup.replicates >= WORTH:
            group.attempts = remembered()

        def told(done: int, _: int, start: int = before) -> None:
            if progress:
                progress(start + done, whole)

        plan, share = group.plan, workers or setup.threads
        seconds = engine.run(plan, group.take, told, share, chunk or chunk_of(plan))
        if group.attempts:
            group.attempts.save()
        before += setup.replicates
        for n, result in zip(numbers, group.results, strict=True):
            result.seconds = seconds
            found[n] = result
    return [found[n] for n in range(len(variants))]


def chunk_of(plan: Plan) -> int:
    """Replicates a chunk: as many as are quick, their months within :data:`BLOCK_BYTES`."""
    liked = min(LIKED_REPLICATES, max(2, LIKED_BYTES // plan.bytes))
    return max(1, min(liked, BLOCK_BYTES // plan.bytes))


def economy(
    setup: Setup,
    scenario: ResolvedScenario,
    replicate: int = 0,
    hooks: Mapping[str, Sequence[Callable[[Economy], None]]] | None = None,
) -> Economy:
    """Return one replicate as a Mesa model, the same to the last bit as in the engine.

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
    from xuchang_sim.model.economy import Economy  # noqa: PLC0415 - mesa is heavy

    if fault := whole_number(replicate, 0, MOST_REPLICATES - 1):
        raise InputError([Problem("replicate", "", 0, fault)])
    alone = replace(setup, first=replicate, replicates=1)
    group = _Group(alone, [Variant(scenario)], scenario.parameters, full=False)
    return Economy(group.inputs(0, 1)[0], group.sizes, hooks)


def demand_paths(
    setup: Setup,
    scenario: ResolvedScenario,
    forecast_sd: Array,
    redraw: int = 0,
    redraw_after: str | None = None,
) -> Drivers:
    """Paths of the drivers under a scenario: known months, then one path per replicate.

    Parameters
    ----------
    setup : Setup
        Pack, replicates, seed and horizon.
    scenario : ResolvedScenario
        Its demand shift and its conditions on drivers.
    forecast_sd : ndarray, shape (replicates,)
        Standard deviation of the first unknown year's mean, fraction.
    redraw, redraw_after
        As in :func:`xuchang_sim.forecast.drivers.drivers`.
    """
    return outlook_drivers(
        setup.pack,
        setup.replicate_numbers,
        setup.seed,
        month_label(setup.through),
        shift_sd=scenario.demand_shift,
        replace=scenario.drivers,
        redraw=redraw,
        redraw_after=redraw_after,
        forecast_sd=forecast_sd,
    )


def same_outlook(one: ResolvedScenario, two: ResolvedScenario) -> bool:
    """Whether two scenarios meet the same economy around the zones."""
    return _outside(one) == _outside(two)


def _outside(scenario: ResolvedScenario) -> tuple[float, str]:
    """What a scenario says of the economy around the zones, as a key."""
    return scenario.demand_shift, json.dumps(scenario.drivers, sort_keys=True)


class _Group:
    """Variants that share parameters: the engine's inputs and the place of its results."""

    def __init__(
        self,
        setup: Setup,
        variants: Sequence[Variant],
        fixed: Mapping[str, float],
        *,
        full: bool,
        keep: Collection[str] | None = None,
    ) -> None:
        counts = [variant.most or setup.replicates for variant in variants]
        if counts != sorted(counts, reverse=True):
            message = f"variants of {counts} replicates: allowed: the most first"
            raise ValueError(message)
        for scenario in {id(v.scenario): v.scenario for v in variants}.values():
            check_scenario(scenario, setup.pack)
        self.setup = setup
        self.variants = variants
        self.attempts: Attempts | None = None
        self._keys: dict[int, list[int]] = {}  # of chunks under way
        pack = setup.pack
        self.draws = draw_parameters(setup, fixed)
        self.sizes = setup.room or sizes_for(setup)
        self.branch = setup.branch or _branch(setup, variants)
        # Variants with the same demand share one path.
        kinds = [(_outside(variant.scenario), variant.redraw) for variant in variants]
        first = dict(zip(kinds, variants, strict=True))
        most = dict.fromkeys(kinds, 0)
        for kind, variant in zip(kinds, variants, strict=True):
            most[kind] = max(most[kind], variant.most or setup.replicates)
        found = {kind: self._path(v.scenario, v.redraw, most[kind]) for kind, v in first.items()}
        yearly = {
            kind: (path.value_added_yoy, path.ppi_yoy, path.climate, path.credit)
            for kind, path in found.items()
        }
        demand = {
            kind: self._growth(path.months[0], *yearly[kind][:2]) for kind, path in found.items()
        }
        self.paths = [found[kind] for kind in kinds]
        self.yearly = [yearly[kind] for kind in kinds]
        self.demand = [demand[kind] for kind in kinds]
        self.template = _template(setup, self.paths[0], self.sizes)
        self.results = [
            Results(
                Setting(
                    pack,
                    variant.scenario,
                    variant.most or setup.replicates,
                    setup.seed,
                    setup.through,
                    setup.draws,
                    setup.policy_month,
                    min(setup.followed or setup.replicates, variant.most or setup.replicates),
                ),
                {k: v[: variant.most or None] for k, v in self.draws.items()},
                full=full and not variant.only,
                keep=variant.only or keep,
                bounds=variant.bounds,
            )
            for variant in variants
        ]

    @property
    def plan(self) -> Plan:
        """What the engine is asked to do.

        Made anew for each who asks: it refers to the group, and if the group referred to it, large
        results would stay in memory until the garbage collector came by.
        """
        setup, pack = self.setup, self.setup.pack
        bound = any(result.held is not None for result in self.results)
        return Plan(
            self.sizes,
            len(pack.region.zones),
            len(pack.region.sectors),
            len(self.variants),
            setup.replicates,
            pack.base_year,
            self.branch,
            setup.through,
            setup.check,
            self.inputs,
            tuple({variant.most for variant in self.variants if variant.most}),
            tuple(MEASURE_ROW[name] for name in HELD) if bound else (),
            setup.followed,
            min(12 * pack.plan_year + 11, setup.through),
        )

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
        here = [v for v in self.variants if not v.most or first < v.most]
        records = np.empty((len(here), count), self.template.dtype)
        records[:] = self.template
        for name in PARAMETERS:
            records[name] = self.draws[name][rows]
        records["base_fai"] = base_fai(self.setup.pack, self.draws["fai_reading"][rows])
        records["replicate"] = self.setup.first + np.arange(first, first + count)
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
            levels = self.variants[v].scenario.levels
            cut = cut_block(block, v, result.setting, parameters, levels, self.demand[v][rows])
            result.take(first, cut, block.detail[v], block.failed[v])
        if self.attempts:
            counts = block.summary[:, SUMMARY.index("attempts")].astype(int).tolist()
            found = dict(zip(self._keys.pop(first), counts, strict=True))
            self.attempts.learn({key: count - 1 for key, count in found.items() if count > 0})


def base_fai(pack: Pack, reading: Array) -> Array:
    """Investment of the base year by replicate, 亿元: which of its two readings holds.

    Parameters
    ----------
    pack : Pack
    reading : ndarray
        Draws of ``fai_reading``: below ½ the pack's first reading, else its alternative.
    """
    told = pack.base.fai
    other = told.alternative or told
    return np.where(reading < 0.5, told.value, other.value)


def draw_parameters(setup: Setup, fixed: Mapping[str, float] | None = None) -> dict[str, Array]:
    """Draw every model parameter once per replicate, or repeat the central values.

    The draw of a parameter is a function of (seed, parameter id, replicate) alone: adding a
    parameter or a replicate moves no other draw. Those that the posterior knows are drawn together.

    Returns
    -------
    dict of str to ndarray, shape (replicates,)
    """
    n = setup.replicates
    if setup.worlds > 1:
        numbers = np.array(setup.replicate_numbers) // setup.worlds
        first, last = int(numbers[0]), int(numbers[-1])
        few = replace(setup, first=first, replicates=last - first + 1, worlds=1)
        return {k: v[numbers - first] for k, v in draw_parameters(few, fixed).items()}
    found: dict[str, Array] = {}
    known: dict[str, Array] = {}
    if setup.draws == "posterior" and setup.pack.posterior:
        # One number of the replicate picks a joint draw: others keep their own streams.
        known = setup.pack.posterior.pick(_uniforms(setup.seed, _crc(JOINT_DRAW), n, setup.first))
    drawn = []
    for name, parameter in setup.pack.parameters.items():
        if fixed and name in fixed:
            found[name] = np.full(n, fixed[name])
        elif name in known:
            found[name] = known[name]
        else:
            found[name] = np.full(n, float(parameter.default or 0.0))
            if setup.draws != "central" and parameter.prior.kind != "fixed":
                drawn.append(name)
    # All in one go: a stream is a row of counters, whoever stands beside it.
    streams = np.array([_crc(name) for name in drawn], np.int64)[:, None]
    for name, row in zip(drawn, _uniforms(setup.seed, streams, n, setup.first), strict=True):
        found[name] = np.asarray(setup.pack.parameters[name].prior.quantile(row))
    return found


def _crc(name: str) -> int:
    import zlib  # noqa: PLC0415

    return zlib.crc32(name.encode())


def _uniforms(seed: int, stream: int | npt.NDArray[np.int64], count: int, first: int = 0) -> Array:
    """Uniforms in (0, 1) of replicates ``first``, ``first`` + 1, ...: Philox4x32-10, vectorised.

    The counter is (stream, purpose, replicate, 0), the key the seed, as in the rules.
    """
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    rows = np.arange(first, first + count, dtype=np.uint64)
    streams = np.asarray(stream, np.uint64)
    none = np.zeros(np.broadcast_shapes(streams.shape, rows.shape), np.uint64)
    c = [none + streams, none + np.uint64(PARAMETER), none + rows, none]
    keys = [seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [
            (p1 >> shift) ^ c[1] ^ np.uint64(keys[0]),
            p1 & mask,
            (p0 >> shift) ^ c[3] ^ np.uint64(keys[1]),
            p0 & mask,
        ]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return (c[0].astype(float) + 0.5) * 2.0**-32


def sizes_for(setup: Setup) -> Sizes:
    """Room for the pack's zones, sectors, firms and projects through the horizon.

    Room comes in few classes: the usual one has compiled rules of its own, a twelfth quicker than
    those for any size. Rows that are not used cost nothing, and one too few would fail the replicate,
    never pass.

    Raises
    ------
    InputError
        If the pack has more firms and projects than a world can hold.
    """
    pack, small = setup.pack, Sizes()
    years = setup.through // 12 - pack.base_year
    starts = starts_a_year(pack) * (1 if years <= MANY_YEARS else 2)
    cells = len(pack.region.zones) * len(pack.region.sectors)
    least = LEAST if years <= MANY_YEARS else LEAST_LONG
    projects = _room(PROJECTS_PER_START * starts, least)
    most_firms = pack.parameters["firms_count"].high
    firms = _room(FIRMS_PER_START * starts + most_firms + cells, least)
    rows = {"firms": firms, "projects": projects}
    tables = (*columns(Firms).values(), *columns(Projects).values(), *columns(Temp).values())
    held = 8 * sum(rows.get(column.shape[0], 0) for column in tables)
    if held > MOST_BYTES:
        text = (
            f"{firms:,} rows of firms and {projects:,} of projects, their reserve included, take "
            f"{held / 2**30:.2f} GiB; a world holds {MOST_BYTES / 2**30:.2f}: a part of the region, "
            "or a nearer last month"
        )
        raise InputError([pack.problem("pack.yaml", ["base", "fai"], text)])
    zones = small.zones
    while zones < len(pack.region.zones):
        zones *= 4
    return small._replace(
        zones=zones,
        sectors=max(small.sectors, 8 * -(-len(pack.region.sectors) // 8)),
        firms=firms,
        projects=projects,
    )


def _room(wanted: float, least: int) -> int:
    """Rows of the next class: the least, powers of four, then multiples of :data:`STRIDE`."""
    if wanted <= least:
        return least
    room = 4 * FIRST_CLASS
    while room + SPREAD < wanted:
        room = 4 * room if room < STRIDE else room + STRIDE
    return room + SPREAD


MANY_YEARS = 3
LEAST, LEAST_LONG = Sizes().firms, 10128  # rows of any pack, by the length of the run
FIRST_CLASS, STRIDE = 2**12, 2**16
SPREAD = 280  # rows above a multiple of 512, so that columns spread over the cache
MOST_BYTES = 2**31 - 2**27  # of both tables: numpy counts the bytes of a record in 31 bits
# Rows for each start a year that is expected in the base year, warm-up and spread of draws included:
# about twice what the mean replicate of the embedded pack uses by the end of its third year.
PROJECTS_PER_START, FIRMS_PER_START = 20.0, 10.0


def _branch(setup: Setup, variants: Sequence[Variant]) -> int:
    """Last month in which nothing can differ: levers, and the forecast if it is shifted."""
    last = setup.policy_month - 1
    if len({variant.errorless for variant in variants}) > 1:
        last = setup.opening - 1
    first, *others = (variant.scenario for variant in variants)
    if any(not same_outlook(first, other) for other in others):
        last = min(last, _known(setup.pack))
    return max(last, setup.opening - 1)


def _known(pack: Pack) -> int:
    """Last month for which value added and prices are data."""
    one = outlook_drivers(pack, 1, 0, month_label(pack.last_month))
    return month_index(one.months[0]) + one.known - 1


def _template(setup: Setup, path: Drivers, sizes: Sizes) -> np.void:
    """Fill in what is the same in every replicate and variant of a group."""
    pack = setup.pack
    record: np.void = blank(Inputs, sizes)[0]
    if problems := list(needs.spans(pack, setup.through)):
        raise InputError(problems)
    record["seed"] = setup.seed
    record["check"] = setup.check
    record["pipeline_start"] = pack.pipeline_start
    record["firms_start"] = pack.firms_start
    record["base_year"] = pack.base_year
    record["plan_year"] = setup.policy_month // 12
    record["opening"] = setup.opening
    record["policy_month"] = setup.policy_month
    record["demand_start"] = month_index(path.months[0])
    record["demand_months"] = len(path.months)
    record["value_added_central"][: len(path.months)] = path.value_added_central
    record["prices_central"][: len(path.months)] = path.ppi_central
    for name in ("revenue", "fai", "profit_tax", "workers"):
        record[f"base_{name}"] = getattr(pack.base, name).value
    record["factory_reference"] = pack.levers["factory_area"].plan
    record["absent"]["values"] = [pack.levers[name].absent for name in LEVERS]
    _fill_region(record, setup)
    season = pack.calendar.fai_season
    series = pack.history[season.estimate_from]
    years = (season.years[0], season.years[-1])
    record["fai_season"] = fai_season(dict(series.known(pack.information_date)), years)
    record["revenue_season"] = pack.calendar.revenue_season
    for month in pack.calendar.group_months:
        record["group_month"][month - 1] = 1
    record["envelope"] = _envelope(setup, record, sizes)
    return record


def _fill_region(record: np.void, setup: Setup) -> None:
    """Zones and sectors of the pack, row by row."""
    region = setup.pack.region
    record["zones"], record["sectors"] = len(region.zones), len(region.sectors)
    record["share_concentration"] = 0.0 if setup.draws == "central" else region.share_concentration
    rows = {sector.id: s for s, sector in enumerate(region.sectors)}
    plants = 0
    for z, zone in enumerate(region.zones):
        record["zone_code"][z] = zone.code
        record["zone_provincial"][z] = zone.level == "province"
        record["zone_share"][z] = zone.revenue_share
        record["zone_site"][z] = zone.site_bonus
        record["zone_expands"][z] = zone.expands
        plants += zone.sewage_plant
        record["zone_sewage"][z] = plants if zone.sewage_plant else 0
        for lead in zone.leading:
            record["zone_lead"][z, rows[lead.sector]] = lead.weight
            record["zone_leading"][z, rows[lead.sector]] = 1
    least = min(s.initial_share for s in region.sectors if s.initial_share > 0)
    for s, sector in enumerate(region.sectors):
        record["sector_code"][s] = sector.code
        record["sector_beta"][s] = sector.ppi_beta
        record["sector_own"][s] = sector.own_money_min
        record["sector_plot"][s] = sector.plot_ratio_min
        record["sector_floor"][s] = sector.floor_suited
        record["sector_alpha"][s] = sector.productivity
        record["sector_rest"][s] = sector.initial_share
        # A sector without firms of its own may still attract projects.
        record["sector_new"][s] = sector.initial_share or least


def _envelope(setup: Setup, record: np.void, sizes: Sizes) -> Array:
    """Most candidates a month can have, by month and kind; a function of the pack alone."""
    pack = setup.pack
    central = record.copy()
    for name in PARAMETERS:
        central[name] = pack.parameters[name].default or 0.0
    scale = engine.expectations(np.array([central]), sizes)[0, 0]
    growth = pack.parameters["starts_growth"]
    months = pack.pipeline_start + np.arange(sizes.span)
    years = (months + 0.5 - (12 * pack.base_year + 6)) / 12.0
    # Python's power, not numpy's: that one's last digit goes by the length of a processor's vectors.
    index = np.array(
        [max((1.0 + g) ** t for g in (growth.low, growth.high)) for t in years.tolist()]
    )
    ratio = (pack.parameters["starts_large"].default or 0.0) / (
        pack.parameters["starts_ordinary"].default or 1.0
    )
    ordinary = ENVELOPE_ORDINARY * scale / 12.0 * index
    return np.stack([ordinary, ENVELOPE_LARGE / ENVELOPE_ORDINARY * ratio * ordinary], axis=1)
