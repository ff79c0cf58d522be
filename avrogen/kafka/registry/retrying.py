"""Retries of transient registry errors: :class:`Retries`, :class:`RetryingRegistry`.

A missing id, GUID or numbered version is retried as well. A message or schema refers to it, so
somebody has registered it: nearly always a follower of the registry lags, or a part of it is down.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from random import random
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from avrogen.errors import RegistryError
from avrogen.kafka.registry.caching import CAPACITY, TtlCache
from avrogen.kafka.registry.deadline import remaining, time_limit_of

if TYPE_CHECKING:
    from avrogen.avro.compat.levels import Level
    from avrogen.kafka.registry.protocol import (
        Compatibility,
        RegisteredSchema,
        SchemaRegistry,
        SchemaText,
        Version,
    )

__all__ = ["COMMAND_RETRIES", "GIVEN_UP_LIFETIME", "Retries", "RetryingRegistry"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Retry policy of a registry: exponential backoff with full jitter.

    The backoff before the n-th retry is random between 0 and ``wait`` times 2 to the n-1, with
    ``max_wait`` as the upper limit, so that processes that failed together do not retry together.
    A ``Retry-After`` of the registry is added. Retries after a missing id have less jitter, so that
    they last for a known time: three quarters of all maximum backoffs at least.

    Attributes:
        attempts: calls in all, the first included (as in :class:`avrogen.RetryPolicy`); 1 means no
            retries, and so does 0.
        wait: maximum seconds before the first retry; doubled for each further one.
        max_wait: maximum seconds before any retry.
        deadline: seconds after the first call in which retries may begin.

    Raises:
        ValueError: ``attempts`` is negative.
    """

    attempts: int = 7
    wait: float = 0.1
    max_wait: float = 5.0
    deadline: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 0:
            raise ValueError(f"attempts must not be negative, got {self.attempts}")

    @classmethod
    def configured(cls, config: Mapping[str, Any]) -> Retries:
        """Read ``max.retries`` and ``retries.*.ms`` of confluent-kafka, with the defaults here.

        ``max.retries`` counts the calls after the first; ``attempts`` is one more.

        Raises:
            RegistryError: ``max.retries`` is negative.
        """
        default = cls()
        retries = int(config.get("max.retries", default.attempts - 1))
        if retries < 0:
            raise RegistryError(f"max.retries must be at least 0, got {retries}")
        return cls(
            attempts=retries + 1,
            wait=config.get("retries.wait.ms", default.wait * 1000) / 1000,
            max_wait=config.get("retries.max.wait.ms", default.max_wait * 1000) / 1000,
        )

    def pause(self, attempt: int, error: RegistryError) -> float:
        """Return the seconds to wait after a failed call.

        Args:
            attempt: number of calls so far, from 1 up.
            error: error of the last call.
        """
        longest = min(self.max_wait, self.wait * 2.0 ** min(attempt - 1, 60))
        share = 0.75 + random() / 4 if _is_missing(error) else random()
        return share * longest + (error.retry_after or 0.0)


GIVEN_UP_LIFETIME: Final = 300.0
"""Seconds for which an id that was missing to the end of all retries is asked for only once."""


COMMAND_RETRIES: Final = Retries(attempts=4, deadline=15)
"""Retries of commands, whose user waits for them."""


class RetryingRegistry:
    """Registry whose calls are repeated after transient errors.

    All calls are idempotent, registrations included: an existing version stays as it is. A missing
    id, GUID or numbered version is asked for again as well. If it is still missing after the last
    attempt, further calls with it have no such retries for :data:`GIVEN_UP_LIFETIME` seconds.
    """

    def __init__(self, registry: SchemaRegistry, retries: Retries | None = None) -> None:
        self._registry = registry
        self._retries = retries or Retries()
        inner = time_limit_of(registry)
        within = self._retries.deadline if self._retries.attempts > 1 else 0.0
        self.time_limit = None if inner is None else inner + within
        """Seconds for one call with its retries; None if one attempt has no limit."""
        self._missing: TtlCache[bool] = TtlCache(CAPACITY)

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        return self._with_retries(lambda: self._registry.lookup(subject, schema))

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        return self._with_retries(lambda: self._registry.register(subject, schema))

    def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._present(("id", id), lambda: self._registry.by_id(id))

    def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._present(("guid", guid), lambda: self._registry.by_guid(guid))

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        if not isinstance(version, int):
            return self._with_retries(lambda: self._registry.version(subject, version))

        def present() -> RegisteredSchema:
            found = self._registry.version(subject, version)
            if found is None:
                raise _AbsentVersion("the version does not exist", subject=subject, status=404)
            return found

        try:
            return self._present(("version", subject, version), present)
        except _AbsentVersion:
            return None

    def versions(self, subject: str) -> Sequence[int]:
        """See :class:`SchemaRegistry`."""
        return self._with_retries(lambda: self._registry.versions(subject))

    def subjects(self) -> Sequence[str]:
        """See :class:`SchemaRegistry`."""
        return self._with_retries(self._registry.subjects)

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        return self._with_retries(lambda: self._registry.compatibility(subject, schema))

    def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        return self._with_retries(lambda: self._registry.level(subject))

    def close(self) -> None:
        """See :class:`SchemaRegistry`."""
        self._registry.close()

    def _present(self, key: Hashable, call: Callable[[], T]) -> T:
        """Return the result of a call for a schema that should be there."""
        try:
            found = self._with_retries(call, await_missing=self._missing.get(key) is None)
        except RegistryError as error:
            if _is_missing(error):
                self._missing.put(key, True, GIVEN_UP_LIFETIME)
            raise
        self._missing.forget(key)
        return found

    def _with_retries(self, call: Callable[[], T], *, await_missing: bool = False) -> T:
        deadline = monotonic() + self._retries.deadline
        attempt = 1
        while True:
            try:
                return call()
            except RegistryError as error:
                pause = self._retries.pause(attempt, error)
                last = attempt >= self._retries.attempts or monotonic() + pause > deadline
                left = remaining()
                may_pass = error.transient or (await_missing and _is_missing(error))
                if not may_pass or last or (left is not None and pause > left):
                    raise
            sleep(pause)
            attempt += 1


class _AbsentVersion(RegistryError):
    """A numbered version does not exist; callers of the registry get None for it."""


def _is_missing(error: RegistryError) -> bool:
    """Return True if the registry reports that what was asked for by its number does not exist."""
    if isinstance(error, _AbsentVersion):
        return True
    return error.status == 404 and error.id is not None and not error.transient
