"""The engine: bits that depend on nothing but the address, branches, failures, the cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xuchang_sim
from tests.rules import entry
from xuchang_sim.model import chunk, engine
from xuchang_sim.model.build.compile import compilers
from xuchang_sim.model.memory import Worlds1, blank
from xuchang_sim.model.sorting import FEW, sort_keys
from xuchang_sim.model.world import CODES, LEVERS, MEASURES, Firms, Projects, Sizes, World, columns
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation import records, run as simulation
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.records import LEAST_LONG
from xuchang_sim.simulation.results import Results
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.study import economy

PACK = load_pack()
PLAN = load_scenario("plan", PACK)
NONE = load_scenario("no_plan", PACK)


def digest(results: Results) -> bytes:
    assert results.city is not None
    assert results.zone_years is not None
    assert results.sectors is not None
    parts = [results.outcomes[name] for name in sorted(results.outcomes)]
    parts += [results.city, results.zone_years, results.sectors, results.summary]
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


@pytest.fixture(scope="module")
def plain() -> Results:
    return run(prepare(PACK, 20, 5), [Variant(PLAN)])[0]


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("chunk", [1, 16, 100])
def test_chunks_are_every_replicate_once_and_shrink_at_the_end(workers: int, chunk: int) -> None:
    cut = engine.parts([5, 405], chunk, workers)
    assert [r for first, count in cut for r in range(first, first + count)] == list(range(5, 405))
    sizes = [count for _, count in cut]
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) <= chunk
    assert workers == 1 or sizes[-1] <= max(1, chunk // 8)
    assert engine.parts([3, 3], chunk, workers) == []
    parted = engine.parts([0, 0, 33, 150], chunk, workers)
    assert [r for first, count in parted for r in range(first, first + count)] == list(range(150))
    assert not any(first < 33 < first + count for first, count in parted)


@pytest.mark.parametrize("chunk", [3, 16])
def test_replicates_that_are_not_followed_end_with_the_plans_year(
    plain: Results, chunk: int
) -> None:
    setup = replace(prepare(PACK, 20, 5), extended=7)
    found = run(setup, [Variant(PLAN)], chunk=chunk)[0]
    years, months = PACK.plan_year - PACK.base_year + 1, 12 * (PACK.plan_year - PACK.base_year + 1)
    assert plain.city is not None
    assert found.city is not None
    assert plain.sectors is not None
    assert found.sectors is not None
    assert found.good.all()
    assert plain.city.shape[1] > months
    for mine, whole, seen in (
        (found.city, plain.city, months),
        (found.sectors, plain.sectors, years),
        (found.outcomes["revenue"], plain.outcomes["revenue"], years),
        (found.outcomes["fai_growth"], plain.outcomes["fai_growth"], years),
    ):
        assert np.array_equal(mine[:7], whole[:7], equal_nan=True)
        assert np.array_equal(mine[7:, :seen], whole[7:, :seen], equal_nan=True)
        assert np.isnan(mine[7:, seen:]).all()


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_bits_depend_neither_on_threads_nor_on_chunks(
    plain: Results, workers: int, chunk: int
) -> None:
    again = run(prepare(PACK, 20, 5), [Variant(PLAN)], workers=workers, chunk=chunk)[0]
    assert digest(again) == digest(plain)


def test_a_replicate_does_not_know_how_many_there_are(plain: Results) -> None:
    few = run(prepare(PACK, 6, 5), [Variant(PLAN)])[0]
    for name, values in few.outcomes.items():
        assert np.array_equal(values, plain.outcomes[name][:6], equal_nan=True), name


def test_replicates_and_seeds_differ(plain: Results) -> None:
    fai = plain.outcome("fai")
    assert len(np.unique(fai)) == len(fai)
    other = run(prepare(PACK, 20, 6), [Variant(PLAN)])[0]
    assert (other.outcome("fai") != fai).all()


def test_variants_from_a_branch_equal_runs_of_their_own(plain: Results) -> None:
    again = Variant(PLAN, redraw=1)
    together = run(prepare(PACK, 20, 5), [Variant(NONE), again, Variant(PLAN), again])
    alone = run(prepare(PACK, 20, 5), [Variant(NONE)])[0]
    assert digest(together[0]) == digest(alone)
    assert digest(together[2]) == digest(plain)
    assert digest(together[1]) == digest(together[3]) != digest(plain)


def test_a_variant_that_fails_leaves_nothing_for_the_next_to_repeat(
    plain: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first variant keeps its firms' jumps for the others, as far as it comes."""
    whole = simulation.Batch.inputs

    def first_is_impossible(self: Any, first: int, count: int) -> Any:
        records = whole(self, first, count)
        records["level"]["ordinary_arrivals"][0, records["replicate"][0] % 2 == 1] = 1e3
        return records

    monkeypatch.setattr(simulation.Batch, "inputs", first_is_impossible)
    first, second = run(prepare(PACK, 20, 5), [Variant(NONE), Variant(PLAN)])
    assert list(np.flatnonzero(~first.good)) == list(range(1, 20, 2))
    assert (first.failed[1::2, 1] == prepare(PACK, 20, 5).policy_month).all()
    assert digest(second) == digest(plain)


@pytest.mark.parametrize("fails", [None, 0, 2])
def test_a_variant_without_errors_leaves_at_the_opening_and_touches_no_other(
    plain: Results, monkeypatch: pytest.MonkeyPatch, fails: int | None
) -> None:
    """Whichever of them fails, the others run as they do alone."""
    setup = prepare(PACK, 20, 5)
    brief = Variant(PLAN, errorless=True, brief=True, most=12)
    short = replace(setup, through=12 * PACK.plan_year + 11, replicates=12)
    (alone,) = run(short, [replace(brief, brief=False, most=0)])
    (none,) = run(setup, [Variant(NONE)])
    whole = simulation.Batch.inputs

    def one_is_impossible(self: Any, first: int, count: int) -> Any:
        records = whole(self, first, count)
        if fails is not None and fails < len(records):
            records["level"]["ordinary_arrivals"][fails] = 1e3
        return records

    monkeypatch.setattr(simulation.Batch, "inputs", one_is_impossible)
    found = run(setup, [Variant(PLAN), Variant(NONE), brief], chunk=5)
    assert [int((~each.good).sum()) for each in found] == [
        len(each.good) * (number == fails) for number, each in enumerate(found)
    ]
    assert fails == 0 or digest(found[0]) == digest(plain)
    assert digest(found[1]) == digest(none)
    if fails != 2:
        assert found[2].city is None
        assert found[2].outcomes.keys() == alone.outcomes.keys()
        for name, values in alone.outcomes.items():
            assert np.array_equal(found[2].outcomes[name], values, equal_nan=True), name
        assert not np.array_equal(alone.outcomes["fai"], plain.outcomes["fai"][:12, :2])


@pytest.mark.parametrize(
    ("arrivals", "months"), [((1.0, 1.2), 20), ((1.0, 2.0), 20), ((2.2, 1.0), 0)]
)
def test_variants_share_the_candidates_that_were_listed_and_list_the_rest_themselves(
    monkeypatch: pytest.MonkeyPatch, arrivals: tuple[float, float], months: int
) -> None:
    """The next may have many more arrivals than the first, and the first more than there is room."""
    whole = simulation.Batch.inputs
    scale = dict(zip((NONE.name, PLAN.name), arrivals, strict=True))

    def many(self: Any, first: int, count: int) -> Any:
        records = whole(self, first, count)
        for v, variant in enumerate(self.variants):
            records["level"]["ordinary_arrivals"][v] *= scale[variant.scenario.name]
        return records

    monkeypatch.setattr(simulation.Batch, "inputs", many)
    setup = prepare(PACK, 2, 2012)
    together = run(setup, [Variant(NONE), Variant(PLAN)], workers=1)
    replay = engine._memory(Sizes())[0]["replay"]
    kept = int(replay["listed"][0] - replay["begin"][0])
    assert kept == months if months else 5 < kept < 20
    for variant, found in zip((NONE, PLAN), together, strict=True):
        assert found.good.all()
        assert digest(found) == digest(run(setup, [Variant(variant)])[0])


def test_no_plan_is_the_plan_with_every_lever_absent_bit_for_bit() -> None:
    levels = {name: PACK.levers[name].absent for name in LEVERS}
    absent = replace(PLAN, levels=levels)
    one, two = run(prepare(PACK, 12, 5), [Variant(NONE), Variant(absent)])
    assert digest(one) == digest(two)


def test_a_redraw_leaves_the_past_alone_and_changes_the_rest() -> None:
    setup = prepare(PACK, 8, 5)
    one, two = run(setup, [Variant(PLAN), Variant(PLAN, redraw=1)])
    branch = setup.policy_month - 12 * PACK.base_year
    assert one.city is not None
    assert two.city is not None
    assert np.array_equal(one.city[:, :branch], two.city[:, :branch])
    arrivals = list(MEASURES).index("arrivals")
    assert (one.city[:, branch:, arrivals] != two.city[:, branch:, arrivals]).any()


def test_a_failing_replicate_is_recorded_and_spoils_no_other(
    plain: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = simulation.Batch.inputs

    def one_is_impossible(self: Any, first: int, count: int) -> Any:
        records = whole(self, first, count)
        records["large_share_fai"][:, records["replicate"][0] == 3] = 5.0
        return records

    monkeypatch.setattr(simulation.Batch, "inputs", one_is_impossible)
    results = run(prepare(PACK, 20, 5), [Variant(PLAN)])[0]
    assert list(np.flatnonzero(~results.good)) == [3]
    assert results.failed[3, 0] > 0
    assert np.isnan(results.outcomes["fai"][3]).all()
    others = [r for r in range(20) if r != 3]
    assert np.array_equal(results.outcomes["fai"][others], plain.outcomes["fai"][others])
    assert all(0 <= row.p <= 1 for row in results.targets())


def test_more_rows_than_room_is_said_not_overwritten() -> None:
    setup = prepare(PACK, 1, 5)
    small = records.sizes_for(setup)._replace(projects=296)
    found = run(replace(setup, room=small), [Variant(PLAN)])[0]
    assert found.failed[:, 0].tolist() == [101 * CODES]


PROGRAM = """
import json, sys
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.pack.load import load_pack
import hashlib, numpy as np
pack = load_pack()
results = run(prepare(pack, 2, 5), [Variant(load_scenario(n, pack)) for n in ("plan", "no_plan")])
names = sorted(results[0].outcomes)
data = [[r.outcomes[n].tolist() for n in names] for r in results]
sha = hashlib.sha256(b"".join(r.city.tobytes() for r in results)).hexdigest()
print(json.dumps([sha, data[0][names.index("fai")]]))
"""


def _subprocess(folder: Path | None = None, **environment: str) -> Any:
    env = {**os.environ, **environment}
    if folder:
        env["PYTHONPATH"] = str(folder)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_compiled_and_uncompiled_rules_give_the_same_bits() -> None:
    assert _subprocess() == _subprocess(XUCHANG_SIM_UNCOMPILED="1")


def test_an_edited_rule_is_compiled_anew(tmp_path: Path) -> None:
    if not compilers():
        pytest.skip("no C compiler on this machine")
    package = Path(xuchang_sim.__file__).parent
    copy = tmp_path / "src" / "xuchang_sim"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pyproject.toml").touch()
    if not (copy / "scenarios").is_dir():  # in a wheel they are inside
        shutil.copytree(package.parents[1] / "scenarios", tmp_path / "scenarios")
    libraries = copy / "model" / "compiled"
    known = {path.name for path in libraries.glob("rules-*-usual.*")}
    before = _subprocess(copy.parent)
    assert before == _subprocess()
    rule = copy / "model" / "steps" / "calendar.py"
    text = rule.read_text(encoding="utf-8")
    assert "return exp(exponent * log(x))" in text
    changed = text.replace("return exp(exponent * log(x))", "return 1.01 * exp(exponent * log(x))")
    rule.write_text(changed, encoding="utf-8")
    after = _subprocess(copy.parent)
    assert after != before
    assert after == _subprocess(copy.parent, XUCHANG_SIM_UNCOMPILED="1")
    assert len({path.name for path in libraries.glob("rules-*-usual.*")} - known) == 1


GARBAGE = {"reach": np.nan, "ahead": np.nan, "wish": np.nan, "draw": np.nan, "late": 0, "key": -7}


def test_what_a_branch_does_not_copy_never_changes_or_is_never_read() -> None:
    """Rows that stand when the ledgers open keep their settled columns; scratch may be anything."""
    model, marred = (economy("all_high", replicate=2, seed=9, pack=PACK) for _ in range(2))
    counts = {"firm": int(model.city["firms"]), "project": int(model.city["projects"])}
    settled = {"firm": chunk.UNCHANGED_FIRM, "project": chunk.UNCHANGED - GARBAGE.keys()}
    assert GARBAGE.keys() <= chunk.UNCHANGED
    before = {
        (part, name): model.columns[part][name][: counts[part]].copy()
        for part, names in settled.items()
        for name in names
    }
    for _ in range(24):
        model.step()
        for name, value in GARBAGE.items():
            marred.columns["project"][name][:] = value
        marred.step()
        one, two = (each.memory[0]["zone"]["measures"] for each in (model, marred))
        assert np.array_equal(one, two)
    for (part, name), values in before.items():
        assert np.array_equal(model.columns[part][name][: counts[part]], values), name


@entry
def sort_rows(memory: Worlds1, count: int) -> None:
    sort_keys(memory[0], count)


@pytest.mark.parametrize("count", [0, 1, 2, FEW, FEW + 1, 3000])
def test_keys_are_sorted_by_rank_and_by_gaps(count: int) -> None:
    memory = blank(World, Sizes())
    keys = memory[0]["project"]["key"]
    keys[:] = np.random.default_rng(count).permutation(len(keys)) << 40
    whole = keys.copy()
    sort_rows(memory, count)
    assert np.array_equal(keys[:count], np.sort(whole[:count]))
    assert np.array_equal(keys[count:], whole[count:])


def test_every_column_of_a_row_table_has_a_row_per_entity() -> None:
    for table, length in ((Firms, "firms"), (Projects, "projects")):
        assert {column.shape for column in columns(table).values()} == {(length,)}


@pytest.mark.parametrize("rows", [Sizes().firms, LEAST_LONG])
def test_long_columns_spread_over_the_cache(rows: int) -> None:
    """A second-level cache has 2,048 sets of 64 bytes: none of its sixteenths is crowded."""
    lines, rest = divmod(8 * rows, 64)
    assert rest == 0
    begins = [column * lines % 2048 // 128 for column in range(96)]
    assert np.bincount(begins, minlength=16).max() <= 8
    assert engine.threads() >= 1
