"""Nodes and weights of Gauss, by Newton's method on the recursions of the polynomials."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise


@cache
def legendre(n: int) -> list[tuple[float, float]]:
    """Nodes and weights on [-1, 1]."""
    found = []
    for i in range(n):
        x = math.cos(math.pi * (i + 0.75) / (n + 0.5))
        slope = 0.0
        for _ in range(100):
            before, value = 1.0, x
            for k in range(2, n + 1):
                before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
            slope = n * (x * value - before) / (x * x - 1.0)
            step = value / slope
            x -= step
            if abs(step) < 1e-16:
                break
        found.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return sorted(found)


@cache
def hermite_normal(n: int) -> list[tuple[float, float]]:
    """Nodes and weights for expectations over a standard normal variable.

    The zeros of the probabilists' polynomial are bracketed by those of the one before.
    """

    def value(degree: int, x: float) -> float:
        before, here = 0.0, 1.0
        for k in range(degree):
            before, here = here, x * here - k * before
        return here

    zeros: list[float] = [0.0]
    for degree in range(2, n + 1):
        edge = 2.0 * math.sqrt(degree) + 1.0
        bounds = [-edge, *zeros, edge]
        zeros = []
        for low, high in pairwise(bounds):
            a, b = low, high
            rising = value(degree, b) > 0.0
            for _ in range(200):
                middle = 0.5 * (a + b)
                if (value(degree, middle) > 0.0) == rising:
                    b = middle
                else:
                    a = middle
            zeros.append(0.5 * (a + b))
    factorial = math.factorial(n)
    return [(x, factorial / (n * n * value(n - 1, x) ** 2)) for x in zeros]
