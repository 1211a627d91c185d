"""The month: the model's table of contents.

The pipeline of projects can run alone (no gates, no firms), the firms can run on a finished
pipeline, and from the opening of the ledgers everything runs together. The rules are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xuchang_sim.model.kernel import entry, spliced
from xuchang_sim.model.steps.calendar import calendar
from xuchang_sim.model.steps.checks import check
from xuchang_sim.model.steps.finance import bank_limit, platforms
from xuchang_sim.model.steps.firms import commission, leave, orders, small_lump, tenants
from xuchang_sim.model.steps.labour import employ, training
from xuchang_sim.model.steps.land import allocate, post_quota
from xuchang_sim.model.steps.production import account, produce
from xuchang_sim.model.steps.projects import (
    approve,
    arrivals,
    close,
    compact,
    construct,
)
from xuchang_sim.model.steps.public_works import build
from xuchang_sim.model.steps.statistics import close_year, evaluate, report
from xuchang_sim.model.world import FIRMS, OPEN, PIPELINE, Inputs, World

if TYPE_CHECKING:
    from collections.abc import Callable

#: The steps of an open month, in order; :func:`month` calls these, the last only on request.
STEPS: tuple[Callable[[World, Inputs], None], ...] = (
    calendar,
    post_quota,
    platforms,
    build,
    training,
    orders,
    small_lump,
    arrivals,
    approve,
    allocate,
    close,
    bank_limit,
    construct,
    compact,
    commission,
    tenants,
    leave,
    employ,
    produce,
    account,
    report,
    evaluate,
    close_year,
    check,
)


@spliced
def month(w: World, p: Inputs) -> None:
    """Run one month; what goes wrong is left in ``w.city.code`` as CODES * check + zone.

    Whether step 19, the identities, follows is the driver's choice.

    Parameters
    ----------
    w : World
        The state, changed in place.
    p : Inputs
        Parameters, levers, region and demand of the replicate.
    """
    calendar(w, p)  # 1 what month it is, which levers are on
    if w.city.phase == OPEN:
        post_quota(w, p)  # 3 land quotas
        platforms(w, p)  # 4 platforms raise money, service land, build works
        build(w, p)  # 4 factories, housing, villages, plants, centres
        training(w, p)  # 5 training, migration
    if w.city.phase != PIPELINE:
        orders(w, p)  # 6 demand, shocks, lost orders
    if w.city.phase == OPEN:
        small_lump(w, p)  # 6 replacement and expansion
    if w.city.phase != FIRMS:
        arrivals(w, p)  # 7 projects arrive
        approve(w, p)  # 8 dropouts, approval
    if w.city.phase == OPEN:
        allocate(w, p)  # 9 land and floor
    if w.city.phase != FIRMS:
        close(w, p)  # 10 own money, group month, start
    if w.city.phase == OPEN:
        bank_limit(w, p)  # 11 what banks may lend
    if w.city.phase != FIRMS:
        construct(w, p)  # 11 bank draws, spending, completion
        compact(w, p)
    if w.city.phase != PIPELINE:
        commission(w, p)  # 12 plants are born
    if w.city.phase == OPEN:
        tenants(w, p)  # 12 small firms on standard floor
        leave(w, p)  # 13 exit
    if w.city.phase != PIPELINE:
        employ(w, p)  # 14 layoffs, hiring, matching
        produce(w, p)  # 15 output and sales
    if w.city.phase == OPEN:
        account(w, p)  # 16 incomes, loan service
        report(w, p)  # 17 scope and statistics
        evaluate(w, p)  # 18 ranks, awards, effort
        close_year(w, p)  # 18 December: cluster, training, research, for the year to come


@entry
def perform(memory: Any, inputs: Any, number: int) -> None:
    """Perform one numbered step of :data:`STEPS` on the first record of each argument."""
    w = memory[0]
    p = inputs[0]
    if number == 0:
        calendar(w, p)
    elif number == 1:
        post_quota(w, p)
    elif number == 2:
        platforms(w, p)
    elif number == 3:
        build(w, p)
    elif number == 4:
        training(w, p)
    elif number == 5:
        orders(w, p)
    elif number == 6:
        small_lump(w, p)
    elif number == 7:
        arrivals(w, p)
    elif number == 8:
        approve(w, p)
    elif number == 9:
        allocate(w, p)
    elif number == 10:
        close(w, p)
    elif number == 11:
        bank_limit(w, p)
    elif number == 12:
        construct(w, p)
    elif number == 13:
        compact(w, p)
    elif number == 14:
        commission(w, p)
    elif number == 15:
        tenants(w, p)
    elif number == 16:
        leave(w, p)
    elif number == 17:
        employ(w, p)
    elif number == 18:
        produce(w, p)
    elif number == 19:
        account(w, p)
    elif number == 20:
        report(w, p)
    elif number == 21:
        evaluate(w, p)
    elif number == 22:
        close_year(w, p)
    elif number == 23:
        check(w, p)
