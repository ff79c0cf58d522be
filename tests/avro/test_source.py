"""Diagnostics point at the character they speak of."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen.avro.model import Json
from avrogen.avro.source import Location, Origin, Pointer, Source, locate

TEXT = """\
// a comment: {"a": 1}
{"a": [1, {"b": "x,:]} // no comment"}, [[2]]],
 "c": {"d": null, /* "d": 2
 */ "\\u0065": {}}}"""

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("pointer", "value", "key"),
    [
        ((), (2, 1), (2, 1)),
        (("a",), (2, 7), (2, 2)),
        (("a", 0), (2, 8), (2, 8)),
        (("a", 1, "b"), (2, 17), (2, 12)),
        (("a", 2, 0, 0), (2, 43), (2, 43)),
        (("c", "d"), (3, 13), (3, 8)),
        (("c", "e"), (4, 15), (4, 5)),
        (("c", "missing", "deeper"), (3, 7), (3, 7)),
        (("missing",), (2, 1), (2, 1)),
    ],
)
def test_positions(pointer: Pointer, value: tuple[int, int], key: tuple[int, int]) -> None:
    source = Source("a.avsc", TEXT)
    assert locate(Origin(source, pointer)) == Location("a.avsc", *value)
    assert locate(Origin(source, pointer), key=True) == Location("a.avsc", *key)


@given(JSON, st.sampled_from([None, 1, "\t"]))
def test_what_stands_at_a_position_is_the_value(value: Json, indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = text.split("\n")
    decoder = json.JSONDecoder()
    for pointer, part in parts(value, ()):
        at = locate(Origin(Source("a.avsc", text), pointer))
        rest = "\n".join([lines[at.line - 1][at.column - 1 :], *lines[at.line :]])
        assert decoder.raw_decode(rest)[0] == part


def parts(value: Json, pointer: Pointer) -> list[tuple[Pointer, Json]]:
    found: list[tuple[Pointer, Json]] = [(pointer, value)]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += parts(inner, (*pointer, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += parts(inner, (*pointer, index))
    return found
