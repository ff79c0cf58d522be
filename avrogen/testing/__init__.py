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
    from avrogen.testing.strategies.typed import from_schema, from_type
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "Factory": "avrogen.testing.examples.factory",
            "example": "avrogen.testing.examples.making",
            "from_schema": "avrogen.testing.strategies.typed",
            "from_type": "avrogen.testing.strategies.typed",
        },
    )

__all__ = [
    "Factory",
    "example",
    "from_schema",
    "from_type",
]
