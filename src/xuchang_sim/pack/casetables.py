"""Tables of cases as people write them: encodings, separators, lost quotes, and words in two languages."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from xuchang_sim.pack import cells
from xuchang_sim.pack.doubts import unseen
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, read_bytes, shown

__all__ = ["GROWTH", "Line", "all_lines", "quantity_word", "word"]

GROWTH = "_growth"
MAX_BYTES = 32 << 20
#: Beginnings of a formula: a table of forecasts repeats the names of cases, and a spreadsheet would run them.
FORMULAS = ("=", "+", "-", "@")
#: Endings of tables in a folder, and what may stand between cells.
ENDINGS = frozenset({".csv", ".tsv", ".txt"})
SEPARATORS = ",;\t"
#: Words of tables, and the one that is meant: columns, kinds, quantities, units.
WORDS: Mapping[str, Mapping[str, str]] = {
    "column": {
        "案例": "case", "案例编号": "case", "编号": "case", "id": "case", "case_id": "case",
        "地区": "place", "地点": "place", "地方": "place", "层级": "level", "级别": "level",
        "年份": "year", "年": "year", "年度": "year", "计划年": "year", "plan_year": "year",
        "信息日": "information_date", "信息日期": "information_date", "截止日期": "information_date",
        "指标": "quantity", "类型": "kind", "类别": "kind", "性质": "kind",
        "数值": "value", "值": "value", "单位": "unit",
        "发布日": "published", "发布日期": "published", "公布日": "published", "公布日期": "published",
        "来源": "source", "出处": "source", "备注": "note", "说明": "note", "notes": "note",
    },
    "kind": {
        "基数": "base", "基期": "base", "基年": "base", "baseline": "base",
        "目标": "target", "计划": "target", "goal": "target", "plan": "target", "targets": "target",
        "结果": "outcome", "实际": "outcome", "完成": "outcome", "actual": "outcome",
        "result": "outcome", "outcomes": "outcome",
    },
    "quantity": {
        "收入": "revenue", "主营业务收入": "main_business_revenue", "营业收入": "operating_revenue",
        "销售收入": "sales", "产值": "output", "总产值": "output", "工业总产值": "industrial_output",
        "工业产值": "industrial_output", "增加值": "value_added",
        "工业增加值": "industrial_value_added", "规模以上工业增加值": "industrial_value_added",
        "投资": "fai", "固定资产投资": "fixed_asset_investment", "利税": "profit_tax",
        "利润": "profit", "税收": "tax", "从业人员": "workers", "就业": "employment",
        "生产总值": "gdp", "地区生产总值": "gdp", "财政收入": "fiscal",
        "投资额": "fai", "fixed_investment": "fai", "investment": "fai",
        "turnover": "revenue", "employees": "workers", "jobs": "employment",
    },
    "unit": {
        "亿": "亿元", "亿人民币": "亿元", "100m yuan": "亿元", "100m cny": "亿元", "100 million yuan": "亿元",
        "100 million cny": "亿元", "1e8 yuan": "亿元", "cny 100m": "亿元", "rmb 100m": "亿元",
        "bn yuan": "10亿元", "bn cny": "10亿元", "billion yuan": "10亿元", "billion cny": "10亿元",
        "cny bn": "10亿元", "rmb bn": "10亿元", "1e9 cny": "10亿元", "十亿元": "10亿元",
        "million yuan": "100万元", "million cny": "100万元", "m yuan": "100万元", "1e6 cny": "100万元",
        "百万元": "100万元", "千万元": "1000万元", "万": "万元", "10k yuan": "万元",
        "people": "人", "workers": "人", "10k persons": "万人", "thousand persons": "1000人",
        "pct": "%", "per cent": "%", "百分比": "%",
    },
}  # fmt: skip
_GROWTHS = ("增长率", "增速", "增长", " growth", "_yoy")


def word(kind: str, text: str) -> str:
    """The word that is meant by one of a table's, whatever its capitals, width and language."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    known = WORDS[kind]
    lower = plain.lower() if kind != "unit" else plain
    joined = re.sub(r"[ -]", "_", lower) if kind in {"column", "quantity"} else lower
    return known.get(plain.lower()) or known.get(joined) or joined


def quantity_word(text: str) -> str:
    """Name of a quantity; growth in any of its words has the ending ``_growth``."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).lower()
    for ending in _GROWTHS:
        if plain.endswith(ending) and plain != ending:
            return word("quantity", plain.removesuffix(ending).strip(" _")) + GROWTH
    if plain.endswith(GROWTH):
        return word("quantity", plain.removesuffix(GROWTH)) + GROWTH
    return word("quantity", plain)


class Line(NamedTuple):
    """A line of a table by column name."""

    cells: Mapping[str, str]
    file: str
    number: int
    fault: str = ""

    def problem(self, message: str) -> Problem:
        """Return a fault of this line, under the name of its case, on one line."""
        return Problem(self.file, " ".join(self.cells["case"].split()), self.number, message)


def _text(path: Path) -> str:
    """Text of a table: UTF-8 with or without its mark, UTF-16 with it, or GB 18030 (GBK in it).

    Raises
    ------
    InputError
        If it cannot be read as any of them.
    """
    problems: list[Problem] = []
    raw = read_bytes(path, problems, MAX_BYTES, phrase("case.too_big", max_bytes=MAX_BYTES))
    if raw is None:
        raise InputError(problems)
    wide = raw[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise InputError([Problem(str(path), "", 0, phrase("case.encoding"))])


def _records(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Records of a table with the line on which each ends; a quote that is never closed ends its line.

    A lost quotation mark would else swallow the lines after it, and with them other cases.
    """
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        result = [(rows.line_num, row) for row in rows]
    except csv.Error:
        result = []
    width = len(result[0][1]) if result else 0
    whole = all(len(row) == width or not any("\n" in cell for cell in row) for _, row in result)
    if result and whole:
        return result
    return [
        (number, next(csv.reader([line], delimiter=separator), []))
        for number, line in enumerate(text.split("\n"), 1)
    ]


def _lines(path: Path, needed: Iterable[str]) -> list[Line]:
    """Lines of one table.

    Raises
    ------
    InputError
        If the file cannot be read, or a column is missing.
    """
    text = _text(path)
    if number := cells.too_long(text):
        message = phrase("table.long", most=cells.LONGEST)
        raise InputError([Problem(str(path), "", number, message)])
    first = text.lstrip("\n").split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    rows = [(n, row) for n, row in _records(text, separator) if any(x.strip() for x in row)]
    header = [word("column", name) for name in rows[0][1]] if rows else []
    if lacking := [name for name in needed if name not in header]:
        message = phrase("case.columns", lacking=", ".join(lacking), needed=", ".join(needed))
        raise InputError([Problem(str(path), "", 1, message)])
    lines = []
    for number, row in rows[1:]:
        held = dict.fromkeys(header, "")
        held |= dict(zip(header, [cell.strip() for cell in row], strict=False))
        extra = any(cell.strip() for cell in row[len(header) :])
        fault = phrase("case.cells", row=len(row), header=len(header)) if extra else ""
        name = held.get("case", "")
        if name.startswith(FORMULAS) or next(unseen(name), None):
            fault = phrase("case.formula", name=shown(name))
        lines.append(Line(held, str(path), number, fault))
    return lines


def _tables(path: Path) -> list[Path]:
    """Tables that a path stands for.

    Raises
    ------
    InputError
        If there is no such file, or no table in the folder.
    """
    if path.is_dir():
        paths = sorted(x for x in path.iterdir() if x.suffix.lower() in ENDINGS and x.is_file())
        if paths:
            return paths
        message = phrase("case.nothing")
        raise InputError([Problem(str(path), "", 0, message)])
    return [path]


def all_lines(path: Path, needed: Iterable[str]) -> tuple[list[Line], list[Problem]]:
    """Lines of all tables of a path, and the tables of a folder that are none of cases.

    Raises
    ------
    InputError
        If no table could be read.
    """
    lines: list[Line] = []
    problems: list[Problem] = []
    tables = _tables(path)
    for table in tables:
        try:
            lines += _lines(table, needed)
        except InputError as error:
            problems += error.problems[:1]
    if problems and len(problems) == len(tables):
        raise InputError(problems)
    return lines, problems
