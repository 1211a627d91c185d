"""How likely are the targets: ``assess`` and ``matrix``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from xuchang_sim.cli.command import question
from xuchang_sim.cli.options import Scenario, Through
from xuchang_sim.deferred import deferred

with deferred():
    from xuchang_sim.answers import assess as assessing, matrix as crossing
    from xuchang_sim.report import tables

if TYPE_CHECKING:
    from xuchang_sim.study import Study


@question(lambda answer, lang: tables.assessment(answer, lang), replicates=1000)
def assess(
    study: Study, scenario: Scenario = "plan", through: Through = None
) -> assessing.Assessment:
    """Say how likely every target of the plan is under a scenario."""
    study = study.with_(through=through)
    return study.assess(scenario, extended=assessing.REDRAWS, full=False)


@question(lambda answer, lang: tables.matrix(answer, lang), replicates=400)
def matrix(
    study: Study,
    name: Annotated[str, typer.Argument()] = "matrix",
    earlier: Annotated[bool, typer.Option("--earlier")] = False,
) -> crossing.MatrixResult:
    """Cross land, finance and labour at three levels on common random numbers."""
    return study.matrix(name, earlier=earlier)
