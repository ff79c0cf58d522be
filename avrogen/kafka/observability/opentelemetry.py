"""Spans and metrics for OpenTelemetry: :class:`OpenTelemetryObserver`.

Names are those of the semantic conventions for messaging and Kafka, which are in development
(opentelemetry.io/docs/specs/semconv/messaging/kafka/). OpenTelemetry is imported by the constructor
of the observer.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from copy import copy
from typing import TYPE_CHECKING, Final

from avrogen.extras import comes_with
from avrogen.kafka.observability.observer import AnyMessage, ClientInfo, Observer, Partition
from avrogen.message_text import exception_text
from avrogen.version import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import Link, Span, TracerProvider

    from avrogen.errors import DeliveryError
    from avrogen.kafka.message import Delivered, Header, HeaderLike

__all__ = ["OpenTelemetryObserver"]

Attributes = dict[str, str | int | bool]

_SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.30.0"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Histogram buckets that the conventions recommend for durations."""


class OpenTelemetryObserver(Observer):
    """Observer that records spans and metrics of sent, received and handled messages.

    Spans are ``send T``, ``poll T``, ``process T`` and ``commit T`` for a topic ``T``. The context
    of ``send T`` is propagated in the headers, by the propagator of the process (W3C trace context
    by default). It is the parent of ``process T``; a batch links to the contexts of all its
    messages.

    Spans have the ``messaging.client.id``, and spans and metrics the address of the first broker of
    ``bootstrap.servers``. Several clients may share an observer.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        """Create the tracer and the meters.

        Args:
            tracer_provider: provider for spans; None: the global one.
            meter_provider: provider for metrics; None: the global one.

        Raises:
            MissingExtraError: OpenTelemetry is not installed.
        """
        with comes_with("otel"):
            from opentelemetry import metrics, trace
        self._tracer = trace.get_tracer(
            "avrogen", __version__, tracer_provider, schema_url=_SCHEMA_URL
        )
        meter = metrics.get_meter("avrogen", __version__, meter_provider, schema_url=_SCHEMA_URL)
        self._sent = meter.create_counter(
            "messaging.client.sent.messages", "{message}", "Messages sent, delivered or not."
        )
        self._consumed = meter.create_counter(
            "messaging.client.consumed.messages", "{message}", "Messages received."
        )
        self._operations = meter.create_histogram(
            "messaging.client.operation.duration",
            "s",
            "Time that sending, polling and committing take.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._handling = meter.create_histogram(
            "messaging.process.duration",
            "s",
            "Time that handlers take.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._retried = meter.create_counter(
            "avrogen.consumer.retries", "{retry}", "Calls of handlers after a failure."
        )
        self._dead_lettered = meter.create_counter(
            "avrogen.consumer.dead_letters", "{message}", "Messages sent to a dead-letter topic."
        )
        self._lag = _Lag()
        meter.create_observable_gauge(
            "avrogen.consumer.lag",
            [self._lag.observe],
            "{message}",
            "Offsets from the next message to the end, of assigned partitions.",
        )
        self._group: str | None = None
        self._server: Attributes = {}
        self._client: Attributes = {}

    def for_client(self, client: ClientInfo) -> OpenTelemetryObserver:
        """Return an observer with the same instruments, and the attributes of a client."""
        bound = copy(self)
        bound._group = client.group
        bound._server = {}
        if client.servers:
            host, port = client.servers[0]
            bound._server["server.address"] = host
            if port is not None:
                bound._server["server.port"] = port
        bound._client = {**bound._server, "messaging.client.id": client.client_id}
        return bound

    # --- producing --------------------------------------------------------------------------------

    def sending(
        self, topic: str, key: object, value: object, headers: list[HeaderLike]
    ) -> _Sending:
        """Start a span and put its context into the headers."""
        from opentelemetry import trace

        attributes = _attributes(topic, "send", "send") | self._client
        if key is not None:
            attributes["messaging.kafka.message.key"] = str(key)
        if value is None:
            attributes["messaging.kafka.message.tombstone"] = True
        parent = None
        if not trace.get_current_span().get_span_context().is_valid:
            parent = _extracted(headers)
        span = self._tracer.start_span(f"send {topic}", parent, trace.SpanKind.PRODUCER, attributes)
        _injected(trace.set_span_in_context(span, parent), headers)
        return _Sending(topic, span)

    def delivered(self, sending: object, delivered: Delivered, latency: float) -> None:
        """End the span with the position of the message."""
        assert isinstance(sending, _Sending)
        sending.span.set_attribute(_PARTITION, str(delivered.partition))
        sending.span.set_attribute("messaging.kafka.offset", delivered.offset)
        sending.span.end()
        measured = _attributes(sending.topic, "send", "send") | self._server
        measured[_PARTITION] = str(delivered.partition)
        self._sent.add(1, measured)
        self._operations.record(latency, measured)

    def undelivered(self, sending: object, error: DeliveryError) -> None:
        """End the span with the error."""
        assert isinstance(sending, _Sending)
        _fail(sending.span, error, error.code or "_OTHER")
        sending.span.end()
        measured = _attributes(sending.topic, "send", "send") | self._server
        measured["error.type"] = error.code or "_OTHER"
        self._sent.add(1, measured)
        self._operations.record(time.perf_counter() - sending.began, measured)

    # --- consuming --------------------------------------------------------------------------------

    def received(self, messages: Sequence[AnyMessage], group: str) -> None:
        """Record a span with links to the contexts of the messages."""
        from opentelemetry import trace

        for topic, several in _by_topic(messages).items():
            attributes = _attributes(topic, "poll", "receive") | _of_group(group)
            self._consumed.add(len(several), attributes | self._server)
            self._tracer.start_span(
                f"poll {topic}",
                kind=trace.SpanKind.CLIENT,
                attributes=attributes | self._client | {_COUNT: len(several)},
                links=_links(several),
            ).end()

    def handling(
        self, messages: Sequence[AnyMessage], group: str
    ) -> AbstractContextManager[object]:
        """Return the span around the handler, current while it runs."""
        return self._span_around(messages, group)

    @contextmanager
    def _span_around(self, messages: Sequence[AnyMessage], group: str) -> Generator[Span]:
        from opentelemetry import trace

        first, single = messages[0], len(messages) == 1
        measured = _attributes(first.topic, "process", "process") | _of_group(group) | self._server
        attributes = measured | self._client
        if single:
            attributes |= {_PARTITION: str(first.partition), "messaging.kafka.offset": first.offset}
            if first.key is not None:
                attributes["messaging.kafka.message.key"] = str(first.key)
            if first.value is None:
                attributes["messaging.kafka.message.tombstone"] = True
        else:
            attributes[_COUNT] = len(messages)
        span = self._tracer.start_span(
            f"process {first.topic}",
            _extracted(first.headers) if single else None,
            trace.SpanKind.CONSUMER,
            attributes,
            links=_links(messages),
        )
        began = time.perf_counter()
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield span
        except BaseException as error:
            name = type(error).__qualname__
            measured["error.type"] = name
            _fail(span, error, name)
            raise
        finally:
            span.end()
            self._handling.record(time.perf_counter() - began, measured)

    def polled(
        self, topic: str, count: int, group: str, duration: float, error: str | None
    ) -> None:
        """Measure a poll."""
        measured = _attributes(topic, "poll", "receive") | _of_group(group) | self._server
        if error is not None:
            measured["error.type"] = error
        self._operations.record(duration, measured)

    def committed(
        self, offsets: Mapping[Partition, int], group: str, duration: float, error: str | None
    ) -> None:
        """Record a span for each topic. A commit in the background has no duration to measure."""
        from opentelemetry import trace

        ended = time.time_ns()
        for topic in sorted({topic for topic, _ in offsets}):
            measured = _attributes(topic, "commit", "settle") | _of_group(group) | self._server
            if error is not None:
                measured["error.type"] = error
            attributes = measured | self._client
            numbers = [number for each, number in offsets if each == topic]
            if len(numbers) == 1:
                attributes[_PARTITION] = str(numbers[0])
                attributes["messaging.kafka.offset"] = offsets[topic, numbers[0]]
            span = self._tracer.start_span(
                f"commit {topic}",
                kind=trace.SpanKind.CLIENT,
                attributes=attributes,
                start_time=ended - round(duration * 1e9),
            )
            if error is not None:
                span.set_status(trace.StatusCode.ERROR, error)
            span.end(ended)
            if duration:
                self._operations.record(duration, measured)

    def retrying(
        self, message: AnyMessage, error: BaseException, attempt: int, delay: float
    ) -> None:
        """Count a retry."""
        self._retried.add(1, self._of_failure(message, error))

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        """Count a dead-lettered message."""
        self._dead_lettered.add(1, self._of_failure(message, error))

    def lag(self, lag: Mapping[Partition, int], group: str) -> None:
        """Keep the lag until it is collected."""
        self._lag.keep(lag, _SYSTEM | _of_group(group) | self._server)

    def _of_failure(self, message: AnyMessage, error: BaseException) -> Attributes:
        found = _SYSTEM | {"messaging.destination.name": message.topic} | self._server
        if self._group is not None:
            found |= _of_group(self._group)
        found["error.type"] = type(error).__qualname__
        return found


_LAG_LIFETIME: Final = 30.0
"""Seconds for which the lag of a partition is reported. A partition that is revoked is another
member's to report; nobody says of it that it is gone."""


class _Lag:
    """The lag of partitions, for an asynchronous gauge."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[int, float, Attributes]] = {}

    def keep(self, lag: Mapping[Partition, int], common: Attributes) -> None:
        """Keep the lag of partitions, with attributes that they have in common."""
        now = time.monotonic()
        for (topic, number), count in lag.items():
            attributes = common | {"messaging.destination.name": topic, _PARTITION: str(number)}
            self._known[tuple(sorted(attributes.items()))] = count, now, attributes

    def observe(self, _: CallbackOptions) -> Iterable[Observation]:
        """Return what is known, without what is old."""
        from opentelemetry.metrics import Observation

        earliest = time.monotonic() - _LAG_LIFETIME
        for key, (_count, at, _attributes) in list(self._known.items()):
            if at < earliest:
                self._known.pop(key, None)
        known = list(self._known.values())
        return [Observation(count, attributes) for count, _, attributes in known]


_SYSTEM: Final[Attributes] = {"messaging.system": "kafka"}
_PARTITION: Final = "messaging.destination.partition.id"
_COUNT: Final = "messaging.batch.message_count"


class _Sending:
    """Span of an in-flight message."""

    __slots__ = ("began", "span", "topic")

    def __init__(self, topic: str, span: Span) -> None:
        self.began = time.perf_counter()
        self.topic = topic
        self.span = span


def _attributes(topic: str, operation: str, type_: str) -> Attributes:
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "messaging.operation.name": operation,
        "messaging.operation.type": type_,
    }


def _of_group(group: str) -> Attributes:
    return {"messaging.consumer.group.name": group}


def _fail(span: Span, error: BaseException, error_type: str) -> None:
    from opentelemetry.trace import StatusCode

    with suppress(Exception):  # which asks the exception for its text
        span.record_exception(error)
    span.set_status(StatusCode.ERROR, exception_text(error))
    span.set_attribute("error.type", error_type)


def _by_topic(messages: Sequence[AnyMessage]) -> dict[str, list[AnyMessage]]:
    found: dict[str, list[AnyMessage]] = {}
    for message in messages:
        found.setdefault(message.topic, []).append(message)
    return found


# --- context in headers ---------------------------------------------------------------------------


def _injected(context: Context, headers: list[HeaderLike]) -> None:
    """Write a context to headers; replace an existing one."""
    from opentelemetry import propagate

    fields: dict[str, str] = {}
    propagate.inject(fields, context)
    headers[:] = [header for header in headers if header[0] not in fields]
    headers.extend(fields.items())


def _extracted(headers: Iterable[Header] | Iterable[HeaderLike]) -> Context:
    from opentelemetry import propagate

    fields: dict[str, list[str]] = {}
    for name, value in headers:
        if value is not None:
            text = value if isinstance(value, str) else value.decode("utf-8", "replace")
            fields.setdefault(name, []).append(text)
    return propagate.extract(fields)


def _links(messages: Sequence[AnyMessage]) -> list[Link]:
    from opentelemetry import trace

    contexts = (
        trace.get_current_span(_extracted(message.headers)).get_span_context()
        for message in messages
    )
    return [trace.Link(context) for context in contexts if context.is_valid]
