"""Tables of the hindcast: forecasts by case, scores against simple forecasts, panels, eras."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xuchang_sim.answers.simple import SIMPLE
from xuchang_sim.report.sheet import Sheet
from xuchang_sim.report.skill import verdict
from xuchang_sim.text import Language, say

if TYPE_CHECKING:
    from collections.abc import Mapping


def _number(value: float | None) -> str:
    """Format a number in four significant digits; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def forecasts(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out the forecasts of all cases."""
    table = Sheet(names=(0, 1))
    table.words(say("hindcast.case", lang))
    table.words(say("hindcast.quantity", lang))
    table.values(say("hindcast.unit", lang), justify="left")
    table.values("5%", "25%", "50%", "75%", "95%")
    table.values(say("hindcast.target", lang), say("hindcast.p_target", lang))
    for row in data["forecasts"]:
        numbers = [_number(row["quantiles"][p]) for p in ("0.05", "0.25", "0.5", "0.75", "0.95")]
        aim = [_number(row["target"]), _share(row["p_target"])]
        table.add_row(row["case"], row["quantity"], row["unit"], *numbers, *aim)
    words = say("hindcast.title", lang, cases=len(data["cases"]), **_of_run(data))
    title = Text(words, style="bold")
    return Group(title, table)


def remarks(data: Mapping[str, Any], lang: Language) -> list[str]:
    """Say what was assumed, left out or refused, a line each, and the seal of the forecasts."""
    notes = {row["case"]: row["note"] for row in data["forecasts"] if row["note"]}
    lines = [f"{case}: {note}" for case, note in notes.items()]
    for case, reasons in data["left_out"].items():
        lines.append(say("hindcast.left_out", lang, case=case, reasons="; ".join(reasons)))
    if data["refused"]:
        lines += ["", say("hindcast.refused", lang, count=len(data["refused"]))]
        lines += [row["reason"] for row in data["refused"]]
    lines += [say("hindcast.failed", lang, **row) for row in data["failed"]]
    return [*lines, "", say("hindcast.seal", lang, **data), ""]


def _of_run(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in ("replicates", "seed")}


def scores(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out scores: a line a row, then the pool beside every simple forecast."""
    table = Sheet(names=(0, 1))
    table.words(say("hindcast.case", lang))
    table.words(say("hindcast.quantity", lang))
    table.values(say("hindcast.outcome", lang), "PIT", "P", say("hindcast.met", lang))
    table.values(*(say(f"hindcast.{name}", lang) for name in ("model", *SIMPLE)))
    for row in data["rows"]:
        sign = {"at_least": "≥ ", "at_most": "≤ ", "": ""}[row["bound"]]
        low, high = row["pit"]
        pit = f"{low:.2f}" if low == high else f"{low:.2f}–{high:.2f}"
        met = "–" if row["met"] is None else say(f"hindcast.met_{row['met']}".lower(), lang)
        losses = [_points(row["crps"].get(name)) for name in ("model", *SIMPLE)]
        aim = _share(row["p_target"])
        table.add_row(
            row["case"], row["quantity"], f"{sign}{row['outcome']:.1f}", pit, aim, met, *losses
        )
    parts: list[RenderableType] = [Text(say("hindcast.scores", lang), style="bold"), table, Text()]
    parts.append(
        Text(say("hindcast.pooled", lang, rows=len(data["rows"]), **_size(data)), style="bold")
    )
    pool = Sheet(names=(0,))
    pool.words(say("hindcast.against", lang))
    pool.values(say("hindcast.rows", lang), say("hindcast.clusters", lang))
    pool.values(say("hindcast.model", lang), say("hindcast.simple", lang))
    pool.values(say("hindcast.difference", lang), say("hindcast.counts", lang))
    pool.values(say("hindcast.log", lang))
    for name, gap in data["differences"].items():
        logs = f"{_share(data['log']['model'])} / {_share(data['log'][name])}"
        limits = "" if math.isnan(gap["counts"]) else f" [{gap['low']:.1f}, {gap['high']:.1f}]"
        pool.add_row(
            say(f"hindcast.{name}", lang),
            str(gap["rows"]),
            str(gap["clusters"]),
            _points(gap["model"]),
            _points(gap["simple"]),
            f"{gap['difference']:+.1f}{limits}",
            _points(gap["counts"]),
            logs,
        )
    parts.append(pool)
    inside = ", ".join(f"{float(level):.0%}: {_share(x)}" for level, x in data["coverage"].items())
    parts.append(Text(say("hindcast.coverage", lang, inside=inside)))
    bins = " ".join(f"{x:.2f}" for x in data["histogram"])
    parts.append(Text(say("hindcast.histogram", lang, bins=bins)))
    parts.append(Text(say("hindcast.verdict", lang, verdict=verdict(data, lang)), style="bold"))
    if data["unscored"]:
        parts.append(Text(say("hindcast.unscored", lang, count=len(data["unscored"]))))
    return Group(*parts)


def _points(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.1f}"


def _size(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"clusters": data["clusters"], "years": data["years"]}
