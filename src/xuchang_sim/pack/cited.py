"""Cited tables of a pack: read and checked, and the declared series picked from them."""

import csv
import io
import math
import re
from collections.abc import Collection, Iterator, Mapping
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
from xuchang_sim.text import phrase
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
    if line := cells.too_long(text):
        problems.append(Problem(str(path), "", line, phrase("table.long", most=cells.LONGEST)))
        return ()
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[Record] = []
    try:
        header = next(rows, [])
        if tuple(header) not in (COLUMNS, COLUMNS + MORE):
            message = phrase(
                "history.columns", header=",".join(header)[:80], columns=",".join(COLUMNS)
            )
            message += phrase("history.more_columns", more=",".join(MORE))
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
        problems.append(Problem(str(path), "", rows.line_num, phrase("history.csv", error=error)))
    return tuple(records)


def _row_fault(row: list[str], width: int) -> str:
    """Return the fault of one line of a table; empty for an empty line."""
    if not row:
        return ""
    if len(row) != width:
        return phrase("history.fields", row=len(row), width=width)
    if not all(row[: len(COLUMNS)]):
        return phrase("history.empty", columns=COLUMNS[row.index("")])
    try:
        missing = math.isnan(cells.number(row[3]).value)
    except cells.FormError as error:
        return phrase("history.value", error=error)
    if missing:
        return phrase("history.number", row=row[3][:40])
    if row[6] not in CONFIDENCE:
        return phrase("history.confidence", row=row[6][:40], confidence=", ".join(CONFIDENCE))
    kind, published = row[7:] or ("", "")
    if kind not in ("", *TYPES):
        return phrase("history.type", kind=kind[:40], types=", ".join(TYPES))
    if kind in EVIDENCE and row[0].startswith(AIMS):
        return phrase("history.aim", row=row[0], kind=kind)
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
            result = doubt if " may be " in str(doubt) else error
            raise ValueError(str(result)) from None
    if any(not 1900 <= int(year) <= 2099 for year in re.findall(r"\d{4}", text)):
        raise ValueError(phrase("history.years", period=text))
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
    about = [
        (record, phrase("history.about_later", known=known))
        for record in records
        if last_day(record.period) > known and record.type in EVIDENCE
    ]
    return about + [
        (record, phrase("history.came_later", known=known))
        for record in records
        if record.published and last_day(record.published) > known
    ]


def read_series(
    source: Source,
    entries: tuple[SeriesEntry, ...],
    tables: Mapping[str, tuple[Record, ...]],
    known: date,
    unread: Collection[str] = (),
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
    unread : collection of str
        Tables of which a line was faulty: what their series lack is no fault of its own.

    Returns
    -------
    dict of str to Series
        Series by id.
    list of Problem
        One for each fault.
    """
    result: dict[str, Series] = {}
    problems: list[Problem] = []
    for i, entry in enumerate(entries):
        table = [x for x in tables.get(entry.file, ()) if x.entity == entry.entity]
        series = Series(entry, tuple(sorted(x for x in table if x.series == entry.series)))
        faults: dict[str, str] = {}
        for key, text in _series_faults(series, known):
            faults.setdefault(key, text)
        if not faults and entry.file not in unread:
            faults = dict(doubts.series_doubts(series))
        if entry.id in result:
            faults["id"] = phrase("word.twice", id=entry.id)
        if not len(series) and entry.file in tables:
            names = sorted({record.series for record in table})
            close = did_you_mean(entry.series, names)
            listed = ", ".join(names)[:200] or phrase("history.no_series")
            faults["series"] = phrase("history.not_in", file=entry.file, close=close, names=listed)
        problems += [source.problem(["history", i, key], text) for key, text in faults.items()]
        result[entry.id] = series
    return result, problems


def _series_faults(series: Series, known: date) -> Iterator[tuple[str, str]]:
    """Key and message of every fault of a series."""
    entry, last = series.entry, ""
    form, shown = _FORM[entry.frequency]
    for record in series.records:
        faults: dict[str, dict[str, object]] = {}
        if record.unit != entry.unit:
            faults["unit"] = {"unit": record.unit}
        if record.type not in EVIDENCE:
            evidence = ", ".join(sorted(EVIDENCE))
            faults["of_type"] = {"type": record.type, "evidence": evidence}
        if record.period == last:
            faults["repeats"] = {"period": record.period}
        if not re.fullmatch(form, record.period):
            faults["has_period"] = {"period": record.period, "shown": shown}
        elif series.released(record.period) > known:
            faults["released"] = {"released": series.released(record.period), "known": known}
        for fault, values in faults.items():
            where = phrase("history.line", line=record.line, file=entry.file)
            yield _PLACES[fault], phrase(f"history.{fault}", where=where, **values)
        last = record.period


#: Key of a series' entry to which a fault of one of its figures belongs.
_PLACES = {
    "unit": "unit",
    "of_type": "series",
    "repeats": "series",
    "has_period": "frequency",
    "released": "release",
}
