"""A pack: everything a study knows about its plan and its region, checked and frozen."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from xuchang_sim import definitions
from xuchang_sim.definitions import amounts
from xuchang_sim.pack.forms import BASE
from xuchang_sim.pack.history import FileName, Record, Series, SeriesEntry, TableEntry
from xuchang_sim.pack.levers import Lever
from xuchang_sim.pack.parameters import Mark, Parameter
from xuchang_sim.pack.plan import Plan, Target
from xuchang_sim.pack.posterior import Posterior, load_posterior
from xuchang_sim.pack.region import Region
from xuchang_sim.pack.schema import Day, Id, Label, Many, Month, Strict, UnitName
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Path_, Problem, Source, read_yaml

__all__ = ["BaseValue", "BaseYear", "Calendar", "DocumentEntry", "Pack", "PackFile"]


def _exact(value: Any) -> Fraction:
    """Read a number, or a quotient such as ``2000/1.4``, without rounding."""
    return amounts.exact(value)


Exact = Annotated[Any, BeforeValidator(_exact)]


class Alternative(Strict):
    """Another reading of a base value, from other figures."""

    exact: Annotated[Exact, Field(alias="value")]
    source: Label
    mark: Mark

    @property
    def value(self) -> float:
        """The number, rounded once."""
        return float(self.exact)


class BaseValue(Alternative):
    """A total of the base year.

    Parameters
    ----------
    exact : Fraction
        The number without rounding, key ``value``; `value` is the nearest float.
    alternative : Alternative or None
        Another reading, for sensitivity; same unit.
    """

    unit: UnitName
    alternative: Alternative | None = None


class BaseYear(Strict):
    """The totals of the base year that every run reproduces."""

    revenue: BaseValue
    fai: BaseValue
    profit_tax: BaseValue
    workers: BaseValue


def _rising(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if list(numbers) != sorted(set(numbers)):
        message = phrase("pack.order", numbers=list(numbers))
        raise ValueError(message)
    return numbers


class FaiSeason(Strict):
    """From which series and years the investment season is estimated."""

    estimate_from: Id
    years: Annotated[Many[int], Field(min_length=2, max_length=2), AfterValidator(_rising)]


def _mean_one(season: tuple[float, ...]) -> tuple[float, ...]:
    mean = math.fsum(season) / len(season)
    if abs(mean - 1) > 0.002:
        message = phrase("pack.season", mean=mean)
        raise ValueError(message)
    return tuple(factor / mean for factor in season)


Positive = Annotated[float, Field(gt=0)]


class Calendar(Strict):
    """Months and seasons.

    Parameters
    ----------
    group_months : tuple of int
        Months (1 to 12) in which projects start together.
    revenue_season : tuple of float
        Factors January to December, normalised to the mean 1.
    fai_season : FaiSeason
        How the factors of investment are to be estimated.
    """

    group_months: Annotated[Many[Annotated[int, Field(ge=1, le=12)]], AfterValidator(_rising)]
    revenue_season: Annotated[
        Many[Positive], Field(min_length=12, max_length=12), AfterValidator(_mean_one)
    ]
    fai_season: FaiSeason


class DocumentEntry(Strict):
    """The document of a plan: its file, hash, number and address."""

    file: FileName
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    number: Label
    url: str = ""


class PackFile(Strict):
    """Contents of ``pack.yaml``."""

    name: Id
    title_zh: Label
    title_en: Label
    document: DocumentEntry
    information_date: Day
    base_year: Annotated[int, Field(ge=1900, le=2099)]
    plan_year: Annotated[int, Field(ge=1900, le=2099)]
    policy_month: Month
    default_through: Month
    last_month: Month
    pipeline_start: Month
    firms_start: Month
    base: BaseYear
    calendar: Calendar
    history: Many[SeriesEntry]
    evidence: Many[TableEntry] = ()


#: Version of the content of `Pack.warm_up_sha256`.
VERSION = 2


@dataclass(frozen=True)
class Pack:
    """A loaded pack.

    Parameters
    ----------
    folder : Path
        Where it was read from.
    name, title_zh, title_en : str
        Name for the command line, titles for people.
    document : str
        Text of the plan's document.
    document_number, document_url : str
        Its official number and its address.
    information_date : date
        Day up to which anything may be known.
    base_year, plan_year : int
        Year whose totals every run reproduces; year of the targets.
    policy_month, default_through, last_month : int
        First month in which the levers act, last month of a run by default, last month
        a run may reach; as 12 * year + month - 1.
    pipeline_start, firms_start : int
        First month of the projects' arrivals and of the firms; as 12 * year + month - 1.
    base : BaseYear
        Totals of the base year.
    calendar : Calendar
        Months and seasons.
    plan : Plan
        Rows and targets.
    region : Region
        Zones, sectors and clusters.
    parameters : mapping of str to Parameter
        Parameters by id, in the order of the definitions.
    levers : mapping of str to Lever
        Levers by id, in the order of the definitions.
    history : mapping of str to Series
        Series by id.
    evidence : mapping of str to tuple of Record
        Whole tables by id.
    sha256 : str
        Hash of the content of all files that were read, hexadecimal: the same for the same pack,
        however its files are laid out and commented.
    sources : mapping of str to Source
        What was read, by file name, to say where a fault stands that is found later.

    Examples
    --------
    >>> from xuchang_sim import load_pack
    >>> pack = load_pack()
    >>> pack.base_year, pack.plan_year
    (2011, 2012)
    """

    folder: Path
    name: str
    title_zh: str
    title_en: str
    document: str
    document_number: str
    document_url: str
    information_date: date
    base_year: int
    plan_year: int
    policy_month: int
    default_through: int
    last_month: int
    pipeline_start: int
    firms_start: int
    base: BaseYear
    calendar: Calendar
    plan: Plan
    region: Region
    parameters: Mapping[str, Parameter]
    levers: Mapping[str, Lever]
    history: Mapping[str, Series]
    evidence: Mapping[str, tuple[Record, ...]]
    sha256: str
    sources: Mapping[str, Source] = field(default_factory=dict, repr=False, compare=False)

    def problem(self, file: str, path: Path_, message: str) -> Problem:
        """Return a fault at `path` of one of its files, with its line as far as it is known."""
        source = self.sources.get(file)
        if source is None:
            where = ".".join(str(part) for part in path)
            return Problem(str(self.folder / file), where, 0, message)
        return source.problem(path, message)

    def target_problem(self, target: Target, key: str, message: str) -> Problem:
        """Return a fault of a target of the plan."""
        rows = {row.row: i for i, row in enumerate(self.plan.rows)}
        entries = [entry.id for entry in self.plan.rows[rows[target.row]].target_entries]
        place: list[str | int] = [
            "rows",
            rows[target.row],
            "targets",
            entries.index(target.id),
            key,
        ]
        return self.problem("plan.yaml", place, message)

    @cached_property
    def posterior(self) -> Posterior | None:
        """Calibrated draws of its parameters; None if it has none.

        Raises
        ------
        InputError
            If they cannot be read, or belong to another state of the pack.
        """
        return load_posterior(self.folder, self.parameters, self.warm_up_sha256)

    @cached_property
    def warm_up_sha256(self) -> str:
        """Hash of what the warm-ups of a calibration read: no later lever, no label, no table."""
        known = definitions.levers()
        region = self.region.model_dump(mode="json")
        series = (*definitions.drivers(), self.calendar.fai_season.estimate_from)
        content = {
            "version": VERSION,
            "priors": {
                name: (p.default, p.range, p.kind, p.spread)
                for name, p in self.parameters.items()
                if p.acts == "warm_up"
            },
            "absent": {
                name: lever.absent
                for name, lever in self.levers.items()
                if known[name].acts == "warm_up"
            },
            "base": {name: str(getattr(self.base, name).exact) for name in BASE},
            "zones": _without_words(region["zones"]),
            "sectors": _without_words(region["sectors"]),
            "share_concentration": self.region.share_concentration,
            "calendar": self.calendar.model_dump(mode="json"),
            "months": (self.pipeline_start, self.firms_start, self.base_year, self.policy_month),
            "moments": _moments(self.folder),
            "history": {
                name: self.history[name].known(self.information_date)
                for name in dict.fromkeys(series)
                if name in self.history
            },
        }
        text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


#: Texts that other data refer to.
NAMES = {"id", "measure", "sector", "zone", "level"}


def _moments(folder: Path) -> Any:
    """Moments of a pack's ``facts.yaml`` as they stand there; None if it has none."""
    source = read_yaml(folder / "facts.yaml", [])
    data = source.data if source else None
    return _without_words(data.get("moments")) if isinstance(data, dict) else None


def _without_words(value: Any) -> Any:
    """Plain data less its texts; names that other data refer to stay."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k in NAMES or not isinstance(v, str)}
        return {k: _without_words(v) for k, v in kept.items()}
    if isinstance(value, list):
        return [_without_words(item) for item in value]
    return value
