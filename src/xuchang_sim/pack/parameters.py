"""Parameters of the model: default, range, prior, unit, source and how sure one can be of it.

Every parameter says what it does (`role`). Only those with the role ``model`` enter the engine;
the others are kept because a reader of the model asks for them: quantities that conditioning
solves for, values that a lever or a table of the pack holds, facts that results are checked
against, and figures for reference.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Annotated, Any, Literal, overload

from pydantic import BeforeValidator, Field

from xuchang_sim.pack.schema import Id, Label, Many, Strict, UnitName
from xuchang_sim.yamlfile import Problem, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Mark", "Parameter", "ParameterFile", "Prior", "Role", "check_fraction"]

Kind = Literal["fixed", "uniform", "triangular", "normal", "lognormal", "integer"]
Role = Literal["model", "lever", "base", "solved", "check", "reference"]
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
        import numpy as np  # noqa: PLC0415 - reading a pack needs no arrays

        share = np.asarray(u, dtype=np.float64)
        if not ((share >= 0.0) & (share <= 1.0)).all():
            message = "a probability lies between 0 and 1"
            raise ValueError(message)
        value = np.clip(self._inverse(share), self.low, self.high)
        return float(value) if np.ndim(u) == 0 else value

    def _inverse(self, u: "Floats") -> "Floats":
        """Quantiles, not yet clipped to the support."""
        import numpy as np  # noqa: PLC0415

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
    import numpy as np  # noqa: PLC0415

    return np.fromiter(map(function, x.ravel()), np.float64, x.size).reshape(x.shape)


def _triangular(u: "Floats", low: float, mode: float, high: float) -> "Floats":
    import numpy as np  # noqa: PLC0415

    width, left = high - low, mode - low
    rising = low + np.sqrt(u * width * left)
    falling = high - np.sqrt((1.0 - u) * width * (high - mode))
    return np.where(u * width < left, rising, falling)


def _truncated(u: "Floats", low: float, mean: float, high: float, sd: float) -> "Floats":
    import numpy as np  # noqa: PLC0415

    # The standard library's normal law: scipy's takes longer to import than to draw a thousand.
    law = NormalDist()
    below, above = law.cdf((low - mean) / sd), law.cdf((high - mean) / sd)
    share = np.clip(below + u * (above - below), SMALLEST, 1.0 - SMALLEST)
    return mean + sd * _each(law.inv_cdf, share)


class PriorEntry(Strict):
    """Prior as it stands in the file; its centre is the default, its support the range."""

    kind: Kind
    sd: Annotated[float, Field(gt=0)] | None = None
    sigma: Annotated[float, Field(gt=0)] | None = None


def _prior_entry(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


class Parameter(Strict):
    """One parameter with all that is known about it.

    Parameters
    ----------
    id : str
        Name in the code, in scenarios and in results.
    row : str
        Row of the parameter table of the model's description (``B2.4``), or ``added``.
    default : float or None
        Central value in `unit`; None if the parameter has no number of its own.
    unit : str
        Unit of default, range and prior.
    range : tuple of two floats or None
        Smallest and largest value of sweeps; the support of the prior.
    role : str
        ``model``, ``lever``, ``base``, ``solved``, ``check`` or ``reference``.
    lever : str or None
        Lever that holds the value, for the role ``lever``.
    held_by : str or None
        What holds or computes the value, for the roles ``base`` and ``solved``.
    later_source : bool
        True for a structural ratio of another place or year whose source was published after the
        information date; never for a level or a growth rate of the region itself.
    """

    id: Id
    row: Annotated[str, Field(pattern=r"^([A-Z][0-9](\.[0-9]{1,2})?|added)$")]
    label_zh: Label
    label_en: Label
    default: float | None
    unit: UnitName
    range: Annotated[Many[float], Field(min_length=2, max_length=2)] | None = None
    prior_entry: Annotated[PriorEntry, BeforeValidator(_prior_entry), Field(alias="prior")] = (
        PriorEntry(kind="fixed")
    )
    role: Role
    mark: Mark
    source: Label
    note: str = ""
    lever: Id | None = None
    held_by: Label | None = None
    later_source: bool = False

    @property
    def section(self) -> str:
        """Section of the parameter table: ``B1`` to ``B7``, another section, or ``added``."""
        return self.row.partition(".")[0]

    @property
    def low(self) -> float:
        """Smallest value; the default if no range is given."""
        return self.range[0] if self.range else self._centre

    @property
    def high(self) -> float:
        """Largest value; the default if no range is given."""
        return self.range[1] if self.range else self._centre

    @property
    def _centre(self) -> float:
        if self.default is None:
            message = f"parameter {self.id} has no number of its own"
            raise ValueError(message)
        return self.default

    @cached_property
    def prior(self) -> Prior:
        """Prior distribution.

        Raises
        ------
        ValueError
            If the parameter has no default.
        """
        entry = self.prior_entry
        spread = entry.sd or entry.sigma or 0.0
        return Prior(entry.kind, self.low, self._centre, self.high, spread)


class ParameterFile(Strict):
    """All parameters of a pack."""

    parameters: Many[Parameter]


def check_fraction(value: float, unit: str) -> str:
    """Complaint about a fraction that looks like a percentage, or nothing."""
    if unit == "比例" and abs(value) > 2:
        return f"{value:g} is not a fraction; allowed: {value / 100:g}, or {value:g} with unit %"
    return ""


def check(source: Source, parameters: "Iterable[Parameter]") -> list[Problem]:
    """Faults that the schema does not see: defaults, ranges, priors and roles.

    Parameters
    ----------
    source : Source
        File of the parameters.
    parameters : iterable of Parameter
        Its entries, in order.

    Returns
    -------
    list of Problem
        One for each fault.
    """
    problems: list[Problem] = []
    seen: set[str] = set()
    for i, parameter in enumerate(parameters):
        for key, message in _faults(parameter):
            problems.append(source.problem(["parameters", i, key], message))
        if parameter.id in seen:
            message = f"id {parameter.id!r} is used twice; allowed: once"
            problems.append(source.problem(["parameters", i, "id"], message))
        seen.add(parameter.id)
    return problems


def _faults(parameter: Parameter) -> "Iterator[tuple[str, str]]":
    """Key and message of every fault of one parameter."""
    yield from _range_faults(parameter)
    yield from _prior_faults(parameter)
    yield from _role_faults(parameter)
    for value in (parameter.default, *(parameter.range or ())):
        if value is not None and (message := check_fraction(value, parameter.unit)):
            yield "default", message


def _range_faults(parameter: Parameter) -> "Iterator[tuple[str, str]]":
    kind, default = parameter.prior_entry.kind, parameter.default
    if default is None and (parameter.role == "model" or kind != "fixed"):
        yield "default", "is null; allowed: a number, as the parameter enters the model"
    if parameter.range is None:
        if kind != "fixed":
            yield "range", f"is missing; allowed: [low, high], the support of the {kind} prior"
        return
    low, high = parameter.range
    if low > high:
        yield "range", f"starts at {low:g} and ends at {high:g}; allowed: low <= high"
    elif default is not None and not low <= default <= high:
        yield "default", f"{default:g} is out of range; allowed: {low:g} to {high:g}"


def _prior_faults(parameter: Parameter) -> "Iterator[tuple[str, str]]":
    entry, numbers = parameter.prior_entry, [parameter.default or 0.0, *(parameter.range or ())]
    if entry.kind == "integer" and not all(float(number).is_integer() for number in numbers):
        yield "prior", "is integer, but not default and range; allowed: whole numbers"
    if entry.kind == "lognormal" and parameter.range and parameter.range[0] <= 0:
        yield "prior", f"is lognormal from {parameter.range[0]:g}; allowed: a range above 0"
    needs = {"normal": "sd", "lognormal": "sigma"}.get(entry.kind)
    for key in ("sd", "sigma"):
        if (key == needs) != (getattr(entry, key) is not None):
            verb = "needs" if key == needs else "has no"
            yield "prior", f"of kind {entry.kind} {verb} {key}; allowed: {needs or 'kind'} only"


def _role_faults(parameter: Parameter) -> "Iterator[tuple[str, str]]":
    role = parameter.role
    if (role == "lever") != (parameter.lever is not None):
        yield "lever", "goes with the role lever; allowed: both or neither"
    if (role in {"base", "solved"}) != (parameter.held_by is not None):
        yield "held_by", "goes with the roles base and solved; allowed: both or neither"
    if parameter.later_source and role == "base":
        yield "later_source", "is true for a base value; allowed: figures known at the time"
