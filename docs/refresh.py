"""Measure the skill and what moves each target anew, write output into both READMEs' blocks, draw the picture.

A block begins with ``<!-- output: COMMAND | lines A-B -->`` and ends with ``<!-- end -->``. Run
``python docs/refresh.py`` after a change of results; the tests say when it is needed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from matplotlib.figure import Figure

from xuchang_sim import kept, simulate
from xuchang_sim.answers.classes import FILE as CLASSES, keep_classes
from xuchang_sim.answers.factsfile import load_facts
from xuchang_sim.answers.hindcast import hindcast
from xuchang_sim.answers.scoring import score, seal_of
from xuchang_sim.answers.skill import write_seal
from xuchang_sim.forecast import cache
from xuchang_sim.pack.cases import read_outcomes
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.posterior import FILE as POSTERIOR, save_posterior
from xuchang_sim.report import figures
from xuchang_sim.simulation.results import QUANTILES, Results
from xuchang_sim.study import Study

READMES = tuple(Path(__file__).parent.parent / name for name in ("README.md", "README.zh.md"))
CASES = READMES[0].parent / "tests" / "hindcast" / "cases_development.csv"
PICTURE = Path(__file__).parent / "answer.png"
FLOWS = ("revenue", "fai")
BLOCK = re.compile(
    r"(<!-- output: (?P<command>.+?) \| lines (?P<first>\d+)-(?P<last>\d*) -->\n).*?(<!-- end -->)",
    re.DOTALL,
)


@lru_cache
def output(command: str) -> tuple[str, ...]:
    """Lines that a command prints."""
    program, *words = shlex.split(command)
    if program != "xuchang-sim":
        raise ValueError(command)
    call = [sys.executable, "-m", "xuchang_sim", *words]
    done = subprocess.run(call, capture_output=True, text=True, check=True)  # noqa: S603
    return tuple(line.rstrip() for line in done.stdout.splitlines())


def refreshed(text: str) -> str:
    """Return a page with every block as the commands print it now."""

    def block(found: re.Match[str]) -> str:
        lines = output(found["command"])[int(found["first"]) - 1 : int(found["last"] or 10**6)]
        body = "\n".join(lines).strip("\n")
        return f"{found[1]}\n```text\n{body}\n```\n\n{found[5]}"

    return BLOCK.sub(block, text)


def answer() -> Results:
    """Run the futures that the picture shows."""
    return simulate("plan", replicates=1000)


def numbers(found: Results) -> dict[str, list[float]]:
    """5, 50 and 95% quantiles of the plan year, 亿元: what is seen at the ends of the picture's bands."""
    return {name: np.quantile(found.outcome(name), QUANTILES).round(1).tolist() for name in FLOWS}


def draw(found: Results) -> None:
    """Draw both flows against their target paths; the file says the numbers that it shows."""
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    for name, ax in zip(FLOWS, figure.subplots(1, 2), strict=True):
        figures.fan(found, name, ax=ax, lang="en")
    shown = {"Description": json.dumps(numbers(found)), "Software": None}
    figure.savefig(PICTURE, dpi=100, metadata=shown)


def fit() -> None:
    """Fit what the shipped plan's first answer needs, and put it into the package."""
    place = cache.SHIPPED
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, XUCHANG_SIM_CACHE=folder),
    ):
        Study(replicates=4).assess()
        for path in cache.folder().iterdir():
            arrays, key = kept.read(path)
            kept.keep(cache.shipped(path.name.split("-")[0], key), arrays, key)


def seal() -> None:
    """Forecast and score the development cases with today's rules: every answer prints the result."""
    found = hindcast(CASES)
    write_seal(seal_of(found, score(found, read_outcomes(CASES)[0])))


def relabel() -> None:
    """Name the posterior's moments and parameters as facts and definitions name them now; no draw moves."""
    pack = load_pack()
    posterior = pack.posterior
    if posterior is None:
        return
    named: dict[str, Any] = {moment.id: moment for moment in load_facts(pack).moments}
    named |= pack.parameters
    rows = [*posterior.report["moments"], *posterior.report["parameters"]]
    stale = False
    for row in rows:
        for lang in ("zh", "en"):
            label = getattr(named[row["id"]], f"label_{lang}")
            stale |= row[f"label_{lang}"] != label
            row[f"label_{lang}"] = label
    if stale:
        save_posterior(posterior, pack.folder / POSTERIOR)


def measure() -> None:
    """Measure what moves each target with today's rules: verdicts are given for mechanisms only."""
    keep_classes(Study(replicates=1000).classes(), CLASSES)


if __name__ == "__main__":
    fit()
    relabel()
    seal()
    measure()
    draw(answer())
    for path in READMES:
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
