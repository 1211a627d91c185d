"""Dossier: the answer behind a report, made of other answers; this module computes nothing of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xuchang_sim.answer import Answer
from xuchang_sim.answers.assess import Assessment, assess
from xuchang_sim.answers.biographies import projects
from xuchang_sim.answers.explain import Explanation, explain
from xuchang_sim.answers.first_edition import first_edition
from xuchang_sim.answers.frontier import Frontier, frontier
from xuchang_sim.answers.matrix import MatrixResult, matrix
from xuchang_sim.answers.packages import BundleResult, smallest_bundle
from xuchang_sim.answers.requirements import require
from xuchang_sim.forecast.drivers import Drivers, drivers
from xuchang_sim.forecast.report import outlook_report
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.targets import goals
from xuchang_sim.units import month_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.settings import ScenarioLike, Settings

DEEP_REPLICATES = 100
OUTLOOK_PATHS = 1000


@dataclass(frozen=True, eq=False)
class Dossier(Answer):
    """Answer of a report: how likely a plan's targets are, what holds them back, and what would help.

    Attributes
    ----------
    assessment : Assessment
        Of the first scenario.
    runs : tuple of Results
        All scenarios on common random numbers, the first one first, then the first with every
        lever absent.
    matrix : MatrixResult or None
        Land, finance and labour crossed; None if it was not asked for.
    paths : Drivers
        Sampled paths of demand, prices, investment and money.
    outlook : dict
        See :func:`xuchang_sim.forecast.report.outlook_report`, without the reference-class forecast.
    projects : DataFrame
        Projects of one replicate, see :func:`xuchang_sim.answers.biographies.projects`.
    replicate : int
        Number of that replicate.
    explanation : Explanation or None
        What holds the goals back, and what one more unit brings.
    frontier : Frontier or None
        Growth reached with probability 0.8 over two families of levers.
    bundle : BundleResult or None
        Smallest bundle that reaches a goal, if it was searched for.
    """

    KEYS = (
        *("assessment", "runs", "matrix", "explanation", "frontier", "bundle"),
        *("outlook", "first_edition", "manifest"),
    )
    OPTIONAL = frozenset({"matrix", "explanation", "frontier", "bundle", "first_edition"})

    assessment: Assessment
    runs: tuple[Results, ...]
    matrix: MatrixResult | None
    paths: Drivers
    outlook: dict[str, Any]
    projects: pd.DataFrame
    replicate: int = 0
    explanation: Explanation | None = None
    frontier: Frontier | None = None
    bundle: BundleResult | None = None

    @property
    def pack(self) -> Pack:
        """Pack of all results."""
        return self.assessment.results.setup.pack

    @property
    def first_edition(self) -> dict[str, Any] | None:
        """Answer of the first edition, see :func:`xuchang_sim.answers.first_edition.first_edition`."""
        return first_edition(self.pack, self.assessment.results.variant.scenario)

    @property
    def manifest(self) -> dict[str, Any]:
        """Versions, hashes and seed that identify the results, with the hash of every scenario."""
        entries: dict[str, Any] = dict(self.assessment.manifest)
        scenarios = [run.variant.scenario for run in self.runs]
        return entries | {
            "replicates": self.assessment.results.replicates,
            "scenarios": {scenario.name: scenario.sha256 for scenario in scenarios},
        }

    @property
    def failed(self) -> bool:
        """Whether any replicate of any run failed."""
        return any(not r.good.all() for r in (self.assessment.results, *self.runs))


def gather(
    study: Settings,
    scenarios: ScenarioLike | Sequence[ScenarioLike],
    *,
    deep: bool = True,
    goal: str | None = None,
) -> Dossier:
    """Run what a report needs.

    Parameters
    ----------
    study : Settings
        Its progress is called for each part in turn.
    scenarios : sequence of str, Path or ResolvedScenario
        The first is the one the report is about, the others are compared with it.
    deep : bool
        Whether to cross land, finance and labour, explain, and map the frontier too, at no more
        than 100 replicates each.
    goal : str, optional
        Targets joined by ``+``, or ``joint``, for which to search the smallest bundle (minutes).

    Raises
    ------
    InputError
        If a scenario or an argument is wrong.
    """
    resolved = study.scenarios(scenarios)
    first, pack, replicates, seed = resolved[0], study.pack, study.replicates, study.seed
    require(pack, "report", scenario=first, through=study.through)
    setup, progress = study.setup(), study.progress
    last = month_label(setup.through)
    # The report shows the run without levers beside the others: all replicates of it.
    main = assess(study, first, redraws=replicates, paired=replicates)
    others = [Variant(s) for s in resolved[1:]]
    compared = run(setup, others, full=False, progress=progress) if others else []
    few = study.with_(replicates=min(replicates, DEEP_REPLICATES), through=None)
    outcomes = goals(pack)
    shown = int(main.results.good.argmax())  # the first replicate that ran through
    world = study.economy(first, replicate=shown)
    while world.month < setup.through:
        world.step()
    return Dossier(
        main,
        (main.results, *compared, main.absent),
        matrix(few) if deep else None,
        drivers(
            pack, OUTLOOK_PATHS, seed, last, shift_sd=first.demand_shift, replace=first.drivers
        ),
        outlook_report(pack, replicates=OUTLOOK_PATHS, seed=seed, outside=False),
        projects(world),
        shown,
        explain(few, first) if deep else None,
        frontier(few, outcomes=outcomes, scenarios=(), base=first) if deep and outcomes else None,
        smallest_bundle(few, goal) if goal else None,
    )
