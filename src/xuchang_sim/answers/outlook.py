"""The outlook as an answer: the economy around the zones, what is known of it and what is forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

from xuchang_sim.answer import Answer, Share
from xuchang_sim.answers.records import Growth, OutsideView
from xuchang_sim.answers.requirements import require
from xuchang_sim.forecast.report import outlook_report
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.settings import Settings

if TYPE_CHECKING:
    from xuchang_sim.simulation.setup import Setup

__all__ = ["Outlook", "SeriesForecast", "outlook"]


class Driver(TypedDict):
    """Forecast of one driver, growth over the same month of the year before.

    ``central`` has one value a month, ``quantiles`` one list a level.
    """

    unit: str
    known_to: str
    months: list[str]
    central: list[float]
    quantiles: dict[str, list[float]]


class Coverage(TypedDict):
    """Coverage of an interval: nominal and measured share, and the number of origins."""

    nominal: Share
    measured: Share | None
    origins: int


class Demand(TypedDict):
    """Mean growth of national demand over the first unknown year."""

    unit: str
    months: list[str]
    quantiles: dict[str, Growth]
    sd_measured: float
    origins: int
    coverage: list[Coverage]


class Verdict(TypedDict):
    """How 80% intervals held on the past; ``measured`` is null where it cannot be measured."""

    what: str
    factor: float
    measured: Share | None
    origins: int


class Steps(TypedDict):
    """Forecast of a series: dates of the steps, one list of values a level."""

    dates: list[str]
    quantiles: dict[str, list[float]]
    verdict: Verdict


class Coverage80(TypedDict):
    """Coverage of the 80% intervals, with the shares that chance allows."""

    nominal: Share
    measured: Share
    origins: int
    low: Share
    high: Share


class Backtest(TypedDict):
    """Past forecasts of the pack's series, tested; see :func:`xuchang_sim.forecast.report.pack_backtest`."""

    horizon: int
    summary: list[dict[str, Any]]
    comparison: dict[str, Any]
    coverage80: Coverage80
    forecasts: dict[str, Steps]
    skipped: dict[str, str]


class CoverageBand(TypedDict):
    """Coverage of an interval by past forecasts, with the shares that chance allows."""

    nominal: Share
    measured: Share | None
    origins: int
    values: int
    low: Share
    high: Share


class SeriesFound(TypedDict):
    """Detected properties of a series."""

    name: str
    frequency: int
    first: str
    last: str
    kind: str
    cycle: int
    to_date: bool
    level_chance: float
    support: str
    scale: str
    unit: str
    periods: list[int]
    breaks: list[object]


class SeriesForecast(TypedDict):
    """Forecast of any series: ``quantiles`` has one list a level, one value a step."""

    quantiles: dict[str, list[float]]
    weights: dict[str, Share]
    coverage: list[CoverageBand]
    verdict: Verdict
    dates: list[str]
    series: SeriesFound
    assumed: dict[str, object]
    notes: list[str]


class SeriesRefused(TypedDict):
    """Why a series of a folder was not forecast: a line a fault."""

    error: list[str]


#: Forecasts of all series of a folder, by file.
SeriesFolder = dict[str, SeriesForecast | SeriesRefused]


class OutlookRecord(TypedDict):
    """Forecasts of a pack's series."""

    drivers: dict[str, Driver]
    demand: Demand
    weights: dict[str, Share]
    outside_view: dict[str, OutsideView]
    backtest: NotRequired[Backtest]


class DriverMonth(TypedDict):
    """One driver in one month: the central path and the 90% interval, growth over a year."""

    driver: str
    month: str
    central: Growth
    q05: Growth
    q95: Growth


@dataclass(frozen=True, eq=False)
class Outlook(Answer):
    """The economy around the zones: forecasts of its drivers, and the reference-class forecast.

    Attributes
    ----------
    record : OutlookRecord
    as_of : str or None
        Day after which nothing is seen; None for the pack's information date.
    """

    setup: Setup
    record: OutlookRecord
    as_of: str | None

    KEYS = ("drivers", "demand", "weights", "outside_view", "backtest", "manifest")
    OPTIONAL = frozenset({"backtest"})
    ROWS = "months"

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"outlook as of {self.as_of or self.setup.pack.information_date.isoformat()}"

    @property
    def drivers(self) -> dict[str, Driver]:
        """Drivers of the model: national growth rates."""
        return self.record["drivers"]

    @property
    def demand(self) -> Demand:
        """Mean growth of national demand over the first unknown year."""
        return self.record["demand"]

    @property
    def weights(self) -> dict[str, Share]:
        """Weights of the joint models."""
        return self.record["weights"]

    @property
    def outside_view(self) -> dict[str, OutsideView]:
        """Growth of the zones by history and reference class alone."""
        return self.record["outside_view"]

    @property
    def backtest(self) -> Backtest | None:
        """Past forecasts of the pack's series, if they were asked for."""
        return self.record.get("backtest")

    @property
    def months(self) -> list[DriverMonth]:
        """One record a driver and month."""
        return [
            {"driver": name, "month": month, "central": central, "q05": low, "q95": high}
            for name, driver in self.drivers.items()
            for month, central, low, high in zip(
                driver["months"],
                driver["central"],
                driver["quantiles"]["0.05"],
                driver["quantiles"]["0.95"],
                strict=True,
            )
        ]

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result."""
        return manifest(self.setup, [])


def outlook(
    study: Settings,
    *,
    through: str | None = None,
    as_of: str | None = None,
    backtest: bool = False,
) -> Outlook:
    """Forecast the economy around the zones.

    Parameters
    ----------
    study : Settings
        Its replicates are paths of the drivers.
    through : str, optional
        Last month of the forecast, ``YYYY-MM``; by default the study's if it was given one, else
        December of the plan year.
    as_of : str, optional
        ``YYYY-MM-DD``: what was published after this day is not seen.
    backtest : bool
        Also test past forecasts of the pack's series (tens of seconds when not kept).

    Raises
    ------
    InputError
        If a series that is needed is missing or too short.
    """
    require(study.pack, "outlook")
    setup = study.setup(ready=False)
    result = outlook_report(
        study.pack,
        backtest=backtest,
        replicates=study.replicates,
        seed=study.seed,
        through=through or study.through,
        as_of=as_of,
        progress=study.progress,
    )
    return Outlook(setup, cast("OutlookRecord", result), as_of)
