"""Amounts: a number with a unit as it is written in a file, exact as a fraction."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import shown

__all__ = ["Amount", "exact", "quantity", "spelt"]


class Amount(NamedTuple):
    """A number as somebody wrote it, exact, with its unit if one was given."""

    value: Fraction
    unit: str | None

    def __str__(self) -> str:
        """Return the number as text with its unit: ``20/3 公顷``."""
        return f"{spelt(self.value)} {self.unit}" if self.unit else spelt(self.value)


_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_QUANTITY = re.compile(rf"({_NUMBER})(?: ?/ ?({_NUMBER}))? ?((?:[^\W\d_]|[/%]).*)?")
_LONGEST = 80
_MOST_DIGITS = 30  # before and after the point


def exact(value: object) -> Fraction:
    """Read a number, or a quotient such as ``20/3`` or ``2000/1.4``, without rounding.

    Parameters
    ----------
    value : int, float, Fraction or str
        A float counts as the decimal number it prints as.

    Returns
    -------
    Fraction
        The number.

    Raises
    ------
    ValueError
        If it is no finite number.

    Examples
    --------
    >>> exact("20/3")
    Fraction(20, 3)
    """
    amount = quantity(value)
    if amount.unit is not None:
        message = phrase("quantity.unit", unit=shown(amount.unit))
        raise ValueError(message)
    return amount.value


def quantity(value: object) -> Amount:
    """Read a number with or without a unit: ``1.5``, ``"20/3"``, ``"4.5 万人/年"``.

    Raises
    ------
    ValueError
        If it is no finite number, or nothing that begins with one.
    """
    if isinstance(value, Fraction):
        return Amount(value, None)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return Amount(_sized(str(value), value), None)
    match = None
    if isinstance(value, str) and len(value) <= _LONGEST:
        match = _QUANTITY.fullmatch(value.strip())
    if not match or (match[2] and not _sized(match[2], value)):
        message = phrase("quantity.not_a_number", value=shown(value), slip=_slip(value))
        message += phrase("quantity.allowed")
        raise ValueError(message)
    number = _sized(match[1], value) / _sized(match[2] or "1", value)
    return Amount(number, match[3].strip() if match[3] else None)


def _sized(text: str, value: object) -> Fraction:
    """Return a decimal number exactly; what no quantity has is refused before it costs anything."""
    number = Decimal(text)
    if number and abs(number.adjusted()) > _MOST_DIGITS:
        message = phrase("quantity.none", value=shown(value), most_digits=_MOST_DIGITS)
        raise ValueError(message)
    return Fraction(number)


def _slip(value: object) -> str:
    if not isinstance(value, str):
        return ""
    plain = unicodedata.normalize("NFKC", value).strip()
    if plain != value and _QUANTITY.fullmatch(plain):
        return phrase("quantity.full_width", plain=plain)
    bare = plain.replace(",", "").replace("_", "")
    if bare != value and _QUANTITY.fullmatch(bare):
        return phrase("quantity.separators", bare=bare)
    return ""


def spelt(value: Fraction) -> str:
    """Write an exact number: as a decimal if it ends within 15 digits, else as a quotient."""
    number = float(value)
    if Fraction(repr(number)) == value:
        return f"{int(number):,}" if number.is_integer() and abs(number) < 1e15 else repr(number)
    return f"{value.numerator}/{value.denominator}"
