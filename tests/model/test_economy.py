"""The Mesa model: the engine's bits, hooks, agents that follow the rows, nothing left behind."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xuchang_sim.model import schedule
from xuchang_sim.model.economy import STEP_NAMES, Economy
from xuchang_sim.model.world import FIRMS, MEASURES, OPEN, PIPELINE
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.study import economy
from xuchang_sim.units import month_label

PACK = load_pack()


@pytest.mark.parametrize("scenario", ["plan", "all_high"])
def test_the_same_replicate_gives_identical_bits(scenario: str) -> None:
    model = economy(scenario, replicate=3, seed=9, pack=PACK)
    zones = len(PACK.region.zones)
    rows = []
    for _ in range(24):
        model.step()
        # Zone after zone, as the engine sums: numpy's own order has other last bits.
        rows.append(np.cumsum(model.memory[0]["zone"]["measures"][:, :zones], axis=1)[:, -1])
    results = run(prepare(PACK, 4, 9), [Variant(load_scenario(scenario, PACK))])[0]
    assert results.city is not None
    assert np.array_equal(np.array(rows), results.city[3, 12:])


def test_agents_are_views_of_the_rows() -> None:
    model = economy("plan", seed=9, pack=PACK, check=True)
    assert len(model.zones) == 10
    firm = next(iter(model.firms))
    firm.K = 123.0
    assert model.memory[0]["firm"]["K"][firm.row] == 123.0
    living = int(model.memory[0]["firm"]["alive"].sum())
    assert len(model.firms) == living
    assert model.firms.agg("K", sum) == pytest.approx(model.memory[0]["firm"]["K"].sum())


def test_new_rows_appear_and_ended_ones_leave() -> None:
    model = economy("plan", seed=9, pack=PACK)
    before = {firm.row for firm in model.firms}
    for _ in range(12):
        model.step()
    assert len(model.projects) == int(model.city["live"])
    assert {firm.row for firm in model.firms} - before


def test_a_hook_is_a_shock_at_its_place() -> None:
    seen: list[str] = []

    def drought(model: Any) -> None:
        seen.append("orders")
        for firm in model.firms:
            firm.b *= 0.5

    hooks = {"orders": [drought], "report": [lambda _: seen.append("report")]}
    shocked = economy("plan", seed=9, pack=PACK, hooks=hooks)
    quiet = economy("plan", seed=9, pack=PACK)
    shocked.step()
    quiet.step()
    assert seen == ["orders", "report"]
    row = list(MEASURES).index("revenue")
    assert (
        shocked.memory[0]["zone"]["measures"][row].sum()
        < 0.75 * quiet.memory[0]["zone"]["measures"][row].sum()
    )


def test_an_unknown_step_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no such step: order; allowed: calendar"):
        economy("plan", pack=PACK, hooks={"order": []})


@pytest.mark.parametrize(
    ("phase", "names"),
    [
        (PIPELINE, ("calendar", "arrivals", "approve", "close", "construct", "compact")),
        (FIRMS, ("calendar", "orders", "commission", "employ", "produce")),
        (OPEN, STEP_NAMES[:-1]),
    ],
)
def test_a_month_performs_the_steps_of_its_phase(
    phase: int, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    steps = tuple(lambda _w, _p, name=name: called.append(name) for name in STEP_NAMES)
    monkeypatch.setattr(schedule, "STEPS", steps)
    world: Any = SimpleNamespace(city=SimpleNamespace(phase=phase))
    schedule.month(world, world)
    assert called == list(names)


def test_a_broken_identity_stops_the_model_with_its_name() -> None:
    model = economy("plan", seed=9, pack=PACK, check=True)
    model.city["loans"] = 1e6
    with pytest.raises(RuntimeError, match="check 8 failed in 2012-01"):
        model.step()


def test_a_model_ends_with_the_last_month_that_has_demand() -> None:
    model = economy("plan", seed=9, pack=PACK, through="2012-12")
    model.run_model()
    assert month_label(model.month) == "2012-12"
    assert not model.running
    with pytest.raises(RuntimeError, match="the run ends with 2012-12; for more months"):
        model.step()
    assert month_label(model.month) == "2012-12"


def test_models_do_not_stay_in_memory() -> None:
    held = []
    for _ in range(3):
        model = economy("plan", pack=PACK)
        model.step()
        held.append(weakref.ref(model))
        del model
    gc.collect()
    assert [ref() for ref in held] == [None, None, None]
    assert issubclass(Economy, object)
