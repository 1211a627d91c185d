"""The posterior of a pack's parameters: draws that a calibration found, and what they belong to.

The file ``posterior.npz`` of a pack holds draws, names and one line of JSON; it is never unpickled.
It belongs to the priors, the region, the base year, the history and the moments it was made with: a
pack in which any of them has changed does not use it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xuchang_sim.files import write as write_file
from xuchang_sim.yamlfile import InputError, Problem, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from xuchang_sim.pack.load import Pack

FILE = "posterior.npz"
MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Posterior:
    """Equally likely joint draws of the parameters about which the data say something.

    Attributes
    ----------
    names : tuple of str
        Parameters, in the order of the columns.
    draws : ndarray, shape (draws, parameters)
        In the units of the parameters.
    report : dict
        How it was made and what it says; ``report["belongs_to"]`` is :func:`digest` of its pack.
    """

    names: tuple[str, ...]
    draws: npt.NDArray[np.float64]
    report: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash of names and draws, hexadecimal: with the pack's own it identifies a run."""
        total = hashlib.sha256("\0".join(self.names).encode())
        total.update(self.draws.astype("<f8").tobytes())
        return total.hexdigest()

    def pick(self, uniforms: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
        """Draws by name for uniforms in (0, 1), shape (replicates,): one row for each."""
        import numpy as np  # noqa: PLC0415 - reading a pack needs no arrays

        rows = np.minimum((uniforms * len(self.draws)).astype(np.int64), len(self.draws) - 1)
        return {name: self.draws[rows, k] for k, name in enumerate(self.names)}


def digest(pack: Pack) -> str:
    """Hash of what a calibration depends on: priors, region, base, dates, history, moments.

    Labels, sources and notes may change freely.
    """
    priors = {
        name: (p.default, p.range, p.prior_entry.model_dump())
        for name, p in pack.parameters.items()
        if p.role == "model"
    }
    content = {
        "priors": priors,
        "region": _without_words(pack.region.model_dump(mode="json")),
        "absent": {name: lever.absent for name, lever in pack.levers.items()},
        "base": {
            name: str(getattr(pack.base, name).exact)
            for name in ("revenue", "fai", "profit_tax", "workers")
        },
        "calendar": pack.calendar.model_dump(mode="json"),
        "months": (pack.pipeline_start, pack.firms_start, pack.base_year, pack.policy_month),
        "moments": _moments(pack),
        "history": {
            name: series.known(pack.information_date) for name, series in pack.history.items()
        },
    }
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


NAMES = {"id", "measure", "sector", "zone", "level"}


def _moments(pack: Pack) -> Any:
    """Moments of the pack's ``facts.yaml`` as they stand there; None if it has none."""
    source = read_yaml(pack.folder / "facts.yaml", [])
    data = source.data if source else None
    return _without_words(data.get("moments")) if isinstance(data, dict) else None


def _without_words(value: Any) -> Any:
    """Plain data less its texts; names that other data refer to stay."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k in NAMES or not isinstance(v, str)}
        return {k: _without_words(v) for k, v in kept.items()}
    if isinstance(value, list):
        return [_without_words(item) for item in value]
    return value


def load_posterior(pack: Pack) -> Posterior | None:
    """Read the posterior of a pack; None if it has none.

    Raises
    ------
    InputError
        If the file cannot be read, or belongs to another state of the pack.
    """
    path = pack.folder / FILE
    if not path.is_file():
        return None
    found = _read(path)
    problems = [
        Problem(str(path), name, 0, "is no free parameter of this pack; calibrate it again")
        for name in found.names
        if name not in pack.parameters or pack.parameters[name].role != "model"
    ]
    if found.report.get("belongs_to") != digest(pack):
        message = (
            "belongs to another state of this pack (its priors, region, base year, history or"
            " moments have changed); calibrate again (xuchang-sim calibrate), or run with --parameters sampled"
        )
        problems.append(Problem(str(path), "", 0, message))
    if problems:
        raise InputError(problems)
    return found


def _read(path: Path) -> Posterior:
    import numpy as np  # noqa: PLC0415

    fault = f"is larger than {MAX_BYTES >> 20} MiB" if path.stat().st_size > MAX_BYTES else ""
    names: tuple[str, ...] = ()
    draws, report = np.zeros((0, 0)), {}
    try:
        if not fault:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                names = tuple(str(name) for name in file["names"])
                draws = np.asarray(file["draws"], dtype=np.float64)
                report = json.loads(str(file["report"]))
            if draws.ndim != 2 or draws.shape[1] != len(names) or not len(draws):
                fault = f"has draws of shape {draws.shape} for {len(names)} parameters"
            elif not np.isfinite(draws).all() or not isinstance(report, dict):
                fault = "has draws that are not numbers, or no report"
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        fault = f"cannot be read ({error})"
    if fault:
        text = f"{fault}; calibrate again (xuchang-sim calibrate)"
        raise InputError([Problem(str(path), "", 0, text)])
    return Posterior(names, draws, report)


def save_posterior(posterior: Posterior, path: Path) -> None:
    """Write a posterior: the same posterior gives the same bytes."""
    import numpy as np  # noqa: PLC0415

    memory = io.BytesIO()
    # Entries of such an archive bear the fixed date 1980-01-01.
    np.savez_compressed(
        memory,
        names=np.array(posterior.names),
        draws=posterior.draws,
        report=np.array(json.dumps(posterior.report, ensure_ascii=False, sort_keys=True)),
    )
    write_file(path, memory.getvalue())
