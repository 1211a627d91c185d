"""Strict YAML: what a planner may write, and one clear line for everything that is wrong.

The dialect is the plain part of YAML 1.2: mappings, lists, text, numbers, true/false and null.
`1e3` is a number; `yes`, `no`, `on`, `off` and dates are text. Refused are duplicate keys, tags,
anchors and aliases, NaN and infinities, numbers with a leading zero, more than one document,
deep nesting and big files, so that reading never costs more than a fixed amount of memory.

A reader collects a `Problem` per fault and goes on; only a syntax error ends a file early.
"""

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from xuchang_sim.text import phrase, reason

__all__ = [
    "InputError",
    "Place",
    "Problem",
    "Source",
    "did_you_mean",
    "read_text",
    "read_yaml",
    "shown",
]

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 16
MAX_NODES: Final = 100_000
MAX_PROBLEMS: Final = 100

Path_ = Sequence[str | int]
"""Keys and positions from the root of a file to a place in it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input: which file, which line, where in it, and what is allowed.

    Parameters
    ----------
    file : str
        File as the user named it.
    path : str
        Place inside the file, for example ``rows[5].quote``; empty for the file as a whole.
    line : int
        Line, from 1; 0 for the file as a whole.
    message : str
        What is wrong and what is allowed, on one line.

    Examples
    --------
    >>> str(Problem("plan.yaml", "rows[5].unit", 12, "is missing"))
    'plan.yaml:12: rows[5].unit: is missing'
    """

    file: str
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        head = f"{self.file}:{self.line}" if self.line else self.file
        text = ": ".join(part for part in (head, self.path, self.message) if part)
        return _CONTROL.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


#: Characters that move a terminal's cursor, break a line or turn the direction of writing.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class InputError(ValueError):
    """The user's input is wrong; `problems` holds every fault found, by file and line.

    Examples
    --------
    >>> error = InputError([Problem("b.yaml", "", 2, "is empty"), Problem("b.yaml", "", 1, "no list")])
    >>> [problem.line for problem in error.problems]
    [1, 2]
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        result = list(dict.fromkeys(problems))
        files = {problem.file: -i for i, problem in enumerate(reversed(result))}
        self.problems = tuple(sorted(result, key=lambda x: (files[x.file], x.line)))
        lines = [str(problem) for problem in self.problems[:MAX_PROBLEMS]]
        if (more := len(self.problems) - MAX_PROBLEMS) > 0:
            lines.append(phrase("file.more", more=more))
        super().__init__("\n".join(lines))


class Place:
    """Line or cell of a container, and the places of its parts."""

    __slots__ = ("line", "parts")

    def __init__(
        self, line: int | str, parts: "dict[str | int, Place | int | str] | None" = None
    ) -> None:
        self.line = line
        self.parts: dict[str | int, Place | int | str] = {} if parts is None else parts

    def at(self, part: str | int) -> int | str:
        """Line or cell of a part; that of the container if it is not known."""
        place = self.parts.get(part, self.line)
        return place.line if isinstance(place, Place) else place


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: plain data, and the line of every key in it.

    Parameters
    ----------
    file : str
        File as the user named it.
    data : object
        Its content.
    place : place
        Lines of its keys.
    aside : frozenset of (str, object)
        Lists and names of the entries that were set aside because of a fault.
    """

    file: str
    data: object
    place: Place
    aside: frozenset[tuple[object, object]] = frozenset()

    def without(self, paths: Iterable[Path_]) -> "Source":
        """Return the file without what stands at `paths`, which is set aside by name."""
        gone = {tuple(path) for path in paths}
        data, place = _cut(self.data, self.place, (), gone)
        names = {(path[0], _name(self.data, path)) for path in gone if len(path) < 3}
        return Source(self.file, data, place, self.aside | names)

    def missing(self, table: str) -> set[object]:
        """Names of the entries of a list or table that were set aside."""
        return {name for where, name in self.aside if where == table}

    def line(self, path: Path_) -> int | str:
        """Line, or cell, of the deepest part of `path` that is in the file."""
        place: Place | int | str = self.place
        for part in path:
            if not isinstance(place, Place) or part not in place.parts:
                break
            place = place.parts[part]
        return place.line if isinstance(place, Place) else place

    def where(self, path: Path_) -> str:
        """`path` as text; entries of a list are named by their id or row number."""
        text = ""
        for depth, part in enumerate(path, 1):
            if isinstance(part, int):
                text += f"[{shown(_name(self.data, path[:depth]))}]"
            else:
                text += f".{shown(part)}" if text else shown(part)
        return text

    def problem(self, path: Path_, message: str) -> Problem:
        """Return a fault at `path`."""
        line, where = self.line(path), self.where(path)
        if isinstance(line, str):
            return Problem(self.file, f"{line}: {where}" if where else line, 0, message)
        return Problem(self.file, where, line, message)


def _name(data: Any, path: Path_) -> object:
    """Name of the list entry at `path`: its id, its row number, or its position."""
    for part in path:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return path[-1]
    name = data.get("id", data.get("row")) if isinstance(data, dict) else None
    return name if isinstance(name, str | int) else path[-1]


def _cut(data: Any, place: Any, path: tuple[str | int, ...], gone: set[Any]) -> tuple[Any, Any]:
    """Copy data and places without the paths in `gone`; lists close up."""
    if not isinstance(data, dict | list) or not isinstance(place, Place):
        return data, place
    copy = Place(place.line)
    parts = list(data.items()) if isinstance(data, dict) else list(enumerate(data))
    kept = [(key, value) for key, value in parts if (*path, key) not in gone]
    done = [
        _cut(value, place.parts.get(key, place.line), (*path, key), gone) for key, value in kept
    ]
    keys = [key for key, _ in kept] if isinstance(data, dict) else list(range(len(kept)))
    copy.parts = {key: inner for key, (_, inner) in zip(keys, done, strict=True)}
    values = [value for value, _ in done]
    return (dict(zip(keys, values, strict=True)) if isinstance(data, dict) else values), copy


# ------------------------------------------------------------------------------------ reading


def read_bytes(path: Path, problems: list[Problem], limit: int, too_big: str = "") -> bytes | None:
    """Read a regular file of at most ``limit`` bytes.

    Parameters
    ----------
    path : Path
        File to read.
    problems : list of Problem
        Faults are appended here.
    limit : int
        Largest size in bytes.
    too_big : str
        Message for a larger file; empty for the usual one.

    Returns
    -------
    bytes or None
        The bytes, or None if there was a fault.
    """
    try:
        if not path.is_file():
            message = phrase("file.not_regular") if path.exists() else phrase("file.none")
        else:
            with path.open("rb") as stream:
                raw = stream.read(limit + 1)
            if len(raw) <= limit:
                return raw
            message = too_big or phrase("file.too_big", limit=limit)
    except OSError as error:
        message = phrase("file.unread", strerror=reason(error))
    problems.append(Problem(str(path), "", 0, message))
    return None


def read_text(path: Path, problems: list[Problem], limit: int = MAX_BYTES) -> str | None:
    """Read a UTF-8 text, with or without byte order mark; every line end becomes a line feed.

    Parameters
    ----------
    path : Path
        File to read.
    problems : list of Problem
        Faults are appended here.
    limit : int
        Largest size in bytes.

    Returns
    -------
    str or None
        The text, or None if there was a fault.
    """

    def fault(message: str, line: int = 0) -> None:
        problems.append(Problem(str(path), "", line, message))

    raw = read_bytes(path, problems, limit)
    if raw is None:
        return None
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        fault(phrase("file.utf16"), 1)
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fault(phrase("file.not_utf8", encoding=_encoding(raw)), line)
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(raw: bytes) -> str:
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return phrase("file.unknown_encoding")
    return phrase("file.reads_as_gbk")


def read_yaml(path: Path, problems: list[Problem]) -> Source | None:
    """Read one YAML file of the strict dialect.

    Parameters
    ----------
    path : Path
        File to read.
    problems : list of Problem
        Faults are appended here, all of the file.

    Returns
    -------
    Source or None
        The data with its lines; None if it could not be read to the end.
    """
    text = read_text(path, problems)
    if text is None:
        return None
    builder = _Builder(str(path), problems)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except _TooMuchError as stop:
        problems.append(Problem(str(path), "", stop.line, stop.args[0]))
        return None
    except yaml.YAMLError as error:
        problems.append(_syntax(str(path), text, error))
        return None
    return Source(str(path), builder.data, builder.place)


def _syntax(file: str, text: str, error: yaml.YAMLError) -> Problem:
    """Return the syntax error of a file in one line."""
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 0
    lines = text.split("\n")
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    if odd := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text):
        line = text.count("\n", 0, odd.start()) + 1
        message = phrase("yaml.control", odd=odd[0])
    elif re.match(r"[ ]*\t", shown):
        message = phrase("yaml.tab")
    elif "mapping values" in str(error):
        message = phrase("yaml.second_colon")
    else:
        detail = getattr(error, "problem", None) or str(error)
        message = phrase("yaml.syntax", split=" ".join(str(detail).split()))
    return Problem(file, "", line, message)


def _line(event: Any) -> int:
    """Line at which an event of the parser starts, from 1."""
    return int(event.start_mark.line) + 1


class _TooMuchError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


_INTEGER = re.compile(r"[-+]?[0-9]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, object] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NOTHING: Final = object()


class _Open:
    """A container that is being read: its data, its place, the key that is next or being read."""

    __slots__ = ("data", "key", "line", "place", "waiting")

    def __init__(self, data: dict[str, object] | list[object], place: Place) -> None:
        self.data = data
        self.place = place
        self.key = ""
        self.line = 0
        self.waiting = False  # a key was read, its value not yet


class _Builder:
    """Turns parser events into plain data, with a line for every key; no recursion."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.data: object = None
        self.place = Place(1)
        self.documents = 0
        self.nodes = 0
        self.open: list[_Open] = []

    def fault(self, line: int, message: str) -> None:
        """Record a fault; too many end the reading."""
        if len(self.problems) >= MAX_PROBLEMS:
            message = phrase("yaml.too_many_faults")
            raise _TooMuchError(message, line)
        path: list[str | int] = []
        for depth, inner in enumerate(self.open, 1):
            outer = depth < len(self.open)  # then its entry is attached already
            if isinstance(inner.data, list):
                path.append(len(inner.data) - outer)
            elif outer or inner.waiting:
                path.append(inner.key)
        where = Source(self.file, self.data, self.place).where(path)
        self.problems.append(Problem(self.file, where, line, message))

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the parser."""
        if isinstance(event, yaml.ScalarEvent):
            self.put(event, _NOTHING)
        elif isinstance(event, yaml.MappingStartEvent):
            self.put(event, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self.put(event, [])
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.AliasEvent):
            line = _line(event)
            self.fault(line, phrase("yaml.alias", anchor=event.anchor))
            self.attach(None, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                message = phrase("yaml.second_document")
                raise _TooMuchError(message, _line(event))

    def put(self, event: Any, value: Any) -> None:
        """Attach a scalar or a new container to the innermost open container."""
        line = _line(event)
        self.nodes += 1
        if self.nodes > MAX_NODES or len(self.open) > MAX_DEPTH:
            what = phrase("yaml.values") if self.nodes > MAX_NODES else phrase("yaml.levels")
            limit = MAX_NODES if self.nodes > MAX_NODES else MAX_DEPTH
            message = phrase("yaml.too_many", what=what, limit=limit)
            raise _TooMuchError(message, line)
        if event.tag is not None:
            self.fault(line, phrase("yaml.tag", tag=event.tag))
        if event.anchor is not None:
            self.fault(line, phrase("yaml.anchor", anchor=event.anchor))
        if self.open and isinstance(self.open[-1].data, dict) and not self.open[-1].waiting:
            self.key(event, value, line)
            return
        if value is _NOTHING:
            self.attach(self.scalar(event, line), line)
            return
        place = Place(line)
        self.attach(value, line, place)
        self.open.append(_Open(value, place))

    def key(self, event: Any, value: Any, line: int) -> None:
        """Take a scalar as the key of the innermost mapping."""
        inner = self.open[-1]
        if value is not _NOTHING:
            self.fault(line, phrase("yaml.key"))
            inner.key, inner.line, inner.waiting = "?", line, True
            self.open.append(_Open(value, Place(line)))  # read past it, attached to nothing
            return
        inner.key, inner.line, inner.waiting = event.value, line, True
        if inner.key in inner.data:
            first = inner.place.parts[inner.key]
            first_line = first.line if isinstance(first, Place) else first
            self.fault(line, phrase("yaml.twice", first_line=first_line))

    def attach(self, value: object, line: int, place: Place | None = None) -> None:
        """Store a value; of duplicate keys the first stays."""
        if not self.open:
            self.data, self.place = value, place or Place(line)
            return
        inner = self.open[-1]
        if isinstance(inner.data, list):
            inner.place.parts[len(inner.data)] = place or line
            inner.data.append(value)
        elif not inner.waiting:  # an alias as key
            inner.key, inner.line, inner.waiting = "?", line, True
        else:
            inner.waiting = False
            if inner.key not in inner.data:
                inner.data[inner.key] = value
                if place:
                    place.line = inner.line  # of its key, not of the first entry below
                inner.place.parts[inner.key] = place or line

    def scalar(self, event: Any, line: int) -> object:
        """Value of a scalar; quoted ones are text."""
        text: str = event.value
        if event.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _NOT_FINITE.fullmatch(text):
            self.fault(line, phrase("yaml.not_a_number", text=text))
        elif _LEADING_ZERO.fullmatch(text):
            self.fault(line, phrase("yaml.leading_zero", text=text))
        elif NUMBER.fullmatch(text):
            if len(text) <= 40:
                return int(text) if _INTEGER.fullmatch(text) else self.finite(text, line)
            self.fault(line, phrase("yaml.long_number", text=len(text)))
        else:
            return text
        return None

    def finite(self, text: str, line: int) -> float | None:
        """Return a decimal number, if it is finite."""
        value = float(text)
        if value in {float("inf"), float("-inf")}:
            self.fault(line, phrase("yaml.not_finite", text=text))
            return None
        if vanishes(text, value):
            self.fault(line, phrase("yaml.vanishes", text=text))
            return None
        return value


def vanishes(text: str, value: float) -> bool:
    """Whether a number that is written as something became nothing: 1e-400 is no float but 0."""
    digits = re.split("[eE]", text)[0]
    return value == 0.0 and any(digit in "123456789" for digit in digits)


# ------------------------------------------------------------------------------------- words


#: Traditional characters of units and words, as people type them.
_SIMPLIFIED = str.maketrans("億萬畝個區頃戶圓", "亿万亩个区顷户元")


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """``; did you mean 'x'?`` if one of the choices is close to the word, else nothing."""
    choices = list(choices)
    plain = unicodedata.normalize("NFKC", str(word))[:60].casefold().translate(_SIMPLIFIED)
    close = difflib.get_close_matches(plain, choices, 1, 0.6)
    return phrase("word.did_you_mean", close=close[0]) if close else ""


def shown(value: object) -> str:
    """Show a value in a message: one line, at most 60 characters, printable."""
    if isinstance(value, str) and re.fullmatch(r"[\w.-]{1,60}", value):
        return value
    if isinstance(value, dict | list):
        return phrase("word.mapping") if isinstance(value, dict) else phrase("word.list")
    if value is None:
        return phrase("word.nothing")
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= 60 else text[:57] + "..."
