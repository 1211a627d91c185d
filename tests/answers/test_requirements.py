"""What `validate` passes, every command answers; what stops a command, `validate` says first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import pytest

from tests.answers.packs import DROPPED, PACK, changed, one_zone, with_targets, without_series
from xuchang_sim.answers.audit import audit
from xuchang_sim.answers.dossier import gather
from xuchang_sim.answers.requirements import (
    Command,
    large,
    require,
    requirements,
    stopped,
    warm_ups,
)
from xuchang_sim.forecast.drivers import SOURCES
from xuchang_sim.pack.history import Series
from xuchang_sim.pack.load import Pack, shipped
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.pack.starter import new_pack
from xuchang_sim.study import Study, assess, explain, matrix, simulate
from xuchang_sim.units import month_index
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:priors are used")
COMMANDS: tuple[Command, ...] = get_args(Command)
RUNS = ("assess", "matrix", "explain", "report")
EVERY = ("assess", "matrix", "explain", "report", "outlook")


def moved(**months: str) -> Pack:
    changes: dict[str, Any] = {name: month_index(text) for name, text in months.items()}
    return replace(PACK, **changes)


def with_base(**totals: int) -> Pack:
    base = PACK.base
    for name, value in totals.items():
        entry = getattr(base, name).model_copy(update={"exact": Fraction(value)})
        base = base.model_copy(update={name: entry})
    return replace(PACK, base=base)


def with_parameter(name: str, **changes: Any) -> Pack:
    entry = replace(PACK.parameters[name], **changes)
    return replace(PACK, parameters={**PACK.parameters, name: entry})


def with_season(name: str, years: tuple[int, int]) -> Pack:
    season = PACK.calendar.fai_season.model_copy(update={"estimate_from": name, "years": years})
    return replace(PACK, calendar=PACK.calendar.model_copy(update={"fai_season": season}))


def shortened(name: str, count: int) -> Pack:
    """Return the pack with the last months of a series only."""
    series = PACK.history[name]
    records = series.records[-count:]
    return replace(PACK, history={**PACK.history, name: Series(series.entry, records)})


#: Edit, key of the file, message, commands that it stops.
Case = tuple["Callable[[], Pack]", str, str, tuple[str, ...]]
CASES: dict[str, Case] = {
    "run ends before the plan's year": (
        lambda: moved(default_through="2012-06"), "default_through",
        "2012-06 is before the end of plan_year; allowed: from 2012-12", RUNS,
    ),
    "run ends after the last month": (
        lambda: moved(default_through="2013-12", last_month="2013-06"), "default_through",
        "2013-12 is after last_month; allowed: to 2013-06", RUNS,
    ),
    "pipeline begins too early": (
        lambda: moved(pipeline_start="2003-01"), "default_through",
        "allowed: at most 128: a run to 2013-08, or pipeline_start from 2003-05 on", RUNS,
    ),
    "last month too late": (
        lambda: moved(last_month="2016-12"), "last_month",
        "2016-12 is 96 months from firms_start on, 2009-01; allowed: at most 84: a run to 2015-12",
        ("assess --through", "report --through"),
    ),
    "firms begin within the base year": (
        lambda: moved(firms_start="2011-03"), "firms_start",
        "2011-03 is within or after base_year; allowed: at most 2011-01", RUNS,
    ),
    "firms begin before the series": (
        lambda: moved(pipeline_start="2005-01", firms_start="2005-02", default_through="2012-12",
                      last_month="2012-12"), "firms_start",
        "value added and producer prices begin in", EVERY,
    ),
    "smallest project above the largest": (
        lambda: with_parameter("size_ordinary_min", default=20.0), "size_ordinary_min",
        "reaches 20, size_ordinary_max begins at 20; allowed: below it over the whole range", RUNS,
    ),
    "smallest project of nothing": (
        lambda: with_parameter("size_large_min", default=0.0), "size_large_min",
        "goes down to 0; allowed: above 0", RUNS,
    ),
    "exponent of one": (
        lambda: with_parameter("size_ordinary_alpha", default=1.0, range=(1.0, 1.0)),
        "size_ordinary_alpha", "holds 1, where the mean size divides by zero", RUNS,
    ),
    "exponent through one": (  # the default alone would pass
        lambda: with_parameter("size_large_alpha", range=(0.9, 2.2)), "size_large_alpha",
        "0.9 to 2.2 holds 1", RUNS,
    ),
    "less investment than a project": (
        lambda: with_base(fai=1), "base.fai", "smallest pipeline: 0.34 starts of a project a year",
        RUNS,
    ),
    "no workers": (lambda: with_base(workers=0), "base.workers", "allowed: above 0", RUNS),
    "more firms than a world holds": (
        lambda: with_base(fai=10_000_000), "base.fai", "a world holds", RUNS,
    ),
    "season of growth rates": (
        lambda: with_season("ppi_yoy", (2009, 2011)), "estimate_from",
        "ppi_yoy: ", RUNS,
    ),
    "season of years without values": (
        lambda: with_season("fai_ytd", (1990, 1991)), "estimate_from",
        "no complete year of year-to-date values; allowed: a series of sums to date", RUNS,
    ),
    "34 months of prices": (
        lambda: shortened("ppi_yoy", 34), "history", "need 48 gap-free months", EVERY,
    ),
    **{
        f"no {name}": (
            lambda name=name: without_series(name), "history",  # type: ignore[misc]
            f"history has no series '{name}'", EVERY,
        )
        for name in SOURCES if name != "fai_ytd"
    },
    "unknown measure": (
        lambda: changed("trained", measure_entry="traind"), "measure",
        "no such measure: traind; did you mean 'trained'?", (*RUNS, "plan --check"),
    ),
    "family without a threshold": (
        lambda: changed("zones_100", threshold=None), "threshold", "allowed: a size",
        (*RUNS, "plan --check"),
    ),
    "target in another kind of unit": (
        lambda: changed("workers", unit="亩"), "unit", "is counted in 人", (*RUNS, "plan --check"),
    ),
    "no target that is one": (
        lambda: changed("trained", measure_entry="workers_10"), "measure", "no such measure",
        (*RUNS, "plan --check"),
    ),
}  # fmt: skip


@cache
def case(name: str) -> Pack:
    return CASES[name][0]()


def answer(pack: Pack, command: str) -> None:
    """Do what the command does, as small as it can be."""
    match command:
        case "assess":
            assess(pack=pack, replicates=1)
        case "matrix":
            matrix(pack=pack, replicates=1)
        case "explain":
            explain(pack=pack, replicates=1)
        case "report":
            gather(Study(pack, replicates=1), ["plan"], deep=False)
        case "plan --check":
            audit(pack)
        case "outlook":
            require(pack, "outlook")


@pytest.mark.parametrize("name", CASES)
def test_validate_says_what_the_commands_refuse_and_where(name: str) -> None:
    _, key, message, commands = CASES[name]
    found = stopped(case(name))
    told = [(stop.commands, problem) for stop in found for problem in stop.problems]
    mine = [(who, problem) for who, problem in told if message in problem.message]
    assert len(mine) == 1, told  # once, whichever commands it stops
    who, problem = mine[0]
    assert set(who) == set(commands)
    assert key in problem.path
    assert problem.line > 0
    for command in COMMANDS:
        faults = {
            problem for stop in found if command in stop.commands for problem in stop.problems
        }
        assert set(requirements(case(name), command)) == faults
        if faults:
            with pytest.raises(InputError) as caught:
                answer(case(name), command)
            assert set(caught.value.problems) == faults


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[3] == RUNS][:4])
def test_a_single_run_refuses_the_same(name: str) -> None:
    with pytest.raises(InputError, match=re.escape(CASES[name][2])):
        simulate(pack=case(name), replicates=1)


@pytest.mark.parametrize("name", DROPPED)
def test_a_pack_without_an_optional_part_stops_nothing(name: str) -> None:
    """That the commands do answer is tested where their words are (test_not_modelled)."""
    assert stopped(DROPPED[name]()) == []


def test_a_pack_without_any_one_target_stops_nothing() -> None:
    for k, target in enumerate(PACK.plan.targets()):
        pack = with_targets(lambda entry, name=target.id: None if entry.id == name else entry)  # type: ignore[misc]
        assert len(pack.plan.targets()) == len(PACK.plan.targets()) - 1
        assert stopped(pack) == [], target.id
        answer(pack, "plan --check")
        if k % 12 == 0:
            answer(pack, "assess")


def test_validate_and_the_commands_agree_on_every_series() -> None:
    """Without one series of the history a command either answers or is refused by both."""
    for k, name in enumerate(PACK.history):
        pack = without_series(name)
        found = stopped(pack)
        faults = {problem for stop in found for problem in stop.problems}
        if faults:
            assert name in {*SOURCES, PACK.calendar.fai_season.estimate_from}
            with pytest.raises(InputError):
                answer(pack, "assess")
        elif k % 6 == 0:
            for command in ("assess", "outlook", "plan --check"):
                answer(pack, command)


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_shipped_packs_answer(folder: Path) -> None:
    from xuchang_sim.pack.load import load_pack

    assert stopped(load_pack(folder)) == []


def test_the_option_is_named_where_the_option_is_wrong() -> None:
    for month, message in (
        ("2012-06", "2012-06 is before the end of plan_year"),
        ("2019-01", "2019-01 is after last_month; allowed: to 2015-12"),
        ("2012-6", "not a month"),
    ):
        found = requirements(PACK, "assess", through=month)
        assert found[0].file == "--through"
        assert message in found[0].message
    assert requirements(PACK, "assess", through="2015-12") == []
    assert [p.file for p in requirements(PACK, "assess", replicates=0)] == ["--replicates"]


def test_a_pack_that_takes_many_times_the_usual_is_told_so(tmp_path: Path) -> None:
    """Room for firms and projects, not a fault: the pack is good, and its runs take long."""
    assert large(PACK) is None
    many = large(with_parameter("firms_count", range=(300, 60_000)))
    assert many is not None
    assert many.firms >= 60_000
    assert many.times > 8
    folder = new_pack(tmp_path / "many", "xuchang_2623")
    path = folder / "parameters.yaml"
    text = path.read_text(encoding="utf-8")
    assert "range: [300, 550]" in text
    path.write_text(text.replace("range: [300, 550]", "range: [300, 28000]"), encoding="utf-8")
    words = [sys.executable, "-m", "xuchang_sim", "validate", str(folder), "--lang", "en"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert re.search(r"room for [0-9,]+ firms and .* times the usual", done.stderr + done.stdout)


def test_parameters_that_a_scenario_fixes_must_fit_together() -> None:
    scenario = load_scenario("plan", PACK)
    bad = replace(scenario, parameters={"size_ordinary_alpha": 1.0})
    found = requirements(PACK, "explain", scenario=bad)
    assert len(found) == 1
    assert "holds 1" in found[0].message
    with pytest.raises(InputError, match="holds 1"):
        explain(bad, pack=PACK, replicates=1)
    with pytest.raises(InputError, match="holds 1"):
        simulate(bad, pack=PACK, replicates=1)
    assert requirements(PACK, "assess", scenario="no such scenario")[0].message


def test_deep_says_how_many_pipelines_a_replicate_took() -> None:
    attempts, failed = warm_ups(one_zone())
    assert len(attempts) == 4
    assert min(attempts) >= 1
    assert failed == 0
    attempts, failed = warm_ups(with_base(revenue=1))
    assert (attempts, failed) == ([], 4)


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xuchang_sim", *words],
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_validate_heads_faults_by_the_commands_they_stop(tmp_path: Path) -> None:
    folder = new_pack(tmp_path / "mine")
    path = folder / "pack.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub("default_through: .*", "default_through: 2011-06", text), "utf-8")
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios" / "odd.yaml").write_text(
        "name: odd\ntitle_zh: 怪\ntitle_en: odd\nparent: plan\nlevers: {no_lever: 1}\n", "utf-8"
    )
    done = call("validate", str(folder), "--lang", "en")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    at = lines.index("what stops assess, matrix, explain, report:")
    assert re.search(r"pack\.yaml:[1-9]\d*: default_through: 2011-06 is before", lines[at + 1])
    assert any("odd" in line and line.startswith("what stops") for line in lines)
    assert done.stderr.count("is before the end of plan_year") == 1
    run = call("assess", "--pack", str(folder), "--json")
    assert (run.returncode, run.stdout) == (2, "")
    assert lines[at + 1] in run.stderr
    assert "Traceback" not in done.stderr + run.stderr
