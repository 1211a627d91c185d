"""Put the compiled rules into what is built: for this machine, or for every target.

A wheel gets the libraries of this machine and its tag; with ``XUCHANG_SIM_TARGETS=all`` those of every
target, cross-compiled with zig, and a tag for any. An editable install compiles for this machine, so
that the first run need not; where there is no compiler it says so and goes on.
"""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Compile the rules before the files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add the libraries to a wheel."""
        sys.path.insert(0, str(Path(self.root) / "src"))
        from xuchang_sim.model.build.build import build, build_all  # noqa: PLC0415
        from xuchang_sim.model.build.compile import CompilerError  # noqa: PLC0415
        from xuchang_sim.model.machine import FOLDER  # noqa: PLC0415

        if version == "editable":
            try:
                build()
            except CompilerError as error:
                print(error, file=sys.stderr)  # noqa: T201
            return
        everywhere = os.environ.get("XUCHANG_SIM_TARGETS") == "all"
        libraries = build_all(FOLDER) if everywhere else build(everywhere=True)
        for path in libraries:
            build_data["force_include"][str(path)] = f"xuchang_sim/model/compiled/{path.name}"
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{'any' if everywhere else platform}"
