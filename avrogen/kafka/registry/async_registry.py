"""A registry for asyncio: the same questions, awaited."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from avrogen.kafka.single_flight import AsyncSingleFlight

if TYPE_CHECKING:
    from avrogen.avro.compat.levels import Level
    from avrogen.kafka.registry.protocol import (
        Compatibility,
        RegisteredSchema,
        SchemaRegistry,
        SchemaText,
        Version,
    )

__all__ = ["AsyncRegistry"]

T = TypeVar("T")


class AsyncRegistry:
    """Asks a registry in threads. The loop never waits for it.

    One implementation serves both worlds: retries, caches and checks are those of the registry
    that is asked. Its questions are few and long kept, so a thread for each is cheap, and tasks
    that ask the same at the same time share one.

    Every method raises what that of :class:`SchemaRegistry` raises.
    """

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._flights: AsyncSingleFlight[Any] = AsyncSingleFlight()

    async def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        key = "lookup", subject, schema
        return await self._ask(key, lambda: self._registry.lookup(subject, schema))

    async def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        key = "register", subject, schema
        return await self._ask(key, lambda: self._registry.register(subject, schema))

    async def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return await self._ask(("id", id), lambda: self._registry.by_id(id))

    async def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return await self._ask(("guid", guid), lambda: self._registry.by_guid(guid))

    async def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        key = "version", subject, version
        return await self._ask(key, lambda: self._registry.version(subject, version))

    async def versions(self, subject: str) -> Sequence[int]:
        """See :class:`SchemaRegistry`."""
        key = "versions", subject
        return await self._ask(key, lambda: self._registry.versions(subject))

    async def subjects(self) -> Sequence[str]:
        """See :class:`SchemaRegistry`."""
        return await self._ask("subjects", self._registry.subjects)

    async def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        key = "compatibility", subject, schema
        return await self._ask(key, lambda: self._registry.compatibility(subject, schema))

    async def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        return await self._ask(("level", subject), lambda: self._registry.level(subject))

    async def close(self) -> None:
        """See :class:`SchemaRegistry`."""
        await self._ask("close", self._registry.close)

    async def _ask(self, key: Hashable, ask: Callable[[], T]) -> T:
        return cast("T", await self._flights.call(key, ask))
