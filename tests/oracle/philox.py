"""Philox4x32-10 of Salmon et al. (2011) and the draws that section 7.1 of the model page makes of it."""

from __future__ import annotations

import math

WORD = 0xFFFFFFFF

ARRIVAL, DISPERSION, TRAIT, YIELD, LATENT, STALL, SHOCK, FIRM = 1, 2, 3, 4, 5, 6, 7, 8
OWNER, ZONE, RESEARCH, PROGRAMME, REALISED, SHOCK_PLANT, SHOCK_TENANT, SHARE = (
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
)

MARKET, PACE, COMMON_YIELD = 17, 18, 19

Four = tuple[float, float, float, float]


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the four words of one block."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (second >> 32) ^ c1 ^ k0,
            second & WORD,
            (first >> 32) ^ c3 ^ k1,
            first & WORD,
        )
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


def normals(u1: float, u2: float) -> tuple[float, float]:
    """Box and Muller."""
    radius, angle = math.sqrt(-2.0 * math.log(u1)), 2.0 * math.pi * u2
    return radius * math.cos(angle), radius * math.sin(angle)


class Draws:
    """All draws of one replicate; ``attempt`` and ``redraw`` are part of every address."""

    def __init__(self, seed: int, replicate: int) -> None:
        self.key = (seed & WORD, (seed >> 32) & WORD)
        self.replicate = replicate
        self.attempt = 0
        self.redraw = 0

    def uniforms(self, purpose: int, entity: int, month: int, block: int = 0) -> Four:
        """Return four uniforms strictly between 0 and 1."""
        last = purpose + (self.attempt << 8) + (self.redraw << 16) + (block << 20)
        a, b, c, d = philox((entity, month, self.replicate, last), self.key)
        scale = 2.0**-32
        return (a + 0.5) * scale, (b + 0.5) * scale, (c + 0.5) * scale, (d + 0.5) * scale

    def whole_gamma(self, shape: int, purpose: int, entity: int, month: int, first: int) -> float:
        """Gamma of a whole shape: minus the logarithm of a product of uniforms."""
        product = 1.0
        for n in range(shape):
            if n % 4 == 0:
                four = self.uniforms(purpose, entity, month, first + n // 4)
            product *= four[n % 4]
        return -math.log(product)

    def gamma(self, shape: float, purpose: int, entity: int, month: int, first: int) -> float:
        """Gamma of a shape of at least 1, by Marsaglia and Tsang."""
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        block = first
        while True:
            u1, u2, u3, _ = self.uniforms(purpose, entity, month, block)
            x = normals(u1, u2)[0]
            if 1.0 + c * x > 0.0:
                v = (1.0 + c * x) ** 3
                if math.log(u3) < 0.5 * x * x + d - d * v + d * math.log(v):
                    return d * v
            block += 1


def pareto(u: float, alpha: float, low: float, high: float) -> float:
    """Truncated Pareto law at the uniform ``u``."""
    tail = (low / high) ** alpha
    return math.exp(math.log(low) - math.log(1.0 - u * (1.0 - tail)) / alpha)
