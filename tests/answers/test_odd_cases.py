"""A folder of thirty cases written by many hands: each runs or is refused in a line of its own."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from xuchang_sim.answers.hindcast import Hindcast, hindcast
from xuchang_sim.pack.cases import read_outcomes

HEAD = "case,place,level,year,information_date,quantity,kind,value,unit,published,source,confidence,note\n"
REPLICATES = 8


def line(
    case: str, quantity: str, kind: str, value: object, unit: str = "1e8 CNY", year: object = 2012,
    day: str = "2012-04-20", published: str = "2012-02-01", note: str = "",
) -> str:  # fmt: skip
    cells = (case, f"Place {case}", "zone", year, day, quantity, kind, value, unit, published)
    return ",".join(map(str, cells)) + f',http://example.org,read-high,"{note}"\n'


def plain(case: str, revenue: float = 400.0, **other: object) -> str:
    """A case as it should be."""
    return (
        line(case, "revenue", "base", revenue, note="2011, +21 %", **other)  # type: ignore[arg-type]
        + line(case, "fai", "base", 0.3 * revenue, **other)  # type: ignore[arg-type]
        + line(case, "revenue", "target", 1.25 * revenue, **other)  # type: ignore[arg-type]
    )


#: Cases of the first table that run, with what is odd about each.
RUN = {
    "plain": plain("plain"),
    "unknown_kind": plain("unknown_kind") + line("unknown_kind", "fai", "hope", 1),
    "unknown_quantity": plain("unknown_quantity") + line("unknown_quantity", "parks", "target", 3),
    "unknown_unit": plain("unknown_unit") + line("unknown_unit", "fai", "target", 9, "USD bn"),
    "no_value": plain("no_value") + line("no_value", "fai", "target", "n.a."),
    "undated_row": plain("undated_row") + line("undated_row", "fai", "target", 9, published=""),
    "outcomes": plain("outcomes") + line("outcomes", "revenue", "outcome", "?", "?", day="", published=""),
    "growth_only": line("growth_only", "revenue_growth", "target", 25, "%"),
    "investment_only": line("investment_only", "fai", "base", 80) + line("investment_only", "fai", "target", 100),
    "bounds": line("bounds", "revenue", "base", "over 400") + line("bounds", "fai_growth", "target", ">30", "%"),
    "per_cent_sign": plain("per_cent_sign") + line("per_cent_sign", "fai_growth", "target", "30%", "%"),
    "thousands": line("thousands", "revenue", "base", '"4,000"', "1e6 CNY") + line("thousands", "fai", "target", 1500, "million yuan"),
    "wide_digits": line("wide_digits", "revenue", "base", "\uff14\uff10\uff10", "亿元"),
    "in_the_cell": line("in_the_cell", "revenue", "base", "400亿元", ""),
    "billions": line("billions", "revenue", "base", 40, "billion yuan"),
    "twice": plain("twice") + line("twice", "revenue", "base", 410, published="2012-03-01"),
    "capitals": plain("capitals").replace("revenue,base", "Revenue,BASE").replace("target", "Target"),
    "slashes": plain("slashes", day="2012/4/20", published="2012.2.1"),
    "month_only": plain("month_only", day="2012-04", published="2012-03"),
    "base_year_named": line("base_year_named", "revenue", "base", 400, year=2011) + line("base_year_named", "revenue", "target", 500),
    "several_years": plain("several_years") + line("several_years", "revenue", "target", 900, year=2015),
    "older_base": plain("older_base") + line("older_base", "fai", "base", 90, year=2009),
    "year_as_number": plain("year_as_number", year="2012.0"),
    "tiny": plain("tiny", revenue=0.8),
}  # fmt: skip
#: Cases of the first table that are refused, with a piece of the reason.
REFUSED = {
    "late": (plain("late") + line("late", "fai", "target", 9, published="2012-04-21"), "after the"),
    "target_only": (line("target_only", "revenue", "target", 9), "no base level"),
    "outcome_only": (line("outcome_only", "revenue", "outcome", 9), "outcomes only"),
    "too_wide": (line("too_wide", "revenue", "base", "4,000", note="2011"), "cells under"),
    "no_day": (plain("no_day", day=""), "no information date"),
    "two_days": (plain("two_days") + line("two_days", "fai", "target", 9, day="2012-04-19"), "one for the"),
    "years_away": (plain("years_away", year=2016), "plans over several years"),
    "too_early": (plain("too_early", year=2005, day="2005-04-20", published="2005-02-01"), "no national drivers are at hand"),
}  # fmt: skip
CHINESE = """案例,地区,年份,信息日期,指标,类型,数值,单位,发布日期,备注
中文,某区,2012年,2012年4月20日,主营业务收入,基数,400,亿元,2012年2月1日,
中文,某区,2012年,2012年4月20日,固定资产投资增速,目标,30,％,2012年2月1日,
"""


def write(folder: Path) -> Path:
    """Write the folder: six tables in as many forms."""
    folder.mkdir()
    good = "".join(RUN.values())
    bad = "".join(text for text, _ in REFUSED.values())
    (folder / "a.csv").write_bytes(
        ("\ufeff" + HEAD + good.replace("\n", "\n,,,,,,,,,,,,\n\n", 3)).encode()
    )
    (folder / "b.CSV").write_text(HEAD + bad, encoding="utf-8", newline="")
    (folder / "c.csv").write_bytes(CHINESE.replace("\n", "\r\n").encode("gb18030"))
    tabs = CHINESE.replace(",", "\t").replace("中文", "表格")
    (folder / "d.txt").write_bytes(tabs.encode("utf-16"))
    broken = plain("before") + 'lost,"Place of a lost quote,zone,2012\n' + plain("behind")
    (folder / "e.csv").write_text(HEAD + broken, encoding="utf-8")
    (folder / "f.csv").write_text("city,year,growth\nA,2011,3\n", encoding="utf-8")
    (folder / "g.csv").write_bytes(b"")
    return folder


TOLD: list[tuple[int, int]] = []


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Hindcast:
    folder = write(tmp_path_factory.mktemp("odd") / "cases")
    return hindcast(
        folder, replicates=REPLICATES, progress=lambda done, whole: TOLD.append((done, whole))
    )


def test_every_case_runs_or_is_refused_and_none_stops_another(found: Hindcast) -> None:
    assert not found.failed
    assert found.cases == (*RUN, "中文", "表格", "before", "behind")
    reasons = {refusal.case: str(refusal) for refusal in found.refused}
    assert reasons.keys() == {*REFUSED, "lost", "f.csv", "g.csv"}
    for case, (_, reason) in REFUSED.items():
        assert reason in reasons[case], reasons[case]
    assert len(found.cases) + len(REFUSED) + 1 > 30
    tried = TOLD[0][1]  # one that has rows but no drivers is tried, too
    assert [done for done, whole in TOLD if whole == tried] == list(range(tried + 1))
    assert all("\n" not in reason for reason in reasons.values())


def test_rows_that_could_not_be_used_are_said(found: Hindcast) -> None:
    for case, words in {
        "unknown_kind": "kind 'hope'",
        "unknown_quantity": "parks",
        "unknown_unit": "unknown unit 'USD bn'",
        "no_value": "'n.a.' is not a number",
        "undated_row": "is not a day",
        "twice": "counts",
        "several_years": "target of 2015",
        "older_base": "base of 2009",
    }.items():
        assert any(words in reason for reason in found.left_out[case]), found.left_out.get(case)
    assert not found.left_out.keys() & {"plain", "outcomes", "capitals", "slashes", "中文"}


def test_the_same_figures_in_other_words_are_the_same_forecast(found: Hindcast) -> None:
    by_case = {(f.case, f.quantity): np.array(f.quantiles) for f in found.forecasts}
    one = by_case["plain", "revenue"]
    for case in ("unknown_kind", "outcomes", "capitals", "slashes", "year_as_number", "no_value"):
        assert_allclose(by_case[case, "revenue"], one)
    alone = by_case["billions", "revenue"]
    for case in ("wide_digits", "in_the_cell", "bounds", "thousands"):
        scale = 10.0 if case == "thousands" else 1.0
        assert_allclose(by_case[case, "revenue"] * scale, alone, rtol=0.2 if scale > 1 else 1e-9)
    assert_allclose(by_case["中文", "main_business_revenue"], alone)
    assert_allclose(by_case["表格", "main_business_revenue"], alone)
    assert_allclose(by_case["twice", "revenue"].mean() / one.mean(), 410 / 400, rtol=0.02)
    assert {q for case, q in by_case if case == "growth_only"} == {"revenue_growth", "fai_growth"}


def test_targets_keep_their_chance_in_other_words(found: Hindcast) -> None:
    chance = {(f.case, f.quantity): f.p_target for f in found.forecasts}
    assert chance["bounds", "fai_growth"] == chance["中文", "fixed_asset_investment_growth"]
    assert chance["per_cent_sign", "fai_growth"] is not None
    assert chance["growth_only", "revenue_growth"] is not None


def test_the_folder_again_is_the_same_bytes_and_its_outcomes_are_read(
    found: Hindcast, tmp_path: Path
) -> None:
    folder = write(tmp_path / "again")
    rows, problems = read_outcomes(folder)
    assert [row.case for row in rows] == ["outcome_only"]
    assert sum(": outcomes: " in str(problem) for problem in problems) == 1  # its value is "?"
    for name in ("c.csv", "d.txt", "e.csv", "f.csv"):
        (folder / name).unlink()
    text = (folder / "a.csv").read_text(encoding="utf-8").split("several_years", 1)
    (folder / "a.csv").write_text("\ufeff" + HEAD + "several_years" + text[1], encoding="utf-8")
    again = hindcast(folder, replicates=REPLICATES).to_csv().splitlines()
    assert again == [row for row in found.to_csv().splitlines() if row in set(again)]
    assert len(again) > 15
