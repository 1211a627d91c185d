"""Document: a report as a file, a page, a workbook or data, written as a whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xuchang_sim import files
from xuchang_sim.answers.dossier import Dossier, gather
from xuchang_sim.deferred import deferred
from xuchang_sim.pack.scenario import list_scenarios
from xuchang_sim.text import LANGUAGES

with deferred():
    from xuchang_sim.report import book, page as pages

if TYPE_CHECKING:
    from pathlib import Path

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.text import Language

__all__ = ["Dossier", "check", "gather", "usual", "write"]

#: Scenarios of a report unless others are asked for, as far as the pack's can be called so.
USUAL = ("plan", "no_plan", "land_high", "finance_high", "labour_high", "all_high")


def usual(pack: Pack) -> list[str]:
    """Return the names of the scenarios that a report compares by default."""
    known = {scenario.name for scenario in list_scenarios(pack)}
    return [name for name in USUAL if name in known]


def check(path: Path) -> None:
    """Refuse a file that could not be written, before anything is run.

    Raises
    ------
    InputError
        If the name has another ending, or nothing can be written there.
    """
    files.destination(path, ".html", ".xlsx", ".json")


def write(dossier: Dossier, lang: Language, path: Path) -> None:
    """Write a report as a page, a workbook or data, by the file's ending; replace an older file as a whole.

    Data (``.json``) are the answers behind the page. They hold no figures and depend on no language.
    """
    languages: tuple[Language, ...] = LANGUAGES if lang == "both" else (lang,)
    ending = path.suffix.lower()
    if ending == ".xlsx":
        book.write(dossier, languages, path)
    else:
        text = dossier.to_json(1) if ending == ".json" else pages.page(dossier, languages)
        files.write(path, text)
