"""Bytes and values of cases from other implementations, through :class:`avrogen.Schema`.

Values are plain here: dicts for records, str for enums, bytes for fixed types.
"""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections.abc import Callable
from typing import Any, cast

import pytest

from avrogen import DecodeError, Duration, EncodeError, Schema, SchemaError
from tests.support.shared import Tally, conformance, schema_text
from tests.support.strategies import without_logical_types

Case = dict[str, Any]
Recorder = Callable[[str, object], None]

REFUSED = {"D0401"}
"""A string default with half a character, which Avro Java writes as a question mark: such a schema
is refused, see docs/decisions.md."""

STREAMED = {"B01136", "B01149", "B01222", "B01223", "B01224", "B01229", "B01230"}
"""One datum of a stream, others behind it. ``from_avro`` takes one datum and nothing else."""

LOOK_ALIKES = {"B01309"}
"""A union of two records of the same shape: a plain dict is written as the first of them."""

EVALUATED = {"datetime": datetime, "decimal": decimal, "uuid": uuid}
"""What the literals of encode.json use."""


def untagged(value: Any) -> Any:
    """A value of the cases, where JSON has no word for it under a tag."""
    match value:
        case {"$bytes": str(text)}:
            return bytes.fromhex(text)
        case {"$float": str(text)}:
            return float(text)
        case {"$decimal": str(text)}:
            return decimal.Decimal(text)
        case {"$datetime": str(text)}:
            return datetime.datetime.fromisoformat(text)
        case {"$date": str(text)}:
            return datetime.date.fromisoformat(text)
        case {"$time": str(text)}:
            return datetime.time.fromisoformat(text)
        case {"$uuid": str(text)}:
            return uuid.UUID(text)
        case {"$nanos": int(count)}:
            return count
        case {"$duration": [int(months), int(days), int(milliseconds)]}:
            return Duration(months=months, days=days, milliseconds=milliseconds)
        case [str(text)] if text.startswith("BIG:"):
            return [None] * int(text.removeprefix("BIG:"))
        case dict():
            return {k: untagged(v) for k, v in cast("dict[str, Any]", value).items()}
        case list():
            return [untagged(item) for item in cast("list[object]", value)]
        case _:
            return value


def agree(one: object, other: object) -> bool:
    """Whether two values are equal, where JSON does not tell 1 from 1.0. NaN equals NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = cast("dict[str, object]", one), cast("dict[str, object]", other)
        return left.keys() == right.keys() and all(agree(left[k], right[k]) for k in left)
    if isinstance(one, list) and isinstance(other, list):
        items, others = cast("list[object]", one), cast("list[object]", other)
        return len(items) == len(others) and all(map(agree, items, others))
    if isinstance(one, float) and isinstance(other, int | float):
        return repr(one) == repr(float(other))
    return one == other


def written(case: Case) -> Any:
    """The value that a case writes; None for one that Python refuses to make."""
    if "py" in case:
        return eval(case["py"], dict(EVALUATED))
    try:
        return untagged(case["encode"])
    except ValueError:
        return None


def read(schema: Schema, case: Case) -> Any:
    """The value, or the error that takes its place."""
    try:
        return schema.from_avro(bytes.fromhex(case["hex"]))
    except DecodeError as error:
        return error


def problem(case: Case, schema: Schema) -> str | None:
    """What is wrong with how a case is read."""
    value = read(schema, case)
    if case["expect"] in ("error", "trailing"):
        return None if isinstance(value, DecodeError) else f"reads as {value!r}"
    if case["expect"] != "value":
        return None
    tagged = [case[key] for key in ("logical", "datum") if key in case]
    if isinstance(value, DecodeError) or not all(agree(untagged(t), value) for t in tagged):
        return f"{value!r} instead of {tagged!r}"
    again = schema.to_avro(value)
    if case.get("reencoded") in (None, again.hex()) or '"map"' in json.dumps(case["schema"]):
        # The order of a map's entries is nobody's to say; what was written must read as the same.
        return None if agree(schema.from_avro(again), value) else "does not survive"
    return f"is written as {again.hex()}"


@pytest.mark.parametrize("name", ["binary", "logical", "malformed"])
def test_reading(name: str, record_property: Recorder) -> None:
    tally = Tally(f"{name}, read", record_property)
    for case in conformance(name):
        if "hex" not in case or "encode" in case:
            continue
        # Raw values are those of the base types.
        raw = name == "binary"
        text = json.dumps(without_logical_types(case["schema"])) if raw else schema_text(case)
        try:
            found = problem(case, Schema.parse(text))
        except SchemaError as error:
            found = None if case["expect"] in ("error", None) else str(error)
        if found and case["id"] not in STREAMED | LOOK_ALIKES:
            tally.wrong(case["id"], found)
        elif case["expect"] is None:
            tally.contested()
        else:
            tally.right()
    tally.finish()


def base(schema: Any) -> Schema:
    """A schema without logical types, as the raw values of cases have none."""
    return Schema.parse(json.dumps(without_logical_types(schema)))


def resolved(case: Case) -> Any:
    """The value that a reader's schema makes of a writer's data, or the error in its place."""
    writer = case["writer"] if "writer" in case else case["schema"]
    try:
        return base(case["reader"]).from_avro(
            bytes.fromhex(case.get("hex", "")), writer=base(writer)
        )
    except (SchemaError, DecodeError) as error:
        return error


@pytest.mark.parametrize(("name", "datum"), [("resolution", "datum"), ("defaults", "expected")])
def test_reading_what_others_wrote(name: str, datum: str, record_property: Recorder) -> None:
    tally = Tally(name, record_property)
    for case in conformance(name):
        value = resolved(case)
        match case["expect"]:
            case "value" if case.get("trailing"):
                right = isinstance(value, DecodeError)
            case "value":
                right = agree(untagged(case[datum]), value)
            case "error" | "default-unusable":
                right = isinstance(value, DecodeError | SchemaError)
            case "invalid-schema":
                right = isinstance(value, SchemaError)
            case _:
                tally.contested()
                continue
        if right or case["id"] in REFUSED:
            tally.right()
        else:
            tally.wrong(case["id"], f"{value!r} instead of {case.get(datum)}")
    tally.finish()


@pytest.mark.parametrize("name", ["encode", "logical"])
def test_writing(name: str, record_property: Recorder) -> None:
    tally = Tally(f"{name}, written", record_property)
    for case in conformance(name):
        if "py" not in case and "encode" not in case:
            continue
        value = written(case)
        if value is None:
            continue
        try:
            found = Schema.parse(schema_text(case)).to_avro(value).hex()
        except EncodeError:
            found = "error"
        expected = case.get("hex") if case["expect"] == "hex" else case["expect"]
        if expected == "policy":
            tally.contested()
        elif expected == found:
            tally.right()
        else:
            tally.wrong(case["id"], f"{value!r} is written as {found}")
    tally.finish()


@pytest.mark.parametrize("name", ["schemas", "schemas_context"])
def test_schemas(name: str, record_property: Recorder) -> None:
    tally = Tally(f"{name}, parsed at run time", record_property)
    for case in conformance(name):
        try:
            Schema.parse(schema_text(case))
            valid = True
        except SchemaError as error:
            assert error.diagnostics
            valid = False
        if case["valid"] is None:
            tally.contested()
        elif valid is case["valid"]:
            tally.right()
        else:
            tally.wrong(case["id"], f"is {'accepted' if valid else 'refused'}")
    tally.finish()


def test_canonical_forms_and_fingerprints(record_property: Recorder) -> None:
    tally = Tally("canonical", record_property)
    for case in conformance("canonical"):
        try:
            schema = Schema.parse(schema_text(case))
        except SchemaError as error:
            if case.get("valid", True) is None:
                tally.contested()
            else:
                tally.wrong(case["id"], str(error))
            continue
        found = {
            "canonical": schema.canonical_form,
            "fingerprint64": str(int.from_bytes(schema.fingerprint(), "little", signed=True)),
            "crc64_le_hex": schema.fingerprint().hex(),
            "md5": schema.fingerprint("md5").hex(),
            "sha256": schema.fingerprint("sha256").hex(),
        }
        differing = [key for key in found if case.get(key) not in (None, found[key])]
        if differing:
            tally.wrong(case["id"], f"{differing[0]} is {found[differing[0]]}")
        else:
            tally.right()
    tally.finish()


@pytest.mark.parametrize(
    ("schema", "value", "path"),
    [
        ({"type": "array", "items": "int"}, [1, True], "$[1]"),
        ({"type": "map", "values": "int"}, {"a": 1.0}, "$.a"),
        (
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]},
            {"a": b"x"},
            "$.a",
        ),
    ],
)
def test_errors_say_where(schema: Any, value: Any, path: str) -> None:
    with pytest.raises(EncodeError) as caught:
        Schema.parse(json.dumps(schema)).to_avro(value)
    assert caught.value.path == path
