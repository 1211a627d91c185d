"""Tables of what is explored: sweeps, comparisons, causes, bundles, sensitivity, discovery."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xuchang_sim import definitions
from xuchang_sim.report.sheet import Sheet
from xuchang_sim.report.tables import fixed, not_modelled, number, percent, quantity
from xuchang_sim.text import Language, has, say
from xuchang_sim.units import english

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_FAILURES = 20


def sweep(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Say what a sweep holds, and which runs failed."""
    lines = [Text(say("sweep.done", lang, **data), style="bold")]
    lines += [
        Text(say("sweep.failure", lang, **failure), style="red")
        for failure in data["failures"][:MOST_FAILURES]
    ]
    lines.append(Text(say("sweep.digest", lang, digest=data["digest"])))
    return Group(*lines)


def _some(value: float, digits: int = 3) -> str:
    """Format a number of any size with a number of significant digits."""
    if math.isnan(value):
        return "–"
    if value == 0 or 0.001 <= abs(value) < 10 ** (digits + 3):
        return number(value) if abs(value) >= 1 else f"{value:.{digits}g}"
    return f"{value:.{digits}g}"


def _share(value: float) -> str:
    """Format a fraction in hundredths with a decimal."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}%"


def _points(value: float) -> str:
    """Format a fraction in percentage points; nothing where it is not known."""
    return "" if math.isnan(value) else f"{100 * value:.1f}"


def _label(name: str, lang: Language) -> str:
    """Name of a factor in a language, if it has one."""
    for kind in ("axis", "factor"):
        if has(f"{kind}.{name}"):
            return say(f"{kind}.{name}", lang)
    return name


def _level(outcome: str) -> str:
    """Unit of an outcome that is a level; empty for fractions and probabilities."""
    measure = definitions.measure(outcome)
    return "" if measure is None or measure.unit == "比例" else measure.unit


def comparison(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out a comparison: measures, targets, attainment, what was moved."""
    table = Sheet(names=(0, 1))
    table.words(say("compare.measure", lang))
    widths = {row["half_width"] for row in data["measures"]}
    width = _some(widths.pop()) if len(widths) == 1 else say("compare.tenth", lang)
    table.values(say("compare.year", lang), data["a"], data["b"], say("compare.difference", lang))
    table.values(say("explore.interval", lang), say("compare.reduction", lang))
    table.values(say("compare.needed", lang, width=width))
    for row in data["measures"]:
        name = row["measure"]
        said = _share if name.endswith("_growth") else _some
        shown = [said(row[key]) for key in ("a", "b", "difference")]
        limits = f"{said(row['low'])} – {said(row['high'])}"
        worth = [_some(row["variance_reduction"]), fixed(row["replicates_needed"], ",.0f")]
        known = has(f"outcome.{name}")
        label = say(f"outcome.{name}", lang, base=data["base_year"]) if known else name
        table.add_row(label, str(row["year"]), *shown, limits, *worth)
    title = Text(say("compare.title", lang, **data), style="bold")
    parts: list[RenderableType] = [title, table, Text()]
    moved = [row for row in data["targets"] if row.get("difference")]
    if moved:
        targets = Sheet(say("compare.targets", lang))
        targets.words(say("column.target", lang), max_width=48)
        targets.values(data["a"], data["b"], say("compare.difference", lang))
        targets.values(say("explore.interval", lang))
        for row in moved:
            shown = [fixed(row[key], ".2f") for key in ("a", "b", "difference")]
            targets.add_row(
                row[f"label_{lang}"],
                *shown,
                f"{fixed(row['low'], '.2f')} – {fixed(row['high'], '.2f')}",
            )
        parts.append(targets)
    else:
        parts.append(Text(say("compare.none", lang)))
    parts += [Text(line) for line in not_modelled(data["targets"], lang)]
    labels = {row["id"]: row[f"label_{lang}"] for row in data["targets"]}
    lines = ["", say("section.attainment", lang)]
    for name, result in data["attainment"].items():
        label = labels.get(name, name)
        if math.isnan(result["months"]):
            lines.append("  " + say("compare.never", lang, label=label))
            continue
        shares = {key: percent(result[key]) for key in ("both", "only_a", "only_b")}
        shown_months = {key: fixed(result[key], ".1f") for key in ("months", "low", "high")}
        values = {"label": label, "a": data["a"], "b": data["b"], **shares, **shown_months}
        lines.append("  " + say("compare.shift", lang, **values))
    lines += ["", say("compare.moved", lang, **_ab(data))]
    for name, result in data["moved"].items():
        keys = {"first": "this_year", "first_se": "this_year_se", "second": "next_year"}
        keys |= {"second_se": "next_year_se"}
        values = {key: number(result[value]) for key, value in keys.items()}
        label = labels.get(name) or say(f"measure.{name}", lang)
        lines.append("  " + say("moved", lang, label=label, **values))
    lines += _forward(data, lang)
    return Group(*parts, *(Text(line) for line in lines))


def _forward(data: Mapping[str, Any], lang: Language) -> list[str]:
    """Say what of the plan year's starts and money was brought forward, and what was added."""
    result = data.get("forward")
    if result is None:
        return []
    head = say("forward.title", lang, year=result["year"], pairs=result["pairs"], **_ab(data))
    lines = ["", head]
    for kind in ("starts", "money"):
        rows = result[kind]
        whole = {side: sum(row[side] for row in rows.values()) for side in ("a", "b", "difference")}
        shown = {side: fixed(value, ",.1f") for side, value in whole.items()}
        lines.append("  " + say(f"forward.{kind}", lang, **shown))
        lines += [
            "    "
            + say(
                f"forward.{name}", lang, difference=fixed(row["difference"], "+,.1f"), **_ab(data)
            )
            for name, row in rows.items()
            if row["a"] or row["b"]
        ]
    return lines


def _ab(data: Mapping[str, Any]) -> dict[str, str]:
    """Names of the two scenarios."""
    return {"one": data["a"], "two": data["b"]}


def explanation(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out an explanation: shares, waterfalls, shadow prices."""
    shares = Sheet(say("explain.shares", lang))
    shares.values(say("explore.outcome", lang), justify="left")
    shares.values(say("explain.base", lang), say("explain.gap", lang))
    shares.values(*(say(f"axis.{name}", lang) for name in data["families"]))
    shares.values(say("explain.total", lang))
    for row in data["attribution"]:
        name, unit = row["outcome"], _level(row["outcome"])
        x, sign = (1.0, "") if unit else (100.0, "%")  # a level in its unit, all else in per cent
        cells = [
            f"{fixed(x * share['value'], '+.1f')}±{fixed(x * share['se'], '.1f')}{sign}"
            for share in row["shares"].values()
        ]
        total = f"{fixed(x * row['total'], '+.1f')}±{fixed(x * row['total_se'], '.1f')}{sign}"
        gap = f"{fixed(x * row['gap'], '+.1f')}{sign}"
        base = f"{fixed(x * row['base'], '.1f')}{sign}"
        shown_unit = unit if lang == "zh" else english(unit) if unit else ""
        shares.add_row(f"{name}, {shown_unit}" if unit else name, base, gap, *cells, total)
    shift = f"{data['demand_shift']:g}"
    parts: list[RenderableType] = [
        Text(say("explain.title", lang, **data), style="bold"),
        shares if data["attribution"] else Text(say("joint_none", lang)),
        Text(say("explain.demand", lang, shift=shift)),
        Text(),
        Text(say("explain.waterfall", lang), style="bold"),
    ]
    for fall in data["waterfall"]:
        bars = [f"{say('bar.base', lang)} {number(fall['base'])}"]
        bars += [f"+ {say('bar.' + b['name'], lang)} {number(b['value'])}" for b in fall["gains"]]
        bars += [f"− {say('bar.' + b['name'], lang)} {number(b['value'])}" for b in fall["losses"]]
        bars.append(f"= {number(fall['outcome']['value'])}")
        parts.append(Text(f"  {fall['measure']}: " + "  ".join(bars)))
    for part in ("output", "waiting"):
        shown = {name: number(value) for name, value in data["why"][part].items()}
        parts.append(Text("  " + say(f"why.{part}", lang, **shown)))
    prices = Sheet(say("explain.prices", lang), names=(1,))
    prices.values("", say("plan.lever", lang), justify="left")
    prices.values(say("explain.unit", lang), say("explain.cost", lang))
    outcomes = list(data["prices"][0]["effect"])
    prices.values(*outcomes)
    for price in data["prices"]:
        cells = [
            f"{_some(price['effect'][k]['value'], 2)}±{_some(price['effect'][k]['se'], 1)}"
            f" / {_some(price['dual'][k], 2)}"
            for k in outcomes
        ]
        cost = price["cost"]
        priced = say("explain.no_price", lang) if math.isnan(cost) else _some(cost)
        resource = say(f"axis.{price['resource']}", lang)
        unit = price["unit"] if lang == "zh" else UNITS_EN.get(price["unit"], price["unit"])
        prices.add_row(resource, price["lever"], unit, priced, *cells)
    return Group(*parts, Text(), prices)


UNITS_EN = {
    "1亿": "100m yuan",
    "1000人": "1,000 places",
    "10个工作日": "10 working days",
    "100亩": "100 mu",
}
MOST_BUNDLES = 20


def bundles(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out the smallest bundles, or what is reachable instead."""
    goal = " + ".join(row[f"label_{lang}"] for row in data["targets"])
    title = say("bundle.title", lang, **{**data, "goal": goal})
    lines: list[RenderableType] = [Text(title, style="bold")]
    rows = data["bundles"] or [data["best"]]
    highest = "; ".join(
        f"{row[f'label_{lang}']} {quantity(row['highest'], row['unit'], lang)}"
        for row in data["targets"]
    )
    if data["reachable"]:
        lines.append(Text(say("bundle.found", lang, count=len(rows))))
    else:
        p = fixed(data["best"]["p"], ".2f")
        text = say("bundle.none", lang, p=p, wished=data["p"], highest=highest)
        lines.append(Text(text, style="red"))
    key, robust = (
        ("bundle.robust", f"{data['robust']:g}") if data["robust"] else ("bundle.accepted", "")
    )
    lines.append(Text(say(key, lang, p=data["p"], robust=robust, draws=data["draws"])))
    bound = say("bundle.bound", lang)
    table = Sheet()
    table.values(*(_label(name, lang) for name in data["factors"]))
    table.values(say("bundle.cost", lang), say("bundle.p", lang), bound)
    if data["robust"]:
        table.values(say("bundle.quartile", lang), bound)
    for row in rows[:MOST_BUNDLES]:
        chance = (
            f"{fixed(row['p'], '.2f')} [{fixed(row['p_low'], '.2f')}–{fixed(row['p_high'], '.2f')}]"
        )
        strengths = [f"{row['strengths'][name]:g}" for name in data["factors"]]
        sure = [row["p_bound"], *([row["quartile"], row["quartile_bound"]] if robust else [])]
        table.add_row(*strengths, number(row["cost"]), chance, *(fixed(x, ".2f") for x in sure))
    lines.append(table)
    if len(rows) > MOST_BUNDLES:
        lines.append(Text(say("bundle.more", lang, count=len(rows) - MOST_BUNDLES)))
    counts = {"run": data["bundles_run"], "grid": data["grid_size"], "runs": f"{data['runs']:,}"}
    lines.append(Text(say("bundle.spent", lang, violations=data["violations"], **counts)))
    return Group(*lines)


def frontier(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out the frontier by scenario and the maps."""
    table = Sheet()
    table.values(say("frontier.scenario", lang), justify="left")
    table.values(*data["outcomes"])
    for row in data["scenarios"]:
        cells = [
            f"{fixed(100 * row[k]['value'], '.1f')}% [{_points(row[k]['low'])}–{_points(row[k]['high'])}]"
            for k in data["outcomes"]
        ]
        table.add_row(row["scenario"], *cells)
    parts: list[RenderableType] = [Text(say("frontier.title", lang, **data), style="bold"), table]
    for chart in data["maps"]:
        for outcome in data["outcomes"]:
            names = {key: _label(chart[key], lang) for key in ("rows", "columns")}
            grid = Sheet(say("frontier.map", lang, outcome=outcome, **names))
            grid.values("", *(f"{x:g}" for x in data["grid"]))
            for x, row in zip(data["grid"], chart[outcome], strict=True):
                grid.add_row(f"{x:g}", *(f"{fixed(100 * value, '.1f')}%" for value in row))
            parts += [Text(), grid]
    return Group(*parts)


def sensitivity(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out effects or indices, the largest first."""
    parts: list[RenderableType] = [
        Text(say("sensitivity.title", lang, **data), style="bold"),
        Text(say("sensitivity.note", lang)),
    ]
    indices = data["method"] == "sobol"
    for outcome in data["outcomes"]:
        table = Sheet(outcome["outcome"])
        table.values(say("explore.factor", lang), justify="left")
        keys = ("first", "total") if indices else ("mu", "mu_star", "sigma")
        table.values(*(say(f"sensitivity.{key}", lang) for key in keys))
        if outcome["constant"]:
            parts += [Text(), Text(f"{outcome['outcome']}: {say('sensitivity.constant', lang)}")]
            continue
        size = "total" if indices else "mu_star"
        for row in sorted(outcome["rows"], key=lambda r: -r[size]):
            if indices:
                cells = [
                    f"{fixed(row[k], '.2f')} [{fixed(row[k + '_low'], '.2f')}–{fixed(row[k + '_high'], '.2f')}]"
                    for k in keys
                ]
            else:
                spread = f"{fixed(row['mu_star'], '.4f')} [{fixed(row['low'], '.4f')}–{fixed(row['high'], '.4f')}]"
                cells = [fixed(row["mu"], "+.4f"), spread, fixed(row["sigma"], ".4f")]
            table.add_row(_label(row["factor"], lang), *cells)
        parts += [Text(), table]
    return Group(*parts)


def discovery(data: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out the boxes in which a target is missed, and robustness if it was asked for."""
    shown = {**data, "goal": " + ".join(data["goal"]), "missed": percent(data["missed"])}
    parts: list[RenderableType] = [Text(say("discover.title", lang, **shown), style="bold")]
    for number_, box in enumerate(data["boxes"], 1):
        shares = {key: percent(box[key]) for key in ("density", "coverage", "mass")}
        parts.append(Text(say("discover.box", lang, number=number_, **shares)))
        for limit in box["limits"]:
            for side, sign in (("low", "≥"), ("high", "≤")):
                if limit[side] is not None:
                    value = f"{limit[side]:.3g} {limit['unit']}".replace(" 比例", "")
                    text = say(
                        "discover.limit",
                        lang,
                        factor=_label(limit["factor"], lang),
                        sign=sign,
                        value=value,
                        p=f"{limit['p_' + side]:.2g}",
                    )
                    parts.append(Text("  " + text))
    if not data["boxes"]:
        parts.append(Text(say("discover.none", lang)))
    if "robustness" in data:
        result = data["robustness"]
        table = Sheet(say("robust.title", lang, draws=result["draws"]))
        table.values(say("frontier.scenario", lang), justify="left")
        table.values(*(say(f"robust.{k}", lang) for k in ("domain", "max", "mean", "alpha")))
        for row, gap in zip(result["rows"], result["info_gap"], strict=True):
            alpha = f"{gap['alpha']:.1f}" if gap["alpha"] >= 0 else "–"
            regrets = [_some(row["regret_max"]), _some(row["regret_mean"])]
            table.add_row(row["scenario"], percent(row["domain"]), *regrets, alpha)
        parts += [Text(), table]
    return Group(*parts)
