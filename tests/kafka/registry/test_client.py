"""The adapter over confluent-kafka's client: what it asks, and what it makes of answers."""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID

import pytest

from avrogen import RegistryError
from avrogen.avro.compat.levels import Level
from avrogen.kafka.registry.client import MAX_TEXT, ConfluentRegistry
from avrogen.kafka.registry.protocol import (
    LATEST,
    Compatibility,
    RegisteredSchema,
    SchemaReference,
    SchemaText,
)
from avrogen.kafka.registry.rest import MAX_BODY
from tests.support.http_server import Call, Reply, Server, as_json, serving

GUID = UUID("89791762-2336-4186-9674-299b90a802e2")
TEXT = '{"type":"record","name":"Order","fields":[]}'
SCHEMA = SchemaText(TEXT)
REFERRING = SchemaText(TEXT, (SchemaReference("Money", "com.Money", 3),))
REFERENCES = [{"name": "Money", "subject": "com.Money", "version": 3}]

SUBJECT = "orders/EU value"
"""A subject with characters that paths must not have."""

VERSION: dict[str, Any] = {"subject": SUBJECT, "version": 2, "id": 7, "schema": TEXT}
REGISTERED = RegisteredSchema(SUBJECT, 2, 7, SCHEMA)


def missing(code: int) -> Reply:
    return as_json({"error_code": code, "message": "not found"}, 404)


@contextmanager
def asking(*replies: Reply, **config: Any) -> Generator[tuple[ConfluentRegistry, Server]]:
    with (
        serving(*replies) as server,
        closing(ConfluentRegistry({"url": server.url, **config})) as registry,
    ):
        yield registry, server


# --- questions and answers ------------------------------------------------------------------------

Ask = Callable[[ConfluentRegistry], object]

ANSWERS: dict[str, tuple[Ask, Reply, object]] = {
    "lookup": (lambda r: r.lookup(SUBJECT, SCHEMA), as_json(VERSION), REGISTERED),
    "lookup-bare": (
        lambda r: r.lookup(SUBJECT, SCHEMA),
        as_json({"subject": SUBJECT, "version": 2, "id": 7}),
        REGISTERED,
    ),
    "lookup-guid": (
        lambda r: r.lookup(SUBJECT, SCHEMA),
        as_json({**VERSION, "guid": str(GUID)}),
        RegisteredSchema(SUBJECT, 2, 7, SCHEMA, GUID),
    ),
    "lookup-references": (
        lambda r: r.lookup(SUBJECT, REFERRING),
        as_json({**VERSION, "references": REFERENCES}),
        RegisteredSchema(SUBJECT, 2, 7, REFERRING),
    ),
    "lookup-context": (
        lambda r: r.lookup(SUBJECT, SCHEMA),
        as_json({**VERSION, "subject": f":.context:{SUBJECT}"}),
        RegisteredSchema(f":.context:{SUBJECT}", 2, 7, SCHEMA),
    ),
    "lookup-no-subject": (lambda r: r.lookup(SUBJECT, SCHEMA), missing(40401), None),
    "lookup-no-schema": (lambda r: r.lookup(SUBJECT, SCHEMA), missing(40403), None),
    "register": (lambda r: r.register(SUBJECT, SCHEMA), as_json(VERSION), REGISTERED),
    "by-id": (lambda r: r.by_id(7), as_json({"schema": TEXT}), SCHEMA),
    "by-id-avro": (lambda r: r.by_id(7), as_json({"schema": TEXT, "schemaType": "AVRO"}), SCHEMA),
    "by-id-null": (lambda r: r.by_id(7), as_json({"schema": TEXT, "schemaType": None}), SCHEMA),
    "by-id-references": (
        lambda r: r.by_id(7),
        as_json({"schema": TEXT, "references": REFERENCES}),
        REFERRING,
    ),
    "by-guid": (lambda r: r.by_guid(GUID), as_json({**VERSION, "guid": str(GUID)}), SCHEMA),
    "version": (lambda r: r.version(SUBJECT, 2), as_json(VERSION), REGISTERED),
    "latest": (lambda r: r.version(SUBJECT, LATEST), as_json(VERSION), REGISTERED),
    "no-subject": (lambda r: r.version(SUBJECT, LATEST), missing(40401), None),
    "no-version": (lambda r: r.version(SUBJECT, 9), missing(40402), None),
    "versions": (lambda r: r.versions(SUBJECT), as_json([3, 1]), (1, 3)),
    "no-versions": (lambda r: r.versions(SUBJECT), missing(40401), ()),
    "subjects": (lambda r: r.subjects(), as_json(["b", "a"]), ("a", "b")),
    "compatible": (
        lambda r: r.compatibility(SUBJECT, SCHEMA),
        as_json({"is_compatible": True}),
        Compatibility(True),
    ),
    "incompatible": (
        lambda r: r.compatibility(SUBJECT, SCHEMA),
        as_json({"is_compatible": False, "messages": ["a", "b"]}),
        Compatibility(False, ("a", "b")),
    ),
    "compatible-new": (
        lambda r: r.compatibility(SUBJECT, SCHEMA),
        missing(40401),
        Compatibility(True),
    ),
    "level": (lambda r: r.level(), as_json({"compatibilityLevel": "FULL"}), Level.FULL),
    "subject-level": (
        lambda r: r.level(SUBJECT),
        as_json({"compatibilityLevel": "BACKWARD_TRANSITIVE"}),
        Level.BACKWARD_TRANSITIVE,
    ),
}


@pytest.mark.parametrize(("ask", "reply", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers(ask: Ask, reply: Reply, expected: object) -> None:
    with asking(reply) as (registry, _):
        assert ask(registry) == expected


QUESTIONS: dict[str, tuple[Ask, str, str, dict[str, str]]] = {
    "lookup": (
        lambda r: r.lookup(SUBJECT, SCHEMA),
        "POST",
        f"/subjects/{SUBJECT}",
        {"normalize": "false", "deleted": "false"},
    ),
    "register": (
        lambda r: r.register(SUBJECT, SCHEMA),
        "POST",
        f"/subjects/{SUBJECT}/versions",
        {"normalize": "false"},
    ),
    "by-id": (lambda r: r.by_id(7), "GET", "/schemas/ids/7", {}),
    "by-guid": (lambda r: r.by_guid(GUID), "GET", f"/schemas/guids/{GUID}", {}),
    "version": (
        lambda r: r.version(SUBJECT, 2),
        "GET",
        f"/subjects/{SUBJECT}/versions/2",
        {"deleted": "true"},
    ),
    "latest": (
        lambda r: r.version(SUBJECT, LATEST),
        "GET",
        f"/subjects/{SUBJECT}/versions/latest",
        {},
    ),
    "compatibility": (
        lambda r: r.compatibility(SUBJECT, SCHEMA),
        "POST",
        f"/compatibility/subjects/{SUBJECT}/versions",
        {"verbose": "true"},
    ),
}


@pytest.mark.parametrize(("ask", "method", "path", "query"), QUESTIONS.values(), ids=QUESTIONS)
def test_questions(ask: Ask, method: str, path: str, query: dict[str, str]) -> None:
    reply = as_json({**VERSION, "is_compatible": True})
    with asking(reply) as (registry, server):
        ask(registry)
        call = server.calls[-1]
    assert (call.method, call.path, call.query) == (method, path, query)
    if method == "POST":
        assert call.body == {"schema": TEXT, "schemaType": "AVRO"}


def test_references_are_sent() -> None:
    with asking(as_json(VERSION)) as (registry, server):
        registry.register(SUBJECT, REFERRING)
    assert server.calls[0].body["references"] == REFERENCES


def test_a_registry_that_answers_with_the_id_alone_is_asked_for_the_version() -> None:
    with asking(as_json({"id": 7}), as_json(VERSION)) as (registry, server):
        assert registry.register(SUBJECT, SCHEMA) == REGISTERED
    assert [call.path for call in server.calls] == [
        f"/subjects/{SUBJECT}/versions",
        f"/subjects/{SUBJECT}",
    ]


@pytest.mark.parametrize(
    ("level", "against"),
    [
        (as_json({"compatibilityLevel": "BACKWARD"}), "/latest"),
        (as_json({"compatibilityLevel": "NONE"}), "/latest"),
        (as_json({"compatibilityLevel": "FULL_TRANSITIVE"}), ""),
        (as_json({"error_code": 40301, "message": "denied"}, 403), ""),
    ],
    ids=["latest", "none", "all", "unknown"],
)
def test_a_schema_is_tested_against_what_the_level_is_about(level: Reply, against: str) -> None:
    with asking(level, as_json({"is_compatible": True})) as (registry, server):
        assert registry.compatibility(SUBJECT, SCHEMA).compatible
    path = f"/compatibility/subjects/{SUBJECT}/versions{against}"
    assert [call.path for call in server.calls] == [f"/config/{SUBJECT}", path]


def test_a_level_that_does_not_come_is_no_verdict() -> None:
    with (
        asking(Reply(status=503)) as (registry, server),
        pytest.raises(RegistryError, match="server error of the registry"),
    ):
        registry.compatibility(SUBJECT, SCHEMA)
    assert len(server.calls) == 1


def test_a_subject_without_a_level_has_that_of_all() -> None:
    replies = missing(40401), as_json({"compatibilityLevel": "FORWARD"})
    with asking(*replies) as (registry, server):
        assert registry.level(SUBJECT) is Level.FORWARD
    assert [call.path for call in server.calls] == [f"/config/{SUBJECT}", "/config"]


# --- what no registry should answer ---------------------------------------------------------------


def refused(reply: Reply, ask: Ask | None = None, **config: Any) -> RegistryError:
    """The error for an answer, which names what it is about and survives pickling."""
    with asking(reply, **config) as (registry, server):
        with pytest.raises(RegistryError) as caught:
            registry.lookup(SUBJECT, SCHEMA) if ask is None else ask(registry)
        assert len(server.calls) == 1, "trying again is not the adapter's"
    error = caught.value
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    return error


ERROR = {"error_code": 50001, "message": "Error in the backend data store"}

REFUSALS: dict[str, tuple[Reply, int | None, bool, str]] = {
    "400": (as_json({}, 400), 400, False, "refuses"),
    "401": (as_json({"error_code": 401, "message": "Unauthorized"}, 401), 401, False, "credential"),
    "401-empty": (Reply(status=401), 401, False, "basic.auth.user.info"),
    "403": (as_json({"error_code": 40301, "message": "denied"}, 403), 403, False, "access"),
    "404-path": (as_json({"error_code": 404, "message": "HTTP 404"}, 404), 404, False, "path"),
    "404-html": (Reply(b"<html></html>", 404), 404, False, "XML or HTML"),
    "405": (Reply(status=405), 405, False, "path"),
    "408": (Reply(status=408), 408, True, "server error of the registry"),
    "409": (as_json({"error_code": 409, "message": "too early"}, 409), 409, False, "too early"),
    "422": (as_json({"error_code": 42201, "message": "Invalid"}, 422), 422, False, "Invalid"),
    "429": (as_json({}, 429), 429, True, "rate limited by the registry (429)"),
    "500": (as_json(ERROR, 500), 500, True, "backend data store"),
    "500-html": (Reply(b"<html>oops</html>", 500), 500, True, "XML or HTML"),
    "502": (Reply(b"<html>Bad gateway</html>", 502), 502, True, "server error of the registry"),
    "503": (Reply(status=503), 503, True, "server error of the registry"),
    "504": (Reply(status=504), 504, True, "server error of the registry"),
    "501": (Reply(status=501), 501, False, "refuses"),
    "redirect": (
        Reply(status=302, headers={"Location": "http://me:secret@elsewhere/x"}),
        302,
        False,
        "redirects to http://elsewhere/x",
    ),
    "html": (
        Reply(b"<html>Please log in</html>"),
        200,
        False,
        "expected JSON in the response, got XML or HTML",
    ),
    "empty": (Reply(), 200, False, "expected JSON in the response, got 0 bytes"),
    "half-json": (Reply(b'{"subject": "orders'), 200, False, "expected JSON"),
    "gzip": (Reply(b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}), 200, False, "gzip"),
    "invalid-utf8": (Reply(b'{"schema": "\xff"}'), 200, False, "expected JSON"),
    "deep-json": (Reply(b"[" * 100_000), 200, False, "expected JSON"),
    "huge-number": (Reply(b"1" * 100_000), 200, False, "expected JSON"),
    "half-body": (Reply(b'{"schema"', claimed=100), None, True, "no response from the registry"),
    "dies": (Reply(die=True), None, True, "no response from the registry"),
}


@pytest.mark.parametrize(
    ("reply", "status", "transient", "expected"), REFUSALS.values(), ids=REFUSALS
)
def test_refusals(reply: Reply, status: int | None, transient: bool, expected: str) -> None:
    error = refused(reply)
    assert expected in str(error)
    assert error.status == status
    assert error.transient is transient
    assert error.subject == SUBJECT
    assert error.url is not None and error.url.endswith("/subjects/orders%2FEU%20value")


def test_the_registrys_own_code_is_kept() -> None:
    assert refused(as_json(ERROR, 500)).code == 50001


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("7", 7.0), ("0", 0.0), ("-3", 0.0), ("soon", None), ("", None), ("9" * 400, None)),
        *(("Fri, 01 Jan 1999 00:00:00 GMT", 0.0), ("Fri, 99 Jan 1999", None)),
    ],
)
def test_how_long_to_leave_it_alone(header: str, seconds: float | None) -> None:
    assert refused(as_json({}, 429, Retry_After=header)).retry_after == seconds


def test_a_registry_that_hangs() -> None:
    error = refused(Reply(hang=True), timeout=0.05)
    assert "no response from the registry: ReadTimeout" in str(error)
    assert error.transient


def test_a_registry_that_comes_too_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 11.0])
    monkeypatch.setattr("avrogen.kafka.registry.rest.monotonic", lambda: next(times))
    error = refused(as_json(VERSION))
    assert "the response exceeds the timeout" in str(error)
    assert error.transient


def test_a_registry_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        closing(ConfluentRegistry({"url": f"http://127.0.0.1:{port}"})) as registry,
        pytest.raises(RegistryError, match="no response from the registry: ConnectError") as caught,
    ):
        registry.subjects()
    assert caught.value.transient
    assert caught.value.hint


def test_what_is_no_question_for_http_is_not_tried_again() -> None:
    bearer = {
        "bearer.auth.credentials.source": "STATIC_TOKEN",
        "bearer.auth.token": "two\nlines",
        "bearer.auth.logical.cluster": "lsrc-1",
    }
    with (
        asking(**bearer) as (registry, server),
        pytest.raises(
            RegistryError, match="the request was not sent: LocalProtocolError"
        ) as caught,
    ):
        registry.subjects()
    assert not caught.value.transient
    assert not server.calls


def test_a_closed_registry_says_so() -> None:
    registry = ConfluentRegistry({"url": "http://host"})
    registry.close()
    with pytest.raises(RegistryError, match="client has been closed") as caught:
        registry.subjects()
    assert not caught.value.transient


def test_a_registry_whose_certificate_is_not_trusted_is_not_tried_again() -> None:
    with serving(Reply()) as server:
        url = server.url.replace("http:", "https:")
        with (
            closing(ConfluentRegistry({"url": url})) as registry,
            pytest.raises(RegistryError, match="TLS connection to the registry failed") as caught,
        ):
            registry.subjects()
    assert not caught.value.transient


UNFIT: dict[str, tuple[Ask, object, str]] = {
    "list": (lambda r: r.by_id(7), [], "invalid object"),
    "no-schema": (lambda r: r.by_id(7), {}, "invalid schema in the response: None"),
    "schema-no-text": (lambda r: r.by_id(7), {"schema": {"type": "int"}}, "invalid schema"),
    "json-schema": (
        lambda r: r.by_id(7),
        {"schema": "{}", "schemaType": "JSON"},
        "type AVRO, got JSON",
    ),
    "protobuf": (
        lambda r: r.by_id(7),
        {"schema": "", "schemaType": "PROTOBUF"},
        "type AVRO, got PROTOBUF",
    ),
    "no-type": (lambda r: r.by_id(7), {"schema": "", "schemaType": 3}, "type AVRO, got 3"),
    "other-id": (lambda r: r.by_id(7), {"schema": TEXT, "id": 8}, "another schema: id 8"),
    "other-guid": (
        lambda r: r.by_guid(GUID),
        {"schema": TEXT, "guid": str(UUID(int=1))},
        "another schema",
    ),
    "other-version": (lambda r: r.version(SUBJECT, 3), VERSION, "another schema: version 2"),
    "other-subject": (lambda r: r.version("payments", 2), VERSION, "another schema: subject"),
    "no-version": (
        lambda r: r.lookup(SUBJECT, SCHEMA),
        {**VERSION, "version": "2"},
        "invalid version",
    ),
    "true-id": (lambda r: r.lookup(SUBJECT, SCHEMA), {**VERSION, "id": True}, "invalid id"),
    "bad-guid": (lambda r: r.lookup(SUBJECT, SCHEMA), {**VERSION, "guid": "x"}, "invalid guid"),
    "references": (lambda r: r.by_id(7), {"schema": TEXT, "references": 3}, "invalid references"),
    "reference": (lambda r: r.by_id(7), {"schema": TEXT, "references": [{}]}, "invalid reference"),
    "versions": (lambda r: r.versions(SUBJECT), ["1"], "list of versions"),
    "versions-object": (lambda r: r.versions(SUBJECT), {}, "list of versions"),
    "subjects": (lambda r: r.subjects(), [1], "list of subjects"),
    "subjects-object": (lambda r: r.subjects(), {}, "list of subjects"),
    "verdict": (lambda r: r.compatibility(SUBJECT, SCHEMA), {}, "is_compatible"),
    "messages": (
        lambda r: r.compatibility(SUBJECT, SCHEMA),
        {"is_compatible": False, "messages": "no"},
        "invalid messages",
    ),
    "level": (lambda r: r.level(), {"compatibilityLevel": "SIDEWAYS"}, "SIDEWAYS"),
    "large": (
        lambda r: r.by_id(7),
        {"schema": " " * (MAX_TEXT + 1)},
        "1,048,577 characters; the limit is 1,048,576",
    ),
}


@pytest.mark.parametrize(("ask", "answer", "expected"), UNFIT.values(), ids=UNFIT)
def test_answers_that_are_not_what_was_asked_for(ask: Ask, answer: object, expected: str) -> None:
    with (
        asking(as_json(answer)) as (registry, _),
        pytest.raises(RegistryError, match=expected) as caught,
    ):
        ask(registry)
    assert not caught.value.transient
    assert len(str(caught.value)) < 1_000


def test_an_absurdly_large_answer_is_not_read_to_its_end() -> None:
    error = refused(Reply(bytes(MAX_BODY + 1)))
    assert f"more than {MAX_BODY} bytes" in str(error)
    assert not error.transient


@pytest.mark.parametrize("code", [40403, 404])
def test_a_schema_that_is_not_there(code: int) -> None:
    by_id: Ask = lambda r: r.by_id(7)  # noqa: E731
    by_guid: Ask = lambda r: r.by_guid(GUID)  # noqa: E731
    for id_, ask in ((7, by_id), (GUID, by_guid)):
        error = refused(missing(code), ask)
        assert (error.id, error.status, error.transient) == (id_, 404, False)
        assert error.hint


def test_a_registry_that_forgets_what_it_was_given() -> None:
    with (
        asking(as_json({"id": 7}), missing(40403)) as (registry, _),
        pytest.raises(RegistryError, match="accepted the schema but does not find it") as caught,
    ):
        registry.register(SUBJECT, SCHEMA)
    assert caught.value.transient, "a follower may lag"


# --- configuration --------------------------------------------------------------------------------


def test_credentials_go_to_the_registry_and_nowhere_else() -> None:
    def unauthorized(call: Call) -> Reply:
        return as_json({"error_code": 401, "message": f"no: {server.url}"}, 401)

    with serving(answer=unauthorized) as server:
        url = server.url.replace("//", "//user:secret@")
        with (
            closing(ConfluentRegistry({"url": url})) as registry,
            pytest.raises(RegistryError) as caught,
        ):
            registry.by_id(7)
        assert server.calls[0].headers["Authorization"].startswith("Basic ")
    assert "secret" not in repr(vars(caught.value)) + str(caught.value)
    assert "user:" not in str(caught.value)


def test_basic_and_bearer_credentials_pass_through() -> None:
    with asking(as_json([]), **{"basic.auth.user.info": "me:pw"}) as (registry, server):
        registry.subjects()
    assert server.calls[0].headers["Authorization"] == "Basic bWU6cHc="
    bearer = {
        "bearer.auth.credentials.source": "STATIC_TOKEN",
        "bearer.auth.token": "token",
        "bearer.auth.logical.cluster": "lsrc-1",
        "bearer.auth.identity.pool.id": "pool-1",
    }
    with asking(as_json([]), **bearer) as (registry, server):
        registry.subjects()
    assert server.calls[0].headers["Authorization"] == "Bearer token"
    assert server.calls[0].headers["target-sr-cluster"] == "lsrc-1"


def test_a_token_that_cannot_be_had() -> None:
    def failing(config: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("no token")

    custom: dict[str, Any] = {
        "bearer.auth.credentials.source": "CUSTOM",
        "bearer.auth.custom.provider.function": failing,
        "bearer.auth.custom.provider.config": {},
    }
    with asking(as_json([]), **custom) as (registry, server):
        with pytest.raises(RegistryError, match="the request was not sent: KeyError"):
            registry.subjects()
        assert not server.calls


NO_ANSWERS = {
    "503": Reply(status=503),
    "dies": Reply(die=True),
    "html": Reply(b"<html>default backend - 404</html>", 404),
    "empty": Reply(status=404),
    "path": missing(404),
    "method": Reply(status=405),
    "login": Reply(b"<html>log in</html>"),
}


@pytest.mark.parametrize("reply", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_the_next_url_is_asked_when_one_fails(reply: Reply) -> None:
    with serving(reply) as bad, serving(as_json(["a"])) as good:
        with closing(ConfluentRegistry({"url": f"{bad.url},{good.url}"})) as registry:
            assert registry.subjects() == ("a",)
        assert (len(bad.calls), len(good.calls)) == (1, 1)


def test_the_next_url_is_asked_for_an_id_that_the_first_lacks() -> None:
    with serving(missing(40403)) as lags, serving(as_json({"schema": '"int"'})) as leads:
        with closing(ConfluentRegistry({"url": f"{lags.url},{leads.url}"})) as registry:
            assert registry.by_id(7).text == '"int"'
            assert registry.lookup(SUBJECT, SCHEMA) is None, "which may well be missing"
        assert (len(lags.calls), len(leads.calls)) == (2, 1)


def test_the_next_url_is_not_asked_what_the_first_refuses() -> None:
    with serving(as_json({}, 403)) as first, serving(as_json(["a"])) as second:
        with (
            closing(ConfluentRegistry({"url": f"{first.url},{second.url}"})) as registry,
            pytest.raises(RegistryError, match="access denied by the registry"),
        ):
            registry.subjects()
        assert not second.calls


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "Missing required configuration property url"),
        ({"url": "ftp://me:secret@host"}, "invalid registry URL 'ftp://host'"),
        ({"url": "httpx://host"}, "invalid registry URL 'httpx://host'"),
        ({"url": "http://host", "colour": "red"}, "Unrecognized properties: colour"),
        ({"url": "http://host", "ssl.ca.location": "/no/such/file"}, "No such file"),
        ({"url": "http://host", "basic.auth.user.info": "me"}, "basic.auth.user.info must be"),
        ({"url": "mock://host"}, "mock registries are internal to confluent-kafka"),
    ],
)
def test_bad_configurations(config: dict[str, Any], expected: str) -> None:
    with pytest.raises(RegistryError) as caught:
        ConfluentRegistry(config)
    assert expected in str(caught.value)
    assert not caught.value.transient


def test_what_a_registry_says_is_shown_in_one_line() -> None:
    said = {"error_code": 42201, "message": "bad\n\x1b[31mschema\u2028 " + "x" * 10_000}
    error = refused(as_json(said, 422))
    assert error.message.isprintable()
    assert len(error.message) < 2_100
    assert json.dumps(error.message)
