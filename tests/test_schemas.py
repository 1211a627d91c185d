"""Every command prints what its published schema says, and nothing that the schema does not name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from typer.testing import CliRunner

from xuchang_sim import Study, units
from xuchang_sim.answer import Answer, Extra, MaybeNan, Unit, plain, schema_of
from xuchang_sim.answers.schemas import COMMANDS, schema
from xuchang_sim.cli import app
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.yamlfile import InputError

EXAMPLE = shipped()[-1].name
SMALL = ("--pack", EXAMPLE, "--json")
SERIES = Path(__file__).parent / "forecast" / "data"
#: How each command is asked, in each form it has.
WORDS: dict[str, tuple[str, ...]] = {
    "assess": ("assess", "-n", "6", *SMALL),
    "assess of one replicate": ("assess", "-n", "1", *SMALL),
    "matrix": ("matrix", "-n", "2", *SMALL),
    "matrix earlier": ("matrix", "-n", "2", "--earlier", *SMALL),
    "outlook": ("outlook", "-n", "20", *SMALL),
    "outlook series": ("outlook", "--series", "SERIES", "--horizon", "2", "--json"),
    "outlook folder": ("outlook", "--series", "FOLDER", "--horizon", "2", "--json"),
    "definitions": ("definitions", "measures", "--json"),
    "definitions of levers": ("definitions", "levers", "--json"),
    "plan": ("plan", *SMALL),
    "plan of a city": ("plan", "--json"),
    "plan check": ("plan", "--check", "--json"),
    "classes": ("classes", "-n", "8", *SMALL),
    "compare": ("compare", "no_plan", "plan", "-n", "4", *SMALL),
    "compare of one replicate": ("compare", "no_plan", "plan", "-n", "1", *SMALL),
    "explain": ("explain", "-n", "4", *SMALL),
    "bundle": (
        *("bundle", "--goal", "workers", "-n", "20", "--p", "0.3", "--factors", "land,labour"),
        *("--seed", "7", *SMALL),
    ),
    "bundle out of reach": (
        *("bundle", "--goal", "revenue", "-n", "40", "--p", "0.9", "--factors", "land", *SMALL),
        *("--base", "plan", "--robust", "0"),
    ),
    "frontier": ("frontier", "-n", "8", *SMALL),
    "sensitivity": ("sensitivity", "--size", "2", "-n", "1", "--factors", "land,finance", *SMALL),
    "sensitivity sobol": (
        *("sensitivity", "--method", "sobol", "--size", "4", "-n", "1"),
        *("--factors", "land,realised_yield", *SMALL),
    ),
    "discover": ("discover", "-n", "60", *SMALL),
    "sweep": ("sweep", "FILE", "--out", "OUT", *SMALL),
    "report": ("report", "-n", "4", "-o", "WRITTEN", "--pack", EXAMPLE),
    "sweep rerun": ("sweep", "FILE", "--out", "OUT", "--rerun", "1", *SMALL),
}
#: Forms that take minutes: their declarations are checked where the answers themselves are tested.
LONG = {"facts", "calibrate", "hindcast"}


def asked(words: tuple[str, ...], folder: Path) -> dict[str, Any]:
    design = folder / "points.csv"
    design.write_text("land\nhigh\n", encoding="utf-8")
    series = folder / "series.csv"
    rows = "".join(f"{1990 + k},{100 * 1.1**k + 3 * (k % 4)}\n" for k in range(22))
    series.write_text(f"date,value\n{rows}", encoding="utf-8")
    (folder / "series").mkdir()
    (folder / "series" / "one.csv").write_text(series.read_text(encoding="utf-8"), encoding="utf-8")
    places = {"FILE": str(design), "OUT": str(folder / "out"), "SERIES": str(series)}
    places["FOLDER"] = str(folder / "series")
    written = folder / "written.json"
    places["WRITTEN"] = str(written)
    done = CliRunner().invoke(app, [places.get(word, word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    text = written.read_text(encoding="utf-8") if "WRITTEN" in words else done.stdout
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("form", WORDS)
def test_output_is_what_the_schema_says(form: str, tmp_path: Path) -> None:
    published = schema(WORDS[form][0])
    Draft202012Validator.check_schema(published)
    validator = Draft202012Validator(published)
    data = asked(WORDS[form], tmp_path)
    validator.validate(data)
    with pytest.raises(ValidationError):
        validator.validate({"more": 1} if "failure" in data else data | {"more": [[]]})
    if form != "sweep rerun":  # whose columns are those of the sweep
        for key in published.get("required", ()):
            with pytest.raises(ValidationError):
                validator.validate({k: v for k, v in data.items() if k != key})


def test_every_command_with_json_has_a_schema_and_is_tried() -> None:
    with_json = {
        command.callback.__name__
        for command in app.registered_commands
        if command.callback is not None and "json" in command.callback.__annotations__
    }
    assert with_json | {"report"} == set(COMMANDS)  # whose file may be JSON
    assert {words[0] for words in WORDS.values()} == set(COMMANDS) - LONG


@pytest.mark.parametrize("command", COMMANDS)
def test_schemas_are_closed_and_their_units_are_units(command: str) -> None:
    published = schema(command)
    Draft202012Validator.check_schema(published)
    seen = 0

    def look(part: Any) -> None:
        nonlocal seen
        if isinstance(part, dict):
            if part.get("type") == "object" and "properties" in part:
                assert "additionalProperties" in part, part
            if "x-unit" in part:
                units.parse(part["x-unit"])
                seen += 1
            for value in part.values():
                look(value)
        elif isinstance(part, list):
            for value in part:
                look(value)

    look(published)
    # Rows of these are in the unit that stands beside them, or that of the measure they name.
    own = {"plan", "sweep", "compare", "frontier", "sensitivity", "facts", "definitions"}
    assert seen or command in own


def test_an_unknown_command_is_refused_with_what_was_meant() -> None:
    with pytest.raises(InputError, match="prints no JSON; did you mean 'assess'"):
        schema("asses")
    done = CliRunner().invoke(app, ["schema", "assess"])
    assert json.loads(done.stdout) == schema("assess")


def test_facts_are_as_declared() -> None:
    found = Study(replicates=200, parameters="sampled").facts()
    Draft202012Validator(schema("facts")).validate(json.loads(found.to_json()))
    assert found.to_frame().loc[0, "id"]


def test_the_shipped_posterior_is_as_declared() -> None:
    posterior = load_pack().posterior
    assert posterior is not None
    Draft202012Validator(schema("calibrate")).validate(posterior.report)


# ------------------------------------------------------------------------------ declarations


class Part(NamedTuple):
    """A part."""

    name: str
    value: MaybeNan


class Whole(TypedDict):
    """A whole."""

    parts: list[Part]
    kind: Literal["one", "two"]
    size: Annotated[float, Unit("亿元", "how large")] | None
    more: NotRequired[int]


Open = Annotated[Whole, Extra(float)]


class Small(Answer):
    """A small answer."""

    KEYS = ("whole", "count", "late")
    ALIASES = {"count": "number"}  # noqa: RUF012
    OPTIONAL = frozenset({"late"})
    ROWS = "whole"

    def __init__(self, value: float, late: str | None = None) -> None:
        self.value = value
        self.late = late

    late: str | None

    @property
    def whole(self) -> list[Whole]:
        """Wholes."""
        return [{"parts": [Part("a", self.value)], "kind": "one", "size": np.float64(2)}]

    @property
    def number(self) -> int:
        """How many."""
        return 3


def test_a_number_that_is_not_defined_is_left_out() -> None:
    found = Small(float("nan"))
    assert found.to_dict()["whole"][0]["parts"] == [{"name": "a"}]
    assert plain([1.0, float("nan")], list[MaybeNan], "x") == [1.0, None]
    told = found.to_dict(undefined=float("nan"))["whole"][0]["parts"][0]["value"]
    assert told != told  # noqa: PLR0124
    assert json.loads(found.to_json()) == found.to_dict()
    assert "late" not in found.to_dict()
    assert Small(1.0, "x").to_dict()["late"] == "x"
    for value in (float("inf"), float("-inf"), "2", True):
        with pytest.raises(ValueError, match=r"whole\[0\].parts\[0\].value"):
            Small(value).to_dict()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nan is no number of JSON"):
        plain(float("nan"), float, "x")


def test_equality_and_frames_of_a_small_answer() -> None:
    assert Small(1.0) == Small(1.0)
    assert Small(1.0) != Small(2.0)
    assert len({Small(1.0), Small(1.0), Small(2.0)}) == 2
    frame = Small(1.0).to_frame()
    assert frame.attrs["units"] == {"size": "亿元"}
    assert "<table>" in Small(1.0)._repr_html_()
    Draft202012Validator(Small.schema()).validate(Small(1.0).to_dict())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"parts": [], "kind": "one"}, r"lacks \['size'\]"),
        ({"parts": [], "kind": "one", "size": 1.0, "odd": 1}, r"undeclared \['odd'\]"),
        ({"parts": [], "kind": "three", "size": 1.0}, "'three' is none of"),
        ({"parts": "ab", "kind": "one", "size": 1.0}, "is no list"),
        ({"parts": [], "kind": "one", "size": 1.0, "more": 1.5}, "1.5 is no int"),
    ],
)
def test_a_record_that_is_not_as_declared_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plain(value, Whole, "whole")


def test_open_records_take_more_keys_of_one_kind() -> None:
    value: dict[str, Any] = {"parts": [], "kind": "one", "size": None, "land": 1.0}
    assert plain(value, Open, "x") == value
    with pytest.raises(ValueError, match=r"x\.land"):
        plain(value | {"land": "high"}, Open, "x")
    shared: dict[str, Any] = {}
    published = schema_of(Open, shared) | {"$defs": shared}
    Draft202012Validator(published).validate(value)
    with pytest.raises(ValidationError):
        Draft202012Validator(published).validate(value | {"land": "high"})
