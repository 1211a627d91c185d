"""Units: exact, closed, and the same as an independent table."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, strategies as st

from xuchang_sim.units import (
    UnitError,
    canonical,
    convert,
    english,
    month_index,
    month_label,
    names,
    parse,
)

CONVERTIBLE = [
    (a, b) for a, b in product(names(), repeat=2) if parse(a).dimensions == parse(b).dimensions
]
NUMBERS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False).filter(
    lambda x: x == 0 or abs(x) > 1e-12
)


@given(NUMBERS, st.sampled_from(CONVERTIBLE))
def test_round_trip(value: float, pair: tuple[str, str]) -> None:
    there = convert(value, *pair)
    assert convert(there, pair[1], pair[0]) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (2000, "亿元", "万元", 2e7),
        (0.1, "亿元", "元", 1e7),
        (15, "亩", "公顷", 1.0),
        (3, "亩", "m²", 2000.0),
        (1, "km²", "亩", 1500.0),
        (150, "万m²", "m²", 1.5e6),
        (18, "万人", "人", 180000.0),
        (40, "%", "比例", 0.4),
        (320, "万元/亩", "亿元/亩", 0.032),
        (0.24, "/年", "/月", 0.02),
        (1.07, "亩/1000m²", "亩/m²", 0.00107),
        (2, "亿元/区/年", "万元/区/月", 20000 / 12),
        (6.56, "%", "%", 6.56),
    ],
)
def test_conversions(value: float, source: str, target: str, expected: float) -> None:
    assert convert(value, source, target) == expected


def test_fractions_stay_exact() -> None:
    assert parse("亩").factor == Fraction(10000, 15)
    assert convert(Fraction(2000) / Fraction("1.4"), "亿元", "亿元") == 2000 / 1.4


def test_the_english_name_of_a_unit_is_read_as_that_unit() -> None:
    """Alone and in quotients, singular below the line: a reader types what an answer prints."""
    for name in names():
        assert parse(english(name)).name == name
        for quotient in (f"{name}/年", f"亿元/{name}", f"{name}/区/年"):
            assert parse(english(quotient)) == parse(quotient)


def test_aliases_have_one_name() -> None:
    assert canonical("1e4 CNY/mu") == "万元/亩"
    assert canonical("km2") == canonical("平方公里") == "km²"
    assert english("亿元/区/年") == "100m yuan/zone/year"
    assert english("/月") == "/month"


@pytest.mark.parametrize(
    "text", ["", " ", "亿", "亿圆", "USD", "亩亩", "0m²", "亿元//年", "/", "元/", "1e3", "亿元 亩"]
)
def test_unknown_units(text: str) -> None:
    with pytest.raises(UnitError, match="unknown unit"):
        parse(text)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("亩", "元"),
        ("%", "百分点"),
        ("个", "家"),
        ("亿元", "亿元/年"),
        ("万元/亩", "万元"),
        ("月", "/月"),
    ],
)
def test_different_things_do_not_convert(source: str, target: str) -> None:
    with pytest.raises(UnitError, match="cannot be converted"):
        convert(1.0, source, target)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_only_finite_numbers_convert(value: float) -> None:
    with pytest.raises(ValueError, match="Invalid literal"):
        convert(value, "元", "万元")


def test_the_table_agrees_with_pint() -> None:
    pint = pytest.importorskip("pint")
    registry = pint.UnitRegistry(None)
    registry.define("yuan = [money]")
    registry.define("metre = [length]")
    registry.define("person = [persons]")
    registry.define("month = [time]")
    registry.define("fraction = []")
    theirs = {
        "元": "yuan", "万元": "1e4 yuan", "亿元": "1e8 yuan", "m²": "metre**2",
        "万m²": "1e4 metre**2", "亩": "2000/3 metre**2", "公顷": "1e4 metre**2",
        "km²": "1e6 metre**2", "人": "person", "万人": "1e4 person", "月": "month",
        "年": "12 month", "比例": "fraction", "倍": "fraction", "%": "0.01 fraction",
    }  # fmt: skip
    for a, b in product(theirs, repeat=2):
        one, other = registry.Quantity(theirs[a]), registry.Quantity(theirs[b])
        same = one.dimensionality == other.dimensionality
        assert same == (parse(a).dimensions == parse(b).dimensions), (a, b)
        if same:
            ratio = float((one / other).to_base_units().magnitude)
            assert convert(1.0, a, b) == pytest.approx(ratio, rel=1e-12), (a, b)


@given(st.integers(min_value=12 * 1900, max_value=12 * 2100 - 1))
def test_months_round_trip(month: int) -> None:
    assert month_index(month_label(month)) == month


def test_months_count_from_january() -> None:
    assert month_index("2012-05") == 12 * 2012 + 4


@pytest.mark.parametrize(
    "text",
    [
        "2012-13",
        "2012-00",
        "2012-5",
        "2012",
        "2012/05",
        "２０１２-05",
        "12-05",
        "2012-05 ",
        "1812-05",
        5,
    ],
)
def test_what_is_not_a_month(text: object) -> None:
    with pytest.raises(ValueError, match="is not a month; allowed: YYYY-MM"):
        month_index(text)
