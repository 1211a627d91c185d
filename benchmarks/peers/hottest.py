"""The engine's hottest steps against the same steps written by hand in C, on the same worlds.

Worlds are stopped before a step in each month of a year of several replicates. Every form starts
from a copy of the same memory; its result is compared with the engine's before it is timed. Timed
is each world several times in a row, as a run does month after month, so that memory is warm.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.peers.layout import header
from benchmarks.peers.timing import Records, Replicates, Row, cpu_seconds, row
from tests.rules import entry
from xuchang_sim.model.chunk import begin_world, perform, tick
from xuchang_sim.model.memory import Inputs1, Worlds1, blank
from xuchang_sim.model.schedule import STEPS
from xuchang_sim.model.steps.firms import orders, shocks, small_lump
from xuchang_sim.model.steps.labour import employ
from xuchang_sim.model.steps.production import account, produce
from xuchang_sim.model.steps.projects import construct
from xuchang_sim.model.world import (
    TILE,
    City,
    Firms,
    Inputs,
    Projects,
    Sizes,
    Tally,
    World,
    Zones,
    columns,
)
from xuchang_sim.study import profile

if TYPE_CHECKING:
    from collections.abc import Mapping

Form = Callable[[Records, Records, int], None]
Forms = dict[str, Form]
RELATIVE = 1e-12
#: After several months in a row: differences grow where numbers are what others leave.
RELATIVE_LATER = 1e-9
#: Part of that, times the largest number of a column (at least 1; of persons 100, about what a firm
#: employs): what differences of such leave. A draw is what is left of up to ten units of money, whose
#: last digit is 1.8e-15, an unfilled post what is left of some hundred, whose last digit is 5.7e-14.
ROUNDING = 1e-2
LEAST = {"人": 100.0}
PASSES = 8
NAMES = tuple(rule.__name__ for rule in STEPS)
#: Flags of the compiler: the same bits as the engine, and the limit without that promise.
STRICT = ("-O3", "-march=native", "-ffp-contract=off")
FAST = ("-O3", "-march=native", "-ffast-math")
TABLES = {"city": City, "zone": Zones, "firm": Firms, "project": Projects, "tally": Tally}
#: Overlays, and what lives only within a step: its form is each peer's own affair.
SCRATCH = frozenset(("block", "measures", "rows", "moved", "word_0", "word_1", "late", "key"))


@entry
def repeat_draws(memory: Worlds1, _inputs: Inputs1, passes: int) -> None:
    """Draw two words for every firm of every world, a number of times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            for begin in range(0, memory[n].city.firms, TILE):
                shocks(memory[n], begin, min(begin + TILE, memory[n].city.firms))


@entry
def repeat_orders(memory: Worlds1, inputs: Inputs1, passes: int) -> None:
    """Move the orders of every world a number of times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            orders(memory[n], inputs[n])


@entry
def repeat_small_lump(memory: Worlds1, inputs: Inputs1, passes: int) -> None:
    """Spend small investment in every world a number of times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            small_lump(memory[n], inputs[n])


@entry
def repeat_produce(memory: Worlds1, inputs: Inputs1, passes: int) -> None:
    """Produce in every world a number of times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            produce(memory[n], inputs[n])


@entry
def repeat_construct(memory: Worlds1, inputs: Inputs1, passes: int) -> None:
    """Build in every world a number of times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            construct(memory[n], inputs[n])


@entry
def repeat_employ(memory: Worlds1, inputs: Inputs1, passes: int) -> None:
    """Hire and part in every world a number of times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            employ(memory[n], inputs[n])


@entry
def repeat_account(memory: Worlds1, inputs: Inputs1, passes: int) -> None:
    """Book the month of every world a number of times."""
    for n in range(memory.shape[0]):
        for _ in range(passes):
            account(memory[n], inputs[n])


class Hot(NamedTuple):
    """A hot step: the engine's name of the step it stands in, and the engine's own loop over it."""

    before: str
    engine: Callable[[Any, Any, int], None]
    unit: str


STEPS_TIMED: dict[str, Hot] = {
    "draws": Hot("orders", repeat_draws, "firm"),
    "orders": Hot("orders", repeat_orders, "firm"),
    "small_lump": Hot("small_lump", repeat_small_lump, "firm"),
    "employ": Hot("employ", repeat_employ, "firm"),
    "produce": Hot("produce", repeat_produce, "firm"),
    "account": Hot("account", repeat_account, "firm"),
    "construct": Hot("construct", repeat_construct, "live project"),
}


class Stopped(NamedTuple):
    """Worlds stopped before a step, and what they are given."""

    memory: Records
    inputs: Records
    sizes: Sizes

    def count(self, unit: str) -> int:
        """Agents in all worlds."""
        name = "firms" if unit == "firm" else "live"
        return int(self.memory["city"][name].sum())

    def run(self, work: Form, passes: int) -> Records:
        """Do work on a copy and return it."""
        copy = self.memory.copy()
        work(copy, self.inputs, passes)
        return copy


def stop_before(replicates: Replicates, first: int, worlds: int = 12) -> dict[str, Stopped]:
    """Run worlds and stop each before the hot steps of one of the months from ``first`` on.

    World n is of replicate n (over and over) in month ``first + n``.
    """
    sizes = replicates.sizes
    given = blank(Inputs, sizes, worlds)
    for n in range(worlds):
        given[n] = replicates.inputs(n % replicates.count)[0]
    stops = sorted({NAMES.index(hot.before) for hot in STEPS_TIMED.values()})
    kept = {stop: blank(World, sizes, len(given)) for stop in stops}
    for n in range(len(given)):
        one, memory = given[n : n + 1], blank(World, sizes)
        rules = memory, one
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
    return {
        name: Stopped(kept[NAMES.index(h.before)], given, sizes) for name, h in STEPS_TIMED.items()
    }


# ---------------------------------------------------------------------------- the two forms


def by_engine(name: str) -> Form:
    """Return the engine's own form of a step, in its own loop over worlds: to be timed."""
    repeat = STEPS_TIMED[name].engine

    def work(memory: Records, inputs: Records, passes: int) -> None:
        repeat(memory, inputs, passes)

    return work


def by_schedule(name: str) -> Form:
    """Return the engine's own form of a step as the schedule performs it: to be compared with."""
    number = NAMES.index(STEPS_TIMED[name].before)

    def work(memory: Records, inputs: Records, passes: int) -> None:
        for n in range(len(memory)):
            rules = memory[n : n + 1], inputs[n : n + 1]
            for _ in range(passes):
                perform(*rules, number)

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
        unit, library = Path(folder) / "twin.o", Path(folder) / "twin.so"
        # Linked without the flags: with -ffast-math, gcc before 13 links code that, once loaded, makes
        # the processor flush subnormal numbers to zero in whatever else the process computes.
        for words in (
            ["-std=c11", *flags, "-c", "-fPIC", f"-I{folder}", str(source), "-o", str(unit)],
            ["-shared", str(unit), "-o", str(library), "-lm"],
        ):
            subprocess.run([gcc, *words], check=True)  # noqa: S603
        return ctypes.CDLL(str(library))


def by_c(name: str, sizes: Sizes, flags: tuple[str, ...]) -> Form:
    """Return the C form of a step."""
    repeat = getattr(twin(sizes, flags), f"repeat_{name}")
    repeat.restype = None
    repeat.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]

    def work(memory: Records, inputs: Records, passes: int) -> None:
        repeat(memory.ctypes.data, inputs.ctypes.data, len(memory), passes)

    return work


# ---------------------------------------------------------------------------- comparison, timing


def unlike(one: Records, other: Records, relative: float = RELATIVE) -> tuple[list[str], bool]:
    """Compare worlds: which columns differ by more than rounding, and whether all bits agree."""
    different: list[str] = []
    bits = True
    for table, declared in TABLES.items():
        for name, column in columns(declared).items():
            if name in SCRATCH:
                continue
            a, b = one[table][name], other[table][name]
            bits = bits and np.array_equal(a, b)
            if a.dtype.kind == "i":
                wrong = a != b
            else:
                size = np.maximum(np.abs(a), np.abs(b))
                floor = ROUNDING * max(LEAST.get(column.unit, 1.0), size.max(initial=0.0))
                wrong = ~(np.abs(a - b) <= relative * (size + floor))
            if wrong.any():
                at = tuple(int(k) for k in np.argwhere(wrong)[0])
                different.append(f"{table}.{name}{list(at)}: {a[at]!r}, {b[at]!r}")
    return different, bits


def forms(name: str, sizes: Sizes, *, with_c: bool) -> Forms:
    """Return the peers of a step by name."""
    if not with_c:
        return {}
    return {
        "C twin, gcc -O3": by_c(name, sizes, STRICT),
        "C twin, gcc -O3 -ffast-math": by_c(name, sizes, FAST),
    }


def check(stopped: Mapping[str, Stopped], *, with_c: bool) -> dict[str, bool]:
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
        for passes, relative in ((1, RELATIVE), (PASSES, RELATIVE_LATER)):
            engine = worlds.run(by_schedule(name), passes)
            if not unlike(engine, worlds.memory)[0]:
                message = f"{name} changed nothing: there is nothing to compare"
                raise AssertionError(message)
            for form, work in forms(name, worlds.sizes, with_c=with_c).items():
                different, bits = unlike(engine, worlds.run(work, passes), relative)
                if different:
                    message = f"{name}, {form}: {'; '.join(different[:5])}"
                    raise AssertionError(message)
                found[f"{name}, {form}"] = bits
    return found


def explained(replicates: int, turns: int = 5) -> float:
    """Return the share of an open month's time that is spent in the steps compared here.

    Of each step the least time of some turns counts: other programs only add to it.
    """
    least: dict[str, float] = {}
    for _ in range(turns):
        for part in profile("plan", replicates).steps:
            if part.phase == "open":
                least[part.step] = min(part.seconds, least.get(part.step, part.seconds))
    return sum(least[step] for step in STEPS_TIMED if step in least) / sum(least.values())


def forms_in_turn(worlds: Stopped, work_of: Forms, rounds: int) -> dict[str, list[float]]:
    """Return the processor seconds of every form of a step, in turn, `times` times."""
    seconds: dict[str, list[float]] = {form: [] for form in work_of}
    copy = worlds.memory.copy()
    for turn in range(rounds + 1):
        for form, work in work_of.items():
            np.copyto(copy, worlds.memory)
            taken = cpu_seconds(partial(work, copy, worlds.inputs, PASSES))
            if turn:  # the first round only warms up
                seconds[form].append(taken)
    return seconds


def step_rows(stopped: Mapping[str, Stopped], rounds: int, *, with_c: bool) -> list[Row]:
    """Time every form of every step in turn; :func:`check` comes first."""
    rows = []
    for name, worlds in stopped.items():
        peers = forms(name, worlds.sizes, with_c=with_c)
        seconds = forms_in_turn(worlds, {"engine": by_engine(name), **peers}, rounds)
        unit = STEPS_TIMED[name].unit
        each = 1e9 / (PASSES * worlds.count(unit))
        for form, taken in seconds.items():
            ratios = [a / b for a, b in zip(taken, seconds["engine"], strict=True)]
            rows.append(
                row(
                    f"{name}: {form}",
                    f"ns per {unit} and month",
                    [each * one for one in taken],
                    None if form == "engine" else ratios,
                )
            )
    return rows
