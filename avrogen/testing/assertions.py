"""Assertions about schemas and bytes; each AssertionError lists all findings.

compatible   a new version of a schema and those before it
round_trip   fastavro and avrogen read each other's bytes
golden       bytes are those of a file that is checked in

A new version of a schema and those before it: :func:`assert_compatible`.

fastavro and avrogen read each other's bytes: :func:`assert_round_trip`.

What says how a value is written, in an assertion.

Where two values differ.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from avrogen.avro.compat.levels import (
    Direction,
    Level,
    Version,
    Violation,
    confluent_description,
    violations,
)
from avrogen.avro.schema_json import map_objects
from avrogen.codec.classes import AvroValue
from avrogen.codec.compilation import decoder_of, encoder_of
from avrogen.codec.schema import Schema
from avrogen.extras import comes_with
from avrogen.kafka.serde.decoders import name_of, schema_of

if TYPE_CHECKING:
    from avrogen.avro.model import Json
    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import SchemaOwner
    from avrogen.kafka.serde.decoders import ReaderType

__all__ = ["LevelName", "assert_compatible", "assert_round_trip", "differences", "owner_of"]

LevelName: TypeAlias = Literal[
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
]
"""The levels of Confluent's Schema Registry that ask for something."""


def assert_compatible(*versions: ReaderType, level: LevelName = "BACKWARD") -> None:
    """Assert that the last version is compatible with those before it.

    ::

        assert_compatible(Schema.parse(last_years), OrderPlaced, level="FULL")

    The verdict is that of ``avrogen check`` and of the registry.

    Args:
        versions: the oldest first: generated classes, codecs or schemas.
        level: ``BACKWARD``: the new version reads what was written with the one before it.
            ``FORWARD``: the one before it reads what the new version writes. ``FULL``: both. With
            ``_TRANSITIVE``, with all before it.

    Raises:
        AssertionError: it is not; it lists everything that is in the way.
        TypeError: there are no two versions, or one is no schema.
        ValueError: there is no such level.
    """
    if len(versions) < 2:
        raise TypeError("expected an old version and a new one")
    *old, new = [schema_of(each) for each in versions]
    found = list(violations(_version(new), [_version(each) for each in old], Level(level)))
    if found:
        lines = [f"{name_of(new) or 'the schema'} is not {level} compatible"]
        for breach in found:
            lines += _described(breach, len(old))
        raise AssertionError("\n".join(lines))


def _version(schema: Schema) -> Version:
    return Version(schema.type, schema.types)


def _described(breach: Violation, count: int) -> Iterator[str]:
    old = "the old version" if count == 1 else f"version {breach.index + 1}"
    if breach.direction is Direction.BACKWARD:
        yield f"  the new version cannot read what was written with {old}:"
    else:
        yield f"  {old} cannot read what the new one writes:"
    for each in breach.incompatibilities:
        yield f"    {each.type}: {confluent_description(each, breach.direction.reader)}"


def assert_round_trip(value: object, *, codec: Codec[Any] | None = None) -> None:
    """Assert that avrogen and fastavro decode each other's bytes to equal values.

    ::

        assert_round_trip(OrderPlaced(...))

    fastavro is given the schema without its logical types, which it rounds or does not know: what
    is compared is what is on the wire.

    Args:
        value: an object of a generated class; or of any type, with its codec.
        codec: the codec of a type that has no class.

    Raises:
        AssertionError: one reads something else than the other; it says where.
        EncodeError: the value does not fit its schema.
        TypeError: nothing says what the schema is.
        MissingExtraError: fastavro is not installed.
    """
    owner = owner_of(value, codec)
    encode, decode = encoder_of(owner), decoder_of(owner)
    plain_schema = _without_logical_types(json.loads(str(owner.__avro_schema__)))
    fastavro = _FastAvro(plain_schema)
    data = encode(value)
    ours, theirs = Schema.parse(json.dumps(plain_schema)).from_avro(data), fastavro.read(data)
    if found := list(differences("avrogen", ours, "fastavro", theirs)):
        _fail("fastavro reads something else from the bytes", found)
    # By our bytes: NaN is not equal to itself, and a float is rounded when it is written.
    back = decode(fastavro.write(fastavro.read(data, named=True)))
    if encode(back) != data:
        found = list(differences("written", decode(data), "read", back))
        _fail("fastavro's bytes are read as something else", found)


def _fail(what: str, found: list[str]) -> None:
    raise AssertionError("\n".join([what, *(f"  {line}" for line in found)]))


def _without_logical_types(schema: Json) -> Json:
    def without_logical_type(members: dict[str, Json]) -> Json:
        return {key: value for key, value in members.items() if key != "logicalType"}

    return map_objects(schema, without_logical_type)


class _FastAvro:
    """fastavro for one schema."""

    def __init__(self, schema: Json) -> None:
        with comes_with("testing"):
            import fastavro
        self._fastavro = cast("Any", fastavro)  # its annotations are too loose for a strict checker
        self._schema = self._fastavro.parse_schema(schema)

    def read(self, data: bytes, *, named: bool = False) -> Any:
        """A value; ``named``: what is in a union with the name of its type, for writing."""
        return self._fastavro.schemaless_reader(
            io.BytesIO(data),
            self._schema,
            None,
            return_record_name=named,
            return_named_type=named,
        )

    def write(self, value: Any) -> bytes:
        out = io.BytesIO()
        self._fastavro.schemaless_writer(out, self._schema, value)
        return out.getvalue()


def owner_of(value: object, codec: Codec[Any] | None) -> SchemaOwner:
    """Return the given codec, or the class of the value.

    Raises:
        TypeError: neither says what the schema is.
    """
    if codec is not None:
        return codec
    if isinstance(value, AvroValue):
        return type(value)
    kind = type(value).__qualname__
    raise TypeError(f"a {kind} has no schema: assert_...(value, codec=...) says how it is written")


def differences(
    first: str, one: object, second: str, other: object, path: str = "$"
) -> Iterator[str]:
    """Return one line per difference between two values, down to fields and items.

    Args:
        first: what the first is called.
        one: the first value.
        second: what the second is called.
        other: the second value.
        path: where they are.
    """
    inside = _members(one), _members(other)
    if type(one) is type(other) and inside[0] is not None and inside[1] is not None:
        for key in dict.fromkeys([*inside[0], *inside[1]]):
            if key not in inside[0]:
                yield f"{path}{key}: only {second} has it, {inside[1][key]!r}"
            elif key not in inside[1]:
                yield f"{path}{key}: only {first} has it, {inside[0][key]!r}"
            else:
                yield from differences(
                    first, inside[0][key], second, inside[1][key], f"{path}{key}"
                )
    elif not _is_same(one, other):
        yield f"{path}: {first} {one!r}, {second} {other!r}"


def _members(value: object) -> Mapping[str, Any] | None:
    """Children of a value by their path steps; None for a leaf."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f".{field.name}": getattr(value, field.name) for field in fields(value)}
    match value:
        case dict():
            entries = cast("dict[object, Any]", value)
            return {f"[{key!r}]": entry for key, entry in entries.items()}
        case list() | tuple():
            items = cast("Sequence[Any]", value)
            return {f"[{number}]": item for number, item in enumerate(items)}
        case _:
            return None


def _is_same(one: object, other: object) -> bool:
    """Compare values; NaN equals itself, and True is not 1."""
    return (one == other and type(one) is type(other)) or repr(one) == repr(other)
