"""The prose of docstrings, comments and pages is plain: the check refuses the words it should, and finds none."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def prose() -> Any:
    spec = importlib.util.spec_from_file_location("prose", ROOT / "docs" / "prose.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "text",
    [
        "A posterior that belongs to another state of the pack is told of and not used.",
        "What no bar of a kept month will reach need not be listed.",
        "The loss is nought.",
        "The wished half-width.",
        "Each ends with one of the some.",
        "A box has so many cases.",
        "Done. What follows from it is left out.",
        "Whoever computes it, the row is the same.",
    ],
)
def test_private_words_and_clauses_as_subjects_are_refused(text: str, prose: Any) -> None:
    assert list(prose.faults(text))


@pytest.mark.parametrize(
    "text",
    [
        "A stale posterior raises a warning and is ignored.",
        "What holds it back?",
        "The answer says what holds it back.",
    ],
)
def test_plain_sentences_pass(text: str, prose: Any) -> None:
    assert list(prose.faults(text)) == []


def test_code_examples_and_parameters_are_not_read(prose: Any) -> None:
    source = '''def f(told: int) -> int:
    """Return a number.

    Parameters
    ----------
    told : int
        A number.

    Examples
    --------
    >>> told = f(1)
    """
    return told  # nought
'''
    hits = [each for _, text in prose.prose_of_source(source) for each in prose.faults(text)]
    assert [instead for _, instead in hits] == ["nought: zero"]
    page = "`told` and\n\n```\nnought\n```\n\n# What it is\n\nA wished value.\n"
    hits = [each for _, text in prose.prose_of_page(page) for each in prose.faults(text)]
    assert [instead for _, instead in hits] == ["wished: requested, desired"]


def test_the_prose_of_the_project_is_plain(prose: Any) -> None:
    assert prose.check() == []
