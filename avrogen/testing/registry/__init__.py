"""In-process schema registry for tests.

It speaks the HTTP API of Confluent's Schema Registry as far as clients use it, starts in
milliseconds, and keeps everything in memory::

    from avrogen.testing.registry import EmbeddedRegistry

    def test_orders() -> None:
        with EmbeddedRegistry() as registry:
            client = SchemaRegistryClient({"url": registry.url})
            ...

``docs/testing.md`` lists the differences from Confluent's.

    embedded_registry  EmbeddedRegistry: the server with fault injection
    http_server        HTTP, one thread per connection
    api                requests to responses; /schemas and /compatibility
    api_subjects       /subjects
    api_config         /config and /mode
    api_errors         error responses
    json_bodies        JSON of requests and responses
    registry_config    compatibility levels and modes
    store              registered schemas
    avro_java          schemas as Avro Java prints them
    memory             in-memory registry without HTTP
"""

from __future__ import annotations

from avrogen.testing.registry.embedded_registry import EmbeddedRegistry
from avrogen.testing.registry.http_server import Request, Response

__all__ = ["EmbeddedRegistry", "Request", "Response"]
