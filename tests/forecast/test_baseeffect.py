"""Growth over a year with a known base: identities, an oracle by levels, and what a slump must not do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from xuchang_sim.forecast import baseeffect
from xuchang_sim.forecast.baseeffect import YEAR, covariance, path

RNG = np.random.default_rng(2009)


def level_covariance(months: int) -> np.ndarray:
    """Covariance of a level that starts at zero, part by part: what `covariance` is the difference of."""
    t = np.arange(months)
    lag = np.abs(t[:, None] - t)
    stays = np.minimum(t[:, None], t).astype(float)
    fades = baseeffect.FADING * baseeffect.FADES**lag
    single = baseeffect.SINGLE * np.eye(months)
    steps = baseeffect.RATE * baseeffect.LASTS**lag
    sums = np.tril(np.ones((months, months)), -1)  # the level is the sum of the rates before it
    return np.asarray(stays + fades + single + sums @ steps @ sums.T)


def test_the_covariance_is_that_of_the_levels_twelve_month_difference() -> None:
    months = 60
    differences = np.eye(months, months + YEAR, YEAR) - np.eye(months, months + YEAR)
    whole = differences @ level_covariance(months + YEAR) @ differences.T
    whole += baseeffect.PUBLISHED * np.eye(months)
    lag = np.abs(np.arange(months)[:, None] - np.arange(months))
    assert_allclose(covariance(months)[lag], whole, atol=1e-9)
    assert np.linalg.eigvalsh(whole).min() > 0


def test_the_path_is_the_best_linear_unbiased_prediction() -> None:
    known, horizon = 50, 20
    logs = 0.1 + np.cumsum(RNG.normal(scale=0.01, size=known))
    lags = covariance(known + horizon)
    index = np.arange(known + horizon)
    whole = lags[np.abs(index[:, None] - index)]
    system = np.zeros((known + 1, known + 1))  # kriging's equations, weights that sum to one
    system[:known, :known], system[known, :known] = whole[:known, :known], 1.0
    system[:known, known] = 1.0
    right = np.vstack([whole[:known, known:], np.ones(horizon)])
    weights = np.linalg.solve(system, right)[:known]
    assert_allclose(path(np.expm1(logs), horizon), np.expm1(weights.T @ logs), rtol=1e-8)


@pytest.mark.parametrize("growth", [-0.05, 0.0, 0.12, 0.4])
def test_steady_growth_goes_on(growth: float) -> None:
    assert_allclose(path(np.full(48, growth), 36), growth, atol=1e-12)


def test_growth_shifts_with_the_logarithm_of_its_factor() -> None:
    logs = RNG.normal(scale=0.02, size=60)
    assert_allclose(
        np.log1p(path(np.expm1(logs + 0.1), 24)), 0.1 + np.log1p(path(np.expm1(logs), 24))
    )


def test_slower_growth_enters_month_by_month_and_is_whole_after_a_year() -> None:
    growth = np.expm1(RNG.normal(0.1, 0.02, size=60))
    less = path(growth, 30) - path(growth, 30, 0.03)
    assert_allclose(less, 0.03 * np.minimum(np.arange(1, 31), 12) / 12, atol=1e-12)


@pytest.mark.parametrize("month", [18, 30, 42])
def test_a_month_that_stood_still_long_ago_moves_nothing(month: int) -> None:
    level = np.exp(np.cumsum(RNG.normal(0.008, 0.004, size=72)))
    shut = level.copy()
    shut[72 - month] *= 0.8
    before, after = (path(x[12:] / x[:-12] - 1, 12) for x in (level, shut))
    assert_allclose(after, before, atol=0.01)


def test_a_lockdown_a_year_ago_is_a_base_effect_and_no_boom() -> None:
    level = np.exp(np.cumsum(RNG.normal(0.008, 0.004, size=84)))
    shut = level.copy()
    shut[-9:-7] *= 0.8  # two months, seven to go round to them
    plain, after = (path(x[12:] / x[:-12] - 1, 24) for x in (level, shut))
    assert_allclose(after[:3], plain[:3], atol=0.01)
    assert_allclose(after[3:5], (1 + plain[3:5]) / 0.8 - 1, atol=0.02)
    assert_allclose(after[5:], plain[5:], atol=0.01)


def test_a_slump_that_stays_is_not_made_good() -> None:
    logs = np.cumsum(np.full(84, 0.008))
    logs[-8:] -= 0.15
    growth = np.expm1(logs[12:] - logs[:-12])
    said = path(growth, 24)
    assert said[0] < 0.04  # still against a base before the slump
    assert_allclose(said[8:].mean(), 0.1, atol=0.05)  # no rebound of 15 points


def test_two_years_stacked_are_steadier_than_one() -> None:
    level = np.exp(np.cumsum(RNG.normal(0.008, 0.006, size=96)))
    level[60:66] *= np.array([0.85, 0.9, 0.93, 0.96, 0.98, 0.99])
    growth = level[12:] / level[:-12] - 1
    known = growth[:58]
    whole = np.concatenate([known, path(known, 12)])
    stacked = (1 + whole[12:]) * (1 + whole[:-12])
    assert np.std(stacked[-12:]) < np.std(whole[-12:])
