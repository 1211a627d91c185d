"""The shipped pack: complete, quoted word for word, consistent, and of its date."""

import hashlib
import pickle
import re
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

from xuchang_sim import units
from xuchang_sim.pack.levers import AXES, LEVELS
from xuchang_sim.pack.load import load_pack, shipped, validate_path
from xuchang_sim.pack.plan import Row

PACK = load_pack()
ROWS = {row.row: row for row in PACK.plan.rows}

# Rows whose number stands in the document as a word.
WORDS = {
    23: "一个", 24: "1个", 25: "一个", 26: "一个", 31: "1—2个", 37: "1个", 43: "集中供热设施",
    48: "全覆盖", 53: "全覆盖", 65: "全部", 69: "每个", 85: "全部", 87: "五个",
    90: "中原电气谷核心区、尚集产业集聚区和魏都产业集聚区", 91: "禹州市产业集聚区、长葛市产业集聚区",
    92: "东城区产业集聚区、大周产业集聚区",
}  # fmt: skip

# What the table of the plan's quantities calls them, and how the pack does.
QUANTITIES = {
    "target_main_business_revenue": "revenue",
    "target_main_business_revenue_growth": "revenue_growth",
    "target_revenue_share_of_city_min": "revenue_share",
    "target_fixed_asset_investment": "fai",
    "target_fixed_asset_investment_growth": "fai_growth",
    "target_fai_share_of_city_min": "fai_share",
    "target_profit_plus_tax": "profit_tax",
    "target_profit_plus_tax_growth": "profit_tax_growth",
    "target_outside_city_capital": "outside_capital",
    "target_outside_city_capital_growth_min": "outside_capital_growth",
    "target_above_scale_employees": "workers",
    "target_new_employees_min": "new_workers",
    "target_projects_ge_1e8": "projects_1e8",
    "target_zones_revenue_ge_100e8": "zones_100",
    "target_zones_revenue_ge_500e8": "zones_500",
    "target_zones_revenue_ge_300e8": "zones_300",
    "target_clusters_50e8": "clusters_50",
    "target_clusters_100e8": "clusters_100",
    "target_sewage_treatment_rate_min": "sewage_rate",
    "target_energy_per_output_value_decline": "energy_decline",
    "target_group_start_events": "group_events",
    "target_group_started_projects_ge_1e8_min": "group_starts",
    "target_concentrated_sewage_plants": "sewage_plants",
    "target_municipal_rd_centres_min": "rd_municipal",
    "target_provincial_rd_centres_min": "rd_provincial",
    "target_logistics_projects": "logistics",
    "target_service_centres_min": "service_centres",
    "target_villages_relocation_started": "villages",
    "target_public_rental_units_started": "housing",
    "target_land_quota_per_zone_min": "quota_min_zone",
    "target_zones_with_incubators_min": "incubators",
    "target_new_multistorey_standard_factory_min": "factory_area",
    "target_zones_with_platform_finance_over_5e8_min": "platforms_5",
    "target_annual_finance_per_zone_min": "platform_financing_min",
    "target_workers_trained_min": "trained",
    "target_postdoc_workstations": "postdoc_station",
    "target_postdoc_rd_bases": "postdoc_bases",
}

LINES = {"B1": 20, "B2": 34, "B3": 18, "B4": 8, "B5": 18, "B6": 17, "B7": 10}


def test_rows_are_complete_and_in_order() -> None:
    assert [row.row for row in PACK.plan.rows] == list(range(1, 97))


@pytest.mark.parametrize("row", PACK.plan.rows, ids=lambda row: str(row.row))
def test_quotes_stand_in_the_document(row: Row) -> None:
    assert row.quote in PACK.document
    if row.value is not None:
        assert WORDS.get(row.row, f"{row.value:g}") in row.quote


def test_the_document_is_the_published_one() -> None:
    file = shipped()[0] / "document.txt"
    assert hashlib.sha256(file.read_bytes()).hexdigest().startswith("0e9244fe699ee270")
    assert PACK.document.startswith(PACK.document_number)


def test_targets_agree_with_their_rows() -> None:
    for row in PACK.plan.rows:
        for target in row.target_entries[:1]:
            if row.unit and "/" not in row.unit and target.id != "energy_decline":
                same = units.convert(row.value or 0.0, row.unit, target.unit)
                assert same == target.value, row.id


def test_targets_agree_with_the_table_of_the_plans_quantities() -> None:
    records = {x.series: x for x in PACK.evidence["plan_targets"] if x.series in QUANTITIES}
    assert records.keys() == QUANTITIES.keys()
    for series, name in QUANTITIES.items():
        target = PACK.plan.target(name)
        scale = 0.01 if records[series].unit in {"%", "percentage points"} else 1.0
        assert target.value == pytest.approx(records[series].value * scale), series


def test_targets_know_their_paragraph_and_the_headlines_are_these() -> None:
    targets = PACK.plan.targets()
    assert len({target.id for target in targets}) == len(targets) == 47
    assert all(target.paragraph == ROWS[target.row].paragraph for target in targets)
    assert {target.id for target in targets if target.headline} == {
        "revenue", "revenue_growth", "fai", "fai_growth", "profit_tax", "outside_capital",
        "workers", "new_workers", "projects_1e8",
    }  # fmt: skip


def test_levers_and_rows_name_each_other() -> None:
    assert {(n, lever) for n, row in ROWS.items() for lever in row.levers} == {
        (n, lever.id) for lever in PACK.levers.values() for n in lever.rows
    }
    assert {lever.id for lever in PACK.levers.values() if not lever.rows} == {
        "crowd_out_shift", "wage_gap",
    }  # fmt: skip


def test_every_instrument_has_a_lever_or_a_reason() -> None:
    for row in PACK.plan.rows:
        if "instrument" in row.type:
            assert row.levers or row.reason, row.row
        if "out_of_scope" in row.use:
            assert row.reason, row.row


def test_every_axis_has_levers_within_their_ranges() -> None:
    assert {lever.axis for lever in PACK.levers.values()} == set(AXES)
    for lever in PACK.levers.values():
        for level in LEVELS:
            assert lever.minimum <= lever.at(level) <= lever.maximum


@pytest.mark.parametrize(("section", "count"), LINES.items())
def test_every_line_of_the_parameter_table_is_there(section: str, count: int) -> None:
    page = Path(__file__).parents[2] / "docs" / "figures.md"
    rows = re.findall(rf"(?m)^\| {section}\.([0-9]+) \|", page.read_text(encoding="utf-8"))
    rows += [x.row.partition(".")[2] for x in PACK.parameters.values() if x.section == section]
    assert {int(row) for row in rows} == set(range(1, count + 1))


def test_later_sources_are_structural_ratios_only() -> None:
    later = re.compile(r"(?:^|\D)20(?:1[3-9]|2[0-9])(?:\D|$)|published later")
    for parameter in PACK.parameters.values():
        if later.search(parameter.source):
            assert parameter.later_source, parameter.id
        if parameter.later_source:
            assert parameter.unit not in {"亿元", "人", "个", "亿元/年"}, parameter.id


def test_nothing_is_known_after_the_information_date() -> None:
    date = PACK.information_date
    assert str(date) == "2012-04-25"
    for series in PACK.history.values():
        assert series.known(date) == tuple(series)
        assert [period for period, _ in series] == sorted(period for period, _ in series)
    assert max(period for period, _ in PACK.history["ppi_yoy"]) == "2012-03"


def test_the_model_reads_what_it_needs() -> None:
    needed = {"industrial_value_added_yoy", "ppi_yoy", "fai_ytd", "m2_yoy", "new_rmb_loans"}
    assert needed <= PACK.history.keys()
    assert dict(PACK.history["industrial_value_added_yoy"])["2012-03"] == 11.9
    assert PACK.history["fai_ytd"].unit == "1e8 CNY"
    assert PACK.history["fai_ytd"].source


def test_base_year_is_exact() -> None:
    base = PACK.base
    assert base.revenue.exact == Fraction(10000, 7)
    assert base.revenue.value == 2000 / 1.4
    assert base.fai.exact == Fraction(6000, 13)
    assert base.profit_tax.exact == Fraction(1500, 7)
    assert base.workers.value == 150_000
    assert base.fai.alternative is not None
    assert base.fai.alternative.value == pytest.approx(482.06, abs=0.01)


def test_calendar() -> None:
    assert sum(PACK.calendar.revenue_season) == pytest.approx(12, abs=1e-12)
    assert PACK.calendar.group_months == (3, 6, 9, 11)
    assert PACK.policy_month == units.month_index("2012-05")
    assert PACK.pipeline_start + 76 == units.month_index("2012-01")


def test_region_adds_up() -> None:
    region = PACK.region
    assert len(region.zones) == 10
    assert len(region.sectors) == 9
    assert len(region.clusters) == 8
    assert sum(zone.revenue_share for zone in region.zones) == pytest.approx(1)
    weighted = sum(s.productivity for s in region.sectors) / len(region.sectors)
    assert weighted == pytest.approx(1, abs=0.05)
    assert {zone.id for zone in region.zones if zone.expands} == {
        "electric_valley", "shangji", "weidu", "yuzhou", "changge",
    }  # fmt: skip
    assert {zone.id for zone in region.zones if zone.level == "city"} == {"dazhou", "dongcheng"}
    assert region.zone("dazhou").site_bonus == 0.5


def test_labels_are_in_both_languages() -> None:
    chinese = re.compile(r"[一-鿿]")
    labels = [(x.label_zh, x.label_en) for x in PACK.plan.rows]
    labels += [(x.label_zh, x.label_en) for x in PACK.plan.targets()]
    labels += [(x.label_zh, x.label_en) for x in PACK.parameters.values()]
    labels += [(x.label_zh, x.label_en) for x in PACK.levers.values()]
    for zh, en in labels:
        assert chinese.search(zh), zh
        assert not chinese.search(en), en


def test_hash_changes_with_any_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for file in sorted(shipped()[0].rglob("*.*")):
        target = copy / file.relative_to(shipped()[0])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert load_pack(copy).sha256 == PACK.sha256 == load_pack("xuchang_2623").sha256
    table = copy / "history" / "xuchang_firms.csv"
    table.write_text(table.read_text().replace("946.7", "946.8"))
    assert load_pack(copy).sha256 != PACK.sha256


def test_a_pack_can_be_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(PACK))  # noqa: S301 - our own bytes
    assert again.sha256 == PACK.sha256
    assert again.plan == PACK.plan


def test_a_pack_is_frozen() -> None:
    with pytest.raises(AttributeError):
        setattr(PACK, "name", "other")  # noqa: B010
    with pytest.raises(ValueError, match="frozen"):
        setattr(PACK.plan.rows[0], "row", 2)  # noqa: B010


def test_loading_is_quick() -> None:
    best = min(_seconds() for _ in range(7))
    assert best < 0.15  # about 0.04 s on the machine it was written on


def _seconds() -> float:
    begun = time.process_time()
    load_pack()
    return time.process_time() - begun


def test_reading_a_pack_loads_no_arrays() -> None:
    code = (
        "import sys; from xuchang_sim.pack.load import load_pack; load_pack();"
        "sys.exit(any(m in sys.modules for m in ('numpy', 'scipy', 'pandas', 'statsmodels')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_shipped_pack_is_valid() -> None:
    assert validate_path(shipped()[0]) == []
    assert validate_path(shipped()[0] / "plan.yaml") == []
