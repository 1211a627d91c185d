"""Outcomes of other cases reweight the shared priors: a wrong prior is found out, and no case learns of itself."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from xuchang_sim.answers.borrow import SHARED, Line, borrow, line
from xuchang_sim.answers.hindcast import Hindcast, hindcast
from xuchang_sim.answers.predictive import Forecast
from xuchang_sim.pack.cases import CaseRow

DAY = date(2012, 4, 20)
FUTURES = 2000
SCOPE = 0.05
#: Growth of the made-up model: in realised yield, pass-through, additionality; what is left open.
SLOPES, NOISE = np.array([1.0, 0.03, 0.05]), 0.08
TRUE_YIELD = 0.42


def priors(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draws of the shared parameters: the yield is believed to be about 0.6."""
    ends = ((0.35, 0.6, 0.8), (0.0, 1.5, 3.0), (0.2, 0.6, 1.0))
    return {name: rng.triangular(*end, FUTURES) for name, end in zip(SHARED, ends, strict=True)}


def made_up(rng: np.random.Generator, count: int, published: date) -> list[Line]:
    """Lines of cases whose truth has another yield than the prior's middle."""
    found = []
    for k in range(count):
        shared = priors(rng)
        noise = rng.normal(0.0, NOISE, FUTURES)
        growth = np.column_stack(list(shared.values())) @ SLOPES - 0.4 + noise
        truth = np.array([TRUE_YIELD, 1.5, 0.6]) @ SLOPES - 0.4
        outcome = truth + rng.normal(0.0, np.hypot(NOISE, SCOPE))
        told = (f"c{k}", f"Place {k}", 1800 + k, "revenue_growth", published, float(outcome))
        fitted = line(told, growth, shared, np.full(FUTURES, 1 / FUTURES), SCOPE)
        assert fitted is not None
        found.append(fitted)
    return found


def test_a_line_is_the_models_where_the_model_is_a_line() -> None:
    one, *_ = made_up(np.random.default_rng(1), 1, DAY)
    assert_allclose(one.slopes, SLOPES, atol=0.03)
    assert_allclose(one.sd, np.hypot(NOISE, SCOPE), rtol=0.05)
    few = line(
        ("a", "A", 2011, "x", DAY, 0.0),
        np.zeros(5),
        dict.fromkeys(SHARED, np.zeros(5)),
        np.ones(5),
        0.1,
    )
    assert few is None


def test_a_wrong_prior_is_found_out_the_more_cases_speak() -> None:
    rng = np.random.default_rng(2)
    mine, equal = priors(rng), np.full(FUTURES, 1 / FUTURES)
    lines = made_up(rng, 200, date(2012, 2, 1))
    away, share, width = [], [], []
    for count in (1, 10, 200):
        weights, said = borrow(("mine", "Mine", DAY), mine, equal, lines[:count])
        assert_allclose(weights.sum(), 1.0)
        first = said.learned[0]
        assert_allclose(first.mean_after, (weights * mine["realised_yield"]).sum())
        away.append(abs(first.mean_after - TRUE_YIELD))
        width.append(first.sd_after)
        share.append(said.effective)
    assert away[0] > away[1] > away[2]
    assert away[2] < 0.03
    assert width == sorted(width, reverse=True)
    assert 1.0 > share[0] > share[1] > share[2] > 0.0
    same_year = [one._replace(year=2011) for one in lines]
    _, said = borrow(("mine", "Mine", DAY), mine, equal, same_year)
    assert (
        width[0] > said.learned[0].sd_after > width[1]
    )  # 200 of one year count as fewer than three


def test_no_case_learns_of_itself_its_own_place_or_what_was_not_out() -> None:
    rng = np.random.default_rng(3)
    mine, equal = priors(rng), np.full(FUTURES, 1 / FUTURES)
    (one,) = made_up(rng, 1, date(2012, 2, 1))
    for other in (
        one._replace(case="mine"),
        one._replace(place="Mine"),
        one._replace(published=date(2012, 4, 21)),
    ):
        weights, said = borrow(("mine", "Mine", DAY), mine, equal, [other])
        assert weights is equal
        assert not said.used
        assert said.effective == 1.0
    assert said.unused == ("c0: revenue_growth (2012-04-21): after 2012-04-20",)
    twice = [one, one._replace(quantity="output_growth")]
    once, _ = borrow(("mine", "Mine", DAY), mine, equal, [one])
    both, _ = borrow(("mine", "Mine", DAY), mine, equal, twice)
    assert_allclose(once, both)  # rows of one case say the same thing twice


# --------------------------------------------------------------- through the model


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five cases of 2011, with outcomes published in 2012-02, and one of 2012-04."""
    head = "case,place,year,information_date,quantity,kind,value,unit,published,note\n"
    rows = "".join(
        f"c{k},Place {k},2011,2011-03-20,{name},base,{value},1e8 CNY,2011-02-01,\n"
        for k in range(5)
        for name, value in (("revenue", 200 + 90 * k), ("fai", 90 + 40 * k))
    )
    rows += "".join(
        f"later,Later,2012,2012-04-20,{name},base,{value},1e8 CNY,2012-02-01,\n"
        for name, value in (("revenue", 400), ("fai", 160))
    )
    path = tmp_path_factory.mktemp("borrow") / "cases.csv"
    path.write_text(head + rows, encoding="utf-8")
    return path


def of(found: Hindcast, case: str) -> list[Forecast]:
    return [f for f in found.forecasts if f.case == case]


def test_a_later_case_takes_what_earlier_ones_have_shown(table: Path) -> None:
    alone = hindcast(table, replicates=60)
    poor = [
        CaseRow(f.case, f.quantity, "outcome", f.quantiles[1], "比例", date(2012, 2, 1), "", "", "", "", 0)
        for f in alone.forecasts
        if f.quantity == "revenue_growth" and f.case != "later"
    ]  # fmt: skip
    found = hindcast(table, replicates=60, outcomes=poor)
    for case in ("c0", "c4"):  # nothing was out when they were dated
        assert [f.quantiles for f in of(found, case)] == [f.quantiles for f in of(alone, case)]
    said = {one.case: one for one in found.borrowed}
    assert not said["c0"].used
    assert len(said["later"].used) == 5
    assert 0.05 < said["later"].effective < 1.0
    known = {x.parameter: x for x in said["later"].learned}["realised_yield"]
    assert known.mean_after < known.mean
    before, after = (
        next(f for f in of(x, "later") if f.quantity == "revenue_growth") for x in (alone, found)
    )
    assert after.quantiles[9] < before.quantiles[9]
    assert "weighed by 5 outcomes of other cases" in after.note
    own = [replace(row, case="later") for row in poor[:1]]
    again = hindcast(table, replicates=60, outcomes=own)
    assert again.to_csv() == alone.to_csv()
