"""Estimate how a province's investment, and the yield of its new capacity, follow the nation; to 2011.

The evidence of ``climate_elasticity`` and ``yield_cycle`` in the definitions. The panels of cities and provinces have no
licence and are not shipped: ``python docs/times.py FOLDER``, a folder with ``henan_annual.csv``, ``china_monthly.csv`` and
``hindcast/`` beside them. Standard errors are Newey and West's with two lags; in yearly differences the usual ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

INCUMBENT_REAL = 0.3  # part of real growth that falls to incumbents: the definition's default
LAST = 2011


def main() -> None:
    """Print every estimate, its standard error and its number of years."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    home = Path(sys.argv[1])
    provinces = pd.read_csv(home / "hindcast" / "province_fai_yoy_to_2011.csv")
    mean = provinces.groupby("year").fai_yoy.mean()
    henan = pd.read_csv(home / "henan_annual.csv")
    fai = np.log1p(_yearly(henan, "fixed_asset_investment_yoy") / 100)
    formation = _yearly(henan, "gross_fixed_capital_formation")
    nation = np.log1p(mean / 100)
    say("response of Henan's investment to the mean of the provinces (logs of growth factors)")
    tell("investment", fai, nation)
    tell("capital formation", np.log(formation / formation.shift()), nation)

    cities = pd.read_csv(home / "hindcast" / "henan_cities_panel_to_2011.csv")
    output = cities[cities.series == "gdp_secondary"].groupby("period").value.sum()
    panel = pd.read_csv(home / "hindcast" / "city_secondary_growth_to_2011.csv")
    nominal = panel.groupby("year").sec_growth.mean() / 100
    monthly = pd.read_csv(home / "china_monthly.csv")
    added = monthly[monthly.series == "industrial_value_added_yoy"]
    value_added = added.groupby(added.period.str[:4].astype(int)).value.mean() / 100
    growth = output / output.shift() - 1
    middle = (formation + formation.shift()) / 2
    investment_prices = _yearly(henan, "investment_price_index")
    prices = {
        "investment prices": investment_prices / investment_prices.shift() - 1,
        "consumer prices": _yearly(henan, "cpi_index") / 100 - 1,
    }
    for name, price in prices.items():
        incumbents = price + INCUMBENT_REAL * (growth - price)
        rate = output.shift() * (growth - incumbents) / middle
        rate = np.log(rate.where(rate > 0))
        real = nominal - price
        say(f"elasticity of new capacity's yield in Henan, deflated by {name}")
        tell("to the nation's real growth", rate, np.log(real.where(real > 0.005)))
        known = value_added.loc[2000:LAST]  # of 1999 there is one month
        tell("to the nation's value added", rate, np.log(known))


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(text + "\n")


def _yearly(table: pd.DataFrame, series: str) -> pd.Series[float]:
    found = table[table.series == series].set_index("period").value.astype(float)
    found.index = found.index.astype(int)
    return found.sort_index()


def tell(name: str, y: pd.Series[float], x: pd.Series[float]) -> None:
    """Print a regression in levels, with a trend and in differences."""
    data = pd.DataFrame({"y": y, "x": x}).loc[1992:LAST].dropna()
    data["trend"] = np.arange(len(data))
    robust = {"cov_type": "HAC", "cov_kwds": {"maxlags": 2}}
    fits = {
        "level": sm.OLS(data.y, sm.add_constant(data[["x"]])).fit(**robust),
        "trend": sm.OLS(data.y, sm.add_constant(data[["x", "trend"]])).fit(**robust),
    }
    steps = data.diff().dropna()
    fits["differences"] = sm.OLS(steps.y, sm.add_constant(steps[["x"]])).fit()
    shown = ", ".join(f"{k} {f.params.x:.2f} ({f.bse.x:.2f})" for k, f in fits.items())
    say(f"  {name}: {shown}; {len(data)} years from {data.index.min()}")


if __name__ == "__main__":
    main()
