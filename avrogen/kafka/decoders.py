"""From what a message begins with to the function that reads the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import AvrogenError, RegistryError
from avrogen.kafka.registry.caching import NEGATIVE_LIFETIME
from avrogen.kafka.registry.complete import complete_schema
from avrogen.kafka.registry.memory import Memory
from avrogen.kafka.registry.single_flight import SingleFlight
from avrogen.kafka.targets import Targets

if TYPE_CHECKING:
    from avrogen.kafka.framing import SchemaId
    from avrogen.kafka.registry.port import SchemaRegistry
    from avrogen.kafka.targets import Target

__all__ = ["MAX_DECODERS", "Decoders"]

MAX_DECODERS: Final = 1_000
"""Schemas whose decoders are kept: a topic whose producers make up schemas fills no memory."""


class Decoders:
    """Decoders by the bytes that name a schema: 5 or 17 of the message, or a header's value.

    Args:
        registry: where schemas are found.
        targets: what they are read as.
    """

    def __init__(self, registry: SchemaRegistry, targets: Sequence[Target]) -> None:
        self._registry = registry
        self._targets = Targets(targets)
        self._lock = Lock()
        self._bound: dict[bytes, Callable[..., Any]] = {}
        self._failures: Memory[AvrogenError] = Memory(MAX_DECODERS)
        self._flights: SingleFlight[Callable[..., Any]] = SingleFlight()
        self.known = self._bound.get
        """The decoder for such bytes; None: they have not come yet, or name no schema."""

    def bind(self, key: bytes, schema: SchemaId) -> Callable[..., Any]:
        """The decoder for a schema, which is fetched and compiled. This takes its time.

        Raises:
            DecodeError: it is not what should be read here.
            RegistryError: the registry does not give the schema.
        """
        return self._flights.call(key, lambda: self._bind(key, schema))

    def _bind(self, key: bytes, schema: SchemaId) -> Callable[..., Any]:
        found = self._bound.get(key)
        if found is not None:
            return found
        failure = self._failures.get(key)
        if failure is not None:
            raise copy(failure)
        try:
            decode = self._made(schema)
        except AvrogenError as error:
            if not (isinstance(error, RegistryError) and error.transient):
                self._failures.put(key, copy(error), NEGATIVE_LIFETIME)
            raise
        with self._lock:
            self._bound[key] = decode
            if len(self._bound) > MAX_DECODERS:
                del self._bound[next(iter(self._bound))]
        return decode

    def _made(self, schema: SchemaId) -> Callable[..., Any]:
        if isinstance(schema, int):
            text = self._registry.by_id(schema)
        else:
            text = self._registry.by_guid(schema)
        try:
            name = f"schema {schema}"
            writer = complete_schema(self._registry, text, name, for_reading=True)
        except RegistryError as error:
            error.id = schema
            raise
        return self._targets.decoder(writer)
