"""Discovery: PRIM finds planted boxes and agrees with a published analysis; robustness orders scenarios."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from xuchang_sim.answers.discovery import uncertain
from xuchang_sim.answers.packages import parse_goal
from xuchang_sim.answers.prim import prim, simplified
from xuchang_sim.answers.robustness import info_gap
from xuchang_sim.pack.load import Pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.study import discover, robustness
from xuchang_sim.yamlfile import InputError

DATA = Path(__file__).parent / "data"


def planted(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(3).random((n, 4))
    return x, (x[:, 0] < 0.4) & (x[:, 2] > 0.7)


def test_a_planted_box_is_found() -> None:
    x, interest = planted()
    box = prim(x, interest, "abcd", density=0.95)
    assert set(box.restricted) == {"a", "c"}
    limits = dict(zip(box.names, box.step.limits, strict=True))
    assert limits["a"][1] == pytest.approx(0.4, abs=0.05)
    assert limits["c"][0] == pytest.approx(0.7, abs=0.05)
    assert box.step.coverage > 0.8
    assert box.step.density >= 0.95
    assert max(box.quasi_p["a"][1], box.quasi_p["c"][0]) < 1e-6
    assert math.isnan(box.quasi_p["a"][0])


def test_every_step_counts_its_own_cases() -> None:
    x, interest = planted(600)
    box = prim(x, interest, "abcd")
    for step in box.steps:
        limits = np.array(step.limits).T
        inside = ((x >= limits[0]) & (x <= limits[1])).all(axis=1)
        assert step.cases == inside.sum()
        assert step.hits == interest[inside].sum()
        assert step.coverage == pytest.approx(step.hits / interest.sum())
        assert step.density == pytest.approx(step.hits / step.cases)
    masses = [step.mass for step in box.steps[:-1]]
    assert masses == sorted(masses, reverse=True)
    assert all(step.mass >= 0.05 for step in box.steps)


def test_prim_agrees_with_the_published_analysis_within_one_peel() -> None:
    """Data of Bryant and Lempert (2010), as shipped with the Exploratory Modelling Workbench.

    The reference is that package's own box of those data, peel by peel.
    """
    frame = pd.read_csv(DATA / "bryant.csv")
    reference = json.loads((DATA / "bryant_prim.json").read_text(encoding="utf-8"))
    x, interest = frame.drop(columns="missed"), frame["missed"].to_numpy() == 1
    box = prim(x.to_numpy(dtype=float), interest, [str(name) for name in x])
    theirs = reference["trajectory"]
    assert abs(len(box.steps) - len(theirs)) <= 1
    for k, step in enumerate(box.steps):
        near = theirs[max(0, k - 1) : k + 2]
        assert any(abs(step.density - row["density"]) < 1e-9 for row in near), k
        assert any(abs(step.coverage - row["coverage"]) < 1e-9 for row in near), k
    final = dict(zip(box.names, box.step.limits, strict=True))
    for name, (low, high) in reference["box"].items():
        assert final[name] == pytest.approx((low, high), abs=1e-5 * (1 + abs(high))), name
    for name, pair in reference["quasi_p"].items():
        mine = [-1.0 if math.isnan(v) else v for v in box.quasi_p[name]]
        assert mine == pytest.approx(pair, rel=1e-6, abs=1e-15), name


def test_limits_that_chance_explains_are_dropped() -> None:
    x, interest = planted(300)
    x = np.concatenate([x, np.random.default_rng(9).random((300, 20))], axis=1)
    names = [f"x{k}" for k in range(24)]
    box = prim(x, interest, names, density=0.95)
    plain = simplified(x, interest, box)
    assert set(plain.restricted) <= set(box.restricted)
    assert {"x0", "x2"} <= set(plain.restricted)
    assert len(plain.restricted) <= 4
    assert plain.step.coverage >= box.step.coverage
    noise = simplified(x, np.random.default_rng(1).random(300) < 0.5, prim(x, interest, names))
    assert all(p <= 0.05 for pair in noise.quasi_p.values() for p in pair if not math.isnan(p))


def test_quasi_p_is_a_binomial_tail() -> None:
    x, interest = planted(500)
    box = prim(x, interest, "abcd", density=0.9)
    limits = np.array(box.step.limits).T
    limits[1, 0] = 1.0
    wider = ((x >= limits[0]) & (x <= limits[1])).all(axis=1)
    expected = binom.sf(box.step.hits - 1, box.step.cases, interest[wider].mean())
    assert box.quasi_p["a"][1] == pytest.approx(expected)


def test_prim_refuses_what_it_cannot_order() -> None:
    with pytest.raises(ValueError, match="finite"):
        prim(np.array([[math.nan], [1.0]]), np.array([True, False]), "a")


def test_missing_the_share_of_investment_has_a_region(pack: Pack) -> None:
    found = discover("plan", "fai_share", replicates=1200, pack=pack, parameters="sampled")
    assert 0.0 < found.share < 1.0
    assert found.boxes
    box = found.boxes[0]
    assert box.step.density > found.share
    assert "demand_growth" in found.names
    data = found.to_dict()
    assert data["missed"] == found.share
    for limit in data["boxes"][0]["limits"]:
        assert limit["low"] is not None or limit["high"] is not None
        assert all(p <= 0.05 for p in (limit.get("p_low"), limit.get("p_high")) if p is not None)


def test_uncertain_factors_are_those_of_the_replicates(pack: Pack) -> None:
    setup = prepare(pack, 30, 5, "2012-12", "sampled")
    low, high = load_scenario("demand_low", pack), load_scenario("demand_high", pack)
    one, two = (uncertain(r) for r in run(setup, [Variant(low), Variant(high)], full=False))
    assert (two["demand_growth"] > one["demand_growth"]).all()
    assert np.array_equal(one["realised_yield"], two["realised_yield"])
    assert all(len(values) == 30 and np.ptp(values) > 0 for values in one.values())


def test_robustness_orders_scenarios(pack: Pack) -> None:
    found = robustness(
        ("no_plan", "plan"),
        "fai_growth",
        draws=6,
        replicates=4,
        pack=pack,
        parameters="sampled",
        key=("starts_growth",),
    )
    none, plan = found.rows
    assert plan.domain >= none.domain
    assert plan.regret_max == 0.0
    assert none.regret_max >= none.regret_mean > 0.0
    gaps = {gap.scenario: gap for gap in found.gaps}
    assert gaps["plan"].alpha > gaps["no_plan"].alpha
    assert gaps["plan"].p[0.0] >= 0.5
    assert gaps["no_plan"].p[0.0] < gaps["plan"].p[0.0]


def test_info_gap_is_the_last_deviation_that_holds(pack: Pack) -> None:
    setup = prepare(pack, 24, 2012, "2012-12", "central")
    goal = parse_goal("fai_growth", pack)
    gap = info_gap(setup, load_scenario("plan", pack), goal, ("starts_growth", "invest_realised"))
    assert gap.worst["starts_growth"] == -1.0
    assert all((p >= 0.5) == (alpha <= gap.alpha) for alpha, p in gap.p.items())


def test_wrong_questions_are_refused(pack: Pack) -> None:
    with pytest.raises(InputError, match="no target"):
        discover(goal="revenu", pack=pack)
    with pytest.raises(InputError, match="density"):
        discover(density=0.0, pack=pack)
