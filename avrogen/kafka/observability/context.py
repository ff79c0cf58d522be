"""Context of the handler that runs: its message and the W3C trace context of it.

The trace context is in the headers ``traceparent`` and ``tracestate``. A service without spans of
its own propagates it unchanged, as the recommendation demands: messages that are sent by a handler
have the trace context of its message.

Source: www.w3.org/TR/trace-context/
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
    "MessageTrace",
    "TraceContext",
    "current_message",
    "current_trace",
]

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<parent_id>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_LONGEST_STATE: Final = 8192
"""Maximum characters of ``tracestate``, of which the recommendation demands 512."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Content of the two headers.

    Attributes:
        traceparent: version, trace, parent and flags, as in the header.
        tracestate: additions of tracing systems; None if there are none.
    """

    traceparent: str
    tracestate: str | None = None

    @classmethod
    def parse(cls, traceparent: str, tracestate: str | None = None) -> TraceContext | None:
        """Parse the values of the headers; None if they are invalid: then a new trace begins."""
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
        """Parse the headers of a message; None if they are missing, repeated or invalid."""
        parents: list[str] = []
        states: list[str] = []
        for name, value in headers:
            if value is not None and name in (TRACEPARENT, TRACESTATE):
                found = parents if name == TRACEPARENT else states
                found.append(value.decode("ascii", "replace"))
        if len(parents) != 1:
            return None
        # Repeated headers form one list (RFC 9110, 5.3).
        return cls.parse(parents[0], ",".join(states) or None)

    @property
    def trace_id(self) -> str:
        """Id of the whole trace, 32 hexadecimal digits."""
        return self.traceparent[3:35]

    @property
    def parent_id(self) -> str:
        """Id of the span that sent the message, 16 hexadecimal digits."""
        return self.traceparent[36:52]

    @property
    def sampled(self) -> bool:
        """True if the sender may have recorded the trace."""
        return bool(int(self.traceparent[53:55], 16) & 1)

    def headers(self) -> list[Header]:
        """Return the two headers."""
        pairs: list[Header] = [(TRACEPARENT, self.traceparent.encode())]
        if self.tracestate is not None:
            pairs.append((TRACESTATE, self.tracestate.encode()))
        return pairs

    @contextmanager
    def active(self) -> Generator[None]:
        """Add this context to messages that are sent in this block."""
        token = current_trace.set(self)
        try:
            yield
        finally:
            current_trace.reset(token)


class MessageTrace:
    """Trace context of a message with headers, parsed when it is asked for."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Iterable[Header]) -> None:
        self._headers = headers

    @property
    def trace_id(self) -> str | None:
        """Id of the whole trace; None: the message has none."""
        trace = TraceContext.from_headers(self._headers)
        return None if trace is None else trace.trace_id

    def headers(self) -> list[Header]:
        """Return the two headers; none if those of the message are missing or invalid."""
        trace = TraceContext.from_headers(self._headers)
        return [] if trace is None else trace.headers()


current_trace: ContextVar[TraceContext | MessageTrace | None] = ContextVar(
    "current_trace", default=None
)
"""Trace context of messages that are sent now; None if there is none."""

current_message: ContextVar[AnyMessage | None] = ContextVar("current_message", default=None)
"""Message of the handler that runs here; None outside of handlers, and for batches."""


class MessageFields(logging.Filter):
    """Logging filter that adds the current message to log records.

    Add it to a handler of :mod:`logging`. Records that are logged by a message handler get the
    attributes ``topic``, ``partition``, ``offset``, ``trace_id`` (of ``traceparent``), and one for
    each given header, as text. Outside of message handlers they are None.

    Args:
        headers: names of headers; each becomes an attribute of that name.
    """

    def __init__(self, *headers: str) -> None:
        super().__init__()
        self._headers = headers

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes that the record does not have yet."""
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
