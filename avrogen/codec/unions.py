"""The choice of a union branch for a value.

Branches are ranked by how well they represent the value; the first of the best is encoded:

1. the value's type is exactly the branch's, and the branch represents it exactly: ``int`` in range,
   ``float`` that 32 bits represent, ``datetime`` in whole units and with or without time zone as
   the branch needs, ``Decimal`` within precision and scale, ``str`` among the symbols;
2. the same, but with a loss: rounded to 32 bits or down to whole units;
3. and 4. likewise, if the value's type is a subclass of the branch's. ``bool`` does not count as
   ``int``, nor ``datetime`` as ``date``;
5. and 6. likewise, if the branch accepts the value's type besides its own: ``int`` for float and
   double, and for timestamps in nanoseconds; other buffers for ``bytes``.

So ``1`` is encoded as long in ``["double", "long", "int"]``, the first integer branch; ``2**40`` as
long in ``["int", "long"]``, and ``0.1`` as double in ``["float", "double"]``. The build warns of
branches that no value can tell apart.

Plain values: ``("full.Name", value)`` names its branch. A dict is encoded as the first record with
exactly its keys and with fields that accept their values, else as a map, else as the first record
whose fields are among its keys and accept their values, else as the first whose fields are among
its keys, else as the first record. Only the types of these values count, not their content: a list
is an array, a dict is a record or a map.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, assert_never

from avrogen.codec import plan
from avrogen.codec.logical import LogicalKind
from avrogen.codec.varints import fits

__all__ = ["choose_branch", "fit", "forced_branch"]

_EXACT, _LESS_EXACT = 1, 2
_SUBCLASS = 2  # added to one of the above
_CONVERTED = 4  # likewise
_MORE_KEYS, _UNFIT_DICT, _OTHER_DICT = 7, 8, 9


def choose_branch(
    union: plan.UnionOperation, value: Any, records: Mapping[str, plan.RecordOperation]
) -> int | None:
    """Return the position of the branch for a value; None if no branch accepts it."""
    best = None
    best_rank = _OTHER_DICT + 1
    for index, branch in enumerate(union.branches):
        rank = fit(branch.operation, value, records)
        if rank is not None and rank < best_rank:
            best, best_rank = index, rank
    return best


def forced_branch(union: plan.UnionOperation, name: object) -> int | None:
    """Return the position of the branch of a name."""
    for index, branch in enumerate(union.branches):
        if branch.name == name:
            return index
    return None


def fit(
    operation: plan.Operation, value: Any, records: Mapping[str, plan.RecordOperation]
) -> int | None:
    """Return the rank of an operation for a value, as above: 1 is best, None means unfit."""
    match operation:
        case plan.NullOperation():
            return _EXACT if value is None else None
        case plan.BooleanOperation():
            return _EXACT if isinstance(value, bool) else None
        case plan.IntegerOperation(bits):
            return _by_type(value, int) if _is_int(value, bits) else None
        case plan.FloatOperation(bits):
            return _fit_float(bits, value)
        case plan.BytesOperation():
            if isinstance(value, bytes):
                return _by_type(value, bytes)
            return _CONVERTED + _EXACT if isinstance(value, bytearray | memoryview) else None
        case plan.StringOperation():
            return _rank(value, str)
        case plan.FixedOperation(_, size, class_):
            return (
                _by_type(value, class_)
                if isinstance(value, class_) and len(value) == size
                else None
            )
        case plan.EnumOperation(_, _, values, class_):
            return (
                _by_type(value, class_) if isinstance(value, class_) and value in values else None
            )
        case plan.LogicalOperation(_, kind):
            return _fit_logical(kind, value)
        case plan.ArrayOperation():
            return _rank(value, list)
        case plan.MapOperation():
            # Among plain values, records with exactly these keys go before maps.
            rank = _rank(value, dict)
            return None if rank is None else rank + 1
        case plan.Call(key):
            return _fit_record(records[key], value)
        case plan.UnionOperation():
            raise AssertionError("unions hold no unions")
        case plan.PromotedOperation() | plan.SkipOperation() | plan.UnreadableOperation():
            raise AssertionError("only reads")
        case _:
            assert_never(operation)


def _rank(value: object, own: type[object]) -> int | None:
    return _by_type(value, own) if isinstance(value, own) else None


def _by_type(value: object, own: type[object]) -> int:
    return _EXACT if type(value) is own else _EXACT + _SUBCLASS


def _is_int(value: object, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and fits(value, bits)


def _fit_logical(kind: LogicalKind, value: Any) -> int | None:
    loss = kind.loss(value)
    if loss is None:
        return None
    own = kind.python_type
    rank = _by_type(value, own) if isinstance(value, own) else _CONVERTED + _EXACT
    return rank + loss


def _fit_float(bits: int, value: Any) -> int | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
        stored: float = struct.unpack("<f", struct.pack("<f", number))[0] if bits == 32 else number
    except OverflowError:
        return None
    exact = stored == value or number != number
    rank = _EXACT if exact else _LESS_EXACT
    if isinstance(value, float):
        return rank if type(value) is float else rank + _SUBCLASS
    return rank + _CONVERTED


def _fit_record(record: plan.RecordOperation, value: Any) -> int | None:
    if record.type is not None:
        return _rank(value, record.type)
    rank = _rank(value, dict)
    if rank is None:
        return None
    entries: dict[Any, Any] = value
    names = {field.name for field in record.fields}
    if not entries.keys() >= names:
        return _OTHER_DICT
    if not all(_can_hold(field.operation, entries[field.name]) for field in record.fields):
        return _UNFIT_DICT
    return rank if len(entries) == len(names) else _MORE_KEYS


def _can_hold(operation: plan.Operation, value: Any) -> bool:
    """Return whether an operation may accept a value, judging by its type alone."""
    match operation:
        case plan.UnionOperation(branches):
            return any(_can_hold(branch.operation, value) for branch in branches) or (
                isinstance(value, tuple)  # a branch is forced
            )
        case plan.Call():
            return isinstance(value, dict)
        case _:
            return fit(operation, value, {}) is not None
