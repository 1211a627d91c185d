"""Figures of targets: attainment, probabilities, differences of scenarios, crossed levers, frontiers."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.report.figures.labels import unit_label, wrapped
from xuchang_sim.report.fonts import speakable
from xuchang_sim.report.style import BLUE, GREEN, INK, MUTED, ORANGE, RED, VERDICT, axes, dress
from xuchang_sim.report.tables import number
from xuchang_sim.simulation.results import verdict
from xuchang_sim.simulation.targets import city_targets
from xuchang_sim.text import Language, labelled, say

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from xuchang_sim.simulation.results import Results, TargetResult

LEGEND_COLUMNS = 3


def attainment(results: Results, *, ax: Axes | None = None, lang: Language = "zh") -> Axes:
    """Draw the probability that each headline level was reached by a month."""
    lang = speakable(lang)
    ax = axes(ax)
    asked = city_targets(results.setup.pack)
    labels = {name: labelled(target, lang) for name, target in asked.items()}
    strokes = ((INK, "-"), (BLUE, "--"), (ORANGE, "-."), (GREEN, ":"), (RED, (0, (5, 1, 1, 1))))
    months: Sequence[str] = ()
    for name, (colour, line) in zip(results.first, strokes, strict=False):
        months, p_by = results.attainment(name)
        ax.plot(p_by, color=colour, linestyle=line, linewidth=1.8, label=labels.get(name, name))
    marks = [i for i, month in enumerate(months) if month[5:] in {"01", "07"}]
    ax.set_xticks(marks, [months[i] for i in marks])
    ax.set_xlabel(say("figure.month", lang))
    ax.set_ylim(-0.02, 1.02)
    ax.set_ylabel(say("figure.frontier_p", lang))
    ax.set_title(say("figure.attainment", lang), loc="left", fontsize=10)
    ax.legend(loc="upper left", fontsize=8, frameon=False)
    return dress(ax, lang)


def probabilities(
    targets: Sequence[TargetResult],
    *,
    unrated: Collection[str] = (),
    ax: Axes | None = None,
    lang: Language = "zh",
) -> Axes:
    """Draw the probability of every target with its 95% interval, the headline ones first.

    Targets decided by an assumption on execution have a hollow bar and a dagger.

    Parameters
    ----------
    targets : sequence of TargetResult
        Targets of a run.
    unrated : collection of str, optional
        Ids of targets that repeat an input of the model: their bars are grey, for there is no verdict on them.
    """
    lang = speakable(lang)
    rows = sorted(targets, key=lambda row: not row.target.headline)
    ax = axes(ax, 7.2, 0.62 + 0.27 * len(rows))
    seen: set[str] = set()
    for y, row in enumerate(rows):
        word = "none" if row.target.id in unrated else verdict(row.p)
        paint = VERDICT[word]
        hollow = row.target.basis == "assumption"
        ax.barh(
            y,
            row.p,
            height=0.62,
            facecolor="white" if hollow else paint.colour,
            edgecolor=paint.colour if hollow else "white",
            hatch=None if hollow else paint.hatch,
            linewidth=1.2 if hollow else 0.0,
            label=say(f"verdict.{word}", lang) if word not in seen and not hollow else None,
        )
        if not hollow:
            seen.add(word)
        ax.plot([row.p_low, row.p_high], [y, y], color=INK, linewidth=1.1, solid_capstyle="butt")
        ax.text(1.02, y, f"{row.p:.2f}", va="center", fontsize=8, color=INK)
    names = [
        labelled(row.target, lang) + (" †" if row.target.basis == "assumption" else "")
        for row in rows
    ]
    short = [textwrap.shorten(n, 62, placeholder="…") if lang == "en" else n for n in names]
    ax.set_yticks(range(len(rows)), short, fontsize=8)
    heads = sum(row.target.headline for row in rows)
    if 0 < heads < len(rows):
        ax.axhline(heads - 0.5, color=MUTED, linewidth=0.9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.0)
    ax.set_xlabel(say("figure.probability", lang))
    handles, words = ax.get_legend_handles_labels()
    order = sorted(
        range(len(words)),
        key=lambda i: [say(f"verdict.{v}", lang) for v in VERDICT].index(words[i]),
    )
    pad = 8 + 14 * math.ceil(
        len(order) / LEGEND_COLUMNS
    )  # points: room for the legend below the title
    ax.set_title(say("figure.probabilities", lang), loc="left", fontsize=10, pad=pad)
    if order:
        ax.legend(
            [handles[i] for i in order],
            [words[i] for i in order],
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=LEGEND_COLUMNS,
            fontsize=8,
            frameon=False,
            borderaxespad=0.2,
        )
    return dress(ax, lang, grid="x")


def comparison(
    runs: Mapping[str, Results],
    ids: Sequence[str],
    *,
    ax: Axes | None = None,
    lang: Language = "zh",
) -> Axes:
    """Draw the probability of some targets under several scenarios.

    Parameters
    ----------
    runs : mapping of str to Results
        Results by the scenario's title.
    ids : sequence of str
        Ids of targets.
    """
    lang = speakable(lang)
    ax = axes(ax, 7.2, 1.0 + 0.3 * len(ids) * max(1, len(runs)) ** 0.5)
    marks = ("o", "s", "^", "D", "v", "P", "X", "*")
    colours = (INK, BLUE, ORANGE, GREEN, RED, MUTED)
    labels: list[str] = []
    for k, (title, results) in enumerate(runs.items()):
        result = {row.target.id: row for row in results.targets()}
        rows = [result[name] for name in ids if name in result]
        labels = [labelled(row.target, lang) for row in rows]
        spread = 0.6 / max(1, len(runs) - 1)
        y = np.arange(len(rows)) + (k * spread - 0.3 if len(runs) > 1 else 0.0)
        for at, row in zip(y, rows, strict=True):
            ax.plot([row.p_low, row.p_high], [at, at], color=colours[k % 6], linewidth=1.2)
        ax.plot(
            [row.p for row in rows],
            y,
            marker=marks[k % 8],
            linestyle="none",
            color=colours[k % 6],
            markersize=5.5,
            label=title,
        )
    ax.set_yticks(range(len(labels)), [wrapped(text, lang, 40) for text in labels], fontsize=8)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel(say("figure.probability", lang))
    ax.set_title(say("figure.compare", lang), loc="left", fontsize=10)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7.5, frameon=False)
    return dress(ax, lang, grid="x")


def heat(
    cells: Sequence[Mapping[str, Any]],
    measure: str = "p_joint",
    *,
    ax: Axes | None = None,
    lang: Language = "zh",
    axis: Sequence[str] = ("land", "finance", "labour"),
) -> Axes:
    """Draw a matrix of three axes: the first down, the second across, the third in blocks.

    Parameters
    ----------
    cells : sequence of mapping
        As in :attr:`xuchang_sim.answers.matrix.MatrixResult.cells`.
    measure : str
        Key of the cells to show: a probability, or a mean.
    """
    lang = speakable(lang)
    ax = axes(ax, 7.2, 2.7)
    down, across, block = axis
    levels = {name: list(dict.fromkeys(cell[name] for cell in cells)) for name in axis}
    width = len(levels[across])
    table = np.full((len(levels[down]), width * len(levels[block])), np.nan)
    for cell in cells:
        column = width * levels[block].index(cell[block]) + levels[across].index(cell[across])
        table[levels[down].index(cell[down]), column] = cell[measure]
    share = measure.startswith("p_")
    low, high = (0.0, 1.0) if share else (np.nanmin(table), np.nanmax(table))
    if not high > low:
        low, high = low - 1.0, high + 1.0
    image = ax.imshow(table, cmap="cividis", vmin=low, vmax=high, aspect="auto")
    for (y, x), value in np.ndenumerate(table):
        dark = (value - low) / (high - low) < 0.55
        shown = f"{value:.2f}" if share else number(value)
        ax.text(x, y, shown, ha="center", va="center", color="white" if dark else INK, fontsize=9)
    ax.set_yticks(range(len(levels[down])), [say(f"level.{v}", lang) for v in levels[down]])
    ax.set_ylabel(say(f"axis.{down}", lang))
    ax.set_xticks(
        range(table.shape[1]),
        [say(f"level.{v}", lang) for v in levels[across]] * len(levels[block]),
    )
    ax.set_xlabel(say(f"axis.{across}", lang))
    for k, level in enumerate(levels[block]):
        title = f"{say(f'axis.{block}', lang)}: {say(f'level.{level}', lang)}"
        ax.text(width * k + (width - 1) / 2, -0.62, title, ha="center", va="bottom", fontsize=9)
        if k:
            ax.axvline(width * k - 0.5, color="white", linewidth=5)
    named = say(f"matrix.{measure}", lang)
    ax.set_title(say("figure.heat", lang, measure=named), loc="left", fontsize=10, pad=20)
    holder = ax.get_figure()
    if holder is not None:
        bar = holder.colorbar(image, ax=ax, fraction=0.04, pad=0.02)
        bar.set_label(named)
        dress(bar.ax, lang, grid="")
    return dress(ax, lang, grid="")


def tornado(
    rows: pd.DataFrame,
    *,
    ax: Axes | None = None,
    lang: Language = "zh",
    label: str = "",
    unit: str = "比例",
    most: int = 15,
) -> Axes:
    """Draw how an outcome moves when one thing at a time is low or high.

    Parameters
    ----------
    rows : DataFrame
        Columns ``label``, ``low``, ``high``: the outcome with the thing at its low and high value;
        optionally ``base``, the outcome with nothing moved.
    label, unit : str
        Name and unit of the outcome.
    most : int
        How many rows to show, the widest first.
    """
    lang = speakable(lang)
    order = (rows["high"] - rows["low"]).abs().to_numpy().argsort()[::-1][:most]
    shown = rows.iloc[order]
    ax = axes(ax, 7.2, 1.1 + 0.28 * len(shown))
    middle = (
        float(shown["base"].iloc[0])
        if "base" in shown
        else float((shown["low"] + shown["high"]).mean() / 2)
    )
    y = np.arange(len(shown))
    for key, colour, hatch in (("low", ORANGE, "//"), ("high", BLUE, "")):
        ax.barh(
            y,
            shown[key].to_numpy(float) - middle,
            left=middle,
            height=0.66,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
            label=say(f"figure.{key}", lang),
        )
    ax.axvline(middle, color=INK, linewidth=0.9)
    ax.set_yticks(y, [textwrap.shorten(str(t), 58, placeholder="…") for t in shown["label"]])
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlabel(say("figure.tornado_unit", lang, label=label, unit=unit_label(unit, lang)))
    ax.set_title(say("figure.tornado", lang, label=label), loc="left", fontsize=10)
    ax.legend(loc="best", fontsize=8, frameon=False)
    return dress(ax, lang, grid="x")


def frontier(
    points: pd.DataFrame,
    *,
    ax: Axes | None = None,
    lang: Language = "zh",
    x_label: str = "",
    y_label: str = "",
    goal: float = 0.8,
    measure: str = "p",
    label: str = "",
) -> Axes:
    """Draw an outcome over two levers, with the frontier along which it reaches a goal.

    Parameters
    ----------
    points : DataFrame
        Columns ``x``, ``y`` and the outcome; on a full grid the frontier is drawn as a contour,
        else the points that reach the goal are ringed.
    x_label, y_label : str
        Names of the levers with their units.
    goal : float
        Value of the outcome along the frontier.
    measure : str
        Column of the outcome: ``p``, a probability, or another.
    label : str
        Name of the outcome with its unit; by default a probability.
    """
    lang = speakable(lang)
    ax = axes(ax, 5.6, 4.2)
    values = points[measure].to_numpy(float)
    low, high = (0.0, 1.0) if measure == "p" else (values.min(), values.max())
    span: dict[str, Any] = {"vmin": low, "vmax": high if high > low else low + 1.0}
    table = points.pivot_table(index="y", columns="x", values=measure, aggfunc="mean")
    full = not table.isna().to_numpy().any() and min(table.shape) > 1
    if full:
        xs, ys = table.columns.to_numpy(float), table.index.to_numpy(float)
        drawn: Any = ax.pcolormesh(
            xs, ys, table.to_numpy(), cmap="cividis", shading="nearest", **span
        )
        if table.to_numpy().min() < goal <= table.to_numpy().max():
            lines = ax.contour(
                xs, ys, table.to_numpy(), levels=[goal], colors="white", linewidths=2
            )
            ax.clabel(lines, fmt=f"{goal:g}")
    else:
        drawn = ax.scatter(
            points["x"], points["y"], c=points[measure], cmap="cividis", s=46, **span
        )
        met = points[points[measure] >= goal]
        ax.scatter(met["x"], met["y"], s=120, facecolors="none", edgecolors=RED, linewidths=1.5)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    shown = label or say("figure.frontier_p", lang)
    title = say("figure.frontier", lang, label=shown, goal=f"{goal:g}")
    ax.set_title(title, loc="left", fontsize=10)
    holder = ax.get_figure()
    if holder is not None:
        bar = holder.colorbar(drawn, ax=ax)
        bar.set_label(shown)
        dress(bar.ax, lang, grid="")
    return dress(ax, lang, grid="")
