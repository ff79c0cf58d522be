"""One mapping of settings: what each client gets of it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer

from avrogen import ConfigurationError
from avrogen.kafka.client_config import (
    SERDE_HINTS,
    Settings,
    consumer_settings,
    producer_settings,
    split,
)

BROKERS = {"bootstrap.servers": "localhost:9092"}


def for_producer(settings: Settings) -> dict[str, object]:
    return producer_settings(split({**BROKERS, **settings}).client)


def for_consumer(settings: Settings, *, auto_commit: bool = True) -> dict[str, object]:
    client = split({**BROKERS, **settings}).client
    return consumer_settings(client, group="billing", auto_commit=auto_commit)


def test_the_registry_gets_what_is_its_own() -> None:
    configuration = split(
        BROKERS | {"schema.registry.url": "http://registry", "schema.registry.timeout": 3}
    )
    assert configuration.client == BROKERS
    assert configuration.registry == {"url": "http://registry", "timeout": 3}


class Textless:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"client.id": "a\0b"}, "client.id: has a NUL character"),
        ({"sasl.password": "secret\udcff"}, "sasl.password: has half of a surrogate pair, U+DCFF"),
        ({"ssl.ca.location": Path("/ca\udcff")}, "ssl.ca.location: has half of a surrogate pair"),
        ({"client.id": Textless()}, "client.id: the value has no text"),
        ({"client.\udcff": "a"}, "the name of the client property 'client.\\udcff' has half of"),
        ({"client\0id": "a"}, "the name of the client property 'client\\x00id' has a NUL"),
        ({3: "a"}, "client properties have names of type str, got int"),
        ({"default.topic.config": {"acks": "a\0"}}, "acks: has a NUL character"),
    ],
)
def test_texts_that_librdkafka_would_cut_or_die_of(
    settings: dict[Any, object], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        split({**BROKERS, **settings})
    assert str(caught.value).startswith(message)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("group", ["a\0b", "\udcff"])
def test_groups_that_librdkafka_would_cut_or_die_of(group: str) -> None:
    with pytest.raises(ConfigurationError, match="group_id: has "):
        consumer_settings(BROKERS, group=group, auto_commit=True)


def test_safe_defaults_lie_beneath() -> None:
    assert for_producer({}) == BROKERS | {
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 10,
        "delivery.timeout.ms": 120_000,
    }
    assert for_consumer({}) == BROKERS | {
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "partition.assignment.strategy": "cooperative-sticky",
        "group.id": "billing",
        "enable.auto.commit": True,
        "enable.auto.offset.store": False,
    }


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"compression.type": "zstd"}, "compression.type", "zstd"),
        ({"compression.codec": "none"}, "compression.type", "none"),
        ({"queue.buffering.max.ms": "50"}, "linger.ms", "50"),
        ({"message.timeout.ms": 5000}, "delivery.timeout.ms", 5000),
        ({"acks": -1}, "acks", -1),
        ({"acks": 1, "enable.idempotence": False, "max.in.flight": 1}, "acks", 1),
        ({"enable.idempotence": "false", "retries": 0}, "acks", "all"),
        ({"sasl.username": "ada"}, "sasl.username", "ada"),
    ],
)
def test_what_is_given_counts(given: Settings, name: str, value: object) -> None:
    assert for_producer(given)[name] == value


def test_transactions_bound_the_delivery_timeout_themselves() -> None:
    assert "delivery.timeout.ms" not in for_producer({"transactional.id": "mover"})
    given = for_producer({"transactional.id": "mover", "delivery.timeout.ms": 10_000})
    assert given["delivery.timeout.ms"] == 10_000


def test_the_broker_assigns_in_the_next_generation_protocol() -> None:
    assert "partition.assignment.strategy" not in for_consumer({"group.protocol": "consumer"})


def test_manual_commits() -> None:
    assert for_consumer({}, auto_commit=False)["enable.auto.commit"] is False
    assert (
        for_consumer({"enable.auto.commit": "f"}, auto_commit=False)["enable.auto.commit"] is False
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "bootstrap.servers: is missing"),
        (BROKERS | {"acks": 1, "request.required.acks": 1}, "acks: is set twice"),
        (BROKERS | {"metadata.broker.list": "other"}, "bootstrap.servers: is set twice"),
    ],
)
def test_mappings_that_make_no_sense(settings: Settings, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        split(settings)
    assert str(caught.value).startswith(message)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"acks": 1}, "acks: 1 loses messages when the partition's leader fails"),
        ({"acks": "0"}, "acks: 0 loses"),
        ({"retries": "0"}, "retries: 0 loses messages whenever a broker restarts"),
        ({"max.in.flight": 6}, "max.in.flight: 6 lets retried batches"),
        ({"enable.idempotence": False}, "enable.idempotence: without it, a retried batch"),
        ({"on_delivery": print}, "on_delivery: would take delivery reports"),
        ({"delivery.report.only.error": True}, "delivery.report.only.error: would take"),
    ],
)
def test_producers_that_would_lose_messages(settings: Settings, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        for_producer(settings)
    assert str(caught.value).startswith(message)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group.id": "other"}, 'group.id: is "other", and the consumer\'s group is "billing"'),
        ({"enable.auto.offset.store": "true"}, "enable.auto.offset.store: would commit offsets"),
        ({"enable.auto.commit": False}, "enable.auto.commit: contradicts the commit mode"),
    ],
)
def test_consumers_that_would_lose_messages(settings: Settings, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        for_consumer(settings)
    assert str(caught.value).startswith(message)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("auto.register.schemas", "register=True"),
        ("use.latest.version", "register=True"),
        ("normalize.schemas", "register=True"),
        ("schema.registry.auto.register.schemas", "register=True"),
        ("basic.auth.user.info", "schema.registry.basic.auth.user.info"),
        ("basic.auth.credentials.source", "schema.registry.basic.auth.credentials.source"),
        ("bearer.auth.token", "schema.registry.bearer.auth.token"),
        ("schema.registry.basic.auth.credentials.source", "basic.auth.user.info is enough"),
        ("specific.avro.reader", "generated classes"),
        ("key.serializer", "generated classes"),
        ("value.deserializer", "generated classes"),
        ("value.subject.name.strategy", "subject-strategy"),
        ("ssl.truststore.location", "ssl.ca.location"),
        ("sasl.jaas.config", "sasl.username"),
    ],
)
def test_properties_of_other_clients_have_a_hint(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match="other clients or serializers") as raised:
        split({**BROKERS, name: "secret"})
    assert hint in str(raised.value)
    assert "secret" not in str(raised.value)


def test_credentials_of_the_registry_are_its_own() -> None:
    found = split({**BROKERS, "schema.registry.basic.auth.user.info": "ada:secret"})
    assert found.registry == {"basic.auth.user.info": "ada:secret"}


def test_no_property_of_librdkafka_is_refused() -> None:
    """Those with a hint are unknown to it, as its own error says."""
    for name in SERDE_HINTS:
        with pytest.raises(KafkaException, match=r"No such configuration property|not supported"):
            Producer({name: "1"})
