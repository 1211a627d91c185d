"""Month by month, what the oracle says against what the engine remembers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.model.worlds import SMALL, Records, Trace, as_plain
from tests.oracle import oracle
from tests.oracle.state import OPEN, PIPELINE, World as Oracle
from tests.oracle.warmup import IncompatibleError
from xuchang_sim.model.memory import dtype_of
from xuchang_sim.model.world import (
    MEASURES,
    City,
    Firms,
    Projects,
    Sizes,
    Table,
    Tally,
    World,
    Zones,
    columns,
)

RELATIVE = 1e-9
#: Below this (亿元, 亩, 人 ...) a number is what rounding left of a difference of larger ones.
FLOOR = 1e-10

#: Columns of the engine that the page does not speak of, by table, with the reason.
UNCOMPARED = {
    "city": {
        **dict.fromkeys(("block", "seed", "replicate", "salt"), "address and layout"),
        **dict.fromkeys(
            ("year", "calendar_month", "until", "rewinding", "live"), "the engine's own clock"
        ),
        **dict.fromkeys(
            ("loans_before", "cip_before", "capital_before", "labour_force"), "only for identities"
        ),
        **dict.fromkeys(("arrivals_total",), "rows in use, compared as projects"),
        "code": "compared by the run",
        "replay_mode": "who draws; what was drawn is compared",
        "late": "length of a list; lost sales are compared",
        "large_fai": "a sum in progress; the accepted pipeline's is compared",
    },
    "zone": {
        **dict.fromkeys(("block", "measures"), "layout"),
        **dict.fromkeys(("land_before", "vacant_before", "cash_before"), "only for identities"),
        **dict.fromkeys(
            ("factory_ring", "housing_ring", "village_ring", "training_ring"),
            "buffers; what enters and leaves them is compared",
        ),
        **dict.fromkeys(("fill_s", "fill_u", "fill_x", "fill_y"), "scratch; workers are compared"),
        **dict.fromkeys(("left_s", "left_u"), "scratch; separations are compared"),
        **dict.fromkeys(
            ("checked_land", "checked_sales", "checked_workers"), "scratch of the checks"
        ),
        **dict.fromkeys(("weight_sum", "pull", "response"), "scratch; arrivals are compared"),
        **dict.fromkeys(("first", "last", "owners"), "lists of rows; owners are compared"),
    },
    "firm": {
        **dict.fromkeys(("rows", "after"), "layout and lists; owners are compared"),
    },
    "project": {
        **dict.fromkeys(("rows", "live", "late", "key"), "layout and scratch"),
        **dict.fromkeys(("finished",), "order; births are compared"),
        **dict.fromkeys(("leads",), "an input by zone and sector"),
        **dict.fromkeys(("reach", "ahead"), "scratch; progress is compared"),
    },
    "tally": {"block": "layout"},
}

#: Ledgers of the city that open with the opening; before it the page does not speak of them.
LATER = frozenset(
    [
        "loans",
        "loans_drawn",
        "loans_repaid",
        "loans_lost",
        "cip",
        "capitalised",
        "written_off",
        "capital_added",
        "capital_lost",
        "largest",
        "firm_scale",
        "labour_scale",
        "gross_margin",
        "intermediate",
    ]
)


#: Measures of firms, reported from the opening on.
OF_FIRMS = frozenset(("workers", "workers_wanted", "capital", "firms"))


TABLES: dict[str, type[Table]] = {
    "city": City,
    "zone": Zones,
    "firm": Firms,
    "project": Projects,
    "tally": Tally,
}
COMPARED = {
    table: {n: np.dtype(c.kind) for n, c in columns(of).items() if n not in UNCOMPARED[table]}
    for table, of in TABLES.items()
}


class Difference(NamedTuple):
    """One number on which engine and oracle do not agree."""

    table: str
    column: str
    row: tuple[int, ...]
    month: int
    engine: float
    oracle: float

    def __str__(self) -> str:
        at = "".join(f"[{n}]" for n in self.row)
        when = f"{self.month // 12}-{self.month % 12 + 1:02d}"
        return f"{self.table}.{self.column}{at} in {when}: engine {self.engine!r}, oracle {self.oracle!r}"


def unlike(engine: npt.NDArray[Any], oracle_says: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where two columns differ: whole numbers exactly, others beyond rounding."""
    if engine.dtype.kind == "i":
        return np.asarray(engine != oracle_says)
    room = RELATIVE * np.maximum(np.abs(engine), np.abs(oracle_says)) + FLOOR
    wrong: npt.NDArray[np.bool_] = ~(np.abs(engine - oracle_says) <= room)
    return wrong


class State(NamedTuple):
    """What the oracle says about a month: numbers and the places in the engine's memory for them."""

    month: int
    sizes: Sizes
    columns: list[tuple[str, str, tuple[int, ...]]]  # table, column, shape in use
    places: dict[str, npt.NDArray[np.int64]]  # by kind of number
    values: dict[str, npt.NDArray[Any]]


@cache
def places(table: str, column: str, shape: tuple[int, ...], sizes: Sizes) -> npt.NDArray[np.int64]:
    """Return where a column stands in the memory of a world, counted in numbers of 8 bytes."""
    part, start = dtype_of(World, sizes).fields[table][:2]  # type: ignore[index]
    kind, offset = part.fields[column][:2]  # type: ignore[index]
    room = np.arange(max(1, math.prod(kind.shape))).reshape(kind.shape)
    return (start + offset) // 8 + room[tuple(slice(n) for n in shape)].ravel()


def said(w: Oracle, sizes: Sizes = SMALL) -> State:
    """Return what the oracle says about a month."""
    if w.phase == PIPELINE and w.t == w.p.pipeline_start - 1:
        return State(w.t, sizes, [], {}, {})  # what a rejected attempt left does not count
    counts = {
        "zones": len(w.z),
        "sectors": w.p.sectors,
        "firms": len(w.f),
        "projects": len(w.j),
        "finished": len(w.finished),
    }
    tally: dict[str, Any] = {"execution": w.execution}
    if w.phase != PIPELINE and w.t >= w.p.firms_start:
        tally["sales"] = w.sales
    if w.phase == OPEN:
        tally["sales_last"] = w.sales_last
    values: dict[str, Callable[[str], Any]] = {
        "city": lambda n: counts[n] if n in counts else getattr(w, n),
        "zone": lambda n: [z.m[n] if n in MEASURES else getattr(z, n) for z in w.z],
        "firm": lambda n: [getattr(f, n) for f in w.f],
        "project": lambda n: [getattr(j, n) for j in w.j],
        "tally": tally.get,
    }
    skipped = set(LATER if w.phase != OPEN else ()) | set(OF_FIRMS if w.t < w.p.opening else ())
    found: dict[str, list[tuple[tuple[str, str, tuple[int, ...]], npt.NDArray[Any]]]]
    found = {"i": [], "f": []}
    for table, kinds in COMPARED.items():
        for name, kind in kinds.items():
            if name not in skipped and (table != "tally" or name in tally):
                array = np.asarray(values[table](name), kind)
                found[kind.kind].append(((table, name, array.shape), array.ravel()))
    return State(
        w.t,
        sizes,
        [column for columns_of in found.values() for column, _ in columns_of],
        {k: np.concatenate([places(*c, sizes) for c, _ in of]) for k, of in found.items()},
        {k: np.concatenate([array for _, array in of]) for k, of in found.items()},
    )


def compare(memory: npt.NDArray[np.void], says: State) -> list[Difference]:
    """Return where the engine's memory, shape (1,), and what the oracle says differ."""
    whole = memory.view(np.int64)
    wrong: dict[int, tuple[float, float]] = {}
    for kind, theirs in says.values.items():
        mine = whole.view(theirs.dtype)[says.places[kind]]
        bad = unlike(mine, theirs)
        if bad.any():
            both = zip(mine[bad].tolist(), theirs[bad].tolist(), strict=True)
            wrong |= dict(zip(says.places[kind][bad].tolist(), both, strict=True))
    if not wrong:
        return []
    return [
        Difference(table, column, at, says.month, *wrong[place])
        for table, column, shape in says.columns
        for at, place in zip(
            np.ndindex(*shape), places(table, column, shape, says.sizes).tolist(), strict=True
        )
        if place in wrong
    ]


class Pair:
    """One world run by the engine and by the oracle."""

    def __init__(self, inputs: Records, sizes: Sizes = SMALL) -> None:
        self.sizes = sizes
        self.inputs = inputs[0]
        self.plain = as_plain(inputs)
        self.trace = Trace(inputs, sizes)
        self.oracle: Iterator[Oracle] = oracle.run(self.plain)
        self.state: Oracle
        self.failed = False  # no pipeline or firms agree with the base year
        self.passed = dict.fromkeys(MEASURES, 0.0)  # sums over the open months

    def differences(self, months: int) -> list[Difference]:
        """Run the conditioning and ``months`` open months; return the first month's differences."""
        left = months
        while True:
            code = self.trace.tick()
            c = self.trace.city
            try:
                self.state = w = next(self.oracle)
            except IncompatibleError:
                self.failed = True
                return [] if code else [Difference("city", "code", (), int(c["t"]), 0, 1)]
            clock = [
                Difference("city", name, (), int(c["t"]), int(c[name]), float(getattr(w, name)))
                for name in ("t", "phase", "attempt")
                if c[name] != getattr(w, name)
            ]
            if code:
                clock.append(Difference("city", "code", (), w.t, code, 0))
            found = clock or compare(self.trace.memory, said(w, self.sizes))
            if w.phase == OPEN:
                for name in MEASURES:
                    self.passed[name] += sum(abs(zone.m[name]) for zone in w.z)
            if found or left == 0:
                return found
            left -= w.phase == OPEN
