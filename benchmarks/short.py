"""The short form of the suite: a table in under three minutes, and a small file to compare with.

Every round measures each benchmark once, between two readings of the yardstick; medians and
extremes are over the rounds. The measured code is that of the suite itself.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import xuchang_sim
from benchmarks import commands, engine, outlook
from benchmarks.measure import machine, peak_memory, seconds_of, yardstick

RESULTS = Path(__file__).parent / "results"


class Item(NamedTuple):
    """One benchmark of the short form; ``once`` where a single run is all there is time for."""

    name: str
    home: type[Any]
    method: str
    parameters: tuple[Any, ...] = ()
    once: bool = False


ITEMS = (
    Item("engine, 400 replicates, 1 thread", engine.Threads, "time_threads", (1,)),
    Item("engine, 400 replicates, 2 threads", engine.Threads, "time_threads", (2,)),
    Item("engine, 100 replicates to 2015-12", engine.Months, "time_months", ("2015-12",)),
    Item("province, 4 replicates, 12 months", engine.Province, "time_province", (4,)),
    Item("--help", commands.StartUp, "time_help"),
    Item("import", commands.StartUp, "time_import"),
    Item("first result, 8 replicates", commands.StartUp, "time_first_result"),
    Item("rules loaded", commands.Compile, "time_warm"),
    Item("rules compiled", commands.Compile, "time_cold", once=True),
    Item("outlook, drivers cold", outlook.Drivers, "time_drivers", ("cold",), once=True),
    Item("outlook, drivers kept", outlook.Drivers, "time_drivers", ("kept",)),
    Item("outlook, forecast of ppi_yoy", outlook.Forecast, "time_forecast", ("ppi_yoy",)),
    Item("assess, 1000 replicates", commands.Whole, "time_assess"),
    Item("matrix, 27 x 40", commands.Whole, "time_matrix_short"),
    Item("sweep, 32 x 50", commands.Sweep, "time_sweep"),
    Item("months to a data frame", commands.Writing, "time_frame"),
)
MEMORY = (
    Item("memory, 1000 replicates, targets", engine.Replicates, "peakmem_targets", (1000,)),
    Item("memory, 100000 replicates, targets", engine.HundredThousand, "peakmem_targets"),
    Item("memory, 1000 replicates, months", commands.Writing, "peakmem_full"),
)


def prepared(item: Item) -> tuple[Callable[[], object], Callable[[], object]]:
    """Set a benchmark up; return what to measure and what to do after."""
    home = item.home()
    if hasattr(home, "setup"):
        home.setup(*item.parameters)

    def after() -> None:
        if hasattr(home, "teardown"):
            home.teardown(*item.parameters)

    return lambda: getattr(home, item.method)(*item.parameters), after


def timed(item: Item) -> float:
    """Seconds of one run, set-up left out."""
    work, after = prepared(item)
    try:
        return seconds_of(work)
    finally:
        after()


def memory(item: Item) -> int:
    """Peak memory of one run in a process of its own, set-up included."""
    words = [sys.executable, "-m", "benchmarks.short", "--memory-of", item.name]
    told = subprocess.run(  # noqa: S603
        words, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    return int(told.stdout)


def measure(rounds: int, only: list[str], say: Callable[[str], object]) -> dict[str, Any]:
    """Measure what has one of the words ``only`` in its name; return a result file's content."""

    def wanted(item: Item) -> bool:
        return not only or any(word in item.name for word in only)

    items = [item for item in ITEMS if wanted(item)]
    samples: dict[str, dict[str, Any]] = {}
    rods: list[list[float]] = []
    for number in range(rounds):
        before = yardstick()
        for item in items:
            if item.once and number:
                continue
            say(f"round {number + 1} of {rounds}: {item.name}")
            if number == 0 and not item.once:
                timed(item)  # compiles, reads, fills caches: not counted
            entry = samples.setdefault(item.name, {"unit": "s", "samples": [], "rounds": []})
            entry["samples"].append(timed(item))
            entry["rounds"].append(number)
        rods.append([before, yardstick()])
    for item in MEMORY:
        if wanted(item):
            say(item.name)
            samples[item.name] = {"unit": "B", "samples": [memory(item)], "rounds": [0]}
    return {
        "version": xuchang_sim.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "agent_steps": engine.agent_steps(),
        "yardstick": rods,
        "benchmarks": samples,
    }


def table(found: dict[str, Any]) -> str:
    """Lay a result out as a table."""
    rods = [second for pair in found["yardstick"] for second in pair]
    name = found["machine"]["processor"]
    lines = [
        f"xuchang-sim {found['version']}, {name}, {found['machine']['processors']} processors",
        (
            f"yardstick {1e3 * statistics.median(rods):.1f} ms "
            f"({1e3 * min(rods):.1f} to {1e3 * max(rods):.1f}), before and after every round"
        ),
        f"{'benchmark':36s} {'median':>10s} {'least':>10s} {'most':>10s}",
    ]
    for key, entry in found["benchmarks"].items():
        values = entry["samples"]
        factor, unit = (2.0**-20, "MiB") if entry["unit"] == "B" else (1.0, "s")
        middle, low, high = (f(values) * factor for f in (statistics.median, min, max))
        rate = ""
        if key.startswith("engine, 400"):
            rate = f"  {400 * found['agent_steps'] / middle / 1e6:.1f} M agent-steps/s"
        lines.append(f"{key:36s} {middle:10.3f} {low:10.3f} {high:10.3f} {unit}{rate}")
    lines.append(
        f"{found['agent_steps']:,.0f} agent-steps a replicate, rejected pipelines included"
    )
    return "\n".join(lines)


def baseline(found: dict[str, Any]) -> Path:
    """Return the file of a release on one kind of processor: 0.1.0-amd-epyc.json."""
    words = re.sub(r"\(\w+\)|@.*|processor|cpu", " ", str(found["machine"]["processor"]).lower())
    return RESULTS / f"{'-'.join([found['version'], *re.findall('[a-z0-9]+', words)])}.json"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--only", nargs="*", default=[], help="words in the names of benchmarks")
    parser.add_argument("--out", type=Path, help="write the result file")
    parser.add_argument(
        "--keep", action="store_true", help=f"write it to {RESULTS.name}/VERSION-PROCESSOR.json"
    )
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory_of:
        item = next(item for item in MEMORY if item.name == asked.memory_of)
        prepared(item)[0]()
        print(peak_memory())
        return

    def say(text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{text:60s}")

    found = measure(asked.rounds, asked.only, say)
    say("")
    print(table(found))
    out = baseline(found) if asked.keep else asked.out
    if out:
        out.parent.mkdir(exist_ok=True)
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"kept in {out}")


if __name__ == "__main__":
    main()
