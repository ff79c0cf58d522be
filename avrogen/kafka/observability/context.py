"""W3C trace context: which request a message belongs to, in its headers ``traceparent`` and
``tracestate``.

A service that makes no spans of its own hands on what it was given, unchanged, as the
recommendation asks of it: what is sent while a message is handled carries the message's context.

Source: www.w3.org/TR/trace-context/

The message in hand: what log records say of it, and what is sent meanwhile carries on.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from avrogen.kafka.observability.observer import AnyMessage

if TYPE_CHECKING:
    from avrogen.kafka.message import Header

__all__ = [
    "TRACEPARENT",
    "TRACESTATE",
    "MessageFields",
    "TraceContext",
    "current_message",
    "current_trace",
    "handling_message",
]

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<parent_id>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_LONGEST_STATE = 8192
"""Characters. The recommendation asks for 512 at least; what is longer is left out."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """What the two headers say.

    Attributes:
        traceparent: version, trace, parent and flags, as in the header.
        tracestate: what tracing systems have added; None if there is nothing.
    """

    traceparent: str
    tracestate: str | None = None

    @classmethod
    def parse(cls, traceparent: str, tracestate: str | None = None) -> TraceContext | None:
        """Read the values of the headers; None if they are invalid, and a new trace begins."""
        match = _TRACEPARENT.fullmatch(traceparent)
        if match is None or match["version"] == "ff":
            return None
        if match["version"] == "00" and match["more"]:
            return None
        if not match["trace_id"].strip("0") or not match["parent_id"].strip("0"):
            return None
        if tracestate is not None and not 0 < len(tracestate) <= _LONGEST_STATE:
            tracestate = None
        return cls(traceparent, tracestate)

    @classmethod
    def from_headers(cls, headers: Iterable[Header]) -> TraceContext | None:
        """Find it among a message's headers; None if it is not there, twice there, or invalid."""
        parents: list[str] = []
        states: list[str] = []
        for name, value in headers:
            if value is not None and name in (TRACEPARENT, TRACESTATE):
                found = parents if name == TRACEPARENT else states
                found.append(value.decode("ascii", "replace"))
        if len(parents) != 1:
            return None
        # Several headers are one list (RFC 9110, 5.3).
        return cls.parse(parents[0], ",".join(states) or None)

    @property
    def trace_id(self) -> str:
        """The id of the whole trace, 32 hexadecimal digits."""
        return self.traceparent[3:35]

    @property
    def parent_id(self) -> str:
        """The id of the span that sent the message, 16 hexadecimal digits."""
        return self.traceparent[36:52]

    @property
    def sampled(self) -> bool:
        """Whether the caller may have recorded the trace."""
        return bool(int(self.traceparent[53:55], 16) & 1)

    def headers(self) -> list[Header]:
        """The headers that say it."""
        pairs: list[Header] = [(TRACEPARENT, self.traceparent.encode())]
        if self.tracestate is not None:
            pairs.append((TRACESTATE, self.tracestate.encode()))
        return pairs

    @contextmanager
    def active(self) -> Generator[None]:
        """What is sent in this block carries this context."""
        token = current_trace.set(self)
        try:
            yield
        finally:
            current_trace.reset(token)


current_trace: ContextVar[TraceContext | None] = ContextVar("current_trace", default=None)
"""The context that what is sent now belongs to; None if there is none."""


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
