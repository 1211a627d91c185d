"""The engine against the oracle, month by month: every state of small random worlds and of the pack."""

import math
import random
import zlib

import numpy as np
import pytest

from tests.model.worlds import Given, Records, random_inputs
from tests.oracle import oracle
from tests.oracle.compare import Pair, compare, said, unlike
from tests.oracle.philox import WORD, philox
from tests.oracle.quiet import closing
from tests.oracle.state import MEASURES
from xuchang_sim.model import engine
from xuchang_sim.model.memory import blank
from xuchang_sim.model.world import Inputs, Sizes, columns
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.draws import draw_parameters
from xuchang_sim.simulation.run import Batch
from xuchang_sim.simulation.setup import Variant

PACK = load_pack()
BLOCKS, BLOCK = 6, 40


def world(seed: int) -> Records:
    """A random small world; each of many rare things is common in a part of them."""
    record = random_inputs(seed, PACK)
    p, rng = record[0], random.Random(seed)
    level = p["level"]
    begins = rng.random()
    if begins < 0.25:  # a year earlier
        p["opening"] = p["policy_month"] = p["policy_month"] - 12
        p["plan_year"] -= 1
    elif begins < 0.35:  # a year after the ledgers open
        p["policy_month"] += 12
    if rng.random() < 0.15:
        p["shut"] = p["policy_month"] + rng.randint(0, 12)
    for gate in ("land", "credit", "labour", "approval"):
        p[f"free_{gate}"] = rng.random() < 0.1
    gates = random.Random(f"{seed} errorless")  # apart, so that all else stays the same world
    p["errorless"] = gates.random() < 0.2
    if rng.random() < 0.4:  # people are short
        p["matching_level"] *= 0.2
        p["reachable_pool"] *= 0.02
    if rng.random() < 0.4:  # a crisis in which firms close
        p["value_added"][36 : int(p["demand_months"])] -= rng.uniform(0.3, 0.7)
    if rng.random() < 0.3:  # most pipelines are rejected
        p["acceptance_tolerance"] = 0.15
    if rng.random() < 0.3:  # one common scale of shocks
        p["size_variance_exponent"] = 0.0
    if rng.random() < 0.5:  # spending begins late or early, and never falls
        p["scurve_c"] = 0.9 * rng.uniform(-1.0, 1.0) * (1.0 - 3.0 / p["scurve_k"])
    if rng.random() < 0.3:  # programmes go well or badly
        p["execution_sd"] = 0.6
    gaps = random.Random(f"{seed} gaps")  # apart, so that all else stays the same world
    if gaps.random() < 0.5:  # banks have little, and nobody waits long for it
        p["gap_wait"], p["gap_drop"] = gaps.randint(1, 3), gaps.randint(3, 8)
        p["absent"]["bank_limit_bonus"] = level["bank_limit_bonus"] = -0.7
    if rng.random() < 0.3:  # platforms meet their leverage
        p["platform_leverage_cap"] *= 0.3
    if rng.random() < 0.2:  # platforms need less than they may raise
        p["infrastructure_opening"], level["platform_financing"] = 1.0, 40.0
    if rng.random() < 0.3:  # many tenants, who come and go
        level["factory_area"] *= 2.0
        p["small_firm_floor"] = max(0.7 * p["small_firm_floor"], level["factory_area"] / 60.0)
    return record


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_month_of_small_worlds(block: int) -> None:
    """Forty worlds each, through every month until two years after the opening."""
    happened: dict[str, float] = dict.fromkeys(MEASURES, 0.0)
    failed = 0
    for seed in range(block * BLOCK, block * BLOCK + BLOCK):
        pair = Pair(world(seed))
        found = pair.differences(24)
        assert not found, f"world {seed}: {len(found)} differ, first {found[0]}"
        failed += pair.failed
        measures = pair.trace.memory[0]["past"]["measures"].sum(axis=(0, 2))
        for name, total in zip(MEASURES, measures, strict=True):
            happened[name] += abs(total)
        for name, total in pair.passed.items():
            happened[name] += total
    assert failed <= 1  # a world that no pipeline fits is compared until both give it up
    # A comparison in which something never happens says nothing about it.
    assert [name for name, total in happened.items() if total == 0.0] == []


def test_a_city_whose_only_firm_closes() -> None:
    """Without capital the small lump is booked equally (7.9)."""
    pair = Pair(closing())
    assert pair.differences(24) == []
    assert sum(f.alive for f in pair.state.f) == 0
    one, two = (zone.m["fai_small"] for zone in pair.state.z)
    assert one == two > 0.0


@pytest.mark.parametrize("replicate", range(3))
def test_every_month_of_the_pack(replicate: int) -> None:
    """Full replicates of the embedded pack under its plan, parameters sampled."""
    scenario = load_scenario("plan", PACK)
    setup = prepare(PACK, 3, 2012, parameters="sampled")
    group = Batch(setup, [Variant(scenario)], scenario.parameters, full=False)
    months = setup.through - setup.opening + 1
    found = Pair(group.inputs(replicate, 1)[0], group.sizes).differences(months)
    assert not found, f"{len(found)} differ, first {found[0]}"


def roomy(record: Records) -> Records:
    """The same inputs with room for as much as the engine is compiled for."""
    out = blank(Inputs, Sizes())
    for name in columns(Inputs):
        held = record[0][name]
        if np.ndim(held):
            out[0][name][tuple(slice(n) for n in held.shape)] = held
        else:
            out[0][name] = held
    for part in ("absent", "level"):
        out[0][part]["values"] = record[0][part]["values"]
    return out


class Futures:
    """A world, and another future of it from a branch month on."""

    def __init__(self, seed: int) -> None:
        self.first = random_inputs(seed, PACK)
        self.second = self.first.copy()
        p = self.second[0]
        self.opening = int(p["opening"])
        self.branch = int(p["policy_month"]) - 1 if seed % 2 else self.opening + 7
        self.until = self.branch + 14
        if seed % 2:
            p["level"] = random_inputs(seed + 1000, PACK)[0]["level"]
            p["shut"] = p["policy_month"] + 8
        p["redraw"] = 1 + seed
        later = slice(self.branch + 1 - int(p["demand_start"]), int(p["demand_months"]))
        p["value_added"][later] += 0.02

    def run(self) -> engine.Block:
        """Run both by the engine."""
        both = blank(Inputs, Sizes(), 2).reshape(2, 1)
        both[0], both[1] = roomy(self.first), roomy(self.second)
        return Given(both, Sizes(), self.branch, self.until).run()


# 38, 44: a plant that the new draws begin before the branch; 50: one that they would begin again.
@pytest.mark.parametrize("seed", [*range(6), 38, 44, 50])
def test_branch_into_another_future(seed: int) -> None:
    """After the branch: other levers or demand, no more starts, the later draws drawn again."""
    futures = Futures(seed)
    first, second, opening = futures.first, futures.second, futures.opening
    base = 12 * int(first[0]["base_year"])
    block = futures.run()
    assert not block.failed.any()
    for v, inputs in enumerate((first, second)):
        pair = Pair(first)
        for w in pair.oracle:
            if w.phase != 2:
                continue
            if w.t >= opening:
                says = np.array([[zone.m[name] for zone in w.z] for name in MEASURES])
                wrong = np.argwhere(unlike(block.detail[v, 0, w.t - base], says))
                assert len(wrong) == 0, (v, w.t, MEASURES[wrong[0, 0]], wrong[0, 1])
            if w.t == futures.branch and v:
                oracle.branch(w, Pair(inputs).plain)
            if w.month == 11 and w.t > opening:
                assert block.largest[v, 0, (w.t - base) // 12] == pytest.approx(w.largest, rel=1e-9)
            if w.t == futures.until:
                break
    assert unlike(block.detail[0, 0, -1], block.detail[1, 0, -1]).any()


def test_draws_of_triangular_parameters() -> None:
    """Section 6 of the page: one addressed uniform per parameter and replicate, inverted."""
    setup = prepare(PACK, 5, seed := 2**40 + 77, parameters="sampled")
    draws = draw_parameters(setup)
    tried = 0
    for name, parameter in PACK.parameters.items():
        if parameter.prior.kind != "triangular":
            continue
        low, mode, high = parameter.low, parameter.default, parameter.high
        assert mode is not None
        for r in range(5):
            counter = (zlib.crc32(name.encode()), 0x70617261, r, 0)
            u = (philox(counter, (seed & WORD, seed >> 32))[0] + 0.5) * 2.0**-32
            left = (mode - low) / (high - low)
            if u < left:
                value = low + math.sqrt(u * (high - low) * (mode - low))
            else:
                value = high - math.sqrt((1.0 - u) * (high - low) * (high - mode))
            assert draws[name][r] == pytest.approx(value, rel=1e-9), name
            tried += 1
    assert tried > 300


def test_a_difference_is_found_and_told() -> None:
    """The comparison itself: one number changed by a millionth is named with place and month."""
    pair = Pair(random_inputs(0, PACK))
    assert pair.differences(3) == []
    pair.trace.memory[0]["firm"]["b"][2] *= 1.0 + 1e-6
    found = compare(pair.trace.memory, said(pair.state))
    assert [(d.table, d.column, d.row) for d in found] == [("firm", "b", (2,))]
    assert str(found[0]).startswith("firm.b[2] in 2012-03: engine ")
    pair.trace.memory[0]["project"]["started"][1] += 1
    found = compare(pair.trace.memory, said(pair.state))
    assert {d.column for d in found} == {"b", "started"}
