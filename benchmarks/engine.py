"""Run time of the engine: agent-steps per second, threads, start-up, memory.

An agent-step is one month of one zone, firm or followed project, warm-up and rejected attempts of
the pipeline included. Machines are noisy: a yardstick (a fixed piece of numpy work) is timed
before and after, and every figure is the median of several runs with its extremes.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from xuchang_sim import load_pack, load_scenario
from xuchang_sim.model import engine
from xuchang_sim.simulation import Variant, prepare, run
from xuchang_sim.worlds import Worlds


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Median, least and greatest seconds of some repeats."""
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), min(seconds), max(seconds)


def show(label: str, seconds: tuple[float, float, float], rate: float = 0.0) -> None:
    """Print a line: label, median, extremes, agent-steps per second if there are any."""
    middle, low, high = seconds
    steps = f"  {rate / middle / 1e6:7.1f} M agent-steps/s" if rate else ""
    print(f"{label:44s} {middle:8.3f} s  ({low:.3f} to {high:.3f}){steps}")


def yardstick() -> None:
    """Do a fixed piece of work."""
    values = np.linspace(0.0, 1.0, 2_000_000)
    for _ in range(5):
        np.exp(values).sum()


def agent_steps(replicates: int) -> float:
    """Mean agent-steps of a replicate of the default scenario, counted month by month."""
    pack = load_pack()
    worlds = Worlds(prepare(pack, replicates, 2012), load_scenario("plan", pack))
    count = 0
    for number in range(replicates):
        for view in worlds.months(number):
            city = view.world["city"]
            count += int(city["zones"] + city["firms"] + city["live"])
    return count / replicates


def process_seconds(*words: str) -> Callable[[], object]:
    """Run a program of its own."""
    return lambda: subprocess.run(  # noqa: S603
        [sys.executable, *words], capture_output=True, check=True
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    n, repeats = asked.replicates, asked.repeats
    pack = load_pack()
    plan = [Variant(load_scenario("plan", pack))]
    run(prepare(pack, 8, 2012), plan)
    steps = agent_steps(24)
    print(f"{steps:,.0f} agent-steps a replicate; {n} replicates; {engine.threads()} threads")
    show("yardstick before", timed(yardstick, repeats))
    for threads in sorted({1, engine.threads()}):
        os.environ["NUMBA_NUM_THREADS"] = str(threads)
        engine_seconds: list[float] = []

        def work(kept: list[float] = engine_seconds) -> None:
            kept.append(run(prepare(pack, n, 2012), plan)[0].seconds)

        whole = timed(work, repeats)
        inside = statistics.median(engine_seconds), min(engine_seconds), max(engine_seconds)
        show(f"engine, {n} replicates, threads: {threads}", inside, n * steps)
        show("  with inputs and results", whole, n * steps)
    show("xuchang-sim --help", timed(process_seconds("-m", "xuchang_sim.cli", "--help"), repeats))
    first = "from xuchang_sim import simulate; simulate(replicates=8)"
    show("new process to first result (8 replicates)", timed(process_seconds("-c", first), repeats))
    whole_command = process_seconds("-m", "xuchang_sim.cli", "assess", "-n", str(n), "--json")
    show(f"assess, {n} replicates, whole command", timed(whole_command, repeats))
    show("yardstick after", timed(yardstick, repeats))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
