"""The seal: measured skill of this version, read from ``skill.json`` and printed beside every answer.

``hindcast --score`` writes it. It holds the hash of the rules it was measured with: with other rules
it is stale, and says so. Where a simple forecast was better, its interval stands before the model's.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.answers.rules import rules_digest
from xuchang_sim.answers.simple import Normal, simple_forecasts
from xuchang_sim.files import write

if TYPE_CHECKING:
    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.results import Results

FILE = Path(__file__).with_name("skill.json")
#: Standard normal quantile of the ends of a central 80% interval.
Z80 = 1.2815515655446004


def write_seal(seal: dict[str, Any], path: Path | None = None) -> Path:
    """Write a seal.

    Parameters
    ----------
    seal : dict
        From :func:`xuchang_sim.answers.scoring.seal_of`.
    path : Path, optional
        By default the package's own file, which every answer reads.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    place = FILE if path is None else path
    text = json.dumps(_plain(seal), ensure_ascii=False, indent=1, sort_keys=True)
    write(place, text + "\n")
    return place


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_seal(path: Path | None = None) -> dict[str, Any] | None:
    """Read the record of the measured skill; None if it is missing or cannot be read."""
    try:
        result = json.loads((FILE if path is None else path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    needed = {"rules", "crps", "whole_packs", "case_years", "verdict"}
    return result if isinstance(result, dict) and needed <= result.keys() else None


def skill(results: Results, path: Path | None = None) -> dict[str, Any]:
    """Say what skill was measured, and what the better simple forecast says of this plan.

    Parameters
    ----------
    results : Results
        Of the plan that is assessed.
    path : Path, optional
        Seal to read; the package's own by default.

    Returns
    -------
    dict
        ``measured`` (False if there is no seal), ``stale`` (whether the rules are others now), the
        seal's numbers, ``simple_first`` (whether the simple forecast was at least as good), and
        ``intervals``: by growth rate the central 80% of that forecast (its ``name``; AR(1) where it
        would need a growth that the pack does not tell) and of the model, fractions.
    """
    seal = read_seal(path)
    if seal is None:
        return {"measured": False, "stale": False, "whole_packs": 0, "intervals": {}}
    gap = (seal.get("difference") or {}).get("difference")
    first = gap is not None and gap >= 0.0
    entries = {"measured": True, "stale": seal["rules"] != rules_digest(), **_known(seal)}
    intervals = {}
    for name in ("revenue_growth", "fai_growth"):
        law_name, law = _law(results.setup.pack, name, str(seal.get("better")))
        if law is not None and name in results.outcomes:
            low, high = np.quantile(results.outcome(name), (0.1, 0.9)).tolist()
            ends = [(law.mean + z * law.sd) / 100.0 for z in (-Z80, Z80)]
            intervals[name] = {"name": law_name, "simple": ends, "model": [low, high]}
    return entries | {"simple_first": first, "intervals": intervals}


def _known(seal: dict[str, Any]) -> dict[str, Any]:
    """Numbers of a seal without those that it does not have, such as limits from a single case."""
    return {
        name: _known(value) if isinstance(value, dict) else value
        for name, value in seal.items()
        if value is not None
    }


def _law(pack: Pack, name: str, simple: str) -> tuple[str, Normal | None]:
    """Simple forecast of a growth rate of a pack's plan; AR(1) where it would need more."""
    measure = name.removesuffix("_growth")
    goals = {target.measure: target.value for target in pack.plan.targets()}
    base: float = getattr(pack.base, measure).value
    aim = goals[measure] / base - 1.0 if measure in goals else goals.get(name)
    laws = simple_forecasts(
        measure, pack.information_date, None, None if aim is None else 100.0 * aim
    )
    chosen = simple if simple in laws else "ar1"
    return chosen, laws.get(chosen)
