"""Tables for the terminal: assessments, matrices, the plan and its arithmetic."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from xuchang_sim import output
from xuchang_sim.report.inputs import labels, repeated_input, repeats_input
from xuchang_sim.report.sheet import Sheet
from xuchang_sim.report.skill import skill
from xuchang_sim.report.trust import significant
from xuchang_sim.simulation.results import verdict
from xuchang_sim.simulation.targets import JOINT, unmodelled
from xuchang_sim.text import Language, one_language, say
from xuchang_sim.units import english, factor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xuchang_sim.answers.assess import Assessment
    from xuchang_sim.answers.audit import AuditRow
    from xuchang_sim.answers.matrix import MatrixResult
    from xuchang_sim.pack.levers import Lever
    from xuchang_sim.pack.load import Pack

COUNTS = frozenset({"个", "家", "区", "次", "套", "座", "处", "人", "人次", "m²", "亩"})
STYLE = {
    **dict.fromkeys(("likely", "very", "sure"), "green"),
    "even": "yellow",
    **dict.fromkeys(("unlikely", "hardly", "never"), "red"),
}
WIDTH = 146


def show(what: RenderableType, *, width: int = WIDTH) -> None:
    """Print to standard output, with colours if it is a terminal."""
    terminal = Console(highlight=False)
    if terminal.legacy_windows:  # colours there are calls to the system, not characters
        terminal.print(what)
        return
    page = Console(
        file=io.StringIO(),
        force_terminal=terminal.is_terminal,
        color_system=terminal.color_system,  # type: ignore[arg-type]
        width=terminal.width if terminal.is_terminal else width,
        highlight=False,
    )
    page.print(what)
    output.answer(page.file.getvalue())  # type: ignore[attr-defined]


def number(value: float) -> str:
    """Format a number for a table: three or four significant digits, no exponent."""
    if math.isnan(value):
        return "–"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def fixed(value: float, shape: str) -> str:
    """Format an estimate in a fixed shape, such as ``.2f``; a dash where there is none."""
    return format(value, shape) if math.isfinite(value) else "–"


def percent(value: float) -> str:
    """Format a fraction as a percentage."""
    return "–" if math.isnan(value) else f"{round(100 * value) + 0:.0f}%"


def quantity(value: float, unit: str, lang: Language) -> str:
    """Format a number with its unit; fractions as percentages."""
    if unit == "比例":
        return percent(value) if abs(value) >= 0.1 or value == 0 else f"{100 * value:.1f}%"
    if unit in COUNTS and not math.isnan(value):
        return f"{value:,.0f} {unit if lang == 'zh' else english(unit)}"
    return f"{number(value)} {unit if lang == 'zh' else english(unit)}"


def assessment(answer: Assessment, lang: Language) -> RenderableType:
    """Lay out an assessment: every target, then notes, comparisons and the manifest."""
    data = answer.content(undefined=math.nan)
    pack = answer.results.setup.pack
    scenario = answer.results.variant.scenario
    title = scenario.title_zh if lang == "zh" else scenario.title_en
    parts: list[RenderableType] = [
        Text(
            say(
                "assess.title",
                lang,
                title=title,
                replicates=data["replicates"],
                seed=data["seed"],
                through=data["through"],
                date=pack.information_date.isoformat(),
            ),
            style="bold",
        )
    ]
    for group, headline in (("group.headline", True), ("group.other", False)):
        rows = [
            row for row in data["targets"] if row["headline"] is headline and not repeats_input(row)
        ]
        if rows:
            parts.append(_targets(rows, say(group, lang), lang))
    if repeated := [row for row in data["targets"] if repeats_input(row)]:
        parts.append(_targets(repeated, say("group.echo", lang), lang, labels(data, lang)))
    parts += [Text(line) for line in _notes(data, lang)]
    if data["failed"]:
        parts.append(Text(say("failed", lang, count=data["failed"]), style="red"))
    return Group(*parts)


def _targets(
    rows: Sequence[Mapping[str, Any]],
    title: str,
    lang: Language,
    echoed: Mapping[str, str] | None = None,
) -> Sheet:
    """Lay out targets, with the verdict or, where labels are given, with what each one echoes."""
    table = Sheet(title, names=(1,))
    table.values(say("column.paragraph", lang), justify="left", style="dim")
    table.words(say("column.target", lang))
    table.values(say("column.value", lang), say("column.p", lang))
    if echoed is None:
        table.values(say("column.verdict", lang), justify="left")
    table.values(say("column.median", lang), say("column.shortfall", lang))
    if echoed is not None:
        table.words(say("column.echoes", lang))
    for row in rows:
        unit = row["unit"]
        mark = " †" if row["basis"] == "assumption" else ""
        mark += " ‡" if "zone" in row else ""
        sign = say(f"direction.{row['direction']}", lang)
        asked = f"{sign} {quantity(row['value'], unit, lang)}"
        if "reason" in row:
            words = say("not_modelled", lang), "", "", ""  # such a target has no class
            table.add_row(row["paragraph"], row[f"label_{lang}"] + mark, asked, *words)
            continue
        word = verdict(row["p"])
        middle = quantity(row["median"], unit, lang).removesuffix(f" {unit}")
        low, high = (quantity(row[q], unit, lang).removesuffix(f" {unit}") for q in ("q05", "q95"))
        if lang == "en" and unit != "比例":
            shown = english(unit)
            middle, low, high = (text.removesuffix(f" {shown}") for text in (middle, low, high))
        short = percent(row["shortfall"]) if unit == "比例" else number(row["shortfall"])
        spread = f"{middle} ({low} – {high})"
        rest: tuple[str | Text, ...] = (
            (Text(say(f"verdict.{word}", lang), style=STYLE[word]), spread, short)
            if echoed is None
            else (spread, short, repeated_input(row, echoed, lang))
        )
        table.add_row(
            row["paragraph"],
            row[f"label_{lang}"] + mark,
            asked,
            f"{fixed(row['p'], '.2f')} [{fixed(row['p_low'], '.2f')}–{fixed(row['p_high'], '.2f')}]",
            *rest,
        )
    return table


def _measured(data: Mapping[str, Any], lang: Language) -> list[str]:
    """Say that classes of targets are missing or stale."""
    state = data["classes"]
    if state["measured"] and not state["stale"]:
        return []
    return [say("note.classes_stale" if state["measured"] else "note.classes_missing", lang)]


def _notes(data: Mapping[str, Any], lang: Language) -> list[str]:
    labels = {row["id"]: row[f"label_{lang}"] for row in data["targets"]}
    growth = data["real_and_reported"]
    zones = any("zone" in row for row in data["targets"])
    lines = [
        say("note.assumption", lang),
        *_measured(data, lang),
        *([say("note.synthetic_target", lang)] if zones else []),
        say("note.interval", lang),
        say("note.synthetic", lang),
        *not_modelled(data["targets"], lang),
        "",
        joint(data, lang),
        *_alone(data, lang),
        say(
            "growth",
            lang,
            reported=percent(growth["revenue_growth"]["median"]),
            real=percent(growth["revenue_real_growth"]["median"]),
        ),
        *_both(growth, lang),
        say("extras", lang, value=number(data["fai_extra"]["median"])),
        *_largest(data, lang),
        *outside(data["outside_view"], lang),
        *skill(data["skill"], lang),
        "",
        say("section.settled", lang),
    ]
    lines += [f"  {line}" for line in predetermined(data, labels, lang)]
    lines += ["", say("section.moved", lang, pairs=data["paired"])]
    for name, row in data["moved"].items():
        values = {
            "first": row["this_year"],
            "first_se": row["this_year_se"],
            "second": row["next_year"],
            "second_se": row["next_year_se"],
        }
        shown = {key: number(value) for key, value in values.items()}
        label = labels.get(name, say(f"measure.{name}", lang))
        lines.append("  " + say("moved", lang, label=label, **shown))
    if data["attainment"]:
        lines += ["", say("section.attainment", lang)]
    lines += [
        "  " + _attained(labels.get(name, name), row, lang)
        for name, row in data["attainment"].items()
    ]
    year = int(min(data["settled_detail"]["revenue"]))
    if data["attainment"] and data["followed"] < data["replicates"]:
        line = say("attainment.extended", lang, year=year, extended=data["followed"])
        lines.append("  " + line)
    lines += ["", say("section.why", lang, year=year)]
    for part, key in (("output", "why.output"), ("waiting", "why.waiting")):
        shown = {name: number(value) for name, value in data["why"][part].items()}
        lines.append("  " + say(key, lang, **shown))
    tries, scale = data["conditioning"]["attempts"], data["conditioning"]["firm_scale"]
    lines += [
        "",
        say(
            "conditioned",
            lang,
            tries=f"{tries['mean']:.1f}",
            scale=f"{scale['mean']:.2f}",
            low=f"{scale['min']:.2f}",
            high=f"{scale['max']:.2f}",
        ),
    ]
    return lines


def _alone(data: Mapping[str, Any], lang: Language) -> list[str]:
    """Say what the model gives for the headline targets without its measured error."""
    rows = [row for row in data["targets"] if row["headline"] and "model_p" in row]
    if not rows:
        return []
    each = say("list.comma", lang).join(
        f"{row[f'label_{lang}']} {fixed(row['model_p'], '.2f')}" for row in rows
    )
    return [say("model_alone", lang, each=each, replicates=data["model_replicates"])]


def _both(growth: Mapping[str, Any], lang: Language) -> list[str]:
    """Say how likely the plan's growth of revenue is, reported and real, if it asks for one."""
    reported, real = (growth[f"revenue{part}_growth"].get("p") for part in ("", "_real"))
    if reported is None or real is None:
        return []
    return [say("growth_p", lang, reported=fixed(reported, ".2f"), real=fixed(real, ".2f"))]


def not_modelled(targets: Sequence[Mapping[str, Any]], lang: Language) -> list[str]:
    """Say of every target that is not modelled why: a line each."""
    reason = "reason" if lang == "en" else "reason_zh"
    return [
        say("not_modelled_line", lang, label=row[f"label_{lang}"], reason=row[reason])
        for row in targets
        if "reason" in row
    ]


def joint(data: Mapping[str, Any], lang: Language) -> str:
    """Say how likely the plan's goals are together; in words if it has none."""
    chance = data.get("joint")
    if chance is None:
        return say("joint_none", lang)
    ids = chance["ids"]
    shown = {key: fixed(chance["p" + limit], ".2f") for key, limit in JOINT_NUMBERS.items()}
    if tuple(ids) == JOINT:
        return say("joint", lang, **shown)
    labels = {row["id"]: row[f"label_{lang}"] for row in data["targets"]}
    key = "joint_one" if len(ids) == 1 else "joint_several"
    return say(key, lang, labels=say("list.and", lang).join(labels[x] for x in ids), **shown)


JOINT_NUMBERS = {"p": "", "low": "_low", "high": "_high"}


def _largest(data: Mapping[str, Any], lang: Language) -> list[str]:
    """Say what the largest project decides, if the plan asks for investment."""
    p = data.get("p_fai_without_largest_project")
    return [] if p is None else [say("largest", lang, p=fixed(p, ".2f"))]


def predetermined(
    data: Mapping[str, Any], labels: Mapping[str, str], lang: Language
) -> Iterator[str]:
    """Say what share of each outcome's variance and level was predetermined, by year."""
    for name, years in data["settled_detail"].items():
        for year, part in years.items():
            yield say(
                "settled",
                lang,
                label=labels.get(name, say(f"measure.{name}", lang)),
                year=year,
                variance=percent(part["variance"]),
                error=percent(part["variance_se"]),
                level=percent(part["level"]),
            )


def _attained(label: str, data: Mapping[str, Any], lang: Language) -> str:
    months, p_by = data["months"], data["p_by"]

    def when(share: float) -> str:
        later = [month for month, p in zip(months, p_by, strict=True) if p >= share]
        return say("by", lang, month=later[0]) if later else say("never", lang)

    return say(
        "attainment.quartiles",
        lang,
        label=label,
        q25=when(0.25),
        q50=when(0.5),
        q75=when(0.75),
        last=months[-1],
        never=percent(1.0 - p_by[-1]),
    )


MATRIX_COLUMNS = (
    "p_revenue",
    "p_fai",
    "p_joint",
    "p_workers",
    "fai",
    "starts_1e8",
    "workers",
    "revenue",
    "revenue_real",
    "revenue_next",
    "run_rate",
)


def matrix(answer: MatrixResult, lang: Language) -> RenderableType:
    """Lay out a matrix of scenarios."""
    title = answer.matrix.title_zh if lang == "zh" else answer.matrix.title_en
    head = say(
        "matrix.title",
        lang,
        title=title,
        replicates=answer.setup.replicates,
        seed=answer.setup.seed,
    )
    share = say(
        "matrix.settled",
        lang,
        year=answer.setup.pack.plan_year,
        share=percent(answer.predetermined),
        gap=number(answer.largest[0]),
        se=number(answer.largest[1]),
    )
    parts: list[RenderableType] = [
        Text(head, style="bold"),
        _cells(answer.cells, answer, lang),
        Text(share),
    ]
    extended = answer.setup.extended
    if extended < answer.setup.replicates:
        parts.append(Text(say("matrix.extended", lang, extended=extended)))
    parts += [
        Text(
            say(
                "not_modelled_line",
                lang,
                label=say(f"matrix.{key}", lang),
                reason=reason.zh if lang == "zh" else reason.en,
            )
        )
        for key, reason in answer.left_out.items()
    ]
    if answer.constant:
        names = ", ".join(column(name, answer, lang) for name in answer.constant)
        parts.append(Text(say("matrix.constant", lang, names=names)))
    if answer.earlier is not None:
        parts += [
            Text(),
            Text(say("matrix.earlier", lang), style="bold"),
            _cells(answer.earlier, answer, lang),
        ]
    return Group(*parts)


def column(key: str, answer: MatrixResult, lang: Language) -> str:
    """Head of a column of a matrix: the joint is of both, revenue and investment, or of others."""
    both = not answer.left_out.keys() & {"p_revenue", "p_fai"}
    return say("matrix.p_goals" if key == "p_joint" and not both else f"matrix.{key}", lang)


def _cells(rows: Sequence[Mapping[str, Any]], answer: MatrixResult, lang: Language) -> Sheet:
    axes = answer.matrix.axes
    table = Sheet(names=range(len(axes)))
    shown = [key for key in MATRIX_COLUMNS if key in rows[0]]
    table.values(*(say(f"axis.{axis}", lang) for axis in axes), justify="left")
    table.values(*(column(key, answer, lang) for key in shown))
    for row in rows:
        cells = [say(f"level.{row[axis]}", lang) for axis in axes]
        for key in shown:
            value = row[key] / factor("万人", "人") if key == "workers" else row[key]
            cells.append(fixed(value, ".2f") if key.startswith("p_") else number(value))
        table.add_row(*cells)
    return table


def plan(pack: Pack, lang: Language) -> RenderableType:
    """List the plan's targets and instruments with their paragraphs and levers."""
    title = pack.title_zh if lang == "zh" else pack.title_en
    head = say("plan.title", lang, title=title, number=pack.document_number)
    targets = Sheet(say("plan.targets", lang), names=(2,))
    targets.values(say("column.row", lang))
    targets.values(say("column.paragraph", lang), "id", justify="left")
    targets.words(say("column.target", lang), max_width=44)
    targets.values(say("column.value", lang))
    reasons = unmodelled(pack)
    for target in pack.plan.targets():
        label = target.label_zh if lang == "zh" else target.label_en
        sign = say(f"direction.{target.direction}", lang)
        value = f"{sign} {quantity(target.value, target.unit, lang)}"
        if reason := reasons.get(target.id):
            why = reason.zh if lang == "zh" else reason.en
            value = say("plan.not_modelled", lang, value=value, reason=why)
        targets.add_row(str(target.row), target.paragraph, target.id, label, value)
    levers = Sheet(say("plan.instruments", lang))
    levers.values(say("column.row", lang))
    levers.values(say("column.paragraph", lang), justify="left")
    levers.words(say("plan.instruments", lang), max_width=48)
    levers.words(say("plan.lever", lang), max_width=52)
    for row in pack.plan.rows:
        if "instrument" not in row.type:
            continue
        label = row.label_zh if lang == "zh" else row.label_en
        held = [f"{name} {_moved(pack.levers[name], lang)}" for name in row.levers]
        text = "; ".join(held) or say(
            "plan.none", lang, reason=one_language(row.reason or row.how, lang)
        )
        levers.add_row(str(row.row), row.paragraph, label, text)
    return Group(Text(head, style="bold"), targets, Text(), levers)


def _moved(lever: Lever, lang: Language) -> str:
    """Say from where to where a plan moves a lever: small values whole, fractions as percentages."""
    ends = lever.absent, lever.plan
    if lever.unit == "比例":
        return " → ".join(f"{100.0 * end:.3g}%" for end in ends)
    unit = lever.unit if lang == "zh" else english(lever.unit)
    return f"{' → '.join(map(significant, ends))} {unit}"


def audit(rows: Sequence[AuditRow], lang: Language) -> RenderableType:
    """Lay out the audit of the plan's own arithmetic."""
    table = Sheet(say("check.title", lang))
    table.words(say("column.paragraph", lang), style="dim", max_width=16)
    table.words("", max_width=92)
    table.values("", justify="left")
    colour = {"yes": "green", "no": "red", "ambiguous": "yellow", "not_applicable": "dim"}
    for row in rows:
        label = row.label_zh if lang == "zh" else row.label_en
        finding = row.finding_zh if lang == "zh" else row.finding_en
        body = Text(label, style="bold").append(f"\n{finding}", style="not bold")
        figures = "; ".join(
            f"{f.label_zh if lang == 'zh' else f.label_en} {quantity(f.value, f.unit, lang)}"
            for f in row.figures
        )
        body.append(f"\n{figures}\n", style="dim")
        verdict_text = Text(say(f"check.{row.holds}", lang), style=colour[row.holds])
        table.add_row(row.paragraph, body, verdict_text)
    return table


def outside(view: Mapping[str, Any], lang: Language) -> list[str]:
    """Lay out the reference-class forecast: a line a growth rate."""
    return [
        say(
            "outside",
            lang,
            label=say(f"rate.{name}", lang),
            goal=percent(rate["goal"]),
            p=f"{rate['p']:.2f}",
            **spread(rate["quantiles"]),
        )
        if "goal" in rate
        else say(
            "outside_no_goal",
            lang,
            label=say(f"rate.{name}", lang),
            **spread(rate["quantiles"]),
        )
        for name, rate in view.items()
    ]


def spread(quantiles: Mapping[str, float]) -> dict[str, str]:
    """Low, middle and high of a forecast, as percentages."""
    names = {"low": "0.05", "median": "0.50", "high": "0.95"}
    return {name: percent(quantiles[level]) for name, level in names.items()}
