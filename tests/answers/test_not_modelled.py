"""Targets that a pack cannot measure: in words everywhere, never a number and never nothing."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console

from tests.answers.packs import DROPPED, PACK, changed, only, with_region
from xuchang_sim import definitions
from xuchang_sim.answers.assess import Assessment
from xuchang_sim.answers.audit import audit
from xuchang_sim.answers.dossier import gather
from xuchang_sim.answers.packages import parse_goal
from xuchang_sim.answers.uncertainty import curve
from xuchang_sim.cli import plain as in_words
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.pack.starter import new_pack
from xuchang_sim.report import document, exploring, pictures, tables
from xuchang_sim.report.live import Desk
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.measures import CITY_ONLY, REGISTRY, THRESHOLD, RunRecord
from xuchang_sim.simulation.targets import goals, growth_asked, not_modelled, unmodelled
from xuchang_sim.study import (
    Study,
    assess,
    compare,
    discover,
    explain,
    frontier,
    matrix,
    sensitivity,
    simulate,
    smallest_bundle,
)
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from xuchang_sim.pack.load import Pack

NOTHING = re.compile(r"\b(nan|None|inf)\b")
NUMBERS = {"p", "p_low", "p_high", "median", "q05", "q95", "shortfall"}
pytestmark = pytest.mark.filterwarnings("ignore:priors are used")


@cache
def assessed(name: str) -> Assessment:
    return assess(pack=dropped(name), replicates=5, extended=5, full=False)


@cache
def dropped(name: str) -> Pack:
    return DROPPED[name]()


def printed(what: Any) -> str:
    console = Console(file=io.StringIO(), width=146, highlight=False)
    console.print(what)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def in_json(data: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in data.items() if key != "manifest"}
    plain: dict[str, Any] = in_words(kept)
    json.dumps(plain, allow_nan=False)
    return plain


def nulls(data: Any, path: str = "") -> list[str]:
    """Places of a null in plain data."""
    if isinstance(data, dict):
        return [found for key, value in data.items() for found in nulls(value, f"{path}.{key}")]
    if isinstance(data, list):
        return [found for k, value in enumerate(data) for found in nulls(value, f"{path}[{k}]")]
    return [path] if data is None else []


@pytest.mark.parametrize("name", DROPPED)
def test_every_command_answers_in_words_and_numbers(name: str) -> None:
    pack, found = dropped(name), assessed(name)
    crossed = matrix(pack=pack, replicates=3)
    causes = explain(pack=pack, replicates=2).to_dict(undefined=math.nan)
    pair = compare("no_plan", "plan", pack=pack, replicates=3).to_dict(undefined=math.nan)
    for data in (found.to_dict(), crossed.to_dict(), causes, pair):
        assert nulls(in_json(data)) == []
    for lang in ("zh", "en"):
        for shown in (
            tables.assessment(found, lang),
            tables.matrix(crossed, lang),
            exploring.explanation(causes, lang),
            exploring.comparison(pair, lang),
            tables.plan(pack, lang),
            tables.audit(audit(pack), lang),
        ):
            assert NOTHING.findall(printed(shown)) == []


def test_one_replicate_has_no_standard_error_and_no_nan() -> None:
    causes = explain(pack=PACK, replicates=1).to_dict(undefined=math.nan)
    pair = compare("no_plan", "plan", pack=PACK, replicates=1).to_dict(undefined=math.nan)
    for lang in ("zh", "en"):
        for shown in (exploring.explanation(causes, lang), exploring.comparison(pair, lang)):
            assert NOTHING.findall(printed(shown)) == []


def test_the_joint_of_no_target_is_no_answer() -> None:
    found = assessed("no target")
    data = in_json(found.to_dict())
    assert data["targets"] == []
    assert "joint" not in data
    assert "p_fai_without_largest_project" not in data
    text = printed(tables.assessment(found, "en"))
    assert "The plan sets no target for revenue or investment that the model measures." in text
    assert "1.00" not in text.split("predetermined on the eve")[0]
    with pytest.raises(ValueError, match="no target is named"):
        found.results.joint(())
    with pytest.raises(InputError, match="sets no target"):
        frontier(pack=dropped("no target"), replicates=2)


def test_one_goal_is_named_alone() -> None:
    found = assessed("one goal")
    row = found.results.targets()[0]
    assert in_json(found.to_dict())["joint"] == {
        "ids": ["fai_growth"],
        **{key: getattr(row, key) for key in ("p", "p_low", "p_high")},
    }
    text = printed(tables.assessment(found, "en"))
    assert f"growth of fixed-asset investment reached: {row.p:.2f}" in text


def test_clusters_without_a_cluster_are_not_nought() -> None:
    data = in_json(assessed("no clusters").to_dict())
    rows = {row["id"]: row for row in data["targets"]}
    assert len(rows) == len(PACK.plan.targets())  # it stays in every list
    for name in ("clusters_50", "clusters_100"):
        assert rows[name]["modelled"] is False
        assert "names no cluster of" in rows[name]["reason"]
        assert "集群" in rows[name]["reason_zh"]
        assert not NUMBERS & rows[name].keys()
        assert rows[name]["value"] == PACK.plan.target(name).value
    others = [row for row in data["targets"] if "modelled" not in row]
    assert all(row.keys() >= NUMBERS for row in others)
    assert len(others) == len(rows) - 2
    text = printed(tables.assessment(assessed("no clusters"), "zh"))
    assert text.count("未建模：") == 2


def test_the_matrix_says_once_which_column_is_left_out() -> None:
    found = matrix(pack=dropped("no revenue target"), replicates=2)
    data = in_json(found.to_dict())
    assert not {"p_revenue", "p_revenue_low"} & data["cells"][0].keys()
    assert data["cells"][0].keys() >= {"p_fai", "p_joint", "p_workers"}
    assert data["not_modelled"]["p_revenue"]["reason"] == "the plan sets no such target"
    text = printed(tables.matrix(found, "en"))
    assert text.count("not modelled: P revenue") == 1
    assert "P all goals" in text  # not "both": there is one


def test_a_growth_without_a_total_to_grow_from_is_not_modelled() -> None:
    base = PACK.base.model_copy(
        update={"profit_tax": PACK.base.profit_tax.model_copy(update={"exact": 0})}
    )
    reasons = unmodelled(replace(PACK, base=base))
    assert list(reasons) == ["profit_tax_growth"]
    assert "total of the base year for profit_tax is zero" in reasons["profit_tax_growth"].en


def test_a_plan_may_say_that_nothing_measures_a_target(tmp_path: Path) -> None:
    folder = new_pack(tmp_path / "mine")
    path = folder / "plan.yaml"
    text = path.read_text(encoding="utf-8")
    old = "trained: 8000 人"
    assert old in text
    given = "trained: {{value: 8000 人, {}}}"
    path.write_text(
        text.replace(old, given.format('measure: none, reason: "没有统计 · nobody counts it"')),
        encoding="utf-8",
    )
    pack = load_pack(folder)
    assert unmodelled(pack) == {"trained": ("没有统计", "nobody counts it")}
    for wrong, message in (
        ("measure: none", "goes with measure: none"),
        ('reason: "没有统计 · nobody counts it"', "goes with reason"),
    ):
        path.write_text(text.replace(old, given.format(wrong)), encoding="utf-8")
        with pytest.raises(InputError, match=message) as caught:
            load_pack(folder)
        assert caught.value.problems[0].line > 0


def test_a_goal_that_is_not_modelled_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"clusters_50.*is not modelled.*allowed: .*revenue"):
        parse_goal("clusters_50", dropped("no clusters"))
    assert goals(only("clusters_50")) == ("clusters_50",)


def test_a_report_says_what_it_leaves_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One target, which no cluster can meet: no goal, no chart, no number in its place."""
    import openpyxl

    # Figures are drawn, and not encoded.
    monkeypatch.setattr(pictures, "picture", lambda ax: f"data:image/{type(ax).__name__}")
    pack = replace(only("clusters_50"), region=with_region(clusters=()).region)
    found = gather(Study(pack, replicates=2), ["plan", "no_plan"])
    assert found.frontier is None
    for name in ("report.html", "report.xlsx"):
        document.write(found, "both", tmp_path / name)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"data:image[^\"]*", "", text).split("<pre>")[0]
    for words in (
        "not modelled: clusters of 5bn yuan: the region names no cluster of 5bn yuan",
        "未建模：",
        "The plan sets no target for revenue or investment that the model measures.",
        "The plan has no headline target that the model measures",
    ):
        assert words in text
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = [
        str(cell.value)
        for sheet in book.worksheets[:-1]  # the last is the manifest
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert "not modelled" in cells
    assert NOTHING.findall(text + " ".join(cells)) == []


def test_other_commands_answer_for_one_goal() -> None:
    pack = dropped("one goal")
    pair: dict[str, Any] = {"pack": pack, "replicates": 2}
    shown: dict[Callable[..., Any], Any] = {
        exploring.frontier: frontier(scenarios=("plan",), **pair),
        exploring.discovery: discover(goal="joint", pack=pack, replicates=20),
        exploring.sensitivity: sensitivity(factors=("land", "finance"), size=2, **pair),
    }
    for table, found in shown.items():
        data = found.to_dict(undefined=math.nan)
        for lang in ("zh", "en"):
            assert NOTHING.findall(printed(table(data, lang))) == []
    told = Desk(dropped("no target"), 2, 1).answer({}, "en")
    assert told["targets"] == []
    json.dumps(told, allow_nan=False)


def test_a_goal_that_is_a_level_is_explained_in_its_unit() -> None:
    data = explain(pack=only("fai"), replicates=2).to_dict(undefined=math.nan)
    level, chance = data["attribution"]
    text = printed(exploring.explanation(data, "en"))
    assert "fai, 100m yuan" in text
    assert f"{level['base']:.1f} " in text  # hundreds of 亿元, not tens of thousands of per cent
    assert f"{100 * chance['base']:.1f}%" in text


def test_one_number_at_a_time_needs_no_goal() -> None:
    """Without a goal for investment its probability is left out; a level is a growth, too."""
    pack = dropped("no investment target")
    setup = prepare(pack, 4, 1, f"{pack.plan_year}-12")
    row = curve(setup, load_scenario("plan", pack), "starts_growth", 4)[0]
    assert row.keys() >= {"revenue_growth_p", "fai_growth", "fai_growth_moved"}
    assert "fai_growth_p" not in row
    assert growth_asked(pack, "fai_growth") is None
    level = only("fai")
    asked = level.plan.target("fai").value / level.base.fai.value - 1.0
    assert growth_asked(level, "fai_growth") == pytest.approx(asked)


def test_of_no_replicate_there_is_no_answer() -> None:
    base = PACK.base.model_copy(
        update={"revenue": PACK.base.revenue.model_copy(update={"exact": 1})}
    )
    pack = replace(PACK, base=base)
    calls: tuple[Callable[[], object], ...] = (
        lambda: assess(pack=pack, replicates=2),
        lambda: matrix(pack=pack, replicates=2),
        lambda: explain(pack=pack, replicates=2),
        lambda: compare("no_plan", "plan", pack=pack, replicates=2),
        lambda: frontier(pack=pack, replicates=2, scenarios=("plan",)),
        lambda: discover(goal="joint", pack=pack, replicates=2),
    )
    with pytest.raises(InputError, match="none of 20 replicates ran through"):
        smallest_bundle("fai", p=0.5, pack=pack, replicates=20, grid=(0.0, 1.0))
    for call in calls:
        with pytest.raises(InputError, match="none of 2 replicates ran through: check 105"):
            call()
    assert simulate(pack=pack, replicates=2).good.sum() == 0  # the record itself may be empty


# ------------------------------------------------------------------------------------- one zone


ZONED = changed("zones_500", measure_entry="revenue", zone="weidu", unit="亿元", threshold=None)


def test_a_target_of_one_zone_is_rated_on_that_zone_and_said_to_be_synthetic() -> None:
    found = assess(pack=ZONED, replicates=5, extended=5)
    row = next(row for row in found.to_dict()["targets"] if row["id"] == "zones_500")
    assert row["zone"] == "weidu"
    assert row["synthetic"] is True
    index = [zone.id for zone in PACK.region.zones].index("weidu")
    record = found.results.zone_years
    assert record is not None
    from xuchang_sim.model.world import MEASURE_ROW

    sold = record[:, 1, MEASURE_ROW["reported"], index]
    assert np.array_equal(found.results.outcome("zones_500"), sold)
    assert found.results.levels()["revenue"] == PACK.plan.target("revenue").value  # not the zone's
    text = printed(tables.assessment(found, "en"))
    assert " ‡" in text
    assert "‡ a target of a single zone" in text


def test_zones_add_up_and_measures_of_the_city_alone_are_not_modelled_for_one() -> None:
    results = simulate(replicates=3, pack=PACK)
    assert results.zone_years is not None
    assert results.sectors is not None
    assert results.city is not None
    record = RunRecord(
        PACK, results.city, results.zone_years, results.sectors,
        np.zeros((3, len(results.setup.years))), results.summary, results.parameters,
        results.variant.scenario.levels, np.zeros((3, len(results.setup.years))),
    )  # fmt: skip
    parts = [record.within(zone.id) for zone in PACK.region.zones]
    for name in ("revenue", "fai", "workers", "new_workers", "projects_1e8", "trained"):
        whole = REGISTRY[name](record)
        np.testing.assert_allclose(sum(REGISTRY[name](part) for part in parts), whole, rtol=1e-9)
    for name in REGISTRY.keys() - CITY_ONLY:
        values = REGISTRY[name](parts[0])
        assert values.shape == (3, len(results.setup.years)), name
        assert np.isfinite(values[:, 1:]).all(), name
    clusters = sum(THRESHOLD["clusters"](part, 50.0) for part in parts)
    assert np.array_equal(clusters, THRESHOLD["clusters"](record, 50.0))
    growth = REGISTRY["revenue_growth"](parts[0])
    np.testing.assert_allclose(growth[:, 0], 0.0, atol=1e-12)
    for name in CITY_ONLY & {t.measure for t in PACK.plan.targets()}:
        target = changed(name, zone="weidu").plan.target(name)
        assert not_modelled(PACK, target) is not None, name


def test_what_measures_read_is_declared() -> None:
    """Every parameter that a measure reads stands in its definition."""
    results = simulate(replicates=2, pack=PACK)
    assert results.zone_years is not None
    assert results.sectors is not None
    assert results.city is not None

    class Seen(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            read.add(name)
            return super().__getitem__(name)

    years = len(results.setup.years)
    record = RunRecord(
        PACK, results.city, results.zone_years, results.sectors, np.zeros((2, years)),
        results.summary, Seen(results.parameters), results.variant.scenario.levels,
        np.zeros((2, years)),
    )  # fmt: skip
    defined = definitions.measures()
    for name, measure in REGISTRY.items():
        read: set[str] = set()
        measure(record)
        assert read <= set(defined[name].parameters), name
    for name, counted in THRESHOLD.items():
        read = set()
        counted(record, 50.0)
        assert read == set(defined[name].parameters), name


# ------------------------------------------------------------------------------- refused at once


EDITS = {
    "unknown measure": (
        "trained: 8000 人", "trained: {value: 8000 人, measure: traind}", "traind is not a measure; did you mean",
    ),
    "second target": (
        "trained: 8000 人", "trained: {value: 8000 人, measure: workers}", "has the measure of 'workers', workers",
    ),
    "other year": ("deadline: 2011-12-31", "deadline: 2013-12-31", "2013-12-31 is not in plan_year"),
    "unknown zone": (
        "trained: 8000 人", "trained: {value: 8000 人, zone: nowhere}", "'nowhere' is not a zone",
    ),
    "name of another measure": (
        "trained: 8000 人", "fai_growth: {value: 8000 人, measure: trained}", "is the name of another measure",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_a_target_that_cannot_be_rated_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    old, new, message = EDITS[name]
    folder = new_pack(tmp_path / "mine", shipped()[-1])
    path = folder / "plan.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        simulate(replicates=1, pack=folder)
    assert all(problem.line > 0 for problem in caught.value.problems)


def test_both_targets_of_a_measure_stand_if_zone_or_threshold_differ() -> None:
    assert len(unmodelled(ZONED)) == 0
    assert [t.measure for t in ZONED.plan.targets()].count("revenue") == 2
    assert with_region(clusters=()).plan.target("zones_300") in PACK.plan.targets()
