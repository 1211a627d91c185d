"""Scaled packs are packs, and they are as large as asked."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scaled import FIRMS, PLACES, STARTS, ZONES, scaled_pack, write
from xuchang_sim import load_pack
from xuchang_sim.pack.load import validate_path
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.records import LEAST, LEAST_LONG, SPREAD, sizes_for
from xuchang_sim.yamlfile import InputError


def test_the_constants_are_those_of_the_embedded_pack() -> None:
    pack = load_pack()
    starts = pack.parameters["starts_ordinary"].default, pack.parameters["starts_large"].default
    assert pack.parameters["firms_count"].default == FIRMS
    assert sum(x or 0.0 for x in starts) == pytest.approx(STARTS)
    assert len(pack.region.zones) == ZONES


@pytest.mark.parametrize(("zones", "firms"), [(3, 100), (180, 8_000), (250, 8_000)])
def test_scaled_packs_are_valid_and_of_the_size_asked_for(
    zones: int, firms: int, tmp_path: Path
) -> None:
    folder = write(tmp_path / "pack", zones, firms)
    assert validate_path(folder) == []
    pack, city = load_pack(folder), load_pack()
    assert len(pack.region.zones) == zones
    assert pack.parameters["firms_count"].default == firms
    for name in ("revenue", "fai", "profit_tax", "workers"):
        ratio = getattr(pack.base, name).value / getattr(city.base, name).value
        assert ratio == pytest.approx(firms / FIRMS)
    # What a zone's quotas add up to keeps step with the projects.
    quota = pack.levers["quota_per_zone"].plan * zones / pack.base.fai.value
    assert quota == pytest.approx(city.levers["quota_per_zone"].plan * ZONES / city.base.fai.value)


def test_room_grows_in_classes_and_the_city_keeps_its_own() -> None:
    city = sizes_for(prepare(load_pack(), 1, 1))
    assert (city.zones, city.sectors, city.firms, city.projects) == (16, 16, LEAST, LEAST)
    assert sizes_for(prepare(load_pack(), 1, 1, "2015-12")).projects == LEAST_LONG
    assert sizes_for(prepare(scaled_pack(), 1, 1)) == city
    province = sizes_for(prepare(scaled_pack(*PLACES["province"]), 1, 1))
    # Long columns never lie a power of two apart.
    assert province.projects % 512 == SPREAD
    assert province.projects > 15 * STARTS * 8_000 / FIRMS
    assert province.zones >= 180


def test_more_than_a_world_can_hold_is_refused() -> None:
    pack = scaled_pack(100, 20_000)
    sizes_for(prepare(pack, 1, 1))
    many = replace(pack.parameters["firms_count"], default=4e8, range=(3e8, 5e8))
    pack = replace(pack, parameters={**pack.parameters, "firms_count": many})
    with pytest.raises(InputError, match="rows of firms and"):
        sizes_for(prepare(pack, 1, 1))


@pytest.mark.parametrize("firms", [4_000, 1_000_000])
def test_zones_that_are_very_small_or_large_stay_possible(firms: int, tmp_path: Path) -> None:
    """The sizes at the ends of ``benchmarks.scaling firms``."""
    folder = write(tmp_path / "pack", 200, firms, 0.25 * STARTS / FIRMS * firms)
    assert validate_path(folder) == []
