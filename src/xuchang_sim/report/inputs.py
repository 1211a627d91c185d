"""Targets that repeat an input of the model, because no mechanism moves them: they have no verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xuchang_sim import definitions
from xuchang_sim.answers.classes import read_classes
from xuchang_sim.text import Language, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from xuchang_sim.simulation.setup import Setup


def repeats_input(row: Mapping[str, Any]) -> bool:
    """Whether a target repeats an input of the model, so that a verdict would say nothing."""
    return bool(row.get("target_class", "mechanism") != "mechanism")


def without_verdict(setup: Setup) -> frozenset[str]:
    """Targets of a run that repeat an input; none where what moves them was not measured."""
    measured, _ = read_classes(setup.pack, setup.draws)
    return frozenset(name for name, row in measured.items() if row["kind"] != "mechanism")


def labels(data: Mapping[str, Any], lang: Language) -> dict[str, str]:
    """Labels of the inputs that a target may repeat: levers, parameters, other targets."""
    known = {**definitions.parameters(), **definitions.levers()}
    result = {name: getattr(entry.label, lang) for name, entry in known.items()}
    return result | {row["id"]: row[f"label_{lang}"] for row in data["targets"]}


def repeated_input(row: Mapping[str, Any], names: Mapping[str, str], lang: Language) -> str:
    """Name the input that a target repeats."""
    kind, what = row["target_class"], row["echoes"]
    key = f"{kind}_{what}" if kind == "fixed" or what == "chance" else kind
    return say(f"classes.{key}", lang, what=names.get(what, what))
