"""Output: under any encoding and with any state of the streams, nothing computed is lost."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from xuchang_sim import output
from xuchang_sim.text import LANGUAGES, phrases

ROOT = Path(__file__).parents[2]
ENCODINGS = "utf-8", "gbk", "cp1252", "ascii", "latin-1"
PROGRAM = sys.executable, "-m", "xuchang_sim"
LONG = 900.0
#: Every command, as small as it runs.
COMMANDS = {
    "assess": ("assess", "-n", "4"),
    "matrix": ("matrix", "-n", "2"),
    "outlook": ("outlook", "-n", "20"),
    "plan": ("plan",),
    "check": ("plan", "--check"),
    "validate": ("validate", "src/xuchang_sim/pack/data/xuchang_2623"),
    "sweep": ("sweep", "tests/faults/small_sweep.yaml", "--out", "{out}"),
    "compare": ("compare", "plan", "no_plan", "-n", "4"),
    "explain": ("explain", "-n", "4"),
    "bundle": ("bundle", "-n", "8", "--factors", "land"),
    "frontier": ("frontier", "-n", "4"),
    "sensitivity": ("sensitivity", "--size", "2", "-n", "2", "--factors", "land,finance"),
    "discover": ("discover", "-n", "200"),
    "classes": ("classes", "-n", "4"),
    "facts": ("facts", "-n", "200"),
    "calibrate": ("calibrate", "-n", "1024", "--out", "{out}/p.npz"),
    "report": ("report", "-n", "4", "-o", "{out}/r.html"),
    "new": ("new", "{out}/city"),
    "hindcast": ("hindcast", "tests/hindcast/rolling_xuchang.csv", "-n", "20"),
    "definitions": ("definitions",),
    "schema": ("schema", "assess"),
}
#: Calibration asks for draws that only many simulations give; here it is small.
FEW_DRAWS = """
from xuchang_sim.answers import calibration
calibration.TRUTHS, calibration.LEAST_ESS, calibration.PREDICTED = 8, 0.0, 64
from xuchang_sim.__main__ import main
main()
"""
#: Commands that print what they did elsewhere, and no answer that could be JSON.
NO_JSON = {"report", "new", "schema", "validate"}
QUICK = "plan", "check"


def run(
    words: tuple[str, ...], redirect: str = "", folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a shell that redirects its streams."""
    asked = [word.replace("{out}", str(folder)) for word in words]
    program = (sys.executable, "-c", FEW_DRAWS) if words[0] == "calibrate" else PROGRAM
    script = f'"$@" {redirect}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *program, *asked],
        env={**os.environ, "TMPDIR": str(folder), **environment} if folder else {**os.environ, **environment},
        cwd=ROOT, capture_output=True, check=False, timeout=LONG,
    )  # fmt: skip


def written(encoding: str, text: str, *, as_json: bool = False) -> str:
    """Return what an answer looks like on a standard output of this encoding."""
    raw = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(raw, encoding=encoding, write_through=True, newline="")):
        output.prepare()
        output.answer(text, json=as_json)
        return raw.getvalue().decode(encoding)


def test_everything_is_written_in_one_place() -> None:
    """No module but the output layer (and the compiler's progress) writes to the streams."""
    writes = re.compile(r"typer\.echo|^ *print\(|sys\.std(?:out|err)\.write", re.MULTILINE)
    for path in (ROOT / "src" / "xuchang_sim").rglob("*.py"):
        # Of the compiler: what builds the rules, and what hands on its progress.
        if path.name not in {"output.py", "library.py"} and path.parent.name != "build":
            assert not writes.findall(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_text_of_the_program_can_be_shown(encoding: str) -> None:
    text = (
        "\n".join(part for lang in LANGUAGES for part in phrases(lang).values())
        + "\udc80\U0001f600\n"
    )
    shown = written(encoding, text)
    plain = {ord(k): v for k, v in output.PLAIN.items()}
    decoded = re.sub(
        r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|x([0-9a-f]{2}))",
        lambda m: chr(int(m[1] or m[2] or m[3], 16)),
        shown,
    )
    assert decoded.translate(plain) == text.translate(plain)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_the_same_data_in_every_encoding(encoding: str) -> None:
    data = {"面积": "m² † 𝒳 −", "quote": 'a "b" \\ c', "n": 1.5}
    assert json.loads(written(encoding, json.dumps(data, ensure_ascii=False), as_json=True)) == data


def test_what_gbk_lacks_has_the_same_width() -> None:
    assert "m² †".encode("gbk", output.HANDLER) == b"m2 +"


@pytest.mark.skipif(os.name == "nt", reason="needs a shell's redirections")
@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "ascii"])
def test_an_assessment_is_printed_under(encoding: str) -> None:
    words = "assess", "-n", "4"
    done = run((*words, "--json"), PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "m²" in {row["unit"] for row in json.loads(done.stdout.decode(encoding))["targets"]}
    table = run(("plan", "--lang", "en"), PYTHONIOENCODING=encoding)
    assert table.returncode == 0, table.stderr
    assert "public rental units begun" in table.stdout.decode(encoding)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell's redirections")
@pytest.mark.parametrize("redirect", [">&-", ">/dev/full"])
def test_an_answer_that_cannot_be_shown_is_kept(redirect: str, tmp_path: Path) -> None:
    if redirect == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    done = run(("plan", "--json", "--lang", "en"), redirect, tmp_path)
    assert done.returncode == 2
    assert b"the answer is in" in done.stderr
    assert b"Traceback" not in done.stderr
    kept = next(tmp_path.glob("xuchang-sim-*.json"))
    assert json.loads(kept.read_text(encoding="utf-8")) == json.loads(
        run(("plan", "--json")).stdout
    )


@pytest.mark.skipif(os.name == "nt", reason="needs a shell's redirections")
@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_a_closed_standard_error_takes_nothing_away(redirect: str) -> None:
    usual = run(("plan", "--json"))
    done = run(("plan", "--json"), redirect)
    assert done.returncode == 0
    assert done.stdout == usual.stdout
    assert run(("assess", "plam"), redirect).returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="needs a shell's redirections")
def test_a_reader_that_leaves_ends_the_program_quietly() -> None:
    done = run(("plan",), "| true; exit ${PIPESTATUS[0]}")
    assert done.returncode in {0, 141}  # all of it may have been taken before the reader left
    assert done.stderr == b""


def attentive() -> None:
    """Answer signals, though whoever began the tests may ignore them, as a shell's background does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.parametrize(("number", "lang"), [(signal.SIGINT, "zh"), (signal.SIGTERM, "en")])
def test_a_signal_is_answered_with_what_was_kept(
    number: signal.Signals, lang: str, tmp_path: Path
) -> None:
    words = ("sweep", "tests/faults/large_sweep.yaml", "--out", str(tmp_path / "out"))
    begun = subprocess.Popen(
        [*PROGRAM, *words, "--rows-per-part", "50", "--lang", lang],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=attentive,  # noqa: PLW1509 - no threads here
    )  # fmt: skip
    end = time.monotonic() + 300
    while not list((tmp_path / "out").glob("part-*")) and time.monotonic() < end:
        assert begun.poll() is None, begun.stderr.read() if begun.stderr else ""
        time.sleep(0.05)
    begun.send_signal(number)
    out, told = begun.communicate(timeout=120)
    assert begun.returncode == 128 + number
    assert out == b""
    line = told.decode().strip().splitlines()[-1]
    kept = len(list((tmp_path / "out").glob("part-*.parquet")))
    assert number.name in line
    assert str(kept) in line
    assert ("再运行同一命令" if lang == "zh" else "the same command goes on") in line
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.parametrize("seconds", [0.15, 0.3, 0.45, 0.6, 0.8])
def test_a_signal_before_anything_is_loaded(seconds: float, tmp_path: Path) -> None:
    """Or while it is: at one of these times, on whatever machine, modules are being imported."""
    begun = subprocess.Popen([*PROGRAM, "report", "-o", str(tmp_path / "r.html"), "--lang", "en"],
                             cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             preexec_fn=attentive)  # fmt: skip  # noqa: PLW1509
    time.sleep(seconds)
    begun.send_signal(signal.SIGINT)
    _, told = begun.communicate(timeout=120)
    # Before Python is up nobody can answer: it raises its own KeyboardInterrupt, the program another.
    early = begun.returncode in {-signal.SIGINT, 1} and b"Stopped" not in told
    early &= not told or told.strip().endswith(b"KeyboardInterrupt")
    assert early or begun.returncode == 130
    assert early or b"Traceback" not in told
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_where_python_drops_exceptions_is_not_lost(name: str) -> None:
    program = f"""
import os, signal, sys, time
from xuchang_sim import stopping

class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        for _ in range(1000):
            pass

signal.signal(signal.{name}, signal.default_int_handler)
stopping.install()
try:
    last = Last()
    del last
    print("went on", flush=True)
    time.sleep(60)
except stopping.Stopped as asked:
    print(asked.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=50, check=True
    )
    assert done.stdout.decode().split() == ["went", "on", str(128 + signal.Signals[name])]
    assert done.stderr == b""


STATES = {
    **{encoding: ("", {"PYTHONIOENCODING": encoding}) for encoding in ENCODINGS},
    **{name: (name, {}) for name in (">&-", ">/dev/full", "2>&-", "2>/dev/full", "<&-")},
    "20 columns": ("", {"COLUMNS": "20"}),
    "no terminal": ("", {"TERM": "dumb"}),
}


@pytest.mark.skipif(os.name == "nt", reason="needs a shell's redirections")
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_every_state(command: str, tmp_path: Path) -> None:
    words = COMMANDS[command]
    for number, (name, (redirect, environment)) in enumerate(STATES.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = run(words, redirect, folder, XUCHANG_SIM_LANG="zh", **environment)
        assert b"Traceback" not in done.stderr, (name, done.stderr)
        lost = name in {">&-", ">/dev/full"} and list(folder.glob("xuchang-sim-*"))
        assert done.returncode == (2 if lost else 0), (name, done.returncode, done.stderr)
        if name not in {">&-", ">/dev/full"} and command != "calibrate":
            assert done.stdout, name


@pytest.mark.skipif(os.name == "nt", reason="needs a shell's redirections")
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in NO_JSON])
def test_the_json_of_every_command_in_every_encoding(command: str, tmp_path: Path) -> None:
    """The same data under each, but for what differs from run to run."""
    found = {}
    for encoding in ENCODINGS:
        folder = tmp_path / encoding
        folder.mkdir()
        done = run((*COMMANDS[command], "--json"), "", folder, PYTHONIOENCODING=encoding)
        assert done.returncode == 0, (encoding, done.stderr)
        text = done.stdout.decode(encoding)
        found[encoding] = json.loads(text.replace(json.dumps(str(folder))[1:-1], "folder"))
    for encoding, data in found.items():
        assert apart(data) == apart(found["utf-8"]), encoding


def apart(data: object) -> object:
    """Data without the times that a run took."""
    if isinstance(data, dict):
        return {k: apart(v) for k, v in data.items() if "seconds" not in k and k != "started"}
    return [apart(item) for item in data] if isinstance(data, list) else data


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [20, 80])
@pytest.mark.parametrize("command", QUICK)
def test_a_terminal_of_few_columns(command: str, columns: int) -> None:
    """On a pseudo-terminal of 20 columns no line is wider and every number is there."""
    import fcntl
    import pty
    import struct
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"} | {"TERM": "xterm"}
    begun = subprocess.Popen([*PROGRAM, *COMMANDS[command]], cwd=ROOT, env=environment,
                             stdin=child, stdout=child, stderr=child)  # fmt: skip
    os.close(child)
    seen = b""
    try:
        while part := os.read(parent, 65536):
            seen += part
    except OSError:
        pass  # the other end is closed
    os.close(parent)
    assert begun.wait(60) == 0, seen.decode(errors="replace")
    assert b"Traceback" not in seen
    assert len(seen) > 20
