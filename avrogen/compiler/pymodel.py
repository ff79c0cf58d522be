"""The generated package as values, in Python's words.

Lowering makes these of Avro's model, rendering makes text of them. Every text from a schema that
is left in here is data (docs, symbols, schema text); names are validated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import AttributeName, ClassName, MemberName, ModuleName

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
    """A public package: an Avro namespace, or what lies around one.

    Attributes:
        path: package names from the generated package inwards; empty for that package itself.
        avro_name: the namespace in Avro.
    """

    path: tuple[ModuleName, ...]
    avro_name: str
    exports: tuple[Export, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A whole generated package."""

    namespaces: tuple[Namespace, ...]
    modules: tuple[Module, ...]
