"""Registry client for programs: HTTP with retries and a cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from avrogen.kafka.registry.caching import CAPACITY, CachingRegistry
from avrogen.kafka.registry.client import ConfluentRegistry
from avrogen.kafka.registry.retrying import Retries, RetryingRegistry

if TYPE_CHECKING:
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["connect"]


def connect(config: Mapping[str, Any], *, retries: Retries | None = None) -> SchemaRegistry:
    """Return a client of a registry with Confluent's REST API. It connects on the first call.

    Args:
        config: configuration of confluent-kafka's SchemaRegistryClient. ``timeout``,
            ``max.retries``, ``retries.wait.ms``, ``retries.max.wait.ms`` and ``cache.capacity``
            mean the same here; see ``docs/registry.md`` for the defaults.
        retries: retries of transient errors, in place of the configuration's.

    Raises:
        MissingExtraError: the extra ``kafka`` is not installed.
        RegistryError: the configuration is invalid.
    """
    client = ConfluentRegistry(config)
    return CachingRegistry(
        RetryingRegistry(client, retries or Retries.configured(config)),
        capacity=int(config.get("cache.capacity", CAPACITY)),
    )
