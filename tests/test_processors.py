"""One answer on every processor: to the last digit, whatever vectors and linear algebra it has.

What a run computes outside the rules goes through numpy, whose functions and linear algebra choose
their code by the processor. Here the same commands run with all of these choices turned back to what
every 64-bit machine can do, forecasts fitted anew, and, on request, with rules compiled for such a
machine.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAM = """
import json, numpy
from pathlib import Path
from xuchang_sim import assess, explain, matrix
from xuchang_sim.forecast import cache
cache.SHIPPED = Path("nowhere")
answers = [
    assess("plan", replicates=60).content(),
    explain("plan", replicates=40).to_dict(),
    matrix(replicates=70).to_dict(),
]
print(json.dumps([numpy.exp(numpy.linspace(-1.0, 1.0, 1001)).tobytes().hex(), answers]))
"""


def _answers(cache: Path, **environment: str) -> tuple[str, list[dict[str, Any]]]:
    """Bytes of numpy's exponential, and the answers, with forecasts fitted in an empty cache."""
    env = {**os.environ, "XUCHANG_SIM_CACHE": str(cache), **environment}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True
    )
    exponential, answers = json.loads(done.stdout)
    for answer in answers:
        answer.pop("manifest", None)
    return exponential, answers


def _plain() -> dict[str, str]:
    """Environment in which numpy and its linear algebra use what every 64-bit machine has."""
    core = np._core._multiarray_umath  # type: ignore[attr-defined]
    here = [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]]
    if platform.machine() not in {"x86_64", "AMD64"} or not here:
        pytest.skip("numpy has no choice on this processor")
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(here), "OPENBLAS_CORETYPE": "Nehalem"}


def test_answers_are_the_same_without_longer_vectors(tmp_path: Path) -> None:
    exponential, answers = _answers(tmp_path / "here")
    other, same = _answers(tmp_path / "plain", **_plain())
    if np._core._multiarray_umath.__cpu_features__.get("AVX512F"):  # type: ignore[attr-defined]
        assert exponential != other  # the switch works
    assert answers == same


@pytest.mark.long
def test_rules_compiled_for_any_processor_give_the_same_answers(tmp_path: Path) -> None:
    plain = _plain() | {"XUCHANG_SIM_PROCESSOR": "baseline"}
    assert _answers(tmp_path / "here")[1] == _answers(tmp_path / "plain", **plain)[1]
