"""Options and arguments that several commands take, and what the shell offers for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xuchang_sim.deferred import deferred
from xuchang_sim.text import LANGUAGES, VARIABLE

with deferred():
    from xuchang_sim.pack import load, scenario

__all__ = [
    "Factors",
    "Json",
    "Lang",
    "LangOrBoth",
    "Language",
    "Pack",
    "Parameters",
    "Probability",
    "Replicates",
    "Scenario",
    "Seed",
    "Through",
    "names",
    "scenario_names",
]


def scenario_names() -> list[str]:
    """Names of the shipped pack's scenarios, for the shell."""
    return [each.name for each in scenario.list_scenarios(load.load_pack())]


def pack_names() -> list[str]:
    """Names of the shipped packs, for the shell."""
    return [path.name for path in load.shipped()]


Pack = Annotated[
    str | None,
    typer.Option(
        "--pack",
        autocompletion=pack_names,
    ),
]
Scenario = Annotated[str, typer.Argument(autocompletion=scenario_names)]
Replicates = Annotated[int, typer.Option("--replicates", "-n")]
Seed = Annotated[int, typer.Option("--seed")]
Through = Annotated[str | None, typer.Option("--through")]
Json = Annotated[bool, typer.Option("--json")]
if TYPE_CHECKING:
    Lang = str
    LangOrBoth = str
else:  # Typer makes the choices of an option from a literal type; the languages are files
    Lang, LangOrBoth = Literal[LANGUAGES], Literal[(*LANGUAGES, "both")]
Language = Annotated[Lang, typer.Option("--lang", envvar=VARIABLE)]
Parameters = Annotated[
    Literal["posterior", "sampled", "central"] | None,
    typer.Option(
        "--parameters",
    ),
]
Factors = Annotated[
    str | None,
    typer.Option("--factors"),
]
Probability = Annotated[float, typer.Option("--p")]


def names(text: str | None) -> tuple[str, ...] | None:
    """Names of a list by comma; None if there is no list."""
    return tuple(word.strip() for word in text.split(",")) if text else None
