"""A pack: everything a study knows about its plan and its region, read once, checked and frozen.

A pack is a folder with ``pack.yaml``, the document it is about, ``plan.yaml``, ``region.yaml``,
``parameters.yaml``, ``levers.yaml`` and cited tables. Loading reads all of it and reports all faults
of all files at once; nothing that simulates reads a file again.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from xuchang_sim import definitions, extensions
from xuchang_sim.pack import (
    doubts,
    forms,
    history,
    levers,
    parameters,
    plan,
    region,
    scenario,
    witness,
)
from xuchang_sim.pack.history import FileName, Record, Series, SeriesEntry, TableEntry
from xuchang_sim.pack.levers import Lever
from xuchang_sim.pack.parameters import Mark, Parameter
from xuchang_sim.pack.plan import Plan, Target
from xuchang_sim.pack.region import Region
from xuchang_sim.pack.schema import (
    Day,
    Id,
    Label,
    Many,
    Month,
    Strict,
    UnitName,
    validate,
)
from xuchang_sim.units import month_index
from xuchang_sim.yamlfile import (
    InputError,
    Path_,
    Problem,
    Source,
    did_you_mean,
    read_text,
    read_yaml,
)

if TYPE_CHECKING:
    from xuchang_sim.pack.posterior import Posterior

__all__ = ["BaseValue", "Calendar", "Pack", "load_pack", "pack_at", "validate_path"]


def _exact(value: Any) -> Fraction:
    """Read a number, or a quotient such as ``2000/1.4``, without rounding."""
    return definitions.exact(value)


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
        message = f"{list(numbers)} is not in order; allowed: from the smallest, each once"
        raise ValueError(message)
    return numbers


class FaiSeason(Strict):
    """From which series and years the investment season is estimated."""

    estimate_from: Id
    years: Annotated[Many[int], Field(min_length=2, max_length=2), AfterValidator(_rising)]


def _mean_one(season: tuple[float, ...]) -> tuple[float, ...]:
    mean = math.fsum(season) / len(season)
    if abs(mean - 1) > 0.002:
        message = f"has the mean {mean:g}; allowed: 1, to within 0.002"
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
        First month in which the levers act, last month of a run unless told otherwise, last month
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
    def posterior(self) -> "Posterior | None":
        """Calibrated draws of its parameters; None if it has none.

        Raises
        ------
        InputError
            If they cannot be read, or belong to another state of the pack.
        """
        from xuchang_sim.pack.posterior import load_posterior  # noqa: PLC0415 - they need a pack

        return load_posterior(self)

    @cached_property
    def lever_paragraphs(self) -> Mapping[str, tuple[str, ...]]:
        """Paragraphs of the document from which each lever comes."""
        return {name: self.plan.paragraphs(lever.rows) for name, lever in self.levers.items()}


def shipped() -> tuple[Path, ...]:
    """Folders of the packs that come with the code, in the order of their names."""
    packs = Path(__file__).parent / "data"
    return tuple(sorted(path.parent for path in packs.glob("*/pack.yaml")))


#: Endings of workbooks; what else Excel writes is refused with a reason.
BOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb"})


def load_pack(path_or_name: str | Path | None = None) -> Pack:
    """Load a pack from a folder or a workbook, or one of the shipped packs by name.

    Parameters
    ----------
    path_or_name : str or Path, optional
        Folder, Excel workbook, or name of a shipped pack. Default: the first shipped pack.

    Returns
    -------
    Pack
        The pack, checked.

    Raises
    ------
    InputError
        If anything in it is missing or wrong; all faults of all files at once.
    """
    problems: list[Problem] = []
    folder = _folder(path_or_name, problems)
    if folder and folder.suffix.lower() in BOOKS:
        from xuchang_sim.pack.workbook import load_workbook  # noqa: PLC0415 - heavy, and reads packs

        return load_workbook(folder)
    pack = read_pack(Folder(folder), problems) if folder else None
    if pack is None or problems:
        raise InputError(problems)
    return pack


def _folder(path_or_name: str | Path | None, problems: list[Problem]) -> Path | None:
    names = {path.name: path for path in shipped()}
    if path_or_name is None:
        return next(iter(names.values()))
    if str(path_or_name) in names:
        return names[str(path_or_name)]
    folder = Path(path_or_name)
    if (folder / "pack.yaml").is_file() or folder.suffix.lower() in BOOKS:
        return folder
    if (folder / "pack.xlsx").is_file():
        return folder / "pack.xlsx"
    offered = extensions.pack(str(path_or_name))
    if offered is not None:
        return offered
    known = [*names, *extensions.pack_names()]
    close = did_you_mean(path_or_name, known)
    message = (
        f"is not a pack{close}; allowed: a folder with pack.yaml, a workbook, or {', '.join(known)}"
    )
    problems.append(Problem(str(path_or_name), "", 0, message))
    return None


class Sources(Protocol):
    """What a pack is read from, a folder or a workbook: the same trees, texts and tables."""

    @property
    def folder(self) -> Path:
        """Folder in which it stands."""
        ...

    def tree(self, file: str, problems: list[Problem]) -> Source | None:
        """Tree of one of the files of a pack."""
        ...

    def text(self, file: str, problems: list[Problem]) -> str | None:
        """Text of the document."""
        ...

    def table(self, file: str, problems: list[Problem]) -> tuple[Record, ...]:
        """Figures of a table."""
        ...

    def problem(self, file: str, path: str, line: int, message: str) -> Problem:
        """Return a fault of a line of a table."""
        ...


@dataclass(frozen=True)
class Folder:
    """A pack as files in a folder."""

    folder: Path

    def tree(self, file: str, problems: list[Problem]) -> Source | None:
        """Read a YAML file."""
        return read_yaml(self.folder / file, problems)

    def text(self, file: str, problems: list[Problem]) -> str | None:
        """Read a text file."""
        return read_text(self.folder / file, problems)

    def table(self, file: str, problems: list[Problem]) -> tuple[Record, ...]:
        """Read a CSV file."""
        return history.read_table(self.folder / file, problems)

    def problem(self, file: str, path: str, line: int, message: str) -> Problem:
        """Return a fault of a line of a file."""
        return Problem(str(self.folder / file), path, line, message)


def read_pack(sources: Sources, problems: list[Problem]) -> Pack | None:
    """Read all of a pack; what fits together is checked as far as its parts are there.

    Parameters
    ----------
    sources : Sources
        Folder or workbook.
    problems : list of Problem
        Faults are appended here.

    Returns
    -------
    Pack or None
        None if too little could be read; of no use if there are faults.
    """
    source = sources.tree("pack.yaml", problems)
    plan_source, region_source, knobs, moves = (
        sources.tree(f"{name}.yaml", problems)
        for name in ("plan", "region", "parameters", "levers")
    )
    document = _document(sources, source, problems) if source else None
    if source:
        problems += _date_faults(source)
        source = forms.settle_pack(forms.spell_out_pack(source), problems)
    head = validate(source, PackFile, problems) if source else None
    if region_source:
        region_source = forms.settle_region(forms.spell_out_region(region_source), problems)
    area = validate(region_source, Region, problems) if region_source else None
    zones = len(area[1].zones) if area else 0
    faults_of_totals = (re.search(r"(?:^|: )base\.(\w+)", p.path) for p in problems)
    wrong = {found[1] for found in faults_of_totals if found}
    totals = {
        name: getattr(head[1].base, name).exact for name in forms.BASE if head and name not in wrong
    }
    if head:
        problems += forms.base_faults(head[0], totals)
    if plan_source:
        plan_source = forms.settle_plan(forms.spell_out_plan(plan_source), totals, zones, problems)
    rows = validate(plan_source, Plan, problems) if plan_source else None
    if area:
        problems += region.check(*area)
    if rows:
        problems += plan.check(*rows, document)
    named = _named(rows[1]) if rows else {}
    parameter_table = parameters.read(knobs, totals, zones, problems) if knobs else None
    lever_table = levers.read(moves, named, totals, zones, problems) if moves else None
    if rows:
        problems += _row_links(rows)
    if rows and area:
        problems += _cluster_links(area, rows)
        problems += _zone_links(rows, area)
        faulty = {m[1] for p in problems if (m := re.match(r"rows\[(\w+)\]", p.path))}
        all_zones = len(area[1].zones) + len(area[0].missing("zones"))
        problems += witness.check(*rows, all_zones, faulty)
    if rows and head:
        problems += _deadline_faults(rows, head[1].plan_year)
    if head is None:
        return None
    file = head[1]
    tables = _tables(sources, file, problems)
    series, faults = history.read_series(head[0], file.history, tables, file.information_date)
    problems += faults
    season = file.calendar.fai_season.estimate_from
    if season not in series and season not in head[0].missing("history"):
        message = f"is not a series; allowed: {', '.join(series)}"
        problems.append(head[0].problem(["calendar", "fai_season", "estimate_from"], message))
    if not problems:  # a fault named by its line needs no hash to tell of it
        doubts.changed(sources.folder, tables, problems)
    if not (rows and area and parameter_table and lever_table) or document is None:
        return None
    return Pack(
        folder=sources.folder,
        name=file.name,
        title_zh=file.title_zh,
        title_en=file.title_en,
        document=document,
        document_number=file.document.number,
        document_url=file.document.url,
        information_date=file.information_date,
        base_year=file.base_year,
        plan_year=file.plan_year,
        policy_month=file.policy_month,
        default_through=file.default_through,
        last_month=file.last_month,
        pipeline_start=file.pipeline_start,
        firms_start=file.firms_start,
        base=file.base,
        calendar=file.calendar,
        plan=rows[1],
        region=area[1],
        parameters=parameter_table,
        levers=lever_table,
        history=series,
        evidence={entry.id: tables[entry.file] for entry in file.evidence},
        sha256=_sha256([file, rows[1], area[1]], [parameter_table, lever_table], document, tables),
        sources={
            f"{name}.yaml": part
            for name, part in (
                ("pack", head[0]),
                ("plan", rows[0]),
                ("region", area[0]),
                ("parameters", knobs),
                ("levers", moves),
            )
            if part is not None
        },
    )


def _document(sources: Sources, source: Source, problems: list[Problem]) -> str | None:
    """Text of the document, whose hash must be the one the pack knows."""
    raw = source.data.get("document") if isinstance(source.data, dict) else None
    try:
        entry = DocumentEntry.model_validate(raw)
    except ValidationError:
        return None  # told by the schema of the file
    text = sources.text(entry.file, problems)
    if text is None:
        return None
    found = hashlib.sha256(text.encode()).hexdigest()
    if found != entry.sha256:
        message = f"is not the hash of {entry.file}, which was changed; allowed: {found}"
        problems.append(source.problem(["document", "sha256"], message))
    return text


def _tables(
    sources: Sources, file: PackFile, problems: list[Problem]
) -> dict[str, tuple[Record, ...]]:
    """Read all tables by file name, each once."""
    tables: dict[str, tuple[Record, ...]] = {}
    names = [entry.file for entry in file.history] + [entry.file for entry in file.evidence]
    for name in dict.fromkeys(names):
        tables[name] = sources.table(name, problems)
        entries = [entry for entry in file.history if entry.file == name]
        problems += [
            sources.problem(name, record.series, record.line, message)
            for record, message in (
                *history.too_late(tables[name], file.information_date),
                *doubts.name_doubts(tables[name], entries),
            )
        ]
    return tables


def _sha256(
    parts: Iterable[Strict],
    defined: Iterable[Mapping[str, Any]],
    document: str,
    tables: Mapping[str, tuple[Record, ...]],
) -> str:
    """Hash of what a pack comes to; spellings that mean the same count as the same."""
    content = {
        "parts": [_unstated(part.model_dump(exclude_defaults=True)) for part in parts],
        "defined": [
            {name: _unstated(asdict(entry)) for name, entry in table.items()} for table in defined
        ],
        "document": document,
        "tables": {name: [record[:-1] for record in table] for name, table in tables.items()},
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _unstated(value: Any) -> Any:
    """Plain data without the spelling in which a number was stated."""
    if isinstance(value, dict):
        return {k: _unstated(v) for k, v in value.items() if k != "stated"}
    if isinstance(value, list | tuple):
        return [_unstated(item) for item in value]
    return value


_ORDER = ("pipeline_start", "firms_start", "policy_month", "default_through", "last_month")


def _date_faults(source: Source) -> list[Problem]:
    """Dates out of order, among those that can be read."""
    data = source.data if isinstance(source.data, dict) else {}
    months: dict[str, int] = {}
    for key in _ORDER:
        with suppress(ValueError):
            months[key] = month_index(data.get(key))
    problems = [
        source.problem([later], f"{data[later]} is before {earlier}; allowed: from then on")
        for earlier, later in pairwise(months)
        if months[later] < months[earlier]
    ]
    base, planned = data.get("base_year"), data.get("plan_year")
    if isinstance(base, int) and isinstance(planned, int) and planned <= base:
        message = f"{planned} is not after base_year; allowed: from {base + 1}"
        problems.append(source.problem(["plan_year"], message))
    if isinstance(planned, int) and months.get("policy_month", 12 * planned) // 12 != planned:
        message = f"{data['policy_month']} is not in plan_year; allowed: a month of {planned}"
        problems.append(source.problem(["policy_month"], message))
    return problems


def _named(rows: Plan) -> dict[str, tuple[int, ...]]:
    """Rows that name each lever, in order."""
    found: dict[str, tuple[int, ...]] = {}
    for row in rows.rows:
        for name in row.levers:
            found[name] = (*found.get(name, ()), row.row)
    return found


def _row_links(rows: tuple[Source, Plan]) -> list[Problem]:
    """Rows that name a lever that is none."""
    known = definitions.levers()
    return [
        rows[0].problem(
            ["rows", i, "levers", j],
            f"{name!r} is not a lever{did_you_mean(name, known)};"
            " allowed: see xuchang-sim definitions levers",
        )
        for i, row in enumerate(rows[1].rows)
        for j, name in enumerate(row.levers)
        if name not in known
    ]


def _cluster_links(area: tuple[Source, Region], rows: tuple[Source, Plan]) -> list[Problem]:
    """Clusters that name a row the plan does not have."""
    known = {row.row for row in rows[1].rows} | rows[0].missing("rows")
    message = "is not a row of the plan; allowed: row numbers"
    return [
        area[0].problem(["clusters", i, "row"], f"{cluster.row} {message}")
        for i, cluster in enumerate(area[1].clusters)
        if cluster.row not in known
    ]


def _zone_links(rows: tuple[Source, Plan], area: tuple[Source, Region]) -> list[Problem]:
    """Targets of a zone that the region does not have."""
    zones = [zone.id for zone in area[1].zones]
    return [
        rows[0].problem(
            ["rows", i, "targets", j, "zone"],
            f"{target.zone!r} is not a zone{did_you_mean(target.zone, zones)}; allowed: "
            f"{', '.join(zones)}",
        )
        for i, row in enumerate(rows[1].rows)
        for j, target in enumerate(row.target_entries)
        if target.zone is not None and target.zone not in {*zones, *area[0].missing("zones")}
    ]


def _deadline_faults(rows: tuple[Source, Plan], year: int) -> list[Problem]:
    """Targets due in another year than the plan's: only that year is rated."""
    message = f"is not in plan_year; allowed: a day of {year}, the one year that targets are for"
    return [
        rows[0].problem(["rows", i, "deadline"], f"{row.deadline} {message}")
        for i, row in enumerate(rows[1].rows)
        if row.target_entries and row.deadline is not None and row.deadline.year != year
    ]


def pack_at(path: str | Path) -> Path | None:
    """Return the folder or workbook of the pack that a path is, or is a file of; None if of none."""
    path = Path(path)
    if path.is_dir() or path.suffix.lower() in BOOKS:
        return path
    if path.name == "pack.yaml" or (path.parent / "pack.yaml").is_file():
        return path.parent
    return None


def validate_path(path: str | Path, pack: Pack | None = None) -> list[Problem]:
    """Check a pack's folder (or a file in it), a scenario or a matrix.

    Parameters
    ----------
    path : str or Path
        Folder or file.
    pack : Pack, optional
        Pack against which a scenario or matrix is checked. Default: the first shipped pack.

    Returns
    -------
    list of Problem
        All faults; empty if there are none.
    """
    path = Path(path)
    try:
        if place := pack_at(path):
            load_pack(place)
        else:
            home = path.parent.parent if path.parent.name == "scenarios" else path
            pack = load_pack(home) if (home / "pack.yaml").is_file() else pack or load_pack()
            source = read_yaml(path, [])
            matrix = source is not None and scenario.is_matrix(source)
            load = scenario.load_matrix if matrix else scenario.load_scenario
            load(path, pack)
    except InputError as error:
        return list(error.problems)
    return []
