"""How far the model can be trusted: stylised facts, calibration, forecasts of past plans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xuchang_sim import output
from xuchang_sim.cli.command import (
    WRONG_INPUT,
    command,
    end,
    print_json,
    progress,
    question,
    refuse,
    tabulated,
)
from xuchang_sim.cli.options import (
    Json,
    Lang,
    Language,
    Pack,
    Parameters,
    Replicates,
    Scenario,
    Seed,
)
from xuchang_sim.deferred import deferred
from xuchang_sim.text import phrase, say

with deferred():
    from xuchang_sim import files, study as studies
    from xuchang_sim.answers import (
        classes as measured,
        eras as era_tests,
        hindcast as hindcasting,
        market,
        panels as growth_panels,
        scoring,
        skill,
    )
    from xuchang_sim.pack import cases as tables_of_cases, load, posterior
    from xuchang_sim.report import hindcasts, skillfigures, tables, trust

if TYPE_CHECKING:
    from xuchang_sim.answers.classes import Classes
    from xuchang_sim.answers.facts import Facts
    from xuchang_sim.answers.uncertainty import Uncertainty
    from xuchang_sim.study import Study


@question(lambda answer, lang: trust.classes(answer, lang), replicates=400, log=True)
def classes(study: Study, scenario: Scenario = "plan") -> Classes:
    """Measure what moves each target: a mechanism, a prior or a lever; kept for later answers."""
    answer = study.classes(scenario)
    measured.keep_classes(answer)
    return answer


@command
def facts(
    replicates: Annotated[int, typer.Option("--replicates", "-n")] = 800,
    uncertainty: Annotated[bool, typer.Option("--uncertainty")] = False,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: Pack = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Measure the stylised facts and say which of them hold; or where the uncertainty is."""
    study = studies.Study(pack, replicates=replicates, seed=seed, parameters=parameters)
    with progress("facts", quiet=json, log=True) as shown:
        asked = study.with_(progress=shown)
        answer: Facts | Uncertainty = asked.uncertainty() if uncertainty else asked.facts()
    if json:
        print_json(answer.to_dict())
    elif uncertainty:
        tables.show(trust.uncertainty(tabulated(answer), study.pack, lang))
    else:
        tables.show(trust.facts(tabulated(answer), lang))


@command
def calibrate(
    simulations: Annotated[int, typer.Option("--simulations", "-n")] = 2**15,
    seed: Seed = 2012,
    out: Annotated[Path | None, typer.Option("--out")] = None,
    pack: Pack = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Find the pack's parameters from what was known, and keep them for later runs."""
    study = studies.Study(
        pack, replicates=1, seed=seed, parameters="sampled"
    )  # the pack's own posterior may be out of date
    path = files.destination(out or study.pack.folder / posterior.FILE)
    with progress("calibrate", quiet=json, log=True) as shown:
        answer = study.with_(progress=shown).calibrate(simulations)
    posterior.save_posterior(answer, path)
    if json:
        print_json(answer.report)
    else:
        tables.show(trust.calibration(answer.report, lang))
        output.message(say("calibration.written", lang, path=path))


@command
def hindcast(
    path: Annotated[
        Path | None,
        typer.Argument(),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out")] = None,
    outcomes: Annotated[
        Path | None,
        typer.Option("--score"),
    ] = None,
    learn: Annotated[
        Path | None,
        typer.Option(
            "--learn",
        ),
    ] = None,
    alone: Annotated[bool, typer.Option("--alone")] = False,
    seal: Annotated[
        Path | None,
        typer.Option("--seal"),
    ] = None,
    panels: Annotated[
        Path | None,
        typer.Option("--panels"),
    ] = None,
    nulls: Annotated[
        Path | None,
        typer.Option("--nulls"),
    ] = None,
    eras: Annotated[
        bool,
        typer.Option("--eras"),
    ] = False,
    picture: Annotated[Path | None, typer.Option("--picture")] = None,
    pack: Pack = None,
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Forecast past plans from what was known then; score them against simple forecasts."""
    asked = [path is not None, panels is not None, eras]
    if sum(asked) != 1:
        refuse("PATH", phrase("option.one_of"))
    for option, given, needs, there in (
        ("--out", out, "cases", path),
        ("--score", outcomes, "cases", path),
        ("--learn", learn, "cases", path),
        ("--seal", seal, "--score OUTCOMES", outcomes),
        ("--nulls", nulls, "--panels DIR", panels),
    ):
        if given is not None and there is None:
            refuse(option, phrase("option.needs", needs=needs))
    for place in filter(None, (out, seal, nulls)):
        files.destination(place)
    if picture is not None:
        files.destination(picture, ".png", ".svg")
    if eras:
        _eras(pack, replicates, seed, picture, lang, json=json)
    elif panels is not None:
        _panels(panels, nulls, seed, picture, lang, json=json)
    elif path is not None:
        settings = {"replicates": replicates, "seed": seed, "pool": not alone}
        _cases(path, out, outcomes, learn, seal, picture, settings, lang, json=json)


def _eras(
    name: str | None, replicates: int, seed: int, picture: Path | None, lang: Lang, *, json: bool
) -> None:
    """Run the era test and show it."""
    with progress("eras", quiet=json, log=True) as shown:
        answer = era_tests.era_test(
            load.load_pack(name), replicates=replicates, seed=seed, progress=shown
        )
    _show_skill("eras", "eras", answer.to_dict(), picture, lang, json=json)


def _panels(
    folder: Path, nulls: Path | None, seed: int, picture: Path | None, lang: Lang, *, json: bool
) -> None:
    """Run the market layer on panels and show it."""
    if nulls is not None:
        simple = [
            n for panel in growth_panels.read_panels(folder) for n in growth_panels.nulls(panel)
        ]
        growth_panels.write_nulls(simple, nulls, growth_panels.SOURCES)
    with progress("panels", quiet=json, log=True) as shown:
        answer = market.market_layer(folder, seed=seed, progress=shown)
    _show_skill("layer", "coverage", answer.to_dict(), picture, lang, json=json)


def _show_skill(
    table: str, figure: str, data: dict[str, Any], picture: Path | None, lang: Lang, *, json: bool
) -> None:
    """Print plain data as JSON or as the table of this name, and draw its figure if asked for."""
    if json:
        print_json(data)
    else:
        tables.show(getattr(hindcasts, table)(data, lang))
    if picture is not None:
        skillfigures.save(getattr(skillfigures, figure)(data), picture)
        output.message(say("hindcast.drawn", lang, path=picture))


def _outcomes(path: Path) -> list[tables_of_cases.CaseRow]:
    """Read outcomes; say which rows cannot be read."""
    rows, problems = tables_of_cases.read_outcomes(path)
    for problem in problems:
        output.message(str(problem))
    return rows


def _cases(
    path: Path,
    out: Path | None,
    outcomes: Path | None,
    learn: Path | None,
    seal: Path | None,
    picture: Path | None,
    settings: dict[str, Any],
    lang: Lang,
    *,
    json: bool,
) -> None:
    """Forecast cases, and score them if there are outcomes."""
    if picture is not None and outcomes is None:
        refuse("--picture", "needs --score OUTCOMES")
    known = _outcomes(learn) if learn is not None else []
    with progress("hindcast", quiet=json, log=True) as shown:
        answer = hindcasting.hindcast(path, outcomes=known, progress=shown, **settings)
    if out is not None:
        answer.write(out)
        output.message(say("hindcast.written", lang, path=out, sha256=answer.sha256))
    data, scored = answer.to_dict(), None
    if outcomes is not None:
        scores = scoring.score(answer, _outcomes(outcomes))
        scored = scores.to_dict()
        data |= {"scores": scored, "seal": scoring.seal_of(answer, scores)}
        if scores.rows:
            kept = skill.write_seal(data["seal"], seal)
            output.message(say("hindcast.sealed", lang, path=kept))
    if json:
        print_json(data)
    else:
        tables.show(hindcasts.forecasts(data, lang))
        output.answer("\n".join(hindcasts.remarks(data, lang)) + "\n")  # a line each, however long
        if scored is not None:
            tables.show(hindcasts.scores(scored, lang))
    if picture is not None and scored is not None:
        skillfigures.save(skillfigures.skill(scored), picture)
        output.message(say("hindcast.drawn", lang, path=picture))
    if not answer.cases:
        raise typer.Exit(WRONG_INPUT)
    end(answer.failed)
