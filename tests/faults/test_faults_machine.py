"""Machines: with little disk, memory or rights, and another clock, a command answers or says why not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = sys.executable, "-m", "xuchang_sim"
ASSESS = "assess", "-n", "4", "--lang", "en", "--json"
PICKLED = b"\x80\x04\x95"
NO_MEMORY = "not enough memory: fewer replicates (-n) or threads"
YEAR = 365 * 24 * 3600
#: Python's clock a year behind, before anything of the program is loaded.
BEHIND = f"""
import datetime, time
ago = {YEAR}
now = time.time
time.time = lambda: now() - ago
class Date(datetime.date):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(time.time())
datetime.date = Date
from xuchang_sim.__main__ import main
main()
"""
#: A user whom the system does not know has no home.
HOMELESS = """
from pathlib import Path
def lost(*_):
    raise RuntimeError("Could not determine home directory.")
Path.expanduser = Path.home = lost
from xuchang_sim.__main__ import main
main()
"""


def run(
    words: tuple[str, ...],
    *before: str,
    program: tuple[str, ...] = PROGRAM,
    **environment: str | None,
) -> subprocess.CompletedProcess[str]:
    """Run a command behind a word of the system, with variables changed or taken away."""
    known = {**os.environ, **environment}
    return subprocess.run(
        [*before, *program, *words], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=280, env={name: value for name, value in known.items() if value is not None},
    )  # fmt: skip


def mounted(folder: Path, options: str) -> tuple[str, ...]:
    """Words that run a command with a small file system of its own on a folder."""
    script = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'
    words = ("unshare", "-rm", "sh", "-c", script, "sh", options, str(folder))
    if shutil.which("unshare") is None:
        pytest.skip("no unshare on this system")
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("this system lets nobody mount a file system")
    return words


def outcome(done: subprocess.CompletedProcess[str]) -> object:
    """What an assessment says of the targets."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["targets"]


@pytest.fixture(scope="module")
def usual() -> object:
    return outcome(run(ASSESS))


# ------------------------------------------------------------------------------------- disk

DISK = {
    "new": (("new", "{disk}/city", "--from", "xuchang_2623"), "{disk}/city"),
    "report": (("report", "-n", "4", "-o", "{disk}/r.html"), "{disk}/r.html"),
    "workbook": (("report", "-n", "4", "-o", "{disk}/r.xlsx"), "{disk}/r.xlsx"),
    "sweep": (("sweep", "tests/faults/small_sweep.yaml", "--out", "{disk}/s"), "{disk}/s"),
    "hindcast": (
        ("hindcast", "tests/hindcast/rolling_xuchang.csv", "-n", "20", "--out", "{disk}/f.csv"),
        "{disk}/f.csv",
    ),
}


@pytest.mark.parametrize(
    "name", [name if name == "new" else pytest.param(name, marks=pytest.mark.long) for name in DISK]
)
def test_a_full_disk_is_one_line(name: str, tmp_path: Path) -> None:
    """A disk of 1 MB that is full but for 32 kB."""
    words, said = DISK[name]
    before = mounted(tmp_path, "size=1m")
    full = 'head -c 1015808 /dev/zero > "$1/filler"; shift; exec "$@"'
    asked = tuple(word.replace("{disk}", str(tmp_path)) for word in words)
    done = run((*asked, "--lang", "en"), *before, "sh", "-c", full, "sh", str(tmp_path),
               XUCHANG_SIM_CACHE=str(tmp_path / "cache"))  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 2}, done.stderr
    if done.returncode:
        assert "No space left on device" in done.stderr
        assert said.replace("{disk}", str(tmp_path)) in done.stderr


@pytest.mark.long
def test_a_full_cache_costs_nothing(tmp_path: Path) -> None:
    """A cache on a disk that is full: the same answer, nothing said."""
    before = mounted(tmp_path, "size=4k")
    done = run((*ASSESS[:2], "120", *ASSESS[3:]), *before, XUCHANG_SIM_CACHE=str(tmp_path))
    assert done.returncode == 0
    assert done.stderr == ""


# ------------------------------------------------------------------------------------- memory


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="limits are others on this system")
@pytest.mark.parametrize(
    ("kilobytes", "words"),
    [
        (50_000, ASSESS),
        (200_000, ("report", "-n", "4", "-o", "{out}/r.html")),
        pytest.param(560_000, ("assess", "-n", "20000"), marks=pytest.mark.long),
        pytest.param(560_000, ("discover", "-n", "20000"), marks=pytest.mark.long),
    ],
)
def test_too_little_memory_is_one_line(
    kilobytes: int, words: tuple[str, ...], tmp_path: Path
) -> None:
    limited = "bash", "-c", f'ulimit -v {kilobytes}; exec "$@"', "bash"
    asked = tuple(word.replace("{out}", str(tmp_path)) for word in words)
    done = run((*asked, *(() if "--lang" in words else ("--lang", "en"))), *limited)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(NO_MEMORY)
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="limits are others on this system")
@pytest.mark.long
def test_enough_memory_gives_the_usual_answer(usual: object) -> None:
    limited = "bash", "-c", 'ulimit -v 800000; exec "$@"', "bash"
    assert outcome(run(ASSESS, *limited)) == usual


# ------------------------------------------------------------------------------------- processors


@pytest.mark.skipif(shutil.which("taskset") is None, reason="no taskset on this system")
def test_one_processor_gives_the_same_answer(usual: object) -> None:
    assert outcome(run(ASSESS, "taskset", "-c", "0")) == usual


@pytest.mark.parametrize("said", ["²", "0", "1_0", "-1", "many", "99999999"])
def test_a_number_of_threads_is_one_or_refused(said: str) -> None:
    if said not in {"²", "1_0"} and not os.environ.get("XUCHANG_SIM_LONG"):
        pytest.skip("the same check; all of them with XUCHANG_SIM_LONG=1")
    done = run(ASSESS, XUCHANG_SIM_THREADS=said)
    assert done.returncode == 2
    assert f"XUCHANG_SIM_THREADS: '{said}' is no number of threads" in done.stderr


# ------------------------------------------------------------------------------------- home


@pytest.mark.long
def test_a_home_that_cannot_be_written_costs_nothing(usual: object, tmp_path: Path) -> None:
    before = mounted(tmp_path, "ro,size=4k")
    done = run(ASSESS, *before, HOME=str(tmp_path), XUCHANG_SIM_CACHE=None, XDG_CACHE_HOME=None)
    assert outcome(done) == usual
    assert done.stderr == ""


@pytest.mark.parametrize("home", [None, pytest.param("/proc/nowhere", marks=pytest.mark.long)])
def test_no_home_costs_nothing(home: str | None, usual: object) -> None:
    done = run(ASSESS, HOME=home, XUCHANG_SIM_CACHE=None, XDG_CACHE_HOME=None)
    assert outcome(done) == usual
    assert done.stderr == ""


def test_a_user_whom_the_system_does_not_know_needs_no_home(usual: object) -> None:
    """As in a container that gives each run a user of its own number, with no home anywhere."""
    unnamed = {"XUCHANG_SIM_CACHE": None, "XDG_CACHE_HOME": None, "LOCALAPPDATA": None}
    done = run(ASSESS, program=(sys.executable, "-c", HOMELESS), **unnamed)
    assert outcome(done) == usual
    assert done.stderr == ""


# ------------------------------------------------------------------------------------- caches


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache that was filled by an outlook and a run of a hundred replicates."""
    for words in (("outlook", "-n", "20"), ("assess", "-n", "100")):
        assert run(words, XUCHANG_SIM_CACHE=str(tmp_path)).returncode == 0
    assert len(list(tmp_path.rglob("*.kept"))) > 2
    return tmp_path


@pytest.mark.long
def test_another_pythons_cache_is_made_again(usual: object, cache: Path) -> None:
    """Files of the same names that another edition wrote: pickles, or rules of other bits."""
    files = [path for path in cache.rglob("*") if path.is_file()]
    for path in files:
        path.write_bytes(PICKLED + path.name.encode())
    done = run(ASSESS, XUCHANG_SIM_CACHE=str(cache))
    assert outcome(done) == usual
    assert "Traceback" not in done.stderr
    again = run(("outlook", "-n", "20", "--lang", "en"), XUCHANG_SIM_CACHE=str(cache))
    assert again.returncode == 0, again.stderr
    outlooks = [path for path in files if "outlook" in path.parts]
    assert outlooks
    for path in outlooks:
        assert not path.read_bytes().startswith(PICKLED), "what cannot be read is made again"


@pytest.mark.long
def test_a_clock_a_year_behind_changes_nothing(usual: object, cache: Path) -> None:
    """Every file is of a time to come; series that end after the clock's day are refused by name."""
    ahead = time.time() + YEAR
    for path in cache.rglob("*"):
        os.utime(path, (ahead, ahead))
    behind = sys.executable, "-c", BEHIND
    assert outcome(run(ASSESS, program=behind, XUCHANG_SIM_CACHE=str(cache))) == usual
    assert outcome(run(ASSESS, XUCHANG_SIM_CACHE=str(cache))) == usual
    now = time.gmtime()
    months = [12 * now.tm_year + now.tm_mon - 1 - k for k in range(60, 0, -1)]
    rows = [f"{m // 12}-{m % 12 + 1:02d},{100 + k % 12}" for k, m in enumerate(months)]
    path = cache / "series.csv"
    path.write_text("\n".join(["date,value", *rows]) + "\n", encoding="utf-8")
    words = ("outlook", "--series", str(path), "--horizon", "3", "--lang", "en")
    done = run(words, program=behind, XUCHANG_SIM_CACHE=str(cache))
    assert done.returncode == 2
    assert "lies in the future" in done.stderr
