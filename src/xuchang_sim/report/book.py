"""Book: the tables of a report as a workbook for Excel; every cell is text or a number."""

from __future__ import annotations

import io
import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from xuchang_sim.files import write as write_file
from xuchang_sim.pack.workbook.style import lay_out
from xuchang_sim.report.inputs import labels, repeated_input, repeats_input
from xuchang_sim.report.sentences import answer, chance
from xuchang_sim.report.skill import skill
from xuchang_sim.report.tables import COUNTS, column
from xuchang_sim.text import Language, labelled, say, titled
from xuchang_sim.units import english

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from xuchang_sim.answers.dossier import Dossier


def write(dossier: Dossier, languages: Sequence[Language], path: Path) -> None:
    """Write a workbook: a set of sheets for each language, then the manifest.

    Parameters
    ----------
    dossier : Dossier
        What it is about.
    languages : sequence of {"zh", "en"}
        Languages, in this order.
    path : Path
        File to write; replaced as a whole.
    """
    book = Workbook()
    book.remove(book.active)
    for lang in languages:
        suffix = "" if len(languages) == 1 else f" {lang}"
        _answer(book.create_sheet(say("sheet.answer", lang) + suffix), dossier, lang)
        _targets(book.create_sheet(say("sheet.targets", lang) + suffix), dossier, lang)
        _scenarios(book.create_sheet(say("sheet.scenarios", lang) + suffix), dossier, lang)
        _binds(book.create_sheet(say("sheet.binds", lang) + suffix), dossier, lang)
        if dossier.matrix is not None:
            _matrix(book.create_sheet(say("sheet.matrix", lang) + suffix), dossier, lang)
    sheet = book.create_sheet(say("sheet.manifest", "en"))
    for line in json.dumps(dossier.manifest, ensure_ascii=False, indent=1).splitlines():
        _row(sheet, [line])
    sheet.column_dimensions["A"].width = 100
    stream = (
        io.BytesIO()
    )  # an archive that meets a full disk tries to end itself once more, and says so
    book.save(stream)
    write_file(path, stream.getvalue())


class Shown(NamedTuple):
    """A number and how the workbook shows it."""

    value: float
    format: str


def _in(unit: str, *values: float, whole: str = "#,##0") -> list[Shown]:
    """Numbers of a unit: fractions as percentages, counts without decimals if they are ``whole``."""
    shown = "0.0%" if unit == "比例" else whole if unit in COUNTS else "#,##0.0"
    return [Shown(value, shown) for value in values]


def _unit(unit: str, lang: Language) -> str:
    return unit if lang == "zh" else english(unit)


def _chances(*values: float) -> list[Shown]:
    return [Shown(value, "0.00") for value in values]


def _row(sheet: Worksheet, values: Iterable[object], *, head: bool = False) -> None:
    """Append a row in which nothing is a formula."""
    cells = []
    for value in values:
        plain = value.value if isinstance(value, Shown) else value
        if isinstance(plain, float) and not math.isfinite(plain):
            plain = None
        cell: Any = WriteOnlyCell(sheet, value=None)
        cell.value = plain
        if isinstance(value, Shown):
            cell.number_format = value.format
        if isinstance(plain, str):
            cell.data_type = "s"  # "=1+1" stays the text it is
        if head:
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="DDE8F0")
        cells.append(cell)
    sheet.append(cells)


def _widths(sheet: Worksheet, *widths: float, table: bool = True) -> None:
    """Set the columns' widths, and lay the sheet out; a table keeps its head in sight."""
    for k, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(k)].width = width
    lay_out(sheet)
    if table:
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = sheet.dimensions
        sheet.print_title_rows = "1:1"


def _answer(sheet: Worksheet, dossier: Dossier, lang: Language) -> None:
    _row(sheet, [say("report.title", lang, title=titled(dossier.pack, lang))], head=True)
    sentences = skill(dossier.assessment.content(undefined=math.nan)["skill"], lang)
    for sentence in (*answer(dossier.assessment, lang), *sentences):
        _row(sheet, [sentence])
    for key in ("note.assumption", "note.interval", "note.synthetic"):
        _row(sheet, [say(key, lang)])
    _widths(sheet, 110, table=False)


def _targets(sheet: Worksheet, dossier: Dossier, lang: Language) -> None:
    heads = (
        "column.paragraph", "report.quote", "report.id", "column.target", "report.direction",
        "column.value", "report.unit", "report.p", "report.p_low", "report.p_high",
        "column.verdict", "report.median", "report.q05", "report.q95", "column.shortfall",
        "report.basis",
    )  # fmt: skip
    _row(sheet, [say(key, lang) for key in heads], head=True)
    quotes = {target.id: target.quote for target in dossier.pack.plan.targets()}
    reason = "reason" if lang == "en" else "reason_zh"
    data = dossier.assessment.content(undefined=math.nan)
    known = labels(data, lang)
    for row in data["targets"]:
        asked = [
            row["paragraph"], quotes[row["id"]], row["id"], row[f"label_{lang}"],
            say(f"direction.{row['direction']}", lang), *_in(row["unit"], row["value"]),
            _unit(row["unit"], lang),
        ]  # fmt: skip
        if "reason" in row:
            words = say("not_modelled", lang), row[reason]
            _row(sheet, [*asked, *words])
            continue
        _row(
            sheet,
            [
                *asked, *_chances(row["p"], row["p_low"], row["p_high"]),
                repeated_input(row, known, lang) if repeats_input(row) else chance(row["p"], lang),
                *_in(row["unit"], row["median"], row["q05"], row["q95"]),
                *_in(row["unit"], row["shortfall"], whole="#,##0.0"),
                say(f"basis.{row['basis']}", lang),
            ],
        )  # fmt: skip
    _widths(sheet, 11, 40, 22, 30, 7, 12, 8, 8, 8, 8, 14, 12, 12, 12, 12, 12)


def _scenarios(sheet: Worksheet, dossier: Dossier, lang: Language) -> None:
    heads = ("report.scenario", "report.id", "column.target", "report.unit", "report.p",
             "report.p_low", "report.p_high", "report.median", "report.q05", "report.q95")  # fmt: skip
    _row(sheet, [say(key, lang) for key in heads], head=True)
    for k, run in enumerate(dossier.runs):
        last = k + 1 == len(dossier.runs)
        title = say("report.absent", lang) if last else titled(run.variant.scenario, lang)
        for row in run.targets():
            target = row.target
            _row(
                sheet,
                [title, target.id, labelled(target, lang), _unit(target.unit, lang),
                 *_chances(row.p, row.p_low, row.p_high),
                 *_in(target.unit, row.median, row.q05, row.q95)],
            )  # fmt: skip
    _widths(sheet, 22, 22, 30, 8, 8, 8, 8, 12, 12, 12)


def _binds(sheet: Worksheet, dossier: Dossier, lang: Language) -> None:
    why = dossier.assessment.results.why()
    heads = ("report.kind", "report.every_cause", "report.zone")
    _row(sheet, [*(say(key, lang) for key in heads), *why.months], head=True)
    names = {z.id: z.name_zh if lang == "zh" else z.name_en for z in dossier.pack.region.zones}
    for kind, table in (("waiting", why.waiting), ("output", why.output)):
        what = say(f"report.binds_{kind}", lang)
        for cause, values in table.items():
            if cause in {"total", "shortfall"}:
                continue
            shown = say(f"cause.{cause}", lang)
            for z, zone in enumerate(why.zones):
                months = [Shown(value, "#,##0.00") for value in values[:, z].tolist()]
                _row(sheet, [what, shown, names[zone], *months])
    _widths(sheet, 30, 14, 28, *(9 for _ in why.months))
    sheet.freeze_panes = "D2"


def _matrix(sheet: Worksheet, dossier: Dossier, lang: Language) -> None:
    if dossier.matrix is None:
        return
    axes = dossier.matrix.matrix.axes
    keys = [key for key in dossier.matrix.cells[0] if key not in axes]
    known = [key for key in keys if not key.endswith(("_low", "_high")) and key != "revenue"]
    heads = [say(f"axis.{axis}", lang) for axis in axes]
    _row(sheet, [*heads, *(column(key, dossier.matrix, lang) for key in known)], head=True)
    for cell in dossier.matrix.cells:
        levels = [say(f"level.{cell[axis]}", lang) for axis in axes]
        shown = [Shown(cell[key], "0.00" if key.startswith("p_") else "#,##0.0") for key in known]
        _row(sheet, [*levels, *shown])
    _widths(sheet, *(12 for _ in range(len(axes) + len(known))))
