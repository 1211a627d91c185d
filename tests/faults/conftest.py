"""Faults: long fuzzers may take hours, and what all of them tried is told at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.damage import LONG


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """10,000 mutations take longer than other tests may."""
    for item in items:
        if LONG and item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(4 * 3600))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell by fuzzer and kind how many mutations were tried, refused and bad."""
    told = [
        found
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, found in getattr(report, "user_properties", [])
        if name == "faults" and report.when == "call"
    ]
    if not told:
        return
    terminalreporter.section("faults: tried, refused, bad")
    for name, rows in told:
        for kind, tried, refused, bad in rows:
            terminalreporter.write_line(f"{name:12} {kind:10} {tried:6} {refused:6} {bad:4}")
