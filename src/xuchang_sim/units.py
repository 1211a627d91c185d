"""Units and months: a closed table with exact factors.

A quantity in a pack or a scenario is a number with a unit from this table; anything else is
an error. Factors are exact fractions, so that 亩 is 10000/15 m² and nothing is lost on the way.
Counts of different things (个, 家, 套, 区, 人) are different dimensions, and a percentage point is
not a per cent: adding or converting them is a mistake, not arithmetic.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product

from xuchang_sim.text import phrase

__all__ = [
    "THINGS",
    "Unit",
    "UnitError",
    "alike",
    "alternatives",
    "canonical",
    "convert",
    "convert_exact",
    "english",
    "factor",
    "kind",
    "month_index",
    "month_label",
    "names",
    "parse",
]


class UnitError(ValueError):
    """A unit that is not in the table, or two units that measure different things."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit, simple or a quotient.

    Parameters
    ----------
    name : str
        Canonical name, for example ``万元/亩``.
    factor : Fraction
        How many base units (元, m², 人, 月, ...) one of this unit is.
    dimensions : tuple of (str, int)
        Dimension and power, sorted; empty for pure numbers.
    english : str
        English name.
    """

    name: str
    factor: Fraction
    dimensions: tuple[tuple[str, int], ...]
    english: str


# name: (factor to the base unit, dimension, English)
_TABLE: dict[str, tuple[Fraction, str, str]] = {
    "元": (Fraction(1), "money", "yuan"),
    "万元": (Fraction(10**4), "money", "10k yuan"),
    "亿元": (Fraction(10**8), "money", "100m yuan"),
    "m²": (Fraction(1), "area", "m²"),
    "万m²": (Fraction(10**4), "area", "10k m²"),
    "亩": (Fraction(10**4, 15), "area", "mu"),
    "公顷": (Fraction(10**4), "area", "ha"),
    "km²": (Fraction(10**6), "area", "km²"),
    "人": (Fraction(1), "persons", "persons"),
    "万人": (Fraction(10**4), "persons", "10k persons"),
    "月": (Fraction(1), "time", "months"),
    "年": (Fraction(12), "time", "years"),
    "个": (Fraction(1), "items", "items"),
    "家": (Fraction(1), "firms", "firms"),
    "套": (Fraction(1), "dwellings", "dwellings"),
    "区": (Fraction(1), "zones", "zones"),
    "座": (Fraction(1), "works", "works"),
    "次": (Fraction(1), "events", "events"),
    "比例": (Fraction(1), "", "fraction"),
    "倍": (Fraction(1), "", "times"),
    "弹性": (Fraction(1), "", "elasticity"),
    "指数": (Fraction(1), "", "exponent"),
    "%": (Fraction(1, 100), "", "%"),
    "百分点": (Fraction(1), "points", "percentage points"),
}

_ALIASES: dict[str, str] = {
    "CNY": "元", "yuan": "元", "1e4 CNY": "万元", "1e8 CNY": "亿元",
    "m2": "m²", "平方米": "m²", "㎡": "m²", "万平方米": "万m²", "万m2": "万m²",
    "mu": "亩", "ha": "公顷", "km2": "km²", "平方公里": "km²",
    "person": "人", "persons": "人", "1e4 persons": "万人",
    "month": "月", "months": "月", "个月": "月", "year": "年", "years": "年",
    "items": "个", "projects": "个", "firms": "家", "dwellings": "套",
    "zone": "区", "zones": "区", "events": "次",
    "fraction": "比例", "ratio": "比例", "times": "倍", "elasticity": "弹性", "exponent": "指数",
    "％": "%", "percent": "%", "percentage points": "百分点",
}  # fmt: skip
for _name, _entry in _TABLE.items():  # what is printed in English is read, too
    _ALIASES |= {_entry[2]: _name, _entry[2].removesuffix("s"): _name}

PRODUCT = "·"
#: Dimensions of things that are counted: 7 个 and 7 区 may be the same zones.
THINGS = frozenset({"items", "firms", "zones", "works", "dwellings"})
_COUNTED = re.compile(r"([1-9][0-9]{0,8}) ?(.+)")


def names() -> tuple[str, ...]:
    """Canonical names of the simple units, in table order."""
    return tuple(_TABLE)


def _atom(text: str, whole: str) -> tuple[str, Fraction, str, str]:
    """Name, factor, dimension and English name of one factor of a quotient, e.g. ``1000m²``."""
    name = _ALIASES.get(text, text)
    count = ""
    if name not in _TABLE and (counted := _COUNTED.fullmatch(text)):
        count = counted[1]
        name = _ALIASES.get(counted[2], counted[2])
    if name not in _TABLE:
        message = phrase("unit.unknown", whole=whole, table=" ".join(_TABLE))
        raise UnitError(message)
    factor, dimension, label = _TABLE[name]
    times = f"{count} " if count else ""
    return f"{count}{name}", factor * int(count or 1), dimension, f"{times}{label}"


@lru_cache(maxsize=512)
def parse(text: str) -> Unit:
    """Read a unit such as ``亿元``, ``万元/亩``, ``亩/1000m²``, ``亿元·月`` or ``/月``.

    Parameters
    ----------
    text : str
        Unit, Chinese or one of the English aliases.

    Returns
    -------
    Unit
        The unit with its exact factor.

    Raises
    ------
    UnitError
        If any part is not in the table.
    """
    first, *below = text.strip().split("/")
    factor, powers = Fraction(1), dict[str, int]()
    parts: list[str] = []
    labels: list[str] = []
    for number, piece in enumerate([first, *below]):
        sign = -1 if number else 1
        atoms = []
        if piece.strip() or number or not below:  # else "/月": one per month
            atoms = [_atom(atom.strip(), text) for atom in piece.split(PRODUCT)]
        for _, scale, dimension, _ in atoms:
            factor *= scale**sign
            if dimension:
                powers[dimension] = powers.get(dimension, 0) + sign
        parts.append(PRODUCT.join(name for name, *_ in atoms))
        label = PRODUCT.join(label for *_, label in atoms)
        labels.append(label.removesuffix("s") if number else label)
    dimensions = tuple(sorted((d, p) for d, p in powers.items() if p))
    return Unit("/".join(parts), factor, dimensions, "/".join(labels))


def canonical(text: str) -> str:
    """Canonical name of a unit.

    Raises
    ------
    UnitError
        If the unit is not in the table.
    """
    return parse(text).name


def english(text: str) -> str:
    """English name of a unit, for example ``10k yuan/mu`` for ``万元/亩``.

    Raises
    ------
    UnitError
        If the unit is not in the table.
    """
    return parse(text).english


def convert(value: float | Fraction, source: str, target: str) -> float:
    """Convert a number from one unit to another, exactly, then round once to a float.

    Parameters
    ----------
    value : float or Fraction
        Number in `source`; a float counts as the decimal number it prints as.
    source, target : str
        Units of the same dimension.

    Returns
    -------
    float
        Number in `target`.

    Raises
    ------
    UnitError
        If a unit is unknown or the two measure different things.
    ValueError
        If `value` is not finite.
    """
    exact = value if isinstance(value, Fraction) else Fraction(str(value))
    return float(convert_exact(exact, source, target))


def convert_exact(value: Fraction, source: str, target: str) -> Fraction:
    """Convert a number from one unit to another without rounding.

    Parameters
    ----------
    value : Fraction
        Number in `source`.
    source, target : str
        Units of the same dimension.

    Returns
    -------
    Fraction
        Number in `target`.

    Raises
    ------
    UnitError
        If a unit is unknown or the two measure different things.

    Examples
    --------
    >>> convert_exact(Fraction(20, 3), "公顷", "亩")
    Fraction(100, 1)
    """
    old, new = parse(source), parse(target)
    if old.dimensions != new.dimensions:
        message = phrase("unit.cannot", name=old.name, name2=new.name)
        raise UnitError(message)
    return value * old.factor / new.factor


@lru_cache(maxsize=64)
def factor(source: str, target: str) -> float:
    """Return how many of the target unit one of the source unit is, rounded once.

    Raises
    ------
    UnitError
        If a unit is unknown or the two measure different things.

    Examples
    --------
    >>> factor("亿元", "万元")
    10000.0
    """
    return convert(Fraction(1), source, target)


def kind(text: str) -> str:
    """Return the kind of a unit in words: ``money per area`` for 万元/亩.

    Raises
    ------
    UnitError
        If the unit is not in the table.
    """
    dimensions = parse(text).dimensions
    above = [name for name, power in dimensions for _ in range(power)]
    below = [name.removesuffix("s") for name, power in dimensions for _ in range(-power)]
    above = [phrase(f"dimension.{name}") for name in above]
    below = [phrase(f"dimension.{name}") for name in below]
    what = phrase("dimension.times").join(above) or phrase("dimension.pure")
    return phrase("dimension.per").join([what, *below])


@lru_cache(maxsize=512)
def alike(first: str, second: str) -> bool:
    """Whether one statement may give a number in both units: both count things, say, or both are shares.

    A year or a zone that they are per is not asked. Percentage points are like shares.

    Raises
    ------
    UnitError
        If a unit is not in the table.

    Examples
    --------
    >>> alike("个/区", "区"), alike("百分点", "%"), alike("亿元", "个")
    (True, True, False)
    """
    return bool(_stuff(first) & _stuff(second))


def _stuff(text: str) -> set[str]:
    """Return the kinds of things that a unit counts or measures, without those it is per."""
    dimensions = {name for name, power in parse(text).dimensions if power > 0} or {""}
    names = {"": "share", "points": "share", **dict.fromkeys(THINGS, "things")}
    return {names.get(name, name) for name in dimensions}


def alternatives(text: str) -> tuple[str, ...]:
    """Other units of the same kind: every factor of the quotient in every unit of its dimension.

    Raises
    ------
    UnitError
        If the unit is not in the table.

    Examples
    --------
    >>> alternatives("人/年")
    ('人/月', '万人/年', '万人/月')
    """
    own = parse(text)
    choices: list[tuple[str, ...]] = []
    for number, piece in enumerate(own.name.split("/")):
        counted = _COUNTED.fullmatch(piece)
        name = counted[2] if counted and piece not in _TABLE else piece
        if name not in _TABLE and piece:
            choices.append((piece,))
            continue
        dimension = _TABLE[name][1] if piece else ""
        same = [u for u, (_, d, _) in _TABLE.items() if d == dimension]
        if not dimension and number:
            same = [name]
        elif not piece:
            same = ["%"]
        choices.append(tuple(dict.fromkeys((piece, *same))))
    return tuple("/".join(parts) for parts in product(*choices))[1:]


_MONTH = re.compile(r"(19|20)([0-9]{2})-(0[1-9]|1[0-2])")


def month_index(text: object) -> int:
    """Count a month ``YYYY-MM`` as ``12 * year + month - 1``.

    Raises
    ------
    ValueError
        If the text is not a month of the years 1900 to 2099.
    """
    if not isinstance(text, str) or not (match := _MONTH.fullmatch(text)):
        message = phrase("unit.month", text=text)
        raise ValueError(message)
    return 12 * int(match[1] + match[2]) + int(match[3]) - 1


def month_label(index: int) -> str:
    """``YYYY-MM`` of a month number, the inverse of `month_index`."""
    year, month = divmod(index, 12)
    return f"{year:04d}-{month + 1:02d}"
