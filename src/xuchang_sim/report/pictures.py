"""Pictures: the figures of a report's page, each as an address of data with its caption."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pandas as pd

from xuchang_sim.report import figures
from xuchang_sim.report.fonts import speakable
from xuchang_sim.report.inputs import without_verdict
from xuchang_sim.report.tables import percent
from xuchang_sim.simulation.targets import city_targets
from xuchang_sim.text import Language, labelled, say, titled
from xuchang_sim.units import english

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes

    from xuchang_sim.answers.dossier import Dossier
    from xuchang_sim.answers.frontier import Frontier
    from xuchang_sim.answers.waterfall import Waterfall
    from xuchang_sim.pack.load import Pack

#: Drivers of the outlook that are shown.
SHOWN_DRIVERS = ("value_added_yoy", "ppi_yoy", "fai_yoy")


def picture(ax: Axes) -> str:
    """Return the figure of some axes as a data address of SVG, the same bytes each time."""
    holder: Any = ax.get_figure()
    stream = io.StringIO()
    # The ids inside the picture are random by default, and only rc can fix them.
    with mpl.rc_context({"svg.hashsalt": "xuchang-sim", "svg.fonttype": "path"}):
        holder.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    code = base64.b64encode(stream.getvalue().encode()).decode()
    return f"data:image/svg+xml;base64,{code}"


def _shown(key: str, draw: Callable[[], Axes], lang: Language, **values: object) -> dict[str, str]:
    return {"source": picture(draw()), "caption": say(key, lang, **values)}


def pictures(dossier: Dossier, lang: Language) -> dict[str, list[dict[str, str]]]:
    """All figures of a part, by section."""
    results, pack = dossier.assessment.results, dossier.pack
    why = results.why()
    measured = city_targets(pack)
    spoken = speakable(lang)
    rated, unrated = results.targets(), without_verdict(results.setup)
    draw: dict[str, list[dict[str, str]]] = {
        "targets": [
            _shown(
                "report.figure.probabilities",
                lambda: figures.probabilities(rated, unrated=unrated, lang=lang),
                lang,
            )
        ]
        if rated
        else [],
        "time": [
            _shown(
                "report.figure.fan",
                lambda name=name: figures.fan(results, name, lang=lang),  # type: ignore[misc]
                lang,
                label=labelled(measured[name], lang),
            )
            for name in ("revenue", "fai")
            if name in measured
        ]
        + (
            [
                _shown(
                    "report.figure.attainment", lambda: figures.attainment(results, lang=lang), lang
                )
            ]
            if results.first
            else []
        ),
        "binds": [
            _shown(
                f"report.figure.causes_{kind}",
                lambda kind=kind: figures.causes(why, kind=kind, lang=lang),  # type: ignore[misc]
                lang,
            )
            for kind in ("waiting", "output")
        ]
        + [_shown("report.figure.ribbon", lambda: figures.ribbon(why, pack, lang=lang), lang)],
        "outlook": [
            _shown(
                "report.figure.outlook",
                lambda name=name: figures.outlook(dossier.paths, name, lang=lang),  # type: ignore[misc]
                lang,
                label=say(f"driver.{name}", lang),
            )
            for name in SHOWN_DRIVERS
        ],
        "zones": [
            _shown(
                "report.figure.zones",
                lambda: figures.zones(results, lang=lang, label=say("measure.revenue", spoken))[0],
                lang,
            ),
            _shown(
                "report.figure.gantt",
                lambda: figures.gantt(
                    dossier.projects, pack, lang=lang, replicate=dossier.replicate
                ),
                lang,
            ),
        ],
        "matrix": [],
        "compare": [],
    }
    if dossier.matrix is not None:
        cells = dossier.matrix.cells
        draw["matrix"] = [
            _shown(
                "report.figure.heat",
                lambda measure=measure: figures.heat(cells, measure, lang=lang),  # type: ignore[misc]
                lang,
                measure=say(f"matrix.{measure}", lang),
            )
            for measure in ("p_joint", "fai", "revenue_next")
            if all(math.isfinite(cell.get(measure, math.nan)) for cell in cells)
        ]
    ids = [row.target.id for row in rated if row.target.headline]
    runs = {titled(run.variant.scenario, spoken): run for run in dossier.runs[:-1]}
    runs[say("report.absent", spoken)] = dossier.runs[-1]
    if ids:
        draw["compare"] = [
            _shown("report.figure.compare", lambda: figures.comparison(runs, ids, lang=lang), lang)
        ]
    if dossier.explanation is not None:
        draw["binds"] += [
            _shown(
                "report.figure.waterfall",
                lambda fall=fall: figures.waterfall(  # type: ignore[misc]
                    _steps(fall, pack, spoken),
                    lang=lang,
                    label=say(f"measure.{fall.measure}", spoken),
                ),
                lang,
                label=say(f"measure.{fall.measure}", lang),
            )
            for fall in dossier.explanation.waterfalls
        ]
    if dossier.frontier is not None:
        draw["matrix"] += list(_maps(dossier.frontier, lang, spoken))
    return draw


def _steps(fall: Waterfall, pack: Pack, lang: Language) -> list[figures.Step]:
    """Bars of a waterfall: the base year, gains, losses, the plan year."""
    gains = [figures.Step(say(f"bar.{b.name}", lang), b.value, error=b.se) for b in fall.gains]
    losses = [figures.Step(say(f"lost.{b.name}", lang), -b.value, error=b.se) for b in fall.losses]
    return [
        figures.Step(str(pack.base_year), fall.base, total=True),
        *gains,
        *losses,
        figures.Step(str(pack.plan_year), fall.outcome.value, total=True, error=fall.outcome.se),
    ]


def _maps(frontier: Frontier, lang: Language, spoken: Language) -> Iterator[dict[str, str]]:
    """Maps of the values reached with the requested probability over two families of levers."""
    targets = {target.id: target for target in frontier.setup.pack.plan.targets()}
    for (rows, columns), tables in frontier.maps.items():
        for name, table in tables.items():
            if is_flat(table, targets[name].value):
                continue
            points = pd.DataFrame(
                [
                    (x, y, float(table[j, i]))
                    for j, y in enumerate(frontier.grid)
                    for i, x in enumerate(frontier.grid)
                ],
                columns=["x", "y", "value"],
            )
            target = targets[name]
            unit = target.unit if spoken == "zh" else english(target.unit)
            yield _shown(
                "report.figure.frontier",
                lambda points=points, target=target, unit=unit, rows=rows, columns=columns: (  # type: ignore[misc]
                    figures.frontier(
                        points,
                        lang=lang,
                        measure="value",
                        goal=target.value,
                        label=f"{labelled(target, spoken)} ({unit})",
                        x_label=say(
                            "report.strength", spoken, family=say(f"axis.{columns}", spoken)
                        ),
                        y_label=say("report.strength", spoken, family=say(f"axis.{rows}", spoken)),
                    )
                ),
                lang,
                label=labelled(target, lang),
                p=percent(frontier.p),
            )


def is_flat(table: Any, goal: float) -> bool:
    """Whether a map shows nothing: its values differ by less than a fiftieth of the goal."""
    return bool(table.max() - table.min() < abs(goal) / 50)
