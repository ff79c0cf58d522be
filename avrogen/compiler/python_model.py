"""Python model of the generated package: modules, classes, fields and topics as values.

Lowering derives it from Avro's model, and rendering turns it into text. Text of schemas is data
here (docs, symbols, schema text); names are validated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import AttributeName, ClassName, MemberName, ModuleName, TopicNames
from avrogen.config.config import TopicConfig

__all__ = [
    "AliasDefinition",
    "Definition",
    "EmbeddedSchema",
    "EnumClass",
    "Export",
    "FieldDefinition",
    "FixedClass",
    "MemberDefinition",
    "Module",
    "Namespace",
    "Package",
    "RecordClass",
    "TopicModule",
    "TypeEntries",
]


@dataclass(frozen=True, slots=True)
class EmbeddedSchema:
    """A schema embedded in generated code.

    Attributes:
        text: JSON in ASCII over several lines: one type, other named types by full name.
        owners: classes and codecs with the schemas of those other types.
        fingerprints: fingerprints of the types of other packages among them.
        times: options for dates and times; None: there are none.
    """

    text: str
    owners: tuple[Symbol, ...]
    fingerprints: Mapping[Symbol, str]
    times: Expression | None = None


TypeEntries: TypeAlias = Mapping[str, tuple[Expression, ...]]
"""Entries of the ``TypeMapping`` of a class or codec by selector: a literal, or what is called and
the arguments. Most have none."""


def _no_types() -> TypeEntries:
    return {}


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A dataclass field. ``default`` is its right-hand side, if any."""

    name: AttributeName
    annotation: Expression
    default: Expression | None
    doc: str | None


@dataclass(frozen=True, slots=True)
class RecordClass:
    """A frozen dataclass for a record; its fields are in the order of the Avro fields."""

    name: ClassName
    doc: str
    fields: tuple[FieldDefinition, ...]
    schema: EmbeddedSchema
    types: TypeEntries = field(default_factory=_no_types)


@dataclass(frozen=True, slots=True)
class MemberDefinition:
    """An enum member, whose value is the symbol."""

    name: MemberName
    symbol: str


@dataclass(frozen=True, slots=True)
class EnumClass:
    """A string enum for an enum."""

    name: ClassName
    doc: str
    members: tuple[MemberDefinition, ...]
    schema: EmbeddedSchema


@dataclass(frozen=True, slots=True)
class FixedClass:
    """A subclass of bytes for a fixed."""

    name: ClassName
    doc: str
    schema: EmbeddedSchema


@dataclass(frozen=True, slots=True)
class AliasDefinition:
    """A type alias with a codec beside it, for a type that has no class of its own."""

    name: ClassName
    codec: ClassName
    doc: str
    type: Expression
    schema: EmbeddedSchema
    types: TypeEntries = field(default_factory=_no_types)


Definition: TypeAlias = RecordClass | EnumClass | FixedClass | AliasDefinition


@dataclass(frozen=True, slots=True)
class Module:
    """A private module: one type, or types that need each other.

    Attributes:
        package: names of the packages around it, from the generated package inwards.
        name: name of the module.
        sources: paths of its schema files, relative to the schema folder.
        definitions: definitions in order.
        postponed: annotations name classes that are defined further down.
    """

    package: tuple[ModuleName, ...]
    name: ModuleName
    sources: tuple[str, ...]
    definitions: tuple[Definition, ...]
    postponed: bool


@dataclass(frozen=True, slots=True, order=True)
class Export:
    """A public name of a namespace.

    Attributes:
        name: the name.
        module: private module that defines it, relative to the package: ``.com.acme._card``.
    """

    name: str
    module: str


@dataclass(frozen=True, slots=True)
class Namespace:
    """A public package: an Avro namespace, a package around one, or the topics.

    Attributes:
        path: package names from the generated package inwards; empty for that package itself.
        doc: docstring.
        exports: public names.
    """

    path: tuple[ModuleName, ...]
    doc: str
    exports: tuple[Export, ...]


@dataclass(frozen=True, slots=True)
class TopicModule:
    """A private module that declares a topic and the classes of its clients.

    Attributes:
        package: names of the packages around it, from the generated package inwards.
        name: name of the module.
        names: names of its definitions.
        config: the topic's configuration.
        key: annotation of keys.
        value: annotation of values.
        key_type: primitive type, or class or codec with the schema of keys; None without keys.
        value_types: classes and codecs with the schemas of values.
        producer_doc: facts about sent messages, as lines of a docstring.
        consumer_doc: facts about received messages, as lines of a docstring.
        fingerprints: fingerprints of types of other packages, by their classes and codecs.
    """

    package: tuple[ModuleName, ...]
    name: ModuleName
    names: TopicNames
    config: TopicConfig
    key: Expression
    value: Expression
    key_type: str | Symbol | None
    value_types: tuple[Symbol, ...]
    producer_doc: tuple[str, ...]
    consumer_doc: tuple[str, ...]
    fingerprints: Mapping[Symbol, str]


@dataclass(frozen=True, slots=True)
class Package:
    """A whole generated package.

    Attributes:
        namespaces: its packages.
        modules: modules of types.
        topics: modules of topics.
        imported: definitions in other packages, by full name, as they would be generated here.
    """

    namespaces: tuple[Namespace, ...]
    modules: tuple[Module, ...]
    topics: tuple[TopicModule, ...]
    imported: Mapping[str, Definition]
