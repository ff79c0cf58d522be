"""Codecs of types without a class: top-level unions, arrays, maps and primitives."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from avrogen.codec.limits import Limits
    from avrogen.codec.schema import Schema
    from avrogen.codec.single_object import SchemaStore
    from avrogen.codec.type_conversions import TypeMapping

__all__ = ["Codec"]

T = TypeVar("T")


class Codec(Generic[T]):
    """Encodes and decodes values of the Python type ``T``.

    Generated code has them (``shop_event: Codec[ShopEvent]``). Named types that the schema refers
    to are decoded as the classes with their schemas.
    """

    __avro_schema__: Schema
    """Schema that values are encoded with."""

    __avro_types__: TypeMapping | None
    """Types of one's own in the values; None: there are none."""

    def __init__(self, schema: Schema, types: TypeMapping | None = None) -> None:
        self.__avro_schema__ = schema
        self.__avro_types__ = types
        # As functions have it, so that a codec can be pickled by its name there.
        caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] -- as namedtuple does
        self.__module__ = caller.f_globals.get("__name__", "__main__")

    def to_avro(self, value: T, *, limits: Limits | None = None) -> bytes:
        """Encode a value in Avro's binary encoding.

        Args:
            value: the value.
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Raises:
            EncodeError: a part of the value does not fit the schema; the error has its path.
        """
        encode: Callable[..., bytes] | None = self.__dict__.get("to_avro")
        if encode is None:
            from avrogen.codec.compilation import encoder_of, named

            encode = named(encoder_of(self), self.to_avro, self.__module__, self._name())
            # From now on, the compiled function is found first, unless this one was bound before.
            self.__dict__["to_avro"] = encode
        return encode(value, limits=limits)

    def from_avro(
        self, data: Buffer, *, writer: Schema | None = None, limits: Limits | None = None
    ) -> T:
        """Decode a value.

        Args:
            data: Avro's binary encoding of exactly one value, as bytes or any other buffer. The
                result never shares memory with it.
            writer: the schema that the data were written with, if it is not this one.
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Raises:
            DecodeError: the data are invalid; the error has the path and the offset.
            ResolutionError: these data of the writer's schema cannot be read as this one's.
        """
        decode: Callable[..., T] | None = self.__dict__.get("from_avro")
        if decode is None:
            from avrogen.codec.compilation import decoder_of, named

            decode = named(decoder_of(self), self.from_avro, self.__module__, self._name())
            self.__dict__["from_avro"] = decode
        return decode(data, writer=writer, limits=limits)

    def to_single_object(self, value: T) -> bytes:
        """Encode a value in single-object encoding: with its schema's fingerprint in front.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        from avrogen.codec.single_object import header

        return header(self.__avro_schema__) + self.to_avro(value)

    def from_single_object(self, data: Buffer, *, store: SchemaStore | None = None) -> T:
        """Decode a value in single-object encoding.

        Args:
            data: exactly one value with its schema's fingerprint in front.
            store: schemas of other writers, by fingerprint.

        Raises:
            DecodeError: as :meth:`from_avro`, or the schema of the fingerprint is unknown.
        """
        from avrogen.codec.single_object import read

        return cast("T", read(self, self.__avro_schema__, data, store))

    def _name(self) -> str | None:
        """Return the name of its variable in its module."""
        module = vars(sys.modules[self.__module__]) if self.__module__ in sys.modules else {}
        return next((name for name, value in module.items() if value is self), None)

    def __reduce__(self) -> str:
        name = self._name()
        if name is None:
            raise TypeError(
                "a codec is pickled by its name, and no module has this one as a variable"
            )
        return name

    def __copy__(self) -> Self:
        return self  # it never changes

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        return f"Codec({self.__avro_schema__!r})"
