"""The peers that benchmarks time do the engine's own work: shown before anything is timed."""

import pytest

from benchmarks.peers.agents import Firm
from benchmarks.peers.city import City, given
from benchmarks.peers.equivalence import compare
from tests.model.worlds import SMALL, Records, random_inputs
from tests.oracle.test_oracle import world
from xuchang_sim.pack import load_pack

PACK = load_pack()


def last(inputs: Records) -> int:
    """Last month of a small world's demand path."""
    return int(inputs[0]["demand_start"] + inputs[0]["demand_months"]) - 1


@pytest.mark.parametrize("seed", [2, 5, 7, 13])
def test_mesa_form_gives_the_engines_months(seed: int) -> None:
    """Every recorded column of every zone in every month of the warm-up and of two open years."""
    for inputs in (random_inputs(seed, PACK, check=False), world(seed)):
        found = compare(inputs, SMALL, last(inputs))
        assert found.different == []
        assert found.open_months == 24
        assert found.greatest < 1e-9


def test_a_changed_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the Mesa form to ramp a plant up at once, the comparison would say so."""
    monkeypatch.setattr(Firm, "ramp", lambda _: 1.0)
    inputs = random_inputs(2, PACK, check=False)
    assert compare(inputs, SMALL, last(inputs)).different


def test_what_the_mesa_form_does_not_do_is_refused() -> None:
    """An opening inside the base year."""
    inputs = random_inputs(2, PACK, check=False)
    inputs[0]["opening"] -= 12
    with pytest.raises(ValueError, match="after the base year"):
        City(given(inputs, SMALL))
