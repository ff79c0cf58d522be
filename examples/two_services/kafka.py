"""Kafka and a schema registry for a terminal, without Docker: prints where they are.

    python -m examples.two_services.kafka

They have the topics of the example and forget everything when they end (Ctrl-C).
"""

from __future__ import annotations

from contextlib import suppress
from threading import Event

from avrogen.testing import EmbeddedKafka
from generated_example.topics import ORDERS


def main() -> None:
    """Run both until Ctrl-C."""
    with EmbeddedKafka() as kafka, suppress(KeyboardInterrupt):
        kafka.create(ORDERS, partitions=3)
        print(f"export KAFKA_BROKERS={kafka.broker.bootstrap_servers}")
        print(f"export SCHEMA_REGISTRY_URL={kafka.registry.url}", flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
