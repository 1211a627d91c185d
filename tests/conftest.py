"""Tests that take minutes run on request only; messages are in English unless a test asks for another."""

from __future__ import annotations

import os

import pytest

from xuchang_sim.text import VARIABLE

os.environ[VARIABLE] = "en"  # for this process and those that tests begin


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("XUCHANG_SIM_LONG") == "1":
        return
    skip = pytest.mark.skip(reason="takes minutes; set XUCHANG_SIM_LONG=1")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)
