from __future__ import annotations

from pathlib import Path

import pytest

from xuchang_sim.answers.designs import Design
from xuchang_sim.answers.sweep import Sweep, sweep
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.study import make_design

MEASURES = ("revenue", "fai", "workers", "starts_1e8")


def small(pack: Pack, **changed: object) -> Design:
    """Six points of levers, demand and a parameter under two scenarios: 60 rows."""
    points = {
        "land": [0.0, 1.0, 2.0, None, 1.0, 1.0],
        "demand_shift": [0.0, 0.5, -1.0, None, 0.0, 0.0],
        "realised_yield": [None, None, 0.7, None, 0.4, None],
    }
    settings: dict[str, object] = {
        "name": "small",
        "scenarios": ("plan", "no_plan"),
        "replicates": 5,
        "measures": MEASURES,
        "parameters": "sampled",
        "pack": pack,
    }
    return make_design(points, **(settings | changed))


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack()


@pytest.fixture(scope="session")
def design(pack: Pack) -> Design:
    return small(pack)


@pytest.fixture(scope="session")
def done(design: Design, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    folder: Path = tmp_path_factory.mktemp("done") / "sweep"
    return sweep(design, out=folder)
