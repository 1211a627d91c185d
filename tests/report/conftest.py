"""One small run of the default pack, shared by the tests of the report."""

from __future__ import annotations

import pytest

from xuchang_sim.answers.assess import Assessment
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.study import assess


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack()


@pytest.fixture(scope="session")
def assessment(pack: Pack) -> Assessment:
    return assess("plan", replicates=40, pack=pack)
