"""The audit of the plan's arithmetic: the numbers of the document, worked out by hand."""

import re
from dataclasses import replace
from typing import Any

import pytest

from xuchang_sim.answers.audit import CHECKS, AuditRow, Check, _Facts, audit
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.plan import Plan

PACK = load_pack()
ROWS = {row.id: row for row in audit(PACK)}


def figures(row: AuditRow) -> list[float]:
    return [round(figure.value, 3) for figure in row.figures]


@pytest.mark.parametrize(
    ("name", "holds", "expected"),
    [
        ("base_year", "yes", [1428.571, 461.538, 214.286, 150000.0]),
        ("fai_base", "ambiguous", [461.538, 482.063, 0.245]),
        ("decomposition", "yes", [1.2, 1.167, 95.238, 111.111]),
        ("productivity", "no", [0.167, 0.04, 0.14]),
        ("margin", "yes", [0.15, 0.15]),
        ("zone_tiers", "ambiguous", [1300.0, 1500.0, 1920.0]),
        ("zone_sizes", "ambiguous", [0, 3, 7, 432.0]),
        ("cluster_sums", "yes", [500.0, 50.0, 86.4]),
        ("land", "no", [3.094, 320.0, 9667.86, 3000.0]),
        ("land_levers", "ambiguous", [5317.323, 6300.0]),
        ("large_on_quota", "no", [666.667, 450.0, 500.0]),
        ("large_projects", "no", [10.0, 6.013]),
        ("projects", "ambiguous", [200.0, 100.0, 3.0]),
        ("incremental_revenue", "no", [1.077, 1.7, 1.02]),
        ("time", "no", [8.0, 6.225, 12.0, 9.0]),
        ("platforms", "no", [20.0, 29.0, 0.033, 4.5, 19.5, 3.15]),
        ("factories", "yes", [1605.0, 0.535, 8.0]),
        ("jobs", "ambiguous", [390.0, 438.6, 10500.0, 27000.0]),
        ("city_revenue", "yes", [4000.0, 0.241]),
        ("city_fai", "no", [1090.909, 0.064, 0.18]),
        ("outside_capital", "ambiguous", [0.249, 0.383, 0.831]),
        ("energy", "ambiguous", [0.04]),
    ],
)
def test_numbers(name: str, holds: str, expected: list[float]) -> None:
    row = ROWS[name]
    assert row.holds == holds
    assert figures(row) == pytest.approx(expected, abs=0.0011)


def test_nothing_is_left_out() -> None:
    assert len(ROWS) == 22


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_texts_are_in_both_languages(row: AuditRow) -> None:
    chinese = re.compile(r"[一-鿿]")
    assert row.paragraph
    for zh, en in [
        (row.label_zh, row.label_en),
        (row.finding_zh, row.finding_en),
        *((figure.label_zh, figure.label_en) for figure in row.figures),
    ]:
        assert chinese.search(zh)
        assert not chinese.search(en)


def test_a_check_says_what_the_plan_does_not_have() -> None:
    few = Plan.model_construct(rows=PACK.plan.rows[:8])
    rows = {row.id: row for row in audit(replace(PACK, plan=few))}
    assert rows.keys() == ROWS.keys()
    rest = {name: row for name, row in rows.items() if row.holds != "not_applicable"}
    assert list(rest) == ["fai_base", "margin", "incremental_revenue", "time"]
    assert all(row == ROWS[name] for name, row in rest.items())
    assert rows["jobs"].finding_en == (
        "not applicable: the plan has no target for new workers, target for workers trained"
    )
    assert rows["jobs"].finding_zh.startswith("不适用：计划没有")
    assert rows["jobs"].figures == ()


def test_without_clusters_their_check_is_not_applicable() -> None:
    region = PACK.region.model_copy(update={"clusters": ()})
    rows = {row.id: row for row in audit(replace(PACK, region=region))}
    assert rows["cluster_sums"].finding_en == "not applicable: the plan has no list of clusters"
    assert [name for name, row in rows.items() if row != ROWS[name]] == ["cluster_sums"]


def test_a_plan_that_asks_for_last_years_investment_has_no_ratio_to_its_rise() -> None:
    rows = tuple(
        row.model_copy(
            update={
                "target_entries": tuple(
                    t.model_copy(update={"value": PACK.base.fai.value}) if t.id == "fai" else t
                    for t in row.target_entries
                )
            }
        )
        for row in PACK.plan.rows
    )
    plan = Plan.model_construct(rows=rows)
    found = {row.id: row for row in audit(replace(PACK, plan=plan))}
    assert found["outside_capital"].holds == "not_applicable"
    assert "without a denominator" in found["outside_capital"].finding_en


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_asks_for_no_more_than_it_declares(check: Check) -> None:
    facts = _Facts(PACK)

    class Seen(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            read.add(name)
            return super().__getitem__(name)

    read: set[str] = set()
    facts.numbers, facts.ranges = Seen(facts.numbers), Seen(facts.ranges)
    facts.written = Seen(facts.written)
    check.examine(facts)
    declared = {*check.targets.split(), *check.needs.split()}
    assert read <= declared
    assert set(check.needs.split()) - {"named_clusters"} <= read  # and nothing in vain
