"""Make .venv hold exactly what a requirements file pins, and this package on top.

``python requirements/install.py runtime`` (or ``dev``) is what ``make`` runs before anything else. A second call
finds its mark and ends at once. Only the standard library is used, and syntax that older Pythons can read.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PIP = [
    str(BIN / "python"), "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "install", "--no-deps",
]


def say(text):
    """Tell what takes the time, on standard error: standard output belongs to the answer."""
    print(text, file=sys.stderr, flush=True)


def digest(*parts):
    """One short name for what these strings and files say."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        sha.update(b"\0")
    return sha.hexdigest()[:32]


def read(mark):
    """Content of a mark, or nothing."""
    return mark.read_text() if mark.is_file() else ""


def install(kind):
    """Bring the environment up to date; rebuild it when the pins, the Python or the place changed."""
    pins = ROOT / "requirements" / (kind + ".txt")
    place = digest(sys.version, sys.base_prefix, str(ROOT))
    wanted = {name: digest(place, ROOT / "requirements" / (name + ".txt")) for name in ("runtime", "dev")}
    package = digest(ROOT / "pyproject.toml", ROOT / "src" / "xuchang_sim" / "__init__.py")
    marks = {name: VENV / ("installed-" + name) for name in ("runtime", "dev", "package")}
    held = {name for name, hashed in wanted.items() if read(marks[name]) == hashed}

    if not held:
        say("creating .venv with Python " + sys.version.split()[0])
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        if made.returncode:
            sys.exit("could not create .venv: is this Python's venv module installed (Debian: python3-venv)?")
    if kind not in held and "dev" not in held:
        say("installing " + pins.relative_to(ROOT).as_posix() + " (hashes checked; once, about a minute)")
        subprocess.run([*PIP, "--no-compile", "--require-hashes", "-r", str(pins)], check=True)
        marks[kind].write_text(wanted[kind])
    if read(marks["package"]) != package:
        say("installing this package, editable")
        subprocess.run([*PIP, "--no-build-isolation", "--editable", str(ROOT)], check=True)
        marks["package"].write_text(package)


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or later is needed, not " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11 ...")
    try:
        install(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit("set-up failed: " + " ".join(error.cmd))
