"""Primitive and fixed types whose values mean something else, or lose something on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.described import described_logical
from avrogen.avro.history import Direction
from avrogen.avro.places import Pair
from avrogen.avro.resolution import is_promotable
from avrogen.avro.silent.changes import SilentChange, SilentKind, silent_change

__all__ = ["changed_values"]

_Type: TypeAlias = model.Primitive | model.Fixed

_ROUNDED = frozenset({("float", "int"), ("float", "long"), ("double", "long")})
"""What is read, and what was written: 24 or 53 bits are left of 32 or 64."""


def changed_values(
    pair: Pair, reader: _Type, writer: _Type, direction: Direction
) -> Iterator[SilentChange]:
    """At most one change: what logical types mean, or else what a promotion does."""
    if not _is_readable(reader, writer):
        return
    kind = _changed_meaning(reader, writer) or _lossy_promotion(reader, writer)
    if kind is not None:
        old, new = (writer, reader) if direction is Direction.BACKWARD else (reader, writer)
        message = f"{_described(old)} became {_described(new)}"
        yield silent_change(kind, message, pair, direction)


def _is_readable(reader: _Type, writer: _Type) -> bool:
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            return is_promotable(one, other)
        case model.Fixed(size=one), model.Fixed(size=other):
            return one == other
        case _:
            return False


def _changed_meaning(reader: _Type, writer: _Type) -> SilentKind | None:
    mine, theirs = reader.logical, writer.logical
    if mine == theirs:
        return None
    match mine, theirs:
        case None, model.Uuid():
            # The text of a UUID, or its bytes, are what they were.
            return None
        case model.Decimal(), model.Decimal():
            return SilentKind.DECIMAL
        case (
            (model.TimeOfDay(), model.TimeOfDay())
            | (model.Timestamp(), model.Timestamp())
            | (model.LocalTimestamp(), model.LocalTimestamp())
        ):
            return SilentKind.TIME_UNIT
        case (model.Timestamp(), model.LocalTimestamp()) | (
            model.LocalTimestamp(),
            model.Timestamp(),
        ):
            return SilentKind.TIME_ZONE
        case _:
            return SilentKind.MEANING


def _lossy_promotion(reader: _Type, writer: _Type) -> SilentKind | None:
    match reader, writer:
        case model.Primitive("string"), model.Primitive("bytes"):
            return SilentKind.BYTES_AS_TEXT
        case model.Primitive(one), model.Primitive(other) if (one, other) in _ROUNDED:
            return SilentKind.ROUNDING
        case _:
            return None


def _described(type_: _Type) -> str:
    base = type_.name if isinstance(type_, model.Primitive) else "fixed"
    return described_logical(type_.logical) or base
