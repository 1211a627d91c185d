"""Sweeps: any executor, chunk and order give the same bits; a killed sweep goes on; damage is named."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.answers.conftest import MEASURES, small
from xuchang_sim.answers import jobs, sweep as module
from xuchang_sim.answers.designs import Design
from xuchang_sim.answers.jobs import compute
from xuchang_sim.answers.store import Store
from xuchang_sim.answers.sweep import Sweep, estimate, rerun, sweep
from xuchang_sim.pack.load import Pack
from xuchang_sim.pack.scenario import adjust
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.yamlfile import InputError


class Reversed(Executor):
    """Computes what it was given last first."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *args: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, fn, args))
        if len(self.waiting) == 4:
            for late, function, given in reversed(self.waiting):
                late.set_result(function(*given))
            self.waiting.clear()
        return future


def test_rows_are_those_of_a_plain_run(done: Sweep, design: Design) -> None:
    frame = done.frame()
    assert list(frame)[:6] == [
        "land",
        "demand_shift",
        "realised_yield",
        "scenario",
        "draw",
        "replicate",
    ]
    assert list(frame)[6:9] == ["revenue", "revenue_next", "revenue_month"]
    assert len(frame) == design.rows == 60
    assert pd.read_parquet(done.folder).equals(frame)
    setup = prepare(design.pack, design.replicates, design.seed, None, design.parameters)
    for point in (0, 2, 4):
        scenario, faults = adjust(design.scenarios[0], design.changes(point), design.pack)
        assert not faults
        alone = run(setup, [Variant(scenario)], full=False)[0]
        rows = frame[10 * point : 10 * point + 5]
        for name in MEASURES:
            year = alone.setup.years.index(2012)
            assert np.array_equal(rows[name], alone.outcomes[name][:, year])
            assert np.array_equal(rows[f"{name}_next"], alone.outcomes[name][:, year + 1])


@pytest.mark.parametrize("rows_per_part", [1, 7, 10, 60])
def test_chunks_and_order_change_no_bit(
    design: Design, done: Sweep, tmp_path: Path, rows_per_part: int
) -> None:
    again = sweep(design, out=tmp_path / "s", rows_per_part=rows_per_part)
    assert again.digest() == done.digest()
    one, two = (s.export(tmp_path / f"{k}.parquet") for k, s in enumerate((done, again)))
    assert one.read_bytes() == two.read_bytes()
    one, two = (s.export(tmp_path / f"{k}.csv") for k, s in enumerate((done, again)))
    assert one.read_bytes() == two.read_bytes()


def test_the_last_part_may_come_first(design: Design, done: Sweep, tmp_path: Path) -> None:
    again = sweep(design, out=tmp_path / "s", rows_per_part=15, executor=Reversed(), ahead=4)
    assert again.digest() == done.digest()


class Lost(Executor):
    """An executor whose workers are gone."""

    def submit(self, fn: Any, /, *args: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if args[0].number < 2:
            future.set_result(fn(*args))
        else:
            future.set_exception(BrokenExecutor("the workers died"))
        return future


def test_lost_workers_are_told_and_what_is_finished_is_kept(
    design: Design, done: Sweep, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="the workers died"):
        sweep(design, out=tmp_path / "s", rows_per_part=10, executor=Lost(), ahead=1)
    assert len(list((tmp_path / "s").glob("part-*"))) == 2
    assert sweep(design, out=tmp_path / "s").digest() == done.digest()


def test_a_worker_of_another_version_is_refused(
    design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module._job
    monkeypatch.setattr(module, "_job", lambda *words: real(*words)._replace(code="other"))
    with pytest.raises(RuntimeError, match="another version"):
        sweep(design, out=tmp_path / "s")


def test_processes_change_no_bit(design: Design, done: Sweep, tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        again = sweep(design, out=tmp_path / "s", rows_per_part=15, executor=pool)
    assert again.digest() == done.digest()


def test_every_row_can_be_run_alone(design: Design, done: Sweep) -> None:
    for number in (0, 17, 33, 59):
        kept, again = done.row(number), rerun(design, number)
        assert list(kept) == list(again)
        assert all(kept[k] == again[k] or kept[k] != kept[k] for k in kept)


def test_nested_draws_repeat_their_parameters(pack: Pack, tmp_path: Path) -> None:
    nested = small(pack, scenarios=("plan",), draws=2, replicates=3)
    frame = sweep(nested, out=tmp_path / "s").frame()
    assert list(frame["draw"]) == 18 * [0] + 18 * [1]
    # The arrival scale is solved from the parameters alone.
    as_it_is = frame[frame["land"].isna()]
    assert as_it_is.groupby("draw")["arrival_scale"].nunique().tolist() == [1, 1]
    assert as_it_is["arrival_scale"].nunique() == 2
    sampled = small(pack, scenarios=("plan",), replicates=3)
    own = sweep(sampled, out=tmp_path / "t").frame()
    assert list(own["draw"]) == list(own["replicate"])
    both = own[own["land"].isna()]["arrival_scale"].to_numpy()[:2]
    assert np.array_equal(both, as_it_is.groupby("draw")["arrival_scale"].first().to_numpy())


def test_a_change_is_refused_with_every_difference(
    pack: Pack, done: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "s"
    shutil.copytree(done.folder, folder)
    before = sorted((p.name, p.read_bytes()) for p in folder.glob("part-*"))
    with pytest.raises(InputError) as caught:
        sweep(small(pack, seed=7), out=folder)
    assert "design.seed: is 2012 here, 7 now" in str(caught.value)
    with pytest.raises(InputError) as caught:
        sweep(small(replace(pack, sha256="f" * 64)), out=folder)
    assert "pack.sha256" in str(caught.value)
    monkeypatch.setattr(module, "__version__", "9.9.9")
    with pytest.raises(InputError) as caught:
        sweep(small(pack), out=folder)
    assert "versions.package" in str(caught.value)
    assert before == sorted((p.name, p.read_bytes()) for p in folder.glob("part-*"))


def test_damage_is_named_and_only_that_part_recomputed(
    design: Design, done: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = sweep(design, out=tmp_path / "s", rows_per_part=10)
    paths = sorted(again.folder.glob("part-*"))
    good = {path.name: path.stat().st_mtime_ns for path in paths}
    flipped = bytearray(paths[1].read_bytes())
    flipped[len(flipped) // 2] ^= 4
    paths[1].write_bytes(flipped)
    paths[3].write_bytes(paths[3].read_bytes()[:-20])
    with pytest.raises(InputError, match="damaged"):
        again.digest()
    computed: list[int] = []
    real = compute

    def counting(job: Any) -> bytes:
        computed.append(job.number)
        return real(job)

    monkeypatch.setattr(module, "compute", counting)
    said: list[str] = []
    mended = sweep(design, out=again.folder, say=said.append)
    assert sorted(computed) == [1, 3]
    assert len(said) == 2
    assert paths[1].name in said[0]
    assert "damaged" in said[0]
    assert mended.digest() == done.digest()
    for path in sorted(again.folder.glob("part-*")):
        assert (path.stat().st_mtime_ns == good[path.name]) == (path not in {paths[1], paths[3]})


def test_a_failing_run_is_recorded_and_the_others_go_on(
    design: Design, done: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run

    def sometimes(setup: Any, variants: Any, **settings: Any) -> Any:
        numbers = range(setup.first, setup.first + setup.replicates)
        if 3 in numbers and any(v.scenario.demand_shift == -1.0 for v in variants):
            message = "a bug in a rule"
            raise ZeroDivisionError(message)
        return real(setup, variants, **settings)

    monkeypatch.setattr(jobs, "run", sometimes)
    broken = sweep(design, out=tmp_path / "s")
    failures = broken.failures()
    assert [(f.point, f.scenario, f.replicate, f.seed) for f in failures] == [
        (2, "plan", 3, 2012),
        (2, "no_plan", 3, 2012),
    ]
    assert all("a bug in a rule" in f.error and "Traceback" in f.traceback for f in failures)
    rows = [f.row for f in failures]
    frame, whole = broken.frame(), done.frame()
    assert frame.iloc[rows][list(MEASURES)].isna().all(axis=None)
    assert frame.drop(index=rows).equals(whole.drop(index=rows))
    assert "failure" in rerun(design, rows[0])
    monkeypatch.undo()
    assert rerun(design, rows[0])["revenue"] == whole.iloc[rows[0]]["revenue"]


def test_a_second_writer_is_refused(design: Design, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    hold = (
        "import sys, time\nfrom pathlib import Path\nfrom xuchang_sim.answers.store import Store\n"
        f"with Store(Path({str(folder)!r})).lock():\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "held"
        with pytest.raises(InputError, match=f"process {other.pid}"):
            sweep(design, out=folder)
        other.kill()
    with Store(folder).lock(), pytest.raises(InputError, match="one writer"):
        sweep(design, out=folder)
    assert sweep(design, out=folder).design == design


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_locked_disk_is_named_and_nothing_half_written_stays(
    design: Design, done: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real, count = os.fsync, [0]

    def full(handle: int) -> None:
        count[0] += 1
        if count[0] > 4:
            raise OSError(code, os.strerror(code))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=os.strerror(code)):
        sweep(design, out=tmp_path / "s", rows_per_part=10)
    assert not list((tmp_path / "s").glob(".*.part"))
    monkeypatch.undo()
    assert sweep(design, out=tmp_path / "s").digest() == done.digest()


def test_an_unwritable_folder_is_named(design: Design, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        sweep(design, out=tmp_path / "file" / "s")


def test_parts_without_a_manifest_are_not_trusted(
    design: Design, done: Sweep, tmp_path: Path
) -> None:
    shutil.copytree(done.folder, tmp_path / "s")
    (tmp_path / "s" / "_manifest.json").unlink()
    with pytest.raises(InputError, match="no _manifest"):
        sweep(design, out=tmp_path / "s")


def test_an_estimate_counts_the_rows(design: Design) -> None:
    found = estimate(design)
    assert found.rows == 60
    assert 0.0 < found.seconds < 60.0
    assert found.bytes > 60 * 8 * len(MEASURES)


def killed_and_resumed(name: str, out: Path, kills: int, longest: float) -> None:
    """Start the command, kill it at random moments, then let it end."""
    words = [sys.executable, "-c", "from xuchang_sim.cli import main; main()"]
    words += [
        "sweep",
        name,
        "--out",
        str(out),
        "--json",
        "--export",
        str(out.with_suffix(".parquet")),
    ]
    dice = random.Random(11)
    for _ in range(kills):
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run_:
            time.sleep(dice.uniform(0.0, longest))
            run_.send_signal(signal.SIGKILL)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == 0


def small_file(folder: Path, points: int = 32) -> Path:
    text = (
        "kind: sweep\nname: short\ntitle_zh: 短\ntitle_en: short\nmethod: sobol\n"
        f"points: {points}\n"
        "replicates: 20\nparameters: sampled\nmeasures: [revenue, fai]\nfactors: {land: range, realised_yield: prior}\n"
    )
    path = folder / "short.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    whole = sweep(str(path), out=tmp_path / "whole", rows_per_part=40)
    expected = whole.export(tmp_path / "expected.parquet").read_bytes()
    killed_and_resumed(str(path), tmp_path / "killed", 4, 4.0)
    assert (tmp_path / "killed.parquet").read_bytes() == expected


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_shipped_sobol_sweep_survives_twenty_kills(tmp_path: Path) -> None:
    whole = sweep("sobol", out=tmp_path / "whole")
    expected = whole.export(tmp_path / "expected.parquet").read_bytes()
    killed_and_resumed("sobol", tmp_path / "killed", 20, 12.0)
    assert (tmp_path / "killed.parquet").read_bytes() == expected


def test_failed_rows_end_the_command_with_three(tmp_path: Path) -> None:
    path = small_file(tmp_path, 8)
    program = (
        "import xuchang_sim.answers.jobs as m\n"
        "real = m.run\n"
        "def run(setup, variants, **k):\n"
        "    if 7 in setup.replicate_numbers: raise ValueError('no seven')\n"
        "    return real(setup, variants, **k)\n"
        "m.run = run\n"
        "from xuchang_sim.cli import main\nmain()\n"
    )
    words = [
        sys.executable,
        "-c",
        program,
        "sweep",
        str(path),
        "--out",
        str(tmp_path / "s"),
        "--json",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    data = json.loads(done.stdout)
    assert data["failed"] == 8
    assert data["failures"][0]["replicate"] == 7
    assert "no seven" in data["failures"][0]["traceback"]


READS = """
import os
import pyarrow as pa
from xuchang_sim.answers.store import from_bytes, to_bytes
table = pa.table({"revenue": [1.0, 2.0]})
before = len(os.listdir("/proc/self/task"))
assert from_bytes(to_bytes(table)).equals(table)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted on Linux")
def test_reading_a_part_starts_no_thread_that_could_outlive_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", READS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
