"""Sort integer keys in place: no allocation, a total order, quick on nearly sorted lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xuchang_sim.model.kernel import step

if TYPE_CHECKING:
    from xuchang_sim.model.world import World

# Beyond Ciura's, each 2.25 times the next: without them long lists take quadratic time.
BEYOND = (1022907, 454625, 202055, 89802, 39912, 17739, 7884)
GAPS = (*BEYOND, 3501, 1577, 701, 301, 132, 57, 23, 10, 4, 1)


@step
def sort_keys(w: World, count: int) -> None:
    """Sort the first ``count`` project keys ascending by Shell's method (gaps of Ciura 2001, continued).

    Keys must be distinct: then the result does not depend on the order in which they stood.
    """
    key = w.project.key
    for gap in GAPS:
        for k in range(gap, count):
            x = key[k]
            j = k - gap
            while j >= 0 and key[j] > x:
                key[j + gap] = key[j]
                j -= gap
            key[j + gap] = x
