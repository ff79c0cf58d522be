"""From classes and schemas to the functions that write and read their values.

Encoders and decoders are compiled separately, as many programs need only one of them, and once
for each class, under a lock.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from avrogen.avro.model import Reference
from avrogen.codec.classes import AvroValue
from avrogen.codec.plan import Plan
from avrogen.codec.planner import plan_for
from avrogen.codec.python_backend import compile_decoder, compile_encoder

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import Schema

__all__ = [
    "decoder_of",
    "encoder_of",
    "install_decoder",
    "install_encoder",
    "plain_decoder",
    "plain_encoder",
]

Encoder: TypeAlias = Callable[[Any], bytes]
Decoder: TypeAlias = "Callable[[Buffer], Any]"

V = TypeVar("V", bound=AvroValue)

_lock = RLock()


def install_encoder(class_: type[V]) -> Callable[[V], bytes]:
    """Compile the encoder of a generated class and make it the class's ``to_avro``."""
    with _lock:
        encode: Encoder | None = class_.__dict__.get("__avro_encoder__")
        if encode is None:
            encode = compile_encoder(_class_plan(class_))
            setattr(class_, "__avro_encoder__", encode)  # noqa: B010 -- unknown to type checkers
            # A function in a class is a method: the object becomes its argument. A method that
            # somebody wrote into a subclass stays.
            if class_.__dict__.get("to_avro", AvroValue.to_avro) is AvroValue.to_avro:
                setattr(class_, "to_avro", encode)  # noqa: B010 -- as above
        return encode


def install_decoder(class_: type[V]) -> Callable[[Buffer], V]:
    """Compile the decoder of a generated class and make it the class's ``from_avro``."""
    with _lock:
        decode: Decoder | None = class_.__dict__.get("__avro_decoder__")
        if decode is None:
            decode = compile_decoder(_class_plan(class_))
            # It is kept as a static method, as a function in a class would get the class itself.
            setattr(class_, "__avro_decoder__", staticmethod(decode))  # noqa: B010 -- as above
            inherited = AvroValue.__dict__["from_avro"]
            if class_.__dict__.get("from_avro", inherited) is inherited:
                setattr(class_, "from_avro", staticmethod(decode))  # noqa: B010 -- as above
        return decode


def encoder_of(codec: Codec[Any]) -> Encoder:
    """Compile the encoder of a codec."""
    with _lock:
        return compile_encoder(_plan(codec.__avro_schema__, {}))


def decoder_of(codec: Codec[Any]) -> Decoder:
    """Compile the decoder of a codec."""
    with _lock:
        return compile_decoder(_plan(codec.__avro_schema__, {}))


def plain_encoder(schema: Schema) -> Encoder:
    """Compile an encoder of dicts, strings and bytes for records, enums and fixed types."""
    with _lock:
        return compile_encoder(plan_for(schema.type, schema.types, None))


def plain_decoder(schema: Schema) -> Decoder:
    """Compile a decoder to dicts, strings and bytes for records, enums and fixed types."""
    with _lock:
        return compile_decoder(plan_for(schema.type, schema.types, None))


def _class_plan(class_: type[AvroValue]) -> Plan:
    schema = class_.__avro_schema__
    assert isinstance(schema.type, Reference), "generated classes stand for named types"
    return _plan(schema, {schema.type.name: class_})


def _plan(schema: Schema, classes: dict[str, type[object]]) -> Plan:
    """The plan of a schema; whatever is not among ``classes`` already is a class around it."""
    for owner, owned in schema.closure():
        if isinstance(owner, type) and isinstance(owned.type, Reference):
            classes.setdefault(owned.type.name, owner)
    return plan_for(schema.type, schema.types, classes)
