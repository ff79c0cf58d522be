"""In-memory registry: :class:`MemoryRegistry`."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from avrogen.avro.compat.levels import Level
from avrogen.errors import RegistryError
from avrogen.kafka.registry.protocol import Compatibility, RegisteredSchema, SchemaText, Version

__all__ = ["MemoryRegistry"]

_NAMESPACE: Final = UUID(int=0)


class MemoryRegistry:
    """A :class:`avrogen.kafka.registry.protocol.SchemaRegistry` without HTTP.

    It compares texts, and finds everything compatible. It is not safe for threads.
    """

    def __init__(self) -> None:
        self.kept: dict[str, list[RegisteredSchema]] = {}
        self.ids: dict[SchemaText, int] = {}

    @staticmethod
    def guid(schema: SchemaText) -> UUID:
        """Return the GUID of a schema's content."""
        return uuid5(_NAMESPACE, schema.text)

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        return next((v for v in self.kept.get(subject, ()) if v.schema == schema), None)

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        versions = self.kept.setdefault(subject, [])
        for version in versions:
            if version.schema == schema:
                return version
        id_ = self.ids.setdefault(schema, len(self.ids) + 1)
        version = RegisteredSchema(subject, len(versions) + 1, id_, schema, self.guid(schema))
        versions.append(version)
        return version

    def by_id(self, id: int) -> SchemaText:
        for schema, known in self.ids.items():
            if known == id:
                return schema
        raise RegistryError("there is no such schema", id=id, status=404, code=40403)

    def by_guid(self, guid: UUID) -> SchemaText:
        for schema in self.ids:
            if self.guid(schema) == guid:
                return schema
        raise RegistryError("there is no such schema", id=guid, status=404)

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        versions = self.kept.get(subject, [])
        index = len(versions) if version == "latest" else version
        return versions[index - 1] if 0 < index <= len(versions) else None

    def versions(self, subject: str) -> list[int]:
        return [version.version for version in self.kept.get(subject, ())]

    def subjects(self) -> list[str]:
        return sorted(self.kept)

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        return Compatibility(True)

    def level(self, subject: str | None = None) -> Level:
        return Level.BACKWARD

    def close(self) -> None:
        """Do nothing."""
