"""Keys and values of a topic as bytes: :class:`RecordEncoder`.

Keys are given, or a field of the value (:func:`key_of_field`). The schema ids in front of the bytes
are looked up once, at the start (:func:`look_up_schema_ids`). Nothing here uses a Kafka client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from avrogen.avro import model
from avrogen.avro.schema_json import type_json
from avrogen.codec import plan
from avrogen.codec.compilation import encoder_of
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import PlanBuilder, own_overrides
from avrogen.codec.schema import Schema, SchemaOwner
from avrogen.errors import EncodeError
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.serde.decoders import name_of
from avrogen.kafka.serde.primitive_keys import key_reader, key_writer
from avrogen.kafka.topic import subject_name
from avrogen.kafka.wire_format import frame_prefix, unframe

if TYPE_CHECKING:
    from avrogen.codec.type_conversions import RuntimeOverrides
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["RecordEncoder", "TopicSchemaIds", "ValueEncoder", "key_of_field", "look_up_schema_ids"]


ValueEncoder: TypeAlias = "tuple[bytes, Callable[..., bytes], Callable[[Any], bytes] | None]"
"""Encoder of values of a Python type: bytes with the schema id, function from a value to the bytes
after them, and function from a value to the bytes of its key; None if the key is not a field. A
plain tuple, as each message takes it apart."""


class RecordEncoder:
    """Encodes the keys and values of a topic.

    Args:
        topic: the topic.
        ids: ids of its schemas.
    """

    def __init__(self, topic: Topic[Any, Any], ids: TopicSchemaIds) -> None:
        self._topic = topic
        self.encode_key: Callable[[Any], bytes] = _key_encoder(topic, ids)
        """Function from a given key to its bytes. EncodeError: it does not match the topic."""
        self._by_type: dict[type, ValueEncoder] = self._value_encoders(ids)
        self._own_types = tuple(self._by_type)

    @property
    def encoders(self) -> Mapping[type, ValueEncoder]:
        """Encoders by the exact types of the values so far."""
        return self._by_type

    def encoder(self, value: object) -> ValueEncoder:
        """Return the encoder of a value, whose class is a type of the topic or a subclass.

        Raises:
            EncodeError: any other value, or None for a topic without tombstones.
        """
        kind = type(value)
        found = self._by_type.get(kind)
        if found is None:
            for base in kind.__mro__:
                if base in self._own_types:
                    found = self._by_type[kind] = self._by_type[base]
                    break
            else:
                raise self._no_such_value(value)
        return found

    def require_no_key(self) -> None:
        """Raise for a missing key if the topic has keys.

        Raises:
            EncodeError: the topic has keys.
        """
        if self._topic.key is not None:
            raise EncodeError(f"messages of {self._topic.name} need a key: send(..., key=...)")

    def plain_key(self, data: bytes | None) -> object:
        """Decode a key, for errors; return the bytes if they are invalid."""
        if data is None:
            return None
        key = self._topic.key
        try:
            if isinstance(key, str):
                return key_reader(key)(data)
            return None if key is None else key.from_avro(unframe(data).body)
        except Exception:  # another error is being reported
            return data

    def _value_encoders(self, ids: TopicSchemaIds) -> dict[type, ValueEncoder]:
        encoders: dict[type, list[ValueEncoder]] = {}
        for owner, id_ in ids.values.items():
            key = self._field_key(owner)
            encoder = (frame_prefix(id_), encoder_of(owner), key)
            encoders.setdefault(_python_type(owner), []).append(encoder)
        return {kind: _one_of(several) for kind, several in encoders.items()}

    def _field_key(self, owner: SchemaOwner) -> Callable[[Any], bytes] | None:
        encode, field = self.encode_key, self._topic.key_field
        if self._topic.key is None or field is None:
            return None
        get = key_of_field(owner, field)
        return lambda value: encode(get(value))

    def _no_such_value(self, value: object) -> EncodeError:
        topic = self._topic
        if value is None and not topic.tombstones:
            return EncodeError(
                f"{topic.name} has no tombstones; to allow them: tombstones = true in avrogen.toml"
            )
        names = " or ".join(kind.__qualname__ for kind in self._own_types)
        return EncodeError(f"{topic.name} takes {names}, not {type(value).__qualname__}")


def _key_encoder(topic: Topic[Any, Any], ids: TopicSchemaIds) -> Callable[[Any], bytes]:
    key = topic.key
    if key is None:

        def refuse(key: object) -> bytes:
            raise EncodeError(f"messages of {topic.name} have no keys, got one")

        return refuse
    if isinstance(key, str):
        return key_writer(key)
    assert ids.key is not None, "a key with a schema has an id"
    prefix, encode = frame_prefix(ids.key), encoder_of(key)
    return lambda value: prefix + encode(value)


def _one_of(encoders: Sequence[ValueEncoder]) -> ValueEncoder:
    """Return the encoder for several Avro types of one Python type: the first match is used."""
    if len(encoders) == 1:
        return encoders[0]

    def encode(value: object) -> bytes:
        for prefix, encode_one, _ in encoders[:-1]:
            try:
                return prefix + encode_one(value)
            except EncodeError:
                continue
        prefix, encode_one, _ = encoders[-1]
        return prefix + encode_one(value)

    return b"", encode, None


def _python_type(owner: SchemaOwner) -> type:
    """Return the Python type of a named type: its class, or that of its logical type."""
    if isinstance(owner, type):
        return owner
    schema = owner.__avro_schema__
    named = schema.types[schema.type.name] if isinstance(schema.type, model.Reference) else None
    if isinstance(named, model.FixedType) and named.logical is not None:
        operation = PlanBuilder(schema.types, {}).of(schema.type, own_overrides(owner))
        if isinstance(operation, plan.LogicalOperation):
            return operation.kind.python_type
        return bytes
    raise TypeError(f"expected a generated class or the codec of a fixed, got {owner!r}")


def key_of_field(owner: SchemaOwner, name: str) -> Callable[[Any], Any]:
    """Return the function from a value to its key.

    A field with a logical type gives its underlying value: a UUID in a string gives its text. So
    does a field with a type of one's own.

    Args:
        owner: generated class of the value.
        name: name of the Avro field.

    Raises:
        TypeError: the class is not a record with this field.
    """
    position, field = _field(owner.__avro_schema__, name)
    assert is_dataclass(owner), "records are dataclasses, with their fields in the order of Avro's"
    get = attrgetter(fields(owner)[position].name)
    overrides = own_overrides(owner)
    at_field = None if overrides is None else overrides.at_field(name)
    convert = _to_wire(field.type, owner.__avro_schema__.types, at_field)
    return get if convert is None else lambda value: convert(get(value))


def _field(schema: Schema, name: str) -> tuple[int, model.Field]:
    record = schema.types[schema.type.name] if isinstance(schema.type, model.Reference) else None
    if isinstance(record, model.RecordType):
        for position, field in enumerate(record.fields):
            if field.name == name:
                return position, field
    raise TypeError(f"key field {name} does not exist in {schema!r}")


def _to_wire(
    type_: model.AvroType,
    types: Mapping[str, model.NamedType],
    overrides: RuntimeOverrides | None,
) -> Callable[[Any], Any] | None:
    """Return the function from a value to the underlying one; None: they are the same."""
    match type_:
        case model.Reference(name) if overrides is not None:
            named = types[name]
            conversion = overrides.of(named).conversion
            if conversion is None or (isinstance(named, model.FixedType) and named.logical):
                return None  # the codec of such a fixed has the overrides itself
            return conversion.kind.to_base
        case model.Primitive(name) if overrides is not None and overrides.of(type_).selector:
            operation = PlanBuilder({}, {}).of(type_, overrides)
            from_own = InterpretedEncoder(plan.Plan(operation, {}, plain=False)).write
            to_plain = Schema.parse(f'"{name}"').from_avro
            return lambda value: to_plain(from_own(value))
        case model.Primitive("string", model.Uuid()):
            return str
        case model.Primitive(name, logical) if logical is not None:
            from_python = Schema.parse(_dumped(type_)).to_avro
            to_plain = Schema.parse(f'"{name}"').from_avro
            return lambda value: to_plain(from_python(value))
        case _:
            return None


def _dumped(type_: model.AvroType) -> str:
    import json

    return json.dumps(type_json(type_))


@dataclass(frozen=True, slots=True)
class TopicSchemaIds:
    """Ids of a topic's schemas.

    Attributes:
        values: ids by the classes or codecs of the values.
        key: id of the key's schema; None if keys need no schema.
    """

    values: Mapping[SchemaOwner, int]
    key: int | None


def look_up_schema_ids(
    registry: SchemaRegistry, topic: Topic[Any, Any], *, register: bool
) -> TopicSchemaIds:
    """Look up all schemas of a topic.

    Args:
        registry: the registry.
        topic: the topic.
        register: register missing schemas if the level of their subject allows it.

    Raises:
        RegistryError: a schema is missing or incompatible (the error has the subject and a hint),
            its subject has an active rule, or no response of the registry.
    """
    ids: dict[SchemaOwner, int] = {}
    for owner in topic.value:
        schema = owner.__avro_schema__
        subject = subject_name(topic.subject_strategy, topic.name, "value", name_of(schema))
        ids[owner] = find_or_register(
            registry,
            subject,
            schema,
            register=register,
            ignore_contract_rules=topic.ignore_contract_rules,
        ).id
    if topic.key is None or isinstance(topic.key, str):
        return TopicSchemaIds(ids, None)
    # At any strategy of the values, which distinguishes several types; keys have one.
    subject = subject_name("topic", topic.name, "key", None)
    key = find_or_register(
        registry,
        subject,
        topic.key.__avro_schema__,
        register=register,
        ignore_contract_rules=topic.ignore_contract_rules,
    )
    return TopicSchemaIds(ids, key.id)
