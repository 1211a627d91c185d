"""Scenarios made in Python: what enters the engine is inside its bounds, whoever made it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults import damage
from xuchang_sim import simulate
from xuchang_sim.model.library import COMPILED
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import ResolvedScenario, check, load_scenario
from xuchang_sim.simulation import run
from xuchang_sim.yamlfile import InputError

PACK = load_pack()
PLAN = load_scenario("plan", PACK)
#: A scenario made in Python has no unit and no date; it has types, and numbers that are none.
KINDS = ("digit", "sign", "exponent", "id", "drop", "double", "nan", "type", "shift")


def mutated(kind: str, rng: random.Random) -> ResolvedScenario:
    """Return the plan with one thing changed: a value, a name, a type."""
    levels: dict[Any, Any] = dict(PLAN.levels)
    name = rng.choice(list(levels))
    value = float(levels[name])
    if kind == "digit":
        levels[name] = float(
            "".join(rng.choice("0123456789") if c.isdigit() else c for c in f"{value:f}")
        )
    elif kind == "sign":
        levels[name] = -value
    elif kind == "exponent":
        levels[name] = value * 10.0 ** rng.choice([-300, -3, -1, 1, 3, 300])
    elif kind == "id":
        levels = {damage.changed("id", rng, k) if k == name else k: v for k, v in levels.items()}
    elif kind == "nan":
        levels[name] = rng.choice([math.nan, math.inf, -math.inf, -0.0])
    elif kind == "drop":
        del levels[name]
    elif kind == "double":
        levels[f"{name}_"] = value
    elif kind == "type":
        levels[name] = rng.choice([None, "1", True, [1.0], {}])
    else:
        return replace(PLAN, demand_shift=rng.choice([math.nan, math.inf, -4.1, 4.1, 1e308]))
    return replace(PLAN, levels=levels)


def allowed(scenario: ResolvedScenario) -> bool:
    """Whether a scenario is inside every bound: written apart from the check."""
    if list(scenario.levels) != list(PACK.levers) or not abs(scenario.demand_shift) <= 4.0:
        return False
    for name, lever in PACK.levers.items():
        value = scenario.levels[name]
        if type(value) not in {int, float} or not lever.range[0] <= value <= lever.range[1]:
            return False
        if lever.kind in {"count", "switch"} and value != int(value):
            return False
        if lever.kind == "switch" and value not in {0, 1}:
            return False
        if lever.not_below and value < scenario.levels[lever.not_below]:
            return False
    return True


def complaint(scenario: ResolvedScenario) -> str:
    """Return what the check says; nothing if it passes."""
    try:
        check(scenario, PACK)
    except InputError as error:
        return str(error)
    return ""


def test_a_changed_scenario_is_inside_its_bounds_or_refused(
    record_property: Callable[[str, object], None],
) -> None:
    file = "tests/faults/test_faults_scenarios.py -k changed_scenario"
    tally = damage.Tally("scenarios", file, record_property)
    for n in tally.numbers(600):
        kind = damage.kind_of(n, KINDS)
        scenario = mutated(kind, damage.source(n))
        with tally.trying(n, kind, scenario.levels):
            said = complaint(scenario)
            assert bool(said) != allowed(scenario), said
            assert not said or "allowed" in said or "is not a lever" in said
            tally.refused[kind] += bool(said)
    tally.close()


def test_the_engine_takes_no_scenario_that_breaks_it() -> None:
    """Land released by September at nought, below June's: 40 of 40 runs broke identities."""
    scenario = replace(PLAN, levels={**PLAN.levels, "release_by_september": 0.0})
    with pytest.raises(InputError, match="release_by_september is 0, below release_by_june"):
        simulate(scenario, replicates=2, pack=PACK)
    with pytest.raises(InputError, match=r"quota_per_zone: -1 is out of range"):
        simulate(
            replace(PLAN, levels={**PLAN.levels, "quota_per_zone": -1.0}), replicates=2, pack=PACK
        )
    with pytest.raises(InputError, match="no parameter of the model"):
        simulate(replace(PLAN, parameters={"nonsense": 1.0}), replicates=2, pack=PACK)


@pytest.mark.skipif(not COMPILED, reason="thirty replicates of plain Python take minutes")
def test_a_sample_of_every_run_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gets past the levers' check and breaks identities fails the first eight replicates."""
    monkeypatch.setattr(run, "check_scenario", lambda *_: None)
    broken = replace(PLAN, levels={**PLAN.levels, "quota_per_zone": math.nan})
    results = simulate(broken, replicates=20, pack=PACK)
    assert (~results.good).tolist() == [True] * run.CHECKED + [False] * 12
    whole = simulate(broken, replicates=20, pack=PACK, check=True)
    assert not whole.good.any()
    sound = simulate(PLAN, replicates=20, pack=PACK)
    assert sound.good.all()


def test_what_rounding_leaves_is_no_fault() -> None:
    lever = PACK.levers["quota_per_zone"]
    above = lever.maximum * (1.0 + 2.0**-52)
    check(replace(PLAN, levels={**PLAN.levels, "quota_per_zone": above}), PACK)
