"""The style ``avro`` is that of Avro Java and fastavro, in both directions."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import fastavro
from hypothesis import given

from avrogen import Schema
from avrogen.errors import SchemaError
from tests.services.avro_java import AvroJava
from tests.services.fixtures import ON_SERVICES
from tests.support.corpora import valid_schemas
from tests.support.partners import FastAvro
from tests.support.random_data import Partner, for_partners, random_datum
from tests.support.schema_meaning import loads, meaning
from tests.support.shared import conformance
from tests.support.strategies import Case, cases, is_same, without_logical_types

_fastavro: Any = fastavro
"""Its types are too loose for a strict checker."""


_DOUBLES = re.compile(r'"items": ?({"type": ?)?"double"')
"""Avro Java 1.12.0 reads arrays of doubles as floats."""


def fastavro_json(schema: Any, raw: Any) -> str | None:
    """What it writes; None for recursive types and records without fields, which it does not."""
    out = io.StringIO()
    try:
        _fastavro.json_writer(out, _fastavro.parse_schema(without_logical_types(schema)), [raw])
    except Exception:
        return None
    return out.getvalue()


def fastavro_value(schema: Any, text: str) -> Any:
    """What it reads; None likewise."""
    parsed = _fastavro.parse_schema(without_logical_types(schema))
    try:
        (value,) = _fastavro.json_reader(io.StringIO(text), parsed)
    except Exception:
        return None
    return value


@given(cases())
def test_fastavro_writes_the_same_json_and_reads_ours(case: Case) -> None:
    schema = Schema.parse(json.dumps(case.schema))
    data = FastAvro(case.schema).write(case.value.raw)
    text = schema.avro_to_json(data, style="avro")
    assert schema.json_to_avro(text, style="avro") == data
    read = fastavro_value(case.schema, text)
    # It does not know the strings for NaN and infinities.
    if read is not None and "NaN" not in text and "Infinity" not in text:
        assert is_same(read, case.value.raw_read)
    theirs = fastavro_json(case.schema, case.value.raw)
    if theirs is None:
        return
    # It writes NaN as only Python's parser takes it; that is accepted.
    assert schema.json_to_avro(theirs, style="avro") == data
    assert is_same(schema.from_json(theirs, style="avro"), case.value.plain)


@given(cases())
def test_plain_json_has_every_branch_and_value(case: Case) -> None:
    schema = Schema.parse(json.dumps(case.schema))
    forced = schema.to_avro(case.value.written)
    text = schema.avro_to_json(forced)
    # What integers are, their branch does not say.
    again = schema.json_to_avro(text)
    assert is_same(schema.from_avro(again), schema.from_avro(forced))
    assert schema.avro_to_json(again) == text
    if not _has_two_integers(case.schema):
        assert again == forced
    assert is_same(schema.from_json(json.dumps(json.loads(text), indent=1)), case.value.plain)


def _has_two_integers(schema: Any) -> bool:
    text = json.dumps(schema)
    return '"int"' in text and '"long"' in text


def texts_and_data() -> Iterator[tuple[str, bytes]]:
    """Schemas of the conformance cases, and data that are valid."""
    for name in ("binary", "logical"):
        for case in conformance(name):
            try:
                schema = Schema.parse(json.dumps(case["schema"]))
                data = bytes.fromhex(case["hex"])
                schema.from_avro(data)
            except Exception:
                continue
            yield str(schema), data


def corpus_data() -> Iterator[tuple[str, bytes]]:
    """Schemas of public projects as partners see them, and random data."""
    for real in valid_schemas()[::10]:
        parts = [meaning(loads(file.read_text("utf-8"))) for file in real.files]
        if real.missing or len(parts) > 1:
            continue
        (found,) = parts
        try:
            partner = Partner(found)
            text = json.dumps(for_partners(found))
            Schema.parse(text)
        except (SchemaError, Exception):
            continue
        for number in range(3):
            source = random.Random(f"{real.name} {number}")
            try:
                yield text, partner.write(random_datum(found, source))
            except Exception:
                break


@ON_SERVICES
def test_java_writes_and_reads_the_same(avro_java: AvroJava) -> None:
    found = dict.fromkeys([*texts_and_data(), *corpus_data()])
    rows = [row for row in found if _DOUBLES.search(row[0]) is None]
    schemas = [Schema.parse(text) for text, _ in rows]
    ours = [s.avro_to_json(data, style="avro") for s, (_, data) in zip(schemas, rows, strict=True)]
    java = avro_java.json(rows)
    wrong = [
        (text[:300], own[:300], theirs[:300])
        for (text, _), own, theirs in zip(rows, ours, java, strict=True)
        if theirs is not None and json.loads(own) != json.loads(theirs)
    ]
    assert not wrong, wrong[:3]
    read = avro_java.binary((text, own) for (text, _), own in zip(rows, ours, strict=True))
    wrong = [
        (text[:300], own[:300], data.hex())
        for (text, data), schema, own, again in zip(rows, schemas, ours, read, strict=True)
        if again is not None
        # Its maps have an order of their own.
        and json.loads(schema.avro_to_json(again, style="avro")) != json.loads(own)
    ]
    assert not wrong, wrong[:3]
    assert len(rows) > 500
