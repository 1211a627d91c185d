"""Market layer on panels: what national drivers alone say of a city's growth, against many cities.

The part of the model that turns drivers into growth, without zones: national nominal growth (value
added and producer prices) passes whole, and a discrepancy is added. Cities of other places are not as
wide apart as those behind the shared prior, so it starts at the prior and is learned from the panel's
earlier years. Errors of one year have a part in common, so years are counted, not cities.
"""

from __future__ import annotations

import csv
import math
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.answers.discrepancy import COMMON, Discrepancy, Start, learn, sample
from xuchang_sim.answers.panels import Panel, null_scores, read_panels
from xuchang_sim.answers.scoring import quantile_crps
from xuchang_sim.deferred import deferred
from xuchang_sim.forecast.drivers import drivers
from xuchang_sim.pack.casepack import era_pack, national_year, shared_pack
from xuchang_sim.yamlfile import InputError

with deferred():
    from scipy.stats import qmc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from xuchang_sim.pack.load import Pack

    Floats = npt.NDArray[np.float64]

HENAN = "henan_cities_panel_to_2011.csv"
HENAN_NAME = "17 Henan cities"
PATHS = 1000
DRAWS = 4001
POINTS = 1 << 15  # of a Sobol sequence: the ends of an interval do not hang on the seed
LEVELS = (0.5, 0.8, 0.9)
GOAL, TOLERANCE = 0.80, 0.07
#: Day of a year by which the figures of the year before are out.
VINTAGE = (4, 25)
#: Log standard deviation between classes of how wide their units lie apart: the cities of one province
#: (5 points) and all cities (9 points) differ by 0.6, figures that were public by 2012.
BETWEEN_CLASSES = 0.5
#: Discrepancy by kind of panel: parameter of the model.
SPREAD = {"industry": "market_sd", "fai": "pace_sd"}
#: Spread of zones beyond that of a city in the shared prior (source of `market_sd`).
ZONES = {"industry": 1.2, "fai": 1.0}


class Year(NamedTuple):
    """A year of a panel: what the layer says and what came; percentage points.

    Parameters
    ----------
    given : float
        National growth that the layer was given, or forecast (mean).
    mean : float
        Mean of the panel.
    coverage : dict of float to float
        Share of units inside the central interval of each level.
    shared : float
        Share inside the central 80% with the pack's own discrepancy, which learns nothing.
    learned : Discrepancy
        What was known of the class before the year.
    own_sd : float
        Standard deviation of the units around their year's mean.
    error : float
        Root mean square of what came less what the layer says (its mean).
    crps : dict of str to float
        Mean CRPS of the layer (``model``) and of simple forecasts from the same years.
    """

    panel: str
    year: int
    units: int
    given: float
    mean: float
    own_sd: float
    error: float
    coverage: dict[float, float]
    crps: dict[str, float]
    shared: float
    learned: Discrepancy


@dataclass(frozen=True)
class Layer:
    """Forecasts of the market layer on panels.

    Parameters
    ----------
    given : tuple of Year
        The nation's realised growth of the year is known.
    vintages : tuple of Year
        Only what was out in April of the year is known.
    left_out : tuple of str
        Years that could not be forecast, with the reason.
    discrepancy : dict of str to float
        Standard deviation of a unit's own part in the model, points; 0 where it has none.
    """

    given: tuple[Year, ...]
    vintages: tuple[Year, ...]
    left_out: tuple[str, ...]
    discrepancy: dict[str, float]

    def coverage(self, panel: str, level: float = GOAL) -> tuple[float, float, int]:
        """Mean coverage over years given the nation's growth, its standard error, and the years."""
        shares = np.array([year.coverage[level] for year in self.given if year.panel == panel])
        return _mean(shares)

    def shared(self, panel: str) -> tuple[float, float, int]:
        """Like `coverage` at 80%, with the pack's own discrepancy."""
        return _mean(np.array([year.shared for year in self.given if year.panel == panel]))

    @property
    def panels(self) -> tuple[str, ...]:
        """Names of the panels, in order."""
        return tuple(dict.fromkeys(year.panel for year in (*self.given, *self.vintages)))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        data = asdict(self)
        for name in ("given", "vintages"):
            rows = [year._asdict() for year in getattr(self, name)]
            for row in rows:
                row["learned"] = row["learned"]._asdict()
                row["coverage"] = {f"{level:g}": x for level, x in row["coverage"].items()}
            data[name] = rows
        names = ("mean", "se", "years")
        given = [name for name in self.panels if any(year.panel == name for year in self.given)]
        data["coverage_80"] = {
            name: dict(zip(names, self.coverage(name), strict=True)) for name in given
        }
        data["shared_80"] = {
            name: dict(zip(names, self.shared(name), strict=True)) for name in given
        }
        data["error_sd"] = {
            name: math.sqrt(float(np.mean([y.error**2 for y in self.given if y.panel == name])))
            for name in data["coverage_80"]
        }
        return data | {"goal": GOAL, "tolerance": TOLERANCE}


def market_layer(
    folder: Path, *, seed: int = 2012, progress: Callable[[int, int], None] | None = None
) -> Layer:
    """Run the market layer on the growth panels of a folder.

    Parameters
    ----------
    folder : Path
        With the tables of :data:`xuchang_sim.answers.panels.TABLES`, and Henan's cities if there.
    seed : int
        Seed of the draws.
    progress : callable, optional
        Called with (years done, years in all).

    Raises
    ------
    InputError
        If the folder holds no growth panel, or one cannot be read.
    """
    pack = shared_pack()
    panels = [(_name(panel), panel) for panel in read_panels(folder)]
    classes = {
        name: panel.kind for name, panel in panels
    }  # what a panel's history is looked for in
    if (folder / HENAN).is_file():
        panels.insert(0, (HENAN_NAME, _henan(folder / HENAN)))
        classes[HENAN_NAME] = HENAN_NAME
    given: list[Year] = []
    vintages: list[Year] = []
    left_out: list[str] = []
    jobs = [(name, panel, year) for name, panel in panels for year in panel.years[1:]]
    for number, (name, panel, year) in enumerate(jobs):
        if progress:
            progress(number, len(jobs))
        same = [other for which, other in panels if classes[which] == classes[name]]
        begin = start(pack, panel.kind, own=name == HENAN_NAME)
        known = learn(*history(same, year), begin)
        if panel.kind == "industry" and (nation := national_year(year)) is not None:
            paths = np.full(1, 100.0 * nation)
            given.append(_year(name, panel, year, pack, paths, known, seed))
        try:
            ahead = _forecast(year, panel.kind, seed)
        except InputError as error:
            left_out.append(f"{name} {year}: {error.problems[0].message}")
            continue
        vintages.append(_year(name, panel, year, pack, ahead, known, seed))
    if progress:
        progress(len(jobs), len(jobs))
    spread = {kind: 100.0 * _centre(pack, name) for kind, name in SPREAD.items()}
    return Layer(tuple(given), tuple(vintages), tuple(left_out), spread)


def _centre(pack: Pack, name: str) -> float:
    """Central value of a parameter; 0 if the model does not have it."""
    parameter = pack.parameters.get(name)
    return parameter.default or 0.0 if parameter else 0.0


def start(pack: Pack, kind: str, *, own: bool) -> Start:
    """Priors of a pack for a class of cities (``industry``) or for investment (``fai``).

    Parameters
    ----------
    pack : Pack
    kind : str
    own : bool
        Whether the class is that of the pack's own city; of another class less is known.
    """
    u = (np.arange(DRAWS) + 0.5) / DRAWS
    width = np.log(pack.parameters[SPREAD[kind]].prior.quantile(u))
    scale = 100.0 * math.exp(float(width.mean())) / ZONES[kind]
    doubt = math.hypot(float(width.std()), 0.0 if own else BETWEEN_CLASSES)
    if kind == "fai":
        return Start(scale, doubt, 0.0, COMMON)
    premium = 100.0 * pack.parameters["premium"].prior.quantile(u)
    return Start(scale, doubt, float(premium.mean()), float(premium.std()))


def history(panels: Sequence[Panel], year: int) -> tuple[dict[int, Floats], dict[int, float]]:
    """Growth of a class by year before a year, and the nation's where it is known; points.

    Parameters
    ----------
    panels : sequence of Panel
        Of one class; where two hold a year, the first counts.
    year : int
        First year that is not known.
    """
    growth: dict[int, Floats] = {}
    for panel in panels:
        for column, when in enumerate(panel.years):
            values = panel.growth[:, column]
            if when < year and when not in growth and np.isfinite(values).any():
                growth[when] = values[np.isfinite(values)]
    nation = {}
    if all(panel.kind == "industry" for panel in panels):
        nation = {y: 100.0 * x for y in growth if (x := national_year(y)) is not None}
    return {y: growth[y] for y in sorted(growth)}, nation


def layer_sample(
    pack: Pack, national: Floats, kind: str, seed: int, known: Discrepancy | None = None
) -> Floats:
    """Growth of a unit given national growth: with premium and discrepancy, points.

    Parameters
    ----------
    pack : Pack
        Whose parameters are used.
    national : ndarray, shape (n,)
        National growth, points: paths, or one number.
    kind : str
        ``industry`` or ``fai``.
    seed : int
    known : Discrepancy, optional
        What is known of the unit's class; without it, the pack's own premium and discrepancy.

    Returns
    -------
    ndarray, shape (n,)
    """
    if known is not None:
        levels = qmc.Sobol(4, seed=seed).random(POINTS)
        path = (levels[:, 3] * len(national)).astype(int)
        return np.asarray(national[path] + sample(known, levels[:, :3]))
    rng = np.random.Generator(np.random.Philox(key=[seed, 0x6D61726B]))
    u = (np.arange(DRAWS) + 0.5) / DRAWS
    out = national[rng.integers(0, len(national), DRAWS)] if len(national) > 1 else national[0]
    spread = pack.parameters.get(SPREAD[kind])
    own = np.zeros(DRAWS)
    if spread is not None:
        own = 100.0 * rng.permutation(spread.prior.quantile(u)) * rng.standard_normal(DRAWS)
    premium = np.zeros(DRAWS)
    if kind == "industry":
        premium = 100.0 * rng.permutation(pack.parameters["premium"].prior.quantile(u))
    return np.asarray(out + premium + own)


def _forecast(year: int, kind: str, seed: int) -> Floats:
    """National growth of a year as forecast in its April, points, one a path.

    Raises
    ------
    InputError
        If too few months were known, or the level series does not give growth.
    """
    pack = era_pack(date(year, *VINTAGE), year)
    paths = drivers(pack, PATHS, seed, f"{year}-12")
    here = [k for k, month in enumerate(paths.months) if month.startswith(str(year))]
    if kind == "fai":
        return np.asarray(100.0 * paths.path("fai_yoy")[:, here[-1]])
    both = paths.value_added_yoy[:, here] + paths.ppi_yoy[:, here]
    return np.asarray(100.0 * both.mean(axis=1))


def _year(
    name: str,
    panel: Panel,
    year: int,
    pack: Pack,
    national: Floats,
    known: Discrepancy,
    seed: int,
) -> Year:
    """Score the layer on the units of a year, beside simple forecasts."""
    column = panel.growth[:, panel.years.index(year)]
    actual = column[np.isfinite(column)]
    drawn = layer_sample(pack, national, panel.kind, seed, known)
    inside = {level: _inside(drawn, actual, level) for level in LEVELS}
    quantiles = np.quantile(drawn, [k / 20.0 for k in range(1, 20)])
    crps = {"model": float(np.mean([quantile_crps(quantiles, x) for x in actual.tolist()]))}
    crps |= {null: float(values[0]) for null, values in null_scores(panel, [year]).items()}
    mean, sd = float(actual.mean()), float(actual.std(ddof=1))
    given = float(national.mean())
    error = float(np.sqrt(((actual - given - known.offset) ** 2).mean()))
    shared = _inside(layer_sample(pack, national, panel.kind, seed), actual, GOAL)
    return Year(name, year, len(actual), given, mean, sd, error, inside, crps, shared, known)


def _inside(drawn: Floats, actual: Floats, level: float) -> float:
    """Share of outcomes inside the central interval of a sample."""
    low, high = np.quantile(drawn, (0.5 - level / 2.0, 0.5 + level / 2.0))
    return float(((actual >= low) & (actual <= high)).mean())


def _mean(values: Floats) -> tuple[float, float, int]:
    """Mean over years, its standard error, and the years."""
    error = float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
    return float(values.mean()) if len(values) else math.nan, error, len(values)


def _name(panel: Panel) -> str:
    what = {"industry": "cities", "fai": "provinces, investment"}[panel.kind]
    return f"{len(panel.units)} {what}, {panel.years[0]}-{panel.years[-1]}"


def _henan(path: Path) -> Panel:
    """Growth of secondary product of Henan's cities, from its levels."""
    levels: dict[tuple[str, int], float] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["series"] == "gdp_secondary":
                levels[row["entity"], int(row["period"])] = float(row["value"])
    units = tuple(sorted({unit for unit, _ in levels}))
    years = tuple(range(1999, max(year for _, year in levels) + 1))
    growth = [
        [
            100.0 * (levels[unit, y] / levels[unit, y - 1] - 1.0)
            if {(unit, y), (unit, y - 1)} <= levels.keys()
            else math.nan
            for y in years
        ]
        for unit in units
    ]
    return Panel("industry", years, units, np.array(growth))


__all__ = ["Layer", "Year", "history", "layer_sample", "market_layer", "start"]
