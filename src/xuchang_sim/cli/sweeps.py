"""Designs of many points: ``sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xuchang_sim import output, stopping
from xuchang_sim.cli.command import command, end, print_json, progress
from xuchang_sim.cli.options import Json, Language, Pack
from xuchang_sim.deferred import deferred
from xuchang_sim.text import say

with deferred():
    from xuchang_sim.answers import designs, sweep as sweeps
    from xuchang_sim.pack import load
    from xuchang_sim.report import exploring, tables


@command
def sweep(
    file: Annotated[str, typer.Argument()],
    out: Annotated[Path, typer.Option("--out")],
    export: Annotated[Path | None, typer.Option("--export")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1)] = None,
    rows_per_part: Annotated[int | None, typer.Option("--rows-per-part", min=1)] = None,
    row: Annotated[int | None, typer.Option("--rerun", min=0)] = None,
    pack: Pack = None,
    lang: Language = "zh",
    json: Json = False,
) -> None:
    """Run every point of a design; killed and started again, it goes on."""
    design = designs.load_design(file, load.load_pack(pack))
    if row is not None:
        single = sweeps.rerun(design, row)
        print_json(single)
        end("failure" in single)
        return
    if export is not None:
        sweeps.exportable(export)
    sweeps.writable(out)
    cost = sweeps.estimate(design, threads)
    if not json:
        values = {"rows": f"{cost.rows:,}", "points": len(design.points)}
        values |= {"seconds": f"{cost.seconds:,.0f}", "size": f"{cost.bytes / 1e6:,.1f}"}
        output.message(say("sweep.estimate", lang, **values))
    stopping.keeps(
        lambda: say(
            "stopped.sweep", lang, folder=out, count=sum(1 for _ in out.glob("part-*.parquet"))
        )
    )
    with progress("sweep", quiet=json, log=True) as shown:
        done = sweeps.sweep(
            design,
            out=out,
            threads=threads,
            rows_per_part=rows_per_part,
            progress=shown,
            say=output.message,
        )
    if export is not None:
        done.export(export)
    data = done.to_dict()
    if json:
        print_json(data)
    else:
        tables.show(exploring.sweep(data, lang))
    end(done.failed)


Factors = Annotated[
    str | None,
    typer.Option("--factors"),
]
Wished = Annotated[float, typer.Option("--p")]
