"""Simulated futures of a city's industrial zones under its plan.

A pack of planning documents and tables goes in; thousands of simulated futures come out.
The names below are loaded when first used, so that importing the package costs nothing.
"""

import importlib
import sys
from types import ModuleType

TYPE_CHECKING = False  # typing itself would be the dearest import here
if TYPE_CHECKING:
    from xuchang_sim.answers.designs import load_design
    from xuchang_sim.answers.sweep import sweep
    from xuchang_sim.model.economy import Economy
    from xuchang_sim.pack.load import load_pack
    from xuchang_sim.pack.scenario import load_scenario
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.study import (
        Study,
        assess,
        compare,
        discover,
        economy,
        explain,
        facts,
        frontier,
        make_design,
        matrix,
        profile,
        robustness,
        sensitivity,
        simulate,
        smallest_bundle,
    )

__version__ = "0.1.0"

__all__ = [
    "Economy",
    "Results",
    "Study",
    "__version__",
    "assess",
    "compare",
    "discover",
    "economy",
    "explain",
    "facts",
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
    **dict.fromkeys(__all__, "study"),
    "Economy": "model.economy",
    "Results": "simulation.results",
    "load_design": "answers.designs",
    "load_pack": "pack.load",
    "load_scenario": "pack.scenario",
    "sweep": "answers.sweep",
}
_HOMES.pop("__version__")


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
