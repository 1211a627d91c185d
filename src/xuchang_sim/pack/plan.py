"""The plan: every row of the document map, its quotations, its targets.

A row quotes the document verbatim and says how it enters the model. A target is a quantity that
a run measures and compares with the number the document asks for.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from xuchang_sim.pack.headings import is_label, paragraphs
from xuchang_sim.pack.schema import Day, Id, Label, Many, Quantity, Strict, UnitName
from xuchang_sim.text import phrase
from xuchang_sim.units import parse
from xuchang_sim.yamlfile import Problem, Source

__all__ = ["NO_MEASURE", "Direction", "Plan", "Row", "Target", "TargetEntry", "check"]

#: Measure of a target of which the plan's author knows that no run measures it.
NO_MEASURE = "none"

Direction = Literal["at_least", "above", "at_most", "below"]
RowType = Literal["target", "instrument", "rule", "qualitative"]
Use = Literal["initial_condition", "constraint", "lever", "output", "out_of_scope"]


class TargetEntry(Strict):
    """A target as it stands in a row of the file.

    Parameters
    ----------
    id : str
        Name in results.
    measure_entry : str or None
        What a run measures, key ``measure``; the same as the id if left out.
    value : float
        Level asked for, in `unit`, that of the measure; growth and shares are fractions.
    direction : str
        ``at_least``, ``above``, ``at_most`` or ``below``.
    basis : str
        ``model`` if the run can fail to reach it by its mechanisms, ``assumption`` if only the
        assumed execution of a public programme decides.
    headline : bool
        Whether it belongs to the few numbers shown first.
    threshold : Quantity or None
        For counts: the size from which a zone, cluster, project or platform counts.
    zone : str or None
        Zone that the target is about; None for all zones together.
    reason : str
        Why no run measures it, ``Chinese · English``, for the measure ``none``.
    stated : str
        Number and unit as the plan gives them: ``3 万人``.
    """

    id: Id
    measure_entry: Annotated[Id | None, Field(alias="measure")] = None
    value: float
    unit: UnitName
    direction: Direction
    label_zh: Label
    label_en: Label
    basis: Literal["model", "assumption"]
    headline: bool = False
    threshold: Quantity | None = None
    zone: Id | None = None
    reason: str = ""
    stated: str = ""

    @property
    def measure(self) -> str:
        """Measure that a run computes; :data:`NO_MEASURE` if none."""
        return self.measure_entry or self.id

    @property
    def subject(self) -> tuple[object, ...]:
        """Subject of the target: measure, zone and threshold, the latter in any unit."""
        size = self.threshold
        same = size and (Fraction(str(size.value)) * parse(size.unit).factor)
        return self.measure, self.zone, same


class Target(TargetEntry):
    """A target with its row's number, paragraph, deadline and quotation."""

    row: int
    paragraph: str
    deadline: date | None
    quote: str


class Row(Strict):
    """One row of the document map.

    Parameters
    ----------
    row : int
        Number, from 1.
    paragraph : str
        Place in the document, for example ``三（四）1``; ``head`` or ``附件`` outside its parts.
    quote : str
        Words of the document, verbatim.
    value, unit : float and str, or None
        The number of the row, if the document gives one.
    deadline : date or None
        Day by which it is due.
    type : tuple of str
        ``target``, ``instrument``, ``rule``, ``qualitative``.
    use : tuple of str
        ``initial_condition``, ``constraint``, ``lever``, ``output``, ``out_of_scope``.
    how : str
        How it enters the model.
    reason : str
        Why it is out of scope, or has no lever or target of its own.
    levers : tuple of str
        Levers through which it acts.
    target_entries : tuple of TargetEntry
        Its targets, key ``targets``.
    """

    row: Annotated[int, Field(ge=1)]
    id: Id
    paragraph: Label
    quote: Label
    label_zh: Label
    label_en: Label
    value: float | None = None
    unit: UnitName | None = None
    deadline: Day | None = None
    type: Annotated[Many[RowType], Field(min_length=1)]
    use: Annotated[Many[Use], Field(min_length=1)]
    how: Label
    reason: str = ""
    levers: Many[Id] = ()
    target_entries: Annotated[Many[TargetEntry], Field(alias="targets")] = ()


class Plan(Strict):
    """All rows of a plan, in order."""

    rows: Annotated[Many[Row], Field(min_length=1)]

    @cached_property
    def _targets(self) -> tuple[Target, ...]:
        return tuple(
            Target.model_construct(
                **entry.__dict__,
                row=row.row,
                paragraph=row.paragraph,
                deadline=row.deadline,
                quote=row.quote,
            )
            for row in self.rows
            for entry in row.target_entries
        )

    def targets(self) -> tuple[Target, ...]:
        """Targets of all rows, in order."""
        return self._targets

    def target(self, name: str) -> Target:
        """Return the target of this id.

        Raises
        ------
        KeyError
            If there is none.
        """
        return {target.id: target for target in self._targets}[name]

    def paragraphs(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Paragraphs of the rows with these numbers, each once, in order."""
        places = {row.row: row.paragraph for row in self.rows}
        return tuple(dict.fromkeys(places[number] for number in rows))


Fault = tuple[list[str | int], str]


def check(source: Source, plan: Plan, document: str | None) -> list[Problem]:
    """Faults that the schema does not see: quotations, numbering, reasons, ids.

    Parameters
    ----------
    source : Source
        File of the plan.
    plan : Plan
        Its content.
    document : str or None
        Text in which every quotation must occur; None if it could not be read.

    Returns
    -------
    list of Problem
        One for each fault.
    """
    problems: list[Fault] = []
    ids: set[str] = set()
    targets: dict[str, TargetEntry] = {}
    places = paragraphs(document) if document is not None else {}
    for i, row in enumerate(plan.rows):
        where: list[str | int] = ["rows", i]
        if row.row != i + 1 and not source.missing("rows"):
            problems.append(([*where, "row"], phrase("row.order", row=row.row, i=i + 1)))
        if row.id in ids:
            problems.append(([*where, "id"], phrase("word.twice", id=row.id)))
        ids.add(row.id)
        if document is not None and row.quote not in document:
            message = phrase("row.quote")
            problems.append(([*where, "quote"], message))
        elif places and is_label(row.paragraph):
            held = [label for label, text in places.items() if row.quote in text]
            if row.paragraph not in held:
                message = phrase("row.paragraph", held=" ".join(held) or "head")
                problems.append(([*where, "paragraph"], message))
        problems += [([*where, key], message) for key, message in _row_faults(row)]
        problems += [([*where, *path], message) for path, message in _target_faults(row, targets)]
    return [source.problem(path, message) for path, message in problems]


def _row_faults(row: Row) -> Iterator[tuple[str, str]]:
    if (row.value is None) != (row.unit is None):
        missing = "unit" if row.unit is None else "value"
        yield missing, phrase("row.value_and_unit")
    if "out_of_scope" in row.use and not row.reason:
        yield "reason", phrase("row.out_of_scope")
    if "lever" in row.use and not row.levers:
        yield "levers", phrase("row.levers")
    if "instrument" in row.type and not (row.levers or row.reason):
        yield "reason", phrase("row.levers_or_why")
    if "target" in row.type and not (row.target_entries or row.reason):
        yield "reason", phrase("row.targets")


def _target_faults(row: Row, seen: dict[str, TargetEntry]) -> Iterator[Fault]:
    for j, target in enumerate(row.target_entries):
        where: list[str | int] = ["targets", j]
        if target.id in seen:
            yield [*where, "id"], phrase("word.twice", id=target.id)
        elif target.measure != NO_MEASURE:
            same = [other.id for other in seen.values() if other.subject == target.subject]
            if same:
                message = phrase("row.same", same=same[0], measure=target.measure)
                yield [*where, "id"], phrase("row.of_a_measure", message=message)
        seen[target.id] = target
        if (target.measure == NO_MEASURE) != bool(target.reason):
            key = "measure" if target.reason else "reason"
            message = phrase("row.goes_with", what="reason" if target.reason else "measure: none")
            yield [*where, key], phrase("row.both", message=message)
