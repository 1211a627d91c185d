"""Compile the rules for this machine: ``python -m xuchang_sim.model.build [usual] [any]``."""

from __future__ import annotations

import sys

from xuchang_sim.model.build.build import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
