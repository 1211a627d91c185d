"""Deferred imports: a module of this package is loaded when it is first used, not when it is named.

::

    with deferred():
        from xuchang_sim.report import tables

``tables`` is then the module as ever, except that its code runs at the first ``tables.name``. Only
modules can be deferred: ``from module import name`` reads the name, and so loads the module at once.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.util import LazyLoader
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

PACKAGE = f"{__package__}."


class _Deferring(MetaPathFinder):
    """Finds what the others find, and lets the library's own modules load later.

    Packages are loaded at once: their ``__init__`` is short, and their path is asked for anyway.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(PACKAGE):
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        for finder in others:
            spec = finder.find_spec(name, path, target)
            if spec is None:
                continue
            if spec.loader is not None and spec.submodule_search_locations is None:
                spec.loader = LazyLoader(spec.loader)
            return spec
        return None


@contextmanager
def deferred() -> Iterator[None]:
    """Within this block, imports of the library's modules wait until the module is used.

    Examples
    --------
    >>> with deferred():
    ...     from xuchang_sim import units
    >>> units.convert(1, "亿元", "万元")
    10000.0
    """
    finder = _Deferring()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
