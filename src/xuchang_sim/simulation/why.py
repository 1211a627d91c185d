"""Binding constraints: shortfalls of revenue and waiting of projects, split by cause, zone and month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

import numpy as np
import numpy.typing as npt

from xuchang_sim.answer import Unit
from xuchang_sim.deferred import deferred
from xuchang_sim.simulation.arrays import HELD
from xuchang_sim.simulation.targets import goal
from xuchang_sim.text import phrase

with deferred():
    import pandas as pd

if TYPE_CHECKING:
    from xuchang_sim.simulation.setup import Setup

Array = npt.NDArray[np.float64]


class WhyYear(TypedDict):
    """Binding constraints of a year, city totals: shortfall of output (亿元) and waiting money (亿元·月)."""

    output: dict[str, Annotated[float, Unit("亿元")]]
    waiting: dict[str, Annotated[float, Unit("亿元·月")]]


@dataclass(frozen=True)
class Why:
    """Binding constraints, by zone and month: means over replicates.

    Attributes
    ----------
    months : tuple of str
    zones : tuple of str
    output : dict of str to ndarray, shape (months, zones)
        Shortfall of reported revenue against the target path, 亿元 a month, split into
        ``demand``, ``capacity``, ``labour`` and ``finance``; the four sum to ``shortfall``.
    waiting : dict of str to ndarray, shape (months, zones)
        Money of projects that waited, 亿元·月: ``approval``, ``land``, ``group_month``,
        ``own_money``, and ``bank`` (planned spending of the month that banks did not pay); they
        sum to ``total``.

    Examples
    --------
    >>> from xuchang_sim import simulate
    >>> why = simulate("plan", replicates=2).why()
    >>> why.months[0]
    '2012-01'
    """

    months: tuple[str, ...]
    zones: tuple[str, ...]
    output: dict[str, Array]
    waiting: dict[str, Array]

    @staticmethod
    def of(setup: Setup, means: Array) -> Why:
        """Split shortfall and waiting of the months from the plan year on.

        The target path is the base year's month grown to the plan's target: what customers did
        not want is the rest after capacity, labour and finance, and is negative where a zone
        sells more than its path asks for. Without a target the path is the base year's.
        """
        base = 12 * (setup.pack.plan_year - setup.pack.base_year)

        def column(name: str) -> Array:
            return np.asarray(means[:, HELD.index(name)])

        reported = column("reported")
        base_total = setup.pack.base.revenue.value
        target = (goal(setup.pack, "revenue") or base_total) / base_total
        rows = np.arange(base, len(means))
        shortfall = reported[rows % 12] * target - reported[rows]
        output = {
            "capacity": column("lost_capacity")[rows],
            "labour": column("lost_labour")[rows],
            "finance": column("lost_finance")[rows],
        }
        output["demand"] = shortfall - sum(output.values())
        output["shortfall"] = shortfall
        waiting = {
            "approval": column("wait_approval")[rows],
            "land": column("wait_land")[rows] + column("short_land")[rows],
            "group_month": column("wait_group")[rows],
            "own_money": column("wait_own")[rows],
            "bank": column("short_bank")[rows],
        }
        waiting["total"] = np.sum(list(waiting.values()), axis=0)
        zones = tuple(zone.id for zone in setup.pack.region.zones)
        return Why(tuple(setup.months[base:]), zones, output, waiting)

    def year(self, year: int) -> WhyYear:
        """City totals of a calendar year: {"output": {...}, "waiting": {...}}.

        Raises
        ------
        ValueError
            If no month of the year was simulated from the plan's year on.
        """
        rows = [m for m, month in enumerate(self.months) if month.startswith(f"{year}-")]
        if not rows:
            message = phrase("run.year", year=year, months=self.months[0], months2=self.months[-1])
            raise ValueError(message)
        return {
            "output": {name: float(a[rows].sum()) for name, a in self.output.items()},
            "waiting": {name: float(a[rows].sum()) for name, a in self.waiting.items()},
        }

    def binding(self, kind: str = "waiting") -> list[list[str]]:
        """Largest cause by month and zone; ``none`` where nothing was short."""
        table = self.output if kind == "output" else self.waiting
        causes = [name for name in table if name not in {"shortfall", "total"}]
        stack = np.stack([table[name] for name in causes])
        best = stack.argmax(axis=0)
        return [
            [
                causes[best[m, z]] if stack[best[m, z], m, z] > 0 else "none"
                for z in range(best.shape[1])
            ]
            for m in range(best.shape[0])
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return both tables in long form: kind, month, zone, cause, value (亿元 or 亿元·月)."""
        parts = []
        for kind, table in (("output", self.output), ("waiting", self.waiting)):
            for cause, values in table.items():
                index = pd.MultiIndex.from_product(
                    [self.months, self.zones], names=["month", "zone"]
                )
                part = pd.DataFrame({"value": values.ravel()}, index=index).reset_index()
                part.insert(0, "cause", cause)
                part.insert(0, "kind", kind)
                parts.append(part)
        return pd.concat(parts, ignore_index=True)
