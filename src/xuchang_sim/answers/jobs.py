"""Jobs: what a worker computes of a sweep, from numbers that fit into a message to a table of rows.

A part of a sweep has the same bytes wherever and in whatever order it is computed.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from xuchang_sim.answers.designs import posterior_digest
from xuchang_sim.answers.store import to_bytes
from xuchang_sim.model.engine import place_of
from xuchang_sim.model.world import CODES, SUMMARY
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.scenario import ResolvedScenario, adjust
from xuchang_sim.simulation.draws import draw_parameters
from xuchang_sim.simulation.measures import ATTAINABLE
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Draws, Setup, Variant
from xuchang_sim.simulation.targets import city_targets
from xuchang_sim.text import phrase
from xuchang_sim.units import month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from xuchang_sim.answers.designs import Value
    from xuchang_sim.simulation.results import Results

    Array = npt.NDArray[np.float64]

MOST_VARIANTS = 16  # run together; more would only hold more memory
FAILURES = b"failures"
KEYS = ("scenario", "draw", "replicate")
SCALE = "arrival_scale"


class Cell(NamedTuple):
    """Some replicates of one point under one scenario with one parameter draw."""

    point: int
    setting: tuple[Value, ...]
    scenario: ResolvedScenario
    draw: int
    first: int
    size: int


class Job(NamedTuple):
    """Message to a worker: all it needs to compute one part."""

    number: int
    pack: str
    pack_sha256: str
    code: str
    seed: int
    through: int
    parameters: Draws
    draws: int
    posterior: str | None
    columns: tuple[str, ...]
    texts: tuple[bool, ...]
    measures: tuple[str, ...]
    start: int
    cells: tuple[Cell, ...]


class Failure(NamedTuple):
    """A run that failed: its row, its address, and what happened."""

    row: int
    point: int
    scenario: str
    draw: int
    replicate: int
    seed: int
    error: str
    traceback: str


def compute(job: Job) -> bytes:
    """Compute one part: Parquet bytes, with the failures in the schema's metadata.

    Raises
    ------
    RuntimeError
        If this worker has another version of the code or of the pack.
    """
    pack = _pack(job.pack)
    posterior = posterior_digest(pack) if job.parameters == "posterior" else None
    if (pack.sha256, posterior, code_digest()) != (job.pack_sha256, job.posterior, job.code):
        message = phrase("sweep_fault.version")
        raise RuntimeError(message)
    setup = Setup(pack, seed=job.seed, through=job.through, draws=job.parameters)
    starts = np.cumsum([job.start, *(cell.size for cell in job.cells)])
    arrays: dict[int, dict[str, Array]] = {}
    failures: list[Failure] = []
    for numbers in _together(job):
        cells = [job.cells[n] for n in numbers]
        scenarios = [_scenario(job, cell, setup) for cell in cells]
        part = replace(setup, first=cells[0].first, replicates=cells[0].size)
        try:
            results = run(
                part, [Variant(s) for s in scenarios], full=False, keep=job.measures, workers=1
            )
            tables = [_measured(job, result) for result in results]
        except Exception:  # noqa: BLE001 - whatever it was, the other rows go on
            tables = [
                _alone(job, cell, scenario, setup, int(starts[n]), failures)
                for n, cell, scenario in zip(numbers, cells, scenarios, strict=True)
            ]
        else:
            for n, cell, result in zip(numbers, cells, results, strict=True):
                failures += _coded(job, cell, result, int(starts[n]))
        arrays |= dict(zip(numbers, tables, strict=True))
    return to_bytes(_table(job, [arrays[n] for n in range(len(job.cells))], failures))


@cache
def _pack(folder: str) -> Pack:
    return load_pack(folder)


def _together(job: Job) -> Iterator[list[int]]:
    """Cells that share draws and parameters, and so the years before the plan."""
    levers = {k for k, name in enumerate(job.columns) if name not in _pack(job.pack).parameters}
    groups: dict[Any, list[int]] = {}
    for n, cell in enumerate(job.cells):
        fixed = tuple(v for k, v in enumerate(cell.setting) if k not in levers)
        key = (cell.first, cell.size, cell.draw, fixed)
        groups.setdefault(key, []).append(n)
    for numbers in groups.values():
        for k in range(0, len(numbers), MOST_VARIANTS):
            yield numbers[k : k + MOST_VARIANTS]


def _scenario(job: Job, cell: Cell, setup: Setup) -> ResolvedScenario:
    """Scenario of a cell: the point's changes, over the nested draw's parameters if there is one."""
    changes = {k: v for k, v in zip(job.columns, cell.setting, strict=True) if v is not None}
    base = cell.scenario
    if job.draws > 1:
        drawn = draw_parameters(replace(setup, first=cell.draw, replicates=1))
        fixed = {name: float(values[0]) for name, values in drawn.items()}
        base = replace(base, parameters={**fixed, **base.parameters})
    scenario, faults = adjust(base, changes, setup.pack)
    if faults:
        raise InputError([Problem(f"points[{cell.point}]", *faults[0][:1], 0, faults[0][1])])
    return scenario


def _measured(job: Job, results: Results) -> dict[str, Array]:
    """Measured columns of one run: shape (replicates,) each; NaN where a run failed."""
    years = results.setup.years
    year = years.index(results.setup.pack.plan_year)
    good = results.good
    start = 12 * (results.setup.pack.plan_year - results.setup.pack.base_year)
    arrays: dict[str, Array] = {}
    for name in job.measures:
        values = results.outcomes[name]
        arrays[name] = np.where(good, values[:, year], np.nan)
        if year + 1 < len(years):
            arrays[f"{name}_next"] = np.where(good, values[:, year + 1], np.nan)
        if name in ATTAINABLE and name in results.first:
            reached = results.first[name]
            months = np.where((reached >= 0) & good, reached - start + 1.0, np.nan)
            arrays[f"{name}_month"] = months
    arrays[SCALE] = np.where(good, results.summary[:, SUMMARY.index("scale")], np.nan)
    return arrays


def _alone(
    job: Job,
    cell: Cell,
    scenario: ResolvedScenario,
    setup: Setup,
    row: int,
    failures: list[Failure],
) -> dict[str, Array]:
    """Run one cell by halves until what goes wrong stands alone, and keep that with its traceback."""
    part = replace(setup, first=cell.first, replicates=cell.size)
    try:
        result = run(part, [Variant(scenario)], full=False, keep=job.measures, workers=1)[0]
        table = _measured(job, result)
    except Exception as error:  # noqa: BLE001 - recorded with its address
        if cell.size > 1:
            half = cell.size // 2
            early = cell._replace(size=half)
            late = cell._replace(first=cell.first + half, size=cell.size - half)
            one = _alone(job, early, scenario, setup, row, failures)
            two = _alone(job, late, scenario, setup, row + half, failures)
            return {name: np.concatenate([one[name], two[name]]) for name in one}
        address = (row, cell.point, cell.scenario.name, _draw(job, cell, 0), cell.first)
        kind = f"{type(error).__name__}: {error}"
        failures.append(Failure(*address, job.seed, kind, traceback.format_exc()))
        return {name: np.array([np.nan]) for name in measured_names(job.measures, setup)}
    failures += _coded(job, cell, result, row)
    return table


def measured_names(measures: Sequence[str], setup: Setup) -> list[str]:
    """Names of the measured columns, in their order."""
    pack = setup.pack
    later = setup.through >= 12 * (pack.plan_year + 1) + 11
    headline = city_targets(pack).keys() & ATTAINABLE.keys()
    result = []
    for name in measures:
        result += [name, f"{name}_next"] if later else [name]
        result += [f"{name}_month"] if name in headline else []
    return [*result, SCALE]


def _draw(job: Job, cell: Cell, k: int) -> int:
    """Number of the parameter draw of a replicate."""
    own = job.parameters != "central" and job.draws == 1
    return cell.first + k if own else cell.draw


def _coded(job: Job, cell: Cell, results: Results, row: int) -> list[Failure]:
    """Runs that the rules themselves stopped."""
    failures = []
    for k in np.flatnonzero(~results.good):
        code, month = (int(x) for x in results.failed[k])
        text = phrase(
            "run.stopped",
            code=code,
            number=code // CODES,
            place=place_of(code),
            month=month_label(month),
        )
        address = (row + int(k), cell.point, cell.scenario.name, _draw(job, cell, int(k)))
        failures.append(Failure(*address, cell.first + int(k), job.seed, text, ""))
    return failures


def _table(job: Job, tables: Sequence[dict[str, Array]], failures: Sequence[Failure]) -> pa.Table:
    """Rows of a part: the design's columns, scenario, draw, replicate, measures."""
    columns: dict[str, pa.Array] = {}
    for k, name in enumerate(job.columns):
        values = [v for cell in job.cells for v in [cell.setting[k]] * cell.size]
        columns[name] = pa.array(values, pa.string() if job.texts[k] else pa.float64())
    texts = [name for cell in job.cells for name in [cell.scenario.name] * cell.size]
    columns["scenario"] = pa.array(texts, pa.string())
    draws = [_draw(job, cell, k) for cell in job.cells for k in range(cell.size)]
    columns["draw"] = pa.array(draws, pa.int64())
    numbers = [cell.first + k for cell in job.cells for k in range(cell.size)]
    columns["replicate"] = pa.array(numbers, pa.int64())
    for name in tables[0]:
        label = f"{name}_outcome" if name in columns else name
        columns[label] = pa.array(np.concatenate([t[name] for t in tables]), pa.float64())
    result = [f._asdict() for f in sorted(failures)]
    text = json.dumps(result, ensure_ascii=False)
    return pa.table(columns).replace_schema_metadata({FAILURES: text.encode()})


#: Modules that a row depends on, besides those of the pack, which has its own hash.
_RESULTS = (
    *(
        "model/",
        "forecast/",
        "simulation/",
        "answers/designs.py",
        "answers/jobs.py",
        "answers/sweep.py",
        "units.py",
    ),
    *("pack/levers.py", "pack/parameters.py", "pack/posterior.py", "pack/scenario.py"),
)


@cache
def code_digest() -> str:
    """Hash of all code that decides a row."""
    here = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        name = path.relative_to(here).as_posix()
        if name.startswith(_RESULTS):
            digest.update(name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:20]
