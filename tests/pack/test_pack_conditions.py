"""A scenario's own months in place of a driver's forecast: read, inherited, refused."""

from pathlib import Path

import pytest

from xuchang_sim.pack.conditions import check
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import ResolvedScenario, load_scenario
from xuchang_sim.yamlfile import InputError

PACK = load_pack()


def scenario(folder: Path, text: str, name: str = "mine") -> ResolvedScenario:
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\ntitle_zh: 我\ntitle_en: mine\n{text}", encoding="utf-8")
    return load_scenario(path, PACK)


def test_months_files_and_off(tmp_path: Path) -> None:
    (tmp_path / "ppi.csv").write_text("date,value\n2012-04,-1.5\n\n2012-05,-2\n")
    text = """parent: plan
drivers:
  ppi_yoy: {file: ppi.csv, unit: '%'}
  fai_yoy: off
  m2_yoy: {2012-05: 0.12, 2012-06: 0.125}
"""
    found = scenario(tmp_path, text).drivers
    assert found == {
        "ppi_yoy": {"2012-04": -0.015, "2012-05": -0.02},
        "fai_yoy": "off",
        "m2_yoy": {"2012-05": 0.12, "2012-06": 0.125},
    }


def test_a_child_replaces_a_driver_and_the_hash_tells(tmp_path: Path) -> None:
    scenario(tmp_path, "parent: plan\ndrivers: {ppi_yoy: off, m2_yoy: off}\n", "older")
    child = scenario(tmp_path, "parent: older\ndrivers: {ppi_yoy: {2012-06: 0.0}}\n")
    assert child.drivers == {"ppi_yoy": {"2012-06": 0.0}, "m2_yoy": "off"}
    plan = load_scenario("plan", PACK)
    assert child.sha256 != plan.sha256
    assert scenario(tmp_path, "parent: plan\ndrivers: {}\n", "same").sha256 == plan.sha256
    assert "1 months" in child._repr_html_()


def test_faults_name_file_and_line(tmp_path: Path) -> None:
    rows = "date,value\n2012-04,-1.5\n2012-05,x\n2012-06,0\n2012-06,0\n2011-05,0.1\n"
    (tmp_path / "bad.csv").write_text(rows)
    (tmp_path / "other.csv").write_text("when,what\nApril,nothing\n")
    text = """parent: plan
drivers:
  ppi: off
  ppi_yoy: {file: bad.csv}
  m2_yoy: {2012-05: 12, 2012-01: 0.1}
  fai_yoy: {file: other.csv}
  value_added_yoy: {file: none.csv}
"""
    with pytest.raises(InputError) as fault:
        scenario(tmp_path, text)
    lines = [line.removeprefix(f"{tmp_path}/") for line in str(fault.value).splitlines()]
    expected = [
        "mine.yaml:6: drivers.ppi: is not a driver; did you mean 'ppi_yoy'?",
        "mine.yaml:8: drivers.m2_yoy.2012-05: 12 is out of range; allowed: -0.9 to 1",
        "mine.yaml:8: drivers.m2_yoy.2012-01: is data already; allowed: 2012-04 and later",
        "bad.csv:2: 2012-04: -1.5 is out of range",
        "bad.csv:3: x is not a number",
        "bad.csv:5: 2012-06: occurs twice",
        "bad.csv:6: 2011-05: is data already",
        "other.csv:1: the first line must name the columns",
        "none.csv: no such file",
    ]
    assert len(lines) == len(expected)
    for start in expected:
        assert any(line.startswith(start) for line in lines), (start, lines)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("of", "did you mean 'off'"),
        ("{}", "is no driver's entry"),
        ("{unit: '%'}", "is no driver's entry"),
        ("3", "is no driver's entry"),
        ("{2012-13: 0.1}", "not a month"),
        ("{2012-05: high}", "is not a number"),
        ("{2012-05: 0.1, unit: 元}", "allowed: fraction, %"),
        ("{file: a.csv, 2012-05: 0.1}", "a file stands alone"),
        ("{file: /etc/passwd}", "a path from the scenario's folder"),
    ],
)
def test_one_slip_gives_one_line(tmp_path: Path, entry: str, why: str) -> None:
    with pytest.raises(InputError) as fault:
        scenario(tmp_path, f"parent: plan\ndrivers:\n  ppi_yoy: {entry}\n")
    (problem,) = fault.value.problems
    assert problem.line == 6
    assert why in problem.message


def test_conditions_in_code_are_checked_alike() -> None:
    assert check({"ppi_yoy": {"2012-05": -2, "unit": "%"}}, PACK) == {"ppi_yoy": {"2012-05": -0.02}}
    with pytest.raises(InputError) as fault:
        check({"ppi_yoy": {"2012-05": 5, "2011-01": 0.1}, "x": "off", "m2_yoy": "of"}, PACK)
    assert len(fault.value.problems) == 4
