"""First edition: its answer to the shipped plan, which a report of that plan shows beside its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xuchang_sim.pack.load import shipped
from xuchang_sim.pack.scenario import load_scenario

if TYPE_CHECKING:
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import ResolvedScenario

FILE = Path(__file__).with_name("first_edition.json")


def first_edition(pack: Pack, scenario: ResolvedScenario) -> dict[str, Any] | None:
    """Return what the first edition answered, as its README printed it.

    Parameters
    ----------
    pack : Pack
    scenario : ResolvedScenario
        Scenario that is assessed.

    Returns
    -------
    dict or None
        ``commit``, ``replicates``, ``seed``, and by id of target ``p``, ``median``, ``q05``, ``q95`` in
        the target's unit. None for every other pack and scenario: nothing was asked about them.

    Examples
    --------
    >>> from xuchang_sim.pack.load import load_pack
    >>> pack = load_pack()
    >>> first_edition(pack, load_scenario("plan", pack))["targets"]["fai"]["p"]
    0.77
    >>> first_edition(pack, load_scenario("no_plan", pack)) is None
    True
    """
    if pack.folder != shipped()[0]:
        return None
    entries: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    asked = load_scenario(entries["scenario"], pack)
    return entries if scenario.sha256 == asked.sha256 else None
