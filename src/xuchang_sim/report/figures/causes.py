"""Figures of causes: what growth is made of, what held projects back, single projects and zones."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.model.world import MEASURE_ROW, MEASURES
from xuchang_sim.report.figures.labels import unit_label, wrapped
from xuchang_sim.report.figures.paths import quarters
from xuchang_sim.report.fonts import speakable, stack
from xuchang_sim.report.style import BLUE, CAUSES, INK, MUTED, ORANGE, STAGES, axes, dress, figure
from xuchang_sim.report.tables import number
from xuchang_sim.simulation.arrays import kept_months
from xuchang_sim.text import Language, named, say
from xuchang_sim.units import month_label

with deferred():
    from matplotlib import patches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.why import Why


class Step(NamedTuple):
    """One step of a waterfall: a change, or a level (``total``) reached by then."""

    label: str
    value: float
    total: bool = False
    error: float = math.nan


def waterfall(
    steps: Sequence[Step],
    *,
    ax: Axes | None = None,
    lang: Language = "zh",
    label: str = "",
    unit: str = "亿元",
) -> Axes:
    """Draw levels and the changes between them.

    Parameters
    ----------
    steps : sequence of Step
        Levels and changes in order; errors are standard errors, in the same unit.
    label, unit : str
        Name and unit of the quantity.
    """
    lang = speakable(lang)
    ax = axes(ax, max(5.0, 0.95 * len(steps)), 3.8)
    paint = {"total": (MUTED, ""), "rise": (BLUE, ""), "fall": (ORANGE, "//")}
    seen: set[str] = set()
    level, ends = 0.0, [0.0]
    for x, step in enumerate(steps):
        kind = "total" if step.total else "rise" if step.value >= 0 else "fall"
        start = 0.0 if step.total else level
        after = step.value if step.total else level + step.value
        colour, hatch = paint[kind]
        ax.bar(
            x,
            after - start,
            bottom=start,
            width=0.62,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
            label=say(f"figure.{kind}", lang) if kind not in seen else None,
        )
        seen.add(kind)
        if not math.isnan(step.error):
            ax.errorbar(x, after, yerr=2 * step.error, color=INK, capsize=3, linewidth=1)
        sign = "" if step.total else "+" if step.value >= 0 else "−"
        top = max(start, after)
        if not math.isnan(step.error):
            top = max(top, after + 2 * step.error)
        ax.annotate(
            f"{sign}{number(abs(step.value))}",
            (x, top),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
        if x + 1 < len(steps):
            ax.plot([x + 0.31, x + 0.69], [after, after], color=MUTED, linewidth=0.8)
        level = after
        ends += [start, after]
    # Small changes between large levels: begin the axis below the smallest end, not at zero.
    inner = [v for v in ends if v != 0.0] or [0.0]
    low, high = min(inner), max(inner)
    if low > 0.5 * high > 0:
        ax.set_ylim(
            low - 0.5 * (high - low) - 0.01 * high, high + 0.15 * (high - low) + 0.01 * high
        )
    else:
        ax.margins(y=0.14)
        ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.set_xticks(range(len(steps)), [wrapped(s.label, lang, 14) for s in steps], fontsize=8)
    ax.set_ylabel(say("figure.tornado_unit", lang, label=label, unit=unit_label(unit, lang)))
    if steps:
        title = say("figure.waterfall", lang, first=steps[0].label, last=steps[-1].label)
        ax.set_title(title, loc="left", fontsize=10, pad=22)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=8, frameon=False, ncols=3)
    return dress(ax, lang)


def causes(
    why: Why, *, kind: str = "waiting", ax: Axes | None = None, lang: Language = "zh"
) -> Axes:
    """Draw what bound the city by month, stacked; negative parts hang below the line."""
    lang = speakable(lang)
    ax = axes(ax, 7.2, 3.4)
    table = why.output if kind == "output" else why.waiting
    whole = "shortfall" if kind == "output" else "total"
    x = np.arange(len(why.months))
    up, down = np.zeros(len(x)), np.zeros(len(x))
    for name in (cause for cause in CAUSES if cause in table):
        values = table[name].sum(axis=1)
        bottom = np.where(values >= 0, up, down)
        paint = CAUSES[name]
        ax.bar(
            x,
            values,
            bottom=bottom,
            width=0.86,
            color=paint.colour,
            hatch=paint.hatch,
            edgecolor="white",
            linewidth=0,
            label=say(f"cause.{name}", lang),
        )
        up += np.maximum(values, 0.0)
        down += np.minimum(values, 0.0)
    ax.plot(x, table[whole].sum(axis=1), color=INK, linewidth=1.4, label=say("figure.total", lang))
    ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.set_xlim(-0.6, len(x) - 0.4)
    quarters(ax, why.months, lang)
    ax.set_ylabel(say(f"figure.unit.{kind}", lang))
    what = say(f"figure.kind.{kind}", lang)
    ax.set_title(say("figure.causes", lang, kind=what), loc="left", fontsize=10)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    return dress(ax, lang)


def gantt(
    projects: pd.DataFrame,
    pack: Pack,
    *,
    ax: Axes | None = None,
    lang: Language = "zh",
    replicate: int = 0,
    through: int | None = None,
    most: int = 25,
) -> Axes:
    """Draw the stages of the largest projects of one replicate.

    Parameters
    ----------
    projects : DataFrame
        See :func:`xuchang_sim.answers.biographies.projects`.
    pack : Pack
        Names of zones and sectors, plan year.
    replicate : int
        Number of the replicate, for the title.
    through : int, optional
        Last month, 12 * year + month - 1; by default the last on record.
    most : int
        How many projects to show, the largest budgets first.
    """
    lang = speakable(lang)
    last = int(projects["until"].max()) if through is None else through
    first = 12 * pack.base_year
    alive = projects[(projects["until"] >= 12 * pack.plan_year) & (projects["arrived"] <= last)]
    shown = alive.sort_values("budget", ascending=False).head(most)
    shown = shown.sort_values(["started", "arrived"])
    ax = axes(ax, 7.2, 1.2 + 0.24 * len(shown))
    zones, sectors = pack.region.zones, pack.region.sectors
    labels = []
    for y, row in enumerate(_rows(shown)):
        stops = [row.arrived, row.queued, row.ready, row.started, row.until + 1]
        for k, stage in enumerate(STAGES):
            begin, end = max(stops[k], first), min(stops[k + 1], last + 1)
            if end > begin:
                paint = STAGES[stage]
                ax.barh(
                    y,
                    end - begin,
                    left=begin - first,
                    height=0.64,
                    color=paint.colour,
                    hatch=paint.hatch,
                    edgecolor="white",
                    linewidth=0,
                )
        if row.end != "open" and row.until <= last:
            mark = "D" if row.end == "done" else "x"
            ax.plot([row.until + 1 - first], [y], marker=mark, color=INK, markersize=4)
        zone = named(zones[row.zone], lang)
        if row.sector >= 0:
            sector = named(sectors[row.sector], lang)
        else:
            sector = say(f"figure.kind.{row.kind}", lang)
        zone, sector = (textwrap.shorten(w, 24, placeholder="…") for w in (zone, sector))
        labels.append(
            say("figure.gantt_label", lang, zone=zone, sector=sector, budget=number(row.budget))
        )
    months = [month_label(m) for m in range(first, last + 1)]
    ax.set_yticks(range(len(labels)), labels, fontsize=7.5)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(0, len(months) + 0.3)
    quarters(ax, months, lang)
    handles: list[Any] = [
        patches.Patch(
            facecolor=STAGES[s].colour,
            hatch=STAGES[s].hatch,
            edgecolor="white",
            label=say(f"figure.stage.{s}", lang),
        )
        for s in STAGES
    ]
    (done,) = ax.plot([], [], "D", color=INK, markersize=4, label=say("figure.end.done", lang))
    (lost,) = ax.plot([], [], "x", color=INK, markersize=4, label=say("figure.end.lost", lang))
    ax.legend(
        handles=[*handles, done, lost],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        fontsize=7.5,
        frameon=False,
        borderaxespad=0.2,
    )
    ax.set_title(say("figure.gantt", lang, replicate=replicate), loc="left", fontsize=10, pad=34)
    return dress(ax, lang, grid="x")


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples; what is in a column is known to the reader only."""
    return iter(table.itertuples())


def zones(
    results: Results,
    measure: str = "reported",
    *,
    panels: Sequence[Axes] | None = None,
    lang: Language = "zh",
    label: str = "",
    columns: int = 5,
) -> Sequence[Axes]:
    """Draw yearly values by zone, one small panel each: median and 5-95% of replicates.

    Parameters
    ----------
    results : Results
        A run with its months.
    measure : str
        A recorded column, see :data:`xuchang_sim.model.world.MEASURES`.
    panels : sequence of Axes, optional
        As many as there are zones.
    label : str
        Name of the measure, for the title of a new figure.
    columns : int
        Panels in a row of a new figure.
    """
    lang = speakable(lang)
    kept = kept_months(results.zone_years)
    entries = results.setup.pack.region.zones
    rows = -(-len(entries) // columns)
    if panels is None:
        grid = figure(7.6, 0.55 + 1.35 * rows).subplots(
            rows, columns, sharex=True, sharey=True, squeeze=False
        )
        panels = list(grid.ravel())
        for spare in panels[len(entries) :]:
            spare.set_visible(False)
        holder: Any = grid[0, 0].get_figure()
        holder.suptitle(
            say("figure.zones", lang, label=label or measure),
            x=0.01,
            ha="left",
            fontsize=10,
            fontfamily=stack(lang),
        )
    values = kept[results.good][:, :, MEASURE_ROW[measure]]
    years = list(results.setup.years)
    plan = results.setup.pack.plan_year
    unit = MEASURES[measure].unit
    for z, (zone, ax) in enumerate(zip(entries, panels, strict=False)):
        low, middle, high = np.quantile(values[:, :, z], [0.05, 0.5, 0.95], axis=0)
        ax.bar(
            years,
            middle,
            width=0.62,
            color=[BLUE if year >= plan else MUTED for year in years],
            linewidth=0,
        )
        ax.vlines(years, low, high, color=INK, linewidth=1.1)
        name = named(zone, lang)
        ax.set_title(wrapped(name, lang, 20), fontsize=7.5)
        ax.set_xticks(years, [f"{year % 100:02d}" for year in years], fontsize=7.5)
        ax.tick_params(axis="y", labelsize=7.5)
        if z % columns == 0:
            ax.set_ylabel(unit_label(unit, lang), fontsize=8)
        if z + columns >= len(entries):
            ax.set_xlabel(say("figure.year", lang), fontsize=8)
            ax.tick_params(labelbottom=True)
        dress(ax, lang)
    return panels[: len(entries)]
