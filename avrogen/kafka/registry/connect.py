"""The registry that programs use: an HTTP client, with retries and caches around it."""

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
    """A registry that speaks Confluent's REST API. Nothing is sent yet.

    Args:
        config: the configuration of confluent-kafka's SchemaRegistryClient. ``timeout``,
            ``max.retries``, ``retries.wait.ms``, ``retries.max.wait.ms`` and ``cache.capacity``
            mean the same here; see ``docs/registry.md`` for the defaults.
        retries: how often and how long what failed is tried again, in place of what the
            configuration says.

    Raises:
        MissingExtraError: the extra ``kafka`` is not installed.
        RegistryError: the configuration is at fault.
    """
    client = ConfluentRegistry(config)
    return CachingRegistry(
        RetryingRegistry(client, retries or Retries.configured(config)),
        capacity=int(config.get("cache.capacity", CAPACITY)),
    )
