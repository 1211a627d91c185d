"""Marks for rules: plain Python that is also translated to C (``build``).

A rule uses the subset of Python that ``build/translate.py`` describes. Uncompiled it is an ordinary
function over views of the same memory (``memory``); ``XUCHANG_SIM_UNCOMPILED=1`` runs all of them so.
"""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")
P = ParamSpec("P")
#: Attribute of a marked function: "step", "inlined", "entry" or "intrinsic".
MARK = "rule"


def _mark(function: F, kind: str) -> F:
    setattr(function, MARK, kind)
    return function


def step(function: F) -> F:
    """Mark a rule that other rules call."""
    return _mark(function, "step")


def inlined(function: F) -> F:
    """Mark a small helper that every caller takes into its own loop."""
    return _mark(function, "inlined")


def intrinsic(function: F) -> F:
    """Mark a function that the translator knows by name."""
    return _mark(function, "intrinsic")


def entry(function: Callable[P, None]) -> Callable[P, None]:
    """Mark a rule that Python calls with arrays: it runs compiled, or as it stands on views."""

    @functools.wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> None:
        from xuchang_sim.model.library import run  # noqa: PLC0415 - needs numpy; marks need nothing

        run(function, (*arguments, *named.values()))

    return _mark(call, "entry")


@intrinsic
def bits_of(x: float) -> int:
    """Bits of a float as an integer."""
    number: int = struct.unpack("<q", struct.pack("<d", x))[0]
    return number


@intrinsic
def float_of(n: int) -> float:
    """Return the float that has these bits."""
    number: float = struct.unpack("<d", struct.pack("<q", n))[0]
    return number
