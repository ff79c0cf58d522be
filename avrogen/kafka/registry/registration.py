"""Lookup and registration of schemas under their subjects: :func:`find_or_register`.

A schema is looked up first, and registered only on request. Schemas are equal
(:func:`same_schema`) or have equal data (:func:`same_wire_format`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, assert_never

from avrogen.avro import model
from avrogen.avro.schema_json import map_objects, same_json, self_contained_json
from avrogen.errors import RegistryError
from avrogen.kafka.registry.data_contracts import RuleDirection, require_executable
from avrogen.kafka.registry.protocol import LATEST, SchemaReference, SchemaText
from avrogen.kafka.registry.schema_references import resolve_references, split_schema

if TYPE_CHECKING:
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaRegistry

__all__ = ["find", "find_or_register", "same_schema", "same_wire_format"]

MAX_COMPARED: Final = 20
"""Maximum number of versions that are compared if the registry does not find a text."""


def find(
    registry: SchemaRegistry,
    subject: str,
    schema: Schema,
    text: SchemaText | None = None,
    *,
    accept_wire_equivalent: bool = False,
    tolerant: bool = False,
) -> RegisteredSchema | None:
    """Return the version of a subject with a schema; None if it is not registered.

    Registries compare texts. If the text differs, as after a registration by another program, the
    latest versions are compared as schemas.

    Args:
        registry: the registry.
        subject: name of the subject.
        schema: the schema.
        text: registered form of it; None for one self-contained text.
        accept_wire_equivalent: accept a version with the same wire format if no schema is equal. It
            may differ in docs, defaults, aliases and attributes, which writing does not need.
        tolerant: accept a version that is equal if what is wrong with it is tolerated, as in
            schemas that are only read: a default that does not fit its type counts as none.

    Raises:
        RegistryError: no response of the registry, or one for another schema.
    """
    found = registry.lookup(subject, text or SchemaText(str(schema)))
    if found is None:
        return _find_equivalent(registry, subject, schema, accept_wire_equivalent, tolerant)
    return _verified(registry, found, schema)


def find_or_register(
    registry: SchemaRegistry,
    subject: str,
    schema: Schema,
    *,
    register: bool = False,
    references: bool = False,
    ignore_contract_rules: bool = False,
) -> RegisteredSchema:
    """Return the version of a subject with a schema; register a missing one, or raise.

    Without ``register``, a version with the same wire format is accepted. With it, only an equal
    schema is. A new version keeps the rules and metadata of the latest one, as Confluent's registry
    does by itself.

    Args:
        registry: the registry.
        subject: name of the subject.
        schema: the schema.
        register: register a missing schema if the level of the subject allows it.
        references: register every named type under a subject with its full name, and refer to it.
            Otherwise the schema is one self-contained text.
        ignore_contract_rules: accept schemas with rules that are active when values are written.

    Raises:
        RegistryError: the schema is not registered and ``register`` is not set, it is incompatible,
            it or the latest version has an active rule, or no response of the registry.
    """
    options = _Options(register, ignore_contract_rules)
    if not references:
        return _find_or_register(registry, subject, schema, SchemaText(str(schema)), options)
    *needed, own = split_schema(schema)
    known: dict[str, SchemaReference] = {}
    for each in needed:
        text = SchemaText(each.text, tuple(known[need] for need in each.needs))
        version = _find_or_register(registry, each.name, each.schema, text, options).version
        known[each.name] = SchemaReference(each.name, each.name, version)
    text = SchemaText(own.text, tuple(known[need] for need in own.needs))
    return _find_or_register(registry, subject, schema, text, options)


class _Options(NamedTuple):
    register: bool
    ignore_contract_rules: bool


def _find_or_register(
    registry: SchemaRegistry, subject: str, schema: Schema, text: SchemaText, options: _Options
) -> RegisteredSchema:
    found = find(registry, subject, schema, text, accept_wire_equivalent=not options.register)
    if found is not None:
        _require_executable(found, options)
    # Rules often come with a later version of the same schema, and are meant for all data.
    latest = registry.version(subject, LATEST)
    if latest is not None and (found is None or found.id != latest.id):
        _require_executable(latest, options)
    if found is None:
        contract = None if latest is None else latest.schema.contract
        found = _register(registry, subject, schema, replace(text, contract=contract), options)
        if found.schema.contract != contract:  # a registry may add rules of its own
            _require_executable(found, options)
    return found


def _require_executable(found: RegisteredSchema, options: _Options) -> None:
    require_executable(
        found.schema.contract,
        RuleDirection.WRITE,
        ignore=options.ignore_contract_rules,
        subject=found.subject,
        id=found.id,
    )


def _register(
    registry: SchemaRegistry, subject: str, schema: Schema, text: SchemaText, options: _Options
) -> RegisteredSchema:
    if not options.register:
        raise RegistryError(
            "the schema is not registered",
            hint="register it before deploying the code that writes it, with "
            "avrogen registry register, or let the program do it: register=True",
            subject=subject,
        )
    verdict = registry.compatibility(subject, text)
    if not verdict.compatible:
        from avrogen.kafka.registry.request import CHECK_HINT, response_text

        reasons = response_text("; ".join(verdict.messages)) or "no reasons given"
        raise RegistryError(
            f"the schema is incompatible: {reasons}",
            hint=CHECK_HINT,
            subject=subject,
        )
    return _verified(registry, registry.register(subject, text), schema)


def _verified(
    registry: SchemaRegistry, found: RegisteredSchema, schema: Schema
) -> RegisteredSchema:
    """Return a version if it has the wire format of the schema; else raise.

    It may differ in docs and attributes, as some registries ignore them.
    """
    name = f"subject {found.subject} version {found.version}"
    if not same_wire_format(schema, resolve_references(registry, found.schema, name)):
        raise RegistryError(
            "the registry returned another schema than the requested one",
            hint="check proxies and caches between here and the registry",
            subject=found.subject,
            id=found.id,
        )
    return found


def _find_equivalent(
    registry: SchemaRegistry,
    subject: str,
    schema: Schema,
    accept_wire_equivalent: bool,
    tolerant: bool,
) -> RegisteredSchema | None:
    similar: RegisteredSchema | None = None
    for version, other in _latest_versions(registry, subject):
        if (tolerant or not other.tolerated) and same_schema(other, schema):
            return version
        if accept_wire_equivalent and similar is None and same_wire_format(other, schema):
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
            continue  # an unreadable schema is not the one of this program
        yield version, complete


_JAVA: Final = "avro.java."
"""Prefix of attributes that Avro Java adds for its classes."""


def same_schema(one: Schema, other: Schema) -> bool:
    """Return True if two schemas are equal, apart from attributes of Avro Java."""
    return one == other or (
        same_wire_format(one, other) and same_json(_without_java(one), _without_java(other))
    )


def same_wire_format(one: Schema, other: Schema) -> bool:
    """Return True if two schemas encode each value to the same bytes, and decode the same values.

    Docs, defaults, aliases and custom attributes do not matter. Canonical forms are not sufficient,
    as they have no logical types: a date and a number of days have the same.
    """
    if one.canonical_form != other.canonical_form:
        return False
    return list(_logical_types(one)) == list(_logical_types(other))


def _without_java(schema: Schema) -> model.Json:
    def without_java(members: dict[str, model.Json]) -> model.Json:
        kept = {key: value for key, value in members.items() if not key.startswith(_JAVA)}
        # A primitive type without attributes is written as its name.
        return kept["type"] if kept.keys() == {"type"} else kept

    return map_objects(self_contained_json(schema.type, schema.types), without_java)


def _logical_types(schema: Schema) -> Iterator[model.LogicalType | None]:
    """Yield the logical types of a schema, in the order of the canonical form; None for none."""
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
