"""Schemas: exact types with a unit, and plain words for what does not fit.

Every table of a pack is a frozen model of exact types that knows all its keys. Every fault that
pydantic finds becomes one line, with the key, its line in the file and the allowed values.
"""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict as Strictness,
    ValidationError,
)
from pydantic_core import ErrorDetails

from xuchang_sim import units
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import NUMBER, Path_, Problem, Source, did_you_mean, shown

__all__ = [
    "Day",
    "Id",
    "Label",
    "Many",
    "Month",
    "Quantity",
    "Strict",
    "UnitName",
    "not_a_number",
    "validate",
]


class Strict(BaseModel):
    """Base of all schemas: exact types, no unknown key, finite numbers, frozen."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,
    )


def _stripped(text: str) -> str:
    if not text.strip():
        message = phrase("schema.empty")
        raise ValueError(message)
    return text.strip()


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    message = phrase("schema.day", value=shown(value))
    raise ValueError(message)


T = TypeVar("T")
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Label = Annotated[str, AfterValidator(_stripped)]
UnitName = Annotated[str, AfterValidator(units.canonical)]
Day = Annotated[date, BeforeValidator(_day)]
Month = Annotated[int, BeforeValidator(units.month_index)]
Many = Annotated[tuple[T, ...], Strictness(strict=False)]
"""A list in the file, a tuple in the code."""


class Quantity(Strict):
    """A number with its unit."""

    value: float
    unit: UnitName


M = TypeVar("M", bound=BaseModel)


def validate(source: Source, model: type[M], problems: list[Problem]) -> tuple[Source, M] | None:
    """Check the data of a file against a schema.

    Unknown keys and faulty entries of lists and tables are reported and set aside, so that what
    remains can be checked further and all faults of a file come at once.

    Parameters
    ----------
    source : Source
        File that was read.
    model : type of BaseModel
        Schema.
    problems : list of Problem
        Faults are appended here, all of the file.

    Returns
    -------
    (Source, model instance) or None
        The file without what was set aside, and its content; None if too little is left.
    """
    if source.data is None:
        problems.append(Problem(source.file, "", 1, phrase("schema.empty_file", keys=_keys(model))))
        return None
    result = {problem.path for problem in problems if problem.file == source.file}
    for attempt in range(3):
        try:
            return source, model.model_validate(source.data)
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            if detail["loc"][-1:] == ("[key]",):  # a wrong key of a table
                detail["loc"] = detail["loc"][:-1]
            path = source.where(detail["loc"])
            inner = detail["type"] == "too_short" and any(x.startswith(path) for x in result)
            if path in result or inner or (attempt and detail["type"] == "missing"):
                continue
            problems.append(source.problem(detail["loc"], _explain(detail, model)))
            result.add(path)
        paths = [_set_aside(detail, source.data) for detail in details]
        if not all(paths):
            return None
        source = source.without(paths)
    return None


def _set_aside(detail: ErrorDetails, data: Any) -> Path_:
    """Path of what to leave out for an error: an unknown key, a list entry, a table entry."""
    path = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return path
    for depth, part in enumerate(path, 1):
        if isinstance(part, int):
            return path[:depth]
    if detail["type"] == "missing":
        return ()
    return path[:2] if len(path) > 1 and isinstance(data.get(path[0]), dict) else path[:1]


_NUMBERS = {"float_type", "int_type", "float_parsing", "int_parsing", "int_from_float"}
_SIGNS = {
    "greater_than": (">", "gt"),
    "greater_than_equal": (">=", "ge"),
    "less_than": ("<", "lt"),
    "less_than_equal": ("<=", "le"),
}
_PLAIN = frozenset(
    {
        "string_type",
        "bool_type",
        "finite_number",
        "tuple_type",
        "list_type",
        "dict_type",
        "string_pattern_mismatch",
        "string_too_long",
        "too_short",
        "too_long",
        "literal_error",
    }
)
"""Kinds of pydantic's errors that have a phrase of their own: ``schema.KIND``."""


def _explain(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """One line for one error of the schema."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        holder = _model_at(model, detail["loc"][:-1]) or model
        return phrase("schema.missing", wanted=_wanted(_names(holder).get(str(detail["loc"][-1]))))
    if kind == "extra_forbidden":
        inner = _model_at(model, detail["loc"][:-1]) or model
        close = did_you_mean(detail["loc"][-1], _names(inner))
        return phrase("schema.unknown_key", close=close, keys=_keys(inner))
    if kind in {"model_type", "model_attributes_type"}:
        keys = _keys(_model_at(model, detail["loc"]) or model)
        return phrase("schema.mapping", value=shown(value), keys=keys)
    if kind in _NUMBERS:
        what = phrase("schema.whole") if kind.startswith("int") else phrase("schema.number")
        return phrase("schema.allowed", not_a_number=not_a_number(value, what), what=what)
    if kind in _SIGNS:
        sign, limit = _SIGNS[kind]
        return phrase("schema.range", value=shown(value), sign=sign, context=context[limit])
    if kind in _PLAIN:
        hint = did_you_mean(value, re.findall("'([^']*)'", str(context.get("expected", ""))))
        choices = str(context.get("expected", "")).replace(" or ", phrase("quantity.or"))
        values = {**context, "shown": shown(value), "hint": hint, "expected": choices}
        return phrase(f"schema.{kind}", **values)
    return phrase("schema.other", reason=detail["msg"])


def _names(model: type[BaseModel]) -> dict[str, Any]:
    """Annotations of a schema by key."""
    return {f.alias or name: f.annotation for name, f in model.model_fields.items()}


def _wanted(annotation: Any) -> str:
    """Say what a key takes, from its annotation."""
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _keys(annotation)
    if get_origin(annotation) is tuple:
        return phrase("schema.list")
    kinds: dict[Any, str] = {
        float: phrase("schema.number"),
        int: phrase("schema.whole"),
        bool: "true, false",
    }
    inner = [part for part in get_args(annotation) if part is not type(None)]
    return _wanted(inner[0]) if inner else kinds.get(annotation, phrase("schema.text"))


def _keys(model: type[BaseModel]) -> str:
    return phrase("schema.keys", names=", ".join(_names(model)))


def _model_at(model: type[BaseModel], path: Path_) -> type[BaseModel] | None:
    """Return the schema of the mapping at `path`, if it has one."""
    here: Any = model
    for part in path:
        if isinstance(here, type) and issubclass(here, BaseModel) and isinstance(part, str):
            here = _inner(_names(here).get(part))
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _inner(annotation: Any) -> Any:
    """Return the schema inside an annotation such as ``tuple[Row, ...]`` or ``Row | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((result for part in get_args(annotation) if (result := _inner(part))), None)


def not_a_number(value: object, what: str = "") -> str:
    """Say that a value is not a number, with a guess at the slip."""
    what = what or phrase("schema.number")
    return phrase("schema.not_a_number", what=what, value=shown(value), slip=_slip(value))


def _slip(value: object) -> str:
    if not isinstance(value, str):
        return ""
    plain = unicodedata.normalize("NFKC", value).strip()
    if NUMBER.fullmatch(plain):
        slip = phrase("schema.in_quotes") if plain == value else phrase("schema.full_width")
        return phrase("schema.slip", slip=slip, plain=plain)
    if NUMBER.fullmatch(bare := plain.replace(",", "").replace("_", "")):
        return phrase("schema.separators", bare=bare)
    if re.fullmatch(r"[-+]?(nan|inf|infinity)", plain.lower()):
        return phrase("schema.infinite")
    if match := re.fullmatch(r"([-+]?[0-9.]+) ?(\D+)", plain):
        return phrase("schema.apart", found=match[1], found2=match[2])
    return ""
