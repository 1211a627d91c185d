"""Reading a pack from its sources, a folder or a workbook: all faults of all files at once."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from xuchang_sim import definitions
from xuchang_sim.pack import (
    cited,
    doubts,
    forms,
    levers,
    parameters,
    plan,
    region,
    witness,
)
from xuchang_sim.pack.history import Record
from xuchang_sim.pack.pack import DocumentEntry, Pack, PackFile
from xuchang_sim.pack.plan import Plan
from xuchang_sim.pack.region import Region
from xuchang_sim.pack.schema import Strict, validate
from xuchang_sim.text import phrase
from xuchang_sim.units import month_index
from xuchang_sim.yamlfile import (
    InputError,
    Problem,
    Source,
    did_you_mean,
    read_text,
    read_yaml,
)

__all__ = ["Folder", "Sources", "read_folder", "read_pack"]


class Sources(Protocol):
    """Source of a pack, a folder or a workbook: the same trees, texts and tables."""

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
        """Read the figures of one table of the pack."""
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
        """Read the figures of one CSV file of the pack."""
        return cited.read_table(self.folder / file, problems)

    def problem(self, file: str, path: str, line: int, message: str) -> Problem:
        """Return a fault of a line of a file."""
        return Problem(str(self.folder / file), path, line, message)


def read_folder(folder: Path) -> Pack:
    """Read the pack whose files stand in a folder.

    Raises
    ------
    InputError
        If anything in it is missing or wrong; all faults of all files at once.
    """
    problems: list[Problem] = []
    pack = read_pack(Folder(folder), problems)
    if pack is None or problems:
        raise InputError(problems)
    return pack


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
    wrong = {item[1] for item in faults_of_totals if item}
    totals = {
        name: getattr(head[1].base, name).exact for name in forms.BASE if head and name not in wrong
    }
    if head:
        others = {
            name: entry.exact
            for name in totals
            if (entry := getattr(head[1].base, name).alternative) is not None
        }
        doubted = forms.base_faults(head[0], totals, others)
        problems += doubted.values()
        totals = {name: total for name, total in totals.items() if name not in doubted}
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
    tables, unread = _tables(sources, file, problems)
    series, faults = cited.read_series(head[0], file.history, tables, file.information_date, unread)
    problems += faults
    season = file.calendar.fai_season.estimate_from
    if season not in series and season not in head[0].missing("history"):
        message = phrase("pack.series", series=", ".join(series))
        problems.append(head[0].problem(["calendar", "fai_season", "estimate_from"], message))
    elif season in series and (known := [int(period[:4]) for period, _ in series[season]]):
        years = file.calendar.fai_season.years
        if not known[0] <= years[0] <= years[1] <= known[-1]:
            message = phrase("pack.season_years", years=list(years), series=season,
                             first=known[0], last=known[-1])  # fmt: skip
            problems.append(head[0].problem(["calendar", "fai_season", "years"], message))
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
        return None  # reported by the schema of the file
    text = sources.text(entry.file, problems)
    if text is None:
        return None
    result = hashlib.sha256(text.encode()).hexdigest()
    if result != entry.sha256:
        message = phrase("pack.document", file=entry.file, found=result)
        problems.append(source.problem(["document", "sha256"], message))
    elif _plain(entry.number) not in _plain(text):
        problems.append(source.problem(["document", "number"], phrase("pack.document_number")))
    return text


def _plain(text: str) -> str:
    """Text without spaces, and with one kind of brackets: 〔2012〕, （2012） and [2012] are the same."""
    return re.sub(r"\s", "", text).translate(str.maketrans("〔〕（）()【】", "[][][][]"))


def _tables(
    sources: Sources, file: PackFile, problems: list[Problem]
) -> tuple[dict[str, tuple[Record, ...]], set[str]]:
    """Read all tables by file name, each once, and tell which have a faulty line."""
    tables: dict[str, tuple[Record, ...]] = {}
    unread: set[str] = set()
    names = [entry.file for entry in file.history] + [entry.file for entry in file.evidence]
    for name in dict.fromkeys(names):
        before = len(problems)
        tables[name] = sources.table(name, problems)
        if len(problems) > before:
            unread.add(name)
        entries = [entry for entry in file.history if entry.file == name]
        problems += [
            sources.problem(name, record.series, record.line, message)
            for record, message in (
                *cited.too_late(tables[name], file.information_date),
                *doubts.name_doubts(tables[name], entries),
            )
        ]
    return tables, unread


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
        source.problem([later], phrase("pack.before", data=data[later], earlier=earlier))
        for earlier, later in pairwise(months)
        if months[later] < months[earlier]
    ]
    base, planned = data.get("base_year"), data.get("plan_year")
    if isinstance(base, int) and isinstance(planned, int) and planned <= base:
        message = phrase("pack.plan_year", planned=planned, base=base + 1)
        problems.append(source.problem(["plan_year"], message))
    if isinstance(planned, int) and months.get("policy_month", 12 * planned) // 12 != planned:
        message = phrase("pack.policy_month", policy_month=data["policy_month"], planned=planned)
        problems.append(source.problem(["policy_month"], message))
    return problems


def _named(rows: Plan) -> dict[str, tuple[int, ...]]:
    """Rows that name each lever, in order."""
    numbers: dict[str, tuple[int, ...]] = {}
    for row in rows.rows:
        for name in row.levers:
            numbers[name] = (*numbers.get(name, ()), row.row)
    return numbers


def _row_links(rows: tuple[Source, Plan]) -> list[Problem]:
    """Rows that name a lever that is none."""
    known = definitions.levers()
    return [
        rows[0].problem(
            ["rows", i, "levers", j],
            phrase("pack.lever", name=name, hint=did_you_mean(name, known)),
        )
        for i, row in enumerate(rows[1].rows)
        for j, name in enumerate(row.levers)
        if name not in known
    ]


def _cluster_links(area: tuple[Source, Region], rows: tuple[Source, Plan]) -> list[Problem]:
    """Clusters that name a row the plan does not have."""
    known = {row.row for row in rows[1].rows} | rows[0].missing("rows")
    return [
        area[0].problem(["clusters", i, "row"], f"{cluster.row} {phrase('pack.row')}")
        for i, cluster in enumerate(area[1].clusters)
        if cluster.row not in known
    ]


def _zone_links(rows: tuple[Source, Plan], area: tuple[Source, Region]) -> list[Problem]:
    """Targets of a zone that the region does not have."""
    zones = [zone.id for zone in area[1].zones]
    return [
        rows[0].problem(
            ["rows", i, "targets", j, "zone"],
            phrase(
                "pack.zone",
                zone=target.zone,
                hint=did_you_mean(target.zone, zones),
                zones=", ".join(zones),
            ),
        )
        for i, row in enumerate(rows[1].rows)
        for j, target in enumerate(row.target_entries)
        if target.zone is not None and target.zone not in {*zones, *area[0].missing("zones")}
    ]


def _deadline_faults(rows: tuple[Source, Plan], year: int) -> list[Problem]:
    """Targets due in another year than the plan's: only that year is rated."""
    return [
        rows[0].problem(
            ["rows", i, "deadline"], f"{row.deadline} {phrase('pack.deadline', year=year)}"
        )
        for i, row in enumerate(rows[1].rows)
        if row.target_entries and row.deadline is not None and row.deadline.year != year
    ]
