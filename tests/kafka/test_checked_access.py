"""Bytes that any client may have written, and texts that C code must not be given."""

from __future__ import annotations

from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from avrogen.kafka.checked_access import (
    UNREADABLE_NAME,
    error_text,
    repair_headers,
    text_problem,
)
from avrogen.kafka.cluster_metadata import list_partitions
from avrogen.testing.broker import EmbeddedBroker
from tests.support.librdkafka import produce_bytes

NAMES = [
    [(b"\xff", b"1")],
    [(b"a", b"1"), (b"\xff\xfe", None), (b"b", None), (b"\xc3", b""), (b"", b"2")],
    [(b"\xed\xa0\x80", b"1"), (b"\xed\xa0\x80", b"2"), (b"\xf5", b"3")],
    [(b"ok", b"1"), ("Zoë".encode(), b"\xff")],
]


@pytest.mark.parametrize("headers", NAMES)
def test_headers_with_any_name_can_be_read_again_and_again(
    broker: EmbeddedBroker, headers: list[tuple[bytes, bytes | None]]
) -> None:
    broker.create_topic("t")
    produce_bytes(broker.bootstrap_servers, "t", b"value", headers=headers)
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g"})
    consumer.assign([TopicPartition("t", 0, 0)])
    raw = consumer.poll(30)
    consumer.close()
    assert raw is not None
    expected: list[tuple[str, bytes | None]] = []
    for name, value in headers:
        try:
            expected.append((name.decode(), value))
        except UnicodeDecodeError:
            expected.append((UNREADABLE_NAME, value))
    for _ in range(3):
        repair_headers(raw)
        assert raw.headers() == expected
    assert (raw.key(), raw.value()) == (b"raw", b"value")


def test_the_last_of_many_messages_is_repaired_as_the_first(broker: EmbeddedBroker) -> None:
    """Python specialises calls that are made often, and does not check their results any more."""
    broker.create_topic("t")
    number = 40
    for _ in range(number):
        produce_bytes(broker.bootstrap_servers, "t", b"value", headers=[(b"\xff", b"1")])
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g"})
    consumer.assign([TopicPartition("t", 0, 0)])
    found: list[Message] = []
    while len(found) < number:
        found += consumer.consume(number, 1.0)
    consumer.close()
    for raw in found:
        repair_headers(raw)
        assert raw.headers() == [(UNREADABLE_NAME, b"1")]


class Refusing(Message):
    """A message of a confluent-kafka that keeps nothing of headers that it cannot read."""

    repaired: Any = None

    def headers(self) -> Any:
        if self.repaired is None:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return self.repaired

    def set_headers(self, headers: Any) -> None:
        self.repaired = headers


def test_headers_of_which_nothing_is_left_are_said_to_have_been_there() -> None:
    raw = Refusing()
    repair_headers(raw)
    assert raw.headers() == [(UNREADABLE_NAME, None)]


class Said:
    """An error with bytes of a broker in its text."""

    def name(self) -> str:
        return "_AUTHENTICATION"

    def str(self) -> str:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


def test_the_text_of_an_error_may_be_any_bytes() -> None:
    error = cast("KafkaError", Said())
    assert error_text(error) == "_AUTHENTICATION, with a text that is not UTF-8"
    assert error_text(KafkaError(KafkaError._TRANSPORT, "down")) == "down"


def test_metadata_with_any_bytes_is_an_error_of_kafka() -> None:
    class Listing:
        def list_topics(self, *_: object, **__: object) -> object:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    with pytest.raises(KafkaException, match="a name that is not UTF-8"):
        list_partitions(cast("Consumer", Listing()), "t", 1.0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", None),
        ("Zoë \U0001f600", None),
        ("a\0b", "has a NUL character"),
        ("a\udcff", "has half of a surrogate pair, U+DCFF"),
        ("\ud800", "has half of a surrogate pair, U+D800"),
    ],
)
def test_texts_that_c_code_takes(text: str, problem: str | None) -> None:
    assert text_problem(text) == problem
