"""Elementary functions: near the true values, the same compiled and not, exact where it matters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.rules import entry
from xuchang_sim.model import elementary
from xuchang_sim.model.memory import Floats1

Array = npt.NDArray[np.float64]
COUNT = 20_000


@entry
def exps(x: Floats1, out: Floats1) -> None:
    for i in range(x.shape[0]):
        out[i] = elementary.exp(x[i])


@entry
def logs(x: Floats1, out: Floats1) -> None:
    for i in range(x.shape[0]):
        out[i] = elementary.log(x[i])


@entry
def circles(x: Floats1, cosine: Floats1, sine: Floats1) -> None:
    for i in range(x.shape[0]):
        cosine[i], sine[i] = elementary.circle(x[i])


def last_places(found: Array, true: npt.NDArray[np.longdouble]) -> float:
    """Largest error in units of the last place."""
    return float(np.max(np.abs(found - true) / np.spacing(np.abs(true.astype(np.float64)))))


@pytest.mark.parametrize("reach", [1.0, 40.0, 690.0])
def test_exponential_is_within_two_last_places(reach: float) -> None:
    x = np.random.default_rng(1).uniform(-reach, reach, COUNT)
    out = np.empty(COUNT)
    exps(x, out)
    assert last_places(out, np.exp(x.astype(np.longdouble))) < 2.0


@pytest.mark.parametrize("law", ["shares", "wide", "near one"])
def test_logarithm_is_within_two_last_places(law: str) -> None:
    rng = np.random.default_rng(2)
    x = {
        "shares": rng.uniform(2.0**-33, 1.0, COUNT),
        "wide": np.exp(rng.uniform(-300.0, 300.0, COUNT)),
        "near one": 1.0 + rng.uniform(-1e-3, 1e-3, COUNT),
    }[law]
    out = np.empty(COUNT)
    logs(x, out)
    assert last_places(out, np.log(x.astype(np.longdouble))) < 2.0


def test_circle_is_within_two_last_places_of_one() -> None:
    turn = np.random.default_rng(3).uniform(0.0, 1.0, COUNT)
    cosine, sine = np.empty(COUNT), np.empty(COUNT)
    circles(turn, cosine, sine)
    angle = 8.0 * np.arctan(np.longdouble(1.0)) * turn
    assert np.abs(cosine - np.cos(angle)).max() < 2.0**-52
    assert np.abs(sine - np.sin(angle)).max() < 2.0**-52
    assert np.abs(cosine * cosine + sine * sine - 1.0).max() < 2.0**-51


def test_what_is_exact() -> None:
    x = np.array([0.0, -700.0, -1e9, 1e9])
    out, cosine, sine = np.empty(4), np.empty(2), np.empty(2)
    exps(x, out)
    assert out[0] == 1.0
    assert out[1] == out[2] > 0.0
    assert np.isfinite(out[3])
    logs(np.ones(1), out)
    assert out[0] == 0.0
    circles(np.array([0.0, 0.5]), cosine, sine)
    assert cosine.tolist() == [1.0, -1.0]
    assert sine[0] == 0.0


def test_compiled_and_not_give_the_same_bits() -> None:
    rng = np.random.default_rng(4)
    x, share = rng.uniform(-30.0, 30.0, 300), rng.uniform(1e-9, 1.0, 300)
    slow = [
        [elementary.exp(v) for v in x.tolist()],
        [elementary.log(v) for v in share.tolist()],
        [elementary.circle(v)[0] for v in share.tolist()],
        [elementary.circle(v)[1] for v in share.tolist()],
    ]
    fast = np.empty((4, 300))
    exps(x, fast[0])
    logs(share, fast[1])
    circles(share, fast[2], fast[3])
    assert np.array_equal(np.array(slow), fast)
