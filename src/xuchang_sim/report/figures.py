"""Figures: axes in, axes out; every axis has a unit, nothing global is touched."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xuchang_sim.model.world import MEASURE_ROW, MEASURES
from xuchang_sim.report.fonts import speakable, stack
from xuchang_sim.report.style import (
    BANDS,
    BLUE,
    CAUSES,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    RED,
    STAGES,
    VERDICT,
    axes,
    dress,
    figure,
)
from xuchang_sim.report.tables import number
from xuchang_sim.simulation.measures import city_targets
from xuchang_sim.simulation.results import verdict
from xuchang_sim.text import Language, labelled, named, say
from xuchang_sim.units import english, month_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes

    from xuchang_sim.forecast.drivers import Drivers
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.results import Results, TargetResult, Why

    Array = npt.NDArray[np.float64]

#: Recorded column whose yearly sum a target's measure is, for figures of months.
MONTHLY = {"revenue": "reported", "fai": "fai", "outside_capital": "outside_capital"}


def _unit(unit: str, lang: Language) -> str:
    return unit if lang == "zh" else english(unit)


def _wrapped(text: str, lang: Language, width: int) -> str:
    """Break a label; Chinese, which has no blanks, after so many characters."""
    if lang == "zh":
        half = max(8, width * 10 // 17)
        return "\n".join(text[i : i + half] for i in range(0, len(text), half))
    return "\n".join(textwrap.wrap(text, width, break_long_words=False))


def _years(ax: Axes, months: Sequence[str], lang: Language) -> None:
    """Mark Januaries with their year, and the other quarters without words."""
    major = [i for i, month in enumerate(months) if month.endswith("-01")]
    ax.set_xticks(major, [months[i] for i in major])
    ax.set_xticks([i for i, m in enumerate(months) if m[5:] in {"04", "07", "10"}], minor=True)
    ax.set_xlabel(say("figure.month", lang))


# ------------------------------------------------------------------------------ time


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
    if results.city is None:
        message = "this run kept targets only; run it with its months"
        raise ValueError(message)
    monthly = results.city[results.good][:, :, MEASURE_ROW[MONTHLY[name]]]
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
    setting = results.setting
    pack, months = setting.pack, list(setting.months)
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
    policy = setting.policy_month - 12 * pack.base_year
    ax.axvline(policy - 0.5, color=MUTED, linewidth=0.9, linestyle=":")
    top = max(float(np.quantile(values, 0.97, axis=0).max()), target.value) * 1.14
    ax.set_ylim(0, top)
    ax.text(policy - 0.3, top * 0.99, say("figure.policy", lang), va="top", color=MUTED, fontsize=8)
    ax.set_xlim(-0.5, len(months) - 0.5)
    _years(ax, months, lang)
    ax.set_ylabel(say("figure.fan_unit", lang, unit=_unit(target.unit, lang)))
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
    _years(ax, paths.months, lang)
    marks = [i for i, month in enumerate(paths.months) if month.endswith("-01")]
    ax.set_xticks(marks, [paths.months[i][:4] for i in marks])
    ax.set_xlabel(say("figure.year", lang))
    ax.set_ylabel(say("figure.percent_a_year", lang))
    title = say("figure.outlook", lang, label=say(f"driver.{name}", lang))
    ax.set_title(title, loc="left", fontsize=10)
    ax.legend(loc="best", fontsize=7.5, frameon=False)
    return dress(ax, lang)


def attainment(results: Results, *, ax: Axes | None = None, lang: Language = "zh") -> Axes:
    """Draw the probability that each headline level was reached by a month."""
    lang = speakable(lang)
    ax = axes(ax)
    asked = city_targets(results.setting.pack)
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


# --------------------------------------------------------------------- probabilities


def probabilities(
    targets: Sequence[TargetResult], *, ax: Axes | None = None, lang: Language = "zh"
) -> Axes:
    """Draw the probability of every target with its 95% interval, the headline ones first.

    Targets decided by an assumption on execution have a hollow bar and a dagger.
    """
    lang = speakable(lang)
    rows = sorted(targets, key=lambda row: not row.target.headline)
    ax = axes(ax, 7.2, 0.62 + 0.27 * len(rows))
    seen: set[str] = set()
    for y, row in enumerate(rows):
        word = verdict(row.p)
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
    ax.set_title(say("figure.probabilities", lang), loc="left", fontsize=10, pad=22)
    handles, words = ax.get_legend_handles_labels()
    order = sorted(
        range(len(words)),
        key=lambda i: [say(f"verdict.{v}", lang) for v in VERDICT].index(words[i]),
    )
    if order:
        ax.legend(
            [handles[i] for i in order],
            [words[i] for i in order],
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=3,
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
        found = {row.target.id: row for row in results.targets()}
        rows = [found[name] for name in ids if name in found]
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
    ax.set_yticks(range(len(labels)), [_wrapped(text, lang, 40) for text in labels], fontsize=8)
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
        As in :attr:`xuchang_sim.answers.assess.MatrixResult.cells`.
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


# ----------------------------------------------------------------- what drives, what binds


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
    ax.set_xlabel(say("figure.tornado_unit", lang, label=label, unit=_unit(unit, lang)))
    ax.set_title(say("figure.tornado", lang, label=label), loc="left", fontsize=10)
    ax.legend(loc="best", fontsize=8, frameon=False)
    return dress(ax, lang, grid="x")


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
    # Small changes between large levels: begin the axis below the smallest end, not at nought.
    inner = [v for v in ends if v != 0.0] or [0.0]
    low, high = min(inner), max(inner)
    if low > 0.5 * high > 0:
        ax.set_ylim(
            low - 0.5 * (high - low) - 0.01 * high, high + 0.15 * (high - low) + 0.01 * high
        )
    else:
        ax.margins(y=0.14)
        ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.set_xticks(range(len(steps)), [_wrapped(s.label, lang, 14) for s in steps], fontsize=8)
    ax.set_ylabel(say("figure.tornado_unit", lang, label=label, unit=_unit(unit, lang)))
    if steps:
        title = say("figure.waterfall", lang, first=steps[0].label, last=steps[-1].label)
        ax.set_title(title, loc="left", fontsize=10, pad=22)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=8, frameon=False, ncols=3)
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
    from matplotlib.patches import Patch, Rectangle  # noqa: PLC0415

    lang = speakable(lang)
    binding = why.binding(kind)
    ax = axes(ax, 7.2, 1.2 + 0.26 * len(why.zones))
    seen: dict[str, None] = {}
    for m, row in enumerate(binding):
        for z, cause in enumerate(row):
            paint = CAUSES[cause]
            seen[cause] = None
            ax.add_patch(
                Rectangle(
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
    _quarters(ax, why.months, lang)
    what = say(f"figure.kind.{kind}", lang)
    ax.set_title(say("figure.ribbon", lang, kind=what), loc="left", fontsize=10)
    handles = [
        Patch(
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


def _quarters(ax: Axes, months: Sequence[str], lang: Language) -> None:
    marks = [i for i, month in enumerate(months) if month[5:] in {"01", "04", "07", "10"}]
    ax.set_xticks(marks, [months[i] for i in marks], fontsize=8, rotation=30, ha="right")
    ax.set_xlabel(say("figure.month", lang))


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
    _quarters(ax, why.months, lang)
    ax.set_ylabel(say(f"figure.unit.{kind}", lang))
    what = say(f"figure.kind.{kind}", lang)
    ax.set_title(say("figure.causes", lang, kind=what), loc="left", fontsize=10)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    return dress(ax, lang)


# ------------------------------------------------------------------------ projects, zones


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
    from matplotlib.patches import Patch  # noqa: PLC0415

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
    _quarters(ax, months, lang)
    handles: list[Any] = [
        Patch(
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
    if results.zone_years is None:
        message = "this run kept targets only; run it with its months"
        raise ValueError(message)
    entries = results.setting.pack.region.zones
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
    values = results.zone_years[results.good][:, :, MEASURE_ROW[measure]]
    years = list(results.setting.years)
    plan = results.setting.pack.plan_year
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
        ax.set_title(_wrapped(name, lang, 20), fontsize=7.5)
        ax.set_xticks(years, [f"{year % 100:02d}" for year in years], fontsize=7.5)
        ax.tick_params(axis="y", labelsize=7.5)
        if z % columns == 0:
            ax.set_ylabel(_unit(unit, lang), fontsize=8)
        if z + columns >= len(entries):
            ax.set_xlabel(say("figure.year", lang), fontsize=8)
            ax.tick_params(labelbottom=True)
        dress(ax, lang)
    return panels[: len(entries)]


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
