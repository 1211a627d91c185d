"""Waiting times of a user: start-up, compilation, whole commands, results written to files."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.engine import run_plan
from xuchang_sim import load_pack, load_scenario
from xuchang_sim.answers.sweep import sweep
from xuchang_sim.model.build.build import FLAGS
from xuchang_sim.model.build.compile import TARGETS, compile_text, compilers
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.chunk import ENTRIES
from xuchang_sim.model.machine import USUAL, targets
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.study import make_design

LOAD = (
    "from xuchang_sim.model.library import prepare; from xuchang_sim.model.world import Sizes;"
    "prepare(Sizes())"
)
COMPILE = "from benchmarks.commands import compile_anew; compile_anew()"


def compile_anew() -> None:
    """Translate and compile all rules for the usual sizes, into a folder that is deleted."""
    text = translate(ENTRIES)
    with TemporaryDirectory() as folder:
        target = TARGETS.get(targets()[0])
        compile_text(text, Path(folder) / "rules.so", "", compilers()[0], target, FLAGS[USUAL])


def program(*words: str, **environment: str) -> None:
    """Run a program of its own."""
    command = [sys.executable, *words]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)  # noqa: S603


def command(*words: str) -> None:
    """Run a command of the library."""
    program("-m", "xuchang_sim", *words)


class StartUp:
    """A new process each."""

    number = 1
    timeout = 600

    def setup(self) -> None:
        run_plan(1)

    def time_help(self) -> None:
        command("--help")

    def time_python_alone(self) -> None:
        program("-c", "pass")

    def time_import(self) -> None:
        program("-c", "import xuchang_sim.simulation.run")

    def time_first_result(self) -> None:
        program("-c", "from xuchang_sim import simulate; simulate(replicates=8)")


class Compile:
    """All rules, in a new process: from their Python, and from the library."""

    number = 1
    repeat = 1
    warmup_time = 0
    timeout = 1200

    def time_cold(self) -> None:
        program("-c", COMPILE)

    def time_warm(self) -> None:
        program("-c", LOAD)

    def setup(self) -> None:
        program("-c", LOAD)


class Whole:
    """Commands from the shell to the table; the outlook comes from its cache."""

    number = 1
    timeout = 1200

    def setup(self) -> None:
        command("assess", "-n", "8", "--json")

    def time_assess(self) -> None:
        command("assess", "-n", "1000", "--json")

    def time_matrix(self) -> None:
        command("matrix", "-n", "400", "--json")

    def time_matrix_short(self) -> None:
        command("matrix", "-n", "40", "--json")


class Sweep:
    """A sweep of 32 points, 50 replicates each, to its last file."""

    number = 1
    timeout = 1200

    def setup(self) -> None:
        points = {
            "quota_per_zone": [150.0 + 10 * k for k in range(32)],
            "platform_financing": [1.2 + 0.05 * k for k in range(32)],
        }
        self.design = make_design(points, replicates=50)
        run_plan(1)

    def time_sweep(self) -> None:
        with TemporaryDirectory() as folder:
            sweep(self.design, out=Path(folder) / "sweep")


class Writing:
    """Results of 1,000 replicates in other forms."""

    number = 1
    timeout = 600

    def setup(self) -> None:
        pack = load_pack()
        self.results = run(prepare(pack, 1000, 2012), [Variant(load_scenario("plan", pack))])[0]

    def time_frame(self) -> None:
        self.results.to_frame()

    def time_parquet(self) -> None:
        frame = self.results.to_frame()
        with TemporaryDirectory() as folder:
            frame.to_parquet(Path(folder) / "months.parquet")

    def time_targets(self) -> None:
        self.results.targets()

    def peakmem_full(self) -> None:
        """All months of 1,000 replicates (``setup`` ran them)."""
