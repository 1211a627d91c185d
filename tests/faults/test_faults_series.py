"""Series: what is read from a damaged table is what stands there, to the last figure, or is refused."""

from __future__ import annotations

import csv
import math
import re
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faults import damage
from xuchang_sim.forecast.series import read_series
from xuchang_sim.pack.cases import QUANTITIES, read_cases, read_outcomes
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.yamlfile import InputError

Note = Callable[[str, object], None]
FILE = "tests/faults/test_faults_series.py"
SMALL = shipped()[-1]
TABLE = "history/china_monthly.csv"
CASES = Path(__file__).parents[1] / "hindcast" / "cases_development.csv"


def cells(text: str) -> list[dict[str, str]]:
    """Rows of a table by column, as the standard library reads them."""
    return list(csv.DictReader(text.splitlines()))


# ------------------------------------------------------------------------------- one series


def monthly() -> str:
    """Return a monthly series as a planner would keep it."""
    rows = cells((SMALL / TABLE).read_text(encoding="utf-8"))
    digits: Counter[str] = Counter()
    for row in rows:
        digits[row["series"]] += len(row["value"])
    name = digits.most_common(1)[0][0]  # with many digits, so that none is lost unseen
    found = [f"{row['period']},{row['value']}" for row in rows if row["series"] == name]
    return "\n".join(["date,ppi_yoy (%)", *found]) + "\n"


def figures(text: str) -> dict[str, float]:
    """Figures of such a file by month, read without the library; each month once."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(\d{4}-\d\d),(-?[0-9.]+(?:e-?\d+)?)", line)
        if match:
            assert match[1] not in found, f"{match[1]} twice"
            found[match[1]] = float(match[2])
    return found


def test_a_damaged_series_is_read_as_it_stands(tmp_path: Path, record_property: Note) -> None:
    whole, path = monthly(), tmp_path / "series.csv"
    tally = damage.Tally("series", f"{FILE} -k series_is", record_property)
    for n in tally.numbers(240):
        kind, rng = damage.kind_of(n), damage.source(n)
        change = damage.mutated(kind, rng, whole)
        path.write_text(change.text, encoding="utf-8")
        with tally.trying(n, kind, (change.old, change.new)):
            try:
                series = read_series(path)
            except InputError as error:
                tally.refuse(kind, error, path.name)
                continue
            stated = figures(change.text)
            found = {
                series.text(series.first + k): float(value)
                for k, value in enumerate(series.values)
                if math.isfinite(value)
            }
            assert found == stated
            unit = re.search(r"\(([^)]*)\)", change.text.partition("\n")[0])
            assert series.unit == (unit[1] if unit else "")
    tally.close()


# ------------------------------------------------------------------------------- tables of a pack


def test_a_damaged_table_without_its_hash_is_read_as_it_stands(
    tmp_path: Path, record_property: Note
) -> None:
    """A pack's own tables, which have no hashes yet: closed sets, units and each series' own past."""
    place = tmp_path / "pack"
    shutil.copytree(SMALL, place, ignore=shutil.ignore_patterns("posterior.npz", "SHA256SUMS"))
    path, usual = place / TABLE, load_pack(place)
    whole = path.read_text(encoding="utf-8")
    names = {(row["series"], row["entity"], row["unit"]) for row in cells(whole)}
    tally = damage.Tally("tables", f"{FILE} -k table_without", record_property)
    for n in tally.numbers(40):
        kind, rng = damage.kind_of(n), damage.source(n)
        change = damage.mutated(kind, rng, whole)
        path.write_text(change.text, encoding="utf-8")
        with tally.trying(n, kind, (change.old, change.new)):
            try:
                pack = load_pack(place)
            except InputError as error:
                tally.refuse(kind, error, place.name)
                continue
            rows = cells(change.text)
            assert {(row["series"], row["entity"], row["unit"]) for row in rows} <= names
            for series in pack.history.values():
                entry = series.entry
                if entry.file != TABLE:
                    continue
                stated = sorted(
                    (row["period"], float(row["value"]))
                    for row in rows
                    if (row["series"], row["entity"]) == (entry.series, entry.entity)
                )
                assert list(series) == stated
                months = [12 * int(period[:4]) + int(period[5:]) - 1 for period, _ in series]
                for one, two in pairwise(months):
                    lost = [month for month in range(one + 1, two) if month % 12 > 1]
                    assert not lost, f"{entry.id} has lost {len(lost)} months"
                assert {row["unit"] for row in rows if row["series"] == entry.series} == {
                    entry.unit
                }
            assert (pack.sha256 == usual.sha256) is (rows == cells(whole))
        path.write_text(whole, encoding="utf-8")
    tally.close()


# ------------------------------------------------------------------------------- cases


def test_a_damaged_case_is_read_as_it_stands(tmp_path: Path, record_property: Note) -> None:
    whole, path = CASES.read_text(encoding="utf-8"), tmp_path / "cases.csv"
    part = re.compile(r"_(growth|implied|\d+m|q\d|\d{4})")
    known = {row["quantity"] for row in cells(whole)} | set(QUANTITIES)
    names = {part.sub("", name) for name in known}
    usual = len(read_cases(CASES)[1]) + len(read_outcomes(CASES)[1])
    tally = damage.Tally("cases", f"{FILE} -k case_is", record_property)
    for n in tally.numbers(240):
        kind, rng = damage.kind_of(n), damage.source(n)
        change = damage.mutated(kind, rng, whole)
        path.write_text(change.text, encoding="utf-8")
        with tally.trying(n, kind, (change.old, change.new)):
            try:
                found, refusals = read_cases(path)
                outcomes, problems = read_outcomes(path)
            except InputError as error:
                tally.refuse(kind, error, path.name)
                continue
            tally.refused[kind] += len(refusals) + len(problems) > usual
            rows = dict(enumerate(csv.DictReader(change.text.splitlines()), 2))
            held = [
                row for case in found for side in (case.base, case.target) for row in side.values()
            ]
            for row in [*held, *outcomes]:
                said = rows[row.line]
                assert part.sub("", row.quantity) in names, "a quantity that nobody knows"
                assert row.kind == said["kind"]
                if row.unit == said["unit"]:
                    assert row.value == float(said["value"].replace(",", "").lstrip("<>=≤≥ "))
    tally.close()


# ------------------------------------------------------------------------------- extremes


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1e308", "1e308 is larger than any statistic; allowed: numbers up to 1e+100"),
        ("-1e308", "larger than any statistic"),
        ("1_0", "1_0 is not a number"),
        ("9" * 140_000, "a line of more than 131,072 characters"),
        ('"' + "x" * 140_000, "a line of more than 131,072 characters"),
    ],
    ids=["huge", "small", "underscore", "digits", "quote"],
)
def test_what_no_table_holds_is_refused_with_its_line(cell: str, said: str, tmp_path: Path) -> None:
    """In a series, in a pack's table and among cases."""
    series, cases = tmp_path / "series.csv", tmp_path / "cases.csv"
    series.write_text(monthly() + f"2031-01,{cell}\n", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        read_series(series)
    lines = CASES.read_text(encoding="utf-8").splitlines()
    row = next(csv.reader([lines[1]]))
    column = lines[0].split(",").index("value")
    lines.insert(1, ",".join([*row[:column], cell, *row[column + 1 :]]))
    cases.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        told = [str(problem) for problem in read_cases(cases)[1]]
    except InputError as error:
        told = [str(error)]
    assert any("cases.csv:2" in one for one in told), told[:3]
    place = tmp_path / "pack"
    shutil.copytree(SMALL, place, ignore=shutil.ignore_patterns("posterior.npz", "SHA256SUMS"))
    table = place / TABLE
    rows = table.read_text(encoding="utf-8").splitlines()
    fields = rows[1].split(",")
    rows[1] = ",".join([*fields[:3], cell, *fields[4:]])
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"china_monthly\.csv:2"):
        load_pack(place)


@pytest.mark.parametrize(
    "name", ["=cmd|'/C calc'!A0", "@SUM(1+1)", "+1", "-1", "a\u202eb", "a\x1b[2J"]
)
def test_a_case_is_no_formula_of_a_spreadsheet(name: str, tmp_path: Path) -> None:
    """Its name stands in tables of forecasts, which people open in a spreadsheet."""
    path = tmp_path / "cases.csv"
    rows = list(csv.reader(CASES.read_text(encoding="utf-8").splitlines()))
    column = rows[0].index("case")
    for row in rows[1:]:
        row[column] = name if row[column] == rows[1][column] else row[column]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    found, refusals = read_cases(path)
    assert name not in {case.id for case in found}
    said = [str(one.problem) for one in refusals if "is no name of a case" in str(one.problem)]
    assert len(said) == 1
    assert name.isprintable() or name not in said[0]
