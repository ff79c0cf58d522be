"""fastavro and avrogen read each other's bytes: :func:`assert_round_trip`."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, cast

from avrogen.codec.compilation import decoder_of, encoder_of
from avrogen.codec.schema import Schema
from avrogen.extras import comes_with
from avrogen.testing.assertions.differences import differences
from avrogen.testing.assertions.owners import owner_of

if TYPE_CHECKING:
    from avrogen.avro.model import Json
    from avrogen.codec.codec import Codec

__all__ = ["assert_round_trip"]


def assert_round_trip(value: object, *, codec: Codec[Any] | None = None) -> None:
    """fastavro reads from our bytes what we do, and we read an equal value from fastavro's.

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
    match schema:
        case dict():
            members = schema.items()
            return {k: _without_logical_types(v) for k, v in members if k != "logicalType"}
        case list():
            return [_without_logical_types(each) for each in schema]
        case _:
            return schema


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
