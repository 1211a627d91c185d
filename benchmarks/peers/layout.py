"""The memory of a world as C structures, written from the numpy layout that the engine uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xuchang_sim.model.memory import dtype_of
from xuchang_sim.model.world import LEVERS, MEASURES, Inputs, Sizes, World

if TYPE_CHECKING:
    import numpy as np

KINDS = {"f": "double", "i": "int64_t"}


def header(sizes: Sizes) -> str:
    """Return C declarations of ``World`` and ``Inputs``, every offset asserted."""
    world: Any = dtype_of(World, sizes)
    inputs: Any = dtype_of(Inputs, sizes)
    lines = ["#include <stddef.h>", "#include <stdint.h>"]
    lines += [f"#define {name.upper()} {room}" for name, room in sizes._asdict().items()]
    lines += [f"#define MEASURES {len(MEASURES)}", f"#define LEVERS {len(LEVERS)}"]
    for name, dtype in (("World", world), ("Inputs", inputs)):
        lines += _structure(name, dtype)
    return "\n".join(lines) + "\n"


def _structure(name: str, dtype: np.dtype[np.void]) -> list[str]:
    """Declare the tables inside a table, then the table; overlays of other columns are left out."""
    inner: list[str] = []
    body: list[str] = []
    asserts: list[str] = []
    end = 0
    for field, (kind, offset, *_) in (dtype.fields or {}).items():
        if offset < end:
            continue  # the same memory under another name
        if offset > end:
            body.append(f"  char before_{field}[{offset - end}];")
        if kind.names:
            inner += _structure(f"{name}_{field}", kind)
            body.append(f"  {name}_{field} {field};")
        else:
            shape = "".join(f"[{n}]" for n in kind.shape)
            body.append(f"  {KINDS[kind.base.kind]} {field}{shape};")
        asserts.append(f'_Static_assert(offsetof({name}, {field}) == {offset}, "{field}");')
        end = offset + kind.itemsize
    if end < dtype.itemsize:
        body.append(f"  char rest[{dtype.itemsize - end}];")
    size = f'_Static_assert(sizeof({name}) == {dtype.itemsize}, "size");'
    return [*inner, "typedef struct {", *body, f"}} {name};", *asserts, size]
