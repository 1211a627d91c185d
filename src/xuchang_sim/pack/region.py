"""The region of a pack: its zones, their sectors, and the clusters the plan names."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from xuchang_sim.pack.forms import pure
from xuchang_sim.pack.parameters import Mark
from xuchang_sim.pack.schema import Id, Label, Many, Strict
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Problem, Source, did_you_mean

__all__ = ["Cluster", "LeadingSector", "Region", "Sector", "Zone", "check"]

TOLERANCE = 1e-6
"""How far shares may miss their sum of 1."""

Pure = Annotated[float, BeforeValidator(pure)]
"""A pure number; quotients and per cents count."""
Share = Annotated[Pure, Field(ge=0, le=1)]
Code = Annotated[int, Field(ge=1, le=9999)]
SectorCode = Annotated[int, Field(ge=1, le=63)]  # six bits of a firm's random address


class LeadingSector(Strict):
    """A leading sector of a zone and its share of the zone's leading-sector revenue."""

    sector: Id
    weight: Share


class Zone(Strict):
    """An industrial zone.

    Parameters
    ----------
    code : int
        Stable number; addresses of random numbers hang on it, so it is never reused.
    level : str
        ``province`` or ``city``.
    revenue_share : float
        Central share of the zones' base-year revenue, a fraction.
    leading : tuple of LeadingSector
        Leading sectors, weights summing to 1.
    expands : bool
        Whether the plan names the zone for replanning or expansion (boundary lever).
    site_bonus : float
        Multiplier of the lever that attracts projects to named sites.
    sewage_plant : bool
        Whether the plan builds a sewage plant here.
    named_in_document : bool
        Whether the document names the zone.
    evidence, source, mark : str
        What is known of its size, from where, and how sure it is.
    """

    id: Id
    code: Code
    name_zh: Label
    name_en: Label
    level: Literal["province", "city"]
    revenue_share: Annotated[Pure, Field(gt=0, le=1)]
    leading: Annotated[Many[LeadingSector], Field(min_length=1)]
    expands: bool = False
    site_bonus: Annotated[Pure, Field(ge=0, le=10)] = 0.0
    sewage_plant: bool = False
    named_in_document: bool
    evidence: Label
    source: Label
    mark: Mark


class Sector(Strict):
    """An industrial sector.

    Parameters
    ----------
    ppi_beta : float
        Response of its prices to the producer price index.
    own_money_min : float
        Smallest share of equity in a project's budget, a fraction.
    plot_ratio_min : float
        Smallest floor area over land area.
    floor_suited : bool
        Whether its projects can move into standard multi-storey factories.
    productivity : float
        Revenue per worker relative to the mean of all sectors.
    initial_share : float
        Share of the revenue of zones outside their leading sectors, a fraction.
    """

    id: Id
    code: SectorCode
    name_zh: Label
    name_en: Label
    ppi_beta: Annotated[Pure, Field(ge=-5, le=5)]
    own_money_min: Share
    plot_ratio_min: Annotated[Pure, Field(gt=0, le=5)]
    floor_suited: bool
    productivity: Annotated[Pure, Field(gt=0, le=10)]
    initial_share: Share
    source: Label
    mark: Mark


class Cluster(Strict):
    """A cluster the plan wants to grow, with its threshold.

    Parameters
    ----------
    share : float
        Share of the revenue of its sector in its zone, a fraction.
    threshold : float
        Yearly revenue asked for, in 亿元.
    row : int
        Row of the plan that names it.
    """

    id: Id
    zone: Id
    sector: Id
    share: Annotated[Pure, Field(gt=0, le=1)]
    threshold: Annotated[Pure, Field(gt=0)]
    row: Annotated[int, Field(ge=1)]
    name_zh: Label
    name_en: Label
    mark: Mark


#: Dirichlet weight a zone beyond which its share would be known to a tenth: no table is that sure.
MOST_WEIGHT = 100


class Region(Strict):
    """Zones, sectors and clusters, in the order of the file.

    Parameters
    ----------
    share_concentration : float
        Sum of the Dirichlet weights around the zones' central revenue shares; at most
        `MOST_WEIGHT` a zone.
    share_mark : str
        How sure the central shares are.
    """

    share_concentration: Annotated[Pure, Field(ge=1)]
    share_mark: Mark
    share_note: Label
    zones: Annotated[Many[Zone], Field(min_length=1)]
    sectors: Annotated[Many[Sector], Field(min_length=1)]
    clusters: Many[Cluster]

    def zone(self, name: str) -> Zone:
        """Return the zone of this id.

        Raises
        ------
        KeyError
            If there is none.
        """
        return {zone.id: zone for zone in self.zones}[name]


def check(source: Source, region: Region) -> list[Problem]:
    """Faults that one entry alone does not show: ids, codes, sums and references.

    Parameters
    ----------
    source : Source
        File of the region.
    region : Region
        Its content.

    Returns
    -------
    list of Problem
        One for each fault.
    """
    result = [*_repeats(region), *_sums(source, region), *_references(source, region)]
    return [source.problem(path, message) for path, message in result]


Fault = tuple[list[str | int], str]


def _repeats(region: Region) -> Iterator[Fault]:
    tables = {"zones": region.zones, "sectors": region.sectors, "clusters": region.clusters}
    for name, table in tables.items():
        for key in ("id", "code", "name_zh", "name_en"):
            seen: set[object] = set()
            for i, entry in enumerate(table):
                value = getattr(entry, key, None)
                if value in seen:
                    yield [name, i, key], phrase("region.twice", name=key, value=value)
                seen.add(value if value is not None else object())


def _sums(source: Source, region: Region) -> Iterator[Fault]:
    most = MOST_WEIGHT * len(region.zones)
    if region.share_concentration > most:
        message = phrase("region.weights", value=region.share_concentration, most=most)
        yield ["share_concentration"], message
    shares = {
        ("zones", "revenue_share"): [zone.revenue_share for zone in region.zones],
        ("sectors", "initial_share"): [sector.initial_share for sector in region.sectors],
    }
    for (table, key), values in shares.items():
        if not source.missing(table) and (message := _off(values)):
            yield [table], f"{key} {message}"
    for i, zone in enumerate(region.zones):
        if message := _off(leading.weight for leading in zone.leading):
            yield ["zones", i, "leading"], phrase("region.weight", message=message)
    held: dict[tuple[str, str], float] = {}
    for i, cluster in enumerate(region.clusters):
        pair = (cluster.zone, cluster.sector)
        held[pair] = held.get(pair, 0.0) + cluster.share
        if held[pair] > 1 + TOLERANCE:
            message = phrase("region.shares", pair=" in ".join(reversed(pair)), held=held[pair])
            yield ["clusters", i, "share"], phrase("region.at_most_1", message=message)


def _off(values: Iterable[float]) -> str:
    total = sum(values)
    if abs(total - 1.0) <= TOLERANCE:
        return ""
    return phrase("region.total", total=total, tolerance=TOLERANCE)


def _references(source: Source, region: Region) -> Iterator[Fault]:
    zones = {zone.id: zone for zone in region.zones}
    sectors = {sector.id for sector in region.sectors} | source.missing("sectors")
    for i, zone in enumerate(region.zones):
        seen: set[str] = set()
        for j, leading in enumerate(zone.leading):
            where: list[str | int] = ["zones", i, "leading", j, "sector"]
            if leading.sector not in sectors:
                yield where, _unknown("sector", leading.sector, sectors)
            if leading.sector in seen:
                yield where, phrase("region.sector_twice", sector=leading.sector)
            seen.add(leading.sector)
    for i, cluster in enumerate(region.clusters):
        if cluster.zone in source.missing("zones"):
            continue
        if cluster.zone not in zones:
            yield ["clusters", i, "zone"], _unknown("zone", cluster.zone, zones)
        elif cluster.sector not in (led := [s.sector for s in zones[cluster.zone].leading]):
            message = phrase("region.not_leading", sector=cluster.sector, zone=cluster.zone)
            yield (
                ["clusters", i, "sector"],
                phrase("region.allowed", message=message, led=", ".join(led)),
            )


def _unknown(what: str, name: str, names: Iterable[object]) -> str:
    names = sorted(map(str, names))
    close = did_you_mean(name, names)
    return phrase(
        "region.unknown",
        name=name,
        what=phrase(f"word.{what}"),
        close=close,
        names=", ".join(names),
    )
