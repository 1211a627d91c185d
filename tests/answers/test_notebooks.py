"""Notebooks 02 and 04 run at a small preset, state what they find, and draw."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PRESETS = {
    "02_land_finance_labour.py": {"replicates": 20},
    "04_sweep.py": {"replicates": 2},
}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def run(name: str, **parameters: object) -> tuple[list[str], int]:
    """Execute a notebook with other parameters; return its printed lines and number of figures."""
    import jupytext
    from nbclient import NotebookClient

    notebook = jupytext.read(NOTEBOOKS / name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].metadata.get("tags") == ["parameters"]
    code[0].source += "".join(f"\n{key} = {value!r}" for key, value in parameters.items())
    NotebookClient(notebook, timeout=280, kernel_name="python3").execute()
    complaints = "".join(
        out["text"] for cell in code for out in cell.outputs if out.get("name") == "stderr"
    )
    assert "Glyph" not in complaints, complaints  # a character that no font of a figure has
    outputs = [out for cell in code for out in cell.get("outputs", [])]
    texts = [out["text"] for out in outputs if out.output_type == "stream"]
    pictures = sum("image/png" in out.get("data", {}) for out in outputs)
    assert code[1].outputs, "the second cell echoes the parameters"
    return "".join(texts).splitlines(), pictures


@pytest.mark.parametrize("name", PRESETS)
def test_a_notebook_runs_and_says_what_it_found(name: str, tmp_path: Path) -> None:
    more = {"folder": str(tmp_path)} if name.startswith("04") else {}
    lines, pictures = run(name, **PRESETS[name], **more)
    assert 3 <= pictures <= 5
    assert len(lines) >= 6
    if name.startswith("04"):
        assert any("uninterrupted run: True" in line for line in lines)
        assert any("run alone is the same: True" in line for line in lines)


def test_a_notebook_refuses_wrong_parameters() -> None:
    from nbclient.exceptions import CellExecutionError

    with pytest.raises(CellExecutionError, match="whole number"):
        run("04_sweep.py", replicates="many")
