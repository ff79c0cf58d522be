"""Spans and metrics by OpenTelemetry's conventions, and the context that goes with a message."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from avrogen import (
    ConsumeError,
    DeliveryError,
    Headers,
    MissingExtraError,
    OpenTelemetryObserver,
    RetryPolicy,
)
from avrogen.kafka.message import Header, Message
from avrogen.kafka.observability.context import TraceContext
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import ROOT, run_python
from tests.kafka.observability.telemetry import Telemetry, recorded
from tests.support.clusters import embedded_cluster
from tests.support.events import async_events_producer, event, events_producer
from tests.support.memory_registry import MemoryRegistry
from tests.support.scenes import EventMessage, Member, Scene, eventually

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = TraceContext(f"00-{TRACE_ID}-b7ad6b7169203331-01")


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    with recorded() as telemetry:
        yield telemetry


def message(
    number: int = 0, *headers: Header, value: object = "v", key: object = "k"
) -> Message[Any, Any]:
    return Message(
        key=key,
        value=value,
        topic="events",
        partition=2,
        offset=number,
        timestamp=None,
        headers=Headers(headers),
        raw_key=None,
        raw_value=None,
    )


SENT = {
    "messaging.system": "kafka",
    "messaging.destination.name": "events",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
}
PROCESSED = {
    "messaging.system": "kafka",
    "messaging.destination.name": "events",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.consumer.group.name": "billing",
}


def server(broker: EmbeddedBroker) -> dict[str, object]:
    """What spans and metrics say of the first broker."""
    host, _, port = broker.bootstrap_servers.partition(",")[0].rpartition(":")
    return {"server.address": host, "server.port": int(port)}


def test_messages_that_are_sent(broker: EmbeddedBroker, telemetry: Telemetry) -> None:
    broker.create_topic("events")
    config = {"bootstrap.servers": broker.bootstrap_servers, "client.id": "shop-0"}
    of_client = {**server(broker), "messaging.client.id": "shop-0"}
    producer = events_producer("events", key="string", tombstones=True)
    with producer(
        config, registry=MemoryRegistry(), register=True, observer=telemetry.observer
    ) as events:
        with telemetry.provider.get_tracer("test").start_as_current_span("request") as request:
            events.send(event(), key="k").result(30)
        broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
        assert events.send(None, key="t").exception(30) is not None
    delivered, failed = (
        span for span in telemetry.exporter.get_finished_spans() if span.name == "send events"
    )
    assert delivered.kind is SpanKind.PRODUCER
    assert dict(delivered.attributes or {}) == {
        **SENT,
        **of_client,
        "messaging.kafka.message.key": "k",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
    }
    assert delivered.parent is not None
    assert delivered.parent.span_id == request.get_span_context().span_id
    assert failed.status.status_code is StatusCode.ERROR
    assert dict(failed.attributes or {}) == {
        **SENT,
        **of_client,
        "messaging.kafka.message.key": "t",
        "messaging.kafka.message.tombstone": True,
        "error.type": "INVALID_RECORD",
    }
    (record,) = broker.records("events")
    context = TraceContext.from_headers(record.headers)
    assert context is not None and delivered.context is not None
    assert context.trace_id == f"{delivered.context.trace_id:032x}"
    assert context.parent_id == f"{delivered.context.span_id:016x}"
    counted = {
        p.attributes.get("error.type"): p.value
        for p in telemetry.points("messaging.client.sent.messages")
    }
    assert counted == {None: 1, "INVALID_RECORD": 1}
    measured = telemetry.points("messaging.client.operation.duration")
    for duration in measured:
        assert duration.count == 1 and duration.sum > 0
        assert duration.explicit_bounds[0] == 0.005
    assert [dict(duration.attributes) for duration in measured] == [
        {**SENT, **server(broker), "messaging.destination.partition.id": "0"},
        {**SENT, **server(broker), "error.type": "INVALID_RECORD"},
    ]


def test_messages_that_send_itself_refuses(broker: EmbeddedBroker, telemetry: Telemetry) -> None:
    """There is no future then, and the span ends all the same."""
    broker.create_topic("events")
    config = {"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 60_000}
    options: dict[str, Any] = {"registry": MemoryRegistry(), "register": True}
    producer = events_producer("events", key="string")
    with producer(config, observer=telemetry.observer, **options) as events:
        events.send(event(), key="a")
        assert events.flush(30) == 0
        broker.fail(RequestType.PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
        failed = events.send(event(), key="a")
        assert events.flush(30) == 0 and failed.exception(30) is not None
        with pytest.raises(DeliveryError, match="fatal error"):
            events.send(event(), key="a")
    spans = telemetry.spans("send events")
    assert [span.status.is_ok for span in spans] == [True, False, False]
    measured = telemetry.points("messaging.client.operation.duration")
    assert sum(duration.count for duration in measured) == 3

    async def main() -> None:
        full = {**config, "queue.buffering.max.messages": 1, "delivery.timeout.ms": 70_000}
        made = async_events_producer("events", key="string")
        async with made(full, observer=telemetry.observer, **options) as sends:
            await sends.send(event(), key="a")
            waiting = asyncio.create_task(sends.send(event(), key="a"))
            broker.delay(2)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            broker.recover()

    asyncio.run(main())
    assert len(telemetry.spans("send events")) == 5


def test_polls_commits_and_failures(broker: EmbeddedBroker, telemetry: Telemetry) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url), dead_letters=1)
        scene.send(3)

        def handle(received: EventMessage) -> None:
            if received.value.timestamp == 1:
                raise ZeroDivisionError

        policy = RetryPolicy(attempts=3, initial=0.01, retry_on=(ZeroDivisionError,))
        settings: dict[str, object] = {"client.id": "billing-0"}
        consumer = scene.consumer(settings, observer=telemetry.observer, retry=policy)
        with Member(consumer, handle):
            eventually(lambda: consumer.counters().consumed == 3)
    common = {
        "messaging.system": "kafka",
        "messaging.destination.name": scene.topic.name,
        "messaging.consumer.group.name": scene.group,
        **server(broker),
    }
    (retries,) = telemetry.points("avrogen.consumer.retries")
    (letters,) = telemetry.points("avrogen.consumer.dead_letters")
    assert (retries.value, letters.value) == (2, 1)
    failed = {**common, "error.type": "ZeroDivisionError"}
    assert dict(retries.attributes) == dict(letters.attributes) == failed
    (lag,) = telemetry.points("avrogen.consumer.lag")
    assert lag.value == 0
    assert dict(lag.attributes) == {**common, "messaging.destination.partition.id": "0"}
    measured = {
        point.attributes["messaging.operation.name"]: point
        for point in telemetry.points("messaging.client.operation.duration")
    }
    for name, kind in (("poll", "receive"), ("commit", "settle")):
        assert measured[name].count >= 1
        operation = {"messaging.operation.name": name, "messaging.operation.type": kind}
        assert dict(measured[name].attributes) == {**common, **operation}
    commit = telemetry.spans(f"commit {scene.topic.name}")[-1]
    assert commit.kind is SpanKind.CLIENT
    assert dict(commit.attributes or {}) == {
        **common,
        "messaging.operation.name": "commit",
        "messaging.operation.type": "settle",
        "messaging.client.id": "billing-0",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 3,
    }


def test_polls_and_commits_that_fail(broker: EmbeddedBroker, telemetry: Telemetry) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        scene.send(1)
        consumer = scene.consumer(commit="manual", observer=telemetry.observer)
        with consumer, pytest.raises(ConsumeError, match="cannot commit"):
            for received in consumer:
                error = KafkaError.GROUP_AUTHORIZATION_FAILED
                broker.fail(RequestType.OFFSET_COMMIT, error)
                consumer.commit(received)
        broker.fail_topic(scene.topic.name, KafkaError.TOPIC_AUTHORIZATION_FAILED)
        scene.stops(print, observer=telemetry.observer)
    (commit,) = telemetry.spans(f"commit {scene.topic.name}")
    assert commit.status.status_code is StatusCode.ERROR
    failed = {
        (attributes["messaging.operation.name"], attributes.get("error.type"))
        for point in telemetry.points("messaging.client.operation.duration")
        if "error.type" in (attributes := point.attributes)
    }
    assert failed == {
        ("commit", "GROUP_AUTHORIZATION_FAILED"),
        ("poll", "TOPIC_AUTHORIZATION_FAILED"),
    }


def test_lag_is_not_reported_for_ever(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partition that is another member's now is that one's to report."""
    telemetry.observer.lag({("events", 0): 7, ("events", 1): 0}, "billing")
    assert [point.value for point in telemetry.points("avrogen.consumer.lag")] == [7, 0]
    telemetry.observer.lag({("events", 1): 3}, "billing")
    assert [point.value for point in telemetry.points("avrogen.consumer.lag")] == [7, 3]
    later = time.monotonic() + 31
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert telemetry.reader.get_metrics_data() is None


def test_a_trace_that_was_begun_elsewhere(telemetry: Telemetry) -> None:
    """Where no span is current, that of the message in hand is the parent, and is replaced."""
    headers: list[tuple[str, str | bytes | None]] = [("a", "1"), *PARENT.headers()]
    sending = telemetry.observer.sending("events", None, event(), headers)
    assert [name for name, _ in headers] == ["a", "traceparent"]
    telemetry.observer.undelivered(sending, DeliveryError("no", code="X"))
    span = telemetry.span("send events")
    assert span.context is not None and span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert f"{span.parent.span_id:016x}" == PARENT.parent_id
    assert headers[1][1] == f"00-{TRACE_ID}-{span.context.span_id:016x}-01"


def test_messages_that_are_handled(telemetry: Telemetry) -> None:
    with telemetry.observer.handling([message(7, *PARENT.headers())], "billing"):
        inside = trace.get_current_span().get_span_context()
    span = telemetry.span("process events")
    assert span.kind is SpanKind.CONSUMER
    assert span.context == inside
    assert span.parent is not None and f"{span.parent.trace_id:032x}" == TRACE_ID
    assert [f"{link.context.span_id:016x}" for link in span.links] == [PARENT.parent_id]
    assert dict(span.attributes or {}) == {
        **PROCESSED,
        "messaging.destination.partition.id": "2",
        "messaging.kafka.offset": 7,
        "messaging.kafka.message.key": "k",
    }
    (duration,) = telemetry.points("messaging.process.duration")
    assert dict(duration.attributes) == PROCESSED


def test_handlers_that_raise(telemetry: Telemetry) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        telemetry.observer.handling([message(value=None, key=None)], "billing"),
    ):
        raise ZeroDivisionError("by zero")
    span = telemetry.span("process events")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "by zero"
    assert [event.name for event in span.events] == ["exception"]
    assert (span.attributes or {})["error.type"] == "ZeroDivisionError"
    assert (span.attributes or {})["messaging.kafka.message.tombstone"] is True
    assert "messaging.kafka.message.key" not in (span.attributes or {})


def test_batches_have_links(telemetry: Telemetry) -> None:
    batch = [message(0, *PARENT.headers()), message(1), message(2, ("traceparent", b"\xff"))]
    telemetry.observer.received(batch, "billing")
    with telemetry.observer.handling(batch, "billing"):
        pass
    for name, kind in (("poll events", SpanKind.CLIENT), ("process events", SpanKind.CONSUMER)):
        span = telemetry.span(name)
        assert span.kind is kind
        assert span.parent is None
        assert [f"{link.context.trace_id:032x}" for link in span.links] == [TRACE_ID]
        assert (span.attributes or {})["messaging.batch.message_count"] == 3
    (consumed,) = telemetry.points("messaging.client.consumed.messages")
    assert consumed.value == 3


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'avrogen\[otel\]'"):
        OpenTelemetryObserver()


def test_nothing_of_it_is_imported_by_itself() -> None:
    code = (
        "import sys\n"
        "from avrogen import OpenTelemetryObserver\n"
        "from avrogen.runtime.v1 import TopicProducer, AsyncTopicProducer\n"
        "from avrogen.kafka import ProducerClient\n"
        "ProducerClient({'bootstrap.servers': 'localhost', 'log_level': 0}).close()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    run = run_python("-c", code, cwd=ROOT)
    assert run.stdout.splitlines()[-1:] == ["[]"], run.stderr
