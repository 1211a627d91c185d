"""What a series is: cumulated, seasonal, level or rate, broken; and what is refused."""

import numpy as np
import pytest

from xuchang_sim.forecast.profile import profile
from xuchang_sim.forecast.series import ConstantSeriesError, GapsError, TooShortError, regular
from xuchang_sim.pack.load import Pack


def seasonal(rng: np.random.Generator, years: int = 6, growth: float = 0.01) -> np.ndarray:
    season = np.array([0.5, 0.6, 0.9, 1, 1.1, 1.5, 1, 1, 1.1, 1, 1, 1.4])
    time = np.arange(12 * years)
    noise = np.exp(0.03 * rng.standard_normal(12 * years))
    return np.asarray(100 * np.exp(growth * time) * np.tile(season, years) * noise)


def to_date(flows: np.ndarray) -> np.ndarray:
    return np.concatenate([np.cumsum(year) for year in flows.reshape(-1, 12)])


def test_a_seasonal_flow(rng: np.random.Generator) -> None:
    found = profile(seasonal(rng), 12, 0)
    assert (found.kind, found.cycle, found.to_date) == ("season", 12, False)


def test_sums_to_date_are_taken_apart_and_put_together(rng: np.random.Generator) -> None:
    flows = seasonal(rng)
    found = profile(to_date(flows)[:-7], 12, 0)
    assert found.to_date
    assert np.allclose(found.values, flows[:-7])
    back = found.restore(np.tile(flows[-7:], (2, 1)))
    assert np.allclose(back, to_date(flows)[-7:])


def test_a_year_without_january(rng: np.random.Generator) -> None:
    values = to_date(seasonal(rng))
    values[::12] = np.nan
    found = profile(values[:-3], 12, 0)
    assert found.to_date
    assert found.cycle == 11
    assert 0 not in found.slots
    assert len(found.notes) == 2


def test_january_that_was_given_up_is_no_step_any_more(pack: Pack) -> None:
    series = regular("va", dict(pack.history["industrial_value_added_yoy"]))
    found = profile(series.values, 12, series.first % 12)
    assert 0 not in found.slots
    assert found.kind == "rate"


@pytest.mark.parametrize("name", ["ppi_yoy", "cpi_yoy", "m2_yoy", "m1_yoy"])
def test_monthly_rates_of_the_pack(name: str, pack: Pack) -> None:
    series = regular(name, dict(pack.history[name]))
    assert profile(series.values, 12, series.first % 12).kind == "rate"


@pytest.mark.parametrize("name", ["fai_ytd", "retail_sales_ytd", "fiscal_revenue_ytd"])
def test_sums_to_date_of_the_pack(name: str, pack: Pack) -> None:
    series = regular(name, dict(pack.history[name]))
    found = profile(series.values, 12, series.first % 12)
    assert found.to_date
    assert found.kind == "season"


def test_annual_levels_and_rates_of_the_pack(pack: Pack) -> None:
    for name, kind in {
        "xuchang_gdp": "level",
        "henan_capital_formation": "level",
        "henan_fai_yoy": "rate",
        "xuchang_gdp_real_growth": "rate",
    }.items():
        assert profile(regular(name, dict(pack.history[name])).values).kind == kind, name


def test_random_walks_are_rarely_called_seasonal(rng: np.random.Generator) -> None:
    called = [
        profile(np.cumsum(rng.standard_normal(72)), 12, 0).kind == "season" for _ in range(100)
    ]
    assert np.mean(called) <= 0.06


def test_a_threshold_break_is_spliced(rng: np.random.Generator) -> None:
    steps = 0.1 + 0.01 * rng.standard_normal(20)
    steps[12] = -0.8
    values = 100 * np.exp(np.cumsum(steps))
    found = profile(values)
    assert len(found.breaks) == 1
    assert np.diff(np.log(found.values)).min() > 0
    assert found.values[-1] == pytest.approx(values[-1])


def test_refusals() -> None:
    with pytest.raises(TooShortError, match="at least 5"):
        profile(np.arange(4.0))
    with pytest.raises(TooShortError):
        profile(np.full(9, np.nan))
    with pytest.raises(ConstantSeriesError):
        profile(np.full(9, 3.0))
    gaps = np.arange(20.0)
    gaps[3:12] = np.nan
    with pytest.raises(GapsError, match="missing"):
        profile(gaps)


def test_small_gaps_are_filled_and_said(rng: np.random.Generator) -> None:
    values = np.cumsum(rng.standard_normal(30)) + 50
    values[11] = np.nan
    found = profile(values)
    assert np.isfinite(found.values).all()
    assert "interpolated" in found.notes[0]
