"""Files: whole or not at all, where they were asked for, checked before the work begins."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xuchang_sim.files import UNFINISHED, destination, write, writing
from xuchang_sim.pack.starter import new_pack
from xuchang_sim.yamlfile import InputError

ROOT = Path(__file__).parents[2]
LONGEST = "r" * 245 + ".html"  # 250 bytes: a name may have 255


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(UNFINISHED)]


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 64 kB, as on a disk that is almost full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / LONGEST
    write(destination(path), "许昌\n")
    assert path.read_bytes() == "许昌\n".encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    write(path, b"2")
    assert path.read_bytes() == b"2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write(path, "old")
    with pytest.raises(InputError, match=r"report.html: cannot be written: .*; mend that and run"):
        write(path, bytes(2**18))
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_or_a_signal_in_between_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write(path, "old")
    for error in (KeyboardInterrupt, ValueError, MemoryError):
        with pytest.raises(error), writing(path) as stream:  # noqa: PT012 - raised inside
            stream.write(b"half")
            raise error
    assert path.read_text(encoding="utf-8") == "old"
    assert not left(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "links").mkdir()
    target, link = tmp_path / "real" / "r.html", tmp_path / "links" / "r.html"
    link.symlink_to(target)
    for text in ("a link to what is not there yet", "and to what is"):
        write(destination(link), text)
        assert link.is_symlink()
        assert target.read_text(encoding="utf-8") == text
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match="loop: cannot be written"):
        destination(loop)
    folder, city = tmp_path / "cities", tmp_path / "city"
    folder.mkdir()
    city.symlink_to(folder)
    new_pack(city)
    assert city.is_symlink()
    assert (folder / "pack.yaml").is_file()


@pytest.mark.skipif(os.name == "nt", reason="there are no such files there")
def test_a_device_is_written_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    write(destination(link), "nothing")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("r.pdf", "ends in .pdf; allowed: .html"),
        ("r", "ends in nothing"),
        ("no/such/r.html", "its folder does not exist"),
        (".", "ends in nothing"),
        ("folder.html", "is a folder"),
        ("n" * 300 + ".html", "cannot be written: File name too long"),
        ("名" * 100 + ".html", "cannot be written: File name too long"),
    ],
)
def test_a_destination_is_checked_first(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError) as caught:
        destination(tmp_path / name, ".html")
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not bind root")
def test_a_folder_without_rights_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        destination(tmp_path / "r.html")


@pytest.mark.parametrize(
    "words",
    [
        ("report", "-n", "100000", "-o", "{folder}/" + "r" * 300 + ".html"),
        ("report", "-n", "100000", "-o", "{folder}/no/r.html"),
        ("report", "-n", "100000", "-o", "/proc/r.html"),
        ("calibrate", "-n", "1048576", "--out", "{folder}/no/p.npz"),
        ("sweep", "tests/faults/large_sweep.yaml", "--out", "{folder}/s", "--export", "{folder}/no/r.csv"),
        ("sweep", "tests/faults/large_sweep.yaml", "--out", "/proc/s"),
        ("new", "{folder}/" + "n" * 300),
        ("new", "/proc/city"),
    ],
)  # fmt: skip
def test_commands_refuse_at_once(words: tuple[str, ...], tmp_path: Path) -> None:
    """Before any work of which the result would be lost."""
    if any(word.startswith("/proc") for word in words) and not Path("/proc/self").exists():
        pytest.skip("no /proc on this system")
    asked = [word.replace("{folder}", str(tmp_path)) for word in words]
    done = subprocess.run([sys.executable, "-m", "xuchang_sim", *asked], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert not left(tmp_path)


@pytest.mark.usefixtures("small_disk")
@pytest.mark.parametrize(
    "words",
    [
        ("new", "{folder}/city", "--excel", "--from", "xuchang_2623"),
        pytest.param(("report", "-n", "4", "-o", "{folder}/r.html"), marks=pytest.mark.long),
    ],
)
def test_a_full_disk_is_said(words: tuple[str, ...], tmp_path: Path) -> None:
    asked = [word.replace("{folder}", str(tmp_path)) for word in words]
    done = subprocess.run([sys.executable, "-m", "xuchang_sim", *asked], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
