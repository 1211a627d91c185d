"""Time of every candidate's fit, of one forecast and of a backtest, on the pack's series."""

import os
import tempfile
import time

from xuchang_sim import load_pack


def main() -> None:
    """Measure cold, in an empty cache."""
    os.environ["XUCHANG_SIM_CACHE"] = tempfile.mkdtemp()
    pack = load_pack()
    from xuchang_sim.outlook import backtest, drivers, report, series  # noqa: PLC0415

    for name, horizon in (("xuchang_gdp", 5), ("ppi_yoy", 9), ("fai_ytd", 9)):
        one = series.regular(name, series.history(pack, name))
        began = time.perf_counter()
        told = report.forecast(one, horizon)
        print(f"{name}: forecast {time.perf_counter() - began:.2f} s")
        for fit in told["fits"]:
            print(f"  {fit['model']:20s} {1000 * fit['seconds']:6.0f} ms")
    one = series.regular("ppi_yoy", series.history(pack, "ppi_yoy"))
    for work, label in (
        (lambda: backtest.backtest(one, 9, 8, 3), "backtest of 8 origins"),
        (lambda: drivers.drivers(pack, 1000, 2012, "2012-12"), "drivers, cold"),
        (lambda: drivers.drivers(pack, 1000, 2012, "2012-12"), "drivers, from cache"),
    ):
        began = time.perf_counter()
        work()
        print(f"{label}: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
