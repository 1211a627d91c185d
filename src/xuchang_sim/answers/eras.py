"""Era test: one city in six eras; only the nation changes, and growth has to change with it.

Totals, levers, shares and parameters of the city stay those of its own plan. No outcome is needed:
in a year of falling prices no city grows by itself.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.answers.simple import known_null
from xuchang_sim.forecast.drivers import drivers
from xuchang_sim.pack.casepack import era_pack, national_year
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant

if TYPE_CHECKING:
    from collections.abc import Callable

#: Days on which the national series are cut: mid-April, but for the last, whose series end before.
ERAS = (
    date(2010, 4, 25),
    date(2012, 4, 25),
    date(2021, 4, 25),
    date(2022, 4, 25),
    date(2024, 4, 25),
    date(2026, 1, 25),
)
SLOPES = (0.8, 1.6)
NEAR = 10.0
#: Growth of investment of Henan's zones (38.3%) less the province's (25.6%), first quarter of 2012, both published on
#: 19 April 2012 (cinic.org.cn/xy/hn/352205): a fraction, the one measurement of how far zones lead.
ZONES_LEAD = 0.383 - 0.256
MEASURES = frozenset({"revenue_growth", "revenue_real_growth", "fai_growth"})


class Era(NamedTuple):
    """One era: the nation as forecast then, and the city in it; fractions.

    Parameters
    ----------
    day : str
        Information date.
    nation : tuple of float
        National nominal growth of the plan's year (value added + producer prices): mean, 10% and
        90% of the forecast.
    revenue, real, fai : tuple of float
        Growth of reported revenue, of the same scope, of investment: median, 10% and 90%.
    panel, provinces : float or None
        Mean growth of cities' industry and of provinces' investment in the year before; None where no
        panel of that year is at hand.
    came : float or None
        Mean growth of cities' industry in the plan's own year, as it came out; None where it is not at hand. No
        forecast reads it.
    before : float or None
        The nation's nominal growth in the year before, as realised; None where it is not at hand.
    failed : int
        Futures left out.
    """

    day: str
    year: int
    nation: tuple[float, float, float]
    revenue: tuple[float, float, float]
    real: tuple[float, float, float]
    fai: tuple[float, float, float]
    panel: float | None
    provinces: float | None
    came: float | None
    before: float | None
    failed: int

    @property
    def turn(self) -> float | None:
        """Growth that the nation is forecast to have above last year's, a fraction."""
        return None if self.before is None else self.nation[0] - self.before


@dataclass(frozen=True)
class EraTest:
    """The city in all eras.

    Parameters
    ----------
    eras : tuple of Era
    slope : float
        Of the median growth of revenue on the nation's, least squares over eras.
    fai_slope : float
        Of the median growth of investment on last year's of the provinces, over the eras that know it.
    premium : float
        Premium of the zones in the model, a fraction.
    wedge : float
        Growth of revenue over that of value added and prices in the model, a fraction. Panels hold value added.
    """

    city: str
    eras: tuple[Era, ...]
    slope: float
    fai_slope: float
    premium: float
    wedge: float
    replicates: int
    seed: int

    @property
    def moves(self) -> bool:
        """Whether the slope lies within :data:`SLOPES`."""
        return SLOPES[0] <= self.slope <= SLOPES[1]

    @property
    def fai_moves(self) -> bool:
        """Whether investment follows the provinces', within :data:`SLOPES`."""
        return SLOPES[0] <= self.fai_slope <= SLOPES[1]

    def off(self, era: Era) -> float | None:
        """Points by which the median lies off the panel's mean plus the premium, where there is one.

        The panel has to be that of the year before.
        """
        if era.panel is None:
            return None
        return 100.0 * (era.revenue[0] - era.panel - self.premium)

    def off_came(self, era: Era) -> float | None:
        """Points by which the median lies off the cities of its own year plus the premium."""
        return None if era.came is None else 100.0 * (era.revenue[0] - era.came - self.premium)

    def off_alike(self, era: Era) -> float | None:
        """Points by which growth on the same scope lies off last year's cities, made comparable.

        Comparable is their mean, moved by what the nation is forecast to do otherwise than last year, plus
        the wedge of revenue over value added and the premium.
        """
        if era.panel is None or era.turn is None:
            return None
        return 100.0 * (era.real[0] - era.panel - era.turn - self.wedge - self.premium)

    @staticmethod
    def off_provinces(era: Era) -> float | None:
        """Points by which the median of investment lies off last year's mean of the provinces."""
        return None if era.provinces is None else 100.0 * (era.fai[0] - era.provinces)

    @staticmethod
    def off_zones(era: Era) -> float | None:
        """Points by which the median of investment lies off the provinces plus the zones' measured lead."""
        if era.provinces is None:
            return None
        return 100.0 * (era.fai[0] - era.provinces - ZONES_LEAD)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        data = asdict(self)
        data["eras"] = [
            era._asdict()
            | {
                "off_panel": self.off(era),
                "off_came": self.off_came(era),
                "off_alike": self.off_alike(era),
                "off_provinces": self.off_provinces(era),
                "off_zones": self.off_zones(era),
            }
            for era in self.eras
        ]
        return data | {
            "moves": self.moves,
            "fai_moves": self.fai_moves,
            "slopes": list(SLOPES),
            "near": NEAR,
        }


def era_test(
    pack: Pack | None = None,
    *,
    replicates: int = 400,
    seed: int = 2012,
    progress: Callable[[int, int], None] | None = None,
) -> EraTest:
    """Run one city in all eras.

    Parameters
    ----------
    pack : Pack, optional
        The city; by default the embedded one. Parameters are drawn from its priors: a posterior
        belongs to one year.
    replicates : int
        Futures of each era.
    seed : int
        Seed of every draw.
    progress : callable, optional
        Called with (eras done, eras in all).

    Returns
    -------
    EraTest
    """
    city = load_pack() if pack is None else pack
    eras = []
    for number, day in enumerate(ERAS):
        if progress:
            progress(number, len(ERAS))
        eras.append(_era(era_pack(day, day.year, city), replicates, seed))
    if progress:
        progress(len(ERAS), len(ERAS))
    slope = _slope([(era.nation[0], era.revenue[0]) for era in eras])
    fai = _slope([(era.provinces, era.fai[0]) for era in eras if era.provinces is not None])
    premium, wedge = (city.parameters[n].default or 0.0 for n in ("premium", "demand_wedge"))
    return EraTest(city.name, tuple(eras), slope, fai, premium, wedge, replicates, seed)


def _slope(pairs: list[tuple[float, float]]) -> float:
    """Least squares of the second on the first; NaN where the first does not vary."""
    x, y = np.array(pairs).reshape(-1, 2).T
    gap = x - x.mean() if len(x) else x
    square = float((gap * gap).sum())
    return float((gap * y).sum()) / square if square > 0.0 else math.nan


def _era(pack: Pack, replicates: int, seed: int) -> Era:
    year = pack.plan_year
    setup = prepare(pack, replicates, seed, f"{year}-12", "sampled")
    variant = Variant(load_scenario("plan", pack))
    result = run(setup, [variant], full=False, keep=MEASURES)[0]
    paths = drivers(pack, replicates, seed, f"{year}-12")
    here = [k for k, month in enumerate(paths.months) if month.startswith(str(year))]
    nation = (paths.value_added_yoy[:, here] + paths.ppi_yoy[:, here]).mean(axis=1)
    return Era(
        str(pack.information_date),
        year,
        (float(nation.mean()), *_ends(nation)),
        _spread(result.outcome("revenue_growth")),
        _spread(result.outcome("revenue_real_growth")),
        _spread(result.outcome("fai_growth")),
        _last_year("industry", pack),
        _last_year("fai", pack),
        _came(pack.plan_year),
        national_year(pack.base_year),
        int((~result.good).sum()),
    )


def _last_year(kind: str, pack: Pack) -> float | None:
    """Mean growth of a panel in the year before the plan's, a fraction, if it was out and is at hand."""
    null = known_null(kind, pack.information_date)
    return null.mean / 100.0 if null is not None and null.last_year == pack.plan_year - 1 else None


def _came(year: int) -> float | None:
    """Mean growth of cities' industry in a year, a fraction, if the panel holds it."""
    null = known_null("industry", date(year + 1, 12, 31))
    return null.mean / 100.0 if null is not None and null.last_year == year else None


def _ends(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.1, 0.9)).tolist()
    return low, high


def _spread(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float, float]:
    """Median, 10% and 90%; NaN where no future ran."""
    if not len(values):
        return math.nan, math.nan, math.nan
    return float(np.median(values)), *_ends(values)
