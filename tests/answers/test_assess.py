"""Assessment and matrix: the contract, and what is measured around the answer."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from xuchang_sim.answers.assess import MODEL_ALONE, Assessment
from xuchang_sim.answers.matrix import MatrixResult, following_mean
from xuchang_sim.answers.paired import compare_years, correlation
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.draws import draw_parameters
from xuchang_sim.simulation.run import Batch, run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.study import assess, matrix
from xuchang_sim.yamlfile import InputError

PACK = load_pack()


@pytest.fixture(scope="module")
def found() -> Assessment:
    return assess("plan", replicates=60, seed=2012, pack=PACK)


@pytest.fixture(scope="module")
def data(found: Assessment) -> dict[str, Any]:
    return found.to_dict()


@pytest.fixture(scope="module")
def grid() -> MatrixResult:
    return matrix(replicates=12, pack=PACK, earlier=True)


def test_the_contract_of_assess(data: dict[str, Any]) -> None:
    keys = {"scenario", "replicates", "seed", "through", "targets", "joint", "attainment"}
    assert keys | {"settled", "manifest"} <= set(data)
    assert data["through"] == "2013-12"
    target = {"id", "label_zh", "label_en", "paragraph", "value", "unit", "direction", "p"}
    target |= {"p_low", "p_high", "median", "q05", "q95", "shortfall"}
    for row in data["targets"]:
        assert target <= set(row)
    ids = [row["id"] for row in data["targets"]]
    headline = "revenue revenue_growth fai fai_growth profit_tax outside_capital workers"
    assert set(headline.split()) | {"new_workers", "projects_1e8"} <= set(ids)
    assert set(data["joint"]) == {"ids", "p", "p_low", "p_high"}
    for row in data["attainment"].values():
        assert len(row["months"]) == len(row["p_by"])
    assert set(data["settled"]) == {"revenue", "fai"}
    assert {"package", "pack", "scenarios", "seed", "git"} <= set(data["manifest"])
    json.dumps(data, allow_nan=False)


def test_most_of_revenue_is_settled_less_of_investment_level(data: dict[str, Any]) -> None:
    detail = data["settled_detail"]
    assert detail["revenue"]["2012"]["level"] > 0.98
    assert detail["fai"]["2012"]["level"] < 0.9
    assert detail["fai"]["2013"]["level"] < detail["fai"]["2012"]["level"]
    assert 0.5 < detail["revenue"]["2012"]["variance"] <= 1.0


def test_conditioning_stands_in_the_answer(data: dict[str, Any]) -> None:
    for name in ("scale", "attempts", "firm_scale", "labour_scale", "intermediate"):
        assert {"mean", "min", "median", "max"} <= set(data["conditioning"][name])


def test_what_the_levers_move_stands_reported_and_real(
    found: Assessment, data: dict[str, Any]
) -> None:
    one, two = found.results, found.absent
    moved = compare_years(one, two, "fai")
    assert moved.this_year > 0
    nothing = compare_years(one, one, "fai")
    assert nothing.this_year == 0.0
    assert list(data["moved"]) == ["revenue", "revenue_real", "fai"]
    growth = data["real_and_reported"]
    reported = next(row for row in data["targets"] if row["id"] == "revenue_growth")
    assert growth["revenue_growth"]["p"] == reported["p"]
    assert growth["revenue_real_growth"]["p"] <= reported["p"]


def test_an_answer_without_months_says_the_same() -> None:
    whole = assess("plan", replicates=12, redraws=7, paired=4, pack=PACK)
    lean = assess("plan", replicates=12, redraws=7, paired=4, pack=PACK, full=False)
    assert lean.to_dict() == whole.to_dict()
    assert whole.results.city is not None
    for results in (lean.results, lean.absent):
        assert results.city is results.zone_years is results.sectors is None
    assert lean.absent.held is None
    with pytest.raises(ValueError, match="run it with its months"):
        lean.results.to_frame("city")


def test_later_years_are_run_for_the_companions_at_least() -> None:
    whole = assess("plan", replicates=16, redraws=5, pack=PACK, full=False).to_dict()
    some = assess("plan", replicates=16, redraws=5, extended=3, pack=PACK, full=False).to_dict()
    assert (whole["followed"], some["followed"], some["companions"]) == (16, 5, 5)
    assert some["paired"] == 5
    for row, other in zip(some["attainment"].values(), whole["attainment"].values(), strict=True):
        assert row["p_by"][:12] == other["p_by"][:12]
    same = whole.keys() - {"followed", "attainment"}
    assert {key: some[key] for key in same} == {key: whole[key] for key in same}


def test_fewer_companions_are_the_first_of_them() -> None:
    """What is measured on some is what would be measured on those alone."""
    some = assess("plan", replicates=16, redraws=9, paired=6, pack=PACK, full=False).to_dict()
    nine = assess("plan", replicates=9, redraws=9, paired=9, pack=PACK, full=False).to_dict()
    six = assess("plan", replicates=6, redraws=6, paired=6, pack=PACK, full=False).to_dict()
    assert (some["companions"], some["paired"]) == (9, 6)
    assert some["settled"] == nine["settled"]
    assert some["moved"] == six["moved"]
    for name, years in some["settled_detail"].items():
        for year, found in years.items():
            assert found["level"] == six["settled_detail"][name][year]["level"]
            assert found["variance"] == nine["settled_detail"][name][year]["variance"]
    with pytest.raises(InputError, match="redraws: 0: allowed: a whole number from 1 on"):
        assess("plan", replicates=4, redraws=0, pack=PACK)
    with pytest.raises(InputError, match="paired: 0: allowed"):
        assess("plan", replicates=4, paired=0, pack=PACK)


def test_variants_may_stand_in_any_order() -> None:
    """Results come in the order asked for, whatever each one's number of replicates."""
    setup = prepare(PACK, 4, 1)
    plan, empty = load_scenario("plan", PACK), load_scenario("no_plan", PACK)
    few, model = Variant(plan, most=2), Variant(plan, errorless=True, brief=True, most=3)
    variants = [Variant(plan), model, few, Variant(empty)]
    usual = [results.outcome("revenue_growth") for results in run(setup, variants, full=False)]
    assert [len(values) for values in usual] == [4, 3, 2, 4]
    for order in itertools.permutations(range(4)):
        mixed = run(setup, [variants[n] for n in order], full=False)
        for number, results in zip(order, mixed, strict=True):
            np.testing.assert_array_equal(results.outcome("revenue_growth"), usual[number])
    with pytest.raises(ValueError, match="the most first"):
        Batch(setup, [few, Variant(plan)], {}, full=False)


def test_an_assessment_may_draw_more_futures_again_than_it_reads_twice() -> None:
    """As a report does, which draws all of them again; the second reading has 256 at most."""
    count = MODEL_ALONE + 4
    found = assess("plan", replicates=count, redraws=count, paired=count, pack=PACK, full=False)
    assert (found.redraws, found.absent.replicates) == (count, count)
    assert found.model.replicates == MODEL_ALONE


def test_the_contract_of_matrix(grid: MatrixResult) -> None:
    data = grid.to_dict()
    assert len(data["cells"]) == 27
    assert len(data["earlier"]) == 27
    wanted = {"land", "finance", "labour", "p_revenue", "p_fai", "p_joint", "p_workers", "fai"}
    for cell in data["cells"]:
        assert wanted | {"starts_1e8", "workers", "revenue_next", "run_rate"} <= set(cell)
    assert {(c["land"], c["finance"], c["labour"]) for c in data["cells"]} == {
        (a, b, c)
        for a in ("low", "plan", "high")
        for b in ("low", "plan", "high")
        for c in ("low", "plan", "high")
    }
    by = {(c["land"], c["finance"], c["labour"]): c for c in data["cells"]}
    assert by["high", "high", "high"]["fai"] > by["low", "low", "low"]["fai"]


def test_a_matrix_of_one_replicate_says_what_it_cannot_know() -> None:
    data = matrix(replicates=1, pack=PACK).to_dict()
    assert "settled" not in data
    assert data["largest_difference"] == {}
    assert all(cell["p_fai"] in (0.0, 1.0) for cell in data["cells"])


def test_the_year_after_is_run_for_some_replicates_and_carried_to_all() -> None:
    whole = matrix(replicates=40, pack=PACK, extended=40)
    some = matrix(replicates=40, pack=PACK, extended=20)
    assert whole.to_dict()["followed"] == 40
    assert some.to_dict()["followed"] == 20
    for all_of_it, part in zip(whole.cells, some.cells, strict=True):
        assert part["revenue_next"] == pytest.approx(all_of_it["revenue_next"], rel=0.05)
        assert part["revenue_next"] != all_of_it["revenue_next"]
        assert {k: v for k, v in part.items() if k != "revenue_next"} == {
            k: v for k, v in all_of_it.items() if k != "revenue_next"
        }
    assert (whole.predetermined, whole.largest) == (some.predetermined, some.largest)
    with pytest.raises(InputError, match="extended: 0: allowed"):
        matrix(replicates=2, pack=PACK, extended=0)


def test_the_mean_of_the_followed_is_moved_along_their_regression() -> None:
    rng = np.random.default_rng(3)
    now = rng.normal(100.0, 10.0, 400)
    later = 20.0 + 1.2 * now + rng.normal(0.0, 3.0, 400)
    assert following_mean(now, later) == pytest.approx(later.mean())
    exact = 20.0 + 1.2 * now
    exact[50:] = np.nan
    assert following_mean(now, exact) == pytest.approx(20.0 + 1.2 * now.mean())
    regressed, plain = [], []
    for _ in range(200):
        rows = rng.permutation(400)
        seen = np.where(np.arange(400) < 40, later[rows], np.nan)
        regressed.append(following_mean(now[rows], seen) - later.mean())
        plain.append(np.nanmean(seen) - later.mean())
    assert abs(np.mean(regressed)) < 4 * np.std(regressed) / np.sqrt(200)
    assert np.std(regressed) < 0.4 * np.std(plain)
    assert following_mean(now[:1], later[:1]) == later[0]
    assert np.isnan(following_mean(now, np.full(400, np.nan)))


def test_draws_of_a_parameter_depend_on_nothing_else() -> None:
    few = draw_parameters(Setup(PACK, 10))
    many = draw_parameters(Setup(PACK, 50))
    fixed = draw_parameters(Setup(PACK, 50), {"starts_growth": 0.1})
    for name, values in few.items():
        assert np.array_equal(values, many[name][:10])
        low, high = PACK.parameters[name].low, PACK.parameters[name].high
        assert ((values >= low - 1e-12) & (values <= high + 1e-12)).all()
        if name != "starts_growth":
            assert np.array_equal(fixed[name], many[name])
    assert (fixed["starts_growth"] == 0.1).all()
    central = draw_parameters(Setup(PACK, 3, draws="central"))
    assert (central["realised_yield"] == PACK.parameters["realised_yield"].default).all()


def test_sampled_parameters_widen_the_answer() -> None:
    from xuchang_sim.pack.scenario import load_scenario

    plan = load_scenario("plan", PACK)
    wide = run(prepare(PACK, 150, 1), [Variant(plan)], full=False)[0]
    narrow = run(prepare(PACK, 150, 1, None, "central"), [Variant(plan)], full=False)[0]
    assert wide.outcome("revenue").std() > narrow.outcome("revenue").std()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replicates": 0}, "--replicates: 0: allowed: a whole number from 1"),
        ({"seed": -1}, "--seed: -1: allowed"),
        (
            {"through": "2011-06"},
            "--through: 2011-06 is before the end of plan_year; allowed: from 2012-12",
        ),
        ({"through": "2012-13"}, "--through"),
        ({"parameters": "guessed"}, "allowed: sampled, central"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        assess("plan", pack=PACK, **arguments)


LONG = """
import json
from xuchang_sim import load_pack, load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import Batch, run
from xuchang_sim.simulation.setup import Variant
pack = load_pack()
# Two, so that the months are reached that variants of a replicate no longer share.
variants = [Variant(load_scenario(name, pack)) for name in ("plan", "no_plan")]
results, other = run(prepare(pack, 1, 2012, "2015-12"), variants)
assert results.good.all() and other.good.all()
print(json.dumps([results.setup.years, {k: v.tolist() for k, v in results.outcomes.items()}]))
"""


def test_the_horizon_may_reach_the_packs_last_month() -> None:
    from xuchang_sim.study import simulate

    # Uncompiled: the longer run has a room of its own, which would take half a minute to compile.
    env = {**os.environ, "XUCHANG_SIM_UNCOMPILED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LONG], env=env, capture_output=True, text=True, check=True
    )
    years, outcomes = json.loads(done.stdout)
    assert years == [2011, 2012, 2013, 2014, 2015]
    short = simulate("plan", replicates=1, seed=2012, through="2012-12", pack=PACK)
    for name, values in short.outcomes.items():
        told = np.array(outcomes[name])[:, :2]
        assert np.array_equal(values, told, equal_nan=True), name


def testcorrelation_is_that_of_the_textbook_and_never_beyond_one() -> None:
    rng = np.random.default_rng(4)
    for slope in (-3.0, 0.0, 0.2, 1e3):
        one = rng.normal(1500.0, 100.0, 60)
        two = slope * one + rng.normal(0.0, 100.0, 60)
        assert correlation(one, two) == pytest.approx(np.corrcoef(one, two)[0, 1], abs=1e-12)
    for _ in range(200):
        one = rng.normal(1500.0, 100.0, 60)
        assert 1.0 - 1e-12 < correlation(one, 0.3 * one + 7.0) <= 1.0
        assert -1.0 <= correlation(one, 7.0 - 0.3 * one) < -1.0 + 1e-12
    assert np.isnan(correlation(np.ones(60), one))
