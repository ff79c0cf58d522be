"""A schema registry in the process, for tests.

It speaks the HTTP API of Confluent's Schema Registry as far as clients use it, starts in
milliseconds, and keeps everything in memory::

    from avrogen.testing.registry import EmbeddedRegistry

    def test_orders() -> None:
        with EmbeddedRegistry() as registry:
            client = SchemaRegistryClient({"url": registry.url})
            ...

Where it differs from Confluent's is written in ``docs/testing.md``.
"""

from __future__ import annotations

from avrogen.testing.registry.embedded_registry import EmbeddedRegistry
from avrogen.testing.registry.http_server import Request, Response

__all__ = ["EmbeddedRegistry", "Request", "Response"]
