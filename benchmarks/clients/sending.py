"""Producers: each sends so many events, and is ready when all are acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from importlib import import_module
from itertools import repeat
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from avrogen.kafka.producer.async_producer import AsyncTopicProducer
from avrogen.kafka.producer.producer import TopicProducer
from avrogen.kafka.topic import Topic
from benchmarks.clients.setting import Setting

__all__ = ["RAW", "Send", "senders"]

Send = Callable[[int], None]

RAW = "callback"
"""What others are compared with."""


@contextmanager
def senders(setting: Setting) -> Generator[dict[str, Send]]:
    """Everybody who sends, ready to."""
    with ExitStack() as stack:
        yield {
            "raw": stack.enter_context(_raw(setting)),
            RAW: stack.enter_context(_raw_with_callback(setting)),
            "future": stack.enter_context(_raw_with_future(setting)),
            "confluent": stack.enter_context(_serializing(setting)),
            "typed": stack.enter_context(_typed(setting)),
            "typed, headers": stack.enter_context(_typed(setting, headers={"trace_id": "abc"})),
            "typed, post": stack.enter_context(_typed(setting, how=_post)),
            "typed, post_all": stack.enter_context(_typed(setting, how=_post_all)),
            "typed, asyncio": stack.enter_context(_asyncio(setting)),
            "asyncio, post": stack.enter_context(_asyncio(setting, how=_post_async)),
        }


@contextmanager
def _raw(setting: Setting) -> Generator[Send]:
    """Bytes that were encoded before. Nobody asks whether they are delivered."""
    producer = Producer(setting.client_config)
    topic, data, key = setting.topic, setting.encoded, setting.key.encode()

    def send(number: int) -> None:
        for _ in range(number):
            while True:
                try:
                    producer.produce(topic, data, key)
                    break
                except BufferError:
                    producer.poll(0.01)
        producer.flush()

    yield send


@contextmanager
def _raw_with_callback(setting: Setting) -> Generator[Send]:
    """The same, and a callback that would see a failure; as confluent-kafka's guide has it."""
    producer = Producer(setting.client_config)
    topic, data, key = setting.topic, setting.encoded, setting.key.encode()

    def report(error: KafkaError | None, _message: Message) -> None:
        assert error is None, error

    def send(number: int) -> None:
        for _ in range(number):
            while True:
                try:
                    producer.produce(topic, data, key, on_delivery=report)
                    break
                except BufferError:
                    producer.poll(0.01)
            producer.poll(0)
        producer.flush()

    yield send


@contextmanager
def _raw_with_future(setting: Setting) -> Generator[Send]:
    """The same with a future for each message, as one would write it for oneself."""
    producer = Producer(setting.client_config)
    topic, data, key = setting.topic, setting.encoded, setting.key.encode()

    def produce() -> Future[Message]:
        future: Future[Message] = Future()

        def report(error: KafkaError | None, message: Message) -> None:
            if error is None:
                future.set_result(message)
            else:
                future.set_exception(RuntimeError(error))

        producer.produce(topic, data, key, on_delivery=report)
        return future

    def send(number: int) -> None:
        for _ in range(number):
            while True:
                try:
                    produce()
                    break
                except BufferError:
                    producer.poll(0.01)
            producer.poll(0)
        producer.flush()

    yield send


@contextmanager
def _serializing(setting: Setting) -> Generator[Send]:
    """confluent-kafka's SerializingProducer and AvroSerializer, from objects through dicts."""
    registry = import_module("confluent_kafka.schema_registry")
    avro = import_module("confluent_kafka.schema_registry.avro")
    kafka: Any = import_module("confluent_kafka")
    serialization = import_module("confluent_kafka.serialization")
    client = registry.SchemaRegistryClient.new_client({"url": "mock://benchmark"})

    def to_dict(value: Any, _context: Any) -> Any:
        return setting.to_dict(value)

    serializer = avro.AvroSerializer(client, setting.schema, to_dict)
    producer = kafka.SerializingProducer(
        {
            **setting.client_config,
            "key.serializer": serialization.StringSerializer("utf_8"),
            "value.serializer": serializer,
        }
    )
    topic, value, key = setting.topic, setting.value, setting.key

    def report(error: KafkaError | None, _message: Message) -> None:
        assert error is None, error

    def send(number: int) -> None:
        for _ in range(number):
            while True:
                try:
                    producer.produce(topic, key, value, on_delivery=report)
                    break
                except BufferError:
                    producer.poll(0.01)
            producer.poll(0)
        producer.flush()

    yield send


def _topic(setting: Setting) -> Topic[Any, Any]:
    return Topic(setting.topic, value=(setting.owner,), key="string")


def _send(producer: TopicProducer[str, Any], value: Any, key: str, number: int) -> None:
    for _ in range(number):
        producer.send(value, key=key)


def _post(producer: TopicProducer[str, Any], value: Any, key: str, number: int) -> None:
    for _ in range(number):
        producer.post(value, key=key)


def _post_all(producer: TopicProducer[str, Any], value: Any, key: str, number: int) -> None:
    producer.post_all(repeat(value, number), key=lambda _value: key)


@contextmanager
def _typed(
    setting: Setting,
    headers: dict[str, str] | None = None,
    how: Callable[[TopicProducer[str, Any], Any, str, int], None] = _send,
) -> Generator[Send]:
    """avrogen's producers for threads."""
    typed = type("Typed", (TopicProducer,), {"__slots__": (), "topic": _topic(setting)})
    value, key = setting.value, setting.key
    producer: TopicProducer[str, Any] = typed(setting.config, register=True, headers=headers)
    with producer:

        def send(number: int) -> None:
            how(producer, value, key, number)
            producer.flush()

        yield send


async def _send_async(
    producer: AsyncTopicProducer[str, Any], value: Any, key: str, number: int
) -> None:
    for _ in range(number):
        await producer.send(value, key=key)


async def _post_async(
    producer: AsyncTopicProducer[str, Any], value: Any, key: str, number: int
) -> None:
    for _ in range(number):
        await producer.post(value, key=key)


@contextmanager
def _asyncio(
    setting: Setting,
    how: Callable[[AsyncTopicProducer[str, Any], Any, str, int], Awaitable[None]] = _send_async,
) -> Generator[Send]:
    """avrogen's producers for asyncio, from one task."""
    typed = type("Typed", (AsyncTopicProducer,), {"__slots__": (), "topic": _topic(setting)})
    value, key = setting.value, setting.key
    producer: AsyncTopicProducer[str, Any] = typed(setting.config, register=True)
    with asyncio.Runner() as runner:
        runner.run(producer.open())

        async def send_all(number: int) -> None:
            await how(producer, value, key, number)
            await producer.flush()

        yield lambda number: runner.run(send_all(number))
        runner.run(producer.close())
