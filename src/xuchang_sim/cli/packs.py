"""Inputs: plans, packs, scenarios and the model's definitions, listed, checked and made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from xuchang_sim import output
from xuchang_sim.cli.command import WRONG_INPUT, command, end, print_json, refuse
from xuchang_sim.cli.options import Json, Lang, Language, Pack
from xuchang_sim.deferred import deferred
from xuchang_sim.text import phrase, say

with deferred():
    from xuchang_sim import yamlfile
    from xuchang_sim.answers import audit as auditing, designs, requirements
    from xuchang_sim.definitions import tables as defined
    from xuchang_sim.pack import (
        casefiles,
        cases as tables_of_cases,
        convert as first_edition,
        load,
        starter,
    )
    from xuchang_sim.report import tables
    from xuchang_sim.simulation import setup

if TYPE_CHECKING:
    from xuchang_sim.pack.load import Pack as LoadedPack

Defined = Literal["levers", "parameters", "measures", "columns", "summary", "sectors", "drivers"]


@command
def plan(
    check: Annotated[bool, typer.Option("--check")] = False,
    pack: Pack = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """List the plan's targets and instruments with their paragraphs."""
    loaded = load.load_pack(pack)
    if json:
        rows = [_audit_row(row) for row in auditing.audit(loaded)] if check else None
        print_json(
            {"checks": rows} if check else {"rows": [_plan_row(row) for row in loaded.plan.rows]}
        )
        return

    tables.show(tables.audit(auditing.audit(loaded), lang) if check else tables.plan(loaded, lang))


@command
def validate(
    path: Annotated[Path, typer.Argument()],
    pack: Pack = None,
    deep: Annotated[bool, typer.Option("--deep")] = False,
    lang: Language = "zh",
) -> None:
    """Check a pack, a scenario or a sweep; every fault with its file, line and what is allowed."""
    if designs.is_sweep(path):
        designs.load_design(path, load.load_pack(pack))
        output.note(say("validate.good", lang, path=path))
        return
    problems = load.validate_path(path, load.load_pack(pack) if pack else None)
    if problems:
        if load.pack_at(path):
            output.message(say("validate.stops_all", lang))
        raise yamlfile.InputError(problems)
    if place := load.pack_at(path):
        _answers(load.load_pack(place), lang, deep=deep)
    output.note(say("validate.good", lang, path=path))


def _answers(pack: LoadedPack, lang: Lang, *, deep: bool) -> None:
    """Say what stops which command on a pack; then, if asked, whether its warm-ups succeed."""
    setup.choose_draws(pack, None)  # warns of a posterior that is another pack's
    stops = requirements.stopped(pack)
    for stop in stops:
        names = say("list.comma", lang).join(stop.commands)
        output.message(say("validate.stops", lang, commands=names))
        for problem in stop.problems:
            output.message(str(problem))
    if stops:
        raise typer.Exit(WRONG_INPUT)
    if room := requirements.large(pack):
        output.message(say("validate.large", lang, **room._asdict()))
    if deep:
        attempts, failed = requirements.warm_ups(pack)
        tries = say("list.comma", lang).join(map(str, attempts))
        count = len(attempts)
        output.note(say("validate.deep", lang, count=count, tries=tries or "0", failed=failed))
        end(failed)


@command
def convert(
    old: Annotated[Path, typer.Argument()],
    new: Annotated[Path, typer.Argument()],
    lang: Language = "zh",
) -> None:
    """Rewrite a pack of the first edition in the present form."""
    for line in first_edition.convert_pack(old, new):
        output.message(line)
    output.note(say("new.made", lang, path=new))


@command
def definitions(
    table: Annotated[Defined, typer.Argument()] = "levers",
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """List what the model defines, as units, ranges and meanings."""
    if json:
        print_json({table: defined.plain(table)})
    else:
        output.note("\n".join(defined.lines(table, lang)))


@command
def new(
    folder: Annotated[Path, typer.Argument()],
    excel: Annotated[bool, typer.Option("--excel")] = False,
    source: Annotated[
        str | None,
        typer.Option("--from"),
    ] = None,
    cases: Annotated[Path | None, typer.Option("--case")] = None,
    case_id: Annotated[
        str | None,
        typer.Option("--case-id"),
    ] = None,
    lang: Language = "zh",
) -> None:
    """Make a new pack that runs as it is, to be edited for another city or another plan."""
    if cases is None:
        if case_id is not None:
            refuse("--case-id", phrase("option.case_id"))
        if source is not None:  # what could not answer is not copied
            _answers(load.load_pack(source), lang, deep=False)
        output.note(say("new.made", lang, path=starter.new_pack(folder, source, excel=excel)))
        return

    if excel or source is not None:
        refuse("--case", phrase("option.case"))
    output.note(
        say(
            "new.made",
            lang,
            path=casefiles.write_case(tables_of_cases.find_case(cases, case_id), folder),
        )
    )


def _plan_row(row: Any) -> dict[str, Any]:
    data: dict[str, Any] = row.model_dump(mode="json", by_alias=True)
    return data


def _audit_row(row: Any) -> dict[str, Any]:
    data: dict[str, Any] = row._asdict()
    data["figures"] = [figure._asdict() for figure in row.figures]
    return data
