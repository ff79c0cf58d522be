"""What arrives on a topic for what was sent, on all clusters."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from avrogen import Delivered, EncodeError, Schema, TimestampNanos
from avrogen.kafka.message import HeadersLike
from avrogen.kafka.observability.context import TraceContext
from avrogen.kafka.topic import KeyType, Topic
from avrogen.kafka.wire_format import unframe
from generated_example import (
    OrderCancelled,
    ParcelKey,
    ParcelScanned,
    Sha256,
    Stop,
    period,
)
from generated_example.com.example import Event
from tests.kafka.producer.murmur2 import partition_of
from tests.support.clients import producer_of
from tests.support.clusters import AnyCluster
from tests.support.events import AT, cancelled, event, events_producer, orders_producer


def test_a_message_arrives_as_registries_have_it(cluster: AnyCluster) -> None:
    topic = cluster.topic(3)
    before = datetime.now(UTC) - timedelta(seconds=1)
    with orders_producer(topic)(cluster.config, register=True) as orders:
        delivered = orders.send(cancelled(7)).result(30)
    (record,) = cluster.records(topic)
    key = "00000000-0000-0000-0000-000000000007"
    assert delivered == Delivered(topic, partition_of(key.encode(), 3), 0, delivered.timestamp)
    assert (record.partition, record.offset) == (delivered.partition, 0)
    assert record.key == key.encode()
    assert record.value is not None
    assert OrderCancelled.from_avro(unframe(record.value).body) == cancelled(7)
    assert record.headers == ()
    assert before < record.timestamp < datetime.now(UTC) + timedelta(seconds=1)


def test_each_type_has_the_id_of_its_subject(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    with orders_producer(topic)(cluster.config, register=True) as orders:
        orders.send(cancelled())
        found = orders.client.registry.version(f"{topic}-com.acme.shop.OrderCancelled", "latest")
        other = orders.client.registry.version(f"{topic}-com.acme.shop.OrderPlaced", "latest")
    (record,) = cluster.records(topic)
    assert record.value is not None and found is not None and other is not None
    assert unframe(record.value).schema == found.id != other.id
    assert Schema.parse(found.schema.text) == OrderCancelled.__avro_schema__


@pytest.mark.parametrize(
    ("key_type", "key", "data"),
    [
        ("string", "Zoë", "Zoë".encode()),
        ("string", "", b""),
        ("bytes", b"\x00\xff", b"\x00\xff"),
        ("int", -2, b"\xff\xff\xff\xfe"),
        ("long", 258, b"\x00\x00\x00\x00\x00\x00\x01\x02"),
        ("double", 1.5, b"\x3f\xf8\x00\x00\x00\x00\x00\x00"),
        ("boolean", True, b"\x01"),
    ],
)
def test_keys_that_are_primitive(
    cluster: AnyCluster, key_type: KeyType, key: object, data: bytes
) -> None:
    topic = cluster.topic()
    with events_producer(topic, key=key_type)(cluster.config, register=True) as events:
        events.send(event(), key=key)
    assert [record.key for record in cluster.records(topic)] == [data]


@pytest.mark.parametrize(
    ("owner", "key"),
    [
        (ParcelKey, ParcelKey(carrier="DHL", tracking_number="0034")),
        (Sha256, Sha256(b"\x01" * 32)),
        (period, period.from_avro(b"\x01" * 12)),
    ],
    ids=["record", "fixed", "logical type"],
)
def test_keys_that_are_avro(cluster: AnyCluster, owner: Any, key: object) -> None:
    topic = cluster.topic()
    with events_producer(topic, key=owner)(cluster.config, register=True) as events:
        found = events.client.registry.version(f"{topic}-key", "latest")
        events.send(event(), key=key)
    (record,) = cluster.records(topic)
    assert record.key is not None and found is not None
    assert unframe(record.key).schema == found.id
    assert owner.from_avro(unframe(record.key).body) == key


def test_a_key_that_is_given_goes_before_the_field(cluster: AnyCluster) -> None:
    topic: Topic[ParcelKey, ParcelScanned] = Topic(
        cluster.topic(), value=(ParcelScanned,), key=ParcelKey, key_field="parcel"
    )
    own, given = (ParcelKey(carrier=name, tracking_number="1") for name in ("own", "given"))
    scanned = ParcelScanned(
        parcel=own,
        order_id=UUID(int=1),
        scanner=UUID(int=2),
        scanned_at=TimestampNanos(3),
        hub_time=datetime(2025, 1, 1),
        route=Stop(hub="HAM", next=None),
    )
    with producer_of(topic)(cluster.config, register=True) as parcels:
        parcels.send(scanned)
        parcels.send(scanned, key=given)
    keys = [record.key for record in cluster.records(topic.name)]
    assert [ParcelKey.from_avro(unframe(key).body) for key in keys if key] == [own, given]


def test_tombstones(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    producer = events_producer(topic, key="string", tombstones=True)
    with producer(cluster.config, register=True) as events:
        events.send(event(), key="a")
        events.send(None, key="a")
        with pytest.raises(EncodeError, match="need a key"):
            events.send(None)
    assert [(r.key, r.value is None) for r in cluster.records(topic)] == [
        (b"a", False),
        (b"a", True),
    ]


def test_headers(cluster: AnyCluster) -> None:
    topic = cluster.topic()

    def every(value: Event) -> HeadersLike | None:
        return {"resource": value.resource_id} if value.resource_id != "0" else None

    trace = TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1")
    with events_producer(topic)(cluster.config, register=True, headers=every) as events:
        events.send(event(0))
        events.send(event(1), headers=[("a", b"\xff"), ("a", "Zoë"), ("none", None)])
        with trace.active():
            events.send(event(2), headers={"a": "1"})
            events.send(event(0), headers={"traceparent": "own"})
    assert [record.headers for record in cluster.records(topic)] == [
        (),
        (("resource", b"1"), ("a", b"\xff"), ("a", "Zoë".encode()), ("none", None)),
        (
            ("resource", b"2"),
            ("a", b"1"),
            ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("tracestate", b"a=1"),
        ),
        (("traceparent", b"own"),),
    ]


def test_headers_of_every_message_that_are_always_the_same(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    producer = events_producer(topic)(cluster.config, register=True, headers={"service": "shop"})
    with producer as events:
        events.send(event(), headers={"service": "own"})
    (record,) = cluster.records(topic)
    assert record.headers == (("service", b"shop"), ("service", b"own"))


def test_timestamps(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    in_india = AT.astimezone(timezone(timedelta(hours=5.5)))
    with events_producer(topic)(cluster.config, register=True) as events:
        delivered = events.send(event(), timestamp=in_india).result(30)
    (record,) = cluster.records(topic)
    assert record.timestamp == AT
    if cluster.kind == "real":  # the embedded one acknowledges all with the same
        assert delivered.timestamp == AT


def test_subclasses_are_what_they_inherit_from(cluster: AnyCluster) -> None:
    class Special(Event):
        __slots__ = ()

    topic = cluster.topic()
    with events_producer(topic)(cluster.config, register=True) as events:
        for number in range(2):
            events.send(
                Special(
                    id="1",
                    timestamp=number,
                    type=event().type,
                    resource_id="1",
                    metadata={},
                )
            )
    read = [Event.from_avro(unframe(r.value).body) for r in cluster.records(topic) if r.value]
    assert [each.timestamp for each in read] == [0, 1]


def test_threads_may_share_a_producer(cluster: AnyCluster) -> None:
    topic = cluster.topic(2)
    sent: list[Future[Delivered]] = []
    with events_producer(topic)(cluster.config, register=True) as events:

        def send() -> None:
            sent.extend([events.send(event(number)) for number in range(500)])

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert events.flush(60) == 0
        counters = events.counters()
    assert (counters.sent, counters.delivered, counters.failed, counters.queued) == (
        2000,
        2000,
        0,
        0,
    )
    assert 0 < counters.mean_latency <= counters.max_latency < 60
    places = {(d.partition, d.offset) for d in (future.result(0) for future in sent)}
    assert places == {(r.partition, r.offset) for r in cluster.records(topic)}
    assert len(places) == 2000


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "another topic's type": ({"value": cancelled()}, "takes Event, not OrderCancelled"),
    "no type at all": ({"value": "text"}, "takes Event, not str"),
    "tombstone": ({"value": None}, "has no tombstones"),
    "bad field": ({"value": event("now")}, r"\$\.timestamp: expected an int, got 'now'"),  # type: ignore[arg-type] # that is what is tested
    "missing key": ({"key": None}, "need a key"),
    "wrong key": ({"key": 7}, "expected a key of type str, got int"),
    "header name": ({"headers": [(1, "a")]}, "expected a str as the name of a header, got int"),
    "header value": ({"headers": {"a": 1}}, 'header "a": expected str, bytes or None, got int'),
    "surrogate in a header name": ({"headers": {"\udcff": "a"}}, "U\\+DCFF"),
    "NUL in a header name": ({"headers": {"a\0b": "a"}}, "has a NUL character"),
    "surrogate in a header value": (
        {"headers": [("a", "\ud800")]},
        'header "a": the value has half of a surrogate pair',
    ),
    "surrogate in a key": ({"key": "\udcff"}, "surrogate"),
    "partition": ({"partition": -1}, "partition must be >= 0 and < 2.*, got -1"),
    "naive timestamp": ({"timestamp": datetime(2025, 1, 1)}, "with a time zone"),
    "early timestamp": ({"timestamp": datetime(1969, 1, 1, tzinfo=UTC)}, "after 1970"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_never_queued(cluster: AnyCluster, case: str) -> None:
    arguments, message = BAD[case]
    all_arguments: dict[str, Any] = {"value": event(), "key": "k", **arguments}
    topic = cluster.topic()
    with events_producer(topic, key="string")(cluster.config, register=True) as events:
        with pytest.raises(EncodeError, match=message):
            events.send(**all_arguments)
        assert events.counters().sent == 0
        assert events.send(event(), key="k").result(30).offset == 0


def test_a_key_where_there_are_none(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    with (
        events_producer(topic)(cluster.config, register=True) as events,
        pytest.raises(EncodeError, match="have no keys"),
    ):
        events.send(event(), key="k")
