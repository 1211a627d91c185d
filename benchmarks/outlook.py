"""The outlook: one forecast, one from a cold start, a backtest, the drivers of demand cold and kept."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from xuchang_sim import load_pack

HORIZON = {"xuchang_gdp": 5, "ppi_yoy": 9, "fai_ytd": 9}


class EmptyCache:
    """Gives each call a cache of its own, so that nothing was fitted before."""

    number = 1
    warmup_time = 0
    timeout = 600

    def setup(self, *_: object) -> None:
        from xuchang_sim.forecast import backtest, drivers, series, single  # noqa: F401, PLC0415

        self.pack = load_pack()
        self.folder = TemporaryDirectory()
        self.before = os.environ.get("XUCHANG_SIM_CACHE")
        os.environ["XUCHANG_SIM_CACHE"] = str(Path(self.folder.name))

    def teardown(self, *_: object) -> None:
        if self.before is None:
            os.environ.pop("XUCHANG_SIM_CACHE")
        else:
            os.environ["XUCHANG_SIM_CACHE"] = self.before
        self.folder.cleanup()


class Forecast(EmptyCache):
    """The whole bank on a series and its combination."""

    params = list(HORIZON)
    param_names = ["series"]

    def time_forecast(self, name: str) -> None:
        from xuchang_sim.forecast import series, single  # noqa: PLC0415

        single.forecast(series.regular(name, series.history(self.pack, name)), HORIZON[name])


class Cold:
    """A new process: one monthly series of the pack forecast by the command, default threads."""

    timeout = 120

    def track_processor_seconds(self) -> float:
        from xuchang_sim.forecast import series  # noqa: PLC0415

        found = series.history(load_pack(), "ppi_yoy")
        with TemporaryDirectory() as folder:
            path = Path(folder) / "ppi.csv"
            lines = ["date,value", *(f"{month},{value}" for month, value in found.items())]
            path.write_text("\n".join(lines), encoding="utf-8")
            command = [sys.executable, "-m", "xuchang_sim", "outlook", "--series", str(path)]
            before = os.times()
            subprocess.run(  # noqa: S603 - this program itself
                [*command, "--horizon", "9", "--json"], check=True, capture_output=True
            )
            after = os.times()
        used = after.children_user + after.children_system
        return used - before.children_user - before.children_system

    track_processor_seconds.unit = "s"  # type: ignore[attr-defined]


class Backtest(EmptyCache):
    """Eight origins of producer prices."""

    def time_backtest(self) -> None:
        from xuchang_sim.forecast import backtest, series  # noqa: PLC0415

        one = series.regular("ppi_yoy", series.history(self.pack, "ppi_yoy"))
        backtest.backtest(one, 9, 8, 3)


class Drivers(EmptyCache):
    """Demand paths of 1,000 replicates: fitted anew, and from the cache."""

    params = ["cold", "kept"]
    param_names = ["cache"]

    def setup(self, *words: object) -> None:
        super().setup()
        if "kept" in words:
            self.time_drivers("kept")

    def time_drivers(self, cache: str) -> None:  # noqa: ARG002
        from xuchang_sim.forecast import drivers  # noqa: PLC0415

        drivers.drivers(self.pack, 1000, 2012, "2012-12")
