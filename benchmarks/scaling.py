"""How run time and memory grow with firms, zones and replicates; what is not linear, by step.

    python -m benchmarks.scaling firms            4e3 to 1e6 firms in 200 zones
    python -m benchmarks.scaling projects         1e3 to 1.5e4 starts a year, 40,000 firms in 200 zones
    python -m benchmarks.scaling zones            10 to 250 zones, 8,000 firms
    python -m benchmarks.scaling replicates       1 to 1e5 replicates of the city, targets only
    python -m benchmarks.scaling place province   180 zones, 8,000 firms, 12 months from the opening

An exponent is the slope of log time over log size: 1 is linear. The slope from the largest two sizes
stands beside the one from all: what is superlinear shows at the end first.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import peak_memory
from benchmarks.scaled import FIRMS as FIRMS_OF_CITY, PLACES, STARTS, scaled_pack
from xuchang_sim import load_pack, load_scenario
from xuchang_sim.model.world import Sizes
from xuchang_sim.simulation import setup as engine_setup
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.profiling import profile_setup
from xuchang_sim.simulation.run import run

PROJECTS = (1_000, 3_000, 10_000, 15_000)
FIRMS = (4_000, 12_000, 40_000, 120_000, 400_000, 1_000_000)
ZONES = (10, 30, 100, 250)
REPLICATES = (1, 10, 100, 1000, 10_000, 100_000)
#: One room for all sizes of a series: one compilation, and no other change between its members.
ROOM_FIRMS = Sizes(zones=256, firms=2**21 + 280, projects=2**21 - 2**18 + 280)
ROOM_ZONES = Sizes(zones=256, firms=65_816, projects=65_816)  # a province's own
STARTS_PER_FIRM = STARTS / FIRMS_OF_CITY
#: A quarter of the city's projects, so that the largest size takes minutes and not a quarter of an hour.
FEWER = 0.25


def slope(sizes: list[float], seconds: list[float]) -> float:
    """Exponent of a power law through points (least squares of logs)."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def one_profile(
    zones: int, firms: float, starts: float, room: Sizes, replicates: int
) -> dict[str, Any]:
    """Profile a scaled pack: seconds by phase and step, agents, memory."""
    pack = scaled_pack(zones, firms, starts)
    base = prepare(pack, replicates, 2012)
    setup = engine_setup.Setup(pack, replicates, 2012, base.through, room=room)
    scenario = load_scenario("plan", pack)
    begun = time.process_time()
    found = profile_setup(setup, scenario)
    return {
        "zones": zones,
        "firms": firms,
        "projects": starts,
        "seconds": found.seconds,
        "steps": {f"{row.phase} {row.step}": row.seconds for row in found.steps},
        "agents": {f"{row.phase} {row.step}": row.agents for row in found.steps},
        "process_seconds": time.process_time() - begun,
        "peak_memory": peak_memory(),
    }


def one_run(replicates: int) -> dict[str, Any]:
    """Run the city for its targets only."""
    pack = load_pack()
    variants = [engine_setup.Variant(load_scenario("plan", pack))]
    run(prepare(pack, 1, 2012), variants, full=False)
    begun, used = time.perf_counter(), time.process_time()
    found = run(prepare(pack, replicates, 2012), variants, full=False, remember=False)[0]
    return {
        "replicates": replicates,
        "seconds": time.perf_counter() - begun,
        "process_seconds": time.process_time() - used,
        "failed": int((~found.good).sum()),
        "peak_memory": peak_memory(),
    }


def one_place(name: str, replicates: int, months: int) -> dict[str, Any]:
    """Run a place for some months from the opening of its ledgers, months kept."""
    zones, firms = PLACES[name]
    # With all of the city's projects a zone of the million would have more than any zone can have.
    starts = FEWER * STARTS_PER_FIRM * firms if name == "million" else None
    pack = scaled_pack(zones, firms, starts)
    last = 12 * pack.plan_year + months - 1
    through = f"{last // 12}-{last % 12 + 1:02d}"
    variants = [engine_setup.Variant(load_scenario("plan", pack))]
    setup = prepare(pack, 1, 2012, through)
    run(setup, variants)
    begun, used = time.perf_counter(), time.process_time()
    found = run(prepare(pack, replicates, 2012, through), variants, remember=False)[0]
    return {
        "place": name,
        "zones": zones,
        "firms": firms,
        "months": months,
        "replicates": replicates,
        "seconds": time.perf_counter() - begun,
        "engine_seconds": found.seconds,
        "process_seconds": time.process_time() - used,
        "failed": int((~found.good).sum()),
        "attempts": float(np.nanmean(found.summary[:, 1])),
        "peak_memory": peak_memory(),
    }


def child(*words: object) -> dict[str, Any]:
    """Measure in a process of its own, so that memory is its own."""
    command = [sys.executable, "-m", "benchmarks.scaling", *map(str, words)]
    told = subprocess.run(  # noqa: S603
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def exponents(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Exponents of the whole and of every step, the dearest at the largest size first."""
    sizes = [float(row[key]) for row in rows]
    found = []
    whole = [row["seconds"] for row in rows]
    for step in ("", *rows[-1]["steps"]):
        seconds = [row["steps"].get(step, 0.0) for row in rows] if step else whole
        if min(seconds) <= 0.0:
            continue
        last = math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])
        found.append(
            {
                "step": step or "all",
                "exponent": slope(sizes, seconds),
                "last": last,
                "share": seconds[-1] / whole[-1],
            }
        )
    return sorted(found, key=lambda row: -row["share"])


def show_series(rows: list[dict[str, Any]], key: str) -> None:
    """Print a series with the exponents of its steps."""
    print(f"{key:>10s} {'s/replicate':>12s} {'exponent':>9s} {'peak MiB':>9s}")
    local = [math.nan] + [
        math.log(b["seconds"] / a["seconds"]) / math.log(b[key] / a[key]) for a, b in pairwise(rows)
    ]
    for row, e in zip(rows, local, strict=True):
        memory = row["peak_memory"] / 2**20
        print(f"{row[key]:10,.0f} {row['seconds']:12.4f} {e:9.2f} {memory:9.0f}")
    if "steps" in rows[0]:
        print(f"{'step':28s} {'exponent':>9s} {'last':>6s} {'share at the largest':>21s}")
        for found in exponents(rows, key):
            print("{step:28s} {exponent:9.2f} {last:6.2f} {share:21.1%}".format(**found))


class Series:
    """The same series for asv: one world each, in a process of its own."""

    params = [
        *(f"firms {n}" for n in FIRMS),
        *(f"projects {n}" for n in PROJECTS),
        *(f"zones {n}" for n in ZONES),
    ]
    param_names = ["size"]
    timeout = 3600

    def track_replicate(self, size: str) -> float:
        kind, number = size.split()
        return float(child("one", *case(kind, int(number)), 1)["seconds"])

    track_replicate.unit = "s a replicate"  # type: ignore[attr-defined]


def case(kind: str, size: int) -> tuple[str, int, float, float]:
    """Kind, zones, firms and starts a year of one member of a series."""
    if kind == "firms":
        return kind, 200, size, FEWER * STARTS_PER_FIRM * size
    if kind == "projects":
        return kind, 200, 40_000, size
    return kind, size, 8_000, STARTS_PER_FIRM * 8_000


def main() -> None:
    """Measure one series or one place."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "what", choices=("firms", "projects", "zones", "replicates", "place", "one")
    )
    parser.add_argument("values", nargs="*")
    parser.add_argument("--replicates", type=int, default=3)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--least", type=float, default=0.0)
    parser.add_argument("--most", type=float, default=math.inf)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.what == "one":
        kind, *rest = asked.values
        if kind == "run":
            print(json.dumps(one_run(int(rest[0]))))
        else:
            zones, firms, starts, count = int(rest[0]), float(rest[1]), float(rest[2]), int(rest[3])
            room = ROOM_ZONES if kind == "zones" else ROOM_FIRMS
            print(json.dumps(one_profile(zones, firms, starts, room, count)))
        return
    if asked.what == "place":
        found: Any = one_place(asked.values[0], asked.replicates, asked.months)
        print(json.dumps(found, indent=1))
    else:
        series = {"firms": FIRMS, "projects": PROJECTS, "zones": ZONES, "replicates": REPLICATES}[
            asked.what
        ]
        found = []
        for size in series:
            if not asked.least <= size <= asked.most:
                continue
            if asked.what == "replicates":
                found.append(child("one", "run", size))
            else:
                count = max(1, min(asked.replicates, int(100_000 / size)))
                found.append(child("one", *case(asked.what, size), count))
            print(f"{size:,} done", file=sys.stderr)
        show_series(found, asked.what)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
