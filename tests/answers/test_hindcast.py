"""Forecasts of past plans: the same bytes, whatever else stands in the file."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from xuchang_sim.answers.hindcast import COLUMNS, Hindcast, hindcast
from xuchang_sim.answers.predictive import LEVELS, mixture_cdf, mixture_quantiles

HEAD = "case,place,year,information_date,quantity,kind,value,unit,published,source,note\n"
DAY = "2012-04-20"


def rows(case: str, revenue: float, unit: str = "1e8 CNY", factor: float = 1.0) -> str:
    figures = [
        ("revenue", "base", revenue, "2011, +21 %"),
        ("fai", "base", 0.3 * revenue, "+30 %"),
        ("output", "base", 1.02 * revenue, ""),
        ("gdp", "base", 0.5 * revenue, ""),
        ("revenue", "target", 1.25 * revenue, ""),
        ("fai", "target", 0.39 * revenue, ""),
    ]
    return "".join(
        f'{case},Place {case},2012,{DAY},{name},{kind},{value / factor:.10g},{unit},2012-01-10,,"{note}"\n'
        for name, kind, value, note in figures
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Hindcast:
    path = tmp_path_factory.mktemp("cases") / "cases.csv"
    bad = f"bad,Bad,2012,{DAY},revenue,base,much,1e8 CNY,2012-01-10,,\n"
    path.write_text(HEAD + rows("a", 400.0) + bad + rows("b", 90.0), encoding="utf-8")
    return hindcast(path, replicates=40)


def test_a_bad_case_stops_no_other(found: Hindcast) -> None:
    assert found.cases == ("a", "b")
    assert [r.case for r in found.refused] == ["bad"]
    assert not found.failed


def test_the_table_has_its_columns_and_rising_quantiles(found: Hindcast, tmp_path: Path) -> None:
    found.write(tmp_path / "f.csv")
    raw = (tmp_path / "f.csv").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == found.sha256
    assert (tmp_path / "f.csv.sha256").read_text() == f"{found.sha256}  f.csv\n"
    header, *lines = csv.reader(raw.decode().splitlines())
    assert tuple(header) == COLUMNS
    assert len([name for name in header if name.startswith("q") and name != "quantity"]) == 19
    for line in lines:
        numbers = [float(x) for x in line[3:22]]
        assert numbers == sorted(numbers)
        assert line[22] == "" or 0.0 <= float(line[22]) <= 1.0


def test_what_the_model_does_not_measure_is_said(found: Hindcast) -> None:
    assert {f.quantity for f in found.forecasts if f.case == "a"} == {
        "revenue", "revenue_growth", "output", "output_growth", "fai", "fai_growth",
    }  # fmt: skip
    assert [reason.split(":")[0] for reason in found.left_out["a"]] == ["gdp"]


def test_the_same_bytes_again_and_alone(found: Hindcast, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text(HEAD + rows("b", 90.0), encoding="utf-8")
    again = hindcast(path, replicates=40).to_csv().splitlines()
    assert again[1:] == [line for line in found.to_csv().splitlines() if line.startswith("b,")]


def test_another_unit_of_the_same_figures_changes_nothing(found: Hindcast, tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text(HEAD + rows("a", 400.0, "1e4 CNY", 1e-4), encoding="utf-8")
    again = hindcast(path, replicates=40)
    for one, two in zip(found.forecasts, again.forecasts, strict=False):
        assert_allclose(one.quantiles, two.quantiles, rtol=1e-12)


def test_outcomes_and_the_target_move_no_quantile(found: Hindcast, tmp_path: Path) -> None:
    path = tmp_path / "outcome.csv"
    outcome = f"a,Place a,2012,{DAY},revenue,outcome,9999,1e8 CNY,2013-01-10,,\n"
    text = HEAD + rows("a", 400.0).replace("target,500", "target,450") + outcome
    path.write_text(text, encoding="utf-8")
    again = {f.quantity: f for f in hindcast(path, replicates=40).forecasts}
    for f in found.forecasts[:6]:
        assert f.quantiles == again[f.quantity].quantiles
    easier, before = again["revenue"].p_target, found.forecasts[0].p_target
    assert easier is not None
    assert before is not None
    assert easier > before


def test_mixture_quantiles_of_one_normal_are_the_normal_ones() -> None:
    from scipy.special import ndtri

    one = np.ones(1)
    assert_allclose(mixture_quantiles(3 * one, 2 * one, one), 3 + 2 * ndtri(LEVELS), rtol=1e-9)
    centres, sds, weights = np.array([0.0, 5.0]), np.array([1.0, 0.5]), np.array([0.3, 0.7])
    quantiles = mixture_quantiles(centres, sds, weights)
    assert_allclose(mixture_cdf(centres, sds, weights, quantiles), LEVELS, atol=1e-9)


def test_a_folder_of_packs_runs_as_it_is(tmp_path: Path) -> None:
    from xuchang_sim.pack.starter import new_pack

    new_pack(tmp_path / "packs" / "mine")
    found = hindcast(tmp_path / "packs", replicates=8)
    assert len(found.cases) == 1
    assert {f.quantity for f in found.forecasts} >= {"revenue", "revenue_growth", "fai", "workers"}
    assert any(f.p_target is not None for f in found.forecasts)


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xuchang_sim", "hindcast", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_one_object_and_seals_where_it_is_told(tmp_path: Path) -> None:
    path, seal = tmp_path / "cases.csv", tmp_path / "seal.json"
    outcome = f"a,Place a,2012,{DAY},revenue,outcome,480,1e8 CNY,2013-01-10,,over\n"
    late = f"late,Late,2012,{DAY},revenue,base,5,1e8 CNY,2012-04-21,,\n"
    path.write_text(HEAD + rows("a", 400.0) + outcome + late, encoding="utf-8")
    words = (str(path), "--score", str(path), "--seal", str(seal), "-n", "8", "--json")
    one, two = call(*words), call(*words)
    assert one.returncode == 0, one.stderr
    assert one.stdout == two.stdout
    data = json.loads(one.stdout)
    assert data["scores"]["rows"][0]["bound"] == "at_least"
    assert data["seal"]["whole_packs"] == 1
    assert data["refused"][0]["reason"].startswith(f"{path}:9: late: ")
    assert json.loads(seal.read_text(encoding="utf-8"))["rules"] == data["seal"]["rules"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give one of"),
        (("nowhere.csv",), "nowhere.csv"),
        (("--eras", "--out", "f.csv"), "needs cases"),
        (("x.csv", "--seal", "s.json"), "needs --score"),
    ],
)
def test_wrong_words_leave_with_2(words: tuple[str, ...], message: str) -> None:
    done = call(*words)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
