"""Messages that are not delivered: each kind of failure, and who is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from confluent_kafka import KafkaError, KafkaException

from avrogen import ClosedError, DeliveryError
from avrogen.kafka.producer.producer_client import ProducerClient
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.events import event, events_producer

TOPIC = "events"
EVENTS = events_producer(TOPIC, key="string")


@dataclass(frozen=True)
class Shop:
    """A broker that can be told to fail, and settings of producers that give up soon."""

    broker: EmbeddedBroker
    config: dict[str, object]


@pytest.fixture
def shop(broker: EmbeddedBroker) -> Iterator[Shop]:
    """With a topic of one partition."""
    broker.create_topic(TOPIC)
    with EmbeddedRegistry() as registry:
        yield Shop(
            broker,
            {
                "bootstrap.servers": broker.bootstrap_servers,
                "schema.registry.url": registry.url,
                "delivery.timeout.ms": 1000,
                "linger.ms": 20,
                "reconnect.backoff.max.ms": 100,
            },
        )


@pytest.mark.parametrize(
    ("code", "retriable"),
    [
        ("TOPIC_AUTHORIZATION_FAILED", False),
        ("CLUSTER_AUTHORIZATION_FAILED", False),
        ("MSG_SIZE_TOO_LARGE", False),
        ("INVALID_RECORD", False),
        ("POLICY_VIOLATION", False),
    ],
)
def test_what_the_broker_refuses(shop: Shop, code: str, retriable: bool) -> None:
    with EVENTS(shop.config, register=True) as events:
        shop.broker.fail(RequestType.PRODUCE, getattr(KafkaError, code))
        refused = events.send(event(), key="Zoë")
        error = refused.exception(30)
    assert isinstance(error, DeliveryError)
    assert (error.topic, error.key, error.code) == (TOPIC, "Zoë", code)
    assert (error.retriable, error.fatal, error.undelivered) == (retriable, False, 1)
    assert isinstance(error.__cause__, KafkaException)
    assert str(error).startswith("not delivered: Broker: ")
    assert str(error).endswith(f"(topic {TOPIC}, key 'Zoë', {code})")
    assert shop.broker.records(TOPIC) == ()


@pytest.mark.parametrize(
    "code",
    ["NOT_ENOUGH_REPLICAS", "KAFKA_STORAGE_ERROR", "NOT_LEADER_FOR_PARTITION", "REQUEST_TIMED_OUT"],
)
def test_what_passes_is_sent_again_by_itself(shop: Shop, code: str) -> None:
    with EVENTS({**shop.config, "delivery.timeout.ms": 30_000}, register=True) as events:
        shop.broker.fail(RequestType.PRODUCE, getattr(KafkaError, code), times=2)
        assert events.send(event(), key="k").result(30).offset == 0


def test_too_large(shop: Shop) -> None:
    """librdkafka refuses it at once, and the future says so as for any failure."""
    with EVENTS({**shop.config, "message.max.bytes": 1000}, register=True) as events:
        refused = events.send(event(), key="k" * 2000)
        assert refused.done()
        with pytest.raises(
            DeliveryError,
            match=r"too large; key and value have 2,\d\d\d bytes, the producer takes messages of "
            r"1,000 \(message\.max\.bytes\)",
        ) as caught:
            refused.result()
    assert caught.value.code == "MSG_SIZE_TOO_LARGE"


def test_a_topic_that_is_not_there(shop: Shop) -> None:
    shop.broker.fail_topic("gone", KafkaError.UNKNOWN_TOPIC_OR_PART)
    config = {
        **shop.config,
        "delivery.timeout.ms": 30_000,
        "topic.metadata.propagation.max.ms": 100,
    }
    with (
        events_producer("gone")(config, register=True) as events,
        pytest.raises(DeliveryError, match="create the topic") as caught,
    ):
        events.send(event()).result(30)
    assert not caught.value.retriable


def test_a_partition_that_is_not_there(shop: Shop) -> None:
    with (
        EVENTS(shop.config, register=True) as events,
        pytest.raises(DeliveryError, match="the topic has fewer partitions"),
    ):
        events.send(event(), key="k", partition=5).result(30)


def test_time_runs_out(shop: Shop) -> None:
    with EVENTS(shop.config, register=True) as events:
        shop.broker.take_down()
        with pytest.raises(DeliveryError, match="no acknowledgement within") as caught:
            events.send(event(), key="k").result(30)
        assert caught.value.retriable and caught.value.code == "_MSG_TIMED_OUT"


def test_a_broker_that_comes_back(shop: Shop) -> None:
    with EVENTS({**shop.config, "delivery.timeout.ms": 30_000}, register=True) as events:
        events.send(event(), key="k").result(30)
        shop.broker.take_down()
        waiting = [events.send(event(), key=str(number)) for number in range(10)]
        assert events.flush(0.1) == 10
        shop.broker.bring_up()
        assert [future.result(30).offset for future in waiting] == list(range(1, 11))


# --- the end --------------------------------------------------------------------------------------


def test_what_is_not_delivered_at_the_end_is_raised_and_counted(shop: Shop) -> None:
    with pytest.raises(DeliveryError) as caught, EVENTS(shop.config, register=True) as events:
        events.send(event(), key="arrives").result(30)
        shop.broker.take_down()
        for number in range(3):
            events.send(event(), key=str(number))
    assert caught.value.undelivered == 3
    assert caught.value.retriable
    assert "3 messages were not delivered; the first: Local: Message timed out" in str(caught.value)


def test_what_raises_first_is_not_replaced(shop: Shop) -> None:
    with pytest.raises(ZeroDivisionError) as caught, EVENTS(shop.config, register=True) as events:
        shop.broker.take_down()
        events.send(event(), key="k")
        raise ZeroDivisionError
    assert [note.split(";")[0] for note in caught.value.__notes__] == [
        "1 message was not delivered"
    ]


def test_failures_that_were_seen_are_not_raised_again(shop: Shop) -> None:
    with EVENTS(shop.config, register=True) as events:
        shop.broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
        assert events.send(event(), key="k").exception(30) is not None
        assert events.counters().failed == 1


def test_closing_does_not_wait_longer_than_it_may(shop: Shop) -> None:
    events = EVENTS({**shop.config, "delivery.timeout.ms": 60_000}, register=True)
    shop.broker.take_down()
    given_up = events.send(event(), key="k")
    began = time.monotonic()
    with pytest.raises(
        DeliveryError, match="1 message was not delivered; the first: Local: Purged"
    ):
        events.close(0.1)
    assert time.monotonic() - began < 30, "that is half of what it would take to deliver"
    assert isinstance(given_up.exception(0), DeliveryError)


def test_a_closed_producer_sends_nothing(shop: Shop) -> None:
    with EVENTS(shop.config, register=True) as events:
        pass
    events.close()
    with pytest.raises(ClosedError, match="the producer for events was closed"):
        events.send(event(), key="k")
    with pytest.raises(ClosedError):
        events.client.check_usable()


# --- fatal errors ---------------------------------------------------------------------------------


def together(shop: Shop) -> dict[str, object]:
    """Settings with which messages are sent in one batch when they are flushed, and not before."""
    return {**shop.config, "linger.ms": 60_000, "delivery.timeout.ms": 120_000}


def test_a_fatal_error_ends_the_producer(shop: Shop) -> None:
    with EVENTS(together(shop), register=True) as events:
        events.send(event(), key="k")
        assert events.flush(30) == 0
        shop.broker.fail(RequestType.PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
        failed = [events.send(event(), key=str(number)) for number in range(3)]
        assert events.flush(30) == 0
        errors = [future.exception(30) for future in failed]
        assert [isinstance(error, DeliveryError) and error.fatal for error in errors] == [True] * 3
        for _ in range(2):
            with pytest.raises(
                DeliveryError, match="fatal error, the producer must be closed"
            ) as caught:
                events.send(event(), key="k")
            assert caught.value.fatal and not caught.value.retriable
    counters = events.counters()
    assert (counters.sent, counters.delivered, counters.failed) == (4, 1, 3)
    with pytest.raises(DeliveryError, match="fatal error, the producer must be closed"):
        EVENTS(client=events.client)


def test_a_fatal_error_while_others_poll(shop: Shop) -> None:
    """Whoever flushes confluent-kafka's producer gets the error; no future is forgotten.

    Reports are called with the exception pending then, after Python has specialised their code.
    """
    with EVENTS(together(shop), register=True) as events:
        for _ in range(500):
            events.send(event(), key="k")
        assert events.flush(30) == 0
        shop.broker.fail(RequestType.PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
        failed = [events.send(event(), key=str(number)) for number in range(3)]
        with suppress(KafkaException, SystemError):
            events.client.producer.flush(5)
        assert all(isinstance(future.exception(30), DeliveryError) for future in failed)
        with pytest.raises(DeliveryError, match="fatal error, the producer must be closed"):
            events.send(event(), key="k")


# --- back-pressure --------------------------------------------------------------------------------


def test_a_full_queue_makes_senders_wait(shop: Shop) -> None:
    config = {**shop.config, "queue.buffering.max.messages": 10, "delivery.timeout.ms": 60_000}
    with EVENTS(config, register=True) as events:
        sent = [events.send(event(), key=str(number)) for number in range(1000)]
        assert events.client.queued <= 1000
    assert sorted(future.result().offset for future in sent) == list(range(1000))


def test_a_queue_that_stays_full(shop: Shop) -> None:
    config = {**shop.config, "queue.buffering.max.messages": 2, "delivery.timeout.ms": 1500}
    with ProducerClient(config) as client, EVENTS(client=client, register=True) as events:
        # They wait for a partition that nobody leads, longer than the third waits for room.
        shop.broker.take_down()
        waiting = [events.send(event(), key="k") for _ in range(2)]
        client.delivery_timeout = 0.2
        with pytest.raises(
            DeliveryError, match=r"the queue was full \(.* messages\) for"
        ) as caught:
            events.send(event(), key="k")
        assert caught.value.retriable and caught.value.code == "_QUEUE_FULL"
        assert events.counters().sent == 2
        assert all(isinstance(future.exception(30), DeliveryError) for future in waiting)
