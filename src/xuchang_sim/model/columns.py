"""Machine code for the columns of a record: an address and no more, counted from the front.

Numba makes a view of a column (address, shape, strides, owner) at every access and looks whether
the index counts from the end. Rules do neither: their columns lie at known places in a block that
the caller owns, and their indices are never negative (``tests/model/test_columns.py`` watches
them). So much code less to compile, and a comparison less at every access by a list of rows.
Functions other than rules, those with reference counts, are compiled as Numba would.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_getattr_generic
from numba.core.targetconfig import ConfigStack
from numba.extending import lower_builtin
from numba.np import arrayobj

KINDS: Any = types
WORD = ir.IntType(64)


def _of_a_rule(context: Any) -> bool:
    """Say whether the function being compiled is a rule: one without reference counts."""
    flags: Any = ConfigStack().top_or_none()
    return flags is not None and not flags.nrt and not context.enable_boundscheck


def _address(
    context: Any, builder: Any, column: Any, view: Any, given: list[tuple[Any, Any]]
) -> Any:
    """Return the address of an item of a column, in row-major order."""
    place = None
    for size, (kind, index) in zip(column.shape, given, strict=True):
        whole = context.cast(builder, index, kind, KINDS.intp)
        place = whole if place is None else builder.add(builder.mul(place, WORD(size)), whole)
    field = context.data_model_manager[column].get_field_position("data")
    return builder.gep(builder.extract_value(view, field), [place], inbounds=True)


def _indices(
    context: Any, builder: Any, column: Any, kind: Any, index: Any
) -> list[tuple[Any, Any]] | None:
    """Return types and values of whole-number indices, one per dimension, or None if they are not."""
    if isinstance(kind, KINDS.BaseTuple):
        given = list(zip(kind.types, cgutils.unpack_tuple(builder, index), strict=True))
    else:
        given = [(kind, index)]
    plain = len(given) == column.ndim and all(isinstance(k, KINDS.Integer) for k, _ in given)
    return given if plain and _of_a_rule(context) else None


def member(context: Any, builder: Any, record: Any, value: Any, name: str) -> Any:
    """Return a record's member; of a column all but its address is constant."""
    column = record.typeof(name)
    if not isinstance(column, KINDS.NestedArray) or not _of_a_rule(context):
        return arrayobj.record_getattr(context, builder, record, value, name)
    item = context.get_data_type(column.dtype)
    address = cgutils.get_record_member(builder, value, record.offset(name), item)
    model = context.data_model_manager[column]
    view = model.get_value_type()
    known = {
        "nitems": WORD(column.nitems),
        "itemsize": WORD(column.size),
        "shape": ir.Constant(ir.ArrayType(WORD, column.ndim), [WORD(n) for n in column.shape]),
        "strides": ir.Constant(ir.ArrayType(WORD, column.ndim), [WORD(n) for n in column.strides]),
    }
    fields = [
        known.get(field, ir.Constant(part, None))  # addresses: none, none, and the one set below
        for field, part in zip(model._fields, view.elements, strict=True)
    ]
    return builder.insert_value(
        ir.Constant(view, fields), address, model.get_field_position("data")
    )


def get_item(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Return ``column[i]`` or ``column[i, j]``."""
    column, kind = signature.args
    given = _indices(context, builder, column, kind, arguments[1])
    if given is None:
        table = isinstance(kind, KINDS.BaseTuple)
        usual = arrayobj.getitem_array_tuple if table else arrayobj.getitem_arraynd_intp
        return usual(context, builder, signature, arguments)
    address = _address(context, builder, column, arguments[0], given)
    return arrayobj.load_item(context, builder, column, address)


def set_item(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Perform ``column[i] = x`` or ``column[i, j] = x``."""
    column, kind, given_kind = signature.args
    view, index, value = arguments
    given = _indices(context, builder, column, kind, index)
    if given is None:
        return arrayobj.setitem_array(context, builder, signature, arguments)
    value = context.cast(builder, value, given_kind, column.dtype)
    address = _address(context, builder, column, view, given)
    arrayobj.store_item(context, builder, column, value, address)
    return context.get_dummy_value()


lower_getattr_generic(KINDS.Record)(member)
for indices in (KINDS.Integer, KINDS.BaseTuple):
    lower_builtin(operator.getitem, KINDS.NestedArray, indices)(get_item)
    lower_builtin(operator.setitem, KINDS.NestedArray, indices, KINDS.Any)(set_item)
