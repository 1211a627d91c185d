"""Scores of hindcasts: known laws, bounds, simple forecasts, and the seal."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtri
from scipy.stats import kstest

from xuchang_sim.answers.hindcast import Hindcast, hindcast
from xuchang_sim.answers.panels import Panel, normal_crps, null_scores, nulls
from xuchang_sim.answers.predictive import LEVELS, Forecast
from xuchang_sim.answers.rules import rules_digest
from xuchang_sim.answers.scoring import (
    BINS,
    Scores,
    histogram,
    log_score,
    pooled,
    quantile_crps,
    score,
    score_row,
    seal_of,
    transform,
)
from xuchang_sim.answers.simple import attainment, best_simple, known_null, simple_forecasts
from xuchang_sim.answers.skill import read_seal, skill, write_seal
from xuchang_sim.pack.cases import CaseRow
from xuchang_sim.study import simulate

Z = ndtri(np.asarray(LEVELS))
HEAD = "case,place,year,information_date,quantity,kind,value,unit,published,note\n"
CASES, POINTS = 30, 15.0


def normal(mean: float, sd: float, **changed: object) -> Forecast:
    """Growth forecast by a normal law, fractions."""
    given = {
        "case": "a",
        "place": "A",
        "year": 2012,
        "information_date": date(2012, 4, 20),
        "quantity": "revenue_growth",
        "measure": "revenue",
        "unit": "比例",
        "base": 1.0,
        "target": None,
        "last_growth": 0.2,
        "quantiles": tuple((mean + sd * Z).tolist()),
        "p_target": None,
        "note": "",
    }
    return Forecast(**{**given, **changed})  # type: ignore[arg-type]


def test_crps_of_quantiles_is_near_that_of_the_law() -> None:
    for actual in (-8.0, 0.0, 3.0, 25.0):
        exact = float(normal_crps(np.array(2.0), np.array(10.0), np.array(actual)))
        assert_allclose(quantile_crps(2.0 + 10.0 * Z, actual), exact, atol=0.6)


def test_a_bound_far_beyond_the_forecast_costs_and_one_below_it_does_not() -> None:
    q = 20.0 + 5.0 * Z
    assert quantile_crps(q, -50.0, "at_least") == 0.0
    assert quantile_crps(q, 90.0, "at_most") == 0.0
    assert_allclose(quantile_crps(q, 60.0, "at_least"), quantile_crps(q, 60.0))
    assert quantile_crps(q, 20.0, "at_least") < quantile_crps(q, 20.0)


def test_pit_is_the_law_between_and_beyond_the_quantiles() -> None:
    from scipy.special import ndtr

    for z in (-3.0, -1.7, -0.1, 0.0, 0.4, 2.5):
        assert_allclose(transform(4.0 + 2.0 * Z, 4.0 + 2.0 * z), ndtr(z), rtol=1e-6)


def test_bounds_are_spread_over_the_histogram() -> None:
    assert_allclose(histogram([(0.0, 1.0)]), [1 / BINS] * BINS)
    assert_allclose(histogram([(0.6, 1.0), (0.1, 0.1)]), [0.5, 0, 0, 0.25, 0.25], atol=1e-12)


def test_a_bound_leaves_a_target_open_only_on_its_own_side() -> None:
    aim = normal(0.2, 0.1, target=0.3, p_target=0.16)
    assert score_row(aim, 0.25, "at_least").met is None
    assert score_row(aim, 0.35, "at_least").met is True
    assert score_row(aim, 0.25, "at_most").met is False
    assert score_row(aim, 0.35, "at_most").met is None
    assert_allclose(score_row(aim, 0.25).log["model"], log_score(0.16, met=False))


def test_simple_forecasts_know_what_was_published_and_no_more() -> None:
    early, late = (
        known_null("industry", date(2012, 2, 14)),
        known_null("industry", date(2012, 4, 25)),
    )
    assert early is not None
    assert late is not None
    assert (early.last_year, late.last_year) == (2010, 2011)
    assert_allclose((late.intercept, late.slope, late.ar1_sd), (14.4, 0.25, 10.7), atol=0.06)
    assert known_null("industry", date(2001, 1, 1)) is None
    assert attainment("output", date(2012, 4, 25)).mean == 0.875
    assert attainment("output", date(2008, 1, 1)).mean == 1.0
    assert attainment("output", date(2014, 2, 1)).mean < 0.9
    day = date(2012, 4, 25)
    assert set(simple_forecasts("revenue", day, None, None)) == {"ar1", "panel_mean"}
    assert set(simple_forecasts("revenue", day, 20.0, 30.0)) == {
        "persistence", "ar1", "panel_mean", "attainment",
    }  # fmt: skip


def test_the_simple_half_reaches_no_further_than_its_panel_and_is_wider_for_a_zone() -> None:
    day = date(2012, 4, 25)
    for measure in ("revenue", "fai"):
        plain = simple_forecasts(measure, day, 20.0, None)["ar1"]
        found = best_simple(measure, day, 20.0)
        assert found is not None
        assert found[0] == "ar1"
        assert found[1].mean == plain.mean
        assert found[1].sd > plain.sd
        far, farther = best_simple(measure, day, 90.0), best_simple(measure, day, 900.0)
        assert far == farther
    assert best_simple("workers", day, 20.0) is None
    assert best_simple("revenue", date(1999, 1, 1), 20.0) is None


def test_a_pool_is_no_worse_than_the_mean_of_its_halves(
    made: tuple[Hindcast, dict[str, float]],
) -> None:
    for forecast in _growth(made[0]):
        assert forecast.parts is not None
        simple = forecast.parts.simple.mean + forecast.parts.simple.sd * Z
        for actual in (-0.3, 0.0, 0.2, 0.4, 1.0):
            losses = [quantile_crps(np.array(q), actual) for q in (forecast.alone, simple)]
            whole = quantile_crps(np.array(forecast.quantiles), actual)
            assert whole <= np.mean(losses) + 0.004  # 19 quantiles each
        assert forecast.quantiles[9] <= max(forecast.alone[9], simple[9])
        assert forecast.quantiles[9] >= min(forecast.alone[9], simple[9])


def test_rows_of_one_case_and_year_are_one_cluster() -> None:
    one = score_row(normal(0.2, 0.1), 0.3)
    twice = [one, one._replace(quantity="fai_growth"), one._replace(case="b", place="B")]
    found = pooled(twice)
    assert found.clusters == 2
    assert found.years == 1
    alone = pooled([one])
    assert np.isnan(alone.differences["ar1"].counts)
    assert alone.verdict == "unproven"


def test_panels_recover_an_autoregression_and_use_no_later_year() -> None:
    rng = np.random.default_rng(1)
    growth = np.full((400, 9), 15.0)
    for year in range(1, 9):
        growth[:, year] = 6.0 + 0.6 * growth[:, year - 1] + rng.normal(0.0, 5.0, 400)
    panel = Panel("industry", tuple(range(2000, 2009)), tuple(map(str, range(400))), growth)
    last = nulls(panel)[-1]
    assert_allclose((last.intercept, last.slope, last.ar1_sd), (6.0, 0.6, 5.0), atol=0.7)
    changed = growth.copy()
    changed[:, 8] += 50.0
    assert nulls(panel._replace(growth=changed))[-2] == nulls(panel)[-2]
    scores = null_scores(panel, [2006])
    assert scores["ar1"][0] < scores["persistence"][0]


# ------------------------------------------------- a folder whose truth is known


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hindcast, dict[str, float]]:
    """Forecasts of made-up cases, and an outcome of each drawn from the model with other draws."""
    path = tmp_path_factory.mktemp("synthetic") / "cases.csv"
    text = "".join(
        f"c{k},Place {k},2012,2012-04-20,{name},base,{value},1e8 CNY,2012-02-01,\n"
        for k in range(CASES)
        for name, value in (("revenue", 200 + 20 * k), ("fai", 60 + 5 * k))
    )
    path.write_text(HEAD + text, encoding="utf-8")
    forecasts, truth = hindcast(path, replicates=60), hindcast(path, replicates=60, seed=77)
    levels = np.random.default_rng(20120425).uniform(0.0, 1.0, CASES)
    drawn = {
        f.case: float(np.interp(ndtri(u), Z, f.quantiles, left=np.nan, right=np.nan))
        for f, u in zip(_growth(truth), levels, strict=True)
    }
    for f, u in zip(_growth(truth), levels, strict=True):
        if np.isnan(drawn[f.case]):  # beyond the outer quantiles: the normal tail
            q, z = np.array(f.quantiles), ndtri(u)
            end = (0, 1) if z < 0 else (-2, -1)
            slope = (q[end[1]] - q[end[0]]) / (Z[end[1]] - Z[end[0]])
            drawn[f.case] = float(q[end[0]] + slope * (z - Z[end[0]]))
    return forecasts, drawn


def _growth(found: Hindcast) -> list[Forecast]:
    return [f for f in found.forecasts if f.quantity == "revenue_growth"]


def _scored(made: tuple[Hindcast, dict[str, float]], shift: float) -> Scores:
    """Scores with the truth moved by points; last year's growth is where the truth now lies."""
    found, truth = made
    shifted = {case: x + shift / 100.0 for case, x in truth.items()}
    centre = float(np.mean(list(shifted.values())))
    forecasts = tuple(replace(f, last_growth=centre) for f in _growth(found))
    rows = [
        CaseRow(case, "revenue_growth", "outcome", x, "比例", date(2013, 2, 1), "", "", "", "", 0)
        for case, x in shifted.items()
    ]
    return score(replace(found, forecasts=forecasts), rows)


def test_truth_drawn_from_the_model_has_uniform_pit(
    made: tuple[Hindcast, dict[str, float]],
) -> None:
    scores = _scored(made, 0.0)
    assert len(scores.rows) == CASES
    pits = [row.pit[0] for row in scores.rows]
    assert kstest(pits, "uniform").pvalue > 0.05
    assert 0.6 < scores.coverage[0.8] <= 1.0
    assert scores.verdict != "worse"


@pytest.mark.parametrize("shift", [-POINTS, POINTS])
def test_a_truth_shifted_by_15_points_is_worse_than_the_null(
    made: tuple[Hindcast, dict[str, float]], shift: float
) -> None:
    scores = _scored(made, shift)
    assert scores.verdict == scores.to_dict()["as_written"]["verdict"] == "worse"
    assert scores.better == "persistence"
    gap = scores.differences["persistence"]
    assert gap.low > 0.0
    assert_allclose(gap.high - gap.low, 2 * gap.counts)
    pits = [row.pit[0] for row in scores.rows]
    assert kstest(pits, "uniform").pvalue < 1e-4


# ---------------------------------------------------------------------- the seal


def test_the_seal_is_what_was_scored_and_knows_when_it_is_stale(
    made: tuple[Hindcast, dict[str, float]], tmp_path: Path
) -> None:
    scores = _scored(made, -POINTS)
    path = write_seal(seal_of(made[0], scores), tmp_path / "skill.json")
    seal = read_seal(path)
    assert seal is not None
    assert seal["whole_packs"] == seal["case_years"] == CASES
    assert_allclose(seal["crps"]["model"], scores.crps["model"])
    results = simulate("plan", replicates=20, through="2012-12")
    told = skill(results, path)
    assert told["measured"]
    assert not told["stale"]
    assert told["simple_first"]
    low, high = told["intervals"]["revenue_growth"]["simple"]
    assert low < high
    path.write_text(json.dumps(seal | {"rules": "0" * 64}), encoding="utf-8")
    assert skill(results, path)["stale"]
    assert len(rules_digest()) == 64
    missing = skill(results, tmp_path / "none.json")
    assert not missing["measured"]
    assert missing["whole_packs"] == 0
