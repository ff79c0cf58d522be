"""``avrogen dead-letters``: what is listed, and that each letter goes back once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from confluent_kafka import Producer

from avrogen.dead_letters.replay import source_topic
from avrogen.kafka.wire_format import frame_prefix
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.conftest import run_avrogen, write_schemas
from tests.services.apicurio import Apicurio
from tests.services.kafka import KafkaCluster
from tests.support.clusters import AnyCluster, embedded_cluster, real_cluster
from tests.support.events import event
from tests.support.librdkafka import produce_bytes
from tests.support.registry_requests import ask, path
from tests.support.scenes import EventMessage, Handled, Scene

HANDLER = "tests.support.scenes.Scene.run_until.<locals>.handle_and_look"


@pytest.fixture
def embedded(
    avrogen_broker: EmbeddedBroker,
    avrogen_registry: EmbeddedRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> AnyCluster:
    for name in ("AVROGEN_BROKERS", "AVROGEN_REGISTRY_URL"):
        monkeypatch.delenv(name, raising=False)
    return embedded_cluster(avrogen_broker, avrogen_registry.url)


@pytest.fixture
def real(real_kafka: KafkaCluster, real_registry: Apicurio) -> AnyCluster:
    return real_cluster(real_kafka.bootstrap_servers, real_registry.url)


def poison(scene: Scene, *numbers: int, until: int) -> None:
    """Handle so many messages, and fail with some besides."""
    handled, failed = Handled(), Handled()

    def handle(message: EventMessage) -> None:
        if message.value.timestamp in numbers:
            failed(message)
            raise ValueError(f"negative price\nin {message.value.timestamp}")
        handled(message)

    with scene.consumer() as consumer:
        scene.run_until(
            consumer, handle, lambda: len(handled) == until and len(failed) == len(numbers)
        )


def letters_of(scene: Scene, *options: str, registry: bool = True) -> Result:
    assert scene.topic.dead_letter is not None
    more = ["--registry", scene.cluster.registry_url] if registry else []
    brokers = scene.cluster.bootstrap_servers
    return run_avrogen(
        "dead-letters", scene.topic.dead_letter, "--brokers", brokers, *more, *options
    )


# --- listing --------------------------------------------------------------------------------------


def test_letters_say_why_and_where_from(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    scene.send(2, headers={"trace_id": "7"})
    scene.produce(b'{"id": 7}', key=b"\xff")
    scene.send(1)
    poison(scene, 1, until=2)
    result = letters_of(scene)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    sent = {r.offset: r for r in embedded.records(scene.topic.name)}
    at = {offset: r.timestamp.isoformat(timespec="milliseconds") for offset, r in sent.items()}
    name = scene.topic.name
    assert lines[0].startswith(f"{name}.dlq [0] 0, ")
    assert lines[1:9] == [
        f"  from     {name} [0] 1, {at[1]}",
        f"  failed   TASK_PUT in {HANDLER}, group {scene.group}",
        "  with     builtins.ValueError: negative price",
        "           in 1",
        '  key      "key-1"',
        '  value    com.example.Event {"id": "7d0c6f1e", "timestamp": 1, "type": "CREATED", '
        '"resource_id": "1", "metadata": {}}',
        "  header   trace_id: 7",
        lines[8],
    ]
    assert lines[8].startswith(f"{name}.dlq [0] 1, ")
    assert lines[9] == f"  from     {name} [0] 2, {at[2]}"
    assert lines[10].startswith("  failed   KEY_CONVERTER in ")
    assert lines[11] == (
        "  with     avrogen.errors.DecodeError: $: the key is not valid UTF-8 (byte 0)"
    )
    assert lines[12].startswith("  key      1 bytes, ")
    assert lines[13].startswith("  value    9 bytes, ") and "JSON" in lines[13]
    assert lines[14] == "  header   h: 1"
    assert lines[-1] == f"2 dead-lettered records on {name}.dlq"


def test_letters_with_schemas_that_break_the_rules(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    scene.send(1)
    schema = {**json.loads(str(Event.__avro_schema__)), "namespace": "abc-123.x"}
    versions = embedded.registry_url + path("subjects", "other", "versions")
    id_ = ask(versions, "POST", {"schema": json.dumps(schema)})[1]["id"]
    scene.produce(frame_prefix(id_) + event(1).to_avro())
    poison(scene, 1, until=1)
    result = letters_of(scene)
    assert result.exit_code == 0, result.stderr
    assert '  value    abc-123.x.Event {"id": ' in result.stdout


def test_letters_as_json(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    scene.send(2)
    scene.produce(b"\x00\x00\xff\xff\xff\x02")
    scene.send(1)
    poison(scene, 1, until=2)
    result = letters_of(scene, "--format", "json")
    assert result.exit_code == 0, result.stderr
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first["origin"]["offset"] == 1
    assert first["origin"]["message"] == "negative price\nin 1"
    assert "Traceback" in first["origin"]["traceback"]
    assert first["value"]["value"]["timestamp"] == 1
    assert first["value"]["type"] == "com.example.Event"
    assert first["key"]["value"] == "key-1"
    assert second["value"]["bytes"] == "0000ffffff02"
    assert second["value"]["value"] is None
    assert "schema" in second["value"]["problem"]


def test_without_a_registry_schemas_are_named(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    scene.send(2)
    poison(scene, 1, until=1)
    result = letters_of(scene, registry=False)
    assert result.exit_code == 0, result.stderr
    assert "encoded with schema id 1; no registry configured to decode it" in result.stdout


def test_messages_that_are_no_dead_letters(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    producer = Producer({"bootstrap.servers": embedded.bootstrap_servers})
    producer.produce(f"{scene.topic.name}.dlq", b"hello", None)
    producer.flush()
    result = letters_of(scene)
    assert "  from     unknown: the record has no valid dead-letter headers\n" in result.stdout
    assert "  key      none" in result.stdout
    assert result.stdout.endswith(f"1 dead-lettered record on {scene.topic.name}.dlq\n")


def test_an_empty_topic(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=3)
    assert letters_of(scene).stdout == f"0 dead-lettered records on {scene.topic.name}.dlq\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--brokers", "127.0.0.1:1"], "cannot read dead-lettered records"),
        ([], "no Kafka brokers configured"),
        (["--brokers", "EMBEDDED"], "UNKNOWN_TOPIC_OR_PART"),
        (["--brokers", "EMBEDDED", "--registry", "nowhere"], "invalid registry URL"),
    ],
    ids=["no brokers there", "no brokers said", "no topic", "no registry"],
)
def test_what_is_in_the_way(
    embedded: AnyCluster, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setattr("avrogen.dead_letters.dead_letter_reader._TIMEOUT", 2.0)
    given = [each.replace("EMBEDDED", embedded.bootstrap_servers) for each in arguments]
    result = run_avrogen("dead-letters", "no-such-topic", *given)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_the_file_says_it_all(embedded: AnyCluster, tmp_path: Path) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    scene.send(2)
    poison(scene, 1, until=1)
    file = tmp_path / "kafka.properties"
    file.write_text(
        f"bootstrap.servers={embedded.bootstrap_servers}\n"
        f"schema.registry.url={embedded.registry_url}\ngroup.id=billing\n",
        "utf-8",
    )
    result = run_avrogen("dead-letters", f"{scene.topic.name}.dlq", "--settings", file)
    assert result.exit_code == 0, result.stderr
    assert "com.example.Event {" in result.stdout


def test_embedded_brokers_have_no_transactions_to_replay_in(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    scene.send(2)
    poison(scene, 1, until=1)
    result = letters_of(scene, "--replay")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


def test_skipping_all_records_needs_no_transactions(embedded: AnyCluster) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    dead = f"{scene.topic.name}.dlq"
    produce(embedded, dead, {"topic": b"payments"}, {"offset": b""}, {"topic": b"refunds"})
    result = letters_of(scene, "--replay", "--skip-others")
    assert result.exit_code == 1, result.output
    assert result.stderr.count(": skipped: ") == 3
    assert result.stdout == f"0 dead-lettered records of {dead} replayed\n"
    again = letters_of(scene, "--replay", "--skip-others")
    assert (again.exit_code, again.stderr) == (0, "")


# --- sending back ---------------------------------------------------------------------------------


def test_each_letter_goes_back_once(real: AnyCluster) -> None:
    scene = Scene.of(real, partitions=3, dead_letters=2)
    scene.send(30, headers={"trace_id": "7"})
    poison(scene, 5, 17, 23, until=27)
    assert len(scene.letters()) == 3
    first = letters_of(scene, "--replay")
    assert first.exit_code == 0, first.stderr
    assert (
        first.stdout.splitlines()[-1]
        == f"3 dead-lettered records of {scene.topic.dead_letter} replayed"
    )
    again = letters_of(scene, "--replay")
    assert again.stdout == f"0 dead-lettered records of {scene.topic.dead_letter} replayed\n"
    listed = letters_of(scene)
    assert listed.stdout == (
        f"0 dead-lettered records on {scene.topic.dead_letter}, 3 already replayed\n"
    )
    records: dict[bytes | None, list[Any]] = {}
    for record in real.records(scene.topic.name):
        records.setdefault(record.value, []).append(record)
    assert sorted(map(len, records.values())) == [1] * 27 + [2] * 3
    for twice in (each for each in records.values() if len(each) == 2):
        before, after = twice
        assert (before.key, before.headers, before.partition) == (
            after.key,
            after.headers,
            after.partition,
        )
    handled = Handled()
    with scene.consumer() as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 3)
    assert sorted(handled.numbers) == [5, 17, 23]


def test_letters_that_die_again_are_other_letters(real: AnyCluster) -> None:
    scene = Scene.of(real, dead_letters=1)
    scene.send(3)
    poison(scene, 1, until=2)
    letters_of(scene, "--replay")
    scene.send(1)
    poison(scene, 1, until=1)
    result = letters_of(scene, "--format", "json")
    (letter,) = (json.loads(line) for line in result.stdout.splitlines())
    assert letter["offset"] >= 1
    assert letter["origin"]["offset"] >= 3


def test_letters_of_unknown_origin_stay(real: AnyCluster) -> None:
    scene = Scene.of(real, dead_letters=1)
    scene.send(2)
    producer = Producer({"bootstrap.servers": real.bootstrap_servers})
    producer.produce(f"{scene.topic.name}.dlq", b"hello")
    producer.flush()
    poison(scene, 1, until=1)
    result = letters_of(scene, "--replay")
    assert result.exit_code == 1
    assert ": skipped: headers name no source topic" in result.stderr
    assert "1 dead-lettered record of" in result.stdout
    listed = letters_of(scene)
    assert "  from     unknown: the record has no valid dead-letter headers\n" in listed.stdout
    assert ", 1 already replayed" in listed.stdout


def test_where_letters_come_from_may_be_gone(real: AnyCluster) -> None:
    scene = Scene.of(real, dead_letters=1)
    producer = Producer({"bootstrap.servers": real.bootstrap_servers})
    headers = {"topic": "gone", "partition": "0", "offset": "0"}
    producer.produce(
        f"{scene.topic.name}.dlq",
        b"hello",
        headers=[(f"__connect.errors.{name}", value) for name, value in headers.items()],
    )
    producer.flush()
    result = letters_of(scene, "--replay", "--to", "gone")
    assert result.exit_code == 2
    assert "gone" in result.stderr and "not confirmed" not in result.stderr
    assert (
        letters_of(scene).stdout.splitlines()[-1]
        == f"1 dead-lettered record on {scene.topic.name}.dlq"
    )


# --- records of strangers -------------------------------------------------------------------------


def produce(cluster: AnyCluster, topic: str, *letters: dict[str, bytes]) -> None:
    """Produce dead-lettered records with these headers."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers})
    for letter in letters:
        headers = {"topic": b"t", "partition": b"0", "offset": b"5", **letter}
        named = {f"__connect.errors.{name}": value for name, value in headers.items()}
        producer.produce(topic, b"value", headers={**named})
    producer.flush(10)


HEADERS: dict[str, list[bytes]] = {
    "topic": [b"\xff\xfe", b"", b"t" * 300, b"a\0b", b"a b", b"..", "\u0661".encode()],
    "partition": [b"9" * 400, b"9" * 5000, b"-7", b"2147483648", "\u0661".encode()],
    "offset": [b"9" * 30, b"9" * 5000, b"", b"9223372036854775808"],
}


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_header_makes_a_topic_unlistable(embedded: AnyCluster, style: str) -> None:
    scene = Scene.of(embedded, dead_letters=1)
    letters = [{name: value} for name, values in HEADERS.items() for value in values]
    more = {"exception.message": b"\xff\0\n\r", "stage": b"\0" * 9000, "class.name": b"9" * 5000}
    produce(embedded, f"{scene.topic.name}.dlq", *letters, more)
    result = letters_of(scene, "--format", style)
    assert result.exit_code == 0, result.stderr
    if style == "json":
        origins = [json.loads(line)["origin"] for line in result.stdout.splitlines()]
        assert origins[:-1] == [None] * len(letters) and origins[-1]["topic"] == "t"
    else:
        assert result.stdout.count("unknown: the record has no valid") == len(letters)


def test_records_are_replayed_to_confirmed_topics_only(
    embedded: AnyCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scene = Scene.of(embedded, dead_letters=1)
    dead = f"{scene.topic.name}.dlq"
    produce(embedded, dead, {"topic": scene.topic.name.encode()}, {"topic": b"payments"})
    before = len(embedded.records(scene.topic.name))
    for options in ((), ("--to", "other"), ("--to", scene.topic.name)):
        result = letters_of(scene, "--replay", *options)
        assert result.exit_code == 2
        assert "name topics that were not confirmed: payments (1); nothing was" in result.stderr
        assert "--skip-others" in result.stderr
    assert len(embedded.records(scene.topic.name)) == before
    assert letters_of(scene).stdout.endswith(f"2 dead-lettered records on {dead}\n")


@pytest.mark.parametrize("options", [("--to", "t"), ("--skip-others",), ("--replay", "--to", "d")])
def test_options_that_do_not_fit(options: tuple[str, ...]) -> None:
    result = run_avrogen("dead-letters", "d", "--brokers", "localhost:1", *options)
    assert result.exit_code == 2
    assert "need --replay" in result.stderr or "the dead-letter topic itself" in result.stderr


def test_confirmed_and_skipped_records(real: AnyCluster) -> None:
    scene, other = Scene.of(real, dead_letters=1), Scene.of(real)
    dead, names = f"{scene.topic.name}.dlq", (scene.topic.name, other.topic.name, "payments")
    produce(real, dead, *({"topic": name.encode()} for name in (*names, dead)))
    result = letters_of(scene, "--replay", "--to", other.topic.name, "--skip-others")
    assert result.exit_code == 1, result.output
    assert result.stdout.endswith(f"2 dead-lettered records of {dead} replayed\n")
    assert ": skipped: headers name payments, which was not confirmed\n" in result.stderr
    assert f": skipped: headers name {dead}, which was not confirmed\n" in result.stderr
    assert [len(real.records(name)) for name in names[:2]] == [1, 1]
    assert len(real.records(dead)) == 4


def test_the_configuration_confirms(
    embedded: AnyCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    produce(embedded, "failures", {"topic": b"orders"})
    seen: list[set[str]] = []

    def replay(config: object, reader: object, report: object, topics: set[str], **_: bool) -> Any:
        seen.append(topics)
        return []

    monkeypatch.setattr("avrogen.dead_letters.command.replay", replay)
    command = ("dead-letters", "failures", "--replay", "--brokers", embedded.bootstrap_servers)
    assert run_avrogen(*command).exit_code == 0
    table = '[topics.orders]\nvalue = "a.B"\ndead-letter = "failures"\n'
    write_schemas(tmp_path, {"schemas/avrogen.toml": table})
    assert run_avrogen(*command, "--to", "more").exit_code == 0
    assert [names - {""} for names in seen] == [set(), {"orders", "more"}]


@pytest.mark.parametrize(
    ("topic", "source"),
    [
        ("orders.dlq", "orders"),
        ("shop.orders.v1-DLT", "shop.orders.v1"),
        ("orders_dead_letters", "orders"),
        ("orders.dead-letter-queue", "orders"),
        ("dlq-orders", "orders"),
        ("dlq", None),
        ("dlq0", None),
        ("ordersdlq", None),
        ("failures", None),
    ],
)
def test_names_of_dead_letter_topics(topic: str, source: str | None) -> None:
    assert source_topic(topic) == source


def letter_with_foreign_headers(cluster: AnyCluster) -> Scene:
    """A scene with one dead letter, two of whose header names are not UTF-8."""
    scene = Scene.of(cluster, dead_letters=1)
    origin = {"topic": scene.topic.name.encode(), "partition": b"0", "offset": b"5"}
    headers = [(f"__connect.errors.{name}".encode(), value) for name, value in origin.items()]
    foreign = [(b"\xff", b"1"), (b"b", b"2"), (b"\xfe", None)]
    dead = f"{scene.topic.name}.dlq"
    produce_bytes(cluster.bootstrap_servers, dead, b"x", headers=[*foreign, *headers])
    return scene


@pytest.mark.parametrize("style", ["text", "json"])
def test_header_names_that_are_not_utf_8_are_listed(embedded: AnyCluster, style: str) -> None:
    scene = letter_with_foreign_headers(embedded)
    result = letters_of(scene, "--format", style, registry=False)
    assert result.exit_code == 0, result.stderr
    if style == "json":
        record = json.loads(result.stdout)
        assert record["headers"] == [["\ufffd", "1"], ["b", "2"], ["\ufffd", None]]
        assert record["origin"]["offset"] == 5
    else:
        assert "header   \ufffd: 1\n" in result.stdout


def test_letters_with_header_names_that_are_not_utf_8_are_replayed(real: AnyCluster) -> None:
    scene = letter_with_foreign_headers(real)
    result = letters_of(scene, "--replay")
    assert result.exit_code == 0, result.output
    (record,) = real.records(scene.topic.name)
    assert (record.value, record.headers) == (
        b"x",
        (("\ufffd", b"1"), ("b", b"2"), ("\ufffd", None)),
    )


@pytest.mark.parametrize("topic", ["a\udcff", "a\0b"])
def test_names_that_are_no_text_for_kafka(topic: str) -> None:
    result = run_avrogen("dead-letters", topic, "--brokers", "localhost:1")
    assert result.exit_code == 2
    assert "the topic's name: has " in result.stderr
