"""Files of schemas say what was to be said, in lines that fit on a screen."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from avrogen.avro.parser import parse_sources
from avrogen.avro.schema_text import definition_text, file_text
from avrogen.avro.source import Source
from tests.support.strategies import schemas

WIDTH = 100

texts = st.text(max_size=120)
documents: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=40,
)


@given(documents)
def test_nothing_is_lost(document: Any) -> None:
    assert json.loads(file_text(document)) == document


@given(documents)
def test_long_lines_hold_one_thing(document: Any) -> None:
    """A line is too long only if there is nothing in it to be put on lines of its own."""
    for line in file_text(document).splitlines():
        if len(line) > WIDTH:
            value = line.strip().removesuffix(",")
            assert not value.endswith(("]", "}")) or value.endswith(("[]", "{}", '"'))


@given(schemas())
def test_definitions_are_read_as_they_were(schema: Any) -> None:
    parsed = parse_sources([Source("s", json.dumps(schema), "s")])
    written = [
        Source(name, definition_text(named, parsed.types), name)
        for name, named in parsed.types.items()
    ]
    assert parse_sources(written).types == parsed.types
