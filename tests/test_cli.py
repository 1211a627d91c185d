"""The command line is a contract: outputs, exit codes, messages, start-up time."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from xuchang_sim.cli import app, help as help_of
from xuchang_sim.text import LANGUAGES, phrases, say


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
    assert min(seconds("-m", "xuchang_sim", "--help") for _ in range(5)) < bare + 0.15
    assert min(seconds("-m", "xuchang_sim", "assess", "--help") for _ in range(5)) < bare + 0.3


#: Not pydantic: Typer itself reads the value of an option with it.
HEAVY = "{'numpy','pandas','numba','mesa','statsmodels','matplotlib','scipy'}"


@pytest.mark.parametrize("words", [["--help"], ["assess", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        f"import sys\nsys.argv[1:] = {words}\nfrom xuchang_sim.__main__ import main\n"
        f"try:\n    main()\nfinally:\n    print(*({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("columns", [40, 80, 300])
def test_help_lists_every_command_whole(columns: int, lang: str) -> None:
    """Whatever the width: the list of commands shortens no sentence, in any language."""
    text = "".join(call("--help", COLUMNS=str(columns), XUCHANG_SIM_LANG=lang).stdout.split())
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.callback.__name__
        assert name + "".join(say(f"help.{name}", lang).split()) in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_command_and_option_has_its_help_in_every_language(lang: str) -> None:
    keys = {"help.program", "help.any.help", *(key for _, key in help_of.FRAME)}
    program = typer.main.get_command(app)
    parameters = {"program": program.params}
    parameters |= {name: each.params for name, each in program.commands.items()}  # type: ignore[attr-defined]
    keys |= {f"help.{name}" for name in parameters}
    keys |= {
        help_of.key_of(name, str(each.name)) for name, own in parameters.items() for each in own
    }
    assert keys == {key for key in phrases(lang) if key.startswith("help.")}


def test_english_help_is_the_docstring_of_the_command() -> None:
    for command in app.registered_commands:
        assert command.callback is not None
        first = (command.callback.__doc__ or "").split("\n\n")[0]
        assert say(f"help.{command.callback.__name__}", "en") == " ".join(first.split())


def test_help_speaks_the_language_that_the_words_or_the_environment_ask_for() -> None:
    assert call("assess", "--help", "--lang", "zh").stdout.startswith("用法：")
    assert call("assess", "--lang=en", "-h").stdout.startswith("Usage: ")
    chinese = call("compare", "--help", XUCHANG_SIM_LANG="zh").stdout
    english = call("compare", "--help", XUCHANG_SIM_LANG="en").stdout
    assert "[默认：400]" in chinese
    assert "[default: 400]" in english
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", chinese)  # no English sentence is left
    assert not re.search(r"[\u4e00-\u9fff]", english)


def test_without_a_command_the_help_is_an_error() -> None:
    done = call()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == call("--help").stdout.strip()


def test_a_deferred_module_is_loaded_by_its_first_use() -> None:
    program = (
        "import sys\nfrom xuchang_sim.deferred import deferred\n"
        "with deferred():\n    from xuchang_sim import units\n"
        "assert 'fractions' not in sys.modules\n"
        "assert units.convert(1, '亿元', '万元') == 10000.0\n"
        "from xuchang_sim.units import convert\nassert convert is units.convert"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_deferred_import_that_is_stopped_says_so_and_can_be_tried_again() -> None:
    """Python's own lazy modules drop the exception, and leave the half that was loaded."""
    program = """
import sys
from types import ModuleType
from xuchang_sim.deferred import deferred

class Stopping(ModuleType):
    def __getattr__(self, name):
        raise KeyboardInterrupt

with deferred():
    from xuchang_sim import units
sys.modules["fractions"] = Stopping("fractions")
for _ in range(2):
    try:
        from xuchang_sim.units import convert
    except KeyboardInterrupt:
        pass
    else:
        sys.exit("the exception was dropped")
assert "xuchang_sim.units" not in sys.modules
del sys.modules["fractions"]
assert units.convert(1, "亿元", "万元") == 10000.0
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_threads_that_use_a_deferred_module_first_all_have_the_whole_module() -> None:
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from xuchang_sim.deferred import deferred

with deferred():
    from xuchang_sim import units
ready = Barrier(8)

def one(_):
    ready.wait()
    return units.convert(1, "亿元", "万元")

sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(8) as pool:
    assert list(pool.map(one, range(8))) == [10000.0] * 8
"""
    subprocess.run([sys.executable, "-c", program], check=True)
