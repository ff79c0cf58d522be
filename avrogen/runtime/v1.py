"""Version 1 of what generated code imports. Names are added here, never changed or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.codec.classes import AvroEnum, AvroFixed, AvroRecord
from avrogen.codec.codec import Codec
from avrogen.codec.schema import Schema
from avrogen.runtime.exports import lazy_exports

if TYPE_CHECKING:
    from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos

__all__ = [
    "AvroEnum",
    "AvroFixed",
    "AvroRecord",
    "Codec",
    "Duration",
    "LocalTimestampNanos",
    "Schema",
    "TimestampNanos",
    "lazy_exports",
]

_VALUES = frozenset({"Duration", "LocalTimestampNanos", "TimestampNanos"})


def __getattr__(name: str) -> object:
    # Few packages use these; the others need not wait for ``datetime``.
    if name not in _VALUES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from avrogen.codec import values

    value: object = getattr(values, name)
    globals()[name] = value
    return value
