"""Starter: a new pack, copied from one that runs, as files or as a workbook to be edited."""

import re
import shutil
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xuchang_sim.deferred import deferred
from xuchang_sim.files import naming
from xuchang_sim.pack.forms import spell_out_pack
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.pack.yaml_text import block
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, read_yaml

with deferred():
    from xuchang_sim.pack.workbook import read as sheets, write as books

if TYPE_CHECKING:
    from xuchang_sim.pack.workbook.read import Book

__all__ = ["OPTIONAL", "new_pack", "slug", "write_book"]

TABLES = ("pack.yaml", "plan.yaml", "region.yaml", "parameters.yaml", "levers.yaml")
OPTIONAL = ("facts.yaml",)


def new_pack(folder: Path, source: str | Path | None = None, *, excel: bool = False) -> Path:
    """Make a new pack that runs as it is.

    Parameters
    ----------
    folder : Path
        Where to; must not exist or be empty. Its name becomes the name of the pack.
    source : str or Path, optional
        Pack to copy: a name, folder or workbook. Default: the last shipped one, a small example.
    excel : bool
        One workbook ``pack.xlsx`` instead of files.

    Returns
    -------
    Path
        What was written, for ``--pack``.

    Raises
    ------
    InputError
        If the folder is in use or bears a workbook's name, or the source is not a good pack.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     new_pack(Path(folder) / "mine").name
    'mine'
    """
    if folder.suffix.lower() == ".xlsx":
        message = phrase("starter.workbook", stem=folder.stem)
        raise InputError([Problem(str(folder), "", 0, message)])
    with naming(folder):
        return _made(folder, source, excel=excel)


def _made(folder: Path, source: str | Path | None, *, excel: bool) -> Path:
    """Make a new pack; what the system refuses is an `OSError`."""
    asked, folder = folder, folder.resolve() if folder.is_symlink() else folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = phrase("starter.in_use")
        raise InputError([Problem(str(folder), "", 0, message)])
    origin = shipped()[-1] if source is None else source
    load_pack(origin)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as place:
        made = Path(place) / "pack"
        made.mkdir()
        _copy(origin, made)
        _rename(made / "pack.yaml", slug(folder.name))
        load_pack(made)
        if excel:
            book = Path(place) / "book"
            book.mkdir()
            books.write_workbook(made, book / "pack.xlsx")
            for name in OPTIONAL:
                if (made / name).is_file():
                    shutil.copy2(made / name, book / name)
            made = book
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return asked / "pack.xlsx" if excel else asked


def slug(name: str) -> str:
    """Turn the name of a folder into a name for a pack: a-z, 0-9 and _, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKC", name).lower()).strip("_")
    return plain[:60] if re.match(r"[a-z]", plain) else f"pack_{plain}".rstrip("_")[:60]


def _copy(origin: str | Path, made: Path) -> None:
    """Copy the files of a pack, or write those that a workbook stands for."""
    pack = load_pack(origin)
    if not (pack.folder / "pack.yaml").is_file() or Path(origin).suffix:
        place = Path(origin)
        book = sheets.read_book(place if place.is_file() else place / "pack.xlsx", [])
        if book is not None:
            write_book(book, made)
    else:
        source = read_yaml(pack.folder / "pack.yaml", [])
        content: Any = spell_out_pack(source).data if source else {}
        entries = [*content["history"], *(content.get("evidence") or ())]
        names = [*TABLES, content["document"]["file"], *(entry["file"] for entry in entries)]
        for name in dict.fromkeys(names):
            _write(made / name, (pack.folder / name).read_bytes().decode("utf-8"))
    for name in OPTIONAL:
        if (pack.folder / name).is_file():
            shutil.copyfile(pack.folder / name, made / name)


def write_book(book: "Book", made: Path) -> None:
    """Write the trees, the document and the tables of a workbook as files."""
    for name, source in book.trees.items():
        _write(made / name, block(source.data))
    head: Any = book.trees["pack.yaml"].data
    _write(made / head["document"]["file"], book.document)
    for name, (text, _) in book.tables.items():
        _write(made / name, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Into a folder of its own that takes its place whole: a refusal by the system names that place.
    path.write_text(text, encoding="utf-8", newline="")


def _rename(path: Path, name: str) -> None:
    """Give a pack its name; the rest of the file stays as it is."""
    text = path.read_bytes().decode("utf-8")
    _write(path, re.sub(r"(?m)^name:.*$", f"name: {name}", text, count=1))
