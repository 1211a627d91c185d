"""The rules in a browser's machine: the same text, compiled for WebAssembly, gives the same bits."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from xuchang_sim.model import chunk, engine, machine
from xuchang_sim.model.build.build import FLAGS
from xuchang_sim.model.build.compile import TARGETS, compile_text, compilers
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.layout import numbers
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.run import Batch
from xuchang_sim.simulation.setup import Variant

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("room", machine.ROOMS)
def test_a_run_in_node_gives_the_same_bits(room: str, tmp_path: Path) -> None:
    zig = next((each for each in compilers() if each.name == "zig"), None)
    node = shutil.which("node")
    if zig is None or node is None:
        pytest.skip("needs zig and node")
    pack = load_pack()
    setup = prepare(pack, 6, 2012)
    scenarios = [Variant(load_scenario(name, pack)) for name in ("plan", "no_plan")]
    group = Batch(setup, scenarios, {}, full=True)
    plan = group.plan
    inputs = plan.inputs(0, 6)
    block = plan.block(2, 6)
    world, saved = engine._memory(plan.sizes)
    chunk.run_chunk(world, saved, inputs, plan.branch, plan.until, *block)

    wasm, harness, out = (tmp_path / name for name in ("rules.wasm", "run.js", "out"))
    compile_text(translate(chunk.ENTRIES), wasm, "", zig, TARGETS["wasm32"], FLAGS[room])
    harness.write_text(HARNESS)
    (tmp_path / "inputs").write_bytes(inputs.tobytes())
    (tmp_path / "kept").write_bytes(block.kept.tobytes())
    arrays: list[dict[str, Any]] = [{"bytes": world.nbytes}, {"bytes": saved.nbytes}]
    arrays.append({"bytes": inputs.nbytes, "file": str(tmp_path / "inputs")})
    given: list[dict[str, Any]] = []
    for k, array in enumerate((world, saved, inputs)):
        given += [{"array": k}, *({"number": n} for n in array.shape)]
    given += [{"number": plan.branch}, {"number": plan.until}]
    for part in block:
        given += [{"array": len(arrays)}, *({"number": n} for n in part.shape)]
        kept = {"file": str(tmp_path / "kept")} if part is block.kept else {"result": True}
        arrays.append({"bytes": part.nbytes, **kept})
    given.append({"number": 0})
    layout = list(numbers(plan.sizes).values())
    (tmp_path / "plan.json").write_text(
        json.dumps({"arrays": arrays, "layout": layout, "given": given})
    )
    subprocess.run(
        [node, str(harness), str(wasm), str(tmp_path / "plan.json"), str(out)], check=True
    )
    there = out.read_bytes()
    here = b"".join(part.tobytes() for part in block if part is not block.kept)
    assert len(there) == len(here)
    one, other = np.frombuffer(here), np.frombuffer(there)
    same = (one.view(np.int64) == other.view(np.int64)) | (np.isnan(one) & np.isnan(other))
    assert same.all()
    assert np.count_nonzero(one) > 10_000
