"""Refuse pins with a published advisory, as far as advisories.csv knows them: no network is asked.

``python requirements/advisories.py`` ends with 1 and a line for each such pin; ``make lock`` ends with it. The
list is kept by hand: a package, the first release without the fault, the advisory and what it is.
"""

import csv
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def release(text):
    """Order of a release: the numbers it begins with, without noughts at the end."""
    numbers = [int(number) for number in re.match(r"[0-9.]+", text)[0].strip(".").split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def found(pins, known):
    """Lines for pins (name, version) below a release that an advisory names."""
    return [
        f"{name}=={version}: {row['advisory']}, {row['what']}; allowed: {row['below']} or later"
        for name, version in pins
        for row in known
        if row["package"] == name and release(version) < release(row["below"])
    ]


def main():
    """Check every file of pins."""
    with (HERE / "advisories.csv").open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    lines = []
    for path in sorted(HERE.glob("*.txt")):
        pins = re.findall(r"(?m)^([a-z0-9-]+)==([0-9][^ ;\\]*)", path.read_text(encoding="utf-8"))
        lines += [f"{path.name}: {line}" for line in found(pins, known)]
    print("\n".join(lines), end="\n" if lines else "")  # noqa: T201 - it is a command
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
