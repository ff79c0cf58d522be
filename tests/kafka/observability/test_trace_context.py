"""W3C trace context: what is one, and what is sent on."""

from __future__ import annotations

import pytest

from avrogen.kafka.message import Header
from avrogen.kafka.observability.context import TraceContext, current_trace

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_what_the_header_says() -> None:
    context = TraceContext.parse(PARENT, "congo=t61rcWkgMzE")
    assert context is not None
    assert context.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert context.parent_id == "b7ad6b7169203331"
    assert context.sampled
    assert context.headers() == [
        ("traceparent", PARENT.encode()),
        ("tracestate", b"congo=t61rcWkgMzE"),
    ]


@pytest.mark.parametrize(
    ("traceparent", "valid"),
    [
        (PARENT, True),
        (PARENT.replace("-01", "-00"), True),
        ("cc" + PARENT[2:], True),
        ("cc" + PARENT[2:] + "-what-the-future-holds", True),
        (PARENT + "-more", False),
        ("cc" + PARENT[2:] + "more", False),
        ("ff" + PARENT[2:], False),
        (PARENT.upper(), False),
        (PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32), False),
        (PARENT.replace("b7ad6b7169203331", "0" * 16), False),
        (PARENT[:-1], False),
        (PARENT + "\n", False),
        ("", False),
    ],
)
def test_contexts_by_the_recommendation(traceparent: str, valid: bool) -> None:
    assert (TraceContext.parse(traceparent) is not None) == valid


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        ([("traceparent", PARENT.encode())], TraceContext(PARENT)),
        ([("traceparent", None)], None),
        ([("traceparent", b"\xff")], None),
        ([("traceparent", PARENT.encode()), ("traceparent", PARENT.encode())], None),
        ([("Traceparent", PARENT.encode())], None),
        (
            [("tracestate", b"a=1"), ("traceparent", PARENT.encode()), ("tracestate", b"b=2")],
            TraceContext(PARENT, "a=1,b=2"),
        ),
        (
            [("traceparent", PARENT.encode()), ("tracestate", b"a=" + b"1" * 9000)],
            TraceContext(PARENT),
        ),
    ],
)
def test_contexts_among_headers(headers: list[Header], expected: TraceContext | None) -> None:
    assert TraceContext.from_headers(headers) == expected


def test_a_context_is_current_for_a_while() -> None:
    context = TraceContext(PARENT)
    with context.active():
        assert current_trace.get() is context
    assert current_trace.get() is None
