"""Where the time goes: single worlds driven rule by rule, each rule timed by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from xuchang_sim.model import chunk, engine
from xuchang_sim.model.library import prepare as load_rules
from xuchang_sim.model.population import watch_firms, watch_pipeline
from xuchang_sim.model.schedule import CHECK, PHASES as STEP_PHASES, STEPS
from xuchang_sim.model.world import CODES, FIRMS, OPEN, PIPELINE
from xuchang_sim.simulation.run import Batch
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.worlds import FailedWorldError, View
from xuchang_sim.units import month_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.settings import ScenarioLike, Settings
    from xuchang_sim.simulation.setup import Setup

#: State that the conditioning keeps of such a month, at its end.
WATCH = {PIPELINE: watch_pipeline.__name__, FIRMS: watch_firms.__name__}
PHASES = {PIPELINE: "pipeline", FIRMS: "firms", OPEN: "open"}
BEGIN = "begin"
#: Steps of a month by name, for each phase, with their numbers; the identities are left out.
RUNS = {
    phase: {
        rule.__name__: number
        for number, rule in enumerate(STEPS[:CHECK])
        if STEP_PHASES[number] >> phase & 1
    }
    for phase in PHASES
}
#: Rows of which table a rule goes through month by month; the others go through the zones.
OVER_FIRMS = frozenset(
    {
        "orders",
        "small_lump",
        "commission",
        "leave",
        "employ",
        "produce",
        "account",
        "report",
        "close_year",
        "watch_firms",
    }
)
OVER_PROJECTS = frozenset(
    {
        "arrivals",
        "approve",
        "allocate",
        "close",
        "construct",
        "compact",
        "watch_pipeline",
    }
)
IDLE_CALLS = 2000
#: Time of this thread on a processor: what others do on the machine meanwhile is not counted.
_clock = time.thread_time


class StepTime(NamedTuple):
    """Time of one rule in one phase.

    Attributes
    ----------
    phase, step : str
        Phase of the run, name of the rule in :data:`xuchang_sim.model.schedule.STEPS`.
    seconds : float
        Per replicate, the cost of calling a rule by itself taken off.
    share : float
        Of the whole replicate.
    calls : float
        Months in which it ran, per replicate.
    over : str
        What it goes through: ``zones``, ``firms`` (rows) or ``projects`` (followed).
    agents : float
        Mean number of these.
    nanoseconds : float
        Per month and agent.
    """

    phase: str
    step: str
    seconds: float
    share: float
    calls: float
    over: str
    agents: float
    nanoseconds: float


@dataclass(frozen=True)
class Profile:
    """Time of every rule; see :func:`profile`.

    Attributes
    ----------
    steps : tuple of StepTime
        In the order in which they run.
    replicates : int
        Number of worlds.
    overhead : float
        Seconds of one call that does nothing; already taken off.
    """

    steps: tuple[StepTime, ...]
    replicates: int
    overhead: float

    @property
    def seconds(self) -> float:
        """Seconds of a replicate: the sum of its rules."""
        return sum(row.seconds for row in self.steps)

    def by_step(self) -> dict[str, float]:
        """Seconds per replicate of each rule over all phases, the dearest first."""
        numbers: dict[str, float] = {}
        for row in self.steps:
            numbers[row.step] = numbers.get(row.step, 0.0) + row.seconds
        return dict(sorted(numbers.items(), key=lambda item: -item[1]))

    def to_records(self) -> list[dict[str, Any]]:
        """Return one record a row, ready for a data frame or JSON."""
        return [row._asdict() for row in self.steps]

    def __str__(self) -> str:
        """Return the table."""
        lines = [
            f"{'phase':9s} {'step':15s} {'µs':>10s} {'share':>6s} {'ns per agent and month':>30s}"
        ]
        lines += [
            f"{r.phase:9s} {r.step:15s} {1e6 * r.seconds:10.1f} {r.share:6.1%} "
            f"{r.nanoseconds:10.1f} x {r.agents:,.0f} {r.over}"
            for r in self.steps
        ]
        total = f"{1e6 * self.seconds:.0f} µs a replicate, mean of {self.replicates}"
        return "\n".join([*lines, total])


def profile(
    study: Settings,
    scenario: ScenarioLike = "plan",
    watch: Callable[[View], None] | None = None,
) -> Profile:
    """Time every rule of a replicate, one after the other in one thread.

    The worlds are those of :func:`xuchang_sim.simulate`, to the last bit.

    Parameters
    ----------
    study : Settings
        Over its replicates times are averaged; 20 are enough.
    scenario : str, Path or ResolvedScenario
    watch : callable, optional
        Called after every month with the world as it then is; its time is not counted.

    Returns
    -------
    Profile
        ``print(profile())`` shows the table.

    Examples
    --------
    >>> from xuchang_sim import Study
    >>> profile(Study(replicates=2)).replicates
    2
    """
    return profile_setup(study.setup(), study.scenario(scenario), watch)


def profile_setup(
    setup: Setup, scenario: ResolvedScenario, watch: Callable[[View], None] | None = None
) -> Profile:
    """Time the replicates of a setup; see :func:`profile`."""
    group = Batch(setup, [Variant(scenario)], scenario.parameters, full=False)
    load_rules(group.sizes)
    meter = _Meter()
    # The first world is run twice, and cleared in between: memory touched for the first time belongs
    # to no rule, be it by a month that writes a column or by the clearing of one that no month wrote.
    for number in (0, *range(setup.replicates)):
        memory = engine._memory(group.sizes)[0]
        rules = memory, group.inputs(number, 1)[0]
        for view in _months(rules, memory[0], setup, meter):
            if watch and meter.counts:
                watch(view)
        if not meter.counts:
            chunk.begin_world(*rules)
            meter.calibrate(rules)
    return meter.profile(setup.replicates)


class _Meter:
    """Adds up seconds, calls and agents by phase and rule."""

    def __init__(self) -> None:
        self.counts = False
        self.overhead = 0.0
        self.seconds: dict[tuple[str, str], float] = {}
        self.calls: dict[tuple[str, str], int] = {}
        self.agents: dict[tuple[str, str], float] = {}

    def calibrate(self, rules: tuple[Any, Any]) -> None:
        """Measure what it costs to call no rule at all; what is added from now on counts."""
        total = 0.0
        for _ in range(IDLE_CALLS):
            before = _clock()
            chunk.perform(*rules, -1)
            total += _clock() - before
        self.overhead = total / IDLE_CALLS
        self.counts = True

    def add(self, phase: str, step: str, seconds: float, city: Any) -> None:
        """Take in one call."""
        if not self.counts:
            return
        key = phase, step
        self.seconds[key] = self.seconds.get(key, 0.0) + seconds - self.overhead
        self.calls[key] = self.calls.get(key, 0) + 1
        self.agents[key] = self.agents.get(key, 0.0) + float(city[_COUNT[_over(step)]])

    def profile(self, replicates: int) -> Profile:
        """Return the means per replicate."""
        whole = sum(max(0.0, s) for s in self.seconds.values())
        rows = []
        for (phase, step), total in self.seconds.items():
            seconds, agents = max(0.0, total), self.agents[phase, step]
            calls = self.calls[phase, step]
            row = StepTime(
                phase,
                step,
                seconds / replicates,
                seconds / whole,
                calls / replicates,
                _over(step),
                agents / calls,
                1e9 * seconds / agents if agents else 0.0,
            )
            rows.append(row)
        return Profile(tuple(rows), replicates, self.overhead)


_COUNT = {"zones": "zones", "firms": "firms", "projects": "live"}


def _over(step: str) -> str:
    return "firms" if step in OVER_FIRMS else "projects" if step in OVER_PROJECTS else "zones"


def _months(rules: tuple[Any, Any], world: Any, setup: Setup, meter: _Meter) -> Iterator[View]:
    """Run one replicate, timed; yield every month that stands, as :class:`worlds.Worlds` does."""
    city = world["city"]
    before = _clock()
    chunk.begin_world(*rules)
    meter.add(PHASES[PIPELINE], BEGIN, _clock() - before, city)
    while True:
        phase, month, attempt = int(city["phase"]), int(city["t"]) + 1, int(city["attempt"])
        for name, number in RUNS[phase].items():
            before = _clock()
            chunk.perform(*rules, number)
            meter.add(PHASES[phase], name, _clock() - before, city)
        if phase in WATCH and not city["code"]:
            before = _clock()
            chunk.watch_warm_up(*rules)
            meter.add(PHASES[phase], WATCH[phase], _clock() - before, city)
        if city["code"]:
            message = f"{month_label(month)}: check {int(city['code']) // CODES} failed"
            raise FailedWorldError(message)
        if int(city["attempt"]) == attempt:
            yield View(phase, month, world)
        if phase == OPEN and month >= setup.through:
            return
