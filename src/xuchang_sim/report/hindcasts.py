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
    from collections.abc import Mapping, Sequence


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
    names = dict.fromkeys(x["pooled_with"] for x in data["forecasts"] if x["pooled_with"])
    rivals = ", ".join(say(f"hindcast.{name}", lang) for name in names)
    lines = [say("hindcast.halves", lang, rivals=rivals), ""] if names else []
    lines += [f"{case}: {note}" for case, note in notes.items()]
    for case, reasons in data["left_out"].items():
        lines.append(say("hindcast.left_out", lang, case=case, reasons="; ".join(reasons)))
    for row in data["borrowed"]:
        moved = "; ".join(
            say(
                "hindcast.learned",
                lang,
                **{k: f"{v:.3g}" if k != "parameter" else v for k, v in x.items()},
            )
            for x in row["learned"]
        )
        words = {"case": row["case"], "used": ", ".join(row["used"]), "moved": moved}
        key = "hindcast.borrowed" if row["used"] else "hindcast.alone"
        lines.append(say(key, lang, effective=f"{row['effective']:.0%}", **words))
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
    ours = ("pool", "model") if data["is_pooled"] else ("model",)
    table.values(*(say(f"hindcast.{name}", lang) for name in (*ours, *SIMPLE)))
    for row in data["rows"]:
        sign = {"at_least": "≥ ", "at_most": "≤ ", "": ""}[row["bound"]]
        low, high = row["pit"]
        pit = f"{low:.2f}" if low == high else f"{low:.2f}–{high:.2f}"
        met = "–" if row["met"] is None else say(f"hindcast.met_{row['met']}".lower(), lang)
        losses = [_points(row["crps"].get(name)) for name in (*ours, *SIMPLE)]
        aim = _share(row["p_target"])
        table.add_row(
            row["case"], row["quantity"], f"{sign}{row['outcome']:.1f}", pit, aim, met, *losses
        )
    parts: list[RenderableType] = [Text(say("hindcast.scores", lang), style="bold"), table, Text()]
    parts.append(
        Text(say("hindcast.pooled", lang, rows=len(data["rows"]), **_size(data)), style="bold")
    )
    pool = Sheet(names=(0, 1))
    pool.words(say("hindcast.forecast", lang))
    pool.words(say("hindcast.against", lang))
    pool.values(say("hindcast.rows", lang), say("hindcast.clusters", lang))
    pool.values("CRPS", say("hindcast.simple", lang))
    pool.values(say("hindcast.difference", lang), say("hindcast.counts", lang))
    pool.values(say("hindcast.log", lang))
    for who in ours:
        for name, gap in data["pooled" if who == "pool" else "differences"].items():
            logs = f"{_share(data['log'][who])} / {_share(data['log'][name])}"
            limits = "" if math.isnan(gap["counts"]) else f" [{gap['low']:.1f}, {gap['high']:.1f}]"
            pool.add_row(
                say(f"hindcast.{who}", lang),
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
    if data["is_pooled"]:
        words = {"verdict": verdict(data["as_written"], lang)}
        parts.append(Text(say("hindcast.verdict_written", lang, **words), style="bold"))
    parts.append(Text(say("hindcast.verdict", lang, verdict=verdict(data, lang)), style="bold"))
    if data["unscored"]:
        parts.append(Text(say("hindcast.unscored", lang, count=len(data["unscored"]))))
    return Group(*parts)


def _points(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.1f}"


def _size(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"clusters": data["clusters"], "years": data["years"]}


def layer(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out what the market layer says of panels: coverage given the nation, then true vintages."""
    spread = ", ".join(f"{kind} {value:.1f}" for kind, value in data["discrepancy"].items())
    parts: list[RenderableType] = [Text(say("hindcast.layer", lang, spread=spread), style="bold")]
    given = _years(data["given"], lang)
    parts += [given, Text()]
    for name, row in data["coverage_80"].items():
        words = {"mean": f"{row['mean']:.0%}", "se": f"{row['se']:.0%}"}
        held = abs(row["mean"] - data["goal"]) <= data["tolerance"]
        words |= {"goal": f"{data['goal']:.0%}", "tolerance": f"{data['tolerance']:.0%}"}
        key = "hindcast.covered" if held else "hindcast.not_covered"
        words["error"] = f"{data['error_sd'][name]:.1f}"
        words["shared"] = f"{data['shared_80'][name]['mean']:.0%}"
        parts.append(Text(say(key, lang, name=name, years=row["years"], **words)))
    parts += [Text(), Text(say("hindcast.vintages", lang), style="bold")]
    parts.append(_years(data["vintages"], lang))
    return Group(*parts)


def _years(rows: Sequence[Mapping[str, Any]], lang: Language) -> Sheet:
    table = Sheet(names=(0,))
    table.words(say("hindcast.panel", lang))
    table.values(say("hindcast.year", lang), say("hindcast.units", lang))
    table.values(say("hindcast.nation", lang), say("hindcast.mean", lang))
    table.values(say("hindcast.width", lang), say("hindcast.tails", lang), "50%", "80%", "90%")
    names = ("model", "persistence", "ar1", "panel_mean")
    labels = ("market", *names[1:])
    table.values(*(f"CRPS {say(f'hindcast.{name}', lang)}" for name in labels))
    for row in rows:
        inside = [_share(row["coverage"][level]) for level in ("0.5", "0.8", "0.9")]
        losses = [_points(row["crps"].get(name)) for name in names]
        growth = [f"{row[key]:.1f}" for key in ("given", "mean")]
        learned = row["learned"]
        growth += [f"{learned['scale']:.1f}", f"{learned['tails']:.0f}"]
        table.add_row(row["panel"], str(row["year"]), str(row["units"]), *growth, *inside, *losses)
    return table


def eras(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out one city in all eras."""
    table = Sheet(names=(0,))
    table.values(say("hindcast.day", lang), say("hindcast.year", lang), justify="left")
    table.values(say("hindcast.nation", lang), say("hindcast.revenue", lang))
    table.values(*(say(f"hindcast.{x}", lang) for x in ("off", "off_came", "real", "off_alike")))
    table.values(*(say(f"hindcast.{x}", lang) for x in ("fai", "off_provinces", "off_zones")))
    for row in data["eras"]:
        nation, revenue, real, fai = (
            f"{100 * row[key][0]:.0f} ({100 * row[key][1]:.0f} – {100 * row[key][2]:.0f})"
            for key in ("nation", "revenue", "real", "fai")
        )
        off, came, alike, apart, ahead = (
            "–" if row[key] is None else f"{row[key]:+.0f}"
            for key in ("off_panel", "off_came", "off_alike", "off_provinces", "off_zones")
        )
        table.add_row(
            row["day"], str(row["year"]), nation, revenue, off, came, real, alike, fai, apart, ahead
        )
    low, high = data["slopes"]
    lines = []
    for mark in ("", "fai_"):
        key = f"hindcast.{mark}moves" if data[f"{mark}moves"] else f"hindcast.{mark}does_not_move"
        slope = f"{data[f'{mark}slope']:.2f}"
        lines.append(Text(say(key, lang, slope=slope, low=low, high=high)))
    title = say("hindcast.eras", lang, city=data["city"], **_of_run(data))
    return Group(Text(title, style="bold"), table, *lines)
