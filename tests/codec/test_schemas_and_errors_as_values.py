"""Schemas and errors: equality, texts, pickles."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from avrogen import DecodeError, EncodeError, ResolutionError, Schema, SchemaError
from generated_example.com.acme.common import Money
from generated_example.com.acme.shop import OrderLine

TEXT = (
    '{"type": "record", "name": "R", "doc": "d", "fields": [{"name": "a", "type": "int", "x": 1}]}'
)


def test_schemas_are_equal_by_meaning() -> None:
    schema = Schema.parse(TEXT)
    spaced = Schema.parse(json.dumps(json.loads(TEXT), indent=4))
    moved = Schema.parse(
        '{"fields": [{"x": 1, "type": "int", "name": "a"}], "doc": "d", "namespace": "", '
        '"name": "R", "type": "record"}'
    )
    assert schema == spaced == moved
    assert len({schema, spaced, moved}) == 1
    for other in (
        TEXT.replace('"d"', '"e"'),
        TEXT.replace('"x": 1', '"x": 2'),
        TEXT.replace('"x": 1', '"x": true'),
        TEXT.replace('"x": 1', '"x": [1]'),
        TEXT.replace('"int"', '"long"'),
        TEXT.replace('"a"', '"b"'),
        TEXT.replace('"R"', '"S"'),
        '"int"',
    ):
        assert Schema.parse(other) != schema
    assert Schema.parse(TEXT.replace('"x": 1', '"x": true')) != Schema.parse(
        TEXT.replace('"x": 1', '"x": 1.0')
    )
    assert schema != TEXT
    assert pickle.loads(pickle.dumps(schema)) == schema == copy.deepcopy(schema)
    assert OrderLine.__avro_schema__ == Schema.parse(str(OrderLine.__avro_schema__))


def test_repr_of_schemas_is_short_and_asks_for_nothing() -> None:
    assert repr(Schema.parse('"int"')) == '<Schema "int">'
    text = repr(Schema.embedded("{ not\n even \x1b[31m JSON" + "x" * 1_000_000))
    assert len(text) < 100
    assert text.isprintable()


def failures() -> list[Callable[[], object]]:
    schema = Schema.parse(TEXT)
    other = Schema.parse('["string", "null"]')
    return [
        lambda: Schema.parse('{"type": "record", "name": "a\\u001b[31m\\nb", "fields": 1}'),
        lambda: Schema.parse("{"),
        lambda: schema.to_avro({"a": "x\n\x1b[31m"}),
        lambda: schema.from_avro(b"\xff"),
        lambda: schema.from_avro(b"", writer=other),
        lambda: Schema.parse('{"type": "map", "values": "int"}').from_avro(b"\x02\x04\n\x1b\xff"),
        lambda: Schema.parse('{"type": "map", "values": "int"}').to_avro({"\n\x1b": "\u2028"}),
        lambda: Schema.parse('["null", "int"]').from_avro(b"\x00", writer=other),
        lambda: schema.from_single_object(b"\xc3\x01" + bytes(8)),
    ]


@pytest.mark.parametrize("number", range(len(failures())))
def test_errors_are_pickled_and_fit_in_a_log(number: int) -> None:
    with pytest.raises((SchemaError, EncodeError, DecodeError)) as caught:
        failures()[number]()
    error = caught.value
    for protocol in range(2, 6):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)
    assert str(copy.copy(error)) == str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 1000


def test_errors_come_back_from_other_processes() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        with pytest.raises(DecodeError) as caught:
            pool.submit(Money.from_avro, b"\xff").result()
        assert caught.value.offset == 1
        with pytest.raises(ResolutionError) as refused:
            pool.submit(Money.from_avro, b"", writer=Schema.parse('"int"')).result()
        assert refused.value.incompatibilities
