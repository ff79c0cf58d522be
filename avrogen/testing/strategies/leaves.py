"""Strategies for leaf values over the full range of their types.

Each value is made of one choice wherever it can be, as choices are what hypothesis takes time for.
Ints are drawn from their whole range, in which hypothesis prefers the ends, small numbers and
powers of two; dates and times are drawn as the numbers that are on the wire. Bytes, collections
and texts in collections and unions are drawn short, and those of the greatest length repeated: then
their lengths take more than one byte, at no more than the cost of a short one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.avro.model import TimeUnit
from avrogen.codec import plan
from avrogen.codec.conversions import (
    EPOCH_ORDINAL,
    LOCAL_EPOCH,
    PER_SECOND,
    date_from_days,
    time_from_units,
    timestamp_from_units,
)
from avrogen.codec.limits import MAX_DECIMAL_DIGITS
from avrogen.codec.logical import (
    BigDecimalKind,
    DateKind,
    DecimalKind,
    DurationKind,
    LogicalKind,
    MappedKind,
    NanosKind,
    TimeKind,
    TimestampKind,
    UuidKind,
)
from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos

__all__ = [
    "LONG_TEXTS",
    "MOST_CHARACTERS",
    "OWN_TYPES",
    "REPEATED",
    "TEXTS",
    "leaf",
    "of_mapped_class",
]

B = TypeVar("B", str, bytes)

MOST_CHARACTERS: Final = 8
"""The greatest length of texts and bytes that is drawn."""

REPEATED: Final = 30
"""Repetitions of values of the greatest length: lengths over 63 take two bytes."""

_DAY: Final = 86_400
_BIG: Final = 40
"""Digits of big decimals, and decimal places on both sides of the point."""


def leaf(operation: plan.Operation) -> SearchStrategy[Any]:
    """Return values of a leaf operation that round-trip to equals; never NaN."""
    match operation:
        case plan.NullOperation():
            return st.none()
        case plan.BooleanOperation():
            return st.booleans()
        case plan.IntegerOperation(bits):
            return _ints(bits)
        case plan.FloatOperation(bits):
            return st.floats(width=bits, allow_nan=False)
        case plan.BytesOperation():
            return st.binary(max_size=MOST_CHARACTERS).map(_lengthened)
        case plan.StringOperation():
            return TEXTS
        case plan.FixedOperation(_, size, class_):
            return _fixed(size).map(class_)
        case plan.EnumOperation(_, _, values):
            return st.sampled_from(values)
        case plan.LogicalOperation(_, kind):
            return _logical(kind)
        case _:
            raise AssertionError(f"{type(operation).__name__} is no leaf")


def _logical(kind: LogicalKind) -> SearchStrategy[Any]:
    match kind:
        case DecimalKind(precision, scale):
            return _decimals(precision, scale)
        case BigDecimalKind():
            return st.integers(-_BIG, _BIG).flatmap(lambda scale: _decimals(_BIG, scale))
        case UuidKind():
            return st.integers(0, (1 << 128) - 1).map(lambda number: UUID(int=number))
        case DateKind():
            days = [day.toordinal() - EPOCH_ORDINAL for day in (date.min, date.max)]
            return st.integers(*days).map(date_from_days)
        case TimeKind(unit):
            units = st.integers(0, _DAY * PER_SECOND[unit] - 1)
            return units.map(lambda number: time_from_units(number, unit))
        case TimestampKind(unit, local):
            return _timestamps(unit, local=local)
        case NanosKind() | DurationKind():
            return OWN_TYPES[kind.python_type]
        case _:
            raise AssertionError(f"no strategy for {type(kind).__name__}")


def of_mapped_class(kind: MappedKind) -> SearchStrategy[Any] | None:
    """Return the strategy that hypothesis has for the class of a type of one's own, if any."""
    from avrogen.codec.type_conversions import zoned_datetime_from_text

    if kind.forward is zoned_datetime_from_text:
        minutes = st.integers(-14 * 60, 14 * 60)
        return st.datetimes(timezones=minutes.map(lambda m: timezone(timedelta(minutes=m))))
    if kind.class_ in (object, str, bytes):
        return None
    strategy = st.from_type(kind.class_)
    try:
        strategy.validate()
    except Exception:  # hypothesis cannot make values of the class, whatever it misses
        return None
    return strategy


def _ints(bits: plan.Bits) -> SearchStrategy[int]:
    return st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


_PART = st.integers(0, (1 << 32) - 1)
OWN_TYPES: Final[Mapping[type[object], SearchStrategy[Any]]] = {
    TimestampNanos: _ints(64).map(TimestampNanos),
    LocalTimestampNanos: _ints(64).map(LocalTimestampNanos),
    Duration: st.builds(Duration, _PART, _PART, _PART),
}
"""Values of the types of :data:`avrogen.codec.values.OWN_TYPES`."""


def _lengthened(value: B) -> B:
    return value * REPEATED if len(value) == MOST_CHARACTERS else value


TEXTS: Final = st.text(max_size=MOST_CHARACTERS)
LONG_TEXTS: Final = TEXTS.map(_lengthened)
"""Short ones too. They take half as much time again, which is too much for every text."""


def _fixed(size: int) -> SearchStrategy[bytes]:
    """Return bytes of a fixed size, limited to the entropy that hypothesis supports."""
    drawn = min(size, 64)
    if drawn == size:
        return st.binary(min_size=size, max_size=size)
    return st.binary(min_size=drawn, max_size=drawn).map(
        lambda part: (part * (size // drawn + 1))[:size]
    )


def _decimals(precision: int, scale: int) -> SearchStrategy[Decimal]:
    most = 10 ** min(precision, MAX_DECIMAL_DIGITS) - 1
    return st.integers(-most, most).map(
        lambda unscaled: Decimal((int(unscaled < 0), Decimal(unscaled).as_tuple().digits, -scale))
    )


def _timestamps(unit: TimeUnit, *, local: bool) -> SearchStrategy[datetime]:
    """Return timestamps from year 1 to the end of 9999, in whole units."""
    step = timedelta(microseconds=1_000_000 // PER_SECOND[unit])
    units = st.integers((datetime.min - LOCAL_EPOCH) // step, (datetime.max - LOCAL_EPOCH) // step)
    return units.map(lambda number: timestamp_from_units(number, unit, local=local))
