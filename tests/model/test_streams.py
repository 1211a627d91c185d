"""Random numbers: the published known answers, the laws, and addresses that do not meet."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.rules import entry
from xuchang_sim.model import streams
from xuchang_sim.model.memory import Floats1, Floats2, Ints1, Worlds1, blank
from xuchang_sim.model.world import Sizes, World
from xuchang_sim.simulation.draws import _uniforms

# Known-answer vectors that Random123 publishes for philox4x32-10.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@entry
def philox(c: Ints1, key: Ints1, out: Ints1) -> None:
    a, b, d, e = streams.philox(c[0], c[1], c[2], c[3], key[0], key[1])
    out[0], out[1], out[2], out[3] = a, b, d, e


def words(*given: int) -> tuple[int, ...]:
    """Words at an address: a counter of four and a key of two."""
    out = np.zeros(4, np.int64)
    philox(np.array(given[:4]), np.array(given[4:]), out)
    return tuple(out.tolist())


@entry
def sample(memory: Worlds1, purpose: int, out: Floats2) -> None:
    w = memory[0]
    for i in range(out.shape[0]):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = streams.uniforms(w, purpose, i, 7, 0)


@entry
def gammas(memory: Worlds1, shape: float, out: Floats1) -> None:
    w = memory[0]
    for i in range(out.shape[0]):
        out[i] = streams.gamma(w, streams.REALISED, shape, i, 7, 0)


@entry
def erlangs(memory: Worlds1, shape: int, out: Floats1) -> None:
    w = memory[0]
    for i in range(out.shape[0]):
        out[i] = streams.erlang(w, streams.TRAIT, i, 7, 8, shape)


def world(seed: int = 5, replicate: int = 3) -> Any:
    memory = blank(World, Sizes())
    memory[0]["city"]["seed"] = seed
    memory[0]["city"]["replicate"] = replicate
    return memory


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_published_answers(
    counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]
) -> None:
    assert words(*counter, *key) == answer


def test_rules_and_parameter_draws_use_the_same_generator() -> None:
    drawn = _uniforms(2012, 77, 4)
    for r in range(4):
        first = words(77, 0x70617261, r, 0, 2012, 0)[0]
        assert drawn[r] == (first + 0.5) * 2.0**-32


def test_uniforms_are_uniform_and_independent_of_their_neighbours() -> None:
    out = np.zeros((20_000, 4))
    sample(world(), streams.TRAIT, out)
    assert out.min() > 0.0
    assert out.max() < 1.0
    for k in range(4):
        assert stats.kstest(out[:, k], "uniform").pvalue > 1e-3
    table = np.corrcoef(np.column_stack([out[:-1], out[1:]]).T)
    assert np.abs(table - np.eye(8)).max() < 5 / math.sqrt(len(out))


@pytest.mark.parametrize("part", ["seed", "replicate", "salt"])
def test_every_part_of_the_address_changes_every_draw(part: str) -> None:
    memory = world()
    one, two = np.zeros((200, 4)), np.zeros((200, 4))
    sample(memory, streams.TRAIT, one)
    memory[0]["city"][part] += 1 << 16
    sample(memory, streams.TRAIT, two)
    assert (one != two).all()
    other = np.zeros((200, 4))
    sample(memory, streams.YIELD, other)
    assert (two != other).all()


@pytest.mark.parametrize("shape", [1.0, 1.75, 6.0])
def test_gamma_has_the_gamma_law(shape: float) -> None:
    out = np.zeros(20_000)
    gammas(world(), shape, out)
    assert stats.kstest(out, stats.gamma(shape).cdf).pvalue > 1e-3


@pytest.mark.parametrize("shape", [1, 2, 5, 6, 20])
def test_whole_shapes_have_the_gamma_law(shape: int) -> None:
    out = np.zeros(10_000)
    erlangs(world(), shape, out)
    assert stats.kstest(out, stats.gamma(shape).cdf).pvalue > 1e-3


def test_purposes_are_distinct() -> None:
    names = [
        name
        for name, value in vars(streams).items()
        if name.isupper() and isinstance(value, int) and name not in {"MASK", "BLOCK"}
    ]
    values = [getattr(streams, name) for name in names]
    assert len(set(values)) == len(values)
    assert max(values) < 256
