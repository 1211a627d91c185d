"""The ladder of growth shocks: an exact Laplace law for every year to date, and exact centring."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.rules import entry
from xuchang_sim.model import streams
from xuchang_sim.model.memory import Floats1, Floats2, Worlds1, blank
from xuchang_sim.model.steps.firms import correction, jump, shocks
from xuchang_sim.model.streams import unit
from xuchang_sim.model.world import TILE, Sizes, World

FIRMS, YEARS, SCALE = 3800, 8, 0.2


@entry
def year(memory: Worlds1, out: Floats2) -> None:
    """Fill the log factors of twelve months for every firm row."""
    w = memory[0]
    for k in range(1, 13):
        w.city.t += 1
        for begin in range(0, w.city.firms, TILE):
            end = min(begin + TILE, w.city.firms)
            shocks(w, begin, end)
            for i in range(begin, end):
                size = w.firm.a[i] * math.sqrt(k / 12.0)
                jumps = unit(w.temp.word_0[i - begin]) * k < 1.0
                out[k - 1, i] = jump(unit(w.temp.word_1[i - begin]), size) if jumps else 1.0


@entry
def corrections(a: float, out: Floats1) -> None:
    for k in range(1, 13):
        out[k - 1] = correction(a, (k - 1) / 12.0, k / 12.0)


@pytest.fixture(scope="module")
def factors() -> Any:
    memory = blank(World, Sizes())
    city, firm = memory[0]["city"], memory[0]["firm"]
    city["seed"], city["firms"], city["t"] = 1, FIRMS, 12 * 2011 - 1
    firm["id"][:FIRMS] = np.arange(FIRMS)
    firm["a"][:] = SCALE
    firm["stream"][:] = streams.SHOCK
    out = np.zeros((YEARS, 12, FIRMS))
    for y in range(YEARS):
        year(memory, out[y])
    return np.log(out)


@pytest.mark.parametrize("months", [1, 3, 6, 12])
def test_every_year_to_date_sum_is_exactly_laplace(factors: Any, months: int) -> None:
    sums = factors[:, :months].sum(axis=1).ravel()
    law = stats.laplace(scale=SCALE * np.sqrt(months / 12))
    assert stats.kstest(sums, law.cdf).pvalue > 1e-3


def test_a_gaussian_law_is_rejected(factors: Any) -> None:
    sums = factors.sum(axis=1).ravel()
    assert stats.kstest(sums / sums.std(), "norm").pvalue < 1e-6


def test_variance_is_the_same_in_every_month(factors: Any) -> None:
    spread = factors.var(axis=(0, 2))
    assert np.allclose(spread, 2 * SCALE**2 / 12, rtol=0.25)


def test_the_correction_makes_the_mean_of_the_year_one(factors: Any) -> None:
    out = np.zeros(12)
    corrections(SCALE, out)
    assert np.isclose(out.prod(), 1 - SCALE**2)
    mean = np.exp(factors.sum(axis=1)).mean() * out.prod()
    assert abs(mean - 1) < 4 * np.exp(factors.sum(axis=1)).std() / np.sqrt(FIRMS * YEARS)
