"""The peers that benchmarks time do the engine's own work: shown before anything is timed."""

import sys

import numpy as np
import pytest

from benchmarks.peers import city as mesa_form, hottest
from benchmarks.peers.agents import Firm
from benchmarks.peers.city import City, at_neutral, given
from benchmarks.peers.draws import Draws, PlainDraws
from benchmarks.peers.equivalence import compare
from benchmarks.peers.timing import Replicates, row, table
from tests.model.worlds import SMALL, Records, random_inputs
from tests.oracle.test_oracle import world
from xuchang_sim.pack.load import load_pack

PACK = load_pack()


def last(inputs: Records) -> int:
    """Last month of a small world's demand path."""
    return int(inputs[0]["demand_start"] + inputs[0]["demand_months"]) - 1


@pytest.mark.parametrize("seed", [2, 5, 7, 13])
def test_mesa_form_gives_the_engines_months(seed: int) -> None:
    """Every recorded column of every zone in every month of the warm-up and of two open years."""
    for inputs in (random_inputs(seed, PACK, check=False), world(seed)):
        found = compare(at_neutral(inputs), SMALL, last(inputs))
        assert found.different == []
        assert found.open_months == 24
        assert found.greatest < 1e-9


def test_a_changed_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the Mesa form to ramp a plant up at once, the comparison would say so."""
    monkeypatch.setattr(Firm, "ramp", lambda _, _ahead=0: 1.0)
    inputs = at_neutral(random_inputs(2, PACK, check=False))
    assert compare(inputs, SMALL, last(inputs)).different


def test_what_the_mesa_form_does_not_do_is_refused() -> None:
    """An opening inside the base year."""
    inputs = at_neutral(random_inputs(2, PACK, check=False))
    inputs[0]["opening"] -= 12
    with pytest.raises(ValueError, match="after the base year"):
        City(given(inputs, SMALL))


def test_a_lever_without_a_rule_in_the_mesa_form_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lever that came later may lack here; the form says so and does not go on without it."""
    inputs = random_inputs(2, PACK, check=False)
    monkeypatch.setattr(mesa_form, "lacking", lambda: {"wage_gap": 0.0})
    with pytest.raises(ValueError, match="no rule for wage_gap; allowed: 0"):
        given(inputs, SMALL)
    assert given(at_neutral(inputs), SMALL).inputs["level"].wage_gap == 0.0


def test_draws_by_the_month_are_draws_by_address() -> None:
    """One block at a time in plain Python, many at once in numpy."""
    together, single = Draws(2**40 + 77, 5), PlainDraws(2**40 + 77, 5)
    together.attempt = single.attempt = 3
    names = np.array([1, 2**31 + 7, 2**32 - 1], np.uint64)
    blocks = together.blocks((3, 1), (6, 0))
    rows = together.rows(blocks, names, 24145)
    assert rows == single.rows(blocks, names, 24145)
    assert rows[1][4:] == list(single.uniforms(6, 2**31 + 7, 24145))


@pytest.fixture(scope="module")
def stopped() -> dict[str, hottest.Stopped]:
    """Worlds of the pack, each before the hot steps of a month under the plan.

    In the last one land holds a project where it stands, so that its progress is solved from the
    solution itself.
    """
    replicates = Replicates(7)
    return hottest.stop_before(replicates, replicates.opening + 12, worlds=7)


@pytest.mark.skipif(hottest.compiler() is None, reason="no gcc on this machine")
def test_the_c_form_does_what_the_engine_does(stopped: dict[str, hottest.Stopped]) -> None:
    """To 1e-12 in every column; C without fused operations to every bit where no logarithm stands."""
    bits = hottest.check(stopped, with_c=True)
    assert {form.partition(", ")[0] for form in bits} == {
        "orders",
        "small_lump",
        "employ",
        "produce",
        "account",
        "construct",
    }
    assert bits["produce, C twin, gcc -O3"]
    # Loading a form leaves the processor's arithmetic alone: 2.2e-308 / 2 is no zero.
    assert sys.float_info.min / 2.0 > 0.0


def test_the_steps_compared_are_most_of_a_month() -> None:
    """What is claimed of them would say little of the engine otherwise."""
    assert hottest.explained(3) > 0.4


def test_a_changed_form_is_noticed(
    stopped: dict[str, hottest.Stopped], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form that leaves one firm's shock a billionth away."""
    right = hottest.by_schedule("orders")

    def wrong(memory: Records, inputs: Records, passes: int) -> None:
        right(memory, inputs, passes)
        memory["firm"]["b"][0, 0] += 1e-9

    monkeypatch.setattr(hottest, "forms", lambda *_, **__: {"peer": wrong})
    with pytest.raises(AssertionError, match=r"peer: .*firm\.b"):
        hottest.check({"orders": stopped["orders"]}, with_c=True)


def test_table_of_ratios() -> None:
    """Medians with extremes; a ratio only where there is a peer."""
    text = table([row("engine", "s", [3.0, 1.0, 2.0]), row("peer", "s", [4.0, 6.0], [2.0, 3.0])])
    engine, peer = text.splitlines()[1:]
    assert engine.split() == ["engine", "2", "1", "3", "s"]
    assert peer.split() == ["peer", "5", "4", "6", "2.5", "(2", "to", "3)", "s"]
