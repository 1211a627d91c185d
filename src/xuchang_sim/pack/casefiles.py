"""Files of a case: the folder of a pack, written from one row of a table of cases."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xuchang_sim import definitions
from xuchang_sim.files import write
from xuchang_sim.pack.casepack import case_pack, shared_pack
from xuchang_sim.pack.history import COLUMNS, Series
from xuchang_sim.pack.levers import LEVELS, Lever
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.parameters import Parameter
from xuchang_sim.pack.starter import new_pack
from xuchang_sim.pack.yaml_text import flow
from xuchang_sim.units import month_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xuchang_sim.pack.cases import Case
    from xuchang_sim.pack.pack import Pack
    from xuchang_sim.pack.plan import Plan

__all__ = ["write_case"]


def write_case(case: Case, folder: Path) -> Path:
    """Write the pack of a case as files: its own totals, and the shared rest resized.

    Parameters
    ----------
    case : Case
    folder : Path
        Where to; must not exist or be empty.

    Returns
    -------
    Path
        The folder, for ``--pack``.

    Raises
    ------
    InputError
        If something that a run needs is not in the case's rows, or the folder is in use.
    """
    pack = case_pack(case, resize=False).pack
    new_pack(folder)
    document = pack.document
    write(folder / "document.txt", document)
    write(folder / "pack.yaml", _head(pack))
    write(folder / "plan.yaml", _rows(pack.plan))
    write(folder / "history" / "china_monthly.csv", _table(pack.history))
    write(folder / "parameters.yaml", _table_of("parameters", pack.parameters, ("default",)))
    write(folder / "levers.yaml", _table_of("levers", pack.levers, LEVELS))
    load_pack(folder)
    return folder


def _table_of(table: str, entries: Mapping[str, Parameter | Lever], keys: Sequence[str]) -> str:
    """Return ``parameters.yaml`` or ``levers.yaml``: what the pack states, and what was resized."""
    shared = shared_pack()
    before: Mapping[str, Any] = shared.parameters if table == "parameters" else shared.levers
    lines = []
    for name, now in entries.items():
        same = replace(now, rows=before[name].rows) if isinstance(now, Lever) else now
        if not now.stated and same == before[name]:
            continue
        entry: dict[str, Any] = {"unit": now.unit, **{key: getattr(now, key) for key in keys}}
        if now.range:
            entry["range"] = list(now.range)
        if isinstance(now, Parameter):
            entry |= {"mark": now.mark, "source": now.source}
        elif now.note != str(definitions.levers()[name].does):
            entry["note"] = now.note
        lines.append(f"  {name}: {flow(entry)}\n")
    return f"{table}:\n" + "".join(lines)


def _head(pack: Pack) -> str:
    """Return ``pack.yaml`` of a case's pack."""
    digest = hashlib.sha256(pack.document.encode()).hexdigest()
    base = {
        name: {
            "value": float(value.exact),
            "unit": value.unit,
            "source": value.source,
            "mark": value.mark,
        }
        for name in ("revenue", "fai", "profit_tax", "workers")
        for value in (getattr(pack.base, name),)
    }
    season = pack.calendar.fai_season
    calendar = {
        "group_months": list(pack.calendar.group_months),
        "revenue_season": list(pack.calendar.revenue_season),
        "fai_season": {"estimate_from": season.estimate_from, "years": list(season.years)},
    }
    history = [
        {
            **series.entry.model_dump(exclude={"breaks"}),
            "file": "history/china_monthly.csv",
            "breaks": sorted(set(series.entry.breaks) & {int(p[:4]) for p, _ in series}),
        }
        for series in pack.history.values()
    ]
    fields = {
        "name": pack.name,
        "title_zh": pack.title_zh,
        "title_en": pack.title_en,
        "document": {"file": "document.txt", "sha256": digest, "number": pack.document_number},
        "information_date": str(pack.information_date),
        "base_year": pack.base_year,
        "plan_year": pack.plan_year,
        "policy_month": month_label(pack.policy_month),
        "default_through": month_label(pack.default_through),
        "last_month": month_label(pack.last_month),
        "pipeline_start": month_label(pack.pipeline_start),
        "firms_start": month_label(pack.firms_start),
        "base": base,
        "calendar": calendar,
        "history": history,
    }
    lines = "".join(f"{key}: {json.dumps(x, ensure_ascii=False)}\n" for key, x in fields.items())
    return f"# made from the rows of case {pack.document_number}; levers and parameters are shared\n{lines}"


def _rows(plan: Plan) -> str:
    """Return ``plan.yaml`` of a case's pack."""
    rows = []
    for row in plan.rows:
        entries = [
            t.model_dump(by_alias=True, exclude_none=True, exclude={"stated"})
            for t in row.target_entries
        ]
        fields = row.model_dump(by_alias=True, exclude_none=True, exclude={"levers"})
        rows.append({**fields, "deadline": str(row.deadline), "targets": entries})
    return "rows:\n" + "".join(
        f"  - {json.dumps({k: v for k, v in row.items() if v != []}, ensure_ascii=False)}\n"
        for row in rows
    )


def _table(history: Mapping[str, Series]) -> str:
    """Return the national series of a case's pack as one cited table."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(COLUMNS)
    for series in history.values():
        for r in series.records:
            out.writerow(
                [r.series, r.entity, r.period, repr(r.value), r.unit, r.source, r.confidence]
            )
    return text.getvalue()
