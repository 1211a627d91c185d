"""Dossier: everything a report shows, gathered by calls to the rooms below and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xuchang_sim.answers.assess import Assessment, MatrixResult, assess, goals, matrix
from xuchang_sim.answers.explain import Explanation, explain
from xuchang_sim.answers.packages import BundleResult, Frontier, frontier, smallest_bundle
from xuchang_sim.answers.requirements import require
from xuchang_sim.forecast.drivers import Drivers, drivers
from xuchang_sim.forecast.report import outlook_report
from xuchang_sim.pack.scenario import ResolvedScenario, load_scenario
from xuchang_sim.report.biographies import projects
from xuchang_sim.simulation.run import Variant, economy, prepare, run
from xuchang_sim.units import month_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.results import Results

DEEP_REPLICATES = 100
OUTLOOK_PATHS = 1000


@dataclass(frozen=True)
class Dossier:
    """What a report is written from.

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
        See :func:`xuchang_sim.forecast.report.outlook_report`, without the outside view.
    projects : DataFrame
        Projects of one replicate, see :func:`xuchang_sim.report.biographies.projects`.
    replicate : int
        Number of that replicate.
    explanation : Explanation or None
        What holds the goals back, and what one more unit brings.
    frontier : Frontier or None
        Growth reached with probability 0.8 over two families of levers.
    bundle : BundleResult or None
        Smallest bundle that reaches a goal, if it was searched for.
    """

    assessment: Assessment
    runs: tuple[Results, ...]
    matrix: MatrixResult | None
    paths: Drivers
    outlook: Mapping[str, Any]
    projects: pd.DataFrame
    replicate: int = 0
    explanation: Explanation | None = None
    frontier: Frontier | None = None
    bundle: BundleResult | None = None

    @property
    def pack(self) -> Pack:
        """Pack of all results."""
        return self.assessment.results.setting.pack

    @property
    def failed(self) -> bool:
        """Whether any replicate of any run failed."""
        return any(not r.good.all() for r in (self.assessment.results, *self.runs))


def gather(
    scenarios: Sequence[str | Path | ResolvedScenario],
    pack: Pack,
    *,
    replicates: int = 1000,
    seed: int = 2012,
    through: str | None = None,
    deep: bool = True,
    goal: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Dossier:
    """Run what a report needs.

    Parameters
    ----------
    scenarios : sequence of str, Path or ResolvedScenario
        The first is the one the report is about, the others are compared with it.
    pack : Pack
        Pack of all of them.
    replicates, seed, through
        As in :func:`xuchang_sim.simulation.run.simulate`.
    deep : bool
        Whether to cross land, finance and labour, explain, and map the frontier too, at no more
        than 100 replicates each.
    goal : str, optional
        Targets joined by ``+``, or ``joint``, for which to search the smallest bundle (minutes).
    progress : callable, optional
        Called with (replicates done, replicates in all) of each part in turn.

    Raises
    ------
    InputError
        If a scenario or an argument is wrong.
    """
    resolved = [s if isinstance(s, ResolvedScenario) else load_scenario(s, pack) for s in scenarios]
    first = resolved[0]
    require(pack, "report", scenario=first, through=through)
    setup = prepare(pack, replicates, seed, through)
    last = month_label(setup.through)
    # The report shows the run without levers beside the others: all replicates of it.
    main = assess(
        first,
        replicates=replicates,
        seed=seed,
        through=last,
        pack=pack,
        companions=replicates,
        paired=replicates,
        progress=progress,
    )
    others = [Variant(s) for s in resolved[1:]]
    compared = run(setup, others, full=False, progress=progress) if others else []
    common: Any = {
        "replicates": min(replicates, DEEP_REPLICATES),
        "seed": seed,
        "pack": pack,
        "progress": progress,
    }
    outcomes = goals(pack)
    shown = int(main.results.good.argmax())  # the first replicate that ran through
    world = economy(first, replicate=shown, seed=seed, through=last, pack=pack)
    while world.month < setup.through:
        world.step()
    return Dossier(
        main,
        (main.results, *compared, main.absent),
        matrix(**common) if deep else None,
        drivers(
            pack, OUTLOOK_PATHS, seed, last, shift_sd=first.demand_shift, replace=first.drivers
        ),
        outlook_report(pack, replicates=OUTLOOK_PATHS, seed=seed, outside=False),
        projects(world),
        shown,
        explain(first, **common) if deep else None,
        frontier(outcomes=outcomes, scenarios=(), base=first, **common)
        if deep and outcomes
        else None,
        smallest_bundle(goal, **common) if goal else None,
    )
