"""The rule by which schemas get to a registry: look up first, and write only when asked to.

Whether two schemas say the same, or stand for the same data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, assert_never

from avrogen.avro import model
from avrogen.avro.schema_json import map_objects
from avrogen.errors import RegistryError
from avrogen.kafka.registry.protocol import SchemaReference, SchemaText
from avrogen.kafka.registry.request import one_line
from avrogen.kafka.registry.schema_references import resolve_references, split_schema

if TYPE_CHECKING:
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaRegistry

__all__ = ["find", "find_or_register", "same_schema", "same_wire_format"]

MAX_COMPARED: Final = 20
"""Versions that are compared with a schema that the registry does not find by its text."""


def find(
    registry: SchemaRegistry,
    subject: str,
    schema: Schema,
    text: SchemaText | None = None,
    *,
    alike: bool = False,
) -> RegisteredSchema | None:
    """The version of a subject that is a schema.

    Registries compare texts. Where the text differs, as when it was registered from a file by
    another program, the latest versions are compared by what they say.

    Args:
        registry: where to look.
        subject: the subject.
        schema: the schema.
        text: how it is registered, if not as one text that stands for itself.
        alike: if no version says the same, one will do that gives every value the same bytes: it
            may differ in docs, defaults, aliases and attributes, which who writes does not need.

    Returns:
        The version, or None: it is not there.

    Raises:
        RegistryError: the registry gave no answer, or that for another schema.
    """
    found = registry.lookup(subject, text or SchemaText(str(schema)))
    if found is None:
        return _compared(registry, subject, schema, alike)
    return _verified(registry, found, schema)


def find_or_register(
    registry: SchemaRegistry,
    subject: str,
    schema: Schema,
    *,
    register: bool = False,
    references: bool = False,
) -> RegisteredSchema:
    """The version of a subject that is a schema; if it is not there, it is an error or registered.

    To write with, a version will do that gives every value the same bytes. To register, only one
    that says the same counts as there.

    Args:
        registry: where to look.
        subject: the subject.
        schema: the schema.
        register: write it there if it is missing and the subject's level allows it.
        references: every named type in it has a subject of its own, by its full name, and is
            referred to. Else the schema is one text that stands for itself.

    Raises:
        RegistryError: it is not there and ``register`` is not set, the registry finds it
            incompatible, or gave no answer.
    """
    if not references:
        return _found_or_registered(registry, subject, schema, SchemaText(str(schema)), register)
    *needed, own = split_schema(schema)
    known: dict[str, SchemaReference] = {}
    for each in needed:
        text = SchemaText(each.text, tuple(known[need] for need in each.needs))
        version = _found_or_registered(registry, each.name, each.schema, text, register).version
        known[each.name] = SchemaReference(each.name, each.name, version)
    text = SchemaText(own.text, tuple(known[need] for need in own.needs))
    return _found_or_registered(registry, subject, schema, text, register)


def _found_or_registered(
    registry: SchemaRegistry, subject: str, schema: Schema, text: SchemaText, register: bool
) -> RegisteredSchema:
    found = find(registry, subject, schema, text, alike=not register)
    if found is not None:
        return found
    if not register:
        raise RegistryError(
            "the schema is not registered",
            hint="register it before the code that writes it is deployed, with "
            "avrogen registry register, or let the program do it: register=True",
            subject=subject,
        )
    verdict = registry.compatibility(subject, text)
    if not verdict.compatible:
        reasons = one_line("; ".join(verdict.messages)) or "it gives no reasons"
        raise RegistryError(
            f"the registry would refuse the schema as incompatible: {reasons}",
            hint="avrogen check SCHEMAS --against URL says what is in the way and how to mend it",
            subject=subject,
        )
    return _verified(registry, registry.register(subject, text), schema)


def _verified(
    registry: SchemaRegistry, found: RegisteredSchema, schema: Schema
) -> RegisteredSchema:
    """What the registry answered, if it is the schema that it was asked about.

    It may differ in docs and the like: some registries ignore them.
    """
    name = f"subject {found.subject} version {found.version}"
    if not same_wire_format(schema, resolve_references(registry, found.schema, name)):
        raise RegistryError(
            "the registry answers with another schema than the one that it was asked about",
            hint="something between here and the registry, such as a cache, may be at fault",
            subject=found.subject,
            id=found.id,
        )
    return found


def _compared(
    registry: SchemaRegistry, subject: str, schema: Schema, alike: bool
) -> RegisteredSchema | None:
    similar: RegisteredSchema | None = None
    for version, other in _latest_versions(registry, subject):
        if same_schema(other, schema):
            return version
        if alike and similar is None and same_wire_format(other, schema):
            similar = version
    return similar


def _latest_versions(
    registry: SchemaRegistry, subject: str
) -> Iterator[tuple[RegisteredSchema, Schema]]:
    for number in islice(reversed(registry.versions(subject)), MAX_COMPARED):
        version = registry.version(subject, number)
        if version is None:
            continue
        try:
            name = f"subject {subject} version {number}"
            complete = resolve_references(registry, version.schema, name)
        except RegistryError as error:
            if error.transient:
                raise
            continue  # what avrogen cannot read is not what it would write
        yield version, complete


_JAVA = "avro.java."
"""What begins like that says which Java classes values are, and is added by Avro Java."""


def same_schema(one: Schema, other: Schema) -> bool:
    """Whether they are equal, but for what Avro Java notes in schemas for itself."""
    return one == other or (
        same_wire_format(one, other) and _without_java(one) == _without_java(other)
    )


def same_wire_format(one: Schema, other: Schema) -> bool:
    """Whether they give every value the same bytes, and read the same values from them.

    Docs, defaults, aliases and custom attributes make no difference. Canonical forms alone would
    not do, as they leave logical types out: a date and a count of days have the same.
    """
    if one.canonical_form != other.canonical_form:
        return False
    return list(_logical_types(one)) == list(_logical_types(other))


def _without_java(schema: Schema) -> model.Json:
    def without_java(members: dict[str, model.Json]) -> model.Json:
        kept = {key: value for key, value in members.items() if not key.startswith(_JAVA)}
        # A primitive type without attributes is written as its name.
        return kept["type"] if kept.keys() == {"type"} else kept

    return map_objects(json.loads(str(schema)), without_java)


def _logical_types(schema: Schema) -> Iterator[model.LogicalType | None]:
    """Those of all types that can have one, in the order of the canonical form."""
    yield from _in_type(schema.type)
    for named in schema.types.values():
        match named:
            case model.RecordType(fields=fields):
                for field in fields:
                    yield from _in_type(field.type)
            case model.FixedType(logical=logical):
                yield logical
            case model.EnumType():
                pass
            case _:
                assert_never(named)


def _in_type(type_: model.AvroType) -> Iterator[model.LogicalType | None]:
    match type_:
        case model.Primitive(logical=logical):
            yield logical
        case model.Array(inner) | model.Map(inner):
            yield from _in_type(inner)
        case model.Union(branches):
            for branch in branches:
                yield from _in_type(branch)
        case model.Reference():
            pass
        case _:
            assert_never(type_)
