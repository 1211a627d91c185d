"""Deferred imports: a module that not every start needs is loaded when it is first used.

::

    with deferred():
        import pandas as pd
        from xuchang_sim.report import tables

``pd`` and ``tables`` then stand for the modules and load them at the first ``pd.name``. This is the only
way in which the library loads something late; ``tests/test_deferred.py`` lists what is deferred and why.
Only modules can be deferred, because ``from module import name`` has to read the name. The first use
imports as ``import`` does: threads wait for each other, and an import that fails, or that a signal
ends, says so and leaves nothing half loaded. (The standard library's ``LazyLoader`` does neither: Python
drops an exception, a signal's too, that is raised while it looks into such a module.)
"""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from importlib import import_module
from threading import RLock, get_ident
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Blocks are read one at a time. They load nothing, so that none waits long.
_LOCK = RLock()


class Deferred(ModuleType):
    """Stands for a module that is loaded when one of its names is read."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


@contextmanager
def deferred() -> Iterator[None]:
    """Within this block, an imported module waits until it is used.

    Examples
    --------
    >>> with deferred():
    ...     from xuchang_sim import units
    >>> units.convert(1, "亿元", "万元")
    10000.0
    """
    with _LOCK:
        usual, here = builtins.__import__, get_ident()

        def wait(name: str, *rest: Any, **named: Any) -> Any:
            if get_ident() != here:
                return usual(name, *rest, **named)
            names = rest[2] if len(rest) > 2 else None
            if not names and "." in name:
                message = f"write: from {' import '.join(name.rsplit('.', 1))}"
                raise ImportError(message)
            if not names:
                return Deferred(name)
            return SimpleNamespace(**{each: Deferred(f"{name}.{each}") for each in names})

        builtins.__import__ = wait
        try:
            yield
        finally:
            builtins.__import__ = usual
