"""Serializers for confluent-kafka's own producers.

:class:`SchemaBinder` looks up or registers the schema of a type for a topic, and binds its id to
the encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast

from avrogen.codec.compilation import encoder_of
from avrogen.errors import EncodeError, RegistryError
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.serde.decoders import name_of, part_of, schema_of
from avrogen.kafka.single_flight import AsyncSingleFlight, SingleFlight
from avrogen.kafka.topic import needs_name, subject_name
from avrogen.kafka.wire_format import KEY_HEADER, VALUE_HEADER, frame_prefix, header_value

if TYPE_CHECKING:
    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaRegistry
    from avrogen.kafka.serde.decoders import ReaderType, SerializationContext
    from avrogen.kafka.topic import Part, SubjectStrategy

__all__ = [
    "MAX_BOUND",
    "AsyncSerializer",
    "BoundEncoder",
    "RegistrationOptions",
    "SchemaBinder",
    "Serializer",
]

T = TypeVar("T")


class _BinderOwner(Generic[T]):
    def __init__(
        self,
        registry: SchemaRegistry,
        *targets: type[T] | Codec[T] | Schema,
        strategy: SubjectStrategy | None = None,
        register: bool = False,
        references: bool = False,
        header: bool = False,
        ignore_contract_rules: bool = False,
    ) -> None:
        options = RegistrationOptions(strategy, register, references, header, ignore_contract_rules)
        self._binder = SchemaBinder(registry, cast("Any", targets), options)
        self._known = self._binder.known


class Serializer(_BinderOwner[T]):
    """Encodes an object to the key or the value of a message: ``serializer(value, context)``.

    It is a serializer for confluent-kafka (``value.serializer`` of SerializingProducer). It is
    thread-safe, and for any number of topics.

    Args:
        registry: registry of the schemas; see :func:`avrogen.kafka.connect`.
        targets: generated classes, one or several; or a single codec or schema.
        strategy: naming of subjects; by default ``topic`` for one class, and ``topic-record`` for
            several.
        register: register a missing schema if the level of its subject allows it. By default, a
            missing schema is an error.
        references: register named types under subjects of their own and refer to them, instead of
            one self-contained schema.
        header: put the schema's GUID into a header, instead of its id in front of the body.
        ignore_contract_rules: encode without executing the rules of the schema's data contract,
            such as encryption. By default, a subject with active rules is refused.

    Raises:
        TypeError: an argument is not a target.
        ValueError: the strategy needs a name, and a type has none.
    """

    def prepare(self, topic: str, part: Part = "value") -> Sequence[RegisteredSchema]:
        """Look up, or register, the schemas of all classes for a topic.

        At the start of a service, this finds errors that the first messages would raise.

        Raises:
            RegistryError: a schema is missing or incompatible, or no response of the registry.
        """
        return self._binder.prepare(topic, part)

    def __call__(
        self, value: T | None, context: SerializationContext | None = None
    ) -> bytes | None:
        """Encode a key or a value.

        Args:
            value: the object; None for a tombstone.
            context: topic, part of the message, and headers.

        Returns:
            Bytes for the message; None for None.

        Raises:
            EncodeError: the value does not match its schema, or is of another class.
            RegistryError: the schema is missing or incompatible, or no response of the registry.
        """
        if value is None:
            return None
        context = _required(context)
        bound = self._known(context.topic, context.field, value)
        if bound is None:
            bound = self._binder.bind(context.topic, part_of(context), value)
        prefix, header, encode = bound
        body = encode(value)
        return prefix + body if header is None else with_header(header, body, context)


class AsyncSerializer(_BinderOwner[T]):
    """Serializer for asyncio: ``await serializer(value, context)``.

    Schemas are looked up in a thread, once for all tasks that need them. The loop never blocks.
    """

    async def prepare(self, topic: str, part: Part = "value") -> Sequence[RegisteredSchema]:
        """See :meth:`Serializer.prepare`."""
        return await self._binder.prepare_async(topic, part)

    async def __call__(
        self, value: T | None, context: SerializationContext | None = None
    ) -> bytes | None:
        """Encode a key or a value, as :class:`Serializer` does."""
        if value is None:
            return None
        context = _required(context)
        bound = self._known(context.topic, context.field, value)
        if bound is None:
            bound = await self._binder.bind_async(context.topic, part_of(context), value)
        prefix, header, encode = bound
        body = encode(value)
        return prefix + body if header is None else with_header(header, body, context)


def _required(context: SerializationContext | None) -> SerializationContext:
    if context is None:
        raise EncodeError("expected a SerializationContext (it has the topic), got None")
    return context


def with_header(header: bytes, body: bytes, context: SerializationContext) -> bytes:
    """Add the header with the schema's GUID to the context; return the body.

    Raises:
        EncodeError: the context has no mutable headers.
    """
    name = KEY_HEADER if part_of(context) == "key" else VALUE_HEADER
    match context.headers:
        case list() as pairs:
            pairs.append((name, header))
        case dict() as members:
            members[name] = header
        case _:
            raise EncodeError(
                "the header with the schema id needs headers in the context: a list or a dict"
            )
    return body


MAX_BOUND: Final = 10_000
"""Maximum number of cached encoders (topics times classes), for ever new topics."""


class RegistrationOptions(NamedTuple):
    """Registration of schemas and place of their ids.

    Attributes:
        strategy: naming of subjects; None: by topic for one type, by topic and name for several.
        register: register missing schemas.
        references: register named types under subjects of their own.
        header: put the schema's GUID into a header.
        ignore_contract_rules: accept rules of data contracts, which are not executed.
    """

    strategy: SubjectStrategy | None = None
    register: bool = False
    references: bool = False
    header: bool = False
    ignore_contract_rules: bool = False


class BoundEncoder(NamedTuple):
    """Encoder of a type for a topic, with the schema id.

    Attributes:
        prefix: bytes in front of the body; empty with a header.
        header: value of the header with the schema's GUID; None without a header.
        encode: function from a value to the body.
    """

    prefix: bytes
    header: bytes | None
    encode: Callable[..., bytes]


class SchemaBinder:
    """Encoders by topic, part of the message and type.

    Args:
        registry: registry of the schemas.
        targets: generated classes, or one codec or schema.
        options: registration of their schemas.

    Raises:
        TypeError: an argument is not a target.
        ValueError: unknown strategy, or it needs a name and a type has none.
    """

    def __init__(
        self, registry: SchemaRegistry, targets: Sequence[ReaderType], options: RegistrationOptions
    ) -> None:
        classes = [target for target in targets if isinstance(target, type)]
        if not targets or (len(targets) > 1 and len(classes) < len(targets)):
            raise TypeError("expected generated classes, or a single Codec or Schema")
        several = len(targets) > 1
        default: SubjectStrategy = "topic-record" if several else "topic"
        self._strategy: SubjectStrategy = options.strategy or default
        named = needs_name(self._strategy)
        for target in targets:
            if name_of(schema_of(target)) is None and named:
                raise ValueError(
                    f"subject strategy {self._strategy} needs a named type, got {target!r}"
                )
        self._registry = registry
        self._targets = tuple(targets)
        self._by_class = bool(classes)
        self._options = options
        self._bound: dict[tuple[str, bool, type | None], BoundEncoder] = {}
        self._renew_lock()
        renew_after_fork(self, SchemaBinder._renew_lock)
        self._flights: SingleFlight[BoundEncoder] = SingleFlight()
        self._async_flights: AsyncSingleFlight[Any] = AsyncSingleFlight()

    def _renew_lock(self) -> None:
        self._lock = Lock()

    @property
    def targets(self) -> Sequence[ReaderType]:
        """Types that are encoded."""
        return self._targets

    def known(self, topic: str, part: str, value: object) -> BoundEncoder | None:
        """Return the cached encoder for a value; None if its type is new for the topic."""
        kind = type(value) if self._by_class else None
        return self._bound.get((topic, part == "key", kind))

    def bind(self, topic: str, part: Part, value: object) -> BoundEncoder:
        """Look up the schema of a value and return its encoder. This blocks.

        Raises:
            EncodeError: the value is of another type.
            RegistryError: the registry does not return the schema's id.
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
        """Look up, or register, the schemas of all targets for a topic. This blocks."""
        return [self._registered(target, topic, part) for target in self._targets]

    # --- asyncio: in a thread, once for all tasks -------------------------------------------------

    async def bind_async(self, topic: str, part: Part, value: object) -> BoundEncoder:
        """Call :meth:`bind` in a thread, once for all tasks with values of a type."""
        key = topic, part, type(value)
        bound = await self._async_flights.call(key, lambda: self.bind(topic, part, value))
        return cast("BoundEncoder", bound)

    async def prepare_async(self, topic: str, part: Part) -> list[RegisteredSchema]:
        """Call :meth:`prepare` in a thread, once for all tasks."""
        registered = await self._async_flights.call(
            (topic, part), lambda: self.prepare(topic, part)
        )
        return cast("list[RegisteredSchema]", registered)

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
        if not self._options.header:
            return BoundEncoder(frame_prefix(registered.id), None, encode)
        if registered.guid is None:
            raise RegistryError(
                "header=True needs the schema's GUID, and the registry has none",
                hint="omit header=True: then the id is in front of the body; "
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
            register=self._options.register,
            references=self._options.references,
            ignore_contract_rules=self._options.ignore_contract_rules,
        )
