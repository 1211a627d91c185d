"""Compute the tables of validation.md anew and write them between their marks; a few minutes.

Run from anywhere: ``python docs/validation_tables.py``, with ``calibration``, ``facts``, ``answers``,
``uncertainty``, ``outlook`` or ``levers`` for a part of them. The posterior is read from the pack; make it first with
``xuchang-sim calibrate``.
"""

from __future__ import annotations

import math
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xuchang_sim.answers.classes import ALL, EFFECTS, SCOPE
from xuchang_sim.forecast.report import outlook_report
from xuchang_sim.pack.levers import AXES
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.study import Study, facts, simulate, uncertainty
from xuchang_sim.text import one_language, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PAGE = Path(__file__).with_name("validation.md")
HEADLINES = "revenue_growth", "fai_growth"
TOP = 10
REPLICATES = 2000


def main() -> None:
    """Rewrite the blocks of the page."""
    parts = {
        "calibration": calibrated,
        "facts": judged,
        "answers": answers,
        "uncertainty": split,
        "outlook": forecast,
        "levers": moved,
    }
    chosen = sys.argv[1:] or list(parts)
    if wrong := set(chosen) - set(parts):
        sys.exit(f"no such part: {', '.join(sorted(wrong))}; allowed: {', '.join(parts)}")
    pack = load_pack()
    blocks: dict[str, str] = {}
    for part in chosen:
        blocks |= parts[part](pack)
    # Read only now: others may have written other sections meanwhile.
    text = PAGE.read_text(encoding="utf-8")
    for name, table in blocks.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        text, count = pattern.subn(lambda m, t=table: f"{m[1]}\n{t}\n\n{m[2]}", text)
        if count != 1:
            sys.exit(f"{PAGE.name} has {count} blocks named {name}; wanted: one")
    written = PAGE.with_suffix(".part")
    with written.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    written.replace(PAGE)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table; all columns but the first to the right."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def short(value: float | None) -> str:
    """Return three significant digits."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 or value == 0 else "< 0.001"


def spread(row: Mapping[str, float]) -> str:
    """Return mean and 80% interval."""
    return f"{short(row['mean'])} ({short(row['q10'])} – {short(row['q90'])})"


def judged(pack: Pack) -> dict[str, str]:
    """Tell the facts: value, band, verdict."""
    data = facts(pack=pack).to_dict(undefined=math.nan)
    rows = []
    for row in data["facts"]:
        one = not isinstance(row["target"], dict)
        bands = {"": row["target"]} if one else row["target"]
        values = {"": row["value"]} if one else row["value"]
        shown = [
            f"{say(f'number.{name}', 'en') if name else ''} {short(values[name])}".strip()
            for name in bands
        ]
        wanted = [
            f"{short(low)} – {short(high)}" if high is not None else f"≥ {short(low)}"
            for low, high in bands.values()
        ]
        verdict = "yes" if row["passes"] else "**no**"
        mark = " °" if row["later_source"] else ""
        rows.append((row["label_en"] + mark, "; ".join(shown), "; ".join(wanted), verdict))
    failed = [row for row in data["facts"] if not row["passes"]]
    reasons = "\n".join(
        f"- *{row['label_en']}*: {one_language(row['reason'], 'en')}." for row in failed
    )
    count = f"**{data['passed']} of {len(data['facts'])} hold** ({data['replicates']} runs, parameters {data['parameters']})."
    return {
        "facts": table(("fact", "simulated", "band", "holds"), rows),
        "facts-count": count,
        "facts-failed": reasons or "None fails.",
    }


def calibrated(pack: Pack) -> dict[str, str]:
    """Tell the moments, the parameters and the recovery test of the posterior that is shipped."""
    if pack.posterior is None:
        sys.exit("the pack has no posterior: run xuchang-sim calibrate")
    report = pack.posterior.report
    moments = [
        (
            row["label_en"] + ("" if row["weighs"] else " °"),
            spread(row["prior"]),
            f"{short(row['observed'])} ± {short(row['sd'])}",
            spread(row["predicted"]),
            "yes" if row["covered"] else "**no**",
            f"{row['pit_prior']:.2f}",
            f"{row['pit']:.2f}",
        )
        for row in report["moments"]
    ]
    ranked = sorted(report["parameters"], key=lambda row: -row["narrowed"])
    parameters = [
        (
            row["label_en"],
            spread(row["prior"]),
            spread(row["posterior"]),
            f"{100 * row['narrowed']:.0f}%",
        )
        for row in ranked
        if row["narrowed"] >= 0.01
    ]
    rest = [row["label_en"] for row in ranked if row["narrowed"] < 0.01]
    recovery = report["recovery"]
    return {
        "moments": table(
            (
                *("moment", "prior", "data", "posterior prediction", "inside"),
                *("place in the prior", "place by the other figures"),
            ),
            moments,
        ),
        "parameters": table(("parameter", "prior", "posterior", "narrower by"), parameters),
        "recovery": (
            f"{report['simulations']:,} simulations, {report['incompatible']} of them incompatible"
            f" with 2011; {report['effective']:,.0f} effective draws"
            f" ({100 * report['effective'] / report['simulations']:.1f}%). A pipeline that fits 2011 is"
            f" found at {report['attempts']['prior']:.2f} attempts under the priors,"
            f" {report['attempts']['posterior']:.2f} under the posterior. Moments depend on"
            f" {len(ranked)} parameters; {len(rest)} of these are not narrowed by a hundredth, and"
            f" about {len(report['silent'])} more the data say nothing at all: they keep their priors."
            f" Recovery of {recovery['truths']} known truths: smallest p of uniform ranks"
            f" {short(min(recovery['p'].values()))}, {short(recovery['least_p_holm'])} after Holm's"
            f" correction; 80% intervals hold {100 * recovery['coverage_80']:.0f}% of the truths."
        ),
    }


def answers(pack: Pack) -> dict[str, str]:
    """Tell the plan's answer under priors and under the posterior."""
    rows = []
    for draws in ("sampled", "posterior"):
        found = simulate(pack=pack, replicates=REPLICATES, parameters=draws)  # type: ignore[arg-type]
        told = {row.target.id: row for row in found.targets()}
        cells = []
        for name in HEADLINES:
            row = told[name]
            cells += [
                f"{100 * row.median:.1f}% ({100 * row.q05:.1f} – {100 * row.q95:.1f})",
                f"{row.p:.2f} [{row.p_low:.2f} – {row.p_high:.2f}]",
            ]
        rows.append(("priors" if draws == "sampled" else "posterior", *cells))
    head = ("parameters", "growth of revenue", "P(≥ 40%)", "growth of investment", "P(≥ 30%)")
    return {"answers": table(head, rows)}


def moved(pack: Pack) -> dict[str, str]:
    """Tell what families of levers and single levers move, measured as the shipped classes are."""
    measured = Study(replicates=1000).classes().to_dict()
    names = {name: say(f"axis.{name}", "en") for name in (*AXES, ALL, SCOPE)}
    names |= {name: f"· {lever.label_en}" for name, lever in pack.levers.items()}
    found = measured["effects"] | measured["levers"]
    rows = []
    for name in (name for name in names if name in found):
        by = found[name]
        effects = [effect for measure in EFFECTS for effect in by[measure]]
        # Levers alone only where they move a tenth of a point of real revenue, or a point of investment.
        real, fai = by["revenue_real_growth"], by["fai_growth"]
        small = all(abs(e["mean"]) < 0.001 for e in real) and all(
            abs(e["mean"]) < 0.01 for e in fai
        )
        if name in measured["effects"] or not small or by["revenue_growth"][0]["mean"] > 0.01:
            cells = [f"{100.0 * e['mean']:+.2f} ± {100.0 * e['se']:.2f}" for e in effects]
            rows.append((names[name], *cells))
    years = (pack.plan_year, pack.plan_year + 1)
    kinds = ("reported revenue", "real revenue", "investment")
    head = ("levers", *(f"{kind} {year}" for kind in kinds for year in years))
    return {"levers": table(head, rows)}


def split(pack: Pack) -> dict[str, str]:
    """Tell where the uncertainty is."""
    data = uncertainty(pack=pack).to_dict(undefined=math.nan)
    labels = {name: parameter.label_en for name, parameter in pack.parameters.items()}
    labels |= {name: lever.label_en for name, lever in pack.levers.items()}
    labels |= {target.id: target.label_en for target in pack.plan.targets()}
    labels |= {"chance": "*chance*", "all": "**all of these**"}
    shares = [
        (
            labels[name],
            f"{100 * row['mean']:.1f}%",
            f"{100 * row['sd']:.1f}",
            *tuple(f"{100 * row[key]:.0f}%" for key in ("parameters", "demand", "chance")),
        )
        for name, row in data["shares"].items()
    ]
    head = ("growth in the plan year", "mean", "sd, points", "parameters", "national demand")
    ranked = {
        name: sorted(rows.items(), key=lambda item: -item[1]["total"])[: TOP + 1]
        for name, rows in data["indices"].items()
    }
    indices = [
        tuple(
            cell
            for name in HEADLINES
            for key, row in [ranked[name][k]]
            for cell in (labels[key], f"{row['first']:.2f}", f"{row['total']:.2f}")
        )
        for k in range(TOP + 1)
    ]
    curves = [
        (labels[name], *(cell for cell in _ends(points))) for name, points in data["curves"].items()
    ]
    columns = ("revenue", "fai", "revenue_next", "fai_next")
    ornaments = [
        (labels[name], *(f"{100 * row[key]:+.3f}%" for key in columns))
        for name, row in data["decoration"].items()
    ]
    return {
        "shares": table((*head, "all other chance"), shares),
        "indices": table(
            ("for revenue", "first", "total", "for investment", "first", "total"), indices
        ),
        "curves": table(("from its lowest to its highest value", *CURVE_HEAD), curves),
        "decoration": table(
            ("without", "revenue", "investment", "revenue next year", "investment next year"),
            ornaments,
        ),
    }


CURVE_HEAD = ("values", "growth of revenue", "P(≥ 40%)", "growth of investment", "P(≥ 30%)")


def forecast(pack: Pack) -> dict[str, str]:
    """Tell the backtest of the pack's series, the measured error of the drivers, the outside view."""
    report = outlook_report(pack, backtest=True)
    compared = report["backtest"]["comparison"]
    heads = ["series", "origins", "values", "50%", "80%", "95%", "skill", "over best", "best"]

    def line(name: str, of: Mapping[str, Any], best: str) -> tuple[str, ...]:
        cells = [f"{of[f'cover{c}']:.2f}" for c in (50, 80, 95)]
        ratios = f"{of['skill']:+.2f}".replace("-", "−"), f"{of['ratio']:.2f}"
        return (name, str(of["origins"]), str(of["values"]), *cells, *ratios, best)

    rows = [line(name, of, of["best"]) for name, of in compared["series"].items()]
    rows.append(line("all series", compared["all"], "each series' own"))
    shared = [(name, of) for name, of in compared["kept"].items() if of["series"] > 1]
    kept = sorted(shared, key=lambda item: -item[1]["ratio"])
    told = [(name, str(of["series"]), f"{of['ratio']:.2f}") for name, of in kept[:6]]
    demand = report["demand"]
    covered = [
        f"{c['measured']:.2f} at nominal {c['nominal']:.2f} ({c['origins']} origins)"
        for c in demand["coverage"]
    ]
    view = [
        (rate, "–" if of["p"] is None else f"{of['p']:.2f}", *_range(of["quantiles"]))
        for rate, of in report["outside_view"].items()
    ]
    return {
        "outlook": table(heads, rows),
        "outlook-kept": table(
            ["one model kept for all series", "series", "combined over it"], told
        ),
        "outlook-drivers": (
            f"Value added plus producer prices, mean of twelve months: measured error "
            f"{100 * demand['sd_measured']:.1f} points at {demand['origins']} origins; intervals with"
            f" the scale known at each origin hold {'; '.join(covered)}."
        ),
        "outlook-outside": table(["growth in 2012", "P(goal)", "median", "5 – 95%"], view),
    }


def _range(quantiles: Mapping[str, float]) -> tuple[str, str]:
    low, middle, high = (f"{100 * quantiles[level]:.0f}%" for level in ("0.05", "0.50", "0.95"))
    return middle, f"{low} – {high}"


def _ends(points: list[dict[str, Any]]) -> list[str]:
    chosen = [points[0], points[len(points) // 2], points[-1]]
    cells = [" · ".join(short(point["value"]) for point in chosen)]
    for name in HEADLINES:
        cells.append(" · ".join(f"{100 * point[name]:.1f}%" for point in chosen))
        cells.append(" · ".join(f"{point[f'{name}_p']:.2f}" for point in chosen))
    return cells


if __name__ == "__main__":
    main()
