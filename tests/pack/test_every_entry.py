"""Every entry of a pack, removed, renamed and misspelt in turn: refused with its line, or meant so.

One process reads all: what is not edited stays in memory. The small shipped pack is gone through whole, the
large one in the long tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from xuchang_sim.answers.audit import audit
from xuchang_sim.answers.requirements import stopped
from xuchang_sim.pack import cited
from xuchang_sim.pack.load import shipped
from xuchang_sim.pack.read import Folder, read_pack
from xuchang_sim.study import Study
from xuchang_sim.yamlfile import Place, Problem, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xuchang_sim.pack.history import Record
    from xuchang_sim.pack.pack import Pack

pytestmark = pytest.mark.filterwarnings("ignore:priors are used")
FILES = ("pack.yaml", "plan.yaml", "region.yaml", "parameters.yaml", "levers.yaml")
KINDS = ("removed", "renamed", "misspelt")

#: Entries that a pack may do without, as a pattern of their path, and why: the pack is another one then.
OPTIONAL = {
    r"pack\.document\.url": "an address for readers",
    r"pack\.base\.\w+\.alternative": "another reading, for sensitivity",
    r"pack\.evidence(\.\w+)?": "tables kept for readers and for the outside view",
    r"pack\.history\.\w+": "series that no command needs; those that one does are refused",
    r"pack\.history\.\w+\.breaks": "years in which the coverage changed",
    r"plan\.rows\.\d+": "the last one: a gap between others is refused",
    r"plan\.rows\.\d+\.(deadline|reason)": "a row need not be due, and has reasons where asked",
    r"plan\.rows\.\d+\.targets(\.\w+)?": "a row may have no target or fewer",
    r"plan\.rows\.\d+\.targets\.\w+\.(headline|threshold|label_zh|label_en|direction|basis)": (
        "what the measure says stands then"
    ),
    r"plan\.rows\.\d+\.levers": "a row that is no instrument may name none",
    r"region\.zones\.\w+\.(expands|site_bonus|sewage_plant)": "false, or none",
    r"region\.sectors\.\w+\.(productivity|floor_suited|own_money_min|plot_ratio_min|ppi_beta|"
    r"name_zh|name_en|source|mark)": "the catalogue's stands then",
    r"region\.sectors\.electronics": "a sector without a share, which nothing names",
    r"region\.clusters(\.\w+)?": "a plan may name none or fewer",
    r"levers\.levers\.\w+\.(range|label|note|absent|low|plan|high)": "the definition's stands then",
    r"levers\.levers\.\w+\.unit": "a unit without a number",
    r"levers\.levers\.\w+": "a lever that no row of the plan names",
    r"parameters\.parameters\.\w+\.(range|label|note|prior)": "the definition's stands then",
}
#: Names that belong to the pack: another one is as good, if nothing refers to it.
NAMES = (
    r"region\.(zones|clusters)\.\w+",
    r"pack\.(history|evidence)\.\w+",
)
#: Keys whose text names something else: a misspelt one is no name of anything.
REFERENCES = {
    "zone", "sector", "mark", "share_mark", "direction", "basis", "level", "unit", "measure", "file", "entity",
    "frequency", "estimate_from", "deadline", "policy_month", "default_through", "information_date", "sha256",
}  # fmt: skip


class Edit(NamedTuple):
    """An entry and what is done with it."""

    file: str
    path: tuple[str | int, ...]
    kind: str

    @property
    def place(self) -> str:
        return ".".join(map(str, (self.file.removesuffix(".yaml"), *self.path)))


@dataclass
class Kept:
    """A pack's sources, each read once, one of them edited."""

    inner: Folder
    trees: dict[str, Source | None] = field(default_factory=dict)
    texts: dict[str, str | None] = field(default_factory=dict)
    tables: dict[str, tuple[Record, ...]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.inner.folder

    def tree(self, file: str, problems: list[Problem]) -> Source | None:
        if file not in self.trees:
            self.trees[file] = self.inner.tree(file, problems)
        return self.trees[file]

    def text(self, file: str, problems: list[Problem]) -> str | None:
        if file not in self.texts:
            self.texts[file] = self.inner.text(file, problems)
        return self.texts[file]

    def table(self, file: str, problems: list[Problem]) -> tuple[Record, ...]:
        if file not in self.tables and (self.folder / file).is_file():
            self.tables[file] = self.inner.table(file, problems)
        return self.tables.get(file) or self.inner.table(file, problems)

    def problem(self, file: str, path: str, line: int, message: str) -> Problem:
        return self.inner.problem(file, path, line, message)

    def with_(self, file: str, source: Source) -> Kept:
        return Kept(self.inner, {**self.trees, file: source}, self.texts, self.tables)


def entries(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of all keys of mappings, and of the entries of lists of mappings."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*path, key)
            yield from entries(value, (*path, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            if isinstance(value, dict):
                yield (*path, i)
            yield from entries(value, (*path, i))


def done(source: Source, edit: Edit) -> Source | None:
    """Return the file with one entry edited; None if this cannot be done with it."""
    *above, last = edit.path
    value: Any = source.data
    for key in edit.path:
        value = value[key]
    if edit.kind == "removed":
        return _without(source, edit.path)
    if edit.kind == "renamed":
        if not isinstance(last, str):
            return None
        return _changed(source, tuple(above), last, f"{last[:-1]}q" if last[-1] != "q" else "other")
    if isinstance(last, str) and last in REFERENCES and isinstance(value, str):
        return _changed(source, edit.path, None, f"{value}q")
    return None


def _without(source: Source, path: tuple[str | int, ...]) -> Source:
    cut = source.without([path])
    return Source(cut.file, cut.data, cut.place)


def _changed(source: Source, path: tuple[str | int, ...], key: str | None, new: str) -> Source:
    """Rename a key of the mapping at a path, or replace the text there."""

    def copy(data: Any, place: Any, rest: tuple[str | int, ...]) -> tuple[Any, Any]:
        if not rest and key is None:
            return new, place
        held = list(data.items()) if isinstance(data, dict) else list(enumerate(data))
        names = {k: new if not rest and k == key else k for k, _ in held}
        values, parts = {}, {}
        for k, value in held:
            inner = place.parts.get(k, place.line)
            if rest and k == rest[0]:
                value, inner = copy(value, inner, rest[1:])  # noqa: PLW2901 - the edited one
            values[names[k]], parts[names[k]] = value, inner
        whole = values if isinstance(data, dict) else list(values.values())
        return whole, Place(place.line, parts)

    data, place = copy(source.data, source.place, path)
    return Source(source.file, data, place)


def edits(kept: Kept) -> Iterator[tuple[Edit, Source]]:
    for file in FILES:
        source = kept.tree(file, [])
        assert source is not None
        for path in entries(source.data):
            for kind in KINDS:
                edit = Edit(file, path, kind)
                new = done(source, edit)
                if new is not None:
                    yield edit, new


def allowed(edit: Edit) -> bool:
    """Whether an edit may be meant: an optional entry, or a name of the pack's own."""
    if edit.kind == "removed":
        return any(re.fullmatch(pattern, edit.place) for pattern in OPTIONAL)
    return any(re.fullmatch(pattern, edit.place) for pattern in NAMES)


def answers(pack: Pack) -> None:
    """What validate passes is answered: on a sample, as small as it can be."""
    if stopped(pack):
        return
    told = Study(pack, replicates=1).assess("plan", redraws=1, paired=1).to_json()
    assert "NaN" not in told
    for row in audit(pack):
        assert not re.search(r"\b(nan|None|inf)\b", f"{row.finding_zh} {row.finding_en}")


def gone_through(folder: Path, *, every: int) -> int:
    kept = Kept(Folder(folder))
    shipped_pack = read_pack(kept, [])
    assert shipped_pack is not None
    wrong: list[str] = []
    taken = 0
    count = 0
    for count, (edit, source) in enumerate(edits(kept), 1):  # noqa: B007 - how many there were
        problems: list[Problem] = []
        pack = read_pack(kept.with_(edit.file, source), problems)
        if problems:
            for problem in problems:
                if problem.message == "no such file" and problem.file.endswith("q"):
                    continue  # the fault is the name of the file
                if not problem.line:
                    wrong.append(f"{edit}: no place: {problem}")
                if "allowed: " not in problem.message and "possible: " not in problem.message:
                    wrong.append(f"{edit}: says nothing of what is allowed: {problem}")
            continue
        assert pack is not None, edit
        if stopped(pack):
            continue
        if not allowed(edit):
            wrong.append(f"{edit.place} {edit.kind}: accepted in silence")
        if pack.sha256 == shipped_pack.sha256 and not same_meaning(edit):
            wrong.append(f"{edit.place} {edit.kind}: makes no other pack")
        taken += 1
        if taken % every == 0:
            answers(pack)
    assert not wrong, "\n".join(wrong)
    return count


def same_meaning(edit: Edit) -> bool:
    """Whether an entry says what stands without it."""
    return edit.file in {"levers.yaml", "parameters.yaml", "plan.yaml", "region.yaml"}


@pytest.fixture(autouse=True)
def kept_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """Series without a fault are checked once, as long as the same ones are declared."""
    read = cited.read_series
    known: dict[str, Any] = {}

    def once(source: Any, declared: Any, tables: Any, day: Any, unread: Any) -> Any:
        key = repr((declared, day, sorted(tables), sorted(unread)))
        if key in known:
            return dict(known[key]), []
        found, problems = read(source, declared, tables, day, unread)
        if not problems:
            known[key] = found
        return found, problems

    monkeypatch.setattr(cited, "read_series", once)


def test_every_entry_of_the_small_pack() -> None:
    assert gone_through(shipped()[-1], every=40) > 900


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_entry_of_the_large_pack() -> None:
    assert gone_through(shipped()[0], every=60) > 4000
