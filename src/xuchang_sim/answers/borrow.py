"""Borrowed evidence: how outcomes of other cases, published by then, reweight the priors that cases share.

For every earlier case the growth that came is compared with what the model says of it, draw by draw of
the shared parameters; draws under which it was likely get more weight in the pack of a later case. No case
speaks of itself, of its own place, or before its outcome was out (leave one case out).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["SHARED", "Borrowed", "Learned", "Line", "borrow", "line"]

#: Parameters that all cases share and that the growth of other cases can tell of: part of announced revenue
#: that is realised, pass-through of demand to new plants, part of a plan's quota that is additional.
SHARED = ("realised_yield", "demand_pass_through", "land_additional")
#: Share of the variance of a year's errors that all cities of the year have in common: (8.0/13.7)² for
#: persistence, (6.2/10.7)² for AR(1), over 3,127 city-years of 2000-11.
IN_COMMON = 0.34
#: Futures below which a line through them says nothing of three parameters.
LEAST_FUTURES = 30


class Line(NamedTuple):
    """Growth of one quantity of a case as a line in the shared parameters, and what came.

    Parameters
    ----------
    case, place, quantity : str
    year : int
        Year of the plan.
    published : date
        Day on which the outcome was out.
    outcome : float
        Growth that came, a fraction.
    intercept : float
    slopes : tuple of float
        By :data:`SHARED`, per unit of the parameter.
    sd : float
        What the line leaves open: everything else that is drawn, and the error of scope.
    """

    case: str
    place: str
    year: int
    quantity: str
    published: date
    outcome: float
    intercept: float
    slopes: tuple[float, ...]
    sd: float


class Learned(NamedTuple):
    """A shared parameter before and after: mean and standard deviation over the draws."""

    parameter: str
    mean: float
    sd: float
    mean_after: float
    sd_after: float


class Borrowed(NamedTuple):
    """Weights that a case borrowed from other cases.

    Parameters
    ----------
    case : str
        The later case.
    used : tuple of str
        Quantities of other cases whose outcomes were out, ``case: quantity (day)``.
    unused : tuple of str
        Others, with the reason.
    effective : float
        Share of the draws that the weights leave: 1 if nothing was learned.
    learned : tuple of Learned
    """

    case: str
    used: tuple[str, ...]
    unused: tuple[str, ...]
    effective: float
    learned: tuple[Learned, ...]


def line(
    answer: tuple[str, str, int, str, date, float],
    growth: Floats,
    shared: Mapping[str, Floats],
    weights: Floats,
    scope: float,
) -> Line | None:
    """Fit the line of one quantity by least squares.

    The other draws of a future (markets, projects, the nation) stay in the error: draws with the same
    number in two cases share them by accident, and must not be learned from.

    Parameters
    ----------
    answer : tuple
        Case, place, year, quantity, day of publication and outcome, as in :class:`Line`.
    growth : ndarray, shape (n,)
        Growth of each future, fractions.
    shared : mapping of str to ndarray, shape (n,)
        Shared parameters of each future.
    weights : ndarray, shape (n,)
    scope : float
        Standard deviation of the error of scope, a fraction.

    Returns
    -------
    Line or None
        None if there are too few futures.
    """
    if len(growth) < LEAST_FUTURES:
        return None
    table = np.column_stack([np.ones(len(growth)), *(shared[name] for name in SHARED)])
    root = np.sqrt(weights)
    result, *_ = np.linalg.lstsq(table * root[:, None], growth * root, rcond=None)
    left = growth - table @ result
    freedom = 1.0 - table.shape[1] / len(growth)
    variance = float((weights * left * left).sum() / weights.sum()) / freedom
    return Line(
        *answer, float(result[0]), tuple(result[1:].tolist()), float(np.sqrt(variance + scope**2))
    )


def borrow(
    case: tuple[str, str, date],
    shared: Mapping[str, Floats],
    weights: Floats,
    lines: Sequence[Line],
) -> tuple[Floats, Borrowed]:
    """Weigh the futures of a case by what other cases have shown by its date.

    Rows of one case have most of their error in common: their log likelihoods are averaged. Cases of one
    year have :data:`IN_COMMON` of it: n of them count as n/(1 + (n - 1)·IN_COMMON), the design effect of
    a cluster (Kish 1965, chapter 5).

    Parameters
    ----------
    case : tuple of str, str and date
        Id, place and information date.
    shared : mapping of str to ndarray, shape (n,)
    weights : ndarray, shape (n,)
        Weights before; they sum to 1.
    lines : sequence of Line
        Of all cases.

    Returns
    -------
    ndarray, shape (n,)
        Weights after; they sum to 1, and are those before, to the last bit, if nothing could be used.
    Borrowed
    """
    name, place, day = case
    used: list[Line] = []
    unused = []
    for one in lines:
        if one.case == name or one.place == place:
            continue
        if one.published <= day:
            used.append(one)
        else:
            unused.append(f"{_named(one)}: after {day}")
    table = np.column_stack([shared[parameter] for parameter in SHARED])
    log = np.zeros(len(weights))
    cases = {one.case: one.year for one in used}
    for other, year in cases.items():
        rows = [one for one in used if one.case == other]
        same = sum(y == year for y in cases.values())
        counts = 1.0 / (len(rows) * (1.0 + (same - 1) * IN_COMMON))
        for one in rows:
            z = (one.outcome - one.intercept - table @ np.array(one.slopes)) / one.sd
            log -= 0.5 * counts * z * z
    after = weights
    if used:
        after = weights * np.exp(log - log.max())
        after = after / after.sum()
    learned = tuple(
        Learned(parameter, *_moments(column, weights), *_moments(column, after))
        for parameter, column in zip(SHARED, table.T, strict=True)
    )
    effective = float((weights**2).sum() / (after**2).sum())
    return after, Borrowed(
        name, tuple(map(_named, used)), tuple(unused), min(effective, 1.0), learned
    )


def _named(one: Line) -> str:
    return f"{one.case}: {one.quantity} ({one.published})"


def _moments(values: Floats, weights: Floats) -> tuple[float, float]:
    mean = float((weights * values).sum())
    return mean, float(np.sqrt((weights * (values - mean) ** 2).sum()))
