"""The automatic forecaster: properties that must hold for any series."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from xuchang_sim.forecast import bank
from xuchang_sim.forecast.forecaster import banks_of, forecaster
from xuchang_sim.forecast.profile import Assume
from xuchang_sim.forecast.series import Regular, SeriesError, TooShortError, regular
from xuchang_sim.forecast.single import (
    MAX_HORIZON,
    QUANTILES,
    forecast,
    series_outlook,
    series_outlooks,
)
from xuchang_sim.forecast.spread import BOUNDS, LEAST_ORIGINS, RULES, combine, widening
from xuchang_sim.pack.load import Pack

Write = Callable[[Path, Sequence[tuple[str, object]]], Path]


def quantiles(
    values: np.ndarray, frequency: int = 1, horizon: int = 3, first: int = 2000
) -> np.ndarray:
    told = forecast(Regular("x", frequency, first, values), horizon)["quantiles"]
    return np.array([told[f"{q:.2f}"] for q in QUANTILES])


EVERY = {
    (kind, frequency): bank.members(kind, frequency)
    for kind in ("rate", "level", "season")
    for frequency in (1, 4, 12)
}


@pytest.mark.parametrize("key", EVERY, ids=str)
def test_errors_of_every_member_stay_bounded(
    key: tuple[str, int], rng: np.random.Generator
) -> None:
    """Filters are invertible: on 600 values of noise no error runs away."""
    kind, frequency = key
    cycle = max(frequency, 2) if kind == "season" else 1
    noise = rng.standard_normal(600)
    found = bank.run(noise, EVERY[key], 3, cycle, max(frequency, cycle))
    assert len(found.names) == len(EVERY[key])
    assert np.nanmax(np.abs(found.errors)) < 60
    assert found.priors.sum() == pytest.approx(1.0)


def test_a_forecast_from_an_origin_knows_nothing_later(rng: np.random.Generator) -> None:
    z = np.cumsum(rng.standard_normal(80))
    for kind, cycle in (("rate", 1), ("level", 1), ("season", 12)):
        members = bank.members(kind, 12)
        whole = bank.run(z, members, 14, cycle, 12).said
        cut = bank.run(z[:60], members, 14, cycle, 12).said
        assert np.array_equal(whole[:, :60], cut, equal_nan=True)


def missed_by(slope: float) -> list[tuple[bank.Member, float]]:
    """Every seasonal member, and the largest miss of its nine steps after a season on a line."""
    time = np.arange(60)
    z = slope * time + np.tile(np.sin(np.arange(12.0)), 5)
    ahead = slope * (60 + np.arange(9)) + np.sin((60 + np.arange(9)) % 12)
    members = bank.members("season", 12)
    return [
        (one, float(np.abs(bank.run(z, (one,), 9, 12, 12).said[0, -1] - ahead).max()))
        for one in members
    ]


def test_a_perfect_season_is_forecast_perfectly() -> None:
    assert max(miss for _, miss in missed_by(0.0)) < 1e-9


def test_a_perfect_season_on_a_line_is_missed_by_no_more_than_theory_says() -> None:
    """A level without trend lags a line by slope / alpha one step ahead, and by the slope each step more.

    That is the steady state of exponential smoothing (Brown 1963); 0.29 for the slowest member here.
    Half a drift lags by half of the slope a step; what knows the trend, or differences over a year,
    is exact, and a damped trend comes near.
    """
    slope = 0.02
    for one, miss in missed_by(slope):
        if isinstance(one, bank.Season):
            assert miss == pytest.approx(9 * slope * (1.0 - one.drift), abs=1e-9)
        elif isinstance(one, bank.Regression) or one.gamma < 0:
            assert miss < 1e-9
        elif one.phi > 0:
            assert miss < 0.1
        else:
            steady = 8 * slope + slope / one.alpha
            assert 0.85 * steady < miss <= steady


def test_weights_sum_to_one_though_a_member_is_perfect() -> None:
    constant = np.r_[np.arange(20.0), np.full(16, 19.0), 19.0 + np.arange(10.0)]
    told = forecast(Regular("x", 12, 24000, constant), 3)
    assert sum(told["weights"].values()) == pytest.approx(1.0)
    assert np.isfinite(list(told["weights"].values())).all()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.floats(-1e5, 1e5, allow_subnormal=False), min_size=5, max_size=24),
    st.integers(1, 5),
)
def test_never_a_silent_nan(values: list[float], horizon: int) -> None:
    try:
        rows = quantiles(np.array(values), horizon=horizon)
    except SeriesError:
        return
    assert rows.shape == (19, horizon)
    assert np.isfinite(rows).all()
    assert (np.diff(rows, axis=0) >= 0).all()


def example(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Values of a kind and their frequency."""
    if kind == "annual level":
        return 100 * np.exp(np.cumsum(0.08 + 0.05 * rng.standard_normal(18))), 1
    if kind == "annual rate":
        return 5 * rng.standard_normal(18), 1
    if kind == "rate":
        return np.cumsum(rng.standard_normal(70)) - 3, 12
    if kind == "positive rate":
        return 3 + np.abs(np.cumsum(0.3 * rng.standard_normal(70))), 12
    if kind == "weak season":
        return weak_season(rng), 12
    season = np.tile(np.exp(0.3 * np.sin(np.arange(12.0))), 7)
    flow = 50 * season * np.exp(np.cumsum(0.01 + 0.02 * rng.standard_normal(84)))
    if kind == "flow":
        return flow, 12
    return np.concatenate([np.cumsum(year) for year in flow.reshape(-1, 12)])[:-5], 12


def weak_season(rng: np.random.Generator, size: float = 0.006) -> np.ndarray:
    """Forty months of a walk with a season that a test may or may not see."""
    shape = np.resize(np.random.default_rng(12).standard_normal(12), 40)
    return 50.0 * np.exp(np.cumsum(0.02 * rng.standard_normal(40)) + size * shape)


KINDS = ("annual level", "annual rate", "rate", "positive rate", "weak season", "flow", "to date")


@pytest.mark.parametrize("kind", KINDS)
def test_scale_and_shift_equivariance(kind: str, rng: np.random.Generator) -> None:
    values, frequency = example(kind, rng)
    first = frequency * 2000
    plain = quantiles(values, frequency, 3, first)
    for factor in (1e4, 1 / 3, 1e-7):
        told = quantiles(values * factor, frequency, 3, first)
        assert np.allclose(told, plain * factor, rtol=1e-9, atol=1e-9 * factor)
    if kind in {"annual rate", "rate"}:
        assert values.min() < -1
        moved = quantiles(values - 40.0, frequency, 3, first)
        assert np.allclose(moved, plain - 40.0, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_positive_history_gives_positive_quantiles_that_rise(
    kind: str, rng: np.random.Generator
) -> None:
    for _ in range(5):
        values, frequency = example(kind, rng)
        rows = quantiles(values, frequency, 5, frequency * 2000)
        assert (np.diff(rows, axis=0) >= 0).all()
        if values.min() > 0:
            assert rows.min() > 0


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_appending_the_median_changes_the_next_step_continuously(
    kind: str, rng: np.random.Generator
) -> None:
    for _ in range(4):
        values, frequency = example(kind, rng)
        rows = quantiles(values, frequency, 2, frequency * 2000)
        more = quantiles(np.r_[values, rows[9, 0]], frequency, 1, frequency * 2000)
        assert abs(more[9, 0] - rows[9, 1]) < 0.3 * (rows[17, 1] - rows[1, 1])


@pytest.mark.parametrize("frequency", MAX_HORIZON)
def test_every_length_is_forecast_to_every_horizon_or_refused_by_name(
    frequency: int, rng: np.random.Generator
) -> None:
    """Histories shorter than a year, and than the horizon, are no special case."""
    for count in range(1, 2 * frequency + 6):
        walk = 50.0 + np.cumsum(rng.standard_normal(count))
        for horizon in (1, MAX_HORIZON[frequency]):
            if count < 5:
                with pytest.raises(TooShortError):
                    quantiles(walk, frequency, horizon)
                continue
            rows = quantiles(walk, frequency, horizon)
            assert np.isfinite(rows).all()
            assert (np.diff(rows, axis=0) >= 0).all()
            assert rows[0, 0] < walk[-1] < rows[18, 0]


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_any_size_of_number_is_finite(size: float, rng: np.random.Generator) -> None:
    values = (3 + rng.standard_normal(40) / 5) * size
    rows = quantiles(values, 12, 4, 24000)
    assert np.isfinite(rows).all()


def test_one_outlier_is_forgotten(rng: np.random.Generator) -> None:
    values = np.cumsum(rng.standard_normal(80))
    plain = quantiles(values, 12, 1, 24000)
    values[60] += 50.0
    after = quantiles(values, 12, 1, 24000)
    assert abs(after[9, 0] - plain[9, 0]) < 2.0
    assert after[17, 0] - after[1, 0] < 4 * (plain[17, 0] - plain[1, 0])


def share_held(make: Callable[[np.random.Generator], np.ndarray], runs: int) -> float:
    """Share of next values within 80% intervals one and three steps ahead."""
    hits = []
    for seed in range(runs):
        values = make(np.random.default_rng(seed))
        rows = quantiles(values[:-3], 12, 3, 24000)
        hits += [float(rows[1, h] <= values[len(values) - 3 + h] <= rows[17, h]) for h in (0, 2)]
    return float(np.mean(hits))


def based(rng: np.random.Generator) -> np.ndarray:
    news = rng.standard_normal(132)
    return np.cumsum(news[12:] - 0.8 * news[:-12])


def halved(rng: np.random.Generator) -> np.ndarray:
    return np.cumsum(np.where(np.arange(120) < 60, 1.0, 0.5) * rng.standard_normal(120))


SIMULATED = {
    "noise": lambda rng: rng.standard_normal(120),
    "walk": lambda rng: np.cumsum(rng.standard_normal(120)),
    "base effect": based,
    "halved": halved,
}


@pytest.mark.parametrize("name", SIMULATED)
def test_intervals_hold_what_they_say(name: str) -> None:
    # 600 series: sets of 300 scatter by 0.02 about the shares of the long test.
    assert 0.74 <= share_held(SIMULATED[name], 600) <= 0.87


@pytest.mark.long
@pytest.mark.parametrize("name", SIMULATED)
def test_intervals_hold_what_they_say_over_many_series(name: str) -> None:
    assert 0.75 <= share_held(SIMULATED[name], 2400) <= 0.86


def test_the_spread_follows_a_volatility_that_halves() -> None:
    ratios = []
    for seed in range(20):
        values = halved(np.random.default_rng(seed))
        before, after = (quantiles(values[:n], 12, 1, 24000) for n in (60, 84))
        ratios.append((after[17, 0] - after[1, 0]) / (before[17, 0] - before[1, 0]))
    assert 0.4 < np.median(ratios) < 0.72


def test_widening_needs_evidence_and_has_bounds() -> None:
    poor = np.full(200, 5.0)
    assert widening(poor, 0.1, LEAST_ORIGINS - 1, 3) == 1.0
    assert widening(poor, 0.8, 40, 3) == 1.0, "what chance explains is left alone"
    assert 1.5 < widening(poor, 0.1, 40, 3) <= BOUNDS[1]
    assert BOUNDS[0] <= widening(np.full(200, 0.1), 1.0, 40, 1) < 1.0


def _one_member(z: np.ndarray, said: np.ndarray) -> bank.Forecasts:
    """One member that says of every horizon what stands in its row of ``said``."""
    errors = np.full_like(said, np.nan)
    for step in range(said.shape[1]):
        errors[: len(z) - step - 1, step] = z[step + 1 :] - said[: len(z) - step - 1, step]
    return bank.Forecasts(("one",), np.ones(1), said[np.newaxis], errors[np.newaxis])


def test_flows_widen_with_the_horizon_as_far_as_news_moves_their_forecasts(
    rng: np.random.Generator,
) -> None:
    """Like a random walk where the last value is the forecast, not at all where the mean is; rates by rule."""
    horizon, rules = 9, RULES["season"]
    steps = np.arange(1.0, horizon + 1.0)
    noise = rng.standard_normal(400)
    walk = np.cumsum(noise)
    weight = sum(0.5 ** (k / rules.recall) for k in range(len(noise) - 1))
    share = weight / (weight + rules.belief)
    for z, said, own in (
        (walk, np.tile(walk[:, np.newaxis], (1, horizon)), np.sqrt(steps)),
        (noise, np.zeros((len(noise), horizon)), np.ones(horizon)),
    ):
        expected = own**share * steps ** (rules.power * (1.0 - share))
        told = combine(_one_member(z, said), z, rules, 24)
        assert told.growth[-1] == pytest.approx(expected, rel=1e-9)
        assert told.growth[0] == pytest.approx(steps**rules.power)
        fixed = combine(_one_member(z, said), z, RULES["rate"], 24)
        assert fixed.growth == pytest.approx(np.tile(np.sqrt(steps), (len(z), 1)))


def test_in_doubt_of_a_season_both_kinds_of_models_forecast() -> None:
    """By the chance, before anything is learnt; where the season is beyond doubt, or stated, one kind does."""
    seen = set()
    for seed in range(12):
        series = Regular("x", 12, 24000, weak_season(np.random.default_rng(seed)))
        told = forecaster(series, 3)
        parts = {part.cycle: part.share for part in banks_of(told.profile)}
        assert parts.get(12, 0.0) == told.profile.season
        assert sum(parts.values()) == pytest.approx(1.0)
        seasonal = sum(
            prior
            for name, prior in zip(told.bank.names, told.bank.priors, strict=True)
            if name in {"airline", "yearly reversion", "level, trend and season", "mean season"}
        )
        # All but 0.15 of the seasonal bank's weight: its autoregressions share a name.
        assert seasonal == pytest.approx(0.85 * told.profile.season)
        seen.add(len(parts))
        for stated in (True, False):
            one = banks_of(forecaster(series, 3, Assume(seasonal=stated)).profile)
            assert [part.cycle for part in one] == [12 if stated else 1]
    assert seen == {1, 2}


def test_a_forecast_does_not_jump_where_a_season_is_first_called_one() -> None:
    """Along a season that grows by a fortieth, no quantile moves by more than a part of the width."""
    for seed in range(3):
        before, called, jumps = None, set(), []
        for size in np.linspace(0.0, 0.02, 41):
            series = Regular("x", 12, 24000, weak_season(np.random.default_rng(seed), size))
            told = forecaster(series, 3)
            rows = np.log(told.quantiles([0.1, 0.5, 0.9]))
            called.add(told.profile.kind)
            if before is not None:
                jumps.append(float(np.abs(rows - before).max() / (rows[2] - rows[0]).min()))
            before = rows
        assert len(called) > 1
        assert max(jumps) < 0.3


def test_no_percentage_below_twelve_origins(rng: np.random.Generator) -> None:
    short = forecast(Regular("x", 1, 2000, np.cumsum(rng.standard_normal(14))), 2)
    assert short["verdict"]["what"] == "cannot be told"
    assert all(line["measured"] is None for line in short["coverage"])
    long = forecast(Regular("x", 12, 24000, np.cumsum(rng.standard_normal(90))), 3)
    assert long["verdict"]["what"] in {"held", "too narrow", "too wide"}
    assert 0.6 < long["verdict"]["measured"] <= 1.0


def test_sums_to_date_never_fall_behind_what_is_known(rng: np.random.Generator) -> None:
    values, _ = example("to date", rng)
    told = forecaster(Regular("x", 12, 24000, values), 9)
    paths = told.paths()
    assert paths.shape[1] == 9
    rows = told.quantiles(QUANTILES)
    assert rows[0, 0] > values[-1], "flows of this series are positive"
    assert rows[9, 5] < rows[9, 4], "the year begins again"


def test_a_folder_is_one_call_and_faults_stand_beside_answers(
    tmp_path: Path, write_series: Write, rng: np.random.Generator
) -> None:
    for i in range(18):
        walk = 100 + np.cumsum(rng.standard_normal(40))
        rows: list[tuple[str, object]] = [(str(1980 + j), x) for j, x in enumerate(walk)]
        write_series(tmp_path / f"{i:02d}.csv", rows)
    write_series(tmp_path / "short.csv", [("2000", 1)])
    seen: list[tuple[int, int]] = []
    told = series_outlooks(tmp_path, 2, jobs=2, progress=lambda *x: seen.append(x))
    assert seen[-1] == (19, 19)
    assert "short.csv" in told["short.csv"]["error"][0]
    assert told["03.csv"] == series_outlook(tmp_path / "03.csv", 2)


CASES = Path(__file__).parent / "cases"


def test_shipped_cases_are_sane() -> None:
    money = series_outlook(CASES / "real_fx_redenominated.csv", 6)
    assert money["series"]["breaks"]
    middle, low, high = (np.array(money["quantiles"][q]) for q in ("0.50", "0.05", "0.95"))
    assert (low > 587.2 / 3).all()
    assert (high < 587.2 * 3.5).all()
    assert (np.abs(np.log(middle / 587.2)) < 0.5).all()
    prices = series_outlook(CASES / "real_inflation_past_hyper.csv", 6)
    assert all(0 <= x <= 10 for x in prices["quantiles"]["0.50"])
    assert max(prices["quantiles"]["0.95"]) < 30
    sums = series_outlook(CASES / "ytd_short_2y_one_dip.csv", 6)
    assert sums["series"]["to_date"]
    assert sums["assumed"]["to_date"].startswith("yes: the year begins at 13%")
    plain = series_outlook(CASES / "ytd_no_january.csv", 9)
    padded = series_outlook(CASES / "ytd_no_january_trailing_empty.csv", 9)
    assert plain["dates"][0] == padded["dates"][0] == "2012-06"
    assert plain["quantiles"] == padded["quantiles"]


def test_truncating_equals_never_having_had_later_data(
    tmp_path: Path, pack: Pack, write_series: Write
) -> None:
    rows: list[tuple[str, object]] = list(pack.history["ppi_yoy"])
    whole = write_series(tmp_path / "ppi.csv", rows)
    cut = write_series(tmp_path / "cut.csv", [r for r in rows if r[0] <= "2010-06"])
    early = series_outlook(whole, 3, as_of="2010-06-30")
    never = series_outlook(cut, 3)
    assert early["quantiles"] == never["quantiles"]
    assert early["weights"] == never["weights"]
    assert early["coverage"] == never["coverage"]


def test_the_shape_of_the_answer(tmp_path: Path, pack: Pack, write_series: Write) -> None:
    path = write_series(tmp_path / "gdp.csv", list(pack.history["xuchang_gdp"]))
    told = json.loads(json.dumps(series_outlook(path, 2), allow_nan=False))
    assert list(told["quantiles"]) == [f"{q:.2f}" for q in QUANTILES]
    assert all(len(row) == 2 for row in told["quantiles"].values())
    assert sum(told["weights"].values()) == pytest.approx(1.0)
    assert told["dates"] == ["2012", "2013"]
    assert {line["nominal"] for line in told["coverage"]} == {0.5, 0.8, 0.9}
    assert all(line["origins"] > 0 for line in told["coverage"])
    assert told["series"]["kind"] == "level"
    assert series_outlook(path, 2) == series_outlook(path, 2), "from cache and from memory"


def test_sums_to_date_stay_sums_to_date(pack: Pack) -> None:
    series = regular("fai_ytd", dict(pack.history["fai_ytd"]))
    told = forecast(series, 9)
    middle = np.array(told["quantiles"]["0.50"])
    assert told["dates"][-1] == "2012-12"
    assert (np.diff(middle) > 0).all()
    assert 330_000 < middle[-1] < 400_000
    crossing = forecast(series.until(12 * 2011 + 10), 3)
    assert crossing["dates"] == ["2011-12", "2012-02", "2012-03"], "no January"
    assert crossing["quantiles"]["0.50"][1] < 0.2 * crossing["quantiles"]["0.50"][0]


def test_half_the_drift_of_a_boom(rng: np.random.Generator) -> None:
    """A boom is not carried forward whole: the median grows less than its past mean."""
    steps = np.concatenate([np.full(10, 0.25), np.full(4, 0.10)]) + 0.01 * rng.standard_normal(14)
    values = np.exp(np.cumsum(steps))
    growth = quantiles(values, horizon=5)[9, -1] / values[-1]
    assert 1.0 < growth < np.exp(5 * steps.mean())


def test_calm_years_do_not_inherit_the_crisis(rng: np.random.Generator) -> None:
    crisis = np.concatenate([np.cumsum(2.0 * rng.standard_normal(24)), np.zeros(72)])
    crisis[24:] = crisis[23]
    values = crisis + np.cumsum(np.r_[np.zeros(24), 0.2 * rng.standard_normal(72)])
    rows = quantiles(values, 12, 6, 12 * 2005)
    whole = np.diff(values).std() * 1.2816 * 2 * np.sqrt(6)
    assert rows[17, -1] - rows[1, -1] < 0.8 * whole


def test_horizon_and_length_are_checked() -> None:
    with pytest.raises(SeriesError, match="allowed: 1 to 10"):
        forecast(Regular("x", 1, 2000, np.arange(9.0)), 11)
    with pytest.raises(TooShortError):
        forecast(Regular("x", 1, 2000, np.arange(3.0)), 1)


def test_errors_name_the_file(tmp_path: Path, write_series: Write) -> None:
    path = write_series(tmp_path / "short.csv", [("2000", 1), ("2001", 2)])
    with pytest.raises(TooShortError, match=r"short\.csv"):
        series_outlook(path, 1)


def coverage(n: int, runs: int, seed: int, assume: Assume | None = None) -> float:
    """Chance that the next value of a random walk with drift lies in the 90% interval.

    Mean over simulated histories; given the history the chance is exact.
    """
    rng = np.random.default_rng(seed)
    growth = NormalDist(0.22, 0.10)
    chances = []
    for _ in range(runs):
        values = np.exp(np.cumsum(growth.mean + growth.stdev * rng.standard_normal(n)))
        rows = forecast(Regular("x", 1, 2000, values), 1, assume)["quantiles"]
        low, high = (float(np.log(rows[q][0] / values[-1])) for q in ("0.05", "0.95"))
        chances.append(growth.cdf(high) - growth.cdf(low))
    return float(np.mean(chances))


def test_simulated_coverage_quickly() -> None:
    assert 0.85 <= coverage(8, 150, 8) <= 0.96  # of 20 histories the error is 0.01


@pytest.mark.long
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("n", [8, 20, 60])
def test_simulated_coverage_of_the_default_interval(n: int) -> None:
    """Of a series that is known to be a level 90%; in doubt more, since the interval holds for a rate, too.

    Eight values are called a level with a chance of 0.73; the doubt goes as values come.
    """
    stated, doubtful = coverage(n, 300, n, Assume(level=True)), coverage(n, 300, n)
    print(f"{n} values: stated {stated:.4f}, in doubt {doubtful:.4f}")
    assert 0.87 <= stated <= 0.93
    assert stated - 0.01 <= doubtful <= (0.93 if n > 8 else 0.96)
