"""Addressed draws without the engine: one block in plain Python, many at once in numpy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

MASK = 0xFFFFFFFF
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
#: Purposes by number, as docs/odd.md 7.1 lists them.
ARRIVAL, DISPERSION, TRAIT, YIELD, STALL, SHOCK, FIRM = 1, 2, 3, 4, 6, 7, 8
OWNER, ZONE, RESEARCH, REALISED, SHOCK_PLANT, SHOCK_TENANT = 9, 10, 11, 13, 14, 15
MARKET, PACE = 17, 18

Words = npt.NDArray[np.uint64]


class Draws:
    """Draws of one replicate.

    Parameters
    ----------
    seed : int
        Seed, 64 bits.
    replicate : int
        Number of the replicate.

    Attributes
    ----------
    attempt : int
        Rejected pipelines so far; part of every address.
    """

    def __init__(self, seed: int, replicate: int) -> None:
        self.replicate = replicate
        self.attempt = 0
        low, high = seed & MASK, (seed >> 32) & MASK
        self._keys = [((low + n * WEYL[0]) & MASK, (high + n * WEYL[1]) & MASK) for n in range(10)]
        self._wide_keys = [(np.uint64(k), np.uint64(j)) for k, j in self._keys]

    def last_word(self, purpose: int, block: int = 0) -> int:
        """Return the fourth word of a counter."""
        return purpose + (self.attempt << 8) + (block << 20)

    def uniforms(
        self, purpose: int, entity: int, month: int, block: int = 0
    ) -> tuple[float, float, float, float]:
        """Return the four uniforms at one address."""
        return self._at(entity, month, self.last_word(purpose, block))

    def _at(self, entity: int, month: int, last: int) -> tuple[float, float, float, float]:
        a, b, c, d = entity, month, self.replicate, last
        m, n = MULTIPLIERS
        for k, j in self._keys:
            p, q = a * m, c * n
            a, b, c, d = (q >> 32) ^ b ^ k, q & MASK, (p >> 32) ^ d ^ j, p & MASK
        unit = 2.0**-32
        return (a + 0.5) * unit, (b + 0.5) * unit, (c + 0.5) * unit, (d + 0.5) * unit

    def rows(self, last: Words, names: Words, month: int) -> list[list[float]]:
        """Return the uniforms of many entities, a list for each: four for each of its blocks.

        Parameters
        ----------
        last : ndarray of uint64, shape (blocks,) or (blocks, entities)
            Fourth word of each block's counter; see :meth:`last_word`.
        names : ndarray of uint64, shape (entities,)
            Entities.
        month : int
            Month of the address.
        """
        shape = (len(last), len(names))
        entity = np.broadcast_to(names, shape)
        four = self.words(last if last.ndim == 2 else last[:, None], entity, np.uint64(month))
        words = np.array(four).transpose(2, 1, 0).reshape(len(names), 4 * len(last))
        found: list[list[float]] = ((words + 0.5) * 2.0**-32).tolist()
        return found

    def words(self, last: Words, names: Words, month: Words | np.uint64) -> list[Words]:
        """Return the four words at every address; the arguments are broadcast together."""
        a, b, c, d = np.broadcast_arrays(names, month, np.uint64(self.replicate), last)
        m, n = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
        mask, half = np.uint64(MASK), np.uint64(32)
        for k, j in self._wide_keys:
            p, q = a * m, c * n
            a, b, c, d = (q >> half) ^ b ^ k, q & mask, (p >> half) ^ d ^ j, p & mask
        return [a, b, c, d]

    def blocks(self, *addresses: tuple[int, int]) -> Words:
        """Return the fourth words of the counters of (purpose, block)."""
        return np.array([self.last_word(*address) for address in addresses], np.uint64)

    def whole_gamma(self, shape: int, purpose: int, entity: int, month: int, first: int) -> float:
        """Gamma variate of a whole shape: minus the log of a product of uniforms."""
        product = 1.0
        for block in range((shape + 3) // 4):
            four = self.uniforms(purpose, entity, month, first + block)
            product *= math.prod(four[: shape - 4 * block])
        return -math.log(product)

    def gamma(self, shape: float, purpose: int, entity: int, month: int, first: int) -> float:
        """Gamma variate of a shape of at least one, by Marsaglia and Tsang's trials."""
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        block = first
        while True:
            u, v, accept, _ = self.uniforms(purpose, entity, month, block)
            x, _ = normals(u, v)
            t = (1.0 + c * x) ** 3
            if t > 0.0 and math.log(accept) < 0.5 * x * x + d - d * t + d * math.log(t):
                return d * t
            block += 1


class PlainDraws(Draws):
    """The same draws, each address by itself in plain Python."""

    def rows(self, last: Words, names: Words, month: int) -> list[list[float]]:
        """Return the uniforms of many entities, a list for each."""
        found = []
        for words, name in zip(
            np.broadcast_to(last.T, (len(names), len(last))).tolist(), names.tolist(), strict=True
        ):
            four = (self._at(name, month, word) for word in words)
            found.append([u for one in four for u in one])
        return found


def normals(u: float, v: float) -> tuple[float, float]:
    """Two standard normals from two uniforms, by Box and Muller."""
    radius, angle = math.sqrt(-2.0 * math.log(u)), 2.0 * math.pi * v
    return radius * math.cos(angle), radius * math.sin(angle)


def pareto(u: float, alpha: float, low: float, high: float) -> float:
    """Truncated Pareto variate by inversion."""
    return float(low * (1.0 - u * (1.0 - (low / high) ** alpha)) ** (-1.0 / alpha))
