"""Packs: damage that changes a meaning is refused with its line, any other edit changes the hash."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.faults import damage, judge
from xuchang_sim import definitions
from xuchang_sim.pack.forms import BASE
from xuchang_sim.pack.load import Pack, load_pack, shipped
from xuchang_sim.pack.witness import witnessed
from xuchang_sim.yamlfile import InputError, read_yaml

SMALL = shipped()[-1]
PLACES = {path.name: path for path in shipped()}
FILES = "plan.yaml", "pack.yaml", "levers.yaml", "parameters.yaml", "region.yaml"


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
        (0.04, "百分点", "能耗下降4个百分点", False),
        (1, "个", "坚持每季度一次集中开工活动,今年开工项目超过100个", False),
        (10, "区", "每个集聚区至少有1个项目", True),
        (1, "区", "各产业集聚区都有龙头企业", True),
    ],
)
def test_a_number_is_found_in_words(value: float, unit: str, text: str, found: bool) -> None:
    assert witnessed(value, unit, text, zones=10) is found


def test_an_explanation_lends_only_numbers_with_their_unit() -> None:
    """0.1 point, row 44 and 2011 stand in explanations, and count nothing."""
    quote = "新建10个以上市级企业研发中心"
    how = "同第 44 行；2011 年 0.24 · as row 44; each adds 0.1 point"
    assert not any(witnessed(value, "个", quote, how) for value in (0.1, 44, 2011, 0.24))
    assert witnessed(461.5, "亿元", "投资增长30%", "2011 年基数 461.5 亿元")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("plan.yaml", "paragraph: 三（一）2", "paragraph: 三（一）9", "allowed: 三 三（一） 三（一）2"),
        ("plan.yaml", "paragraph: 三（二）1", "paragraph: 三（三）1", "allowed: 三 三（二） 三（二）1"),
        ("plan.yaml", "一个 20 亿元以上项目", "一个 2000 亿元以上项目", "'2000 亿元' is not an amount of the row"),
        ("plan.yaml", "zones above 50bn yuan", "zones above 5bn yuan", "'5bn' is not an amount of the row"),
        ("pack.yaml", "number: 许政办[2012]37号", "number: 许政办[2102]37号", "document.number: is not in the document"),
        ("pack.yaml", "years: [2008, 2011]", "years: [2008, 20110]", "are not years of fai_ytd"),
        ("history/xuchang_city_annual.csv", ",1999,", ",9999,", "9999 lies outside the years of any statistic"),
        ("region.yaml", "share_concentration: 60", "share_concentration: 0.6", "share_concentration"),
        ("region.yaml", "share_concentration: 60", "share_concentration: 6000", "allowed: 1 to 1000, 100 a zone"),
    ],
)  # fmt: skip
def test_names_and_labels_stay_with_the_document(
    file: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    assert said in refusal(edited("xuchang_2623", tmp_path / "p", file, old, new))


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


def test_a_table_that_the_hashes_leave_out_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "p"
    shutil.copytree(SMALL, place)
    sums = place / "history" / "SHA256SUMS"
    lines = sums.read_text(encoding="utf-8").splitlines(keepends=True)
    sums.write_text("".join(x for x in lines if "china_monthly" not in x), encoding="utf-8")
    assert "china_monthly.csv: is not in SHA256SUMS" in refusal(place)


def test_a_total_of_another_size_than_the_plan_is_refused(tmp_path: Path) -> None:
    path = PLACES["yangli_2011"] / "pack.yaml"
    text = path.read_text(encoding="utf-8")
    match = re.search(r"revenue: *\{?\s*value: ([\d.]+)", text)
    assert match
    wrong = match[0].replace(match[1], f"{100 * float(match[1]):g}")
    assert "base.revenue" in refusal(
        edited("yangli_2011", tmp_path / "p", "pack.yaml", match[0], wrong)
    )


def test_a_number_of_another_kind_than_its_rows_targets_is_refused(tmp_path: Path) -> None:
    """The quote's "each zone" would stand for one thing, though the row is about money."""
    text = (PLACES["yangli_2011"] / "plan.yaml").read_text(encoding="utf-8")
    row = text[text.index("id: platforms") :]
    old = row[: row.index("targets:")]
    assert "value: 1 亿元" in old or "unit: 亿元" in old
    new = old.replace("value: 1 亿元", "value: 1 个").replace("unit: 亿元", "unit: 个")
    said = refusal(edited("yangli_2011", tmp_path / "p", "plan.yaml", old, new))
    assert "rows[platforms].value: 1 个 is not in the quote" in said


def content(path: Path) -> object:
    """What the reader of packs sees in a file: a number's spelling, comments and empty lines are none."""
    source = read_yaml(path, [])
    return stated(source.data) if source else None


def stated(data: object) -> object:
    """Data without keys that state nothing: an empty list, or the unit of no number."""
    if isinstance(data, dict):
        given = {key: stated(value) for key, value in data.items() if value not in ([], {}, None)}
        if not any(isinstance(value, int | float | list) for value in given.values()):
            given.pop("unit", None)
        return given
    return [stated(value) for value in data] if isinstance(data, list) else data


def possible(what: definitions.Number, value: float, totals: Mapping[str, float]) -> bool:
    """Whether a number is one that its definition calls possible, to within rounding."""
    if value <= 0:
        return what.zero if value == 0 else what.negative
    if what.possible is None:
        return True
    scale = totals[what.of] if what.of else 1.0
    low, high = (float(bound) * scale for bound in what.possible)
    return low * (1 - 1e-9) <= value <= high * (1 + 1e-9)


def meant(pack: Pack) -> None:
    """What the words and the definitions say of a pack that was taken: written apart from its checks."""
    for row in pack.plan.rows:
        every = row.unit is not None and row.unit.endswith("/区")
        for target in row.target_entries:
            assert every or witnessed(
                target.value, target.unit, row.quote, row.how, zones=len(pack.region.zones)
            ), (row.id, target.id, target.value)
    assert set(pack.parameters) == set(definitions.parameters())
    assert set(pack.levers) == set(definitions.levers())
    for target in pack.plan.targets():
        assert target.zone is None or target.zone in {zone.id for zone in pack.region.zones}
    totals = {name: float(getattr(pack.base, name).value) for name in BASE}
    for name, what in definitions.parameters().items():
        for value in (pack.parameters[name].default, *(pack.parameters[name].range or ())):
            assert possible(what, value, totals), (name, value)
    for name, lever in definitions.levers().items():
        held = pack.levers[name]
        for value in (held.absent, held.low, held.plan, held.high, *held.range):
            assert possible(lever, value, totals), (name, value)
            assert held.range[0] <= value <= held.range[1], (name, value)


def test_mutations_are_refused_in_words_or_change_the_hash(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """No traceback; what is taken has another hash, its numbers their witness, its tables their sums."""
    usual, wholes = {}, {}
    for source in shipped():
        place = tmp_path / source.name
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("posterior.npz"))
        usual[source] = load_pack(place).sha256
        tables = sorted(str(path.relative_to(source)) for path in source.glob("history/*.csv"))
        wholes[source] = {
            file: (place / file).read_text(encoding="utf-8") for file in (*FILES, *tables)
        }
    tally = damage.Tally("packs", "tests/faults/test_faults_packs.py -k mutations", record_property)
    for n in tally.numbers(120):
        kind, rng = damage.kind_of(n), damage.source(n)
        source = shipped()[n // len(damage.KINDS) % 2]
        place, whole = tmp_path / source.name, wholes[source]
        file = rng.choice([file for file in whole if damage.can(kind, whole[file])])
        change = damage.mutated(kind, rng, whole[file])
        with tally.trying(n, kind, (source.name, file, change.old, change.new)):
            (place / file).write_text(change.text, encoding="utf-8")
            try:
                pack = load_pack(place)
            except InputError as error:
                tally.refuse(kind, error, place.name)
            else:
                meant(pack)
                if file in FILES:
                    old, new = map(yaml.safe_load, (whole[file], change.text))
                    changed = judge.faults(file, old, new, pack.document)
                    assert not changed, changed
                same = change.text == whole[file]
                if file.endswith(".csv"):
                    assert same, "another table than its hash is of"
                else:
                    same = content(source / file) == content(place / file)
                assert (pack.sha256 == usual[source]) is same
        (place / file).write_text(whole[file], encoding="utf-8")
    tally.close()
