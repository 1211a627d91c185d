"""Paths of the drivers: addressed, shared, conditional, calibrated, and cheap from cache."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xuchang_sim.forecast import cache
from xuchang_sim.forecast.drivers import NAMES, _fit, _panel, _Streams, drivers
from xuchang_sim.pack.load import Pack

Monthly = dict[str, dict[str, float]]


def test_known_months_are_the_data(pack: Pack) -> None:
    found = drivers(pack, 3, 2012, "2013-12")
    data = dict(pack.history["industrial_value_added_yoy"])
    assert found.months[0] == "2008-01"
    assert found.months[found.known - 1] == "2012-03"
    assert len(found.months) == 72
    for i, month in enumerate(found.months[: found.known]):
        told = month if month in data else f"{month[:4]}-02"
        assert np.all(found.value_added_yoy[:, i] == data[told] / 100)
    assert np.all(found.climate[:, : found.known] == 1.0)
    for name in NAMES:
        assert np.isfinite(found.path(name)).all()


def test_a_path_depends_on_seed_and_replicate_only(pack: Pack) -> None:
    many = drivers(pack, 40, 7, "2012-12")
    few = drivers(pack, [5, 31], 7, "2013-06")
    for name in NAMES:
        assert np.array_equal(many.path(name)[[5, 31]], few.path(name)[:, : len(many.months)])
    other = drivers(pack, 40, 8, "2012-12")
    assert not np.array_equal(many.ppi_yoy, other.ppi_yoy)


def test_a_stream_begins_at_its_counter_whatever_was_drawn_before() -> None:
    streams = _Streams(2**63 + 5, 3)
    for replicate, continuation in ((4, 0), (0, 0), (4, 2), (10**9, 1), (4, 0)):
        key, counter = [2**63 + 5, 3], [0, 0, replicate, continuation]
        bits = np.random.Philox(key=np.array(key, np.uint64), counter=np.array(counter, np.uint64))
        anew, set_back = np.random.Generator(bits), streams.at(replicate, continuation)
        assert set_back.random() == anew.random()
        assert np.array_equal(set_back.standard_normal(5), anew.standard_normal(5))
        assert set_back.integers(2**31, dtype=np.int32) == anew.integers(2**31, dtype=np.int32)


def test_the_first_year_has_the_measured_error(pack: Pack) -> None:
    found = drivers(pack, 4000, 1, "2013-12")
    year = slice(found.known, found.known + 12)
    mean = (found.value_added_yoy + found.ppi_yoy)[:, year].mean(axis=1)
    assert mean.std() == pytest.approx(found.annual_sd, rel=0.05)
    centre = (found.value_added_central + found.ppi_central)[year].mean()
    assert mean.mean() == pytest.approx(centre, abs=0.005)
    assert 0.05 <= found.annual_sd <= 0.09
    assert found.origins >= 36
    scaled = found.scaled(np.linspace(0.05, 0.09, 4000))
    ratio = scaled.path("ppi_yoy")[:, year] - found.ppi_central[year]
    plain = found.ppi_yoy[:, year] - found.ppi_central[year]
    assert np.allclose(ratio[0] / plain[0], 0.05 / found.annual_sd)


def test_rounding_of_the_data_stays_rounding(pack: Pack, rng: np.random.Generator) -> None:
    """An estimate that doesn't converge shows here: it goes elsewhere with the last digits."""
    _, values, _ = _panel(pack, None)
    plain, moved = _fit(values), _fit(values * (1 + 1e-11 * rng.standard_normal(values.shape)))
    for name, array in plain.items():
        assert np.allclose(moved[name], array, rtol=0, atol=1e-7 * np.abs(array).max()), name


def test_a_shift_moves_the_first_year_by_that_many_sd(pack: Pack) -> None:
    plain = drivers(pack, 5, 1, "2013-12")
    low = drivers(pack, 5, 1, "2013-12", shift_sd=-1.0)
    gap = (low.value_added_yoy + low.ppi_yoy) - (plain.value_added_yoy + plain.ppi_yoy)
    year = slice(plain.known, plain.known + 12)
    assert np.allclose(gap[:, year].mean(axis=1), -plain.annual_sd)
    assert np.array_equal(low.ppi_central, plain.ppi_central)
    assert np.all(gap[:, : plain.known] == 0)


def test_replaced_driver_is_met_and_moves_the_others(pack: Pack) -> None:
    months = {f"2012-{m:02d}": -0.06 for m in range(4, 13)}
    plain = drivers(pack, 300, 1, "2012-12")
    held = drivers(pack, 300, 1, "2012-12", replace={"ppi_yoy": months})
    assert np.allclose(held.ppi_yoy[:, plain.known :], -0.06)
    assert not np.allclose(held.value_added_yoy[:, -1], plain.value_added_yoy[:, -1])
    own = dict(zip(plain.months[plain.known :], plain.ppi_yoy[7, plain.known :], strict=True))
    same = drivers(pack, [7], 1, "2012-12", replace={"ppi_yoy": own})
    assert np.allclose(same.value_added_yoy[0], plain.value_added_yoy[7], atol=1e-6)
    off = drivers(pack, 300, 1, "2012-12", replace={"fai_yoy": "off"})
    assert np.all(off.climate == 1.0)
    assert np.array_equal(off.ppi_yoy, plain.ppi_yoy)
    with pytest.raises(ValueError, match="unknown driver 'ppi'"):
        drivers(pack, 3, 1, "2012-12", replace={"ppi": months})
    with pytest.raises(ValueError, match="not a finite number"):
        drivers(pack, 3, 1, "2012-12", replace={"ppi_yoy": {"2012-05": float("nan")}})


def test_replaced_months_hold_at_any_scale_and_shift(pack: Pack) -> None:
    months = {"2012-05": 0.02, "2012-06": -0.01, "2019-01": 0.5}
    sd = np.linspace(0.05, 0.09, 20)
    held = drivers(
        pack, 20, 1, "2012-12", shift_sd=-2.0, replace={"ppi_yoy": months}, forecast_sd=sd
    )
    assert np.allclose(held.ppi_yoy[:, held.known + 1], 0.02)
    assert np.allclose(held.ppi_yoy[:, held.known + 2], -0.01)
    straight = drivers(pack, 20, 1, "2012-12", replace={"ppi_yoy": months}, forecast_sd=sd)
    assert np.all(held.value_added_yoy[:, -1] < straight.value_added_yoy[:, -1])
    plain = drivers(pack, 20, 1, "2012-12", forecast_sd=sd)
    assert np.array_equal(plain.ppi_yoy, drivers(pack, 20, 1, "2012-12").scaled(sd).ppi_yoy)
    with pytest.raises(ValueError, match="give it to drivers"):
        held.scaled(0.05)
    off = drivers(pack, 20, 1, "2012-12", shift_sd=-2.0, replace={"m2_yoy": "off"})
    assert np.all(off.credit == 1.0)
    centre = drivers(pack, 2, 1, "2012-12", replace={"ppi_yoy": months}, central=True)
    assert np.allclose(centre.ppi_yoy[:, centre.known + 1], 0.02)
    with pytest.raises(ValueError, match=r"2012-02: is data already; allowed: 2012-04 and later"):
        drivers(pack, 3, 1, "2012-12", replace={"ppi_yoy": {"2012-02": 0.0}})
    with pytest.raises(ValueError, match="out of range"):
        drivers(pack, 3, 1, "2012-12", replace={"ppi_yoy": {"2012-05": 11.0}})


def test_investment_leaves_out_growth_across_the_change_of_threshold(pack: Pack) -> None:
    found = drivers(pack, 400, 1, "2012-12")
    before, after = (found.months.index(m) for m in ("2010-12", "2012-02"))
    between = found.central["fai_yoy"][before : after + 1]
    assert np.all(np.diff(np.diff(between[:14])) < 1e-12), "a straight line where nothing is known"
    year = found.path("fai_yoy")[:, found.known + 8]
    assert 0.03 < year.std() < 0.10, "a spread of percentage points, not of tens of them"


def test_central_has_no_deviation(pack: Pack) -> None:
    found = drivers(pack, 3, 1, "2012-12", shift_sd=1.0, central=True)
    assert np.array_equal(found.ppi_yoy, np.tile(found.ppi_central, (3, 1)))


def test_another_continuation_shares_the_past(pack: Pack) -> None:
    one = drivers(pack, 20, 1, "2013-12")
    two = drivers(pack, 20, 1, "2013-12", redraw=1, redraw_after="2012-06")
    three = drivers(pack, 20, 1, "2013-12", redraw=2, redraw_after="2012-06")
    cut = one.months.index("2012-06") + 1
    assert np.array_equal(one.ppi_yoy[:, :cut], two.ppi_yoy[:, :cut])
    assert not np.any(one.ppi_yoy[:, cut:] == two.ppi_yoy[:, cut:])
    assert not np.any(three.ppi_yoy[:, cut:] == two.ppi_yoy[:, cut:])


def test_as_of_equals_never_having_had_later_data(monthly: Monthly) -> None:
    early = drivers(monthly, 8, 3, "2012-06", as_of="2011-08-20")
    cut = {
        name: {m: v for m, v in values.items() if m <= "2011-07"}
        for name, values in monthly.items()
    }
    never = drivers(cut, 8, 3, "2012-06")
    for name in NAMES:
        assert np.array_equal(early.path(name), never.path(name))


def test_ragged_ends_are_kept(monthly: Monthly) -> None:
    found = drivers(monthly, 50, 3, "2012-12", as_of="2012-04-12")
    assert found.months[found.known - 1] == "2012-02"
    assert np.allclose(found.ppi_yoy[:, found.known], -0.003), "prices of March were out"
    assert found.value_added_yoy[:, found.known].std() > 0


def test_sector_growth_and_prices(pack: Pack) -> None:
    found = drivers(pack, 4, 1, "2012-12")
    growth = found.demand_growth([1.0, 1.5], wedge=0.04, premium=0.03, share=0.6)
    assert growth.shape == (4, len(found.months), 2)
    expected = 0.6 * (found.value_added_yoy + 1.5 * found.ppi_yoy + 0.07)
    assert np.allclose(growth[:, :, 1], expected)
    assert found.price_index([0.6, 1.5]).shape == growth.shape


def test_errors(monthly: Monthly) -> None:
    with pytest.raises(ValueError, match="through"):
        drivers(monthly, 2, 1, "2007-12")
    with pytest.raises(ValueError, match="gap-free"):
        drivers(monthly, 2, 1, "2012-12", as_of="2009-06-30")
    with pytest.raises(ValueError, match="not a month"):
        drivers(monthly, 2, 1, "2012")


CHEAP = """
import sys
from xuchang_sim.pack.load import load_pack
from xuchang_sim.forecast.drivers import drivers
found = drivers(load_pack(), 10, 1, "2012-12")
heavy = [m for m in ("statsmodels", "pandas", "scipy.stats", "matplotlib") if m in sys.modules]
assert not heavy, heavy
"""


def test_from_cache_nothing_heavy_is_imported(pack: Pack) -> None:
    drivers(pack, 1, 1, "2012-12")
    done = subprocess.run(
        [sys.executable, "-c", CHEAP], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_importing_the_room_is_cheap() -> None:
    code = (
        "import sys, xuchang_sim.forecast, xuchang_sim.forecast.drivers, xuchang_sim.forecast.report;"
        "assert not {'statsmodels', 'pandas', 'scipy.stats', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_shipped_plan_waits_for_no_fit(tmp_path: Path) -> None:
    """If this fails after an edit of the forecasts: python docs/refresh.py."""
    code = (
        "import sys; from xuchang_sim import assess;"
        "assess('plan', replicates=2);"
        "assert not {'statsmodels', 'pandas', 'scipy.stats'} & set(sys.modules)"
    )
    env = {**os.environ, "XUCHANG_SIM_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "outlook").exists()
    assert len(list(cache.SHIPPED.iterdir())) == 2


def test_what_is_shipped_is_what_is_fitted(pack: Pack) -> None:
    first, values, _ = _panel(pack, None)
    shipped = cache.load("drivers", cache.digest("drivers", values, first))
    assert shipped is not None
    fitted = _fit(values)
    assert shipped.keys() == fitted.keys()
    for name, entries in fitted.items():
        assert np.allclose(shipped[name], entries, rtol=1e-9, atol=1e-12), name


def test_cache_survives_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(tmp_path))
    calls: list[int] = []

    def compute() -> cache.Arrays:
        calls.append(1)
        return {"x": np.arange(3.0)}

    for _ in range(2):
        assert np.array_equal(cache.remembered("kind", "a" * 64, compute)["x"], np.arange(3.0))
    assert len(calls) == 1
    kept = next(tmp_path.rglob("kind-*.kept"))
    for damage in (b"", b"nonsense", kept.read_bytes()[:50]):
        kept.write_bytes(damage)
        assert np.array_equal(cache.remembered("kind", "a" * 64, compute)["x"], np.arange(3.0))
    assert len(calls) == 4
    assert not list(tmp_path.rglob("*.part"))


def test_cache_never_unpickles_and_never_confuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(tmp_path))
    evil = np.array([{"a": 1}], dtype=object)
    assert cache.save("kind", "b" * 64, {"x": np.ones(2)})
    path = next(tmp_path.rglob("kind-*.kept"))
    with path.open("wb") as file:
        np.savez(file, allow_pickle=True, key=np.array("b" * 64), x=evil)
    assert cache.load("kind", "b" * 64) is None
    assert cache.save("kind", "b" * 32 + "c" * 32, {"x": np.ones(2)})
    assert cache.load("kind", "b" * 64) is None, "same name, other key"
    assert cache.digest(np.ones(2), "a") != cache.digest(np.ones(3), "a")
    assert cache.digest({"a": 1, "b": 2}) == cache.digest({"b": 2, "a": 1})


def test_no_writable_place_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(file / "below"))
    assert cache.load("kind", "a" * 64) is None
    assert not cache.save("kind", "a" * 64, {"x": np.ones(2)})
    assert np.array_equal(
        cache.remembered("kind", "a" * 64, lambda: {"x": np.ones(2)})["x"], np.ones(2)
    )
