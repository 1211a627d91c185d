"""The pack's file of stylised facts: bands from the literature and from data, moments to match."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping  # noqa: TC003 - the schema is read at run time
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from xuchang_sim.answers.stylised import MEASURED
from xuchang_sim.pack.history import EVIDENCE
from xuchang_sim.pack.schema import Day, Id, Label, Many, Strict, validate
from xuchang_sim.simulation.worlds import MOMENTS
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, Source, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xuchang_sim.pack.load import Pack


class Fact(Strict):
    """A stylised fact.

    Parameters
    ----------
    test : str
        How it is measured.
    bands : mapping of str to pair of floats
        Lowest and highest value of each of its numbers; null where there is no limit.
    later : bool
        True if its source was published after the information date.
    reason : str
        Why it fails, if it does.
    """

    id: Id
    label_zh: Label
    label_en: Label
    test: Label
    bands: Mapping[str, Annotated[Many[float | None], Field(min_length=2, max_length=2)]]
    source: Label
    later: bool = False
    reason: str = ""


class Moment(Strict):
    """A number on which parameters are calibrated, or that only checks them.

    Parameters
    ----------
    measure : str
        What it is in a world's warm-up; see :class:`xuchang_sim.simulation.worlds.WarmUp`.
    observed : float
        The value known.
    sd : float
        How sure one is of it: error of measurement and of definition, not the model's own chance.
    known : date
        Day of its publication.
    weigh : bool
        False if it only checks; what was published after the information date, or is an aim, may
        not weigh.
    type : {"actual", "derived", "target", "announced"}
        What kind of statement the value is; see :data:`xuchang_sim.history.TYPES`.
    """

    id: Id
    measure: Id
    label_zh: Label
    label_en: Label
    observed: float
    sd: Annotated[float, Field(gt=0)]
    known: Day
    weigh: bool = True
    type: Literal["actual", "derived", "target", "announced"]
    source: Label


class FactsEntry(Strict):
    """Contents of ``facts.yaml``."""

    facts: Many[Fact]
    moments: Many[Moment] = ()


class FactsFile(NamedTuple):
    """Facts and moments of a pack, and the hash of their file."""

    facts: tuple[Fact, ...]
    moments: tuple[Moment, ...]
    sha256: str


def load_facts(pack: Pack) -> FactsFile:
    """Read the facts and moments of a pack.

    Raises
    ------
    InputError
        If the file is missing or wrong, or names a fact or a moment that is not measured.
    """
    problems: list[Problem] = []
    path = pack.folder / "facts.yaml"
    source = read_yaml(path, problems)
    entries = validate(source, FactsEntry, problems) if source else None
    if entries is not None:
        problems += [*_unknown(*entries), *_too_late(*entries, pack)]
    if entries is None or problems:
        raise InputError(problems)
    text = read_text(path, problems) or ""
    return FactsFile(
        entries[1].facts, entries[1].moments, hashlib.sha256(text.encode()).hexdigest()
    )


def _unknown(source: Source, file: FactsEntry) -> Iterator[Problem]:
    """Facts and moments that are not measured; bands that are not those of their numbers."""
    for i, fact in enumerate(file.facts):
        if fact.id not in MEASURED:
            message = phrase("fact.unknown", id=fact.id, measured=", ".join(MEASURED))
            yield source.problem(["facts", i, "id"], message)
        elif set(fact.bands) != set(MEASURED[fact.id].numbers):
            message = phrase("fact.numbers", numbers=", ".join(MEASURED[fact.id].numbers))
            yield source.problem(["facts", i, "bands"], message)
        for name, (low, high) in fact.bands.items():
            if low is not None and high is not None and low > high:
                message = phrase("fact.order", low=low, high=high)
                yield source.problem(["facts", i, "bands", name], message)
    for i, moment in enumerate(file.moments):
        if moment.measure not in MOMENTS:
            message = phrase("fact.moment", measure=moment.measure, moments=", ".join(MOMENTS))
            yield source.problem(["moments", i, "measure"], message)


def _too_late(source: Source, file: FactsEntry, pack: Pack) -> list[Problem]:
    """Moments that weigh although they were published after the information date, or are aims."""
    aims = [
        source.problem(
            ["moments", i, "type"],
            phrase("fact.evidence", type=moment.type),
        )
        for i, moment in enumerate(file.moments)
        if moment.weigh and moment.type not in EVIDENCE
    ]
    return aims + [
        source.problem(["moments", i, "known"], phrase("fact.late", known=moment.known))
        for i, moment in enumerate(file.moments)
        if moment.weigh and moment.known > pack.information_date
    ]
