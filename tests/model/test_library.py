"""The compiled rules as a library: found by what the rules say, called with checked arguments."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xuchang_sim
from xuchang_sim import simulate
from xuchang_sim.model import chunk, library, machine
from xuchang_sim.model.build.compile import STRICT
from xuchang_sim.model.digest import library_digest
from xuchang_sim.model.layout import layout, numbers, tables
from xuchang_sim.model.memory import MOST_OF_NUMPY, blank, dtype_of, room
from xuchang_sim.model.world import PIPELINE, Inputs, Sizes, World, columns
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.records import sizes_for
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant

compiled = pytest.mark.skipif(not library.COMPILED, reason="compiled only")
PROGRAM = """
import json, sys
from xuchang_sim import assess, simulate
found = simulate("plan", replicates=3, seed=11).outcomes["revenue"].tolist()
assess("plan", replicates=3)
print(json.dumps([found, sorted(sys.modules)]))
"""
SIZES = Sizes(zones=11, sectors=9, firms=400, projects=296, months=60, span=90)


def test_a_run_imports_no_compiler_and_no_translator() -> None:
    here = simulate("plan", replicates=3, seed=11).outcomes["revenue"].tolist()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ, capture_output=True, text=True, check=True
    )
    there, imported = json.loads(done.stdout)
    assert there == here
    assert not {"numba", "llvmlite", "ziglang", "cffi"} & set(imported)
    assert not [name for name in imported if name.startswith("xuchang_sim.model.build")]


@compiled
@pytest.mark.parametrize("which", machine.ROOMS)
def test_a_library_says_what_it_is_and_keeps_every_bit(which: str) -> None:
    about = library.about(library.load(which))
    assert about["digest"] == library_digest()
    assert set(STRICT) <= set(about["flags"])
    forbidden = {
        "-ffast-math",
        "-Ofast",
        "-ffp-contract=fast",
        "-ffp-contract=on",
        "-funsafe-math-optimizations",
    }
    assert not forbidden & set(about["flags"])
    assert [flag for flag in about["flags"] if flag.startswith("-ffp-contract")] == [
        "-ffp-contract=off"
    ]
    assert ("-DFIXED" in about["flags"]) == (which == machine.USUAL)


@compiled
@pytest.mark.parametrize("which", machine.ROOMS)
def test_no_product_is_fused_into_a_sum(which: str) -> None:
    if not shutil.which("objdump"):
        pytest.skip("no objdump on this machine")
    library.load(which)  # another process may be building it
    path = machine.find(which)
    assert path
    said = subprocess.run(
        ["objdump", "-d", str(path)], check=True, capture_output=True, text=True
    ).stdout
    assert re.search(r"\b(v?sqrtsd|v?sqrtpd|fsqrt)\b", said)
    assert not re.search(r"\b(vfn?m(add|sub)\w*|fn?m(add|sub|la|ls))\b", said)


def fails(match: str, error: type[Exception], rule: Any, *given: Any) -> None:
    with pytest.raises(error, match=match):
        rule(*given)


@compiled
def test_wrong_arguments_are_refused_before_they_are_read() -> None:
    world, given, out = blank(World, Sizes()), blank(Inputs, Sizes()), np.zeros((1, 5))
    solve = chunk.expectations
    fails("takes 3 arguments, got 2", TypeError, solve, world, given)
    fails("an array, got list", TypeError, solve, world, given, [0.0])
    fails("contiguous array of 2", TypeError, solve, world, given, out[0])
    fails("contiguous array of 2", TypeError, solve, world, given, np.zeros((1, 10))[:, ::2])
    fails("laid out", TypeError, solve, world, given, out.astype(np.float32))
    fails("laid out", TypeError, solve, world, given, out.astype(np.int64))
    fails("laid out", TypeError, solve, world, world, out)
    fails("laid out", TypeError, solve, given, given, out)
    fails("laid out", TypeError, solve, world, blank(Inputs, SIZES), out)
    fails("laid out", TypeError, solve, world, np.zeros(1, longer(given.dtype)), out)
    fails("laid out", TypeError, solve, np.zeros(1, longer(world.dtype)), given, out)
    fails("a whole number", TypeError, chunk.perform, world, given, 1.0)
    fails("a whole number", TypeError, chunk.perform, world, given, None)
    block = [np.zeros((1, 1, *(1,) * n)) for n in (2, 3)]
    more = [np.zeros((1, 1, *(1,) * n)) for n in (3, 3, 1)]
    rows = np.zeros(0, np.int64), np.zeros((1, 1, 2), np.int64)
    fails(
        "two arguments are the same records",
        ValueError,
        chunk.run_chunk,
        *(
            world,
            world,
            given.reshape(1, 1),
            0,
            0,
            *block,
            rows[0],
            *more,
            np.zeros((1, 32)),
            rows[1],
        ),
    )
    assert not out.any()
    assert not world.view(np.uint8).any()


def longer(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the same columns, one item longer: a layout of another version, say."""
    fields = [(name, dtype[name]) for name in dtype.names or ()]
    return np.dtype([*fields, ("later", np.int64)])


@pytest.mark.parametrize("sizes", [Sizes(), SIZES])
@pytest.mark.parametrize("table", [World, Inputs])
def test_no_column_lies_over_another(sizes: Sizes, table: Any) -> None:
    taken = np.zeros(layout(table, sizes).words, int)

    def take(table: Any, begin: int) -> None:
        laid = layout(table, sizes)
        for name, place in laid.places.items():
            if name in columns(table):
                taken[begin + place.offset : begin + place.offset + int(np.prod(place.shape))] += 1
        for part in laid.parts.values():
            take(part.table, begin + part.offset)

    take(table, 0)
    assert taken.max() == 1
    assert (taken == 0).sum() < 8 * 20
    assert dtype_of(table, sizes).itemsize == 8 * len(taken)


def test_what_is_fixed_does_not_depend_on_sizes() -> None:
    one, other = numbers(Sizes()), numbers(SIZES)
    assert list(one) == list(other)
    for table in (tables(World) | tables(Inputs)).values():
        kind: Any = table
        here, there = layout(kind, Sizes()), layout(kind, SIZES)
        for name, place in here.places.items():
            if place.fixed:
                assert place.offset == there.places[name].offset
            elif place.unit:
                per = place.offset // getattr(Sizes(), place.unit)
                assert place.offset == per * getattr(Sizes(), place.unit)
                assert there.places[name].offset == per * getattr(SIZES, place.unit)


@compiled
def test_a_library_under_a_false_name_is_not_run(tmp_path: Path) -> None:
    found = machine.find(machine.USUAL)
    assert found
    folder = tmp_path / "rules"
    folder.mkdir()
    damaged = found.read_bytes().replace(library_digest().encode(), b"0" * 20)
    (folder / found.name).write_bytes(damaged)
    code = (
        "from xuchang_sim.model import library, machine\n"
        f"import pathlib; machine.folders = lambda: (pathlib.Path({str(folder)!r}),)\n"
        "try:\n    library.load('usual')\nexcept library.RulesError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "is not what its name says; delete it" in done.stdout


@compiled
def test_without_library_and_compiler_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    copied(tmp_path, data=True)
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "XUCHANG_SIM_CC": "none"}
    env |= {"XUCHANG_SIM_CACHE": str(tmp_path / "cache")}
    for lang, sentence in (
        ("en", "the rules are not compiled, and there is no C compiler: pip install ziglang"),
        ("zh", "模型规则尚未编译，而本机没有 C 编译器：请先 pip install ziglang"),
    ):
        command = [sys.executable, "-m", "xuchang_sim", "assess", "-n", "8", "--lang", lang]
        done = subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        (said,) = done.stderr.strip().splitlines()
        assert said.startswith(sentence)


@compiled
def test_two_threads_with_two_sizes_do_not_meet() -> None:
    """The layout of a call is its own."""
    from concurrent.futures import ThreadPoolExecutor

    pack = load_pack()
    setup = prepare(pack, 6, 5)
    rooms = [sizes_for(setup)._replace(firms=4096 + 64 * k, zones=16 + k) for k in range(3)]

    def one(sizes: Sizes | None) -> bytes:
        found = run(
            replace(setup, room=sizes),
            [Variant(load_scenario("plan", pack))],
        )
        assert found[0].city is not None
        return found[0].city.tobytes()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(one, [None, *rooms, *rooms]))) == 1


@compiled
def test_a_world_longer_than_numpys_records_gives_the_same_bits() -> None:
    """Its rows are not touched, and cost nothing."""
    pack = load_pack()
    setup = prepare(pack, 2, 5)
    plan = Variant(load_scenario("plan", pack))
    long = sizes_for(setup)._replace(firms=2**22 + 280, projects=2**22 + 280)
    assert 8 * layout(World, long).words > MOST_OF_NUMPY
    found = [run(replace(setup, room=sizes), [plan])[0] for sizes in (None, long)]
    assert found[0].city is not None
    assert found[1].city is not None
    assert found[0].city.tobytes() == found[1].city.tobytes()

    memory, given = room(World, long, 1), blank(Inputs, long)
    chunk.begin_world(memory, given)
    assert (memory[0]["city"]["phase"], memory.shape) == (PIPELINE, (1,))
    memory[0]["city"]["code"] = 7
    memory[0]["firm"]["zone"][2**22] = 3
    assert memory[0]["city"]["code"] == 7
    assert memory[0]["firm"]["zone"].shape == (long.firms,)
    fails("wanted Inputs, got long records", TypeError, chunk.tick, memory, memory)


@compiled
def test_flushing_subnormal_numbers_elsewhere_changes_nothing_here() -> None:
    """Libraries built with fast arithmetic leave the processor in another mode."""
    libm = ctypes.CDLL(None)
    if (
        not hasattr(libm, "fegetenv")
        or sys.platform != "linux"
        or machine.targets()[-1] != "linux-x86_64"
    ):
        pytest.skip("the mode is set through glibc on x86-64 only")
    before = simulate("plan", replicates=2, seed=3).city
    mode = (ctypes.c_uint32 * 8)()
    libm.fegetenv(mode)
    usual = mode[7]
    try:
        mode[7] = usual | 0x8040  # flush to zero, denormals are zero
        libm.fesetenv(mode)
        after = simulate("plan", replicates=2, seed=3).city
        libm.fegetenv(mode)
        assert mode[7] & 0x8040 == 0x8040
    finally:
        mode[7] = usual
        libm.fesetenv(mode)
    assert before is not None
    assert after is not None
    assert before.tobytes() == after.tobytes()


def copied(folder: Path, *, data: bool = False) -> Path:
    """Copy the package without its libraries, with data and scenarios or not; return its model."""
    package = Path(xuchang_sim.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__", "compiled", *([] if data else ["data"]))
    shutil.copytree(package, folder / "xuchang_sim", ignore=ignored)
    scenarios = package.parents[1] / "scenarios"  # in a checkout; a wheel has them inside
    if data and scenarios.is_dir():
        shutil.copytree(scenarios, folder / "xuchang_sim" / "scenarios")
    return folder / "xuchang_sim" / "model"


def test_what_a_build_writes_meanwhile_changes_no_name(tmp_path: Path) -> None:
    model = copied(tmp_path)
    code = (
        "import sys; seen = []\n"
        "sys.addaudithook(lambda event, given: event == 'os.scandir' and seen.append(given[0]))\n"
        "from xuchang_sim.model.digest import library_digest\n"
        "print(library_digest(), [str(path) for path in seen if 'compiled' in str(path)])"
    )

    def name() -> str:
        env = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        digest, said = done.stdout.split(maxsplit=1)
        assert said.strip() == "[]"  # a folder that is removed while one looks into it is an error
        return digest

    before = name()
    building = model / "compiled" / ".building-x"
    building.mkdir(parents=True)
    (building / "rules.c").write_text("half a text")
    assert name() == before
    (model / "sorting.py").write_text("")
    assert name() != before


@pytest.mark.skipif(os.name == "nt", reason="owners are others there")
def test_code_that_others_may_have_written_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache may be shared: a library of another user, or that others may write, is refused by name."""
    path = tmp_path / "rules" / "rules.so"
    path.parent.mkdir()
    path.write_bytes(b"")
    monkeypatch.setattr(library, "find", lambda _: path)
    path.chmod(0o666)
    with pytest.raises(library.RulesError, match=r"rules\.so: another user may have written"):
        library._open("usual")
    path.chmod(0o644)
    with pytest.raises(OSError, match="too short"):  # it is this user's: loaded, and no library
        library._open("usual")
    if os.geteuid() == 0:
        os.chown(path, 65534, -1)
        with pytest.raises(library.RulesError, match="another user"):
            library._open("usual")


@compiled
@pytest.mark.long
@pytest.mark.timeout(900)
def test_processes_that_build_at_once_build_once(tmp_path: Path) -> None:
    model = copied(tmp_path)
    sorting = model / "sorting.py"
    sorting.write_text(sorting.read_text() + "# other rules by name\n")
    code = "from xuchang_sim.model import library, machine; library.load('any'); print(machine.find('any'))"
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "XUCHANG_SIM_CACHE": str(tmp_path / "cache")}
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=-1, stderr=-1, text=True)
        for _ in range(4)
    ]
    said = [each.communicate() for each in started]
    assert [each.returncode for each in started] == [0] * 4, said
    assert len({out for out, _ in said}) == 1
    assert sum("rules compiled in" in error for _, error in said) == 1
    assert [path.name for path in (model / "compiled").iterdir() if ".building" in path.name] == []
