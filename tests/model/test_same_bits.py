"""Every build of the rules gives the same bits: processors, sizes, threads, checks, a browser's machine.

The long test prints the table of digests (``pytest -s``); the short one runs a part of its rows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.model.bits import HASHED, group_of, hashed
from xuchang_sim.model import chunk, engine, machine
from xuchang_sim.model.build.build import FLAGS
from xuchang_sim.model.build.compile import TARGETS, Compiler, compile_text, compilers
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.digest import library_digest
from xuchang_sim.model.layout import numbers
from xuchang_sim.model.library import COMPILED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not COMPILED, reason="compiled only")
MANY, FEW, ONE = 200, 6, 1
LONG = 2**22 + 280  # rows with which a world is longer than numpy's records
UNDEFINED = ("-fsanitize=undefined,float-cast-overflow", "-fno-sanitize=signed-integer-overflow")
NAMED = {  # what to run, in which environment
    "usual sizes": ((), {}),
    "usual sizes, two threads": (("--workers", "2"), {}),
    "usual sizes, identities tested": (("--check",), {}),
    "any sizes": (("--any",), {}),
    "any sizes, identities tested": (("--any", "--check"), {}),
    "usual sizes, baseline processor": ((), {"XUCHANG_SIM_PROCESSOR": "baseline"}),
    "any sizes, baseline processor": (("--any",), {"XUCHANG_SIM_PROCESSOR": "baseline"}),
}
HARNESS = """
const fs = require("fs");
const [wasm, plan, out] = process.argv.slice(2);
const { arrays, layout, given } = JSON.parse(fs.readFileSync(plan));
WebAssembly.instantiate(fs.readFileSync(wasm), {}).then(({ instance }) => {
  const { memory, xs_run_chunk } = instance.exports;
  let end = memory.buffer.byteLength;
  const room = (bytes) => { const at = end; end += Math.ceil(bytes / 64) * 64; return at; };
  const at = arrays.map((each) => room(each.bytes));
  const table = room(4 * layout.length), words = room(8 * given.length);
  memory.grow(Math.ceil((end - memory.buffer.byteLength) / 65536));
  const bytes = new Uint8Array(memory.buffer);
  arrays.forEach((each, k) => { if (each.file) bytes.set(fs.readFileSync(each.file), at[k]); });
  new Uint32Array(memory.buffer, table, layout.length).set(layout);
  new BigInt64Array(memory.buffer, words, given.length).set(
    given.map((word) => BigInt(word.array === undefined ? word.number : at[word.array])));
  xs_run_chunk(table, words);
  arrays.forEach((each, k) => {
    if (each.result) fs.appendFileSync(out, bytes.subarray(at[k], at[k] + each.bytes));
  });
});
"""


def native(replicates: int, *words: str, **env: str) -> str:
    """Return the digest that another process finds; nothing may be said of undefined operations."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.model.bits", str(replicates), *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "runtime error" not in done.stderr, done.stderr[:3000]
    return done.stdout.strip()


def compiler(*names: str) -> Compiler | None:
    return next((each for each in compilers() if each.name in names), None)


def built(folder: Path, found: Compiler, *flags: str) -> list[str]:
    """Compile both libraries with further flags; return what ``--library`` takes."""
    text = translate(chunk.ENTRIES)
    words = []
    for room in machine.ROOMS:
        path = folder / f"{room}.so"
        compile_text(text, path, library_digest(), found, None, (*FLAGS[room], *flags))
        words.append(f"{room}={path}")
    return words


def in_node(replicates: int, room: str, folder: Path, zig: Compiler, node: str) -> str:
    """Return the digest that the rules give as WebAssembly in Node."""
    group = group_of(replicates)
    plan = group.plan
    inputs, block = plan.inputs(0, replicates), plan.block(plan.variants, replicates)
    world, saved = engine._memory(plan.sizes)
    wasm, harness, out = (folder / f"{room}{name}" for name in (".wasm", ".js", ".out"))
    compile_text(translate(chunk.ENTRIES), wasm, "", zig, TARGETS["wasm32"], FLAGS[room])
    harness.write_text(HARNESS)
    (folder / "inputs").write_bytes(inputs.tobytes())
    (folder / "kept").write_bytes(block.kept.tobytes())
    arrays: list[dict[str, Any]] = [{"bytes": world.nbytes}, {"bytes": saved.nbytes}]
    arrays.append({"bytes": inputs.nbytes, "file": str(folder / "inputs")})
    given: list[dict[str, Any]] = []
    for k, array in enumerate((world, saved, inputs)):
        given += [{"array": k}, *({"number": n} for n in array.shape)]
    given += [{"number": plan.branch}, {"number": plan.until}]
    for part in block:
        given += [{"array": len(arrays)}, *({"number": n} for n in part.shape)]
        kept = {"file": str(folder / "kept")} if part is block.kept else {"result": True}
        arrays.append({"bytes": part.nbytes, **kept})
    layout = list(numbers(plan.sizes).values())
    described = folder / f"{room}.json"
    described.write_text(json.dumps({"arrays": arrays, "layout": layout, "given": given}))
    subprocess.run([node, str(harness), str(wasm), str(described), str(out)], check=True)
    words, at = np.fromfile(out, np.int64), 0
    for part in block:
        if part is not block.kept:
            part.reshape(-1).view(np.int64)[...] = words[at : at + part.size]
            at += part.size
    assert at == len(words)
    assert np.count_nonzero(block.months) > 10_000
    return hashed([(0, {name: getattr(block, name) for name in HASHED})])


@pytest.mark.timeout(300)
def test_sizes_and_threads_change_no_bit() -> None:
    rows = ("usual sizes", "any sizes", "usual sizes, two threads")
    assert len({native(FEW, *NAMED[row][0], **NAMED[row][1]) for row in rows}) == 1


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_build_gives_the_same_bits(tmp_path: Path) -> None:
    rows = {(row, MANY): native(MANY, *words, **env) for row, (words, env) in NAMED.items()}
    rows["a world of 3.2 GiB", FEW] = native(FEW, "--size", f"firms={LONG}", f"projects={LONG}")
    if gcc := compiler("gcc", "cc"):
        folder = tmp_path / "gcc"
        paths = built(folder, gcc)
        rows["usual sizes, gcc", MANY] = native(MANY, "--library", *paths)
        rows["any sizes, gcc", MANY] = native(MANY, "--any", "--library", *paths)
    if judge := compiler("gcc", "cc", "clang"):
        folder = tmp_path / "checked"
        paths = built(folder, judge, "-DCHECKED", *UNDEFINED, "-O1")
        for row, words in (("usual", ()), ("any", ("--size", "zones=11", "sectors=10"))):
            name = f"{row} sizes, every index and operation checked"
            rows[name, FEW] = native(FEW, *words, "--check", "--library", *paths)
    zig, node = compiler("zig"), shutil.which("node")
    if zig and node:
        for room in machine.ROOMS:
            found = in_node(FEW, room, tmp_path, zig, node)
            rows[f"{room} sizes, WebAssembly in Node", FEW] = found
    rows["uncompiled Python", ONE] = native(ONE, XUCHANG_SIM_UNCOMPILED="1")
    plain = {count: native(count) for count in (FEW, ONE)} | {MANY: rows["usual sizes", MANY]}
    for (row, count), found in rows.items():
        print(f"{row:52s} {count:4d} {found} {'same' if found == plain[count] else 'OTHER'}")
    assert all(found == plain[count] for (_, count), found in rows.items())
