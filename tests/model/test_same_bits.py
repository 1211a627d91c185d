"""Every build of the rules gives the same bits: processors, sizes, threads, checks, a browser's machine.

The long test prints the table of digests (``pytest -s``); the short one runs a part of its rows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from tests.model.bits import HASHED, group_of, hashed
from xuchang_sim.model import chunk, engine, machine
from xuchang_sim.model.build.build import FLAGS
from xuchang_sim.model.build.compile import TARGETS, Compiler, compile_text, compilers
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.digest import library_digest
from xuchang_sim.model.layout import WORD, layout, numbers
from xuchang_sim.model.library import COMPILED
from xuchang_sim.model.world import World

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
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
static void get(void *into, size_t n, FILE *in) { if (fread(into, 1, n, in) != n) abort(); }
int main(int argc, char **argv)
{
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    i64 counts[3], about[64][3], pair[2];
    char *array[64];
    get(counts, sizeof counts, in);
    u32 *layout = malloc(4 * counts[0]);
    get(layout, 4 * counts[0], in);
    for (i64 k = 0; k < counts[1]; k++) {
        get(about[k], sizeof about[k], in);
        array[k] = aligned_alloc(64, (about[k][0] + 127) / 64 * 64);
        __builtin_memset(array[k], 0, about[k][0]);
        get(array[k], about[k][1], in);
    }
    i64 *words = malloc(8 * counts[2]);
    for (i64 k = 0; k < counts[2]; k++) {
        get(pair, sizeof pair, in);
        words[k] = pair[0] < 0 ? pair[1] : (i64)array[pair[0]];
    }
    xs_run_chunk(layout, words);
    for (i64 k = 0; k < counts[1]; k++)
        if (about[k][2]) fwrite(array[k], 1, about[k][0], out);
    return fclose(out);
}
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


class Call(NamedTuple):
    """A call of ``run_chunk`` as another machine takes it.

    ``arrays`` are lengths in bytes, what is in them at first, and whether they are results; ``words``
    the call's arguments: the number of an array, or -1 and a number.
    """

    block: engine.Block
    layout: list[int]
    arrays: list[tuple[int, bytes, bool]]
    words: list[tuple[int, int]]

    def digest(self, out: Path) -> str:
        """Return the digest of what another machine has written."""
        found, at = np.fromfile(out, np.int64), 0
        for part in self.block:
            if part is not self.block.kept:
                part.reshape(-1).view(np.int64)[...] = found[at : at + part.size]
                at += part.size
        assert at == len(found)
        assert np.count_nonzero(self.block.months) > 10_000
        return hashed([(0, {name: getattr(self.block, name) for name in HASHED})])


def call_of(replicates: int) -> Call:
    """Return the call that runs the first replicates."""
    runs = group_of(replicates)
    inputs, block = runs.inputs(0, replicates), runs.block(len(runs.counts), replicates)
    world = layout(World, runs.sizes).words * WORD
    call = Call(block, list(numbers(runs.sizes).values()), [], [])
    for bytes_of, held, shape in (
        (world, b"", (1,)),
        (world, b"", (1,)),
        (inputs.nbytes, inputs.tobytes(), inputs.shape),
    ):
        call.words.extend([(len(call.arrays), 0), *((-1, n) for n in shape)])
        call.arrays.append((bytes_of, held, False))
    call.words.extend([(-1, runs.branch), (-1, runs.until)])
    for part in block:
        call.words.extend([(len(call.arrays), 0), *((-1, n) for n in part.shape)])
        kept = part is block.kept
        call.arrays.append((part.nbytes, part.tobytes() if kept else b"", not kept))
    return call


def in_node(replicates: int, room: str, folder: Path, zig: Compiler, node: str) -> str:
    """Return the digest that the rules give as WebAssembly in Node."""
    call = call_of(replicates)
    wasm, harness, out = (folder / f"{room}{name}" for name in (".wasm", ".js", ".out"))
    compile_text(translate(chunk.ENTRIES), wasm, "", zig, TARGETS["wasm32"], FLAGS[room])
    harness.write_text(HARNESS)
    arrays = []
    for k, (length, held, result) in enumerate(call.arrays):
        path = folder / f"array{k}"
        path.write_bytes(held)
        arrays.append({"bytes": length, "file": str(path) if held else "", "result": result})
    given = [{"number": n} if which < 0 else {"array": which} for which, n in call.words]
    described = folder / f"{room}.json"
    described.write_text(json.dumps({"arrays": arrays, "layout": call.layout, "given": given}))
    subprocess.run([node, str(harness), str(wasm), str(described), str(out)], check=True)
    return call.digest(out)


def emulated(replicates: int, room: str, folder: Path, zig: Compiler, emulator: str) -> str:
    """Return the digest that the rules give on an arm processor, which an emulator stands for."""
    call = call_of(replicates)
    source, program, given, out = (folder / f"{room}{n}" for n in (".c", "", ".in", ".bits"))
    source.write_text(translate(chunk.ENTRIES) + PROGRAM)
    target = ("-target", "aarch64-linux-musl", "-static", "-w")
    command = [*zig.command(None, (*FLAGS[room], *target)), str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    with given.open("wb") as file:
        np.array([len(call.layout), len(call.arrays), len(call.words)]).tofile(file)
        np.array(call.layout, np.uint32).tofile(file)
        for length, held, result in call.arrays:
            np.array([length, len(held), result]).tofile(file)
            file.write(held)
        np.array(call.words).tofile(file)
    subprocess.run([emulator, str(program), str(given), str(out)], check=True)
    return call.digest(out)


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
    emulator = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if zig and emulator:
        for room in machine.ROOMS:
            found = emulated(FEW, room, tmp_path, zig, emulator)
            rows[f"{room} sizes, aarch64 in an emulator", FEW] = found
    rows["uncompiled Python", ONE] = native(ONE, XUCHANG_SIM_UNCOMPILED="1")
    plain = {count: native(count) for count in (FEW, ONE)} | {MANY: rows["usual sizes", MANY]}
    for (row, count), found in rows.items():
        print(f"{row:52s} {count:4d} {found} {'same' if found == plain[count] else 'OTHER'}")
    assert all(found == plain[count] for (_, count), found in rows.items())
