"""Data that say which schema they were written with."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any, ClassVar

import fastavro
import pytest

from avrogen import Codec, DecodeError, EncodeError, Schema, SchemaStore
from avrogen.runtime.v1 import AvroRecord

OLD_JSON: Any = {"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}]}
OLD = Schema.parse(json.dumps(OLD_JSON))

# fastavro's types are too loose for a strict checker.
_fastavro: Any = fastavro


@dataclass(frozen=True, slots=True, kw_only=True)
class Point(AvroRecord):
    """As generated code has it."""

    x: float
    y: float = 0.5

    __avro_schema__: ClassVar[Schema] = Schema.embedded(
        '{"type": "record", "name": "Point", "fields": [{"name": "x", "type": "double"},'
        ' {"name": "y", "type": "double", "default": 0.5}]}'
    )


def test_the_specifications_layout() -> None:
    data = Point(x=1.0).to_single_object()
    assert data[:2] == b"\xc3\x01"
    assert data[2:10] == Point.__avro_schema__.fingerprint()
    assert data[10:] == Point(x=1.0).to_avro()
    assert Point.from_single_object(data) == Point(x=1.0)


def test_fastavros_fingerprint_is_the_same() -> None:
    canonical = _fastavro.schema.to_parsing_canonical_form(OLD_JSON)
    digits: str = _fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")
    assert OLD.to_single_object({"x": 1})[2:10] == bytes.fromhex(digits)


def test_schemas_of_other_writers_come_from_a_store() -> None:
    data = OLD.to_single_object({"x": 3})
    store = SchemaStore([OLD])
    assert Point.from_single_object(data, store=store) == Point(x=3.0)
    assert Point.__avro_schema__.from_single_object(data, store=store) == {"x": 3.0, "y": 0.5}


def test_codecs_too() -> None:
    codec: Codec[list[int]] = Codec(Schema.parse('{"type": "array", "items": "long"}'))
    ints = Codec[list[int]](Schema.parse('{"type": "array", "items": "int"}'))
    store = SchemaStore()
    store.add(ints.__avro_schema__)
    assert codec.from_single_object(ints.to_single_object([1, 2]), store=store) == [1, 2]
    assert codec.from_single_object(codec.to_single_object([3])) == [3]


@pytest.mark.parametrize("store", [None, SchemaStore()])
def test_an_unknown_fingerprint_is_named(store: SchemaStore | None) -> None:
    data = OLD.to_single_object({"x": 3})
    with pytest.raises(DecodeError, match=OLD.fingerprint().hex()) as caught:
        Point.from_single_object(data, store=store)
    assert caught.value.offset == 2


@pytest.mark.parametrize(
    "data", [b"", b"\xc3\x01", b"\xc3\x01" + bytes(7), b"\xc3\x02" + bytes(30)]
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="c3 01"):
        Point.from_single_object(data)


def test_offsets_count_from_the_beginning() -> None:
    data = Point(x=1.0).to_single_object()
    with pytest.raises(DecodeError) as caught:
        Point.from_single_object(memoryview(data + b"rest"))
    assert caught.value.offset == len(data)
    with pytest.raises(EncodeError):
        OLD.to_single_object({"x": "1"})


def test_a_store_may_look_elsewhere() -> None:
    asked: list[bytes] = []

    class Elsewhere(SchemaStore):
        """Finds what is asked for somewhere."""

        def find(self, fingerprint: bytes) -> Schema | None:
            asked.append(fingerprint)
            return OLD

    assert Point.from_single_object(OLD.to_single_object({"x": 4}), store=Elsewhere()).x == 4.0
    assert asked == [OLD.fingerprint()]


def test_fastavro_reads_what_follows() -> None:
    data = io.BytesIO(OLD.to_single_object({"x": 4})[10:])
    assert _fastavro.schemaless_reader(data, OLD_JSON, None) == {"x": 4}
