"""Scenarios: named settings of the levers, written as differences from a parent.

One module because a matrix is resolved like a scenario, with the same parents and faults.

A scenario file gives levels for whole axes or lever by lever, shifts demand, and may fix parameters.
Resolving it gives one number for every lever. A matrix crosses some axes at some levels.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from xuchang_sim.files import write
from xuchang_sim.htmltable import html_table
from xuchang_sim.pack.conditions import Condition, resolve as resolve_drivers, wish
from xuchang_sim.pack.levers import AXES, LEVELS, Axis, Level
from xuchang_sim.pack.schema import Label, Many, Strict, not_a_number, validate
from xuchang_sim.pack.yaml_text import block
from xuchang_sim.text import phrase
from xuchang_sim.units import UnitError, canonical, convert
from xuchang_sim.yamlfile import InputError, Problem, Source, did_you_mean, read_yaml, shown

if TYPE_CHECKING:
    from xuchang_sim.pack.levers import Lever
    from xuchang_sim.pack.pack import Pack
    from xuchang_sim.pack.parameters import Parameter

__all__ = [
    "Cell",
    "Matrix",
    "ResolvedScenario",
    "Scenario",
    "adjust",
    "check",
    "is_matrix",
    "list_scenarios",
    "load_matrix",
    "load_scenario",
]


class Amount(NamedTuple):
    """A number in a scenario file, with a unit if one was given."""

    value: float
    unit: str | None


Setting = Amount | Level
#: Kinds of files among which a name is sought.
SCENARIO, MATRIX = "scenario", "matrix"


def _setting(value: Any) -> Setting:
    """Read a setting: a number, a named level, or ``{value, unit}``."""
    if isinstance(value, str) and value in LEVELS:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Amount(float(value), None)
    allowed = phrase("scenario.allowed", levels=", ".join(LEVELS))
    if isinstance(value, dict) and value.keys() == {"value", "unit"}:
        number, unit = value["value"], value["unit"]
        if isinstance(number, int | float) and not isinstance(number, bool):
            if isinstance(unit, str):
                return Amount(float(number), canonical(unit))
            message = phrase("scenario.unit", allowed=allowed)
            raise ValueError(message)
        value = number
    elif isinstance(value, dict):
        message = phrase("scenario.mapping", allowed=allowed)
        raise ValueError(message)
    message = phrase(
        "scenario.number",
        not_a_number=not_a_number(value),
        hint=did_you_mean(value, LEVELS),
        allowed=allowed,
    )
    raise ValueError(message)


def _file_name(name: str) -> str:
    if not re.fullmatch(r"\w[\w-]{0,59}", name):
        message = phrase("scenario.name", name=shown(name))
        raise ValueError(message)
    return name


Name = Annotated[str, AfterValidator(_file_name)]
Settings = dict[str, Annotated[Any, BeforeValidator(_setting)]]
Wishes = dict[str, Annotated[Any, BeforeValidator(wish)]]


class Scenario(Strict):
    """A scenario file: what differs from its parent.

    Parameters
    ----------
    parent : str or None
        Scenario from which everything else is taken; without one, all axes must be given.
    axes : dict of str to str
        Named level for all levers of an axis.
    levers : dict of str to setting
        Single levers, after the axes: a number, a named level, or ``{value, unit}``.
    demand_shift : float or None
        Shift of the demand outlook, in standard deviations.
    drivers : dict of str to entry
        Drivers of the outlook held at the user's own months (here or in a file ``date,value``
        beside the scenario), or ``off``.
    parameters : dict of str to setting
        Values that replace a parameter's prior in every draw.
    """

    kind: Literal["scenario"] = "scenario"
    name: Name
    title_zh: Label
    title_en: Label
    parent: Name | None = None
    axes: dict[Axis, Level] = Field(default_factory=dict)
    levers: Settings = Field(default_factory=dict)
    demand_shift: Annotated[float, Field(ge=-4, le=4)] | None = None
    drivers: Wishes = Field(default_factory=dict)
    parameters: Settings = Field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class ResolvedScenario:
    """A scenario with a number for every lever.

    Parameters
    ----------
    name, title_zh, title_en, note : str
        As in the file.
    lineage : tuple of str
        Names from the oldest ancestor to the scenario itself.
    levels : mapping of str to float
        Value of every lever of the pack, in the lever's unit and the pack's order.
    demand_shift : float
        Shift of the demand outlook, in standard deviations.
    parameters : mapping of str to float
        Fixed parameters, in their units.
    drivers : mapping of str to (mapping of str to float, or "off")
        Drivers held at months ``YYYY-MM`` (growth over a year, fraction), or switched off.
    changes : mapping of str to (float or str)
        What a scenario made in memory set, as it was given; empty for one of a file.
    """

    name: str
    title_zh: str
    title_en: str
    note: str
    lineage: tuple[str, ...]
    levels: Mapping[str, float]
    demand_shift: float
    parameters: Mapping[str, float]
    drivers: Mapping[str, Condition] = field(default_factory=dict)
    changes: Mapping[str, float | str] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        shift = [("demand_shift", f"{self.demand_shift:g}")] if self.demand_shift else []
        shift += [
            (k, v if isinstance(v, str) else f"{len(v)} months") for k, v in self.drivers.items()
        ]
        return html_table(
            f"{self.title_zh} · {self.title_en} ({' → '.join(self.lineage)})",
            ("lever", "level"),
            [*((k, f"{v:g}") for k, v in [*self.levels.items(), *self.parameters.items()]), *shift],
        )

    @cached_property
    def sha256(self) -> str:
        """Hash of the numbers (not of names and titles), hexadecimal."""
        content: list[object] = [self.levels, self.demand_shift, self.parameters]
        if self.drivers:
            content.append(self.drivers)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def save(self, path: Path) -> Path:
        """Write it as a scenario file, named after the file, that gives the same numbers.

        Parameters
        ----------
        path : Path
            File to write, ``NAME.yaml``; replaced as a whole.

        Returns
        -------
        Path
            The same.
        """
        content = {
            "name": _file_name(path.stem),
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "note": self.note,
            "parent": "no_plan",
            "levers": dict(self.levels),
            "demand_shift": self.demand_shift,
            "parameters": dict(self.parameters),
            "drivers": {k: v if isinstance(v, str) else dict(v) for k, v in self.drivers.items()},
        }
        write(path, block({k: v for k, v in content.items() if v not in ("", {})}).encode())
        return path


_Step = tuple[Source, Scenario]
"""One file on the way from the oldest ancestor to the scenario."""


def load_scenario(name_or_path: str | Path, pack: "Pack") -> ResolvedScenario:
    """Find a scenario by name or path and resolve it.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped scenario (or of one in the pack's own folder), or path of a file.
    pack : Pack
        Pack whose levers and parameters it sets.

    Returns
    -------
    ResolvedScenario
        A value for every lever of the pack.

    Raises
    ------
    InputError
        If the scenario or one of its ancestors is missing or wrong; all faults at once.

    Examples
    --------
    >>> from xuchang_sim import load_pack
    >>> load_scenario("land_high", load_pack()).lineage
    ('plan', 'land_high')
    """
    problems: list[Problem] = []
    path = _find(name_or_path, pack, problems)
    steps = _chain(path, pack, problems) if path else []
    resolved = _resolve(steps, pack, problems) if steps else None
    if resolved is None or problems:
        raise InputError(problems)
    return resolved


def list_scenarios(pack: "Pack") -> tuple[Scenario, ...]:
    """Return the scenarios that can be called by name, in the order of their names.

    Raises
    ------
    InputError
        If a file among them is wrong.
    """
    problems: list[Problem] = []
    scenarios: dict[str, Scenario] = {}
    for folder in _folders(pack):
        for path in sorted(folder.glob("*.yaml")):
            source = read_yaml(path, problems)
            if source and not is_matrix(source) and path.stem not in scenarios:
                step = _checked(path, source, Scenario, problems)
                if step:
                    scenarios[path.stem] = step[1]
    if problems:
        raise InputError(problems)
    return tuple(scenarios[name] for name in sorted(scenarios))


def is_matrix(source: Source) -> bool:
    """Whether a file says that it is a matrix."""
    return isinstance(source.data, dict) and source.data.get("kind") == "matrix"


def _folders(pack: "Pack") -> tuple[Path, ...]:
    """Where names are looked up: the pack's own folder, then what is shipped with the code."""
    here = Path(__file__).parents[1]
    shipped = here / "scenarios"
    if not shipped.is_dir():  # in a checkout they lie at the top, where planners find them
        shipped = here.parents[1] / "scenarios"
    return (pack.folder / "scenarios", shipped)


def _find(
    name_or_path: str | Path, pack: "Pack", problems: list[Problem], kind: str = SCENARIO
) -> Path | None:
    """Path of a scenario or a matrix; a name has neither a folder nor an ending."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or Path(text).name != text or Path(text).suffix:
        return Path(name_or_path)
    return _named(text, _folders(pack), Problem(text, "", 0, ""), problems, kind)


def _kind(path: Path) -> str:
    """Whether a file says that it is a matrix; all others are taken for scenarios."""
    said = [b"kind:", MATRIX.encode()]
    matrix = any(line.split() == said for line in path.read_bytes().splitlines())
    return MATRIX if matrix else SCENARIO


def _named(
    name: str,
    folders: Iterable[Path],
    blank: Problem,
    problems: list[Problem],
    kind: str = SCENARIO,
) -> Path | None:
    """Path of the first file of this name and kind; else `blank` becomes the fault."""
    known: set[str] = set()
    other = ""
    for folder in folders:
        path = folder / f"{name}.yaml"
        if path.is_file():
            if _kind(path) == kind:
                return path
            other = phrase("scenario.is_a", name=name, kind=phrase(f"word.{_kind(path)}"))
        known |= {path.stem for path in folder.glob("*.yaml") if _kind(path) == kind}
    close = other or did_you_mean(name, known)
    message = phrase(
        "scenario.none",
        kind=phrase(f"word.{kind}"),
        name=name,
        close=close,
        known=", ".join(sorted(known)),
    )
    problems.append(replace(blank, message=message))
    return None


S = TypeVar("S", bound="Scenario | MatrixEntry")


def _checked(
    path: Path, source: Source | None, model: type[S], problems: list[Problem]
) -> tuple[Source, S] | None:
    """Content of a file, whose name must be the one inside it."""
    checked = validate(source, model, problems) if source else None
    if checked and checked[1].name != path.stem:
        message = phrase("scenario.file_name", name=checked[1].name, stem=path.stem)
        problems.append(checked[0].problem(["name"], message))
    return checked


def _chain(path: Path, pack: "Pack", problems: list[Problem]) -> list[_Step]:
    """Files from the oldest ancestor that can be had to the scenario itself."""
    steps: list[_Step] = []
    while True:
        step = _checked(path, read_yaml(path, problems), Scenario, problems)
        if step is None:
            return steps
        source, scenario = step
        steps.insert(0, step)
        if scenario.parent is None:
            return steps
        blank = source.problem(["parent"], "")
        result = _named(scenario.parent, (path.parent, *_folders(pack)), blank, problems)
        if result is None:
            return steps
        path = result
        if any(Path(source.file) == path for source, _ in steps):
            circle = " -> ".join([scenario.parent, *(other.name for _, other in steps)])
            message = phrase("scenario.ancestor", circle=circle)
            problems.append(replace(blank, message=message))
            return steps


def _resolve(steps: list[_Step], pack: "Pack", problems: list[Problem]) -> ResolvedScenario:
    """Apply the files in order, the axes of each before its levers."""
    levels: dict[str, float] = {}
    origin: dict[str, tuple[int, list[str | int]]] = {}
    parameters: dict[str, float] = {}
    demand_shift = 0.0
    drivers: dict[str, Condition] = {}
    for number, (source, scenario) in enumerate(steps):
        missing = set(AXES) - scenario.axes.keys() - source.missing("axes")
        if scenario.parent is None and missing and not source.missing("parent"):
            names = ", ".join(axis for axis in AXES if axis in missing)
            message = phrase("scenario.axes", names=names)
            problems.append(
                source.problem(
                    ["axes"], phrase("scenario.levels", message=message, levels=", ".join(LEVELS))
                )
            )
        for axis, level in scenario.axes.items():
            for lever in pack.levers.values():
                if lever.axis == axis:
                    levels[lever.id] = lever.at(level)
                    origin[lever.id] = (number, ["axes", axis])
        for name, setting in scenario.levers.items():
            value, message = _lever_value(name, setting, pack.levers)
            if message:
                problems.append(source.problem(["levers", name], message))
            else:
                levels[name], origin[name] = value, (number, ["levers", name])
        for name, setting in scenario.parameters.items():
            value, message = _parameter_value(name, setting, pack.parameters)
            if message:
                problems.append(source.problem(["parameters", name], message))
            else:
                parameters[name] = value
        if scenario.demand_shift is not None:
            demand_shift = scenario.demand_shift
        folder = Path(source.file).parent
        drivers |= resolve_drivers(scenario.drivers, pack, folder, source.problem, problems)
    for name, other, message in _orders(levels, pack.levers):
        number, where = max(origin[name], origin[other])  # the file that spoke last
        problems.append(steps[number][0].problem(where, message))
    last = steps[-1][1]
    return ResolvedScenario(
        name=last.name,
        title_zh=last.title_zh,
        title_en=last.title_en,
        note=last.note,
        lineage=tuple(scenario.name for _, scenario in steps),
        levels={name: levels[name] for name in pack.levers if name in levels},
        demand_shift=demand_shift,
        parameters=parameters,
        drivers=drivers,
    )


def _orders(
    levels: Mapping[str, float], levers: "Mapping[str, Lever]"
) -> Iterator[tuple[str, str, str]]:
    """Levers that fell below another one that they may not fall below."""
    for name, value in levels.items():
        other = levers[name].not_below
        slack = ROUNDING * (levers[name].maximum - levers[name].minimum)
        if other is not None and value < levels.get(other, value) - slack:
            message = phrase(
                "scenario.below", name=name, value=value, other=other, levels=levels[other]
            )
            yield name, other, phrase("scenario.at_least", message=message)


def _lever_value(name: str, setting: Setting, levers: "Mapping[str, Lever]") -> tuple[float, str]:
    """Value of a lever and what is wrong with it."""
    if name not in levers:
        return 0.0, phrase(
            "scenario.not_a_lever", hint=did_you_mean(name, levers), levers=", ".join(levers)
        )
    lever = levers[name]
    if isinstance(setting, str):
        return lever.at(setting), ""
    value, message = _in_unit(setting, lever.unit)
    return value, message or lever.complaint(value)


def _parameter_value(
    name: str, setting: Setting, parameters: "Mapping[str, Parameter]"
) -> tuple[float, str]:
    """Value of a parameter and what is wrong with it."""
    if name not in parameters:
        why = phrase("scenario.not_a_parameter", hint=did_you_mean(name, parameters))
        return 0.0, phrase("scenario.see_parameters", why=why)
    entry = parameters[name]
    if isinstance(setting, str):
        return 0.0, phrase("scenario.level_of_levers", setting=setting)
    value, message = _in_unit(setting, entry.unit)
    if not message and not entry.low <= value <= entry.high:
        message = phrase(
            "scenario.range", value=value, low=entry.low, high=entry.high, unit=entry.unit
        )
    if not message and entry.prior.kind == "integer" and not value.is_integer():
        message = phrase("scenario.whole", value=value)
    return value, message


def _in_unit(amount: Amount, unit: str) -> tuple[float, str]:
    """Number in the unit asked for, and why it cannot be had."""
    if amount.unit is None:
        return amount.value, ""
    try:
        return convert(amount.value, amount.unit, unit), ""
    except UnitError as error:
        return 0.0, phrase("scenario.same_kind", error=error, unit=unit)


def adjust(
    base: ResolvedScenario, changes: Mapping[str, float | str], pack: "Pack"
) -> tuple[ResolvedScenario, list[tuple[str, str]]]:
    """Change a scenario by name: whole axes first, then levers, parameters, ``demand_shift``.

    Parameters
    ----------
    base : ResolvedScenario
        What stays where nothing is changed.
    changes : mapping of str to float or str
        For a lever a number in its unit or a named level; for an axis a named level, or its
        strength (0 absent, 1 plan, 2 the ends of the ranges); for a parameter a number.
    pack : Pack
        Whose levers and parameters they are.

    Returns
    -------
    scenario : ResolvedScenario
    faults : list of (str, str)
        Name and what is wrong with its value; the scenario is of no use if there are any.
    """
    levels, parameters, shift = dict(base.levels), dict(base.parameters), base.demand_shift
    faults: list[tuple[str, str]] = []
    for axis, setting in changes.items():
        if axis not in AXES:
            continue
        if isinstance(setting, str) and setting not in LEVELS:
            close = did_you_mean(setting, LEVELS)
            faults.append(
                (
                    axis,
                    phrase(
                        "scenario.no_level",
                        setting=shown(setting),
                        close=close,
                        levels_text=LEVELS_TEXT,
                    ),
                )
            )
        elif not isinstance(setting, str) and not 0.0 <= setting <= 2.0:
            faults.append((axis, phrase("scenario.strength", setting=setting)))
        else:
            for lever in pack.levers.values():
                if lever.axis == axis:
                    named = isinstance(setting, str)
                    levels[lever.id] = lever.at(setting) if named else lever.strength(setting)  # type: ignore[arg-type]
    for name, setting in changes.items():
        if name in AXES:
            continue
        value, message = 0.0, ""
        if name == "demand_shift":
            if isinstance(setting, str) or not -4.0 <= setting <= 4.0:
                message = phrase("scenario.shift", setting=setting)
            else:
                shift = setting
        elif name in pack.levers:
            entry = setting if isinstance(setting, str) else Amount(setting, None)
            if isinstance(entry, str) and entry not in LEVELS:
                message = phrase(
                    "scenario.no_level_or_number", entry=shown(entry), levels_text=LEVELS_TEXT
                )
            else:
                value, message = _lever_value(name, entry, pack.levers)
            levels[name] = value
        else:
            entry = Amount(setting, None) if not isinstance(setting, str) else setting
            value, message = _parameter_value(name, entry, pack.parameters)  # type: ignore[arg-type]
            parameters[name] = value
        if message:
            faults.append((name, message))
    faults += [(name, message) for name, _, message in _orders(levels, pack.levers)]
    changed = replace(base, levels=levels, parameters=parameters, demand_shift=shift)
    return changed, faults


LEVELS_TEXT = ", ".join(LEVELS)
ROUNDING = 1e-9
"""Part of its range by which a computed level may lie outside: what adding and dividing leave."""


def check(scenario: ResolvedScenario, pack: "Pack") -> None:
    """Check a scenario where it enters the engine, whoever made it.

    A scenario from a file has been checked line by line; one made in Python, or changed by
    `dataclasses.replace`, has not.

    Raises
    ------
    InputError
        If a lever is missing, unknown, out of its range or below another that it may not fall
        below; if a parameter is unknown or no number, or the demand shift out of its range. (A
        parameter outside its range is an experiment with the model, and left to whoever makes it.)
    """
    faults = [
        (name, phrase("scenario.no_lever", hint=did_you_mean(name, pack.levers)))
        for name in scenario.levels.keys() - pack.levers.keys()
    ]
    for name, lever in pack.levers.items():
        if name not in scenario.levels:
            faults.append((name, phrase("scenario.every_lever")))
            continue
        value = scenario.levels[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            faults.append((name, phrase("scenario.number_in", value=value, unit=lever.unit)))
            continue
        slack = ROUNDING * (lever.maximum - lever.minimum)
        outside = not lever.minimum - slack <= value <= lever.maximum + slack
        inside = min(max(value, lever.minimum), lever.maximum)
        if message := lever.complaint(value if outside else inside):
            faults.append((name, message))
    if not faults:
        faults += [(name, message) for name, _, message in _orders(scenario.levels, pack.levers)]
    for name, value in scenario.parameters.items():
        entry = pack.parameters.get(name)
        if entry is None:
            faults.append(
                (name, phrase("scenario.no_parameter", hint=did_you_mean(name, pack.parameters)))
            )
        elif not math.isfinite(value):
            faults.append((name, phrase("scenario.number_in", value=value, unit=entry.unit)))
    if not -4.0 <= scenario.demand_shift <= 4.0:
        message = phrase("scenario.shift_of", demand_shift=scenario.demand_shift)
        faults.append(("demand_shift", message))
    if faults:
        where = f"scenario {scenario.name}"
        raise InputError([Problem(where, name, 0, message) for name, message in sorted(faults)])


# ------------------------------------------------------------------------------------- matrix


class MatrixEntry(Strict):
    """A matrix file: axes to cross, and the levels at which they are crossed."""

    kind: Literal["matrix"]
    name: Name
    title_zh: Label
    title_en: Label
    parent: Name
    axes: Annotated[Many[Axis], Field(min_length=1)]
    levels: Annotated[Many[Level], Field(min_length=1)]
    note: str = ""


class Cell(NamedTuple):
    """One cell of a matrix: the level of each axis, and the scenario that has them."""

    at: Mapping[Axis, Level]
    scenario: ResolvedScenario


@dataclass(frozen=True)
class Matrix:
    """All combinations of some axes at some levels, the last axis varying fastest."""

    name: str
    title_zh: str
    title_en: str
    axes: tuple[str, ...]
    levels: tuple[str, ...]
    cells: tuple[Cell, ...]
    parent: ResolvedScenario


def load_matrix(name_or_path: str | Path, pack: "Pack") -> Matrix:
    """Find a matrix by name or path and resolve its cells.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped matrix, or path of a file.
    pack : Pack
        Pack whose levers it sets.

    Returns
    -------
    Matrix
        The cells as scenarios.

    Raises
    ------
    InputError
        If the file or the scenario it starts from is wrong.
    """
    problems: list[Problem] = []
    path = _find(name_or_path, pack, problems, MATRIX)
    step = _checked(path, read_yaml(path, problems), MatrixEntry, problems) if path else None
    if path is None or step is None:
        raise InputError(problems)
    source, entry = step
    for key, values in {"axes": entry.axes, "levels": entry.levels}.items():
        if len(set(values)) < len(values):
            problems.append(source.problem([key], phrase("scenario.twice")))
    blank = source.problem(["parent"], "")
    result = _named(entry.parent, (path.parent, *_folders(pack)), blank, problems)
    if result is None or problems:
        raise InputError(problems)
    parent = load_scenario(result, pack)
    cells = []
    for levels in product(entry.levels, repeat=len(entry.axes)):
        at = dict(zip(entry.axes, levels, strict=True))
        moved = {x.id: x.at(at[x.axis]) for x in pack.levers.values() if x.axis in at}
        name = ",".join(f"{axis}={level}" for axis, level in at.items())
        scenario = replace(
            parent, name=name, lineage=(*parent.lineage, name), levels={**parent.levels, **moved}
        )
        cells.append(Cell(at, scenario))
    titles = entry.title_zh, entry.title_en
    return Matrix(entry.name, *titles, entry.axes, entry.levels, tuple(cells), parent)
