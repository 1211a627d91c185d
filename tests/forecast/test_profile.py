"""What a series is: cumulated, seasonal, level or rate, broken; and what is refused."""

import re
from pathlib import Path

import numpy as np
import pytest

from xuchang_sim.forecast import profile as p
from xuchang_sim.forecast.bank import members
from xuchang_sim.forecast.series import (
    BreakError,
    ConstantSeriesError,
    GapsError,
    Regular,
    SeriesError,
    TooShortError,
    regular,
)
from xuchang_sim.forecast.single import forecast
from xuchang_sim.pack.load import Pack
from xuchang_sim.text import LANGUAGES, phrases


def profile(
    values: np.ndarray, frequency: int = 1, first: int = 0, assume: p.Assume | None = None
) -> p.Profile:
    return p.profile(Regular("x", frequency, frequency * 2000 + first, values), assume)


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
    assert found.carried(len(found.values) - 1) == pytest.approx(to_date(flows)[-8])
    assert [found.begins(len(flows) - 7 + j) for j in (0, 7)] == [False, True]


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
    found = p.profile(series)
    assert 0 not in found.slots
    assert found.kind == "rate"


@pytest.mark.parametrize("name", ["ppi_yoy", "cpi_yoy", "m2_yoy", "m1_yoy"])
def test_monthly_rates_of_the_pack(name: str, pack: Pack) -> None:
    series = regular(name, dict(pack.history[name]))
    assert p.profile(series).kind == "rate"


@pytest.mark.parametrize("name", ["fai_ytd", "retail_sales_ytd", "fiscal_revenue_ytd"])
def test_sums_to_date_of_the_pack(name: str, pack: Pack) -> None:
    series = regular(name, dict(pack.history[name]))
    found = p.profile(series)
    assert found.to_date
    assert found.kind == "season"


def test_annual_levels_and_rates_of_the_pack(pack: Pack) -> None:
    for name, kind in {
        "xuchang_gdp": "level",
        "henan_capital_formation": "level",
        "henan_fai_yoy": "rate",
        "xuchang_gdp_real_growth": "rate",
    }.items():
        assert p.profile(regular(name, dict(pack.history[name]))).kind == kind, name


def test_random_walks_are_rarely_called_seasonal(rng: np.random.Generator) -> None:
    called = [
        profile(np.cumsum(rng.standard_normal(72)), 12, 0).kind == "season" for _ in range(100)
    ]
    assert np.mean(called) <= 0.06


def test_the_chance_of_a_season_falls_steadily_with_the_p_value() -> None:
    """1 at 0, 0 from 1/e on, continuous; a season is begun at 0.87 and given up at 0.37."""
    ps = np.linspace(0.0, 1.0, 20_001)
    chances = np.array([p.season_chance(float(x)) for x in ps])
    assert chances[0] == 1.0
    assert (chances[ps >= np.exp(-1.0)] == 0.0).all()
    assert (np.diff(chances) <= 0.0).all()
    assert np.abs(np.diff(chances)).max() < 2e-3
    assert p.season_chance(p.SEASON_P) == pytest.approx(0.875, abs=1e-3)
    assert p.season_chance(p.SEASON_KEPT) == pytest.approx(0.374, abs=1e-3)


def test_the_test_of_a_season_does_not_hang_on_units(rng: np.random.Generator) -> None:
    """Equal steps are equal in every unit, though their logarithms differ in the last bit."""
    values = np.asarray(100.0 * np.exp2(rng.integers(-2, 3, 48)), dtype=np.float64)
    position = np.arange(48) % 12
    chance = p.season_p(values, position, 12)
    for factor in (1e4, 1 / 3, 7.77, 1e-7):
        assert p.season_p(values * factor, position, 12) == chance


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
    assert found.notes[0] == "1 missing values interpolated"


def test_sums_to_date_with_a_revision_or_a_loss_are_recognised(rng: np.random.Generator) -> None:
    """By their resets; levels, however seasonal, are not."""
    told = []
    for years in (3, 4, 5):
        flows = seasonal(rng, years)
        flows[-20] = -0.3 * flows[-20]
        told.append(profile(to_date(flows)[:-4], 12).to_date)
        told.append(not profile(seasonal(rng, years)[:-4], 12).to_date)
        quarters = np.array([30.0, 40, 45, 60] * (years + 2)) * np.exp(
            0.1 * rng.standard_normal(4 * years + 8)
        )
        quarters[-6] = -20.0
        sums = np.concatenate([np.cumsum(year) for year in quarters.reshape(-1, 4)])
        told.append(profile(sums[:-2], 4).to_date)
    assert all(told)


def test_what_the_user_says_beats_what_is_found(rng: np.random.Generator) -> None:
    sums = to_date(seasonal(rng))[:-3]
    assert not profile(sums, 12, assume=p.Assume(to_date=False)).to_date
    assert profile(seasonal(rng), 12, assume=p.Assume(to_date=True)).to_date
    walk = np.exp(np.cumsum(0.1 * rng.standard_normal(60)))
    assert profile(walk, 12, assume=p.Assume(level=True)).kind == "level"
    assert profile(walk, 12, assume=p.Assume(level=False)).kind == "rate"
    assert profile(walk, 12, assume=p.Assume(seasonal=True)).cycle == 12
    assert profile(seasonal(rng), 12, assume=p.Assume(seasonal=False)).cycle == 1
    told = profile(sums, 12, assume=p.Assume(to_date=False)).assumed
    assert told["to_date"] == "no: you said so"
    assert set(told) == {"to_date", "season", "kind", "support"}


def test_sums_to_date_of_a_year_that_begins_in_april(rng: np.random.Generator) -> None:
    """Sums of a fiscal year are recognised where the user says when it begins, and taken apart by it."""
    flows = seasonal(rng, growth=0.0)
    sums = to_date(flows)  # the first value is of April 2000
    plain = profile(sums[:-5], 12, first=3)
    found = profile(sums[:-5], 12, first=3, assume=p.Assume(year_begins=4))
    assert found.to_date
    assert np.allclose(found.values, flows[:-5])
    assert found.slots == (3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2)
    assert [found.begins(len(flows) - 5 + j) for j in (0, 5)] == [False, True]
    assert not plain.to_date, "a reset in April is none of a calendar year"
    quarters = to_date(flows)[2::3]
    fiscal = profile(quarters[:-2], 4, first=1, assume=p.Assume(year_begins=4))
    assert fiscal.to_date
    assert fiscal.slots == (1, 2, 3, 0)
    with pytest.raises(SeriesError, match="begins in month 5"):
        profile(quarters, 4, assume=p.Assume(year_begins=5))


def test_a_joint_figure_of_january_and_february_counts_once(rng: np.random.Generator) -> None:
    """Published as one sum under both months, or under February alone: the same forecast."""
    flows = seasonal(rng)[:-4]
    joint = flows.copy()
    joint[1::12] += joint[::12]
    both, once = joint.copy(), joint.copy()
    both[::12] = both[1::12]
    once[::12] = np.nan
    told, alone = profile(both, 12), profile(once, 12)
    assert told.cycle == alone.cycle == 11
    assert np.array_equal(told.values, alone.values)
    assert "joint figure" in told.notes[0]
    assert "joint figure" not in alone.notes[0]
    stays = np.repeat(5.0 + np.cumsum(rng.standard_normal(20)), 3)  # a rate set once a quarter
    assert 0 in profile(stays, 12).slots


def test_every_reason_is_told_in_the_reader_s_language() -> None:
    """Reasons and notes are phrases of all languages; the Chinese ones hold no English sentence."""
    source = Path(p.__file__).read_text(encoding="utf-8")
    used = set(re.findall(r'"(reason\.[a-z_]+)"', source))
    assert len(used) > 25
    for lang in LANGUAGES:
        known = {key for key in phrases(lang) if key.startswith("reason.")}
        assert used == known
    families = {
        m.name for kind in ("rate", "level", "season") for f in (1, 4, 12) for m in members(kind, f)
    }
    for key in [*used, *("family." + re.sub("[ ,]+", "_", name) for name in families)]:
        bare = re.sub(r"\{[a-z]+\}", "", phrases("zh")[key])
        assert not re.search("[A-Za-z]{2}", bare), key


def test_a_name_or_unit_that_says_growth_is_believed(rng: np.random.Generator) -> None:
    values = np.exp(np.cumsum(0.05 + 0.02 * rng.standard_normal(30)))
    named = Regular("M2同比增长", 1, 2000, values)
    assert p.profile(named).kind == "rate"
    assert p.profile(Regular("m2", 1, 2000, values, unit="%")).kind == "rate"
    assert p.profile(Regular("gdp", 1, 2000, values)).kind == "level"


def test_a_redenomination_is_spliced_and_told(rng: np.random.Generator) -> None:
    values = np.exp(np.cumsum(0.01 + 0.03 * rng.standard_normal(80)))
    values[40:] *= 1e5
    found = profile(values, 12)
    assert found.breaks == (40,)
    assert np.abs(np.diff(np.log(found.values))).max() < 0.2
    assert "change of unit" in found.notes[0]


@pytest.mark.parametrize("factor", [10.0, 1e4, 0.01])
@pytest.mark.parametrize("kind", ["walk", "flow", "sum to date", "annual"])
def test_a_last_value_that_nothing_resembles_is_refused_with_its_period(
    kind: str, factor: float, rng: np.random.Generator
) -> None:
    """A slip, another unit and a new level look the same until the next value comes."""
    frequency = 1 if kind == "annual" else 12
    if kind in {"walk", "annual"}:
        values = 100.0 * np.exp(np.cumsum(0.03 * rng.standard_normal(12 * 6)))[: 20 * frequency]
    else:
        values = seasonal(rng)
    values[-1] *= factor
    if kind == "sum to date":
        values = to_date(values)
    assert profile(values[:-1], frequency).values.min() > 0
    with pytest.raises(BreakError, match="of 2019 is" if frequency == 1 else "of 2005-12 is"):
        profile(values, frequency)


def test_a_wild_series_may_end_with_a_wild_value(rng: np.random.Generator) -> None:
    """Counts, and values that multiply by three now and then, are refused for no last value."""
    for _ in range(40):
        profile(rng.poisson(2.0, 60).astype(float) + 1.0, 12)
        profile(np.exp(1.5 * rng.standard_normal(40)), 12)


def test_an_often_zero_series_is_not_ruled_by_what_stands_for_zero(
    rng: np.random.Generator,
) -> None:
    values = np.where(rng.random(96) < 0.5, 0.0, rng.gamma(2.0, 10.0, 96))
    values[40] = 0.01  # half of it stands for zero in logarithms
    told = forecast(Regular("x", 12, 24000, values), 6)
    assert told["series"]["scale"] == "raw"
    rows = np.array(list(told["quantiles"].values()))
    assert rows.min() >= 0.0
    assert rows.max() < 3.0 * values.max()


@pytest.mark.parametrize("kind", ["raw", "log", "soft", "asinh"])
def test_scales_go_there_and_back(kind: str) -> None:
    values = np.array([0.01, 0.5, 3.0, 80.0, 1e4])
    scale = p.Scale(kind, unit=2.0)
    assert scale.outward(scale.inward(values)) == pytest.approx(values)
    assert (np.diff(scale.outward(np.linspace(-20, 20, 9))) > 0).all()
