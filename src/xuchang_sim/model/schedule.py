"""The month: the model's table of contents.

The pipeline of projects can run alone (no gates, no firms), the firms can run on a finished
pipeline, and from the opening of the ledgers everything runs together. The rules are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xuchang_sim.model.kernel import step
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

    Rule = Callable[[World, Inputs], None]

# Phases in which a step runs, a bit each.
ALWAYS = 1 << PIPELINE | 1 << FIRMS | 1 << OPEN
PROJECTS_RUN = 1 << PIPELINE | 1 << OPEN
FIRMS_RUN = 1 << FIRMS | 1 << OPEN
LEDGERS = 1 << OPEN

#: The steps of a month in order, with the phases in which they run and what they do.
SCHEDULE: tuple[tuple[Rule, int, str], ...] = (
    (calendar, ALWAYS, "1 what month it is, which levers are on"),
    (post_quota, LEDGERS, "3 land quotas"),
    (platforms, LEDGERS, "4 platforms raise money, service land, build works"),
    (build, LEDGERS, "4 factories, housing, villages, plants, centres"),
    (training, LEDGERS, "5 training, migration"),
    (orders, FIRMS_RUN, "6 demand, shocks, lost orders"),
    (small_lump, LEDGERS, "6 replacement and expansion"),
    (arrivals, PROJECTS_RUN, "7 projects arrive"),
    (approve, PROJECTS_RUN, "8 dropouts, approval"),
    (allocate, LEDGERS, "9 land and floor"),
    (close, PROJECTS_RUN, "10 equity, ground-breaking month, start"),
    (bank_limit, LEDGERS, "11 what banks may lend"),
    (construct, PROJECTS_RUN, "11 bank draws, spending, completion"),
    (compact, PROJECTS_RUN, "11 ended projects are followed no more"),
    (commission, FIRMS_RUN, "12 plants are born"),
    (tenants, LEDGERS, "12 small firms on standard floor"),
    (leave, LEDGERS, "13 exit"),
    (employ, FIRMS_RUN, "14 layoffs, hiring, matching"),
    (produce, FIRMS_RUN, "15 output and sales"),
    (account, LEDGERS, "16 incomes, loan service"),
    (report, LEDGERS, "17 scope and statistics"),
    (evaluate, LEDGERS, "18 ranks, awards, effort"),
    (close_year, LEDGERS, "18 December: cluster, training, research, for the year to come"),
    (check, LEDGERS, "19 the identities, if the driver asks for them"),
)
STEPS: tuple[Rule, ...] = tuple(rule for rule, _, _ in SCHEDULE)
PHASES: tuple[int, ...] = tuple(phases for _, phases, _ in SCHEDULE)
CHECK = STEPS.index(check)


@step
def month(w: World, p: Inputs) -> None:
    """Run one month; what goes wrong is left in ``w.city.code`` as CODES * check + zone.

    Whether the last step, the identities, follows is the driver's choice.

    Parameters
    ----------
    w : World
        The state, changed in place.
    p : Inputs
        Parameters, levers, region and demand of the replicate.
    """
    for number in range(CHECK):
        if (PHASES[number] >> w.city.phase) & 1 == 1:
            STEPS[number](w, p)
