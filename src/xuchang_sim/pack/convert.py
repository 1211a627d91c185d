"""Conversion of a pack of the first edition, which declared every lever and parameter itself.

Entries equal to the definitions are left out; those that differ, compared as exact numbers, are
written in the present form.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from xuchang_sim import definitions, units
from xuchang_sim.deferred import deferred
from xuchang_sim.definitions import LEVELS
from xuchang_sim.definitions.amounts import exact
from xuchang_sim.files import naming
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.starter import OPTIONAL, write_book
from xuchang_sim.pack.yaml_text import flow
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, Source, read_yaml

with deferred():
    from xuchang_sim.pack.workbook import first_edition, write as books

__all__ = ["convert_pack"]

#: Units that the first edition wrote for another kind than is meant.
MEANT = {
    "base_rate": "%/年",
    "rate_medium": "%/年",
    "rate_long": "%/年",
    "announced_yield": "/年",
    "revenue_per_capital": "/年",
}


def convert_pack(old: Path, new: Path) -> list[str]:
    """Rewrite a pack of the first edition in the present form.

    Parameters
    ----------
    old : Path
        Folder of the pack, or its workbook; it is not changed.
    new : Path
        Folder to make, with a workbook in it if the old pack is one; must not exist or be empty.

    Returns
    -------
    list of str
        What was left out, one line each.

    Raises
    ------
    InputError
        If the old pack cannot be read or the new one would not load.
    """
    if new.exists() and (not new.is_dir() or any(new.iterdir())):
        message = phrase("starter.in_use")
        raise InputError([Problem(str(new), "", 0, message)])
    problems: list[Problem] = []
    book = None
    if workbook := _workbook(old):
        levers, parameters, book = first_edition.read_first_edition(workbook, problems)
    else:
        levers = _old(old / "levers.yaml", "levers", problems)
        parameters = _old(old / "parameters.yaml", "parameters", problems)
    if problems:
        raise InputError(problems)
    notes: list[str] = []
    moved = dict(_levers(levers, notes, problems))
    set_ = dict(_parameters(parameters, notes, problems))
    if problems:
        raise InputError(problems)
    with naming(new):
        new.parent.mkdir(parents=True, exist_ok=True)
    with naming(new), tempfile.TemporaryDirectory(prefix=".convert-", dir=new.parent) as place:
        made = Path(place) / "pack"
        if book is not None:
            write_book(book, made)
        else:
            shutil.copytree(old, made)
        for name, held in (("levers", moved), ("parameters", set_)):
            lines = [f"  {key}: {flow(entry)}" for key, entry in held.items()]
            text = "\n".join([f"{name}:" if lines else f"{name}: {{}}", *lines]) + "\n"
            (made / f"{name}.yaml").write_text(text, encoding="utf-8", newline="")
        region = made / "region.yaml"
        text = region.read_text(encoding="utf-8")
        text = re.sub(r"(?m)(\bthreshold: [0-9.]+)(?=\s*(?:[,}]|$))", r"\1 亿元", text)
        region.write_text(text, encoding="utf-8", newline="")
        try:
            load_pack(made)
        except InputError as error:
            sources = {"levers": levers, "parameters": parameters}
            raise InputError([_placed(p, made, old, sources) for p in error.problems]) from None
        if workbook:
            made = _as_workbook(made, Path(place) / "book", workbook.parent)
        if new.exists():
            new.rmdir()
        made.rename(new)
    return notes


def _workbook(old: Path) -> Path | None:
    """Return the workbook that a path names: a file, or the only form of a folder's pack."""
    inside = old / "pack.xlsx"
    if old.suffix.lower() == ".xlsx":
        return old
    return inside if inside.is_file() and not (old / "pack.yaml").exists() else None


def _as_workbook(made: Path, book: Path, beside: Path) -> Path:
    """Write a converted pack as a workbook, with the files that may lie beside one."""
    book.mkdir()
    books.write_workbook(made, book / "pack.xlsx")
    for name in OPTIONAL:
        if (beside / name).is_file():
            shutil.copy2(beside / name, book / name)
    return book


def _placed(
    problem: Problem, made: Path, old: Path, sources: Mapping[str, Source | None]
) -> Problem:
    """Fault of the converted pack where the old one holds the entry."""
    table, *rest = problem.path.split(".")
    source = sources.get(table)
    if source is not None and rest:
        for i, entry in _entries(source, table):
            if entry["id"] == rest[0]:
                return source.problem([table, i], f"{'.'.join(rest)}: {problem.message}")
    if source is not None:
        return source.problem([table], problem.message)
    file = problem.file.replace(str(made), str(old))
    return Problem(file, problem.path, problem.line, problem.message)


def _old(path: Path, table: str, problems: list[Problem]) -> Source | None:
    """Table of the first edition: a list of entries with ids."""
    source = read_yaml(path, problems)
    data: Any = source.data if source else None
    if source and not (isinstance(data, dict) and isinstance(data.get(table), list)):
        message = phrase("convert.edition")
        problems.append(source.problem([table], message))
    return source


def _entries(source: Source | None, table: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    data: Any = source.data if source else {}
    for i, entry in enumerate(data[table]):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield i, entry


def _number(raw: Any, unit: str, what: definitions.Number) -> Fraction:
    return units.convert_exact(exact(raw), MEANT.get(what.id, unit), what.unit)


def _levers(
    source: Source | None, notes: list[str], problems: list[Problem]
) -> Iterator[tuple[str, dict[str, Any]]]:
    known = definitions.levers()
    for i, entry in _entries(source, "levers"):
        what = known.get(entry["id"])
        if what is None:
            notes.append(phrase("convert.lever", id=entry["id"]))
            continue
        try:
            unit = entry["unit"]
            held = {level: _number(entry[level], unit, what) for level in LEVELS}
            support = [_number(x, unit, what) for x in entry["range"]]
        except (KeyError, TypeError, ValueError) as error:
            if source:
                problems.append(
                    source.problem(["levers", i], phrase("file.unread_why", error=error))
                )
            continue
        stated: dict[str, Any] = {"unit": entry["unit"]}
        meant = dict(zip(LEVELS, map(exact, what.levels), strict=True))
        differ = [level for level in LEVELS if held[level] != meant[level]]
        if what.local and differ:
            differ = list(LEVELS)
        stated |= {level: entry[level] for level in differ}
        if support != [exact(x) for x in what.range]:
            stated["range"] = entry["range"]
        label = {"zh": entry.get("label_zh"), "en": entry.get("label_en")}
        if all(label.values()) and tuple(label.values()) != tuple(what.label):
            stated["label"] = label
        if entry.get("note") and entry["note"] != str(what.does):
            if len(stated) > 1:
                stated["note"] = entry["note"]
            else:
                notes.append(phrase("convert.levels", id=what.id))
        if len(stated) > 1:
            yield what.id, stated


def _parameters(
    source: Source | None, notes: list[str], problems: list[Problem]
) -> Iterator[tuple[str, dict[str, Any]]]:
    known = definitions.parameters()
    for i, entry in _entries(source, "parameters"):
        what = known.get(entry["id"])
        if what is None:
            notes.append(phrase("convert.parameter", id=entry["id"], get=entry.get("role")))
            continue
        try:
            unit = entry["unit"]
            default = _number(entry["default"], unit, what)
            support = [_number(x, unit, what) for x in entry.get("range") or ()]
        except (KeyError, TypeError, ValueError) as error:
            if source:
                problems.append(
                    source.problem(["parameters", i], phrase("file.unread_why", error=error))
                )
            continue
        stated: dict[str, Any] = {"unit": MEANT.get(what.id, entry["unit"])}
        if what.local or default != exact(what.default):
            stated["default"] = entry["default"]
        if what.local and support:
            stated["range"] = entry["range"]
        elif support != [exact(x) for x in what.range or ()]:
            stated["range"] = entry.get("range") or [entry["default"], entry["default"]]
        prior = entry.get("prior", "fixed")
        kind = prior if isinstance(prior, str) else prior.get("kind")
        if kind != what.prior or (isinstance(prior, dict) and _spread(prior) != _spread_of(what)):
            stated["prior"] = prior if set(prior) - {"kind"} else kind
        if len(stated) > 1:
            if "default" not in stated:
                stated["default"] = entry["default"]
            yield what.id, {**stated, "mark": entry["mark"], "source": entry["source"]}


def _spread(prior: Mapping[str, Any]) -> tuple[Fraction, ...]:
    return tuple(exact(prior[key]) for key in ("sd", "sigma") if key in prior)


def _spread_of(what: definitions.Parameter) -> tuple[Fraction, ...]:
    return tuple(exact(x) for x in (what.sd, what.sigma) if x is not None)
