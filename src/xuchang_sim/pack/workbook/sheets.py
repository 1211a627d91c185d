"""Sheets of a workbook: which table of a pack each holds, and what stands in its columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from xuchang_sim.pack.history import COLUMNS, MORE, SeriesEntry, TableEntry
from xuchang_sim.pack.levers import LEVELS
from xuchang_sim.pack.pack import PackFile
from xuchang_sim.pack.parameters import KINDS, MARKS
from xuchang_sim.pack.plan import Row, TargetEntry
from xuchang_sim.pack.region import Cluster, LeadingSector, Region, Sector, Zone
from xuchang_sim.pack.schema import Quantity, Strict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "BY_NAME",
    "DOCUMENT",
    "FIRST",
    "HISTORY",
    "HISTORY_COLUMNS",
    "LINE_END",
    "REFERENCES",
    "SHEETS",
    "Column",
    "Sheet",
]

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


def _undecorated(annotation: Any) -> tuple[Any, bool]:
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
        annotation, none = _undecorated(info.annotation)
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
    inner, _ = _undecorated(get_args(annotation)[0])
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
HISTORY_COLUMNS = (
    Column(("file",), "line"),
    *(Column((name,), _HISTORY_KINDS.get(name, "line")) for name in COLUMNS + MORE),
)
BY_NAME = {sheet.name: sheet for sheet in SHEETS}
#: Columns whose choices are the ids of another sheet.
REFERENCES = {
    ("leading", "zone"): "zones", ("leading", "sector"): "sectors", ("clusters", "zone"): "zones",
    ("clusters", "sector"): "sectors",
}  # fmt: skip
