"""Packs from cases: dates, totals and targets of the case, everything else shared.

Levers, structural parameters, zones and sectors are those of the shipped example, resized and never
fitted to a case. National series are cut at the case's information date by their release rule.
"""

from __future__ import annotations

import csv
import hashlib
import math
import statistics
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from xuchang_sim.pack.cases import Case, quantity
from xuchang_sim.pack.cited import read_table
from xuchang_sim.pack.history import Record, Series
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.pack import BaseValue, BaseYear, Pack
from xuchang_sim.pack.plan import Plan, Row, TargetEntry
from xuchang_sim.pack.starter import slug
from xuchang_sim.text import phrase
from xuchang_sim.units import month_index, month_label
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xuchang_sim.pack.levers import Lever
    from xuchang_sim.pack.parameters import Parameter

__all__ = ["Totals", "case_pack", "known_drivers", "shared_pack", "totals"]

DATA: Final = Path(__file__).parent / "data"
#: National months, in order: to March 2012, and from January 2016 (nothing is at hand between).
NATIONAL: Final = (
    DATA / "xuchang_2623" / "history" / "china_monthly.csv",
    DATA / "national" / "china_monthly_2016_2026.csv",
)
RATIOS: Final = DATA / "national" / "ratios.csv"
LEAST_MONTHS: Final = 48
#: Series whose sum is national nominal growth.
NOMINAL: Final = ("industrial_value_added_yoy", "ppi_yoy")
#: Years whose investment to date does not compare with the year before: in 2011 the threshold rose;
#: after 2017 the levels do not reproduce the growth that was published.
BREAKS: Final = (2011, *range(2018, 2100))
#: Base investment between which the pipeline of projects of 1亿元 and more describes a region.
#: A smaller one is run as a part of a larger one of its kind, a larger one as several.
SMALLEST_FAI, LARGEST_FAI = 40.0, 500.0
#: Most investment over revenue that goes to capacity: what is above it is infrastructure, which buys no
#: output and grows like the rest. Twice the nation's total investment over industrial revenue (0.36
#: in 2011); the warm-up of a region with more would sell more than its base year.
MOST_FAI_TO_REVENUE: Final = 0.6
LEAST_SPREAD: Final = 0.25  # log sd of a ratio known from few figures
#: Parameters and levers whose numbers go with the size of the region, by the total they go with.
SIZES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("firms_count",), "revenue"),
    **dict.fromkeys(
        (
            "fai_base", "starts_ordinary", "starts_large", "platform_opening_equity",
            "platform_opening_debt", "infrastructure_cost", "infrastructure_spend_cap",
        ),
        "fai",
    ),
    **dict.fromkeys(("opening_seekers", "transferable_pool", "reachable_pool"), "workers"),
}  # fmt: skip
LEVER_SIZES: Final[Mapping[str, str]] = {"labour": "workers"}  # by axis; others go with investment


class Totals(NamedTuple):
    """Totals of the base year: 亿元, persons; which of them are assumed, and how unsure they are.

    ``spread`` is the log standard deviation of investment over revenue that comes from assuming.
    """

    revenue: float
    fai: float
    profit_tax: float
    workers: float
    assumed: tuple[str, ...]
    spread: float

    def moved(self, z: float) -> Totals:
        """Return the totals with the assumed one of investment and revenue moved by z sd."""
        if "fai" in self.assumed:
            return self._replace(fai=self.fai * math.exp(z * self.spread))
        return self._replace(revenue=self.revenue * math.exp(-z * self.spread))


@lru_cache(maxsize=1)
def shared_pack() -> Pack:
    """Return the pack whose levers, parameters, zones and sectors the cases share: the example."""
    return load_pack(shipped()[-1])


class Ratio(NamedTuple):
    """A ratio of totals: geometric mean of the published figures and log standard deviation."""

    centre: float
    spread: float


@lru_cache(maxsize=256)
def ratio(name: str, known: date) -> Ratio:
    """Ratio of a total to revenue, from the figures published by a day."""
    with RATIOS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["ratio"] == name]
    result = [r for r in rows if date.fromisoformat(r["published"]) <= known]
    logs = [math.log(float(r["value"])) for r in result]
    spread = statistics.stdev(logs) if len(logs) > 2 else 2.0 * LEAST_SPREAD
    return Ratio(math.exp(math.fsum(logs) / len(logs)), max(spread, LEAST_SPREAD))


#: Ratio to revenue of the quantities from which revenue can be had.
_TO_REVENUE: Final = {
    "output": "output_to_revenue",
    "industrial_output": "output_to_revenue",
    "iva": "value_added_to_revenue",
    "industrial_value_added": "value_added_to_revenue",
    "value_added": "value_added_to_revenue",
}


def totals(case: Case) -> Totals:
    """Totals of a case's base year; those that no row gives are assumed from published ratios.

    Where no row tells the size, it is the example's: growth hardly hangs on it.
    """
    day, assumed, variance = case.information_date, [], 0.0
    row, invested = case.base_of("revenue"), case.base_of("fai")
    if row is None:
        assumed.append("revenue")
        revenue: float = shared_pack().base.revenue.value
        if invested is not None:
            result = ratio("fai_to_revenue", day)
            revenue = invested.value / result.centre
            variance += result.spread**2
    else:
        revenue = row.value
    if row is not None and row.quantity in _TO_REVENUE:
        result = ratio(_TO_REVENUE[row.quantity], day)
        revenue /= result.centre
        if not row.quantity.endswith("output"):  # in a region of its own an output is its revenue
            assumed.append("revenue")
            variance += result.spread**2
    given = {"fai": invested, "workers": case.base_of("workers")}
    given["profit_tax"] = case.base.get("profit_tax")  # neither part of it is the sum
    values = {}
    for name, entry in given.items():
        if entry is not None:
            values[name] = entry.value
            continue
        result = ratio(f"{name}_to_revenue", day)
        values[name] = result.centre * revenue
        assumed.append(name)
        if name == "fai":
            variance += result.spread**2
    return Totals(
        revenue,
        values["fai"],
        values["profit_tax"],
        values["workers"],
        tuple(assumed),
        math.sqrt(variance),
    )


def _problem(case: Case, message: str) -> Problem:
    return Problem(case.file, case.id, case.line, message)


@lru_cache(maxsize=1)
def _national() -> tuple[tuple[Record, ...], ...]:
    """National tables, each without a gap of years inside.

    Raises
    ------
    InputError
        If the package is damaged.
    """
    problems: list[Problem] = []
    tables = tuple(read_table(path, problems) for path in NATIONAL)
    if problems:
        raise InputError(problems)
    return tables


@lru_cache(maxsize=64)
def known_drivers(day: date) -> Mapping[str, Series]:
    """National series as published by a day: the latest stretch without a gap.

    Parameters
    ----------
    day : date
        Information date. A figure that came out later, by the release rule of its series, is
        neither read nor used.

    Returns
    -------
    mapping of str to Series
        The drivers' series by id; empty if none had begun.
    """
    entries = {
        name: series.entry.model_copy(update={"breaks": BREAKS if name == "fai_ytd" else ()})
        for name, series in shared_pack().history.items()
    }
    for table in reversed(_national()):
        result = {}
        for name, entry in entries.items():
            whole = sorted(x for x in table if x.series == entry.series)
            rule = Series(entry, ())
            records = tuple(x for x in whole if rule.released(x.period) <= day)
            result[name] = Series(entry, records)
        if all(len(series) for series in result.values()):
            return result
    return {}


def _months(series: Series) -> int:
    """Months that a series spans up to its last one, January gaps included."""
    periods = [record.period for record in series.records]
    return month_index(periods[-1]) - month_index(periods[0]) + 1 if periods else 0


def drivers_fault(case: Case) -> str:
    """Say why the national series known on a case's date do not suffice; nothing if they do."""
    return _drivers_fault(case.information_date, case.year)


def _drivers_fault(day: date, year: int) -> str:
    result = known_drivers(day)
    needed = [result[name] for name in NOMINAL if name in result]
    if len(needed) < len(NOMINAL):
        return phrase("casepack.no_drivers", day=day)
    start = max(month_index(series.records[0].period) for series in needed)
    start = -(-(start - 1) // 12) * 12  # the first January, which value added leaves out
    last = min(month_index(series.records[-1].period) for series in needed)
    have = last - start + 1
    if have < LEAST_MONTHS:
        return phrase(
            "casepack.few_months",
            have=max(have, 0),
            month_label=month_label(start),
            month_label2=month_label(last),
            day=day,
            least_months=LEAST_MONTHS,
        )
    if last < 12 * (year - 1):
        return phrase("casepack.ends", day=day, month_label=month_label(last), year=year - 1)
    if 12 * (year - 3) < start + 12:
        return phrase("casepack.begins", month_label=month_label(start), year=year, year2=year - 4)
    return ""


def national_year(year: int) -> float | None:
    """National nominal growth of a year as realised: mean of value added + producer prices.

    Returns
    -------
    float or None
        A fraction; None if the year is not complete in any national table. January, which value
        added leaves out, is not counted.
    """
    for table in _national():
        means = []
        for name in NOMINAL:
            rows = [x for x in table if x.series == name and x.period.startswith(f"{year}-")]
            if len(rows) < 11:
                break
            means.append(math.fsum(x.value for x in rows) / len(rows) / 100.0)
        if len(means) == len(NOMINAL):
            return math.fsum(means)
    return None


def era_pack(day: date, year: int, like: Pack | None = None) -> Pack:
    """One city in another era: totals, levers and shares stay, dates and the nation change.

    Parameters
    ----------
    day : date
        Information date.
    year : int
        Year of the plan.
    like : Pack, optional
        The city; by default the shared one.

    Returns
    -------
    Pack

    Raises
    ------
    InputError
        If too few months of the national series were known.
    """
    pack = shared_pack() if like is None else like
    if message := _drivers_fault(day, year):
        raise InputError([Problem("", f"{pack.name} {year}", 0, message)])
    history = known_drivers(day)
    moved = year - pack.plan_year
    text = f"{pack.sha256} {day} {year}"
    return replace(
        pack,
        name=f"{pack.name}_in_{year}",
        information_date=day,
        base_year=pack.base_year + moved,
        plan_year=year,
        policy_month=max(12 * year, 12 * day.year + day.month),
        default_through=12 * year + 11,
        last_month=12 * (year + 3) + 11,
        pipeline_start=12 * (year - 7) + 8,
        firms_start=12 * (year - 3),
        calendar=pack.calendar.model_copy(update={"fai_season": _season(pack, history)}),
        parameters=_of_the_time(pack.parameters, history),
        history={**{k: v for k, v in pack.history.items() if k not in history}, **history},
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def last_driver(case: Case) -> str:
    """Last month, ``YYYY-MM``, for which value added and producer prices are known."""
    result = known_drivers(case.information_date)
    return min(result[n].records[-1].period for n in NOMINAL)


@dataclass(frozen=True)
class Resized:
    """A pack for one reading of a case's totals.

    Parameters
    ----------
    multiple : float
        How often the region that is run holds the case's own.
    fai : float
        Base investment of the case, 亿元.
    infrastructure : float
        Share of it that is taken as infrastructure, a fraction.
    """

    pack: Pack
    multiple: float
    fai: float
    infrastructure: float


def case_pack(case: Case, z: float = 0.0, *, resize: bool = True) -> Resized:
    """Make a pack from a case.

    Parameters
    ----------
    case : Case
        Dates, base totals, targets.
    z : float
        By how many standard deviations the assumed ratio of investment to revenue is moved.
    resize : bool
        Run a region too small or too large for the pipeline of projects as a part of a larger one,
        or as several, and no more investment than :data:`MOST_FAI_TO_REVENUE`.

    Returns
    -------
    Resized

    Raises
    ------
    InputError
        If something that a run needs is not in the case's rows.
    """
    if message := drivers_fault(case):
        raise InputError([_problem(case, message)])
    shared, base = shared_pack(), totals(case).moved(z)
    multiple, fai = 1.0, base.fai
    if resize:
        base = base._replace(fai=min(base.fai, MOST_FAI_TO_REVENUE * base.revenue))
        multiple = min(max(base.fai, SMALLEST_FAI), LARGEST_FAI) / base.fai
    size = {
        name: getattr(base, name) * multiple / getattr(shared.base, name).value
        for name in ("revenue", "fai", "profit_tax", "workers")
    }
    values: dict[str, Any] = {name: _base_value(case, base, name, multiple) for name in size}
    held = BaseYear.model_construct(None, **values)
    plan_year, known = case.year, case.information_date
    policy = max(12 * plan_year, 12 * known.year + known.month)
    history = known_drivers(known)
    parameters = {n: _parameter(p, size) for n, p in shared.parameters.items()}
    levers = {n: _lever(lever, size) for n, lever in shared.levers.items()}
    pack = replace(
        shared,
        name=_name(case),
        title_zh=f"{case.place}{plan_year}年计划",
        title_en=f"{case.place}, plan of {plan_year}",
        document=_document(case),
        document_number=case.id,
        document_url="",
        information_date=known,
        base_year=plan_year - 1,
        plan_year=plan_year,
        policy_month=policy,
        default_through=12 * plan_year + 11,
        last_month=12 * (plan_year + 3) + 11,
        pipeline_start=12 * (plan_year - 7) + 8,
        firms_start=12 * (plan_year - 3),
        base=held,
        calendar=shared.calendar.model_copy(update={"fai_season": _season(shared, history)}),
        plan=_plan(case),
        parameters=_of_the_time(parameters, history),
        levers=levers,
        history=history,
        evidence={},
        sha256=_digest(case, shared, z, multiple),
    )
    return Resized(pack, multiple, fai, 1.0 - base.fai / fai)


def _digest(case: Case, shared: Pack, z: float, multiple: float) -> str:
    """Hash that tells packs of cases apart: what they are made from."""
    rows = [
        (row.quantity, row.kind, row.value, row.unit, str(row.published))
        for row in (*case.base.values(), *case.target.values())
    ]
    known = [
        [tuple(r)[:5] for r in series.records]
        for series in known_drivers(case.information_date).values()
    ]
    parts = (
        case.id,
        case.year,
        str(case.information_date),
        rows,
        known,
        shared.sha256,
        z,
        multiple,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _name(case: Case) -> str:
    return slug(case.id)


def _base_value(case: Case, base: Totals, name: str, multiple: float) -> BaseValue:
    """One total of the base year, exactly, with where it comes from."""
    row = case.base.get(name) if name == "profit_tax" else case.base_of(name)
    sure = row is not None and name not in base.assumed
    return BaseValue.model_construct(
        exact=Fraction(str(round(getattr(base, name) * multiple, 9))),
        source=row.source if sure and row is not None and row.source else "ratios.csv",
        mark="R" if sure else "J",
        unit="人" if name == "workers" else "亿元",
        alternative=None,
    )


def _of_the_time(
    parameters: Mapping[str, Parameter], history: Mapping[str, Series]
) -> dict[str, Parameter]:
    """Centre the growth of bank limits on the money's growth over a year as last known; its width stays."""
    credit, known = parameters["credit_growth"], history["m2_yoy"].records
    if not known or credit.range is None:
        return dict(parameters)
    centre = round(known[-1].value / 100.0, 6)
    low, high = (round(end - credit.default + centre, 6) for end in credit.range)
    return {**parameters, "credit_growth": replace(credit, default=centre, range=(low, high))}


def _season(shared: Pack, history: Mapping[str, Series]) -> Any:
    """Complete years of the investment series from which its season is taken: at most four."""
    years = [
        int(year)
        for year, group in groupby(history["fai_ytd"].records, key=lambda r: r.period[:4])
        if [r.period[5:] for r in group][-1] == "12"
    ]
    return shared.calendar.fai_season.model_copy(update={"years": (years[-4:][0], years[-1])})


def _parameter(parameter: Parameter, size: Mapping[str, float]) -> Parameter:
    """Return a parameter, resized if it goes with the size of the region."""
    total = SIZES.get(parameter.id)
    if total is None:
        return parameter
    numbers = [parameter.default, *(parameter.range or ())]
    moved = [size[total] * x for x in numbers]
    if parameter.unit == "家":  # a count; at least a handful, and room around it
        moved = [float(max(round(x), least)) for x, least in zip(moved, (12, 8, 16), strict=False)]
    update: dict[str, Any] = {"default": moved[0]}
    if parameter.range:
        update["range"] = tuple(moved[1:])
    return replace(parameter, **update)


def _lever(lever: Lever, size: Mapping[str, float]) -> Lever:
    """Return a lever, resized if it is a total or an amount of money; it quotes no row."""
    update: dict[str, Any] = {"rows": ()}
    if lever.kind == "annual_total" or "亿元" in lever.unit:
        k = size[LEVER_SIZES.get(lever.axis, "fai")]
        update |= {name: k * getattr(lever, name) for name in ("absent", "low", "plan", "high")}
        update |= {"range": tuple(k * x for x in lever.range), "stated": True}
    return replace(lever, **update)


def _document(case: Case) -> str:
    """Rows of the targets as text: what a pack quotes."""
    head = f"{case.place} {case.year} ({case.id})"
    lines = [_quote(row) for row in case.target.values()]
    return "\n".join([head, *lines, ""])


def _quote(row: Any) -> str:
    value = 100.0 * row.value if row.is_growth else row.value
    return f"{row.quantity}: {value:g} {'%' if row.is_growth else row.unit}"


def _plan(case: Case) -> Plan:
    """Targets of a case that the model measures, one row each; the others said to be out of scope."""
    rows = []
    for number, row in enumerate(case.target.values(), 1):
        known = quantity(row.quantity)
        targets: Sequence[TargetEntry] = ()
        if known.measure and row.quantity in {known.measure, f"{known.measure}_growth"}:
            targets = (
                TargetEntry.model_construct(
                    id=row.quantity,
                    measure_entry=None,
                    value=row.value,
                    unit="比例" if row.is_growth else known.unit,
                    direction="at_least",
                    label_zh=row.quantity,
                    label_en=row.quantity,
                    basis="model",
                    headline=True,
                    threshold=None,
                    stated=f"{row.value!r} {'比例' if row.is_growth else known.unit}",
                ),
            )
        reason = "" if targets else known.reason or f"counted as {known.measure}, of another scope"
        rows.append(
            Row.model_construct(
                row=number,
                id=row.quantity,
                paragraph="1",
                quote=_quote(row),
                label_zh=row.quantity,
                label_en=row.quantity,
                value=100.0 * row.value if row.is_growth else row.value,
                unit="%" if row.is_growth else row.unit,
                deadline=date(case.year, 12, 31),
                type=("target",),
                use=("output",) if targets else ("out_of_scope",),
                how="target of the case" if targets else "not measured",
                reason=reason,
                levers=(),
                target_entries=tuple(targets),
            )
        )
    return Plan.model_construct(rows=tuple(rows))
