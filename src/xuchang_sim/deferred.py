"""Deferred imports: a module of this package is loaded when it is first used, not when it is named.

::

    with deferred():
        from xuchang_sim.report import tables

``tables`` then stands for the module, and the first ``tables.name`` imports it, as ``import`` does: threads
wait for each other, and an import that fails, or that a signal ends, says so and leaves nothing half
loaded. (The standard library's ``LazyLoader`` does neither: Python drops an exception that is raised
while it looks into such a module, a signal's too, and goes on with the part that was loaded.) Only
modules can be deferred: ``from module import name`` reads the name, and so loads the module at once.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGE = f"{__package__}."


class _Deferred(ModuleType):
    """Stands for a module that is not loaded yet: every attribute is the module's own.

    Names like ``__spec__``, which the import system reads and writes, load nothing.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_loaded(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            setattr(_loaded(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_loaded(self), name)


def _loaded(module: _Deferred) -> ModuleType:
    """Import what this stands for; no longer deferred if the block is not left yet."""
    _withdraw(module)
    with _undeferred():
        return import_module(module.__name__)


def _withdraw(module: _Deferred) -> None:
    """Let nobody else find it: all but the names in the block import the module itself."""
    package, _, name = module.__name__.rpartition(".")
    if sys.modules.get(module.__name__) is module:
        del sys.modules[module.__name__]
    if vars(sys.modules.get(package, module)).get(name) is module:
        delattr(sys.modules[package], name)


@contextmanager
def _undeferred() -> Iterator[None]:
    """Within this block, imports wait for nothing."""
    finders = [finder for finder in sys.meta_path if isinstance(finder, _Standing)]
    for finder in finders:
        sys.meta_path.remove(finder)
    try:
        yield
    finally:
        sys.meta_path[:0] = finders


class _Standing(MetaPathFinder, Loader):
    """Finds what the others find, and lets something else stand for the library's own modules.

    Packages are loaded at once: their ``__init__`` is short, and their path is asked for anyway.
    """

    def __init__(self) -> None:
        self.modules: list[_Deferred] = []

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
            if spec.submodule_search_locations is not None:
                return spec
            return ModuleSpec(name, self, origin=spec.origin)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self.modules.append(_Deferred(spec.name))
        return self.modules[-1]

    def exec_module(self, module: ModuleType) -> None:
        pass


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
    finder = _Standing()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for module in finder.modules:
            _withdraw(module)
