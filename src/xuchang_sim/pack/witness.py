"""Witness: a number of the plan occurs in the words it is taken from, or in how the row explains it.

Read are Arabic and Chinese numerals (18, 二十六, 1—2), 万 and 亿, units, per cent and tenths (40%, 百分之四十,
六成), and the words that stand for a number: each and every zone, all of something, an amount without a
number before it (亿元以上: one), a list of names, and growth without a number (more than nothing).
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from xuchang_sim.text import phrase
from xuchang_sim.units import THINGS, Unit, UnitError, alike, parse

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from xuchang_sim.pack.plan import Plan
    from xuchang_sim.yamlfile import Problem, Source

_DIGITS: Final = dict(
    zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_LARGE: Final = {"万": 10**4, "亿": 10**8}
_HAN: Final = "".join((*_DIGITS, *_TENS))
_NUMBER: Final = re.compile(
    rf"(?P<part>百分之)?(?:(?P<arabic>\d[\d,，]*(?:\.\d+)?)|(?P<han>[{_HAN}]+))"
    r"(?:\s*(?P<range>[—–~-]|至|到)\s*(?P<end>\d+(?:\.\d+)?))?\s*(?P<large>[万亿]{0,2})"
    r"\s*(?P<unit>个百分点|百分点|%|％|成|倍|番|平方米|平方公里|公顷|m²|m2|元|亩|人|个|家|套|座|区|次|项|户|年|月)?"
)
#: Units of documents that the table of units has under another name, with their size in it.
_OTHERS: Final = {
    "项": ("个", Fraction(1)),
    "户": ("家", Fraction(1)),
    "成": ("比例", Fraction(1, 10)),
    "番": ("比例", Fraction(1)),
}
_COUNTED: Final = THINGS | {"events", "persons"}
_ALL: Final = re.compile(r"全覆盖|全部|所有|一律|均|都")
_EACH: Final = re.compile(r"(?:每|各|所有)[^,，。;；、]{0,8}区")
_BARE: Final = re.compile(rf"(?<![\d{_HAN}万亿.])(?P<large>[万亿])元")
_ENGLISH: Final = re.compile(r"(?<![\w.,])(?P<number>\d[\d,]*(?:\.\d+)?)\s?(?P<short>bn|m|k)\b")
_SHORT: Final = {"bn": 10**9, "m": 10**6, "k": 10**3}
_RISE: Final = re.compile(r"提高|增长|上升|下降|降低|改善")
_SEPARATOR: Final = re.compile(r"[、和及与]")


def check(source: Source, plan: Plan, zones: int, faulty: Container[str] = ()) -> list[Problem]:
    """Numbers of the plan that occur neither in their row's quote nor in how the row explains them.

    So, too, of the amounts that labels name: 超 100 亿元集聚区, zones above 10bn yuan.

    Parameters
    ----------
    source : Source
        File of the plan.
    plan : Plan
        Its content.
    zones : int
        Number of zones of the region.
    faulty : container of str
        Rows that have another fault already.
    """
    problems: list[Problem] = []
    for i, row in enumerate(plan.rows):
        if row.id in faulty:
            continue
        each = row.unit is not None and row.unit.endswith(
            "/区"
        )  # a number per zone: it holds in all zones
        numbers: list[tuple[list[str | int], float, str]] = []
        if row.value is not None and row.unit is not None:
            numbers.append((["value"], row.value, row.unit))
        for j, target in enumerate(row.target_entries):
            numbers.append((["targets", j, "value"], target.value, target.unit))
            if target.threshold:
                size = target.threshold
                numbers.append((["targets", j, "threshold"], size.value, size.unit))
        for path, value, unit in numbers:
            every = each and parse(unit).name == "区" and value == zones
            # 1 个 for 1亿元: another kind than the target's same number is no "each zone" or list of names.
            words = not any(v == value and not alike(u, unit) for _, v, u in numbers)
            if not every and not witnessed(
                value, unit, row.quote, row.how, zones=zones, words=words
            ):
                message = phrase("witness.quote", value=value, unit=unit)
                problems.append(source.problem(["rows", i, *path], message))
        stated = {Fraction(str(value)) * parse(unit).factor for _, value, unit in numbers}
        stated |= {
            number * large for text in (row.quote, row.how) for number, large, _ in _numbers(text)
        }
        stated |= {
            Fraction(_LARGE[m["large"]])
            for text in (row.quote, row.how)
            for m in _BARE.finditer(text)
        }
        for key in ("label_zh", "label_en"):
            for wording, amount in _amounts(getattr(row, key)):
                if amount not in stated:
                    message = phrase("witness.label", found=wording)
                    problems.append(source.problem(["rows", i, key], message))
    return problems


def _amounts(label: str) -> Iterator[tuple[str, Fraction]]:
    """Amounts that a label names: as written, and their size; numbers of years and things are none."""
    for match in _NUMBER.finditer(label):
        if match["arabic"] and (match["large"] or match["unit"] in {"%", "％", "元", "亩"}):
            number, large, _ = next(_numbers(match[0]))
            yield match[0], number * large
    for match in _ENGLISH.finditer(label):
        yield match[0], Fraction(match["number"].replace(",", "")) * _SHORT[match["short"]]


def witnessed(
    value: float, unit: str, quote: str, how: str = "", *, zones: int = 0, words: bool = True
) -> bool:
    """Whether a number with its unit occurs in a quotation, or in the words that explain it.

    Parameters
    ----------
    value : float
        The number, in ``unit``.
    unit : str
        A unit of :mod:`xuchang_sim.units`.
    quote : str
        Words of a document, Chinese: a count may stand there without its unit, or in words.
    how : str
        Explanation, where a number needs its unit: other numbers stand there, too.
    zones : int
        Number of zones: what "each zone" stands for.
    words : bool
        Whether words of the quote may stand for the number: each zone, all of something, a list of names.

    Examples
    --------
    >>> witnessed(180_000, "人", "规模以上从业人员达到18万人")
    True
    >>> witnessed(18, "人", "规模以上从业人员达到18万人")
    False
    >>> witnessed(0.4, "比例", "增长百分之四十")
    True
    """
    wanted = parse(unit)
    size = Fraction(str(value)) * wanted.factor
    kinds = {name for name, _ in wanted.dimensions} or {""}
    said = {*_sizes(quote, kinds), *_explained(how, kinds)}
    return size in said or (words and size in set(_in_words(quote, kinds, zones)))


def _explained(how: str, kinds: set[str]) -> Iterator[Fraction]:
    """Sizes in base units that an explanation has: numbers with a unit of their kind, and all of something."""
    yield from _sizes(how, kinds, bare=False)
    if kinds & {"", "points"} and _ALL.search(how):
        yield Fraction(1)


def _sizes(text: str, kinds: set[str], *, bare: bool = True) -> Iterator[Fraction]:
    """Sizes in base units that the numbers of a text have for a quantity of some kind.

    Numbers without a unit count things, if ``bare``.
    """
    counted = bool(kinds & _COUNTED)
    for number, large, unit in _numbers(text):
        size = number * large
        if unit is None:
            fits = bare and counted and large == 1 and size.denominator == 1
        elif unit.endswith("百分点"):
            size = number if "points" in kinds else number / 100
            fits = bool(kinds & {"", "points"})
        else:
            plain = unit.removeprefix("个") if len(unit) > 1 else unit
            name, times = _OTHERS.get(unit, (plain, Fraction(1)))
            known = _parsed(name)
            dimensions = {d for d, _ in known.dimensions} if known else set()
            size *= times * known.factor if known else times
            fits = bool(kinds & (dimensions or {""}) or (kinds & THINGS and dimensions & THINGS))
        if fits:
            yield size
    if "money" in kinds:
        yield from (Fraction(_LARGE[m["large"]]) for m in _BARE.finditer(text))


def _in_words(text: str, kinds: set[str], zones: int) -> Iterator[Fraction]:
    """Sizes that the words of a text stand for: all of something, growth, each zone, a list of names.

    A count in words is one only where the text counts nothing in numbers.
    """
    counted = bool(kinds & _COUNTED)
    share = bool(kinds & {"", "points"})
    numbers = any(_sizes(text, kinds))
    if share and _ALL.search(text):
        yield Fraction(1)
    if share and not numbers and _RISE.search(text):
        yield Fraction(0)
    if counted and _EACH.search(text):
        yield Fraction(zones)
    if counted and not numbers:
        if _EACH.search(text):
            yield Fraction(1)  # one a zone
        yield Fraction(len(_SEPARATOR.findall(text)) + 1)


def _numbers(text: str) -> Iterator[tuple[Fraction, int, str | None]]:
    """Numbers of a text: value, size of 万 and 亿 behind it, and unit if one follows."""
    for match in _NUMBER.finditer(text):
        large = 1
        for sign in match["large"]:
            large *= _LARGE[sign]
        unit = "%" if match["part"] or match["unit"] in {"%", "％"} else match["unit"]
        values = [
            Fraction(re.sub("[,，]", "", match["arabic"]))
            if match["arabic"]
            else Fraction(_han(match["han"]))
        ]
        if match["end"]:
            values.append(Fraction(match["end"]))
        for value in values:
            yield value, large, unit


def _han(text: str) -> int:
    """Value of Chinese numerals below ten thousand: 二十六, 一百零五, 二〇一二."""
    if not any(sign in _TENS for sign in text):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total, digit = 0, 0
    for sign in text:
        if sign in _TENS:
            total += (digit or (0 if total else 1)) * _TENS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit


def _parsed(name: str) -> Unit | None:
    try:
        return parse(name)
    except UnitError:
        return None
