"""Manifest of a result: what identifies it, so that it can be made again."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict, cast

import numpy as np

from xuchang_sim import __version__
from xuchang_sim.answer import Extra
from xuchang_sim.model.digest import rules_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.setup import Setup

__all__ = ["Manifest", "PackName", "git_state", "manifest"]


class PackName(TypedDict):
    """Name of a pack and the hash of what it says."""

    name: str
    sha256: str


class PosteriorName(TypedDict):
    """Hash of the posterior, and whether it was made with the rules that ran."""

    sha256: str
    made_with_these_rules: bool


class Change(TypedDict):
    """How a scenario that was made in memory came about: its ancestors, and what it set."""

    lineage: list[str]
    settings: dict[str, float | str]


class ManifestRecord(TypedDict):
    """Manifest of a result: versions, hashes, seed, and the state of the checkout."""

    package: str
    python: str
    numpy: str
    rules: str
    pack: PackName
    information_date: str
    scenarios: dict[str, str]
    changes: NotRequired[dict[str, Change]]
    seed: int
    parameters: str
    posterior: PosteriorName | None
    git: str | None


#: Other keys are versions of libraries and hashes of files.
Manifest = Annotated[ManifestRecord, Extra(str)]


def manifest(setup: Setup, scenarios: Sequence[ResolvedScenario]) -> Manifest:
    """Return what identifies a result: versions, hashes, seed, and the state of the checkout.

    With a scenario that was made in memory it says how, so that the run can be repeated.
    """
    made = {
        s.name: {"lineage": list(s.lineage), "settings": dict(s.changes)}
        for s in scenarios
        if s.changes
    }
    entries = {
        "package": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        **{name: version(name) for name in ("scipy", "statsmodels")},
        "rules": rules_digest(),
        "pack": {"name": setup.pack.name, "sha256": setup.pack.sha256},
        "information_date": setup.pack.information_date.isoformat(),
        "scenarios": {s.name: s.sha256 for s in scenarios},
        **({"changes": made} if made else {}),
        "seed": setup.seed,
        "parameters": setup.draws,
        "posterior": _posterior(setup),
        "git": git_state(),
    }
    return cast("Manifest", entries)


def _posterior(setup: Setup) -> dict[str, Any] | None:
    """Which posterior was drawn from, and whether it was made with the very rules that ran."""
    posterior = setup.pack.posterior if setup.draws == "posterior" else None
    if posterior is None:
        return None
    same = posterior.report.get("rules") == rules_digest()
    return {"sha256": posterior.sha256, "made_with_these_rules": same}


def git_state() -> str | None:
    """Commit of the checkout the package runs from, ``+`` if it was changed; None if there is none."""
    folder = Path(__file__).parent
    if not any((parent / ".git").exists() for parent in folder.parents):
        return None
    words = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12"]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            words, capture_output=True, text=True, timeout=5, check=True, env=quiet
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
