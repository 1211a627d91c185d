"""The economy around the zones, or any series in a file: ``outlook``."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xuchang_sim import output
from xuchang_sim.cli.command import WRONG_INPUT, command, print_json, progress, refuse, tabulated
from xuchang_sim.cli.options import Json, Lang, Language, Pack, Replicates, Seed, Through
from xuchang_sim.deferred import deferred
from xuchang_sim.text import phrase

with deferred():
    from xuchang_sim import study as studies
    from xuchang_sim.forecast import profile, single
    from xuchang_sim.report import outlooks, tables

if TYPE_CHECKING:
    from xuchang_sim.forecast.profile import Assume


@command
def outlook(
    series: Annotated[
        str | None,
        typer.Option("--series"),
    ] = None,
    horizon: Annotated[int | None, typer.Option("--horizon", min=1)] = None,
    to_date: Annotated[
        bool | None,
        typer.Option("--to-date/--flow"),
    ] = None,
    level: Annotated[
        bool | None,
        typer.Option("--level/--rate"),
    ] = None,
    seasonal: Annotated[bool | None, typer.Option("--seasonal/--not-seasonal")] = None,
    year_begins: Annotated[
        int | None,
        typer.Option(
            "--year-begins",
            min=1,
            max=12,
        ),
    ] = None,
    column: Annotated[str, typer.Option("--column")] = "",
    jobs: Annotated[int | None, typer.Option("--jobs", min=1)] = None,
    backtest: Annotated[bool, typer.Option("--backtest")] = False,
    replicates: Replicates = 1000,
    seed: Seed = 2012,
    through: Through = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"]),
    ] = None,
    pack: Pack = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Forecast the economy around the zones, or any series in a file."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # its matrices are small: more threads wait for each other
    day = as_of.date().isoformat() if as_of else None
    if series is not None:
        if horizon is None:
            refuse("--horizon", phrase("option.horizon"))
        if backtest:
            refuse("--backtest", phrase("option.backtest"))
        _forecast_series(
            Path(series),
            horizon,
            day,
            profile.Assume(to_date, level, seasonal, year_begins or 1),
            column,
            jobs,
            lang,
            json=json,
        )
        return
    if horizon is not None:
        refuse("--horizon", phrase("option.horizon_series"))
    said = (to_date, level, seasonal, year_begins, jobs, column or None)
    if any(one is not None for one in said):
        refuse(
            "--to-date, --level, --seasonal, --year-begins, --column, --jobs",
            phrase("option.series"),
        )
    study = studies.Study(pack, replicates=replicates, seed=seed)
    with progress("backtest", quiet=json or not backtest) as shown:
        asked = study.with_(progress=shown)
        answer = asked.outlook(through=through, as_of=day, backtest=backtest)
    if json:
        print_json(answer.to_dict())
    else:
        known = day or study.pack.information_date.isoformat()
        tables.show(outlooks.outlook(tabulated(answer), known, replicates, seed, lang))


def _forecast_series(
    path: Path,
    horizon: int,
    day: str | None,
    assume: Assume,
    column: str,
    jobs: int | None,
    lang: Lang,
    *,
    json: bool,
) -> None:
    """Forecast a file of a series, or all files of a folder; exit code 2 if any was refused."""
    if not path.is_dir():
        data = single.series_outlook(path, horizon, day, assume, column)
        if json:
            print_json(data)
        else:
            tables.show(outlooks.series_forecast(data, path.name, lang))
        return
    with progress("outlook", quiet=json, log=True) as shown:
        every = single.series_outlooks(path, horizon, day, assume, column, jobs, shown)
    refused = {name: data["error"] for name, data in every.items() if "error" in data}
    if json:
        print_json(every)
    else:
        for name, data in every.items():
            if name not in refused:
                tables.show(outlooks.series_forecast(data, name, lang))
    for faults in refused.values():
        for line in faults:
            output.message(line)
    if refused:
        raise typer.Exit(WRONG_INPUT)
