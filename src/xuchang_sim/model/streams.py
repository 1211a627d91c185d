"""Random numbers by address: Philox4x32-10 of (seed, replicate, purpose, entity, month, block).

A draw is a function of its address alone. Scenarios share every draw they have in common, one
replicate can be run alone, and no thread, chunk or order of work can change a bit.

Generator: Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC11.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xuchang_sim.model.elementary import circle, log
from xuchang_sim.model.kernel import inlined, intrinsic, step

if TYPE_CHECKING:
    from xuchang_sim.model.world import World

# Purposes: the first part of an address. Values are part of every published result; only append.
ARRIVAL = 1  # entity: 2**20 kind + number of the candidate in its month
DISPERSION = 2  # entity: 0
TRAIT = 3  # entity: project id, month of arrival
YIELD = 4  # entity: project id, month of arrival
LATENT = 5  # entity: project id; clocks drawn again
STALL = 6  # entity: project id, month of arrival; block: stalls that came before
SHOCK = 7  # entity: initial firm's id
FIRM = 8  # entity: initial firm's id; its size
OWNER = 9  # entity: project id, month of arrival
ZONE = 10  # entity: zone code; yearly and one-off zone events
RESEARCH = 11  # entity: firm id; block: group of the firm
PROGRAMME = 12  # entity: programme number
REALISED = 13  # entity: project id, month of arrival; block: trial, from 64 for the second variate
SHOCK_PLANT = 14  # entity: project id of the plant
SHOCK_TENANT = 15  # entity: tenant's id
SHARE = 16  # entity: zone code; its share of the base year's revenue
MARKET = 17  # entity: 0; step of the market's own level in a month
PACE = 18  # entity: 0, January; step of the pace of investment in a year
COMMON_YIELD = 19  # entity: 0, month 0; yield that all later plants have in common

MASK = 0xFFFFFFFF
BLOCK = 1 << 20  # from one block of an address to the next


@intrinsic
def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[int, int, int, int]:
    """Ten rounds of Philox4x32 on a counter of four and a key of two 32-bit words.

    Plain integers with masks; compiled it is ``build/prelude.c``'s, on 32-bit words.
    """
    for _ in range(10):
        p0 = c0 * 0xD2511F53
        p1 = c2 * 0xCD9E8D57
        c0 = ((p1 >> 32) & MASK) ^ c1 ^ k0
        c2 = ((p0 >> 32) & MASK) ^ c3 ^ k1
        c1 = p1 & MASK
        c3 = p0 & MASK
        k0 = (k0 + 0x9E3779B9) & MASK
        k1 = (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


@inlined
def unit(word: int) -> float:
    """Map a 32-bit word to one of 2**32 equally spaced numbers inside (0, 1)."""
    return (word + 0.5) * 2.3283064365386963e-10


@inlined
def uniforms_at(
    entity: int, month: int, replicate: int, stream: int, low: int, high: int
) -> tuple[float, float, float, float]:
    """Four uniforms in (0, 1), as :func:`uniforms`, from the parts of an address.

    The parts that a loop's addresses have in common are variables before the loop, so that compilers
    can vectorise it. ``stream`` is purpose, attempt, redraw and block; ``low`` and ``high`` are the seed.
    """
    a, b, c, d = philox(
        entity & MASK, month & MASK, replicate & MASK, stream & MASK, low & MASK, high & MASK
    )
    return unit(a), unit(b), unit(c), unit(d)


@step
def uniforms(
    w: World, purpose: int, entity: int, month: int, block: int
) -> tuple[float, float, float, float]:
    """Four uniforms in (0, 1) at an address.

    The counter is (entity, month, replicate, purpose + 2**8 attempt + 2**16 redraw + 2**20 block);
    the key is the seed, low word first. Attempt and redraw stand in ``w.city.salt``.
    """
    c = w.city
    stream = purpose + c.salt + block * BLOCK
    return uniforms_at(entity, month, c.replicate, stream, c.seed, c.seed >> 32)


@inlined
def normals(u: float, v: float) -> tuple[float, float]:
    """Two independent standard normals from two uniforms (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * log(u))
    cosine, sine = circle(v)
    return radius * cosine, radius * sine


@inlined
def gamma_trial(shape: float, u: float, v: float, accept: float) -> float:
    """One trial of a gamma variate of unit scale and shape >= 1; negative if it is rejected.

    Marsaglia and Tsang (2000), "A simple method for generating gamma variables", ACM TOMS 26 (3):
    a normal from two uniforms, accepted by the third.
    """
    d = shape - 1.0 / 3.0
    x, _ = normals(u, v)
    t = 1.0 + 1.0 / math.sqrt(9.0 * d) * x
    good = t > 0.0
    t = t * t * t if good else 1.0
    good = good & (log(accept) < 0.5 * x * x + d - d * t + d * log(t))
    return d * t if good else -1.0


@step
def gamma(w: World, purpose: int, shape: float, entity: int, month: int, block: int) -> float:
    """One gamma variate of unit scale and shape >= 1: trial k uses the block ``block + k``."""
    variate = -1.0
    k = block
    while variate < 0.0:
        u, v, accept, _ = uniforms(w, purpose, entity, month, k)
        variate = gamma_trial(shape, u, v, accept)
        k += 1
    return variate


@step
def erlang(w: World, purpose: int, entity: int, month: int, block: int, shape: int) -> float:
    """One gamma variate of unit scale and whole shape: minus the log of a product of uniforms."""
    product = 1.0
    left = shape
    k = block
    while left > 0:
        a, b, c, d = uniforms(w, purpose, entity, month, k)
        product *= a
        if left > 1:
            product *= b
        if left > 2:
            product *= c
        if left > 3:
            product *= d
        left -= 4
        k += 1
    return -log(product)
