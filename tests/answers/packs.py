"""Packs with one optional part dropped, made from the shipped pack in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from xuchang_sim.pack.plan import TargetEntry

PACK = load_pack()


def with_targets(change: Callable[[TargetEntry], TargetEntry | None], pack: Pack = PACK) -> Pack:
    """Return the pack with every target changed, or left out where the change says None."""
    rows = tuple(
        row.model_copy(
            update={
                "target_entries": tuple(
                    changed
                    for target in row.target_entries
                    if (changed := change(target)) is not None
                )
            }
        )
        for row in pack.plan.rows
    )
    return replace(pack, plan=Plan.model_construct(rows=rows))


def without(*measures: str) -> Pack:
    """Return the pack without the targets of these measures."""
    return with_targets(lambda target: None if target.measure in measures else target)


def only(*measures: str) -> Pack:
    """Return the pack with the targets of these measures alone."""
    return with_targets(lambda target: target if target.measure in measures else None)


def changed(name: str, **changes: Any) -> Pack:
    """Return the pack with one target changed."""
    return with_targets(
        lambda target: target.model_copy(update=changes) if target.id == name else target
    )


def with_region(**changes: Any) -> Pack:
    """Return the pack with another region; its posterior is another pack's then."""
    return replace(PACK, region=PACK.region.model_copy(update=changes))


def one_zone() -> Pack:
    """Return the pack with its first zone alone."""
    zone = PACK.region.zones[0].model_copy(update={"revenue_share": 1.0})
    clusters = tuple(c for c in PACK.region.clusters if c.zone == zone.id)
    return with_region(zones=(zone,), clusters=clusters)


def without_series(*names: str) -> Pack:
    """Return the pack without these series of its history."""
    return replace(PACK, history={k: v for k, v in PACK.history.items() if k not in names})


ANNUAL = [name for name, series in PACK.history.items() if series.entry.frequency == "year"]
#: Every optional part dropped in turn.
DROPPED: dict[str, Callable[[], Pack]] = {
    "no target": only,
    "no revenue target": lambda: without("revenue", "revenue_growth"),
    "no investment target": lambda: without("fai", "fai_growth"),
    "one goal": lambda: only("fai_growth"),
    "no profit and tax": lambda: without("profit_tax", "profit_tax_growth"),
    "no workers": lambda: without("workers", "new_workers"),
    "no clusters": lambda: with_region(clusters=()),
    "one zone": one_zone,
    "no annual series": lambda: without_series(*ANNUAL),
}
