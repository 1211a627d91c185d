"""Kept files: damage is noticed before anything is believed, whatever it is."""

from __future__ import annotations

import hashlib
import json
import os
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xuchang_sim import kept
from xuchang_sim.forecast import cache

SEED = 25
COUNT = 10_000 if os.environ.get("XUCHANG_SIM_LONG") else 2_000
ARRAYS = {
    "draws": np.arange(60.0).reshape(12, 5),
    "names": np.array(["revenue", "投资"]),
    "flags": np.array([True, False]),
    "none": np.zeros((0, 3)),
    "one": np.array(2.5),
}


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with one thing wrong."""
    kind = rng.choice(["flip", "cut", "grow", "insert", "zero", "swap", "head", "empty"])
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


def test_every_damage_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged containers are refused in words; the cache makes its own again."""
    monkeypatch.setenv("XUCHANG_SIM_CACHE", str(tmp_path))
    key = "a" * 64
    assert cache.save("kind", key, ARRAYS)
    path = next(tmp_path.rglob("kind-*"))
    data = path.read_bytes()
    rng = random.Random(SEED)
    tracemalloc.start()
    for n in range(COUNT):
        wrong = damaged(rng, data)
        if wrong == data:
            continue
        with pytest.raises(kept.DamagedError):
            kept.unpack(wrong)
        if n % 20 == 0:
            path.write_bytes(wrong)
            assert cache.load("kind", key) is None
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
