"""The embedded registry as such: it starts, stops, goes wrong as told, and serves many threads."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from avrogen.testing.registry import EmbeddedRegistry, Request

RECORD = '{"type": "record", "name": "R", "fields": [{"name": "f%d", "type": "int"}]}'


@pytest.fixture
def registry() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as registry:
        yield registry


def ask(url: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def register(registry: EmbeddedRegistry, subject: str, text: str) -> tuple[int, Any]:
    return ask(f"{registry.url}/subjects/{subject}/versions", "POST", {"schema": text})


def wait_for_requests(registry: EmbeddedRegistry, count: int) -> None:
    """Until so many have arrived, whether or not they have been answered."""
    while len(registry.requests) < count:
        time.sleep(0.001)


def test_the_url_needs_a_start() -> None:
    with pytest.raises(RuntimeError, match="with EmbeddedRegistry"):
        _ = EmbeddedRegistry().url


def test_it_comes_back_where_it_was_with_what_it_had(registry: EmbeddedRegistry) -> None:
    url = registry.url
    assert register(registry, "s", '"int"')[0] == 200
    registry.stop()
    registry.stop()
    with pytest.raises(urllib.error.URLError):
        ask(f"{url}/subjects")
    assert registry.start() is registry.start()
    assert registry.url == url
    assert ask(f"{url}/subjects") == (200, ["s"])


def test_it_stops_while_clients_are_connected_and_waiting(registry: EmbeddedRegistry) -> None:
    address = ("127.0.0.1", int(registry.url.rpartition(":")[2]))
    registry.hang(where=lambda request: request.path == ("subjects",))
    with (
        socket.create_connection(address, timeout=10) as idle,
        socket.create_connection(address, timeout=10) as waiting,
    ):
        waiting.sendall(b"GET /subjects HTTP/1.1\r\n\r\n")
        idle.sendall(b"GET /config HTTP/1.1\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        wait_for_requests(registry, 2)
        registry.stop()
        assert waiting.recv(1) == b""
        with idle.makefile("rb") as answer:
            assert answer.read().endswith(b'{"compatibilityLevel": "BACKWARD"}')
    assert not [t for t in threading.enumerate() if t.name == "embedded registry"]


def test_it_fails_as_often_as_told(registry: EmbeddedRegistry) -> None:
    url = f"{registry.url}/subjects"
    registry.fail(503, times=2)
    registry.fail(401, '{"message": "who are you?"}')
    assert [ask(url)[0] for _ in range(4)] == [503, 503, 401, 200]


def test_it_fails_where_told_until_it_recovers(registry: EmbeddedRegistry) -> None:
    def is_registration(request: Request) -> bool:
        return request.method == "POST" and request.path[-1] == "versions"

    registry.fail(500, times=None, where=is_registration)
    assert register(registry, "s", '"int"')[0] == 500
    assert ask(f"{registry.url}/subjects") == (200, [])
    assert register(registry, "s", '"int"')[0] == 500
    registry.recover()
    assert register(registry, "s", '"int"')[0] == 200


def test_it_sends_what_it_is_told(registry: EmbeddedRegistry) -> None:
    registry.fail(429, "<html>", headers={"Retry-After": "7", "Content-Type": "text/html"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(registry.url, timeout=10)
    with caught.value as error:
        assert error.code == 429
        assert error.headers["Retry-After"] == "7"
        assert error.headers["Content-Type"] == "text/html"
        assert error.read() == b"<html>"


def test_it_answers_late(registry: EmbeddedRegistry) -> None:
    registry.delay(3600)
    with ThreadPoolExecutor() as pool:
        late = pool.submit(ask, f"{registry.url}/subjects")
        wait_for_requests(registry, 1)
        assert ask(f"{registry.url}/config")[0] == 200
        assert not late.done()
        registry.recover()
        assert late.result() == (200, [])


def test_it_tells_what_it_was_asked(registry: EmbeddedRegistry) -> None:
    register(registry, "a%2Fb%20c", '"int"')
    (request,) = registry.requests
    assert (request.method, request.path) == ("POST", ("subjects", "a/b c", "versions"))
    assert json.loads(request.body) == {"schema": '"int"'}
    assert "user-agent" in request.headers


def test_many_threads_register_at_once(registry: EmbeddedRegistry) -> None:
    """Every schema gets one id, every version one number."""

    def register_one(number: int) -> Any:
        return register(registry, f"s{number % 4}", RECORD % (number % 16))[1]

    assert ask(f"{registry.url}/config", "PUT", {"compatibility": "NONE"})[0] == 200
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(register_one, range(64)))
    ids = {answer["schema"]: answer["id"] for answer in answers}
    assert sorted(ids.values()) == list(range(1, 17))
    assert all(ids[answer["schema"]] == answer["id"] for answer in answers)
    for number in range(4):
        assert ask(f"{registry.url}/subjects/s{number}/versions") == (200, [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"nonsense", 400), (b"[]", 400), (b'{"schema": 1}', 400), (b"{}", 422)],
)
def test_bodies_that_are_none(registry: EmbeddedRegistry, body: bytes, status: int) -> None:
    url = f"{registry.url}/subjects/s/versions"
    request = urllib.request.Request(url, data=body, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    with caught.value as error:
        assert error.code == status
        assert json.load(error)["message"]


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        ("config/s", "PUT", {"compatibility": "FULL", "alias": "t"}),
        ("config", "PUT", {"compatibilityGroup": "g"}),
    ],
)
def test_what_it_lacks_is_refused(
    registry: EmbeddedRegistry, path: str, method: str, body: Any
) -> None:
    status, answer = ask(f"{registry.url}/{path}", method, body)
    assert status == 501
    assert answer["message"].startswith("the embedded registry has no ")
