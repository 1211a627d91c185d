"""The README shows what the commands print."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
SPACE = re.compile(r"[ \n]+")
AGAIN = "run: python docs/refresh.py"
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def refresh() -> Any:
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_the_picture_shows_what_is_found_today(refresh: Any) -> None:
    with Image.open(refresh.PICTURE) as picture:
        shown = json.loads(picture.info["Description"])
    found = refresh.numbers(refresh.answer())
    assert shown.keys() == found.keys()
    for name, values in found.items():
        # As for the text, releases of numpy and scipy may differ a little.
        assert shown[name] == pytest.approx(values, rel=0.03), AGAIN


def test_blocks_of_output_are_what_the_commands_print(refresh: Any) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(refresh.BLOCK.findall(text)) == 2
    shown, printed = text, refresh.refreshed(text)
    assert NUMBER.sub("#", SPACE.sub(" ", shown)) == NUMBER.sub("#", SPACE.sub(" ", printed)), AGAIN
    # Forecasts differ a little between releases of numpy and scipy, and with them all that follows.
    for one, other in zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True):
        a, b = (float(value.replace(",", "")) for value in (one, other))
        step = 0.03 if "." in one and abs(a) <= 1.0 else 2.0
        assert abs(a - b) <= step + 0.03 * abs(a), (one, other, AGAIN)


def test_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).exists(), link


def test_its_python_does_what_it_says() -> None:
    """The example runs as it stands, and each remark beside it is true."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - our own text
    study, results = names["study"], names["results"]
    targets = study.assess("plan").to_frame()
    assert list(targets["id"]) == [target.id for target in study.pack.plan.targets()]
    assert {"p", "p_low", "p_high", "median", "shortfall"} <= set(targets.columns)
    more = names["more"]
    assert more.levels["training_places"] == 45000.0
    frame = results.to_frame()
    assert len(frame) == 150 == study.replicates * frame["year"].nunique()
    assert not frame.duplicated(["replicate", "year"]).any()
    with pytest.raises(ValueError, match="2020 is not on record"):
        results.why().year(2020)
    pytest.importorskip("xarray", reason="extra `xarray` is not installed")
    city = results.to_xarray("city")
    assert city["fai"].dims == ("scenario", "replicate", "month")
    assert city["fai"].attrs["units"] == "亿元"
