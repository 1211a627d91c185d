"""Compiled rules against compiled rules: processor time of one chunk, in turns.

    python -m benchmarks.kernel usual any                    # two libraries of these rules
    python -m benchmarks.kernel usual ../other/src:usual     # these rules and those of another checkout
    python -m benchmarks.kernel usual:v3 usual:v4            # for other processors, where both lie there

Every side is a process that stands ready with its inputs; the pairs are run in turns, so that what else
the machine does falls on both. The ratio is that of the second to the first.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
PROGRAM = """
import hashlib, os, sys, time
room, processor, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
from xuchang_sim.model import engine
from xuchang_sim.model.chunk import run_chunk
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation import run as runs
try:
    from xuchang_sim.simulation.arguments import prepare
    from xuchang_sim.simulation.setup import Variant
except ImportError:  # an older checkout
    from xuchang_sim.simulation.run import Variant, prepare
Batch = getattr(runs, "Batch", None) or runs._Group
if room == "any":
    from xuchang_sim.model import library
    library.Sizes = object  # no sizes are the usual ones
if processor:
    from xuchang_sim.model import machine
    every = machine.targets()
    machine.targets = lambda: [t for t in every if t.endswith(processor)]
pack = load_pack()
scenario = load_scenario("plan", pack)
setup = prepare(pack, count, 2012)
group = Batch(setup, [Variant(scenario)], scenario.parameters, full=False)
plan = getattr(group, "plan", group)  # in an older checkout the engine's view of it
given = group.inputs(0, count)
given["check"] = 0  # of a run some replicates are checked; here none
block = plan.block(1, count)
asked = block
world, saved = engine._memory(plan.sizes)
if hasattr(engine, "kernel"):  # a checkout that was compiled by Numba
    run_chunk, asked = engine.kernel("run_chunk", group.sizes), [*block, ()]
    world, saved, given = (engine.as_rules(each) for each in (world, saved, given))
elif "checked" in run_chunk.__annotations__:
    asked = [*block, 0]
print("ready", flush=True)
for _ in sys.stdin:
    for part in block:
        if part is not block.kept:
            part[...] = 0
    begun = time.thread_time()
    run_chunk(world, saved, given, plan.branch, plan.until, *asked)
    spent = time.thread_time() - begun
    bits = hashlib.sha256(b"".join(part.tobytes() for part in block)).hexdigest()[:12]
    print(spent, bits, flush=True)
"""


class Side:
    """A process that runs the chunk whenever it is asked to."""

    def __init__(self, said: str, count: int, python: str) -> None:
        *where, room = said.split(":")
        processor = ""
        if room not in {"usual", "any"}:
            *where, room, processor = [*where, room]
        source = Path(where[0]).resolve() if where else SOURCE
        path = {**os.environ, "PYTHONPATH": str(source)}
        command = [python, "-c", PROGRAM, room, processor, str(count)]
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            command, env=path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._read() == ["ready"]

    def _read(self) -> list[str]:
        assert self._process.stdout
        words = self._process.stdout.readline().split()
        if not words:
            raise SystemExit(self._process.wait() or 1)
        return words

    def run(self) -> tuple[float, str]:
        """Run the chunk; return its processor seconds and the digest of its results."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        spent, bits = self._read()
        return float(spent), bits

    def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def main() -> int:
    """Measure what the command line names; exit 1 if the sides give other bits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sides", nargs=2, help="[folder of sources:]usual or any[:end of a target]")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--replicates", type=int, default=16)
    parser.add_argument("--python", nargs=2, default=[sys.executable] * 2, help="of each side")
    given = parser.parse_args()
    sides = [
        Side(side, given.replicates, python)
        for side, python in zip(given.sides, given.python, strict=True)
    ]
    found = [side.run() for side in sides for _ in range(2)]  # memory is touched for the first time
    pairs = []
    for turn in range(given.turns):
        order = sides if turn % 2 == 0 else sides[::-1]
        spent = {side: side.run()[0] for side in order}
        pairs.append([spent[side] for side in sides])
    for side in sides:
        side.end()
    ratios = sorted(two / one for one, two in pairs)
    for said, times in zip(given.sides, zip(*pairs, strict=True), strict=True):
        print(f"{said:30s} {1e3 * statistics.median(times):8.2f} ms (least {1e3 * min(times):.2f})")
    print(
        f"ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}), "
        f"of the least times {min(b for _, b in pairs) / min(a for a, _ in pairs):.3f}"
    )
    same = len({bits for _, bits in found}) == 1
    print("same bits" if same else "other bits")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
