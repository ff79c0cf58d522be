"""For the tests of those who use avrogen: what they would otherwise have to run, in the process.

:mod:`avrogen.testing.broker` is a Kafka cluster, :mod:`avrogen.testing.registry` a schema registry.
:class:`EmbeddedKafka` is both, with typed clients. :func:`handling` tests handlers without either,
and the assertions are about schemas and bytes. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.runtime.exports import lazy_exports

if TYPE_CHECKING:
    from avrogen.testing.assertions.compatible import assert_compatible
    from avrogen.testing.assertions.golden import Golden, assert_golden
    from avrogen.testing.assertions.round_trip import assert_round_trip
    from avrogen.testing.dead_letter import DeadLetter
    from avrogen.testing.embedded_kafka import EmbeddedKafka
    from avrogen.testing.handlers.driver import AsyncHandlerDriver, HandlerDriver, handling
    from avrogen.testing.handlers.incoming import Incoming, IncomingBytes
    from avrogen.testing.handlers.outcome import Outcome, Retried
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AsyncHandlerDriver": "avrogen.testing.handlers.driver",
            "DeadLetter": "avrogen.testing.dead_letter",
            "EmbeddedKafka": "avrogen.testing.embedded_kafka",
            "Golden": "avrogen.testing.assertions.golden",
            "HandlerDriver": "avrogen.testing.handlers.driver",
            "Incoming": "avrogen.testing.handlers.incoming",
            "IncomingBytes": "avrogen.testing.handlers.incoming",
            "Outcome": "avrogen.testing.handlers.outcome",
            "Retried": "avrogen.testing.handlers.outcome",
            "assert_compatible": "avrogen.testing.assertions.compatible",
            "assert_golden": "avrogen.testing.assertions.golden",
            "assert_round_trip": "avrogen.testing.assertions.round_trip",
            "handling": "avrogen.testing.handlers.driver",
        },
    )

__all__ = [
    "AsyncHandlerDriver",
    "DeadLetter",
    "EmbeddedKafka",
    "Golden",
    "HandlerDriver",
    "Incoming",
    "IncomingBytes",
    "Outcome",
    "Retried",
    "assert_compatible",
    "assert_golden",
    "assert_round_trip",
    "handling",
]
