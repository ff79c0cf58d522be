"""Registry for asyncio: the calls of SchemaRegistry, awaited."""

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
    """Calls a registry in threads, so that the loop never blocks.

    Retries, cache and checks are those of the given registry. Calls are rare and their results are
    cached, so a thread for each is cheap. Tasks with the same call at the same time share one.

    Every method raises the same errors as in :class:`SchemaRegistry`.
    """

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._flights: AsyncSingleFlight[Any] = AsyncSingleFlight()

    async def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        key = "lookup", subject, schema
        return await self._call(key, lambda: self._registry.lookup(subject, schema))

    async def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        key = "register", subject, schema
        return await self._call(key, lambda: self._registry.register(subject, schema))

    async def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return await self._call(("id", id), lambda: self._registry.by_id(id))

    async def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return await self._call(("guid", guid), lambda: self._registry.by_guid(guid))

    async def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        key = "version", subject, version
        return await self._call(key, lambda: self._registry.version(subject, version))

    async def versions(self, subject: str) -> Sequence[int]:
        """See :class:`SchemaRegistry`."""
        key = "versions", subject
        return await self._call(key, lambda: self._registry.versions(subject))

    async def subjects(self) -> Sequence[str]:
        """See :class:`SchemaRegistry`."""
        return await self._call("subjects", self._registry.subjects)

    async def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        key = "compatibility", subject, schema
        return await self._call(key, lambda: self._registry.compatibility(subject, schema))

    async def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        return await self._call(("level", subject), lambda: self._registry.level(subject))

    async def close(self) -> None:
        """See :class:`SchemaRegistry`."""
        await self._call("close", self._registry.close)

    async def _call(self, key: Hashable, call: Callable[[], T]) -> T:
        return cast("T", await self._flights.call(key, call))
