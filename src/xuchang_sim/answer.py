"""Answers: declared once, they give plain data, JSON with its schema, a data frame and a table.

One module because plain data, its JSON Schema and the class that declares both follow one walk
through the annotations.

A class names the keys of its JSON (``KEYS``); the annotation of the attribute behind a key is the
declaration: it says how the value is written, what its JSON Schema is and, with :class:`Unit`, in
which unit it is counted. Nested records are named tuples or typed dictionaries.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    NoReturn,
    NotRequired,
    TypedDict,
    Union,
)

from xuchang_sim.deferred import deferred
from xuchang_sim.htmltable import html_table

with deferred():
    import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import xarray as xr

__all__ = [
    "NAN",
    "Answer",
    "Extra",
    "MaybeNan",
    "MaybeProbability",
    "Probability",
    "Share",
    "Spread",
    "Unit",
    "plain",
    "schema_of",
]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SHOWN_ROWS, SHOWN_COLUMNS = 12, 7  # of a notebook's table


class Unit(NamedTuple):
    """Unit of a number, for ``Annotated[float, Unit("亿元", "what it is")]``.

    Parameters
    ----------
    name : str
        As in :mod:`xuchang_sim.units`.
    text : str
        Description for the schema.
    """

    name: str
    text: str = ""


class Extra(NamedTuple):
    """Values of a typed dictionary's undeclared keys: ``Annotated[Row, Extra(float)]``."""

    kind: Any


class MayBeNan(NamedTuple):
    """Note on a number that is NaN where it is not defined.

    Plain data leaves its key out; in a list it is None, null in JSON.
    """


NAN = MayBeNan()
MaybeNan = Annotated[float, NAN]
Probability = Annotated[float, Unit("比例", "probability")]
MaybeProbability = Annotated[float, Unit("比例", "probability"), NAN]
Share = Annotated[float, Unit("比例", "share")]


class Spread(TypedDict):
    """Mean and quantiles of simulated outcomes."""

    mean: float
    median: float
    q05: float
    q95: float


class Answer:
    """Base of all answers.

    Attributes
    ----------
    KEYS : tuple of str
        Keys of the JSON, in order. The value is the attribute of this name, or of the name that
        ``ALIASES`` gives, where another attribute has it already.
    OPTIONAL : frozenset of str
        Keys that are left out when the value is None.
    ROWS : str
        Key whose value is a list of records: the rows of :meth:`to_frame`.
    COLUMNS : tuple of str
        Columns that a notebook's table shows; by default the first ones.

    Examples
    --------
    >>> from xuchang_sim import compare
    >>> answer = compare("plan", "land_high", replicates=4)
    >>> answer.to_dict()["scenarios"] if "scenarios" in answer.to_dict() else answer.to_dict()["b"]
    'land_high'
    """

    KEYS: ClassVar[tuple[str, ...]] = ()
    ALIASES: ClassVar[Mapping[str, str]] = {}
    OPTIONAL: ClassVar[frozenset[str]] = frozenset()
    ROWS: ClassVar[str] = ""
    COLUMNS: ClassVar[tuple[str, ...]] = ()

    def to_dict(self, *, undefined: float | None = None) -> dict[str, Any]:
        """Return plain data, in the shape of the command line's contract.

        Parameters
        ----------
        undefined : float, optional
            What stands for a number that is not defined (an interval of one replicate, a share of
            nothing). By default its key is left out, in a list it is None; NaN is for whoever
            formats numbers.

        Raises
        ------
        ValueError
            If a number is not finite where one is promised, or a record has other keys than it
            declares.
        """
        return dict(self._items(self.KEYS, undefined))

    def _items(
        self, keys: Sequence[str], undefined: float | None = None
    ) -> Iterator[tuple[str, Any]]:
        for key in keys:
            value = getattr(self, self.ALIASES.get(key, key))
            if value is None and key in self.OPTIONAL:
                continue
            written = _Place("", None, undefined).write(value, self._hint(key), key)
            if written is not UNDEFINED:
                yield key, written

    @classmethod
    def _hint(cls, key: str) -> Any:
        """Annotation behind a key, as an object."""
        name = cls.ALIASES.get(key, key)
        for base in cls.__mro__:
            said: Any = inspect.get_annotations(base).get(name)
            result = vars(base).get(name)
            function = getattr(result, "func", getattr(result, "fget", None))
            if said is None and function is not None:
                said = function.__annotations__.get("return")
            if said is not None:
                return _resolved(said, base.__module__)
        message = f"{cls.__name__}.{name} has no annotation"
        raise TypeError(message)

    @classmethod
    def _text(cls, key: str) -> str:
        """First line of what documents a key; empty if nothing does."""
        name = cls.ALIASES.get(key, key)
        result: Any = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
        function = getattr(result, "func", getattr(result, "fget", None))
        return _first_line(function)

    def to_json(self, indent: int | None = None) -> str:
        """Return :meth:`to_dict` as JSON text; no ``NaN`` and no ``Infinity``."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=indent)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of :meth:`to_dict`.

        A number with a unit has it as ``x-unit``. A number that need not be there is not defined
        where it is missing: an interval of one replicate, a share of nothing.
        """
        shared: dict[str, Any] = {}
        result = {"$schema": DIALECT, "title": cls.__name__} | cls.schema_part(shared)
        return result | ({"$defs": shared} if shared else {})

    @classmethod
    def schema_part(cls, shared: dict[str, Any]) -> dict[str, Any]:
        """Return the schema without what heads a document; records are put into ``shared``."""
        properties = {}
        for key in cls.KEYS:
            hint = cls._hint(key)
            if key in cls.OPTIONAL:
                hint = _without_none(hint)
            text = cls._text(key)
            properties[key] = schema_of(hint, shared) | ({"description": text} if text else {})
        return {
            "description": _first_line(cls),
            "type": "object",
            "properties": properties,
            "required": [
                key for key in cls.KEYS if key not in cls.OPTIONAL and not _may_lack(cls._hint(key))
            ],
            "additionalProperties": False,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the answer's rows as a data frame, one record a row.

        Keys of nested records are joined by a point. ``attrs["units"]`` has the unit of every
        column that has one of its own; where the rows differ, the column ``unit`` says it.
        """
        if not self.ROWS:
            message = f"{type(self).__name__} has no rows; use to_dict()"
            raise TypeError(message)
        rows = dict(self._items((self.ROWS,), math.nan))[self.ROWS]
        frame = pd.DataFrame([dict(_flat(row)) for row in rows])
        units = dict(_units(_element(self._hint(self.ROWS))))
        frame.attrs["units"] = {name: units[name] for name in frame.columns if name in units}
        return frame

    def to_xarray(self, topic: str = "") -> xr.Dataset:  # noqa: ARG002 - overridden where declared
        """Return arrays with named dimensions and units, where an answer has them.

        Raises
        ------
        TypeError
            If this answer has none.
        """
        message = (
            f"{type(self).__name__} has no arrays with dimensions; use to_frame() or to_dict()"
        )
        raise TypeError(message)

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return type(self).__name__

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        if not self.ROWS:
            rows: list[Any] = [
                {"key": k, "value": v}
                for k, v in self._items([k for k in self.KEYS if k != "manifest"])
                if not isinstance(v, dict | list)
            ]
        else:
            rows = [
                dict(_flat(row)) for row in dict(self._items((self.ROWS,), math.nan))[self.ROWS]
            ]
        heads = self.COLUMNS or tuple(dict.fromkeys(k for row in rows[:1] for k in row))
        heads = heads[:SHOWN_COLUMNS]
        cells = [[_cell(row.get(head)) for head in heads] for row in rows[:SHOWN_ROWS]]
        if len(rows) > SHOWN_ROWS:
            cells.append([f"… {len(rows) - SHOWN_ROWS} more", *[""] * (len(heads) - 1)])
        return html_table(self.title, heads, cells)

    def content(self, *, undefined: float | None = None) -> dict[str, Any]:
        """Return :meth:`to_dict` without the manifest, which asks the checkout for its state."""
        return dict(self._items([key for key in self.KEYS if key != "manifest"], undefined))

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, whatever made them: the manifest is not compared."""
        if not isinstance(other, Answer) or type(other) is not type(self):
            return NotImplemented
        return self.content() == other.content()

    def __hash__(self) -> int:
        """Hash of what the answer says."""
        return hash(json.dumps(self.content(), sort_keys=True))


# ------------------------------------------------------------------------------------- plain data


def plain(value: Any, hint: Any = Any, where: str = "", *, undefined: float | None = None) -> Any:
    """Return a value as JSON has it, checked against its declared type.

    Parameters
    ----------
    value
        Numbers of numpy, tuples, named tuples, mappings and dates are turned into plain ones.
    hint
        The declared type. NaN is refused where the type does not allow for it (:data:`MaybeNan`).
    where : str
        Name of the place for messages.
    undefined : float, optional
        What stands for a number that is not defined.

    Raises
    ------
    ValueError
        If the value is not of the declared type.
    """
    written = _Place("", None, undefined).write(value, hint, where)
    return None if written is UNDEFINED else written


#: Placeholder for a number that is not defined, until it is left out.
UNDEFINED: Any = object()


class _Place(NamedTuple):
    """Where a value stands: its name, the type of undeclared keys, what an undefined number is."""

    name: str
    extra: Any
    undefined: float | None

    def write(self, value: Any, hint: Any, step: str) -> Any:
        """Write a value one step further in."""
        if isinstance(value, float) and math.isnan(value) and _may_lack(hint):
            return UNDEFINED if self.undefined is None else self.undefined
        core, extra = _unwrapped(hint)
        return _write(value, core, _Place(f"{self.name}{step}", extra, self.undefined))

    def refuse(self, text: str) -> NoReturn:
        """Refuse the value, naming the place."""
        message = f"{self.name}: {text}"
        raise ValueError(message)


def _write(value: Any, core: Any, at: _Place) -> Any:
    if core is Any or core is object:
        return _any(value, at)
    if _is_union(core):
        return _union(value, core, at)
    if typing.get_origin(core) is Literal:
        if value not in typing.get_args(core):
            at.refuse(f"{value!r} is none of {typing.get_args(core)}")
        return value
    if typing.is_typeddict(core):
        return _typed_dict(value, core, at)
    if _is_named_tuple(core):
        if not isinstance(value, core):
            at.refuse(f"{value!r} is no {core.__name__}")
        hints = _hints(core)
        return _defined(
            (k, at.write(getattr(value, k), hint, f".{k}")) for k, hint in hints.items()
        )
    if isinstance(core, type) and core in _SCALARS:
        return _scalar(value, core, at)
    if isinstance(core, type) and issubclass(core, Answer):
        if not isinstance(value, core):
            at.refuse(f"{value!r} is no {core.__name__}")
        return value.to_dict(undefined=at.undefined)
    if _is_a(core, Mapping):
        if not isinstance(value, Mapping):
            at.refuse(f"{value!r} is no mapping")
        kind = (*typing.get_args(core), Any, Any)[1]
        return _defined((k, at.write(item, kind, f".{k}")) for k, item in value.items())
    if _is_a(core, Sequence):
        items = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(items, str | Mapping) or not isinstance(items, Sequence):
            at.refuse(f"{value!r} is no list")
        kind = _element(core)
        written = [at.write(item, kind, f"[{n}]") for n, item in enumerate(items)]
        return [None if item is UNDEFINED else item for item in written]
    message = f"{core!r} has no form in JSON"
    raise TypeError(message)


def _defined(items: Iterable[tuple[object, Any]]) -> dict[str, Any]:
    """Keys whose value is defined."""
    return {str(key): value for key, value in items if value is not UNDEFINED}


def _any(value: Any, at: _Place) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if hasattr(value, "tolist"):  # a scalar or an array of numpy
        return _any(value.tolist(), at)
    if isinstance(value, int | float):
        return _scalar(value, type(value), at)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "_asdict"):
        return _any(value._asdict(), at)
    if isinstance(value, Mapping):
        return {str(key): at.write(item, Any, f".{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [at.write(item, Any, f"[{n}]") for n, item in enumerate(value)]
    return at.refuse(f"{value!r} has no form in JSON")


def _scalar(value: Any, core: Any, at: _Place) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if core is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if core is date and isinstance(value, date):
        return value.isoformat()
    if core is str and isinstance(value, str):
        return str(value)
    if type(value) is not core:
        at.refuse(f"{value!r} is no {core.__name__}")
    if core is float and not math.isfinite(value):
        at.refuse(f"{value} is no number of JSON")
    return value


def _union(value: Any, core: Any, at: _Place) -> Any:
    kinds = typing.get_args(core)
    if value is None and type(None) in kinds:
        return None
    faults = []
    for kind in kinds:
        try:
            return at.write(value, kind, "")
        except ValueError as error:
            faults.append(str(error))
    raise ValueError("; ".join(faults))


def _typed_dict(value: Any, core: Any, at: _Place) -> Any:
    if not isinstance(value, Mapping):
        at.refuse(f"{value!r} is no {core.__name__}")
    hints = _hints(core)
    missing = sorted(_required(core) - value.keys())
    unknown = [key for key in value if key not in hints] if at.extra is None else []
    if missing or unknown:
        at.refuse(f"{core.__name__} lacks {missing}, has undeclared {unknown}")
    return _defined(
        (key, at.write(item, hints.get(key, at.extra), f".{key}")) for key, item in value.items()
    )


# ------------------------------------------------------------------------------------- JSON Schema

_SCALARS: dict[type, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    date: {"type": "string", "format": "date"},
    type(None): {"type": "null"},
}


def schema_of(hint: Any, shared: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a declared type.

    Parameters
    ----------
    hint
        The type; records are put into ``shared`` by their name and referred to.
    shared : dict
        The definitions so far; new ones are added.
    """
    core, extra = _unwrapped(hint)
    entries = _schema(core, extra, shared)
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Unit):
            entries = entries | {"x-unit": note.name}
            entries |= {"description": note.text} if note.text else {}
    return entries


def _schema(core: Any, extra: Any, shared: dict[str, Any]) -> dict[str, Any]:
    if core is Any or core is object:
        return {}
    if _is_union(core):
        parts = [schema_of(kind, shared) for kind in typing.get_args(core)]
        if all(part.keys() <= {"type", "x-unit", "description"} for part in parts):
            merged: dict[str, Any] = {}
            for part in parts:
                merged |= {key: value for key, value in part.items() if key != "type"}
            return {"type": _types(parts)} | merged
        return {"anyOf": parts}
    if typing.get_origin(core) is Literal:
        return {"enum": list(typing.get_args(core))}
    if typing.is_typeddict(core) or _is_named_tuple(core):
        return _record(core, extra, shared)
    if isinstance(core, type) and core in _SCALARS:
        return dict(_SCALARS[core])
    if isinstance(core, type) and issubclass(core, Answer):
        return core.schema_part(shared)
    if _is_a(core, Mapping):
        kind = (*typing.get_args(core), Any, Any)[1]
        return {"type": "object", "additionalProperties": schema_of(kind, shared)}
    if _is_a(core, Sequence):
        items = schema_of(_element(core), shared)
        if _may_lack(_element(core)):
            items = items | {"type": [items["type"], "null"]}
        return {"type": "array", "items": items}
    message = f"{core!r} has no form in JSON"
    raise TypeError(message)


def _types(parts: list[dict[str, Any]]) -> list[str]:
    """Names of the types of schemas, each once."""
    entries: dict[str, None] = {}
    for part in parts:
        names = part["type"]
        entries |= dict.fromkeys([names] if isinstance(names, str) else names)
    return list(entries)


def _record(core: Any, extra: Any, shared: dict[str, Any]) -> dict[str, Any]:
    name = core.__name__ if extra is None else f"{core.__name__}With{_name(extra)}"
    if name not in shared:
        shared[name] = {}  # so that a record may hold itself
        hints = _hints(core)
        shared[name] = {
            "type": "object",
            "description": _first_line(core),
            "properties": {key: schema_of(kind, shared) for key, kind in hints.items()},
            "required": [key for key in hints if key in _required(core)],
            "additionalProperties": False if extra is None else schema_of(extra, shared),
        }
    return {"$ref": f"#/$defs/{name}"}


# ------------------------------------------------------------------------------------- declarations


def _resolved(said: Any, module: str) -> Any:
    """Annotation as an object; text is looked up in its module."""
    if not isinstance(said, str):
        return said
    holder = types.SimpleNamespace(__annotations__={"it": said})
    return typing.get_type_hints(holder, vars(sys.modules[module]), include_extras=True)["it"]


@cache
def _hints(record: Any) -> dict[str, Any]:
    """Types of a record's fields; ``NotRequired`` taken off."""
    result = typing.get_type_hints(record, include_extras=True)
    return {
        name: typing.get_args(kind)[0] if typing.get_origin(kind) is NotRequired else kind
        for name, kind in result.items()
    }


@cache
def _required(record: Any) -> frozenset[str]:
    """Keys that a record must have: read from the types, as annotations may be text."""
    result = typing.get_type_hints(record, include_extras=True)
    return frozenset(
        name
        for name, kind in result.items()
        if typing.get_origin(kind) is not NotRequired and not _may_lack(kind)
    )


def _unwrapped(hint: Any) -> tuple[Any, Any]:
    """Type without its notes, and the type of undeclared keys if a note has it."""
    if typing.get_origin(hint) is not Annotated:
        return hint, None
    extra = next((note.kind for note in hint.__metadata__ if isinstance(note, Extra)), None)
    return typing.get_args(hint)[0], extra


def _may_lack(hint: Any) -> bool:
    """Whether a type allows for a number that is not defined."""
    if _is_union(hint):
        return any(_may_lack(kind) for kind in typing.get_args(hint))
    return NAN in getattr(hint, "__metadata__", ())


def _element(core: Any) -> Any:
    inner, _ = _unwrapped(core)
    kinds = [kind for kind in typing.get_args(inner) if kind is not ...]
    return kinds[0] if kinds else Any


def _without_none(hint: Any) -> Any:
    if not _is_union(hint):
        return hint
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 else Union[tuple(kinds)]  # noqa: UP007 - made at run time


def _is_union(core: Any) -> bool:
    return typing.get_origin(core) in {Union, types.UnionType}


def _is_named_tuple(core: Any) -> bool:
    return isinstance(core, type) and issubclass(core, tuple) and hasattr(core, "_fields")


def _is_a(core: Any, kind: type) -> bool:
    origin = typing.get_origin(core) or core
    return isinstance(origin, type) and issubclass(origin, kind)


def _name(kind: Any) -> str:
    inner, _ = _unwrapped(kind)
    return getattr(inner, "__name__", "Value").capitalize()


def _first_line(thing: Any) -> str:
    text = (getattr(thing, "__doc__", None) or "").strip()
    return text.split("\n\n")[0].replace("\n", " ").strip() if text else ""


# ------------------------------------------------------------------------------------- rows


def _flat(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _units(record: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Units of the columns of a record."""
    core, _ = _unwrapped(record)
    if _is_union(core):
        for kind in typing.get_args(core):
            yield from _units(kind, before)
        return
    if not (typing.is_typeddict(core) or _is_named_tuple(core)):
        return
    for key, kind in _hints(core).items():
        notes = [note for part in (kind, *typing.get_args(kind)) for note in _notes(part)]
        if notes:
            yield f"{before}{key}", notes[0].name
        yield from _units(_without_none(kind), f"{before}{key}.")


def _notes(hint: Any) -> list[Unit]:
    return [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Unit)]


def _cell(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "–"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return str(value)
