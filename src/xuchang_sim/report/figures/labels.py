"""Labels of figures: units in a language, lines that fit."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from xuchang_sim.units import english

if TYPE_CHECKING:
    from xuchang_sim.text import Language


def unit_label(unit: str, lang: Language) -> str:
    """Unit in a language."""
    return unit if lang == "zh" else english(unit)


def wrapped(text: str, lang: Language, width: int) -> str:
    """Break a label; Chinese, which has no blanks, after a number of characters."""
    if lang == "zh":
        half = max(8, width * 10 // 17)
        return "\n".join(text[i : i + half] for i in range(0, len(text), half))
    return "\n".join(textwrap.wrap(text, width, break_long_words=False))
