"""Figures: every one in both languages, with units, without boxes, overlaps or global state."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.text import Text

from xuchang_sim.answers.assess import Assessment
from xuchang_sim.answers.biographies import projects
from xuchang_sim.forecast.drivers import NAMES, drivers
from xuchang_sim.pack.load import Pack
from xuchang_sim.report import figures, fonts
from xuchang_sim.report.inputs import without_verdict
from xuchang_sim.report.style import VERDICT, figure
from xuchang_sim.study import economy
from xuchang_sim.text import Language, say

CHINESE = pytest.mark.skipif(
    not fonts.families(), reason="no Chinese font on this machine (Debian: fonts-noto-cjk)"
)
LANGUAGES = [pytest.param("zh", marks=CHINESE), "en"]


@pytest.fixture(scope="session")
def biography(pack: Pack) -> pd.DataFrame:
    world = economy(pack=pack)
    while world.month < pack.default_through:
        world.step()
    return projects(world)


@pytest.fixture(scope="session")
def cells() -> list[dict[str, Any]]:
    levels = ("low", "plan", "high")
    return [
        {"land": a, "finance": b, "labour": c, "p_joint": (i + j + k) / 6, "fai": 600.0 + i}
        for i, a in enumerate(levels)
        for j, b in enumerate(levels)
        for k, c in enumerate(levels)
    ]


Draw = Callable[[Language], Any]


@pytest.fixture(scope="session")
def gallery(
    assessment: Assessment, pack: Pack, biography: pd.DataFrame, cells: list[dict[str, Any]]
) -> dict[str, Draw]:
    run = assessment.results
    why = run.why()
    paths = drivers(pack, 60, 1, "2013-12")
    rows = pd.DataFrame({"label": ["a", "b"], "low": [0.2, 0.3], "high": [0.5, 0.25], "base": 0.28})
    grid = pd.DataFrame(
        [(x, y, 1 / (1 + np.exp(4.0 - x - y))) for x in range(5) for y in range(5)],
        columns=["x", "y", "p"],
    )
    steps = [
        figures.Step("base", 1800.0, total=True),
        figures.Step("land", 12.0, error=2.0),
        figures.Step("labour", -3.0),
        figures.Step("plan", 1809.0, total=True),
    ]
    two = {"one": run, "two": assessment.absent}
    f = figures
    return {
        "fan revenue": lambda lang: f.fan(run, "revenue", lang=lang, known={"2011-11": 1225.0}),
        "fan fai": lambda lang: f.fan(run, "fai", lang=lang),
        "probabilities": lambda lang: f.probabilities(run.targets(), lang=lang),
        "heat": lambda lang: f.heat(cells, lang=lang),
        "heat means": lambda lang: f.heat(cells, "fai", lang=lang),
        "tornado": lambda lang: f.tornado(rows, lang=lang, label="P"),
        "waterfall": lambda lang: f.waterfall(steps, lang=lang, label="R"),
        "ribbon": lambda lang: f.ribbon(why, pack, lang=lang),
        "ribbon output": lambda lang: f.ribbon(why, pack, kind="output", lang=lang),
        "causes": lambda lang: f.causes(why, lang=lang),
        "causes output": lambda lang: f.causes(why, kind="output", lang=lang),
        "gantt": lambda lang: f.gantt(biography, pack, lang=lang),
        "zones": lambda lang: f.zones(run, lang=lang)[0],
        "frontier": lambda lang: f.frontier(grid, lang=lang, x_label="x (mu)", y_label="y (mu)"),
        "frontier points": lambda lang: f.frontier(
            grid.iloc[:7], lang=lang, x_label="x (mu)", y_label="y (mu)"
        ),
        "outlook": lambda lang: f.outlook(paths, NAMES[0], lang=lang),
        "attainment": lambda lang: f.attainment(run, lang=lang),
        "comparison": lambda lang: f.comparison(two, ["revenue", "fai"], lang=lang),
    }


FIGURES = [
    "fan revenue", "fan fai", "probabilities", "heat", "heat means", "tornado", "waterfall",
    "ribbon", "ribbon output", "causes", "causes output", "gantt", "zones", "frontier",
    "frontier points", "outlook", "attainment", "comparison",
]  # fmt: skip


def test_the_list_is_complete(gallery: dict[str, Draw]) -> None:
    assert sorted(gallery) == sorted(FIGURES)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", FIGURES)
def test_figure(name: str, lang: Language, gallery: dict[str, Draw]) -> None:
    """A missing glyph is a warning, and warnings are errors."""
    before = dict(mpl.rcParams)
    ax = gallery[name](lang)
    assert isinstance(ax, Axes)
    assert dict(mpl.rcParams) == before
    drawn: Any = ax.get_figure()
    canvas: Any = FigureCanvasAgg(drawn)
    canvas.draw()
    for part in drawn.axes:
        if part.get_visible() and part.get_label() != "<colorbar>" and name != "zones":
            assert part.get_xlabel() or name == "waterfall"  # its steps are words
            assert part.get_ylabel() or part.get_yticklabels()[0].get_text()
    assert not overlaps(drawn, canvas), overlaps(drawn, canvas)


def overlaps(drawn: Any, canvas: Any) -> list[tuple[str, str]]:
    """Pairs of texts outside the plotting area whose boxes cross."""
    texts: list[Text] = []
    for ax in drawn.axes:
        if not ax.get_visible():
            continue
        legend = ax.get_legend()
        texts += [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [k for k in axis.get_major_ticks() if low <= k.get_loc() <= high]
            texts += [k.label1 for k in ticks]
        texts += list(legend.get_texts()) if legend else []
    renderer = canvas.get_renderer()
    boxes = [
        (t.get_text(), t.get_window_extent(renderer))
        for t in texts
        if t.get_visible() and t.get_text().strip() and not t.get_rotation() % 90
    ]
    found = []
    for i, (one, a) in enumerate(boxes):
        for two, b in boxes[i + 1 :]:
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            high = min(a.y1, b.y1) - max(a.y0, b.y0)
            if wide > 1 and high > 1:
                found.append((one, two))
    return found


def test_figures_fill_axes_that_are_given(assessment: Assessment) -> None:
    left, right = figure(8, 3).subplots(1, 2)
    assert figures.fan(assessment.results, "fai", ax=left, lang="en") is left
    assert figures.attainment(assessment.results, ax=right, lang="en") is right


def test_without_a_font_labels_are_english_and_one_line_says_so(
    assessment: Assessment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: ())
    fonts._complain.cache_clear()
    with caplog.at_level(logging.WARNING):
        ax = figures.fan(assessment.results, "fai", lang="zh")
        figures.attainment(assessment.results, lang="zh")
    assert [record.message for record in caplog.records] == [say("figure.no_font", "en")]
    assert all(t.get_text().isascii() for t in ax.findobj(Text))
    canvas: Any = FigureCanvasAgg(ax.get_figure())  # type: ignore[arg-type]
    canvas.draw()


def test_year_to_date_ends_in_the_year(assessment: Assessment) -> None:
    run = assessment.results
    total = figures.year_to_date(run, "revenue")[:, 11::12]
    wanted = run.outcomes["revenue"][run.good]
    np.testing.assert_allclose(total, wanted, rtol=1e-12)


def test_biographies_are_in_order(biography: pd.DataFrame) -> None:
    stages = biography[["arrived", "queued", "ready", "started", "until"]].to_numpy()
    done = biography["end"] == "done"
    assert done.any()
    assert (np.diff(stages[done], axis=1) >= 0).all()
    assert (stages[:, 0] <= stages[:, 4]).all()
    # A stage that was not reached begins after the last month of the project.
    assert (np.diff(stages[:, :4], axis=1) >= 0).all()


def test_drawing_needs_no_pyplot() -> None:
    code = "import sys; from xuchang_sim.report import figures; assert 'matplotlib.pyplot' not in sys.modules; assert 'matplotlib' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_repeats_an_input_has_no_colour_of_a_verdict(
    assessment: Assessment,
) -> None:
    run = assessment.results
    rows = run.targets()
    unrated = without_verdict(run.setup)
    assert {row.target.id for row in rows} > unrated > set()
    ax = figures.probabilities(rows, unrated=unrated, lang="en")
    rows = sorted(rows, key=lambda row: not row.target.headline)
    verdicts = {to_hex(paint.colour) for word, paint in VERDICT.items() if word != "none"}
    for row, bar in zip(rows, ax.patches, strict=True):
        edge = row.target.basis == "assumption"
        colour = to_hex(bar.get_edgecolor() if edge else bar.get_facecolor())
        assert (colour in verdicts) == (row.target.id not in unrated), row.target.id
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_texts()[-1].get_text() == say("verdict.none", "en")
