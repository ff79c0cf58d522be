"""Test kit: in-process Kafka and schema registry, handler tests, assertions and test data.

    embedded_kafka  in-process Kafka and registry with typed clients
    broker          in-process Kafka cluster
    registry        in-process schema registry
    handlers        tests of handlers without broker and registry
    messages        messages and dead letters of a topic, decoded
    assertions      compatibility and round trips
    golden          golden files of encoded bytes
    strategies      hypothesis strategies
    pytest_plugin   fixtures

Example objects are in :mod:`avrogen.examples`. Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.exports import lazy_exports

if TYPE_CHECKING:
    from avrogen.examples.factory import Factory, example, example_value
    from avrogen.testing.assertions import assert_compatible, assert_round_trip
    from avrogen.testing.embedded_kafka import EmbeddedKafka
    from avrogen.testing.golden import Golden, assert_golden
    from avrogen.testing.handlers.driver import AsyncHandlerDriver, HandlerDriver, handling
    from avrogen.testing.handlers.incoming_messages import (
        Incoming,
        IncomingBytes,
        IncomingUnknown,
    )
    from avrogen.testing.handlers.outcome import Outcome, Retried
    from avrogen.testing.messages import DeadLetter
    from avrogen.testing.strategies.encodings import arbitrary_bytes_for
    from avrogen.testing.strategies.evolved_schemas import Evolution, evolved
    from avrogen.testing.strategies.generated_classes import from_schema, from_type
    from avrogen.testing.strategies.schemas import arbitrary_schema
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AsyncHandlerDriver": "avrogen.testing.handlers.driver",
            "DeadLetter": "avrogen.testing.messages",
            "EmbeddedKafka": "avrogen.testing.embedded_kafka",
            "Evolution": "avrogen.testing.strategies.evolved_schemas",
            "Factory": "avrogen.examples.factory",
            "Golden": "avrogen.testing.golden",
            "HandlerDriver": "avrogen.testing.handlers.driver",
            "Incoming": "avrogen.testing.handlers.incoming_messages",
            "IncomingBytes": "avrogen.testing.handlers.incoming_messages",
            "IncomingUnknown": "avrogen.testing.handlers.incoming_messages",
            "Outcome": "avrogen.testing.handlers.outcome",
            "Retried": "avrogen.testing.handlers.outcome",
            "arbitrary_bytes_for": "avrogen.testing.strategies.encodings",
            "arbitrary_schema": "avrogen.testing.strategies.schemas",
            "assert_compatible": "avrogen.testing.assertions",
            "assert_golden": "avrogen.testing.golden",
            "assert_round_trip": "avrogen.testing.assertions",
            "evolved": "avrogen.testing.strategies.evolved_schemas",
            "example": "avrogen.examples.factory",
            "example_value": "avrogen.examples.factory",
            "from_schema": "avrogen.testing.strategies.generated_classes",
            "from_type": "avrogen.testing.strategies.generated_classes",
            "handling": "avrogen.testing.handlers.driver",
        },
    )

__all__ = [
    "AsyncHandlerDriver",
    "DeadLetter",
    "EmbeddedKafka",
    "Evolution",
    "Factory",
    "Golden",
    "HandlerDriver",
    "Incoming",
    "IncomingBytes",
    "IncomingUnknown",
    "Outcome",
    "Retried",
    "arbitrary_bytes_for",
    "arbitrary_schema",
    "assert_compatible",
    "assert_golden",
    "assert_round_trip",
    "evolved",
    "example",
    "example_value",
    "from_schema",
    "from_type",
    "handling",
]
