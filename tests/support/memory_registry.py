"""A registry in a dictionary, for tests of what is built upon one."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from avrogen.avro.compat.levels import Level
from avrogen.kafka.registry.protocol import Compatibility, RegisteredSchema, SchemaText, Version
from avrogen.testing.registry import memory

__all__ = ["MemoryRegistry"]


class MemoryRegistry(memory.MemoryRegistry):
    """That of the test kit, which refuses what ``verdict`` says, and counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.verdict = Compatibility(True)
        self.closed = False

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        self.asked["lookup"] += 1
        return super().lookup(subject, schema)

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        self.asked["register"] += 1
        return super().register(subject, schema)

    def by_id(self, id: int) -> SchemaText:
        self.asked["by_id"] += 1
        return super().by_id(id)

    def by_guid(self, guid: UUID) -> SchemaText:
        self.asked["by_guid"] += 1
        return super().by_guid(guid)

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        self.asked["version"] += 1
        return super().version(subject, version)

    def versions(self, subject: str) -> list[int]:
        self.asked["versions"] += 1
        return super().versions(subject)

    def subjects(self) -> list[str]:
        self.asked["subjects"] += 1
        return super().subjects()

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        self.asked["compatibility"] += 1
        return self.verdict

    def level(self, subject: str | None = None) -> Level:
        self.asked["level"] += 1
        return super().level(subject)

    def close(self) -> None:
        self.closed = True
