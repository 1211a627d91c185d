"""Chinese calendar conventions: no January, sums to date, seasons of mean exactly one."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from xuchang_sim.forecast import calendar
from xuchang_sim.pack.load import Pack


@given(st.integers(12 * 1900, 12 * 2100))
def test_months_round_trip(number: int) -> None:
    assert calendar.month_number(calendar.month_text(number)) == number


@pytest.mark.parametrize("text", ["2012", "2012-13", "2012-00", "12-01", "2012-1", "2012/01", ""])
def test_what_is_not_a_month_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        calendar.month_number(text)


@given(st.lists(st.floats(1.0, 1e6), min_size=24, max_size=24))
def test_sums_to_date_round_trip_with_january_in_february(flows: list[float]) -> None:
    values = np.array(flows)
    totals = np.concatenate([np.cumsum(values[:12]), np.cumsum(values[12:])])
    totals[[0, 12]] = np.nan
    back = calendar.from_year_to_date(12 * 2010, totals)
    assert np.allclose(back[2:12], values[2:12], rtol=1e-6, atol=1e-3)
    assert back[0] == back[1] == pytest.approx((values[0] + values[1]) / 2)
    assert back[:12].sum() == pytest.approx(totals[11])


def test_investment_season_of_the_pack(pack: Pack) -> None:
    factors = calendar.fai_season(dict(pack.history["fai_ytd"]), (2008, 2011))
    assert np.mean(factors) == 1.0
    assert factors[0] == factors[1]
    assert int(np.argmax(factors)) == 5, "June is the peak"
    assert 0.04 <= sum(factors[:2]) / 12 <= 0.08
    assert 0.36 <= sum(factors[:6]) / 12 <= 0.45


@given(st.lists(st.floats(0.2, 3.0), min_size=12, max_size=12), st.floats(-0.01, 0.03))
def test_a_pure_season_on_a_trend_is_found(season: list[float], growth: float) -> None:
    time = np.arange(48)
    values = np.tile(season, 4) * np.exp(growth * time)
    found = calendar.seasonal_factors(12 * 2008, values)
    assert found.mean() == 1.0
    assert np.allclose(found / found[0], np.array(season) / season[0], rtol=0.02)


def test_scale_does_not_matter(pack: Pack) -> None:
    values = dict(pack.history["fai_ytd"])
    other = {month: 1e-4 * value for month, value in values.items()}
    assert np.allclose(calendar.fai_season(values), calendar.fai_season(other))


def test_a_season_needs_years() -> None:
    with pytest.raises(ValueError, match="complete year"):
        calendar.fai_season({"2010-02": 1.0, "2010-03": 2.0})
    with pytest.raises(ValueError, match="two years"):
        calendar.seasonal_factors(0, np.ones(12))


def test_index_compounds_to_the_year() -> None:
    growth = np.full(12, 0.10)
    index = calendar.index_from_growth(growth, [1.0, 1.5])
    assert index.shape == (12, 2)
    assert index[-1] == pytest.approx([1.10, 1.15])


@given(st.lists(st.floats(-1e6, 1e6), max_size=9))
def test_the_median_is_numpys(values: list[float]) -> None:
    found = calendar._median(np.array(values))
    assert found == np.median(values) if values else np.isnan(found)
