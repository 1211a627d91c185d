"""Sweeps: every point of a design under every scenario, kept part by part.

A part is a range of rows. A row is the same to the last bit whatever computes it, in any order:
parts may be computed by threads, processes or a cluster.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import time
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from xuchang_sim import __version__
from xuchang_sim.answer import Answer
from xuchang_sim.answers.designs import Design, load_design
from xuchang_sim.answers.jobs import FAILURES, Cell, Failure, Job, code_digest, compute
from xuchang_sim.answers.store import GROUP, Store, from_bytes
from xuchang_sim.files import destination, writing
from xuchang_sim.model import engine
from xuchang_sim.pack.load import Pack
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

ROWS_PER_PART = 256
MOST_PARTS = 5000
REMOTE_AHEAD = 64


def _versions() -> dict[str, str]:
    return {
        "package": __version__,
        "code": code_digest(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": version("scipy"),
        "pyarrow": pa.__version__,
    }


def _manifest(design: Design, rows_per_part: int) -> dict[str, Any]:
    return {
        "format": 1,
        "design": design.to_dict(),
        "design_sha256": design.sha256,
        "pack": {"name": design.pack.name, "sha256": design.pack.sha256},
        "versions": _versions(),
        "seed": design.seed,
        "rows": design.rows,
        "rows_per_part": rows_per_part,
    }


def default_rows_per_part(design: Design) -> int:
    """Rows of a part: about a second of work, whole points if they fit, not too many files."""
    wanted = max(ROWS_PER_PART, math.ceil(design.rows / MOST_PARTS))
    unit = design.unit
    return wanted if unit > wanted else unit * (wanted // unit)


def _job(design: Design, number: int, rows_per_part: int) -> Job:
    """Cut one part out of a design."""
    start = number * rows_per_part
    stop = min(start + rows_per_part, design.rows)
    cells = []
    row = start
    while row < stop:
        at = design.address(row)
        count = min(design.replicates - at.replicate, stop - row)
        scenario = design.scenarios[at.scenario]
        points = design.points[at.point]
        cells.append(Cell(at.point, points, scenario, at.draw, at.replicate, count))
        row += count
    texts = tuple(
        any(isinstance(point[k], str) for point in design.points)
        for k in range(len(design.columns))
    )
    return Job(
        number,
        str(design.pack.folder),
        design.pack.sha256,
        code_digest(),
        design.seed,
        design.through,
        design.parameters,
        design.draws,
        design.posterior,
        design.columns,
        texts,
        design.measures,
        start,
        tuple(cells),
    )


class Estimate(NamedTuple):
    """Cost of a sweep: runs, seconds on this machine's threads, bytes on disk."""

    rows: int
    seconds: float
    bytes: int


def estimate(design: Design | str | Path, threads: int | None = None) -> Estimate:
    """Say how long a sweep takes and how much room it needs, from a small part of it.

    Parameters
    ----------
    design : Design, str or Path
    threads : int, optional
        Threads that share the work; by default all.
    """
    design = design if isinstance(design, Design) else load_design(design)
    size = default_rows_per_part(design)
    part = _job(design, 0, size)
    few = part._replace(cells=tuple(c._replace(size=min(2, c.size)) for c in part.cells[:8]))
    compute(_job(design, 0, 1))  # whatever is done once: compiling, fitting
    begun = time.perf_counter()
    table = from_bytes(compute(few))
    spent = time.perf_counter() - begun
    rows = design.rows
    sharing = min(threads or engine.threads(), math.ceil(rows / size))
    return Estimate(rows, spent * rows / table.num_rows / sharing, rows * 8 * table.num_columns)


def sweep(
    design: Design | str | Path,
    *,
    out: str | Path,
    executor: Executor | None = None,
    threads: int | None = None,
    rows_per_part: int | None = None,
    ahead: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
    pack: Pack | None = None,
) -> Sweep:
    """Run every row of a design that the folder does not hold yet.

    Killed at any moment and called again, it goes on; the final rows are the same to the last bit.

    Parameters
    ----------
    design : Design, str or Path
        A design, or what :func:`xuchang_sim.answers.designs.load_design` takes.
    out : str or Path
        Folder of the parts and the manifest.
    executor : concurrent.futures.Executor, optional
        Who computes the parts; by default threads of this process. It is not shut down. A pool of
        processes must not be forked from a process with threads: give it the ``spawn`` context.
    threads : int, optional
        Number of threads, if no executor is given.
    rows_per_part : int, optional
        Rows of a part; no influence on any row. A folder that exists keeps its own.
    ahead : int, optional
        Parts handed to the executor at a time.
    progress : callable, optional
        Called with (rows done, rows in all).
    say : callable, optional
        Called with what the user should know: damaged parts that are computed again.
    pack : Pack, optional
        Pack of a design given by name or path.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        If the folder holds another sweep, has another writer, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from xuchang_sim import make_design
    >>> design = make_design({"land": ["plan", "high"]}, replicates=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sweep(design, out=folder).rows
    4
    """
    if not isinstance(design, Design):
        design = load_design(design, pack)
    if rows_per_part is not None and rows_per_part < 1:
        message = phrase("sweep_fault.rows", rows_per_part=rows_per_part)
        raise InputError([Problem("rows_per_part", "", 0, message)])
    store = Store(Path(out))
    with ExitStack() as stack:
        stack.enter_context(store.lock())
        wanted = rows_per_part or default_rows_per_part(design)
        size = int(store.claim(_manifest(design, wanted))["rows_per_part"])
        parts = _sizes(design, size)
        good, damaged = store.check(parts, mend=True)
        for problem in damaged:
            if say:
                say(str(problem))
        missing = [number for number in parts if number not in good]
        done = sum(parts[number] for number in good)
        if progress:
            progress(done, design.rows)
        if missing:
            workers = threads or engine.threads()
            if executor is None:
                pool = ThreadPoolExecutor(workers, thread_name_prefix="sweep")
                stack.callback(pool.shutdown, cancel_futures=True)
                executor = pool
                ahead = ahead or 2 * workers
            for number, data in _computed(design, missing, size, executor, ahead or REMOTE_AHEAD):
                store.write(number, data)
                done += parts[number]
                if progress:
                    progress(done, design.rows)
    return Sweep(Path(out), design, size)


def collect(
    design: Design,
    *,
    executor: Executor | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Run a design and return its rows without keeping them on disk.

    Parameters
    ----------
    design : Design
    executor, threads, progress
        As in :func:`sweep`.
    """
    size = default_rows_per_part(design)
    parts = _sizes(design, size)
    workers = threads or engine.threads()
    tables: dict[int, pa.Table] = {}
    done = 0
    with ExitStack() as stack:
        ahead = REMOTE_AHEAD
        if executor is None:
            executor = pool = ThreadPoolExecutor(workers, thread_name_prefix="sweep")
            stack.callback(pool.shutdown, cancel_futures=True)
            ahead = 2 * workers
        for number, data in _computed(design, list(parts), size, executor, ahead):
            tables[number] = from_bytes(data).replace_schema_metadata(None)
            done += parts[number]
            if progress:
                progress(done, design.rows)
    frame: pd.DataFrame = pa.concat_tables(tables[n] for n in parts).to_pandas()
    return frame


def _sizes(design: Design, size: int) -> dict[int, int]:
    """Rows of every part."""
    count = math.ceil(design.rows / size)
    return {n: min(size, design.rows - n * size) for n in range(count)}


def _computed(
    design: Design, missing: Sequence[int], size: int, executor: Executor, ahead: int
) -> Iterator[tuple[int, bytes]]:
    """Parts as they are finished, a few handed out at a time."""
    waiting = iter(missing)
    running: dict[Future[bytes], int] = {}
    try:
        while True:
            while len(running) < ahead:
                number = next(waiting, None)
                if number is None:
                    break
                running[executor.submit(compute, _job(design, number, size))] = number
            if not running:
                return
            ready, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                number = running.pop(future)
                yield number, future.result()
    except Exception as error:
        if not isinstance(error, BrokenExecutor | CancelledError) and (
            type(error).__name__ != "KilledWorker"  # Dask's, which need not be installed
        ):
            raise
        message = phrase("sweep_fault.workers", error=error)
        raise InputError([Problem("executor", "", 0, message)]) from error
    finally:
        for future in running:
            future.cancel()


@dataclass(frozen=True, eq=False)
class Sweep(Answer):
    """A finished sweep, or what there is of one.

    Attributes
    ----------
    folder : Path
    design : Design
    rows_per_part : int
    """

    folder: Path
    design: Design
    rows_per_part: int

    def tables(self) -> Iterator[pa.Table]:
        """Verified parts in the order of their rows.

        Raises
        ------
        InputError
            If a part is missing or damaged.
        """
        store = Store(self.folder)
        names = store.names()
        for number in _sizes(self.design, self.rows_per_part):
            if number not in names:
                message = phrase("sweep_fault.part", number=number)
                raise InputError([Problem(str(self.folder), "", 0, message)])
            yield store.read(names[number][0])

    def frame(self) -> pd.DataFrame:
        """Return all rows as a data frame."""
        tables = [table.replace_schema_metadata(None) for table in self.tables()]
        data_frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
        return data_frame

    def failures(self) -> list[Failure]:
        """Return every run that failed."""
        return [
            Failure(**entry)
            for table in self.tables()
            for entry in json.loads(table.schema.metadata[FAILURES])
        ]

    def digest(self) -> str:
        """Hash of the rows, whatever parts they lie in."""
        columns: dict[str, Any] = {}
        for table in self.tables():
            for name in table.column_names:
                if name not in columns:
                    kind = str(table.schema.field(name).type)
                    columns[name] = hashlib.sha256(f"{name} {kind} ".encode())
                values = table.column(name).to_pandas()
                if values.dtype.kind in "if":
                    columns[name].update(np.ascontiguousarray(values.to_numpy()).tobytes())
                else:
                    words = ["" if v is None or v != v else v for v in values]  # noqa: PLR0124
                    columns[name].update("\0".join([*words, ""]).encode())
        total = hashlib.sha256()
        for name, digest in columns.items():
            total.update(name.encode() + digest.digest())
        return total.hexdigest()

    def export(self, path: str | Path) -> Path:
        """Write all rows to one Parquet or CSV file; the same rows give the same bytes.

        Parameters
        ----------
        path : str or Path
            Ends in ``.parquet`` or ``.csv``.

        Raises
        ------
        InputError
            If the ending is another, a part is missing, or the file cannot be written.
        """
        path = exportable(path)
        with writing(path) as stream, ExitStack() as stack:
            writer: Any = None
            for table in _regrouped(self.tables()):
                if writer is None and path.suffix == ".csv":
                    writer = stack.enter_context(pa_csv.CSVWriter(stream, table.schema))
                elif writer is None:
                    writer = stack.enter_context(
                        pq.ParquetWriter(
                            stream,
                            table.schema,
                            compression="zstd",
                            write_page_checksum=True,
                        )
                    )
                writer.write_table(table)
        return path

    def row(self, number: int) -> dict[str, Any]:
        """Return one stored row."""
        size = self.rows_per_part
        paths = Store(self.folder).names().get(number // size, [])
        if not 0 <= number < self.design.rows or not paths:
            message = phrase("sweep_fault.row", number=number, rows=self.design.rows - 1)
            raise InputError([Problem(str(self.folder), "", 0, message)])
        table = Store(self.folder).read(paths[0])
        entries: dict[str, Any] = table.slice(number % size, 1).to_pylist()[0]
        return entries

    KEYS = (
        *("sweep", "out", "points", "replicates", "rows", "failed", "failures", "digest"),
        "manifest",
    )
    ALIASES = MappingProxyType({"failures": "failed_runs", "digest": "rows_digest"})
    ROWS = "failures"

    @property
    def sweep(self) -> str:
        """Name of the sweep."""
        return self.design.name

    @property
    def title(self) -> str:
        """Caption of the notebook's table."""
        return f"{self.sweep}: {self.rows} rows, {self.failed} failed runs"

    @property
    def out(self) -> str:
        """Folder of the rows."""
        return str(self.folder)

    @property
    def points(self) -> int:
        """Points of the design."""
        return len(self.design.points)

    @property
    def replicates(self) -> int:
        """Simulated futures of a point."""
        return self.design.replicates

    @property
    def rows(self) -> int:
        """Rows in all."""
        return self.design.rows

    @property
    def failed(self) -> int:
        """Number of runs that failed."""
        return len(self.failed_runs)

    @cached_property
    def failed_runs(self) -> list[Failure]:
        """Every run that failed."""
        return self.failures()

    @property
    def rows_digest(self) -> str:
        """Hash of the rows, whatever parts they lie in."""
        return self.digest()

    @property
    def manifest(self) -> dict[str, Any] | None:
        """Design, versions and hashes that the folder belongs to."""
        return Store(self.folder).manifest()


def writable(out: str | Path) -> None:
    """Check that a folder takes a sweep's rows, before anything is computed for it; make it if need be.

    Raises
    ------
    InputError
        If it cannot be written, or another writer has it.
    """
    with Store(Path(out)).lock():
        pass


def exportable(path: str | Path) -> Path:
    """Check where an export shall go, before anything is computed for it.

    Raises
    ------
    InputError
        If the ending is unknown, or nothing can be written there.
    """
    return destination(path, ".parquet", ".csv")


def _regrouped(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in groups of one size."""
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table.replace_schema_metadata(None))
        count += table.num_rows
        while count >= GROUP:
            whole = pa.concat_tables(held).combine_chunks()
            yield whole.slice(0, GROUP)
            held = [whole.slice(GROUP)]
            count -= GROUP
    if count:
        yield pa.concat_tables(held).combine_chunks()


#: One row of a sweep: its point, its factors and measures, and ``failure`` if it failed.
RerunRow = dict[str, float | int | str | dict[str, Any] | None]


def rerun(design: Design, row: int) -> dict[str, Any]:
    """Run one row of a design alone.

    Parameters
    ----------
    design : Design
    row : int
        Number of the row, from 0.

    Returns
    -------
    dict
        The row; with the key ``failure`` if it failed.

    Raises
    ------
    InputError
        If there is no such row.
    """
    if not 0 <= row < design.rows:
        message = phrase("sweep_fault.row_number", row=row, rows=design.rows - 1)
        raise InputError([Problem("row", "", 0, message)])
    table = from_bytes(compute(_job(design, row, 1)))
    entries: dict[str, Any] = table.to_pylist()[0]
    failures = json.loads(table.schema.metadata[FAILURES])
    return entries | ({"failure": failures[0]} if failures else {})
