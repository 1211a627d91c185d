"""Figures of time: fans of simulated paths, the outlook's drivers, what bound month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.model.world import MEASURE_ROW
from xuchang_sim.report.figures.labels import unit_label
from xuchang_sim.report.fonts import speakable
from xuchang_sim.report.style import BANDS, BLUE, CAUSES, INK, MUTED, RED, axes, dress
from xuchang_sim.report.tables import number
from xuchang_sim.simulation.arrays import kept_months
from xuchang_sim.simulation.targets import city_targets
from xuchang_sim.text import Language, labelled, named, say

with deferred():
    from matplotlib import patches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from xuchang_sim.forecast.drivers import Drivers
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.why import Why

    Array = npt.NDArray[np.float64]

#: Recorded column whose yearly sum a target's measure is, for figures of months.
MONTHLY = {"revenue": "reported", "fai": "fai", "outside_capital": "outside_capital"}


def _mark_years(ax: Axes, months: Sequence[str], lang: Language) -> None:
    """Mark Januaries with their year, and the other quarters without words."""
    major = [i for i, month in enumerate(months) if month.endswith("-01")]
    ax.set_xticks(major, [months[i] for i in major])
    ax.set_xticks([i for i, m in enumerate(months) if m[5:] in {"04", "07", "10"}], minor=True)
    ax.set_xlabel(say("figure.month", lang))


def year_to_date(results: Results, name: str) -> Array:
    """Cumulate a flow of the city within each year.

    Returns
    -------
    ndarray, shape (good replicates, months)
        In the unit of the measure, from January of the base year.

    Raises
    ------
    ValueError
        If the run kept targets only.
    """
    monthly = kept_months(results.city)[results.good][:, :, MEASURE_ROW[MONTHLY[name]]]
    out = np.empty_like(monthly)
    for start in range(0, monthly.shape[1], 12):
        out[:, start : start + 12] = np.cumsum(monthly[:, start : start + 12], axis=1)
    return out


def fan(
    results: Results,
    name: str = "revenue",
    *,
    ax: Axes | None = None,
    lang: Language = "zh",
    known: Mapping[str, float] | None = None,
) -> Axes:
    """Draw a headline flow cumulated in the year, against its target path.

    The base year is history: its total is reproduced by every replicate. The target path is the
    base year's median course grown to the target.

    Parameters
    ----------
    results : Results
        A run with its months.
    name : {"revenue", "fai", "outside_capital"}
        Measure; the plan must have a target with it.
    known : mapping of str to float, optional
        Published figures to date, month ``YYYY-MM`` to value in the unit of the measure.
    """
    lang = speakable(lang)
    ax = axes(ax)
    pack, months = results.setup.pack, list(results.setup.months)
    target = city_targets(pack)[name]
    values = year_to_date(results, name)
    time = np.arange(len(months), dtype=float)
    middle = np.median(values, axis=0)
    inner, outer = (round(100 * (high - low)) for low, high, _ in reversed(BANDS))
    for start in range(0, len(months), 12):
        rows = slice(start, start + 12)
        for low, high, shade in BANDS:
            ends = np.quantile(values[:, rows], [low, high], axis=0)
            label = say("figure.band", lang, inner=inner, outer=outer)
            wanted = start == 12 and (low, high) == BANDS[-1][:2]
            ax.fill_between(
                time[rows],
                *ends,
                color=BLUE,
                alpha=shade,
                linewidth=0,
                label=label if wanted else None,
            )
        history = start < 12 * (pack.plan_year - pack.base_year)
        ax.plot(
            time[rows],
            middle[rows],
            color=INK if history else BLUE,
            linewidth=1.6,
            label=say("figure.history" if start == 0 else "figure.median", lang)
            if start in {0, 12}
            else None,
        )
    first = 12 * (pack.plan_year - pack.base_year)
    rows = slice(first, first + 12)
    path = middle[:12] * target.value / middle[11]
    ax.plot(
        time[rows], path, color=RED, linestyle="--", linewidth=1.6, label=say("figure.path", lang)
    )
    goal = number(target.value)
    ax.plot([time[first + 11]], [target.value], marker="D", color=RED, linestyle="none")
    ax.annotate(
        say("figure.goal", lang, value=goal),
        (time[first + 11], target.value),
        xytext=(-6, 6),
        textcoords="offset points",
        ha="right",
        color=RED,
    )
    ax.plot([11], [middle[11]], marker="s", color=INK, linestyle="none", markersize=5)
    points = {m: v for m, v in (known or {}).items() if m in months}
    if points:
        ax.plot(
            [months.index(m) for m in points],
            list(points.values()),
            marker="o",
            markerfacecolor="white",
            color=INK,
            linestyle="none",
            label=say("figure.known", lang),
        )
    policy = results.setup.policy_month - 12 * pack.base_year
    ax.axvline(policy - 0.5, color=MUTED, linewidth=0.9, linestyle=":")
    top = max(float(np.quantile(values, 0.97, axis=0).max()), target.value) * 1.14
    ax.set_ylim(0, top)
    ax.text(policy - 0.3, top * 0.99, say("figure.policy", lang), va="top", color=MUTED, fontsize=8)
    ax.set_xlim(-0.5, len(months) - 0.5)
    _mark_years(ax, months, lang)
    ax.set_ylabel(say("figure.fan_unit", lang, unit=unit_label(target.unit, lang)))
    ax.set_title(say("figure.fan", lang, label=labelled(target, lang)), loc="left", fontsize=10)
    ax.legend(loc="upper left", fontsize=7.5, frameon=False, ncols=1)
    return dress(ax, lang)


def outlook(paths: Drivers, name: str, *, ax: Axes | None = None, lang: Language = "zh") -> Axes:
    """Draw the history of a driver and the bands of its sampled paths.

    Parameters
    ----------
    paths : Drivers
        See :func:`xuchang_sim.forecast.drivers.drivers`.
    name : str
        One of :data:`xuchang_sim.forecast.drivers.NAMES`.
    """
    lang = speakable(lang)
    ax = axes(ax)
    values = 100.0 * paths.path(name)
    time = np.arange(len(paths.months))
    ahead = slice(max(paths.known - 1, 0), None)
    inner, outer = (round(100 * (high - low)) for low, high, _ in reversed(BANDS))
    for low, high, shade in BANDS:
        ends = np.quantile(values[:, ahead], [low, high], axis=0)
        label = say("figure.band", lang, inner=inner, outer=outer)
        ax.fill_between(
            time[ahead],
            *ends,
            color=BLUE,
            alpha=shade,
            linewidth=0,
            label=label if (low, high) == BANDS[-1][:2] else None,
        )
    ax.plot(
        time[: paths.known],
        100.0 * paths.central[name][: paths.known],
        color=INK,
        label=say("figure.history", lang),
    )
    ax.plot(
        time[ahead],
        np.median(values[:, ahead], axis=0),
        color=BLUE,
        linestyle="--",
        label=say("figure.median", lang),
    )
    ax.axhline(0.0, color=MUTED, linewidth=0.7)
    _mark_years(ax, paths.months, lang)
    marks = [i for i, month in enumerate(paths.months) if month.endswith("-01")]
    ax.set_xticks(marks, [paths.months[i][:4] for i in marks])
    ax.set_xlabel(say("figure.year", lang))
    ax.set_ylabel(say("figure.percent_a_year", lang))
    title = say("figure.outlook", lang, label=say(f"driver.{name}", lang))
    ax.set_title(title, loc="left", fontsize=10)
    ax.legend(loc="best", fontsize=7.5, frameon=False)
    return dress(ax, lang)


def ribbon(
    why: Why,
    pack: Pack,
    *,
    kind: str = "waiting",
    ax: Axes | None = None,
    lang: Language = "zh",
) -> Axes:
    """Draw the largest cause by zone and month.

    Parameters
    ----------
    why : Why
        See :meth:`xuchang_sim.simulation.results.Results.why`.
    pack : Pack
        Names of zones.
    kind : {"waiting", "output"}
        What waited, or what revenue was short of.
    """
    lang = speakable(lang)
    binding = why.binding(kind)
    ax = axes(ax, 7.2, 1.2 + 0.26 * len(why.zones))
    seen: dict[str, None] = {}
    for m, row in enumerate(binding):
        for z, cause in enumerate(row):
            paint = CAUSES[cause]
            seen[cause] = None
            ax.add_patch(
                patches.Rectangle(
                    (m - 0.5, z - 0.5),
                    1,
                    1,
                    facecolor=paint.colour,
                    edgecolor="white",
                    hatch=paint.hatch,
                    linewidth=0.4,
                )
            )
    names = {z.id: named(z, lang) for z in pack.region.zones}
    ax.set_yticks(range(len(why.zones)), [names[z] for z in why.zones], fontsize=8)
    ax.set_xlim(-0.5, len(why.months) - 0.5)
    ax.set_ylim(len(why.zones) - 0.5, -0.5)
    quarters(ax, why.months, lang)
    what = say(f"figure.kind.{kind}", lang)
    ax.set_title(say("figure.ribbon", lang, kind=what), loc="left", fontsize=10)
    handles = [
        patches.Patch(
            facecolor=CAUSES[c].colour,
            hatch=CAUSES[c].hatch,
            edgecolor="white",
            label=say(f"cause.{c}", lang),
        )
        for c in CAUSES
        if c in seen
    ]
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False
    )
    return dress(ax, lang, grid="")


def quarters(ax: Axes, months: Sequence[str], lang: Language) -> None:
    """Label an axis of months at the quarters."""
    marks = [i for i, month in enumerate(months) if month[5:] in {"01", "04", "07", "10"}]
    ax.set_xticks(marks, [months[i] for i in marks], fontsize=8, rotation=30, ha="right")
    ax.set_xlabel(say("figure.month", lang))
