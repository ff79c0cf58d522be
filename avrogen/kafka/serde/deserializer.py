"""Reading messages for those who keep their own loop around confluent-kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.errors import DecodeError
from avrogen.kafka.serde.decoders import DecoderCache, named_schema, place, split
from avrogen.kafka.single_flight import AsyncSingleFlight

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.serde.decoders import SerializationContext

__all__ = ["AsyncDeserializer", "Deserializer"]

T = TypeVar("T")


class Deserializer(Generic[T]):
    """From the key or the value of a message to an object: ``deserializer(data, context)``.

    It is what confluent-kafka calls a deserializer (``value.deserializer`` of
    DeserializingConsumer), and may be used by several threads. The message says which schema it
    was written with; that is fetched once, and read as the class of its name.

    Args:
        registry: where schemas are found; see :func:`avrogen.kafka.connect`.
        targets: generated classes that are read, one or several; or codecs; or schemas, whose
            values are dicts. Type checkers know all of them if they are named:
            ``Deserializer[Placed | Cancelled](registry, Placed, Cancelled)``.

    Raises:
        TypeError: a target is none of these.
        ValueError: two targets have the same name.
    """

    def __init__(self, registry: SchemaRegistry, *targets: type[T] | Codec[T] | Schema) -> None:
        self._decoders = DecoderCache(registry, cast("Any", targets))
        self._known = self._decoders.known

    def __call__(
        self, data: Buffer | None, context: SerializationContext | None = None
    ) -> T | None:
        """Read a key or a value.

        Args:
            data: what the message has there; None: nothing, as tombstones do.
            context: which topic it is from, whether it is the key or the value, and the headers.

        Returns:
            The object; None for None.

        Raises:
            FramingError: it does not say which schema it was written with.
            ResolutionError: that schema cannot be read as the class of its name.
            DecodeError: it is not what that schema says, or none of the classes is of its name.
            RegistryError: the registry does not give the schema.
        """
        if data is None:
            return None
        if type(data) is bytes and (context is None or not context.headers):
            # Nearly every message: an id in front, as the one before had.
            key, body = data[:5], data[5:]
        else:
            key, body = split(data, context)
        decode = self._known(key)
        if decode is None:
            key, body = split(data, context)
            decode = self._known(key) or self._decoders.bind(key, named_schema(data, context))
        try:
            return cast("T", decode(body))
        except DecodeError as error:
            annotate(error, data, context)
            raise


class AsyncDeserializer(Generic[T]):
    """The same for asyncio: ``await deserializer(data, context)``.

    The registry is asked in a thread, once however many tasks wait for it. The loop goes on.
    """

    def __init__(self, registry: SchemaRegistry, *targets: type[T] | Codec[T] | Schema) -> None:
        self._decoders = DecoderCache(registry, cast("Any", targets))
        self._flights: AsyncSingleFlight[Callable[..., Any]] = AsyncSingleFlight()

    async def __call__(
        self, data: Buffer | None, context: SerializationContext | None = None
    ) -> T | None:
        """Read a key or a value, as :class:`Deserializer` does."""
        if data is None:
            return None
        key, body = split(data, context)
        decode = self._decoders.known(key)
        if decode is None:
            schema = named_schema(data, context)
            decode = await self._flights.call(key, lambda: self._decoders.bind(key, schema))
        try:
            return cast("T", decode(body))
        except DecodeError as error:
            annotate(error, data, context)
            raise


def annotate(error: DecodeError, data: Buffer, context: SerializationContext | None) -> None:
    """Note where an error came up, and what the data were written with."""
    error.add_note(place(context, named_schema(data, context)))
