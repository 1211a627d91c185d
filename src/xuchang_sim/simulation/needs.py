"""Requirements of every run on its pack, checked before it starts: a line a fault, with its place.

Each check asks the function that the run itself will call, or states the rule that it will break.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xuchang_sim.forecast.calendar import fai_season
from xuchang_sim.forecast.drivers import lacking as lacking_series
from xuchang_sim.model.world import Sizes
from xuchang_sim.simulation.targets import complaint
from xuchang_sim.text import phrase
from xuchang_sim.units import month_label
from xuchang_sim.yamlfile import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xuchang_sim.pack.load import Pack

#: Laws of a project's size: truncated Pareto laws with these parameters.
SIZE_LAWS = ("size_ordinary", "size_large")
#: Starts a year that the investment of the base year must allow at central values: the warm-up
#: draws pipelines until one gives that investment, and below one start a year most years have none.
LEAST_STARTS = 1.0
#: Months of the drivers' paths before the first month of the firms.
LEAD = 12


def faults(
    pack: Pack, last: int, key: str = "", fixed: Mapping[str, float] | None = None
) -> list[Problem]:
    """Return everything for which no run of this pack could start.

    Parameters
    ----------
    pack : Pack
    last : int
        Last month of the run, 12 * year + month - 1.
    key : str
        Where the last month comes from: a key of ``pack.yaml``, or empty if it was asked for.
    fixed : mapping of str to float, optional
        Parameters that a scenario fixes.

    Returns
    -------
    list of Problem
        Empty if nothing is wrong.
    """
    return [
        *months(pack, last, key),
        *spans(pack, last, key),
        *targets(pack),
        *totals(pack),
        *parameters(pack, fixed or {}),
        *season(pack),
        *series(pack),
    ]


def months(pack: Pack, last: int, key: str = "") -> Iterator[Problem]:
    """Last months that the plan or the pack does not allow, and firms that begin too late."""
    if last < 12 * pack.plan_year + 11:
        first = month_label(12 * pack.plan_year + 11)
        yield _month(pack, key, phrase("run.before_end", month=month_label(last), first=first))
    elif last > pack.last_month:
        text = phrase(
            "run.after_last",
            month_label=month_label(last),
            month_label2=month_label(pack.last_month),
        )
        yield _month(pack, key, text)
    if pack.firms_start > 12 * pack.base_year:
        text = phrase(
            "run.firms_start",
            month=month_label(pack.firms_start),
            latest=month_label(12 * pack.base_year),
        )
        yield pack.problem("pack.yaml", ["firms_start"], text)


def spans(pack: Pack, last: int, key: str = "") -> Iterator[Problem]:
    """Runs that are longer than the model's record."""
    room = Sizes()
    for start, most, before in (
        ("pipeline_start", room.span, 0),
        ("firms_start", room.months, LEAD),
    ):
        first = getattr(pack, start) - before
        if last - first + 1 > most:
            here, there = month_label(first + most - 1), month_label(last - most + 1 + before)
            text = phrase(
                "run.long",
                month=month_label(last),
                months=last - first + 1 - before,
                start=start,
                begins=month_label(getattr(pack, start)),
                most=most - before,
                here=here,
                there=there,
            )
            yield _month(pack, key, text)


def _month(pack: Pack, key: str, message: str) -> Problem:
    return (
        pack.problem("pack.yaml", [key], message) if key else Problem("--through", "", 0, message)
    )


def targets(pack: Pack) -> Iterator[Problem]:
    """Targets of a measure that does not exist, or in another unit than it has."""
    for target in pack.plan.targets():
        key, message = complaint(target)
        if message:
            yield pack.target_problem(target, key, message)


def totals(pack: Pack) -> Iterator[Problem]:
    """Totals of the base year that no year can have, or that are less than a single project."""
    for name in ("revenue", "fai", "workers"):
        total = getattr(pack.base, name)
        if not total.value > 0:
            message = phrase("run.total", value=total.value, unit=total.unit)
            yield pack.problem("pack.yaml", ["base", name], message)
    if pack.base.profit_tax.value < 0:
        message = phrase("run.profit", value=pack.base.profit_tax.value)
        yield pack.problem("pack.yaml", ["base", "profit_tax"], message)
    if pack.base.fai.value <= 0 or any(parameters(pack, {})):
        return
    starts = starts_a_year(pack)
    if starts < LEAST_STARTS:
        least = pack.base.fai.value * LEAST_STARTS / starts
        message = phrase(
            "run.pipeline",
            value=pack.base.fai.value,
            unit=pack.base.fai.unit,
            starts=starts,
            least=least,
        )
        yield pack.problem("pack.yaml", ["base", "fai"], message)


def parameters(pack: Pack, fixed: Mapping[str, float]) -> Iterator[Problem]:
    """Parameters that do not fit together somewhere in their ranges.

    A law of sizes needs 0 < min < max and an exponent other than 1, over whole ranges, as every
    draw must be one that the model can use.
    """

    def ends(name: str) -> tuple[float, float]:
        if name in fixed:
            return fixed[name], fixed[name]
        return pack.parameters[name].low, pack.parameters[name].high

    def fault(name: str, message: str) -> Problem:
        return pack.problem("parameters.yaml", ["parameters", name, "range"], message)

    for law in SIZE_LAWS:
        low, high, alpha = (ends(f"{law}_{part}") for part in ("min", "max", "alpha"))
        if low[0] <= 0:
            yield fault(f"{law}_min", phrase("run.goes_down", low=low[0]))
        if low[1] >= high[0]:
            message = phrase("run.reaches", low=low[1], law=law, high=high[0])
            yield fault(f"{law}_min", phrase("run.below", message=message))
        if alpha[0] <= 1.0 <= alpha[1]:
            message = phrase("run.holds_1", alpha=alpha[0], alpha2=alpha[1])
            yield fault(f"{law}_alpha", phrase("run.not_1", message=message))
        if alpha[0] <= 0:
            yield fault(f"{law}_alpha", phrase("run.alpha", alpha=alpha[0]))
    positive = ("invest_realised", "large_share_fai")
    for name in positive:
        if ends(name)[0] <= 0:
            yield fault(name, phrase("run.ends", ends=ends(name)[0]))
    if ends("starts_ordinary")[0] <= 0:
        message = phrase("run.ends", ends=ends("starts_ordinary")[0])
        yield fault("starts_ordinary", message)


def season(pack: Pack) -> Iterator[Problem]:
    """Years of a series from which no season of investment can be estimated."""
    asked = pack.calendar.fai_season
    place = ["calendar", "fai_season", "estimate_from"]
    if asked.estimate_from not in pack.history:
        message = phrase("pack.series", series=", ".join(pack.history))
        yield pack.problem("pack.yaml", place, message)
        return
    known = dict(pack.history[asked.estimate_from].known(pack.information_date))
    first, last = asked.years[0], asked.years[-1]
    try:
        fai_season(known, (first, last))
    except ValueError as error:
        message = phrase(
            "run.season", series=asked.estimate_from, error=error, first=first, last=last
        )
        yield pack.problem("pack.yaml", place, message)


def series(pack: Pack) -> Iterator[Problem]:
    """National series that are missing, too short, or begin too late for the firms."""
    for key, message in lacking_series(pack):
        yield pack.problem("pack.yaml", [key], message)


def starts_a_year(pack: Pack) -> float:
    """Starts of the base year that its investment in projects can have, at central values."""

    def value(name: str) -> float:
        return pack.parameters[name].default or 0.0

    def mean(size: str) -> float:  # of the truncated Pareto law
        alpha, low, high = (value(f"size_{size}_{part}") for part in ("alpha", "min", "max"))
        tail = math.exp(-alpha * math.log(high / low))
        return alpha / (alpha - 1.0) * (low - high * tail) / (1.0 - tail)

    large = value("starts_large") / (value("starts_ordinary") + value("starts_large"))
    size = (1.0 - large) * mean("ordinary") + large * mean("large")
    return value("large_share_fai") * pack.base.fai.value / (value("invest_realised") * size)
