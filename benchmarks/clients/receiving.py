"""Consumers: each handles so many events, which have arrived when its turn comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from confluent_kafka import Consumer, Producer

import avrogen
from avrogen.codec.compilation import decoder_of
from avrogen.kafka.client_config import consumer_settings
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.consumer.batch_runner import BatchLimits, BatchRunner
from avrogen.kafka.consumer.consumer import TopicConsumer
from avrogen.kafka.consumer.runner import MessageRunner, perform_next
from avrogen.kafka.consumer.runner_core import Execution, Lease, current_messages
from avrogen.kafka.registry.connection import connect
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.kafka.topic import Topic
from benchmarks.clients.setting import Setting

__all__ = ["RAW_RECEIVER", "TRACED", "Receive", "decoded_receiver", "deliver", "receivers"]

Receive = Callable[[int], None]

RAW_RECEIVER = "raw"
"""What others are compared with."""

_AT_ONCE = 500
_SETTLING = 0.5  # seconds for events to reach all consumers, so that none waits for the network


def decoded_receiver() -> str:
    """Name of the one who decodes and does nothing besides: the bound for typed consumers."""
    return "raw, decoded natively" if avrogen.backend().name == "native" else "raw, decoded"


@contextmanager
def receivers(setting: Setting) -> Generator[dict[str, Receive]]:
    """Everybody who receives, ready to."""
    _register(setting)
    with ExitStack() as stack:
        yield {
            RAW_RECEIVER: stack.enter_context(_raw(setting)),
            decoded_receiver(): stack.enter_context(_decoding(setting)),
            "confluent": stack.enter_context(_deserializing(setting)),
            "run": stack.enter_context(_run(setting)),
            "iterate": stack.enter_context(_iterate(setting)),
            "batches": stack.enter_context(_batches(setting)),
            "asyncio run": stack.enter_context(_asyncio_run(setting)),
            "asyncio iterate": stack.enter_context(_asyncio_iterate(setting)),
        }


TRACED = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
"""Headers of a message in a trace."""


def deliver(setting: Setting, number: int, headers: list[tuple[str, bytes]] | None = None) -> None:
    """Put events on the topic, and give everybody time to fetch them."""
    producer = Producer(setting.client_config)
    data, key = setting.encoded, setting.key.encode()
    for count in range(number):
        while True:
            try:
                partition = count % setting.partitions
                producer.produce(setting.topic, data, key, partition, headers=headers)  # type: ignore[arg-type]
                break
            except BufferError:
                producer.poll(0.01)
    producer.flush()
    time.sleep(_SETTLING)


def _register(setting: Setting) -> None:
    """The id in front of the events is that of their schema."""
    registry = connect({"url": setting.config["schema.registry.url"]})
    registered = registry.register(f"{setting.topic}-value", SchemaText(setting.schema))
    assert registered.id == setting.encoded[4], "it is the first that was registered"
    registry.close()


def _config(setting: Setting) -> dict[str, object]:
    return {**setting.config, "log_level": 0}


def _client(setting: Setting, group: str) -> Consumer:
    servers = {"bootstrap.servers": setting.config["bootstrap.servers"], "log_level": 0}
    client = Consumer(consumer_settings(servers, group=group, auto_commit=True))
    client.subscribe([setting.topic])
    return client


@contextmanager
def _raw(setting: Setting) -> Generator[Receive]:
    """Bytes, by many at a time. The offset is stored for each, as one who loses nothing does."""
    client = _client(setting, "raw")

    def receive(number: int) -> None:
        while number > 0:
            for message in client.consume(_AT_ONCE, 0.1):
                assert message.error() is None
                message.value()
                client.store_offsets(message)
                number -= 1

    yield receive
    client.close()


@contextmanager
def _decoding(setting: Setting) -> Generator[Receive]:
    """The same, with values decoded by avrogen's codec, and nothing besides."""
    client = _client(setting, "decoding")
    decode = decoder_of(setting.owner)

    def receive(number: int) -> None:
        while number > 0:
            for message in client.consume(_AT_ONCE, 0.1):
                assert message.error() is None
                decode(message.value()[5:])  # type: ignore[index]  # it has one
                client.store_offsets(message)
                number -= 1

    yield receive
    client.close()


@contextmanager
def _deserializing(setting: Setting) -> Generator[Receive]:
    """confluent-kafka's DeserializingConsumer and AvroDeserializer, to objects through dicts."""
    registry = import_module("confluent_kafka.schema_registry")
    avro = import_module("confluent_kafka.schema_registry.avro")
    kafka: Any = import_module("confluent_kafka")
    serialization = import_module("confluent_kafka.serialization")
    client = registry.SchemaRegistryClient({"url": setting.config["schema.registry.url"]})

    def from_dict(value: Any, _context: Any) -> Any:
        return setting.from_dict(value)

    servers = {"bootstrap.servers": setting.config["bootstrap.servers"], "log_level": 0}
    consumer = kafka.DeserializingConsumer(
        {
            **consumer_settings(servers, group="confluent", auto_commit=True),
            "key.deserializer": serialization.StringDeserializer("utf_8"),
            "value.deserializer": avro.AvroDeserializer(
                client, setting.schema, from_dict, return_record_name=True
            ),
        }
    )
    consumer.subscribe([setting.topic])

    def receive(number: int) -> None:
        while number > 0:
            message = consumer.poll(0.1)
            if message is not None:
                assert message.error() is None
                message.value()
                consumer.store_offsets(message)
                number -= 1

    yield receive
    consumer.close()


# --- typed ----------------------------------------------------------------------------------------


def _typed(setting: Setting, base: type[Any], group: str) -> Any:
    topic: Topic[Any, Any] = Topic(setting.topic, value=(setting.owner,), key="string")
    typed = type("Typed", (base,), {"__slots__": (), "topic": topic})
    return typed(_config(setting), group_id=group)


@contextmanager
def _run(setting: Setting) -> Generator[Receive]:
    """What ``run`` does, until there are so many."""
    with _typed(setting, TopicConsumer, "run") as consumer:
        left = 0

        def handle(_message: Any) -> None:
            nonlocal left
            left -= 1

        runner: Any = MessageRunner(consumer._session, handle)

        def receive(number: int) -> None:
            nonlocal left
            left = number
            with current_messages():
                while left > 0:
                    lease = Lease(runner.source.wait())
                    with runner.leased([lease]):
                        runner.handle_messages(lease, handle)

        yield receive


@contextmanager
def _iterate(setting: Setting) -> Generator[Receive]:
    """``for message in consumer``."""
    with _typed(setting, TopicConsumer, "iterate") as consumer:
        messages = iter(consumer)

        def receive(number: int) -> None:
            for _ in range(number):
                next(messages)

        yield receive


@contextmanager
def _batches(setting: Setting) -> Generator[Receive]:
    """What ``run_batches`` does, until there are so many."""
    with _typed(setting, TopicConsumer, "batches") as consumer:
        left = 0

        def handle(messages: list[Any]) -> None:
            nonlocal left
            left -= len(messages)

        runner: Any = BatchRunner(consumer._session, handle, BatchLimits(_AT_ONCE, 0.05))
        execution = Execution(runner.run())

        def receive(number: int) -> None:
            nonlocal left
            left = number
            while left > 0:
                effect: Any = execution.pending
                perform_next(execution, effect)

        yield receive


@contextmanager
def _asyncio_run(setting: Setting) -> Generator[Receive]:
    """``await consumer.run(handle)``, which goes on while the loop does."""
    consumer = _typed(setting, AsyncTopicConsumer, "asyncio run")
    left = 0
    done = asyncio.Event()

    async def handle(_message: Any) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            done.set()

    async def receive_all(number: int) -> None:
        nonlocal left
        left = number
        done.clear()
        await done.wait()

    with asyncio.Runner() as runner:
        runner.run(consumer.__aenter__())
        task = runner.get_loop().create_task(consumer.run(handle))
        yield lambda number: runner.run(receive_all(number))
        consumer.stop()
        runner.get_loop().run_until_complete(task)
        runner.run(consumer.__aexit__(None, None, None))


@contextmanager
def _asyncio_iterate(setting: Setting) -> Generator[Receive]:
    """``async for message in consumer``."""
    consumer = _typed(setting, AsyncTopicConsumer, "asyncio iterate")

    async def receive_all(number: int) -> None:
        for _ in range(number):
            await anext(messages)

    with asyncio.Runner() as runner:
        runner.run(consumer.__aenter__())
        messages = aiter(consumer)
        yield lambda number: runner.run(receive_all(number))
        runner.run(consumer.__aexit__(None, None, None))
