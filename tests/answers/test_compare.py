"""Comparison: paired differences, what pairing is worth, when, and what was moved."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from xuchang_sim.answers.compare import Comparison, paired, shift
from xuchang_sim.answers.forward import CLASSES, Seen, classify, forward
from xuchang_sim.cli import app
from xuchang_sim.pack.load import Pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.study import compare, simulate
from xuchang_sim.yamlfile import InputError


@pytest.fixture(scope="module")
def found(pack: Pack) -> Comparison:
    return compare("no_plan", "plan", replicates=30, pack=pack, parameters="sampled")


def test_the_interval_is_students() -> None:
    dice = np.random.default_rng(1)
    a = dice.normal(size=50)
    b = a + 0.3 + 0.1 * dice.normal(size=50)
    one = paired(a, b)
    theirs = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert (one.low, one.high) == pytest.approx((theirs.low, theirs.high))
    assert one.difference == pytest.approx((b - a).mean())
    apart = a.var(ddof=1) + b.var(ddof=1)
    assert one.variance_reduction == pytest.approx(apart / (b - a).var(ddof=1))


def test_the_replicates_needed_give_the_half_width() -> None:
    dice = np.random.default_rng(2)
    pilot = dice.normal(1.0, 2.0, 4000)
    wished = 0.05
    needed = paired(np.zeros(4000), pilot, wished).replicates_needed
    fresh = dice.normal(1.0, 2.0, int(needed))
    one = paired(np.zeros(int(needed)), fresh)
    assert (one.high - one.low) / 2 == pytest.approx(wished, rel=0.06)


def test_a_constant_difference_needs_one_replicate_and_one_replicate_says_little() -> None:
    a = np.array([1.0, 2.0, 3.0])
    assert paired(a, a + 1.0).replicates_needed == 1.0
    assert paired(a, a + 1.0).low == paired(a, a + 1.0).high == 1.0
    assert paired(a, a).difference == 0.0
    single = paired(a[:1], a[1:2])
    assert single.difference == 1.0
    assert math.isnan(single.se)


def test_shifts_count_who_reaches_it() -> None:
    a, b = np.array([5, 7, -1, 9, -1]), np.array([4, 7, 8, -1, -1])
    one = shift(a, b)
    assert (one.both, one.only_a, one.only_b, one.neither) == (0.4, 0.2, 0.2, 0.2)
    assert one.months == -0.5
    none = shift(np.array([-1, 3]), np.array([2, -1]))
    assert math.isnan(none.months)
    assert none.both == 0.0


def test_differences_are_those_of_two_runs(found: Comparison, pack: Pack) -> None:
    runs = [
        simulate(s, replicates=30, pack=pack, parameters="sampled") for s in ("no_plan", "plan")
    ]
    gap = runs[1].outcome("fai") - runs[0].outcome("fai")
    one = found.measures["fai"][2012]
    assert one.difference == pytest.approx(gap.mean(), abs=1e-12)
    assert one.se == pytest.approx(gap.std(ddof=1) / math.sqrt(30))
    assert one.variance_reduction > 1.0  # common random numbers are worth something
    chance = found.targets["fai_growth"]
    assert chance.b == pytest.approx((runs[1].outcome("fai_growth") >= 0.3 - 1e-9).mean())


def test_a_scenario_against_itself_differs_by_nothing(pack: Pack) -> None:
    same = compare("plan", "plan", replicates=6, pack=pack, parameters="sampled")
    for years in same.measures.values():
        assert all(one.difference == one.low == one.high == 0.0 for one in years.values())
    assert all(one.both in {0.0, 1.0} or one.months == 0.0 for one in same.attainment.values())
    assert same.moved["fai"].this_year == 0.0


def test_classes_of_starts_and_money_add_up_to_the_difference(pack: Pack) -> None:
    """Every start and every yuan of the year has one class; sums are those of the runs themselves."""
    setup = prepare(pack, 6, 2012, "2014-12", "sampled")
    one, two = (load_scenario(name, pack) for name in ("no_plan", "plan"))
    split = forward(setup, one, two)
    runs = run(replace(setup, branch=setup.policy_month - 1), [Variant(one), Variant(two)])
    assert split.pairs == 6
    for side, results in enumerate(runs):
        for table, measure in ((split.starts, "starts_1e8"), (split.money, "fai")):
            total = sum(row[side] for row in table.values())
            assert total == pytest.approx(results.outcome(measure).mean(), rel=1e-9), measure
    starts = {name: b - a for name, (a, b) in split.starts.items()}
    assert starts["same"] == 0.0
    assert starts["forward"] > 0.0
    assert all(starts[name] >= 0.0 for name in ("forward", "survivor", "waiting", "drawn"))
    assert all(starts[name] <= 0.0 for name in ("back", "crowded_out"))


def test_the_command_splits_the_difference_exactly() -> None:
    """Of the futures that are compared: classes of starts and money add up to the difference."""
    done = CliRunner().invoke(app, ["compare", "no_plan", "plan", "-n", "6", "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["forward"]["pairs"] == told["replicates"] == 6
    year = told["forward"]["year"]
    measures = {row["measure"]: row for row in told["measures"] if row["year"] == year}
    for table, measure in (("starts", "starts_1e8"), ("money", "fai")):
        rows = told["forward"][table].values()
        whole = measures[measure]
        assert all(row["difference"] == row["b"] - row["a"] for row in rows)
        for side in ("a", "b", "difference"):
            assert sum(row[side] for row in rows) == pytest.approx(whole[side], rel=1e-12), measure
    starts = [row["difference"] for row in told["forward"]["starts"].values()]
    gap = measures["starts_1e8"]["difference"]
    assert round(6 * sum(starts), 6) == round(6 * gap, 6) == round(6 * gap)


def test_a_project_has_the_class_of_what_it_does_in_both() -> None:
    window = range(100, 112)

    def seen(start: int, *, dropped: bool = False) -> Seen:
        return Seen({7: start}, frozenset([7] if dropped else []), {}, 0.0)

    nobody = Seen({}, frozenset(), {}, 0.0)
    cases = {
        "carried": (seen(90), seen(90)),
        "same": (seen(105), seen(101)),
        "forward": (seen(120), seen(101)),
        "survivor": (seen(0, dropped=True), seen(101)),
        "waiting": (seen(0), seen(101)),
        "drawn": (nobody, seen(101)),
        "back": (seen(101), seen(120)),
        "crowded_out": (seen(101), seen(0)),
        "later": (seen(120), seen(130)),
    }
    assert set(cases) == set(CLASSES)
    for name, (a, b) in cases.items():
        assert classify(7, a, b, window) == name


def test_what_was_settled_is_told_by_year(found: Comparison) -> None:
    assert found.forward is not None
    for years in found.predetermined.values():
        assert set(years) == {2012, 2013}
        assert 0.0 < years[2012].level <= 1.0 + 1e-9
    assert found.predetermined["fai"][2012].level < found.predetermined["revenue"][2012].level


def test_attainment_comes_earlier_with_the_plan(found: Comparison) -> None:
    one = found.attainment["fai"]
    assert one.both + one.only_a + one.only_b + one.neither == pytest.approx(1.0)
    assert one.months < 0.0 or one.only_b > one.only_a


def test_demand_may_differ_between_the_two(pack: Pack) -> None:
    one = compare("demand_low", "demand_high", replicates=6, pack=pack, parameters="sampled")
    assert one.measures["revenue"][2012].difference > 0.0
    assert one.to_dict()["a"] == "demand_low"


def test_wrong_questions_are_refused(pack: Pack) -> None:
    with pytest.raises(InputError, match="no measure"):
        compare("plan", "no_plan", measures=("revenu",), pack=pack)
    with pytest.raises(InputError, match="above 0"):
        compare("plan", "no_plan", half_width=0.0, pack=pack)
