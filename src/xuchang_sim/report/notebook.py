"""Notebook: what every notebook does with its parameters before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xuchang_sim.yamlfile import InputError, Problem, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = (str, int, float, bool, list, tuple, dict, type(None))
INTERACTIVE = frozenset({"In", "Out", "exit", "quit"})


def accept(namespace: Mapping[str, object], *names: str) -> None:
    """Refuse parameters that a notebook does not have, as a misspelt one would go unnoticed.

    To be called right after the parameters, when nothing else has been defined.

    Parameters
    ----------
    namespace : mapping of str to object
        ``globals()`` of the notebook.
    *names : str
        Its parameters.

    Raises
    ------
    InputError
        If another plain value was set, or a parameter is missing.

    Examples
    --------
    >>> accept({"replicates": 10}, "replicates")
    """
    given = {
        name: value
        for name, value in namespace.items()
        if not name.startswith("_") and name not in INTERACTIVE and isinstance(value, PLAIN)
    }
    problems = [
        Problem(
            "parameters",
            shown(name),
            0,
            f"is not a parameter{did_you_mean(name, names)}; allowed: {', '.join(names)}",
        )
        for name in given
        if name not in names
    ]
    problems += [
        Problem("parameters", name, 0, "is missing") for name in names if name not in namespace
    ]
    if problems:
        raise InputError(problems)
