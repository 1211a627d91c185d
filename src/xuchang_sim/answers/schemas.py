"""Schemas: what each command prints with ``--json``, as a JSON Schema made from the same declarations."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from typing import Any, TypedDict

from xuchang_sim.answer import DIALECT, Answer, schema_of
from xuchang_sim.answers.audit import AuditRow
from xuchang_sim.definitions import tables
from xuchang_sim.pack.plan import Row
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean

__all__ = ["COMMANDS", "schema"]


class Checks(TypedDict):
    """``plan --check``: the plan's own arithmetic, checked."""

    checks: list[AuditRow]


#: Types of what a command prints, or a report writes, by module and name: one for each form it has.
COMMANDS: dict[str, tuple[str, ...]] = {
    "assess": ("assess:Assessment",),
    "matrix": ("matrix:MatrixResult",),
    "outlook": ("outlook:Outlook", "outlook:SeriesForecast", "outlook:SeriesFolder"),
    "definitions": ("schemas:Definitions",),
    "plan": ("schemas:PlanRows", "schemas:Checks"),
    "compare": ("compare:Comparison",),
    "explain": ("explain:Explanation",),
    "bundle": ("packages:BundleResult",),
    "frontier": ("frontier:Frontier",),
    "sensitivity": ("sensitivity:Sensitivity",),
    "discover": ("discovery:Discovery",),
    "classes": ("classes:Classes",),
    "facts": ("facts:Facts", "uncertainty:Uncertainty"),
    "calibrate": ("calibration:CalibrationReport",),
    "hindcast": ("hindcast:HindcastRecord",),
    "sweep": ("sweep:Sweep", "sweep:RerunRow"),
    "report": ("dossier:Dossier",),
}


class Definitions(Answer):
    """``definitions``: one table of what the model defines."""

    @classmethod
    def schema_part(cls, shared: dict[str, Any]) -> dict[str, Any]:
        """Return a schema whose rows have the fields of the definitions themselves."""
        rows = {}
        for table, entries in tables.TABLES.items():
            kind = type(next(iter(entries().values())))
            rows[table] = {"type": "array", "items": {"$ref": f"#/$defs/{kind.__name__}"}}
            names = [field.name for field in fields(kind)]
            shared[kind.__name__] = {
                "type": "object",
                "properties": {name: {} for name in names} | {"id": {"type": "string"}},
                "required": names,
                "additionalProperties": False,
            }
        return {
            "description": "One table of what the model defines.",
            "type": "object",
            "properties": rows,
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }


class PlanRows(Answer):
    """``plan``: the rows of the plan, as its file has them."""

    @classmethod
    def schema_part(cls, shared: dict[str, Any]) -> dict[str, Any]:
        """Return the schema that checks the file itself, in the form in which rows are printed."""
        schema = Row.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
        shared |= schema.pop("$defs", {})
        shared["Row"] = schema
        return {
            "description": "The rows of the plan.",
            "type": "object",
            "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}}},
            "required": ["rows"],
            "additionalProperties": False,
        }


def schema(command: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what a command prints with ``--json``, or ``report`` writes.

    Parameters
    ----------
    command : str
        One of :data:`COMMANDS`.

    Raises
    ------
    InputError
        If no command of this name prints JSON.
    """
    if command not in COMMANDS:
        close = did_you_mean(command, COMMANDS)
        text = phrase("ask.no_json", close=close, commands=", ".join(COMMANDS))
        raise InputError([Problem(command, "", 0, text)])
    shared: dict[str, Any] = {}
    forms = [schema_of(_type(name), shared) for name in COMMANDS[command]]
    head = {"$schema": DIALECT, "title": f"JSON of xuchang-sim {command}"}
    body = forms[0] if len(forms) == 1 else {"anyOf": forms}
    return head | body | ({"$defs": shared} if shared else {})


def _type(name: str) -> Any:
    module, _, kind = name.partition(":")
    return getattr(import_module(f"xuchang_sim.answers.{module}"), kind)
