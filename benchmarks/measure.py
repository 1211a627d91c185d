"""Clocks, memory, the yardstick and the machine's name plate: what every measurement here uses."""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "pyarrow")


def peak_memory() -> int:
    """Bytes that this process has held at most, what its parent held before the fork left out."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds of one call, by the clock on the wall."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def yardstick() -> float:
    """Seconds of a fixed piece of work: exponentials, a sort and plain Python.

    It stands for the speed of the machine at that moment; ratios of results are divided by it.
    """
    values = np.linspace(0.0, 1.0, 400_000)
    mixed = np.modf(values * 7919.0)[0]

    def work() -> float:
        total = 0.0
        for _ in range(4):
            total += float(np.exp(values).sum())
        total += float(np.sort(mixed)[0])
        for k in range(100_000):
            total += k & 7
        return total

    return seconds_of(work)


def machine() -> dict[str, object]:
    """Return what the numbers hang on: processor, memory, system, versions."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "processor": name,
        "processors": len(affinity(0)) if affinity else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {library: version(library) for library in LIBRARIES},
    }
