"""Verdicts of benchmarks/compare.py on files whose answer is known."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.compare import NotComparableError, compare, load, relative, report
from benchmarks.short import baseline

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "compare.py"


def result(
    slower: float = 1.0, noise: float = 0.02, machine: float = 1.0, rounds: int = 6, seed: int = 0
) -> dict[str, Any]:
    """A result file: ``machine`` times slower in all, the engine ``slower`` times on top."""
    rng = np.random.default_rng(seed)

    def around(value: float) -> list[float]:
        return [machine * value * np.exp(noise * x) for x in rng.standard_normal(rounds)]

    rods = machine * 0.05 * np.exp(0.1 * noise * rng.standard_normal((rounds, 2)))
    numbers = list(range(rounds))
    return {
        "version": "0",
        "machine": {"processor": "p", "processors": 2, "system": "s", "python": "3.12"},
        "yardstick": rods.tolist(),
        "benchmarks": {
            "engine": {"unit": "s", "samples": around(2.0 * slower), "rounds": numbers},
            "start": {"unit": "s", "samples": around(0.1), "rounds": numbers},
            "compiled once": {"unit": "s", "samples": [30.0 * machine], "rounds": [0]},
            "memory": {"unit": "B", "samples": [1e8], "rounds": [0]},
        },
    }


def verdict(a: dict[str, Any], b: dict[str, Any], *, anyway: bool = False) -> int:
    return report(a, b, anyway=anyway)[1]


@pytest.mark.parametrize("seed", range(8))
def test_a_clear_slowdown_fires_and_its_ratio_is_right(seed: int) -> None:
    a, b = result(seed=seed), result(slower=1.3, seed=100 + seed)
    text, code = report(a, b, anyway=False)
    assert code == 1
    assert next(line for line in text.splitlines() if "SLOWER" in line).startswith("engine")
    ratio = next(r for r in compare(a, b) if r.name == "engine")
    assert ratio.low <= ratio.ratio <= ratio.high
    assert ratio.low < 1.3 < ratio.high or abs(ratio.ratio - 1.3) < 0.06


@pytest.mark.parametrize("seed", range(8))
def test_noise_below_the_limit_and_a_speedup_do_not_fire(seed: int) -> None:
    assert verdict(result(seed=seed), result(seed=100 + seed)) == 0
    assert verdict(result(seed=seed), result(slower=1.05, seed=100 + seed)) == 0
    assert verdict(result(seed=seed), result(slower=0.5, seed=100 + seed)) == 0


def test_a_slowdown_hidden_in_noise_does_not_fire() -> None:
    """The median is slower by a fifth, but so is chance: the lower bound stays below the limit."""
    a = result(noise=0.0)
    b = copy.deepcopy(a)
    b["benchmarks"]["engine"]["samples"] = [1.9, 2.0, 2.1, 2.7, 2.8, 2.9]
    ratio = next(r for r in compare(a, b) if r.name == "engine")
    assert ratio.ratio > 1.1 > ratio.low
    assert verdict(a, b) == 0


def test_a_slower_machine_is_taken_out_by_the_yardstick() -> None:
    assert verdict(result(), result(machine=1.6, seed=1)) == 0
    assert verdict(result(), result(machine=0.5, slower=1.4, seed=1)) == 1
    ratio = next(r for r in compare(result(), result(machine=1.6, seed=1)) if r.name == "engine")
    assert abs(ratio.ratio - 1.0) < 0.05


def test_memory_is_judged_without_the_yardstick() -> None:
    a, b = result(noise=0.0), result(noise=0.0, machine=2.0)
    assert next(r for r in compare(a, b) if r.name == "memory").ratio == 1.0
    b["benchmarks"]["memory"]["samples"] = [1.2e8]
    assert verdict(a, b) == 1


def test_a_single_timing_is_shown_and_not_judged() -> None:
    a, b = result(), result(seed=1)
    b["benchmarks"]["compiled once"]["samples"] = [300.0]
    text, code = report(a, b, anyway=False)
    assert code == 0
    assert "too few rounds" in text


def test_a_missing_benchmark_is_named_and_does_not_pass() -> None:
    a, b = result(), result(seed=1)
    del b["benchmarks"]["start"]
    text, code = report(a, b, anyway=False)
    assert code == 1
    assert "missing in B, so not judged: start" in text
    text, code = report(b, a, anyway=False)
    assert code == 0
    assert "only in B, nothing to compare with: start" in text
    b["benchmarks"] = {"other": b["benchmarks"]["engine"]}
    assert verdict(a, b) == 2


def test_other_machines_are_judged_on_request_only() -> None:
    a, b = result(), result(slower=1.5, seed=1)
    b["machine"]["processor"] = "q"
    text, code = report(a, b, anyway=False)
    assert code == 2
    assert "processor: p and q" in text
    assert verdict(a, b, anyway=True) == 1


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("no json", "is no JSON"),
        ("[]", "lacks"),
        (json.dumps({"version": "0", "machine": {}}), "lacks yardstick, benchmarks"),
    ],
)
def test_files_that_are_no_results_are_refused(tmp_path: Path, content: str, word: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NotComparableError, match=word):
        load(path)


def test_samples_that_are_no_times_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for samples in ([], [0.0], [1.0, -1.0], [float("nan")]):
        broken = result()
        rounds = list(range(len(samples)))
        broken["benchmarks"]["start"] = {"unit": "s", "samples": samples, "rounds": rounds}
        with pytest.raises(ValueError, match="no positive numbers"):
            relative(broken, "start")
        path.write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(NotComparableError):
            load(path)


def test_the_program_exits_with_the_verdict(tmp_path: Path) -> None:
    for name, content in (("a", result()), ("b", result(slower=1.5, seed=1))):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    def program(*names: str) -> int:
        words = [sys.executable, str(PROGRAM), *(str(tmp_path / f"{n}.json") for n in names)]
        return subprocess.run(words, check=False, capture_output=True).returncode

    assert program("a", "a") == 0
    assert program("a", "b") == 1
    assert program("a", "none") == 2


def test_kept_results_can_be_read() -> None:
    kept = sorted((PROGRAM.parent / "results").glob("*.json"))
    assert kept
    for path in kept:
        found = load(path)
        assert baseline(found) == path
        assert verdict(found, found) == 0
