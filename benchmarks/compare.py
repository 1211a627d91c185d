"""Is B slower than A? Ratios of two result files with bootstrap intervals, yardstick taken out.

    python benchmarks/compare.py benchmarks/results/0.1.0-amd-epyc.json new.json

A time is first divided by the yardstick of its round. The ratio is median over median; its 95%
interval comes from a bootstrap over rounds; times of fewer than three rounds are shown, not judged.
Memory has no noise worth a bootstrap and no yardstick. Exit code 1: the lower bound of some ratio
lies above 1.10, or a benchmark of A is missing in B. Exit code 2: the files cannot be judged
(unreadable, nothing in common, or from other machines without ``--anyway``).
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

LIMIT = 1.10
DRAWS = 4000
LEVELS = (2.5, 97.5)
FEWEST = 3  # rounds on each side for a verdict on times
SAME = ("processor", "processors", "system", "python")


class NotComparableError(ValueError):
    """Files that no verdict can be drawn from."""


class Ratio(NamedTuple):
    """B over A of one benchmark: unit, median, 95% interval, number of rounds on each side."""

    name: str
    unit: str
    ratio: float
    low: float
    high: float
    rounds: tuple[int, int]

    @property
    def judged(self) -> bool:
        """Whether there are enough rounds to tell a change from noise."""
        return self.unit != "s" or min(self.rounds) >= FEWEST

    @property
    def regression(self) -> bool:
        """Whether B is slower (or larger) by more than the limit, beyond noise."""
        return self.judged and self.low > LIMIT


def load(path: Path) -> dict[str, Any]:
    """Read a result file.

    Raises
    ------
    NotComparableError
        If it is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise NotComparableError(message) from error
    except ValueError as error:
        message = f"{path}: is no JSON ({error})"
        raise NotComparableError(message) from error
    wanted = ("version", "machine", "yardstick", "benchmarks")
    missing = [key for key in wanted if not isinstance(found, dict) or key not in found]
    if missing:
        message = f"{path}: is no result of benchmarks.short, it lacks {', '.join(missing)}"
        raise NotComparableError(message)
    try:
        for name in found["benchmarks"]:
            relative(found, name)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        message = f"{path}: {error}"
        raise NotComparableError(message) from error
    return found  # type: ignore[no-any-return]


def relative(result: dict[str, Any], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Samples of a benchmark in units of its rounds' yardsticks; memory as it is.

    Raises
    ------
    ValueError
        If there is no sample, or one that is no positive number.
    """
    entry = result["benchmarks"][name]
    values = np.array(entry["samples"], dtype=float)
    if entry["unit"] == "s":
        rods = np.array(result["yardstick"], dtype=float).mean(axis=1)
        values = values / rods[entry["rounds"]]
    if len(values) == 0 or not (np.isfinite(values) & (values > 0)).all():
        message = f"{name!r} has no samples, or some that are no positive numbers"
        raise ValueError(message)
    return values


def compare(a: dict[str, Any], b: dict[str, Any], seed: int = 1) -> list[Ratio]:
    """Ratios B over A of the benchmarks that both have."""
    found = []
    for name in a["benchmarks"]:
        if name not in b["benchmarks"]:
            continue
        old, new = relative(a, name), relative(b, name)
        rng = np.random.default_rng(seed)
        tops = np.median(rng.choice(new, (DRAWS, len(new))), axis=1)
        bottoms = np.median(rng.choice(old, (DRAWS, len(old))), axis=1)
        low, high = np.percentile(tops / bottoms, LEVELS)
        ratio = float(np.median(new) / np.median(old))
        unit = a["benchmarks"][name]["unit"]
        found.append(Ratio(name, unit, ratio, float(low), float(high), (len(old), len(new))))
    return found


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Differences between the machines of two results, in words."""
    one, two = a["machine"], b["machine"]
    return [
        f"{key}: {one.get(key)} and {two.get(key)}" for key in SAME if one.get(key) != two.get(key)
    ]


def report(a: dict[str, Any], b: dict[str, Any], *, anyway: bool) -> tuple[str, int]:
    """Return the table and the exit code."""
    lines = []
    other = differences(a, b)
    if other:
        lines += ["the files come from different machines", *(f"  {text}" for text in other)]
        if not anyway:
            lines.append("no verdict: measure both on one machine, or ask with --anyway")
            return "\n".join(lines), 2
        lines.append("judged all the same, by the yardstick alone (--anyway)")
    ratios = compare(a, b)
    lines.append(f"B = {b['version']} over A = {a['version']}; above 1 is slower or larger")
    lines.append(f"{'benchmark':36s} {'ratio':>6s}   95% interval   rounds")
    for r in ratios:
        mark = "  SLOWER" if r.regression else "  faster" if r.high < 1 / LIMIT else ""
        mark = mark if r.judged else "  too few rounds: not judged"
        lines.append(
            f"{r.name:36s} {r.ratio:6.3f}  {r.low:5.3f} to {r.high:5.3f}  "
            f"{r.rounds[0]}, {r.rounds[1]}{mark}"
        )
    gone = [name for name in a["benchmarks"] if name not in b["benchmarks"]]
    fresh = [name for name in b["benchmarks"] if name not in a["benchmarks"]]
    lines += [f"missing in B, so not judged: {name}" for name in gone]
    lines += [f"only in B, nothing to compare with: {name}" for name in fresh]
    if not any(r.judged for r in ratios):
        lines.append("no verdict: no benchmark in common with rounds enough")
        return "\n".join(lines), 2
    middle = math.exp(sum(math.log(r.ratio) for r in ratios) / len(ratios))
    lines.append(f"geometric mean of {len(ratios)} ratios: {middle:.3f}")
    slower = [r for r in ratios if r.regression]
    if slower:
        lines.append(f"{len(slower)} slower than A by more than {LIMIT - 1:.0%} beyond noise")
    return "\n".join(lines), 1 if slower or gone else 0


def main() -> None:
    """Compare two files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("a", type=Path, help="the baseline")
    parser.add_argument("b", type=Path, help="the new result")
    parser.add_argument("--anyway", action="store_true", help="judge results of other machines")
    asked = parser.parse_args()
    try:
        text, code = report(load(asked.a), load(asked.b), anyway=asked.anyway)
    except NotComparableError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(text)
    sys.exit(code)


if __name__ == "__main__":
    main()
