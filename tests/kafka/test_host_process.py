"""Clients in processes that fork, have green threads, or end without closing them."""

from __future__ import annotations

import json
import os
import re
import sys
import types

import pytest

from avrogen import ConfigurationError
from avrogen.kafka.topic import Topic
from avrogen.testing import EmbeddedKafka
from generated_example.com.example import Event
from tests.conftest import ROOT, run_python
from tests.support.clients import consumer_of, producer_of
from tests.support.events import event

TOPIC: Topic[str, Event] = Topic("events", value=(Event,), key="string")
CONFIG: dict[str, object] = {
    "bootstrap.servers": "localhost:1",
    "schema.registry.url": "http://localhost:1",
}
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

BEGINNING = """
import asyncio, json, multiprocessing, os, sys, threading, time
from avrogen import ClosedError
from tests.kafka.test_host_process import TOPIC
from tests.support.clients import async_producer_of, consumer_of, producer_of
from tests.support.events import event

config = json.loads(sys.argv[1])

def refused(*calls):
    for call in calls:
        try:
            call()
        except ClosedError as error:
            assert "does not survive a fork" in str(error), error
            assert "--preload" in str(error), error
        else:
            raise AssertionError(call)
"""


def program(kafka: EmbeddedKafka, lines: str, **settings: object) -> str:
    """Run a program that succeeds, and return its messages."""
    config = json.dumps({**kafka.config, **settings})
    run = run_python("-c", BEGINNING + lines, config, cwd=ROOT, PYTHONWARNINGS="default")
    assert run.returncode == 0, run.stderr
    return run.stderr


@pytest.fixture
def kafka(avrogen_kafka: EmbeddedKafka) -> EmbeddedKafka:
    avrogen_kafka.create(TOPIC, partitions=1)
    return avrogen_kafka


# --- the end --------------------------------------------------------------------------------------

SYNC = """
events = producer_of(TOPIC)(config)
for number in range(1000):
    events.send(event(number), key="k")
"""

ENDINGS = {
    "last line": SYNC,
    "sys.exit": SYNC + "sys.exit(0)",
    "asyncio": """
async def main():
    events = await async_producer_of(TOPIC)(config).open()
    for number in range(1000):
        await events.send(event(number), key="k")
    return events
events = asyncio.run(main())
""",
    "asyncio, forgotten": """
async def main():
    events = await async_producer_of(TOPIC)(config).open()
    for number in range(1000):
        await events.send(event(number), key="k")
asyncio.run(main())
""",
    "forgotten": SYNC + "import gc; del events; gc.collect()",
    "multiprocessing": f"""
def work():
    global events
{SYNC.replace(chr(10), chr(10) + "    ")}
child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
sys.exit(child.exitcode)
""",
}
"""Programs that end with messages in flight."""


@FORKS
@pytest.mark.parametrize("ending", list(ENDINGS))
def test_messages_in_flight_are_delivered_at_the_end(kafka: EmbeddedKafka, ending: str) -> None:
    """Those of producers that were not closed, and somebody is told."""
    said = program(kafka, ENDINGS[ending], **{"linger.ms": 5000})
    assert len(kafka.records(TOPIC)) == 1000
    assert "producer.unclosed topics=events in_flight=1000 lost=0" in said
    assert "ResourceWarning: a producer (events) was not used in a with block" in said


@pytest.mark.parametrize("timeout", [120_000, 2000], ids=["in flight", "failed meanwhile"])
def test_what_is_lost_at_the_end_is_counted(kafka: EmbeddedKafka, timeout: int) -> None:
    """Within a bound, which is shorter here."""
    lines = """
from avrogen.kafka.producer import producer_client
producer_client.EXIT_TIMEOUT = 4.0
"""
    kafka.broker.take_down()
    said = program(kafka, lines + SYNC, **{"delivery.timeout.ms": timeout, "linger.ms": 100})
    found = re.search(r"producer.unclosed topics=events in_flight=(\d+) lost=(\d+)", said)
    assert found is not None, said
    assert found[1] == found[2] != "0"
    assert f"messages in flight: {found[1]}, lost: {found[1]}" in said


def test_a_daemon_thread_finishes_its_message_at_the_end(kafka: EmbeddedKafka) -> None:
    """And it leaves the group, as with a signal."""
    with kafka.producer(producer_of(TOPIC)) as events:
        events.send(event(1), key="k")
    lines = """
in_hand = threading.Event()

def handle(message):
    in_hand.set()
    time.sleep(1)
    print("done", file=sys.stderr)

def consume():
    with consumer_of(TOPIC)(config, group_id="g") as events:
        events.run(handle)
    print("left", file=sys.stderr)

threading.Thread(target=consume, daemon=True).start()
in_hand.wait(60)
"""
    said = program(kafka, lines)
    assert said.index("done") < said.index("left")


# --- forks ----------------------------------------------------------------------------------------

FORK = """
child = os.fork()
if child == 0:
    try:
        refuse()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


@FORKS
def test_producers_are_refused_in_a_forked_process(kafka: EmbeddedKafka) -> None:
    """At once, and the parent's messages are not sent twice."""
    lines = f"""
from avrogen.kafka import ProducerClient

async def main():
    client = ProducerClient(config)
    shared = producer_of(TOPIC)(client=client)
    events = producer_of(TOPIC)(config)
    others = await async_producer_of(TOPIC)(config).open()
    for number in range(10):
        events.send(event(number), key="k")
    def refuse():
        refused(lambda: events.send(event(99), key="k"), events.flush)
        refused(lambda: shared.send(event(99), key="k"), shared.flush, client.check_usable)
        refused(lambda: asyncio.run(others.send(event(99), key="k")))
        refused(lambda: asyncio.run(others.flush()))
        for producer in (events, shared, client):
            producer.close()  # as a with block does
{FORK.replace(chr(10), chr(10) + "    ")}
    await others.close()
    shared.close()
    client.close()
    events.close()
    sys.exit(code)

asyncio.run(main())
"""
    program(kafka, lines)
    assert len(kafka.records(TOPIC)) == 10


@FORKS
def test_consumers_are_refused_in_a_forked_process(kafka: EmbeddedKafka) -> None:
    """Also while the parent runs them, which goes on."""
    lines = f"""
events = consumer_of(TOPIC)(config, group_id="g")
with events:
    thread = threading.Thread(target=events.run, args=(print,))
    thread.start()
    while not events.assignment():
        time.sleep(0.05)
    def refuse():
        refused(lambda: events.run(print), lambda: next(iter(events)), events.lag)
        refused(events.assignment, events.commit, lambda: events.seek("end"), events.counters)
        events.__exit__(None, None, None)
{FORK.replace(chr(10), chr(10) + "    ")}
    assert events.lag() == {{0: 0}}
    events.stop()
    thread.join()
sys.exit(code)
"""
    program(kafka, lines)


@FORKS
def test_a_handler_may_fork(kafka: EmbeddedKafka) -> None:
    """The forked process goes no further than its message, and ends as any other."""
    with kafka.producer(producer_of(TOPIC)) as events:
        for number in range(3):
            events.send(event(number), key="k")
    lines = """
def handle(message):
    if message.offset == 1 and os.getpid() == parent:
        global child
        child = os.fork()
    print("handled", os.getpid() == parent, message.offset, file=sys.stderr)
    if message.offset == 2:
        events.stop()

parent = os.getpid()
try:
    with consumer_of(TOPIC)(config, group_id="g") as events:
        events.run(handle)
except ClosedError as error:
    assert os.getpid() != parent, error
    sys.exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
"""
    said = program(kafka, lines)
    assert sorted(line for line in said.splitlines() if "handled" in line) == [
        "handled False 1",
        "handled True 0",
        "handled True 1",
        "handled True 2",
    ]


# --- green threads --------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="gevent is for servers")
@pytest.mark.parametrize("arguments", ["", "thread=False, queue=False"])
def test_gevents_monkey_patching_is_refused(arguments: str) -> None:
    lines = f"""
from gevent import monkey
monkey.patch_all({arguments})
from avrogen import ConfigurationError
from tests.kafka.test_host_process import CONFIG, TOPIC
from tests.support.clients import consumer_of, producer_of

for make in producer_of(TOPIC), lambda given: consumer_of(TOPIC)(given, group_id="g").__enter__():
    try:
        make(CONFIG)
    except ConfigurationError as error:
        print(str(error).split(": ")[1].split(", ")[-1].splitlines()[0])
"""
    run = run_python("-W", "ignore", "-c", lines, cwd=ROOT, PYTHONWARNINGS="ignore")
    assert run.stdout.split("\n") == ["gevent (socket)", "gevent (socket)", ""], run.stderr


def test_eventlets_monkey_patching_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_monkey_patched(name: str) -> bool:
        return name == "thread"

    patcher = types.ModuleType("eventlet.patcher")
    monkeypatch.setattr(patcher, "is_monkey_patched", is_monkey_patched, raising=False)
    monkeypatch.setitem(sys.modules, "eventlet.patcher", patcher)
    for make in (
        lambda: producer_of(TOPIC)(CONFIG),
        lambda: consumer_of(TOPIC)(CONFIG, group_id="g").__enter__(),
    ):
        with pytest.raises(ConfigurationError, match=r"eventlet \(thread\)\n  hint: run Kafka"):
            make()
