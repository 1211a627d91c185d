"""Files and pages for a reader, and the form of what is printed: ``report``, ``explore``, ``schema``."""

from __future__ import annotations

import gc
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from xuchang_sim import output, stopping
from xuchang_sim.cli.command import USUAL_OBJECTS, command, end, print_json, progress
from xuchang_sim.cli.options import (
    LangOrBoth,
    Language,
    Pack,
    Replicates,
    Seed,
    Through,
)
from xuchang_sim.deferred import deferred
from xuchang_sim.text import LANGUAGES, phrase, reason, say

with deferred():
    from xuchang_sim import study as studies, yamlfile
    from xuchang_sim.answers import schemas
    from xuchang_sim.pack import load
    from xuchang_sim.report import document, live


def _with_json() -> list[str]:
    """Commands that print JSON, for the shell."""
    return list(schemas.COMMANDS)


@command
def report(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out")] = Path("report.html"),
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    through: Through = None,
    pack: Pack = None,
    goal: Annotated[
        str | None,
        typer.Option("--add"),
    ] = None,
    lang: Annotated[LangOrBoth, typer.Option("--lang")] = "zh",
) -> None:
    """Write a report as one file that needs no network, or as a workbook."""
    document.check(out)
    study = studies.Study(pack, replicates=replicates, seed=seed, through=through)
    with progress("report", quiet=False) as shown:
        chosen = scenarios or document.usual(study.pack)
        dossier = document.gather(study.with_(progress=shown), chosen, goal=goal)
    document.write(dossier, lang, out)
    output.note(say("report.written", LANGUAGES[0] if lang == "both" else lang, path=out))
    end(dossier.failed)


@command
def explore(
    replicates: Replicates = 200,
    seed: Seed = 2012,
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser")] = True,
    pack: Pack = None,
    lang: Language = "zh",
) -> None:
    """Open a page on this machine whose sliders move the levers; it reaches nobody else."""
    desk = live.Desk(load.load_pack(pack), replicates, seed)
    gc.set_threshold(*USUAL_OBJECTS)
    desk.answer({}, lang)  # so that the first slider need not wait for the rules
    try:
        server = live.Server(desk, port, lang)
    except OSError as error:
        text = phrase("option.port", port=port, error=reason(error))
        raise yamlfile.InputError([yamlfile.Problem("--port", "", 0, text)]) from None
    stopping.keeps(lambda: say("stopped.page", lang))
    output.note(say("live.open", lang, address=server.address))
    with server, live.opening(server.address) as file:
        if browser:
            webbrowser.open(file)
        server.serve_forever()


@command
def schema(
    command: Annotated[
        str,
        typer.Argument(autocompletion=_with_json),
    ],
) -> None:
    """Print the JSON Schema of what a command prints with --json."""
    print_json(schemas.schema(command))
