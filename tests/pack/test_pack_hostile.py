"""Wrong packs: every fault gives a clear line with file, path and line, all of them at once."""

import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from xuchang_sim.pack.load import load_pack, shipped, validate_path
from xuchang_sim.yamlfile import InputError

HOME = shipped()[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HOME, tmp_path / "pack"))


def edit(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first `old` by `new`; return the line on which the change begins."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    before, _, after = text.partition(old)
    path.write_text(before + new + after, encoding="utf-8")
    same = len(new) - len(new.lstrip("\n"))
    return before.count("\n") + same + 1


# name: file, old, new, path, lines below the change, message
CASES: dict[str, tuple[str, str, str, str, int, str]] = {
    "unknown key": (
        "region.yaml", "    expands: true", "    expand: true",
        "zones[changge].expand", 0, "unknown key; did you mean 'expands'?",
    ),
    "key in capitals": (
        "plan.yaml", "    quote: 重点实施", "    Quote: 重点实施",
        "rows[projects_1e8].Quote", 0, "unknown key; did you mean 'quote'?",
    ),
    "missing unit": (
        "plan.yaml", "    value: 200\n    unit: 个", "    value: 200",
        "rows[projects_1e8].unit", -6, "is missing; allowed: value and unit together",
    ),
    "unknown unit": (
        "levers.yaml", "unit: 亩/区/年", "unit: 畝/区/年",
        "levers.quota_per_zone.unit", 0, "is not a unit; did you mean '亩/区/年'?; allowed: 亩/区/年, 亩/区/月",
    ),
    "share sum": (
        "region.yaml", "revenue_share: 0.225", "revenue_share: 0.325",
        "zones", -6, "revenue_share adds up to 1.1; allowed: 1, to within 1e-06",
    ),
    "weight sum": (
        "region.yaml", "leading: {machinery: 0.70", "leading: {machinery: 0.6",
        "zones[weidu].leading", 0, "weight adds up to 0.9; allowed: 1",
    ),
    "dangling sector": (
        "region.yaml", "textiles: 0.30}", "textile: 0.30}",
        "zones[weidu].leading[1].sector", 0, "'textile' is not a sector; did you mean 'textiles'?",
    ),
    "dangling zone": (
        "region.yaml", "zone: dazhou, sector: recycled_metals, share: 0.55",
        "zone: dashou, sector: recycled_metals, share: 0.55",
        "clusters[dazhou_stainless].zone", 0, "'dashou' is not a zone; did you mean 'dazhou'?",
    ),
    "cluster of no leading sector": (
        "region.yaml", "zone: yanling, sector: textiles", "zone: yanling, sector: food",
        "clusters[yanling_textiles].sector", 0, "'food' does not lead in 'yanling'",
    ),
    "cluster shares": (
        "region.yaml", "share: 0.45", "share: 0.65",
        "clusters[dazhou_aluminium].share", 0, "add up to 1.2; allowed: at most 1",
    ),
    "duplicate id": (
        "region.yaml", "  yuzhou:\n", "  changge:\n",
        "zones.changge", 0, "duplicate key, first in line",
    ),
    "id in capitals": (
        "levers.yaml", "  villages:", "  Villages:",
        "levers.Villages", 0, "Villages is not a lever; did you mean 'villages'?",
    ),
    "full-width id": (
        "region.yaml", "  weidu:", "  ｗeidu:",
        "zones[ｗeidu].id", 0, "ｗeidu is not a name of the allowed form",
    ),
    "duplicate code": (
        "region.yaml", "    code: 2\n", "    code: 1\n",
        "zones[yuzhou].code", 0, "code 1 is used twice",
    ),
    "code of a sector beyond its six bits": (
        "region.yaml", "power_equipment: {code: 1,", "power_equipment: {code: 64,",
        "sectors[power_equipment].code", 0, "64 is out of range; allowed: <= 63",
    ),
    "changed quotation": (
        "plan.yaml", "quote: 新增3万人以上", "quote: 新增3万人 以上",
        "rows[new_workers].quote", 0, "is not in the document; allowed: its words",
    ),
    "row out of order": (
        "plan.yaml", "- row: 13", "- row: 14", "rows[new_workers].row", 0, "14 is out of order; allowed: 13",
    ),
    "percent for a fraction": (
        "plan.yaml", "revenue_growth: {value: 40 %", "revenue_growth: {value: 40",
        "rows[revenue].targets[revenue_growth].value", 0,
        "(a percentage? write 0.4, or 40 with unit %)",
    ),
    "duplicate target": (
        "plan.yaml", "      fai_growth: {value: 30 %", "      fai: {value: 30 %",
        "rows[fai].targets.fai", 0, "duplicate key, first in line",
    ),
    "wrong direction": (
        "plan.yaml", "revenue_share: 50 %", "revenue_share: {value: 50 %, direction: over}",
        "rows[revenue_share].targets[revenue_share].direction", 0, "over is not one of the choices",
    ),
    "unknown measure": (
        "plan.yaml", "revenue_share: 50 %", "revenue_shares: 50 %",
        "rows[revenue_share].targets[revenue_shares].id", 0, "is not a measure; did you mean 'revenue_share'?",
    ),
    "no threshold": (
        "plan.yaml", "zones_500: {value: 1 区, threshold: 500 亿元}", "zones_500: 1 区",
        "rows[zones_500].targets[zones_500].threshold", 0, "is missing; allowed: the size",
    ),
    "a target in ten thousands for hundreds of millions": (
        "plan.yaml", "fai: {value: 600 亿元", "fai: {value: 600 万元",
        "rows[fai].targets[fai].value", 0, "600 万元 is 0.06 亿元; possible: ",
    ),
    "a target of another kind": (
        "plan.yaml", "fai: {value: 600 亿元", "fai: {value: 600 亩",
        "rows[fai].targets[fai].value", 0, "亩 is area, not money; allowed: 亿元, 元, 万元",
    ),
    "no reason": (
        "plan.yaml", "    reason: 不模拟其他城市", "    # reason: 不模拟其他城市",
        "rows[provincial_rank].reason", -9, "is missing; allowed: why the row is out of scope",
    ),
    "row of a lever that is none": (
        "plan.yaml", "levers: [quota_per_zone]", "levers: [quota_per_zones]",
        "rows[quota_min_zone].levers[0]", 0, "'quota_per_zones' is not a lever; did you mean 'quota_per_zone'?",
    ),
    "default out of range": (
        "parameters.yaml", "default: 420", "default: 620",
        "parameters.firms_count.default", 0, "620 is out of range; allowed: 300 to 550",
    ),
    "range upside down": (
        "parameters.yaml", "range: [300, 550]", "range: [550, 300]",
        "parameters.firms_count.range", 0, "starts at 550 and ends at 300 家; allowed: low <= high",
    ),
    "range of three": (
        "parameters.yaml", "range: [300, 550]", "range: [300, 420, 550]",
        "parameters.firms_count.range", 0, "must be two numbers, not a list; allowed: [low, high]",
    ),
    "full-width number": (
        "parameters.yaml", "default: 420", "default: ４２０",
        "parameters.firms_count.default", 0, "(in full-width characters; write 420)",
    ),
    "thousands": (
        "parameters.yaml", "default: 400000", 'default: "400,000"',
        "parameters.reachable_pool.default", 0, "(with separators; write 400000)",
    ),
    "a unit of another kind": (
        "parameters.yaml", "default: 420", "default: 420 万元",
        "parameters.firms_count.default", 0, "万元 is money, not firms; allowed: 家",
    ),
    "a missing source": (
        "parameters.yaml", "range: [300, 550], mark: D", "range: [300, 550]",
        "parameters.firms_count.mark", 0, "is missing; allowed: R, D, S, U or J",
    ),
    "a city's own parameter": (
        "parameters.yaml", "  firms_count:", "  # firms_count:",
        "parameters", -3, "firms_count is missing: it belongs to the city",
    ),
    "a lever that the plan names": (
        "levers.yaml", "  villages:", "  # villages:",
        "levers", -14, "villages is missing, but named by row",
    ),
    "some of the levels": (
        "levers.yaml", "absent: 10, low: 13, plan: 26, high: 26", "plan: 26",
        "levers.villages", 0, "states plan only; allowed: absent, low, plan, high together, or none",
    ),
    "a stock for a yearly flow": (
        "levers.yaml", "fiscal_injection: {unit: 亿元/年", "fiscal_injection: {unit: 亿元",
        "levers.fiscal_injection.unit", 0, "(a stock; for a yearly amount write 亿元/年)",
    ),
    "a city's total for a zone's": (
        "levers.yaml", "quota_per_zone: {unit: 亩/区/年", "quota_per_zone: {unit: 亩/年",
        "levers.quota_per_zone.unit", 0, "150 亩/年 for 10 zones is 15 亩/区/年",
    ),
    "a parameter among the levers": (
        "levers.yaml", "  villages:", "  firms_count: {unit: 家}\n  villages:",
        "levers.firms_count", 0, "is a parameter; allowed: under parameters, in parameters.yaml",
    ),
    "a lever that is none": (
        "levers.yaml", "  villages:", "  electricity_subsidy: {unit: 亿元}\n  villages:",
        "levers.electricity_subsidy", 0, "electricity_subsidy is not a lever; allowed: see xuchang-sim definitions levers",
    ),
    "a unit that is ten thousand times too large": (
        "parameters.yaml", "infrastructure_cost: {unit: 亿元/区", "infrastructure_cost: {unit: 万元/区",
        "parameters.infrastructure_cost.default", 0, "8 万元/区 is 0.0008 亿元/区; possible: 0.05 to ",
    ),
    "nan as a word": (
        "parameters.yaml", "default: 420", "default: nan",
        "parameters.firms_count.default", 0, "must be a number, not nan",
    ),
    "nan": (
        "parameters.yaml", "range: [300, 550]", "range: [.nan, 550]",
        "parameters.firms_count.range[0]", 0, ".nan is not a number",
    ),
    "yes for true": (
        "region.yaml", "sewage_plant: true", "sewage_plant: yes",
        "zones[jingkai].sewage_plant", 0, "must be true or false, not yes; allowed: true, false",
    ),
    "true for a number": (
        "levers.yaml", "absent: 150,", "absent: true,",
        "levers.quota_per_zone.absent", 0, "must be a number, not true",
    ),
    "negative quota": (
        "levers.yaml", "absent: 150,", "absent: -150,",
        "levers.quota_per_zone.absent", 0, "-150 亩/区/年: nothing below zero can be; possible: 0, or 20 to",
    ),
    "unknown prior": (
        "parameters.yaml", "default: 420,", "default: 420, prior: triangle,",
        "parameters.firms_count.prior", 0, "triangle is no kind; did you mean 'triangular'?",
    ),
    "prior without spread": (
        "parameters.yaml", "default: 420,", "default: 420, prior: lognormal,",
        "parameters.firms_count.prior", 0, "of kind lognormal needs sigma",
    ),
    "half a project": (
        "parameters.yaml", "default: 420,", "default: 420.5,",
        "parameters.firms_count.prior", 0, "is integer, but 420.5 家 is not whole",
    ),
    "month 13": (
        "pack.yaml", "default_through: 2013-12", "default_through: 2013-13",
        "default_through", 0, "'2013-13' is not a month; allowed: YYYY-MM",
    ),
    "day 31 April": (
        "pack.yaml", "information_date: 2012-04-25", "information_date: 2012-04-31",
        "information_date", 0, "2012-04-31 is not a day; allowed: YYYY-MM-DD",
    ),
    "end before start": (
        "pack.yaml", "last_month: 2015-12", "last_month: 2013-06",
        "last_month", 0, "2013-06 is before default_through; allowed: from then on",
    ),
    "season": (
        "pack.yaml", "1.07, 1.24]", "1.07, 1.34]",
        "calendar.revenue_season", 0, "has the mean 1.00833; allowed: 1, to within 0.002",
    ),
    "eleven months": (
        "pack.yaml", "1.07, 1.24]", "1.07]",
        "calendar.revenue_season", 0, "has too few entries; allowed: at least 12",
    ),
    "quotient by nought": (
        "pack.yaml", "value: 600/1.3", "value: 600/0",
        "base.fai.value", 0, 'must be a number, not "600/0"; allowed: a number, a quotient',
    ),
    "growth of nought": (
        "pack.yaml", "value: 600/1.3", "value: 600 / 1.3 %", "base.fai.value", 0, "% is a pure number, not money",
    ),
    "path out of the pack": (
        "pack.yaml", "file: document.txt", "file: ../document.txt",
        "document.file", 0, "'../document.txt' is not a file of the pack",
    ),
    "changed document": (
        "document.txt", "力争主营业务收入达到2000亿元", "力争主营业务收入达到2000亿元 ", "document.sha256", 0,
        "is not the hash of document.txt, which was changed",
    ),
    "unknown series": (
        "pack.yaml", "ppi_yoy: history/china_monthly.csv", "ppi_yoy: {file: history/china_monthly.csv, series: ppi_yoyo}",
        "history[ppi_yoy].series", 0, "is not in history/china_monthly.csv; did you mean 'ppi_yoy'?",
    ),
    "unit of a series": (
        "pack.yaml", "ppi_yoy: history/china_monthly.csv", "ppi_yoy: {file: history/china_monthly.csv, unit: index}",
        "history[ppi_yoy].unit", 0, "has '%'; allowed: the unit of the table",
    ),
    "released too late": (
        "pack.yaml", "ppi_yoy: history/china_monthly.csv", "ppi_yoy: {file: history/china_monthly.csv, release: {months: 2, day: 11}}",
        "history[ppi_yoy].release", 0, "came out on 2012-05-11; allowed: up to the information date",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_fault_gives_one_clear_line(folder: Path, name: str) -> None:
    file, old, new, path, below, message = CASES[name]
    line = edit(folder, file, old, new) + below
    problems = validate_path(folder)
    if name == "changed document":  # the hash stands elsewhere, and the quotation is gone too
        assert [problem.path for problem in problems] == [path, "rows[revenue].quote"]
        problem, file, line = problems[0], "pack.yaml", 13
    elif name in {
        "key in capitals",
        "full-width id",
        "id in capitals",
        "duplicate id",
        "duplicate target",
        "a row of a lever that is none",
    }:
        problem = next(problem for problem in problems if message in problem.message)
    else:
        assert len(problems) == 1, "\n".join(map(str, problems))
        problem = problems[0]
    assert message in problem.message
    assert (problem.file, problem.path, problem.line) == (str(folder / file), path, line)
    assert "\n" not in str(problem)
    assert "allowed: " in problem.message or "possible: " in problem.message


TOGETHER = [
    "unknown key", "share sum", "cluster shares", "dangling sector", "duplicate code",
    "cluster of no leading sector", "missing unit", "changed quotation", "percent for a fraction",
    "wrong direction", "no reason", "unknown unit", "default out of range",
    "a lever that is none", "a missing source", "end before start", "season",
    "unknown series",
]  # fmt: skip


def test_all_faults_of_all_files_come_at_once(folder: Path) -> None:
    for name in TOGETHER:
        edit(folder, *CASES[name][:3])
    edit(folder, "levers.yaml", "absent: 15000,", "absent: .nan,")
    edit(folder, "levers.yaml", "plan: 1500000,", "plan: !!python/object:os.x 1,")
    edit(folder, "levers.yaml", "low: 13,", "low: 13, low: 14,")
    with pytest.raises(InputError) as caught:
        load_pack(folder)
    found = {(Path(problem.file).name, problem.path) for problem in caught.value.problems}
    dependent = {"unknown series"}  # needs a pack.yaml that can be used
    expected = {(CASES[name][0], CASES[name][3]) for name in TOGETHER if name not in dependent}
    expected |= {
        ("levers.yaml", "levers.training_places.absent"),
        ("levers.yaml", "levers.factory_area.plan"),
        ("levers.yaml", "levers.villages.low"),
    }
    assert found == expected
    assert len(caught.value.problems) == len(expected)
    assert len(str(caught.value).splitlines()) == len(expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no levers; allowed: levers: and entries by id"),
        (b"# nothing\n", "has no levers; allowed: levers: and entries by id"),
        (b"- a\n- b\n", "has no levers"),
        (b"text\n", "has no levers"),
        (b"levers:\n", "is missing, but named by row"),
        (b"levers: []\n", "xuchang-sim convert OLD NEW writes the present form"),
        (b"levers: [1]\n", "xuchang-sim convert OLD NEW writes the present form"),
        (b"levers: {villages: 1}\n", "must be a mapping, not 1; allowed: keys unit, absent"),
        ("levers: 土地\n".encode("gbk"), "it reads as GBK: save it as UTF-8"),
        (b"levers: !!python/object:os.system {}\n", "allowed: no tags"),
    ],
)
def test_a_file_of_the_wrong_shape(folder: Path, content: bytes, message: str) -> None:
    (folder / "levers.yaml").write_bytes(content)
    problems = validate_path(folder)
    assert any(message in problem.message for problem in problems), problems
    assert {problem.file for problem in problems} == {str(folder / "levers.yaml")}


@pytest.mark.parametrize(
    "file", ["plan.yaml", "levers.yaml", "document.txt", "history/henan_zones.csv"]
)
def test_a_missing_file(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert [str(p) for p in validate_path(folder)] == [f"{folder / file}: no such file"]


ROW = "ppi_yoy,China,2012-04,-0.7,%,somewhere,read-high\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("series,entity", "name,entity", "has the columns"),
        (",%,", ",%,extra,", "has 8 fields; allowed: 7"),
        ("cpi_yoy,China,2008-01,7.1", "cpi_yoy,China,2008-01,nan", "value 'nan' is not a number"),
        (
            "cpi_yoy,China,2008-01,7.1",
            'cpi_yoy,China,2008-01,"7,1"',
            'value "7,1" is not a number: a decimal comma?',
        ),
        ("cpi_yoy,China,2008-01,7.1", "cpi_yoy,China,2008-13,7.1", "'2008-13' is not a period"),
        ("cpi_yoy,China,2008-01,7.1", "cpi_yoy,,2008-01,7.1", "entity is empty"),
        ("read-high", "sure", "confidence 'sure'; allowed: read-high, read-medium"),
        ("cpi_yoy,China,2008-02", "cpi_yoy,China,2008-01", "repeats 2008-01"),
        ("cpi_yoy,China,2008-01", "cpi_yoy,China,2008", "has period '2008'; allowed: YYYY-MM"),
        ("cpi_yoy,China,2008-01", '"cpi_yoy,China,2008-01', "is not CSV"),
        ("cpi_yoy,China,2008-01", ROW + "cpi_yoy,China,2008-01", "after the information date"),
    ],
)
def test_tables(folder: Path, old: str, new: str, message: str) -> None:
    edit(folder, "history/china_monthly.csv", old, new)
    problems = validate_path(folder)
    assert any(message in problem.message for problem in problems), problems
    assert all(problem.line > 0 for problem in problems)


def test_what_is_not_a_pack(tmp_path: Path) -> None:
    names: list[str | Path] = [tmp_path, tmp_path / "nowhere", "xuchang_2632"]
    for name in names:
        with pytest.raises(InputError, match="is not a pack") as caught:
            load_pack(name)
        assert "allowed: a folder with pack.yaml, a workbook, or xuchang_2623, yangli_2011" in str(
            caught.value
        )
    assert "did you mean 'xuchang_2623'?" in str(caught.value)


def test_a_pack_of_bombs_ends_quickly(folder: Path) -> None:
    for file in ("plan.yaml", "region.yaml", "parameters.yaml", "levers.yaml"):
        with (folder / file).open("wb") as stream:
            stream.truncate(1 << 30)
    (folder / "pack.yaml").write_text("[" * 100_000)
    begun = time.perf_counter()
    problems = validate_path(folder)
    assert len(problems) == 5
    assert time.perf_counter() - begun < 1


LINES = [
    (file, number)
    for file in ("pack.yaml", "plan.yaml", "region.yaml", "parameters.yaml", "levers.yaml")
    for number in range((HOME / file).read_bytes().count(b"\n"))
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(LINES),
    st.one_of(
        st.sampled_from(
            ["", "    - - -", "  x: {", "\t", "    id: [1]", "    value: .inf", "a: b"]
        ),
        st.text("abxy:[]{}-?!&*|>%'\"#,. 019亩", max_size=30),
    ),
)
def test_any_line_may_be_anything(folder: Path, place: tuple[str, int], line: str) -> None:
    file, number = place
    text = (HOME / file).read_text(encoding="utf-8").split("\n")
    text[number] = line
    (folder / file).write_text("\n".join(text), encoding="utf-8")
    problems = validate_path(folder)
    shutil.copyfile(HOME / file, folder / file)
    assert all("\n" not in str(problem) and len(problem.message) < 1200 for problem in problems)
