"""Assertions of the test kit: what they pass, and what they say."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import fastavro
import pytest

from avrogen import Codec, MissingExtraError, Schema
from avrogen.testing import Golden, assert_compatible, assert_golden, assert_round_trip
from examples.demo import CANCELLED, LAST_YEAR, PLACED, SCANNED, SETTLED
from generated_example import OrderCancelled, OrderPlaced, shop_event
from tests.support.events import event


def complaint(assertion: Any, *arguments: Any, **options: Any) -> str:
    """What an assertion says."""
    with pytest.raises(AssertionError) as caught:
        assertion(*arguments, **options)
    return str(caught.value)


def fields(*definitions: str) -> Schema:
    return Schema.parse(f'{{"type": "record", "name": "R", "fields": [{", ".join(definitions)}]}}')


_fastavro: Any = fastavro  # its types are too loose for a strict checker

A = '{"name": "a", "type": "int"}'
B = '{"name": "b", "type": "string"}'
B_WITH_DEFAULT = '{"name": "b", "type": "string", "default": ""}'


# --- compatibility --------------------------------------------------------------------------------


def test_compatible_versions_pass() -> None:
    assert_compatible(fields(A), fields(A, B_WITH_DEFAULT), level="FULL")
    assert_compatible(fields(A, B), fields(A))
    assert_compatible(fields(A), fields(A, B), level="FORWARD")
    assert_compatible(Schema.parse(LAST_YEAR), OrderCancelled)
    assert_compatible(shop_event, shop_event, level="FULL")


def test_everything_that_is_in_the_way_is_listed() -> None:
    assert complaint(assert_compatible, fields(A), fields(A, B)) == (
        "R is not BACKWARD compatible\n"
        "  the new version cannot read what was written with the old version:\n"
        "    READER_FIELD_MISSING_DEFAULT_VALUE: The field 'b' at path '/fields/1' in the new "
        "schema has no default value and is missing in the old schema"
    )
    text = complaint(assert_compatible, Schema.parse(LAST_YEAR), OrderCancelled, level="FULL")
    assert text.count("\n    ") == 2
    assert "the old version cannot read what the new one writes:" in text
    assert "MISSING_ENUM_SYMBOLS" in text


def test_levels_that_are_transitive_are_about_all_versions() -> None:
    versions = fields(A), fields(A, B_WITH_DEFAULT), fields(A, B)
    assert_compatible(*versions)
    text = complaint(assert_compatible, *versions, level="BACKWARD_TRANSITIVE")
    assert "cannot read what was written with version 1:" in text


def test_what_is_no_schema() -> None:
    with pytest.raises(TypeError, match="an old version and a new one"):
        assert_compatible(OrderPlaced)
    with pytest.raises(TypeError, match="expected a generated class, a Codec or a Schema"):
        not_a_class: Any = PLACED.note
        assert_compatible(OrderPlaced, not_a_class)


# --- round trips ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [PLACED, CANCELLED, SETTLED, SCANNED], ids=lambda v: type(v).__name__
)
def test_fastavro_and_avrogen_read_each_other(value: object) -> None:
    assert_round_trip(value)


def test_values_of_types_without_a_class() -> None:
    assert_round_trip(CANCELLED, codec=shop_event)
    numbers = Codec[Any](
        Schema.parse('["null", "int", "double", {"type": "map", "values": "float"}]')
    )
    for value in (None, 5, 0.1, math.nan, -0.0, {"a": 0.1, "b": math.inf}):
        assert_round_trip(value, codec=numbers)
    with pytest.raises(TypeError, match=r"a int has no schema: assert_...\(value, codec=...\)"):
        assert_round_trip(5)


def test_where_fastavro_reads_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    own = _fastavro.schemaless_reader

    def read(*arguments: Any, **options: Any) -> Any:
        return own(*arguments, **options) | {"timestamp": 8}

    monkeypatch.setattr(fastavro, "schemaless_reader", read)
    assert complaint(assert_round_trip, event(7)) == (
        "fastavro reads something else from the bytes\n  $['timestamp']: avrogen 7, fastavro 8"
    )


def test_where_its_bytes_are_read_as_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(out: Any, schema: object, value: object) -> None:
        out.write(event(8).to_avro())

    monkeypatch.setattr(fastavro, "schemaless_writer", write)
    assert complaint(assert_round_trip, event(7)).splitlines() == [
        "fastavro's bytes are read as something else",
        "  $.timestamp: written 7, read 8",
        "  $.resource_id: written '7', read '8'",
    ]


def test_without_fastavro(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastavro", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'avrogen\[testing\]'"):
        assert_round_trip(PLACED)


# --- golden files ---------------------------------------------------------------------------------

UPDATE = "pytest --avrogen-update-golden"


def test_a_golden_file_is_text_for_reviews(tmp_path: Path) -> None:
    path = tmp_path / "new" / "event.hex"
    assert complaint(assert_golden, event(), path) == f"there is no {path} yet: {UPDATE} writes it"
    assert_golden(event(), path, update=True)
    assert_golden(event(), path)
    assert path.read_text("utf-8") == (
        "# com.example.Event\n10 37 64 30 63 36 66 31 65 00 00 02 30 00\n"
    )


def test_differences_are_told_field_by_field(tmp_path: Path) -> None:
    path = tmp_path / "event.hex"
    assert_golden(event(), path, update=True)
    assert complaint(assert_golden, replace(event(), timestamp=1, metadata={"k": "v"}), path) == (
        f"the bytes are not those of {path}\n"
        "  $.timestamp: was 0, is 1\n"
        "  $.metadata['k']: only is has it, 'v'\n"
        "  from byte 9 on, of 14 that were and 19 that are:\n"
        "    was ... 36 66 31 65 00 00 02 30 00\n"
        "    is  ... 36 66 31 65 02 00 02 30 02 02 6b 02 76 00\n"
        f"if that is meant: {UPDATE} writes the file anew"
    )
    later = replace(CANCELLED, cancelled_at=CANCELLED.cancelled_at + timedelta(seconds=1))
    assert_golden(CANCELLED, path, update=True)
    assert "\n  $.cancelled_at: was datetime" in complaint(assert_golden, later, path)


def test_bytes_that_cannot_be_read_any_more(tmp_path: Path) -> None:
    path = tmp_path / "event.hex"
    path.write_text("# of another schema\n02\n41 00\n")
    text = complaint(assert_golden, event(), path)
    assert "\n  which cannot be read with this schema: $" in text
    assert "from byte 0 on, of 3 that were and 14 that are:\n    was 02 41 00\n" in text


def test_equal_values_with_other_bytes(tmp_path: Path) -> None:
    """An array in two blocks is read as one in a single block."""
    path = tmp_path / "numbers.hex"
    numbers = Codec[list[int]](Schema.parse('{"type": "array", "items": "int"}'))
    path.write_text("02 02 02 04 00")
    text = complaint(assert_golden, [1, 2], path, codec=numbers)
    assert "\n  which are read as an equal value\n" in text


def test_what_is_no_golden_file(tmp_path: Path) -> None:
    path = tmp_path / "event.hex"
    path.write_text("id: 7d0c6f1e")
    assert "has something else than bytes in hexadecimal" in complaint(assert_golden, event(), path)
    with pytest.raises(TypeError, match="a str has no schema"):
        assert_golden("text", path)


def test_a_type_of_the_example_is_as_it_was(avrogen_golden: Golden) -> None:
    """The files are checked in; who changes what is on the wire is told here, too."""
    avrogen_golden(PLACED, "order_placed")
    avrogen_golden(CANCELLED, "order_cancelled")
    avrogen_golden(event(), "event")
