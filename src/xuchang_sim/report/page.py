"""Page: a report as one file of HTML that needs no network and prints on A4."""

from __future__ import annotations

import json
import math
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2

from xuchang_sim.pack.levers import AXES
from xuchang_sim.report.fonts import speakable
from xuchang_sim.report.inputs import labels, repeated_input, repeats_input
from xuchang_sim.report.pictures import is_flat, pictures
from xuchang_sim.report.sentences import answer, chance
from xuchang_sim.report.skill import skill
from xuchang_sim.report.tables import (
    COUNTS,
    fixed,
    not_modelled,
    number,
    percent,
    predetermined,
    quantity,
)
from xuchang_sim.simulation.results import wilson
from xuchang_sim.simulation.targets import modelled
from xuchang_sim.text import Language, labelled, named, say, titled
from xuchang_sim.units import english

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xuchang_sim.answers.dossier import Dossier

MOST_BUNDLES = 5
#: Corrections of the model since the first edition that a report names.
CHANGES = ("land", "labour", "projects", "times", "evidence", "error")


def page(dossier: Dossier, languages: Sequence[Language]) -> str:
    """Write a report.

    Parameters
    ----------
    dossier : Dossier
        What it is about.
    languages : sequence of {"zh", "en"}
        One part for each, in this order.

    Returns
    -------
    str
        HTML; every name and number from outside is escaped.
    """
    folder = resources.files("xuchang_sim.report") / "templates"
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader({"page": (folder / "page.html").read_text(encoding="utf-8")}),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = [_part(dossier, lang) for lang in languages]
    title = say("report.title", languages[0], title=titled(dossier.pack, languages[0]))
    return environment.get_template("page").render(
        lang="zh-CN" if languages[0] == "zh" else "en",
        title=title,
        parts=parts,
        manifest=json.dumps(dossier.manifest, ensure_ascii=False, indent=1),
    )


# ---------------------------------------------------------------------------------- parts


def _part(dossier: Dossier, lang: Language) -> dict[str, Any]:
    """Everything one language shows, as words and numbers ready to be set."""
    assessment, pack = dossier.assessment, dossier.pack
    data = assessment.to_dict(undefined=math.nan)
    scenario = assessment.results.variant.scenario
    quotes = {target.id: target.quote for target in pack.plan.targets()}
    return {
        "lang": lang,
        "code": "zh-CN" if lang == "zh" else "en",
        "say": lambda key, **values: say(key, lang, **values),
        "title": say("report.title", lang, title=titled(pack, lang)),
        "facts": say(
            "report.facts",
            lang,
            number=pack.document_number,
            date=pack.information_date.isoformat(),
            scenario=titled(scenario, lang),
            replicates=f"{data['replicates']:,}",
            seed=data["seed"],
            through=data["through"],
        ),
        "failed": say("failed", lang, count=data["failed"]) if data["failed"] else "",
        "font": say("figure.no_font", lang) if speakable(lang) != lang else "",
        "answer": [*answer(assessment, lang), *skill(data["skill"], lang)],
        "zone_targets": any("zone" in row for row in data["targets"]),
        "not_modelled": not_modelled(data["targets"], lang),
        "no_goals": "" if "joint" in data else say("joint_none", lang),
        "groups": [
            {
                "title": say(key, lang),
                "rows": [
                    _target(row, quotes[row["id"]], lang)
                    for row in data["targets"]
                    if row["headline"] is headline and not repeats_input(row)
                ],
            }
            for key, headline in (("group.headline", True), ("group.other", False))
        ],
        "echoes": [
            _target(row, quotes[row["id"]], lang)
            | {"word": repeated_input(row, labels(data, lang), lang)}
            for row in filter(repeats_input, data["targets"])
        ],
        "settled": list(predetermined(data, {}, lang)),
        "moved": list(_moved(data, lang)),
        "paired": data["paired"],
        "binds": list(_binds(data, lang)),
        "zones": _by_zone(dossier, lang),
        "compare": _compare(dossier, lang),
        "shares": _shares(dossier, lang),
        "prices": _prices(dossier, lang),
        "flat": list(_flat(dossier, lang)),
        "additions": _additions(dossier, lang),
        "outlook": _outlook(dossier, lang),
        "changed": _changed(dossier, data, lang),
        "synthetic": _synthetic(dossier, lang),
        "figures": pictures(dossier, lang),
    }


def _target(row: dict[str, Any], quote: str, lang: Language) -> dict[str, Any]:
    unit = row["unit"]
    asked = {
        "paragraph": row["paragraph"],
        "quote": quote,
        "label": row[f"label_{lang}"],
        "mark": (" †" if row["basis"] == "assumption" else "") + (" ‡" if "zone" in row else ""),
        "value": f"{say('direction.' + row['direction'], lang)} {_amount(row['value'], unit, lang)}",
        "modelled": "reason" not in row,
    }
    if not asked["modelled"]:
        return asked
    return asked | {
        "p": fixed(row["p"], ".2f"),
        "interval": f"{fixed(row['p_low'], '.2f')}–{fixed(row['p_high'], '.2f')}",
        "word": chance(row["p"], lang),
        "width": round(100 * row["p"]),
        "median": _bare(row["median"], unit, lang),
        "range": f"{_bare(row['q05'], unit, lang)} – {_bare(row['q95'], unit, lang)}",
        "shortfall": _mean(row["shortfall"], unit, lang),
    }


def _bare(value: float, unit: str, lang: Language) -> str:
    """Return a quantity without its unit, which stands beside it already."""
    return _amount(value, unit, lang).split(" ")[0]


def _mean(value: float, unit: str, lang: Language) -> str:
    """Return a mean without its unit: that of a small count has a decimal."""
    if unit in COUNTS and 0.0 < abs(value) < 100.0:
        return fixed(value, ".1f")
    return _bare(value, unit, lang)


def _amount(value: float, unit: str, lang: Language) -> str:
    """Return a quantity with its unit; what is counted has no decimals."""
    text = quantity(value, unit, lang)
    # "600 100m yuan" reads as two numbers.
    return text.replace(" 1", " × 1", 1) if lang == "en" and english(unit)[:1] == "1" else text


def _moved(data: dict[str, Any], lang: Language) -> Iterator[list[str]]:
    for name, part in data["moved"].items():
        yield [
            say(f"measure.{name}", lang),
            *(
                number(part[key])
                for key in (
                    "this_year", "this_year_se", "next_year", "next_year_se",
                )
            ),
        ]  # fmt: skip


def _binds(data: dict[str, Any], lang: Language) -> Iterator[dict[str, Any]]:
    for kind, whole in (("waiting", "total"), ("output", "shortfall")):
        table = data["why"][kind]
        yield {
            "title": say(f"report.binds_{kind}", lang),
            "rows": [
                [say(f"cause.{name}", lang), number(value)]
                for name, value in sorted(table.items(), key=lambda pair: -pair[1])
                if name != whole
            ],
            "total": [say(f"report.{whole}", lang), number(table[whole])],
        }


def _by_zone(dossier: Dossier, lang: Language) -> dict[str, Any]:
    """Waiting investment of the plan year by zone and cause, and the largest cause."""
    why, pack = dossier.assessment.results.why(), dossier.pack
    year = [m for m, month in enumerate(why.months) if month.startswith(f"{pack.plan_year}-")]
    waited = {k: v[year].sum(axis=0) for k, v in why.waiting.items() if k != "total"}
    rows = []
    for z, zone in enumerate(pack.region.zones):
        values = {name: float(table[z]) for name, table in waited.items()}
        most = max(values, key=lambda name: values[name])
        rows.append(
            {
                "name": named(zone, lang),
                "cells": [number(value) for value in values.values()],
                "most": say(f"cause.{most if values[most] > 0 else 'none'}", lang),
            }
        )
    return {"causes": [say(f"cause.{name}", lang) for name in waited], "rows": rows}


def _compare(dossier: Dossier, lang: Language) -> dict[str, Any]:
    """Probabilities of the headline targets, a column a scenario."""
    heads = [t for t in modelled(dossier.pack) if t.headline]
    titles = [titled(run.variant.scenario, lang) for run in dossier.runs[:-1]]
    tables = [{row.target.id: row for row in run.targets()} for run in dossier.runs]
    return {
        "titles": [*titles, say("report.absent", lang)],
        "rows": [
            {
                "label": labelled(target, lang),
                "cells": [
                    f"{fixed(table[target.id].p, '.2f')} ({_amount(table[target.id].median, target.unit, lang)})"
                    for table in tables
                ],
            }
            for target in heads
        ],
    }


def _shares(dossier: Dossier, lang: Language) -> dict[str, Any] | None:
    """Gain of each goal from lifting each family of constraints: a column a goal."""
    if dossier.explanation is None or not dossier.explanation.attributions:
        return None
    attributions = [a for a in dossier.explanation.attributions if a.outcome.startswith("P(")]
    labels = {target.id: labelled(target, lang) for target in dossier.pack.plan.targets()}
    return {
        "titles": [labels[a.outcome[2:-1]] for a in attributions],
        "base": [fixed(a.base, ".2f") for a in attributions],
        "rows": [
            [
                say(f"axis.{name}", lang),
                *(
                    f"{fixed(a.shares[name].value, '+.2f')} ± {fixed(1.96 * a.shares[name].se, '.2f')}"
                    for a in attributions
                ),
            ]
            for name in attributions[0].shares
        ],
        "total": [
            f"{fixed(a.total, '+.2f')} ± {fixed(1.96 * a.total_se, '.2f')}" for a in attributions
        ],
    }


def _prices(dossier: Dossier, lang: Language) -> dict[str, Any] | None:
    """Effect of one more unit of each lever, a column an outcome and year."""
    if dossier.explanation is None:
        return None
    prices, year = dossier.explanation.prices, dossier.pack.plan_year
    return {
        "titles": [
            say(
                "report.gain",
                lang,
                label=say(f"measure.{name.removesuffix('_next')}", lang),
                year=year + name.endswith("_next"),
            )
            for name in prices[0].effect
        ],
        "rows": [
            [
                f"{labelled(dossier.pack.levers[price.lever], lang)} +{price.unit}",
                say("explain.no_price", lang) if math.isnan(price.cost) else number(price.cost),
                *(
                    f"{fixed(value, '+.2f')} ± {fixed(1.96 * se, '.2f')}"
                    for value, se in price.effect.values()
                ),
            ]
            for price in prices
        ],
    }


def _flat(dossier: Dossier, lang: Language) -> Iterator[str]:
    """Say in words what a map without any slope would show."""
    if dossier.frontier is None:
        return
    for (rows, columns), tables in dossier.frontier.maps.items():
        for name, table in tables.items():
            target = dossier.pack.plan.target(name)
            if is_flat(table, target.value):
                yield say(
                    "report.flat",
                    lang,
                    label=labelled(target, lang),
                    rows=say(f"axis.{rows}", lang),
                    columns=say(f"axis.{columns}", lang),
                    p=percent(dossier.frontier.p),
                    low=_amount(float(table.min()), target.unit, lang),
                    high=_amount(float(table.max()), target.unit, lang),
                    goal=_amount(target.value, target.unit, lang),
                )


def _additions(dossier: Dossier, lang: Language) -> dict[str, Any] | None:
    """Smallest bundles, if they were searched for: the verdict, and what each one moves."""
    bundle = dossier.bundle
    if bundle is None:
        return None
    labels = {target.id: labelled(target, lang) for target in dossier.pack.plan.targets()}
    goal = say("list.and", lang).join(labels[name] for name in bundle.goal.ids)
    key = "report.bundle_found" if bundle.reachable else "report.bundle_none"
    shown = bundle.bundles or (bundle.best,)
    return {
        "verdict": say(
            key,
            lang,
            goal=goal,
            p=percent(bundle.p),
            best=fixed(bundle.best.p, ".2f"),
            count=len(shown),
        ),
        "rows": [
            [
                say("list.comma", lang).join(
                    f"{say(f'axis.{name}', lang) if name in AXES else name} {value:g}"
                    for name, value in choice.strengths.items()
                    if value
                )
                or say("report.nothing", lang),
                number(choice.cost),
                f"{fixed(choice.p, '.2f')} [{fixed(choice.p_low, '.2f')}–{fixed(choice.p_high, '.2f')}]",
                fixed(choice.quartile, ".2f") if bundle.robust else "–",
            ]
            for choice in shown[:MOST_BUNDLES]
        ],
    }


def _outlook(dossier: Dossier, lang: Language) -> dict[str, Any]:
    demand = dossier.outlook["demand"]
    levels = demand["quantiles"]
    return {
        "demand": say(
            "report.demand",
            lang,
            first=demand["months"][0],
            last=demand["months"][1],
            median=percent(levels["0.50"]),
            low=percent(levels["0.05"]),
            high=percent(levels["0.95"]),
            sd=fixed(100 * demand["sd_measured"], ".1f"),
            origins=demand["origins"],
        ),
        "coverage": [
            [
                percent(row["nominal"]),
                "–" if row["measured"] is None else percent(row["measured"]),
                str(row["origins"]),
            ]
            for row in demand["coverage"]
        ],
    }


def _changed(dossier: Dossier, data: dict[str, Any], lang: Language) -> dict[str, Any] | None:
    """The first edition's answer beside this one, and the reasons why they differ."""
    first = dossier.first_edition
    if first is None:
        return None
    low, high = wilson(data["replicates"] / 2, data["replicates"])
    return {
        "note": say(
            "report.changed_note",
            lang,
            replicates=f"{first['replicates']:,}",
            seed=first["seed"],
            now=f"{data['replicates']:,}",
            margin=fixed(50.0 * (high - low), ".0f"),
        ),
        "rows": [
            (_target(row | first["targets"][row["id"]], "", lang), _target(row, "", lang))
            for row in data["targets"]
            if row["id"] in first["targets"]
        ],
        "reasons": [say(f"report.changed.{name}", lang) for name in CHANGES],
    }


def _synthetic(dossier: Dossier, lang: Language) -> list[str]:
    """Say what is made up, what is judged, and what only an assumption decides."""
    pack = dossier.pack
    notes = [say("report.synthetic_zones", lang, note=pack.region.share_note)]
    marks = Counter(parameter.mark for parameter in pack.parameters.values())
    parts = [
        say("report.mark", lang, label=say(f"mark.{mark}", lang), count=marks[mark])
        for mark in ("R", "D", "S", "U", "J")
        if marks[mark]
    ]
    joined = say("list.comma", lang).join(parts)
    notes.append(say("report.synthetic_parameters", lang, count=len(pack.parameters), parts=joined))
    assumed = [labelled(t, lang) for t in pack.plan.targets() if t.basis == "assumption"]
    if assumed:
        joined = say("list.comma", lang).join(assumed)
        notes.append(say("report.synthetic_assumed", lang, count=len(assumed), labels=joined))
    return [*notes, say("report.synthetic_base", lang, year=pack.base_year)]
