"""The market layer on panels, and one city in other eras."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from xuchang_sim.answers.discrepancy import Start, learn, student
from xuchang_sim.answers.eras import Era, EraTest, era_test
from xuchang_sim.answers.market import (
    GOAL,
    TOLERANCE,
    Layer,
    Year,
    history,
    layer_sample,
    market_layer,
    start,
)
from xuchang_sim.answers.panels import Panel, nulls, read_nulls, read_panels
from xuchang_sim.answers.simple import known_null
from xuchang_sim.pack.casepack import era_pack, national_year, shared_pack
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.yamlfile import InputError

PANELS = os.environ.get("XUCHANG_SIM_PANELS")
#: What a made-up class is believed to be before any of its years is known, points.
START = Start(scale=5.4, doubt=0.5, offset=2.0, offset_sd=1.2)
needs_panels = pytest.mark.skipif(
    PANELS is None,
    reason="the growth panels have no licence and are not shipped; set XUCHANG_SIM_PANELS to their folder",
)


def with_spread(pack: Pack, name: str, sd: float) -> Pack:
    """The pack with a discrepancy of one size."""
    from dataclasses import replace

    like = pack.parameters["premium"]
    given = replace(like, id=name, default=sd, range=(0.99 * sd, 1.01 * sd))
    return replace(pack, parameters={**pack.parameters, name: given})


def test_the_layer_covers_units_drawn_from_it() -> None:
    pack = with_spread(shared_pack(), "market_sd", 0.07)
    units = layer_sample(pack, np.full(1, 12.0), "industry", seed=1)
    sample = layer_sample(pack, np.full(1, 12.0), "industry", seed=2)
    low, high = np.quantile(sample, (0.1, 0.9))
    assert_allclose(((units >= low) & (units <= high)).mean(), 0.8, atol=0.03)
    assert 6.0 < sample.std() < 9.0


def test_national_growth_passes_whole() -> None:
    weak, strong = (layer_sample(shared_pack(), np.full(1, x), "industry", 1) for x in (0.0, 20.0))
    assert_allclose(strong - weak, 20.0)


def test_realised_growth_of_the_nation_is_that_of_the_published_months() -> None:
    for year, growth in ((2006, 19.7), (2009, 7.1), (2011, 19.7)):
        found = national_year(year)
        assert found is not None
        assert_allclose(100.0 * found, growth, atol=0.5)
    assert national_year(2012) is None
    assert national_year(2013) is None


def test_coverage_counts_years_not_cities() -> None:
    rows = tuple(
        Year("p", 2000 + k, 300, 0.0, 0.0, 1.0, 1.0, {0.8: share}, {}, 0.9, learn({}, {}, START))
        for k, share in enumerate((0.7, 0.9))
    )
    mean, error, years = Layer(rows, (), (), {}).coverage("p")
    assert_allclose((mean, error), (0.8, 0.1))
    assert years == 2


# ----------------------------------------------- discrepancy, learned from the years before


def drawn(
    rng: np.random.Generator, width: float, tails: float, offset: float = 2.0, years: int = 14
) -> Panel:
    """A class whose law is known: widths of years, common parts, own parts."""
    nation = {2000 + k: 15.0 for k in range(years)}
    growth = np.column_stack(
        [
            x
            + offset
            + rng.normal(0.0, 2.0)
            + width * np.exp(rng.normal(0.0, 0.25)) * rng.standard_t(tails, 150)
            for x in nation.values()
        ]
    )
    return Panel("industry", tuple(nation), tuple(map(str, range(150))), growth)


def covered(panel: Panel, first: int) -> float:
    """Mean coverage of rolling 80% intervals from a year on, the nation growing by 15."""
    nation = np.full(1, 15.0)
    shares = []
    for year in panel.years[first:]:
        growth, _ = history([panel], year)
        known = learn(growth, dict.fromkeys(growth, 15.0), START)
        low, high = np.quantile(
            layer_sample(shared_pack(), nation, "industry", 1, known), (0.1, 0.9)
        )
        here = panel.growth[:, panel.years.index(year)]
        shares.append(((here >= low) & (here <= high)).mean())
    return float(np.mean(shares))


@pytest.mark.parametrize(("width", "tails"), [(3.0, 30.0), (5.4, 4.0), (10.0, 3.0)])
def test_rolling_intervals_cover_classes_narrower_and_wider_than_the_prior(
    width: float, tails: float
) -> None:
    rng = np.random.default_rng(20)
    shares = [covered(drawn(rng, width, tails), 6) for _ in range(6)]
    assert_allclose(np.mean(shares), 0.8, atol=0.04)


def test_what_is_learned_is_the_law_and_the_prior_where_nothing_is() -> None:
    none = learn({}, {}, START)
    assert_allclose((none.scale, none.offset), (START.scale, START.offset))
    assert (none.years, none.paired) == (0, 0)
    panel = drawn(np.random.default_rng(3), 9.0, 4.0, offset=-3.0, years=40)
    growth, _ = history([panel], 2040)
    found = learn(growth, dict.fromkeys(growth, 15.0), START)
    assert_allclose(found.scale, 9.0, rtol=0.1)
    assert found.tails in {3.0, 4.0, 6.0}
    assert_allclose(found.offset, -3.0, atol=1.0)
    assert_allclose(found.scatter, 0.25, atol=0.06)
    assert_allclose(found.common, 2.0, atol=0.7)  # s.e. of 40 years 0.25, of a year's centre 1


def test_no_later_year_is_learned_from_and_a_larger_unit_scales_the_width() -> None:
    panel = drawn(np.random.default_rng(4), 6.0, 6.0)
    changed = panel.growth.copy()
    changed[:, 9:] *= 7.0
    for year in (2005, 2009):
        assert history([panel], year)[0].keys() == set(range(2000, year))
        one, two = (
            learn(history([p], year)[0], {}, START) for p in (panel, panel._replace(growth=changed))
        )
        assert one == two
    values = panel.growth[:, 0]
    centre, scale, _ = student(values, 6.0)
    moved = student(5.0 + 3.0 * values, 6.0)
    assert_allclose(moved[:2], (5.0 + 3.0 * centre, 3.0 * scale), rtol=1e-6)


def test_the_start_is_the_packs_own_prior_without_the_factor_of_zones() -> None:
    found, other = (start(shared_pack(), "industry", own=own) for own in (True, False))
    middle = shared_pack().parameters["market_sd"].prior.quantile(np.array([0.5]))[0]
    assert_allclose(found.scale, 100.0 * middle / 1.2, rtol=0.03)
    assert_allclose(found.offset, 2.0, atol=0.1)
    assert found._replace(doubt=other.doubt) == other
    assert found.doubt < 0.3 < other.doubt


def test_a_folder_without_panels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no growth panel"):
        market_layer(tmp_path)


def test_another_era_changes_dates_and_the_nation_only() -> None:
    city = load_pack()
    moved = era_pack(date(2022, 4, 25), 2022, city)
    assert moved.base == city.base
    assert moved.levers == city.levers
    credit = "credit_growth"  # follows the nation's money
    assert moved.parameters.keys() == city.parameters.keys()
    assert all(moved.parameters[n] == p for n, p in city.parameters.items() if n != credit)
    assert moved.parameters[credit].default == 0.097
    assert moved.parameters[credit].range == (0.037, 0.157)
    assert (moved.base_year, moved.plan_year) == (2021, 2022)
    last = max(
        series.records[-1].period for name, series in moved.history.items() if name == "ppi_yoy"
    )
    assert last == "2022-03"
    with pytest.raises(InputError, match="48 are needed"):
        era_pack(date(2018, 4, 25), 2018, city)


def test_the_slope_says_whether_growth_follows_the_nation() -> None:
    def era(nation: float, growth: float) -> Era:
        one = (growth, growth, growth)
        return Era(
            "2012-04-25", 2012, (nation,) * 3, one, one, one, None, 0.02, None, nation - 0.03, 0
        )

    whole = EraTest("c", (era(0.0, 0.1), era(0.2, 0.3)), 1.0, 1.0, 0.0, 0.01, 1, 1)
    assert whole.moves
    assert not EraTest("c", whole.eras, 0.5, 0.5, 0.0, 0.01, 1, 1).moves
    assert whole.off(whole.eras[0]) is None
    assert_allclose(whole.off_provinces(whole.eras[0]) or 0.0, 8.0)
    assert_allclose(whole.off(whole.eras[0]._replace(panel=0.04)) or 0.0, 6.0)
    assert_allclose(whole.off_alike(whole.eras[0]._replace(panel=0.04)) or 0.0, 2.0)
    assert_allclose(whole.off_zones(whole.eras[0]) or 0.0, 10.0 - 2.0 - 12.7)


@pytest.fixture(scope="module")
def found() -> EraTest:
    """One city in six eras."""
    return era_test(replicates=200)


def test_growth_moves_with_the_nations(found: EraTest) -> None:
    assert 0.8 <= found.slope <= 1.6
    assert 0.8 <= found.fai_slope <= 1.6
    assert found.moves
    assert found.fai_moves
    for era in found.eras:
        # Firms of the same scope: newly counted ones belong to no panel.
        ahead = 100.0 * (era.real[0] - era.nation[0] - found.premium)
        assert abs(ahead) <= 10.0, era


def test_where_the_nation_does_not_turn_the_level_is_that_of_last_years_cities(
    found: EraTest,
) -> None:
    """The line as it was asked: reported growth within ten points of last year's cities plus the premium."""
    literal = []
    for era in found.eras:
        off, turn = found.off(era), era.turn
        if off is not None and turn is not None and abs(turn) < 0.1:
            literal.append(era.year)
            assert abs(off) <= 10.0, era
            assert abs(100.0 * (era.real[0] - era.revenue[0]) + off) <= 10.0, era
    assert literal == [2012, 2022]


def test_like_with_like_the_level_is_that_of_last_years_cities_in_every_era(found: EraTest) -> None:
    alike = [off for era in found.eras if (off := found.off_alike(era)) is not None]
    assert len(alike) == 4
    assert max(map(abs, alike)) <= 10.0
    zones = [off for era in found.eras if (off := found.off_zones(era)) is not None]
    assert len(zones) == 4
    assert max(map(abs, zones)) <= 10.0


def test_no_growth_that_rises_with_the_nations_could_stand_near_last_years_cities(
    found: EraTest,
) -> None:
    """Why the line is not asked of 2010 and 2021: it would want less growth where the nation grows more.

    The premium is the same in both eras and falls out.
    """
    fell, rose = (next(era for era in found.eras if era.year == year) for year in (2012, 2021))
    assert fell.panel is not None
    assert rose.panel is not None
    assert fell.nation[0] < rose.nation[0]
    assert fell.panel - 0.1 > rose.panel + 0.1


def test_after_a_crisis_the_level_is_that_of_the_years_own_cities(found: EraTest) -> None:
    turned = [era for era in found.eras if era.panel is not None and abs(era.turn or 0.0) >= 0.1]
    assert [era.year for era in turned] == [2010, 2021]
    for era in turned:
        assert era.came is not None
        assert abs(found.off_came(era) or 0.0) <= 10.0, era
        assert abs(100.0 * (era.real[0] - era.came - found.premium)) <= 10.0, era


def test_a_rebound_is_counted_once(found: EraTest) -> None:
    """Growth less the nation's own forecast is no larger in years of rebound than in their neighbours."""
    ahead = {era.year: 100.0 * (era.real[0] - era.nation[0]) for era in found.eras}
    assert abs(ahead[2010] - ahead[2012]) <= 4.0
    assert abs(ahead[2021] - np.mean([ahead[2022], ahead[2024], ahead[2026]])) <= 4.0


@needs_panels
def test_shipped_numbers_are_those_of_the_panels() -> None:
    folder = Path(PANELS or "")
    shipped = {
        (null.kind, null.last_year): null
        for null in read_nulls(Path(__file__).parents[2] / "src/xuchang_sim/answers/nulls.csv")
    }
    for panel in read_panels(folder):
        for null in nulls(panel):
            there = shipped[null.kind, null.last_year]
            assert_allclose(there[2:], null[2:], atol=1e-4)


@needs_panels
def test_the_layer_beats_persistence_where_the_nations_growth_is_given() -> None:
    found = market_layer(Path(PANELS or ""))
    rows = [year for year in found.given if year.panel == "17 Henan cities"]
    assert len(rows) == 6
    assert np.mean([r.crps["model"] for r in rows]) < np.mean([r.crps["persistence"] for r in rows])


@needs_panels
def test_intervals_cover_eighty_in_a_hundred_given_the_nation() -> None:
    found = market_layer(Path(PANELS or ""))
    names = [name for name in found.panels if found.coverage(name)[2]]
    assert len(names) == 3
    for name in names:
        mean, _, years = found.coverage(name)
        assert years == 6
        assert abs(mean - GOAL) <= TOLERANCE, name


def test_a_panel_knows_its_year_of_release() -> None:
    null = known_null("fai", date(2012, 2, 27))
    assert null is not None
    assert null.last_year == 2010
