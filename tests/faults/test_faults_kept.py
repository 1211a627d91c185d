"""Kept files: damage is noticed before anything is believed, whatever it is."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.faults import damage
from xuchang_sim import kept
from xuchang_sim.forecast import cache
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.pack import Pack
from xuchang_sim.pack.posterior import FILE, MAX_BYTES, PARTS, Posterior
from xuchang_sim.yamlfile import InputError

FILE_OF_TEST = "tests/faults/test_faults_kept.py"
KINDS = ("flip", "cut", "grow", "insert", "zero", "swap", "head", "empty")
ARRAYS = {
    "draws": np.arange(60.0).reshape(12, 5),
    "names": np.array(["revenue", "投资"]),
    "flags": np.array([True, False]),
    "none": np.zeros((0, 3)),
    "one": np.array(2.5),
}


def damaged(kind: str, rng: random.Random, data: bytes) -> bytes:
    """Return bytes with one thing wrong."""
    at = rng.randrange(len(data))
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    if kind == "grow":
        return data + rng.randbytes(rng.randrange(1, 99))
    if kind == "insert":
        return data[:at] + rng.randbytes(1) + data[at:]
    if kind == "zero":
        return data[:at] + bytes(len(data) - at) if any(data[at:]) else b""
    if kind == "swap":
        return data[at:] + data[:at] if at else b""
    if kind == "empty":
        return rng.choice([b"", b"\n", kept.MAGIC, b"PK\x03\x04" + data])
    return resealed(rng, data)


def resealed(rng: random.Random, data: bytes) -> bytes:
    """Return a container whose head lies about the arrays, with a hash that fits."""
    line, _, rest = data[len(kept.MAGIC) + 65 :].partition(b"\n")
    head = json.loads(line)
    row = rng.choice(head["arrays"][:3])
    place = rng.randrange(3)
    lies: dict[int, list[Any]] = {
        0: ["one", None, 7],
        1: ["|O", "O", "<f8,<f8", "nonsense", "<M8[D]", None, "<f16", "<U999999999"],
        2: [[10**9, 10**9], [-1], [2**63], "12", [1.5, "a"], None, [[1]], [10**400], [1] * 99],
    }
    row[place] = rng.choice(lies[place])
    body = json.dumps(head).encode() + b"\n" + rest
    return kept.MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def same(found: dict[str, np.ndarray]) -> bool:
    return found.keys() == ARRAYS.keys() and all(
        np.array_equal(found[name], values) and found[name].shape == values.shape
        for name, values in ARRAYS.items()
    )


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "x.kept"
    kept.keep(path, ARRAYS, "note")
    found, note = kept.read(path)
    assert same(found)
    assert note == "note"
    assert kept.pack(ARRAYS, "note") == path.read_bytes()
    with pytest.raises(ValueError, match="allowed"):
        kept.pack({"x": np.array([object()])})


def test_every_damage_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Damaged containers are refused in words; the cache makes its own again."""
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(tmp_path))
    key = "a" * 64
    assert cache.save("kind", key, ARRAYS)
    path = next(tmp_path.rglob("kind-*"))
    data = path.read_bytes()
    tally = damage.Tally("kept", f"{FILE_OF_TEST} -k every_damage", record_property)
    tracemalloc.start()
    for n in tally.numbers(2000):
        kind = damage.kind_of(n, KINDS)
        wrong = damaged(kind, damage.source(n), data)
        with tally.trying(n, kind):
            if wrong == data:
                continue
            with pytest.raises(kept.DamagedError):
                kept.unpack(wrong)
            tally.refused[kind] += 1
            if n % 20 == 0:
                path.write_bytes(wrong)
                assert cache.load("kind", key) is None
    tally.close()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**22, "no file makes the reader take memory that it has not itself"
    made = cache.remembered("kind", key, lambda: dict(ARRAYS))
    assert same(made)
    loaded = cache.load("kind", key)
    assert loaded is not None
    assert same(loaded)


def test_a_place_that_cannot_be_written_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for place in (blocked, blocked / "below", Path("/proc/nowhere")):
        monkeypatch.setenv("XUCHANG_SIM_CACHE", str(place))
        assert not cache.save("kind", "b" * 64, ARRAYS)
        assert cache.load("kind", "b" * 64) is None
        assert same(cache.remembered("kind", "b" * 64, lambda: dict(ARRAYS)))


# ------------------------------------------------------------------------------- posteriors


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """A pack with calibrated draws, in a folder of its own."""
    folder = tmp_path_factory.mktemp("pack") / "pack"
    shutil.copytree(shipped()[0], folder)
    return load_pack(folder)


def archive(parts: dict[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packed) as out:
        for name, content in parts.items():
            out.writestr(f"{name}.npy", content)
    return stream.getvalue()


def stored(array: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    """Bytes of an array; of another shape than it has if its head is to lie."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    if shape is None:
        return stream.getvalue()
    data = stream.getvalue()
    length = int.from_bytes(data[8:10], "little")
    head = data[10 : 10 + length].decode()
    other = head.rstrip().replace(repr(array.shape), repr(shape))
    return data[:10] + other.ljust(length - 1).encode()[: length - 1] + b"\n" + data[10 + length :]


def held(pack: Pack) -> Posterior | None:
    """Return a pack's posterior, read anew."""
    vars(pack).pop("posterior", None)
    return pack.posterior


def refusal(pack: Pack) -> str:
    """What is said of a pack's posterior; nothing if it is taken."""
    try:
        assert held(pack) is not None
    except InputError as error:
        return str(error)
    return ""


def test_every_damage_of_a_posterior_is_noticed(
    pack: Pack, record_property: Callable[[str, object], None]
) -> None:
    """Bytes flipped, cut and grown; draws, names and units of another meaning under a new check sum."""
    path = pack.folder / FILE
    data = path.read_bytes()
    usual = held(pack)
    assert usual is not None
    tally = damage.Tally("posterior", f"{FILE_OF_TEST} -k damage_of_a_posterior", record_property)
    for n in tally.numbers(160):
        kind = damage.kind_of(n, KINDS)
        wrong = damaged(kind, damage.source(n), data) if kind != "head" else rewritten(n, data)
        path.write_bytes(wrong)
        with tally.trying(n, kind):
            try:
                found = held(pack)
            except InputError as error:
                tally.refuse(kind, error, FILE)
                continue
            assert found is not None
            assert found.sha256 == usual.sha256, "other draws are taken for those that were made"
    path.write_bytes(data)
    tally.close()


def rewritten(n: int, data: bytes) -> bytes:
    """Return an archive with other draws, names or units, packed anew so that its check sums fit."""
    rng = damage.source(n)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in PARTS}
    draws, names, units = arrays["draws"].copy(), arrays["names"].copy(), arrays["units"].copy()
    k = rng.randrange(draws.shape[1])
    change = rng.randrange(8)
    if change == 0:
        draws[:, k] *= 10.0
    elif change == 1:
        draws[rng.randrange(len(draws)), k] += 1e-9 + abs(draws[0, k]) * 1e-3
    elif change == 2:
        names = names[::-1]
    elif change == 3:
        names[k] = names[k - 1]
    elif change == 4:
        draws = -draws
    elif change == 5:
        units[k] = rng.choice(["%", "亿元", "人", "nonsense"])
    elif change == 6:
        draws = np.vstack([draws, draws])
    else:
        draws[rng.randrange(len(draws)), k] = rng.choice([np.nan, np.inf, 0.0, 1e308])
    changed = {**arrays, "draws": draws, "names": names, "units": units}
    return archive({name: stored(array) for name, array in changed.items()})


def test_a_posterior_that_unpacks_to_more_than_it_may_is_refused(pack: Pack) -> None:
    """400 kB that are 400 MB inside, told from the list of the parts; a head that lies, from the part."""
    path = pack.folder / FILE
    data = path.read_bytes()
    usual = held(pack)
    assert usual is not None
    parts = {
        "names": stored(np.array(usual.names)),
        "units": stored(np.array(usual.units)),
        "draws": stored(usual.draws),
        "report": stored(np.array("{}")),
    }
    path.write_bytes(archive({**parts, "draws": bytes(6 * MAX_BYTES)}))
    assert path.stat().st_size < 2**19
    tracemalloc.start()
    assert "unpacks to" in refusal(pack)
    huge = stored(usual.draws, (9**9, usual.draws.shape[1]))
    path.write_bytes(archive({**parts, "draws": huge}))
    assert "which it is not" in refusal(pack)
    objects = io.BytesIO()
    np.lib.format.write_array(objects, np.array([{}], dtype=object), allow_pickle=True)
    path.write_bytes(archive({**parts, "draws": objects.getvalue()}))
    assert "cannot be read" in refusal(pack)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**26
    path.write_bytes(data)
    assert refusal(pack) == ""
