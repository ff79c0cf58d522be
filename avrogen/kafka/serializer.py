"""Writing messages for those who keep their own loop around confluent-kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.errors import EncodeError
from avrogen.kafka.async_flight import AsyncSingleFlight
from avrogen.kafka.convention import part_of
from avrogen.kafka.framing import KEY_HEADER, VALUE_HEADER
from avrogen.kafka.writers import Bound, Rule, Writers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import Schema
    from avrogen.kafka.convention import Context
    from avrogen.kafka.registry.port import RegisteredSchema, SchemaRegistry
    from avrogen.kafka.subjects import Part, SubjectStrategy

__all__ = ["AsyncSerializer", "Serializer"]

T = TypeVar("T")


class Serializer(Generic[T]):
    """From an object to the key or the value of a message: ``serializer(value, context)``.

    It is what confluent-kafka calls a serializer (``value.serializer`` of SerializingProducer), and
    may be used by several threads, for any number of topics.

    Args:
        registry: where schemas are looked up; see :func:`avrogen.kafka.connect`.
        targets: generated classes that are written, one or several; or a single codec or schema.
        strategy: how subjects are named; by default ``topic`` for one class, and ``topic-record``
            for several.
        register: whether a schema that is missing is registered, if its subject's level allows it.
            Without it, that is an error.
        references: whether named types are registered under their own names and referred to,
            rather than defined where they are used.
        header: whether a header names the schema by its GUID. By default its id stands before the
            body.

    Raises:
        TypeError: a target is none of these.
        ValueError: the strategy goes by names, and a type has none.
    """

    def __init__(
        self,
        registry: SchemaRegistry,
        *targets: type[T] | Codec[T] | Schema,
        strategy: SubjectStrategy | None = None,
        register: bool = False,
        references: bool = False,
        header: bool = False,
    ) -> None:
        rule = Rule(strategy, register, references, header)
        self._writers = Writers(registry, cast("Any", targets), rule)
        self._known = self._writers.known

    def prepare(self, topic: str, part: Part = "value") -> Sequence[RegisteredSchema]:
        """Look up, or register, the schemas of all classes for a topic.

        At start, that finds out what the first message of each class otherwise would.

        Raises:
            RegistryError: one is missing or incompatible, or the registry does not answer.
        """
        return self._writers.prepare(topic, part)

    def __call__(self, value: T | None, context: Context | None = None) -> bytes | None:
        """Write a key or a value.

        Args:
            value: the object; None for a tombstone.
            context: which topic it goes to, whether it is the key or the value, and the headers.

        Returns:
            What the message has there; None for None.

        Raises:
            EncodeError: it does not fit its schema, or is of another class.
            RegistryError: the schema is missing or incompatible, or the registry does not answer.
        """
        if value is None:
            return None
        context = _needed(context)
        bound = self._known(context.topic, context.field, value)
        if bound is None:
            bound = self._writers.bind(context.topic, part_of(context), value)
        prefix, header, encode = bound
        body = encode(value)
        return prefix + body if header is None else with_header(header, body, context)


class AsyncSerializer(Generic[T]):
    """The same for asyncio: ``await serializer(value, context)``.

    The registry is asked in a thread, once however many tasks wait for it. The loop goes on.
    """

    def __init__(
        self,
        registry: SchemaRegistry,
        *targets: type[T] | Codec[T] | Schema,
        strategy: SubjectStrategy | None = None,
        register: bool = False,
        references: bool = False,
        header: bool = False,
    ) -> None:
        rule = Rule(strategy, register, references, header)
        self._writers = Writers(registry, cast("Any", targets), rule)
        self._flights: AsyncSingleFlight[Any] = AsyncSingleFlight()

    async def prepare(self, topic: str, part: Part = "value") -> Sequence[RegisteredSchema]:
        """See :meth:`Serializer.prepare`."""
        registered: Sequence[RegisteredSchema] = await self._flights.call(
            (topic, part), lambda: self._writers.prepare(topic, part)
        )
        return registered

    async def __call__(self, value: T | None, context: Context | None = None) -> bytes | None:
        """Write a key or a value, as :class:`Serializer` does."""
        if value is None:
            return None
        context = _needed(context)
        topic, part = context.topic, part_of(context)
        bound = self._writers.known(topic, part, value)
        if bound is None:
            bound = await self._flights.call(
                (topic, part, type(value)), lambda: self._writers.bind(topic, part, value)
            )
        prefix, header, encode = cast("Bound", bound)
        body = encode(value)
        return prefix + body if header is None else with_header(header, body, context)


def _needed(context: Context | None) -> Context:
    if context is None:
        raise EncodeError("expected a SerializationContext, which says the topic")
    return context


def with_header(header: bytes, body: bytes, context: Context) -> bytes:
    """The body, when its schema is named among the headers.

    Raises:
        EncodeError: there are none, or none that can be added to.
    """
    name = KEY_HEADER if part_of(context) == "key" else VALUE_HEADER
    match context.headers:
        case list() as pairs:
            pairs.append((name, header))
        case dict() as members:
            members[name] = header
        case _:
            raise EncodeError("expected a list or a dict of headers, for the one with the schema")
    return body
