"""Both READMEs show what the commands print, and say the same."""

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
NAMES = ("README.md", "README.zh.md")


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


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_output_are_what_the_commands_print(name: str, refresh: Any) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(refresh.BLOCK.findall(text)) == 2
    shown, printed = text, refresh.refreshed(text)
    assert NUMBER.sub("#", SPACE.sub(" ", shown)) == NUMBER.sub("#", SPACE.sub(" ", printed)), AGAIN
    # Forecasts differ a little between releases of numpy and scipy, and with them all that follows.
    for one, other in zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True):
        a, b = (float(value.replace(",", "")) for value in (one, other))
        step = 0.03 if "." in one and abs(a) <= 1.0 else 2.0
        assert abs(a - b) <= step + 0.03 * abs(a), (one, other, AGAIN)


def test_the_answer_beside_the_first_edition_is_the_one_that_is_printed() -> None:
    """Today's numbers in the table are those of the output; the Chinese page holds the same numbers."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    output = text[: text.index("<!-- end -->")]
    labels = (
        *("growth of main-business revenue", "fixed-asset investment"),
        *("growth of fixed-asset investment", "workers in firms above designated size"),
    )
    found = [
        re.findall(rf"^\S+ +{label} +≥ .+?  (\d\.\d\d) \[", output, re.MULTILINE)
        for label in labels
    ]
    (revenue,), (level,), (growth,), (workers,) = found
    ((median, low, high),) = re.findall(rf" {labels[0]} .+? (\d+)% \((\d+)% – (\d+)%\)", output)
    table = text[text.index("## Why the answer changed") :]
    now = [row.rstrip(" |").split(" | ")[-1] for row in table.splitlines()[6:10]]
    assert now == [f"{low} – {median} – {high}%", revenue, f"{level}, {growth}", workers]


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).exists(), link


def _outline(name: str) -> dict[str, list[str]]:
    """Return what both languages must share: structure, links, commands, code."""
    text = (ROOT / name).read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.+?)```", text, re.DOTALL))
    return {
        "headings": re.findall(r"^#+(?= )", text, re.MULTILINE),
        "links": re.findall(
            r"\]\((docs[^)]*|[A-Z][A-Za-z.]*(?<!README\.md)(?<!README\.zh\.md))\)", text
        ),
        "rows": re.findall(r"^\| `(xuchang-sim [a-z]+)", text, re.MULTILINE),
        "lists": re.findall(r"^-(?= )", text, re.MULTILINE),
        "code": [line.split("  #")[0].rstrip() for line in code.splitlines()],
        "made": re.findall(r"\$ make \w+", text),
    }


def test_both_languages_say_the_same_and_name_each_other_first() -> None:
    assert _outline("README.md") == _outline("README.zh.md")
    for name, other in (NAMES, NAMES[::-1]):
        first = (ROOT / name).read_text(encoding="utf-8").splitlines()[0]
        assert f"]({other})" in first
    english, chinese = (
        re.sub(
            r"<!-- output.+?<!-- end -->",
            "",
            (ROOT / name).read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        for name in NAMES
    )
    english = english.replace("100 million yuan", "")  # what 亿元 is, which Chinese readers know
    figures = r"\d[\d,.]*\d"
    assert set(re.findall(figures, english)) == set(re.findall(figures, chinese))


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
