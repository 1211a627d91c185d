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
        "levers[quota_per_zone].unit", 0, "unknown unit '畝/区/年'; allowed: 元 万元",
    ),
    "share sum": (
        "region.yaml", "revenue_share: 0.225", "revenue_share: 0.325",
        "zones", -6, "revenue_share adds up to 1.1; allowed: 1, to within 1e-06",
    ),
    "weight sum": (
        "region.yaml", "weight: 0.70", "weight: 0.6",
        "zones[weidu].leading", -1, "weight adds up to 0.9; allowed: 1",
    ),
    "dangling sector": (
        "region.yaml", "{sector: textiles, weight: 0.30}", "{sector: textile, weight: 0.30}",
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
        "region.yaml", "id: yuzhou\n", "id: changge\n",
        "zones[changge].id", 0, "id 'changge' is used twice; allowed: once",
    ),
    "id in capitals": (
        "levers.yaml", "id: quota_tilt", "id: Quota_Tilt",
        "levers[Quota_Tilt].id", 0, "Quota_Tilt is not a name of the allowed form",
    ),
    "full-width id": (
        "region.yaml", "id: weidu", "id: ｗeidu",
        "zones[ｗeidu].id", 0, "ｗeidu is not a name of the allowed form",
    ),
    "duplicate code": (
        "region.yaml", "    code: 2\n", "    code: 1\n",
        "zones[yuzhou].code", 0, "code 1 is used twice",
    ),
    "code of a sector beyond its six bits": (
        "region.yaml", "id: power_equipment\n    code: 1\n", "id: power_equipment\n    code: 64\n",
        "sectors[power_equipment].code", 1, "64 is out of range; allowed: <= 63",
    ),
    "changed quotation": (
        "plan.yaml", "quote: 新增3万人以上", "quote: 新增3万人 以上",
        "rows[new_workers].quote", 0, "is not in the document; allowed: its words",
    ),
    "row out of order": (
        "plan.yaml", "- row: 13", "- row: 14", "rows[new_workers].row", 0, "14 is out of order; allowed: 13",
    ),
    "percent for a fraction": (
        "plan.yaml", "{id: revenue_growth, value: 0.40", "{id: revenue_growth, value: 40",
        "rows[revenue].targets[revenue_growth].value", 0,
        "40 is not a fraction; allowed: 0.4, or 40 with unit %",
    ),
    "duplicate target": (
        "plan.yaml", "{id: fai_growth", "{id: fai",
        "rows[fai].targets[fai].id", 0, "id 'fai' is used twice",
    ),
    "no direction": (
        "plan.yaml", "{id: revenue, value: 2000, unit: 亿元, direction: at_least,",
        "{id: revenue, value: 2000, unit: 亿元,",
        "rows[revenue].targets[revenue].direction", 0, "is missing",
    ),
    "wrong direction": (
        "plan.yaml", "direction: above, basis: model, label_zh: 收入占", "direction: over, basis: model, label_zh: 收入占",
        "rows[revenue_share].targets[revenue_share].direction", 0, "over is not one of the choices",
    ),
    "no reason": (
        "plan.yaml", "    reason: 不模拟其他城市", "    # reason: 不模拟其他城市",
        "rows[provincial_rank].reason", -9, "is missing; allowed: why the row is out of scope",
    ),
    "lever and row disagree": (
        "levers.yaml", "rows: [56]", "rows: [56, 61]",
        "levers[quota_per_zone].rows[1]", 0, "row 61 does not name this lever",
    ),
    "default out of range": (
        "parameters.yaml", "default: 0.45\n    unit: 比例\n    range: [0.30, 0.60]",
        "default: 0.75\n    unit: 比例\n    range: [0.30, 0.60]",
        "parameters[own_site_share].default", 0, "0.75 is out of range; allowed: 0.3 to 0.6",
    ),
    "range upside down": (
        "parameters.yaml", "range: [200, 500]", "range: [500, 200]",
        "parameters[intensity_ordinary].range", 0, "starts at 500 and ends at 200; allowed: low <= high",
    ),
    "range of three": (
        "parameters.yaml", "range: [200, 500]", "range: [200, 320, 500]",
        "parameters[intensity_ordinary].range", 0, "has too many entries; allowed: at most 2",
    ),
    "number in quotes": (
        "parameters.yaml", "default: 320", "default: '320'",
        "parameters[intensity_ordinary].default", 0, "must be a number, not 320 (in quotes; write 320)",
    ),
    "full-width number": (
        "parameters.yaml", "default: 320", "default: ３２０",
        "parameters[intensity_ordinary].default", 0, "(in full-width characters; write 320)",
    ),
    "thousands": (
        "parameters.yaml", "default: 400000", "default: 400,000",
        "parameters[reachable_pool].default", 0, "(with separators; write 400000)",
    ),
    "number and unit": (
        "parameters.yaml", "default: 320", "default: 320万元",
        "parameters[intensity_ordinary].default", 0, "write them apart: 320 and 万元",
    ),
    "nan as a word": (
        "parameters.yaml", "default: 320", "default: nan",
        "parameters[intensity_ordinary].default", 0, "must be a number, not nan (not finite)",
    ),
    "nan": (
        "parameters.yaml", "range: [200, 500]", "range: [.nan, 500]",
        "parameters[intensity_ordinary].range[0]", 0, ".nan is not a number",
    ),
    "yes for true": (
        "region.yaml", "sewage_plant: true", "sewage_plant: yes",
        "zones[jingkai].sewage_plant", 0, "must be true or false, not yes; allowed: true, false",
    ),
    "true for a number": (
        "levers.yaml", "absent: 150", "absent: true",
        "levers[quota_per_zone].absent", 0, "must be a number, not true",
    ),
    "text for a list": (
        "levers.yaml", "rows: [56]", "rows: 56",
        "levers[quota_per_zone].rows", 0, "must be a list, not 56",
    ),
    "negative quota": (
        "levers.yaml", "absent: 150", "absent: -150",
        "levers[quota_per_zone].absent", 0, "-150 is out of range; allowed: 0 to 1000 亩/区/年",
    ),
    "unknown prior": (
        "parameters.yaml", "prior: triangular", "prior: triangle",
        "parameters[intensity_ordinary].prior.kind", 0, "triangle is not one of the choices; did you mean 'triangular'?",
    ),
    "prior without spread": (
        "parameters.yaml", "prior: {kind: lognormal, sigma: 0.45}", "prior: lognormal",
        "parameters[mature_output_intensity].prior", 0, "of kind lognormal needs sigma",
    ),
    "half a project": (
        "parameters.yaml", "default: 420", "default: 420.5",
        "parameters[firms_count].prior", 3, "is integer, but not default and range",
    ),
    "unknown lever": (
        "parameters.yaml", "lever: quota_tilt", "lever: quota_tild",
        "parameters[quota_tilted].lever", 0, "'quota_tild' is not a lever; did you mean 'quota_tilt'?",
    ),
    "later source of the base": (
        "parameters.yaml", "held_by: base.fai", "held_by: base.fai\n    later_source: true",
        "parameters[fai_base].later_source", 1, "is true for a base value",
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
        "base.fai.value", 0, 'must be a number, not "600/0"; allowed: a number, or a quotient',
    ),
    "growth of nought": (
        "pack.yaml", "value: 600/1.3", "value: 600 / 1.3 %", "base.fai.value", 0, "must be a number",
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
        "pack.yaml", "series: ppi_yoy", "series: ppi_yoyo",
        "history[ppi_yoy].series", 0, "is not in history/china_monthly.csv; did you mean 'ppi_yoy'?",
    ),
    "unit of a series": (
        "pack.yaml", 'series: ppi_yoy, entity: China, unit: "%"', "series: ppi_yoy, entity: China, unit: index",
        "history[ppi_yoy].unit", 0, "has '%'; allowed: the unit of the table",
    ),
    "released too late": (
        "pack.yaml", 'series: ppi_yoy, entity: China, unit: "%", frequency: month, release: {months: 1',
        'series: ppi_yoy, entity: China, unit: "%", frequency: month, release: {months: 2',
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
    elif name in {"key in capitals", "full-width id", "id in capitals", "duplicate id"}:
        problem = next(problem for problem in problems if message in problem.message)
    else:
        assert len(problems) == 1, "\n".join(map(str, problems))
        problem = problems[0]
    assert message in problem.message
    assert (problem.file, problem.path, problem.line) == (str(folder / file), path, line)
    assert "\n" not in str(problem)
    assert "allowed: " in problem.message


TOGETHER = [
    "unknown key", "share sum", "cluster shares", "dangling sector", "duplicate code",
    "cluster of no leading sector", "missing unit", "changed quotation", "percent for a fraction",
    "wrong direction", "no reason", "unknown unit", "default out of range", "range upside down",
    "unknown lever", "prior without spread", "half a project", "end before start", "season",
    "unknown series",
]  # fmt: skip


def test_all_faults_of_all_files_come_at_once(folder: Path) -> None:
    for name in TOGETHER:
        edit(folder, *CASES[name][:3])
    edit(folder, "levers.yaml", "    absent: 15000", "    absent: .nan")
    edit(folder, "levers.yaml", "    plan: 1500000", "    plan: !!python/object:os.x 1")
    edit(folder, "levers.yaml", "    low: 13\n", "    low: 13\n    low: 14\n")
    with pytest.raises(InputError) as caught:
        load_pack(folder)
    found = {(Path(problem.file).name, problem.path) for problem in caught.value.problems}
    dependent = {"unknown series"}  # needs a pack.yaml that can be used
    expected = {(CASES[name][0], CASES[name][3]) for name in TOGETHER if name not in dependent}
    expected |= {
        ("levers.yaml", "levers[training_places].absent"),
        ("levers.yaml", "levers[factory_area].plan"),
        ("levers.yaml", "levers[villages].low"),
    }
    assert found == expected
    assert len(caught.value.problems) == len(expected)
    assert len(str(caught.value).splitlines()) == len(expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; allowed: keys levers"),
        (b"# nothing\n", "is empty; allowed: keys levers"),
        (b"- a\n- b\n", "must be a mapping, not a list; allowed: keys levers"),
        (b"text\n", "must be a mapping, not text"),
        (b"levers:\n", "must be a list, not nothing"),
        (b"levers: []\n", "has too few entries; allowed: at least 1"),
        (b"levers: [1]\n", "must be a mapping, not 1; allowed: keys id, axis, kind"),
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
