"""Registries that never come to an end: one deadline for a whole exchange, whatever they send."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from avrogen import RegistryError
from avrogen.kafka.registry.client import ConfluentRegistry
from avrogen.kafka.registry.connection import connect
from avrogen.kafka.registry.deadline import DeadlineExceeded, remaining, time_limit
from avrogen.kafka.registry.retrying import Retries
from avrogen.kafka.registry.schema_references import resolve_references
from tests.support.http_server import Call, Reply, as_json, serving

TIMEOUT = 0.5
LATEST = 10.0
"""Seconds after which a test fails. It takes TIMEOUT on a machine that is not busy."""

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b'{"schema":"\\"int\\"","id":1}'

DRIPS: dict[str, tuple[bytes, bytes, float]] = {
    "informational-flood": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100, 0),
    "informational": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.1),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.1),
    "status-line": (b"HTTP/1.1 200 ", b"O", 0.1),
    "header": (OK + b"X: ", b"a", 0.1),
    "headers": (OK, b"X: y\r\n", 0.1),
    "folded-header": (OK + b"X: y\r\n", b" y\r\n", 0.1),
    "chunk-size": (CHUNKED, b"0", 0.1),
    "chunk-extension": (CHUNKED + b"1;", b"x", 0.1),
    "chunks": (CHUNKED, b"1\r\n \r\n", 0.1),
    "trailer": (CHUNKED + b"1b\r\n" + BODY + b"\r\n0\r\nX: ", b"x", 0.1),
    "trailers": (CHUNKED + b"1b\r\n" + BODY + b"\r\n0\r\n", b"X: y\r\n", 0.1),
    "body": (OK + b"Content-Length: 1000\r\n\r\n", b" ", 0.1),
    "body-to-the-end": (OK + b"\r\n", b" ", 0.1),
    "nothing": (b"", b"", 0.1),
}


@contextmanager
def dripping(first: bytes, more: bytes, pause: float) -> Generator[int]:
    """A server that sends ``more`` for ever; yields its port."""
    end = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(first)
                while not end.wait(pause):
                    connection.sendall(more)
            except OSError:
                return

    def accept() -> None:
        while not end.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=answer, args=(connection,), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        end.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *threads):
            thread.join(5)


def given_up(ask: Callable[[], object]) -> RegistryError:
    start = time.monotonic()
    with pytest.raises(RegistryError) as caught:
        ask()
    assert time.monotonic() - start < LATEST
    return caught.value


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_registry_that_sends_a_byte_at_a_time(
    drip: tuple[bytes, bytes, float], scheme: str
) -> None:
    with (
        dripping(*drip) as port,
        closing(
            ConfluentRegistry({"url": f"{scheme}://127.0.0.1:{port}", "timeout": TIMEOUT})
        ) as registry,
    ):
        error = given_up(lambda: registry.by_id(1))
    assert error.transient or scheme == "https"


def test_a_connection_that_was_used_before() -> None:
    """The deadline is that of the exchange, not of the connection."""
    with dripping(OK + b"Content-Length: 27\r\n\r\n" + BODY, b" ", 10) as port:
        url = f"http://127.0.0.1:{port}"
        with closing(ConfluentRegistry({"url": url, "timeout": TIMEOUT})) as registry:
            assert registry.by_id(1).text == '"int"'
            assert given_up(lambda: registry.by_id(1)).transient


@pytest.mark.parametrize("name", ["proxy", "bearer.auth.issuer.endpoint.url"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_and_an_issuer_that_do_so(name: str, scheme: str) -> None:
    oauth = {
        "bearer.auth.credentials.source": "OAUTHBEARER",
        "bearer.auth.client.id": "id",
        "bearer.auth.client.secret": "secret",
        "bearer.auth.scope": "scope",
        "bearer.auth.logical.cluster": "lsrc-1",
    }
    with dripping(OK + b"X: ", b"a", 0.1) as port:
        config: dict[str, Any] = {
            "url": f"{scheme}://127.0.0.1:9",
            "timeout": TIMEOUT,
            name: f"http://127.0.0.1:{port}",
        }
        if name != "proxy":
            config |= oauth
        with closing(ConfluentRegistry(config)) as registry:
            assert given_up(lambda: registry.by_id(1)).transient


def test_a_name_that_is_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()

    def getaddrinfo(*arguments: object, **options: object) -> Any:
        end.wait(10)
        raise OSError("too late")

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    config = {"url": "http://registry.invalid", "timeout": TIMEOUT}
    with closing(ConfluentRegistry(config)) as registry:
        error = given_up(lambda: registry.by_id(1))
    end.set()
    assert "no response from the registry within the timeout of 0.5 s" in str(error)
    assert error.transient


def slow_references(call: Call) -> Reply:
    """Every version refers to another, and comes within the timeout of one request."""
    time.sleep(0.2)
    number = int(call.path.rpartition("/")[2])
    text = json.dumps({"type": "record", "name": f"R{number}", "fields": []})
    reference = {"name": f"R{number + 1}", "subject": "s", "version": number + 1}
    body = {"subject": "s", "version": number, "id": number, "schema": text}
    return as_json({**body, "references": [reference]})


def test_references_have_one_deadline() -> None:
    with serving(answer=slow_references) as server:
        registry = connect({"url": server.url, "timeout": TIMEOUT}, retries=Retries(attempts=1))
        with closing(registry):
            text = registry.by_id(1)
            error = given_up(lambda: resolve_references(registry, text, "schema 1"))
    assert error.transient


def test_limits_are_nested() -> None:
    assert remaining() is None
    with time_limit(10):
        with time_limit(100):
            assert 0 < (remaining() or 0) <= 10
        with time_limit(1), time_limit(None):
            assert 0 < (remaining() or 0) <= 1
        assert 1 < (remaining() or 0) <= 10
    assert remaining() is None
    assert not issubclass(DeadlineExceeded, Exception)
