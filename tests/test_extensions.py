"""Other distributions add packs and measures by entry points."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xuchang_sim import Study, extensions
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = """
from pathlib import Path
from xuchang_sim.definitions import Measure, Text
from xuchang_sim.extensions import Extension

FOLDER = Path(__file__).parent / "my_city"

def folder():
    return FOLDER

WAGES = Extension(
    Measure("wage_bill", "亿元", Text("工资总额", "wage bill")), lambda cut: cut.city("wages")
)
WRONG = object()
"""
POINTS = """
[xuchang_sim.packs]
my_city = other_dist:FOLDER
my_city_too = other_dist:folder

[xuchang_sim.measures]
wage_bill = other_dist:WAGES
wrong = other_dist:WRONG
"""


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A distribution that is installed for the length of a test."""
    (tmp_path / "other_dist.py").write_text(MODULE, encoding="utf-8")
    info = tmp_path / "other_dist-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-dist\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    source = shipped()[-1]
    shutil.copytree(source, tmp_path / "my_city")
    for name in ("pack.yaml",):
        path = tmp_path / "my_city" / name
        path.write_text(
            path.read_text(encoding="utf-8").replace(f"name: {source.name}", "name: my_city", 1),
            encoding="utf-8",
        )
    monkeypatch.syspath_prepend(tmp_path)
    extensions._offered.cache_clear()
    extensions.measure.cache_clear()
    yield tmp_path
    extensions._offered.cache_clear()
    extensions.measure.cache_clear()
    import sys

    sys.modules.pop("other_dist", None)


def test_a_pack_of_another_distribution_has_a_name(distribution: Path) -> None:
    for name in ("my_city", "my_city_too"):
        assert load_pack(name).folder == distribution / "my_city"
    with pytest.raises(InputError, match="did you mean 'my_city'"):
        load_pack("my_cty")


def test_a_measure_of_another_distribution_is_counted(distribution: Path) -> None:
    plan = distribution / "my_city" / "plan.yaml"
    text = plan.read_text(encoding="utf-8")
    old = "workers: {value: 48000 人, headline: true, label_zh: 从业人员, label_en: workers}"
    how = "how: 年末存量 · stock at the year's end\n    targets:\n      "
    assert how + old in text
    said = "how: 工资总额 20 亿元 · a wage bill of 20 亿元\n    targets:\n      "
    plan.write_text(text.replace(how + old, said + "wage_bill: {value: 20 亿元}"), encoding="utf-8")
    study = Study("my_city", replicates=3)
    results = study.simulate()
    target = next(t for t in study.pack.plan.targets() if t.measure == "wage_bill")
    assert target.unit == "亿元"
    zones = results.to_frame("zones")
    year = zones[zones["year"] == study.pack.plan_year]
    paid = year.groupby("replicate")["wages"].sum().to_numpy()
    assert results.outcome(target.id) == pytest.approx(paid)
    assert results.to_frame().attrs["units"][target.id] == "亿元"


def test_what_is_no_measure_is_refused(distribution: Path) -> None:  # noqa: ARG001
    with pytest.raises(TypeError, match="allowed: an Extension whose definition is 'wrong'"):
        extensions.measure("wrong")
    assert extensions.measure("nothing") is None
