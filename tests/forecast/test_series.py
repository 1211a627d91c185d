"""Reading series: dates, vintages and named errors."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from xuchang_sim.forecast import series as s
from xuchang_sim.pack.load import Pack

Write = Callable[[Path, Sequence[tuple[str, object]]], Path]


@pytest.mark.parametrize(
    ("dates", "frequency", "last"),
    [
        ([str(y) for y in range(2000, 2008)], 1, "2007"),
        ([f"2010Q{q}" for q in (1, 2, 3, 4)], 4, "2010Q4"),
        ([f"2010-{m:02d}" for m in range(1, 13)], 12, "2010-12"),
        ([f"20{y:02d}-12-31" for y in range(1, 9)], 1, "2008"),
        ([f"2010-{m:02d}-28" for m in (3, 6, 9, 12)] + ["2011-03-28"], 4, "2011Q1"),
        (["2010年", "2011年"], 1, "2011"),
        (["2010年3月", "2010年4月"], 12, "2010-04"),
    ],
)
def test_dates(
    dates: list[str], frequency: int, last: str, tmp_path: Path, write_series: Write
) -> None:
    rows: list[tuple[str, object]] = [(d, i) for i, d in enumerate(dates)]
    found = s.read_series(write_series(tmp_path / "a.csv", rows))
    assert found.frequency == frequency
    assert found.text(found.last) == last


def test_order_of_lines_and_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffdate,value\r\n2002,3\r\n2000,1\r\n2001,\r\n".encode())
    found = s.read_series(path)
    assert found.values[0] == 1.0
    assert np.isnan(found.values[1])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("date,value\n2000,1\n2000,2\n", s.DuplicateDateError, ":3:"),
        ("date,value\n2000,1\n2001,x\n", s.ValueFormatError, ":3:"),
        ("date,value\n2000,1\n2001,inf\n", s.ValueFormatError, ":3:"),
        ("date,value\n2000,1\n01/2001,1\n", s.DateError, ":3:"),
        ("date,value\n2000-02-30,1\n", s.DateError, ":2:"),
        ("date,value\n2000,1\n2001-03,1\n", s.DateError, "mixed"),
        ("date,value\n2000,1\n2001\n", s.SeriesError, ":3:"),
        ("what,else\na,b\n", s.SeriesError, "date,value"),
        ("", s.SeriesError, "date,value"),
        ("date,value\n", s.TooShortError, "no value"),
        ("date,value\n2000,1\n2999,1\n", s.FutureDateError, "2999"),
        ("date,value\n2000-01-01,1\n2000-01-02,1\n", s.FrequencyError, "daily"),
        ("date,value\n2000-01-07,1\n2000-01-14,1\n2000-01-21,1\n", s.FrequencyError, "weekly"),
        ("date,value\n2010-11,1\n2011-12,1\n", s.DateError, "fiscal year"),
    ],
)
def test_named_errors(text: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=message):
        s.read_series(path)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.csv"):
        s.read_series(tmp_path / "nothing.csv")


def test_as_of_equals_never_having_had_later_lines(tmp_path: Path, write_series: Write) -> None:
    rows: list[tuple[str, object]] = [(f"2010-{m:02d}", m) for m in range(1, 13)]
    whole = write_series(tmp_path / "a.csv", rows)
    cut = write_series(tmp_path / "b.csv", rows[:9])
    early = s.read_series(whole, date(2010, 9, 30))
    assert np.array_equal(early.values, s.read_series(cut).values)
    assert len(s.read_series(whole, date(2010, 9, 29)).values) == 8


def test_vintages_follow_the_release_calendar(pack: Pack) -> None:
    known = s.history(pack, "industrial_value_added_yoy", "2012-04-12")
    assert max(known) == "2012-02", "March came out on the 13th of April"
    assert max(s.history(pack, "ppi_yoy", "2012-04-12")) == "2012-03"
    assert max(s.history(pack, "industrial_value_added_yoy")) == "2012-03"
    later = s.history(pack, "industrial_value_added_yoy", "2030-01-01")
    assert max(later) == "2012-03", "never beyond the information date"
    assert max(s.history(pack, "xuchang_gdp", "2012-02-27")) == "2010"


def test_plain_mappings_know_the_calendar(monthly: dict[str, dict[str, float]]) -> None:
    assert max(s.history(monthly, "ppi_yoy", "2012-03-10")) == "2012-01"
    assert s.released("pmi_manufacturing", "2011-12") == date(2012, 1, 1)


CASES = Path(__file__).parent / "cases"


def test_empty_rows_before_and_after_change_nothing(tmp_path: Path) -> None:
    """Templates end in empty rows; steps are counted from the last known value."""
    plain = s.read_series(CASES / "ytd_no_january.csv")
    padded = s.read_series(CASES / "ytd_no_january_trailing_empty.csv")
    assert plain.text(plain.last) == padded.text(padded.last) == "2012-05"
    assert np.array_equal(plain.values, padded.values, equal_nan=True)
    head, *rows = (CASES / "ytd_no_january.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "before.csv"
    path.write_text("\n".join([head, "2005-11,", "2005-12,", *rows, ",", ""]), encoding="utf-8")
    early = s.read_series(path)
    assert (early.first, early.values.tolist()[:1]) == (plain.first, plain.values.tolist()[:1])


def test_dates_as_public_data_carry_them() -> None:
    assert s.read_series(CASES / "akshare_month.csv").text(12 * 2012 + 2) == "2012-03"
    assert s.read_series(CASES / "nbs_quarter.csv").frequency == 4
    with pytest.raises(s.DateError, match="fiscal year"):
        s.read_series(CASES / "fiscal_2010-11.csv")
