"""The embedded broker as such: it serves clients, goes wrong as told, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from avrogen.testing.broker import EmbeddedBroker, Record, RequestType, mock_cluster
from tests.conftest import run_python

Settings = dict[str, str | int | float | bool | None]

QUICK: Settings = {
    "linger.ms": 0,
    "retry.backoff.ms": 10,
    "topic.metadata.propagation.max.ms": 100,
    "log_level": 0,
}
"""Settings of producers that get to the point."""


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


def send(
    broker: EmbeddedBroker, topic: str, *values: bytes, settings: Settings = QUICK
) -> list[int | None]:
    """Send values one after the other; the codes of errors of their deliveries, None for none."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, **settings})
    codes: list[int | None] = []

    def delivered(error: KafkaError | None, _message: object) -> None:
        codes.append(None if error is None else error.code())

    for value in values:
        try:
            producer.produce(topic, value, on_delivery=delivered)
        except KafkaException as error:
            codes.append(error.args[0].code())
        assert producer.flush(20) == 0
    return codes


def consume(broker: EmbeddedBroker, topic: str, count: int, **settings: Any) -> list[bytes | None]:
    """What a consumer of a group of its own gets, until it has so many."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "readers",
            "auto.offset.reset": "earliest",
            **settings,
        }
    )
    consumer.subscribe([topic])
    values: list[bytes | None] = []
    while len(values) < count:
        message = consumer.poll(10)
        assert message is not None and message.error() is None, message and message.error()
        values.append(message.value())
    consumer.close()
    return values


def values(records: tuple[Record, ...]) -> list[bytes | None]:
    return [record.value for record in records]


# --- what is there --------------------------------------------------------------------------------


def test_records_are_what_was_sent(broker: EmbeddedBroker) -> None:
    broker.create_topic("t", partitions=2)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    headers: list[tuple[str, str | bytes | None]] = [("h", b"1"), ("h", b"2"), ("none", None)]
    producer.produce("t", b"v", b"k", partition=1, timestamp=1_700_000_000_123, headers=headers)
    producer.produce("t", None, b"k", partition=0, timestamp=0)
    producer.produce("t", b"", b"", partition=1, timestamp=1)
    producer.flush()
    first, second, third = broker.records("t")
    assert second == Record(
        topic="t",
        partition=1,
        offset=0,
        key=b"k",
        value=b"v",
        headers=(("h", b"1"), ("h", b"2"), ("none", None)),
        timestamp=datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC),
    )
    assert (first.partition, first.value, first.headers) == (0, None, ())
    assert (third.partition, third.offset, third.key, third.value) == (1, 1, b"", b"")


def test_an_empty_topic_has_no_records(broker: EmbeddedBroker) -> None:
    broker.create_topic("t", partitions=3)
    assert broker.records("t") == ()


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_compressed_records_are_read(broker: EmbeddedBroker, codec: str) -> None:
    send(broker, "t", b"x" * 1000, settings={"compression.codec": codec})
    assert values(broker.records("t")) == [b"x" * 1000]


GROUPS: dict[str, Settings] = {
    "classic": {"session.timeout.ms": 1200},
    "consumer": {"group.protocol": "consumer"},
}


@pytest.mark.parametrize("settings", GROUPS.values(), ids=GROUPS)
def test_groups_go_on_where_they_were(broker: EmbeddedBroker, settings: Settings) -> None:
    broker.create_topic("t")
    send(broker, "t", b"1", b"2")
    assert consume(broker, "t", 2, **settings) == [b"1", b"2"]
    send(broker, "t", b"3")
    assert consume(broker, "t", 1, **settings) == [b"3"]


@pytest.mark.parametrize("settings", GROUPS.values(), ids=GROUPS)
def test_members_of_a_group_share_partitions(broker: EmbeddedBroker, settings: Settings) -> None:
    broker.create_topic("t", partitions=2)
    shared: Settings = {"bootstrap.servers": broker.bootstrap_servers, "group.id": "g", **settings}
    members = [Consumer(shared), Consumer(shared)]
    for member in members:
        member.subscribe(["t"])
    while [len(member.assignment()) for member in members] != [1, 1]:
        for member in members:
            member.poll(0.02)
    for member in members:
        member.close()


def test_clusters_have_nothing_to_do_with_each_other() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker(brokers=3) as other:
        assert len(other.bootstrap_servers.split(",")) == 3
        send(one, "t", b"one")
        send(other, "t", b"other")
        assert values(one.records("t")) == [b"one"]
        assert values(other.records("t")) == [b"other"]


def test_threads_share_a_cluster(broker: EmbeddedBroker) -> None:
    def use(number: int) -> list[bytes | None]:
        topic = f"t{number}"
        broker.create_topic(topic, partitions=2)
        send(broker, topic, b"%d" % number)
        return values(broker.records(topic))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(use, range(40))) == [[b"%d" % number] for number in range(40)]


# --- what is said when it is used wrongly ---------------------------------------------------------


def test_it_must_run() -> None:
    stopped = EmbeddedBroker().start()
    stopped.stop()
    for broker in (EmbeddedBroker(), stopped):
        with pytest.raises(RuntimeError, match="with EmbeddedBroker"):
            _ = broker.bootstrap_servers
        with pytest.raises(RuntimeError, match="with EmbeddedBroker"):
            broker.create_topic("t")


def test_after_a_stop_it_is_another() -> None:
    broker = EmbeddedBroker()
    with broker:
        send(broker, "t", b"1")
    with broker:
        with pytest.raises(LookupError, match="no topic 't'; topics: none"):
            broker.records("t")
        broker.create_topic("t")
        assert broker.start().records("t") == ()


WRONG_USES: dict[str, Callable[[EmbeddedBroker], object]] = {
    "at least one broker, not 0": lambda broker: EmbeddedBroker(brokers=0),
    "no topic of the name 'a b'": lambda broker: broker.create_topic("a b"),
    "no topic of the name '..'": lambda broker: broker.create_topic(".."),
    r"no topic of the name 't\\n'": lambda broker: broker.create_topic("t\n"),
    "no topic of the name": lambda broker: broker.create_topic("t" * 250),
    "at least one partition, not 0": lambda broker: broker.create_topic("t", partitions=0),
    "there: Broker: Topic already exists": lambda broker: broker.create_topic("there"),
    "no broker 2: they are numbered 1 to 1": lambda broker: broker.take_down(2),
    "no broker 0": lambda broker: broker.bring_up(0),
    "no broker 7": lambda broker: broker.delay(0.1, broker=7),
    "1 s early": lambda broker: broker.delay(-1),
    "errors from 1 up, not 0": lambda broker: broker.fail(RequestType.FETCH, 0),
    "errors from 1 up, not -195": lambda broker: broker.fail(RequestType.FETCH, -195),
    "errors from 1 up, not -1": lambda broker: broker.fail_topic("t", -1),
    "not 0 times": lambda broker: broker.fail(RequestType.FETCH, 1, times=0),
    "not -1 times": lambda broker: broker.disconnect(RequestType.FETCH, times=-1),
    "END_TXN .*pretend_transactions": lambda broker: broker.fail(RequestType.END_TXN, 1),
}


@pytest.mark.parametrize(("complaint", "use"), WRONG_USES.items(), ids=WRONG_USES)
def test_wrong_uses_are_refused(
    broker: EmbeddedBroker, complaint: str, use: Callable[[EmbeddedBroker], object]
) -> None:
    broker.create_topic("there")
    with pytest.raises(ValueError, match=complaint):
        use(broker)


# --- what goes wrong when it is told to -----------------------------------------------------------


def test_errors_that_pass_are_retried(broker: EmbeddedBroker) -> None:
    broker.create_topic("t")
    broker.fail(RequestType.PRODUCE, KafkaError.KAFKA_STORAGE_ERROR, times=2)
    broker.disconnect(RequestType.PRODUCE)
    assert send(broker, "t", b"1") == [None]
    assert values(broker.records("t")) == [b"1"]


def test_each_error_is_for_one_request(broker: EmbeddedBroker) -> None:
    broker.create_topic("t")
    broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
    broker.fail(RequestType.PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE)
    codes = send(broker, "t", b"1", b"2", b"3")
    assert codes == [KafkaError.INVALID_RECORD, KafkaError.MSG_SIZE_TOO_LARGE, None]
    assert values(broker.records("t")) == [b"3"]


@pytest.mark.parametrize(
    "code", [KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.UNKNOWN_TOPIC_OR_PART]
)
def test_a_topic_that_fails_recovers(broker: EmbeddedBroker, code: int) -> None:
    broker.fail_topic("t", code)
    assert send(broker, "t", b"1") == [code]
    assert send(broker, "other", b"1") == [None]
    broker.recover()
    assert send(broker, "t", b"2") == [None]
    assert values(broker.records("t")) == [b"2"]


def test_what_is_down_comes_back_with_its_records(broker: EmbeddedBroker) -> None:
    send(broker, "t", b"1")
    servers = broker.bootstrap_servers
    broker.take_down()
    broker.take_down(1)
    with pytest.raises(TimeoutError):
        broker.records("t", timeout=0.2)
    broker.bring_up(1)
    assert broker.bootstrap_servers == servers
    assert values(broker.records("t")) == [b"1"]


def test_one_of_several_goes_down() -> None:
    with EmbeddedBroker(brokers=2) as broker:
        broker.take_down(1)
        client = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
        assert set(client.list_topics(timeout=10).brokers) == {2}
        broker.bring_up(1)
        assert set(client.list_topics(timeout=10).brokers) == {1, 2}


def test_late_answers_are_too_late(broker: EmbeddedBroker) -> None:
    send(broker, "t", b"1")
    broker.delay(30)
    with pytest.raises(TimeoutError):
        broker.records("t", timeout=0.2)
    broker.recover()
    assert values(broker.records("t")) == [b"1"]


def test_recovering_forgets_errors(broker: EmbeddedBroker) -> None:
    broker.create_topic("t")
    for request in (RequestType.PRODUCE, RequestType.METADATA, RequestType.FETCH):
        broker.fail(request, KafkaError.CLUSTER_AUTHORIZATION_FAILED, times=100)
    broker.take_down()
    broker.recover()
    assert send(broker, "t", b"1") == [None]
    assert values(broker.records("t")) == [b"1"]


def test_commits_that_fail_are_seen(broker: EmbeddedBroker) -> None:
    broker.create_topic("t")
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g"})
    offsets = [TopicPartition("t", 0, 5)]
    broker.fail(RequestType.OFFSET_COMMIT, KafkaError.GROUP_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException, match="GROUP_AUTHORIZATION_FAILED"):
        consumer.commit(offsets=offsets, asynchronous=False)
    consumer.commit(offsets=offsets, asynchronous=False)
    assert consumer.committed([TopicPartition("t", 0)], timeout=10)[0].offset == 5
    consumer.close()


# --- what it cannot do ----------------------------------------------------------------------------


def commit_one(broker: EmbeddedBroker) -> None:
    settings: Settings = {"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}
    producer = Producer({**settings, "transactional.id": "x"})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce("t", b"1")
    try:
        producer.commit_transaction(10)
    finally:
        producer.purge()
        producer.flush(10)


def test_transactions_are_refused(broker: EmbeddedBroker) -> None:
    broker.create_topic("t")
    for _ in range(2):
        with pytest.raises(KafkaException, match="Transactional Id authorization") as raised:
            commit_one(broker)
        assert raised.value.args[0].fatal()
        broker.recover()
    assert broker.records("t") == ()
    assert send(broker, "t", b"1", settings={"enable.idempotence": True}) == [None]


def test_transactions_can_be_pretended() -> None:
    with EmbeddedBroker(pretend_transactions=True) as broker:
        broker.create_topic("t")
        commit_one(broker)
        assert values(broker.records("t")) == [b"1"]
        broker.fail(RequestType.END_TXN, KafkaError.INVALID_PRODUCER_ID_MAPPING)
        with pytest.raises(KafkaException) as raised:
            commit_one(broker)
        assert raised.value.args[0].txn_requires_abort()


def test_the_admin_client_is_refused(broker: EmbeddedBroker) -> None:
    # Its annotations leave open what comes of a request.
    client: Any = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    [created] = client.create_topics([NewTopic("t", 1, 1)]).values()
    with pytest.raises(KafkaException, match="not supported by broker"):
        created.result(10)


def test_records_say_that_some_are_gone(broker: EmbeddedBroker) -> None:
    broker.create_topic("t")
    large = os.urandom(900_000)
    send(broker, "t", *[large] * 5)
    assert len(broker.records("t")) == 5
    send(broker, "t", large)
    with pytest.raises(RuntimeError, match=r"dropped the first 1 records of t \[0\]"):
        broker.records("t")


def test_idempotence_is_not_there(broker: EmbeddedBroker) -> None:
    """If this changes, the list of what it cannot do is shorter by one."""
    broker.create_topic("t")
    lost = threading.Event()

    def noticed(_error: KafkaError) -> None:
        lost.set()

    settings: dict[str, Any] = {"enable.idempotence": True, "request.timeout.ms": 200, **QUICK}
    settings |= {"socket.timeout.ms": 300, "reconnect.backoff.max.ms": 100}
    servers = {"bootstrap.servers": broker.bootstrap_servers}
    producer = Producer({**servers, **settings, "error_cb": noticed})
    producer.produce("t", b"1")
    assert producer.flush(20) == 0
    broker.delay(30)
    producer.produce("t", b"2")
    while not lost.is_set():
        producer.poll(0.01)
    broker.recover()
    assert producer.flush(20) == 0
    assert values(broker.records("t")) == [b"1", b"2", b"2"]


def test_times_are_not_looked_for(broker: EmbeddedBroker) -> None:
    """If this changes, the list of what it cannot do is shorter by one."""
    broker.create_topic("t")
    send(broker, "t", b"1")
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g"})
    assert consumer.offsets_for_times([TopicPartition("t", 0, 1)], timeout=10)[0].offset == -1
    consumer.close()


# --- what it leaves behind ------------------------------------------------------------------------

COUNTING = """
import gc, os
from avrogen.testing.broker import EmbeddedBroker

def left():
    gc.collect()
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

def use(stop):
    broker = EmbeddedBroker(brokers=2).start()
    broker.create_topic("t")
    broker.take_down(1)
    if stop:
        broker.stop()
        broker.stop()

EmbeddedBroker().start().stop()
before = left()
for stop in (True, False):
    for _ in range(20):
        use(stop)
    print(left() == before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="threads and files are counted in /proc"
)
def test_nothing_is_left_of_what_is_stopped_or_forgotten() -> None:
    run = run_python("-c", COUNTING)
    assert (run.stdout.split(), run.stderr) == (["True", "True"], "")


def test_the_interpreter_ends_while_it_runs() -> None:
    code = (
        "from avrogen.testing.broker import EmbeddedBroker\n"
        "broker = EmbeddedBroker().start()\n"
        "print(broker.bootstrap_servers)"
    )
    run = run_python("-c", code)
    assert (run.returncode, run.stderr) == (0, "")


def test_one_librdkafka_serves_both() -> None:
    """A second copy of the library would have global state of its own."""
    library = mock_cluster.load_library()
    with EmbeddedBroker() as broker:
        count = library.rd_kafka_thread_cnt()
        client = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        assert library.rd_kafka_thread_cnt() > count
        del client


def no_module(_name: str) -> None:
    """What is found of a module that is not there."""


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    mock_cluster.load_library.cache_clear()
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    monkeypatch.setattr(mock_cluster, "find_spec", no_module)
    with pytest.raises(ImportError, match=r"pip install 'avrogen\[kafka\]'"):
        EmbeddedBroker().start()


def test_a_library_without_the_functions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    mock_cluster.load_library.cache_clear()
    monkeypatch.setitem(mock_cluster.SIGNATURES, "rd_kafka_mock_no_such_function", (None, []))
    with pytest.raises(RuntimeError, match="exports rd_kafka_mock_no_such_function"):
        EmbeddedBroker().start()
