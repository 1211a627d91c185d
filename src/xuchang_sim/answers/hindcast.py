"""Hindcast: forecasts of past plans from what was known then, written before their outcomes are read.

A case becomes a pack, the pack is run, and every published quantity that the model measures gets 19
quantiles and the chance of its target. The forecasts have a hash, so that they can be kept sealed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, TypedDict

import numpy as np

from xuchang_sim import __version__
from xuchang_sim.answer import Probability
from xuchang_sim.answers.borrow import SHARED, Borrowed, Line, borrow, line
from xuchang_sim.answers.predictive import LEVELS, SCOPE_SD, Forecast, Subject
from xuchang_sim.answers.rules import rules_digest
from xuchang_sim.files import write
from xuchang_sim.pack.casepack import Totals, case_pack, last_driver, totals
from xuchang_sim.pack.cases import QUANTITIES, Case, CaseRow, Refusal, quantity, read_cases
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.targets import city_targets
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from xuchang_sim.pack.plan import Target

    Floats = npt.NDArray[np.float64]

COLUMNS = (
    "case",
    "quantity",
    "unit",
    *(f"q{round(100 * p):02d}" for p in LEVELS),
    "p_target",
    "note",
)
#: Standard normal nodes of equal weight at which an assumed ratio is taken: the middles of fifths.
NODES = (-1.2816, -0.5244, 0.0, 0.5244, 1.2816)
#: Growth by total of the model: of a published level, and of growth on the same scope (fractions).
GROWTH_OF = {
    "revenue": ("revenue_growth", "revenue_real_growth"),
    "fai": ("fai_growth", "fai_growth"),
    "profit_tax": ("profit_tax_growth", "profit_tax_growth"),
    "workers": ("workers", "workers"),
}
NEAR = 0.005
MEASURES = frozenset(name for pair in GROWTH_OF.values() for name in pair)
#: Units of the file: name and how many of them one unit of the model is.
FILE_UNITS = {"亿元": ("1e8 CNY", 1.0), "人": ("persons", 1.0), "比例": ("%", 100.0)}


class Failure(NamedTuple):
    """A case that could be read but not run: the program's fault."""

    case: str
    message: str


class ForecastRecord(TypedDict):
    """Forecast of one quantity of a case, in ``unit``: quantiles by level.

    ``pooled_with`` names the simple forecast that makes up its other half; ``alone`` is the model's.
    """

    case: str
    quantity: str
    unit: str
    quantiles: dict[str, float]
    p_target: Probability | None
    target: float | None
    note: str
    pooled_with: str | None
    alone: dict[str, float]
    p_alone: Probability | None


class RefusedRecord(TypedDict):
    """A case that could not be run, and why."""

    case: str
    reason: str


class HindcastRecord(TypedDict):
    """Forecasts of past plans from what was known then."""

    forecasts: list[ForecastRecord]
    cases: list[str]
    refused: list[RefusedRecord]
    failed: list[Failure]
    left_out: dict[str, list[str]]
    sha256: str
    version: str
    rules: str
    replicates: int
    seed: int
    borrowed: list[Borrowed]
    scores: NotRequired[dict[str, Any]]
    seal: NotRequired[dict[str, Any]]


@dataclass(frozen=True)
class Hindcast:
    """Forecasts of all cases that could be run, and why the others could not.

    Parameters
    ----------
    forecasts : tuple of Forecast
    refused : tuple of Refusal
        Cases without enough, or with rows that came too late.
    failed : tuple of Failure
    left_out : mapping of str to tuple of str
        Quantities of each case that the model does not measure, with the reason.
    borrowed : tuple of Borrowed
        What each case took from the outcomes of others; empty if none were given.
    """

    forecasts: tuple[Forecast, ...]
    refused: tuple[Refusal, ...]
    failed: tuple[Failure, ...]
    left_out: Mapping[str, tuple[str, ...]]
    replicates: int
    seed: int
    borrowed: tuple[Borrowed, ...] = ()

    @property
    def cases(self) -> tuple[str, ...]:
        """Cases that were run, in order."""
        return tuple(dict.fromkeys(forecast.case for forecast in self.forecasts))

    def to_csv(self) -> str:
        """Return the forecasts as a table with :data:`COLUMNS`; the same bytes every time."""
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(COLUMNS)
        for f in self.forecasts:
            unit, factor = FILE_UNITS[f.unit]
            numbers = [f"{factor * q:.6g}" for q in f.quantiles]
            p = "" if f.p_target is None else f"{f.p_target:.4f}"
            scaled = f.parts and f.parts.in_unit(factor)
            note = "; ".join(filter(None, (scaled.note() if scaled else "", f.note)))
            out.writerow([f.case, f.quantity, unit, *numbers, p, note])
        return text.getvalue()

    @property
    def sha256(self) -> str:
        """Hash of :meth:`to_csv`, UTF-8, hexadecimal."""
        return hashlib.sha256(self.to_csv().encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write the forecasts, and beside them their hash in the form of ``sha256sum``.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        write(path, self.to_csv())
        write(path.with_name(f"{path.name}.sha256"), f"{self.sha256}  {path.name}\n")

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        rows = []
        for f in self.forecasts:
            unit, factor = FILE_UNITS[f.unit]
            rows.append(
                {
                    "case": f.case,
                    "quantity": f.quantity,
                    "unit": unit,
                    "quantiles": {
                        f"{p:g}": factor * q for p, q in zip(LEVELS, f.quantiles, strict=True)
                    },
                    "p_target": f.p_target,
                    "target": None if f.target is None else factor * f.target,
                    "note": f.note,
                    "pooled_with": f.parts.name if f.parts else None,
                    "alone": {f"{p:g}": factor * q for p, q in zip(LEVELS, f.alone, strict=True)},
                    "p_alone": f.p_alone,
                }
            )
        return {
            "forecasts": rows,
            "cases": list(self.cases),
            "refused": [{"case": r.case, "reason": str(r)} for r in self.refused],
            "failed": [f._asdict() for f in self.failed],
            "left_out": {case: list(why) for case, why in self.left_out.items()},
            "sha256": self.sha256,
            "version": __version__,
            "rules": rules_digest(),
            "replicates": self.replicates,
            "seed": self.seed,
            "borrowed": [
                one._asdict() | {"learned": [x._asdict() for x in one.learned]}
                for one in self.borrowed
            ],
        }


def hindcast(
    path: str | Path,
    *,
    replicates: int = 1000,
    seed: int = 2012,
    outcomes: Sequence[CaseRow] = (),
    pool: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Hindcast:
    """Forecast all cases of a table, of a folder of tables, or of a folder of packs.

    Parameters
    ----------
    path : str or Path
        Table of cases (:mod:`xuchang_sim.pack.cases`), folder of such tables, or folder whose
        folders are packs.
    replicates : int
        Futures of each case.
    seed : int
        Seed of every draw.
    outcomes : sequence of CaseRow
        Outcomes of cases, from which cases of other places and of later dates learn
        (:mod:`xuchang_sim.answers.borrow`). Without them every case stands alone.
    pool : bool
        Whether growth and levels of output and investment are forecast half by the model and half by the
        simple forecast that had been best by then. In equal parts: what is known of either is too
        little to estimate weights, and a pool is never worse than the mean of its parts (Stone 1961;
        Clemen 1989). Otherwise the model alone.
    progress : callable, optional
        Called with (cases done, cases in all).

    Returns
    -------
    Hindcast

    Raises
    ------
    InputError
        If there is nothing to read at that path.
    """
    place = Path(path)
    refused: list[Refusal] = []
    jobs: list[tuple[str, Callable[[], Any]]] = []
    packs = sorted(x.parent for x in place.glob("*/pack.yaml")) if place.is_dir() else []
    packs += sorted(x.parent for x in place.glob("*/pack.xlsx")) if place.is_dir() else []
    if place.is_dir() and (place / "pack.yaml").is_file():
        packs = [place]
    if packs:
        jobs += [(x.name, partial(_of_folder, x, replicates, seed, pool)) for x in packs]
    if not packs or sorted(place.glob("*.csv")):
        cases, refused = read_cases(place)
        jobs += [(case.id, partial(_run_case, case, replicates, seed)) for case in cases]
    result: list[Forecast] = []
    failed: list[Failure] = []
    left_out: dict[str, tuple[str, ...]] = {}
    runs: dict[str, _Run] = {}

    def attempt(name: str, job: Callable[[], Any]) -> Any:
        try:
            return job()
        except InputError as error:
            refused.append(Refusal(name, error.problems[0]))
        except Exception as error:  # noqa: BLE001 - one bad case never stops the others
            failed.append(Failure(name, f"{type(error).__name__}: {error}"))
        return None

    for number, (name, job) in enumerate(jobs):
        if progress:
            progress(number, len(jobs))
        done = attempt(name, job)
        if isinstance(done, _Run):
            runs[name] = done
        elif done is not None:
            forecasts, without = done
            result += forecasts
            left_out |= {name: tuple(without)} if without else {}
    lines = [x for done in runs.values() for x in done.lines(outcomes)]
    borrowed = []
    for name, done in runs.items():
        if (said := attempt(name, partial(_of_case, done, lines, pool))) is not None:
            result += said[0]
            left_out |= {name: tuple(said[1])} if said[1] else {}
            borrowed += [said[2]] if outcomes else []
    if progress:
        progress(len(jobs), len(jobs))
    return Hindcast(
        tuple(result),
        tuple(refused),
        tuple(failed),
        left_out,
        replicates,
        seed,
        tuple(borrowed),
    )


class _Sample(NamedTuple):
    """Growth by measure of the model over the futures of all nodes, with their weights."""

    growth: dict[str, Floats]
    shared: dict[str, Floats]  # parameters that all cases share
    fai: Floats  # base investment of each future, 亿元
    weights: Floats
    lost: int


def _sample(packs: Sequence[tuple[Pack, float]], replicates: int, seed: int) -> _Sample:
    """Run readings of one case; ``packs`` are (pack, its base investment), of equal weight."""
    each = math.ceil(replicates / len(packs))
    growth: dict[str, list[Floats]] = {name: [] for name in MEASURES}
    shared: dict[str, list[Floats]] = {name: [] for name in SHARED}
    fai, weights, lost = [], [], 0
    for number, (pack, base_fai) in enumerate(packs):
        last = f"{pack.plan_year}-12"
        setup = replace(prepare(pack, each, seed, last), first=number * each)
        result = run(setup, [Variant(load_scenario("plan", pack))], full=False, keep=MEASURES)[0]
        count = int(result.good.sum())
        lost += each - count
        if not count:
            continue
        for name in MEASURES:
            value = result.outcome(name)
            if name == "workers":
                value = value / pack.base.workers.value - 1.0
            growth[name].append(value)
        for name in SHARED:
            shared[name].append(result.parameters[name][result.good])
        fai.append(np.full(count, base_fai))
        weights.append(np.full(count, 1.0 / count))
    if not weights:
        text = phrase("ask.no_future")
        raise InputError([Problem(str(packs[0][0].folder), packs[0][0].name, 0, text)])
    whole = np.concatenate(weights)
    return _Sample(
        {name: np.concatenate(parts) for name, parts in growth.items()},
        {name: np.concatenate(parts) for name, parts in shared.items()},
        np.concatenate(fai),
        whole / whole.sum(),
        lost,
    )


class _Run(NamedTuple):
    """A case, its totals, its futures, and its predictive distributions."""

    case: Case
    base: Totals
    sample: _Sample
    notes: tuple[str, ...]

    def lines(self, outcomes: Sequence[CaseRow]) -> list[Line]:
        """Likelihood of the shared parameters, from the outcomes of this case."""
        result, case = [], self.case
        for row in outcomes:
            known = quantity(row.quantity)
            if row.case != case.id or not known.measure or row.bound or unscorable(row):
                continue
            level, rate = GROWTH_OF[known.measure]
            base = case.base.get(row.quantity)
            if not row.is_growth and base is None:
                continue
            growth = row.value if base is None or row.is_growth else row.value / base.value - 1.0
            answer = (case.id, case.place, case.year, row.quantity, row.published, growth)
            values = self.sample.growth[rate if row.is_growth else level]
            fitted = line(answer, values, self.sample.shared, self.sample.weights, SCOPE_SD)
            result += [fitted] if fitted else []
        return result


def unscorable(row: CaseRow) -> bool:
    """Whether an outcome is arithmetic on the plan, not an observation: its note says so."""
    return "never score" in row.note


def _run_case(case: Case, replicates: int, seed: int) -> _Run:
    """Run a case: every reading of its assumed totals."""
    base = totals(case)
    nodes = NODES if base.spread else (0.0,)
    made = [case_pack(case, z) for z in nodes]
    sample = _sample([(x.pack, x.fai) for x in made], replicates, seed)
    middle = made[len(made) // 2]
    notes = [f"drivers known to {last_driver(case)}"]
    if case.base_of("revenue") is None and case.base_of("fai") is None:
        notes.append("no base level: run at the size of the example, growth only")
    if base.assumed:
        notes.append(f"assumed from ratios: {' '.join(base.assumed)}")
    if abs(middle.multiple - 1.0) > NEAR:
        notes.append(f"run as {middle.multiple:.3g} of the region")
    if middle.infrastructure > NEAR:
        notes.append(f"{middle.infrastructure:.0%} of the investment taken as infrastructure")
    if sample.lost:
        share = sample.lost / (len(sample.weights) + sample.lost)
        notes.append(f"{share:.0%} of the futures left out: no pipeline fits the base year")
    return _Run(case, base, sample, tuple(notes))


def _of_case(
    done: _Run, lines: Sequence[Line], pool: bool
) -> tuple[list[Forecast], list[str], Borrowed]:
    """Forecast what a case gives a base or a target of, and growth of revenue and investment."""
    case, base, sample = done.case, done.base, done.sample
    key = (case.id, case.place, case.information_date)
    weights, borrowed = borrow(key, sample.shared, sample.weights, lines)
    notes = list(done.notes)
    if borrowed.used:
        said = f"weighed by {len(borrowed.used)} outcomes of other cases"
        notes.append(f"{said}: {borrowed.effective:.0%} of the futures count")
    note = "; ".join(notes)
    answer = dict.fromkeys(name.removesuffix("_growth") for name in (*case.base, *case.target))
    stems = [name for name in QUANTITIES if name in answer and quantity(name).measure]
    stems += [name for name in ("revenue", "fai") if name not in stems]
    without = [f"{name}: {quantity(name).reason}" for name in answer if not quantity(name).measure]
    without += case.left_out
    result = []
    for stem in stems:
        known, last = quantity(stem), case.last_growth(stem)
        level, growth = (sample.growth[name] for name in GROWTH_OF[known.measure])
        row, aim, rate = (
            rows.get(name)
            for rows, name in (
                (case.base, stem),
                (case.target, stem),
                (case.target, f"{stem}_growth"),
            )
        )
        if row is not None or (aim is not None and known.measure == "fai"):
            assumed = "" if row is not None else "; level on an assumed base"
            centre = row.value if row is not None else base.fai
            start = np.full(len(level), centre) if row is not None else sample.fai
            subject = Subject(
                case, stem, known.measure, known.unit, centre, last, note + assumed, pool
            )
            result.append(subject.forecast(level, start, weights, _value(aim)))
        subject = Subject(case, f"{stem}_growth", known.measure, "比例", 1.0, last, note, pool)
        result.append(subject.forecast(growth, None, weights, _value(rate)))
    return result, without, borrowed


def _of_folder(
    folder: Path, replicates: int, seed: int, pool: bool
) -> tuple[list[Forecast], list[str]]:
    """Forecast the totals of somebody's own pack, and their growth, under its own plan."""
    pack = load_pack(folder)
    sample = _sample([(pack, pack.base.fai.value)], replicates, seed)
    goals = city_targets(pack)
    case = Case(
        pack.name,
        pack.title_en,
        "pack",
        pack.plan_year,
        pack.information_date,
        {},
        {},
        str(pack.folder),
        0,
    )
    result = []
    for name, (level, growth) in GROWTH_OF.items():
        base: float = getattr(pack.base, name).value
        start = np.full(len(sample.weights), base)
        aim, rate = goals.get(name), goals.get(f"{name}_growth")
        subject = Subject(case, name, name, quantity(name).unit, base, None, "", pool)
        result.append(subject.forecast(sample.growth[level], start, sample.weights, _value(aim)))
        subject = Subject(case, f"{name}_growth", name, "比例", 1.0, None, "", pool)
        result.append(subject.forecast(sample.growth[growth], None, sample.weights, _value(rate)))
    without = [
        f"{target.id}: a measure of this pack only"
        for target in pack.plan.targets()
        if target.measure.removesuffix("_growth") not in GROWTH_OF
    ]
    return result, without


def _value(row: CaseRow | Target | None) -> float | None:
    return None if row is None else row.value
