"""Types without types in them, for schemas that are made up."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = ["FIXED_KINDS", "LEAVES", "decimals"]

_PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_LOGICAL: Final = (
    ("int", "date"),
    ("int", "time-millis"),
    ("long", "time-micros"),
    ("long", "timestamp-millis"),
    ("long", "timestamp-micros"),
    ("long", "timestamp-nanos"),
    ("long", "local-timestamp-millis"),
    ("long", "local-timestamp-micros"),
    ("long", "local-timestamp-nanos"),
    ("string", "uuid"),
    ("string", "colour"),  # which nobody knows
)

LEAVES: Final[SearchStrategy[Any]] = st.sampled_from(
    [
        *_PRIMITIVES,
        *({"type": base, "logicalType": logical} for base, logical in _LOGICAL),
        {"type": "string", "avro.java.string": "String"},
    ]
)
"""Primitives, by themselves, as logical types and with custom attributes."""

FIXED_KINDS: Final[SearchStrategy[Any]] = st.sampled_from(
    [
        *({"size": size} for size in (0, 1, 2, 9, 64, 100)),
        {"size": 16, "logicalType": "uuid"},
        {"size": 12, "logicalType": "duration"},
        {"size": 4, "logicalType": "decimal", "precision": 9, "scale": 1},
        {"size": 4, "logicalType": "decimal", "precision": 1},
    ]
)
"""What distinguishes fixed types, their names apart."""


@st.composite
def decimals(draw: DrawFn) -> Any:
    """Decimals in bytes."""
    precision = draw(st.integers(1, 40))
    scale = draw(st.integers(0, precision))
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
