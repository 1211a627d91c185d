"""Parameters of the model: default, range, prior, unit, source and how sure one can be of it.

The definitions hold every parameter; a pack states only its own values.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from xuchang_sim import definitions
from xuchang_sim.deferred import deferred
from xuchang_sim.definitions import amounts
from xuchang_sim.pack.amounts import Entry, entries
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Problem, Source, did_you_mean, shown

with deferred():
    import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Mark", "Parameter", "Prior", "read"]

Kind = Literal["fixed", "uniform", "triangular", "normal", "lognormal", "integer"]
KINDS: tuple[str, ...] = get_args(Kind)
Mark = Literal["R", "D", "S", "U", "J"]
"""R read in a source, D arithmetic on such figures, S standard, U unverified, J judgement."""

SMALLEST = 2.0**-53  # shares nearer to 0 or 1 have no normal quantile in double precision


@dataclass(frozen=True, slots=True)
class Prior:
    """Prior distribution of a parameter, given by its quantile function.

    Parameters
    ----------
    kind : str
        ``fixed``; ``uniform`` on [low, high]; ``triangular`` with its mode at `centre`;
        ``normal`` (mean `centre`, standard deviation `spread`) and ``lognormal`` (median
        `centre`, log standard deviation `spread`), both truncated to [low, high]; ``integer``,
        the triangular one rounded to whole numbers from low to high.
    low, centre, high : float
        Support and centre, in the unit of the parameter.
    spread : float
        See `kind`; 0 where it has no meaning.
    """

    kind: Kind
    low: float
    centre: float
    high: float
    spread: float = 0.0

    @overload
    def quantile(self, u: float) -> float: ...
    @overload
    def quantile(self, u: "Floats") -> "Floats": ...
    def quantile(self, u: "float | Floats") -> "float | Floats":
        """Value below which the share `u` of the prior lies.

        Parameters
        ----------
        u : float or ndarray of float
            Probabilities in [0, 1].

        Returns
        -------
        float or ndarray of float
            Values in [low, high], in the unit of the parameter, never falling in `u`.

        Raises
        ------
        ValueError
            If a probability is outside [0, 1] or not a number.
        """
        share = np.asarray(u, dtype=np.float64)
        if not ((share >= 0.0) & (share <= 1.0)).all():
            message = "a probability lies between 0 and 1"
            raise ValueError(message)
        value = np.clip(self._inverse(share), self.low, self.high)
        return float(value) if np.ndim(u) == 0 else value

    def _inverse(self, u: "Floats") -> "Floats":
        """Quantiles, not yet clipped to the support."""
        match self.kind:
            case "fixed":
                return np.full_like(u, self.centre)
            case "uniform":
                return self.low + u * (self.high - self.low)
            case "triangular":
                return _triangular(u, self.low, self.centre, self.high)
            case "integer":
                return np.rint(_triangular(u, self.low - 0.5, self.centre, self.high + 0.5))
            case "normal":
                return _truncated(u, self.low, self.centre, self.high, self.spread)
        low, centre, high = map(math.log, (self.low, self.centre, self.high))
        # One by one: numpy's exponential has other last digits where a processor has longer vectors.
        logs = _truncated(u, low, centre, high, self.spread)
        return _each(math.exp, logs)


def _each(function: "Callable[[float], float]", x: "Floats") -> "Floats":
    """Apply a function of the standard library to every number."""
    return np.fromiter(map(function, x.ravel()), np.float64, x.size).reshape(x.shape)


def _triangular(u: "Floats", low: float, mode: float, high: float) -> "Floats":
    width, left = high - low, mode - low
    rising = low + np.sqrt(u * width * left)
    falling = high - np.sqrt((1.0 - u) * width * (high - mode))
    return np.where(u * width < left, rising, falling)


def _truncated(u: "Floats", low: float, mean: float, high: float, sd: float) -> "Floats":
    # The standard library's normal law: scipy's takes longer to import than to draw a thousand.
    law = NormalDist()
    below, above = law.cdf((low - mean) / sd), law.cdf((high - mean) / sd)
    share = np.clip(below + u * (above - below), SMALLEST, 1.0 - SMALLEST)
    return mean + sd * _each(law.inv_cdf, share)


@dataclass(frozen=True)
class Parameter:
    """One parameter with all that is known about it.

    Parameters
    ----------
    id : str
        Name in the code, in scenarios and in results.
    row : str
        Row of the parameter table of the model's description (``B2.4``), or ``added``.
    default : float
        Central value in `unit`.
    unit : str
        Unit of default, range and prior.
    range : tuple of two floats or None
        Smallest and largest value of sweeps; the support of the prior.
    kind : str
        Kind of the prior; see :class:`Prior`.
    spread : float
        Standard deviation of a normal prior, log standard deviation of a lognormal one.
    mark, source, note : str
        How sure the numbers are, where they come from, and what else to know.
    later_source : bool
        True for a structural ratio of another place or year whose source was published after the
        information date; never for a level or a growth rate of the region itself.
    acts : str
        ``warm_up`` if it is read before the ledgers open, else ``opening``.
    stated : bool
        Whether the pack says anything of it.
    """

    id: str
    row: str
    label_zh: str
    label_en: str
    default: float
    unit: str
    range: tuple[float, float] | None
    kind: Kind
    spread: float
    mark: str
    source: str
    note: str
    later_source: bool
    acts: str
    stated: bool = False

    @property
    def section(self) -> str:
        """Section of the parameter table: ``B1`` to ``B7``, another section, or ``added``."""
        return self.row.partition(".")[0]

    @property
    def low(self) -> float:
        """Smallest value; the default if no range is given."""
        return self.range[0] if self.range else self.default

    @property
    def high(self) -> float:
        """Largest value; the default if no range is given."""
        return self.range[1] if self.range else self.default

    @cached_property
    def prior(self) -> Prior:
        """Prior distribution."""
        return Prior(self.kind, self.low, self.default, self.high, self.spread)


KEYS = ("unit", "default", "range", "prior", "mark", "source", "note", "label")
MARKS: tuple[str, ...] = get_args(Mark)


def read(
    source: Source, totals: "Mapping[str, Fraction]", zones: int, problems: list[Problem]
) -> dict[str, Parameter]:
    """Parameters of a pack: what its file says of them, the definitions for the rest.

    Parameters
    ----------
    source : Source
        File of the parameters.
    totals : mapping of str to Fraction
        Totals of the base year, against which numbers must be possible.
    zones : int
        Number of zones, for hints.
    problems : list of Problem
        Faults are appended here.

    Returns
    -------
    dict of str to Parameter
        All parameters, in the order of the definitions.
    """
    known = definitions.parameters()
    parameters = {name: _default(what) for name, what in known.items()}
    given = entries(source, "parameters", known, definitions.levers(), KEYS, problems)
    for entry in given:
        parameters[entry.id] = _stated(parameters[entry.id], known[entry.id], entry, totals, zones)
        if known[entry.id].local and "default" not in entry.data:
            entry.fault(["default"], phrase("parameter.local"))
    for name, what in known.items():
        if what.local and not parameters[name].stated and not _named(source, name):
            message = phrase("parameter.local_entry", name=name, unit=what.unit)
            problems.append(source.problem(["parameters"], message))
    return parameters


def _named(source: Source, name: str) -> bool:
    """Whether a pack has an entry under a name, or the file cannot be read."""
    data = source.data
    if not isinstance(data, dict) or "parameters" not in data:
        return True
    table = data["parameters"] or {}
    return not isinstance(table, dict) or name in table


def _default(what: definitions.Parameter) -> Parameter:
    return Parameter(
        id=what.id,
        row=what.row,
        label_zh=what.label_zh,
        label_en=what.label_en,
        default=what.default,
        unit=what.unit,
        range=what.range,
        kind=what.prior,  # type: ignore[arg-type] # a test of the definitions
        spread=what.sd or what.sigma or 0.0,
        mark=what.mark,
        source=str(what.source),
        note=str(what.note),
        later_source=what.later_source,
        acts=what.acts,
    )


def _stated(
    parameter: Parameter,
    what: definitions.Parameter,
    entry: Entry,
    totals: "Mapping[str, Fraction]",
    zones: int,
) -> Parameter:
    """Replace what a pack says of a parameter."""
    bounded = what.within(totals)
    numbers = entry.numbers(bounded, ["default"], zones)
    support = entry.pair(bounded, "range", zones)
    changed: dict[str, Any] = {name: float(value) for name, value in numbers.items()}
    if support:
        changed["range"] = (float(support[0]), float(support[1]))
    changed |= _prior(what, entry, zones)
    other = any(getattr(parameter, name) != value for name, value in changed.items())
    changed |= entry.texts()
    for key in ("mark", "source"):
        if key in entry.data:
            text = entry.data[key]
            if (
                not isinstance(text, str)
                or not text.strip()
                or (key == "mark" and text not in MARKS)
            ):
                allowed = ", ".join(MARKS) if key == "mark" else phrase("schema.text")
                entry.fault(
                    [key], phrase("parameter.text", text=shown(text), name=key, allowed=allowed)
                )
            changed[key] = str(text).strip()
        elif other or what.local:
            allowed = phrase("parameter.marks") if key == "mark" else phrase("parameter.whence")
            entry.fault([key], phrase("schema.is_missing", allowed=allowed))
    later = parameter.later_source and not other
    new = replace(parameter, **changed, later_source=later, stated=True)
    if ("default" in entry.data and not numbers) or ("range" in entry.data and not support):
        return new  # an unread number is one fault; the definition's does not stand in its place
    for key, message in _faults(new, numbers.get("default"), what, entry):
        entry.fault([key], message)
    return new


def _prior(what: definitions.Parameter, entry: Entry, zones: int) -> dict[str, Any]:
    """Kind and spread of a prior as an entry states them."""
    if "prior" not in entry.data:
        return {}
    raw = entry.data["prior"]
    data: Any = {"kind": raw} if isinstance(raw, str) else raw
    if not isinstance(data, dict) or "kind" not in data:
        entry.fault(
            ["prior"], phrase("parameter.not_a_kind", raw=shown(raw), kinds=", ".join(KINDS))
        )
        return {}
    kind = data["kind"]
    if kind not in KINDS:
        close = did_you_mean(kind, KINDS)
        entry.fault(
            ["prior"],
            phrase("parameter.no_kind", kind=shown(kind), close=close, kinds=", ".join(KINDS)),
        )
        return {}
    needs = {"normal": "sd", "lognormal": "sigma"}.get(kind)
    for key in data:
        if key not in {"kind", needs}:
            message = phrase("parameter.prior_has_no", kind=kind, name=key, needs=needs or "kind")
            entry.fault(["prior", key], message)
    if needs and needs not in data:
        entry.fault(["prior"], phrase("parameter.prior_needs", kind=kind, needs=needs))
        return {}
    spread = 0.0
    if needs == "sd":
        sd = entry.number(what, ["prior", "sd"], zones, bounds=False)
        spread = float(sd) if sd else 0.0
    elif needs == "sigma":
        try:
            spread = float(amounts.exact(data["sigma"]))
        except ValueError as error:
            entry.fault(["prior", "sigma"], str(error))
            return {}
    if needs and spread <= 0:
        entry.fault(["prior", needs], phrase("parameter.spread", spread=spread))
        return {}
    return {"kind": kind, "spread": spread}


def _faults(
    parameter: Parameter, default: Fraction | None, what: definitions.Parameter, entry: Entry
) -> "Iterator[tuple[str, str]]":
    """Key and message of every fault of a parameter as a pack states it."""
    kind, low, high = parameter.kind, parameter.low, parameter.high
    if kind != "fixed" and parameter.range is None:
        yield "range", phrase("parameter.support", kind=kind)
    if not low <= parameter.default <= high:
        message = phrase(
            "parameter.outside", default=parameter.default, low=low, high=high, unit=parameter.unit
        )
        key = "default" if "default" in entry.data else "range"
        yield key, entry.restated(key, what, message) if default is not None else message
    if kind == "integer":
        for number in (low, parameter.default, high):
            if not number.is_integer():
                yield (
                    "prior",
                    phrase("parameter.integer", number=number, unit=parameter.unit),
                )
                break
    if kind == "lognormal" and low <= 0:
        yield "prior", phrase("parameter.lognormal", low=low)
