"""The generated package as values, in Python's words.

Lowering makes these of Avro's model, rendering makes text of them. Every text from a schema that
is left in here is data (docs, symbols, schema text); names are validated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import (
    AttributeName,
    ClassName,
    MemberName,
    ModuleName,
    TopicNames,
)

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
]


@dataclass(frozen=True, slots=True)
class EmbeddedSchema:
    """A schema as generated code carries it.

    Attributes:
        text: JSON in ASCII over several lines: one type, other named types by full name.
        owners: where those other types carry theirs.
    """

    text: str
    owners: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A dataclass field. ``default`` is the right-hand side, where there is one."""

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


Definition: TypeAlias = RecordClass | EnumClass | FixedClass | AliasDefinition


@dataclass(frozen=True, slots=True)
class Module:
    """A private module: one type, or types that need each other.

    Attributes:
        package: names of the packages around it, from the generated package inwards.
        name: its own name.
        sources: paths of the schema files it comes from, relative to the schema folder.
        postponed: whether annotations name classes that are defined further down.
    """

    package: tuple[ModuleName, ...]
    name: ModuleName
    sources: tuple[str, ...]
    definitions: tuple[Definition, ...]
    postponed: bool


@dataclass(frozen=True, slots=True, order=True)
class Export:
    """A public name of a namespace, and the private module it is loaded from.

    ``module`` is relative to the generated package: ``.com.acme._card``.
    """

    name: str
    module: str


@dataclass(frozen=True, slots=True)
class Namespace:
    """A public package: an Avro namespace, what lies around one, or the topics.

    Attributes:
        path: package names from the generated package inwards; empty for that package itself.
        doc: what it is.
    """

    path: tuple[ModuleName, ...]
    doc: str
    exports: tuple[Export, ...]


@dataclass(frozen=True, slots=True)
class TopicModule:
    """A private module that declares a topic and the classes of its clients.

    Attributes:
        package: as of :class:`Module`.
        name: its own name.
        source: the configuration file it comes from, without folders.
        names: what it defines.
        topic: the topic's name in Kafka.
        key: the Python type of keys.
        value: the Python type of values.
        key_type: a primitive type, or what carries the schema of keys; None if there are none.
        value_types: what carries the schemas of values.
        key_field: the Avro field that keys are taken from.
        subject_strategy: the name of the strategy.
        dead_letter: the topic for messages that cannot be handled.
        tombstones: whether there are messages without a value.
        sent: what a producer sends, in the lines of a docstring.
        received: what a consumer receives, likewise.
    """

    package: tuple[ModuleName, ...]
    name: ModuleName
    source: str
    names: TopicNames
    topic: str
    key: Expression
    value: Expression
    key_type: str | Symbol | None
    value_types: tuple[Symbol, ...]
    key_field: str | None
    subject_strategy: str
    dead_letter: str | None
    tombstones: bool
    sent: tuple[str, ...]
    received: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A whole generated package."""

    namespaces: tuple[Namespace, ...]
    modules: tuple[Module, ...]
    topics: tuple[TopicModule, ...]
