"""One digest of many runs: what every build of the rules must agree on.

    python -m tests.model.bits 200 [--check] [--any] [--size NAME=N ...] [--workers 2] [--library usual=PATH ...]

The digest is over all results of the embedded pack's scenarios of :data:`SCENARIOS`, replicate by
replicate; it depends on nothing but the rules and the pack.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xuchang_sim.model import engine, library
from xuchang_sim.pack.load import load_pack
from xuchang_sim.pack.scenario import load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.records import sizes_for
from xuchang_sim.simulation.run import Batch
from xuchang_sim.simulation.setup import Variant

SCENARIOS = ("plan", "no_plan", "all_high")
#: Results of a chunk that are hashed; the replicates are their second axis.
HASHED = ("months", "years", "detail", "sales", "largest", "failed")


class Found(Batch):
    """Scenarios whose results are kept as the engine gives them."""

    found: list[tuple[int, dict[str, npt.NDArray[Any]]]]

    def take(self, first: int, block: engine.Block) -> None:
        """Keep what is hashed."""
        self.found.append((first, {name: getattr(block, name).copy() for name in HASHED}))


def group_of(replicates: int, *, check: bool = False, **sizes: int) -> Found:
    """Return the scenarios as the engine takes them, in a world of other sizes if any are given."""
    pack = load_pack()
    setup = prepare(pack, replicates, 2012, check=check)
    setup = replace(setup, room=sizes_for(setup)._replace(**sizes))
    variants = [Variant(load_scenario(name, pack)) for name in SCENARIOS]
    return Found(setup, variants, {}, full=True)


def hashed(results: Iterable[tuple[int, dict[str, npt.NDArray[Any]]]]) -> str:
    """Hash the results of chunks, replicate by replicate; every NaN is the same."""
    state = hashlib.sha256()
    for _, arrays in sorted(results, key=lambda one: one[0]):
        for r in range(arrays[HASHED[0]].shape[1]):
            for name in HASHED:
                part = np.ascontiguousarray(arrays[name][:, r])
                if part.dtype.kind == "f":
                    part = np.where(np.isnan(part), np.nan, part)
                state.update(part.tobytes())
    return state.hexdigest()[:24]


def digest(group: Found, workers: int = 1) -> str:
    """Run all replicates and hash their results."""
    group.found = []
    engine.run(group, workers=workers)
    return hashed(group.found)


def main() -> int:
    """Print the digest that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("replicates", type=int)
    parser.add_argument("--check", action="store_true", help="test the identities every month")
    parser.add_argument("--any", action="store_true", help="the library for any sizes")
    parser.add_argument("--size", nargs="*", default=[], help="name=number: firms, zones ...")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--library", nargs="*", default=[], help="room=path")
    given = parser.parse_args()
    if given.any:
        library.Sizes = object  # type: ignore[attr-defined,assignment] # no sizes are the usual ones
    if given.library:
        paths = dict(each.split("=") for each in given.library)
        held = {room: ctypes.CDLL(path) for room, path in paths.items()}
        library.load = lambda room: held[room]
    sizes = {name: int(number) for name, number in (each.split("=") for each in given.size)}
    print(digest(group_of(given.replicates, check=given.check, **sizes), given.workers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
