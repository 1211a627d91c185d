"""Scenarios: inheritance, units, matrices, and one clear line for every slip."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from xuchang_sim.pack.levers import AXES, LEVELS
from xuchang_sim.pack.load import load_pack, shipped, validate_path
from xuchang_sim.pack.scenario import list_scenarios, load_matrix, load_scenario
from xuchang_sim.yamlfile import InputError

PACK = load_pack()
PLAN = load_scenario("plan", PACK)
NAMES = [scenario.name for scenario in list_scenarios(PACK)]
HEAD = "title_zh: 试验\ntitle_en: trial\n"


def write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\n{HEAD}{text}", encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    """Faults of a scenario as ``line: path: message``."""
    with pytest.raises(InputError) as caught:
        load_scenario(write(folder, text), PACK)
    assert all(problem.file == str(folder / "mine.yaml") for problem in caught.value.problems)
    return [f"{p.line}: {p.path}: {p.message}" for p in caught.value.problems]


def test_what_is_shipped() -> None:
    assert set(NAMES) == {"plan", "no_plan", "all_low", "all_high"} | {
        f"{axis}_{level}"
        for axis in (*AXES, "demand")
        for level in ("low", "high")
        if axis != "works"
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_lever_has_a_value(name: str) -> None:
    scenario = load_scenario(name, PACK)
    assert list(scenario.levels) == list(PACK.levers)
    assert scenario.lineage[0] == "plan"
    assert scenario.lineage[-1] == name
    for lever in PACK.levers.values():
        assert not lever.complaint(scenario.levels[lever.id])


def test_only_the_named_axis_differs_from_the_plan() -> None:
    for axis in AXES[:-1]:
        for level in ("low", "high"):
            scenario = load_scenario(f"{axis}_{level}", PACK)
            for lever in PACK.levers.values():
                expected = lever.at(level if lever.axis == axis else "plan")
                assert scenario.levels[lever.id] == expected, lever.id


def test_no_plan_is_every_lever_absent() -> None:
    scenario = load_scenario("no_plan", PACK)
    assert scenario.levels == {lever.id: lever.absent for lever in PACK.levers.values()}
    assert scenario.levels["quota_per_zone"] == 150  # never "quota 0"


def test_demand_is_not_a_lever() -> None:
    for name, shift in [("demand_low", -1.0), ("demand_high", 1.0)]:
        scenario = load_scenario(name, PACK)
        assert scenario.demand_shift == shift
        assert scenario.levels == PLAN.levels
        assert scenario.sha256 != PLAN.sha256
    assert load_scenario("all_high", PACK).demand_shift == 0


def test_shipped_files_name_only_what_differs() -> None:
    for scenario in list_scenarios(PACK):
        if scenario.parent:
            parent = load_scenario(scenario.parent, PACK)
            for axis, level in scenario.axes.items():
                if axis == "works" and level == "high":
                    continue  # the same as planned; named so that all axes stand there
                moved = [x for x in PACK.levers.values() if x.axis == axis]
                assert any(x.at(level) != parent.levels[x.id] for x in moved), scenario.name
            assert not scenario.levers


def test_values_levels_and_units(tmp_path: Path) -> None:
    text = """parent: plan
axes: {land: high}
levers:
  quota_per_zone: {value: 30, unit: 公顷/区/年}
  municipal_reserve: low
  platform_financing: 2.5
  approval_cut: {value: 30, unit: '%'}
  factory_area: {value: 120, unit: 万m²/年}
demand_shift: -0.5
parameters:
  realised_yield: 0.7
  wage: {value: 0.25, unit: 万元/月}
"""
    scenario = load_scenario(write(tmp_path, text), PACK)
    assert scenario.levels["quota_per_zone"] == 450
    assert scenario.levels["municipal_reserve"] == 0
    assert scenario.levels["quota_tilt"] == 1.0
    assert scenario.levels["platform_financing"] == 2.5
    assert scenario.levels["approval_cut"] == 0.3
    assert scenario.levels["factory_area"] == 1.2e6
    assert scenario.demand_shift == -0.5
    assert scenario.parameters == {"realised_yield": 0.7, "wage": 2500.0}
    assert scenario.lineage == ("plan", "mine")


def test_a_child_overrides_its_parent(tmp_path: Path) -> None:
    text = "parent: land_high\nlevers: {quota_per_zone: 500, villages: 5}\ndemand_shift: 2\n"
    write(tmp_path, text, "middle")
    write(tmp_path, "parent: middle\naxes: {land: low}\nparameters: {wage: 2600}\n", "youngest")
    scenario = load_scenario(tmp_path / "youngest.yaml", PACK)
    assert scenario.lineage == ("plan", "land_high", "middle", "youngest")
    assert scenario.levels["quota_per_zone"] == 150  # an axis sets all of its levers again
    assert scenario.levels["villages"] == 5
    assert scenario.demand_shift == 2
    assert scenario.parameters == {"wage": 2600}


def test_the_hash_is_of_the_numbers(tmp_path: Path) -> None:
    same = load_scenario(write(tmp_path, "parent: plan\nlevers: {quota_per_zone: plan}\n"), PACK)
    assert same.sha256 == PLAN.sha256
    other = load_scenario(write(tmp_path, "parent: plan\nlevers: {quota_per_zone: 301}\n"), PACK)
    assert other.sha256 != PLAN.sha256


def test_a_pack_may_bring_its_own_scenarios(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped()[0], tmp_path / "pack"))
    (folder / "scenarios").mkdir()
    write(folder / "scenarios", "parent: plan\nlevers: {quota_per_zone: 333}\n", "ours")
    pack = load_pack(folder)
    assert load_scenario("ours", pack).levels["quota_per_zone"] == 333
    assert "ours" in [scenario.name for scenario in list_scenarios(pack)]
    assert validate_path(folder / "scenarios" / "ours.yaml") == []


CASES: dict[str, tuple[str, str]] = {
    "unknown key": (
        "parent: plan\nlever: {quota_per_zone: 300}\n",
        r"5: lever: unknown key; did you mean 'levers'\?; allowed: keys kind, name",
    ),
    "unknown lever": (
        "parent: plan\nlevers:\n  quota_per_zones: 300\n",
        r"6: levers.quota_per_zones: is not a lever; did you mean 'quota_per_zone'\?; allowed: quota",
    ),
    "unknown axis": (
        "parent: plan\naxes: {lands: high}\n",
        r"5: axes.lands: lands is not one of the choices; did you mean 'land'\?; allowed: 'land'",
    ),
    "unknown level": (
        "parent: plan\naxes: {land: hgih}\n",
        r"5: axes.land: hgih is not one of the choices; did you mean 'high'\?; allowed: 'absent'",
    ),
    "level of a lever": (
        "parent: plan\nlevers: {quota_tilt: hihg}\n",
        r"5: levers.quota_tilt: must be a number, not hihg; did you mean 'high'\?; allowed: a number",
    ),
    "out of range": (
        "parent: plan\nlevers: {quota_per_zone: 3000}\n",
        r"5: levers.quota_per_zone: 3000 is out of range; allowed: 0 to 1000 亩/区/年",
    ),
    "negative": (
        "parent: plan\nlevers: {quota_per_zone: -1}\n",
        r"5: levers.quota_per_zone: -1 is out of range; allowed: 0 to 1000",
    ),
    "percentage": (
        "parent: plan\nlevers: {approval_cut: 25}\n",
        r"5: levers.approval_cut: 25 is out of range \(a percentage\? write 0.25, or 25 with unit %\)",
    ),
    "wrong unit": (
        "parent: plan\nlevers: {quota_per_zone: {value: 3, unit: 亿元}}\n",
        r"5: levers.quota_per_zone: 亿元 cannot be converted to 亩/区/年; allowed: 亩/区/年 or a unit",
    ),
    "slip of ten thousand": (
        "parent: plan\nlevers: {platform_financing: {value: 20000, unit: 亿元/区/年}}\n",
        r"5: levers.platform_financing: 20000 is out of range; allowed: 0 to 6 亿元/区/年",
    ),
    "per cent for percentage points": (
        "parent: plan\nlevers: {spread_cut: {value: 0.2, unit: '%'}}\n",
        r"5: levers.spread_cut: % cannot be converted to 百分点",
    ),
    "unknown unit": (
        "parent: plan\nlevers: {quota_per_zone: {value: 300, unit: 畝}}\n",
        r"5: levers.quota_per_zone: unknown unit '畝'; allowed: 元 万元",
    ),
    "unit missing": (
        "parent: plan\nlevers: {quota_per_zone: {value: 300}}\n",
        r"5: levers.quota_per_zone: a mapping needs the keys value and unit; allowed: a number",
    ),
    "number and unit": (
        "parent: plan\nlevers: {quota_per_zone: 300亩}\n",
        r"5: levers.quota_per_zone: must be a number, not 300亩 \(number and unit in one; write them",
    ),
    "full-width": (
        "parent: plan\nlevers: {quota_per_zone: ３００}\n",
        r"5: levers.quota_per_zone: must be a number, not ３００ \(in full-width characters; write 300\)",
    ),
    "list": (
        "parent: plan\nlevers: {quota_per_zone: [300]}\n",
        r"5: levers.quota_per_zone: must be a number, not a list; allowed: a number, absent, low",
    ),
    "true": (
        "parent: plan\nlevers: {heating: true}\n",
        r"5: levers.heating: must be a number, not true; allowed: a number",
    ),
    "half a switch": (
        "parent: plan\nlevers: {heating: 0.5}\n",
        r"5: levers.heating: 0.5 is neither on nor off; allowed: 0 or 1",
    ),
    "half a plant": (
        "parent: plan\nlevers: {sewage_plants: 1.5}\n",
        r"5: levers.sewage_plants: 1.5 is not whole; allowed: 0 to 3 座, whole numbers",
    ),
    "order of levers": (
        "parent: plan\nlevers: {release_by_june: 0.7}\n",
        r"5: levers.release_by_june: release_by_september is 0.6, below release_by_june at 0.7; allowed: at least",
    ),
    "unknown parameter": (
        "parent: plan\nparameters: {wages: 2500}\n",
        r"5: parameters.wages: is not a parameter; did you mean 'wage'\?; allowed: see xuchang-sim definitions parameters",
    ),
    "base value": (
        "parent: plan\nparameters: {fai_base: 482}\n",
        r"5: parameters.fai_base: is not a parameter; did you mean 'duration_base'\?; allowed: see",
    ),
    "parameter out of range": (
        "parent: plan\nparameters: {wage: 3000}\n",
        r"5: parameters.wage: 3000 is out of range; allowed: 2200 to 2700 元/月",
    ),
    "half a month": (
        "parent: plan\nparameters: {ramp_months: 9.5}\n",
        r"5: parameters.ramp_months: 9.5 is not whole; allowed: whole numbers",
    ),
    "level of a parameter": (
        "parent: plan\nparameters: {wage: high}\n",
        r"5: parameters.wage: 'high' is a level of levers; allowed: a number or {value, unit}",
    ),
    "demand": (
        "parent: plan\ndemand_shift: 40\n",
        r"5: demand_shift: 40 is out of range; allowed: <= 4",
    ),
    "unknown parent": (
        "parent: plam\n",
        r"4: parent: there is no scenario 'plam'; did you mean 'plan'\?; allowed: all_high, ",
    ),
    "parent elsewhere": (
        "parent: ../../plan\n",
        r'4: parent: "../../plan" is not a name; allowed: letters, digits, _ and -',
    ),
    "its own parent": (
        "parent: mine\n",
        r"4: parent: is its own ancestor \(mine -> mine\); allowed: a chain that ends",
    ),
    "no parent": (
        "axes: {land: plan, labour: low}\n",
        r"4: axes: without a parent every axis needs a level; missing: finance, process, attraction, w",
    ),
    "matrix": (
        "kind: matrix\nparent: plan\n",
        r"4: kind: matrix is not one of the choices; allowed: 'scenario'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_slip_gives_one_clear_line(tmp_path: Path, name: str) -> None:
    text, expected = CASES[name]
    found = faults(tmp_path, text)
    assert len(found) == 1, found
    assert re.match(expected, found[0]), found[0]


def test_all_slips_come_at_once(tmp_path: Path) -> None:
    text = """parent: plam
lever: 3
axes: {land: hihg}
levers:
  quota_tilt: 50
  nothing: 1
  heating: yes
  platform_financing: .nan
demand_shift: 9
parameters: {wage: 1}
note: !!python/object:os.system x
"""
    found = faults(tmp_path, text)
    places = {line.split(": ")[1] for line in found}
    assert places == {
        "parent", "lever", "axes.land", "levers.quota_tilt", "levers.nothing", "levers.heating",
        "levers.platform_financing", "demand_shift", "parameters.wage", "note",
    }  # fmt: skip
    assert len(found) == 10


def test_a_circle_of_parents(tmp_path: Path) -> None:
    write(tmp_path, "parent: two\n", "one")
    write(tmp_path, "parent: three\n", "two")
    write(tmp_path, "parent: one\n", "three")
    with pytest.raises(InputError, match=r"is its own ancestor \(one -> three -> two -> one\)"):
        load_scenario(tmp_path / "one.yaml", PACK)


def test_faults_of_an_ancestor_are_told_with_its_file(tmp_path: Path) -> None:
    write(tmp_path, "parent: plan\nlevers: {quota_tilt: 7}\n", "old")
    write(tmp_path, "parent: old\nlevers: {heating: 7}\n", "young")
    problems = validate_path(tmp_path / "young.yaml")
    assert [(Path(p.file).name, p.path) for p in problems] == [
        ("old.yaml", "levers.quota_tilt"),
        ("young.yaml", "levers.heating"),
    ]


def test_the_file_has_the_name_of_the_scenario(tmp_path: Path) -> None:
    path = write(tmp_path, "parent: plan\n").rename(tmp_path / "yours.yaml")
    with pytest.raises(
        InputError, match=r"yours\.yaml:1: name: 'mine' is not the name of the file"
    ):
        load_scenario(path, PACK)


def test_names_may_be_chinese(tmp_path: Path) -> None:
    assert load_scenario(write(tmp_path, "parent: plan\n", "土地从宽"), PACK).name == "土地从宽"


@pytest.mark.parametrize("name", ["plam", "<script>", "", "数"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(InputError, match="there is no scenario"):
        load_scenario(name, PACK)


def test_a_name_of_the_other_kind_is_told() -> None:
    with pytest.raises(InputError, match="scenario 'matrix'; 'matrix' is a matrix; allowed: all_"):
        load_scenario("matrix", PACK)
    with pytest.raises(
        InputError, match="matrix 'plan'; 'plan' is a scenario; allowed: matrix, or"
    ):
        load_matrix("plan", PACK)


@pytest.mark.parametrize("name", ["nowhere/plan.yaml", "plan.yml", Path("plan")])
def test_unknown_paths(name: str | Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_scenario(name, PACK)


def test_matrix() -> None:
    matrix = load_matrix("matrix", PACK)
    assert len(matrix.cells) == 27
    assert matrix.axes == ("land", "finance", "labour")
    assert matrix.cells[1].at == {"land": "low", "finance": "low", "labour": "plan"}
    for at, scenario in matrix.cells:
        for lever in PACK.levers.values():
            assert scenario.levels[lever.id] == lever.at(at.get(lever.axis, "plan"))
    assert matrix.cells[13].scenario.sha256 == PLAN.sha256
    assert len({cell.scenario.sha256 for cell in matrix.cells}) == 27


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axes: [land]\nlevels: [low]\n", "parent: is missing"),
        (
            "parent: plan\naxes: [land, land]\nlevels: [low]\n",
            "axes: names one twice; allowed: each",
        ),
        ("parent: plan\naxes: []\nlevels: [low]\n", "axes: has too few entries"),
        (
            "parent: plan\naxes: [demand]\nlevels: [low]\n",
            "axes[0]: demand is not one of the choices",
        ),
        ("parent: plan\naxes: land\nlevels: [low]\n", "axes: must be a list, not land"),
        ("parent: plam\naxes: [land]\nlevels: [low]\n", "parent: there is no scenario 'plam'"),
    ],
)
def test_wrong_matrices(tmp_path: Path, text: str, message: str) -> None:
    problems = validate_path(write(tmp_path, f"kind: matrix\n{text}"))
    assert len(problems) == 1
    assert message in str(problems[0])


def test_valid_files_have_no_problems() -> None:
    folder = Path(__file__).parents[2] / "scenarios"
    files = sorted(folder.glob("*.yaml"))
    assert len(files) == 17
    assert [str(problem) for file in files for problem in validate_path(file)] == []


SETTINGS = st.one_of(
    st.integers(-10, 5000),
    st.floats(-10, 5000, allow_nan=False).map(lambda x: round(x, 3)),
    st.sampled_from(
        [*LEVELS, "hihg", "true", "null", ".inf", "[1]", "{}", "'3'", "{value: 1, unit: 亩}"]
    ),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from([*PACK.levers, "x"]), SETTINGS, max_size=5))
def test_any_setting_is_taken_or_told(tmp_path: Path, levers: dict[str, object]) -> None:
    body = "".join(f"  {name}: {value}\n" for name, value in levers.items())
    path = write(tmp_path, f"parent: plan\nlevers:\n{body or '  {}'}\n")
    problems = validate_path(path, PACK)
    assert all(problem.line > 0 for problem in problems)
    if not problems:
        levels = load_scenario(path, PACK).levels
        assert not any(PACK.levers[name].complaint(value) for name, value in levels.items())
