"""Predictive distribution of one quantity of a case: quantiles, chance of the target, halves.

The published figure is a future's, blurred by the error of its scope. Where a panel is of its growth, the
forecast is half the model's and half the simple one that had been best by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xuchang_sim.answers.simple import Normal, best_simple
from xuchang_sim.deferred import deferred

with deferred():
    from scipy import special

if TYPE_CHECKING:
    from datetime import date

    import numpy.typing as npt

    from xuchang_sim.pack.cases import Case

    Floats = npt.NDArray[np.float64]

__all__ = ["LEVELS", "SCOPE_SD", "Forecast", "Parts", "Subject", "mixture_cdf", "mixture_quantiles"]

LEVELS = tuple(round(0.05 * k, 2) for k in range(1, 20))
#: Standard deviation of what a published figure differs from the same scope, on the base: growth as
#: published and the ratio of published levels differ by -13 to +7 points in the cases seen.
SCOPE_SD = 0.05
#: Standard normal quantile of the ends of a central 80%.
Z80 = 1.2815515655446004
NAMES = {"ar1": "AR(1)", "panel_mean": "last year's mean"}


@dataclass(frozen=True)
class Forecast:
    """Predictive distribution of one quantity of one case, and the data known of it then.

    Parameters
    ----------
    measure : str
        Total of the model whose growth it shares.
    unit : str
        Unit of the model: 亿元, persons, or 比例 for growth.
    base : float
        Level of the base year, in `unit`; 1 for growth.
    target : float or None
        What the plan asks for, in `unit`.
    last_growth : float or None
        Growth of the base year, a fraction, if a row states it.
    quantiles : tuple of float
        At :data:`LEVELS`, in `unit`.
    p_target : float or None
        Chance that the published figure reaches the target.
    parts : Parts or None
        What the forecast is pooled of; None if it is the model's alone.
    """

    case: str
    place: str
    year: int
    information_date: date
    quantity: str
    measure: str
    unit: str
    base: float
    target: float | None
    last_growth: float | None
    quantiles: tuple[float, ...]
    p_target: float | None
    note: str
    parts: Parts | None = None

    @property
    def alone(self) -> tuple[float, ...]:
        """Quantiles of the model alone."""
        return self.parts.quantiles if self.parts else self.quantiles

    @property
    def p_alone(self) -> float | None:
        """Chance of the target by the model alone."""
        return self.parts.p_target if self.parts else self.p_target

    @property
    def is_growth(self) -> bool:
        """Whether it is growth, a fraction."""
        return self.unit == "比例"

    def points(self, value: float) -> float:
        """A value of this quantity as growth over the base, in percentage points."""
        return 100.0 * value if self.is_growth else 100.0 * (value / self.base - 1.0)


class Parts(NamedTuple):
    """The two halves of a pooled forecast, each by itself, in the unit of the forecast.

    Parameters
    ----------
    name : str
        Of the simple forecast.
    simple : Normal
        Its law.
    quantiles : tuple of float
        Of the model alone, at :data:`LEVELS`.
    p_target : float or None
        Chance of the target by the model alone.
    """

    name: str
    simple: Normal
    quantiles: tuple[float, ...]
    p_target: float | None

    def in_unit(self, factor: float) -> Parts:
        """Return the parts in another unit."""
        law = Normal(factor * self.simple.mean, factor * self.simple.sd)
        quantiles = tuple(factor * q for q in self.quantiles)
        return self._replace(simple=law, quantiles=quantiles)

    def note(self) -> str:
        """Return the central 80% of either, the simple forecast's first."""
        ends = [self.simple.mean + z * self.simple.sd for z in (-Z80, Z80)]
        low, high = self.quantiles[1], self.quantiles[-2]
        name = NAMES.get(self.name, self.name)
        said = (
            f"half {name}, half model; central 80% of {name} alone {ends[0]:.4g} to {ends[1]:.4g}"
        )
        return f"{said}, of the model alone {low:.4g} to {high:.4g}"


class Subject(NamedTuple):
    """A quantity of a case that is to be forecast; see :class:`Forecast`."""

    case: Case
    quantity: str
    measure: str
    unit: str
    base: float
    last_growth: float | None
    note: str
    pool: bool = True

    def forecast(
        self, growth: Floats, start: Floats | None, weights: Floats, target: float | None
    ) -> Forecast:
        """Forecast the published figure: every future's, blurred by the scope error on its base.

        Parameters
        ----------
        growth : ndarray, shape (n,)
            Growth over the base, fractions.
        start : ndarray, shape (n,), or None
            Base level of each future, in the unit of the quantity; None for growth itself.
        weights : ndarray, shape (n,)
        target : float or None
            In the unit of the quantity.
        """
        values = growth if start is None else start * (1.0 + growth)
        blur = SCOPE_SD * (np.ones(len(growth)) if start is None else start)
        quantiles, p = _law(values, blur, weights, target)
        parts = None
        last = None if self.last_growth is None else 100.0 * self.last_growth
        rival = best_simple(self.measure, self.case.information_date, last) if self.pool else None
        if rival is not None:
            name, law = rival
            scale = 0.01 * self.base
            own = Normal(scale * law.mean + (0.0 if start is None else self.base), scale * law.sd)
            parts = Parts(name, own, quantiles, p)
            quantiles, p = _law(
                np.append(values, own.mean),
                np.append(blur, own.sd),
                np.append(0.5 * weights, 0.5),
                target,
            )
        return Forecast(
            self.case.id,
            self.case.place,
            self.case.year,
            self.case.information_date,
            self.quantity,
            self.measure,
            self.unit,
            self.base,
            target,
            self.last_growth,
            quantiles,
            p,
            self.note,
            parts,
        )


def _law(
    centres: Floats, sds: Floats, weights: Floats, target: float | None
) -> tuple[tuple[float, ...], float | None]:
    """Quantiles of a mixture of normal laws, and its chance to reach a target."""
    p = None if target is None else 1.0 - float(mixture_cdf(centres, sds, weights, target))
    return tuple(mixture_quantiles(centres, sds, weights).tolist()), p


def mixture_cdf(centres: Floats, sds: Floats, weights: Floats, x: float | Floats) -> Floats:
    """Distribution function of a mixture of normal laws.

    Parameters
    ----------
    centres, sds, weights : ndarray, shape (n,)
        Weights sum to 1.
    x : float or ndarray, shape (m,)

    Returns
    -------
    ndarray, shape () or (m,)
    """
    z = (np.asarray(x, dtype=float)[..., None] - centres) / sds
    return np.asarray((special.ndtr(z) * weights).sum(axis=-1))


def mixture_quantiles(centres: Floats, sds: Floats, weights: Floats) -> Floats:
    """Quantiles at :data:`LEVELS` of a mixture of normal laws, by bisection."""
    low = np.full(len(LEVELS), float((centres - 8.0 * sds).min()))
    high = np.full(len(LEVELS), float((centres + 8.0 * sds).max()))
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = mixture_cdf(centres, sds, weights, middle) < np.asarray(LEVELS)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))
