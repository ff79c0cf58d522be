"""What says how a value is written, in an assertion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from avrogen.codec.classes import AvroValue

if TYPE_CHECKING:
    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import SchemaOwner

__all__ = ["owner_of"]


def owner_of(value: object, codec: Codec[Any] | None) -> SchemaOwner:
    """The codec that is given, or the class of the value.

    Raises:
        TypeError: neither says what the schema is.
    """
    if codec is not None:
        return codec
    if isinstance(value, AvroValue):
        return type(value)
    kind = type(value).__qualname__
    raise TypeError(f"a {kind} has no schema: assert_...(value, codec=...) says how it is written")
