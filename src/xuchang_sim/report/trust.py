"""Tables of what a reader may trust: stylised facts, calibration, where the uncertainty is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xuchang_sim import definitions
from xuchang_sim.answers.classes import moves
from xuchang_sim.report.inputs import repeated_input, repeats_input
from xuchang_sim.report.sheet import Sheet
from xuchang_sim.text import Language, labelled, one_language, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xuchang_sim.answers.classes import Classes, Effect
    from xuchang_sim.pack.load import Pack


def facts(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out the facts: value, band and verdict of each; why, where one fails."""
    table = _table(lang, "fact", "value", "band", "verdict")
    for row in data["facts"]:
        one = not isinstance(row["target"], dict)
        bands = {"": row["target"]} if one else row["target"]
        values = {"": row["value"]} if one else row["value"]
        for k, (name, band) in enumerate(bands.items()):
            word = "pass" if row["passes"] else "fail"
            table.add_row(
                row[f"label_{lang}"] if k == 0 else "",
                f"{say(f'number.{name}', lang) if name else ''} {significant(values[name])}".strip(),
                _band(band),
                Text(say(f"facts.{word}", lang), style="green" if row["passes"] else "red")
                if k == 0
                else "",
            )
        if row["reason"]:
            table.add_row(Text(f"  {one_language(row['reason'], lang)}", style="dim"))
    count = {"passed": data["passed"], "count": len(data["facts"])}
    title = say("facts.title", lang, replicates=data["replicates"], parameters=data["parameters"])
    return Group(Text(title, style="bold"), table, Text(say("facts.passed", lang, **count)))


def classes(answer: Classes, lang: Language) -> RenderableType:
    """Lay out what moves each target: its class, what it echoes, the families of levers that move P."""
    targets = answer.setup.pack.plan.targets()
    names = {name: getattr(entry.label, lang) for name, entry in definitions.parameters().items()}
    names |= {name: getattr(entry.label, lang) for name, entry in definitions.levers().items()}
    names |= {target.id: labelled(target, lang) for target in targets}
    table = Sheet(names=(0, 1))
    for key in ("column.target", "classes.column", "classes.moves"):
        table.words(say(key, lang))
    for target in targets:
        if target.id not in answer.targets:
            continue
        row = answer.targets[target.id]
        shown = {"target_class": row["kind"], "echoes": row["echoes"]}
        what = (
            say("classes.mechanism", lang)
            if not repeats_input(shown)
            else repeated_input(shown, names, lang)
        )
        moved = {axis: move for axis, move in row["moved"].items() if moves(move)}
        table.add_row(
            labelled(target, lang),
            what,
            ", ".join(
                f"{say(f'axis.{axis}', lang)} {move['p']:+.2f} ± {move['p_se']:.2f}"
                for axis, move in moved.items()
            ),
        )
    title = say("classes.title", lang, replicates=answer.replicates, seed=answer.seed)
    return Group(
        Text(title, style="bold"),
        table,
        Text(say("classes.note", lang), style="dim"),
        Text(say("classes.effects", lang), style="bold"),
        _effects(answer, lang),
        Text(say("classes.effects_note", lang), style="dim"),
    )


def _effects(answer: Classes, lang: Language) -> RenderableType:
    """Lay out what each family of levers moves from low to high: points of the base year's total."""
    years = [effect["year"] for effect in answer.effects["all"]["fai_growth"]]
    table = Sheet()
    table.words(say("classes.family", lang))
    for measure in answer.effects["all"]:
        for year in years:
            table.values(say(f"classes.{measure}", lang, year=year))
    for name, by in answer.effects.items():
        table.add_row(say(f"axis.{name}", lang), *_cells(by))
    levers = definitions.levers()
    for name, by in answer.levers.items():
        table.add_row(f"· {getattr(levers[name].label, lang)}", *_cells(by))
    return table


def _cells(by: Mapping[str, list[Effect]]) -> Iterator[str]:
    """Write effects with their standard errors; reported revenue that moves more than real has a mark."""
    real = by["revenue_real_growth"]
    for measure, effects in by.items():
        for effect, made in zip(effects, real, strict=True):
            gap = abs(effect["mean"]) - abs(made["mean"])
            more = measure == "revenue_growth" and gap > 2.0 * max(effect["se"], 5e-5)
            mark = " ‡" if more else ""
            yield f"{100.0 * effect['mean']:+.2f} ± {100.0 * effect['se']:.2f}{mark}"


def calibration(report: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out a calibration: moments, parameters the data inform, what they are silent about."""
    moments = _table(lang, "moment", "prior", "data", "posterior", "covered")
    for row in report["moments"]:
        name = row[f"label_{lang}"] + ("" if row["weighs"] else " °")
        sign = say("facts.pass" if row["covered"] else "facts.fail", lang)
        moments.add_row(
            name,
            _interval(row["prior"]),
            f"{significant(row['observed'])} ± {significant(row['sd'])}",
            _interval(row["predicted"]),
            Text(sign, style="green" if row["covered"] else "red"),
        )
    parameters = _table(lang, "parameter", "prior", "posterior", "narrowed")
    for row in sorted(report["parameters"], key=lambda row: -row["narrowed"]):
        parameters.add_row(
            row[f"label_{lang}"],
            _interval(row["prior"]),
            _interval(row["posterior"]),
            f"{100 * row['narrowed']:.0f}%",
        )
    recovery = report["recovery"]
    lines = [
        say(
            "calibration.size",
            lang,
            effective=f"{report['effective']:,.0f}",
            simulations=f"{report['simulations']:,}",
            incompatible=report["incompatible"],
        ),
        say("calibration.silent", lang, count=len(report["silent"])),
        say(
            "calibration.recovery",
            lang,
            truths=recovery["truths"],
            p=significant(recovery["least_p_holm"]),
            coverage=f"{100 * recovery['coverage_80']:.0f}%",
        ),
    ]
    title = Text(say("calibration.title", lang, seed=report["seed"]), style="bold")
    note = Text(say("calibration.check", lang), style="dim")
    return Group(title, moments, note, Text(""), parameters, *[Text(line) for line in lines])


def uncertainty(data: Mapping[str, Any], pack: Pack, lang: Language) -> RenderableType:
    """Lay out where the uncertainty is, with the pack's labels."""
    labels = {name: labelled(each, lang) for name, each in pack.parameters.items()}
    labels |= {name: labelled(each, lang) for name, each in pack.levers.items()}
    labels |= {name: labelled(each, lang) for name, each in definitions.measures().items()}
    labels |= {target.id: labelled(target, lang) for target in pack.plan.targets()}
    shares = _table(lang, "outcome", "mean", "sd", "parameters", "demand", "chance")
    for name, row in data["shares"].items():
        split = [f"{100 * row[key]:.0f}%" for key in ("parameters", "demand", "chance")]
        shares.add_row(labels[name], f"{row['mean']:.3f}", f"{row['sd']:.3f}", *split)
    parts: list[RenderableType] = [
        Text(say("uncertainty.title", lang, scenario=data["scenario"]), style="bold"),
        shares,
    ]
    for outcome, rows in data["indices"].items():
        table = _table(lang, "factor", "first", "total")
        table.title = labels[outcome]
        for name, row in sorted(rows.items(), key=lambda item: -item[1]["total"])[:TOP]:
            label = labels.get(name) or say(f"trust.{name}", lang)
            table.add_row(label, f"{row['first']:.2f}", f"{row['total']:.2f}")
        parts += [Text(""), table]
    for name, points in data["curves"].items():
        table = _table(lang, "setting", *(f"{o}{k}" for o in data["shares"] for k in ("", "_p")))
        table.title = labels[name]
        for row in points:
            cells = [
                f"{row[key]:.3f}" if (key := f"{o}{k}") in row else "–"
                for o in data["shares"]
                for k in ("", "_p")
            ]
            table.add_row(significant(row["value"]), *cells)
        parts += [Text(""), table]
    table = _table(lang, "part", "revenue", "fai", "revenue_next", "fai_next")
    table.title = say("uncertainty.decoration", lang)
    for name, row in data["decoration"].items():
        label = labels.get(name) or say(f"trust.{name}", lang)
        columns = ("revenue", "fai", "revenue_next", "fai_next")
        table.add_row(label, *(f"{100 * row[key]:+.3f}%" for key in columns))
    return Group(*parts, Text(""), table)


TOP = 11  # ten parameters and chance


def significant(value: float | None) -> str:
    """Format a number to three significant digits, without an exponent."""
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 or value == 0 else "<0.001"


def _band(band: Sequence[float | None]) -> str:
    low, high = band
    if low == high:
        return "–" if low is None else f"= {significant(low)}"
    if high is None:
        return f"≥ {significant(low)}"
    if low is None:
        return f"≤ {significant(high)}"
    return f"{significant(low)} – {significant(high)}"


def _interval(row: Mapping[str, float]) -> str:
    return f"{significant(row['mean'])} ({significant(row['q10'])} – {significant(row['q90'])})"


def _table(lang: Language, *columns: str) -> Sheet:
    table = Sheet()
    first, *others = (say(f"trust.{name}", lang) for name in columns)
    table.words(first, max_width=46)
    table.values(*others, justify="left")
    return table
