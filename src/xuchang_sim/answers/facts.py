"""Stylised facts: what any simulated city should look like, its target band, and whether it does.

Bands stand in the pack's ``facts.yaml`` and are never widened after the fact. Facts are pooled over
many replicates: yearly and monthly ones from the record of a run, those on single firms and
projects from worlds that are looked at month by month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

import numpy as np

from xuchang_sim.answer import MaybeNan
from xuchang_sim.answers.factsfile import Fact, load_facts
from xuchang_sim.answers.records import OfRuns
from xuchang_sim.answers.stylised import MEASURED, Evidence, Numbers, look
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.manifest import Manifest, manifest
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.worlds import Worlds
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.settings import Settings
    from xuchang_sim.simulation.setup import Setup

LEAST_RUNS = 200  # least number of replicates over which facts are pooled
Band = list[float | None]


class FactRecord(TypedDict):
    """A stylised fact: its band (null where open), the model's value, and whether it lies inside.

    Facts of several numbers have bands and values by name.
    """

    id: str
    label_zh: str
    label_en: str
    target: Band | dict[str, Band]
    value: MaybeNan | dict[str, MaybeNan]
    passes: bool
    test: str
    source: str
    later_source: bool
    reason: str


@dataclass(frozen=True)
class Verdict:
    """A fact, what the model says, and whether that lies in its band."""

    fact: Fact
    values: Numbers

    @property
    def passes(self) -> bool:
        """True if every number lies in its band; NaN lies in no band."""
        return all(
            (low is None or self.values[name] >= low)
            and (high is None or self.values[name] <= high)
            and not np.isnan(self.values[name])
            for name, (low, high) in self.fact.bands.items()
        )

    def record(self) -> FactRecord:
        """Return the fact with its verdict; a fact with one number is that number."""
        bands = {name: list(band) for name, band in self.fact.bands.items()}
        one = next(iter(bands)) if len(bands) == 1 else None
        return {
            "id": self.fact.id,
            "label_zh": self.fact.label_zh,
            "label_en": self.fact.label_en,
            "target": bands[one] if one else bands,
            "value": self.values[one] if one else self.values,
            "passes": self.passes,
            "test": self.fact.test,
            "source": self.fact.source,
            "later_source": self.fact.later,
            "reason": "" if self.passes else self.fact.reason,
        }


@dataclass(frozen=True, eq=False)
class Facts(OfRuns):
    """Verdicts on all facts of a pack."""

    verdicts: tuple[Verdict, ...]
    setup: Setup
    scenario: ResolvedScenario
    sha256: str

    KEYS = ("facts", "passed", "replicates", "parameters", "manifest")
    ROWS = "facts"
    COLUMNS = ("id", "label_zh", "label_en", "value", "target", "passes")

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"stylised facts: {self.passed} of {len(self.verdicts)} hold"

    @property
    def facts(self) -> list[FactRecord]:
        """Every fact with its verdict."""
        return [verdict.record() for verdict in self.verdicts]

    @property
    def passed(self) -> int:
        """Facts that hold."""
        return sum(verdict.passes for verdict in self.verdicts)

    @property
    def replicates(self) -> int:
        """Runs over which facts are pooled."""
        return self.setup.replicates

    @property
    def manifest(self) -> Manifest:
        """Versions, hashes and seed that identify the result, the hash of the facts included."""
        entries = {**manifest(self.setup, [self.scenario]), "facts": self.sha256}
        return cast("Manifest", entries)


def facts(study: Settings) -> Facts:
    """Measure every stylised fact of a pack without the plan, and judge it by its band.

    Parameters
    ----------
    study : Settings
        At least :data:`LEAST_RUNS` replicates, over which facts are pooled.

    Raises
    ------
    InputError
        If there are fewer, or ``facts.yaml`` is wrong.
    """
    loaded, progress = study.pack, study.progress
    if study.replicates < LEAST_RUNS:
        text = phrase("fact.replicates", replicates=study.replicates, least_runs=LEAST_RUNS)
        raise InputError([Problem("--replicates", "", 0, text)])
    file = load_facts(loaded)
    last = min(12 * (loaded.plan_year + 2) + 11, loaded.last_month)
    setup = study.setup(through=last)
    scenario = load_scenario("no_plan", loaded)
    results = run(setup, [Variant(scenario)])[0]
    worlds = Worlds(setup, scenario)
    prices, tides = worlds.prices()[:, 1:], [worlds.tide(k) for k in (0, 1, 2)]
    evidence = Evidence(setup, results, look(worlds, progress), prices, tides)
    verdicts = tuple(Verdict(fact, MEASURED[fact.id].of(evidence)) for fact in file.facts)
    return Facts(verdicts, setup, scenario, file.sha256)
