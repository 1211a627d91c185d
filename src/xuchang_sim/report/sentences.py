"""Sentences: the answer in words and numbers, for people who read one paragraph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xuchang_sim.report.inputs import repeats_input
from xuchang_sim.report.tables import fixed, number, percent, quantity
from xuchang_sim.simulation.results import verdict
from xuchang_sim.text import Language, say, titled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from xuchang_sim.answers.assess import Assessment


def chance(p: float, lang: Language, *, rated: bool = True) -> str:
    """Return the verdict on a probability in words; each word stands for a fixed range.

    A target that repeats an input is not rated: the word says so.
    """
    return say(f"verdict.{verdict(p) if rated else 'none'}", lang)


def answer(assessment: Assessment, lang: Language) -> list[str]:
    """Say in three sentences how likely the goals are together, each alone, and what binds.

    A plan without a goal that is modelled has the last sentence, and one that says so.
    """
    data = assessment.content(undefined=math.nan)
    pack = assessment.results.setup.pack
    scenario = assessment.results.variant.scenario
    title = titled(scenario, lang)
    rows = {row["id"]: row for row in data["targets"]}
    third = _third(data, pack.plan_year, lang)
    joint = data.get("joint")
    if joint is None:
        return [say("joint_none", lang), third]
    together = say("list.and", lang).join(rows[name][f"label_{lang}"] for name in joint["ids"])
    good = data["replicates"] - data["failed"]
    first = say(
        "answer.joint" if len(joint["ids"]) > 1 else "answer.one",
        lang,
        title=title[:1].upper() + title[1:],
        labels=together,
        chance=chance(
            joint["p"], lang, rated=not any(repeats_input(rows[name]) for name in joint["ids"])
        ),
        p=fixed(joint["p"], ".2f"),
        count=f"{round(joint['p'] * good):,}",
        all=f"{good:,}",
    )
    each = say("list.semicolon", lang).join(
        say(
            "answer.each",
            lang,
            label=row[f"label_{lang}"],
            value=quantity(row["value"], row["unit"], lang),
            chance=chance(row["p"], lang, rated=not repeats_input(row)),
            p=fixed(row["p"], ".2f"),
            median=quantity(row["median"], row["unit"], lang),
        )
        for row in (rows[name] for name in joint["ids"])
    )
    return [first, say("answer.headlines", lang, each=each), third]


def _third(data: Mapping[str, Any], year: int, lang: Language) -> str:
    waiting = {k: v for k, v in data["why"]["waiting"].items() if k != "total"}
    most = max(waiting, key=lambda name: waiting[name])
    total = data["why"]["waiting"]["total"]
    moved = say("list.comma", lang).join(
        say(
            "answer.moved",
            lang,
            label=say(f"measure.{name}", lang),
            value=number(result["this_year"]),
        )
        for name, result in data["moved"].items()
    )
    shares = say("list.comma", lang).join(
        say("answer.settled_part", lang, label=say(f"measure.{name}", lang), share=percent(share))
        for name, share in data["settled"].items()
    )
    return say(
        "answer.settled",
        lang,
        year=year,
        settled=shares,
        moved=moved,
        cause=say(f"cause.{most}", lang),
        share=percent(waiting[most] / total) if total > 0 else percent(math.nan),
    )
