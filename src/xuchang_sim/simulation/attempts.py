"""Which attempt of a replicate's warm-up fits the base year, remembered from run to run.

About every second warm-up misses the base year's investment and is thrown away. Which attempt fits
follows from what a replicate is given before its ledgers open: the number is kept under a hash of
just that, and the next run of the same replicate, under whatever levers, begins with it. The warm-up
itself is run again, so that a result has the same bits with and without memory.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xuchang_sim import kept
from xuchang_sim.cache import cache_root
from xuchang_sim.model.digest import rules_digest
from xuchang_sim.model.world import PARAMETERS, Inputs, columns
from xuchang_sim.yamlfile import InputError

if TYPE_CHECKING:
    from pathlib import Path

Records = npt.NDArray[np.void]
Rows = npt.NDArray[np.int64]

MOST = 2**14  # replicates remembered, the latest: a file of 256 kB
WORTH = 100  # replicates a run must have: what fewer would save, the file would cost
NOTE = "attempts"  # of the kept file
KEPT = 3  # files, each for other rules, that are kept
#: What acts only once the ledgers are open, or on no bit; so do the levels of the levers.
LATER = (
    *("attempt", "check", "redraw", "demand_months", "errorless", "last"),
    *("free_land", "free_credit", "free_labour", "free_approval"),
)
#: Paths by month and the month each begins with: only what lies before the opening acts.
PATHS = {
    "value_added": "demand_start",
    "prices": "demand_start",
    "value_added_central": "demand_start",
    "prices_central": "demand_start",
    "nation": "pipeline_start",
    "envelope": "pipeline_start",
    "climate": "pipeline_start",
    "credit": "pipeline_start",
}
OWN = ("replicate", "base_fai", *PARAMETERS)
COMMON = tuple(sorted(columns(Inputs).keys() - {*OWN, *PATHS, *LATER, "shut"}))


def keys(given: Records) -> list[int]:
    """Hash what acts on the warm-up of each replicate.

    Parameters
    ----------
    given : ndarray of Inputs, shape (replicates,)
        Replicates of one run: but for their numbers, parameters and paths they agree in all that
        acts before the opening.
    """
    opening = int(given["opening"][0])
    past = [
        given[name][:, : max(0, opening - int(given[start][0]))].reshape(len(given), -1)
        for name, start in PATHS.items()
    ]
    shut = np.where(given["shut"] < opening, given["shut"], 0)  # a later month acts later
    own = np.hstack([np.stack([*(given[name] for name in OWN), shut], axis=1), *past])
    head = hashlib.blake2b(given["absent"]["values"][0].tobytes(), digest_size=8)
    for name in COMMON:
        head.update(given[name][0].tobytes())
    keys_read = []
    for row in own:
        whole = head.copy()
        whole.update(row.tobytes())
        keys_read.append(int.from_bytes(whole.digest(), "little", signed=True))
    return keys_read


class Attempts:
    """Numbers of the attempts that fitted, by :func:`keys`; the latest :data:`MOST`.

    Parameters
    ----------
    path : Path or None
        File in which they are kept; None where nothing can be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known = self._kept()
        self._new = False

    def _kept(self) -> dict[int, int]:
        """Return what the file holds; nothing if it is not what was written."""
        if self._path is None:
            return {}
        try:
            arrays, note = kept.read(self._path)
        except (OSError, kept.DamagedError):
            return {}
        pairs = arrays.get("pairs")
        if note != NOTE or pairs is None or pairs.dtype != "<i8" or pairs.shape[1:] != (2,):
            return {}
        return dict(pairs.tolist())

    def look_up(self, wanted: list[int]) -> Rows:
        """Return the attempt to begin with for each key, zero where none is known."""
        return np.array([self._known.get(key, 0) for key in wanted], np.int64)

    def learn(self, accepted: dict[int, int]) -> None:
        """Take in the attempts that fitted, by key."""
        with self._lock:
            for key, attempt in accepted.items():
                if self._known.get(key) != attempt:
                    self._known[key] = attempt
                    self._new = True
            for key in list(islice(self._known, max(0, len(self._known) - MOST))):
                del self._known[key]

    def save(self) -> None:
        """Write what is new, together with what others wrote meanwhile; the last of two wins."""
        with self._lock:
            if not self._new or self._path is None:
                return
            everything = list((self._kept() | self._known).items())[-MOST:]
            with suppress(OSError, InputError):  # the next run does without
                self._path.parent.mkdir(parents=True, exist_ok=True)
                kept.keep(self._path, {"pairs": np.array(everything, "<i8")}, NOTE, sync=False)
            self._new = False


@lru_cache(maxsize=1)
def remembered() -> Attempts:
    """Return this process's memory, read once: a file for these very rules in the user's cache."""
    folder = cache_root() / "attempts"
    path = folder / f"{rules_digest()}.kept"
    with suppress(OSError):
        others = sorted(folder.glob("*.kept"), key=lambda file: file.stat().st_mtime)
        for old in [file for file in others if file != path][: -(KEPT - 1)]:
            old.unlink(missing_ok=True)
    return Attempts(path)
