"""Lower bound of the cost of a step: bytes, draws and transcendental calls against measured rates.

Columns and calls are counted in the rules' own source, callees included, each once: a rule that
goes through its rows twice from the cache pays more, one whose branches are rare pays less.
"""

import ast
import inspect
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

import xuchang_sim.model
from tests.rules import entry
from xuchang_sim.model import elementary, streams
from xuchang_sim.model.memory import Floats1, Ints1
from xuchang_sim.model.world import Firms, Projects, Temp, columns
from xuchang_sim.simulation.profiling import OVER_FIRMS, OVER_PROJECTS, Profile
from xuchang_sim.study import profile

CALLS = {"exp", "log", "sqrt", "circle"}
DRAWS = {"philox", "uniforms"}
TABLES = {"firm": columns(Firms), "project": columns(Projects), "temp": columns(Temp)}


class Need(NamedTuple):
    """Bytes that a rule reads and writes of one row at most, and the functions it calls for it."""

    read: frozenset[str]
    written: frozenset[str]
    draws: int
    calls: int

    @property
    def bytes(self) -> int:
        """Bytes of a row that pass to and from the rule, each column once."""
        return 8 * (len(self.read) + len(self.written))


class Rates(NamedTuple):
    """Measured in one thread: nanoseconds for a byte near and far, for a draw, for a call."""

    byte_near: float
    byte_far: float
    draw: float
    call: float


@cache
def sources() -> dict[str, ast.FunctionDef]:
    """Every rule and helper of the model by name."""
    found = {}
    for path in sorted(Path(inspect.getfile(xuchang_sim.model)).parent.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = node
    return found


def need(name: str) -> Need:
    """Count what a rule needs for a row, callees included."""
    read: set[str] = set()
    written: set[str] = set()
    counts = {"draws": 0, "calls": 0}
    seen: set[str] = set()

    def visit(rule: str) -> None:
        if rule in seen:
            return
        seen.add(rule)
        local: dict[str, str] = {}  # a column bound to a name of its own
        for node in ast.walk(sources()[rule]):
            if isinstance(node, ast.Assign):
                pairs = zip(_flat(node.targets[0]), _flat(node.value), strict=False)
                local |= {
                    t.id: c for t, v in pairs if isinstance(t, ast.Name) and (c := _column(v))
                }
        for node in ast.walk(sources()[rule]):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
                read.update({_named(node.target.value, local)} - {""})
            if isinstance(node, ast.Subscript) and (column := _named(node.value, local)):
                (written if isinstance(node.ctx, ast.Store) else read).add(column)
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                called = node.func.id if isinstance(node.func, ast.Name) else called
                counts["calls"] += called in CALLS
                counts["draws"] += called in DRAWS
                if called in sources() and called not in DRAWS | CALLS:
                    visit(called)

    visit(name)
    return Need(frozenset(read), frozenset(written), counts["draws"], counts["calls"])


def _flat(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _column(node: ast.expr) -> str:
    """``firm.K`` of ``w.firm.K`` or ``firm.K``, else nothing."""
    if isinstance(node, ast.Attribute):
        owner = node.value
        table = owner.attr if isinstance(owner, ast.Attribute) else ""
        table = owner.id if isinstance(owner, ast.Name) else table
        if node.attr in TABLES.get(table, ()):
            return f"{table}.{node.attr}"
    return ""


def _named(node: ast.expr, local: dict[str, str]) -> str:
    return local.get(node.id, "") if isinstance(node, ast.Name) else _column(node)


@entry
def _triad(a: Floats1, b: Floats1, c: Floats1, times: int) -> None:
    for _ in range(times):
        for i in range(a.shape[0]):
            a[i] = b[i] + 1.5 * c[i]
        a[0] += 1e-9


@entry
def _draw(words: Ints1, times: int) -> None:
    for month in range(times):
        for i in range(words.shape[0]):
            a, b, _, _ = philox(i & 0xFFFFFFFF, month, 3, 7, 2012, 0)
            words[i] = a ^ b


@entry
def _transcend(a: Floats1, b: Floats1, times: int) -> None:
    for _ in range(times):
        for i in range(a.shape[0]):
            b[i] = exp(0.3 * log(a[i]))
        a[0] += 1e-9


philox, exp, log = streams.philox, elementary.exp, elementary.log


def _nanoseconds(work: Callable[[int], object], units: float) -> float:
    """Least of seven runs, per unit, of about 30 ms each."""
    work(1)
    begun = time.thread_time()
    work(1)
    times = max(1, int(0.03 / max(1e-7, time.thread_time() - begun)))
    seconds = []
    for _ in range(7):
        begun = time.thread_time()
        work(times)
        seconds.append(time.thread_time() - begun)
    return 1e9 * min(seconds) / times / units


def rates() -> Rates:
    """Measure this machine."""

    def stream(length: int) -> float:
        a, b, c = np.zeros(length), np.ones(length), np.ones(length)
        return _nanoseconds(lambda n: _triad(a, b, c, n), 24.0 * length)

    words = np.zeros(1024, np.int64)
    values, out = np.linspace(0.5, 2.0, 1024), np.zeros(1024)
    return Rates(
        stream(8_000),  # 190 KiB: what a step of the city goes through
        stream(4_000_000),  # 92 MiB: in no cache
        _nanoseconds(lambda n: _draw(words, n), len(words)),
        _nanoseconds(lambda n: _transcend(values, out, n), 2 * len(values)),
    )


def table(found: Profile, measured: Rates) -> str:
    """Paper and measurement beside each other, for the open months; nanoseconds a row and month.

    The columns ``draws`` and ``calls`` hold if every row takes every branch.
    """
    lines = [
        (
            f"near {1 / measured.byte_near:.1f} GB/s, far {1 / measured.byte_far:.1f} GB/s, "
            f"draw {measured.draw:.2f} ns, transcendental call {measured.call:.2f} ns"
        ),
        f"{'':22s} {'a row at most':^20s}   {'on paper, ns':^27s}",
        (
            f"{'step':12s} {'rows':9s} {'bytes':>6s} {'draws':>6s} {'calls':>6s}   "
            f"{'near':>6s} {'far':>6s} {'draws':>6s} {'calls':>6s} {'measured':>9s} {'share':>6s}"
        ),
    ]
    for row in found.steps:
        if row.phase != "open" or row.step not in OVER_FIRMS | OVER_PROJECTS:
            continue
        one = need(row.step)
        near, far = one.bytes * measured.byte_near, one.bytes * measured.byte_far
        draws, calls = one.draws * measured.draw, one.calls * measured.call
        lines.append(
            f"{row.step:12s} {row.over:9s} {one.bytes:6d} {one.draws:6d} {one.calls:6d}   "
            f"{near:6.1f} {far:6.1f} {draws:6.1f} {calls:6.1f} "
            f"{row.nanoseconds:9.1f} {row.share:6.1%}"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table for the embedded city."""
    print(table(profile(replicates=40), rates()))


if __name__ == "__main__":
    main()
