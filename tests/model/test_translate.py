"""The translator: every operator does what Python does, and what it does not know it refuses."""

from __future__ import annotations

import importlib.util
import math
import re
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.rules import entry
from xuchang_sim.model.build import kinds
from xuchang_sim.model.build.kinds import RefusedError
from xuchang_sim.model.build.translate import translate
from xuchang_sim.model.kernel import bits_of, float_of, inlined, step
from xuchang_sim.model.memory import Floats1, Floats2, Floats3, Grid, Ints1, Ints2, Worlds1, blank
from xuchang_sim.model.world import Sizes, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLE = (3, -1, 4)
SHARES = (0.5, -0.25, 1)
INTS = (-(2**62), -13, -12, -7, -1, 0, 1, 2, 5, 12, 13, 1 << 40)
FLOATS = (-math.inf, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 3.75, 1e308, math.inf, math.nan)


@entry
def whole_numbers(a: Ints1, b: Ints1, out: Ints2) -> None:
    for n in range(a.shape[0]):
        x, y = a[n], b[n]
        out[n, 0] = x + y
        out[n, 1] = x - y
        out[n, 2] = x & y
        out[n, 3] = x | y
        out[n, 4] = x ^ y
        out[n, 5] = -x
        out[n, 6] = abs(x)
        out[n, 7] = min(x, y)
        out[n, 8] = max(x, y, 3)
        out[n, 9] = x // y if y != 0 else 0
        out[n, 10] = x % y if y != 0 else 0
        out[n, 11] = x >> 3
        out[n, 12] = (x & 255) << 4
        out[n, 13] = 1 if x < y <= 7 else 0
        out[n, 14] = int(x == y) + 2 * int(x != y) + 4 * int(x >= y) + 8 * int(not x > y)
        out[n, 15] = x // 12 + x % 12 + x // -5 + x % -5


@entry
def real_numbers(a: Floats1, b: Floats1, out: Floats2) -> None:
    for n in range(a.shape[0]):
        x, y = a[n], b[n]
        out[n, 0] = x + y
        out[n, 1] = x - y
        out[n, 2] = x * y
        out[n, 3] = x / y if y != 0.0 else 0.0
        out[n, 4] = -x
        out[n, 5] = abs(x)
        out[n, 6] = min(x, y)
        out[n, 7] = max(x, y)
        out[n, 8] = 1.0 if x < y else 0.0
        out[n, 9] = 1.0 if (x <= y and not y > x) or x == 0.5 else 0.0
        out[n, 10] = math.sqrt(x) if x >= 0.0 else -1.0
        out[n, 11] = math.floor(x) if -1e9 < x < 1e9 else -1
        out[n, 12] = int(x) if -1e9 < x < 1e9 else -1
        out[n, 13] = x if (x > y) | (y != y) else y  # noqa: PLR0124
        out[n, 14] = x * 3 - 1
        out[n, 15] = float_of(bits_of(x) & bits_of(y))


@entry
def wraps(a: Ints1, out: Ints1) -> None:
    for n in range(a.shape[0]):
        out[n] = (a[n] * 0xD2511F53 >> 32) & 0xFFFFFFFF


@inlined
def pair(a: int, b: float) -> tuple[float, int]:
    return b * a, a + 1


@step
def first_of(out: Ints1, value: int) -> int:
    out[0] = value
    return value + 1


@entry
def statements(a: Ints1, x: Floats1, out: Ints1, parts: Floats3) -> None:
    total = 0
    for n in TABLE:
        total += n
    out[0] = total
    for n in range(10, 0, -3):
        total = total * 2 + n
        if n == 4:
            continue
        total += 1
    out[1] = total
    n = 0
    while True:
        n += 1
        if n > 7:
            break
    out[2] = n
    k = 0
    for k in range(3):
        k += 5  # noqa: PLW2901
    out[3] = k
    u, v = a[0], a[1]
    u, v = v, u
    out[4] = u * 10 + v
    share, after = pair(a[0], x[0])
    x[1] = share
    out[5] = after
    made = first_of(out, 7)
    out[6] = made
    wide = 0
    wide += x[0]
    x[2] = wide + SHARES[1] + len(SHARES)
    short = x.shape[0]
    out[7] = short
    out[8] //= 4
    out[9] <<= 2
    out[10] = TABLE[2] + (3 if a[0] > 0 else 4)
    parts[0, 1, 2] += 1.5
    fill(parts[1])
    for n in range(a[2], a[3], 2):  # noqa: B007
        pass
    out[11] = n


@step
def fill(part: Floats2) -> None:
    part[:] = math.nan


@entry
def records(memory: Worlds1, out: Floats1) -> None:
    w = memory[0]
    c, zone = w.city, w.zone
    c.scale = 2
    c.zones = 3
    zone.measures[5, 1] = 1.25
    zone.first[2, 3] = 7
    for k in range(w.now.values.shape[0]):
        w.now.values[k] = k
    out[0] = w.now.effort + zone.first[2, 3] + zone.wages[1] + c.scale
    out[1] = zone.measures.shape[0] + zone.block.shape[0]


def arrays(kind: type, *shape: int) -> Any:
    return np.zeros(shape, kind)


def pairs(values: tuple[float, ...], kind: type) -> tuple[Any, Any]:
    one, other = zip(*((a, b) for a in values for b in values), strict=True)
    return np.array(one, kind), np.array(other, kind)


def plain(rule: Callable[..., None], *given: Any) -> None:
    """Run a rule as Python: on memoryviews, in Python's own numbers."""
    rule.__wrapped__(*(memoryview(g) if g.dtype.names is None else g for g in given))  # type: ignore[attr-defined]


def test_whole_numbers_as_python() -> None:
    a, b = pairs(INTS, np.int64)
    a, b = a[np.abs(a - b) < 2**61], b[np.abs(a - b) < 2**61]
    slow, fast = arrays(np.int64, len(a), 16), arrays(np.int64, len(a), 16)
    plain(whole_numbers, a, b, slow)
    whole_numbers(a, b, fast)
    assert np.array_equal(slow, fast)
    assert (slow[:, 9] < 0).any()


def test_real_numbers_as_python_to_the_sign_of_nought() -> None:
    a, b = pairs(FLOATS, np.float64)
    slow, fast = arrays(np.float64, len(a), 16), arrays(np.float64, len(a), 16)
    plain(real_numbers, a, b, slow)
    real_numbers(a, b, fast)
    for column in range(16):
        one, other = slow[:, column], fast[:, column]
        same = (one.view(np.int64) == other.view(np.int64)) | (np.isnan(one) & np.isnan(other))
        assert same.all(), (column, a[~same], b[~same], one[~same], other[~same])
    assert np.isnan(slow).any()


def test_products_wrap_and_their_lower_bits_are_pythons() -> None:
    a = np.array([0, 1, 0xFFFFFFFF, 0x12345678, 0x80000000])
    out = arrays(np.int64, len(a))
    wraps(a, out)
    assert out.tolist() == [(int(x) * 0xD2511F53 >> 32) & 0xFFFFFFFF for x in a]


def test_statements_as_python() -> None:
    def given() -> tuple[Any, ...]:
        out = arrays(np.int64, 12)
        out[8], out[9] = -17, 3
        return np.array([3, -2, 1, 8]), np.array([0.5, 0.0, 0.0]), out, arrays(np.float64, 2, 3, 4)

    slow, fast = given(), given()
    statements.__wrapped__(*slow)  # type: ignore[attr-defined]
    statements(*fast)
    for one, other in zip(slow, fast, strict=True):
        assert np.array_equal(one, other, equal_nan=True)
    assert np.isnan(fast[3][1]).all()
    assert fast[3][0, 1, 2] == 1.5


@pytest.mark.parametrize("sizes", [Sizes(), Sizes(zones=5, sectors=7, firms=80, projects=96)])
def test_columns_of_records_as_python(sizes: Sizes) -> None:
    slow, fast = blank(World, sizes), blank(World, sizes)
    one, other = arrays(np.float64, 2), arrays(np.float64, 2)
    records(fast, other)
    records.__wrapped__(Grid(slow), one)  # type: ignore[attr-defined]
    assert slow.tobytes() == fast.tobytes() != blank(World, sizes).tobytes()
    assert one.tolist() == other.tolist()


HEAD = """
from __future__ import annotations
import math
from xuchang_sim.model.kernel import entry, inlined, step
from xuchang_sim.model.memory import Floats1, Ints1, Worlds1
from xuchang_sim.model.world import City, World

NAMES = ("a", "b")


def unmarked(x: float) -> float:
    return x


@step
def note(w: World, x: float) -> float:
    w.city.scale = x
    return x


@step
def both(w: World, c: City) -> None:
    w.city.zones = c.sectors


@entry
def rule(memory: Worlds1, x: Floats1, n: Ints1) -> None:
    w = memory[0]
    y, k = x[0], n[0]
"""


def refusal(body: str, tmp_path: Path) -> str:
    path = tmp_path / "refused.py"
    path.write_text(HEAD + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n")
    spec = importlib.util.spec_from_file_location("refused", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(RefusedError) as error:
        translate([module.rule])
    return str(error.value)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("y = 1.0 + note(w, y)", "stands alone on the right side"),
        ("y = note(w, note(w, y))", "stands alone on the right side"),
        ("x[0] += note(w, y)", "stands alone on the right side"),
        ("y = 0.0 if note(w, y) > 0.0 else 1.0", "stands alone on the right side"),
        ("if note(w, y) > 0.0:\n    y = 1.0", "stands alone on the right side"),
        ("both(w, w.city)", "two parts of one record, and w is written"),
        ("y = y ** 2.0", "no such operator"),
        ("y = y % 2.0", "% is for whole numbers"),
        ("k = k | y", "| is for whole numbers"),
        ("y = unmarked(y)", "no rule: mark it with @step or @inlined"),
        ("y = math.exp(y)", "not in the subset of rules"),
        ("y = sum(x)", "not in the subset of rules"),
        ("y = max(y)", "max of two numbers or more"),
        ("y = [1.0][0]", "not in the subset of rules"),
        ("y = {1: 2.0}[1]", "not in the subset of rules"),
        ("k = int(NAMES[0])", "neither a variable nor a constant of numbers"),
        ("k = undefined", "neither a variable nor a constant of numbers"),
        ("with y:\n    pass", "not in the subset of rules"),
        ("try:\n    pass\nfinally:\n    pass", "not in the subset of rules"),
        ("assert y > 0.0", "not in the subset of rules"),
        ("for k in n:\n    pass", "a loop goes over range or a tuple of numbers"),
        ("for k in range(0, 10, k):\n    pass", "the step of a range is a constant"),
        ("for k in range(3):\n    pass\nelse:\n    pass", "one loop variable, no else"),
        ("while k:\n    pass", "int where a truth value is wanted"),
        ("y = 1.0 if k else 0.0", "int where a truth value is wanted"),
        ("k = not k", "int where a truth value is wanted"),
        ("y = w.city.nothing", "City has no column nothing"),
        ("y = w.zone.wages[0, 1]", "is not indexed so"),
        ("y = w.zone.wages[y]", "float is no whole number"),
        ("y = w.zone.wages[:2]", "not in the subset of rules"),
        ("w.city.zones = y", "float where int is wanted"),
        ("w.city.zones, k = y, 1", "float where int is wanted"),
        ("k = 1 << 70", "a shift goes over 0 to 63 bits"),
        ("k = 0x123456789abcdef01", "more than 64 bits"),
        ("k, y = 1, 2.0, 3.0", "as many values as names"),
        ("w = 3.0", "w has no single type"),
        ("n = 3.0", "n has no single type"),
        ("return 1.0", "float where none is wanted"),
        ("y = note(w)", "note takes 2 arguments"),
        ("y = note(w, x=y)", "arguments by position only"),
        ("y = note(y, y)", "float where World is wanted"),
        ("k = x.shape[k]", "a shape has a constant index"),
        ("x = lambda: 0", "not in the subset of rules"),
    ],
)
def test_what_is_outside_the_subset_is_refused_with_its_line(
    body: str, why: str, tmp_path: Path
) -> None:
    said = refusal(body, tmp_path)
    assert why in said
    where = re.match(r"refused\.py:(\d+): ", said)
    assert where, said
    first = HEAD.count("\n") + 1
    assert first <= int(where[1]) <= first + body.count("\n")


def test_a_rule_that_calls_itself_and_one_without_types_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "refused.py"
    for text, why in (
        ("@step\ndef f(x: float) -> float:\n    return f(x)\n", "f calls itself"),
        ("@step\ndef f(x) -> float:\n    return 1.0\n", "'nothing' is no type of a rule"),
        ("@step\ndef f(x: str) -> float:\n    return 1.0\n", "'str' is no type of a rule"),
        ("@step\ndef f(x: float = 1.0) -> float:\n    return x\n", "no defaults"),
    ):
        path.write_text(
            "from __future__ import annotations\n"
            "from xuchang_sim.model.kernel import entry, step\n"
            "from xuchang_sim.model.memory import Floats1\n"
            f"{text}@entry\ndef rule(x: Floats1) -> None:\n    x[0] = f(x[0])\n"
        )
        spec = importlib.util.spec_from_file_location("refused", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with pytest.raises(RefusedError, match=why):
            translate([module.rule])
        kinds._module.cache_clear()
