"""Damage: seeded mutations of texts in equal shares of kinds, each replayed by its number.

``XUCHANG_SIM_LONG=1`` tries 10,000 of every fuzzer, ``XUCHANG_SIM_MUTATIONS=17,40-50`` only those.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

SEED = 25
LONG = bool(os.environ.get("XUCHANG_SIM_LONG"))
#: Kinds of damage of a text: mutation n is of the kind n modulo their number.
KINDS = ("digit", "sign", "unit", "exponent", "date", "id", "drop", "double")
MANY = 10_000
HANG_SECONDS = 10.0  # of processor time for one mutation
MOST_FINDINGS = 25  # after which a fuzzer ends
#: Sign by itself, so that a word of a text is not taken for a number.
NUMBER = re.compile(r"(?<![\w.“(（-])-?\d+(?:\.\d+)?(?![\w.])")
UNITS = ("亿元", "万元", "人", "万人", "亩", "%", "比例", "个", "月", "index", "1e8 CNY")
SAME = {"亿元": "1e8 CNY", "1e8 CNY": "亿元"}  # two names of one unit
PATTERNS = {
    "digit": NUMBER,
    "sign": NUMBER,
    "exponent": NUMBER,
    "unit": re.compile(rf"(?<=[ ,(])(?:{'|'.join(UNITS)})(?=[\s,)}}])"),
    "date": re.compile(r"\b(?:19|20)\d\d(?:-[01]\d(?:-\d\d)?)?\b"),
    "id": re.compile(r"(?<![\w.])[a-z]+(?:_[a-z0-9]+)+\b"),
}


class HungError(BaseException):
    """A mutation took more processor time than it may; nothing that catches errors catches it."""


@dataclass(frozen=True)
class Change:
    """One mutation: its kind, what stood there, what stands there now, and the whole text."""

    kind: str
    old: str
    new: str
    text: str


def source(n: int) -> random.Random:
    """Random numbers of the n-th mutation."""
    return random.Random(f"{SEED} {n}")


def kind_of(n: int, kinds: Sequence[str] = KINDS) -> str:
    """Kind of the n-th mutation."""
    return kinds[n % len(kinds)]


def can(kind: str, text: str) -> bool:
    """Whether a text has anything that damage of a kind could change."""
    return kind not in PATTERNS or PATTERNS[kind].search(text) is not None


def mutated(kind: str, rng: random.Random, text: str) -> Change:
    """Change one number, unit, date, name or line of a text."""
    if kind in {"drop", "double"}:
        lines = text.splitlines(keepends=True)
        k = rng.randrange(len(lines))
        middle = [lines[k]] * 2 if kind == "double" else []
        return Change(kind, lines[k], "", "".join([*lines[:k], *middle, *lines[k + 1 :]]))
    match = rng.choice(list(PATTERNS[kind].finditer(text)))
    new = changed(kind, rng, match[0])
    return Change(kind, match[0], new, text[: match.start()] + new + text[match.end() :])


def changed(kind: str, rng: random.Random, old: str) -> str:
    """Return another number, unit, date or name for one."""
    if kind == "digit":
        k = rng.choice([k for k, c in enumerate(old) if c.isdigit()])
        return old[:k] + str((int(old[k]) + rng.randrange(1, 10)) % 10) + old[k + 1 :]
    if kind == "sign":
        return old[1:] if old.startswith("-") else f"-{old}"
    if kind == "exponent":
        return f"{old}e{rng.choice(['2', '-2', '9', '308', '-400'])}"
    if kind == "unit":
        same = {old, *([SAME[old]] if old in SAME else [])}
        return rng.choice([unit for unit in UNITS if unit not in same])
    if kind == "date":
        year, month = int(old[:4]), old[4:]
        if month and rng.random() < 0.5:  # the month or the day
            return f"{old[:-2]}{(int(old[-2:]) + rng.randrange(1, 60)) % 100:02d}"
        return f"{year + rng.choice([-100, -1, 1, 100])}{month}"
    k = rng.randrange(len(old))
    return old[:k] + rng.choice([c for c in "abcxyz_" if c != old[k]]) + old[k + 1 :]


@dataclass
class Tally:
    """Counts what a fuzzer tried and found: by kind, how many were tried, refused and bad.

    Parameters
    ----------
    name : str
        Of the fuzzer.
    file : str
        Of its test, for the command that replays a finding.
    note : callable
        pytest's ``record_property``: the counts stand in the summary at the end.
    """

    name: str
    file: str
    note: Callable[[str, object], None]
    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def numbers(self, quick: int) -> Iterator[int]:
        """Numbers of the mutations to try: so many in the usual tests, 10,000 in the long ones."""
        asked = os.environ.get("XUCHANG_SIM_MUTATIONS")
        chosen = _chosen(asked) if asked else range(MANY if LONG else quick)
        for n in chosen:
            if len(self.findings) >= MOST_FINDINGS:
                return
            yield n

    @contextmanager
    def trying(self, n: int, kind: str, told: object = "") -> Iterator[None]:
        """Try one mutation: an error that is not a refusal, or a hang, is a finding."""
        self.tried[kind] += 1
        begun = time.process_time()
        try:
            with _at_most(HANG_SECONDS):
                yield
        except (Exception, HungError) as error:  # noqa: BLE001 - whatever it is, it is a finding
            self.bad[kind] += 1
            what = f"{type(error).__name__}: {error}"[:600]
            self.findings.append(f"{n} {kind} {told!r}: {what}")
        else:
            spent = time.process_time() - begun
            if spent > HANG_SECONDS:
                self.bad[kind] += 1
                self.findings.append(f"{n} {kind} {told!r}: {spent:.1f} s of processor time")

    def refuse(self, kind: str, error: Exception, place: str) -> None:
        """Count a refusal in words: it has to say where."""
        assert place in str(error), str(error)
        self.refused[kind] += 1

    def close(self) -> None:
        """Fail if anything was found, with the command that replays each."""
        rows = [[k, self.tried[k], self.refused[k], self.bad[k]] for k in self.tried]
        self.note("faults", [self.name, rows])
        numbers = ",".join(one.split(" ", 1)[0] for one in self.findings)
        replay = f"XUCHANG_SIM_MUTATIONS={numbers} .venv/bin/pytest {self.file}"
        assert not self.findings, "\n".join([*self.findings, replay])


def _chosen(text: str) -> list[int]:
    """Numbers of a text like ``17,40-50``."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise in the main thread once so much processor time was spent, where the system can."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def hung(*_: Any) -> NoReturn:
        message = f"more than {seconds:g} s of processor time"
        raise HungError(message)

    before = signal.signal(signal.SIGPROF, hung)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
