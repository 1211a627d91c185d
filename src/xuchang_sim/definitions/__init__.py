"""Definitions: every lever, parameter, measure, recorded column, driver and sector of the model, once.

One module because a definition, its checks and the reading of its file are one contract.

The YAML files beside this module say what each is: id, unit, kind, levels or prior and range, bounds
that no pack can move, price, label and meaning. Packs, scenarios, workbooks, reference pages and the
layout of the model's record come from them or are checked against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from xuchang_sim import extensions, units
from xuchang_sim.definitions.amounts import Amount, exact, spelt
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, did_you_mean, read_yaml, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Column",
    "Driver",
    "Lever",
    "Measure",
    "Number",
    "Parameter",
    "Price",
    "Sector",
    "Text",
    "columns",
    "drivers",
    "entries",
    "levers",
    "measure",
    "measures",
    "parameters",
    "price",
    "sectors",
    "summary",
]

LEVELS: tuple[Literal["absent", "low", "plan", "high"], ...] = ("absent", "low", "plan", "high")
SPREAD = 5
"""How far ``possible`` goes beyond the numbers of a definition that does not state it."""


class Text(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        """Return both languages on one line, once where they are the same."""
        return self.zh if self.zh == self.en else f"{self.zh} · {self.en}"


@dataclass(frozen=True)
class Number:
    """Unit and bounds of a number of a pack.

    Parameters
    ----------
    id : str
        Name in packs, in the code and in results.
    unit : str
        Unit of the model; what is given in another unit of its kind is converted.
    label : Text
        What it is called.
    possible : tuple of two Fractions, or None
        Smallest and largest size, zero aside; None for no bounds.
    zero, negative : bool
        Whether zero and numbers below it may be.
    of : str
        Total of the base year of which `possible` gives parts; empty if it stands in `unit`.
    rate : str
        ``compound`` (growth over years), ``probability`` (of a period) or empty. The first two do
        not convert to other periods.
    """

    id: str
    unit: str
    label: Text
    possible: tuple[Fraction, Fraction] | None = None
    zero: bool = True
    negative: bool = True
    rate: str = ""
    of: str = ""

    @property
    def label_zh(self) -> str:
        """Chinese label."""
        return self.label.zh

    @property
    def label_en(self) -> str:
        """English label."""
        return self.label.en

    @property
    def pure(self) -> bool:
        """Whether it is a pure number, which may stand without a unit."""
        return not units.parse(self.unit).dimensions

    def within(self, totals: Mapping[str, Fraction]) -> Number:
        """Return the definition with its bounds in its unit, for a city of these totals.

        Without the total that they are parts of there are no bounds.
        """
        if not self.of or not self.possible:
            return Number(
                self.id, self.unit, self.label, self.possible, self.zero, self.negative, self.rate
            )
        total = totals.get(self.of)
        low, high = self.possible
        bounds = (low * total, high * total) if total else None
        return Number(self.id, self.unit, self.label, bounds, self.zero, self.negative, self.rate)

    def kindred(self) -> tuple[str, ...]:
        """Units in which it may be given, its own first."""
        own = units.parse(self.unit)
        kin = dict.fromkeys((own.name, *units.alternatives(own.name)))
        if self.rate:  # the same period only: a fraction or a percentage of it
            return tuple(u for u in kin if units.parse(u).factor / own.factor in _PERCENT)
        return tuple(kin)

    def convert(self, amount: Amount, zones: int = 0) -> Fraction:
        """Express an amount in the unit of the definition, exactly.

        Parameters
        ----------
        amount : Amount
            Number with or without a unit.
        zones : int, optional
            Number of zones, for a hint where a city's total is given for a zone's.

        Returns
        -------
        Fraction
            Number in `unit`.

        Raises
        ------
        ValueError
            If the unit is missing, unknown or of another kind.
        """
        if amount.unit is None:
            if not self.pure:
                message = phrase("quantity.no_unit", some_units=self._some_units())
                raise ValueError(message)
            return amount.value
        try:
            old = units.parse(amount.unit)
        except units.UnitError:
            close = did_you_mean(amount.unit, self.kindred())
            message = phrase(
                "quantity.not_a_unit",
                unit=shown(amount.unit),
                close=close,
                some_units=self._some_units(),
            )
            raise ValueError(message) from None
        new = units.parse(self.unit)
        if old.dimensions != new.dimensions:
            message = phrase(
                "quantity.other_kind",
                name=old.name,
                kind=units.kind(old.name),
                kind2=units.kind(new.name),
                hint=self._hint(amount, old, new, zones),
                some_units=self._some_units(),
            )
            raise ValueError(message)
        if self.rate and old.factor / new.factor not in _PERCENT:
            raise ValueError(self._period(amount, old))
        return units.convert_exact(amount.value, old.name, new.name)

    def complaint(self, value: Fraction, amount: Amount | None = None) -> str:
        """Say why a number cannot be, in both units; nothing if it can.

        Parameters
        ----------
        value : Fraction
            In the unit of the definition.
        amount : Amount, optional
            The same as it was written.
        """
        low, high = self.possible or (0, float("inf"))
        if not value and not self.zero:
            key = "quantity.zero"
        elif value < 0 and not self.negative:
            key = "quantity.negative"
        elif value and not low <= abs(value) <= high:
            key = "quantity.impossible"
        else:
            return ""
        amount_text = f"{spelt(value)} {self.unit}" if self.unit else spelt(value)
        if amount is not None and amount.unit and amount.unit != self.unit:
            amount_text = phrase("quantity.converted", amount=amount, told=amount_text)
        if key == "quantity.impossible":
            amount_text += self._percent(value, amount)
        return phrase(key, told=amount_text, bounds=self._bounds())

    def _percent(self, value: Fraction, amount: Amount | None) -> str:
        """Guess that a percentage was written without its unit."""
        bounds = self.possible
        if not bounds or not self.pure or (amount and amount.unit not in {None, "比例"}):
            return ""
        part = value / 100
        if not bounds[0] <= abs(part) <= bounds[1]:
            return ""
        return phrase("quantity.percentage", part=spelt(part), value=spelt(value))

    def _bounds(self) -> str:
        if self.possible is None:
            key = "quantity.any" if self.zero or self.negative else "quantity.any_above"
            return phrase(key, unit=self.unit)
        low, high = (f"{float(x):,.6g}" for x in self.possible)
        sign = "±" if self.negative and self.possible else ""
        also = phrase("quantity.or_zero") if self.zero else ""
        return phrase(
            "quantity.bounds", also=also, sign=sign, low=low, high=high, unit=self.unit
        ).rstrip()

    def _some_units(self) -> str:
        first, *others = self.kindred()
        return ", ".join([first, *others[:2], *(["…"] if len(others) > 2 else [])])

    def _hint(self, amount: Amount, old: units.Unit, new: units.Unit, zones: int) -> str:
        """Guess the three mistakes that planners make."""
        extra = dict(new.dimensions)
        for dimension, power in old.dimensions:
            extra[dimension] = extra.get(dimension, 0) - power
        missing = {d: p for d, p in extra.items() if p}
        if missing == {"zones": -1} and zones and "区" in self.unit.split("/")[1:]:
            each = units.convert_exact(amount.value, old.name, _times(self.unit, "区")) / zones
            return phrase(
                "quantity.for_zones", amount=amount, zones=zones, each=spelt(each), unit=self.unit
            )
        if missing == {"time": -1}:
            return phrase("quantity.stock", name=old.name)
        if missing == {"time": 1}:
            return phrase("quantity.yearly")
        if {"points"} == missing.keys():
            percent = phrase("quantity.and").join(sorted({old.name, new.name}))
            return phrase("quantity.points", percent=percent)
        return ""

    def _period(self, amount: Amount, old: units.Unit) -> str:
        own = phrase("quantity.or").join(self.kindred())
        if self.rate == "compound":
            share = float(amount.value * old.factor)  # of a month
            yearly = (
                phrase("quantity.compounds", amount=amount, value=(1 + share) ** 12 - 1)
                if share > -1
                else ""
            )
            return phrase("quantity.growth_period", name=old.name, yearly=yearly, own=own)
        return phrase("quantity.chance_period", name=old.name, own=own)


_PERCENT = (Fraction(1), Fraction(1, 100), Fraction(100))


def _times(unit: str, divisor: str) -> str:
    """Unit without one of its divisors: 亩/区/年 without 区 is 亩/年."""
    first, *below = unit.split("/")
    below.remove(divisor)
    return "/".join([first, *below])


class Price(NamedTuple):
    """Cost of a unit of a lever, and who bears it.

    ``kind`` is capital, yearly, foregone, staff or none; ``per`` names the parameters (and the word
    zones) whose product with the lever's unit is money; ``reason`` says why there is no number.
    """

    kind: str
    per: tuple[str, ...] | None
    payer: str
    reason: Text | None


NOTHING = Text("", "")
FREE = Price("none", None, "", None)


@dataclass(frozen=True)
class Lever(Number):
    """A lever.

    Parameters
    ----------
    axis : str
        Family of levers.
    kind : str
        ``annual_total``, ``once``, ``level``, ``count`` or ``switch``.
    local : bool
        Whether its levels belong to the city, so that a pack states all four or none.
    neutral : float
        Value that leaves the world as if the instrument did not exist.
    levels : tuple of four floats
        absent, low, plan, high; all `neutral` where the lever is local.
    range : tuple of two floats
        Smallest and largest value of scenarios.
    not_below : str or None
        Lever that this one may not fall below.
    acts : str
        ``warm_up`` or ``opening``.
    price : Price
        What it costs.
    moves : str
        Recorded column that rises from the absent to the high level, or falls (``-``); empty if none.
    does, source : Text
        What it moves; where its levels come from.
    mark : str
        How sure they are.
    """

    axis: str = ""
    kind: str = "level"
    local: bool = False
    neutral: float = 0.0
    levels: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    range: tuple[float, float] = (0.0, 0.0)
    not_below: str | None = None
    acts: str = "opening"
    price: Price = FREE
    moves: str = ""
    does: Text = NOTHING
    source: Text = NOTHING
    mark: str = "J"

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self.kind in {"count", "switch"}


@dataclass(frozen=True)
class Parameter(Number):
    """A parameter.

    Parameters
    ----------
    row : str
        Row of the parameter table of the model's description.
    local : bool
        Whether the number belongs to the city.
    default : float
        Central value.
    range : tuple of two floats or None
        Smallest and largest value; the support of the prior.
    prior : str
        ``fixed``, ``uniform``, ``triangular``, ``normal``, ``lognormal`` or ``integer``.
    sd, sigma : float or None
        Standard deviation of ``normal``; log standard deviation of ``lognormal``.
    used_by : str
        ``model``, or ``answers`` for what only measures read.
    acts : str
        ``warm_up`` or ``opening``.
    note, source : Text
        Remark; where the numbers come from.
    mark : str
        How sure they are.
    later_source : bool
        Whether the source is later than the plan.
    """

    row: str = "added"
    local: bool = False
    default: float = 0.0
    range: tuple[float, float] | None = None
    prior: str = "fixed"
    sd: float | None = None
    sigma: float | None = None
    used_by: str = "model"
    acts: str = "opening"
    note: Text = NOTHING
    source: Text = NOTHING
    mark: str = "J"
    later_source: bool = False

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self.prior == "integer"


@dataclass(frozen=True)
class Measure(Number):
    """A measure, or a family of measures with a threshold.

    Parameters
    ----------
    basis, direction : str
        Defaults of a target.
    threshold : str
        Unit of the threshold; empty for a single measure.
    sizes : tuple of two Fractions, or None
        Smallest and largest threshold.
    needs : tuple of str
        What must stand in the pack: ``base.revenue``, ``clusters``, ``zones.leading``.
    parameters : tuple of str
        Parameters it reads.
    lever : str
        Lever that states the same quantity; empty if none does.
    """

    basis: str = "model"
    lever: str = ""
    direction: str = "at_least"
    threshold: str = ""
    sizes: tuple[Fraction, Fraction] | None = None
    needs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A recorded column, or a number of a replicate.

    Parameters
    ----------
    kind : str
        ``flow`` (of the month), ``stock`` (at its end) or ``scalar`` (one a replicate).
    zones : str
        How zones make up the city: ``sum``, ``mean``, ``count`` or ``none``.
    year : str
        How months make up a year: ``sum``, ``last`` or ``mean``.
    """

    id: str
    unit: str
    kind: str
    label: Text
    zones: str = "sum"
    year: str = "last"


@dataclass(frozen=True)
class Driver:
    """A national series behind demand, prices, credit or investment.

    ``unit`` and ``entity`` are those of the tables that hold it.
    """

    id: str
    unit: str
    entity: str
    frequency: str
    release: tuple[int, int]
    label: Text
    required: bool = True
    gap_free: bool = False
    least: int = 0


@dataclass(frozen=True)
class Sector:
    """A sector of the catalogue; see ``sectors.yaml``."""

    id: str
    ppi_beta: float
    own_money_min: float
    plot_ratio_min: float
    floor_suited: bool
    productivity: float
    label: Text
    source: Text
    mark: str


@cache
def entries(name: str) -> Mapping[str, Any]:
    """Return a file of definitions as plain data: ``levers``, ``parameters``, ``measures`` and so on."""
    problems: list[Any] = []
    source = read_yaml(Path(__file__).parent / f"{name}.yaml", problems)
    if source is None or problems or not isinstance(source.data, dict):
        raise InputError(problems)
    return source.data


def _text(value: object) -> Text:
    if isinstance(value, dict):
        return Text(value["zh"], value["en"])
    return Text(str(value or ""), str(value or ""))


def _sizes(stated: Any, numbers: Iterable[float]) -> Any:
    """Bounds of a definition: stated, or a fifth of its smallest to five times its largest."""
    if isinstance(stated, dict):
        stated = stated["range"]
    if stated:
        return exact(stated[0]), exact(stated[1])
    held = [abs(exact(x)) for x in numbers if x]
    if not held:
        return None
    return min(held) / SPREAD, max(held) * SPREAD


def _pair(value: Any) -> Any:
    return (float(value[0]), float(value[1])) if value else None


@cache
def levers() -> Mapping[str, Lever]:
    """All levers by id, in the order of the file, which is that of the model's record."""
    return {name: _lever(name, entry) for name, entry in entries("levers")["levers"].items()}


def _lever(name: str, entry: Any) -> Lever:
    low, high = float(entry["range"][0]), float(entry["range"][1])
    neutral = float(entry.get("neutral", 0))
    held = entry.get("levels")
    levels = tuple(float(held[level]) for level in LEVELS) if held else (neutral,) * 4
    price = entry["price"]
    per = price.get("per")
    return Lever(
        id=name,
        unit=units.canonical(entry["unit"]),
        label=_text(entry["label"]),
        possible=_sizes(entry.get("possible"), (low, high, *levels)),
        of=_of(entry.get("possible")),
        zero=low <= 0 <= high,
        negative=low < 0,
        rate=entry.get("rate", ""),
        axis=entry["axis"],
        kind=entry["kind"],
        local=entry.get("local", False),
        neutral=neutral,
        levels=levels,  # type: ignore[arg-type] # four of them
        range=(low, high),
        not_below=entry.get("not_below"),
        acts=entry.get("acts", "opening"),
        price=Price(
            price["kind"],
            None if per is None else tuple(per),
            price.get("payer", ""),
            _text(price["reason"]) if "reason" in price else None,
        ),
        moves=entry.get("moves", ""),
        does=_text(entry["does"]),
        source=_text(entry["source"]),
        mark=entry["mark"],
    )


def price(name: str, values: Mapping[str, float], zones: int) -> Fraction | None:
    """Money that one unit of a lever costs, in 亿元, exactly; None if it has no number.

    Parameters
    ----------
    name : str
        Lever.
    values : mapping of str to float
        Parameters in their units, as floats or as anything that prints as a decimal.
    zones : int
        Number of zones.
    """
    what = levers()[name]
    if what.price.per is None:
        return None
    total, factor = Fraction(1), units.parse(what.unit).factor
    for part in what.price.per:
        if part == "zones":
            total *= zones
        else:
            total *= exact(values[part])
            factor *= units.parse(parameters()[part].unit).factor
    yearly = any(d == "time" for d, _ in units.parse(what.unit).dimensions)
    return total * factor / units.parse("亿元/年" if yearly else "亿元").factor


@cache
def parameters() -> Mapping[str, Parameter]:
    """All parameters by id, in the order of the file."""
    entries_read = entries("parameters")["parameters"]
    return {name: _parameter(name, entry) for name, entry in entries_read.items()}


def _parameter(name: str, entry: Any) -> Parameter:
    prior = entry.get("prior", "fixed")
    kind = prior if isinstance(prior, str) else prior["kind"]
    spread = {} if isinstance(prior, str) else prior
    support = _pair(entry.get("range"))
    default = float(entry["default"])
    numbers = (default, *(support or ()))
    return Parameter(
        id=name,
        unit=units.canonical(entry["unit"]),
        label=_text(entry["label"]),
        possible=_sizes(entry.get("possible"), numbers),
        of=_of(entry.get("possible")),
        zero=min(numbers) <= 0 <= max(numbers),
        negative=min(numbers) < 0,
        rate=entry.get("rate", ""),
        row=entry["row"],
        local=entry.get("local", False),
        default=default,
        range=support,
        prior=kind,
        sd=spread.get("sd"),
        sigma=spread.get("sigma"),
        used_by=entry.get("used_by", "model"),
        acts=entry.get("acts", "opening"),
        note=_text(entry.get("note")),
        source=_text(entry["source"]),
        mark=entry["mark"],
        later_source=entry.get("later_source", False),
    )


@cache
def measures() -> Mapping[str, Measure]:
    """All measures and families of measures by id, in the order of the file."""
    return {
        name: Measure(
            id=name,
            unit=units.canonical(entry["unit"]),
            label=_text(entry["label"]),
            possible=_sizes(entry.get("possible"), ()),
            of=_of(entry.get("possible")),
            sizes=_sizes(entry.get("sizes"), ()),
            basis=entry.get("basis", "model"),
            lever=entry.get("lever", ""),
            direction=entry.get("direction", "at_least"),
            threshold=entry.get("threshold", ""),
            needs=tuple(entry.get("needs", ())),
            parameters=tuple(entry.get("parameters", ())),
        )
        for name, entry in entries("measures")["measures"].items()
    }


def _of(stated: Any) -> str:
    return str(stated["of"]) if isinstance(stated, dict) else ""


def measure(name: str) -> Measure | None:
    """Measure of this name; ``zones_100`` is one of the family ``zones``. None if there is none.

    A name that is none of the library's is sought among those of other distributions.
    """
    known = measures()
    if name in known:
        return None if known[name].threshold else known[name]
    stem, _, size = name.rpartition("_")
    family = known.get(stem)
    if family and family.threshold and size.isdecimal():
        return family
    other = extensions.measure(name)
    return other.definition if other else None


@cache
def columns() -> Mapping[str, Column]:
    """Recorded columns by id, in the order of the record."""
    return {
        name: Column(
            name,
            units.canonical(entry["unit"]),
            entry["kind"],
            _text(entry["label"]),
            entry.get("zones", "sum"),
            entry.get("year", "sum" if entry["kind"] == "flow" else "last"),
        )
        for name, entry in entries("columns")["columns"].items()
    }


@cache
def summary() -> Mapping[str, Column]:
    """Numbers of a replicate that are not monthly, by id, in the order of the record."""
    return {
        name: Column(name, units.canonical(entry["unit"]), "scalar", _text(entry["label"]), "none")
        for name, entry in entries("columns")["summary"].items()
    }


@cache
def drivers() -> Mapping[str, Driver]:
    """The national series by id."""
    return {
        name: Driver(
            name,
            entry["unit"],
            entry["entity"],
            entry["frequency"],
            (entry["release"]["months"], entry["release"]["day"]),
            _text(entry["label"]),
            entry.get("required", False),
            entry.get("gap_free", False),
            entry.get("least", 0),
        )
        for name, entry in entries("drivers")["drivers"].items()
    }


@cache
def sectors() -> Mapping[str, Sector]:
    """Catalogue of sectors by id."""
    return {
        name: Sector(
            name,
            float(entry["ppi_beta"]),
            float(entry["own_money_min"]),
            float(entry["plot_ratio_min"]),
            entry["floor_suited"],
            float(entry["productivity"]),
            _text(entry["label"]),
            _text(entry["source"]),
            entry["mark"],
        )
        for name, entry in entries("sectors")["sectors"].items()
    }
