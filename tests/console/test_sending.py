"""``avrogen send``: what is checked, what is sent, and when it asks."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, cast

import pytest
from confluent_kafka.admin import AdminClient
from hypothesis import given
from hypothesis import strategies as st

from avrogen import Schema
from avrogen.console.cluster_connection import ClusterConnection, ClusterOptions, read_settings
from avrogen.console.record_input import InvalidLine, RecordParser
from avrogen.console.schema_lookup import TopicSchemas
from avrogen.errors import ConfigurationError
from avrogen.kafka.producer.producer_client import ProducerClient
from avrogen.kafka.wire_format import VALUE_HEADER
from avrogen.testing import Factory
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.acme.shop import OrderPlaced
from generated_example.topics import ORDERS, OrdersProducer
from tests.conftest import ROOT, run_avrogen, write_schemas
from tests.console.test_reading import RULE, assert_one_line, framed
from tests.console.topics import ORDER, Shell, no_topic, register
from tests.support.clusters import AnyCluster
from tests.support.events import cancelled
from tests.support.librdkafka import produce_bytes


def order(id_: int, number: int) -> bytes:
    return framed(id_, Schema.parse(json.dumps(ORDER)).to_avro({"id": number, "paid": None}))


def lines(*members: object) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in members)


# --- what is sent ---------------------------------------------------------------------------------


def test_lines_by_hand(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    id_ = register(embedded, f"{shell.topic}-value", ORDER)
    text = lines(
        {"key": "a", "value": {"id": 1}},
        {"value": {"$type": "shop.Order", "id": 2, "paid": "x"}, "headers": {"trace": "7"}},
        {"key": "a", "value": None, "headers": [["n", None], ["b", {"base64": "/w=="}]]},
    )
    result = shell.run("send", lines=f"\ufeff{text}\n\n")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert result.stderr == (
        f"3 messages to {shell.topic} at {embedded.bootstrap_servers} "
        f"({shell.topic}-value version 1)\n3 messages sent\n"
    )
    first, second, third = shell.records()
    assert (first.key, first.value, first.headers) == (b"a", order(id_, 1), ())
    assert second.value == framed(id_, b"\x04\x04\x02x")
    assert (second.key, second.headers) == (None, (("trace", b"7"),))
    assert (third.key, third.value) == (b"a", None)
    assert third.headers == (("n", None), ("b", b"\xff"))


def content(shell: Shell) -> list[tuple[object, ...]]:
    return [(each.key, each.value, each.headers) for each in shell.records()]


def test_what_is_read_can_be_sent(embedded: AnyCluster) -> None:
    """Every key, value and header arrives as the bytes that it was."""
    shell = Shell(embedded, embedded.topic(1, ORDERS.name))
    with OrdersProducer(embedded.config, register=True) as orders:
        for placed in Factory(OrderPlaced).batch(20):
            orders.send(placed, headers={"trace": "7"})
        orders.send(cancelled(5))
    shell.produce((None, b"gone"), (b'{"a": 1}', b"\xff"), (b"", b""), (b"\0\0\0\xff\0\1",))
    produce_bytes(
        embedded.bootstrap_servers,
        shell.topic,
        b"x",
        headers=[(b"a", b"1"), (b"a", b"\xff"), (b"n", None)],
    )
    before = content(shell)
    printed = shell.run("read").stdout
    result = shell.run("send", lines=printed)
    assert result.exit_code == 0, result.stderr
    after = content(shell)
    assert after == [*before, *before]


def test_what_is_read_of_real_brokers_can_be_sent(real: AnyCluster) -> None:
    shell = Shell.of(real, 3)
    id_ = register(real, f"{shell.topic}-value", ORDER)
    shell.produce(
        *((order(id_, n), f"{n}".encode(), n % 3, 1_700_000_000_000 + n) for n in range(30))
    )
    before = shell.records()
    printed = shell.run("read").stdout
    kept = shell.run("send", "--keep-partitions", "--keep-timestamps", lines=printed)
    assert kept.exit_code == 0, kept.stderr
    after = shell.records()
    for number in range(3):
        own = [
            (each.key, each.value, each.timestamp) for each in before if each.partition == number
        ]
        assert [
            (each.key, each.value, each.timestamp) for each in after if each.partition == number
        ] == [*own, *own]
    missing = Shell(real, f"{shell.topic}-missing").run("send", lines=printed)
    assert missing.exit_code == 2 and f"did you mean {shell.topic}?" in missing.stderr
    admin: Any = AdminClient({"bootstrap.servers": real.bootstrap_servers})
    assert f"{shell.topic}-missing" not in admin.list_topics(timeout=30).topics


def test_places_and_times_are_new_unless_kept(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded, 4)
    line = lines({"key": "a", "value": None, "partition": 3, "timestamp": "2001-09-09T01:46:40Z"})
    assert shell.run("send", lines=line).exit_code == 0
    assert shell.run("send", "--keep-partitions", "--keep-timestamps", lines=line).exit_code == 0
    other, kept = sorted(shell.records(), key=lambda record: -record.timestamp.timestamp())
    assert other.timestamp.year > 2020
    assert (kept.partition, kept.timestamp.timestamp()) == (3, 1_000_000_000)
    for member, wrong in (("partition", 4), ("partition", "1"), ("timestamp", "soon")):
        line = lines({"value": None, member: wrong})
        result = shell.run("send", "--keep-partitions", "--keep-timestamps", lines=line)
        assert result.exit_code == 1 and f"<stdin>:1: {member}: " in result.stderr


def test_keys(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    for type_, key in (("long", 7), ("boolean", True), ("double", 0.5), ("string", "x")):
        line = lines({"key": key, "value": None})
        result = shell.run("send", "--key-type", type_, lines=line)
        assert result.exit_code == 0, result.stderr
        assert shell.read("--key-type", type_)[-1]["key"] == key
    for type_, key in (("int", 2**31), ("int", "7"), ("bytes", "x"), ("avro", "x"), ("auto", 7)):
        result = shell.run("send", "--key-type", type_, lines=lines({"key": key, "value": None}))
        assert result.exit_code == 1 and "<stdin>:1: key: " in result.stderr
    id_ = register(embedded, f"{shell.topic}-key", ORDER)
    assert shell.run("send", lines=lines({"key": {"id": 3}, "value": None})).exit_code == 0
    assert shell.records()[-1].key == order(id_, 3)


def test_numbers_are_exact(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 40, "scale": 20}
    register(embedded, f"{shell.topic}-value", {"type": "array", "items": ["long", decimal]})
    text = '{"value": [9007199254740993, "12345678901234567890.12345678901234567890"]}'
    assert shell.run("send", lines=text).exit_code == 0
    assert '"value":[9007199254740993,"12345678901234567890.1234567890' in shell.run("read").stdout


def test_many_lines(embedded: AnyCluster, tmp_path: Path) -> None:
    shell = Shell.of(embedded, 2)
    register(embedded, f"{shell.topic}-value", "int")
    file = tmp_path / "numbers.jsonl"
    file.write_text(lines(*({"key": f"{n}", "value": n} for n in range(5_000))))
    result = shell.run("send", file)
    assert result.exit_code == 0, result.stderr
    assert sorted(shell.values()) == list(range(5_000))


# --- what is refused ------------------------------------------------------------------------------

WRONG: dict[str, str] = {
    "{": "invalid JSON: expecting property name enclosed in double quotes (column 2)",
    "[]": "expected a JSON object",
    "1": "expected a JSON object",
    "\ud800": "the line is not UTF-8",
    '{"key": "a"}': 'there is no "value"; a tombstone has null',
    '{"vlaue": 1}': "unknown member 'vlaue'; did you mean 'value'?",
    '{"value": null, "value": null}': "'value' is there twice",
    '{"value": null, "value_base64": ""}': 'there are "value" and "value_base64"',
    '{"value_base64": "?"}': "value_base64: expected base64, got '?'",
    '{"value_base64": 1}': "value_base64: expected base64, got 1",
    '{"value": {}}': "value: $.id: ",
    '{"value": {"id": 1, "x": 2}}': "value: $: 'x' is no field of shop.Order",
    '{"value": {"id": 1, "id": 2}}': "value: $: the key 'id' is there twice",
    '{"value": {"id": "1"}}': "value: $.id: ",
    '{"value": {"id": 1e400}}': "value: $.id: ",
    '{"value": NaN}': "value: $: ",
    '{"value": {"$type": "shop.Other", "id": 1}}': "value: $",
    '{"value": {"id": 1, "paid": {"$type": "string"}}}': "value: $.paid",
    '{"key": {"a": 1}, "value": null}': "key: $: keys of this topic have no schema",
    '{"key": "\\ud800", "value": null}': "key: $: ",
    '{"value": null, "headers": 1}': "headers: expected pairs",
    '{"value": null, "headers": [1]}': "headers: expected a name and a value, got 1",
    '{"value": null, "headers": [["a"]]}': "headers: expected a name and a value",
    '{"value": null, "headers": [["a", 1]]}': "headers: expected text, null or",
    '{"value": null, "headers": [["a", "\\ud800"]]}': "headers: the text has half of",
    '{"value": null, "headers": [["a\\u0000", "1"]]}': "has a NUL character",
    '{"value": null, "headers": {"a": 1, "a": 2}}': "headers: expected pairs",
    f'{{"value": {{"id": 1}}, "headers": [["{VALUE_HEADER}", ""]]}}': f"header {VALUE_HEADER} is",
    '{"value": ' + "[" * 100_000: "nest",
}


def test_all_lines_are_checked_before_the_first_is_sent(
    embedded: AnyCluster, tmp_path: Path
) -> None:
    shell = Shell.of(embedded)
    register(embedded, f"{shell.topic}-value", ORDER)
    file = tmp_path / "lines.jsonl"
    for start in (0, 15):
        wrong = dict([*WRONG.items()][start : start + 15])
        good = '{"value": {"id": 1}}'
        text = "\n".join([good, *wrong])
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        result = shell.run("send", file)
        assert result.exit_code == 1
        *shown, _, _ = [*result.stderr.splitlines(), ""]
        assert len(shown) == len(wrong)
        for number, (line, message) in enumerate(zip(shown, wrong.values(), strict=True), 2):
            assert line.startswith(f"{file}:{number}: ") and message in line
        assert result.stderr.endswith(f"{len(wrong)} wrong lines; nothing was sent\n")
    assert shell.records() == ()


def test_most_wrong_lines(embedded: AnyCluster) -> None:
    """A file of another format is not checked to its end."""
    result = Shell.of(embedded).run("send", lines="a,b\n" * 1000)
    assert result.stderr.count("invalid JSON") == 20
    assert result.stderr.endswith("20 wrong lines or more; nothing was sent\n")


def test_values_without_a_schema(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    result = shell.run("send", lines=lines({"value": {"id": 1}}))
    assert result.exit_code == 1
    assert f"value: $: the registry has no subject {shell.topic}-value; " in result.stderr
    result = shell.run("send", lines=lines({"value": {"$type": "a.B"}}))
    assert f"{shell.topic}-value, {shell.topic}-a.B, a.B" in result.stderr
    result = shell.run("send", "--registry", "", lines=lines({"value": {"id": 1}}))
    assert result.exit_code == 2
    assert_one_line(result.stderr)
    assert "no schema registry configured" in result.stderr
    raw = lines({"value_base64": b64encode(b"x").decode()}, {"key": "k", "value": None})
    assert shell.run("send", "--registry", "", lines=raw).exit_code == 0


def test_subjects_by_record_name(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    id_ = register(embedded, "shop.Order", ORDER)
    line = lines({"value": {"$type": "shop.Order", "id": 1}})
    assert shell.run("send", lines=line).exit_code == 0
    assert [record.value for record in shell.records()] == [order(id_, 1)]


def test_rules_of_data_contracts(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    rules = {"ruleSet": {"domainRules": [RULE]}}
    register(embedded, f"{shell.topic}-value", ORDER, **rules)
    result = shell.run("send", lines=lines({"value": {"id": 1}}))
    assert result.exit_code == 2
    assert_one_line(result.stderr)
    assert "rules that avrogen does not execute" in result.stderr
    assert shell.records() == ()


def test_schemas_of_files(embedded: AnyCluster, tmp_path: Path) -> None:
    """An older schema than the latest, which must be registered."""
    shell = Shell.of(embedded)
    id_ = register(embedded, f"{shell.topic}-value", ORDER)
    newer = {**ORDER, "fields": [*ORDER["fields"], {"name": "n", "type": "int", "default": 0}]}
    assert register(embedded, f"{shell.topic}-value", newer) != id_
    file = write_schemas(tmp_path, {"order.avsc": ORDER}) / "order.avsc"
    line = lines({"value": {"id": 1}})
    assert shell.run("send", "--schemas", file, lines=line).exit_code == 0
    assert [record.value for record in shell.records()] == [order(id_, 1)]
    other = {**ORDER, "name": "shop.Other"}
    unknown = write_schemas(tmp_path / "b", {"o.avsc": other}) / "o.avsc"
    result = shell.run("send", "--schemas", unknown, lines=line)
    assert result.exit_code == 2 and "not registered" in result.stderr
    broken = write_schemas(tmp_path / "c", {"o.avsc": "{"}) / "o.avsc"
    result = shell.run("send", "--schemas", broken, lines=line)
    assert result.exit_code == 1 and "AVR105" in result.stderr


def test_schemas_of_a_configured_topic(embedded: AnyCluster) -> None:
    shell = Shell(embedded, embedded.topic(1, ORDERS.name))
    url = ("--url", embedded.registry_url)
    assert run_avrogen("registry", "register", ROOT / "schemas", *url).exit_code == 0
    placed = Factory(OrderPlaced).batch(1)[0]
    line = f'{{"key": "k", "value": {placed.to_json()}}}\n'
    result = shell.run("send", "--schemas", ROOT / "schemas", lines=line)
    assert result.exit_code == 1 and "types of shop.orders.v1: com.acme.shop." in result.stderr
    tagged = line.replace('"value": {', '"value": {"$type": "com.acme.shop.OrderPlaced",')
    result = shell.run("send", "--schemas", ROOT / "schemas", lines=tagged)
    assert result.exit_code == 0, result.stderr
    assert OrderPlaced.from_avro(cast("bytes", shell.records()[0].value)[5:]) == placed


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
)
def test_no_line_does_any_harm(data: bytes) -> None:
    parser = RecordParser(TopicSchemas(None, "t", 1.0), "string")
    with suppress(InvalidLine, ConfigurationError):
        parser.record(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["key", "value_base64", "key_base64", "headers", "partition", "timestamp"])


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_no_member_does_any_harm(members: dict[str, object]) -> None:
    parser = RecordParser(
        TopicSchemas(None, "t", 1.0), "auto", partitions=[0], keep_timestamps=True
    )
    try:
        parser.record(json.dumps({"value": None, **members}).encode())
    except InvalidLine as error:
        assert len(str(error)) < 300


# --- where to -------------------------------------------------------------------------------------


def elsewhere(broker: EmbeddedBroker) -> str:
    """The same broker, by an address that need not be this machine."""
    return f"0.0.0.0:{broker.bootstrap_servers.rpartition(':')[2]}"


def test_it_asks_unless_it_is_told(embedded: AnyCluster, avrogen_broker: EmbeddedBroker) -> None:
    away = AnyCluster("embedded", elsewhere(avrogen_broker), embedded.registry_url, no_topic)
    shell = Shell(away, embedded.topic())
    line = lines({"key": "a", "value": None})
    refused = shell.run("send", lines=line)
    assert refused.exit_code == 2
    assert f"1 message to {shell.topic} at 0.0.0.0:" in refused.stderr
    assert "there is no terminal to ask on: use --yes" in refused.stderr
    assert embedded.records(shell.topic) == ()
    assert shell.run("send", "--yes", lines=line).exit_code == 0
    assert len(embedded.records(shell.topic)) == 1
    assert shell.run("send", lines="").exit_code == 0


@pytest.mark.parametrize(("answer", "sent"), [("y", 1), ("n", 0), ("", 0)])
@pytest.mark.parametrize("source", ["file", "stdin"])
def test_the_answer(
    embedded: AnyCluster,
    avrogen_broker: EmbeddedBroker,
    tmp_path: Path,
    answer: str,
    sent: int,
    source: str,
) -> None:
    """On the terminal, also where the lines come through a pipe."""
    topic = embedded.topic()
    file = tmp_path / "lines"
    file.write_text(lines({"key": "a", "value": None}))
    parent, child = pty.openpty()
    name = os.ttyname(child)
    redirected = f"<{file}" if source == "stdin" else ""
    path = "" if source == "stdin" else str(file)
    # The first terminal that a session leader opens becomes its own.
    script = (
        f"exec 2>{name} 1>&2; exec 3<>{name}; [ -n '{redirected}' ] || exec 0<&3; "
        f"'{sys.executable}' -m avrogen send {topic} {path} --brokers {elsewhere(avrogen_broker)} "
        f"{redirected}"
    )
    with subprocess.Popen(
        ["bash", "--norc", "-c", script],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        shown = b""
        while b"[y/N]: " not in shown:
            shown += os.read(parent, 4096)
        os.write(parent, f"{answer}\n".encode())
        assert process.wait(60) == (0 if sent else 1), shown
    os.close(child)
    os.close(parent)
    assert b"1 message to" in shown
    assert len(embedded.records(topic)) == sent


@pytest.mark.parametrize(
    ("brokers", "is_local"),
    [
        ("localhost:9092", True),
        ("127.0.0.1:9092,127.0.0.2", True),
        ("PLAINTEXT://[::1]:9092", True),
        ("::1", True),
        ("kafka.localhost:9092", True),
        ("localhost:9092,broker:9092", False),
        ("broker-1:9092", False),
        ("localhost.example.com:9092", False),
        ("127.0.0.1.example.com:9092", False),
        ("10.0.0.1:9092", False),
        ("0.0.0.0:9092", False),
    ],
)
def test_brokers_on_this_machine(brokers: str, is_local: bool) -> None:
    connection = ClusterConnection.of(ClusterOptions(brokers, None, None, {}))
    assert connection.is_local is is_local


# --- failures -------------------------------------------------------------------------------------


def test_brokers_that_are_away(embedded: AnyCluster) -> None:
    away = AnyCluster("embedded", "127.0.0.1:1", embedded.registry_url, no_topic)
    began = monotonic()
    result = Shell(away, "t").run("send", "--timeout", "1", lines=lines({"value": None}))
    assert monotonic() - began < 10
    assert result.exit_code == 2
    assert_one_line(result.stderr)


def test_a_registry_that_hangs(embedded: AnyCluster, avrogen_registry: EmbeddedRegistry) -> None:
    shell = Shell.of(embedded)
    avrogen_registry.hang()
    began = monotonic()
    result = shell.run("send", "--timeout", "1", lines=lines({"value": 1}))
    assert monotonic() - began < 10
    avrogen_registry.recover()
    assert result.exit_code == 2
    assert_one_line(result.stderr)
    assert "no response from the registry" in result.stderr


def test_an_interrupted_delivery(embedded: AnyCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was delivered by then is counted."""

    def interrupt(client: ProducerClient, timeout: float | None) -> bool:
        monkeypatch.undo()
        raise KeyboardInterrupt

    shell = Shell.of(embedded)
    monkeypatch.setattr(ProducerClient, "wait_until_empty", interrupt)
    result = shell.run("send", lines=lines({"key": "a", "value": None}))
    assert result.exit_code == 2
    *_, error, count = result.stderr.splitlines()
    assert error.startswith("error: interrupted")
    assert count == f"{len(shell.records())} of 1 message sent"


def test_messages_that_are_too_large(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    large = {"value_base64": b64encode(b"x" * 3_000_000).decode()}
    result = shell.run("send", lines=lines({"value": None}, large, {"value": None}))
    assert result.exit_code == 2
    *_, error, count = result.stderr.splitlines()
    assert error.startswith("error: not delivered: ") and "MSG_SIZE_TOO_LARGE" in error
    assert count == "1 of 3 messages sent"


def test_settings_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("# comment\n\nbootstrap.servers = kafka:9092\nsasl.password=a=b\n", "utf-8")
    assert read_settings(file) == {"bootstrap.servers": "kafka:9092", "sasl.password": "a=b"}
    file.write_text("secret\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"kafka\.properties:1") as caught:
        read_settings(file)
    assert "secret" not in str(caught.value)
