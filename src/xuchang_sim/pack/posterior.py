"""The posterior of a pack's parameters: draws that a calibration found, and what they belong to.

The file ``posterior.npz`` of a pack holds draws, names and one line of JSON; it is never unpickled.
It belongs to the priors, the region, the base year, the history and the moments it was made with: a
pack in which any of them has changed does not use it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

from xuchang_sim import definitions, units as measured
from xuchang_sim.deferred import deferred
from xuchang_sim.files import write as write_file
from xuchang_sim.pack.parcel import parts_of
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

with deferred():
    import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from xuchang_sim.pack.parameters import Parameter

FILE = "posterior.npz"
MAX_BYTES = 64 * 2**20
"""Of the file, and of all its parts unpacked."""
PARTS = ("names", "units", "draws", "report")


@dataclass(frozen=True)
class Posterior:
    """Equally likely joint draws of the parameters about which the data say something.

    Attributes
    ----------
    names : tuple of str
        Parameters, in the order of the columns.
    units : tuple of str
        Their units.
    draws : ndarray, shape (draws, parameters)
        In these units.
    report : dict
        How it was made and what it says; ``report["belongs_to"]`` is ``Pack.warm_up_sha256`` of its pack,
        ``report["sha256"]`` the hash of names, units and draws when they were made.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    draws: npt.NDArray[np.float64]
    report: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash of names, units and draws, hexadecimal: with the pack's own it identifies a run."""
        total = hashlib.sha256(json.dumps([self.names, self.units], ensure_ascii=True).encode())
        total.update(self.draws.astype("<f8").tobytes())
        return total.hexdigest()

    def pick(self, uniforms: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
        """Draws by name for uniforms in (0, 1), shape (replicates,): one row for each."""
        rows = np.minimum((uniforms * len(self.draws)).astype(np.int64), len(self.draws) - 1)
        return {name: self.draws[rows, k] for k, name in enumerate(self.names)}


def load_posterior(
    folder: Path, parameters: Mapping[str, Parameter], belongs_to: str
) -> Posterior | None:
    """Read the posterior of a pack; None if it has none.

    Parameters
    ----------
    folder : Path
        The pack's.
    parameters : mapping of str to Parameter
        Its parameters: draws stay within their priors.
    belongs_to : str
        Hash of what the warm-ups read of the pack.

    Raises
    ------
    InputError
        If the file cannot be read, was changed after it was made, or belongs to another state of
        the pack.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    result = _read(path)
    problems = [
        Problem(
            str(path), name, 0, phrase("posterior.again", text=text, again=phrase("posterior.how"))
        )
        for name, text in _faults(result, parameters)
    ]
    if not problems and result.report.get("belongs_to") != belongs_to:
        message = phrase("posterior.stale", again=phrase("posterior.how"))
        problems.append(Problem(str(path), "", 0, message))
    if problems:
        raise InputError(problems)
    return _converted(result)


def _faults(posterior: Posterior, parameters: Mapping[str, Parameter]) -> Iterator[tuple[str, str]]:
    """Name and fault of what makes a posterior unusable, whatever the pack's state."""
    if posterior.report.get("sha256") != posterior.sha256:
        yield "", phrase("posterior.changed")
        return
    known = definitions.parameters()
    for k, name in enumerate(posterior.names):
        if name not in known or known[name].acts != "warm_up":
            yield name, phrase("posterior.unread")
            continue
        unit = posterior.units[k]
        if unit not in known[name].kindred():
            yield name, phrase("posterior.unit", unit=unit, unit2=known[name].unit)
            continue
        prior = parameters[name].prior
        scale = measured.convert(1, unit, known[name].unit)
        low, high = posterior.draws[:, k].min() * scale, posterior.draws[:, k].max() * scale
        slack = 1e-9 * max(abs(prior.low), abs(prior.high))
        if low < prior.low - slack or high > prior.high + slack:
            yield (
                name,
                phrase("posterior.range", low=low, high=high, low2=prior.low, high2=prior.high),
            )


def _converted(posterior: Posterior) -> Posterior:
    """Draws in the units of the definitions."""
    known = definitions.parameters()
    meant = tuple(known[name].unit for name in posterior.names)
    if meant == posterior.units:
        return posterior
    draws = posterior.draws.copy()
    for k, (old, new) in enumerate(zip(posterior.units, meant, strict=True)):
        draws[:, k] *= measured.convert(1, old, new)
    return replace(posterior, units=meant, draws=draws)


def _read(path: Path) -> Posterior:
    names: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    draws, report = np.zeros((0, 0)), {}
    try:
        if path.stat().st_size > MAX_BYTES:
            fault = phrase("posterior.big", max_bytes=MAX_BYTES >> 20)
        else:
            held, fault = _unpacked(path.read_bytes())
        if not fault:
            names = tuple(str(name) for name in held["names"])
            given = tuple(str(unit) for unit in held["units"])
            draws = np.asarray(held["draws"], dtype=np.float64)
            report = json.loads(str(held["report"]))
            if draws.ndim != 2 or draws.shape[1] != len(names) or not len(draws):
                fault = phrase("posterior.shape", shape=draws.shape, names=len(names))
            elif len(given) != len(names) or len(set(names)) < len(names):
                fault = phrase("posterior.names")
            elif not np.isfinite(draws).all() or not isinstance(report, dict):
                fault = phrase("posterior.numbers")
    except (OSError, ValueError, TypeError, KeyError, EOFError, RecursionError) as error:
        fault = phrase("file.unread_why", error=error)
    if fault:
        raise InputError(
            [
                Problem(
                    str(path),
                    "",
                    0,
                    phrase("posterior.so", fault=fault, again=phrase("posterior.how")),
                )
            ]
        )
    return Posterior(names, given, draws, report)


def _unpacked(raw: bytes) -> tuple[dict[str, npt.NDArray[Any]], str]:
    """Arrays of an archive, and what is wrong with it: sizes are known before any is unpacked.

    The list of the archive bounds what a part may hold; the head of each part has to agree with it.

    Raises
    ------
    ValueError, KeyError, EOFError
        If a part is missing or is no array.
    """
    _, fault = parts_of(raw, len(PARTS), MAX_BYTES)
    arrays: dict[str, npt.NDArray[Any]] = {}
    if fault:
        return arrays, fault
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parcel:
            for name in PARTS:
                data = parcel.read(f"{name}.npy")
                shape, _, kind = _head(io.BytesIO(data))
                if math.prod(shape) * kind.itemsize > len(data):
                    return {}, phrase("posterior.other_shape", name=name, shape=shape)
                arrays[name] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        return {}, phrase("file.unread_why", error=error)
    return arrays, ""


def _head(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, Any]:
    """Shape, order and type that an array says it has."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def save_posterior(posterior: Posterior, path: Path) -> None:
    """Write a posterior: the same posterior gives the same bytes."""
    memory = io.BytesIO()
    report = {**posterior.report, "sha256": posterior.sha256}
    # Entries of such an archive bear the fixed date 1980-01-01.
    np.savez_compressed(
        memory,
        names=np.array(posterior.names),
        units=np.array(posterior.units),
        draws=posterior.draws,
        report=np.array(json.dumps(report, ensure_ascii=False, sort_keys=True)),
    )
    write_file(path, memory.getvalue())
