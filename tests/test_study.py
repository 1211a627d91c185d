"""A study is one object: its arguments are checked, its scenarios are made in memory, its answers say their units."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xuchang_sim import Study, assess, compare, matrix, simulate
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.settings import Settings
from xuchang_sim.yamlfile import InputError

PACK = load_pack(shipped()[-1])
STUDY = Study(PACK, replicates=6, seed=3)


# -------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize("wrong", [2.5, True, "10", 0, -1, 10**8, None, math.nan])
def test_replicates_are_whole_numbers(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"--replicates: .*allowed: a whole number from 1"):
        Study(PACK, replicates=wrong)


@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("seed", 1.0, "--seed: 1.0: allowed: a whole number from 0"),
        ("seed", -1, "--seed"),
        ("through", "2012", "--through: '2012' is not a month"),
        ("through", "2031-01", "--through: 2031-01 is after last_month"),
        ("parameters", "priors", "parameters: 'priors': allowed"),
        ("threads", 0, "--threads: 0: allowed: a whole number from 1"),
        ("threads", 1.5, "--threads"),
    ],
)
def test_other_arguments_are_checked(field: str, wrong: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Study(PACK, **{field: wrong})


def test_all_faults_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Study(PACK, replicates=0, seed=-1, through="soon")
    assert len(caught.value.problems) == 3


def test_integers_of_numpy_are_integers() -> None:
    six: Any = np.int64(6)
    three: Any = np.int32(3)
    study = Study(PACK, replicates=six, seed=three)
    assert study == STUDY
    assert type(study.replicates) is int


def test_a_study_does_not_change_but_gives_others() -> None:
    with pytest.raises(AttributeError, match=r"does not change; use with_\(seed=...\)"):
        STUDY.seed = 4
    other = STUDY.with_(seed=4)
    assert (other.seed, other.replicates, type(other)) == (4, 6, Study)
    assert other != STUDY
    with pytest.raises(InputError, match="--seed"):
        STUDY.with_(seed="x")
    with pytest.raises(TypeError):
        STUDY.with_(sead=4)


def test_threads_and_progress_change_no_number() -> None:
    same = STUDY.with_(threads=1, progress=lambda *_: None)
    assert same == STUDY
    assert hash(same) == hash(STUDY)
    assert same.simulate().outcomes["fai"].tobytes() == STUDY.simulate().outcomes["fai"].tobytes()


def test_a_pack_is_given_by_name_folder_or_itself() -> None:
    assert Study(PACK.name, replicates=6, seed=3) == STUDY
    assert Study(PACK.folder, replicates=6, seed=3) == STUDY
    assert isinstance(STUDY, Settings)


def test_conveniences_are_a_study_asked() -> None:
    assert assess(replicates=6, seed=3, pack=PACK) == STUDY.assess()
    assert simulate("no_plan", replicates=6, seed=3, pack=PACK) == STUDY.simulate("no_plan")
    assert compare("no_plan", "plan", replicates=6, seed=3, pack=PACK) == STUDY.compare(
        "no_plan", "plan"
    )
    assert matrix(pack=PACK, seed=3, replicates=6) == STUDY.matrix()
    with pytest.raises(TypeError, match="replicats"):
        assess(replicats=6, pack=PACK)


# -------------------------------------------------------------------------------- scenarios


def test_a_number_is_the_same_scenario_however_it_is_written() -> None:
    written: list[Any] = [
        9000,
        9000.0,
        np.int64(9000),
        np.float32(9000),
        "9000 人/年",
        "750 人/月",
        "0.9 万人/年",
    ]
    made = [STUDY.scenario("plan", training_places=value) for value in written]
    assert {s.levels["training_places"] for s in made} == {9000.0}
    assert all(type(v) is float for s in made for v in s.levels.values())
    assert len({s.sha256 for s in made}) == 1


def test_quotients_are_exact() -> None:
    made = STUDY.scenario("plan", municipal_reserve="100/15 公顷/年")
    assert made.levels["municipal_reserve"] == 100.0


def test_axes_come_before_levers_and_levers_before_parameters() -> None:
    made = STUDY.scenario("plan", training_places="low", labour="high", starts_growth="20 %/年")
    labour = [x for x in PACK.levers.values() if x.axis == "labour" and x.id != "training_places"]
    assert all(made.levels[x.id] == x.high for x in labour)
    assert made.levels["training_places"] == PACK.levers["training_places"].low
    assert made.parameters == {"starts_growth": 0.2}


def test_it_runs_as_the_same_file_does(tmp_path: Any) -> None:
    path = tmp_path / "more.yaml"
    path.write_text(
        "name: more\ntitle_zh: 更多\ntitle_en: more\nparent: plan\ndemand_shift: 0.5\n"
        "levers:\n  training_places: {value: 9000, unit: 人/年}\n",
        encoding="utf-8",
    )
    filed = load_scenario(path, PACK)
    made = STUDY.scenario("plan", training_places="9000 人/年", demand_shift=0.5)
    assert made.sha256 == filed.sha256
    assert STUDY.simulate(made).outcomes["revenue"].tolist() == (
        STUDY.simulate(path).outcomes["revenue"].tolist()
    )


def test_names_say_what_was_set() -> None:
    made = STUDY.scenario("plan", training_places="9000 人/年", land="high")
    assert made.name == "plan+land=high+training_places=9000 人/年"
    assert made.lineage == ("plan", made.name)
    assert STUDY.scenario("plan", name="mine", title="Mine", land="high").name == "mine"
    changes: dict[str, Any] = dict.fromkeys(list(PACK.levers)[:6], "high")
    long = STUDY.scenario("plan", **changes)
    assert len(long.name) <= 60
    assert f"#{long.sha256[:6]}" in long.name
    again = STUDY.scenario(made, finance="low")
    assert again.lineage == ("plan", made.name, again.name)


def test_the_manifest_says_how_a_scenario_was_made() -> None:
    made = STUDY.scenario("plan", training_places="9000 人/年", demand_shift=0.5)
    said = STUDY.assess(made).to_dict()["manifest"]
    assert said["scenarios"] == {made.name: made.sha256}
    change = said["changes"][made.name]
    assert change["lineage"] == ["plan", made.name]
    assert STUDY.scenario(change["lineage"][0], **change["settings"]).sha256 == made.sha256
    assert "changes" not in STUDY.assess("plan").to_dict()["manifest"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"traning_places": 1},
            "traning_places: is neither an axis, .*did you mean 'training_places'",
        ),
        ({"training_places": "4.5 万元"}, "万元 is money, not persons per time"),
        ({"training_places": "many"}, "must be a number"),
        ({"training_places": "hihg"}, "did you mean 'high'"),
        ({"training_places": "45000"}, "has no unit"),
        ({"training_places": True}, "True is not a number"),
        ({"training_places": math.inf}, "inf is not finite"),
        ({"training_places": -5}, "training_places"),
        ({"starts_growth": "1 %/月"}, "a growth rate that compounds has one period"),
        ({"land": 2.5}, "allowed: a strength from 0 to 2"),
        ({"land": "1 亩"}, "a strength has no unit"),
        ({"demand_shift": 9.0}, "-4 to 4 standard deviations"),
        ({"drivers": {"ppi": "off"}}, "is not a driver; did you mean"),
    ],
)
def test_faults_of_a_scenario_are_one_line(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        STUDY.scenario("plan", **setting)
    assert len(caught.value.problems) == 1


def test_a_total_of_the_city_for_a_number_of_a_zone_is_explained() -> None:
    zones = len(PACK.region.zones)
    with pytest.raises(InputError, match=f"for {zones} zones is {3000 // zones} 亩/区/年"):
        STUDY.scenario("plan", quota_per_zone="3000 亩/年")


# -------------------------------------------------------------------------------- the record


def test_outcomes_have_one_row_a_replicate_and_year() -> None:
    results = STUDY.simulate()
    frame = results.to_frame()
    assert len(frame) == 6 * len(results.setup.years)
    assert not frame.duplicated(["replicate", "year"]).any()
    assert frame.attrs["units"]["revenue"] == "亿元"
    assert frame.attrs["units"]["workers"] == "人"
    at = frame[frame["year"] == PACK.plan_year]["revenue"].to_numpy()
    assert (at == results.outcome("revenue")).all()


def test_a_year_that_was_not_simulated_is_no_zero() -> None:
    why = STUDY.simulate().why()
    assert why.year(PACK.plan_year)["waiting"]["total"] > 0.0
    for year in (2031, PACK.plan_year - 1):
        with pytest.raises(ValueError, match=f"{year} is not on record; allowed"):
            why.year(year)


@pytest.mark.parametrize("topic", ["city", "zones", "held", "outcomes", "draws"])
def test_every_topic_has_named_dimensions_and_units(topic: str) -> None:
    xr = pytest.importorskip("xarray", reason="extra `xarray` is not installed")
    results = STUDY.simulate()
    data = results.to_xarray(topic)
    assert isinstance(data, xr.Dataset)
    sizes = {
        "scenario": 1,
        "replicate": 6,
        "month": len(results.setup.months),
        "year": len(results.setup.years),
        "zone": len(PACK.region.zones),
    }
    assert data.data_vars
    for name, variable in data.data_vars.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
        assert dict(variable.sizes) == {d: sizes[str(d)] for d in variable.dims}, name
    wide = results.to_frame(topic)
    assert len(wide) == math.prod(data.sizes.values())
    first = str(next(iter(data.data_vars)))
    assert (wide[first].to_numpy() == data[first].to_numpy().ravel()).all()


def test_the_city_is_made_of_its_zones_as_the_columns_say() -> None:
    pytest.importorskip("xarray", reason="extra `xarray` is not installed")
    results = STUDY.simulate()
    city, zones = results.to_xarray("city"), results.to_xarray("zones")
    assert "rank" not in city  # a rank is nobody's sum
    december = city["month"].dt.month == 12
    for name, combined in {
        "infrastructure": zones["infrastructure"].mean("zone"),
        "default_odds": zones["default_odds"].mean("zone"),
        "large_year": zones["large_year"].sum("zone"),
        "workers": zones["workers"].sum("zone"),
    }.items():
        found = city[name].isel(month=december).to_numpy()
        np.testing.assert_allclose(found, combined.to_numpy(), rtol=1e-12, err_msg=name)
    assert float(city["infrastructure"].max()) <= 1.0 + 1e-12
    total = city["fai"].groupby(city["month"].dt.year).sum("month")
    np.testing.assert_allclose(total, zones["fai"].sum("zone").to_numpy(), rtol=1e-12)
    # Vacancies are recorded like a flow, but a year's level is a mean, not a sum.
    open_posts = city["unfilled_skilled"].groupby(city["month"].dt.year).mean("month")
    np.testing.assert_allclose(open_posts, zones["unfilled_skilled"].sum("zone"), rtol=1e-12)
    assert str(city["month"].to_numpy()[1])[:10] == f"{PACK.base_year}-02-28"
    assert city.attrs["seed"] == 3


def test_scenarios_of_a_study_stack() -> None:
    xr = pytest.importorskip("xarray", reason="extra `xarray` is not installed")
    runs = STUDY.run(["no_plan", STUDY.scenario("plan", land="high")], full=False)
    both = xr.concat([run.to_xarray("outcomes") for run in runs], "scenario")
    assert list(both["scenario"].to_numpy()) == ["no_plan", "plan+land=high"]
    with pytest.raises(ValueError, match="kept targets only"):
        runs[0].to_xarray("city")
    with pytest.raises(ValueError, match="'cities' is no topic; allowed: city"):
        runs[0].to_frame("cities")


# -------------------------------------------------------------------------------- one replicate


def test_a_shock_of_five_lines_lowers_what_it_should() -> None:
    month = 12 * PACK.plan_year + 7

    def flood(economy: Any) -> None:
        if economy.month == month:
            for firm in economy.firms:
                if firm.zone == 0:
                    firm.b *= 0.2

    quiet = STUDY.economy("plan", replicate=2)
    hit = STUDY.economy("plan", replicate=2, hooks={"orders": [flood]})
    while quiet.month < month - 1:
        quiet.step()
        hit.step()
    assert hit.columns["zone"]["workers"].tolist() == quiet.columns["zone"]["workers"].tolist()
    quiet.step()
    hit.step()
    ratio = hit.columns["zone"]["revenue"][:4] / quiet.columns["zone"]["revenue"][:4]
    assert ratio[0] < 0.6
    assert ratio[1:] == pytest.approx(1.0, abs=0.02)  # they share workers, not customers


def test_an_economy_is_the_replicate_of_the_run() -> None:
    results = STUDY.simulate("plan")
    world = STUDY.economy("plan", replicate=4)
    months = [12 * PACK.plan_year - 1]
    while world.month < 12 * PACK.plan_year + 11:
        world.step()
        months.append(world.month)
    assert results.zone_years is not None
    stock = results.to_frame("zones")
    mine = stock[(stock["replicate"] == 4) & (stock["year"] == PACK.plan_year)]["workers"]
    zones = len(PACK.region.zones)
    assert world.columns["zone"]["workers"][:zones].tolist() == mine.tolist()
    for wrong in (-1, 1.5, True):
        with pytest.raises(InputError, match=r"replicate: .*allowed: a whole number from 0"):
            STUDY.economy("plan", replicate=wrong)  # type: ignore[arg-type]


# -------------------------------------------------------------------------------- answers


def test_answers_are_equal_if_they_say_the_same() -> None:
    one, two = STUDY.assess(), STUDY.with_(threads=1).assess()
    assert one == two
    assert hash(one) == hash(two)
    assert one != STUDY.assess("no_plan")
    assert one != STUDY.simulate()
    assert dataclasses.replace(one, redraws=2) != one


def test_frames_say_the_units_of_their_columns() -> None:
    assert STUDY.assess().to_frame().attrs["units"]["p"] == "比例"
    cells = STUDY.matrix().to_frame()
    assert cells.attrs["units"]["revenue"] == "亿元"
    assert cells.attrs["units"]["workers"] == "人"
    assert len(cells) == 27
    prices = STUDY.explain().to_frame()
    assert prices.attrs["units"]["cost"] == "亿元"
    assert {"lever", "effect.fai.value", "effect.fai.se"} <= set(prices.columns)


def test_one_name_given_alone_is_a_list_of_one() -> None:
    """Not a list of its letters, wherever several are taken."""
    few = STUDY.with_(replicates=2)
    alone = few.robustness("plan", "fai", draws=2, replicates=2, key="starts_growth")
    assert alone == few.robustness(["plan"], "fai", draws=2, replicates=2, key=["starts_growth"])
    assert few.compare("plan", "no_plan", measures="fai").measures.keys() == {"fai"}
    reach = few.frontier(0.5, scenarios=few.scenario("plan", land=2), outcomes="fai", maps=())
    assert next(iter(reach.scenarios.values())).keys() == {"fai"}
    design = few.design({"land": ["plan"]}, scenarios="no_plan", measures="fai")
    assert [s.name for s in design.scenarios] == ["no_plan"]
    assert design.measures == ("fai",)
    for ask in (lambda none: few.robustness(none, "fai"), lambda none: few.report("x.html", none)):
        with pytest.raises(InputError, match="scenarios: allowed: one or more"):
            ask([])


def test_every_answer_names_the_scenarios_it_was_made_of() -> None:
    few = STUDY.with_(replicates=2)
    plan, none = (few.scenario(name).sha256 for name in ("plan", "no_plan"))
    answers: list[Any] = [
        few.simulate("plan"),
        few.discover("plan", "fai"),
        few.robustness(["plan"], "fai", draws=2, replicates=2, key=["starts_growth"]),
        few.frontier(0.5, scenarios="plan", maps=()),
    ]
    for answer in answers:
        made = answer.to_dict()["manifest"]
        assert made["scenarios"] == {"plan": plan}, type(answer)
        assert made["seed"] == few.seed
    both = few.frontier(0.5, scenarios="plan", maps=(), base="no_plan")
    assert both.manifest["scenarios"] == {"plan": plan, "no_plan": none}


def test_what_has_no_dimensions_says_so() -> None:
    with pytest.raises(TypeError, match="use to_frame"):
        STUDY.assess().to_xarray()


def test_a_scenario_made_in_memory_is_saved_and_read_again(tmp_path: Path) -> None:
    made = STUDY.scenario(
        "plan",
        land="high",
        training_places="1.2 万人/年",
        demand_shift=0.5,
        drivers={"ppi_yoy": {"2012-08": -0.02}, "m2_yoy": "off"},
    )
    again = STUDY.scenario(made.save(tmp_path / "more.yaml"))
    assert again.name == "more"
    assert again.levels == made.levels
    assert again.sha256 == made.sha256
