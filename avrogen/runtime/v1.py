"""Version 1 of the runtime of generated code. Names may be added, never changed or removed.

Names that only some packages use are loaded on first use: types alone load neither ``datetime`` nor
anything of Kafka.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.codec.classes import AvroEnum, AvroFixed, AvroRecord
from avrogen.codec.codec import Codec
from avrogen.codec.schema import Schema, imported
from avrogen.exports import lazy_exports

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from avrogen.avro.time_options import TimeOptions
    from avrogen.codec.type_conversions import (
        MappedType,
        TypeMapping,
        zoned_datetime_from_text,
        zoned_datetime_to_text,
    )
    from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos
    from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
    from avrogen.kafka.consumer.consumer import ConsumerArguments, TopicConsumer
    from avrogen.kafka.message import Message
    from avrogen.kafka.producer.async_producer import AsyncKeyedTopicProducer, AsyncTopicProducer
    from avrogen.kafka.producer.producer import KeyedTopicProducer, TopicProducer
    from avrogen.kafka.topic import Topic
else:
    import typing

    def TypeVar(name, *, bound, default):
        """Return a type variable. Only type checkers need its default, which Python 3.13 added."""
        return typing.TypeVar(name, bound=bound)

    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AsyncKeyedTopicProducer": "avrogen.kafka.producer.async_producer",
            "AsyncTopicConsumer": "avrogen.kafka.consumer.async_consumer",
            "AsyncTopicProducer": "avrogen.kafka.producer.async_producer",
            "ConsumerArguments": "avrogen.kafka.consumer.consumer",
            "Duration": "avrogen.codec.values",
            "KeyedTopicProducer": "avrogen.kafka.producer.producer",
            "LocalTimestampNanos": "avrogen.codec.values",
            "MappedType": "avrogen.codec.type_conversions",
            "Message": "avrogen.kafka.message",
            "TimeOptions": "avrogen.avro.time_options",
            "TimestampNanos": "avrogen.codec.values",
            "Topic": "avrogen.kafka.topic",
            "TopicConsumer": "avrogen.kafka.consumer.consumer",
            "TopicProducer": "avrogen.kafka.producer.producer",
            "TypeMapping": "avrogen.codec.type_conversions",
            "zoned_datetime_from_text": "avrogen.codec.type_conversions",
            "zoned_datetime_to_text": "avrogen.codec.type_conversions",
        },
    )

__all__ = [
    "AsyncKeyedTopicProducer",
    "AsyncTopicConsumer",
    "AsyncTopicProducer",
    "AvroEnum",
    "AvroFixed",
    "AvroRecord",
    "Codec",
    "ConsumerArguments",
    "Duration",
    "KeyedTopicProducer",
    "LocalTimestampNanos",
    "MappedType",
    "Message",
    "Schema",
    "TimeOptions",
    "TimestampNanos",
    "Topic",
    "TopicConsumer",
    "TopicProducer",
    "TypeMapping",
    "TypeVar",
    "imported",
    "lazy_exports",
    "zoned_datetime_from_text",
    "zoned_datetime_to_text",
]
