"""Biographies: the projects of one replicate with the month of each stage, read off its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.model.world import ABANDONED, DONE, DROPPED, LAND

with deferred():
    import pandas as pd

if TYPE_CHECKING:
    from xuchang_sim.model.economy import Economy

KINDS = ("industrial", "infrastructure", "logistics")


def projects(economy: Economy) -> pd.DataFrame:
    """List every project of a replicate that has been run to its last month.

    Parameters
    ----------
    economy : Economy
        See :func:`xuchang_sim.simulation.run.economy`.

    Returns
    -------
    DataFrame
        One row a project: ``id``, ``zone`` and ``sector`` (rows of the pack, sector -1 for none),
        ``kind``, ``budget`` (亿元), ``arrived``, ``queued``, ``ready``, ``started``, ``until``
        (12 * year + month - 1; a stage that was not reached begins after ``until``) and ``end``:
        done, lost or open.

    Examples
    --------
    >>> from xuchang_sim import economy
    >>> world = economy("plan", replicate=0, replicates=1)
    >>> for _ in range(12):
    ...     world.step()
    >>> list(projects(world).columns)[:3]
    ['id', 'zone', 'sector']
    """
    record = economy.columns["project"]
    rows = slice(int(economy.city["projects"]))
    state = np.asarray(record["state"][rows])
    ended = np.asarray(record["ended"][rows])
    until = np.where(ended > 0, ended, economy.month)
    frame = pd.DataFrame(
        {key: np.asarray(record[key][rows]) for key in ("id", "zone", "sector", "budget")}
    )
    frame["kind"] = [KINDS[k] for k in record["kind"][rows]]
    frame["arrived"] = np.asarray(record["arrived"][rows])
    ready = np.asarray(record["ready"][rows]) > 0
    for key in ("queued", "ready", "started"):
        month = np.asarray(record[key][rows])
        reached = month > 0
        if key == "queued":  # in approval it is still the month of arrival
            reached = (month > frame["arrived"].to_numpy()) | ready | (state == LAND)
        frame[key] = np.where(reached, month, until + 1)
    frame["until"] = until
    lost = (state == DROPPED) | (state == ABANDONED)
    frame["end"] = np.where(state == DONE, "done", np.where(lost, "lost", "open"))
    return frame
