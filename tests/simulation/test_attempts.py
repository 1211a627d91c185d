"""What is remembered of warm-ups: the same bits, by just what acts before the opening."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from xuchang_sim.answers.assess import absent
from xuchang_sim.model.library import COMPILED
from xuchang_sim.model.world import SUMMARY, Inputs, columns
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation import attempts, run as simulation
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.attempts import LATER, MOST, PATHS, Attempts, keys
from xuchang_sim.simulation.run import Batch, run
from xuchang_sim.simulation.setup import Setup, Variant

if TYPE_CHECKING:
    from pathlib import Path

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.attempts import Records
    from xuchang_sim.simulation.results import Results

PACK = load_pack()
PLAN = load_scenario("plan", PACK)
TRIES = SUMMARY.index("attempts")
compiled = pytest.mark.skipif(not COMPILED, reason="only compiled runs remember")


def given(scenario: ResolvedScenario = PLAN, setup: Setup | None = None) -> Records:
    group = Batch(setup or prepare(PACK, 6, 3), [Variant(scenario)], {}, full=False)
    found: Records = group.inputs(0, 6)[0]
    return found


def bits(found: Results) -> list[bytes]:
    parts = (*found.outcomes.values(), *found.first.values(), found.summary, found.failed)
    return [part.tobytes() for part in parts]


@compiled
def test_what_is_remembered_changes_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Attempts(tmp_path / "attempts.kept")
    monkeypatch.setattr(simulation, "WORTH", 1)
    monkeypatch.setattr(simulation, "remembered", lambda: memory)
    plain = run(prepare(PACK, 40, 3), [Variant(PLAN)], full=False, remember=False)[0]
    assert plain.summary[:, TRIES].max() > 2
    assert not list(tmp_path.iterdir())
    first = run(prepare(PACK, 40, 3), [Variant(PLAN)], full=False)[0]
    second = run(prepare(PACK, 40, 3), [Variant(PLAN)], full=False, chunk=3)[0]
    assert bits(first) == bits(second) == bits(plain)
    known = memory.look_up(keys(given()))
    assert np.array_equal(known, plain.summary[:6, TRIES] - 1)
    # A later process reads what was written, and begins with it.
    again = Attempts(tmp_path / "attempts.kept")
    assert np.array_equal(again.look_up(keys(given())), known)
    monkeypatch.setattr(simulation, "remembered", lambda: again)
    third = run(prepare(PACK, 40, 3), [Variant(PLAN)], full=False)[0]
    assert bits(third) == bits(plain)


@compiled
def test_the_run_begins_with_what_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Attempts(tmp_path / "attempts.kept")
    memory.learn(dict.fromkeys(keys(given()), 150))
    monkeypatch.setattr(simulation, "WORTH", 1)
    monkeypatch.setattr(simulation, "remembered", lambda: memory)
    found = run(prepare(PACK, 6, 3), [Variant(PLAN)], full=False)[0]
    assert (found.summary[:, TRIES] > 150).all()
    # What then fitted is what is known from now on.
    assert np.array_equal(memory.look_up(keys(given())), found.summary[:, TRIES] - 1)


def test_levers_demand_and_horizon_keep_the_key() -> None:
    usual = keys(given())
    assert len(set(usual)) == 6
    shifted = replace(PLAN, demand_shift=1.5)
    longer = prepare(PACK, 6, 3, "2014-06")
    for other in (given(absent(PLAN, PACK)), given(shifted), given(PLAN, longer)):
        assert keys(other) == usual


def test_keys_do_not_depend_on_the_company() -> None:
    together = given()
    alone = [keys(together[k : k + 1])[0] for k in range(6)]
    assert alone == keys(together)


@pytest.mark.parametrize("name", sorted(columns(Inputs)))
def test_whatever_acts_before_the_opening_changes_the_key(name: str) -> None:
    records = given()[:1]
    usual = keys(records)
    changed = records.copy()
    if name in PATHS:
        known = int(records["opening"][0] - records[PATHS[name]][0])
        changed[name][:, known:] += 1
        assert keys(changed) == usual
        changed[name][:, known - 1] += 1
    elif name == "opening":
        changed[name] -= 1
    elif name == "shut":
        changed[name] = records["opening"]
        assert keys(changed) == usual
        changed[name] -= 1
    else:
        changed[name] += 1
    assert (keys(changed) == usual) == (name in LATER)


def test_absent_levels_act_and_planned_ones_do_not() -> None:
    records = given()[:1]
    usual = keys(records)
    records["level"]["values"] += 1.0
    assert keys(records) == usual
    records["absent"]["values"][:, 3] += 1.0
    assert keys(records) != usual


@compiled
def test_what_comes_later_decides_no_attempt() -> None:
    scenarios = [PLAN, absent(PLAN, PACK), replace(PLAN, demand_shift=2.0)]
    tries = [
        run(prepare(PACK, 30, 9, through), [Variant(scenario)], full=False)[0].summary[:, TRIES]
        for scenario, through in zip(scenarios, ("2013-12", "2012-12", "2014-12"), strict=True)
    ]
    assert np.array_equal(tries[0], tries[1])
    assert np.array_equal(tries[0], tries[2])


def test_the_latest_are_kept_and_two_who_save_keep_both(tmp_path: Path) -> None:
    path = tmp_path / "attempts.kept"
    one, two = Attempts(path), Attempts(path)
    one.learn({1: 4, -2: 0})
    two.learn({3: 7})
    one.save()
    two.save()
    assert Attempts(path).look_up([1, -2, 3, 4]).tolist() == [4, 0, 7, 0]
    assert path.stat().st_size < 1000
    stamp = path.stat().st_mtime_ns
    two.learn({3: 7})
    two.save()
    assert path.stat().st_mtime_ns == stamp
    one.learn(dict.fromkeys(range(100, 100 + MOST), 1))
    one.save()
    late = Attempts(path)
    assert late.look_up([1, 100, 99 + MOST]).tolist() == [0, 1, 1]


def test_a_damaged_or_missing_file_is_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "attempts.kept"
    memory = Attempts(path)
    memory.learn({5: 2})
    memory.save()
    sound = path.read_bytes()
    for damaged in (b"", sound[:-1], sound[:-3] + b"\1" + sound[-2:], b"\xff" * 40):
        path.write_bytes(damaged)
        assert Attempts(path).look_up([5]).tolist() == [0]
    for nowhere in (None, path / "below a file" / "attempts.kept"):
        memory = Attempts(nowhere)
        memory.learn({5: 2})
        memory.save()
        assert memory.look_up([5]).tolist() == [2]
    assert [p.name for p in tmp_path.iterdir()] == ["attempts.kept"]


@compiled
def test_a_process_reads_its_memory_once() -> None:
    assert attempts.remembered() is attempts.remembered()
