"""What typed code asks of a schema registry: :class:`SchemaRegistry`.

The questions are those of Confluent's Schema Registry, whose REST API other registries speak as
well (``docs.confluent.io/platform/current/schema-registry/develop/api.html``). Whatever answers
them is a registry: an HTTP client, layers around it that cache and try again, a fake in a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from avrogen.avro.compat.levels import Level

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
"""Stands for the number of the latest version."""

Version: TypeAlias = int | Literal["latest"]
"""Which version of a subject: its number, counted from 1, or :data:`LATEST`."""


@dataclass(frozen=True, slots=True)
class SchemaReference:
    """Where a schema finds a type that it uses and does not define.

    Attributes:
        name: the full name of the type.
        subject: the subject that the type's schema is registered under.
        version: which version of it.
    """

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class SchemaText:
    """An Avro schema as it is sent to a registry and kept there.

    Attributes:
        text: its JSON. Registries compare texts: other text is another schema for some of them.
        references: where the types are that it uses and does not define.
    """

    text: str
    references: tuple[SchemaReference, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """A version of a subject.

    Attributes:
        subject: what it is registered under.
        version: its number there, counted from 1.
        id: what messages name it by. Equal schemas of several subjects share it.
        schema: the schema.
        guid: its id in every registry; None where the registry gives none (Confluent's do from
            version 8).
    """

    subject: str
    version: int
    id: int
    schema: SchemaText
    guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Compatibility:
    """What a registry says about registering a schema.

    Attributes:
        compatible: whether the subject's level allows it.
        messages: the registry's reasons why not, in its own words; registries may give none.
    """

    compatible: bool
    messages: tuple[str, ...] = ()


class SchemaRegistry(Protocol):
    """A schema registry, asked by threads that can wait.

    Implementations may be used from several threads at once. What is not there is an answer
    (``None``, or nothing in a sequence), except where something refers to it by id: a message, or
    a schema by a reference. All else that keeps one from answering is a RegistryError: it says
    what to do, and whether it is worth to try again.

    Schemas are Avro schemas: others are refused with a RegistryError.
    """

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """The version of a subject that is this schema; None: there is none, or no such subject.

        Raises:
            RegistryError: the registry did not answer, or not with what was asked for.
        """
        ...

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """Make a schema a version of a subject. One that is there already stays as it is.

        Raises:
            RegistryError: the registry refuses it, such as for its compatibility level (409), did
                not answer, or not with what was asked for.
        """
        ...

    def by_id(self, id: int) -> SchemaText:
        """The schema that messages name by an id.

        Raises:
            RegistryError: there is no such id, or as above.
        """
        ...

    def by_guid(self, guid: UUID) -> SchemaText:
        """The schema that messages name by a GUID.

        Raises:
            RegistryError: there is no such GUID, the registry has none at all, or as above.
        """
        ...

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """A version of a subject; None: there is none, or no such subject.

        A version that is asked for by its number may have been deleted ("soft delete"): schemas
        that messages were written with refer to it still.

        Raises:
            RegistryError: as above.
        """
        ...

    def versions(self, subject: str) -> Sequence[int]:
        """Numbers of all versions of a subject, ascending; none: there is no such subject.

        Raises:
            RegistryError: as above.
        """
        ...

    def subjects(self) -> Sequence[str]:
        """Names of all subjects, sorted.

        Raises:
            RegistryError: as above.
        """
        ...

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """Whether a schema could become the next version of a subject, by the subject's level.

        A subject that does not exist takes any.

        Raises:
            RegistryError: as above.
        """
        ...

    def level(self, subject: str | None = None) -> Level:
        """The compatibility level that holds for a subject, or for subjects that have no own.

        Raises:
            RegistryError: as above.
        """
        ...

    def close(self) -> None:
        """Give back connections. Nothing can be asked afterwards."""
        ...
