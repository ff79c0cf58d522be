"""Two definitions of one full name: equality, and words for the first difference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from avrogen.avro import differences
from avrogen.avro.diagnostics import Code
from avrogen.avro.model import NamedType
from avrogen.avro.parser import parse_sources
from avrogen.avro.source import Source

ID: dict[str, Any] = {"name": "id", "type": "long"}
NOTE: dict[str, Any] = {"name": "note", "type": ["null", "string"], "default": None}


def record(*fields: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"type": "record", "name": "shop.Order", "fields": list(fields), **attributes}


def enum(*symbols: str, **attributes: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "shop.Order", "symbols": list(symbols), **attributes}


def fixed(size: int, **attributes: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "shop.Order", "size": size, **attributes}


def parsed(definition: dict[str, Any]) -> NamedType:
    return parse_sources([Source("order.avsc", json.dumps(definition))]).types["shop.Order"]


LONG = "x" * 100


@pytest.mark.parametrize(
    ("here", "there", "difference"),
    [
        (record(ID), fixed(3), "a record here, a fixed there"),
        (enum("A"), record(ID), "an enum here, a record there"),
        (record(ID, NOTE), record(ID), 'field "note" is only here'),
        (record(ID), record(ID, NOTE), 'field "note" is only there'),
        (record(ID, NOTE), record(NOTE, ID), 'field 1 is "id" here, "note" there'),
        (
            record(ID),
            record({**ID, "type": "int"}),
            'field "id": type is "long" here, "int" there',
        ),
        (
            record({**ID, "default": 1}),
            record({**ID, "default": True}),
            'field "id": default is 1 here, true there',
        ),
        (record({**ID, "default": 1}), record(ID), 'field "id": default 1 is only here'),
        (
            record(ID),
            record({**ID, "connect.index": 0}),
            'field "id": connect.index 0 is only there',
        ),
        (
            record({**ID, "type": {"type": "long", "about": f"{LONG}a"}}),
            record({**ID, "type": {"type": "long", "about": f"{LONG}b"}}),
            f'field "id": type is ...{"x" * 20}a"'
            f', "type": "long"}}... here, ...{"x" * 20}b", "type": "long"}}... there',
        ),
        (record(ID, aliases=["shop.Sale"]), record(ID), 'aliases ["shop.Sale"] is only here'),
        (record(ID), {**record(ID), "type": "error"}, 'type is "record" here, "error" there'),
        (enum("A", "B"), enum("A"), 'symbol "B" is only here'),
        (enum("A"), enum("A", "B"), 'symbol "B" is only there'),
        (enum("A", "B"), enum("B", "A"), 'symbol 1 is "A" here, "B" there'),
        (enum("A", default="A"), enum("A"), 'default "A" is only here'),
        (fixed(2), fixed(3), "size is 2 here, 3 there"),
        (
            fixed(2, logicalType="decimal", precision=3),
            fixed(2, logicalType="decimal", precision=4),
            "precision is 3 here, 4 there",
        ),
    ],
)
def test_the_first_difference(here: dict[str, Any], there: dict[str, Any], difference: str) -> None:
    one, other = parsed(here), parsed(there)
    assert differences.first_difference(one, other) == difference
    assert not differences.are_equal(one, other)
    assert not differences.differ_in_docs_only(one, other)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (record(ID), record({"type": "long", "name": "id"}), True),
        (record({**ID, "a": 1, "b": 2}), record({**ID, "b": 2, "a": 1}), True),
        (record(ID, doc="An order."), record(ID), False),
        (record({**ID, "doc": "One."}), record({**ID, "doc": "Two."}), False),
        (enum("A", doc="One."), enum("A", doc="Two."), False),
        (fixed(2, doc="One."), fixed(2), False),
    ],
)
def test_docs_are_no_difference_of_definitions(
    one: dict[str, Any], other: dict[str, Any], equal: bool
) -> None:
    assert differences.are_equal(parsed(one), parsed(other)) is equal
    assert differences.differ_in_docs_only(parsed(one), parsed(other))


@pytest.mark.parametrize("turned", [False, True])
def test_the_docs_of_the_first_file_are_kept(turned: bool) -> None:
    texts = {"a.avsc": record(ID, doc="First."), "b.avsc": record(ID, doc="Second.")}
    sources = [Source(f"x/{name}", json.dumps(text), name) for name, text in texts.items()]
    result = parse_sources(reversed(sources) if turned else sources)
    (warning,) = result.diagnostics
    assert (warning.code, warning.location.path) == (Code.DOCS_DIFFER, "x/b.avsc")
    assert result.types["shop.Order"].doc == "First."
