"""Processes that are forked while other threads work: they have no locks of those threads."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable

import pytest

from avrogen import fork_safety
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.registry.caching import TtlCache
from avrogen.kafka.single_flight import SingleFlight
from tests.conftest import run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")

PROGRAM = """
import json, os, threading, time, warnings
from avrogen import Schema, SchemaStore
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, for a fork with threads

def schema(name):
    fields = [{"name": f"f{i}", "type": "int"} for i in range(30)]
    return Schema.parse(json.dumps({"type": "record", "name": name, "fields": fields}))

def work(number):
    value = {f"f{i}": i for i in range(30)}
    one, other = schema(f"A{number}"), schema(f"A{number}")
    data = one.to_avro(value)
    assert other.from_avro(data, writer=one) == value
    store.add(one)
    assert store.find(one.fingerprint()) is one

def forever():
    number = 0
    while not stop:
        number += 1
        work(number)

store, stop = SchemaStore(), []
threads = [threading.Thread(target=forever) for _ in range(2)]
for thread in threads:
    thread.start()
try:
    for number in range(15):
        child = os.fork()
        if child == 0:
            work(-number)
            os._exit(0)
        end = time.monotonic() + 20
        while not (done := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < end:
            time.sleep(0.005)
        if not done[0]:
            os.kill(child, 9)
            os.waitpid(child, 0)
        assert done[0], f"fork {number} hangs"
        assert done[1] == 0, f"fork {number} fails"
finally:
    stop.append(1)
"""


def test_a_fork_while_other_threads_compile_and_import() -> None:
    run = run_python("-c", PROGRAM.replace("A{number}", "A{abs(number)}"))
    assert run.returncode == 0, run.stderr


def in_child(check: Callable[[], bool]) -> bool:
    """Return the result of a check in a forked process, which has no time to wait."""
    child = os.fork()
    if child == 0:
        import signal

        signal.alarm(10)
        os._exit(0 if check() else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12, for a fork with threads
def test_caches_and_flights_of_other_threads() -> None:
    cache: TtlCache[int] = TtlCache(3)
    flights: SingleFlight[bool] = SingleFlight()
    cache.put("a", 1)

    def check() -> bool:
        return cache.get("a") == 1 and flights.call("key", lambda: True)

    def fork() -> bool:
        with vars(cache)["_lock"], vars(flights)["_lock"]:
            return in_child(check)

    assert flights.call("key", fork)


def test_owners_are_forgotten() -> None:
    class Owner:
        pass

    renewals = vars(fork_safety)["_renewals"]
    owner = Owner()
    renew_after_fork(owner, lambda _: None)
    key = id(owner)
    assert key in renewals
    del owner
    gc.collect()
    assert key not in renewals
