"""Run the tests against the wheel, installed beside the pinned libraries and without the checkout's package.

    python -m tests.wheel                      # tests of the model, of the command line and of answers
    python -m tests.wheel tests/pack -k units  # what pytest is asked for

from the folder of the project, after ``make wheel``. The environment is in ``dist/installed``; that it
compiles no rules of the model is looked at in the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / "dist" / "installed"
MOST_BYTES = 3_000_000
TESTS = ("tests/model", "tests/test_cli.py", "tests/answers", "tests/simulation")


def run(*words: object, **env: str) -> int:
    """Run a program in the folder of the project; return its exit code."""
    return subprocess.run(
        [*map(str, words)], cwd=ROOT, env={**os.environ, **env}, check=False
    ).returncode


def contents(wheel: Path) -> None:
    """Say what the wheel holds, and stop if it is not what it should be."""
    with zipfile.ZipFile(wheel) as held:
        names = [name for name in held.namelist() if "/model/compiled/" in name]
        said = held.read(
            next(n for n in held.namelist() if n.endswith(".dist-info/WHEEL"))
        ).decode()
    tags = [line for line in said.splitlines() if line.startswith("Tag:")]
    kinds = sorted({"-".join(Path(name).stem.split("-")[2:-1]) for name in names})
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {', '.join(tags)}")
    print(f"{len(names)} libraries, for usual and for any sizes: {', '.join(kinds)}")
    assert wheel.stat().st_size < MOST_BYTES, "the wheel is too big"
    assert len(names) == 2 * len(kinds), names
    assert "Root-Is-Purelib: false" in said


def install(wheel: Path) -> Path:
    """Install the wheel into an environment of its own; return its Python."""
    shutil.rmtree(HOME, ignore_errors=True)
    assert run(sys.executable, "-m", "venv", "--without-pip", HOME) == 0
    python = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    assert run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel) == 0
    # The pinned libraries are those of this environment. Its own .pth files, and with them the
    # checkout, are not read from there.
    place = sysconfig.get_path("purelib", vars={"base": str(HOME)})
    Path(place, "pinned.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    assert run(*pip, "check") == 0
    return python


def main() -> int:
    """Install the newest wheel and run the tests."""
    wheel = max((ROOT / "dist").glob("xuchang_sim-*.whl"), key=lambda path: path.stat().st_mtime)
    contents(wheel)
    python = install(wheel)
    cache = HOME / "cache"
    where = "import xuchang_sim; print(xuchang_sim.__file__)"
    found = subprocess.run(
        [python, "-c", where], cwd=HOME, check=True, capture_output=True, text=True
    ).stdout
    assert Path(found).is_relative_to(HOME), found
    code = run(python, "-m", "pytest", *(sys.argv[1:] or TESTS), XUCHANG_SIM_CACHE=str(cache))
    built = [path.name for path in cache.glob("rules/rules-*")]
    assert not built, f"rules were compiled: {built}"
    return code


if __name__ == "__main__":
    sys.exit(main())
