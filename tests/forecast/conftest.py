"""Fixtures of the outlook's tests; long checks run only with XUCHANG_SIM_LONG=1."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from xuchang_sim.pack.load import Pack, load_pack


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: minutes of simulation (XUCHANG_SIM_LONG=1)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("XUCHANG_SIM_LONG"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep fitted results of the tests away from the user's."""
    os.environ["XUCHANG_SIM_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack()


@pytest.fixture(scope="session")
def monthly(pack: Pack) -> dict[str, dict[str, float]]:
    """The pack's monthly series as plain mappings."""
    return {
        name: dict(series)
        for name, series in pack.history.items()
        if series.entry.frequency == "month"
    }


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2623)


@pytest.fixture
def write_series() -> Callable[[Path, Sequence[tuple[str, object]]], Path]:
    """Write dates and values to a file."""

    def write(path: Path, rows: Sequence[tuple[str, object]]) -> Path:
        lines = ["date,value", *(f"{day},{value}" for day, value in rows)]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write
