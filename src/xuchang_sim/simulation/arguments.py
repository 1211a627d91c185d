"""Arguments of a run: checked, and refused in one list of faults, before anything is simulated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.simulation import needs
from xuchang_sim.simulation.records import sizes_for
from xuchang_sim.simulation.setup import Draws, Setup, choose_draws
from xuchang_sim.text import phrase
from xuchang_sim.units import month_index
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xuchang_sim.pack.load import Pack

MOST_REPLICATES, MOST_THREADS = 10_000_000, 1024


def prepare(
    pack: Pack,
    replicates: int,
    seed: int,
    through: str | None = None,
    parameters: Draws | None = None,
    *,
    check: bool = False,
    earlier: int = 0,
    branch: int = 0,
) -> Setup:
    """Check the arguments of a run and the pack, and fill in the pack's defaults.

    Raises
    ------
    InputError
        If an argument is out of its range, or no run of the pack could start.
    """
    problems: list[Problem] = []
    setup = Setup(pack)
    try:
        setup = arguments(pack, replicates, seed, through, parameters)
    except InputError as error:
        problems += error.problems
    if not problems:
        problems += faults(pack, setup.through, "default_through" if through is None else "")
    if problems:
        raise InputError(problems)
    return replace(setup, check=check, earlier=earlier, branch=branch)


def arguments(
    pack: Pack,
    replicates: int,
    seed: int,
    through: str | None = None,
    parameters: Draws | None = None,
    threads: int | None = None,
) -> Setup:
    """Check the arguments of a run alone, whatever the pack can answer.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    problems: list[Problem] = []
    last = pack.default_through
    if through is not None:
        try:
            last = month_index(through)
        except ValueError as error:
            problems.append(Problem("--through", "", 0, str(error)))
        else:
            problems += [p for p in needs.months(pack, last) if p.file == "--through"]
    for name, value, low, high in (
        ("--replicates", replicates, 1, MOST_REPLICATES),
        ("--seed", seed, 0, 2**63 - 1),
        ("--threads", 1 if threads is None else threads, 1, MOST_THREADS),
    ):
        if fault := whole_number(value, low, high):
            problems.append(Problem(name, "", 0, fault))
    draws: Draws = "sampled"
    try:
        draws = choose_draws(pack, parameters)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    # Plain integers, whatever was given: numpy's are allowed, too.
    return Setup(pack, int(replicates), int(seed), last, draws, threads=threads)


def whole_number(value: object, low: int, high: int) -> str:
    """Say why a value is not a whole number from ``low`` to ``high``; nothing if it is."""
    if isinstance(value, np.integer):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return ""
    return phrase("run.whole", value=value, low=low, high=high)


def replicates_fault(replicates: int) -> list[Problem]:
    """Return the fault of a number of replicates; empty if it is allowed."""
    fault = whole_number(replicates, 1, MOST_REPLICATES)
    return [Problem("--replicates", "", 0, fault)] if fault else []


def faults(
    pack: Pack, last: int, key: str = "", fixed: Mapping[str, float] | None = None
) -> list[Problem]:
    """Return everything for which no run of this pack to this month could start.

    Parameters
    ----------
    pack, last, key, fixed
        As in :func:`xuchang_sim.simulation.needs.faults`.
    """
    problems = needs.faults(pack, last, key, fixed)
    if not problems:
        try:
            sizes_for(Setup(pack, through=last))
        except InputError as error:
            problems += error.problems
    return problems
