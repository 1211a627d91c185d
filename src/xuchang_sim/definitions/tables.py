"""Definitions as plain tables: for the command line, for JSON and for the reference pages."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from xuchang_sim import definitions
from xuchang_sim.definitions import LEVELS, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TABLES", "lines", "page", "plain"]

#: Tables by name: how they are read.
TABLES: dict[str, Callable[[], Mapping[str, Any]]] = {
    "levers": definitions.levers,
    "parameters": definitions.parameters,
    "measures": definitions.measures,
    "columns": definitions.columns,
    "summary": definitions.summary,
    "sectors": definitions.sectors,
    "drivers": definitions.drivers,
}
#: Columns of the text form and of the reference pages, by table.
SHOWN = {
    "levers": ("id", "unit", "levels", "range", "possible", "kind", "does"),
    "parameters": (
        "id",
        "unit",
        "default",
        "range",
        "prior",
        "possible",
        "mark",
        "label",
        "source",
    ),
    "measures": ("id", "unit", "direction", "basis", "needs", "parameters", "label"),
    "columns": ("id", "unit", "kind", "zones", "year", "label"),
    "summary": ("id", "unit", "label"),
    "sectors": (
        "id",
        "ppi_beta",
        "own_money_min",
        "plot_ratio_min",
        "floor_suited",
        "productivity",
        "label",
    ),
    "drivers": ("id", "unit", "frequency", "release", "least", "label"),
}


def plain(table: str) -> list[dict[str, Any]]:
    """Entries of a table as plain data, every field by its name.

    Parameters
    ----------
    table : str
        One of :data:`TABLES`.

    Returns
    -------
    list of dict
        One for each entry, in the order of the definitions.

    Examples
    --------
    >>> plain("levers")[0]["unit"]
    '亩/区/年'
    """
    return [
        {field.name: _plain(getattr(entry, field.name)) for field in fields(entry)}
        for entry in TABLES[table]().values()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: _plain(part) for key, part in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _rows(table: str, lang: str) -> list[tuple[str, ...]]:
    return [
        tuple(_cell(entry, name, lang) for name in SHOWN[table])
        for entry in TABLES[table]().values()
    ]


def _cell(entry: Any, name: str, lang: str) -> str:
    """One field of an entry as text."""
    value = getattr(entry, name)
    if isinstance(value, Text):
        return str(getattr(value, lang))
    if name == "levels":
        if entry.local:
            return (
                f"city's own (else {entry.neutral:g})"
                if lang == "en"
                else f"本市（否则 {entry.neutral:g}）"
            )
        return ", ".join(f"{level} {x:g}" for level, x in zip(LEVELS, value, strict=True))
    if name == "possible" and value:
        low, high = (f"{float(x):g}" for x in value)
        return f"{low} … {high}" + (f" × {entry.of}" if entry.of else "")
    if name == "prior" and entry.sigma:
        return f"{value} ({entry.sigma:g})"
    if isinstance(value, tuple):
        return " … ".join(f"{x:g}" if isinstance(x, float) else str(x) for x in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def lines(table: str, lang: str = "zh") -> list[str]:
    """Text form of a table: a line of names, then a line an entry, columns apart by two blanks."""
    rows = [SHOWN[table], *_rows(table, lang)]
    widths = [max(_width(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Cells of a terminal that a text takes."""
    import unicodedata  # noqa: PLC0415

    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


INTRODUCTIONS = {
    "levers": (
        "Levers",
        """Instruments of a plan that the model can move. A pack states the levels of those that are the
city's own; every number may be given in any unit of the same kind. `possible` bounds the size of any
number of a pack, zero aside, and no pack can move it; `× fai` means parts of that total of the base year.""",
    ),
    "parameters": (
        "Parameters",
        """Parameters of the model: default, range and prior, from which every replicate draws. A pack
states only what differs. Marks: R read in a source, D derived from such figures, S standard, U
unverified, J judgement.""",
    ),
    "measures": (
        "Measures",
        """What a target of a plan can count. `zones`, `clusters` and `platforms` are families: a target
names one with its threshold, `zones_100` and 100 亿元.""",
    ),
    "columns": (
        "Recorded columns",
        """What is on record of every zone and month. `zones` says how zones make up the city, `year` how
months make up a year.""",
    ),
}


def page(table: str) -> str:
    """Reference page of a table, in Markdown."""
    title, text = INTRODUCTIONS[table]
    head = SHOWN[table]
    body = [
        "| " + " | ".join(_marked(c, k == 0) for k, c in enumerate(row)) + " |"
        for row in _rows(table, "en")
    ]
    rule = "|" + "---|" * len(head)
    parts = [f"# {title}", "", text, "", f"| {' | '.join(head)} |", rule, *body]
    return "\n".join(parts) + "\n"


def _marked(text: str, code: bool) -> str:
    plain_text = text.replace("|", "\\|")
    return f"`{plain_text}`" if code else plain_text
