"""Values of logical types without a type in Python, with their texts in ISO 8601."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any, ClassVar, Final, Self, overload
from uuid import UUID

__all__ = [
    "OWN_TYPES",
    "Duration",
    "LocalTimestampNanos",
    "TimestampNanos",
    "datetime_with_nanos",
    "duration",
    "is_immutable",
    "read_datetime",
    "read_duration",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of time in three units that do not convert into each other.

    A month has no fixed number of days, and a day not always 24 hours, so durations compare for
    equality only (specification, "Duration").

    Attributes:
        months: 0 to 2**32 - 1, as the other two.
        days: days.
        milliseconds: milliseconds.

    Raises:
        TypeError: a part is no int.
        ValueError: a part is out of range.
    """

    months: int = 0
    days: int = 0
    milliseconds: int = 0

    def __post_init__(self) -> None:
        for name in ("months", "days", "milliseconds"):
            part: object = getattr(self, name)
            if not isinstance(part, int) or isinstance(part, bool):
                raise TypeError(f"{name} must be an int, not {type(part).__name__}")
            if not 0 <= part < 2**32:
                raise ValueError(f"{name} must be between 0 and 2**32 - 1")

    @classmethod
    def from_timedelta(cls, value: timedelta) -> Self:
        """Convert a timedelta to days and milliseconds, rounded down.

        Raises:
            ValueError: the timedelta is negative.
        """
        return cls(0, value.days, value.seconds * 1000 + value.microseconds // 1000)

    def to_timedelta(self) -> timedelta:
        """Convert to a timedelta.

        Raises:
            ValueError: it has months, which have no fixed length.
            OverflowError: it is longer than the longest timedelta.
        """
        if self.months:
            raise ValueError("a duration with months has no fixed length")
        return timedelta(days=self.days, milliseconds=self.milliseconds)

    @classmethod
    def fromisoformat(cls, text: str) -> Self:
        """Parse ISO 8601, such as ``P1M2DT3.004S``.

        A year is 12 months, a week 7 days, an hour 3,600,000 milliseconds.

        Raises:
            ValueError: the text is invalid, finer than milliseconds, or out of range.
        """
        return cls(*read_duration(text))

    def isoformat(self) -> str:
        """Format as ISO 8601: ``P1M2DT3.004S`` is a month, two days and 3,004 milliseconds."""
        return duration(self.months, self.days, self.milliseconds)

    __str__ = isoformat

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return the schema that the class has in pydantic, which asks for it."""
        from avrogen.codec.json_encoding.pydantic_text import text_schema

        return text_schema(cls, "duration")


class _Nanos(int):
    """Nanoseconds since an epoch.

    ``datetime`` is limited to microseconds, so this is an int. Arithmetic with ints is that of
    ints, in nanoseconds, and gives ints; so does the difference of two values. A timedelta can be
    added and subtracted, which gives a value of the same type.
    """

    __slots__ = ()

    _json_format: ClassVar[str]
    """Format of its strings in JSON Schema."""

    @property
    def nanosecond(self) -> int:
        """Nanoseconds within the microsecond, 0 to 999."""
        return self % 1000

    def isoformat(self) -> str:
        """Format as ISO 8601 with nine decimal places."""
        raise NotImplementedError

    @overload  # type: ignore[override]  # mypy fears what timedelta does with ints: nothing
    def __add__(self, other: timedelta, /) -> Self: ...

    @overload
    def __add__(self, other: int, /) -> int: ...

    def __add__(self, other: int | timedelta, /) -> int:
        if isinstance(other, timedelta):
            return type(self)(int(self) + _nanos(other))
        return int.__add__(self, other)

    @overload  # type: ignore[override]  # mypy fears what timedelta does with ints: nothing
    def __sub__(self, other: timedelta, /) -> Self: ...

    @overload
    def __sub__(self, other: int, /) -> int: ...

    def __sub__(self, other: int | timedelta, /) -> int:
        if isinstance(other, timedelta):
            return type(self)(int(self) - _nanos(other))
        return int.__sub__(self, other)

    def __str__(self) -> str:
        """Format as :meth:`isoformat`; as a number, if the year is not between 1 and 9999."""
        try:
            return self.isoformat()
        except OverflowError:
            return int.__repr__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return the schema that the class has in pydantic, which asks for it."""
        from avrogen.codec.json_encoding.pydantic_text import text_schema

        return text_schema(cls, cls._json_format)


class TimestampNanos(_Nanos):
    """An instant: nanoseconds since 1970-01-01T00:00:00 UTC, negative before.

    ``str`` is ISO 8601, and ``int`` the number that is on the wire.
    """

    __slots__ = ()

    _json_format = "date-time"

    @classmethod
    def now(cls) -> Self:
        """Return the current time, as exactly as the system's clock has it."""
        return cls(time.time_ns())

    @classmethod
    def from_datetime(cls, value: datetime, nanosecond: int = 0) -> Self:
        """Return the instant of an aware datetime, plus ``nanosecond`` (0 to 999) nanoseconds.

        Raises:
            ValueError: the datetime is naive, or ``nanosecond`` is out of range.
        """
        if value.utcoffset() is None:
            raise ValueError("expected an aware datetime, got a naive one: give it a time zone")
        return cls(_count(value - _EPOCH, nanosecond))

    @classmethod
    def fromisoformat(cls, text: str) -> Self:
        """Parse ISO 8601 with up to nine decimal places: ``2024-05-17T12:30:15.123456789Z``.

        Raises:
            ValueError: the text is invalid, or has no ``Z`` or offset from UTC.
        """
        return cls.from_datetime(*read_datetime(text))

    def to_datetime(self) -> datetime:
        """Return the aware datetime in UTC, rounded down to microseconds.

        The nanoseconds within that microsecond are :attr:`nanosecond`.

        Raises:
            OverflowError: the year is not between 1 and 9999. Schemas cannot cause that: 64 bits
                reach from 1677 to 2262.
        """
        return _EPOCH + timedelta(microseconds=self // 1000)

    def isoformat(self) -> str:
        """Format as ISO 8601 in UTC: ``2024-05-17T12:30:15.123456789+00:00``.

        Raises:
            OverflowError: as :meth:`to_datetime`.
        """
        return datetime_with_nanos(self.to_datetime(), self.nanosecond)


class LocalTimestampNanos(_Nanos):
    """A date and time without a time zone: nanoseconds since 1970-01-01T00:00:00 local time.

    ``str`` is ISO 8601, and ``int`` the number that is on the wire.
    """

    __slots__ = ()

    _json_format = "local-date-time"

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """Return the current local time in a time zone; None: the system's."""
        instant = time.time_ns()
        shown = datetime.fromtimestamp(instant // 10**9, tz).replace(tzinfo=None)
        return cls(_count(shown - _LOCAL_EPOCH, 0) + instant % 10**9)

    @classmethod
    def from_datetime(cls, value: datetime, nanosecond: int = 0) -> Self:
        """Return the time of a naive datetime, plus ``nanosecond`` (0 to 999) nanoseconds.

        Raises:
            ValueError: the datetime is aware, or ``nanosecond`` is out of range.
        """
        if value.tzinfo is not None:
            raise ValueError("expected a naive datetime, got an aware one: drop its time zone")
        return cls(_count(value - _LOCAL_EPOCH, nanosecond))

    @classmethod
    def fromisoformat(cls, text: str) -> Self:
        """Parse ISO 8601 with up to nine decimal places: ``2024-05-17T12:30:15.123456789``.

        Raises:
            ValueError: the text is invalid, or has a ``Z`` or offset from UTC.
        """
        return cls.from_datetime(*read_datetime(text))

    def to_datetime(self) -> datetime:
        """Return the naive datetime, rounded down to microseconds.

        The nanoseconds within that microsecond are :attr:`nanosecond`.

        Raises:
            OverflowError: the year is not between 1 and 9999. Schemas cannot cause that: 64 bits
                reach from 1677 to 2262.
        """
        return _LOCAL_EPOCH + timedelta(microseconds=self // 1000)

    def isoformat(self) -> str:
        """Format as ISO 8601 with nine decimal places: ``2024-05-17T12:30:15.123456789``.

        Raises:
            OverflowError: as :meth:`to_datetime`.
        """
        return datetime_with_nanos(self.to_datetime(), self.nanosecond)


OWN_TYPES: Final = (Duration, TimestampNanos, LocalTimestampNanos)
"""The types of this module for values of logical types."""


def _count(since_epoch: timedelta, nanosecond: int) -> int:
    if not 0 <= nanosecond < 1000:
        raise ValueError("nanosecond must be between 0 and 999")
    return _nanos(since_epoch) + nanosecond


def _nanos(delta: timedelta) -> int:
    return delta // _MICROSECOND * 1000


_DATETIME: Final = re.compile(r"([^.,]+)(?:[.,]([0-9]{1,9}))?(Z|[+-][0-9:]{2,8})?", re.ASCII)
_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,3}))?S)?)?",
    re.ASCII,
)
_MOST_DIGITS: Final = 20


def datetime_with_nanos(value: datetime, nanosecond: int) -> str:
    """Format a datetime plus nanoseconds, with nine decimal places."""
    text = value.replace(tzinfo=None).isoformat(timespec="microseconds")
    return f"{text}{nanosecond:03}{'' if value.tzinfo is None else '+00:00'}"


def read_datetime(text: str) -> tuple[datetime, int]:
    """Parse a datetime with or without time zone, and the nanoseconds within its microsecond.

    Raises:
        ValueError: the text is not a date and time, or has more than nine decimal places.
    """
    # Hyphens of the date come before the fraction, so the offset is searched after it.
    whole, point, rest = text.replace(",", ".").partition(".")
    match = _DATETIME.fullmatch(f"0.{rest}" if point else "0")
    if match is None or "T" not in whole.upper().replace(" ", "T"):
        raise ValueError(f"not an ISO 8601 date and time: {text[:50]!r}")
    digits = (match[2] or "").ljust(9, "0")
    value = datetime.fromisoformat(whole + (match[3] or ""))
    return value.replace(microsecond=int(digits[:6])), int(digits[6:])


def duration(months: int, days: int, milliseconds: int) -> str:
    """Format a duration, with the units that are not 0."""
    text = f"{months}M" if months else ""
    text += f"{days}D" if days else ""
    if milliseconds or not text:
        seconds, rest = divmod(milliseconds, 1000)
        text += f"T{seconds}.{rest:03}S" if rest else f"T{seconds}S"
    return f"P{text}"


def read_duration(text: str) -> tuple[int, int, int]:
    """Parse a duration to months, days and milliseconds.

    Raises:
        ValueError: the text is not a duration, or has more than three decimal places.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text[-1] in "PT" or len(text) > 8 * _MOST_DIGITS:
        raise ValueError(f"not an ISO 8601 duration in whole milliseconds: {text[:50]!r}")
    *numbers, fraction = match.groups()
    years, months, weeks, days, hours, minutes, seconds = (int(n or 0) for n in numbers)
    milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000
    return years * 12 + months, weeks * 7 + days, milliseconds + int((fraction or "").ljust(3, "0"))


# --- sharing --------------------------------------------------------------------------------------

_IMMUTABLE: Final = (
    *(type(None), bool, int, float, str, bytes),
    *(date, time_of_day, Decimal, UUID),
)
"""Classes of values that may be shared; those of types of one's own may change."""


def is_immutable(value: Any) -> bool:
    """Return whether a value may be a part of several records."""
    if isinstance(value, tuple):
        return all(map(is_immutable, value))  # pyright: ignore[reportUnknownArgumentType]
    is_own = isinstance(value, Duration) or hasattr(value, "__avro_schema__")
    if is_own and is_dataclass(value):
        return all(is_immutable(getattr(value, field.name)) for field in fields(value))
    return isinstance(value, _IMMUTABLE)
