"""The embedded registry takes schemas as those that Java clients register."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from avrogen import Schema
from avrogen.avro.diagnostics import Severity
from avrogen.testing.registry import EmbeddedRegistry
from avrogen.testing.registry.avro_java import java_text
from tests.conftest import ROOT
from tests.services.avro_java import AvroJava
from tests.services.fixtures import ON_SERVICES
from tests.support.parsed_schema import parse_schema
from tests.support.registry_requests import ask, path
from tests.support.shared import conformance, shared_folder
from tests.testing.registry.conftest import AnyRegistry

NUMBERS = ["1e10", "1.5", "-1e-4", "1234567.5", "12345678.5", "0.001", "1e300", "100", "-0.0"]

TRICKY = [
    r'{"type": "record", "name": "R", "fields": [], "doc": "\u001f\u0007\u007f é / \" \\"}',
    '{"type": "enum", "name": "a.b.E", "symbols": ["A"], "default": "A", "x": [1, null, {"y": 2}]}',
    '{"type": "array", "items": {"type": "int", "doc": "no attribute"}, "name": "no name"}',
    '{"type": "fixed", "name": "F", "namespace": "n", "size": 4, "aliases": ["G", "m.H", "n.I"]}',
    *(
        f'{{"type": "record", "name": "n.R", "fields": [{{"name": "a", {rest}}}]}}'
        for rest in [
            '"type": {"type": "record", "name": "Inner", "fields": []}',
            '"type": {"type": "record", "name": "m.Inner", "fields": []}',
            '"type": "int", "order": "ascending", "aliases": ["b", "b"]',
            '"type": "int", "order": "descending", "doc": "", "size": 1',
            *(f'"type": "double", "default": {number}' for number in NUMBERS),
        ]
    ),
]


def shared_texts() -> Iterator[str]:
    """Real schemas, and those of cases."""
    for file in sorted(shared_folder().glob("corpora/**/*.avsc")):
        yield file.read_text("utf-8-sig")
    for name in ("schemas", "canonical", "compat", "logical"):
        for case in conformance(name):
            for key in ("schema", "reader", "writer"):
                if key in case:
                    yield case.get("schema_text") or json.dumps(case[key])


def test_texts_of_schemas_are_java_s(avro_java: AvroJava) -> None:
    assert different(avro_java, TRICKY) == []


def test_texts_of_shared_schemas_are_java_s(avro_java: AvroJava) -> None:
    # The smallest double: Java prints 4.9E-324, which has a digit too many.
    texts = [text for text in dict.fromkeys(shared_texts()) if "5e-324" not in text]
    assert len(texts) > 2000
    assert different(avro_java, texts) == []


def different(avro_java: AvroJava, texts: list[str]) -> list[tuple[str, str]]:
    """What is printed otherwise, of the schemas that both take."""
    found: list[tuple[str, str]] = []
    for text, expected in zip(texts, avro_java.print(texts), strict=True):
        parsed = parse_schema(text)
        valid = not any(d.severity is Severity.ERROR for d in parsed.diagnostics)
        if expected is not None and valid:
            printed = java_text(parsed.roots[0].type, parsed.types)
            if printed != expected:
                found.append((printed, expected))
    return found


@ON_SERVICES
@pytest.mark.parametrize("file", ["common/address.avsc", "common/labels.avsc"])
def test_what_java_registers_is_found(
    registry: AnyRegistry, subject: str, avro_java: AvroJava, file: str
) -> None:
    """As Java printed it everywhere; as the file has it where schemas are compared, not texts."""
    text = (ROOT / "schemas" / file).read_text("utf-8")
    answer = json.loads(avro_java.register(registry.url, subject, text))
    (printed,) = avro_java.print([text])
    texts = [printed] if registry.kind == "apicurio" else [printed, text]
    for each in texts:
        status, found = ask(registry.url + path("subjects", subject), "POST", {"schema": each})
        assert (status, found["id"]) == (200, answer["id"])


# --- schemas that break the rules -----------------------------------------------------------------


def order(*fields: dict[str, Any], **more: Any) -> str:
    own = {"name": "id", "type": "int"}
    head = {"type": "record", "name": "Order", "namespace": "shop", "fields": [own, *fields]}
    return json.dumps({**head, **more})


def of_type(type_: Any, **more: Any) -> str:
    return order({"name": "f", "type": type_, **more})


E_TYPE = {"type": "enum", "name": "E", "symbols": ["A"]}
ACCEPTED = {
    "no text": order(namespace=5),
    "letters": order({"name": "日付", "type": "int"}, name="Größe", namespace="größe"),
    "symbols": of_type({**E_TYPE, "symbols": ["Ä"]}),
    "primitive": of_type({**E_TYPE, "name": "string"}),
    "keys": order()[:-1] + ', "doc": "a", "doc": "b"}',
    "wrapped": order(
        {"name": "e", "type": E_TYPE},
        {"name": "f", "type": {"type": "array", "items": {"type": "E"}}},
    ),
    "docs": order({"name": "e", "type": {**E_TYPE, "doc": "x"}}, {"name": "f", "type": E_TYPE}),
}
"""Schemas that break the rules, and that Avro Java 1.12 accepts."""

HELD = {
    # Avro Java looks at no namespace up to 1.11.
    **{
        f"namespace {namespace}": order(namespace=namespace)
        for namespace in ("abc-123.x", "abc.2024.x", ".x", "x.", "a..b", ".", "a b", "A$", 'a"b')
    },
    # Confluent's registries once validated no defaults, and now those of new schemas only.
    "default": of_type("int", default=None),
    "default of an enum": of_type({**E_TYPE, "default": "B"}),
    # Other registries than Java's ignore these.
    "order": of_type("int", order="none"),
    "aliases": order(aliases="x"),
}
"""Schemas that registries hold since earlier versions, or that others hold."""


def assert_accepted(url: str, subject: str, text: str) -> None:
    """A text can be registered, is kept, and is found again."""
    versions = url + path("subjects", subject, "versions")
    status, answer = ask(versions, "POST", {"schema": text})
    assert status == 200, answer
    stored = ask(f"{versions}/1")[1]["schema"]
    kept, sent = (Schema.parse(each, tolerant=True) for each in (stored, text))
    assert kept.canonical_form == sent.canonical_form
    assert ask(url + path("subjects", subject), "POST", {"schema": text})[0] == 200
    assert ask(versions, "POST", {"schema": stored})[1]["id"] == answer["id"]


@pytest.mark.parametrize("what", ACCEPTED)
def test_what_java_accepts_is_accepted(registry: AnyRegistry, subject: str, what: str) -> None:
    assert_accepted(registry.url, subject, ACCEPTED[what])


@pytest.mark.parametrize("what", HELD)
def test_what_registries_hold_is_accepted(what: str) -> None:
    with EmbeddedRegistry() as registry:
        assert_accepted(registry.url, "s", HELD[what])


@pytest.mark.parametrize("what", ["default", "default of an enum", "aliases", "order"])
def test_texts_that_would_lose_something_are_stored_as_sent(what: str) -> None:
    with EmbeddedRegistry() as registry:
        versions = registry.url + path("subjects", "s", "versions")
        assert ask(versions, "POST", {"schema": HELD[what]})[0] == 200
        assert ask(f"{versions}/1")[1]["schema"] == HELD[what]


@pytest.mark.parametrize(
    "text",
    [
        *(order(name=name) for name in ("A-B", "1A", "A$B", "", "A B", "x.", "\U0001d504")),
        *(order({"name": name, "type": "int"}) for name in ("a-b", "a.b", "1", "", "id")),
        *(of_type({**E_TYPE, "symbols": symbols}) for symbols in (["A-B"], ["1"], ["A", "A"])),
        of_type(["int", "int"]),
        of_type(["null", ["int"]]),
        of_type({"type": "array"}),
        order() + "}",
    ],
)
def test_what_no_registry_holds_is_refused(text: str) -> None:
    with EmbeddedRegistry() as registry:
        status, answer = ask(
            registry.url + path("subjects", "s", "versions"), "POST", {"schema": text}
        )
    assert (status, answer["error_code"]) == (422, 42201)


def test_versions_after_one_with_a_bad_default() -> None:
    with EmbeddedRegistry() as registry:
        versions = registry.url + path("subjects", "s", "versions")
        for schema in (of_type("int", default=None), of_type("long", default=1)):
            assert ask(versions, "POST", {"schema": schema})[0] == 200
        assert ask(versions, "POST", {"schema": of_type("string", default="")})[0] == 409
