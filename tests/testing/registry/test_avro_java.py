"""The embedded registry takes schemas as those that Java clients register."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from avrogen.avro.diagnostics import Severity
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
