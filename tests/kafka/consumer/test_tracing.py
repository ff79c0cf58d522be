"""What OpenTelemetry is told of messages that are received, however they are handled."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from avrogen import Retry, RetryPolicy
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.kafka.consumer import test_async_consumer
from tests.kafka.observability.telemetry import recorded
from tests.support.clients import producer_of
from tests.support.clusters import embedded_cluster
from tests.support.events import event
from tests.support.scenes import Events, Scene

QUICK = RetryPolicy(initial=0.01)
SENT = 3


class Work:
    """What a service does with messages: it fails with the first once, and sends something.

    Attributes:
        left: how many messages are not handled.
    """

    def __init__(self, forward: Callable[[], object]) -> None:
        self.left = SENT
        self._forward = forward
        self._failed = False

    def __call__(self, messages: list[Any], *, may_fail: bool = True) -> None:
        if may_fail and not self._failed:
            self._failed = True
            raise Retry("later")
        self._forward()
        self.left -= len(messages)


def run(consumer: Events, work: Work) -> None:
    def handle(message: Any) -> None:
        work([message])
        if not work.left:
            consumer.stop()

    consumer.run(handle)


def iterate(consumer: Events, work: Work) -> None:
    for message in consumer:
        work([message], may_fail=False)  # there are no retries
        if not work.left:
            consumer.stop()


def run_batches(consumer: Events, work: Work) -> None:
    def handle(messages: list[Any]) -> None:
        work(messages)
        if not work.left:
            consumer.stop()

    consumer.run_batches(handle, max_records=SENT)


async def async_run(consumer: AsyncTopicConsumer[str, Any], work: Work) -> None:
    async def handle(message: Any) -> None:
        await asyncio.sleep(0)
        work([message])
        if not work.left:
            consumer.stop()

    await consumer.run(handle)


async def async_iterate(consumer: AsyncTopicConsumer[str, Any], work: Work) -> None:
    async for message in consumer:
        work([message], may_fail=False)
        if not work.left:
            consumer.stop()


async def async_run_batches(consumer: AsyncTopicConsumer[str, Any], work: Work) -> None:
    async def handle(messages: list[Any]) -> None:
        await asyncio.sleep(0)
        work(messages)
        if not work.left:
            consumer.stop()

    await consumer.run_batches(handle, max_records=SENT)


@pytest.mark.parametrize(
    "how", [run, iterate, run_batches, async_run, async_iterate, async_run_batches]
)
def test_spans_of_what_is_received(broker: EmbeddedBroker, how: Callable[..., Any]) -> None:
    with EmbeddedRegistry() as registry, recorded() as telemetry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        results = Scene.of(scene.cluster)
        observed: dict[str, Any] = {"register": True, "observer": telemetry.observer}
        with producer_of(scene.topic)(scene.cluster.config, **observed) as events:
            for number in range(SENT):
                events.send(event(number), key="k")
        options: dict[str, Any] = {"retry": QUICK, "observer": telemetry.observer}
        with producer_of(results.topic)(scene.cluster.config, **observed) as forwarded:
            work = Work(lambda: forwarded.send(event(), key="k"))
            if inspect.iscoroutinefunction(how):

                async def main() -> None:
                    async with test_async_consumer.member_of(scene, **options) as consumer:
                        await how(consumer, work)

                asyncio.run(main())
            else:
                with scene.consumer(**options) as consumer:
                    how(consumer, work)
        sent = {identity(span) for span in telemetry.spans(f"send {scene.topic.name}")}
        polled = telemetry.spans(f"poll {scene.topic.name}")
        handled = telemetry.spans(f"process {scene.topic.name}")
        forwards = telemetry.spans(f"send {results.topic.name}")
        (counted,) = telemetry.points("messaging.client.consumed.messages")
    assert len(sent) == SENT
    assert [links(span) for span in polled if links(span) - sent] == []
    assert set().union(*map(links, polled)) == sent
    assert counted.value == SENT, "once each, however often they are handled"
    assert set().union(*map(links, handled)) == sent
    failed = [span for span in handled if not span.status.is_ok and span.events]
    assert len(failed) == (0 if "iterate" in how.__name__ else 1)
    if "batches" not in how.__name__:
        assert len(handled) == SENT + len(failed)
        assert {parent(span) for span in handled} == sent, "handling belongs to sending"
    assert {parent(span) for span in forwards} == {
        identity(span) for span in handled if span not in failed
    }, "what is sent meanwhile belongs to handling"


def identity(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def parent(span: ReadableSpan) -> tuple[int, int]:
    assert span.parent is not None
    return span.parent.trace_id, span.parent.span_id


def links(span: ReadableSpan) -> set[tuple[int, int]]:
    return {(link.context.trace_id, link.context.span_id) for link in span.links}
