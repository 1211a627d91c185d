"""The outlook's tests on other processors: the linear algebra library's kernels, chosen by name."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Kernels of OpenBLAS, with the instruction set that a processor needs for them.
KERNELS = {"Prescott": "pni", "Sandybridge": "avx", "Haswell": "avx2", "Zen": "avx2"}


def able(needed: str) -> bool:
    """Whether this processor has an instruction set; only Linux on x86 says."""
    listed = Path("/proc/cpuinfo")
    return (
        platform.machine() in {"x86_64", "AMD64"}
        and listed.exists()
        and needed in listed.read_text(encoding="utf-8").split()
    )


@pytest.mark.long
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_outlook_holds_under_every_kernel(kernel: str) -> None:
    if not able(KERNELS[kernel]):
        pytest.skip(f"this processor cannot run the kernel {kernel}")
    environment = {k: v for k, v in os.environ.items() if k != "XUCHANG_SIM_LONG"}
    environment["OPENBLAS_CORETYPE"] = kernel
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", str(Path(__file__).parent)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert run.returncode == 0, run.stdout[-3000:]


SAID = """
import numpy as np
from xuchang_sim.forecast.single import forecast
from xuchang_sim.forecast.series import regular
from xuchang_sim.pack.load import load_pack
history = load_pack().history
for name in ("ppi_yoy", "fai_ytd", "cpi_yoy", "xuchang_gdp"):
    told = forecast(regular(name, dict(history[name])), 3)["quantiles"]
    print(*(f"{x:.9e}" for row in told.values() for x in row))
"""


@pytest.mark.long
def test_quantiles_are_the_same_under_every_kernel_and_number_of_threads() -> None:
    told = set()
    ways = [{"OPENBLAS_CORETYPE": name} for name, needed in KERNELS.items() if able(needed)]
    for way in [*ways, {"OPENBLAS_NUM_THREADS": "1"}, {}]:
        run = subprocess.run(
            [sys.executable, "-c", SAID],
            env=dict(os.environ) | way,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        told.add(run.stdout)
    assert len(told) == 1
    assert "nan" not in told.pop()
