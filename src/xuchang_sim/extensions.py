"""Packs and measures of other distributions, found by their entry points when they are first named.

``xuchang_sim.packs``: the folder of a pack, or a function without arguments that returns it.
``xuchang_sim.measures``: a :class:`Extension`, a measure's definition and the function that counts it.
Nothing is looked for as long as every name is the library's own.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint

__all__ = ["Extension", "measure", "pack", "pack_names"]

PACKS, MEASURES = "xuchang_sim.packs", "xuchang_sim.measures"


class Extension(NamedTuple):
    """A measure of another distribution.

    Parameters
    ----------
    definition : xuchang_sim.definitions.Measure
        Unit, label and bounds; its id is the name of the entry point.
    function : callable
        Takes a :class:`xuchang_sim.simulation.measures.RunRecord`, returns an array of shape (replicates,
        years) in the definition's unit.
    """

    definition: Any
    function: Callable[[Any], Any]


@cache
def _offered(group: str) -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def pack_names() -> tuple[str, ...]:
    """Names of the packs that other distributions offer."""
    return tuple(_offered(PACKS))


def pack(name: str) -> Path | None:
    """Folder of a pack that another distribution offers; None if none has this name."""
    point = _offered(PACKS).get(name)
    if point is None:
        return None
    result = point.load()
    return Path(result() if callable(result) else result)


@cache
def measure(name: str) -> Extension | None:
    """Measure that another distribution offers; None if none has this name.

    Raises
    ------
    TypeError
        If what it offers is no :class:`Extension` of this name.
    """
    point = _offered(MEASURES).get(name)
    if point is None:
        return None
    extension = point.load()
    if not isinstance(extension, Extension) or getattr(extension.definition, "id", None) != name:
        message = phrase("extension.offers", value=point.value, found=extension, name=name)
        raise TypeError(message)
    return extension
