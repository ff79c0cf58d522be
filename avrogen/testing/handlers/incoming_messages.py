"""Messages that a test delivers, such as :class:`Incoming`, and their encoding."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeGuard, TypeVar, cast

from avrogen.errors import EncodeError
from avrogen.kafka.callbacks import ConnectionState
from avrogen.kafka.message import HeadersLike
from avrogen.kafka.observability.observer import ClientInfo
from avrogen.kafka.producer.record_builder import ProducerOptions, RecordBuilder, pairs
from avrogen.testing.messages import raw_message

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.message import Header
    from avrogen.kafka.producer.delivery import DeliveryTracker
    from avrogen.kafka.producer.producer_client import ProducerClient
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["Delivery", "Incoming", "IncomingBytes", "IncomingUnknown", "TopicWriter"]

K = TypeVar("K")
V = TypeVar("V")
K_co = TypeVar("K_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Incoming(Generic[K_co, V_co]):
    """A value with the other parts of a message.

    Attributes:
        value: the value; None is a tombstone.
        key: the key; None: it is taken from the value, if the topic has a key field.
        headers: pairs, or a mapping.
        partition: the partition. Messages of a partition are handled in order.
        timestamp: the time of sending, with a time zone; None: now.
    """

    value: V_co
    _: KW_ONLY
    key: K_co | None = None
    headers: HeadersLike = ()
    partition: int = 0
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncomingBytes:
    """A message as any bytes.

    Attributes:
        value: the bytes of the value; None is a tombstone.
        key: the bytes of the key; None: no key.
        headers: pairs, or a mapping.
        partition: the partition.
        timestamp: the time of sending, with a time zone; None: now.
    """

    value: bytes | None
    _: KW_ONLY
    key: bytes | None = None
    headers: HeadersLike = ()
    partition: int = 0
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncomingUnknown:
    """A message of an event type that the topic does not have, such as the next version's.

    Attributes:
        value: an object of a generated class.
        key: the key; None: as of :class:`Incoming`.
        headers: pairs, or a mapping.
        partition: the partition.
        timestamp: the time of sending, with a time zone; None: now.
    """

    value: object
    _: KW_ONLY
    key: object = None
    headers: HeadersLike = ()
    partition: int = 0
    timestamp: datetime | None = None


Delivery: TypeAlias = "V | Incoming[K, V] | IncomingBytes | IncomingUnknown"
"""A value, a value with key and headers, bytes, or a value of another type."""


# --- encoding -------------------------------------------------------------------------------------


class TopicWriter:
    """Encodes the messages of a topic as a producer does.

    Args:
        topic: the topic.
        registry: the registry for its schemas.
    """

    def __init__(self, topic: Topic[Any, Any], registry: SchemaRegistry) -> None:
        self._topic = topic
        self._registry = registry
        self._records = _record_builder(topic, registry)
        self._offsets: Counter[int] = Counter()

    def write(self, given: Delivery[Any, Any]) -> RawMessage:
        """Return the next message of its partition.

        Raises:
            EncodeError: value, key, headers or partition do not fit the topic.
        """
        message: Incoming[Any, Any] | IncomingBytes | IncomingUnknown
        if isinstance(given, IncomingBytes):
            message, value, key = given, given.value, given.key
        elif isinstance(given, IncomingUnknown):
            message, (value, key) = given, self._encoded(given)
        else:
            message = given if _is_incoming(given) else Incoming(given)
            value, key = self._encoded(message)
        offset = self._offsets[message.partition]
        self._offsets[message.partition] += 1
        return raw_message(
            self._topic.name,
            message.partition,
            offset,
            key=key,
            value=value,
            headers=cast("Sequence[Header]", pairs(message.headers)),  # text is bytes by now
            timestamp=message.timestamp or datetime.now(UTC),
        )

    def _encoded(
        self, message: Incoming[Any, Any] | IncomingUnknown
    ) -> tuple[bytes | None, bytes | None]:
        try:
            records = self._records
            if isinstance(message, IncomingUnknown):
                records = self._records_of(message)
            value, key, _, _, _ = records.arguments(
                message.value, message.key, None, message.partition, message.timestamp
            )
        except EncodeError as error:
            if message.key is None and self._topic.key is not None:
                error.add_note("Incoming(value, key=...) delivers it with a key")
            raise
        return value, key

    def _records_of(self, message: IncomingUnknown) -> RecordBuilder:
        """Return the encoder of a topic like this one, but of the type of a message's value.

        Raises:
            EncodeError: the value is of no generated class.
        """
        value: Any = message.value
        class_: Any = value.__class__
        if not hasattr(class_, "__avro_schema__"):
            raise EncodeError(f"expected an object of a generated class, got {message.value!r}")
        field = self._topic.key_field if message.key is None else None
        other = replace(
            self._topic, value=(class_,), key_field=field, subject_strategy="topic-record"
        )
        return _record_builder(other, self._registry)


def _record_builder(topic: Topic[Any, Any], registry: SchemaRegistry) -> RecordBuilder:
    return RecordBuilder(
        topic,
        ProducerOptions(
            config=None,
            client=cast("ProducerClient", _NoClient(registry)),
            registry=registry,
            register=True,
            headers=None,
            partitioner=None,
            observer=None,
        ),
    )


def _is_incoming(given: object) -> TypeGuard[Incoming[Any, Any]]:
    return isinstance(given, Incoming)


class _NoClient:
    """The part of a :class:`ProducerClient` that is used without sending."""

    is_closed = is_forked = False
    fatal = None
    message_size = sys.maxsize
    connection = ConnectionState()
    info = ClientInfo("handler-test", ())

    def __init__(self, registry: SchemaRegistry) -> None:
        self.registry = registry

    def check_usable(self) -> None:
        """Do nothing: it is usable."""

    def fit_batches(self, topic: str) -> int | None:
        """Return None: there are no batches."""

    def add(self, tracker: DeliveryTracker) -> None:
        """Do nothing: there are no deliveries to report."""
