"""The command line is a contract: outputs, exit codes, messages, start-up time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from xuchang_sim.__main__ import COMMANDS, PURPOSE, help_text
from xuchang_sim.cli import app
from xuchang_sim.text import say


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xuchang_sim", *words],
        env={**os.environ, "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_assess_prints_the_same_bytes_twice_and_on_any_number_of_threads() -> None:
    words = "assess", "plan", "--replicates", "40", "--seed", "2012", "--json"
    one, two = call(*words), call(*words)
    assert one.returncode == 0, one.stderr
    assert one.stdout == two.stdout
    single = call(*words, XUCHANG_SIM_THREADS="1")
    assert single.stdout == one.stdout
    data = json.loads(one.stdout)
    assert data["replicates"] == 40


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_assess_prints_a_table_a_planner_can_read(lang: str) -> None:
    done = call("assess", "plan", "-n", "20", "--lang", lang)
    assert done.returncode == 0, done.stderr
    assert say("group.headline", lang) in done.stdout
    assert "二（二）" in done.stdout
    assert ("主营业务收入" if lang == "zh" else "main-business") in done.stdout


def test_matrix_and_plan_print_tables_and_json() -> None:
    done = call("matrix", "-n", "4", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("high") >= 9
    listed = call("plan", "--json")
    assert len(json.loads(listed.stdout)["rows"]) == 96
    checked = call("plan", "--check", "--json")
    assert len(json.loads(checked.stdout)["checks"]) >= 10
    for words in (("plan",), ("plan", "--check"), ("plan", "--lang", "en")):
        assert call(*words).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("assess", "plam"), "allowed"),
        (("assess", "--pack", "nowhere"), "nowhere"),
        (("assess", "--through", "1999-01"), "allowed"),
        (("assess", "--replicates", "0"), "allowed"),
        (("assess", "--replicates", "many"), "--replicates"),
        (("assess", "--lang", "fr"), "fr"),
        (("assess", "--frobnicate"), "frobnicate"),
        (("conquer",), "conquer"),
        (("validate", "no/such/file.yaml"), "no/such/file.yaml"),
    ],
)
def test_wrong_input_leaves_with_2_and_no_traceback(words: tuple[str, ...], message: str) -> None:
    done = call(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_validate_names_file_line_and_what_is_allowed(tmp_path: Path) -> None:
    bad = tmp_path / "mine.yaml"
    bad.write_text(
        "name: mine\ntitle_zh: 我的\ntitle_en: mine\nparent: plan\nlevers:\n"
        "  quota_per_zone: -5\n  quota_per_zon: 3\n",
        encoding="utf-8",
    )
    done = call("validate", str(bad))
    assert done.returncode == 2
    assert f"{bad}:6" in done.stderr
    assert f"{bad}:7" in done.stderr
    assert "quota_per_zone" in done.stderr
    good = tmp_path / "good.yaml"
    good.write_text(
        "name: good\ntitle_zh: 好\ntitle_en: good\nparent: plan\nlevers: {quota_per_zone: 400}\n",
        encoding="utf-8",
    )
    assert call("validate", str(good)).returncode == 0
    done = call("assess", str(good), "-n", "4", "--json")
    assert json.loads(done.stdout)["scenario"] == "good"


def test_help_answers_at_once() -> None:
    def seconds(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Time of the processor, the least of five: other work on the machine hardly counts.
    bare = min(seconds("-c", "pass") for _ in range(5))
    assert min(seconds("-m", "xuchang_sim", "--help") for _ in range(5)) < bare + 0.05
    assert min(seconds("-m", "xuchang_sim", "assess", "--help") for _ in range(5)) < bare + 0.3


HEAVY = "{'numpy','pandas','numba','mesa','statsmodels','matplotlib','pydantic'}"


@pytest.mark.parametrize(
    ("program", "without"),
    [
        ("from xuchang_sim.__main__ import main\nsys.argv[1:] = ['-h']\nmain()", "{'typer'}"),
        (
            (
                "from typer.testing import CliRunner\nfrom xuchang_sim.cli import app\n"
                "CliRunner().invoke(app, ['--help'])"
            ),
            "set()",
        ),
    ],
)
def test_help_imports_nothing_heavy(program: str, without: str) -> None:
    seen = f"print(*sorted(({HEAVY} | {without}) & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\n{seen}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == ""


def test_the_first_help_says_what_every_command_says_of_itself() -> None:
    found = {}
    for command in app.registered_commands:
        assert command.callback is not None
        first = (command.callback.__doc__ or "").split("\n\n")[0]
        found[command.callback.__name__] = " ".join(first.split()).removesuffix(".")
    assert found == COMMANDS
    assert app.info.help == PURPOSE


@pytest.mark.parametrize("columns", [20, 60, 80, 300])
def test_the_first_help_fits_the_terminal(columns: int) -> None:
    lines = help_text(columns).splitlines()
    assert max(map(len, lines[8:])) < max(columns, 40)
    text = " ".join(" ".join(lines).split())
    assert all(f"{name} {said}." in text for name, said in COMMANDS.items())


def test_without_a_command_the_help_is_an_error() -> None:
    done = call(COLUMNS="70")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == help_text(70)
