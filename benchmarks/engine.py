"""The engine: by step, by replicates, months and threads; agent-steps a second; memory.

An agent-step is one month of one zone, firm or followed project, warm-up and rejected attempts of
the pipeline included.
"""

from functools import cache

from benchmarks.scaled import PLACES, scaled_pack
from xuchang_sim import load_pack, load_scenario
from xuchang_sim.model import engine
from xuchang_sim.pack.load import Pack
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.profiling import BEGIN, PHASES, RUNS, WATCH
from xuchang_sim.simulation.run import Batch, run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.worlds import Worlds
from xuchang_sim.study import profile

STEP_NAMES = [
    f"{phase} {step}"
    for number, phase in PHASES.items()
    for step in (*RUNS[number], *([WATCH[number]] if number in WATCH else []))
]


def run_plan(
    replicates: int,
    *,
    workers: int | None = None,
    through: str | None = None,
    full: bool = False,
    pack: Pack | None = None,
) -> float:
    """Run the plan, rejected attempts included; return the seconds in the engine."""
    chosen = pack or load_pack()
    variants = [Variant(load_scenario("plan", chosen))]
    setup = prepare(chosen, replicates, 2012, through)
    return run(setup, variants, full=full, workers=workers, remember=False)[0].seconds


@cache
def agent_steps(replicates: int = 24) -> float:
    """Mean agent-steps of a replicate of the default scenario, counted month by month."""
    pack = load_pack()
    worlds = Worlds(prepare(pack, replicates, 2012), load_scenario("plan", pack))
    count = 0
    for number in range(replicates):
        for view in worlds.months(number):
            city = view.world["city"]
            count += int(city["zones"] + city["firms"] + city["live"])
    return count / replicates


class Steps:
    """Time of each rule in a replicate."""

    params = [f"pipeline {BEGIN}", *STEP_NAMES]
    param_names = ["step"]
    unit = "µs a replicate"
    timeout = 600

    def setup_cache(self) -> dict[str, float]:
        found = profile(replicates=40)
        return {f"{row.phase} {row.step}": 1e6 * row.seconds for row in found.steps}

    def track_step(self, found: dict[str, float], step: str) -> float:
        return found[step]

    track_step.unit = unit  # type: ignore[attr-defined]


class Replicates:
    """Time and memory by the number of replicates, targets only."""

    params = [1, 10, 100, 1000, 10_000, 100_000]
    param_names = ["replicates"]
    timeout = 3600
    number = 1
    warmup_time = 0
    rounds = 1

    def setup(self, replicates: int) -> None:  # noqa: ARG002
        run_plan(1)

    def time_targets(self, replicates: int) -> None:
        run_plan(replicates)

    def peakmem_targets(self, replicates: int) -> None:
        run_plan(replicates)


class HundredThousand:
    """Memory of 100,000 replicates, targets only, without the time they take.

    All arrays are made, and touched, for all of them; the engine then runs the first 64, and the
    rest would pass through the same chunks.
    """

    timeout = 600

    def peakmem_targets(self) -> None:
        pack = load_pack()
        scenario = load_scenario("plan", pack)
        setup = prepare(pack, 100_000, 2012)
        group = Batch(setup, [Variant(scenario)], scenario.parameters, full=False)
        group.counts = [64]
        engine.run(group)
        assert group.results[0].outcomes["revenue"].shape[0] == setup.replicates


class Months:
    """Time by the last month, all months kept."""

    params = ["2012-12", "2013-12", "2015-12"]
    param_names = ["through"]
    timeout = 600
    number = 1

    def setup(self, through: str) -> None:
        run_plan(1, through=through)

    def time_months(self, through: str) -> None:
        run_plan(100, through=through, full=True)


class Threads:
    """Time by the number of threads, and agent-steps a second."""

    params = [1, 2, 4]
    param_names = ["threads"]
    timeout = 600
    number = 1

    def setup(self, threads: int) -> None:
        run_plan(1, workers=threads)
        agent_steps()

    def time_threads(self, threads: int) -> None:
        run_plan(400, workers=threads)

    def track_agent_steps(self, threads: int) -> float:
        return 400 * agent_steps() / run_plan(400, workers=threads)

    track_agent_steps.unit = "agent-steps/s"  # type: ignore[attr-defined]


class Province:
    """A province: 180 zones, 8,000 firms, twelve months from the opening, all months kept."""

    params = [4, 100]
    param_names = ["replicates"]
    timeout = 1200
    number = 1

    def setup(self, replicates: int) -> None:  # noqa: ARG002
        self.pack = scaled_pack(*PLACES["province"])
        run_plan(1, through="2012-12", full=True, pack=self.pack)

    def time_province(self, replicates: int) -> None:
        run_plan(replicates, through="2012-12", full=True, pack=self.pack)
