"""Backtest, reference-class forecast and the report: shapes, honesty, and what they must show."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from xuchang_sim.forecast import backtest as b
from xuchang_sim.forecast.outside import predictive
from xuchang_sim.forecast.report import measured_coverage, outlook_report
from xuchang_sim.forecast.series import Regular, SeriesError, regular
from xuchang_sim.forecast.single import series_outlook
from xuchang_sim.pack.load import Pack
from xuchang_sim.report.outlooks import resolution, scaled, series_forecast


@pytest.fixture(scope="module")
def rows(pack: Pack) -> list[b.Row]:
    series = regular("ppi_yoy", dict(pack.history["ppi_yoy"]))
    return b.backtest(series, horizon=6, origins=6, step=4)


def test_backtest_is_a_tidy_table(rows: list[b.Row]) -> None:
    assert set(rows[0]) == set(b.COLUMNS)
    models = {row["model"] for row in rows}
    assert {b.COMBINED, b.BENCHMARK} < models
    origins = {row["origin"] for row in rows}
    assert len(origins) == 6
    assert len(rows) == len(models) * 6 * 6
    numbers = [(row, key) for row in rows for key, v in row.items() if isinstance(v, float)]
    empty = {(row["model"] == b.COMBINED, k) for row, k in numbers if not np.isfinite(row[k])}
    assert not empty
    assert all(0 <= row["pit"] <= 1 for row in rows)


def test_backtest_never_sees_later_data(pack: Pack) -> None:
    values = dict(pack.history["ppi_yoy"])
    whole = b.backtest(regular("ppi_yoy", values), 3, 2, 2)
    first = min(row["origin"] for row in whole)
    known = {m: v for m, v in values.items() if m <= "2012-01"}
    short = b.backtest(regular("ppi_yoy", known), 3, 1)
    assert {row["origin"] for row in short} == {first} == {"2011-10"}
    assert [r["median"] for r in short] == [r["median"] for r in whole if r["origin"] == first]


def test_calibration_sees_what_had_come_true_only(rng: np.random.Generator) -> None:
    """From the fifth origin on forecasts are calibrated, and later values change no earlier one."""
    values = np.cumsum(0.1 + 0.02 * rng.standard_normal(20))
    told = {n: b.backtest(Regular("x", 1, 1990, values[:n]), 2, 12, whole=False) for n in (17, 20)}
    early, late = (
        {(r["origin"], r["step"]): r for r in rows if r["model"] == b.COMBINED}
        for rows in told.values()
    )
    # The shorter one's last forecast has one step only, and so other draws.
    shared = [place for place in early if (place[0], 2) in early]
    assert [early[place]["median"] for place in shared] == [
        late[place]["median"] for place in shared
    ]
    assert [early[place]["crps"] for place in shared] == [late[place]["crps"] for place in shared]


def test_summary_says_nominal_measured_and_tolerance(rows: list[b.Row]) -> None:
    lines = b.summary(rows)
    combined = next(line for line in lines if line["model"] == b.COMBINED)
    benchmark = next(line for line in lines if line["model"] == b.BENCHMARK)
    assert combined["origins"] == 6
    assert combined["low80"] < 0.8 < combined["high80"]
    assert benchmark["skill"] == 0.0
    assert combined["conformal90"] is None, "six residuals cannot support 90%"
    assert combined["skill"] > 0, "better than the random walk with drift"
    assert combined["cover50"] <= combined["cover80"] <= combined["cover95"]


def test_comparison_is_at_the_same_origins_and_steps(rows: list[b.Row]) -> None:
    told = b.compare(rows)
    line, together = told["series"]["ppi_yoy"], told["all"]
    assert line["origins"] == 6
    assert line["values"] == 36
    means: dict[str, float] = {}
    for model in {row["model"] for row in rows}:
        means[model] = float(np.mean([r["scaled_crps"] for r in rows if r["model"] == model]))
    best = min((m for m in means if m not in {b.COMBINED, b.BENCHMARK}), key=means.__getitem__)
    assert line["best"] == best
    assert line["ratio"] == pytest.approx(means[b.COMBINED] / means[best])
    assert together["ratio"] == pytest.approx(line["ratio"])
    assert told["kept"][best] == {"series": 1, "ratio": pytest.approx(line["ratio"])}
    early = {row["origin"] for row in rows[: len(rows) * 2 // 3]}
    seldom = [r for r in rows if r["model"] != best or r["origin"] not in early]
    assert b.compare(seldom)["series"]["ppi_yoy"]["best"] != best, "seldom there: not eligible"


def test_every_family_of_a_seasonal_bank_is_scored_alone(pack: Pack) -> None:
    series = regular("fai_ytd", dict(pack.history["fai_ytd"]))
    told = b.backtest(series, 3, 2)
    models = {row["model"] for row in told}
    assert {"airline", "mean season", "level, trend and season", "autoregression"} < models
    assert all(np.isfinite(row["crps"]) for row in told)


def test_what_has_come_true_is_scored(pack: Pack) -> None:
    series = regular("ppi_yoy", dict(pack.history["ppi_yoy"]))
    told = b.backtest(series, 3, 3, whole=False)
    steps = [(r["origin"], r["step"]) for r in told if r["model"] == b.COMBINED]
    assert steps == [
        (o, s) for o, n in (("2011-12", 3), ("2012-01", 2), ("2012-02", 1)) for s in range(1, n + 1)
    ]


def test_a_change_of_coverage_is_no_forecast_error(rng: np.random.Generator) -> None:
    """Scored up to the change from before it, and the years after it from there on."""
    values = np.exp(0.1 * np.arange(18) + 0.05 * rng.standard_normal(18))
    values[12] = np.nan
    plain = Regular("x", 1, 2000, values)
    scored = b.backtest(replace(plain, breaks=(2014,)), 3, 6)
    steps: dict[str, set[int]] = {}
    for row in scored:
        steps.setdefault(row["origin"], set()).add(row["step"])
    missing = {"2009": {1, 2}, "2010": {1, 3}, "2011": {2}}
    assert steps == {"2008": {1, 2, 3}, **missing, "2014": {1, 2, 3}}
    free = b.backtest(plain, 3, 6)
    assert {r["origin"] for r in free} == {"2008", "2009", "2010", "2011", "2013", "2014"}


def test_figure(rows: list[b.Row]) -> None:
    axes = b.plot(rows, Figure().subplots())
    assert axes.get_xlabel() == "nominal coverage (%)"
    assert "origins" in axes.get_title()


def test_too_short_to_look_back() -> None:
    with pytest.raises(SeriesError, match="too few to look back"):
        b.backtest(Regular("x", 1, 2000, np.arange(9.0)), 5)


def test_predictive_of_a_class_is_wide_but_finite(rng: np.random.Generator) -> None:
    draws = predictive([0.2, 0.3], 20_000, rng, 0.08)
    assert np.median(draws) == pytest.approx(0.25, abs=0.01)
    assert 0.09 < draws.std() < 0.2
    with pytest.raises(ValueError, match="no figure"):
        predictive([], 10, rng, 0.08)


def test_measured_coverage_uses_realised_errors_only() -> None:
    errors = np.random.default_rng(1).standard_normal(400)
    told = {line["nominal"]: line for line in measured_coverage(errors)}
    assert told[0.8]["measured"] == pytest.approx(0.8, abs=0.06)
    assert told[0.8]["origins"] == 381
    assert measured_coverage(errors[:10])[0]["measured"] is None


@pytest.fixture(scope="module")
def told(pack: Pack) -> dict[str, Any]:
    return outlook_report(pack, replicates=400)


def test_report_is_plain_json(told: dict[str, Any]) -> None:
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["drivers"]["ppi_yoy"]["known_to"] == "2012-03"
    assert told["drivers"]["ppi_yoy"]["months"] == [f"2012-{m:02d}" for m in range(4, 13)]
    assert sum(told["weights"].values()) == pytest.approx(1.0)


def test_outside_view_is_wide_and_has_its_evidence(told: dict[str, Any]) -> None:
    for view in told["outside_view"].values():
        assert view["quantiles"]["0.95"] - view["quantiles"]["0.05"] > 0.25
        assert 0 < view["p"] < 1
        assert not view["missing"]
        assert all(figure["source"] for figure in view["evidence"])
        assert len(view["views"]) == 3
    revenue, fai = told["outside_view"]["revenue_growth"], told["outside_view"]["fai_growth"]
    assert revenue["goal"] == 0.40
    assert revenue["p"] < 0.3, "no class of zones has grown by 40% as a rule"
    assert fai["goal"] == 0.30
    assert fai["p"] > revenue["p"]


def test_a_cold_call_takes_two_processor_seconds_at_most(pack: Pack, tmp_path: Path) -> None:
    """In a new process, with the library's own number of threads, modules compiled beforehand."""
    rows = [("date", "value"), *pack.history["ppi_yoy"]]
    path = tmp_path / "ppi.csv"
    path.write_text("\n".join(f"{month},{value}" for month, value in rows), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path / "code")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "xuchang_sim", "outlook", "--series", str(path)]
    used = []
    for _ in range(3):  # the first compiles what no installer has compiled
        before = os.times()
        subprocess.run(
            [*command, "--horizon", "9", "--json"], check=True, capture_output=True, env=environment
        )
        after = os.times()
        used.append(sum(after[2:4]) - sum(before[2:4]))
    assert min(used[1:]) < 2.0, used


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([2.1e-9, 2.2e-9, 2.6e-9], ["2.10", "2.20", "2.60"]),
        ([2.1e15, 2.2e15, 2.6e15], ["2.10", "2.20", "2.60"]),
        ([1e-300, 2e-300, 4e-300], ["1", "2", "4"]),
        ([0.121, 0.123, 0.128], ["0.121", "0.123", "0.128"]),
        ([482.4, 482.5, 482.9], ["482.4", "482.5", "482.9"]),
        ([120.0, 144.0, 190.0], ["120", "144", "190"]),
        ([-3.0, 0.0, 5.0], ["-3.0", "0.0", "5.0"]),
        ([5.0, 5.0, 5.0], ["5"]),
    ],
)
def test_a_printed_forecast_shows_its_width_whatever_its_size(
    values: list[float], shown: list[str]
) -> None:
    """A growth as a fraction, a population and a sum in yuan are told apart from low to high."""
    quantiles = {q: [v] for q, v in zip(("0.05", "0.50", "0.95"), values, strict=True)}
    power, decimals = resolution(quantiles)
    printed = [f"{scaled(v, -power):.{decimals}f}" for v in values]
    for text, start in zip(printed, shown, strict=False):
        assert float(text) == pytest.approx(float(start), abs=10.0**-decimals)
    assert (len(set(printed)) == 3) == (len(set(values)) == 3)
    assert all(len(text.strip("-")) <= 8 for text in printed)


def test_steps_of_any_calendar_are_called_periods(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "gdp.csv"
    rows = [("date", "value"), *pack.history["xuchang_gdp"]]
    path.write_text("\n".join(f"{year},{value}" for year, value in rows), encoding="utf-8")
    page = Console(width=200, file=io.StringIO())
    page.print(series_forecast(series_outlook(path, 2), "gdp.csv", "en"))
    told = page.file.getvalue()  # type: ignore[attr-defined]
    assert told.splitlines()[1].startswith("period")
    assert "cannot be told" in told
    assert "nominal coverage" not in told, "one line says that nothing was measured, no three more"
