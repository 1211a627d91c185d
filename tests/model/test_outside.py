"""Investment climate and credit conditions: one path for all scenarios, and what they move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.model.worlds import Trace, random_inputs
from xuchang_sim.model.world import MEASURES
from xuchang_sim.pack.conditions import Condition
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.draws import base_fai
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.study import simulate

PACK = load_pack()
PLAN = load_scenario("plan", PACK)
SETUP = prepare(PACK, 24, 5, parameters="sampled")
ROW = {name: row for row, name in enumerate(MEASURES)}


#: Without elasticity neither the nation's own course nor its deviations act, in the warm-up, too.
DEAF = {"climate_elasticity": 0.0, "credit_elasticity": 0.0}


def held(driver: str, growth: float) -> dict[str, Condition]:
    months = range(12 * 2012 + 3, SETUP.through + 1)
    return {driver: {f"{m // 12}-{m % 12 + 1:02d}": growth for m in months}}


@pytest.fixture(scope="module")
def worlds() -> dict[str, Results]:
    scenarios = {
        "off": replace(PLAN, drivers={"fai_yoy": "off", "m2_yoy": "off"}, parameters=DEAF),
        "deaf": replace(PLAN, parameters=DEAF),
        "boom": replace(PLAN, drivers=held("fai_yoy", 0.45)),
        "slump": replace(PLAN, drivers=held("fai_yoy", 0.0)),
        "loose": replace(PLAN, drivers=held("m2_yoy", 0.25)),
        "tight": replace(PLAN, drivers=held("m2_yoy", 0.05)),
    }
    found = run(SETUP, [Variant(s) for s in scenarios.values()])
    return dict(zip(scenarios, found, strict=True))


def summed(results: Results, name: str) -> npt.NDArray[np.float64]:
    assert results.city is not None
    return np.asarray(results.city[results.good][:, :, ROW[name]].sum(axis=1))


def test_switched_off_and_without_elasticity_are_the_same(worlds: dict[str, Results]) -> None:
    off, deaf = worlds["off"], worlds["deaf"]
    assert (off.good == deaf.good).all()
    for name, values in off.outcomes.items():
        assert np.array_equal(values, deaf.outcomes[name], equal_nan=True), name


def test_a_boom_brings_projects_and_easy_money_is_drawn(worlds: dict[str, Results]) -> None:
    for low, high, name in (("slump", "boom", "arrivals"), ("tight", "loose", "loans_drawn")):
        gain = summed(worlds[high], name) - summed(worlds[low], name)
        assert (gain >= -1e-9).mean() > 0.9, name
        assert gain.mean() > 0.02 * summed(worlds[low], name).mean(), name


def test_the_base_year_knows_no_climate(worlds: dict[str, Results]) -> None:
    for results in worlds.values():
        base = base_fai(PACK, results.parameters["fai_reading"])[results.good]
        assert np.allclose(results.outcomes["fai"][results.good, 0], base)


def test_more_than_the_envelope_holds_fills_it() -> None:
    record = random_inputs(3, PACK, check=False)
    record["climate_elasticity"] = 2.0
    trace = Trace(record)
    assert trace.open() == 0
    record["climate"][:, int(trace.city["t"] - record[0]["pipeline_start"]) :] = 50.0
    before = int(trace.city["projects"])
    for _ in range(3):
        assert trace.tick() == 0
    assert int(trace.city["projects"]) > before


def test_conditions_in_code() -> None:
    given = simulate("plan", replicates=4, drivers={"fai_yoy": "off"}, parameters="sampled")
    plain = simulate("plan", replicates=4, parameters="sampled")
    assert given.variant.scenario.drivers == {"fai_yoy": "off"}
    assert not np.array_equal(given.outcomes["fai"], plain.outcomes["fai"], equal_nan=True)
