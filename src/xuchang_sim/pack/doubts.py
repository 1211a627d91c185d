"""Doubts: what in a pack's tables is most likely damage, each a fault with its line.

A series is held against its own past: no gap, no figure far outside all others, no fraction among per
cents. Names that nearly are a declared one, and characters that nobody sees, are refused. Tables whose
hashes stand in ``SHA256SUMS`` beside them are as they were when the hashes were taken.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Problem, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from xuchang_sim.pack.history import Record, Series, SeriesEntry

SUMS: Final = "SHA256SUMS"
FAR: Final = 1.5  # times the range of all other figures that one may lie beyond them
FAR_STEPS: Final = (
    4.0  # times the largest other step between neighbours that a new extreme may be away
)
LEAST: Final = 8  # figures from which a series has a past
NEAR: Final = 0.79  # likeness of two names from which one is taken for a slip of the other
SLIP: Final = 2  # letters by which the lengths of a name and of its slip differ at most
RARE: Final = 2  # figures up to which a name may be a slip
_PERCENT: Final = frozenset({"%", "％"})
_SHORT: Final = 0.02  # of the usual size: per cents divided by a hundred


def unseen(text: str) -> Iterator[tuple[int, str]]:
    """Lines with a character that nobody sees, and what is wrong with it.

    Control characters, marks that turn the direction of writing, and spaces of no width change what a
    reader sees, or what a program reads, and not both.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.isprintable():  # has none of them, and nearly every line is
            continue
        for sign in line.rstrip("\r"):
            if sign != "\t" and unicodedata.category(sign) in {"Cc", "Cf"} and sign != "\ufeff":
                name = unicodedata.name(sign, phrase("doubt.control"))
                yield number, phrase("doubt.sign", ord=ord(sign), name=name)
                break


def series_doubts(series: Series) -> Iterator[tuple[str, str]]:
    """Key and message of what a series' own past speaks against."""
    entry, records = series.entry, series.records
    for one, two in pairwise(records):
        gap = _gap(one.period, two.period)
        if gap:
            yield "series", phrase("doubt.gap", line=two.line, file=entry.file, gap=gap)
    if len(records) < LEAST:
        return
    values = [record.value for record in records]
    middle = sorted(abs(value) for value in values)[len(values) // 2]
    for k, record in enumerate(records):
        others = values[:k] + values[k + 1 :]
        low, high = min(others), max(others)
        beyond = max(low - record.value, record.value - high)
        where = phrase("history.line", line=record.line, file=entry.file)
        if beyond > FAR * (high - low):
            text = phrase(
                "doubt.far",
                where=where,
                value=record.value,
                period=record.period,
                low=low,
                high=high,
            )
            yield "series", text
        elif entry.frequency == "month" and beyond > 0 and _jump(values, k) > FAR_STEPS:
            text = phrase(
                "doubt.jump",
                where=where,
                value=record.value,
                period=record.period,
                far_steps=FAR_STEPS,
            )
            yield "series", text
        short = 0 < abs(record.value) < _SHORT * middle and record.value != int(record.value)
        if entry.unit in _PERCENT and short and min(abs(value) for value in others) >= 1.0:
            text = phrase("doubt.fraction", where=where, value=record.value)
            yield "series", text


def _jump(values: list[float], k: int) -> float:
    """Distance of a value to its nearer neighbour, over the largest step between others."""
    steps = [abs(two - one) for one, two in pairwise(values)]
    mine = steps[max(0, k - 1) : k + 1]
    others = steps[: max(0, k - 1)] + steps[k + 1 :]
    largest = max(others)
    return min(mine) / largest if largest else 0.0


def _gap(one: str, two: str) -> str:
    """Gap between two consecutive periods; empty if there is none.

    January may be missing alone, or with February: many monthly figures begin with the second or third
    month. Years may be missing: annual tables of several editions often lack some.
    """
    match = re.fullmatch(r"(\d{4})-(\d{2})", one), re.fullmatch(r"(\d{4})-(\d{2})", two)
    if not match[0] or not match[1]:
        return ""
    first, last = (12 * int(m[1]) + int(m[2]) - 1 for m in match if m)
    missing = [month for month in range(first + 1, last) if month % 12 not in {0, 1}]
    if not missing:
        return ""
    month = f"{missing[0] // 12}-{missing[0] % 12 + 1:02d}"
    return phrase("doubt.month", month=month)


def name_doubts(
    records: Iterable[Record], entries: Iterable[SeriesEntry]
) -> Iterator[tuple[Record, str]]:
    """Yield the rows of a table whose entity or series is most likely a slip of a declared one."""
    records, entries = tuple(records), tuple(entries)
    for field in ("entity", "series"):
        declared = {getattr(entry, field) for entry in entries}
        counts = Counter(getattr(record, field) for record in records)
        for record in records:
            name = getattr(record, field)
            if name in declared or counts[name] > RARE:
                continue
            if meant := slip_of(name, declared):
                yield record, phrase("doubt.name", name=name, field=field, close=meant)


def slip_of(name: str, known: Iterable[str]) -> str:
    """Return the known name of which another is most likely a slip of the pen; empty if of none.

    Examples
    --------
    >>> slip_of("gdx", ["gdp", "fai"]), slip_of("exports", ["gdp", "fai"])
    ('gdp', '')
    """
    one_letter = 1.0 - 1.0 / max(len(name), 1) - 1e-9  # likeness of what differs in one letter
    close = difflib.get_close_matches(name, sorted(known), 1, min(NEAR, max(one_letter, 0.6)))
    return close[0] if close and abs(len(close[0]) - len(name)) <= SLIP else ""


def changed(folder: Path, names: Iterable[str], problems: list[Problem]) -> None:
    """Check tables against the hashes beside them, where there are any."""
    sums: dict[str, Mapping[str, str]] = {}
    for name in names:
        path = folder / name
        place = path.parent / SUMS
        if not place.is_file() or not path.is_file():
            continue
        if str(place) not in sums:
            lines = (read_text(place, problems) or "").splitlines()
            pairs = (line.split(maxsplit=1) for line in lines if line.strip())
            sums[str(place)] = {pair[-1].lstrip("*"): pair[0] for pair in pairs}
        said = sums[str(place)].get(path.name)
        result = hashlib.sha256(path.read_bytes()).hexdigest()
        if said != result:
            key = "doubt.changed" if said is not None else "doubt.unlisted"
            message = phrase(key, sums=SUMS, found=result)
            problems.append(Problem(str(path), "", 0, message))
