"""Draws before the engine runs: parameters by address (seed, replicate, parameter), paths of demand.

Parameters come from the priors, from the pack's joint posterior, or are the central values.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xuchang_sim.forecast.drivers import Drivers, drivers as outlook_drivers
from xuchang_sim.units import month_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.setup import Array, Setup

JOINT_DRAW = "posterior"  # stream of the one number that picks a joint draw
PARAMETER = 0x70617261  # purpose of parameter draws, apart from those of the rules


def demand_paths(
    setup: Setup,
    scenario: ResolvedScenario,
    forecast_sd: Array,
    redraw: int = 0,
    redraw_after: str | None = None,
) -> Drivers:
    """Paths of the drivers under a scenario: known months, then one path per replicate.

    Parameters
    ----------
    setup : Setup
        Pack, replicates, seed and horizon.
    scenario : ResolvedScenario
        Its demand shift and its conditions on drivers.
    forecast_sd : ndarray, shape (replicates,)
        Standard deviation of the first unknown year's mean, fraction.
    redraw, redraw_after
        As in :func:`xuchang_sim.forecast.drivers.drivers`.
    """
    return outlook_drivers(
        setup.pack,
        setup.replicate_numbers,
        setup.seed,
        month_label(setup.through),
        shift_sd=scenario.demand_shift,
        replace=scenario.drivers,
        redraw=redraw,
        redraw_after=redraw_after,
        forecast_sd=forecast_sd,
    )


def same_outlook(one: ResolvedScenario, two: ResolvedScenario) -> bool:
    """Whether two scenarios meet the same economy around the zones."""
    return outlook_key(one) == outlook_key(two)


def outlook_key(scenario: ResolvedScenario) -> tuple[float, str]:
    """Driver overrides of a scenario, as a key."""
    return scenario.demand_shift, json.dumps(scenario.drivers, sort_keys=True)


def base_fai(pack: Pack, reading: Array) -> Array:
    """Investment of the base year by replicate, 亿元: which of its two readings holds.

    Parameters
    ----------
    pack : Pack
    reading : ndarray
        Draws of ``fai_reading``: below ½ the pack's first reading, else its alternative.
    """
    result = pack.base.fai
    other = result.alternative or result
    return np.where(reading < 0.5, result.value, other.value)


def draw_parameters(setup: Setup, fixed: Mapping[str, float] | None = None) -> dict[str, Array]:
    """Draw every model parameter once per replicate, or repeat the central values.

    The draw of a parameter is a function of (seed, parameter id, replicate) alone: adding a
    parameter or a replicate moves no other draw. Those that the posterior knows are drawn together.

    Returns
    -------
    dict of str to ndarray, shape (replicates,)
    """
    n = setup.replicates
    if setup.worlds > 1:
        numbers = np.array(setup.replicate_numbers) // setup.worlds
        first, last = int(numbers[0]), int(numbers[-1])
        few = replace(setup, first=first, replicates=last - first + 1, worlds=1)
        return {k: v[numbers - first] for k, v in draw_parameters(few, fixed).items()}
    arrays: dict[str, Array] = {}
    known: dict[str, Array] = {}
    if setup.draws == "posterior" and setup.pack.posterior:
        # One number of the replicate picks a joint draw: others keep their own streams.
        known = setup.pack.posterior.pick(_uniforms(setup.seed, _crc(JOINT_DRAW), n, setup.first))
    drawn = []
    for name, parameter in setup.pack.parameters.items():
        if fixed and name in fixed:
            arrays[name] = np.full(n, fixed[name])
        elif name in known:
            arrays[name] = known[name]
        else:
            arrays[name] = np.full(n, float(parameter.default or 0.0))
            if setup.draws != "central" and parameter.prior.kind != "fixed":
                drawn.append(name)
    # All in one go: a stream is a row of counters, whoever stands beside it.
    streams = np.array([_crc(name) for name in drawn], np.int64)[:, None]
    for name, row in zip(drawn, _uniforms(setup.seed, streams, n, setup.first), strict=True):
        arrays[name] = np.asarray(setup.pack.parameters[name].prior.quantile(row))
    return arrays


def _crc(name: str) -> int:
    return zlib.crc32(name.encode())


def _uniforms(seed: int, stream: int | npt.NDArray[np.int64], count: int, first: int = 0) -> Array:
    """Uniforms in (0, 1) of replicates ``first``, ``first`` + 1, ...: Philox4x32-10, vectorised.

    The counter is (stream, purpose, replicate, 0), the key the seed, as in the rules.
    """
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    rows = np.arange(first, first + count, dtype=np.uint64)
    streams = np.asarray(stream, np.uint64)
    none = np.zeros(np.broadcast_shapes(streams.shape, rows.shape), np.uint64)
    c = [none + streams, none + np.uint64(PARAMETER), none + rows, none]
    keys = [seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [
            (p1 >> shift) ^ c[1] ^ np.uint64(keys[0]),
            p1 & mask,
            (p0 >> shift) ^ c[3] ^ np.uint64(keys[1]),
            p0 & mask,
        ]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return (c[0].astype(float) + 0.5) * 2.0**-32
