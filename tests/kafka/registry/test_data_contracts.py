"""Rules of data contracts: each active one is refused by name, in the directions that it is for."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, TypeAlias

import pytest

from avrogen import ConsumeError, RegistryError
from avrogen.codec.schema import Schema
from avrogen.kafka import AsyncDeserializer, AsyncSerializer, Deserializer, Serializer, connect
from avrogen.kafka.consumer.message_reader import MessageReader
from avrogen.kafka.producer.record_encoder import look_up_schema_ids
from avrogen.kafka.registry.data_contracts import InvalidContract, parse_contract
from avrogen.kafka.registry.protocol import SchemaRegistry, SchemaText
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.topic import Topic
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.kafka.serde.contexts import context
from tests.support.clients import consumer_of, producer_of
from tests.support.clusters import embedded_cluster
from tests.support.events import event
from tests.support.registry_requests import ask
from tests.support.scenes import Handled, Scene, stopped_in_time

TEXT = str(Event.__avro_schema__)
Rules: TypeAlias = dict[str, Any]

ENCRYPT: Rules = {
    "name": "encryptPII",
    "kind": "TRANSFORM",
    "mode": "WRITEREAD",
    "type": "ENCRYPT",
    "tags": ["PII"],
    "params": {"encrypt.kek.name": "kek1"},
    "onFailure": "ERROR,NONE",
}


@pytest.fixture
def server() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as registry:
        yield registry


@pytest.fixture
def registry(server: EmbeddedRegistry) -> Generator[SchemaRegistry]:
    with closing(connect({"url": server.url})) as registry:
        yield registry


def register(server: EmbeddedRegistry, subject: str, text: str = TEXT, **more: object) -> int:
    url = f"{server.url}/subjects/{subject}/versions"
    status, answer = ask(url, "POST", {"schema": text, **more})
    assert status == 200, answer
    return int(answer["id"])


def rule_set(*rules: Rules, group: str = "domainRules") -> Rules:
    return {group: list(rules)}


def topic(name: str = "events", **options: Any) -> Topic[Any, Any]:
    return Topic(name, value=(Event,), **options)


def data(id_: int) -> bytes:
    return b"\x00" + id_.to_bytes(4, "big") + event(1).to_avro()


# --- every combination ----------------------------------------------------------------------------

GROUPS = "domainRules", "migrationRules", "encodingRules", "someFutureRules"
KINDS = "TRANSFORM", "CONDITION", "NEW_KIND", None
MODES = {
    "WRITE": (True, False),
    "READ": (False, True),
    "WRITEREAD": (True, True),
    "UPGRADE": (False, True),
    "DOWNGRADE": (False, True),
    "UPDOWN": (False, True),
    "NEW_MODE": (True, True),
    None: (True, True),
}
"""Whether rules of a mode are refused by those who write, and by those who read."""

DISABLED = True, False, None
ON_FAILURE = None, "NONE", "ERROR,NONE", "DLQ"


def refuses(call: Any, rule: str) -> bool:
    try:
        call()
    except RegistryError as error:
        assert rule in str(error) and not error.transient
        assert error.hint is not None and "ignore-contract-rules" in error.hint
        return True
    return False


def refusals(registry: SchemaRegistry, name: str, id_: int, rule: str) -> list[bool]:
    """Whether producers, serializers, consumers and deserializers refuse it."""
    mine = topic(name)
    return [
        refuses(lambda: look_up_schema_ids(registry, mine, register=False), rule),
        refuses(lambda: Serializer(registry, Event).prepare(name), rule),
        refuses(lambda: MessageReader(mine, registry).learn("value", id_), rule),
        refuses(lambda: Deserializer(registry, Event)(data(id_)), rule),
    ]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("mode", MODES)
def test_no_active_rule_is_ignored(
    server: EmbeddedRegistry, registry: SchemaRegistry, mode: str | None, group: str
) -> None:
    """Of 384 combinations, in all."""
    on_failure = itertools.cycle(ON_FAILURE)
    for number, (kind, disabled) in enumerate(itertools.product(KINDS, DISABLED)):
        rule: Rules = {"name": f"rule-{number}", "kind": kind, "mode": mode, "type": "CEL"}
        rule |= {"disabled": disabled, "onFailure": next(on_failure)}
        rule = {name: value for name, value in rule.items() if value is not None}
        id_ = register(server, f"t{number}-value", ruleSet=rule_set(rule, group=group))
        writes, reads = (False, False) if disabled else MODES[mode]
        found = refusals(registry, f"t{number}", id_, f"rule-{number}")
        assert found == [writes, writes, reads, reads], rule


@pytest.mark.parametrize(
    "given",
    [
        *("rules", ["rule"], 1, {"domainRules": {"name": "r"}}, {"domainRules": ["r"]}),
        {"encodingRules": "none"},
    ],
)
def test_rules_that_cannot_be_told_are_an_error(given: Any) -> None:
    with pytest.raises(InvalidContract):
        parse_contract({"ruleSet": given})


def test_rules_need_not_be_complete() -> None:
    contract = parse_contract({"ruleSet": {"domainRules": [{}], "enableAt": "client"}})
    assert contract is not None
    assert [str(rule) for rule in contract.rules] == ["rule without a name (domainRules): no mode"]
    assert parse_contract({"ruleSet": None, "metadata": {}}) is None
    assert parse_contract({"ruleSet": {"domainRules": None}}) is not None


# --- where rules come from ------------------------------------------------------------------------


def test_rules_of_a_later_version_of_the_same_schema(
    server: EmbeddedRegistry, registry: SchemaRegistry
) -> None:
    """The reader has the id without rules when it begins, and meets the one with rules later."""
    first = register(server, "events-value")
    read = Deserializer(registry, Event)
    assert read(data(first)) == event(1)
    reader = MessageReader(topic(), registry)
    reader.learn("value", first)
    second = register(server, "events-value", ruleSet=rule_set(ENCRYPT))
    assert second != first
    with pytest.raises(RegistryError, match="rule encryptPII"):
        read(data(second))
    with pytest.raises(RegistryError, match="rule encryptPII"):
        reader.learn("value", second)
    with pytest.raises(RegistryError, match="rule encryptPII"):
        look_up_schema_ids(registry, topic(), register=False)
    assert read(data(first)) == event(1)


def test_rules_of_the_latest_version_are_for_older_schemas_too(
    server: EmbeddedRegistry, registry: SchemaRegistry
) -> None:
    register(server, "events-value")
    other = json.loads(TEXT)
    other["fields"].append({"name": "more", "type": "int", "default": 0})
    register(server, "events-value", json.dumps(other), ruleSet=rule_set(ENCRYPT))
    with pytest.raises(RegistryError, match="rule encryptPII"):
        Serializer(registry, Event).prepare("events")


def test_rules_of_keys(server: EmbeddedRegistry, registry: SchemaRegistry) -> None:
    register(server, "events-value")
    id_ = register(server, "events-key", ruleSet=rule_set(ENCRYPT))
    keyed = topic(key=Event)
    with pytest.raises(RegistryError, match="rule encryptPII"):
        look_up_schema_ids(registry, keyed, register=False)
    with pytest.raises(RegistryError, match="rule encryptPII"):
        MessageReader(keyed, registry).learn("key", id_)


def test_asyncio(server: EmbeddedRegistry, registry: SchemaRegistry) -> None:
    asyncio.run(_refused_with_asyncio(server, registry))


async def _refused_with_asyncio(server: EmbeddedRegistry, registry: SchemaRegistry) -> None:
    id_ = register(server, "events-value", ruleSet=rule_set(ENCRYPT))
    with pytest.raises(RegistryError, match="rule encryptPII"):
        await AsyncSerializer(registry, Event).prepare("events")
    with pytest.raises(RegistryError, match="rule encryptPII"):
        await AsyncDeserializer(registry, Event)(data(id_))
    assert await AsyncDeserializer(registry, Event, ignore_contract_rules=True)(data(id_))


def test_guids(server: EmbeddedRegistry, registry: SchemaRegistry) -> None:
    register(server, "events-value", ruleSet=rule_set(ENCRYPT))
    headers: list[tuple[str, bytes]] = []
    where = context(topic="events", headers=headers)
    write = Serializer(registry, Event, header=True, ignore_contract_rules=True)
    written = write(event(1), where)
    assert headers and written is not None
    with pytest.raises(RegistryError, match="rule encryptPII"):
        Deserializer(registry, Event)(written, where)


# --- the way out ----------------------------------------------------------------------------------


def test_rules_can_be_ignored(
    server: EmbeddedRegistry, registry: SchemaRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    id_ = register(server, "events-value", ruleSet=rule_set(ENCRYPT))
    mine = topic(ignore_contract_rules=True)
    with caplog.at_level(logging.WARNING, "avrogen.kafka"):
        assert list(look_up_schema_ids(registry, mine, register=False).values.values()) == [id_]
        MessageReader(mine, registry).learn("value", id_)
        write = Serializer(registry, Event, ignore_contract_rules=True)
        written = write(event(1), context(topic="events"))
        assert written is not None
        assert Deserializer(registry, Event, ignore_contract_rules=True)(written) == event(1)
    texts = [record.getMessage() for record in caplog.records]
    assert [text for text in texts if "rules_ignored" in text] == texts
    assert len(texts) == 4 and all("rules=encryptPII" in text for text in texts)


# --- registration ---------------------------------------------------------------------------------


def test_nothing_is_registered_under_a_subject_with_rules(
    server: EmbeddedRegistry, registry: SchemaRegistry
) -> None:
    register(server, "events-value", '"int"', ruleSet=rule_set(ENCRYPT))
    ask(f"{server.url}/config/events-value", "PUT", {"compatibility": "NONE"})
    with pytest.raises(RegistryError, match="rule encryptPII"):
        look_up_schema_ids(registry, topic(), register=True)
    assert registry.versions("events-value") == (1,)


def test_a_new_version_keeps_rules_and_metadata(
    server: EmbeddedRegistry, registry: SchemaRegistry
) -> None:
    """Also at a registry that does not do that by itself."""
    rules = rule_set(ENCRYPT | {"disabled": True})
    metadata = {"properties": {"owner": "me", "confluent:version": "1"}}
    register(server, "s", '"int"', ruleSet=rules, metadata=metadata)
    ask(f"{server.url}/config/s", "PUT", {"compatibility": "NONE"})
    find_or_register(registry, "s", Schema.parse('"long"'), register=True)
    (sent,) = [r for r in server.requests if r.method == "POST" and r.path == REGISTER][1:]
    assert json.loads(sent.body)["ruleSet"] == rules
    assert json.loads(sent.body)["metadata"] == {"properties": {"owner": "me"}}
    found = registry.version("s", 2)
    assert found is not None and found.schema.contract is not None
    assert found.schema.contract.rule_set == rules


REGISTER = ("subjects", "s", "versions")


def test_the_embedded_registry_is_as_confluents(
    server: EmbeddedRegistry, registry: SchemaRegistry
) -> None:
    rules, metadata = rule_set(ENCRYPT), {"tags": {"Event.id": ["PII"]}}
    first = register(server, "s", '"int"')
    second = register(server, "s", '"int"', ruleSet=rules, metadata=metadata)
    assert first != second
    assert register(server, "s", '"int"') == second, "whatever it has"
    lookup = registry.lookup("s", SchemaText('"int"'))
    assert lookup is not None and lookup.id == second
    for where in (f"schemas/ids/{second}", "subjects/s/versions/2"):
        answer = ask(f"{server.url}/{where}")[1]
        assert (answer["ruleSet"], answer["metadata"]) == (rules, metadata)
    assert "ruleSet" not in ask(f"{server.url}/schemas/ids/{first}")[1]
    assert ask(f"{server.url}/subjects/s", "POST", {"schema": '"int"', "ruleSet": {}})[0] == 404
    ask(f"{server.url}/config/s", "PUT", {"compatibility": "NONE"})
    third = register(server, "s", '"long"')
    assert ask(f"{server.url}/schemas/ids/{third}")[1]["ruleSet"] == rules
    status, _ = ask(f"{server.url}/subjects/s/versions", "POST", {"schema": '"int"', "ruleSet": 1})
    assert status == 400


# --- typed clients --------------------------------------------------------------------------------


def test_producers_and_consumers_refuse_before_the_first_byte(
    broker: EmbeddedBroker, server: EmbeddedRegistry
) -> None:
    scene = Scene.of(embedded_cluster(broker, server.url), dead_letters=1)
    register(server, f"{scene.topic.name}-value", ruleSet=rule_set(ENCRYPT))
    with pytest.raises(RegistryError, match="rule encryptPII"):
        producer_of(scene.topic)(scene.cluster.config, register=True)
    with pytest.raises(RegistryError, match="rule encryptPII"), scene.consumer():
        pass
    assert scene.cluster.records(scene.topic.name) == ()


def test_a_running_consumer_stops_at_the_first_message_with_rules(
    broker: EmbeddedBroker, server: EmbeddedRegistry
) -> None:
    scene = Scene.of(embedded_cluster(broker, server.url), dead_letters=1)
    scene.send(2)
    handled = Handled()
    with scene.consumer() as consumer, stopped_in_time(consumer):
        id_ = register(server, f"{scene.topic.name}-value", ruleSet=rule_set(ENCRYPT))
        scene.produce(data(id_))
        with pytest.raises(ConsumeError, match="rule encryptPII"):
            consumer.run(handled)
    handled.assert_each_once(range(2))
    assert scene.letters() == (), "the next message would fail, too"
    lenient: Topic[str, Event] = Topic(
        scene.topic.name, value=(Event,), key="string", ignore_contract_rules=True
    )
    with consumer_of(lenient)(scene.config(), group_id=scene.group) as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 3)
