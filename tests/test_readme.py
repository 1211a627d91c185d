"""The README shows what the commands print."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_blocks_of_output_are_what_the_commands_print() -> None:
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    refresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(refresh)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(refresh.BLOCK.findall(text)) == 2
    assert refresh.refreshed(text) == text, "run: python docs/refresh.py"


def test_its_links_lead_somewhere() -> None:
    import re

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).exists(), link
