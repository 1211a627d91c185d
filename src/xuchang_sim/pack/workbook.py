"""Workbook: a pack as an Excel workbook, read as tolerantly as people type and as strictly as a pack.

Every sheet is one table of the pack: keys in row 1, words in row 2, units and choices in row 3, data
below. Reading turns the cells into the trees that a folder's files give, with cells for lines: one loader
reads both, and a fault names its sheet and cell. What the file itself could do to its reader (formulas, links, bombs) is refused
by name before a cell is read. What a workbook does not hold - scenarios, calibrated draws - may
stand beside it.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import unicodedata
import warnings
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from xuchang_sim import definitions
from xuchang_sim.definitions import exact, quantity
from xuchang_sim.files import write as write_file
from xuchang_sim.pack import forms
from xuchang_sim.pack.cited import parse_table, read_table
from xuchang_sim.pack.history import COLUMNS, CONFIDENCE, MORE, Record, SeriesEntry, TableEntry
from xuchang_sim.pack.levers import LEVELS
from xuchang_sim.pack.pack import Pack, PackFile
from xuchang_sim.pack.parameters import KINDS, MARKS
from xuchang_sim.pack.plan import Row, TargetEntry
from xuchang_sim.pack.read import read_folder, read_pack
from xuchang_sim.pack.region import Cluster, LeadingSector, Region, Sector, Zone
from xuchang_sim.pack.schema import Quantity, Strict
from xuchang_sim.pack.tables import FormError, period, tidy
from xuchang_sim.units import UnitError, convert, parse
from xuchang_sim.yamlfile import (
    InputError,
    Place,
    Problem,
    Source,
    did_you_mean,
    read_yaml,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["lay_out", "load_workbook", "read_book", "write_workbook"]

MAX_FILE = 16 << 20
"""Bytes of the file."""
MAX_PLAIN = 48 << 20
"""Bytes of all its parts, unpacked."""
MAX_PARTS = 500
MAX_ROWS, MAX_COLUMNS = 20_000, 120
MAX_TEXT = 32_000
"""Characters of a cell; Excel holds 32,767."""
MAX_FAULTS = 100
FIRST = 4
"""Row in which data begin."""

Kind = Literal["text", "line", "id", "number", "amount", "aside", "whole", "flag", "choice", "day", "month", "unit", "period", "list", "wholes", "numbers"]  # fmt: skip


class Column(NamedTuple):
    """One column of a sheet, or one line of a sheet of single values.

    ``path`` is where the value belongs in its entry; ``required`` is whether an empty cell
    stands for null or an empty list rather than for a key that is left out.
    """

    path: tuple[str | int, ...]
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def key(self) -> str:
        """Name in row 1."""
        return ".".join(str(part) for part in self.path)


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook and where its entries belong.

    Parameters
    ----------
    name : str
        Name of the sheet.
    file : str
        File of the pack that holds the entries.
    table : str
        Key of the list in that file; empty for a sheet of single values.
    columns : tuple of Column
        Columns in order.
    parent : tuple of str
        Sheet, its key column and the key of the list inside its entries, for what hangs below.
    by_id : bool
        Whether the table maps ids to entries, one row for everything that is defined.
    title : str
        What it is, in Chinese and English.
    """

    name: str
    file: str
    table: str
    columns: tuple[Column, ...]
    title: str
    parent: tuple[str, str, str] = ("", "", "")
    by_id: bool = False


def _plain(annotation: Any) -> tuple[Any, bool]:
    """Annotation without ``Annotated`` and ``None``, and whether None was allowed."""
    allowed = False
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
            continue
        parts = [part for part in get_args(annotation) if part is not type(None)]
        if type(None) in get_args(annotation) and len(parts) == 1:
            annotation, allowed = parts[0], True
            continue
        return annotation, allowed


_KINDS: dict[Any, Kind] = {str: "text", float: "number", int: "whole", bool: "flag", date: "day"}
#: Kinds that an annotation does not tell.
_SPECIAL: dict[str, Kind] = {
    "id": "id", "unit": "unit", "policy_month": "month", "default_through": "month",
    "last_month": "month", "pipeline_start": "month", "firms_start": "month",
}  # fmt: skip
#: Units of numbers that have no column of their own for it.
_UNITS = {
    "revenue_share": "比例", "weight": "比例", "own_money_min": "比例", "initial_share": "比例",
    "share": "比例", "plot_ratio_min": "比例", "threshold": "亿元",
}  # fmt: skip


def _columns(
    model: type[Strict], skip: Iterable[str] = (), path: tuple[str | int, ...] = ()
) -> Iterator[Column]:
    """Columns of a schema: nested mappings with dots, pairs as two columns, lists in one cell."""
    for name, info in model.model_fields.items():
        key = info.alias or name
        if (not path and key in skip) or key == "stated":
            continue
        annotation, none = _plain(info.annotation)
        here = (*path, key)
        required = info.is_required()
        if annotation is Quantity:
            yield Column(here, "amount")
        elif isinstance(annotation, type) and issubclass(annotation, Strict):
            yield from _columns(annotation, (), here)
        elif get_origin(annotation) is tuple:
            yield from _listed(here, annotation, info.metadata, required=required)
        elif get_origin(annotation) is Literal:
            yield Column(here, "choice", choices=tuple(map(str, get_args(annotation))))
        elif (key == "value" and (path[:1] == ("base",) or model is TargetEntry)) or (
            key == "threshold" and model is Cluster
        ):
            yield Column(here, "amount")
        else:
            kind = _SPECIAL.get(key) or _KINDS.get(annotation, "text")
            unit = _UNITS.get(key, "") if kind == "number" else ""
            yield Column(here, kind, required and none, (), unit)


def _listed(
    here: tuple[str | int, ...], annotation: Any, metadata: Sequence[Any], *, required: bool
) -> Iterator[Column]:
    inner, _ = _plain(get_args(annotation)[0])
    longest = next((m.max_length for m in metadata if hasattr(m, "max_length")), 0)
    if longest == 2:
        each: Kind = "number" if inner is float else "whole"
        yield Column((*here, 0), each)
        yield Column((*here, 1), each)
    elif get_origin(inner) is Literal:
        yield Column(here, "list", required, tuple(map(str, get_args(inner))))
    else:
        kinds: dict[Any, Kind] = {int: "wholes", float: "numbers"}
        yield Column(here, kinds.get(inner, "list"), required)


def _sheet(name: str, title: str, file: str, table: str, model: type[Strict], *skip: str) -> Sheet:
    return Sheet(name, file, table, tuple(_columns(model, skip)), title)


def _child(
    name: str, title: str, parent: tuple[str, str, str], key: Column, model: type[Strict]
) -> Sheet:
    return Sheet(name, "", "", (key, *_columns(model)), title, parent)


_LEVER = (
    Column(("id",), "id"),
    Column(("name",), "aside"),
    Column(("does",), "aside"),
    Column(("defined",), "aside"),
    Column(("unit",), "unit"),
    *(Column((level,), "amount") for level in LEVELS),
    Column(("range", 0), "amount"),
    Column(("range", 1), "amount"),
    Column(("label", "zh"), "text"),
    Column(("label", "en"), "text"),
    Column(("note",), "text"),
)
_PARAMETER = (
    Column(("id",), "id"),
    Column(("name",), "aside"),
    Column(("defined",), "aside"),
    Column(("unit",), "unit"),
    Column(("default",), "amount"),
    Column(("range", 0), "amount"),
    Column(("range", 1), "amount"),
    Column(("prior", "kind"), "choice", choices=KINDS),
    Column(("prior", "sd"), "amount"),
    Column(("prior", "sigma"), "amount"),
    Column(("mark",), "choice", choices=MARKS),
    Column(("source",), "text"),
    Column(("note",), "text"),
    Column(("label", "zh"), "text"),
    Column(("label", "en"), "text"),
)

#: All sheets with tables, in the order of the workbook.
SHEETS: tuple[Sheet, ...] = (
    _sheet("pack", "计划、日期、基年总量 · plan, dates, totals of the base year", "pack.yaml", "", PackFile, "history", "evidence"),
    _sheet("rows", "文件逐条 · the document row by row", "plan.yaml", "rows", Row, "targets"),
    _child("targets", "目标 · targets", ("rows", "row", "targets"), Column(("row",), "whole"), TargetEntry),
    _sheet("region", "分区数字的把握 · how sure the zones' shares are", "region.yaml", "", Region, "zones", "sectors", "clusters"),
    _sheet("zones", "集聚区 · zones", "region.yaml", "zones", Zone, "leading"),
    _child("leading", "各区主导产业 · leading sectors of the zones", ("zones", "id", "leading"), Column(("zone",), "id"), LeadingSector),
    _sheet("sectors", "行业 · sectors", "region.yaml", "sectors", Sector),
    _sheet("clusters", "产业集群 · clusters", "region.yaml", "clusters", Cluster),
    Sheet("parameters", "parameters.yaml", "parameters", _PARAMETER, "参数：只填与定义不同的 · parameters: fill in what differs from the definition", by_id=True),
    Sheet("levers", "levers.yaml", "levers", _LEVER, "手段：只填本市的 · levers: fill in what is the city's own", by_id=True),
    _sheet("series", "历史序列 · series", "pack.yaml", "history", SeriesEntry),
    _sheet("tables", "依据表 · tables of evidence", "pack.yaml", "evidence", TableEntry),
)  # fmt: skip
DOCUMENT, HISTORY = "document", "history"
LINE_END = "last_line_end"
_HISTORY_KINDS: dict[str, Kind] = {
    "period": "period", "value": "number", "confidence": "choice", "published": "period",
}  # fmt: skip
_HISTORY = (
    Column(("file",), "line"),
    *(Column((name,), _HISTORY_KINDS.get(name, "line")) for name in COLUMNS + MORE),
)
_NAMES = {sheet.name: sheet for sheet in SHEETS}
#: Columns whose choices are the ids of another sheet.
_REFERENCES = {
    ("leading", "zone"): "zones", ("leading", "sector"): "sectors", ("clusters", "zone"): "zones",
    ("clusters", "sector"): "sectors",
}  # fmt: skip


# ------------------------------------------------------------------------------- writing


def write_workbook(folder: Path, path: Path) -> None:
    """Write the pack in a folder as a workbook.

    Parameters
    ----------
    folder : Path
        A pack that loads.
    path : Path
        File to write; replaced as a whole.

    Raises
    ------
    InputError
        If the pack does not load, or holds what a cell cannot.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - heavy

    pack = read_folder(folder)
    problems: list[Problem] = []
    data = {
        name: _SPELT.get(name, _same)(source).data
        for name in sorted({sheet.file for sheet in SHEETS if sheet.file})
        if (source := read_yaml(folder / name, problems))
    }
    book = Workbook()
    _guide(book.active, pack)
    for sheet in SHEETS:
        _write_sheet(book.create_sheet(sheet.name), sheet, _entries(sheet, data))
    _write_document(book.create_sheet(DOCUMENT), pack.document, folder, problems)
    _write_history(book.create_sheet(HISTORY), pack)
    _refer(book)
    too_long = [
        Problem(str(path), f"{ws.title}!{cell.coordinate}", 0, "is too long for a cell")
        for ws in book.worksheets
        for row in ws.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and len(cell.value) > MAX_TEXT
    ]
    if problems or too_long:
        raise InputError([*problems, *too_long])
    stream = io.BytesIO()
    book.save(stream)
    write_file(path, stream.getvalue())


def _same(source: Source) -> Source:
    return source


_SPELT = {
    "pack.yaml": forms.spell_out_pack,
    "region.yaml": forms.spell_out_region,
    "plan.yaml": forms.spell_out_plan,
}


def _entries(sheet: Sheet, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Entries of a sheet as plain mappings; those of a child carry their parent's key."""
    if sheet.parent[0]:
        above, key, inner = sheet.parent
        mine = sheet.columns[0].key
        return [
            {mine: entry[key], **item}
            for entry in _entries(_NAMES[above], data)
            for item in entry.get(inner) or ()
        ]
    content = data[sheet.file]
    if sheet.by_id:
        return list(_defined_rows(sheet, content.get(sheet.table) or {}))
    return [content] if not sheet.table else list(content.get(sheet.table) or ())


def _defined_rows(sheet: Sheet, stated: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for everything that is defined, with what the pack states of it."""
    known: Mapping[str, Any] = (
        definitions.levers() if sheet.table == "levers" else definitions.parameters()
    )
    for name, what in known.items():
        row = {"id": name, "name": str(what.label), "unit": what.unit}
        if isinstance(what, definitions.Lever):
            row["does"] = str(what.does)
            levels = "各级为 · all at" if what.local else "定义 · defined:"
            numbers = [what.neutral] if what.local else what.levels
        else:
            levels = "须填 · to be filled in" if what.local else "定义 · defined:"
            numbers = [] if what.local else [what.default]
        row["defined"] = " ".join([levels, *(f"{x:g}" for x in numbers)])
        yield {**row, **stated.get(name, {})}


def _at(entry: Any, path: Sequence[str | int]) -> Any:
    """Value at a path, or None."""
    for part in path:
        if isinstance(entry, str) and part == "kind":
            return entry  # "prior: triangular" is short for a mapping with a kind
        try:
            entry = entry[part]
        except (LookupError, TypeError):
            return None
    return entry if not isinstance(entry, dict) else None


def _parted(entry: dict[str, Any], sheet: Sheet) -> dict[str, Any]:
    """Entry whose value stands apart from its unit, where there is a column for it."""
    value = entry.get("value")
    if not isinstance(value, str) or "unit" in entry or "unit" not in _keys_of(sheet):
        return entry
    try:
        read = quantity(value)
    except ValueError:
        return entry
    if read.unit is None:
        return entry
    number = value.strip().removesuffix(read.unit).strip()
    plain = re.fullmatch(r"[-+]?[0-9]+", number)
    decimal = re.fullmatch(r"[-+]?[0-9]*\.[0-9]+", number)
    shown_as: Any = int(number) if plain else float(number) if decimal else number
    return {**entry, "value": shown_as, "unit": read.unit}


def _keys_of(sheet: Sheet) -> set[str]:
    return {column.key for column in sheet.columns}


def _place_of(sheet: Sheet, key: str) -> int:
    """Number of a column, from 1."""
    return [column.key for column in sheet.columns].index(key) + 1


def _offer(ws: Any, choices: Sequence[str], where: str) -> None:
    """Offer the units of a kind, as many as a drop-down holds."""
    held: list[str] = []
    for choice in choices:
        if len(",".join([*held, choice])) > LONGEST_LIST:
            break
        held.append(choice)
    _validate(ws, '"' + ",".join(held) + '"', where, strict=False)


LONGEST_LIST = 250  # characters of a list of choices, by Excel's rule


def _write_sheet(ws: Any, sheet: Sheet, entries: list[dict[str, Any]]) -> None:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    if not sheet.table and not sheet.parent[0]:
        _write_values(ws, sheet, entries[0])
        return
    _heads(ws, sheet.columns, sheet.title)
    for r, entry in enumerate(entries, FIRST):
        for c, column in enumerate(sheet.columns, 1):
            value = _at(_parted(entry, sheet), column.path)
            if column.kind == "aside":
                _aside(ws.cell(r, c), str(value or ""))
            else:
                _put(ws.cell(r, c), value)
                if column.kind == "amount":
                    ws.cell(r, c).number_format = "@" if isinstance(value, str) else "General"
        if sheet.by_id:
            kindred = definitions.levers() if sheet.table == "levers" else definitions.parameters()
            letter = get_column_letter(_place_of(sheet, "unit"))
            _offer(ws, kindred[entry["id"]].kindred(), f"{letter}{r}")
    _restrict(ws, sheet, FIRST, max(len(entries) + FIRST + 200, 300))
    lay_out(ws)


LINE_HEIGHT, MOST_LINES = 15.0, 8  # points; lines of a row before it is cut


def lay_out(ws: Any) -> None:
    """Wrap texts in rows high enough for them, and print across one A4 page.

    Not every program finds the height of wrapped text by itself. Columns have their widths before.
    """
    from openpyxl.styles import Alignment  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for row in ws.iter_rows():
        lines = 1
        for cell in row:
            if cell.value is None:
                continue
            cell.alignment = Alignment(wrap_text=isinstance(cell.value, str), vertical="top")
            if not isinstance(cell.value, str):
                continue
            width = ws.column_dimensions[get_column_letter(cell.column)].width
            taken = [_cells(line) / width for line in cell.value.split("\n")]
            lines = max(lines, sum(math.ceil(max(part, 0.1)) for part in taken))
        ws.row_dimensions[row[0].row].height = LINE_HEIGHT * min(lines, MOST_LINES)
    ws.page_setup.paperSize = ws.PAPERSIZE_A4
    ws.page_setup.orientation = "landscape"
    ws.page_setup.fitToHeight = 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True


def _cells(text: str) -> int:
    """Width of a text in digits; a Chinese character is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _write_values(ws: Any, sheet: Sheet, entry: dict[str, Any]) -> None:
    """Write single values one a line: key, value, unit or choices, meaning."""
    heads = ("key", 34), ("value", 60), ("allowed", 30), ("meaning", 52)
    for c, (text, width) in enumerate(heads, 1):
        _head(ws.cell(1, c), text)
        ws.column_dimensions["ABCD"[c - 1]].width = width
    _note(ws.cell(1, 1), sheet.title)
    for r, column in enumerate(sheet.columns, 2):
        _head(ws.cell(r, 1), column.key)
        _put(ws.cell(r, 2), _at(entry, column.path))
        _aside(ws.cell(r, 3), _hint(column))
        _aside(ws.cell(r, 4), _word(column))
        _choose(ws, column, f"B{r}")
    ws.freeze_panes = "B2"
    lay_out(ws)


def _heads(ws: Any, columns: Sequence[Column], title: str) -> None:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for c, column in enumerate(columns, 1):
        _head(ws.cell(1, c), column.key)
        _aside(ws.cell(2, c), _word(column))
        _aside(ws.cell(3, c), _hint(column))
        wide = column.kind in {"text", "line"} and not column.key.startswith("mark")
        ws.column_dimensions[get_column_letter(c)].width = 30 if wide else 14
    _note(ws.cell(1, 1), title)
    ws.freeze_panes = ws.cell(FIRST, 2)


def _aside(cell: Any, text: str) -> None:
    """Write a remark that is no data."""
    from openpyxl.styles import Font  # noqa: PLC0415

    _put(cell, text)
    cell.font = Font(italic=True, color="5A5A5A")


def _head(cell: Any, text: str) -> None:
    from openpyxl.styles import Font, PatternFill  # noqa: PLC0415

    _put(cell, text)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="DDE8F0")


def _note(cell: Any, text: str) -> None:
    from openpyxl.comments import Comment  # noqa: PLC0415

    cell.comment = Comment(text, "xuchang-sim", width=360, height=90)


def _put(cell: Any, value: Any) -> None:
    """Set a cell to a number, a truth or a text; a text is never a formula."""
    if isinstance(value, list | tuple):
        value = "; ".join(_spelt(item) for item in value)
    if value is None:
        return
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"


def _spelt(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


_WORDS = {
    "id": "代码 · id", "row": "行号 · row", "paragraph": "出处 · paragraph", "quote": "原文 · quote",
    "label_zh": "中文名", "label_en": "English name", "name_zh": "中文名", "name_en": "English name",
    "value": "数值 · value", "unit": "单位 · unit", "deadline": "期限 · deadline",
    "type": "类型 · type", "use": "用途 · use", "how": "如何进入模型 · how", "reason": "理由 · reason",
    "levers": "手段 · levers", "direction": "方向 · direction", "basis": "依据 · basis",
    "headline": "主要目标 · headline", "measure": "计量 · measure", "source": "来源 · source",
    "mark": "把握 · mark", "note": "说明 · note", "code": "编号 · code", "level": "级别 · level",
    "revenue_share": "收入份额 · share of revenue", "evidence": "依据 · evidence",
    "default": "默认值 · default", "range.0": "最小 · smallest", "range.1": "最大 · largest",
    "weight": "权重 · weight", "sector": "行业 · sector", "zone": "集聚区 · zone",
    "period": "时期 · period", "series": "序列 · series", "entity": "对象 · entity",
    "absent": "没有计划 · absent", "low": "打折 · low", "plan": "按计划 · plan", "high": "加力 · high",
    "threshold": "门槛 · threshold", "threshold.value": "门槛 · threshold",
    "threshold.unit": "门槛单位 · its unit",
    "expands": "可扩区 · may expand", "site_bonus": "重点地块 · weight of named sites",
    "sewage_plant": "建污水厂 · builds a sewage plant", "named_in_document": "文件点名 · named in document",
    "ppi_beta": "随工业品价格 · response to producer prices",
    "own_money_min": "最低自有资金 · least own money", "plot_ratio_min": "最低容积率 · least plot ratio",
    "floor_suited": "可进标准厂房 · suits standard floor", "productivity": "人均产出 · relative productivity",
    "initial_share": "基年份额 · share in base year", "share": "占行业 · share of its sector",
    "range": "范围 · range", "prior.kind": "先验 · prior", "prior.sd": "标准差 · its sd",
    "prior.sigma": "对数标准差 · its log sd", "does": "作用 · what it moves", "defined": "定义值 · defined",
    "label.zh": "中文名", "label.en": "English name",
    "file": "文件 · file", "frequency": "频率 · frequency", "release.months": "滞后月 · released after months",
    "confidence": "可信程度 · confidence",
    "published": "公布时间 · published",
    "release.day": "发布日 · day of release", "breaks": "口径变动年 · years of other coverage",
    "name": "包名 · name of the pack", "title_zh": "中文题名", "title_en": "English title",
    "document.file": "文件全文 · text of the document", "document.sha256": "其校验和 · its hash; may be left empty",
    "document.number": "文号 · number of the document", "document.url": "网址 · address",
    "information_date": "信息截止日 · nothing published later is known",
    "base_year": "基年 · its totals are reproduced", "plan_year": "计划年 · year of the targets",
    "policy_month": "政策起月 · first month of the plan", "default_through": "默认末月 · last month by default",
    "last_month": "最远末月 · last month allowed", "pipeline_start": "项目库起月 · first month of the pipeline",
    "firms_start": "企业起月 · first month of the firms",
    "calendar.group_months": "集中开工月 · months of group starts",
    "calendar.revenue_season": "收入季节因子 · seasonal factors of revenue, 12",
    "calendar.fai_season.estimate_from": "投资季节取自 · series of the investment season",
    "calendar.fai_season.years.0": "起年 · first year used", "calendar.fai_season.years.1": "止年 · last year used",
    "share_concentration": "份额抽取的集中度 · Dirichlet weight of the zones' shares",
    "share_mark": "份额的把握 · how sure the shares are", "share_note": "份额的由来 · where the shares come from",
}  # fmt: skip
#: Parts of the keys of the base year's totals.
_TOTALS = {"revenue": "主营业务收入 · revenue", "fai": "固定资产投资 · investment", "profit_tax": "利税 · profit and tax", "workers": "从业人员 · workers"}  # fmt: skip
_ASPECTS = {
    "value": "总量 · total",
    "source": "来源 · source",
    "mark": "把握 · mark",
    "unit": "单位 · unit",
}
_HINTS: dict[str, str] = {
    "day": "YYYY-MM-DD", "month": "YYYY-MM", "list": "a; b; c", "wholes": "1; 2; 3",
    "numbers": "1.2; 3.4", "whole": "整数 · whole number", "number": "数 · number",
    "amount": "数、商或带单位 · 2000, 20/3, 2000 亿元", "aside": "说明，不读取 · not read", "flag": "TRUE / FALSE", "id": "a-z 0-9 _",
    "unit": "亿元 万元 亩 公顷 人 万人 比例 % …", "period": "YYYY, YYYY-MM, YYYYQ1",
}  # fmt: skip


def _word(column: Column) -> str:
    """Name of a column in Chinese and English, as row 2 says it."""
    match column.path:
        case ("base", str(total), *inner, str(aspect)):
            other = "（另一读法 · another reading）" if inner else ""
            return f"{_TOTALS[total]}{other}: {_ASPECTS[aspect]}"
    return _WORDS[column.key]


def _hint(column: Column) -> str:
    if column.choices:
        return " / ".join(column.choices)
    return column.unit or _HINTS.get(column.kind, "")


def _restrict(ws: Any, sheet: Sheet, first: int, last: int) -> None:
    """Give columns of choices their drop-downs."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for c, column in enumerate(sheet.columns, 1):
        letter = get_column_letter(c)
        where = f"{letter}{first}:{letter}{last}"
        other = _REFERENCES.get((sheet.name, column.key))
        if other:
            _validate(ws, f"={other}_id", where)
        else:
            _choose(ws, column, where)


def _choose(ws: Any, column: Column, where: str) -> None:
    choices = column.choices if column.kind == "choice" else ()
    if column.kind == "flag":
        choices = ("TRUE", "FALSE")
    if choices:
        _validate(ws, '"' + ",".join(choices) + '"', where)


def _validate(ws: Any, formula: str, where: str, *, strict: bool = True) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    rule = DataValidation(type="list", formula1=formula, allow_blank=True, showDropDown=False)
    rule.error = "请从下拉列表中选择 · choose from the list"
    rule.showErrorMessage = strict
    ws.add_data_validation(rule)
    rule.add(where)


def _refer(book: Any) -> None:
    """Name the columns of ids, for drop-downs and for formulas beside the tables."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.workbook.defined_name import DefinedName  # noqa: PLC0415

    for sheet in SHEETS:
        if not sheet.table:
            continue
        ws = book[sheet.name]
        for c, column in enumerate(sheet.columns, 1):
            letter = get_column_letter(c)
            name = f"{sheet.name}_{column.key.replace('.', '_')}"
            place = f"{sheet.name}!${letter}${FIRST}:${letter}${max(ws.max_row, FIRST)}"
            book.defined_names[name] = DefinedName(name, attr_text=place)


def _guide(ws: Any, pack: Pack) -> None:
    """Write the first sheet: how the workbook is meant, and what stands on each sheet."""
    ws.title = "guide"
    lines = [
        f"{pack.title_zh} · {pack.title_en}",
        "每张表第 1 行是键，不要改；第 2 行是名称，第 3 行是单位或可选值，第 4 行起是数据。",
        "Row 1 of a sheet holds keys and must stay; row 2 names, row 3 units or choices; data from row 4.",
        "数字可写 2,000、2000 亿元、40%；单位换算后必须与该行单位一致。公式须有已存数值；隐藏的行列会被拒绝。",
        "Numbers may be typed as 2,000 or 2000亿元 or 40%; formulas need stored values; nothing may be hidden.",
        "检查 · check:  xuchang-sim validate 本文件.xlsx",
        "运行 · run:    xuchang-sim assess --pack 本文件.xlsx",
        "",
        *(f"{sheet.name}: {sheet.title}" for sheet in SHEETS),
        "document: 文件全文，一行一格 · text of the document, one line a cell",
        "history: 历史数据，一行一个数 · figures of all tables, one a row",
    ]
    _head(ws.cell(1, 1), lines[0])
    for r, line in enumerate(lines[1:], 2):
        _put(ws.cell(r, 1), line)
    ws.column_dimensions["A"].width = 110
    lay_out(ws)


def _write_document(ws: Any, text: str, folder: Path, problems: list[Problem]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    if ILLEGAL_CHARACTERS_RE.search(text):
        message = "holds control characters; allowed in a workbook: printable text"
        problems.append(Problem(str(folder), DOCUMENT, 0, message))
        return
    _head(ws.cell(1, 1), "text")
    _head(ws.cell(1, 2), LINE_END)
    _note(ws.cell(1, 2), "最后一行是否以换行结束 · whether the last line ends in a line end")
    ws.cell(2, 2).value = text.endswith("\n")
    for r, line in enumerate(text.removesuffix("\n").split("\n"), 2):
        _put(ws.cell(r, 1), line or None)
    ws.column_dimensions["A"].width = 120


def _write_history(ws: Any, pack: Pack) -> None:
    _heads(ws, _HISTORY, "历史数据 · figures")
    files = [entry.entry.file for entry in pack.history.values()]
    tables = read_files_of(pack, files)
    r = FIRST
    for name, records in tables.items():
        for record in records:
            for c, value in enumerate((name, *record[:-1]), 1):
                _put(ws.cell(r, c), value)
            r += 1
    choices = [c._replace(choices=CONFIDENCE) if c.key == "confidence" else c for c in _HISTORY]
    sheet = Sheet(HISTORY, "", "", tuple(choices), "")
    _restrict(ws, sheet, FIRST, r + 200)


def read_files_of(pack: Pack, files: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """All tables of a pack by file name, those of its series and those kept as evidence."""
    source = read_yaml(pack.folder / "pack.yaml", [])
    content: Any = forms.spell_out_pack(source).data if source else {}
    names = [*files, *(entry["file"] for entry in content.get("evidence") or ())]
    return {name: read_table(pack.folder / name, []) for name in dict.fromkeys(names)}


# ------------------------------------------------------------------------------- reading


class Cell(NamedTuple):
    """A cell that holds something: its place, value, and how it is shown."""

    sheet: str
    place: str
    value: Any
    percent: bool

    def __str__(self) -> str:
        """Sheet and cell, as Excel writes them."""
        return f"{self.sheet}!{self.place}"


@dataclass(frozen=True)
class Book:
    """A pack as a workbook: its trees, its document, its tables, each with its cells.

    Parameters
    ----------
    path : Path
        The workbook.
    trees : mapping of str to Source
        Tree of each file of a pack.
    document : str
        Text of the document.
    tables : mapping of str to (str, tuple of str)
        Text of each table and the cell of each of its lines.
    """

    path: Path
    trees: Mapping[str, Source]
    document: str
    tables: Mapping[str, tuple[str, tuple[str, ...]]]

    @property
    def folder(self) -> Path:
        """Folder in which the workbook stands."""
        return self.path.parent

    def tree(self, file: str, problems: list[Problem]) -> Source | None:  # noqa: ARG002
        """Tree of a file of the pack."""
        return self.trees.get(file)

    def text(self, file: str, problems: list[Problem]) -> str | None:  # noqa: ARG002
        """Text of the document, whatever its file is called."""
        return self.document

    def table(self, file: str, problems: list[Problem]) -> tuple[Record, ...]:
        """Figures of a table."""
        if file not in self.tables:
            message = f"has no figures of {file}; allowed: {', '.join(self.tables) or 'some'}"
            problems.append(Problem(str(self.path), HISTORY, 0, message))
            return ()
        found: list[Problem] = []
        records = parse_table(self.tables[file][0], file, found)
        problems += [self.problem(file, p.path, p.line, p.message) for p in found]
        return records

    def problem(self, file: str, path: str, line: int, message: str) -> Problem:
        """Return a fault of a line of a table, by its cell."""
        cells = self.tables[file][1]
        cell = cells[min(line, len(cells)) - 1] if line else HISTORY
        return Problem(str(self.path), f"{cell}: {path}" if path else cell, 0, message)


def load_workbook(path: Path) -> Pack:
    """Load a pack from a workbook.

    Parameters
    ----------
    path : Path
        Workbook in the layout that :func:`write_workbook` gives.

    Returns
    -------
    Pack
        The same, to its hash, as from files with the same content. Its folder is the one in which
        the workbook stands.

    Raises
    ------
    InputError
        If the file is no workbook, is dangerous, or anything in it is wrong; all faults at once,
        each with sheet and cell.
    """
    problems: list[Problem] = []
    book = read_book(path, problems)
    if book is None:
        raise InputError(problems)
    found: list[Problem] = []
    pack = read_pack(book, found)
    told = {problem.path for problem in problems}
    problems += [problem for problem in found if problem.path.split(": ")[0] not in told]
    if problems or pack is None:
        raise InputError(problems)
    return pack


def read_book(path: Path, problems: list[Problem]) -> Book | None:
    """Read the cells of a workbook into the trees of a pack.

    Parameters
    ----------
    path : Path
        Workbook.
    problems : list of Problem
        Faults are appended here.

    Returns
    -------
    Book or None
        None if there is nothing to go on with.
    """
    raw = _raw(path, problems)
    sheets = _sheets(path, raw, problems) if raw is not None else None
    if sheets is None:
        return None
    reader = _Reader(str(path), problems)
    missing = [s for s in (*_NAMES, DOCUMENT, HISTORY) if s not in sheets]
    lost = "sheet is missing; allowed: all sheets of the template"
    problems += [Problem(str(path), name, 0, lost) for name in missing]
    unknown = [s for s in sheets if s not in {*_NAMES, DOCUMENT, HISTORY, "guide"}]
    for name in unknown:
        close = did_you_mean(name, [*_NAMES, DOCUMENT, HISTORY])
        message = f"is not a sheet of a pack{close}; allowed: guide, {', '.join(_NAMES)}, {DOCUMENT}, {HISTORY}"
        problems.append(Problem(str(path), shown(name), 0, message))
    if missing:
        return None
    tables = {sheet.name: reader.table(sheet, sheets[sheet.name]) for sheet in SHEETS}
    lines, ended = reader.document(sheets[DOCUMENT])
    document = "\n".join(lines) + ("\n" if ended else "")
    _hash_document(tables["pack"], document)
    trees = _trees(str(path), tables, reader)
    return Book(path, trees, document, reader.history(sheets[HISTORY]))


def _inside(name: str) -> bool:
    """Whether a name is a path below the pack's folder; else its schema complains."""
    return bool(re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", name))


def _hash_document(entries: list[_Entry], text: str) -> None:
    """Fill in the document's hash where it was left empty: the sheet is the document."""
    for entry in entries:
        if "document.sha256" not in entry.values:
            found = hashlib.sha256(text.encode()).hexdigest()
            entry.values["document.sha256"] = (found, entry.place)


def _raw(path: Path, problems: list[Problem]) -> bytes | None:
    """Bytes of a file that is a workbook and nothing worse."""

    def fault(message: str) -> None:
        problems.append(Problem(str(path), "", 0, message))

    try:
        if not path.is_file():
            fault("is not a regular file" if path.exists() else "no such file")
            return None
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE + 1)
    except OSError as error:
        fault(f"cannot be read: {error.strerror}")
        return None
    if len(raw) > MAX_FILE:
        fault(f"is too big; allowed: at most {MAX_FILE:,} bytes")
    elif raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        fault("is an old or encrypted workbook; allowed: .xlsx without a password")
    elif raw[:2] != b"PK":
        fault("is not a workbook; allowed: .xlsx (in Excel: Save As, Excel Workbook)")
    elif message := _parcel_fault(raw):
        fault(message)
    else:
        return raw
    return None


def _parcel_fault(raw: bytes) -> str:
    """What is wrong with the parts of a workbook, told from their list alone."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parcel:
            parts = parcel.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        return f"is damaged ({error}); allowed: a whole .xlsx"
    names = [part.filename for part in parts]
    total = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or total > MAX_PLAIN:
        size = f"{len(parts):,} parts of {total:,} bytes unpacked"
        return f"unpacks to {size}; allowed: {MAX_PARTS} parts and {MAX_PLAIN:,} bytes"
    if len(set(names)) < len(names):
        return "names a part twice; allowed: each part once"
    if any(part.flag_bits & 1 for part in parts):
        return "is encrypted; allowed: .xlsx without a password"
    if "xl/workbook.xml" not in names:
        return "is a zip file but not a workbook; allowed: .xlsx"
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return "holds macros; allowed: .xlsx without them"
    if links := [name for name in names if name.startswith("xl/externalLinks/")]:
        return (
            f"links to other workbooks ({links[0]}); allowed: values only (Data, Edit Links, Break)"
        )
    if odd := [name for name in names if name.startswith(("xl/connections", "xl/queryTables"))]:
        return f"fetches data from outside ({odd[0]}); allowed: values only"
    return ""


def _sheets(path: Path, raw: bytes, problems: list[Problem]) -> dict[str, list[Cell]] | None:
    """Cells of every sheet, by row and column; formulas are replaced by their stored values."""
    import openpyxl  # noqa: PLC0415 - heavy

    def fault(where: str, message: str) -> None:
        if len(problems) < MAX_FAULTS:
            problems.append(Problem(str(path), where, 0, message))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are not read
            book = openpyxl.load_workbook(io.BytesIO(raw), keep_links=False)
            stored = book
            if any(c.data_type == "f" for ws in book for c in _held(ws)):
                stored = openpyxl.load_workbook(io.BytesIO(raw), data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - a hostile file may break the reader anywhere
        text = " ".join(str(error).split())[:120]
        fault("", f"cannot be read as a workbook ({type(error).__name__}: {text})")
        return None
    found: dict[str, list[Cell]] = {}
    for ws in book.worksheets:
        name = ws.title.strip()
        if ws.max_row > MAX_ROWS or ws.max_column > MAX_COLUMNS:
            message = f"reaches to row {ws.max_row:,}, column {ws.max_column:,}"
            fault(name, f"{message}; allowed: {MAX_ROWS:,} rows and {MAX_COLUMNS} columns")
            continue
        cells = list(_held(ws))
        if ws.sheet_state != "visible" and cells:
            fault(name, "is a hidden sheet; allowed: visible ones (unhide or delete it)")
        _complain_of_hidden(ws, cells, name, fault)
        found[name] = [
            Cell(name, cell.coordinate, value, "%" in (cell.number_format or ""))
            for cell in cells
            for value in [_stored(cell, stored[ws.title], name, fault)]
            if value is not None
        ]
    return found


def _held(ws: Any) -> Iterator[Any]:
    """Cells of a sheet that hold something; none of a sheet that is out of bounds."""
    if ws.max_row > MAX_ROWS or ws.max_column > MAX_COLUMNS:
        return
    for row in ws.iter_rows():
        yield from (cell for cell in row if cell.value is not None)


def _complain_of_hidden(ws: Any, cells: Sequence[Any], name: str, fault: Any) -> None:
    rows = {n for n, d in ws.row_dimensions.items() if d.hidden or d.height == 0}
    columns: set[int] = set()
    for dimension in ws.column_dimensions.values():
        if dimension.hidden or dimension.width == 0:
            columns |= set(range(dimension.min or 0, min(dimension.max or 0, MAX_COLUMNS) + 1))
    for n in sorted(rows & {cell.row for cell in cells}):
        fault(
            f"{name}!{n}:{n}", "is a hidden row with data; allowed: visible rows (unhide or delete)"
        )
    for cell in {cell.column: cell for cell in reversed(cells)}.values():
        if cell.column in columns:
            letter = cell.column_letter
            message = "is a hidden column with data; allowed: visible columns (unhide or delete)"
            fault(f"{name}!{letter}:{letter}", message)


def _stored(cell: Any, values: Any, name: str, fault: Any) -> Any:
    """Value of a cell; of a formula the stored one, if it depends on this workbook alone."""
    where = f"{name}!{cell.coordinate}"
    if cell.data_type == "e":
        fault(where, f"holds the error {cell.value}; allowed: a value")
        return None
    if cell.data_type != "f":
        return cell.value
    text = getattr(cell.value, "text", None) or str(cell.value)
    if re.search(
        r"\[|\b(WEBSERVICE|HYPERLINK|IMPORTDATA|RTD|DDE|CALL|EXEC|FILTERXML)\b|\|",
        text,
        re.IGNORECASE,
    ):
        fault(where, f"holds the formula {shown(text)}, which reaches outside; allowed: a value")
        return None
    value = values[cell.coordinate].value
    if value is None:
        message = f"holds the formula {shown(text)} without a stored value"
        fault(where, f"{message}; allowed: a value (open and save it in Excel, or paste values)")
    elif values[cell.coordinate].data_type == "e":
        fault(where, f"holds a formula with the error {value}; allowed: a value")
        return None
    return value


@dataclass
class _Entry:
    """One row of a sheet: its values by key, each with its cell, and the cell it begins at."""

    place: str
    values: dict[str, tuple[Any, str]]


class _Reader:
    """Turns cells into values, tolerant of how people type, and tells what it cannot."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems

    def fault(self, where: str, message: str) -> None:
        """Record a fault."""
        if len(self.problems) < MAX_FAULTS:
            self.problems.append(Problem(self.file, where, 0, message))

    # -- sheets

    def table(self, sheet: Sheet, cells: list[Cell]) -> list[_Entry]:
        """Entries of a sheet, in order; blank rows are no entries."""
        columns = {column.key: column for column in sheet.columns}
        if not sheet.table and not sheet.parent[0]:
            return [self.values(sheet, columns, cells)]
        heads = self.heads(sheet.name, columns, cells)
        rows: dict[int, dict[str, Cell]] = {}
        for cell in cells:
            letters, row = _split(cell.place)
            if row >= FIRST and letters in heads and not _blank(cell.value):
                rows.setdefault(row, {})[heads[letters]] = cell
            elif row >= FIRST and letters not in heads and not _blank(cell.value):
                self.fault(str(cell), "stands in a column without a key; allowed: a key in row 1")
        return [
            self.entry(f"{sheet.name}!A{row}", columns, found)
            for row, found in sorted(rows.items())
        ]

    def values(self, sheet: Sheet, columns: dict[str, Column], cells: list[Cell]) -> _Entry:
        """Single values: keys in the first column, values in the second."""
        keys: dict[int, Cell] = {}
        given: dict[int, Cell] = {}
        for cell in cells:
            letters, row = _split(cell.place)
            if row > 1 and letters in {"A", "B"} and not _blank(cell.value):
                (keys if letters == "A" else given)[row] = cell
        found: dict[str, Cell] = {}
        for row, cell in keys.items():
            key = str(cell.value).strip()
            if key not in columns:
                message = f"unknown key {shown(key)}{did_you_mean(key, columns)}"
                self.fault(str(cell), f"{message}; allowed: the keys of the template")
            elif key in found:
                self.fault(str(cell), f"key {key!r} is used twice; allowed: once")
            elif row in given:
                found[key] = given[row]
        for row, cell in given.items():
            if row not in keys:
                self.fault(str(cell), "has no key beside it; allowed: a key in column A")
        return self.entry(f"{sheet.name}!A1", columns, found)

    def heads(self, name: str, columns: Mapping[str, Column], cells: list[Cell]) -> dict[str, str]:
        """Keys in row 1 by the letters of their columns."""
        heads: dict[str, str] = {}
        for cell in cells:
            letters, row = _split(cell.place)
            if row != 1:
                continue
            key = str(cell.value).strip()
            if key not in columns:
                message = f"unknown key {shown(key)}{did_you_mean(key, columns)}"
                self.fault(str(cell), f"{message}; allowed: {', '.join(columns)}")
            elif key in heads.values():
                self.fault(str(cell), f"key {key!r} is used twice; allowed: once")
            else:
                heads[letters] = key
        if not heads:
            self.fault(f"{name}!A1", f"has no keys; allowed in row 1: {', '.join(columns)}")
        return heads

    def entry(self, place: str, columns: Mapping[str, Column], found: dict[str, Cell]) -> _Entry:
        """Read the cells of one row by the kinds of their columns."""
        values: dict[str, tuple[Any, str]] = {}
        for key, column in columns.items():
            if key not in found:
                if column.required:
                    empty: Any = [] if column.kind in {"list", "wholes", "numbers"} else None
                    values[key] = (empty, place)
                continue
            cell = found[key]
            unit = column.unit or self.unit(key, found)
            values[key] = (self.read(column, cell, unit), str(cell))
        return _Entry(place, values)

    def unit(self, key: str, found: Mapping[str, Cell]) -> str:
        """Unit in the row for a number: beside it, or one level up."""
        parts = key.split(".")
        for depth in range(len(parts) - 1, -1, -1):
            other = ".".join([*parts[:depth], "unit"])
            if other in found:
                return str(found[other].value).strip()
        return ""

    def document(self, cells: list[Cell]) -> tuple[list[str], bool]:
        """Lines of the document, a cell may hold several, and whether the last one is ended."""
        lines: dict[int, str] = {}
        ended = True
        for cell in cells:
            letters, row = _split(cell.place)
            if cell.place == "B2":
                ended = self.flag(cell) is not False
            elif letters != "A" and cell.place != "B1":
                self.fault(str(cell), "stands beside the text; allowed: column A only")
            elif row > 1:
                lines[row] = str(cell.value).replace("\r\n", "\n").replace("_x000D_", "")
        return [lines.get(row, "") for row in range(2, max(lines, default=1) + 1)], ended

    def history(self, cells: list[Cell]) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Text of every table, and the cells of its lines."""
        texts: dict[str, list[str]] = {}
        places: dict[str, list[str]] = {}
        columns = {column.key: column for column in _HISTORY}
        heads = self.heads(HISTORY, columns, cells)
        rows: dict[int, dict[str, Cell]] = {}
        for cell in cells:
            letters, row = _split(cell.place)
            if row >= FIRST and letters in heads and not _blank(cell.value):
                rows.setdefault(row, {})[heads[letters]] = cell
        for row, found in sorted(rows.items()):
            entry = self.entry(f"{HISTORY}!A{row}", columns, found)
            name = str(entry.values.get("file", ("", ""))[0])
            if not _inside(name):
                self.fault(f"{HISTORY}!A{row}", f"{shown(name)} is not a file; allowed: a/b.csv")
                continue
            fields = [_field(entry.values.get(key, ("", ""))[0]) for key in COLUMNS + MORE]
            texts.setdefault(name, [",".join(COLUMNS + MORE)]).append(",".join(fields))
            places.setdefault(name, [f"{HISTORY}!A1"]).append(entry.place)
        return {name: ("\n".join(text) + "\n", tuple(places[name])) for name, text in texts.items()}

    # -- cells

    def read(self, column: Column, cell: Cell, unit: str) -> Any:
        """Value of a cell by the kind of its column; what does not fit is told and kept."""
        value = cell.value
        if column.kind in {"number", "whole"}:
            return self.number(column, cell, unit)
        if column.kind == "amount":
            return self.amount(cell, unit)
        if column.kind == "flag":
            return self.flag(cell)
        if column.kind in {"day", "month", "period"}:
            return self.time(column.kind, cell)
        if column.kind in {"list", "wholes", "numbers"}:
            return self.several(column, cell)
        if isinstance(value, bool):
            self.fault(str(cell), f"must be text, not {value}; allowed: text")
            return str(value)
        if isinstance(value, datetime | date):
            self.fault(str(cell), "is a date; allowed: text (format the cell as Text)")
            return ""
        text = _number_text(value) if isinstance(value, int | float) else str(value)
        if column.kind in {"id", "choice", "unit"}:
            text = unicodedata.normalize("NFKC", text).strip()
            if column.kind == "unit":
                text = text.replace("m2", "m²")
            return text.lower() if column.kind == "id" and text.lower() != text else text
        return text.rstrip() if column.kind == "line" else text.strip()

    def number(self, column: Column, cell: Cell, unit: str) -> Any:
        """Read a number, typed with separators, full-width digits or a unit if need be."""
        value = cell.value
        if isinstance(value, (bool, datetime | date)):
            what = "a date" if isinstance(value, datetime | date) else str(value).upper()
            self.fault(str(cell), f"must be a number, not {what}; allowed: a number")
            return None
        if isinstance(value, int | float):
            if cell.percent and unit and unit != "比例":
                return self.converted(Fraction(repr(value)), "比例", unit, cell)
            if column.kind == "whole" and float(value).is_integer():
                return int(value)
            return value
        text = tidy(str(value))
        if re.fullmatch(r"[-+]?[0-9.]+ ?/ ?[0-9.]+ ?%?", text) and unit == "比例":
            return text
        found = _TYPED.fullmatch(text)
        if not found:
            slip = "; a decimal comma?" if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text) else ""
            message = f"must be a number, not {shown(text)}{slip}"
            self.fault(str(cell), f"{message}; allowed: 2000, 2,000 or 2000 with its unit")
            return None
        digits, typed = found[1].replace(",", ""), (found[2] or "").strip()
        if typed:
            if not unit:
                self.fault(str(cell), f"has the unit {shown(typed)}; allowed: a number alone")
                return None
            return self.converted(Fraction(digits), typed, unit, cell)
        if re.fullmatch(r"[-+]?[0-9]+", digits):
            return int(digits)
        return float(digits)

    def amount(self, cell: Cell, unit: str) -> Any:
        """Read a number, a quotient, or either with its unit; the loader converts it exactly."""
        value = cell.value
        if isinstance(value, (bool, datetime | date)):
            what = "a date" if isinstance(value, datetime | date) else str(value).upper()
            self.fault(str(cell), f"must be a number, not {what}; allowed: a number")
            return None
        if isinstance(value, int | float):
            if cell.percent and unit and unit != "比例" and not unit.startswith("/"):
                shown_as = format(Decimal(repr(value)) * 100, "f")
                return float(shown_as) if unit.startswith("%") else f"{shown_as} %"
            return value
        text = tidy(str(value))
        found = _AMOUNT.fullmatch(text)
        if not found:
            slip = "; a decimal comma?" if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text) else ""
            message = f"must be a number, not {shown(text)}{slip}"
            self.fault(
                str(cell), f"{message}; allowed: 2000, 2,000, 20/3 or any of them with its unit"
            )
            return None
        digits, below, typed = found[1].replace(",", ""), found[2], (found[3] or "").strip()
        if typed in {"亿", "万"}:  # 2000亿: the 元 may be left out
            typed += "元"
        number = f"{digits}/{below}" if below else digits
        if typed:
            return f"{number} {typed.replace('m2', 'm²')}"
        if below:
            return number
        return int(digits) if re.fullmatch(r"[-+]?[0-9]+", digits) else float(digits)

    def converted(self, value: Fraction, typed: str, unit: str, cell: Cell) -> Any:
        """Convert a typed number to the unit of its row, exactly."""
        try:
            number = convert(value, _unit(typed), _unit(unit))
        except UnitError as error:
            self.fault(str(cell), f"{error}; allowed: {unit} or a unit of the same kind")
            return None
        return int(number) if number.is_integer() else number

    def flag(self, cell: Cell) -> Any:
        """Read true or false as people write it."""
        value = cell.value
        if isinstance(value, bool):
            return value
        text = unicodedata.normalize("NFKC", str(value)).strip().casefold()
        if text in {"true", "yes", "是", "√", "1"}:
            return True
        if text in {"false", "no", "否", "×", "0"}:
            return False
        self.fault(
            str(cell), f"must be TRUE or FALSE, not {shown(text)}; allowed: TRUE, FALSE, 是, 否"
        )
        return None

    def time(self, kind: str, cell: Cell) -> Any:
        """Read a day, month or period, also where Excel made a date of it."""
        value = cell.value
        if isinstance(value, datetime | date):
            day = value.date() if isinstance(value, datetime) else value
            if kind == "day":
                return day.isoformat()
            if day.day == 1:
                return f"{day.year:04d}-{day.month:02d}"
            self.fault(str(cell), f"is the day {day}; allowed: a month, YYYY-MM")
            return None
        try:
            return str(period(value))
        except FormError:  # a span a/b, or what the check of the file tells
            return unicodedata.normalize("NFKC", _number_text(value)).strip()

    def several(self, column: Column, cell: Cell) -> Any:
        """Read a list, parted by semicolons, commas or blanks."""
        value = cell.value
        text = unicodedata.normalize("NFKC", _number_text(value)).strip()
        parts = [part for part in re.split(r"[;,、\s]+", text) if part]
        if column.kind == "list":
            return parts
        numbers: list[Any] = []
        what = "whole numbers" if column.kind == "wholes" else "numbers"
        for part in parts:
            try:
                number = exact(part)
            except ValueError:
                number = None
            if number is None or (column.kind == "wholes" and number.denominator != 1):
                self.fault(
                    str(cell), f"{shown(part)} is not a number; allowed: {what}, parted by ;"
                )
                return None
            numbers.append(int(number) if number.denominator == 1 else float(number))
        return numbers


#: A number with proper thousands, and what stands behind it.
_TYPED = re.compile(
    r"([-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})?(?:(?<=[0-9])\.[0-9]{0,30}|\.[0-9]{1,30})?"
    r"(?<=[0-9.])(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?)"
    r"\s*([^0-9.,\s-][^,]{0,20})?"
)


_AMOUNT = re.compile(
    r"([-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})?(?:(?<=[0-9])\.[0-9]{0,30}|\.[0-9]{1,30})?"
    r"(?<=[0-9.])(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?)"
    r"(?:\s*/\s*([0-9]{1,30}(?:\.[0-9]{1,30})?))?"
    r"\s*((?:[^\W\d_]|[/%])[^,]{0,40})?"
)


def _unit(text: str) -> str:
    """Unit as typed; in a number such as 2000亿 the 元 may be left out."""
    text = unicodedata.normalize("NFKC", text).strip().replace("m2", "m²")
    try:
        return parse(text).name
    except UnitError:
        return parse(f"{text}元").name if text in {"亿", "万"} else parse(text).name


def _number_text(value: Any) -> str:
    """Text of a number as a person would write it: 2012, not 2012.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _split(place: str) -> tuple[str, int]:
    letters = place.rstrip("0123456789")
    return letters, int(place[len(letters) :])


def _field(value: Any) -> str:
    """A field of a CSV line, on one line."""
    text = repr(value) if isinstance(value, float) else "" if value is None else str(value)
    text = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",]', text) else text


# -------------------------------------------------------------------------------- trees


def _trees(file: str, tables: dict[str, list[_Entry]], reader: _Reader) -> dict[str, Source]:
    """Trees of the files of a pack, with cells for places."""
    below: dict[str, dict[Any, list[tuple[str, list[Any], Place]]]] = {}
    for sheet in SHEETS:
        above, key, inner = sheet.parent
        if not above:
            continue
        known = {e.values[key][0] for e in tables[above] if key in e.values}
        groups: dict[Any, list[_Entry]] = {}
        for entry in tables[sheet.name]:
            mine, cell = entry.values.pop(sheet.columns[0].key, (None, entry.place))
            if mine is not None and mine in known:
                groups.setdefault(mine, []).append(entry)
            else:
                names = ", ".join(sorted(map(str, known)))[:200]
                reader.fault(cell, f"{shown(mine)} is not on the sheet {above}; allowed: {names}")
        for name, entries in groups.items():
            items = [_nested(entry, sheet.columns) for entry in entries]
            places = Place(entries[0].place, dict(enumerate(place for _, place in items)))
            held = (inner, [data for data, _ in items], places)
            below.setdefault(above, {}).setdefault(name, []).append(held)
    data: dict[str, dict[str, Any]] = {}
    roots: dict[str, Place] = {}
    for sheet in SHEETS:
        if sheet.parent[0]:
            continue
        root = roots.setdefault(sheet.file, Place(f"{sheet.name}!A1"))
        tree = data.setdefault(sheet.file, {})
        entries = tables[sheet.name]
        if not sheet.table:
            for entry in entries:
                content, place = _nested(entry, sheet.columns)
                tree.update(content)
                root.parts.update(place.parts)
            continue
        if sheet.by_id:
            tree[sheet.table], root.parts[sheet.table] = _by_id(sheet, entries, reader)
            continue
        key = next((s.parent[1] for s in SHEETS if s.parent[0] == sheet.name), "")
        listed: list[Any] = []
        where = Place(f"{sheet.name}!A1")
        for entry in entries:
            content, place = _nested(entry, sheet.columns)
            mine = entry.values.get(key, (None, ""))[0]
            for inner, items, inside in below.get(sheet.name, {}).get(mine, ()):
                content[inner], place.parts[inner] = items, inside
            where.parts[len(listed)] = place
            listed.append(content)
        tree[sheet.table], root.parts[sheet.table] = listed, where
    return {name: Source(file, tree, roots[name]) for name, tree in data.items()}


def _by_id(
    sheet: Sheet, entries: Iterable[_Entry], reader: _Reader
) -> tuple[dict[str, Any], Place]:
    """Rows of a sheet of definitions that state anything, by id."""
    found: dict[str, Any] = {}
    where = Place(f"{sheet.name}!A1")
    aside = {column.key for column in sheet.columns if column.kind == "aside"}
    for entry in entries:
        name, place = entry.values.pop("id", ("", entry.place))
        for key in aside:
            entry.values.pop(key, None)
        if not name:
            reader.fault(place, "has no id; allowed: an id in every row")
        elif name in found:
            reader.fault(place, f"id {name!r} is used twice; allowed: once")
        elif entry.values.keys() - {"unit"} or not _is_defined(sheet, name):
            found[name], where.parts[name] = _nested(entry, sheet.columns)
    return found, where


def _is_defined(sheet: Sheet, name: str) -> bool:
    known = definitions.levers() if sheet.table == "levers" else definitions.parameters()
    return name in known


def _nested(entry: _Entry, columns: Sequence[Column]) -> tuple[dict[str, Any], Place]:
    """Values of an entry as nested mappings, with the cell of each."""
    data: dict[Any, Any] = {}
    where = Place(entry.place)
    for column in columns:
        if column.key not in entry.values:
            continue
        value, cell = entry.values[column.key]
        inner, at = data, where
        for part in column.path[:-1]:
            inner = inner.setdefault(part, {})
            below = at.parts.setdefault(part, Place(cell))
            at = below if isinstance(below, Place) else Place(cell)
        inner[column.path[-1]] = value
        at.parts[column.path[-1]] = cell
    for key, held in data.items():  # a pair in two columns
        _paired(data, key, held)
    return data, where


def _paired(data: dict[Any, Any], key: Any, held: Any) -> None:
    """Turn mappings by position into lists, at any depth."""
    if not isinstance(held, dict):
        return
    for name, inner in list(held.items()):
        _paired(held, name, inner)
    if held and all(isinstance(part, int) for part in held):
        data[key] = [held[part] for part in sorted(held)]
