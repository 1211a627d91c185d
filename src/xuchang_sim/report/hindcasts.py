"""Tables of the hindcast: forecasts by case, scores against simple forecasts, panels, eras."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xuchang_sim.report.sheet import Sheet
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
    """Lay out the forecasts of all cases, what was refused, and the seal of the file."""
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
    title = say("hindcast.title", lang, cases=len(data["cases"]), **_of_run(data))
    parts: list[RenderableType] = [Text(title, style="bold"), table]
    notes = {row["case"]: row["note"] for row in data["forecasts"] if row["note"]}
    parts += [Text(f"{case}: {note}") for case, note in notes.items()]
    for case, reasons in data["left_out"].items():
        parts.append(Text(say("hindcast.left_out", lang, case=case, reasons="; ".join(reasons))))
    if data["refused"]:
        parts += [
            Text(),
            Text(say("hindcast.refused", lang, count=len(data["refused"])), style="bold"),
        ]
        parts += [_line(row["reason"]) for row in data["refused"]]
    for row in data["failed"]:
        parts.append(Text(say("hindcast.failed", lang, **row), style="red"))
    parts += [Text(), Text(say("hindcast.seal", lang, **data))]
    return Group(*parts)


def _line(text: str) -> Text:
    """Return a text that stays on one line, however long."""
    return Text(text, no_wrap=True, overflow="ignore")


def _of_run(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in ("replicates", "seed")}
