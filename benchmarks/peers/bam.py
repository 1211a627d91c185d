"""BAM Engine at its own model: what a Python economic ABM in numpy costs per agent-step.

Another model with other rules (goods, labour and credit markets of firms, households and banks):
a bound on what is usual, not a comparison of the same work.
"""

from __future__ import annotations

import importlib
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from benchmarks.peers.timing import Row, cpu_seconds, row

SIZES = ((100, 500, 10), (1000, 5000, 10))  # firms, households, banks; the first is its default
PERIODS = 60
WARM = 10  # periods before any is timed; they also compile what it compiles


def missing() -> str:
    """Return why it cannot be timed, or nothing."""
    if find_spec("bamengine") is None:
        return "bamengine is not installed (pip install bamengine)"
    return ""


def bam_rows(rounds: int) -> list[Row]:
    """Time some periods of each size in turn."""
    bam: Any = importlib.import_module("bamengine")
    rates: dict[tuple[int, int, int], list[float]] = {size: [] for size in SIZES}
    for seed in range(rounds):
        for size in SIZES:
            firms, households, banks = size
            model = bam.Simulation.init(
                n_firms=firms,
                n_households=households,
                n_banks=banks,
                seed=seed,
                log_level="ERROR",
            )
            model.run(WARM, collect=False)
            taken = cpu_seconds(partial(model.run, PERIODS, collect=False))
            rates[size].append(PERIODS * sum(size) / taken)
    name = f"BAM Engine {version('bamengine')}, ANOTHER MODEL"
    return [
        row(f"{name}: {firms} firms, {households} households", "agent-steps/s", rates[size])
        for size in SIZES
        for firms, households, _ in [size]
    ]
