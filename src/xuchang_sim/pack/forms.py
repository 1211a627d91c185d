"""Short forms of a pack's tables, spelt out before the schemas see them; numbers in defined units.

A pack may write its tables as mappings by id and leave out what the definitions say: the direction and label
of a target, the attributes of a sector, the rows of a national series. Written entries keep their
line or cell.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

from xuchang_sim import definitions, units
from xuchang_sim.definitions import Measure, Number
from xuchang_sim.definitions.amounts import exact, quantity, spelt
from xuchang_sim.pack.amounts import amount
from xuchang_sim.pack.plan import NO_MEASURE
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Path_, Place, Problem, Source, did_you_mean, shown

__all__ = [
    "BASE",
    "base_faults",
    "pure",
    "settle_pack",
    "settle_plan",
    "settle_region",
    "spell_out_pack",
    "spell_out_plan",
    "spell_out_region",
]

#: Totals of the base year: the measures that bear their names.
BASE = ("revenue", "fai", "profit_tax", "workers")
#: Units of the ratios of totals and their bounds: what no city is beyond.
RATIOS = {
    ("revenue", "workers"): ("万元/人", Fraction(5), Fraction(1000)),
    ("fai", "revenue"): ("比例", Fraction(1, 50), Fraction(3)),
    ("profit_tax", "revenue"): ("比例", Fraction(1, 200), Fraction(3, 5)),
}
#: Largest ratio between two readings of one total.
APART = 5
#: Size from which something counts, where the measure is no family with a threshold of its own.
SIZE = Number(
    "threshold", "亿元", definitions.Text("门槛", "threshold"), (Fraction(1, 10), Fraction(20000)), False, False
)  # fmt: skip


class _Tree:
    """Data and places that are edited together."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data, self.place = _copy(source.data, source.place)

    def done(self) -> Source:
        """Return the edited file."""
        return Source(self.source.file, self.data, self.place, self.source.aside)


def _copy(data: Any, place: Any) -> tuple[Any, Any]:
    """Copy data and places, so that editing leaves the original."""
    if not isinstance(data, dict | list) or not isinstance(place, Place):
        return data, place
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    done = [_copy(data[key], place.parts.get(key, place.line)) for key in keys]
    parts = dict(zip(keys, (inner for _, inner in done), strict=True))
    values = [value for value, _ in done]
    copied = dict(zip(keys, values, strict=True)) if isinstance(data, dict) else values
    return copied, Place(place.line, parts)


def _put(data: Any, place: Place, key: str, value: object) -> None:
    """Set a key that the file leaves out; it stands where its entry does."""
    data[key] = value
    place.parts.setdefault(key, place.line)


def _listed(data: Any, place: Place, table: str, key: str = "id", short: str = "") -> None:
    """Turn a mapping by id into the list that the schema knows.

    Parameters
    ----------
    data, place : mapping and place
        What holds the table.
    table : str
        Its key.
    key : str
        Where the id goes in an entry.
    short : str, optional
        Where a value goes that stands instead of an entry: ``{food: 0.35}``.
    """
    held = data.get(table)
    where = place.parts.get(table)
    if not isinstance(held, dict) or not isinstance(where, Place):
        return
    entries: list[Any] = []
    places: dict[str | int, Any] = {}
    for i, (name, entry) in enumerate(held.items()):
        line = where.at(name)
        inner = where.parts.get(name)
        if isinstance(entry, dict) and isinstance(inner, Place):
            entries.append({key: name, **{k: v for k, v in entry.items() if k != key}})
            places[i] = Place(line, {**inner.parts, key: line})
        elif short and not isinstance(entry, dict | list):
            entries.append({key: name, short: entry})
            places[i] = Place(line, {key: line, short: line})
        else:
            entries.append(entry)
            places[i] = inner if inner is not None else line
    data[table] = entries
    place.parts[table] = Place(where.line, places)


def _entries(data: Any, place: Any, table: str) -> Iterator[tuple[int, Any, Place]]:
    """Entries of a list that are mappings, each with its position and place."""
    held = data.get(table) if isinstance(data, dict) else None
    where = place.parts.get(table) if isinstance(place, Place) else None
    if not isinstance(held, list) or not isinstance(where, Place):
        return
    for i, entry in enumerate(held):
        inner = where.parts.get(i)
        if isinstance(entry, dict) and isinstance(inner, Place):
            yield i, entry, inner


# ------------------------------------------------------------------------------------- region


def spell_out_region(source: Source) -> Source:
    """Zones, sectors and clusters as lists; sectors with what the catalogue says of them."""
    tree = _Tree(source)
    if not isinstance(tree.data, dict):
        return source
    _listed(tree.data, tree.place, "zones")
    _listed(tree.data, tree.place, "sectors")
    _listed(tree.data, tree.place, "clusters")
    tree.data.setdefault("clusters", [])
    for _, zone, place in _entries(tree.data, tree.place, "zones"):
        _listed(zone, place, "leading", "sector", "weight")
    catalogue = definitions.sectors()
    for _, sector, place in _entries(tree.data, tree.place, "sectors"):
        if (known := catalogue.get(str(sector.get("id")))) is not None:
            for key, value in _attributes(known).items():
                if key not in sector:
                    _put(sector, place, key, value)
        if "share" in sector and "initial_share" not in sector:
            sector["initial_share"] = sector.pop("share")
            place.parts["initial_share"] = place.parts.pop("share", place.line)
    return tree.done()


def settle_region(source: Source, problems: list[Problem]) -> Source:
    """Thresholds of clusters in their unit."""
    tree = _Tree(source)
    for i, cluster, _ in _entries(tree.data, tree.place, "clusters"):
        if "threshold" in cluster:
            path: Path_ = ["clusters", i, "threshold"]
            value = amount(source, path, cluster["threshold"], SIZE, problems)
            cluster["threshold"] = float(value) if value is not None else 1.0
    return tree.done()


def _attributes(sector: definitions.Sector) -> dict[str, Any]:
    return {
        "name_zh": sector.label.zh,
        "name_en": sector.label.en,
        "ppi_beta": sector.ppi_beta,
        "own_money_min": sector.own_money_min,
        "plot_ratio_min": sector.plot_ratio_min,
        "floor_suited": sector.floor_suited,
        "productivity": sector.productivity,
        "source": str(sector.source),
        "mark": sector.mark,
    }


# --------------------------------------------------------------------------------------- pack


def spell_out_pack(source: Source) -> Source:
    """Series and tables as lists; national series with what is known of them."""
    tree = _Tree(source)
    if not isinstance(tree.data, dict):
        return source
    _listed(tree.data, tree.place, "history", short="file")
    _listed(tree.data, tree.place, "evidence", short="file")
    for _, entry, place in _entries(tree.data, tree.place, "history"):
        _driver(entry, place)
    return tree.done()


def settle_pack(source: Source, problems: list[Problem]) -> Source:
    """Totals of the base year in their units, exactly."""
    tree = _Tree(source)
    base = tree.data.get("base") if isinstance(tree.data, dict) else None
    for name in BASE:
        total = base.get(name) if isinstance(base, dict) else None
        if isinstance(total, dict):
            _total(source, name, total, problems)
    return tree.done()


def _driver(entry: Any, place: Place) -> None:
    """Fill in what the definitions say of a national series."""
    known = definitions.drivers().get(str(entry.get("id")))
    if known is None:
        return
    months, day = known.release
    for key, value in {
        "label_zh": known.label.zh,
        "label_en": known.label.en,
        "series": known.id,
        "entity": known.entity,
        "unit": known.unit,
        "frequency": known.frequency,
        "release": {"months": months, "day": day},
    }.items():
        if key not in entry:
            _put(entry, place, key, value)


def _total(source: Source, name: str, total: Any, problems: list[Problem]) -> None:
    """Express a total of the base year, and its other reading, in the unit of its measure."""
    measure = definitions.measures()[name]
    what = Number(name, measure.unit, measure.label, None, zero=False, negative=False)
    unit = total.get("unit")
    unit = unit if isinstance(unit, str) else None
    places: list[tuple[Any, list[str | int]]] = [(total, ["base", name])]
    if isinstance(total.get("alternative"), dict):
        places.append((total["alternative"], ["base", name, "alternative"]))
    for entry, path in places:
        if "value" in entry:
            value = amount(
                source,
                [*path, "value"],
                entry["value"],
                what,
                problems,
                unit=unit,
                unit_path=["base", name, "unit"],
            )
            entry["value"] = Fraction(1) if value is None else value
    total["unit"] = what.unit


def base_faults(
    source: Source, totals: Mapping[str, Fraction], others: Mapping[str, Fraction]
) -> dict[str, Problem]:
    """Faults of base-year totals whose ratios are impossible, such as 万元 written for 亿元.

    Parameters
    ----------
    source : Source
        File that states them.
    totals : mapping of str to Fraction
        Totals in the units of their measures.
    others : mapping of str to Fraction
        Their other readings, where there are any.

    Returns
    -------
    dict of str to Problem
        A fault by the total that is most likely wrong: revenue where it fits no other total.
    """
    broken: dict[str, str] = {}
    measures = definitions.measures()
    known = {pair: limits for pair, limits in RATIOS.items() if all(map(totals.get, pair))}
    for (above, below), (unit, low, high) in known.items():
        whole = f"{measures[above].unit}/{measures[below].unit}"
        ratio = units.convert_exact(totals[above] / totals[below], whole, unit)
        if not low <= ratio <= high:
            other = below if above == "revenue" else above
            broken[other] = phrase(
                "form.ratio",
                above=above,
                below=below,
                ratio=float(ratio),
                unit=unit,
                low=spelt(low),
                high=spelt(high),
            )
    if len(broken) == len(known) > 1:
        broken = {"revenue": next(iter(broken.values()))}
    faults = {name: source.problem(["base", name, "value"], text) for name, text in broken.items()}
    for name, reading in others.items():
        times = reading / totals[name] if totals.get(name) else Fraction(1)
        if not Fraction(1, APART) <= times <= APART:
            message = phrase("form.reading", times=float(times), apart=APART)
            place = ["base", name, "alternative", "value"]
            faults.setdefault(name, source.problem(place, message))
    return faults


# --------------------------------------------------------------------------------------- plan


def spell_out_plan(source: Source) -> Source:
    """Targets as lists."""
    tree = _Tree(source)
    for _, row, place in _entries(tree.data, tree.place, "rows"):
        _listed(row, place, "targets", short="value")
    return tree.done()


def settle_plan(
    source: Source, totals: Mapping[str, Fraction], zones: int, problems: list[Problem]
) -> Source:
    """Targets in the units of their measures, with what the measures say of them.

    Parameters
    ----------
    source : Source
        File of the plan.
    totals : mapping of str to Fraction
        Totals of the base year, against which targets must be possible.
    zones : int
        Number of zones, for hints.
    problems : list of Problem
        Faults are appended here.
    """
    tree = _Tree(source)
    for i, row, place in _entries(tree.data, tree.place, "rows"):
        for j, target, inner in _entries(row, place, "targets"):
            if target.get("measure", target.get("id")) == NO_MEASURE:
                _unmeasured(target, inner, row)
            else:
                _target(source, ["rows", i, "targets", j], target, inner, totals, zones, problems)
    return tree.done()


def _unmeasured(target: Any, place: Place, row: Any) -> None:
    """Spell out in place a target that no measure defines: in its own unit, called like its row."""
    for key, text in {
        "direction": "at_least",
        "basis": "model",
        "label_zh": row.get("label_zh"),
        "label_en": row.get("label_en"),
    }.items():
        if key not in target and isinstance(text, str):
            _put(target, place, key, text)
    with suppress(ValueError):  # what is no number, the schema tells
        given = quantity(target.get("value"))
        if given.unit is not None and "unit" not in target:
            _put(target, place, "stated", str(target["value"]))
            target["value"] = float(given.value)
            _put(target, place, "unit", given.unit)


def _target(
    source: Source,
    path: list[str | int],
    target: Any,
    place: Place,
    totals: Mapping[str, Fraction],
    zones: int,
    problems: list[Problem],
) -> None:
    """Spell out one target in place."""
    name = target.get("measure", target.get("id"))
    what = definitions.measure(name) if isinstance(name, str) else None
    if "stated" in target:
        problems.append(source.problem([*path, "stated"], phrase("form.value_and_unit")))
        del target["stated"]
    if what is None:
        known = definitions.measures()
        key = "measure" if "measure" in target else "id"
        family = known.get(str(name))
        close = did_you_mean(name, known)
        message = phrase("form.measure", name=shown(name), close=close)
        if family is not None:
            message = phrase("form.family", name=name)
        problems.append(source.problem([*path, key], message))
        defaults = {"direction": "at_least", "basis": "model", "label_zh": "?", "label_en": "?"}
        for other, text in {**defaults, "unit": "比例"}.items():  # so that this fault comes alone
            target.setdefault(other, text)
        target["value"] = 1.0
        target.pop("threshold", None)
        return
    size = _threshold(source, [*path, "threshold"], target, what, problems)
    label = _labelled(what.label, size)
    for key, text in {
        "direction": what.direction,
        "basis": what.basis,
        "label_zh": label.zh,
        "label_en": label.en,
    }.items():
        if key not in target:
            _put(target, place, key, text)
    if "value" not in target:
        return
    unit = target.get("unit")
    unit = unit if isinstance(unit, str) else None
    bounded = _bounded(what, totals)
    value = amount(
        source,
        [*path, "value"],
        target["value"],
        bounded,
        problems,
        unit=unit,
        unit_path=[*path, "unit"],
        zones=zones,
    )
    if value is not None:
        _put(target, place, "stated", _stated(target["value"], unit))
    target["value"] = 1.0 if value is None else float(value)
    _put(target, place, "unit", what.unit)


def _stated(raw: object, unit: str | None) -> str:
    """Number and unit as they stand in the plan."""
    return f"{raw} {unit}" if unit and quantity(raw).unit is None else str(raw)


def _bounded(what: Measure, totals: Mapping[str, Fraction]) -> Number:
    """Definition of a target's number, its bounds in its unit."""
    return replace(what.within(totals), zero=True, negative=what.pure)


def _threshold(
    source: Source, path: Path_, target: Any, what: Measure, problems: list[Problem]
) -> Fraction | None:
    """Express a threshold in its unit; None if there is none, or it is wrong."""
    raw = target.get("threshold")
    if raw is None:
        target.pop("threshold", None)
        if what.threshold:
            message = phrase("form.threshold", id=what.id)
            problems.append(source.problem(path, message))
        return None
    size = replace(SIZE, unit=what.threshold or SIZE.unit, possible=what.sizes or SIZE.possible)
    unit: str | None = None
    where = path
    if isinstance(raw, dict) and "value" in raw:
        unit = raw["unit"] if isinstance(raw.get("unit"), str) else None
        raw, where = raw["value"], [*path, "value"]
    value = amount(
        source, where, raw, size, problems, unit=unit, unit_path=[*path, "unit"] if unit else path
    )
    target["threshold"] = {"value": 1.0 if value is None else float(value), "unit": size.unit}
    return value


def _labelled(label: definitions.Text, size: Fraction | None) -> definitions.Text:
    """Label of a measure, with its threshold where it is one of a family."""
    if size is None or "{threshold}" not in label.zh:
        return label
    billions = size / 10
    english = f"{spelt(billions)}bn yuan" if billions >= 1 else f"{spelt(size * 100)}m yuan"
    return definitions.Text(
        label.zh.format(threshold=f" {spelt(size)} 亿元").strip(),
        label.en.format(threshold=english),
    )


def pure(value: object) -> object:
    """Read a pure number that is written as a quotient or in per cent; leave all else to the schema."""
    if isinstance(value, str) and ("/" in value or "%" in value):
        read = quantity(value)
        if read.unit is not None:
            return float(units.convert_exact(read.value, read.unit, "比例"))
        return float(exact(value))
    return value
