"""Log records and observers, without a broker."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from avrogen import DeliveryError, Headers, Message
from avrogen.kafka.consumer.runner_core import current_messages, make_current
from avrogen.kafka.message import Delivered, Header, HeaderLike
from avrogen.kafka.observability.context import MessageFields, current_message
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.observability.observer import (
    AnyMessage,
    ClientInfo,
    Observer,
    Partition,
    isolate,
    wants_lag,
)

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


def message(*headers: Header) -> Message[str, str]:
    return Message(
        key="k",
        value="v",
        topic="orders",
        partition=0,
        offset=7,
        timestamp=None,
        headers=Headers(headers),
        raw_key=b"k",
        raw_value=b"v",
    )


@contextmanager
def handling(*headers: Header) -> Generator[None]:
    with current_messages():
        make_current(message(*headers))
        yield


def record() -> logging.LogRecord:
    return logging.LogRecord("shop", logging.INFO, __file__, 1, "hello", (), None)


def test_log_records_say_which_message_is_in_hand() -> None:
    fields = MessageFields("trace_id", "tenant")
    inside, outside = record(), record()
    with handling(("trace_id", b"abc"), ("tenant", "Zoë".encode())):
        assert fields.filter(inside)
    assert fields.filter(outside)
    names = ("topic", "partition", "offset", "trace_id", "tenant")
    assert [vars(inside)[name] for name in names] == ["orders", 0, 7, "abc", "Zoë"]
    assert [vars(outside)[name] for name in names] == [None] * 5


def test_the_trace_id_is_that_of_the_trace_context() -> None:
    parent = f"00-{TRACE_ID}-b7ad6b7169203331-01".encode()
    inside = record()
    with handling(("traceparent", parent)):
        MessageFields().filter(inside)
    assert vars(inside)["trace_id"] == TRACE_ID


def test_fields_that_a_record_has_stay() -> None:
    own = record()
    vars(own)["topic"] = "own"
    with handling():
        MessageFields().filter(own)
    assert vars(own)["topic"] == "own"


def test_no_message_is_in_hand_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), handling():
        raise ZeroDivisionError
    assert current_message.get() is None


def test_events_are_for_people_and_machines(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "avrogen.kafka"):
        log_event(logging.INFO, "producer.started", topic="orders", client=None)
        log_event(logging.DEBUG, "too.quiet")
    (only,) = caplog.records
    assert only.getMessage() == "producer.started topic=orders"
    assert vars(only)["event"] == "producer.started"
    assert vars(only)["topic"] == "orders"


class Broken(Observer):
    """Raises whatever is called."""

    def sending(self, topic: str, key: object, value: object, headers: list[HeaderLike]) -> object:
        raise ValueError

    def delivered(self, sending: object, delivered: Delivered, latency: float) -> None:
        raise ValueError

    def undelivered(self, sending: object, error: DeliveryError) -> None:
        raise ValueError

    def received(self, messages: Sequence[AnyMessage], group: str) -> None:
        raise ValueError

    def handling(
        self, messages: Sequence[AnyMessage], group: str
    ) -> AbstractContextManager[object]:
        raise ValueError

    def retrying(
        self, message: AnyMessage, error: BaseException, attempt: int, delay: float
    ) -> None:
        raise ValueError

    def unreadable(self, message: AnyMessage, error: BaseException) -> None:
        raise ValueError

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        raise ValueError

    def skipped(self, partition: Partition, offset: int, name: str, group: str) -> None:
        raise ValueError

    def assigned(self, partitions: Sequence[Partition], group: str) -> None:
        raise ValueError

    def revoked(self, partitions: Sequence[Partition], group: str) -> None:
        raise ValueError

    def lost(self, partitions: Sequence[Partition], group: str) -> None:
        raise ValueError

    def polled(
        self, topic: str, count: int, group: str, duration: float, error: str | None
    ) -> None:
        raise ValueError

    def committed(
        self, offsets: Mapping[Partition, int], group: str, duration: float, error: str | None
    ) -> None:
        raise ValueError

    def lag(self, lag: Mapping[Partition, int], group: str) -> None:
        raise ValueError

    def offset_reset(self, partition: Partition, offset: int, to: str, group: str) -> None:
        raise ValueError

    def for_client(self, client: ClientInfo) -> Observer:
        raise ValueError

    def statistics(self, statistics: dict[str, Any]) -> None:
        raise ValueError


def test_mistakes_of_observers_are_logged_and_go_no_further(
    caplog: pytest.LogCaptureFixture,
) -> None:
    observer = isolate(Broken())
    assert observer is not None
    error = DeliveryError("no")
    calls: dict[str, tuple[object, ...]] = {
        "sending": ("orders", None, None, []),
        "delivered": (None, None, 0.1),
        "undelivered": (None, error),
        "received": ([], "g"),
        "retrying": (message(), error, 1, 0.1),
        "unreadable": (message(), error),
        "dead_lettered": (message(), error, "dlq"),
        "skipped": (("orders", 0), 7, "shop.Shipped", "g"),
        "assigned": ([], "g"),
        "revoked": ([], "g"),
        "lost": ([], "g"),
        "polled": ("orders", 1, "g", 0.1, None),
        "committed": ({("orders", 0): 1}, "g", 0.1, None),
        "lag": ({("orders", 0): 1}, "g"),
        "for_client": (ClientInfo("id", ()),),
        "offset_reset": (("orders", 0), 7, "end", "g"),
        "statistics": ({},),
    }
    for name, arguments in calls.items():
        getattr(observer, name)(*arguments)
    handled = False
    with observer.handling([message()], "g"):
        handled = True
    assert handled
    failed = [r.getMessage().rpartition(".")[2] for r in caplog.records]
    assert sorted(failed) == sorted([*calls, "handling"])
    public = {name for name in vars(Observer) if not name.startswith("_")}
    assert set(failed) == public, "every method is guarded"


def test_an_observer_for_a_client_may_be_another_one() -> None:
    told: list[tuple[ClientInfo, str]] = []

    class Bound(Observer):
        def __init__(self, client: ClientInfo) -> None:
            self.client = client

        def sending(
            self, topic: str, key: object, value: object, headers: list[HeaderLike]
        ) -> object:
            told.append((self.client, topic))
            return None

    class Root(Observer):
        def for_client(self, client: ClientInfo) -> Observer:
            return Bound(client)

    client = ClientInfo("billing-0", (("broker-1", 9092),))
    bound = isolate(Root(), client)
    assert bound is not None
    bound.sending("orders", None, None, [])
    assert told == [(client, "orders")]
    assert not wants_lag(bound) and wants_lag(isolate(Broken(), client))


class Around(Observer):
    """Keeps what handlers raise, and tries to swallow it."""

    def __init__(self, *, fail: bool) -> None:
        self.seen: list[BaseException | None] = []
        self._fail = fail

    def handling(
        self, messages: Sequence[AnyMessage], group: str
    ) -> AbstractContextManager[object]:
        @contextmanager
        def around() -> Any:
            try:
                yield
                self.seen.append(None)
            except BaseException as error:
                self.seen.append(error)
            if self._fail:
                raise ValueError("on the way out")

        return around()


@pytest.mark.parametrize("fail", [False, True])
def test_what_handlers_raise_is_seen_and_passes_through(
    caplog: pytest.LogCaptureFixture, fail: bool
) -> None:
    around = Around(fail=fail)
    observer = isolate(around)
    assert observer is not None
    with observer.handling([message()], "g"):
        pass
    with pytest.raises(KeyError), observer.handling([message()], "g"):
        raise KeyError("k")
    assert [type(error) for error in around.seen] == [type(None), KeyError]
    assert len(caplog.records) == (2 if fail else 0)


def test_no_observer_is_none() -> None:
    assert isolate(None) is None
