"""The wire format, both forms, and what messages look like that are in neither."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen import AvrogenError, FramingError, Schema
from avrogen.errors import EncodeError
from avrogen.kafka import Deserializer
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.kafka.wire_format import (
    MAX_ID,
    VALUE_HEADER,
    frame_prefix,
    header_value,
    last_header,
    unframe,
    unframe_with_header,
)
from tests.support.memory_registry import MemoryRegistry
from tests.support.shared import conformance, schema_text

GUID = UUID("89791762-2336-4186-9674-299b90a802e2")


# --- shared cases ---------------------------------------------------------------------------------


class SmallIds(MemoryRegistry):
    """Has the schema of a case under the ids that the cases use, and one GUID; no others."""

    def __init__(self, text: str, guid: UUID | None) -> None:
        super().__init__()
        self._schema = SchemaText(text)
        self._guid = guid

    def by_id(self, id: int) -> SchemaText:
        return self._schema if 1 <= id <= 100 else super().by_id(id)

    def by_guid(self, guid: UUID) -> SchemaText:
        return self._schema if guid == self._guid else super().by_guid(guid)


def wire_cases(*expectations: str) -> list[Any]:
    cases = conformance("wire")
    return [pytest.param(c, id=c["id"]) for c in cases if c["expect"] in expectations]


@pytest.mark.parametrize("case", wire_cases("value", "error"))
def test_shared_cases(case: dict[str, Any]) -> None:
    types = {"bytes": bytes, "bytearray": bytearray, "memoryview": memoryview}
    data: Any = "text"
    if case["hex"] is not None:
        data = types[case["py_type"]](bytes.fromhex(case["hex"]))
    guid = None
    if case["expect"] == "value" and bytes(data)[0] == 1:
        guid = UUID(bytes=bytes(data)[1:17])
    text = schema_text(case)
    deserializer: Deserializer[Any] = Deserializer(SmallIds(text, guid), Schema.parse(text))
    if case["expect"] == "value":
        assert deserializer(data) == case["datum"]
    else:
        with pytest.raises(AvrogenError):
            deserializer(data)


@pytest.mark.parametrize("case", wire_cases("header"))
def test_shared_headers(case: dict[str, Any]) -> None:
    header = bytes.fromhex(case["hex"])
    named = UUID(case["id_or_guid"])
    assert header_value(named) == header
    assert unframe_with_header(b"body", header) == (named, b"body")


def test_every_shared_case_is_tried() -> None:
    assert len(wire_cases("value", "error", "header")) == len(conformance("wire"))


# --- there and back -------------------------------------------------------------------------------


@given(st.integers(0, MAX_ID), st.binary())
def test_ids_stand_before_the_body(schema: int, body: bytes) -> None:
    message = frame_prefix(schema) + body
    assert message[0] == 0
    assert len(message) == 5 + len(body)
    assert unframe(message) == (schema, body)
    assert unframe(bytearray(message)) == (schema, body)
    assert unframe(memoryview(message)) == (schema, body)


@given(st.uuids(), st.binary())
def test_guids_stand_in_headers_or_before_the_body(schema: UUID, body: bytes) -> None:
    header = header_value(schema)
    assert len(header) == 17
    assert unframe_with_header(body, header) == (schema, body)
    assert unframe(header + body) == (schema, body)


@given(st.integers(0, MAX_ID), st.binary())
def test_a_header_may_hold_an_id(schema: int, body: bytes) -> None:
    assert unframe_with_header(body, frame_prefix(schema)) == (schema, body)


@pytest.mark.parametrize("schema", [-1, MAX_ID + 1])
def test_numbers_that_are_no_ids_are_not_framed(schema: int) -> None:
    with pytest.raises(EncodeError, match=f"schema id must be between 0 and .*, got {schema}"):
        frame_prefix(schema)


def test_the_last_header_of_a_name_counts() -> None:
    assert last_header(None, "a") is None
    assert last_header([], "a") is None
    assert last_header([("a", b"1"), ("b", b"2"), ("a", b"3")], "a") == b"3"
    assert last_header({"a": b"1"}, "a") == b"1"
    assert last_header([("a", "text")], "a") == b"text"
    assert last_header([("a", b"1"), ("a", None)], "a") is None


# --- something else -------------------------------------------------------------------------------

FOREIGN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "0 bytes (a tombstone"),
    "short": (b"\x00\x00\x00\x01", "a truncated schema id"),
    "short-guid": (b"\x01" + bytes(15), "a truncated schema GUID"),
    "beyond-ids": (
        b"\x00\xff\xff\xff\xff\x02",
        "schema id must be at most 2147483647, got 4294967295",
    ),
    "object": (b'{"order": 1}', "plain JSON"),
    "array": (b"[1, 2]\n", "plain JSON"),
    "string": (b'"hello"', "plain JSON"),
    "xml": (b"<order/>", "XML or HTML"),
    "text": ("Grüße, und ein Text".encode(), "text"),
    "long-text": (("a" + "ü" * 1000).encode(), "text"),
    "single-object": (b"\xc3\x01" + bytes(8), "single-object encoding"),
    "data-file": (b"Obj\x01\x04", "an Avro data file"),
    "gzip": (b"\x1f\x8b\x08\x00\x00", "gzip data"),
    "zstd": (b"\x28\xb5\x2f\xfd\x00", "zstd data"),
    "lz4": (b"\x04\x22\x4d\x18\x60", "lz4 data"),
    "snappy": (b"\x82SNAPPY\x00\x00", "snappy data"),
    "java": (b"\xac\xed\x00\x05sr", "a serialized Java object"),
    "pickle": (b"\x80\x04\x95\x00", "a Python pickle"),
    "glue": (b"\x03\x00" + bytes(16) + b"body", "AWS Glue"),
    "protobuf": (b"\x0a\x03abc\xff", "perhaps Protobuf"),
    "bare-avro": (b"\x06abc\x02", "perhaps Avro"),
    "binary": (b"\xff\xfe\x00", "perhaps Avro without a schema id, or another serializer's format"),
}


@pytest.mark.parametrize(("data", "expected"), FOREIGN.values(), ids=FOREIGN)
def test_foreign_messages_are_named(data: bytes, expected: str) -> None:
    with pytest.raises(FramingError) as caught:
        unframe(data)
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.binary())
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    try:
        schema, body = unframe(data)
    except FramingError as error:
        assert str(error)
    else:
        assert (
            data
            == (header_value(schema) if isinstance(schema, UUID) else frame_prefix(schema)) + body
        )


@pytest.mark.parametrize("data", ["text", 7, None, [1]], ids=repr)
def test_what_is_no_buffer_is_named(data: Any) -> None:
    with pytest.raises(FramingError, match=f"expected bytes, got {type(data).__name__}"):
        unframe(data)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"", "invalid schema id header: .* 0 bytes \\(a tombstone"),
        (b"7", "invalid schema id header"),
        (header_value(GUID)[:-1], "a truncated schema GUID"),
        (
            header_value(GUID) + b"\x00",
            "trailing bytes after the schema id in the header, as Protobuf has there",
        ),
        (
            header_value(GUID) + b"\x02\x04\x00",
            "trailing bytes after the schema id in the header, as Protobuf has there",
        ),
    ],
)
def test_headers_that_name_no_schema(header: bytes, expected: str) -> None:
    with pytest.raises(FramingError, match=expected):
        unframe_with_header(b"body", header)


def test_the_names_of_the_headers() -> None:
    assert VALUE_HEADER == "__value_schema_id"
