"""Cache of registry responses: :class:`CachingRegistry`, and the :class:`TtlCache` beneath.

Immutable responses are kept; absences and permanent errors are kept for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from copy import copy
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

from avrogen.errors import RegistryError
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.registry.deadline import time_limit_of
from avrogen.kafka.single_flight import SingleFlight

if TYPE_CHECKING:
    from avrogen.avro.compat.levels import Level
    from avrogen.kafka.registry.protocol import (
        Compatibility,
        RegisteredSchema,
        SchemaRegistry,
        SchemaText,
        Version,
    )

__all__ = ["CAPACITY", "MISSING_LIFETIME", "NEGATIVE_LIFETIME", "CachingRegistry", "TtlCache"]

T = TypeVar("T")


class TtlCache(Generic[T]):
    """Thread-safe cache with expiry, which evicts the least recently used value.

    Args:
        capacity: maximum number of values.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._renew_lock()
        renew_after_fork(self, lambda own: own._renew_lock())
        self._entries: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """Return the value of a key; None if there is none or it has expired."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            value, expiry = found
            if monotonic() >= expiry:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return value

    def put(self, key: Hashable, value: T, lifetime: float = float("inf")) -> None:
        """Store a value that expires after ``lifetime`` seconds."""
        with self._lock:
            self._entries[key] = value, monotonic() + lifetime
            self._entries.move_to_end(key)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """Remove a key."""
        with self._lock:
            self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)


CAPACITY: Final = 1_000
"""Schemas that are cached in either direction: by id or version, and by subject and text."""

NEGATIVE_LIFETIME: Final = 30.0
"""Seconds for which absences and permanent errors are cached."""

MISSING_LIFETIME: Final = 1.0
"""Seconds for which it is cached that a schema does not exist, which something refers to.

Without it, every message with an unknown schema would cost a request. It is short, as the schema is
likely to appear: see :mod:`avrogen.kafka.registry.retrying`.
"""


class _Outcome(Generic[T]):
    """Outcome of a call: a result, or an error."""

    def __init__(self, result: list[T], error: RegistryError | None = None) -> None:
        self._result = result
        self._error = error

    @property
    def is_final(self) -> bool:
        """True if the outcome cannot change. An absence can."""
        return self._error is None and self._result != [None]

    def get(self) -> T:
        """Return the result, or raise a copy of the error, with a traceback of its own."""
        if self._error is not None:
            raise copy(self._error)
        return self._result[0]

    def lifetime(self, key: tuple[Hashable, ...], longest: float) -> float:
        """Return the seconds for which a failure is cached."""
        absent = self._error is None or self._error.status == 404
        return min(longest, MISSING_LIFETIME) if absent and key[0] != "lookup" else longest


_OutcomeCache: TypeAlias = TtlCache[_Outcome[Any]]


class CachingRegistry:
    """Registry whose immutable responses are cached; concurrent calls share one request.

    The schema of an id, a GUID or a version number never changes, nor does the id of a schema under
    a subject; these are cached. Absences and permanent errors are cached for a while; that an id, a
    GUID or a version number does not exist is cached for :data:`MISSING_LIFETIME` seconds. The
    latest version, lists, levels and compatibility change, and are not cached.

    Args:
        registry: the registry to be called.
        capacity: maximum number of schemas in either direction.
        negative_lifetime: seconds for which absences and errors are cached.
    """

    def __init__(
        self,
        registry: SchemaRegistry,
        *,
        capacity: int = CAPACITY,
        negative_lifetime: float = NEGATIVE_LIFETIME,
    ) -> None:
        self.time_limit = time_limit_of(registry)
        """Seconds for one call; None if the registry states no limit."""
        self._registry = registry
        self._negative_lifetime = negative_lifetime
        self._schemas = _OutcomeCache(capacity)
        self._registered = _OutcomeCache(capacity)
        self._failures = _OutcomeCache(capacity)
        self._flights = SingleFlight[_Outcome[Any]]()
        self._registrations = SingleFlight["RegisteredSchema"]()

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        key = "lookup", subject, schema
        return self._once(self._registered, key, lambda: self._registry.lookup(subject, schema))

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        key = "lookup", subject, schema
        registered = self._registrations.call(key, lambda: self._registry.register(subject, schema))
        self._failures.forget(key)
        self._registered.put(key, _Outcome([registered]))
        return registered

    def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._once(self._schemas, ("id", id), lambda: self._registry.by_id(id))

    def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._once(self._schemas, ("guid", guid), lambda: self._registry.by_guid(guid))

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        if not isinstance(version, int):
            return self._registry.version(subject, version)
        key = "version", subject, version
        return self._once(self._schemas, key, lambda: self._registry.version(subject, version))

    def versions(self, subject: str) -> Sequence[int]:
        """See :class:`SchemaRegistry`."""
        return self._registry.versions(subject)

    def subjects(self) -> Sequence[str]:
        """See :class:`SchemaRegistry`."""
        return self._registry.subjects()

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        return self._registry.compatibility(subject, schema)

    def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        return self._registry.level(subject)

    def close(self) -> None:
        """See :class:`SchemaRegistry`."""
        self._registry.close()

    def _once(self, cache: _OutcomeCache, key: tuple[Hashable, ...], call: Callable[[], T]) -> T:
        outcome: _Outcome[T] | None = cache.get(key) or self._failures.get(key)
        if outcome is None:
            outcome = self._flights.call(key, lambda: self._outcome(cache, key, call))
        return outcome.get()

    def _outcome(
        self, cache: _OutcomeCache, key: tuple[Hashable, ...], call: Callable[[], T]
    ) -> _Outcome[T]:
        # Another flight may have ended since the cache was read.
        known: _Outcome[T] | None = cache.get(key) or self._failures.get(key)
        if known is not None:
            return known
        try:
            outcome = _Outcome([call()])
        except RegistryError as error:
            if error.transient:
                raise
            outcome = _Outcome[T]([], error=copy(error))
        if outcome.is_final:
            cache.put(key, outcome)
        else:
            self._failures.put(key, outcome, outcome.lifetime(key, self._negative_lifetime))
        return outcome
