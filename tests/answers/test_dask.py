"""A real Dask scheduler with two worker processes gives the same bits, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import distributed
import pytest

from tests.answers.conftest import small
from xuchang_sim.answers.designs import Design
from xuchang_sim.answers.sweep import Sweep, sweep
from xuchang_sim.pack.load import Pack


@pytest.fixture
def client() -> object:
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
    )
    with cluster, distributed.Client(cluster) as one:
        yield one


def test_dask_changes_no_bit_and_a_killed_worker_loses_nothing(
    client: object, pack: Pack, design: Design, done: Sweep, tmp_path: Path
) -> None:
    executor = client.get_executor()  # type: ignore[attr-defined]
    again = sweep(design, out=tmp_path / "s", rows_per_part=15, executor=executor)
    assert again.digest() == done.digest()

    longer = small(pack, replicates=40)
    expected = sweep(longer, out=tmp_path / "local").digest()
    before = set(client.run(os.getpid).values())  # type: ignore[attr-defined]
    assert len(before) == 2
    assert os.getpid() not in before
    killed = threading.Event()

    def kill(finished: int, _: int) -> None:
        if finished and not killed.is_set():
            killed.set()
            os.kill(min(before), signal.SIGKILL)

    remote = sweep(longer, out=tmp_path / "far", rows_per_part=20, executor=executor, progress=kill)
    assert killed.is_set()
    assert remote.digest() == expected
    end = time.monotonic() + 30
    while len(client.run(os.getpid)) < 2 and time.monotonic() < end:  # type: ignore[attr-defined]
        time.sleep(0.2)
    after = set(client.run(os.getpid).values())  # type: ignore[attr-defined]
    assert min(before) not in after
