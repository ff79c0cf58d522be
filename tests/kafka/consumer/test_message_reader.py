"""Reading of messages: lazy parts, and the same messages by native code, in bulk and one by one."""

from __future__ import annotations

import copy
import pickle
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from confluent_kafka import Message as RawClass
from hypothesis import given
from hypothesis import strategies as st

from avrogen import Codec, Message, Schema
from avrogen.codec.backends import native_module
from avrogen.kafka.consumer.error_policy import Unreadable
from avrogen.kafka.consumer.message_reader import MessageReader, MessageUnreadable, SchemaNotCached
from avrogen.kafka.message import NO_HEADERS
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.kafka.topic import Topic
from avrogen.testing.registry.memory import MemoryRegistry

TEXT = '{"type": "array", "items": "long"}'
KeyType = Literal["string", "long", None]
TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def reader_of(key: KeyType, *, tombstones: bool = True) -> tuple[MessageReader[Any, Any], bytes]:
    registry = MemoryRegistry()
    registered = registry.register("t-value", SchemaText(TEXT))
    codec: Codec[Any] = Codec(Schema.embedded(TEXT))
    topic: Topic[Any, Any] = Topic("t", value=(codec,), key=key, tombstones=tombstones)
    reader: MessageReader[Any, Any] = MessageReader(topic, registry, in_background=False)
    reader.learn("value", registered.id)
    return reader, registered.id.to_bytes(5, "big")


def raw(offset: int, key: bytes | None, value: bytes | None, headers: Any = None) -> Any:
    at = (1, 1_700_000_000_000 + offset)
    return RawClass(
        topic="t",
        partition=3,
        offset=offset,
        key=key,
        value=value,
        headers=headers,
        timestamp=at,
    )


def read(read_ahead: Callable[[deque[Any]], Sequence[object]], raws: list[Any]) -> list[object]:
    """All messages, or the words of what is wrong with them, as runners meet them."""
    waiting = deque(raws)
    found: list[object] = []
    while waiting:
        try:
            messages = read_ahead(waiting)
        except SchemaNotCached as missing:
            found.append(("unknown", missing.key))
            waiting.popleft()
            continue
        except MessageUnreadable as error:
            unreadable = error.failure
            assert isinstance(unreadable, Unreadable)
            failure = unreadable.error
            notes = getattr(failure, "__notes__", None)
            found.append((type(failure), str(failure), notes, unreadable.stage))
            waiting.popleft()
            continue
        assert messages
        found += messages
        for _ in messages:
            waiting.popleft()
    return found


def one_by_one(reader: MessageReader[Any, Any], raws: list[Any]) -> list[object]:
    def alone(waiting: deque[Any]) -> list[Message[Any, Any]]:
        return [reader.read_one(waiting[0])]

    return read(alone, raws)


KEYS = st.sampled_from([b"a", b"\xff", b"", "é".encode(), (7).to_bytes(8, "big"), None])
HEADERS = st.sampled_from(
    [
        None,
        [],
        [TRACE],
        [("a", None), ("a", b"2"), TRACE],
        [("__value_schema_id", b"\x01" + bytes(16))],
        [("__value_schema_id", b"\x01")],
        [("__key_schema_id", b"\x01" + bytes(16))],
    ]
)
BODIES = st.sampled_from([b"\x00", b"\x02\x04\x00", b"\x02", b"", b"\x02\x04\x00x", b"\x01"])
FRAMES = st.sampled_from(["own", "own", "own", "other", "guid", "none", "tombstone"])


@given(
    st.lists(st.tuples(KEYS, FRAMES, BODIES, HEADERS), max_size=8),
    st.sampled_from(["string", "long", None]),
    st.booleans(),
)
def test_messages_are_the_same_however_they_are_read(
    parts: list[tuple[bytes | None, str, bytes, Any]], key: KeyType, tombstones: bool
) -> None:
    reader, prefix = reader_of(key, tombstones=tombstones)
    frames = {"own": prefix, "other": bytes([0, 0, 0, 0, 99]), "guid": b"\x01" + bytes(16)}

    def raws() -> list[Any]:
        return [
            raw(n, k, None if how == "tombstone" else frames.get(how, b"") + body, headers)
            for n, (k, how, body, headers) in enumerate(parts)
        ]

    expected = one_by_one(reader_of(key, tombstones=tombstones)[0], raws())
    assert read(reader.read_ahead, raws()) == expected
    reader.native_reader = None
    assert read(reader.read_ahead, raws()) == expected


def test_native_code_reads_them_if_it_is_the_backend() -> None:
    reader, prefix = reader_of("string")
    native: Any = native_module()
    assert (reader.native_reader is not None) is hasattr(native, "MessageReader")
    messages = reader.read_ahead(deque([raw(n, b"k", prefix + b"\x00") for n in range(100)]))
    assert [message.offset for message in messages] == list(range(64))


@pytest.mark.parametrize("headers", [None, [TRACE]])
def test_parts_that_few_read_are_like_others(headers: Any) -> None:
    reader, prefix = reader_of("string")

    def lazy() -> Message[Any, Any]:
        message = reader.read_ahead(deque([raw(7, b"k", prefix + b"\x02\x04\x00", headers)]))[0]
        assert isinstance(message, Message)
        return message

    whole = Message(
        key="k",
        value=[2],
        topic="t",
        partition=3,
        offset=7,
        timestamp=datetime.fromtimestamp(1_700_000_000.007, UTC),
        headers=type(NO_HEADERS)(headers or ()),
        raw_key=b"k",
        raw_value=prefix + b"\x02\x04\x00",
    )
    assert lazy() == whole
    assert whole == lazy()
    assert repr(lazy()) == repr(whole)
    assert pickle.loads(pickle.dumps(lazy())) == whole
    assert copy.copy(lazy()) == copy.deepcopy(lazy()) == whole
    assert replace(lazy(), offset=1) == replace(whole, offset=1)
    match lazy():
        case Message(raw_key=b"k", timestamp=datetime() as at):
            assert at == whole.timestamp
        case other:
            pytest.fail(repr(other))
    for name in ("timestamp", "headers", "raw_key", "raw_value", "value"):
        message = lazy()
        with pytest.raises(FrozenInstanceError):
            setattr(message, name, None)
        assert getattr(message, name) == getattr(whole, name)
        assert getattr(message, name) is getattr(message, name)
    messages: list[Any] = [lazy(), whole]
    for message in messages:
        with pytest.raises(AttributeError, match="'Message' object has no attribute 'time'"):
            message.time  # noqa: B018


@pytest.mark.parametrize("headers", [None, [TRACE]])
def test_large_values_are_not_read_far_ahead(headers: Any) -> None:
    reader, prefix = reader_of("string")
    numbers = 300_000
    length = bytes([numbers * 2 & 127 | 128, numbers * 2 >> 7 & 127 | 128, numbers * 2 >> 14])
    value = prefix + length + bytes(numbers) + b"\0"
    large = [raw(number, b"k", value, headers) for number in range(10)]
    assert len(reader.read_ahead(deque(large))) == 4
    reader.native_reader = None
    assert len(reader.read_ahead(deque(large))) == 4
