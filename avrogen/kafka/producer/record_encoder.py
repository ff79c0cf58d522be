"""What the keys and values of a topic are as bytes. Nothing here knows of Kafka's client.

Keys that are a field of the value.

Which ids stand in front of a topic's keys and values: the registry is asked once, at start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from avrogen.avro import model
from avrogen.avro.schema_json import type_json
from avrogen.codec.compilation import encoder_of
from avrogen.codec.logical import logical_kind
from avrogen.codec.schema import Schema, SchemaOwner
from avrogen.errors import EncodeError
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.serde.decoders import name_of
from avrogen.kafka.serde.primitive_keys import key_reader, key_writer
from avrogen.kafka.subjects import subject_name
from avrogen.kafka.wire_format import frame_prefix, unframe

if TYPE_CHECKING:
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["RecordEncoder", "TopicSchemaIds", "ValueEncoder", "key_of_field", "look_up_schema_ids"]


class ValueEncoder(NamedTuple):
    """How values of a Python type become bytes.

    Attributes:
        prefix: what stands in front.
        encode: the function ``(value)`` that gives the rest.
        key: the function ``(value)`` that gives the bytes of its key; None if it has none.
    """

    prefix: bytes
    encode: Callable[..., bytes]
    key: Callable[[Any], bytes] | None


class RecordEncoder:
    """Makes the bytes of a topic's keys and values.

    Args:
        topic: the topic.
        ids: the ids of its schemas.
    """

    def __init__(self, topic: Topic[Any, Any], ids: TopicSchemaIds) -> None:
        self._topic = topic
        self.write_key: Callable[[Any], bytes] = _key_writer(topic, ids)
        """The function from a key that is given to its bytes. EncodeError: it is none."""
        self._by_type: dict[type, ValueEncoder] = self._writers(ids)
        self._own_types = tuple(self._by_type)

    @property
    def writers(self) -> Mapping[type, ValueEncoder]:
        """The writers by the exact types of values that are known so far."""
        return self._by_type

    def writer(self, value: object) -> ValueEncoder:
        """The writer of a value, which is one of the topic's types or of a subclass of one.

        Raises:
            EncodeError: it is not, or it is None and the topic has no tombstones.
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
        """There is no key: fine, unless the topic has keys.

        Raises:
            EncodeError: it has.
        """
        if self._topic.key is not None:
            raise EncodeError(f"messages of {self._topic.name} have keys: send(..., key=...)")

    def plain_key(self, data: bytes | None) -> object:
        """The key that some bytes are, for errors to name it; the bytes if they are none."""
        if data is None:
            return None
        key = self._topic.key
        try:
            if isinstance(key, str):
                return key_reader(key)(data)
            return None if key is None else key.from_avro(unframe(data).body)
        except Exception:  # an error is on its way already
            return data

    def _writers(self, ids: TopicSchemaIds) -> dict[type, ValueEncoder]:
        writers: dict[type, list[ValueEncoder]] = {}
        for owner, id_ in ids.values.items():
            key = self._field_key(owner)
            writer = ValueEncoder(frame_prefix(id_), encoder_of(owner), key)
            writers.setdefault(_python_type(owner), []).append(writer)
        return {kind: _one_of(several) for kind, several in writers.items()}

    def _field_key(self, owner: SchemaOwner) -> Callable[[Any], bytes] | None:
        write, field = self.write_key, self._topic.key_field
        if self._topic.key is None or field is None:
            return None
        get = key_of_field(owner, field)
        return lambda value: write(get(value))

    def _no_such_value(self, value: object) -> EncodeError:
        topic = self._topic
        if value is None and not topic.tombstones:
            return EncodeError(
                f"{topic.name} has no tombstones; if it should: tombstones = true in avrogen.toml"
            )
        names = " or ".join(kind.__qualname__ for kind in self._own_types)
        return EncodeError(f"{topic.name} takes {names}, not {type(value).__qualname__}")


def _key_writer(topic: Topic[Any, Any], ids: TopicSchemaIds) -> Callable[[Any], bytes]:
    key = topic.key
    if key is None:

        def refuse(key: object) -> bytes:
            raise EncodeError(f"messages of {topic.name} have no keys, and one was given")

        return refuse
    if isinstance(key, str):
        return key_writer(key)
    assert ids.key is not None, "a key with a schema has an id"
    prefix, encode = frame_prefix(ids.key), encoder_of(key)
    return lambda value: prefix + encode(value)


def _one_of(writers: Sequence[ValueEncoder]) -> ValueEncoder:
    """Several Avro types that are one in Python: the first that holds the value is written."""
    if len(writers) == 1:
        return writers[0]

    def encode(value: object) -> bytes:
        for writer in writers[:-1]:
            try:
                return writer.prefix + writer.encode(value)
            except EncodeError:
                continue
        return writers[-1].prefix + writers[-1].encode(value)

    return ValueEncoder(b"", encode, None)


def _python_type(owner: SchemaOwner) -> type:
    """What values of a named type are: its class, or that of its logical type."""
    if isinstance(owner, type):
        return owner
    schema = owner.__avro_schema__
    named = schema.types[schema.type.name] if isinstance(schema.type, model.Reference) else None
    if isinstance(named, model.FixedType) and named.logical is not None:
        return logical_kind(named.logical, named.size).python_type
    raise TypeError(f"expected a generated class or the codec of a fixed, got {owner!r}")


def key_of_field(owner: SchemaOwner, name: str) -> Callable[[Any], Any]:
    """The function from a value to its key.

    A field of a logical type gives what it is on the wire: a UUID in a string gives its text.

    Args:
        owner: the generated class of the value.
        name: the name of the Avro field.

    Raises:
        TypeError: values are no records, or have no such field.
    """
    position, field = _field(owner.__avro_schema__, name)
    assert is_dataclass(owner), "records are dataclasses, with their fields in the order of Avro's"
    get = attrgetter(fields(owner)[position].name)
    convert = _to_wire(field.type)
    return get if convert is None else lambda value: convert(get(value))


def _field(schema: Schema, name: str) -> tuple[int, model.Field]:
    record = schema.types[schema.type.name] if isinstance(schema.type, model.Reference) else None
    if isinstance(record, model.RecordType):
        for position, field in enumerate(record.fields):
            if field.name == name:
                return position, field
    raise TypeError(f"keys are to be taken from the field {name}, and {schema!r} has none")


def _to_wire(type_: model.AvroType) -> Callable[[Any], Any] | None:
    """From a Python value to that of the type without its logical type; None: they are the same."""
    match type_:
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
    """The ids of a topic's schemas.

    Attributes:
        values: by what carries the schema.
        key: None if keys need no schema.
    """

    values: Mapping[SchemaOwner, int]
    key: int | None


def look_up_schema_ids(
    registry: SchemaRegistry, topic: Topic[Any, Any], *, register: bool
) -> TopicSchemaIds:
    """Look up the schemas of a topic, all before the first message.

    Args:
        registry: where.
        topic: whose schemas.
        register: whether what is missing is registered, if its subject's level allows it.

    Raises:
        RegistryError: a schema is missing or incompatible, which it says with the subject and what
            to do, or the registry does not answer.
    """
    ids: dict[SchemaOwner, int] = {}
    for owner in topic.value:
        schema = owner.__avro_schema__
        subject = subject_name(topic.subject_strategy, topic.name, "value", name_of(schema))
        ids[owner] = find_or_register(registry, subject, schema, register=register).id
    if topic.key is None or isinstance(topic.key, str):
        return TopicSchemaIds(ids, None)
    # Whatever the strategy of the values is: it is there to tell several types apart.
    subject = subject_name("topic", topic.name, "key", None)
    key = find_or_register(registry, subject, topic.key.__avro_schema__, register=register)
    return TopicSchemaIds(ids, key.id)
