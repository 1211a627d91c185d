"""Tables of the outlook: drivers, series, past forecasts, the reference-class forecast."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xuchang_sim.report.sheet import Sheet
from xuchang_sim.report.tables import fixed, number, outside, percent, spread
from xuchang_sim.text import Language, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def outlook(
    data: Mapping[str, Any], date: str, replicates: int, seed: int, lang: Language
) -> RenderableType:
    """Lay out the economic outlook: drivers by month, what is measured of it, the reference-class forecast."""
    parts: list[RenderableType] = [
        Text(say("outlook.title", lang, date=date, replicates=replicates, seed=seed), style="bold")
    ]
    table = Sheet()
    table.values(say("outlook.driver", lang), justify="left")
    table.values(*(say(f"outlook.{key}", lang) for key in ("known", "month", "median", "range")))
    for name, driver in data["drivers"].items():
        quantiles = driver["quantiles"]
        for m, month in enumerate(driver["months"]):
            low, middle, high = (percent(quantiles[q][m]) for q in ("0.05", "0.50", "0.95"))
            first = m == 0
            table.add_row(
                say(f"driver.{name}", lang) if first else "",
                driver["known_to"] if first else "",
                month,
                middle,
                f"{low} – {high}",
            )
    parts.append(table)
    demand = data["demand"]
    lines = [
        "",
        say(
            "outlook.demand",
            lang,
            first=demand["months"][0],
            last=demand["months"][-1],
            sd=fixed(100 * demand["sd_measured"], ".1f"),
            origins=demand["origins"],
            **spread(demand["quantiles"]),
        ),
        *_coverage(demand["coverage"], lang),
        _weights(data["weights"], lang),
        *outside(data["outside_view"], lang),
    ]
    parts += [Text(line) for line in lines]
    if "backtest" in data:
        parts.append(_backtest(data["backtest"], lang))
    return Group(*parts)


def series_forecast(data: Mapping[str, Any], name: str, lang: Language) -> RenderableType:
    """Lay out the forecast of any series: quantiles by step, weights, measured coverage."""
    levels = list(data["quantiles"])
    horizon = len(data["dates"])
    power, decimals = resolution(data["quantiles"])
    table = Sheet()
    table.values(say("outlook.period", lang), justify="left")
    table.values(*levels)
    for step, date in enumerate(data["dates"]):
        values = (data["quantiles"][level][step] for level in levels)
        table.add_row(date, *(f"{scaled(value, -power):,.{decimals}f}" for value in values))
    lines = [
        "",
        _verdict(data["verdict"], lang),
        _weights(data["weights"], lang, "outlook.families"),
        *_coverage([row for row in data["coverage"] if row["measured"] is not None], lang),
        *(
            say("outlook.assumed", lang, what=say(f"assumed.{what}", lang), why=why)
            for what, why in data["assumed"].items()
        ),
        *data["notes"],
    ]
    heading = say("outlook.series", lang, name=name, horizon=horizon)
    if power:
        heading += say("outlook.unit", lang, unit=f"1e{power}")
    return Group(Text(heading, style="bold"), table, *(Text(line) for line in lines))


def resolution(quantiles: Mapping[str, Sequence[float]]) -> tuple[int, int]:
    """Power of ten that the numbers of a table are printed in, and their decimals.

    The last digit is a tenth to a hundredth of the median width from the lowest to the highest quantile, but
    a number has no more than seven digits; sizes beyond a million and below a hundredth stand in powers of
    a thousand.

    Examples
    --------
    >>> resolution({"0.05": [482.9, 484.1], "0.95": [483.8, 485.6]})
    (0, 1)
    >>> resolution({"0.05": [2.1e15], "0.95": [2.6e15]})
    (15, 2)
    """
    low, *_, high = quantiles.values()
    size = max(abs(value) for row in quantiles.values() for value in row)
    if not size:
        return 0, 0
    digits = math.floor(math.log10(size))
    power = 0 if -2 <= digits < 6 else 3 * (digits // 3)
    widths = sorted(b - a for a, b in zip(low, high, strict=True))
    width = scaled(widths[len(widths) // 2], -power)
    least = 6 - (digits - power)
    wanted = round(1.5 - math.log10(width)) if width > 0 else least
    return power, min(max(wanted, 0), max(least, 0))


def scaled(value: float, power: int) -> float:
    """Multiply by a power of ten; in two steps, since one of 1e-300 alone may overflow."""
    half = power // 2
    return value * 10.0**half * 10.0 ** (power - half)


def _verdict(verdict: Mapping[str, Any], lang: Language) -> str:
    """Say how 80% intervals held on the past, and what was done about it."""
    return say(
        f"coverage.{verdict['what'].replace(' ', '_')}",
        lang,
        measured="" if verdict["measured"] is None else percent(verdict["measured"]),
        factor=f"{verdict['factor']:.2f}",
        origins=verdict["origins"],
    )


def _weights(weights: Mapping[str, float], lang: Language, key: str = "outlook.weights") -> str:
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    shown = say("outlook.between", lang).join(
        f"{say('family.' + re.sub('[ ,]+', '_', name), lang)} {weight:.2f}"
        for name, weight in ordered
        if weight >= 0.005
    )
    return say(key, lang, weights=shown)


def _coverage(rows: Sequence[Mapping[str, Any]], lang: Language) -> list[str]:
    return [
        say(
            "outlook.coverage",
            lang,
            nominal=percent(row["nominal"]),
            measured=say("outlook.unmeasured", lang)
            if row["measured"] is None
            else percent(row["measured"]),
            origins=row["origins"],
        )
        for row in rows
    ]


#: Columns of measured coverage, by what is nominal.
COVERED = ("50%", "80%", "95%")


def _backtest(data: Mapping[str, Any], lang: Language) -> RenderableType:
    table = Sheet(say("outlook.backtest", lang))
    table.values(say("backtest.series", lang), justify="left")
    table.values(say("backtest.origins", lang), say("backtest.values", lang), *COVERED)
    table.values(*(say(f"backtest.{name}", lang) for name in ("CRPS", "skill", "ratio")))
    table.words(say("backtest.best", lang))

    def line(label: str, of: Mapping[str, Any], crps: str, best: str) -> None:
        table.add_row(
            label,
            str(of["origins"]),
            str(of["values"]),
            *(percent(of[f"cover{c}"]) for c in (50, 80, 95)),
            crps,
            fixed(of["skill"], "+.2f"),
            fixed(of["ratio"], ".2f"),
            best,
        )

    compared = data["comparison"]
    for name, of in compared["series"].items():
        line(name, of, number(of["crps"]), of["best"])
    line(say("backtest.all", lang), compared["all"], "", say("backtest.each", lang))
    for name, why in data["skipped"].items():
        table.add_row(name, "0", *("–" for _ in range(7)), why)
    covered = data["coverage80"]
    band = f"{percent(covered['low'])}–{percent(covered['high'])}"
    rows = [{"nominal": 0.8, "measured": covered["measured"], "origins": covered["origins"]}]
    kept = [
        say(
            "backtest.kept",
            lang,
            model=model,
            series=of["series"],
            ratio=fixed(of["ratio"], ".2f"),
        )
        for model, of in sorted(compared["kept"].items(), key=lambda item: -item[1]["ratio"])
        if of["series"] > 1
    ][:3]
    lines = [_coverage(rows, lang)[0] + f" [{band}]", *kept]
    return Group(Text(""), table, *(Text(text) for text in lines), _ahead(data["forecasts"], lang))


def _ahead(forecasts: Mapping[str, Any], lang: Language) -> RenderableType:
    """Lay out what comes next: of every series the first and the last step."""
    table = Sheet(say("outlook.ahead", lang))
    table.values(say("backtest.series", lang), justify="left")
    for _ in range(2):
        table.values(say("outlook.month", lang), justify="left")
        table.values(say("outlook.median", lang), "10% – 90%")
    for name, of in forecasts.items():
        steps = (
            (of["dates"][k], *(number(of["quantiles"][q][k]) for q in ("0.50", "0.10", "0.90")))
            for k in (0, -1)
        )
        cells = [(date, median, f"{low} – {high}") for date, median, low, high in steps]
        table.add_row(name, *cells[0], *cells[1])
    return Group(Text(""), table)
