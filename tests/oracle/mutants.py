"""Mutation run: does the oracle notice one changed operator in the rules of the engine?

Every mutant changes one sign, operator, comparison or choice (``min`` for ``max``) in one function
of ``model/steps/``. All of them are translated into one C text, each behind its number (Untch,
Offutt and Harrold 1993, "Mutation analysis using mutant schemata"), and compiled once, with a check
of every index. A mutant runs in a process of its own. It is killed as soon as one compared state
differs from what the oracle says (``compare.py``), it leaves a column, or it does not end. Mutants
of the checks change no state; they are killed when an identity fails in a sound world or is silent
about a fault. Worlds are small, and so, here, is the room for what large ones cut into strips or
keep (``ROOM``). Rules that variants of a replicate share are tried in some of them (``Kin``), too.

    python -m tests.oracle.mutants                      # all
    python -m tests.oracle.mutants --sample 100 --seed 1

from the folder of the project. Prints every survivor with its line; the exit code is 1 if less
than ``--least`` of the mutants are killed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import ctypes
import hashlib
import json
import os
import random
import selectors
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.model.worlds import SMALL, Given, Records, Trace, random_inputs
from tests.oracle.compare import TABLES, Pair, State, compare, said, unlike
from tests.oracle.quiet import closing, crowded
from tests.oracle.state import OPEN
from tests.oracle.test_oracle import PACK, Futures, world
from xuchang_sim.cache import cache_root
from xuchang_sim.model import (
    chunk,
    layout as placed,
    library,
    population,
    steps,
    world as layout,
)
from xuchang_sim.model.build.compile import compile_text, compilers, locked
from xuchang_sim.model.build.kinds import FLOAT, INT, RefusedError, Rule, Term
from xuchang_sim.model.build.program import Program
from xuchang_sim.model.build.statements import Body
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.machine import ENDINGS
from xuchang_sim.model.memory import blank, dtype_of
from xuchang_sim.model.schedule import CHECK
from xuchang_sim.model.steps import firms, labour, production, projects, statistics
from xuchang_sim.model.world import City, Inputs, columns

STEPS = Path(steps.__file__).parent
SECONDS = 2.0  # of the processor: a mutant that needs more for one world does not end
#: Small worlds: the first nine were chosen so that all that happens in the first hundred does.
SEEDS = (2, 4, 8, 15, 31, 45, 74, 82, 90, 0, 1, 3, 5, 6, 7)
MONTHS = 24
MONTH = 17  # open months before faults are put in
#: Rows of a tile; candidates and jumps that variants share, candidates of a month beyond.
ROOM = {"TILE": 8, "LISTED": 80, "UNLISTED": 40, "REPLAY_MONTHS": 5, "REPLAY_FIRMS": 10}
#: Of the variants, over the first's: ordinary and large ones; candidates are kept to 1.5.
ARRIVALS = ((1.0, 1.0), (1.3, 1.2), (0.8, 1.8), (1.8, 0.8))
#: What a process sets in the library: which mutant it is, and one constant of the rules.
VARIABLES = ("MUTANT", "OWNERS_FROM")
ALWAYS = 10**6  # births for each of which owners are put in order first
#: Rules that variants share, or in which a later one uses what an earlier one kept.
SHARED = frozenset(
    [
        *("arrivals", "candidates_known", "thin", "admit", "draw_traits", "settle"),
        *("early_traits", "late_traits", "whole_vectors"),
        *("draw_jumps", "jumps_known", "move_shares", "apply_jumps", "shocks"),
    ]
)

SWAPS: dict[type[ast.AST], list[tuple[str, type[ast.AST]]]] = {
    ast.Add: [("+ to -", ast.Sub)],
    ast.Sub: [("- to +", ast.Add)],
    ast.Mult: [("* to /", ast.Div)],
    ast.Div: [("/ to *", ast.Mult)],
    ast.FloorDiv: [("// to *", ast.Mult)],
    ast.Mod: [("% to //", ast.FloorDiv)],
    ast.Pow: [("** to *", ast.Mult)],
    ast.LShift: [("<< to >>", ast.RShift)],
    ast.RShift: [(">> to <<", ast.LShift)],
    ast.BitOr: [("| to &", ast.BitAnd)],
    ast.BitAnd: [("& to |", ast.BitOr)],
    ast.BitXor: [("^ to |", ast.BitOr)],
    ast.Lt: [("< to >=", ast.GtE), ("< to <=", ast.LtE)],
    ast.LtE: [("<= to >", ast.Gt), ("<= to <", ast.Lt)],
    ast.Gt: [("> to <=", ast.LtE), ("> to >=", ast.GtE)],
    ast.GtE: [(">= to <", ast.Lt), (">= to >", ast.Gt)],
    ast.Eq: [("== to !=", ast.NotEq)],
    ast.NotEq: [("!= to ==", ast.Eq)],
    ast.And: [("and to or", ast.Or)],
    ast.Or: [("or to and", ast.And)],
}
#: Comparisons moved by a hair: on continuous numbers many of these change nothing.
BOUNDARY = frozenset(("< to <=", "<= to <", "> to >=", ">= to >"))
CALLS = {"min": "max", "max": "min"}


class Mutant(NamedTuple):
    """One changed operator: module, function, which node of the function, which change."""

    module: str
    function: str
    node: int
    change: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}.py:{self.line} {self.function}: {self.change}"


def possible(node: ast.AST) -> Iterator[str]:
    """Yield what may be changed at a node."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        yield from (name for name, _ in SWAPS.get(type(node.op), []))
    elif isinstance(node, ast.Compare):
        for n, op in enumerate(node.ops):
            yield from (f"{name} #{n}" for name, _ in SWAPS.get(type(op), []))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield "drop " + ("-" if isinstance(node.op, ast.USub) else "not")
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield f"{node.func.id} to {CALLS[node.func.id]}"


def change(node: Any, what: str) -> Any:
    """Return a copy of the node, its parts the same, with one change made."""
    if isinstance(node, ast.UnaryOp):
        return node.operand
    node = copy.copy(node)
    if isinstance(node, ast.Compare):
        node.ops = list(node.ops)
    if isinstance(node, ast.Call):
        node.func = ast.copy_location(ast.Name(what.rsplit(maxsplit=1)[-1], ast.Load()), node.func)
        return node
    name, _, number = what.partition(" #")
    old = node.ops[int(number)] if number else node.op
    new = dict(SWAPS[type(old)])[name]()
    if number:
        node.ops[int(number)] = new
    else:
        node.op = new
    return node


def functions(module: str) -> dict[str, ast.FunctionDef]:
    """Return the rules of a module by name."""
    tree = ast.parse((STEPS / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def bodies(function: ast.FunctionDef) -> list[ast.AST]:
    """Return the nodes of a rule's body, annotations and defaults left out."""
    return [node for statement in function.body for node in ast.walk(statement)]


def chooses(node: ast.AST) -> ast.Compare | None:
    """Return the comparison of ``a if a < b else b`` or of ``if a > b: a = b``.

    At a tie both give the same number: moved by a hair, they are the same function.
    """
    if isinstance(node, ast.IfExp):
        test, ways = node.test, (node.body, node.orelse)
    elif (
        isinstance(node, ast.If)
        and len(node.body) == 1
        and not node.orelse
        and isinstance(node.body[0], ast.Assign)
    ):
        test, ways = node.test, (node.body[0].targets[0], node.body[0].value)
    else:
        return None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    sides = {ast.unparse(test.left), ast.unparse(test.comparators[0])}
    return test if sides == {ast.unparse(way) for way in ways} else None


def mutants() -> list[Mutant]:
    """Return every mutant, in the order of the files; not those that change nothing at all."""
    return [m for m, same in _mutants() if not same]


def _mutants() -> Iterator[tuple[Mutant, bool]]:
    for module in sorted(path.stem for path in STEPS.glob("*.py") if path.stem != "__init__"):
        for name, function in functions(module).items():
            nodes = bodies(function)
            choices = {id(chooses(node)) for node in nodes}
            for n, node in enumerate(nodes):
                for what in possible(node):
                    line = node.lineno  # type: ignore[attr-defined]
                    mutant = Mutant(module, name, n, what, line)
                    yield mutant, id(node) in choices and hair(mutant)


class Changes:
    """Every mutant by the number that it has in the C text, from 1 on."""

    def __init__(self, chosen: list[Mutant]) -> None:
        self.number = {mutant: n for n, mutant in enumerate(chosen, 1)}
        self.stillborn: dict[Mutant, str] = {}
        self._of: dict[tuple[str, str], list[Mutant]] = {}
        for mutant in chosen:
            self._of.setdefault((mutant.module, mutant.function), []).append(mutant)

    def of(self, rule: Rule) -> list[Mutant]:
        """Return the mutants of a rule."""
        home, _, module = rule.__module__.rpartition(".")
        return self._of.get((module, rule.__name__), []) if home == steps.__name__ else []

    def text(self) -> str:
        """Return the C text of the rules with all mutants; number 0 is none."""
        variables = [f'__attribute__((visibility("default"))) long long {n};' for n in VARIABLES]
        text = translate(chunk.ENTRIES, lambda program, rule: Changed(program, rule, self))
        return "\n".join([*variables, text])


class Changed(Body):
    """A rule in C with its mutants: an expression or a statement of each, chosen by its number."""

    def __init__(self, program: Program, rule: Rule, changes: Changes) -> None:
        super().__init__(program, rule)
        self._changes = changes
        self._as_it_is = False  # inside a mutant nothing else is changed
        self._of: dict[int, list[Mutant]] = {}
        nodes = bodies(self.source.node)
        for mutant in changes.of(rule):
            self._of.setdefault(id(nodes[mutant.node]), []).append(mutant)

    def _mutants(self, node: ast.AST) -> list[Mutant]:
        return [] if self._as_it_is else self._of.get(id(node), [])

    def value(self, node: ast.expr) -> Term:
        """Translate an expression and its mutants."""
        found = super().value(node)
        for mutant in self._mutants(node):
            self._as_it_is = True
            try:
                other = super().value(change(node, mutant.change))
                if found.type == INT and other.type == FLOAT:  # a product that became a quotient
                    other = Term(f"(i64)({other.text})", INT)
                found = self._choice(node, self._test(mutant), other, found)
            except RefusedError as error:
                self._changes.stillborn[mutant] = str(error)
            finally:
                self._as_it_is = False
        return found

    def _augmented(self, node: ast.AugAssign) -> None:
        for mutant in self._mutants(node):
            self._as_it_is = True
            begun, alone = len(self.lines), self.alone
            try:
                self._emit(f"if ({self._test(mutant)})")
                self._emit("{")
                super()._augmented(change(node, mutant.change))
                self._emit("} else")
            except RefusedError as error:
                self._changes.stillborn[mutant] = str(error)
                del self.lines[begun:]
            finally:
                self._as_it_is, self.alone = False, alone
        super()._augmented(node)

    def _stride(self, node: ast.For, given: ast.expr) -> int:
        for part in ast.walk(given):
            for mutant in self._mutants(part):
                self._changes.stillborn[mutant] = "the step of a range is a constant"
        self._as_it_is = True
        try:
            return super()._stride(node, given)
        finally:
            self._as_it_is = False

    def _constant(self, node: ast.expr, name: str, found: Any) -> Term:
        term = super()._constant(node, name, found)
        return Term(name, term.type) if name in VARIABLES else term

    def _test(self, mutant: Mutant) -> str:
        return f"MUTANT == {self._changes.number[mutant]}LL"


def small_rooms() -> None:
    """Let the rules run with the room of :data:`ROOM`; it changes no bit."""
    for name, room in ROOM.items():
        for module in (layout, population, firms, labour, production, projects, statistics):
            if hasattr(module, name):
                setattr(module, name, room)
    layout.TILE = 256  # of memory there is as much as ever
    placed.layout.cache_clear()
    placed.numbers.cache_clear()
    dtype_of.cache_clear()
    library.Sizes = object  # type: ignore[attr-defined,assignment] # the library reads every layout


def compiled(changes: Changes) -> ctypes.CDLL:
    """Compile the rules with all mutants, unless this has been done, and let the engine run them."""
    text = changes.text()
    name = hashlib.sha256(text.encode()).hexdigest()[:20]
    folder = cache_root() / "mutants"
    path = folder / f"{name}{ENDINGS.get(sys.platform, '.so')}"
    found = compilers()
    if not found:
        msg = "mutants need a C compiler: pip install ziglang"
        raise SystemExit(msg)
    with locked(folder):
        if not path.is_file():
            begun = time.time()
            compile_text(text, path, name, found[0], None, ("-DCHECKED", "-O1"))
            for old in sorted(folder.glob(f"*{path.suffix}"), key=lambda p: p.stat().st_mtime)[:-3]:
                old.unlink()
            print(f"{len(text):,} characters compiled in {time.time() - begun:.1f} s", flush=True)
    held = ctypes.CDLL(str(path))
    library.load = lambda _: held  # type: ignore[assignment]
    return held


def put(variable: str, value: int) -> None:
    """Set a variable of the library."""
    ctypes.c_int64.in_dll(LIBRARY[0], variable).value = value


class World:
    """A small world: its inputs, what the oracle says about each month, the state at the opening.

    ``owners`` births for each zone and sector, and owners are put in order before one is sought.
    """

    def __init__(self, inputs: Records, owners: int = firms.OWNERS_FROM) -> None:
        self.inputs = inputs
        self.owners = owners
        put("OWNERS_FROM", owners)
        pair = Pair(inputs)
        self.months: list[tuple[int, int, State]] = []
        self.opening = -1
        while True:
            code = pair.trace.tick()
            pair.state = w = next(pair.oracle)
            says = said(w)
            found = compare(pair.trace.memory, says)
            if code or found:
                msg = f"the engine itself differs: {code} {found[:1]}"
                raise SystemExit(msg)
            self.months.append((w.t, w.phase, says))
            if w.phase == OPEN and self.opening < 0:
                self.opening = len(self.months) - 1
                self.start = pair.trace.memory.copy()
            if self.opening >= 0 and len(self.months) == self.opening + MONTHS + 1:
                break

    def killed(self, *, whole: bool) -> str:
        """Run from the beginning (``whole``) or the opening; say why it was killed, or nothing."""
        put("OWNERS_FROM", self.owners)
        trace = Trace(self.inputs)
        months = self.months if whole else self.months[self.opening + 1 :]
        if not whole:
            trace.memory[...] = self.start
        for t, phase, says in months:
            code = trace.tick()
            if code:
                return f"code {code}"
            c = trace.city
            if (c["t"], c["phase"]) != (t, phase):
                return "another month or phase"
            found = compare(trace.memory, says)
            if found:
                return str(found[0])
        return ""


class Faults:
    """Wrong numbers put into a sound world, and what the identities say of each."""

    def __init__(self, inputs: Records, seed: int) -> None:
        inputs = inputs.copy()
        inputs[0]["check"] = 1
        self.trace = Trace(inputs)
        self.trace.open()
        for _ in range(MONTH):
            self.trace.tick()
        inputs[0]["check"] = 0
        self.trace.tick()  # a month whose identities have not been tested yet
        self.inputs = inputs
        self.sound = self.trace.memory.copy()
        rng = random.Random(seed)
        rows = {"zone": "zones", "firm": "firms", "project": "projects"}
        self.wrong = [
            (table, name, rng.randrange(int(self.trace.city[rows[table]])), factor, shift)
            for table in rows
            for name, of in columns(TABLES[table]).items()
            if len(of.shape) == 1 and "block" not in name and of.shape == (rows[table],)
            for factor, shift in ((1.0, 0.01), (1.0, -3.0), (1.5, 0.0), (0.0, 0.0))
        ] + [
            ("city", name, 0, factor, shift)
            for name, of in columns(City).items()
            if not of.shape and of.kind == "f8"
            for factor, shift in ((1.0, 0.01), (-1.0, 0.0))
        ]
        self.found = list(self.codes())

    def codes(self) -> Iterator[int]:
        """Yield the code that the identities give for the sound world and for every fault."""
        memory = self.trace.memory
        for table, name, row, factor, shift in [("city", "t", 0, 1.0, 0.0), *self.wrong]:
            memory[...] = self.sound
            held = memory[table][name].reshape(-1)
            wrong = held[row] * factor + shift
            held[row] = wrong if abs(wrong) < 2.0**62 else held[row]
            chunk.perform(memory, self.inputs, CHECK)
            yield int(self.trace.city["code"])


class Kin:
    """Variants of a small world: what the later ones share with the first is not drawn again."""

    def __init__(self, seed: int) -> None:
        self.given = blank(Inputs, SMALL, len(ARRIVALS)).reshape(-1, 1)
        self.given[:] = random_inputs(seed, PACK, check=False)
        self.given["envelope"] *= 2.0  # room for the variant with the most arrivals
        levels = self.given["level"][:, 0]
        for v, (ordinary, large) in enumerate(ARRIVALS):
            levels[v] = random_inputs(seed + 1000 * v, PACK)[0]["level"]
            levels["ordinary_arrivals"][v] = levels["ordinary_arrivals"][0] * ordinary
            levels["large_arrivals"][v] = levels["large_arrivals"][0] * large
        self.sound = self.run(*range(len(ARRIVALS)))
        alone = [self.run(v) for v in range(len(ARRIVALS))]
        if any(unlike(self.sound[v], one[0]).any() for v, one in enumerate(alone)):
            msg = f"variants of world {seed} differ from the same run alone"
            raise SystemExit(msg)

    def run(self, *variants: int) -> Any:
        """Return the months of these variants, run together."""
        given = self.given[list(variants)]
        branch = int(given[0, 0]["policy_month"]) - 1
        sizes = SMALL._replace(projects=2 * SMALL.projects)
        block = Given(given, sizes, branch, branch + 14).run()
        if block.failed.any():
            raise ArithmeticError(block.failed)
        return block.detail

    def killed(self) -> bool:
        """Whether any month of any variant is another."""
        return bool(unlike(self.run(*range(len(ARRIVALS))), self.sound).any())


LIBRARY: list[ctypes.CDLL] = []
WORLDS: list[World] = []
FAULTS: list[Faults] = []
FUTURES: dict[int, Any] = {}
KIN: list[Kin] = []


def execute(mutant: Mutant) -> str:
    """Return why a mutant was killed, or an empty string; it may end the process."""
    checks = mutant.module == "checks"
    for whole in (False,) if checks else (False, True):
        for n, each in enumerate(WORLDS):
            each.inputs[0]["check"] = checks
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            why = each.killed(whole=whole)
            if why:
                return f"world {n}: {why}"
    for n, faults in enumerate(FAULTS if checks else ()):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        for k, (code, before) in enumerate(zip(faults.codes(), faults.found, strict=True)):
            if code != before:
                fault = faults.wrong[k - 1] if k else "none"
                return f"world {n}, fault {fault}: code {code} instead of {before}"
    for n, kin in enumerate(KIN if mutant.function in SHARED else ()):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        if kin.killed():
            return f"variants of world {n}"
    if mutant.function == "redraw_latent":  # runs at a branch only
        for seed, sound in FUTURES.items():
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            if unlike(Futures(seed).run().months, sound).any():
                return f"another future of world {seed}"
    return ""


def begin(mutant: Mutant, number: int) -> tuple[int, int]:
    """Run a mutant in a process of its own; return the process and the end of its pipe."""
    read, write = os.pipe()
    process = os.fork()
    if process:
        os.close(write)
        return process, read
    try:
        os.close(read)
        os.dup2(write, 2)  # what the library says before it aborts
        put("MUTANT", number)
        try:
            why = execute(mutant)
        except (ArithmeticError, LookupError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
        os.write(write, why.encode()[:1000])
    finally:
        os._exit(0)


def fates(chosen: list[Mutant], changes: Changes, workers: int) -> Iterator[tuple[Mutant, str]]:
    """Run mutants side by side; yield each with the reason of its end, empty if it survived."""
    waiting = iter(chosen)
    running: dict[int, tuple[Mutant, int]] = {}
    with selectors.DefaultSelector() as ready:
        while True:
            while len(running) < workers and (mutant := next(waiting, None)):
                process, pipe = begin(mutant, changes.number[mutant])
                running[pipe] = mutant, process
                ready.register(pipe, selectors.EVENT_READ)
            if not running:
                return
            for key, _ in ready.select():
                pipe = int(key.fd)
                ready.unregister(pipe)
                with os.fdopen(pipe, "rb") as said:
                    why = said.read().decode(errors="replace").strip()
                mutant, process = running.pop(pipe)
                _, status = os.waitpid(process, 0)
                if os.WIFSIGNALED(status) and not why:
                    by = signal.Signals(os.WTERMSIG(status)).name
                    why = "does not end" if by == "SIGPROF" else by
                yield mutant, why


def main() -> int:
    """Run the mutants that were asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, default=0, help="so many mutants by lot, 0 all")
    parser.add_argument("--seed", type=int, default=0, help="of the lot")
    parser.add_argument("--only", default="", help="one module of model/steps")
    parser.add_argument("--worlds", type=int, default=len(SEEDS))
    parser.add_argument("--kind", choices=("all", "hair", "others"), default="all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--least", type=float, default=0.9, help="share that must be killed")
    parser.add_argument("--again", type=Path, help="run the survivors of an earlier --json only")
    parser.add_argument("--json", type=Path, help="write every mutant's fate to this file")
    given = parser.parse_args()
    assert library.COMPILED, "the rules were imported uncompiled"
    small_rooms()
    changes = Changes(mutants())
    LIBRARY.append(compiled(changes))
    alive = [m for m in changes.number if m not in changes.stillborn]
    chosen = [m for m in alive if not given.only or m.module == given.only]
    fate: dict[Mutant, str] = {}
    if given.again:
        for row in json.loads(given.again.read_text(encoding="utf-8")):
            why = row.pop("killed")
            fate[Mutant(**row)] = why
    every, chosen = chosen, [m for m in chosen if not fate.get(m)]
    if given.kind != "all":
        chosen = [m for m in chosen if hair(m) == (given.kind == "hair")]
    if given.sample:
        chosen = random.Random(given.seed).sample(chosen, min(given.sample, len(chosen)))
    WORLDS.append(World(closing()))
    WORLDS.append(World(crowded(), ALWAYS))
    often = (firms.OWNERS_FROM, ALWAYS)
    WORLDS.extend(World(world(seed), often[n % 2]) for n, seed in enumerate(SEEDS[: given.worlds]))
    if any(m.function in SHARED for m in chosen):
        KIN.extend(Kin(seed) for seed in range(4))
    if any(m.function == "redraw_latent" for m in chosen):
        FUTURES.update((seed, Futures(seed).run().months) for seed in range(4))
    if any(m.module == "checks" for m in chosen):
        FAULTS.extend(Faults(world(seed), seed) for seed in range(2))
    told = sum(code > 0 for faults in FAULTS for code in faults.found)
    print(f"{len(chosen)} mutants, {len(WORLDS)} worlds, {told} faults noticed", flush=True)
    started = time.time()
    done = 0
    killed = 0
    for mutant, why in fates(chosen, changes, given.workers):
        fate[mutant] = why
        done, killed = done + 1, killed + bool(why)
        if done % 100 == 0 or done == len(chosen):
            spent = time.time() - started
            print(f"{done}/{len(chosen)} {killed} killed {spent:.0f} s", file=sys.stderr)
    chosen = [m for m in every if m in fate]
    for title, part in (
        ("all", chosen),
        ("moved by a hair (< to <= and the like)", [m for m in chosen if hair(m)]),
        ("others", [m for m in chosen if not hair(m)]),
    ):
        killed = sum(bool(fate[m]) for m in part)
        print(f"{title}: {killed} of {len(part)} killed, {killed / max(1, len(part)):.1%}")
    for module, count in sorted(Counter(m.module for m in chosen).items()):
        killed = sum(bool(fate[m]) for m in chosen if m.module == module)
        print(f"  {module}: {killed} of {count}")
    print(f"refused by the translator, left out: {len(changes.stillborn)}")
    print("survivors:")
    for mutant in chosen:
        if not fate[mutant]:
            print(f"  {mutant}")
    if given.json:
        rows = [m._asdict() | {"killed": fate[m]} for m in chosen]
        given.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return int(sum(map(bool, fate.values())) < given.least * len(chosen))


def hair(mutant: Mutant) -> bool:
    """Tell whether a comparison was only moved by a hair."""
    return mutant.change.partition(" #")[0] in BOUNDARY


if __name__ == "__main__":
    sys.exit(main())
