"""Requirements of each command on a pack: one list, also used by `validate`.

Ranges of arguments (replicates, seeds, shares) stay with the commands: they are not the pack's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from xuchang_sim.model.world import SUMMARY, Sizes
from xuchang_sim.pack.scenario import (
    ResolvedScenario,
    is_matrix,
    list_scenarios,
    load_matrix,
    load_scenario,
)
from xuchang_sim.simulation import needs
from xuchang_sim.simulation.arguments import faults, replicates_fault
from xuchang_sim.simulation.records import sizes_for
from xuchang_sim.simulation.settings import Settings
from xuchang_sim.simulation.setup import Setup
from xuchang_sim.units import month_index
from xuchang_sim.yamlfile import InputError, Problem, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from xuchang_sim.pack.load import Pack

__all__ = ["Command", "Room", "Stop", "large", "require", "requirements", "stopped"]

Command = Literal["assess", "matrix", "plan --check", "explain", "report", "outlook"]
#: Commands that take the last month of a run as an option.
TAKES_THROUGH: frozenset[Command] = frozenset({"assess", "report"})
#: Scenarios that every pack is asked with.
USUAL = ("no_plan", "plan")
#: Commands that run a scenario.
RUNS: frozenset[Command] = frozenset({"assess", "explain", "report"})


class Ask(NamedTuple):
    """Arguments of a command that bear on a pack.

    Parameters
    ----------
    last : int
        Last month of the run, 12 * year + month - 1.
    key : str
        Key of ``pack.yaml`` that says so; empty if it was asked for.
    scenario : ResolvedScenario or None
        None for no run.
    """

    last: int
    key: str
    scenario: ResolvedScenario | None


def _run(pack: Pack, ask: Ask) -> Iterable[Problem]:
    """Everything that any run needs."""
    return faults(pack, ask.last, ask.key, ask.scenario.parameters if ask.scenario else None)


def _matrix(pack: Pack, _: Ask) -> Iterable[Problem]:
    """A matrix that fits the pack's levers."""
    return _told(lambda: load_matrix("matrix", pack))


def _names(pack: Pack, _: Ask) -> Iterable[Problem]:
    """Scenarios that can be read: the report compares those that can be called by name."""
    return _told(lambda: list_scenarios(pack))


def _targets(pack: Pack, _: Ask) -> Iterable[Problem]:
    return needs.targets(pack)


def _series(pack: Pack, _: Ask) -> Iterable[Problem]:
    return needs.series(pack)


def _told(load: Callable[[], object]) -> Iterable[Problem]:
    """Faults of what is loaded."""
    try:
        load()
    except InputError as error:
        return error.problems
    return ()


#: Requirements of each command.
REQUIREMENTS: dict[Command, tuple[Callable[[Pack, Ask], Iterable[Problem]], ...]] = {
    "assess": (_run,),
    "matrix": (_run, _matrix),
    "plan --check": (_targets,),
    "explain": (_run,),
    "report": (_run, _matrix, _names),
    "outlook": (_series,),
}


def requirements(
    pack: Pack,
    command: Command,
    *,
    scenario: str | Path | ResolvedScenario | None = None,
    through: str | None = None,
    replicates: int = 1,
) -> list[Problem]:
    """Return everything for which a command could not answer on a pack.

    Parameters
    ----------
    pack : Pack
    command : {"assess", "matrix", "plan --check", "explain", "report", "outlook"}
    scenario : str, Path or ResolvedScenario, optional
        Scenario that is run; by default one that fixes no parameter.
    through : str, optional
        Last month, ``YYYY-MM``; by default the pack's.
    replicates : int
        Number of simulated futures.

    Returns
    -------
    list of Problem
        Each fault once; empty if the command answers.

    Examples
    --------
    >>> from xuchang_sim.pack.load import load_pack
    >>> requirements(load_pack(), "assess", scenario="plan", through="2013-12")
    []
    """
    wrong = replicates_fault(replicates)
    last, key = pack.default_through, "default_through"
    if through is not None:
        try:
            last, key = month_index(through), ""
        except ValueError as error:
            return [*wrong, Problem("--through", "", 0, str(error))]
    if isinstance(scenario, str | Path):
        try:
            scenario = load_scenario(scenario, pack)
        except InputError as error:
            return [*wrong, *error.problems]
    return [*wrong, *_faults(pack, command, Ask(last, key, scenario))]


def _faults(pack: Pack, command: Command, ask: Ask) -> list[Problem]:
    result = [problem for check in REQUIREMENTS[command] for problem in check(pack, ask)]
    return list(dict.fromkeys(result))


def require(
    pack: Pack,
    command: Command,
    *,
    scenario: ResolvedScenario | None = None,
    through: str | None = None,
) -> None:
    """Refuse a pack on which a command could not answer.

    Raises
    ------
    InputError
        With everything that :func:`requirements` finds.
    """
    if result := requirements(pack, command, scenario=scenario, through=through):
        raise InputError(result)


class Stop(NamedTuple):
    """Faults that stop the same commands."""

    commands: tuple[str, ...]
    problems: tuple[Problem, ...]


def stopped(pack: Pack) -> list[Stop]:
    """Return what stops which command on a pack, each fault once.

    Every command is asked at ``default_through`` with the scenarios ``no_plan`` and ``plan`` and
    with those of the pack's own folder; what takes ``--through`` also at ``last_month``.
    """
    stops: dict[Problem, list[str]] = {}

    def note(label: str, result: Iterable[Problem]) -> None:
        for problem in result:
            labels = stops.setdefault(problem, [])
            if label not in labels:
                labels.append(label)

    result, wrong = _scenarios(pack)
    usual: list[ResolvedScenario | None] = [result.pop(name) for name in USUAL if name in result]
    commands: tuple[Command, ...] = get_args(Command)
    for command in commands:
        for resolved in usual if command in RUNS else [None]:
            ask = Ask(pack.default_through, "default_through", resolved)
            note(command, _faults(pack, command, ask))
    before = {(problem.file, problem.path) for problem in stops}
    for command in commands:
        if command in TAKES_THROUGH:
            ask = Ask(pack.last_month, "last_month", None)
            note(f"{command} --through", _new(_faults(pack, command, ask), before))
    for scenario in result.values():
        ask = Ask(pack.default_through, "default_through", scenario)
        note(f"assess {scenario.name}", _new(_faults(pack, "assess", ask), before))
    for name, problems in wrong.items():
        note(f"assess {name}", problems)
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem, labels in stops.items():
        groups.setdefault(tuple(labels), []).append(problem)
    return [Stop(labels, tuple(problems)) for labels, problems in groups.items()]


#: From how many times the usual room for rows on a pack is called large.
LARGE = 4


class Room(NamedTuple):
    """Rows that a future of a pack needs, and how many times the usual ones they are."""

    firms: int
    projects: int
    times: float


def large(pack: Pack) -> Room | None:
    """Return the room of a pack whose runs take many times the usual time and memory; None for others.

    Raises
    ------
    InputError
        If no world holds its firms and projects.
    """
    sizes, usual = sizes_for(Setup(pack, through=pack.default_through)), Sizes()
    times = (sizes.firms + sizes.projects) / (usual.firms + usual.projects)
    return Room(sizes.firms, sizes.projects, times) if times >= LARGE else None


WARM_UPS = 4


def warm_ups(pack: Pack, seed: int = 2012) -> tuple[list[int], int]:
    """Run a few replicates without the plan, to the end of its year.

    Returns
    -------
    attempts : list of int
        Pipelines that each replicate that succeeded had to draw.
    failed : int
        Replicates of which no pipeline gave the base year.
    """
    through = f"{pack.plan_year}-12"
    results = Settings(pack, replicates=WARM_UPS, seed=seed, through=through).simulate("no_plan")
    drawn = results.summary[results.good, SUMMARY.index("attempts")]
    return drawn.astype(int).tolist(), int((~results.good).sum())


def _new(problems: Iterable[Problem], known: Collection[tuple[str, str]]) -> list[Problem]:
    """Faults at places that are not known to be wrong already."""
    return [problem for problem in problems if (problem.file, problem.path) not in known]


def _scenarios(pack: Pack) -> tuple[dict[str, ResolvedScenario], dict[str, list[Problem]]]:
    """Scenarios that every pack is asked with and its own, and the faults of those that are wrong."""
    resolved_scenarios: dict[str, ResolvedScenario] = {}
    wrong: dict[str, list[Problem]] = {}
    for name in dict.fromkeys([*USUAL, *own_scenarios(pack)]):
        try:
            resolved_scenarios[name] = load_scenario(name, pack)
        except InputError as error:
            wrong[name] = list(error.problems)
    return resolved_scenarios, wrong


def own_scenarios(pack: Pack) -> list[str]:
    """Names of the scenarios in the pack's own folder."""
    paths = sorted((pack.folder / "scenarios").glob("*.yaml"))
    read = {path.stem: read_yaml(path, []) for path in paths}
    return [name for name, source in read.items() if source is None or not is_matrix(source)]
