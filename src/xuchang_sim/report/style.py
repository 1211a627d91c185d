"""Style: colours that differ for every eye and in grey, and the dress of a finished figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from xuchang_sim.deferred import deferred
from xuchang_sim.report.fonts import stack

with deferred():
    from matplotlib import figure as figures, text as texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from xuchang_sim.text import Language


class Paint(NamedTuple):
    """A colour and a hatch; either alone tells the entries of a legend apart."""

    colour: str
    hatch: str = ""


# Okabe and Ito (2008), in an order in which neighbours differ in lightness too.
INK = "#1a1a1a"
MUTED = "#6b6b6b"
GRID = "#d9d9d9"
BLUE, ORANGE, GREEN, SKY = "#0072b2", "#e69f00", "#009e73", "#56b4e9"
RED, PINK, YELLOW, PALE = "#d55e00", "#cc79a7", "#f0e442", "#eeeeee"

VERDICT = {  # darker the surer, so that a word has its colour and a side its hue
    "sure": Paint("#004c7a"),
    "very": Paint(BLUE),
    "likely": Paint(SKY),
    "even": Paint(ORANGE, "//"),
    "unlikely": Paint("#f0a878", ".."),
    "hardly": Paint(RED, ".."),
    "never": Paint("#8a3d00", ".."),
    "none": Paint("#b0b0b0"),
}
CAUSES = {
    "demand": Paint(SKY),
    "capacity": Paint(ORANGE, "//"),
    "labour": Paint(GREEN, "xx"),
    "finance": Paint(BLUE, ".."),
    "approval": Paint(YELLOW),
    "land": Paint(RED, "//"),
    "group_month": Paint(PINK, "\\\\"),
    "own_money": Paint(SKY, ".."),
    "bank": Paint(BLUE, "xx"),
    "none": Paint(PALE),
}
STAGES = {
    "approval": Paint(YELLOW),
    "land": Paint(RED, "//"),
    "closing": Paint(SKY, ".."),
    "building": Paint(BLUE),
}
#: Outer quantiles of a fan and how dark the band is.
BANDS = ((0.05, 0.95, 0.18), (0.25, 0.75, 0.35))


def figure(width: float, height: float) -> figures.Figure:
    """Return a figure of its own, in inches, known to no global state."""
    return figures.Figure(figsize=(width, height), layout="constrained")


def axes(ax: Axes | None, width: float = 7.0, height: float = 3.8) -> Axes:
    """Return the axes given, or those of a new figure."""
    return figure(width, height).subplots() if ax is None else ax


def dress(ax: Axes, lang: Language, *, grid: str = "y") -> Axes:
    """Give all texts of axes a font that has their characters, and take away what is not needed.

    Parameters
    ----------
    ax : Axes
        Finished axes.
    lang : {"zh", "en"}
        Language of the texts.
    grid : {"x", "y", "both", ""}
        Lines to draw behind.
    """
    names = stack(lang)
    result: list[Any] = ax.findobj(texts.Text)
    for text in result:
        text.set_fontfamily(names)
    ax.tick_params(which="both", labelfontfamily=names, color=MUTED)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(axis=grid, color=GRID, linewidth=0.6)  # type: ignore[arg-type]
    return ax
