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
        return Era("2012-04-25", 2012, (nation, nation, nation), one, one, one, None, 0.02, None, 0)

    whole = EraTest("c", (era(0.0, 0.1), era(0.2, 0.3)), 1.0, 1.0, 0.0, 1, 1)
    assert whole.moves
    assert not EraTest("c", whole.eras, 0.5, 0.5, 0.0, 1, 1).moves
    assert whole.off(whole.eras[0]) is None
    assert_allclose(whole.off_provinces(whole.eras[0]) or 0.0, 8.0)
    assert_allclose(whole.off(whole.eras[0]._replace(panel=0.04)) or 0.0, 6.0)


#: Years after a crisis: the nation's own growth (which came true) stands 8 to 17 points above last year's cities.
AFTER_CRISES = {2010, 2021}
#: Investment of Henan's zones grew faster than the province's in the first quarter of 2012, points.
ZONES_AHEAD = 38.3 - 25.6


def test_growth_moves_with_the_nations() -> None:
    found = era_test(replicates=200)
    assert 0.8 <= found.slope <= 1.6
    assert 0.8 <= found.fai_slope <= 1.6
    assert found.moves
    assert found.fai_moves
    for era in found.eras:
        # Firms of the same scope: newly counted ones belong to no panel.
        ahead = 100.0 * (era.real[0] - era.nation[0] - found.premium)
        assert abs(ahead) <= 10.0, era
        if era.panel is not None and era.year not in AFTER_CRISES:
            assert abs(100.0 * (era.real[0] - era.panel - found.premium)) <= 10.0, era
        if era.panel is not None:
            # Last year's cities, moved by what the nation is forecast to do otherwise than last year.
            before = national_year(era.year - 1)
            assert before is not None
            turned = era.panel + era.nation[0] - before + found.premium
            assert abs(100.0 * (era.real[0] - turned)) <= 10.0, era
        if era.year in AFTER_CRISES:  # last year's cities say nothing of a rebound: that year's do
            came = known_null("industry", date(era.year + 1, 12, 31))
            assert came is not None
            assert came.last_year == era.year
            for growth in (era.real[0], era.revenue[0]):
                assert abs(100.0 * (growth - found.premium) - came.mean) <= 10.0, era
        if era.provinces is not None:
            ahead = 100.0 * (era.fai[0] - era.provinces) - ZONES_AHEAD
            assert abs(ahead) <= 10.0, era


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
