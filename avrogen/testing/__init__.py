"""For the tests of those who use avrogen: what they would otherwise have to run, in the process.

:mod:`avrogen.testing.broker` is a Kafka cluster, :mod:`avrogen.testing.registry` a schema registry.
:mod:`avrogen.testing.examples` has objects to test with, and :mod:`avrogen.testing.strategies`
those that hypothesis makes up. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.runtime.exports import lazy_exports

if TYPE_CHECKING:
    from avrogen.testing.examples.factory import Factory
    from avrogen.testing.examples.making import example
    from avrogen.testing.strategies.encodings import arbitrary_bytes_for
    from avrogen.testing.strategies.evolution import Evolution, evolved
    from avrogen.testing.strategies.schemas import arbitrary_schema
    from avrogen.testing.strategies.typed import from_schema, from_type
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "Evolution": "avrogen.testing.strategies.evolution",
            "Factory": "avrogen.testing.examples.factory",
            "arbitrary_bytes_for": "avrogen.testing.strategies.encodings",
            "arbitrary_schema": "avrogen.testing.strategies.schemas",
            "evolved": "avrogen.testing.strategies.evolution",
            "example": "avrogen.testing.examples.making",
            "from_schema": "avrogen.testing.strategies.typed",
            "from_type": "avrogen.testing.strategies.typed",
        },
    )

__all__ = [
    "Evolution",
    "Factory",
    "arbitrary_bytes_for",
    "arbitrary_schema",
    "evolved",
    "example",
    "from_schema",
    "from_type",
]
