"""Kills: whatever moment a process is killed at, nothing is lost, and the next one ends with the same bytes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from xuchang_sim.files import UNFINISHED

ROOT = Path(__file__).parents[2]
KILLS = 20
SEED = 25
#: The program, with files that take their time to be written: half of the kills come in between.
SLOW = """
import os, sys, time
real = os.fsync
def slow(handle):
    time.sleep(0.4)
    real(handle)
os.fsync = slow
if sys.argv[1] == "calibrate":  # small: no effective draws are asked for, few truths recovered
    from xuchang_sim.answers import calibration
    calibration.TRUTHS, calibration.LEAST_ESS, calibration.PREDICTED = 8, 0.0, 64
from xuchang_sim.__main__ import main
main()
"""
#: Command, and what it is to leave behind.
COMMANDS = {
    "sweep": (
        ("sweep", "{sweep}", "--out", "{out}/rows", "--rows-per-part", "40", "--export", "{out}/rows.csv"),
        ("rows.csv",),
    ),
    "calibrate": (("calibrate", "-n", "1024", "--out", "{out}/posterior.npz"), ("posterior.npz",)),
    "report": (("report", "-n", "8", "-o", "{out}/report.html", "--lang", "en"), ("report.html",)),
    "hindcast": (
        ("hindcast", "{cases}", "-n", "40", "--out", "{out}/forecasts.csv"),
        ("forecasts.csv", "forecasts.csv.sha256"),
    ),
}  # fmt: skip


def begun(words: tuple[str, ...], out: Path) -> subprocess.Popen[bytes]:
    places = {
        "sweep": ROOT / "tests" / "faults" / "killed_sweep.yaml",
        "cases": ROOT / "tests" / "hindcast" / "rolling_xuchang.csv",
        "out": out,
    }
    asked = [word.format(**places) for word in words]
    return subprocess.Popen([sys.executable, "-c", SLOW, *asked], cwd=ROOT,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip


def left(out: Path) -> list[Path]:
    """Files half written: with content, so no trial of a destination."""
    found = []
    for path in out.rglob(f"*{UNFINISHED}"):
        with suppress(FileNotFoundError):
            found += [path] if path.stat().st_size else []
    return found


def made(out: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in names if (out / name).is_file()}


def until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.005)


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("command", COMMANDS)
def test_twenty_kills_lose_nothing(command: str, tmp_path: Path) -> None:
    """Half at random moments, half while a file is being written; what stands there is whole."""
    words, names = COMMANDS[command]
    whole = tmp_path / "whole"
    whole.mkdir()
    start = time.monotonic()
    done = begun(words, whole)
    told = done.communicate(timeout=900)[1]
    assert done.returncode == 0, told.decode()
    usual = time.monotonic() - start
    expected = made(whole, names)
    assert expected.keys() == set(names)

    out = tmp_path / "killed"
    out.mkdir()
    rng = random.Random(SEED)
    inside = 0
    for kill in range(KILLS):
        process = begun(words, out)
        if kill % 2:
            before = set(left(out))
            until(lambda: set(left(out)) > before or process.poll() is not None, 3 * usual + 30)  # noqa: B023
            inside += process.poll() is None
        else:
            until(lambda: process.poll() is not None, rng.uniform(0.0, usual))  # noqa: B023
        process.send_signal(signal.SIGKILL)
        told = process.communicate(timeout=60)[1]
        assert process.returncode in {-signal.SIGKILL, 0}, told.decode()
        for name, content in made(out, names).items():
            assert content == expected[name], f"{name} after kill {kill}"
        if command != "sweep" and process.returncode == 0:
            shutil.rmtree(out)  # it was done: begin again
            out.mkdir()
    assert inside >= KILLS // 4, "kills while a file is being written"
    last = begun(words, out)
    told = last.communicate(timeout=900)[1]
    assert last.returncode == 0, told.decode()
    assert made(out, names) == expected
    if command == "sweep":
        assert not left(out / "rows"), "what the killed left is removed"
