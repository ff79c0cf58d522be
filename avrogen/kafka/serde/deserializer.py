"""Deserializers for confluent-kafka's own consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.errors import DecodeError
from avrogen.kafka.serde.decoders import DecoderCache, named_schema, place, split

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.serde.decoders import SerializationContext

__all__ = ["AsyncDeserializer", "Deserializer"]

T = TypeVar("T")


class _DecoderOwner(Generic[T]):
    def __init__(
        self,
        registry: SchemaRegistry,
        *targets: type[T] | Codec[T] | Schema,
        ignore_contract_rules: bool = False,
        named_branches: bool = False,
    ) -> None:
        self._decoders = DecoderCache(
            registry,
            cast("Any", targets),
            ignore_contract_rules=ignore_contract_rules,
            named_branches=named_branches,
        )
        self._known = self._decoders.known


class Deserializer(_DecoderOwner[T]):
    """Decodes the key or the value of a message: ``deserializer(data, context)``.

    It is a deserializer for confluent-kafka (``value.deserializer`` of DeserializingConsumer), and
    thread-safe. A message has the id of its schema, which is fetched once and read as the class of
    its name.

    Args:
        registry: registry of the writers' schemas; see :func:`avrogen.kafka.connect`.
        targets: generated classes, one or several; or codecs; or schemas, whose values are dicts.
            Type checkers need all of them in the subscript:
            ``Deserializer[Placed | Cancelled](registry, Placed, Cancelled)``.
        ignore_contract_rules: decode without executing the rules of the schema's data contract,
            such as decryption. By default, a schema with active rules is refused.
        named_branches: return ``("full.Name", value)`` for values of unions, as
            :meth:`avrogen.Schema.from_avro` does. For schemas only.

    Raises:
        TypeError: an argument is not a target, or not a schema with ``named_branches``.
        ValueError: two targets have the same name.
    """

    def __call__(
        self, data: Buffer | None, context: SerializationContext | None = None
    ) -> T | None:
        """Decode a key or a value.

        Args:
            data: bytes of the key or the value; None for a missing one, as in tombstones.
            context: topic, part of the message, and headers.

        Returns:
            The object; None for None.

        Raises:
            FramingError: the message has no schema id.
            ResolutionError: the class of its name cannot read the schema.
            DecodeError: the data do not match the schema, or no target has its name.
            RegistryError: the registry does not return the schema, or it has an active rule.
        """
        if data is None:
            return None
        if type(data) is bytes and (context is None or not context.headers):
            # Nearly every message has an id in front, which is known.
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


class AsyncDeserializer(_DecoderOwner[T]):
    """Deserializer for asyncio: ``await deserializer(data, context)``.

    Schemas are fetched in a thread, once for all tasks that need them. The loop never blocks.
    """

    async def __call__(
        self, data: Buffer | None, context: SerializationContext | None = None
    ) -> T | None:
        """Decode a key or a value, as :class:`Deserializer` does."""
        if data is None:
            return None
        key, body = split(data, context)
        decode = self._known(key)
        if decode is None:
            decode = await self._decoders.bind_async(key, named_schema(data, context))
        try:
            return cast("T", decode(body))
        except DecodeError as error:
            annotate(error, data, context)
            raise


def annotate(error: DecodeError, data: Buffer, context: SerializationContext | None) -> None:
    """Add a note to an error: topic, part of the message and schema id."""
    error.add_note(place(context, named_schema(data, context)))
