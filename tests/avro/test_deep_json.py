"""JSON beyond the depth of Python's own reader and writer, with the same results."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen.avro import deep_json
from avrogen.avro.deep_json import decode, encode
from avrogen.avro.schema_json import compact_text, has_levels, map_objects, same_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def deep(levels: int) -> str:
    return '{"a": [' * levels + "1" + ', "b"]}' * levels


@given(values, st.sampled_from([None, 2]))
def test_step_by_step_is_the_same(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    reader = deep_json._Reader(text, json.JSONDecoder())  # pyright: ignore[reportPrivateUsage]
    assert same_json(reader.value(), value)
    pieces = deep_json._pieces(value)  # pyright: ignore[reportPrivateUsage]
    assert "".join(pieces) == compact_text(value)


def test_a_text_beyond_the_stack() -> None:
    text = deep(5000)
    value = decode(text)
    assert same_json(value, decode(encode(value)))
    assert encode(value) == compact_text(value) == text.replace(" ", "")
    assert has_levels(value, 10_000)
    assert not has_levels(value, 9_999)
    renamed = map_objects(value, lambda members: {"b": members["a"]})
    assert encode(renamed) == text.replace(" ", "").replace('{"a"', '{"b"')
    assert encode(value) == text.replace(" ", "")


def test_hooks_of_the_decoder_are_called() -> None:
    decoder = json.JSONDecoder(object_pairs_hook=len, parse_int=str)
    assert decode('[{"a": 1, "a": 2}, {}, 3]', decoder) == [2, 0, "3"]


@pytest.mark.parametrize(
    "end", ["", "}", '"', "]]", '{"a" 1}', "{a: 1}", "[1,]", '{"a": 1,}', "[1 2]", "nul", "01"]
)
def test_invalid_texts_have_the_errors_of_python(end: str) -> None:
    for text in (f"[{end}", f'{{"x": {end}', end, f"[[1], {end}]"):
        with pytest.raises(json.JSONDecodeError) as expected:
            json.loads(text)
        reader = deep_json._Reader(text, json.JSONDecoder())  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(json.JSONDecodeError) as found:
            reader.value()
        assert found.value.msg.split()[0] == expected.value.msg.split()[0]
