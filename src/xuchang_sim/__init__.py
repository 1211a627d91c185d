"""Simulated futures of a city's industrial zones under its plan.

A pack of planning documents and tables goes in; thousands of simulated futures come out.
The names below are loaded when first used, so that importing the package costs nothing.
"""

import importlib
import sys
from types import ModuleType

TYPE_CHECKING = False  # typing itself would be the dearest import here
if TYPE_CHECKING:
    from xuchang_sim.assess import assess, matrix
    from xuchang_sim.explain import explain
    from xuchang_sim.explore.bundle import frontier, smallest_bundle
    from xuchang_sim.explore.compare import compare
    from xuchang_sim.explore.designs import load_design, make_design
    from xuchang_sim.explore.discover import discover, robustness
    from xuchang_sim.explore.sensitivity import sensitivity
    from xuchang_sim.explore.sweep import sweep
    from xuchang_sim.model.economy import Economy
    from xuchang_sim.pack import load_pack
    from xuchang_sim.profiling import profile
    from xuchang_sim.results import Results
    from xuchang_sim.scenario import load_scenario
    from xuchang_sim.simulation import simulate

__version__ = "0.1.0"

__all__ = [
    "Economy",
    "Results",
    "__version__",
    "assess",
    "compare",
    "discover",
    "explain",
    "frontier",
    "load_design",
    "load_pack",
    "load_scenario",
    "make_design",
    "matrix",
    "profile",
    "robustness",
    "sensitivity",
    "simulate",
    "smallest_bundle",
    "sweep",
]

_HOMES = {
    "Economy": "model.economy",
    "Results": "results",
    "assess": "assess",
    "compare": "explore.compare",
    "discover": "explore.discover",
    "explain": "explain",
    "frontier": "explore.bundle",
    "load_design": "explore.designs",
    "load_pack": "pack",
    "load_scenario": "scenario",
    "make_design": "explore.designs",
    "matrix": "assess",
    "profile": "profiling",
    "robustness": "explore.discover",
    "sensitivity": "explore.sensitivity",
    "simulate": "simulation",
    "smallest_bundle": "explore.bundle",
    "sweep": "explore.sweep",
}


if not TYPE_CHECKING:  # for a checker, a misspelt name stays an error

    def __getattr__(name: str) -> object:
        """Load a public name from the module it lives in, once."""
        home = _HOMES.get(name)
        if home is None:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Names offered for completion: the public ones."""
    return sorted(__all__)


class _Package(ModuleType):
    """Type of the package: a public name stays what it is although a module shares it (``assess``)."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
