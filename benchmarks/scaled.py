"""Packs of any size, made from the embedded one: for measuring run time, not for any question.

Zones are copies of the pack's zones, in turn; every quantity that counts things (firms, starts,
money of the base year, quotas, places, pools) grows in proportion, so that a firm and a project
meet what they meet in the city. Targets grow with the totals of the base year; they mean nothing here.
Where zones are so small that a share of theirs would be less than any zone's (a prize of 60,000 CNY), it
stays at the least that the definitions hold to be possible.
"""

import argparse
import itertools
import shutil
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from xuchang_sim.definitions import Number, levers, measure, parameters
from xuchang_sim.definitions.amounts import quantity
from xuchang_sim.pack.load import Pack, load_pack

FIRMS, STARTS, ZONES = 420, 153.7, 10  # of the embedded pack: starts of large projects included
#: Names of sizes that are spoken of: zones, above-scale firms.
PLACES = {
    "city": (10, 420),
    "province": (180, 8_000),
    "nation": (2_000, 330_000),
    "million": (2_000, 1_000_000),
}

# Size with which a quantity grows: "f" firms, "p" projects; a trailing "z" divides it by the
# zones.
PARAMETERS = {
    "firms_count": "f",
    "starts_ordinary": "p",
    "starts_large": "p",
    "infrastructure_spend_cap": "pz",
    "reachable_pool": "f",
    "platform_opening_equity": "pz",
    "platform_opening_debt": "pz",
    "infrastructure_cost": "pz",
    "award": "pz",
}
LEVERS = {
    "quota_per_zone": "pz",
    "municipal_reserve": "p",
    "reused_land": "p",
    "linkage_land": "p",
    "boundary_area": "pz",
    "platform_financing": "pz",
    "guarantee_pool": "p",
    "platform_asset_injection": "pz",
    "fiscal_injection": "p",
    "grant_pool": "p",
    "training_places": "f",
    "housing_units": "f",
    "factory_area": "p",
    "villages": "p",
}
BASE = {"revenue": "f", "fai": "p", "profit_tax": "f", "workers": "f"}


def scaled_pack(zones: int = ZONES, firms: float = FIRMS, starts: float | None = None) -> Pack:
    """Return the embedded pack scaled to some zones, firms and project starts a year.

    Parameters
    ----------
    zones : int
        Zones, up to 9,999.
    firms : float
        Above-scale firms of the base year.
    starts : float, optional
        Projects of at least 1e8 CNY started in the base year; by default in proportion to firms.
    """
    with TemporaryDirectory() as folder:
        return load_pack(write(Path(folder) / "pack", zones, firms, starts))


def write(folder: Path, zones: int, firms: float, starts: float | None = None) -> Path:
    """Write such a pack as a folder that every command of the library takes; return the folder."""
    city = load_pack()
    source = city.folder
    shutil.copytree(
        source, folder, ignore=shutil.ignore_patterns("posterior*", "facts*", "scenarios")
    )
    by_firms = firms / FIRMS
    by_projects = by_firms if starts is None else starts / STARTS
    factors = {"f": by_firms, "p": by_projects, "pz": by_projects * ZONES / zones}

    def edit(name: str, change: Callable[[Any], None]) -> None:
        content = yaml.safe_load((source / name).read_text(encoding="utf-8"))
        change(content)
        text = yaml.dump(content, Dumper=Dumper, allow_unicode=True, sort_keys=False)
        (folder / name).write_text(text, encoding="utf-8")

    edit("pack.yaml", lambda content: _base(content, factors))
    edit("plan.yaml", lambda content: _targets(content["rows"], factors))
    edit("region.yaml", lambda content: _region(content, zones))
    totals = {
        name: Fraction(getattr(city.base, name).value) * Fraction(factors[kind])
        for name, kind in BASE.items()
    }
    edit(
        "parameters.yaml",
        lambda content: _parameters(content["parameters"], city, factors, totals),
    )
    edit("levers.yaml", lambda content: _levers(content["levers"], city, factors, totals))
    return folder


class Dumper(yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper):  # type: ignore[misc]
    """YAML without anchors: our own reader knows none."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _base(content: dict[str, Any], factors: dict[str, float]) -> None:
    content["name"] = "scaled"
    for name, kind in BASE.items():
        value = content["base"][name]
        value.pop("alternative", None)
        top, _, bottom = str(value["value"]).partition("/")
        value["value"] = float(top) / float(bottom or 1) * factors[kind]


def _region(content: dict[str, Any], zones: int) -> None:
    patterns = [{"id": name, **zone} for name, zone in content["zones"].items()]
    copies = list(itertools.islice(itertools.cycle(range(len(patterns))), zones))
    whole = sum(patterns[k]["revenue_share"] for k in copies)
    made = []
    for number, k in enumerate(copies):
        zone = dict(patterns[k])
        if number >= len(patterns):
            for key in ("id", "name_zh", "name_en"):
                zone[key] = f"{zone[key]}_{number + 1}"
        zone["code"] = number + 1
        zone["revenue_share"] /= whole
        made.append(zone)
    content["zones"] = made
    content["share_concentration"] *= zones / len(patterns)
    kept = {zone["id"] for zone in made}
    clusters = content["clusters"].items()
    content["clusters"] = {name: c for name, c in clusters if c["zone"] in kept}


def _targets(rows: list[dict[str, Any]], factors: dict[str, float]) -> None:
    """Let targets grow with the total of the base year that bounds them."""
    for row in rows:
        stated = []
        for name, target in row.get("targets", {}).items():
            entry = target if isinstance(target, dict) else {"value": target}
            what = measure(entry.get("measure", name))
            if what is not None and what.of:
                amount = quantity(entry["value"])
                entry["value"] = f"{float(amount.value) * factors[BASE[what.of]]!r} {amount.unit}"
                row["targets"][name] = entry
            stated.append(str(entry["value"]))
        # The document speaks of another city: the row itself shows the numbers of this one.
        row["how"] = "; ".join([row.get("how", ""), *stated]).strip("; ")


def _parameters(
    entries: dict[str, Any], city: Pack, factors: dict[str, float], totals: Mapping[str, Fraction]
) -> None:
    for name, kind in PARAMETERS.items():
        factor = factors[kind]
        if factor == 1.0:
            continue
        held = city.parameters[name]
        bounds = parameters()[name].within(totals)
        whole = held.kind == "integer"
        entry = entries.setdefault(name, {"unit": held.unit, "mark": "J", "source": "scaled"})
        entry["default"] = _grown(held.default, factor, bounds, whole=whole)
        if held.range:
            entry["range"] = [_grown(x, factor, bounds, whole=whole) for x in held.range]


def _levers(
    entries: dict[str, Any], city: Pack, factors: dict[str, float], totals: Mapping[str, Fraction]
) -> None:
    for name, kind in LEVERS.items():
        factor = factors[kind]
        if factor == 1.0:
            continue
        held = city.levers[name]
        bounds = levers()[name].within(totals)
        entry = entries.setdefault(name, {"unit": held.unit})
        for key in ("absent", "low", "plan", "high"):
            entry[key] = _grown(held.at(key), factor, bounds, whole=held.kind == "count")
        entry["range"] = [_grown(x, factor, bounds, whole=False) for x in held.range]


def _grown(value: float, factor: float, bounds: Number, *, whole: bool) -> float:
    """Scale a number, held to what is possible; nothing stays nothing."""
    grown = value * factor
    if grown and bounds.possible:
        grown = min(max(grown, float(bounds.possible[0])), float(bounds.possible[1]))
    return round(grown) if whole else grown


def main() -> None:
    """Write a pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--zones", type=int, default=ZONES)
    parser.add_argument("--firms", type=float, default=FIRMS)
    parser.add_argument("--starts", type=float)
    asked = parser.parse_args()
    print(write(asked.folder, asked.zones, asked.firms, asked.starts))


if __name__ == "__main__":
    main()
