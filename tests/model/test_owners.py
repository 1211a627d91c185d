"""Owners of incumbents' plants: found along a list or by halves, the same one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules import entry
from xuchang_sim.model.memory import Ints2, Worlds1, blank
from xuchang_sim.model.steps.firms import enlist, list_owners, owner_of
from xuchang_sim.model.world import Sizes, World

FIRMS, BORN, PROJECTS, ZONES, SECTORS = 400, 60, 300, 4, 5


@entry
def find(memory: Worlds1, out: Ints2) -> None:
    """Fill the owners of every project: along the list; by halves; both again after births."""
    w = memory[0]
    firm = w.firm
    for i in range(FIRMS):
        if firm.owner[i] == i:
            enlist(w, i)
    w.city.firms = FIRMS
    list_owners(w)
    for j in range(PROJECTS):
        z, s = w.project.zone[j], w.project.sector[j]
        out[0, j] = owner_of(w, j, FIRMS, z, s, FIRMS)
    for i in range(FIRMS, FIRMS + BORN):
        if firm.owner[i] == i:
            enlist(w, i)
    w.city.firms = FIRMS + BORN
    for j in range(PROJECTS):
        z, s = w.project.zone[j], w.project.sector[j]
        out[1, j] = owner_of(w, j, FIRMS + BORN, z, s, FIRMS)
    # A search along the list writes over the list by zone and sector.
    for j in range(PROJECTS):
        z, s = w.project.zone[j], w.project.sector[j]
        out[2, j] = owner_of(w, j, FIRMS + BORN, z, s, 0)


@pytest.mark.parametrize("seed", range(4))
def test_by_halves_as_along_the_list(seed: int) -> None:
    rng = np.random.default_rng(seed)
    memory = blank(World, Sizes())
    city, firm, project = (memory[0][name] for name in ("city", "firm", "project"))
    city["zones"], city["sectors"], city["seed"] = ZONES, SECTORS, seed
    rows = np.arange(FIRMS + BORN)
    independent = rng.uniform(size=len(rows)) < 0.8
    firm["zone"][rows] = rng.integers(0, ZONES, len(rows))
    firm["sector"][rows] = rng.integers(0, SECTORS - 1, len(rows))  # the last sector has nobody
    firm["owner"][rows] = np.where(independent, rows, 0)
    firm["alive"][rows] = rng.uniform(size=len(rows)) < 0.9
    firm["alive"][FIRMS:] = 1
    firm["b"][rows] = rng.lognormal(0.0, 2.0, len(rows)) * firm["alive"][rows]
    project["id"][:PROJECTS] = np.arange(PROJECTS)
    project["zone"][:PROJECTS] = rng.integers(0, ZONES, PROJECTS)
    project["sector"][:PROJECTS] = rng.integers(0, SECTORS, PROJECTS)
    out = np.zeros((3, PROJECTS), np.int64)
    find(memory, out)
    before, after, along = out
    assert (after == along).all()
    nobody = project["sector"][:PROJECTS] == SECTORS - 1
    assert (after[nobody] == FIRMS + BORN).all()
    assert (before[nobody] == FIRMS).all()
    found = after[~nobody]
    assert (firm["alive"][found] == 1).all()
    assert (firm["owner"][found] == found).all()
    assert (firm["zone"][found] == project["zone"][:PROJECTS][~nobody]).all()
    assert (found >= FIRMS).any(), "some are owned by the newly born"
    assert len(set(found)) > 50
    early = before[~nobody]
    assert (early < FIRMS).all()
    assert (early != found).any(), "births move shares"
