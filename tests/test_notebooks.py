"""Every notebook runs at a small preset, checks itself, draws and says what it found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xuchang_sim.forecast.drivers import drivers
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.report.notebook import accept
from xuchang_sim.study import assess, compare
from xuchang_sim.yamlfile import InputError

jupytext = pytest.importorskip("jupytext", reason="extra `notebook` is not installed")
nbclient = pytest.importorskip("nbclient", reason="extra `notebook` is not installed")

ROOT = Path(__file__).parents[1]
#: Parameters of each notebook that make it quick; 02 and 04 are run by tests/answers.
PRESETS: dict[str, dict[str, object]] = {
    "01_is_the_plan_reachable.py": {"replicates": 50, "lang": "en"},
    "03_outlook.py": {
        "replicates": 200,
        "backtest_origins": 2,
        "backtest_series": ["ppi_yoy"],
        "lang": "en",
    },
    "05_your_own_city.py": {"replicates": 20},
    "06_watch_and_shock.py": {"replicate": 1},
}
ELSEWHERE = {"02_land_finance_labour.py", "04_sweep.py"}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def run(name: str, **parameters: object) -> Any:
    """Run a notebook with a cell of injected parameters, as papermill would."""
    notebook = jupytext.read(ROOT / "notebooks" / name)
    code = [k for k, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    assert notebook.cells[code[0]].metadata.get("tags") == ["parameters"]
    injected = jupytext.reads("".join(f"{k} = {v!r}\n" for k, v in parameters.items()), "py")
    notebook.cells.insert(code[0] + 1, injected.cells[0])
    nbclient.NotebookClient(notebook, timeout=280, kernel_name="python3").execute()
    return notebook


def test_every_notebook_has_its_preset() -> None:
    names = {path.name for path in (ROOT / "notebooks").glob("*.py")}
    assert names <= PRESETS.keys() | ELSEWHERE
    assert PRESETS.keys() <= names


@pytest.mark.parametrize("name", PRESETS)
def test_notebook_runs(name: str) -> None:
    notebook = run(name, **PRESETS[name])
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    pictures = sum("image/png" in out.get("data", {}) for out in outputs)
    words = "".join(out["text"] for out in outputs if out.get("name") == "stdout")
    complaints = "".join(out["text"] for out in outputs if out.get("name") == "stderr")
    assert "Glyph" not in complaints, complaints  # a character that no font of a figure has
    assert 2 <= pictures <= 6, pictures  # 03 draws one for each series of its backtest
    assert len(words) > 200


def test_a_misspelt_parameter_stops_a_notebook() -> None:
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="did you mean 'replicates'"):
        run("05_your_own_city.py", replicats=20)


def test_accept() -> None:
    accept({"replicates": 1, "_": 2, "In": [], "load": len, "__name__": "x"}, "replicates")
    with pytest.raises(InputError, match="replicats: is not a parameter; did you mean"):
        accept({"replicates": 1, "replicats": 2}, "replicates")
    with pytest.raises(InputError, match="seed: is missing"):
        accept({"replicates": 1}, "replicates", "seed")


def test_objects_show_small_tables() -> None:
    pack = load_pack(shipped()[-1])
    found = assess(replicates=6, pack=pack)
    shown = {
        "results": found.results._repr_html_(),
        "scenario": load_scenario("plan", pack)._repr_html_(),
        "comparison": compare("plan", "no_plan", replicates=6, pack=pack)._repr_html_(),
        "outlook": drivers(pack, 6, 1, "2011-12")._repr_html_(),
    }
    for name, text in shown.items():
        assert text.startswith("<table>"), name
        assert text.endswith("</table>"), name
        assert text.count("<tr>") >= 4, name
        assert len(text) < 8000, name
