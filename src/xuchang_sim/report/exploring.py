"""Tables of what is explored: sweeps, comparisons, causes, bundles, sensitivity, discovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xuchang_sim.report.words import Language, say

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
