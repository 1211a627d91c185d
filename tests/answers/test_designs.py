"""Designs: what a file or table says is what is run; every fault has its place."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from xuchang_sim.answers.designs import bounds, load_design, shipped
from xuchang_sim.pack.load import Pack
from xuchang_sim.study import make_design
from xuchang_sim.yamlfile import InputError

HEAD = """kind: sweep
name: own
title_zh: 自拟
title_en: own
replicates: 3
parameters: sampled
"""


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    path = folder / name
    path.write_text(HEAD + text if name == "own.yaml" else text, encoding="utf-8")
    return path


def test_shipped_sweeps_are_as_large_as_promised(pack: Pack) -> None:
    quick, sobol = load_design("quick", pack), load_design("sobol", pack)
    assert (len(quick.points), quick.replicates) == (64, 20)
    assert (len(sobol.points), sobol.replicates) == (512, 100)
    assert sorted(path.stem for path in shipped().glob("*.yaml")) == ["quick", "sobol"]


def test_factorial_is_the_product(pack: Pack, tmp_path: Path) -> None:
    text = "method: factorial\nfactors:\n  land: [low, plan]\n  demand_shift: {low: -1, high: 1, steps: 3}\n"
    found = load_design(write(tmp_path, text), pack)
    assert found.points == tuple(itertools.product(("low", "plan"), (-1.0, 0.0, 1.0)))


def test_one_at_a_time_begins_with_the_scenario_itself(pack: Pack, tmp_path: Path) -> None:
    text = "method: one_at_a_time\nfactors:\n  land: [0, 2]\n  demand_shift: [-1, 1]\n"
    found = load_design(write(tmp_path, text), pack)
    assert found.points[0] == (None, None)
    assert all(sum(v is not None for v in point) == 1 for point in found.points[1:])
    assert len(found.points) == 5
    assert found.changes(1) == {"land": 0.0}


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube"])
def test_sampled_designs_fill_their_ranges_evenly(pack: Pack, tmp_path: Path, method: str) -> None:
    text = f"method: {method}\npoints: 64\nfactors:\n  land: range\n  quota_per_zone: range\n  starts_growth: prior\n"
    found = load_design(write(tmp_path, text), pack)
    again = load_design(write(tmp_path, text), pack)
    assert found.points == again.points
    assert found.sha256 == again.sha256
    values = np.array(found.points, dtype=float)
    prior = pack.parameters["starts_growth"].prior
    for k, name in enumerate(found.columns[:2]):
        low, high = bounds(name, pack)
        assert sorted(np.floor((values[:, k] - low) / (high - low) * 64)) == list(range(64))
    grid = prior.quantile(np.arange(65) / 64)
    assert (np.histogram(values[:, 2], grid)[0] == 1).all()
    unit = (values[:, :2] - [bounds(n, pack)[0] for n in found.columns[:2]]) / np.ptp(
        np.array([bounds(n, pack) for n in found.columns[:2]]), axis=1
    )
    assert qmc.discrepancy(unit) < 0.02


def test_whole_levers_stay_whole(pack: Pack, tmp_path: Path) -> None:
    text = "method: sobol\npoints: 64\nfactors:\n  sewage_plants: range\n  heating: range\n"
    values = np.array(load_design(write(tmp_path, text), pack).points)
    assert sorted(set(values[:, 0])) == [0.0, 1.0, 2.0, 3.0]
    assert sorted(set(values[:, 1])) == [0.0, 1.0]


def test_tables_say_the_same_in_csv_excel_and_as_a_frame(pack: Pack, tmp_path: Path) -> None:
    frame = pd.DataFrame({"quota_per_zone": [200.0, np.nan], "finance": ["high", "low"]})
    frame.to_csv(tmp_path / "points.csv", index=False)
    frame.to_excel(tmp_path / "points.xlsx", index=False)
    settings = {"replicates": 3, "pack": pack}
    expected = make_design(frame, **settings).points
    assert expected == ((200.0, "high"), (None, "low"))
    for name in ("points.csv", "points.xlsx"):
        assert load_design(tmp_path / name, pack).points == expected
        path = write(tmp_path, f"method: table\ntable: {name}\n")
        assert load_design(path, pack).points == expected


def test_addresses_count_draws_points_scenarios_replicates(pack: Pack) -> None:
    found = make_design(
        {"land": [0.0, 1.0, 2.0]},
        scenarios=("plan", "no_plan"),
        replicates=4,
        draws=2,
        pack=pack,
    )
    expected = [
        (point, scenario, draw, replicate)
        for draw in range(2)
        for point in range(3)
        for scenario in range(2)
        for replicate in range(4)
    ]
    assert [tuple(found.address(row)) for row in range(found.rows)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("method: sobol\npoints: 60\nfactors: {land: range}\n", "no power of two"),
        ("method: sobol\nfactors: {land: range}\n", "points"),
        ("method: factorial\nfactors: {land: range}\n", "needs its values"),
        ("method: factorial\nfactors: {land: {low: 0, high: 1}}\n", "needs steps"),
        ("method: factorial\nfactors: {lnad: [1]}\n", "did you mean 'land'"),
        ("method: factorial\nfactors: {quota_per_zone: [5000]}\n", "allowed: 0 to 1000"),
        ("method: factorial\nfactors: {land: [plna]}\n", "did you mean 'plan'"),
        ("method: factorial\nfactors: {land: prior}\n", "no prior"),
        ("method: factorial\nfactors: {land: [1, low]}\n", "mixes"),
        ("method: factorial\nfactors: {starts_growth: [9]}\n", "out of range"),
        ("method: factorial\nfactors: {land: [1]}\nmeasures: [revenu]\n", "did you mean 'revenue'"),
        ("method: factorial\nfactors: {land: [1]}\nscenarios: [plam]\n", "did you mean"),
        ("method: factorial\nfactors: {release_by_june: [0.9]}\n", "release_by_september"),
        ("method: table\n", "table"),
        ("method: factorial\nfactors: {land: [1]}\nthrough: 2031-01\n", "through"),
    ],
)
def test_faults_say_where_and_what_is_allowed(
    pack: Pack, tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_design(write(tmp_path, text), pack)
    assert expected in str(caught.value)


def test_a_broken_table_is_named(pack: Pack, tmp_path: Path) -> None:
    for name, content in (("a.xlsx", b"no workbook"), ("b.csv", b"\xff\xfe\x00")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError) as caught:
            load_design(tmp_path / name, pack)
        assert name in str(caught.value)


def test_draws_of_central_values_are_refused(pack: Pack) -> None:
    with pytest.raises(InputError, match="all the same"):
        make_design({"land": [1.0]}, parameters="central", draws=3, pack=pack)
