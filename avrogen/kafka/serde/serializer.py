"""Writing messages for those who keep their own loop around confluent-kafka.

From a topic and a type to what messages begin with and how their values are encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast

from avrogen.codec.compilation import encoder_of
from avrogen.errors import EncodeError, RegistryError
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.serde.decoders import name_of, part_of, schema_of
from avrogen.kafka.single_flight import AsyncSingleFlight, SingleFlight
from avrogen.kafka.subjects import needs_name, subject_name
from avrogen.kafka.wire_format import KEY_HEADER, VALUE_HEADER, frame_prefix, header_value

if TYPE_CHECKING:
    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaRegistry
    from avrogen.kafka.serde.decoders import ReaderType, SerializationContext
    from avrogen.kafka.subjects import Part, SubjectStrategy

__all__ = [
    "MAX_BOUND",
    "AsyncSerializer",
    "BoundEncoder",
    "RegistrationOptions",
    "SchemaBinder",
    "Serializer",
]

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
        rule = RegistrationOptions(strategy, register, references, header)
        self._writers = SchemaBinder(registry, cast("Any", targets), rule)
        self._known = self._writers.known

    def prepare(self, topic: str, part: Part = "value") -> Sequence[RegisteredSchema]:
        """Look up, or register, the schemas of all classes for a topic.

        At start, that finds out what the first message of each class otherwise would.

        Raises:
            RegistryError: one is missing or incompatible, or the registry does not answer.
        """
        return self._writers.prepare(topic, part)

    def __call__(
        self, value: T | None, context: SerializationContext | None = None
    ) -> bytes | None:
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
        rule = RegistrationOptions(strategy, register, references, header)
        self._writers = SchemaBinder(registry, cast("Any", targets), rule)
        self._flights: AsyncSingleFlight[Any] = AsyncSingleFlight()

    async def prepare(self, topic: str, part: Part = "value") -> Sequence[RegisteredSchema]:
        """See :meth:`Serializer.prepare`."""
        registered: Sequence[RegisteredSchema] = await self._flights.call(
            (topic, part), lambda: self._writers.prepare(topic, part)
        )
        return registered

    async def __call__(
        self, value: T | None, context: SerializationContext | None = None
    ) -> bytes | None:
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
        prefix, header, encode = cast("BoundEncoder", bound)
        body = encode(value)
        return prefix + body if header is None else with_header(header, body, context)


def _needed(context: SerializationContext | None) -> SerializationContext:
    if context is None:
        raise EncodeError("expected a SerializationContext, which says the topic")
    return context


def with_header(header: bytes, body: bytes, context: SerializationContext) -> bytes:
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


MAX_BOUND: Final = 10_000
"""Topics, times classes, that are remembered: names of topics may be without end."""


class RegistrationOptions(NamedTuple):
    """How schemas are registered, and how messages name them.

    Attributes:
        strategy: how subjects are named; None: by topic for one type, and by topic and name for
            several.
        register: whether what is missing is registered.
        references: whether named types have subjects of their own.
        header: whether a header names the schema, by its GUID.
    """

    strategy: SubjectStrategy | None = None
    register: bool = False
    references: bool = False
    header: bool = False


class BoundEncoder(NamedTuple):
    """How values of a type are written to a topic.

    Attributes:
        prefix: what stands before the body.
        header: the value of the header that names the schema; None: there is no such header.
        encode: the function ``(value)`` that gives the body.
    """

    prefix: bytes
    header: bytes | None
    encode: Callable[..., bytes]


class SchemaBinder:
    """What is written to topics, by topic, part of the message and type.

    Args:
        registry: where schemas are looked up.
        targets: what is written: classes, or one codec or schema.
        rule: how.

    Raises:
        TypeError: it is something else.
        ValueError: there is no such strategy, or it goes by names and a type has none.
    """

    def __init__(
        self, registry: SchemaRegistry, targets: Sequence[ReaderType], rule: RegistrationOptions
    ) -> None:
        classes = [target for target in targets if isinstance(target, type)]
        if not targets or (len(targets) > 1 and len(classes) < len(targets)):
            raise TypeError("expected generated classes, or a single Codec or Schema")
        several = len(targets) > 1
        default: SubjectStrategy = "topic-record" if several else "topic"
        self._strategy: SubjectStrategy = rule.strategy or default
        named = needs_name(self._strategy)
        for target in targets:
            if name_of(schema_of(target)) is None and named:
                raise ValueError(f"the subject strategy {self._strategy} needs a name: {target!r}")
        self._registry = registry
        self._targets = tuple(targets)
        self._by_class = bool(classes)
        self._rule = rule
        self._bound: dict[tuple[str, bool, type | None], BoundEncoder] = {}
        self._lock = Lock()
        self._flights: SingleFlight[BoundEncoder] = SingleFlight()

    @property
    def targets(self) -> Sequence[ReaderType]:
        """What is written."""
        return self._targets

    def known(self, topic: str, part: str, value: object) -> BoundEncoder | None:
        """How a value is written; None: nothing like it was written there yet."""
        kind = type(value) if self._by_class else None
        return self._bound.get((topic, part == "key", kind))

    def bind(self, topic: str, part: Part, value: object) -> BoundEncoder:
        """How a value is written, which the registry is asked for. This takes its time.

        Raises:
            EncodeError: it is not what should be written here.
            RegistryError: the registry does not give the schema's id.
        """
        kind = type(value) if self._by_class else None
        target = self._target(value)
        key = topic, part == "key", kind

        def bound() -> BoundEncoder:
            return self._made(target, topic, part)

        made = self._flights.call((topic, part, id(target)), bound)
        with self._lock:
            self._bound[key] = made
            if len(self._bound) > MAX_BOUND:
                del self._bound[next(iter(self._bound))]
        return made

    def prepare(self, topic: str, part: Part) -> list[RegisteredSchema]:
        """What all targets are registered as, for a topic."""
        return [self._registered(target, topic, part) for target in self._targets]

    def _target(self, value: object) -> ReaderType:
        if not self._by_class:
            return self._targets[0]
        for kind in type(value).__mro__:
            if kind in self._targets:
                return kind
        names = " or ".join(target.__name__ for target in self._targets if isinstance(target, type))
        raise EncodeError(f"expected {names}, got {type(value).__qualname__}")

    def _made(self, target: ReaderType, topic: str, part: Part) -> BoundEncoder:
        registered = self._registered(target, topic, part)
        encode = encoder_of(target)
        if not self._rule.header:
            return BoundEncoder(frame_prefix(registered.id), None, encode)
        if registered.guid is None:
            raise RegistryError(
                "the registry gives the schema no GUID, which headers name it by",
                hint="put ids before values instead, as by default; "
                "only Confluent's registry has GUIDs, from version 8",
                subject=registered.subject,
                id=registered.id,
            )
        return BoundEncoder(b"", header_value(registered.guid), encode)

    def _registered(self, target: ReaderType, topic: str, part: Part) -> RegisteredSchema:
        schema = schema_of(target)
        return find_or_register(
            self._registry,
            subject_name(self._strategy, topic, part, name_of(schema)),
            schema,
            register=self._rule.register,
            references=self._rule.references,
        )
