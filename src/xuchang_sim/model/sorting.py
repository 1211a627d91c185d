"""Sort integer keys in place: no allocation, a total order, quick on nearly sorted lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xuchang_sim.model.kernel import step

if TYPE_CHECKING:
    from xuchang_sim.model.world import World

# Beyond Ciura's, each 2.25 times the next: without them long lists take quadratic time.
BEYOND = (1022907, 454625, 202055, 89802, 39912, 17739, 7884)
FEW = 256  # keys up to which ranks are quicker
GAPS = (*BEYOND, 3501, 1577, 701, 301, 132, 57, 23, 10, 4, 1)


@step
def sort_keys(w: World, count: int) -> None:
    """Sort the first ``count`` project keys ascending: few by rank, many by Shell's method.

    A rank is the number of smaller keys: compared several at a time, nothing branches. Gaps of
    Ciura 2001, continued. Keys must be distinct: then the result does not depend on the order in
    which they stood.
    """
    key = w.project.key
    if count <= FEW:
        placed = w.temp.placed
        for k in range(count):
            x = key[k]
            rank = 0
            for n in range(count):
                rank += 1 if key[n] < x else 0
            placed[rank] = x
        for k in range(count):
            key[k] = placed[k]
        return
    for gap in GAPS:
        for k in range(gap, count):
            x = key[k]
            j = k - gap
            while j >= 0 and key[j] > x:
                key[j + gap] = key[j]
                j -= gap
            key[j + gap] = x
