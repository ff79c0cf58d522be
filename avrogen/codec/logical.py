"""Logical types: the Python values that they give to values of their base types.

A plan has a logical type as :class:`~avrogen.codec.plan.LogicalOperation`: the operation of the
base type, which is what is on the wire, and a *kind* from here. The interpreter, unions, sizes and
schema resolution ask the kind; the Python backend has faster code for most kinds, and calls
``to_base`` and ``from_base`` for the others. A new logical type is a class here and a case in
:func:`logical_kind`.

Conversions themselves, which are exact or raise, are in :mod:`avrogen.codec.conversions`.

Longer than 500 lines because each kind answers the same questions, and they are read side by side.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, assert_never
from uuid import UUID

from avrogen.avro import model
from avrogen.avro.logical_types import big_decimal_parts
from avrogen.avro.model import TimeUnit
from avrogen.codec import conversions
from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos
from avrogen.codec.varints import encode_long, fits
from avrogen.message_text import exception_text, printable

__all__ = [
    "BigDecimalKind",
    "DateKind",
    "DecimalKind",
    "DurationKind",
    "LogicalKind",
    "MappedKind",
    "NanosKind",
    "TimeKind",
    "TimestampKind",
    "UuidKind",
    "logical_kind",
]

_DURATION: Final = struct.Struct("<3I")


def logical_kind(logical: model.LogicalType, size: int | None) -> LogicalKind:
    """Return the kind of a logical type.

    Args:
        logical: the logical type.
        size: bytes of the fixed that it is put on; None: it is put on a primitive type.
    """
    match logical:
        case model.Decimal(precision, scale):
            return DecimalKind(precision, scale, size)
        case model.BigDecimal():
            return BigDecimalKind()
        case model.Uuid():
            return UuidKind(binary=size is not None)
        case model.Date():
            return DateKind()
        case model.TimeOfDay(unit):
            return TimeKind(unit)
        case model.Timestamp(TimeUnit.NANOS):
            return NanosKind(local=False)
        case model.LocalTimestamp(TimeUnit.NANOS):
            return NanosKind(local=True)
        case model.Timestamp(unit):
            return TimestampKind(unit, local=False)
        case model.LocalTimestamp(unit):
            return TimestampKind(unit, local=True)
        case model.DurationType():
            return DurationKind()
        case _:
            assert_never(logical)


class LogicalKind(ABC):
    """A logical type as the codec sees it. Subclasses are frozen dataclasses.

    It writes values of ``python_type``. If that is a subclass of ``int``, it may write other ints.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def python_type(self) -> type[Any]:
        """Type of the values that are read."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Name of its values in messages: "aware datetime"."""

    @property
    def minimum_size(self) -> int:
        """Fewest bytes that a value takes, if they are more than the base type says."""
        return 0

    @property
    def plain(self) -> LogicalKind:
        """The kind without options; itself, if there are none."""
        return self

    @abstractmethod
    def to_base(self, value: Any) -> Any:
        """Convert a value of any type to the base type, which checks its own range.

        Raises:
            ValueError: it has no such value. The message says what was expected.
        """

    @abstractmethod
    def from_base(self, raw: Any) -> Any:
        """Convert a value of the base type.

        Raises:
            ValueError: Python has no such value; the message says why.
        """

    def loss(self, value: Any) -> int | None:
        """Tell how exactly a value is written: 0 as it is, 1 rounded, None not at all.

        Unions compare their branches by it.
        """
        try:
            self.to_base(value)
        except ValueError:
            return None
        return 0

    def reading(self, written: model.LogicalType) -> LogicalKind:
        """Return the kind that reads what a writer's logical type wrote, as values of this one.

        Where both count the same thing in other units, the value stays what it was. The
        specification has a rule for decimals only (they do not match).
        """
        return self


# --- numbers and bytes ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecimalKind(LogicalKind):
    """Big-endian two's complement of ``value * 10**scale``, as bytes. ``decimal.Decimal``.

    What is read may have more digits than ``precision``; it is written with at most those.

    Attributes:
        size: bytes of the fixed that it fills; None: as few as hold the value.
        written_scale: scale of the data, if it is not ``scale``. The value is the same with
            ``scale`` decimal places; if those do not hold it, it cannot be read.
    """

    precision: int
    scale: int
    size: int | None
    written_scale: int | None = None

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    @property
    def label(self) -> str:
        return f"Decimal({self.precision}, {self.scale})"

    def to_base(self, value: Any) -> bytes:
        _require(value, Decimal, "a Decimal")
        number = conversions.unscaled(value, self.precision, self.scale)
        if self.size is None:
            return conversions.minimal_bytes(number)
        try:
            return number.to_bytes(self.size, "big", signed=True)
        except OverflowError:
            raise ValueError(f"expected a Decimal that fits {self.size} bytes") from None

    def from_base(self, raw: bytes) -> Decimal:
        number = int.from_bytes(raw, "big", signed=True)
        if self.written_scale is None:
            return conversions.decimal_from_unscaled(number, self.scale)
        return conversions.rescaled(number, self.written_scale, self.scale)

    def reading(self, written: model.LogicalType) -> LogicalKind:
        if isinstance(written, model.Decimal) and written.scale != self.scale:
            return replace(self, written_scale=written.scale)
        return BigDecimalKind(self.scale) if isinstance(written, model.BigDecimal) else self


@dataclass(frozen=True, slots=True)
class BigDecimalKind(LogicalKind):
    """The number of decimal places of each value, behind its unscaled value. ``decimal.Decimal``.

    Attributes:
        scale: decimal places that values have to fit, for a reader with a scale; None: any.
    """

    scale: int | None = None

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    @property
    def label(self) -> str:
        return "Decimal"

    @property
    def minimum_size(self) -> int:
        return 3

    def to_base(self, value: Any) -> bytes:
        _require(value, Decimal, "a Decimal")
        number, scale = conversions.unscaled_and_scale(value)
        content = conversions.minimal_bytes(number)
        return encode_long(len(content)) + content + encode_long(scale)

    def from_base(self, raw: bytes) -> Decimal:
        number, scale = big_decimal_parts(raw)
        if self.scale is None:
            return conversions.decimal_from_unscaled(number, scale)
        return conversions.rescaled(number, scale, self.scale)

    def reading(self, written: model.LogicalType) -> LogicalKind:
        if isinstance(written, model.Decimal):
            return DecimalKind(written.precision, written.scale, None)
        return self


@dataclass(frozen=True, slots=True)
class UuidKind(LogicalKind):
    """36 characters as a string, or 16 bytes (``binary``). ``uuid.UUID``.

    Strings are read in other spellings as well: see :func:`avrogen.avro.logical_types.uuid_digits`.
    """

    binary: bool

    @property
    def python_type(self) -> type[UUID]:
        return UUID

    @property
    def label(self) -> str:
        return "UUID"

    @property
    def minimum_size(self) -> int:
        return 16 if self.binary else 33

    def to_base(self, value: Any) -> bytes | str:
        _require(value, UUID, "a UUID")
        # What it is, not what a subclass says.
        return value.bytes if self.binary else UUID.__str__(value)

    def from_base(self, raw: Any) -> UUID:
        return UUID(bytes=raw) if self.binary else conversions.uuid_from_text(raw)

    def loss(self, value: Any) -> int | None:
        return 0 if isinstance(value, UUID) else None


@dataclass(frozen=True, slots=True)
class DurationKind(LogicalKind):
    """Months, days, milliseconds: unsigned, 32 bits each, little-endian. ``Duration``."""

    @property
    def python_type(self) -> type[Duration]:
        return Duration

    @property
    def label(self) -> str:
        return "Duration"

    def to_base(self, value: Any) -> bytes:
        _require(value, Duration, "a Duration")
        return _DURATION.pack(value.months, value.days, value.milliseconds)

    def from_base(self, raw: bytes) -> Duration:
        return Duration(*_DURATION.unpack(raw))

    def loss(self, value: Any) -> int | None:
        return 0 if isinstance(value, Duration) else None


# --- dates and times ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DateKind(LogicalKind):
    """Days since 1970-01-01. ``datetime.date``, and no ``datetime``."""

    @property
    def python_type(self) -> type[date]:
        return date

    @property
    def label(self) -> str:
        return "date"

    def to_base(self, value: Any) -> int:
        if isinstance(value, datetime):
            raise ValueError("expected a date without time")
        _require(value, date, "a date")
        return int(value.toordinal() - conversions.EPOCH_ORDINAL)

    def from_base(self, raw: int) -> date:
        return conversions.date_from_days(raw)

    def loss(self, value: Any) -> int | None:
        return 0 if isinstance(value, date) and not isinstance(value, datetime) else None


@dataclass(frozen=True, slots=True)
class TimeKind(LogicalKind):
    """Units since midnight. A ``datetime.time`` without time zone.

    What is finer than the unit is dropped when writing.

    Attributes:
        unit: what the data count.
        own: what the schema of the values counts, if that is another unit.
    """

    unit: TimeUnit
    own: TimeUnit | None = None

    @property
    def python_type(self) -> type[time]:
        return time

    @property
    def label(self) -> str:
        return "time without time zone"

    def to_base(self, value: Any) -> int:
        _require(value, time, "a time")
        return conversions.time_to_units(value, self.unit)

    def from_base(self, raw: int) -> time:
        return conversions.time_from_units(raw, self.unit)

    def loss(self, value: Any) -> int | None:
        if not isinstance(value, time) or value.tzinfo is not None:
            return None
        return _lost(value.microsecond, self.unit)

    def reading(self, written: model.LogicalType) -> LogicalKind:
        if not isinstance(written, model.TimeOfDay) or written.unit is self.unit:
            return self
        return TimeKind(written.unit, self.unit)


@dataclass(frozen=True, slots=True)
class TimestampKind(LogicalKind):
    """Units since 1970. ``datetime.datetime``.

    What is finer than the unit is dropped when writing, and what is finer than microseconds when
    reading: the result is never later.

    Attributes:
        unit: milliseconds or microseconds; only what is read may be in nanoseconds.
        local: naive and counted from 1970 wherever that is; otherwise aware, in UTC.
        own: what the schema of the values counts, if that is another unit than the data's.
    """

    unit: TimeUnit
    local: bool
    own: TimeUnit | None = None

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    @property
    def label(self) -> str:
        return "naive datetime" if self.local else "aware datetime"

    def to_base(self, value: Any) -> int:
        _require(value, datetime, "a datetime")
        return conversions.timestamp_to_units(value, self.unit, local=self.local)

    def from_base(self, raw: int) -> datetime:
        return conversions.timestamp_from_units(raw, self.unit, local=self.local)

    def loss(self, value: Any) -> int | None:
        if not isinstance(value, datetime) or (value.utcoffset() is None) is not self.local:
            return None
        return _lost(value.microsecond, self.unit)

    def reading(self, written: model.LogicalType) -> LogicalKind:
        unit = _timestamp_unit(written, local=self.local)
        if unit is None or unit is self.unit:
            return self
        return replace(self, unit=unit, own=self.unit)


@dataclass(frozen=True, slots=True)
class NanosKind(LogicalKind):
    """Nanoseconds since 1970. ``LocalTimestampNanos`` if ``local``, else ``TimestampNanos``.

    Any int of 64 bits is written, but for the other of the two types.

    Attributes:
        unit: what the data count; the value counts nanoseconds.
    """

    local: bool
    unit: TimeUnit = TimeUnit.NANOS

    @property
    def python_type(self) -> type[TimestampNanos | LocalTimestampNanos]:
        return LocalTimestampNanos if self.local else TimestampNanos

    @property
    def label(self) -> str:
        return self.python_type.__name__

    def to_base(self, value: Any) -> Any:
        if isinstance(value, TimestampNanos if self.local else LocalTimestampNanos):
            raise ValueError(f"expected {self.label}")
        return value

    def from_base(self, raw: int) -> TimestampNanos | LocalTimestampNanos:
        return self.python_type(conversions.nanos_from_units(raw, self.unit))

    def loss(self, value: Any) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        if isinstance(value, TimestampNanos if self.local else LocalTimestampNanos):
            return None
        return 0 if fits(value, 64) else None

    def reading(self, written: model.LogicalType) -> LogicalKind:
        unit = _timestamp_unit(written, local=self.local)
        return self if unit is None else replace(self, unit=unit)


# --- types of one's own ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MappedKind(LogicalKind):
    """A type of the user's own, converted from values of the base and back by functions.

    Attributes:
        class_: class of the values; ``object``: what stands for them is no class.
        name: name of the type in messages.
        forward: converts a value of the base.
        backward: converts to a value of the base; None: values are values of the base already.
    """

    class_: type[Any]
    name: str
    forward: Callable[[Any], Any]
    backward: Callable[[Any], Any] | None

    @property
    def python_type(self) -> type[Any]:
        return self.class_

    @property
    def label(self) -> str:
        return self.name

    def to_base(self, value: Any) -> Any:
        if not isinstance(value, self.class_):
            raise ValueError(f"expected {self.name}")
        if self.backward is None:
            return value
        return self._converted(self.backward, value, "from")

    def from_base(self, raw: Any) -> Any:
        return self._converted(self.forward, raw, "to")

    def _converted(self, convert: Callable[[Any], Any], value: Any, direction: str) -> Any:
        try:
            return convert(value)
        except (RecursionError, MemoryError):
            raise
        except Exception as error:
            text = exception_text(error)
            reason = f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__
            reason = printable(reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}...")
            raise ValueError(f"the conversion {direction} {self.name} raised {reason}") from error


_LONGEST: Final = 200
"""Characters of the text of an exception that conversions raise."""


def _require(value: object, type_: type[object], expected: str) -> None:
    if not isinstance(value, type_):
        raise ValueError(f"expected {expected}")


def _lost(microsecond: int, unit: TimeUnit) -> int:
    """Return 1 if a unit cannot express the microsecond."""
    return 1 if microsecond * conversions.PER_SECOND[unit] % 1_000_000 else 0


def _timestamp_unit(written: model.LogicalType, *, local: bool) -> TimeUnit | None:
    """Return the unit of a timestamp that is local or not; None for any other logical type."""
    match written:
        case model.LocalTimestamp(unit) if local:
            return unit
        case model.Timestamp(unit) if not local:
            return unit
        case _:
            return None
