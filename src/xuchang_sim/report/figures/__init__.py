"""Figures: every function takes a result and an ``ax``, draws on it and returns it."""

from xuchang_sim.report.figures.causes import Step, causes, gantt, waterfall, zones
from xuchang_sim.report.figures.paths import fan, outlook, ribbon, year_to_date
from xuchang_sim.report.figures.targets import (
    attainment,
    comparison,
    frontier,
    heat,
    probabilities,
    tornado,
)

__all__ = [
    "Step",
    "attainment",
    "causes",
    "comparison",
    "fan",
    "frontier",
    "gantt",
    "heat",
    "outlook",
    "probabilities",
    "ribbon",
    "tornado",
    "waterfall",
    "year_to_date",
    "zones",
]
