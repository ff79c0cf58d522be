"""Clients of a schema registry (Confluent's REST API).

protocol            SchemaRegistry: the calls, as a protocol; the values that they return
client              ConfluentRegistry: each call is one HTTP request; parses responses
rest                sends requests; request: requests, responses, errors of HTTP statuses
retrying            RetryingRegistry, Retries: retries of transient errors
caching             CachingRegistry, TtlCache: responses that are kept
connect             connect(): the client with retries and cache
async_registry      AsyncRegistry: the same calls for asyncio
schema_references   a schema with the types that it refers to; split into subjects
registration        lookup and registration of schemas under their subjects
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.exports import lazy_exports

if TYPE_CHECKING:
    from avrogen.kafka.registry.connect import connect
    from avrogen.kafka.registry.protocol import SchemaRegistry
else:
    # Programs that are given a registry need no HTTP client.
    __getattr__, __dir__ = lazy_exports(
        __name__, {"SchemaRegistry": ".protocol", "connect": ".connect"}
    )

__all__ = ["SchemaRegistry", "connect"]
