"""Figures of skill: growth by era, PIT histogram, forecasts beside outcomes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.files import write
from xuchang_sim.report.style import BLUE, GREEN, GRID, INK, MUTED, ORANGE, RED, figure

with deferred():
    import matplotlib as mpl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def eras(data: Mapping[str, Any]) -> Figure:
    """Draw the growth of one city in all eras beside the nation's.

    Parameters
    ----------
    data : mapping
        Of :meth:`xuchang_sim.answers.eras.EraTest.to_dict`.
    """
    result = figure(11.0, 4.4)
    left, right = result.subplots(1, 2, width_ratios=(3, 2))
    rows = data["eras"]
    place = np.arange(len(rows))
    for key, colour, mark, shift, label in (
        ("nation", MUTED, "s", -0.2, "nation: value added + producer prices"),
        ("revenue", BLUE, "o", 0.0, "city: revenue"),
        ("fai", ORANGE, "^", 0.2, "city: investment"),
    ):
        values = 100.0 * np.array([row[key] for row in rows])
        bars = np.abs(values[:, 1:].T - values[:, 0])
        left.errorbar(
            place + shift, values[:, 0], yerr=bars, fmt=mark, color=colour, label=label, capsize=3
        )
    panel = [(k, 100.0 * row["panel"]) for k, row in enumerate(rows) if row["panel"] is not None]
    if panel:
        left.scatter(
            *zip(*panel, strict=True), marker="_", s=260, color=GREEN, label="cities, year before"
        )
    left.axhline(0.0, color=INK, linewidth=0.8)
    left.set_xticks(place, [f"{row['year']}\nas of\n{row['day'][:7]}" for row in rows])
    left.set_ylabel("growth of the year, % (bars: 10-90%)")
    low, high = left.get_ylim()
    left.set_ylim(low, high + 0.28 * (high - low))  # room for the legend
    left.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")
    left.set_title(f"{data['city']} in {len(rows)} eras: only the nation changes", fontsize=10)
    nation = 100.0 * np.array([row["nation"][0] for row in rows])
    growth = 100.0 * np.array([row["revenue"][0] for row in rows])
    right.scatter(nation, growth, color=BLUE)
    for x, y, row in zip(nation, growth, rows, strict=True):
        right.annotate(
            str(row["year"]), (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8
        )
    ends = np.array([nation.min(), nation.max()])
    middle = growth.mean() + (ends - nation.mean()) * data["slope"]
    right.plot(ends, middle, color=BLUE, label=f"slope {data['slope']:.2f}")
    for slope in data["slopes"]:
        line = growth.mean() + (ends - nation.mean()) * slope
        right.plot(ends, line, color=RED, linestyle=":", linewidth=1.0)
    right.plot(
        [], [], color=RED, linestyle=":", label=f"goal {data['slopes'][0]}-{data['slopes'][1]}"
    )
    right.set_xlabel("nation's growth as forecast, %")
    right.set_ylabel("city's median growth of revenue, %")
    right.legend(frameon=False, fontsize=8)
    _dress(left, right)
    return result


def skill(scores: Mapping[str, Any]) -> Figure:
    """Draw the PIT histogram, the chances of targets beside what came, and every forecast.

    Parameters
    ----------
    scores : mapping
        Of :meth:`xuchang_sim.answers.scoring.Scores.to_dict`.
    """
    rows = scores["rows"]
    result = figure(12.0, max(3.4, 1.6 + 0.34 * len(rows)))
    left, middle, right = result.subplots(1, 3, width_ratios=(2, 2, 4))
    bins = scores["histogram"]
    left.bar((np.arange(len(bins)) + 0.5) / len(bins), bins, width=0.92 / len(bins), color=BLUE)
    left.axhline(1.0 / len(bins), color=INK, linestyle="--", linewidth=1.0)
    left.set_xlabel("PIT: where the outcome lies in the forecast")
    left.set_ylabel("share of rows")
    clusters, years = scores["clusters"], scores["years"]
    left.set_title(f"{len(rows)} rows, {clusters} case-years, {years} years", fontsize=10)
    answer = [(row["p_target"], row["met"]) for row in rows if row["met"] is not None]
    middle.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1.0)
    if answer:
        middle.scatter(*zip(*answer, strict=True), color=RED, marker="D", zorder=3)
    middle.set_xlim(-0.05, 1.05)
    middle.set_yticks([0, 1], ["missed", "met"])
    middle.set_xlabel("P(target) as forecast")
    middle.set_title(f"{len(answer)} targets with an outcome", fontsize=10)
    place = np.arange(len(rows))[::-1]
    for y, row in zip(place, rows, strict=True):
        q = row["quantiles"]
        right.plot([q[0], q[18]], [y, y], color=BLUE, linewidth=1.5)
        right.plot([q[4], q[14]], [y, y], color=BLUE, linewidth=6.0, alpha=0.5)
        right.plot([q[9]], [y], marker="|", color=INK, markersize=11)
        mark = {"": "D", "at_least": ">", "at_most": "<"}[row["bound"]]
        right.plot([row["outcome"]], [y], marker=mark, color=RED, linestyle="none")
    right.set_yticks(place, [f"{row['case']}: {row['quantity']}" for row in rows], fontsize=8)
    right.set_xlabel("growth over the base, % (line 5-95%, bar 25-75%)\ndiamond: outcome")
    _dress(left, middle, right)
    return result


def coverage(layer: Mapping[str, Any]) -> Figure:
    """Draw the coverage of the market layer's 80% interval by year, given the nation's growth.

    Parameters
    ----------
    layer : mapping
        Of :meth:`xuchang_sim.answers.market.Layer.to_dict`.
    """
    result = figure(9.0, 3.8)
    ax = result.subplots()
    goal, tolerance = layer["goal"], layer["tolerance"]
    ax.axhspan(goal - tolerance, goal + tolerance, color=GRID, zorder=0)
    names = list(dict.fromkeys(row["panel"] for row in layer["given"]))
    for name, colour, mark in zip(names, (ORANGE, BLUE, GREEN), "osD", strict=False):
        rows = [row for row in layer["given"] if row["panel"] == name]
        shares = [row["coverage"][f"{goal:g}"] for row in rows]
        ax.plot([row["year"] for row in rows], shares, marker=mark, color=colour, label=name)
    ax.set_ylim(0.0, 1.0)
    ax.set_ylabel(f"units inside the central {goal:.0%}")
    ax.set_xlabel("year; the nation's growth of the year is given")
    ax.legend(frameon=False, fontsize=8)
    _dress(ax)
    return result


def _dress(*axes: Axes) -> None:
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(color=MUTED)
        ax.grid(axis="y", color=GRID, linewidth=0.6)
        ax.set_axisbelow(True)


def save(result: Figure, path: Path) -> None:
    """Write a figure; the same bytes each time.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".") or "png"
    stream = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": "xuchang-sim", "svg.fonttype": "path"}):
        result.savefig(stream, format=kind, dpi=100, metadata=metadata)
    write(path, stream.getvalue())
