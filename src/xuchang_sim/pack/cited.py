"""Cited tables of a pack: read and checked, and the declared series picked from them."""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from xuchang_sim.pack import cells, doubts, tables
from xuchang_sim.pack.history import (
    AIMS,
    COLUMNS,
    CONFIDENCE,
    EVIDENCE,
    MORE,
    TYPES,
    Record,
    Series,
    SeriesEntry,
    last_day,
)
from xuchang_sim.yamlfile import Problem, Source, did_you_mean

__all__ = ["parse_table", "read_series", "read_table", "too_late"]

_FORM = {"month": (r"[0-9]{4}-[0-9]{2}", "YYYY-MM"), "year": (r"[0-9]{4}", "YYYY")}
MAX_TABLE_BYTES = 8 << 20


def read_table(path: Path, problems: list[Problem]) -> tuple[Record, ...]:
    """Read a cited table.

    Parameters
    ----------
    path : Path
        CSV file with the seven columns of :data:`COLUMNS`, or with :data:`MORE` after them.
    problems : list of Problem
        Faults are appended here.

    Returns
    -------
    tuple of Record
        Its good lines, in order.
    """
    text = tables.text_of(path, problems, MAX_TABLE_BYTES)
    return () if text is None else parse_table(text, path, problems)


def parse_table(text: str, path: Path | str, problems: list[Problem]) -> tuple[Record, ...]:
    """Read the text of a cited table; `path` is what faults call it."""
    problems += [Problem(str(path), "", line, message) for line, message in doubts.unseen(text)]
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[Record] = []
    try:
        header = next(rows, [])
        if tuple(header) not in (COLUMNS, COLUMNS + MORE):
            message = f"has the columns {','.join(header)[:80]!r}; allowed: {','.join(COLUMNS)}"
            message += f", or {','.join(MORE)} after them"
            problems.append(Problem(str(path), "", 1, message))
            return ()
        for row in rows:
            message = _row_fault(row, len(header))
            if message:
                problems.append(Problem(str(path), "", rows.line_num, message))
            elif row:
                series, entity, period, value, unit, cited, sure = row[:7]
                kind, out = row[7:] or ("", "")
                kind = kind or ("target" if series.startswith(AIMS) else "actual")
                period, out = _period(period), _period(out) if out else ""
                number, line = cells.number(value).value, rows.line_num
                records.append(
                    Record(series, entity, period, number, unit, cited, sure, kind, out, line)
                )
    except csv.Error as error:
        problems.append(Problem(str(path), "", rows.line_num, f"is not CSV ({error})"))
    return tuple(records)


def _row_fault(row: list[str], width: int) -> str:
    """What is wrong with one line of a table; nothing for an empty line."""
    if not row:
        return ""
    if len(row) != width:
        return f"has {len(row)} fields; allowed: {width}"
    if not all(row[: len(COLUMNS)]):
        return f"{COLUMNS[row.index('')]} is empty; allowed: a value in every column"
    try:
        missing = math.isnan(cells.number(row[3]).value)
    except cells.FormError as error:
        return f"value {error}"
    if missing:
        return f"value {row[3][:40]!r} is not a number; allowed: finite numbers"
    if row[6] not in CONFIDENCE:
        return f"confidence {row[6][:40]!r}; allowed: {', '.join(CONFIDENCE)}"
    kind, published = row[7:] or ("", "")
    if kind not in ("", *TYPES):
        return f"type {kind[:40]!r}; allowed: {', '.join(TYPES)}"
    if kind in EVIDENCE and row[0].startswith(AIMS):
        return f"{row[0]} is of type {kind}, and states an aim; allowed: target, announced"
    try:
        for period in filter(None, (row[2], published)):
            _period(period)
    except ValueError as error:
        return str(error)
    return ""


def _period(text: str) -> str:
    """Period of a table in its canonical form; spans ``a/b`` stay as they are.

    Raises
    ------
    ValueError
        If it is no period, or may be two.
    """
    try:
        last_day(text)
    except ValueError as error:
        try:
            return str(cells.period(text))
        except cells.FormError as doubt:
            told = doubt if " may be " in str(doubt) else error
            raise ValueError(str(told)) from None
    return text


def too_late(records: tuple[Record, ...], known: date) -> list[tuple[Record, str]]:
    """Figures that came out, or facts about days, after the information date.

    Aims may look ahead.

    Parameters
    ----------
    records : tuple of Record
        The table.
    known : date
        Information date.

    Returns
    -------
    list of (Record, str)
        Each such fact and what is wrong with it.
    """
    message = f"is about a time after the information date {known}; allowed: what was known then"
    late = f"came out after the information date {known}; allowed: what was published by then"
    about = [
        (record, message)
        for record in records
        if last_day(record.period) > known and record.type in EVIDENCE
    ]
    return about + [
        (record, late)
        for record in records
        if record.published and last_day(record.published) > known
    ]


def read_series(
    source: Source,
    entries: tuple[SeriesEntry, ...],
    tables: Mapping[str, tuple[Record, ...]],
    known: date,
) -> tuple[dict[str, Series], list[Problem]]:
    """Pick the declared series from their tables and check them.

    Parameters
    ----------
    source : Source
        File that declares them, under ``history``.
    entries : tuple of SeriesEntry
        Declarations.
    tables : mapping of str to tuple of Record
        Tables by file name.
    known : date
        Information date.

    Returns
    -------
    dict of str to Series
        Series by id.
    list of Problem
        One for each fault.
    """
    found: dict[str, Series] = {}
    problems: list[Problem] = []
    for i, entry in enumerate(entries):
        table = [x for x in tables.get(entry.file, ()) if x.entity == entry.entity]
        series = Series(entry, tuple(sorted(x for x in table if x.series == entry.series)))
        faults: dict[str, str] = {}
        for key, text in _series_faults(series, known):
            faults.setdefault(key, text)
        if not faults:
            faults = dict(doubts.series_doubts(series))
        if entry.id in found:
            faults["id"] = f"id {entry.id!r} is used twice; allowed: once"
        if not len(series) and entry.file in tables:
            names = sorted({record.series for record in table})
            close = did_you_mean(entry.series, names)
            faults["series"] = f"is not in {entry.file}{close}; allowed: {', '.join(names)[:200]}"
        problems += [source.problem(["history", i, key], text) for key, text in faults.items()]
        found[entry.id] = series
    return found, problems


def _series_faults(series: Series, known: date) -> Iterator[tuple[str, str]]:
    """Key and message of every fault of a series."""
    entry, last = series.entry, ""
    form, shown = _FORM[entry.frequency]
    for record in series.records:
        where = f"line {record.line} of {entry.file}"
        if record.unit != entry.unit:
            yield "unit", f"{where} has {record.unit!r}; allowed: the unit of the table"
        if record.type not in EVIDENCE:
            text = f"{where} is of type {record.type}; allowed: {', '.join(sorted(EVIDENCE))}"
            yield "series", f"{text}: forecasts rest on what was measured"
        if record.period == last:
            yield "series", f"{where} repeats {record.period}; allowed: each period once"
        if not re.fullmatch(form, record.period):
            yield "frequency", f"{where} has period {record.period!r}; allowed: {shown}"
        elif series.released(record.period) > known:
            text = f"{where} came out on {series.released(record.period)}"
            yield "release", f"{text}; allowed: up to the information date {known}"
        last = record.period
