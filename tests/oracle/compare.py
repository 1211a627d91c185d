"""Month by month, what the oracle says against what the engine remembers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.model.worlds import SMALL, Records, Trace, as_plain
from tests.oracle import oracle
from tests.oracle.state import OPEN, PIPELINE, World as Oracle
from tests.oracle.warmup import IncompatibleError
from xuchang_sim.model.world import MEASURES, City, Firms, Projects, Sizes, Zones, columns

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
        **dict.fromkeys(("revenue_year",), "sums of compared flows"),
    },
    "firm": {
        **dict.fromkeys(("rows",), "layout"),
        **dict.fromkeys(("word_0", "word_1"), "scratch; orders are compared"),
        "group_sales": "scratch; dragon heads are compared",
        **dict.fromkeys(("invested_year",), "sums of compared flows"),
    },
    "project": {
        **dict.fromkeys(("rows", "live", "key"), "layout and scratch"),
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


class Pair:
    """One world run by the engine and by the oracle."""

    def __init__(self, inputs: Records, sizes: Sizes = SMALL) -> None:
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
            found = clock or self.compare(w)
            if w.phase == OPEN:
                for name in MEASURES:
                    self.passed[name] += sum(abs(zone.m[name]) for zone in w.z)
            if found or left == 0:
                return found
            left -= w.phase == OPEN

    def compare(self, w: Oracle) -> list[Difference]:
        """Return where the month's states differ."""
        if w.phase == PIPELINE and w.t == self.plain["pipeline_start"] - 1:
            return []  # nothing has happened yet, and what a rejected attempt left does not count
        memory = self.trace.memory[0]
        found: list[Difference] = []
        for table, says in (
            ("city", self._city(w)),
            ("zone", self._zones(w)),
            ("firm", self._rows(w.f, Firms)),
            ("project", self._rows(w.j, Projects)),
            ("tally", self._tally(w)),
        ):
            held = memory[table]
            for column, values in says.items():
                mine = held[column]
                theirs = np.asarray(values, mine.dtype)
                mine = mine[tuple(slice(n) for n in theirs.shape)]
                wrong = unlike(mine, theirs)
                if wrong.any():
                    found += [
                        Difference(table, column, at, w.t, mine[at].item(), theirs[at].item())
                        for at in zip(*map(np.ndarray.tolist, wrong.nonzero()), strict=True)
                    ]
        return found

    def _city(self, w: Oracle) -> dict[str, Any]:
        counts = {
            "zones": len(w.z),
            "sectors": w.p.sectors,
            "firms": len(w.f),
            "projects": len(w.j),
            "finished": len(w.finished),
        }
        skipped = LATER if w.phase != OPEN else frozenset[str]()
        names = [n for n in columns(City) if n not in UNCOMPARED["city"] and n not in skipped]
        return {n: counts[n] if n in counts else getattr(w, n) for n in names}

    def _zones(self, w: Oracle) -> dict[str, Any]:
        return {
            name: [zone.m[name] if name in MEASURES else getattr(zone, name) for zone in w.z]
            for name in columns(Zones)
            if name not in UNCOMPARED["zone"] and not (w.t < w.p.opening and name in OF_FIRMS)
        }

    def _rows(self, rows: list[Any], table: type[Firms | Projects]) -> dict[str, Any]:
        skipped = UNCOMPARED["firm" if table is Firms else "project"]
        return {
            name: [getattr(row, name) for row in rows]
            for name in columns(table)
            if name not in skipped
        }

    def _tally(self, w: Oracle) -> dict[str, Any]:
        says: dict[str, Any] = {"execution": w.execution}
        if w.phase != PIPELINE and w.t >= w.p.firms_start:
            says["sales"] = w.sales
        if w.phase == OPEN:
            says["sales_last"] = w.sales_last
        return says
