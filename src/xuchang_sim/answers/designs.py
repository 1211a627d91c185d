"""Designs: which points a sweep visits. Levers, axes, parameters and demand are its factors."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field

from xuchang_sim.deferred import deferred
from xuchang_sim.pack.levers import AXES
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.scenario import Name, ResolvedScenario, adjust, load_scenario
from xuchang_sim.pack.schema import Label, Many, Strict, validate
from xuchang_sim.simulation.arguments import MOST_REPLICATES
from xuchang_sim.simulation.measures import REGISTRY
from xuchang_sim.simulation.settings import ScenarioLike, Settings, listed
from xuchang_sim.simulation.setup import Draws
from xuchang_sim.simulation.targets import lacking, modelled
from xuchang_sim.text import phrase
from xuchang_sim.units import month_label
from xuchang_sim.yamlfile import InputError, Problem, Source, did_you_mean, read_yaml, shown

with deferred():
    import pandas as pd
    from scipy.stats import qmc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

Value = float | str | None
Method = Literal["factorial", "one_at_a_time", "latin_hypercube", "sobol", "table"]
DEMAND = "demand_shift"
MOST_POINTS = 1_000_000


class Span(NamedTuple):
    """Values of a factor between two ends."""

    low: float
    high: float
    steps: int | None


Entry = Literal["range", "prior"] | Span | tuple[float | str, ...]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _entry(value: Any) -> Any:
    """Read what a file says about a factor."""
    if value in ("range", "prior"):
        return value
    if isinstance(value, list) and value and all(_number(v) or isinstance(v, str) for v in value):
        if len({isinstance(v, str) for v in value}) == 1:
            return tuple(v if isinstance(v, str) else float(v) for v in value)
        message = phrase("design.mixed")
        raise ValueError(message)
    if isinstance(value, dict) and value.keys() - {"steps"} == {"low", "high"}:
        low, high, steps = value["low"], value["high"], value.get("steps")
        if _number(low) and _number(high) and low <= high and (steps is None or _steps(steps)):
            return Span(float(low), float(high), steps)
    message = phrase("design.nothing", value=shown(value), span=phrase("design.span"))
    raise ValueError(message)


def _steps(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= 1000


class SweepFile(Strict):
    """A sweep file: factors, how they are varied, and what is run at every point.

    Parameters
    ----------
    scenarios : tuple of str
        Scenarios from which the points differ; every point is run under each.
    method : str
        ``factorial``, ``one_at_a_time``, ``latin_hypercube``, ``sobol`` (scrambled) or ``table``.
    factors : dict of str to entry
        Levers, axes, parameters and ``demand_shift``: ``range``, ``prior`` (parameters), a list
        of values, or ``{low, high, steps}``.
    points : int or None
        Number of points of a sampled design; a power of two for ``sobol``.
    table : str or None
        CSV or Excel file beside the sweep file, one column a factor; an empty cell changes nothing.
    parameters : str or None
        ``posterior``, ``sampled`` (from the priors) or ``central``; left out, the posterior if the
        pack has one.
    draws : int
        1: every replicate has a parameter draw of its own; more: each of this many draws is run with
        every replicate.
    measures : tuple of str
        Measures kept, of the plan's year and with ``_next`` of the year after; all if left out.
    """

    kind: Literal["sweep"]
    name: Name
    title_zh: Label
    title_en: Label
    scenarios: Annotated[Many[Name], Field(min_length=1)] = ("plan",)
    method: Method
    factors: dict[str, Annotated[Any, BeforeValidator(_entry)]] = Field(default_factory=dict)
    points: Annotated[int, Field(ge=1, le=MOST_POINTS)] | None = None
    table: str | None = None
    parameters: Draws | None = None
    draws: Annotated[int, Field(ge=1, le=MOST_REPLICATES)] = 1
    replicates: Annotated[int, Field(ge=1, le=MOST_REPLICATES)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 2012
    through: str | None = None
    measures: Many[str] = ()
    note: str = ""


class Address(NamedTuple):
    """Where a row of a sweep comes from."""

    point: int
    scenario: int
    draw: int
    replicate: int


@dataclass(frozen=True)
class Design:
    """Points of a sweep, and what is run at each of them.

    Rows are counted draw by draw (nested draws only), point by point, scenario by scenario,
    replicate by replicate.

    Parameters
    ----------
    name : str
    columns : tuple of str
        Factors: levers, axes, parameters, ``demand_shift``.
    points : tuple of tuple
        One value a factor: a number, a named level, or None where nothing is changed.
    pack : Pack
    scenarios : tuple of ResolvedScenario
        Scenarios from which the points differ.
    replicates, seed, through
        As in :func:`xuchang_sim.simulation.run.simulate`; ``through`` as 12 * year + month - 1.
    parameters : {"posterior", "sampled", "central"}
    draws : int
        1: every replicate has a parameter draw of its own; more: each is run with every replicate.
    measures : tuple of str
        Names of the measured columns, without ``_next``.
    """

    name: str
    columns: tuple[str, ...]
    points: tuple[tuple[Value, ...], ...]
    pack: Pack = field(repr=False)
    scenarios: tuple[ResolvedScenario, ...] = field(repr=False)
    replicates: int
    seed: int
    through: int
    parameters: Draws
    draws: int
    measures: tuple[str, ...] = field(repr=False)

    @property
    def unit(self) -> int:
        """Rows of one point and draw."""
        return len(self.scenarios) * self.replicates

    @property
    def rows(self) -> int:
        """Rows in all."""
        return self.draws * len(self.points) * self.unit

    def address(self, row: int) -> Address:
        """Return point, scenario, draw and replicate of a row."""
        unit, inside = divmod(row, self.unit)
        draw, point = divmod(unit, len(self.points))
        scenario, replicate = divmod(inside, self.replicates)
        return Address(point, scenario, draw, replicate)

    def changes(self, point: int) -> dict[str, float | str]:
        """Return what a point changes, by factor."""
        values = zip(self.columns, self.points[point], strict=True)
        return {name: value for name, value in values if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return all that decides the rows, as plain data."""
        return {
            "name": self.name,
            "columns": list(self.columns),
            "scenarios": {s.name: s.sha256 for s in self.scenarios},
            "replicates": self.replicates,
            "seed": self.seed,
            "through": month_label(self.through),
            "parameters": self.parameters,
            "draws": self.draws,
            "posterior": self.posterior,
            "measures": list(self.measures),
            "points": [list(point) for point in self.points],
        }

    @property
    def posterior(self) -> str | None:
        """Hash of the posterior that parameters are drawn from, if they are."""
        return posterior_digest(self.pack) if self.parameters == "posterior" else None

    @cached_property
    def sha256(self) -> str:
        """Hash of :meth:`to_dict`, hexadecimal."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def posterior_digest(pack: Pack) -> str | None:
    """Hash of a pack's posterior; None if it has none."""
    posterior = pack.posterior
    if posterior is None:
        return None
    names = ",".join(posterior.names).encode()
    return hashlib.sha256(names + np.ascontiguousarray(posterior.draws).tobytes()).hexdigest()[:20]


# ------------------------------------------------------------------------------------- making one


def make_design(
    study: Settings,
    points: pd.DataFrame | Mapping[str, Sequence[Any]],
    *,
    name: str = "table",
    scenarios: ScenarioLike | Sequence[ScenarioLike] = ("plan",),
    draws: int = 1,
    measures: str | Sequence[str] = (),
) -> Design:
    """Make a design of a table of points.

    Parameters
    ----------
    study : Settings
        Pack, replicates of each point, seed, last month, where parameters come from.
    points : DataFrame or mapping of str to sequence
        One column a factor; a cell without a value changes nothing.
    name : str
    scenarios : sequence
        Scenarios from which the points differ.
    draws : int
        1: every replicate has a parameter draw of its own; more: each is run with every replicate.
    measures : sequence of str
        Measures kept; all if empty.

    Raises
    ------
    InputError
        One clear line for every wrong column or cell.
    """
    named = {str(column): values for column, values in points.items()}
    columns = tuple(named)
    table = [[_cell(value) for value in values] for values in named.values()]
    rows = tuple(zip(*table, strict=True)) if columns else ((),)
    scenarios_run = tuple(study.scenarios(scenarios))
    return _checked(study, name, columns, rows, scenarios_run, draws, listed(measures))


def _cell(value: Any) -> Value:
    """One cell of a table: a number, a level, or nothing."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return None
    return float(value)


def load_design(name_or_path: str | Path, pack: Pack | None = None) -> Design:
    """Read a sweep file, a table of points, or a shipped sweep by name.

    Parameters
    ----------
    name_or_path : str or Path
        ``quick``, ``sobol``, or path of a YAML sweep file or of a CSV or Excel table.
    pack : Pack, optional
        By default the embedded one.

    Raises
    ------
    InputError
        All faults of the file at once.

    Examples
    --------
    >>> load_design("quick").columns
    ('land', 'finance', 'labour', 'process', 'demand_shift')
    """
    loaded = pack or load_pack()
    path = _find(name_or_path)
    if path.suffix.lower() in TABLES:
        return make_design(Settings(loaded, replicates=100), read_table(path), name=path.stem)
    problems: list[Problem] = []
    source = read_yaml(path, problems)
    checked = validate(source, SweepFile, problems) if source else None
    if checked is None or problems:
        raise InputError(problems)
    source, file = checked
    if file.name != path.stem:
        message = phrase("scenario.file_name", name=file.name, stem=path.stem)
        problems.append(source.problem(["name"], message))
    known = factor_names(loaded)
    for factor in file.factors:
        if factor not in known:
            close = did_you_mean(factor, known)
            message = phrase("design.unknown", close=close, known=", ".join(sorted(known)))
            problems.append(source.problem(["factors", factor], message))
    scenarios = []
    for n, scenario in enumerate(file.scenarios):
        try:
            scenarios.append(load_scenario(scenario, loaded))
        except InputError as error:
            problems += [source.problem(["scenarios", n], p.message) for p in error.problems]
    if problems:
        raise InputError(problems)
    columns, points = _points(source, file, path, loaded, problems)
    if problems:
        raise InputError(problems)
    study = Settings(
        loaded,
        replicates=file.replicates,
        seed=file.seed,
        through=file.through,
        parameters=file.parameters,
    )
    rows = tuple(scenarios)
    return _checked(study, file.name, columns, points, rows, file.draws, file.measures, source)


TABLES = {".csv", ".xlsx"}


def is_sweep(path: Path) -> bool:
    """Whether a file says that it is a sweep."""
    source = read_yaml(path, []) if path.suffix == ".yaml" and path.is_file() else None
    return (
        source is not None and isinstance(source.data, dict) and source.data.get("kind") == "sweep"
    )


def shipped() -> Path:
    """Folder of the sweeps that come with the code."""
    here = Path(__file__).parents[1]
    inside = here / "scenarios" / "sweeps"
    return inside if inside.is_dir() else here.parents[1] / "scenarios" / "sweeps"


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or Path(text).name != text or Path(text).suffix:
        return Path(name_or_path)
    path = shipped() / f"{text}.yaml"
    if path.is_file():
        return path
    known = sorted(other.stem for other in shipped().glob("*.yaml"))
    close = did_you_mean(text, known)
    message = phrase("design.none", text=text, close=close, known=", ".join(known))
    raise InputError([Problem(text, "", 0, message)])


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV or Excel table of points.

    Raises
    ------
    InputError
        If the file cannot be read as a table.
    """
    try:
        if path.suffix.lower() == ".csv":
            return pd.read_csv(path, encoding="utf-8-sig")
        return pd.read_excel(path, engine="openpyxl")
    except ImportError as error:
        message = phrase("design.openpyxl")
        raise InputError([Problem(str(path), "", 0, message)]) from error
    except (OSError, ValueError, KeyError, UnicodeDecodeError) as error:
        message = phrase("design.unreadable", error=error)
        raise InputError([Problem(str(path), "", 0, message)]) from error
    except Exception as error:  # a broken workbook raises what its zip or XML reader likes
        message = phrase("design.unreadable_kind", name=type(error).__name__)
        raise InputError([Problem(str(path), "", 0, message)]) from error


def factor_names(pack: Pack) -> tuple[str, ...]:
    """Names that a design may vary: levers, axes, ``demand_shift``, parameters."""
    return (*pack.levers, *AXES, DEMAND, *pack.parameters)


def bounds(name: str, pack: Pack) -> tuple[float, float]:
    """Ends of the range of a factor, in its unit."""
    if name in AXES:
        return 0.0, 2.0
    if name == DEMAND:
        return -2.0, 2.0
    if name in pack.levers:
        return pack.levers[name].minimum, pack.levers[name].maximum
    return pack.parameters[name].low, pack.parameters[name].high


def quantile(name: str, entry: Entry, pack: Pack) -> Callable[[Array], list[Value]]:
    """Return the map from [0, 1] to the values of a factor."""
    if isinstance(entry, tuple) and not isinstance(entry, Span):
        values = entry
        last = len(values) - 1
        return lambda u: [values[min(last, int(x * len(values)))] for x in u]
    if entry == "prior" and name in pack.parameters and name not in pack.levers:
        prior = pack.parameters[name].prior
        return lambda u: [float(x) for x in np.asarray(prior.quantile(u))]
    low, high = (entry.low, entry.high) if isinstance(entry, Span) else bounds(name, pack)
    lever, parameter = pack.levers.get(name), pack.parameters.get(name)
    whole = lever.kind in {"count", "switch"} if lever else False
    whole = whole or (not lever and parameter is not None and parameter.prior.kind == "integer")
    if whole:
        last_whole, first = math.floor(high), math.ceil(low)
        count = last_whole - first + 1
        return lambda u: [float(first + min(count - 1, int(x * count))) for x in u]
    return lambda u: [float(low + x * (high - low)) for x in u]


def _points(
    source: Source,
    file: SweepFile,
    path: Path,
    pack: Pack,
    problems: list[Problem],
) -> tuple[tuple[str, ...], tuple[tuple[Value, ...], ...]]:
    """Columns and points of a sweep file."""
    names = tuple(file.factors)
    sampled = file.method in {"sobol", "latin_hypercube"}

    def fault(where: list[str | int], message: str) -> None:
        problems.append(source.problem(where, message))

    if (file.method == "table") != (file.table is not None):
        fault(["table"], phrase("design.with_table"))
    elif file.method == "table":
        if names:
            fault(["factors"], phrase("design.table_alone"))
            return (), ()
        frame = read_table(path.parent / str(file.table))
        columns = tuple(str(column) for column in frame)
        return columns, tuple(zip(*([_cell(v) for v in frame[c]] for c in frame), strict=True))
    if not names and not problems:
        fault(["factors"], phrase("design.empty"))
    if sampled != (file.points is not None):
        fault(["points"], phrase("design.points_method"))
    elif file.method == "sobol" and file.points and file.points & (file.points - 1):
        fault(["points"], phrase("design.power", points=file.points))
    for name, entry in file.factors.items():
        if entry == "prior" and (name in pack.levers or name in AXES or name == DEMAND):
            fault(["factors", name], phrase("design.no_prior"))
        if isinstance(entry, Span) and (entry.steps is None) != sampled:
            fault(["factors", name], phrase("design.steps"))
        if not sampled and isinstance(entry, str):
            fault(["factors", name], phrase("design.values"))
    if problems:
        return (), ()
    if sampled:
        return names, _sampled(file, pack)
    grids = [_grid(entry) for entry in file.factors.values()]
    if math.prod(len(grid) for grid in grids) > MOST_POINTS and file.method == "factorial":
        fault(["factors"], phrase("design.many", most_points=MOST_POINTS))
        return (), ()
    if file.method == "factorial":
        return names, tuple(itertools.product(*grids))
    # One factor is moved at a time; the first point is the scenario as it is.
    nothing: tuple[Value, ...] = (None,) * len(names)
    moved = [
        (*nothing[:n], value, *nothing[n + 1 :]) for n, grid in enumerate(grids) for value in grid
    ]
    return names, (nothing, *moved)


def _grid(entry: Any) -> tuple[Value, ...]:
    if isinstance(entry, Span):
        return tuple(float(v) for v in np.linspace(entry.low, entry.high, entry.steps or 2))
    return tuple(entry)


def _sampled(file: SweepFile, pack: Pack) -> tuple[tuple[Value, ...], ...]:
    unit = unit_sample(file.method, len(file.factors), file.points or 1, file.seed)
    columns = [
        quantile(name, entry, pack)(unit[:, k])
        for k, (name, entry) in enumerate(file.factors.items())
    ]
    return tuple(zip(*columns, strict=True))


def unit_sample(method: str, factors: int, points: int, seed: int) -> Array:
    """Sample the unit cube: scrambled Sobol points or a Latin hypercube.

    Returns
    -------
    ndarray, shape (points, factors)
    """
    generator = np.random.default_rng(seed)
    kind = qmc.Sobol if method == "sobol" else qmc.LatinHypercube
    return np.asarray(kind(factors, rng=generator).random(points))


def _checked(
    study: Settings,
    name: str,
    columns: tuple[str, ...],
    points: tuple[tuple[Value, ...], ...],
    scenarios: tuple[ResolvedScenario, ...],
    draws: int,
    measures: Iterable[str],
    source: Source | None = None,
) -> Design:
    """Check every cell of a design; the faults come together, with the row they are in."""
    pack, setup = study.pack, study.setup()
    file = source.file if source else name
    problems: list[Problem] = []
    known = factor_names(pack)
    for column in columns:
        if column not in known:
            close = did_you_mean(column, known)
            message = phrase("design.unknown", close=close, known=", ".join(sorted(known)))
            problems.append(Problem(file, column, 0, message))
    repeated = {c for c in columns if columns.count(c) > 1}
    problems += [Problem(file, c, 0, phrase("design.twice")) for c in sorted(repeated)]
    for k, column in enumerate(columns):
        kinds = {type(point[k]) for point in points if point[k] is not None}
        if len(kinds) > 1:
            message = phrase("design.mixed")
            problems.append(Problem(file, column, 0, message))
    if not points:
        problems.append(Problem(file, "", 0, phrase("design.no_point")))
    if setup.draws == "central" and draws > 1:
        message = phrase("design.central", draws=draws)
        problems.append(Problem(file, "draws", 0, message))
    names = [scenario.name for scenario in scenarios]
    if len(set(names)) < len(names):
        problems.append(Problem(file, "scenarios", 0, phrase("scenario.twice")))
    computed = [name for name in REGISTRY if lacking(pack, name) is None]
    everything = tuple(dict.fromkeys([*computed, *(t.id for t in modelled(pack))]))
    kept = tuple(measures) or everything
    for measure in kept:
        if measure not in everything:
            close = did_you_mean(measure, everything)
            message = phrase(
                "design.measure", measure=measure, close=close, everything=", ".join(everything)
            )
            problems.append(Problem(file, "measures", 0, message))
    if problems:
        raise InputError(problems)
    for number, point in enumerate(points):
        changes = {c: v for c, v in zip(columns, point, strict=True) if v is not None}
        for scenario in scenarios:
            faults = adjust(scenario, changes, pack)[1]
            problems += [Problem(file, f"points[{number}].{k}", 0, text) for k, text in faults]
            if faults:
                break
        if len(problems) >= 20:
            break
    if problems:
        raise InputError(problems)
    return Design(
        name,
        columns,
        points,
        pack,
        scenarios,
        setup.replicates,
        setup.seed,
        setup.through,
        setup.draws,
        draws,
        kept,
    )
