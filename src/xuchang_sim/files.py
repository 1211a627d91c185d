"""Files: whole or not at all, in the place that was asked for, checked before the work begins.

A file is written beside its place under a short name of its own, synced and renamed. A symbolic link
is followed: what it leads to is replaced, the link stays. A file that is not regular (a device, a
pipe) is written in place. A refusal by the system becomes one line that names the file.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from xuchang_sim.text import phrase, reason
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Ending of files half written; a program that is killed may leave one behind.
UNFINISHED = ".part"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what the system refuses into one line about a path.

    Raises
    ------
    InputError
        If an `OSError` is raised inside: disk full, no rights, a name too long.
    """
    try:
        yield
    except OSError as error:
        text = phrase("file.unwritten", strerror=reason(error))
        raise InputError([Problem(str(path), "", 0, text)]) from error


def destination(path: str | Path, *endings: str) -> Path:
    """Check that a file can be written, before anything is computed for it.

    Parameters
    ----------
    path : str or Path
        Where the file shall stand; what stands there will be replaced.
    *endings : str
        Endings that are allowed, with their dot; any if none is given.

    Returns
    -------
    Path
        The path as it was given.

    Raises
    ------
    InputError
        If the ending is another one, or the folder is missing or may not be written.

    Examples
    --------
    >>> destination("nowhere/report.html", ".html")
    Traceback (most recent call last):
    ...
    xuchang_sim.yamlfile.InputError: nowhere/report.html: its folder does not exist; allowed: a file in a folder that does
    """
    path = Path(path)
    message = ""
    with naming(path):
        target = _target(path)
        if endings and path.suffix.lower() not in endings:
            ending = path.suffix or phrase("file.bare")
            message = phrase("file.ending", ending=ending, endings=", ".join(endings))
        elif target.is_dir():
            message = phrase("file.folder")
        elif not target.parent.is_dir():
            message = phrase("file.no_folder")
        elif _regular(target):
            with suppress(FileNotFoundError):
                target.lstat()  # says whether the name itself is too long
            trial, handle = _beside(target)
            os.close(handle)
            trial.unlink()
    if message:
        raise InputError([Problem(str(path), "", 0, message)])
    return path


@contextmanager
def writing(path: Path, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a file to be written whole: it takes its place when the block ends without an error.

    Parameters
    ----------
    path : Path
        Where to; what stands there is replaced, and keeps its permissions.
    sync : bool
        Make it last through a power cut; what can be made again need not.

    Raises
    ------
    InputError
        If the system refuses: the path, and why. The old content is unchanged.
    """
    with naming(path):
        target = _target(path)
        if not _regular(target):
            with target.open("wb") as stream:
                yield stream
            return
        part, handle = _beside(target)
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                if sync:
                    os.fsync(stream.fileno())
            with suppress(OSError):
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        if sync:
            _sync(target.parent)


def write(path: Path, data: bytes | str, *, sync: bool = True) -> None:
    """Write a file whole or not at all; text as UTF-8, its ends of line as they are.

    Raises
    ------
    InputError
        If the system refuses: the path, and why. The old content is unchanged.
    """
    with writing(path, sync=sync) as stream:
        stream.write(data.encode() if isinstance(data, str) else data)


def _target(path: Path) -> Path:
    """Return where a path leads: symbolic links are followed, also to what is not there yet."""
    try:
        return path.resolve() if path.is_symlink() else path
    except RuntimeError as error:  # a loop, as Python before 3.13 says it
        raise OSError(str(error)) from error


def _regular(target: Path) -> bool:
    """Whether a path is a regular file, or free to become one."""
    try:
        return stat.S_ISREG(target.stat().st_mode)
    except FileNotFoundError:
        return True


def _beside(target: Path) -> tuple[Path, int]:
    """Create a file beside another, with the permissions of any new file: its path and descriptor."""
    part = target.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return part, os.open(part, flags, 0o666)


def _sync(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
