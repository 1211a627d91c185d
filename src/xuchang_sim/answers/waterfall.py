"""Waterfall: growth of revenue and investment as the sum of its accounting parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np

from xuchang_sim.answer import NAN, Unit
from xuchang_sim.answers.attribution import standard_error
from xuchang_sim.model.world import MEASURE_ROW
from xuchang_sim.simulation.arrays import kept_months
from xuchang_sim.simulation.results import Results

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]


class Bar(NamedTuple):
    """One bar of a waterfall: its place, mean and standard error, 亿元."""

    name: str
    value: Annotated[float, Unit("亿元")]
    se: Annotated[float, Unit("亿元"), NAN]


class Waterfall(NamedTuple):
    """From the base year's total to the plan year's, 亿元.

    ``base`` and ``gains`` less ``losses`` give ``outcome``, replicate by replicate.
    """

    measure: str
    base: Annotated[float, Unit("亿元"), NAN]
    gains: tuple[Bar, ...]
    losses: tuple[Bar, ...]
    outcome: Bar


def waterfalls(results: Results) -> tuple[Waterfall, ...]:
    """Say what growth of revenue and of investment is made of, gross, and what was lost.

    Revenue lost to full capacity and to missing workers is counted with existing firms, revenue of
    plants late for want of bank money with new projects; scope is reported less real revenue.

    Raises
    ------
    ValueError
        If the run kept targets only.
    """
    good = kept_months(results.zone_years)[results.good].sum(axis=3)
    year = results.setup.years.index(results.setup.pack.plan_year)

    def level(name: str, y: int) -> Array:
        return np.asarray(good[:, y, MEASURE_ROW[name]])

    def change(*names: str) -> Array:
        return np.asarray(sum(level(n, year) - level(n, 0) for n in names))

    def lost(name: str) -> Array:
        return level(name, year) - level(name, 0)

    def bar(name: str, values: Array) -> Bar:
        return Bar(name, float(values.mean()), standard_error(values))

    shop, hands, money = (lost(f"lost_{name}") for name in ("capacity", "labour", "finance"))
    revenue = Waterfall(
        "revenue",
        float(level("reported", 0).mean()),
        (
            bar("existing", change("revenue_incumbents") + shop + hands),
            bar("projects", change("revenue_warm", "revenue_new") + money),
            bar("scope", change("reported") - change("revenue")),
        ),
        (bar("capacity", shop), bar("labour", hands), bar("finance", money)),
        bar("outcome", level("reported", year)),
    )
    bank, land, stall = (lost(f"short_{name}") for name in ("bank", "land", "stall"))
    fai = Waterfall(
        "fai",
        float(level("fai", 0).mean()),
        (
            bar("carried", change("fai_carried")),
            bar("started", change("fai_new") + bank + land + stall),
            bar("small", change("fai_small")),
            bar("extras", change("fai_extra")),
        ),
        (bar("bank", bank), bar("land", land), bar("stall", stall)),
        bar("outcome", level("fai", year)),
    )
    return revenue, fai
