"""Amounts: what a pack writes of something defined, read exactly, in the definition's unit."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from xuchang_sim import units
from xuchang_sim.definitions import Number
from xuchang_sim.definitions.amounts import Amount, quantity, spelt
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import Path_, Problem, Source, did_you_mean, shown

__all__ = ["Entry", "amount", "entries"]


def amount(
    source: Source,
    path: Path_,
    raw: object,
    what: Number,
    problems: list[Problem],
    *,
    unit: str | None = None,
    unit_path: Path_ | None = None,
    zones: int = 0,
    bounds: bool = True,
) -> Fraction | None:
    """Read one number in the unit of its definition.

    Parameters
    ----------
    source, path : Source and path
        Where it stands.
    raw : object
        What stands there: a number, a quotient, or either with a unit.
    what : Number
        Its definition.
    problems : list of Problem
        A fault is appended here.
    unit, unit_path : str and path, optional
        Unit that stands beside it, and where.
    zones : int
        Number of zones, for hints.
    bounds : bool
        Whether it must be possible.

    Returns
    -------
    Fraction or None
        None if there was a fault.
    """
    if _told(source.problem(path, ""), problems):  # by the reader of the file
        return None
    try:
        read = quantity(raw)
    except ValueError as error:
        problems.append(source.problem(path, str(error)))
        return None
    where = path
    if read.unit is None and unit is not None:
        read, where = Amount(read.value, unit), unit_path or path
    try:
        value = what.convert(read, zones)
    except ValueError as error:
        problem = source.problem(where, str(error))
        if not _told(problem, problems):
            problems.append(problem)
        return None
    if bounds and (message := what.complaint(value, read)):
        problems.append(source.problem(path, message))
        return None
    return value


def _told(problem: Problem, problems: list[Problem]) -> bool:
    """Whether a fault of the same place is known."""
    return _key(problem) in map(_key, problems)


def _key(problem: Problem) -> tuple[str, str, int]:
    return problem.file, problem.path, problem.line


@dataclass
class Entry:
    """Entry of a pack for one definition.

    Parameters
    ----------
    id : str
        Its id.
    source : Source
        File in which it stands.
    path : path
        Where in the file.
    data : mapping
        What stands there.
    problems : list of Problem
        Where faults go.
    impossible : bool
        Whether one of its numbers was found impossible: the others, in the same unit, go untold.
    """

    id: str
    source: Source
    path: tuple[str | int, ...]
    data: Mapping[str, Any]
    problems: list[Problem]
    impossible: bool = False

    def fault(self, keys: Sequence[str | int], message: str) -> None:
        """Record a fault at a key of the entry."""
        problem = self.source.problem([*self.path, *keys], message)
        if problem not in self.problems:
            self.problems.append(problem)

    @property
    def unit(self) -> str | None:
        """Unit that stands beside its numbers."""
        unit = self.data.get("unit")
        if unit is not None and not isinstance(unit, str):
            self.fault(["unit"], phrase("amount.unit", unit=shown(unit)))
            return None
        return unit

    def number(
        self, what: Number, keys: Sequence[str | int], zones: int = 0, *, bounds: bool = True
    ) -> Fraction | None:
        """Read the number at a key, in the definition's unit; None if there was a fault."""
        raw: Any = self.data
        for key in keys:
            raw = raw[key]
        before = len(self.problems)
        value = amount(
            self.source,
            [*self.path, *keys],
            raw,
            what,
            self.problems,
            unit=self.unit,
            unit_path=[*self.path, "unit"],
            zones=zones,
            bounds=bounds and not self.impossible,
        )
        if len(self.problems) > before and "possible: " in self.problems[-1].message:
            self.impossible = True
        return None if self.impossible else value

    def numbers(self, what: Number, keys: Collection[str], zones: int = 0) -> dict[str, Fraction]:
        """Read the numbers that stand at some keys; those with a fault are left out."""
        read = {key: self.number(what, [key], zones) for key in keys if key in self.data}
        if not read and "unit" in self.data:  # nothing to convert: the unit alone must fit
            self.check_unit(what)
        return {key: value for key, value in read.items() if value is not None}

    def check_unit(self, what: Number) -> None:
        """Complain of a unit of another kind."""
        try:
            what.convert(Amount(Fraction(1), self.unit))
        except ValueError as error:
            self.fault(["unit"], str(error))

    def pair(self, what: Number, key: str, zones: int = 0) -> tuple[Fraction, Fraction] | None:
        """Read two numbers, the smaller first; None if there are none or there was a fault."""
        if key not in self.data:
            return None
        raw = self.data[key]
        if not isinstance(raw, list) or len(raw) != 2:
            self.fault([key], phrase("amount.two", raw=shown(raw)))
            return None
        low, high = (self.number(what, [key, i], zones) for i in (0, 1))
        if low is None or high is None:
            return None
        if low > high:
            result = phrase(
                "amount.starts", low=spelt(low), high=spelt(high), unit=what.unit
            ).rstrip()
            self.fault([key], phrase("amount.order", told=result))
            return None
        return low, high

    def texts(self) -> dict[str, str]:
        """Labels and note, by the names of their fields."""
        result: dict[str, str] = {}
        label = self.data.get("label")
        if isinstance(label, dict) and label.keys() == {"zh", "en"}:
            for language, text in label.items():
                result[f"label_{language}"] = self._text(["label", language], text)
        elif label is not None:
            self.fault(["label"], phrase("amount.names"))
        if "note" in self.data:
            result["note"] = self._text(["note"], self.data["note"])
        return result

    def _text(self, keys: Sequence[str], text: object) -> str:
        if not isinstance(text, str) or not text.strip():
            self.fault(keys, phrase("amount.text", text=shown(text)))
            return ""
        return text.strip()

    def restated(self, key: str, what: Number, message: str) -> str:
        """Say a fault of a converted number with the number as it was written."""
        try:
            written = quantity(self.data[key])
        except ValueError:
            return message
        unit = written.unit or self.unit
        if unit is None or units.canonical(unit) == what.unit:
            return message
        return f"{Amount(written.value, unit)}: {message}"


def entries(
    source: Source,
    table: str,
    known: Mapping[str, Number],
    others: Mapping[str, Number],
    keys: Collection[str],
    problems: list[Problem],
) -> Iterator[Entry]:
    """Entries of a table by id; what is not defined or not an entry is a fault.

    Parameters
    ----------
    source : Source
        File.
    table : str
        Key of the table: ``levers`` or ``parameters``.
    known, others : mapping of str to Number
        What may stand in the table, and what stands in the other one.
    keys : collection of str
        Keys of an entry.
    problems : list of Problem
        Faults are appended here.

    Yields
    ------
    Entry
    """
    data = source.data
    if not isinstance(data, dict) or table not in data:
        problems.append(source.problem([], phrase("amount.no_table", table=table)))
        data = {}
    for key in data:
        if key != table:
            message = phrase("amount.unknown_table", hint=did_you_mean(key, [table]), table=table)
            problems.append(source.problem([key], message))
    held = data.get(table)
    if isinstance(held, list):
        message = phrase("amount.first_edition")
        problems.append(source.problem([table], message))
        return
    if held is None:
        held = {}
    if not isinstance(held, dict):
        message = phrase("amount.table", held=shown(held))
        problems.append(source.problem([table], message))
        return
    word = table.removesuffix("s")
    for name, entry in held.items():
        path = (table, name)
        if name not in known:
            other = "lever" if word == "parameter" else "parameter"
            if name in others:
                message = phrase("amount.other", other=phrase(f"word.{other}"), table=f"{other}s")
            else:
                close = did_you_mean(name, known)
                message = phrase(
                    "amount.unknown",
                    name=shown(name),
                    word=phrase(f"word.{word}"),
                    close=close,
                    table=table,
                )
            problems.append(source.problem(path, message))
        elif not isinstance(entry, dict):
            message = phrase("amount.entry", entry=shown(entry), keys=", ".join(keys))
            problems.append(source.problem(path, message))
        else:
            for key in entry:
                if key not in keys:
                    message = phrase(
                        "amount.key", hint=did_you_mean(key, keys), keys=", ".join(keys)
                    )
                    problems.append(source.problem([*path, key], message))
            yield Entry(name, source, path, entry, problems)
