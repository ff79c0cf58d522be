"""Source that goes past what is written and not read.

Values are not made, and only what leads to their end is looked at: not whether text is UTF-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from avrogen.codec import plan
from avrogen.codec.python_backend import decoding_leaves as leaves
from avrogen.codec.python_backend.reading import skip_block
from avrogen.codec.python_backend.source import MAX_NESTING

if TYPE_CHECKING:
    from avrogen.codec.python_backend.decoding import Decoding

__all__ = ["fixed_size", "skip"]

_MOST: Final = 1 << 30
"""Bytes that can be told to ``struct``."""


def fixed_size(operation: plan.Operation) -> int | None:
    """How many bytes an operation always goes past; None if that depends on the data."""
    match operation:
        case plan.NullOperation():
            return 0
        case plan.BooleanOperation():
            return 1
        case plan.RealOperation(bits):
            return bits // 8
        case plan.FixedOperation(_, size) if size < _MOST:
            return size
        case _:
            return None


def skip(decoding: Decoding, operation: plan.Operation) -> None:
    """Emit what goes past a value of an operation, which has no logical type."""
    source = decoding.source
    size = fixed_size(operation)
    if size is not None:
        if size:
            source.line(f"p += {size}")
        return
    if source.nesting > MAX_NESTING and not leaves.is_leaf(operation):
        decoding.call(operation, source.variable(), skipping=True)
        return
    match operation:
        case plan.IntegerOperation(bits):
            leaves.read_leaf(decoding, plan.IntegerOperation(bits), source.variable())
        case plan.EnumOperation():
            leaves.read_leaf(decoding, plan.IntegerOperation(32), source.variable())
        case plan.BytesOperation() | plan.StringOperation():
            source.line(f"p = {leaves.span(decoding)}")
        case plan.FixedOperation(_, many):
            source.line(f"p += {many}")
        case plan.Call(key):
            decoding.record_or_call(operation, key, source.variable(), skipping=True)
        case plan.UnionOperation():
            decoding.union(operation, source.variable(), skipping=True)
        case plan.ArrayOperation(inner) | plan.MapOperation(inner):
            _blocks(decoding, operation, inner)
        case _:
            raise AssertionError("nothing else is skipped")


def _blocks(
    decoding: Decoding, operation: plan.ArrayOperation | plan.MapOperation, inner: plan.Operation
) -> None:
    """Emit what goes past blocks: as a whole where they say their size, else item by item."""
    source = decoding.source
    least = decoding.least_sizes.of_item(operation)
    if least == 0:
        # How many there may be in a datum is counted by ``checked``.
        decoding.refuse_if("data[p]")
        source.line("p += 1")
        return
    count = source.variable()
    source.line(f"{count} = data[p]; p += 1")
    with source.block(f"while {count}:"):
        block = source.bind(skip_block, "block")
        source.line(f"if {count} & 129: {count}, p = {block}(data, p - 1, {least})")
        source.line(f"else: {count} >>= 1")
        times = "" if least == 1 else f" * {least}"
        decoding.refuse_if(f"{count}{times} > size - p")
        size = fixed_size(inner)
        if isinstance(operation, plan.ArrayOperation) and size is not None:
            source.line(f"p += {count} * {size}")
        else:
            with source.block(f"for _ in {source.bind(range, 'range')}({count}):"):
                if isinstance(operation, plan.MapOperation):
                    skip(decoding, plan.StringOperation())
                skip(decoding, inner)
        source.line(f"{count} = data[p]; p += 1")
