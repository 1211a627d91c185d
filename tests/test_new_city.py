"""Another city and other years: a pack and no code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.pack.test_pack_hostile import CASES, edit
from xuchang_sim import definitions
from xuchang_sim.forecast.drivers import NAMES, drivers
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.starter import new_pack
from xuchang_sim.simulation.targets import goal, goals
from xuchang_sim.study import assess, explain, matrix, simulate
from xuchang_sim.yamlfile import InputError

EXAMPLE = shipped()[-1]


def later(folder: Path, years: int) -> None:
    """Move every year of a pack: dates, periods of the history, deadlines, years in quotations."""
    for path in [*folder.rglob("*.yaml"), *folder.rglob("*.csv"), folder / "document.txt"]:
        text = path.read_text(encoding="utf-8")
        moved = re.sub(r"\b(200[4-9]|201[0-4])(?=\b|年)", lambda m: str(int(m[1]) + years), text)
        path.write_text(moved, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_pack(folder)
    problems = re.search(r"allowed: ([0-9a-f]{64})", str(caught.value))
    assert problems is not None
    file = folder / "pack.yaml"
    text = re.sub(r"sha256: \w+", f"sha256: {problems[1]}", file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")


def test_years_come_from_the_pack_alone(tmp_path: Path) -> None:
    """A plan of 2016 with everything moved by five years is the plan of 2011.

    The economy outside is the same to the last bit; the city's own chance is drawn by month and so
    differs, but not in its law.
    """
    folder = new_pack(tmp_path / "later")
    later(folder, 5)
    pack, example = load_pack(folder), load_pack(EXAMPLE)
    assert (pack.base_year, pack.plan_year, pack.information_date.year) == (2015, 2016, 2016)
    one = drivers(example, 8, 5, "2012-12")
    two = drivers(pack, 8, 5, "2017-12")
    assert (one.months[0], two.months[0]) == ("2007-01", "2012-01")
    assert one.known == two.known
    for name in NAMES:
        assert np.array_equal(one.path(name), two.path(name))
    old = simulate(replicates=120, pack=example, seed=5)
    new = simulate(replicates=120, pack=pack, seed=5)
    assert new.setup.months[0] == "2015-01"
    for name in ("revenue", "fai", "workers"):
        a, b = old.outcome(name), new.outcome(name)
        error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
        assert abs(a.mean() - b.mean()) < 4 * error, name
        first = new.outcome(name, 2015)
        np.testing.assert_allclose(first, getattr(pack.base, name).value, rtol=1e-9)


def test_other_targets_and_zones_run_through_everything() -> None:
    pack = load_pack(EXAMPLE)
    assert goals(pack) == ("revenue_growth", "fai")  # this plan asks for no growth of investment
    assert goal(pack, "profit_tax") is None
    found = assess(replicates=12, pack=pack).to_dict()
    assert found["joint"]["ids"] == ["revenue_growth", "fai"]
    assert {row["id"] for row in found["targets"]} == {t.id for t in pack.plan.targets()}
    crossed = matrix(replicates=4, pack=pack).to_dict()
    assert len(crossed["cells"]) == 27
    causes = explain(replicates=4, pack=pack)
    assert [a.outcome for a in causes.attributions[::2]] == ["revenue_growth", "fai"]


def test_a_plan_without_headline_goals_is_judged_by_what_it_has(tmp_path: Path) -> None:
    folder = new_pack(tmp_path / "small")
    path = folder / "plan.yaml"
    text = path.read_text(encoding="utf-8")
    kept = "      starts_1e8: "
    text = re.sub(
        r"    type: \[target\]\n(.*\n)*?    targets:\n(      \w+: .*\n)+",
        lambda m: (
            m[0]
            if kept in m[0]
            else m[0].split("    targets:")[0].replace("[target]", "[qualitative]")
        ),
        text,
    )
    path.write_text(text, encoding="utf-8")
    pack = load_pack(folder)
    assert goals(pack) == ("starts_1e8",)
    found = assess(replicates=6, pack=pack)
    assert found.to_dict()["joint"]["ids"] == ["starts_1e8"]
    assert found.results.why().output["shortfall"].shape[1] == len(pack.region.zones)


RESTATED = {
    "money": ("value: 400 亿元", "value: 4000000 万元"),
    "persons": ("value: 48000 人", "value: 4.8 万人"),
    "a share": ("value: 25 %", "value: 1/4 比例"),
    "threshold": ("threshold: 100 亿元", "threshold: 1000000 万元"),
}


@pytest.mark.parametrize("name", RESTATED)
def test_a_target_in_another_unit_is_the_same_target(name: str, tmp_path: Path) -> None:
    old, new = RESTATED[name]
    folder = new_pack(tmp_path / "units")
    before = load_pack(folder).sha256
    edit(folder, "plan.yaml", old, new)
    assert load_pack(folder).sha256 == before


def test_an_unknown_measure_is_refused(tmp_path: Path) -> None:
    folder = new_pack(tmp_path / "units")
    edit(folder, "plan.yaml", "starts_1e8: {", "startz_1e8: {")
    with pytest.raises(InputError, match=r"is not a measure; did you mean 'starts_1e8'"):
        load_pack(folder)


@pytest.mark.parametrize("total", ["revenue", "fai", "profit_tax", "workers"])
def test_a_total_in_a_wrong_unit_is_refused(total: str, tmp_path: Path) -> None:
    folder = new_pack(tmp_path / "totals")
    old = re.search(rf"  {total}: .*", (folder / "pack.yaml").read_text(encoding="utf-8"))
    assert old is not None
    new = old[0].replace("unit: 亿元", "unit: 万元").replace("unit: 人", "unit: 万人")
    edit(folder, "pack.yaml", old[0], new)
    with pytest.raises(
        InputError, match=r"base\.\w+\.value: \w+ over \w+ is .* \(is the unit right\?\)"
    ):
        load_pack(folder)


@pytest.mark.parametrize("series", ["ppi_yoy", "fai_ytd", "pmi_manufacturing"])
def test_a_series_the_outlook_needs_is_named(series: str, tmp_path: Path) -> None:
    folder = new_pack(tmp_path / "series")
    path = folder / "pack.yaml"
    known = definitions.drivers()[series]
    entry = (
        f"{{file: history/china_monthly.csv, series: {series}, entity: China, unit: '{known.unit}',"
        " frequency: month, release: {months: 1, day: 13}, label_zh: 名, label_en: name}"
    )
    text = path.read_text(encoding="utf-8")
    text = re.sub(rf"(?m)^  {series}: .*$", f"  my_{series}: {entry}", text)
    path.write_text(text.replace(f"estimate_from: {series}", f"estimate_from: my_{series}"))
    with pytest.raises(InputError, match=f"history has no series '{series}'"):
        simulate(replicates=1, pack=folder)


@pytest.mark.parametrize("name", list(CASES)[:15])
def test_fifteen_hostile_packs_from_the_command_line(name: str, tmp_path: Path) -> None:
    """Exit code 2, the place, what is allowed, no traceback."""
    file, old, new, place, _, message = CASES[name]
    folder = new_pack(tmp_path / "pack", shipped()[0])
    edit(folder, file, old, new)
    done = subprocess.run(
        [sys.executable, "-m", "xuchang_sim", "assess", "--json",
         "--pack", str(folder)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if place in line and message in line]
    assert lines, done.stderr
    assert re.search(rf"{file}:[1-9][0-9]*: ", lines[0])
    assert "allowed" in lines[0]


def test_new_then_run(tmp_path: Path) -> None:
    """What the how-to page promises, from the command line."""
    words = [sys.executable, "-m", "xuchang_sim"]
    for extra, pack in ((["--excel"], "book/pack.xlsx"), ([], "files")):
        name = pack.split("/")[0]
        made = subprocess.run(
            [*words, "new", name, *extra], cwd=tmp_path, check=False, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        checked = subprocess.run([*words, "validate", pack], cwd=tmp_path, check=False)
        assert checked.returncode == 0
        done = subprocess.run(
            [*words, "assess", "--pack", pack, "-n", "4", "--json"],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert json.loads(done.stdout)["manifest"]["pack"]["name"] == name
