"""Make .venv hold exactly what a requirements file pins, and this package on top.

``python requirements/install.py runtime`` (or ``dev``) is what ``make`` runs before anything else.
A second call finds its marks and ends at once. Only the standard library is used, and syntax that
older Pythons can read, so that they are refused in plain words.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PIP = [str(PYTHON), "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input"]
INSTALL = [*PIP, "install", "--no-deps"]  # what depends on what is settled in the pins
LOCK = {kind: ROOT / "requirements" / (kind + ".txt") for kind in ("runtime", "dev", "compiler")}
COMPILERS = ("clang", "cc", "gcc")


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


def is_marked(name, value):
    """Whether this was installed here, in this state."""
    mark = VENV / ("installed-" + name)
    return mark.is_file() and mark.read_text() == value


def install(kind):
    """Bring .venv up to date; rebuild it when the pins, the Python or the place changed."""
    place = digest(sys.version, sys.base_prefix, str(ROOT))
    pins = {name: digest(place, lock) for name, lock in LOCK.items()}
    # dev holds all of runtime
    held = [name for name in ("runtime", "dev") if is_marked(name, pins[name])]
    if not held:
        say("creating .venv with Python " + sys.version.split()[0])
        if subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(VENV)], check=False
        ).returncode:
            sys.exit("no .venv: is this Python's venv module installed (Debian: python3-venv)?")
    if kind not in held and "dev" not in held:
        say("installing requirements/" + kind + ".txt, hashes checked (once, about a minute)")
        flags = ["--no-compile", "--require-hashes", "--requirement", str(LOCK[kind])]
        subprocess.run(INSTALL + flags, check=True)
        (VENV / ("installed-" + kind)).write_text(pins[kind])
    if not any(map(shutil.which, COMPILERS)) and not is_marked("compiler", pins["compiler"]):
        say("no C compiler found: installing requirements/compiler.txt (zig, 100 MB, once)")
        flags = ["--no-compile", "--require-hashes", "--requirement", str(LOCK["compiler"])]
        subprocess.run(INSTALL + flags, check=True)
        (VENV / "installed-compiler").write_text(pins["compiler"])
    package = digest(ROOT / "pyproject.toml", ROOT / "src" / "xuchang_sim" / "__init__.py")
    if not is_marked("package", package):
        say("installing this package, editable")
        flags = ["--no-build-isolation", "--editable", str(ROOT)]
        subprocess.run(INSTALL + flags, check=True)
        (VENV / "installed-package").write_text(package)


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit(
            "Python 3.11 or later is needed, and this is "
            + sys.version.split()[0]
            + ": say which with make PYTHON=python3.11"
        )
    try:
        install(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit("set-up failed in: " + " ".join(error.cmd))
