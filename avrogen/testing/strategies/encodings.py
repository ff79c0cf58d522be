"""Strategies for encodings: everything that Avro allows, not only what avrogen writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import nan
from struct import pack
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.codec import plan
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.logical import DecimalKind, UuidKind
from avrogen.codec.schema import Schema
from avrogen.codec.varints import encode_long
from avrogen.testing.strategies.leaves import TEXTS, leaf
from avrogen.testing.strategies.value_strategies import SchemaWalker

__all__ = ["arbitrary_bytes_for"]


def arbitrary_bytes_for(schema: Schema, /) -> SearchStrategy[bytes]:
    """Return valid encodings of a schema's values, with all freedoms of the specification.

    Arrays and maps come in several blocks, with and without their sizes in bytes; maps with a key
    twice; decimals with more bytes than they need; UUIDs in upper case; NaN of any kind.

    Raises:
        ValueError: there are no values, as the schema contains itself without end.
    """
    return EncodingStrategies(schema.type, schema.types).root()


class EncodingStrategies(SchemaWalker):
    """Encodings (specification, "Binary Encoding")."""

    def leaf(self, operation: plan.Operation) -> SearchStrategy[bytes]:
        write = InterpretedEncoder(plan.Plan(operation, {}, plain=True)).write
        match operation:
            case plan.FloatOperation(bits):
                size = bits // 8
                return st.sampled_from(_NAN[bits]) | st.binary(min_size=size, max_size=size)
            case plan.LogicalOperation(plan.BytesOperation(), DecimalKind()):
                return st.builds(_padded, leaf(operation).map(write), st.integers(0, 2))
            case plan.LogicalOperation(plan.StringOperation(), UuidKind()):
                texts = leaf(operation).map(write)
                return texts | texts.map(bytes.upper)
            case _:
                return leaf(operation).map(write)

    def array(
        self, item: SearchStrategy[Any], most: int, *, of_leaves: bool
    ) -> SearchStrategy[bytes]:
        return _blocks(item, most)

    def map(
        self, value: SearchStrategy[Any], most: int, *, of_leaves: bool
    ) -> SearchStrategy[bytes]:
        return _blocks(st.tuples(TEXTS.map(_text), value).map(b"".join), most)

    def empty(self, operation: plan.ArrayOperation | plan.MapOperation) -> SearchStrategy[bytes]:
        return st.just(b"\0")

    def branch(
        self, union: plan.UnionOperation, index: int, drawn: SearchStrategy[Any]
    ) -> SearchStrategy[bytes]:
        return drawn.map(_after(encode_long(index)))

    def record(
        self, operation: plan.RecordOperation, fields: list[SearchStrategy[Any]]
    ) -> SearchStrategy[bytes]:
        return st.tuples(*fields).map(b"".join)


def _blocks(item: SearchStrategy[bytes], most: int) -> SearchStrategy[bytes]:
    """An array or a map: any number of blocks, and one of no items at the end."""
    block = st.builds(_block, st.lists(item, min_size=1, max_size=most), st.booleans())
    return st.lists(block, max_size=most).map(lambda blocks: b"".join(blocks) + b"\0")


def _block(items: list[bytes], sized: bool) -> bytes:
    """One block; if its count is negative, its size in bytes follows."""
    content = b"".join(items)
    if sized:
        return encode_long(-len(items)) + encode_long(len(content)) + content
    return encode_long(len(items)) + content


def _padded(written: bytes, more: int) -> bytes:
    """The bytes of a decimal with copies of its sign in front. Its length takes one byte here."""
    if len(written) > _SHORT:
        return written
    number = int.from_bytes(written[1:], "big", signed=True)
    size = len(written) - 1 + more
    return encode_long(size) + number.to_bytes(size, "big", signed=True)


_SHORT: Final = 60

_NAN: Final[Mapping[plan.Bits, Sequence[bytes]]] = {
    32: [pack("<f", nan), b"\1\0\x80\xff"],
    64: [pack("<d", nan), b"\1\0\0\0\0\0\xf0\xff"],
}
"""A quiet one, and one that signals."""


def _text(text: str) -> bytes:
    content = text.encode()
    return encode_long(len(content)) + content


def _after(head: bytes) -> Callable[[bytes], bytes]:
    return lambda rest: head + rest
