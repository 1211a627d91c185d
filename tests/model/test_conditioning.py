"""The base year: exact in every replicate, without touching a single project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xuchang_sim.model import chunk, engine
from xuchang_sim.model.memory import blank
from xuchang_sim.model.world import MEASURES, OPEN, PIPELINE, SUMMARY, World
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.draws import base_fai
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.run import Batch, run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.study import economy

PACK = load_pack()
PLAN = load_scenario("plan", PACK)


@pytest.fixture(scope="module", params=["sampled", "central"])
def results(request: pytest.FixtureRequest) -> Results:
    return run(prepare(PACK, 60, 3, None, request.param), [Variant(PLAN)])[0]


@pytest.mark.parametrize(
    ("measure", "base"),
    [("reported", "revenue"), ("revenue", "revenue"), ("fai", "fai"), ("profit_tax", "profit_tax")],
)
def test_totals_of_the_base_year_are_exact(results: Results, measure: str, base: str) -> None:
    assert results.city is not None
    total = results.city[:, :12, list(MEASURES).index(measure)].sum(axis=1)
    wanted = getattr(PACK.base, base).value
    if base == "fai":  # of two readings, the replicate's
        wanted = base_fai(PACK, results.parameters["fai_reading"])
    assert np.allclose(total, wanted, rtol=1e-12, atol=0)


def test_workers_of_december_are_exact(results: Results) -> None:
    assert results.city is not None
    workers = results.city[:, 11, list(MEASURES).index("workers")]
    assert np.allclose(workers, PACK.base.workers.value, rtol=1e-12, atol=0)


def test_scalars_stand_in_the_summary_and_are_plausible(results: Results) -> None:
    rows = dict(zip(SUMMARY, results.summary.T, strict=True))
    share = results.parameters["large_share_fai"]
    tolerance = results.parameters["acceptance_tolerance"]
    assert (np.abs(rows["large_share"] - share) <= tolerance + 1e-12).all()
    assert (rows["attempts"] >= 1).all()
    assert 1.0 <= rows["attempts"].mean() <= 4.0
    total = base_fai(PACK, results.parameters["fai_reading"])
    assert np.allclose(rows["lump_base"], total * (1 - rows["large_share"]))
    assert (rows["firm_scale"] > 0).all()
    assert 0.8 < rows["firm_scale"].mean() < 1.2
    assert ((rows["intermediate"] > 0.70) & (rows["intermediate"] < 0.85)).all()


def test_no_project_is_touched_by_conditioning() -> None:
    model = economy("plan", replicate=5, pack=PACK)
    count = int(model.city["projects"])
    project = model.memory[0]["project"]
    raw, budget = project["raw"][:count], project["budget"][:count]
    realised = float(model.inputs["invest_realised"][0])
    assert np.array_equal(budget, realised * raw)
    small = raw[project["large"][:count] == 0]
    big = raw[project["large"][:count] == 1]
    assert small.min() >= 1.0
    assert small.max() <= 20.0
    assert big.min() >= 20.0
    assert big.max() <= 60.0


def _ungated(setup: Setup, worlds: int) -> Any:
    """Base-year investment and starts of unconditioned pipelines, one per replicate."""
    group = Batch(setup, [Variant(PLAN)], {}, full=False)
    records = group.inputs(0, worlds)[0]
    # Everything is accepted: what is measured is the pipeline, not the conditioning.
    records["acceptance_tolerance"], records["acceptance_max"] = 9.0, 9.0
    memory = blank(World, group.sizes)
    fai, starts = [], []
    row = list(MEASURES).index("starts")
    for r in range(worlds):
        seen = memory, records[r : r + 1].copy()
        chunk.begin_world(*seen)
        while memory[0]["city"]["phase"] == PIPELINE:
            chunk.tick(*seen)
        fai.append(float(memory[0]["city"]["accepted_fai"]))
        starts.append(memory[0]["past"]["measures"][:, row].sum())
    return np.array(fai), np.array(starts), group


def test_the_solved_scale_gives_the_expected_investment() -> None:
    """One expectation replaces a pilot: 200 ungated worlds agree with it."""
    setup = prepare(PACK, 200, 11, None, "central")
    fai, starts, group = _ungated(setup, 200)
    expected = engine.expectations(group.inputs(0, 1)[0], group.sizes)[0]
    assert expected[1] == pytest.approx(0.85 * PACK.base.fai.value)
    for values, wanted in ((fai, expected[1]), (starts, expected[4])):
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - wanted) < 3 * error + 0.01 * wanted


def test_the_ledgers_open_when_the_pack_says() -> None:
    model = economy("plan", pack=PACK)
    assert model.month == 12 * PACK.plan_year - 1
    assert model.city["phase"] == OPEN


def test_a_plan_begun_earlier_opens_earlier_and_keeps_the_scalars() -> None:
    usual = prepare(PACK, 6, 3)
    early = prepare(PACK, 6, 3, earlier=12, branch=usual.policy_month - 13)
    one = run(usual, [Variant(PLAN)])[0]
    two = run(early, [Variant(PLAN)])[0]
    scalars = [SUMMARY.index(n) for n in ("scale", "attempts", "firm_scale", "labour_scale")]
    assert np.array_equal(one.summary[:, scalars], two.summary[:, scalars])
    assert one.city is not None
    assert two.city is not None
    starts = list(MEASURES).index("starts")
    assert np.array_equal(one.city[:, :4, starts], two.city[:, :4, starts])
    assert (two.outcome("fai", 2011) != one.outcome("fai", 2011)).all()
