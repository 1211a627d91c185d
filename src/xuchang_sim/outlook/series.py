"""Series with vintages: what was published by a date, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

#: Day of the following month on which a monthly figure is published, by the series' stem.
RELEASE_DAY = {
    "pmi": 1,
    "ppi": 11,
    "cpi": 11,
    "m1": 15,
    "m2": 15,
    "new_rmb": 15,
    "industrial_profit": 27,
}
RELEASE_DAY_DEFAULT = 13


def history(pack: Any, name: str, as_of: str | None = None) -> dict[str, float]:
    """Values of a monthly series by ``YYYY-MM``, as published by ``as_of``.

    Parameters
    ----------
    pack
        A loaded pack, or a mapping of series name to mapping of ``YYYY-MM`` to value.
    name : str
        Series name.
    as_of : str, optional
        ``YYYY-MM-DD``. Default: the pack's information date; a plain mapping gives everything.

    Raises
    ------
    KeyError
        If the pack has no such series.
    """
    if isinstance(pack, Mapping):
        values: dict[str, float] = dict(pack[name])
    else:
        values = dict(pack.history[name])
        as_of = as_of or str(pack.information_date)
    if as_of is None:
        return values
    seen = date.fromisoformat(as_of)
    return {month: value for month, value in values.items() if released(name, month) <= seen}


def released(name: str, month: str) -> date:
    """Day on which the figure of a month (``YYYY-MM``) became public, by the release rule."""
    day = next((d for stem, d in RELEASE_DAY.items() if name.startswith(stem)), RELEASE_DAY_DEFAULT)
    year, number = int(month[:4]), int(month[5:7])
    return date(year + number // 12, number % 12 + 1, day)
