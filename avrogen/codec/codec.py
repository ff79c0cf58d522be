"""Codecs of types that have no class of their own: top-level unions, arrays, maps, primitives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.codec.schema import Schema

__all__ = ["Codec"]

T = TypeVar("T")


class Codec(Generic[T]):
    """Writes and reads values of the Python type ``T``.

    Generated code makes them (``shop_event: Codec[ShopEvent]``). Types that the schema refers to
    are read as the classes that carry their schemas.
    """

    __avro_schema__: Schema
    """The schema that values are written with."""

    def __init__(self, schema: Schema) -> None:
        self.__avro_schema__ = schema

    def to_avro(self, value: T) -> bytes:
        """A value in Avro's binary encoding.

        Raises:
            EncodeError: something in the value does not fit the schema; it says what and where.
        """
        from avrogen.codec.compilation import encoder_of

        encode = encoder_of(self)
        # From now on, the compiled function is found first.
        self.__dict__["to_avro"] = encode
        return encode(value)

    def from_avro(self, data: Buffer) -> T:
        """Read a value.

        Args:
            data: Avro's binary encoding of one value, and nothing else: bytes or any other
                buffer. The result never shares memory with it.

        Raises:
            DecodeError: it is not the encoding of such a value; it says what and where.
        """
        from avrogen.codec.compilation import decoder_of

        decode = decoder_of(self)
        self.__dict__["from_avro"] = decode
        value: T = decode(data)
        return value

    def __repr__(self) -> str:
        return f"Codec({self.__avro_schema__!r})"
