"""Cases as rows, and the packs made from them."""

from datetime import date
from pathlib import Path

import pytest

from xuchang_sim.pack.casefiles import write_case
from xuchang_sim.pack.casepack import case_pack, drivers_fault, known_drivers, totals
from xuchang_sim.pack.cases import OTHERS, QUANTITIES, Case, _slip, read_cases, read_outcomes
from xuchang_sim.pack.load import load_pack
from xuchang_sim.yamlfile import InputError

HEAD = "case,place,level,year,information_date,quantity,kind,value,unit,published,source,note\n"


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def row(
    quantity: str, kind: str, value: object, unit: str = "1e8 CNY", published: str = "2012-04-01",
    case: str = "a", day: str = "2012-04-20", note: str = "", year: str = "2012",
) -> str:  # fmt: skip
    return f'{case},Place {case},zone,{year},{day},{quantity},{kind},{value},{unit},{published},press,"{note}"'


GOOD = (
    row("revenue", "base", 400, note="2011, +20 %"),
    row("fai", "base", 130),
    row("profit_tax", "base", 42),
    row("workers", "base", 5, "1e4 persons"),
    row("revenue", "target", 500),
    row("fai_growth", "target", 30, "%"),
)


def one(tmp_path: Path, *rows: str) -> Case:
    (case,), refused = read_cases(table(tmp_path, *rows))
    assert not refused
    return case


def test_a_case_is_read_in_the_units_of_the_model(tmp_path: Path) -> None:
    case = one(tmp_path, *GOOD)
    assert case.base["workers"].value == 50_000
    assert case.target["fai_growth"].value == 0.30
    assert case.last_growth("revenue") == case.last_growth("revenue_growth") == 0.20
    assert case.last_growth("fai") is None
    other = one(tmp_path, row("revenue", "base", 4_000_000, "1e4 CNY"), *GOOD[1:])
    assert other.base["revenue"].value == case.base["revenue"].value


def test_a_row_published_late_refuses_its_case_with_its_line_and_no_other(tmp_path: Path) -> None:
    late = row("revenue", "target", 600, published="2012-04-21", case="b")
    path = table(tmp_path, *GOOD, row("revenue", "base", 400, case="b"), late)
    (case,), (refusal,) = read_cases(path)
    assert (case.id, refusal.case) == ("a", "b")
    assert str(refusal).startswith(f"{path}:9: b: target revenue was published on 2012-04-21")
    assert "information date 2012-04-20" in str(refusal)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("revenue", "base", 400, day="")], "no information date"),
        ([row("workers", "base", 100, "persons")], "no base level of revenue"),
        ([row("revenue", "outcome", 400)], "outcomes only"),
        ([row("revenue", "base", "much")], "is not a number"),
        ([row("revenue", "base", 400, "furlongs")], "unknown unit"),
        ([row("revenue", "base", 400, "persons")], "cannot be converted"),
        ([row("revenue", "base", 0)], "above zero"),
        ([row("revenue", "base", 1), row("fai", "base", 2, day="2012-04-21")], "one for the whole case"),
        ([row("revenue", "hope", 1)], "kind 'hope'"),
        ([row("revenue", "base", 1, published="soon")], "is not a day"),
        ([row("revenue", "base", 1, year="2011")], "leaves nothing of 2011"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_one_line(tmp_path: Path, rows: list[str], reason: str) -> None:
    cases, (refusal,) = read_cases(table(tmp_path, *rows))
    assert not cases
    assert reason in str(refusal)
    assert "\n" not in str(refusal)


def test_outcomes_are_not_looked_at_when_cases_are_read(tmp_path: Path) -> None:
    broken = row("revenue", "outcome", "??", "??", "??")
    assert one(tmp_path, *GOOD, broken) == one(tmp_path, *GOOD)


def test_over_and_nearly_are_bounds(tmp_path: Path) -> None:
    notes = [
        "over",
        "nearly",
        "+39 %: above-scale, with additions",
        "soft target is over-fulfilled",
        "",
    ]
    rows = [
        row("output", "outcome", 40, note=note, case=f"case_{i}") for i, note in enumerate(notes)
    ]
    found, problems = read_outcomes(table(tmp_path, *rows, row("tax", "outcome", ">5")))
    assert not problems
    assert [x.bound for x in found] == ["at_least", "at_most", "", "", "", "at_least"]


def test_a_file_without_the_columns_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("case,value\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no column year"):
        read_cases(path)


@pytest.mark.parametrize(
    "day", [date(2011, 2, 26), date(2012, 4, 12), date(2012, 4, 13), date(2022, 3, 1)]
)
def test_no_figure_of_the_national_series_is_newer_than_the_day(day: date) -> None:
    found = known_drivers(day)
    assert len(found) == 6
    for series in found.values():
        assert max(series.released(record.period) for record in series.records) <= day


def test_value_added_of_march_is_known_from_the_thirteenth_of_april() -> None:
    name = "industrial_value_added_yoy"
    before, after = known_drivers(date(2012, 4, 12))[name], known_drivers(date(2012, 4, 13))[name]
    assert (before.records[-1].period, after.records[-1].period) == ("2012-02", "2012-03")


@pytest.mark.parametrize(
    ("day", "year", "reason"),
    [
        ("2017-03-01", "2017", "48 are needed"),
        ("2014-02-01", "2014", "before the base year 2013"),
        ("2010-02-28", "2010", ""),
        ("2009-02-28", "2009", "48 are needed"),
        ("2021-03-20", "2021", ""),
    ],
)
def test_a_case_without_drivers_is_refused_by_name(
    tmp_path: Path, day: str, year: str, reason: str
) -> None:
    case = one(tmp_path, row("revenue", "base", 400, day=day, year=year, published="2009-01-01"))
    assert (reason in drivers_fault(case)) if reason else not drivers_fault(case)


def test_assumed_totals_come_from_figures_published_by_then(tmp_path: Path) -> None:
    early, late = (
        totals(
            one(tmp_path, row("iva", "base", 100, day=day, year=day[:4], published="2010-01-01"))
        )
        for day in ("2010-03-01", "2012-04-20")
    )
    assert set(early.assumed) == {"revenue", "fai", "profit_tax", "workers"}
    assert early.revenue != late.revenue
    assert late.spread > 0.0
    assert late.moved(1.0).fai > late.fai > late.moved(-1.0).fai


def test_a_pack_written_is_the_pack_in_memory(tmp_path: Path) -> None:
    case = one(tmp_path, *GOOD)
    made, written = case_pack(case, resize=False).pack, load_pack(write_case(case, tmp_path / "p"))
    for name in ("base_year", "plan_year", "policy_month", "information_date", "firms_start"):
        assert getattr(made, name) == getattr(written, name)
    assert made.base == written.base
    assert made.plan.targets() == written.plan.targets()
    assert dict(made.levers) == dict(written.levers)
    for name, parameter in made.parameters.items():
        assert (parameter.default, parameter.range) == (
            written.parameters[name].default,
            written.parameters[name].range,
        )
    for name, series in made.history.items():
        assert tuple(series) == tuple(written.history[name])


def test_a_larger_case_shares_its_structure(tmp_path: Path) -> None:
    small = case_pack(one(tmp_path, *GOOD)).pack
    rows = [line.replace(",400,", ",800,").replace(",130,", ",260,") for line in GOOD]
    large = case_pack(one(tmp_path, *rows)).pack
    unlike = {n for n, p in small.parameters.items() if p.default != large.parameters[n].default}
    assert "firms_count" in unlike
    assert not {"realised_yield", "large_share_fai", "demand_share"} & unlike
    assert small.region == large.region


def test_other_names_of_the_same_total_are_read(tmp_path: Path) -> None:
    other = [
        line.replace(",fai,", ",fixed_asset_investment,").replace(
            ",revenue,", ",operating_revenue,"
        )
        for line in GOOD
    ]
    assert totals(one(tmp_path, *other)) == totals(one(tmp_path, *GOOD))


def test_what_can_be_forecast_or_is_refused_by_name_is_never_a_slip() -> None:
    assert [name for name in (*QUANTITIES, *OTHERS) if _slip(name)] == []
    assert _slip("projects_1e7") == ""
    assert _slip("revenu") == "revenue"
