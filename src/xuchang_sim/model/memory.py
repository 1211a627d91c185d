"""Records in memory: numpy arrays laid out as ``layout`` says, and views for uncompiled rules."""

from __future__ import annotations

import math
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


#: Bytes of a record from which on numpy, which counts them in 31 bits, knows none.
MOST_OF_NUMPY = 2**31


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
    sizes = _SIZES.get(dtype)
    if sizes is None:
        message = f"wanted records laid out as declared, got {dtype.itemsize} bytes of others"
        raise TypeError(message)
    return sizes


def blank(table: type[Table], sizes: Sizes, count: int = 1) -> npt.NDArray[np.void]:
    """Return ``count`` zeroed records of a table; the first begins with a line of the cache."""
    dtype = dtype_of(table, sizes)  # type: ignore[arg-type] # a class is hashable
    memory = np.zeros(count * dtype.itemsize + LINE, np.uint8)
    begin = -memory.ctypes.data % LINE
    return memory[begin : begin + count * dtype.itemsize].view(dtype)


def room(table: type[Table], sizes: Sizes, count: int) -> Any:
    """Return ``count`` zeroed records: numpy's, or, where one is too long for numpy, :class:`Long`."""
    words = layout(table, sizes).words  # type: ignore[arg-type] # a class is hashable
    if WORD * words < MOST_OF_NUMPY:
        return blank(table, sizes, count)
    line = LINE // WORD
    memory = np.zeros(count * words + line, np.int64)
    begin = -memory.ctypes.data % LINE // WORD
    return Long(table, sizes, memory[begin : begin + count * words].reshape(count, words))


class Long:
    """Records of any length, as words, for compiled rules: in turn by number, then by names.

    Numpy's records end at 2 GiB; those of a region with millions of firms do not.

    Parameters
    ----------
    table : type of Table
    sizes : Sizes
    words : ndarray of int64, shape (records, words of one)
    """

    def __init__(self, table: type[Table], sizes: Sizes, words: npt.NDArray[np.int64]) -> None:
        self.table = table
        self.sizes = sizes
        self.words = words
        self.shape = words.shape[:1]
        self.nbytes = words.nbytes

    def __getitem__(self, which: int | slice) -> Any:
        """Return one record by names, or a part of the records."""
        if isinstance(which, slice):
            return Long(self.table, self.sizes, self.words[which])
        return _Named(self.table, self.sizes, self.words[which])


class _Named:
    """A record by names, as numpy's would be: its tables, its columns and its numbers."""

    def __init__(self, table: type[Table], sizes: Sizes, words: npt.NDArray[np.int64]) -> None:
        self._sizes = sizes
        self._words = words
        self._laid = layout(table, sizes)  # type: ignore[arg-type] # a class is hashable

    def __getitem__(self, name: str) -> Any:
        if name in self._laid.parts:
            part = self._laid.parts[name]
            words = layout(part.table, self._sizes).words  # type: ignore[arg-type]
            return _Named(part.table, self._sizes, self._words[part.offset :][:words])
        place = self._laid.places[name]
        column = self._words[place.offset :][: math.prod(place.shape)].view(place.kind)
        return column.reshape(place.shape) if place.shape else column[0]

    def __setitem__(self, name: str, value: Any) -> None:
        place = self._laid.places[name]
        column = self._words[place.offset :][: math.prod(place.shape)].view(place.kind)
        column.reshape(place.shape)[...] = value


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
