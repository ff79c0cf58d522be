"""Asking a registry once for what never changes, and seldom for what is not there.

A dictionary that forgets: what was not used for longest, and what has expired.
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

__all__ = ["CAPACITY", "NEGATIVE_LIFETIME", "CachingRegistry", "TtlCache"]

T = TypeVar("T")


class TtlCache(Generic[T]):
    """Values by key, for any number of threads.

    Args:
        capacity: how many there are at most.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """The value; None: there is none, or it has expired."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            value, expiry = found
            if monotonic() >= expiry:
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return value

    def put(self, key: Hashable, value: T, lifetime: float = float("inf")) -> None:
        """Keep a value for so many seconds, as long as there is room."""
        with self._lock:
            self._kept[key] = value, monotonic() + lifetime
            self._kept.move_to_end(key)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """Keep it no longer."""
        with self._lock:
            self._kept.pop(key, None)

    def __len__(self) -> int:
        return len(self._kept)


CAPACITY: Final = 1_000
"""Schemas that are kept in either direction: by id or version, and by subject and text."""

NEGATIVE_LIFETIME: Final = 30.0
"""Seconds for which what is not there, or refused, is not asked for again.

Without it every message of a topic that should not be there costs a request.
"""


class _Outcome(Generic[T]):
    """What came of a question: an answer, or an error."""

    def __init__(self, answer: list[T], error: RegistryError | None = None) -> None:
        self._answer = answer
        self._error = error

    @property
    def is_final(self) -> bool:
        """Whether it will stay so: what is not there may come."""
        return self._error is None and self._answer != [None]

    def get(self) -> T:
        """The answer. The error is a new one for everybody, as each gets a traceback of its own."""
        if self._error is not None:
            raise copy(self._error)
        return self._answer[0]


_Memory: TypeAlias = TtlCache[_Outcome[Any]]


class CachingRegistry:
    """A registry that is asked once, however many threads ask and however often.

    What an id, a GUID or the number of a version stands for never changes, nor does the id of
    a schema under a subject; these are kept. So are, for a while, the answers that there is no such
    thing, and errors that trying again does not help. The latest version, lists, levels and
    verdicts do change, and are not kept.

    Args:
        registry: the registry that is asked.
        capacity: how many schemas are kept in either direction.
        negative_lifetime: seconds for which absences and errors are kept.
    """

    def __init__(
        self,
        registry: SchemaRegistry,
        *,
        capacity: int = CAPACITY,
        negative_lifetime: float = NEGATIVE_LIFETIME,
    ) -> None:
        self._registry = registry
        self._negative_lifetime = negative_lifetime
        self._schemas = _Memory(capacity)
        self._registered = _Memory(capacity)
        self._failures = _Memory(capacity)
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

    def _once(self, memory: _Memory, key: Hashable, ask: Callable[[], T]) -> T:
        outcome: _Outcome[T] | None = memory.get(key) or self._failures.get(key)
        if outcome is None:
            outcome = self._flights.call(key, lambda: self._outcome(memory, key, ask))
        return outcome.get()

    def _outcome(self, memory: _Memory, key: Hashable, ask: Callable[[], T]) -> _Outcome[T]:
        # Another flight may have come to its end since the memory was looked at.
        known: _Outcome[T] | None = memory.get(key) or self._failures.get(key)
        if known is not None:
            return known
        try:
            outcome = _Outcome([ask()])
        except RegistryError as error:
            if error.transient:
                raise
            outcome = _Outcome[T]([], error=copy(error))
        if outcome.is_final:
            memory.put(key, outcome)
        else:
            self._failures.put(key, outcome, self._negative_lifetime)
        return outcome
