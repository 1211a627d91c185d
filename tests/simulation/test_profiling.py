"""The profile runs the rules of the schedule, and its worlds are the engine's."""

from typing import Any

import numpy as np
import pytest

from xuchang_sim import load_pack, load_scenario, profile
from xuchang_sim.model.schedule import STEPS
from xuchang_sim.model.world import FIRMS, OPEN, PIPELINE
from xuchang_sim.simulation import profiling
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.worlds import Worlds

SEED, REPLICATES = 7, 3


def test_profile_has_every_step_and_the_bits_of_the_engine() -> None:
    pack = load_pack()
    base = 12 * pack.base_year
    seen: list[tuple[int, int, Any]] = []

    def watch(view: Any) -> None:
        zones = int(view.world["city"]["zones"])
        # Zone after zone, as the engine sums: numpy's own order has other last bits.
        total = np.cumsum(view.world["zone"]["measures"][:, :zones], axis=1)[:, -1]
        seen.append((view.phase, view.month, total))

    found = profile(replicates=REPLICATES, seed=SEED, through="2012-12", pack=pack, watch=watch)

    assert [row.step for row in found.steps if row.phase == "open"] == [
        rule.__name__ for rule in STEPS if rule.__name__ != "check"
    ]
    for row in found.steps:
        assert row.seconds >= 0
        assert row.agents > 0
    assert sum(row.share for row in found.steps) == pytest.approx(1.0)
    months = {row.calls for row in found.steps if row.phase == "open"}
    assert months == {12.0}
    assert found.seconds == pytest.approx(sum(found.by_step().values()))
    assert "construct" in str(found)

    # The months with open ledgers are those that the engine records, to the last bit.
    setup = prepare(pack, REPLICATES, SEED, "2012-12")
    scenario = load_scenario("plan", pack)
    city = run(setup, [Variant(scenario)])[0].city
    assert city is not None
    opened = [(month, total) for phase, month, total in seen if phase == OPEN]
    assert len(opened) == 12 * REPLICATES
    for k, (month, total) in enumerate(opened):
        assert total.tobytes() == city[k // 12, month - base].tobytes()

    # Before that, months and phases are those of a world that ticks.
    worlds = Worlds(setup, scenario)
    ticked = [view[:2] for number in range(REPLICATES) for view in worlds.months(number)]
    assert [row[:2] for row in seen] == ticked


def test_steps_of_the_warm_up_are_those_of_the_schedule() -> None:
    names = [rule.__name__ for rule in STEPS]
    known = {*names, *profiling.WATCH.values()}
    assert known > profiling.OVER_FIRMS | profiling.OVER_PROJECTS
    assert not profiling.OVER_FIRMS & profiling.OVER_PROJECTS
    assert set(profiling.WATCH) == {PIPELINE, FIRMS}
