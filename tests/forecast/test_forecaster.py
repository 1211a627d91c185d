"""The automatic forecaster: properties that must hold for any series."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from xuchang_sim.forecast import candidates as c
from xuchang_sim.forecast.forecaster import gather, members
from xuchang_sim.forecast.pool import combine, rules_for
from xuchang_sim.forecast.profile import profile
from xuchang_sim.forecast.report import QUANTILES, forecast, series_outlook
from xuchang_sim.forecast.series import Regular, SeriesError, TooShortError, regular
from xuchang_sim.pack.load import Pack

Write = Callable[[Path, Sequence[tuple[str, object]]], Path]

ALL = (
    c.Drift("drift"),
    c.Drift("naive", 0.0),
    c.Autoregression("growth", (1,)),
    c.Autoregression("level", (1, 2), order=0),
    c.Smoothing("ets", trend=True),
    c.Smoothing("fixed", alpha=0.3),
    c.Theta("theta"),
    c.StateSpace("arima", "sarimax", ((1, 1, 0), (0, 0, 0))),
    c.StateSpace("walk", "uc", ("rwdrift", False)),
)


def quantiles(
    values: np.ndarray, frequency: int = 1, horizon: int = 3, first: int = 2000
) -> np.ndarray:
    told = forecast(Regular("x", frequency, first, values), horizon)["quantiles"]
    return np.array([told[f"{q:.2f}"] for q in QUANTILES])


@pytest.mark.parametrize("candidate", ALL, ids=lambda x: x.name)
def test_every_candidate_samples_finite_paths_and_keeps_a_record(
    candidate: c.Candidate, rng: np.random.Generator
) -> None:
    z = np.cumsum(0.3 + rng.standard_normal(20))
    fitted = c.fit(candidate, z, 1)
    assert fitted.record.usable
    assert fitted.record.seconds > 0
    paths = fitted.sample(300, 4, np.random.default_rng(1))
    assert paths.shape == (300, 4)
    again = c.fit(candidate, z, 1).sample(300, 4, np.random.default_rng(1))
    assert np.array_equal(paths, again)
    assert paths.std(axis=0)[-1] > 0
    assert abs(float(np.median(paths[:, 0])) - z[-1]) < 5
    with pytest.raises(ValueError, match="at least 1"):
        fitted.sample(300, 0, np.random.default_rng(1))


@pytest.mark.parametrize("candidate", ALL, ids=lambda x: x.name)
def test_a_candidate_that_cannot_be_fitted_says_so(candidate: c.Candidate) -> None:
    fitted = c.fit(candidate, np.array([1.0, 2.0, 1.5]), 1)
    assert not fitted.record.usable or fitted.sampler is not None
    if not fitted.record.usable:
        assert candidate.name in fitted.record.error
        with pytest.raises(c.CandidateError):
            fitted.sample(10, 2, np.random.default_rng(0))


def test_draws_carry_parameter_uncertainty(rng: np.random.Generator) -> None:
    """The true model with its parameters unknown must be wider than with them known."""
    ratios = []
    for _ in range(40):
        z = np.cumsum(rng.standard_normal(9))
        paths = c.fit(c.Drift("drift"), z, 1).sample(2000, 3, rng)
        ratios.append(paths[:, 2].std() / (np.diff(z).std(ddof=1) * np.sqrt(3)))
    assert np.mean(ratios) > 1.25


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


@pytest.mark.parametrize("kind", ["level", "rate"])
def test_scale_and_shift_equivariance(kind: str, rng: np.random.Generator) -> None:
    steps = 0.08 + 0.05 * rng.standard_normal(18)
    values = 100 * np.exp(np.cumsum(steps)) if kind == "level" else 5 * rng.standard_normal(18)
    plain = quantiles(values)
    assert np.allclose(quantiles(values * 1e4), plain * 1e4, rtol=1e-9)
    assert np.allclose(quantiles(values / 3.0), plain / 3.0, rtol=1e-9)
    if kind == "rate":
        assert np.allclose(quantiles(values - 40.0), plain - 40.0, rtol=1e-9, atol=1e-9)


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


def test_the_pool_is_linear_and_weights_move_little(rng: np.random.Generator) -> None:
    values = np.exp(np.cumsum(0.1 + 0.05 * rng.standard_normal(16)))
    found = profile(values)
    material = gather(found, 3)
    pooled = combine(material, rules_for(found))
    assert pooled.weights.sum() == pytest.approx(1.0)
    ratio = (pooled.weights / material.priors)[np.array(material.logs)]
    assert ratio.max() / ratio.min() < 8
    low = min(np.quantile(s, 0.02, axis=0)[0] for s in material.final)
    high = max(np.quantile(s, 0.98, axis=0)[0] for s in material.final)
    assert low < np.median(pooled.sample, axis=0)[0] < high
    assert len(members(found)) == len(material.records)


def test_horizon_and_length_are_checked() -> None:
    with pytest.raises(SeriesError, match="allowed: 1 to 10"):
        forecast(Regular("x", 1, 2000, np.arange(9.0)), 11)
    with pytest.raises(TooShortError):
        forecast(Regular("x", 1, 2000, np.arange(3.0)), 1)


def test_errors_name_the_file(tmp_path: Path, write_series: Write) -> None:
    path = write_series(tmp_path / "short.csv", [("2000", 1), ("2001", 2)])
    with pytest.raises(TooShortError, match=r"short\.csv"):
        series_outlook(path, 1)


def test_growth_that_lasts_is_believed_in_time(rng: np.random.Generator) -> None:
    """The share of mean growth that is kept: a belief at first, then what the past shows."""
    fading = c.Autoregression("fading", centre=0.5, doubt=0.2)
    kept = []
    for n in (8, 200):
        z = np.cumsum(1.0 + 0.4 * rng.standard_normal(n))
        ahead = c.fit(fading, z, 1).sample(2000, 30, np.random.default_rng(0))
        kept.append(float(np.median(ahead[:, 29] - ahead[:, 9])) / 20 / float(np.diff(z).mean()))
    assert 0.55 < kept[0] < 0.95
    assert 0.9 < kept[1] < 1.05
    noise = 3.0 * rng.standard_normal(40)
    told = [c._share_kept(noise + shift, 0.5, 0.2, 9.0, 0.0) for shift in (0.0, 1e6)]
    assert told == pytest.approx([0.5, 1.0], abs=0.15)


def coverage(n: int, runs: int, seed: int) -> float:
    """Chance that the next value of a random walk with drift lies in the 90% interval.

    Mean over simulated histories; given the history the chance is exact.
    """
    rng = np.random.default_rng(seed)
    growth = NormalDist(0.22, 0.10)
    chances = []
    for _ in range(runs):
        values = np.exp(np.cumsum(growth.mean + growth.stdev * rng.standard_normal(n)))
        rows = quantiles(values, horizon=1)
        low, high = np.log(rows[[0, -1], 0] / values[-1])
        chances.append(growth.cdf(float(high)) - growth.cdf(float(low)))
    return float(np.mean(chances))


def test_simulated_coverage_quickly() -> None:
    assert 0.85 <= coverage(8, 20, 8) <= 0.96


@pytest.mark.long
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("n", [8, 20, 60])
def test_simulated_coverage_of_the_default_interval(n: int) -> None:
    found = coverage(n, 300, n)
    print(f"{n} values: {found:.4f}")
    assert 0.87 <= found <= 0.93
