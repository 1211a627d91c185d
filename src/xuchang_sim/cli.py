"""The command line: arguments in, calls out.

Exit codes: 0 done, 1 the program's fault, 2 the user's input is wrong (or the machine refuses: memory,
disk, rights), 3 done but some runs failed, 130 and 143 ended by SIGINT or SIGTERM, 141 nobody reads on.
Results go to standard output, progress and messages to standard error.
"""

from __future__ import annotations

import errno
import gc
import math
import os
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime  # noqa: TC003 - typer reads the annotation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from xuchang_sim import output, stopping
from xuchang_sim.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xuchang_sim.answer import Answer
    from xuchang_sim.answers.facts import Facts
    from xuchang_sim.answers.uncertainty import Uncertainty
    from xuchang_sim.forecast.profile import Assume
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.study import Study

COMPLETION = "_XUCHANG_SIM_COMPLETE"  # as in ``__main__``, which is not imported from here
DONE, OUR_FAULT, WRONG_INPUT, SOME_FAILED = 0, 1, 2, 3
NEW_OBJECTS = 100_000  # after so many, while starting, the garbage collector looks for cycles
USUAL_OBJECTS = gc.get_threshold()  # the same for the rest of the run

app = typer.Typer(
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How likely are a plan's targets, what holds them back, what would reach them?",
)


def _with_json() -> list[str]:
    """Commands that print JSON."""
    from xuchang_sim.answers.schemas import COMMANDS  # noqa: PLC0415

    return list(COMMANDS)


def _scenario_names() -> list[str]:
    """Names of scenarios for the shell: those of the shipped packs."""
    from xuchang_sim.pack.load import load_pack  # noqa: PLC0415
    from xuchang_sim.pack.scenario import list_scenarios  # noqa: PLC0415

    return [scenario.name for scenario in list_scenarios(load_pack())]


def _pack_names() -> list[str]:
    """Names of packs for the shell."""
    from xuchang_sim.pack.load import shipped  # noqa: PLC0415

    return [path.name for path in shipped()]


PackOption = Annotated[
    str | None,
    typer.Option(
        "--pack",
        help="Name or folder of a pack; the embedded one if left out.",
        autocompletion=_pack_names,
    ),
]
Scenario = Annotated[
    str,
    typer.Argument(help="Name or file of a scenario.", autocompletion=_scenario_names),
]
Replicates = Annotated[int, typer.Option("--replicates", "-n", help="Simulated futures.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of every draw.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
if TYPE_CHECKING:
    Lang = str
    LangOrBoth = str
else:  # Typer makes the choices of an option from a literal type; the languages are files
    Lang, LangOrBoth = Literal[LANGUAGES], Literal[(*LANGUAGES, "both")]
Language = Annotated[Lang, typer.Option("--lang", help="Language of the tables.")]
Defined = Literal["levers", "parameters", "measures", "columns", "summary", "sectors", "drivers"]
Parameters = Annotated[
    Literal["posterior", "sampled", "central"] | None,
    typer.Option(
        "--parameters",
        help="One draw per future, from the pack's posterior (if it has one) or the priors; or the"
        " central values.",
    ),
]


@app.command()
def assess(
    scenario: Scenario = "plan",
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    through: Annotated[
        str | None, typer.Option("--through", help="Last month, YYYY-MM; the pack's if left out.")
    ] = None,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Say how likely every target of the plan is under a scenario."""
    from xuchang_sim.answers.assess import COMPANIONS  # noqa: PLC0415

    study = _study(pack, replicates, seed, parameters, through)
    with _progress("assess", quiet=json) as told:
        loading = told if json else _with_tables(told)
        found = study.with_(progress=loading).assess(scenario, followed=COMPANIONS, full=False)
    if json:
        _print_json(found.to_dict())
    else:
        from xuchang_sim.report import tables  # noqa: PLC0415

        tables.show(tables.assessment(found, lang))
    _end(found.failed)


@app.command()
def matrix(
    name: Annotated[str, typer.Argument(help="Name or file of a matrix.")] = "matrix",
    replicates: Replicates = 400,
    seed: Seed = 2012,
    parameters: Parameters = None,
    earlier: Annotated[
        bool, typer.Option("--earlier", help="Also begin the plan a year earlier.")
    ] = False,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Cross land, finance and labour at three levels on common random numbers."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("matrix", quiet=json) as told:
        loading = told if json else _with_tables(told)
        found = study.with_(progress=loading).matrix(name, earlier=earlier)
    if json:
        _print_json(found.to_dict())
    else:
        from xuchang_sim.report import tables  # noqa: PLC0415

        tables.show(tables.matrix(found, lang))
    _end(found.failed)


@app.command()
def outlook(
    series: Annotated[
        str | None,
        typer.Option(
            "--series", help="File of dates and values to forecast instead, or a folder of them."
        ),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option("--horizon", help="Steps ahead, with --series.", min=1)
    ] = None,
    to_date: Annotated[
        bool | None,
        typer.Option("--to-date/--flow", help="Sums from the beginning of the year, or not."),
    ] = None,
    level: Annotated[
        bool | None,
        typer.Option("--level/--rate", help="A level, whose mean growth goes on, or a rate."),
    ] = None,
    seasonal: Annotated[
        bool | None, typer.Option("--seasonal/--not-seasonal", help="With a season, or without.")
    ] = None,
    column: Annotated[
        str, typer.Option("--column", help="Header of the values where a file has several.")
    ] = "",
    jobs: Annotated[
        int | None, typer.Option("--jobs", help="Processes for a folder of series.", min=1)
    ] = None,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Also test past forecasts of the pack's series.")
    ] = False,
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    through: Annotated[str | None, typer.Option("--through", help="Last month, YYYY-MM.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", formats=["%Y-%m-%d"], help="What was published after this day is unseen."
        ),
    ] = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Forecast the economy around the zones, or any series in a file."""
    day = as_of.date().isoformat() if as_of else None
    if series is not None:
        from xuchang_sim.forecast.profile import Assume  # noqa: PLC0415

        if horizon is None:
            _refuse("--horizon", "is needed with --series: how many steps ahead")
        if backtest:
            _refuse("--backtest", "tests the pack's series; leave it out with --series")
        _forecast_series(
            Path(series),
            horizon,
            day,
            Assume(to_date, level, seasonal),
            column,
            jobs,
            lang,
            json=json,
        )
        return
    if horizon is not None:
        _refuse("--horizon", "needs --series FILE; the pack's outlook takes --through YYYY-MM")
    said = (to_date, level, seasonal, jobs, column or None)
    if any(one is not None for one in said):
        _refuse("--to-date, --level, --seasonal, --column, --jobs", "need --series FILE")
    study = _study(pack, replicates, seed)
    with _progress("backtest", quiet=json or not backtest) as progress:
        asked = study.with_(progress=progress)
        found = asked.outlook(through=through, as_of=day, backtest=backtest)
    if json:
        _print_json(found.to_dict())
    else:
        from xuchang_sim.report import tables  # noqa: PLC0415

        known = day or study.pack.information_date.isoformat()
        data = found.to_dict(undefined=math.nan)
        tables.show(tables.outlook(data, known, replicates, seed, lang))


def _forecast_series(
    path: Path,
    horizon: int,
    day: str | None,
    assume: Assume,
    column: str,
    jobs: int | None,
    lang: Language,
    *,
    json: bool,
) -> None:
    """Forecast a file of a series, or all files of a folder; exit code 2 if any was refused."""
    from xuchang_sim.forecast.single import series_outlook, series_outlooks  # noqa: PLC0415

    if not path.is_dir():
        told = series_outlook(path, horizon, day, assume, column)
        if json:
            _print_json(told)
        else:
            from xuchang_sim.report import tables  # noqa: PLC0415

            tables.show(tables.series_forecast(told, path.name, lang))
        return
    with _progress("outlook", quiet=json, plain=True) as progress:
        every = series_outlooks(path, horizon, day, assume, column, jobs, progress)
    refused = {name: found["error"] for name, found in every.items() if "error" in found}
    if json:
        _print_json(every)
    else:
        from xuchang_sim.report import tables  # noqa: PLC0415

        for name, found in every.items():
            if name not in refused:
                tables.show(tables.series_forecast(found, name, lang))
    for faults in refused.values():
        for line in faults:
            output.message(line)
    if refused:
        raise typer.Exit(WRONG_INPUT)


@app.command()
def plan(
    check: Annotated[
        bool, typer.Option("--check", help="Audit the plan's own arithmetic.")
    ] = False,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """List the plan's targets and instruments with their paragraphs."""
    from xuchang_sim.answers.audit import audit  # noqa: PLC0415
    from xuchang_sim.pack.load import load_pack  # noqa: PLC0415

    loaded = load_pack(pack)
    if json:
        rows = [_audit_row(row) for row in audit(loaded)] if check else None
        _print_json(
            {"checks": rows} if check else {"rows": [_plan_row(row) for row in loaded.plan.rows]}
        )
        return
    from xuchang_sim.report import tables  # noqa: PLC0415

    tables.show(tables.audit(audit(loaded), lang) if check else tables.plan(loaded, lang))


@app.command()
def validate(
    path: Annotated[Path, typer.Argument(help="Folder of a pack, file of a scenario or sweep.")],
    pack: PackOption = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also run four warm-ups of a pack (a second).")
    ] = False,
    lang: Language = "zh",
) -> None:
    """Check a pack, a scenario or a sweep; every fault with its file, line and what is allowed."""
    from xuchang_sim.answers.designs import is_sweep, load_design  # noqa: PLC0415
    from xuchang_sim.pack.load import load_pack, pack_at, validate_path  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415
    from xuchang_sim.yamlfile import InputError  # noqa: PLC0415

    if is_sweep(path):
        load_design(path, load_pack(pack))
        output.note(say("validate.good", lang, path=path))
        return
    problems = validate_path(path, load_pack(pack) if pack else None)
    if problems:
        if pack_at(path):
            output.message(say("validate.stops_all", lang))
        raise InputError(problems)
    if place := pack_at(path):
        _answers(load_pack(place), lang, deep=deep)
    output.note(say("validate.good", lang, path=path))


def _answers(pack: Pack, lang: Lang, *, deep: bool) -> None:
    """Say what stops which command on a pack; then, if asked, whether its warm-ups succeed."""
    from xuchang_sim.answers.requirements import stopped, warm_ups  # noqa: PLC0415
    from xuchang_sim.simulation.run import choose_draws  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415

    choose_draws(pack, None)  # warns of a posterior that is another pack's
    stops = stopped(pack)
    for stop in stops:
        names = say("list.comma", lang).join(stop.commands)
        output.message(say("validate.stops", lang, commands=names))
        for problem in stop.problems:
            output.message(str(problem))
    if stops:
        raise typer.Exit(WRONG_INPUT)
    if deep:
        attempts, failed = warm_ups(pack)
        tries = say("list.comma", lang).join(map(str, attempts))
        count = len(attempts)
        output.note(say("validate.deep", lang, count=count, tries=tries or "0", failed=failed))
        _end(failed)


@app.command()
def sweep(
    file: Annotated[
        str, typer.Argument(help="Sweep file, table of points (CSV, xlsx), or a shipped sweep.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the rows; goes on where it stopped.")
    ],
    export: Annotated[
        Path | None, typer.Option("--export", help="Also write all rows to one .parquet or .csv.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="All if left out.")
    ] = None,
    rows_per_part: Annotated[
        int | None, typer.Option("--rows-per-part", min=1, help="Rows of a file; changes no row.")
    ] = None,
    row: Annotated[
        int | None, typer.Option("--rerun", min=0, help="Run this row alone and print it.")
    ] = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Run every point of a design; killed and started again, it goes on."""
    from xuchang_sim.answers.designs import load_design  # noqa: PLC0415
    from xuchang_sim.answers.sweep import estimate, exportable, rerun, sweep as run  # noqa: PLC0415
    from xuchang_sim.pack.load import load_pack  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415

    design = load_design(file, load_pack(pack))
    if row is not None:
        found = rerun(design, row)
        _print_json(found)
        _end("failure" in found)
        return
    if export is not None:
        exportable(export)
    cost = estimate(design, threads)
    if not json:
        shown = {"rows": f"{cost.rows:,}", "points": len(design.points)}
        shown |= {"seconds": f"{cost.seconds:,.0f}", "size": f"{cost.bytes / 1e6:,.1f}"}
        output.message(say("sweep.estimate", lang, **shown))
    stopping.keeps(
        lambda: say(
            "stopped.sweep", lang, folder=out, count=sum(1 for _ in out.glob("part-*.parquet"))
        )
    )
    with _progress("sweep", quiet=json, plain=True) as told:
        done = run(
            design,
            out=out,
            threads=threads,
            rows_per_part=rows_per_part,
            progress=told,
            say=output.message,
        )
    if export is not None:
        done.export(export)
    data = done.to_dict()
    if json:
        _print_json(data)
    else:
        from xuchang_sim.report import exploring, tables  # noqa: PLC0415

        tables.show(exploring.sweep(data, lang))
    _end(done.failed)


Factors = Annotated[
    str | None,
    typer.Option(
        "--factors", help="Families (land, finance, ...), levers or parameters, by comma."
    ),
]
Wished = Annotated[float, typer.Option("--p", help="Wished probability.")]


@app.command()
def compare(
    a: Scenario,
    b: Annotated[
        str,
        typer.Argument(
            help="Another; differences are this less the first.", autocompletion=_scenario_names
        ),
    ],
    replicates: Replicates = 400,
    half_width: Annotated[
        float | None,
        typer.Option("--half-width", help="Wished half-width of the intervals; else a tenth."),
    ] = None,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Compare two scenarios future by future: how much, how sure, when, what was moved."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("compare", quiet=json) as told:
        found = study.with_(progress=told).compare(a, b, half_width=half_width)
    _show(found, "comparison", lang, json=json)
    _end(found.failed)


@app.command()
def explain(
    scenario: Scenario = "plan",
    replicates: Replicates = 200,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Say what holds the targets back, what growth is made of, what one more unit brings."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("explain", quiet=json) as told:
        found = study.with_(progress=told).explain(scenario)
    _show(found, "explanation", lang, json=json)
    _end(found.failed)


@app.command()
def bundle(
    goal: Annotated[
        str, typer.Option("--goal", help="Targets joined by +, or joint.")
    ] = "fai_growth",
    p: Wished = 0.8,
    factors: Factors = None,
    robust: Annotated[
        float | None,
        typer.Option(
            "--robust",
            help="P that three parameter draws in four must reach; three quarters of --p if left"
            " out, 0 for none.",
        ),
    ] = None,
    base: Annotated[str, typer.Option("--base", help="Scenario that is added to.")] = "no_plan",
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Run the whole grid; infer nothing.")
    ] = False,
    replicates: Replicates = 200,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Find the smallest bundles of levers that make a target likely, or what is reachable."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("bundle", quiet=json, plain=True) as told:
        found = study.with_(progress=told).packages(
            goal,
            p,
            factors=_names(factors) or None,
            base=base,
            robust=robust,
            exhaustive=exhaustive,
        )
    _show(found, "bundles", lang, json=json)
    _end(found.failed)


@app.command()
def frontier(
    p: Wished = 0.8,
    replicates: Replicates = 400,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Say which growth is reached with a probability, by scenario and over two families."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("frontier", quiet=json) as told:
        found = study.with_(progress=told).frontier(p)
    _show(found, "frontier", lang, json=json)
    _end(found.failed)


@app.command()
def sensitivity(
    scenario: Scenario = "plan",
    method: Annotated[
        Literal["morris", "sobol"], typer.Option("--method", help="Screening, or indices.")
    ] = "morris",
    factors: Factors = None,
    size: Annotated[
        int | None, typer.Option("--size", help="Trajectories, or rows (a power of two).")
    ] = None,
    replicates: Replicates = 10,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Say which levers and parameters the answer depends on."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("sensitivity", quiet=json, plain=True) as told:
        found = study.with_(progress=told).sensitivity(
            scenario,
            method=method,
            factors=_names(factors) or None,
            size=size,
            replicates=replicates,
        )
    _show(found, "sensitivity", lang, json=json)


@app.command()
def discover(
    scenario: Scenario = "plan",
    goal: Annotated[
        str, typer.Option("--goal", help="Targets joined by +, or joint.")
    ] = "revenue_growth",
    robust: Annotated[
        bool, typer.Option("--robust", help="Also how robust this and other scenarios are.")
    ] = False,
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Find where a target is missed despite a scenario: ranges of parameters and demand."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("discover", quiet=json) as told:
        found = study.with_(progress=told).discover(scenario, goal)
    if robust:
        names = dict.fromkeys(["no_plan", scenario, "all_high"])
        with _progress("robustness", quiet=json, plain=True) as told:
            rows = study.with_(progress=told).robustness(list(names), goal)
        found = replace(found, robustness=rows)
    _show(found, "discovery", lang, json=json)


def _names(text: str | None) -> tuple[str, ...]:
    """Names of a list by comma."""
    return tuple(word.strip() for word in text.split(",")) if text else ()


def _study(
    pack: str | None,
    replicates: int,
    seed: int,
    parameters: Literal["posterior", "sampled", "central"] | None = None,
    through: str | None = None,
) -> Study:
    """Return the study that a command asks."""
    from xuchang_sim.study import Study  # noqa: PLC0415

    return Study(pack, replicates=replicates, seed=seed, parameters=parameters, through=through)


def _show(found: Answer, table: str, lang: str, *, json: bool) -> None:
    """Print an answer as JSON or as the table of this name."""
    if json:
        _print_json(found.to_dict())
        return
    from xuchang_sim.report import exploring, tables  # noqa: PLC0415

    tables.show(getattr(exploring, table)(found.to_dict(undefined=math.nan), lang))


@app.command()
def report(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Scenarios; the report is about the first, the others are compared."),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write: .html or .xlsx.")] = Path(
        "report.html"
    ),
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    through: Annotated[
        str | None, typer.Option("--through", help="Last month, YYYY-MM; the pack's if left out.")
    ] = None,
    pack: PackOption = None,
    goal: Annotated[
        str | None,
        typer.Option("--add", help="Also search the smallest bundle for these targets (minutes)."),
    ] = None,
    lang: Annotated[LangOrBoth, typer.Option("--lang", help="Language of the report.")] = "zh",
) -> None:
    """Write a report as one file that needs no network, or as a workbook."""
    from xuchang_sim.report import document  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415

    document.check(out)
    study = _study(pack, replicates, seed, None, through)
    with _progress("report", quiet=False) as told:
        chosen = scenarios or document.usual(study.pack)
        found = document.gather(study.with_(progress=told), chosen, goal=goal)
    document.write(found, lang, out)
    output.note(say("report.written", LANGUAGES[0] if lang == "both" else lang, path=out))
    _end(found.failed)


@app.command()
def facts(
    replicates: Annotated[
        int, typer.Option("--replicates", "-n", help="Runs to pool, 200 at least.")
    ] = 800,
    uncertainty: Annotated[
        bool, typer.Option("--uncertainty", help="Split the plan's uncertainty instead; minutes.")
    ] = False,
    seed: Seed = 2012,
    parameters: Parameters = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Measure the stylised facts and say which of them hold; or where the uncertainty is."""
    study = _study(pack, replicates, seed, parameters)
    with _progress("facts", quiet=json, plain=True) as told:
        asked = study.with_(progress=told)
        found: Facts | Uncertainty = asked.uncertainty() if uncertainty else asked.facts()
    if json:
        _print_json(found.to_dict())
        return
    from xuchang_sim import definitions  # noqa: PLC0415
    from xuchang_sim.report import tables, trust  # noqa: PLC0415
    from xuchang_sim.text import labelled  # noqa: PLC0415

    data = found.to_dict(undefined=math.nan)
    if not uncertainty:
        tables.show(trust.facts(data, lang))
        return
    loaded = study.pack
    labels = {name: labelled(p, lang) for name, p in loaded.parameters.items()}
    labels |= {name: labelled(lever, lang) for name, lever in loaded.levers.items()}
    labels |= {name: labelled(measure, lang) for name, measure in definitions.measures().items()}
    labels |= {target.id: labelled(target, lang) for target in loaded.plan.targets()}
    tables.show(trust.uncertainty(data, labels, lang))


@app.command()
def calibrate(
    simulations: Annotated[
        int, typer.Option("--simulations", "-n", help="Draws of the priors; a power of two.")
    ] = 2**15,
    seed: Seed = 2012,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; the pack's own if left out.")
    ] = None,
    pack: PackOption = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Find the pack's parameters from what was known, and keep them for later runs."""
    from xuchang_sim.files import destination  # noqa: PLC0415
    from xuchang_sim.pack.posterior import FILE, save_posterior  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415

    study = _study(pack, 1, seed, "sampled")  # the pack's own posterior may be out of date
    path = destination(out or study.pack.folder / FILE)
    with _progress("calibrate", quiet=json, plain=True) as told:
        found = study.with_(progress=told).calibrate(simulations)
    save_posterior(found, path)
    if json:
        _print_json(found.report)
    else:
        from xuchang_sim.report import tables, trust  # noqa: PLC0415

        tables.show(trust.calibration(found.report, lang))
        output.message(say("calibration.written", lang, path=path))


@app.command()
def convert(
    old: Annotated[Path, typer.Argument(help="Folder of a pack of the first edition.")],
    new: Annotated[Path, typer.Argument(help="Folder to make.")],
    lang: Language = "zh",
) -> None:
    """Rewrite a pack of the first edition in the present form."""
    from xuchang_sim.pack.convert import convert_pack  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415

    for line in convert_pack(old, new):
        output.message(line)
    output.note(say("new.made", lang, path=new))


@app.command()
def definitions(
    table: Annotated[Defined, typer.Argument(help="Which of them.")] = "levers",
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """List what the model defines, as units, ranges and meanings."""
    from xuchang_sim.definitions import tables as defined  # noqa: PLC0415

    if json:
        _print_json({table: defined.plain(table)})
    else:
        output.note("\n".join(defined.lines(table, lang)))


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder of the new pack; its name is its name.")],
    excel: Annotated[
        bool, typer.Option("--excel", help="One Excel workbook instead of files.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option("--from", help="Pack to start from: name, folder or workbook."),
    ] = None,
    cases: Annotated[
        Path | None, typer.Option("--case", help="Table of cases: make the pack from one of them.")
    ] = None,
    case_id: Annotated[
        str | None,
        typer.Option("--case-id", help="Which case of the table; the only one if left out."),
    ] = None,
    lang: Language = "zh",
) -> None:
    """Make a new pack that runs as it is, to be edited for another city or another plan."""
    from xuchang_sim.pack.starter import new_pack  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415

    if cases is None:
        if case_id is not None:
            _refuse("--case-id", "needs --case FILE")
        output.note(say("new.made", lang, path=new_pack(folder, source, excel=excel)))
        return
    from xuchang_sim.pack.casepack import write_case  # noqa: PLC0415
    from xuchang_sim.pack.cases import find_case  # noqa: PLC0415

    if excel or source is not None:
        _refuse("--case", "writes files from the shared pack; leave out --excel and --from")
    output.note(say("new.made", lang, path=write_case(find_case(cases, case_id), folder)))


@app.command()
def hindcast(
    path: Annotated[
        Path | None,
        typer.Argument(help="Table of cases, folder of such tables, or folder of packs."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the forecasts to this file (CSV).")
    ] = None,
    outcomes: Annotated[
        Path | None,
        typer.Option("--score", help="Outcomes (a table or folder): score, and keep the skill."),
    ] = None,
    seal: Annotated[
        Path | None,
        typer.Option("--seal", help="Where the skill is kept; beside the code if left out."),
    ] = None,
    panels: Annotated[
        Path | None,
        typer.Option("--panels", help="Folder of growth panels: test the market layer on them."),
    ] = None,
    nulls: Annotated[
        Path | None,
        typer.Option("--nulls", help="With --panels: write what simple forecasts need (CSV)."),
    ] = None,
    eras: Annotated[
        bool,
        typer.Option("--eras", help="Run one city in six eras: does growth follow the nation?"),
    ] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw what was found (.png or .svg).")
    ] = None,
    pack: PackOption = None,
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Forecast past plans from what was known then; score them against simple forecasts."""
    from xuchang_sim.files import destination  # noqa: PLC0415

    asked = [path is not None, panels is not None, eras]
    if sum(asked) != 1:
        _refuse("PATH", "give one of: cases or packs, --panels DIR, --eras")
    for option, given, needs, there in (
        ("--out", out, "cases", path),
        ("--score", outcomes, "cases", path),
        ("--seal", seal, "--score OUTCOMES", outcomes),
        ("--nulls", nulls, "--panels DIR", panels),
    ):
        if given is not None and there is None:
            _refuse(option, f"needs {needs}")
    for place in filter(None, (out, seal, nulls)):
        destination(place)
    if picture is not None:
        destination(picture, ".png", ".svg")
    if eras:
        _eras(pack, replicates, seed, picture, lang, json=json)
    elif panels is not None:
        _panels(panels, nulls, seed, picture, lang, json=json)
    elif path is not None:
        _cases(path, out, outcomes, seal, picture, replicates, seed, lang, json=json)


def _eras(
    name: str | None, replicates: int, seed: int, picture: Path | None, lang: Lang, *, json: bool
) -> None:
    """Run the era test and show it."""
    from xuchang_sim.answers.eras import era_test  # noqa: PLC0415
    from xuchang_sim.pack.load import load_pack  # noqa: PLC0415

    with _progress("eras", quiet=json, plain=True) as told:
        found = era_test(load_pack(name), replicates=replicates, seed=seed, progress=told)
    _show_skill("eras", "eras", found.to_dict(), picture, lang, json=json)


def _panels(
    folder: Path, nulls: Path | None, seed: int, picture: Path | None, lang: Lang, *, json: bool
) -> None:
    """Run the market layer on panels and show it."""
    from xuchang_sim.answers.market import market_layer  # noqa: PLC0415
    from xuchang_sim.answers.panels import SOURCES, nulls as derive, read_panels, write_nulls  # noqa: PLC0415

    if nulls is not None:
        write_nulls([n for panel in read_panels(folder) for n in derive(panel)], nulls, SOURCES)
    with _progress("panels", quiet=json, plain=True) as told:
        found = market_layer(folder, seed=seed, progress=told)
    _show_skill("layer", "coverage", found.to_dict(), picture, lang, json=json)


def _show_skill(
    table: str, figure: str, data: dict[str, Any], picture: Path | None, lang: Lang, *, json: bool
) -> None:
    """Print plain data as JSON or as the table of this name, and draw its figure if asked for."""
    if json:
        _print_json(data)
    else:
        from xuchang_sim.report import hindcasts, tables  # noqa: PLC0415

        tables.show(getattr(hindcasts, table)(data, lang))
    if picture is not None:
        from xuchang_sim.report import skillfigures  # noqa: PLC0415
        from xuchang_sim.text import say  # noqa: PLC0415

        skillfigures.save(getattr(skillfigures, figure)(data), picture)
        output.message(say("hindcast.drawn", lang, path=picture))


def _cases(
    path: Path,
    out: Path | None,
    outcomes: Path | None,
    seal: Path | None,
    picture: Path | None,
    replicates: int,
    seed: int,
    lang: Lang,
    *,
    json: bool,
) -> None:
    """Forecast cases, and score them if there are outcomes."""
    from xuchang_sim.answers.hindcast import hindcast as run  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415

    if picture is not None and outcomes is None:
        _refuse("--picture", "needs --score OUTCOMES")
    with _progress("hindcast", quiet=json, plain=True) as told:
        found = run(path, replicates=replicates, seed=seed, progress=told)
    if out is not None:
        found.write(out)
        output.message(say("hindcast.written", lang, path=out, sha256=found.sha256))
    data, scored = found.to_dict(), None
    if outcomes is not None:
        from xuchang_sim.answers.scoring import score, seal_of  # noqa: PLC0415
        from xuchang_sim.answers.skill import write_seal  # noqa: PLC0415
        from xuchang_sim.pack.cases import read_outcomes  # noqa: PLC0415

        rows, problems = read_outcomes(outcomes)
        for problem in problems:
            output.message(str(problem))
        scores = score(found, rows)
        scored = scores.to_dict()
        data |= {"scores": scored, "seal": seal_of(found, scores)}
        if scores.rows:
            kept = write_seal(data["seal"], seal)
            output.message(say("hindcast.sealed", lang, path=kept))
    if json:
        _print_json(data)
    else:
        from xuchang_sim.report import hindcasts, tables  # noqa: PLC0415

        tables.show(hindcasts.forecasts(data, lang))
        output.answer("\n".join(hindcasts.remarks(data, lang)) + "\n")  # a line each, however long
        if scored is not None:
            tables.show(hindcasts.scores(scored, lang))
    if picture is not None and scored is not None:
        from xuchang_sim.report import skillfigures  # noqa: PLC0415

        skillfigures.save(skillfigures.skill(scored), picture)
        output.message(say("hindcast.drawn", lang, path=picture))
    if not found.cases:
        raise typer.Exit(WRONG_INPUT)
    _end(found.failed)


@app.command()
def schema(
    command: Annotated[
        str,
        typer.Argument(help="Name of a command that takes --json.", autocompletion=_with_json),
    ],
) -> None:
    """Print the JSON Schema of what a command prints with --json."""
    from xuchang_sim.answers import schemas  # noqa: PLC0415

    _print_json(schemas.schema(command))


@app.command()
def explore(
    replicates: Replicates = 200,
    seed: Seed = 2012,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on this machine; 0 for any.")
    ] = 8765,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page at once.")
    ] = True,
    pack: PackOption = None,
    lang: Language = "zh",
) -> None:
    """Open a page on this machine whose sliders move the levers; it reaches nobody else."""
    from xuchang_sim.pack.load import load_pack  # noqa: PLC0415
    from xuchang_sim.report.live import Desk, Server, opening  # noqa: PLC0415
    from xuchang_sim.text import say  # noqa: PLC0415
    from xuchang_sim.yamlfile import InputError, Problem  # noqa: PLC0415

    desk = Desk(load_pack(pack), replicates, seed)
    gc.set_threshold(*USUAL_OBJECTS)
    desk.answer({}, lang)  # so that the first slider need not wait for the rules
    try:
        server = Server(desk, port, lang)
    except OSError as error:
        text = f"{port}: {error.strerror}; allowed: a free port, or 0 for any"
        raise InputError([Problem("--port", "", 0, text)]) from None
    stopping.keeps(lambda: say("stopped.page", lang))
    output.note(say("live.open", lang, address=server.address))
    with server, opening(server.address) as file:
        if browser:
            import webbrowser  # noqa: PLC0415

            webbrowser.open(file)
        server.serve_forever()


def _plan_row(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = row.model_dump(mode="json", by_alias=True)
    return found


def _audit_row(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = row._asdict()
    found["figures"] = [figure._asdict() for figure in row.figures]
    return found


def _print_json(data: dict[str, Any]) -> None:
    import json  # noqa: PLC0415

    text = json.dumps(_plain(data), ensure_ascii=False, allow_nan=False, indent=1)
    output.answer(text + "\n", json=True)


def _plain(value: Any) -> Any:
    """Return data that JSON has words for: a key without a number is left out, in a list null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if not _unknown(item)}
    if isinstance(value, list | tuple):
        return [None if _unknown(item) else _plain(item) for item in value]
    return value


def _unknown(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _end(failed: object) -> None:
    if failed:
        raise typer.Exit(SOME_FAILED)


@contextmanager
def _progress(
    text: str, *, quiet: bool, plain: bool = False
) -> Iterator[Callable[[int, int], None] | None]:
    """Show progress on standard error: a bar on a terminal; else nothing, or lines if ``plain``.

    The program has started: from here on garbage is collected as usual.
    """
    gc.set_threshold(*USUAL_OBJECTS)
    if quiet or not sys.stderr.isatty():
        yield _lines(text) if plain and not quiet else None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = TextColumn(text), BarColumn(), TextColumn("{task.completed}/{task.total}")
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        # Not shown until it is known how much there is to do.
        task = bar.add_task(text, total=None, visible=False)

        def told(done: int, whole: int) -> None:
            bar.update(task, completed=done, total=whole, visible=True)

        yield told


def _with_tables(told: Callable[[int, int], None] | None) -> Callable[[int, int], None]:
    """Progress that also loads what shows the answer: the engine is at work, this thread is not."""

    def told_and_loaded(done: int, whole: int) -> None:
        from xuchang_sim.report import tables  # noqa: F401, PLC0415

        if told:
            told(done, whole)

    return told_and_loaded


LINE_SECONDS = 5.0


def _lines(text: str) -> Callable[[int, int], None]:
    """Progress for a log file: now and then a line with the time that remains."""
    import time  # noqa: PLC0415

    begun: list[tuple[float, int]] = []
    shown = [0.0]

    def told(done: int, whole: int) -> None:
        now = time.monotonic()
        begun.append((now, done)) if not begun else None
        first, before = begun[0]
        if done < whole and now - shown[0] < LINE_SECONDS:
            return
        shown[0] = now
        left = (whole - done) * (now - first) / (done - before) if done > before else None
        rest = "" if left is None else f", {left:,.0f} s left"
        output.message(f"{text}: {done:,} of {whole:,}{rest}")

    return told


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    output.message(str(message))


def _refuse(option: str, message: str) -> NoReturn:
    raise typer.BadParameter(message, param_hint=option)


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO}
TOO_MANY = {errno.EMFILE, errno.ENFILE}


def _of_the_machine(error: Exception) -> list[str]:
    """Lines for a fault of the machine (memory, disk, rights); none for a fault of the program."""
    number = getattr(error, "errno", None)
    text = str(error).lower()
    from xuchang_sim.text import say  # noqa: PLC0415

    starved = isinstance(error, MemoryError) or number == errno.ENOMEM
    starved |= isinstance(error, RuntimeError) and "start new thread" in text
    starved |= isinstance(error, ImportError) and ("map segment" in text or "allocate" in text)
    if starved:
        return [say("machine.memory", output.language())]
    if number in FULL | REFUSED | TOO_MANY:
        where, why = getattr(error, "filename", None), os.strerror(number or 0)
        return [": ".join(str(part) for part in (where, why) if part)]
    return []


def _spare(asked: str | None) -> None:
    """Leave of the commands not asked for only name and first words: all that a list of them shows.

    Typer reads the options of every command before it runs one, a third of the time of ``--help``.
    """
    for command in app.registered_commands:
        function = command.callback
        if function is None or function.__name__ == asked:
            continue

        def nothing() -> None: ...

        nothing.__name__, nothing.__doc__ = function.__name__, function.__doc__
        command.callback = nothing


def main() -> None:
    """Run the command line and leave with its exit code."""
    # Modules and packs are made of many objects that stay: looking at them again and again for
    # cycles was 6% of the way to the first result.
    gc.set_threshold(NEW_OBJECTS)
    warnings.showwarning = _warn  # a line of plain words, without the place in the code
    if COMPLETION not in os.environ:  # which asks for the options of any command
        _spare(next((word for word in sys.argv[1:] if not word.startswith("-")), None))
    try:
        app(standalone_mode=True)
    except stopping.Stopped as asked:
        output.message(str(asked))
        sys.exit(asked.code)
    except Exception as error:
        problems = getattr(error, "problems", None) or _of_the_machine(error)
        if not problems:
            raise
        for problem in problems:
            output.message(str(problem))
        sys.exit(WRONG_INPUT)
    finally:
        # Python looks for cycles among all that is left before it ends: a tenth of a second for what
        # the system takes back at once.
        gc.freeze()


if __name__ == "__main__":
    main()
