"""Packs: damage that changes a meaning is refused with its line, any other edit changes the hash."""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path

import pytest

from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.witness import witnessed
from xuchang_sim.yamlfile import InputError, read_yaml

SEED = 25
LONG = bool(os.environ.get("XUCHANG_SIM_LONG"))
COUNT = 10_000 if LONG else 120
SMALL = shipped()[-1]
PLACES = {path.name: path for path in shipped()}
FILES = ("plan.yaml", "pack.yaml", "levers.yaml", "parameters.yaml", "region.yaml",
         "history/china_monthly.csv")  # fmt: skip
#: Sign by itself, so that a word of a text is not taken for a number.
NUMBER = re.compile(r"(?<![\w.“(（-])-?\d+(?:\.\d+)?(?![\w.])")


def refusal(folder: Path) -> str:
    """What loading says; nothing if the pack is taken. Anything else than a refusal is raised."""
    try:
        load_pack(folder)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("value", "unit", "text", "found"),
    [
        (180_000, "人", "规模以上从业人员达到18万人", True),
        (18, "人", "规模以上从业人员达到18万人", False),
        (18, "万人", "规模以上从业人员达到18万人", True),
        (180, "人", "规模以上从业人员达到18万人", False),
        (2000, "亿元", "主营业务收入达到2000亿元,增长40%", True),
        (200, "亿元", "主营业务收入达到2000亿元,增长40%", False),
        (0.4, "比例", "主营业务收入达到2000亿元,增长40%", True),
        (40, "%", "主营业务收入达到2000亿元,增长40%", True),
        (4, "%", "主营业务收入达到2000亿元,增长40%", False),
        (0.45, "比例", "增长百分之四十五", True),
        (0.6, "比例", "完成六成", True),
        (26, "个", "启动二十六个村庄搬迁", True),
        (25, "个", "启动二十六个村庄搬迁", False),
        (105, "个", "一百零五个项目", True),
        (1, "亿元", "亿元以上项目", True),
        (0.5, "亿元", "设立5000万元担保资金", True),
        (5, "亿元", "设立5000万元担保资金", False),
        (1_500_000, "m²", "力争新建150万平方米以上多层标准厂房", True),
        (0.04, "比例", "能耗下降4个百分点", True),
        (4, "百分点", "能耗下降4个百分点", True),
        (1, "比例", "实现全覆盖", True),
        (0.9, "比例", "实现全覆盖", False),
        (10, "区", "每个产业集聚区", True),
        (9, "区", "每个产业集聚区", False),
        (3, "区", "中原电气谷核心区、尚集产业集聚区和魏都产业集聚区", True),
        (2, "个", "两个项目", True),
        (2012, "个", "二〇一二个", True),
        (3, "个", "建成2—3个项目", True),
    ],
)
def test_a_number_is_found_in_words(value: float, unit: str, text: str, found: bool) -> None:
    assert witnessed(value, unit, text, zones=10) is found


def edited(name: str, place: Path, file: str, old: str, new: str, *, count: int = 1) -> Path:
    """Copy a pack with one edit."""
    shutil.copytree(PLACES[name], place, ignore=shutil.ignore_patterns("posterior.npz"))
    path = place / file
    text = path.read_text(encoding="utf-8")
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, count), encoding="utf-8")
    return place


def test_the_shipped_packs_are_as_they_were() -> None:
    for place in shipped():
        assert (place / "history" / "SHA256SUMS").is_file()
        assert refusal(place) == ""


def last_of(series: str) -> str:
    path = PLACES["xuchang_2623"] / "history" / "china_monthly.csv"
    rows = [x for x in path.read_text(encoding="utf-8").splitlines() if x.startswith(f"{series},")]
    return max(rows, key=lambda row: row.split(",")[2])


@pytest.mark.parametrize("sums", [True, False])
def test_damage_in_a_table_is_refused(sums: bool, tmp_path: Path) -> None:
    """By the hashes beside the table; and without them by the series' own past."""
    row = last_of("ppi_yoy")
    fields = row.split(",")
    damages = {
        "times as far from its neighbours": ",".join(
            [*fields[:3], f"{100 * float(fields[3]) or 500}", *fields[4:]]
        ),
        "did you mean 'China'": row.replace("China", "Chima"),
        "did you mean 'ppi_yoy'": row.replace("ppi_yoy", "ppi_yoj"),
        "U+202E": row.replace("China", "Chi\u202ena"),
        "U+0007": row.replace("China", "China\x07"),
        "allowed: the unit of the table": row.replace(",%,", ",index,"),
    }
    for n, (said, new) in enumerate(damages.items()):
        place = edited("xuchang_2623", tmp_path / str(n), "history/china_monthly.csv", row, new)
        if not sums:
            (place / "history" / "SHA256SUMS").unlink()
        told = refusal(place)
        assert said in told, (said, told)
    digit = ",".join([*fields[:3], f"{float(fields[3]) + 1:g}", *fields[4:]])
    place = edited("xuchang_2623", tmp_path / "digit", "history/china_monthly.csv", row, digit)
    if not sums:
        (place / "history" / "SHA256SUMS").unlink()
    assert ("SHA256SUMS" in refusal(place)) is sums
    gone = edited("xuchang_2623", tmp_path / "gap", "history/china_monthly.csv",
                  "ppi_yoy,China,2011-06,", "ppi_other,China,2011-06,")  # fmt: skip
    (gone / "history" / "SHA256SUMS").unlink()
    assert "2011-06 is missing" in refusal(gone)


def test_a_total_of_another_size_than_the_plan_is_refused(tmp_path: Path) -> None:
    path = PLACES["yangli_2011"] / "pack.yaml"
    text = path.read_text(encoding="utf-8")
    match = re.search(r"revenue: *\{?\s*value: ([\d.]+)", text)
    assert match
    wrong = match[0].replace(match[1], f"{100 * float(match[1]):g}")
    assert "base.revenue" in refusal(
        edited("yangli_2011", tmp_path / "p", "pack.yaml", match[0], wrong)
    )


def mutated(rng: random.Random, text: str) -> tuple[str, str, str, str]:
    """Return a text with one number or line changed: kind, old, new and the text."""
    kind = rng.choice(["digit", "sign", "unit", "exponent", "date", "id", "drop", "double"])
    lines = text.splitlines(keepends=True)
    if kind in {"drop", "double"}:
        k = rng.randrange(len(lines))
        return (
            kind,
            lines[k],
            "",
            "".join([*lines[:k], *([lines[k]] * 2 if kind == "double" else []), *lines[k + 1 :]]),
        )
    patterns = {
        "digit": NUMBER, "sign": NUMBER, "exponent": NUMBER,
        "unit": re.compile(r"(?<=[ ,])(?:亿元|万元|人|万人|亩|%|比例|个|月|1e8 CNY)(?=[\s,}\n])"),
        "date": re.compile(r"\b(?:19|20)\d\d-[01]\d\b"),
        "id": re.compile(r"(?<=[ ,{])(?:id|series|measure|parent|sector|zone)?:? ?[a-z]+_[a-z_]+\b"),
    }  # fmt: skip
    found = list(patterns[kind].finditer(text))
    if not found:
        return kind, "", "", text
    match = rng.choice(found)
    old = match[0]
    if kind == "digit":
        places = [k for k, c in enumerate(old) if c.isdigit()]
        k = rng.choice(places)
        new = old[:k] + str((int(old[k]) + rng.randrange(1, 10)) % 10) + old[k + 1 :]
    elif kind == "sign":
        new = old[1:] if old.startswith("-") else f"-{old}"
    elif kind == "exponent":
        new = f"{old}e{rng.choice(['2', '-2', '9', '308', '-400'])}"
    elif kind == "unit":
        new = rng.choice([unit for unit in ("亿元", "万元", "人", "亩", "%", "月") if unit != old])
    elif kind == "date":
        new = f"{int(old[:4]) + rng.choice([-1, 1, 100])}{old[4:]}"
    else:
        k = rng.randrange(len(old))
        new = old[:k] + rng.choice("abcxyz_") + old[k + 1 :]
    return kind, old, new, text[: match.start()] + new + text[match.end() :]


def content(path: Path) -> object:
    """What the reader of packs sees in a file: a number's spelling, comments and empty lines are none."""
    source = read_yaml(path, [])
    return stated(source.data) if source else None


def stated(data: object) -> object:
    """Data without keys that state nothing: an empty list is what a left-out one is."""
    if isinstance(data, dict):
        return {key: stated(value) for key, value in data.items() if value not in ([], {}, None)}
    return [stated(value) for value in data] if isinstance(data, list) else data


def test_mutations_are_refused_in_words_or_change_the_hash(tmp_path: Path) -> None:
    """Seeded: no traceback; what is taken has another hash, and every number of the plan its witness."""
    rng = random.Random(SEED)
    place = tmp_path / "pack"
    shutil.copytree(SMALL, place, ignore=shutil.ignore_patterns("posterior.npz"))
    whole = {file: (place / file).read_text(encoding="utf-8") for file in FILES}
    usual = load_pack(place)
    taken = refused = 0
    for n in range(COUNT):
        file = FILES[n % len(FILES)]
        kind, old, new, text = mutated(rng, whole[file])
        (place / file).write_text(text, encoding="utf-8")
        said = refusal(place)
        assert said == "" or place.name in said, (n, file, kind, old, new, said)
        if said:
            refused += 1
        else:
            taken += 1
            pack = load_pack(place)
            rows = pack.plan.rows
            for row in rows:
                for target in row.target_entries:
                    every = row.unit is not None and row.unit.endswith("/区")
                    assert every or witnessed(
                        target.value, target.unit, row.quote, row.how, zones=len(pack.region.zones)
                    ), (n, file, kind, old, new)
            table = file.endswith(".csv")
            told = text != whole[file] if table else content(SMALL / file) != content(place / file)
            assert (pack.sha256 != usual.sha256) is told, (n, file, kind, old, new)
        (place / file).write_text(whole[file], encoding="utf-8")
    assert refused > COUNT // 4
    assert taken > 0
