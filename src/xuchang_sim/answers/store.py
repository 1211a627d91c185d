"""The store: a folder of Parquet parts that survives being killed at any moment.

A part is written to a temporary name, synced and renamed; its name carries the hash of its bytes,
so that a truncated or altered part is detected. The manifest says whose parts they are. Names that
begin with ``_`` are not data: ``pandas.read_parquet(folder)`` reads the rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from xuchang_sim.files import UNFINISHED, naming, write as write_file
from xuchang_sim.text import phrase, reason
from xuchang_sim.yamlfile import InputError, Problem, shown

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MANIFEST, LOCK = "_manifest.json", "_lock"
FORMAT = 1
PART = re.compile(r"part-(\d{6,})-([0-9a-f]{20})\.parquet")
GROUP = 1 << 16  # rows of a row group of an export
MOST_DIFFERENCES = 20


def to_bytes(table: pa.Table) -> bytes:
    """Write a table as Parquet with page checksums; the same table gives the same bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, write_page_checksum=True, compression="zstd", row_group_size=GROUP)
    result: bytes = sink.getvalue().to_pybytes()
    return result


def from_bytes(data: bytes) -> pa.Table:
    """Read a table back, its page checksums verified.

    In the calling thread alone: a process that ends while a thread of Arrow's own pools still
    starts up is aborted (apache/arrow issue 34314).
    """
    file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True, pre_buffer=False)
    return file.read(use_threads=False)


class Store:
    """The folder of one sweep.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self) -> dict[str, Any] | None:
        """Return the manifest, or None if the folder has none.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        path = self.folder / MANIFEST
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            message = phrase("store.manifest", error=error)
            raise InputError([Problem(str(path), "", 0, message)]) from error
        if not isinstance(entries, dict) or entries.get("format") != FORMAT:
            message = phrase("store.format", format=FORMAT)
            raise InputError([Problem(str(path), "", 0, message)])
        return entries

    def claim(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Write the manifest of a new folder, or check that the old one asks for the same.

        ``rows_per_part`` may differ: the folder's own is kept.

        Returns
        -------
        dict
            The manifest in force.

        Raises
        ------
        InputError
            If the folder belongs to another design, pack, seed or version: every difference.
        """
        old = self.manifest()
        if old is None:
            strangers = [p.name for p in self.folder.iterdir() if PART.fullmatch(p.name)]
            if strangers:
                message = phrase("store.parts", strangers=strangers[0], manifest=MANIFEST)
                raise InputError([Problem(str(self.folder), "", 0, message)])
            text = json.dumps(wanted, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
            write_file(self.folder / MANIFEST, text.encode())
            return dict(wanted)
        new = json.loads(json.dumps(wanted)) | {"rows_per_part": old.get("rows_per_part")}
        result = sorted(_differences(old, new, ""), key=lambda pair: "points[" in pair[0])
        if result:
            path = str(self.folder / MANIFEST)
            problems = [Problem(path, where, 0, text) for where, text in result[:MOST_DIFFERENCES]]
            if len(result) > MOST_DIFFERENCES:
                text = phrase("store.more", found=len(result) - MOST_DIFFERENCES)
                problems.append(Problem(path, "", 0, text))
            hint = phrase("store.other")
            raise InputError([Problem(path, "", 0, hint), *problems])
        return old

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one writer; the lock ends with the process, however it ends.

        Raises
        ------
        InputError
            If another writer has it, or the folder may not be written.
        """
        path = self.folder / LOCK
        key = str(self.folder.resolve())
        with _HELD_GUARD:  # a record lock does not keep out other threads of its own process
            if key in _HELD:
                busy = self._busy(phrase("store.this"))
                raise busy
            _HELD.add(key)
        try:
            with naming(path):
                self.folder.mkdir(parents=True, exist_ok=True)
                handle = path.open("a+b")
            with handle:
                if not _try_lock(handle.fileno()):
                    handle.seek(0)
                    who = handle.read(200).decode(errors="replace").strip()
                    raise self._busy(who or phrase("store.another"))
                handle.truncate(0)
                handle.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
                handle.flush()
                self._sweep_temporaries()
                yield
        finally:
            with _HELD_GUARD:
                _HELD.discard(key)

    def _busy(self, who: str) -> InputError:
        message = phrase("store.written", who=who)
        return InputError([Problem(str(self.folder), "", 0, message)])

    def _sweep_temporaries(self) -> None:
        """Remove what writers that were killed left half written."""
        for path in self.folder.glob(f".*{UNFINISHED}"):
            with contextlib.suppress(OSError):
                path.unlink()

    def write(self, number: int, data: bytes) -> Path:
        """Write one part under its number and the hash of its bytes."""
        path = self.folder / f"part-{number:06d}-{hashlib.sha256(data).hexdigest()[:20]}.parquet"
        write_file(path, data)
        return path

    def names(self) -> dict[int, list[Path]]:
        """Return the files of every part number; nothing is read."""
        paths: dict[int, list[Path]] = {}
        for path in sorted(self.folder.glob("part-*.parquet")):
            match = PART.fullmatch(path.name)
            if match:
                paths.setdefault(int(match[1]), []).append(path)
        return paths

    def check(
        self, rows: Mapping[int, int], *, mend: bool
    ) -> tuple[dict[int, Path], list[Problem]]:
        """Verify every part by its hash, its page checksums and its number of rows.

        Parameters
        ----------
        rows : mapping of int to int
            Rows that each part must have.
        mend : bool
            Remove what is damaged, so that it is computed again.

        Returns
        -------
        good : dict of int to Path
        damaged : list of Problem
            What was wrong, by file.
        """
        good: dict[int, Path] = {}
        damaged = []
        for number, paths in self.names().items():
            for path in paths:
                fault = phrase("store.stranger") if number not in rows else _fault(path)
                if not fault and number not in good:
                    good[number] = path
                    continue
                damaged.append(
                    Problem(
                        str(path), "", 0, phrase("store.removed", fault=fault or "is there twice")
                    )
                )
                if mend:
                    with naming(path):
                        path.unlink()
        return good, damaged

    def read(self, path: Path) -> pa.Table:
        """Read one part, verified.

        Raises
        ------
        InputError
            If it is damaged.
        """
        fault = _fault(path)
        if fault:
            message = phrase("store.again", fault=fault)
            raise InputError([Problem(str(path), "", 0, message)])
        return from_bytes(path.read_bytes())


_HELD: set[str] = set()
_HELD_GUARD = threading.Lock()


def _try_lock(handle: int) -> bool:
    """Take a lock that a child does not inherit and that ends with the process."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _fault(path: Path) -> str:
    """Return the fault of a part; empty if it is whole."""
    match = PART.fullmatch(path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        return phrase("store.unread", strerror=reason(error))
    if match is None or hashlib.sha256(data).hexdigest()[:20] != match[2]:
        return phrase("store.hash", data=len(data))
    try:
        from_bytes(data)
    except (OSError, pa.ArrowException) as error:
        return phrase("store.damaged", splitlines=str(error).splitlines()[0])
    return ""


def _differences(old: Any, new: Any, where: str) -> Iterator[tuple[str, str]]:
    """Places in which two manifests differ, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inner = f"{where}.{key}" if where else str(key)
            yield from _differences(old.get(key), new.get(key), inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for k, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, two, f"{where}[{k}]")
    elif isinstance(old, list) and isinstance(new, list):
        yield where, phrase("store.entries", old=len(old), new=len(new))
    elif old != new:
        yield where, phrase("store.differs", old=shown(str(old)), new=shown(str(new)))
