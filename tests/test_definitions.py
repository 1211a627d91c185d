"""Definitions: whole, consistent, and the same as what the engine and the answers compute with."""

import importlib
import json
import re
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from xuchang_sim import definitions, units
from xuchang_sim.definitions import tables
from xuchang_sim.definitions.amounts import Amount, exact, quantity
from xuchang_sim.model import world
from xuchang_sim.pack.forms import BASE
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.parameters import Prior
from xuchang_sim.simulation.measures import REGISTRY, THRESHOLD

DOCS = Path(__file__).parents[1] / "docs"
LEVERS, PARAMETERS = definitions.levers(), definitions.parameters()
NUMBERS: dict[str, definitions.Lever | definitions.Parameter] = {**LEVERS, **PARAMETERS}


def test_the_record_holds_what_is_defined() -> None:
    assert list(LEVERS) == list(world.LEVERS)
    used = {name for name, entry in PARAMETERS.items() if entry.used_by == "model"}
    assert used == set(world.PARAMETERS)
    assert list(definitions.columns()) == list(world.MEASURES)
    assert list(definitions.summary()) == list(world.SUMMARY)
    for name, column in world.MEASURES.items():
        assert column.role == definitions.columns()[name].kind
        assert column.text == definitions.columns()[name].label.en


def test_every_measure_has_a_function() -> None:
    single = {name for name, entry in definitions.measures().items() if not entry.threshold}
    assert single == set(REGISTRY)
    assert set(definitions.measures()) - single == set(THRESHOLD)
    for entry in definitions.measures().values():
        assert set(entry.parameters) <= set(PARAMETERS), entry.id
        assert entry.basis in {"model", "assumption"}


def test_ids_are_names_and_used_once() -> None:
    for name in NUMBERS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert not set(LEVERS) & set(PARAMETERS)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_a_definition_are_possible(name: str) -> None:
    entry = NUMBERS[name]
    if isinstance(entry, definitions.Lever):
        held = [*entry.levels, *entry.range]
        assert entry.range[0] <= entry.neutral <= entry.range[1]
        assert entry.neutral == entry.levels[0] or not entry.local
        assert entry.axis in {"land", "finance", "labour", "process", "attraction", "works"}
        assert entry.kind in {"annual_total", "once", "level", "count", "switch"}
    else:
        held = [entry.default, *(entry.range or ())]
        low, high = entry.range or (entry.default, entry.default)
        assert low <= entry.default <= high
        spread = entry.sd or entry.sigma or 0.0
        prior = Prior(entry.prior, low, entry.default, high, spread)  # type: ignore[arg-type]
        assert low <= prior.quantile(0.5) <= high
    for value in held:
        assert entry.of or not entry.complaint(exact(value)), value
    assert entry.acts in {"opening", "warm_up"}
    assert entry.rate in {"", "compound", "probability"}
    assert all((*entry.label, entry.source.zh))
    assert entry.mark in {"R", "D", "S", "U", "J"}


@pytest.mark.parametrize("name", LEVERS)
def test_prices_reduce_to_money(name: str) -> None:
    price = LEVERS[name].price
    assert price.kind in {"capital", "yearly", "foregone", "staff", "none"}
    assert (price.per is None) == (price.reason is not None)
    if price.per is None:
        return
    total = dict(units.parse(LEVERS[name].unit).dimensions)
    for factor in price.per:
        unit = "区" if factor == "zones" else PARAMETERS[factor].unit
        for dimension, power in units.parse(unit).dimensions:
            total[dimension] = total.get(dimension, 0) + power
    left = {dimension: power for dimension, power in total.items() if power}
    assert left in ({"money": 1}, {"money": 1, "time": -1}), left
    assert price.payer in {"platform", "treasury"}


@pytest.mark.parametrize("folder", shipped(), ids=lambda path: path.name)
def test_shipped_packs_differ_in_what_is_local_only(folder: Path) -> None:
    pack = load_pack(folder)
    totals = {name: getattr(pack.base, name).exact for name in BASE}
    for name, lever in pack.levers.items():
        if not LEVERS[name].local:
            assert tuple(lever.at(level) for level in definitions.LEVELS) == LEVERS[name].levels
            assert lever.range == LEVERS[name].range
    for name, entry in PARAMETERS.items():
        held = pack.parameters[name]
        if not entry.local:
            assert (held.default, held.range) == (entry.default, entry.range), name
            assert held.kind == entry.prior
        for value in (held.default, *(held.range or ())):
            assert not entry.within(totals).complaint(exact(value)), name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (1.5, Amount(Fraction(3, 2), None)),
        ("20/3", Amount(Fraction(20, 3), None)),
        ("-2/3", Amount(Fraction(-2, 3), None)),
        ("2000/1.4", Amount(Fraction(10000, 7), None)),
        ("4.5 万人/年", Amount(Fraction(9, 2), "万人/年")),
        ("20/3 公顷/区/年", Amount(Fraction(20, 3), "公顷/区/年")),
        ("3/年", Amount(Fraction(3), "/年")),
        ("1e-3", Amount(Fraction(1, 1000), None)),
        ("40%", Amount(Fraction(40), "%")),
    ],
)
def test_quantities(text: object, expected: Amount) -> None:
    assert quantity(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "万元", "1/0", "1,500", "１.5", None, True, [1], "1..5", "1 2", "nan", float("inf")],
)
def test_what_is_no_quantity(text: object) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        quantity(text)


@pytest.mark.parametrize(
    "text",
    ["1e308 亿元", "1e-300", "9" * 60, "1/1e-99", 1e308],
)
def test_a_size_that_no_quantity_has_is_refused_at_once(text: object) -> None:
    with pytest.raises(ValueError, match="is no quantity; allowed: sizes from 1e-30 to 1e30"):
        quantity(text)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("land_preparation_cost", "15 亿元", "亿元 is money, not money per area"),
        ("land_preparation_cost", "15", "has no unit"),
        ("land_preparation_cost", "15 万圆/亩", "is not a unit; did you mean '万元/亩'"),
        ("quota_per_zone", "3000 亩/年", "3,000 亩/年 for 10 zones is 300 亩/区/年"),
        ("fiscal_injection", "3 亿元", "write 亿元/年"),
        ("spread_cut", "0.2 %", "do not convert"),
        ("starts_growth", "1 %/月", "1 %/月 compounds to 0.1268 a year"),
        ("dropout_rate", "0.2 /年", "no other period"),
    ],
)
def test_what_cannot_be_converted_is_told_in_one_line(name: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        NUMBERS[name].convert(quantity(text), zones=10)
    assert "allowed: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bounds_that_no_pack_can_move() -> None:
    entry = PARAMETERS["land_preparation_cost"]
    amount = quantity("15 亿元/亩")
    told = entry.complaint(entry.convert(amount), amount)
    assert told == "15 亿元/亩 is 150,000 万元/亩; possible: 1 to 100 万元/亩"
    assert "write 0.45" in PARAMETERS["own_site_share"].complaint(Fraction(45))


def test_restating_in_another_unit_gives_the_same_number() -> None:
    for entry in NUMBERS.values():
        value = exact(entry.levels[2] if isinstance(entry, definitions.Lever) else entry.default)
        for unit in entry.kindred():
            there = units.convert_exact(value, entry.unit, unit)
            assert entry.convert(Amount(there, unit)) == value


def test_generated_files_are_those_of_the_definitions() -> None:
    sys.path.insert(0, str(DOCS))
    try:
        pages = importlib.import_module("definitions")
    finally:
        sys.path.remove(str(DOCS))
    for path, text in pages.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run make definitions"


@pytest.mark.parametrize("table", tables.TABLES)
def test_the_command_lists_every_entry(table: str) -> None:
    entries = tables.plain(table)
    assert [entry["id"] for entry in entries] == list(tables.TABLES[table]())
    json.dumps(entries, allow_nan=False)
    text = tables.lines(table, "en")
    assert len(text) == len(entries) + 1


def test_prices_are_those_of_the_two_tables_they_replaced() -> None:
    values = {name: entry.default for name, entry in PARAMETERS.items()}
    land, housing = 15 * 1e-4, 50 * 1800 * 1e-8
    expected = {
        "quota_per_zone": 10 * land, "municipal_reserve": land, "platform_financing": 10.0,
        "guarantee_pool": 1.0, "training_places": 1e-5, "housing_units": housing,
        "factory_area": 1.3e-5,
    }  # fmt: skip
    for name, cost in expected.items():
        assert float(definitions.price(name, values, 10) or 0) == cost, name
    assert definitions.price("approval_cut", values, 10) is None
