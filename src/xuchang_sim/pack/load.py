"""Loading a pack by path or name, and checking any of its files.

A pack is a folder with ``pack.yaml``, the document it is about, ``plan.yaml``, ``region.yaml``,
``parameters.yaml``, ``levers.yaml`` and cited tables, or one workbook with the same content. Loading
reads all of it; nothing that simulates reads a file again.
"""

from pathlib import Path

from xuchang_sim import extensions
from xuchang_sim.deferred import deferred
from xuchang_sim.pack import scenario
from xuchang_sim.pack.pack import Pack
from xuchang_sim.pack.read import read_folder
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem, did_you_mean, read_yaml

with deferred():
    from xuchang_sim.pack.workbook import read as books

__all__ = ["Pack", "load_pack", "pack_at", "shipped", "validate_path"]


def shipped() -> tuple[Path, ...]:
    """Folders of the packs that come with the code, in the order of their names."""
    packs = Path(__file__).parent / "data"
    return tuple(sorted(path.parent for path in packs.glob("*/pack.yaml")))


#: Endings of workbooks; what else Excel writes is refused with a reason.
BOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb"})


def load_pack(path_or_name: str | Path | None = None) -> Pack:
    """Load a pack from a folder or a workbook, or one of the shipped packs by name.

    Parameters
    ----------
    path_or_name : str or Path, optional
        Folder, Excel workbook, or name of a shipped pack. Default: the first shipped pack.

    Returns
    -------
    Pack
        The pack, checked.

    Raises
    ------
    InputError
        If anything in it is missing or wrong; all faults of all files at once.

    Examples
    --------
    >>> load_pack().name
    'xuchang_2623'
    """
    problems: list[Problem] = []
    folder = _folder(path_or_name, problems)
    if folder and folder.suffix.lower() in BOOKS:
        return books.load_workbook(folder)
    if folder is None:
        raise InputError(problems)
    return read_folder(folder)


def _folder(path_or_name: str | Path | None, problems: list[Problem]) -> Path | None:
    names = {path.name: path for path in shipped()}
    if path_or_name is None:
        return next(iter(names.values()))
    if str(path_or_name) in names:
        return names[str(path_or_name)]
    folder = Path(path_or_name)
    if (folder / "pack.yaml").is_file() or folder.suffix.lower() in BOOKS:
        return folder
    if (folder / "pack.xlsx").is_file():
        return folder / "pack.xlsx"
    offered = extensions.pack(str(path_or_name))
    if offered is not None:
        return offered
    known = [*names, *extensions.pack_names()]
    close = did_you_mean(path_or_name, known)
    message = phrase("pack.not_a_pack", close=close, known=", ".join(known))
    problems.append(Problem(str(path_or_name), "", 0, message))
    return None


def pack_at(path: str | Path) -> Path | None:
    """Return the folder or workbook of the pack that a path is, or is a file of; None if of none."""
    path = Path(path)
    if path.is_dir() or path.suffix.lower() in BOOKS:
        return path
    if path.name == "pack.yaml" or (path.parent / "pack.yaml").is_file():
        return path.parent
    return None


def validate_path(path: str | Path, pack: Pack | None = None) -> list[Problem]:
    """Check a pack's folder (or a file in it), a scenario or a matrix.

    Parameters
    ----------
    path : str or Path
        Folder or file.
    pack : Pack, optional
        Pack against which a scenario or matrix is checked. Default: the first shipped pack.

    Returns
    -------
    list of Problem
        All faults; empty if there are none.

    Examples
    --------
    >>> [problem.message for problem in validate_path(Path("nowhere"))]
    ['no such file']
    """
    path = Path(path)
    try:
        if place := pack_at(path):
            load_pack(place)
        else:
            home = path.parent.parent if path.parent.name == "scenarios" else path
            pack = load_pack(home) if (home / "pack.yaml").is_file() else pack or load_pack()
            source = read_yaml(path, [])
            matrix = source is not None and scenario.is_matrix(source)
            load = scenario.load_matrix if matrix else scenario.load_scenario
            load(path, pack)
    except InputError as error:
        return list(error.problems)
    return []
