"""Start-up: what is loaded late, by which mechanism, and why."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from xuchang_sim.deferred import Deferred, deferred

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"

#: Modules that wait for their first use, by the reason; the seconds were measured on an empty cache of files.
REASONS = {
    "a table or array is asked for by few users; pandas takes 0.3 s, xarray 0.2 s more": {
        "pandas",
        "xarray",
    },
    "an answer from kept forecasts needs no scipy, which takes 0.1 to 0.5 s": {
        "scipy.optimize",
        "scipy.special",
        "scipy.stats",
        "scipy.stats.qmc",
    },
    "reading a pack needs no arrays; numpy takes 0.1 s": {"numpy"},
    "only what draws needs matplotlib, 0.4 s": {
        "matplotlib",
        "matplotlib.figure",
        "matplotlib.font_manager",
        "matplotlib.ft2font",
        "matplotlib.patches",
        "matplotlib.text",
        "xuchang_sim.report.page",
        "xuchang_sim.report.skillfigures",
    },
    "only a workbook needs openpyxl, 0.2 s": {
        "openpyxl",
        "xuchang_sim.pack.workbook.first_edition",
        "xuchang_sim.pack.workbook.read",
        "xuchang_sim.pack.workbook.write",
        "xuchang_sim.report.book",
    },
    "only a page needs templates": {"jinja2"},
    "only a terminal needs a progress bar": {"rich.console", "rich.progress"},
    "only forecasts that are not kept need the forecaster, or statsmodels, which takes 0.7 s": {
        "xuchang_sim.forecast.forecaster",
        "xuchang_sim.forecast.panel",
    },
    "only the agents' form needs Mesa, 0.5 s": {"xuchang_sim.model.economy"},
    "streams and signals are ready before the commands are loaded": {"xuchang_sim.cli"},
}

#: Modules that defer the library's own modules: a command or a question loads what it asks, no more.
ASKERS = {"cli", "study"}

#: The hash of the rules covers these files, and an edit of one makes the measured skill stale.
SEALED = {
    "xuchang_sim/definitions/tables.py": {"unicodedata"},
    "xuchang_sim/model/build/compile.py": {"msvcrt", "fcntl"},
    "xuchang_sim/model/kernel.py": {"xuchang_sim.model.library"},
}

#: Rich and pyarrow are not among them: what prints or keeps rows of a sweep is about nothing else.
HEAVY = {
    *(
        "dask",
        "jinja2",
        "matplotlib",
        "mesa",
        "openpyxl",
        "pandas",
        "scipy",
        "statsmodels",
        "xarray",
    ),
}
#: Modules that a heavy library is about; their users defer them.
ABOUT_A_LIBRARY = {
    *("forecast.panel", "model.economy", "pack.workbook"),
    *("report.book", "report.page", "report.pictures"),
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Path and tree of every module of the library."""
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(node: ast.stmt) -> set[str]:
    """Modules that an import statement may load."""
    if isinstance(node, ast.Import):
        return {each.name for each in node.names}
    assert isinstance(node, ast.ImportFrom)
    return {node.module or ""}


def test_no_function_imports_anything() -> None:
    inside: dict[str, set[str]] = {}
    for path, tree in modules():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        inside.setdefault(path, set()).update(imported(node))
    assert inside == SEALED


def test_what_is_deferred_exists_and_has_its_reason() -> None:
    named: set[str] = set()
    for path, tree in modules():
        own = path.removeprefix("xuchang_sim/").removesuffix(".py").partition("/")[0]
        for block in tree.body:
            if not isinstance(block, ast.With):
                continue
            assert [ast.unparse(item.context_expr) for item in block.items] == ["deferred()"], path
            for node in block.body:
                assert isinstance(node, ast.Import | ast.ImportFrom)
                prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                waiting = {prefix + each.name for each in node.names}
                if own in ASKERS:
                    assert all(importlib.util.find_spec(each) for each in waiting)
                    waiting = {each for each in waiting if not each.startswith("xuchang_sim.")}
                named |= waiting
    reasoned = set[str]().union(*REASONS.values())
    assert named | {"xuchang_sim.report.skillfigures"} == reasoned
    assert [each for each in sorted(reasoned) if importlib.util.find_spec(each) is None] == []


def test_only_modules_about_a_heavy_library_load_it() -> None:
    """All others can be imported together without one."""
    names = [path.removesuffix(".py").replace("/", ".") for path, _ in modules()]
    light = [
        name.removesuffix(".__init__")
        for name in names
        if not any(f"{name}.".startswith(f"xuchang_sim.{each}.") for each in ABOUT_A_LIBRARY)
    ]
    assert len(light) > 180
    program = (
        "import importlib, sys\n"
        f"for name in {light!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = {sorted(HEAVY)!r}\n"
        "    late = [each for each in heavy if each in sys.modules]\n"
        "    assert not late, (name, late)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_threads_that_use_a_module_first_at_once_get_the_whole_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module's code stops half-way until every thread has asked for its last name."""
    (tmp_path / "deferred_slowly.py").write_text(
        "import builtins\nbegun, go, runs = builtins._deferred_test\n"
        "runs.append(1)\nbegun.set()\nassert go.wait(60)\nlast = 7\n"
    )
    begun, go, runs = threading.Event(), threading.Event(), list[int]()
    monkeypatch.setattr("builtins._deferred_test", (begun, go, runs), raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with deferred():
        import deferred_slowly  # type: ignore[import-not-found]

    assert isinstance(deferred_slowly, Deferred)
    assert "deferred_slowly" not in sys.modules
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(deferred_slowly.last)) for _ in range(8)]
    try:
        for thread in threads:
            thread.start()
        assert begun.wait(60)
        assert got == []
        go.set()
        for thread in threads:
            thread.join(60)
        assert (got, runs) == ([7] * 8, [1])
    finally:
        go.set()
        sys.modules.pop("deferred_slowly", None)


def test_another_thread_imports_as_usual_while_a_block_is_open() -> None:
    seen: list[object] = []

    def other() -> None:
        import colorsys

        seen.append(colorsys)

    with deferred():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(60)
        import colorsys
    assert not isinstance(seen[0], Deferred)
    assert isinstance(colorsys, Deferred)
    assert colorsys.rgb_to_hsv(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)
