"""The message in hand: what log records say of it, and what is sent meanwhile carries on."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from avrogen.kafka.observing.observer import AnyMessage
from avrogen.kafka.observing.trace_context import TraceContext, current_trace

__all__ = ["MessageFields", "current_message", "handling_message"]

current_message: ContextVar[AnyMessage | None] = ContextVar("current_message", default=None)
"""The message that a handler has in hand here; None outside of handlers, and for batches."""


@contextmanager
def handling_message(message: AnyMessage) -> Generator[None]:
    """Around the handler of a message: it is current, and so is its trace context."""
    token = current_message.set(message)
    trace_token = current_trace.set(TraceContext.from_headers(message.headers))
    try:
        yield
    finally:
        current_trace.reset(trace_token)
        current_message.reset(token)


class MessageFields(logging.Filter):
    """Adds to log records which message is in hand.

    Add it to a handler of :mod:`logging`, and records made while a message is handled have the
    attributes ``topic``, ``partition``, ``offset``, ``trace_id`` (of ``traceparent``), and one for
    each header that is asked for, as text. Elsewhere, they are None.

    Args:
        headers: names of headers; each becomes an attribute of that name.
    """

    def __init__(self, *headers: str) -> None:
        super().__init__()
        self._headers = headers

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes, where the record has none of that name already."""
        fields = vars(record)
        for name, value in self._fields().items():
            fields.setdefault(name, value)
        return True

    def _fields(self) -> dict[str, object]:
        message, trace = current_message.get(), current_trace.get()
        fields: dict[str, object] = {
            "topic": message and message.topic,
            "partition": None if message is None else message.partition,
            "offset": None if message is None else message.offset,
        }
        for name in self._headers:
            value = None if message is None else message.headers.get(name)
            fields[name] = value if value is None else value.decode("utf-8", "replace")
        if fields.get("trace_id") is None:
            fields["trace_id"] = trace and trace.trace_id
        return fields
