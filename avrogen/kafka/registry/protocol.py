"""Calls of a schema registry, as a protocol: :class:`SchemaRegistry`.

The calls are those of Confluent Schema Registry, whose REST API other registries implement, too
(``docs.confluent.io/platform/current/schema-registry/develop/api.html``). Implementations are an
HTTP client, decorators that cache and retry, and a fake for tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from avrogen.avro.compat.levels import Level
    from avrogen.kafka.registry.data_contracts import DataContract

__all__ = [
    "LATEST",
    "Compatibility",
    "RegisteredSchema",
    "SchemaReference",
    "SchemaRegistry",
    "SchemaText",
    "Version",
]

LATEST: Final = "latest"
"""Number of the latest version."""

Version: TypeAlias = int | Literal["latest"]
"""Version of a subject: its number, from 1, or :data:`LATEST`."""


@dataclass(frozen=True, slots=True)
class SchemaReference:
    """Reference of a schema to a type that another version defines.

    Attributes:
        name: full name of the type.
        subject: subject of the type's schema.
        version: version of that subject.
    """

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class SchemaText:
    """An Avro schema in the form that registries store.

    Attributes:
        text: its JSON. Some registries compare texts, not schemas.
        references: references to types that it does not define.
        contract: its rules and metadata; None without any. Texts with different ones are equal:
            a lookup finds the schema whatever its rules are.
    """

    text: str
    references: tuple[SchemaReference, ...] = ()
    contract: DataContract | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """A version of a subject.

    Attributes:
        subject: name of the subject.
        version: number of the version, from 1.
        id: id in messages. Equal schemas of several subjects share it.
        schema: the schema.
        guid: id that is the same in all registries; None if the registry has none (Confluent's
            have it from version 8).
    """

    subject: str
    version: int
    id: int
    schema: SchemaText
    guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Compatibility:
    """Result of a compatibility check by a registry.

    Attributes:
        compatible: True if the level of the subject allows the schema.
        messages: reasons of the registry against it, verbatim; may be empty.
    """

    compatible: bool
    messages: tuple[str, ...] = ()


class SchemaRegistry(Protocol):
    """A schema registry with blocking calls.

    Implementations are thread-safe. A missing subject or version is a result (``None`` or an empty
    sequence). A missing id or GUID is an error, as a message refers to it. All other failures are a
    RegistryError, too; it has a hint, and ``transient`` is set if a retry may succeed.

    Schemas are Avro schemas: other types are a RegistryError.
    """

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """Return the version of a subject with this schema; None if it is not registered.

        Raises:
            RegistryError: no valid response.
        """
        ...

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """Register a schema as a version of a subject. An existing version is returned.

        A new version has the contract of the schema. Without one, Confluent's registry gives it the
        rules and metadata of the version before.

        Raises:
            RegistryError: the registry refuses it, as for its compatibility level (409), or no
                valid response.
        """
        ...

    def by_id(self, id: int) -> SchemaText:
        """Return the schema with an id.

        Raises:
            RegistryError: unknown id, or no valid response.
        """
        ...

    def by_guid(self, guid: UUID) -> SchemaText:
        """Return the schema with a GUID.

        Raises:
            RegistryError: unknown GUID, a registry without GUIDs, or no valid response.
        """
        ...

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """Return a version of a subject; None if there is no such version or subject.

        A version with a given number may be soft-deleted: schemas of messages may still refer to
        it.

        Raises:
            RegistryError: no valid response.
        """
        ...

    def versions(self, subject: str) -> Sequence[int]:
        """Return the numbers of all versions of a subject, ascending; empty if it does not exist.

        Raises:
            RegistryError: no valid response.
        """
        ...

    def subjects(self) -> Sequence[str]:
        """Return the names of all subjects, sorted.

        Raises:
            RegistryError: no valid response.
        """
        ...

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """Check a schema against a subject, by the subject's compatibility level.

        A subject that does not exist accepts any schema.

        Raises:
            RegistryError: no valid response.
        """
        ...

    def level(self, subject: str | None = None) -> Level:
        """Return the compatibility level of a subject, or the default level.

        Raises:
            RegistryError: no valid response.
        """
        ...

    def close(self) -> None:
        """Close connections. No calls are possible afterwards."""
        ...
