"""``avrogen read``: which messages are printed, in which order, and as what."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from avrogen.console.start_position import AtTime, parse_since, parse_start
from avrogen.kafka.wire_format import VALUE_HEADER, frame_prefix, header_value
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.topics import ORDERS, OrdersProducer
from tests.cli.test_hostile_text import COMMANDS, ESCAPES, assert_harmless, on_terminal
from tests.conftest import ROOT
from tests.console.topics import ORDER, Shell, no_topic, register
from tests.support.clusters import AnyCluster
from tests.support.events import cancelled
from tests.support.librdkafka import produce_bytes
from tests.support.registry_requests import ask, path


def framed(id_: int, body: bytes) -> bytes:
    return frame_prefix(id_) + body


# --- content --------------------------------------------------------------------------------------


def test_a_message_with_all_its_parts(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded, 2)
    id_ = register(embedded, f"{shell.topic}-value", ORDER)
    shell.produce((framed(id_, b"\x0e\x02\x08"), b"a", 1, 1_700_000_000_123))
    result = shell.run("read")
    assert result.stdout == (
        '{"key":"a","value":{"$type":"shop.Order","id":7,"paid":4},"headers":[],'
        f'"timestamp":"2023-11-14T22:13:20.123Z","topic":"{shell.topic}","partition":1,"offset":0}}\n'
    )
    assert result.stderr == ""


def test_events_of_several_types(embedded: AnyCluster) -> None:
    shell = Shell(embedded, embedded.topic(3, ORDERS.name))
    with OrdersProducer(embedded.config, register=True) as orders:
        orders.send(cancelled(5), headers={"trace": "7"})
    (line,) = shell.read()
    assert line["key"] == str(UUID(int=5))
    assert line["value"]["$type"] == "com.acme.shop.OrderCancelled"
    assert line["value"]["order_id"] == str(UUID(int=5))
    assert line["headers"] == [["trace", "7"]]


def test_keys(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    id_ = register(embedded, f"{shell.topic}-key", ORDER)
    long = (2**40).to_bytes(8, "big")
    keys = (None, b"", "käse\t1".encode(), framed(id_, b"\x0e\0"), b"\xff", b"\0\0\0*", long)
    shell.produce(*((None, key) for key in keys))
    lines = shell.read()
    assert [line.get("key") for line in lines[:4]] == [None, "", "käse\t1", {"id": 7, "paid": None}]
    assert [b64decode(line["key_base64"]) for line in lines[4:]] == [*keys[4:]]
    assert all(line["value"] is None for line in lines)
    assert shell.read("--key-type", "long")[-1]["key"] == 2**40
    assert "8 bytes" in shell.read("--key-type", "long")[-2]["key_problem"]
    assert shell.read("--key-type", "bytes")[2]["key_base64"] == "a8Okc2UJMQ=="


def test_messages_that_cannot_be_decoded(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    id_ = register(embedded, f"{shell.topic}-value", ORDER)
    nullable = register(embedded, "nullable-value", ["null", "int"])
    contract = {"ruleSet": {"domainRules": [RULE]}}
    ruled = register(embedded, "ruled-value", "int", **contract)
    values = (
        b'{"id": 7}',
        b"",
        framed(999_999, b"\0"),
        framed(id_, b"\x0e"),
        framed(id_, b"\x0e\0\0"),
        framed(nullable, b"\0"),
        framed(ruled, b"\x02"),
    )
    shell.produce(*((value,) for value in values))
    shell.produce((framed(id_, b"\x0e\0"),))
    *lines, last = shell.read()
    assert last["value"] == {"$type": "shop.Order", "id": 7, "paid": None}
    assert [b64decode(line["value_base64"]) for line in lines] == [*values]
    problems = [line["value_problem"] for line in lines]
    reasons = ("plain JSON", "0 bytes", "schema 999999", "", "", "no tombstone", "rules")
    assert all(reason in problem for reason, problem in zip(reasons, problems, strict=True))
    without = Shell(embedded, shell.topic).run("read", "--from", "-1", "--registry", "")
    assert "no registry configured" in json.loads(without.stdout)["value_problem"]


RULE = {
    "name": "encrypt",
    "kind": "TRANSFORM",
    "type": "ENCRYPT",
    "mode": "WRITEREAD",
    "tags": ["PII"],
}


def test_the_schema_in_a_header(embedded: AnyCluster) -> None:
    """Where the registry does not know it, the header is part of what is printed."""
    shell = Shell.of(embedded)
    header = header_value(UUID(int=1))
    shell.produce((b"\x02",), headers=[(VALUE_HEADER, header), ("other", b"1")])
    (line,) = shell.read()
    assert str(UUID(int=1)) in line["value_problem"]
    assert b64decode(line["value_base64"]) == b"\x02"
    assert [name for name, _ in line["headers"]] == [VALUE_HEADER, "other"]


def test_headers(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    produce_bytes(
        embedded.bootstrap_servers,
        shell.topic,
        b"x",
        headers=[(b"a", b"1"), (b"a", b"\xff"), (b"n", None), (b"\xff", b"")],
    )
    (line,) = shell.read()
    assert line["headers"] == [["a", "1"], ["a", {"base64": "/w=="}], ["n", None], ["\ufffd", ""]]


def test_no_text_reaches_the_terminal_as_it_is(embedded: AnyCluster, tmp_path: Any) -> None:
    shell = Shell.of(embedded)
    id_ = register(embedded, f"{shell.topic}-value", {"type": "map", "values": "string"})
    text = f"{ESCAPES}{''.join(COMMANDS)}".encode()
    entry = bytes([2]) + varint(len(text)) + text + varint(len(text)) + text + b"\0"
    shell.produce((framed(id_, entry), text), (text, text), headers=[(text.decode(), text)])
    more = ("--brokers", embedded.bootstrap_servers, "--registry", embedded.registry_url)
    shown = on_terminal(tmp_path, "read", shell.topic, *more)
    assert_harmless(shown)
    first, _ = (json.loads(line) for line in shown.splitlines())
    assert first["value"] == {text.decode(): text.decode()}
    for hostile in (ESCAPES, "::error::x"):
        for option in ("--from", "--since", "--key-type", "--brokers"):
            shown = on_terminal(tmp_path, "read", hostile, option, hostile, "--timeout", "1")
            assert_harmless(shown)


def varint(number: int) -> bytes:
    number *= 2
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes([*data, number])


# --- which messages -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "a0 b0 a1 b1 a2"),
        (["--from", "beginning"], "a0 b0 a1 b1 a2"),
        (["--from", "end"], ""),
        (["--from", "1"], "a1 b1 a2"),
        (["--from", "7"], ""),
        (["--from", "-1"], "a2"),
        (["--from", "-3"], "a1 b1 a2"),
        (["--from", "-99"], "a0 b0 a1 b1 a2"),
        (["--from", "-0"], ""),
        (["-n", "2"], "a0 b0"),
        (["--from", "-3", "-n", "1"], "a1"),
        (["--partition", "1"], "b0 b1"),
        (["--partition", "1", "--from", "-1"], "b1"),
        (["--key", "a1"], "a1"),
        (["--key", '"a1"'], "a1"),
        (["--key", "a0", "--from", "-1"], "a0"),
        (["--key", "zz"], ""),
        (["--since", "1970-01-01T01:00:01Z"], "a1 b1 a2"),
        (["--since", "1970-01-01T02:00:01+01:00"], "a1 b1 a2"),
        (["--since", "1970-01-01 01:00:02"], "a2"),
        (["--since", "2999-01-01"], ""),
        (["--since", "1s"], ""),
        (["--since", "99999w"], "a0 b0 a1 b1 a2"),
    ],
    ids=" ".join,
)
def test_positions(embedded: AnyCluster, options: list[str], expected: str) -> None:
    shell = Shell.of(embedded, 3)
    shell.produce_strings("a0", "a1", "a2", start=3600)
    shell.produce_strings("b0", "b1", start=3600, partition=1)
    assert shell.values(*options) == expected.split()


def test_positions_of_real_brokers(real: AnyCluster) -> None:
    """Real ones search for times, and have offsets without messages."""
    shell = Shell.of(real, 2)
    now = int(datetime.now(UTC).timestamp())
    shell.produce_strings("old", start=now - 7200)
    shell.produce_strings("new", "newer", start=now - 60, partition=1)
    assert shell.values("--since", "1h") == ["new", "newer"]
    assert shell.values("--since", "1d") == ["old", "new", "newer"]
    assert shell.values("--since", "2s") == []
    aborted = Producer(
        {"bootstrap.servers": real.bootstrap_servers, "transactional.id": shell.topic}
    )
    aborted.init_transactions(30)
    for _ in range(3):
        aborted.begin_transaction()
        for number in (0, 1):
            aborted.produce(shell.topic, b"x" * 9, partition=number)
        aborted.flush()
        aborted.abort_transaction(30)
    assert shell.values("--from", "-2") == ["new", "newer"]
    assert shell.values("--from", "-9", "--key", "old") == ["old"]
    admin: Any = AdminClient({"bootstrap.servers": real.bootstrap_servers})
    groups = admin.list_consumer_groups(request_timeout=30).result().valid
    assert "avrogen-read" not in {group.group_id for group in groups}


def test_an_empty_topic(embedded: AnyCluster) -> None:
    result = Shell.of(embedded, 3).run("read")
    assert (result.exit_code, result.output) == (0, "")


def test_one_partition_ahead_of_another(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded, 2)
    shell.produce_strings(*(f"{number}" for number in range(9_000)))
    shell.produce_strings("first", "last", partition=1, start=1)
    shell.produce_strings("late", partition=1, start=100_000)
    lines = shell.read()
    assert len(lines) == 9_003
    assert [line["value"] for line in lines if line["partition"] == 0] == [
        str(number) for number in range(9_000)
    ]
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("90s", -90_000),
        ("1h30m", -5_400_000),
        ("1.5h", -5_400_000),
        ("250ms", -250),
        ("2w", -1_209_600_000),
    ],
)
def test_durations(text: str, milliseconds: int) -> None:
    now = datetime(2025, 3, 14, tzinfo=UTC)
    expected = int(now.timestamp() * 1000) + milliseconds
    assert parse_since(text, now) == AtTime(expected)


@pytest.mark.parametrize(
    "text", ["", "1", "h", "1y", "-1h", "1h ago", "now", "9" * 400 + "d", "\0"]
)
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_since(text, datetime.now(UTC))


@pytest.mark.parametrize(
    "text", ["", "-", "1.5", "+1", "first", "9" * 30, "9223372036854775808", "\u0661"]
)
def test_no_positions(text: str) -> None:
    with pytest.raises(ValueError, match="expected beginning"):
        parse_start(text)


# --- ends -----------------------------------------------------------------------------------------


def process(shell: Shell, *arguments: str) -> subprocess.Popen[str]:
    where = ("--brokers", shell.cluster.bootstrap_servers, "--registry", shell.cluster.registry_url)
    return subprocess.Popen(
        [sys.executable, "-m", "avrogen", "read", shell.topic, *arguments, *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_following_until_it_is_interrupted(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded, 2)
    shell.produce_strings("a", "b")
    running = process(shell, "--follow", "--from", "-1")
    assert running.stdout is not None
    assert json.loads(running.stdout.readline())["value"] == "b"
    shell.produce_strings("c", partition=1, start=10)
    assert json.loads(running.stdout.readline())["value"] == "c"
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=30)
    assert (running.returncode, output, errors) == (0, "", "")


def test_following_while_brokers_are_away(
    embedded: AnyCluster, avrogen_broker: EmbeddedBroker
) -> None:
    shell = Shell.of(embedded)
    shell.produce_strings("a")
    running = process(shell, "--follow", "--from", "-1")
    assert running.stdout is not None and running.stderr is not None
    assert json.loads(running.stdout.readline())["value"] == "a"
    avrogen_broker.take_down()
    assert running.stderr.readline().startswith("warning: no broker can be reached: ")
    avrogen_broker.bring_up()
    shell.produce_strings("b", start=5)
    assert json.loads(running.stdout.readline())["value"] == "b"
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=30)
    assert (running.returncode, output, errors) == (0, "", "")


def test_types_of_a_union_and_of_headers(embedded: AnyCluster) -> None:
    """As Confluent's registry has several types on a topic; and its ids in headers."""
    shell = Shell.of(embedded)
    for name in ("shop.A", "shop.B"):
        fields = [{"name": "x", "type": "int"}]
        register(embedded, name, {"type": "record", "name": name, "fields": fields})
    references = [{"name": n, "subject": n, "version": 1} for n in ("shop.A", "shop.B")]
    id_ = register(embedded, f"{shell.topic}-value", ["shop.A", "shop.B"], references=references)
    shell.produce((framed(id_, b"\2\4"),))
    answer = ask(embedded.registry_url + path("schemas", "ids", id_))[1]
    header = header_value(UUID(answer["guid"]))
    shell.produce((b"\0\6",), headers=[(VALUE_HEADER, header), ("z", "1")])
    lines = shell.read()
    assert [line["value"] for line in lines] == [
        {"$type": "shop.B", "x": 2},
        {"$type": "shop.A", "x": 3},
    ]
    assert [line["headers"] for line in lines] == [[], [["z", "1"]]]
    assert shell.run("send", lines=shell.run("read").stdout).exit_code == 0
    assert [record.value for record in shell.records()[2:]] == [
        framed(id_, b"\2\4"),
        framed(id_, b"\0\6"),
    ]


def test_a_closed_pipe(embedded: AnyCluster) -> None:
    shell = Shell.of(embedded)
    shell.produce_strings(*("x" * 50 for _ in range(5_000)))
    running = process(shell)
    assert running.stdout is not None and running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == ""
    running.wait(30)
    running.stderr.close()


# --- failures -------------------------------------------------------------------------------------


def assert_one_line(text: str) -> None:
    """One line, which may have a hint."""
    lines = text.splitlines()
    assert lines[0].startswith("error: ") and "Traceback" not in text
    assert all(line.startswith("  hint: ") for line in lines[1:]) and len(lines) <= 2, text


def test_brokers_that_are_away(embedded: AnyCluster) -> None:
    away = AnyCluster("embedded", "127.0.0.1:1", embedded.registry_url, no_topic)
    began = monotonic()
    result = Shell(away, "topic").run("read", "--timeout", "1")
    assert monotonic() - began < 10
    assert result.exit_code == 2
    assert_one_line(result.stderr)
    assert "refused" in result.stderr


def test_topics_that_do_not_exist(embedded: AnyCluster) -> None:
    near = embedded.topic()
    result = Shell(embedded, near[:-1]).run("read")
    assert result.exit_code == 2
    assert_one_line(result.stderr)
    assert f"did you mean {near}?" in result.stderr


def test_partitions_that_do_not_exist(embedded: AnyCluster) -> None:
    result = Shell.of(embedded, 2).run("read", "--partition", "2")
    assert result.exit_code == 2
    assert "has the partitions 0, 1, and no 2" in result.stderr


def test_a_registry_that_hangs(embedded: AnyCluster, avrogen_registry: EmbeddedRegistry) -> None:
    shell = Shell.of(embedded)
    shell.produce_strings("a", "b", "c")
    avrogen_registry.hang()
    began = monotonic()
    result = shell.run("read", "--timeout", "1.5")
    assert monotonic() - began < 10
    avrogen_registry.recover()
    assert result.exit_code == 2 and result.stdout == ""
    assert_one_line(result.stderr)
    assert "no response from the registry" in result.stderr


def test_brokers_that_hang(embedded: AnyCluster, avrogen_broker: EmbeddedBroker) -> None:
    shell = Shell.of(embedded)
    avrogen_broker.delay(60)
    began = monotonic()
    result = shell.run("read", "--timeout", "1")
    assert monotonic() - began < 15
    avrogen_broker.delay(0)
    assert result.exit_code == 2
    assert_one_line(result.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "-1", "--since", "1h"], "--from or --since, not both"),
        (["--from", "first"], "expected beginning, end, an offset, or -N"),
        (["--since", "soon"], "expected a duration such as 90s"),
        (["--key-type", "strng"], "Did you mean 'string'?"),
        (["-n", "0"], "0 is not in the range x>=1"),
        (["--timeout", "nan"], "nan is not in the range"),
    ],
    ids=" ".join,
)
def test_wrong_options(embedded: AnyCluster, arguments: list[str], message: str) -> None:
    result = Shell(embedded, "topic").run("read", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
