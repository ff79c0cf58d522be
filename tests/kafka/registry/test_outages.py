"""A registry that goes away at every step of what is done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from avrogen import RegistryError, Schema
from avrogen.kafka import Deserializer, Retries, SchemaRegistry, connect
from avrogen.kafka.registry.protocol import RegisteredSchema
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.wire_format import frame_prefix
from avrogen.testing.registry import EmbeddedRegistry

MONEY = {"type": "record", "name": "Money", "fields": [{"name": "amount", "type": "double"}]}
SCHEMA = Schema.parse(
    json.dumps(
        {"type": "record", "name": "Order", "fields": [{"name": "total", "type": MONEY}]},
    )
)
VALUE = {"total": {"amount": 1.5}}
BODY = SCHEMA.to_avro(VALUE)
AT_ONCE = Retries(attempts=3, wait=0.0, deadline=30.0)


def register(registry: SchemaRegistry) -> RegisteredSchema:
    return find_or_register(registry, "orders-value", SCHEMA, register=True, references=True)


def read(registry: SchemaRegistry) -> object:
    return Deserializer[Any](registry, SCHEMA)(frame_prefix(2) + BODY)


STEPS: dict[Callable[[SchemaRegistry], object], int] = {register: 10, read: 2}
"""The fewest requests: to register, five for each subject; to read, one for each."""


def asked(registry: EmbeddedRegistry, do: Callable[[SchemaRegistry], object]) -> object:
    """What comes of it for a program that has just started."""
    with closing(connect({"url": registry.url, "timeout": 5}, retries=AT_ONCE)) as client:
        return do(client)


@pytest.mark.parametrize("do", [register, read])
def test_away_from_any_request_on(do: Callable[[SchemaRegistry], object]) -> None:
    """Whatever was done by then, doing it again does the rest, and nothing twice."""
    steps = 0
    while True:
        with EmbeddedRegistry() as registry:
            if do is read:
                asked(registry, register)
            before = len(registry.requests)
            left = before + steps

            def is_later(
                _: object, registry: EmbeddedRegistry = registry, left: int = left
            ) -> bool:
                return len(registry.requests) > left

            registry.fail(503, times=None, where=is_later)
            try:
                asked(registry, do)
            except RegistryError as error:
                assert error.transient
                assert error.status == 503
            else:
                break
            registry.recover()
            with closing(connect({"url": registry.url})) as client:
                assert do(client) == do(client)
                assert client.subjects() == ("Money", "orders-value")
                assert client.versions("Money") == client.versions("orders-value") == (1,)
        steps += 1
    assert steps >= STEPS[do]


@pytest.mark.parametrize("do", [register, read])
def test_away_for_any_single_request(do: Callable[[SchemaRegistry], object]) -> None:
    """One failure in between is not noticed."""
    step = 0
    while True:
        with EmbeddedRegistry() as registry:
            if do is read:
                asked(registry, register)
            before = len(registry.requests)
            turn = before + step + 1

            def is_turn(_: object, registry: EmbeddedRegistry = registry, turn: int = turn) -> bool:
                return len(registry.requests) == turn

            registry.fail(500, where=is_turn)
            result = asked(registry, do)
            if do is read:
                assert result == VALUE
            if len(registry.requests) < turn:
                break
        step += 1
    assert step >= STEPS[do]


def test_away_when_it_is_read_from_and_back_later() -> None:
    with EmbeddedRegistry() as registry:
        asked(registry, register)
        client = connect({"url": registry.url, "timeout": 5}, retries=AT_ONCE)
        with closing(client):
            deserializer = Deserializer[Any](client, SCHEMA)
            registry.stop()
            with pytest.raises(RegistryError, match="no response from the registry") as caught:
                deserializer(frame_prefix(2) + BODY)
            assert caught.value.transient
            registry.start()
            assert deserializer(frame_prefix(2) + BODY) == VALUE
            registry.stop()
            assert deserializer(frame_prefix(2) + BODY) == VALUE, "what is known needs no registry"
