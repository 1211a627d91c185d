"""Sentences on measured skill: the verdict on the simple forecasts, and the line beside every answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from xuchang_sim.answers.simple import SIMPLE
from xuchang_sim.text import Language, say

if TYPE_CHECKING:
    from collections.abc import Mapping


def verdict(data: Mapping[str, Any], lang: Language) -> str:
    """Say whether the model beat the best simple forecast, with the margin.

    Parameters
    ----------
    data : mapping
        Scores, or a seal: ``better``, ``verdict``, and ``differences`` or ``difference``.
    lang : str
    """
    better = data.get("better")
    if better is None:
        return say("hindcast.verdict_unscored", lang)
    gap = data["difference"] if "difference" in data else data["differences"][better]
    known = {name: gap.get(name) for name in ("difference", "low", "high", "counts")}
    there = all(x is not None and math.isfinite(x) for x in known.values())
    words = {name: f"{x:.1f}" if x is not None else "–" for name, x in known.items()}
    key = data["verdict"] if there else "single"
    return say(f"hindcast.verdict_{key}", lang, name=say(f"hindcast.{better}", lang), **words)


def skill(data: Mapping[str, Any], lang: Language) -> list[str]:
    """Say the measured skill of this version in one line, the better forecast's interval first.

    Parameters
    ----------
    data : mapping
        See :func:`xuchang_sim.answers.skill.skill`.
    lang : str

    Returns
    -------
    list of str
        The line; before it, where a simple forecast was at least as good, a line a growth rate.
    """
    if not data["measured"]:
        return [say("skill.not_measured", lang)]
    lines = []
    for name, both in data["intervals"].items() if data["simple_first"] else ():
        limits = {
            f"{who}_{end}": f"{both[who][k]:.0%}"
            for who in ("simple", "model")
            for k, end in enumerate(("low", "high"))
        }
        lines.append(
            say(
                "skill.interval",
                lang,
                name=say(f"hindcast.{both['name']}", lang),
                label=say(f"rate.{name}", lang),
                **limits,
            )
        )
    others = ", ".join(
        f"{say(f'hindcast.{name}', lang)} {data['crps'][name]:.1f}"
        for name in (*(("pool",) if data.get("is_pooled") else ()), *SIMPLE)
        if data["crps"].get(name) is not None
    )
    model = data["crps"].get("model")
    line = say(
        "skill.line",
        lang,
        model="–" if model is None else f"{model:.1f}",
        others=others,
        verdict=verdict(data, lang),
        **{name: data[name] for name in ("whole_packs", "case_years", "years")},
    )
    return [*lines, line + (say("skill.stale", lang) if data["stale"] else "")]
