"""Stylised facts: bands as they were set, measures against brute force, checks that can fail."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from typer.testing import CliRunner

from xuchang_sim.answers import facts as room, stylised
from xuchang_sim.answers.facts import Facts, Verdict
from xuchang_sim.answers.factsfile import Fact, load_facts
from xuchang_sim.answers.stylised import Evidence
from xuchang_sim.cli import app
from xuchang_sim.model.world import ABANDONED, BUILDING, DONE, MEASURE_ROW, SUMMARY
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.worlds import FailedWorldError, Worlds, columns
from xuchang_sim.study import facts
from xuchang_sim.yamlfile import InputError

PACK = load_pack()
N = 200
#: The bands of the model's description; a test that changes with the file would guard nothing.
BANDS: dict[str, list[tuple[float, float | None]]] = {
    "firm_size_tail": [(1.0, 1.5)],
    "growth_law": [(0.01, 1.0), (0.0, 0.01)],
    "dispersion_neutral": [(-3.0, 3.0)],
    "warm_up_complete": [(-0.05, 0.05), (-0.05, 0.05)],
    "size_variance": [(-0.25, 0.05)],
    "project_sizes": [(1.2, 1.8)],
    "fai_season": [(0.04, 0.08), (0.09, 0.14), (0.36, 0.45), (1, 2)],
    "revenue_season": [(0.11, 0.15), (0.19, 0.22), (0.35, 0.39)],
    "s_curve": [(1, 1), (1, 1), (0.3, 0.7)],
    "start_year_spend": [(0.37, 0.46)],
    "group_spend": [(0.40, 0.52)],
    "group_begun_q1": [(0.42, 0.55)],
    "same_year_completion": [(0.15, 0.35)],
    "carried_over": [(0.45, 0.70)],
    "signed_started": [(0.3, 0.9)],
    "duration_elasticity": [(0.10, 0.30)],
    "lumpiness": [(0.4, 1.0), (0.5, 1.0)],
    "fai_leads": [(6, 18)],
    "okun": [(0.2, 0.6)],
    "productivity": [(0.04, 0.12)],
    "downside": [(3, 3)],
    "net_entry": [(0.5, None)],
    "labour_tightness": [*[(0.81, 1.31)] * 5, (0.01, 0.06)],
    "no_immortal_project": [(0, 0)],
    "continuation": [(0.85, 1.35)] * 3,
    "two_years": [(-0.10, 0.20), (0.12, 0.35), (0.20, 0.55)],
    "real_and_reported": [(0.0, 0.08)],
    "rest_of_the_city": [(0.0, 0.25)],
}


@pytest.fixture(scope="module")
def found() -> Facts:
    return facts(replicates=N, pack=PACK)


def test_the_contract_of_facts(found: Facts) -> None:
    data = found.to_dict()
    assert [row["id"] for row in data["facts"]] == list(BANDS)
    for row in data["facts"]:
        assert {"id", "target", "value", "passes"} <= set(row)
        if isinstance(row["target"], dict):
            assert set(row["target"]) == set(row["value"])
    assert data["passed"] == sum(row["passes"] for row in data["facts"])
    assert data["manifest"]["facts"] == load_facts(PACK).sha256
    json.dumps(data, allow_nan=False)


def test_the_command_prints_one_object_or_a_table(
    found: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "facts", lambda *_, **__: found)
    done = CliRunner().invoke(app, ["facts", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["passed"] == found.to_dict()["passed"]
    for lang in ("zh", "en"):
        shown = CliRunner().invoke(app, ["facts", "--lang", lang])
        assert shown.exit_code == 0
        for fact in (verdict.fact for verdict in found.verdicts):
            label = fact.label_zh if lang == "zh" else fact.label_en
            assert label[:12] in shown.stdout


def test_bands_are_those_of_the_description() -> None:
    told = {fact.id: list(fact.bands.values()) for fact in load_facts(PACK).facts}
    assert told == BANDS


def test_a_fact_that_fails_is_there_and_says_why(found: Facts) -> None:
    for row in found.to_dict()["facts"]:
        if not row["passes"]:
            assert row["reason"], row["id"]


def test_most_facts_hold(found: Facts) -> None:
    # Twenty with the default number of runs; two lie near an edge and may differ with so few.
    assert sum(verdict.passes for verdict in found.verdicts) >= 19


@given(st.floats(-10, 10), st.floats(-10, 10), st.one_of(st.floats(-20, 20), st.just(float("nan"))))
def test_a_verdict_is_the_band(a: float, b: float, value: float) -> None:
    low, high = min(a, b), max(a, b)
    fact = Fact(id="x", label_zh="x", label_en="x", test="x", bands={"n": (low, high)}, source="x")
    assert Verdict(fact, {"n": value}).passes is (low <= value <= high)


# ------------------------------------------------------------------------------- single worlds


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    setup = prepare(PACK, 6, 2012, "2012-12", "sampled")
    return Worlds(setup, load_scenario("no_plan", PACK))


def test_worlds_are_the_replicates_of_a_run(worlds: Worlds) -> None:
    results = run(worlds.setup, [Variant(load_scenario("no_plan", PACK))])[0]
    assert results.city is not None
    last = 12 * PACK.plan_year + 11
    for number in range(3):
        seen = {}
        for view in worlds.months(number):
            seen[view.month] = view.world["zone"]["fai"].sum()
        assert max(seen) == last
        fai = results.city[number, :, MEASURE_ROW["fai"]]
        # The base year's record has the small lump on top; open months are the very record.
        open_months = [seen[12 * PACK.plan_year + m] for m in range(12)]
        assert open_months == pytest.approx(fai[12:].tolist(), rel=1e-12)
        moments = worlds.warm_up(number)
        carried = results.city[number, :12, MEASURE_ROW["fai_carried"]].sum()
        new = results.city[number, :12, MEASURE_ROW["fai_new"]].sum()
        assert moments["carried_over"] == pytest.approx(carried / (carried + new), rel=1e-9)
        assert moments["large_fai_0"] == pytest.approx(carried + new, rel=1e-9)
        assert moments["fai_first_quarter"] == pytest.approx(fai[:3].sum() / fai[:12].sum())
        assert moments["attempts"] == results.summary[number, SUMMARY.index("attempts")]


def test_two_worlds_at_once_in_a_thread_are_refused(worlds: Worlds) -> None:
    one = worlds.months(0)
    next(one)
    next(worlds.months(1))
    with pytest.raises(RuntimeError, match="another world"):
        next(one)


def test_worlds_that_fail_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = prepare(PACK, 3, 2012, "2014-12", "sampled")
    whole = Worlds(setup, load_scenario("no_plan", PACK))
    months = whole.months

    def failing(number: int) -> Any:
        if number == 1:
            message = "no pipeline fits"
            raise FailedWorldError(message)
        return months(number)

    monkeypatch.setattr(whole, "months", failing)
    assert [look.number for look in stylised.look(whole)] == [0, 2]


def test_moments_of_projects_by_brute_force(worlds: Worlds) -> None:
    base = PACK.base_year
    for number in range(worlds.setup.replicates):
        end = None
        for view in worlds.months(number):
            if view.phase == 0 and view.month == 12 * base + 11:
                end = {k: v.copy() for k, v in columns(view.world, "project").items()}
        assert end is not None
        spent = announced = count = soon = signed = early = listed = 0.0
        for j in range(len(end["id"])):
            begun = end["state"][j] in (BUILDING, DONE, ABANDONED)
            start = int(end["started"][j])
            if 12 * (base - 1) <= end["arrived"][j] <= 12 * base + 1:
                signed += 1
                soon += begun and start - end["arrived"][j] <= 10
            if not begun or end["in_group"][j] == 0:
                continue
            if start >= 12 * (base - 1) + 3:
                spent, announced = spent + end["spent"][j], announced + end["raw"][j]
                count += 1
            if start // 12 == base and end["arrived"][j] < 12 * base:
                listed += 1
                early += start % 12 < 3
        moments = worlds.warm_up(number)
        assert moments["group_spend"] == pytest.approx(spent / announced)
        assert moments["group_starts"] == count
        assert moments["mean_project"] == pytest.approx(announced / count)
        assert moments["signed_started"] == pytest.approx(soon / signed)
        assert moments["group_begun_q1"] == pytest.approx(early / listed)


def test_what_was_published_by_november_is_measured(worlds: Worlds) -> None:
    """January to November of the base year: revenue above designated size, and investment of either reading."""
    base = PACK.base.fai
    assert base.alternative is not None
    readings = {base.value, base.alternative.value}
    seen = set()
    for number in range(worlds.setup.replicates):
        moments = worlds.warm_up(number)
        world = next(v for v in worlds.months(number) if v.month == 12 * PACK.plan_year).world
        months = world["past"]["measures"].sum(axis=2)
        sold, spent = (months[:, MEASURE_ROW[name]] for name in ("reported", "fai"))
        ratio = worlds.parameters["scope_ratio"][number]
        assert moments["revenue_to_november"] == pytest.approx(ratio * sold[:11].sum())
        assert moments["fai_to_november"] == pytest.approx(spent[:11].sum())
        seen |= {r for r in readings if spent.sum() == pytest.approx(r)}
    assert seen == readings


# --------------------------------------------------------------------------- checks that can fail


class Made(Evidence):
    """Evidence with made-up columns."""

    def __init__(self, made: dict[str, Any], looks: list[Any] | None = None) -> None:
        object.__setattr__(self, "made", made)
        object.__setattr__(self, "looks", looks or [])
        object.__setattr__(self, "setup", prepare(PACK, 1, 1, None, "sampled"))

    def city(self, name: str) -> Any:
        return self.made[name]  # type: ignore[attr-defined]


class Shown:
    """A look with made-up shocks."""

    def __init__(self, shocks: Any) -> None:
        self.shocks = shocks


@pytest.mark.parametrize("lead", [2, 9, 15])
def test_the_lead_of_investment_is_found_in_a_made_up_city(lead: int) -> None:
    rng = np.random.default_rng(lead)
    months, season = np.arange(48), np.array(PACK.calendar.revenue_season)
    spent = 10.0 + rng.normal(size=(300, 48))
    gain = np.zeros_like(spent)
    gain[:, lead:] = spent[:, :-lead] - 10.0
    sold = (100.0 + np.cumsum(gain, axis=1)) * season[months % 12]
    found = stylised.fai_leads(Made({"fai": spent, "revenue": sold}))
    assert abs(found["months"] - lead) <= 1


def test_the_law_of_growth_is_told_from_others() -> None:
    rng = np.random.default_rng(5)
    right = stylised.growth_law(Made({}, [Shown(rng.laplace(size=50_000))]))
    assert right["p_laplace"] > 0.01 > right["p_normal"]
    wide = stylised.growth_law(Made({}, [Shown(1.05 * rng.laplace(size=50_000))]))
    assert wide["p_laplace"] < 0.01
    normal = stylised.growth_law(Made({}, [Shown(np.sqrt(2) * rng.normal(size=50_000))]))
    assert normal["p_laplace"] < 0.01 < normal["p_normal"]


def test_with_caps_dispersion_does_cost_revenue(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = prepare(PACK, 60, 2012, "2012-12", "sampled")
    results = run(setup, [Variant(load_scenario("no_plan", PACK))])[0]
    evidence = Evidence(setup, results, [], np.zeros((60, 1)), [])
    assert abs(stylised.dispersion_neutral(evidence)["z"]) < 3.0
    monkeypatch.setattr(stylised, "NO_CAPS", {})
    assert stylised.dispersion_neutral(evidence)["z"] < -3.0


def test_shares_of_a_year_in_a_made_up_city() -> None:
    months = np.tile(np.arange(1.0, 13.0), (3, 2))
    found = stylised.fai_season(Made({"fai": months}))
    assert found["jan_feb"] == pytest.approx(3 / 78)
    assert found["first_half"] == pytest.approx(21 / 78)
    assert found["rank_of_june"] == 7.0


# -------------------------------------------------------------------------------------- the file


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: okun", "id: okum", "is not measured"),
        ("bands: {slope: [0.2, 0.6]}", "bands: {slop: [0.2, 0.6]}", "has other numbers"),
        ("bands: {slope: [0.2, 0.6]}", "bands: {slope: [0.6, 0.2]}", "low <= high"),
        ("    known: 2013-12-10\n    weigh: false", "    known: 2013-12-10", "is too late"),
        ("measure: group_spend", "measure: group_spent", "is not measured"),
        ("    sd: 0.036", "    sd: 0", "out of range"),
    ],
)
def test_wrong_files_are_told_by_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = Path(shutil.copytree(PACK.folder, tmp_path / "pack"))
    text = (folder / "facts.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "facts.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        load_facts(load_pack(folder))
    assert all(problem.line > 0 for problem in caught.value.problems)


def test_a_pack_without_facts_says_so(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PACK.folder, tmp_path / "pack"))
    (folder / "facts.yaml").unlink()
    with pytest.raises(InputError, match=r"facts\.yaml"):
        load_facts(load_pack(folder))


def test_few_runs_are_refused() -> None:
    with pytest.raises(InputError, match="at least 200"):
        facts(replicates=N - 1, pack=PACK)
