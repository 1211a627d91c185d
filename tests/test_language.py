"""Errors and messages in the reader's language: the command line's, a pack's, a scenario's, a series'."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pack.test_pack_hostile import CASES, TOGETHER, edit
from xuchang_sim import kept
from xuchang_sim.answers.designs import load_design
from xuchang_sim.definitions import amounts
from xuchang_sim.files import destination
from xuchang_sim.forecast.single import series_outlook
from xuchang_sim.pack.load import load_pack, shipped, validate_path
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.study import Study
from xuchang_sim.text import LANGUAGES, VARIABLE, language, phrase, speaking
from xuchang_sim.units import convert
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

CHINESE = r"[\u4e00-\u9fff]"
#: Data, not language: what is quoted, names of files and commands, lists of keys.
DATA = r"""'[^']*'|"[^"]*"|\([^()]*\)|（[^（）]*）|xuchang-sim(?: [\w.-]+)+|(?:[A-Za-z_]\w*, )+\w+|\S*/\S*"""
#: Three English words in a row make a sentence.
ENGLISH = r"(?:\b[A-Za-z]{2,}\b[ ,;:]+){2,}\b[A-Za-z]{2,}\b"
PACK = load_pack()


def in_language(text: str, lang: str) -> bool:
    """Whether a message is written in a language, its data aside."""
    bare = re.sub(DATA, "_", text)
    if lang == "zh":
        return bool(re.search(CHINESE, text)) and not re.search(ENGLISH, bare)
    return not re.search(rf"{CHINESE}{{5,}}|[，。；：（）]", bare)


def scenario(folder: Path, text: str) -> None:
    path = folder / "mine.yaml"
    path.write_text(f"name: mine\ntitle_zh: 我\ntitle_en: mine\n{text}", encoding="utf-8")
    load_scenario(path, PACK)


def sweep(folder: Path, text: str) -> None:
    path = folder / "mine.yaml"
    path.write_text(f"name: mine\n{text}", encoding="utf-8")
    load_design(path, PACK)


def series(folder: Path, text: str) -> None:
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8")
    series_outlook(path, 3)


def broken(folder: Path) -> None:
    (folder / "broken.kept").write_bytes(b"nothing of the kind")
    kept.read(folder / "broken.kept")


PROVOKED: dict[str, Callable[[Path], object]] = {
    "no such scenario": lambda _: load_scenario("plam", PACK),
    "unknown lever": lambda f: scenario(f, "parent: plan\nlevers: {quota_pr_zone: 1}\n"),
    "lever out of range": lambda f: scenario(f, "parent: plan\nlevers: {quota_per_zone: -1}\n"),
    "no level": lambda f: scenario(f, "parent: plan\naxes: {land: highest}\n"),
    "own ancestor": lambda f: scenario(f, "parent: mine\n"),
    "no parent": lambda f: scenario(f, "axes: {land: high}\n"),
    "unknown driver": lambda f: scenario(f, "parent: plan\ndrivers: {ppi: off}\n"),
    "driver's months": lambda f: scenario(f, "parent: plan\ndrivers: {ppi_yoy: {2012-13: 0}}\n"),
    "tab": lambda f: scenario(f, "parent: plan\n\tlevers: {}\n"),
    "two keys": lambda f: scenario(f, "parent: plan\nparent: plan\n"),
    "unknown factor": lambda f: sweep(f, "method: sobol\npoints: 8\nfactors: {quota: range}\n"),
    "no power of two": lambda f: sweep(
        f, "method: sobol\npoints: 9\nfactors: {quota_per_zone: range}\n"
    ),
    "no such sweep": lambda _: load_design(Path("nosuch"), PACK),
    "no file": lambda f: series_outlook(f / "none.csv", 3),
    "few values": lambda f: series(f, "date,value\n2012-01,1\n2012-02,2\n"),
    "equal values": lambda f: series(
        f, "date,value\n" + "".join(f"{y},5\n" for y in range(1990, 2012))
    ),
    "no date": lambda f: series(f, "date,value\nspring,1\nsummer,2\nautumn,3\n"),
    "no number": lambda f: series(f, "date,value\n2010-01,much\n2010-02,2\n2010-03,3\n"),
    "fiscal years": lambda f: series(f, "date,value\nFY2010,1\nFY2011,2\nFY2012,3\n"),
    "date twice": lambda f: series(f, "date,value\n2010-01,1\n2010-01,2\n2010-03,3\n"),
    "unknown unit": lambda _: convert(1.0, "畝", "亩"),
    "two kinds of unit": lambda _: convert(1.0, "亿元", "亩"),
    "quantity": lambda _: amounts.quantity("1,5"),
    "ending": lambda f: destination(f / "report.doc", ".html", ".xlsx"),
    "no folder": lambda f: destination(f / "none" / "report.html", ".html"),
    "damaged file": broken,
    "replicates": lambda _: Study(replicates=0).assess("plan"),
    "month": lambda _: Study(replicates=2, through="2012-13").assess("plan"),
    "run too short": lambda _: Study(replicates=2, through="2012-05").assess("plan"),
    "no pack": lambda f: load_pack(f / "nowhere"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", PROVOKED)
def test_an_error_speaks_the_language_asked_for(name: str, lang: str, tmp_path: Path) -> None:
    with speaking(lang), pytest.raises((ValueError, kept.DamagedError)) as caught:
        PROVOKED[name](tmp_path)
    for line in str(caught.value).replace(str(tmp_path), "").splitlines():
        assert in_language(line, lang), line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_faults_of_a_pack_speak_the_language_asked_for(lang: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped()[0], tmp_path / "pack"))
    for name in TOGETHER:
        edit(folder, *CASES[name][:3])
    with speaking(lang), pytest.raises(InputError) as caught:
        load_pack(folder)
    assert len(caught.value.problems) > 15
    wrong = [p.message for p in caught.value.problems if not in_language(p.message, lang)]
    assert wrong == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_file_that_is_no_pack(lang: str, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"PK nothing")
    with speaking(lang):
        for problem in validate_path(tmp_path / "book.xlsx"):
            assert in_language(problem.message, lang), problem


COMMANDS = [
    "nosuch",
    "assess --replicates many",
    "assess one two",
    "assess --nosuch",
    "assess --lang fr",
    "outlook --series",
    "outlook --horizon 3",
    "outlook --series none.csv",
    "validate",
    "validate nowhere",
    "assess --json=3",
    "hindcast",
    "new mine --case-id y",
    "convert nowhere mine",
    "schema plann",
    "bundle --goal x",
    "bundle --p 2",
    "compare plan plam",
    "report -o report.doc",
    "explain nosuch",
    "sensitivity --method sobol --size 3",
    "sweep nosuch --out mine",
]
ALL = """
import json, sys
from xuchang_sim import output
from xuchang_sim.__main__ import main
said = []
output.message = said.append
for words in json.loads(sys.argv[1]):
    said.append("== " + words)
    sys.argv[1:] = words.split()
    try:
        main()
    except SystemExit as end:
        said.append(f"-> {end.code}")
print("\\n".join(said))
"""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_wrong_words_of_a_command_are_refused_in_the_language_asked_for(
    lang: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALL, json.dumps(COMMANDS)],
        env={**os.environ, VARIABLE: lang, "PYTHONIOENCODING": "utf-8"},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    parts = dict(part.split("\n", 1) for part in done.stdout.split("== ")[1:])
    assert list(parts) == COMMANDS
    for words, said in parts.items():
        *lines, last = said.strip().splitlines()
        assert last == "-> 2", (words, said)
        assert lines, words
        for line in lines:
            usage = line.startswith(("Usage:", "用法：", "Try ", "查看帮助："))
            assert not line or usage or in_language(line, lang), line


def test_a_thread_speaks_its_own_language_and_a_process_that_of_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert language() == "en"
    monkeypatch.setenv(VARIABLE, "zh")
    assert phrase("file.none") == "没有这个文件"
    with speaking("en"):
        assert phrase("file.none") == "no such file"
    monkeypatch.setenv(VARIABLE, "xx")
    assert language() == "en"
    with pytest.raises(KeyError), speaking("xx"):
        pass
