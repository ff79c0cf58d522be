"""Trying again what may work the next time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import random
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from avrogen.errors import RegistryError

if TYPE_CHECKING:
    from avrogen.avro.compat.levels import Level
    from avrogen.kafka.registry.protocol import (
        Compatibility,
        RegisteredSchema,
        SchemaRegistry,
        SchemaText,
        Version,
    )

__all__ = ["Retries", "RetryingRegistry"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often, and how long.

    Before the n-th retry is a random time between nothing and ``wait`` times 2 to the n-1, but no
    more than ``max_wait`` ("full jitter": processes that failed together do not come back
    together). If the registry says how long it wants to be left alone, that is waited for as well.

    Attributes:
        attempts: retries after the first try.
        wait: seconds.
        max_wait: seconds.
        deadline: seconds after which nothing is tried any more. What is under way by then has the
            time that a single request has.
    """

    attempts: int = 6
    wait: float = 0.1
    max_wait: float = 5.0
    deadline: float = 30.0

    @classmethod
    def configured(cls, config: Mapping[str, Any]) -> Retries:
        """What ``max.retries`` and ``retries.*.ms`` of confluent-kafka say, else the defaults."""
        default = cls()
        return cls(
            attempts=int(config.get("max.retries", default.attempts)),
            wait=config.get("retries.wait.ms", default.wait * 1000) / 1000,
            max_wait=config.get("retries.max.wait.ms", default.max_wait * 1000) / 1000,
        )

    def pause(self, attempt: int, error: RegistryError) -> float:
        """Seconds to wait before the ``attempt``-th retry, counted from 0."""
        longest = min(self.max_wait, self.wait * 2.0 ** min(attempt, 60))
        return random() * longest + (error.retry_after or 0.0)


class RetryingRegistry:
    """A registry that is asked again when it failed for a reason that may pass.

    Every question can be asked twice, registrations too: what is there already stays as it is.
    """

    def __init__(self, registry: SchemaRegistry, retries: Retries | None = None) -> None:
        self._registry = registry
        self._retries = retries or Retries()

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.lookup(subject, schema))

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.register(subject, schema))

    def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.by_id(id))

    def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.by_guid(guid))

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.version(subject, version))

    def versions(self, subject: str) -> Sequence[int]:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.versions(subject))

    def subjects(self) -> Sequence[str]:
        """See :class:`SchemaRegistry`."""
        return self._persist(self._registry.subjects)

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.compatibility(subject, schema))

    def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        return self._persist(lambda: self._registry.level(subject))

    def close(self) -> None:
        """See :class:`SchemaRegistry`."""
        self._registry.close()

    def _persist(self, ask: Callable[[], T]) -> T:
        deadline = monotonic() + self._retries.deadline
        attempt = 0
        while True:
            try:
                return ask()
            except RegistryError as error:
                pause = self._retries.pause(attempt, error)
                last = attempt == self._retries.attempts or monotonic() + pause > deadline
                if not error.transient or last:
                    raise
            sleep(pause)
            attempt += 1
