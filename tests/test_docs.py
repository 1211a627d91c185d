"""What the pages promise is true: their code runs, their files load, their commands exist."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import xuchang_sim
from xuchang_sim.cli import app
from xuchang_sim.pack.load import load_pack, validate_path

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("tutorial.md", "howto_report.md", "howto_new_city.md")


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("page", PAGES[:2])
def test_code_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = blocks(page, "python")
    assert found
    for code in found:
        exec(code.replace("replicates=200", "replicates=10"), {})  # noqa: S102 - our own page
    assert list(tmp_path.glob("*.png"))


def test_scenario_of_the_tutorial_loads(tmp_path: Path) -> None:
    (text,) = blocks("tutorial.md", "yaml")
    path = tmp_path / "more_land.yaml"
    path.write_text(text, encoding="utf-8")
    assert validate_path(path) == []


def test_scenario_with_own_months_loads(tmp_path: Path) -> None:
    (text,) = blocks("outlook.md", "yaml")
    (tmp_path / "cold.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "m2.csv").write_text("date,value\n2012-05,13.2\n", encoding="utf-8")
    assert validate_path(tmp_path / "cold.yaml") == []


@pytest.mark.parametrize("page", [PAGES[0], PAGES[2]])
def test_commands_exist(page: str) -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    asked = {
        words
        for block in blocks(page, "sh")
        for words in re.findall(r"^xuchang-sim (\w+)", block, re.MULTILINE)
    }
    assert asked
    assert asked <= known


def test_how_to_names_what_scales_and_what_drives() -> None:
    """The page's lists of parameters and series are those of the example and of the outlook."""
    from xuchang_sim.forecast.drivers import SOURCES
    from xuchang_sim.pack.load import shipped

    text = (DOCS / "howto_new_city.md").read_text(encoding="utf-8")
    example, first = load_pack(shipped()[-1]), load_pack()
    scaled = {
        name
        for name, parameter in example.parameters.items()
        if parameter.default != first.parameters[name].default
    }
    for name in (*SOURCES, *scaled):
        assert f"`{name}`" in text, name


def test_how_a_change_is_made_names_places_that_exist() -> None:
    """Files, modules and classes of the page are those of the library."""
    text = (DOCS / "changes.md").read_text(encoding="utf-8")
    files = set(re.findall(r"(?:src|tests|docs)/[\w/.-]+\.(?:py|yaml|md)", text))
    assert len(files) >= 10
    assert [name for name in files if not (DOCS.parent / name).exists()] == []
    forms = re.findall(r"^\d+\. `([\w.]+)\.(\w+)`", text, re.MULTILINE)
    assert len(forms) >= 8
    for module, name in forms:
        assert hasattr(import_module(f"xuchang_sim.{module}"), name), (module, name)


def documented() -> list[str]:
    """Functions on the reference page, and those that the package offers by name."""
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = re.findall(r"autofunction:: ([\w.]+)", page)
    offered = [
        f"xuchang_sim.{n}"
        for n in xuchang_sim.__all__
        if inspect.isfunction(getattr(xuchang_sim, n))
    ]
    return sorted({*listed, *offered})


@pytest.mark.parametrize("name", documented())
def test_every_public_function_has_an_example_which_make_docs_runs(name: str) -> None:
    home, _, attribute = name.rpartition(".")
    text = inspect.getdoc(getattr(import_module(home), attribute)) or ""
    assert "Examples" in text
    assert ">>> " in text
