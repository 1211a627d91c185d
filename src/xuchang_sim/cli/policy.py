"""Why, and what if: differences of scenarios, causes, policy packages, what the answer depends on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xuchang_sim.cli.command import question, tabulated
from xuchang_sim.cli.options import Factors, Probability, Scenario, names, scenario_names
from xuchang_sim.deferred import deferred

with deferred():
    from xuchang_sim.report import exploring

if TYPE_CHECKING:
    from xuchang_sim.answers.compare import Comparison
    from xuchang_sim.answers.discovery import Discovery
    from xuchang_sim.answers.explain import Explanation
    from xuchang_sim.answers.frontier import Frontier
    from xuchang_sim.answers.packages import BundleResult
    from xuchang_sim.answers.sensitivity import Sensitivity
    from xuchang_sim.study import Study


@question(lambda answer, lang: exploring.comparison(tabulated(answer), lang), replicates=400)
def compare(
    study: Study,
    a: Scenario,
    b: Annotated[
        str,
        typer.Argument(autocompletion=scenario_names),
    ],
    half_width: Annotated[
        float | None,
        typer.Option("--half-width"),
    ] = None,
) -> Comparison:
    """Compare two scenarios future by future: how much, how sure, when, what was moved."""
    return study.compare(a, b, half_width=half_width)


@question(lambda answer, lang: exploring.explanation(tabulated(answer), lang), replicates=200)
def explain(study: Study, scenario: Scenario = "plan") -> Explanation:
    """Say what holds the targets back, what growth is made of, what one more unit brings."""
    return study.explain(scenario)


@question(lambda answer, lang: exploring.bundles(tabulated(answer), lang), replicates=200, log=True)
def bundle(
    study: Study,
    goal: Annotated[str, typer.Option("--goal")] = "fai_growth",
    p: Probability = 0.8,
    factors: Factors = None,
    robust: Annotated[
        float | None,
        typer.Option(
            "--robust",
        ),
    ] = None,
    base: Annotated[str, typer.Option("--base")] = "no_plan",
    exhaustive: Annotated[bool, typer.Option("--exhaustive")] = False,
) -> BundleResult:
    """Find the smallest bundles of levers that make a target likely, or what is reachable."""
    return study.packages(
        goal, p, factors=names(factors), base=base, robust=robust, exhaustive=exhaustive
    )


@question(lambda answer, lang: exploring.frontier(tabulated(answer), lang), replicates=400)
def frontier(study: Study, p: Probability = 0.8) -> Frontier:
    """Say which growth is reached with a probability, by scenario and over two families."""
    return study.frontier(p)


@question(
    lambda answer, lang: exploring.sensitivity(tabulated(answer), lang), replicates=10, log=True
)
def sensitivity(
    study: Study,
    scenario: Scenario = "plan",
    method: Annotated[Literal["morris", "sobol"], typer.Option("--method")] = "morris",
    factors: Factors = None,
    size: Annotated[int | None, typer.Option("--size")] = None,
) -> Sensitivity:
    """Say which levers and parameters the answer depends on."""
    return study.sensitivity(
        scenario,
        method=method,
        factors=names(factors),
        size=size,
        replicates=study.replicates,
    )


@question(lambda answer, lang: exploring.discovery(tabulated(answer), lang), replicates=1000)
def discover(
    study: Study,
    scenario: Scenario = "plan",
    goal: Annotated[str, typer.Option("--goal")] = "revenue_growth",
    robust: Annotated[bool, typer.Option("--robust")] = False,
) -> Discovery:
    """Find where a target is missed despite a scenario: ranges of parameters and demand."""
    discovery = study.discover(scenario, goal)
    if robust:
        scenarios = list(dict.fromkeys(["no_plan", scenario, "all_high"]))
        discovery = replace(discovery, robustness=study.robustness(scenarios, goal))
    return discovery
