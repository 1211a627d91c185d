"""Records in memory: numpy arrays laid out as ``layout`` says, and views for uncompiled rules."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xuchang_sim.model.layout import WORD, layout
from xuchang_sim.model.world import LINE, Sizes

if TYPE_CHECKING:
    from xuchang_sim.model.world import Table

#: Arrays of records, by their number of dimensions.
Worlds1 = npt.NDArray[np.void]
Inputs1 = npt.NDArray[np.void]
Inputs2 = npt.NDArray[np.void]
#: Arrays of numbers, by their number of dimensions.
Floats1 = npt.NDArray[np.float64]
Floats2 = npt.NDArray[np.float64]
Floats3 = npt.NDArray[np.float64]
Floats4 = npt.NDArray[np.float64]
Floats5 = npt.NDArray[np.float64]
Ints1 = npt.NDArray[np.int64]
Ints2 = npt.NDArray[np.int64]
Ints3 = npt.NDArray[np.int64]


@cache
def dtype_of(table: type[Table], sizes: Sizes) -> np.dtype[np.void]:
    """Return a table's record type: columns, tables inside it, overlays."""
    laid = layout(table, sizes)  # type: ignore[arg-type] # a class is hashable
    names: list[str] = []
    formats: list[Any] = []
    offsets: list[int] = []
    for name, place in laid.places.items():
        names.append(name)
        formats.append((place.kind, place.shape) if place.shape else place.kind)
        offsets.append(WORD * place.offset)
    for name, part in laid.parts.items():
        names.append(name)
        formats.append(dtype_of(part.table, sizes))  # type: ignore[arg-type] # a class is hashable
        offsets.append(WORD * part.offset)
    size = WORD * laid.words
    dtype = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})
    _SIZES[dtype] = sizes
    return dtype


_SIZES: dict[np.dtype[np.void], Sizes] = {}


def sizes_of(dtype: np.dtype[Any]) -> Sizes:
    """Return the sizes of a record type that :func:`dtype_of` made.

    Raises
    ------
    TypeError
        If it is another's.
    """
    found = _SIZES.get(dtype)
    if found is None:
        message = f"wanted records laid out as declared, got {dtype.itemsize} bytes of others"
        raise TypeError(message)
    return found


def blank(table: type[Table], sizes: Sizes, count: int = 1) -> npt.NDArray[np.void]:
    """Return ``count`` zeroed records of a table; the first begins with a line of the cache."""
    dtype = dtype_of(table, sizes)  # type: ignore[arg-type] # a class is hashable
    memory = np.zeros(count * dtype.itemsize + LINE, np.uint8)
    begin = -memory.ctypes.data % LINE
    return memory[begin : begin + count * dtype.itemsize].view(dtype)


class _View:
    """Attribute access to one record in plain Python numbers, sharing its memory."""

    __slots__ = ("_memory",)


def view(memory: npt.NDArray[np.void]) -> Any:
    """View one record for uncompiled rules.

    Scalars become properties, columns memoryviews, nested tables views of their own.

    Parameters
    ----------
    memory : ndarray of void, shape (1,)
        One record; the view shares its memory.
    """
    body: dict[str, Any] = {"__slots__": ()}
    dtype = memory.dtype
    for name in dtype.names or ():
        field: Any = memory[name]
        if field.dtype.names:
            body[name] = view(field)
        elif field.ndim == 1:  # one number
            cell: Any = memoryview(field)

            def read(_: _View, cell: Any = cell) -> Any:
                return cell[0]

            def write(_: _View, value: float, cell: Any = cell) -> None:
                cell[0] = value

            body[name] = property(read, write)
        else:
            body[name] = memoryview(field[0])
    return type(f"View_{id(memory)}", (_View,), body)()


class Grid:
    """An array of records as the uncompiled rules see it: views by index."""

    def __init__(self, records: npt.NDArray[np.void]) -> None:
        self._records = records
        self.shape = records.shape
        self.dtype = records.dtype
        self._views: dict[Any, Any] = {}

    def __getitem__(self, index: Any) -> Any:
        """View one record."""
        if index not in self._views:
            one = self._records[index if isinstance(index, tuple) else (index,)]
            self._views[index] = view(np.asarray(one).reshape(1))
        return self._views[index]
