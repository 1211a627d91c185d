"""The commands of the room: one JSON object, tables in both languages, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xuchang_sim.cli import app
from xuchang_sim.yamlfile import InputError

SAMPLED = ("--parameters", "sampled")
COMMANDS: dict[str, tuple[str, ...]] = {
    "compare": ("compare", "no_plan", "plan", "-n", "4", *SAMPLED),
    "explain": ("explain", "-n", "3", *SAMPLED),
    "bundle": ("bundle", "--factors", "land,process", "-n", "40", "--p", "0.5", *SAMPLED),
    "frontier": ("frontier", "-n", "4", *SAMPLED),
    "sensitivity": ("sensitivity", "--factors", "land,process", "--size", "2", "-n", "2", *SAMPLED),
    "discover": ("discover", "-n", "1200", "--goal", "fai_share", *SAMPLED),
}
KEYS = {
    "compare": {"a", "b", "measures", "targets", "attainment", "moved", "settled", "manifest"},
    "explain": {"scenario", "attribution", "waterfall", "prices", "why", "manifest"},
    "bundle": {"goal", "reachable", "bundles", "best", "targets", "manifest"},
    "frontier": {"p", "scenarios", "maps", "manifest"},
    "sensitivity": {"method", "design", "outcomes", "manifest"},
    "discover": {"goal", "missed", "boxes", "manifest"},
}


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words), catch_exceptions=True)
    if isinstance(done.exception, InputError):
        return 2, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_one_object_and_the_same_twice(name: str) -> None:
    told = []
    for _ in range(2):
        code, text = call(*COMMANDS[name], "--json")
        assert code == 0
        told.append(json.loads(text))
        assert KEYS[name] <= told[-1].keys()
        told[-1].pop("manifest")  # the state of the checkout may change in between
    assert told[0] == told[1]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", COMMANDS)
def test_tables_are_printed_in_both_languages(name: str, lang: str) -> None:
    code, text = call(*COMMANDS[name], "--lang", lang)
    assert code == 0
    assert len(text.splitlines()) >= 3
    assert "{" not in text


def test_sweep_prints_its_digest_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("land,approval_cut\n1,0.2\n2,\n", encoding="utf-8")
    out = tmp_path / "rows"
    code, text = call("sweep", str(path), "--out", str(out), "--json")
    assert code == 0
    data = json.loads(text)
    assert (data["points"], data["rows"], data["failed"]) == (2, 200, 0)
    assert call("sweep", str(path), "--out", str(out), "--lang", "en")[1].count(data["digest"]) == 1
    code, text = call("sweep", str(path), "--out", str(out), "--rerun", "150")
    assert code == 0
    assert json.loads(text)["replicate"] == 50


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("sweep", "quik", "--out", "x"), "did you mean 'quick'"),
        (("compare", "plan", "plam"), "did you mean 'plan'"),
        (("bundle", "--goal", "fai_grwth"), "did you mean 'fai_growth'"),
        (("bundle", "--p", "1.5"), "above 0 and below 1"),
        (("frontier", "--p", "0"), "above 0 and below 1"),
        (("sensitivity", "--factors", "lnd"), "no factor; did you mean 'land'?; allowed: "),
        (("sensitivity", "--method", "sobol", "--size", "60"), "--size: 60 is no power of two"),
        (("bundle", "--robust", "1.1"), "--robust: 1.1: allowed: 0 to 1"),
        (("sweep", "quick", "--out", "x", "--export", "x.json"), "allowed: .parquet, .csv"),
        (("sweep", "quick", "--out", "x", "--export", "nowhere/x.csv"), "folder does not exist"),
        (("discover", "--goal", "x"), "no target"),
        (("explain", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_wrong_words_are_told(words: tuple[str, ...], expected: str) -> None:
    code, text = call(*words)
    assert code == 2
    assert expected in text


def test_sweep_files_are_validated_like_scenarios(tmp_path: Path) -> None:
    from xuchang_sim.answers.designs import shipped

    for path in shipped().glob("*.yaml"):
        code, text = call("validate", str(path))
        assert code == 0
        assert path.name in text
    broken = tmp_path / "quick.yaml"
    text = (shipped() / "quick.yaml").read_text(encoding="utf-8")
    broken.write_text(text.replace("points: 64", "points: 65"), encoding="utf-8")
    code, text = call("validate", str(broken))
    assert code == 2
    assert "no power of two" in text
