"""Periods, numbers and tables: one list of forms, read alike by every entrance."""

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from xuchang_sim.forecast.series import read_series
from xuchang_sim.pack import cells, tables
from xuchang_sim.pack.conditions import resolve, wish
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.workbook.entries import EntryReader
from xuchang_sim.pack.workbook.file import Cell
from xuchang_sim.pack.workbook.sheets import HISTORY_COLUMNS
from xuchang_sim.yamlfile import InputError, Problem

#: Every accepted way to write a period, with its reading.
FORMS = {
    "2012": "2012", "2012年": "2012", "2012年度": "2012", "２０１２": "2012", "2010 [YR2010]": "2010",
    "2012Q1": "2012Q1", "2012-Q1": "2012Q1", "2012 q1": "2012Q1", "1Q2012": "2012Q1", "1Q 2012": "2012Q1",
    "Q1 2012": "2012Q1", "2012年第1季度": "2012Q1", "2012年1季度": "2012Q1", "2012年一季度": "2012Q1",
    "2012年第一季度": "2012Q1", "2012年Q1": "2012Q1",
    "2012-03": "2012-03", "2012/3": "2012-03", "2012.03": "2012-03", "2012-3": "2012-03", "03/2012": "2012-03",
    "201203": "2012-03", "2012M03": "2012-03", "2012-M03": "2012-03", "2012m3": "2012-03",
    "2012年3月": "2012-03", "2012年03月": "2012-03", "2012年03月份": "2012-03", "2012年三月": "2012-03",
    "２０１２年３月": "2012-03", "Mar 2012": "2012-03", "Mar-2012": "2012-03", "March 2012": "2012-03",
    "2012 Mar": "2012-03", "Mar-12": "2012-03", "2012年1-3月": "2012-03", "2012年1—3月": "2012-03",
    "2012-03-31": "2012-03-31", "2012/3/31": "2012-03-31", "2012.03.31": "2012-03-31", "20120331": "2012-03-31",
    "2012年3月31日": "2012-03-31", "2012-03-31 00:00:00": "2012-03-31", "2012-03-31T00:00:00": "2012-03-31",
    "31 March 2012": "2012-03-31", "Mar 31, 2012": "2012-03-31",
}  # fmt: skip
#: Forms with two readings or none, and a word of what the refusal says.
REFUSED = {
    "2008.1": "January or October", "1/2/2012": "day and month", "01-02-12": "day and month",
    "12-Mar": "day of a month", "12-03": "two digits", "2010/2011": "span of years", "FY2011": "fiscal",
    "2012H1": "half a year", "2012年上半年": "half a year", "2012-W05": "weekly", "40969": "spreadsheet",
    "2012-13": "not a date", "2012-02-30": "not a date", "201213": "not a date", "soon": "not a date",
    "2012-03-31 14:30": "time of day",
}  # fmt: skip
NUMBERS = {
    "12.5": 12.5, "-4": -4.0, "+4": 4.0, "1e3": 1000.0, ".5": 0.5, "1,234.5": 1234.5, "1,234,567": 1234567.0,
    "−5": -5.0, "–5": -5.0, "－５": -5.0, "１２．５": 12.5, "1，234": 1234.0, "(5.0)": -5.0, "1 234.5": 1234.5,
    "12.3①": 12.3, "12.3*": 12.3, " 7 ": 7.0,
}  # fmt: skip
MISSING = ["", "-", "—", "–", "…", "..", ".", "NA", "N/A", "#N/A", "nan", "null"]
NO_NUMBERS = ["12,5", "1,23,456", "x", "inf", "1_000", "1.2.3", "5 apples", "12-13", "3²4"]


@pytest.mark.parametrize(("text", "reading"), FORMS.items())
def test_periods(text: str, reading: str) -> None:
    assert str(cells.period(text)) == reading
    assert str(cells.period(f" {text} ")) == reading


@pytest.mark.parametrize(("text", "word"), REFUSED.items())
def test_periods_with_two_readings_are_refused(text: str, word: str) -> None:
    with pytest.raises(cells.FormError, match=word):
        cells.period(text)
    with pytest.raises(cells.FormError, match="January or October"):
        cells.period(2008.1)
    assert str(cells.period(2008.02)) == "2008-02"


def test_numbers() -> None:
    for text, value in NUMBERS.items():
        assert cells.number(text) == cells.Number(value), text
    for text in MISSING:
        assert np.isnan(cells.number(text).value), text
    for text in NO_NUMBERS:
        with pytest.raises(cells.FormError):
            cells.number(text)
    assert cells.number("40%") == cells.Number(40.0, "%")
    assert cells.number("12.3亿元") == cells.Number(12.3, "亿元")


@cache
def usual() -> Pack:
    return load_pack()


def shifted(text: str) -> str:
    """A form of 2012 as one of 2016: drivers' months begin after the pack's data."""
    return text.replace("2012", "2016").replace("２０１２", "２０１６").replace("-12", "-16")


def driver_file(path: Path) -> tuple[dict[str, float], list[Problem]]:
    """Months and faults of a driver file of a scenario."""
    problems: list[Problem] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = resolve(
            {"ppi_yoy": wish({"file": path.name})}, usual(), path.parent, _never, problems
        )
    months = found.get("ppi_yoy", {})
    assert not isinstance(months, str), "off"
    return dict(months), problems


def workbook_cell(key: str, text: str, unit: str = "") -> tuple[object, list[Problem]]:
    """What the sheet of history makes of a cell, and its faults."""
    problems: list[Problem] = []
    column = next(c for c in HISTORY_COLUMNS if c.key == key)
    return EntryReader("a.xlsx", problems).read(
        column, Cell("历史", "D5", text, percent=False), unit
    ), problems


@pytest.mark.parametrize(("text", "reading"), FORMS.items())
def test_every_entrance_reads_a_period_alike(text: str, reading: str, tmp_path: Path) -> None:
    """Series file, a workbook's cell, and (of months) driver file; that one refuses years and quarters."""
    assert workbook_cell("period", text) == (reading, [])
    path = tmp_path / "a.csv"
    path.write_text(f'日期;数值\n"{shifted(text)}";"0.1"\n', encoding="gb18030")
    series = read_series(path)
    assert series.text(series.first) == shifted(reading)[:7]
    assert series.values.tolist() == [0.1]
    months, problems = driver_file(path)
    if len(reading) >= 7:
        assert not problems
        assert months == {shifted(reading)[:7]: 0.1}
    else:
        assert [problem.line for problem in problems] == [2]
        assert not months


@pytest.mark.parametrize("text", REFUSED)
def test_every_entrance_refuses_a_period_alike(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'date,value\n"{text}",0.1\n2016-05,0.2\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.csv:2"):
        read_series(path)
    _, problems = driver_file(path)
    assert [problem.line for problem in problems] == [2]
    found, problems = workbook_cell("period", text)
    assert problems or found not in FORMS.values(), "kept as it is, for the check of the table"


@pytest.mark.parametrize("text", [*NUMBERS, *MISSING, *NO_NUMBERS, "40%"])
def test_every_entrance_reads_a_number_alike(text: str, tmp_path: Path) -> None:
    """Series file, driver file and a workbook's cell; what is missing has no cell in a workbook."""
    path, mark = tmp_path / "a.csv", "%" if "%" in text else ""
    path.write_text(f'date,value\n2016-03,"{text}"\n2016-04,0.2{mark}\n', encoding="utf-8")
    cell, faults = workbook_cell("value", text, mark)
    if text in NO_NUMBERS:
        with pytest.raises(InputError, match=r"a\.csv:2"):
            read_series(path)
        assert [problem.line for problem in driver_file(path)[1]] == [2]
        assert [problem.path for problem in faults] == ["历史!D5"]
        return
    value = cells.number(text).value
    series = read_series(path)
    known = {series.text(series.first + i): x for i, x in enumerate(series.values)}
    if text in MISSING:
        assert known == {"2016-04": 0.2}
        assert not text or faults, "a mark instead of a number is a fault in a workbook"
        return
    assert known == {"2016-03": value, "2016-04": 0.2}
    assert (cell, faults) == (value, [])
    months, problems = driver_file(path)
    small = abs(value) < 1 or "%" in text
    assert problems if not small else months["2016-03"] in {value, value / 100}


def _never(place: list[str | int], message: str) -> Problem:
    raise AssertionError((place, message))


ROWS = [("2012-01", 1.5), ("2012-02", 2.5), ("2012-03", np.nan), ("2012-04", 4.5)]


def lines(mark: str = ",", head: tuple[str, str] = ("date", "value")) -> str:
    rows = [mark.join(head)]
    rows += [f"{when}{mark}{'' if np.isnan(value) else value}" for when, value in ROWS]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    "raw",
    [
        lines().encode(),
        lines().encode("utf-8-sig"),
        lines().encode("utf-16"),
        lines().encode("utf-16-le"),
        lines(head=("日期", "数值")).encode("gb18030"),
        lines(";").encode(),
        lines("\t").encode(),
        lines("|").encode(),
        lines().replace("\n", "\r\n").encode(),
        ("居民消费价格\n单位：%\n" + lines(head=("时间", "数值")) + "数据来源：国家统计局\n").encode("gbk"),
        ("# made by hand\n" + lines()).encode(),
        "数据库：月度数据,,,,\n时间：最近4个月,,,,\n指标,2012年4月,2012年3月,2012年2月,2012年1月\n某指标(亿元),4.5,,2.5,1.5\n数据来源：国家统计局,,,,\n".encode("gbk"),
        b"Unnamed: 0,period,whatever\n0,2012-01,1.5\n1,2012-02,2.5\n2,2012-03,\n3,2012-04,4.5\n",
        b"2012-01,1.5\n2012-02,2.5\n2012-03,\n2012-04,4.5\n",
    ],
    ids=["utf-8", "mark", "utf-16", "utf-16 bare", "gb18030", "semicolon", "tab", "bar", "crlf", "notes", "comment", "wide", "index", "headless"],
)  # fmt: skip
def test_tables_of_every_make_give_the_same_figures(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(raw)
    series = read_series(path)
    assert (series.frequency, series.text(series.first)) == (12, "2012-01")
    assert np.array_equal(series.values, [1.5, 2.5, np.nan, 4.5], equal_nan=True)


def test_a_workbook_of_one_sheet(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["date", "value"], ["2012年1月", "1.5"], ["2012-02", 2.5], [201204, 4.5]):
        sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert np.array_equal(read_series(path).values, [1.5, 2.5, np.nan, 4.5], equal_nan=True)
    sheet.row_dimensions[3].hidden = True
    book.save(path)
    with pytest.raises(ValueError, match="hidden"):
        read_series(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,value,other\n2012-01,1,2\n", None),
        ("月份,当月,累计\n2012年01月份,1,2\n2012年02月份,1,2\n", "--column: 当月, 累计"),
        ("日期,今值,前值\n2012-01-05,1,2\n", "day of publication"),
        ("date,value\n2012-01,40%\n2012-02,0.4\n", "several units"),
        ("date;value\n2012-01;2,035\n2012-02;1.5\n2012-03;1.7\n2012-04;1.9\n", "decimal comma"),
        ("date,value\n2012-01,2,5\n2012-02,1,7\n", "decimal comma"),
    ],
)
def test_what_may_be_two_things_is_asked(text: str, message: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    tables.read(path, problems)
    if message is None:
        assert not problems
    else:
        assert message in " ".join(p.message for p in problems)
    path.write_text("月份,当月,累计\n2012年01月份,1,2\n", encoding="utf-8")
    found = tables.read(path, [], "累计")
    assert found is not None
    assert found.figures[0].value == 2.0


def test_a_column_of_fiscal_years_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "\n".join(f"{y}-{(y + 1) % 100:02d},{100 + y}" for y in range(2002, 2012))
    path.write_text(f"date,value\n{rows}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="2002-03 may be a month or the fiscal year 2002/2003"):
        read_series(path)


def test_a_hundredth_of_all_that_was_published_is_doubted(tmp_path: Path) -> None:
    (tmp_path / "m2.csv").write_text("date,value\n2012-05,0.132\n2012-06,0.131\n", "utf-8")
    entry = {"m2_yoy": wish({"file": "m2.csv", "unit": "%"})}
    with pytest.warns(UserWarning, match="about a hundredth of what this series has ever been"):
        resolve(entry, load_pack(), tmp_path, _never, [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resolve({"m2_yoy": wish({"file": "m2.csv"})}, load_pack(), tmp_path, _never, [])
        resolve({"ppi_yoy": wish({"2012-05": 0.001})}, load_pack(), tmp_path, _never, [])
