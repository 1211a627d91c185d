"""Elementary functions in plain arithmetic: the same bits on every machine, several at a time.

The functions of a C library differ in the last digit from one processor to the next, and no loop
that calls them is vectorised. These are sums and products only, within two units of the last
place where the rules use them (``tests/model/test_elementary.py``).
"""

from __future__ import annotations

import math

from xuchang_sim.model.kernel import bits_of, float_of, inlined

LN2_HIGH = 6.93147180369123816490e-01  # ln 2 to 33 bits: whole multiples of it are exact
LN2_LOW = 1.90821492927058770002e-10  # the rest of ln 2
LOG2_E = 1.4426950408889634
SQRT_2 = 1.4142135623730951
MANTISSA = (1 << 52) - 1
ONE = 1023 << 52  # bits of 1.0
LARGEST = 700.0  # exp stays finite and normal up to here
TWO_PI = 6.283185307179586


@inlined
def exp(x: float) -> float:
    """Exponential, for arguments held between -700 and 700.

    e^x = 2^n e^r with r = x - n ln 2 at most ln 2 / 2, and Taylor's series of e^r.
    """
    x = -LARGEST if x < -LARGEST else LARGEST if x > LARGEST else x
    n = math.floor(x * LOG2_E + 0.5)
    r = x - n * LN2_HIGH - n * LN2_LOW
    s = 1.0 / 6227020800.0
    s = s * r + 1.0 / 479001600.0
    s = s * r + 1.0 / 39916800.0
    s = s * r + 1.0 / 3628800.0
    s = s * r + 1.0 / 362880.0
    s = s * r + 1.0 / 40320.0
    s = s * r + 1.0 / 5040.0
    s = s * r + 1.0 / 720.0
    s = s * r + 1.0 / 120.0
    s = s * r + 1.0 / 24.0
    s = s * r + 1.0 / 6.0
    s = s * r + 0.5
    return (s * r * r + r + 1.0) * float_of((n + 1023) << 52)


@inlined
def log(x: float) -> float:
    """Natural logarithm of a positive number that is not subnormal.

    x = 2^e m with m from 1/sqrt 2 to sqrt 2; ln m = 2 artanh s with s = (m - 1) / (m + 1).
    """
    bits = bits_of(x)
    e = (bits >> 52) - 1023
    m = float_of((bits & MANTISSA) | ONE)
    big = m > SQRT_2
    m = 0.5 * m if big else m
    e = e + 1 if big else e
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    t = 1.0 / 21.0
    t = t * z + 1.0 / 19.0
    t = t * z + 1.0 / 17.0
    t = t * z + 1.0 / 15.0
    t = t * z + 1.0 / 13.0
    t = t * z + 1.0 / 11.0
    t = t * z + 1.0 / 9.0
    t = t * z + 1.0 / 7.0
    t = t * z + 1.0 / 5.0
    t = t * z + 1.0 / 3.0
    # 2 s = f - s f exactly enough: the large term f carries no rounding of its own.
    return e * LN2_HIGH + (f - (s * f - (2.0 * s * z * t + e * LN2_LOW)))


@inlined
def circle(turn: float) -> tuple[float, float]:
    """Cosine and sine of a share of a full turn, 0 to 1.

    The quarter is taken off first; Taylor's series serve within an eighth of a turn.
    """
    k = math.floor(4.0 * turn + 0.5)
    x = (turn - 0.25 * k) * TWO_PI
    y = x * x
    c = 1.0 / 20922789888000.0
    c = c * y - 1.0 / 87178291200.0
    c = c * y + 1.0 / 479001600.0
    c = c * y - 1.0 / 3628800.0
    c = c * y + 1.0 / 40320.0
    c = c * y - 1.0 / 720.0
    c = c * y + 1.0 / 24.0
    c = c * y - 0.5
    cosine = c * y + 1.0
    s = 1.0 / 355687428096000.0
    s = s * y - 1.0 / 1307674368000.0
    s = s * y + 1.0 / 6227020800.0
    s = s * y - 1.0 / 39916800.0
    s = s * y + 1.0 / 362880.0
    s = s * y - 1.0 / 5040.0
    s = s * y + 1.0 / 120.0
    s = s * y - 1.0 / 6.0
    sine = s * y * x + x
    odd = (k & 1) == 1
    a = sine if odd else cosine
    b = cosine if odd else sine
    # Quarters 1 and 2 turn the cosine's sign, quarters 2 and 3 that of the sine.
    return -a if ((k + 1) & 2) == 2 else a, -b if (k & 2) == 2 else b
