"""A second implementation of the model, written from its description (docs/odd.md) alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tests.oracle import expectations, firms, projects, warmup, works
from tests.oracle.philox import LATENT, Draws
from tests.oracle.state import DONE, World, inputs


def run(plain: dict[str, Any]) -> Iterator[World]:
    """Yield the world after every month of the warm-up and of the run, without end."""
    p = inputs(plain)
    w = World(p, Draws(p.seed, p.replicate))
    yield from (w for _ in warmup.prepare(w))
    t = p.opening - 1
    yield w
    while True:
        t += 1
        month(w, t)
        yield w


def branch(w: World, plain: dict[str, Any]) -> None:
    """Leave the common path: other levers, another demand path, perhaps another drawing (7.1)."""
    w.p = inputs(plain)
    w.growth.clear()
    w.gap.clear()
    expectations.demand(w)
    w.draws.redraw = w.p.redraw
    if w.p.redraw:
        for j in w.j:
            if j.state < DONE:
                u, v, _, _ = w.draws.uniforms(LATENT, j.id, w.t)
                j.drop_at = j.drop_clock - math.log(u)
                j.stall_at = j.stall_clock - math.log(v)


def month(w: World, t: int) -> None:
    """One month with open ledgers, in the order of section 3."""
    warmup.calendar(w, t)
    works.post_quota(w)
    works.platforms(w)
    works.public_works(w)
    works.training(w)
    firms.orders(w)
    firms.lump(w)
    projects.arrive(w)
    projects.approve(w)
    projects.allocate(w)
    projects.close(w)
    projects.bank(w)
    projects.construct(w)
    firms.commission(w)
    firms.tenants(w)
    firms.leave(w)
    firms.employ(w)
    firms.produce(w)
    firms.account(w)
    works.report(w)
    works.evaluate(w)
    works.close_year(w)
    w.loans += w.loans_drawn - w.loans_repaid - w.loans_lost
