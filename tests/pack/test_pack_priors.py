"""Priors: inside their range, never falling, and the laws they say they are."""

from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.parameters import Kind, Prior

GRID = np.linspace(0.0, 1.0, 257)
PACK = load_pack()


@st.composite
def priors(draw: st.DrawFn) -> Prior:
    kind = draw(st.sampled_from(get_args(Kind)))
    positive = kind == "lognormal"
    numbers = st.floats(0.001 if positive else -1e6, 1e6)
    if kind == "integer":
        numbers = st.integers(-1000, 1000).map(float)
    low, centre, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    if kind == "fixed":
        low = high = centre
    spread = draw(st.floats(0.01, 3.0)) * (1.0 if positive else max(high - low, 1.0))
    return Prior(kind, low, centre, high, spread)


def assert_proper(prior: Prior) -> None:
    values = prior.quantile(GRID)
    assert np.isfinite(values).all()
    assert (values >= prior.low).all()
    assert (values <= prior.high).all()
    assert (np.diff(values) >= 0).all()
    for u in (0.0, 0.25, 1.0):
        single = prior.quantile(u)
        assert isinstance(single, float)
        assert single == values[int(256 * u)]


@given(priors())
def test_any_prior_is_proper(prior: Prior) -> None:
    assert_proper(prior)


@pytest.mark.parametrize("name", PACK.parameters)
def test_every_parameter_of_the_pack_is_proper(name: str) -> None:
    parameter = PACK.parameters[name]
    assert parameter.low <= parameter.prior.centre <= parameter.high
    assert_proper(parameter.prior)


U: npt.NDArray[np.float64] = np.linspace(0.001, 0.999, 199)
CASES = [
    (Prior("uniform", 1.0, 2.0, 5.0), stats.uniform(1.0, 4.0)),
    (Prior("triangular", 200.0, 320.0, 500.0), stats.triang(120 / 300, 200.0, 300.0)),
    (Prior("triangular", 0.0, 0.0, 0.2), stats.triang(0.0, 0.0, 0.2)),
    (Prior("triangular", 0.15, 0.249, 0.249), stats.triang(1.0, 0.15, 0.099)),
    (Prior("normal", 0.25, 0.7, 0.95, 0.08), stats.truncnorm(-5.625, 3.125, 0.7, 0.08)),
]


@pytest.mark.parametrize(("prior", "law"), CASES)
def test_quantiles_are_those_of_the_law(prior: Prior, law: stats.rv_continuous) -> None:
    assert prior.quantile(U) == pytest.approx(law.ppf(U), rel=1e-9)


def test_lognormal_is_a_truncated_normal_of_the_logarithm() -> None:
    prior = Prior("lognormal", 80.0, 280.0, 650.0, 0.45)
    ends = (np.log([80.0, 650.0]) - np.log(280.0)) / 0.45
    law = stats.truncnorm(ends[0], ends[1], np.log(280.0), 0.45)
    assert np.log(prior.quantile(U)) == pytest.approx(law.ppf(U), rel=1e-9)


def test_integer_gives_whole_numbers_around_its_mode() -> None:
    values = Prior("integer", 6.0, 9.0, 18.0).quantile(np.linspace(0, 1, 100_001))
    numbers, counts = np.unique(values, return_counts=True)
    assert numbers.tolist() == list(range(6, 19))
    assert numbers[counts.argmax()] == 9.0


@pytest.mark.parametrize("u", [-0.001, 1.001, float("nan"), np.array([0.5, np.nan])])
def test_probabilities_only(u: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Prior("uniform", 0.0, 0.5, 1.0).quantile(u)


def test_the_spending_curve_never_falls_for_any_draw() -> None:
    skew, steep = PACK.parameters["scurve_c"].prior, PACK.parameters["scurve_k"].prior
    assert 1 - abs(skew.quantile(0.5)) >= 3 / steep.quantile(0.0)
