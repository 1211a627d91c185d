"""The engine's hottest steps against the same steps in C and in numpy, on the same worlds.

Worlds are stopped before a step in each month of a year of several replicates. Every form starts
from a copy of the same memory; its result is compared with the engine's before it is timed. Timed
is each world several times in a row, as a run does month after month, so that memory is warm.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.peers import arrays
from benchmarks.peers.layout import header
from benchmarks.peers.timing import Records, Replicates, Row, cpu_seconds, row
from xuchang_sim.model.engine import as_rules, begin_world, tick
from xuchang_sim.model.kernel import entry
from xuchang_sim.model.schedule import STEPS, perform
from xuchang_sim.model.steps.firms import orders, shocks
from xuchang_sim.model.steps.production import produce
from xuchang_sim.model.steps.projects import construct
from xuchang_sim.model.world import (
    City,
    Firms,
    Inputs,
    Projects,
    Sizes,
    Tally,
    World,
    Zones,
    blank,
    columns,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RELATIVE = 1e-12
#: Absolute, times the largest number of the column (at least 1): what differences of such leave.
ROUNDING = 1e-15
PASSES = 8
#: Flags of the compiler: the same bits as the engine, and the limit without that promise.
STRICT = ("-O3", "-march=native", "-ffp-contract=off")
FAST = ("-O3", "-march=native", "-ffast-math")
TABLES = {"city": City, "zone": Zones, "firm": Firms, "project": Projects, "tally": Tally}
#: Overlays, and what lives only within a step: its form is each peer's own affair.
SCRATCH = frozenset(("block", "measures", "rows", "moved", "word_0", "word_1", "key"))


@entry
def repeat_draws(memory: Any, inputs: Any, passes: int) -> None:
    """Draw two words for every firm of every world, so many times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            shocks(memory[n])


@entry
def repeat_orders(memory: Any, inputs: Any, passes: int) -> None:
    """Move the orders of every world so many times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            orders(memory[n], inputs[n])


@entry
def repeat_produce(memory: Any, inputs: Any, passes: int) -> None:
    """Produce in every world so many times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            produce(memory[n], inputs[n])


@entry
def repeat_construct(memory: Any, inputs: Any, passes: int) -> None:
    """Build in every world so many times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            construct(memory[n], inputs[n])


class Hot(NamedTuple):
    """A hot step: the engine's name of the step it stands in, and the engine's own loop over it."""

    before: str
    engine: Callable[[Any, Any, int], None]
    unit: str


STEPS_TIMED: dict[str, Hot] = {
    "draws": Hot("orders", repeat_draws, "firm"),
    "orders": Hot("orders", repeat_orders, "firm"),
    "produce": Hot("produce", repeat_produce, "firm"),
    "construct": Hot("construct", repeat_construct, "live project"),
}


class Stopped(NamedTuple):
    """Worlds stopped before a step, and what they are given."""

    memory: Records
    inputs: Records

    def count(self, unit: str) -> int:
        """Agents in all worlds."""
        name = "firms" if unit == "firm" else "live"
        return int(self.memory["city"][name].sum())

    def run(self, work: Callable[[Records, Records, int], None], passes: int) -> Records:
        """Do work on a copy and return it."""
        copy = self.memory.copy()
        work(copy, self.inputs, passes)
        return copy


def stop_before(replicates: Replicates, first: int, worlds: int = 12) -> dict[str, Stopped]:
    """Run worlds and stop each before the hot steps of one of the months from ``first`` on.

    World n is of replicate n (over and over) in month ``first + n``.
    """
    given = blank(Inputs, replicates.sizes, worlds)
    for n in range(worlds):
        given[n] = replicates.inputs(n % replicates.count)[0]
    return stop_each(given, replicates.sizes, first)


def stop_each(given: Records, sizes: Sizes, first: int) -> dict[str, Stopped]:
    """Stop world n before the hot steps of month ``first + n``."""
    names = [rule.__name__ for rule in STEPS]
    stops = sorted({names.index(hot.before) for hot in STEPS_TIMED.values()})
    kept = {stop: blank(World, sizes, len(given)) for stop in stops}
    for n in range(len(given)):
        one, memory = given[n : n + 1], blank(World, sizes)
        rules = as_rules(memory), as_rules(one)
        begin_world(*rules)
        while not (memory[0]["city"]["phase"] == 2 and memory[0]["city"]["t"] >= first + n - 1):
            tick(*rules)
            if memory[0]["city"]["code"]:
                message = f"world {n} cannot be run"
                raise RuntimeError(message)
        for number in range(stops[-1] + 1):
            if number in kept:
                kept[number][n] = memory[0]
            perform(*rules, number)
    return {name: Stopped(kept[names.index(h.before)], given) for name, h in STEPS_TIMED.items()}


# ---------------------------------------------------------------------------- the three forms


def by_engine(name: str) -> Callable[[Records, Records, int], None]:
    """Return the engine's own form of a step."""
    repeat = STEPS_TIMED[name].engine

    def work(memory: Records, inputs: Records, passes: int) -> None:
        repeat(as_rules(memory), as_rules(inputs), passes)

    return work


def by_numpy(name: str) -> Callable[[Records, Records, int], None]:
    """Return the vectorised form of a step."""
    vectorised: Callable[[arrays.Columns], object] = getattr(arrays, name)

    def work(memory: Records, inputs: Records, passes: int) -> None:
        for n in range(len(memory)):
            world = arrays.Columns(memory[n], inputs[n])
            for _ in range(passes):
                vectorised(world)

    return work


def compiler() -> str | None:
    """Return the path of the C compiler, if there is one."""
    return shutil.which("gcc")


@cache
def twin(sizes: Sizes, flags: tuple[str, ...]) -> ctypes.CDLL:
    """Compile the C form for a layout; raise ``FileNotFoundError`` without a compiler."""
    gcc = compiler()
    if gcc is None:
        message = "no gcc on this machine"
        raise FileNotFoundError(message)
    source = Path(__file__).with_name("twin.c")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "world.h").write_text(header(sizes), encoding="ascii")
        library = Path(folder) / "twin.so"
        command = [gcc, "-std=c11", *flags, "-shared", "-fPIC", f"-I{folder}"]
        subprocess.run([*command, str(source), "-o", str(library), "-lm"], check=True)  # noqa: S603
        return ctypes.CDLL(str(library))


def by_c(name: str, sizes: Sizes, flags: tuple[str, ...]) -> Callable[[Records, Records, int], None]:
    """Return the C form of a step."""
    repeat = getattr(twin(sizes, flags), f"repeat_{name}")
    repeat.restype = None
    repeat.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]

    def work(memory: Records, inputs: Records, passes: int) -> None:
        repeat(memory.ctypes.data, inputs.ctypes.data, len(memory), passes)

    return work


# ---------------------------------------------------------------------------- comparison, timing


def unlike(one: Records, other: Records) -> tuple[list[str], bool]:
    """Compare worlds: which columns differ by more than rounding, and whether all bits agree."""
    different: list[str] = []
    bits = True
    for table, declared in TABLES.items():
        for name in columns(declared):
            if name in SCRATCH:
                continue
            a, b = one[table][name], other[table][name]
            bits = bits and np.array_equal(a, b)
            if a.dtype.kind == "i":
                wrong = a != b
            else:
                size = np.maximum(np.abs(a), np.abs(b))
                wrong = ~(np.abs(a - b) <= RELATIVE * size + ROUNDING * max(1.0, size.max(initial=0.0)))
            if wrong.any():
                at = tuple(int(k) for k in np.argwhere(wrong)[0])
                different.append(f"{table}.{name}{list(at)}: {a[at]!r}, {b[at]!r}")
    return different, bits


def forms(name: str, sizes: Sizes, *, with_c: bool) -> dict[str, Callable[..., None]]:
    """Return the peers of a step by name."""
    found: dict[str, Callable[..., None]] = {}
    if with_c:
        found["C twin, gcc -O3"] = by_c(name, sizes, STRICT)
        found["C twin, gcc -O3 -ffast-math"] = by_c(name, sizes, FAST)
    found["numpy form"] = by_numpy(name)
    return found


def check(stopped: Mapping[str, Stopped], sizes: Sizes, *, with_c: bool) -> dict[str, bool]:
    """Compare every form of every step with the engine's; raise if one differs.

    Returns
    -------
    dict of str to bool
        By step and form: whether all bits agree.
    """
    found = {}
    for name, worlds in stopped.items():
        if name == "draws":
            continue  # they leave no trace of their own; orders tell
        for passes in (1, PASSES):
            engine = worlds.run(by_engine(name), passes)
            if not unlike(engine, worlds.memory)[0]:
                message = f"{name} changed nothing: there is nothing to compare"
                raise AssertionError(message)
            for form, work in forms(name, sizes, with_c=with_c).items():
                different, bits = unlike(engine, worlds.run(work, passes))
                if different:
                    message = f"{name}, {form}: {'; '.join(different[:5])}"
                    raise AssertionError(message)
                found[f"{name}, {form}"] = bits
    return found


def step_rows(
    stopped: Mapping[str, Stopped], sizes: Sizes, rounds: int, *, with_c: bool
) -> list[Row]:
    """Time every form of every step in turn; :func:`check` comes first."""
    rows = []
    for name, worlds in stopped.items():
        engine = by_engine(name)
        peers = forms(name, sizes, with_c=with_c)
        seconds: dict[str, list[float]] = {form: [] for form in ("engine", *peers)}
        copy = worlds.memory.copy()
        for turn in range(rounds + 1):
            for form, work in {"engine": engine, **peers}.items():
                np.copyto(copy, worlds.memory)
                taken = cpu_seconds(lambda run=work: run(copy, worlds.inputs, PASSES))
                if turn:  # the first round only warms up
                    seconds[form].append(taken)
        unit = STEPS_TIMED[name].unit
        each = 1e9 / (PASSES * worlds.count(unit))
        for form, taken_each in seconds.items():
            ratios = [a / b for a, b in zip(taken_each, seconds["engine"], strict=True)]
            rows.append(
                row(
                    f"{name}: {form}",
                    f"ns per {unit} and month",
                    [each * one for one in taken_each],
                    None if form == "engine" else ratios,
                )
            )
    return rows
