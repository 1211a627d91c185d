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
        help="Name or folder of a pack; the embedded one if left out.",
        autocompletion=pack_names,
    ),
]
Scenario = Annotated[
    str, typer.Argument(help="Name or file of a scenario.", autocompletion=scenario_names)
]
Replicates = Annotated[int, typer.Option("--replicates", "-n", help="Simulated futures.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of every draw.")]
Through = Annotated[
    str | None, typer.Option("--through", help="Last month, YYYY-MM; the pack's if left out.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
if TYPE_CHECKING:
    Lang = str
    LangOrBoth = str
else:  # Typer makes the choices of an option from a literal type; the languages are files
    Lang, LangOrBoth = Literal[LANGUAGES], Literal[(*LANGUAGES, "both")]
Language = Annotated[
    Lang, typer.Option("--lang", envvar=VARIABLE, help="Language of tables and messages.")
]
Parameters = Annotated[
    Literal["posterior", "sampled", "central"] | None,
    typer.Option(
        "--parameters",
        help="One draw per future, from the pack's posterior (if it has one) or the priors; or the"
        " central values.",
    ),
]
Factors = Annotated[
    str | None,
    typer.Option(
        "--factors", help="Families (land, finance, ...), levers or parameters, by comma."
    ),
]
Probability = Annotated[float, typer.Option("--p", help="Wished probability.")]


def names(text: str | None) -> tuple[str, ...] | None:
    """Names of a list by comma; None if there is no list."""
    return tuple(word.strip() for word in text.split(",")) if text else None
