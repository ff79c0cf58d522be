"""Transactions: what is committed, aborted, tried again, and what ends a producer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from avrogen import DeliveryError, TransactionError
from avrogen.kafka.producer.transactions import BrokerTrouble, ErrorClass, classify_error
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.clusters import AnyCluster, fresh_name
from tests.support.events import committed_keys, event, events_producer
from tests.support.scenes import eventually

TOPIC = "events"


def transactional(cluster: AnyCluster, **settings: object) -> dict[str, object]:
    return {**cluster.config, "transactional.id": fresh_name("mover"), **settings}


# --- on a cluster that has them -------------------------------------------------------------------


def test_all_or_nothing(real: AnyCluster) -> None:
    topic = real.topic()
    producer = events_producer(topic, key="string")
    with producer(transactional(real), register=True) as events:
        with events.transaction():
            sent = [events.send(event(), key=name) for name in "ab"]
        assert all(future.done() for future in sent)
        with pytest.raises(ZeroDivisionError), events.transaction():
            events.send(event(), key="c")
            raise ZeroDivisionError
        assert events.counters().queued == 0
        with events.transaction():
            events.send(event(), key="d")
    assert committed_keys(real, topic) == [b"a", b"b", b"d"]


def test_a_message_that_fails_fails_the_transaction(real: AnyCluster) -> None:
    topic = real.topic()
    producer = events_producer(topic, key="string")
    with producer(transactional(real), register=True) as events:
        with pytest.raises(TransactionError) as caught, events.transaction():
            events.send(event(), key="a")
            events.send(event(), key="b", partition=7)
        assert str(caught.value) == (
            "messages of the transaction were not delivered: 1 (_UNKNOWN_PARTITION)"
        )
        assert isinstance(caught.value.__cause__, DeliveryError)
        assert not caught.value.retriable and not caught.value.fatal
        with events.transaction():
            events.send(event(), key="c")
    assert committed_keys(real, topic) == [b"c"]


def test_the_newer_producer_fences_the_older(real: AnyCluster) -> None:
    topic = real.topic()
    config = transactional(real)
    producer = events_producer(topic, key="string")
    older = producer(config, register=True)
    with older.transaction():
        older.send(event(), key="a")
    with producer(config) as newer:
        with pytest.raises(TransactionError) as caught, older.transaction():
            older.send(event(), key="b").result(30)
        assert caught.value.fatal
        with (
            pytest.raises(DeliveryError, match="fatal error, the producer must be closed"),
            older.transaction(),
        ):
            pass
        older.close()
        with newer.transaction():
            newer.send(event(), key="c")
    assert committed_keys(real, topic) == [b"a", b"c"]


def test_offsets_in_a_transaction(real: AnyCluster) -> None:
    source, target, group = real.topic(), real.topic(), fresh_name("group")
    with events_producer(source, key="string")(real.config, register=True) as events:
        events.send(event(), key="a")
    consumer = Consumer(
        {
            "bootstrap.servers": real.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    try:
        consumer.subscribe([source])
        message = consumer.poll(30)
        assert message is not None and message.error() is None
        next_offset = [TopicPartition(source, 0, 1)]
        with events_producer(target, key="string")(transactional(real), register=True) as events:
            with pytest.raises(ZeroDivisionError), events.transaction() as transaction:
                transaction.send_offsets(next_offset, consumer.consumer_group_metadata())
                raise ZeroDivisionError
            assert consumer.committed([TopicPartition(source, 0)], 30)[0].offset < 0
            with events.transaction() as transaction:
                events.send(event(), key="b")
                transaction.send_offsets(next_offset, consumer.consumer_group_metadata())
        assert consumer.committed([TopicPartition(source, 0)], 30)[0].offset == 1
    finally:
        consumer.close()


# --- mistakes -------------------------------------------------------------------------------------


def test_a_transaction_needs_an_id(cluster: AnyCluster) -> None:
    with (
        events_producer(cluster.topic())(cluster.config, register=True) as events,
        pytest.raises(TransactionError, match=r"\"transactional.id\", which is not set"),
        events.transaction(),
    ):
        pass


def test_the_embedded_broker_has_none(broker: EmbeddedBroker) -> None:
    with EmbeddedRegistry() as registry:
        events = events_producer(TOPIC)(settings(broker, registry), register=True)
        with pytest.raises(TransactionError), events.transaction():
            events.send(event())
        events.close()


def settings(broker: EmbeddedBroker, registry: EmbeddedRegistry) -> dict[str, object]:
    return {
        "bootstrap.servers": broker.bootstrap_servers,
        "schema.registry.url": registry.url,
        "transactional.id": "mover",
        "transaction.timeout.ms": 2_000,
    }


@pytest.fixture
def pretending() -> Iterator[EmbeddedBroker]:
    """A broker that answers transactional producers, though it does not do what it says."""
    with EmbeddedBroker(pretend_transactions=True) as broker:
        broker.create_topic(TOPIC)
        yield broker


@pytest.fixture
def config(pretending: EmbeddedBroker) -> Iterator[dict[str, object]]:
    with EmbeddedRegistry() as registry:
        yield settings(pretending, registry)


def test_sending_outside_of_a_transaction(config: dict[str, object]) -> None:
    with events_producer(TOPIC)(config, register=True) as events:
        with pytest.raises(
            TransactionError,
            match="producer sends in one: with producer",
        ):
            events.send(event())
        assert events.counters().sent == 0
        with events.transaction():
            events.send(event())


def test_one_at_a_time(config: dict[str, object]) -> None:
    with (
        events_producer(TOPIC)(config, register=True) as events,
        events.transaction(),
        pytest.raises(TransactionError, match="cannot begin the transaction"),
        events.transaction(),
    ):
        pass


def test_commits_are_tried_again(pretending: EmbeddedBroker, config: dict[str, object]) -> None:
    with events_producer(TOPIC)(config, register=True) as events:
        pretending.fail(RequestType.END_TXN, KafkaError.COORDINATOR_NOT_AVAILABLE, times=2)
        with events.transaction():
            events.send(event())
    assert len(pretending.records(TOPIC)) == 1


def test_a_commit_that_is_fenced_is_the_end(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    events = events_producer(TOPIC)(config, register=True)
    with pytest.raises(TransactionError) as caught, events.transaction():
        events.send(event()).result(30)
        pretending.fail(RequestType.END_TXN, KafkaError.PRODUCER_FENCED)
    assert caught.value.fatal and not caught.value.retriable
    with pytest.raises(DeliveryError, match="fatal error, the producer must be closed"):
        events.transaction().__enter__()
    events.close()


# --- what brokers do to a transaction, and no newer instance -------------------------------------


def test_a_fence_after_trouble_with_brokers_is_survived(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    with events_producer(TOPIC, key="string")(config, register=True) as events:
        with pytest.raises(TransactionError) as caught, events.transaction():
            lost = events.send(event(), key="a")
            lost.result(30)
            lose_connections(pretending)
            eventually(events.client.require_transactions().trouble.is_recent)
            pretending.fail(RequestType.END_TXN, KafkaError.PRODUCER_FENCED)
        assert caught.value.retriable and not caught.value.fatal
        assert "after trouble with connections or coordinators" in str(caught.value)
        old = events.client.producer
        with events.transaction():
            events.send(event(), key="b").result(30)
        assert events.client.producer is not old
    assert [record.key for record in pretending.records(TOPIC)] == [b"a", b"b"]


def test_the_next_fence_needs_trouble_of_its_own(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    events = events_producer(TOPIC)(config, register=True)
    fatal: list[bool] = []
    for _ in range(2):
        with pytest.raises(TransactionError) as caught, events.transaction():
            events.send(event()).result(30)
            if not fatal:
                lose_connections(pretending)
                eventually(events.client.require_transactions().trouble.is_recent)
            pretending.fail(RequestType.END_TXN, KafkaError.PRODUCER_FENCED)
        fatal.append(caught.value.fatal)
    assert fatal == [False, True]
    events.close()


def test_a_transaction_that_the_coordinator_has_ended(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    """No newer instance causes this error, so it needs no trouble."""
    with events_producer(TOPIC)(config, register=True) as events:
        with pytest.raises(TransactionError) as caught, events.transaction():
            events.send(event()).result(30)
            pretending.fail(RequestType.END_TXN, KafkaError.INVALID_TXN_STATE)
        assert caught.value.retriable and caught.value.code == "INVALID_TXN_STATE"
        with events.transaction():
            events.send(event()).result(30)


def test_a_leader_that_has_lost_track_of_sequence_numbers(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    with events_producer(TOPIC)(config, register=True) as events:
        with events.transaction():
            events.send(event()).result(30)
        with pytest.raises(TransactionError) as caught, events.transaction():
            pretending.fail(RequestType.PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
            events.send(event())
        assert caught.value.retriable and not caught.value.fatal
        assert caught.value.code == "OUT_OF_ORDER_SEQUENCE_NUMBER"
        with events.transaction():
            events.send(event()).result(30)
    assert len(pretending.records(TOPIC)) == 2


@pytest.mark.parametrize(
    ("code", "trouble", "explained"),
    [
        ("_FENCED", False, False),
        ("_FENCED", True, True),
        ("OUT_OF_ORDER_SEQUENCE_NUMBER", False, True),
        ("INVALID_PRODUCER_ID_MAPPING", False, True),
        ("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", True, False),
        (None, True, False),
    ],
)
def test_what_explains_a_fatal_error(code: str | None, trouble: bool, explained: bool) -> None:
    seen = BrokerTrouble(60)
    if trouble:
        seen.on_error(KafkaError(KafkaError._TRANSPORT))
    assert seen.explains(code) is explained


def test_trouble_is_forgotten_after_a_while() -> None:
    now = [100.0]
    seen = BrokerTrouble(60, lambda: now[0])
    seen.on_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    now[0] += 61
    assert not seen.is_recent() and not seen.explains("_FENCED")


def test_a_transaction_that_was_open_for_too_long(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    with events_producer(TOPIC)(
        {**config, "transaction.timeout.ms": 1000}, register=True
    ) as events:
        with pytest.raises(TransactionError) as caught, events.transaction():
            events.send(event()).result(30)
            time.sleep(1.1)
            pretending.fail(RequestType.END_TXN, KafkaError.PRODUCER_FENCED)
        assert "longer than transaction.timeout.ms (1 s) allows" in str(caught.value)
        assert not caught.value.fatal
        with events.transaction():
            events.send(event()).result(30)


def test_an_abort_without_a_response_is_not_the_end(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    config = {**config, "transaction.timeout.ms": 1_000}
    with events_producer(TOPIC)(config, register=True) as events:
        with pytest.raises(ZeroDivisionError), events.transaction():
            events.send(event()).result(30)
            pretending.take_down()
            raise ZeroDivisionError
        pretending.bring_up()
        with events.transaction():
            events.send(event()).result(30)


def lose_connections(broker: EmbeddedBroker) -> None:
    broker.take_down()
    time.sleep(0.2)
    broker.bring_up()


def test_a_coordinator_that_does_not_answer(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    """It is waited for at start, as long as a transaction may take."""
    with events_producer(TOPIC)({**config, "transactional.id": "first"}, register=True):
        pass
    pretending.take_down()
    with pytest.raises(TransactionError, match="cannot start") as caught:
        events_producer(TOPIC)({**config, "transaction.timeout.ms": 1_000})
    assert caught.value.retriable


def test_a_coordinator_that_is_gone_keeps_nobody_from_closing(
    pretending: EmbeddedBroker, config: dict[str, object]
) -> None:
    config = {**config, "transaction.timeout.ms": 1_000}
    with events_producer(TOPIC)(config, register=True) as events:
        with pytest.raises(ZeroDivisionError) as caught, events.transaction():
            events.send(event()).result(30)
            pretending.take_down()
            raise ZeroDivisionError
        assert "the transaction was not aborted" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"fatal": True}, ErrorClass.FATAL),
        ({"fatal": True, "txn_requires_abort": True}, ErrorClass.FATAL),
        ({"retriable": True}, ErrorClass.RETRY),
        ({"txn_requires_abort": True}, ErrorClass.ABORT),
        ({}, ErrorClass.REFUSED),
    ],
)
def test_verdicts(flags: dict[str, Any], expected: ErrorClass) -> None:
    assert classify_error(KafkaError(KafkaError._STATE, **flags)) is expected
